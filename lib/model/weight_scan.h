/*
 * weight_scan.h - which features have the smallest weights, without computing all of them.
 *
 * The size of feature j is |w_j| = |z_j' B|, over the sides of a model (B rows x sides, 0 for rows
 * that are not in training). For a model B_e at which it was evaluated, and any number a,
 *
 *     |w_j(B)| >= |a| |w_j(B_e)| - |z_j| |B - a B_e|
 *
 * by Cauchy and Schwarz; a is the best one, <B, B_e> / <B_e, B_e>. So features whose bound is above
 * the limit need not be looked at. Several models are remembered. What is returned does not depend
 * on what happened to be evaluated: sizes are exact, in one order of f64 operations for all
 * features (kernels.h), equal ones go by the lower column.
 */
#ifndef EAE_MODEL_WEIGHT_SCAN_H
#define EAE_MODEL_WEIGHT_SCAN_H

#include "kernels/kernels.h"

typedef struct eae_weight_scan {
    const eae_kernels *kernels;
    const eae_features *features; /* the caller's */
    int sides;
    double *norm;   /* cols: a bound of |z_j| over the training rows; the caller's */
    double *size;   /* cols: when last evaluated */
    uint8_t *epoch; /* cols: at which of the remembered models */
    double *model;  /* the remembered B, side by side */
    double *square; /* |B|^2 of each */
    int next;       /* the one that is forgotten next */
    int64_t *list;  /* cols: evaluated in the present call, increasing */
    double *weight; /* cols x sides */
    double limit;   /* up to which sizes are expected to be of interest */
} eae_weight_scan;

int eae_weight_scan_open(eae_weight_scan *scan, const eae_kernels *kernels,
                         const eae_features *features, int sides, double *norm);
void eae_weight_scan_close(eae_weight_scan *scan);

/* The r smallest of the features active[0 .. count-1] (increasing; a subset of those of the call
 * before) at B, smallest first, into smallest[0 .. r-1]; 0 < r <= count. *gap (may be NULL): how
 * far the next one is above the last of them, relative to its square; infinite for r = count. */
int eae_weight_scan_smallest(eae_weight_scan *scan, const int64_t *active, int64_t count,
                             const double *b, int64_t r, int64_t *smallest, double *gap,
                             int threads);

/* |z_j| over rows row[0 .. n-1] (NULL: 0 .. n-1) of every feature, rounded up a little. */
void eae_feature_norms(const eae_features *features, const int64_t *row, int64_t n, double *norm);

#endif
