#!/usr/bin/env bats
# eae-enrich --method gsea: what it makes of models, tests and text; the numbers behind it are those of
# the unit tests.

load ../helpers

DATA=$BATS_TEST_DIRNAME/../../data/enrich

column() {
    awk -F '\t' -v name="$1" 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == name) at = j; next } { print $at }' .stdout
}

# 60 samples, 80 features: f1 to f10 higher in c1, f11 to f20 lower; sets of features
study() {
    awk 'BEGIN { printf "id\tlabel"; for (j = 1; j <= 80; j++) printf "\tf%d", j; print ""
        x = 12345
        for (i = 0; i < 60; i++) { printf "p%d\tc%d", i, i % 2
            for (j = 1; j <= 80; j++) { x = (x * 4096 + 150889) % 714025
                printf "\t%.6f", int(x / 714025 * 256) / 64 + (i % 2) * (j <= 10 ? 1 : j <= 20 ? -1 : 0) }
            print "" } }' >study.tsv
    awk 'BEGIN { printf "up\thigher"; for (j = 1; j <= 10; j++) printf "\tf%d", j; print ""
        printf "down\tlower"; for (j = 11; j <= 20; j++) printf "\tf%d", j; print ""
        for (s = 1; s < 12; s++) { printf "set%d\t", s; for (j = 0; j < 12; j++) printf "\tf%d", 21 + (5 * s + j * (s + 1)) % 60; print "" } }' >sets.gmt
}

@test "above 0 is higher in the positive class, from a model and from statistics" {
    study
    eae-train -q svm --label label=c1/c0 study.tsv -o svm.eae
    eae-train -q test --stat welch --label label=c1/c0 study.tsv -o test.eae
    for model in svm test; do
        must_pass eae-enrich --method gsea --sets sets.gmt $model.eae
        says "sets.gmt: a universe of 80 genes, ranked"
        [ "$(column set | sort | tr '\n' ' ')" = "down up " ] || fail "$stdout"
        awk -F '\t' 'NR > 1 && ($6 == "up") != ($8 > 0) { exit 1 }' .stdout
        [ "$(head -n 1 .stdout | tr '\t' ' ')" = "model spec param size split set set_size es nes p bonferroni holm bh by leading_edge log2err description family" ]
    done
    # the other way round
    eae-train -q svm --label label=c0/c1 study.tsv -o other.eae
    must_pass eae-enrich -q --method gsea --sets sets.gmt other.eae
    awk -F '\t' 'NR > 1 && ($6 == "up") != ($8 < 0) { exit 1 }' .stdout
}

@test "text: scores and leading edges equal those written out, in a universe and with a map" {
    awk 'BEGIN { x = 777; for (j = 1; j <= 1200; j++) { x = (x * 4096 + 150889) % 714025
        printf "G%04d\t%.4f\n", j, x / 714025 * 6 - 3 + (j > 700 && j < 740) } }' >ranking.rnk
    must_pass eae-enrich -q --method gsea --sets "$DATA/sets_a.gmt" --alpha 1 ranking.rnk
    cp .stdout got.tsv
    /usr/bin/python3 - "$DATA/sets_a.gmt" <<'EOP'
import math, sys
rank = sorted((line.split("\t") for line in open("ranking.rnk")), key=lambda r: -float(r[1]))
value = {g: float(v) for g, v in rank}
want = {}
for line in open(sys.argv[1]):
    name, _, *genes = line.rstrip("\n").split("\t")
    genes = set(genes) & set(value)
    if not 10 <= len(genes) <= 500:
        continue
    total, miss = sum(abs(value[g]) for g in genes), 1 / (len(rank) - len(genes))
    at, best, where = 0.0, 0.0, 0
    for i, (g, _) in enumerate(rank):
        at += abs(value[g]) / total if g in genes else -miss
        if abs(at) > abs(best):
            best, where = at, i
    edge = [g for g, _ in rank[:where + 1] if g in genes] if best > 0 else [g for g, _ in rank[:where:-1] if g in genes]
    want[name] = (len(genes), best, ",".join(edge))
lines = [line.rstrip("\n").split("\t") for line in open("got.tsv")]
rows = [dict(zip(lines[0], line)) for line in lines[1:]]
assert len(rows) == len(want) > 30, (len(rows), len(want))
for r in rows:
    size, es, edge = want[r["set"]]
    assert int(r["set_size"]) == size and math.isclose(float(r["es"]), es, rel_tol=1e-9), (r, want[r["set"]])
    assert r["leading_edge"] == edge, (r["set"], r["leading_edge"], edge)
