#!/usr/bin/env bats
# share/R/eaem.R, which was made from eae-matrix(5) alone, against the streams of tests/data/stream and
# those that the programs write and read.

load ../helpers

STREAMS=$BATS_TEST_DIRNAME/../../data/stream
READER=$BATS_TEST_DIRNAME/../../../share/R/eaem.R

# r CODE [ARGUMENT...]: CODE with the reader loaded and the arguments in `args`
r() {
    command -v Rscript >/dev/null || skip "Rscript is not installed"
    local code=$1
    shift
    must_pass Rscript -e 'options(warn = 2); args <- commandArgs(TRUE); source(args[1]); args <- args[-1]' \
        -e "$code" "$READER" "$@"
}

@test "R reads and writes every good stream to the same bytes" {
    r 'dir.create("again"); for (f in args) eaem_write(file.path("again", basename(f)), eaem_read(f))' \
        "$STREAMS"/good-*.eae
    for file in again/*.eae; do
        case $file in
        # here make.py does not leave out columns, which it may; a writer does
        *appended* | *types-joined* | *good-prediction.eae) ;;
        *) same_bytes "$file" "$STREAMS/${file##*/}" ;;
        esac
    done
    [ "$(find again -name '*.eae' | wc -l)" -ge 18 ]
}

@test "R refuses every bad stream, but for those that only a merge shows to be bad" {
    r 'bad <- read.delim(file.path(args, "bad.tsv"))$file
       refused <- sapply(file.path(args, bad), function(f) tryCatch({
           eaem_read(f)
           FALSE
       }, eaem_error = function(e) grepl("^byte [0-9]+: |frame: |frame of type", conditionMessage(e))))
       writeLines(c(length(bad) > 90, sort(bad[!refused])))' "$STREAMS"
    [ "$stdout" = "$(printf '%s\n' TRUE bad-classes-order.eae bad-column-annotation.eae bad-half-named.eae \
        bad-more-features.eae bad-other-features.eae bad-sample-again.eae bad-text-and-number.eae \
        bad-unnamed-features.eae)" ] || fail "$stdout"
}

@test "a stream that is cut anywhere, or has a damaged byte, is refused by name" {
    r 'whole <- readBin(args, "raw", 1e6)
       refused <- function(bytes) {
           writeBin(bytes, "bad.eae")
           tryCatch({
               eaem_read("bad.eae")
               FALSE
           }, eaem_error = function(e) TRUE)
       }
       for (n in seq(1, length(whole) - 1, by = 101)) stopifnot(refused(whole[seq_len(n)]))
       for (k in seq(1, length(whole), by = 101)) {
           damaged <- whole
           damaged[k] <- xor(damaged[k], as.raw(64))
           stopifnot(refused(damaged))
       }
       # with a hash that is right again
       for (k in c(13:40, 41, 49, 57, 65)) {
           damaged <- whole
           damaged[k] <- xor(damaged[k], as.raw(64))
           damaged[113:128] <- .eaem$hash(damaged[1:112])
           stopifnot(refused(damaged))
       }' "$STREAMS/good-every-kind.eae"
}

@test "what the programs write is read, and written again with the same bytes" {
    make_matrix 40 30 m.tsv 3
    eae-view -q --label label m.tsv | eae-split -q --kfold 4 -o plan.eae
    eae-train svm -q --weights all plan.eae -o svm.eae
    eae-rfe svm -q --step 30% plan.eae -o rfe.eae
    r 'for (f in args) eaem_write(sub("eae$", "r", f), eaem_read(f))' plan.eae svm.eae rfe.eae
    for f in plan svm rfe; do
        same_bytes $f.eae $f.r
    done
    r 'd <- eaem_read("plan.eae", "data")[[1]]
       t <- read.delim("m.tsv", row.names = 1)
       stopifnot(identical(levels(d$row_annot$label), c("c0", "c1", "c2")), d$row_annot$label == t$label,
                 all.equal(d$matrix, as.matrix(t[-1])), length(eaem_read("rfe.eae", "rank")) == 1)'
}

