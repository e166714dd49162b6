/* test_few_squares.c - least squares by the features against the same by the Gram matrix, and
 * against its definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "gram_problem.h"
#include "model/few_squares.h"

enum { N = 90, LD = 96, MOST = 40, TARGETS = 2, SCALES = 3 };

typedef struct {
    int64_t p, terms;
    double z[MOST * LD], y[TARGETS * N], cost[N], u[2 * N], gram[N * N];
    eae_gram_problem problem;
    eae_few_values values;
} data;

/* kind 1: the last feature is the sum of the others; 2: means are a thousand times the spread. */
static data *data_new(uint64_t seed, int64_t p, int64_t terms, int kind)
{
    data *d = EAE_NEW(data);
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_VALUE, 7);
    d->p = p;
    d->terms = terms;
    for (int64_t i = 0; i < N; i++) {
        double sum = 0;
        for (int64_t j = 0; j < p; j++) {
            double z = random_normal(&r) * (double)(j + 1) + (kind == 2 ? 1000 : 0);
            d->z[j * LD + i] = kind == 1 && j == p - 1 ? sum : z;
            sum += z;
        }
        for (int64_t t = 0; t < terms; t++)
            d->u[i * terms + t] = random_normal(&r);
        d->cost[i] = 0.5 + eae_random_unit(&r);
        d->y[i] = d->z[i] + 2 * d->z[(p - 1) * LD + i] + random_normal(&r) + 3;
        d->y[N + i] = random_normal(&r);
    }
    for (int64_t i = 0; i < N; i++) {
        for (int64_t k = 0; k < N; k++) {
            for (int64_t j = 0; j < p; j++)
                d->gram[i * N + k] += d->z[j * LD + i] * d->z[j * LD + k];
        }
    }
    d->values = (eae_few_values){d->z, LD, p};
    d->problem = (eae_gram_problem){.kernels = &eae_kernels_ref,
                                    .n = N,
                                    .gram = d->gram,
                                    .ld = N,
                                    .y = d->y,
                                    .cost = d->cost,
                                    .u = terms ? d->u : NULL,
                                    .terms = terms,
                                    .tol = 1e-6};
    return d;
}

static void same(const data *d, const eae_gram_fit *by_rows, const eae_gram_fit *few,
                 const double *w)
{
    for (int64_t j = 0; j < d->p; j++) {
        double want = 0;
        for (int64_t i = 0; i < N; i++)
            want += by_rows->beta[i] * d->z[j * LD + i];
        assert_float_equal(w[j], want, 1e-7 * (1 + fabs(want)));
    }
    for (int64_t t = 0; t < d->terms; t++)
        assert_float_equal(few->gamma[t], by_rows->gamma[t], 1e-7);
    assert_float_equal(few->objective, by_rows->objective, 1e-9 * by_rows->objective);
    assert_true(few->converged && few->gap < 1e-9);
}

/* Ridge regression against its plain reference, least squares against the Gram matrix's. */
static void agrees(void **state)
{
    (void)state;
    static const double scale[SCALES] = {0.01, 1, 1e4};
    for (uint64_t seed = 0; seed < 16; seed++) {
        int64_t p = seed < 13 ? 1 + (int64_t)seed % 10 : MOST - 10 * ((int64_t)seed - 13),
                terms = (int64_t)seed % 3;
        data *d = data_new(seed, p, terms, p > 2 && seed % 2 ? 1 : 0);
        eae_gram_fit rows[TARGETS * SCALES], few[TARGETS * SCALES];
        double w[TARGETS * SCALES * MOST];
        for (int k = 0; k < TARGETS * SCALES; k++) {
            eae_gram_fit_init(&rows[k], N, terms);
            eae_gram_fit_init(&few[k], N, terms);
        }
        assert_int_equal(eae_fit_ridge_reference(&d->problem, d->y, TARGETS, scale, SCALES, rows),
                         EAE_OK);
        assert_int_equal(
            eae_few_ridge(&d->problem, &d->values, d->y, TARGETS, scale, SCALES, few, w), EAE_OK);
        for (int k = 0; k < TARGETS * SCALES; k++) {
            same(d, &rows[k], &few[k], w + k * p);
            assert_float_equal(few[k].intercept, rows[k].intercept, 1e-7);
        }
        assert_int_equal(eae_fit_linear(&d->problem, d->y, TARGETS, rows), EAE_OK);
        assert_int_equal(eae_few_linear(&d->problem, &d->values, d->y, TARGETS, few, w), EAE_OK);
        for (int k = 0; k < TARGETS; k++)
            same(d, &rows[k], &few[k], w + k * p);
        for (int k = 0; k < TARGETS * SCALES; k++) {
            eae_gram_fit_free(&rows[k]);
            eae_gram_fit_free(&few[k]);
        }
        free(d);
    }
}

/* Values far from the origin, and an exact target: found to rounding, where the Gram matrix has
 * lost six digits. */
static void far_from_the_origin(void **state)
{
    (void)state;
    data *d = data_new(99, 5, 1, 2);
    double w[5], y[N];
    eae_gram_fit fit;
    eae_gram_fit_init(&fit, N, 1);
    for (int64_t i = 0; i < N; i++) {
        y[i] = 4 - 7 * d->u[i];
        for (int64_t j = 0; j < 5; j++)
            y[i] += (double)(j - 2) * d->z[j * LD + i];
    }
    assert_int_equal(eae_few_linear(&d->problem, &d->values, y, 1, &fit, w), EAE_OK);
    for (int64_t j = 0; j < 5; j++)
        assert_float_equal(w[j], (double)(j - 2), 1e-11);
    assert_float_equal(fit.gamma[0], -7, 1e-11);
    assert_float_equal(fit.intercept, 4, 1e-7);
    eae_gram_fit_free(&fit);
    free(d);
}

/* Two equal features share the weight (minimum norm); one of zeros has none. */
static void minimum_norm(void **state)
{
    (void)state;
    data *d = data_new(7, 4, 0, 0);
    double w[4];
    eae_gram_fit fit;
    eae_gram_fit_init(&fit, N, 0);
    memcpy(d->z + LD, d->z, LD * sizeof *d->z);
    memset(d->z + 2 * LD, 0, LD * sizeof *d->z);
    assert_int_equal(eae_few_linear(&d->problem, &d->values, d->y, 1, &fit, w), EAE_OK);
    assert_float_equal(w[0], w[1], 1e-12);
    assert_true(w[0] > 0.1 && fit.gap < 1e-9);
    assert_float_equal(w[2], 0, 0);
    eae_gram_fit_free(&fit);
    free(d);
}

static void suits(void **state)
{
    (void)state;
    assert_true(eae_few_squares_suits(442, 10));
    assert_true(eae_few_squares_suits(1000000, 2048));
    assert_false(eae_few_squares_suits(1000000, 2049));
    assert_true(eae_few_squares_suits(20, 10) && !eae_few_squares_suits(19, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees),
                                       cmocka_unit_test(far_from_the_origin),
                                       cmocka_unit_test(minimum_norm), cmocka_unit_test(suits)};
    return cmocka_run_group_tests_name("few_squares", tests, NULL, NULL);
}
