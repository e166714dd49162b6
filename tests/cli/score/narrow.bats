#!/usr/bin/env bats
# eae-score --narrow, --top, --tie, --curve size: what is kept, what is dropped and why, in which order.

load ../helpers

EXPECTED="$BATS_TEST_DIRNAME/../../data/expected"

frames() {
    /usr/bin/python3 "$BATS_TEST_DIRNAME/frames.py" "$@"
}

columns() {
    [ "$(head -n 1 "$WORK/.stdout" | tr '\t' ' ')" = "$1" ] ||
        fail "columns: $(head -n 1 "$WORK/.stdout")"
}

# what NAME...: these columns of $stdout, without the header, separated by blanks
what() {
    awk -F '\t' -v names="$*" 'BEGIN { n = split(names, name, " ") }
        NR == 1 { for (j = 1; j <= NF; j++) at[$j] = j; next }
        { for (k = 1; k <= n; k++) printf "%s%s", $at[name[k]], k < n ? " " : "\n" }' "$WORK/.stdout"
}

@test "--narrow: a line per candidate, the best first, with the reason why it was dropped" {
    frames choices
    must_pass eae-score --narrow choices.eae
    columns "model spec param size kept reason value limit like optimistic"
    [ "$(what model | wc -l)" -eq 6 ]
    says "the features of 2 of 6 candidates are not known"
    # the rules that a reader can check: the interval's lower end of those dropped for auc
    what param size reason value limit >verdicts
    eae-score --summary --metrics auc choices.eae | awk -F '\t' '$2 ~ /^covariates/ && $4 == 0 { print $9 }' >low
    [ "$(grep '^1 0 ' verdicts)" = "1 0 auc $(cat low) 0.5" ]
    # svm at 5 features: nogueira's measure is above 0.3; at 50 it is below
    grep '^1 5 NA' verdicts
    grep '^1 50 stability 0' verdicts
    must_pass eae-score --narrow compare.eae
    says "the features of 5 of 6 candidates are not known"
    [ "$(what kept reason | sort | uniq -c | awk '{ print $1, $2, $3 }' | tr '\n' ' ')" = "1 0 auc 5 1 NA " ]
}

@test "--narrow: limits after a blank or a sign, and what is not a limit" {
    frames choices
    must_pass eae-score -q --narrow auc=0,size=20 choices.eae
    cp .stdout blank
    must_pass eae-score -q --narrow=auc=0,size=20 choices.eae
    same_bytes blank .stdout
    [ "$(what reason | sort -u | tr '\n' ' ')" = "NA size " ]
    must_pass eae-score -q --narrow auc=0,size=20 <choices.eae
    same_bytes blank .stdout
    must_pass eae-score -q -t 4 --narrow auc=0,size=20 choices.eae
    same_bytes blank .stdout
    must_fail 2 eae-score --narrow auc=x choices.eae
    says "'auc=x' is not RULE=NUMBER"
    must_fail 2 eae-score --narrow auc=0.5,scores=1 choices.eae
    says "'scores' is neither a metric, nor size, stability or jaccard"
    must_fail 2 eae-score --narrow mse=1 choices.eae
    says "mse is not among the metrics"
    must_fail 2 eae-score --narrow --summary choices.eae
    must_fail 1 eae-score --narrow stability=0.5 compare.eae
    says "no features are known"
}

@test "--narrow: features like those of a better candidate, which is named" {
    make_matrix 40 30 data.tsv
    eae-split -q --kfold 4 --label label data.tsv |
        eae-train -q svm -C 0.001,0.1 --filter ttest:3 --weights all >two.eae
    must_pass eae-score --narrow auc=0,stability=-1 two.eae
    [ "$(what kept reason value limit | tr '\n' ' ')" = "1 NA NA NA 0 jaccard 1 0.9 " ]
    best=$(what param | sed -n 1p)
    [ "$(what like | sed -n 2p)" = "svm,spec=scale=fold;loss=hinge;filter=ttest:3,param=$best,size=3" ]
    must_pass eae-score --narrow auc=0,stability=-1,jaccard=1 two.eae
    [ "$(what kept | sort -u)" = 1 ]
}

@test "--top keeps the best of those that pass" {
    frames choices
    must_pass eae-score -q --narrow auc=0,size=20 --top 1 compare.eae
    [ "$(what kept reason | sort | uniq -c | awk '{ print $1, $2, $3 }' | tr '\n' ' ')" = "4 0 size 1 0 top 1 1 NA " ]
    [ "$(what size reason value limit | grep top)" = "0 top 2 1" ]
}

@test "--top: a summary of the best, marked where sizes or parameters were to choose from" {
    frames choices
    must_pass eae-score --top 2 --metrics auc,mcc compare.eae
    columns "model spec param size metric n mean sd lo hi pooled optimistic"
    [ "$(what param metric optimistic | tr '\n' ' ')" = "1 auc 1 1 mcc 1 tuned auc 1 tuned mcc 1 " ]
    what mean | sed -n 1p >best
    eae-score --summary --metrics auc compare.eae | sed 1d | cut -f 7 | sort -gr | sed -n 1p | cmp - best
    must_pass eae-score --top 99 --metrics auc compare.eae
    [ "$(what mean | wc -l)" -eq 6 ]
    what mean | sort -gr >sorted
    what mean | cmp - sorted
    must_fail 2 eae-score --top 0 compare.eae
    must_fail 2 eae-score --top 2 --by model compare.eae
    # one candidate, none of whose numbers was chosen
    make_matrix 24 5 data.tsv
    eae-split -q --kfold 3 --label label data.tsv | eae-train -q svm >one.eae
    must_pass eae-score --top 1 --metrics auc one.eae
    [ "$(what optimistic)" = 0 ]
}

