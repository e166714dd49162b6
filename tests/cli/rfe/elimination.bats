#!/usr/bin/env bats
# eae-rfe: against a literal elimination, its bytes, its sizes, its errors.

load ../helpers

GOLUB=$BATS_TEST_DIRNAME/../../../share/data/golub/golub.tsv.gz
EXPECTED=$BATS_TEST_DIRNAME/../../data/expected
SCRIPTS=$BATS_TEST_DIRNAME/../../expected

bytes() {
    eae-view --no-history "$1" | md5sum
}

@test "golub: the features and the AUC at every size are those of a literal elimination" {
    eae-view -q --label class=AML/ALL "$GOLUB" |
        eae-split -q --plan-in "$EXPECTED/rfe_golub_plan.tsv" -o planned.eae
    /usr/bin/python3 "$SCRIPTS/compare_rfe.py" "$EXPECTED/rfe_golub.tsv" planned.eae 5%
}

# every_thread_and_shard ARGS...: eae-rfe ARGS on planned.eae, in one and in three parts
every_thread_and_shard() {
    must_pass eae-rfe "$@" -q -t 1 -o whole.eae planned.eae
    for t in 2 4; do
        must_pass eae-rfe "$@" -q -t $t -o threads.eae planned.eae
        [ "$(bytes whole.eae)" = "$(bytes threads.eae)" ] || fail "-t $t: other bytes of $*"
    done
    for i in 1 2 3; do
        must_pass eae-rfe "$@" -q -t $i --shard $i/3 -o part$i.eae planned.eae
    done
    cat part1.eae part2.eae part3.eae | eae-view --no-history -o shards.eae
    [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ] || fail "shards: other bytes of $*"
    eae-rfe "$@" -q <planned.eae >piped.eae
    [ "$(bytes whole.eae)" = "$(bytes piped.eae)" ] || fail "pipe: other bytes of $*"
}

@test "the same bytes for any number of threads and shards, from a file and a pipe" {
    eae-synth -q --rows 40 --cols 300 --seed 5 --informative 10 |
        eae-split -q --kfold 4 -o planned.eae
    every_thread_and_shard svm --step 10% -C 0.001,1 --final
    every_thread_and_shard logistic --step 25%:2@20 --sizes 200,50,7
    every_thread_and_shard svm --step 20 --filter ttest:100 --loss squared-hinge --bias penalized
    every_thread_and_shard svm --step 30% --scale none --until 5
    eae-synth -q --rows 40 --cols 100 --seed 6 --missing 0.02 |
        eae-split -q --bootstrap 5 -o planned.eae
    every_thread_and_shard svm --step 20% --impute median
}

@test "regression, survival, three classes" {
    make_matrix 45 30 plain.tsv 3
    eae-split -q --kfold 3 --label label plain.tsv -o planned.eae
    every_thread_and_shard svm --step 10%
    every_thread_and_shard logistic --step 10%
    eae-view -q --kind prediction -O tsv whole.eae >p.tsv
    [ "$(cut -f1 p.tsv | wc -l)" -eq "$(($(eae-score -q whole.eae | grep -c balanced) * 3 + 1))" ]
    sed '1s/label/site/' plain.tsv | eae-split -q --kfold 3 --label f1 --regression --meta site -o planned.eae
    every_thread_and_shard ridge --lambda 0.1 --step 10% --adjust site
    every_thread_and_shard linear --step 3
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { $2 = "t" OFS "s" } NR > 1 { $2 = 1 + (NR * 29 % 47) OFS NR % 2 } 1' \
        plain.tsv | eae-split -q --kfold 3 --time t --status s -o planned.eae
    every_thread_and_shard cox --step 20%
}

@test "f64 data, imputed and adjusted data: ranks of the weights that eae-train gives" {
    make_matrix 30 25 plain.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR == 7 { $5 = "NA" } { print $0, NR == 1 ? "age" : 20 + NR * 7 % 50 }' \
        plain.tsv >data.tsv
    eae-view -q --dtype f64 --label label --meta age data.tsv -o data.eae
    for more in "--impute mean" "--impute median --adjust age" "--impute mean --scale none" \
        "--impute mean --scale all --covariates age"; do
        # shellcheck disable=SC2086
        eae-rfe svm -q --step 24 $more --tol 1e-12 data.eae |
            eae-view -q --kind rank -O tsv >rank.tsv
        # shellcheck disable=SC2086
        eae-train svm -q $more --tol 1e-12 data.eae |
            eae-view -q --kind model -O tsv >model.tsv
        /usr/bin/python3 - <<'END'
import csv
rank, = list(csv.DictReader(open("rank.tsv"), delimiter="\t"))
model, = [r for r in csv.DictReader(open("model.tsv"), delimiter="\t") if r["@part"] == "weights"]
features = [k for k in rank if k[0] == "f" and k[1:].isdigit()]
assert len(features) == 25
assert sorted(features, key=lambda k: -int(rank[k])) == sorted(features, key=lambda k: float(model[k]) ** 2)
END
    done
}

