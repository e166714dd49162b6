/*
 * gram_interior.c - primal-dual interior point for the dual of gram_internal.h: the method that
 * needs neither a good start nor a good condition, one factorisation of n x n per step.
 *
 * Mehrotra's predictor and corrector for convex quadratic programs with bounds (Nocedal and Wright
 * 2006, algorithm 16.4). Slacks s = b - lo, t = hi - b with multipliers z, w.
 */
#include <math.h>
#include <string.h>

#include "model/gram_internal.h"

enum { MAX_STEPS = 100, STALLED = 15 };

typedef struct interior {
    const eae_qp *qp;
    eae_qp_work *work;
    double *b, *lambda, *g;                             /* the caller's */
    double *z, *w, *db, *dz, *dw, *rz, *rw, *r, *solve; /* n each; solve: the bordered solve */
    double *dlambda, *s;                                /* terms each */
    double mu;
} interior;

static bool has_low(const interior *p, int64_t i)
{
    return p->qp->lo[i] > -INFINITY;
}

static bool has_high(const interior *p, int64_t i)
{
    return p->qp->hi[i] < INFINITY;
}

static double low_slack(const interior *p, int64_t i)
{
    return p->b[i] - p->qp->lo[i];
}

static double high_slack(const interior *p, int64_t i)
{
    return p->qp->hi[i] - p->b[i];
}

static void bind_memory(interior *p, eae_qp_work *work)
{
    int64_t n = p->qp->n, terms = p->qp->terms;
    double *v = work->vector;
    double **slots[] = {&p->z, &p->w, &p->db, &p->dz, &p->dw, &p->rz, &p->rw, &p->r};
    for (size_t k = 0; k < sizeof slots / sizeof *slots; k++, v += n)
        *slots[k] = v;
    p->solve = v;
    double *small = v + (terms + 1) * n + terms * (terms + 1);
    p->dlambda = small;
    p->s = small + terms;
}

/* The middle of the box, or some typical steps inside where a side is open, with multipliers that
 * leave little residual: a start far out, from which the path is short in logarithms. */
static void start(interior *p)
{
    const eae_qp *qp = p->qp;
    int64_t n = qp->n;
    double trace = 0, size = 0;
    for (int64_t i = 0; i < n; i++)
        trace += qp->h[i * qp->ld + i];
    double step = trace > 0 ? 10 * (double)n / trace : 1;
    for (int64_t i = 0; i < n; i++) {
        double half = (qp->hi[i] - qp->lo[i]) / 2;
        p->b[i] = half < INFINITY ? qp->lo[i] + half
                  : has_low(p, i) ? qp->lo[i] + step
                                  : qp->hi[i] - step;
    }
    eae_gram_product(qp->h, qp->ld, n, p->b, p->g);
    for (int64_t i = 0; i < n; i++) {
        p->g[i] -= qp->p[i];
        size += fabs(p->g[i]) / (double)n;
    }
    for (int64_t i = 0; i < n; i++) {
        p->z[i] = has_low(p, i) ? fmax(p->g[i], 0) + size : 0;
        p->w[i] = has_high(p, i) ? fmax(-p->g[i], 0) + size : 0;
    }
    memset(p->lambda, 0, (size_t)qp->terms * sizeof(double));
}

/* Gradient, its residual in r (before the slacks' part), complementarity. Returns max |residual|.*/
static double residuals(interior *p)
{
    const eae_qp *qp = p->qp;
    int64_t n = qp->n, pairs = 0;
    eae_gram_product(qp->h, qp->ld, n, p->b, p->g);
    double worst = 0, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        p->g[i] -= qp->p[i];
        p->r[i] = p->g[i] - p->z[i] + p->w[i];
        for (int64_t t = 0; t < qp->terms; t++)
            p->r[i] += qp->e[i * qp->terms + t] * p->lambda[t];
        worst = fmax(worst, fabs(p->r[i]));
        if (has_low(p, i)) {
            sum += low_slack(p, i) * p->z[i];
            pairs++;
        }
        if (has_high(p, i)) {
            sum += high_slack(p, i) * p->w[i];
            pairs++;
        }
    }
    eae_gram_border_sum(qp->e, n, qp->terms, p->b, p->s);
    for (int64_t t = 0; t < qp->terms; t++)
        p->s[t] = -p->s[t];
    p->mu = sum / (double)(pairs ? pairs : 1);
    return worst;
}

static bool factor(interior *p)
{
    const eae_qp *qp = p->qp;
    int64_t n = qp->n;
    for (int64_t i = 0; i < n; i++) {
        double *row = p->work->matrix + i * n;
        memcpy(row, qp->h + i * qp->ld, (size_t)(i + 1) * sizeof *row);
        row[i] *= 1 + 1e-15;
        if (has_low(p, i))
            row[i] += p->z[i] / low_slack(p, i);
        if (has_high(p, i))
            row[i] += p->w[i] / high_slack(p, i);
    }
    return !eae_gram_cholesky(qp->kernels, p->work->matrix, n, NULL);
}

