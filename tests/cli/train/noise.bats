#!/usr/bin/env bats
# What is learned, is learned inside the fold; and permutations tell signal from noise.
#
# EAE_TEST_NOISE_SETS: how many independent data sets of noise (100; the sanitizers' run takes
# fewer, because each takes it ten times as long).
load ../helpers

SETS=${EAE_TEST_NOISE_SETS:-100}

# cv_auc FILE SEED ARGS...: mean AUC over 5 folds
cv_auc() {
    local file=$1 seed=$2
    shift 2
    eae-split -q --kfold 5 --seed "$seed" "$file" | eae-train svm -q "$@" |
        eae-score -q --metrics auc --summary | awk -F '\t' 'NR == 2 { print $7 }'
}

@test "a filter inside the fold finds nothing in noise; outside it finds what is not there" {
    for ((i = 1; i <= SETS; i++)); do
        eae-synth -q --rows 40 --cols 500 --seed "$i" -o noise.eae
        cv_auc noise.eae "$i" --filter ttest:10 >>inside
        ((i <= 10)) || continue
        eae-train test -q noise.eae | eae-view -O tsv |
            awk -F '\t' 'NR > 1 { print ($2 < 0 ? -$2 : $2) "\t" $1 }' | sort -gr | head -n 10 |
            cut -f 2 >chosen
        eae-view -q --features chosen -o leaked.eae noise.eae
        cv_auc leaked.eae "$i" >>outside
    done
    run awk '{ s += $1; q += $1 * $1; if ($1 < 0 || $1 > 1 || $1 == "NA") bad = 1 }
        END { m = s / NR; e = sqrt((q / NR - m * m) / (NR - 1)); z = (m - 0.5) / e
              print NR, m, e; exit bad || !(e > 0 && z > -3 && z < 3) }' inside
    [ "$status" -eq 0 ] || fail "inside: sets, mean, standard error: $output"
    [ "$(wc -l <inside)" -eq "$SETS" ]
    run awk '{ s += $1 } END { print s / NR; exit !(NR == 10 && s / NR > 0.7) }' outside
    [ "$status" -eq 0 ] || fail "outside: $output"
}

# of the AUC of planned.eae, with 39 permutations
p_value() {
    eae-train svm -q --permute 39 planned.eae | eae-score -q --metrics auc --summary |
        awk -F '\t' 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == "p") p = j } NR == 2 { print $p }'
}

@test "permutations: the smallest p for a planted signal, all sizes of p for noise" {
    eae-synth -q --rows 50 --cols 200 --informative 20 --effect 3 --seed 4 |
        eae-split -q --kfold 5 -o planned.eae
    [ "$(p_value)" = 0.025 ] # (1 + 0) / (1 + 39)
    for i in $(seq 40); do
        eae-synth -q --rows 30 --cols 60 --seed "$((1000 + i))" | eae-split -q --kfold 3 -o planned.eae
        p_value >>p
    done
    # of 40 uniform p-values the count below one half is outside 10..30 once in a thousand times
    run awk '$1 <= 0.5 { below++ } $1 <= 0.025 { least++ }
        END { print NR, below, least; exit !(NR == 40 && below >= 10 && below <= 30 && least <= 6) }' p
    [ "$status" -eq 0 ] || fail "$output"
}

# Labels are constant in a group: a permutation moves whole groups, so the held-out values of a
# permuted row, read by label, still have one sign of label per group.
@test "permutations move the labels of whole groups" {
    make_matrix 40 6 x.tsv
    # groups of 4 of one class, of two sizes
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { print $0, "subject"; next }
        { g = int((NR - 2) / 4); $2 = "c" g % 2; print $0, "g" g }' x.tsv >g.tsv
    eae-split -q --kfold 5 --groups --group subject --label label -o planned.eae g.tsv
    eae-train svm -q --permute 30 planned.eae | eae-view -q -O tsv --kind prediction >values.tsv
    # a held-out group's four values lie in four columns of one group in every permuted row
    run awk -F '\t' '
        NR == 1 { for (j = 1; j <= NF; j++) { if ($j == "@perm") perm = j
                  if ($j ~ /^p[0-9]+$/) group[j] = int(substr($j, 2) / 4) } next }
        { delete n
          for (j in group) if ($j != "NA") n[group[j]]++
          for (g in n) { if (n[g] != 4) bad++; if (g != NR % 7) moved++ }
          if ($perm > 0) permuted++ }
        END { print bad + 0, permuted; exit bad || permuted != 150 }' values.tsv
    [ "$status" -eq 0 ] || fail "$output"
    # not all permutations are the identity
    cut -f "$(head -n 1 values.tsv | tr '\t' '\n' | grep -n '^p000$' | cut -d : -f 1)" values.tsv >first
    [ "$(sed 1d first | grep -cv NA)" -eq 31 ]
    [ "$(sed 1d first | grep -v NA | sort -u | wc -l)" -gt 5 ]
}

@test "permutations: a function of the seed, the same in every split plan and cost" {
    make_matrix 40 6 x.tsv
    eae-split -q --kfold 5 --label label -o a.eae x.tsv
    perm_values() {
        eae-train svm -q "$@" | eae-view --no-history --kind prediction | md5sum
    }
    [ "$(perm_values --permute 4 a.eae)" = "$(perm_values --permute 4 --seed 1 a.eae)" ]
    [ "$(perm_values --permute 4 a.eae)" != "$(perm_values --permute 4 --seed 2 a.eae)" ]
    # the first of many are the same as few, and the real labels do not see the permutations
    for n in 2 4; do
        eae-train svm -q --permute $n a.eae | eae-view -q -O tsv --kind prediction >v$n.tsv
    done
    perm=$(head -n 1 v4.tsv | tr '\t' '\n' | grep -n '^@perm$' | cut -d : -f 1)
    awk -F '\t' -v perm="$perm" 'NR == 1 || $perm <= 2' v4.tsv | cut -f 2- >few.tsv
    cut -f 2- v2.tsv | cmp - few.tsv
}
