/*
 * elementary.h - exponential and logarithm, the same bits everywhere.
 *
 * By + - * / and powers of two only, all of which IEEE 754 rounds correctly, and no libm, whose
 * results differ between versions and machines. For what goes into data that must have the same
 * bytes anywhere; other code uses libm.
 *
 * Accuracy: relative error below 1e-15, measured 2e-16 (exp) and 4e-16 (log).
 */
#ifndef EAE_BASE_ELEMENTARY_H
#define EAE_BASE_ELEMENTARY_H

/* e^x; x beyond -700 and 700 is taken for these. */
double eae_exp(double x);
/* ln x, 0 < x, finite and normal (at least 2.3e-308). */
double eae_log(double x);

#endif