@test "what R writes is read, and printed as it should" {
    r 'm <- rbind(c(1, NA, -3), c(0.5, Inf, 7))
       dimnames(m) <- list(c("s1", "s2"), c("a", "b", "Z\u00fcrich"))
       annot <- list(label = factor(c("no", NA), levels = c("yes", "no")), age = c(NA, 61.5), visits = 3:2,
                     big = eaem_i64(c(NA, -2^40)), site = c(NA, "a b"))
       eaem_write("r.eae", list(eaem_frame("data", m, annot, list(truth = c(0L, 1L, NA)))))
       eaem_write("-", list(eaem_frame("data", m, annot, list(truth = c(0L, 1L, NA)))))'
    same_bytes r.eae .stdout
    must_pass eae-view -O tsv r.eae
    [ "$stdout" = "$(printf '%s\n' \
        'id	@label	@age	@visits	@big	@site	a	b	Zürich' \
        's1	no	NA	3	NA	NA	1	NA	-3' \
        's2	NA	61.5	2	-1099511627776	a b	0.5	Inf	7')" ] || fail "$stdout"
    must_pass eae-view --no-history r.eae -o again.eae
    same_bytes r.eae again.eae
    r 'd <- eaem_read("again.eae")[[1]]
       stopifnot(identical(levels(d$row_annot$label), c("yes", "no")), d$row_annot$big[2] == -2^40,
                 is.na(d$row_annot$site[1]), is.na(d$matrix[1, 2]), identical(d$col_annot$truth, c(0L, 1L, NA)))'
}

@test "hashes of every length: payloads of 1 to 300 bytes, and around the sizes of blocks" {
    r 'fit <- setNames(rep(list(NA_character_), 6), c("model", "spec", "param", "chosen", "size", "plan"))
       fit <- c(fit, setNames(rep(list(0L), 4), c("split", "repeat", "fold", "perm")),
                list(class = NA_character_, converged = 1L))
       set.seed(1)
       frames <- lapply(c(1:300, 1023:1025, 1087:1089, 2047:2049, 65537, 300001), function(n)
           eaem_frame("rank", matrix(sample(0:255, n, TRUE), 1), fit, type = "u8"))
       eaem_write("ranks.eae", frames)'
    must_pass eae-view --no-history ranks.eae -o again.eae
    r 'stopifnot(length(eaem_read("again.eae")) == 311)'
}

@test "info, compressed files, pipes" {
    r 'cat("")'
    must_pass Rscript "$READER" info "$STREAMS/good-every-kind.eae"
    cp .stdout plain.txt
    [ "$(sed -n 's/.*"kind": "\([a-z]*\)".*/\1/p' plain.txt | tr '\n' ' ')" = "split data prediction model rank " ]
    [ "$(sed -n 's/.*"content": "\([0-9a-f]*\)".*/\1/p' plain.txt)" = \
        "$(eae-view --hash "$STREAMS/good-every-kind.eae" | cut -d ' ' -f 1)" ] ||
        fail "$(eae-view --hash "$STREAMS/good-every-kind.eae")"
    for program in gzip bzip2 xz; do
        $program -c "$STREAMS/good-every-kind.eae" >packed
        must_pass Rscript "$READER" info packed
        same_bytes plain.txt .stdout
    done
    gzip -c "$STREAMS/good-every-kind.eae" | Rscript "$READER" info - >piped.txt
    same_bytes plain.txt piped.txt
    gzip -c "$STREAMS/good-every-kind.eae" | head -c 500 >short.gz
    must_fail 1 Rscript "$READER" info short.gz
    says "short.gz: byte"
    must_fail 1 Rscript "$READER" info nowhere.eae
    says "no such file"
    must_fail 2 Rscript "$READER" view
}

@test "what a frame cannot hold is not written" {
    r 'refused <- function(words, f) stopifnot(tryCatch({
           eaem_write("no.eae", list(f))
           FALSE
       }, eaem_error = function(e) grepl(words, conditionMessage(e), fixed = TRUE)))
       m <- matrix(1:4, 2, dimnames = list(c("a", "b"), c("x", "y")))
       refused("no row annotation", eaem_frame("prediction", m, list(split = 1:2)) |>
           (\(f) { f$row_annot <- setNames(rep(list(1:2), 12), names(.eaem$fit)); f })())
       refused("the first row annotations are not", eaem_frame("split", m, list(fold = 1:2)))
       refused("3 values instead of 2", eaem_frame("data", m, list(age = 1:3)))
       refused("cannot hold", eaem_frame("rank", m + 0.5, as.list(setNames(.eaem$fit, names(.eaem$fit))) |>
           lapply(\(t) if (t == "text") c("u", "v") else 1:2), type = "i16"))
       refused("of the name", eaem_frame("data", m[c(1, 1), ]))
       refused("type f64", eaem_frame("split", m, type = "f64"))
       stopifnot(!file.exists("no.eae"))'
}
