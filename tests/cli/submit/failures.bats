#!/usr/bin/env bats
# Jobs that fail: named, tried again as asked, and never taken for done.

# words are for jobs, not for this shell; stdout and status are set by helpers
# shellcheck disable=SC2016,SC2154,SC2012,SC2314
load submit

@test "a status, a signal, a time-out, a program that is not there: each by its name" {
    cat >jobs.txt <<'JOBS'
echo good
sh -c 'echo partial; echo "this is why" >&2; exit 3'
sh -c 'kill -9 $$'
sh -c 'sleep 100'
no-such-program
sh -c 'kill -SEGV $$'
JOBS
    capture eae-submit run --timeout 0.5 jobs.txt
    [ "$status" -eq 1 ]
    [ "$stdout" = good ] || fail "$stdout"
    says 'job 2: ended with status 3: this is why'
    says 'job 3: was killed by signal 9'
    says 'job 4: timed out after 0.5'
    says 'job 5: cannot be started: No such file'
    says 'job 6: was killed by signal 11'
    says '5 of 6 jobs are not done'
    [ "$(eae-submit status "$(the_batch)" | cut -f 2 | tr '\n' ' ')" = 'state done failed failed failed failed failed ' ]
    [ "$(eae-submit log "$(the_batch):2")" = 'this is why' ]
    [ "$(eae-submit log --stdout "$(the_batch):2")" = partial ]
}

@test "only the first failures are named, all are counted" {
    must_fail 1 eae-submit run --array 1-30 -- sh -c 'exit {}'
    [ "$(grep -c '^eae-submit run: job' .stderr)" -eq 10 ]
    says '30 of 30 jobs are not done'
}

@test "a failed job is tried again as often as asked, and no other job is" {
    cat >jobs.txt <<'JOBS'
sh -c 'echo 1 >>ran; test $(grep -c 1 ran) -ge 3'
sh -c 'echo 2 >>ran'
sh -c 'echo 3 >>ran; exit 1'
JOBS
    must_fail 1 eae-submit run --retries 2 jobs.txt
    [ "$(sort ran | uniq -c | tr -s ' \n' ' ')" = ' 3 1 1 2 3 3 ' ] || fail "$(sort ran | uniq -c)"
    [ "$(state_of 1)" = "done" ]
    [ "$(eae-submit status "$(the_batch)" | awk -F '\t' '$1 == 3 {print $2, $3}')" = 'failed 3' ]
}

@test "a program that cannot be found is not tried again" {
    must_fail 1 eae-submit run --retries 3 --array 1 -- ./nothing
    [ "$(eae-submit status "$(the_batch)" | awk -F '\t' '$1 == 1 {print $3}')" = 1 ]
}

@test "running it again runs what failed, and only that; the outputs are all there" {
    cat >jobs.txt <<'JOBS'
sh -c 'echo 1 >>ran; echo one'
sh -c 'echo 2 >>ran; test -e now && echo two'
sh -c 'echo 3 >>ran; echo three'
JOBS
    capture eae-submit run jobs.txt
    [ "$status" -eq 1 ]
    [ "$stdout" = $'one\nthree' ]
    touch now
    must_pass eae-submit run jobs.txt
    says 'goes on where it ended'
    [ "$stdout" = $'one\ntwo\nthree' ]
    [ "$(sort ran | tr '\n' ' ')" = '1 2 2 3 ' ]
    # what is over is over: the same command line is a new batch
    must_pass eae-submit run jobs.txt
    says_not 'goes on'
    [ "$(sort ran | tr '\n' ' ')" = '1 1 2 2 2 3 3 ' ]
    # and of one command line the last batch is kept
    must_pass eae-submit run --fresh jobs.txt
    the_batch
}

@test "a job that ignores SIGTERM is killed, with all of its processes" {
    must_fail 1 eae-submit run --timeout 0.3 --array 1 -- \
        sh -c 'trap "" TERM; (sleep 3.217 & sleep 3.217); sleep 3.217'
    says 'timed out'
    ! pgrep -f 'sleep 3.217'
}

