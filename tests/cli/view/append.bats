#!/usr/bin/env bats
# Concatenation is append; threads, pipes and files do not matter.

load ../helpers

setup() {
    WORK=$(mktemp -d "${BATS_TMPDIR:-/tmp}/eae-cli.XXXXXX")
    cd "$WORK" || return 1
    export LC_ALL=C
    make_matrix 24 50 m.tsv
    eae-view -q m.tsv --label label --no-history >m.eae
    head -11 m.tsv >a.tsv
    (head -1 m.tsv && tail -n +12 m.tsv) >b.tsv
    eae-view -q a.tsv --label label >a.eae
    eae-view -q b.tsv --label label >b.eae
}

@test "cat, several files and the whole are the same" {
    cat a.eae b.eae | eae-view --no-history >one.eae
    eae-view --no-history a.eae b.eae >two.eae
    same_bytes one.eae two.eae
    same_bytes one.eae m.eae
    eae-view -q --label label --no-history a.tsv b.tsv >three.eae
    same_bytes three.eae m.eae
    eae-view --no-history a.eae - <b.eae >four.eae
    same_bytes four.eae m.eae
}

@test "a pipe is as good as a file, and any number of threads" {
    eae-view --no-history < <(cat m.eae) | same_bytes - m.eae
    eae-view -q --label label --no-history < <(cat m.tsv) | same_bytes - m.eae
    gzip -c m.tsv | eae-view -q --label label --no-history -t 4 | same_bytes - m.eae
    for t in 1 2 4; do
        eae-view -q -t $t --label label --no-history --normalize quantile m.tsv >q$t.eae
    done
    same_bytes q1.eae q2.eae
    same_bytes q1.eae q4.eae
}

@test "the order of features is repaired, other features are not accepted" {
    eae-view -O tsv b.eae | awk -F '\t' -v OFS='\t' '{ t = $4; $4 = $9; $9 = t; print }' >swapped.tsv
    eae-view -q --no-history a.eae swapped.tsv >one.eae
    same_bytes one.eae m.eae
    eae-view -q --drop-features f7 b.eae >less.eae
    must_fail 1 eae-view -q a.eae less.eae
    says "f7"
}

@test "a sample twice is found" {
    must_fail 1 eae-view -q a.eae a.eae
    says "p000"
}

@test "-o writes the file whole or not at all" {
    eae-view m.eae --no-history -o out.eae
    same_bytes out.eae m.eae
    must_fail 1 eae-view a.eae missing.eae -o none.eae
    [ ! -e none.eae ]
    must_fail 1 eae-view a.eae missing.eae -o out.eae
    same_bytes out.eae m.eae
    [ "$(find . -name '*out.eae*' | wc -l)" -eq 1 ]
}
