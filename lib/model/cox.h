/*
 * cox.h - the Cox partial likelihood: value, gradient and Hessian in the linear predictor, and
 * proportional hazards regression on few covariates.
 *
 * Subjects are sorted once, by stratum, then time, events before censorings of the same time. With
 * w_i = count_i exp(eta_i), R(t) the sum of w over those at risk at t that have no event there,
 * E(t) over the d(t) events at t,
 *
 *     loss = -log PL = sum_t sum_{l < d(t)} log(R(t) + (1 - l/d) E(t)) - sum_{events} count eta
 *
 * by Efron (1977); Breslow (1974) has log(R + E) for each of the d. A subject that counts c times
 * is c subjects with tied times. The loss does not change when a constant is added to eta within a
 * stratum, so there is no intercept.
 *
 * The Hessian is a graph's Laplacian: entries off the diagonal are -w_i w_j times a number that
 * depends on the earlier of the two times alone (ties: and on who has an event), and rows sum to 0.
 * Eliminating subjects by time keeps that form, so its Cholesky factor L has three numbers a
 * subject and comes from sums of positive terms alone, in O(n):
 *
 *     L_ii = diagonal_i,   L_ji = -w_j tied_i   (j: a later event of i's own time, i an event)
 *                          L_ji = -w_j rest_i   (other j after i in the stratum), else 0
 *
 * "By place" means in the sorted order, "by row" in the caller's. Everything is f64, deterministic
 * and single-threaded; a sorted eae_cox may be read by many threads.
 */
#ifndef EAE_MODEL_COX_H
#define EAE_MODEL_COX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef enum eae_ties { EAE_TIES_EFRON, EAE_TIES_BRESLOW } eae_ties;

/* The subjects of one stratum with one time, by place: events first .. censored-1, censored
 * censored .. end-1. */
typedef struct eae_cox_time {
    int64_t first, censored, end;
    double deaths; /* sum of the counts of the events */
} eae_cox_time;

typedef struct eae_cox {
    int64_t n;
    eae_ties ties;
    int64_t *row;  /* place -> row */
    double *count; /* by place */
    eae_cox_time *time;
    int64_t times;
    int64_t *stratum; /* strata + 1: the first of its times */
    int64_t strata;
    double deaths, total; /* sums of counts: events, all */
} eae_cox;

/* n subjects: status is 0 for censored; stratum and count may be NULL (one stratum; once each).
 * Fails for a time or status that is NaN, and for a count that is not 1, 2, ... After a failure
 * *cox is empty. */
int eae_cox_new(eae_cox *cox, const double *time, const double *status, const int64_t *stratum,
                const double *count, int64_t n, eae_ties ties);
void eae_cox_free(eae_cox *cox);

/* The loss at one eta. Arrays are n long. */
typedef struct eae_cox_point {
    double loss;      /* -log PL; infinite where eta is not finite or spans too much for f64 */
    double *gradient; /* by row */
    double *weight;   /* by place: w, up to a factor for each stratum */
    double *diagonal, *tied, *rest; /* by place: the factor of the Hessian */
    double *sums;                   /* per time: inside cox.c */
    double *memory;
} eae_cox_point;

int eae_cox_point_init(eae_cox_point *point, const eae_cox *cox);
void eae_cox_point_free(eae_cox_point *point);

/* eta is by row. Sets loss, and gradient and weight; with `curvature` also the factor. */
void eae_cox_at(const eae_cox *cox, const double *eta, bool curvature, eae_cox_point *point);

/* out (n x k, by place) = L' x, x n x k by row with row stride ld; work: 2 k doubles. */
void eae_cox_factor_left(const eae_cox *cox, const eae_cox_point *point, const double *x,
                         int64_t ld, int64_t k, double *out, double *work);
/* out (n, by place) = L^-1 g, g by row with sums of 0 over each stratum; 0 where the factor is. */
void eae_cox_factor_solve(const eae_cox *cox, const eae_cox_point *point, const double *g,
                          double *out);
/* out (n, by row) = L z, z by place. */
void eae_cox_factor_product(const eae_cox *cox, const eae_cox_point *point, const double *z,
                            double *out);

/* Does the loss never rise along `direction` (n, by row, a change of eta), and fall somewhere? Then
 * it has no minimum there: at every event time the events have the largest change of those at risk.
 * Differences up to `slack` count as none. */
bool eae_cox_is_recession(const eae_cox *cox, const double *direction, double slack);

/* Regression on p covariates, p small. */
typedef struct eae_cox_fit {
    int64_t p;
    double *coef;     /* p; NaN for a covariate that is a combination of those before it (or
                         constant), and for all where the likelihood is monotone */
    double *se;       /* p: standard errors from the information at the maximum */
    double *variance; /* p x p; rows and columns of left-out covariates are 0 */
    double loglik_null, loglik;
    double score; /* the score test's statistic at 0 */
    int64_t df;   /* covariates that were kept */
    int64_t iterations;
    bool monotone; /* no maximum: the likelihood rises for ever in some direction (Bryson and
                      Johnson 1981); loglik is then near its limit */
    bool converged;
} eae_cox_fit;

/* x: n x p, row-major, finite. Newton's method with step halving on standardised covariates until
 * the step is below 1e-10. Not converging and being monotone are results, not failures. Wald:
 * z = coef / se, p-value eae_normal_two_sided(z). */
int eae_cox_regress(const eae_cox *cox, const double *x, int64_t p, eae_cox_fit *fit);
void eae_cox_fit_free(eae_cox_fit *fit);

#endif
