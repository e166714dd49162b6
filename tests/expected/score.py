#!/usr/bin/python3
"""Held-out values of a made-up study, and what eae-score must say about them: splits, summaries,
thresholds, permutation p-values, DeLong and bootstrap intervals, by numpy, scipy and scikit-learn.

Writes, beside tests/data/expected: score_samples.tsv, score_predictions.tsv (rows of a prediction
frame), score_splits.tsv, score_summary.tsv, score_thresholds.tsv, delong.tsv, score_intervals.tsv.
"""
import math
import os
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics as sk

warnings.simplefilter("ignore")
OUT = os.path.join(os.path.dirname(__file__), "..", "data", "expected")
rng = np.random.default_rng(5)
N, FOLDS, REPEATS, PERMS = 36, 6, 3, 19
GROUP = np.arange(N) // 2
Y = (rng.random(N) < 0.35).astype(int)
PARAMS = ("0.1", "1")


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
    """(param, perm, repeat) -> list of (split, samples, values)"""
    rows = {}
    folds = {r: np.array_split(rng.permutation(N), FOLDS) for r in range(1, REPEATS + 1)}
    for param in PARAMS:
        for perm in range(PERMS + 1 if param == "1" else 1):
            for repeat in folds:
                signal = 0.35 if perm == 0 else 0.0
                value = np.round(8 * (rng.normal(size=N) + signal * (Y - 0.5))) / 8
                rows[param, perm, repeat] = [
                    ((repeat - 1) * FOLDS + k + 1, np.sort(test), value[np.sort(test)])
                    for k, test in enumerate(folds[repeat])]
    return rows


def score(metric, y, v, cut=0.0):
    called = (v > cut).astype(int)
    if metric == "auc":
        return sk.roc_auc_score(y, v) if len(set(y)) == 2 else math.nan
    if metric == "balanced":
        return sk.balanced_accuracy_score(y, called) if len(set(y)) == 2 else math.nan
    return float(np.mean(called == y))


def choose(rule, y, v):
    """Every cut half-way between neighbours and beyond the ends, by its definition."""
    values = np.unique(v)
    cuts = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
    rate = [(np.mean(v[y == 1] > c), np.mean(v[y == 0] <= c)) for c in cuts]
    if rule == "youden":
        top = max(a + b for a, b in rate)
        best = [c for c, (a, b) in zip(cuts, rate) if a + b > top - 1e-9]
        return min(best, key=lambda c: (abs(c), c))
    kind, level = rule.split(":")
    if kind == "tpr":
        return max(c for c, (a, b) in zip(cuts, rate) if a >= float(level))
    return min(c for c, (a, b) in zip(cuts, rate) if b >= float(level))


def splits(rows, param, perm):
    return [s for r in range(1, REPEATS + 1) for s in rows[param, perm, r]]


def summary(rows, param, metric):
    def values(perm):
        x = np.array([score(metric, Y[t], v) for _, t, v in splits(rows, param, perm)])
        return x[~np.isnan(x)]
    x = values(0)
    j = len(x)
    sd = x.std(ddof=1)
    half = stats.t.ppf(0.975, j - 1) * sd * math.sqrt(1 / j + 1 / (FOLDS - 1))
    pooled = np.mean([score(metric, np.concatenate([Y[t] for _, t, _ in rows[param, 0, r]]),
                            np.concatenate([v for _, _, v in rows[param, 0, r]]))
                      for r in range(1, REPEATS + 1)])
    perms = PERMS if param == "1" else 0
    good = sum(values(b).mean() >= x.mean() - 1e-12 for b in range(1, perms + 1))
    p = (1 + good) / (1 + perms) if perms else math.nan
    return [j, x.mean(), sd, x.mean() - half, x.mean() + half, pooled, perms, p]


def delong(y, v):
    """By the definition: placements of each sample among the other class."""
    wins = lambda a, b: (a > b) + 0.5 * (a == b)
    pos, neg = v[y == 1], v[y == 0]
    up = np.array([np.mean([wins(a, b) for b in neg]) for a in pos])
    down = np.array([np.mean([wins(a, b) for a in pos]) for b in neg])
    return up.mean(), up.var(ddof=1) / len(up) + down.var(ddof=1) / len(down)


