#!/usr/bin/env bats
# `eae-cache run -- CMD` gives what CMD gives, and the second time without running it.
# shellcheck disable=SC2002,SC2016,SC2154  # pipes are meant; text for other shells; set by helpers

load ../helpers
load helpers

@test "the same bytes as the plain filter, before and after" {
    make_matrix 30 20 m.tsv
    eae-view -q --label label m.tsv | eae-split --kfold 3 >plan.eae
    eae-train svm <plan.eae >plain.eae
    must_run_once eae-train svm <plan.eae
    same_bytes out1 plain.eae
    must_hit eae-train svm <plan.eae
    same_bytes out2 plain.eae
}

@test "a pipe, a file and a redirected file are one input" {
    make_matrix 20 5 m.tsv
    eae-view -q --label label m.tsv >m.eae
    eae-cache run -- eae-view -O tsv <m.eae >a
    cat m.eae | eae-cache run -v -- eae-view -O tsv >b 2>said
    grep -q 'hit:' said
    same_bytes a b
}

@test "-t, -q, -v, --memory and --tmpdir are not in the key; the order and spelling of options are not" {
    make_matrix 20 5 m.tsv
    must_run_once eae-view --label label --head=3 -O tsv -t 1 m.tsv
    for words in "-t 4 --label label --head=3 -O tsv m.tsv" "m.tsv -Otsv --lab=label --head=3" \
        "-v --format tsv --memory 100M --head=3 --label=label --tmpdir . -- m.tsv" "-@2 -O=tsv --head=3 --label label m.tsv"; do
        # shellcheck disable=SC2086  # words are arguments
        must_hit eae-view $words
        same_bytes out1 out2
    done
}

@test "everything else is: options, operands, contents, names, variables" {
    make_matrix 20 5 m.tsv
    sed 's/p000/q000/' m.tsv >n.tsv
    must_run_once eae-view -q --label label -O tsv m.tsv
    must_run_once eae-view -q --label label -O csv m.tsv
    must_run_once eae-view -q --label label -O tsv n.tsv
    must_run_once eae-view -q --label label -O tsv --seed 2 m.tsv
    must_run_once eae-view -q --meta label -O tsv m.tsv
    EAE_X=1 must_run_once eae-view -q --label label -O tsv m.tsv
    OPENBLAS_X=1 must_run_once eae-view -q --label label -O tsv m.tsv
    EAE_CACHE_PATH=/nowhere must_hit eae-view -q --label label -O tsv m.tsv
    cp m.tsv k.tsv
    must_run_once eae-view -q --label label -O tsv k.tsv
    must_hit eae-view -q --label label -O tsv m.tsv
}

@test "an option with a value that may be missing does not swallow a difference" {
    printf 'id\tsite\tlabel\tf1\n' >m.tsv
    for i in 1 2 3 4 5 6 7 8; do printf 's%d\t%s\t%s\t%d\n' $i $((i % 2)) $((i / 2 % 2)) $i; done >>m.tsv
    eae-view -q --label label --meta site m.tsv >m.eae
    a=$(eae-cache key -- eae-split --stratify site m.eae) || true
    b=$(eae-cache key -- eae-split site --stratify m.eae) || true
    c=$(eae-cache key -- eae-split --stratify=site m.eae) || true
    [ "$a" != "$b" ] && [ "$b" != "$c" ]
}

@test "a file of the same length and time of modification, with other bytes, is another input" {
    head -c 300000 /dev/zero | tr '\0' a >big
    touch -d '2020-01-01' big
    sum() { eae-cache run -- md5sum big; }
    sum >a
    sum >a
    head -c 300000 /dev/zero | tr '\0' b >big
    touch -d '2020-01-01' big
    sum >b
    differ a b
    [ "$(cut -d' ' -f1 b)" = "$(md5sum <big | cut -d' ' -f1)" ]
}

