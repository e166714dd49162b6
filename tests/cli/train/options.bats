#!/usr/bin/env bats
# Options of eae-train at their edges.

load ../helpers

@test "a covariate that is the same in all samples changes nothing" {
    make_matrix 20 4 m.tsv
    awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "site" : "here" }' m.tsv >one.tsv
    eae-view -q --label label --meta site one.tsv | eae-split -q --kfold 4 >plan.eae
    eae-train logistic --no-history plan.eae | eae-score >plain
    must_pass eae-train logistic --covariates site plan.eae -o beside.eae
    says "is the same in all samples"
    eae-score beside.eae >beside
    cut -f5-7 plain >want
    cut -f5-7 beside >got
    same_bytes want got
}

@test "a covariate with missing values: how many, the first, what to do" {
    make_matrix 20 4 m.tsv
    awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "age" : NR == 5 || NR == 9 ? "" : NR }' m.tsv >age.tsv
    eae-view -q --label label --meta age age.tsv >age.eae
    must_fail 1 eae-train logistic --covariates age age.eae
    says 'annotation "age" is missing in 2 of 20 samples (first: p003)'
    says "--drop-samples"
}

@test "a parameter that is there twice" {
    make_matrix 20 4 m.tsv
    must_fail 2 eae-train svm -C 1,2,1.0 --label label m.tsv
    says "--cost: 1 is given twice"
    must_fail 2 eae-train logistic --lambda 0.5,0.50 --label label m.tsv
    says "--lambda: 0.5 is given twice"
}

@test "perfect calls have a Matthews' correlation of 1, not more" {
    make_matrix 40 3 m.tsv
    awk -F'\t' -v OFS='\t' 'NR > 1 { $3 = $2 == "c1" ? 9 + NR / 100 : NR / 100 } { print }' m.tsv >easy.tsv
    eae-split -q --kfold 3 --repeats 4 --label label easy.tsv | eae-train svm --filter ttest:1 |
        eae-score --metrics mcc >mcc
    [ "$(wc -l <mcc)" -eq 13 ]
    [ "$(tail -n +2 mcc | cut -f7 | sort -u)" = 1 ]
}

@test "without the plugin the reference kernels compute, and that is said" {
    make_matrix 60 40 x.tsv
    mkdir alone
    cp "$(command -v eae-train)" alone
    must_pass alone/eae-train svm --label label -o alone.eae x.tsv
    says "warning: no cpu backend (libeae-cpu.so not found beside the program): the reference kernels compute"
    must_pass eae-train svm --label label --backend ref -o ref.eae x.tsv
    says_not "reference"
    [ "$(eae-view --hash alone.eae)" = "$(eae-view --hash ref.eae)" ]
    must_fail 1 alone/eae-train svm --label label --backend cpu x.tsv
    says "no cpu backend"
}

@test "work that is done before a plugin is loaded needs none" {
    make_matrix 20 4 x.tsv
    mkdir alone
    cp "$(command -v eae-train)" alone
    must_pass alone/eae-train -v svm --label label -o alone.eae x.tsv
    says "backend auto: ref: about"
    says_not "warning"
    must_pass eae-train -v svm --label label -o near.eae x.tsv
    same_bytes alone.eae near.eae
    must_pass eae-train svm --label label --backend cpu -o cpu.eae x.tsv
    eae-view --info near.eae >info
    grep -q "; ref; " info
    eae-view --info cpu.eae >info
    grep -q "; cpu; " info
}
