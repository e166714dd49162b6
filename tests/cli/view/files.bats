#!/usr/bin/env bats
# Output files appear whole or not at all, links stay links, and signals leave nothing behind.

load ../helpers

nothing_left() {
    [ -z "$(find . -name '*.tmp.*')" ] || fail "left: $(find . -name '*.tmp.*')"
}

# Starts CMD, waits until its temporary file is there, sends the signal. Shells start what runs in the
# background with SIGINT ignored, and nohup hands on an ignored SIGHUP: env sets them back.
interrupt() {
    local signal=$1 waited=0
    shift
    env --default-signal="$signal" "$@" 2>.stderr &
    local pid=$!
    while [ -z "$(find . -name 'out.eae.tmp.*')" ]; do
        sleep 0.02
        waited=$((waited + 1))
        [ $waited -lt 500 ] || fail "no temporary file"
    done
    kill -"$signal" $pid
    status=0
    wait $pid || status=$?
    [ "$status" -ge 128 ] || fail "not ended by the signal: $status"
    nothing_left
    [ ! -e out.eae ] || fail "half a file"
}

@test "signals leave no temporary file" {
    interrupt TERM eae-synth --rows 300000 --cols 2000 -o out.eae
    interrupt HUP eae-synth --rows 300000 --cols 2000 -o out.eae
    interrupt INT eae-synth --rows 300000 --cols 2000 -o out.eae
}

@test "a limit on the size of files is an error like a full disk" {
    (ulimit -f 1 && must_fail 1 eae-synth --rows 1000 -o out.eae && says "out.eae: cannot write")
    [ ! -e out.eae ]
    nothing_left
}

@test "a temporary file that is too large names its folder" {
    eae-synth -q --rows 50 --cols 9000 >x.eae
    cat >spill <<'EOF'
ulimit -f 4
cat x.eae | eae-view -q --memory 1K --tmpdir . --hash
EOF
    must_fail 1 sh spill
    says "temporary file in . (--tmpdir): cannot write"
}

@test "an empty file name is a mistake of the command line" {
    make_matrix 4 2 m.tsv
    must_fail 2 eae-view -q m.tsv -o ''
    says "--output: an empty file name"
}

@test "a link is written through, also where it leads to nothing yet" {
    make_matrix 4 2 m.tsv
    mkdir sub
    ln -s sub/new.eae link.eae
    must_pass eae-view -q --label label m.tsv -o link.eae
    [ -L link.eae ]
    [ -f sub/new.eae ]
    must_pass eae-view -q --label label m.tsv -o link.eae
    [ -L link.eae ]
    ln -s loop loop
    must_fail 1 eae-view -q --label label m.tsv -o loop
    nothing_left
}

@test "files beside the data may be compressed" {
    make_matrix 12 4 m.tsv
    printf 'f1\tA\nf2\tA\nf3\tB\nf4\tB\n' >map.tsv
    printf 'p001\np003\np004\np005\n' >keep
    eae-split -q --label label --kfold 3 m.tsv --plan-out plan.tsv -o whole.eae
    gzip -k map.tsv keep plan.tsv
    bzip2 -k map.tsv
    xz -k plan.tsv
    eae-view -q --no-history --label label --map map.tsv m.tsv >want
    for f in map.tsv.gz map.tsv.bz2; do
        eae-view -q --no-history --label label --map $f m.tsv >got
        same_bytes want got
    done
    eae-view -q --no-history --label label --samples keep m.tsv >want
    eae-view -q --no-history --label label --samples keep.gz m.tsv >got
    same_bytes want got
    eae-split -q --label label --no-history --plan-in plan.tsv m.tsv >want
    for f in plan.tsv.gz plan.tsv.xz; do
        eae-split -q --label label --no-history --plan-in $f m.tsv >got
        same_bytes want got
    done
    head -c 40 plan.tsv.gz >cut.gz
    must_fail 1 eae-split -q --label label --plan-in cut.gz m.tsv
    says "cut.gz: the gzip data end too early"
}

