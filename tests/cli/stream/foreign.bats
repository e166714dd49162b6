#!/usr/bin/env bats
# Streams that are sound byte by byte, with contents that no program here would write.

load ../helpers

edit() { # IN OUT KIND STATEMENT
    PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$BATS_TEST_DIRNAME/edit.py" "$@"
}

make_planned() {
    make_matrix 20 4 x.tsv
    awk -F '\t' 'BEGIN { OFS = FS } { print $0, NR == 1 ? "age" : NR * NR % 37, NR == 1 ? "time" : NR + 0.5,
        NR == 1 ? "status" : (NR % 3 > 0) }' x.tsv >s.tsv
    eae-split -q --kfold 4 --label label --meta age,time,status -o planned.eae s.tsv
    eae-split -q --kfold 4 --time time --status status --meta age,label -o survival.eae s.tsv
}

@test "infinite values in the first row and in a later one" {
    make_planned
    for row in 0 7; do
        edit planned.eae inf.eae data "f.matrix[$row, 2] = np.inf"
        for model in "svm" "svm --impute mean" "logistic --filter ttest:2" "test" "test --stat anova"; do
            # shellcheck disable=SC2086
            must_fail 1 eae-train $model inf.eae
            says "an infinite value: sample p00$row, feature f3"
        done
    done
    edit planned.eae large.eae data "f.matrix = f.matrix.astype('f8'); f.matrix[5, 1] = -1e200"
    must_fail 1 eae-train svm large.eae
    says "-1e+200 is too large a value to compute with: sample p005, feature f2"
}

@test "infinite and missing values where a model is applied" {
    make_planned
    eae-train -q logistic --covariates age -o model.eae planned.eae --final
    edit planned.eae inf.eae data "f.matrix[7, 2] = -np.inf"
    must_fail 1 eae-score --model model.eae inf.eae
    says "sample p007: feature f3 is infinite"
    edit planned.eae hole.eae data "f.matrix[7, 2] = np.nan"
    must_fail 1 eae-score --model model.eae hole.eae
    says "sample p007: feature f3 is missing"
    edit planned.eae hole.eae data "f.row_annot['age'][7] = np.nan"
    must_fail 1 eae-score --model model.eae hole.eae
    says "sample p007: 'age' is missing"
    edit planned.eae inf.eae data "f.row_annot['age'][7] = np.inf"
    must_fail 1 eae-score --model model.eae inf.eae
    says "sample p007"
}

@test "outcomes of the wrong type, and impossible ones" {
    make_planned
    edit survival.eae text.eae data "f.row_annot['status'] = Text(['dead'] * 20)"
    for model in cox svm "test --stat cox"; do
        # shellcheck disable=SC2086
        must_fail 1 eae-train $model text.eae
        says "the annotation status is text"
    done
    edit survival.eae negative.eae data "f.row_annot['time'][3] = -1"
    must_fail 1 eae-train cox negative.eae
    says "time: -1 of sample p003 is not above 0"
    edit survival.eae two.eae data "f.row_annot['status'][3] = 2"
    must_fail 1 eae-train cox two.eae
    says "status: 2 of sample p003 is neither 0 nor 1"
    edit planned.eae inf.eae data "f.row_annot['label'] = np.where(np.arange(20) == 4, np.inf, np.arange(20.))"
    must_fail 1 eae-train ridge inf.eae
    says "label: inf of sample p004 is not finite"
}

@test "a base of no features, or of infinite values" {
    make_planned
    edit planned.eae narrow.eae data "f.matrix = f.matrix[:, :0]; f.col_names = None; f.col_annot = {}"
    must_fail 1 eae-synth narrow.eae
    says "narrow.eae: the base has no features"
    edit planned.eae inf.eae data "f.matrix[7, 2] = np.inf"
    must_fail 1 eae-synth inf.eae
    says "feature 'f3' of the base has no finite mean"
}

# Streams of every kind with changed contents (contents.py); another seed finds other ways to be odd.
@test "no contents make a program crash" {
    awk 'BEGIN { srand(7)
        printf "id\tlabel\tgrp\tage\tsex\ttime\tstatus\ty"
        for (j = 0; j < 8; j++) printf "\tf%d", j
        print ""
        for (i = 0; i < 24; i++) {
            printf "p%d\t%s\tg%d\t%d\t%s\t%g\t%d\t%g", i, substr("ABC", i % 3 + 1, 1), i / 2, 20 + i,
                i / 3 % 2 < 1 ? "m" : "f", 1 + i * 1.5, (i % 3 > 0), i * 0.37
            for (j = 0; j < 8; j++) printf "\t%.3f", i % 2 + rand() + rand() - 1
            print ""
        } }' >x.tsv
    eae-view -q --label label=A/B --group grp --meta age,sex,time,status,y -o two.eae x.tsv
    eae-view -q --label label --meta age,sex,time,status,y,grp -o three.eae x.tsv
    eae-view -q --time time --status status --meta age,sex,label,y,grp -o survival.eae x.tsv
    eae-view -q --label y --regression --meta age,sex,label,time,status,grp -o number.eae x.tsv
    models=(svm logistic cox ridge)
    for name in two three survival number; do
        eae-split -q --kfold 3 --repeats 2 --inner 2 -o $name.plan.eae $name.eae
        eae-train "${models[0]}" -q --permute 2 --final --weights all --adjust sex --covariates age --impute mean \
            -o $name.model.eae $name.plan.eae
        models=("${models[@]:1}")
    done
    cp two.eae kernel.eae
    eae-train svm -q --kernel rbf --final --adjust sex -o kernel.model.eae two.plan.eae
    cp two.eae factors.eae
    eae-train als -q --rank 2 --final -o factors.model.eae two.plan.eae
    capture /usr/bin/python3 -B "$BATS_TEST_DIRNAME/contents.py" "${EAE_TEST_SEED:-1}" 60 ./*.eae
    [ "$status" -eq 0 ] || fail "$stdout$stderr"
}

@test "data whose samples and features have no names" {
    make_planned
    edit planned.eae bare.eae data "f.col_names = None; f.matrix[3, 1] = np.nan"
    must_fail 1 eae-train svm bare.eae
    says "missing"
    edit planned.eae bare.eae data "f.col_names = None; f.row_names = None; f.matrix[3, 1] = np.nan"
    for program in "eae-train svm" "eae-train test" "eae-split --kfold 3" "eae-view -O tsv --kind data" \
        "eae-view --info" "eae-view --impute knn:1"; do
        # shellcheck disable=SC2086
        capture $program bare.eae
        [ "$status" -le 1 ]
    done
}
