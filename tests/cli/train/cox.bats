#!/usr/bin/env bats
# eae-train cox: against a plain implementation, on new data, its bytes, its errors.

load ../helpers

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

# times.tsv: 48 samples, 8 features, tied times in t, status in s (2 = event), annotation age
make_times() {
    make_matrix 48 8 plain.tsv
    awk -F '\t' 'BEGIN { OFS = FS }
        NR == 1 { $2 = "t" OFS "s" OFS "age" }
        NR > 1 { $2 = 1 + int((NR * 29 % 47) / 4 + ($4 > 1)) OFS (NR % 3 ? 2 : 1) OFS (20 + NR * 7 % 50) }
        { print }' plain.tsv >times.tsv
    survival=(--time t --status s=2 --meta age)
}

@test "held-out values and cuts of a plain implementation" {
    needs_python
    make_times
    eae-view -q "${survival[@]}" times.tsv | eae-split -q --kfold 4 -o split.eae
    for ties in efron breslow; do
        eae-train cox --lambda 1,0.05 --ties $ties --tol 1e-12 split.eae -q -o $ties.eae
    done
    /usr/bin/python3 - "$BATS_TEST_DIRNAME/../../../share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np
from scipy.optimize import minimize

frames = {f.kind: f for f in eaem.read("split.eae")}
data, plan = frames["data"], frames["split"].matrix
x = data.matrix.astype(float)
time, status = (np.array(data.row_annot[k], float) for k in ("time", "status"))
assert len(set(time[status == 1])) < (status == 1).sum()  # there are ties

def loss(eta, time, status, efron):
    total = -eta[status == 1].sum()
    for t in set(time[status == 1]):
        dead = (time == t) & (status == 1)
        risk = np.exp(eta[time >= t]).sum()
        for l in range(dead.sum()):
            total += np.log(risk - (l / dead.sum() * np.exp(eta[dead]).sum() if efron else 0))
    return total

for ties in ("efron", "breslow"):
    prediction, = [f for f in eaem.read(ties + ".eae") if f.kind == "prediction"]
    a = prediction.row_annot
    assert len(prediction.matrix) == 8 and all(a["converged"])
    for row, value in enumerate(prediction.matrix):
        roles = plan[a["split"][row] - 1]
        train, test, lam = roles > 0, roles == -1, float(a["param"][row])
        mean, sd = x[train].mean(0), x[train].std(0)
        z = (x - mean) / sd
        f = lambda w: (loss(z[train] @ w, time[train], status[train], ties == "efron")
                       / train.sum() + lam / 2 * w @ w)
        best = minimize(f, np.zeros(x.shape[1]), method="BFGS", options={"gtol": 1e-8})
        assert abs(f(best.x) - a["objective"][row]) < 1e-9
        assert np.abs(z[test] @ best.x - value[test]).max() < 1e-4
        assert np.isnan(value[~test]).all()
        assert abs(np.median(z[train] @ best.x) - a["cut"][row]) < 1e-4
END
    differ efron.eae breslow.eae
}

@test "models give the held-out values and the cut on raw data" {
    needs_python
    make_times
    for more in "--scale fold" "--scale none" "--covariates age --filter cox:5"; do
        # shellcheck disable=SC2086
        eae-view -q "${survival[@]}" times.tsv | eae-split -q --kfold 4 |
            eae-train cox --lambda 0.1 $more -q --weights all >trained.eae
        must_pass eae-score -q --model trained.eae --all-models --predict -o applied.eae \
            "${survival[@]}" times.tsv
        /usr/bin/python3 - "$BATS_TEST_DIRNAME/../../../share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

held, = [f for f in eaem.read("trained.eae") if f.kind == "prediction"]
applied, = [f for f in eaem.read("applied.eae") if f.kind == "prediction"]
assert len(held.matrix) == len(applied.matrix) == 4
for i in range(4):
    there = ~np.isnan(held.matrix[i])
    assert there.sum() == 12
    assert np.abs(held.matrix[i] - applied.matrix[i])[there].max() < 1e-9
    assert abs(held.row_annot["cut"][i] - applied.row_annot["cut"][i]) < 1e-9
    low = (applied.matrix[i][~there] <= applied.row_annot["cut"][i]).sum()
    assert low == 18, low  # half of the training samples
END
    done
}

@test "threads, shards and pipes make no difference" {
    make_times
    eae-view -q "${survival[@]}" times.tsv | eae-split -q --kfold 5 --repeats 2 -o split.eae
    train=(eae-train cox --lambda auto:4 --permute 3 -q --no-history)
    "${train[@]}" -t 1 split.eae -o one.eae
    "${train[@]}" -t 4 <split.eae >four.eae
    same_bytes one.eae four.eae
    for i in 1 2 3; do
        "${train[@]}" --shard $i/3 split.eae
    done | eae-view --no-history -O tsv - >parts.tsv
    eae-view --no-history -O tsv one.eae >whole.tsv
    same_bytes parts.tsv whole.tsv
}

