#!/usr/bin/env bats
# --tune: a parameter chosen on the inner splits of the plan, judged on the outer ones.
# The expected tables are made by tests/expected/tune.py.
#
# EAE_TEST_NOISE_SETS: how many independent data sets of noise (100; fewer for the sanitizers).
load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..
EXPECTED=$ROOT/tests/data/expected
SETS=${EAE_TEST_NOISE_SETS:-100}

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

# x.tsv: 48 samples, 6 features, classes c0 and c1; planned.eae: 3 folds with 3 inner ones
make_planned() {
    make_matrix 48 6 x.tsv
    eae-split -q --kfold 3 --inner 3 --label label -o planned.eae x.tsv
}

# column NAME FILE.eae [KIND]: one column of the frame as text
column() {
    eae-view -q -O tsv --kind "${3:-prediction}" "$2" |
        awk -F '\t' -v name="$1" 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == name) c = j; next }
            { gsub(/"/, "", $c); print $c }'
}

bytes() {
    eae-view --no-history "$1" | md5sum
}

# ---- values -------------------------------------------------------------------------------------

@test "the study: choices and held-out values of GridSearchCV" {
    needs_python
    awk -F '\t' 'BEGIN { OFS = FS }
        NR > 1 { for (j = 0; j < NF - 6; j++) if (((NR - 2) * 7 + j * 5) % 13 == 0) $(j + 7) = "NA" }
        { print }' "$ROOT/tests/data/train/study.tsv" >holes.tsv
    must_pass /usr/bin/python3 "$ROOT/tests/expected/compare_tune.py" "$EXPECTED/tune_study.tsv" \
        "$EXPECTED/tune_plan.tsv" "$ROOT/tests/data/train/study.tsv" holes.tsv
    [ "$(grep -c 3/3 .stdout)" -eq 14 ]
}

@test "golub: choices and held-out values of GridSearchCV" {
    needs_python
    must_pass /usr/bin/python3 "$ROOT/tests/expected/compare_tune.py" "$EXPECTED/tune_golub.tsv" \
        "$EXPECTED/tune_golub_plan.tsv" "$ROOT/share/data/golub/golub.tsv.gz"
    [ "$(grep -c 3/3 .stdout)" -eq 3 ]
}

# Every cost large enough orders separable samples alike.
@test "ties: the smallest cost, the largest lambda, whatever the order of the list" {
    make_matrix 48 6 x.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { $3 += 100 * ($2 == "c1") } { print }' x.tsv >apart.tsv
    eae-split -q --kfold 3 --inner 3 --label label -o planned.eae apart.tsv
    for list in 1,10,100 100,10,1 10,1,100; do
        eae-train svm -q -C $list --tune auc --final -o out.eae planned.eae
        [ "$(column @chosen out.eae | uniq)" = 1 ] || fail "-C $list: $(column @chosen out.eae)"
    done
    for list in 0.01,0.001,0.0001 0.0001,0.001,0.01 0.001,0.0001,0.01; do
        eae-train logistic -q --lambda $list --tune auc --final -o out.eae planned.eae
        [ "$(column @chosen out.eae | uniq)" = 0.01 ] || fail "--lambda $list: $(column @chosen out.eae)"
        [ "$(column @chosen out.eae model | tail -n 1)" = 0.01 ]
    done
}

@test "rows say tuned; only the choice is written, with its weights and for new data" {
    make_planned
    must_pass eae-train svm -C 0.001,0.1,10 --tune auc --final --weights all -o out.eae planned.eae
    [ "$(column @param out.eae | sort | uniq -c | tr -s ' ')" = " 3 tuned" ]
    [ "$(column @split out.eae model | tr '\n' ' ')" = "0 0 0 1 1 1 2 2 2 3 3 3 " ]
    [ "$(column @part out.eae model | grep -c weights)" -eq 4 ]
    paste -d : <(column @split out.eae) <(column @chosen out.eae) >predicted
    paste -d : <(column @split out.eae model) <(column @chosen out.eae model) | grep -v 'NA$' |
        sed 1d | cmp - predicted
    [ "$(column @spec out.eae | uniq)" = "scale=fold;loss=hinge;tune=auc;cost=0.001,0.1,10" ]
    # beside the whole list it is a candidate of its own
    eae-train svm -q -C 0.001,0.1,10 -o list.eae planned.eae
    cat list.eae out.eae | eae-score -q --summary --metrics auc | cut -f 3 >params
    [ "$(tr '\n' ' ' <params)" = "param 0.001 0.1 10 tuned " ]
    eae-score -q --model out.eae --metrics auc x.tsv --label label >applied.tsv
    awk -F '\t' 'NR == 2 { exit !($3 == "tuned" && $NF > 0.5) }' applied.tsv
}

@test "lambda auto, enet, ridge, als, cox: the choice is one of the path" {
    make_planned
    for model in logistic enet; do
        must_pass eae-train $model --lambda auto:8 --tune logloss -o out.eae planned.eae
        eae-train $model -q --lambda auto:8 planned.eae | eae-score -q --metrics auc | cut -f 3 |
            sed 1d | sort -u >path
        column @chosen out.eae | sort -u >chosen
        [ "$(comm -12 path chosen | wc -l)" -eq "$(wc -l <chosen)" ] || fail "$model: $(cat chosen)"
    done
    sed '1s/label/site/' x.tsv >n.tsv
    eae-split -q --kfold 4 --inner 3 --label f1 --regression --meta site -o numbers.eae n.tsv
    must_pass eae-train ridge --lambda 10,0.1,0.001 --tune mse --final -o out.eae numbers.eae
    must_pass eae-train ridge --lambda 10,0.1,0.001 --tune spearman --covariates site --adjust site \
        -o out.eae numbers.eae
    must_pass eae-train als --rank 2 --lambda 10,0.1 --tune mse -o out.eae numbers.eae
    [ "$(column @param out.eae | uniq)" = tuned ]
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { print $0, "time", "status"; next }
        { print $0, 1 + (NR * 7) % 31 + ($3 < 2), (NR % 3 > 0) }' x.tsv >s.tsv
    eae-split -q --kfold 4 --inner 3 --time time --status status --meta label -o times.eae s.tsv
    must_pass eae-train cox --lambda 10,0.1,0.001 --tune cindex --final -o out.eae times.eae
    eae-score -q out.eae >score.tsv
    [ "$(cut -f 3 score.tsv | sort -u | tr '\n' ' ')" = "param tuned " ]
    must_pass eae-train cox --lambda 10,0.1 --tune hr -o out.eae times.eae
}

# ---- honesty ------------------------------------------------------------------------------------

@test "noise: tuned inside the AUC stays at 0.5; the best of the list on the outer folds does not" {
    list=0.00001,0.001,0.01,0.1,1,10
    for ((i = 1; i <= SETS; i++)); do
        eae-synth -q --rows 24 --cols 12 --seed "$i" |
            eae-split -q --kfold 3 --inner 3 --seed "$i" -o noise.eae
        eae-train svm -q -C $list --tune auc noise.eae | eae-score -q --metrics auc --summary |
            awk -F '\t' 'NR == 2 { print $7 }' >>inside
        eae-train svm -q -C $list noise.eae | eae-score -q --metrics auc --summary |
            awk -F '\t' 'NR > 1 && $7 > best { best = $7 } END { print best }' >>outside
    done
    run awk '{ s += $1; q += $1 * $1; if ($1 < 0 || $1 > 1 || $1 == "NA") bad = 1 }
        END { m = s / NR; e = sqrt((q / NR - m * m) / (NR - 1)); z = (m - 0.5) / e
              print NR, m, e; exit bad || !(e > 0 && z > -3 && z < 3) }' inside
    [ "$status" -eq 0 ] || fail "inside: sets, mean, standard error: $output"
    [ "$(wc -l <inside)" -eq "$SETS" ]
    # few sets show no more than which is larger
    run awk -v few="$((SETS < 100))" 'FNR == NR { inside += $1; next }
        { s += $1; q += $1 * $1; n++ }
        END { m = s / n; z = (m - 0.5) / sqrt((q / n - m * m) / (n - 1))
              print n, m, z; exit !(n > 0 && s > inside && (few || z > 3)) }' inside outside
    [ "$status" -eq 0 ] || fail "outside: sets, mean, z: $output"
}

@test "permutations: all sizes of p for noise, the smallest for a planted signal" {
    p_value() {
        eae-train svm -q -C 0.001,0.1,1 --tune auc --permute 19 planned.eae |
            eae-score -q --metrics auc --summary |
            awk -F '\t' 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == "p") p = j } NR == 2 { print $p }'
    }
    eae-synth -q --rows 48 --cols 100 --informative 20 --effect 3 --seed 4 |
        eae-split -q --kfold 3 --inner 3 -o planned.eae
    [ "$(p_value)" = 0.05 ] # (1 + 0) / (1 + 19)
    for i in $(seq 40); do
        eae-synth -q --rows 24 --cols 20 --seed "$((2000 + i))" |
            eae-split -q --kfold 3 --inner 2 -o planned.eae
        p_value >>p
    done
    # of 40 uniform p-values the count below one half is outside 10..30 once in a thousand times
    run awk '$1 <= 0.5 { below++ } $1 <= 0.05 { least++ }
        END { print NR, below, least + 0; exit !(NR == 40 && below >= 10 && below <= 30 && least <= 8) }' p
    [ "$status" -eq 0 ] || fail "$output"
}

