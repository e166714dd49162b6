#!/usr/bin/env bats
# What becomes a job: lines of a file, arrays, grids; and that words arrive as they were written.

# words are for jobs, not for this shell; stdout and status are set by helpers
# shellcheck disable=SC2016,SC2154,SC2012,SC2314
load submit

@test "the commands of a file run, and their outputs come in their order" {
    printf 'sh -c "sleep 0.3; echo one"\necho two\n\n# echo not this\n  echo  three "3  3"\n' >jobs.txt
    must_pass eae-submit run jobs.txt
    [ "$stdout" = $'one\ntwo\nthree 3  3' ] || fail "$stdout"
    must_pass eae-submit run --fresh - <jobs.txt
    [ "$stdout" = $'one\ntwo\nthree 3  3' ] || fail "$stdout"
    must_pass eae-submit run --fresh -o out jobs.txt
    [ "$(cat out)" = $'one\ntwo\nthree 3  3' ]
}

@test "an output appears as soon as all before it are there" {
    printf 'echo first\nsh -c "until [ -e go ]; do sleep 0.05; done; echo last"\n' >jobs.txt
    eae-submit run --slots 2 jobs.txt >out 2>err &
    await grep -q first out
    [ "$(cat out)" = first ]
    touch go
    wait $!
    [ "$(cat out)" = $'first\nlast' ]
}

@test "words arrive unchanged: blanks, quotes, line ends, signs of shells, bytes that are no text" {
    cat >show <<'SH'
#!/bin/sh
for a; do printf '<%s>' "$a"; done
SH
    chmod +x show
    printf "./show 'a b' \"it's\" '\$HOME;|&' '' \"x\\\\\"y\" 'p\nq' '{}' '*' a\\\\ b \377\376\n" >jobs.txt
    must_pass eae-submit run jobs.txt
    ./show 'a b' "it's" '$HOME;|&' '' 'x"y' $'p\nq' '{}' '*' 'a b' $'\377\376' >want
    same_bytes want .stdout
    must_pass eae-submit run --array 7 -- ./show 'a b' '$(id)' $'p\nq' '`x`' $'\377' 'x{}y{}' --on -- '{ }'
    ./show 'a b' '$(id)' $'p\nq' '`x`' $'\377' 'x7y7' --on -- '{ }' >want
    same_bytes want .stdout
}

@test "a shell takes part only with --shell" {
    printf 'echo a | tr a b\n' >jobs.txt
    must_fail 1 eae-submit run jobs.txt
    says "jobs.txt:1: '|' in the command needs a shell"
    must_pass eae-submit run --shell jobs.txt
    [ "$stdout" = b ]
    printf 'echo "a\nb" &&\\\n  echo $((1 + 1))\n' >jobs.txt
    must_pass eae-submit run --shell jobs.txt
    [ "$stdout" = $'a\nb\n2' ] || fail "$stdout"
}

@test "a file of commands that is none: where it is wrong" {
    printf 'echo a\n\necho "b\n' >jobs.txt
    must_fail 1 eae-submit run jobs.txt
    says 'jobs.txt:3: a " in the command has no end'
    printf '# nothing\n\n' >jobs.txt
    must_fail 1 eae-submit run jobs.txt
    says 'jobs.txt: no command in it'
    must_fail 1 eae-submit run </dev/null
    says 'stdin: no command in it'
    printf 'echo a\0b\n' >jobs.txt
    must_fail 1 eae-submit run jobs.txt
    says 'a zero byte'
    must_fail 1 eae-submit run no-such-file
    says 'no-such-file'
    [ ! -e state ]
}

@test "line ends of DOS are line ends" {
    printf 'echo a\r\n\r\n# x\r\necho "b c"\r\n' >jobs.txt
    must_pass eae-submit run jobs.txt
    [ "$stdout" = $'a\nb c' ] || fail "$stdout"
    must_pass eae-submit run --shell jobs.txt
    [ "$stdout" = $'a\nb c' ] || fail "$stdout"
}

@test "arrays of numbers" {
    must_pass eae-submit run --array 8-11,3,20-30:5 -- echo 'n{}'
    [ "$stdout" = "$(printf 'n%s\n' 8 9 10 11 3 20 25 30)" ] || fail "$stdout"
    for bad in '' 5-3 1-x 1-9:0 1,,2 9999999999999999999 1-999999999; do
        must_fail 2 eae-submit run --array "$bad" -- echo '{}'
        says --array
    done
}

