/*
 * survival.h - Kaplan-Meier curves and the log-rank test.
 *
 * S(t) = product over event times u <= t of (1 - d_u / n_u), with d_u events among n_u at risk at u
 * (Kaplan and Meier 1958); a subject censored at u is at risk at u. Greenwood's variance on the
 * log scale gives the 95% interval exp(log S -/+ 1.96 sqrt(sum d / (n (n - d)))), cut at 1, as
 * survfit() of R has it by default.
 *
 * Log-rank: the sum over event times of observed minus expected events of each group, with its
 * hypergeometric covariance (Mantel 1966), summed over strata; chi-square with one degree of
 * freedom less than there are groups with anybody at risk.
 *
 * status is 0 for censored, anything else is an event; time is finite. Pure functions, safe from
 * any thread.
 */
#ifndef EAE_EVAL_SURVIVAL_H
#define EAE_EVAL_SURVIVAL_H

#include <stdint.h>

#include "base/status.h"

typedef struct eae_km_step {
    double time;
    int64_t at_risk, events, censored; /* at that time */
    double survival;                   /* just after it */
    double low, high;                  /* 95%; NaN once nobody is left */
} eae_km_step;

/* The distinct times of the subjects with group[i] == g, in order, into step[] (n of room). group
 * NULL: all of them. Returns how many. */
int64_t eae_km_curve(const double *time, const double *status, const int32_t *group, int32_t g,
                     int64_t n, eae_km_step *step);
/* The first time at which survival is below 1/2; where it stays at 1/2 for a while, the middle of
 * that stretch if it ends, else its beginning (as R has it). NaN if it never comes down to that. */
double eae_km_median(const eae_km_step *step, int64_t n);

typedef struct eae_logrank {
    int groups;   /* that have anybody */
    double chisq; /* NaN where it is not defined: fewer than two groups, no event to compare */
    double p;
} eae_logrank;

/* group: 0 .. groups-1 (a subject of a group below 0 takes no part); stratum NULL: one. Fails for a
 * time or status that is NaN. */
int eae_logrank_test(const double *time, const double *status, const int32_t *group, int groups,
                     const int64_t *stratum, int64_t n, eae_logrank *result);

#endif
