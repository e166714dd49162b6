#!/usr/bin/env bats
# Survival through the whole pipe, on real data, against R's survival package
# (tests/expected/cox_pipe.R): times with missing values beside them, tied times, many genes.

load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..
EXPECTED=$ROOT/tests/data/expected
DATA=$ROOT/share/data

# lung.eae and nki70.eae: their plans and data; of fold k samples k, k + 4, ... are held out
make_studies() {
    must_pass eae-view -q --time time --status status --drop-features inst "$DATA/lung/lung.tsv" -o lung.tmp
    must_pass eae-view -q --time time --status status --meta Diam,N,ER,Grade,Age "$DATA/nki70/nki70.tsv" \
        -o nki70.tmp
    for study in lung nki70; do
        awk -F '\t' 'BEGIN { OFS = FS; print "split", "sample", "role" }
            NR > 1 { for (k = 1; k <= 4; k++) print k, $1, (NR - 2) % 4 + 1 == k ? "test" : "train" }' \
            "$DATA/$study/$study.tsv" | sort -t '	' -s -g -k 1,1 >plan.tsv
        must_pass eae-split -q --plan-in plan.tsv $study.tmp -o $study.eae
    done
}

# trains_as_r NAME STREAM OPTIONS...: trains, then compares held-out values, medians and sds
trains_as_r() {
    local name=$1 stream=$2
    shift 2
    must_pass eae-train cox -q --tol 1e-13 -o "trained-$name.eae" "$@" "$stream"
    eae-view --kind prediction -O tsv --no-history "trained-$name.eae" >values.tsv
    awk -F '\t' -v case="$name" '
        function off(a, b) { d = a - b; return d < 0 ? -d : d }
        NR == FNR { if ($1 == case) { value[$3, $2] = $4; cut[$3] = $5; sd[$3] = $6; n++ } next }
        FNR == 1 { for (j = 1; j <= NF; j++) { name[j] = $j; at[$j] = j } next }
        {
            k = $at["@split"]
            if (off($at["@cut"], cut[k]) > 1e-6 || off($at["@sd"], sd[k]) > 1e-6) bad = bad "\n" $0
            for (j = 1; j <= NF; j++) {
                if (((k, name[j]) in value) && off($j, value[k, name[j]]) > 1e-6) bad = bad "\n" name[j]
                seen += (k, name[j]) in value
            }
        }
        END { if (bad || !n || seen != n) { print seen, "of", n, bad; exit 1 } }' \
        "$EXPECTED/cox_pipe_values.tsv" values.tsv >compared || fail "$(head -5 compared)"
}

# scores_as_r NAME TSV 0|1: every expected score of the splits, or the pooled ones, is there
scores_as_r() {
    awk -F '\t' -v case="$1" -v pooled="$3" '
        function off(a, b) { return a == "NA" || b == "NA" ? a != b : a > b ? a / b - 1 : b / a - 1 }
        NR == FNR {
            if ($1 == case && $3 != "hr-p" && ($2 == "pooled") == pooled) { want[$2, $3] = $4; n++ }
            next
        }
        FNR == 1 { for (j = 1; j <= NF; j++) at[$j] = j; next }
        {
            k = pooled ? "pooled" : $at["split"]
            if (!((k, $at["metric"]) in want)) next
            seen++
            if (off($at[pooled ? "pooled" : "value"], want[k, $at["metric"]]) > 1e-6) bad = bad "\n" $0
        }
        END { if (bad || !n || seen != n) { print seen, "of", n, bad; exit 1 } }' \
        "$EXPECTED/cox_pipe_scores.tsv" "$2" >compared || fail "$(head -5 compared)"
}

@test "lung: values, concordance, hr and hr-sd of R, missing values filled inside each split" {
    make_studies
    for ties in efron breslow; do
        trains_as_r lung-$ties lung.eae --lambda 0.01 --impute median --ties $ties
        must_pass eae-score --metrics cindex,hr,hr-sd trained-lung-$ties.eae -o split.tsv
        scores_as_r lung-$ties split.tsv 0
        must_pass eae-score --metrics cindex,hr,hr-sd --summary trained-lung-$ties.eae -o summary.tsv
        scores_as_r lung-$ties summary.tsv 1
    done
}

@test "nki70: values, concordance, hr and hr-sd of R, with and without a filter inside each split" {
    make_studies
    trains_as_r nki70 nki70.eae --lambda 0.1
    trains_as_r nki70-filter nki70.eae --lambda 0.05 --filter cox:20
    for case in nki70 nki70-filter; do
        must_pass eae-score --metrics cindex,hr,hr-sd trained-$case.eae -o split.tsv
        scores_as_r $case split.tsv 0
        must_pass eae-score --metrics cindex,hr,hr-sd --summary trained-$case.eae -o summary.tsv
        scores_as_r $case summary.tsv 1
    done
}

