# submit.bash - for the tests of eae-submit: batches and slots in the folder of the test.
#
#   the_batch            the only batch that is there
#   state_of JOB         the state of a job of it
#   a_plan FILE          a small matrix with a plan of 20 splits
#   await CMD...         until CMD succeeds, 10 s at most
# shellcheck shell=bash disable=SC2034

load ../helpers

setup() {
    WORK=$(mktemp -d "${BATS_TMPDIR:-/tmp}/eae-cli.XXXXXX")
    cd "$WORK" || return 1
    mkdir -m 700 run
    export LC_ALL=C XDG_STATE_HOME=$WORK/state XDG_RUNTIME_DIR=$WORK/run
    unset OMP_NUM_THREADS EAE_CACHE_DIR EAE_CACHE_PATH SUBMIT_BATCH
}

the_batch() {
    local all=("$XDG_STATE_HOME"/eae/batches/*)
    if [ "${#all[@]}" -ne 1 ] || [ ! -d "${all[0]}" ]; then
        fail "not one batch: ${all[*]}"
        return 1
    fi
    basename "${all[0]}"
}

state_of() {
    eae-submit status "$(the_batch)" | awk -F '\t' -v job="$1" '$1 == job {print $2}'
}

a_plan() {
    make_matrix 40 60 m.tsv
    eae-view -q --label label m.tsv | eae-split -q --kfold 5 --repeats 4 >"$1"
}

await() {
    for _ in $(seq 100); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "waited in vain: $*"
}
