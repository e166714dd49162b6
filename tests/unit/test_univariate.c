/* test_univariate.c - tests of each feature alone against R (tests/expected/univariate.R). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "expected.h"
#include "model/univariate.h"

enum { ANNOTATIONS = 6, MAX_FEATURES = 64, MAX_ROWS = 64 };

/* The samples of univariate_data.tsv; features are the columns after the annotations. */
typedef struct samples {
    expected_table table;
    int64_t n, p;
    double x[MAX_ROWS * MAX_FEATURES];
    int32_t class2[MAX_ROWS], class3[MAX_ROWS];
    double value[MAX_ROWS], time[MAX_ROWS], status[MAX_ROWS], count[MAX_ROWS];
    eae_source source;
} samples;

static samples data;

static int read_samples(void **state)
{
    (void)state;
    expected_table *t = &data.table;
    expected_read(t, "univariate_data.tsv");
    data.n = t->rows;
    data.p = t->cols - ANNOTATIONS;
    for (int i = 0; i < t->rows; i++) {
        data.class2[i] = (int32_t)expected_number(t, i, expected_column(t, "class2"));
        data.class3[i] = (int32_t)expected_number(t, i, expected_column(t, "class3"));
        data.value[i] = expected_number(t, i, expected_column(t, "value"));
        data.time[i] = expected_number(t, i, expected_column(t, "time"));
        data.status[i] = expected_number(t, i, expected_column(t, "status"));
        data.count[i] = expected_number(t, i, expected_column(t, "count"));
        for (int j = 0; j < data.p; j++)
            data.x[i * data.p + j] = expected_number(t, i, ANNOTATIONS + j);
    }
    data.source = (eae_source){.x = data.x, .is_f64 = true, .rows = data.n, .cols = data.p};
    data.source.feature_count = data.p;
    return 0;
}

static int free_samples(void **state)
{
    (void)state;
    expected_free(&data.table);
    return 0;
}

typedef struct results {
    double statistic[MAX_FEATURES], effect[MAX_FEATURES], df[MAX_FEATURES], df2[MAX_FEATURES];
    double p[MAX_FEATURES], mean[MAX_FEATURES];
} results;

static void measure(results *r, const eae_source *source, const double *count, eae_test test,
                    int classes, int threads)
{
    eae_outcome o = {classes == 2 ? data.class2 : data.class3, classes, data.value, data.time,
                     data.status};
    eae_test_table table = {r->statistic, r->effect, r->df, r->df2, r->p, r->mean};
    int status = eae_univariate_test(NULL, source, NULL, data.n, count, &o, test, &table, threads);
    if (status != EAE_OK)
        print_error("%s\n", eae_message());
    assert_int_equal(status, EAE_OK);
}

static const struct {
    const char *name;
    eae_test test;
    int classes;
    double tolerance;
} tests[] = {
    {"welch", EAE_TEST_WELCH, 2, 1e-10},       {"anova2", EAE_TEST_ANOVA, 2, 1e-9},
    {"anova3", EAE_TEST_ANOVA, 3, 1e-9},       {"pearson", EAE_TEST_PEARSON, 2, 1e-10},
    {"spearman", EAE_TEST_SPEARMAN, 2, 1e-11}, {"cox", EAE_TEST_COX, 2, 1e-8},
    {"limma2", EAE_TEST_LIMMA, 2, 1e-8},       {"limma3", EAE_TEST_LIMMA, 3, 1e-8},
};
enum { TESTS = sizeof tests / sizeof *tests };

static int differs(const expected_table *t, int i, const char *column, double got, double tolerance)
{
    double want = expected_number(t, i, expected_column(t, column));
    bool zero = want == 0 || fabs(want) < 1e-12; /* zero up to R's rounding */
    if (zero ? fabs(got) < 1e-12 : expected_near(got, want, tolerance))
        return 0;
    print_error("%s %s %s: %s = %.17g, not %.17g\n", expected_text(t, i, 0), expected_text(t, i, 1),
                expected_text(t, i, 2), column, got, want);
    return 1;
}

