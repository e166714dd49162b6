#!/usr/bin/env bats
# --solver stream: the models of the Gram matrix, by passes over the data.
load ../helpers

# bytes FILE: the frames without their history
bytes() {
    eae-view --no-history "$1" | md5sum
}

# column NAME KIND FILE: an annotation of every row, without missing ones
column() {
    eae-view -q --kind "$2" -O tsv "$3" | awk -F'\t' -v name="@$1" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
        $at != "NA" { print $at }'
}

# near TOLERANCE A B: two files of numbers, each as many, that differ by at most that share of 1
near() {
    paste "$2" "$3" | awk -v tolerance="$1" '
        NF != 2 { print "line " NR ": " $0; bad = 1 }
        { d = $1 - $2; d = d < 0 ? -d : d; size = $1 < 0 ? -$1 : $1; size = size < 1 ? 1 : size }
        d > tolerance * size { print "line " NR ": " $0; bad = 1 }
        END { exit bad || NR == 0 }'
}

# agree ARGS...: eae-train ARGS on planned.eae by both solvers: objectives, held-out values
agree() {
    local first=${first:-s1} # sample
    must_pass eae-train "$@" -q --tol 1e-9 --solver gram --final --weights all -o gram.eae planned.eae
    must_pass eae-train "$@" -q --tol 1e-9 --solver stream --final --weights all -o stream.eae planned.eae
    for f in gram stream; do
        column objective model $f.eae >$f.objective
        column converged model $f.eae | sort -u >$f.converged
        eae-view -q --kind prediction -O tsv $f.eae | columns_from "$first" | tail -n +2 | tr '\t' '\n' |
            grep -v NA >$f.values
    done
    [ "$(cat stream.converged)" = 1 ] || fail "not converged: $*"
    near 1e-8 gram.objective stream.objective || fail "objectives: $*"
    # values move with the root of the gap
    near 1e-3 gram.values stream.values || fail "values: $*"
}

@test "the same models as from a Gram matrix: losses, parameters, classes, weights of classes" {
    eae-synth -q --rows 150 --cols 400 --informative 30 --effect 0.7 --seed 3 |
        eae-split -q --kfold 3 -o planned.eae
    agree svm -C 0.0005,0.05
    agree svm --loss squared-hinge -C 0.001 --filter ttest:100
    agree svm --bias penalized -C 0.001
    agree logistic -C 0.001,0.1 --class-weight balanced
    agree logistic --lambda 0.05 --scale all
    awk 'BEGIN { OFS = "\t"; print "id", "label", "a", "b", "c", "d", "e"
        for (i = 1; i <= 60; i++) print "s" i, substr("xyz", i % 3 + 1, 1), i % 3 + (i * 7919 % 101) / 40,
            (i % 3 == 1) + (i * 104729 % 97) / 50, (i * 1299709 % 89) / 30, (i % 3 == 2) + (i * 15485863 % 83) / 40, i % 7
    }' >x.tsv
    eae-split -q --kfold 3 --label label -o planned.eae x.tsv
    agree svm -C 0.01
}

@test "numbers, and missing values that are filled" {
    make_matrix 60 20 plain.tsv
    sed 's/\tf1\t/\ty\t/' plain.tsv >x.tsv
    eae-split -q --kfold 3 --label y --regression --meta label -o planned.eae x.tsv
    first=p000 agree ridge --lambda 0.3,3
    eae-synth -q --rows 90 --cols 200 --missing 0.03 | eae-split -q --holdout 0.3 --repeats 2 -o planned.eae
    agree svm -C 0.001 --impute mean
    agree logistic -C 0.001 --impute median --scale none
}

# 90 samples of 40 features with an age, a sex and a site that bear on both, sites at unequal levels: planned.eae
make_sites() {
    awk 'BEGIN {
        x = 4711; OFS = "\t"
        printf "id\tlabel\tscore\tage\tsex\tsite"
        for (j = 1; j <= 40; j++) printf "\tf%d", j
        print ""
        for (i = 0; i < 90; i++) {
            x = (x * 4096 + 150889) % 714025; age = 40 + int(x / 714025 * 400) / 10
            x = (x * 4096 + 150889) % 714025; sex = x > 357000
            x = (x * 4096 + 150889) % 714025; site = int(x / 714025 * 3)
            x = (x * 4096 + 150889) % 714025; y = (age - 60) / 20 + sex - site / 2 + 3 * (x / 714025 - 0.5) > 0
            x = (x * 4096 + 150889) % 714025
            printf "s%02d\t%s\t%.3f\t%.1f\t%s\t%s", i, y ? "case" : "control", y + age / 10 + x / 714025, age, substr("fm", sex + 1, 1), "site" site
            for (j = 1; j <= 40; j++) {
                x = (x * 4096 + 150889) % 714025
                printf "\t%.4f", 7 + x / 714025 + (j < 5 ? y / 4 : 0) + (j % 3 == 0 ? site * j / 40 : 0) + (j % 5 == 0 ? age / 30 : 0)
            }
            print ""
        }
    }' >sites.tsv
    eae-view -q "$@" -o sites.eae sites.tsv
    eae-split -q --kfold 3 -o planned.eae sites.eae
}

