#!/usr/bin/env bats
# Clients that die, end, or leave; and others that go on. Nothing is lost, nothing runs without need.

# words are for jobs, not for this shell; stdout and status are set by helpers
# shellcheck disable=SC2016,SC2154,SC2012,SC2314
load submit

# jobs 1 .. N: each appends its number to `ran`, the ones from HOLD on wait for `go`
held_jobs() {
    for i in $(seq "$1"); do
        if [ "$i" -lt "$2" ]; then
            echo "sh -c 'echo $i >>ran; echo out $i'"
        else
            echo "sh -c 'echo $i >>ran; until [ -e go ]; do sleep 0.05; done; echo out $i'"
        fi
    done >jobs.txt
}

@test "kill -9 of the client, and again: only what is missing runs, and the outputs are the same" {
    held_jobs 12 5
    eae-submit run --slots 2 jobs.txt >first 2>err &
    pid=$!
    await sh -c '[ $(wc -l <ran) -eq 6 ]'
    kill -9 $pid
    wait $pid || true
    [ "$(cat first)" = "$(seq -f 'out %g' 4)" ]
    touch go
    must_pass eae-submit run --slots 2 jobs.txt
    says 'goes on where it ended'
    [ "$stdout" = "$(seq -f 'out %g' 12)" ]
    # 5 and 6 were in flight; no other ran twice
    [ "$(sort -n ran | uniq -c | awk '$1 > 1 {print $2, $1}')" = $'5 2\n6 2' ]
    [ "$(sort -nu ran | wc -l)" -eq 12 ]
}

@test "the same with a filter: the bytes are those of an uninterrupted run" {
    a_plan p.eae
    eae-rfe svm --step 20% p.eae -o want.eae
    cat >eae-slow <<'SH'
#!/bin/sh
echo "$2" >>ran
[ "${2%/*}" -le 3 ] || until [ -e go ]; do sleep 0.05; done
exec eae-rfe "$@"
SH
    chmod +x eae-slow
    export PATH=$PWD:$PATH
    eae-submit run --slots 2 --shards 8 -- eae-slow svm --step 20% < <(cat p.eae) >first 2>err &
    await sh -c '[ $(wc -l <ran) -eq 5 ]'
    kill -9 "$(pgrep -f 'eae-submit run --slots 2 --shards 8' | head -n 1)"
    wait || true
    [ ! -s first ]
    touch go
    eae-submit run --slots 2 --shards 8 -- eae-slow svm --step 20% < <(cat p.eae) >got.eae 2>err
    same_bytes want.eae got.eae
    [ "$(grep -c '[123]/8' ran)" -eq 3 ]
    [ "$(sort -u ran | wc -l)" -eq 8 ]
}

@test "jobs die with a client that is killed" {
    eae-submit run --array 1-2 -- sleep 7.31 >out 2>err &
    await pgrep -f 'sleep 7.31$'
    kill -9 $!
    wait $! || true
    sleep 0.3
    ! pgrep -fx 'sleep 7.31'
}

@test "what jobs of a dead client left behind is ended before anything runs again" {
    cat >jobs.txt <<'JOBS'
sh -c '[ -e second ] || sh -c "sleep 1; echo late >>ran"; echo ok >>ran'
JOBS
    eae-submit run jobs.txt >out 2>err &
    pid=$!
    await pgrep -f 'sleep 1; echo late'
    kill -9 $pid
    wait $pid || true
    touch second
    must_pass eae-submit run jobs.txt
    sleep 1.2
    [ "$(cat ran)" = ok ]
}

@test "a signal ends jobs in order, and the client by that signal; resume goes on" {
    held_jobs 4 3
    eae-submit run --slots 2 jobs.txt >first 2>err &
    pid=$!
    await sh -c '[ $(wc -l <ran) -eq 4 ]'
    kill -TERM $pid
    status=0
    wait $pid || status=$?
    [ "$status" -eq 143 ]
    grep -q '2 of 4 jobs are not done; eae-submit resume' err
    ! pgrep -f 'until \[ -e go'
    [ "$(state_of 3)" = staged ]
    touch go
    must_pass eae-submit resume "$(the_batch)"
    [ "$stdout" = "$(seq -f 'out %g' 4)" ]
    [ "$(sort -n ran | tr '\n' ' ')" = '1 2 3 3 4 4 ' ]
}

@test "one client runs a batch; the same command line beside it is a batch of its own" {
    held_jobs 2 1
    eae-submit run jobs.txt >first 2>err &
    await sh -c '[ $(wc -l <ran) -eq 2 ]'
    id=$(the_batch)
    must_fail 1 eae-submit resume "$id"
    says 'is being run by another client'
    XDG_RUNTIME_DIR=$(mktemp -d run.XXXX) eae-submit run jobs.txt >second 2>>err &
    await sh -c "[ -d state/eae/batches/$id.2 ]"
    touch go
    wait
    same_bytes first second
    [ "$(eae-submit ls | awk -F '\t' '{print $3}' | sort | uniq -c | tr -s ' \n' ' ')" = ' 2 done 1 state ' ]
}

@test "detached, and waited for: outputs and statuses are those of a run" {
    held_jobs 3 2
    must_pass eae-submit run --slots 3 --detach jobs.txt
    id=$stdout
    [ "$id" = "$(the_batch)" ]
    await sh -c '[ $(wc -l <ran) -eq 3 ]'
    [ "$(state_of 2)" = running ]
    [ "$(eae-submit status | awk -F '\t' 'NR == 2 {print $3}')" = running ]
    touch go
    must_pass eae-submit wait "${id:0:5}"
    [ "$stdout" = "$(seq -f 'out %g' 3)" ]
    must_fail 1 eae-submit wait "$id"
    says 'fetched before'
    must_pass eae-submit run --detach --fresh --array 1-2 -- sh -c 'echo {}; exit {}'
    capture eae-submit wait "$stdout"
    [ "$status" -eq 1 ]
    says 'job 2: ended with status 2'
}

