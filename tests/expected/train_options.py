#!/usr/bin/python3
"""Held-out values of eae-train's options by scikit-learn, scipy and numpy: class weights, many
classes, covariates, adjustment, imputation, filters, intercepts, samples that count twice.

usage: train_options.py data     > tests/data/train/study.tsv
       train_options.py plan     > tests/data/train/study_plan.tsv
       train_options.py expected > tests/data/expected/train_options.tsv

The study is the first 120 samples of share/data/diabetes with two and three classes cut from the
target, and three noise features. Cells of `holes` are missing where a case says so. Rows of the
result are `label options sample split class value`; options are the words of a command line.
"""
import csv
import os
import sys
import warnings

import numpy as np
from scipy import stats
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC, LinearSVC

warnings.filterwarnings("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
DIABETES = os.path.join(HERE, "..", "..", "share", "data", "diabetes", "diabetes.tsv")
STUDY = os.path.join(HERE, "..", "data", "train", "study.tsv")
PLAN = os.path.join(HERE, "..", "data", "train", "study_plan.tsv")
META = ("age", "sex", "target", "two", "three")
N = 120


def write_data():
    rng = np.random.default_rng(3)
    with open(DIABETES, encoding="utf-8") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))[:N]
    target = np.array([float(r["target"]) for r in rows])
    low, high = np.quantile(target, [0.4, 0.75])
    features = [c for c in rows[0] if c not in ("sample", "age", "sex", "target")]
    noise = [f"noise{k}" for k in (1, 2, 3)]
    print("sample", *META, *features, *noise, sep="\t")
    for r, t in zip(rows, target):
        two = "high" if t > high else "low"
        three = "c" if t > high else "b" if t > low else "a"
        print(r["sample"], r["age"], "F" if r["sex"] == "2" else "M", r["target"], two, three,
              *(r[c] for c in features), *(f"{v:.3f}" for v in rng.normal(50, 9, 3)), sep="\t")


def write_plan():
    """Three splits of 24 test samples; in the third every fifth training sample counts twice."""
    print("split", "sample", "role", "count", sep="\t")
    for s in range(3):
        for i in range(N):
            test = i % 5 == s
            count = 2 if s == 2 and not test and i % 4 == 0 else 1
            print(s + 1, f"D{i + 1:03d}", "test" if test else "train", count, sep="\t")


