#!/usr/bin/env bats
# eae-enrich: which genes are asked about, from models, ranks and lists; maps; parts and threads.

load ../helpers

DATA=$BATS_TEST_DIRNAME/../../data/enrich

# A study of 40 samples and 60 features of which f1 to f8 differ, probes of 20 genes and more; sets of genes
study() {
    awk 'BEGIN { printf "id\tlabel"; for (j = 1; j <= 60; j++) printf "\tf%d", j; print ""
        x = 12345
        for (i = 0; i < 40; i++) { printf "p%d\tc%d", i, i % 2
            for (j = 1; j <= 60; j++) { x = (x * 4096 + 150889) % 714025
                printf "\t%.6f", int(x / 714025 * 256) / 64 + (j <= 8) * (i % 2) * (4 - j / 4) }
            print "" } }' >study.tsv
    # f1 f2 -> g1, f3 f4 -> g2, ...; f57 to f60: nothing, nothing, two, two
    awk 'BEGIN { print "probe\tsymbol\tmore"; for (j = 1; j <= 56; j++) printf "f%d\tg%d\tx\n", j, (j + 1) / 2
        print "f57\t---\tx\nf58\t\tx\nf59\tg1///g2\tx\nf60\tg3\tx\nf60\tg4\tx" }' >map.tsv
    awk 'BEGIN { printf "first\tdiffer"; for (j = 1; j <= 4; j++) printf "\tg%d", j; print ""
        for (s = 1; s < 8; s++) { printf "set%d\t", s; for (j = 0; j < 6; j++) printf "\tg%d", 1 + (3 * s + j * s) % 28; print "" } }' >sets.gmt
    # the same over features
    awk 'BEGIN { printf "first\tdiffer"; for (j = 1; j <= 8; j++) printf "\tf%d", j; print ""
        for (s = 1; s < 8; s++) { printf "set%d\t", s; for (j = 0; j < 9; j++) printf "\tf%d", 1 + (5 * s + j * (s + 1)) % 60; print "" } }' >features.gmt
    eae-split -q --label label --kfold 4 --inner 3 study.tsv -o plan.eae
}

# The column of that name
column() {
    awk -F '\t' -v name="$1" 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == name) at = j; next } { print $at }' .stdout
}

# The genes of the list that are in a set, from the column genes of all lines
listed() {
    column genes | tr ',' '\n' | grep . | sort -u | tr '\n' ' '
}

@test "a final model: its weights; the leading columns are those of the frame" {
    study
    eae-train -q svm --filter ttest:8 --final plan.eae -o svm.eae
    must_pass eae-enrich --sets features.gmt --min 3 svm.eae
    [ "$(head -n 1 .stdout | tr '\t' ' ')" = "model spec param size split set set_size overlap expected odds_ratio p bonferroni holm bh by genes odds_lo odds_hi list_size universe_size description family" ]
    [ "$(sed 1d .stdout | cut -f 1-6,8 | tr '\t' ' ')" = "svm scale=fold;loss=hinge;filter=ttest:8 1 8 0 first 8" ]
    [ "$(listed)" = "f1 f2 f3 f4 f5 f6 f7 f8 " ]
    says "features.gmt: a universe of "
    says "measured and in a set"
    # a stream on standard input, JSON, threads
    cp .stdout want
    must_pass eae-enrich -q --sets features.gmt --min 3 -t 4 <svm.eae
    cmp want .stdout
    must_pass eae-enrich -q --sets features.gmt --min 3 --json svm.eae
    grep -q '^{"model":"svm","spec":"scale=fold;loss=hinge;filter=ttest:8","param":"1","size":"8","split":0,"set":"first","set_size":8,"overlap":8,' .stdout
}

@test "without a final model: what at least half of the splits select" {
    study
    eae-train -q svm --filter ttest:10 --weights all plan.eae -o svm.eae
    eae-view -q --kind model -O tsv svm.eae | awk -F '\t' 'NR == 1 { for (j = 1; j <= NF; j++) { name[j] = $j; if ($j == "@part") part = j; if ($j == "f1") first = j }; next }
        $part == "weights" { for (j = first; j <= NF; j++) if ($j != "NA" && $j != 0) n[j]++ }
        END { for (j in n) if (2 * n[j] >= 4) print name[j] }' | sort >want
    # all lines together show the whole list, since every feature is in a set of its own
    awk 'BEGIN { for (j = 1; j <= 60; j++) printf "s%d\t\tf%d\n", j, j }' >single.gmt
    must_pass eae-enrich -q --sets single.gmt --min 1 --alpha 1 svm.eae
    column genes | grep . | sort | cmp want -
    [ "$(column split | sort -u)" = NA ]
    # each of them
    must_pass eae-enrich -q --sets single.gmt --min 1 --alpha 1 --each svm.eae
    [ "$(column split | uniq -c | tr -s ' ' | tr '\n' ';')" = " 60 1; 60 2; 60 3; 60 4;" ]
    [ "$(column genes | grep -c .)" -eq 40 ]
}