@test "--adjust: features less what the design explains, by blocks and by second derivatives" {
    make_sites --label label=case/control --meta score,age,sex,site
    for adjust in age age,sex,site; do
        first=s00 agree svm -C 0.05 --adjust $adjust
        first=s00 agree svm -C 0.05 --adjust $adjust --scale none
        first=s00 agree logistic -C 1 --adjust $adjust --filter ttest:10
        first=s00 agree svm --loss squared-hinge -C 0.1 --adjust $adjust --filter variance:4
    done
    make_sites --label score --regression --meta label,age,sex,site
    first=s00 agree ridge --lambda 0.3,3 --adjust age,site
    # more features than the second method takes, some of them missing
    eae-synth -q --rows 120 --cols 300 --informative 9 --missing 0.02 --groups 4 | eae-view -q -O tsv --no-history | sed '1s/@group/batch/' >x.tsv
    eae-split -q --kfold 3 --meta batch -o planned.eae x.tsv
    agree svm -C 0.001 --adjust batch --impute mean
    agree logistic -C 0.001 --adjust batch --impute mean --scale none
    must_pass eae-train svm -q -C 0.001 --adjust batch --impute mean --solver stream --final --weights all -t 4 --memory 1M -o four.eae planned.eae
    must_pass eae-train svm -q -C 0.001 --adjust batch --impute mean --solver stream --final --weights all -t 1 -o one.eae planned.eae
    [ "$(bytes one.eae)" = "$(bytes four.eae)" ]
}

@test "--covariates: beside the features, without penalty" {
    make_sites --label label=case/control --meta score,age,sex,site
    for covariates in age age,sex,site; do
        first=s00 agree svm -C 0.05,1 --covariates $covariates --filter variance:30
        first=s00 agree logistic -C 1 --covariates $covariates --filter ttest:10 --class-weight balanced
        first=s00 agree svm --loss squared-hinge -C 0.1 --covariates $covariates --bias penalized
    done
    first=s00 agree svm -C 0.1 --covariates age --adjust site --permute 2
    first=s00 agree logistic -C 0.1 --covariates age,sex --filter variance:0
    make_sites --label score --regression --meta label,age,sex,site
    first=s00 agree ridge --lambda 0.3,3 --covariates age,sex,site
    # by blocks
    eae-synth -q --rows 120 --cols 300 --informative 20 --effect 0.6 --seed 7 | eae-view -q -O tsv --no-history |
        awk -F'\t' -v OFS='\t' '{ age = 40 + NR * 7919 % 101 / 5 + ($2 == "case") * 4; $2 = (NR == 1 ? "kind\tage\tsite" : $2 "\t" age "\ts" NR * 104729 % 13 % 3); print }' >x.tsv
    eae-split -q --kfold 3 --label kind --meta age,site -o planned.eae x.tsv
    agree svm -C 0.003,0.1 --covariates age,site
    agree svm --loss squared-hinge -C 0.001 --covariates age,site --bias penalized
    agree logistic -C 0.01 --covariates age,site --permute 2
    train=(eae-train svm -q -C 0.001,0.1 --tol 1e-5 --covariates age,site --permute 2 --solver stream --final --weights all)
    "${train[@]}" -t 1 -o one.eae planned.eae
    "${train[@]}" -t 4 --memory 1M -o four.eae <planned.eae
    [ "$(bytes one.eae)" = "$(bytes four.eae)" ]
    for i in 1 2; do "${train[@]}" -t $i --shard $i/2 planned.eae; done | eae-view -q --no-history -o parts.eae
    [ "$(bytes one.eae)" = "$(bytes parts.eae)" ]
}

@test "covariates that separate the classes leave nothing to do" {
    eae-synth -q --rows 60 --cols 200 --seed 7 | eae-view -q -O tsv --no-history |
        awk -F'\t' -v OFS='\t' '{ $2 = (NR == 1 ? "kind\tmark" : $2 "\t" ($2 == "case") + NR / 100); print }' >x.tsv
    for model in "svm -C 1" "svm -C 1 --filter ttest:9" "svm -C 1 --loss squared-hinge" "logistic --filter ttest:9"; do
        # shellcheck disable=SC2086
        must_pass eae-train $model -q --label kind --meta mark --covariates mark --solver stream -o m.eae x.tsv
        column objective model m.eae | awk '!($1 >= 0 && $1 < 1e-8) { exit 1 }'
        [ "$(column converged model m.eae | sort -u)" = 1 ]
    done
}

