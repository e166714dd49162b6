#!/usr/bin/env bats
# export and import, push and pull: what goes over is whole, and nothing else is taken.
# shellcheck disable=SC2016,SC2089,SC2090,SC2154  # text for others; set by helpers

load ../helpers
load helpers
load sshd

teardown() {
    stop_sshd
    cd / && rm -rf "$WORK"
}

fill() {
    eae-cache run -- seq 10 >/dev/null
    eae-cache run -- sh -c 'echo out; echo err >&2' >/dev/null 2>&1
    eae-cache run -- head -c 9000000 /dev/zero >/dev/null
    eae-cache run -- true
}

other() {
    EAE_CACHE_DIR=$WORK/other eae-cache "$@"
}

same_entries() {
    diff <(eae-cache ls | cut -f 1,2,4,5,7) <(other ls | cut -f 1,2,4,5,7)
}

@test "export and import, plain and compressed" {
    fill
    for name in a.tar a.tar.gz a.tgz a.tar.zst; do
        eae-cache export -q -o $name
        rm -rf other
        other import $name
        same_entries
        other fsck >f
        [ "$(tail -1 f | cut -f 1-5)" = "$(printf '4\t4\t0\t0\t0')" ]
    done
    tar tf a.tar >list
    [ "$(grep -c '^objects/' list)" -eq 4 ]
    [ "$(stat -c %s a.tar.zst)" -lt 100000 ]
    rm -rf other
    eae-cache export -q | other import -q
    same_entries
    k=$(eae-cache key -- seq 10)
    rm -rf other
    eae-cache export -q "$k" | other import -q
    [ "$(other ls | sed 1d | cut -f 1)" = "$k" ]
}

# tar_of NAME CONTENT [python of member m]: one member
tar_of() {
    python3 - "$@" <<'P'
import io, sys, tarfile
name, content = sys.argv[1], sys.argv[2].encode()
with tarfile.open('bad.tar', 'w') as t:
    m = tarfile.TarInfo(name)
    m.size = len(content)
    if len(sys.argv) > 3:
        exec(sys.argv[3])
    t.addfile(m, io.BytesIO(content))
P
}

