#!/usr/bin/env bats
# eae-submit --on ssh: real sshd servers on loopback. What arrives, what it costs when connections, servants,
# workers and whole hosts die, and what is refused.

load ../helpers
load remote

setup_file() {
    export HOSTS="$BATS_FILE_TMPDIR/ssh"
    command -v ssh >/dev/null && { command -v sshd >/dev/null || [ -x /usr/sbin/sshd ]; } || return 0
    "$BATS_TEST_DIRNAME/../../servers/sshd" start "$HOSTS" 3
}

teardown_file() {
    "$BATS_TEST_DIRNAME/../../servers/sshd" stop "$HOSTS"
}

setup() {
    [ -f "$HOSTS/ssh_config" ] || skip 'there is no OpenSSH server here'
    WORK=$(mktemp -d "${BATS_TMPDIR:-/tmp}/eae-cli.XXXXXX")
    cd "$WORK" || return 1
    export LC_ALL=C PATH="$HOSTS/bin:$PATH" XDG_STATE_HOME="$WORK/state"
    unset OMP_NUM_THREADS EAE_CACHE_DIR EAE_CACHE_PATH
}

teardown() {
    cd / && rm -rf "$WORK"
    for host in h1 h2 h3; do # as they were before
        for pid in $(server pids "$host"); do kill -9 "$pid" || true; done
        rm -rf "$HOSTS/$host/home/.local" "$HOSTS/$host/bin"/*
        : >"$HOSTS/$host/home/.bashrc"
        [ -s "$HOSTS/$host/pid" ] || server up "$host"
    done
}

server() { "$SERVERS/sshd" "$1" "$HOSTS" "${@:2}"; }

SSH=(eae-submit run --on ssh --hosts h1,h2,h3)

# Processes of a host whose command line has that word.
those() {
    for pid in $(server pids "$1"); do
        ! grep -qzx "$2" "/proc/$pid/cmdline" 2>/dev/null || echo "$pid"
    done
}
workers() { those "$1" work; }
servants() { those "$1" serve; }

nothing_runs() { [ -z "$(server pids h1; server pids h2; server pids h3)" ]; }

@test "a filter in 1, 3 and 20 shards on three hosts: the bytes of the plain filter" {
    make_stream in.eae
    eae-rfe svm -q --step 20% <in.eae >plain.eae
    for shards in 1 3 20; do
        "${SSH[@]}" --shards "$shards" -o out.eae -- eae-rfe svm -q --step 20% <in.eae
        same_bytes plain.eae out.eae
    done
}

@test "arguments arrive as they are" {
    words=('two words' "it's" '"quoted"' '$HOME `id` $(id)' 'a;b&c|d>e<f' '*' '~' '' '-x' $'new\nline' $'\t' $'\xff\xfe\xc3')
    printf '%s\0' "${words[@]}" >expected
    "${SSH[@]}" --array 1-1 -- printf '%s\0' "${words[@]}" >out
    same_bytes expected out
}

@test "jobs get the client's directory where the host has it, and another where it has not" {
    must_pass "${SSH[@]}" --array 1-1 -- pwd
    [ "$stdout" = "$WORK" ]
    mkdir gone && cd gone
    printf '#!/bin/sh\nrmdir %q 2>/dev/null\nexec %q "$@"\n' "$WORK/gone" "$(command -v eae-submit)" >"$HOSTS/h1/bin/eae-submit"
    chmod +x "$HOSTS/h1/bin/eae-submit"
    must_pass eae-submit run --on ssh --hosts h1 --array 1-1 -- pwd
    case $stdout in "$HOSTS"/h1/home/.local/state/eae/hosted/*/cwd) ;; *) fail "$stdout" ;; esac
}

@test "files of --input are brought to a host that lacks them" {
    mkdir -p sub/data
    echo wanted >sub/data/sets.gmt
    cd sub
    must_fail 1 eae-submit run --on ssh --hosts h1 --input no/such --array 1-1 -- cat no/such
    says 'no/such'
    unshare -m true 2>/dev/null || skip 'a host without the folder needs a mount of its own'
    { # the folder is not there, for what this host runs
        printf '#!/bin/sh\n[ "$1" = serve ] || exec %q "$@"\n' "$(command -v eae-submit)"
        printf 'exec unshare -m sh -c "mount -t tmpfs none %q; exec %q serve"\n' "$WORK" "$(command -v eae-submit)"
    } >"$HOSTS/h1/bin/eae-submit"
    chmod +x "$HOSTS/h1/bin/eae-submit"
    must_fail_with_output eae-submit run --on ssh --hosts h1 --array 1-1 -- cat data/sets.gmt
    must_pass eae-submit run --on ssh --hosts h1 --input data/sets.gmt --array 1-1 -- sh -c 'cat data/sets.gmt; pwd'
    case $stdout in wanted*"/h1/home/.local/state/eae/hosted/"*/cwd) ;; *) fail "$stdout" ;; esac
}