@test "--permute: more models in the same passes, of the same relabellings" {
    eae-synth -q --rows 90 --cols 200 --informative 20 --effect 0.8 --seed 3 |
        eae-split -q --kfold 3 --inner 2 -o planned.eae
    agree svm -C 0.001 --permute 3
    agree svm -C 0.0003,0.001 --permute 3 --tune auc
    for f in gram stream; do column perm prediction $f.eae >$f.perm; column chosen prediction $f.eae >$f.chosen; done
    same_bytes gram.perm stream.perm
    same_bytes gram.chosen stream.chosen
    agree logistic -C 0.01 --permute 3 --filter ttest:20 --class-weight balanced
    agree logistic -C 0.01,0.1 --permute 2 --tune auc --filter ttest:20
    agree svm -C 0.01 --permute 9 --filter variance:10
    eae-score -q gram.eae >gram.score
    eae-score -q stream.eae >stream.score
    same_bytes gram.score stream.score
}

@test "--permute where a relabelling leaves a training set without a class" {
    eae-synth -q --rows 24 --cols 60 --balance 0.12 --seed 2 | eae-view -q -O tsv --no-history | sed '1s/@label[^\t]*/kind/' >x.tsv
    cut -f1,2 x.tsv | tail -n +2 | awk 'BEGIN { OFS = "\t"; print "split", "sample", "role" }
        { print 1, $1, ($2 == "case" && ++n <= 2) || ($2 != "case" && ++m <= 5) ? "train" : "test" }' >plan.tsv
    eae-split -q --label kind --plan-in plan.tsv -o planned.eae x.tsv
    for how in "" --filter=variance:50 --filter=ttest:9; do
        for f in gram stream; do
            must_pass eae-train svm -q --tol 1e-9 -C 0.01 --permute 12 $how --solver $f -o $f.eae planned.eae
            eae-view -q --kind prediction -O tsv $f.eae | columns_from s1 | tail -n +2 | tr '\t' '\n' >$f.values
            eae-score -q $f.eae | cut -f1-7 >$f.score
        done
        near 1e-3 <(sed s/NA/9/ gram.values) <(sed s/NA/9/ stream.values)
        same_bytes gram.score stream.score
    done
    column objective prediction stream.eae | wc -l | awk '!($1 > 0 && $1 < 13) { exit 1 }'
}

@test "a parameter chosen inside" {
    eae-synth -q --rows 120 --cols 300 --informative 30 --effect 0.8 |
        eae-split -q --kfold 3 --inner 3 -o planned.eae
    for solver in gram stream; do
        must_pass eae-train svm -q -C 1e-5,1e-3 --tol 1e-9 --tune auc --final --solver $solver -o $solver.eae planned.eae
        column chosen prediction $solver.eae >$solver.chosen
        column objective model $solver.eae >$solver.objective
    done
    same_bytes gram.chosen stream.chosen
    near 1e-8 gram.objective stream.objective
}

@test "the same bytes for threads, shards, memory, a file and a pipe" {
    eae-synth -q --rows 200 --cols 2100 --informative 30 --seed 5 | eae-split -q --kfold 4 -o planned.eae
    train() {
        eae-train svm -q -C 0.001,1 --tol 1e-4 --solver stream --final --weights all "$@"
    }
    train -t 1 -o whole.eae planned.eae
    train -t 4 -o threads.eae planned.eae
    [ "$(bytes whole.eae)" = "$(bytes threads.eae)" ]
    train --memory 1M -o little.eae planned.eae
    [ "$(bytes whole.eae)" = "$(bytes little.eae)" ]
    train --memory 1M -o pipe.eae <planned.eae
    cat planned.eae | train --memory 1M >piped.eae
    [ "$(bytes whole.eae)" = "$(bytes piped.eae)" ]
    for i in 1 2 3; do
        train -t $i --shard $i/3 -o part$i.eae planned.eae
    done
    cat part1.eae part2.eae part3.eae | eae-view --no-history -o shards.eae
    [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ]
    for how in "svm -C 0.001" "svm -C 0.001,0.1 --filter ttest:20"; do
        # shellcheck disable=SC2086
        permute() { eae-train $how -q --tol 1e-3 --permute 5 --solver stream --final --weights all "$@"; }
        permute -t 1 -o whole.eae planned.eae
        permute -t 4 --memory 1M -o little.eae planned.eae
        [ "$(bytes whole.eae)" = "$(bytes little.eae)" ]
        for i in 1 2 3; do
            permute -t $i --shard $i/3 <planned.eae
        done | eae-view --no-history -o shards.eae
        [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ]
    done
}

