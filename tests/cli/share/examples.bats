#!/usr/bin/env bats
# The worked analyses of share/examples, each by `make` in its folder of an installed tree, with the
# installed programs; what their pages say of the results holds.

load ../helpers

ROOT=$BATS_TEST_DIRNAME/../../..

# The build that is tested: EAE_BIN is build/PROFILE/bin, or bin.
make_of_tree() {
    local profile=
    case ${EAE_BIN-} in
    */build/*/bin)
        profile=${EAE_BIN%/bin}
        profile=${profile##*/}
        ;;
    esac
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$ROOT" ${profile:+"PROFILE=$profile"} "$@"
}

setup_file() {
    INSTALLED=$(mktemp -d "${BATS_TMPDIR:-/tmp}/eae-installed.XXXXXX")
    export INSTALLED
    make_of_tree install DESTDIR="$INSTALLED" PREFIX=/usr >&2
}

teardown_file() {
    rm -rf "$INSTALLED"
}

# run_example NAME: makes it; the results are in the working directory then
run_example() {
    PATH=$INSTALLED/usr/bin:/usr/bin:/bin
    cd "$INSTALLED/usr/share/eae/examples/$1" || return
    must_pass make -s
}

# cell FILE COLUMN CONDITION: the column of the first line for which the awk condition on c["NAME"] holds
cell() {
    awk -F '\t' -v column="$2" 'NR == 1 { for (j = 1; j <= NF; j++) name[j] = $j; next }
        { for (j = 1; j <= NF; j++) c[name[j]] = $j }
        '"$3"' { print c[column]; exit }' "$1"
}

is() {
    awk "BEGIN { exit !($1) }" || fail "not so: $1"
}

@test "diabetes: the golden values of the demonstration job, to the printed digits" {
    run_example diabetes
    awk -F '\t' 'NR > 1 { printf "%s %s %.2f\n", $5, $6, $7 }' score.tsv | sort >"$WORK/got"
    printf '%s\n' '1 mse 3846.81' '1 r2 0.20' '2 mse 4021.61' '2 r2 0.38' '3 mse 3857.05' \
        '3 r2 0.39' '4 mse 3745.57' '4 r2 0.28' '5 mse 4109.72' '5 r2 0.36' >"$WORK/want"
    diff "$WORK/want" "$WORK/got"
    [ "$(tail -n +2 best.tsv | sort -t '	' -k 2,2gr | cut -f 1 | head -n 3 | paste -s -d ' ')" = \
        "age,sex,bmi,bp,s1,s2,s3,s4,s5,s6 bmi s5" ] || fail "$(cat best.tsv)"
    make clean >/dev/null
}

@test "leukaemia: a signature chosen inside, judged outside and on the published test samples" {
    run_example leukaemia
    is "$(cell selected.tsv mean 'c["metric"] == "auc"') > 0.95"
    is "$(cell selected.tsv n 'c["metric"] == "auc"') == 20"
    is "$(cell published.tsv value 'c["metric"] == "auc"') > 0.95"
    is "$(cell stability.tsv value 'c["metric"] == "nogueira" && c["size"] == 100') > 0.3"
    is "$(wc -l <weights.tsv) == 9"
    is "$(cell ora.tsv bh 'c["set"] == "Neutrophil degranulation"') < 0.01"
    is "$(cell gsea.tsv es 'c["set"] == "Neutrophil degranulation"') > 0.5"
    is "$(cell gsea.tsv es 'c["set"] == "Cell Cycle"') < -0.5"
    grep -q 'AML and ALL' report.html
    is "$(grep -c '<svg' report.html) >= 3"
    grep -q M27891_at heatmap.svg
    make clean >/dev/null
}

@test "survival: genes tell risk, and whether more than the clinic does is open" {
    run_example survival
    is "$(cell summary.tsv lo 'c["metric"] == "cindex" && c["param"] == "tuned"') > 0.6"
    is "$(cell summary.tsv pooled 'c["metric"] == "hr-sd" && c["param"] == "tuned"') > 2"
    is "$(cell permuted.tsv p 'c["metric"] == "hr-p"') == 0.005"
    is "$(cell against.tsv diff 'c["metric"] == "cindex"') > 0"
    is "$(cell against.tsv lo 'c["metric"] == "cindex"') < 0"
    is "$(wc -l <weights.tsv) == 70"
    grep -q 'HR = 4.85' km.svg || fail "$(cut -c 1-300 km.svg)"
    make clean >/dev/null
}

