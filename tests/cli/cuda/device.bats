#!/usr/bin/env bats
# The cuda backend from the command line: without a device, and on the emulated one (tests/cuda/emulate.h),
# whose programs are in $EAE_EMULATED.
load ../helpers

emulated() {
    [ -n "${EAE_EMULATED:-}" ] || skip "no C++ compiler: no emulated device"
    rfe=$EAE_EMULATED/eae-rfe train=$EAE_EMULATED/eae-train
    eae-synth -q --rows 44 --cols 300 --informative 8 --effect 2 --seed 5 | eae-split -q --kfold 3 -o p.eae
}

# what was computed, without how
same_values() {
    eae-view --no-history "$1" >a.values
    eae-view --no-history "$2" >b.values
    same_bytes a.values b.values
}

has_device() {
    eae-train svm --label label --backend cuda x.tsv -o x.eae 2>/dev/null
}

@test "no device: --backend cuda says so and ends with status 1, auto uses the processor" {
    make_matrix 80 40 x.tsv
    if has_device; then skip "there is a CUDA device"; fi
    must_fail 1 eae-train svm --label label --backend cuda x.tsv
    says "eae-train: no CUDA device (driver not found)"
    must_fail 1 eae-rfe svm --label label --backend cuda x.tsv
    says "eae-rfe: no CUDA device (driver not found)"
    must_pass eae-train svm --label label --backend auto -o auto.eae x.tsv
    says_not CUDA
    must_pass eae-train svm --label label --backend cpu -o cpu.eae x.tsv
    same_values auto.eae cpu.eae
    must_pass eae-train svm -v --label label -o auto.eae x.tsv
    says "multiplications, too few to start a device"
}

# 200 x 2,000 and 26,000 splits would be work enough; one of them is done
enough_work() {
    eae-synth -q --rows 200 --cols 2000 --seed 3 | eae-split -q --holdout 0.1 --repeats 26000 -o much.eae
}

@test "auto with much work looks for a device: none is no trouble, and -v says so" {
    make_matrix 20 4 x.tsv
    if has_device; then skip "there is a CUDA device"; fi
    enough_work
    must_pass eae-train svm -v --shard 2/26000 -o auto.eae much.eae
    says "backend auto: cpu: no CUDA device (driver not found)"
    must_pass eae-train svm --shard 2/26000 -o quiet.eae much.eae
    says_not CUDA
    same_values auto.eae quiet.eae
}

@test "auto with much work takes the device, for what pays there" {
    emulated
    enough_work
    EAE_EMULATED_MEMORY=1000000000 must_pass "$train" svm -v --shard 2/26000 -o auto.eae much.eae
    says "backend cuda: "
    eae-view --info auto.eae | grep -q "emulated device 0.* where it pays"
}

@test "RFE on the device keeps and ranks the features that the processor does" {
    emulated
    must_pass eae-rfe svm -q --step 10% -o cpu.eae p.eae
    must_pass "$rfe" svm -v --step 10% --backend cuda -o cuda.eae p.eae
    says "; cuda; "
    says "of data stay on the CUDA device"
    eae-score cpu.eae >cpu
    eae-score cuda.eae >cuda
    [ "$(wc -l <cpu)" -gt 40 ]
    same_bytes cpu cuda
    eae-view --kind rank -O tsv cpu.eae | columns_from f1 >cpu
    eae-view --kind rank -O tsv cuda.eae | columns_from f1 >cuda
    [ "$(wc -l <cpu)" -ge 3 ]
    same_bytes cpu cuda
}

@test "cross-validation on the device: the scores of the processor, several costs" {
    emulated
    for model in "svm --cost 0.001,1" "svm --cost 1 --scale none" "logistic --cost 0.01"; do
        # shellcheck disable=SC2086  # words
        must_pass eae-train $model -q -o cpu.eae p.eae
        # shellcheck disable=SC2086
        must_pass "$train" $model -q --backend cuda -o cuda.eae p.eae
        eae-score cpu.eae >cpu
        eae-score cuda.eae >cuda
        same_bytes cpu cuda
    done
}

