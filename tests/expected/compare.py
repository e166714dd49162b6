#!/usr/bin/python3
"""Held-out values of a made-up study of six candidates, and what eae-score --compare must say about
them: the corrected resampled t test and McNemar's by numpy and scipy; compare.R adds DeLong's test,
Holm's correction and hazard ratios.

Writes, beside tests/data/expected: compare_samples.tsv, compare_predictions.tsv (rows of a prediction
frame), compare_tests.tsv.
"""
import math
import os

import numpy as np
from scipy import stats

OUT = os.path.join(os.path.dirname(__file__), "..", "data", "expected")
rng = np.random.default_rng(11)
N, FOLDS, REPEATS = 48, 4, 3
Y = rng.permutation(np.arange(N) % 2)
TIME = np.ceil(rng.exponential(20, N) * np.where(Y == 1, 0.6, 1.0)) + 1
STATUS = (rng.random(N) < 0.7).astype(int)
# model, spec, param, size, signal; the last has the values of the first
CANDIDATES = [("svm", "loss=hinge", "1", "50", 1.5), ("svm", "loss=hinge", "0.1", "50", 1.3),
              ("svm", "loss=hinge", "1", "5", 1.85), ("logistic", "covariates=age,sex", "1", "0", 0.4),
              ("logistic", "covariates=age,sex", "1", "50", 1.1), ("svm", "loss=hinge", "tuned", "50", None)]


def write(name, header, rows):
    with open(os.path.join(OUT, name), "w") as f:
        f.write("\t".join(header) + "\n")
        for row in rows:
            f.write("\t".join(text(x) for x in row) + "\n")


def text(x):
    if isinstance(x, (float, np.floating)):
        return "NA" if math.isnan(x) else repr(float(x))
    return str(x)


def study():
    """candidate -> list of (split, repeat, fold, samples, values)"""
    folds = [np.array_split(rng.permutation(N), FOLDS) for _ in range(REPEATS)]
    shared = rng.normal(size=(REPEATS, N))
    out = []
    for *_, signal in CANDIDATES:
        if signal is None:
            out.append(out[0])
            continue
        splits = []
        for r in range(REPEATS):
            value = np.round(8 * (0.6 * shared[r] + 0.8 * rng.normal(size=N) + signal * (Y - 0.5))) / 8 + 1 / 16
            splits += [(r * FOLDS + k + 1, r + 1, k + 1, np.sort(t), value[np.sort(t)])
                       for k, t in enumerate(folds[r])]
        out.append(splits)
    return out


def auc(y, v):
    if len(set(y)) < 2:
        return math.nan
    pos, neg = v[y == 1], v[y == 0]
    return np.mean((pos[:, None] > neg) + 0.5 * (pos[:, None] == neg))


def accuracy(y, v):
    return np.mean((v > 0) == (y == 1))


def resampled_t(a, b):
    d = a - b
    j, ratio = len(d), 1 / (FOLDS - 1)
    error = d.std(ddof=1) * math.sqrt(1 / j + ratio)
    if error == 0:
        return [j, a.mean(), b.mean(), 0.0, 0.0, 0.0, 1.0]
    half = stats.t.ppf(0.975, j - 1) * error
    return [j, a.mean(), b.mean(), d.mean(), d.mean() - half, d.mean() + half,
            2 * stats.t.sf(abs(d.mean()) / error, j - 1)]


def mcnemar(right_a, right_b):
    only_a, only_b = np.sum(right_a & ~right_b), np.sum(right_b & ~right_a)
    n, both = len(right_a), only_a + only_b
    p = stats.binomtest(int(only_a), int(both)).pvalue if both else 1.0
    # Agresti and Min 2005: half a sample more in each of the four cells
    pa, pb = (only_a + 0.5) / (n + 2), (only_b + 0.5) / (n + 2)
    half = stats.norm.ppf(0.975) * math.sqrt((pa + pb - (pa - pb) ** 2) / (n + 2))
    return [n, right_a.mean(), right_b.mean(), (only_a - only_b) / n, pa - pb - half, pa - pb + half, p]


def name(i):
    model, spec, param, size, _ = CANDIDATES[i]
    return f"{model},spec={spec},param={param},size={size}"


def main():
    values = study()
    write("compare_samples.tsv", ["id", "label", "time", "status"],
          [(f"s{i + 1}", "case" if Y[i] else "control", f"{TIME[i]:g}", STATUS[i]) for i in range(N)])
    lines = []
    for (model, spec, param, size, _), splits in zip(CANDIDATES, values):
        for split, repeat, fold, t, v in splits:
            cells = ["NA"] * N
            for i, x in zip(t, v):
                cells[i] = f"{x + 0.0:g}"
            lines.append([model, spec, param, size, split, repeat, fold, " ".join(cells)])
    write("compare_predictions.tsv",
          ["model", "spec", "param", "size", "split", "repeat", "fold", "values"], lines)

    def first_repeat(i):
        right = np.empty(N, bool)
        for _, repeat, _, t, v in values[i]:
            if repeat == 1:
                right[t] = (v > 0) == (Y[t] == 1)
        return right

    tests = []
    for against in range(len(CANDIDATES)):
        for i in range(len(CANDIDATES)):
            if i == against:
                continue
            for metric, score in (("auc", auc), ("accuracy", accuracy)):
                a, b = (np.array([score(Y[t], v) for *_, t, v in values[k]]) for k in (i, against))
                tests.append([name(against), name(i), metric, "t", *resampled_t(a, b)])
            tests.append([name(against), name(i), "accuracy", "mcnemar",
                          *mcnemar(first_repeat(i), first_repeat(against))])
    write("compare_tests.tsv", ["against", "candidate", "metric", "test", "n", "a", "b", "diff", "lo",
                                "hi", "p"], tests)


main()