@test "lines that end in CR alone, and columns between spaces, are said to be that" {
    printf 'id\tx\ra\t1\rb\t2\r' >mac.tsv
    must_fail 1 eae-view mac.tsv
    says "CR alone"
    printf 'id x y\na 1 2\nb 3 4\n' >space.txt
    must_fail 1 eae-view space.txt
    says "separated by tabs, commas"
}

@test "the first bytes of a compressed stream alone" {
    make_matrix 4 2 m.tsv
    bzip2 m.tsv
    head -c 10 m.tsv.bz2 >cut.bz2
    must_fail 1 eae-view cut.bz2
    says "cut.bz2: damaged compressed data"
}

@test "a number out of range is told the range in words" {
    must_fail 2 eae-split --kfold 1 x.eae
    says "--kfold: 1 is out of range (2 or more)"
    must_fail 2 eae-split --holdout 1 x.eae
    says "--holdout: 1 is out of range (above 0, below 1)"
    must_fail 2 eae-view -t 5000 x.eae
    says "--threads: 5000 is out of range (1 to 4096)"
    must_fail 2 eae-synth --missing 1
    says "--missing: 1 is out of range (at least 0, below 1)"
    must_fail 2 eae-train svm -C 0 x.eae
    says "0 is out of range (above 0)"
}

@test "the history knows files by the hash of their bytes, and lists as they are" {
    make_matrix 8 3 m.tsv
    printf 'p001\np003\n' >keep
    cp keep other
    printf 'p001\np004\n' >third
    printf 'f1\tA\nf2\tA\nf3\tB\n' >map.tsv
    eae-view -q --label label m.tsv -o m.eae
    for f in keep other third; do
        eae-view -q --samples $f m.eae >$f.eae
    done
    same_bytes keep.eae other.eae
    eae-view --info keep.eae | grep -q 'argv":\["eae-view","--samples=[0-9a-f]*"\]'
    [ "$(eae-view --info keep.eae | tail -n 1)" != "$(eae-view --info third.eae | tail -n 1)" ]
    eae-view -q --map map.tsv --log2=floor:1 m.eae | eae-view --info | tail -n 1 >history
    grep -q '"--log2=floor:1","--map=[0-9a-f]\{32\}"' history
    eae-view -q --map <(cat map.tsv) m.eae | eae-view --info | tail -n 1 | grep -q '"--map"'
    eae-view -q --samples p001 --features f1 --log2 m.eae | eae-view --info | tail -n 1 | grep -q '"--log2"'
    eae-view -q --samples p001,p003 --log2=offset:9 m.eae | eae-view --info | grep -q '"--samples=p001,p003"'
}

@test "a byte order mark belongs to no file's text" {
    make_matrix 8 3 m.tsv
    printf 'p001\r\np003\r\n' >keep
    printf 'f1\tA\r\nf2\tA\r\nf3\tB\r\n' >map.tsv
    printf '8 2 1\n# x y\n0 1 0 1 0 1 0 1\n' >m.cls
    printf '#1.2\n2\t2\nNAME\tDescription\tp000\tp001\na\tn\t1\t2\nb\tn\t3\t4\n' >m.gct
    eae-split -q --kfold 2 --label label m.tsv --plan-out plan.tsv -o plan.eae
    for f in m.tsv keep map.tsv m.cls m.gct plan.tsv; do
        { printf '\357\273\277' && cat $f; } >marked.$f
    done
    gzip -k marked.m.tsv
    read_all() {
        eae-view -q --no-history --label label "$1m.tsv" -o "$1a.eae"
        eae-view -q --hash --samples "$1keep" --map "$1map.tsv" "$1a.eae"
        eae-view -q --hash --meta label --annot "$1m.cls" m.tsv
        eae-view -q --hash "$1m.gct"
        eae-split -q --label label --plan-in "$1plan.tsv" m.tsv | eae-view --hash
    }
    read_all '' >want
    read_all marked. >got
    [ "$(wc -l <want)" -eq 5 ]
    diff want got
    eae-view -q --no-history --label label marked.m.tsv.gz | cmp - a.eae
}
