#!/usr/bin/env bats
# Commands that look: status, ls, log, hosts, queues, ping.

# words are for jobs, not for this shell; stdout and status are set by helpers
# shellcheck disable=SC2016,SC2154,SC2012,SC2314
load submit

@test "status and ls, as tables and as JSON" {
    capture eae-submit run --array 1-2 -- sh -c 'exit {}; #'
    id=$(the_batch)
    must_pass eae-submit status "$id"
    [ "$(head -n 1 .stdout)" = $'job\tstate\tattempt\thost\tstarted\tseconds\tended\tcommand' ]
    [ "$(awk -F '\t' 'NR == 3 {print $1, $2, $3, $4, $7, $8}' .stdout)" = "2 failed 1 $(hostname) status 2 sh -c 'exit 2; #'" ]
    must_pass eae-submit status --json "$id"
    [ "$(wc -l <.stdout)" -eq 2 ]
    /usr/bin/python3 -c 'import json; [json.loads(x) for x in open(".stdout")]'
    must_pass eae-submit ls
    [ "$(awk -F '\t' 'NR == 2 {print $1, $3, $4, $5, $6, $7, $8, $9}' .stdout)" = "$id failed local 2 0 2 0 $WORK" ]
    must_pass eae-submit run --array 3 -- true
    [ "$(eae-submit ls | wc -l)" -eq 3 ]
    [ "$(eae-submit status | wc -l)" -eq 2 ]
}

@test "the place of batches" {
    must_pass eae-submit run --dir here --array 1 -- true
    [ ! -e state ]
    [ "$(eae-submit ls --dir here | wc -l)" -eq 2 ]
    must_pass eae-submit ls
    [ "$(wc -l <.stdout)" -eq 1 ]
    HOME='' XDG_STATE_HOME='' must_fail 1 eae-submit run --array 1 -- true
    says '--dir'
}

@test "hosts and ping of this machine; it has no queues" {
    must_pass eae-submit hosts
    [ "$(awk -F '\t' 'NR == 2 {print $1, $2, $3}' .stdout)" = "$(hostname) alive $(nproc)" ]
    must_pass eae-submit hosts --json
    /usr/bin/python3 -c 'import json; d = json.load(open(".stdout")); assert d["memory"] > 0 and d["used"] == 0'
    must_pass eae-submit ping
    [ "${stdout%% *}" = "$(hostname)" ]
    must_fail 1 eae-submit queues
    says '--on local has no queues'
}

@test "logs of jobs that have none" {
    capture eae-submit run --array 1-2 -- sh -c 'test {} = 1'
    id=$(the_batch)
    must_pass eae-submit log "$id:2"
    [ -z "$stdout" ]
    must_fail 2 eae-submit log "$id"
    must_fail 1 eae-submit log "$id:3"
    says 'has the jobs 1 to 2'
    must_fail 1 eae-submit log "$id:x"
    must_fail 1 eae-submit log "nosuch:1"
    says 'no such batch'
}

@test "help of every command" {
    must_pass eae-submit --help
    for command in run status wait cancel log resume ls rm hosts queues ping work; do
        [[ $stdout == *"  $command "* ]] || fail "$command"
        capture eae-submit "$command" --help
        [ "$status" -eq 0 ]
        [[ $stdout == *"eae-submit $command"* ]] || fail "$stdout"
        must_pass eae-submit --help
    done
}