@test "a detached filter" {
    a_plan p.eae
    eae-train svm p.eae -o want.eae
    id=$(eae-submit run --detach --shards 3 -- eae-train svm <p.eae)
    must_pass eae-submit wait "$id" -o got.eae
    same_bytes want.eae got.eae
}

@test "a job, then a batch, is cancelled while it runs" {
    held_jobs 6 1
    eae-submit run --slots 2 jobs.txt >first 2>err &
    pid=$!
    await sh -c '[ $(wc -l <ran) -eq 2 ]'
    id=$(the_batch)
    must_pass eae-submit cancel "$id:2"
    must_pass eae-submit cancel "$id:5"
    await sh -c "[ \$(wc -l <ran) -eq 3 ]"
    [ "$(state_of 2)" = cancelled ]
    [ "$(state_of 5)" = cancelled ]
    must_pass eae-submit cancel "$id"
    status=0
    wait $pid || status=$?
    [ "$status" -eq 1 ]
    [ "$(eae-submit status "$id" | cut -f 2 | sort -u | tr '\n' ' ')" = 'cancelled state ' ]
    ! pgrep -f 'until \[ -e go'
    must_fail 1 eae-submit cancel "$id:7"
    # what was cancelled runs when one says so
    touch go
    must_pass eae-submit resume "$id"
    [ "$stdout" = "$(seq -f 'out %g' 6)" ]
}

@test "a batch that nobody runs is cancelled too" {
    eae-submit run --window "$(date -d '2 hours' +%H:%M)-$(date -d '3 hours' +%H:%M)" --array 1 -- false &
    pid=$!
    await the_batch
    kill -9 $pid
    wait $pid || true
    must_pass eae-submit cancel "$(the_batch)"
    [ "$(state_of 1)" = cancelled ]
}

@test "a window: jobs start inside it only" {
    inside=$(date -d '1 hour ago' +%H:%M)-$(date -d '1 hour' +%H:%M)
    outside=$(date -d '2 hours' +%H:%M)-$(date -d '3 hours' +%H:%M)
    must_pass eae-submit run --window "$inside" --array 1 -- echo now
    [ "$stdout" = now ]
    capture timeout 1.5 eae-submit run --window "$outside" --array 2 -- touch ran
    [ "$status" -ne 0 ]
    [ ! -e ran ]
}

@test "a batch after another: when that is done, not when it failed" {
    held_jobs 1 1
    first=$(eae-submit run --detach jobs.txt)
    eae-submit run --after "$first" --array 1 -- sh -c 'echo after >>ran' 2>err &
    await sh -c '[ $(wc -l <ran) -eq 1 ]'
    sleep 0.7
    [ "$(cat ran)" = 1 ]
    touch go
    wait $!
    [ "$(cat ran)" = $'1\nafter' ]
    capture eae-submit run --array 2 -- false
    bad=$(eae-submit ls | awk -F '\t' '$3 == "failed" {print $1}')
    must_fail 1 eae-submit run --after "$bad" --array 3 -- touch never
    says 'are not done'
    [ ! -e never ]
}

@test "slots: clients share them, and none is left behind by one that dies" {
    cat >busy <<'SH'
#!/bin/sh
echo + >>count
sleep 0.1
echo - >>count
SH
    chmod +x busy
    for k in 1 2 3 4; do
        eae-submit run --slots 2 --array "${k}1-${k}4" -- ./busy '{}' &
    done
    eae-submit run --slots 2 --array 1-4 -- sleep 60 2>err &
    dead=$!
    sleep 0.3
    kill -9 $dead
    wait
    [ "$(wc -l <count)" -eq 32 ]
    [ "$(awk '{n += $1 == "+" ? 1 : -1; if (n > m) m = n} END {print m}' count)" -eq 2 ]
}

@test "a client inside a job uses the slot of that job, and does not wait for another" {
    must_pass timeout 20 eae-submit run --slots 1 --array 1-2 -- eae-submit run --array '{}0-{}1' -- echo '{}'
    [ "$stdout" = $'1\n1\n2\n2' ] || fail "$stdout"
}

@test "options of a resume reach workers elsewhere: time-out, log, threads" {
    cp "$BATS_TEST_DIRNAME/../../../share/examples/backend/background" place
    export HOME=$WORK
    cat >jobs.txt <<'JOBS'
sh -c 'echo $OMP_NUM_THREADS; head -c 5000 /dev/zero | tr "\\0" x >&2; [ -e again ] || exit 1'
sh -c '[ -e again ] || exit 1; sleep 30'
JOBS
    for chunk in 1 2; do
        rm -f again
        capture eae-submit run --fresh --on "script:$WORK/place" --timeout 40 --log-max 4K -t 3 --chunk $chunk jobs.txt
        [ "$status" -eq 1 ]
        id=$(eae-submit ls | awk -F '\t' 'NR == 2 {print $1}')
        [ "$(eae-submit log --stdout "$id:1")" = 3 ]
        touch again
        capture eae-submit resume --timeout 0.5 --log-max 1K -t 2 "$id"
        [ "$status" -eq 1 ]
        [ "$stdout" = 2 ]
        says 'job 2: timed out'
        [ "$(eae-submit log "$id:1" | wc -c)" -lt 1200 ]
        must_pass eae-submit rm "$id"
    done
}