@test "permutations give a p-value; a label beside the times does not matter" {
    make_times
    eae-view -q "${survival[@]}" times.tsv | eae-split -q --kfold 4 --plan-out plan.tsv |
        eae-train cox --permute 19 --lambda 0.1 -q | eae-score --summary >score.tsv
    [ "$(awk -F '\t' 'NR == 2 { print $5, $12, ($13 >= 0.05 && $13 <= 1) }' score.tsv)" = "cindex 19 1" ]
    awk -F '\t' 'BEGIN { OFS = FS } { print $0, NR == 1 ? "sex" : NR % 2 ? "F" : "M" }' times.tsv >sex.tsv
    eae-view -q "${survival[@]}" --label sex sex.tsv | eae-split -q --plan-in plan.tsv |
        eae-train cox --permute 19 --lambda 0.1 -q | eae-score --summary >labelled.tsv
    same_bytes score.tsv labelled.tsv
}

@test "what does not fit is said" {
    make_times
    must_fail 1 eae-train cox plain.tsv --label label
    says "--time and --status"
    must_fail 1 eae-train svm -q times.tsv "${survival[@]}"
    says "the data have times; for these there is cox"
    must_fail 1 eae-train cox times.tsv --time T --status s=2 --meta age
    says 'no column "T" (--time); columns: id, t, s, age, f1'
    must_fail 2 eae-train cox -C 1 times.tsv "${survival[@]}"
    says "cox takes no --cost"
    must_fail 2 eae-train svm --ties efron plain.tsv --label label
    says "svm takes no --ties"
    must_fail 2 eae-train cox --ties exact times.tsv "${survival[@]}"
    must_fail 2 eae-train cox --class-weight balanced times.tsv "${survival[@]}"
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { $3 = 0 } { print }' times.tsv >none.tsv
    must_fail 1 eae-train cox none.tsv --time t --status s --meta age
    says "no training sample has an event"
}

@test "hazard ratios: high against low risk by the training median, pooled within a repeat" {
    needs_python
    make_times
    eae-view -q "${survival[@]}" times.tsv | eae-split -q --kfold 4 --repeats 2 |
        eae-train cox -q --lambda 0.1 --permute 9 >risk.eae
    must_pass eae-score --metrics hr,hr-p,cindex --summary -o score.tsv risk.eae
    says_not "not a test"
    /usr/bin/python3 - "$BATS_TEST_DIRNAME/../../../share/python" <<'END'
import csv, sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np
from scipy.optimize import minimize_scalar

f, = [f for f in eaem.read("risk.eae") if f.kind == "prediction"]
time, status = (np.array(f.col_annot[k], float) for k in ("time", "status"))
a = {k: np.array(f.row_annot[k]) for k in ("repeat", "perm", "cut")}

def loss(b, rows):
    total = 0
    for row in rows:
        held = ~np.isnan(f.matrix[row])
        t, s, high = time[held], status[held] == 1, f.matrix[row][held] > a["cut"][row]
        w = np.exp(b * high)
        for u in set(t[s]):
            dead = s & (t == u)
            total -= b * high[dead].sum()
            for l in range(dead.sum()):
                total += np.log(w[t >= u].sum() - l / dead.sum() * w[dead].sum())
    return total

def pooled(perm):
    ratios = []
    for repeat in (1, 2):
        rows = np.flatnonzero((a["perm"] == perm) & (a["repeat"] == repeat))
        assert len(rows) == 4
        ratios.append(np.exp(minimize_scalar(loss, (-1, 1), args=(rows,), tol=1e-12).x))
    return np.mean(ratios)

ratio = [pooled(perm) for perm in range(10)]
p = np.mean(np.array(ratio) >= ratio[0])
got = {line["metric"]: line for line in csv.DictReader(open("score.tsv"), delimiter="\t")}
assert abs(float(got["hr"]["pooled"]) / ratio[0] - 1) < 1e-5, (got, ratio)
assert abs(float(got["hr"]["p"]) - p) < 1e-12, (got, ratio)
assert got["hr-p"]["pooled"] == got["hr-p"]["p"] == got["hr"]["p"]
assert got["hr-p"]["mean"] == "NA"
END
}

@test "the p-value of a hazard ratio: one hold-out split only, or permutations" {
    make_times
    eae-view -q "${survival[@]}" times.tsv >data.eae
    eae-split -q --kfold 4 data.eae | eae-train cox -q --lambda 0.1 >folds.eae
    must_pass eae-score --metrics hr-p folds.eae
    says "not a test"
    [ "$(grep -c 'hr-p	NA$' .stdout)" -eq 4 ]
    eae-split -q --holdout 0.5 data.eae | eae-train cox -q --lambda 0.1 >one.eae
    must_pass eae-score --metrics hr-p one.eae
    [ -z "$stderr" ]
    awk -F '\t' 'NR == 2 { exit !($7 > 0 && $7 <= 1) }' .stdout
    eae-split -q --loo data.eae | eae-train cox -q --lambda 0.1 >loo.eae
    must_pass eae-score --metrics hr --summary loo.eae
    awk -F '\t' 'NR == 2 { exit !($7 == "NA" && $11 > 0) }' .stdout
    must_fail 2 eae-score --metrics auc,hr one.eae
}