/* All expected values of one test and case; `source` selects features by their set ("" for all). */
static int compare(const expected_table *t, const char *wanted_case, int k, const char *set)
{
    int64_t feature[MAX_FEATURES], features = 0;
    for (int64_t j = 0; j < data.p; j++) {
        if (strncmp(data.table.header[ANNOTATIONS + j], set, strlen(set)) == 0)
            feature[features++] = j;
    }
    eae_source source = data.source;
    source.feature = feature;
    source.feature_count = features;
    results r;
    measure(&r, &source, strcmp(wanted_case, "counts") == 0 ? data.count : NULL, tests[k].test,
            tests[k].classes, 1);
    int wrong = 0, seen = 0;
    for (int i = 0; i < t->rows; i++) {
        const char *name = expected_text(t, i, 2);
        if (strcmp(expected_text(t, i, 0), wanted_case) != 0 ||
            strcmp(expected_text(t, i, 1), tests[k].name) != 0 ||
            strncmp(name, set, strlen(set)) != 0)
            continue;
        int j = expected_column(&data.table, name) - ANNOTATIONS;
        seen++;
        wrong += differs(t, i, "statistic", r.statistic[j], tests[k].tolerance);
        wrong += differs(t, i, "p", r.p[j], tests[k].tolerance);
        wrong += differs(t, i, "mean", r.mean[j], 1e-13);
        if (isnan(r.p[j]))
            continue;
        wrong += differs(t, i, "effect", r.effect[j], tests[k].tolerance);
        wrong += differs(t, i, "df", r.df[j], tests[k].tolerance);
        wrong += differs(t, i, "df2", r.df2[j], tests[k].tolerance);
    }
    assert_true(seen > 5);
    return wrong;
}

static void as_in_r(void **state)
{
    (void)state;
    static const char *const sets[] = {"het", "hom", "mis"};
    expected_table t;
    expected_read(&t, "univariate.tsv");
    int wrong = 0;
    for (int k = 0; k < TESTS; k++) {
        for (int s = 0; s < 3; s++) {
            wrong += compare(&t, "once", k, sets[s]);
            wrong += compare(&t, "counts", k, sets[s]);
        }
    }
    assert_int_equal(wrong, 0);
    expected_free(&t);
}

/* A row that counts c times is c equal rows, to the last bit of the sums or nearly so. */
static void counts_are_repeats(void **state)
{
    (void)state;
    double x[MAX_ROWS * MAX_FEATURES];
    int64_t row[MAX_ROWS], n = 0;
    for (int64_t i = 0; i < data.n; i++) {
        for (int c = 0; c < (int)data.count[i]; c++)
            row[n++] = i;
    }
    memcpy(x, data.x, sizeof x);
    for (int k = 0; k < TESTS; k++) {
        results a, b;
        measure(&a, &data.source, data.count, tests[k].test, tests[k].classes, 1);
        eae_outcome o = {tests[k].classes == 2 ? data.class2 : data.class3, tests[k].classes,
                         data.value, data.time, data.status};
        eae_test_table table = {b.statistic, b.effect, b.df, b.df2, b.p, b.mean};
        assert_int_equal(
            eae_univariate_test(NULL, &data.source, row, n, NULL, &o, tests[k].test, &table, 1),
            EAE_OK);
        for (int64_t j = 0; j < data.p; j++) {
            assert_true(expected_near(a.p[j], b.p[j], 1e-9));
            assert_true(expected_near(a.df[j], b.df[j], 1e-9));
        }
    }
}

