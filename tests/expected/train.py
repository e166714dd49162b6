#!/usr/bin/python3
"""Held-out decision values and objectives by scikit-learn (LIBSVM, LIBLINEAR) for a plan of eae-split.

usage: train.py DATA.tsv[.gz] LABEL POSITIVE PLAN.tsv > expected.tsv         two classes
       train.py --regression DATA.tsv TARGET PLAN.tsv > expected.tsv          a number

Everything is learned from the training rows of each split. Solvers run to tolerances far below what the
tests ask of eAE. Rows of the result:
    model spec param split sample value      the held-out value of one sample
    model spec param split objective value   the objective at the solution
"""
import csv
import gzip
import sys
import warnings

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

warnings.filterwarnings("ignore")


def read_table(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt") as f:
        rows = list(csv.reader(f, delimiter="\t"))
    return rows[0], rows[1:]


def read_data(path, label):
    header, rows = read_table(path)
    at = header.index(label)
    numeric = [j for j in range(1, len(header)) if j != at]
    x = np.array([[float(r[j]) for j in numeric] for r in rows]).astype(np.float32).astype(float)
    return [r[0] for r in rows], [r[at] for r in rows], x


def read_plan(path, ids):
    header, rows = read_table(path)
    split, sample, role = (header.index(c) for c in ("split", "sample", "role"))
    where = {name: i for i, name in enumerate(ids)}
    plan = {}
    for r in rows:
        part = plan.setdefault(int(r[split]), {"train": [], "test": []})
        if r[role] in part:
            part[r[role]].append(where[r[sample]])
    return plan


def hinge(w, b, x, y, c, power):
    slack = np.maximum(0, 1 - y * (x @ w + b))
    return 0.5 * w @ w + c * np.sum(slack**power)


def in_span(fit):
    """The same problem with as many unknowns as samples: weights lie in the span of the rows."""
    def fitted(x, y, c):
        q, r = np.linalg.qr(x.T)
        w, b, objective = fit(r.T, y, c)
        return q @ w, b, objective
    return fitted


@in_span
def fit_svm(x, y, c):
    m = SVC(kernel="linear", C=c, tol=1e-10, cache_size=500).fit(x, y)
    w, b = m.coef_[0], m.intercept_[0]
    return w, b, hinge(w, b, x, y, c, 1)


@in_span
def fit_squared_hinge(x, y, c):
    m = LinearSVC(C=c, loss="squared_hinge", dual=True, tol=1e-12, max_iter=20000).fit(x, y)
    w, b = m.coef_[0], m.intercept_[0]
    return w, b, hinge(w, b, x, y, c, 2) + 0.5 * b * b


@in_span
def fit_logistic(x, y, c):
    m = LogisticRegression(C=c, solver="newton-cg", tol=1e-12, max_iter=1000).fit(x, y)
    w, b = m.coef_[0], m.intercept_[0]
    return w, b, 0.5 * w @ w + c * np.sum(np.logaddexp(0, -y * (x @ w + b)))


def fit_ridge(x, y, lam):
    m = Ridge(alpha=lam * len(y), solver="cholesky").fit(x, y)
    r = y - m.predict(x)
    return m.coef_, m.intercept_, 0.5 * np.mean(r * r) + 0.5 * lam * m.coef_ @ m.coef_


def fit_linear(x, y, _):
    m = LinearRegression().fit(x, y)
    r = y - m.predict(x)
    return m.coef_, m.intercept_, 0.5 * np.mean(r * r)


CLASSES = [
    ("svm", "scale=fold;loss=hinge", 0.0001, fit_svm),
    ("svm", "scale=fold;loss=hinge", 1, fit_svm),
    ("svm", "scale=none;loss=hinge", 1e-9, fit_svm),
    ("svm", "scale=fold;loss=squared-hinge;bias=penalized", 0.0001, fit_squared_hinge),
    ("logistic", "scale=fold", 0.01, fit_logistic),
    ("logistic", "scale=fold", 1, fit_logistic),
]
NUMBERS = [
    ("ridge", "scale=fold", 0.1, fit_ridge),
    ("ridge", "scale=none", 10, fit_ridge),
    ("linear", "scale=fold", None, fit_linear),
]


def main(argv):
    regression = argv[1] == "--regression"
    if regression:
        data, label, plan_path = argv[2:5]
    else:
        data, label, positive, plan_path = argv[1:5]
    ids, labels, x = read_data(data, label)
    y = np.array([float(v) if regression else (1.0 if v == positive else -1.0) for v in labels])
    plan = read_plan(plan_path, ids)
    print("model", "spec", "param", "split", "what", "value", sep="\t")
    for model, spec, param, fit in NUMBERS if regression else CLASSES:
        shown = "NA" if param is None else f"{param:g}"
        for s, part in sorted(plan.items()):
            train, test = part["train"], part["test"]
            z = StandardScaler(with_mean="fold" in spec, with_std="fold" in spec).fit(x[train])
            w, b, objective = fit(z.transform(x[train]), y[train], param)
            print(model, spec, shown, s, "objective", repr(float(objective)), sep="\t")
            for i, v in zip(test, z.transform(x[test]) @ w + b):
                print(model, spec, shown, s, ids[i], repr(float(v)), sep="\t")


if __name__ == "__main__":
    main(sys.argv)