@test "outputs come in the order of the jobs, logs and status with them" {
    printf 'sh -c "echo %s; echo said >&2; exit %s"\n' a 0 b 3 c 0 >jobs
    must_fail_with_output "${SSH[@]}" jobs
    [ "$stdout" = "a
c" ] || fail "$stdout"
    says 'job 2'
    says 'said'
}

must_fail_with_output() {
    capture "$@"
    [ "$status" -eq 1 ] || fail "status $status: $stderr"
}

@test "what a login shell prints and reads does no harm" {
    for host in h1 h2 h3; do
        printf 'echo "Welcome to %s"; head -c 5000 /dev/zero; echo oops >&2\n' "$host" >"$HOSTS/$host/home/.bashrc"
    done
    make_marks 6 0
    "${SSH[@]}" jobs >out
    finished 6 out
}

@test "one host of several that cannot be reached is named, and left out" {
    server kill h2
    make_marks 6 0
    must_pass "${SSH[@]}" jobs
    says 'h2: '
    says 'going on without it'
    [ "$stdout" = "$(seq 6)" ]
    jobs_ran_once 6
}

@test "no host: one line, status 1" {
    make_marks 2 0
    must_fail 1 eae-submit run --on ssh --hosts nosuch.invalid jobs
    says 'nosuch.invalid: Could not resolve hostname'
    server kill h3
    must_fail 1 eae-submit run --on ssh --hosts h3 jobs
    says 'Connection refused'
    [ ! -e ran ]
}

@test "a refused key: one line, status 1" {
    make_marks 2 0
    mv "$HOSTS/authorized_keys" "$HOSTS/away"
    capture eae-submit run --on ssh --hosts h1 jobs
    mv "$HOSTS/away" "$HOSTS/authorized_keys"
    [ "$status" -eq 1 ] && [ "$(wc -l <"$WORK/.stderr")" = 1 ] || fail "$stderr"
    says 'Permission denied'
}

@test "a host that accepts and never answers is given up after --connect-timeout" {
    make_marks 2 0
    server freeze h1
    capture timeout 20 eae-submit run --on ssh --hosts h1 --connect-timeout 1 jobs
    server thaw h1
    [ "$status" -eq 1 ] || fail "$status $stderr"
    says 'timed out'
}

@test "no eae-submit on the host; --remote-path says where it is" {
    make_marks 2 0
    must_fail 1 eae-submit run --on ssh --hosts h1 --remote-path /no/such/eae-submit jobs
    says 'h1: '
    says '/no/such/eae-submit'
    must_fail 2 eae-submit run --on ssh --hosts h1 --remote-path '/bin/x;id' jobs
    must_pass eae-submit run --on ssh --hosts h1 --remote-path "$(command -v eae-submit)" jobs
    [ "$stdout" = "$(seq 2)" ]
}

@test "another program that answers" {
    make_marks 2 0
    printf '#!/bin/sh\nhead -c 100000 /dev/zero; sleep 100\n' >"$HOSTS/h1/bin/eae-submit"
    chmod +x "$HOSTS/h1/bin/eae-submit"
    must_fail 1 timeout 20 eae-submit run --on ssh --hosts h1 jobs
    says 'what answers is not eae-submit'
}

@test "hosts that are options, or commands, are refused" {
    make_marks 2 0
    for name in '-oProxyCommand=touch\ bad' '-h' '$(touch bad)' 'h1;touch bad' '@h1' 'h1 h2' 'h1,,h2' '0/h1'; do
        must_fail 2 eae-submit run --on ssh "--hosts=$name" jobs
    done
    must_fail 2 eae-submit run --on ssh jobs
    says '--hosts'
    [ ! -e bad ] && [ ! -e ran ]
}

@test "hosts that would give other bytes are refused for filters, unless --mixed" {
    make_stream in.eae
    printf '#!/bin/sh\nEAE_BACKEND=ref exec %q "$@"\n' "$(command -v eae-submit)" >"$HOSTS/h1/bin/eae-submit"
    printf 'exec env OPENBLAS_CORETYPE=Nehalem %q "$@"\n' "$(command -v eae-submit)" >"$HOSTS/h1/bin/eae-submit"
    chmod +x "$HOSTS/h1/bin/eae-submit"
    unset OPENBLAS_CORETYPE
    must_fail 1 eae-submit run --on ssh --hosts h1 --shards 2 -- eae-rfe svm -q --step 50% <in.eae
    says 'may give other bytes'
    says '--mixed'
    must_pass eae-submit run --on ssh --hosts h1 --array 1-1 -- echo plain commands may run anywhere
    must_pass eae-submit run --on ssh --hosts h1 --mixed --shards 2 -- eae-rfe svm -q --step 50% <in.eae
}

@test "killed client: what runs goes on, what is done is fetched, nothing runs twice" {
    make_marks 12 0.4
    background "${SSH[@]}" --slots 1 --chunk 2 jobs
    wait_for 10 lines_in ran 3
    kill -9 $client
    wait $client || true
    "${SSH[@]}" --slots 1 --chunk 2 jobs >out 2>err
    finished 12 out
    jobs_ran_once 12
    wait_for 5 nothing_runs
}

@test "a connection that breaks: nothing is lost, nothing runs twice" {
    make_marks 12 0.3
    background "${SSH[@]}" --slots 1 --chunk 2 jobs
    wait_for 10 lines_in ran 3
    server cut h1
    kill -9 $(servants h2)
    wait $client || fail "$(cat err)"
    finished 12 out
    jobs_ran_once 12
}

@test "a host that dies with its jobs: they run elsewhere" {
    make_marks 12 0.3
    background "${SSH[@]}" --slots 1 --chunk 1 --host-timeout 0.5 jobs
    wait_for 10 lines_in ran 3
    server kill h2
    wait $client || fail "$(cat err)"
    finished 12 out
    [ "$(sort -n ran | uniq -c | awk '$1 > 2' | wc -l)" = 0 ]
    [ "$(sort -n ran | uniq -d | wc -l)" -le 1 ]
}

@test "a host that freezes with its connection: it is given up in bounded time, and its jobs run elsewhere" {
    make_marks 12 0.3
    background timeout 60 "${SSH[@]}" -v --slots 1 --chunk 1 --connect-timeout 1 --host-timeout 4 jobs
    wait_for 10 lines_in ran 3
    server freeze h2
    wait $client || fail "$(cat err)"
    finished 12 out
    grep -q 'h2: it is silent; it is tried again' err
    server thaw h2
}

@test "a connection, a servant or our ssh that freezes: another takes its place, nothing is lost or runs twice" {
    make_marks 9 3
    background timeout 60 "${SSH[@]}" -v --slots 1 --chunk 1 --host-timeout 10 jobs
    wait_for 10 lines_in ran 3
    server stall h1
    kill -STOP $(servants h2)
    kill -STOP "$(pgrep -f "$HOSTS/ssh_config .*-- h3 exec")"
    wait $client || fail "$(cat err)"
    finished 9 out
    jobs_ran_once 9
    for host in h1 h2 h3; do grep -q "$host: it is silent; it is tried again" err || fail "$host: $(cat err)"; done
    server thaw h1
}

@test "a worker that is killed: its job runs again, and only that" {
    make_marks 8 0.4
    background "${SSH[@]}" --slots 1 --chunk 2 jobs
    wait_for 10 lines_in ran 2
    kill -9 $(workers h1)
    wait $client || fail "$(cat err)"
    finished 8 out
    [ "$(sort -n ran | uniq -d | wc -l)" -le 1 ]
}

@test "cancelled: the jobs on the hosts are ended" {
    make_marks 9 30
    background "${SSH[@]}" --slots 1 jobs
    wait_for 10 lines_in ran 3
    id=$(eae-submit ls | awk 'NR == 2 { print $1 }')
    must_pass eae-submit cancel "$id"
    status=0
    wait $client || status=$?
    [ "$status" -eq 1 ] || fail "$status: $(cat err)"
    wait_for 5 nothing_runs
    must_pass eae-submit status "$id"
    [ "$(echo "$stdout" | grep -c cancelled)" -ge 1 ]
}

@test "the input is sent to a host once" {
    make_stream in.eae
    for i in 1 2; do
        eae-submit run --on ssh --hosts h1 --fresh --shards 3 -o out.eae -- eae-rfe svm -q --step 50% <in.eae
    done
    objects="$HOSTS/h1/home/.local/state/eae/hosted/objects"
    [ "$(ls "$objects" | wc -l)" = 1 ]
    same_bytes in.eae "$objects"/*
    wait_for 5 nothing_runs
    [ "$(ls "$HOSTS/h1/home/.local/state/eae/hosted")" = objects ] || fail 'folders of batches stay'
}

@test "hosts and ping tell who is there" {
    server kill h3
    must_pass eae-submit hosts --on ssh --hosts h1,h2,h3
    [ "$(echo "$stdout" | grep -c alive)" = 2 ] || fail "$stdout"
    echo "$stdout" | grep h3 | grep -q 'down.*refused' || fail "$stdout"
    must_pass eae-submit ping --on ssh --hosts h1,h2
    [ "$(echo "$stdout" | grep -o 'is alive' | wc -l)" = 2 ] || fail "$stdout"
    must_fail 1 eae-submit ping --on ssh --hosts h1,h3
    says 'h3 is down'
}

@test "options of a resume reach the hosts: time-out, log, threads" {
    printf '%s\n' "sh -c 'echo \$OMP_NUM_THREADS; head -c 5000 /dev/zero | tr \"\\\\0\" x >&2; [ -e $WORK/again ] || exit 1'" \
        "sh -c '[ -e $WORK/again ] || exit 1; sleep 30'" >list
    capture eae-submit run --on ssh --hosts h1,h2 --timeout 40 --log-max 4K -t 3 list
    [ "$status" -eq 1 ]
    id=$(eae-submit ls | awk -F '\t' 'NR == 2 {print $1}')
    [ "$(eae-submit log --stdout "$id:1")" = 3 ]
    touch again
    capture eae-submit resume --timeout 0.5 --log-max 1K -t 2 "$id"
    [ "$status" -eq 1 ]
    [ "$stdout" = 2 ]
    says 'job 2: timed out'
    [ "$(eae-submit log "$id:1" | wc -c)" -lt 1200 ]
}
