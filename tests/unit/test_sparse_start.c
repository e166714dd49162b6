/*
 * test_sparse_start.c - sparse fits that start from another fit, and what draws at features without
 * a weight, from its definition.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "model/sparse.h"

enum { N = 50, P = 400 };

typedef struct {
    double x[N * P], y[N], cost[N];
    int64_t row[N], feature[P];
    eae_source source;
    eae_sparse_problem problem;
} study;

static void make(study *s, eae_loss loss)
{
    eae_random r;
    eae_random_start(&r, 11, EAE_RANDOM_SYNTH_VALUE, 1);
    for (int64_t i = 0; i < N; i++) {
        double f = 0;
        for (int64_t j = 0; j < P; j++) {
            s->x[i * P + j] = eae_random_unit(&r) + eae_random_unit(&r) - 1;
            f += j % 40 == 0 ? s->x[i * P + j] : 0;
        }
        s->y[i] = loss == EAE_LOSS_LOGISTIC ? (f > 0 ? 1 : -1) : f;
        s->row[i] = i;
        s->cost[i] = 1.0 / N;
    }
    s->source = (eae_source){.x = s->x, .is_f64 = true, .rows = N, .cols = P, .feature_count = P};
    s->problem = (eae_sparse_problem){.kernels = &eae_kernels_ref,
                                      .source = &s->source,
                                      .row = s->row,
                                      .n = N,
                                      .loss = loss,
                                      .y = s->y,
                                      .cost = s->cost,
                                      .alpha = 0.9,
                                      .tol = 1e-12,
                                      .threads = 1};
}

/* Every second feature that has a weight goes, and most of the others. */
static void leave_some(study *s, const eae_sparse_fit *fit)
{
    int64_t count = 0, k = 0;
    for (int64_t j = 0; j < P; j++) {
        bool weighs = k < fit->count && fit->feature[k] == j;
        k += weighs;
        if (weighs ? k % 2 == 0 : j % 3 == 0)
            s->feature[count++] = j;
    }
    s->source.feature = s->feature;
    s->source.feature_count = count;
}

static void starts_agree(eae_loss loss)
{
    study *s = eae_calloc(1, sizeof *s);
    eae_sparse_fit all, cold, warm;
    double lambda = 0.02;
    make(s, loss);
    assert_int_equal(eae_sparse_path(&s->problem, &lambda, 1, NULL, &all, NULL), EAE_OK);
    assert_true(all.converged && all.count > 5);
    leave_some(s, &all);
    assert_int_equal(eae_sparse_path(&s->problem, &lambda, 1, NULL, &cold, NULL), EAE_OK);
    assert_int_equal(eae_sparse_path(&s->problem, &lambda, 1, &all, &warm, NULL), EAE_OK);
    assert_true(cold.converged && warm.converged);
    assert_true(fabs(cold.objective - warm.objective) < 1e-11 * cold.objective);
    assert_int_equal(cold.count, warm.count);
    for (int64_t k = 0; k < cold.count; k++) {
        assert_int_equal(cold.feature[k], warm.feature[k]);
        assert_true(fabs(cold.weight[k] - warm.weight[k]) < 1e-5);
    }
    eae_sparse_fit_free(&all);
    eae_sparse_fit_free(&cold);
    eae_sparse_fit_free(&warm);
    free(s);
}

static void test_start(void **state)
{
    (void)state;
    starts_agree(EAE_LOSS_SQUARED);
    starts_agree(EAE_LOSS_LOGISTIC);
}

/* From itself there is nothing to do. */
static void test_start_at_the_end(void **state)
{
    (void)state;
    study *s = eae_calloc(1, sizeof *s);
    eae_sparse_fit fit, again;
    double lambda = 0.02;
    make(s, EAE_LOSS_LOGISTIC);
    assert_int_equal(eae_sparse_path(&s->problem, &lambda, 1, NULL, &fit, NULL), EAE_OK);
    assert_int_equal(eae_sparse_path(&s->problem, &lambda, 1, &fit, &again, NULL), EAE_OK);
    assert_true(fit.iterations > 0 && again.iterations == 0 && again.converged);
    eae_sparse_fit_free(&fit);
    eae_sparse_fit_free(&again);
    free(s);
}

static void test_pull(void **state)
{
    (void)state;
    study *s = eae_calloc(1, sizeof *s);
    eae_sparse_fit fit;
    double lambda = 0.02, square[P];
    int64_t k = 0;
    make(s, EAE_LOSS_LOGISTIC);
    for (int64_t j = 0; j < P; j++)
        s->feature[j] = j;
    assert_int_equal(eae_sparse_path(&s->problem, &lambda, 1, NULL, &fit, NULL), EAE_OK);
    assert_int_equal(eae_sparse_pull(&s->problem, &fit, s->feature, P, square), EAE_OK);
    for (int64_t j = 0; j < P; j++) {
        double sum = 0;
        for (int64_t i = 0; i < N; i++) {
            double f = fit.intercept;
            for (int64_t a = 0; a < fit.count; a++)
                f += fit.weight[a] * s->x[i * P + fit.feature[a]];
            sum += s->x[i * P + j] * s->y[i] / (1 + exp(s->y[i] * f)) / N;
        }
        assert_true(fabs(square[j] - sum * sum) < 1e-13);
        bool weighs = k < fit.count && fit.feature[k] == j;
        double limit = lambda * s->problem.alpha;
        if (weighs) /* lambda (alpha sign w + (1 - alpha) w) */
            assert_true(fabs(sum - lambda * 0.1 * fit.weight[k] - copysign(limit, fit.weight[k])) <
                        1e-6);
        else
            assert_true(fabs(sum) <= limit * (1 + 1e-6));
        k += weighs;
    }
    eae_sparse_fit_free(&fit);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_start_at_the_end),
        cmocka_unit_test(test_pull),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
