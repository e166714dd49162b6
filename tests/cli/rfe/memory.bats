#!/usr/bin/env bats
# Elimination on wide data with little memory: the data turned over lie in a temporary file.
load ../helpers

@test "the same bytes with little memory; nothing is left in --tmpdir, and a full disk is an error" {
    mkdir spill
    eae-synth -q --rows 60 --cols 4000 --informative 20 --seed 3 | eae-split -q --kfold 3 -o planned.eae
    eae-rfe svm -q --step 10% --no-history -o much.eae planned.eae
    eae-rfe svm -q --step 10% --no-history --memory 1M --tmpdir spill -o little.eae planned.eae
    same_bytes much.eae little.eae
    eae-rfe svm -q --step 10% --no-history --memory 1M --tmpdir spill -t 4 -o threads.eae planned.eae
    same_bytes much.eae threads.eae
    cat >filling <<'EOF'
ulimit -f 256
eae-rfe svm -q --step 10% --memory 1M --tmpdir spill planned.eae
EOF
    must_fail 1 sh filling
    says "temporary file in spill (--tmpdir): no room for the data turned over"
    must_fail 1 eae-rfe svm -q --step 10% --memory 1M --tmpdir nowhere planned.eae
    says "nowhere"
    [ -z "$(ls -A spill)" ]
}
