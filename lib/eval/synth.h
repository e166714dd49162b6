/*
 * synth.h - synthetic data matrices: a base, noise, two classes by fair coins, planted signal.
 *
 *     x[i][j] = mean[j] + sd[j] (noise z[i][j] + c[i] truth[j] / 2),   c = +1 case, -1 control
 *
 * z is standard normal, truth[j] is +-effect for the planted features and 0 for the others: the
 * difference between the class means in units of the feature's own sd. Everything is a function of
 * (seed, row, column) alone, so any range of rows has the bits that it has in the whole, with any
 * number of threads and on any machine (normal.h; no libm).
 *
 * The built-in base looks like log2 expression of a microarray: mean = 2 + 12 u^2 (density highest
 * at the low end, average 6) and sd = 0.2 + 0.8 v^2, u and v uniform for each feature. A base from
 * data has the mean and the standard deviation (divisor n - 1) of each feature, missing values left
 * out.
 *
 * After eAE's predecessor: da Silva Monteiro et al. average a public data set and add noise, and
 * draw the labels at random, so that a classifier must not find anything.
 */
#ifndef EAE_EVAL_SYNTH_H
#define EAE_EVAL_SYNTH_H

#include "matrix/frame.h"

typedef struct eae_synth_options {
    int64_t rows;     /* of the whole */
    int64_t cols;     /* ignored with a base */
    int64_t from, to; /* the rows to make: from .. to-1 */
    double noise;     /* in units of the feature's sd */
    int64_t planted;  /* features with signal, at most cols */
    double effect;    /* their class difference, in units of the feature's sd */
    double missing;   /* the chance of a cell to be NaN */
    uint64_t seed;
    const eae_frame *base; /* NULL: built in */
} eae_synth_options;

typedef struct eae_synth eae_synth;

/* Fails when the base is not a data frame with at least one value in each feature. The base is not
 * needed afterwards. */
int eae_synth_new(eae_synth **s, const eae_synth_options *options);
void eae_synth_free(eae_synth *s);

/* The frame without its payload: shape (to - from) x cols, names s1.. (counted in the whole) and
 * f1.. (or those of the base), row annotation `label` (control, case), and column annotation
 * `truth` when features are planted. */
eae_frame *eae_synth_head(const eae_synth *s);

/* Rows first .. first+n-1 of the whole, row-major, into values[n * cols]. */
int eae_synth_rows(const eae_synth *s, int64_t first, int64_t n, int threads, float *values);
int64_t eae_synth_cols(const eae_synth *s);

#endif
