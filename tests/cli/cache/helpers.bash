# helpers.bash - for the tests of eae-cache: a cache in the folder of the test.
#
#   must_run_once CMD...   `eae-cache run` computes; output in out1
#   must_hit CMD...        it is a hit; output in out2
#   counted CMD...         run it, whatever comes
#   is_empty               no entry, no object, no temporary file, no lock
#   no_leftovers           no temporary file, no lock
#   age                    everything in the cache was last used an hour ago
#   entries N              that many entries
# shellcheck shell=bash disable=SC2034

setup() {
    WORK=$(mktemp -d "${BATS_TMPDIR:-/tmp}/eae-cli.XXXXXX")
    cd "$WORK" || return 1
    export LC_ALL=C EAE_CACHE_DIR=$WORK/cache
    unset OMP_NUM_THREADS EAE_CACHE_PATH
}

must_run_once() {
    eae-cache run -v -- "$@" >out1 2>said1 || fail "status $?: $*
$(cat said1)"
    if grep -q 'hit:' said1; then
        fail "a hit: $*"
    fi
}

must_hit() {
    eae-cache run -v -- "$@" >out2 2>said2 || fail "status $?: $*
$(cat said2)"
    grep -q 'hit:' said2 || fail "no hit: $*
$(eae-cache explain -- "$@" 2>&1)"
}

counted() {
    eae-cache run -- "$@" >/dev/null
}

no_leftovers() {
    [ -z "$(find "$EAE_CACHE_DIR/tmp" "$EAE_CACHE_DIR/locks" -type f)" ] ||
        fail "left: $(find "$EAE_CACHE_DIR/tmp" "$EAE_CACHE_DIR/locks" -type f)"
}

is_empty() {
    no_leftovers
    [ -z "$(find "$EAE_CACHE_DIR/entries" "$EAE_CACHE_DIR/objects" -type f)" ] ||
        fail "kept: $(eae-cache ls)"
}

age() {
    find "$EAE_CACHE_DIR" -exec touch -c -d '-1 hour' {} +
}

entries() {
    [ "$(eae-cache ls | tail -n +2 | wc -l)" -eq "$1" ] || fail "entries: $(eae-cache ls)"
}
