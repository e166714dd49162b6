# remote.bash - for the tests of eae-submit on ssh hosts and under schedulers: `load remote` behind helpers.
#
#   make_stream FILE     a small data stream with a plan
#   make_marks N         a file `jobs` of N commands; each writes its number to marks/ and a line to ran
#   jobs_ran_once N      every one of N jobs ran exactly once
#   finished N OUT       OUT has the numbers 1 .. N, in order
#   background CMD...    runs it with standard output in out, standard error in err; its process is $client
#   wait_for SECONDS CMD...   until CMD succeeds
# shellcheck shell=bash disable=SC2034

SERVERS="$BATS_TEST_DIRNAME/../../servers"

make_stream() {
    make_matrix 40 20 matrix.tsv
    eae-view -q --label label matrix.tsv | eae-split -q --kfold 5 --repeats 4 -o "$1"
}

make_marks() { # N SECONDS
    mkdir -p marks
    for i in $(seq "$1"); do
        echo "sh -c 'echo $i >>$WORK/ran; sleep $2; echo $i'"
    done >"jobs"
}

jobs_ran_once() {
    [ "$(sort -n ran | uniq -c | awk '$1 != 1' | wc -l)" = 0 ] || fail "ran twice: $(sort -n ran | uniq -d | tr '\n' ' ')"
    [ "$(sort -n ran | tr '\n' ' ')" = "$(seq "$1" | tr '\n' ' ')" ] || fail "ran: $(sort -n ran | tr '\n' ' ')"
}

finished() {
    seq "$1" | cmp - "$2"
}

background() {
    "$@" >out 2>err &
    client=$!
}

wait_for() {
    local tries=$(($1 * 20))
    shift
    until "$@"; do
        [ $((tries -= 1)) -gt 0 ] || fail "in vain: $*
$(cat err 2>/dev/null)"
        sleep 0.05
    done
}

lines_in() { [ -f "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]; }
