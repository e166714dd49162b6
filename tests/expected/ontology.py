#!/usr/bin/env python3
"""The genes of each term of tests/data/enrich/small.obo by the annotations of small.gaf, found from each
annotation upwards by a search of its own: writes tests/data/expected/ontology.tsv (term, name, genes).

Usage: tests/expected/ontology.py
"""
import collections
import re

DATA, OUT = "tests/data/enrich/", "tests/data/expected/ontology.tsv"

parents, names, stands_for, obsolete = collections.defaultdict(set), {}, {}, set()
with open(DATA + "small.obo", encoding="utf-8") as f:
    for stanza in re.split(r"\n\s*\n", f.read()):
        lines = stanza.strip().split("\n")
        if lines[0] != "[Term]":
            continue
        tags = [line.split(": ", 1) for line in lines[1:]]
        term = next(v for k, v in tags if k == "id")
        names[term] = next(v for k, v in tags if k == "name")
        stands_for[term] = term
        for key, value in tags:
            words = value.split()
            if key == "is_a":
                parents[term].add(words[0])
            elif key == "relationship" and words[0] == "part_of":
                parents[term].add(words[1])
            elif key == "alt_id":
                stands_for[value] = term
            elif key == "is_obsolete" and value == "true":
                obsolete.add(term)

genes = collections.defaultdict(set)
with open(DATA + "small.gaf", encoding="utf-8") as f:
    for line in f:
        if line.startswith("!"):
            continue
        column = line.rstrip("\n").split("\t")
        term = stands_for.get(column[4])
        if "NOT" in column[3].split("|") or term is None or term in obsolete:
            continue
        reached, waiting = set(), [term]
        while waiting:
            t = waiting.pop()
            if t not in reached:
                reached.add(t)
                waiting.extend(parents[t])
        for t in reached:
            genes[t].add(column[2])

with open(OUT, "w", encoding="utf-8") as f:
    f.write("term\tname\tgenes\n")
    for term in names:
        if genes[term]:
            f.write(f"{term}\t{names[term]}\t{','.join(sorted(genes[term]))}\n")
