#!/usr/bin/env bats
# eae-rfe --policy random and biased: acceptance, pins, odds, its bytes, milestones, errors.

load ../helpers

bytes() {
    eae-view --no-history "$1" | md5sum
}

# ranks FILE: a line per run: split, then the rank of every feature as name=rank
ranks() {
    eae-view -q --kind rank -O tsv "$1" | awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
        { for (i = 1; i <= NF; i++) if (name[i] !~ /^@|^id$/) print NR - 1 "\t" name[i] "\t" $i }'
}

@test "a feature whose removal must hurt is never removed" {
    make_matrix 60 12 plain.tsv
    eae-split -q --kfold 3 --repeats 2 --label label plain.tsv -o planned.eae
    for policy in "random" "biased --prior odds.txt"; do
        # in the biased one everything speaks for removing it
        printf 'f1 1000\n' >odds.txt
        # shellcheck disable=SC2086
        must_pass eae-rfe logistic --lambda 0.1 --policy $policy --step 2 -o random.eae planned.eae
        # f1 is among the last of every run
        ranks random.eae | awk -F '\t' '{ if (!($1 in least) || $3 < least[$1]) least[$1] = $3 }
            $2 == "f1" { mine[$1] = $3 }
            END { for (r in least) { n++; if (mine[r] != least[r]) exit 1 } exit n != 6 }'
    done
    # and a removal that makes it worse was refused: with tolerance for anything it goes
    must_pass eae-rfe logistic --lambda 0.1 --policy random --accept tolerance:1 --step 2 -o any.eae planned.eae
    ranks any.eae | awk -F '\t' '{ if (!($1 in least) || $3 < least[$1]) least[$1] = $3 }
        $2 == "f1" { mine[$1] = $3 }
        END { for (r in least) if (mine[r] != least[r]) bad++; exit !bad }'
}

@test "an elimination stops where nothing may go; sizes that were not reached have no predictions" {
    make_matrix 60 12 plain.tsv
    eae-split -q --kfold 3 --label label plain.tsv -o planned.eae
    must_pass eae-rfe logistic --lambda 0.1 --policy random --accept improve --step 1 -o random.eae planned.eae
    eae-score -q --metrics auc random.eae >auc.tsv
    ranks random.eae | sort -t "$(printf '\t')" -k1,1n -k3,3n | awk -F '\t' '!($1 in least) { least[$1] = $3 }
        END { for (r in least) print r, least[r] }' | while read -r split least; do
        # the smallest size that has predictions is what was left
        [ "$(awk -F '\t' -v s="$split" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            $at["split"] == s { print $at["size"] }' auc.tsv | sort -n | head -1)" -eq "$least" ]
        [ "$least" -gt 1 ]
    done
}

@test "pinned features survive" {
    make_matrix 60 12 plain.tsv
    eae-split -q --kfold 3 --label label plain.tsv -o planned.eae
    printf 'f7\nf9\n' >pins.txt
    must_pass eae-rfe svm --policy random --accept tolerance:1 --step 3 --pin pins.txt -o random.eae planned.eae
    ranks random.eae | awk -F '\t' '$2 == "f7" || $2 == "f9" { if ($3 != 2) exit 1; n++ }
        $3 == 2 { two++ } END { exit n != 6 || two != 6 }'
}

# 2,000 independent draws of one of 4 features that may go
@test "the chance of removal is proportional to the prior weight" {
    make_matrix 24 5 plain.tsv
    printf '# odds\nf1 0.5\nf2\t2\nf4 4\nunknown 7\nf5 0\n' >odds.txt # f3: 1
    eae-split -q --kfold 2 --repeats 1000 --label label plain.tsv -o planned.eae
    must_pass eae-rfe svm -q --policy biased --prior odds.txt --accept tolerance:1 --step 1 --until 4 \
        --sizes 4 -o random.eae planned.eae
    ranks random.eae | awk -F '\t' '
        BEGIN { w["f1"] = 0.5; w["f2"] = 2; w["f3"] = 1; w["f4"] = 4 }
        $3 == 5 { n[$2]++; total++ }
        END { if (total != 2000 || n["f5"] != 0) exit 1
              for (f in w) { want = total * w[f] / 7.5; chi += (n[f] - want) ^ 2 / want }
              print chi; exit chi > 21.1 }' # 3 degrees of freedom, 1e-4
}

@test "judged on the inner splits of the plan where there are some" {
    make_matrix 60 12 plain.tsv
    eae-split -q --kfold 3 --label label plain.tsv -o planned.eae
    eae-split -q --kfold 3 --inner 4 --label label plain.tsv -o nested.eae
    eae-rfe svm -q --policy random --step 1 -o own.eae planned.eae
    eae-rfe svm -q --policy random --step 1 -o inner.eae nested.eae
    [ "$(ranks own.eae | md5sum)" != "$(ranks inner.eae | md5sum)" ]
}

