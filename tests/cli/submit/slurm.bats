#!/usr/bin/env bats
# eae-submit --on slurm: a real Slurm of three nodes on loopback, and what happens when its parts die.

load ../helpers
load remote

setup_file() {
    export SITE="$BATS_FILE_TMPDIR/slurm"
    [ "$(id -u)" = 0 ] && command -v slurmctld >/dev/null && command -v munged >/dev/null || return 0
    SLURM_TEST_ARRAY=9 "$BATS_TEST_DIRNAME/../../servers/slurm" start "$SITE" 3 4
}

teardown_file() {
    [ ! -d "$SITE" ] || "$BATS_TEST_DIRNAME/../../servers/slurm" stop "$SITE"
}

setup() {
    command -v sbatch >/dev/null || skip 'there is no Slurm here'
    [ -f "$SITE/slurm.conf" ] || skip 'a private Slurm needs root, slurmctld and munged'
    WORK=$(mktemp -d "${BATS_TMPDIR:-/tmp}/eae-cli.XXXXXX")
    cd "$WORK" || return 1
    export LC_ALL=C XDG_STATE_HOME="$WORK/state" SLURM_CONF="$SITE/slurm.conf"
    unset OMP_NUM_THREADS EAE_CACHE_DIR EAE_CACHE_PATH
}

teardown() {
    cd / && rm -rf "$WORK"
}

SLURM=(eae-submit run --on slurm)

workers() {
    { grep -lzF "$WORK/" /proc/[0-9]*/cmdline 2>/dev/null || true; } |
        { xargs -r grep -lzx work 2>/dev/null || true; } | sed 's|/proc/||; s|/cmdline||'
}

nothing_waits() { [ -z "$(squeue -h)" ]; }

arrays() { squeue -h -t all -o '%F %j' | grep " eae-$1" | sort -u | wc -l; }

batch_id() { eae-submit ls | awk 'NR == 2 { print $1 }'; }

@test "a filter in 1, 3 and 20 shards: the bytes of the plain filter" {
    make_stream in.eae
    eae-rfe svm -q --step 20% <in.eae >plain.eae
    for shards in 1 3 20; do # 20: two arrays and a half
        "${SLURM[@]}" --shards "$shards" -o out.eae -- eae-rfe svm -q --step 20% <in.eae
        same_bytes plain.eae out.eae
    done
}

@test "arguments arrive as they are, in a folder with any name" {
    words=('two words' "it's" '"quoted"' '$HOME `id` $(id)' 'a;b&c|d>e<f' '*' '~' '' '-x' $'new\nline' $'\xff\xfe')
    printf '%s\0' "${words[@]}" >expected
    dir="it's a \"place\" of \$HOME; %j"
    mkdir "$dir"
    "${SLURM[@]}" --dir "$dir" --array 1-1 -- printf '%s\0' "${words[@]}" >out
    same_bytes expected out
}

@test "many jobs are a few arrays, and their log files do not stay" {
    make_marks 40 0
    "${SLURM[@]}" -v --chunk 2 jobs >out 2>err
    finished 40 out
    jobs_ran_once 40
    batch=$(sed -n 's/.*batch \([0-9a-f]*\).*/\1/p' err | head -1)
    [ "$(arrays "$batch")" = 3 ] || fail "$(arrays "$batch") arrays of $batch"
    [ -z "$(find state -name 'worker.*')" ] || fail 'logs of workers stay'
}

@test "what the user asks for is handed to Slurm" {
    must_pass "${SLURM[@]}" --queue small --time 5 --mem 100 --array 1-1 -- sh -c \
        'scontrol -o show job $SLURM_JOB_ID'
    for word in Partition=small TimeLimit=00:05:00 MinMemoryNode=100M Requeue=0; do
        case $stdout in *"$word"*) ;; *) fail "no $word in $stdout" ;; esac
    done
}

@test "refused: one line, status 1, nothing waits" {
    make_marks 3 0
    must_fail 1 "${SLURM[@]}" --queue nosuch jobs
    says 'invalid partition specified: nosuch'
    [ "$(wc -l <"$WORK/.stderr")" -le 2 ] || fail "$stderr"
    must_fail 1 "${SLURM[@]}" --mem 1000000000 jobs
    says 'sbatch: '
    must_fail 1 timeout 10 "${SLURM[@]}" --mem 1000000000 jobs # goes on, and is refused again
    nothing_waits
    [ ! -e ran ]
}

