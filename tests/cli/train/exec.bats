#!/usr/bin/env bats
# eae-train exec:CMD: what a trainer is given, what becomes of its answer, and of its failures.
# shellcheck disable=SC2016,SC2054  # what a command is given expands there; lists with commas are one word
load ../helpers

EXAMPLES=$BATS_TEST_DIRNAME/../../../share/examples/exec
READER=$BATS_TEST_DIRNAME/../../../share/python

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

# bytes FILE: the frames without their history
bytes() {
    eae-view --no-history "$1" | md5sum
}

# planned.eae: 20 samples, 4 features, classes c0 and c1, 4 folds. first.sh: a trainer for tsv that
# answers with the first feature.
make_planned() {
    make_matrix 20 4 x.tsv
    eae-split -q --kfold 4 --label label -o planned.eae x.tsv
    cat >first.sh <<'END'
#!/bin/sh
awk -F '\t' 'BEGIN { OFS = FS; print "id", "value" }
    NR == 1 { for (k = 1; k <= NF; k++) if ($k == "f1") column = k; next }
    { print $1, $column }' "$EAE_TEST"
END
    chmod +x first.sh
}

@test "the Python example: nearest centroid, two classes and three" {
    needs_python
    for classes in 2 3; do
        make_matrix 36 6 x.tsv $classes
        eae-split -q --kfold 4 --label label -o planned.eae x.tsv
        must_pass eae-train "exec:/usr/bin/python3 '$EXAMPLES/nearest_centroid.py'" -q -o out.eae planned.eae
        /usr/bin/python3 - "$READER" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

frames = {f.kind: f for f in eaem.read("planned.eae")}
prediction, = eaem.read("out.eae")
data, plan = frames["data"], frames["split"].matrix
x, label = data.matrix.astype(float), np.array(data.row_annot["label"])
classes = data.row_annot["label"].entries
several = len(classes) > 2
assert len(prediction.matrix) == 4 * (len(classes) if several else 1)
for row, value in enumerate(prediction.matrix):
    roles = plan[prediction.row_annot["split"][row] - 1]
    train, test = roles > 0, roles == -1
    z = (x - x[train].mean(0)) / x[train].std(0)
    centres = np.array([z[train & (label == c)].mean(0) for c in classes])
    inside = sum(((z[train & (label == c)] - m) ** 2).sum() for c, m in zip(classes, centres))
    variance = inside / train.sum() / z.shape[1]
    score = -((z[test][:, None] - centres) ** 2).sum(2) / 2 / variance
    expected = score[:, classes.index(prediction.row_annot["class"][row])] if several \
        else score[:, 1] - score[:, 0]
    assert np.abs(value[test] - expected).max() < 1e-4 * np.abs(expected).max()
    assert np.isnan(value[~test]).all()
a = prediction.row_annot
assert a["model"][0].startswith("exec:/usr/bin/python3") and a["param"][0] is None
assert set(a["converged"]) == {1} and set(a["iterations"]) == {eaem.MISSING}
assert np.isnan(a["objective"]).all() and np.isnan(a["gap"]).all()
END
    done
    must_pass eae-score --metrics brier,logloss,auc out.eae
}

@test "the R example: ridge, as eae-train ridge" {
    command -v Rscript >/dev/null || skip "Rscript is not installed"
    make_matrix 30 12 x.tsv
    eae-split -q --bootstrap 3 --label f1 --regression --meta label -o planned.eae x.tsv
    must_pass eae-train "exec:Rscript '$EXAMPLES/ridge.R'" --exec-format tsv --lambda 0.1,2 -q -o r.eae planned.eae
    eae-train ridge --lambda 0.1,2 --tol 1e-12 -q -o own.eae planned.eae
    for f in r own; do
        eae-score --metrics mse $f.eae | cut -f 3-7 >$f.tsv
    done
    [ "$(wc -l <own.tsv)" -eq 7 ]
    paste own.tsv r.tsv | awk -F '\t' 'NR > 1 { d = $5 - $10; if ($1 != $6 || d * d > 1e-10 * $5 * $5) exit 1 }'
    # two classes, whichever is the positive one
    for order in c0/c1 c1/c0; do
        eae-split -q --kfold 3 --label label=$order -o planned.eae x.tsv
        must_pass eae-train "exec:Rscript '$EXAMPLES/ridge.R'" --exec-format tsv -q -o r.eae planned.eae
        eae-score --metrics auc --summary r.eae | cut -f 7 | tail -n 1 >>auc.txt
    done
    [ "$(sort -u auc.txt | wc -l)" -eq 1 ]
    awk '$1 < 0.6 { exit 1 }' auc.txt
}

