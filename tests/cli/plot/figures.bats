#!/usr/bin/env bats
# Each kind of figure from its own report, in each format.
load ../helpers
load plot

@test "each kind draws SVG, PNG, PDF and characters with one command" {
    make_study
    for kind in $KINDS; do
        must_pass eae-plot "$kind" -q "$kind.tsv" -o "$kind.svg"
        must_pass eae-plot "$kind" -q "$kind.tsv" -o "$kind.png"
        must_pass eae-plot "$kind" -q "$kind.tsv" -o "$kind.pdf"
        must_pass eae-plot "$kind" -q "$kind.tsv" -O term -o "$kind.txt"
        [ "$(head -c 8 "$kind.png" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ]
        [ "$(head -c 5 "$kind.pdf")" = %PDF- ]
        [ "$(tail -c 6 "$kind.pdf")" = %%EOF ]
        python3 -c 'import sys
lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
assert len(lines) > 10 and max(map(len, lines)) <= 80, max(lines, key=len)' "$kind.txt"
    done
    for kind in $KINDS; do well_formed "$kind.svg"; done
    for pair in 'roc:False positive rate' 'roc:param 0.01: AUC' 'pr:Recall' 'size:Number of features' 'size:AUC' \
        'size:chosen inside' 'box:param 0.01' 'stability:Stability (Nogueira)' 'volcano:f1' 'enrich:cell cycle' \
        'enrich:times expected' 'scaling:Time, s' 'pca:PC1 (' 'pca:c0' 'heatmap:f12' 'heatmap:z-score' 'km:At risk' \
        'km:high risk' 'km:HR ='; do
        texts "${pair%%:*}.svg" | grep -qF -e "${pair#*:}" || fail "$pair"
    done
    for pair in 'roc:AUC' 'size:Number of features' 'box:param' 'enrich:transport' 'pca:PC2' 'heatmap:f12' 'km:low risk'; do
        grep -qF -e "${pair#*:}" "${pair%%:*}.txt" || fail "$pair"
    done
}

@test "the same bytes again, and for any number of threads" {
    make_study
    for case in pca.svg heatmap.png km.pdf; do
        kind=${case%.*}
        must_pass eae-plot "$kind" -q -t 1 "$kind.tsv" -o "1.${case#*.}"
        must_pass eae-plot "$kind" -q -t 4 "$kind.tsv" -o "4.${case#*.}"
        same_bytes "1.${case#*.}" "4.${case#*.}"
    done
    sleep 1 # a date would differ
    must_pass eae-plot km -q km.tsv -o again.pdf
    same_bytes 4.pdf again.pdf
}

@test "what is written follows the name, the option, and where it goes" {
    make_study
    must_pass eae-plot roc -q roc.tsv
    [ "${stdout:0:5}" = '<?xml' ]
    must_pass eae-plot roc -q roc.tsv -o x.svg -O png
    [ "$(head -c 4 x.svg | tail -c 3)" = PNG ]
    script -qec 'eae-plot roc -q roc.tsv' /dev/null </dev/null >tty.txt
    grep -q 'False positive rate' tty.txt
    lacks '<svg' tty.txt
    status=0
    script -qec 'eae-plot roc -q roc.tsv -O png' /dev/null </dev/null >tty.txt || status=$?
    [ "$status" -eq 1 ]
    grep -q 'terminal' tty.txt
    lacks IHDR tty.txt
    must_pass eae-plot roc -q - <roc.tsv
    well_formed <(printf '%s' "$stdout")
}

@test "size, title and titles of axes" {
    make_study
    must_pass eae-plot roc -q roc.tsv --width 6 --height 4 --title 'A title' --xlabel '1 - specificity' --ylabel Sensitivity -o x.svg
    grep -q 'width="576" height="384"' x.svg
    for text in 'A title' '1 - specificity' Sensitivity; do texts x.svg | grep -qxF "$text"; done
    must_pass eae-plot size -q size.tsv -O term --width 60 --height 15
    [ "$(wc -l <.stdout)" -eq 15 ]
    awk 'length > 61 { bad = 1 } END { exit bad }' .stdout
}

@test "a script draws the same picture by itself" {
    make_study
    for kind in roc heatmap; do
        must_pass eae-plot "$kind" -q "$kind.tsv" --script -O pdf -o x.gp
        gnuplot -d x.gp >a.pdf 2>/dev/null
        must_pass eae-plot "$kind" -q "$kind.tsv" -o b.pdf
        # but for the date, which is blanked
        python3 -c 'import re, sys
a, b = (open(f, "rb").read() for f in sys.argv[1:])
assert re.search(rb"/CreationDate \([^)]*\)", a) and re.sub(rb"/CreationDate \([^)]*\)", lambda m: b" " * len(m[0]), a) == b' a.pdf b.pdf || fail "$kind"
    done
}

@test "a template of one's own, one with a mistake, and folders of templates" {
    make_study
    printf 'set title "mine"\nplot $curve using 1:2 with lines notitle\n' >mine.gp
    must_pass eae-plot roc -q roc.tsv --template mine.gp -o x.svg
    texts x.svg | grep -qx mine
    printf 'set title "mine"\nplot $curve using 1:nothing(2)\n' >bad.gp
    must_fail 1 eae-plot roc -q roc.tsv --template bad.gp -o y.svg
    says "bad.gp:2: gnuplot: undefined function: nothing"
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
    [ ! -e y.svg ]
    must_fail 1 eae-plot roc -q roc.tsv --template none.gp
    says "none.gp"
    mkdir -p own/plot
    cp "$BATS_TEST_DIRNAME"/../../../share/plot/*.gp own/plot
    cp mine.gp own/plot/roc.gp
    EAE_SHARE=own must_pass eae-plot roc -q roc.tsv -o z.svg
    same_bytes x.svg z.svg
    EAE_SHARE=nowhere must_fail 1 eae-plot roc -q roc.tsv
    says "EAE_SHARE: no templates in nowhere/plot"
}

@test "programs that were installed find the templates beside them" {
    make_data
    mkdir -p usr/bin usr/lib/eae usr/share/eae/plot
    cp "$(command -v eae-plot)" usr/bin
    cp "$BATS_TEST_DIRNAME"/../../../share/plot/*.gp usr/share/eae/plot
    printf 'set title "installed"\nplot 1\n' >usr/share/eae/plot/pca.gp
    must_pass usr/bin/eae-plot pca -q --backend ref data.eae -o x.svg
    texts x.svg | grep -qx installed
}
