#!/usr/bin/env bats
# eae-rfe --select: a size chosen on inner splits of the training samples, judged once outside.

load ../helpers

bytes() {
    eae-view --no-history "$1" | md5sum
}

# The same choice by hand: the inner splits of every outer split as a plan of their own.
@test "the chosen size is that of eliminations on the inner splits alone" {
    eae-synth -q --rows 60 --cols 200 --seed 5 --informative 10 --effect 0.7 -o data.eae
    eae-split -q --kfold 3 --inner 4 --plan-out nested.tsv data.eae -o nested.eae
    for rule in best 1se; do
        must_pass eae-rfe svm -q --step 40% --select $rule -o selected.eae nested.eae
        eae-score -q --metrics auc selected.eae >auc.tsv
        for outer in 1 2 3; do
            awk -F '\t' -v o="$outer" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i
                    print "split\tsample\trole"; next }
                $at["parent"] == o { if (!($1 in n)) n[$1] = ++k
                    print n[$at["split"]] "\t" $at["sample"] "\t" $at["role"] }' nested.tsv >inner.tsv
            eae-split -q --plan-in inner.tsv data.eae | eae-rfe svm -q --step 40% >inner.eae
            eae-score -q --metrics auc inner.eae >inner_auc.tsv
            /usr/bin/python3 - "$outer" "$rule" <<'END'
import collections, csv, sys
import numpy as np
outer, rule = sys.argv[1:]
curve = collections.defaultdict(list)
for r in csv.DictReader(open("inner_auc.tsv"), delimiter="\t"):
    curve[int(r["size"])].append(float(r["value"]))
assert all(len(v) == 4 for v in curve.values())
mean = {s: np.mean(v) for s, v in curve.items()}
top = max(mean.values())
best = min(s for s in mean if mean[s] >= top - 1e-12)
first = max(s for s in mean if mean[s] >= top - 1e-12)
# 40 samples in four folds: 30 train, 10 test
se = {s: np.std(v, ddof=1) * np.sqrt(1 / 4 + 10 / 30) for s, v in curve.items()}
size = best if rule == "best" else min(s for s in mean if mean[s] >= top - se[first] - 1e-12)
rows = list(csv.DictReader(open("auc.tsv"), delimiter="\t"))
chosen, = [r for r in rows if r["size"] == "selected" and r["split"] == outer]
same, = [r for r in rows if r["size"] == str(size) and r["split"] == outer]
assert chosen["value"] == same["value"], (rule, size, chosen, same)
END
        done
        eae-view -q --kind prediction -O tsv selected.eae | awk -F '\t' '
            NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            { if (($at["@size"] == "selected") != ($at["@chosen"] != "NA")) exit 1 }'
    done
}

