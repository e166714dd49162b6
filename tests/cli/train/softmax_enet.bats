#!/usr/bin/env bats
# eae-train lasso and enet of more than two classes: on new data, its bytes, its path, its choices.
# Values of glmnet are in enet.bats; coefficients in tests/unit/test_sparse_softmax.c.

load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

@test "models of three and four classes give the held-out values on raw data" {
    needs_python
    for classes in 3 4; do
        make_matrix 48 12 x.tsv $classes
        awk -F '\t' 'BEGIN { OFS = FS }
            { print $0, NR == 1 ? "site" : "s" NR % 5, NR == 1 ? "age" : NR * 7 % 31 }
            NR == 7 { $5 = "NA" }' x.tsv | sed '9s/\t[0-9.]*/\tNA/4' >y.tsv
        import=(--label label --meta site,age y.tsv)
        eae-split -q --kfold 4 "${import[@]}" -o planned.eae
        for options in "lasso --lambda 0.1,0.02" "enet --alpha 0.3 --lambda auto:5 --adjust site --filter anova:6" \
            "lasso --scale none --covariates age,site --lambda 0.1 --class-weight balanced"; do
            # shellcheck disable=SC2086
            eae-train $options --impute mean --tol 1e-10 -q --weights all planned.eae >trained.eae
            must_pass eae-score -q --model trained.eae --all-models --predict -o applied.eae "${import[@]}"
            /usr/bin/python3 - "$ROOT/share/python" $classes <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

held, model = eaem.read("trained.eae")
applied, = eaem.read("applied.eae")
classes = int(sys.argv[2])
assert len(held.matrix) == len(applied.matrix) == sum(p == "weights" for p in model.row_annot["part"])
assert list(held.row_annot["class"][:classes]) == [f"c{k}" for k in range(classes)]
for a, b in zip(held.matrix, applied.matrix):
    there = ~np.isnan(a)
    assert there.sum() == 12 and np.abs(a - b)[there].max() < 1e-9
assert np.std(held.matrix[-1][~np.isnan(held.matrix[-1])]) > 0
for key in ("objective", "gap", "iterations", "converged", "spec", "param", "class"):
    weights = [v for v, p in zip(model.row_annot[key], model.row_annot["part"]) if p == "weights"]
    assert list(held.row_annot[key]) == weights
END
        done
    done
}

@test "the path begins at the smallest penalty without weights; terms sum to 0 over the classes" {
    needs_python
    make_matrix 60 40 x.tsv 3
    must_pass eae-train lasso --lambda auto:20 --tol 1e-10 --label label -q -o path.eae x.tsv
    /usr/bin/python3 - "$ROOT/share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

frame, = eaem.read("path.eae")
a = frame.row_annot
weights = frame.matrix[2:].reshape(20, 3, -1)
used = (weights != 0).sum((1, 2))
assert a["part"] == ["mean", "scale"] + ["weights"] * 60
assert used[0] == 0 and 0 < used[1] <= used[-1]
assert all(a["converged"]) and max(a["gap"][2:]) <= 1e-10
objective = np.reshape(a["objective"][2:], (20, 3))
assert (objective == objective[:, :1]).all() and (np.diff(objective[:, 0]) < 0).all()
assert np.abs(np.reshape(a["intercept"][2:], (20, 3)).sum(1)).max() < 1e-9
assert (np.median(weights, axis=1) == 0).all()
END
    eae-train lasso --lambda auto:20 --tol 1e-10 --label label -q --solver stream x.tsv |
        eae-view -O tsv | columns_from f1 >streamed.tsv
    eae-view -O tsv path.eae | columns_from f1 >turned.tsv
    paste turned.tsv streamed.tsv | awk -F '\t' 'NR > 1 { for (j = 1; j <= NF / 2; j++) {
            d = $j - $(j + NF / 2); if (d < 0) d = -d; if (d > 1e-4) exit 1 } }'
}

@test "threads, shards and pipes make no difference" {
    make_matrix 60 200 x.tsv 3
    eae-split -q --kfold 3 --repeats 2 --label label x.tsv -o data.eae
    for options in "lasso --lambda auto:6 --permute 3 --final" "enet --lambda 0.1 --filter anova:50 --permute 2" \
        "lasso --lambda auto:4 --solver stream --class-weight balanced"; do
        # shellcheck disable=SC2206
        train=(eae-train $options --weights all -q --no-history)
        "${train[@]}" -t 1 data.eae -o one.eae
        "${train[@]}" -t 4 <data.eae >four.eae
        same_bytes one.eae four.eae
        for i in 1 2 3 4; do
            "${train[@]}" --shard $i/4 data.eae
        done | eae-view --no-history - >parts.eae
        eae-view --no-history one.eae >whole.eae
        same_bytes parts.eae whole.eae
    done
}

@test "chosen inside, refitted, applied to new samples, judged by probabilities" {
    needs_python
    make_matrix 75 20 x.tsv 3
    eae-split -q --kfold 4 --inner 3 --label label x.tsv -o nested.eae
    must_pass eae-train lasso --lambda 0.2,0.1,0.03 --tune logloss --tol 1e-10 -q -o tuned.eae --final \
        --permute 9 nested.eae
    must_pass eae-train lasso --lambda 0.2,0.1,0.03 --tol 1e-10 -q -o all.eae nested.eae
    /usr/bin/python3 - "$ROOT/share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

tuned = eaem.read("tuned.eae")[0]
every, = eaem.read("all.eae")
real = [k for k, b in enumerate(tuned.row_annot["perm"]) if b == 0]
assert len(real) == 12 and {tuned.row_annot["param"][k] for k in real} == {"tuned"}
columns = ("split", "param", "class")
rows = list(zip(*(every.row_annot[c] for c in columns)))
for k in real:
    a = tuned.row_annot
    same = every.matrix[rows.index((a["split"][k], a["chosen"][k], a["class"][k]))]
    assert np.allclose(tuned.matrix[k], same, atol=1e-6, equal_nan=True)
END
    eae-score --summary --metrics auc,balanced,logloss,brier tuned.eae >score.tsv
    awk -F '\t' 'NR > 1 && $5 == "auc" && $7 > 0.7 && $12 == 9 && $13 <= 0.2 { good++ }
        NR > 1 && $5 == "logloss" && $7 < 1 { good++ } END { exit good != 2 }' score.tsv
    eae-score --model tuned.eae --label label x.tsv | grep -q "auc"
}

@test "a class of one sample, features that tell nothing, a solver that stops short" {
    make_matrix 21 4 x.tsv 3
    must_pass eae-train lasso --lambda 0.01 --max-iter 1 --tol 1e-15 --label label x.tsv
    says "did not reach the duality gap"
    must_fail 2 eae-train lasso --class-weight 1,2 --label label x.tsv
    says "--class-weight has 2 numbers for 3 classes"
    must_fail 2 eae-train lasso --filter ttest:2 --label label x.tsv
    says "ttest needs two classes"
    awk -F '\t' 'BEGIN { OFS = FS } NR == 5 { $2 = "alone" } { print }' x.tsv >rare.tsv
    must_pass eae-train lasso --label label -q rare.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { for (j = 3; j <= NF; j++) $j = j } { print }' x.tsv >flat.tsv
    must_pass eae-train enet --lambda 0.1 --label label flat.tsv
}
