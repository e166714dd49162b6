#!/usr/bin/env bats
# What cannot be drawn: one line that says where and why, and nothing written.
load ../helpers
load plot

# refused TEXT ARGUMENT...: exit 1, one line with TEXT, no file
refused() {
    local text=$1
    shift
    must_fail 1 eae-plot -q "$@" -o refused.svg
    says "$text"
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ] || fail "more than a line: $stderr"
    [ ! -e refused.svg ] || fail "something was written: $*"
    [ -z "$(find . -name '*.XXXXXX' -o -name 'refused*')" ]
}

@test "reports: a missing column, a word for a number, too few fields, JSON, nothing" {
    printf 'model\tfpr\ttpr\nm\t0\t0\nm\t1\t1\n' >good.tsv
    must_pass eae-plot roc good.tsv
    sed 's/tpr/x/' good.tsv >no.tsv
    refused "no.tsv:1: no column 'tpr' (there are: model fpr x); what is needed is the output of eae-score --curve roc" roc no.tsv
    sed '3s/1$/one/' good.tsv >word.tsv
    refused "word.tsv:3: column 3 (tpr): not a number: 'one'" roc word.tsv
    sed '3s/1$/1.5/' good.tsv >above.tsv
    refused "above.tsv:3: column 3 (tpr): not between 0 and 1: 1.5" roc above.tsv
    sed '2s/\t0$//' good.tsv >short.tsv
    refused "short.tsv:2: 2 fields, where the header has 3" roc short.tsv
    printf 'a\ta\n1\t2\n' >twice.tsv
    refused "twice.tsv:1: columns 1 and 2 are both called 'a'" roc twice.tsv
    echo '{"model":"m"}' >json.tsv
    refused "json.tsv:1: JSON lines: give the report as TSV, without --json" roc json.tsv
    printf 'words only\n' >words.tsv
    refused "words.tsv:1: not a report" roc words.tsv
    : >empty.tsv
    refused "empty.tsv: empty" roc empty.tsv
    head -1 good.tsv >header.tsv
    refused "header.tsv: nothing to draw" roc header.tsv
    printf 'm\0\tx\n' >zero.tsv
    refused "zero.tsv: not a report: it has zero bytes" roc zero.tsv
    make_data
    refused "data.eae: a stream, not a report: reports are text, as eae-score, eae-enrich and eae-view -O tsv write it" roc data.eae
    refused "none.tsv" roc none.tsv
    printf 'b\tc\nm\t0\n' >other.tsv
    refused "other.tsv:1: other columns than good.tsv has" roc good.tsv other.tsv
    refused "other.tsv" roc other.tsv
}

@test "reports without what their figure needs" {
    printf 'metric\tsize\tmean\tlo\thi\nauc\tselected\t0.5\t0.4\t0.6\n' >size.tsv
    refused "size.tsv: nothing to draw: no line has a number of features" size size.tsv
    refused "size.tsv: no line has the metric 'mcc'" size --metric mcc size.tsv
    sed 's/selected/-3/' size.tsv >minus.tsv
    refused "minus.tsv:2: column 2 (size): not a number of features: '-3'" size minus.tsv
    head -1 size.tsv >head.tsv
    refused "head.tsv: nothing to draw: the report has no lines" size head.tsv
    printf 'metric\tvalue\tsplit\nauc\tNA\t1\n' >box.tsv
    refused "box.tsv: nothing to draw: no value is finite" box box.tsv
    sed 's/NA/Inf/' box.tsv >inf.tsv
    refused "inf.tsv: nothing to draw: no value is finite" box inf.tsv
    printf 'auc\t0.5\t2\n' >>inf.tsv
    must_pass eae-plot box inf.tsv -o inf.svg
    says "box: 1 values are infinite, and left out"
    texts inf.svg | grep -q '1 infinite values are left out'
    printf 'id\teffect\tp\nx\t1\t2\n' >volcano.tsv
    refused "volcano.tsv:2: column 3 (p): not a p-value: 2" volcano volcano.tsv
    printf 'set\tset_size\toverlap\texpected\tp\n' >sets.tsv
    refused "sets.tsv: nothing to draw: no set was found" enrich sets.tsv
    printf 'system\tsize\tseconds\ttol\nx\tbig\t1\t0.1\n' >scaling.tsv
    refused "scaling.tsv:2: column 2 (size): not a size: 'big'" scaling scaling.tsv
    printf 'model\tfpr\ttpr\nm\t0\t0\nm\t1\t1\n' >good.tsv
    refused "--only: good.tsv has no column 'size'" roc --only size=3 good.tsv
    refused "--only svm: no line of good.tsv fits" roc --only svm good.tsv
}

