#!/usr/bin/env bats
# eae-score --model: models on new data.

load ../helpers

frames() {
    /usr/bin/python3 "$BATS_TEST_DIRNAME/frames.py" "$@"
}

# By hand, value = 2 (a - 1)/2 - (b - 2)/4 + 0.5: n1 0.5, n2 4.5, n3 -1.5, n4 -4.5.
@test "the final model gives the values worked out by hand" {
    frames make
    must_pass eae-score --model model.eae --predict -o out.eae --label label new.tsv
    says "1 of 3 features of the data are not in the model"
    /usr/bin/python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import eaem
(f,) = eaem.read("out.eae")
assert f.kind == "prediction" and f.matrix.tolist() == [[0.5, 4.5, -1.5, -4.5]], f.matrix
assert f.col_names == ["n1", "n2", "n3", "n4"] and list(f.col_annot["label"]) == ["no", "yes"] * 2
assert f.row_annot["model"][0] == "svm" and f.row_annot["param"][0] == "1"
assert "\"eae-score\"" in f.history[-1]' "$BATS_TEST_DIRNAME/../../../share/python"
}

@test "predictions can be scored at once or through the pipe" {
    frames make
    must_pass eae-score --model model.eae --label label --metrics auc,accuracy new.tsv
    [ "$(cut -f 5-7 .stdout | tail -n 2)" = "0	auc	0.5
0	accuracy	0.5" ]
    cp .stdout direct
    eae-score -q --model model.eae --predict --label label <new.tsv |
        eae-score --metrics auc,accuracy >piped
    same_bytes direct piped
}

@test "--no-history leaves the history out" {
    frames make
    must_pass eae-score --model model.eae --predict --no-history -o out.eae new.tsv --label label
    /usr/bin/python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import eaem
assert not eaem.read("out.eae")[0].history' "$BATS_TEST_DIRNAME/../../../share/python"
}

@test "models of splits only are applied on request" {
    frames make
    must_fail 1 eae-score --model splits.eae --label label new.tsv
    says "no final model"
    says "--all-models"
    must_pass eae-score --model splits.eae --all-models --label label --metrics accuracy new.tsv
    [ "$(tail -n 1 .stdout | cut -f 5-7)" = "3	accuracy	0.5" ]
}

@test "features that are missing are named, three of how many" {
    frames make
    cut -f 1,2,4,5 new.tsv >without.tsv
    must_fail 1 eae-score --model model.eae --label label without.tsv
    says "1 feature with a weight is not in the data: b"
    sed 's/	b	extra	a/	B	extra	A/' new.tsv >other.tsv
    must_fail 1 eae-score --model model.eae --label label other.tsv
    says "2 features with a weight are not in the data: a, b"
}

@test "a missing value that nothing fills, no label, no model" {
    frames make
    sed 's/^n2	yes	2/n2	yes	NA/' new.tsv >hole.tsv
    must_fail 1 eae-score --model model.eae --label label hole.tsv
    says "sample n2: feature b is missing"
    cut -f 1,3- new.tsv >unlabelled.tsv
    must_fail 1 eae-score --model model.eae unlabelled.tsv
    says "the data have no label to score by"
    says "annotations: none"
    must_fail 1 eae-score --model study.eae --label label new.tsv
    says "no model frame"
    must_fail 1 eae-score --model none.eae --label label new.tsv
    must_fail 1 eae-score --model model.eae study.eae
    says "no data frame (found: prediction)"
}

@test "the positive class is that of the model, whatever the data would make of it" {
    make_matrix 24 4 x.tsv
    eae-train logistic -q --label label=c0/c1 -o model.eae x.tsv
    must_pass eae-score --model model.eae --label label=c0/c1 --metrics auc,tpr,brier x.tsv
    cp .stdout want
    must_pass eae-score --model model.eae --label label --metrics auc,tpr,brier x.tsv
    says "c0 is the positive class, as in model.eae"
    diff want .stdout
    must_pass eae-score -q --model model.eae --label label --predict x.tsv -o out.eae
    must_pass eae-score --metrics auc,tpr,brier out.eae
    diff want .stdout
    must_fail 1 eae-score --model model.eae --label label --positive c1 x.tsv
    says "--positive c1 contradicts model.eae, whose positive class is c0"
    # names that the model does not know, and one class alone
    sed 's/\tc1\t/\tc7\t/' x.tsv >other.tsv
    must_fail 1 eae-score --model model.eae --label label other.tsv
    says "sample p001: 'c7' is not a class of the model (c1, c0)"
    grep -v "	c1	" x.tsv >single.tsv
    must_pass eae-score --model model.eae --label label --metrics accuracy,auc single.tsv
    [ "$(cut -f 6,7 .stdout | tail -n 1)" = "auc	NA" ]
    # models of opposite classes in one file
    eae-train logistic -q --label label=c1/c0 -o opposite.eae x.tsv
    cat model.eae opposite.eae >both.eae
    must_fail 1 eae-score --model both.eae --label label x.tsv
    says "models with other positive classes"
}

@test "a model frame without classes is scored as the data say" {
    make_matrix 24 4 x.tsv
    eae-train logistic -q --label label -o model.eae x.tsv
    PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$BATS_TEST_DIRNAME/../stream/edit.py" model.eae old.eae model \
        "del f.row_annot['negative'], f.row_annot['positive']"
    eae-score -q --model model.eae --label label x.tsv >want
    eae-score -q --model old.eae --label label x.tsv >got
    same_bytes want got
}
