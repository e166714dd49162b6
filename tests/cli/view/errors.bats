#!/usr/bin/env bats
# Bad input: a message that says where, the right status, nothing on standard output.

load ../helpers

good() {
    printf 'id\t@label\tx\ty\na\tno\t1\t2\nb\tyes\t3\t4\n' >t.tsv
    eae-view -q t.tsv >t.eae
}

@test "ragged rows" {
    printf 'id\tx\ty\na\t1\t2\nb\t3\n' >t.tsv
    must_fail 1 eae-view t.tsv
    says "t.tsv:3:"
    printf 'id\tx\ty\na\t1\t2\nb\t3\t4\t5\n' >t.tsv
    must_fail 1 eae-view t.tsv
    says "t.tsv:3:"
}

@test "text in a number" {
    { printf 'id\tx\ty\n' && for i in 1 2 3; do printf 's%d\t1\t2\n' $i; done && printf 's4\t1\t2?\n'; } >t.tsv
    must_fail 1 eae-view t.tsv
    says "t.tsv:5: column 3"
    says "2?"
    cat t.tsv >copy && must_fail 1 eae-view - <t.tsv
    says "standard input:5"
}

@test "a decimal comma is told what is wanted" {
    printf 'id;x;y\na;1;2\nb;1;1,5\n' >t.csv
    must_fail 1 eae-view t.csv
    says 't.csv:3: column 3: not a number: "1,5"; numbers are written with a point, as 1234.5'
    printf 'id\tx\na\t1\nb\t1,5,6\n' >t.tsv
    must_fail 1 eae-view t.tsv
    says_not "point"
}

@test "a column of text is named, with --meta as the way out" {
    printf 'id\tsex\tx\na\tm\t1\nb\tf\t2\n' >t.tsv
    must_fail 1 eae-view t.tsv
    says "sex"
    says "--meta"
    printf 'id\tsex\tx\tsite\na\tm\t1\tA\nb\tf\t2\tB\n' >two.tsv
    must_fail 1 eae-view two.tsv
    says "(columns sex, site: keep them as annotations by --meta, or name one by --label)"
    must_pass eae-view --meta sex t.tsv
}

@test "nothing, only a header, no rows, one row, one feature" {
    : >empty
    must_fail 1 eae-view empty
    says "empty"
    must_fail 1 eae-view - <empty
    printf 'id\tx\ty\n' >t.tsv
    must_fail 1 eae-view t.tsv
    says "t.tsv"
    printf 'id\tx\ty\na\t1\t2\n' >t.tsv
    must_pass eae-view t.tsv -o one.eae
    must_pass eae-view --info one.eae
    grep -q '^data: 1 samples x 2 features' .stdout
    printf 'id\tx\na\t1\nb\t2\n' >t.tsv
    must_pass eae-view t.tsv -o one.eae
    must_pass eae-view -O tsv one.eae
    diff t.tsv .stdout
}

@test "duplicate ids and features" {
    printf 'id\tx\na\t1\na\t2\n' >t.tsv
    must_fail 1 eae-view t.tsv
    says '"a"'
    printf 'id\tx\tx\na\t1\t2\n' >t.tsv
    must_fail 1 eae-view t.tsv
    says '"x"'
}

@test "NaN is missing, Inf is an error" {
    printf 'id\tx\ty\na\tNaN\t1\nb\t2\t3\n' >t.tsv
    must_pass eae-view t.tsv --info
    grep -q '1 missing' .stdout
    printf 'id\tx\ty\na\t1\t1\nb\tInf\t3\n' >t.tsv
    must_fail 1 eae-view t.tsv
    says "t.tsv:3: column 2"
}

@test "a truncated stream, at any length" {
    good
    size=$(stat -c %s t.eae)
    for n in 1 7 63 64 65 127 200 $((size / 2)) $((size - 65)) $((size - 1)); do
        head -c "$n" t.eae >cut.eae
        must_fail 1 eae-view cut.eae
        must_fail 1 eae-view - <cut.eae
    done
}

@test "a damaged stream, wherever the byte is" {
    good
    size=$(stat -c %s t.eae)
    for at in $(seq 0 13 $((size - 1))); do
        { head -c "$at" t.eae && printf '\xa5' && tail -c +$((at + 2)) t.eae; } >bad.eae
        cmp -s t.eae bad.eae && continue
        must_fail 1 eae-view bad.eae
    done
}

@test "text after a stream, and a stream cut in the second frame" {
    good
    { cat t.eae && echo nonsense; } >bad.eae
    must_fail 1 eae-view bad.eae
    { cat t.eae && head -c 200 t.eae; } >bad.eae
    must_fail 1 eae-view bad.eae
}

@test "a terminal gets no binary, and is told what to use" {
    command -v script >/dev/null || skip "no script(1)"
    good
    run script -qec 'eae-view t.eae' /dev/null
    [ "$status" -eq 1 ]
    [[ $output == *"terminal"*"--info"* ]]
    run script -qec 'eae-view --no-history' /dev/null </dev/null
    [ "$status" -ne 0 ]
}

