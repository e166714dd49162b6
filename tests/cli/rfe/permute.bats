#!/usr/bin/env bats
# eae-rfe --permute: what a permutation is, p-values of noise and of a signal, its bytes, milestones, errors.

load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

bytes() {
    eae-view --no-history "$1" | md5sum
}

# values FILE [SIZE]: split, perm, param, class, sample, value of the rows of a size
values() {
    eae-view -q --kind prediction -O tsv "$1" | awk -F '\t' -v size="$2" '
        { gsub("\"", "") }
        NR == 1 { for (i = 1; i <= NF; i++) { name[i] = $i; at[$i] = i }; next }
        $at["@size"] == size { for (i = 1; i <= NF; i++) if (name[i] !~ /^@|^id$/ && $i != "NA")
            print $at["@split"], $at["@perm"], $at["@param"], $at["@class"], name[i], $i }'
}

# near A B: the same lines but for the last number, and not none
near() {
    paste -d ' ' "$1" "$2" | awk '{ d = $6 - $12; if (d < 0) d = -d; n++
        if ($1 $2 $3 $4 $5 != $7 $8 $9 $10 $11 || d > 1e-5) { print; exit 1 } }
        END { exit !n }'
}

# column NAME FILTER FILE: of a table, where the awk condition on at[] holds
column() {
    awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        '"$2"' { print $at[name] }' "$3"
}

@test "with all features: the permutations of eae-train" {
    eae-synth -q --rows 45 --cols 30 --seed 3 --classes 2 --groups 15 -o two.eae
    eae-synth -q --rows 45 --cols 30 --seed 3 --classes 3 -o three.eae
    make_matrix 45 30 plain.tsv
    sed '1s/label/site/' plain.tsv | eae-view -q --label f1 --regression --meta site -o number.eae
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { $2 = "t" OFS "s" } NR > 1 { $2 = 1 + (NR * 29 % 47) OFS NR % 2 } 1' \
        plain.tsv | eae-view -q --time t --status s -o times.eae
    while read -r data size options; do
        eae-split -q --kfold 3 "$data".eae -o planned.eae
        # shellcheck disable=SC2086
        must_pass eae-rfe $options --tol 1e-9 --permute 4 --step 30% -o rfe.eae planned.eae
        # shellcheck disable=SC2086
        must_pass eae-train $options --tol 1e-9 --permute 4 -o train.eae planned.eae
        values rfe.eae "$size" >ours.txt
        values train.eae "$size" >theirs.txt
        [ "$(awk '{ print $2 }' ours.txt | sort -u | wc -l)" -eq 5 ]
        near ours.txt theirs.txt || fail "$data $options"
    done <<'END'
two 30 svm -C 0.1,1
two 30 logistic --lambda 0.1
two 8 svm --filter ttest:8
two 30 lasso --lambda 0.05
three 30 svm
three 30 logistic --lambda 0.1
number 29 ridge --lambda 0.1
number 29 linear
number 29 enet --lambda 0.1
times 30 cox --lambda 0.1
times 30 cox --alpha 0.5 --lambda 0.05
END
}

# A trainer that writes down what labels it is given: so the permutations are known, and can be made by hand
@test "a permutation is an elimination of relabelled data, the choice of a size as well" {
    needs_python
    make_matrix 40 50 plain.tsv
    awk -F '\t' 'BEGIN { OFS = FS; srand(4) } NR == 1 { $2 = "y" } NR > 1 { $2 = sprintf("%.6f", rand() + $3) } 1' \
        plain.tsv >data.tsv
    eae-split -q --kfold 2 --inner 3 --label y --regression --plan-out plan.tsv data.tsv -o planned.eae
    cat >spy <<'END'
#!/bin/sh
awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) { gsub("\"", "", $i); if ($i == "@label") c = i }; next }
    { gsub("\"", "", $1); print $1 "\t" $c }' "$EAE_TRAIN" >>labels.txt
