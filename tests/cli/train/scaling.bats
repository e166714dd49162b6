#!/usr/bin/env bats
# scripts/scaling on small data, so that it does not rot; no time is looked at.
load ../helpers

SCALING=$BATS_TEST_DIRNAME/../../../scripts/scaling

# column NAME: its values, one a line
column() {
    awk -F '\t' -v name="$1" 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == name) at = j; next } { print $at }' out.tsv
}

@test "the table of time against size has a line for each label, cost and gap, and every gap is reached" {
    must_pass "$SCALING" --sizes 256K,1M --cols 500 --runs 1 --costs 0.001,1 --tols 0.1,0.01 --dir . --out out
    [ "$(column system | grep -c '^eAE$')" -eq 16 ]
    [ "$(column data | sort | uniq -c | awk '{ print $1, $2 }' | paste -sd ,)" = "8 planted,8 random" ]
    [ "$(column rows | sort -un | paste -sd ,)" = 131,524 ]
    # gap, passes and reads of every line
    paste <(column tol) <(column gap) <(column passes) <(column reads) <(column anon_mb) |
        awk '!($2 >= 0 && $2 <= $1 && $3 >= 1 && $4 == $3 + 2 && $5 >= 1) { print; bad = 1 } END { exit bad }'
    # planted signal shows in samples that were not trained on; random labels have none to look for
    paste <(column data) <(column auc) |
        awk '$1 == "planted" && !($2 > 0.9 && $2 <= 1) || $1 == "random" && NF > 1 { print; bad = 1 } END { exit bad }'
}

@test "what it made is gone, files that were there stay" {
    eae-synth -q --size 256K --cols 500 --informative 200 --effect 0.5 -o mine.eae
    must_pass "$SCALING" --sizes 256K --cols 500 --runs 1 --costs 0.001 --tols 0.1 --dir . --out out --have 256K=mine.eae
    rm -f out.svg
    [ "$(echo *)" = "mine.eae out.tsv" ]
}

@test "a size that is none and a peer that is not there" {
    must_fail 2 "$SCALING" --sizes 1X --dir . --out out
    says "not a size: 1X"
    must_pass "$SCALING" --sizes 256K --cols 500 --runs 1 --costs 0.001 --tols 0.1 --dir . --out out --peers \
        --random-to 1K --spark-python /nonexistent/python
    [ "$(awk -F '\t' '$1 == "Spark" { print $NF }' out.tsv)" = "not installed" ]
}
