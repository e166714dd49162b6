"""Peers of `eae-train svm --solver stream` for scripts/scaling and row 7 of the bench; prints JSON.

usage: svm_peers.py liblinear|spark DATA HELD C BOUND SCRATCH TOL... [iterations=N] [spark.KEY=VALUE...]

Each solves  1/2 |w|^2 + C sum hinge  on the data standardised by mean and standard deviation (divisor n), in f64
in memory, and is timed for the fit alone. BOUND is a lower bound of the optimum, SCRATCH a file for the plain
values. For each TOL the smallest number of iterations is looked for after which the objective is within TOL of BOUND:
of LIBLINEAR by doubling; of Spark in its own record of one run of N (which is checked at its end), the time of which
is divided in proportion.
"""
import json
import os
import re
import sys
import time
import warnings

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "share", "python"))
import eaem  # noqa: E402


def load(path):
    """f32 matrix, labels as -1 / +1."""
    frame = [f for f in eaem.read(path) if f.kind == "data"][0]
    label = list(frame.row_annot["label"])
    return frame.matrix, np.array([1.0 if v == "case" else -1.0 for v in label])


def resident(pid):
    """Peak resident memory of a process in KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmHWM:\s*([0-9]+)", f.read())[1])


def moments(x):
    """Mean and standard deviation by column, in f64, without a copy of the data."""
    total = np.zeros(x.shape[1])
    for i in range(0, len(x), 256):
        total += x[i:i + 256].sum(axis=0, dtype=np.float64)
    mean = total / len(x)
    square = np.zeros(x.shape[1])
    for i in range(0, len(x), 256):
        square += ((x[i:i + 256] - mean) ** 2).sum(axis=0)
    scale = np.sqrt(square / len(x))
    return mean, np.where(scale > 0, scale, 1.0)


def values(x, mean, scale, w, b):
    return np.concatenate([((x[i:i + 256] - mean) / scale) @ w + b for i in range(0, len(x), 256)])


def auc(x, y, mean, scale, w, b):
    f = values(x, mean, scale, w, b)
    a, c = f[y > 0], np.sort(f[y < 0])
    return float((np.searchsorted(c, a, "left") + np.searchsorted(c, a, "right")).sum() / (2 * len(a) * len(c)))


def objective(f, y, w, b, cost, penalised):
    return float(0.5 * (w @ w + (b * b if penalised else 0)) + cost * np.maximum(0, 1 - y * f).sum())


def fit_liblinear(z, y, cost, rounds):
    from sklearn.svm import LinearSVC
    warnings.simplefilter("ignore")  # that it stops short is meant
    return LinearSVC(loss="hinge", C=cost, tol=1e-12, max_iter=rounds, random_state=1).fit(z, y)


def liblinear(z, y, cost, bound, tols):
    """For each gap: seconds, iterations, w, b, objective of the first number of rounds that reaches it."""
    out, rounds, worst = [], 1, sorted(tols, reverse=True)
    while worst:
        begin = time.perf_counter()
        m = fit_liblinear(z, y, cost, rounds)
        seconds = time.perf_counter() - begin
        w, b = m.coef_[0], float(m.intercept_[0])
        p = objective(z @ w + b, y, w, b, cost, True)
        while worst and p - bound <= worst[0] * p:
            out.append({"tol": worst.pop(0), "seconds": seconds, "passes": rounds, "w": w, "b": b, "objective": p})
        if rounds > 4096:
            break
        rounds *= 2
    return out


def spark_frame(session, x, y, path):
    """A cached DataFrame of dense vectors, read by the workers from a plain file."""
    from pyspark.ml.linalg import Vectors
    cols, step = x.shape[1], 64
    np.asarray(x, dtype="<f4").tofile(path)
    starts = session.sparkContext.parallelize(range(0, len(x), step), min(64, max(2, len(x) // step)))
    sign = [float(v > 0) for v in y]

    def rows(first):
        last = min(first + step, len(sign))
        part = np.fromfile(path, dtype="<f4", count=(last - first) * cols, offset=4 * first * cols).reshape(-1, cols)
        return [(sign[first + i], Vectors.dense(v.astype(np.float64))) for i, v in enumerate(part)]

    frame = session.createDataFrame(starts.flatMap(rows), ["label", "features"]).cache()
    frame.count()
    return frame


def spark(x, y, mean, scale, cost, bound, tols, rounds, options, path):
    """As liblinear(); Spark's penalty is on the coefficients of the columns in units of their deviation with
    divisor n - 1, which the regulariser takes back."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as Spark asks for: its tasks are the threads
    from pyspark.ml.classification import LinearSVC
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config(
        "spark.ui.showConsoleProgress", "false")
    for o in options:
        builder = builder.config(*o.split("=", 1))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    frame = spark_frame(session, x, y, path)
    n = len(y)

    def fit(iterations):
        begin = time.perf_counter()
        m = LinearSVC(regParam=(n - 1) / (cost * n * n), maxIter=iterations, tol=1e-9, standardization=True).fit(frame)
        seconds = time.perf_counter() - begin
        coef = m.coefficients.toArray()
        w, b = coef * scale, m.intercept + float(coef @ mean)
        return seconds, w, b, objective(values(x, mean, scale, w, b), y, w, b, cost, False), m

    out = []
    fit(1)  # the compiler of the machine is warm after it
    seconds, w, b, p, m = fit(rounds)
    history = [h * cost * n for h in m.summary().objectiveHistory]
    if abs(p - history[-1]) > 1e-3 * p:
        sys.exit(f"objective {p} where Spark says {history[-1]}")
    last = len(history) - 1
    for tol in sorted(tols, reverse=True):
        k = next((i for i, h in enumerate(history) if h - bound <= tol * h), last)
        out.append({"tol": tol, "seconds": seconds * k / last, "passes": k, "w": w, "b": b, "objective": history[k]})
    peak = resident(session.sparkContext._gateway.proc.pid)
    session.stop()
    return [{**r, "peak": peak} for r in out]


def main():
    which, data, held, cost, bound, raw = sys.argv[1:7]
    options = [a for a in sys.argv[7:] if a.startswith("spark.")]
    rounds = ([int(a[11:]) for a in sys.argv[7:] if a.startswith("iterations=")] or [100])[0]
    tols = [float(a) for a in sys.argv[7:] if "=" not in a]
    cost, bound = float(cost), float(bound)
    x, y = load(data)
    mean, scale = moments(x)
    if which == "liblinear":
        z = (x - mean) / scale
        found = liblinear(z, y, cost, bound, tols)
    else:
        try:
            found = spark(x, y, mean, scale, cost, bound, tols, rounds, options, raw)
        finally:
            if os.path.exists(raw):
                os.remove(raw)
    peak = resident("self")
    hx, hy = load(held)
    lines = []
    for r in found:
        lines.append({"tol": r["tol"], "seconds": f"{r['seconds']:.4g}", "runs": 1, "passes": r["passes"],
                      "gap": f"{(r['objective'] - bound) / r['objective']:.2g}", "objective": r["objective"],
                      "anon_mb": f"{r.get('peak', peak) / 1024:.0f}",
                      "auc": f"{auc(hx, hy, mean, scale, r['w'], r['b']):.4f}", "note": "memory is peak resident" if (r["objective"] - bound) <= r["tol"] * r["objective"]
                      else f"gap not reached in {r['passes']} iterations"})
    print(json.dumps(lines))


if __name__ == "__main__":
    main()
