#!/usr/bin/env bats
# Batches are removed: those that are named, those that are old; never one that runs, is waited for, or may
# have jobs elsewhere. Clients that come meanwhile, and clients that are killed on the way, do no harm.

# words are for jobs, not for this shell; stdout and status are set by helpers
# shellcheck disable=SC2016,SC2154,SC2012,SC2314
load submit

batches() { ls -A "$XDG_STATE_HOME/eae/batches"; }
age() { find "$XDG_STATE_HOME/eae/batches/$1" -type f -exec touch -d "$2 days ago" {} +; }

# a batch of the number N, done; its name
done_batch() {
    eae-submit run --detach --array "$1" -- echo '{}' >id && eae-submit wait "$(cat id)" >/dev/null && cat id
}

@test "named batches go with all they have; others stay" {
    one=$(done_batch 1) two=$(done_batch 2)
    printf 'some input\n' | capture eae-submit run --fresh --array 3 -- false
    three=$(eae-submit ls | awk -F '\t' '$3 == "failed" {print $1}')
    must_pass eae-submit rm --dry-run "$one" "$three"
    [ "$(head -n 1 .stdout)" = $'batch\tcreated\tstate\tjobs\tbytes' ]
    [ "$(awk -F '\t' 'NR > 1 {print $1, $3, $4, ($5 > 0)}' .stdout)" = "$one done 1 1
$three failed 1 1" ]
    [ "$(batches | wc -l)" -eq 3 ]
    must_pass eae-submit rm "${one:0:6}" "$three" "$one"
    [ "$(wc -l <.stdout)" -eq 3 ]
    [ "$(batches)" = "$two" ]
    must_fail 1 eae-submit rm "$two" nosuch
    says 'no such batch'
    [ "$(batches)" = "$two" ]
    must_pass eae-submit rm --json "$two"
    /usr/bin/python3 -c 'import json; d = json.load(open(".stdout")); assert d["state"] == "done"'
    [ -z "$(batches)" ]
    must_fail 2 eae-submit rm
    says '--older'
    must_fail 2 eae-submit rm --older soon
    says 'not a time'
}

@test "a file that was the input of a batch is not touched" {
    a_plan p.eae
    cp p.eae kept.eae
    capture eae-submit run --shards 2 -- eae-train svm --no-such <p.eae
    must_pass eae-submit rm "$(the_batch)"
    same_bytes p.eae kept.eae
}

@test "old ones go; young ones, and what runs, stay" {
    old=$(done_batch 1) young=$(done_batch 2)
    eae-submit run --array 3 -- sh -c 'echo {} >begun; until [ -e go ]; do sleep 0.05; done' 2>err &
    await test -s begun
    runs=$(eae-submit ls | awk -F '\t' '$3 == "running" {print $1}')
    age "$old" 40
    age "$runs" 40
    must_pass eae-submit rm --older 50d
    [ "$(wc -l <.stdout)" -eq 1 ]
    must_pass eae-submit rm --older 30d --dry-run
    [ "$(awk -F '\t' 'NR > 1 {print $1}' .stdout)" = "$old" ]
    must_pass eae-submit rm --older 30d
    says "batch $runs stays: a client runs it"
    [ "$(batches)" = "$(printf '%s\n' "$young" "$runs" | sort)" ]
    capture eae-submit rm "$young" "$runs"
    [ "$status" -eq 1 ]
    says '1 of 2 batches stay'
    [ "$(batches)" = "$runs" ]
    touch go
    wait
    must_pass eae-submit rm --older 0s "$runs"
    [ -z "$(batches)" ]
}

@test "a batch that another waits for stays" {
    first=$(eae-submit run --detach --array 1 -- sh -c 'until [ -e go ]; do sleep 0.05; done; exit {}')
    eae-submit run --after "$first" --array 2 -- true 2>err &
    waits=$!
    await sh -c "[ \$(ls state/eae/batches | wc -l) -eq 2 ]"
    kill -STOP $waits
    touch go
    capture eae-submit wait "$first"
    must_fail 1 eae-submit rm "$first"
    says 'waits for it'
    kill -CONT $waits
    wait $waits || true
    must_pass eae-submit rm "$first"
}

@test "a batch with jobs elsewhere stays until they are ended" {
    place=$BATS_TEST_DIRNAME/../../../share/examples/backend/background
    eae-submit run --on script:"$place" --array 1 -- sh -c 'touch begun; exec sleep 61.7' 2>err &
    pid=$!
    await test -e begun
    kill -9 $pid
    wait $pid || true
    must_fail 1 eae-submit rm "$(the_batch)"
    says 'eae-submit cancel'
    must_pass eae-submit cancel "$(the_batch)"
    must_pass eae-submit rm "$(the_batch)"
    [ -z "$(batches)" ]
    ! pgrep -fx 'sleep 61.7'
}

@test "what a killed client left behind is no batch, and is cleared away by the next" {
    one=$(done_batch 1)
    mkdir -p "$XDG_STATE_HOME/eae/batches/.old.$one.1.0/journal"
    touch "$XDG_STATE_HOME/eae/batches/.old.$one.1.0/journal/client.1"
    must_pass eae-submit ls
    [ -z "$stderr" ]
    [ "$(wc -l <.stdout)" -eq 2 ]
    must_pass eae-submit rm "$one"
    [ -z "$(batches)" ]
}

@test "clients that are killed while they remove leave no half batch" {
    for i in $(seq 30); do
        mkdir -p full
        eae-submit run --dir full --fresh --array 1 -- false 2>err || true
        id=$(basename full/*)
        for k in $(seq 300); do : >"full/$id/site/$k"; done
        eae-submit rm --dir full "$id" >out 2>err &
        pid=$!
        sleep "0.00$((i % 10))"
        kill -9 $pid 2>/dev/null || true
        wait $pid || true
        must_pass eae-submit ls --dir full
        [ -z "$stderr" ] || fail "$stderr"
        [ "$(wc -l <.stdout)" -eq 1 ] || eae-submit status --dir full "$id" >/dev/null
        must_pass eae-submit rm --dir full --older 0s
        [ -z "$(ls -A full)" ]
    done
}

@test "the same command line, over and over, while its batches are removed" {
    for k in 1 2 3; do
        for _ in $(seq 15); do
            eae-submit run --array 1-3 -- echo '{}' >"out.$k" 2>>"err.$k" || echo failed >>bad
            [ "$(cat "out.$k")" = $'1\n2\n3' ] || echo "gave $(cat "out.$k")" >>bad
        done &
    done
    for _ in $(seq 40); do
        eae-submit rm --older 0s >removed 2>>err.rm || echo "rm failed" >>bad
        eae-submit ls >listed 2>>err.ls || echo "ls failed" >>bad
    done
    wait
    [ ! -s bad ] || fail "$(sort bad | uniq -c; cat err.*)"
    [ ! -s err.ls ] || fail "$(cat err.ls)"
}
