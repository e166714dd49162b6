#!/usr/bin/env bats
# share/completions/eae.bash: what the completion function answers for a line that ends at the cursor.

load ../helpers

FILE=$BATS_TEST_DIRNAME/../../../share/completions/eae.bash

sorted() {
    tr ' ' '\n' <<<"$1" | sort | paste -s -d ' '
}

# completes EXPECTED WORD...: the answers, in any order and separated by blanks
completes() {
    local want=$1
    shift
    # shellcheck source=/dev/null
    source "$FILE"
    # shellcheck disable=SC2034
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _eae "$1" "${!#}" || :
    [ "$(sorted "${COMPREPLY[*]}")" = "$(sorted "$want")" ] || fail "$*: '${COMPREPLY[*]}' instead of '$want'"
}

# a program with commands, as --dump-options shows it
make_suite() {
    mkdir programs
    printf '#!/bin/sh\n%s\n' 'printf "%s\t%s\tchoice\t\tlocal\tlocal|ssh\t\trun\twhere\n" on "" &&
        printf "%s\t%s\tint\tN\t\t1:\toptional\trun\thow many\n" slots s &&
        printf "%s\t%s\tflag\t\t\t\t\tstatus\tall\n" all a' >programs/eae-suite
    chmod +x programs/eae-suite
    PATH=$PWD/programs:$PATH
}

@test "options, by what they begin with" {
    completes "--loss" eae-train svm --lo
    completes "--kernel" eae-train svm -C 1 data.eae --ker
    completes "--tol --ties --tune --time --threads --tmpdir" eae-train svm --t
    completes "" eae-train svm --nothing
}

@test "values of options, however they are given" {
    completes "hinge squared-hinge" eae-train svm --loss ""
    completes "hinge" eae-train svm --loss = h
    completes "hinge squared-hinge" eae-train svm --loss =
    completes "--loss=hinge" eae-train svm --loss=h
    completes "tsv" eae-view -O t
    completes "mean median" eae-train svm --impute m
    completes "ttest:" eae-train svm --filter t
    completes "auc auprc accuracy" eae-train svm -C 1,2 --tune a
    completes "auc,mcc auc,macro-f1 auc,mse auc,mae" eae-score --metrics auc,m
}

@test "models come first, then files; directories where a directory is wanted" {
    touch study.eae
    mkdir studies
    completes "svm" eae-train s
    completes "cox" eae-rfe --step 1% c
    completes "study.eae studies" eae-train svm stud
    completes "studies" eae-train svm --tmpdir stud
    completes "study.eae" eae-view -o study
}

@test "a program is asked where it stands" {
    make_suite
    mv programs/eae-suite elsewhere-eae
    completes "run" ./elsewhere-eae r
}

@test "commands, their own options, and the command line behind --" {
    make_suite
    completes "run status" eae-suite ""
    completes "--on --slots" eae-suite run --
    completes "local ssh" eae-suite run --on ""
    completes "--all" eae-suite status --a
    completes "" eae-suite status --on
    completes "--loss" eae-suite run --on ssh -- eae-train svm --lo
    completes "eae-suite" eae-suite run -- eae-sui
}

@test "every choice of every program is completed" {
    for program in "$(dirname "$(command -v eae-view)")"/eae-*; do
        "$program" --dump-options | awk -F '\t' '$3 == "choice" { print $1, $6, (NF >= 9 ? $8 : "") }' >choices
        while read -r name words command; do
            # shellcheck disable=SC2086
            completes "${words//|/ }" "${program##*/}" $command "--$name" ""
        done <choices
    done
}

@test "the words that are written down are those of the programs" {
    # shellcheck source=/dev/null
    source "$FILE"
    must_fail 2 eae-train nothing m.tsv
    models=$(sed -n 's/.*(\(.*\)).*/\1/p' <<<"$stderr" | head -n 1)
    [ "${models//[, ]/}" = "${_eae_models//[ ]/}CMD" ] || fail "$models"
    must_fail 2 eae-train svm --tune nothing m.tsv
    metrics=$(sed -n 's/.*there are //p' <<<"$stderr")
    [ "${metrics//[, ]/}" = "${_eae_metrics//[[:space:]]/}" ] || fail "$metrics"
    command -v eae-plot >/dev/null || skip "eae-plot is not built"
    for figure in $_eae_figures; do
        capture eae-plot "$figure" nowhere.tsv
        says_not "no such kind"
    done
    must_fail 2 eae-plot nothing
    says "no such kind"
}

@test "places of jobs, and commands of the programs that have them" {
    command -v eae-submit >/dev/null || skip "eae-submit is not built"
    completes "openlava" eae-submit run --on o
    completes "run resume rm" eae-submit r
    completes "--policy --positive" eae-submit run --shards 3 -- eae-rfe svm --po
    command -v eae-cache >/dev/null || skip "eae-cache is not built"
    completes "replay run" eae-cache r
}