# ---- inner splits -------------------------------------------------------------------------------

# check_inner GROUPED FILE.tsv PLAN.tsv: inner splits partition the training samples of their
# parent, with the counts they have there, classes within one of even, groups whole where asked
check_inner() {
    awk -F '\t' -v grouped="$1" '
        FNR == NR { if (FNR > 1) { class[$1] = $2; group[$1] = $NF } next }
        FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { s = $at["split"]; x = $at["sample"]; role = $at["role"]; parent = $at["parent"]
          count = at["count"] ? $at["count"] : 1 }
        parent == 0 { if (role == "train") { train[s, x] = count; size[s]++ } next }
        { inner[s] = parent
          if (!((parent, x) in train)) { print "not a training sample", s, x; bad++ }
          if (role == "train" && train[parent, x] != count) { print "count", s, x; bad++ }
          if (role == "test") { tested[parent, x]++; held[parent]++; n[s, class[x]]++ }
          if ((s, group[x]) in side && side[s, group[x]] != role) torn++
          side[s, group[x]] = role }
        END { for (s in inner) {
                  k++
                  for (c in class) classes[class[c]]
                  for (c in classes) {
                      m = n[s, c] + 0; key = inner[s] SUBSEP c
                      if (!(key in low) || m < low[key]) low[key] = m
                      if (!(key in high) || m > high[key]) high[key] = m
                  }
              }
              for (key in tested) if (tested[key] != 1) { print "tested twice", key; bad++ }
              for (p in held) if (held[p] != size[p]) { print "not all are tested", p; bad++ }
              for (key in low) if (!grouped && high[key] - low[key] > 1) { print "uneven", key; bad++ }
              if (grouped ? torn : !torn) { print "groups", torn + 0; bad++ }
              print k; exit bad > 0 }' "$2" "$3"
}

