#!/usr/bin/env python3
"""A trainer for `eae-train exec:CMD` in Python: nearest centroid, for two classes or more.

    eae-split --kfold 5 expr.eae | eae-train 'exec:share/examples/exec/nearest_centroid.py' | eae-score

The stream on standard input holds two data frames: the training samples, with their labels, then
the test samples. What is written is the log-odds (one column, `value`) of two normal classes with
a common variance in every direction, or, for more classes, a column for each.
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../python"))
import eaem


def main():
    train, test = eaem.read("-")
    label = train.row_annot["label"]  # .entries: the classes, negative first
    count = train.row_annot["count"].astype(float)  # bootstrap samples may be there several times
    x, new = train.matrix.astype(float), test.matrix.astype(float)
    within, distance = 0.0, []
    for c in label.entries:
        mine = np.array([v == c for v in label])
        centre = np.average(x[mine], axis=0, weights=count[mine])
        within += count[mine] @ ((x[mine] - centre) ** 2).sum(axis=1)
        distance.append(((new - centre) ** 2).sum(axis=1))
    variance = within / (count.sum() * x.shape[1])
    score = -np.array(distance) / (2 * variance)
    if len(score) == 2:
        names, score = ["value"], score[1:] - score[:1]
    else:
        names = label.entries
    print("id", *names, sep="\t")
    for name, values in zip(test.row_names, score.T):
        print(name, *map(repr, values.tolist()), sep="\t")


main()
