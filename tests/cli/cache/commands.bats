#!/usr/bin/env bats
# The commands about keys and entries.
# shellcheck disable=SC2016,SC2154  # text for other shells; set by helpers

load ../helpers
load helpers

# key CMD...: also where there is no result yet
key() {
    eae-cache key "$@" || [ $? -eq 3 ]
}

@test "key is 3 before and 0 after, and names the same entry" {
    status=0
    eae-cache key -- seq 9 >k1 || status=$?
    [ "$status" -eq 3 ]
    eae-cache run -- seq 9 >/dev/null
    must_pass eae-cache key -- seq 9
    [ "$stdout" = "$(cat k1)" ]
    [ "$(eae-cache ls | cut -f 1 | tail -1)" = "$stdout" ]
}

@test "get gives the result by a key or its beginning, or 3" {
    eae-cache run -- seq 9 >nine
    k=$(key -- seq 9)
    eae-cache get "$k" >a
    eae-cache get "${k:0:8}" -o b
    same_bytes a nine
    same_bytes b nine
    must_fail 3 eae-cache get 0123456789abcdef0123456789abcdef
    must_fail 3 eae-cache get 0000
    must_fail 2 eae-cache get xyz
    says "not a key"
    must_fail 2 eae-cache get ../../x
}

@test "put stores what was made elsewhere under a key of a command or of a name" {
    k=$(key -- seq 9)
    echo "not really" | eae-cache put "$k"
    [ "$(eae-cache run -- seq 9)" = "not really" ]
    echo x >f
    n=$(key --name "panel 7" --input f)
    echo made >r
    eae-cache put "$n" r
    [ "$(eae-cache get "$n")" = made ]
    must_pass eae-cache key --name "panel 7" --input f
    echo y >f
    [ "$(key --name "panel 7" --input f)" != "$n" ]
    [ "$(key --name "panel 8" --input f)" != "$(key --name "panel 7" --input f)" ]
    must_fail 1 eae-cache put 0123456789abcdef0123456789abcdef r
    says "not a key that"
    must_fail 2 eae-cache put 0123 r
    must_fail 2 eae-cache key --name x -- seq 1
    must_fail 2 eae-cache key
}

@test "ls and stat: text and JSON" {
    eae-cache run -- printf 'a\tb' >/dev/null
    eae-cache ls >list
    [ "$(head -1 list)" = "$(printf 'key\tcreated\tused\tseconds\tbytes\tpinned\tcommand')" ]
    [ "$(tail -1 list | cut -f 5-7)" = "$(printf "3\t0\tprintf 'a\\\\tb'")" ]
    eae-cache ls --json | python3 -c 'import json, sys; assert json.loads(sys.stdin.read())["bytes"] == 3'
    [ "$(eae-cache stat | tail -1 | cut -f 2,3)" = "$(printf '1\t1')" ]
    eae-cache stat "$(key -- printf 'a\tb')" >s
    grep -qx 'word printf' s
    grep -qx 'word a\\\\tb' s
    must_fail 1 eae-cache stat 0000
}

@test "explain names the parts that are new, by the nearest entry; diff two entries" {
    make_matrix 20 5 m.tsv
    eae-cache run -- eae-view -q --label label --head=3 -O tsv m.tsv >/dev/null
    eae-cache run -- eae-view -q --label label --head=5 -O csv m.tsv >/dev/null
    eae-cache explain -- eae-view --label label --head=4 -O tsv m.tsv >e
    [ "$(cat e)" = "$(printf 'part\tnow\tnearest\noption --head\t4\t3')" ]
    echo >>m.tsv
    eae-cache explain -- eae-view --label label --head=3 -O tsv m.tsv >e
    [ "$(sed 1d e | cut -f 1)" = "file m.tsv" ]
    mapfile -t keys < <(eae-cache ls | sed 1d | cut -f 1)
    eae-cache diff "${keys[0]}" "${keys[1]}" >d
    [ "$(sed 1d d | cut -f 1 | sort)" = "$(printf 'option --format\noption --head')" ]
    eae-cache diff "${keys[0]}" "${keys[0]}" >d
    [ "$(wc -l <d)" -eq 1 ]
    eae-cache explain -- seq 4 >e
    grep -q '^program' e
}

@test "replay runs it again, and tells what is not as it was" {
    echo 1 >f
    mkdir sub
    (cd sub && eae-cache run -- cat ../f >/dev/null)
    k=$(cd sub && key -- cat ../f)
    must_pass eae-cache replay "$k"
    says "the same bytes"
    echo 2 >f
    must_fail 1 eae-cache replay "$k"
    says "not the same request any more: file ../f"
    eae-cache run -- sh -c 'cat "$HOME/state"; exit 0' >/dev/null 2>&1
    k=$(key -- sh -c 'cat "$HOME/state"; exit 0')
    echo new >state
    HOME=$PWD must_fail 1 eae-cache replay "$k"
    says "standard output differs from byte 0"
    echo abc | eae-cache run -- tr a b >/dev/null
    k=$(echo abc | key -- tr a b)
    echo abc >in
    must_pass eae-cache replay "$k" <in
    must_fail 1 eae-cache replay "$k" </dev/null
    says "stdin"
}

