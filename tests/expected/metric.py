#!/usr/bin/python3
"""Expected values of every metric but cindex (cindex.R has that), by scikit-learn and scipy.

Writes, beside tests/data:
    expected/metric_cases.tsv     one line per sample: what is scored
    expected/metric_values.tsv    case, metric, value (NA: the metric is not defined there)
"""
import math
import os
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics as sk

warnings.simplefilter("ignore")
OUT = os.path.join(os.path.dirname(__file__), "..", "data", "expected")
rng = np.random.default_rng(20)


def ratio(a, b):
    return a / b if b else math.nan


def two_classes(y, v, threshold):
    called = (v > threshold).astype(int)
    tn, fp, fn, tp = sk.confusion_matrix(y, called, labels=[0, 1]).ravel()
    both = len(set(y)) == 2
    p = 1 / (1 + np.exp(-v))
    return {
        "auc": sk.roc_auc_score(y, v) if both else math.nan,
        "auprc": sk.average_precision_score(y, v) if both else math.nan,
        "accuracy": sk.accuracy_score(y, called),
        "balanced": sk.balanced_accuracy_score(y, called) if both else math.nan,
        "tpr": ratio(tp, tp + fn),
        "tnr": ratio(tn, tn + fp),
        "ppv": ratio(tp, tp + fp),
        "npv": ratio(tn, tn + fn),
        "f1": sk.f1_score(y, called) if tp + fp + fn else math.nan,
        # scikit-learn says 0 where the correlation is 0/0
        "mcc": sk.matthews_corrcoef(y, called) if both and len(set(called)) == 2 else math.nan,
        "kappa": sk.cohen_kappa_score(y, called),
        "macro-f1": sk.f1_score(y, called, average="macro"),
        "brier": sk.brier_score_loss(y, p),
        # as sk.log_loss, which however clips probabilities at 1e-15
        "logloss": np.mean(np.logaddexp(0, np.where(y == 1, -v, v))),
    }


def many_classes(y, v):
    k = v.shape[1]
    called = v.argmax(axis=1)
    p = np.exp(v - v.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    one = np.eye(k)[y]
    all_there = len(set(y)) == k
    return {
        "auc": np.mean([sk.roc_auc_score(one[:, c], v[:, c]) for c in range(k)])
        if all_there else math.nan,
        "auprc": np.mean([sk.average_precision_score(one[:, c], v[:, c]) for c in range(k)])
        if all_there else math.nan,
        "accuracy": sk.accuracy_score(y, called),
        "balanced": sk.balanced_accuracy_score(y, called) if all_there else math.nan,
        "mcc": sk.matthews_corrcoef(y, called),
        "kappa": sk.cohen_kappa_score(y, called),
        "macro-f1": sk.f1_score(y, called, average="macro"),
        "brier": np.mean(((p - one) ** 2).sum(axis=1)),
        "logloss": sk.log_loss(y, p, labels=range(k)),
    }


def regression(y, v):
    constant = np.ptp(y) == 0
    return {
        "mse": sk.mean_squared_error(y, v),
        "mae": sk.mean_absolute_error(y, v),
        "r2": math.nan if constant else sk.r2_score(y, v),
        "spearman": stats.spearmanr(y, v).correlation,
    }


def cases():
    y = rng.integers(0, 2, 60)
    v = np.round(rng.normal(size=60) + y, 4)
    yield "plain", y, None, v, 0.0
    yield "threshold", y, None, v, 0.75
    yield "ties", y, None, np.round(v * 2) / 2, 0.5
    yield "constant", y, None, np.zeros(60), 0.0
    yield "perfect", y, None, y * 2.0 - 1, 0.0
    yield "reversed", y, None, 1 - y * 2.0, 0.0
    yield "one_class", np.ones(7, int), None, v[:7], 0.0
    yield "other_class", np.zeros(7, int), None, v[:7], 0.0
    yield "extreme", y, None, v * 15, 0.0
    k = rng.integers(0, 4, 80)
    w = np.round(rng.normal(size=(80, 4)) + 1.2 * np.eye(4)[k], 3)
    yield "four", k, None, w, 0.0
    yield "four_ties", k, None, np.round(w), 0.0
    yield "absent", np.where(k == 2, 1, k), None, w, 0.0
    t = np.round(rng.normal(size=50) * 3, 3)
    r = np.round(t + rng.normal(size=50), 3)
    yield "number", None, t, r, 0.0
    yield "number_ties", None, np.round(t), np.round(r), 0.0
    yield "bad_fit", None, t, r[::-1].copy(), 0.0
    yield "constant_target", None, np.full(5, 2.5), r[:5], 0.0
    yield "constant_value", None, t[:6], np.full(6, 0.25), 0.0


def main():
    with open(os.path.join(OUT, "metric_cases.tsv"), "w") as samples, \
         open(os.path.join(OUT, "metric_values.tsv"), "w") as values:
        samples.write("case\tclasses\tthreshold\ttruth\tvalues\n")
        values.write("case\tmetric\tvalue\n")
        for name, y, target, v, threshold in cases():
            if y is None:
                k, truth, expected = 0, target, regression(target, v)
            elif v.ndim == 1:
                k, truth, expected = 2, y, two_classes(y, v, threshold)
            else:
                k, truth, expected = v.shape[1], y, many_classes(y, v)
            for i in range(len(v)):
                row = " ".join(f"{x:g}" for x in np.atleast_1d(v[i]))
                samples.write(f"{name}\t{k}\t{threshold:g}\t{truth[i]:g}\t{row}\n")
            for metric, value in expected.items():
                text = "NA" if math.isnan(value) else repr(float(value))
                values.write(f"{name}\t{metric}\t{text}\n")


main()
