/*
 * ref.h - the reference kernels: plain loops in f64, in the order of the formulas of kernels.h.
 *
 * Kept for ever as what the other backends are checked against; also what runs where no plugin can
 * be loaded. One thread, whatever is asked for. `precision` is ignored: everything is f64.
 */
#ifndef EAE_KERNELS_REF_H
#define EAE_KERNELS_REF_H

#include "kernels/kernels.h"

/* products.c: over the data */
int eae_ref_gram(const eae_source *source, const int64_t *row, int64_t m, eae_precision precision,
                 double *gram, int threads);
int eae_ref_weights(const eae_source *source, const int64_t *row, int64_t m, const double *b,
                    int64_t k, double *w, int threads);
int eae_ref_decision(const eae_source *source, const int64_t *row, int64_t m, const double *w,
                     int64_t k, double *y, int threads);
int eae_ref_gram_apply(const eae_source *source, const int64_t *row, int64_t m, const float *d,
                       const double *b, int64_t k, eae_precision precision, double *y, int threads);
int eae_ref_moments(const eae_source *source, const int64_t *row, int64_t m, const double *c,
                    int64_t s, double *weight, double *sum, double *square, int threads);

/* features.c: over the data turned over */
int eae_ref_turn(const eae_source *source, const int64_t *row, int64_t m, bool is_f64, void *out,
                 int threads);
int eae_ref_feature_weights(const eae_features *features, const int64_t *feature, int64_t count,
                            const double *b, int64_t k, double *w);
int eae_ref_feature_gram(const eae_features *features, const int64_t *feature, int64_t count,
                         const int64_t *row, int64_t m, eae_precision precision, double sign,
                         double *gram, int threads);
int eae_ref_rough_make(const eae_features *features, const eae_rough *rough, int threads);
void eae_ref_rough_dots(const eae_rough *rough, const int32_t *feature, int64_t count,
                        const int16_t *v, int32_t *dot);

/* rows.c: over blocks of rows */
int eae_ref_row_values(const eae_source *source, const int64_t *row, int64_t m,
                       const eae_row_vector *vector, int64_t k, double *value, int threads);
int eae_ref_row_update(const eae_source *source, const int64_t *row, int64_t m, const double *d,
                       const eae_row_vector *vector, int64_t k, int threads);

/* dense.c: small matrices */
int eae_ref_cholesky(double *a, int64_t n);
int eae_ref_cholesky_solve(const double *factor, int64_t n, double *b, int64_t k);
int eae_ref_eigen(double *a, int64_t n, double *values);
int eae_ref_least_squares(double *a, int64_t m, int64_t n, double *b, int64_t k, double rcond,
                          double *x, int64_t *rank);
int eae_ref_multiply(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                     const double *a, const double *b, double beta, double *c);

#endif
