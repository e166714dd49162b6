/*
 * complete.h - missing values of a data matrix from a low-rank factorisation of what is known
 * (als.h), and how well known values are found again.
 *
 * Features are centred and scaled by the mean and the standard deviation (divisor n) of the values
 * known in the rows that are learned from, factorised, and put back. The factors of the features
 * are learned; every row, whether it was learned from or not, is then described by the loadings
 * that fit its own known values, so filling a row needs nothing of the others. A feature without
 * known values gets 0, a row without any the means.
 */
#ifndef EAE_MODEL_COMPLETE_H
#define EAE_MODEL_COMPLETE_H

#include "matrix/frame.h"
#include "model/als.h"

typedef struct eae_complete_spec {
    int64_t rank;
    double lambda; /* penalty, in units of the variance of a scaled value (als.h) */
    uint64_t seed;
} eae_complete_spec;

/* "als:K" or "als:K:LAMBDA" (EAE_COMPLETE_LAMBDA without it); the seed stays. EAE_USAGE with a
 * message if it is malformed. */
#define EAE_COMPLETE_LAMBDA 0.05
int eae_complete_parse(const char *text, eae_complete_spec *spec);

/* A matrix of rows x cols, row-major, NaN: missing. */
typedef struct eae_incomplete {
    const eae_kernels *kernels;
    void *x; /* written to by eae_complete_fill() alone */
    bool is_f64;
    int64_t rows;
    int64_t cols;
    int threads; /* bits do not depend on it */
} eae_incomplete;

typedef struct eae_completion {
    double *mean;  /* cols */
    double *scale; /* cols; constant features 1 */
    eae_als als;
} eae_completion;

/* From the n rows row[] that count count[] times (NULL: all rows, once each). Stops at a relative
 * gradient of 1e-4, or after some hundred iterations: missing values are not known better. */
int eae_complete_learn(const eae_incomplete *data, const eae_complete_spec *spec,
                       const int64_t *row, const double *count, int64_t n, eae_completion *c);
void eae_completion_free(eae_completion *c);

/* Put a value in the place of every NaN of data->x. */
int eae_complete_fill(const eae_completion *c, const eae_incomplete *data);

/* A tenth of the known values, chosen by Philox (seed, row, position), hidden and found again from
 * the rest: root mean squares of what is left, each value in units of the standard deviation of its
 * feature's known values. */
typedef struct eae_complete_error {
    int64_t hidden;
    double error; /* of the completion */
    double mean;  /* of the feature's mean, for comparison: about 1 */
} eae_complete_error;

int eae_complete_estimate(const eae_incomplete *data, const eae_complete_spec *spec,
                          eae_complete_error *error);

/* Fill a data frame (f32 or f64) from all of its rows. *filled: how many values; *error: how well
 * known ones are found, made before where any is to be filled; NULL: spared. Fails where a feature
 * has no value at all, naming it. */
int eae_complete_frame(eae_frame *f, const eae_kernels *kernels, const eae_complete_spec *spec,
                       int threads, int64_t *filled, eae_complete_error *error);

#endif