/* The same for enough rows that values are sorted the long way, with negative values among them. */
static void many_rows_sort_alike(void **state)
{
    (void)state;
    double count[MAX_ROWS], shift[MAX_FEATURES];
    int64_t row[3 * MAX_ROWS];
    for (int64_t i = 0; i < data.n; i++) {
        count[i] = 3;
        row[i] = row[2 * data.n + i] = i;
        row[data.n + i] = data.n - 1 - i;
    }
    for (int64_t j = 0; j < data.p; j++)
        shift[j] = 6.5;
    eae_source source = data.source;
    source.shift = shift;
    eae_outcome o = {.value = data.value};
    results a, b;
    eae_test_table table = {b.statistic, b.effect, b.df, b.df2, b.p, b.mean};
    measure(&a, &source, count, EAE_TEST_SPEARMAN, 2, 1);
    assert_int_equal(
        eae_univariate_test(NULL, &source, row, 3 * data.n, NULL, &o, EAE_TEST_SPEARMAN, &table, 1),
        EAE_OK);
    for (int64_t j = 0; j < data.p; j++) {
        assert_true(expected_near(a.effect[j], b.effect[j], 1e-14));
        assert_true(expected_near(a.p[j], b.p[j], 1e-12));
    }
    int64_t few[5], many[5], count_few, count_many;
    assert_int_equal(eae_filter_select(NULL, &source, NULL, data.n, count, NULL, EAE_FILTER_MAD, 5,
                                       few, &count_few, 1),
                     EAE_OK);
    assert_int_equal(eae_filter_select(NULL, &source, row, 3 * data.n, NULL, NULL, EAE_FILTER_MAD,
                                       5, many, &count_many, 1),
                     EAE_OK);
    assert_int_equal(count_few, 5);
    assert_memory_equal(few, many, sizeof few);
}

static void same_bits_for_any_threads(void **state)
{
    (void)state;
    enum { WIDE = 1500 };
    float *x = malloc(sizeof *x * WIDE * (size_t)data.n);
    for (int64_t i = 0; i < data.n; i++) {
        for (int64_t j = 0; j < WIDE; j++)
            x[i * WIDE + j] = (float)(data.x[i * data.p + j % data.p] + (j % 97) * 0.25);
    }
    for (int64_t i = 0; i < data.n; i++) /* two equal columns far apart, in different blocks */
        x[i * WIDE + 1303] = x[i * WIDE + 22];
    eae_source source = {.x = x, .rows = data.n, .cols = WIDE, .feature_count = WIDE};
    double *one = malloc(sizeof *one * WIDE), *four = malloc(sizeof *four * WIDE);
    for (int k = 0; k < TESTS; k++) {
        eae_outcome o = {tests[k].classes == 2 ? data.class2 : data.class3, tests[k].classes,
                         data.value, data.time, data.status};
        eae_test_table a = {.p = one}, b = {.p = four};
        for (int threads = 1; threads <= 4; threads += 3)
            assert_int_equal(eae_univariate_test(NULL, &source, NULL, data.n, NULL, &o,
                                                 tests[k].test, threads == 1 ? &a : &b, threads),
                             EAE_OK);
        assert_memory_equal(one, four, sizeof *one * WIDE);
        assert_memory_equal(&one[22], &one[1303], sizeof *one);
    }
    free(one);
    free(four);
    free(x);
}

/* Fill and adjustment are part of the source: a feature that the design explains is constant. */
static void sees_filled_and_adjusted_values(void **state)
{
    (void)state;
    static const double x[] = {1, NAN, 7, 2, 4, 9, 3, 6, 11, 5, 8, 13};
    static const double design[] = {1, 1, 1, 2, 1, 3, 1, 4};
    static const double coef[] = {0, 0, 5, 0, 0, 2}, fill[] = {9, 2, 9};
    static const int32_t class[] = {0, 0, 1, 1};
    eae_source source = {.x = x, .is_f64 = true, .rows = 4, .cols = 3, .feature_count = 3};
    source.fill = fill;
    source.design = design;
    source.coef = coef;
    source.terms = 2;
    eae_outcome o = {.class = class, .classes = 2};
    double p[3], mean[3], effect[3];
    eae_test_table table = {.p = p, .mean = mean, .effect = effect};
    assert_int_equal(
        eae_univariate_test(NULL, &source, NULL, 4, NULL, &o, EAE_TEST_WELCH, &table, 1), EAE_OK);
    assert_true(isnan(p[2]) && mean[2] == 0);          /* 7 9 11 13 = 5 + 2 x design */
    assert_true(mean[1] == 5 && effect[1] == 4);       /* 2 4 6 8 */
    assert_true(expected_near(effect[0], 2.5, 1e-15)); /* 1 2 | 3 5 */
}

