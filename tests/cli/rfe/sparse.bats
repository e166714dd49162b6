#!/usr/bin/env bats
# eae-rfe lasso, enet, cox --alpha: against glmnet step by step, the order among weights of 0, its bytes, milestones.

load ../helpers

EXPECTED=$BATS_TEST_DIRNAME/../../data/expected

bytes() {
    eae-view --no-history "$1" | md5sum
}

# plan_of FILE: sample i of 72 is held out where i % 5 = 1
plan_of() {
    awk 'BEGIN { print "split\tsample\trole"
                 for (i = 1; i <= 72; i++) print "1\ts" i "\t" (i % 5 == 1 ? "test" : "train") }' >plan.tsv
    eae-split -q --plan-in plan.tsv "${@:2}" "$1"
}

# answers FILE: size, what, name and value as tests/expected/rfe_sparse.R writes them
answers() {
    eae-view -q --kind prediction -O tsv "$1" | awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) { name[i] = $i; at[$i] = i }; next }
        { gsub("\"", "")
          for (i = 1; i <= NF; i++) if (name[i] ~ /^s[0-9]+$/ && $i != "NA") print $at["@size"] "\theld\t" substr(name[i], 2) "\t" $i }'
    eae-view -q --kind rank -O tsv "$1" | awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
        { for (i = 1; i <= NF; i++) if (name[i] ~ /^g[0-9]+$/) print "0\trank\t" name[i] "\t" $i }'
}

# agrees OPTIONS FILE: eae-rfe OPTIONS of FILE against the table; all of it is there
agrees() {
    # shellcheck disable=SC2086
    must_pass eae-rfe $1 --tol 1e-10 --step 10% -o rfe.eae "$2"
    answers rfe.eae >ours.tsv
    awk -F '\t' -v options="$1" '
        NR == FNR { if ($1 == options && $3 != "gap") { want[$2, $3, $4] = $5; n++ }; next }
        { key = $1 SUBSEP $2 SUBSEP $3
          if (!(key in want)) { print "extra", $0; exit 1 }
          d = want[key] - $4; if (d < 0) d = -d
          if ($2 == "rank" ? d != 0 : d > 1e-5) { print "differs", $0, want[key]; bad++ }
          m++ }
        END { print n, m; exit bad > 0 || n == 0 || n != m }' "$EXPECTED/rfe_sparse.tsv" ours.tsv
}

@test "one converged fit of glmnet per step: ranks and held-out values" {
    cut -f 1,6- "$EXPECTED/enet_data.tsv" >class.tsv
    cut -f 2,6- "$EXPECTED/enet_data.tsv" >value.tsv
    cut -f 2,3 "$EXPECTED/train_cox_times.tsv" | paste - <(cut -f 6- "$EXPECTED/enet_data.tsv") >times.tsv
    plan_of value.tsv --label value --regression -o value.eae
    agrees "lasso --lambda 0.05" value.eae
    plan_of class.tsv --label class=1/-1 -o class.eae
    agrees "lasso --lambda 0.02" class.eae
    agrees "enet --alpha 0.3 --lambda 0.1" class.eae
    plan_of times.tsv --time time --status status -o times.eae
    agrees "cox --alpha 1 --ties breslow --lambda 0.03" times.eae
}

@test "all features: the values of eae-train; the model of the chosen size gives its held-out values" {
    eae-synth -q --rows 60 --cols 120 --seed 4 --informative 8 --effect 1 -o data.eae
    eae-split -q --kfold 3 data.eae -o planned.eae
    for options in "lasso --lambda auto:3" "enet --alpha 0.4 --lambda 0.1,0.01"; do
        # shellcheck disable=SC2086
        must_pass eae-rfe $options --tol 1e-9 --sizes 120,30 --select size:30 --final --weights all -o rfe.eae planned.eae
        # shellcheck disable=SC2086
        must_pass eae-train $options --tol 1e-9 -o train.eae planned.eae
        eae-score -q --metrics auc,logloss rfe.eae | awk -F '\t' '$4 == 120' | cut -f 3,5- >ours.tsv
        eae-score -q --metrics auc,logloss train.eae | awk -F '\t' 'NR > 1' | cut -f 3,5- >theirs.tsv
        [ -s ours.tsv ]
        paste ours.tsv theirs.tsv | awk -F '\t' '{ d = $4 - $8; if (d < 0) d = -d
            if ($1 != $5 || $2 != $6 || $3 != $7 || d > 1e-6) { print; exit 1 } }'
        # models have weights among the 30, and do for new data
        must_pass eae-score --model rfe.eae --predict data.eae -o predicted.eae
        eae-view -q --kind model -O tsv rfe.eae | awk -F '\t' '
            NR == 1 { for (i = 1; i <= NF; i++) { name[i] = $i; at[$i] = i }; next }
            $at["@part"] == "weights" { n = 0; m++
                for (i = 1; i <= NF; i++) n += name[i] !~ /^@|^id$/ && $i != "NA" && $i != 0
                if (n == 0 || n > 30) exit 1 }
            END { exit !m }'
    done
}

@test "features without a weight go by what draws at them, equal ones by column" {
    # b2 is b again, and c2 is c: nothing but the column tells them apart
    awk 'BEGIN { OFS = "\t"; srand(3); print "id", "y", "a", "b", "b2", "c", "c2"
        for (i = 1; i <= 40; i++) { a = rand(); b = rand(); c = rand(); print "s" i, a + 0.3 * b, a, b, b, c, c } }' >tie.tsv
    eae-rfe lasso --lambda 10 --step 1 -q --label y --regression tie.tsv | eae-view -q --kind rank -O tsv >rank.tsv
    # lambda is above all: no weights, and the order is that of the correlation with y
    awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { print $at["a"], $at["b"], $at["b2"], $at["c"], $at["c2"] }' rank.tsv >order.txt
    cat order.txt
    grep -qx "1 3 2 5 4" order.txt
}