/* Solve for the step with complementarity targets rz, rw. dz serves as right-hand side. */
static void direction(interior *p)
{
    const eae_qp *qp = p->qp;
    int64_t n = qp->n;
    for (int64_t i = 0; i < n; i++) {
        p->dz[i] = -p->r[i];
        if (has_low(p, i))
            p->dz[i] += p->rz[i] / low_slack(p, i);
        if (has_high(p, i))
            p->dz[i] -= p->rw[i] / high_slack(p, i);
    }
    eae_gram_bordered(p->work->matrix, n, qp->e, qp->terms, p->dz, p->s, p->db, p->dlambda,
                      p->solve);
    for (int64_t i = 0; i < n; i++) {
        p->dz[i] = has_low(p, i) ? (p->rz[i] - p->z[i] * p->db[i]) / low_slack(p, i) : 0;
        p->dw[i] = has_high(p, i) ? (p->rw[i] + p->w[i] * p->db[i]) / high_slack(p, i) : 0;
    }
}

static double limit(double value, double change, double step)
{
    return change < 0 ? fmin(step, -value / change) : step;
}

/* The longest step that keeps everything positive, at most `longest`. */
static double step_length(const interior *p, double longest)
{
    double a = longest;
    for (int64_t i = 0; i < p->qp->n; i++) {
        if (has_low(p, i)) {
            a = limit(low_slack(p, i), p->db[i], a);
            a = limit(p->z[i], p->dz[i], a);
        }
        if (has_high(p, i)) {
            a = limit(high_slack(p, i), -p->db[i], a);
            a = limit(p->w[i], p->dw[i], a);
        }
    }
    return a;
}

static double affine_mu(const interior *p, double a)
{
    double sum = 0;
    int64_t pairs = 0;
    for (int64_t i = 0; i < p->qp->n; i++) {
        if (has_low(p, i)) {
            sum += (low_slack(p, i) + a * p->db[i]) * (p->z[i] + a * p->dz[i]);
            pairs++;
        }
        if (has_high(p, i)) {
            sum += (high_slack(p, i) - a * p->db[i]) * (p->w[i] + a * p->dw[i]);
            pairs++;
        }
    }
    return sum / (double)(pairs ? pairs : 1);
}

/* Targets of the predictor (centre 0, no correction) or the corrector. */
static void targets(interior *p, double centre, bool correct)
{
    for (int64_t i = 0; i < p->qp->n; i++) {
        double cross_z = correct ? p->db[i] * p->dz[i] : 0;
        double cross_w = correct ? -p->db[i] * p->dw[i] : 0;
        p->rz[i] = centre - low_slack(p, i) * p->z[i] - cross_z;
        p->rw[i] = centre - high_slack(p, i) * p->w[i] - cross_w;
        if (!has_low(p, i))
            p->rz[i] = 0;
        if (!has_high(p, i))
            p->rw[i] = 0;
    }
}

static bool advance(interior *p)
{
    const eae_qp *qp = p->qp;
    double a = 0.995 * step_length(p, 1 / 0.995);
    if (!isfinite(a) || a < 1e-10)
        return false;
    for (int64_t i = 0; i < qp->n; i++) {
        double to = p->b[i] + a * p->db[i];
        if (!(to > qp->lo[i] && to < qp->hi[i])) /* rounding at a bound */
            to = p->b[i];
        p->b[i] = to;
        p->z[i] += a * p->dz[i];
        p->w[i] += a * p->dw[i];
    }
    for (int64_t t = 0; t < qp->terms; t++)
        p->lambda[t] += a * p->dlambda[t];
    return true;
}

/* An entry is at a bound when its slack is small against its multiplier, in units of b. */
static void guess_states(const interior *p, int8_t *state)
{
    const eae_qp *qp = p->qp;
    for (int64_t i = 0; i < qp->n; i++) {
        double curve = fmax(qp->h[i * qp->ld + i], 1e-300);
        state[i] = EAE_QP_FREE;
        if (has_low(p, i) && low_slack(p, i) < p->z[i] / curve)
            state[i] = EAE_QP_LOW;
        else if (has_high(p, i) && high_slack(p, i) < p->w[i] / curve)
            state[i] = EAE_QP_HIGH;
    }
}

/* The sum of the complementarity products, which is the duality gap once the residual is gone, is
 * rounding beside the objective. */
static bool finished(const interior *p, double worst)
{
    int64_t n = p->qp->n;
    double size = fabs(eae_gram_dot(p->qp->p, p->b, n));
    return worst <= 1e-11 && p->mu * (double)(2 * n) <= fmax(1e-15 * size, 1e-30);
}

bool eae_qp_interior(const eae_qp *qp, eae_qp_work *work, double *b, double *lambda, double *g)
{
    interior p = {.qp = qp, .work = work, .b = b, .lambda = lambda, .g = g};
    bind_memory(&p, work);
    start(&p);
    int64_t k = 0, best_at = 0;
    double best_mu = INFINITY, best_residual = INFINITY;
    for (; k < MAX_STEPS; k++) {
        double worst = residuals(&p);
        if (p.mu < best_mu / 2 || worst < best_residual / 2)
            best_at = k;
        best_mu = fmin(best_mu, p.mu);
        best_residual = fmin(best_residual, worst);
        if (!isfinite(worst) || finished(&p, worst) || k - best_at > STALLED || !factor(&p))
            break;
        work->iterations++;
        targets(&p, 0, false);
        direction(&p);
        double ratio = affine_mu(&p, step_length(&p, 1)) / p.mu;
        targets(&p, p.mu * ratio * ratio * ratio, true);
        direction(&p);
        if (!advance(&p))
            break;
    }
    residuals(&p);
    guess_states(&p, work->state);
    return k > 0;
}
