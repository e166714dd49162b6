/*
 * test_transform.c - transforms against limma, base R and scikit-learn (tests/expected/transform.R,
 * knn.py), and their errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expected.h"
#include "matrix/transform.h"

/* The input of a case, and what it should become. */
static void read_case(const expected_table *t, const char *name, eae_type type, eae_frame **f,
                      eae_frame **want)
{
    int sample = expected_column(t, "sample"), feature = expected_column(t, "feature");
    int x = expected_column(t, "x"), value = expected_column(t, "value");
    int64_t n = 0, p = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k < t->rows; k++) {
            if (name && strcmp(expected_text(t, k, expected_column(t, "case")), name) != 0)
                continue;
            int64_t i = (int64_t)expected_number(t, k, sample);
            int64_t j = (int64_t)expected_number(t, k, feature);
            n = i > n ? i : n;
            p = j > p ? j : p;
            if (pass == 0)
                continue;
            if (type == EAE_F32)
                eae_frame_f32(*f)[(i - 1) * p + j - 1] = (float)expected_number(t, k, x);
            else
                eae_frame_f64(*f)[(i - 1) * p + j - 1] = expected_number(t, k, x);
            eae_frame_f64(*want)[(i - 1) * p + j - 1] = expected_number(t, k, value);
        }
        if (pass == 0) {
            assert_true(n > 1 && p > 1);
            assert_int_equal(eae_frame_new(f, EAE_KIND_DATA, type, n, p), EAE_OK);
            assert_int_equal(eae_frame_new(want, EAE_KIND_DATA, EAE_F64, n, p), EAE_OK);
        }
    }
}

static int apply(eae_frame *f, const char *name, int threads)
{
    if (strncmp(name, "quantile", 8) == 0)
        return eae_transform_quantile(f, threads);
    if (strcmp(name, "cpm") == 0)
        return eae_transform_cpm(f);
    if (strcmp(name, "log2-strict") == 0)
        return eae_transform_log2(f, EAE_LOG2_STRICT, 0);
    if (strcmp(name, "log2-floor") == 0)
        return eae_transform_log2(f, EAE_LOG2_FLOOR, 2);
    if (strcmp(name, "log2-offset") == 0)
        return eae_transform_log2(f, EAE_LOG2_OFFSET, 0.5);
    if (strcmp(name, "mean") == 0)
        return eae_transform_impute(f, EAE_IMPUTE_MEAN, 0, threads);
    if (strcmp(name, "median") == 0)
        return eae_transform_impute(f, EAE_IMPUTE_MEDIAN, 0, threads);
    return eae_transform_impute(f, EAE_IMPUTE_KNN, 3, threads);
}

static void compare(const char *file, const char *name, eae_type type, double tolerance)
{
    expected_table t;
    eae_frame *f, *want;
    expected_read(&t, file);
    read_case(&t, strcmp(name, "knn") == 0 ? NULL : name, type, &f, &want);
    assert_int_equal(apply(f, name, 2), EAE_OK);
    for (int64_t i = 0; i < f->rows.count; i++) {
        for (int64_t j = 0; j < f->cols.count; j++) {
            double got = eae_frame_value(f, i, j), is = eae_frame_value(want, i, j);
            if (!expected_near(got, is, tolerance))
                fail_msg("%s: sample %d feature %d: %.17g, not %.17g", name, (int)i + 1, (int)j + 1,
                         got, is);
        }
    }
    eae_frame_free(f);
    eae_frame_free(want);
    expected_free(&t);
}

static void agrees_with_r(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "quantile-x",  "quantile-ties", "quantile-gaps", "quantile-both", "cpm",
        "log2-strict", "log2-floor",    "log2-offset",   "mean",          "median"};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        compare("transform.tsv", cases[c], EAE_F64, 1e-13);
        compare("transform.tsv", cases[c], EAE_F32, 3e-7);
    }
}

static void knn_agrees_with_scikit_learn(void **state)
{
    (void)state;
    compare("knn.tsv", "knn", EAE_F64, 1e-12);
    compare("knn.tsv", "knn", EAE_F32, 1e-5);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    static const char *const cases[] = {"quantile-both", "median", "knn"};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        bool knn = strcmp(cases[c], "knn") == 0;
        expected_table t;
        eae_frame *one, *four, *want[2];
        expected_read(&t, knn ? "knn.tsv" : "transform.tsv");
        read_case(&t, knn ? NULL : cases[c], EAE_F64, &one, &want[0]);
        read_case(&t, knn ? NULL : cases[c], EAE_F64, &four, &want[1]);
        assert_int_equal(apply(one, cases[c], 1), EAE_OK);
        assert_int_equal(apply(four, cases[c], 4), EAE_OK);
        assert_memory_equal(one->payload, four->payload,
                            (size_t)(one->rows.count * one->cols.count) * sizeof(double));
        eae_frame_free(one);
        eae_frame_free(four);
        eae_frame_free(want[0]);
        eae_frame_free(want[1]);
        expected_free(&t);
    }
}

