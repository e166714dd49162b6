#!/usr/bin/env bats
# eae-view --impute als:K: what it fills, says and refuses.

load ../helpers

EXPECTED=$BATS_TEST_DIRNAME/../../expected

# holes.tsv: 24 samples of two patterns and some noise, 10 features, every 11th value missing;
# whole.tsv: the same without holes
make_holes() {
    awk 'BEGIN { printf "id"; for (j = 1; j <= 10; j++) printf "\tf%d", j; print ""
        for (i = 1; i <= 24; i++) {
            printf "s%d", i
            for (j = 1; j <= 10; j++) {
                x = 5 + j + sin(i) * cos(2 * j) + cos(3 * i) * sin(j)
                printf "\t%.6f", x + (i * 7919 + j * 104729) % 100 / 1000
            }
            print ""
        } }' >whole.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { for (j = 2; j <= NF; j++) if (++n % 11 == 0) $j = "NA" } { print }' \
        whole.tsv >holes.tsv
}

@test "gaps are filled near to what was there, the rest stays as it is" {
    make_holes
    must_pass eae-view --dtype f64 --impute als:3:0.001 -O tsv holes.tsv
    says "--impute: 21 of 240 values filled; known values that were hidden are found with an error of 0."
    says_not "no better"
    paste whole.tsv holes.tsv .stdout | awk -F '\t' 'NR > 1 { for (j = 2; j <= 11; j++) {
            gap = $(j + 11) == "NA"; d = $j - $(j + 22)
            if (!gap && d != 0 || d * d > 0.04) exit 1
            n += gap } }
        END { if (n != 21) exit 1 }'
}

@test "the values of a convex solver of the same problem" {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
    make_holes
    must_pass eae-view -q --dtype f64 --impute als:10:0.05 -O tsv -o filled.tsv holes.tsv
    /usr/bin/python3 - "$EXPECTED" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from als import solve

def read(name):
    return np.array([[float(v.replace("NA", "nan")) for v in line.split("\t")[1:]]
                     for line in open(name).read().splitlines()[1:]])

x, filled = read("holes.tsv"), read("filled.tsv")
mean, sd = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
m = solve((x - mean) / sd, np.ones(len(x)), 0.05)[0] * sd + mean
gap = np.isnan(x)
assert gap.sum() == 21 and np.array_equal(x[~gap], filled[~gap])
assert np.abs(m - filled)[gap].max() < 1e-3 and np.abs(m - mean)[gap].max() > 0.3
END
}

@test "the same bytes for any number of threads, f32 and f64; the seed and the backend" {
    eae-synth -q --rows 70 --cols 900 --missing 0.1 -o x.eae
    for type in f32 f64; do
        must_pass eae-view -q --no-history --dtype $type --impute als:4 -t 1 -o one.eae x.eae
        for t in 2 5; do
            must_pass eae-view -q --no-history --dtype $type --impute als:4 -t $t -o more.eae x.eae
            same_bytes one.eae more.eae
        done
    done
    must_pass eae-view -q --impute als:4 --backend ref -o ref.eae x.eae
    must_pass eae-view -q --impute als:4 --seed 2 -o seed.eae x.eae
    must_pass eae-view -q --impute als:4 -o plain.eae x.eae
    eae-view --info ref.eae | grep -q '"identity":"[^"]*; ref;'
    eae-view --info plain.eae | grep -q '"argv":\["eae-view","--impute=als:4"\]'
    [ "$(eae-view --hash plain.eae)" != "$(eae-view --hash seed.eae)" ]
    # noise has no factors, and that is said
    must_pass eae-view --impute als:40 -o noise.eae x.eae
    says "no better than the mean"
}

@test "nothing to fill, nothing to fill it from, usage" {
    make_holes
    must_pass eae-view --impute als:3 -O tsv whole.tsv
    says_not "--impute"
    eae-view -O tsv whole.tsv | diff - .stdout
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { $4 = "NA" } { print }' whole.tsv >empty.tsv
    must_fail 1 eae-view -q --impute als:3 -O tsv empty.tsv
    says "--impute: 1 feature without any value; the first is 'f3'"
    for bad in als als: als:0 als:x als:2.5 als:3: als:3:0 als:3:-1 als:1001; do
        must_fail 2 eae-view -q --impute $bad -O tsv holes.tsv
    done
    says "'als:1001' is not als:K or als:K:LAMBDA"
}