@test "streams without what their figure needs" {
    make_data && make_predictions && make_survival
    refused "no data frame" pca svm.eae
    refused "--colour arm: no such annotation (there are: " pca --colour arm data.eae
    refused "--shape x: no such annotation" pca --shape x data.eae
    refused "the data have no survival times: name them with --time and --status" km data.eae
    refused "does not predict survival" km --model param=1 svm.eae
    refused "2 candidates: choose one with --model" km svm.eae
    refused "--features: the data have no feature 'gone'" heatmap --features f1,gone data.eae
    awk -F '\t' 'BEGIN { OFS = FS } NR == 5 { $4 = "NA" } 1' m.tsv >holes.tsv
    refused "holes.tsv: 1 values are missing (the first: sample 4, feature 2): fill them with eae-view --impute" pca --label label holes.tsv
    must_pass eae-plot heatmap -q --label label holes.tsv -o holes.svg
    awk -F '\t' 'BEGIN { OFS = FS } { print $0, NR == 1 ? "who" : "w" NR }' m.tsv >many.tsv
    refused "--colour who: 36 different values; at most 8 can be told apart" pca --label label --meta who --colour who many.tsv
    sed '3s/\t[0-9.]*\t/\t0\t/' survival.tsv >zero.tsv
    refused "time" km --time time --status status --meta arm zero.tsv
    eae-view -q --time time --status status --meta arm survival.tsv | eae-split -q --kfold 3 | eae-train cox -q --lambda 0.1 -o km.eae
    refused "--repeat 7: no such repeat" km --repeat 7 km.eae
}

@test "wrong command lines" {
    must_fail 2 eae-plot roc -o x.jpg good.tsv
    says "--output x.jpg: figures are svg, png or pdf (--format says which)"
    printf 'model\tfpr\ttpr\nm\t0\t0\nm\t1\t1\n' >good.tsv
    must_fail 2 eae-plot
    must_fail 2 eae-plot pie good.tsv
    says "no such kind of figure: pie"
    must_fail 2 eae-plot roc --format gif good.tsv
    must_fail 2 eae-plot roc --width 0 good.tsv
    must_fail 2 eae-plot pca --only model=x good.tsv
    says "--only is for figures of reports"
    must_fail 2 eae-plot report --script good.tsv
    says "--script does not apply to report"
    must_fail 2 eae-plot heatmap --features a --top 3 good.tsv
    for words in "roc --metric auc" "size --top 3" "pca --alpha 0.1" "pca --model svm" "size --repeat 2" \
        "box --colour batch" "km --shape batch" "heatmap --scale none" "pca --order label" "pca --features f1"; do
        # shellcheck disable=SC2086  # words are arguments
        must_fail 2 eae-plot $words good.tsv
        says "--$(cut -d ' ' -f 2 <<<"$words" | tr -d -) does not apply to ${words%% *}"
    done
}

@test "without gnuplot, and with one that fails" {
    printf 'model\tfpr\ttpr\nm\t0\t0\nm\t1\t1\n' >good.tsv
    mkdir none broken
    plot=$(command -v eae-plot)
    must_fail 1 env PATH="$PWD/none" "$plot" roc good.tsv -o x.svg
    says "figures need gnuplot"
    says "cannot run gnuplot"
    [ ! -e x.svg ]
    # a script needs none
    must_pass env PATH="$PWD/none" "$plot" roc good.tsv --script -o x.gp
    printf '#!/bin/sh\necho "a sorry tale" >&2\nexit 3\n' >broken/gnuplot
    chmod +x broken/gnuplot
    PATH=$PWD/broken:$PATH must_fail 1 "$plot" roc good.tsv -o x.svg
    says "gnuplot ended with status 3: a sorry tale"
    printf '#!/bin/sh\nkill -9 $$\n' >broken/gnuplot
    PATH=$PWD/broken:$PATH must_fail 1 "$plot" roc good.tsv -o x.svg
    says "gnuplot was killed by signal 9"
    printf '#!/bin/sh\nexit 0\n' >broken/gnuplot
    PATH=$PWD/broken:$PATH must_fail 1 "$plot" roc good.tsv -o x.svg
    says "gnuplot drew nothing"
    [ ! -e x.svg ]
}

@test "a full disk, a folder that is not there, a file that was there" {
    printf 'model\tfpr\ttpr\nm\t0\t0\nm\t1\t1\n' >good.tsv
    must_fail 1 eae-plot roc good.tsv -o /dev/full
    must_fail 1 eae-plot roc good.tsv -o no/such/x.svg
    echo mine >x.svg
    sed 's/tpr/x/' good.tsv >no.tsv
    must_fail 1 eae-plot roc no.tsv -o x.svg
    [ "$(cat x.svg)" = mine ]
    must_fail 1 eae-plot report good.tsv -o /dev/full
    # a closed pipe ends it quietly
    set +o pipefail
    eae-plot roc good.tsv 2>err | true
    [ ! -s err ]
    # nothing is left behind
    TMPDIR=$PWD must_pass eae-plot roc good.tsv -o y.svg
    [ -z "$(find . -name 'eae.*')" ]
}

@test "start-up files and variables of gnuplot change nothing" {
    printf 'model\tfpr\ttpr\nm\t0\t0\nm\t1\t1\n' >good.tsv
    must_pass eae-plot roc good.tsv -o a.svg
    printf 'set title "from a start-up file"\nset terminal dumb\n' >.gnuplot
    HOME=$PWD GNUTERM=dumb PAGER=cat must_pass eae-plot roc good.tsv -o b.svg
    same_bytes a.svg b.svg
}

@test "survival curves of a candidate that is not there, or is several" {
    make_survival
    eae-view -q survival.tsv --time time --status status --meta arm | eae-split -q --kfold 3 |
        eae-train cox -q --lambda 0.1,1 -o cox.eae
    refused "eae-plot: --model: 'cox' fits 2 candidates" km --model cox cox.eae
    refused "eae-plot: --model: no candidate is 'svm'" km --model svm cox.eae
}
