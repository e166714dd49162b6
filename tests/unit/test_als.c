/*
 * test_als.c - alternating least squares against a convex solver of the same problem, against its
 * own definition, on matrices of known rank.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "../tolerance.h"
#include "base/memory.h"
#include "base/random.h"
#include "expected.h"
#include "model/als.h"

typedef struct {
    double *x; /* with NaN */
    int64_t n, p;
    double *count;
} matrix;

static void matrix_free(matrix *m)
{
    free(m->x);
    free(m->count);
}

/* Rank `rank` plus noise; a part of the entries missing. Deterministic. */
static matrix planted(int64_t n, int64_t p, int64_t rank, double noise, double missing)
{
    matrix m = {.x = EAE_NEW_ARRAY(double, n *p), .n = n, .p = p};
    double *a = EAE_NEW_ARRAY(double, (n + p) * rank);
    eae_random r;
    eae_random_start(&r, 5, EAE_RANDOM_SYNTH_VALUE, (uint64_t)(n * p));
    for (int64_t e = 0; e < (n + p) * rank; e++)
        a[e] = eae_random_unit(&r) + eae_random_unit(&r) + eae_random_unit(&r) - 1.5;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) {
            double *x = &m.x[i * p + j];
            for (int64_t k = 0; k < rank; k++)
                *x += a[i * rank + k] * a[(n + j) * rank + k];
            *x += noise * (eae_random_unit(&r) - 0.5);
            if (eae_random_unit(&r) < missing)
                *x = NAN;
        }
    }
    free(a);
    return m;
}

static eae_als_problem problem_of(const matrix *m, int64_t rank, double lambda)
{
    eae_als_problem q = {.kernels = &eae_kernels_ref,
                         .x = eae_malloc((size_t)(m->n * m->p), sizeof(double)),
                         .n = m->n,
                         .p = m->p,
                         .count = m->count,
                         .rank = rank,
                         .lambda = lambda,
                         .tol = 1e-10,
                         .max_iter = 20000,
                         .seed = 1,
                         .threads = 1};
    memcpy(q.x, m->x, (size_t)(m->n * m->p) * sizeof(double));
    return q;
}

static void fit(eae_als_problem *q, eae_als *als)
{
    int status = eae_als_fit(q, als);
    if (status != EAE_OK)
        print_error("%s\n", eae_message());
    assert_int_equal(status, EAE_OK);
}

/* The objective as als.h states it. */
static double by_definition(const matrix *m, const eae_als *als)
{
    double sum = 0;
    for (int64_t i = 0; i < m->n; i++) {
        double c = m->count ? m->count[i] : 1;
        for (int64_t j = 0; j < m->p; j++) {
            if (isnan(m->x[i * m->p + j]))
                continue;
            double left = m->x[i * m->p + j] - eae_als_entry(als, als->u + i * als->rank, j);
            sum += c * left * left;
            for (int64_t k = 0; k < als->rank; k++) {
                double u = als->u[i * als->rank + k], v = als->v[j * als->rank + k];
                sum += als->lambda * c * (u * u + v * v);
            }
        }
    }
    return sum / 2;
}

/* ---- against the convex problem ---------------------------------------------------------------
 */

static void completions_are_those_of_the_trace_norm(void **state)
{
    expected_table t;
    (void)state;
    expected_read(&t, "als.tsv");
    int cases = 0, case_of = expected_column(&t, "case"), x_of = expected_column(&t, "x");
    int lambda_of = expected_column(&t, "lambda"), objective_of = expected_column(&t, "objective");
    int row_of = expected_column(&t, "row"), count_of = expected_column(&t, "count");
    int column_of = expected_column(&t, "column"), m_of = expected_column(&t, "m");
    for (int begin = 0, end; begin < t.rows; begin = end, cases++) {
        for (end = begin; end < t.rows && expected_number(&t, end, case_of) == cases;)
            end++;
        matrix m = {.n = (int64_t)expected_number(&t, end - 1, row_of) + 1,
                    .p = (int64_t)expected_number(&t, end - 1, column_of) + 1};
        m.x = EAE_NEW_ARRAY(double, m.n *m.p);
        m.count = EAE_NEW_ARRAY(double, m.n);
        for (int e = begin; e < end; e++) {
            m.x[e - begin] = expected_number(&t, e, x_of);
            m.count[(int)expected_number(&t, e, row_of)] = expected_number(&t, e, count_of);
        }
        eae_als_problem q =
            problem_of(&m, m.n < m.p ? m.n : m.p, expected_number(&t, begin, lambda_of));
        eae_als als;
        fit(&q, &als);
        assert_true(als.converged);
        double objective = expected_number(&t, begin, objective_of);
        assert_true(fabs(als.objective - objective) < EAE_TOLERANCE_OBJECTIVE * objective);
        for (int e = begin; e < end; e++) {
            int64_t i = (e - begin) / m.p, j = (e - begin) % m.p;
            double got = eae_als_entry(&als, als.u + i * als.rank, j);
            assert_true(fabs(got - expected_number(&t, e, m_of)) < EAE_TOLERANCE_COEFFICIENT);
        }
        eae_als_free(&als);
        free(q.x);
        matrix_free(&m);
    }
    assert_int_equal(cases, 4);
    expected_free(&t);
}

