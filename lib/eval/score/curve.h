/*
 * curve.h - the points of ROC and precision-recall curves.
 */
#ifndef EAE_EVAL_CURVE_H
#define EAE_EVAL_CURVE_H

#include <stdbool.h>
#include <stdint.h>

/* A sample is called positive if its value > threshold. */
typedef struct eae_curve_point {
    double threshold;
    double tpr, fpr;
    double ppv; /* NaN where none is called positive */
} eae_curve_point;

/* One point per distinct value, from the highest (none called positive), and one at -infinity (all
 * called): at most n + 1. Returns how many. Rates over an empty class are NaN. */
int64_t eae_curve_points(const double *value, const bool *positive, int64_t n,
                         eae_curve_point *point);

#endif
