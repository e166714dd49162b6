#!/usr/bin/env bats
# eae-score --stability: against numpy, from rank frames and model frames.

load ../helpers

frames() {
    /usr/bin/python3 "$BATS_TEST_DIRNAME/frames.py" "$@"
}

columns() {
    [ "$(head -n 1 "$WORK/.stdout" | tr '\t' ' ')" = "$1" ] ||
        fail "columns: $(head -n 1 "$WORK/.stdout")"
}

# source size metric n value lo hi
source_table() {
    cut -f 2,4- "$WORK/.stdout" | sed '1s/spec/source/'
}

@test "ranks at the sizes asked for, and models, equal numpy" {
    frames choices
    must_pass eae-score --stability --sizes 1,5,8,30,45,60 features.eae
    columns "model spec param size metric n value lo hi"
    source_table | awk -F '\t' 'NR == 1 || $1 == "lasso" || $2 != 60' >got.tsv
    frames compare stability.tsv got.tsv source size metric
    # all features in every split: nothing can be said
    [ "$(source_table | awk -F '\t' '$1 == "weight" && $2 == 60 { print $3, $5 }' | tr '\n' ' ')" = "features 60 nogueira NA jaccard 1 kuncheva NA " ]
}

@test "without --sizes: those that splits have been at, at most 50" {
    frames choices
    must_pass eae-score --stability features.eae
    sizes() {
        source_table | awk -F '\t' -v s="$1" '$1 == s && $3 == "nogueira" { print $2 }'
    }
    [ "$(sizes random | tr '\n' ' ')" = "1 3 5 8 12 20 30 45 " ]
    [ "$(sizes weight | wc -l)" -le 50 ]
    [ "$(sizes weight | sed -n '1p;$p' | tr '\n' ' ')" = "1 59 " ]
    [ "$(sizes lasso)" = 60 ]
}

@test "models of eae-train: weights that are not 0; other frames of the stream do not matter" {
    make_matrix 40 30 data.tsv
    eae-split -q --kfold 4 --repeats 2 --label label data.tsv -o planned.eae
    eae-train -q svm --filter ttest:3 --weights all --permute 2 --final planned.eae -o svm.eae
    must_pass eae-score --stability svm.eae
    [ "$(sed 1d .stdout | cut -f 4-6 | tr '\n\t' '; ')" = "3 features 8;3 nogueira 8;3 jaccard 8;3 kuncheva 8;" ]
    cp .stdout one
    must_pass eae-score --stability -t 4 <svm.eae
    same_bytes one .stdout
    eae-view --kind model svm.eae -o models.eae
    must_pass eae-score --stability models.eae
    same_bytes one .stdout
    must_pass eae-score --stability --json svm.eae
    [ "$(sed -n 1p .stdout)" = '{"model":"svm","spec":"scale=fold;loss=hinge;filter=ttest:3","param":"1","size":"3","metric":"features","n":8,"value":3,"lo":null,"hi":null}' ]
}

@test "ranks of eae-rfe: the sizes it came by, and none that the filter alone made" {
    make_matrix 40 30 data.tsv
    eae-split -q --kfold 4 --label label data.tsv | eae-rfe svm -q --step 1 --filter ttest:12 -o rfe.eae
    must_pass eae-score --stability rfe.eae
    [ "$(source_table | awk -F '\t' '$3 == "features" { print $2, $5 }' | tr '\n' ';')" = \
        "1 1;2 2;3 3;4 4;5 5;6 6;7 7;8 8;9 9;10 10;11 11;12 12;" ]
    must_fail 1 eae-score --stability --sizes 13 rfe.eae
    says "13 is more than the 12 features that are ranked"
    # the same sets as those that narrowing sees
    must_pass eae-score -q --narrow auc=0,stability=1.1 rfe.eae
    awk -F '\t' '$6 == "stability" { print $4, $7 }' .stdout | sort -g >dropped
    must_pass eae-score --stability rfe.eae
    source_table | awk -F '\t' '$3 == "nogueira" { print $2, $5 }' | cmp - dropped
}

@test "nothing to judge, and options that do not fit" {
    frames choices
    must_fail 1 eae-score --stability compare.eae
    says "no rank or model frame (found: prediction)"
    make_matrix 20 5 data.tsv
    eae-train -q svm --label label data.tsv -o final.eae
    must_fail 1 eae-score --stability final.eae
    says "no model of a split and no rank"
    must_fail 1 eae-score --stability --sizes 61 features.eae
    says "61 is more than the 60 features that are ranked"
    must_fail 2 eae-score --stability --sizes 2.5 features.eae
    must_fail 2 eae-score --stability --sizes 0 features.eae
    must_fail 2 eae-score --sizes 5 features.eae
    says "--sizes needs --stability"
    must_fail 2 eae-score --stability --metrics auc features.eae
}
