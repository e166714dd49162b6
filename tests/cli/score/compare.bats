#!/usr/bin/env bats
# eae-score --compare and --baseline: against scipy, pROC and p.adjust, and who may be compared.

load ../helpers

EXPECTED="$BATS_TEST_DIRNAME/../../data/expected"
FIRST="svm,spec=loss=hinge,param=1,size=50"

frames() {
    /usr/bin/python3 "$BATS_TEST_DIRNAME/frames.py" "$@"
}

columns() {
    [ "$(head -n 1 "$WORK/.stdout" | tr '\t' ' ')" = "$1" ] ||
        fail "columns: $(head -n 1 "$WORK/.stdout")"
}

# the lines of $stdout with the name of the candidate in place of its four columns
named() {
    awk -F '\t' 'BEGIN { OFS = FS }
        NR == 1 { print "candidate", "against", "metric", "test", "n", "a", "b", "diff", "lo", "hi", "p"; next }
        { print $1 ",spec=" $2 ",param=" $3 ",size=" $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 }' "$WORK/.stdout"
}

# column NAME of $stdout, without its header
column() {
    awk -F '\t' -v name="$1" 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == name) c = j; next }
        { print $c }' "$WORK/.stdout"
}

@test "each against a named one equals scipy's t and binomial test, and pROC's DeLong" {
    frames choices
    must_pass eae-score --compare --against "$FIRST" --metrics auc,accuracy compare.eae
    columns "model spec param size against metric test n a b diff lo hi p p_holm optimistic"
    named >got.tsv
    cat "$EXPECTED"/compare_tests.tsv "$EXPECTED"/compare_delong.tsv |
        awk -F '\t' -v first="$FIRST" 'NR == 1 || $1 == first' >want.tsv
    [ "$(wc -l <want.tsv)" -eq 21 ]
    frames compare want.tsv got.tsv against candidate metric test
    [ "$(column optimistic | sort -u)" = 0 ]
}

@test "without a name the best is the reference, and is marked as chosen" {
    frames choices
    must_pass eae-score --compare --metrics auc compare.eae
    [ "$(column against | sort -u)" = "$FIRST" ]
    [ "$(column optimistic | sort -u)" = 1 ]
    [ "$(column test | sort | uniq -c | awk '{ print $1, $2 }' | tr '\n' ' ')" = "5 delong 5 t " ]
    # the best by another metric, in its direction
    must_pass eae-score -q --compare --metrics tnr compare.eae
    eae-score --summary --metrics tnr compare.eae | sort -t '	' -k 7,7gr | sed -n 1p >best
    [ "$(column against | sort -u)" = "$(awk -F '\t' '{ print $1 ",spec=" $2 ",param=" $3 ",size=" $4 }' best)" ]
}

@test "p_holm of the best counts all pairs" {
    frames choices
    must_pass eae-score -q --compare --metrics auc,accuracy compare.eae
    named >got.tsv
    { echo p_holm; column p_holm; } | paste got.tsv - | cut -f 1-4,12 >holm.tsv
    awk -F '\t' -v first="$FIRST" 'BEGIN { OFS = FS; print "candidate", "against", "metric", "test", "p_holm" }
        $1 == first { print $2, $1, $3, $4, $6 }' "$EXPECTED/compare_holm.tsv" >want.tsv
    frames compare want.tsv holm.tsv candidate against metric test
}

@test "the same bytes at one and four threads, from a file and a pipe" {
    frames choices
    eae-score -q --compare -t 1 compare.eae >one
    eae-score -q --compare -t 4 <compare.eae >four
    same_bytes one four
    [ -s one ]
}

@test "the folds of a repeat are not independent, and that is said" {
    frames choices
    must_pass eae-score --compare --metrics auc compare.eae
    says "p-values too small; the t test allows for it"
    must_pass eae-score --compare --metrics mcc,auprc compare.eae # mcnemar's test
    says "p-values too small"
    must_pass eae-score --compare --metrics auprc compare.eae
    says_not "p-values"
}