@test "eae-split --inner: partitions of the training samples, by class, groups whole, counts kept" {
    make_matrix 72 2 x.tsv 3
    # 24 subjects of 3 samples, 8 of each class
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { print $0, "subject"; next }
        { g = int((NR - 2) / 3); $2 = "c" g % 3; print $0, "g" g }' x.tsv >g.tsv
    for how in "--kfold 4 --repeats 3" "--holdout 0.25 --repeats 4" "--bootstrap 5" "--loo"; do
        # shellcheck disable=SC2086
        must_pass eae-split -q $how --inner 3 --groups --group subject --label label \
            --plan-out p.tsv -o a.eae g.tsv
        run check_inner 1 g.tsv p.tsv
        [ "$status" -eq 0 ] || fail "$how --groups: $output"
        # shellcheck disable=SC2086
        must_pass eae-split -q $how --inner 4 --group subject --label label \
            --plan-out p.tsv -o a.eae g.tsv
        run check_inner 0 g.tsv p.tsv
        [ "$status" -eq 0 ] || fail "$how: $output"
        # the plan from the file is the plan, and gives the same frames
        must_pass eae-split -q --plan-in p.tsv --group subject --label label -o b.eae g.tsv
        [ "$(bytes a.eae)" = "$(bytes b.eae)" ] || fail "$how: another plan from --plan-in"
    done
}

