/*
 * test_kernels.c - the kernels of a backend (backend.h) against the reference, the reference
 * against definitions and hand-made cases, and the promises of kernels.h: same bits at any number
 * of threads, equal columns give equal bits, symmetry, NaN.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "kernels/kernels.h"
#include "../tolerance.h"
#include "backend.h"

static const eae_kernels *tested;
static const eae_kernels *const ref = &eae_kernels_ref;

/* ---- random problems ---- */

typedef struct {
    eae_source source;
    int64_t *row; /* NULL: all rows */
    int64_t m;
    int64_t k;
    double *b; /* m x k */
    double *c; /* k x m, >= 0 */
    double *w; /* k x cols, some NaN */
    float *d;  /* k x cols */
} problem;

typedef struct {
    int64_t rows, cols, k;
    bool is_f64, rows_listed, features_listed, fill, design, shift, inverse;
} shape;

static double uniform(eae_random *r)
{
    return 2 * eae_random_unit(r) - 1;
}

static double *uniform_array(eae_random *r, int64_t n)
{
    double *a = eae_malloc((size_t)n, sizeof *a);
    for (int64_t i = 0; i < n; i++)
        a[i] = uniform(r);
    return a;
}

static void make_values(eae_random *r, const shape *s, eae_source *source)
{
    int64_t n = s->rows * s->cols;
    double *wide = uniform_array(r, n);
    float *narrow = eae_malloc((size_t)n, sizeof *narrow);
    for (int64_t i = 0; i < n; i++) {
        if (s->fill && eae_random_below(r, 10) == 0)
            wide[i] = NAN;
        narrow[i] = (float)wide[i];
    }
    source->is_f64 = s->is_f64;
    source->x = s->is_f64 ? (void *)wide : (void *)narrow;
    if (s->is_f64)
        free(narrow);
    else
        free(wide);
}

static void list_features(eae_random *r, eae_source *source)
{
    int64_t *feature = eae_malloc((size_t)source->cols + 1, sizeof *feature);
    source->feature_count = 0;
    for (int64_t j = 0; j < source->cols; j++) {
        if (eae_random_below(r, 3) > 0)
            feature[source->feature_count++] = j;
    }
    source->feature = feature;
}

static problem make_problem(uint64_t seed, const shape *s)
{
    enum { TERMS = 2 };
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_OTHER, 0);
    problem p = {.m = s->rows, .k = s->k};
    p.source = (eae_source){.rows = s->rows, .cols = s->cols, .feature_count = s->cols};
    make_values(&r, s, &p.source);
    if (s->features_listed)
        list_features(&r, &p.source);
    p.source.fill = s->fill ? uniform_array(&r, s->cols) : NULL;
    if (s->design) {
        p.source.terms = TERMS;
        p.source.design = uniform_array(&r, s->rows * TERMS);
        p.source.coef = uniform_array(&r, TERMS * s->cols);
    }
    p.source.shift = s->shift ? uniform_array(&r, s->cols) : NULL;
    p.source.inverse = s->inverse ? uniform_array(&r, s->cols) : NULL;
    if (s->rows_listed) {
        p.m = s->rows + 2; /* some repeat */
        p.row = eae_malloc((size_t)p.m, sizeof *p.row);
        for (int64_t i = 0; i < p.m; i++)
            p.row[i] = (int64_t)eae_random_below(&r, (uint64_t)s->rows);
    }
    p.b = uniform_array(&r, p.m * p.k);
    p.c = uniform_array(&r, p.m * p.k);
    p.w = uniform_array(&r, p.k * s->cols);
    p.d = eae_malloc((size_t)(p.k * s->cols), sizeof *p.d);
    for (int64_t i = 0; i < p.m * p.k; i++)
        p.c[i] = fabs(p.c[i]);
    for (int64_t i = 0; i < p.k * s->cols; i++) {
        p.d[i] = (float)fabs(uniform(&r));
        if (eae_random_below(&r, 5) == 0)
            p.w[i] = NAN;
    }
    return p;
}

static void free_problem(problem *p)
{
    const void *all[] = {p->source.x,
                         p->source.feature,
                         p->source.fill,
                         p->source.design,
                         p->source.coef,
                         p->source.shift,
                         p->source.inverse,
                         p->row,
                         p->b,
                         p->c,
                         p->w,
                         p->d};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free((void *)(uintptr_t)all[i]);
}

