/*
 * paired.h - tests of two predictors on the same samples, and Holm's correction for many of them.
 *
 * The corrected resampled t test (Nadeau and Bengio, "Inference for the generalization error",
 * Machine Learning 52, 2003) asks whether the two ways to train differ, over training sets.
 * DeLong's (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988) and McNemar's (Psychometrika
 * 12, 1947) ask whether the predictions of one round differ, over samples: they are conditional on
 * the fitted models.
 *
 * All figures are of a less b; intervals are 95%, p-values two-sided. Pure functions, safe from any
 * thread.
 */
#ifndef EAE_EVAL_PAIRED_H
#define EAE_EVAL_PAIRED_H

#include <stdbool.h>
#include <stdint.h>

typedef struct eae_paired {
    int64_t n;        /* splits or samples it rests on */
    double a, b;      /* the figures of both, on these */
    double diff;      /* a - b */
    double low, high; /* NaN where there is no variance to judge by */
    double p;         /* NaN likewise; 1 where the two agree in everything */
} eae_paired;

/* n splits with their values, those left out where either is NaN; ratio = test / training samples:
 * t = mean(d) / (sd(d) sqrt(1/n + ratio)) on n - 1 degrees of freedom. NaN for fewer than two
 * splits, and where all differences are the same but not 0. */
eae_paired eae_paired_t(const double *a, const double *b, int64_t n, double ratio);

/* The areas under two ROC curves over the same n samples. NaN where a class has fewer than two. */
eae_paired eae_paired_delong(const double *a, const double *b, const bool *positive, int64_t n);

/* Which samples each has right. The exact test: the discordant samples are halved by chance. The
 * interval of the difference of the two shares is Wald's with half a sample added to each of the
 * four cells (Agresti and Min, Statistics in Medicine 24, 2005). */
eae_paired eae_paired_mcnemar(const bool *a, const bool *b, int64_t n);

/* Holm's step-down adjusted p-values (Scandinavian Journal of Statistics 6, 1979) of n p-values out
 * of a family of `family` >= n: the i-th smallest is multiplied by family - i + 1. Where not all of
 * the family are here that is never below what the procedure over the whole family gives, since a
 * p-value's place in the family is not before its place here. NaN stays NaN, and leaves the family.
 */
void eae_holm(const double *p, int64_t n, int64_t family, double *adjusted);

#endif