@test "groups: whole subjects are held out inside, and a choice by them is made" {
    make_matrix 48 6 x.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { print $0, "subject"; next }
        { g = int((NR - 2) / 4); $2 = "c" g % 2; print $0, "g" g }' x.tsv >g.tsv
    eae-split -q --kfold 3 --inner 2 --groups --group subject --label label --plan-out p.tsv \
        -o planned.eae g.tsv
    must_pass eae-train svm -C 0.001,0.1,10 --tune auc --permute 3 -o out.eae planned.eae
    [ "$(column @chosen out.eae | wc -l)" -eq 12 ]
    # without --groups: samples of a subject on both sides, which eae-split says
    must_pass eae-split --kfold 3 --inner 2 --group subject --label label -o torn.eae g.tsv
    says "--groups"
}

# A trainer whose values are the mean label of its training samples times EAE_PARAM.
@test "exec: the parameter of an external trainer" {
    make_matrix 48 6 x.tsv
    sed '1s/label/site/' x.tsv >n.tsv
    eae-split -q --kfold 3 --inner 3 --label f1 --regression --meta site -o numbers.eae n.tsv
    cat >trainer <<'END_SH'
#!/bin/sh
mean=$(awk -F '\t' 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == "@label") c = j; next }
    { s += $c; n++ } END { print s / n }' "$EAE_TRAIN")
printf 'id\tvalue\n'
sed 1d "$EAE_TEST" | cut -f 1 | awk -v v="$mean" '{ print $1 "\t" v * ENVIRON["EAE_PARAM"] }'
END_SH
    chmod +x trainer
    must_pass eae-train exec:./trainer --exec-format tsv --lambda 0.5,1,2 --tune mse -o out.eae numbers.eae
    [ "$(column @chosen out.eae | uniq)" = 1 ]
}

@test "an outer split's choice does not depend on the others" {
    make_planned
    eae-split -q --kfold 3 --repeats 2 --inner 3 --label label -o two.eae x.tsv
    eae-train svm -q -C 0.001,0.03,1,30 --tune balanced -o one.out planned.eae
    eae-train svm -q -C 0.001,0.03,1,30 --tune balanced -o two.out two.eae
    column @chosen one.out >one
    column @chosen two.out | head -n 3 | cmp - one
}

# ---- bytes --------------------------------------------------------------------------------------

# same_everywhere ARGS...: one and four threads, shards, pipe and file
same_everywhere() {
    must_pass eae-train "$@" -q -t 1 -o whole.eae planned.eae
    must_pass eae-train "$@" -q -t 4 -o threads.eae planned.eae
    [ "$(bytes whole.eae)" = "$(bytes threads.eae)" ] || fail "-t 4: other bytes of $*"
    # shellcheck disable=SC2002 # a pipe, not a file, is the point
    cat planned.eae | eae-train "$@" -q >pipe.eae
    [ "$(bytes whole.eae)" = "$(bytes pipe.eae)" ] || fail "pipe: other bytes of $*"
    for i in 1 2 3 4; do
        must_pass eae-train "$@" -q -t $i --shard $i/4 -o part$i.eae planned.eae
    done
    cat part?.eae | eae-view --no-history -o shards.eae
    [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ] || fail "shards: other bytes of $*"
}

