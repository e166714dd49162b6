#!/usr/bin/env python3
"""Adds to tests/data/expected/hypergeometric.tsv, which enrich.R writes, the column `exact`: the same tails by
whole numbers, rounded once. R's own are right to about 1e-13 in the middle and 1e-11 far out.

Usage: tests/expected/hypergeometric.py
"""
from fractions import Fraction
from math import comb

PATH = "tests/data/expected/hypergeometric.tsv"


def tail(universe, marked, drawn, k):
    most = min(marked, drawn)
    term = comb(marked, k) * comb(universe - marked, drawn - k)
    total = 0
    for j in range(k, most + 1):
        total += term
        if j < most:
            term = term * (marked - j) * (drawn - j) // ((j + 1) * (universe - marked - drawn + j + 1))
    return float(Fraction(total, comb(universe, drawn)))


with open(PATH, encoding="utf-8") as f:
    rows = [line.rstrip("\n").split("\t")[:5] for line in f]
with open(PATH, "w", encoding="utf-8") as f:
    f.write("\t".join(rows[0]) + "\texact\n")
    for row in rows[1:]:
        n = [int(float(x)) for x in row[:4]]
        f.write("\t".join(map(str, n)) + f"\t{row[4]}\t{tail(*n)!r}\n")