@test "lung: Wald's p of a single hold-out split is that of R" {
    make_studies
    awk -F '\t' 'BEGIN { OFS = FS; print "split", "sample", "role" }
        NR > 1 { print 1, $1, (NR - 2) % 4 ? "train" : "test" }' "$DATA/lung/lung.tsv" >first.tsv
    eae-split -q --plan-in first.tsv lung.tmp | eae-train cox -q --lambda 0.01 --impute median --tol 1e-13 \
        -o first.eae
    must_pass eae-score --metrics hr-p first.eae
    [ -z "$stderr" ] || fail "$stderr"
    want=$(awk -F '\t' '$1 == "lung-efron" && $3 == "hr-p" { print $4 }' "$EXPECTED/cox_pipe_scores.tsv")
    awk -F '\t' -v want="$want" 'NR == 2 { exit !($NF / want - 1 < 1e-6 && 1 - $NF / want < 1e-6) }' .stdout
}

@test "nki70: each gene alone as coxph sees it" {
    make_studies
    must_pass eae-train test --stat cox -q nki70.tmp -o test.eae
    eae-view -O tsv test.eae >test.tsv
    awk -F '\t' '
        function off(a, b) { d = a - b; d = d < 0 ? -d : d; return d / (b < 0 ? -b : b) }
        NR == FNR { coef[$1] = $2; z[$1] = $3; p[$1] = $4; next }
        FNR == 1 { for (j = 1; j <= NF; j++) at[$j] = j; next }
        off($at["effect"], coef[$1]) > 1e-7 || off($at["statistic"], z[$1]) > 1e-7 ||
            off($at["p"], p[$1]) > 1e-6 { print; bad = 1 }
        END { exit bad || FNR != 71 }' "$EXPECTED/cox_pipe_test.tsv" test.tsv
}

@test "the hazard ratio per sd travels: final models on new data, a tuned penalty, an elimination" {
    make_studies
    must_pass eae-train cox -q --lambda 0.1 nki70.tmp -o final.eae
    must_pass eae-score -q --model final.eae --metrics hr-sd,hr nki70.tmp -o applied.tsv
    awk -F '\t' 'NR > 1 && !($NF > 1.5) { exit 1 } END { exit NR != 3 }' applied.tsv || fail "$(cat applied.tsv)"
    eae-split -q --kfold 3 --inner 3 nki70.tmp -o nested.eae
    must_pass eae-train cox -q --lambda 0.1,10 --tune hr-sd nested.eae -o tuned.eae
    must_pass eae-score --metrics hr-sd --summary tuned.eae -o tuned.tsv
    awk -F '\t' 'NR == 2 { exit !($3 == "tuned" && $11 > 1) }' tuned.tsv || fail "$(cat tuned.tsv)"
    must_pass eae-rfe cox -q --lambda 0.1 --step 30% --select 1se --metric hr-sd nested.eae -o rfe.eae
    must_pass eae-score --metrics hr-sd --summary rfe.eae -o rfe.tsv
    grep -q '	selected	hr-sd	3	' rfe.tsv || fail "$(cat rfe.tsv)"
}

@test "where the training values do not differ, or nobody noted how, there is no hazard ratio per sd" {
    make_studies
    must_pass eae-train cox -q --alpha 1 --lambda 100 nki70.eae -o null.eae
    must_pass eae-score --metrics hr-sd --summary null.eae
    [ "$(awk -F '\t' 'NR == 2 { print $6, $7, $11 }' .stdout)" = "0 NA NA" ] || fail "$stdout"
    # an external trainer gives values, and not where those of its training samples lie
    printf 'NR == 1 { print "id\\tvalue" } NR > 1 { print $1 "\\t" $NF }\n' >last.awk
    must_pass eae-train 'exec:sh -c "awk -f last.awk $EAE_TEST"' --exec-format tsv -q nki70.eae -o exec.eae
    must_pass eae-score --metrics cindex,hr,hr-sd --summary exec.eae
    says "hr is NA: the predictions do not have the row annotation cut"
    says "hr-sd is NA: the predictions do not have the row annotation sd"
    [ "$(awk -F '\t' '$5 == "cindex" { print $6 }' .stdout)" = 4 ] || fail "$stdout"
    must_fail 2 eae-score --metrics hr-sd <(eae-view -q --label ER --meta Diam,N,Grade \
        "$DATA/nki70/nki70.tsv" | eae-split -q --kfold 3 | eae-train svm -q)
    says "hr-sd"
}
