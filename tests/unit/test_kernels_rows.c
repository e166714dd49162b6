/*
 * test_kernels_rows.c - the kernels over blocks of rows: against the reference; the same bits for
 * any number of threads, rows and vectors.
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
#include "kernels/kernels.h"
#include "../tolerance.h"
#include "backend.h"

/* Columns: more than two tiles and a rest that is no whole lane. */
enum { ROWS = 40, COLS = 2500 + 3, VECTORS = 5, LISTED = 27 };

static const eae_kernels *tested;
static const eae_kernels *const ref = &eae_kernels_ref;

static double uniform(eae_random *r)
{
    return 2 * eae_random_unit(r) - 1;
}

typedef struct {
    void *x;
    eae_source source;
    double *block; /* v, fill, shift, by of every vector */
    eae_row_vector vector[VECTORS];
    int64_t row[LISTED];
    double d[LISTED * VECTORS];
} problem;

/* Vector 0 has nothing done to it; the last two see missing values filled. */
static problem make_problem(uint64_t seed, bool is_f64, bool missing)
{
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_OTHER, 0);
    problem p = {.x = eae_malloc(ROWS * COLS, is_f64 ? 8 : 4)};
    for (int64_t k = 0; k < ROWS * COLS; k++) {
        double v = missing && eae_random_below(&r, 20) == 0 ? NAN : 5 + uniform(&r);
        if (is_f64)
            ((double *)p.x)[k] = v;
        else
            ((float *)p.x)[k] = (float)v;
    }
    p.block = eae_malloc(4 * VECTORS * COLS, sizeof(double));
    for (int64_t k = 0; k < 4 * VECTORS * COLS; k++)
        p.block[k] = uniform(&r);
    for (int q = 0; q < VECTORS; q++) {
        double *at = p.block + q * 4 * COLS;
        bool fills = missing || q >= VECTORS - 2;
        p.vector[q] = (eae_row_vector){.v = at, .fill = fills ? at + COLS : NULL};
        if (q > 0) {
            p.vector[q].shift = at + 2 * COLS;
            p.vector[q].by = at + 3 * COLS;
        }
    }
    for (int i = 0; i < LISTED; i++)
        p.row[i] = (int64_t)eae_random_below(&r, ROWS);
    for (int i = 0; i < LISTED * VECTORS; i++)
        p.d[i] = i / VECTORS % 3 == 0 ? 0 : uniform(&r);
    p.source =
        (eae_source){.x = p.x, .is_f64 = is_f64, .rows = ROWS, .cols = COLS, .feature_count = COLS};
    return p;
}

static void free_problem(problem *p)
{
    free(p->x);
    free(p->block);
}

static void assert_near(const double *a, const double *b, int64_t n, double tolerance)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(fabs(a[i] - b[i]) <= tolerance))
            fail_msg("element %lld: %.17g and %.17g", (long long)i, a[i], b[i]);
    }
}

static void values_case(bool is_f64, bool missing)
{
    problem p = make_problem(1, is_f64, missing);
    double a[LISTED * VECTORS], b[LISTED * VECTORS];
    assert_int_equal(tested->row_values(&p.source, p.row, LISTED, p.vector, VECTORS, a, 4), EAE_OK);
    assert_int_equal(ref->row_values(&p.source, p.row, LISTED, p.vector, VECTORS, b, 1), EAE_OK);
    assert_near(a, b, LISTED * VECTORS, 8.0 * COLS * EAE_TOLERANCE_SUM_F64);
    /* one thread, one row and one vector at a time: the same bits */
    for (int i = 0; i < LISTED; i++) {
        for (int q = 0; q < VECTORS; q++) {
            double one;
            assert_int_equal(tested->row_values(&p.source, p.row + i, 1, p.vector + q, 1, &one, 1),
                             EAE_OK);
            assert_true(one == a[i * VECTORS + q]);
        }
    }
    assert_int_equal(tested->row_values(&p.source, NULL, ROWS, p.vector, 1, a, 2), EAE_OK);
    assert_int_equal(ref->row_values(&p.source, NULL, ROWS, p.vector, 1, b, 1), EAE_OK);
    assert_near(a, b, ROWS, 8.0 * COLS * EAE_TOLERANCE_SUM_F64);
    free_problem(&p);
}

static void test_values(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++)
        values_case(k & 1, k & 2);
}

static void update_case(bool is_f64, bool missing)
{
    problem a = make_problem(2, is_f64, missing), b = make_problem(2, is_f64, missing);
    problem c = make_problem(2, is_f64, missing);
    assert_int_equal(tested->row_update(&a.source, a.row, LISTED, a.d, a.vector, VECTORS, 4),
                     EAE_OK);
    assert_int_equal(ref->row_update(&b.source, b.row, LISTED, b.d, b.vector, VECTORS, 1), EAE_OK);
    for (int q = 0; q < VECTORS; q++) {
        double d[LISTED];
        for (int i = 0; i < LISTED; i++)
            d[i] = c.d[i * VECTORS + q];
        assert_near(a.vector[q].v, b.vector[q].v, COLS, 8.0 * LISTED * EAE_TOLERANCE_SUM_F64);
        assert_int_equal(tested->row_update(&c.source, c.row, LISTED, d, c.vector + q, 1, 1),
                         EAE_OK);
        assert_memory_equal(a.vector[q].v, c.vector[q].v, COLS * sizeof(double));
    }
    free_problem(&a);
    free_problem(&b);
    free_problem(&c);
}

static void test_update(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++)
        update_case(k & 1, k & 2);
}

static int setup(void **state)
{
    (void)state;
    return test_backend(&tested);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_update)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
