#!/usr/bin/env python3
"""Writes the gene sets, lists, ontology and annotations of this folder: readable, made up, and the same every time."""
import os
import random

HERE = os.path.dirname(os.path.abspath(__file__))
GENES = [f"G{i:04d}" for i in range(1, 1501)]


def write(name, lines):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
        f.writelines(line + "\n" for line in lines)


def gmt(rows):
    return ["\t".join([name, description] + genes) for name, description, genes in rows]


def sets(rng, prefix, count, sizes, genes):
    return [(f"{prefix}{k}", f"made up {k}", rng.sample(genes, rng.choice(sizes))) for k in range(1, count + 1)]


def lists_and_sets():
    rng = random.Random(1)
    first = sets(rng, "A", 60, [3, 8, 10, 11, 20, 35, 60, 120], GENES[:1400])
    second = sets(rng, "B ", 25, [5, 12, 40, 200], GENES[300:1450])
    # one set within another, and one with a gene named twice
    first.append(("A61", "within A62", GENES[700:730]))
    first.append(("A62", "", GENES[700:760]))
    first.append(("A63", "a gene twice", GENES[5:20] + [GENES[5]]))
    write("sets_a.gmt", gmt(first))
    write("sets_b.gmt", gmt(second))
    lists = [("random", "", rng.sample(GENES, 80)), ("part of A62", "", GENES[705:750] + rng.sample(GENES, 20)),
             ("large", "", rng.sample(GENES, 700)), ("one", "", GENES[710:711]),
             ("unknown", "", ["X1", "X2"] + first[3][2] + ["X3"] + rng.sample(GENES, 5))]
    write("lists.gmt", gmt(lists))
    write("universe.txt", ["# what was measured"] + GENES[:1300] + ["N1", "N2", "N3"])
    write("list.txt", lists[1][2])


def terms():
    """40 terms in two namespaces; term k has parents among those before it."""
    rng = random.Random(2)
    lines = ["format-version: 1.2", "ontology: made-up", ""]
    name = lambda k: f"GO:{k:07d}"
    for k in range(1, 41):
        space = "biological_process" if k % 3 else "molecular_function"
        lines += ["[Term]", f"id: {name(k)}", f"name: process {k}" if k > 2 else f"name: root {k}",
                  f"namespace: {space}", f'def: "is_a: GO:0000001 in a definition" [made:up]']
        if k == 7:
            lines += ["alt_id: GO:0000107", "alt_id: GO:0000207"]
        if k in (13, 29):
            lines += ["is_obsolete: true", "replaced_by: GO:0000005", ""]
            continue
        before = [j for j in range(1, k) if j not in (13, 29)]
        if k > 2:
            for j in rng.sample(before, min(len(before), rng.choice([1, 1, 2]))):
                lines.append(f"is_a: {name(j)} ! process {j}")
            if k % 4 == 0:
                lines.append(f"relationship: part_of {name(rng.choice(before))} ! whole")
            if k % 5 == 0:
                lines.append(f"relationship: regulates {name(rng.choice(before))} ! not followed")
                lines.append(f'relationship: has_part {name(rng.choice(before))} {{source="x"}} ! not followed')
        lines.append("")
    lines += ["[Typedef]", "id: part_of", "name: part of", "is_transitive: true", ""]
    write("small.obo", lines)


def annotations():
    rng = random.Random(3)
    lines = ["!gaf-version: 2.2", "!made up"]
    for i in range(260):
        k = rng.randint(3, 40)
        qualifier = "NOT|involved_in" if i % 17 == 3 else "contributes_to" if i % 11 == 0 else "involved_in"
        term = "GO:0000107" if i % 23 == 5 else "GO:0009999" if i % 41 == 7 else f"GO:{k:07d}"
        gene = rng.choice(GENES[:70])
        lines.append("\t".join(["DB", f"P{gene}", gene, qualifier, term, "PMID:1", "IEA", "", "P", "", "", "protein",
                                "taxon:9606", "20260101", "DB", "", ""]))
    write("small.gaf", lines)


lists_and_sets()
terms()
annotations()
