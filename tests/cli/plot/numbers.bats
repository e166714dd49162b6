#!/usr/bin/env bats
# What is drawn are the numbers of the reports.
load ../helpers
load plot

# close_to: two columns of numbers agree to 1e-12
close_to() { awk '{ d = $1 - $2; if (d < 0) d = -d; if (!(d <= 1e-12 * (1 + ($2 < 0 ? -$2 : $2)))) { print; bad = 1 } n++ } END { exit bad || !n }'; }

@test "a ROC curve of one repeat is its points; its area is the pooled AUC" {
    make_data
    eae-split -q --kfold 3 data.eae | eae-train svm -q -o one.eae
    eae-score -q --curve roc one.eae -o roc.tsv
    must_pass eae-plot roc --script roc.tsv -o x.gp
    # every corner of the report's polyline is on the curve drawn, and the other way round
    columns_from fpr roc.tsv | sed 1d | cut -f 1,2 | sort -u >want
    part x.gp block curve | cut -f 1,2 | sort -u >got
    [ -s got ]
    [ -z "$(comm -23 got want)" ]
    awk -F '\t' '{ x[NR] = $1; y[NR] = $2 } END { for (i = 2; i <= NR; i++) s += (x[i] - x[i-1]) * (y[i] + y[i-1]) / 2; print s }' \
        <(part x.gp block curve) >area
    eae-score -q --summary --metrics auc one.eae | columns_from pooled | sed 1d >pooled
    paste area pooled | awk '{ exit !($1 - $2 < 1e-5 && $2 - $1 < 1e-5) }'
    paste <(part x.gp array area) pooled | close_to
    [ "$(part x.gp array label)" = "svm: AUC $(printf %.3f "$(cat pooled)")" ]
}

@test "of several repeats the mean is drawn, and the areas are the pooled figures" {
    make_data && make_predictions
    eae-score -q --curve roc svm.eae | eae-plot roc --script -o x.gp
    eae-score -q --summary --metrics auc svm.eae | columns_from pooled | sed 1d >auc
    paste <(part x.gp array area) auc | close_to
    eae-score -q --curve pr svm.eae -o pr.tsv
    must_pass eae-plot pr --script pr.tsv -o y.gp
    eae-score -q --summary --metrics auprc svm.eae | columns_from pooled | sed 1d >ap
    paste <(part y.gp array area) ap | close_to
    [ "$(part y.gp value prevalence)" = 0.5 ]
    # the mean of the first candidate's repeats, at each rate, by another way
    eae-score -q --curve roc svm.eae -o roc.tsv
    python3 - x.gp roc.tsv <<'END'
import csv, re, sys
text = open(sys.argv[1]).read()
block = re.search(r"^\$curve << EOD\n(.*?)\n\n\n", text, re.M | re.S)[1].split("\n")
got = {}
for line in block:
    x, mean, low, high = map(float, line.split("\t"))
    got.setdefault(x, []).append((mean, low, high))
rows = list(csv.DictReader(open(sys.argv[2]), delimiter="\t"))
first = [r for r in rows if r["param"] == rows[0]["param"]]
repeats = sorted({r["repeat"] for r in first})
assert len(repeats) == 2
def last(repeat, x):  # the height at which the curve leaves x
    points = [(float(r["fpr"]), float(r["tpr"])) for r in first if r["repeat"] == repeat]
    at = [y for p, y in points if p == x]
    if at:
        return max(at)
    a = max((p for p in points if p[0] < x)); b = min((p for p in points if p[0] > x))
    return a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0])
for x, values in got.items():
    want = [last(r, x) for r in repeats]
    mean, low, high = values[-1]
    assert abs(mean - sum(want) / 2) < 1e-12 and low == min(want) and high == max(want), (x, values, want)
END
}

