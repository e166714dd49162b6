/*
 * interval.h - intervals for performance figures.
 *
 * Nadeau-Bengio: splits share samples, so the variance of their mean is corrected by the share of
 * test to training samples (Nadeau and Bengio, "Inference for the generalization error", Machine
 * Learning 52, 2003). DeLong: the variance of one AUC (DeLong, DeLong and Clarke-Pearson 1988) by
 * midranks (Sun and Xu, "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters
 * 21, 2014). Bootstrap: percentiles over resampled samples or groups.
 */
#ifndef EAE_EVAL_INTERVAL_H
#define EAE_EVAL_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "eval/score/score.h"

typedef struct eae_interval {
    double low, high; /* 95%; NaN where it is not defined */
} eae_interval;

/* The standard error of a mean over j splits: sd sqrt(1/j + ratio), ratio = test / training
 * samples; NaN for fewer than two splits, or where nothing is left to train on. */
double eae_corrected_error(double sd, int64_t j, double ratio);
/* mean -/+ t(j-1) sd sqrt(1/j + ratio), ratio = test / training samples. */
eae_interval eae_nadeau_bengio(double mean, double sd, int64_t j, double ratio);

/* The placement of each sample: the share of the other class that it is on the right side of, ties
 * 1/2. The mean over either class is the AUC. NaN where the other class is absent. */
void eae_placements(const double *value, const bool *positive, int64_t n, double *placement);
/* Variance of the mean of both classes' parts of x, added: what the variance of an AUC is in
 * placements, and that of a difference of AUCs in differences of placements. NaN where a class has
 * fewer than two samples. */
double eae_placement_variance(const double *x, const bool *positive, int64_t n);
/* AUC and its variance; NaN where a class is absent, variance NaN where one has a single sample. */
void eae_delong(const double *value, const bool *positive, int64_t n, double *auc,
                double *variance);
/* auc -/+ 1.96 standard errors, cut at 0 and 1; one value per sample of the candidate: the mean
 * over its repeats under the real labels. Two classes. Conditional on the fitted models. */
eae_interval eae_delong_interval(const eae_predictions *p, int candidate);

/* 2.5% and 97.5% points (linear between order statistics) of the pooled metric over `replicates`
 * resamplings of the samples held out, whole groups where the frame has groups; the same resampling
 * in every repeat. Replicates in which the metric is not defined are left out. Keyed by (seed,
 * replicate): the same for any number of threads. interval: one per metric of s. */
int eae_bootstrap_interval(const eae_scores *s, int candidate, int64_t replicates, uint64_t seed,
                           int threads, eae_interval *interval);

#endif
