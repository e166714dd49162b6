/*
 * weight_step.h - from one model to the next, in whole numbers.
 *
 * For models B and B_e (rows x sides) with a = <B, B_e> / <B_e, B_e> and D = B - a B_e, which is
 * the shortest: D(i, q) = unit[q] vector[q * ld + i] + G(i, q). One thread.
 */
#ifndef EAE_MODEL_WEIGHT_STEP_H
#define EAE_MODEL_WEIGHT_STEP_H

#include <stdint.h>

typedef struct eae_weight_step {
    int64_t rows, ld; /* ld: of the vectors */
    int sides;
    double by;       /* a; 0 where B_e is 0 */
    double size;     /* |B| */
    double length;   /* |D|, rounded up */
    double left;     /* |G|, rounded up */
    double sum_size; /* length of the vector of sums */
    double *sum;     /* sides: over rows of D */
    double *unit;    /* sides */
    int16_t *vector; /* sides x ld, for rough_dots() */
} eae_weight_step;

int eae_weight_step_open(eae_weight_step *step, int64_t rows, int64_t ld, int sides);
void eae_weight_step_close(eae_weight_step *step);
/* By how much the new model is the old one, and how far it is from that: a, and |D| rounded up. */
double eae_weight_step_length(const double *b, const double *old, int64_t n, double *by);
void eae_weight_step_make(eae_weight_step *step, const double *b, const double *old);

#endif