@test "the curve over sizes is the summary; what was selected stands apart" {
    make_data && make_ranks
    eae-score -q --summary rfe.eae -o size.tsv
    must_pass eae-plot size --metric balanced --script size.tsv -o x.gp
    awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["metric"] == "balanced" && $at["size"] != "selected" { print $at["size"] FS $at["mean"] FS $at["lo"] FS $at["hi"] }' size.tsv |
        sort -n >want
    part x.gp block size | sed '/^$/d' >got
    diff want got
    awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["metric"] == "balanced" && $at["size"] == "selected" { print $at["mean"] FS $at["lo"] FS $at["hi"] }' size.tsv >want
    [ -s want ]
    diff want <(part x.gp block selected | cut -f 2- | sed '/^$/d')
    [ "$(part x.gp value metric)" = 'Balanced accuracy' ]
}

@test "quartiles, whiskers and points of a box" {
    printf 'model\tspec\tparam\tsize\tsplit\tmetric\tvalue\n' >box.tsv
    i=0
    for v in 0.1 0.52 0.55 0.6 0.61 0.7 0.75 NA; do i=$((i + 1)) && printf 'm\ts\t1\t9\t%d\tauc\t%s\n' $i $v; done >>box.tsv
    must_pass eae-plot box --script box.tsv -o x.gp
    # R: quantile(x, c(.25, .5, .75)), boxplot.stats by the same hinges, mean
    python3 - "$(part x.gp block box)" <<'END'
import sys
got = [float(v) for v in sys.argv[1].split("\t")]
want = [1, 0.52, 0.535, 0.6, 0.655, 0.75, (0.1 + 0.52 + 0.55 + 0.6 + 0.61 + 0.7 + 0.75) / 7, 7]
assert all(abs(a - b) < 1e-12 for a, b in zip(got, want)) and len(got) == len(want), got
END
    [ "$(part x.gp block split | cut -f 2 | paste -sd ,)" = 0.1,0.52,0.55,0.6,0.61,0.7,0.75 ]
}

@test "a volcano has every feature once, by effect and -log10 p" {
    make_data
    eae-train test -q --stat welch data.eae | eae-view -q -O tsv -o t.tsv
    must_pass eae-plot volcano --script t.tsv -o x.gp
    cat <(part x.gp block up) <(part x.gp block down) <(part x.gp block rest) | grep . | sort -g >got
    awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { print $at["effect"] "\t" (-log($at["p"]) / log(10)) }' CONVFMT=%.17g t.tsv |
        sort -g >want
    [ "$(wc -l <got)" -eq 12 ]
    paste <(cut -f 1 got) <(cut -f 1 want) | close_to
    paste <(cut -f 2 got) <(cut -f 2 want) | awk '{ d = $1 - $2; exit d < -1e-5 || d > 1e-5 }'
    [ "$(part x.gp block up | grep -c .)" -eq "$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["bh"] <= 0.05 && $at["effect"] > 0' t.tsv | wc -l)" ]
    [ "$(part x.gp array name)" = f1 ]
}

@test "sets by p-value: corrected p on the axis, overlap, excess; GSEA by its score" {
    make_sets
    must_pass eae-plot enrich --script sets.tsv -o x.gp
    [ "$(part x.gp array label | paste -sd ,)" = 'cell cycle,DNA repair,transport' ]
    [ "$(part x.gp block set | cut -f 1,3,4)" = "$(printf '1\t8\t16\n2\t4\t5\n3\t3\t2')" ]
    part x.gp block set | cut -f 2 | paste - <(printf '%s\n' 7.52287874528 1.22184874962 0.698970004336) |
        awk '{ d = $1 - $2; exit d < -1e-9 || d > 1e-9 }'
    must_pass eae-plot enrich --top 1 --script gsea.tsv -o y.gp
    [ "$(part y.gp block set | cut -f 1-4)" = "$(printf '1\t1.9\t20\t2')" ]
}

@test "of the sets of many lists those of one are drawn" {
    printf 'list\tset\tset_size\toverlap\texpected\tp\tbh\n' >lists.tsv
    printf 'A\tone\t9\t5\t1\t0.02\t0.02\nB\ttwo\t9\t4\t1\t0.01\t0.01\nB\tone\t9\t3\t1\t0.1\t0.1\n' >>lists.tsv
    must_pass eae-plot enrich --script lists.tsv -o x.gp
    [ "$(part x.gp array label)" = one ]
    says "enrich: the first 1 of 2 lists are shown; choose with --only"
    must_pass eae-plot enrich --only list=B --script lists.tsv -o y.gp
    [ "$(part y.gp array label | paste -sd ,)" = two,one ]
}

