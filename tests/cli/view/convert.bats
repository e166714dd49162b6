#!/usr/bin/env bats
# Text and arrays in and out.

load ../helpers

table() {
    cat >t.tsv <<'EOF'
id	@label	f1	f2	f3
a	AML	1	2.5	NA
b	ALL	-3	0.1	7
c	AML	-1	1e-7	16777216
EOF
}

@test "a table becomes a stream and the same table again" {
    table
    must_pass eae-view -q t.tsv -o t.eae
    must_pass eae-view -O tsv t.eae
    diff t.tsv .stdout
}

@test "a table of 40 x 300 survives tsv, csv and f64" {
    make_matrix 40 300 m.tsv 3
    eae-view -q m.tsv --label label --no-history >m.eae
    for form in tsv csv; do
        eae-view -O $form m.eae >m.$form
        eae-view -q --no-history m.$form >again.eae
        same_bytes m.eae again.eae
    done
    eae-view -q --dtype f64 m.tsv --label label --no-history >m64.eae
    eae-view -O tsv m64.eae | eae-view -q --dtype f64 --no-history >again.eae
    same_bytes m64.eae again.eae
    eae-view --dtype f32 --no-history m64.eae >again.eae
    same_bytes m.eae again.eae
}

@test "every value of a table is what awk reads there" {
    make_matrix 12 9 m.tsv
    eae-view -q m.tsv --label label -O tsv >out.tsv
    awk -F '\t' 'FNR == 1 { next }
        NR == FNR { for (j = 3; j <= NF; j++) want[FNR, j] = $j + 0; next }
        { for (j = 3; j <= NF; j++) if ($j + 0 != want[FNR, j]) { print FNR, j, $j; bad = 1 } seen++ }
        END { exit bad || seen != 12 }' m.tsv out.tsv
}

@test "numpy reads what -O npy writes" {
    /usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "no numpy"
    table
    eae-view -q t.tsv -O npy >t.npy
    /usr/bin/python3 - <<'EOF'
import numpy as np
x = np.load("t.npy")
want = np.array([[1, 2.5, np.nan], [-3, 0.1, 7], [-1, 1e-7, 16777216]], np.float32)
assert x.dtype == np.float32 and x.shape == (3, 3), (x.dtype, x.shape)
assert np.array_equal(x, want, equal_nan=True), x
EOF
    eae-view t.npy -O npy >again.npy
    same_bytes t.npy again.npy
}

@test "LIBSVM has the label first, and no zeros" {
    printf 'id\t@label\tf1\tf2\nx\tno\t0\t2\ny\tyes\t1.5\t0\n' >t.tsv
    must_pass eae-view -q t.tsv -O libsvm
    printf -- '-1 2:2\n1 1:1.5\n' | diff - .stdout
    table
    must_fail 1 eae-view -q t.tsv -O libsvm
    says "missing"
}

@test "scikit-learn reads the LIBSVM text, python's csv the CSV" {
    /usr/bin/python3 -c 'import sklearn' 2>/dev/null || skip "no scikit-learn"
    make_matrix 9 6 m.tsv 3
    sed 's/f2/a b, c/' m.tsv >q.tsv
    eae-view -q q.tsv --label label -O libsvm >m.libsvm
    eae-view -q q.tsv --label label -O csv >m.csv
    /usr/bin/python3 - <<'EOF'
import csv
import numpy as np
from sklearn.datasets import load_svmlight_file
rows = [line.rstrip("\n").split("\t") for line in open("q.tsv")]
want = np.array([[float(v) for v in row[2:]] for row in rows[1:]])
x, y = load_svmlight_file("m.libsvm", n_features=6)
assert np.array_equal(x.toarray(), want)
assert list(y) == [int(row[1][1:]) for row in rows[1:]], y
table = list(csv.reader(open("m.csv", newline="")))
assert table[0] == ["id", "@label"] + rows[0][2:], table[0]
assert np.array_equal([[float(v) for v in row[2:]] for row in table[1:]], want)
EOF
}

@test "one frame at a time as text" {
    table
    eae-view -q t.tsv >t.eae
    printf 'id\tf1\tf2\ta\n1\t2\t3\t1\n' >o.tsv
    must_fail 1 eae-view -q t.eae -O tsv --kind model
    says "no model frame (found: data)"
}

@test "--head shows the corner; with -O the first rows" {
    make_matrix 30 40 m.tsv
    must_pass eae-view -q --head m.tsv --label label
    [ "$(wc -l <.stdout)" -eq 11 ]
    [ "$(head -1 .stdout)" = "$(printf 'id\t@label\tf1\tf2\tf3\tf4\tf5\tf6\tf7\tf8\tf9\tf10')" ]
    must_pass eae-view -q --head=2 -O csv m.tsv --label label
    [ "$(wc -l <.stdout)" -eq 3 ]
    [ "$(head -1 .stdout | tr ',' '\n' | wc -l)" -eq 42 ]
    must_pass eae-view -q --head=99 m.tsv --label label
    [ "$(wc -l <.stdout)" -eq 31 ]
}

@test "--info names shape, classes, counts, missing values and history" {
    table
    eae-view -q t.tsv >t.eae
    must_pass eae-view --info t.eae
    grep -q '^data: 3 samples x 3 features, f32, 1 missing$' .stdout
    grep -q 'label  *ALL 1, AML 2$' .stdout
    grep -q '"program":"eae-view"' .stdout
    must_pass eae-view --no-history t.eae -o n.eae
    must_pass eae-view --info n.eae
    [ "$(grep -c program .stdout)" -eq 0 ]
}

@test "--info --json is JSON" {
    table
    eae-view -q t.tsv >t.eae
    eae-view --info --json t.eae >info.json
    /usr/bin/python3 - <<'EOF'
import json
d = json.loads(open("info.json").read())
assert (d["kind"], d["rows"], d["cols"], d["missing"], d["type"]) == ("data", 3, 3, 1, "f32"), d
assert d["annotations"][0]["counts"] == {"ALL": 1, "AML": 2}, d
assert d["history"][0]["program"] == "eae-view", d
assert d["row_names"] == ["a", "b", "c"]
EOF
    make_matrix 30 8 m.tsv
    eae-view -q --label label --info --json m.tsv >info.json
    /usr/bin/python3 -c 'import json
d = json.loads(open("info.json").read())
assert d["row_names"] == ["p%03d" % i for i in range(30)] and d["col_names"] == ["f%d" % j for j in range(1, 9)], d'
}

@test "--hash is that of the content, not of the history" {
    table
    eae-view -q t.tsv >t.eae
    eae-view --no-history t.eae >n.eae
    [ "$(eae-view --hash t.eae)" = "$(eae-view --hash n.eae)" ]
    [ "$(eae-view -q --hash t.tsv)" = "$(eae-view --hash n.eae)" ]
    [ "$(eae-view --hash t.eae)" != "$(eae-view -q --hash --drop-samples a t.eae)" ]
}

@test "the univariate table has a line per feature" {
    command -v eae-train >/dev/null || skip "no eae-train"
    make_matrix 20 6 m.tsv
    eae-view -q m.tsv --label label | eae-train -q test --stat welch >t.eae
    must_pass eae-view --kind model -O tsv t.eae
    [ "$(wc -l <.stdout)" -eq 7 ]
    head -1 .stdout | grep -q "^id.*statistic.*effect.*df.*p"
    [ "$(cut -f 1 .stdout | tr '\n' ' ')" = "id f1 f2 f3 f4 f5 f6 " ]
}
