#!/usr/bin/python3
"""Prediction and model streams for the tests of eae-score, made from the tables of
tests/data/expected by share/python/eaem.py; and a comparison of a report with such a table.

    frames.py make            writes study.eae (plan1.eae plan2.eae: the same under a plan)
                              four.eae number.eae survival.eae model.eae splits.eae new.tsv into the working directory
    frames.py choices         writes compare.eae (six candidates), features.eae (ranks and models of features) and
                              choices.eae (both, the features being those of some of the candidates)
    frames.py compare EXPECTED GOT KEY...     rows of GOT that agree in the columns KEY hold the
                                              numbers of EXPECTED (1e-10), all of them
"""
import csv
import os
import sys

import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
sys.path.insert(0, os.path.join(ROOT, "share", "python"))
import eaem  # noqa: E402


def read(name):
    path = name if os.path.exists(name) else os.path.join(ROOT, "tests/data/expected", name)
    with open(path) as f:
        return list(csv.DictReader(f, delimiter="\t"))


def number(text):
    return np.nan if text == "NA" else float(text)


def rows_of(n, model, **given):
    """The row annotations of a prediction frame in their order."""
    out = {}
    for name, kind in eaem.LEAD["prediction"] + eaem.MORE["prediction"]:
        value = given.get(name)
        if name == "model":
            value = [model] * n
        if kind == "text":
            out[name] = eaem.Text(value if value is not None else [None] * n)
        elif kind == "i64":
            out[name] = np.array(value if value is not None else [0] * n, dtype=np.int64)
        else:
            out[name] = np.full(n, np.nan)
    return out


def predictions(path, matrix, rows, label=None, **columns):
    matrix = np.asarray(matrix, float)
    if label is not None:
        columns["label"] = label
    names = [f"s{j + 1}" for j in range(matrix.shape[1])]
    eaem.write(path, [eaem.Frame("prediction", matrix, None, names, rows, columns)])


def make():
    samples, rows = read("score_samples.tsv"), read("score_predictions.tsv")
    matrix = [[number(x) for x in r["values"].split()] for r in rows]
    label = eaem.Text([s["label"] for s in samples], ["control", "case"])
    given = {k: [int(r[k]) for r in rows] for k in ("split", "repeat", "fold", "perm")}
    predictions("study.eae", matrix,
                rows_of(len(rows), "svm", param=[r["param"] for r in rows], **given), label)

    again = rows_of(len(rows), "svm", param=[r["param"] for r in rows], **given)
    for name, plan in (("plan1.eae", "1" * 32), ("plan2.eae", "2" * 32)):
        again["plan"] = eaem.Text([plan] * len(rows))
        predictions(name, matrix, again, label)

    four = [r for r in read("metric_cases.tsv") if r["case"] == "four"]
    values = np.array([[float(x) for x in r["values"].split()] for r in four]).T
    classes = [f"c{k}" for k in range(4)]
    predictions("four.eae", values, rows_of(4, "logistic", split=[1] * 4, repeat=[1] * 4, **{"class": classes}),
                eaem.Text(["c" + r["truth"] for r in four], classes))

    numbers = [r for r in read("metric_cases.tsv") if r["case"] == "number"]
    predictions("number.eae", [[float(r["values"]) for r in numbers]],
                rows_of(1, "ridge", split=[1], repeat=[1]),
                np.array([float(r["truth"]) for r in numbers]))

    risk = [r for r in read("cindex.tsv") if r["case"] == "tied_both"]
    predictions("survival.eae", [[float(r["value"]) for r in risk]],
                rows_of(1, "cox", split=[1], repeat=[1]),
                time=np.array([float(r["time"]) for r in risk]),
                status=np.array([float(r["status"]) for r in risk]))
    models()


