#!/usr/bin/python3
"""Recursive feature elimination taken literally: one converged fit per step, for a plan of eae-split.

usage: rfe.py DATA.tsv[.gz] LABEL POSITIVE PLAN.tsv STEP% > expected.tsv

Standardise by the training rows, fit, square the weights, remove the smallest STEP percent of what is left
(at least one), fit again, down to one feature. Machines are LIBSVM's, continued in double precision
to a violation of 1e-11, since LIBSVM keeps kernels in single precision.
Rows of the result, for every split and size:
    model param split size gap auc features    gap: relative distance of w^2 at the cut that led here;
                                               features: md5 of their names, sorted, a line each
"""
import hashlib
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from train import read_data, read_plan, read_table


def polish(k, y, c, alpha):
    """Go on from alpha in double precision: pairs of the largest violation (LIBSVM's rule) until none is left."""
    q = k * np.outer(y, y)
    alpha = np.clip(alpha, 0, c)
    excess = y @ alpha
    for i in np.argsort(-alpha):  # y'alpha = 0
        if excess * y[i] > 0:
            step = min(alpha[i], abs(excess))
            alpha[i] -= step
            excess -= y[i] * step
    gradient = q @ alpha - 1
    for _ in range(2000000):
        value = -y * gradient
        up = np.where(((y > 0) & (alpha < c)) | ((y < 0) & (alpha > 0)), value, -np.inf)
        i = np.argmax(up)
        down = ((y < 0) & (alpha < c)) | ((y > 0) & (alpha > 0))
        difference = up[i] - value
        curvature = np.maximum(k[i, i] + np.diag(k) - 2 * k[i], 1e-12 * k[i, i])
        gain = np.where(down & (difference > 0), difference**2 / curvature, -1)
        j = np.argmax(gain)
        if up[i] - value[down].min() < 1e-11:
            free = (alpha > 0) & (alpha < c)
            b = value[free].mean() if free.any() else (up[i] + value[down].min()) / 2
            return alpha, b
        step = difference[j] / curvature[j]
        step = min(step, c - alpha[i] if y[i] > 0 else alpha[i], alpha[j] if y[j] > 0 else c - alpha[j])
        change = np.zeros(len(y))
        change[i], change[j] = y[i] * step, -y[j] * step
        alpha = alpha + change
        for t in (i, j):  # at a bound to the bit
            alpha[t] = 0 if alpha[t] < 1e-14 * c else c if alpha[t] > c * (1 - 1e-14) else alpha[t]
        gradient += q[:, [i, j]] @ change[[i, j]]
    raise SystemExit("the support does not settle")


def fit_svm(z, y, c):
    k = z @ z.T
    scale = np.trace(k) / len(k)  # LIBSVM stops by absolute violations, which must mean something
    m = SVC(kernel="precomputed", C=c * scale, tol=1e-9, cache_size=500).fit(k / scale, y)
    alpha = np.zeros(len(y))
    alpha[m.support_] = np.abs(m.dual_coef_[0]) / scale
    alpha, b = polish(k, y, c, alpha)
    return z.T @ (alpha * y), b


def fit_logistic(z, y, c):
    q, r = np.linalg.qr(z.T)
    m = LogisticRegression(C=c, solver="newton-cg", tol=1e-13, max_iter=5000).fit(r.T, y)
    return q @ m.coef_[0], m.intercept_[0]


def eliminate(fit, c, x, y, part, names, step):
    scaler = StandardScaler().fit(x[part["train"]])
    train, test = scaler.transform(x[part["train"]]), scaler.transform(x[part["test"]])
    left, gap = np.arange(x.shape[1]), np.inf
    while True:
        w, b = fit(train[:, left], y[part["train"]], c)
        auc = roc_auc_score(y[part["test"]], test[:, left] @ w + b)
        text = "".join(sorted(names[j] + "\n" for j in left))
        yield len(left), gap, auc, hashlib.md5(text.encode()).hexdigest()
        if len(left) == 1:
            return
        out = max(1, int(step / 100 * len(left)))
        order = np.lexsort((left, w * w))
        w2 = (w * w)[order]
        gap = (w2[out] - w2[out - 1]) / w2[out]
        left = np.sort(left[order[out:]])


def main(argv):
    data, label, positive, plan_path, step = argv[1:6]
    ids, labels, x = read_data(data, label)
    header = read_table(data)[0]
    names = [h for h in header[1:] if h != label]
    y = np.array([1.0 if v == positive else -1.0 for v in labels])
    plan = read_plan(plan_path, ids)
    print("model", "param", "split", "size", "gap", "auc", "features", sep="\t")
    for model, param, fit in (("svm", 1, fit_svm), ("svm", 0.0001, fit_svm), ("logistic", 0.01, fit_logistic)):
        for s, part in sorted(plan.items()):
            for size, gap, auc, digest in eliminate(fit, param, x, y, part, names, float(step.rstrip("%"))):
                print(model, f"{param:g}", s, size, f"{gap:.3g}", repr(float(auc)), digest, sep="\t")


if __name__ == "__main__":
    main(sys.argv)
