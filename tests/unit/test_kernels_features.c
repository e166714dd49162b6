/*
 * test_kernels_features.c - the kernels over data turned over: against the reference and against
 * the kernels over rows; the same bits at any number of threads and for equal features.
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

enum { ROWS = 45, COLS = 700, VECTORS = 7 };

static const eae_kernels *tested;
static const eae_kernels *const ref = &eae_kernels_ref;

static double uniform(eae_random *r)
{
    return 2 * eae_random_unit(r) - 1;
}

typedef struct {
    eae_source source;
    float *x;
    double *shift, *inverse;
    int64_t *row, m;         /* some of the rows, out of order */
    int64_t *feature, count; /* some of the features */
    double *b;               /* ROWS x VECTORS, 0 for rows that are not listed */
} problem;

static problem make_problem(uint64_t seed)
{
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_OTHER, 0);
    problem p = {0};
    p.x = eae_malloc(ROWS * COLS, sizeof *p.x);
    p.shift = eae_malloc(COLS, sizeof *p.shift);
    p.inverse = eae_malloc(COLS, sizeof *p.inverse);
    for (int i = 0; i < ROWS * COLS; i++)
        p.x[i] = (float)(5 + uniform(&r));
    for (int j = 0; j < COLS; j++) {
        p.shift[j] = 5 + 0.1 * uniform(&r);
        p.inverse[j] = 1 + uniform(&r) / 2;
    }
    p.row = eae_malloc(ROWS, sizeof *p.row);
    for (int i = 0; i < ROWS; i++) {
        if (eae_random_below(&r, 4) > 0)
            p.row[p.m++] = i;
    }
    eae_random_shuffle(&r, p.row, (size_t)p.m);
    p.feature = eae_malloc(COLS, sizeof *p.feature);
    for (int j = 0; j < COLS; j++) {
        if (eae_random_below(&r, 3) > 0)
            p.feature[p.count++] = j;
    }
    p.b = EAE_NEW_ARRAY(double, ROWS *VECTORS);
    for (int64_t i = 0; i < p.m * VECTORS; i++)
        p.b[p.row[i / VECTORS] * VECTORS + i % VECTORS] = uniform(&r);
    p.source = (eae_source){.x = p.x, .rows = ROWS, .cols = COLS, .feature_count = COLS};
    return p;
}

static void free_problem(problem *p)
{
    free(p->x);
    free(p->shift);
    free(p->inverse);
    free(p->row);
    free(p->feature);
    free(p->b);
}

/* The data turned over as they are (f32), or as z (f64). */
static eae_features turned(const eae_kernels *kernels, const problem *p, bool is_f64)
{
    eae_features f = {
        .is_f64 = is_f64, .rows = ROWS, .ld = eae_features_stride(ROWS), .cols = COLS};
    void *x = eae_try_alloc((size_t)(COLS * f.ld), is_f64 ? 8 : 4, "features");
    eae_source source = p->source;
    if (is_f64) {
        source.shift = p->shift;
        source.inverse = p->inverse;
    } else {
        f.shift = p->shift;
        f.inverse = p->inverse;
    }
    assert_int_equal(kernels->turn(&source, NULL, ROWS, is_f64, x, 2), EAE_OK);
    f.x = x;
    return f;
}

static void assert_near(const double *a, const double *b, int64_t n, double tolerance)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(fabs(a[i] - b[i]) <= tolerance))
            fail_msg("element %lld: %.17g and %.17g", (long long)i, a[i], b[i]);
    }
}

static void test_turn(void **state)
{
    (void)state;
    problem p = make_problem(1);
    eae_features f = turned(tested, &p, false);
    const float *x = f.x;
    for (int64_t j = 0; j < COLS; j++) {
        for (int64_t i = 0; i < f.ld; i++)
            assert_true(x[j * f.ld + i] == (i < ROWS ? p.x[i * COLS + j] : 0));
    }
    for (int is_f64 = 0; is_f64 < 2; is_f64++) {
        eae_features a = turned(tested, &p, is_f64), b = turned(ref, &p, is_f64);
        assert_memory_equal(a.x, b.x, (size_t)(COLS * f.ld * (is_f64 ? 8 : 4)));
        free((void *)a.x);
        free((void *)b.x);
    }
    free((void *)f.x);
    free_problem(&p);
}

