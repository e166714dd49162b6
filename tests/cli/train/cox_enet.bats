#!/usr/bin/env bats
# eae-train cox --alpha: against glmnet (tests/expected/train_cox.R) and, for Efron's ties, the
# optimality conditions; on new data, its bytes, its errors.

load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..
EXPECTED=$ROOT/tests/data/expected

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

# golub.eae: with made-up times; split.eae: of split 1 samples 1, 6, ... are held out, and every
# fourth of the others counts twice
make_golub() {
    eae-view -q --annot "$EXPECTED/train_cox_times.tsv" --time time --status status --meta class \
        "$ROOT/share/data/golub/golub.tsv.gz" -o golub.eae
    awk -F '\t' 'BEGIN { OFS = FS; print "split", "sample", "role", "count" }
        NR > 1 { test = NR % 5 == 2; print 1, $1, test ? "test" : "train", test || (NR - 1) % 4 ? 1 : 2 }' \
        "$EXPECTED/train_cox_times.tsv" >plan.tsv
    eae-split -q --plan-in plan.tsv golub.eae -o split.eae
}

# times.tsv: 48 samples, 60 features, tied times in t, status in s, annotation age
make_times() {
    make_matrix 48 60 plain.tsv
    awk -F '\t' 'BEGIN { OFS = FS }
        NR == 1 { $2 = "t" OFS "s" OFS "age" }
        NR > 1 { $2 = 1 + int((NR * 29 % 47) / 4 + ($4 > 1)) OFS (NR % 3 > 0) OFS (20 + NR * 7 % 50) }
        { print }' plain.tsv >times.tsv
    survival=(--time t --status s --meta age)
}

@test "golub: glmnet's path, its penalties and its coefficients" {
    needs_python
    make_golub
    for case in "golub --alpha 1" "golub --alpha 0.5" "split --alpha 0.5" \
        "golub --alpha 0.8 --covariates age"; do
        read -r data options <<<"$case"
        split=0
        [ "$data" = golub ] || split=1
        lambdas=$(awk -F '\t' -v o="$options" -v s=$split \
            '$1 == o && $2 == s { print $3 }' "$EXPECTED/train_cox_path.tsv" | uniq | paste -sd ,)
        # shellcheck disable=SC2086
        must_pass eae-train cox --ties breslow $options --lambda "$lambdas" --tol 1e-12 --weights all \
            -q -o path.eae $data.eae
        # shellcheck disable=SC2086
        eae-train cox --ties breslow $options --lambda auto:40 -q --weights all -o auto.eae $data.eae
        /usr/bin/python3 - "$ROOT/share/python" "$EXPECTED/train_cox_path.tsv" "$options" $split <<'END'
import collections, csv, sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

options, split = sys.argv[3:]
want = collections.defaultdict(dict)
for r in csv.DictReader(open(sys.argv[2]), delimiter="\t"):
    if r["options"] == options and r["split"] == split:
        want[float(r["lambda"])][r["column"]] = float(r["value"])
frame, = [f for f in eaem.read("path.eae") if f.kind == "model"]
a = frame.row_annot
assert list(a["part"]) == ["mean", "scale"] + ["weights"] * 3 and all(a["converged"])
assert ";alpha=" in a["spec"][0] and len(want) == 3
for k, (penalty, column) in enumerate(want.items(), 2):
    assert float(a["param"][k]) == penalty
    got = {n: w for n, w in zip(frame.col_names, frame.matrix[k]) if w != 0}
    assert got.keys() == column.keys()
    largest = max(abs(v) for v in column.values())
    worst = max(abs(got[n] - column[n]) for n in got) / largest
    assert worst < 1e-6, (options, penalty, worst)
if split == "0":
    auto, = [f for f in eaem.read("auto.eae") if f.kind == "model"]
    path = [float(p) for p in auto.row_annot["param"][2:]]
    for k, penalty in zip((1, 8, 16), want):
        assert abs(path[k] / penalty - 1) < 1e-7, (path[k], penalty)
    features = [not n.startswith("@") for n in auto.col_names]
    assert not auto.matrix[2][features].any()
END
    done
}

