#!/usr/bin/env bats
# eae-train lasso and enet: against glmnet, on new data, its bytes, its errors. The expected tables
# are made by tests/expected/train_enet.R.

load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..
EXPECTED=$ROOT/tests/data/expected
GOLUB=$ROOT/share/data/golub/golub.tsv.gz

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

@test "held-out values of glmnet: class weights, covariates, adjusting, samples that count twice" {
    needs_python
    cp "$ROOT/tests/data/train/study.tsv" study.tsv
    must_pass /usr/bin/python3 "$ROOT/tests/expected/compare_options.py" \
        "$EXPECTED/train_enet.tsv" study.tsv study.tsv "$ROOT/tests/data/train/study_plan.tsv"
    [ "$(wc -l <.stdout)" -eq 16 ]
}

# path LABEL OPTIONS... : models on all samples at glmnet's 40 penalties, into path.eae
path() {
    local label=$1 meta=class kind=--regression
    shift
    [ "$label" != class ] || meta='' kind=''
    # shellcheck disable=SC2086
    eae-view -q --label "$label" ${meta:+--meta $meta} $kind "$GOLUB" |
        eae-train "$@" --lambda auto:40 --tol 1e-13 -q -o path.eae
}

@test "golub: glmnet's path, its penalties and its coefficients, for a class and a number" {
    needs_python
    for case in "class lasso" "class enet" "X95735_at lasso" "X95735_at enet --alpha 0.9995"; do
        # shellcheck disable=SC2086
        path $case
        /usr/bin/python3 - "$ROOT/share/python" "$EXPECTED/train_enet_path.tsv" "$case" <<'END'
import collections, csv, sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

want = collections.defaultdict(dict)
for r in csv.DictReader(open(sys.argv[2]), delimiter="\t"):
    if r["label"] + " " + r["options"] == sys.argv[3]:
        want[float(r["lambda"])][r["column"]] = float(r["value"])
frame, = eaem.read("path.eae")
a = frame.row_annot
lambdas = [float(p) for p in a["param"][2:]]
assert a["part"] == ["mean", "scale"] + ["weights"] * 40 and len(want) == 3
assert all(a["converged"]) and max(a["gap"][2:]) <= 1e-13
assert not frame.matrix[2].any()  # the first penalty is the smallest at which all weights are 0
for penalty, column in want.items():
    k = int(np.argmin(np.abs(np.log(lambdas) - np.log(penalty))))
    assert abs(lambdas[k] / penalty - 1) < 1e-7, (lambdas[k], penalty)
    got = {n: w for n, w in zip(frame.col_names, frame.matrix[2 + k]) if w != 0}
    got["intercept"] = a["intercept"][2 + k]
    assert got.keys() == column.keys()
    largest = max(abs(v) for v in column.values())
    worst = max(abs(got[n] - column[n]) for n in got) / largest
    assert worst < 1e-6, (sys.argv[3], penalty, worst)
END
    done
}

@test "models give the held-out values on raw data" {
    needs_python
    make_matrix 40 12 x.tsv
    awk -F '\t' 'BEGIN { OFS = FS }
        { print $0, NR == 1 ? "site" : "s" NR % 3, NR == 1 ? "age" : NR * 7 % 31 }
        NR == 7 { $5 = "NA" }' x.tsv | sed '9s/\t[0-9.]*/\tNA/4' >y.tsv
    import=(--label label --meta site,age y.tsv)
    eae-split -q --kfold 4 "${import[@]}" -o planned.eae
    for options in "lasso --lambda 0.1,0.02" "enet --alpha 0.3 --lambda auto:5 --adjust site --filter ttest:6" \
        "lasso --scale none --covariates age,site --lambda 0.1 --class-weight balanced"; do
        # shellcheck disable=SC2086
        eae-train $options --impute mean --tol 1e-10 -q --weights all planned.eae >trained.eae
        must_pass eae-score -q --model trained.eae --all-models --predict -o applied.eae "${import[@]}"
        /usr/bin/python3 - "$ROOT/share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

held, model = eaem.read("trained.eae")
applied, = eaem.read("applied.eae")
assert len(held.matrix) == len(applied.matrix) == sum(p == "weights" for p in model.row_annot["part"])
for a, b in zip(held.matrix, applied.matrix):
    there = ~np.isnan(a)
    assert there.sum() == 10 and np.abs(a - b)[there].max() < 1e-9
assert np.std(held.matrix[-1][~np.isnan(held.matrix[-1])]) > 0
for key in ("objective", "gap", "iterations", "converged", "spec", "param"):
    weights = [v for v, p in zip(model.row_annot[key], model.row_annot["part"]) if p == "weights"]
    assert list(held.row_annot[key]) == weights
END
    done
}

