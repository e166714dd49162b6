#!/usr/bin/env bats
# eae-train als and --impute als:K: against a convex solver of the same problem, against their own
# models, and their bytes.
load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

# bytes FILE: the frames without their history
bytes() {
    eae-view --no-history "$1" | md5sum
}

# holes OUT: x.tsv with every 13th value missing, but for the label and the first feature
holes() {
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { for (j = 4; j <= NF; j++) if (++n % 13 == 0) $j = "NA" } { print }' \
        x.tsv >"$1"
}

# every_thread_and_shard ARGS...: eae-train ARGS on planned.eae, in one and in three parts
every_thread_and_shard() {
    must_pass eae-train "$@" -q -t 1 -o whole.eae planned.eae
    for t in 2 4; do
        must_pass eae-train "$@" -q -t $t -o threads.eae planned.eae
        [ "$(bytes whole.eae)" = "$(bytes threads.eae)" ] || fail "-t $t: other bytes of $*"
    done
    for i in 1 2 3; do
        must_pass eae-train "$@" -q -t $i --shard $i/3 -o part$i.eae planned.eae
    done
    for i in 1 2 3; do
        cat part$i.eae
    done | eae-view --no-history -o shards.eae
    [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ] || fail "shards: other bytes of $*"
}

# With factors enough the minimum is that of a convex problem in the completed matrix, and its
# singular vectors say what the factors of the features are, but for a rotation.
@test "held-out values of a convex solver: numbers, two classes, three; gaps; bootstrap" {
    needs_python
    make_matrix 18 7 x.tsv 3
    holes holes.tsv
    eae-split -q --kfold 3 --label label -o three.eae holes.tsv
    eae-split -q --kfold 3 --label label=c0/c1 -o two.eae holes.tsv
    eae-split -q --bootstrap 3 --label f1 --regression --meta label -o number.eae holes.tsv
    for task in two three number; do
        must_pass eae-train als --rank 12 --lambda 0.08,0.2 --tol 1e-11 --max-iter 20000 -q -o $task.out $task.eae
    done
    /usr/bin/python3 - "$ROOT" <<'END'
import sys
sys.path[:0] = [sys.argv[1] + "/share/python", sys.argv[1] + "/tests/expected"]
import eaem
import numpy as np
from als import solve

def units(x, w):
    known = ~np.isnan(x)
    w = w[:, None] * known
    mean = np.nansum(w * np.where(known, x, 0), 0) / w.sum(0)
    sd = np.sqrt((w * np.where(known, x - mean, 0) ** 2).sum(0) / w.sum(0))
    return mean, np.where(sd > 1e-12 * np.abs(mean), sd, 1)

checked = 0
for task in ("two", "three", "number"):
    frames = {f.kind: f for f in eaem.read(task + ".eae")}
    prediction, = eaem.read(task + ".out")
    data, a = frames["data"], prediction.row_annot
    x, label = data.matrix.astype(float), data.row_annot["label"]
    if task == "number":
        y = np.array(label)[:, None]
    else:
        classes = label.entries
        y = np.array([[1.0 if v == c else -1.0 for c in classes] for v in label])
        y = y[:, 1:] if task == "two" else y
    assert set(a["converged"]) == {1} and a["gap"].max() <= 1e-11
    for row, value in enumerate(prediction.matrix):
        roles = frames["split"].matrix[a["split"][row] - 1]
        train, test, lam = roles > 0, roles == -1, float(a["param"][row])
        mean, sd = units(x[train], roles[train])
        ymean, ysd = units(y[train], roles[train])
        z = np.hstack([(x[train] - mean) / sd, (y[train] - ymean) / ysd])
        m, objective, _ = solve(z, roles[train].astype(float), lam)
        known = ~np.isnan(z)
        column = roles[train] @ known
        u, s, v = np.linalg.svd(np.sqrt(roles[train] * known.sum(1))[:, None] * m * np.sqrt(column),
                                full_matrices=False)
        factors = (v * np.sqrt(s)[:, None]).T / np.sqrt(column)[:, None]
        assert abs(objective - a["objective"][row]) < 1e-8 * objective
        p, side = x.shape[1], 0 if task != "three" else classes.index(a["class"][row])
        for i in np.where(test)[0]:
            there = ~np.isnan(x[i])
            f = factors[:p][there]
            loading = np.linalg.solve(f.T @ f + lam * there.sum() * np.eye(f.shape[1]),
                                      f.T @ ((x[i] - mean) / sd)[there])
            want = ymean[side] + ysd[side] * (factors[p + side] @ loading)
            assert abs(want - value[i]) < 1e-5, (task, row, i, want, value[i])
            checked += 1
        assert np.isnan(value[~test]).all()
assert checked > 100
END
}

