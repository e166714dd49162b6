#!/usr/bin/env bats
# Numbers: eae-train against scikit-learn, scipy, numpy and R, and against printed figures.
# The expected tables are made by tests/expected/train.py, train_options.py, train_published.py and
# golub_test.R.
load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..
EXPECTED=$ROOT/tests/data/expected
SHARE=$ROOT/share/data

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

# study.tsv and holes.tsv, the same with the missing cells of train_options.py
make_study() {
    cp "$ROOT/tests/data/train/study.tsv" study.tsv
    awk -F '\t' 'BEGIN { OFS = FS }
        NR > 1 { for (j = 0; j < NF - 6; j++) if (((NR - 2) * 7 + j * 5) % 13 == 0) $(j + 7) = "NA" }
        { print }' study.tsv >holes.tsv
}

@test "golub: values and objectives of scikit-learn" {
    needs_python
    must_pass eae-split -q --label class=AML/ALL --plan-in "$EXPECTED/train_golub_plan.tsv" \
        -o planned.eae "$SHARE/golub/golub.tsv.gz"
    must_pass /usr/bin/python3 "$ROOT/tests/expected/compare_train.py" "$EXPECTED/train_golub.tsv" \
        planned.eae
    [ "$(wc -l <.stdout)" -eq 7 ]
}

@test "diabetes: values and objectives of scikit-learn" {
    needs_python
    must_pass eae-split -q --label target --regression \
        --plan-in "$EXPECTED/train_diabetes_plan.tsv" -o planned.eae "$SHARE/diabetes/diabetes.tsv"
    must_pass /usr/bin/python3 "$ROOT/tests/expected/compare_train.py" \
        "$EXPECTED/train_diabetes.tsv" planned.eae
    [ "$(wc -l <.stdout)" -eq 4 ]
}

@test "options: values of scikit-learn, scipy and numpy" {
    needs_python
    make_study
    must_pass /usr/bin/python3 "$ROOT/tests/expected/compare_options.py" \
        "$EXPECTED/train_options.tsv" study.tsv holes.tsv "$ROOT/tests/data/train/study_plan.tsv"
    [ "$(wc -l <.stdout)" -eq 37 ]
}

@test "options: the same by passes over the data" {
    needs_python
    make_study
    grep -v 'three	logistic' "$EXPECTED/train_options.tsv" >expected.tsv
    must_pass /usr/bin/python3 "$ROOT/tests/expected/compare_options.py" expected.tsv study.tsv \
        holes.tsv "$ROOT/tests/data/train/study_plan.tsv" stream
    [ "$(wc -l <.stdout)" -eq 23 ]
}

# Contiguous folds of 88 samples; the printed figures of five linear regressions on one feature.
@test "diabetes: mean squared errors and R2 of regression on the body mass index" {
    awk 'BEGIN { OFS = "\t"; print "split", "sample", "role"
        for (k = 0; k < 5; k++) for (i = 0; i < 442; i++)
            print k + 1, sprintf("D%03d", i + 1), int(i / 88) == k ? "test" : "train" }' >plan.tsv
    must_pass eae-view -q --label target --regression --features bmi -o bmi.eae \
        "$SHARE/diabetes/diabetes.tsv"
    eae-split -q --plan-in plan.tsv bmi.eae | eae-train linear -q |
        eae-score -q --metrics mse,r2 >score.tsv
    awk -F '\t' 'NR > 1 { printf "%s %s %.2f\n", $5, $6, $7 }' score.tsv | sort >got
    printf '%s\n' '1 mse 3846.81' '1 r2 0.20' '2 mse 4021.61' '2 r2 0.38' '3 mse 3857.05' \
        '3 r2 0.39' '4 mse 3745.57' '4 r2 0.28' '5 mse 4109.72' '5 r2 0.36' >want
    diff want got
}

@test "test: tables of Welch's and limma's t on golub" {
    needs_python
    printf 'stat\tfeature\tpart\tvalue\n' >got.tsv
    for stat in welch limma; do
        eae-train test --stat $stat --label class=AML/ALL "$SHARE/golub/golub.tsv.gz" |
            eae-view -O tsv >table.tsv
        awk -F '\t' -v stat=$stat 'BEGIN { OFS = FS } NR == 1 { split($0, name); next }
            { for (j = 2; j <= NF; j++) print stat, $1, name[j], $j }' table.tsv >>got.tsv
    done
    # 1e-10 of a p-value's many digits; a mean near 0 keeps fewer
    must_pass /usr/bin/python3 "$ROOT/tests/expected/compare_columns.py" \
        "$EXPECTED/golub_test.tsv" got.tsv 1e-8
}

