#!/usr/bin/env bats
# Models of covariates alone (--filter KIND:0): what a signature has to beat.
load ../helpers

# 60 samples: label, age and sex that bear on it, 30 features of which the first does; score and time follow age
make_study() {
    awk 'BEGIN {
        x = 4711
        printf "id\tlabel\tage\tsex\tscore\ttime\tstatus"
        for (j = 1; j <= 30; j++) printf "\tf%d", j
        print ""
        for (i = 0; i < 60; i++) {
            x = (x * 4096 + 150889) % 714025; age = 40 + int(x / 714025 * 400) / 10
            x = (x * 4096 + 150889) % 714025; sex = x > 357000
            x = (x * 4096 + 150889) % 714025; y = (age - 60) / 10 + sex + 3 * (x / 714025 - 0.5) > 0.3
            x = (x * 4096 + 150889) % 714025; time = (1 + int(x / 714025 * 500)) / (age - 30)
            printf "s%02d\t%s\t%.1f\t%d\t%.3f\t%.4f\t%d", i, y ? "case" : "control", age, sex, age / 10 + sex + x / 714025, time, (i % 3 > 0)
            for (j = 1; j <= 30; j++) {
                x = (x * 4096 + 150889) % 714025
                printf "\t%.4f", x / 714025 + (j == 1 ? y / 2 : 0)
            }
            print ""
        }
    }' >study.tsv
    cut -f1-7 study.tsv >few.tsv
    roles="--label label=case/control --meta age,sex,score,time,status"
    # shellcheck disable=SC2086
    eae-split -q --kfold 4 $roles study.tsv --plan-out plan.tsv -o study.eae
}

# values FILE: held-out values of the first prediction row, a line each
values() {
    eae-view --kind prediction -O tsv "$1" | columns_from s00 | sed -n 2p | tr '\t' '\n'
}

# close A B TOLERANCE: as many values, none further apart
close() {
    paste "$1" "$2" | awk -v tol="$3" '
        $1 == "NA" && $2 == "NA" { next }
        { n++; d = $1 - $2; if (d < 0) d = -d; if (!(d <= tol * (1 + ($1 < 0 ? -$1 : $1)))) { print NR, $0; bad = 1 } }
        END { exit bad || n != 15 }'
}

@test "without features, a model is that of the covariates with a penalty that vanishes" {
    make_study
    eae-view -q --label label=case/control --meta score,time,status few.tsv -o few.eae
    eae-view -q --label score --regression --meta label,time,status few.tsv -o few_score.eae
    eae-view -q --time time --status status --meta label,score few.tsv -o few_time.eae
    eae-view -q --label score --regression --meta age,sex,label,time,status study.tsv -o score.eae
    eae-view -q --time time --status status --meta age,sex,label,score study.tsv -o time.eae
    while read -r data few tolerance model; do
        eae-split -q --plan-in plan.tsv "$data" -o with.eae
        eae-split -q --plan-in plan.tsv "$few" -o alone.eae
        # shellcheck disable=SC2086
        eae-train ${model% *} -q --covariates age,sex --filter variance:0 with.eae -o with.out
        # shellcheck disable=SC2086
        eae-train $model -q alone.eae -o alone.out
        values with.out >with.values
        values alone.out >alone.values
        close with.values alone.values "$tolerance" || fail "$model"
    done <<EOF2
study.eae few.eae 1e-4 logistic -C=1e7
score.eae few_score.eae 1e-6 linear --scale=fold
score.eae few_score.eae 1e-6 ridge --lambda=1e-9
time.eae few_time.eae 1e-5 cox --lambda=1e-8
EOF2
}

@test "a ridge penalty that leaves nothing of the features leaves the covariates alone" {
    make_study
    eae-view -q --time time --status status --meta age,sex,label,score study.tsv | eae-split -q --kfold 4 -o time.eae
    eae-train cox -q --covariates age,sex --filter variance:0 time.eae -o none.eae
    eae-train cox -q --covariates age,sex --lambda 1e7 time.eae -o crushed.eae
    values none.eae >none.values
    values crushed.eae >crushed.values
    close none.values crushed.values 1e-4
    [ "$(sort -u none.values | wc -l)" -gt 10 ]
}

@test "--baseline: what the features add to the covariates" {
    make_study
    for loss in hinge squared-hinge; do
        eae-train svm --loss $loss -q --covariates age,sex --filter variance:0 study.eae -o base.eae
        [ "$(eae-view -O tsv --kind prediction base.eae | awk -F '\t' 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == "@size") at = j } NR == 2 { print $at }')" = '"0"' ]
        eae-train svm --loss $loss -q --covariates age,sex --filter ttest:1 study.eae -o one.eae
        cat base.eae one.eae | eae-score --baseline --metrics auc >compared.tsv
        [ "$(cut -f2,3 compared.tsv | sort -u | wc -l)" -eq 2 ]
        awk -F '\t' 'NR == 1 { for (j = 1; j <= NF; j++) at[$j] = j } NR == 2 { exit !($at["diff"] > 0.01) }' compared.tsv
    done
}

@test "a final model of covariates applies to new data, whatever features those have" {
    make_study
    eae-view -q $roles study.tsv | eae-train logistic -q --final --covariates age,sex --filter ttest:0 -o model.eae
    cut -f1-9 study.tsv >new.tsv
    eae-score -q --model model.eae --predict $roles study.tsv -o a.eae
    eae-score -q --model model.eae --predict $roles new.tsv -o b.eae
    eae-view -O tsv a.eae >a.tsv
    eae-view -O tsv b.eae >b.tsv
    same_bytes a.tsv b.tsv
}

@test "no features and no covariates is no model" {
    make_study
    for filter in ttest:0 variance:0; do
        must_fail 2 eae-train svm --filter $filter study.eae
        says "no feature is left, and there are no --covariates"
    done
    must_fail 2 eae-train svm --filter ttest:-1 --covariates age study.eae
    must_fail 2 eae-rfe svm --filter ttest:0 study.eae
}
