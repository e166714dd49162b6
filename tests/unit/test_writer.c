/*
 * test_writer.c - writing: what is written is read back; equal matrices are equal bytes; a stream
 * that was cut, appended or sharded reads as the whole.
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
#include <unistd.h>

#include "matrix/stream.h"

static const eae_read_options options = {.memory = 1 << 30, .threads = 2};

/* Rows first .. first + rows - 1 of a matrix whose element (i, j) is 100 i + j. */
static eae_frame *part(int64_t first, int64_t rows)
{
    enum { COLS = 5 };
    static const char *const site[] = {"Oslo", "Bern", "Lima"};
    eae_frame *f;
    eae_annot *a;
    char name[32];

    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F32, rows, COLS), EAE_OK);
    for (int64_t j = 0; j < COLS; j++)
        eae_names_add(&f->cols.names, name, (size_t)sprintf(name, "g%d", (int)j));
    for (int64_t i = 0; i < rows; i++) {
        eae_names_add(&f->rows.names, name, (size_t)sprintf(name, "s%d", (int)(first + i)));
        for (int64_t j = 0; j < COLS; j++)
            eae_frame_f32(f)[i * COLS + j] = (float)(100 * (first + i) + j);
    }
    a = eae_axis_add(&f->rows, "label", EAE_ANNOT_TEXT);
    for (int64_t i = 0; i < rows; i++)
        eae_annot_set_text(a, i, (first + i) % 3 == 2 ? "a" : "b");
    eae_names_free(&a->dict);
    eae_names_add(&a->dict, "b", 1);
    eae_names_add(&a->dict, "a", 1);
    for (int64_t i = 0; i < rows; i++)
        a->code[i] = (first + i) % 3 == 2;
    a = eae_axis_add(&f->rows, "site", EAE_ANNOT_TEXT);
    for (int64_t i = 0; i < rows; i++)
        eae_annot_set_text(a, i, site[(first + i) / 2 % 3]);
    return f;
}

static void save(const char *path, eae_frame **frame, int count, bool history)
{
    eae_writer *w;

    assert_int_equal(eae_writer_open(&w, path, history), EAE_OK);
    for (int i = 0; i < count; i++)
        if (eae_writer_frame(w, frame[i]) != EAE_OK)
            fail_msg("%s", eae_message());
    assert_int_equal(eae_writer_close(w), EAE_OK);
}

static char *bytes_of(const char *path, size_t *n)
{
    char *bytes;

    assert_int_equal(eae_read_file(path, &bytes, n), EAE_OK);
    unlink(path);
    return bytes;
}

static void assert_same_bytes(const char *path, const char *other)
{
    size_t n, m;
    char *a = bytes_of(path, &n), *b = bytes_of(other, &m);

    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
}

static eae_frame *read_one(const char *path)
{
    eae_bundle b;
    eae_frame *f;

    if (eae_read(&b, &path, 1, &options) != EAE_OK)
        fail_msg("%s", eae_message());
    assert_int_equal(b.count, 1);
    f = eae_bundle_take(&b, 0);
    eae_bundle_free(&b);
    return f;
}

static void merged_shards_have_the_bytes_of_the_whole(void **state)
{
    const char *shards = "build/test_shards.eae", *merged = "build/test_merged.eae";
    const char *whole = "build/test_whole.eae";
    eae_frame *f[] = {part(0, 4), part(4, 1), part(5, 7)}, *all = part(0, 12), *m;

    (void)state;
    save(shards, f, 3, true);
    save(whole, &all, 1, true);
    m = read_one(shards);
    assert_int_equal(m->rows.count, 12);
    save(merged, &m, 1, true);
    assert_true(eae_hash_equal(&m->content, &all->content));
    assert_same_bytes(merged, whole);
    unlink(shards);
    eae_frame_free(m);
    eae_frame_free(all);
    for (int i = 0; i < 3; i++)
        eae_frame_free(f[i]);
}

static void frames_in_pieces_have_the_same_bytes(void **state)
{
    const char *pieces = "build/test_pieces.eae", *whole = "build/test_whole2.eae";
    eae_frame *f = part(0, 6);
    eae_writer *w;

    (void)state;
    save(whole, &f, 1, true);
    assert_int_equal(eae_writer_open(&w, pieces, true), EAE_OK);
    assert_int_equal(eae_writer_begin(w, f), EAE_OK);
    assert_int_equal(eae_writer_rows(w, eae_frame_f32(f), 2), EAE_OK);
    assert_int_equal(eae_writer_rows(w, eae_frame_f32(f) + 10, 4), EAE_OK);
    assert_int_equal(eae_writer_end(w), EAE_OK);
    assert_int_equal(eae_writer_close(w), EAE_OK);
    assert_same_bytes(pieces, whole);
    eae_frame_free(f);
}