@test "threads, shards, pipe: the same bytes" {
    eae-synth -q --rows 48 --cols 200 --seed 5 | eae-split -q --kfold 3 --repeats 2 --inner 3 -o planned.eae
    same_everywhere svm -C 0.0001,0.01,1 --tune auc --permute 7 --weights all
    same_everywhere svm -C 0.0001,0.01,1 --tune balanced --scale none --loss squared-hinge \
        --bias penalized --permute 3
    same_everywhere logistic --lambda auto:5 --tune logloss --filter ttest:20 --permute 3
    same_everywhere enet --lambda auto:5 --tune auc --permute 2 --weights all
    make_matrix 45 12 x.tsv 3
    eae-split -q --kfold 3 --inner 3 --label label -o planned.eae x.tsv
    same_everywhere svm -C 0.01,1 --tune mcc --class-weight balanced
    must_pass eae-train logistic -q -C 0.01,1 --tune auc --final -t 1 -o a.eae planned.eae
    must_pass eae-train logistic -q -C 0.01,1 --tune auc --final -t 4 -o b.eae planned.eae
    [ "$(bytes a.eae)" = "$(bytes b.eae)" ]
}

# ---- refusals -----------------------------------------------------------------------------------

@test "refused: no plan, no inner plan, a metric that does not fit, parts of a final model" {
    make_planned
    must_fail 1 eae-train svm -C 0.1,1 --tune auc --label label x.tsv
    says "eae-split --inner"
    eae-split -q --kfold 3 --label label -o plain.eae x.tsv
    must_fail 1 eae-train svm -C 0.1,1 --tune auc plain.eae
    says "eae-split --inner"
    must_fail 1 eae-train svm -C 0.1,1 --tune auc --final plain.eae
    must_fail 2 eae-train svm -C 0.1,1 --tune best planned.eae
    says "no metric 'best'; there are auc, "
    for metric in mse cindex hr-p logloss brier ""; do
        must_fail 2 eae-train svm -C 0.1,1 --tune "$metric" planned.eae
        says "--tune"
        says "Try 'eae-train --help'"
    done
    must_fail 2 eae-train exec:true --tune auc planned.eae
    says "list of parameters"
    must_fail 2 eae-train svm -C 0.1,1 --tune auc --final --shard 1/2 planned.eae
    says "--shard"
    must_pass eae-train svm -C 0.1,1 --tune auc --final --shard 1/1 -o out.eae planned.eae
    must_pass eae-train svm -C 0.1,1 --tune auc --shard 1/2 -o out.eae planned.eae
    eae-split -q --kfold 3 --inner 2 --label f1 --regression --meta label -o numbers.eae x.tsv
    must_fail 2 eae-train linear --tune mse numbers.eae
    says "linear takes no --tune"
    must_fail 2 eae-train test --tune auc planned.eae
    make_matrix 45 3 three.tsv 3
    eae-split -q --kfold 3 --inner 2 --label label -o three.eae three.tsv
    must_fail 2 eae-train svm --tune f1 three.eae
    says "f1 is for two classes"
}

@test "refused: a metric that is undefined in every inner split, by the split's number" {
    make_matrix 12 3 x.tsv
    # inner test sets of one sample
    awk 'BEGIN { OFS = "\t"; print "split", "sample", "role", "parent"
        for (i = 0; i < 12; i++) print 1, sprintf("p%03d", i), i < 8 ? "train" : "test", 0
        for (k = 0; k < 3; k++) for (i = 0; i < 8; i++)
            print 2 + k, sprintf("p%03d", i), i == k ? "test" : "train", 1 }' >plan.tsv
    eae-split -q --plan-in plan.tsv --label label -o planned.eae x.tsv
    must_fail 1 eae-train svm -C 0.1,1 --tune auc planned.eae
    says "split 1: auc is undefined in all of its 3 inner splits"
    must_pass eae-train svm -C 0.1,1 --tune accuracy -o out.eae planned.eae
}

@test "refused: a plan whose inner splits use held-out samples" {
    make_planned
    eae-split -q --kfold 3 --inner 3 --label label --plan-out p.tsv -o planned.eae x.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        $1 == 1 && $at["role"] == "test" { out = $2 }
        $at["parent"] == 1 && !done { $2 = out; done = 1 } { print }' p.tsv >leaking.tsv
    must_fail 1 eae-split --plan-in leaking.tsv --label label x.tsv
    says "not a training sample of its parent 1"
}

@test "models of inner splits that stop short are counted" {
    make_planned
    must_pass eae-train svm --max-iter 1 -C 10,100 --tol 1e-9 --tune auc -o out.eae planned.eae
    says "models of inner splits did not reach the duality gap"
}