@test "no Slurm, or one that does not answer: one line, status 1" {
    make_marks 1 0
    must_fail 1 env PATH="$(dirname "$(command -v eae-submit)")" eae-submit run --on slurm jobs
    says 'there is no sbatch on PATH'
    mkdir bin
    printf '#!/bin/sh\nsleep 100\n' >bin/scontrol
    chmod +x bin/scontrol
    must_fail 1 env PATH="$PWD/bin:$PATH" SUBMIT_CLIENT_TIMEOUT=0.3 eae-submit run --on slurm jobs
    says 'scontrol: did not answer in time'
}

@test "an answer of sbatch that is lost: the jobs are found, and not submitted again" {
    mkdir bin
    printf '#!/bin/sh\n%s "$@" >/dev/null; echo x >>%q; exec sleep 100\n' "$(command -v sbatch)" "$WORK/calls" >bin/sbatch
    chmod +x bin/sbatch
    make_marks 6 0
    PATH="$PWD/bin:$PATH" SUBMIT_CLIENT_TIMEOUT=1 "${SLURM[@]}" --chunk 2 jobs >out 2>err || fail "$(cat err)"
    finished 6 out
    jobs_ran_once 6
    [ "$(wc -l <calls)" = 1 ]
}

@test "polls that fail, or come back empty, are not failed jobs" {
    mkdir bin
    printf '#!/bin/sh\n' >bin/squeue
    cat >>bin/squeue <<END
n=\$(cat "$WORK/polls" 2>/dev/null || echo 0)
echo \$((n + 1)) >"$WORK/polls"
case \$n in
0 | 2) echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1 ;;
1) exit 0 ;;
3) echo garbage; exit 0 ;;
esac
exec $(command -v squeue) "\$@"
END
    chmod +x bin/squeue
    make_marks 6 1.5
    PATH="$PWD/bin:$PATH" "${SLURM[@]}" --chunk 2 jobs >out 2>err || fail "$(cat err)"
    finished 6 out
    jobs_ran_once 6
    [ "$(cat polls)" -ge 3 ]
}

@test "killed client: what runs goes on, nothing is submitted or run twice" {
    make_marks 12 0.5
    background "${SLURM[@]}" --chunk 2 jobs
    wait_for 20 lines_in ran 3
    kill -9 $client
    wait $client || true
    "${SLURM[@]}" --chunk 2 jobs >out 2>err
    finished 12 out
    jobs_ran_once 12
}

@test "a worker that is killed: its job runs again" {
    make_marks 4 1.5
    background "${SLURM[@]}" --chunk 1 --grace 0.2 jobs
    wait_for 20 lines_in ran 4
    kill -9 $(workers | head -1)
    wait $client || fail "$(cat err)"
    finished 4 out
    [ "$(wc -l <ran)" = 5 ] || fail "$(cat ran)"
}

@test "cancelled: waiting and running jobs are ended" {
    make_marks 14 60
    background "${SLURM[@]}" --chunk 1 --grace 1 jobs
    wait_for 20 lines_in ran 3
    must_pass eae-submit cancel "$(batch_id)"
    status=0
    wait $client || status=$?
    [ "$status" -eq 1 ] || fail "$status: $(cat err)"
    wait_for 10 nothing_waits || fail "$(squeue)"
    wait_for 10 eval '[ -z "$(workers)" ]'
}

@test "hosts, queues and ping" {
    must_pass eae-submit hosts --on slurm
    [ "$(echo "$stdout" | grep -c '^n[123]	')" = 3 ] || fail "$stdout"
    must_pass eae-submit queues --on slurm
    echo "$stdout" | grep -q '^main	' || fail "$stdout"
    echo "$stdout" | grep -q '^small	' || fail "$stdout"
    must_pass eae-submit ping --on slurm
    case $stdout in slurm*' is UP') ;; *) fail "$stdout" ;; esac
}

@test "slurmctld dies and comes back: nothing is lost, nothing runs twice" {
    make_marks 8 1
    background env SUBMIT_CLIENT_TIMEOUT=1 "${SLURM[@]}" --chunk 1 jobs
    wait_for 20 lines_in ran 2
    "$SERVERS/slurm" down "$SITE"
    sleep 1
    "$SERVERS/slurm" up "$SITE"
    wait $client || fail "$(cat err)"
    finished 8 out
    jobs_ran_once 8
}