@test "a full disk is an error" {
    good
    for form in eae tsv csv npy libsvm; do
        capture eae-view t.eae -O $form -o /dev/full
        [ "$status" -eq 1 ]
        says "/dev/full"
    done
    status=0
    eae-view t.eae >/dev/full 2>err || status=$?
    [ "$status" -eq 1 ]
    grep -q 'No space left' err
    status=0
    eae-view --info t.eae >/dev/full 2>err || status=$?
    [ "$status" -eq 1 ]
}

@test "a closed pipe ends it silently" {
    make_matrix 200 1200 m.tsv # its text is more than the largest pipe holds
    eae-view -q m.tsv --label label >m.eae
    set -o pipefail
    status=0
    { eae-view m.eae -O tsv 2>err || echo $? >code; } | head -c 10 >/dev/null
    [ ! -s err ]
    [ "$(cat code)" -eq 141 ]
}

@test "other programs' files are called by their name" {
    printf 'PK\003\004\024\000\000\000' >book.xlsx
    must_fail 1 eae-view book.xlsx
    says "book.xlsx: a zip archive or an Excel workbook"
    must_fail 1 eae-view - <book.xlsx
    says "standard input: a zip archive"
    printf '\211HDF\r\n\032\n\000' >x.h5ad
    must_fail 1 eae-view x.h5ad
    says "an HDF5 file"
    printf 'RDX3\nX\n\000' | gzip >x.RData
    must_fail 1 eae-view x.RData
    says "an R workspace"
}

@test "files that cannot be read" {
    must_fail 1 eae-view nowhere.eae
    says "nowhere.eae"
    must_fail 1 eae-view .
    if [ "$(id -u)" -ne 0 ]; then
        good
        chmod 000 t.eae
        must_fail 1 eae-view t.eae
        says "t.eae"
    fi
}

@test "wrong command lines" {
    good
    must_fail 2 eae-view --no-such t.eae
    says "Try 'eae-view --help'"
    must_fail 2 eae-view -Z t.eae
    must_fail 2 eae-view -O excel t.eae
    must_fail 2 eae-view --head=0 t.eae
    must_fail 2 eae-view --head=x t.eae
    must_fail 2 eae-view -t 0 t.eae
    must_fail 2 eae-view --memory lots t.eae
    must_fail 2 eae-view --info --hash t.eae
    must_fail 2 eae-view --kind plan t.eae
}

@test "a label that is not there lists what could be one" {
    printf 'id\tclass\tsex\tx\na\tA\tm\t1\nb\tB\tf\t2\n' >t.tsv
    must_fail 1 eae-view t.tsv --meta sex,class --label outcome
    says "outcome"
    says "class"
    says "sex"
}

@test "changes of values need data" {
    make_matrix 12 3 x.tsv
    eae-split -q --kfold 3 --label label x.tsv | eae-train svm -q -o p.eae
    for change in --log2=offset:9 --normalize=cpm --impute=mean --dtype=f64 --map=x.tsv; do
        must_fail 1 eae-view "$change" p.eae
        says "${change%=*} is for data, and there are none (found: prediction)"
    done
}

@test "features as rows: the shape, and the ids of annotations, give it away" {
    awk 'BEGIN { printf "gene"; for (j = 0; j < 12; j++) printf "\tp%02d", j; print ""
        for (i = 0; i < 300; i++) { printf "g%d", i; for (j = 0; j < 12; j++) printf "\t%d", i * j % 17; print "" } }' >t.tsv
    awk 'BEGIN { print "id\tclass"; for (j = 0; j < 12; j++) printf "p%02d\tc%d\n", j, j % 2 }' >a.tsv
    must_pass eae-view t.tsv --info
    says "t.tsv: 300 samples of 12 features: if the rows are features, say --by-feature"
    must_pass eae-view -q t.tsv --info
    says_not "by-feature"
    must_pass eae-view --by-feature t.tsv --info
    says_not "by-feature"
    must_fail 1 eae-view t.tsv --annot a.tsv --label class
    says "a.tsv: none of its ids (p00, ...) is a sample of the data (g0, ...); they are the features: is the table feature-major? try --by-feature"
    must_pass eae-view t.tsv --by-feature --annot a.tsv --label class --info
    # many samples are no reason where the columns have roles
    awk -F '\t' 'BEGIN { OFS = FS } { print $0, NR == 1 ? "class" : "c" NR % 2 }' t.tsv >l.tsv
    must_pass eae-view l.tsv --label class --info
    says_not "by-feature"
}

@test "a header of numbers is suspected to be data" {
    printf '0.5\t1.5\n2\t3\n4\t5\n' >t.tsv
    must_pass eae-view t.tsv --info
    says "t.tsv:1: a header of numbers only: is it data? The first line is taken for the names of the columns"
    for id in id ''; do
        printf '%s\t1\t2\na\t3\t4\n' "$id" >t.tsv
        must_pass eae-view t.tsv --info
        says_not "header"
    done
}

@test "help and version on standard output" {
    must_pass eae-view --help
    head -1 .stdout | grep -q eae-view
    must_pass eae-view --version
    grep -q '^eae-view [0-9]' .stdout
}
