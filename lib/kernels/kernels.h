/*
 * kernels.h - the table of compute kernels, and how one is chosen.
 *
 * Pure computation over the caller's memory: no files, no options, no printing. Implementations:
 * `ref` (plain C, kept for ever, what the others are checked against; built in), `cpu` (OpenMP,
 * OpenBLAS, LAPACKE, SIMD: libeae-cpu.so, loaded when first needed) and `cuda` (one NVIDIA device:
 * libeae-cuda.so, where it was built; what it does not compute, cpu or ref do).
 *
 * Matrices are row-major. Sizes are int64_t. All functions return a status; only "not enough
 * memory" and what is stated can fail. Results are the same for any `threads`: panels have fixed
 * size and are summed in index order, no kernel uses atomics on floats, and BLAS runs on one thread
 * inside our own parallel regions. Kernels of one table may be called from several threads at once
 * (each with threads = 1).
 */
#ifndef EAE_KERNELS_KERNELS_H
#define EAE_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/*
 * A view of the data: which values, and what is done to each before it is used:
 *
 *     z(i, j) = ((x(i, j), or fill[j] where it is NaN) - sum_t design(i, t) coef(t, j) - shift[j])
 *               * inverse[j]
 *
 * Any of fill, design, shift, inverse may be NULL (not applied). `feature` lists the columns in use
 * (strictly increasing); NULL means all. Per-column arrays are always indexed by the column number
 * in x, 0 .. cols-1, also when `feature` selects some.
 */
typedef struct eae_source {
    const void *x; /* rows x cols, f32 or f64 */
    bool is_f64;
    int64_t rows;
    int64_t cols;
    const int64_t *feature;
    int64_t feature_count; /* cols when feature is NULL */
    const double *fill;
    const double *design; /* rows x terms */
    const double *coef;   /* terms x cols */
    int64_t terms;
    const double *shift;
    const double *inverse;
} eae_source;

/*
 * The data turned over: the values of a feature lie side by side, so that work on few features
 * reads little. Value of feature j in row i: x[j * ld + i]; and
 *
 *     z(i, j) = (x[j * ld + i] - shift[j]) * inverse[j]
 *
 * x is 64-byte aligned, ld a multiple of 16 with zeros behind `rows` (eae_features_stride). shift
 * and inverse may be NULL.
 */
typedef struct eae_features {
    const void *x; /* cols x ld, f32 or f64 */
    bool is_f64;
    int64_t rows;
    int64_t ld;
    int64_t cols;
    const double *shift;
    const double *inverse;
} eae_features;

static inline int64_t eae_features_stride(int64_t rows)
{
    return (rows + 15) / 16 * 16;
}

static inline int64_t eae_features_bytes(const eae_features *features)
{
    int64_t size = (int64_t)(features->is_f64 ? sizeof(double) : sizeof(float));
    return features->cols * features->ld * size;
}

/*
 * The same in 8 bits, for bounds: x[j * ld + i] = middle[j] + step[j] value[j * ld + i] + a rest,
 * whose length over all rows is at most left[j]; value is within -127 .. 127, 0 behind the rows. A
 * feature with values that are not finite has an infinite `left`.
 */
typedef struct eae_rough {
    int8_t *value; /* cols x ld, 64-byte aligned */
    double *middle, *step, *left;
    int64_t ld;
} eae_rough;

/* The largest size of a number of a vector that rough_dots() takes. */
static inline int64_t eae_rough_most(int64_t ld)
{
    int64_t most = INT32_MAX / (127 * ld);
    return most < INT16_MAX ? most : INT16_MAX;
}

/*
 * A vector over the columns that takes part in row_values and row_update, and how it sees the data:
 *
 *     t(i, j) = (x(i, j), or fill[j] where it is NaN) - shift[j]
 *
 * fill, shift and by may be NULL (not applied; by: 1). No scale: a caller that works on z = t s
 * keeps v = s w, with by = s^2.
 */
typedef struct eae_row_vector {
    double *v; /* cols */
    const double *fill;
    const double *shift;
    const double *by;
} eae_row_vector;

/* A support vector machine with a free intercept for svm_solve(): rows row[0..n-1] (repeats
 * allowed; NULL: 0 .. n-1) and the same columns of a Gram matrix that others may share, times
 * `ratio`; labels y (+1, -1), costs, a known part of the decision values beside the model. In its
 * multipliers b_i = y_i a_i: minimise 1/2 b'Kb - sum b_i (y_i - offset_i), sum b = 0, 0 <= a_i <=
 * cost_i; for the squared hinge with sum a_i^2 / (4 cost_i) and no upper bound. */
