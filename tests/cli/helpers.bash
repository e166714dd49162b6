# helpers.bash - shared by the command line tests: `load ../helpers` in a .bats file.
#
# The runner puts the programs on PATH. Every test has a folder of its own in $WORK, which is the
# working directory and goes away afterwards.
#
#   must_fail STATUS CMD...   CMD ends with exactly STATUS, never by a signal; its standard output
#                             is in $stdout (must be empty), its standard error in $stderr
#   must_pass CMD...          CMD exits 0; $stdout and $stderr likewise
#   says TEXT                 $stderr contains TEXT
#   says_not TEXT             it does not
#   same_bytes A B            two files are equal
#   differ A B                they are not
#   columns_from NAME [FILE]  the columns of a TSV from the one called NAME on: without annotations
#   make_matrix N P FILE [CLASSES]   N samples, P features, TSV with id and label columns
# shellcheck shell=bash disable=SC2034

setup() {
    WORK=$(mktemp -d "${BATS_TMPDIR:-/tmp}/eae-cli.XXXXXX")
    cd "$WORK" || return 1
    export LC_ALL=C
    unset OMP_NUM_THREADS EAE_CACHE_DIR EAE_CACHE_PATH
}

teardown() {
    cd / && rm -rf "$WORK"
}

fail() {
    echo "$*" >&2
    return 1
}

capture() {
    status=0
    "$@" >"$WORK/.stdout" 2>"$WORK/.stderr" || status=$?
    stdout=$(tr -d '\0' <"$WORK/.stdout")
    stderr=$(tr -d '\0' <"$WORK/.stderr")
}

must_pass() {
    capture "$@"
    [ "$status" -eq 0 ] || fail "status $status of: $*
$stderr"
}

must_fail() {
    local want=$1
    shift
    capture "$@"
    [ "$status" -lt 126 ] || fail "crashed or not found, status $status: $*
$stderr"
    [ "$status" -eq "$want" ] || fail "status $status instead of $want: $*
$stderr"
    [ -n "$stderr" ] || fail "no message: $*"
    [ ! -s "$WORK/.stdout" ] || fail "something on standard output: $*"
}

says() {
    case $stderr in
    *"$1"*) ;;
    *) fail "not said: '$1'; said:
$stderr" ;;
    esac
}

says_not() {
    case $stderr in
    *"$1"*) fail "said: $stderr" ;;
    esac
}

same_bytes() {
    cmp "$1" "$2"
}

differ() {
    if cmp -s "$1" "$2"; then
        fail "$1 and $2 have the same bytes"
    fi
}

columns_from() {
    awk -F '\t' -v name="$1" 'NR == 1 { for (j = 1; j <= NF; j++) if ($j == name) first = j }
        { line = $first; for (j = first + 1; j <= NF; j++) line = line FS $j; print line }' "${2:--}"
}

# Values are multiples of 1/64 from a small generator: the same file everywhere. Sample i is of
# class i mod CLASSES (default 2); feature 1 carries the class.
make_matrix() {
    awk -v n="$1" -v p="$2" -v k="${4:-2}" 'BEGIN {
        printf "id\tlabel"
        for (j = 1; j <= p; j++) printf "\tf%d", j
        print ""
        x = 12345
        for (i = 0; i < n; i++) {
            printf "p%03d\tc%d", i, i % k
            for (j = 1; j <= p; j++) {
                x = (x * 4096 + 150889) % 714025
                printf "\t%.6f", int(x / 714025 * 256) / 64 + (j == 1 ? 2 * (i % k) : 0)
            }
            print ""
        }
    }' >"$3"
}