echo >>labels.txt
awk -F '\t' 'NR == 1 { print "id\tvalue"; next } { print $1 "\t0" }' "$EAE_TEST"
END
    chmod +x spy
    must_pass eae-train exec:./spy --exec-format tsv --permute 2 -t 1 -o none.eae planned.eae
    for policy in weight random; do
        options="ridge --lambda 0.1 --step 20% --select best --policy $policy -q"
        # shellcheck disable=SC2086
        must_pass eae-rfe $options --permute 2 -o rfe.eae planned.eae
        for b in 1 2; do
            # two splits, three labelings each
            awk -v b=$b 'BEGIN { RS = ""; FS = "\n" } (NR - 1) % 3 == b { for (i = 1; i <= NF; i++) print $i }' labels.txt |
                sort -u >relabelled.txt
            [ "$(wc -l <relabelled.txt)" -eq 40 ]
            awk -F '\t' 'BEGIN { OFS = FS } NR == FNR { label[$1] = $2; next }
                FNR > 1 { $2 = label[$1] } 1' relabelled.txt data.tsv >other.tsv
            eae-split -q --plan-in plan.tsv --label y --regression other.tsv -o other.eae
            # shellcheck disable=SC2086
            must_pass eae-rfe $options -o byhand.eae other.eae
            /usr/bin/python3 - "$ROOT/share/python" $b <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

b = int(sys.argv[2])
def rows(path, perm):
    frame = next(f for f in eaem.read(path) if f.kind == "prediction")
    a = frame.row_annot
    return frame, {(a["split"][i], a["size"][i]): (frame.matrix[i], a["chosen"][i])
                   for i in range(len(a["split"])) if a["perm"][i] == perm}
ours, permuted = rows("rfe.eae", b)
hand, literal = rows("byhand.eae", 0)
before, after = np.array(ours.col_annot["label"]), np.array(hand.col_annot["label"])
from_ = [int(np.argmin(abs(before - v))) for v in after]  # sample j carries the label of from_[j]
assert sorted(from_) == list(range(40)) and from_ != list(range(40))
_, real = rows("rfe.eae", 0)
compared = 0
for key, (value, chosen) in literal.items():
    if key not in real:
        assert key not in permuted
        continue
    got, ours_chosen = permuted[key]
    assert chosen == ours_chosen, (key, chosen, ours_chosen)
    np.testing.assert_allclose(np.array(got)[from_], value, atol=2e-5)
    compared += 1
assert compared >= 4 and any(k[1] == "selected" for k in literal)
END
        done
    done
}

@test "a signal has the smallest p-value at every size, and a selection as well" {
    eae-synth -q --rows 60 --cols 100 --seed 2 --informative 10 --effect 2 |
        eae-split -q --kfold 3 --inner 3 -o planned.eae
    for model in "svm" "lasso --lambda 0.05" "logistic --policy random --metric accuracy"; do
        # shellcheck disable=SC2086
        must_pass eae-rfe $model --step 30% --until 10 --permute 19 --select best -o rfe.eae planned.eae
        eae-score -q --summary --metrics auc rfe.eae >summary.tsv
        grep -q selected summary.tsv
        [ "$(column perms 1 summary.tsv | sort -u)" = 19 ]
        column p 1 summary.tsv | awk '{ n++; if ($1 != 0.05) bad++ } END { exit bad || n < 3 }'
    done
}

@test "noise: p-values are uniform at every size and for the selected one" {
    for i in $(seq "${EAE_TEST_NOISE_SETS:-40}"); do
        eae-synth -q --rows 30 --cols 40 --seed "$i" | eae-split -q --kfold 3 --inner 3 --seed "$i" |
            eae-rfe svm -q --step 50% --until 5 --select best --permute 9 --seed "$i" |
            eae-score -q --summary --metrics auc
    done | awk -F '\t' '$4 != "size" { n[$4]++; sum[$4] += $NF }
        END { for (k in n) { m = sum[k] / n[k]; d = (m - 0.55) / (0.287 / sqrt(n[k])); print k, n[k], m, d
              if (d > 3.5 || d < -3.5) bad++ } exit bad || !("selected" in n) }'
}

