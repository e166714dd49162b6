# sshd.bash - a private sshd on the loopback, with keys of its own, that lets in whoever runs the tests.
#
#   start_sshd NAME=VALUE   host "here" for ssh (first on PATH from now on); commands there get the
#                           variable and our PATH
#   stop_sshd               as the end of the test does, however it ends
# shellcheck shell=bash

start_sshd() {
    local sshd port
    sshd=$(command -v sshd || echo /usr/sbin/sshd)
    [ -x "$sshd" ] || skip "no sshd (scripts/deps check)"
    [ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f user
    ssh-keygen -q -t ed25519 -N '' -f host
    cp user.pub authorized
    cat >sshd_config <<C
HostKey $PWD/host
PidFile $PWD/sshd.pid
AuthorizedKeysFile $PWD/authorized
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
SetEnv $1 PATH=$PATH
C
    for _ in 1 2 3 4 5 6 7 8; do # until there is a free port
        port=$((20000 + RANDOM % 20000))
        "$sshd" -f sshd_config -o "ListenAddress=127.0.0.1:$port" -E sshd.log && break
    done
    for _ in $(seq 100); do [ -s sshd.pid ] && break; sleep 0.05; done
    "$BATS_TEST_DIRNAME/../../servers/after" begin "$WORK" $$ kill "$(cat sshd.pid)"
    echo "[127.0.0.1]:$port $(cut -d' ' -f 1,2 host.pub)" >known
    cat >ssh_config <<C
Host here
    HostName 127.0.0.1
    Port $port
    User $(id -un)
    IdentityFile $PWD/user
    IdentitiesOnly yes
    UserKnownHostsFile $PWD/known
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
C
    mkdir -p bin
    printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(command -v ssh)" "$PWD/ssh_config" >bin/ssh
    chmod +x bin/ssh
    PATH=$PWD/bin:$PATH
}

stop_sshd() {
    "$BATS_TEST_DIRNAME/../../servers/after" end "$WORK"
    [ ! -s "$WORK/sshd.pid" ] || kill "$(cat "$WORK/sshd.pid")" 2>/dev/null || true
}