@test "the chosen size of an elimination; rank:K and top:K of its ranks" {
    study
    eae-rfe -q svm --step 1 --select size:8 --final plan.eae -o rfe.eae
    eae-view -q --kind rank rfe.eae -o rank.eae
    must_pass eae-enrich -q --sets features.gmt --min 3 rfe.eae
    [ "$(sed 1d .stdout | cut -f 4-6 | tr '\t' ' ')" = "8 0 first" ]
    cp .stdout models
    must_pass eae-enrich -q --sets features.gmt --min 3 rank.eae
    cmp models .stdout
    must_pass eae-enrich -q --sets features.gmt --min 3 --genes rank:8 rank.eae
    cmp models .stdout
    must_pass eae-enrich -q --sets features.gmt --min 3 --genes rank:8 rfe.eae
    cmp models .stdout
    must_pass eae-enrich -q --sets features.gmt --min 3 --genes top:8 rank.eae
    [ "$(sed 1d .stdout | cut -f 6-)" = "$(sed 1d models | cut -f 6-)" ]
    # the splits alone: chosen in each
    eae-rfe -q svm --step 1 --select size:8 plan.eae | eae-view -q --kind rank -o splits.eae
    must_pass eae-enrich -q --sets features.gmt --min 3 --alpha 1 splits.eae
    [ "$(column split | sort -u)$(column size | sort -u)" = NAselected ]
    # no size was chosen
    eae-rfe -q svm --step 1 plan.eae -o plain.eae
    must_fail 1 eae-enrich --sets features.gmt plain.eae
    says "no size was chosen in the ranks"
    must_fail 1 eae-enrich --sets features.gmt --genes nonzero plain.eae
    must_pass eae-enrich -q --sets features.gmt --min 3 --genes rank:8 --each plain.eae
    [ "$(column split | sort -u | tr '\n' ' ')" = "1 2 3 4 " ]
}

@test "top:K counts genes after mapping; what the map leaves out is counted" {
    study
    eae-train -q svm --label label study.tsv -o svm.eae
    must_pass eae-enrich --sets sets.gmt --map map.tsv --min 1 --alpha 1 --genes top:4 svm.eae
    says "map.tsv: dropped 2 unmapped and 2 ambiguous of 60 features"
    [ "$(listed)" = "g1 g2 g3 g4 " ]
    [ "$(column set | head -n 1)" = first ]
    # four features instead are two genes, or so
    must_pass eae-enrich -q --sets features.gmt --min 1 --alpha 1 --genes top:4 svm.eae
    [ "$(listed | wc -w)" -eq 4 ]
    # statistics of single features are ranked as well
    eae-train -q test --stat welch --label label study.tsv -o test.eae
    must_pass eae-enrich -q --sets sets.gmt --map map.tsv --min 1 --alpha 1 --genes top:4 test.eae
    [ "$(listed)" = "g1 g2 g3 g4 " ]
    must_fail 1 eae-enrich --sets sets.gmt --map map.tsv test.eae
    says "say how many with --genes top:K"
}

@test "a model with a weight for everything is warned of" {
    study
    eae-train -q svm --label label study.tsv -o svm.eae
    must_pass eae-enrich --sets features.gmt --min 1 svm.eae
    says "1 of 1 lists have every gene of the universe"
}

@test "classes of one model count together; permuted labels do not" {
    make_matrix 45 12 three.tsv 3
    awk 'BEGIN { for (j = 1; j <= 12; j++) printf "s%d\t\tf%d\n", j, j }' >single.gmt
    eae-split -q --label label --kfold 3 three.tsv | eae-train -q logistic --weights all --permute 2 -o three.eae
    must_pass eae-enrich -q --sets single.gmt --min 1 --alpha 1 --genes top:3 --each three.eae
    [ "$(column split | uniq -c | tr -s ' ' | tr '\n' ';')" = " 12 1; 12 2; 12 3;" ]
    [ "$(column genes | grep -c .)" -eq 9 ]
}

