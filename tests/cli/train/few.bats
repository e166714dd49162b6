#!/usr/bin/env bats
# eae-train linear, ridge and logistic of many classes on many rows of few features: by the features, not a Gram matrix.

load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

# planned.eae: 120 samples of 6 features with holes in 5 folds, and in 4 bootstrap samples, a
# target, annotations site and age
make_study() {
    make_matrix 120 6 plain.tsv
    awk -F '\t' 'BEGIN { OFS = FS }
        NR > 1 && NR % 9 == 0 { $5 = "NA" }
        { print $0, NR == 1 ? "site" : "s" NR % 3, NR == 1 ? "age" : NR * 7 % 31,
          NR == 1 ? "target" : 100 + $4 * 3 - $6 + NR * 13 % 17 }' plain.tsv | cut -f1,3- >x.tsv
    import=(--label target --regression --meta site,age)
    eae-split -q --kfold 5 "${import[@]}" -o planned.eae x.tsv
    eae-split -q --bootstrap 4 "${import[@]}" -o boot.eae x.tsv
}

# agree A B TOLERANCE: equal frames but for rounding, predictions and models
agree() {
    /usr/bin/python3 - "$ROOT/share/python" "$@" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

a, b = eaem.read(sys.argv[2]), eaem.read(sys.argv[3])
assert [f.kind for f in a] == [f.kind for f in b] and len(a) > 0
for x, y in zip(a, b):
    assert x.matrix.shape == y.matrix.shape and len(x.matrix) > 0
    assert (np.isnan(x.matrix) == np.isnan(y.matrix)).all()
    there = ~np.isnan(x.matrix)
    size = np.abs(x.matrix[there]).max()
    assert np.abs(x.matrix - y.matrix)[there].max() < float(sys.argv[4]) * size
    for key in ("objective", "intercept"):
        if key in x.row_annot:
            u, v = (np.array(f.row_annot[key], float) for f in (x, y))
            close = np.isclose(u, v, rtol=float(sys.argv[4]), atol=0, equal_nan=True)
            assert close.all(), (key, u[~close][:3], v[~close][:3])
END
}

@test "ridge: the values and models of the Gram matrix" {
    needs_python
    make_study
    for options in "--lambda 0.01,1,100" "--scale none --lambda 1" "--scale all --lambda 0.1" \
        "--covariates age,site --lambda 0.1" "--adjust site --lambda 0.1" "--permute 7 --lambda 1" \
        "--lambda auto:20 --tune mse --final"; do
        for plan in planned boot; do
            inner=
            [ "${options#*--tune}" = "$options" ] || inner="--inner 3"
            # shellcheck disable=SC2086
            [ -z "$inner" ] || eae-split -q --kfold 3 $inner "${import[@]}" -o $plan.eae x.tsv
            # shellcheck disable=SC2086
            must_pass eae-train ridge $options --impute mean --weights all -o few.eae -q $plan.eae
            # shellcheck disable=SC2086
            must_pass eae-train ridge $options --impute mean --weights all --solver gram -o gram.eae -q \
                $plan.eae
            agree few.eae gram.eae 1e-8
            differ few.eae gram.eae # it is another way to the same numbers
        done
    done
}

# The same rows with three classes instead of the target.
make_classes() {
    make_study
    make_matrix 120 6 classes.tsv 3
    awk -F '\t' 'BEGIN { OFS = FS }
        NR > 1 && NR % 9 == 0 { $5 = "NA" }
        { print $0, NR == 1 ? "site" : "s" int(NR / 5) % 3, NR == 1 ? "age" : NR * 7 % 31 }' classes.tsv >x.tsv
    import=(--label label --meta site,age)
    eae-split -q --kfold 5 "${import[@]}" -o planned.eae x.tsv
    eae-split -q --bootstrap 4 "${import[@]}" -o boot.eae x.tsv
}

