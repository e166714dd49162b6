#!/usr/bin/python3
"""Recursive feature elimination, one feature a step, taken literally: at every step scikit-learn's SVC
(LIBSVM) is fitted on the features that are left, to a tolerance of 1e-10, and the feature with the smallest
w^2 (summed over the machines, one against the rest) goes; of equal ones the first.

usage: svm_eliminate.py [golub|CASE...] > svm_eliminate.tsv

Without arguments every case of `cases`; `golub`: all 7,129 features of golub (many minutes; not in the tree).
Features are standardised (population sd). The squared hinge is the hinge on K + diag(1 / 2C) without an upper
bound. Rows: case, step, feature (column of the data, from 0), square: its sum of w^2, gap: (next - square) /
next, where next is the second smallest. The last line of a case is the feature that stays.

Data: golub, its 300 features of largest variance; diabetes, its 10 variables and their 55 products, two
classes (target above 140) and three (up to 100, up to 180, above).
"""
import sys

import numpy as np
from sklearn.svm import SVC

from train import read_data, read_table


def golub(count):
    _, label, x = read_data("share/data/golub/golub.tsv.gz", "class")
    y = np.array([1.0 if v == "AML" else -1.0 for v in label])
    keep = np.sort(np.argsort(-x.var(axis=0), kind="stable")[:count])
    return x[:, keep], keep, y[None, :]


def diabetes(classes):
    header, rows = read_table("share/data/diabetes/diabetes.tsv")
    table = np.array([[float(v) for v in r[1:]] for r in rows])
    x, target = table[:, :10], table[:, header.index("target") - 1]
    products = [x[:, a] * x[:, b] for a in range(10) for b in range(a, 10)]
    x = np.column_stack([x] + products)
    group = (target > 100).astype(int) + (target > 180)
    if classes == 2:
        y = np.where(target > 140, 1.0, -1.0)[None, :]
    else:
        y = np.array([np.where(group == k, 1.0, -1.0) for k in range(3)])
    return x, np.arange(x.shape[1]), y


def fit(x, y, c, squared):
    """w of one machine."""
    if squared:
        k = x @ x.T + np.eye(len(y)) / (2 * c)
        m = SVC(kernel="precomputed", C=1e6, tol=1e-10, cache_size=500, max_iter=-1).fit(k, y)
        assert np.abs(m.dual_coef_).max() < 1e5
    else:
        m = SVC(kernel="linear", C=c, tol=1e-10, cache_size=500, max_iter=-1).fit(x, y)
    return x[m.support_].T @ m.dual_coef_[0]


def eliminate(name, data, c, squared):
    x, column, y = data
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    left = list(range(x.shape[1]))
    for step in range(len(left) - 1):
        z = np.ascontiguousarray(x[:, left])
        square = sum(fit(z, side, c, squared) ** 2 for side in y)
        order = np.argsort(square, kind="stable")
        gone, after = square[order[0]], square[order[1]]
        print(name, step, column[left[order[0]]], "%.17g" % gone, "%.3g" % ((after - gone) / after), sep="\t",
              flush=True)
        del left[order[0]]
    print(name, x.shape[1] - 1, column[left[0]], "NA", "NA", sep="\t", flush=True)


def main():
    cases = {
        "golub-hinge-1": lambda: (golub(300), 1.0, False),
        "golub-hinge-0.001": lambda: (golub(300), 0.001, False),
        "golub-squared-hinge-0.01": lambda: (golub(300), 0.01, True),
        "diabetes-hinge-0.1": lambda: (diabetes(2), 0.1, False),
        "diabetes-3-squared-hinge-0.001": lambda: (diabetes(3), 0.001, True),
        "golub": lambda: (golub(7129), 1.0, False),
    }
    print("case", "step", "feature", "square", "gap", sep="\t")
    for name in sys.argv[1:] or list(cases)[:-1]:
        eliminate(name, *cases[name]())


if __name__ == "__main__":
    main()