@test "models give the held-out values on raw data, filtered and not" {
    for scale in fold all none; do
        for more in "" "--filter variance:6" "--permute 2"; do
            make_matrix 24 9 x.tsv 3
            eae-split -q --kfold 4 --label label -o planned.eae x.tsv
            # shellcheck disable=SC2086
            eae-train als --rank 4 --lambda 0.01,0.1 --scale $scale $more -q --weights all -o trained.eae planned.eae
            must_pass eae-score -q --model trained.eae --all-models --predict -o applied.eae --label label x.tsv
            eae-view --kind prediction -O tsv trained.eae >trained.tsv
            eae-view --kind prediction -O tsv applied.eae >applied.tsv
            awk -F '\t' 'FNR == 1 { for (j = 1; j <= NF; j++) if ($j == "p000") first = j; next }
                $10 != 0 { next }
                { key = $7 SUBSEP $3 SUBSEP $11 }
                NR == FNR { for (j = first; j <= NF; j++) if ($j != "NA") want[key, j - first] = $j; next }
                { for (j = first; j <= NF; j++) if ((key, j - first) in want) {
                    d = want[key, j - first] - $j; n++; if (d * d > 1e-14) exit 1 } }
                END { if (n != 24 * 2 * 3) exit 1 }' trained.tsv applied.tsv || fail "--scale $scale $more"
        done
    done
}

@test "a feature that follows the label is found" {
    make_matrix 60 30 x.tsv
    eae-split -q --kfold 5 --label label x.tsv | eae-train als --rank 31 --lambda 0.01 -q | eae-score --metrics auc --summary >auc.tsv
    awk -F '\t' 'NR == 2 && $7 < 0.65 { exit 1 }' auc.tsv || fail "$(cat auc.tsv)"
}

@test "threads and shards: permutations, a list of penalties, gaps, a final model" {
    eae-synth -q --rows 36 --cols 150 --seed 5 --missing 0.05 | eae-split -q --kfold 4 -o planned.eae
    every_thread_and_shard als --rank 3 --lambda 0.02,0.1 --permute 3 --final --weights all
    must_pass eae-train als --rank 3 -q --seed 1 -o one.eae planned.eae
    must_pass eae-train als --rank 3 -q --seed 2 -o two.eae planned.eae
    [ "$(bytes one.eae)" != "$(bytes two.eae)" ]
}

@test "threads and shards: --impute als:K in front of other models" {
    eae-synth -q --rows 40 --cols 200 --seed 6 --missing 0.08 | eae-split -q --kfold 4 --inner 3 -o planned.eae
    every_thread_and_shard svm --impute als:4 --permute 2 --final --weights all
    every_thread_and_shard logistic --lambda 0.1,1 --tune auc --impute als:3:0.2 --filter ttest:20
}

