/* test_survival.c - Kaplan-Meier curves and log-rank tests against R (tests/expected/survival.R).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/score/survival.h"
#include "expected.h"
#include "../tolerance.h"

enum { MOST = 100 };

typedef struct {
    int64_t n;
    double time[MOST], status[MOST];
    int32_t group[MOST];
    int64_t stratum[MOST];
} study;

static void take_case(const expected_table *t, const char *name, study *s)
{
    s->n = 0;
    for (int i = 0; i < t->rows; i++) {
        if (strcmp(expected_text(t, i, 0), name) != 0)
            continue;
        assert_true(s->n < MOST);
        s->time[s->n] = expected_number(t, i, 1);
        s->status[s->n] = expected_number(t, i, 2);
        s->group[s->n] = (int32_t)expected_number(t, i, 3);
        s->stratum[s->n++] = (int64_t)expected_number(t, i, 4);
    }
    assert_true(s->n > 0);
}

static bool same_step(const eae_km_step *got, const expected_table *t, int i)
{
    return got->time == expected_number(t, i, 2) &&
           got->at_risk == (int64_t)expected_number(t, i, 3) &&
           got->events == (int64_t)expected_number(t, i, 4) &&
           got->censored == (int64_t)expected_number(t, i, 5) &&
           expected_near(got->survival, expected_number(t, i, 6), EAE_TOLERANCE_TEST) &&
           expected_near(got->low, expected_number(t, i, 7), EAE_TOLERANCE_TEST) &&
           expected_near(got->high, expected_number(t, i, 8), EAE_TOLERANCE_TEST);
}

static void curves_as_in_r(void **state)
{
    (void)state;
    expected_table data, curve;
    expected_read(&data, "survival_data.tsv");
    expected_read(&curve, "survival_curve.tsv");
    eae_km_step step[MOST];
    for (int i = 0, end; i < curve.rows; i = end) {
        study s;
        const char *name = expected_text(&curve, i, 0), *group = expected_text(&curve, i, 1);
        for (end = i; end < curve.rows && strcmp(expected_text(&curve, end, 0), name) == 0 &&
                      strcmp(expected_text(&curve, end, 1), group) == 0;)
            end++;
        take_case(&data, name, &s);
        int64_t n = eae_km_curve(s.time, s.status, s.group, (int32_t)atoi(group), s.n, step);
        assert_int_equal(n, end - i);
        for (int64_t k = 0; k < n; k++) {
            if (!same_step(&step[k], &curve, i + (int)k))
                fail_msg("%s, group %s, time %g: %g %g %g", name, group, step[k].time,
                         step[k].survival, step[k].low, step[k].high);
        }
    }
    expected_free(&data);
    expected_free(&curve);
}

static void tests_as_in_r(void **state)
{
    (void)state;
    expected_table data, test;
    expected_read(&data, "survival_data.tsv");
    expected_read(&test, "survival_test.tsv");
    for (int i = 0; i < test.rows; i++) {
        study s;
        eae_logrank got;
        take_case(&data, expected_text(&test, i, 0), &s);
        const int64_t *stratum = expected_number(&test, i, 1) > 0 ? s.stratum : NULL;
        assert_int_equal(eae_logrank_test(s.time, s.status, s.group, 3, stratum, s.n, &got),
                         EAE_OK);
        if (!expected_near(got.chisq, expected_number(&test, i, 2), EAE_TOLERANCE_TEST) ||
            !expected_near(got.p, expected_number(&test, i, 3), EAE_TOLERANCE_TEST))
            fail_msg("%s: chisq %.15g, p %.15g", expected_text(&test, i, 0), got.chisq, got.p);
    }
    expected_free(&data);
    expected_free(&test);
}

static void what_is_not_defined(void **state)
{
    (void)state;
    const double time[] = {3, 1, 2, 4}, none[] = {0, 0, 0, 0}, some[] = {1, 1, 0, 1};
    const double bad[] = {1, NAN, 2, 3};
    const int32_t one[] = {0, 0, 0, 0}, two[] = {0, 1, 0, 1}, out[] = {-1, -1, -1, -1};
    eae_logrank got;
    assert_int_equal(eae_logrank_test(time, some, one, 2, NULL, 4, &got), EAE_OK);
    assert_true(got.groups == 1 && isnan(got.p));
    assert_int_equal(eae_logrank_test(time, none, two, 2, NULL, 4, &got), EAE_OK);
    assert_true(got.groups == 2 && isnan(got.chisq) && isnan(got.p));
    assert_int_equal(eae_logrank_test(time, some, out, 2, NULL, 4, &got), EAE_OK);
    assert_true(got.groups == 0 && isnan(got.p));
    assert_int_equal(eae_logrank_test(bad, some, two, 2, NULL, 4, &got), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "subject 2"));
}

static void medians(void **state)
{
    (void)state;
    const double time[] = {3, 1, 2, 4}, all[] = {1, 1, 1, 1}, few[] = {0, 1, 0, 0};
    const double half[] = {0, 1, 1, 0};
    eae_km_step step[4];
    assert_true(eae_km_median(step, eae_km_curve(time, all, NULL, 0, 4, step)) == 2.5);
    assert_true(eae_km_median(step, eae_km_curve(time, all, NULL, 0, 3, step)) == 2);
    assert_true(eae_km_median(step, eae_km_curve(time, half, NULL, 0, 4, step)) == 2);
    assert_true(isnan(eae_km_median(step, eae_km_curve(time, few, NULL, 0, 4, step))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_as_in_r),
        cmocka_unit_test(tests_as_in_r),
        cmocka_unit_test(what_is_not_defined),
        cmocka_unit_test(medians),
    };
    return cmocka_run_group_tests_name("survival", tests, NULL, NULL);
}
