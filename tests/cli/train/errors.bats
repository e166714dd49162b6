#!/usr/bin/env bats
# What eae-train refuses: status, message, and nothing left behind.
load ../helpers

# x.tsv: 20 samples, 4 features, classes c0 and c1; planned.eae: with 4 folds
make_planned() {
    make_matrix 20 4 x.tsv
    eae-split -q --kfold 4 --label label -o planned.eae x.tsv
}

@test "usage: unknown models, options and values" {
    make_planned
    must_fail 2 eae-train
    must_fail 2 eae-train forest planned.eae
    says "unknown model 'forest' (svm, logistic, linear, ridge, lasso, enet, cox, als, test, exec:CMD)"
    must_fail 2 eae-train svm --folds 3 planned.eae
    says "folds"
    for bad in "-C 0" "-C -1" "-C nan" "-C inf" "-C 1,,2" "-C 1;2" "--tol 2" "--tol 0" "--max-iter 0" \
        "--lambda 0" "--lambda auto:0" "--lambda automatic" "--lambda 1,x" "--permute -1" \
        "--shard 4/3" "--shard 0/3" "--shard 1" "--shard 1/0" "--filter ttest" "--filter ttest:0" \
        "--filter best:3" "--class-weight 1,-1" "--class-weight even" "--loss log" "--scale some" \
        "--impute 0" "--weights some" "-C 1 --lambda 1" "-t 0" "--seed -1"; do
        # shellcheck disable=SC2086
        must_fail 2 eae-train svm $bad planned.eae
        says "Try 'eae-train --help'"
    done
}

@test "usage: options that say nothing to the model" {
    make_planned
    must_fail 2 eae-train ridge --loss hinge planned.eae
    says "ridge takes no --loss"
    must_fail 2 eae-train linear -C 1 planned.eae
    must_fail 2 eae-train linear --lambda 1 planned.eae
    must_fail 2 eae-train logistic --bias penalized planned.eae
    must_fail 2 eae-train svm --stat limma planned.eae
    must_fail 2 eae-train test --permute 3 planned.eae
    says "test takes no --permute"
}

@test "usage: options that do not fit the data" {
    make_planned
    must_fail 2 eae-train svm --permute 3 --label label x.tsv
    says "--permute needs a plan"
    must_fail 2 eae-train svm --shard 1/2 --label label x.tsv
    says "--shard needs a plan"
    must_fail 2 eae-train svm --class-weight 1,2,3 planned.eae
    says "3 numbers for 2 classes"
    must_fail 2 eae-train svm --filter corr:2 planned.eae
    says "corr"
    make_matrix 21 4 three.tsv 3
    must_fail 2 eae-train svm --filter ttest:2 --label label three.tsv
    says "ttest needs two classes"
}

@test "the label: none, a number for classes, classes for a number, one class" {
    make_planned
    cut -f 1,3- x.tsv >plain.tsv
    must_fail 1 eae-train svm --label outcome x.tsv
    says "outcome"
    must_fail 1 eae-train svm plain.tsv
    says "--label"
    must_fail 1 eae-train svm --meta label x.tsv
    says "label"
    must_fail 1 eae-train svm --label f1 --regression plain.tsv
    says "svm needs a label with classes"
    must_fail 1 eae-train ridge planned.eae
    says "ridge needs a number as label"
    must_fail 1 eae-train test --stat spearman planned.eae
    says "--stat spearman needs"
    must_fail 1 eae-train test --stat cox planned.eae
    says "--time"
    make_matrix 10 3 one.tsv 1
    must_fail 1 eae-train svm --label label one.tsv
    says "c0"
    sed 's/\tc[01]\t/\t7\t/' x.tsv >same.tsv
    must_fail 1 eae-train ridge --label label --regression same.tsv
    says "same value"
    make_matrix 21 4 three.tsv 3
    must_fail 1 eae-train test --label label three.tsv
    says "--stat welch needs two classes"
    sed '5s/\tc[01]\t/\tNA\t/' x.tsv >hole.tsv
    must_pass eae-train svm --label label -o hole.eae hole.tsv
    says "1 of 20 samples"
    sed '5d' x.tsv >without.tsv
    must_pass eae-train svm --label label -o without.eae without.tsv
    [ "$(eae-view --hash hole.eae)" = "$(eae-view --hash without.eae)" ]
}

