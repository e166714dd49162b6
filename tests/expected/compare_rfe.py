#!/usr/bin/python3
"""Hold eae-rfe to what rfe.py wrote: the same features and the same held-out AUC at every size.

usage: compare_rfe.py EXPECTED.tsv PLANNED.eae STEP

Runs eae-rfe and eae-score (from PATH) and prints, for every model and parameter, how many sets were equal and
the smallest gap at a cut. A set may differ only after a cut whose relative gap is below 1e-7.
"""
import collections
import csv
import hashlib
import io
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "share", "python"))
import eaem  # noqa: E402


def digest(frame, row, size):
    names = sorted(name + "\n" for name, rank in zip(frame.col_names, frame.matrix[row]) if rank <= size)
    assert len(names) == size
    return hashlib.md5("".join(names).encode()).hexdigest()


def main(argv):
    wanted = collections.defaultdict(list)
    with open(argv[1], encoding="utf-8") as f:
        for r in csv.DictReader(f, delimiter="\t"):
            wanted[r["model"], r["param"]].append(r)
    failed = False
    print("model", "param", "sets", "equal", "smallest_gap", "auc_difference", sep="\t")
    for (model, param), rows in wanted.items():
        out = "eliminated.eae"
        subprocess.run(["eae-rfe", model, "-q", "-C", param, "--step", argv[3], "--tol", "1e-12", "-o", out,
                        argv[2]], check=True)
        rank, = [frame for frame in eaem.read(out) if frame.kind == "rank"]
        text = subprocess.run(["eae-score", "--metrics", "auc", out], check=True, capture_output=True).stdout
        auc = {(r["split"], r["size"]): float(r["value"])
               for r in csv.DictReader(io.StringIO(text.decode()), delimiter="\t")}
        row_of = {str(s): i for i, s in enumerate(rank.row_annot["split"])}
        equal = difference = 0
        gap = float("inf")
        for r in rows:
            gap = min(gap, float(r["gap"]))
            same = digest(rank, row_of[r["split"]], int(r["size"])) == r["features"]
            equal += same
            failed |= not same and gap >= 1e-7
            if same:
                difference = max(difference, abs(auc[r["split"], r["size"]] - float(r["auc"])))
        failed |= difference > 1e-9 or len(auc) != len(rows)
        print(model, param, len(rows), equal, f"{gap:.1e}", f"{difference:.1e}", sep="\t")
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
