#!/usr/bin/env bats
# Streams with frames of several kinds.

load ../helpers

stream() {
    eae-synth --rows 30 --cols 20 --informative 3 >d.eae
    eae-split --kfold 3 d.eae >s.eae
}

@test "all frames are passed on, in order, unless --kind chooses" {
    stream
    [ "$(eae-view s.eae | eae-view --hash | cut -d ' ' -f 3 | tr '\n' ' ')" = "split data " ]
    [ "$(eae-view --hash s.eae)" = "$(eae-view s.eae | eae-view --hash)" ]
    [ "$(eae-view --kind data s.eae | eae-view --hash)" = "$(eae-view --hash d.eae)" ]
    [ "$(eae-view --info --json s.eae | wc -l)" -eq 2 ]
}

@test "text of one frame; --head of all" {
    stream
    must_fail 1 eae-view -O tsv s.eae
    says "several (split, data): choose with --kind"
    must_pass eae-view -O tsv --kind split s.eae
    [ "$(wc -l <.stdout)" -eq 4 ]
    [ "$(head -1 .stdout | cut -f 1-6)" = "$(printf '@split\t@repeat\t@fold\t@parent\t@plan\ts1')" ]
    must_pass eae-view --head=2 s.eae
    grep -q '^==> split: 3 x 30, i16 <==$' .stdout
    grep -q '^==> data: 30 x 20, f32 <==$' .stdout
}

@test "changes are for data; the plan stays as it is" {
    stream
    eae-view --log2=offset:9 s.eae >l.eae
    [ "$(eae-view --kind split --hash l.eae)" = "$(eae-view --kind split --hash s.eae)" ]
    [ "$(eae-view --kind data --hash l.eae)" = "$(eae-view --log2=offset:9 --hash d.eae)" ]
    must_fail 1 eae-view --drop-samples s1 s.eae
    says "choose them before eae-split"
    must_pass eae-view --drop-samples s1 --kind data s.eae -o less.eae
}