/* Sizes about the edges of tiles (16), blocks (256), row chunks (128) and panels (1024). */
static const shape shapes[] = {
    {1, 1, 1, false, false, false, false, false, false, false},
    {1, 2049, 1, false, false, false, false, false, false, false},
    {37, 1, 3, true, false, false, true, true, true, true},
    {2, 15, 5, false, true, false, true, false, true, true},
    {13, 257, 4, true, false, true, false, true, false, true},
    {19, 1023, 2, false, true, true, true, true, true, true},
    {24, 1025, 7, false, false, false, false, false, true, false},
    {33, 2047, 1, true, true, false, true, false, false, true},
    {17, 2048, 6, false, false, true, true, false, true, true},
    {31, 4113, 9, false, true, false, false, true, true, true},
    {259, 300, 5, false, false, false, true, true, true, true},
    {128, 255, 1, true, true, true, true, true, true, true},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* ---- comparison ---- */

static double *poisoned(int64_t n)
{
    double *a = eae_malloc((size_t)n, sizeof *a);
    memset(a, 0xff, (size_t)n * sizeof *a); /* NaN */
    return a;
}

/* |got - want| <= tolerance x magnitude, NaN where NaN is wanted */
static void assert_close(const double *got, const double *want, const double *magnitude, int64_t n,
                         double tolerance)
{
    for (int64_t i = 0; i < n; i++) {
        if (isnan(want[i]) ? !isnan(got[i])
                           : !(fabs(got[i] - want[i]) <= tolerance * (magnitude[i] + 1e-300)))
            fail_msg("entry %lld: got %.17g, want %.17g, magnitude %g", (long long)i, got[i],
                     want[i], magnitude[i]);
    }
}

/* All values and parameters are within -1 .. 1, so no |z| is above this; rounding errors are taken
 * relative to sums of such bounds, because z itself cancels. */
static double z_bound(const problem *p)
{
    const eae_source *s = &p->source;
    return (1 + (s->terms ? 2 : 0) + (s->shift ? 1 : 0)) * 1.0;
}

static void fill_magnitude(double *magnitude, int64_t n, double value)
{
    for (int64_t i = 0; i < n; i++)
        magnitude[i] = value;
}

static double tolerance_of(eae_precision precision)
{
    return precision == EAE_PRECISION_F32 ? EAE_TOLERANCE_SUM_F32 : EAE_TOLERANCE_SUM_F64;
}

/* ---- against ref; and the same bytes at 1, 2 and 4 threads (on an emulated device:
 * in another order of its threads) ---- */

typedef int (*run_fn)(const eae_kernels *kernels, const problem *p, eae_precision precision,
                      double *out, int threads);

static int run_gram(const eae_kernels *k, const problem *p, eae_precision precision, double *out,
                    int threads)
{
    return k->gram(&p->source, p->row, p->m, precision, out, threads);
}

static int run_weights(const eae_kernels *k, const problem *p, eae_precision precision, double *out,
                       int threads)
{
    (void)precision;
    return k->weights(&p->source, p->row, p->m, p->b, p->k, out, threads);
}

static int run_decision(const eae_kernels *k, const problem *p, eae_precision precision,
                        double *out, int threads)
{
    (void)precision;
    return k->decision(&p->source, p->row, p->m, p->w, p->k, out, threads);
}

static int run_gram_apply(const eae_kernels *k, const problem *p, eae_precision precision,
                          double *out, int threads)
{
    return k->gram_apply(&p->source, p->row, p->m, p->d, p->b, p->k, precision, out, threads);
}

static int run_moments(const eae_kernels *k, const problem *p, eae_precision precision, double *out,
                       int threads)
{
    (void)precision;
    int64_t n = p->k * p->source.cols;
    return k->moments(&p->source, p->row, p->m, p->c, p->k, out, out + n, out + 2 * n, threads);
}

static void check_kernel(run_fn run, const problem *p, eae_precision precision, int64_t n,
                         double magnitude, double tolerance)
{
    double *want = poisoned(n), *got = poisoned(n), *scale = poisoned(n);
    fill_magnitude(scale, n, magnitude);
    assert_int_equal(run(ref, p, precision, want, 1), EAE_OK);
    assert_int_equal(run(tested, p, precision, got, 1), EAE_OK);
    assert_close(got, want, scale, n, tolerance);
    for (int threads = 2; threads <= (test_cuda() ? 2 : 4); threads += 2) {
        double *again = poisoned(n);
        test_other_order(true);
        assert_int_equal(run(tested, p, precision, again, threads), EAE_OK);
        test_other_order(false);
        assert_memory_equal(again, got, (size_t)n * sizeof *got);
        free(again);
    }
    free(want);
    free(got);
    free(scale);
}

static void check_all_kernels(uint64_t seed, const shape *s)
{
    problem p = make_problem(seed, s);
    double z = z_bound(&p), rows = (double)p.m, cols = (double)p.source.cols;
    int64_t all = p.k * p.source.cols;
    for (eae_precision f = EAE_PRECISION_F32; f <= EAE_PRECISION_F64; f++) {
        check_kernel(run_gram, &p, f, p.m * p.m, z * z * cols, tolerance_of(f));
        check_kernel(run_gram_apply, &p, f, p.m * p.k, z * z * rows * cols, tolerance_of(f));
    }
    check_kernel(run_decision, &p, 0, p.m * p.k, z * cols, EAE_TOLERANCE_SUM_F64);
    /* own loops in the order of the reference: the same bits */
    check_kernel(run_weights, &p, 0, all, 0, 0);
    check_kernel(run_moments, &p, 0, 3 * all, 0, 0);
    free_problem(&p);
}

static void kernels_agree(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++)
        check_all_kernels(100 + (uint64_t)i, &shapes[i]);
}

