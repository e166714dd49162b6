#!/usr/bin/env bats
# The stream as eae-view reads and writes it, against share/python/eaem.py, which was made from
# eae-matrix(5) alone, and against the files that tests/data/stream/make.py puts together by hand.

load ../helpers

STREAMS=$BATS_TEST_DIRNAME/../../data/stream

check() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import numpy' 2>/dev/null; then
            PYTHONDONTWRITEBYTECODE=1 must_pass "$python" "$BATS_TEST_DIRNAME/cross_check.py" "$@"
            return
        fi
    done
    skip "no python3 with numpy"
}

@test "a good stream of one frame is written again with the same bytes" {
    for name in data data-f64 unnamed one-element no-rows no-columns model rank; do
        cp "$STREAMS/good-$name.eae" in.eae
        must_pass eae-view --no-history in.eae -o out.eae
        same_bytes in.eae out.eae
    done
}

@test "python reads and writes every good stream to the same bytes" {
    for file in "$STREAMS"/good-*.eae; do
        check rewrite "$file" out.eae
        case $file in
        # here make.py does not leave out columns, which it may; a writer does
        *appended* | *types-joined* | *good-prediction.eae) ;;
        *) same_bytes "$file" out.eae ;;
        esac
    done
}

@test "what python writes is read, and printed as python prints it" {
    check random random.eae random.tsv
    must_pass eae-view random.eae --kind data -O tsv -o printed.tsv
    same_bytes printed.tsv random.tsv
}

@test "what python writes is written again with the same bytes" {
    check random random.eae random.tsv
    must_pass eae-view --no-history random.eae -o again.eae
    same_bytes random.eae again.eae
}

@test "what eae-view writes is read by python, history included" {
    check random random.eae random.tsv
    must_pass eae-view random.eae -o again.eae
    check same random.eae again.eae
    make_matrix 30 12 m.tsv
    must_pass eae-view m.tsv --label label -o m.eae
    check rewrite m.eae rewritten.eae
    same_bytes m.eae rewritten.eae
}

@test "python refuses every bad stream" {
    check refuse "$STREAMS/bad.tsv" "$STREAMS"
}

@test "eae-view refuses every bad stream, and says where" {
    while IFS=$'\t' read -r file words; do
        [ "$file" = file ] || {
            must_fail 1 eae-view "$STREAMS/$file"
            says "$words"
        }
    done <"$STREAMS/bad.tsv"
}

@test "a stream that is cut in a pipe is an error" {
    head -c 300 "$STREAMS/good-data.eae" >short.eae
    must_fail 1 eae-view - <short.eae
    says "standard input: byte 300: the stream ends inside"
}

@test "cat appends: file, pipe, and both" {
    cat "$STREAMS/good-appended.eae" >a.eae
    must_pass eae-view --no-history a.eae -o file.eae
    eae-view --no-history <a.eae >pipe.eae
    head -c $(($(wc -c <"$STREAMS/good-data.eae"))) a.eae >first.eae
    tail -c +$(($(wc -c <first.eae) + 1)) a.eae | eae-view --no-history first.eae - >both.eae
    same_bytes file.eae pipe.eae
    same_bytes file.eae both.eae
}

@test "a pipe that does not fit into --memory is spilled" {
    make_matrix 400 400 m.tsv
    must_pass eae-view m.tsv --label label --dtype f64 -o m.eae
    eae-view --no-history --memory 1M --tmpdir . <m.eae >spilled.eae
    eae-view --no-history m.eae >mapped.eae
    same_bytes spilled.eae mapped.eae
    [ -z "$(ls eae.* 2>/dev/null)" ] || fail "a temporary file was left"
}

@test "a compressed stream is read as it was" {
    must_pass eae-view --no-history "$STREAMS/good-every-kind.eae" -o plain.eae
    for program in gzip bzip2 xz zstd; do
        command -v $program >/dev/null || continue
        $program -c "$STREAMS/good-every-kind.eae" >packed
        must_pass eae-view --no-history packed -o unpacked.eae
        same_bytes plain.eae unpacked.eae
    done
    gzip -c "$STREAMS/good-every-kind.eae" | head -c 500 >short.gz
    must_fail 1 eae-view short.gz
    gzip -c "$STREAMS/bad-cut-payload.eae" >damaged.gz
    must_fail 1 eae-view damaged.gz
    says "damaged.gz: byte"
}
