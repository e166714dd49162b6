#!/usr/bin/env bats
# What eae-split deals out, seen in the plan as text.
load ../helpers

# test samples of each fold and class, as "split class count" lines
fold_classes() {
    awk -F'\t' 'FNR == NR { class[$1] = $2; next }
        FNR > 1 && $3 == "test" { n[$1 " " class[$2]]++ }
        END { for (key in n) print key, n[key] }' "$1" "$2" | sort
}

@test "k-fold: every sample is held out once a repeat and trains otherwise" {
    make_matrix 47 3 x.tsv
    must_pass eae-split --kfold 5 --repeats 3 --label label x.tsv --plan-out p.tsv -o x.eae
    run awk -F'\t' 'NR > 1 { n[$2 " " $3]++ } END {
        for (key in n) { split(key, a, " "); if (n[key] != (a[2] == "test" ? 3 : 12)) bad++ }
        print bad + 0, NR }' p.tsv
    [ "$output" = "0 706" ] # 15 splits x 47 samples, and the header
}

@test "k-fold: folds have the class counts of scikit-learn's StratifiedKFold" {
    /usr/bin/python3 -c 'import sklearn' 2>/dev/null || skip "scikit-learn is not installed"
    make_matrix 53 2 x.tsv 3
    must_pass eae-split --kfold 4 --label label x.tsv --plan-out p.tsv -o x.eae
    run /usr/bin/python3 - <<'PY'
import csv, collections
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
rows = list(csv.DictReader(open("x.tsv"), delimiter="\t"))
y = [r["label"] for r in rows]
X = [[float(r["f1"]), float(r["f2"])] for r in rows]
at = {r["id"]: i for i, r in enumerate(rows)}
splits = collections.defaultdict(lambda: ([], []))
for r in csv.DictReader(open("p.tsv"), delimiter="\t"):
    splits[r["split"]][r["role"] == "test"].append(at[r["sample"]])
ours = list(splits.values())
cross_val_predict(KNeighborsClassifier(1), X, y, cv=ours)  # refuses what is not a partition
def counts(cv):
    return [collections.Counter(y[i] for i in test) for _, test in cv]
theirs = counts(StratifiedKFold(4, shuffle=True, random_state=1).split(X, y))
for c in set(y):
    a, b = sorted(f[c] for f in counts(ours)), sorted(f[c] for f in theirs)
    assert a == b, (c, a, b)
assert max(len(t) for _, t in ours) - min(len(t) for _, t in ours) <= 1
PY
    [ "$status" -eq 0 ] || fail "$output"
}

@test "k-fold: 31 folds of 62 subjects hold out two subjects each" {
    make_matrix 150 2 x.tsv
    awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "subject" : "S" NR % 62 }' x.tsv > g.tsv
    must_pass eae-split --kfold 31 --groups --group subject --label label g.tsv \
        --plan-out p.tsv -o x.eae
    run awk -F'\t' 'FNR == NR { subject[$1] = $NF; next }
        FNR > 1 && $3 == "test" { seen[$1 " " subject[$2]] = 1 }
        END { for (key in seen) { split(key, a, " "); n[a[1]]++ }
              for (s in n) print n[s] }' g.tsv p.tsv
    [ "$(echo "$output" | sort | uniq -c | tr -s ' ')" = " 31 2" ]
}

@test "groups: leave one group out" {
    make_matrix 24 2 x.tsv
    awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "subject" : "S" int((NR - 2) / 4) }' x.tsv > g.tsv
    must_pass eae-split --groups --loo --group subject --label label g.tsv --plan-out p.tsv -o x.eae
    run awk -F'\t' 'NR > 1 && $3 == "test" { print $1, $2 }' p.tsv
    [ "$(echo "$output" | head -n 4 | tr '\n' ' ')" = "1 p000 1 p001 1 p002 1 p003 " ]
    [ "$(echo "$output" | tail -n 1)" = "6 p023" ]
}

@test "hold-out: a quarter of every class" {
    make_matrix 60 2 x.tsv 3
    must_pass eae-split --holdout 0.25 --repeats 4 --label label x.tsv --plan-out p.tsv -o x.eae
    run fold_classes x.tsv p.tsv
    [ "$(echo "$output" | awk '{ print $3 }' | sort -u)" = 5 ]
    [ "$(echo "$output" | wc -l)" -eq 12 ]
}

@test "bootstrap: as many draws as samples, and the count says how often" {
    make_matrix 40 2 x.tsv
    must_pass eae-split --bootstrap 6 --label label x.tsv --plan-out p.tsv -o x.eae
    run awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "count") c = i; next }
        $3 == "train" { n[$1] += $c } END { for (s in n) print n[s] }' p.tsv
    [ "$(echo "$output" | sort | uniq -c | tr -s ' ')" = " 6 40" ]
}