@test "foreign words count byte for byte: blanks, quotes, line ends, bytes that are no text" {
    local odd
    odd=$(printf 'a b\n\t"c" \\x '"'"'d'"'"' \377\200=')
    must_run_once printf '%s|' "$odd" '' x
    printf '%s|' "$odd" '' x >plain
    same_bytes out1 plain
    must_hit printf '%s|' "$odd" '' x
    same_bytes out2 plain
    must_run_once printf '%s|' "$odd" x ''
    must_run_once printf '%s|' "$odd" '' x ''
    must_run_once printf '%s|' 'a\sb'
    must_run_once printf '%s|' 'a b'
    eae-cache ls | grep -F '\xff\x80=' >/dev/null
}

@test "files named by words, behind '=' and behind a letter are inputs; --input adds others" {
    echo 1 >f
    counted sh -c 'echo run >>ran; cat "${1#*=}"' x if=f
    counted sh -c 'echo run >>ran; cat "${1#*=}"' x if=f
    [ "$(wc -l <ran)" -eq 1 ]
    echo 22 >f
    counted sh -c 'echo run >>ran; cat "${1#*=}"' x if=f
    [ "$(wc -l <ran)" -eq 2 ]
    echo 1 >g
    k1=$(eae-cache key --input g -- sh -c 'cat g') || true
    echo 2 >g
    k2=$(eae-cache key --input g -- sh -c 'cat g') || true
    [ "$k1" != "$k2" ]
    k1=$(eae-cache key -- sort -zf -Tg) || true
    echo 3 >g
    k2=$(eae-cache key -- sort -zf -Tg) || true
    [ "$k1" != "$k2" ]
}

