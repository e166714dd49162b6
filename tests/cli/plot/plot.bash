# plot.bash - reports and streams of a small study, for the tests of eae-plot.
# shellcheck shell=bash disable=SC2034,SC2129

PLOT=$BATS_TEST_DIRNAME

# part FILE KIND NAME: what a script gives its template
part() { python3 "$PLOT/script.py" "$@"; }

# well_formed FILE...: XML that a strict parser takes
well_formed() {
    python3 -c 'import sys, xml.etree.ElementTree as e
for f in sys.argv[1:]: e.parse(f)' "$@"
}

# lacks REGEX FILE...: no line of them has it
lacks() {
    if grep -E -e "$@"; then
        fail "there is '$1'"
    fi
}

# texts FILE: the text of an SVG, a line each
texts() {
    python3 -c 'import sys, xml.etree.ElementTree as e
for t in e.parse(sys.argv[1]).iter("{http://www.w3.org/2000/svg}text"): print("".join(t.itertext()).strip())' "$1"
}

# data.eae of 36 samples in two classes and two batches, 12 features; the first carries the class
make_data() {
    make_matrix 36 12 m.tsv
    awk -F '\t' 'BEGIN { OFS = FS } { $2 = $2 FS (NR == 1 ? "batch" : "b" NR % 3) } 1' m.tsv |
        eae-view -q --label label --meta batch - -o data.eae
}

make_predictions() {
    eae-split -q --kfold 3 --repeats 2 data.eae | eae-train svm -q -C 0.01,1 -o svm.eae
}

make_ranks() {
    eae-split -q --kfold 3 --repeats 2 --inner 2 data.eae | eae-rfe svm -q --step 3 --select best -o rfe.eae
}

# time, status, and a feature that goes with time
make_survival() {
    awk 'BEGIN { print "id\ttime\tstatus\tarm\tx\ty"
        for (i = 1; i <= 60; i++)
            printf "s%d\t%g\t%d\t%s\t%g\t%g\n", i, 1 + i * 37 % 61 / 4, (i % 4 > 0), i % 2 ? "a" : "b",
                8 - i * 37 % 61 / 8 + i % 5, i * 13 % 17 }' >survival.tsv
}

make_sets() {
    printf 'model\tparam\tsplit\tset\tset_size\toverlap\texpected\todds_ratio\tp\tbh\tgenes\n' >sets.tsv
    printf 'svm\t1\t0\tcell cycle\t120\t8\t0.5\t20\t1e-9\t3e-8\tA,B\n' >>sets.tsv
    printf 'svm\t1\t0\tDNA repair\t80\t4\t0.8\t6\t0.004\t0.06\tC\n' >>sets.tsv
    printf 'svm\t1\t0\ttransport\t200\t3\t1.5\t2\t0.02\t0.2\tD\n' >>sets.tsv
    printf 'set\tset_size\tes\tnes\tp\tbh\tleading_edge\nup\t20\t0.6\t1.9\t0.001\t0.01\tA\ndown\t35\t-0.5\t-1.6\t0.01\t0.05\tB\n' >gsea.tsv
}

# all reports and streams
make_study() {
    make_data && make_predictions && make_ranks && make_survival && make_sets
    eae-score -q --curve roc svm.eae -o roc.tsv
    eae-score -q --curve pr svm.eae -o pr.tsv
    eae-score -q svm.eae -o box.tsv
    eae-score -q --summary rfe.eae -o size.tsv
    eae-score -q --stability rfe.eae -o stability.tsv
    eae-train test -q --stat welch data.eae | eae-view -q -O tsv -o volcano.tsv
    cp sets.tsv enrich.tsv
    printf 'system\tsize\tseconds\ttol\neAE\t1M\t0.1\t0.01\neAE\t1G\t5\t0.01\nother\t1M\t3\t0.01\n' >scaling.tsv
    eae-view -q survival.tsv --time time --status status --meta arm | eae-split -q --kfold 3 --repeats 2 |
        eae-train cox -q --lambda 0.1 -o km.tsv
    cp data.eae pca.tsv
    cat data.eae rfe.eae >heatmap.tsv
}

KINDS='roc pr size box stability volcano enrich scaling pca heatmap km'
