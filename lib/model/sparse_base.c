/* sparse_base.c - the unpenalised part of a sparse model: covariates and intercept; see
 * sparse_parts.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/sparse_parts.h"

enum { MAX_STEPS = 100, MAX_HALVINGS = 40 };

int eae_sparse_base_open(eae_sparse_base *b, eae_sparse_loss *loss)
{
    const eae_sparse_problem *p = loss->p;
    int64_t n = p->n, sides = eae_sparse_sides(p), m = sides * n;
    int64_t each = p->terms + (p->cox ? 0 : 1), terms = sides * each;
    *b = (eae_sparse_base){.loss = loss, .m = m, .terms = terms};
    b->u = EAE_NEW_ARRAY(double, m *terms);
    b->scratch = EAE_NEW_ARRAY(double, m *(terms + 4) + 2 * terms);
    for (int64_t side = 0; side < sides; side++) {
        for (int64_t t = 0; t < each; t++) {
            double *u = b->u + (side * each + t) * m + side * n; /* 0 on the other sides */
            for (int64_t i = 0; i < n; i++)
                u[i] = t < p->terms ? p->u[i * p->terms + t] : 1;
        }
    }
    return EAE_OK;
}

void eae_sparse_base_close(eae_sparse_base *b)
{
    free(b->u);
    free(b->scratch);
    *b = (eae_sparse_base){0};
}

static void values(const eae_sparse_base *b, const double *offset, const double *base, double *f)
{
    int64_t m = b->m;
    memcpy(f, offset, (size_t)m * sizeof *f);
    for (int64_t t = 0; t < b->terms; t++)
        eae_sparse_add(base[t], b->u + t * m, f, m);
}

/* Least squares of x on R'U, with the Hessian R R' that the loss holds; into step. The same step
 * for all classes changes nothing: the shortest has none of it. */
int eae_sparse_base_project(eae_sparse_base *b, const double *x, double *step)
{
    const eae_sparse_problem *p = b->loss->p;
    int64_t m = b->m, n = eae_sparse_bent(p), terms = b->terms;
    double *a = b->scratch + 4 * m, *rhs = b->scratch + 3 * m, *column = b->scratch + 2 * m;
    for (int64_t t = 0; t < terms; t++) {
        eae_sparse_bend_left(b->loss, b->u + t * m, column);
        for (int64_t i = 0; i < n; i++)
            a[i * terms + t] = column[i];
    }
    memcpy(rhs, x, (size_t)n * sizeof *rhs);
    if (terms > 1)
        return p->kernels->least_squares(a, n, terms, rhs, 1, 1e-12, step, NULL);
    double up = eae_sparse_dot(a, rhs, n), down = eae_sparse_dot(a, a, n);
    *step = down > 0 ? up / down : 0;
    return EAE_OK;
}

/* How far U'r is from 0, relative to the sizes of its terms. */
static double imbalance(const eae_sparse_base *b, const double *r)
{
    int64_t m = b->m;
    double worst = 0;
    for (int64_t t = 0; t < b->terms; t++) {
        double sum = 0, size = 0;
        for (int64_t i = 0; i < m; i++) {
            double part = b->u[t * m + i] * r[i];
            sum += part;
            size += fabs(part);
        }
        worst = fmax(worst, size > 0 ? fabs(sum) / size : 0);
    }
    return worst;
}

/* The Newton step for gamma and intercept at f. *last: it will be the last one. */
static int base_step(eae_sparse_base *b, const double *f, double *step, bool *last)
{
    const eae_sparse_problem *p = b->loss->p;
    double *r = b->scratch, *rest = r + b->m;
    eae_sparse_residual(b->loss, f, r);
    eae_sparse_bend(b->loss, f);
    eae_sparse_bend_solve(b->loss, r, rest);
    *last = (!p->cox && p->loss == EAE_LOSS_SQUARED) || imbalance(b, r) < 1e-12;
    return eae_sparse_base_project(b, rest, step);
}

/* Newton's method with halved steps; the squared loss takes one step. It ends one step after the
 * gradient is 0 to rounding, or where no step lowers the loss. */
int eae_sparse_base_fit(eae_sparse_base *b, const double *offset, double *base, double *f)
{
    int64_t m = b->m, terms = b->terms;
    double *next_f = b->scratch + m, *step = b->scratch + (terms + 4) * m, *next = step + terms;
    int status = EAE_OK;
    bool last = terms == 0;
    values(b, offset, base, f);
    double now = terms > 0 ? eae_sparse_value(b->loss, f) : 0;
    for (int k = 0; k < MAX_STEPS && status == EAE_OK && !last; k++) {
        status = base_step(b, f, step, &last);
        double t = 1, then = INFINITY;
        for (int halving = 0; halving < MAX_HALVINGS && status == EAE_OK; halving++, t /= 2) {
            for (int64_t c = 0; c < terms; c++)
                next[c] = base[c] + t * step[c];
            values(b, offset, next, next_f);
            then = eae_sparse_value(b->loss, next_f);
            if (then <= now * (1 + 1e-15))
                break;
        }
        if (status != EAE_OK || !(then <= now * (1 + 1e-15)))
            break;
        now = then;
        memcpy(base, next, (size_t)terms * sizeof *base);
        memcpy(f, next_f, (size_t)m * sizeof *f);
    }
    return status;
}