def models():
    """w = (2, -1) on z = (x - mean) / scale, intercept 0.5; and data of four samples."""
    for path, split in (("model.eae", 0), ("splits.eae", 3)):
        rows = {}
        for name, kind in eaem.LEAD["model"] + eaem.MORE["model"]:
            if kind == "text":
                rows[name] = eaem.Text([{"model": "svm", "param": "1"}.get(name)] * 3)
            elif kind == "i64":
                rows[name] = np.full(3, split if name == "split" else 0)
            else:
                rows[name] = np.full(3, np.nan)
        rows["part"] = eaem.Text(["mean", "scale", "weights"])
        rows["intercept"] = np.array([np.nan, np.nan, 0.5])
        matrix = np.array([[1.0, 2.0], [2.0, 4.0], [2.0, -1.0]])
        columns = {"role": eaem.Text(["feature", "feature"])}
        eaem.write(path, [eaem.Frame("model", matrix, None, ["a", "b"], rows, columns)])
    with open("new.tsv", "w") as f:
        f.write("id\tlabel\tb\textra\ta\n"
                "n1\tno\t2\t0\t1\nn2\tyes\t2\t0\t5\nn3\tno\t10\t0\t1\nn4\tyes\t6\t0\t-3\n")


def fitted(kind, n, **given):
    """Row annotations of rank and model frames: one value for all rows, or a list."""
    out = {}
    for name, type_ in eaem.LEAD[kind] + eaem.MORE[kind]:
        value = given.get(name)
        many = value if isinstance(value, list) else [value] * n
        if type_ == "text":
            out[name] = eaem.Text(many)
        elif type_ == "i64":
            out[name] = np.array([v or 0 for v in many], dtype=np.int64)
        else:
            out[name] = np.full(n, np.nan)
    return out


def features(names):
    """A frame for each source of stability_rows.tsv; names: its model, spec, param, size."""
    frames, rows = [], read("stability_rows.tsv")
    for source, (model, spec, param, size) in names.items():
        own = [r for r in rows if r["source"] == source]
        matrix = np.array([[number(x) for x in r["values"].split()] for r in own])
        given = {"model": model, "spec": spec, "param": param, "size": size, "plan": "1" * 32,
                 "split": [int(r["split"]) for r in own], "repeat": 1}
        columns = [f"f{j + 1}" for j in range(matrix.shape[1])]
        if source == "lasso":
            given["part"] = "weights"
            rows_, role = fitted("model", len(own), **given), {"role": eaem.Text(["feature"] * len(columns))}
            frames.append(eaem.Frame("model", matrix, None, columns, rows_, role))
        else:
            rows_ = fitted("rank", len(own), **given)
            frames.append(eaem.Frame("rank", matrix.astype(np.int32), None, columns, rows_))
    return frames


def choices():
    samples, rows = read("compare_samples.tsv"), read("compare_predictions.tsv")
    given = {k: [r[k] for r in rows] for k in ("model", "spec", "param", "size")}
    given.update({k: [int(r[k]) for r in rows] for k in ("split", "repeat", "fold")})
    annotations = fitted("prediction", len(rows), plan="1" * 32, **given)
    columns = {"label": eaem.Text([s["label"] for s in samples], ["control", "case"]),
               "time": np.array([float(s["time"]) for s in samples]),
               "status": np.array([float(s["status"]) for s in samples])}
    matrix = np.array([[number(x) for x in r["values"].split()] for r in rows])
    names = [f"s{j + 1}" for j in range(matrix.shape[1])]
    frame = eaem.Frame("prediction", matrix, None, names, annotations, columns)
    eaem.write("compare.eae", [frame])
    eaem.write("features.eae", features({s: ("svm", s, "1", "60") for s in ("weight", "random", "lasso")}))
    of_candidates = {"weight": ("svm", "loss=hinge", "1", "60"), "random": ("svm", "loss=hinge", "0.1", "60"),
                     "lasso": ("logistic", "covariates=age,sex", "1", "50")}
    eaem.write("choices.eae", [frame] + features(of_candidates))


def compare(expected, got, keys):
    want, have = read(expected), {}
    for row in read(got):
        have.setdefault(tuple(row[k] for k in keys), []).append(row)
    for row in want:
        found = have.get(tuple(row[k] for k in keys), [])
        assert len(found) == 1, f"{len(found)} rows for {[row[k] for k in keys]}"
        for name in row:
            a, b = row[name], found[0][name]
            same = a == b or name not in keys and \
                abs(number(a) - number(b)) <= 1e-10 * max(1, abs(number(a)))
            assert same, f"{[row[k] for k in keys]}: {name} is {b}, not {a}"
    assert len(want) == sum(map(len, have.values())), "more rows than expected"


if sys.argv[1] == "make":
    make()
elif sys.argv[1] == "choices":
    choices()
else:
    compare(sys.argv[2], sys.argv[3], sys.argv[4:])