static void kernels_agree_on_random_shapes(void **state)
{
    (void)state;
    eae_random r;
    eae_random_start(&r, 12, EAE_RANDOM_SYNTH_OTHER, 0);
    for (uint64_t i = 0; i < (test_cuda() ? 20 : 60); i++) {
        shape s = {.rows = 1 + (int64_t)eae_random_below(&r, 50),
                   .cols = 1 + (int64_t)eae_random_below(&r, 600),
                   .k = 1 + (int64_t)eae_random_below(&r, 10)};
        bool *const flag[] = {&s.is_f64, &s.rows_listed, &s.features_listed, &s.fill,
                              &s.design, &s.shift,       &s.inverse};
        for (size_t f = 0; f < sizeof flag / sizeof *flag; f++)
            *flag[f] = eae_random_below(&r, 2) == 1;
        check_all_kernels(1000 + i, &s);
    }
}

/* ---- promises ---- */

static void gram_is_symmetric(void **state)
{
    (void)state;
    for (eae_precision f = EAE_PRECISION_F32; f <= EAE_PRECISION_F64; f++) {
        problem p = make_problem(7, &shapes[9]);
        double *gram = poisoned(p.m * p.m);
        assert_int_equal(tested->gram(&p.source, p.row, p.m, f, gram, 2), EAE_OK);
        for (int64_t i = 0; i < p.m; i++) {
            for (int64_t j = 0; j < i; j++)
                assert_memory_equal(&gram[i * p.m + j], &gram[j * p.m + i], sizeof(double));
        }
        free(gram);
        free_problem(&p);
    }
}

/* Column j of the data is column j mod 3: whatever block, tile or tail it falls into, and with
 * whatever company, a third of the weights and moments are equal. */
static void equal_columns_give_equal_bits(void **state)
{
    (void)state;
    enum { ROWS = 301, COLS = 1027, K = 7 };
    eae_random r;
    eae_random_start(&r, 3, EAE_RANDOM_SYNTH_OTHER, 0);
    float *x = eae_malloc(ROWS * COLS, sizeof *x);
    double *b = uniform_array(&r, ROWS * K), *w = poisoned(K * COLS), *m = poisoned(3 * K * COLS);
    double *alone = poisoned(COLS), *one = eae_malloc(ROWS, sizeof *one);
    for (int64_t i = 0; i < ROWS * COLS; i++) {
        int64_t j = i % COLS;
        x[i] = j < 3 ? (float)uniform(&r) : x[i - j + j % 3];
    }
    eae_source s = {.x = x, .rows = ROWS, .cols = COLS, .feature_count = COLS};
    assert_int_equal(tested->weights(&s, NULL, ROWS, b, K, w, 2), EAE_OK);
    assert_int_equal(tested->moments(&s, NULL, ROWS, b, K, m, m + K * COLS, m + 2 * K * COLS, 2),
                     EAE_OK);
    for (int64_t i = 0; i < K * COLS; i++) {
        int64_t first = i - i % COLS + i % COLS % 3;
        assert_memory_equal(&w[i], &w[first], sizeof *w);
        for (int part = 0; part < 3; part++)
            assert_memory_equal(&m[part * K * COLS + i], &m[part * K * COLS + first], sizeof *m);
    }
    for (int64_t i = 0; i < ROWS; i++)
        one[i] = b[i * K + 5];
    assert_int_equal(tested->weights(&s, NULL, ROWS, one, 1, alone, 1), EAE_OK);
    assert_memory_equal(alone, w + 5 * COLS, COLS * sizeof *alone);
    free(x);
    free(b);
    free(w);
    free(m);
    free(alone);
    free(one);
}