@test "import takes only names that match their contents, and no paths of any other kind" {
    fill
    eae-cache export -q -o a.tar
    mkdir x && tar xf a.tar -C x
    o=$(find x/objects -type f -size -5000c | head -1)
    hash=${o##*/}
    for name in /etc/x ../x objects/../x "objects/../../$hash" "/objects/$hash" "objects/${hash}x" "objects/${hash:1}" \
        "./objects/$hash" "tmp/$hash" "memo/$hash" "pins/$hash" "objects/${hash^^}" "objects/$hash/"; do
        tar_of "$name" "$(cat "$o")"
        must_fail 1 other import bad.tar
    done
    tar_of "objects/$hash" wrong
    must_fail 1 other import bad.tar
    says "another hash"
    tar_of "objects/$hash" "" 'm.type, m.linkname = tarfile.SYMTYPE, "/etc/passwd"'
    must_fail 1 other import bad.tar
    tar_of "objects/$hash" "" 'm.type, m.linkname = tarfile.LNKTYPE, "objects/x"'
    must_fail 1 other import bad.tar
    tar_of "objects/$hash" "" 'm.type = tarfile.DIRTYPE'
    must_fail 1 other import bad.tar
    tar_of "objects/$hash" "" 'm.type = tarfile.FIFOTYPE'
    must_fail 1 other import bad.tar
    e=$(find x/entries -type f | head -1)
    tar_of "entries/$hash" "$(cat "$e")"
    must_fail 1 other import bad.tar
    says "not the entry"
    [ -z "$(find other/objects other/entries other/tmp -type f)" ]
    head -c 3000 a.tar >cut.tar
    must_fail 1 other import cut.tar
    must_fail 1 other import no.tar
    echo "this is no archive" >text
    must_fail 1 other import text
}

@test "import refuses an entry without its object, by its name, unless the object is here" {
    eae-cache run -- seq 10 >/dev/null
    eae-cache run -- true
    eae-cache export -q -o a.tar
    mkdir x && tar xf a.tar -C x
    k=$(eae-cache key -- seq 10) none=$(eae-cache key -- true)
    tar cf entries.tar -C x "entries/$none" "entries/$k"
    must_fail 1 other import entries.tar
    says "entries/$k names an object"
    [ "$(other ls | sed 1d | cut -f 1)" = "$none" ] # what was whole came
    [ -z "$(find other/tmp -type f)" ]
    other fsck >f
    [ "$(tail -1 f | cut -f 1-4)" = "$(printf '1\t0\t0\t0')" ]
    tar cf objects.tar -C x "$(cd x && find objects -type f)"
    must_pass other import objects.tar
    must_pass other import entries.tar
    same_entries
    : >"$(find other/objects -type f)" # one of another length
    rm other/entries/*/"$k"
    must_fail 1 other import entries.tar
    [ "$(other ls | sed 1d | cut -f 1)" = "$none" ]
}

@test "push and pull send what is missing, and only that" {
    start_sshd "EAE_CACHE_DIR=$WORK/other"
    fill
    must_pass timeout 60 eae-cache push here
    says "4 entries, 4 objects, 9000"
    same_entries
    must_pass timeout 60 eae-cache push here
    says "0 entries, 0 objects, 0 bytes"
    eae-cache run -- seq 11 >/dev/null
    must_pass timeout 60 eae-cache push here
    says "1 entries, 1 objects, "
    rm -rf cache
    k=$(other key -- seq 10)
    must_pass timeout 60 eae-cache pull here "$k"
    says "1 entries, 1 objects, 21 bytes"
    must_pass timeout 60 eae-cache pull here
    says "4 entries"
    same_entries
    must_hit seq 11
    # a damaged object is not sent on
    o=$(find cache/objects -type f -size -5000c | head -1)
    echo x >>"$o"
    rm -rf other
    must_pass timeout 60 eae-cache push here
    says "is damaged"
    other fsck >/dev/null
}

@test "hosts are names, never options or text for a shell" {
    for host in -oProxyCommand=x 'a b' 'a;b' '' '.x' '$(x)' "a'b" 'a/b'; do
        must_fail 2 eae-cache push -- "$host"
        must_fail 2 eae-cache pull -- "$host"
    done
}

@test "a host that is not there, and one that speaks otherwise" {
    start_sshd "EAE_CACHE_DIR=$WORK/other"
    must_fail 1 timeout 60 eae-cache push nowhere.invalid
    printf '#!/bin/sh\necho "Welcome to a host that talks"; cat >/dev/null\n' >bin/ssh
    must_fail 1 timeout 60 eae-cache pull here
    says "does not speak"
    printf '#!/bin/sh\nexit 5\n' >bin/ssh
    must_fail 1 timeout 60 eae-cache push here
}

# frame KIND BYTES...: as exchange.h says; BYTES are printf's
frame() {
    python3 -c 'import sys; b = eval(sys.argv[2]); sys.stdout.buffer.write(sys.argv[1].encode() + len(b).to_bytes(8, "little") + b)' "$1" "$2"
}

@test "serve takes no wrong hash, no length beyond its limits, no unknown word" {
    hello() { frame H 'b"eae-cache 1"'; }
    eae-cache run -- seq 3 >/dev/null
    {
        hello
        frame o 'b"0123456789abcdef" + b"content"'
    } >said.bin
    status=0
    other serve <said.bin >answer 2>said || status=$?
    [ "$status" -eq 1 ]
    grep -q 'another hash' said
    [ -z "$(find other/objects other/tmp -type f)" ]
    for bad in 'z b""' 'e b"0123456789abcdef"+b"eae-cache entry 1\n"' 'q b"123"' 'o b""' 'L b"x"' 'D b"x"' 'K b""'; do
        {
            hello
            # shellcheck disable=SC2086
            frame ${bad%% *} "${bad#* }"
        } >said.bin
        status=0
        other serve <said.bin >answer 2>said || status=$?
        [ "$status" -eq 1 ] || fail "taken: $bad"
    done
    { hello; printf 'e\377\377\377\377\377\377\377\177'; } >said.bin
    must_fail_serve
    { hello; printf 'q\377\377\377\377\377\377\377\177'; } >said.bin
    must_fail_serve
    { hello; printf '\0\0\0\0\0\0\0\0\0'; } >said.bin
    must_fail_serve
    frame H 'b"eae-cache 2"' >said.bin
    must_fail_serve
    frame H 'b"eae-cache 1"' | head -c 10 >said.bin
    must_fail_serve
}

must_fail_serve() {
    status=0
    other serve <said.bin >answer 2>said || status=$?
    [ "$status" -eq 1 ] || fail "status $status"
}
