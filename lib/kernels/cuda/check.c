/* check.c - see check.h. */
#include "kernels/cuda/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/cuda.h"

/* More than a tile of rows and than a slice of features, whole multiples of neither. */
enum {
    ROWS = 67,
    COLS = 1029,
    VECTORS = 3,
    PRODUCTS = 45,
    ROOM = ROWS * ROWS + 3 * VECTORS * COLS /* the largest result, and what a trial works on */
};

typedef struct {
    _Alignas(64) float turned[COLS * (ROWS / 16 + 1) * 16];
    float x[ROWS * COLS], d[VECTORS * COLS];
    double shift[COLS], inverse[COLS], w[VECTORS * COLS], b[ROWS * VECTORS], c[ROWS * VECTORS];
    double got[ROOM], want[ROOM];
} problem;

typedef struct {
    const char *what;
    int64_t count; /* numbers in the result */
    double tolerance;
    int (*run)(const eae_kernels *kernels, const problem *p, double *out);
} trial;

static eae_source source_of(const problem *p)
{
    return (eae_source){.x = p->x,
                        .rows = ROWS,
                        .cols = COLS,
                        .feature_count = COLS,
                        .shift = p->shift,
                        .inverse = p->inverse};
}

static eae_features features_of(const problem *p)
{
    return (eae_features){.x = p->turned,
                          .rows = ROWS,
                          .ld = eae_features_stride(ROWS),
                          .cols = COLS,
                          .shift = p->shift,
                          .inverse = p->inverse};
}

static int gram_f32(const eae_kernels *k, const problem *p, double *out)
{
    eae_source s = source_of(p);
    return k->gram(&s, NULL, ROWS, EAE_PRECISION_F32, out, 1);
}

static int gram_f64(const eae_kernels *k, const problem *p, double *out)
{
    eae_source s = source_of(p);
    return k->gram(&s, NULL, ROWS, EAE_PRECISION_F64, out, 1);
}

static int weights(const eae_kernels *k, const problem *p, double *out)
{
    eae_source s = source_of(p);
    return k->weights(&s, NULL, ROWS, p->b, VECTORS, out, 1);
}

static int decision(const eae_kernels *k, const problem *p, double *out)
{
    eae_source s = source_of(p);
    return k->decision(&s, NULL, ROWS, p->w, VECTORS, out, 1);
}

static int gram_apply(const eae_kernels *k, const problem *p, double *out)
{
    eae_source s = source_of(p);
    return k->gram_apply(&s, NULL, ROWS, p->d, p->b, VECTORS, EAE_PRECISION_F64, out, 1);
}

static int moments(const eae_kernels *k, const problem *p, double *out)
{
    eae_source s = source_of(p);
    return k->moments(&s, NULL, ROWS, p->c, VECTORS, out, out + VECTORS * COLS,
                      out + 2 * VECTORS * COLS, 1);
}

static int feature_weights(const eae_kernels *k, const problem *p, double *out)
{
    eae_features f = features_of(p);
    return k->feature_weights(&f, NULL, COLS, p->b, VECTORS, out);
}

static int feature_gram(const eae_kernels *k, const problem *p, double *out)
{
    eae_features f = features_of(p);
    memset(out, 0, (size_t)(ROWS * ROWS) * sizeof *out);
    return k->feature_gram(&f, NULL, COLS, NULL, ROWS, EAE_PRECISION_F32, 1, out, 1);
}

static int multiply(const eae_kernels *k, const problem *p, double *out)
{
    return k->multiply(true, true, VECTORS, PRODUCTS, ROWS, 1, p->b, p->w, 0, out);
}

/* By how much the device's solution misses the conditions of optimality: the box, the sum, and
 * gradients of entries that can grow against those that can shrink. That should be nothing, which
 * is what stands for the processor. */
