#!/usr/bin/python3
"""Low-rank completions for tests/unit/test_als.c, by numpy (Debian 12: python3-numpy 1.24.2).

Where the factors have room enough, what alternating least squares minimises is a convex problem in
the completed matrix M (the weighted trace norm; Salakhutdinov and Srebro 2010):

    1/2 sum_(known) c_i (x_ij - M_ij)^2 + lambda |diag(c_i p_i)^1/2 M diag(m_j)^1/2|_*

which is solved here by accelerated proximal gradient steps (singular values are shrunk) to 1e-13:
another problem and another method than those of lib/model/als.c.

    tests/expected/als.py > tests/data/expected/als.tsv

A row per cell: case, lambda, the case's objective, row, its count, column, x (NA: not known), M.
"""
import numpy as np


def solve(x, count, lam):
    known = ~np.isnan(x)
    filled = np.where(known, x, 0)
    scale = np.sqrt(np.outer(count * known.sum(1), count @ known))  # of M, in the trace norm
    step = 1 / np.max(np.where(known, count[:, None] / scale ** 2, 0))

    def gradient(z):
        return np.where(known, count[:, None] * (z / scale - filled) / scale, 0)

    z = y = np.zeros_like(filled)
    t = 1.0
    for _ in range(200000):
        u, s, v = np.linalg.svd(y - step * gradient(y), full_matrices=False)
        new = u * np.maximum(s - lam * step, 0) @ v
        if ((y - new) * (new - z)).sum() > 0:  # it overshot: restart
            t = 1.0
        t_new = (1 + np.sqrt(1 + 4 * t * t)) / 2
        y, z, t = new + (t - 1) / t_new * (new - z), new, t_new
        # the minimum: no singular value of the gradient above lambda, <-gradient, z> = lambda |z|_*
        g, norm = gradient(z), np.linalg.norm(z, "nuc")
        left = (count @ np.where(known, filled - z / scale, 0) ** 2).sum() / 2
        if (np.linalg.norm(g, 2) < lam * (1 + 1e-11)
                and abs((g * z).sum() + lam * norm) < 1e-13 * (left + lam * norm)):
            return z / scale, left + lam * norm, (s > lam * step).sum()
    raise AssertionError("no convergence")


def main():
    rng = np.random.default_rng(3)
    print("case", "lambda", "objective", "row", "count", "column", "x", "m", sep="\t")
    cases = [(12, 9, 0.0, False, 0.1), (12, 9, 0.3, False, 0.03), (9, 14, 0.3, True, 0.05),
             (14, 11, 0.45, True, 0.1)]
    for case, (n, p, missing, counted, lam) in enumerate(cases):
        x = rng.normal(size=(n, 2)) @ rng.normal(size=(2, p)) + 0.3 * rng.normal(size=(n, p))
        x = np.round(x, 3)
        x[rng.random((n, p)) < missing] = np.nan
        count = rng.integers(1, 4, size=n).astype(float) if counted else np.ones(n)
        m, objective, rank = solve(x, count, lam)
        assert 1 < rank < min(n, p)
        for i in range(n):
            for j in range(p):
                print(case, lam, repr(float(objective)), i, int(count[i]), j,
                      "NA" if np.isnan(x[i, j]) else repr(float(x[i, j])), repr(float(m[i, j])),
                      sep="\t")


if __name__ == "__main__":
    main()
