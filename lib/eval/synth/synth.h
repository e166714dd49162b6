/*
 * synth.h - synthetic data matrices: a base, noise, classes or survival, planted signal, correlated
 * blocks of features, groups of samples.
 *
 *     x[i][j] = mean[j] + sd[j] (noise e[i][j] + truth[j] ((c[i] == m[j]) - 1 / C))
 *
 * c[i] is the class of sample i, one of C; m[j] the class that the planted feature j marks: the
 * last one of two (case), of more each in turn. So truth[j], +-effect for planted features and 0
 * for the others, is the difference between the mean of class m[j] and that of any other, in units
 * of the feature's own sd. A class is drawn for each sample by itself: the last one with chance
 * `balance`, the others with equal parts of the rest.
 *
 *     e[i][j] = sqrt(1 - g) r[i][j] + sqrt(g) q[group(i)][j]          g = 1/4, without groups 0
 *     r[i][j] = sqrt(1 - rho) z[i][j] + sqrt(rho) u[i][block(j)]      q the same
 *
 * z and u are standard normal, so e is too: features of one block correlate by rho and others do
 * not, and a feature of two samples of one group correlates by g. Block b of B has the features
 * floor(j B / p) = b, group g of G the samples floor(i G / rows) = g: neighbours, of nearly equal
 * sizes. Samples of a group have one class, or one time and status.
 *
 * Survival: the hazard of sample i is exp(eta[i]), eta[i] = sum over j of truth[j] noise e[i][j]
 * (of a group: noise q), and truth[j] the log hazard ratio for one sd. The time is exponential with
 * that hazard, censored at an exponential time of mean 7/3 that is drawn by itself: without signal
 * three in ten are censored. eta is cut at -600 and 600.
 *
 * Everything is a function of (seed, row, column) and of the shape of the whole alone, so any range
 * of rows has the bits that it has in the whole, with any number of threads and on any machine
 * (normal.h, elementary.h; no libm but the correctly rounded sqrt).
 *
 * The built-in base looks like log2 expression of an Affymetrix HG-U133 Plus 2.0 array after RMA:
 * see synth_base.c. A base from data has the mean and the standard deviation (divisor n - 1) of
 * each feature, missing values left out.
 *
 * After eAE's predecessor: da Silva Monteiro et al. average a public data set and add noise, and
 * draw the labels at random, so that a classifier must not find anything. Survival times: Bender,
 * Augustin and Blettner, Statistics in Medicine 24 (2005).
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
    double effect;    /* their class difference, or log hazard ratio, per sd of the feature */
    int64_t blocks;   /* 0: features are independent */
    double rho;       /* within a block, [0, 1) */
    int64_t classes;  /* 0: 2 */
    double balance;   /* the chance of the last class; 0: 1 / classes */
    int64_t groups;   /* at most rows; 0: samples are independent */
    bool survival;    /* time and status, no label */
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
 * f1.. (or those of the base). Row annotations: `label` (control, case; class1 .. of more than
 * two), or `time` and `status`; `group` (g1 ..). Column annotations: `truth` when features are
 * planted, `truth_class`, the class m[j], when there are more than two; `block` (1 ..). */
eae_frame *eae_synth_head(const eae_synth *s, int threads);

/* Cells first .. first+n-1 of the whole, counted row by row. From any thread. */
void eae_synth_cells(const eae_synth *s, int64_t first, int64_t n, float *values);
int64_t eae_synth_cols(const eae_synth *s);

#endif
