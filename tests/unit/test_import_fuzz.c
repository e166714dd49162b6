/*
 * test_import_fuzz.c - fixtures with random damage: every one gives a sound frame or a message.
 * Meant for the sanitizer build; EAE_FUZZ_ROUNDS sets how many damages each fixture gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/random.h"
#include "matrix/import.h"

#define DATA "tests/data/import/"

static const char *const fixtures[] = {
    "small.tsv",         "quoted.csv",        "semicolon.csv", "by_feature.tsv", "r_table.tsv",
    "series_matrix.txt", "v12.gct",           "v13.gct",       "sparse.libsvm",  "c_f4.npy",
    "fortran_f8.npy",    "big_endian_i2.npy", "small.tsv.gz",  "members.tsv.gz", "blocks.tsv.bgz",
    "small.tsv.bz2",     "small.tsv.xz",      "small.tsv.zst"};

/* Bytes that mean something to one of the parsers. */
static char random_byte(eae_random *r)
{
    static const char special[] = "\t\n\r\",;:!#@.-+eE0159 NAnaif\0\x1f\xff";
    uint64_t k = eae_random_below(r, 2 * sizeof special);
    return k < sizeof special ? special[k] : (char)eae_random_below(r, 256);
}

/* Change, remove, repeat or cut; a buffer of at most twice the size. */
static size_t damage(eae_random *r, char *bytes, size_t n)
{
    int times = 1 + (int)eae_random_below(r, 4);
    for (int k = 0; k < times && n > 0; k++) {
        size_t at = (size_t)eae_random_below(r, n);
        size_t length = 1 + (size_t)eae_random_below(r, n - at < 16 ? n - at : 16);
        switch (eae_random_below(r, 5)) {
        case 0:
            memmove(bytes + at, bytes + at + length, n - at - length);
            n -= length;
            break;
        case 1:
            memmove(bytes + at + length, bytes + at, n - at);
            n += length;
            break;
        case 2:
            if (eae_random_below(r, 4) == 0)
                n = at;
            break;
        default:
            bytes[at] = random_byte(r);
        }
    }
    return n;
}

static void check_frame(const eae_frame *f)
{
    assert_true(f->rows.count > 0 && f->cols.count > 0);
    assert_int_equal(f->rows.names.count, f->rows.count);
    assert_int_equal(f->cols.names.count, f->cols.count);
    for (int64_t i = 0; i < f->rows.count; i++) {
        for (int64_t j = 0; j < f->cols.count; j++)
            assert_false(isinf(eae_frame_value(f, i, j)));
    }
    char buf[64];
    for (int k = 0; k < f->rows.annot_count; k++) {
        for (int64_t i = 0; i < f->rows.count; i++)
            assert_non_null(eae_annot_print(f->rows.annot + k, i, buf));
    }
}

static void one_round(eae_random *r, const char *bytes, size_t n, const eae_import *import)
{
    char *work = eae_malloc(n + 128, 1);
    memcpy(work, bytes, n);
    size_t length = damage(r, work, n);
    char *exact = malloc(length ? length : 1); /* so that reading past the end is seen */
    memcpy(exact, work, length);
    eae_frame *f;
    int status = eae_import_bytes(exact, length, "x", import, 1 + (int)eae_random_below(r, 2), &f);
    if (status == EAE_OK)
        status = eae_import_apply_roles(&f, import);
    if (status == EAE_OK)
        check_frame(f);
    else
        assert_true(*eae_message() != '\0');
    eae_frame_free(f);
    free(exact);
    free(work);
}

static void damaged_fixtures(void **state)
{
    (void)state;
    const char *given = getenv("EAE_FUZZ_ROUNDS"), *seed = getenv("EAE_FUZZ_SEED");
    int rounds = given ? atoi(given) : 300;
    eae_names meta = {0};
    assert_int_equal(eae_read_name_list("class,note,the class", &meta), EAE_OK);
    const eae_import imports[] = {{0},
                                  {.label = "class"},
                                  {.label = "class", .by_feature = true},
                                  {.label = "class=AML/ALL", .time = "age"},
                                  {.by_feature = true, .f64 = true, .group = "class"},
                                  {.label = "tissue", .status = "status=dead", .time = "age"}};
    eae_random r;
    eae_random_start(&r, seed ? (uint64_t)atoi(seed) : 1, EAE_RANDOM_SOLVER, 0);
    for (size_t k = 0; k < sizeof fixtures / sizeof *fixtures; k++) {
        char *path = eae_sprintf(DATA "%s", fixtures[k]), *bytes;
        size_t n;
        assert_int_equal(eae_read_file(path, &bytes, &n), EAE_OK);
        for (int i = 0; i < rounds; i++) {
            eae_import import = imports[i % (int)(sizeof imports / sizeof *imports)];
            if (i % 2 && k < 2)
                import.meta = &meta;
            one_round(&r, bytes, n, &import);
        }
        free(bytes);
        free(path);
    }
    eae_names_free(&meta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged_fixtures)};
    eae_diag_loudness(EAE_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
