#!/usr/bin/env bats
# The commands under EXAMPLES of every page, and the pipeline of eae(7), do what they say with data
# of the names that they use.

load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..

# commands PAGE SECTION: its display lines, as they are typed
commands() {
    sed -n "/^\.Sh $2/,/^\.Sh/s/^\.Dl //p" "$ROOT/man/$1" | sed "s/\\\\(aq/'/g; s/\\\\-/-/g; s/\\\\e/\\\\/g"
}

# A table with a header of FIRST and further columns before the features: table N P FIRST AWK-EXPRESSION
table() {
    awk -v n="$1" -v p="$2" -v first="$3" 'BEGIN {
        srand(3)
        printf "id\t%s", first
        for (j = 1; j <= p; j++) printf "\tf%d", j
        print ""
        for (i = 0; i < n; i++) {
            printf "x%d\t%s", i, '"$4"'
            for (j = 1; j <= p; j++) printf "\t%.3f", 5 + rand() + rand() + (j < 9) * (i % 2) * 0.5
            print ""
        } }'
}

make_data() {
    table 40 1200 class 'i % 2 ? "AML" : "ALL"' >golub.tsv
    gzip -k golub.tsv
    cp golub.tsv.gz expr.tsv.gz
    cp golub.tsv new.tsv
    eae-view -q --label class=AML/ALL golub.tsv -o golub.eae
    eae-split -q --kfold 5 --repeats 2 golub.eae | eae-train svm -q -o svm.eae
    table 140 20 'status	subject' '(i % 2 ? "ill" : "well") "\t" "S" i % 62' >expr.tsv
    table 40 20 'label	site' '(i % 2 ? "ill" : "well") "\t" substr("uv", i / 2 % 2 + 1, 1)' |
        eae-view -q --label label --meta site - -o expr.eae
    table 60 20 'time	status	Diam	N	ER	Grade' \
        '1 + i * 29 % 61 / 4 "\t" (i % 3 > 0) "\t<=2cm\t1-3\t" (i % 4 ? "Positive" : "Negative") "\t" (i % 5 ? "Poor" : "Well")' \
        >nki70.tsv
    table 12 6 TP53 '5 + i' | sed '1s/f1/MYC/' >counts.tsv
    printf 'f1\tA\nf2\tB\nf3\tB\n' >chip.tsv
    printf 'one\t\tA\tB\tC\ntwo\t\tB\tC\tD\n' >pathways.gmt
    printf 'A\nB\nC\nD\nE\n' >measured.txt
    printf 'A\nB\nG1\n' >genes.txt
    printf '[Term]\nid: GO:1\nname: all\n\n[Term]\nid: GO:2\nname: part\nis_a: GO:1\n' >go.obo
    printf '!gaf-version: 2.2\nDB\tP1\tA\t\tGO:1\tr\tIEA\nDB\tP2\tB\t\tGO:2\tr\tIEA\n' >human.gaf
    eae-split -q --kfold 3 golub.eae -o plan.eae
    eae-view -q --samples x0,x1,x2 golub.eae -o a.eae
    eae-view -q --samples x3,x4,x5 golub.eae -o b.eae
    awk -F '\t' 'BEGIN { OFS = FS } NR % 7 == 2 { $(3 + NR % 5) = "NA" } 1' golub.tsv | cut -f 1-40 >some.tsv
    eae-view -q --label class some.tsv -o holes.eae
    cut -f 1,3- some.tsv >holes.tsv
    cut -f 1,3- golub.tsv >patients.tsv
    printf 'f1\t0.1\nf2\t3\n' >odds.txt
    ln -s "$ROOT/share" share
}

# Every command of the section, one after the other, in one folder; python3 is that of the system.
run_section() {
    PATH=$(dirname "$(command -v eae-view)"):/usr/bin:$PATH
    commands "$1" "$2" >list
    [ -s list ] || fail "no examples in $1"
    while IFS= read -r line; do
        case $line in
        *Rscript*) command -v Rscript >/dev/null || continue ;;
        esac
        must_pass bash -o pipefail -c "$line" </dev/null
    done <list
}

@test "examples of eae-view" { make_data && run_section eae-view.1 EXAMPLES; }
@test "examples of eae-split" { make_data && run_section eae-split.1 EXAMPLES; }
@test "examples of eae-train" { make_data && run_section eae-train.1 EXAMPLES; }
@test "examples of eae-rfe" { make_data && run_section eae-rfe.1 EXAMPLES; }
@test "examples of eae-score" { make_data && run_section eae-score.1 EXAMPLES; }
@test "examples of eae-enrich" { make_data && run_section eae-enrich.1 EXAMPLES; }
@test "examples of eae-plot" { make_data && run_section eae-plot.1 EXAMPLES; }
@test "examples of eae-synth" { make_data && run_section eae-synth.1 EXAMPLES; }
@test "examples of eae-cache" { make_data && EAE_CACHE_DIR=$PWD/cache run_section eae-cache.1 EXAMPLES; }
@test "examples of eae-submit" {
    export XDG_STATE_HOME=$PWD/state XDG_RUNTIME_DIR=$PWD/run
    mkdir -m 700 run
    make_data && run_section eae-submit.1 EXAMPLES
}
@test "the pipeline of eae(7)" { make_data && run_section eae.7 'A WORKED PIPELINE'; }

@test "every page has examples that are run here" {
    for page in "$ROOT"/man/eae-*.1; do
        grep -q "run_section ${page##*/} EXAMPLES" "$BATS_TEST_FILENAME" || fail "${page##*/}"
    done
}
