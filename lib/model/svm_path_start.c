/*
 * svm_path_start.c - where a path begins, and where it begins again: M from K, machines that moves
 * alone do not reach, and the solution given out. See svm_path.h.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/svm_path.h"

/* Columns of the border, and pivots of M, below this part of their size are taken for dependent. */
static const double dependent = 1e-10, no_pivot = 1e-13;

static int allocate(eae_svm_path *p)
{
    size_t n = (size_t)p->n, order = (size_t)p->order;
    p->factor = p->dual.work.matrix;
    p->own = eae_try_alloc(n * n, sizeof(double), "the inverse of a solver");
    p->x = EAE_NEW_ARRAY(double, 5 * order + n);
    p->u = p->x + order;
    p->v = p->u + order;
    p->row = p->v + order;
    p->c = p->row + order;
    p->g = p->c + order;
    p->state = EAE_NEW_ARRAY(int8_t, n);
    p->dirty = EAE_NEW_ARRAY(bool, n);
    p->list = EAE_NEW_ARRAY(int64_t, order + n);
    p->bound = p->list + order;
    if (!p->own)
        return EAE_FAIL;
    return eae_inverse_init(&p->inverse, p->kernels, p->order);
}

/* The columns of the border that do not depend on those before them, by orthogonalising. */
static void choose_columns(eae_svm_path *p)
{
    int64_t n = p->n, all = p->dual.qp.terms;
    double *basis = EAE_NEW_ARRAY(double, (all + 1) * n);
    p->e = EAE_NEW_ARRAY(double, all *n);
    p->column = EAE_NEW_ARRAY(int64_t, all);
    for (int64_t t = 0; t < all; t++) {
        double *q = basis + p->terms * n, *e = p->e + p->terms * n;
        for (int64_t i = 0; i < n; i++)
            q[i] = e[i] = p->dual.e[i * all + t];
        double size = eae_gram_dot(e, e, n);
        for (int64_t k = 0; k < 2 * p->terms; k++) { /* twice is enough */
            const double *other = basis + k % p->terms * n;
            double by = eae_gram_dot(q, other, n);
            for (int64_t i = 0; i < n; i++)
                q[i] -= by * other[i];
        }
        double norm = sqrt(eae_gram_dot(q, q, n));
        if (!(norm > dependent * sqrt(size)))
            continue;
        for (int64_t i = 0; i < n; i++)
            q[i] /= norm;
        p->column[p->terms++] = t;
    }
    free(basis);
}

int eae_svm_path_init(eae_svm_path *p, eae_svm_gram *gram, const eae_gram_problem *problem,
                      eae_svm_loss loss)
{
    int64_t n = problem->n;
    *p = (eae_svm_path){
        .kernels = gram->kernels, .gram = gram, .problem = *problem, .loss = loss, .n = n};
    p->problem.gram = gram->g;
    p->problem.ld = gram->ld;
    p->shift = problem->bias_penalised ? 1 : 0;
    if (eae_svm_dual_init(&p->dual, &p->problem, loss))
        return EAE_FAIL;
    eae_svm_dual_labels(&p->dual, problem->y);
    choose_columns(p);
    p->order = n + p->terms;
    p->diagonal = EAE_NEW_ARRAY(double, n);
    for (int64_t i = 0; i < n && loss == EAE_SQUARED_HINGE; i++)
        p->diagonal[i] = 0.5 / problem->cost[i];
    if (allocate(p)) {
        eae_svm_path_free(p);
        return EAE_FAIL;
    }
    return EAE_OK;
}

void eae_svm_path_free(eae_svm_path *p)
{
    eae_svm_dual_free(&p->dual);
    eae_inverse_free(&p->inverse);
    free(p->e);
    free(p->column);
    free(p->diagonal);
    free(p->x);
    free(p->state);
    free(p->dirty);
    free(p->list);
    free(p->own);
    *p = (eae_svm_path){0};
}

/* ---- M from K -------------------------------------------------------------------------------- */

/* H_SS + E_S diag(rho) E_S': on E'b = 0 the same, and positive definite where H_SS is not. */
static void weighted_h(eae_svm_path *p, const double *k, const double *rho)
{
    int64_t m = p->free;
    for (int64_t r = 0; r < m; r++) {
        int64_t i = p->list[r];
        for (int64_t c = 0; c < m; c++)
            p->factor[r * m + c] = k[i * p->gram->ld + p->list[c]] + p->shift;
        p->factor[r * m + r] += p->diagonal[i];
        for (int64_t t = 0; t < p->terms; t++) {
            const double *e = p->e + t * p->n;
            for (int64_t c = 0; c < m; c++)
                p->factor[r * m + c] += rho[t] * e[i] * e[p->list[c]];
        }
    }
}

