#!/usr/bin/python3
"""Hold eae-train --tune to the choices and held-out values of tune.py.

usage: compare_tune.py EXPECTED.tsv PLAN.tsv DATA [HOLES]

Runs eae-train (from PATH) for every label and options in EXPECTED.tsv, on HOLES where they impute, and
prints how many splits chose alike, and the largest difference of a value, relative to the largest value of
the case. Status 1 where a choice differs, or a value by more than 1e-5.
"""
import collections
import csv
import io
import subprocess
import sys

META = "age,sex,target,two,three"


def trained(label, options, data, plan):
    """{split: choice}, {(split, class, sample): value}"""
    command = ["eae-split", "-q", "--plan-in", plan, data]
    if label == "class":
        command += ["--label", "class=AML/ALL"]
    else:
        command += ["--label", label, "--meta", ",".join(c for c in META.split(",") if c != label)]
    if label == "target":
        command += ["--regression"]
    planned = subprocess.run(command, check=True, capture_output=True).stdout
    frames = subprocess.run(["eae-train", *options.split(), "-q", "--tol", "1e-12"], input=planned, check=True,
                            capture_output=True).stdout
    text = subprocess.run(["eae-view", "-O", "tsv", "--kind", "prediction"], input=frames, check=True,
                          capture_output=True).stdout.decode()
    choices, values = {}, {}
    for r in csv.DictReader(io.StringIO(text), delimiter="\t"):
        assert r["@param"] == "tuned", r["@param"]
        choices[r["@split"]] = float(r["@chosen"].strip('"'))
        for sample, v in r.items():
            if sample[0] != "@" and v != "NA":
                values[r["@split"], r.get("@class", "NA"), sample] = float(v)
    return choices, values


def main(argv):
    expected_path, plan, data = argv[1:4]
    wanted = collections.defaultdict(lambda: ({}, {}))
    with open(expected_path, encoding="utf-8") as f:
        for r in csv.DictReader(f, delimiter="\t"):
            choices, values = wanted[r["label"], r["options"]]
            choices[r["split"]] = float(r["chosen"])
            values[r["split"], r["class"], r["sample"]] = float(r["value"])
    failed = False
    print("label", "options", "alike", "values", "difference", sep="\t")
    for (label, options), (choices, values) in wanted.items():
        ours, got = trained(label, options, argv[4] if "--impute" in options else data, plan)
        alike = sum(ours.get(s) == c for s, c in choices.items())
        if got.keys() != values.keys():
            print(label, options, "other splits, classes or samples", sep="\t")
            failed = True
            continue
        worst = max(abs(got[key] - v) for key, v in values.items()) / max(map(abs, values.values()))
        print(label, options, f"{alike}/{len(choices)}", len(values), f"{worst:.1e}", sep="\t")
        failed |= alike < len(choices) or not worst <= 1e-5
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
