#!/usr/bin/env bats
# share/snakemake: the rules make what the commands make.

load ../helpers

RULES=$BATS_TEST_DIRNAME/../../../share/snakemake/Snakefile

make_workflow() {
    command -v snakemake >/dev/null || skip "snakemake is not installed"
    make_matrix 40 30 study.tsv
    cat >config.yaml <<'END'
view:
  study: {files: study.tsv, options: "--label label"}
synth:
  noise: "--rows 40 --cols 30 --seed 3"
split:
  cv: "--kfold 4"
  nested: "--kfold 3 --inner 3"
train:
  svm: "svm -C 0.1 --filter ttest:9"
rfe:
  few: "svm --step 30% --select 1se"
score:
  summary: "--summary --metrics auc"
compare:
  against: "--compare --against model=svm,param=0.1 --metrics auc"
END
    cat >Snakefile <<END
configfile: "config.yaml"
module eae:
    snakefile: "$RULES"
    config: config
use rule * from eae as eae_*
END
}

# snakemake keeps what it knows of sources in a cache; here it has none outside
run_snakemake() {
    XDG_CACHE_HOME=$PWD/.cache capture snakemake -c 2 "$@"
    [ "$status" -eq 0 ] || fail "$stderr"
}

@test "a module: every report of every model, plan and matrix, with the bytes of the commands" {
    make_workflow
    run_snakemake
    [ "$(find eae -name '*.tsv' | wc -l)" -eq 12 ] || fail "$(find eae)"
    eae-view -q --label label study.tsv | eae-split -q --kfold 4 -o plan.eae
    eae-train svm -q -C 0.1 --filter ttest:9 plan.eae -o svm.eae
    eae-rfe svm -q --step 30% --select 1se plan.eae -o few.eae
    eae-score --summary --metrics auc few.eae -o few.tsv
    eae-score -q --compare --against model=svm,param=0.1 --metrics auc svm.eae few.eae -o against.tsv
    same_bytes few.tsv eae/study/cv/few.summary.tsv
    same_bytes against.tsv eae/study/cv/against.tsv
    eae-view --no-history svm.eae -o plain.eae
    eae-view --no-history eae/study/cv/svm.eae -o made.eae
    same_bytes plain.eae made.eae
    eae-synth -q --rows 40 --cols 30 --seed 3 -o noise.eae
    same_bytes noise.eae eae/noise.eae
    # nothing is made again
    run_snakemake
    case $stderr in *"Nothing to be done"*) ;; *) fail "$stderr" ;; esac
}

@test "one file by its name; an included file; another folder; a rule that was changed" {
    make_workflow
    sed -i 's/^split:/out: results\nsplit:/' config.yaml
    run_snakemake results/study/nested/few.summary.tsv
    [ "$(find results -name '*.tsv')" = results/study/nested/few.summary.tsv ]
    printf 'configfile: "config.yaml"\ninclude: "%s"\n' "$RULES" >Snakefile
    run_snakemake results/study/cv/svm.summary.tsv
    [ -s results/study/cv/svm.summary.tsv ]
    cat >Snakefile <<END
configfile: "config.yaml"
module eae:
    snakefile: "$RULES"
    config: config
use rule * from eae
use rule train from eae as train with:
    params: options="svm -C 7", prefix=""
END
    run_snakemake --force results/study/cv/svm.eae
    eae-view --info results/study/cv/svm.eae | grep -q 'param *7 4' || fail "$(eae-view --info results/study/cv/svm.eae)"
}

@test "a prefix before every program, or before one" {
    make_workflow
    printf '#!/bin/sh\necho "$1" >>called\nexec "$@"\n' >before
    chmod +x before
    echo 'prefix: ./before' >>config.yaml
    run_snakemake eae/study/cv/few.summary.tsv
    [ "$(sort called | paste -s -d ' ')" = "eae-rfe eae-score eae-split eae-view" ] || fail "$(cat called)"
    rm -r called eae
    sed -i 's/^prefix:.*/prefix: {split: .\/before}/' config.yaml
    run_snakemake eae/study/cv/few.summary.tsv
    [ "$(cat called)" = eae-split ]
}

@test "a program that fails leaves nothing, and a name that is not in the configuration is refused" {
    make_workflow
    sed -i 's/ttest:9/ttest:no/' config.yaml
    XDG_CACHE_HOME=$PWD/.cache capture snakemake -c 1 eae/study/cv/svm.summary.tsv
    [ "$status" -eq 1 ]
    says "expected ttest:N"
    [ ! -e eae/study/cv/svm.eae ]
    XDG_CACHE_HOME=$PWD/.cache capture snakemake -c 1 eae/study/cv/nobody.summary.tsv
    [ "$status" -eq 1 ]
    says "eae/study/cv/nobody.summary.tsv"
}

@test "gene sets and figures; the cache and jobs as prefixes" {
    for program in eae-enrich eae-plot eae-cache eae-submit; do
        command -v $program >/dev/null || skip "$program is not built"
    done
    make_workflow
    awk 'BEGIN { for (s = 1; s <= 3; s++) { printf "set %d\tmade up", s
            for (j = s; j < s + 12; j++) printf "\tf%d", j
            print "" } }' >made.gmt
    cat >>config.yaml <<'END'
enrich:
  made: {sets: made.gmt, options: "--genes rank:10 --alpha 1 --min 5"}
plot:
  size: {report: summary}
prefix:
  split: eae-cache run --dir cache --
  train: eae-submit run --dir batches --shards 2 --
  rfe: eae-cache run --dir cache --
END
    # a cache that others can look into is not used
    mkdir -m 700 cache
    run_snakemake eae/study/cv/few.made.enrich.tsv eae/study/cv/few.size.svg eae/study/cv/svm.summary.tsv
    [ "$(sed 1d eae/study/cv/few.made.enrich.tsv | wc -l)" -eq 3 ] || fail "$(cat eae/study/cv/few.made.enrich.tsv)"
    grep -q '<svg' eae/study/cv/few.size.svg
    eae-view -q --label label study.tsv | eae-split -q --kfold 4 | eae-train svm -q -C 0.1 --filter ttest:9 -o svm.eae
    same_bytes <(eae-view --no-history svm.eae) <(eae-view --no-history eae/study/cv/svm.eae)
    [ "$(eae-cache ls --dir cache | grep -c .)" -ge 2 ] || fail "$(eae-cache ls --dir cache)"
}