static void border_weights(const eae_svm_path *p, const double *k, double *rho)
{
    double trace = 0;
    for (int64_t i = 0; i < p->n; i++)
        trace += k[i * p->gram->ld + i] + p->shift + p->diagonal[i];
    for (int64_t t = 0; t < p->terms; t++) {
        const double *e = p->e + t * p->n;
        rho[t] = trace / eae_gram_dot(e, e, p->n);
    }
}

/* Blocks of the bordered inverse from A^-1 (own, m x m), A = H_SS + E diag(rho) E':
 * W = A^-1 E, T = E'W;  A^-1 - W T^-1 W',  W T^-1,  diag(rho) - T^-1. */
static void write_inverse(eae_svm_path *p, const double *rho)
{
    int64_t m = p->free, terms = p->terms, n = p->n, ld = p->inverse.ld;
    double *w = EAE_NEW_ARRAY(double, m *terms), *t = EAE_NEW_ARRAY(double, 2 * terms * terms);
    double *inverse = t + terms * terms, *line = EAE_NEW_ARRAY(double, terms);
    eae_inverse_clear(&p->inverse);
    for (int64_t r = 0; r < m; r++) {
        for (int64_t q = 0; q < terms; q++) {
            for (int64_t c = 0; c < m; c++)
                w[r * terms + q] += p->own[r * m + c] * p->e[q * n + p->list[c]];
        }
    }
    for (int64_t q = 0; q < terms; q++) {
        inverse[q * terms + q] = 1;
        for (int64_t s = 0; s < terms; s++) {
            for (int64_t r = 0; r < m; r++)
                t[q * terms + s] += p->e[q * n + p->list[r]] * w[r * terms + s];
        }
    }
    eae_gram_eliminate(t, terms, inverse, terms, no_pivot);
    for (int64_t r = 0; r < m; r++) {
        double *out = p->inverse.m + p->list[r] * ld;
        for (int64_t q = 0; q < terms; q++) {
            line[q] = 0;
            for (int64_t s = 0; s < terms; s++)
                line[q] += w[r * terms + s] * inverse[s * terms + q];
            out[n + q] = p->inverse.m[(n + q) * ld + p->list[r]] = line[q];
        }
        for (int64_t c = 0; c <= r; c++) {
            double value = p->own[r * m + c];
            for (int64_t q = 0; q < terms; q++)
                value -= line[q] * w[c * terms + q];
            out[p->list[c]] = p->inverse.m[p->list[c] * ld + p->list[r]] = value;
        }
    }
    for (int64_t q = 0; q < terms; q++) {
        for (int64_t s = 0; s < terms; s++)
            p->inverse.m[(n + q) * ld + n + s] =
                (q == s ? rho[q] : 0) - (inverse[q * terms + s] + inverse[s * terms + q]) / 2;
    }
    free(w);
    free(t);
    free(line);
}

/* M of all entries of S at once; *made = false where H_SS is singular on E'b = 0. */
static int factor_all(eae_svm_path *p, bool *made)
{
    int64_t m = p->free;
    const double *k = eae_svm_gram_matrix(p->gram);
    double *rho = EAE_NEW_ARRAY(double, p->terms), pivot = 0;
    *made = false;
    if (!k) {
        free(rho);
        return EAE_FAIL;
    }
    border_weights(p, k, rho);
    weighted_h(p, k, rho);
    if (m <= p->terms || eae_gram_cholesky(p->kernels, p->factor, m, &pivot) ||
        !(pivot > no_pivot)) {
        free(rho);
        return EAE_OK;
    }
    memset(p->own, 0, (size_t)(m * m) * sizeof *p->own);
    for (int64_t i = 0; i < m; i++)
        p->own[i * m + i] = 1;
    int status = p->kernels->cholesky_solve(p->factor, m, p->own, m);
    if (status == EAE_OK)
        write_inverse(p, rho);
    *made = status == EAE_OK;
    free(rho);
    return status;
}