/* ---- its own definition -----------------------------------------------------------------------
 */

/* Neither from one iteration to the next, nor in the last step; and it is what als.h says. */
static void the_objective_never_rises(void **state)
{
    static const double missing[] = {0, 0.1, 0.8};
    enum { ITERATIONS = 60 };
    (void)state;
    for (int k = 0; k < 9; k++) {
        matrix m = planted(40, 90, 4, 1, missing[k % 3]);
        double trace[ITERATIONS];
        m.count = EAE_NEW_ARRAY(double, 40);
        for (int i = 0; i < 40; i++)
            m.count[i] = 1 + i % 3;
        eae_als_problem q = problem_of(&m, 6, pow(10, -k / 3 - 1));
        eae_als als;
        q.tol = 1e-300;
        q.max_iter = ITERATIONS;
        q.trace = trace;
        fit(&q, &als);
        assert_false(als.converged);
        assert_int_equal(als.iterations, ITERATIONS);
        double now = by_definition(&m, &als);
        assert_true(fabs(now - als.objective) < EAE_TOLERANCE_OBJECTIVE * now);
        for (int i = 1; i < ITERATIONS; i++)
            assert_true(trace[i] <= trace[i - 1] + EAE_TOLERANCE_SUM_F64 * trace[0]);
        assert_true(now <= trace[ITERATIONS - 1] + EAE_TOLERANCE_SUM_F64 * trace[0]);
        assert_true(now < 0.9 * trace[0]);
        eae_als_free(&als);
        free(q.x);
        matrix_free(&m);
    }
}

/* Every u and v solves its ridge regression: the gradient from the definition. */
static void both_gradients_vanish(void **state)
{
    matrix m = planted(30, 50, 3, 1, 0.3);
    eae_als_problem q = problem_of(&m, 4, 0.05);
    eae_als als;
    (void)state;
    q.tol = 1e-12;
    fit(&q, &als);
    assert_true(als.converged && als.gap <= 1e-12);
    double *du = EAE_NEW_ARRAY(double, 30 * 4), *dv = EAE_NEW_ARRAY(double, 50 * 4);
    double scale = 0;
    for (int64_t i = 0; i < 30; i++) {
        for (int64_t j = 0; j < 50; j++) {
            double x = m.x[i * 50 + j];
            if (isnan(x))
                continue;
            double left = eae_als_entry(&als, als.u + i * 4, j) - x;
            scale = fmax(scale, fabs(x));
            for (int k = 0; k < 4; k++) {
                du[i * 4 + k] += left * als.v[j * 4 + k] + 0.05 * als.u[i * 4 + k];
                dv[j * 4 + k] += left * als.u[i * 4 + k] + 0.05 * als.v[j * 4 + k];
            }
        }
    }
    for (int e = 0; e < 30 * 4; e++)
        assert_true(fabs(du[e]) < EAE_TOLERANCE_SOLUTION * 50 * scale);
    for (int e = 0; e < 50 * 4; e++)
        assert_true(fabs(dv[e]) < EAE_TOLERANCE_SOLUTION * 50 * scale);
    free(du);
    free(dv);
    eae_als_free(&als);
    free(q.x);
    matrix_free(&m);
}

/* ---- planted matrices -------------------------------------------------------------------------
 */

/* Half of the entries say what the other half is. */
static void a_planted_matrix_is_recovered(void **state)
{
    matrix whole = planted(60, 80, 3, 0, 0), m = planted(60, 80, 3, 0, 0);
    eae_random r;
    double square = 0, error = 0;
    eae_random_start(&r, 2, EAE_RANDOM_SYNTH_OTHER, 0);
    (void)state;
    for (int64_t e = 0; e < 60 * 80; e++) {
        if (eae_random_unit(&r) < 0.5)
            m.x[e] = NAN;
    }
    for (int seed = 1; seed <= 3; seed++) {
        eae_als_problem q = problem_of(&m, 3, 1e-9);
        eae_als als;
        q.max_iter = 1000;
        q.seed = (uint64_t)seed;
        fit(&q, &als);
        for (int64_t i = 0; i < 60; i++) {
            for (int64_t j = 0; j < 80; j++) {
                double x = whole.x[i * 80 + j];
                double left = x - eae_als_entry(&als, als.u + i * 3, j);
                square += x * x;
                error += isnan(m.x[i * 80 + j]) ? left * left : 0;
            }
        }
        assert_true(sqrt(error / square) < 1e-6);
        eae_als_free(&als);
        free(q.x);
    }
    matrix_free(&whole);
    matrix_free(&m);
}

/* ---- rows that took no part -------------------------------------------------------------------
 */

