#!/usr/bin/env bats
# eae-train svm --kernel: its models on new data, its bytes, its errors. Values are held to
# scikit-learn's in values.bats (options).

load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..

needs_python() {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
}

# x.tsv: 48 samples of K classes, 12 features with holes, annotations site and age
make_study() {
    make_matrix 48 12 plain.tsv "$1"
    awk -F '\t' 'BEGIN { OFS = FS }
        NR > 1 && NR % 7 == 0 { $5 = "NA" }
        { print $0, NR == 1 ? "site" : "s" NR % 3, NR == 1 ? "age" : NR * 7 % 31 }' plain.tsv >x.tsv
    import=(--label label --meta site,age)
}

# same_values N TOLERANCE: the held-out values of trained.eae are those of applied.eae, of N models
same_values() {
    /usr/bin/python3 - "$ROOT/share/python" "$1" "$2" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

held, = [f for f in eaem.read("trained.eae") if f.kind == "prediction"]
applied, = eaem.read("applied.eae")
assert len(held.matrix) == len(applied.matrix) == int(sys.argv[2])
for a, b in zip(held.matrix, applied.matrix):
    there = ~np.isnan(a)
    assert there.any() and np.std(a[there]) > 0
    assert np.abs(a - b)[there].max() < float(sys.argv[3]) * np.abs(a[there]).max()
assert list(held.row_annot) == list(applied.row_annot)
for key in held.row_annot:
    assert [str(v) for v in held.row_annot[key]] == [str(v) for v in applied.row_annot[key]], key
END
}

@test "models give the held-out values on raw data: filters, covariates, adjusting, filling, classes" {
    needs_python
    make_study 2
    eae-split -q --kfold 4 "${import[@]}" x.tsv -o planned.eae
    for options in "rbf" "rbf -C 0.1,10 --filter ttest:5 --covariates age,site" \
        "poly --adjust site --loss squared-hinge" "poly --degree 2 --scale none --gamma 0.01" \
        "rbf --scale all --gamma 0.2 --lambda 0.01" "rbf --impute als:2"; do
        impute='--impute mean'
        [ "${options#*--impute}" = "$options" ] || impute=
        # shellcheck disable=SC2086
        eae-train svm --kernel $options $impute -q --weights all planned.eae >trained.eae
        must_pass eae-score -q --model trained.eae --all-models --predict -o applied.eae "${import[@]}" x.tsv
        case $options in
        *,10*) same_values 8 1e-9 ;;
        *als*) same_values 4 1e-6 ;; # factors are written to their own tolerance
        *) same_values 4 1e-9 ;;
        esac
    done
    make_study 3
    eae-split -q --kfold 4 "${import[@]}" x.tsv | eae-train svm --kernel rbf --impute median -q \
        --weights all >trained.eae
    must_pass eae-score -q --model trained.eae --all-models --predict -o applied.eae "${import[@]}" x.tsv
    same_values 12 1e-9
}

@test "support rows: the vectors of the model in scaled units, behind its weights" {
    needs_python
    make_study 2
    eae-view -q "${import[@]}" --impute mean x.tsv -o x.eae
    eae-train svm --kernel poly --degree 2 -C 50 --filter variance:7 -q x.eae -o model.eae
    /usr/bin/python3 - "$ROOT/share/python" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import eaem
import numpy as np

data, = eaem.read("x.eae")
model, = eaem.read("model.eae")
a, part = model.row_annot, list(model.row_annot["part"])
vectors = part.count("support")
assert part == ["mean", "scale", "weights"] + ["support"] * vectors and 10 < vectors < 48
used = ~np.isnan(model.matrix[2])
assert used.sum() == 7 and not model.matrix[2][used].any()
assert a["kernel"][2] == "poly" and a["degree"][2] == 2 and a["gamma"][2] == 1 / 7
x = data.matrix.astype(float)
z = (x - model.matrix[0]) / model.matrix[1]
names = [a["term"][k] for k in range(3, len(part))]
rows = [data.row_names.index(n) for n in names]
assert rows == sorted(rows)
assert np.abs(z[rows][:, used] - model.matrix[3:][:, used]).max() < 1e-12
assert np.isnan(model.matrix[3:][:, ~used]).all()
coef = np.array(a["coefficient"][3:])
assert abs(coef.sum()) < 1e-7 and np.abs(coef).max() <= 50 * (1 + 1e-12)
value = (a["gamma"][2] * z[:, used] @ model.matrix[3:][:, used].T) ** 2 @ coef + a["intercept"][2]
y = np.array([1 if v == "c1" else -1 for v in data.row_annot["label"]])
k = (a["gamma"][2] * model.matrix[3:][:, used] @ model.matrix[3:][:, used].T) ** 2
objective = coef @ k @ coef / 2 + 50 * np.maximum(0, 1 - y * value).sum()
assert abs(objective / a["objective"][2] - 1) < 1e-9
END
}

