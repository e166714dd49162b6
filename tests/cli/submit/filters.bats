#!/usr/bin/env bats
# The prefix form: the bytes of a filter do not depend on how its work is cut and where it runs.

# words are for jobs, not for this shell; stdout and status are set by helpers
# shellcheck disable=SC2016,SC2154,SC2012,SC2314
load submit

@test "one, three, twenty and more shards give the bytes of the plain command" {
    a_plan p.eae
    eae-rfe svm --step 20% p.eae -o want.eae
    for n in 1 3 20 23; do
        must_pass eae-submit run --shards $n -- eae-rfe svm --step 20% <p.eae
        same_bytes want.eae .stdout
    done
    must_pass eae-submit run --shards 3 -o got.eae -- eae-rfe svm --step 20% p.eae </dev/null
    same_bytes want.eae got.eae
}

@test "the same through pipes, and for models and predictions" {
    a_plan p.eae
    eae-train logistic --final -C 0.1,1 <p.eae >want.eae
    eae-submit run --shards 4 -- eae-train logistic --final -C 0.1,1 < <(cat p.eae) | cat >got.eae
    same_bytes want.eae got.eae
    must_pass eae-submit run -- eae-train logistic --final -C 0.1,1 <p.eae
    same_bytes want.eae .stdout
}

@test "a file on standard input is not copied; a pipe is, once" {
    a_plan p.eae
    eae-submit run -q --detach --array 1 -- true >/dev/null
    cat >eae-hold <<'SH'
#!/bin/sh
until [ -e go ]; do sleep 0.05; done
exec cat
SH
    chmod +x eae-hold
    PATH=$PWD:$PATH eae-submit run --dir d1 --shards 2 -- eae-hold <p.eae >/dev/null &
    PATH=$PWD:$PATH eae-submit run --dir d2 --shards 2 -- eae-hold < <(cat p.eae) >/dev/null &
    await sh -c 'ls d1/*/journal/client.1 && ls d2/*/journal/client.1'
    [ "$(ls d1/*/input 2>/dev/null | wc -l)" -eq 0 ]
    same_bytes d2/*/input p.eae
    touch go
    wait
}

@test "reports of shards lose their repeated header, other text is one behind the other" {
    cat >eae-report <<'SH'
#!/bin/sh
[ "$1" = --shard ] || exit 2
printf 'name\tvalue\nx\t%s\n' "$2"
SH
    cat >eae-lines <<'SH'
#!/bin/sh
echo "{\"part\":\"$2\"}"
SH
    chmod +x eae-report eae-lines
    PATH=$PWD:$PATH must_pass eae-submit run --shards 3 -- eae-report </dev/null
    [ "$stdout" = $'name\tvalue\nx\t1/3\nx\t2/3\nx\t3/3' ] || fail "$stdout"
    PATH=$PWD:$PATH must_pass eae-submit run --shards 2 -- eae-lines </dev/null
    [ "$stdout" = $'{"part":"1/2"}\n{"part":"2/2"}' ] || fail "$stdout"
}

@test "warnings that all shards give are given once" {
    cat >eae-warns <<'SH'
#!/bin/sh
echo "eae-warns: the same" >&2
echo "eae-warns: shard $2" >&2
SH
    chmod +x eae-warns
    PATH=$PWD:$PATH must_pass eae-submit run --shards 2 -- eae-warns </dev/null
    [ "$stderr" = $'eae-warns: the same\neae-warns: shard 1/2\neae-warns: shard 2/2' ] || fail "$stderr"
    PATH=$PWD:$PATH must_pass eae-submit run -q --fresh --shards 2 -- eae-warns </dev/null
    [ -z "$stderr" ]
}

@test "what is no filter is refused, and so is what only we can give" {
    must_fail 2 eae-submit run --shards 2 -- sort
    says "'sort' is not an eae program"
    must_fail 2 eae-submit run --shards 2 -- eae-rfe svm --shard 1/2
    says '--shard is given by eae-submit'
    must_fail 2 eae-submit run --shards 2 -- eae-rfe svm -o x.eae
    must_fail 2 eae-submit run --shards 2 -- eae-rfe svm --out=x.eae
    says 'its standard output'
    must_fail 2 eae-submit run --shards 0 -- eae-rfe svm
    must_fail 2 eae-submit run --
}

@test "a wrong command line of the filter is said once, and not tried again" {
    must_fail 1 eae-submit run --shards 2 --slots 1 -- eae-train nosuch </dev/null
    says "job 1: ended with status 2: eae-train: unknown model 'nosuch'"
    [ "$(state_of 1)" = failed ]
    [ "$(state_of 2)" = staged ]
    [ "$(grep -c 'unknown model' .stderr)" -eq 1 ]
}

@test "a failed shard gives no output at all" {
    a_plan p.eae
    head -c 5000 p.eae >cut.eae
    must_fail 1 eae-submit run --retries 0 --shards 2 -o got.eae -- eae-rfe svm <cut.eae
    [ ! -e got.eae ]
}

@test "an input that changes meanwhile is noticed" {
    a_plan p.eae
    cat >eae-waits <<'SH'
#!/bin/sh
[ "$2" = 1/2 ] && exit 1
cat
SH
    chmod +x eae-waits
    export PATH=$PWD:$PATH
    must_fail 1 eae-submit run --retries 0 --shards 2 -- eae-waits <p.eae
    touch p.eae
    must_fail 1 eae-submit resume "$(the_batch)"
    says 'changed since the batch was begun'
}

@test "another input, option or variable is another batch" {
    a_plan p.eae
    must_pass eae-submit run --shards 2 -- eae-train svm <p.eae
    eae-split -q --kfold 4 m.tsv --label label >q.eae
    must_pass eae-submit run --shards 2 -- eae-train svm <q.eae
    eae-train svm q.eae -o want.eae
    same_bytes want.eae .stdout
    [ "$(eae-submit ls | wc -l)" -eq 3 ]
}