static void rows_are_fitted_to_known_factors(void **state)
{
    matrix m = planted(50, 70, 4, 0.5, 0.2);
    eae_als_problem q = problem_of(&m, 4, 0.02);
    eae_als als;
    (void)state;
    fit(&q, &als);
    /* the same rows again give their own u */
    double *x = eae_malloc(50 * 70, sizeof *x), *u = EAE_NEW_ARRAY(double, 50 * 4);
    memcpy(x, m.x, 50 * 70 * sizeof *x);
    assert_int_equal(eae_als_rows(&als, x, 50, u, 2), EAE_OK);
    for (int e = 0; e < 50 * 4; e++)
        assert_true(fabs(u[e] - als.u[e]) < EAE_TOLERANCE_SOLUTION);
    /* a row that is known nowhere, and one that is known once */
    for (int j = 0; j < 2 * 70; j++)
        x[j] = NAN;
    x[70 + 9] = 2;
    assert_int_equal(eae_als_rows(&als, x, 2, u, 1), EAE_OK);
    double *v = als.v + 9 * 4, length = 0;
    for (int k = 0; k < 4; k++)
        length += v[k] * v[k];
    for (int k = 0; k < 4; k++) {
        assert_true(u[k] == 0);
        assert_true(fabs(u[4 + k] - 2 * v[k] / (length + 0.02)) < EAE_TOLERANCE_SOLUTION);
    }
    free(x);
    free(u);
    eae_als_free(&als);
    free(q.x);
    matrix_free(&m);
}

/* ---- edges ------------------------------------------------------------------------------------
 */

static void lines_without_entries_get_zeros(void **state)
{
    matrix m = planted(20, 30, 2, 0.2, 0.1);
    (void)state;
    for (int j = 0; j < 30; j++)
        m.x[5 * 30 + j] = NAN;
    for (int i = 0; i < 20; i++)
        m.x[i * 30 + 7] = NAN;
    eae_als_problem q = problem_of(&m, 3, 0.05);
    eae_als als;
    fit(&q, &als);
    assert_true(als.converged);
    for (int k = 0; k < 3; k++)
        assert_true(als.u[5 * 3 + k] == 0 && als.v[7 * 3 + k] == 0);
    eae_als_free(&als);
    free(q.x);
    matrix_free(&m);
}

/* A row that counts three times is a row that is there three times. */
static void counts_are_repeated_rows(void **state)
{
    matrix m = planted(8, 30, 2, 0.4, 0.2), twice = {.n = 16, .p = 30};
    (void)state;
    m.count = EAE_NEW_ARRAY(double, 8);
    twice.x = eae_malloc(16 * 30, sizeof(double));
    for (int i = 0, at = 0; i < 8; i++) {
        m.count[i] = 1 + i % 3;
        for (int k = 0; k <= i % 3; k++, at++)
            memcpy(twice.x + at * 30, m.x + i * 30, 30 * sizeof(double));
        twice.n = at;
    }
    assert_int_equal(twice.n, 15);
    eae_als_problem qa = problem_of(&m, 3, 0.05), qb = problem_of(&twice, 3, 0.05);
    eae_als a, b;
    fit(&qa, &a);
    fit(&qb, &b);
    assert_true(fabs(a.objective - b.objective) < EAE_TOLERANCE_OBJECTIVE * a.objective);
    for (int j = 0; j < 30; j++)
        assert_true(fabs(eae_als_entry(&a, a.u + 2 * 3, j) - eae_als_entry(&b, b.u + 3 * 3, j)) <
                    EAE_TOLERANCE_COEFFICIENT);
    eae_als_free(&a);
    eae_als_free(&b);
    free(qa.x);
    free(qb.x);
    matrix_free(&m);
    matrix_free(&twice);
}

static void threads_do_not_change_bits(void **state)
{
    const eae_kernels *cpu;
    (void)state;
    assert_int_equal(eae_kernels_choose(EAE_BACKEND_AUTO, &cpu), EAE_OK);
    matrix m = planted(150, 700, 5, 1, 0.15);
    eae_als als[3];
    for (int t = 0; t < 3; t++) {
        eae_als_problem q = problem_of(&m, 5, 0.02);
        q.kernels = cpu;
        q.threads = 1 + 2 * t;
        q.max_iter = 7;
        fit(&q, &als[t]);
        free(q.x);
    }
    for (int t = 1; t < 3; t++) {
        assert_memory_equal(als[t].u, als[0].u, 150 * 5 * sizeof(double));
        assert_memory_equal(als[t].v, als[0].v, 700 * 5 * sizeof(double));
        assert_true(als[t].objective == als[0].objective && als[t].gap == als[0].gap);
    }
    for (int t = 0; t < 3; t++)
        eae_als_free(&als[t]);
    matrix_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completions_are_those_of_the_trace_norm),
        cmocka_unit_test(the_objective_never_rises),
        cmocka_unit_test(both_gradients_vanish),
        cmocka_unit_test(a_planted_matrix_is_recovered),
        cmocka_unit_test(rows_are_fitted_to_known_factors),
        cmocka_unit_test(lines_without_entries_get_zeros),
        cmocka_unit_test(counts_are_repeated_rows),
        cmocka_unit_test(threads_do_not_change_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
