#!/usr/bin/python3
"""Hold eae-train to the held-out values of train_options.py.

usage: compare_options.py EXPECTED.tsv STUDY.tsv HOLES.tsv PLAN.tsv [SOLVER]

Runs eae-train (from PATH) for every label and options in EXPECTED.tsv, on HOLES.tsv where they
impute, and prints the largest difference of a value, relative to the largest value of the case.
Status 1 where one is above 1e-5. With a SOLVER, by that one, and without kernels.
"""
import collections
import csv
import io
import subprocess
import sys

META = "age,sex,target,two,three"


def held_out(label, options, data, plan, solver):
    command = ["eae-split", "-q", "--plan-in", plan, "--label", label, data]
    rest = [c for c in META.split(",") if c != label]
    command += ["--meta", ",".join(rest)] + (["--regression"] if label == "target" else [])
    planned = subprocess.run(command, check=True, capture_output=True).stdout
    words = [*options.split(), "-q", "--tol", "1e-12", *(["--solver", solver] if solver else [])]
    trained = subprocess.run(["eae-train", *words], input=planned, check=True,
                             capture_output=True).stdout
    text = subprocess.run(["eae-view", "-O", "tsv", "--kind", "prediction"], input=trained, check=True,
                          capture_output=True).stdout.decode()
    return {(r["@split"], r.get("@class", "NA"), sample): float(v)
            for r in csv.DictReader(io.StringIO(text), delimiter="\t")
            for sample, v in r.items() if sample[0] == "D" and v != "NA"}


def main(argv):
    expected_path, study, holes, plan = argv[1:5]
    solver = argv[5] if len(argv) > 5 else None
    wanted = collections.defaultdict(dict)
    with open(expected_path, encoding="utf-8") as f:
        for r in csv.DictReader(f, delimiter="\t"):
            if solver and "--kernel" in r["options"]:
                continue
            wanted[r["label"], r["options"]][r["split"], r["class"], r["sample"]] = float(r["value"])
    failed = False
    print("label", "options", "values", "difference", sep="\t")
    for (label, options), expected in wanted.items():
        got = held_out(label, options, holes if "--impute" in options else study, plan,
                       solver)
        if got.keys() != expected.keys():
            print(label, options, "other splits, classes or samples", sep="\t")
            failed = True
            continue
        largest = max(map(abs, expected.values()))
        worst = max(abs(got[key] - expected[key]) for key in expected) / largest
        print(label, options, len(expected), f"{worst:.1e}", sep="\t")
        failed |= not worst <= 1e-5
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