static eae_frame *small(const double *values, int64_t rows, int64_t cols)
{
    eae_frame *f;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F64, rows, cols), EAE_OK);
    memcpy(f->payload, values, (size_t)(rows * cols) * sizeof *values);
    for (int64_t i = 0; i < rows; i++)
        eae_names_add(&f->rows.names, (char[]){'s', (char)('1' + i)}, 2);
    for (int64_t j = 0; j < cols; j++)
        eae_names_add(&f->cols.names, (char[]){'f', (char)('1' + j)}, 2);
    return f;
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    eae_frame *f = small((double[]){1, 2, 0, -3}, 2, 2);
    assert_int_equal(eae_transform_log2(f, EAE_LOG2_STRICT, 0), EAE_FAIL);
    assert_string_equal(eae_message(), "2 values without a logarithm; the first is 0 (sample 's2', "
                                       "feature 'f1'): --log2=floor:X raises, --log2=offset:X "
                                       "shifts them");
    eae_frame_free(f);
    f = small((double[]){1, 2, 5, -3}, 2, 2);
    assert_int_equal(eae_transform_cpm(f), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "1 value below 0"));
    eae_frame_free(f);
    f = small((double[]){1, 2, 0, 0}, 2, 2);
    assert_int_equal(eae_transform_cpm(f), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "sample 's2' add up to 0"));
    eae_frame_free(f);
    f = small((double[]){1, NAN, 2, NAN}, 2, 2);
    assert_int_equal(eae_transform_impute(f, EAE_IMPUTE_MEAN, 0, 1), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "'f2'"));
    eae_frame_free(f);
    f = small((double[]){1, 2, NAN, NAN}, 2, 2);
    assert_int_equal(eae_transform_quantile(f, 1), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "sample 's2' has no value"));
    eae_frame_free(f);
    f = small((double[]){1, 2, 1e39, 4}, 2, 2);
    assert_int_equal(eae_transform_type(f, EAE_F32), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "too large for f32"));
    eae_frame_free(f);
}

/* By hand: f2 is at distance 0 of f1 where both have values, so f1 in s3 is f2 there (10), and not
 * a mean with f3; f4 shares no sample with f1. Without f2 there (s4), f3 alone is a neighbour. */
static void exact_neighbours_count_alone(void **state)
{
    (void)state;
    eae_frame *f =
        small((double[]){1, 1, 1.5, NAN, 2, 2, 2, NAN, NAN, 10, 7, 4, NAN, NAN, 8, 5}, 4, 4);
    assert_int_equal(eae_transform_impute(f, EAE_IMPUTE_KNN, 2, 1), EAE_OK);
    assert_true(eae_frame_value(f, 2, 0) == 10);
    assert_true(eae_frame_value(f, 3, 0) == 8);
    eae_frame_free(f);
}

static void options_are_checked(void **state)
{
    (void)state;
    static const char *const bad_log2[] = {"floor",    "floor:", "floor:0", "floor:-1",
                                           "offset:x", "ceil:1", "floorx:1"};
    static const char *const bad_impute[] = {"", "knn", "knn:0", "knn:-1", "knn:1.5", "mode"};
    eae_log2_mode mode;
    eae_impute method;
    double amount;
    int64_t k;
    for (size_t i = 0; i < sizeof bad_log2 / sizeof *bad_log2; i++)
        assert_int_equal(eae_log2_parse(bad_log2[i], &mode, &amount), EAE_USAGE);
    for (size_t i = 0; i < sizeof bad_impute / sizeof *bad_impute; i++)
        assert_int_equal(eae_impute_parse(bad_impute[i], &method, &k), EAE_USAGE);
    assert_int_equal(eae_log2_parse("offset:-2.5", &mode, &amount), EAE_OK);
    assert_true(mode == EAE_LOG2_OFFSET && amount == -2.5);
    assert_int_equal(eae_impute_parse("knn:7", &method, &k), EAE_OK);
    assert_true(method == EAE_IMPUTE_KNN && k == 7);
}

static void types_change_and_keep_the_axes(void **state)
{
    (void)state;
    eae_frame *f = small((double[]){1.5, NAN, -2, 1e-40}, 2, 2);
    int64_t row = -1, col = -1;
    assert_int_equal(eae_transform_type(f, EAE_F32), EAE_OK);
    assert_int_equal(f->type, EAE_F32);
    assert_true(eae_frame_f32(f)[0] == 1.5f && eae_frame_f32(f)[3] == 1e-40f);
    assert_int_equal(eae_frame_missing(f, &row, &col), 1);
    assert_true(row == 0 && col == 1);
    assert_string_equal(eae_name(&f->rows.names, 1), "s2");
    assert_int_equal(eae_transform_type(f, EAE_F64), EAE_OK);
    assert_true(eae_frame_f64(f)[0] == 1.5);
    eae_frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_r),
        cmocka_unit_test(knn_agrees_with_scikit_learn),
        cmocka_unit_test(exact_neighbours_count_alone),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(types_change_and_keep_the_axes),
    };
    return cmocka_run_group_tests_name("transform", tests, NULL, NULL);
}
