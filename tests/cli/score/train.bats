#!/usr/bin/env bats
# eae-score --model against eae-train: a model of a split, applied to the raw data, gives the values
# that were held out.

load ../helpers

# data.tsv: 48 samples, 12 features with holes, annotations age and sex; make_data CLASSES
make_data() {
    make_matrix 48 12 plain.tsv "$1"
    awk -F '\t' 'BEGIN { OFS = FS }
        NR == 1 { $2 = "class" OFS "age" OFS "sex" }
        NR > 1 { $2 = $2 OFS (20 + NR * 7 % 50) OFS substr("MFX", NR % 3 + 1, 1)
                 if (NR % 5 == 0) $(3 + NR % 9) = "NA" }
        { print }' plain.tsv >data.tsv
}

# held_out_is_applied ARGS...: eae-train ARGS, then the comparison to 1e-9 of the largest value
held_out_is_applied() {
    eae-view -q --label class --meta age,sex data.tsv |
        eae-split -q --kfold 4 --repeats 2 |
        eae-train "$@" -q --weights all >trained.eae
    must_pass eae-score -q --model trained.eae --all-models --predict -o applied.eae \
        --label class --meta age,sex data.tsv
    /usr/bin/python3 - "$BATS_TEST_DIRNAME/../../../share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

def rows(path):
    frame, = [f for f in eaem.read(path) if f.kind == "prediction"]
    a = frame.row_annot
    keys = zip(a["param"], a["split"], a["class"])
    return {key: value for key, value in zip(keys, frame.matrix)}

held, applied = rows("trained.eae"), rows("applied.eae")
assert held and set(held) <= set(applied)
for key, value in held.items():
    there = ~np.isnan(value)
    assert there.sum() == 12, key
    worst = np.abs(value - applied[key])[there].max()
    assert worst <= 1e-9 * np.abs(value[there]).max(), (key, worst)
END
}

@test "scaled, imputed by the mean" {
    make_data 2
    held_out_is_applied svm -C 0.1,1 --impute mean
}

@test "filtered, imputed by the median" {
    make_data 2
    held_out_is_applied logistic --filter ttest:5 --impute median
}

@test "adjusted for a number and a factor" {
    make_data 2
    held_out_is_applied svm --impute mean --adjust age,sex
}

@test "covariates beside the features" {
    make_data 2
    held_out_is_applied logistic --impute mean --covariates age,sex --scale none
}

@test "three classes" {
    make_data 3
    held_out_is_applied svm --impute mean --scale all
    held_out_is_applied logistic --impute mean
}

@test "new data may hold some of the classes, but no other" {
    make_data 3
    eae-view -q --label class --meta age,sex data.tsv |
        eae-train logistic -q --impute mean >trained.eae
    head -n 1 data.tsv | tee one.tsv >two.tsv
    grep '	c0	' data.tsv >>one.tsv
    grep -v -e '	c0	' -e '^id' data.tsv >>two.tsv
    for part in data one two; do
        must_pass eae-score -q --model trained.eae --label class --meta age,sex \
            --metrics accuracy,auc $part.tsv
        cp .stdout $part.score
    done
    [ "$(tail -n 1 two.score | cut -f 6,7)" = "auc	NA" ]
    cat one.score two.score data.score | awk -F '\t' '$6 == "accuracy" { a[++n] = $7 }
        END { d = 16 * a[1] + 32 * a[2] - 48 * a[3]; exit !(n == 3 && d < 1e-9 && d > -1e-9) }'
    sed 's/	c0	/	c7	/' data.tsv >other.tsv
    must_fail 1 eae-score -q --model trained.eae --label class --meta age,sex other.tsv
    says "is not a class of the model"
}