EOP
    # what the file does not name is not ranked
    head -n 1100 ranking.rnk | cut -f 1 >universe
    head -n 1100 ranking.rnk >shorter.rnk
    must_pass eae-enrich -q --method gsea --sets "$DATA/sets_a.gmt" --alpha 1 --universe ./universe ranking.rnk
    cp .stdout want
    must_pass eae-enrich -q --method gsea --sets "$DATA/sets_a.gmt" --alpha 1 shorter.rnk
    cmp want .stdout
    # a gene takes the probe farthest from 0
    awk 'BEGIN { FS = OFS = "\t" } { print "p" $1, $2; print "q" $1, $2 / 2 }' shorter.rnk >probes.rnk
    awk 'BEGIN { FS = OFS = "\t" } { print "p" $1, $1; print "q" $1, $1 }' shorter.rnk >map.tsv
    must_pass eae-enrich -q --method gsea --sets "$DATA/sets_a.gmt" --alpha 1 --map map.tsv probes.rnk
    cmp want .stdout
    # the same at any number of threads, and by the seed
    must_pass eae-enrich -q --method gsea -t 4 --sets "$DATA/sets_a.gmt" --alpha 1 shorter.rnk
    cmp want .stdout
    must_pass eae-enrich -q --method gsea --seed 2 --sets "$DATA/sets_a.gmt" --alpha 1 shorter.rnk
    differ want .stdout
}

@test "each split has a ranking; parts together are the whole" {
    study
    eae-split -q --label label --kfold 3 study.tsv -o plan.eae
    eae-train -q svm --weights all plan.eae -o svm.eae
    must_fail 1 eae-enrich --method gsea --sets sets.gmt svm.eae
    says "no final model to rank by"
    must_pass eae-enrich -q --method gsea --sets sets.gmt --each --alpha 1 svm.eae
    [ "$(column split | uniq -c | tr -s " " | tr "\n" ";")" = " 11 1; 11 2; 11 3;" ]
    cp .stdout whole
    for i in 1 2; do
        eae-enrich -q --method gsea --sets sets.gmt --each --alpha 1 --shard $i/2 svm.eae -o part$i
    done
    { cat part1; sed 1d part2; } | cmp whole -
}

@test "rankings that are not signed, or not of all features" {
    study
    eae-train -q svm --filter ttest:20 --label label study.tsv -o few.eae
    must_fail 1 eae-enrich --method gsea --sets sets.gmt few.eae
    says "20 of 80 have a weight"
    eae-train -q lasso --regression --label f80 --meta label --lambda 0.3 study.tsv -o lasso.eae
    must_fail 1 eae-enrich --method gsea --sets sets.gmt lasso.eae
    says "weights are 0"
    eae-train -q test --stat anova --label label study.tsv -o anova.eae
    must_fail 1 eae-enrich --method gsea --sets sets.gmt anova.eae
    says "no weight or statistic is below 0"
    make_matrix 45 12 three.tsv 3
    eae-train -q logistic --label label three.tsv -o three.eae
    awk 'BEGIN { printf "a\t"; for (j = 1; j <= 12; j++) printf "\tf%d", j; print "" }' >all.gmt
    must_fail 1 eae-enrich --method gsea --sets all.gmt three.eae
    says "several classes"
    eae-split -q --label label --kfold 3 study.tsv | eae-rfe -q svm --step 20% -o ranks.eae
    must_fail 1 eae-enrich --method gsea --sets sets.gmt ranks.eae
    says "have no sign"
    for words in "1 2 3:below" "0 0 0:below" "-1 -2 0:above"; do
        # shellcheck disable=SC2086  # three numbers
        printf 'G0001\t%s\nG0002\t%s\nG0003\t%s\n' ${words%:*} >bad.rnk
        must_fail 1 eae-enrich --method gsea --sets "$DATA/sets_a.gmt" --min 1 bad.rnk
        says "--method gsea needs a signed ranking: no number of bad.rnk is ${words#*:} 0"
    done
    printf 'G0001\t1\nG0002\n' >bad.rnk
    must_fail 1 eae-enrich --method gsea --sets "$DATA/sets_a.gmt" bad.rnk
    says "bad.rnk:2: not a name and a number"
    printf 'G0001\tNA\nG0002\t1\n' >bad.rnk
    must_fail 1 eae-enrich --method gsea --sets "$DATA/sets_a.gmt" bad.rnk
    says "bad.rnk:1: not a name and a number"
    printf 'G0001\t1\nG0001\t2\n' >bad.rnk
    must_fail 1 eae-enrich --method gsea --sets "$DATA/sets_a.gmt" bad.rnk
    says "bad.rnk:2: G0001 is there twice"
    must_fail 2 eae-enrich --method gsea --genes top:5 --sets sets.gmt few.eae
}

@test "ties of a ranking are warned of where they are many" {
    printf 'S\td\tg1\tg2\tg3\n' >few.gmt
    awk 'BEGIN { for (j = 1; j <= 40; j++) print "g" j "\t" j - 20.5 }' >apart.rnk
    must_pass eae-enrich --method gsea --sets few.gmt --min 1 --alpha 1 apart.rnk
    [[ $stderr != *"share their place"* ]]
    awk 'BEGIN { for (j = 1; j <= 40; j++) print "g" j "\t" (j <= 3 ? -1 : j - 20.5) }' >tied.rnk
    must_pass eae-enrich --method gsea --sets few.gmt --min 1 --alpha 1 tied.rnk
    says "few.gmt: 3 of 40 genes share their place in the ranking with others"
}