@test "constant features go first, lower columns before others" {
    make_matrix 30 12 plain.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { $5 = 0.1; $8 = 1 / 3; $11 = 7.7 } { print }' plain.tsv >flat.tsv
    for more in "--scale fold" "--scale all" "--scale none"; do
        # shellcheck disable=SC2086
        eae-rfe logistic -q --label label --step 1 $more flat.tsv | eae-view -q --kind rank -O tsv >rank.tsv
        [ "$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            { print $at["f3"], $at["f6"], $at["f9"] }' rank.tsv)" = "12 11 10" ]
    done
}

@test "sizes: those asked for, all of a short path, 200 of a long one" {
    eae-synth -q --rows 20 --cols 1500 --seed 2 | eae-split -q --kfold 2 -o planned.eae
    sizes() {
        eae-view -q --kind prediction -O tsv "$1" | awk -F '\t' '
            NR == 1 { for (i = 1; i <= NF; i++) if ($i == "@size") at = i; next } { print $at }' |
            tr -d '"' | sort -nu
    }
    must_pass eae-rfe svm -q --step 1% --sizes 100,7,1500 -o few.eae planned.eae
    [ "$(sizes few.eae | tr '\n' ' ')" = "7 100 1500 " ]
    must_pass eae-rfe svm -q --step 50% -o half.eae planned.eae
    [ "$(sizes half.eae | tr '\n' ' ')" = "1 2 3 6 12 24 47 94 188 375 750 1500 " ]
    must_pass eae-rfe svm -q --step 1 -o one.eae planned.eae
    [ "$(sizes one.eae | wc -l)" -le 200 ]
    [ "$(sizes one.eae | sed -n '1p;$p' | tr '\n' ' ')" = "1 1500 " ]
}

@test "noise: the curve is flat at an AUC of 0.5" {
    sets=${EAE_TEST_NOISE_SETS:-100}
    for i in $(seq "$sets"); do
        eae-synth -q --rows 40 --cols 200 --seed "$i" | eae-split -q --kfold 4 --seed "$i" |
            eae-rfe svm -q --step 50% | eae-score -q --summary --metrics auc |
            awk -F '\t' -v i="$i" 'NR > 1 { print i "\t" $4 "\t" $7 }'
    done >auc.tsv
    awk -F '\t' '{ n[$2]++; s[$2] += $3; q[$2] += $3 * $3 }
        END { for (k in n) { m = s[k] / n[k]; se = sqrt((q[k] / n[k] - m * m) / (n[k] - 1))
                  print k, m, se; if ((m - 0.5) ^ 2 > 9 * se * se) bad = 1 }
              exit bad }' auc.tsv
}

@test "errors" {
    make_matrix 20 10 plain.tsv
    eae-split -q --kfold 2 --label label plain.tsv -o planned.eae
    must_fail 2 eae-rfe svm --step 0 planned.eae
    says "--step: '0' is not N, P% or P%:N@M"
    must_fail 2 eae-rfe svm --step 5%:1 planned.eae
    must_fail 2 eae-rfe svm --step 100% planned.eae
    must_fail 2 eae-rfe svm --sizes 2.5 planned.eae
    says "not a whole number: 2.5"
    must_fail 1 eae-rfe svm --sizes 11 planned.eae
    says "11 is more than the 10 features there are"
    must_fail 1 eae-rfe svm --sizes 3 --until 5 planned.eae
    says "3 is below --until 5"
    must_fail 1 eae-rfe svm --until 11 planned.eae
    must_fail 2 eae-rfe ridge -C 1 planned.eae
    says "ridge takes no --cost"
    must_fail 2 eae-rfe test planned.eae
    says "unknown model 'test'"
    must_fail 1 eae-rfe ridge planned.eae
    says "ridge needs a number as label"
    must_fail 2 eae-rfe svm --shard 1/2 --label label plain.tsv
    must_fail 1 eae-rfe svm plain.tsv
    says "label"
}