@test "references that are not there, or several" {
    frames choices
    must_fail 1 eae-score --compare --against svm,param=7 compare.eae
    says "--against: no candidate is 'svm,param=7'; there are: svm,spec=loss=hinge,param=1,size=50"
    says "and 1 more"
    must_fail 1 eae-score --compare --against svm,param=1 compare.eae
    says "fits 2 candidates: svm,spec=loss=hinge,param=1,size=50 svm,spec=loss=hinge,param=1,size=5"
    must_fail 2 eae-score --against svm compare.eae
    says "--against needs --compare"
    must_fail 2 eae-score --compare --against svm --tie hr compare.eae
    for other in --summary --narrow --baseline --stability --by=model --ci=delong --curve=size --top=2; do
        must_fail 2 eae-score --compare "$other" compare.eae
    done
}

@test "one plan is required" {
    frames make
    cat plan1.eae plan2.eae >both.eae
    must_fail 1 eae-score --compare both.eae
    says "cannot be compared: they were trained under different plans"
    must_pass eae-score -q --compare plan1.eae
    make_matrix 24 5 data.tsv
    eae-split -q --kfold 3 --label label data.tsv -o planned.eae
    eae-train -q svm planned.eae -o one.eae
    must_fail 1 eae-score --compare one.eae
    says "one candidate"
    # a split that one of them lacks
    eae-train -q logistic --shard 1/3 planned.eae | cat one.eae - >part.eae
    must_pass eae-score --compare --metrics auc part.eae
    says "1 of 2 candidates have other splits than what they are compared with"
    [ "$(column n | tr '\n' ' ')" = "1 8 " ]
    [ "$(column against | sort -u)" = "svm,spec=scale=fold;loss=hinge,param=1,size=5" ]
}

@test "--baseline: against the candidate of size 0, or the one that is named" {
    frames choices
    must_pass eae-score -q --baseline --metrics auc compare.eae
    [ "$(column against | sort -u)" = "logistic,spec=covariates=age,sex,param=1,size=0" ]
    [ "$(column test | wc -l)" -eq 10 ]
    cp .stdout found
    must_pass eae-score -q --baseline=size=0 --metrics auc compare.eae
    same_bytes found .stdout
    must_pass eae-score -q --baseline=param=0.1 --metrics auc compare.eae
    [ "$(column against | sort -u)" = "svm,spec=loss=hinge,param=0.1,size=50" ]
    frames make
    must_fail 1 eae-score --baseline study.eae
    says "no candidate of size 0"
    says "--baseline=SPEC"
}

@test "--baseline of trained models: covariates alone under the same plan" {
    make_matrix 60 8 plain.tsv
    awk -F '\t' 'BEGIN { OFS = FS } { $2 = $2 OFS (NR == 1 ? "age" : 30 + NR * 7 % 11) } 1' \
        plain.tsv >data.tsv
    cut -f 1-3 data.tsv >age.tsv
    eae-split -q --kfold 5 --repeats 2 --label label --meta age data.tsv |
        eae-train -q logistic --covariates age >full.eae
    eae-split -q --kfold 5 --repeats 2 --label label age.tsv | eae-train -q logistic >age.eae
    cat full.eae age.eae >both.eae
    must_pass eae-score -q --baseline=size=1 --metrics auc both.eae
    [ "$(column size | sort -u)" = 8 ]
    [ "$(column test | tr '\n' ' ')" = "t delong " ]
    # the feature that carries the class adds what age cannot know
    [ "$(column diff | awk '$1 > 0.1' | wc -l)" -eq 2 ]
}

