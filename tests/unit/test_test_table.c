/*
 * test_test_table.c - the univariate table: parts x features turned into a line per feature.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/status.h"
#include "matrix/test_table.h"

/* Rows as in `rows`: model, part, split; element (i, j) is 10 i + j. */
static eae_frame *model_frame(int64_t rows, const char *const (*row)[2], const int64_t *split)
{
    eae_frame *f;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_MODEL, EAE_F64, rows, 3), EAE_OK);
    for (int j = 0; j < 3; j++)
        eae_names_add(&f->cols.names, (char[]){'f', (char)('1' + j)}, 2);
    eae_axis_add(&f->rows, "model", EAE_ANNOT_TEXT);
    eae_axis_add(&f->rows, "part", EAE_ANNOT_TEXT);
    eae_axis_add(&f->rows, "split", EAE_ANNOT_I64);
    for (int64_t i = 0; i < rows; i++) {
        eae_annot_set_text(eae_axis_find(&f->rows, "model"), i, row[i][0]);
        eae_annot_set_text(eae_axis_find(&f->rows, "part"), i, row[i][1]);
        eae_axis_find(&f->rows, "split")->i64[i] = split[i];
        for (int64_t j = 0; j < 3; j++)
            eae_frame_f64(f)[i * 3 + j] = (double)(10 * i + j);
    }
    return f;
}

static void one_run(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"test", "statistic"}, {"test", "p"}};
    eae_frame *f = model_frame(2, rows, (int64_t[]){0, 0}), *t;
    assert_true(eae_is_test_frame(f));
    assert_int_equal(eae_test_table_of(f, &t), EAE_OK);
    assert_int_equal(t->rows.count, 3);
    assert_int_equal(t->cols.count, 2);
    assert_int_equal(t->rows.annot_count, 0);
    assert_string_equal(eae_name(&t->cols.names, 1), "p");
    assert_string_equal(eae_name(&t->rows.names, 2), "f3");
    for (int64_t i = 0; i < 2; i++) {
        for (int64_t j = 0; j < 3; j++)
            assert_true(eae_frame_value(t, j, i) == (double)(10 * i + j));
    }
    eae_frame_free(t);
    eae_frame_free(f);
}

static void several_runs(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"test", "statistic"}, {"test", "p"}, {"test", "statistic"}, {"test", "p"}};
    eae_frame *f = model_frame(4, rows, (int64_t[]){1, 1, 2, 2}), *t;
    assert_int_equal(eae_test_table_of(f, &t), EAE_OK);
    assert_int_equal(t->rows.count, 6);
    assert_int_equal(t->rows.annot_count, 1);
    assert_string_equal(t->rows.annot[0].name, "split");
    assert_int_equal(t->rows.annot[0].i64[2], 1);
    assert_int_equal(t->rows.annot[0].i64[3], 2);
    assert_string_equal(eae_name(&t->rows.names, 4), "f2");
    assert_true(eae_frame_value(t, 4, 0) == 21 && eae_frame_value(t, 4, 1) == 31);
    eae_frame_free(t);
    eae_frame_free(f);
}

static void other_frames(void **state)
{
    (void)state;
    static const char *const ridge[][2] = {{"test", "statistic"}, {"ridge", "weights"}};
    static const char *const torn[][2] = {
        {"test", "statistic"}, {"test", "p"}, {"test", "statistic"}};
    static const char *const mixed[][2] = {
        {"test", "statistic"}, {"test", "p"}, {"test", "statistic"}, {"test", "effect"}};
    eae_frame *f = model_frame(2, ridge, (int64_t[]){1, 1}), *t;
    assert_false(eae_is_test_frame(f));
    eae_frame_free(f);
    f = model_frame(3, torn, (int64_t[]){1, 1, 2});
    assert_int_equal(eae_test_table_of(f, &t), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "not whole"));
    eae_frame_free(f);
    f = model_frame(4, mixed, (int64_t[]){1, 1, 2, 2});
    assert_int_equal(eae_test_table_of(f, &t), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "'p' and 'effect'"));
    eae_frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_run),
        cmocka_unit_test(several_runs),
        cmocka_unit_test(other_frames),
    };
    return cmocka_run_group_tests_name("test table", tests, NULL, NULL);
}