def mean_values(rows, param):
    total = np.zeros(N)
    for r in range(1, REPEATS + 1):
        for _, t, v in rows[param, 0, r]:
            total[t] += v
    return total / REPEATS


def bootstrap(rows, param, unit, times=5000):
    """Percentiles of the pooled AUC over resampled units."""
    draw = np.random.default_rng(99)
    value = np.empty((REPEATS, N))
    for r in range(1, REPEATS + 1):
        for _, t, v in rows[param, 0, r]:
            value[r - 1, t] = v
    members = [np.flatnonzero(unit == u) for u in np.unique(unit)]
    out = []
    for _ in range(times):
        take = np.concatenate([members[u] for u in draw.integers(0, len(members), len(members))])
        y = Y[take]
        if 0 < y.sum() < len(y):
            rank = stats.rankdata(value[:, take], axis=1)
            p, n = y.sum(), len(y) - y.sum()
            out.append(((rank[:, y == 1].sum(axis=1) - p * (p + 1) / 2) / (p * n)).mean())
    return np.quantile(out, [0.025, 0.975])


def main():
    rows = study()
    write("score_samples.tsv", ["id", "label", "group"],
          [(f"s{i + 1}", "case" if Y[i] else "control", f"g{GROUP[i]}") for i in range(N)])
    lines = []
    for (param, perm, repeat), entries in rows.items():
        for split, t, v in entries:
            cells = ["NA"] * N
            for i, x in zip(t, v):
                cells[i] = f"{x + 0.0:g}"
            lines.append([param, split, repeat, (split - 1) % FOLDS + 1, perm, " ".join(cells)])
    write("score_predictions.tsv", ["param", "split", "repeat", "fold", "perm", "values"], lines)
    metrics = ("auc", "balanced", "accuracy")
    write("score_splits.tsv", ["param", "split", "metric", "value"],
          [(p, s, m, score(m, Y[t], v)) for p in PARAMS for s, t, v in splits(rows, p, 0)
           for m in metrics])
    write("score_summary.tsv",
          ["param", "metric", "n", "mean", "sd", "lo", "hi", "pooled", "perms", "p"],
          [[p, m] + summary(rows, p, m) for p in PARAMS for m in metrics])
    cuts = []
    for rule in ("youden", "tpr:0.8", "tpr:1", "tnr:0.75", "tnr:1"):
        for p in PARAMS:
            for r in range(1, REPEATS + 1):
                for s, t, v in rows[p, 0, r]:
                    rest = [(u, w) for k, u, w in rows[p, 0, r] if k != s]
                    cut = choose(rule, np.concatenate([Y[u] for u, _ in rest]),
                                 np.concatenate([w for _, w in rest]))
                    cuts.append((rule, p, s, cut, score("accuracy", Y[t], v, cut)))
    write("score_thresholds.tsv", ["rule", "param", "split", "threshold", "accuracy"], cuts)
    cases = []
    for name, y, v in (("plain", Y, rng.normal(size=N) + Y), ("ties", Y, np.round(rng.normal(size=N) + Y)),
                       ("perfect", Y, Y * 1.0), ("small", Y[:8], rng.normal(size=8))):
        v = np.round(v, 3)
        cases += [(name, float(x), int(c), *delong(y, v)) for x, c in zip(v, y)]
    write("delong.tsv", ["case", "value", "positive", "auc", "variance"], cases)
    out = []
    for p in PARAMS:
        auc, variance = delong(Y, mean_values(rows, p))
        half = stats.norm.ppf(0.975) * math.sqrt(variance)
        out.append((p, "delong", auc - half, min(1.0, auc + half)))
        out.append((p, "samples", *bootstrap(rows, p, np.arange(N))))
        out.append((p, "groups", *bootstrap(rows, p, GROUP)))
    write("score_intervals.tsv", ["param", "method", "lo", "hi"], out)


main()
