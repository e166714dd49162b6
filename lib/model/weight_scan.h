/*
 * weight_scan.h - which features have the smallest weights, without computing all of them.
 *
 * The size of feature j is |w_j| = |z_j' B|, over the sides of a model (B rows x sides, 0 for rows
 * that are not in training). Of every feature an estimate of w_j and a bound of its error are kept,
 * and brought from one model B_e to the next, B = a B_e + D (weight_step.h), by the features in 8
 * bits (eae_rough): z_j is known but for a rest of length left_j, some percent of |z_j|, and D but
 * for G, so that
 *
 *     |w_j(B) - a w_j(B_e) - what whole numbers say| <= left_j |D| + |z_j| |G|
 *
 * in one pass over a quarter of the data. The r + 1 smallest upper bounds then say which features
 * have to be computed from the data, and few more than r do. Of features far above the cut not even
 * that is known, but as at a model some calls ago: by Cauchy and Schwarz,
 *
 *     |w_j(B)| >= |a| |w_j(B_e)| - |z_j| |D|
 *
 * and while that is above the cut for all of them, nobody looks.
 *
 * What is returned does not depend on any of this: sizes are exact, in one order of f64 operations
 * for all features (kernels.h), equal ones go by the lower column.
 */
#ifndef EAE_MODEL_WEIGHT_SCAN_H
#define EAE_MODEL_WEIGHT_SCAN_H

#include "kernels/kernels.h"
#include "model/weight_step.h"

/* What the 8 bits say of a feature, z = offset + step value + (a rest of length left), and how far
 * its weights may be from the estimate. */
typedef struct eae_scan_feature {
    float offset, step, left, error;
} eae_scan_feature;

/* Features with what is kept of them, by number; `feature` NULL: all, by their own. */
typedef struct eae_scan_set {
    int32_t *feature;
    eae_scan_feature *known;
    double *weight;  /* x sides: the estimates */
    eae_rough rough; /* their values in 8 bits */
} eae_scan_set;

typedef struct eae_weight_scan {
    const eae_kernels *kernels;
    const eae_features *features; /* the caller's */
    int sides;
    double root_rows;   /* square root of the number of rows */
    const double *norm; /* cols: a bound of |z_j| over the training rows; the caller's */
    eae_scan_set all;
    eae_scan_set packed; /* the near ones as they were chosen, side by side in memory */
    int64_t packed_room;
    eae_scan_set *set;   /* what `near` counts in: one of these */
    int32_t *near, *far; /* numbers, increasing: in *set, in `all`; both: those of the last call */
    int64_t near_count, far_count;
    bool *returned; /* cols: by the last call */
    int64_t returned_count;
    bool started, joined; /* joined: all were near in the last call, who had not been before */
    double *near_model, *far_model; /* B at which they are known */
    double far_least, far_reach;    /* |w| >= least + reach |z| of all that are far, at far_model */
    int age;                        /* calls since these were chosen */
    eae_weight_step step;
    int32_t *some;     /* cols: numbers in *set of those that may be wanted */
    int32_t *pick;     /* cols: of those that are computed, */
    int64_t *list;     /* and their features */
    double *value;     /* cols x sides: their weights; bounds */
    double cut, grown; /* of the last call: the (r + 1)-th size, and by how much it is more */
} eae_weight_scan;

/* rough: of the values of *features. */
int eae_weight_scan_open(eae_weight_scan *scan, const eae_kernels *kernels,
                         const eae_features *features, const eae_rough *rough, int sides,
                         const double *norm);
void eae_weight_scan_close(eae_weight_scan *scan);

/* The r smallest of the features active[0 .. count-1] (increasing) at B, smallest first, into
 * smallest[0 .. r-1]; 0 < r <= count. From the second call on `active` is what was left of it
 * without those that were returned, or a smaller part of that. *gap (may be NULL): how far the next
 * one is above the last of them, relative to its square; infinite for r = count. */
int eae_weight_scan_smallest(eae_weight_scan *scan, const int64_t *active, int64_t count,
                             const double *b, int64_t r, int64_t *smallest, double *gap,
                             int threads);

/* |z_j| over rows row[0 .. n-1] (NULL: 0 .. n-1) of every feature, rounded up a little. */
void eae_feature_norms(const eae_features *features, const int64_t *row, int64_t n, double *norm);

#endif
