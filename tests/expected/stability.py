#!/usr/bin/python3
"""Features selected in the splits of a made-up study, and how stable that is, by the formulas of
Nogueira, Sechidis and Brown (2018), of Kuncheva (2007) and of Jaccard, with numpy.

Writes, beside tests/data/expected: stability_rows.tsv (rows of rank and model frames: source weight,
random: ranks; lasso: weights of 60 features and a covariate), stability.tsv (what follows),
similarity.tsv (mean Jaccard index of two of them, split by split).
"""
import itertools
import math
import os

import numpy as np
from scipy import stats

OUT = os.path.join(os.path.dirname(__file__), "..", "data", "expected")
rng = np.random.default_rng(23)
D, M = 60, 12
STRENGTH = np.where(np.arange(D) < 8, 2.0, 0.0)
STEPS = [60, 45, 30, 20, 12, 8, 5, 3, 1]  # sizes that the random policy visits
SIZES = [1, 5, 8, 30, 45]


def write(name, header, rows):
    with open(os.path.join(OUT, name), "w") as f:
        f.write("\t".join(header) + "\n")
        for row in rows:
            f.write("\t".join(text(x) for x in row) + "\n")


def text(x):
    if isinstance(x, (float, np.floating)):
        return "NA" if math.isnan(x) else f"{x:.16g}"
    return str(x)


def ranks():
    """1 for the last to go, all different."""
    return np.array([stats.rankdata(-(STRENGTH + rng.normal(size=D)), method="ordinal")
                     for _ in range(M)])


def shared(rank):
    """The features of one step share the number of features there were before it."""
    return np.array([min(s for s in STEPS if r <= s) for r in rank.ravel()]).reshape(rank.shape)


def weights():
    w = np.round((STRENGTH + rng.normal(size=(M, D))) * 4) / 8
    w[np.abs(w) < 0.5] = 0
    w[:, 50:] = np.nan  # filtered out
    return w


def nogueira(z):
    m, d = z.shape
    p, k = z.mean(axis=0), z.sum(axis=1)
    mean = k.mean()
    below = mean / d * (1 - mean / d)
    if m < 2 or below == 0:
        return math.nan, math.nan, math.nan
    value = 1 - np.sum(m / (m - 1) * p * (1 - p)) / d / below
    phi = [(np.sum(z[i] * p) / d - k[i] * mean / d ** 2
            + value / 2 * (2 * mean * k[i] / d ** 2 - k[i] / d - mean / d + 1)) / below
           for i in range(m)]
    half = stats.norm.ppf(0.975) * math.sqrt(4 / m ** 2 * np.sum((phi - np.mean(phi)) ** 2))
    return value, value - half, value + half


def jaccard(a, b):
    return (a & b).sum() / (a | b).sum() if (a | b).any() else math.nan


def kuncheva(z):
    m, d = z.shape
    k = z.sum(axis=1)
    if len(set(k)) > 1 or k[0] in (0, d):
        return math.nan
    return np.mean([((a & b).sum() * d - k[0] ** 2) / (k[0] * (d - k[0]))
                    for a, b in itertools.combinations(z, 2)])


def main():
    weight = ranks()
    sources = {"weight": weight, "random": shared(ranks()), "lasso": weights()}
    rows = [[s, i + 1, " ".join(text(float(x)) for x in r)]
            for s, v in sources.items() for i, r in enumerate(v)]
    write("stability_rows.tsv", ["source", "split", "values"], rows)
    sets, out = {}, []
    for source in ("weight", "random"):
        for size in SIZES:
            sets[source, size] = sources[source] <= size
    sets["lasso", D] = np.nan_to_num(sources["lasso"]) != 0
    for (source, size), z in sets.items():
        value, low, high = nogueira(z)
        pairs = [jaccard(a, b) for a, b in itertools.combinations(z, 2)]
        out += [[source, size, "features", M, z.sum(axis=1).mean(), math.nan, math.nan],
                [source, size, "nogueira", M, value, low, high],
                [source, size, "jaccard", M, np.nanmean(pairs), math.nan, math.nan],
                [source, size, "kuncheva", M, kuncheva(z), math.nan, math.nan]]
    write("stability.tsv", ["source", "size", "metric", "n", "value", "lo", "hi"], out)
    write("similarity.tsv", ["a", "size_a", "b", "size_b", "jaccard"],
          [(*a, *b, np.mean([jaccard(x, y) for x, y in zip(sets[a], sets[b])]))
           for a, b in itertools.combinations(sets, 2)])


main()
