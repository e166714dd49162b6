#!/usr/bin/python3
"""The published split of Golub et al.: decision values of the 34 independent samples by models of
the 38 training samples, scikit-learn.

usage: train_published.py > tests/data/expected/train_published.tsv
"""
import os

import numpy as np
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from train import read_data, read_table

HERE = os.path.dirname(os.path.abspath(__file__))
GOLUB = os.path.join(HERE, "..", "..", "share", "data", "golub")


def by_ttest(x, y, k):
    with np.errstate(all="ignore"):
        t = abs(stats.ttest_ind(x[y], x[~y], equal_var=False).statistic)
    return sorted(sorted(range(len(t)), key=lambda j: (-np.nan_to_num(t[j], nan=-1), j))[:k])


def main():
    ids, labels, x = read_data(os.path.join(GOLUB, "golub.tsv.gz"), "class")
    header, rows = read_table(os.path.join(GOLUB, "samples.tsv"))
    part = {r[0]: r[header.index("split")] for r in rows}
    train = np.array([part[i] == "train" for i in ids])
    y = np.array([v == "AML" for v in labels])
    keep = by_ttest(x[train], y[train], 50)
    print("options", "sample", "value", sep="\t")
    for options, columns, model in (
            ("svm -C 0.001", slice(None), SVC(kernel="linear", C=0.001, tol=1e-10)),
            ("svm -C 0.01 --filter ttest:50", keep, SVC(kernel="linear", C=0.01, tol=1e-10)),
            ("logistic -C 0.1 --filter ttest:50", keep, LogisticRegression(C=0.1, tol=1e-12, solver="newton-cg"))):
        a, b = x[train][:, columns], x[~train][:, columns]
        mean, sd = a.mean(0), a.std(0)
        sd[sd == 0] = 1
        values = model.fit((a - mean) / sd, y[train]).decision_function((b - mean) / sd)
        for sample, value in zip(np.array(ids)[~train], values):
            print(options, sample, f"{value:.10g}", sep="\t")


if __name__ == "__main__":
    main()