@test "auto: few samples by a Gram matrix, many by passes, and it says why" {
    eae-synth -q --rows 100 --cols 50 -o few.eae
    must_pass eae-train svm -v -o m.eae few.eae
    says "solver: gram"
    eae-synth -q --rows 600 --cols 20 -o few.eae
    must_pass eae-train svm -v --max-iter 1 -o m.eae few.eae
    says "solver: stream"
    # a hinge on overlapping classes takes many passes, a smooth loss few
    eae-synth -q --rows 1600 --cols 2100 -o border.eae
    must_pass eae-train svm -v --max-iter 1 -o m.eae border.eae
    says "solver: gram"
    must_pass eae-train logistic -v --max-iter 1 -o m.eae border.eae
    says "solver: stream"
    eae-synth -q --rows 21000 --cols 20 --informative 5 -o many.eae
    must_pass eae-train svm -C 0.00001 --tol 1e-2 -v -o m.eae many.eae
    says "solver: stream"
    says "too many samples for a Gram matrix"
    says "pass 1: 1 models left"
    must_fail 1 eae-train svm --solver gram --memory 1G many.eae
    says "too many"
}

@test "many rows and few features: the models of the Gram matrix in some tens of passes, whatever C" {
    eae-synth -q --rows 700 --cols 12 --informative 4 --effect 1 --balance 0.2 --seed 3 | eae-split -q --kfold 3 -o x.eae
    for how in "svm -C 0.001,1,1000" "svm --bias penalized -C 1" "svm --loss squared-hinge -C 0.01,100" \
        "logistic -C 0.001,1000" "logistic -C 1 --filter ttest:3 --scale none"; do
        for solver in gram stream; do
            # shellcheck disable=SC2086
            must_pass eae-train $how -q --tol 1e-9 --weights all --solver $solver -o $solver.eae x.eae
            column objective model $solver.eae >$solver.objective
            eae-score -q $solver.eae >$solver.score
        done
        paste gram.objective stream.objective | awk '$1 != "NA" { n++; if (!($1 - $2 <= 1e-8 * $1 && $2 - $1 <= 1e-8 * $1)) { print; bad = 1 } }
            END { exit bad || n < 3 }' || fail "$how"
        same_bytes <(cut -f1-6 gram.score) <(cut -f1-6 stream.score)
        column iterations model stream.eae | awk '$1 > 150 { exit 1 }'
        # shellcheck disable=SC2086
        eae-train $how -q --tol 1e-9 --weights all --solver stream -t 4 --no-history -o a.eae x.eae
        # shellcheck disable=SC2086
        for i in 1 2 3; do eae-train $how -q --tol 1e-9 --weights all --solver stream -t 1 --shard $i/3 --no-history x.eae; done | eae-view -o b.eae
        same_bytes <(eae-view --no-history a.eae) <(eae-view --no-history b.eae)
    done
}

@test "stopped short it says so, with the gap" {
    eae-synth -q --rows 200 --cols 300 -o x.eae
    must_pass eae-train svm -C 1 --solver stream --max-iter 3 -o m.eae x.eae
    says "1 of 1 models did not reach the duality gap"
    [ "$(column iterations model m.eae | tail -1)" = 3 ]
    column gap model m.eae | awk '!($1 > 1e-6 && $1 < 1.5) { exit 1 }'
}

@test "a terminal is shown passes and the gap, a file is not" {
    eae-synth -q --rows 1000 --cols 600 --informative 9 -o x.eae # by blocks
    # without an end, until the line is there
    train="eae-train svm --solver stream -C 1 --tol 1e-15 -o m.eae x.eae"
    line='pass [0-9]+ \(1 models left, gap [0-9.e-]+\), [0-9]+ of 1000 samples, [0-9.e+]+/s'
    timeout 60 script -qfec "$train --max-iter 1000000" shown </dev/null >/dev/null &
    pid=$!
    for _ in $(seq 500); do
        tr '\r' '\n' <shown 2>/dev/null | grep -qE "$line" && break
        sleep 0.1
    done
    kill "$pid"
    wait "$pid" || true
    tr '\r' '\n' <shown | grep -qE "$line"
    must_pass $train -q --max-iter 300
    [ -z "$stderr" ]
}

@test "what passes over the data cannot do exits 2, naming the option" {
    eae-synth -q --rows 40 --cols 20 --seed 2 | eae-split -q --kfold 3 -o planned.eae
    must_fail 2 eae-train svm --solver stream --kernel rbf planned.eae
    says "linear kernel"
    must_fail 2 eae-train als --solver stream planned.eae
    says "als takes no --solver"
    must_fail 2 eae-train svm --solver fast planned.eae
    says "--solver"
}
