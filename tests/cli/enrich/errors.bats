#!/usr/bin/env bats
# eae-enrich: input that cannot be used, and what is said of it.

load ../helpers

DATA=$BATS_TEST_DIRNAME/../../data/enrich
SETS=$DATA/sets_a.gmt

# A model of features f1 .. f30
model() {
    make_matrix 20 30 data.tsv
    eae-train -q svm --filter ttest:5 --label label data.tsv -o svm.eae
}

@test "sets: none, empty, not sets, twice the same name" {
    printf 'G0001\n' >list
    must_fail 2 eae-enrich list
    says "no gene sets"
    must_fail 1 eae-enrich --sets nosuch.gmt --universe sets list
    says "nosuch.gmt"
    : >empty.gmt
    must_fail 1 eae-enrich --sets empty.gmt --universe sets list
    says "empty.gmt"
    printf '# nothing\n\n' >empty.gmt
    must_fail 1 eae-enrich --sets empty.gmt --universe sets list
    says "empty.gmt: no gene set"
    printf 'a\tb\tG1\nonly a name\n' >bad.gmt
    must_fail 1 eae-enrich --sets bad.gmt --universe sets list
    says "bad.gmt:2: not a set"
    printf 'a\tb\tG1\nb\t\tG1\na\tx\tG2\n' >bad.gmt
    must_fail 1 eae-enrich --sets bad.gmt --universe sets list
    says 'bad.gmt: two sets have the name "a": number 1 and number 3'
    printf 'a\tb\tG1\0G2\n' >bad.gmt
    must_fail 1 eae-enrich --sets bad.gmt --universe sets list
    says "bad.gmt:1: a zero byte"
    gzip -c "$SETS" | head -c 2000 >cut.gmt.gz
    must_fail 1 eae-enrich --sets cut.gmt.gz --universe sets list
    says "cut.gmt.gz"
}

@test "sets without genes" {
    printf 'S\td\n' >none.gmt
    echo G1 >list
    must_fail 1 eae-enrich --sets none.gmt --universe sets list
    says "none.gmt: its sets have no gene"
}

@test "nothing in common: sets and data, sets and universe, map and data, list and universe" {
    model
    must_fail 1 eae-enrich --sets "$SETS" svm.eae
    says "no gene of its sets was measured: it has G"
    says "the data have f1, f2, f3"
    printf 'x1\tg1\nx2\tg2\nx3\tg3\nx4\tg4\n' >map.tsv
    must_fail 1 eae-enrich --sets "$SETS" --map map.tsv svm.eae
    says "map.tsv: maps none of the 30 features: it names x2, x3, x4; the features are f1, f2, f3"
    printf 'N1\nN2\n' >universe
    must_fail 1 eae-enrich --sets "$SETS" --universe universe "$DATA/list.txt"
    says "none of its 63 sets has a gene in the universe of 2 genes"
    printf 'X1\nX2\nX3\nX4\n' >list
    must_fail 1 eae-enrich --sets "$SETS" --universe sets list
    says "none of the 4 genes is in the universe of sets_a.gmt: the list has X1, X2, X3, the universe G"
    printf 'X1\nX2\nG0701\nX4\n' >list
    must_pass eae-enrich --sets "$SETS" --universe sets list
    says "3 of 4 genes of the list are outside the universe: X1, X2, X4"
    must_fail 1 eae-enrich --sets "$SETS" --universe sets --min 400 "$DATA/list.txt"
    says "none of its 63 sets has 400 to 500 genes in the universe"
    says "the largest has 120"
}

@test "an ontology: cycles, terms without an id, foreign files" {
    printf 'G0001\n' >list
    run_obo() { must_fail 1 eae-enrich --obo bad.obo --gaf "$DATA/small.gaf" --universe sets list; }
    printf '[Term]\nid: T:1\nis_a: T:2\n\n[Term]\nid: T:2\nis_a: T:3 ! x\n\n[Term]\nid: T:3\nrelationship: part_of T:1\n\n[Term]\nid: T:4\nis_a: T:1\n' >bad.obo
    run_obo
    says "bad.obo: a cycle of terms: T:"
    says_not "T:4"
    printf '[Term]\nid: T:1\nis_a: T:1\n' >bad.obo
    run_obo
    says "a cycle of terms: T:1 has the child T:1"
    printf '[Term]\nname: x\n\n[Term]\nid: T:1\n' >bad.obo
    run_obo
    says "bad.obo:1: a term without an id"
    printf '[Term]\nid: T:1\n\n[Term]\nid: T:2\nalt_id: T:1\n' >bad.obo
    run_obo
    says "bad.obo:6: the id T:1 is that of the term in line 1 as well"
    printf 'a\tb\tc\n' >bad.obo
    run_obo
    says "bad.obo: no [Term] in it"
    must_fail 1 eae-enrich --obo "$DATA/small.obo" --gaf "$SETS.no" --universe sets list
    printf '!gaf-version: 2.2\n' >bad.gaf
    must_fail 1 eae-enrich --obo "$DATA/small.obo" --gaf bad.gaf --universe sets list
    says "bad.gaf: no annotation in it"
    printf '!gaf-version: 2.2\nDB\tP1\tG1\n' >bad.gaf
    must_fail 1 eae-enrich --obo "$DATA/small.obo" --gaf bad.gaf --universe sets list
    says "bad.gaf:2: 3 columns"
    printf 'DB\tP1\tG1\t\tX:1\tr\tIEA\n' >bad.gaf
    must_fail 1 eae-enrich --obo "$DATA/small.obo" --gaf bad.gaf --universe sets list
    says "none of its 1 annotations is to a term of small.obo"
    # an arrow that leads out of the file is no reason to stop
    printf '[Term]\nid: X:1\nis_a: X:9\n' >out.obo
    printf 'G1\n' >list
    must_pass eae-enrich --obo out.obo --gaf bad.gaf --universe sets --min 1 list
    says "1 relations lead to terms that are not in it"
}