@test "inner: every inner sample trains in its parent" {
    make_matrix 40 2 x.tsv
    must_pass eae-split --kfold 4 --inner 3 --label label x.tsv --plan-out p.tsv -o x.eae
    run awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["parent"] == 0 { role[$1 " " $2] = $3; next }
        { inner[$1] = 1; if (role[$at["parent"] " " $2] != "train") bad++ }
        END { for (s in inner) n++; print bad + 0, n }' p.tsv
    [ "$output" = "0 12" ]
}

@test "repeats: the first three of ten are the same as three" {
    make_matrix 40 2 x.tsv
    must_pass eae-split --kfold 4 --repeats 10 --label label x.tsv --plan-out ten.tsv -o x.eae
    must_pass eae-split --kfold 4 --repeats 3 --label label x.tsv --plan-out three.tsv -o x.eae
    head -n "$(wc -l < three.tsv)" ten.tsv | cmp - three.tsv
}

@test "seed: another seed, another plan" {
    make_matrix 40 2 x.tsv
    must_pass eae-split --kfold 4 --label label x.tsv --plan-out a.tsv -o x.eae
    must_pass eae-split --kfold 4 --label label x.tsv --plan-out b.tsv -o x.eae --seed 2
    differ a.tsv b.tsv
}

@test "by: a ready-made column needs no --meta" {
    make_matrix 12 2 x.tsv
    awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "set" : NR % 3 ? "train" : "test" }' x.tsv > s.tsv
    must_pass eae-split --by set --label label s.tsv --plan-out p.tsv -o x.eae
    run awk -F'\t' 'FNR == NR { set[$1] = $NF; next }
        FNR > 1 && set[$2] != $3 { bad++ } END { print bad + 0, FNR }' s.tsv p.tsv
    [ "$output" = "0 13" ]
}

@test "by: groups stay whole in the inner folds" {
    make_matrix 48 2 x.tsv
    awk -F'\t' -v OFS='\t' 'NR == 1 { print $0, "set", "g"; next }
        { print $0, NR <= 33 ? "train" : "test", "G" int((NR - 2) / 4) }' x.tsv > s.tsv
    must_pass eae-split --by set --groups --group g --inner 3 --label label s.tsv \
        --plan-out p.tsv -o x.eae
    says_not "--groups"
    run awk -F'\t' 'FNR == NR { g[$1] = $NF; next } FNR == 1 { next }
        { if (($1, g[$2]) in role && role[$1, g[$2]] != $3) bad++; role[$1, g[$2]] = $3; n[$1]++ }
        END { print bad + 0, n[1], n[2], n[3], n[4] }' s.tsv p.tsv
    [ "$output" = "0 48 32 32 32" ]
}

@test "stratify: shares of a further column, with = and with a space" {
    make_matrix 48 2 x.tsv
    awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "site" : "h" int(NR / 2) % 2 }' x.tsv > s.tsv
    must_pass eae-split --kfold 3 --stratify=site --label label s.tsv --plan-out a.tsv -o a.eae
    must_pass eae-split --kfold 3 --label label s.tsv --stratify site --plan-out b.tsv -o b.eae
    cmp a.tsv b.tsv
    run awk -F'\t' 'FNR == NR { cell[$1] = $2 $NF; next }
        FNR > 1 && $3 == "test" { n[$1 cell[$2]]++ }
        END { for (key in n) print n[key] }' s.tsv a.tsv
    [ "$(echo "$output" | sort -u)" = 4 ] # 48 samples / 3 folds / 4 cells
}

@test "stratify: without columns it may stand before the file" {
    make_matrix 20 2 x.tsv
    must_pass eae-split --kfold 4 --label label --stratify x.tsv -o a.eae
    must_pass eae-split --kfold 4 --label label x.tsv -o b.eae
    must_pass eae-split --kfold 4 --label label --no-history --stratify x.tsv -o a.eae
    must_pass eae-split --kfold 4 --label label --no-history x.tsv -o b.eae
    same_bytes a.eae b.eae
}

@test "no plan option: five folds, and that is said" {
    make_matrix 20 2 x.tsv
    must_pass eae-split --label label x.tsv --plan-out a.tsv -o a.eae
    says "--kfold 5"
    must_pass eae-split --kfold 5 --label label x.tsv --plan-out b.tsv -o b.eae
    says_not "--kfold"
    cmp a.tsv b.tsv
}

@test "regression and data without label: folds all the same" {
    make_matrix 23 4 x.tsv
    cut -f 1,3- x.tsv > n.tsv
    must_pass eae-split --kfold 4 --label f2 --regression n.tsv --plan-out a.tsv -o a.eae
    run awk -F'\t' 'NR > 1 && $3 == "test" { n[$1]++ } END { for (s in n) print n[s] }' a.tsv
    [ "$(echo "$output" | sort | uniq -c | tr -s ' ')" = " 1 5
 3 6" ]
    must_pass eae-split --kfold 4 n.tsv --plan-out b.tsv -o b.eae
    says "no label"
    [ "$(grep -c test b.tsv)" -eq 23 ]
}
