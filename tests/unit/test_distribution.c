/* test_distribution.c - distribution functions against R (tests/expected/distribution.R). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "expected.h"
#include "model/distribution.h"

typedef double (*one)(double);
typedef double (*two)(double, double);
typedef double (*three)(double, double, double);

/* Each function with the relative difference from R that is allowed: ours and R's errors. */
static const struct {
    const char *name;
    one f1;
    two f2;
    three f3;
    double tolerance;
} functions[] = {
    {"normal_cdf", eae_normal_cdf, NULL, NULL, 1e-12},
    {"normal_two_sided", eae_normal_two_sided, NULL, NULL, 1e-12},
    {"normal_quantile", eae_normal_quantile, NULL, NULL, 1e-13},
    {"t_two_sided", NULL, eae_t_two_sided, NULL, 1e-12},
    {"t_quantile", NULL, eae_t_quantile, NULL, 1e-11},
    {"f_upper", NULL, NULL, eae_f_upper, 1e-12},
    {"chisq_upper", NULL, eae_chisq_upper, NULL, 1e-12},
    {"beta_lower", NULL, NULL, eae_beta_lower, 1e-12},
    {"log_gamma", eae_log_gamma, NULL, NULL, 1e-14},
    {"digamma", eae_digamma, NULL, NULL, 1e-13},
    {"trigamma", eae_trigamma, NULL, NULL, 1e-13},
    {"trigamma_inverse", eae_trigamma_inverse, NULL, NULL, 1e-11},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static double evaluate(int f, const double *a)
{
    if (functions[f].f1)
        return functions[f].f1(a[0]);
    return functions[f].f2 ? functions[f].f2(a[0], a[1]) : functions[f].f3(a[0], a[1], a[2]);
}

static void as_in_r(void **state)
{
    (void)state;
    expected_table t;
    expected_read(&t, "distribution.tsv");
    int seen[FUNCTIONS] = {0}, wrong = 0;
    for (int i = 0; i < t.rows; i++) {
        int f = 0;
        while (f < FUNCTIONS && strcmp(functions[f].name, expected_text(&t, i, 0)) != 0)
            f++;
        assert_true(f < FUNCTIONS);
        seen[f]++;
        double a[3], want = expected_number(&t, i, 4);
        for (int k = 0; k < 3; k++)
            a[k] = expected_number(&t, i, 1 + k);
        double got = evaluate(f, a);
        if (fabs(want) < 1e-300 ? fabs(got) <= 1.001e-300
                                : expected_near(got, want, functions[f].tolerance))
            continue;
        wrong++;
        print_error("%s(%.17g, %.17g, %.17g) = %.17g, not %.17g\n", functions[f].name, a[0], a[1],
                    a[2], got, want);
    }
    for (int f = 0; f < FUNCTIONS; f++)
        assert_true(seen[f] > 5);
    assert_int_equal(wrong, 0);
    expected_free(&t);
}

/* The quantile undoes the distribution function over the whole range. */
static void quantiles_invert(void **state)
{
    (void)state;
    static const double df[] = {1.3, 1, 5, 60, 3000, 1e6};
    for (int k = 0; k < 6; k++) {
        for (double p = 1e-300; p < 0.5; p = p < 1e-3 ? p * 1e9 : p + 0.037) {
            double t = eae_t_quantile(p, df[k]);
            assert_true(expected_near(eae_t_two_sided(t, df[k]) / 2, p, 1e-11));
            assert_true(expected_near(eae_normal_cdf(eae_normal_quantile(p)), p, 1e-12));
        }
    }
}

static void outside_the_domain(void **state)
{
    (void)state;
    assert_true(isnan(eae_normal_quantile(1.5)));
    assert_true(isnan(eae_t_two_sided(1, 0)));
    assert_true(isnan(eae_t_two_sided(NAN, 5)));
    assert_true(isnan(eae_f_upper(1, NAN, 3)));
    assert_true(isnan(eae_beta_lower(0.5, -1, 2)));
    assert_true(isnan(eae_trigamma_inverse(-1)));
    assert_true(isnan(eae_digamma(0)));
    assert_true(eae_t_two_sided(INFINITY, 3) == 0);
    assert_true(eae_t_two_sided(1e200, 1) > 6e-201 && eae_t_two_sided(1e200, 1) < 7e-201);
    assert_true(eae_f_upper(0, 2, 3) == 1 && eae_f_upper(INFINITY, 2, 3) == 0);
    assert_true(eae_chisq_upper(0, 2) == 1 && eae_chisq_upper(INFINITY, 2) == 0);
    assert_true(eae_normal_quantile(0) == -INFINITY && eae_normal_quantile(1) == INFINITY);
    assert_true(eae_t_quantile(0.5, 3) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_in_r),
        cmocka_unit_test(quantiles_invert),
        cmocka_unit_test(outside_the_domain),
    };
    return cmocka_run_group_tests_name("distribution", tests, NULL, NULL);
}