@test "Efron's ties: the optimality conditions, held-out values and cuts, from the definition" {
    needs_python
    make_times
    eae-view -q "${survival[@]}" times.tsv | eae-split -q --kfold 4 -o split.eae
    must_pass eae-train cox --alpha 0.7 --lambda 0.15,0.05 --tol 1e-12 -q --weights all -o fit.eae split.eae
    /usr/bin/python3 - "$ROOT/share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

frames = {f.kind: f for f in eaem.read("split.eae")}
data, plan = frames["data"], frames["split"].matrix
x = data.matrix.astype(float)
time, status = (np.array(data.row_annot[k], float) for k in ("time", "status"))
fit = {f.kind: f for f in eaem.read("fit.eae")}
a, m = fit["prediction"].row_annot, fit["model"].row_annot
weights = fit["model"].matrix[np.array(m["part"]) == "weights"]
assert len(weights) == 8 and all(a["converged"])

def gradient(eta, time, status):
    g, loss = np.zeros(len(eta)), -eta[status == 1].sum()
    g[status == 1] -= 1
    for t in set(time[status == 1]):
        dead = (time == t) & (status == 1)
        for l in range(dead.sum()):
            w = np.exp(eta) * (time >= t) * np.where(dead, 1 - l / dead.sum(), 1)
            loss += np.log(w.sum())
            g += w / w.sum()
    return loss / len(eta), g / len(eta)

for row, w in enumerate(weights):
    roles = plan[a["split"][row] - 1]
    train, test, lam = roles > 0, roles == -1, float(a["param"][row])
    z = (x - x[train].mean(0)) / x[train].std(0)
    loss, g = gradient(z[train] @ w, time[train], status[train])
    v = -z[train].T @ g
    l1, l2 = 0.7 * lam, 0.3 * lam
    off = np.where(w == 0, np.maximum(0, abs(v) - l1), abs(v - l2 * w - l1 * np.sign(w)))
    assert off.max() < 1e-6 * l1 and (w != 0).sum() > 3, off.max()
    objective = loss + l1 * abs(w).sum() + l2 / 2 * w @ w
    assert abs(objective / a["objective"][row] - 1) < 1e-10
    value = fit["prediction"].matrix[row]
    assert np.abs(z[test] @ w - value[test]).max() < 1e-10 and np.isnan(value[~test]).all()
    assert abs(np.median(z[train] @ w) - a["cut"][row]) < 1e-10
END
}

@test "threads, shards and pipes make no difference; models apply; scores" {
    make_times
    eae-view -q "${survival[@]}" times.tsv | eae-split -q --kfold 4 --repeats 2 -o split.eae
    train=(eae-train cox --alpha 0.5 --lambda auto:5 --covariates age --permute 4 --final --weights all -q --no-history)
    "${train[@]}" -t 1 split.eae -o one.eae
    "${train[@]}" -t 4 <split.eae >four.eae
    same_bytes one.eae four.eae
    for i in 1 2 3; do
        "${train[@]}" --shard $i/3 split.eae
    done | eae-view --no-history - >parts.eae
    eae-view --no-history one.eae >whole.eae
    same_bytes parts.eae whole.eae
    must_pass eae-score -q --model one.eae --predict -o applied.eae "${survival[@]}" times.tsv
    eae-score --summary one.eae >score.tsv
    [ "$(awk -F '\t' 'NR > 1 && $5 == "cindex" && $12 == 4' score.tsv | wc -l)" -eq 5 ]
    [ "$(awk -F '\t' 'NR == 2 { print $2 }' score.tsv)" = "scale=fold;ties=efron;alpha=0.5;covariates=age" ]
}

@test "without an l1 part it is the ridge model; a hundred penalties are the default with one" {
    make_times
    eae-view -q "${survival[@]}" times.tsv >times.eae
    eae-train cox --no-history -q times.eae >plain.eae
    eae-train cox --no-history -q --alpha 0 times.eae >zero.eae
    same_bytes plain.eae zero.eae
    eae-train cox -q --alpha 1 times.eae | eae-view -O tsv >path.tsv
    [ "$(grep -c . path.tsv)" -eq 103 ]
}

@test "what does not fit is said" {
    make_times
    must_fail 2 eae-train cox --alpha 1.5 "${survival[@]}" times.tsv
    says "alpha"
    must_fail 2 eae-train cox --alpha 0.5 -C 1 "${survival[@]}" times.tsv
    says "cox takes no --cost"
    must_fail 2 eae-train enet --alpha 0 --label label plain.tsv
    says "--alpha must be above 0"
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { $3 = 0 } { print }' times.tsv >none.tsv
    must_fail 1 eae-train cox --alpha 1 --lambda 0.1 "${survival[@]}" none.tsv
    says "no training sample has an event"
}
