#!/usr/bin/env bats
# Blocks, classes, groups, survival: the command line, and whether other programs find what is planted.

load ../helpers

@test "the same bytes at any number of threads with everything on" {
    set -- --rows 60 --cols 3001 --groups 13 --blocks 100 --rho 0.3 --informative 9 --missing 0.01
    for t in 1 2 5; do
        eae-synth "$@" --survival -t $t >s$t.eae
        eae-synth "$@" --classes 3 --balance 0.5 -t $t >c$t.eae
    done
    same_bytes s1.eae s2.eae
    same_bytes s1.eae s5.eae
    same_bytes c1.eae c2.eae
    same_bytes c1.eae c5.eae
}

@test "any range of rows with everything on" {
    for outcome in --survival "--classes 4"; do
        set -- --rows 60 --cols 301 --groups 13 --blocks 10 --informative 9 --missing 0.01 --no-history $outcome
        eae-synth "$@" >whole.eae
        eae-synth "$@" --rows-to 22 >a.eae
        eae-synth "$@" --rows-from 22 --rows-to 23 >b.eae
        eae-synth "$@" --rows-from 23 >c.eae
        eae-view --no-history a.eae b.eae c.eae >parts.eae
        same_bytes whole.eae parts.eae
    done
}

@test "annotations" {
    eae-synth --rows 40 --cols 12 --classes 3 --groups 8 --blocks 4 --informative 6 | eae-view --info >info
    grep -q '^ *label  *class[123] ' info
    grep -q '^ *group  *g1 5, g2 5, ' info
    grep -q '^ *truth_class  *class[123] 2, class[123] 2, class[123] 2, 6 missing' info
    grep -q '^ *block  *number, 1 to 4' info
    eae-synth --rows 40 --cols 12 --survival | eae-view --info >info
    grep -q '^ *time  *number, 0\.' info
    grep -q '^ *status  *number, 0 to 1' info
    run grep -E 'label|group|truth|block' info
    [ "$status" -eq 1 ]
}

@test "a series matrix as the base" {
    eae-synth -q "$BATS_TEST_DIRNAME/../../data/import/series_matrix.txt" --rows 3 --noise 0 | eae-view -q -O tsv >out
    eae-view -q "$BATS_TEST_DIRNAME/../../data/import/series_matrix.txt" -O tsv >in
    [ "$(wc -l <out)" -eq 4 ]
    # the same features, each with its mean in every row
    awk -F '\t' '
        FNR == 1 { file++ }
        file == 1 && FNR == 1 { for (i = 2; i <= NF; i++) if ($i !~ /^@/) { name[i] = $i; order[++k] = i } }
        file == 1 && FNR > 1 { for (i in name) if ($i != "NA" && $i != "") { sum[i] += $i; n[i]++ } }
        file == 2 && FNR == 1 { if (NF != k + 2) exit 3; for (i = 3; i <= NF; i++) if ($i != name[order[i - 2]]) exit 4 }
        file == 2 && FNR > 1 { for (i = 3; i <= NF; i++) {
            j = order[i - 2]; d = $i - sum[j] / n[j]; if (d * d > 1e-10 * (1 + $i * $i)) exit 5; seen++ } }
        END { if (!seen) exit 6 }' in out
}

@test "a plan that knows the groups sees no signal, one that does not does" {
    eae-synth --rows 200 --groups 40 >g.eae
    eae-split -q --kfold 5 g.eae | eae-train -q svm | eae-score --summary --metrics auc >leak
    [ "$(awk -F '\t' 'NR == 2 { print ($7 > 0.95) }' leak)" -eq 1 ]
    # the mean over data sets is 0.5 within 4.9 of its standard errors
    for seed in $(seq 40); do
        eae-synth --rows 80 --cols 50 --groups 20 --seed "$seed" | eae-split -q --kfold 5 --groups | eae-train -q svm |
            eae-score -q --summary --metrics auc | awk -F '\t' 'NR == 2 { print $7 }'
    done >auc
    awk '{ n++; s += $1; q += $1 * $1 }
        END { m = s / n; se = sqrt((q / n - m * m) / (n - 1)); exit !(n == 40 && (m - 0.5) ^ 2 < (4.9 * se) ^ 2) }' auc
}

# The K features that a test finds clearest, and how many of them are planted. At --effect 1 and 200 samples t is about
# 7 for planted features; the largest of 1,000 others stays below 5.
recall() {
    PYTHONPATH=$BATS_TEST_DIRNAME/../../../share/python /usr/bin/python3 - "$1" "$2" "$3" <<'EOF'
import sys
import eaem
(frame,) = eaem.read(sys.argv[1])
planted = {n for n, t in zip(frame.col_names, frame.col_annot["truth"]) if t != 0}
rows = [line.rstrip("\n").split("\t") for line in open(sys.argv[2])]
p = rows[0].index("p")
best = sorted(rows[1:], key=lambda r: float(r[p]))[:len(planted)]
print(len(planted & {r[0] for r in best}), len(planted))
sys.exit(len(planted & {r[0] for r in best}) < float(sys.argv[3]) * len(planted))
EOF
}

@test "univariate tests find what is planted" {
    [ -e "$BATS_TEST_DIRNAME/../../../share/python/eaem.py" ] || skip "no reader"
    /usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "no numpy"
    eae-synth --rows 200 --informative 12 >two.eae
    eae-train test two.eae | eae-view --kind model -O tsv >two.tsv
    recall two.eae two.tsv 1
    eae-synth --rows 400 --informative 12 --classes 3 --effect 1.2 >three.eae
    eae-train test --stat anova three.eae | eae-view --kind model -O tsv >three.tsv
    recall three.eae three.tsv 1
    eae-synth --rows 400 --informative 4 --survival --effect 0.8 >time.eae
    eae-train test --stat cox time.eae | eae-view --kind model -O tsv >time.tsv
    recall time.eae time.tsv 1
    # and not what is not: without an effect the clearest are others
    eae-synth --rows 200 --informative 12 --effect 0.0001 >none.eae
    eae-train test none.eae | eae-view --kind model -O tsv >none.tsv
    run recall none.eae none.tsv 0.5
    [ "$status" -eq 1 ]
}

@test "wrong command lines" {
    must_fail 2 eae-synth --rho 0.5
    says "--rho"
    must_fail 2 eae-synth --blocks 3 --rho 1
    must_fail 2 eae-synth --blocks 3 --rho -0.1
    must_fail 2 eae-synth --blocks 0
    must_fail 2 eae-synth --cols 5 --blocks 6
    says "--blocks: 6 of 5 features"
    must_fail 2 eae-synth --classes 1
    says "--classes"
    must_fail 2 eae-synth --balance 0
    must_fail 2 eae-synth --balance 1
    says "--balance"
    must_fail 2 eae-synth --rows 5 --groups 6
    says "--groups: 6 of 5 samples"
    must_fail 2 eae-synth --groups 0
    must_fail 2 eae-synth --survival --classes 2
    says "--classes"
    must_fail 2 eae-synth --survival --balance 0.5
    says "--balance"
}