@test "threads, shards and pipes make no difference" {
    make_matrix 60 200 x.tsv
    eae-split -q --kfold 3 --repeats 2 --label label x.tsv -o class.eae
    sed '1s/label/site/' x.tsv | eae-split -q --kfold 6 --label f1 --regression --meta site -o number.eae
    for data in class number; do
        for options in "lasso --lambda auto:6 --permute 3 --final" "enet --lambda 0.1 --filter variance:50"; do
            # shellcheck disable=SC2206
            train=(eae-train $options --weights all -q --no-history)
            "${train[@]}" -t 1 $data.eae -o one.eae
            "${train[@]}" -t 4 <$data.eae >four.eae
            same_bytes one.eae four.eae
            for i in 1 2 3 4; do
                "${train[@]}" --shard $i/4 $data.eae
            done | eae-view --no-history - >parts.eae
            eae-view --no-history one.eae >whole.eae
            same_bytes parts.eae whole.eae
        done
    done
}

@test "chosen inside: the penalty that the inner splits like best, refitted" {
    needs_python
    make_matrix 60 30 x.tsv
    eae-split -q --kfold 4 --inner 3 --label label x.tsv -o nested.eae
    must_pass eae-train enet --lambda 0.3,0.1,0.03 --tune auc --tol 1e-10 -q -o tuned.eae nested.eae
    must_pass eae-train enet --lambda 0.3,0.1,0.03 --tol 1e-10 -q -o all.eae nested.eae
    /usr/bin/python3 - "$ROOT/share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

tuned, = eaem.read("tuned.eae")
every, = eaem.read("all.eae")
assert set(tuned.row_annot["param"]) == {"tuned"} and len(tuned.matrix) == 4
assert tuned.row_annot["spec"][0] == "scale=fold;alpha=0.5;tune=auc;lambda=0.3,0.1,0.03"
rows = list(zip(every.row_annot["split"], every.row_annot["param"]))
for split, chosen, value in zip(tuned.row_annot["split"], tuned.row_annot["chosen"], tuned.matrix):
    same = every.matrix[rows.index((split, chosen))]
    assert np.allclose(value, same, atol=1e-6, equal_nan=True)
END
}

@test "scores: probabilities of classes, errors of numbers, a p-value" {
    make_matrix 60 30 x.tsv
    eae-split -q --kfold 5 --label label x.tsv -o class.eae
    eae-train lasso --lambda 0.05 --permute 19 -q class.eae |
        eae-score --summary --metrics auc,brier,logloss >score.tsv
    awk -F '\t' 'NR > 1 && $5 == "auc" && $7 > 0.7 && $12 == 19 && $13 <= 0.1 { good++ }
        NR > 1 && $5 == "brier" && $7 < 0.25 { good++ } END { exit good != 2 }' score.tsv
    sed '1s/label/site/' x.tsv | eae-split -q --kfold 5 --label f1 --regression --meta site |
        eae-train enet -q | eae-score --summary --metrics r2 >score.tsv
    [ "$(awk 'NR > 1' score.tsv | wc -l)" -eq 100 ] # auto:100 is the default
    [ "$(awk -F '\t' 'NR == 2 { print $1, $2 }' score.tsv)" = "enet scale=fold;alpha=0.5" ]
    must_fail 2 eae-train enet --alpha 0 class.eae
}

@test "what does not fit is said" {
    make_matrix 20 4 x.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { $4 = NR % 2 } { print }' x.tsv >times.tsv
    must_fail 1 eae-train enet --time f1 --status f2 --meta label times.tsv
    says "there is cox"
    must_fail 2 eae-train lasso -C 1 --label label x.tsv
    says "lasso takes no --cost"
    must_fail 2 eae-train lasso --alpha 0.5 --label label x.tsv
    says "lasso takes no --alpha"
    must_fail 2 eae-train enet --loss hinge --label label x.tsv
    must_fail 2 eae-train ridge --alpha 0.5 --label f1 --regression --meta label x.tsv
    says "ridge takes no --alpha"
    for bad in 0 1.1 -0.5 x; do
        must_fail 2 eae-train enet --alpha $bad --label label x.tsv
        says "alpha"
    done
    must_fail 2 eae-train enet --class-weight balanced --label f1 --regression --meta label x.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { for (j = 3; j <= NF; j++) $j = j } { print }' x.tsv >flat.tsv
    must_fail 1 eae-train lasso --label label flat.tsv
    says "no feature is related to the outcome"
    must_pass eae-train lasso --lambda 0.1 --label label flat.tsv
    # the data turned over are spilled to disk where memory is short
    must_pass eae-train lasso --no-history --label label -o plain.eae x.tsv
    must_pass eae-train lasso --no-history --label label --memory 500 -o spilled.eae x.tsv
    same_bytes plain.eae spilled.eae
    must_pass eae-train lasso --lambda 0.01 --max-iter 1 --tol 1e-15 --label label x.tsv
    says "did not reach the duality gap"
}