@test "three classes: every size is fitted anew on what is left; its bytes; killed and started again" {
    eae-synth -q --rows 90 --cols 200 --seed 5 --classes 3 --informative 8 --effect 1.5 -o data.eae
    eae-split -q --holdout 0.3 --plan-out plan.tsv -o planned.eae data.eae
    options=(lasso --lambda 0.03 --tol 1e-9 --sizes "200,60,10" -q)
    eae-rfe "${options[@]}" --step 10% -t 1 -o rfe.eae planned.eae
    eae-rfe "${options[@]}" --step 10% -t 4 <planned.eae >piped.eae
    [ "$(bytes rfe.eae)" = "$(bytes piped.eae)" ]
    for size in 200 60 10; do
        eae-view -q --kind rank -O tsv rfe.eae | awk -F '\t' -v size=$size '
            NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
            { for (i = 1; i <= NF; i++) if (name[i] ~ /^f[0-9]+$/ && $i <= size) print name[i] }' >left
        [ "$(wc -l <left)" -eq $size ]
        eae-view -q --features left data.eae | eae-split -q --plan-in plan.tsv |
            eae-train lasso --lambda 0.03 --tol 1e-9 -q | eae-score -q --metrics accuracy,logloss >alone.tsv
        eae-score -q --metrics accuracy,logloss rfe.eae | awk -F '\t' -v size=$size '$4 == size' |
            paste - <(tail -n +2 alone.tsv) | awk -F '\t' '
            { d = $7 - $14; if (d < 0) d = -d; if ($6 != $13 || d > 1e-6) { print; exit 1 } } END { exit NR != 2 }'
    done
    kills=0
    until timeout -s KILL "$(awk -v n="$kills" 'BEGIN { print 0.02 * 1.25 ^ n }')" eae-rfe "${options[@]}" --step 1 --checkpoint milestones -o again.eae planned.eae; do
        kills=$((kills + 1))
        [ "$kills" -lt 60 ]
    done
    echo "$kills kills"
    eae-rfe "${options[@]}" --step 1 -o whole.eae planned.eae
    [ "$(bytes whole.eae)" = "$(bytes again.eae)" ]
}

@test "the same bytes for threads, shards, pipes; killed and started again" {
    eae-synth -q --rows 60 --cols 400 --seed 5 --informative 10 --effect 1 | eae-split -q --kfold 4 --inner 3 -o planned.eae
    for options in "lasso --lambda 0.1,0.02" "enet --lambda auto:2 --step 10% --select 1se --weights all" \
        "lasso --lambda 0.05 --policy random --step 20%" "lasso --lambda 0.05 --filter ttest:60 --step 1"; do
        # shellcheck disable=SC2206
        options=($options -q)
        eae-rfe "${options[@]}" -t 1 -o whole.eae planned.eae
        eae-rfe "${options[@]}" -t 4 <planned.eae >piped.eae
        [ "$(bytes whole.eae)" = "$(bytes piped.eae)" ]
        for i in 1 2 3; do
            eae-rfe "${options[@]}" --shard $i/3 -o part$i.eae planned.eae
        done
        cat part?.eae | eae-view --no-history -o shards.eae
        [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ]
    done
    eae-synth -q --rows 200 --cols 6000 --seed 5 --informative 40 --effect 1 | eae-split -q --kfold 3 -o planned.eae
    options=(enet --alpha 0.1 --lambda 0.02 --step 1% --final -q)
    eae-rfe "${options[@]}" -o whole.eae planned.eae
    kills=0
    until timeout -s KILL "$(awk -v n="$kills" 'BEGIN { print 0.15 * 1.25 ^ n }')" eae-rfe "${options[@]}" --checkpoint milestones -t 2 -o again.eae planned.eae; do
        kills=$((kills + 1))
        [ "$kills" -lt 40 ]
    done
    echo "$kills kills"
    [ "$(bytes whole.eae)" = "$(bytes again.eae)" ]
}

@test "values completed or adjusted in each fold, covariates, survival" {
    make_matrix 48 30 plain.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { $2 = "t" OFS "s" OFS "age" }
        NR > 1 { $2 = 1 + (NR * 29 % 47) OFS NR % 2 OFS (20 + NR * 7 % 50); if (NR % 9 == 0) $7 = "NA" } 1' plain.tsv >times.tsv
    eae-split -q --kfold 3 --time t --status s --meta age times.tsv -o planned.eae
    for options in "--impute mean" "--impute median --adjust age" "--impute mean --covariates age --scale none" \
        "--impute mean --policy random --metric cindex"; do
        # shellcheck disable=SC2206
        options=(cox --alpha 0.5 --lambda 0.05 --step 20% $options -q)
        must_pass eae-rfe "${options[@]}" -t 1 -o one.eae planned.eae
        must_pass eae-rfe "${options[@]}" -t 4 -o four.eae planned.eae
        [ "$(bytes one.eae)" = "$(bytes four.eae)" ]
        must_pass eae-score --metrics cindex,hr -q one.eae
    done
}

@test "errors" {
    make_matrix 30 10 plain.tsv
    eae-split -q --kfold 3 --label label plain.tsv -o planned.eae
    must_fail 2 eae-rfe enet --alpha 0 planned.eae
    must_fail 2 eae-rfe lasso --alpha 0.5 planned.eae
    says "lasso takes no --alpha"
    must_fail 2 eae-rfe lasso -C 1 planned.eae
    must_fail 1 eae-rfe cox --alpha 0.5 planned.eae
    must_fail 2 eae-rfe exec:true planned.eae
    says "unknown model"
}
