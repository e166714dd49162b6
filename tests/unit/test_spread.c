/* test_spread.c - median and standard deviation of values that count several times. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "eval/train/spread.h"

/* The same values written out as often as they count, in any order, give the same. */
static void counts_are_repetitions(void **state)
{
    (void)state;
    const double value[] = {3, -1, 7, 2}, count[] = {2, 1, 1, 3};
    const double all[] = {2, 7, 3, 2, -1, 3, 2}, once[] = {1, 1, 1, 1, 1, 1, 1};
    eae_spread a = eae_spread_of(value, count, 4), b = eae_spread_of(all, once, 7);
    assert_true(a.median == 2 && b.median == 2);
    /* by hand: mean 18/7, squares 80, sd sqrt(80/7 - (18/7)^2) */
    assert_true(fabs(a.sd - sqrt(80.0 / 7 - 324.0 / 49)) < 1e-14);
    assert_true(fabs(b.sd - a.sd) < 1e-14);
}

static void median_lies_between(void **state)
{
    (void)state;
    const double value[] = {4, 1, 2, 10}, once[] = {1, 1, 1, 1}, count[] = {1, 1, 1, 2};
    assert_true(eae_spread_of(value, once, 4).median == 3);
    assert_true(eae_spread_of(value, count, 4).median == 4);
    assert_true(eae_spread_of(value, once, 1).median == 4);
}

static void equal_values_have_no_spread(void **state)
{
    (void)state;
    const double value[] = {0.1, 0.1, 0.1, 0.1 + 1e-17, 0.1 + 2e-17}, count[] = {1, 2, 3, 1, 1};
    eae_spread s = eae_spread_of(value, count, 5);
    assert_true(s.sd == 0 && s.median == 0.1);
    const double zero[] = {0, 0}, once[] = {1, 1};
    assert_true(eae_spread_of(zero, once, 2).sd == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_repetitions),
        cmocka_unit_test(median_lies_between),
        cmocka_unit_test(equal_values_have_no_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