static void wrong_numbers_of_rows_are_refused(void **state)
{
    const char *path = "build/test_wrong.eae";
    eae_frame *f = part(0, 3);
    eae_writer *w;

    (void)state;
    assert_int_equal(eae_writer_open(&w, path, true), EAE_OK);
    assert_int_equal(eae_writer_begin(w, f), EAE_OK);
    assert_int_equal(eae_writer_rows(w, f->payload, 2), EAE_OK);
    assert_int_equal(eae_writer_end(w), EAE_FAIL);
    assert_int_equal(eae_writer_begin(w, f), EAE_FAIL);
    assert_int_equal(eae_writer_rows(w, f->payload, 2), EAE_FAIL);
    assert_int_equal(eae_writer_close(w), EAE_FAIL);
    assert_int_equal(access(path, F_OK), -1); /* nothing half-written */
    eae_frame_free(f);
}

static void missing_values_have_one_form(void **state)
{
    const char *path[] = {"build/test_nan1.eae", "build/test_nan2.eae"};
    eae_frame *f[] = {part(0, 2), part(0, 2)};

    (void)state;
    for (int k = 0; k < 2; k++) {
        static const uint32_t nan32[] = {0x7fc00000u, 0xffc01234u};
        static const uint64_t nan64[] = {0x7ff8000000000000u, 0xfff8000000000000u};
        eae_annot *a = eae_axis_add(&f[k]->rows, "age", EAE_ANNOT_F64);

        memcpy(eae_frame_f32(f[k]) + 3, &nan32[k], sizeof nan32[k]);
        memcpy(a->f64, &nan64[k], sizeof nan64[k]);
        a->f64[1] = 1;
        save(path[k], &f[k], 1, true);
    }
    assert_true(eae_hash_equal(&f[0]->content, &f[1]->content));
    assert_same_bytes(path[0], path[1]);
    eae_frame_free(f[0]);
    eae_frame_free(f[1]);
}

static void content_is_without_history_and_place(void **state)
{
    const char *path = "build/test_content.eae", *bare = "build/test_bare.eae";
    static const char record[] = "{\"program\":\"eae-test\"}";
    eae_frame *f[] = {part(0, 3), part(0, 3)}, *g;
    eae_hash content;

    (void)state;
    eae_names_add(&f[1]->history, record, strlen(record));
    /* the second leaves its columns out, and has a history */
    save(path, f, 2, true);
    assert_true(eae_hash_equal(&f[0]->content, &f[1]->content));
    assert_int_equal(eae_frame_content(f[1], &content), EAE_OK);
    assert_true(eae_hash_equal(&f[0]->content, &content));

    save(bare, &f[1], 1, true);
    g = read_one(bare);
    assert_int_equal(g->history.count, 1);
    assert_string_equal(eae_name(&g->history, 0), record);
    assert_true(eae_hash_equal(&g->content, &content));
    eae_frame_free(g);
    save(bare, &f[1], 1, false);
    g = read_one(bare);
    assert_int_equal(g->history.count, 0);
    assert_true(eae_hash_equal(&g->content, &content));
    eae_frame_free(g);

    /* any change changes it */
    eae_frame_f32(f[1])[7] += 1;
    assert_int_equal(eae_frame_content(f[1], &content), EAE_OK);
    assert_false(eae_hash_equal(&f[0]->content, &content));
    unlink(path);
    unlink(bare);
    eae_frame_free(f[0]);
    eae_frame_free(f[1]);
}

static void invalid_frames_are_not_written(void **state)
{
    const char *path = "build/test_invalid.eae";
    eae_frame *f = part(0, 2);
    eae_writer *w;

    (void)state;
    assert_int_equal(eae_writer_open(&w, path, true), EAE_OK);
    eae_names_free(&f->cols.names);
    for (int j = 0; j < 5; j++)
        eae_names_add(&f->cols.names, "same", 4);
    assert_int_equal(eae_writer_frame(w, f), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "two features have the name \"same\""));
    eae_names_free(&f->cols.names);
    eae_names_add(&eae_axis_find(&f->rows, "label")->dict, "a", 1);
    assert_int_equal(eae_writer_frame(w, f), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "label has the entry \"a\" twice"));
    eae_axis_remove(&f->rows, "label");
    f->kind = EAE_KIND_SPLIT;
    assert_int_equal(eae_writer_frame(w, f), EAE_FAIL);
    eae_writer_discard(w);
    assert_int_equal(access(path, F_OK), -1);
    eae_frame_free(f);
}