@test "survival of groups: the log-rank p and the numbers at risk" {
    make_survival
    must_pass eae-plot km --time time --status status --meta arm --colour arm survival.tsv --script -o x.gp
    # R: survdiff(Surv(time, status) ~ arm)
    [ "$(part x.gp value say)" = 'log-rank p = 0.018' ]
    [ "$(part x.gp array group | paste -sd ,)" = a,b ]
    for arm in a b; do
        for t in $(part x.gp array tic); do
            awk -F '\t' -v arm=$arm -v t="$t" '$4 == arm && $2 >= t' survival.tsv | wc -l
        done
    done >want
    diff want <(part x.gp array risk)
    # R: print(survfit(Surv(time, status) ~ arm))
    grep -q '^# .*Median: a 8.875, b 12.5\. ' x.gp || fail "$(sed -n 2p x.gp)"
}

@test "survival by risk: the hazard ratio of eae-score, and a p only where it is a test" {
    make_survival
    eae-view -q survival.tsv --time time --status status --meta arm -o s.eae
    eae-split -q --kfold 3 --repeats 2 s.eae | eae-train cox -q --lambda 0.1 -o cv.eae
    eae-score -q --summary --metrics hr cv.eae | columns_from pooled | sed 1d >hr
    must_pass eae-plot km --script cv.eae -o x.gp
    [ "$(part x.gp value say)" = "HR = $(printf %.2f "$(cat hr)")" ]
    part x.gp value figure_note | grep -q '^no p'
    eae-split -q --kfold 3 s.eae | eae-train cox -q --lambda 0.1 --permute 9 -o perm.eae
    must_pass eae-plot km --script perm.eae -o y.gp
    p=$(eae-score -q --summary --metrics hr perm.eae | columns_from p | sed 1d)
    part y.gp value say | grep -qF "permutation p = $p"
    eae-split -q --holdout 0.5 s.eae | eae-train cox -q --lambda 0.1 -o one.eae
    must_pass eae-plot km --script one.eae -o z.gp
    part z.gp value say | grep -q '^HR = .*, log-rank p [=<] '
    # the second repeat is another curve
    must_pass eae-plot km --repeat 2 --script cv.eae -o r.gp
    [ "$(part r.gp block km)" != "$(part x.gp block km)" ]
}

@test "components: marks, colours, shares; a heat map takes its features from the ranks" {
    make_data && make_ranks
    must_pass eae-plot pca --shape batch --script data.eae -o x.gp
    [ "$(part x.gp array level | paste -sd ,)" = c0,c1 ]
    [ "$(part x.gp array form | sort | paste -sd ,)" = b0,b1,b2 ]
    [ "$(part x.gp block sample | wc -l)" -eq 36 ]
    eae-view -q -O tsv --kind rank rfe.eae | awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) { at[$i] = i; name[i] = $i }; next }
        { split = $at["@split"]; if (split == 0) for (i = 1; i <= NF; i++) if (name[i] ~ /^f[0-9]+$/ && $i <= 3) print name[i] }' | sort >want
    must_pass eae-plot heatmap --top 3 --script data.eae rfe.eae -o y.gp
    if [ -s want ]; then diff want <(part y.gp array label | sort); fi
    part y.gp array label | grep -qx f1
    must_pass eae-plot heatmap --features f2,f7 --script data.eae -o z.gp
    [ "$(part z.gp array label | sort | paste -sd ,)" = f2,f7 ]
    # z-scores over the samples
    part z.gp block z | grep . | awk -F '\t' '$2 == 1 { n++; s += $3; q += $3 * $3 } END { exit !(n == 36 && s < 1e-9 && s > -1e-9 && q / n > 0.999 && q / n < 1.001) }'
}
