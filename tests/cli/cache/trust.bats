#!/usr/bin/env bats
# What is damaged, half-written, or belongs to others is not used.
# shellcheck disable=SC2016,SC2154  # text for other shells; set by helpers

load ../helpers
load helpers

key() {
    eae-cache key "$@" || [ $? -eq 3 ]
}

# The one file of a room
only() {
    find "$EAE_CACHE_DIR/$1" -type f
}

@test "folders are for the owner alone, and so are files, whatever the umask" {
    umask 000
    eae-cache run -- seq 3 >/dev/null
    [ -z "$(find cache -type d ! -perm 700)" ]
    [ -z "$(find cache -type f ! -perm 600)" ]
}

@test "a damaged object is noticed before a byte of it goes out, and computed anew" {
    eae-cache run -- seq 1000 >plain
    for damage in 'printf X | dd of="$o" bs=1 seek=100 conv=notrunc' 'truncate -s 10 "$o"' 'echo >>"$o"' 'rm "$o"' ': >"$o"'; do
        o=$(only objects)
        bash -c "o=$o; $damage" 2>/dev/null
        eae-cache run -v -- seq 1000 >again 2>said
        same_bytes again plain
        if grep -q hit: said; then fail "used: $damage"; fi
        must_hit seq 1000
    done
    [ -n "$(only quarantine)" ]
    printf X | dd of="$(only objects)" bs=1 seek=100 conv=notrunc 2>/dev/null
    must_fail 3 eae-cache get "$(key -- seq 1000 || true)"
}

@test "a damaged object of some size too" {
    eae-cache run -- head -c 20000000 /dev/zero >/dev/null
    printf X | dd of="$(only objects)" bs=1 seek=19999999 conv=notrunc 2>/dev/null
    eae-cache run -v -- head -c 20000000 /dev/zero 2>said | cmp -n 20000000 - /dev/zero
    grep -q 'is damaged' said
    must_hit head -c 20000000 /dev/zero
}

@test "a damaged entry is not used, whichever byte it is" {
    eae-cache run -- seq 5 >plain
    e=$(only entries)
    cp "$e" good
    n=$(stat -c %s good)
    for at in $(seq 0 17 $((n - 1))); do
        cp good "$e"
        printf '\001' | dd of="$e" bs=1 seek="$at" conv=notrunc 2>/dev/null
        must_fail 3 eae-cache get "${e##*/}"
        rm -f cache/quarantine/*
    done
    head -c 100 good >"$e"
    eae-cache run -- seq 5 >again
    same_bytes again plain
}

@test "an entry under the key of another request is not used" {
    eae-cache run -- seq 5 >/dev/null
    eae-cache run -- seq 6 >/dev/null
    k5=$(key -- seq 5)
    k6=$(key -- seq 6)
    cp "cache/entries/${k5:0:2}/$k5" "cache/entries/${k6:0:2}/$k6"
    [ "$(eae-cache run -- seq 6 | tail -1)" = 6 ]
}

@test "links are not followed to entries and objects" {
    eae-cache run -- seq 5 >plain
    o=$(only objects)
    mv "$o" elsewhere
    ln -s "$PWD/elsewhere" "$o"
    eae-cache run -v -- seq 5 >again 2>said
    same_bytes again plain
    if grep -q hit: said; then fail "followed"; fi
}

@test "hashes are remembered of files that have not just changed, and a damaged memo is not believed" {
    head -c 300000 /dev/zero >big
    k=$(key --name x --input big)
    [ -z "$(only memo)" ]
    touch -d '2020-01-01' big
    [ "$(key --name x --input big)" = "$k" ]
    [ -z "$(only memo)" ] # its inode has just changed
    sleep 3.1
    [ "$(key --name x --input big)" = "$k" ]
    [ "$(only memo | wc -l)" -eq 1 ]
    for at in 3 20; do # in its check, in the hash
        printf X | dd of="$(only memo)" bs=1 seek=$at conv=notrunc 2>/dev/null
        [ "$(key --name x --input big)" = "$k" ]
    done
}

@test "fsck finds what is damaged, incomplete, unnamed or left behind" {
    for i in 1 2 3 4; do eae-cache run -- seq $i >/dev/null; done
    must_pass eae-cache fsck
    [ "$(tail -1 .stdout | cut -f 1-6)" = "$(printf '4\t4\t0\t0\t0\t0')" ]
    mapfile -t objects < <(only objects)
    printf X >>"${objects[0]}"
    rm "${objects[1]}"
    status=0
    eae-cache fsck >f 2>said || status=$?
    [ "$status" -eq 1 ]
    [ "$(tail -1 f | cut -f 1-5)" = "$(printf '2\t2\t1\t2\t0')" ]
    must_pass eae-cache fsck
    echo x >>"$(only entries | head -1)"
    status=0
    eae-cache fsck >f 2>said || status=$?
    [ "$status" -eq 1 ]
    [ "$(tail -1 f | cut -f 1,3,5)" = "$(printf '1\t1\t1')" ]
}

@test "the cache of another user, or one that others may write to, is refused without --trust" {
    eae-cache run -- seq 5 >plain
    chmod g+w cache
    must_fail 1 eae-cache ls
    says "writable for others"
    must_pass eae-cache ls --trust
    must_pass eae-cache run -v -- seq 5 # runs all the same, without the cache
    says "not cached"
    chmod 700 cache
    [ "$(id -u)" -eq 0 ] || skip "needs root to give files away"
    chown 12345 cache
    must_fail 1 eae-cache ls
    says "belongs to another user"
}

@test "the cache of a group: used, never written, and only if nobody else could write to it" {
    eae-cache run -- seq 5 >plain
    mv cache group
    chmod -R go+rX group
    find group -type f -exec md5sum {} + >before
    export EAE_CACHE_PATH=/no/such/place:$PWD/group
    must_hit seq 5
    grep -q 'in .*/group' said2
    same_bytes out2 plain
    find group -type f -exec md5sum {} + | cmp - before
    entries 0
    o=$(find group/objects -type f)
    for what in group group/objects "${o%/*}" "$o" group/entries; do
        chmod o+w "$what"
        eae-cache run -v -- seq 5 >again 2>said
        if grep -q hit: said; then fail "used: $what"; fi
        same_bytes again plain
        rm -r cache
        eae-cache run -v --trust -- seq 5 >again 2>said
        grep -q hit: said
        chmod o-w "$what"
    done
    printf X | dd of="$o" bs=1 seek=3 conv=notrunc 2>/dev/null
    eae-cache run -v -- seq 5 >again 2>said
    same_bytes again plain
    grep -q 'damaged' said
    [ -e "$o" ]
}

