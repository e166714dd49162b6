#!/usr/bin/env bats
# The same bytes, whatever the number of threads, the shards, and the way in.
load ../helpers

GOLUB=$BATS_TEST_DIRNAME/../../../share/data/golub/golub.tsv.gz

# bytes FILE: the frames without their history
bytes() {
    eae-view --no-history "$1" | md5sum
}

# every_thread_and_shard ARGS...: eae-train ARGS on planned.eae, in one and in three parts
every_thread_and_shard() {
    must_pass eae-train "$@" -q -t 1 -o whole.eae planned.eae
    for t in 2 4; do
        must_pass eae-train "$@" -q -t $t -o threads.eae planned.eae
        [ "$(bytes whole.eae)" = "$(bytes threads.eae)" ] || fail "-t $t: other bytes of $*"
    done
    for i in 1 2 3; do
        must_pass eae-train "$@" -q -t $i --shard $i/3 -o part$i.eae planned.eae
    done
    for i in 1 2 3; do
        cat part$i.eae
    done | eae-view --no-history -o shards.eae
    [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ] || fail "shards: other bytes of $*"
}

@test "threads and shards: svm with permutations, a list of costs, a final model, all weights" {
    eae-synth -q --rows 48 --cols 300 --seed 5 | eae-split -q --kfold 4 --repeats 2 -o planned.eae
    every_thread_and_shard svm -C 0.001,0.1,10 --permute 7 --final --weights all
    eae-view -q --kind model -O tsv whole.eae >models.tsv
    [ "$(wc -l <models.tsv)" -eq 46 ] # header; mean, scale, three weights of 1 + 8 trainings
}

@test "threads and shards: filters, logistic, ridge, preprocessing common to all" {
    eae-synth -q --rows 48 --cols 300 --seed 6 --missing 0.02 |
        eae-split -q --bootstrap 7 -o planned.eae
    every_thread_and_shard logistic --filter ttest:20 --impute median --permute 3
    eae-synth -q --rows 48 --cols 300 --seed 6 | eae-split -q --kfold 5 -o planned.eae
    every_thread_and_shard logistic --lambda auto:4 --scale all
    every_thread_and_shard svm --scale none --loss squared-hinge --bias penalized --final
    make_matrix 40 12 plain.tsv
    sed '1s/label/site/' plain.tsv >x.tsv
    eae-split -q --kfold 5 --label f1 --regression --meta site -o planned.eae x.tsv
    every_thread_and_shard ridge --lambda 0.1,1 --permute 5 --adjust site
    every_thread_and_shard linear --filter corr:4 --final
}

@test "threads and shards: more shards than splits" {
    eae-synth -q --rows 30 --cols 40 | eae-split -q --kfold 3 -o planned.eae
    must_pass eae-train svm -q --final --weights all -o whole.eae planned.eae
    for i in 1 2 3 4 5; do
        must_pass eae-train svm -q --final --weights all --shard $i/5 -o part$i.eae planned.eae
    done
    cat part?.eae | eae-view --no-history -o shards.eae
    [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ]
}

# 14,400 x 75,000 is above the size from which many splits are trained without Gram matrices of
# their own (engine: 2^30 products)
@test "threads and shards: wide data in batches" {
    eae-synth -q --rows 120 --cols 75000 --seed 2 | eae-split -q --kfold 4 --repeats 3 -o planned.eae
    must_pass eae-train svm -v -o x.eae planned.eae
    says "12 splits in batches"
    every_thread_and_shard svm -C 0.00001,0.1
    every_thread_and_shard logistic -C 0.0001 --weights all
}

@test "file, pipe, text and stream" {
    make_matrix 40 30 x.tsv
    must_pass eae-view -q --label label -o x.eae x.tsv
    must_pass eae-train svm -q -o want.eae x.eae
    eae-train svm -q <x.eae >b.eae
    # shellcheck disable=SC2002 # a pipe, not a file, is the point
    cat x.eae | eae-train svm -q - >c.eae
    eae-train svm -q --label label x.tsv >d.eae
    gzip -k x.tsv
    # shellcheck disable=SC2002
    cat x.tsv.gz | eae-train svm -q --label label >e.eae
    for f in b c d e; do
        [ "$(bytes want.eae)" = "$(bytes $f.eae)" ] || fail "$f.eae differs"
    done
    same_bytes want.eae b.eae
}

@test "golub from compressed text, cross-validated at 1 and 4 threads" {
    eae-view -q --label class=AML/ALL "$GOLUB" | eae-split -q --kfold 5 --repeats 4 -o planned.eae
    every_thread_and_shard svm --filter ttest:50 -C 0.01,1
    must_pass eae-train svm -q -C 1 --seed 2 -o a.eae planned.eae
    must_pass eae-train svm -q -C 1 --seed 3 -o b.eae planned.eae
    [ "$(bytes a.eae)" = "$(bytes b.eae)" ] # nothing random without permutations
}