/* Times 1 2 3 4, all events; a feature that falls with time has an infinite hazard ratio. */
static void monotone_likelihood_is_nan(void **state)
{
    (void)state;
    static const double x[] = {9, 9, 4, 7, 1, 1, 2, 3, 3, 1, 2, 2}; /* 4 rows x 3 */
    static const double time[] = {1, 2, 3, 4}, status[] = {1, 1, 1, 1}, none[] = {0, 0, 0, 0};
    eae_source source = {.x = x, .is_f64 = true, .rows = 4, .cols = 3, .feature_count = 3};
    eae_outcome o = {.time = time, .status = status};
    double z[3], p[3];
    eae_test_table table = {.statistic = z, .p = p};
    assert_int_equal(eae_univariate_test(NULL, &source, NULL, 4, NULL, &o, EAE_TEST_COX, &table, 1),
                     EAE_OK);
    assert_true(isnan(z[0]) && isnan(p[0]));
    assert_true(isfinite(z[1]) && isfinite(z[2]));
    o.status = none;
    assert_int_equal(eae_univariate_test(NULL, &source, NULL, 4, NULL, &o, EAE_TEST_COX, &table, 1),
                     EAE_OK);
    assert_true(isnan(z[1]) && isnan(p[1]));
}

static void what_is_needed_is_asked_for(void **state)
{
    (void)state;
    results r;
    eae_test_table table = {.p = r.p};
    eae_outcome three = {.class = data.class3, .classes = 3};
    assert_int_equal(eae_univariate_test(NULL, &data.source, NULL, data.n, NULL, &three,
                                         EAE_TEST_WELCH, &table, 1),
                     EAE_FAIL);
    assert_string_equal(eae_message(), "Welch's test needs two classes, not 3");
    assert_int_equal(eae_univariate_test(NULL, &data.source, NULL, data.n, NULL, &three,
                                         EAE_TEST_COX, &table, 1),
                     EAE_FAIL);
    assert_int_equal(eae_univariate_test(NULL, &data.source, NULL, data.n, NULL, &three,
                                         EAE_TEST_SPEARMAN, &table, 1),
                     EAE_FAIL);
    static const int64_t two[] = {0, 17};
    assert_int_equal(
        eae_univariate_test(NULL, &data.source, two, 2, NULL, &three, EAE_TEST_LIMMA, &table, 1),
        EAE_FAIL);
}

static void adjusted_as_in_r(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*adjust)(const double *, int64_t, double *);
    } methods[] = {{"bonferroni", eae_adjust_bonferroni},
                   {"holm", eae_adjust_holm},
                   {"bh", eae_adjust_bh},
                   {"by", eae_adjust_by}};
    expected_table t;
    expected_read(&t, "adjust.tsv");
    for (int m = 0; m < 4; m++) {
        double p[32], out[32];
        for (int i = 0; i < t.rows; i++)
            p[i] = expected_number(&t, i, expected_column(&t, "p"));
        methods[m].adjust(p, t.rows, out);
        methods[m].adjust(p, t.rows, p); /* in place */
        for (int i = 0; i < t.rows; i++) {
            double want = expected_number(&t, i, expected_column(&t, methods[m].name));
            assert_true(expected_near(out[i], want, 1e-14));
            assert_true(expected_near(p[i], want, 1e-14));
        }
    }
    expected_free(&t);
}

int main(void)
{
    const struct CMUnitTest unit_tests[] = {
        cmocka_unit_test(as_in_r),
        cmocka_unit_test(counts_are_repeats),
        cmocka_unit_test(many_rows_sort_alike),
        cmocka_unit_test(same_bits_for_any_threads),
        cmocka_unit_test(sees_filled_and_adjusted_values),
        cmocka_unit_test(monotone_likelihood_is_nan),
        cmocka_unit_test(what_is_needed_is_asked_for),
        cmocka_unit_test(adjusted_as_in_r),
    };
    return cmocka_run_group_tests_name("univariate", unit_tests, read_samples, free_samples);
}