@test "grids of values: every combination, the last name fastest" {
    must_pass eae-submit run --grid 'k=1:5:2,c=a,b' -- echo '{k}/{c}' '{x}'
    [ "$stdout" = $'1/a {x}\n1/b {x}\n3/a {x}\n3/b {x}\n5/a {x}\n5/b {x}' ] || fail "$stdout"
    must_pass eae-submit run --grid 'u=http://h:1/?a=b,x=0.5' -- echo '{u}{x}'
    [ "$stdout" = 'http://h:1/?a=b0.5' ] || fail "$stdout"
    must_fail 2 eae-submit run --grid 'k=1:2,c=a' -- echo '{k}'
    says '{c} is nowhere in the command'
    must_fail 2 eae-submit run --grid '1,2' -- echo '{k}'
    must_fail 2 eae-submit run --grid 'k=1,k=2' -- echo '{k}'
    must_fail 2 eae-submit run --grid 'k=' -- echo '{k}'
    must_fail 2 eae-submit run --grid 'a=1:100000,b=1:100000' -- echo '{a}{b}'
    says 'more than'
}

@test "a dry run shows the jobs as one would type them, and leaves nothing" {
    must_pass eae-submit run --dry-run --array 1-2 -- echo '{} a' "it's" $'\e[1m'
    [ "$stdout" = $'job\tcommand\n1\techo \'1 a\' \'it\'\\\'\'s\' $\'\\x1b[1m\'\n2\techo \'2 a\' \'it\'\\\'\'s\' $\'\\x1b[1m\'' ] ||
        fail "$stdout"
    [ ! -e state ]
    must_pass eae-submit run --dry-run --json --array 1 -- echo '{}'
    [ "$stdout" = '{"job":1,"command":"echo 1"}' ] || fail "$stdout"
}

@test "jobs read nothing, know their number, and run in the folder of the client" {
    mkdir sub
    printf 'cat\nsh -c "echo $SUBMIT_JOB/$SUBMIT_ATTEMPT"\n' | sed "s/\"echo/'echo/; s/ATTEMPT\"/ATTEMPT'/" >sub/jobs.txt
    cd sub
    printf 'pwd\n' >>jobs.txt
    must_pass eae-submit run jobs.txt <<<'not for jobs'
    [ "$stdout" = "2/1
$WORK/sub" ] || fail "$stdout"
}

@test "a job gets the threads that its slot is worth, unless the user says otherwise" {
    must_pass eae-submit run --slots 1 --array 1 -- sh -c 'echo $OMP_NUM_THREADS'
    [ "$stdout" = "$(env -u OMP_NUM_THREADS nproc)" ] || fail "$stdout"
    OMP_NUM_THREADS=7 must_pass eae-submit run --array 1 -- sh -c 'echo $OMP_NUM_THREADS'
    [ "$stdout" = 7 ]
    must_pass eae-submit run -t 3 --array 1 -- sh -c 'echo $OMP_NUM_THREADS'
    [ "$stdout" = 3 ]
}

@test "GPUs of a job are those of its slot" {
    CUDA_VISIBLE_DEVICES=4,5,6,7,8 must_pass eae-submit run --gpu 2 --slots 9 --array 1-6 -- \
        sh -c 'echo $CUDA_VISIBLE_DEVICES; sleep 0.2'
    [ "$(printf '%s\n' "$stdout" | sort -u)" = $'4,5\n6,7' ] || fail "$stdout"
    CUDA_VISIBLE_DEVICES='' must_fail 1 eae-submit run --gpu 1 --array 1 -- true
    says '0 GPUs are visible'
}

@test "wrong use is told" {
    must_fail 2 eae-submit
    must_fail 2 eae-submit nosuch
    must_fail 2 eae-submit run --array 1-2 --grid k=1 -- true
    must_fail 2 eae-submit run --array 1-2
    must_fail 2 eae-submit run a b
    must_fail 2 eae-submit run --on nowhere --array 1 -- true
    says "'nowhere' is not one of local"
    must_fail 2 eae-submit run --queue fast --array 1 -- true
    says '--queue says nothing to --on local'
    must_fail 2 eae-submit run --chunk 0 --array 1 -- true
    must_fail 2 eae-submit run --window 25:00-01:00 --array 1 -- true
    must_fail 2 eae-submit run --timeout 0 --array 1 -- true
}