@test "softmax: the values and models of the Gram matrix" {
    needs_python
    make_classes
    for options in "-C 0.01,1,100" "--scale none --lambda 0.1" "--scale all -C 1 --class-weight balanced" \
        "--covariates age,site -C 1" "--adjust site -C 1" "--permute 5 -C 1" "-C 0.1,1 --tune accuracy --final"; do
        for plan in planned boot; do
            inner=
            [ "${options#*--tune}" = "$options" ] || inner="--inner 3"
            # shellcheck disable=SC2086
            [ -z "$inner" ] || eae-split -q --kfold 3 $inner "${import[@]}" -o $plan.eae x.tsv
            # shellcheck disable=SC2086
            must_pass eae-train logistic $options --tol 1e-12 --impute mean --weights all -o few.eae -q $plan.eae
            # shellcheck disable=SC2086
            must_pass eae-train logistic $options --tol 1e-12 --impute mean --weights all --solver gram -o gram.eae \
                -q $plan.eae
            agree few.eae gram.eae 1e-5 || fail "$options $plan"
            differ few.eae gram.eae
        done
    done
}

@test "softmax of more rows than a Gram matrix could hold, scored on new data" {
    eae-synth -q --rows 60000 --cols 6 --classes 4 --informative 4 --effect 1 -o train.eae
    must_pass eae-train logistic -q -C 1 --memory 100M -o model.eae train.eae
    eae-view -q --kind model -O tsv model.eae | awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["@part"] == "weights" { n++; if ($at["@converged"] != 1 || $at["@gap"] > 1e-6) exit 1 }
        END { exit n != 4 }'
    eae-synth -q --rows 62000 --cols 6 --classes 4 --informative 4 --effect 1 --rows-from 60000 --rows-to 62000 -o new.eae
    must_pass eae-score --model model.eae --metrics accuracy,logloss -q new.eae
    # chance is 0.25, and log 4
    awk -F '\t' '$6 == "accuracy" && $7 < 0.5 || $6 == "logloss" && $7 > 1.2 { exit 1 }' .stdout
    [ "$(wc -l <.stdout)" -eq 3 ]
}

@test "its bytes: threads, shards, pipe and file" {
    make_classes
    mv boot.eae classes.eae
    make_study
    for model in "linear --covariates age" "ridge --lambda 1,10 --permute 3" "logistic -C 1,10 --permute 3"; do
        [ "${model#logistic}" = "$model" ] || mv classes.eae boot.eae
        # shellcheck disable=SC2086
        eae-train $model -q --no-history --impute median --weights all -t 1 -o one.eae boot.eae
        # shellcheck disable=SC2086
        cat boot.eae | eae-train $model -q --no-history --impute median --weights all -t 4 >four.eae
        same_bytes one.eae four.eae
        for i in 1 2 3; do
            # shellcheck disable=SC2086
            eae-train $model -q --no-history --impute median --weights all --shard $i/3 -o part$i.eae boot.eae
        done
        for kind in prediction model; do
            eae-view --no-history --kind $kind one.eae >whole
            cat part?.eae | eae-view --no-history --kind $kind >parts
            same_bytes whole parts
        done
    done
}

