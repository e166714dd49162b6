/*
 * few_free.c - models of few features with covariates: the certificate of few_fit.h.
 *
 * What beta lacks of sum_i beta_i e_i = 0 is taken off in the metric that the second derivatives
 * were summed up in: r_i = weight_i e_i'lambda, with (sum_i weight_i e_i e_i') lambda = sum_i
 * beta_i e_i. So sum_i r_i z_i is known without another pass: it is (sum_i weight_i z_i e_i')
 * lambda.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/few_parts.h"
#include "model/loss.h"

/* What is no matter: of a diagonal, of a cost. */
static const double RIDGE = 1e-13, ROUNDING = 1e-10;
enum { REFINEMENTS = 3 };

/* Of the sum over rows, of which the lower triangle is there. */
static double element(const eae_few_model *m, int64_t a, int64_t b)
{
    return a >= b ? m->matrix[a * m->q + b] : m->matrix[b * m->q + a];
}

static double sum_of(const eae_few_model *m, int64_t j)
{
    return m->vector[EAE_FEW_POSITIVE * m->q + j] + m->vector[EAE_FEW_NEGATIVE * m->q + j];
}

/* Zeros where there is no solution. */
static void solve(const eae_few_model *m, const eae_kernels *kernels, double *lambda)
{
    int64_t k = m->problem->free->terms;
    double *factor = EAE_NEW_ARRAY(double, k *k + k), *rest = factor + k * k;
    memset(lambda, 0, (size_t)k * sizeof *lambda);
    for (int64_t s = 0; s < k; s++) {
        for (int64_t t = 0; t < k; t++)
            factor[s * k + t] = element(m, m->p + s, m->p + t);
        factor[s * k + s] += RIDGE * factor[s * k + s] + DBL_MIN;
    }
    bool there = kernels->cholesky(factor, k) == EAE_OK;
    for (int n = 0; n < REFINEMENTS && there; n++) {
        for (int64_t s = 0; s < k; s++) {
            rest[s] = sum_of(m, m->p + s);
            for (int64_t t = 0; t < k; t++)
                rest[s] -= element(m, m->p + s, m->p + t) * lambda[t];
        }
        there = kernels->cholesky_solve(factor, k, rest, 1) == EAE_OK;
        for (int64_t s = 0; s < k && there; s++)
            lambda[s] += rest[s];
    }
    free(factor);
}

/* Within its bounds but for rounding, which is cut; NaN if not. */
static double bounded(const eae_tall_problem *p, int64_t i, double beta)
{
    double a = p->y[i] * beta, c = p->cost[i];
    if (p->loss == EAE_LOSS_SQUARED)
        return beta;
    if (a < 0)
        return a < -ROUNDING * c ? NAN : 0;
    if (p->loss != EAE_LOSS_SQUARED_HINGE && a > c)
        return a > (1 + ROUNDING) * c ? NAN : p->y[i] * c;
    return beta;
}

/* The square of the norm of what is left of w, and of a penalised intercept. */
static double norm_of(const eae_few_model *m, const double *lambda)
{
    double norm = 0;
    for (int64_t j = 0; j < m->q; j++) {
        double v = eae_few_penalised(m, j) ? sum_of(m, j) : 0;
        for (int64_t t = 0; t < m->problem->free->terms && eae_few_penalised(m, j); t++)
            v -= element(m, m->p + t, j) * lambda[t];
        norm += v * v;
    }
    return norm;
}

double eae_few_dual_free(const eae_few_model *m, const eae_kernels *kernels, eae_few_beta beta,
                         eae_few_beta weight)
{
    const eae_tall_problem *p = m->problem;
    double *lambda = EAE_NEW_ARRAY(double, p->free->terms), dual = 0;
    solve(m, kernels, lambda);
    for (int64_t i = 0; i < m->rows; i++) {
        if (!(p->cost[i] > 0))
            continue;
        double less = weight(m, i) * eae_tall_free_value(p->free, i, lambda);
        double at = bounded(p, i, beta(m, i) - less);
        dual += isnan(at) ? at : eae_loss_dual(p->loss, p->y[i], p->cost[i], at);
    }
    dual -= norm_of(m, lambda) / 2;
    free(lambda);
    return dual;
}
