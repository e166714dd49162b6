/* test_few_softmax.c - softmax regression by the features against the plain reference on the Gram
 * matrix, and its certificate against the definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "gram_problem.h"
#include "model/few_softmax.h"

enum { N = 70, LD = 80, P_MOST = 6, K_MOST = 5 };

typedef struct {
    int64_t p, terms;
    int classes;
    double z[P_MOST * LD], y[N], cost[N], u[2 * N], gram[N * N];
    eae_gram_problem problem;
    eae_few_values values;
} data;

static data *data_new(uint64_t seed, double cost)
{
    data *d = EAE_NEW(data);
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_VALUE, 9);
    d->p = 1 + (int64_t)seed % P_MOST;
    d->terms = (int64_t)seed % 3;
    d->classes = 3 + (int)seed % 3;
    for (int64_t i = 0; i < N; i++) {
        d->y[i] = (double)(i % d->classes);
        d->cost[i] = cost * (0.5 + eae_random_unit(&r));
        for (int64_t j = 0; j < d->p; j++)
            d->z[j * LD + i] = random_normal(&r) + (j == 0 ? d->y[i] / 2 : 0);
        for (int64_t t = 0; t < d->terms; t++)
            d->u[i * d->terms + t] = random_normal(&r);
    }
    for (int64_t i = 0; i < N; i++) {
        for (int64_t k = 0; k < N; k++) {
            for (int64_t j = 0; j < d->p; j++)
                d->gram[i * N + k] += d->z[j * LD + i] * d->z[j * LD + k];
        }
    }
    d->values = (eae_few_values){d->z, LD, d->p};
    d->problem = (eae_gram_problem){.kernels = &eae_kernels_ref,
                                    .n = N,
                                    .gram = d->gram,
                                    .ld = N,
                                    .y = d->y,
                                    .cost = d->cost,
                                    .u = d->terms ? d->u : NULL,
                                    .terms = d->terms,
                                    .tol = 1e-10};
    return d;
}

static double objective(const data *d, const eae_gram_fit *fit, const double *w)
{
    double sum = 0;
    for (int64_t e = 0; e < d->classes * d->p; e++)
        sum += w[e] * w[e] / 2;
    for (int64_t i = 0; i < N; i++) {
        double total = 0, own = 0;
        for (int k = 0; k < d->classes; k++) {
            double f = fit[k].intercept;
            for (int64_t j = 0; j < d->p; j++)
                f += w[k * d->p + j] * d->z[j * LD + i];
            for (int64_t t = 0; t < d->terms; t++)
                f += fit[k].gamma[t] * d->u[i * d->terms + t];
            total += exp(f);
            own += d->y[i] == (double)k ? f : 0;
        }
        sum += d->cost[i] * (log(total) - own);
    }
    return sum;
}

/* D(b) = sum cost H(q) - |Z'b|^2 / 2, q = [y = k] - b / cost; infeasible: E'b is not 0. */
static double dual(const data *d, const double *b)
{
    double sum = 0;
    for (int k = 0; k < d->classes; k++) {
        double ones = 0, size = 0;
        for (int64_t j = 0; j < d->p; j++) {
            double v = 0;
            for (int64_t i = 0; i < N; i++)
                v += d->z[j * LD + i] * b[k * N + i];
            sum -= v * v / 2;
        }
        for (int64_t i = 0; i < N; i++) {
            double q = (d->y[i] == (double)k) - b[k * N + i] / d->cost[i];
            assert_true(q > -1e-15);
            sum -= q > 0 ? d->cost[i] * q * log(q) : 0;
            ones += b[k * N + i];
            size += fabs(b[k * N + i]);
        }
        assert_true(fabs(ones) <= 1e-9 * size);
    }
    return sum;
}

static void agrees(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 18; seed++) {
        data *d = data_new(seed, (const double[]){0.01, 1, 30}[seed % 3]);
        eae_gram_fit few[K_MOST], plain[K_MOST];
        double w[K_MOST * P_MOST] = {0}, b[K_MOST * N];
        for (int k = 0; k < d->classes; k++) {
            eae_gram_fit_init(&few[k], N, d->terms);
            eae_gram_fit_init(&plain[k], N, d->terms);
        }
        assert_int_equal(eae_few_softmax(&d->problem, &d->values, d->classes, few, w, b), EAE_OK);
        assert_int_equal(eae_fit_softmax_reference(&d->problem, d->classes, plain), EAE_OK);
        assert_true(few->converged && few->gap <= 1e-10 && few->iterations > 0);
        double value = objective(d, few, w), sum = 0;
        assert_float_equal(few->objective, value, 1e-10 * value);
        assert_true(value <= plain->objective * (1 + 1e-9));
        assert_true(value >= plain->objective * (1 - 3e-9));
        assert_true(value - dual(d, b) <= few->gap * value + 1e-11 * value);
        for (int k = 0; k < d->classes; k++)
            sum += few[k].intercept;
        assert_float_equal(sum, 0, 1e-11);
        /* from the solution there is nothing to do; from far away it is found again */
        eae_gram_fit again[K_MOST];
        double far[K_MOST * P_MOST];
        for (int k = 0; k < d->classes; k++)
            eae_gram_fit_init(&again[k], N, d->terms);
        for (int64_t e = 0; e < d->classes * d->p; e++)
            far[e] = 50 * sin((double)e);
        assert_int_equal(eae_few_softmax(&d->problem, &d->values, d->classes, again, far, NULL),
                         EAE_OK);
        assert_true(again->converged);
        assert_float_equal(again->objective, value, 1e-9 * value);
        for (int k = 0; k < d->classes; k++) {
            eae_gram_fit_free(&few[k]);
            eae_gram_fit_free(&plain[k]);
            eae_gram_fit_free(&again[k]);
        }
        free(d);
    }
}

/* A limit of one step: what was reached, judged truly. */
static void stops(void **state)
{
    (void)state;
    data *d = data_new(2, 30);
    eae_gram_fit fit[K_MOST];
    double w[K_MOST * P_MOST] = {0}, b[K_MOST * N];
    for (int k = 0; k < d->classes; k++)
        eae_gram_fit_init(&fit[k], N, d->terms);
    d->problem.max_iter = 1;
    assert_int_equal(eae_few_softmax(&d->problem, &d->values, d->classes, fit, w, b), EAE_OK);
    assert_true(!fit->converged && fit->gap > 1e-10 && fit->iterations == 1);
    double value = objective(d, fit, w);
    assert_float_equal(fit->objective, value, 1e-10 * value);
    for (int k = 0; k < d->classes; k++)
        eae_gram_fit_free(&fit[k]);
    free(d);
}

static void suits(void **state)
{
    (void)state;
    assert_true(eae_few_softmax_suits(1000, 10, 3));
    assert_false(eae_few_softmax_suits(1000, 10, 2));
    assert_false(eae_few_softmax_suits(19, 10, 3));
    assert_true(eae_few_softmax_suits(100000, 400, 10));
    assert_false(eae_few_softmax_suits(100000, 410, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees), cmocka_unit_test(stops),
                                       cmocka_unit_test(suits)};
    return cmocka_run_group_tests_name("few_softmax", tests, NULL, NULL);
}