@test "a script and its interpreter are part of a foreign program" {
    printf '#!/bin/sh\necho one\n' >s
    chmod +x s
    eae-cache run -- ./s >a
    printf '#!/bin/sh\necho two\n' >s
    eae-cache run -- ./s >b
    [ "$(cat a b)" = "one
two" ]
    printf 'import sys\nprint(1)\n' >p.py
    eae-cache run -- /usr/bin/python3 p.py >a
    printf 'import sys\nprint(2)\n' >p.py
    eae-cache run -- /usr/bin/python3 p.py >b
    [ "$(cat a b)" = "1
2" ]
}

@test "an interpreter that env finds on the path is part of a script" {
    mkdir one two
    for k in one two; do
        printf '#!/bin/sh\necho %s\n' $k >$k/language
        chmod +x $k/language
    done
    for line in '#!/usr/bin/env language' '#! /usr/bin/env -S X=1 language -u'; do
        printf '%s\n' "$line" >s
        chmod +x s
        PATH=$PWD/one:$PATH eae-cache run -- ./s >a
        PATH=$PWD/two:$PATH eae-cache run -- ./s >b
        [ "$(cat a b)" = "one
two" ]
        PATH=$PWD/one:$PATH must_hit ./s
        same_bytes a out2
        [ "$(PATH=$PWD/two:$PATH eae-cache explain -q -- ./s | cut -f 1)" = part ]
    done
}

@test "the trainer inside exec: is part of the key" {
    printf 'one\n' >fit.py
    k1=$(eae-cache key --no-stdin -- eae-train 'exec:python3 fit.py' m.eae) || true
    printf 'two\n' >fit.py
    k2=$(eae-cache key --no-stdin -- eae-train 'exec:python3 fit.py' m.eae) || true
    [ "$k1" != "$k2" ]
}

@test "--env adds a variable, the locale counts for foreign programs" {
    k1=$(X=1 eae-cache key --env X -- sort) || true
    k2=$(X=2 eae-cache key --env X -- sort) || true
    k3=$(eae-cache key --env X -- sort) || true
    [ "$k1" != "$k2" ] && [ "$k2" != "$k3" ]
    k4=$(LC_ALL=C.UTF-8 eae-cache key --env X -- sort) || true
    [ "$k4" != "$k3" ]
    [ "$(X=1 eae-cache key -- sort || true)" = "$(X=2 eae-cache key -- sort || true)" ]
}

@test "standard error comes again, but not with -q" {
    make_matrix 20 5 m.tsv
    eae-cache run -- eae-view --info --label label m.tsv >a 2>ea
    [ -s ea ]
    eae-cache run -- eae-view --info --label label m.tsv >b 2>eb
    same_bytes ea eb
    eae-cache run -- eae-view -q --info --label label m.tsv >c 2>ec
    [ ! -s ec ]
    same_bytes a c
}

@test "a failure has its own status, output and errors, and is not kept" {
    for i in 1 2; do
        capture eae-cache run -- sh -c 'echo run >>ran; echo out; echo err >&2; exit 7'
        [ "$status" -eq 7 ] && [ "$stdout" = out ] && [ "$stderr" = err ]
    done
    [ "$(wc -l <ran)" -eq 2 ]
    is_empty
}

@test "a command killed by a signal is not kept, and we end by that signal" {
    status=0
    bash -c 'eae-cache run -- sh -c "echo out; kill -9 \$\$"' >out || status=$?
    [ "$status" -eq 137 ]
    [ "$(cat out)" = out ]
    is_empty
}

@test "a reader that goes away ends it quietly, and nothing is kept" {
    set +o pipefail
    eae-cache run -- sh -c 'while echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; do :; done' 2>said | head -1 >/dev/null
    [ "${PIPESTATUS[0]}" -eq 141 ]
    [ ! -s said ]
    is_empty
}

@test "two readers of one result that wait for one another do not hold each other up" {
    timeout 60 paste <(eae-cache run -- seq 300000) <(eae-cache run -- seq 300000) >two
    [ "$(tail -1 two)" = "300000	300000" ]
}

@test "-o of the command is refused, and other options that write" {
    make_matrix 20 5 m.tsv
    must_fail 2 eae-cache run -- eae-view --label label m.tsv -o x.eae
    says "redirect"
    must_fail 2 eae-cache run -- eae-view --label label m.tsv --out=x.eae
    must_fail 2 eae-cache run -- eae-split --plan-out p.tsv m.tsv
    must_fail 2 eae-cache run -o x -- eae-view m.tsv
    [ ! -e x.eae ] && [ ! -e p.tsv ] && [ ! -e x ]
    must_pass eae-cache run -- eae-view --info --label label -o - m.tsv
}

@test "a command that makes or changes a file that it names is not kept" {
    must_pass eae-cache run -- sh -c 'echo x >"$1"' x made
    says "made was made by it"
    is_empty
    must_pass eae-cache run -- sh -c 'echo x >>"$1"' x made
    says "made was changed"
    is_empty
}

@test "what cannot be part of a key runs without the cache" {
    must_pass eae-cache run -- cat <(echo hi)
    [ "$stdout" = hi ]
    says "not cached"
    is_empty
}

@test "a program that is not there" {
    must_fail 1 eae-cache run -- no-such-program
    says "no such program"
    must_fail 2 eae-cache run
    must_fail 2 eae-cache run --
}

@test "standard input: none, a terminal's absence, an offset, --no-stdin" {
    printf 'line1\nline2\n' >f
    (read -r _; eae-cache run -- cat) <f >a
    [ "$(cat a)" = line2 ]
    [ "$(echo x | eae-cache run --no-stdin -- cat)" = "" ]
    [ "$(eae-cache run -- cat </dev/null)" = "" ]
    [ "$(printf 'b\na\n' | while read -r _; do eae-cache run --no-stdin -- echo ran; done)" = "ran
ran" ]
    # a hit leaves the file where the command would have: at its end
    (eae-cache run -- cat; cat) <f >b
    (eae-cache run -- cat; cat) <f >c
    same_bytes b f
    same_bytes c f
}

@test "a cache that cannot be written costs a warning" {
    EAE_CACHE_DIR=/dev/null/x must_pass eae-cache run -- echo hi
    [ "$stdout" = hi ]
    says "not cached"
    env -u HOME -u XDG_CACHE_HOME -u EAE_CACHE_DIR "$(command -v eae-cache)" run -- echo hi >a 2>said
    [ "$(cat a)" = hi ]
    grep -q EAE_CACHE_DIR said
}

@test "a full disk in the cache: the result goes out, with a warning; nothing stays" {
    # files beyond 1 MB fail as a full disk does
    bash -c 'ulimit -f 1024; trap "" XFSZ; eae-cache run -- head -c 5000000 /dev/zero' 2>said | cmp -n 5000000 - /dev/zero
    [ "${PIPESTATUS[0]}" -eq 0 ]
    grep -q 'not kept' said
    is_empty
}

@test "an input without end is an error once it does not fit, and its temporary file goes" {
    mkdir spool
    must_fail 1 bash -c 'ulimit -f 1024; yes | eae-cache run --tmpdir spool -- touch ran'
    says "standard input, kept before the command runs"
    says "temporary file (--tmpdir): cannot write: File too large"
    [ -z "$(ls -A spool)" ]
    [ ! -e ran ]
    is_empty
}

@test "figures: the templates and gnuplot that draw them are part of the key" {
    command -v gnuplot >/dev/null || skip "no gnuplot (scripts/deps check)"
    make_matrix 40 8 m.tsv
    eae-view -q --label label m.tsv | eae-split -q --kfold 5 | eae-train svm -q | eae-score -q --curve roc >roc.tsv
    mkdir share bin
    cp -r "$BATS_TEST_DIRNAME/../../../share/plot" share/plot
    export EAE_SHARE=$PWD/share
    must_run_once eae-plot roc -O svg roc.tsv
    must_hit eae-plot roc -O svg roc.tsv
    echo 'set title "another"' >>share/plot/style.gp
    [ "$(eae-cache explain -- eae-plot roc -O svg roc.tsv 2>/dev/null | sed 1d | cut -f 1)" = 'template style.gp' ]
    must_run_once eae-plot roc -O svg roc.tsv
    must_hit eae-plot roc -O svg roc.tsv
    printf '#!/bin/sh\nexec %s "$@"\n' "$(command -v gnuplot)" >bin/gnuplot
    chmod +x bin/gnuplot
    PATH=$PWD/bin:$PATH must_run_once eae-plot roc -O svg roc.tsv
}

@test "a full disk at the output is an error, also on a hit" {
    must_fail 1 bash -c 'exec eae-cache run -- seq 100000 >/dev/full'
    says "cannot write"
    eae-cache run -- seq 100000 >/dev/null
    must_fail 1 bash -c 'exec eae-cache run -- seq 100000 >/dev/full'
    says "cannot write"
}

@test "a standard error that is closed or full is the same before a hit and on it" {
    for i in 1 2; do
        eae-cache run -- sh -c 'echo result; echo said >&2; :' >out 2>&-
        [ "$(cat out)" = result ]
        eae-cache run -- sh -c 'echo result; echo said >&2; :' >out 2>/dev/full
        [ "$(cat out)" = result ]
    done
    entries 1
}

@test "large outputs, empty outputs" {
    eae-cache run -- head -c 30000000 /dev/zero | cmp -n 30000000 - /dev/zero
    [ "$(eae-cache run -v -- head -c 30000000 /dev/zero 2>said | wc -c)" -eq 30000000 ]
    grep -q hit: said
    must_run_once true
    must_hit true
    [ ! -s out2 ]
}

@test "closed descriptors are not taken for others" {
    eae-cache run -- seq 3 <&- >a
    [ "$(wc -l <a)" -eq 3 ]
    must_fail 1 bash -c 'exec eae-cache run -- seq 3 >&-'
    says "cannot write"
    eae-cache run -- seq 4 2>&- >b
    eae-cache run -- seq 4 2>&- >c
    same_bytes b c
    eae-cache fsck >/dev/null
}

@test "an input that is changed while the command runs: the result is not kept" {
    echo 1 >f
    eae-cache run -- sh -c 'cat; echo 22 >>f' <f >/dev/null 2>said
    grep -q 'standard input was changed' said
    is_empty
}