@test "input that is no list and no model" {
    model
    must_fail 1 eae-enrich --sets "$SETS" --universe sets data.tsv
    says "data.tsv:1: several columns"
    eae-view -q --label label data.tsv -o data.eae
    must_fail 1 eae-enrich --sets "$SETS" data.eae
    says "no model or rank frame (found: data); did you mean to pipe through eae-train"
    eae-split -q --kfold 3 data.eae | eae-train -q svm -o predictions.eae
    must_fail 1 eae-enrich --sets "$SETS" predictions.eae
    says "eae-train --final or --weights all writes models"
    must_fail 1 eae-enrich --sets "$SETS" --universe sets </dev/null
    printf '# nothing\n' >list
    must_fail 1 eae-enrich --sets "$SETS" --universe sets list
    says "list: no name in it"
    must_fail 1 eae-enrich --sets "$SETS" --universe sets svm.eae "$DATA/list.txt"
    says "cannot be read together"
    head -c 700 svm.eae >cut.eae
    must_fail 1 eae-enrich --sets "$SETS" cut.eae
    must_fail 1 eae-enrich --sets "$SETS" "$DATA/list.txt"
    says "a plain list does not say what was measured: --universe FILE"
    must_fail 1 eae-enrich --sets "$SETS" --universe sets --genes top:3 "$DATA/list.txt"
    must_fail 1 eae-enrich --sets "$SETS" --genes rank:3 svm.eae
    says "--genes rank:3 needs the rank frame of eae-rfe"
}

@test "options that do not fit" {
    list=$DATA/list.txt
    must_fail 2 eae-enrich --sets "$SETS" --genes best:3 "$list"
    says "'best:3' is none of top:K, nonzero and rank:K"
    must_fail 2 eae-enrich --sets "$SETS" --genes top:0 "$list"
    must_fail 2 eae-enrich --sets "$SETS" --adjust bh,fdr "$list"
    says "'fdr' is none of"
    must_fail 2 eae-enrich --sets "$SETS" --adjust none,bh "$list"
    must_fail 2 eae-enrich --sets "$SETS" --alpha 0 "$list"
    must_fail 2 eae-enrich --sets "$SETS" --alpha 1.5 "$list"
    must_fail 2 eae-enrich --sets "$SETS" --min 20 --max 10 "$list"
    must_fail 2 eae-enrich --sets "$SETS" --shard 3/2 "$list"
    must_fail 2 eae-enrich --sets "$SETS" --obo "$DATA/small.obo" "$list"
    says "--obo and --gaf need each other"
    must_fail 2 eae-enrich --sets "$SETS" --lists "$DATA/lists.gmt" "$list"
    must_fail 2 eae-enrich --sets "$SETS" --lists "$DATA/lists.gmt"
    says "lists alone have no measured genes"
    must_fail 2 eae-enrich --sets "$SETS" --lists "$DATA/lists.gmt" --genes top:3 --universe sets
    must_fail 2 eae-enrich --sets "$SETS" --prune=2 "$list"
}

@test "a full disk is an error, a closed pipe is not" {
    must_fail 1 eae-enrich -q --sets "$SETS" --universe sets --alpha 1 "$DATA/list.txt" -o /dev/full
    eae-enrich -q --lists "$DATA/lists.gmt" --sets "$SETS" --universe sets --alpha 1 2>err | true
    [ ! -s err ]
    must_fail 1 eae-enrich -q --sets "$SETS" --universe sets "$DATA/list.txt" -o nosuch/out.tsv
    printf 'X1\n' >list
    must_fail 1 eae-enrich -q --sets "$SETS" --universe sets list -o out.tsv
    [ ! -e out.tsv ]
}
