#!/usr/bin/env bats
# Synthetic matrices.

load ../helpers

@test "the same bytes at any number of threads, other bytes for another seed" {
    for t in 1 2 4; do
        eae-synth --rows 50 --cols 3000 --informative 7 --missing 0.01 -t $t >s$t.eae
    done
    same_bytes s1.eae s2.eae
    same_bytes s1.eae s4.eae
    eae-synth --rows 50 --cols 3000 --informative 7 --missing 0.01 --seed 2 >other.eae
    [ "$(eae-view --hash s1.eae)" != "$(eae-view --hash other.eae)" ]
}

@test "any range of rows is that part of the whole" {
    set -- --rows 100 --cols 777 --informative 5 --effect 2 --missing 0.02 --seed 8 --no-history
    eae-synth "$@" >whole.eae
    eae-synth "$@" --rows-to 33 >a.eae
    eae-synth "$@" --rows-from 33 --rows-to 34 >b.eae
    eae-synth "$@" --rows-from 34 >c.eae
    eae-view --no-history a.eae b.eae c.eae >parts.eae
    same_bytes whole.eae parts.eae
}

@test "shape, names, labels and truth" {
    eae-synth --rows 30 --cols 20 --informative 4 --effect 1.5 >s.eae
    must_pass eae-view --info --json s.eae
    grep -q '"rows":30,"cols":20,"missing":0' .stdout
    grep -q '"row_names":\["s1","s2"' .stdout
    grep -q '"col_names":\["f1","f2"' .stdout
    grep -q '"name":"truth"' .stdout
    eae-synth --rows 30 --cols 20 | eae-view --info >plain
    [ "$(grep -c truth plain)" -eq 0 ]
    grep -q 'label  *control [0-9]*, case [0-9]*$' plain
}

@test "--size is filled, not exceeded" {
    eae-synth --size 1M --cols 1000 | eae-view --info >info
    grep -q '^data: 262 samples x 1000 features' info
    eae-synth --size 1 --cols 1000 | eae-view --info >info
    grep -q '^data: 1 samples x 1000 features' info
}

@test "a base gives names and means" {
    printf 'id\t@label\tlow\thigh\na\tx\t1\t100\nb\ty\t3\t100\n' >base.tsv
    eae-synth -q base.tsv --rows 5 --noise 0 | eae-view -q -O tsv >out
    [ "$(cut -f 1,3- out | tr '\t\n' '  ')" = "id low high s1 2 100 s2 2 100 s3 2 100 s4 2 100 s5 2 100 " ]
    eae-synth -q - --rows 5 --noise 0 <base.tsv | eae-view -q -O tsv | diff out -
    must_fail 2 eae-synth base.tsv --cols 9
    must_fail 1 eae-synth nowhere.tsv
}

@test "the history says how it was made" {
    eae-synth --rows 3 --cols 2 --seed 5 | eae-view --info >info
    grep -q '"program":"eae-synth"' info
    grep -q '"seed":5' info
}

@test "python reads the same numbers from the stream" {
    reader=$BATS_TEST_DIRNAME/../../../share/python
    [ -e "$reader/eaem.py" ] || skip "no reader"
    /usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "no numpy"
    eae-synth --rows 7 --cols 5 --informative 1 >s.eae
    eae-view -O npy s.eae >s.npy
    PYTHONPATH=$reader /usr/bin/python3 - <<'EOF'
import numpy as np
import eaem
(frame,) = eaem.read("s.eae")
assert frame.kind == "data" and np.array_equal(frame.matrix, np.load("s.npy"))
EOF
}

@test "wrong command lines" {
    must_fail 2 eae-synth --rows 0
    must_fail 2 eae-synth --cols 0
    must_fail 2 eae-synth --rows 5 --size 1M
    must_fail 2 eae-synth --rows 5 --rows-to 6
    must_fail 2 eae-synth --rows 5 --rows-from 5
    must_fail 2 eae-synth --rows 5 --rows-from 3 --rows-to 3
    must_fail 2 eae-synth --cols 5 --informative 6
    says "6 of 5 features"
    must_fail 2 eae-synth --missing 1
    must_fail 2 eae-synth --missing -0.1
    must_fail 2 eae-synth --noise -1
    must_fail 2 eae-synth --seed -1
    must_fail 2 eae-synth --size many
    must_fail 2 eae-synth a b
    must_fail 2 eae-synth --unknown
}

@test "a full disk, a closed pipe, a terminal" {
    capture eae-synth -o /dev/full
    [ "$status" -eq 1 ]
    says "/dev/full"
    { eae-synth --rows 3000 --cols 1000 2>err || echo $? >code; } | head -c 10 >/dev/null
    [ ! -s err ]
    [ "$(cat code)" -eq 141 ]
    command -v script >/dev/null || skip "no script(1)"
    run script -qec 'eae-synth' /dev/null
    [ "$status" -eq 1 ]
    [[ $output == *terminal* ]]
}
