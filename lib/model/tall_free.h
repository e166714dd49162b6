/*
 * tall_free.h - the part of a linear model that nothing penalises: intercept and covariates, for
 * rows that do not fit into a matrix (tall_fit.h, few_fit.h).
 *
 *     f_i = w'z_i + e_i'g,    and in the dual   sum_i beta_i e_i = 0
 *
 * e_i are the covariates (and the constant 1) turned so that over the training rows their mean
 * product is the identity: then one penalty suits all of them, and covariates that repeat one
 * another do no harm (directions below 1e-10 of the largest are left out: their coefficients are
 * those of least norm).
 *
 * Two small problems over g or beta alone, whose second derivatives are terms x terms:
 *
 *     project   min sum_i (beta_i - t_i)^2 / (2 h_i), beta_i within its bounds, sum_i beta_i e_i =
 * 0 minimise  min_g sum_i cost_i loss(y_i, v_i + e_i'g)
 *
 * The first by its dual in `terms` numbers, concave and piecewise quadratic: Newton's method with
 * halving. So is the second for smooth losses; for the hinge it is a linear program, solved by
 * proximal steps in its dual, each of which is a projection (Rockafellar, SIAM J. Control Optim.
 * 1976: finitely many for a linear program).
 *
 * Determinism: sums in the order of the rows; one thread.
 */
#ifndef EAE_MODEL_TALL_FREE_H
#define EAE_MODEL_TALL_FREE_H

#include "model/gram_fit.h"

typedef struct eae_tall_free {
    const eae_kernels *kernels;
    int64_t rows, terms, covariates;
    bool intercept; /* among the terms */
    double *e;      /* rows x terms */
    double *turn;   /* terms x (covariates + 1): e_i = turn (u_i, 1); without intercept the last
                       column is 0 */
} eae_tall_free;

/* u: rows x covariates; weight (rows): of the training rows, 0 for others. */
int eae_tall_free_open(eae_tall_free *f, const eae_kernels *kernels, const double *u,
                       int64_t covariates, const double *weight, int64_t rows, bool intercept);
void eae_tall_free_close(eae_tall_free *f);
/* What g is for the covariates as they came: gamma; the intercept's part is returned. */
double eae_tall_free_turn_back(const eae_tall_free *f, const double *g, double *gamma);

static inline double eae_tall_free_value(const eae_tall_free *f, int64_t i, const double *g)
{
    double sum = 0;
    for (int64_t t = 0; t < f->terms; t++)
        sum += f->e[i * f->terms + t] * g[t];
    return sum;
}
static inline void eae_tall_free_add(const eae_tall_free *f, int64_t i, double by, double *sum)
{
    for (int64_t t = 0; t < f->terms; t++)
        sum[t] += by * f->e[i * f->terms + t];
}

/* Labels, costs and loss of some rows; rows with cost 0 take no part. */
typedef struct eae_tall_rows {
    const double *y, *cost;
    eae_loss loss;
} eae_tall_rows;

/* beta may be target. lambda (terms): where to begin; on return beta_i is target_i - h_i e_i'lambda
 * within its bounds. */
void eae_tall_free_project(const eae_tall_free *f, const eae_tall_rows *rows, const double *target,
                           const double *h, double *beta, double *lambda);

/* g: where to begin, and the best. beta: within its bounds, good where it is near the best dual;
 * for the hinge. Stops where the value, which is returned, is within `enough` of the least. */
double eae_tall_free_minimise(const eae_tall_free *f, const eae_tall_rows *rows,
                              const double *value, const double *beta, double enough, double *g);

#endif