/* E_S is square: x = E'^-1 s, lambda = E^-1 (r - H x). */
int eae_svm_path_basis(eae_svm_path *p)
{
    int64_t terms = p->terms, n = p->n, ld = p->inverse.ld;
    eae_inverse_clear(&p->inverse);
    memset(p->dirty, 0, (size_t)n * sizeof *p->dirty);
    if (terms == 0)
        return EAE_OK;
    double *e = EAE_NEW_ARRAY(double, 2 * terms * terms + n), *inverse = e + terms * terms;
    double *h = inverse + terms * terms;
    for (int64_t r = 0; r < terms; r++) {
        inverse[r * terms + r] = 1;
        for (int64_t t = 0; t < terms; t++)
            e[r * terms + t] = p->e[t * n + p->list[r]];
    }
    eae_gram_eliminate(e, terms, inverse, terms, no_pivot); /* terms x S */
    double *m = p->inverse.m;
    for (int64_t t = 0; t < terms; t++) {
        for (int64_t r = 0; r < terms; r++)
            m[(n + t) * ld + p->list[r]] = m[p->list[r] * ld + n + t] = inverse[t * terms + r];
    }
    for (int64_t r = 0; r < terms; r++) {
        eae_svm_gram_row(p->gram, p->list[r], h);
        for (int64_t c = 0; c < terms; c++) {
            double value = h[p->list[c]] + p->shift + (r == c ? p->diagonal[p->list[r]] : 0);
            for (int64_t t = 0; t < terms; t++) {
                for (int64_t s = 0; s < terms; s++)
                    m[(n + t) * ld + n + s] -=
                        inverse[t * terms + r] * value * inverse[s * terms + c];
            }
        }
    }
    free(e);
    return EAE_OK;
}

/* ---- where there are more entries between the bounds than M can hold ------------------------- */

/* As many rows of the border as it has columns, independent: by elimination with pivoting, loose
 * entries first where they are not much worse. */
static void choose_basis(eae_svm_path *p)
{
    int64_t n = p->n;
    double *rest = EAE_NEW_ARRAY(double, p->terms *n);
    memcpy(rest, p->e, (size_t)(p->terms * n) * sizeof *rest);
    for (int64_t t = 0; t < p->terms; t++) {
        double *column = rest + t * n, best = 0;
        int64_t pick = 0;
        for (int64_t i = 0; i < n; i++) {
            double size = fabs(column[i]) * (p->state[i] == EAE_SVM_LOOSE ? 1 : 1e-3);
            if (size > best && p->state[i] != EAE_QP_FREE) {
                best = size;
                pick = i;
            }
        }
        p->state[pick] = EAE_QP_FREE;
        for (int64_t s = t + 1; s < p->terms; s++) {
            double by = rest[s * n + pick] / column[pick];
            for (int64_t i = 0; i < n; i++)
                rest[s * n + i] -= by * column[i];
        }
    }
    free(rest);
}

/* lambda and nothing else, for the multipliers of a basis: E_S lambda = -(H b - p)_S */
static int basis_lambda(eae_svm_path *p)
{
    memset(p->x + p->n, 0, (size_t)p->terms * sizeof *p->x);
    memset(p->c, 0, (size_t)p->order * sizeof *p->c);
    if (eae_svm_path_multipliers(p, p->list, p->free, p->g))
        return EAE_FAIL;
    for (int64_t a = 0; a < p->free; a++)
        p->c[p->list[a]] = -p->g[a];
    if (eae_inverse_product(&p->inverse, p->list, p->free + p->terms, p->c, p->u))
        return EAE_FAIL;
    memcpy(p->x + p->n, p->u + p->n, (size_t)p->terms * sizeof *p->x);
    return EAE_OK;
}

/* S from a basis; the other entries between their bounds come in one by one, or go on to a bound
 * where the objective does not change. */
static int one_by_one(eae_svm_path *p)
{
    double multiplier;
    for (int64_t i = 0; i < p->n; i++) {
        if (p->state[i] == EAE_QP_FREE)
            p->state[i] = EAE_SVM_LOOSE;
    }
    choose_basis(p);
    eae_svm_path_list(p);
    if (eae_svm_path_basis(p) || basis_lambda(p))
        return EAE_FAIL;
    for (int64_t i = 0; i < p->n && !p->lost; i++) {
        if (p->state[i] != EAE_SVM_LOOSE)
            continue;
        if (eae_svm_path_multipliers(p, &i, 1, &multiplier) || eae_svm_path_enter(p, i, multiplier))
            return EAE_FAIL;
    }
    return EAE_OK;
}

int eae_svm_path_remake(eae_svm_path *p)
{
    bool made;
    p->refactored++;
    p->stale = p->careful = false;
    memset(p->dirty, 0, (size_t)p->n * sizeof *p->dirty);
    if (p->free == p->terms)
        return eae_svm_path_basis(p);
    if (factor_all(p, &made))
        return EAE_FAIL;
    return made ? EAE_OK : one_by_one(p);
}

/* ---- start, polish, recover ------------------------------------------------------------------ */

static void set_states(eae_svm_path *p, const double *beta)
{
    memset(p->x, 0, (size_t)p->order * sizeof *p->x);
    memset(p->dirty, 0, (size_t)p->n * sizeof *p->dirty);
    for (int64_t i = 0; i < p->n; i++) {
        double b = isfinite(beta[i]) ? beta[i] : 0;
        p->x[i] = b = fmin(fmax(b, p->dual.lo[i]), p->dual.hi[i]);
        p->state[i] = b <= p->dual.lo[i]   ? EAE_QP_LOW
                      : b >= p->dual.hi[i] ? EAE_QP_HIGH
                                           : EAE_QP_FREE;
    }
    eae_svm_path_list(p);
    p->lost = p->stale = p->careful = p->stalled = false;
    p->unchecked = 0;
}