@test "size:N is shown and selected; a final elimination is chosen by the outer splits" {
    eae-synth -q --rows 60 --cols 200 --seed 5 --informative 10 --effect 0.7 | eae-split -q --kfold 3 -o planned.eae
    must_pass eae-rfe svm -q --step 40% --select size:17 -o sized.eae planned.eae
    [ "$(eae-score -q --metrics auc sized.eae | awk -F '\t' '$4 == "17" { a = a $7 } $4 == "selected" { b = b $7 }
        END { print a != "" && a == b }')" = 1 ]
    must_pass eae-rfe svm --step 40% --select best --final -o final.eae planned.eae
    says "no inner splits"
    says "features chosen for the final elimination"
    [ "$(eae-score -q --metrics auc final.eae | grep -c selected)" -eq 0 ]
    chosen=$(eae-view -q --kind rank -O tsv final.eae | awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["@split"] == 0 { print $at["@chosen"] }' | tr -d '"')
    best=$(eae-score -q --summary --metrics auc final.eae | awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { if ($at["mean"] > top - 1e-12) { top = $at["mean"]; size = $at["size"] } } END { print size }')
    [ "$chosen" = "$best" ]
}

@test "the same bytes for threads and shards, and from milestones" {
    eae-synth -q --rows 60 --cols 100 --seed 5 | eae-split -q --kfold 4 --inner 3 -o nested.eae
    options=(logistic -C 0.1,1 --step 30% --select 1se -q)
    eae-rfe "${options[@]}" -t 1 -o whole.eae nested.eae
    eae-rfe "${options[@]}" -t 4 -o threads.eae nested.eae
    [ "$(bytes whole.eae)" = "$(bytes threads.eae)" ]
    for i in 1 2 3; do
        eae-rfe "${options[@]}" --shard $i/3 -o part$i.eae nested.eae
    done
    cat part?.eae | eae-view --no-history -o shards.eae
    [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ]
    for _ in 1 2; do
        eae-rfe "${options[@]}" --checkpoint milestones -o again.eae nested.eae
        [ "$(bytes whole.eae)" = "$(bytes again.eae)" ]
    done
}

@test "noise: the selected size has an AUC of 0.5, the best of all sizes has not" {
    sets=${EAE_TEST_NOISE_SETS:-100}
    for i in $(seq "$sets"); do
        eae-synth -q --rows 36 --cols 100 --seed "$i" | eae-split -q --kfold 3 --inner 3 --seed "$i" |
            eae-rfe svm -q --step 40% --select best | eae-score -q --summary --metrics auc |
            awk -F '\t' 'NR > 1 && $4 == "selected" { s = $7 } NR > 1 && $4 != "selected" && $7 > b { b = $7 }
                END { print s "\t" b }'
    done | awk -F '\t' '{ n++; s += $1; q += $1 * $1; t += $2; r += $2 * $2 }
        END { m = s / n; se = sqrt((q / n - m * m) / (n - 1)); b = t / n; sb = sqrt((r / n - b * b) / (n - 1))
              print m, se, b, sb; exit !((m - 0.5) ^ 2 <= 9 * se * se && b - 0.5 > 3 * sb) }'
}

@test "errors" {
    eae-synth -q --rows 20 --cols 30 --seed 5 | eae-split -q --kfold 2 -o planned.eae
    must_fail 2 eae-rfe svm --select good planned.eae
    says "'good' is not best, 1se or size:N"
    must_fail 1 eae-rfe svm --select size:31 planned.eae
    says "--select: 31 is more than the 30 features there are"
    must_fail 2 eae-rfe svm --select best --final --shard 1/2 planned.eae
    says "no --shard"
    must_fail 2 eae-rfe svm --metric auc planned.eae
    must_fail 2 eae-rfe svm --select best --metric mse planned.eae
    eae-synth -q --rows 20 --cols 30 --seed 5 -o data.eae
    must_fail 1 eae-rfe svm --select best data.eae
    says "--select needs a plan"
}

@test "models of the chosen size give the held-out values; the final one applies to new data" {
    make_matrix 45 30 plain.tsv 3
    awk -F '\t' 'BEGIN { OFS = FS } NR == 7 { $5 = "NA" } { print $0, NR == 1 ? "age" : 20 + NR * 7 % 50 }' \
        plain.tsv >data.tsv
    eae-view -q --label label --meta age data.tsv -o data.eae
    eae-split -q --kfold 3 --inner 3 data.eae -o nested.eae
    for more in "--impute mean" "--impute median --adjust age --filter anova:20" "--impute mean --covariates age"; do
        # shellcheck disable=SC2086
        must_pass eae-rfe svm -q --step 30% --select best --final --weights all $more --checkpoint "m$((++n))" \
            -o rfe.eae nested.eae
        # shellcheck disable=SC2086
        must_pass eae-rfe svm -q --step 30% --select best --final --weights all $more --checkpoint "m$n" \
            -o again.eae nested.eae
        [ "$(bytes rfe.eae)" = "$(bytes again.eae)" ]
        must_pass eae-score -q --model rfe.eae --all-models --predict data.eae -o applied.eae
        /usr/bin/python3 - "$BATS_TEST_DIRNAME/../../../share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np
frames = {f.kind: f for f in eaem.read("rfe.eae")}
held, model = frames["prediction"], frames["model"]
applied, = [f for f in eaem.read("applied.eae") if f.kind == "prediction"]
def rows(f, choose):
    a = f.row_annot
    return {(int(a["split"][i]), str(list(a["class"])[i])): f.matrix[i] for i in range(len(f.matrix)) if choose(i)}
size = list(held.row_annot["size"])
want = rows(held, lambda i: size[i] == "selected")
got = rows(applied, lambda i: True)
assert len(want) == 9 and set(want) | {(0, "c0"), (0, "c1"), (0, "c2")} == set(got)
for key, value in want.items():
    there = ~np.isnan(value)
    assert there.sum() == 15 and np.abs(value[there] - got[key][there]).max() < 1e-9
# a model has as many features as was chosen
part, chosen = list(model.row_annot["part"]), list(model.row_annot["chosen"])
features = np.array([r == "feature" for r in model.col_annot["role"]])
for i in range(len(part)):
    if part[i] == "weights":
        assert (~np.isnan(model.matrix[i][features])).sum() == int(chosen[i])
END
    done
    must_fail 2 eae-rfe svm --weights all nested.eae
    says "--weights are those of a chosen size"
}
