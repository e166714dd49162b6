#!/usr/bin/env bats
# The bytes of eae-split: the same from file and pipe, at any thread count, and whole or not at all.
load ../helpers

@test "file, pipe and stream give the same bytes" {
    make_matrix 30 5 x.tsv
    must_pass eae-split --kfold 3 --label label x.tsv -o a.eae
    eae-split --kfold 3 --label label < x.tsv > b.eae
    # shellcheck disable=SC2002 # a pipe, not a file, is the point
    cat x.tsv | eae-split --kfold 3 --label label - > c.eae
    same_bytes a.eae b.eae
    same_bytes a.eae c.eae
}

@test "the same bytes at 1 and at 4 threads" {
    make_matrix 60 40 x.tsv
    must_pass eae-split --kfold 5 --repeats 4 --inner 3 --label label x.tsv -t 1 -o a.eae
    must_pass eae-split --kfold 5 --repeats 4 --inner 3 --label label x.tsv -t 4 -o b.eae
    same_bytes a.eae b.eae
}

@test "a plan in the input is replaced; the data come through unchanged" {
    make_matrix 30 5 x.tsv
    must_pass eae-split --no-history --kfold 3 --label label x.tsv -o a.eae
    must_pass eae-split --no-history --loo a.eae -o b.eae
    says "replaced"
    must_pass eae-split --no-history --kfold 3 b.eae -o c.eae
    same_bytes a.eae c.eae
    differ a.eae b.eae
}

@test "plan-out and back: the same bytes" {
    make_matrix 36 3 x.tsv
    awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "subject" : "S" NR % 13 }' x.tsv > g.tsv
    for how in "--kfold 4 --repeats 2 --inner 3" "--loo" "--bootstrap 5 --inner 2" "--holdout 0.3" \
        "--groups --kfold 4 --inner 3" "--groups --bootstrap 3"; do
        # shellcheck disable=SC2086
        must_pass eae-split -q --no-history $how --group subject --label label g.tsv \
            --plan-out p.tsv -o a.eae
        must_pass eae-split -q --no-history --plan-in p.tsv --group subject --label label g.tsv \
            --plan-out q.tsv -o b.eae
        same_bytes p.tsv q.tsv
        same_bytes a.eae b.eae
    done
}

@test "plan-in reads a plan made by hand, from standard input too" {
    make_matrix 6 2 x.tsv
    printf 'sample\tsplit\trole\np000\t1\ttest\np001\t1\ttest\np002\t1\ttrain\np003\t1\ttrain\n' > p.tsv
    must_pass eae-split --plan-in p.tsv --label label x.tsv --plan-out q.tsv --no-history -o a.eae
    says "2 of 6 samples are in no split"
    run cat q.tsv
    [ "$output" = "$(printf 'split\tsample\trole\trepeat\tfold
1\tp000\ttest\t1\t1\n1\tp001\ttest\t1\t1\n1\tp002\ttrain\t1\t1\n1\tp003\ttrain\t1\t1')" ]
    eae-split --plan-in - --label label x.tsv --no-history -o b.eae < p.tsv
    same_bytes a.eae b.eae
}

@test "a full disk is an error" {
    make_matrix 30 5 x.tsv
    must_fail 1 eae-split --kfold 3 --label label x.tsv -o /dev/full
    says "/dev/full"
    must_fail 1 eae-split --kfold 3 --label label x.tsv --plan-out /dev/full -o a.eae
    says "/dev/full"
    [ ! -e a.eae ]
    run bash -c 'eae-split --kfold 3 --label label x.tsv > /dev/full'
    [ "$status" -eq 1 ]
}

@test "a closed pipe ends it silently" {
    make_matrix 200 400 x.tsv
    run bash -c 'trap "" PIPE; { eae-split -q --kfold 3 --label label x.tsv; echo $? >status; } 2>err | true'
    [ ! -s err ]
    [ "$(cat status)" -eq 141 ] || [ "$(cat status)" -eq 0 ]
}

@test "a failure leaves an older output and its plan as they were" {
    make_matrix 30 5 x.tsv
    echo old > a.eae
    echo old > p.tsv
    must_fail 1 eae-split --kfold 31 --label label x.tsv -o a.eae --plan-out p.tsv
    [ "$(cat a.eae p.tsv)" = "old
old" ]
    [ "$(find . -name '*.tmp.*' | wc -l)" -eq 0 ]
}

@test "a terminal is refused" {
    command -v script >/dev/null || skip "script(1) is not installed"
    make_matrix 30 5 x.tsv
    run script -qec 'eae-split -q --kfold 3 --label label x.tsv' /dev/null < /dev/null
    [ "$status" -eq 1 ]
    case $output in *"is a terminal"*) ;; *) fail "$output" ;; esac
}

@test "an independent reader finds the plan, its hash and the data" {
    /usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "numpy is not installed"
    make_matrix 30 5 x.tsv
    must_pass eae-split --kfold 3 --inner 2 --label label x.tsv --plan-out p.tsv -o a.eae
    run /usr/bin/python3 - "$BATS_TEST_DIRNAME/../../../share/python" <<'PY'
import csv, struct, sys
sys.path.insert(0, sys.argv[1])
import eaem
split, data = eaem.read("a.eae")
assert (split.kind, data.kind) == ("split", "data"), (split.kind, data.kind)
assert split.matrix.shape == (9, 30) and split.matrix.dtype == "<i2", split.matrix.shape
assert list(split.col_names) == list(data.row_names)
assert list(split.row_annot["split"]) == list(range(1, 10))
assert list(split.row_annot["parent"]) == [0, 0, 0, 1, 1, 2, 2, 3, 3]
at = {name: j for j, name in enumerate(split.col_names)}
x = 0 * split.matrix
for r in csv.DictReader(open("p.tsv"), delimiter="\t"):
    x[int(r["split"]) - 1, at[r["sample"]]] = 1 if r["role"] == "train" else -1
assert (x == split.matrix).all()
b = struct.pack("<qq", 9, 30) + b"".join(n.encode() + b"\0" for n in split.col_names)
for name in "split", "repeat", "fold", "parent":
    b += name.encode() + b"\0" + struct.pack("<9q", *map(int, split.row_annot[name]))
b += split.matrix.astype("<i2").tobytes()
assert set(split.row_annot["plan"]) == {eaem.xxh3_128(b).hex()}, split.row_annot["plan"][0]
import json
last = json.loads(split.history[-1])
assert last["program"] == "eae-split" and last["inputs"] == [data.content], last
PY
    [ "$status" -eq 0 ] || fail "$output"
}