typedef struct eae_svm_task {
    const double *gram; /* rows x rows, row stride ld; rows below 2^31 */
    int64_t rows, ld;
    int64_t n;
    const int64_t *row;
    double ratio;
    const double *y, *cost;
    const double *offset; /* NULL: none */
    double *b;            /* in: where to start, feasible; out: the solution, or nearer to it */
    bool solved;          /* out */
} eae_svm_task;

/* How panels are multiplied. Sums over panels are always f64. The reference takes F64 for both. */
typedef enum eae_precision {
    EAE_PRECISION_F32, /* z rounded to f32, products in f32 */
    EAE_PRECISION_F64
} eae_precision;

typedef struct eae_kernels {
    const char *name; /* "ref", "cpu", "cuda" */
    /* Version, library and core type, e.g. "OpenBLAS 0.3.21 SkylakeX"; part of the run identity. */
    const char *(*identity)(void);

    /* gram (m x m) = Z Z', for the m rows row[0..m-1] (repeats allowed; NULL: rows 0 .. m-1).
     * Symmetric to the bit: both triangles are filled with equal values. */
    int (*gram)(const eae_source *source, const int64_t *row, int64_t m, eae_precision precision,
                double *gram, int threads);

    /* w (k x cols) = B' Z with B m x k: one weight vector per column of B. Every w(k, j) is
     * computed by one order of f64 operations that depends on neither j nor k, so equal columns of
     * Z give equal bits. Columns not in `feature` are set to NaN. */
    int (*weights)(const eae_source *source, const int64_t *row, int64_t m, const double *b,
                   int64_t k, double *w, int threads);

    /* y (m x k) = Z W' with W k x cols: decision values of k weight vectors, f64. Where a weight is
     * NaN (not in the model) z is not looked at: it may be NaN too. */
    int (*decision)(const eae_source *source, const int64_t *row, int64_t m, const double *w,
                    int64_t k, double *y, int threads);

    /* Y (m x k) += or = sum_j z(i,j) d(c,j) (sum_l z(l,j) b(l,c)): the product of each problem's
     * own Gram matrix Z diag(d_c) Z' with its own vector b_c, all k at once, no m x m matrix
     * formed. d is k x cols, f32. Precision F32: products in f32, panel sums in f64. */
    int (*gram_apply)(const eae_source *source, const int64_t *row, int64_t m, const float *d,
                      const double *b, int64_t k, eae_precision precision, double *y, int threads);

    /* Weighted moments per column about `shift`, of t = z before `inverse`: for each of the s
     * weightings c (s x m, >= 0), over the values that are not NaN (fill is not applied here):
     * weight (s x cols) = sum c, sum = sum c t, square = sum c t^2. Any output may be NULL. f64, in
     * row order as weights, so equal columns give equal bits. Columns not in `feature`: NaN. */
    int (*moments)(const eae_source *source, const int64_t *row, int64_t m, const double *c,
                   int64_t s, double *weight, double *sum, double *square, int threads);

    /* out (cols x stride of m): z of the m rows turned over, f64, or f32 (rounded) where out is to
     * be f32; zeros behind m. Columns that are not in `feature` are not written. */
    int (*turn)(const eae_source *source, const int64_t *row, int64_t m, bool is_f64, void *out,
                int threads);

    /* w (count x k) = z' B of the features feature[0..count-1] (NULL: 0 .. count-1), with B rows x
     * k: every row of `features`, 0 for one that takes no part. One order of f64 operations for
     * all features. One thread. */
    int (*feature_weights)(const eae_features *features, const int64_t *feature, int64_t count,
                           const double *b, int64_t k, double *w);

    /* gram (m x m) += sign * sum over the listed features of z z', z over the m rows
     * row[0..m-1] (NULL: 0 .. m-1). Symmetric to the bit if gram was. */
    int (*feature_gram)(const eae_features *features, const int64_t *feature, int64_t count,
                        const int64_t *row, int64_t m, eae_precision precision, double sign,
                        double *gram, int threads);

    /* Tall data, some rows at a time. Of the source only x, is_f64, rows and cols count.
     * value (m x k): value(i, q) = sum_j t_q(row[i], j) v_q[j], f64; rows row[0..m-1] (NULL:
     * 0 .. m-1). One order of operations for every i and q, whatever m and k. */
    int (*row_values)(const eae_source *source, const int64_t *row, int64_t m,
                      const eae_row_vector *vector, int64_t k, double *value, int threads);
    /* v_q[j] += by_q[j] sum_i d(i, q) t_q(row[i], j); d is m x k. The same promise. */
    int (*row_update)(const eae_source *source, const int64_t *row, int64_t m, const double *d,
                      const eae_row_vector *vector, int64_t k, int threads);
    /* The features in 8 bits; what *rough points to is the caller's, of the size of `features`. */
    int (*rough_make)(const eae_features *features, const eae_rough *rough, int threads);
    /* dot[k] = value' v of feature[k], with v (ld) 32-byte aligned, its numbers up to
     * eae_rough_most(). Whole numbers: exact. Cannot fail; one thread. */
    void (*rough_dots)(const eae_rough *rough, const int32_t *feature, int64_t count,
                       const int16_t *v, int32_t *dot);

    /* Dense f64 algebra on small matrices, one thread. a is n x n, row-major, symmetric. */

    /* Lower Cholesky factor in place (the upper triangle is left alone). EAE_FAIL if not positive
     * definite (message "not positive definite"). */
    int (*cholesky)(double *a, int64_t n);
    /* Solve A X = B in place with the factor; b is n x k row-major. */
    int (*cholesky_solve)(const double *factor, int64_t n, double *b, int64_t k);
    /* A = V diag(values) V', values ascending; on return row i of `a` is eigenvector i, signed so
     * that its largest component (the first of equals) is positive. */
    int (*eigen)(double *a, int64_t n, double *values);
    /* Minimum-norm least squares: min |A X - B|, a m x n, b m x k, by the SVD, singular values
     * below rcond * largest taken as 0. x is n x k. a and b are destroyed. *rank may be NULL. */
    int (*least_squares)(double *a, int64_t m, int64_t n, double *b, int64_t k, double rcond,
                         double *x, int64_t *rank);
    /* c (m x n) = alpha op(a) op(b) + beta c; a is m x k (or k x m if ta), b k x n (or n x k if
     * tb). */
    int (*multiply)(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                    const double *a, const double *b, double beta, double *c);

    /* NULL where one at a time is best. Many machines at once, in f64, in one launch or a few:
     * solved means that gradients (of the objective above) agree to 1e-9 with what optimality asks
     * for, and to 1e-12 where f64 allows. The others are feasible and at least as good as their
     * start. What a machine gets depends on it alone. Fails if the device does. */
    int (*svm_solve)(bool squared, eae_svm_task *task, int64_t count);

    /* NULL where all memory is one. The `bytes` bytes at data do not change until release(), called
     * as often as hold() was: a device may keep a copy. Only whole arrays, x of a source (rows x
     * cols) or of features (cols x ld). What it changes is time alone; nothing can fail. */
    void (*hold)(const void *data, int64_t bytes);
    void (*release)(const void *data);
} eae_kernels;

