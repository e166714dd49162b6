/*
 * test_kernels_starts.c - first solutions of many support vector machines by one call: feasible,
 * near the exact solver's, whatever the company. Of backends that have it: that is cuda, emulated
 * in `make unit`; the others are checked to have none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "model/gram_fit.h"
#include "backend.h"

enum { ROWS = 61, COLS = 40, MACHINES = 9, MOST = 70 };

static const eae_kernels *tested;

typedef struct {
    double gram[ROWS * ROWS];
    int64_t row[MACHINES][MOST];
    double y[MACHINES][MOST], cost[MACHINES][MOST], b[MACHINES][MOST];
    eae_svm_start start[MACHINES];
} study;

static double uniform(eae_random *r)
{
    return 2 * eae_random_unit(r) - 1;
}

/* Machine 0 has one row of each class, machine 1 a row twice, the last one more rows than there
 * are. */
static study *make_study(uint64_t seed)
{
    study *s = EAE_NEW(study);
    double x[ROWS][COLS];
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_OTHER, 0);
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS; j++)
            x[i][j] = uniform(&r) + (j < 3 && i % 2 ? 0.8 : 0);
    }
    for (int i = 0; i < ROWS; i++) {
        for (int l = 0; l < ROWS; l++) {
            for (int j = 0; j < COLS; j++)
                s->gram[i * ROWS + l] += x[i][j] * x[l][j];
        }
    }
    for (int m = 0; m < MACHINES; m++) {
        int64_t n = m == 0 ? 2 : m == MACHINES - 1 ? MOST : 20 + 5 * m;
        for (int64_t i = 0; i < n; i++) {
            s->row[m][i] = (i * (m + 1) + (i >= ROWS)) % ROWS;
            s->y[m][i] = i < 2 ? (double)(1 - 2 * i) : s->row[m][i] % 2 ? 1 : -1;
            s->cost[m][i] = (m % 2 ? 0.02 : 2) * (1 + 0.5 * eae_random_unit(&r));
            s->b[m][i] = NAN;
        }
        s->row[m][1] = m == 1 ? s->row[m][0] : s->row[m][1];
        s->start[m] = (eae_svm_start){.n = n,
                                      .row = s->row[m],
                                      .ratio = 0.5 + 0.1 * m,
                                      .y = s->y[m],
                                      .cost = s->cost[m],
                                      .b = s->b[m]};
    }
    return s;
}

static double *gram_of(const study *s, const eae_svm_start *start)
{
    double *gram = EAE_NEW_ARRAY(double, start->n * start->n);
    for (int64_t i = 0; i < start->n; i++) {
        for (int64_t k = 0; k < start->n; k++)
            gram[i * start->n + k] = start->ratio * s->gram[start->row[i] * ROWS + start->row[k]];
    }
    return gram;
}

/* y'b - 1/2 b'Hb */
static double dual_value(const eae_svm_start *start, const double *gram, bool squared,
                         const double *b)
{
    double value = 0;
    for (int64_t i = 0; i < start->n; i++) {
        double h = squared ? 0.5 / start->cost[i] * b[i] : 0;
        for (int64_t k = 0; k < start->n; k++)
            h += gram[i * start->n + k] * b[k];
        value += start->y[i] * b[i] - b[i] * h / 2;
    }
    return value;
}

static void assert_feasible(const eae_svm_start *start, bool squared)
{
    double sum = 0, size = 0;
    for (int64_t i = 0; i < start->n; i++) {
        double a = start->y[i] * start->b[i];
        assert_true(a >= 0);
        if (!squared)
            assert_true(a <= start->cost[i]);
        sum += start->b[i];
        size += a;
    }
    assert_true(fabs(sum) <= 1e-12 * (1 + size));
}

/* At most a thousandth of the dual's value is missing, and the exact solver agrees from there. */
static void assert_near_solution(const study *s, const eae_svm_start *start, bool squared)
{
    double *gram = gram_of(s, start);
    eae_gram_fit cold, warm;
    eae_gram_fit_init(&cold, start->n, 0);
    eae_gram_fit_init(&warm, start->n, 0);
    eae_gram_problem problem = {.kernels = tested,
                                .n = start->n,
                                .gram = gram,
                                .ld = start->n,
                                .y = start->y,
                                .cost = start->cost,
                                .tol = 1e-9};
    eae_svm_loss loss = squared ? EAE_SQUARED_HINGE : EAE_HINGE;
    assert_int_equal(eae_fit_svm(&problem, loss, &cold), EAE_OK);
    memcpy(warm.beta, start->b, (size_t)start->n * sizeof *warm.beta);
    assert_int_equal(eae_fit_svm(&problem, loss, &warm), EAE_OK);
    assert_true(cold.converged && warm.converged);
    assert_true(fabs(cold.objective - warm.objective) <= 1e-8 * cold.objective);
    double lacks = cold.objective - dual_value(start, gram, squared, start->b);
    assert_true(lacks >= -1e-8 * cold.objective && lacks <= 1e-3 * cold.objective);
    eae_gram_fit_free(&cold);
    eae_gram_fit_free(&warm);
    free(gram);
}

static void near_the_solution(void **state)
{
    (void)state;
    for (int squared = 0; squared < 2; squared++) {
        study *s = make_study(7);
        assert_true(tested->svm_starts(s->gram, ROWS, squared, s->start, MACHINES));
        for (int m = 0; m < MACHINES; m++) {
            assert_feasible(&s->start[m], squared);
            assert_near_solution(s, &s->start[m], squared);
        }
        free(s);
    }
}

/* Alone, in company, and with the threads of the device in another order: the same bits. */
static void company_changes_nothing(void **state)
{
    (void)state;
    study *s = make_study(8), *alone = make_study(8);
    assert_true(tested->svm_starts(s->gram, ROWS, false, s->start, MACHINES));
    test_other_order(true);
    for (int m = 0; m < MACHINES; m++) {
        assert_true(tested->svm_starts(alone->gram, ROWS, false, &alone->start[m], 1));
        assert_memory_equal(alone->b[m], s->b[m], (size_t)s->start[m].n * sizeof(double));
    }
    test_other_order(false);
    free(s);
    free(alone);
}

/* More rows than a block holds: not done, nothing written. */
static void too_large(void **state)
{
    (void)state;
    static double y[5000], b[5000];
    static int64_t row[5000];
    double gram[1] = {1};
    b[0] = 3;
    eae_svm_start large = {.n = 5000, .row = row, .ratio = 1, .y = y, .cost = y, .b = b};
    assert_false(tested->svm_starts(gram, 1, false, &large, 1));
    assert_false(tested->svm_starts(gram, 1, false, &large, 0));
    assert_true(b[0] == 3);
}

static void only_a_device_has_it(void **state)
{
    (void)state;
    assert_true(!tested->svm_starts && !eae_kernels_ref.svm_starts);
}

static int setup(void **state)
{
    (void)state;
    return test_backend(&tested);
}

int main(void)
{
    const struct CMUnitTest device[] = {cmocka_unit_test(near_the_solution),
                                        cmocka_unit_test(company_changes_nothing),
                                        cmocka_unit_test(too_large)};
    const struct CMUnitTest none[] = {cmocka_unit_test(only_a_device_has_it)};
    return test_cuda() ? cmocka_run_group_tests_name("starts", device, setup, NULL)
                       : cmocka_run_group_tests_name("starts", none, setup, NULL);
}