@test "a stream holds two frames, told apart by role" {
    needs_python
    make_planned
    cat >look.py <<END
import os, sys
sys.path.insert(0, "$READER")
import eaem
train, test = eaem.read("-")
assert train.kind == test.kind == "data" and not train.history and not test.history
assert set(train.row_annot["role"]) == {"train"} and set(test.row_annot["role"]) == {"test"}
assert list(train.row_annot) == ["label", "role", "count"] and list(test.row_annot) == ["role"]
assert train.col_names == test.col_names == ["f1", "f2", "f3", "f4"]
assert abs(train.matrix.mean(0)).max() < 1e-6 and abs(train.matrix.std(0) - 1).max() < 1e-6
names = ("EAE_PARAM", "EAE_SEED", "EAE_SPLIT", "EAE_POSITIVE", "OMP_NUM_THREADS", "EAE_TRAIN")
print(*[os.environ.get(n, "-") for n in names], sep=",", file=open("seen.txt", "a"))
print("id\tvalue")
for name in test.row_names:
    print(name, os.environ["EAE_PARAM"] or 1.5, sep="\t")
END
    must_pass eae-train "exec:/usr/bin/python3 look.py" -q -t 1 -o a.eae planned.eae
    [ "$(sort -u seen.txt)" = ",1,1,c1,1,-
,1,2,c1,1,-
,1,3,c1,1,-
,1,4,c1,1,-" ] || fail "$(cat seen.txt)"
    rm seen.txt
    must_pass eae-train "exec:/usr/bin/python3 look.py" -C 0.5,2 --seed 7 -t 2 -q -o b.eae planned.eae
    [ "$(sort seen.txt | head -3)" = "0.5,7,1,c1,1,-
0.5,7,2,c1,1,-
0.5,7,3,c1,1,-" ] || fail "$(cat seen.txt)"
    eae-view -O tsv b.eae | cut -f 3 >param.txt
    [ "$(tail -n +2 param.txt | sort | uniq -c | tr '\n' ' ' | tr -s ' ')" = ' 4 "0.5" 4 "2" ' ]
    # merged by another reader they can still be told apart
    must_pass eae-train 'exec:sh -c "eae-view -q -o merged.$EAE_SPLIT.eae; exit 5"' planned.eae -t 1 || true
    eae-view -O tsv merged.1.eae | cut -f 1-4 | awk -F '\t' 'NR > 1 { n[$3]++; l[$3] += $2 != "NA" }
        END { if (n["train"] != 15 || l["train"] != 15 || n["test"] != 5 || l["test"] != 0) exit 1 }'
}

@test "threads and shards: the same bytes, permutations and parameters as well" {
    make_planned
    options=(--exec-format tsv -C 1,2 --permute 3 --filter ttest:2)
    cat >count.sh <<'END'
#!/bin/sh
# the training labels and the first feature of the test sample: whatever differs shows
key=$(cksum <"$EAE_TRAIN" | cut -d ' ' -f 1)
awk -F '\t' -v key="$key" -v param="$EAE_PARAM" 'BEGIN { OFS = FS; print "id", "value" }
    NR > 1 { print $1, key / 4294967296 + $NF * param }' "$EAE_TEST"
END
    chmod +x count.sh
    must_pass eae-train exec:./count.sh "${options[@]}" -q -t 1 -o whole.eae planned.eae
    [ "$(eae-view -O tsv whole.eae | wc -l)" -eq 33 ]
    [ "$(eae-view -O tsv whole.eae | columns_from p000 | sort -u | wc -l)" -eq 33 ]
    for t in 3 8; do
        must_pass eae-train exec:./count.sh "${options[@]}" -q -t $t -o threads.eae planned.eae
        [ "$(bytes whole.eae)" = "$(bytes threads.eae)" ]
    done
    for i in 1 2 3; do
        must_pass eae-train exec:./count.sh "${options[@]}" -q --shard $i/3 -o part$i.eae planned.eae
    done
    cat part?.eae | eae-view --no-history -o shards.eae
    [ "$(bytes whole.eae)" = "$(bytes shards.eae)" ]
    must_pass eae-train exec:./count.sh "${options[@]}" -q -o piped.eae < <(cat planned.eae)
    [ "$(bytes whole.eae)" = "$(bytes piped.eae)" ]
    [ -z "$(find . -name 'eae.*.tsv')" ]
}

@test "several at once, each with its share of the cores" {
    make_planned
    cat >slow.sh <<'END'
#!/bin/sh
echo "$OMP_NUM_THREADS" >>cores.txt
touch "here.$EAE_SPLIT"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(ls here.* | wc -l)" -gt 1 ] && break
    sleep 0.2
done
[ "$i" -lt 20 ] || exit 9
exec ./first.sh
END
    chmod +x slow.sh
    must_pass eae-train exec:./slow.sh --exec-format tsv -t 9 -q -o out.eae planned.eae
    [ "$(sort -u cores.txt)" = 2 ]
}

@test "a trainer that reads nothing, or not all" {
    make_matrix 400 300 x.tsv
    eae-split -q --kfold 2 --label label -o planned.eae x.tsv
    awk -F '\t' 'BEGIN { OFS = FS; print "id", "value" } NR > 1 { print $1, NR - 200 }' x.tsv >all.tsv
    must_fail 1 eae-train 'exec:cat all.tsv' planned.eae
    says 'split 1: exec:cat all.tsv: output:'
    says 'is not a test sample'
    cat >half.sh <<'END'
#!/bin/sh
head -c 1000 >/dev/null
eae-view -q --kind split -O tsv planned.eae | awk -F '\t' -v s="$EAE_SPLIT" 'BEGIN { OFS = FS; print "id", "value" }
    NR == 1 { for (k = 1; k <= NF; k++) name[k] = $k }
    NR > 1 && $1 == s { for (k = 6; k <= NF; k++) if ($k == -1) print name[k], k }'
END
    chmod +x half.sh
    must_pass eae-train exec:./half.sh -q -o out.eae planned.eae
}

@test "failures name the split and what the command said" {
    make_planned
    must_fail 1 eae-train 'exec:sh -c "echo bad data >&2; echo more >&2; exit 3"' planned.eae
    says 'eae-train: split 1: exec:sh -c "echo bad data >&2; echo more >&2; exit 3" ended with status 3: bad data'
    must_fail 1 eae-train 'exec:sh -c "[ $EAE_SPLIT != 3 ] || kill -9 $$; exec ./first.sh"' --exec-format tsv planned.eae
    says 'split 3: exec:'
    says 'was killed by signal 9'
    must_fail 1 eae-train exec:./absent planned.eae
    says "split 1: cannot run ./absent: No such file or directory"
    must_fail 1 eae-train exec:./x.tsv planned.eae
    says "cannot run ./x.tsv: Permission denied"
    must_fail 1 eae-train exec:yes planned.eae
    says "split 1: exec:yes wrote more than"
    must_fail 1 eae-train exec:true planned.eae
    says "split 1: exec:true: output is empty"
    must_fail 1 eae-train "exec:sh -c './first.sh | head -n -1'" --exec-format tsv planned.eae
    says "has no value for 1 of 5 test samples"
    must_fail 1 eae-train "exec:sh -c './first.sh | sed \"2s/.*/p999\t1/\"'" --exec-format tsv planned.eae
    says 'output:2: column 1: "p999" is not a test sample'
    must_fail 1 eae-train "exec:sh -c './first.sh | sed \"3s/\t.*/\tnone/\"'" --exec-format tsv planned.eae
    says 'output:3: column 2: not a number: "none"'
    must_fail 1 eae-train exec:./first.sh --exec-format tsv --tmpdir /nowhere planned.eae
    says "split 1: /nowhere: cannot create a temporary file"
    [ ! -e out.eae ]
}

@test "what a command says is shown with -v" {
    make_planned
    must_pass eae-train 'exec:sh -c "echo heed this >&2; exec ./first.sh"' --exec-format tsv -o out.eae planned.eae
    says_not "heed this"
    must_pass eae-train 'exec:sh -c "echo heed this >&2; exec ./first.sh"' --exec-format tsv -v -o out.eae planned.eae
    says "heed this"
}

@test "usage: commands, options, plans" {
    make_planned
    for bad in exec: 'exec:  ' "exec:'a" 'exec:a | b' 'exec:a; b' 'exec:a > b' 'exec:echo $HOME' exec; do
        must_fail 2 eae-train "$bad" planned.eae
    done
    must_fail 2 eae-train 'exec:a | b' planned.eae
    says "sh -c"
    for bad in --final "--weights all" "--tol 0.1" "--loss hinge" "--covariates f1" \
        "--class-weight balanced" "--stat limma" "--exec-format csv" "--exec-values score"; do
        # shellcheck disable=SC2086
        must_fail 2 eae-train exec:./first.sh $bad planned.eae
    done
    must_fail 2 eae-train svm --exec-format tsv planned.eae
    says "svm takes no --exec-format"
    must_fail 2 eae-train exec:./first.sh --label label x.tsv
    says "exec needs a plan"
    eae-split -q --kfold 4 --label f1 --regression --meta label -o number.eae x.tsv
    must_fail 2 eae-train exec:./first.sh --exec-values probability number.eae
    says "needs a label with classes"
}

@test "probabilities become log-odds; values that look like them are warned about" {
    make_planned
    cat >p.sh <<'END'
#!/bin/sh
awk -F '\t' 'BEGIN { OFS = FS; print "id", "c1", "c0" }
    NR > 1 { p = NR / 10; print $1, p, 1 - p }' "$EAE_TEST"
END
    cat >one.sh <<'END'
#!/bin/sh
./p.sh | cut -f 1,2 | sed '1s/c1/value/'
END
    chmod +x p.sh one.sh
    must_pass eae-train exec:./p.sh --exec-format tsv --exec-values probability -o two.eae planned.eae
    says_not "probabilit"
    must_pass eae-train exec:./one.sh --exec-format tsv --exec-values probability -o one.eae planned.eae
    must_pass eae-train exec:./one.sh --exec-format tsv -o raw.eae planned.eae
    says "every value is between 0 and 1"
    must_pass eae-train exec:./first.sh --exec-format tsv -o first.eae planned.eae
    says_not "between 0 and 1"
    for f in one two; do
        eae-view -O tsv $f.eae | columns_from p000 | tr '\t' '\n' | grep -v -e NA -e p | sort -gu >$f.txt
        awk '{ p = (2 + NR - 1) / 10; d = $1 - log(p / (1 - p)); if (d * d > 1e-20) exit 1 }
            END { if (NR != 5) exit 1 }' $f.txt
    done
    must_pass eae-score --metrics brier two.eae
    eae-view -O tsv two.eae | cut -f 2 | grep -q "scale=fold;values=probability"
}

@test "survival and numbers" {
    make_planned
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { $2 = "t" OFS "s" } NR > 1 { $2 = (NR % 7 + 1) OFS (NR % 3 > 0) }
        { print }' x.tsv >times.tsv
    eae-split -q --kfold 3 --time t --status s -o times.eae times.tsv
    must_pass eae-train exec:./first.sh --exec-format tsv --permute 2 -q -o out.eae times.eae
    must_pass eae-score --metrics cindex --summary out.eae
    eae-split -q --kfold 3 --label f2 --regression --meta label -o number.eae x.tsv
    must_pass eae-train exec:./first.sh --exec-format tsv -o out.eae number.eae
    says_not "between 0 and 1"
    must_pass eae-score --metrics mse --summary out.eae
}

@test "missing values: refused, filled, or handed on as they are" {
    make_planned
    sed -e '3s/[^\t]*$/NA/' -e '9s/[^\t]*$/NA/' x.tsv >holes.tsv
    eae-split -q --kfold 4 --label label -o holes.eae holes.tsv
    must_fail 1 eae-train exec:./first.sh --exec-format tsv holes.eae
    says "2 of 80 values are missing"
    says "--impute none hands them on"
    must_pass eae-train exec:./first.sh --exec-format tsv --impute mean -o out.eae holes.eae
    must_pass eae-train 'exec:sh -c "cat $EAE_TRAIN $EAE_TEST | grep -c NA >>na.txt; exec ./first.sh"' \
        --exec-format tsv --impute none -q -o out.eae holes.eae
    [ "$(sort -u na.txt)" = 2 ]
    must_fail 1 eae-train exec:./first.sh --exec-format tsv --impute none --adjust label holes.eae
}

@test "children die with their parent" {
    make_planned
    cat >wait.sh <<'END'
#!/bin/sh
echo $$ >>pids.txt
exec sleep 60
END
    chmod +x wait.sh
    for signal in KILL TERM; do
        rm -f pids.txt eae.*
        eae-train exec:./wait.sh --exec-format tsv --tmpdir . -t 2 -o out.eae planned.eae 2>said.txt 3>&- &
        parent=$!
        for _ in $(seq 100); do
            [ -e pids.txt ] && [ "$(wc -l <pids.txt)" -eq 2 ] && break
            sleep 0.1
        done
        [ "$(wc -l <pids.txt)" -eq 2 ]
        kill -$signal $parent
        wait $parent || true
        while read -r pid; do
            for _ in $(seq 50); do
                kill -0 "$pid" 2>/dev/null || break
                sleep 0.1
            done
            if kill -0 "$pid" 2>/dev/null; then fail "$pid is still there"; fi
        done <pids.txt
    done
    [ -z "$(find . -name 'eae.*')" ] # SIGTERM takes the temporary files along
}

@test "--tune chooses a parameter on inner splits, for permuted labels as well" {
    make_matrix 24 4 x.tsv
    eae-split -q --kfold 3 --inner 3 --label label -o planned.eae x.tsv
    cat >power.sh <<'END'
#!/bin/sh
# only with parameter 2 the first feature, else noise; the test sample's label is not there
awk -F '\t' -v param="$EAE_PARAM" 'BEGIN { OFS = FS; print "id", "value" }
    NR == 1 { for (k = 1; k <= NF; k++) at[$k] = k; next }
    { print $1, param == 2 ? $at["f1"] : ($at["f3"] * 1000) % 7 }' "$EAE_TEST"
END
    chmod +x power.sh
    must_pass eae-train exec:./power.sh --exec-format tsv -C 1,2,3 --tune auc --permute 1 -q -t 1 -o one.eae planned.eae
    eae-view -O tsv one.eae | awk -F '\t' 'NR > 1 && $10 == 0 { gsub("\"", ""); if ($3 != "tuned" || $4 != 2) exit 1; n++ }
        END { if (n != 3) exit 1 }'
    must_pass eae-train exec:./power.sh --exec-format tsv -C 1,2,3 --tune auc --permute 1 -q -t 4 -o four.eae planned.eae
    [ "$(bytes one.eae)" = "$(bytes four.eae)" ]
}