@test "no label: the columns that could be one are listed" {
    make_planned
    cut -f 1,3- x.tsv >plain.tsv
    awk -F '\t' 'BEGIN { OFS = FS } { print $0, NR == 1 ? "site" : NR % 2, NR == 1 ? "sex" : "F" }' \
        plain.tsv >more.tsv
    must_fail 1 eae-train svm --meta site,sex more.tsv
    says "site, sex"
    # a column of few numbers is a feature like others, until it is named
    awk -F '\t' 'BEGIN { OFS = FS } { print $0, NR == 1 ? "relapse" : NR % 2 }' plain.tsv >coded.tsv
    must_fail 1 eae-train svm coded.tsv
    says "(annotations: none; columns with few values: relapse)"
}

@test "a fold that would train without a class" {
    make_planned
    awk 'BEGIN { OFS = "\t"; print "split", "sample", "role"
        for (i = 0; i < 20; i++) print 1, sprintf("p%03d", i), i % 2 ? "train" : "test" }' >plan.tsv
    must_fail 1 eae-split --plan-in plan.tsv --label label x.tsv
    says "split 1 would train without class 'c0'"
    # a stream made before the labels were known
    cut -f 1,3- x.tsv | eae-split -q --plan-in plan.tsv -o unlabelled.eae
    eae-view -q --kind split unlabelled.eae -o plan.eae
    eae-view -q --label label x.tsv -o data.eae
    cat plan.eae data.eae >joined.eae
    must_fail 1 eae-train svm joined.eae
    says "split 1: class 'c0' has no training sample"
}

@test "a plan of other samples, and one of a part" {
    make_planned
    eae-view -q --kind split planned.eae -o plan.eae
    sed 's/^p0/q0/' x.tsv >other.tsv
    eae-view -q --label label other.tsv -o other.eae
    cat plan.eae other.eae >joined.eae
    must_fail 1 eae-train svm joined.eae
    says "q000"
    head -n 15 x.tsv >part.tsv
    eae-view -q --label label part.tsv -o part.eae
    cat plan.eae part.eae >joined.eae
    must_fail 1 eae-train svm joined.eae
    says "14"
}

@test "missing and infinite values" {
    make_planned
    sed '5s/\t[^\t]*$/\tNA/; 8s/\t[^\t]*$/\t/' x.tsv >holes.tsv
    must_fail 1 eae-train svm --label label holes.tsv
    says "2 of 80 values are missing (first: sample p003, feature f4)"
    says "--impute"
    must_pass eae-train svm --impute mean --label label -o m.eae holes.tsv
    must_fail 1 eae-train svm --filter variance:2 --label label holes.tsv
    says "2 of 80 values are missing"
    sed '5s/\t[^\t]*$/\tinf/' x.tsv >inf.tsv
    must_fail 1 eae-train svm --label label inf.tsv
    says "inf.tsv:5: column 6"
    # a feature without values says nothing
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { $4 = "NA" } { print }' x.tsv >empty.tsv
    cut -f 1-3,5- empty.tsv >without.tsv
    for f in empty without; do
        eae-split -q --kfold 4 --label label $f.tsv | eae-train svm -q --impute mean |
            eae-view -q -O tsv --kind prediction | tr '\t' '\n' | grep -E '^[0-9-]*[.][0-9]' >$f.values
    done
    paste empty.values without.values | awk '{ d = $1 - $2; if (d > 1e-9 || d < -1e-9) bad = 1 }
        END { exit bad || NR < 20 }'
}

@test "annotations of --adjust and --covariates: absent, incomplete" {
    make_planned
    awk -F '\t' 'BEGIN { OFS = FS } { print $0, NR == 1 ? "age" : NR == 4 ? "NA" : NR * NR % 37 }' x.tsv >a.tsv
    for option in --adjust --covariates; do
        must_fail 1 eae-train svm $option height --label label --meta age a.tsv
        says "height"
        must_fail 1 eae-train svm $option age --label label --meta age a.tsv
        says "age"
        says "p002"
    done
}

@test "the wrong frames" {
    make_planned
    must_pass eae-train svm -q --final -o trained.eae planned.eae
    eae-view -q --kind prediction trained.eae -o prediction.eae
    must_fail 1 eae-train svm prediction.eae
    says "no data frame in the input (found: prediction"
    must_fail 1 eae-train svm trained.eae
    says "model"
    eae-view -q --kind split planned.eae -o plan.eae
    must_fail 1 eae-train svm plan.eae
    says "found: split"
    must_fail 1 eae-train svm nowhere.eae
    says "nowhere.eae"
    must_fail 1 eae-train svm /dev/null
}

