#!/usr/bin/python3
"""Hold a table of eAE, in the long form, to an expected one: same keys, numbers near.

usage: compare_columns.py EXPECTED.tsv GOT.tsv TOLERANCE

The last column of both is the number, the columns before are the key; keys that only GOT has are
let be. Numbers may differ by TOLERANCE of the expected one, NA only equals NA.
"""
import csv
import sys


def read(path):
    with open(path, encoding="utf-8") as f:
        rows = list(csv.reader(f, delimiter="\t"))
    return {tuple(r[:-1]): r[-1] for r in rows[1:]}


def near(got, want, tolerance):
    if "NA" in (got, want):
        return got == want
    return abs(float(got) - float(want)) <= tolerance * abs(float(want))


def main(argv):
    expected, got, tolerance = read(argv[1]), read(argv[2]), float(argv[3])
    wrong = [(key, got.get(key), want) for key, want in expected.items()
             if key not in got or not near(got[key], want, tolerance)]
    for key, value, want in wrong[:10]:
        print(*key, f"is {value}, expected {want}", file=sys.stderr)
    return 1 if wrong or not expected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