static int machine(const eae_kernels *k, const problem *p, double *out)
{
    const double cost = 0.02;
    double *gram = out + 3, *b = gram + ROWS * ROWS, *y = b + ROWS, *c = y + ROWS;
    double up = -INFINITY, down = -INFINITY, sum = 0, outside = 0;
    memset(out, 0, 3 * sizeof *out);
    if (!k->svm_solve)
        return EAE_OK;
    eae_source s = source_of(p);
    if (eae_cuda_host->near->gram(&s, NULL, ROWS, EAE_PRECISION_F64, gram, 1) != EAE_OK)
        return EAE_FAIL;
    for (int64_t i = 0; i < ROWS; i++) {
        y[i] = p->b[i] > 0 ? 1 : -1;
        c[i] = cost;
        b[i] = 0;
    }
    eae_svm_task task = {.gram = gram, .rows = ROWS, .ld = ROWS, .n = ROWS, .ratio = 1, .y = y};
    task.cost = c;
    task.b = b;
    if (k->svm_solve(false, &task, 1) != EAE_OK)
        return EAE_FAIL;
    for (int64_t i = 0; i < ROWS; i++) {
        double g = -y[i], a = y[i] * b[i];
        for (int64_t l = 0; l < ROWS; l++)
            g += gram[i * ROWS + l] * b[l];
        if (y[i] > 0 ? a < cost : a > 0)
            up = fmax(up, -g);
        if (y[i] > 0 ? a > 0 : a < cost)
            down = fmax(down, g);
        outside = fmax(outside, fmax(-a, a - cost));
        sum += b[i];
    }
    out[0] = task.solved ? fmax(up + down, 0) : NAN;
    out[1] = sum;
    out[2] = outside;
    return EAE_OK;
}

/* Numbers in -1 .. 1, the same everywhere. */
static double next(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (double)(int32_t)(*state >> 32) / 0x1p31;
}

static void fill(double *a, int64_t n, uint64_t *state)
{
    for (int64_t i = 0; i < n; i++)
        a[i] = next(state);
}

static int make(problem *p, const eae_kernels *near)
{
    uint64_t state = 1;
    for (int64_t i = 0; i < ROWS * COLS; i++)
        p->x[i] = (float)next(&state);
    fill(p->shift, COLS, &state);
    fill(p->inverse, COLS, &state);
    fill(p->w, VECTORS * COLS, &state);
    fill(p->b, ROWS * VECTORS, &state);
    for (int64_t i = 0; i < ROWS * VECTORS; i++)
        p->c[i] = fabs(p->b[i]);
    for (int64_t i = 0; i < VECTORS * COLS; i++)
        p->d[i] = (float)p->w[i];
    eae_source plain = {.x = p->x, .rows = ROWS, .cols = COLS, .feature_count = COLS};
    return near->turn(&plain, NULL, ROWS, false, p->turned, 1);
}

static int compare(const trial *t, problem *p, const eae_kernels *far, const eae_kernels *near)
{
    memset(p->got, 0xff, sizeof p->got); /* NaN */
    if (t->run(far, p, p->got) != EAE_OK || t->run(near, p, p->want) != EAE_OK)
        return EAE_FAIL;
    for (int64_t i = 0; i < t->count; i++) {
        if (!(fabs(p->got[i] - p->want[i]) <= t->tolerance))
            return eae_cuda_host->fail("the CUDA device computes a wrong %s (%.9g, not %.9g)",
                                       t->what, p->got[i], p->want[i]);
    }
    return EAE_OK;
}

int eae_cuda_check_device(const eae_kernels *far, const eae_kernels *near)
{
    /* |z| <= 2; sums of 1,029 or 67 products */
    static const trial all[] = {
        {"Gram matrix in f32", ROWS * ROWS, 1e-2, gram_f32},
        {"Gram matrix in f64", ROWS * ROWS, 1e-9, gram_f64},
        {"weight", VECTORS * COLS, 1e-11, weights},
        {"decision value", ROWS * VECTORS, 1e-9, decision},
        {"product with a Gram matrix", ROWS * VECTORS, 1e-8, gram_apply},
        {"moment", 3 * VECTORS * COLS, 1e-11, moments},
        {"weight of a feature", VECTORS * COLS, 1e-11, feature_weights},
        {"Gram matrix of features", ROWS * ROWS, 1e-2, feature_gram},
        {"support vector machine", 3, 1e-8, machine},
        {"product of matrices", VECTORS * PRODUCTS, 1e-11, multiply},
    };
    problem *p = aligned_alloc(64, (sizeof *p + 63) / 64 * 64);
    if (!p)
        return eae_cuda_host->fail("cannot allocate %zu bytes", sizeof *p);
    memset(p, 0, sizeof *p);
    int status = make(p, near);
    for (size_t i = 0; i < sizeof all / sizeof *all && status == EAE_OK; i++)
        status = compare(&all[i], p, far, near);
    free(p);
    return status;
}