@test "a stream that was cut or damaged leaves no file" {
    make_planned
    size=$(stat -c %s planned.eae)
    for n in 1 20 200 $((size / 2)) $((size - 9)) $((size - 1)); do
        head -c "$n" planned.eae >cut.eae
        must_fail 1 eae-train svm -o out.eae cut.eae
        [ ! -e out.eae ]
        # shellcheck disable=SC2016
        capture sh -c 'head -c "$1" planned.eae | eae-train svm -o out.eae' sh "$n"
        [ "$status" -eq 1 ] || fail "pipe cut at $n: status $status"
        [ ! -e out.eae ]
    done
    [ -z "$(find . -name '*out.eae*')" ]
}

@test "small data: no sample, one sample, one feature, two samples" {
    printf 'id\tlabel\tf1\n' >none.tsv
    must_fail 1 eae-train svm --label label none.tsv
    printf 'id\tlabel\tf1\na\tx\t1\n' >one.tsv
    must_fail 1 eae-train svm --label label one.tsv
    says "x"
    printf 'id\tlabel\tf1\na\tx\t1\nb\ty\t3\n' >two.tsv
    # f = w (x - 2) with w = 1: both samples on the margin
    eae-train svm -q --scale none --label label two.tsv | eae-view -q -O tsv >two.out
    run awk -F '\t' 'NR == 1 { for (j = 1; j <= NF; j++) at[$j] = j }
        $at["@part"] == "weights" { printf "%.6f %.6f\n", $at["f1"], $at["@intercept"] }' two.out
    [ "$output" = "1.000000 -2.000000" ]
    printf 'id\tlabel\tf1\na\tx\t5\nb\ty\t5\nc\tx\t5\nd\ty\t5\n' >constant.tsv
    must_pass eae-train svm -q --label label -o constant.eae constant.tsv
    must_fail 1 eae-train svm --filter ttest:1 --label label constant.tsv
    says "constant"
}

@test "a full disk is an error" {
    make_planned
    [ -w /dev/full ] || skip "no /dev/full"
    capture sh -c 'eae-train svm planned.eae >/dev/full'
    [ "$status" -eq 1 ]
    says "No space left"
    capture eae-train svm -o /dev/full planned.eae
    [ "$status" -eq 1 ]
}

@test "a closed pipe ends it quietly" {
    # models of 5 MB: more than a pipe holds, however late the reader goes
    eae-synth -q --rows 60 --cols 30000 | eae-split -q --kfold 5 -o planned.eae
    { eae-train svm -q --weights all planned.eae 2>err || echo $? >status; } | head -c 10 >/dev/null
    [ ! -s err ]
    [ "$(cat status)" -eq 141 ]
}

@test "the output file appears whole or not at all" {
    make_planned
    echo keep >out.eae
    sed '5s/\t[^\t]*$/\tNA/' x.tsv >holes.tsv
    must_fail 1 eae-train svm --label label -o out.eae holes.tsv
    [ "$(cat out.eae)" = keep ]
    must_fail 1 eae-train svm -o nowhere/out.eae planned.eae
    says "nowhere"
    # ended from outside in the middle of work
    eae-synth -q --rows 200 --cols 2000 | eae-split -q --kfold 5 --repeats 40 -o long.eae
    mkdir out
    eae-train svm -q -t 1 -C 1 --filter mad:500 --permute 200 -o out/x.eae long.eae &
    child=$!
    sleep 0.5
    kill -TERM $child
    ended=0
    wait $child || ended=$?
    [ "$ended" -eq 143 ]
    [ -z "$(ls -A out)" ]
}

@test "models that stop short are counted and marked" {
    make_planned
    must_pass eae-train svm --max-iter 1 -C 10 --tol 1e-9 -o out.eae planned.eae
    says "did not reach the duality gap"
    eae-view -q -O tsv out.eae >out.tsv
    run awk -F '\t' 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == "@converged") c = j; next }
        { n[$c]++ } END { print (n["0"] > 0) }' out.tsv
    [ "$output" = 1 ]
}
