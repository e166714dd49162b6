/* sparse_loss.c - squared and logistic loss for sparse.h; see sparse_parts.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/sparse_parts.h"

enum { MAX_STEPS = 100, MAX_HALVINGS = 40 };

static bool is_logistic(const eae_sparse_problem *p)
{
    return p->loss == EAE_LOSS_LOGISTIC;
}

/* 1 / (1 + exp(m)), without overflow. */
static double miss(double m)
{
    double e = exp(-fabs(m));
    return m > 0 ? e / (1 + e) : 1 / (1 + e);
}

void eae_sparse_residual(const eae_sparse_problem *p, const double *f, double *r)
{
    for (int64_t i = 0; i < p->n; i++)
        r[i] = p->cost[i] * (is_logistic(p) ? p->y[i] * miss(p->y[i] * f[i]) : p->y[i] - f[i]);
}

void eae_sparse_curvature(const eae_sparse_problem *p, const double *f, double *h)
{
    const double least = 1e-10; /* a sample that is far on the wrong side would have no weight */
    for (int64_t i = 0; i < p->n; i++) {
        double q = is_logistic(p) ? miss(f[i]) : 1;
        h[i] = p->cost[i] * (is_logistic(p) ? fmax(q * (1 - q), least) : 1);
    }
}

double eae_sparse_loss(const eae_sparse_problem *p, const double *f)
{
    double sum = 0;
    for (int64_t i = 0; i < p->n; i++) {
        double m = is_logistic(p) ? -p->y[i] * f[i] : p->y[i] - f[i];
        sum += p->cost[i] * (is_logistic(p) ? fmax(m, 0) + log1p(exp(-fabs(m))) : m * m / 2);
    }
    return sum;
}

static double entropy(double q)
{
    double rest = 1 - q;
    if (q <= 0 || rest <= 0)
        return 0;
    return -q * log(q) - rest * log1p(-q);
}

/* The conjugate of the logistic loss is minus the entropy of r_i / (y_i cost_i), that of the
 * squared loss r^2/2 - r y, for which the best scale is known. */
double eae_sparse_dual(const eae_sparse_problem *p, const double *r, double square, double limit)
{
    double s = fmin(limit, 1), sum = 0, linear = 0, quadratic = square;
    if (is_logistic(p)) {
        for (int64_t i = 0; i < p->n; i++)
            sum += p->cost[i] * entropy(s * p->y[i] * r[i] / p->cost[i]);
        return sum - s * s * square / 2;
    }
    for (int64_t i = 0; i < p->n; i++) {
        linear += p->y[i] * r[i];
        quadratic += r[i] * r[i] / p->cost[i];
    }
    if (!(quadratic > 0))
        return 0;
    s = fmax(0, fmin(limit, linear / quadratic));
    return s * linear - s * s * quadratic / 2;
}

/* ---- gamma and intercept --------------------------------------------------------------------- */

int eae_sparse_base_open(eae_sparse_base *b, const eae_sparse_problem *p)
{
    int64_t n = p->n, terms = p->terms + 1;
    b->terms = terms;
    b->u = eae_malloc((size_t)(n * terms), sizeof *b->u);
    b->scratch = eae_malloc((size_t)(n * (terms + 4) + 2 * terms), sizeof *b->scratch);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t t = 0; t < p->terms; t++)
            b->u[i * terms + t] = p->u[i * p->terms + t];
        b->u[i * terms + p->terms] = 1;
    }
    return EAE_OK;
}

void eae_sparse_base_close(eae_sparse_base *b)
{
    free(b->u);
    free(b->scratch);
    *b = (eae_sparse_base){0};
}

static void values(const eae_sparse_base *b, int64_t n, const double *offset, const double *base,
                   double *f)
{
    for (int64_t i = 0; i < n; i++) {
        f[i] = offset[i];
        for (int64_t t = 0; t < b->terms; t++)
            f[i] += b->u[i * b->terms + t] * base[t];
    }
}

/* The Newton step for gamma and intercept: least squares of r / h on U with weights h. */
static int base_step(eae_sparse_base *b, const eae_sparse_problem *p, const double *r,
                     const double *h, double *step)
{
    int64_t n = p->n, terms = b->terms;
    double up = 0, down = 0, *a = b->scratch + 4 * n, *rhs = b->scratch + 3 * n;
    if (terms == 1) {
        for (int64_t i = 0; i < n; i++) {
            up += r[i];
            down += h[i];
        }
        *step = up / down;
        return EAE_OK;
    }
    for (int64_t i = 0; i < n; i++) {
        double root = sqrt(h[i]);
        rhs[i] = r[i] / root;
        for (int64_t t = 0; t < terms; t++)
            a[i * terms + t] = b->u[i * terms + t] * root;
    }
    return p->kernels->least_squares(a, n, terms, rhs, 1, 1e-12, step, NULL);
}

/* How far U'r is from 0, relative to the sizes of its terms. */
static double imbalance(const eae_sparse_base *b, int64_t n, const double *r)
{
    double worst = 0;
    for (int64_t t = 0; t < b->terms; t++) {
        double sum = 0, size = 0;
        for (int64_t i = 0; i < n; i++) {
            double part = b->u[i * b->terms + t] * r[i];
            sum += part;
            size += fabs(part);
        }
        worst = fmax(worst, size > 0 ? fabs(sum) / size : 0);
    }
    return worst;
}

/* Newton's method with halved steps; the squared loss takes one step. It ends one step after the
 * gradient is 0 to rounding, or where no step lowers the loss. */
int eae_sparse_base_fit(eae_sparse_base *b, const eae_sparse_problem *p, const double *offset,
                        double *base, double *f)
{
    int64_t n = p->n, terms = b->terms;
    double *r = b->scratch, *h = r + n, *next_f = h + n;
    double *step = b->scratch + (terms + 4) * n, *next = step + terms;
    int status = EAE_OK;
    values(b, n, offset, base, f);
    double now = eae_sparse_loss(p, f);
    for (int k = 0; k < MAX_STEPS && status == EAE_OK; k++) {
        eae_sparse_residual(p, f, r);
        eae_sparse_curvature(p, f, h);
        bool last = !is_logistic(p) || imbalance(b, n, r) < 1e-12;
        status = base_step(b, p, r, h, step);
        double t = 1, then = INFINITY;
        for (int halving = 0; halving < MAX_HALVINGS && status == EAE_OK; halving++, t /= 2) {
            for (int64_t c = 0; c < terms; c++)
                next[c] = base[c] + t * step[c];
            values(b, n, offset, next, next_f);
            then = eae_sparse_loss(p, next_f);
            if (then <= now * (1 + 1e-15))
                break;
        }
        if (status != EAE_OK || !(then <= now * (1 + 1e-15)))
            break;
        now = then;
        memcpy(base, next, (size_t)terms * sizeof *base);
        memcpy(f, next_f, (size_t)n * sizeof *f);
        if (last)
            break;
    }
    return status;
}
