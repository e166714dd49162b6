/*
 * cpu.h - the inside of libeae-cpu.so: memory, the table's functions, and what they share.
 *
 *   table.c     the exported symbol, identity, memory
 *   vector.c    the loops written here (not BLAS), once per instruction set
 *   columns.c   one panel: the features of a range, their parameters, and z of many rows
 *   panels.c    panels in flight over threads, summed in index order
 *   gram.c      gram, gram_apply, decision: a BLAS product per panel
 *   weights.c   weights, moments: sums over rows whose order does not depend on the position
 *   features.c  the data turned over: turn, feature_weights, feature_gram
 *   rows.c      tall data, a block of rows at a time: row_values, row_update
 *   product.c   sums of outer products of lines
 *   rough.c     features in 8 bits: rough_make, rough_dots
 *   dense.c     LAPACK and BLAS on small matrices
 *
 * BLAS is called on one thread inside our own OpenMP regions. Scratch memory is taken before a
 * region begins, so that nothing inside one can fail.
 */
#ifndef EAE_KERNELS_CPU_H
#define EAE_KERNELS_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/plugin.h"

extern const eae_plugin_host *eae_cpu_host;

/* 64-byte aligned; NULL with the message set. Sizes that overflow are refused. */
void *eae_cpu_alloc(int64_t count, size_t size, const char *what);

/* --- vector.c --- */

/* z[j] = ((x[j], or fill[j] where NaN) - adjust[j] - shift[j]) * inverse[j], then rounded; fill
 * NULL: nothing to fill in nor to adjust for, adjust is not looked at. */
typedef struct eae_cpu_vector {
    void (*f32_f32)(const float *x, const double *fill, const double *adjust, const double *shift,
                    const double *inverse, int64_t n, float *z);
    void (*f32_f64)(const float *x, const double *fill, const double *adjust, const double *shift,
                    const double *inverse, int64_t n, double *z);
    void (*f64_f32)(const double *x, const double *fill, const double *adjust, const double *shift,
                    const double *inverse, int64_t n, float *z);
    void (*f64_f64)(const double *x, const double *fill, const double *adjust, const double *shift,
                    const double *inverse, int64_t n, double *z);
    /* acc(q, j) += sum over i = 0 .. rows-1, one after the other, of b(i, q) v(i, j), for kb
     * vectors and `width` columns (a multiple of EAE_CPU_TILE). v and acc: row stride
     * EAE_CPU_BLOCK; b: row stride ldb. Neither order nor rounding depends on q, j or kb. */
    void (*accumulate)(const double *v, int64_t rows, const double *b, int64_t ldb, int64_t kb,
                       int64_t width, double *acc);
    /* Whether a value is NaN; if so it becomes 0, and present[i] is 0 there and 1 elsewhere. If
     * not, `present` is not written. */
    bool (*split_missing)(double *value, double *present, int64_t n);
    /* z[i] = (x[i] - shift) * inverse, then rounded */
    void (*scale_f32_f32)(const float *x, double shift, double inverse, int64_t n, float *z);
    void (*scale_f32_f64)(const float *x, double shift, double inverse, int64_t n, double *z);
    void (*scale_f64_f32)(const double *x, double shift, double inverse, int64_t n, float *z);
    void (*scale_f64_f64)(const double *x, double shift, double inverse, int64_t n, double *z);
    /* w(f, q) = sum over i of x(f, i) b(q, i) for kb = 1, 2 or 4 vectors b (row stride n) and
     * `count` rows at x + index[f] * n; n a multiple of 16, everything 64-byte aligned. Eight
     * partial sums, added pairwise. */
    void (*dots_f32)(const float *x, const int64_t *index, int64_t count, int64_t n,
                     const double *b, int64_t kb, double *w, int64_t ldw);
    void (*dots_f64)(const double *x, const int64_t *index, int64_t count, int64_t n,
                     const double *b, int64_t kb, double *w, int64_t ldw);
    void (*square)(const double *value, int64_t n, double *to);
    void (*add_scaled)(double by, const double *value, int64_t n, double *to);
    /* One row, t = x - shift: weight[j] += by, sum[j] += by t, square[j] += by t^2, where t is not
     * NaN. */
    void (*moments_f32)(const float *x, const double *shift, double by, int64_t n, double *weight,
                        double *sum, double *square);
    void (*moments_f64)(const double *x, const double *shift, double by, int64_t n, double *weight,
                        double *sum, double *square);
} eae_cpu_vector;

enum { EAE_CPU_TILE = 16, EAE_CPU_BLOCK = 256 };

extern eae_cpu_vector eae_cpu_vector_best;
extern int eae_cpu_vector_set;    /* which one that is: 0 base, 1 AVX2, 2 AVX-512 */
void eae_cpu_vector_choose(void); /* before anything else */

/* --- columns.c --- */

/* Features first .. first+count-1 of those in use, with their parameters side by side. */
typedef struct eae_cpu_columns {
    const eae_source *source;
    const int64_t *index; /* columns of x; NULL: first .. first+count-1 */
    int64_t first;
    int64_t count;
    double *fill; /* NULL: nothing to fill in nor to adjust for */
    double *shift, *inverse;
    double *coef;   /* terms x count */
    double *adjust; /* of one row */
    double *gather; /* one row of x, where columns are not side by side */
} eae_cpu_columns;

