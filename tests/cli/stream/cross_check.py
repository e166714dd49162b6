"""What python.bats asks of share/python/eaem.py.

    cross_check.py rewrite IN OUT      read a stream and write it again
    cross_check.py random OUT TSV      write random frames; their data frame as eae-view prints it
    cross_check.py same A B            the frames of two streams are equal, history aside
    cross_check.py refuse LIST FOLDER  every file of bad.tsv is refused
"""
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "share", "python"))
import eaem  # noqa: E402

# what the reader in C finds only when it merges frames, which eaem.read() does not do
MERGING = {"bad-" + n + ".eae" for n in (
    "other-features", "more-features", "unnamed-features", "sample-again", "classes-order",
    "text-and-number", "column-annotation", "half-named")}


def rewrite(source, target):
    eaem.write(target, eaem.read(source))


def random(target, tsv):
    r = np.random.default_rng(1)
    rows, cols = 23, 11
    names = ["s%d" % i for i in range(rows)]
    # multiples of 1/8 below 2^10 have short decimals in every type
    data = (r.integers(-8192, 8192, (rows, cols)) / 8).astype("f4")
    data[r.random(data.shape) < 0.1] = np.nan
    site = [None if k < 0 else "Zürich %d" % k for k in r.integers(-1, 40, rows)]
    label = eaem.Text([["no", "yes"][k] for k in r.integers(0, 2, rows)], ["no", "yes"])
    annot = {"label": label, "age": r.integers(20, 90, rows) / 2, "site": eaem.Text(site),
             "visits": r.integers(0, 9, rows)}
    annot["age"][3] = np.nan
    plan = {n: np.arange(4) for n in ("split", "repeat", "fold", "parent")}
    plan["plan"] = eaem.Text(["f" * 32] * 4)
    features = ["g%d" % j for j in range(cols)]
    eaem.write(target, [
        eaem.Frame("split", r.integers(-1, 3, (4, rows)).astype("i2"), None, names, plan),
        eaem.Frame("data", data, names, features, annot,
                   {"truth": r.integers(0, 2, cols)})])
    with open(tsv, "w", encoding="utf-8") as out:
        out.write("\t".join(["id"] + ["@" + a for a in annot] + features) + "\n")
        for i in range(rows):
            cells = [None if a[i] is None or a[i] != a[i] else a[i] for a in annot.values()]
            cells += [None if np.isnan(x) else x for x in data[i].tolist()]
            out.write("\t".join([names[i]] + [
                "NA" if x is None else x if isinstance(x, str) else "%.12g" % x
                for x in cells]) + "\n")


def equal_annotations(a, b):
    return list(a) == list(b) and all(
        list(a[n]) == list(b[n]) and a[n].entries == b[n].entries if isinstance(a[n], eaem.Text)
        else np.array_equal(a[n], b[n], equal_nan=True) for n in a)


def same(first, second):
    a, b = eaem.read(first), eaem.read(second)
    assert len(a) == len(b)
    for f, g in zip(a, b):
        assert (f.kind, f.row_names, f.col_names) == (g.kind, g.row_names, g.col_names)
        assert f.matrix.dtype == g.matrix.dtype
        assert np.array_equal(f.matrix, g.matrix, equal_nan=f.matrix.dtype.kind == "f")
        assert equal_annotations(f.row_annot, g.row_annot)
        assert equal_annotations(f.col_annot, g.col_annot)
        assert f.content == g.content


def refuse(listing, folder):
    with open(listing, encoding="utf-8") as lines:
        names = [line.split("\t")[0] for line in lines][1:]
    assert len(names) > 90
    for name in names:
        try:
            frames = eaem.read(os.path.join(folder, name))
        except eaem.StreamError:
            assert name not in MERGING, name
        else:
            assert name in MERGING and len(frames) == 2, name + " was read"


if __name__ == "__main__":
    {"rewrite": rewrite, "random": random, "same": same, "refuse": refuse}[sys.argv[1]](
        *sys.argv[2:])