@test "least squares of 30,000 rows, the values of numpy; its final model gives them again" {
    needs_python
    eae-synth -q --rows 30000 --cols 7 --informative 3 --effect 1 | eae-view -O tsv >x.tsv
    awk -F '\t' 'BEGIN { OFS = FS; print "split", "sample", "role" }
        NR > 1 { print 1, $1, NR % 3 ? "train" : "test" }' x.tsv >plan.tsv
    awk -F '\t' 'BEGIN { OFS = FS }
        NR == 1 { $2 = "target" }
        NR > 1 { $2 = $NF * 2 + $(NF - 1) + NR * 31 % 101 / 10 }
        { print }' x.tsv >y.tsv
    eae-view -q --label target --regression -o y.eae y.tsv
    eae-split -q --plan-in plan.tsv y.eae | eae-train linear -q --final -o trained.eae
    must_pass /usr/bin/python3 - "$ROOT/share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

data, = eaem.read("y.eae")
held, = [f for f in eaem.read("trained.eae") if f.kind == "prediction"]
x, y = np.asarray(data.matrix, float), np.asarray(data.row_annot["label"], float)
test = (np.arange(len(y)) + 2) % 3 == 0
a = np.column_stack([np.ones(len(y)), x])
w = np.linalg.lstsq(a[~test], y[~test], rcond=None)[0]
got = held.matrix[0]
assert (np.isnan(got) == ~test).all() and test.sum() == 10000
assert np.abs(got[test] - a[test] @ w).max() < 1e-8
END
    must_pass eae-score -q --model trained.eae --predict -o applied.eae y.eae
    must_pass /usr/bin/python3 - "$ROOT/share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

data, = eaem.read("y.eae")
applied, = eaem.read("applied.eae")
x, y = np.asarray(data.matrix, float), np.asarray(data.row_annot["label"], float)
a = np.column_stack([np.ones(len(y)), x])
assert np.abs(applied.matrix[0] - a @ np.linalg.lstsq(a, y, rcond=None)[0]).max() < 1e-8
END
}

@test "of what a filter left: the values and models of the Gram matrix; least squares those of numpy" {
    needs_python
    eae-synth -q --rows 1200 --cols 90 --classes 3 --informative 10 --effect 0.5 -o classes.eae
    eae-view -q -O tsv classes.eae | cut -f 1,3- |
        awk -F '\t' 'BEGIN { OFS = FS } { print $0, NR == 1 ? "target" : $5 - 2 * $9 + NR * 31 % 101 / 10 }' >y.tsv
    eae-view -q --label target --regression -o numbers.eae y.tsv
    for data in classes numbers; do eae-split -q --kfold 3 -o $data.plan.eae $data.eae; done
    for options in "ridge --filter variance:20 --lambda 0.1,1 --final" "ridge --filter corr:7 --permute 2" \
        "logistic --filter anova:20 --permute 2 -C 1 --final" "logistic --filter variance:9 --scale none -C 0.01,1"; do
        data=numbers
        [ "${options#logistic}" = "$options" ] || data=classes
        # shellcheck disable=SC2086
        must_pass eae-train $options --tol 1e-12 --weights all -o few.eae -q $data.plan.eae
        # shellcheck disable=SC2086
        must_pass eae-train $options --tol 1e-12 --weights all --solver gram -o gram.eae -q $data.plan.eae
        agree few.eae gram.eae 1e-7 || fail "$options"
        differ few.eae gram.eae
    done
    must_pass eae-train linear --filter corr:11 --weights all -q -o linear.eae numbers.plan.eae
    must_pass /usr/bin/python3 - "$ROOT/share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

data, = eaem.read("numbers.eae")
frames = {f.kind: f for f in eaem.read("linear.eae")}
x, y = np.asarray(data.matrix, float), np.asarray(data.row_annot["label"], float)
models, held = frames["model"], frames["prediction"]
weights = [r for r, part in enumerate(models.row_annot["part"]) if part == "weights"]
assert len(weights) == 3
for r, got in zip(weights, held.matrix):
    used = ~np.isnan(models.matrix[r])
    assert used.sum() == 11
    a = np.column_stack([np.ones(len(y)), x[:, used]])
    test = ~np.isnan(got)
    w = np.linalg.lstsq(a[~test], y[~test], rcond=None)[0]
    assert test.sum() == 400 and np.abs(got[test] - a[test] @ w).max() < 1e-8
END
    for t in 1 4; do eae-train linear --filter corr:11 -q --no-history -t $t -o t$t.eae numbers.plan.eae; done
    same_bytes t1.eae t4.eae
}
