#!/usr/bin/env bats
# eae-enrich: the numbers, against R, against a propagation of its own, and against what was planted.

load ../helpers

DATA=$BATS_TEST_DIRNAME/../../data

# same_values WANT GOT KEYS...: two TSVs have the same rows by these columns, equal text, and numbers within 1e-10
same_values() {
    /usr/bin/python3 - "$@" <<'EOP'
import math, sys
def read(path, keys):
    lines = [line.rstrip("\n").split("\t") for line in open(path)]
    rows = [dict(zip(lines[0], line)) for line in lines[1:]]
    return lines[0], {tuple(r[k] for k in keys): r for r in rows}, len(rows)
header, want, n = read(sys.argv[1], sys.argv[3:])
_, got, m = read(sys.argv[2], sys.argv[3:])
assert n > 0 and n == m and len(got) == m, f"{n} rows wanted, {m} there"
def same(a, b):
    if a == b:
        return True
    try:
        return math.isclose(float(a), float(b), rel_tol=1e-10)
    except ValueError:
        return False
for key, row in want.items():
    assert key in got, f"no row {key}"
    for column in header:
        assert same(row[column], got[key][column]), f"{key} {column}: {got[key][column]}, not {row[column]}"
EOP
}

# expected UNIVERSE [FAMILY]: the rows of R's table
expected() {
    awk -F '\t' -v u="$1" -v f="${2:-}" 'NR == 1 || ($1 == u && (f == "" || $NF == f))' \
        "$DATA/expected/enrich.tsv" | cut -f 2-
}

# The features that carry the signal, a name a line.
planted() {
    PYTHONPATH=$BATS_TEST_DIRNAME/../../../share/python /usr/bin/python3 -c '
import eaem
frame = eaem.read("data.eae")[0]
print("\n".join(n for n, t in zip(frame.col_names, frame.col_annot["truth"]) if t != 0))'
}

@test "p, corrections, odds ratios and genes equal R's, for several lists and families" {
    expected sets >want.tsv
    must_pass eae-enrich --lists "$DATA/enrich/lists.gmt" --sets "$DATA/enrich/sets_a.gmt" \
        --sets "$DATA/enrich/sets_b.gmt" --universe sets --alpha 1
    same_values want.tsv .stdout list set family
    # each family for itself: the same as alone
    expected sets sets_b.gmt >want.tsv
    must_pass eae-enrich --lists "$DATA/enrich/lists.gmt" --sets "$DATA/enrich/sets_b.gmt" --universe sets --alpha 1
    same_values want.tsv .stdout list set family
    says "sets_b.gmt: a universe of"
}

@test "the same in the universe of a file, and from two files in one option" {
    expected universe.txt >want.tsv
    must_pass eae-enrich --lists "$DATA/enrich/lists.gmt" \
        --sets "$DATA/enrich/sets_a.gmt,$DATA/enrich/sets_b.gmt" --universe "$DATA/enrich/universe.txt" --alpha 1
    same_values want.tsv .stdout list set family
    says "sets_a.gmt: a universe of 1303 genes, named by the file"
}

@test "what is shown is what the rule lets through of all" {
    families="--sets $DATA/enrich/sets_a.gmt --sets $DATA/enrich/sets_b.gmt --universe sets"
    # shellcheck disable=SC2086
    eae-enrich -q --lists "$DATA/enrich/lists.gmt" $families --alpha 1 -o all.tsv
    for rule in bonferroni holm bh by; do
        for alpha in 0.001 0.05 0.5; do
            # shellcheck disable=SC2086
            eae-enrich -q --lists "$DATA/enrich/lists.gmt" $families --alpha $alpha --adjust $rule -o some.tsv
            awk -F '\t' -v rule=$rule -v alpha=$alpha 'NR == 1 { for (j = 1; j <= NF; j++) at[$j] = j }
                NR == 1 || $at[rule] <= alpha { print $1, $2, $at["p"], $at[rule], $at["genes"] }' all.tsv >want
            awk -F '\t' -v rule=$rule 'NR == 1 { for (j = 1; j <= NF; j++) at[$j] = j }
                { print $1, $2, $at["p"], $at[rule], $at["genes"] }' some.tsv >got
            cmp want got
            [ "$(wc -l <got)" -gt 1 ]
        done
    done
    # without corrections p itself is the rule, and there are no columns of them
    # shellcheck disable=SC2086
    must_pass eae-enrich -q --lists "$DATA/enrich/lists.gmt" $families --adjust none --alpha 0.2
    [ "$(awk -F '\t' 'NR > 1 && $7 <= 0.2' all.tsv | wc -l)" -eq "$(sed 1d .stdout | wc -l)" ]
    [ "$(head -n 1 .stdout | tr '\t' ' ')" = \
        "list set set_size overlap expected odds_ratio p genes odds_lo odds_hi list_size universe_size description family" ]
}

@test "terms of an ontology have the genes that a search from each annotation finds" {
    cut -f 3 "$DATA/enrich/small.gaf" | grep '^G' | sort -u >genes
    must_pass eae-enrich --obo "$DATA/enrich/small.obo" --gaf "$DATA/enrich/small.gaf" --universe sets --min 1 \
        --alpha 1 genes
    says "260 annotations; left out: 16 with NOT, "
    awk -F '\t' 'NR == 1 { for (j = 1; j <= NF; j++) at[$j] = j; next }
        { print $at["set"] "\t" $at["description"] "\t" $at["genes"] }' .stdout | sort >got
    sed 1d "$DATA/expected/ontology.tsv" | sort | cmp - got
    # compressed they are the same
    gzip -c "$DATA/enrich/small.obo" >o.gz
    gzip -c "$DATA/enrich/small.gaf" >small.gaf
    cp .stdout plain
    must_pass eae-enrich --obo o.gz --gaf small.gaf --universe sets --min 1 --alpha 1 genes
    cmp plain .stdout
}

@test "a planted pathway is found in synthetic data, by its name alone" {
    eae-synth --rows 80 --cols 2000 --informative 40 --effect 1 --seed 5 -o data.eae
    # the planted genes, and 39 sets of the same size at random
    planted >planted
    [ "$(wc -l <planted)" -eq 40 ]
    awk -v seed=3 'BEGIN { srand(seed) } FILENAME == "planted" { p[++n] = $1; next } END {
        printf "planted\tall that differ"; for (i = 1; i <= n; i++) printf "\t%s", p[i]; print ""
        for (s = 1; s < 40; s++) { printf "random%d\tnone", s
            for (i = 1; i <= 40; i++) printf "\tf%d", 1 + int(2000 * rand()); print "" } }' planted - </dev/null >sets.gmt
    eae-split -q --kfold 5 data.eae | eae-train -q svm --final -o svm.eae
    must_pass eae-enrich --sets sets.gmt --genes top:40 svm.eae
    [ "$(sed 1d .stdout | cut -f 6)" = planted ] || fail "$stdout"
    # labels that mean nothing find nothing
    eae-synth --rows 80 --cols 2000 --seed 5 | eae-train -q svm -o noise.eae
    must_pass eae-enrich --sets sets.gmt --genes top:40 noise.eae
    [ "$(wc -l <.stdout)" -eq 1 ] || fail "$stdout"
    says "no set has bh of at most 0.05"
}
