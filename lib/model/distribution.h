/*
 * distribution.h - distribution functions with relative accuracy in the tails (1e-12 where the
 * argument allows it, down to 1e-300). Sources are cited at each in distribution.c.
 */
#ifndef EAE_MODEL_DISTRIBUTION_H
#define EAE_MODEL_DISTRIBUTION_H

double eae_normal_cdf(double z);
double eae_normal_quantile(double p);
double eae_normal_two_sided(double z); /* P(|Z| >= |z|) */
double eae_t_two_sided(double t, double df);
double eae_t_quantile(double p, double df); /* lower tail */
double eae_f_upper(double f, double df1, double df2);
double eae_chisq_upper(double x, double df);
double eae_beta_lower(double x, double a, double b); /* regularised incomplete beta */
double eae_log_gamma(double x);
double eae_digamma(double x);
double eae_trigamma(double x);
double eae_trigamma_inverse(double y); /* Smyth 2004, appendix */

#endif
