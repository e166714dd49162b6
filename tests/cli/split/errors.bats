#!/usr/bin/env bats
# What eae-split refuses, with which status, and what it says.
load ../helpers

@test "a class with fewer samples than folds is named" {
    make_matrix 20 2 x.tsv
    awk -F'\t' -v OFS='\t' 'NR > 1 { $2 = NR == 3 ? "c1" : "many" } { print }' x.tsv > y.tsv
    must_fail 1 eae-split --kfold 5 --label label y.tsv
    says "class 'c1' has only 1 sample"
    awk -F'\t' -v OFS='\t' 'NR > 1 { $2 = NR < 5 ? "few" : "many" } { print }' x.tsv > y.tsv
    must_fail 1 eae-split --kfold 5 --label label y.tsv
    says "class 'few' has only 3 samples for 5 folds"
    must_pass eae-split --kfold 3 --label label y.tsv -o y.eae
}

@test "a class in one group only is named" {
    make_matrix 20 2 x.tsv
    awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "g" : $2 == "c1" ? "G9" : "G" NR % 5 }' x.tsv > g.tsv
    must_fail 1 eae-split --kfold 3 --groups --group g --label label g.tsv
    says "class 'c1' has only 1 group"
    must_fail 1 eae-split --loo --groups --group g --label label g.tsv
    says "class 'c1' has only 1 group"
}

@test "more folds than groups, groups without --group, a sample without group" {
    make_matrix 20 2 x.tsv
    awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "g" : "G" NR % 4 }' x.tsv > g.tsv
    must_fail 1 eae-split --kfold 5 --groups --group g --label label g.tsv
    says "5 folds need as many groups, there are 4"
    must_fail 1 eae-split --kfold 2 --groups --label label --meta g g.tsv
    says "--group"
    awk -F'\t' -v OFS='\t' 'NR == 8 { $5 = "" } { print }' g.tsv > h.tsv
    must_fail 1 eae-split --kfold 2 --groups --group g --label label h.tsv
    says "sample 'p006' has no group"
}

@test "a single class" {
    make_matrix 10 2 x.tsv 1
    must_fail 1 eae-split --kfold 2 --label label x.tsv
    says "'c0'"
}

@test "leave-one-out above 20,000 rows names --kfold" {
    awk 'BEGIN { print "id\tf"; for (i = 0; i < 20001; i++) print "p" i "\t" i % 7 }' > x.tsv
    must_fail 1 eae-split --loo x.tsv
    says "--kfold"
}

@test "a plan that does not fit is named by line and column" {
    make_matrix 4 2 x.tsv
    printf 'split\tsample\trole\n1\tp000\ttrain\n1\tnobody\ttest\n' > p.tsv
    must_fail 1 eae-split --plan-in p.tsv --label label x.tsv
    says 'p.tsv:3: column 2: no such sample in the data: "nobody"'
    printf 'split\tsample\n' > p.tsv
    must_fail 1 eae-split --plan-in p.tsv --label label x.tsv
    says "p.tsv:1: no column 'role'"
    printf 'split\tsample\trole\n1\tp000\ttrain\n1\tp002\ttrain\n1\tp001\ttest\n' > p.tsv
    must_fail 1 eae-split --plan-in p.tsv --label label x.tsv
    says "split 1 would train without class 'c1'"
    must_fail 1 eae-split --plan-in nowhere.tsv --label label x.tsv
    says "nowhere.tsv: cannot open"
}

@test "stratify: a column that is not there, one of ids, and no classes" {
    make_matrix 20 2 x.tsv
    must_fail 1 eae-split --kfold 4 --stratify=site --label label x.tsv
    says "site"
    must_fail 1 eae-split --kfold 4 --stratify=f2 --label label x.tsv
    says "'f2' has"
    cut -f 1,3- x.tsv > n.tsv
    must_fail 1 eae-split --kfold 4 --stratify --label f1 --regression n.tsv
    says "the label is a number"
}

@test "by: other words than train and test" {
    make_matrix 12 2 x.tsv
    awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "set" : NR == 5 ? "check" : NR % 3 ? "train" : "test" }' \
        x.tsv > s.tsv
    must_fail 1 eae-split --by set --label label s.tsv
    says "sample 'p003' has 'check' in 'set'"
    must_fail 1 eae-split --by label --label label s.tsv
}

@test "confounded labels and torn groups are warned about" {
    make_matrix 40 2 x.tsv
    awk -F'\t' -v OFS='\t' 'NR == 1 { print $0, "batch", "subject", "date"; next }
        { batch = $2 == "c1" || NR % 5 == 0 ? "b1" : "b2"
          print $0, batch, "S" int(NR / 4), "d" int(NR / 2) % 3 }' x.tsv > b.tsv
    must_pass eae-split --kfold 4 --label label --meta batch,date --group subject b.tsv -o b.eae
    says "label and 'batch' are confounded (Cramer's V 0.8"
    says_not "'date'"
    says "--groups keeps groups whole"
    must_pass eae-split --kfold 4 --label label --meta batch,date --group subject b.tsv -o b.eae --groups
    says_not "keeps groups whole"
    must_pass eae-split -q --kfold 4 --label label --meta batch,date --group subject b.tsv -o b.eae
    [ -z "$stderr" ]
}

@test "usage: status 2 and where to look" {
    make_matrix 12 2 x.tsv
    for wrong in "--kfold 1" "--kfold two" "--holdout 0" "--holdout 1" "--inner 1" "--repeats 0" \
        "--bootstrap 0" "--kfold 3 --loo" "--kfold 3 --bootstrap 2" "--loo --repeats 2" \
        "--plan-in p --inner 3" "--by set --loo" "--unknown" "--plan-out -" "--plan-in -" "--plan-out same -o same"; do
        # shellcheck disable=SC2086
        must_fail 2 eae-split $wrong < x.tsv
        says "Try 'eae-split --help'"
    done
}

@test "no data: an empty input, a missing file, a text that is no matrix" {
    : > empty
    must_fail 1 eae-split empty
    says "empty"
    must_fail 1 eae-split nowhere.tsv
    says "nowhere.tsv"
    printf 'id\tf1\n' > header.tsv
    must_fail 1 eae-split header.tsv
    printf 'id\tlabel\tf1\np1\ta\t1\n' > one.tsv
    must_fail 1 eae-split --label label one.tsv
    says "'a'"
    printf 'id\tf1\np1\t1\n' > one.tsv
    must_fail 1 eae-split --holdout 0.5 one.tsv
    says "at least 2 samples"
    must_fail 1 eae-split --kfold 9000000000000000000 --repeats 1000000 one.tsv
    says "folds need as many samples"
}

@test "more splits than memory can hold" {
    awk 'BEGIN { print "id\tf"; for (i = 0; i < 20000; i++) print "p" i "\t" i % 7 }' > x.tsv
    must_fail 1 eae-split --kfold 20000 --repeats 1000000 x.tsv
    says "a plan of 20000000000 splits of 20000 samples"
}

@test "a damaged stream is refused" {
    make_matrix 12 2 x.tsv
    must_pass eae-split -q --kfold 2 --label label x.tsv -o a.eae
    head -c 500 a.eae > short.eae
    must_fail 1 eae-split short.eae
    says "short.eae"
}