/* S and M from beta, refined and optimised; p->lost where that does not work. */
static int start_once(eae_svm_path *p, const double *beta)
{
    bool made;
    set_states(p, beta);
    if (factor_all(p, &made) || (!made && one_by_one(p)))
        return EAE_FAIL;
    return p->lost ? EAE_OK : eae_svm_path_optimise(p);
}

static int recover(eae_svm_path *p)
{
    eae_gram_fit fit;
    const double *k = eae_svm_gram_matrix(p->gram);
    p->recoveries++;
    if (!k)
        return EAE_FAIL;
    eae_gram_problem problem = p->problem;
    problem.gram = k;
    problem.tol = 1e-14;
    eae_gram_fit_init(&fit, p->n, p->problem.terms);
    memcpy(fit.beta, p->x, (size_t)p->n * sizeof *fit.beta);
    int status = eae_fit_svm(&problem, p->loss, &fit);
    if (status == EAE_OK)
        status = start_once(p, fit.beta);
    if (status == EAE_OK && p->lost) {
        set_states(p, fit.beta);
        double *lambda = EAE_NEW_ARRAY(double, p->dual.qp.terms);
        eae_gram_border_get(&fit, p->problem.terms, !p->problem.bias_penalised, lambda);
        for (int64_t t = 0; t < p->terms; t++)
            p->x[p->n + t] = lambda[p->column[t]];
        free(lambda);
        p->lost = true;
    }
    eae_gram_fit_free(&fit);
    return status;
}

int eae_svm_path_start(eae_svm_path *p, const double *beta)
{
    if (start_once(p, beta))
        return EAE_FAIL;
    return p->lost ? recover(p) : EAE_OK;
}

int eae_svm_path_polish(eae_svm_path *p)
{
    if (!p->lost && eae_svm_path_optimise(p))
        return EAE_FAIL;
    return p->lost ? recover(p) : EAE_OK;
}

/* ---- the solution given out ------------------------------------------------------------------ */

static double worst_condition(const eae_svm_dual *d)
{
    double worst = 0;
    for (int64_t i = 0; i < d->qp.n; i++) {
        double mu = d->g[i];
        for (int64_t t = 0; t < d->qp.terms; t++)
            mu += d->e[i * d->qp.terms + t] * d->lambda[t];
        if (d->b[i] > d->lo[i])
            worst = fmax(worst, mu);
        if (d->b[i] < d->hi[i])
            worst = fmax(worst, -mu);
    }
    return worst;
}

/* Where the border alone separates the classes the objective is 0, and a relative gap is only
 * reached exactly: lambda a little longer, so that no margin is short by rounding. */
static void judge(eae_svm_dual *d, eae_gram_fit *fit)
{
    fit->gap = INFINITY;
    fit->converged = false;
    if (eae_svm_dual_judge(d, d->b, d->lambda, d->f, fit))
        return;
    for (int64_t i = 0; i < d->qp.n; i++) {
        if (d->b[i] != 0)
            return;
    }
    for (int64_t t = 0; t < d->qp.terms; t++)
        d->lambda[t] *= 1 + 1e-6;
    eae_svm_dual_judge(d, d->b, d->lambda, d->f, fit);
}

int eae_svm_path_store(eae_svm_path *p, eae_gram_fit *fit, double *residual)
{
    eae_svm_dual *d = &p->dual;
    int64_t n = p->n;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        d->b[i] = fmin(fmax(p->x[i], d->lo[i]), d->hi[i]);
        sum += p->shift * d->b[i];
    }
    if (eae_svm_gram_product(p->gram, NULL, n, d->b, d->f))
        return EAE_FAIL;
    for (int64_t i = 0; i < n; i++) {
        d->f[i] += sum;
        d->g[i] = d->f[i] + p->diagonal[i] * d->b[i] - d->qp.p[i];
    }
    memset(d->lambda, 0, (size_t)d->qp.terms * sizeof *d->lambda);
    for (int64_t t = 0; t < p->terms; t++)
        d->lambda[p->column[t]] = p->x[n + t];
    if (p->problem.terms == 0 && !p->problem.bias_penalised)
        d->lambda[0] = eae_svm_dual_intercept(d);
    if (residual)
        *residual = worst_condition(d);
    judge(d, fit);
    /* since the last one: what a run that was taken up again counts, too */
    fit->iterations = p->pivots - p->reported;
    p->reported = p->pivots;
    return EAE_OK;
}