@test "a command killed with us, at any moment, leaves nothing wrong" {
    for at in 0.01 0.03 0.06 0.1 0.2; do
        bash -c 'eae-cache run -- sh -c "seq 200000; sleep 0.1; seq 200000" >/dev/null & sleep '$at'; kill -9 $!; wait' 2>/dev/null
    done
    { seq 200000; seq 200000; } >plain
    eae-cache run -- sh -c 'seq 200000; sleep 0.1; seq 200000' >again
    same_bytes again plain
    eae-cache run -- sh -c 'seq 200000; sleep 0.1; seq 200000' >again
    same_bytes again plain
    no_leftovers
    eae-cache fsck >/dev/null
}

@test "a put that is killed stores nothing, and what it left goes with the next gc" {
    k=$(key --name big)
    { head -c 20000000 /dev/zero; sleep 5; } | eae-cache put "$k" &
    p=$!
    for _ in $(seq 200); do
        [ -z "$(find cache/tmp -size +1000k)" ] || break
        sleep 0.02
    done
    [ -n "$(only tmp)" ]
    kill -9 $p
    wait $p || true
    must_fail 3 eae-cache get "$k"
    eae-cache gc >g
    [ "$(tail -1 g | cut -f 3)" -eq 1 ]
    no_leftovers
    must_fail 3 eae-cache get "$k"
}

@test "signals remove temporary files, and the child goes too" {
    for sig in TERM HUP; do # a shell has its background jobs ignore INT
        eae-cache run -- sh -c 'echo $$ >pid; seq 100000; exec sleep 100' >/dev/null &
        p=$!
        for _ in $(seq 100); do [ -s pid ] && break; sleep 0.05; done
        kill -s $sig $p
        wait $p || true
        sleep 0.2
        # gone, or dead and not yet buried
        [ ! -e "/proc/$(cat pid)" ] || grep -q '^State:.*Z' "/proc/$(cat pid)/status" || fail "still running after SIG$sig"
        [ -z "$(only tmp)" ]
        rm pid
    done
}

@test "single flight: of eight that start together one computes" {
    for i in $(seq 8); do
        eae-cache run -- sh -c 'echo x >>ran; sleep 0.5; seq 1000' >out."$i" &
    done
    wait
    [ "$(wc -l <ran)" -eq 1 ]
    for i in $(seq 8); do seq 1000 | cmp - out."$i"; done
    no_leftovers
}

@test "a lock of a process that is gone, or that nobody renews, does not hold anybody up" {
    k=$(key -- seq 7)
    echo "$(uname -n | tr -c 'A-Za-z0-9\n-' _).$(head -c 8 /proc/sys/kernel/random/boot_id).999999.12345" >cache/locks/"$k"
    timeout 5 eae-cache run -- seq 7 >/dev/null
    k=$(key -- seq 8)
    echo "elsewhere.01234567.1.1" >cache/locks/"$k"
    touch -d '-1 min' cache/locks/"$k"
    timeout 5 eae-cache run -- seq 8 >/dev/null
    no_leftovers
    k=$(key -- seq 9)
    echo "elsewhere.01234567.1.1" >cache/locks/"$k"
    status=0
    timeout 1 eae-cache run -- seq 9 >/dev/null || status=$?
    [ "$status" -eq 124 ] # it lives, as far as can be known: it is waited for
}