@test "permutations, class weights, many costs, three classes: all machines of a fold in one launch" {
    emulated
    eae-synth -q --rows 48 --cols 60 --informative 8 --classes 3 --seed 6 | eae-split -q --kfold 3 -o three.eae
    for args in "--permute 12 --cost 0.001,0.01 p.eae" "--permute 8 --class-weight balanced p.eae" \
        "--cost 0.0001,0.0003,0.001,0.003,0.01,0.03,0.1,1 --scale none p.eae" \
        "--loss squared-hinge --cost 0.0001,0.001,0.1 three.eae"; do
        # shellcheck disable=SC2086  # words
        must_pass eae-train svm -q -o cpu.eae $args
        # shellcheck disable=SC2086
        must_pass "$train" svm -q --backend cuda -t 4 -o cuda.eae $args
        eae-score cpu.eae >cpu
        eae-score cuda.eae >cuda
        same_bytes cpu cuda
        # shellcheck disable=SC2086
        EAE_EMULATED_ORDER=shuffle must_pass "$train" svm -q --backend cuda -t 1 -o again.eae $args
        same_values cuda.eae again.eae
    done
}

@test "the same bytes in any order of the device's threads, any memory, any -t" {
    emulated
    must_pass "$rfe" svm -q --step 20% --backend cuda -t 1 -o one.eae p.eae
    EAE_EMULATED_ORDER=reverse must_pass "$rfe" svm -q --step 20% --backend cuda -t 4 -o two.eae p.eae
    EAE_EMULATED_ORDER=shuffle EAE_EMULATED_MEMORY=2000000 must_pass "$rfe" svm -q --step 20% --backend cuda \
        -t 2 -o three.eae p.eae
    same_values one.eae two.eae
    same_values one.eae three.eae
    # five slices of features, of which a small device takes one or two at a time
    eae-synth -q --rows 44 --cols 5000 --informative 8 --seed 5 | eae-split -q --kfold 3 -o wide.eae
    must_pass "$train" svm -q --backend cuda -o one.eae wide.eae
    EAE_EMULATED_MEMORY=1800000 must_pass "$train" svm -q --backend cuda -t 2 -o two.eae wide.eae
    same_values one.eae two.eae
}

@test "what goes wrong on the device is an error with a reason, and nothing is written" {
    emulated
    EAE_EMULATED_MEMORY=100000 must_fail 1 "$train" svm --backend cuda -o no.eae p.eae
    says "the CUDA device has 0.1M free, and "
    EAE_EMULATED_FAULT=40 must_fail 1 "$train" svm --backend cuda -o no.eae p.eae
    says "the CUDA device failed at a " # which launch is the fortieth is a matter of threads
    says ": unspecified launch failure"
    EAE_EMULATED_WRONG=1 must_fail 1 "$train" svm --backend cuda -o no.eae p.eae
    says "the CUDA device computes a wrong "
    EAE_EMULATED_DRIVER=none must_fail 1 "$train" svm --backend cuda -o no.eae p.eae
    says "no CUDA device (driver not found)"
    [ ! -e no.eae ]
}

@test "a plugin of another build, or none at all, is refused" {
    emulated
    mkdir -p odd/bin
    cp "$EAE_EMULATED/eae-train" odd/bin
    cp "$EAE_EMULATED/../libeae-cpu.so" odd
    echo no library >odd/libeae-cuda.so
    must_fail 1 odd/bin/eae-train svm --backend cuda p.eae
    says "libeae-cuda.so"
    cp "$EAE_EMULATED/../libeae-cuda.so" odd
    must_pass odd/bin/eae-train svm -q --backend cuda -o with.eae p.eae
    rm odd/libeae-cpu.so
    must_pass odd/bin/eae-train svm -q --backend cuda -o without.eae p.eae # the reference does the rest
    eae-score with.eae >with
    eae-score without.eae >without
    same_bytes with without
}

@test "the plugin has code for every target, and needs no CUDA library to be opened" {
    plugin=${EAE_BIN:-.}/../build/libeae-cuda.so
    [ -e "$plugin" ] || skip "libeae-cuda.so is not built: no nvcc, or a profile"
    for target in sm_80 sm_90 sm_100 compute_100; do
        grep -aq "$target" "$plugin" || fail "no code for $target"
    done
    readelf -d "$plugin" | grep NEEDED >needed
    [ "$(wc -l <needed)" -ge 1 ]
    if grep -E 'libcu(da|blas|dart)' needed; then fail "needs a CUDA library"; fi
}
