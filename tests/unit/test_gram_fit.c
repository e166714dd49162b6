/*
 * test_gram_fit.c - logistic, softmax, ridge and least squares against the reference and against
 * their optimality conditions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gram_problem.h"

static const double costs[] = {1e-5, 1e-2, 0.3, 1, 30, 1e3};
static const int64_t features[] = {1, 2, 5, 20, 100};

static random_problem any_problem(eae_random *r, uint64_t seed)
{
    eae_random_start(r, seed, EAE_RANDOM_SYNTH_VALUE, 10);
    int64_t n = 8 + (int64_t)eae_random_below(r, 35);
    /* at least three of each class, so that no covariate separates them as a rule */
    int64_t positive = 3 + (int64_t)eae_random_below(r, (uint64_t)n - 6);
    int64_t terms = eae_random_below(r, 3) || n < 20 ? 0 : 1;
    random_problem t = random_problem_make(r, n, features[eae_random_below(r, 5)], positive,
                                           costs[eae_random_below(r, 6)], terms);
    bool weighted = eae_random_below(r, 3) == 0;
    for (int64_t i = 0; i < n && weighted; i++)
        t.cost[i] *= (double)(1 + eae_random_below(r, 4));
    return t;
}

static void check_logistic(random_problem *t, eae_gram_fit *fit)
{
    eae_gram_fit plain;
    int64_t n = t->problem.n;
    double *f = EAE_NEW_ARRAY(double, n);
    eae_gram_fit_init(&plain, n, t->problem.terms);
    assert_int_equal(eae_fit_logistic(&t->problem, fit), EAE_OK);
    assert_int_equal(eae_fit_logistic_reference(&t->problem, &plain), EAE_OK);
    assert_true(fit->converged);
    double primal = eae_gram_objective(&t->problem, EAE_LOSS_LOGISTIC, fit);
    assert_true(fabs(primal - fit->objective) <= 1e-10 * primal);
    assert_true(primal - plain.objective <= 1e-9 * primal);
    if (plain.converged)
        assert_true(fabs(primal - plain.objective) <= 1e-7 * primal);
    /* beta_i = cost y s(-y f), the gradient's zero in the span */
    fit_values(&t->problem, fit, f);
    for (int64_t i = 0; i < n; i++) {
        double want = t->cost[i] * t->y[i] / (1 + exp(t->y[i] * f[i]));
        assert_true(fabs(fit->beta[i] - want) <= 1e-4 * t->cost[i]);
    }
    free(f);
    eae_gram_fit_free(&plain);
}

static void logistic_agrees(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        eae_random r;
        random_problem t = any_problem(&r, seed);
        t.problem.tol = 1e-10;
        eae_gram_fit fit;
        eae_gram_fit_init(&fit, t.problem.n, t.problem.terms);
        check_logistic(&t, &fit);
        for (int64_t i = 0; i < t.problem.n; i++) /* and from a bad start */
            fit.beta[i] = 3 * random_normal(&r) * t.cost[i];
        fit.intercept = -7;
        check_logistic(&t, &fit);
        eae_gram_fit_free(&fit);
        random_problem_free(&t);
    }
}

/* Many rows of few features: K has a low rank. */
static random_problem low_problem(eae_random *r, uint64_t seed)
{
    static const double some_costs[] = {1e-3, 1, 100};
    eae_random_start(r, seed, EAE_RANDOM_SYNTH_OTHER, 0);
    int64_t p = 1 + (int64_t)eae_random_below(r, 6);
    int64_t n = 8 * p + (int64_t)eae_random_below(r, 60), terms = (int64_t)eae_random_below(r, 2);
    return random_problem_make(r, n, p, n / 2, some_costs[seed % 3], n > 30 ? terms : 0);
}

static void softmax_agrees(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 150; seed++) {
        eae_random r;
        random_problem t = seed < 125 ? any_problem(&r, seed) : low_problem(&r, seed);
        int64_t n = t.problem.n, classes = 2 + (int64_t)eae_random_below(&r, 3);
        t.problem.tol = 1e-9;
        eae_gram_fit fit[4], plain[4];
        for (int64_t i = 0; i < n; i++)
            t.y[i] = (double)(i < classes ? i : (int64_t)eae_random_below(&r, (uint64_t)classes));
        for (int64_t k = 0; k < classes; k++) {
            eae_gram_fit_init(&fit[k], n, t.problem.terms);
            eae_gram_fit_init(&plain[k], n, t.problem.terms);
        }
        assert_int_equal(eae_fit_softmax(&t.problem, (int)classes, fit), EAE_OK);
        assert_int_equal(eae_fit_softmax_reference(&t.problem, (int)classes, plain), EAE_OK);
        assert_true(fit->converged);
        assert_true(fabs(fit->objective - plain->objective) <= 3e-9 * plain->objective);
        double sum = 0, size = 0;
        for (int64_t k = 0; k < classes; k++) {
            sum += fit[k].intercept;
            size += fabs(fit[k].intercept);
            assert_true(fabs(fit[k].intercept - plain[k].intercept) <= 1e-3 * (1 + size));
        }
        assert_true(fabs(sum) <= 1e-12 * (1 + size));
        for (int64_t k = 0; k < classes; k++) {
            eae_gram_fit_free(&fit[k]);
            eae_gram_fit_free(&plain[k]);
        }
        random_problem_free(&t);
    }
}

