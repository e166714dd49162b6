/*
 * ranking.h - statistics that depend on the order of the values only: midranks, area under the ROC
 * curve, average precision, rank correlation, concordance.
 *
 * All are O(n log n), take values without NaN (infinities are allowed), and give NaN where the
 * statistic is not defined (one class only, all values equal, no comparable pair). They are pure
 * functions: safe from any thread, the same bits for the same input.
 */
#ifndef EAE_EVAL_RANKING_H
#define EAE_EVAL_RANKING_H

#include <stdbool.h>
#include <stdint.h>

/* order[0..n-1]: the positions of value[] in increasing order, equal values by position. */
void eae_sort_order(const double *value, int64_t n, int64_t *order);

/* rank[i]: 1 for the smallest; equal values share the mean of their ranks. */
void eae_midranks(const double *value, int64_t n, double *rank);

/* P(value of a positive > value of a negative) + half of P(equal): the Mann-Whitney form. */
double eae_auc(const double *value, const bool *positive, int64_t n);

/* Average precision: the sum over distinct thresholds, from the highest, of (recall - recall
 * before) * precision. No interpolation. */
double eae_average_precision(const double *value, const bool *positive, int64_t n);

/* Spearman's rho: Pearson's correlation of the midranks. */
double eae_spearman(const double *a, const double *b, int64_t n);

/* Harrell's C: of the pairs whose order in time is known, the share in which the one that failed
 * first has the higher value; equal values count 1/2; two events at one time are not comparable, an
 * event and a censoring at one time are (the censored one lived longer). */
double eae_concordance(const double *value, const double *time, const double *status, int64_t n);

#endif