/* By hand: x = (1, NaN, 3) and (2, 4, NaN) with fill 10 and 20, weights 1, 2, 4. */
static void missing_values(void **state)
{
    (void)state;
    const float x[] = {1, 2, NAN, 4, 3, NAN};
    const double fill[] = {10, 20}, shift[] = {1, 0}, inverse[] = {2, 1}, c[] = {1, 2, 4};
    eae_source s = {.x = x, .rows = 3, .cols = 2, .feature_count = 2};
    s.fill = fill;
    s.shift = shift;
    s.inverse = inverse;
    const eae_kernels *both[] = {ref, tested};
    for (int i = 0; i < 2; i++) {
        double weight[2], sum[2], square[2], w[2], y[3];
        assert_int_equal(both[i]->moments(&s, NULL, 3, c, 1, weight, sum, square, 1), EAE_OK);
        assert_true(weight[0] == 5 && weight[1] == 3);
        assert_true(sum[0] == 0 + 8 && sum[1] == 2 + 8);
        assert_true(square[0] == 0 + 16 && square[1] == 4 + 32);
        assert_int_equal(both[i]->moments(&s, NULL, 3, c, 1, NULL, sum, NULL, 1), EAE_OK);
        assert_true(sum[0] == 8 && sum[1] == 10);
        /* z = (0, 18, 4) and (2, 4, 20) */
        assert_int_equal(both[i]->weights(&s, NULL, 3, c, 1, w, 1), EAE_OK);
        assert_true(w[0] == 36 + 16 && w[1] == 2 + 8 + 80);
        const double half[] = {0.5, NAN};
        assert_int_equal(both[i]->decision(&s, NULL, 3, half, 1, y, 1), EAE_OK);
        assert_true(y[0] == 0 && y[1] == 9 && y[2] == 2);
        /* rows (0, 2), (18, 4), (4, 20); column sums 22 and 26 */
        const double gram[] = {4, 8, 40, 8, 340, 152, 40, 152, 416}, one[] = {1, 1, 1};
        const float d[] = {1, 0.5F};
        for (eae_precision f = EAE_PRECISION_F32; f <= EAE_PRECISION_F64; f++) {
            double got[9];
            assert_int_equal(both[i]->gram(&s, NULL, 3, f, got, 1), EAE_OK);
            assert_memory_equal(got, gram, sizeof gram);
            assert_int_equal(both[i]->gram_apply(&s, NULL, 3, d, one, 1, f, y, 1), EAE_OK);
            assert_true(y[0] == 2 * 13 && y[1] == 18 * 22 + 4 * 13 && y[2] == 4 * 22 + 20 * 13);
        }
    }
}

/* By hand: two terms, x - (1, 2) coef - shift, rows taken in the order 1, 0, 1. */
static void design_terms(void **state)
{
    (void)state;
    const float x[] = {10, 20, 30, 40};
    const double design[] = {1, 2, 0, 3}, coef[] = {1, 2, 3, 4}, shift[] = {1, 1};
    const int64_t row[] = {1, 0, 1};
    eae_source s = {.x = x, .rows = 2, .cols = 2, .feature_count = 2};
    s.design = design;
    s.coef = coef;
    s.terms = 2;
    s.shift = shift;
    const eae_kernels *both[] = {ref, tested};
    for (int i = 0; i < 2; i++) {
        /* z(0) = 10 - (1 + 6) - 1, 20 - (2 + 8) - 1; z(1) = 30 - 9 - 1, 40 - 12 - 1 */
        const double b[] = {1, 10, 100};
        double w[2];
        assert_int_equal(both[i]->weights(&s, row, 3, b, 1, w, 1), EAE_OK);
        assert_true(w[0] == 20 + 10 * 2 + 100 * 20 && w[1] == 27 + 10 * 9 + 100 * 27);
    }
}