int64_t eae_cpu_feature_count(const eae_source *source);
/* Doubles of scratch that panels of up to `width` columns need. */
int64_t eae_cpu_columns_size(const eae_source *source, int64_t width);
void eae_cpu_columns_set(eae_cpu_columns *columns, const eae_source *source, int64_t first,
                         int64_t count, double *scratch);
/* The column of x of feature f of the panel. */
static inline int64_t eae_cpu_column(const eae_cpu_columns *c, int64_t f)
{
    return c->index ? c->index[f] : c->first + f;
}
/* z of rows row[from .. from+n-1] (row NULL: the numbers themselves), row stride ld */
void eae_cpu_rows_f32(const eae_cpu_columns *columns, const int64_t *row, int64_t from, int64_t n,
                      float *z, int64_t ld);
void eae_cpu_rows_f64(const eae_cpu_columns *columns, const int64_t *row, int64_t from, int64_t n,
                      double *z, int64_t ld);

/* --- gram.c --- */

/* The part above the diagonal from that below. */
void eae_cpu_mirror(double *a, int64_t m, int threads);

/* --- panels.c --- */

/* A sum over panels of features: product() computes panel `first .. first+count-1` into `out`
 * (out_rows x out_width, f32 or f64; of a triangle, row r has r + 1 entries). */
typedef struct eae_cpu_sum {
    int64_t features;
    int64_t width; /* of a panel */
    bool is_f64;   /* out */
    bool triangle;
    int64_t out_rows, out_width;
    int64_t scratch; /* bytes for each product in flight */
    void (*product)(const void *job, int64_t first, int64_t count, void *scratch, void *out);
    const void *job;
} eae_cpu_sum;

/* total (out_rows x out_width) = the sum, in panel order, in f64 */
int eae_cpu_sum_panels(const eae_cpu_sum *sum, double *total, int threads);

/* --- product.c --- */

enum { EAE_CPU_PANEL = 256 }; /* lines of a panel: fixed, because it is part of the result */

/* gram (m x m, on and below the diagonal) += sign * sum of z z' over the lines of a panel, rows of
 * strip s only: strips are of 64 bytes, 16 entries of f32 or 8 of f64. */
typedef void (*eae_cpu_strip)(const void *panel, int64_t lines, int64_t s, int64_t m, double sign,
                              double *gram);
/* NULL where there are no instructions for it. */
eae_cpu_strip eae_cpu_product_strip(bool is_f64);
/* Bytes of a panel of lines of m entries. */
int64_t eae_cpu_panel_size(int64_t m, bool is_f64);
/* Entries row[0 .. m-1] (NULL: 0 .. m-1) of z as a line of the panel. */
void eae_cpu_panel_line(const void *z, const int64_t *row, int64_t m, int64_t line, bool is_f64,
                        void *panel);

/* --- the table --- */

int eae_cpu_gram(const eae_source *source, const int64_t *row, int64_t m, eae_precision precision,
                 double *gram, int threads);
int eae_cpu_weights(const eae_source *source, const int64_t *row, int64_t m, const double *b,
                    int64_t k, double *w, int threads);
int eae_cpu_decision(const eae_source *source, const int64_t *row, int64_t m, const double *w,
                     int64_t k, double *y, int threads);
int eae_cpu_gram_apply(const eae_source *source, const int64_t *row, int64_t m, const float *d,
                       const double *b, int64_t k, eae_precision precision, double *y, int threads);
int eae_cpu_moments(const eae_source *source, const int64_t *row, int64_t m, const double *c,
                    int64_t s, double *weight, double *sum, double *square, int threads);
int eae_cpu_turn(const eae_source *source, const int64_t *row, int64_t m, bool is_f64, void *out,
                 int threads);
int eae_cpu_feature_weights(const eae_features *features, const int64_t *feature, int64_t count,
                            const double *b, int64_t k, double *w);
int eae_cpu_feature_gram(const eae_features *features, const int64_t *feature, int64_t count,
                         const int64_t *row, int64_t m, eae_precision precision, double sign,
                         double *gram, int threads);
int eae_cpu_row_values(const eae_source *source, const int64_t *row, int64_t m,
                       const eae_row_vector *vector, int64_t k, double *value, int threads);
int eae_cpu_row_update(const eae_source *source, const int64_t *row, int64_t m, const double *d,
                       const eae_row_vector *vector, int64_t k, int threads);
int eae_cpu_rough_make(const eae_features *features, const eae_rough *rough, int threads);
void eae_cpu_rough_dots(const eae_rough *rough, const int32_t *feature, int64_t count,
                        const int16_t *v, int32_t *dot);
int eae_cpu_cholesky(double *a, int64_t n);
int eae_cpu_cholesky_solve(const double *factor, int64_t n, double *b, int64_t k);
int eae_cpu_eigen(double *a, int64_t n, double *values);
int eae_cpu_least_squares(double *a, int64_t m, int64_t n, double *b, int64_t k, double rcond,
                          double *x, int64_t *rank);
int eae_cpu_multiply(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                     const double *a, const double *b, double beta, double *c);

#endif
