#!/usr/bin/python3
"""Hold eae-train to what train.py wrote: the same plan, models and parameters.

usage: compare_train.py EXPECTED.tsv PLANNED.eae [--tol GAP]

Runs eae-train (from PATH) for every model, spec and parameter in EXPECTED.tsv and prints the largest
differences: of decision values, relative to the largest value of the split; of objectives, relative; and the
largest duality gap. Status 1 where a value differs by more than 1e-5 or an objective by more than 1e-7.
LIBSVM keeps its kernel in single precision, so its hinge objectives are too large: there ours may not be
larger, and is certified by its own gap, below 1e-9.
"""
import collections
import csv
import io
import subprocess
import sys

SPEC_OPTIONS = {"scale": "--scale", "loss": "--loss", "bias": "--bias"}


def run_eae(model, spec, param, planned, tol):
    command = ["eae-train", model, "-q", "--tol", tol]
    for item in spec.split(";"):
        key, value = item.split("=")
        command += [SPEC_OPTIONS[key], value]
    if param != "NA":
        command += ["--lambda" if model == "ridge" else "-C", param]
    trained = subprocess.run(command + [planned], check=True, capture_output=True).stdout
    text = subprocess.run(["eae-view", "-O", "tsv", "--kind", "prediction"], input=trained, check=True,
                          capture_output=True).stdout.decode()
    return {(r["@split"], what.lstrip("@")): r[what] for r in csv.DictReader(io.StringIO(text), delimiter="\t")
            for what in r if what in ("@objective", "@gap") or (what[0] != "@" and r[what] != "NA")}


def main(argv):
    tol = argv[argv.index("--tol") + 1] if "--tol" in argv else "1e-12"
    wanted = collections.defaultdict(dict)
    with open(argv[1], encoding="utf-8") as f:
        for r in csv.DictReader(f, delimiter="\t"):
            wanted[r["model"], r["spec"], r["param"]][r["split"], r["what"]] = float(r["value"])
    failed = False
    print("model", "spec", "param", "values", "value_difference", "objective_difference", "gap", sep="\t")
    for (model, spec, param), expected in wanted.items():
        got = run_eae(model, spec, param, argv[2], tol)
        largest = collections.defaultdict(float)
        for (split, what), value in expected.items():
            if what != "objective":
                largest[split] = max(largest[split], abs(value))
        values = objectives = 0.0
        gap = max(float(v) for (_, what), v in got.items() if what == "gap")
        hinge = "loss=hinge" in spec
        for (split, what), value in expected.items():
            difference = float(got[split, what]) - value
            difference = max(difference, 0) if hinge and what == "objective" else abs(difference)
            if what == "objective":
                objectives = max(objectives, difference / max(abs(value), 1e-300))
            else:
                values = max(values, difference / largest[split])
        print(model, spec, param, len(expected), f"{values:.1e}", f"{objectives:.1e}", f"{gap:.1e}", sep="\t")
        failed |= not (values <= 1e-5 and objectives <= 1e-7 and (gap <= 1e-9 or not hinge))
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