def read(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def has_hole(i, j):
    """The same rule as in tests/cli/train/options.bats."""
    return (i * 7 + j * 5) % 13 == 0


class Study:
    def __init__(self):
        rows = read(STUDY)
        self.ids = [r["sample"] for r in rows]
        self.features = [c for c in rows[0] if c not in META and c != "sample"]
        self.x = np.array([[float(r[c]) for c in self.features] for r in rows]).astype(np.float32).astype(float)
        self.holes = self.x.copy()
        for i, j in np.ndindex(*self.x.shape):
            if has_hole(i, j):
                self.holes[i, j] = np.nan
        self.beside = np.array([[float(r["age"]), r["sex"] == "M"] for r in rows], float)
        self.target = np.array([float(r["target"]) for r in rows])
        self.two = np.array([float(r["two"] == "low") for r in rows])  # high, low: low is positive
        self.three = np.array(["abc".index(r["three"]) for r in rows])
        where = {name: i for i, name in enumerate(self.ids)}
        self.splits = {}
        for r in read(PLAN):
            train, test = self.splits.setdefault(int(r["split"]), ([], []))
            if r["role"] == "test":
                test.append(where[r["sample"]])
            else:
                train.extend([where[r["sample"]]] * int(r["count"]))


# ---- preprocessing: (train, test) -> (train, test) ----------------------------------------------

def scaled(a, b):
    mean, sd = a.mean(0), a.std(0)
    return (a - mean) / sd, (b - mean) / sd


def filled(a, b, how):
    fill = how(a, axis=0)
    return tuple(np.where(np.isnan(v), fill, v) for v in (a, b))


def adjusted(a, b, ua, ub):
    ua, ub = (np.column_stack([np.ones(len(u)), u]) for u in (ua, ub))
    coef = np.linalg.lstsq(ua, a, rcond=None)[0]
    return a - ua @ coef, b - ub @ coef


def best(score, k):
    order = sorted(range(len(score)), key=lambda j: (-score[j], j))
    return sorted(order[:k])


def ttest(x, y, k):
    return best(abs(stats.ttest_ind(x[y == 1], x[y == 0], equal_var=False).statistic), k)


def anova(x, y, k):
    return best(stats.f_oneway(*(x[y == c] for c in range(3))).statistic, k)


def corr(x, y, k):
    return best([abs(stats.pearsonr(v, y)[0]) for v in x.T], k)


def variance(x, _, k):
    return best(x.var(0, ddof=1), k)


def mad(x, _, k):
    return best(stats.median_abs_deviation(x, axis=0), k)


# ---- learners: (x, y, test) -> values of the test samples, a column per class --------------------

def signs(y):
    return 2 * y - 1


def svm(c, weights=None):
    def fit(x, y, test):
        m = SVC(kernel="linear", C=c(len(y)) if callable(c) else c, tol=1e-10, class_weight=weights)
        return m.fit(x, signs(y)).decision_function(test)
    return fit


def kernel_svm(kernel, c, gamma="auto", degree=3, weights=None):
    """gamma "auto" is 1 / features."""
    def fit(x, y, test):
        m = SVC(kernel=kernel, C=c, gamma=gamma, degree=degree, tol=1e-10, class_weight=weights)
        return m.fit(x, signs(y)).decision_function(test)
    return fit


def kernel_one_vs_rest(kernel, c):
    def fit(x, y, test):
        m = OneVsRestClassifier(SVC(kernel=kernel, C=c, gamma="auto", tol=1e-10))
        return m.fit(x, y).decision_function(test)
    return fit


def kernel_squared_hinge(c):
    """Its dual is that of the hinge without bound, with 1 / (2 c) added to the kernel's diagonal."""
    def fit(x, y, test):
        m = SVC(kernel="precomputed", C=1e6, tol=1e-10)
        m.fit(rbf_kernel(x) + np.eye(len(x)) / (2 * c), signs(y))
        return m.decision_function(rbf_kernel(test, x))
    return fit


def svm_penalised_bias(c):
    """With its column of ones the intercept is a weight: as many epochs as it takes."""
    def fit(x, y, test):
        m = LinearSVC(C=c, loss="hinge", dual=True, tol=1e-10, max_iter=100000)
        return m.fit(x, signs(y)).decision_function(test)
    return fit


def svm_one_vs_rest(c):
    def fit(x, y, test):
        m = OneVsRestClassifier(SVC(kernel="linear", C=c, tol=1e-7))
        return m.fit(x, y).decision_function(test)
    return fit


def logistic(c, weights=None):
    def fit(x, y, test):
        m = LogisticRegression(C=c, solver="newton-cg", tol=1e-12, max_iter=1000, class_weight=weights)
        return m.fit(x, y).decision_function(test)
    return fit


def softmax(c):
    def fit(x, y, test):
        m = LogisticRegression(C=c, solver="newton-cg", tol=1e-12, max_iter=1000, multi_class="multinomial")
        return m.fit(x, y).decision_function(test)
    return fit


def newton(x, y, free, slope, curvature, c):
    """min 1/2 |w|^2 + c sum loss(y f), the columns `free` and the intercept without penalty."""
    z = np.column_stack([x, free, np.ones(len(x))])
    penalty = np.array([1.0] * x.shape[1] + [0.0] * (z.shape[1] - x.shape[1]))
    w = np.zeros(z.shape[1])
    for _ in range(200):
        margin = y * (z @ w)
        gradient = penalty * w + c * z.T @ (y * slope(margin))
        hessian = np.diag(penalty) + c * (z.T * curvature(margin)) @ z
        w = w - np.linalg.solve(hessian, gradient)
    assert np.abs(gradient).max() < 1e-9
    return w


def logistic_beside(c):
    def fit(x, y, test, free, free_test):
        w = newton(x, signs(y), free, lambda m: -expit(-m), lambda m: expit(m) * expit(-m), c)
        return np.column_stack([test, free_test, np.ones(len(test))]) @ w
    return fit


def squared_hinge(c):
    def fit(x, y, test):
        none, none_test = np.zeros((len(x), 0)), np.zeros((len(test), 0))
        w = newton(x, signs(y), none, lambda m: -2 * np.maximum(0, 1 - m), lambda m: 2.0 * (m < 1), c)
        return np.column_stack([test, none_test, np.ones(len(test))]) @ w
    return fit


def squared_hinge_beside(c):
    def fit(x, y, test, free, free_test):
        w = newton(x, signs(y), free, lambda m: -2 * np.maximum(0, 1 - m), lambda m: 2.0 * (m < 1), c)
        return np.column_stack([test, free_test, np.ones(len(test))]) @ w
    return fit


def ridge_beside(lam):
    def fit(x, y, test, free, free_test):
        z, zt = (np.column_stack(v) for v in ([x, free, np.ones(len(x))], [test, free_test, np.ones(len(test))]))
        penalty = np.diag([lam * len(y)] * x.shape[1] + [0.0] * (z.shape[1] - x.shape[1]))
        return zt @ np.linalg.solve(z.T @ z + penalty, z.T @ y)
    return fit


def ridge(lam):
    def fit(x, y, test):
        return ridge_beside(lam)(x, y, test, np.zeros((len(x), 0)), np.zeros((len(test), 0)))
    return fit


# ---- cases: label, options, learner, what is done before ----------------------------------------

CASES = [
    ("two", "svm -C 0.1", svm(0.1), ()),
    ("two", "svm --lambda 0.05", svm(lambda n: 1 / (0.05 * n)), ()),
    ("two", "svm -C 0.1 --class-weight balanced", svm(0.1, "balanced"), ()),
    ("two", "svm -C 0.1 --class-weight 3,0.5", svm(0.1, {-1: 3, 1: 0.5}), ()),
    ("two", "svm -C 0.1 --bias penalized", svm_penalised_bias(0.1), ()),
    ("two", "svm -C 0.1 --loss squared-hinge", squared_hinge(0.1), ()),
    ("two", "logistic -C 0.5 --class-weight balanced", logistic(0.5, "balanced"), ()),
    ("two", "svm -C 0.1 --scale all", svm(0.1), ("all",)),
    ("two", "svm -C 0.1 --adjust age,sex", svm(0.1), ("adjust",)),
    ("two", "svm -C 0.1 --impute mean", svm(0.1), (np.nanmean,)),
    ("two", "logistic -C 0.5 --impute median", logistic(0.5), (np.nanmedian,)),
    ("two", "svm -C 0.1 --filter ttest:3", svm(0.1), (ttest,)),
    ("two", "svm -C 0.1 --adjust age,sex --filter ttest:3", svm(0.1), ("adjust", ttest)),
    ("two", "svm -C 0.1 --filter variance:4", svm(0.1), (variance,)),
    ("two", "svm -C 0.1 --filter mad:4", svm(0.1), (mad,)),
    ("two", "logistic -C 0.5 --covariates age,sex", logistic_beside(0.5), ("beside",)),
    ("two", "svm -C 0.1 --loss squared-hinge --covariates age,sex", squared_hinge_beside(0.1), ("beside",)),
    ("three", "svm -C 0.1", svm_one_vs_rest(0.1), ()),
    ("three", "logistic -C 0.5", softmax(0.5), ()),
    ("three", "logistic -C 0.5 --filter anova:4", softmax(0.5), (anova,)),
    ("target", "ridge --lambda 0.3", ridge(0.3), ()),
    ("target", "ridge --lambda 0.3 --adjust age,sex", ridge(0.3), ("adjust",)),
    ("target", "ridge --lambda 0.3 --covariates age,sex", ridge_beside(0.3), ("beside",)),
    ("target", "ridge --lambda 0.3 --filter corr:3 --impute mean", ridge(0.3), (np.nanmean, corr)),
    ("two", "svm -C 2 --kernel rbf", kernel_svm("rbf", 2), ()),
    ("two", "svm -C 2 --kernel rbf --gamma 0.3 --class-weight balanced", kernel_svm("rbf", 2, 0.3, weights="balanced"), ()),
    ("two", "svm -C 0.5 --kernel poly", kernel_svm("poly", 0.5), ()),
    ("two", "svm -C 0.1 --kernel poly --degree 2 --gamma 0.2", kernel_svm("poly", 0.1, 0.2, 2), ()),
    ("two", "svm -C 2 --kernel rbf --filter ttest:3", kernel_svm("rbf", 2), (ttest,)),
    ("two", "svm -C 2 --kernel rbf --impute mean", kernel_svm("rbf", 2), (np.nanmean,)),
    ("two", "svm -C 2 --kernel rbf --adjust age,sex", kernel_svm("rbf", 2), ("adjust",)),
    ("two", "svm -C 2 --kernel rbf --gamma 0.001 --scale none", kernel_svm("rbf", 2, 0.001), ("none",)),
    ("two", "svm -C 0.1 --kernel poly --degree 2 --gamma 0.00001 --scale none", kernel_svm("poly", 0.1, 0.00001, 2), ("none",)),
    ("two", "svm -C 2 --kernel rbf --loss squared-hinge", kernel_squared_hinge(2), ()),
    ("three", "svm -C 2 --kernel rbf", kernel_one_vs_rest("rbf", 2), ()),
    ("three", "svm -C 0.2 --kernel poly", kernel_one_vs_rest("poly", 0.2), ()),
]


def held_out(study, label, learner, steps, train, test):
    y = getattr(study, label)[train]
    source = study.holes if any(s in (np.nanmean, np.nanmedian) for s in steps) else study.x
    a, b = source[train], source[test]
    u, v = scaled(study.beside[train], study.beside[test])
    for step in steps:
        if step in (np.nanmean, np.nanmedian):
            a, b = filled(a, b, step)
        elif step == "adjust":
            a, b = adjusted(a, b, u, v)
        elif callable(step):
            keep = step(a, y, STEP_SIZE[step])
            a, b = a[:, keep], b[:, keep]
    if "none" in steps:
        return learner(a, y, b)
    if "all" in steps:
        mean, sd = study.x.mean(0), study.x.std(0)
        a, b = (a - mean) / sd, (b - mean) / sd
    else:
        a, b = scaled(a, b)
    return learner(a, y, b, u, v) if "beside" in steps else learner(a, y, b)


STEP_SIZE = {ttest: 3, variance: 4, mad: 4, anova: 4, corr: 3}


def write_expected():
    study = Study()
    print("label", "options", "sample", "split", "class", "value", sep="\t")
    for label, options, learner, steps in CASES:
        for split, (train, test) in study.splits.items():
            values = held_out(study, label, learner, steps, train, test)
            values = values.reshape(len(test), -1)
            for i, row in zip(test, values):
                for c, value in enumerate(row):
                    name = "abc"[c] if len(row) > 1 else "NA"
                    print(label, options, study.ids[i], split, name, f"{value:.10g}", sep="\t")


if __name__ == "__main__":
    {"data": write_data, "plan": write_plan, "expected": write_expected}[sys.argv[1]]()
