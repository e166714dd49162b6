/*
 * sparse_loss.c - squared and logistic loss and the partial likelihood for sparse.h; see
 * sparse_parts.h.
 *
 * The first two are sums over rows, with a Hessian that is diagonal. That of the partial likelihood
 * is not, but has a factor that a vector is multiplied by, or solved with, in n steps (cox.h). The
 * softmax loss of many classes is that of sparse_softmax.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/sparse_parts.h"

static bool is_logistic(const eae_sparse_problem *p)
{
    return p->loss == EAE_LOSS_LOGISTIC;
}

int eae_sparse_loss_open(eae_sparse_loss *l, const eae_sparse_problem *p)
{
    *l = (eae_sparse_loss){.p = p, .root = EAE_NEW_ARRAY(double, eae_sparse_bent(p))};
    if (p->classes > 0)
        eae_sparse_softmax_open(l);
    if (!p->cox)
        return EAE_OK;
    l->scale = 1 / p->cox->total;
    return eae_cox_point_init(&l->bent, p->cox) == EAE_OK ? eae_cox_point_init(&l->point, p->cox)
                                                          : EAE_FAIL;
}

void eae_sparse_loss_close(eae_sparse_loss *l)
{
    free(l->root);
    free(l->pi);
    eae_cox_point_free(&l->bent);
    eae_cox_point_free(&l->point);
    *l = (eae_sparse_loss){0};
}

/* 1 / (1 + exp(m)), without overflow. */
static double miss(double m)
{
    double e = exp(-fabs(m));
    return m > 0 ? e / (1 + e) : 1 / (1 + e);
}

void eae_sparse_residual(eae_sparse_loss *l, const double *f, double *r)
{
    const eae_sparse_problem *p = l->p;
    if (p->classes > 0) {
        eae_sparse_softmax_residual(p, f, r);
        return;
    }
    if (p->cox)
        eae_cox_at(p->cox, f, false, &l->point);
    for (int64_t i = 0; i < p->n; i++) {
        if (p->cox)
            r[i] = -l->scale * l->point.gradient[i];
        else
            r[i] = p->cost[i] * (is_logistic(p) ? p->y[i] * miss(p->y[i] * f[i]) : p->y[i] - f[i]);
    }
}

double eae_sparse_value(eae_sparse_loss *l, const double *f)
{
    const eae_sparse_problem *p = l->p;
    double sum = 0;
    if (p->classes > 0)
        return eae_sparse_softmax_value(p, f);
    if (p->cox) {
        eae_cox_at(p->cox, f, false, &l->point);
        return l->scale * l->point.loss;
    }
    for (int64_t i = 0; i < p->n; i++) {
        double m = is_logistic(p) ? -p->y[i] * f[i] : p->y[i] - f[i];
        sum += p->cost[i] * (is_logistic(p) ? fmax(m, 0) + log1p(exp(-fabs(m))) : m * m / 2);
    }
    return sum;
}

/* ---- the dual -------------------------------------------------------------------------------- */

static double entropy(double q)
{
    double rest = 1 - q;
    if (q <= 0 || rest <= 0)
        return 0;
    return -q * log(q) - rest * log1p(-q);
}

/* The largest of linear s - quadratic s^2 / 2 for s from 0 to limit. */
static double best_scale(double linear, double quadratic, double limit)
{
    double s = quadratic > 0 ? fmax(0, fmin(limit, linear / quadratic)) : linear > 0 ? limit : 0;
    return s > 0 ? s * linear - s * s * quadratic / 2 : 0;
}

/* The conjugate of the logistic loss is minus the entropy of r_i / (y_i cost_i), that of the
 * squared loss r^2/2 - r y, for which the best scale is known. Of the partial likelihood it is
 * known at its gradient, g'f - N, and at 0 it is at most 0, since N is never negative (every event
 * is among those at risk); between the two it is at most what is between these. */
double eae_sparse_dual(const eae_sparse_loss *l, const double *f, double value, const double *r,
                       double square, double limit)
{
    const eae_sparse_problem *p = l->p;
    double s = fmin(limit, 1), sum = 0, linear = 0, quadratic = square;
    if (p->cox) {
        for (int64_t i = 0; i < p->n; i++)
            linear += r[i] * f[i];
        return best_scale(linear + value, square, s);
    }
    if (p->classes > 0)
        return eae_sparse_softmax_entropy(p, r, s) - s * s * square / 2;
    if (is_logistic(p)) {
        for (int64_t i = 0; i < p->n; i++)
            sum += p->cost[i] * entropy(s * p->y[i] * r[i] / p->cost[i]);
        return sum - s * s * square / 2;
    }
    for (int64_t i = 0; i < p->n; i++) {
        linear += p->y[i] * r[i];
        quadratic += r[i] * r[i] / p->cost[i];
    }
    return quadratic > 0 ? best_scale(linear, quadratic, limit) : 0;
}

/* ---- the Hessian ----------------------------------------------------------------------------- */

void eae_sparse_bend(eae_sparse_loss *l, const double *f)
{
    const eae_sparse_problem *p = l->p;
    const double least = 1e-10; /* a sample that is far on the wrong side would have no weight */
    if (p->classes > 0) {
        eae_sparse_softmax_bend(l, f);
        return;
    }
    if (p->cox) {
        eae_cox_at(p->cox, f, true, &l->bent);
        return;
    }
    for (int64_t i = 0; i < p->n; i++) {
        double q = is_logistic(p) ? miss(f[i]) : 1;
        l->root[i] = sqrt(p->cost[i] * (is_logistic(p) ? fmax(q * (1 - q), least) : 1));
    }
}

void eae_sparse_bend_left(const eae_sparse_loss *l, const double *x, double *out)
{
    const eae_sparse_problem *p = l->p;
    double root = sqrt(l->scale), work[2];
    if (p->classes > 0) {
        eae_sparse_softmax_left(l, x, out);
        return;
    }
    if (p->cox)
        eae_cox_factor_left(p->cox, &l->bent, x, 1, 1, out, work);
    for (int64_t i = 0; i < p->n; i++)
        out[i] = p->cox ? root * out[i] : l->root[i] * x[i];
}

void eae_sparse_bend_solve(const eae_sparse_loss *l, const double *r, double *out)
{
    const eae_sparse_problem *p = l->p;
    double root = sqrt(l->scale);
    if (p->classes > 0) {
        eae_sparse_softmax_solve(l, r, out);
        return;
    }
    if (p->cox)
        eae_cox_factor_solve(p->cox, &l->bent, r, out);
    for (int64_t i = 0; i < p->n; i++)
        out[i] = p->cox ? out[i] / root : r[i] / l->root[i];
}

void eae_sparse_bend_side(const eae_sparse_loss *l, int64_t side, const double *z, double *out)
{
    if (l->p->classes > 0)
        eae_sparse_softmax_side(l, side, z, out);
    else
        eae_sparse_bend_left(l, z, out);
}
