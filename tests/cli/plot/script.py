#!/usr/bin/env python3
"""script.py FILE block NAME | array NAME | value NAME - what a script of eae-plot gives its template: the
rows of a block, one a line, parts divided by an empty line; the elements of an array; a variable."""
import re
import sys

path, what, name = sys.argv[1:]
with open(path, encoding="utf-8") as f:
    text = f.read()


def plain(value):
    return value[1:-1].replace("'.\"'\".'", "'") if value.startswith("'") else value


if what == "block":
    found = re.search(r"^\$" + name + r" << EOD\n(.*?)^EOD$", text, re.M | re.S)
    print(re.sub(r"\n\n+", "\n\n", found[1]).strip("\n"))
elif what == "array":
    print("\n".join(plain(v) for v in re.findall(r"^" + name + r"\[\d+\] = (.*)$", text, re.M)))
else:
    print(plain(re.search(r"^" + name + r" = (.*)$", text, re.M)[1]))
