#!/usr/bin/env bats
# eae-submit --on openlava and lsf: over stand-ins that print what the real clients print, and lie as they do.

load ../helpers
load remote

setup() {
    WORK=$(mktemp -d "${BATS_TMPDIR:-/tmp}/eae-cli.XXXXXX")
    cd "$WORK" || return 1
    export SITE="$WORK/lsf"
    "$SERVERS/lsf" start "$SITE"
    export LC_ALL=C XDG_STATE_HOME="$WORK/state" PATH="$SITE/bin:$PATH" LSF_ENVDIR="$SITE"
    unset OMP_NUM_THREADS EAE_CACHE_DIR EAE_CACHE_PATH
}

teardown() {
    "$SERVERS/lsf" stop "$SITE"
    cd / && rm -rf "$WORK"
}

site() { "$SERVERS/lsf" "$1" "$SITE" "${@:2}"; }

LAVA=(eae-submit run --on openlava)

calls() { grep -c "^$1 " "$SITE/calls" || true; }

@test "a filter in 1, 3 and 20 shards: the bytes of the plain filter" {
    make_stream in.eae
    eae-rfe svm -q --step 20% <in.eae >plain.eae
    for shards in 1 3 20; do
        "${LAVA[@]}" --shards "$shards" -o out.eae -- eae-rfe svm -q --step 20% <in.eae
        same_bytes plain.eae out.eae
    done
    [ "$(calls bsub)" = 3 ] # an array each
}

@test "arguments arrive as they are, in a folder with any name" {
    words=('two words' "it's" '"quoted"' '$HOME `id` $(id)' 'a;b&c|d>e<f' '*' '~' '' '-x' $'new\nline' $'\xff\xfe')
    printf '%s\0' "${words[@]}" >expected
    dir="it's a \"place\" of \$HOME; %J"
    mkdir "$dir"
    "${LAVA[@]}" --dir "$dir" --array 1-1 -- printf '%s\0' "${words[@]}" >out
    same_bytes expected out
}

@test "bsub gets a queue, limits, and the output of nobody" {
    must_pass eae-submit run --on lsf --queue night --time 10 --mem 500 --array 1-2 -- echo hi
    grep -q '^bsub .*-q night' "$SITE/calls"
    grep -q '^bsub .*-W 10' "$SITE/calls"
    grep -q '^bsub .*-R rusage\[mem=500\]' "$SITE/calls"
    grep -q '^bsub -o /dev/null' "$SITE/calls"
}

@test "banners do no harm" {
    site lie banner
    make_marks 6 0
    "${LAVA[@]}" --chunk 2 jobs >out 2>err || fail "$(cat err)"
    finished 6 out
    jobs_ran_once 6
}

@test "arrays are no larger than the site takes, told or not" {
    for lie in array secret; do
        site truth
        site lie "$lie" 3
        rm -rf ran
        make_marks 8 0
        "${LAVA[@]}" --chunk 1 jobs >out 2>err || fail "$(cat err)"
        finished 8 out
        jobs_ran_once 8
    done
}

@test "a job that was killed is shown as DONE: it runs again" {
    site lie killed-done
    printf '#!/bin/sh\n' >victim
    cat >>victim <<'END'
echo x >>ran
[ "$(wc -l <ran)" -gt 1 ] || kill -9 $PPID
echo survived
END
    chmod +x victim
    "${LAVA[@]}" --grace 0.2 --array 1-1 -- ./victim >out 2>err || fail "$(cat err)"
    [ "$(cat out)" = survived ]
    [ "$(wc -l <ran)" = 2 ]
}

@test "refused: one line, status 1, nothing waits" {
    make_marks 3 0
    must_fail 1 "${LAVA[@]}" --queue nosuch jobs
    says 'bsub: nosuch: No such queue. Job not submitted.'
    [ "$(wc -l <"$WORK/.stderr")" -le 2 ] || fail "$stderr"
    site lie full
    must_fail 1 "${LAVA[@]}" jobs
    says 'slot limit'
    [ ! -e ran ] && [ -z "$(ls "$SITE/jobs")" ]
}

@test "no clients, or ones that never answer: one line, status 1" {
    make_marks 1 0
    must_fail 1 env PATH="$(dirname "$(command -v eae-submit)"):/usr/bin:/bin" eae-submit run --on lsf jobs
    says 'there is no bsub on PATH'
    site lie hang-lsid
    must_fail 1 env SUBMIT_CLIENT_TIMEOUT=0.2 "${LAVA[@]}" jobs
    says 'lsid: did not answer in time'
}

@test "an answer of bsub that is lost: the jobs are found, and not submitted again" {
    site lie lost-bsub
    make_marks 4 0.1
    SUBMIT_CLIENT_TIMEOUT=0.5 "${LAVA[@]}" --chunk 1 jobs >out 2>err || fail "$(cat err)"
    finished 4 out
    jobs_ran_once 4
    [ "$(calls bsub)" = 1 ] || fail "$(cat "$SITE/calls")"
}

@test "polls that hang, fail, or come back empty are not failed jobs" {
    for lie in empty-bjobs forgets trying; do
        rm -f ran
        make_marks 4 1.2
        background env SUBMIT_CLIENT_TIMEOUT=0.3 "${LAVA[@]}" --chunk 1 jobs
        wait_for 10 lines_in ran 1
        site lie "$lie"
        sleep 2.5
        site truth
        wait $client || fail "$lie: $(cat err)"
        finished 4 out
        jobs_ran_once 4
    done
}

@test "the window of the queue closes: suspended jobs are waited for" {
    make_marks 4 1
    background "${LAVA[@]}" --queue night --chunk 1 --grace 0.1 jobs
    wait_for 10 lines_in ran 1
    site close
    sleep 3
    id=$(eae-submit ls | awk 'NR == 2 { print $1 }')
    kill -0 $client
    site open
    wait $client || fail "$(cat err)"
    finished 4 out
    jobs_ran_once 4
}

@test "killed client: what runs goes on, nothing is submitted or run twice" {
    make_marks 8 0.4
    background "${LAVA[@]}" --chunk 2 jobs
    wait_for 10 lines_in ran 2
    kill -9 $client
    wait $client || true
    "${LAVA[@]}" --chunk 2 jobs >out 2>err || fail "$(cat err)"
    finished 8 out
    jobs_ran_once 8
    [ "$(calls bsub)" = 1 ]
}

@test "cancelled: one bkill for an array" {
    make_marks 6 60
    background "${LAVA[@]}" --chunk 1 --grace 0.2 jobs
    wait_for 10 lines_in ran 2
    must_pass eae-submit cancel "$(eae-submit ls | awk 'NR == 2 { print $1 }')"
    status=0
    wait $client || status=$?
    [ "$status" -eq 1 ] || fail "$status: $(cat err)"
    [ "$(calls bkill)" = 1 ]
    [ -z "$(eae-submit status "$(eae-submit ls | awk 'NR == 2 { print $1 }')" | awk 'NR > 1 && $2 != "cancelled"')" ]
}

@test "hosts, queues and ping" {
    must_pass eae-submit hosts --on lsf
    echo "$stdout" | grep -q '^olhost	ok	4	0	0.8	' || fail "$stdout"
    must_pass eae-submit queues --on openlava
    echo "$stdout" | grep '^night	' | grep -q '20:00-07:00' || fail "$stdout"
    must_pass eae-submit ping --on openlava
    [ "$stdout" = 'openlava project 2.2, Nov 22 2026: cluster lo, master olhost' ] || fail "$stdout"
}