@test "a plain list: from a file, from a pipe, through a map; comments and repeats" {
    study
    printf '# mine\nf1\r\n\nf2\nf3\nf1\nf57\nnosuch\n' >list.txt
    must_pass eae-enrich --sets sets.gmt --map map.tsv --universe sets --min 1 --alpha 1 list.txt
    says "dropped 2 unmapped and 0 ambiguous of 5 features"
    [ "$(listed)" = "g1 g2 " ]
    [ "$(head -n 1 .stdout | cut -f 1)" = set ]
    cp .stdout want
    must_pass eae-enrich -q --sets sets.gmt --map map.tsv --universe sets --min 1 --alpha 1 <list.txt
    cmp want .stdout
    gzip -c list.txt >list.gz
    must_pass eae-enrich -q --sets sets.gmt --map map.tsv --universe sets --min 1 --alpha 1 - <list.gz
    cmp want .stdout
}

@test "parts together are the whole, at any number of threads" {
    study
    eae-train -q svm --filter ttest:8 --weights all --final -C 0.1,1 plan.eae -o svm.eae
    for from in "svm.eae --each --sets features.gmt" "--lists $DATA/lists.gmt --universe sets --sets $DATA/sets_a.gmt" \
        "$DATA/list.txt --universe sets --sets $DATA/sets_a.gmt"; do
        # shellcheck disable=SC2086
        eae-enrich -q -t 1 --min 1 --alpha 1 $from -o whole
        # shellcheck disable=SC2086
        eae-enrich -q -t 4 --min 1 --alpha 1 $from -o again
        cmp whole again
        for i in 1 2 3; do
            # shellcheck disable=SC2086
            eae-enrich -q -t $i --min 1 --alpha 1 --shard $i/3 $from -o part$i
        done
        { cat part1; sed 1d part2; sed 1d part3; } | cmp whole -
        [ "$(wc -l <whole)" -gt 8 ]
    done
    # a part without a gene inside is no failure, all lists without one are
    printf 'a\t\tX1\nb\t\tX2\nc\t\tG0001\n' >lists.gmt
    must_pass eae-enrich --lists lists.gmt --universe sets --sets "$DATA/sets_a.gmt" --shard 1/2
    says "1 of 1 genes of the list are outside the universe: X1"
}

@test "models of different features: each in its own universe" {
    study
    eae-train -q svm --filter ttest:8 --label label study.tsv -o all.eae
    eae-view -q --label label --features "$(seq -s , -f 'f%.0f' 1 30)" study.tsv |
        eae-train -q svm --filter ttest:8 -C 0.5 -o some.eae
    cat all.eae some.eae >both.eae
    must_pass eae-enrich --sets features.gmt --min 3 --alpha 1 both.eae
    says "a universe of 42 genes"
    says "a universe of 25 genes"
    cp .stdout both
    eae-enrich -q --sets features.gmt --min 3 --alpha 1 all.eae -o one
    eae-enrich -q --sets features.gmt --min 3 --alpha 1 some.eae | sed 1d | cat one - | cmp both -
}

@test "covariates are no genes; kernel models have no list" {
    study
    awk 'BEGIN { FS = OFS = "\t" } { print $0, NR == 1 ? "age" : NR % 7 }' study.tsv >with.tsv
    printf 'a\t\tage\tf1\tf2\tf9\tf10\n' >age.gmt
    eae-train -q svm --label label --meta age --covariates age --filter ttest:8 with.tsv -o with.eae
    must_pass eae-enrich --sets age.gmt --min 1 --alpha 1 with.eae
    says "a universe of 4 genes"
    eae-train -q svm --kernel rbf --label label study.tsv -o rbf.eae
    must_fail 1 eae-enrich --sets features.gmt --min 3 rbf.eae
    says "kernel models have none"
}

@test "redundant sets are left out, and the best K are shown" {
    awk 'BEGIN { for (j = 1; j <= 15; j++) printf "G%04d\n", 700 + j }' >list.txt
    must_pass eae-enrich -q --sets "$DATA/sets_a.gmt" --universe sets list.txt
    [ "$(column set | grep -c 'A6[12]')" -eq 2 ]
    must_pass eae-enrich --sets "$DATA/sets_a.gmt" --universe sets --prune list.txt
    [ "$(column set | grep 'A6[12]')" = A61 ]
    says "redundant sets left out"
    must_pass eae-enrich --sets "$DATA/sets_a.gmt" --universe sets --prune=1 --alpha 1 list.txt
    must_pass eae-enrich -q --sets "$DATA/sets_a.gmt" --universe sets --alpha 1 --top 3 list.txt
    [ "$(column set | wc -l)" -eq 3 ]
    # the corrections are those of all sets, however few are shown
    bh=$(column bh | head -n 1)
    must_pass eae-enrich -q --sets "$DATA/sets_a.gmt" --universe sets --alpha 1 list.txt
    [ "$(column bh | head -n 1)" = "$bh" ]
}
