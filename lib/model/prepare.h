/*
 * prepare.h - preprocessing learned from training rows: impute, adjust, filter, centre, scale, in
 * that order (eae.7).
 *
 * Nothing here reads a held-out row, but for what the user asked to be common to all rows
 * (EAE_SCALE_ALL).
 *
 * Scaling is by the population standard deviation (divisor n, rows counted as often as they are
 * drawn); a feature that is constant in the training rows has scale 1. EAE_SCALE_NONE neither
 * centres nor scales.
 */
#ifndef EAE_MODEL_PREPARE_H
#define EAE_MODEL_PREPARE_H

#include "kernels/kernels.h"
#include "model/complete.h"
#include "model/univariate.h"

typedef enum eae_scaling { EAE_SCALE_NONE, EAE_SCALE_ALL, EAE_SCALE_FOLD } eae_scaling;
typedef enum eae_imputation {
    EAE_IMPUTE_NONE,
    EAE_IMPUTE_MEAN,
    EAE_IMPUTE_MEDIAN,
    EAE_IMPUTE_ALS /* factors of the features from the training rows, loadings of every row from its
                      own known values (complete.h) */
} eae_imputation;

/* "none", "mean", "median", "als:K" or "als:K:LAMBDA"; EAE_USAGE with a message if malformed. */
int eae_imputation_parse(const char *text, eae_imputation *imputation, eae_complete_spec *complete);

typedef struct eae_prepare_spec {
    eae_scaling scaling;
    eae_imputation imputation;
    eae_complete_spec complete; /* EAE_IMPUTE_ALS */
    eae_filter filter;
    int64_t keep;         /* features the filter keeps */
    const double *design; /* rows x terms, --adjust: intercept first; NULL */
    int64_t terms;
} eae_prepare_spec;

/* The data and what is computed once from all their rows. */
typedef struct eae_dataset {
    const eae_kernels *kernels;
    const void *x; /* rows x cols, row-major; the caller's */
    bool is_f64;
    int64_t rows;
    int64_t cols;
    int64_t missing;       /* how many values are NaN */
    int64_t first_missing; /* row * cols + column of the first; -1 */
    int64_t unusable;      /* of a value that is infinite, or too large to compute with; -1 */
    double *reference;     /* cols: mean of all rows. Subtracted before f32 products: a shift */
    double *scale;         /* cols: standard deviation of all rows, constant features 1 */
} eae_dataset;

/* Value k = row * cols + column. */
static inline double eae_dataset_value(const eae_dataset *d, int64_t k)
{
    return d->is_f64 ? ((const double *)d->x)[k] : (double)((const float *)d->x)[k];
}

/* Survey the values: missing ones, mean, sd. `threads` many. */
int eae_dataset_open(eae_dataset *d, const eae_kernels *kernels, const void *x, bool is_f64,
                     int64_t rows, int64_t cols, int threads);
void eae_dataset_close(eae_dataset *d);

/* What one training set taught. Arrays are per column of the data; NULL where not in use. */
typedef struct eae_prepared {
    double *fill;
    void *x;                   /* EAE_IMPUTE_ALS: all rows of the data, filled, in place of them */
    eae_completion completion; /* what they were filled by */
    double *coef;              /* terms x cols */
    double *mean;
    double *scale;
    double *inverse;  /* 1 / scale */
    int64_t *feature; /* the filter's choice, increasing; NULL: all */
    int64_t feature_count;
    bool empty; /* no feature passed the filter, and eae_prepare_learn() failed for that */
} eae_prepared;

/* Learn from the n training rows row[] that count count[] times each. `outcome` is read by filters.
 */
int eae_prepare_learn(const eae_dataset *d, const eae_prepare_spec *spec, const int64_t *row,
                      const double *count, int64_t n, const eae_outcome *outcome, eae_prepared *p,
                      int threads);
void eae_prepared_free(eae_prepared *p);

/* From moments to mean and scale: on entry mean[j] is the mean of training rows row[0..n-1] less
 * the reference, scale[j] their mean square about it. No imputing, no adjusting. */
void eae_prepare_finish_scale(const eae_dataset *d, const int64_t *row, const double *count,
                              int64_t n, double *mean, double *scale);

/* The data as that training set sees them. With EAE_SCALE_NONE the shift is the reference, so that
 * products are accurate in f32: right for learners with a free intercept. */
eae_source eae_prepared_source(const eae_dataset *d, const eae_prepare_spec *spec,
                               const eae_prepared *p);

#endif
