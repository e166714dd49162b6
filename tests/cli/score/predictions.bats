#!/usr/bin/env bats
# eae-score on prediction frames: reports against independent values, and every refusal.

load ../helpers

frames() {
    /usr/bin/python3 "$BATS_TEST_DIRNAME/frames.py" "$@"
}

columns() {
    [ "$(head -n 1 "$WORK/.stdout" | tr '\t' ' ')" = "$1" ] ||
        fail "columns: $(head -n 1 "$WORK/.stdout")"
}

# value METRIC: the last column of the first line of that metric
value() {
    awk -F '\t' -v m="$1" '{ for (i = 1; i < NF; i++) if ($i == m) { print $NF; exit } }' "$WORK/.stdout"
}

@test "a value per split equals scikit-learn's" {
    frames make
    must_pass eae-score --metrics auc,balanced,accuracy study.eae
    columns "model spec param size split metric value"
    frames compare score_splits.tsv .stdout param split metric
}

@test "the summary equals numpy's and scipy's, with permutation p-values" {
    frames make
    must_pass eae-score --summary --metrics auc,balanced,accuracy study.eae
    columns "model spec param size metric n mean sd lo hi pooled perms p"
    frames compare score_summary.tsv .stdout param metric
}

@test "perms and p are columns only where there are permutations" {
    frames make
    must_pass eae-score --summary four.eae
    columns "model spec param size metric n mean sd lo hi pooled"
}

@test "standard input, the default metrics, and the same bytes at one and four threads" {
    frames make
    eae-score --summary -t 1 <study.eae >one
    eae-score --summary -t 4 study.eae >four
    same_bytes one four
    [ "$(cut -f 5 one | sort -u | tr '\n' ' ')" = "auc balanced mcc metric " ]
    eae-score --ci bootstrap:200 -t 1 <study.eae >one
    eae-score --ci bootstrap:200 -t 4 study.eae >four
    same_bytes one four
}

@test "thresholds are reported as a metric and move the rest" {
    frames make
    must_pass eae-score --threshold tpr:0.8 --metrics accuracy study.eae
    awk -F '\t' 'BEGIN { OFS = FS; print "rule", "param", "split", "threshold", "accuracy" }
        $6 == "accuracy" { acc[$3 FS $5] = $7 }
        $6 == "threshold" { print "tpr:0.8", $3, $5, $7, acc[$3 FS $5] }' .stdout >got.tsv
    head -n 1 "$BATS_TEST_DIRNAME/../../data/expected/score_thresholds.tsv" >want.tsv
    grep '^tpr:0.8' "$BATS_TEST_DIRNAME/../../data/expected/score_thresholds.tsv" >>want.tsv
    frames compare want.tsv got.tsv rule param split
}

@test "intervals: delong equals the definition, and only auc has it" {
    frames make
    must_pass eae-score --ci delong --metrics auc,mcc study.eae
    awk -F '\t' 'BEGIN { OFS = FS; print "param", "method", "lo", "hi" }
        $5 == "auc" { print $3, "delong", $9, $10 } $5 == "mcc" && $9 != "NA" { exit 1 }' \
        .stdout >got.tsv
    grep -e method -e delong "$BATS_TEST_DIRNAME/../../data/expected/score_intervals.tsv" >want.tsv
    frames compare want.tsv got.tsv param method
}

@test "four classes, numbers and survival" {
    frames make
    must_pass eae-score --metrics auc,brier,macro-f1 four.eae
    for m in auc brier macro-f1; do
        grep "^four	$m	" "$BATS_TEST_DIRNAME/../../data/expected/metric_values.tsv" |
            awk -F '\t' -v got="$(value $m)" '{ d = $3 - got; exit !(d < 1e-10 && d > -1e-10) }' ||
            fail "$m: $(value $m)"
    done
    must_pass eae-score number.eae
    [ "$(cut -f 6 .stdout | tr '\n' ' ')" = "metric r2 mse spearman " ]
    must_pass eae-score survival.eae
    awk -F '\t' -v got="$(value cindex)" '$1 == "tied_both" {
        d = $5 - got; exit !(d < 1e-12 && d > -1e-12) }' \
        "$BATS_TEST_DIRNAME/../../data/expected/cindex.tsv"
}

@test "--by puts candidates together" {
    frames make
    must_pass eae-score --by model --metrics accuracy study.eae
    [ "$(wc -l <.stdout)" -eq 2 ]
    [ "$(cut -f 3-5 .stdout | tail -n 1)" = "NA	NA	NA" ]
    must_pass eae-score --by param --summary --metrics accuracy study.eae
    [ "$(cut -f 3 .stdout | tr '\n' ' ')" = "param 0.1 1 " ]
}

