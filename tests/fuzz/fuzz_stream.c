/*
 * fuzz_stream.c - any bytes as a stream: an error message, or frames that can be written and read
 * again with the same content; never a crash, a leak or an undefined operation.
 *
 * With libFuzzer:
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -DEAE_LIBFUZZER ... fuzz_stream.c
 *     ./fuzz_stream -max_len=8192 CORPUS tests/data/stream
 * Without (any compiler): a main() that changes the .eae files of a folder at random, from a fixed
 * seed:
 *     fuzz_stream FOLDER SECONDS
 *
 * Nearly every change is found by a hash, so that the code behind the hashes would never run;
 * therefore each input is tried as it is, and again with its hashes put right.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "matrix/format.h"
#include "matrix/merge.h"
#include "matrix/reader.h"
#include "matrix/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* ---- hashes put right -------------------------------------------------------------------- */

/* Where the parts of the frame at `at` would be; false when they are not inside n bytes. */
static bool locate(const uint8_t *bytes, size_t n, size_t at, eae_preamble *p, size_t *footer,
                   size_t *footer_length)
{
    eae_footer f;
    uint64_t end;

    if (n - at < sizeof *p)
        return false;
    memcpy(p, bytes + at, sizeof *p);
    if (p->header_length > n || p->column_length > p->header_length || p->payload_offset > n ||
        p->payload_length > n || sizeof *p + p->header_length > n - at)
        return false;
    end = eae_align_up(p->payload_offset + p->payload_length, EAE_FRAME_ALIGN);
    if (end > n - at || sizeof f > n - at - end)
        return false;
    memcpy(&f, bytes + at + end, sizeof f);
    if (f.length < sizeof f + 32 || f.length > n - at - end)
        return false;
    *footer = at + end;
    *footer_length = (size_t)f.length;
    return true;
}

static void repair(uint8_t *bytes, size_t n)
{
    size_t at = 0, footer, length;
    eae_preamble p;

    while (at < n && locate(bytes, n, at, &p, &footer, &length)) {
        const uint8_t *columns = bytes + at + sizeof p;
        eae_footer f;
        eae_hash own;

        if (p.column_length > 0)
            p.column_digest = eae_hash_bytes(columns, p.column_length);
        p.row_digest = eae_hash_bytes(columns + p.column_length, p.header_length - p.column_length);
        p.own = eae_hash_bytes(&p, offsetof(eae_preamble, own));
        memcpy(bytes + at, &p, sizeof p);
        memcpy(&f, bytes + footer, sizeof f);
        f.payload = eae_hash_bytes(bytes + at + p.payload_offset, p.payload_length);
        f.content = eae_content_identity(&p, &f.payload);
        memcpy(bytes + footer, &f, sizeof f);
        own = eae_hash_bytes(bytes + footer, length - 32);
        memcpy(bytes + footer + length - 32, &own, sizeof own);
        at = footer + length;
    }
}

/* ---- the target -------------------------------------------------------------------------- */

static eae_source source_of(const uint8_t *bytes, size_t n)
{
    static char name[] = "fuzz";
    eae_source s = {.name = name, .fd = -1, .size = n};

    s.region = eae_region_memory(n > 0 ? n : 1);
    if (s.region == NULL)
        abort();
    memcpy(eae_region_bytes(s.region), bytes, n);
    return s;
}

/* What was read is canonical: writing it must succeed. */
static void write_frames(eae_frame **frame, int count)
{
    eae_writer *w;

    if (eae_writer_open(&w, "/dev/null", true) != EAE_OK)
        abort();
    for (int i = 0; i < count; i++) {
        eae_hash content;

        if (eae_writer_frame(w, frame[i]) != EAE_OK ||
            eae_frame_content(frame[i], &content) != EAE_OK ||
            !eae_hash_equal(&content, &frame[i]->content)) {
            fprintf(stderr, "cannot write what was read: %s\n", eae_message());
            abort();
        }
    }
    if (eae_writer_close(w) != EAE_OK)
        abort();
}