@test "the same bytes for threads, shards, pipes; killed and started again" {
    eae-synth -q --rows 60 --cols 150 --seed 5 --informative 10 --effect 1 | eae-split -q --kfold 4 -o planned.eae
    options=(svm -q --policy random --step 10% --final -C 0.01,1)
    eae-rfe "${options[@]}" -t 1 -o whole.eae planned.eae
    eae-rfe "${options[@]}" -t 4 <planned.eae >piped.eae
    [ "$(bytes whole.eae)" = "$(bytes piped.eae)" ]
    for i in 1 2 3; do
        eae-rfe "${options[@]}" --shard $i/3 -o part$i.eae planned.eae
    done
    cat part?.eae | eae-view --no-history -o shards.eae
    [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ]
    eae-rfe "${options[@]}" --seed 2 -o other.eae planned.eae
    [ "$(bytes whole.eae)" != "$(bytes other.eae)" ]
    n=0
    until timeout -s KILL "$(awk -v n="$n" 'BEGIN { print 0.15 * 1.25 ^ n }')" eae-rfe "${options[@]}" --checkpoint milestones -o again.eae planned.eae; do
        n=$((n + 1))
        [ "$n" -lt 40 ]
    done
    [ "$(bytes whole.eae)" = "$(bytes again.eae)" ]
}

@test "regression, survival, a metric of one's own, a filter" {
    make_matrix 45 20 plain.tsv
    sed '1s/label/site/' plain.tsv | eae-split -q --kfold 3 --label f1 --regression --meta site -o planned.eae
    must_pass eae-rfe ridge --lambda 0.1 --policy random --step 3 --metric mse -o random.eae planned.eae
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { $2 = "t" OFS "s" } NR > 1 { $2 = 1 + (NR * 29 % 47) OFS NR % 2 } 1' \
        plain.tsv | eae-split -q --kfold 3 --time t --status s -o planned.eae
    must_pass eae-rfe cox --policy random --step 3 -o random.eae planned.eae
    eae-split -q --kfold 3 --label label plain.tsv -o planned.eae
    must_pass eae-rfe svm --policy random --filter ttest:8 --step 2 --metric balanced -o random.eae planned.eae
    ranks random.eae | awk -F '\t' '$3 > 8 { n++ } END { exit n != 3 * 12 }'
}

@test "noise: an AUC of 0.5 at every size" {
    sets=${EAE_TEST_NOISE_SETS:-50}
    for i in $(seq "$sets"); do
        eae-synth -q --rows 40 --cols 60 --seed "$i" | eae-split -q --kfold 4 --seed "$i" |
            eae-rfe svm -q --policy random --step 50% --sizes 30,7 | eae-score -q --summary --metrics auc |
            awk -F '\t' -v i="$i" 'NR > 1 { print i "\t" $4 "\t" $7 }'
    done >auc.tsv
    awk -F '\t' '$3 != "NA" { n[$2]++; s[$2] += $3; q[$2] += $3 * $3 }
        END { for (k in n) { m = s[k] / n[k]; se = sqrt((q[k] / n[k] - m * m) / (n[k] - 1))
                  print k, n[k], m, se; if ((m - 0.5) ^ 2 > 9 * se * se || n[k] < 5) bad = 1; sizes++ }
              exit bad || sizes < 1 }' auc.tsv
}

@test "errors" {
    make_matrix 24 5 plain.tsv
    eae-split -q --kfold 2 --label label plain.tsv -o planned.eae
    must_fail 2 eae-rfe svm --pin x planned.eae
    says "--pin is for --policy random and biased"
    must_fail 2 eae-rfe svm --policy biased planned.eae
    says "--policy biased needs --prior"
    must_fail 2 eae-rfe svm --policy random --prior x planned.eae
    must_fail 2 eae-rfe svm --policy random --accept maybe planned.eae
    says "'maybe' is not equal, improve or tolerance:E"
    must_fail 2 eae-rfe svm --policy random --metric mse planned.eae
    must_fail 2 eae-rfe svm --policy random --metric brier planned.eae
    must_fail 2 eae-rfe svm --policy random --metric nonsense planned.eae
    printf 'f1 1\nf2 x\n' >odds.txt
    must_fail 1 eae-rfe svm --policy biased --prior odds.txt planned.eae
    says "odds.txt:2: not a feature and a weight of 0 or more: 'f2 x'"
    printf 'g1 1\n' >odds.txt
    must_fail 1 eae-rfe svm --policy biased --prior odds.txt planned.eae
    says "none of its features is in the data"
    must_fail 1 eae-rfe svm --policy biased --prior missing.txt planned.eae
    printf 'f9\n' >pins.txt
    must_fail 1 eae-rfe svm --policy random --pin pins.txt planned.eae
    says "no feature 'f9' in the data"
    awk -F '\t' 'NR == 1 || $2 == "c0" || n++ < 4' plain.tsv >few.tsv
    eae-split -q --kfold 2 --label label few.tsv -o planned.eae
    must_fail 1 eae-rfe svm --policy random planned.eae
    says "training samples of split 1: inner folds"
}
