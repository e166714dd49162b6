#!/usr/bin/env bats
# Data larger than the memory that is allowed, and files that change under a long training.
load ../helpers

PASSES="--solver stream -C 1 --tol 1e-9 -q"

# held PID NAME: waits until it has mapped NAME, and stops it there, before a fast machine is done
held() {
    local i
    for i in $(seq 500); do
        kill -STOP "$1"
        grep -q "$2" "/proc/$1/maps" 2>/dev/null && return 0
        kill -CONT "$1"
        sleep 0.002
    done
    fail "it never mapped $2"
}

@test "a pipe larger than --memory is spilled, and trained on like the file; nothing is left" {
    mkdir spill
    eae-synth -q --size 24M --cols 3000 -o x.eae
    eae-train svm -q --solver stream -C 1e-4 --tol 1e-2 --no-history -o file.eae x.eae
    eae-train svm -q --solver stream -C 1e-4 --tol 1e-2 --no-history --memory 4M --tmpdir spill <x.eae >pipe.eae
    same_bytes file.eae pipe.eae
    cat x.eae | eae-train svm -q --solver stream -C 1e-4 --tol 1e-2 --no-history --memory 4M --tmpdir spill >piped.eae
    same_bytes file.eae piped.eae
    [ -z "$(ls -A spill)" ]
}

@test "a disk that fills during the spill is an error, and nothing is left" {
    mkdir spill
    eae-synth -q --size 8M --cols 3000 -o x.eae
    cat >spilling <<'EOF'
ulimit -f 1024
cat x.eae | eae-train svm -q --solver stream --memory 1M --tmpdir spill
EOF
    must_fail 1 sh spilling
    says "temporary file in spill (--tmpdir): cannot write"
    [ -z "$(ls -A spill)" ]
}

@test "killed while it trains from a pipe, it leaves no file behind" {
    mkdir spill
    eae-synth -q --size 8M --cols 3000 -o x.eae
    eae-train svm $PASSES --max-iter 100000 --memory 1M --tmpdir spill -o m.eae < <(cat x.eae) &
    pid=$!
    held $pid spill
    kill -TERM $pid
    kill -CONT $pid
    status=0
    wait $pid || status=$?
    [ $status -eq 143 ]
    [ -z "$(ls -A spill)" ]
    [ "$(echo m.eae*)" = "m.eae*" ]
}

@test "a file that is truncated while it is trained on: one line and status 1, no signal" {
    eae-synth -q --size 40M --cols 5000 -o x.eae
    eae-train svm $PASSES --max-iter 100000 -o m.eae x.eae 2>said &
    pid=$!
    held $pid x.eae
    truncate -s 1M x.eae
    kill -CONT $pid
    status=0
    wait $pid || status=$?
    cat said
    [ $status -eq 1 ]
    grep -q "x.eae" said
    [ "$(wc -l <said)" -eq 1 ]
    [ ! -e m.eae ]
}

@test "a large file that is damaged gives no model, whatever its values do before that is known" {
    eae-synth -q --size 40M --cols 5000 -o x.eae
    # a NaN that nobody wrote; and a value of another size
    for byte in '\377\377\377\377' '\100\100\100\100'; do
        cp x.eae bad.eae
        printf "$byte" | dd of=bad.eae bs=1 seek=$((20 << 20)) conv=notrunc status=none
        for how in "--solver stream" "--solver gram --scale none" "--checkpoint stones --solver stream"; do
            # shellcheck disable=SC2086
            must_fail 1 eae-train svm -q $how -C 1e-4 --tol 1e-2 -o m.eae bad.eae
            says "bad.eae: byte"
            says "the payload of the frame is damaged"
            [ "$(grep -c . .stderr)" -eq 1 ]
            [ ! -e m.eae ]
        done
    done
    [ -z "$(ls -A stones 2>/dev/null)" ]
}

@test "a file that is changed while it is trained on gives no model" {
    eae-synth -q --size 12M --cols 3000 -o x.eae
    eae-train svm $PASSES --max-iter 400 -o m.eae x.eae 2>said &
    pid=$!
    held $pid x.eae
    printf '\001' | dd of=x.eae bs=1 seek=6000000 conv=notrunc status=none
    kill -CONT $pid
    status=0
    wait $pid || status=$?
    cat said
    [ $status -eq 1 ]
    grep -Eq "x.eae: (changed|.* damaged)" said # by when it was stopped
    [ ! -e m.eae ]
}

# resumes ARGS...: eae-train ARGS on x.eae is killed some time after each new milestone, and ends in the same bytes
resumes() {
    rm -rf stones whole.eae part.eae
    eae-train "$@" -q -o whole.eae x.eae
    local kills=0
    for pause in 0 0.05 0.02 0.1; do
        touch mark
        eae-train "$@" -q --checkpoint stones -o part.eae x.eae &
        pid=$!
        for _ in $(seq 1000); do
            [ -z "$(find stones -name 'passes-*' -newer mark 2>/dev/null)" ] || break
            sleep 0.02
        done
        sleep $pause
        ! kill -9 $pid || kills=$((kills + 1))
        wait $pid || true
    done
    [ $kills -ge 1 ]
    ls stones | grep -q passes
    eae-train "$@" -v --checkpoint stones -o resumed.eae x.eae 2>said
    grep -q "going on from a milestone" said
    same_bytes whole.eae resumed.eae
}

@test "--checkpoint: killed again and again it ends in the same bytes; another computation is refused" {
    eae-synth -q --size 1M --cols 30 --informative 5 | eae-split -q --kfold 3 -o x.eae
    resumes svm --solver stream -C 1 --tol 1e-6 --weights all --final
    eae-synth -q --size 16M --cols 2000 --informative 20 | eae-split -q --kfold 3 -o x.eae
    resumes svm --solver stream -C 0.0001,1 --tol 1e-3 --max-iter 60 --weights all --final
    must_fail 1 eae-train svm -q --solver stream -C 0.0002 --tol 1e-3 --checkpoint stones x.eae
    says "cost"
    must_fail 2 eae-train svm -q --solver gram --checkpoint stones x.eae
    says "--solver stream"
}