static void merge_and_write(eae_parsed *parsed)
{
    eae_member *member = EAE_NEW_ARRAY(eae_member, parsed->count);
    eae_frame **frame = EAE_NEW_ARRAY(eae_frame *, parsed->count);
    int count = 0, status;

    for (int i = 0; i < parsed->count; i++)
        member[i] = (eae_member){parsed->frame[i].frame, parsed->frame[i].shares_columns, "fuzz"};
    status = eae_merge_members(member, parsed->count);
    for (int i = 0; i < parsed->count; i++) {
        parsed->frame[i].frame = NULL;
        if (member[i].frame != NULL)
            frame[count++] = member[i].frame;
    }
    if (status == EAE_OK)
        write_frames(frame, count);
    for (int i = 0; i < count; i++)
        eae_frame_free(frame[i]);
    free(frame);
    free(member);
}

static bool try_bytes(const uint8_t *bytes, size_t n)
{
    eae_source s = source_of(bytes, n);
    eae_parsed parsed = {0};
    bool read = eae_frames_parse(&s, &parsed) == EAE_OK && eae_frames_verify(&parsed, 1) == EAE_OK;

    if (read)
        merge_and_write(&parsed);
    eae_parsed_free(&parsed);
    eae_source_release(&s);
    return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = eae_malloc(n, 1);

    memcpy(copy, bytes, n);
    try_bytes(copy, n);
    repair(copy, n);
    try_bytes(copy, n);
    free(copy);
    return 0;
}

/* ---- without libFuzzer ------------------------------------------------------------------- */

#ifndef EAE_LIBFUZZER

static const uint8_t telling[] = {0, 1, 2, 3, 4, 7, 8, 0x0a, 0x20, 0x7f, 0x80, 0xfe, 0xff};

static void change(eae_random *r, uint8_t *bytes, size_t *n)
{
    int changes = 1 + (int)eae_random_below(r, 4);

    for (int i = 0; i<changes && * n> 0; i++) {
        size_t at = (size_t)eae_random_below(r, *n);

        switch (eae_random_below(r, 6)) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << eae_random_below(r, 8));
            break;
        case 1:
        case 2:
            bytes[at] = telling[eae_random_below(r, sizeof telling)];
            break;
        case 3: /* a field of 8 bytes: huge, or tiny */
            at &= ~(size_t)7;
            if (at + 8 <= *n)
                memset(bytes + at, eae_random_below(r, 2) ? 0xff : 0, 8);
            break;
        case 4: { /* a part over another */
            size_t from = (size_t)eae_random_below(r, *n);
            size_t most = *n - (from > at ? from : at);

            memmove(bytes + at, bytes + from, (size_t)eae_random_below(r, most + 1));
            break;
        }
        default:
            if (eae_random_below(r, 4) == 0)
                *n = at;
            break;
        }
    }
}

static long tried, whole;

static void change_file(eae_random *r, const char *path)
{
    char *text;
    size_t n;

    if (eae_read_file(path, &text, &n) != EAE_OK) {
        fprintf(stderr, "fuzz_stream: %s\n", eae_message());
        exit(1);
    }
    for (int k = 0; k < 50; k++, tried++) {
        uint8_t *copy = eae_malloc(n, 1);
        size_t m = n;

        memcpy(copy, text, n);
        change(r, copy, &m);
        LLVMFuzzerTestOneInput(copy, m);
        repair(copy, m);
        whole += try_bytes(copy, m);
        free(copy);
    }
    free(text);
}

int main(int argc, char **argv)
{
    double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
    char *pattern = argc == 3 ? eae_sprintf("%s/*.eae", argv[1]) : NULL;
    time_t end = time(NULL) + (time_t)seconds;
    eae_random r;
    glob_t files;

    if (pattern == NULL || glob(pattern, 0, NULL, &files) != 0) {
        fprintf(stderr, "usage: fuzz_stream FOLDER SECONDS\n");
        return 2;
    }
    eae_random_start(&r, 1, EAE_RANDOM_SYNTH_OTHER, 0);
    do
        for (size_t i = 0; i < files.gl_pathc; i++)
            change_file(&r, files.gl_pathv[i]);
    while (time(NULL) < end);
    printf("%ld changed streams tried, %ld of them still whole\n", tried, whole);
    globfree(&files);
    free(pattern);
    return 0;
}

#endif