/* Against the bordered systems, for few scales (factors) and many (eigenvectors). */
static void ridge_agrees(void **state)
{
    (void)state;
    enum { M = 9, S = 5 };
    const double scale[S] = {0.01, 0.3, 1, 7, 100};
    for (uint64_t seed = 200; seed < 260; seed++) {
        eae_random r;
        random_problem t = any_problem(&r, seed);
        int64_t n = t.problem.n, m = seed % 2 ? M : 1, s = seed % 4 < 2 ? S : 2;
        double *y = EAE_NEW_ARRAY(double, M *n);
        for (int64_t i = 0; i < M * n; i++)
            y[i] = random_normal(&r) + 3;
        eae_gram_fit fit[M * S], plain[M * S];
        for (int64_t k = 0; k < m * s; k++) {
            eae_gram_fit_init(&fit[k], n, t.problem.terms);
            eae_gram_fit_init(&plain[k], n, t.problem.terms);
        }
        assert_int_equal(eae_fit_ridge(&t.problem, y, m, scale, s, fit), EAE_OK);
        assert_int_equal(eae_fit_ridge_reference(&t.problem, y, m, scale, s, plain), EAE_OK);
        for (int64_t k = 0; k < m * s; k++) {
            assert_true(fit[k].converged);
            assert_true(fabs(fit[k].objective - plain[k].objective) <= 1e-7 * plain[k].objective);
            assert_true(fabs(fit[k].intercept - plain[k].intercept) <= 1e-6);
            eae_gram_fit_free(&fit[k]);
            eae_gram_fit_free(&plain[k]);
        }
        free(y);
        random_problem_free(&t);
    }
}

/* Repeating a row is the same as doubling its cost; adding a constant to K changes no prediction.
 */
static void costs_are_counts(void **state)
{
    (void)state;
    double gram3[] = {2, 1, 1, 1, 3, 3, 1, 3, 3}, y3[] = {1, 4, 4}, cost3[] = {1, 1, 1};
    double gram2[] = {2, 1, 1, 3}, y2[] = {1, 4}, cost2[] = {1, 2}, scale = 0.7;
    eae_gram_problem p = {.kernels = &eae_kernels_ref,
                          .n = 3,
                          .gram = gram3,
                          .ld = 3,
                          .y = y3,
                          .cost = cost3,
                          .tol = 1e-10};
    eae_gram_fit three, two;
    eae_gram_fit_init(&three, 3, 0);
    eae_gram_fit_init(&two, 2, 0);
    assert_int_equal(eae_fit_ridge(&p, y3, 1, &scale, 1, &three), EAE_OK);
    for (int i = 0; i < 9; i++)
        gram3[i] += 100;
    double before = three.beta[0];
    assert_int_equal(eae_fit_ridge(&p, y3, 1, &scale, 1, &three), EAE_OK);
    assert_float_equal(three.beta[0], before, 1e-10);
    p = (eae_gram_problem){.kernels = &eae_kernels_ref,
                           .n = 2,
                           .gram = gram2,
                           .ld = 2,
                           .y = y2,
                           .cost = cost2,
                           .tol = 1e-10};
    assert_int_equal(eae_fit_ridge(&p, y2, 1, &scale, 1, &two), EAE_OK);
    assert_float_equal(two.objective, three.objective, 1e-10);
    assert_float_equal(two.beta[0], three.beta[0], 1e-10);
    assert_float_equal(two.beta[1], three.beta[1] + three.beta[2], 1e-10);
    eae_gram_fit_free(&three);
    eae_gram_fit_free(&two);
}

/* An exact linear target is recovered whether n > p (the fit is exact) or n < p (interpolation),
 * and one that the intercept alone explains needs no features. */
static void linear_recovers(void **state)
{
    (void)state;
    for (uint64_t seed = 300; seed < 320; seed++) {
        eae_random r;
        eae_random_start(&r, seed, EAE_RANDOM_SYNTH_VALUE, 11);
        int64_t n = 25, p = (const int64_t[]){3, 6, 60}[seed % 3]; /* of 3 the rank is low */
        random_problem t = random_problem_make(&r, n, p, 12, 1, 1);
        double y[50], f[25];
        for (int64_t i = 0; i < n; i++) { /* a combination of the rows' kernels and the covariate */
            y[i] = 3 - 2 * t.u[i] + 0.01 * t.gram[i * n + 3] - 0.02 * t.gram[i * n + 7];
            y[n + i] = 5;
        }
        eae_gram_fit fit[2];
        eae_gram_fit_init(&fit[0], n, 1);
        eae_gram_fit_init(&fit[1], n, 1);
        assert_int_equal(eae_fit_linear(&t.problem, y, 2, fit), EAE_OK);
        for (int k = 0; k < 2; k++) {
            assert_true(fit[k].converged);
            fit_values(&t.problem, &fit[k], f);
            for (int64_t i = 0; i < n; i++)
                assert_float_equal(f[i], y[k * n + i], 1e-7);
        }
        assert_float_equal(fit[1].intercept, 5, 1e-9);
        if (p < n) /* unique: the coefficients too */
            assert_float_equal(fit[0].gamma[0], -2, 1e-7);
        eae_gram_fit_free(&fit[0]);
        eae_gram_fit_free(&fit[1]);
        random_problem_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logistic_agrees), cmocka_unit_test(softmax_agrees),
        cmocka_unit_test(ridge_agrees),    cmocka_unit_test(costs_are_counts),
        cmocka_unit_test(linear_recovers),
    };
    return cmocka_run_group_tests_name("gram_fit", tests, NULL, NULL);
}
