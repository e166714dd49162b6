#!/usr/bin/python3
"""Expected values of --impute knn:3 by scikit-learn's KNNImputer with weights by distance, features
as its rows; and normal quantiles of 32-bit words by scipy. Run in the root of the tree. Writes
tests/data/expected/knn.tsv (sample feature x value) and normal.tsv (word z)."""
import numpy as np
from scipy.special import ndtri
from sklearn.impute import KNNImputer

rng = np.random.default_rng(5)
factor = rng.normal(size=(9, 3))
x = np.round(factor @ rng.normal(size=(3, 25)) + 0.3 * rng.normal(size=(9, 25)), 3)
x[rng.random(x.shape) < 0.12] = np.nan
value = KNNImputer(n_neighbors=3, weights="distance").fit_transform(x.T).T
with open("tests/data/expected/knn.tsv", "w") as f:
    print("sample\tfeature\tx\tvalue", file=f)
    for (i, j), v in np.ndenumerate(x):
        text = "NA" if np.isnan(v) else repr(float(v))
        print(i + 1, j + 1, text, repr(float(value[i, j])), sep="\t", file=f)

words = [0, 1, 2, 3, 10, 1 << 10, 1 << 20, 1 << 30, (1 << 31) - 1, 1 << 31, (1 << 32) - 2, (1 << 32) - 1]
words += [int(w) for w in rng.integers(0, 1 << 32, 60)]
with open("tests/data/expected/normal.tsv", "w") as f:
    print("word\tz", file=f)
    for w in words:  # 31 bits of two-sided tail probability, then the sign
        tail = ((w >> 1) + 0.5) * 2.0**-31
        print(w, repr(float(ndtri(tail / 2) * (1 if w & 1 else -1))), sep="\t", file=f)
