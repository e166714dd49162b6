#!/usr/bin/env bats
# eae-enrich on what people have: the leukemia data of share/data, its chip and Reactome.

load ../helpers

SHARE=$BATS_TEST_DIRNAME/../../../share/data

enrich() {
    must_pass eae-enrich --sets "$SHARE/reactome/ReactomePathways.gmt.gz" --map "$SHARE/chip/hu6800.tsv.gz" "$@"
}

@test "AML against ALL: granules of neutrophils up, the cell cycle down" {
    eae-view -q --label class=AML/ALL "$SHARE/golub/golub.tsv.gz" -o golub.eae
    eae-train -q test --stat welch golub.eae -o test.eae
    enrich --method gsea test.eae
    says "dropped 2191 unmapped and 6 ambiguous of 7129 features"
    awk -F '\t' '$6 == "Neutrophil degranulation" && $8 > 0 && $10 < 1e-10 { up = 1 }
        $6 == "Cell Cycle" && $8 < 0 && $10 < 1e-10 { down = 1 } END { exit !(up && down) }' .stdout
    enrich --genes top:300 test.eae
    says "a universe of 3529 genes, measured and in a set; 1077 of 2546 sets have 10 to 500 of them"
    grep -q 'Neutrophil degranulation' .stdout
}

@test "an elimination and what it chose" {
    eae-view -q --label class=AML/ALL "$SHARE/golub/golub.tsv.gz" | eae-split -q --kfold 3 --inner 3 |
        eae-rfe -q svm --step 20% --select 1se --final -o rfe.eae
    enrich --alpha 1 --top 1 rfe.eae
    [ "$(sed 1d .stdout | cut -f 5)" = 0 ]
    enrich --genes top:100 --each --alpha 1 --top 1 rfe.eae
    cp .stdout each
    [ "$(sed 1d .stdout | wc -l)" -ge 1 ]
    enrich --genes rank:100 --each --alpha 1 --top 1 -t 4 rfe.eae
    [ "$(sed 1d .stdout | cut -f 5 | tr '\n' ' ')" = "0 1 2 3 " ]
}
