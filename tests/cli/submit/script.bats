#!/usr/bin/env bats
# A place of a site's own, spoken to by a script: workers elsewhere, chunks, and answers that get lost.

# words are for jobs, not for this shell; stdout and status are set by helpers
# shellcheck disable=SC2016,SC2154,SC2012,SC2314
load submit

place() {
    export HOME=$WORK
    cp "$BATS_TEST_DIRNAME/../../../share/examples/backend/background" place
    SCRIPT=$WORK/place
}

@test "batches and filters on a place of one's own give the same bytes" {
    place
    must_pass eae-submit run --on "script:$SCRIPT" --chunk 3 --array 1-10 -- sh -c 'echo {}; echo err{} >&2'
    [ "$stdout" = "$(seq 10)" ]
    [ "$stderr" = "$(seq -f 'err%g' 10)" ]
    [ "$(ls .local/state/eae-background | wc -l)" -eq 4 ]
    a_plan p.eae
    eae-train svm p.eae -o want.eae
    must_pass eae-submit run --on "script:$SCRIPT" --shards 3 -- eae-train svm <p.eae
    same_bytes want.eae .stdout
    must_pass eae-submit run --on "script:$SCRIPT" --shards 2 -- eae-train svm < <(cat p.eae)
    same_bytes want.eae .stdout
}

@test "failures elsewhere are those of here: status, signal, time-out, retries" {
    place
    cat >jobs.txt <<'JOBS'
sh -c 'echo 1 >>ran; [ $SUBMIT_ATTEMPT = 1 ] || sleep 1.5; echo why >&2; exit 3'
sh -c 'kill -9 $$'
sleep 50
no-such-program
echo good
JOBS
    capture eae-submit run --on "script:$SCRIPT" --retries 1 --timeout 3 jobs.txt
    [ "$status" -eq 1 ]
    [ "$stdout" = good ]
    says 'job 1: ended with status 3: why'
    says 'job 2: was killed by signal 9'
    says 'job 3: timed out'
    says 'job 4: cannot be started'
    [ "$(wc -l <ran)" -eq 2 ]
}

@test "a client that dies leaves its jobs running; the next one waits for them and runs none again" {
    place
    cat >jobs.txt <<'JOBS'
sh -c 'echo 1 >>ran; echo one'
sh -c 'echo 2 >>ran; until [ -e go ]; do sleep 0.05; done; echo two'
sh -c 'echo 3 >>ran; until [ -e go ]; do sleep 0.05; done; echo three'
JOBS
    eae-submit run --on "script:$SCRIPT" jobs.txt >first 2>err &
    pid=$!
    await sh -c '[ $(wc -l <ran) -eq 3 ]'
    kill -9 $pid
    wait $pid || true
    [ "$(state_of 2)" = running ]
    capture eae-submit run jobs.txt
    [ "$status" -eq 1 ]
    says 'has jobs on its way with --on script'
    touch go
    must_pass eae-submit run --on "script:$SCRIPT" jobs.txt
    [ "$stdout" = $'one\ntwo\nthree' ]
    [ "$(sort ran | tr '\n' ' ')" = '1 2 3 ' ]
}

@test "what failed while no client was there runs again with the next" {
    place
    eae-submit run --on "script:$SCRIPT" --array 1-2 -- sh -c 'echo {} >>ran; sleep 0.5; [ -e now ] || exit 1; echo {}' \
        >first 2>err &
    pid=$!
    await sh -c '[ $(wc -l <ran) -eq 2 ]'
    kill -9 $pid
    wait $pid || true
    await sh -c "[ \$(grep -c . state/eae/batches/*/journal/chunk.1) -ge 1 ] && sleep 0.8"
    touch now
    must_pass timeout 20 eae-submit resume "$(the_batch)"
    [ "$stdout" = $'1\n2' ]
    [ "$(sort ran | tr '\n' ' ')" = '1 1 2 2 ' ]
}

@test "a submission whose answer was lost is looked up, not made again" {
    place
    cat >lossy <<SH
#!/bin/sh
if [ \$1 = submit ]; then
    "$SCRIPT" "\$@" >/dev/null
    exit 0
fi
exec "$SCRIPT" "\$@"
SH
    chmod +x lossy
    must_pass eae-submit run --on "script:$WORK/lossy" --array 1-2 -- sh -c 'echo {} >>ran; sleep 1; echo {}'
    [ "$stdout" = $'1\n2' ]
    [ "$(sort ran | tr '\n' ' ')" = '1 2 ' ]
}

@test "a worker that is killed: its job is lost, and runs again" {
    place
    eae-submit run --on "script:$SCRIPT" --grace 0 --array 1-3 -- \
        sh -c '[ {} != 2 ] || [ -e second ] || { touch first; sleep 60; }; echo {}' >out 2>err &
    pid=$!
    await test -e first
    touch second
    kill -9 "$(pgrep -f "eae-submit work $WORK.* 2$")"
    wait $pid
    [ "$(cat out)" = $'1\n2\n3' ]
    grep -q 'is gone' err
}

@test "a place that loses every worker ends it: the job is dead" {
    place
    cat >grave <<SH
#!/bin/sh
[ \$1 != submit ] || { echo x >>tries; echo h\$5; }
SH
    chmod +x grave
    must_fail 1 timeout 60 eae-submit run --on "script:$WORK/grave" --grace 0 --array 1 -- true
    says 'job 1: dead'
    [ "$(wc -l <tries)" -eq 4 ]
}

@test "a place that refuses: its words" {
    place
    printf '#!/bin/sh\necho "no such account" >&2\nexit 1\n' >refuse
    chmod +x refuse
    must_fail 1 eae-submit run --on "script:$WORK/refuse" --array 1 -- true
    says 'no such account'
    must_fail 1 eae-submit run --on "script:$WORK/nothing" --array 1 -- true
    must_fail 2 eae-submit run --on script --array 1 -- true
}

@test "cancelling ends workers" {
    place
    eae-submit run --on "script:$SCRIPT" --array 1-2 -- sh -c 'echo {} >>ran; sleep 61.7' >out 2>err &
    pid=$!
    await sh -c '[ $(wc -l <ran) -eq 2 ]'
    must_pass eae-submit cancel "$(the_batch)"
    status=0
    wait $pid || status=$?
    [ "$status" -eq 1 ]
    [ "$(eae-submit status "$(the_batch)" | cut -f 2 | sort -u | tr '\n' ' ')" = 'cancelled state ' ]
    ! pgrep -fx 'sleep 61.7'
}

@test "hosts, queues and ping of a script" {
    place
    must_pass eae-submit hosts --on "script:$SCRIPT"
    [ "$(awk -F '\t' 'NR == 2 {print $1, $2, $3, $4}' .stdout)" = "$(hostname) alive $(nproc) NA" ]
    must_pass eae-submit queues --on "script:$SCRIPT"
    [ "$(wc -l <.stdout)" -eq 1 ]
    must_pass eae-submit ping --on "script:$SCRIPT"
    [ "$stdout" = "background of $(hostname) is here" ]
}