/* Only the rows and features that are listed are turned. */
static void test_turn_part(void **state)
{
    (void)state;
    problem p = make_problem(2);
    p.source.feature = p.feature;
    p.source.feature_count = p.count;
    int64_t ld = eae_features_stride(p.m);
    float *x = eae_try_alloc((size_t)(COLS * ld), sizeof *x, "features");
    for (int64_t i = 0; i < COLS * ld; i++)
        x[i] = -1;
    assert_int_equal(tested->turn(&p.source, p.row, p.m, false, x, 1), EAE_OK);
    for (int64_t f = 0; f < p.count; f++) {
        for (int64_t i = 0; i < p.m; i++)
            assert_true(x[p.feature[f] * ld + i] == p.x[p.row[i] * COLS + p.feature[f]]);
    }
    int64_t untouched = 0;
    for (int64_t j = 0; j < COLS; j++)
        untouched += x[j * ld] == -1;
    assert_int_equal(untouched, COLS - p.count);
    free(x);
    free_problem(&p);
}

static void test_weights(void **state)
{
    (void)state;
    problem p = make_problem(3);
    for (int is_f64 = 0; is_f64 < 2; is_f64++) {
        eae_features f = turned(tested, &p, is_f64);
        for (int64_t k = 1; k <= VECTORS; k++) {
            double b[ROWS * VECTORS], a[COLS * VECTORS], want[COLS * VECTORS];
            for (int64_t i = 0; i < ROWS * k; i++)
                b[i] = p.b[i / k * VECTORS + i % k];
            tested->feature_weights(&f, p.feature, p.count, b, k, a);
            ref->feature_weights(&f, p.feature, p.count, b, k, want);
            assert_near(a, want, p.count * k, ROWS * 10 * EAE_TOLERANCE_SUM_F64);
        }
        free((void *)f.x);
    }
    free_problem(&p);
}

/* Weights of the turned data are those of the kernel over rows. */
static void test_weights_of_rows(void **state)
{
    (void)state;
    problem p = make_problem(4);
    eae_features f = turned(tested, &p, false);
    eae_source source = p.source;
    source.shift = p.shift;
    source.inverse = p.inverse;
    double w[COLS], want[COLS], b[ROWS];
    for (int i = 0; i < ROWS; i++)
        b[i] = p.b[i * VECTORS];
    tested->feature_weights(&f, NULL, COLS, b, 1, w);
    ref->weights(&source, NULL, ROWS, b, 1, want, 1);
    assert_near(w, want, COLS, ROWS * 10 * EAE_TOLERANCE_SUM_F64);
    free((void *)f.x);
    free_problem(&p);
}

/* A feature's weight does not depend on where it stands or on how many vectors there are. */
static void test_equal_bits(void **state)
{
    (void)state;
    problem p = make_problem(5);
    for (int i = 0; i < ROWS; i++)
        p.x[i * COLS + COLS - 1] = p.x[i * COLS];
    p.shift[COLS - 1] = p.shift[0];
    p.inverse[COLS - 1] = p.inverse[0];
    eae_features f = turned(tested, &p, false);
    double all[COLS * VECTORS], one[2], b[ROWS];
    const int64_t last = COLS - 1;
    tested->feature_weights(&f, NULL, COLS, p.b, VECTORS, all);
    for (int q = 0; q < VECTORS; q++) {
        assert_true(all[q] == all[(COLS - 1) * VECTORS + q]);
        for (int i = 0; i < ROWS; i++)
            b[i] = p.b[i * VECTORS + q];
        tested->feature_weights(&f, &last, 1, b, 1, one);
        assert_true(one[0] == all[q]);
    }
    free((void *)f.x);
    free_problem(&p);
}

static void gram_case(const problem *p, bool is_f64, eae_precision precision, double tolerance)
{
    eae_features f = turned(tested, p, is_f64);
    int64_t m = p->m;
    double *want = EAE_NEW_ARRAY(double, m *m), *gram = EAE_NEW_ARRAY(double, m *m),
           *four = EAE_NEW_ARRAY(double, m *m);
    ref->feature_gram(&f, p->feature, p->count, p->row, m, precision, 1, want, 1);
    tested->feature_gram(&f, p->feature, p->count, p->row, m, precision, 1, gram, 1);
    tested->feature_gram(&f, p->feature, p->count, p->row, m, precision, 1, four, 4);
    assert_near(gram, want, m * m, tolerance);
    assert_memory_equal(gram, four, (size_t)(m * m) * sizeof *gram);
    /* removing half of them leaves the Gram matrix of the rest */
    int64_t half = p->count / 2;
    tested->feature_gram(&f, p->feature, half, p->row, m, precision, -1, gram, 2);
    memset(want, 0, (size_t)(m * m) * sizeof *want);
    ref->feature_gram(&f, p->feature + half, p->count - half, p->row, m, precision, 1, want, 1);
    assert_near(gram, want, m * m, 2 * tolerance);
    for (int64_t i = 0; i < m * m; i++)
        assert_true(gram[i] == gram[i % m * m + i / m]);
    free(want);
    free(gram);
    free(four);
    free((void *)f.x);
}