/* Columns 0..n-1 of the frame, moved to col[]: another order of the same features. */
static void features_are_put_in_order(void **state)
{
    static const int64_t order[] = {3, 0, 4, 2, 1};
    eae_frame *frame[3] = {part(0, 2), NULL, NULL}, *other = part(2, 2), *third = part(4, 1);
    int count = 3;

    (void)state;
    assert_int_equal(eae_frame_select(other, NULL, 0, order, 5, &frame[1]), EAE_OK);
    assert_int_equal(eae_frame_select(third, NULL, 0, order, 5, &frame[2]), EAE_OK);
    if (eae_merge_frames(frame, &count) != EAE_OK)
        fail_msg("%s", eae_message());
    assert_int_equal(count, 1);
    assert_int_equal(frame[0]->rows.count, 5);
    for (int64_t i = 0; i < 5; i++)
        for (int64_t j = 0; j < 5; j++)
            assert_true(eae_frame_value(frame[0], i, j) == (double)(100 * i + j));
    eae_frame_free(frame[0]);
    eae_frame_free(other);
    eae_frame_free(third);
}

/* The same through a file, where the third frame leaves its columns out: those of the second. */
static void left_out_columns_keep_their_order(void **state)
{
    const char *path = "build/test_left_out.eae";
    static const int64_t order[] = {3, 0, 4, 2, 1};
    eae_frame *frame[3] = {part(0, 2), NULL, NULL}, *other = part(2, 2), *third = part(4, 1), *m;

    (void)state;
    assert_int_equal(eae_frame_select(other, NULL, 0, order, 5, &frame[1]), EAE_OK);
    assert_int_equal(eae_frame_select(third, NULL, 0, order, 5, &frame[2]), EAE_OK);
    save(path, frame, 3, true);
    m = read_one(path);
    assert_int_equal(m->rows.count, 5);
    for (int64_t i = 0; i < 5; i++)
        for (int64_t j = 0; j < 5; j++)
            assert_true(eae_frame_value(m, i, j) == (double)(100 * i + j));
    unlink(path);
    eae_frame_free(m);
    eae_frame_free(other);
    eae_frame_free(third);
    for (int i = 0; i < 3; i++)
        eae_frame_free(frame[i]);
}

/* Classes "a b c" as a list: what the dictionaries of two frames become together. */
static void check_classes(const char *first, const char *second, const char *together)
{
    const char *lists[] = {first, second};
    eae_frame *frame[2];
    char text[64] = "";
    int count = 2;

    for (int k = 0; k < 2; k++) {
        char name[16];
        eae_annot *a;

        assert_int_equal(eae_frame_new(&frame[k], EAE_KIND_DATA, EAE_F32, 1, 1), EAE_OK);
        eae_frame_f32(frame[k])[0] = 1;
        eae_names_add(&frame[k]->rows.names, name, (size_t)sprintf(name, "s%d", k));
        eae_names_add(&frame[k]->cols.names, "x", 1);
        a = eae_axis_add(&frame[k]->rows, "label", EAE_ANNOT_TEXT);
        for (const char *c = lists[k]; *c != '\0'; c++)
            eae_names_add(&a->dict, c, 1);
        a->code[0] = 0;
    }
    if (eae_merge_frames(frame, &count) != EAE_OK) {
        assert_null(together);
    } else {
        const eae_annot *a = eae_axis_find(&frame[0]->rows, "label");

        for (int64_t i = 0; i < a->dict.count; i++)
            strcat(text, eae_name(&a->dict, i));
        assert_string_equal(text, together);
        assert_int_equal(eae_annot_text(a, 0)[0], first[0]);
        assert_int_equal(eae_annot_text(a, 1)[0], second[0]);
    }
    for (int i = 0; i < count; i++)
        eae_frame_free(frame[i]);
}

static void classes_keep_their_order(void **state)
{
    (void)state;
    check_classes("ab", "ab", "ab");
    check_classes("ba", "ba", "ba");
    check_classes("ac", "bd", "abcd"); /* both sorted */
    check_classes("b", "a", "ab");
    check_classes("zx", "x", "zx");
    check_classes("zx", "z", "zx");
    check_classes("zx", "zyx", "zyx");
    check_classes("zx", "yx", "zyx"); /* before x: what only the first has, then the second */
    check_classes("zxw", "vzux", "vzuxw");
    check_classes("ab", "ba", NULL);
    check_classes("zyx", "xz", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merged_shards_have_the_bytes_of_the_whole),
        cmocka_unit_test(frames_in_pieces_have_the_same_bytes),
        cmocka_unit_test(wrong_numbers_of_rows_are_refused),
        cmocka_unit_test(missing_values_have_one_form),
        cmocka_unit_test(content_is_without_history_and_place),
        cmocka_unit_test(invalid_frames_are_not_written),
        cmocka_unit_test(features_are_put_in_order),
        cmocka_unit_test(left_out_columns_keep_their_order),
        cmocka_unit_test(classes_keep_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