/* The first missing value comes after two chunks of rows without any: sums so far must be kept. One
 * weighting and several go different ways, to the bits of the reference. */
static void late_missing_value(void **state)
{
    (void)state;
    enum { ROWS = 400, COLS = 1100, K = 3, N = K * COLS, M = 300 };
    eae_random r;
    eae_random_start(&r, 4, EAE_RANDOM_SYNTH_OTHER, 0);
    double *x = uniform_array(&r, ROWS * COLS), *c = uniform_array(&r, ROWS * K);
    double *want = poisoned(3 * N), *got = poisoned(3 * N), shift[COLS];
    float *narrow = EAE_NEW_ARRAY(float, ROWS *COLS);
    int64_t row[M];
    x[270 * COLS + 17] = NAN;
    x[290 * COLS + 1099] = NAN;
    for (int64_t i = 0; i < ROWS * COLS; i++)
        narrow[i] = (float)x[i];
    for (int64_t i = 0; i < M; i++)
        row[i] = ROWS - 1 - i;
    for (int64_t j = 0; j < COLS; j++)
        shift[j] = x[j];
    eae_source s = {.rows = ROWS, .cols = COLS, .feature_count = COLS};
    for (int way = 0; way < 16; way++) {
        int64_t k = way & 1 ? 1 : K, n = k * COLS, m = way & 2 ? M : ROWS;
        s.is_f64 = way & 4;
        s.x = s.is_f64 ? (void *)x : (void *)narrow;
        s.shift = way & 8 ? shift : NULL;
        const int64_t *rows = way & 2 ? row : NULL;
        memset(got, 0xff, 3 * N * sizeof *got);
        assert_int_equal(ref->moments(&s, rows, m, c, k, want, want + n, want + 2 * n, 1), EAE_OK);
        assert_int_equal(tested->moments(&s, rows, m, c, k, got, got + n, got + 2 * n, 3), EAE_OK);
        assert_memory_equal(got, want, (size_t)(3 * n) * sizeof *got);
        assert_true(got[17] != got[16] && got[1099] != got[1098]);
        assert_int_equal(tested->moments(&s, rows, m, c, k, NULL, NULL, got, 2), EAE_OK);
        assert_memory_equal(got, want + 2 * n, (size_t)n * sizeof *got);
    }
    free(narrow);
    free(x);
    free(c);
    free(want);
    free(got);
}

/* A feature that is missing throughout has no weight, and must not spoil the others' sum. */
static void missing_weight_hides_missing_value(void **state)
{
    (void)state;
    const double x[] = {1, NAN, 2, 5, NAN, 3};
    const double w[] = {1, NAN, 2, 10, NAN, NAN, 1, 1, 1};
    eae_source s = {.x = x, .is_f64 = true, .rows = 2, .cols = 3, .feature_count = 3};
    const eae_kernels *both[] = {ref, tested};
    for (int i = 0; i < 2; i++) {
        double y[6];
        assert_int_equal(both[i]->decision(&s, NULL, 2, w, 2, y, 1), EAE_OK);
        assert_true(y[0] == 5 && y[1] == 10 && y[2] == 11 && y[3] == 50);
        assert_int_equal(both[i]->decision(&s, NULL, 2, w, 3, y, 1), EAE_OK);
        assert_true(y[0] == 5 && y[1] == 10 && isnan(y[2]) && y[3] == 11 && isnan(y[5]));
    }
}

static void nothing_in_use(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 4};
    const int64_t none[] = {0};
    const float d[] = {1, 1};
    const double b[] = {1, 1};
    eae_source s = {.x = x, .rows = 2, .cols = 2, .feature = none, .feature_count = 0};
    double *gram = poisoned(4), *y = poisoned(2), *w = poisoned(2);
    w[0] = w[1] = 1;
    assert_int_equal(tested->gram(&s, NULL, 2, EAE_PRECISION_F32, gram, 2), EAE_OK);
    for (int i = 0; i < 4; i++)
        assert_true(gram[i] == 0);
    assert_int_equal(tested->decision(&s, NULL, 2, w, 1, y, 2), EAE_OK);
    assert_true(y[0] == 0 && y[1] == 0);
    assert_int_equal(tested->gram_apply(&s, NULL, 2, d, b, 1, EAE_PRECISION_F64, y, 2), EAE_OK);
    assert_true(y[0] == 0 && y[1] == 0);
    assert_int_equal(tested->weights(&s, NULL, 2, b, 1, w, 2), EAE_OK);
    assert_true(isnan(w[0]) && isnan(w[1]));
    free(gram);
    free(y);
    free(w);
}

