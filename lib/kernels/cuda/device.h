/*
 * device.h - what the .cu files do, as plain C: memory of the device, and kernels over it.
 *
 * All pointers named so are into the memory of the device. Functions that return int give EAE_OK or
 * EAE_FAIL with the message set; kernels are started in order, and an error of one that ran is
 * reported by the next copy out. One call at a time (memory.c holds the lock).
 *
 *   runtime.cu   opening the device, memory, copies, errors
 *   values.cu    z of a panel of features (feature-major)
 *   product.cu   products of matrices, in slices of their common side, added in order
 *   sums.cu      sums over rows, one after the other: weights and moments; weights of features
 *   solver.cu    many support vector machines, solved to the end
 */
#ifndef EAE_KERNELS_CUDA_DEVICE_H
#define EAE_KERNELS_CUDA_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of the host, for errors (memory.c): set the message and return EAE_FAIL. "what: why"; and "the
 * CUDA device failed at what: why". */
int eae_cuda_fail(const char *what, const char *why);
int eae_cuda_failed_at(const char *what, const char *why);

/* ---- runtime.cu ---- */

/* The device: its name and version, EAE_FAIL with "no CUDA device (...)" where there is none. */
int eae_cuda_device_open(char *name, size_t size);
/* Bytes that are free, and all. */
int eae_cuda_device_room(int64_t *room, int64_t *total);
void *eae_cuda_device_take(int64_t bytes, const char *what); /* NULL with the message set */
void eae_cuda_device_give(void *memory);
int eae_cuda_copy_in(void *to, const void *from, int64_t bytes);
/* `rows` stretches of `bytes` bytes, from_step bytes apart, to lie side by side. */
int eae_cuda_copy_in_rows(void *to, const void *from, int64_t rows, int64_t bytes,
                          int64_t from_step);
int eae_cuda_copy_out(void *to, const void *from, int64_t bytes);
int eae_cuda_zero(void *to, int64_t bytes);

/* ---- values.cu ---- */

/*
 * Some features of some rows. The value of row i and feature f is
 *
 *     x[(row ? row[i] : i) * row_step + (index ? index[f] : first + f) * feature_step]
 *
 * and z(i, f) = ((x, or fill[f] where it is NaN) - sum_t design(r, t) coef(t, f) - shift[f]) *
 * inverse[f], with r the same row number. Parameters are those of the panel's features, 0 ..
 * count-1, and may be NULL (not applied). All arithmetic in f64, in this order.
 */
typedef struct eae_cuda_panel {
    const void *x;
    bool is_f64;
    int64_t row_step, feature_step;
    const int64_t *row;
    int64_t m;
    const int64_t *index;
    int64_t first;
    int64_t count;
    const double *fill, *shift, *inverse;
    const double *design; /* by row number; rows x terms */
    const double *coef;   /* terms x count */
    int64_t terms;
} eae_cuda_panel;

/* z (count x m): value of feature f in row i: z[f * m + i], f64 or rounded to f32. */
int eae_cuda_values(const eae_cuda_panel *panel, bool is_f64, void *z);
/* to (count) = from, rounded to f32. */
int eae_cuda_narrow(const double *from, int64_t count, float *to);

/* ---- product.cu ---- */

/* Features of a slice: fixed, because it is part of the result. */
enum { EAE_CUDA_SLICE = 1024 };

/*
 * part(s, i, l) = sum over j of slice s of a(i, j) b(j, l), f64, slices of `slice` numbers of the
 * common side `depth`; a is m x depth, b depth x n:
 *
 *     a(i, j) = ta ? a[j * lda + i] : a[i * lda + j]     b(j, l) = tb ? b[l * ldb + j] : b[j * ldb
 * + l]
 *
 * f32 products are added in f32, 256 at a time, and those sums in f64. n at most 4 million (grids).
 * triangle: only l <= i is needed. skip_nan: where b is NaN the product counts as 0, whatever a is.
 */
typedef struct eae_cuda_product {
    bool is_f64, ta, tb, triangle, skip_nan;
    const void *a, *b;
    int64_t lda, ldb;
    int64_t m, n, depth, slice;
    double *part; /* slices x m x n */
} eae_cuda_product;

int eae_cuda_product_slices(const eae_cuda_product *product);
/* total (m x n) += sign * the parts, the first slice first. triangle: both halves, from l <= i. */
int eae_cuda_add_slices(const double *part, int64_t slices, int64_t m, int64_t n, bool triangle,
                        double sign, double *total);
/* to (count x k, f64 or f32) = t(f, c) * d[c * count + f] */
int eae_cuda_scale_rows(const double *t, const float *d, int64_t count, int64_t k, bool is_f64,
                        void *to);
/* c = alpha part + beta c over n numbers; where beta is 0 c is not looked at. */
int eae_cuda_blend(const double *part, int64_t n, double alpha, double beta, double *c);

/* ---- sums.cu ---- */

/* w (k x count) = B' Z, b m x k: one row after the other, every operation rounded (no fma). */
int eae_cuda_row_weights(const eae_cuda_panel *panel, const double *b, int64_t k, double *w);
/* The moments of kernels.h of the panel's features; c is s x m, outputs s x count. */
int eae_cuda_row_moments(const eae_cuda_panel *panel, const double *c, int64_t s, double *weight,
                         double *sum, double *square);
/* w (count x k) = z' B, b m x k: 32 partial sums (row i in sum i mod 32), added pairwise. */
int eae_cuda_dots(const eae_cuda_panel *panel, const double *b, int64_t k, double *w);

/* ---- solver.cu ---- */

enum { EAE_CUDA_SVM_MOST = 1024 }; /* rows of one: its vectors lie in shared memory */

/*
 * `count` support vector machines, a block each. Machine s has entries begin[s] .. begin[s + 1] - 1
 * of the vectors; with H(i, j) = ratio[s] G(row[i], row[j]) + (i = j: ridge[i]), G the matrix at
 * gram + matrix[s] with row stride ld[s]: minimise 1/2 b'Hb - linear'b, sum b = 0, lo <= b <= hi,
 * from the b that is there, which must be feasible. residual[s]: the largest disagreement of a pair
 * at the end (that of the gradients of an entry that can grow and one that can shrink); the work
 * ends when it is at most `goal`, or at most eps and no longer halved by the work, or with its
 * budget.
 */
typedef struct eae_cuda_svms {
    int64_t count;
    int64_t most; /* entries of the largest */
    double eps, goal;
    const double *gram;
    const int64_t *matrix, *ld; /* count */
    const int64_t *begin;       /* count + 1 */
    const double *ratio;        /* count */
    const int64_t *row;         /* below 2^31 */
    const double *lo, *hi, *linear, *ridge;
    double *b;
    double *residual; /* count */
} eae_cuda_svms;

int eae_cuda_svm_solve(const eae_cuda_svms *svms);

#ifdef __cplusplus
}
#endif

#endif
