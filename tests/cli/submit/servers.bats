#!/usr/bin/env bats
# The private servers of the tests end with the process that started them, however that ends.

# stdout and status are set by helpers
# shellcheck disable=SC2154
load ../helpers
load remote

# A process that starts a server and stays until it is killed; its number is $owner.
start_by() {
    bash -c '"$@" >out 2>err && touch started && exec sleep 300' start "$@" 3>&- &
    owner=$!
    wait_for 30 test -e started
}

kill_owner() {
    kill -9 $owner
    wait $owner || true
}

processes_of() { pgrep -f "$1" || true; }
none_of() { [ -z "$(processes_of "$1")" ]; }

@test "sshd: hosts, connections and what runs there" {
    command -v ssh >/dev/null && { command -v sshd >/dev/null || [ -x /usr/sbin/sshd ]; } || skip 'no OpenSSH server here'
    start_by "$SERVERS/sshd" start "$WORK/hosts" 2
    hosts/bin/ssh h2 'setsid sleep 291 </dev/null >/dev/null 2>&1 & sleep 292' 3>&- &
    wait_for 10 pgrep -fx 'sleep 292'
    kill_owner
    wait_for 20 none_of "$WORK/hosts"
    wait_for 5 none_of '^sleep 29[12]'
}

@test "sshd: stopped in order, nothing stays to watch" {
    command -v sshd >/dev/null || [ -x /usr/sbin/sshd ] || skip 'no OpenSSH server here'
    "$SERVERS/sshd" start "$WORK/hosts" 1
    pgrep -f "after wait $WORK/hosts"
    "$SERVERS/sshd" stop "$WORK/hosts"
    wait_for 5 none_of "$WORK/hosts"
}

@test "slurm: all of its daemons" {
    [ "$(id -u)" -eq 0 ] && command -v slurmctld slurmd munged >/dev/null || skip 'no Slurm here, or not root'
    start_by "$SERVERS/slurm" start "$WORK/site" 2 2
    pids=$(cat site/run/*.pid)
    [ "$(echo "$pids" | wc -l)" -eq 4 ]
    kill_owner
    for pid in $pids; do wait_for 30 sh -c "! kill -0 $pid 2>/dev/null"; done
    wait_for 5 none_of "after wait $WORK/site"
}

@test "stand-ins of OpenLava: their jobs" {
    start_by "$SERVERS/lsf" start "$WORK/site"
    printf 'sleep 293\n' | PATH=$PWD/site/bin:$PATH LSF_ENVDIR=$PWD/site bsub -J 'x[1-2]' 3>&-
    wait_for 10 pgrep -fx 'sleep 293'
    kill_owner
    wait_for 20 none_of '^sleep 293'
}