static void test_gram(void **state)
{
    (void)state;
    problem p = make_problem(6);
    double products = 4.0 * (double)p.count; /* a bound of the sum of their absolute values */
    for (int is_f64 = 0; is_f64 < 2; is_f64++) {
        gram_case(&p, is_f64, EAE_PRECISION_F64, products * EAE_TOLERANCE_SUM_F64);
        gram_case(&p, is_f64, EAE_PRECISION_F32, products * EAE_TOLERANCE_SUM_F32);
    }
    free_problem(&p);
}

static eae_rough new_rough(const eae_features *f)
{
    eae_rough r = {.ld = f->ld};
    r.value = eae_try_alloc((size_t)(f->cols * f->ld), 1, "features");
    r.middle = eae_malloc((size_t)f->cols, sizeof(double));
    r.step = eae_malloc((size_t)f->cols, sizeof(double));
    r.left = eae_malloc((size_t)f->cols, sizeof(double));
    return r;
}

static void free_rough(eae_rough *r)
{
    free(r->value);
    free(r->middle);
    free(r->step);
    free(r->left);
}

/* What is left is as it says, and half a step a row at most. */
static void assert_rough(const eae_features *f, const eae_rough *r)
{
    for (int64_t j = 0; j < f->cols; j++) {
        double square = 0;
        for (int64_t i = 0; i < f->ld; i++) {
            int64_t at = j * f->ld + i;
            double x = f->is_f64 ? ((const double *)f->x)[at] : (double)((const float *)f->x)[at];
            double d = x - r->middle[j] - r->step[j] * r->value[at];
            square += i < f->rows ? d * d : 0;
            assert_true(r->value[at] >= -127 && (i < f->rows || r->value[at] == 0));
        }
        assert_true(r->left[j] >= sqrt(square));
        assert_true(r->left[j] <= 0.51 * r->step[j] * sqrt((double)f->rows) + 1e-12);
    }
}

static void rough_case(const eae_features *f)
{
    const eae_kernels *const table[] = {tested, ref};
    for (int t = 0; t < 2; t++) {
        eae_rough r = new_rough(f);
        assert_int_equal(table[t]->rough_make(f, &r, 2), EAE_OK);
        assert_rough(f, &r);
        free_rough(&r);
    }
}

static void test_rough(void **state)
{
    (void)state;
    problem p = make_problem(7);
    for (int i = 0; i < ROWS; i++) { /* a constant, and one far from 0 */
        p.x[i * COLS + 1] = 3;
        p.x[i * COLS + 2] += 1e4F;
    }
    for (int is_f64 = 0; is_f64 < 2; is_f64++) {
        eae_features f = turned(tested, &p, is_f64);
        rough_case(&f);
        free((void *)f.x);
    }
    p.x[COLS + 3] = NAN;
    p.x[4] = INFINITY;
    eae_features f = turned(tested, &p, false);
    eae_rough r = new_rough(&f);
    tested->rough_make(&f, &r, 1);
    assert_true(isinf(r.left[3]) && isinf(r.left[4]) && isfinite(r.left[5]));
    free_rough(&r);
    free((void *)f.x);
    free_problem(&p);
}

/* Whole numbers, up to the largest that there may be. */
static void test_rough_dots(void **state)
{
    (void)state;
    problem p = make_problem(8);
    eae_features f = turned(tested, &p, false);
    eae_rough r = new_rough(&f);
    eae_random random;
    eae_random_start(&random, 9, EAE_RANDOM_SYNTH_OTHER, 0);
    _Alignas(32) int16_t v[ROWS + 16] = {0};
    int32_t feature[COLS], dot[COLS], want[COLS];
    tested->rough_make(&f, &r, 1);
    memset(r.value, -127, (size_t)f.ld); /* of the first */
    int64_t most = eae_rough_most(f.ld);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < ROWS; i++)
            v[i] = (int16_t)(k ? -most : (int64_t)eae_random_below(&random, 2000) - 1000);
        for (int j = 0; j < COLS; j++)
            feature[j] = (j * 3) % COLS;
        tested->rough_dots(&r, feature, COLS, v, dot);
        ref->rough_dots(&r, feature, COLS, v, want);
        assert_memory_equal(dot, want, sizeof dot);
    }
    assert_int_equal(dot[0], 127 * most * ROWS);
    free_rough(&r);
    free((void *)f.x);
    free_problem(&p);
}

static int setup(void **state)
{
    (void)state;
    return test_backend(&tested);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turn),       cmocka_unit_test(test_turn_part),
        cmocka_unit_test(test_weights),    cmocka_unit_test(test_weights_of_rows),
        cmocka_unit_test(test_equal_bits), cmocka_unit_test(test_gram),
        cmocka_unit_test(test_rough),      cmocka_unit_test(test_rough_dots),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