/* Eight callers at once, as eae_parallel() does. */
typedef struct {
    const problem *p;
    double *gram;
    int status;
} caller;

static void *call_gram(void *argument)
{
    caller *c = argument;
    for (int i = 0; i < 5 && c->status == EAE_OK; i++)
        c->status = tested->gram(&c->p->source, c->p->row, c->p->m, EAE_PRECISION_F32, c->gram, 1);
    return NULL;
}

static void calls_from_many_threads(void **state)
{
    (void)state;
    enum { CALLERS = 8 };
    problem p = make_problem(9, &shapes[9]);
    double *want = poisoned(p.m * p.m);
    assert_int_equal(tested->gram(&p.source, p.row, p.m, EAE_PRECISION_F32, want, 1), EAE_OK);
    pthread_t thread[CALLERS];
    caller c[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        c[i] = (caller){&p, poisoned(p.m * p.m), EAE_OK};
        assert_int_equal(pthread_create(&thread[i], NULL, call_gram, &c[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(c[i].status, EAE_OK);
        assert_memory_equal(c[i].gram, want, (size_t)(p.m * p.m) * sizeof *want);
        free(c[i].gram);
    }
    free(want);
    free_problem(&p);
}

/* ---- data that a device keeps ---- */

static void assert_same_twice(run_fn run, const problem *p, int64_t n)
{
    double *sent = poisoned(n), *kept = poisoned(n);
    int64_t size = p->source.is_f64 ? sizeof(double) : sizeof(float);
    assert_int_equal(run(tested, p, EAE_PRECISION_F32, sent, 1), EAE_OK);
    eae_kernels_hold(tested, p->source.x, p->source.rows * p->source.cols * size);
    for (int k = 0; k < 2; k++) {
        memset(kept, 0xff, (size_t)n * sizeof *kept);
        assert_int_equal(run(tested, p, EAE_PRECISION_F32, kept, 1), EAE_OK);
        assert_memory_equal(kept, sent, (size_t)n * sizeof *kept);
    }
    eae_kernels_release(tested, p->source.x);
    free(sent);
    free(kept);
}

/* Sent with a call or there already: the same bits, whatever rows and columns are listed. */
static void held_data_give_the_same_bits(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        problem p = make_problem(300 + (uint64_t)i, &shapes[i]);
        int64_t all = p.k * p.source.cols;
        assert_same_twice(run_gram, &p, p.m * p.m);
        assert_same_twice(run_gram_apply, &p, p.m * p.k);
        assert_same_twice(run_decision, &p, p.m * p.k);
        assert_same_twice(run_weights, &p, all);
        assert_same_twice(run_moments, &p, 3 * all);
        free_problem(&p);
    }
}

/* After release() the memory may hold something else. */
static void released_data_are_read_anew(void **state)
{
    (void)state;
    double x[6] = {1, 2, 3, 4, 5, 6}, gram[4];
    eae_source s = {.x = x, .is_f64 = true, .rows = 2, .cols = 3, .feature_count = 3};
    for (int k = 0; k < 2; k++) {
        eae_kernels_hold(tested, x, sizeof x);
        eae_kernels_hold(tested, x, sizeof x);
        assert_int_equal(tested->gram(&s, NULL, 2, EAE_PRECISION_F64, gram, 1), EAE_OK);
        assert_true(gram[1] == (k ? 41 : 32));
        eae_kernels_release(tested, x); /* held once more */
        assert_int_equal(tested->gram(&s, NULL, 2, EAE_PRECISION_F64, gram, 1), EAE_OK);
        assert_true(gram[2] == (k ? 41 : 32));
        eae_kernels_release(tested, x);
        x[0] = 3.25;
        x[3] = 4;
    }
    eae_kernels_release(tested, gram); /* not held */
    eae_kernels_hold(tested, NULL, 8);
    eae_kernels_release(NULL, x);
}

/* More rows than one call to a device takes. */
static void decision_of_many_rows(void **state)
{
    (void)state;
    enum { ROWS = (1 << 15) + 77, COLS = 2 };
    eae_random r;
    eae_random_start(&r, 6, EAE_RANDOM_SYNTH_OTHER, 0);
    double *x = uniform_array(&r, ROWS * COLS), *got = poisoned(ROWS), *want = poisoned(ROWS);
    const double w[COLS] = {0.5, -2};
    eae_source s = {.x = x, .is_f64 = true, .rows = ROWS, .cols = COLS, .feature_count = COLS};
    assert_int_equal(tested->decision(&s, NULL, ROWS, w, 1, got, 2), EAE_OK);
    assert_int_equal(ref->decision(&s, NULL, ROWS, w, 1, want, 1), EAE_OK);
    for (int64_t i = 0; i < ROWS; i++)
        assert_true(fabs(got[i] - want[i]) <= 4 * EAE_TOLERANCE_SUM_F64);
    free(x);
    free(got);
    free(want);
}

/* ---- choice ---- */

static void choices(void **state)
{
    (void)state;
    const eae_kernels *k = NULL;
    assert_int_equal(eae_kernels_choose(EAE_BACKEND_REF, &k), EAE_OK);
    assert_ptr_equal(k, ref);
    assert_int_equal(eae_kernels_choose(EAE_BACKEND_AUTO, &k), EAE_OK);
    assert_string_equal(k->name, "cpu");
    assert_string_equal(tested->name, test_cuda() ? "cuda" : "cpu");
    assert_non_null(strstr(eae_kernels_identity(tested), test_cuda() ? "; cuda; " : "; cpu; "));
    assert_non_null(strstr(eae_kernels_identity(k), "; cpu; "));
    assert_non_null(strstr(eae_kernels_identity(k), "; OpenBLAS "));
    assert_non_null(strstr(eae_kernels_identity(ref), "; ref; "));
    assert_int_equal(eae_kernels_choose_for(EAE_BACKEND_AUTO, 1e5, &k), EAE_OK);
    assert_string_equal(k->name, "ref");
    assert_int_equal(eae_kernels_choose_for(EAE_BACKEND_AUTO, 1e9, &k), EAE_OK);
    assert_string_equal(k->name, "cpu");
    assert_int_equal(eae_kernels_choose_for(EAE_BACKEND_CPU, 1e5, &k), EAE_OK);
    assert_string_equal(k->name, "cpu");
    assert_int_equal(eae_kernels_choose_for(EAE_BACKEND_CPU, 5e13, &k), EAE_OK);
    assert_string_equal(k->name, "cpu");
    assert_int_equal(eae_kernels_choose_for(EAE_BACKEND_AUTO, 5e13, &k), EAE_OK);
    assert_true(!test_cuda() || strcmp(k->name, "cuda") == 0); /* where there is a device */
    assert_int_equal(eae_kernels_precision(200, 54675, false), EAE_PRECISION_F32);
    assert_int_equal(eae_kernels_precision(1024, 1024, false), EAE_PRECISION_F64);
    assert_int_equal(eae_kernels_precision(1024, 1025, false), EAE_PRECISION_F32);
    assert_int_equal(eae_kernels_precision(1024, 1025, true), EAE_PRECISION_F64);
}

static int load_cpu(void **state)
{
    (void)state;
    return test_backend(&tested);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices),
        cmocka_unit_test(kernels_agree),
        cmocka_unit_test(kernels_agree_on_random_shapes),
        cmocka_unit_test(gram_is_symmetric),
        cmocka_unit_test(equal_columns_give_equal_bits),
        cmocka_unit_test(missing_values),
        cmocka_unit_test(design_terms),
        cmocka_unit_test(late_missing_value),
        cmocka_unit_test(missing_weight_hides_missing_value),
        cmocka_unit_test(nothing_in_use),
        cmocka_unit_test(calls_from_many_threads),
        cmocka_unit_test(held_data_give_the_same_bits),
        cmocka_unit_test(released_data_are_read_anew),
        cmocka_unit_test(decision_of_many_rows),
    };
    return cmocka_run_group_tests_name("kernels", tests, load_cpu, NULL);
}