@test "gc: least recently used first, pinned and used entries stay" {
    for i in 1 2 3 4; do
        eae-cache run -- sh -c "head -c 10000 /dev/zero | tr '\0' $i" >/dev/null
        age
        find cache -exec touch -c -d "-$((600 - i)) min" {} +
    done
    mapfile -t keys < <(for i in 1 2 3 4; do key -- sh -c "head -c 10000 /dev/zero | tr '\0' $i"; done)
    i=0
    for key in "${keys[@]}"; do # of different age
        i=$((i + 1))
        touch -d "-$((60 - i)) min" "cache/entries/${key:0:2}/$key"
    done
    find cache/objects -type f -exec touch -c -d '-1 hour' {} +
    eae-cache pin "${keys[0]}"
    eae-cache gc --dry-run --max-size 25000 >dry
    entries 4
    eae-cache gc --max-size 25000 >wet
    same_bytes dry wet
    entries 2
    eae-cache get "${keys[0]}" | cmp -n 10000 - <(yes 1 | tr -d '\n')
    eae-cache get "${keys[3]}" | cmp -n 10000 - <(yes 4 | tr -d '\n')
    must_fail 3 eae-cache get "${keys[1]}"
    # both are in use now: the lease of a minute
    eae-cache gc --max-size 0 >g
    entries 2
    [ "$(tail -1 g | cut -f 4-5)" = "$(printf '1\t1')" ]
    age
    eae-cache unpin "${keys[0]}"
    eae-cache gc --max-size 0 >/dev/null
    is_empty
}

@test "gc --max-age, objects that no entry names, bad values" {
    eae-cache run -- seq 1 >/dev/null
    eae-cache run -- seq 2 >/dev/null
    age
    k=$(key -- seq 2)
    eae-cache gc --max-age 2h >/dev/null
    entries 2
    touch "cache/entries/${k:0:2}/$k"
    eae-cache gc --max-age 30m >/dev/null
    entries 1
    [ "$(eae-cache run -- seq 2 | tail -1)" = 2 ]
    rm -r cache/entries/*
    age
    eae-cache gc >/dev/null
    is_empty
    for bad in x 3 d 3y -1d ''; do must_fail 2 eae-cache gc --max-age "$bad"; done
    must_fail 2 eae-cache gc --max-size x
}

@test "help, version, unknown commands" {
    must_pass eae-cache --help
    for command in run key get put ls stat explain diff replay gc pin unpin fsck export import push pull serve; do
        grep -qE "^  $command +" .stdout
        must_pass eae-cache $command --help
        must_pass eae-cache --help
    done
    must_pass eae-cache --version
    must_pass eae-cache run --version
    must_fail 2 eae-cache
    must_fail 2 eae-cache nothing
    must_fail 2 eae-cache --input x run
    must_fail 2 eae-cache run --no-such -- true
    must_fail 1 bash -c 'exec eae-cache ls >/dev/full'
    must_fail 1 bash -c 'exec eae-cache key -- true >/dev/full'
    must_fail 1 bash -c 'exec eae-cache export >/dev/full'
}

# every object is damaged, and found to be
damage_all() {
    find cache/objects -type f | while read -r o; do printf X | dd of="$o" bs=1 conv=notrunc 2>/dev/null; done
    capture eae-cache fsck
    [ "$status" -eq 1 ]
}

@test "quarantine: fsck counts it; gc prunes it by age, and for size before anything of use" {
    eae-cache run -- seq 1000 >/dev/null
    damage_all
    [ "$(tail -1 .stdout | cut -f 3,4,8)" = "$(printf '1\t1\t2')" ]
    must_pass eae-cache fsck
    [ "$(tail -1 .stdout | cut -f 8)" -eq 2 ]
    eae-cache gc >g
    [ "$(tail -1 g | cut -f 8)" -eq 0 ]
    [ "$(tail -1 g | cut -f 6)" -gt 3893 ]
    eae-cache gc --max-age 30m >g
    [ "$(tail -1 g | cut -f 8)" -eq 0 ]
    age
    eae-cache gc --dry-run --max-age 30m >g
    [ "$(tail -1 g | cut -f 8)" -eq 2 ]
    [ "$(find cache/quarantine -type f | wc -l)" -eq 2 ]
    eae-cache gc --max-age 30m >g
    [ "$(tail -1 g | cut -f 7,8)" = "$(printf '0\t2')" ]
    [ -z "$(find cache/quarantine -type f)" ]
    eae-cache run -- seq 1000 >/dev/null
    damage_all
    eae-cache run -- seq 2000 >/dev/null
    age
    kept=$(find cache/entries cache/objects -type f -exec cat {} + | wc -c)
    eae-cache gc --max-size "$kept" >g
    [ "$(tail -1 g | cut -f 1,8)" = "$(printf '0\t2')" ]
    must_hit seq 2000
}