@test "hold-out, leave-one-out, three classes, numbers, survival" {
    make_matrix 60 6 two.tsv
    make_matrix 60 6 three.tsv 3
    run_two() { # TASK ARGS... : two models under the plan of planned.eae
        { eae-train -q "$@" planned.eae; eae-train -q "$@" --filter "$filter:2" planned.eae; } >both.eae
    }
    filter=ttest
    eae-split -q --holdout 0.3 --label label -o planned.eae two.tsv
    run_two svm
    must_pass eae-score --compare --metrics auc both.eae
    [ -z "$stderr" ] # a single split is tested on samples that nothing was trained on
    [ "$(column test | tr '\n' ' ')" = "t delong " ]
    [ "$(column n | tr '\n' ' ')" = "1 18 " ]
    [ "$(column p | sed -n 1p)" = NA ]
    eae-split -q --loo --label label -o planned.eae two.tsv
    run_two svm
    must_pass eae-score -q --compare --metrics auc both.eae
    [ "$(column n | tr '\n' ' ')" = "0 60 " ]
    filter=anova
    eae-split -q --kfold 3 --label label -o planned.eae three.tsv
    run_two logistic
    must_pass eae-score -q --compare both.eae
    [ "$(column test | tr '\n' ' ')" = "t t t mcnemar " ]
    filter=corr
    cut -f 1,3- two.tsv >number.tsv
    eae-split -q --kfold 3 --label f1 --regression -o planned.eae number.tsv
    run_two ridge
    must_pass eae-score --compare both.eae
    [ "$(column metric | tr '\n' ' ')" = "r2 mse spearman " ]
    [ -z "$stderr" ]
    filter=cox
    awk -F '\t' 'BEGIN { OFS = FS } { $2 = NR == 1 ? "time" OFS "status" : 5 + NR % 17 OFS NR % 3 % 2 } 1' two.tsv >s.tsv
    eae-split -q --kfold 3 --time time --status status -o planned.eae s.tsv
    run_two cox
    must_pass eae-score --compare both.eae
    [ "$(column metric | tr '\n' ' ')" = "cindex " ]
}

# EAE_TEST_NOISE_SETS: as in the tests of eae-train.
@test "in noise p-values are not too small: t over folds, delong and mcnemar on a hold-out" {
    local sets=${EAE_TEST_NOISE_SETS:-60}
    train_three() {
        eae-train -q svm n.eae && eae-train -q svm --filter ttest:5 n.eae && eae-train -q logistic --filter ttest:2 n.eae
    }
    for ((i = 1; i <= sets; i++)); do
        eae-synth -q --rows 60 --cols 60 --seed "$i" -o noise.eae
        eae-split -q --kfold 5 --repeats 2 --seed "$i" noise.eae -o n.eae
        train_three >three.eae
        eae-score -q --compare --against "scale=fold;loss=hinge" --metrics auc three.eae | grep '	t	' >>named
        eae-score -q --compare --metrics auc three.eae | grep '	t	' | sed "s/^/$i	/" >>best
        eae-split -q --holdout 0.5 --seed "$i" noise.eae -o n.eae
        train_three >three.eae
        eae-score -q --compare --against "scale=fold;loss=hinge" --metrics auc,accuracy three.eae |
            grep -v '	t	' | sed 1d >>holdout
    done
    # of 2 x sets p-values, two of a set hanging together: 3 standard deviations above 5%
    rates() { # COLUMN TEST FILE
        awk -F '\t' -v c="$1" -v test="$2" '$7 == test { n++; small += $c <= 0.05; half += $c <= 0.5 }
            END { print test, n, small, half
                  exit !(n > 20 && small <= 0.05 * n + 3 * sqrt(2 * 0.05 * 0.95 * n) &&
                         half >= (test == "mcnemar" ? 0.1 : 0.3) * n) }' "$3"
    }
    run rates 14 t named
    [ "$status" -eq 0 ] || fail "$output"
    run rates 14 delong holdout
    [ "$status" -eq 0 ] || fail "$output"
    run rates 14 mcnemar holdout
    [ "$status" -eq 0 ] || fail "$output"
    # the best was chosen: the smallest of a set's corrected p-values is below 5% in 5% of the sets
    run awk -F '\t' '{ n = $1; if (!($1 in low) || $16 < low[$1]) low[$1] = $16 }
        END { for (i in low) small += low[i] <= 0.05
              print n, small; exit !(small <= 0.05 * n + 3 * sqrt(0.05 * 0.95 * n)) }' best
    [ "$status" -eq 0 ] || fail "$output"
}
