#!/usr/bin/env bats
# eae-rfe --checkpoint: killed and started again, the same bytes; another computation is refused.

load ../helpers

bytes() {
    eae-view --no-history "$1" | md5sum
}

# undisturbed ARGS...: eae-rfe ARGS to its end; an eighth of the seconds that takes are in $pause
undisturbed() {
    local begin
    begin=$(date +%s.%N)
    eae-rfe "$@"
    pause=$(awk -v begin="$begin" -v end="$(date +%s.%N)" 'BEGIN { print (end - begin) / 8 }')
}

# go_on_until_done ARGS...: eae-rfe ARGS, killed after a pause (a little longer each time) and started again
go_on_until_done() {
    kills=0
    while ! timeout -s KILL "$(awk -v n="$kills" -v p="$pause" -v r="$RANDOM" 'BEGIN { print p * 1.25 ^ n * (1 + r / 32768) }')" \
        eae-rfe "$@" 2>stderr; do
        kills=$((kills + 1))
        [ "$kills" -lt 60 ] || fail "no progress: $(cat stderr)"
    done
    grep -q . stderr && fail "said: $(cat stderr)"
    return 0
}

@test "killed at random moments, the same bytes in the end" {
    eae-synth -q --rows 120 --cols 900 --seed 5 | eae-split -q --kfold 3 -o planned.eae
    options=(logistic --step 1 --sizes 500,100,10 -C 0.1,1 --final -q)
    undisturbed "${options[@]}" -o whole.eae planned.eae
    go_on_until_done "${options[@]}" --checkpoint milestones -t 2 -o again.eae planned.eae
    echo "$kills kills"
    [ "$(bytes whole.eae)" = "$(bytes again.eae)" ]
    [ "$kills" -ge 2 ]
    # from what is finished, at once
    eae-rfe "${options[@]}" --checkpoint milestones -o again.eae planned.eae
    [ "$(bytes whole.eae)" = "$(bytes again.eae)" ]
    # SIGKILL in the middle of writing leaves the temporary file, which nothing minds
    [ -z "$(ls milestones | grep -v -e done -e description -e '[.]tmp[.]')" ]
}

@test "killed among exact steps of one feature, the same bytes in the end" {
    eae-synth -q --rows 150 --cols 12000 --seed 5 | eae-split -q --kfold 3 -o planned.eae
    options=(svm --step 20%:1@9000 -q)
    undisturbed "${options[@]}" -o whole.eae planned.eae
    go_on_until_done "${options[@]}" --checkpoint milestones -t 2 -o again.eae planned.eae
    echo "$kills kills"
    [ "$(bytes whole.eae)" = "$(bytes again.eae)" ]
    [ "$kills" -ge 1 ]
}

@test "shards share a directory" {
    eae-synth -q --rows 40 --cols 100 --seed 5 | eae-split -q --kfold 4 -o planned.eae
    eae-rfe svm -q -o whole.eae planned.eae
    for i in 1 2 3; do
        eae-rfe svm -q --checkpoint milestones --shard $i/3 -o part$i.eae planned.eae
    done
    [ "$(find milestones -name '*.done' | wc -l)" -eq 4 ]
    cat part?.eae | eae-view --no-history -o shards.eae
    [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ]
}

@test "another computation is refused by name" {
    eae-synth -q --rows 40 --cols 100 --seed 5 | eae-split -q --kfold 4 -o planned.eae
    eae-rfe svm -q --checkpoint milestones planned.eae -o whole.eae
    must_fail 1 eae-rfe svm -q --checkpoint milestones --step 2% planned.eae
    says "spec is 'scale=fold;loss=hinge;policy=weight;step=2%', and was"
    must_fail 1 eae-rfe svm -q --checkpoint milestones -C 2 planned.eae
    says "cost is '2', and was '1'"
    must_fail 1 eae-rfe logistic -q --checkpoint milestones planned.eae
    says "model is 'logistic', and was 'svm'"
    must_fail 1 eae-rfe svm -q --checkpoint milestones --until 5 planned.eae
    says "until is '5', and was '1'"
    eae-synth -q --rows 40 --cols 100 --seed 6 | eae-split -q --kfold 4 -o other.eae
    must_fail 1 eae-rfe svm -q --checkpoint milestones other.eae
    says "data is"
    must_fail 1 eae-rfe svm -q --checkpoint nowhere/milestones planned.eae
    says "nowhere/milestones: cannot make the directory"
}

@test "a damaged milestone is done again" {
    eae-synth -q --rows 40 --cols 100 --seed 5 | eae-split -q --kfold 4 -o planned.eae
    eae-rfe svm -q --checkpoint milestones planned.eae -o whole.eae
    printf 'x' | dd of=milestones/split-2-0.done bs=1 seek=500 conv=notrunc 2>/dev/null
    : >milestones/split-3-0.done
    must_pass eae-rfe svm --checkpoint milestones planned.eae -o again.eae
    says "split-2-0.done: damaged, done again"
    says "split-3-0.done: damaged, done again"
    [ "$(bytes whole.eae)" = "$(bytes again.eae)" ]
}
