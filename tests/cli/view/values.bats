#!/usr/bin/env bats
# Changes of values; the numbers are worked out by hand (unit tests compare with R and scikit-learn).

load ../helpers

@test "log2: strict, floor, offset" {
    printf 'id\tx\ty\na\t8\t0.5\nb\t1\t3\n' >t.tsv
    must_pass eae-view -q t.tsv --log2 -O tsv
    printf 'id\tx\ty\na\t3\t-1\nb\t0\t1.5849625\n' | diff - .stdout
    must_pass eae-view -q t.tsv --log2=floor:2 -O tsv
    printf 'id\tx\ty\na\t3\t1\nb\t1\t1.5849625\n' | diff - .stdout
    must_pass eae-view -q t.tsv --log2=offset:1 --drop-features y -O tsv
    printf 'id\tx\na\t3.169925\nb\t1\n' | diff - .stdout
    printf 'id\tx\ty\na\t8\t0\nb\t-1\t3\n' >t.tsv
    must_fail 1 eae-view -q t.tsv --log2 -O tsv
    says "2 values without a logarithm; the first is 0 (sample 'a', feature 'y')"
    must_fail 2 eae-view -q t.tsv --log2=ceiling:1 -O tsv
    must_fail 2 eae-view -q t.tsv --log2=floor:0 -O tsv
}

@test "counts per million, then logarithm" {
    printf 'id\tx\ty\na\t1\t3\nb\t5\t0\n' >t.tsv
    must_pass eae-view -q t.tsv --normalize cpm -O tsv
    printf 'id\tx\ty\na\t250000\t750000\nb\t1000000\t0\n' | tr ' ' '\t' >want
    awk -F '\t' 'NR > 1 { print $1, $2 + 0, $3 + 0 }' .stdout >got
    awk -F '\t' 'NR > 1 { print $1, $2 + 0, $3 + 0 }' want | diff - got
    printf 'id\tx\ty\na\t1\t-3\n' >t.tsv
    must_fail 1 eae-view -q t.tsv --normalize cpm -O tsv
    says "below 0"
    printf 'id\tx\ty\na\t0\t0\n' >t.tsv
    must_fail 1 eae-view -q t.tsv --normalize cpm -O tsv
    says "'a'"
}

# Sorted: (1 2 6), (2 4 12): means 1.5 3 9; in a, z and x tie for ranks 1 and 2 only in t2.
@test "quantile normalisation" {
    printf 'id\tx\ty\tz\na\t6\t1\t2\nb\t2\t12\t4\n' >t.tsv
    must_pass eae-view -q t.tsv --normalize quantile -O tsv
    printf 'id\tx\ty\tz\na\t9\t1.5\t3\nb\t1.5\t9\t3\n' | diff - .stdout
    printf 'id\tx\ty\tz\na\t1\t1\t2\nb\t2\t12\t4\n' >t.tsv
    must_pass eae-view -q t.tsv --normalize quantile -O tsv
    printf 'id\tx\ty\tz\na\t2\t2\t7\nb\t1.5\t7\t2.5\n' | diff - .stdout
}

@test "impute by mean, median and the nearest features" {
    printf 'id\tx\ty\tz\na\t1\t1\t9\nb\tNA\t5\t8\nc\t3\t3\t7\nd\t8\t8\tNA\n' >t.tsv
    must_pass eae-view -q t.tsv --impute mean -O tsv
    printf 'id\tx\ty\tz\na\t1\t1\t9\nb\t4\t5\t8\nc\t3\t3\t7\nd\t8\t8\t8\n' | diff - .stdout
    must_pass eae-view -q t.tsv --impute median --samples a,b,c -O tsv
    printf 'id\tx\ty\tz\na\t1\t1\t9\nb\t2\t5\t8\nc\t3\t3\t7\n' | diff - .stdout
    must_pass eae-view -q t.tsv --impute knn:2 -O tsv
    [ "$(awk '$1 == "b" { print $2 }' .stdout)" = 5 ]
    must_fail 2 eae-view -q t.tsv --impute knn -O tsv
    says "knn:K"
    printf 'id\tx\ty\na\tNA\t1\nb\tNA\t5\n' >t.tsv
    must_fail 1 eae-view -q t.tsv --impute mean -O tsv
    says "'x'"
}

@test "what was changed is in the history, and in the hash" {
    make_matrix 6 5 m.tsv
    eae-view -q m.tsv --label label >m.eae
    eae-view --log2=offset:10 m.eae >l.eae
    eae-view --info l.eae >info
    grep -q -e '--log2=offset:10' info
    [ "$(eae-view --hash m.eae)" != "$(eae-view --hash l.eae)" ]
    [ "$(eae-view --hash --log2=offset:10 m.eae)" = "$(eae-view --hash l.eae)" ]
}

@test "f64 that does not fit f32" {
    printf 'id\tx\na\t1e39\n' >t.tsv
    eae-view -q --dtype f64 t.tsv >t.eae
    must_fail 1 eae-view --dtype f32 t.eae
    says "too large for f32"
}