@test "sleep: 31 folds of two whole subjects; epochs of one subject on both sides look better" {
    run_example sleep
    is "$(cell whole.tsv n 'c["metric"] == "kappa"') == 31"
    is "$(cell whole.tsv pooled 'c["metric"] == "kappa"') > 0.75"
    is "$(cell mixed.tsv pooled 'c["metric"] == "kappa"') > $(cell whole.tsv pooled 'c["metric"] == "kappa"')"
    # the jobs give what one command gives
    eae-train -q 'exec:awk -f naive_bayes.awk' --exec-format tsv plan.eae -o direct.eae
    same_bytes <(eae-view --no-history direct.eae) <(eae-view --no-history whole.eae)
    eae-view --kind prediction -O tsv whole.eae | awk -F '\t' 'NR == 1 { for (j = 1; j <= NF; j++) if ($j !~ /^@/) id[j] = $j
            else if ($j == "@split") split_at = j; next }
        { for (j in id) if ($j != "NA") seen[$split_at, substr(id[j], 1, 3)] = 1 }
        END { for (k in seen) { split(k, at, SUBSEP); n[at[1]]++ } for (s in n) { splits++; bad += n[s] != 2 }
            exit bad || splits != 31 }'
    make clean >/dev/null
}

@test "geo: probes to genes and a signature; a small trial that shows nothing" {
    run_example geo
    is "$(cell summary.tsv mean 'c["metric"] == "auc"') > 0.95"
    eae-view --info genes.eae | grep -q '72 samples x 4499 features' || fail "$(eae-view --info genes.eae)"
    [ "$(sed -n '2p;3p;4p' test.tsv | cut -f 1 | paste -s -d ' ')" = "CFD CD33 ZYX" ] || fail "$(head -n 4 test.tsv)"
    [ "$(cell pathways.tsv set 1)" = "Neutrophil degranulation" ]
    grep -q 'Neutrophil degranulation' pathways.svg
    grep -q CFD volcano.svg
    is "$(cell trial.tsv lo 1) < 0.5 && 0.5 < $(cell trial.tsv hi 1)"
    make clean >/dev/null
}

@test "geo: a series is asked for where GEO keeps it" {
    mkdir programs
    printf '#!/bin/sh\necho "$@"\n' >programs/curl
    chmod +x programs/curl
    PATH=$PWD/programs:$PATH
    cd "$INSTALLED/usr/share/eae/examples/geo"
    must_pass make -s download GSE=GSE51280
    [ "$stdout" = "-fO https://ftp.ncbi.nlm.nih.gov/geo/series/GSE51nnn/GSE51280/matrix/GSE51280_series_matrix.txt.gz" ] ||
        fail "$stdout"
    must_pass make -s download GSE=GSE994
    [ "$stdout" = "-fO https://ftp.ncbi.nlm.nih.gov/geo/series/GSEnnn/GSE994/matrix/GSE994_series_matrix.txt.gz" ] ||
        fail "$stdout"
}

@test "make clean leaves what was installed, and every example has its page" {
    cd "$INSTALLED/usr/share/eae/examples"
    for makefile in */Makefile; do
        [ -s "${makefile%Makefile}README.md" ] || fail "no page beside $makefile"
        grep -q "^## $(basename "$(dirname "$makefile")")" README.md || fail "$makefile is not in README.md"
        git -C "$ROOT" ls-files "share/examples/${makefile%/Makefile}" 2>/dev/null | sed 's|.*/||' | sort >"$WORK/want"
        [ ! -s "$WORK/want" ] || diff "$WORK/want" <(find "${makefile%/Makefile}" -type f | sed 's|.*/||' | sort)
    done
}

@test "readers, rules and completions are installed; trainers run where they are; uninstall takes all away" {
    for file in python/eaem.py R/eaem.R snakemake/Snakefile completions/eae.bash data/golub/golub.tsv.gz; do
        [ -s "$INSTALLED/usr/share/eae/$file" ] || fail "$file"
    done
    [ -x "$INSTALLED/usr/share/eae/examples/exec/nearest_centroid.py" ]
    grep -q _eae_line "$INSTALLED/usr/share/bash-completion/completions/eae-train"
    make_of_tree uninstall DESTDIR="$INSTALLED" PREFIX=/usr
    [ -z "$(find "$INSTALLED" -type f -o -type l)" ] || fail "$(find "$INSTALLED" -type f -o -type l)"
}
