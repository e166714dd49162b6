/*
 * spread.h - where the values that a survival model gives its training rows lie: what the hazard
 * ratios of held-out values are measured by (metrics hr and hr-sd).
 *
 * Pure; the result does not depend on threads.
 */
#ifndef EAE_EVAL_SPREAD_H
#define EAE_EVAL_SPREAD_H

#include <stdint.h>

typedef struct eae_spread {
    double median; /* row annotation `cut` */
    double sd;     /* row annotation `sd`: divisor n; 0 where all values are the same */
} eae_spread;

/* Of n > 0 values, none of them NaN, each as often as it counts. */
eae_spread eae_spread_of(const double *value, const double *count, int64_t n);

#endif