@test "curves begin with none called positive and end with all" {
    frames make
    must_pass eae-score --curve roc study.eae
    columns "model spec param size repeat class threshold fpr tpr"
    [ "$(sed -n 2p .stdout | cut -f 5,6,8,9)" = "1	case	0	0" ]
    [ "$(tail -n 1 .stdout | cut -f 3,5,7-9)" = "1	3	-Inf	1	1" ]
    must_pass eae-score --curve pr four.eae
    columns "model spec param size repeat class threshold tpr ppv"
    [ "$(cut -f 6 .stdout | sort -u | tr '\n' ' ')" = "c0 c1 c2 c3 class " ]
}

@test "frames appended are one; frames of other samples are scored each for itself" {
    frames make
    cat study.eae four.eae >both.eae
    must_pass eae-score --metrics auc both.eae
    [ "$(tail -n 1 .stdout | cut -f 1)" = logistic ]
    [ "$(wc -l <.stdout)" -eq 38 ]
}

@test "the same model under two plans is two candidates, and that is said" {
    frames make
    cat plan1.eae plan2.eae >both.eae
    must_pass eae-score --summary --metrics auc both.eae
    [ "$(wc -l <.stdout)" -eq 5 ]
    says "several plans"
    must_pass eae-score --summary --metrics auc plan1.eae
    [ -z "$stderr" ]
}

@test "json has a row per line and null for missing" {
    frames make
    must_pass eae-score --json --metrics auc study.eae
    /usr/bin/python3 -c 'import json
rows = [json.loads(line) for line in open(".stdout")]
assert len(rows) == 36
assert list(rows[0]) == "model spec param size split metric value".split()
assert rows[0]["spec"] is None and rows[0]["split"] == 1 and rows[0]["metric"] == "auc"
assert sum(r["value"] is None for r in rows) == 2'
}

@test "output appears whole, and a full disk is an error" {
    frames make
    must_pass eae-score -o out.tsv study.eae
    [ "$(wc -l <out.tsv)" -eq 109 ]
    must_fail 1 eae-score -o /dev/full study.eae
    says "/dev/full"
    must_fail 1 eae-score -o none/out.tsv study.eae
}

@test "a closed pipe ends it silently" {
    frames make
    { sleep 0.3; set +e; eae-score study.eae 2>said; echo $? >ended; } | true
    [ "$(cat ended)" -eq 141 ]
    [ ! -s said ]
}

@test "metrics outside the task, or that do not exist, are usage errors" {
    frames make
    must_fail 2 eae-score --metrics auc,mse study.eae
    says "metric mse is for regression; model svm predicts classes"
    must_fail 2 eae-score --metrics brier study.eae
    says "metric brier needs probabilities; model svm gives none"
    must_fail 2 eae-score --metrics tpr four.eae
    says "metric tpr is for two classes; there are 4"
    must_fail 2 eae-score --metrics auc number.eae
    must_fail 2 eae-score --metrics AUC study.eae
    says "no metric 'AUC'"
    must_fail 2 eae-score --metrics auc,,mcc study.eae
}

@test "options are checked" {
    frames make
    must_fail 2 eae-score --threshold youdn study.eae
    says "none of 0, youden"
    must_fail 2 eae-score --threshold youden four.eae
    says "two classes"
    must_fail 2 eae-score --threshold youden number.eae
    must_fail 2 eae-score --ci bootstrap:1 study.eae
    must_fail 2 eae-score --ci normal study.eae
    must_fail 2 eae-score --ci delong --by model study.eae
    must_fail 2 eae-score --ci delong --metrics mcc study.eae
    must_fail 2 eae-score --ci delong four.eae
    must_fail 2 eae-score --curve roc number.eae
    must_fail 2 eae-score --curve roc --summary study.eae
    must_fail 2 eae-score --predict study.eae
    says "--predict needs --model"
    must_fail 2 eae-score --label class study.eae
    says "predictions carry their labels"
    must_fail 2 eae-score --unknown
}

@test "nothing to score: the message says what was found" {
    make_matrix 6 3 labelled.tsv
    cut -f 1,3- labelled.tsv >data.tsv
    must_fail 1 eae-score data.tsv
    says "data.tsv: no prediction frame (found: data); did you mean to pipe through eae-train?"
    frames make
    must_fail 1 eae-score model.eae
    says "no prediction frame (found: model); train with a plan (eae-split)"
    must_fail 1 eae-score none.eae
    must_fail 1 eae-score </dev/null
}


@test "truncated and damaged streams" {
    frames make
    head -c 3000 study.eae >short.eae
    must_fail 1 eae-score short.eae
    must_fail 1 eae-score <short.eae
    { head -c 20000 study.eae; printf 'X'; tail -c +20002 study.eae; } >damaged.eae
    must_fail 1 eae-score damaged.eae
}

@test "a threshold rule needs other folds to choose on" {
    frames make
    eae-score -q --model model.eae --predict --label label new.tsv >once.eae
    must_fail 1 eae-score --threshold youden --metrics accuracy once.eae
    says "the only fold of its repeat"
}