static inline void eae_kernels_hold(const eae_kernels *kernels, const void *data, int64_t bytes)
{
    if (kernels && kernels->hold && data)
        kernels->hold(data, bytes);
}

static inline void eae_kernels_release(const eae_kernels *kernels, const void *data)
{
    if (kernels && kernels->release && data)
        kernels->release(data);
}

typedef enum eae_backend {
    EAE_BACKEND_AUTO,
    EAE_BACKEND_REF,
    EAE_BACKEND_CPU,
    EAE_BACKEND_CUDA
} eae_backend;

/* The table of a backend; the plugin is loaded on first use, from beside the program only. Auto is
 * cpu where it can be loaded, else ref. Fails with a message such as "no CUDA device (driver not
 * found)". The first call changes the environment while the plugin is loaded (one BLAS thread;
 * OPENBLAS_CORETYPE by instruction set unless it is set), so make it before threads start. */
int eae_kernels_choose(eae_backend backend, const eae_kernels **kernels);

/* The table for so many multiplications: `auto` takes the reference where they are done before a
 * plugin is loaded, a device where there is one and they are enough to start it (a cost model, and
 * plan.h of the cuda room; each call then goes where it pays), else the cpu. For any other backend
 * eae_kernels_choose(). Says with eae_detail() what it chose and why. */
int eae_kernels_choose_for(eae_backend backend, double work, const eae_kernels **kernels);

/* Build, backend, instruction set, BLAS with version and core type: what bytes are promised within.
 * The text lives until the next call on this thread. */
const char *eae_kernels_identity(const eae_kernels *kernels);

/* The rule for panels: f64 where m * m * cols <= 2^30 (it costs milliseconds) or is_f64, else f32.
 * A function of the shape alone, so that it never differs between shards or threads. */
eae_precision eae_kernels_precision(int64_t m, int64_t cols, bool is_f64);

extern const eae_kernels eae_kernels_ref;

#endif