@test "what a job leaves in the background is ended and writes into no other output" {
    cat >jobs.txt <<'JOBS'
sh -c '(while :; do echo late; sleep 0.01; done) & echo one'
sh -c 'sleep 0.3; echo two'
JOBS
    must_pass timeout 20 eae-submit run --slots 1 jobs.txt
    [ "$(grep -v late .stdout)" = $'one\ntwo' ]
    [ "$(tail -n 1 .stdout)" = two ]
}

@test "outputs larger than any buffer, and logs with a limit" {
    must_pass eae-submit run --slots 2 --array 1-3 -- sh -c 'seq {}00000 {}99999; seq 100000 >&2'
    seq 100000 399999 | cmp - .stdout
    must_fail 1 eae-submit run --log-max 1000 --array 1 -- sh -c 'seq 100000 >&2; exit 1'
    eae-submit ls | awk -F '\t' '$3 == "failed" {print $1}' >id
    must_pass eae-submit log "$(cat id):1" -o log
    [ "$(wc -c <log)" -lt 1100 ]
    [ "$(head -n 1 log)" = 1 ]
    [ "$(tail -n 1 log)" = 100000 ]
    grep -q 'bytes are left out here' log
}

@test "a closed pipe ends it quietly, and what was not delivered can be fetched later" {
    eae-submit run --array 1-50 -- seq 20000 2>err | head -n 1 >out
    [ "${PIPESTATUS[0]}" -eq 141 ]
    [ "$(cat out)" = 1 ]
    [ ! -s err ] || fail "$(cat err)"
    must_pass eae-submit resume "$(the_batch)"
    [ "$(wc -l <.stdout)" -eq 1000000 ]
}

@test "a full disk is an error, wherever it is met" {
    capture bash -c 'eae-submit run --array 1-3 -- echo {} >/dev/full'
    [ "$status" -eq 1 ]
    says 'No space left on device'
    must_fail 1 eae-submit run --array 1-3 -o /dev/full -- echo '{}'
    says 'No space left on device'
}

@test "a disk that fills up while jobs run: nothing is taken for done, and it goes on later" {
    cat >jobs.txt <<'JOBS'
echo small
sh -c 'echo x >>ran; seq 2000000'
JOBS
    capture bash -c 'ulimit -f 4000; exec eae-submit run --slots 1 jobs.txt'
    [ "$status" -eq 1 ]
    says 'cannot be stored: File too large'
    [ "$(state_of 1)" = "done" ]
    must_pass eae-submit run --slots 1 jobs.txt
    [ "$(wc -l <.stdout)" -eq 2000001 ]
    [ "$(wc -l <ran)" -eq 2 ]
}

@test "batches are closed to others; names of batches are never paths" {
    must_fail 1 eae-submit run --array 1 -- false
    [ "$(stat -c %a "$XDG_STATE_HOME/eae/batches/$(the_batch)")" = 700 ]
    for name in ../../../etc / '' . .. "$(the_batch)/journal" 'x;id'; do
        must_fail 1 eae-submit status "$name"
    done
    chmod 755 run/eae/slots
    must_fail 1 eae-submit run --array 1 -- true
    says 'closed to others'
}

@test "bytes of a batch that were changed are noticed" {
    capture eae-submit run --array 1-2 -- sh -c 'echo out{}; test {} = 1'
    [ "$status" -eq 1 ]
    id=$(the_batch)
    dir=$XDG_STATE_HOME/eae/batches/$id
    cp -r "$dir" kept
    # an output that is not what was written: the job runs again
    for f in "$dir"/data/*; do sed -i s/out1/outX/ "$f"; done
    capture eae-submit resume "$id"
    [ "$stdout" = out1 ] || fail "$stdout"
    # a damaged journal: what it said is done again
    for f in "$dir"/journal/*; do printf 'xxxxxxxxxxxxxxxxxxxx' | dd of="$f" bs=1 seek=30 conv=notrunc status=none; done
    capture eae-submit resume "$id"
    [ "$stdout" = out1 ]
    printf 'x' | dd of="$dir/batch" bs=1 seek=40 conv=notrunc status=none
    must_fail 1 eae-submit resume "$id"
    says 'damaged'
}