@test "threads, shards and pipes make no difference; no batches; chosen inside" {
    make_matrix 60 40 x.tsv 3
    eae-split -q --kfold 5 --repeats 2 --inner 3 --label label x.tsv -o planned.eae
    for options in "--kernel rbf -C 0.1,1 --permute 3 --final" "--kernel poly --filter anova:9 -C 0.1,1 --tune balanced"; do
        # shellcheck disable=SC2206
        train=(eae-train svm $options --weights all -q --no-history)
        "${train[@]}" -t 1 planned.eae -o one.eae
        "${train[@]}" -t 4 <planned.eae >four.eae
        same_bytes one.eae four.eae
        for i in 1 2 3; do
            "${train[@]}" --shard $i/3 planned.eae
        done | eae-view --no-history - >parts.eae
        eae-view --no-history one.eae >whole.eae
        same_bytes parts.eae whole.eae
    done
    eae-synth -q --rows 120 --cols 75000 --seed 2 | eae-split -q --holdout 0.3 --repeats 9 -o wide.eae
    must_pass eae-train svm --kernel rbf -v -o x.eae wide.eae
    says_not "in batches"
}

@test "a class in a ring: no line tells it, the kernels do" {
    awk 'BEGIN { OFS = "\t"; print "id", "label", "a", "b"
        for (i = 0; i < 80; i++) { r = i % 2 ? 2 : 0.5; t = i * 0.7
            print "s" i, i % 2 ? "out" : "in", r * cos(t), r * sin(t) } }' >ring.tsv
    eae-split -q --kfold 5 --label label ring.tsv -o ring.eae
    for kernel in linear rbf poly; do
        degree=
        [ $kernel != poly ] || degree="--degree 2"
        # shellcheck disable=SC2086
        eae-train svm --kernel $kernel $degree --scale none -q ring.eae | eae-score --summary --metrics accuracy |
            awk -F '\t' 'NR == 2 { print ($7 > 0.95) }'
    done >better
    [ "$(tr '\n' ' ' <better)" = "0 1 1 " ]
}

@test "what does not fit is said" {
    make_matrix 20 4 x.tsv
    in=(--label label x.tsv)
    must_fail 2 eae-train svm --kernel sigmoid "${in[@]}"
    says "linear|rbf|poly"
    must_fail 2 eae-train svm --gamma 1 "${in[@]}"
    says "the linear kernel takes no --gamma"
    must_fail 2 eae-train svm --kernel rbf --degree 2 "${in[@]}"
    says "--degree is for --kernel poly"
    for bad in "--kernel rbf --gamma 0" "--kernel rbf --gamma -1" "--kernel poly --degree 0" "--kernel poly --degree 1.5"; do
        # shellcheck disable=SC2086
        must_fail 2 eae-train svm $bad "${in[@]}"
    done
    must_fail 2 eae-train svm --kernel rbf --bias penalized "${in[@]}"
    says "--bias penalized is for the linear kernel"
    must_fail 2 eae-train logistic --kernel rbf "${in[@]}"
    says "logistic takes no --kernel"
    must_fail 2 eae-rfe svm --kernel rbf "${in[@]}"
}

@test "models that cannot be applied: a feature of the vectors is not there, or missing" {
    make_matrix 20 4 x.tsv
    eae-train svm --kernel rbf --label label x.tsv -q -o model.eae
    cut -f 1-5 x.tsv >fewer.tsv
    must_fail 1 eae-score --model model.eae --predict --label label fewer.tsv
    says "f4"
    awk -F '\t' 'BEGIN { OFS = FS } NR == 5 { $4 = "NA" } { print }' x.tsv >holes.tsv
    must_fail 1 eae-score --model model.eae --predict --label label holes.tsv
    says "feature f2 is missing"
}