@test "what was tuned inside the splits is not optimistic" {
    make_matrix 40 10 data.tsv
    eae-split -q --kfold 4 --inner 3 --label label data.tsv -o planned.eae
    { eae-train -q svm -C 0.01,1 planned.eae; eae-train -q svm -C 0.01,1 --tune auc planned.eae; } >tuned.eae
    must_pass eae-score --top 3 --metrics auc tuned.eae
    [ "$(what param optimistic | sort | tr '\n' ' ')" = "0.01 1 1 1 tuned 0 " ]
    must_pass eae-score -q --narrow tuned.eae
    [ "$(what param optimistic | sort | tr '\n' ' ')" = "0.01 1 1 1 tuned 0 " ]
}

@test "a size selected inside has the features that each split selected" {
    make_matrix 40 10 data.tsv
    eae-split -q --kfold 4 --inner 3 --label label data.tsv | eae-rfe svm -q --step 1 --select 1se -o rfe.eae
    must_pass eae-score -q --narrow auc=0,stability=-1,size=0.5 rfe.eae
    eae-view -q --kind prediction -O tsv rfe.eae | awk -F '\t' '
        NR == 1 { for (j = 1; j <= NF; j++) at[$j] = j; next }
        { gsub(/"/, "", $at["@chosen"]) }
        $at["@size"] ~ /selected/ { n++; sum += $at["@chosen"] } END { print n, sum / n }' >chosen
    [ "$(cut -d ' ' -f 1 chosen)" = 4 ]
    [ "$(what size reason value optimistic | grep selected)" = "selected size $(cut -d ' ' -f 2 chosen) 0" ]
}

@test "--tie hr: hazard ratios equal coxph's, and order those within one standard error" {
    frames choices
    must_pass eae-score --tie hr --metrics auc compare.eae
    columns "model spec param size metric n mean sd lo hi pooled hr optimistic"
    awk -F '\t' 'BEGIN { OFS = FS; print "candidate", "hr" }
        NR > 1 { print $1 ",spec=" $2 ",param=" $3 ",size=" $4, $12 }' .stdout >got.tsv
    frames compare compare_hazard.tsv got.tsv candidate
    # svm at 50 (twice) and at 5 features, and of param 0.1 are within one standard error of the best
    what hr | head -n 4 >tied
    sort -gr tied | cmp - tied
    [ "$(what param | sed -n 1p)" = 0.1 ] # and not the best, which is of param 1
    must_pass eae-score -q --narrow --tie hr compare.eae
    columns "model spec param size kept reason value limit like hr optimistic"
    frames make
    must_fail 1 eae-score --tie hr study.eae
    says "needs the annotations time and status"
    must_fail 2 eae-score --tie hr number.eae
    must_fail 2 eae-score --tie size compare.eae
    must_pass eae-score --tie hr --top 1 survival.eae
}

@test "--tie 1se: the fewest features of those within one standard error" {
    frames choices
    must_pass eae-score --tie 1se --metrics auc --top 3 compare.eae
    # one corrected standard error below the best
    eae-score --summary --metrics auc compare.eae | awk -F '\t' 'NR > 1 {
            e = $8 * sqrt(1 / 12 + 1 / 3); if ($7 > best) { best = $7; limit = $7 - e }
            mean[NR] = $7; size[NR] = $4 }
        END { least = 1e9; for (i in mean) if (mean[i] >= limit && size[i] < least) least = size[i]
              print least }' >least
    [ "$(what size | sed -n 1p)" = "$(cat least)" ]
    [ "$(cat least)" -lt 50 ] # else this shows nothing
    # and --compare takes that for the best
    must_pass eae-score -q --compare --tie 1se --metrics auc compare.eae
    [ "$(what against | sort -u)" = "svm,spec=loss=hinge,param=1,size=$(cat least)" ]
}

@test "--curve size: the summary, by increasing size" {
    frames choices
    must_pass eae-score --curve size --metrics auc,mcc compare.eae
    columns "model spec param size metric n mean sd lo hi pooled"
    [ "$(what model param metric size | tr '\n' ';')" = "svm 1 auc 5;svm 1 auc 50;svm 1 mcc 5;svm 1 mcc 50;svm 0.1 auc 50;svm 0.1 mcc 50;logistic 1 auc 0;logistic 1 auc 50;logistic 1 mcc 0;logistic 1 mcc 50;svm tuned auc 50;svm tuned mcc 50;" ]
    sed 1d .stdout | sort >curve
    eae-score --summary --metrics auc,mcc compare.eae | sed 1d | sort | cmp - curve
    must_pass eae-score --curve size --metrics auc --ci bootstrap:50 compare.eae
    must_fail 2 eae-score --curve roc --metrics auc compare.eae
    says "--curve roc has no metrics"
    must_fail 2 eae-score --curve size --by size compare.eae
    must_fail 2 eae-score --curve size --summary compare.eae
}