@test "--impute als:K is a step of the fold: held-out rows change nothing but their own values" {
    make_matrix 24 9 x.tsv
    holes holes.tsv
    # every value of the first sample that is there becomes another one
    awk -F '\t' 'BEGIN { OFS = FS } $1 == "p000" { for (j = 4; j <= NF; j++) if ($j != "NA") $j += 3 * j } { print }' \
        holes.tsv >other.tsv
    awk 'BEGIN { OFS = "\t"; print "split", "sample", "role"
        for (i = 0; i < 24; i++) print 1, sprintf("p%03d", i), i < 6 ? "test" : "train" }' >plan.tsv
    for f in holes other; do
        eae-split -q --plan-in plan.tsv --label label $f.tsv | eae-train svm --impute als:3 -q --weights all -o $f.eae
        eae-view --kind model -O tsv $f.eae >$f.tsv
        columns_from f1 $f.tsv >$f.models
        grep -P '\tfactor(|-mean|-scale)\t' $f.tsv >$f.factors
        eae-view --kind prediction -O tsv $f.eae >$f.tsv
        columns_from p000 $f.tsv >$f.values
    done
    [ "$(wc -l <holes.factors)" -eq 5 ]
    cmp holes.factors other.factors
    # rounding of moments depends on what they are taken about: the mean of all rows
    paste holes.models other.models | awk -F '\t' 'NR > 1 { for (j = 1; j <= 9; j++) {
            d = $j - $(j + 9); n++; if (d * d > 1e-24) exit 1 } } END { if (n != 8 * 9) exit 1 }'
    paste holes.values other.values | awk -F '\t' 'NR > 1 { for (j = 1; j <= 6; j++) {
            d = $j - $(j + 24); if ((j == 1) != (d * d > 1e-20)) exit 1 } }'
}

@test "a model with --impute als:K fills new data by its own factors" {
    make_matrix 24 9 x.tsv
    holes holes.tsv
    for more in "" "--scale none" "--adjust site" "--filter variance:5"; do
        awk -F '\t' 'BEGIN { OFS = FS } { print $0, NR == 1 ? "site" : NR % 2 ? "a" : "b" }' holes.tsv >sites.tsv
        eae-split -q --kfold 3 --label label --meta site -o planned.eae sites.tsv
        # shellcheck disable=SC2086
        eae-train svm --impute als:3 $more -q --weights all -o trained.eae planned.eae
        must_pass eae-score -q --model trained.eae --all-models --predict -o applied.eae --label label --meta site sites.tsv
        for f in trained applied; do
            eae-view --kind prediction -O tsv $f.eae >$f.tsv
            columns_from p000 $f.tsv >$f.values
        done
        paste trained.values applied.values | awk -F '\t' 'NR > 1 { for (j = 1; j <= NF / 2; j++) if ($j != "NA") {
                d = $j - $(j + NF / 2); n++; if (d * d > 1e-9) exit 1 } }
            END { if (n != 24) exit 1 }' || fail "$more: $(cat trained.values applied.values)"
    done
}

@test "usage and errors" {
    make_matrix 20 4 x.tsv
    holes holes.tsv
    eae-split -q --kfold 4 --label label -o planned.eae x.tsv
    for bad in "-C 1" "--lambda auto" "--rank 0" "--rank x" "--rank 1001" "--class-weight balanced" "--covariates label" \
        "--loss hinge" "--impute als" "--impute als:0" "--impute als:2:0" "--impute als:2:x"; do
        # shellcheck disable=SC2086
        must_fail 2 eae-train als $bad planned.eae
    done
    must_fail 2 eae-train svm --rank 3 planned.eae
    says "svm takes no --rank"
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { $2 = "t" OFS "s" } NR > 1 { $2 = (NR % 7 + 1) OFS (NR % 3 > 0) }
        { print }' x.tsv >times.tsv
    must_fail 1 eae-train als --time t --status s times.tsv
    says "als needs a label"
    eae-split -q --kfold 4 --label label -o holes.eae holes.tsv
    must_pass eae-train als --rank 2 -q -o out.eae holes.eae
    must_fail 1 eae-train svm holes.eae
    says "--impute mean, median or als:K"
    must_fail 1 eae-train als --adjust f1 --meta f1 --label label holes.tsv
    says "values are missing"
    must_pass eae-train als --rank 4 --lambda 0.001 --max-iter 1 -o out.eae planned.eae
    says "4 of 4 models did not reach"
}
