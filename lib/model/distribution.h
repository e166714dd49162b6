/*
 * distribution.h - distribution functions with relative accuracy in the tails (1e-12 where the
 * argument allows it, down to 1e-300). Sources are cited at each in distribution.c.
 */
#ifndef EAE_MODEL_DISTRIBUTION_H
#define EAE_MODEL_DISTRIBUTION_H

#include <stdint.h>

double eae_normal_cdf(double z);
double eae_normal_quantile(double p);
double eae_normal_two_sided(double z); /* P(|Z| >= |z|) */
double eae_t_two_sided(double t, double df);
double eae_t_quantile(double p, double df); /* lower tail */
double eae_f_upper(double f, double df1, double df2);
double eae_chisq_upper(double x, double df);
double eae_beta_lower(double x, double a, double b); /* regularised incomplete beta */
/* Of `list` balls drawn out of `universe`, `set` of which are marked, X are marked: tail[k] = P(X
 * >= k) for k = 0 .. min(list, set). For values down to 1e-300 the relative error is below 1e-12
 * while min(list, set) is up to some 10,000. */
void eae_hypergeometric_tails(int64_t universe, int64_t set, int64_t list, double *tail);
double eae_log_gamma(double x);
double eae_digamma(double x);
double eae_trigamma(double x);
double eae_trigamma_inverse(double y); /* Smyth 2004, appendix */

#endif