# published OPTIONS...: train on the published training samples of golub, apply to the others
published() {
    awk -F '\t' '$3 == "train" { print $1 }' "$SHARE/golub/samples.tsv" >train.ids
    awk -F '\t' '$3 == "test" { print $1 }' "$SHARE/golub/samples.tsv" >test.ids
    eae-view -q --label class=AML/ALL "$SHARE/golub/golub.tsv.gz" -o golub.eae
    eae-view -q --samples train.ids golub.eae | eae-train "$@" -q --tol 1e-12 -o model.eae
    eae-view -q --samples test.ids golub.eae | eae-score -q --model model.eae --predict |
        eae-view -O tsv --kind prediction |
        awk -F '\t' -v options="$*" 'BEGIN { OFS = FS } NR == 1 { split($0, name); next }
            { for (j = 1; j <= NF; j++) if (name[j] ~ /^P[0-9][0-9]$/) print options, name[j], $j }'
}

@test "golub, published split: a model applied to independent samples gives scikit-learn's values" {
    needs_python
    printf 'options\tsample\tvalue\n' >got.tsv
    {
        published svm -C 0.001
        published svm -C 0.01 --filter ttest:50
        published logistic -C 0.1 --filter ttest:50
    } >>got.tsv
    [ "$(wc -l <got.tsv)" -eq 103 ]
    must_pass /usr/bin/python3 "$ROOT/tests/expected/compare_columns.py" \
        "$EXPECTED/train_published.tsv" got.tsv 1e-4
}

@test "a final model beside a plan comes first, as split 0, and is the model without a plan" {
    eae-split -q --kfold 4 --label class=AML/ALL -o planned.eae "$SHARE/golub/golub.tsv.gz"
    eae-train svm -C 0.001,0.1 --final --weights all -q planned.eae |
        eae-view -q --kind model -O tsv | cut -f 1-60 >with.tsv
    eae-train svm -C 0.001,0.1 -q --label class=AML/ALL "$SHARE/golub/golub.tsv.gz" |
        eae-view -q --kind model -O tsv | cut -f 1-60 >without.tsv
    column=$(head -n 1 with.tsv | tr '\t' '\n' | grep -nx '@split' | cut -d : -f 1)
    [ "$(cut -f "$column" with.tsv | sed 1d | uniq | tr '\n' ' ')" = "0 1 2 3 4 " ]
    plan=$(head -n 1 with.tsv | tr '\t' '\n' | grep -nx '@plan' | cut -d : -f 1)
    head -n 5 with.tsv | cut -f "$plan" --complement >final.tsv
    cut -f "$plan" --complement without.tsv | cmp - final.tsv
    [ "$(wc -l <without.tsv)" -eq 5 ] # header, mean, scale, two models
}

@test "lambda auto: descending from a lambda_max that all shards share, as glmnet defines it" {
    eae-split -q --kfold 4 --label class=AML/ALL -o planned.eae "$SHARE/golub/golub.tsv.gz"
    lambdas() {
        eae-train logistic --lambda auto:5 -q "$@" planned.eae | eae-score -q --metrics auc |
            awk -F '\t' 'NR > 1 { print $3 }' | uniq
    }
    lambdas --shard 1/4 >first
    for i in 2 3 4; do
        lambdas --shard $i/4 | cmp - first
    done
    sort -gr first | cmp - first
    [ "$(wc -l <first)" -eq 5 ]
    needs_python
    zcat "$SHARE/golub/golub.tsv.gz" >golub.tsv
    /usr/bin/python3 - first <<'END_PY'
import csv, sys
import numpy as np
rows = list(csv.reader(open("golub.tsv"), delimiter="\t"))[1:]
x = np.array([[float(v) for v in r[2:]] for r in rows])
y = np.array([r[1] == "AML" for r in rows], float)
sd = x.std(0)
z = (x - x.mean(0)) / np.where(sd == 0, 1, sd)
top = np.abs(z.T @ (y - y.mean())).max() / len(y) / 0.001
got = [float(line) for line in open(sys.argv[1])]
want = top * np.logspace(0, -2, 5)
assert np.allclose(got, want, rtol=1e-6), (got, want)
END_PY
}
