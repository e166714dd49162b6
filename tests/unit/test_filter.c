/* test_filter.c - feature filters: scores against R (tests/expected/univariate.R), order and ties.
 */
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

static void parses(void **state)
{
    (void)state;
    eae_filter filter;
    int64_t keep;
    assert_int_equal(eae_filter_parse("ttest:500", &filter, &keep), EAE_OK);
    assert_int_equal(filter, EAE_FILTER_TTEST);
    assert_int_equal(keep, 500);
    assert_int_equal(eae_filter_parse("mad:1", &filter, &keep), EAE_OK);
    assert_int_equal(filter, EAE_FILTER_MAD);
    static const char *const wrong[] = {"",
                                        "ttest",
                                        "ttest:",
                                        "ttest:-3",
                                        "ttest:2.5",
                                        "tte:5",
                                        "ttests:5",
                                        ":5",
                                        "cox:5:5",
                                        "none:5",
                                        "ttest:99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(eae_filter_parse(wrong[i], &filter, &keep), EAE_USAGE);
        assert_true(strlen(eae_message()) > 0);
    }
    assert_true(eae_filter_reads_labels(EAE_FILTER_TTEST));
    assert_true(eae_filter_reads_labels(EAE_FILTER_COX));
    assert_false(eae_filter_reads_labels(EAE_FILTER_VARIANCE));
    assert_false(eae_filter_reads_labels(EAE_FILTER_MAD));
    assert_false(eae_filter_reads_labels(EAE_FILTER_NONE));
}

/* R's score of every feature in one case, by column; NaN where R has none. */
static void expected_scores(const expected_table *data, const char *test, const char *column,
                            const char *wanted_case, double *score)
{
    expected_table t;
    expected_read(&t, "univariate.tsv");
    for (int j = 0; j < data->cols - ANNOTATIONS; j++)
        score[j] = NAN;
    for (int i = 0; i < t.rows; i++) {
        if (strcmp(expected_text(&t, i, 1), test) == 0 &&
            strcmp(expected_text(&t, i, 0), wanted_case) == 0)
            score[expected_column(data, expected_text(&t, i, 2)) - ANNOTATIONS] =
                fabs(expected_number(&t, i, expected_column(&t, column)));
    }
    expected_free(&t);
}

/* Features 1 .. keep in R's order, plainly: those with a score, fewer than `keep` better ones. */
static int64_t best_by_r(const double *score, int64_t p, int64_t keep, int64_t *best)
{
    int64_t n = 0;
    for (int64_t j = 0; j < p; j++) {
        int64_t better = 0;
        for (int64_t k = 0; k < p; k++)
            better += score[k] > score[j] || (score[k] == score[j] && k < j);
        if (score[j] > 0 && better < keep)
            best[n++] = j;
    }
    return n;
}

static void selects_as_r_orders(void **state)
{
    (void)state;
    static const struct {
        eae_filter filter;
        const char *test, *column;
        int classes;
    } filters[] = {
        {EAE_FILTER_TTEST, "welch", "statistic", 2},
        {EAE_FILTER_ANOVA, "anova3", "statistic", 3},
        {EAE_FILTER_CORR, "pearson", "effect", 0},
        {EAE_FILTER_COX, "cox", "statistic", 0},
        {EAE_FILTER_VARIANCE, "variance", "statistic", 0},
        {EAE_FILTER_MAD, "mad", "statistic", 0},
    };
    expected_table t;
    expected_read(&t, "univariate_data.tsv");
    int64_t n = t.rows, p = t.cols - ANNOTATIONS;
    double x[MAX_ROWS * MAX_FEATURES], annotation[ANNOTATIONS][MAX_ROWS], score[MAX_FEATURES];
    int32_t class[2][MAX_ROWS];
    for (int i = 0; i < n; i++) {
        for (int a = 0; a < ANNOTATIONS; a++)
            annotation[a][i] = expected_number(&t, i, a);
        for (int c = 0; c < 2; c++)
            class[c][i] = (int32_t)annotation[c][i];
        for (int j = 0; j < p; j++)
            x[i * p + j] = expected_number(&t, i, ANNOTATIONS + j);
    }
    /* mis7 is constant within classes, where R's tests stop: left out */
    int64_t feature[MAX_FEATURES], features = 0;
    for (int64_t j = 0; j < p; j++) {
        if (j != expected_column(&t, "mis7") - ANNOTATIONS)
            feature[features++] = j;
    }
    eae_source source = {.x = x, .is_f64 = true, .rows = n, .cols = p};
    source.feature = feature;
    source.feature_count = features;
    for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
        eae_outcome o = {class[filters[f].classes == 3], filters[f].classes, annotation[2],
                         annotation[3], annotation[4]};
        for (int counted = 0; counted < 2; counted++) {
            expected_scores(&t, filters[f].test, filters[f].column, counted ? "counts" : "once",
                            score);
            score[expected_column(&t, "mis7") - ANNOTATIONS] = NAN;
            for (int64_t keep = 1; keep <= p + 2; keep++) {
                int64_t want[MAX_FEATURES], got[MAX_FEATURES], count;
                int64_t wanted = best_by_r(score, p, keep, want);
                assert_int_equal(eae_filter_select(NULL, &source, NULL, n,
                                                   counted ? annotation[5] : NULL, &o,
                                                   filters[f].filter, keep, got, &count, 1),
                                 EAE_OK);
                assert_int_equal(count, wanted);
                assert_memory_equal(got, want, (size_t)count * sizeof *got);
            }
        }
    }
    expected_free(&t);
}

/* Equal columns have equal scores, and the lower index wins; a constant one never does. */
static void ties_go_to_the_lower_index(void **state)
{
    (void)state;
    enum { ROWS = 6, COLS = 700 };
    static const float pattern[ROWS] = {1.1F, 2.7F, 3.3F, 5.2F, 4.9F, 7.1F};
    static const int32_t class[ROWS] = {0, 0, 0, 1, 1, 1};
    static const double value[ROWS] = {1, 2, 4, 5, 7, 9}, time[ROWS] = {3, 1, 2, 5, 6, 4},
                        status[ROWS] = {1, 1, 1, 1, 0, 1};
    float *x = malloc(sizeof *x * ROWS * COLS);
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS; j++)
            x[i * COLS + j] = j % 3 == 1 ? 4.25F : pattern[i];
    }
    eae_source source = {.x = x, .rows = ROWS, .cols = COLS, .feature_count = COLS};
    eae_outcome o = {class, 2, value, time, status};
    for (int filter = EAE_FILTER_TTEST; filter <= EAE_FILTER_MAD; filter++) {
        int64_t selected[COLS], count;
        assert_int_equal(eae_filter_select(NULL, &source, NULL, ROWS, NULL, &o, (eae_filter)filter,
                                           250, selected, &count, 4),
                         EAE_OK);
        assert_int_equal(count, 250);
        for (int64_t k = 0; k < count; k++)
            assert_int_equal(selected[k], k / 2 * 3 + (k % 2 ? 2 : 0));
        assert_int_equal(eae_filter_select(NULL, &source, NULL, ROWS, NULL, &o, (eae_filter)filter,
                                           COLS, selected, &count, 2),
                         EAE_OK);
        assert_int_equal(count, COLS - (COLS + 1) / 3);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(selects_as_r_orders),
        cmocka_unit_test(ties_go_to_the_lower_index),
    };
    return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
