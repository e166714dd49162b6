#!/usr/bin/env bats
# Wide data, many splits: trained in batches from f32, and split by split from the same numbers as
# f64 (which is never batched). Values and weights are those of one problem, within the gap.
load ../helpers

SHARE=$BATS_TEST_DIRNAME/../../../share

# agree ARGS...: eae-train ARGS on planned.eae and planned64.eae
agree() {
    must_pass eae-train "$@" -v --tol 1e-8 --weights all -o batched.eae planned.eae
    says "in batches"
    must_pass eae-train "$@" -v --tol 1e-8 --weights all -o single.eae planned64.eae
    says_not "in batches"
    must_pass /usr/bin/python3 - "$SHARE/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

def frames(path):
    return {f.kind: f for f in eaem.read(path)}

one, other = frames("batched.eae"), frames("single.eae")
for kind in ("prediction", "model"):
    a, b = one[kind], other[kind]
    assert a.matrix.shape == b.matrix.shape
    for key in ("split", "param", "converged"):
        assert list(a.row_annot[key]) == list(b.row_annot[key]), key
    for x, y in zip(a.matrix, b.matrix):
        there = ~np.isnan(y)
        assert (np.isnan(x) == np.isnan(y)).all() and there.any()
        assert np.linalg.norm((x - y)[there]) <= 3e-4 * np.linalg.norm(y[there])
intercepts = [np.array([v for v in f["model"].row_annot["intercept"] if v == v]) for f in (one, other)]
assert len(intercepts[0]) == 8 and np.allclose(*intercepts, rtol=1e-3, atol=1e-4), intercepts
END
}

@test "svm and logistic: batches and single splits" {
    /usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "numpy is not installed"
    eae-synth -q --rows 140 --cols 56000 --informative 30 --seed 9 -o wide.eae
    eae-split -q --kfold 8 wide.eae -o planned.eae
    eae-view -q --dtype f64 wide.eae | eae-split -q --kfold 8 -o planned64.eae
    agree svm -C 0.00001
    agree logistic -C 0.00001
}