@test "the same bytes for threads, shards, pipes, and the real labels as without" {
    eae-synth -q --rows 48 --cols 200 --seed 5 --informative 10 --effect 1 | eae-split -q --kfold 4 --inner 3 -o two.eae
    eae-synth -q --rows 48 --cols 60 --seed 5 --classes 3 | eae-split -q --kfold 4 --inner 3 -o three.eae
    while read -r data options; do
        # shellcheck disable=SC2206
        options=($options -q --no-history)
        eae-rfe "${options[@]}" --permute 5 -t 1 -o whole.eae "$data".eae
        eae-rfe "${options[@]}" --permute 5 -t 4 <"$data".eae >piped.eae
        same_bytes whole.eae piped.eae
        for i in 1 2 3; do
            eae-rfe "${options[@]}" --permute 5 --shard $i/3 -o part$i.eae "$data".eae
        done
        cat part?.eae | eae-view --no-history -o shards.eae
        [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ]
        eae-rfe "${options[@]}" -o real.eae "$data".eae
        eae-rfe "${options[@]}" --permute 7 -o more.eae "$data".eae
        for kind in rank prediction; do
            eae-view -q --kind $kind -O tsv real.eae >real.tsv
            for file in whole more; do
                eae-view -q --kind $kind -O tsv $file.eae | awk -F "\t" '
                    NR == 1 { for (i = 1; i <= NF; i++) if ($i == "@perm") c = i }
                    NR == 1 || $c == 0' >$file.tsv
                cut -f 2- real.tsv >a.tsv
                cut -f 2- $file.tsv >b.tsv
                same_bytes a.tsv b.tsv
            done
        done
    done <<'END'
two svm --step 10%
two svm --step 1 --sizes 200,100,3 -C 0.1,1
two logistic --step 20% --lambda 0.1 --select 1se --weights all
two lasso --step 10% --lambda 0.05 --scale all
two svm --policy random --step 30% --select best
two svm --step 20% --filter ttest:50
three logistic --step 30% --lambda 0.1
three svm --policy random --step 40% --filter variance:40
END
}

@test "killed and started again, the same bytes" {
    eae-synth -q --rows 60 --cols 3000 --seed 5 | eae-split -q --kfold 3 -o planned.eae
    options=(svm --step 1 --sizes "3000,500,50" --final -q)
    eae-rfe "${options[@]}" --permute 6 -o whole.eae planned.eae
    kills=0
    until timeout -s KILL "$(awk -v n="$kills" 'BEGIN { print 0.1 * 1.25 ^ n }')" eae-rfe "${options[@]}" --permute 6 --checkpoint milestones -t 2 -o again.eae planned.eae; do
        kills=$((kills + 1))
        [ "$kills" -lt 40 ]
    done
    echo "$kills kills"
    [ "$(bytes whole.eae)" = "$(bytes again.eae)" ]
    # more permutations go on from those that are there
    eae-rfe "${options[@]}" --permute 8 -o whole.eae planned.eae
    eae-rfe "${options[@]}" --permute 8 --checkpoint milestones -o again.eae planned.eae
    [ "$(bytes whole.eae)" = "$(bytes again.eae)" ]
}

@test "permuted labels without one of the classes are undefined, and count against the signal" {
    make_matrix 24 12 plain.tsv
    # four of c1, two in each fold, one in each inner one
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { $2 = NR == 3 || NR == 5 || NR == 9 || NR == 10 ? "c1" : "c0" } 1' plain.tsv >rare.tsv
    eae-split -q --kfold 2 --inner 2 --label label -o planned.eae rare.tsv
    for policy in weight "random --accept tolerance:1"; do
        # shellcheck disable=SC2086
        must_pass eae-rfe svm --policy $policy --step 50% --permute 40 -o rfe.eae planned.eae
        says "count as undefined"
        must_pass eae-score --summary --metrics auc rfe.eae
        column perms 1 .stdout | sort -u >perms.txt
        grep -qx 40 perms.txt
        [ "$(wc -l <perms.txt)" -eq 1 ]
    done
}

@test "errors" {
    make_matrix 30 10 plain.tsv
    must_fail 2 eae-rfe svm --permute 3 --label label plain.tsv
    says "--permute needs a plan"
    eae-split -q --kfold 3 --label label plain.tsv -o planned.eae
    must_fail 2 eae-rfe svm --permute -1 planned.eae
    must_fail 2 eae-rfe svm --permute x planned.eae
}
