/*
 * gram_active.c - active set by block principal pivoting for the dual of gram_internal.h.
 *
 * Judice and Pires (1994), "A block principal pivoting algorithm for large-scale strictly monotone
 * linear complementarity problems": guess which entries are free, solve for them exactly, move
 * every entry that breaks its bound or the sign of its multiplier to the other side, repeat; when
 * the number of such entries no longer falls, move one at a time. Where nearly every vector is
 * free (wide data) one factorisation is enough.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/gram_internal.h"

enum { BLOCK_TRIES = 4, REFINEMENTS = 5 };

/* vectors of n: free rows of E and right-hand side, the bordered solve, 4 of the interior point's
 * right-hand sides and 8 of its variables */
static size_t vector_count(int64_t terms)
{
    return 2 * (size_t)terms + 20;
}

/* where the vectors of `terms` begin, after those of n and the bordered solve's small matrix */
static size_t small_offset(int64_t n, int64_t terms)
{
    return (size_t)n * vector_count(terms) + (size_t)(terms + 1) * (size_t)(terms + 4);
}

int eae_qp_work_init(eae_qp_work *work, int64_t n, int64_t terms)
{
    *work = (eae_qp_work){0};
    work->matrix = eae_try_alloc((size_t)n * (size_t)n, sizeof(double), "the factor of a solver");
    work->vector = eae_try_alloc(small_offset(n, terms) + 2 * (size_t)terms, sizeof(double),
                                 "the vectors of a solver");
    work->list = EAE_NEW_ARRAY(int64_t, n);
    work->state = EAE_NEW_ARRAY(int8_t, n);
    if (work->matrix && work->vector)
        return EAE_OK;
    eae_qp_work_free(work);
    return EAE_FAIL;
}

void eae_qp_work_free(eae_qp_work *work)
{
    free(work->matrix);
    free(work->vector);
    free(work->list);
    free(work->state);
    *work = (eae_qp_work){0};
}

void eae_qp_states(const eae_qp *qp, const double *b, int8_t *state)
{
    for (int64_t i = 0; i < qp->n; i++)
        state[i] = b[i] <= qp->lo[i] ? EAE_QP_LOW : b[i] >= qp->hi[i] ? EAE_QP_HIGH : EAE_QP_FREE;
}

/* The weights rho of A = H + E diag(rho) E': on E' b = 0 the same problem, but positive definite
 * also where H restricted to the free entries has the rank of the features only. */
static void border_weights(const eae_qp *qp, double *rho)
{
    double trace = 0;
    for (int64_t i = 0; i < qp->n; i++)
        trace += qp->h[i * qp->ld + i];
    for (int64_t t = 0; t < qp->terms; t++) {
        double square = 0;
        for (int64_t i = 0; i < qp->n; i++)
            square += qp->e[i * qp->terms + t] * qp->e[i * qp->terms + t];
        rho[t] = square > 0 ? trace / square : 0;
    }
}

/* Factor A on the free entries; false where it is not safely positive definite. */
static bool factor_free(const eae_qp *qp, eae_qp_work *work, int64_t m, const double *rho)
{
    double largest = 0;
    for (int64_t r = 0; r < m; r++) {
        const double *row = qp->h + work->list[r] * qp->ld;
        double *out = work->matrix + r * m;
        for (int64_t c = 0; c <= r; c++)
            out[c] = row[work->list[c]];
        for (int64_t t = 0; t < qp->terms; t++) {
            double w = rho[t] * qp->e[work->list[r] * qp->terms + t];
            for (int64_t c = 0; w != 0 && c <= r; c++)
                out[c] += w * qp->e[work->list[c] * qp->terms + t];
        }
        largest = fmax(largest, out[r]);
    }
    for (int64_t r = 0; r < m; r++)
        work->matrix[r * m + r] += work->ridge * largest; /* of the direction only: refined below */
    double pivot;
    return !eae_gram_cholesky(qp->kernels, work->matrix, m, &pivot) &&
           (work->ridge > 0 || pivot > 1e-13);
}

/* One Newton step on the free entries, exact on E' b = 0. */
static void newton_step(const eae_qp *qp, eae_qp_work *work, int64_t m, const double *rho,
                        double *b, double *lambda, const double *g)
{
    int64_t n = qp->n, terms = qp->terms;
    double *ef = work->vector, *r = ef + n * terms, *x = r + n, *solve = x + n;
    double *s = work->vector + small_offset(n, terms);
    eae_gram_border_sum(qp->e, n, terms, b, s);
    for (int64_t t = 0; t < terms; t++)
        s[t] = -s[t];
    for (int64_t k = 0; k < m; k++) {
        int64_t i = work->list[k];
        r[k] = -g[i];
        for (int64_t t = 0; t < terms; t++) {
            ef[k * terms + t] = qp->e[i * terms + t];
            r[k] += rho[t] * s[t] * ef[k * terms + t];
        }
    }
    eae_gram_bordered(work->matrix, m, ef, terms, r, s, x, lambda, solve);
    for (int64_t k = 0; k < m; k++)
        b[work->list[k]] += x[k];
}

static void gradient(const eae_qp *qp, const double *b, double *g)
{
    eae_gram_product(qp->h, qp->ld, qp->n, b, g);
    for (int64_t i = 0; i < qp->n; i++)
        g[i] -= qp->p[i];
}

static double multiplier(const eae_qp *qp, const double *g, const double *lambda, int64_t i)
{
    double mu = g[i];
    for (int64_t t = 0; t < qp->terms; t++)
        mu += qp->e[i * qp->terms + t] * lambda[t];
    return mu;
}

/* Solve for the free entries given the others; false where that cannot be done. */
static bool solve_free(const eae_qp *qp, eae_qp_work *work, const double *rho, double *b,
                       double *lambda, double *g)
{
    int64_t n = qp->n, m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (work->state[i] == EAE_QP_FREE)
            work->list[m++] = i;
        else
            b[i] = work->state[i] == EAE_QP_LOW ? qp->lo[i] : qp->hi[i];
    }
    work->iterations++;
    if (m < qp->terms || m == 0 || !factor_free(qp, work, m, rho))
        return false;
    gradient(qp, b, g);
    for (int k = 0; k < REFINEMENTS; k++) {
        newton_step(qp, work, m, rho, b, lambda, g);
        gradient(qp, b, g);
        double worst = 0;
        for (int64_t r = 0; r < m; r++)
            worst = fmax(worst, fabs(multiplier(qp, g, lambda, work->list[r])));
        if (worst <= 1e-14)
            break;
        if (!isfinite(worst))
            return false;
    }
    return true;
}

/* Where entry i belongs by the present solution. */
static int8_t wanted_state(const eae_qp *qp, const double *b, const double *g, const double *lambda,
                           double slack, int64_t i, int8_t state)
{
    if (state == EAE_QP_FREE)
        return b[i] < qp->lo[i] - slack   ? EAE_QP_LOW
               : b[i] > qp->hi[i] + slack ? EAE_QP_HIGH
                                          : EAE_QP_FREE;
    double mu = multiplier(qp, g, lambda, i);
    bool wrong = state == EAE_QP_LOW ? mu < -1e-12 : mu > 1e-12;
    return wrong ? EAE_QP_FREE : state;
}

/* Move the misplaced entries (all, or the last one); returns how many there were. */
static int64_t pivot_states(const eae_qp *qp, const double *b, const double *g,
                            const double *lambda, bool one, int8_t *state)
{
    double scale = 0;
    for (int64_t i = 0; i < qp->n; i++)
        scale = fmax(scale, fabs(b[i]));
    int64_t wrong = 0, last = 0;
    int8_t last_state = 0;
    for (int64_t i = 0; i < qp->n; i++) {
        int8_t want = wanted_state(qp, b, g, lambda, 1e-13 * scale, i, state[i]);
        if (want == state[i])
            continue;
        wrong++;
        last = i;
        last_state = want;
        if (!one)
            state[i] = want;
    }
    if (one && wrong > 0)
        state[last] = last_state;
    return wrong;
}

bool eae_qp_active_set(const eae_qp *qp, eae_qp_work *work, int64_t max_iter, double *b,
                       double *lambda, double *g)
{
    double *rho = work->vector + small_offset(qp->n, qp->terms) + qp->terms;
    border_weights(qp, rho);
    int64_t best = INT64_MAX, tries = BLOCK_TRIES;
    for (int64_t k = 0; k < max_iter; k++) {
        if (!solve_free(qp, work, rho, b, lambda, g))
            return false;
        int64_t wrong = pivot_states(qp, b, g, lambda, tries <= 0, work->state);
        if (wrong == 0)
            break;
        if (k + 1 == max_iter)
            return false;
        if (wrong < best) {
            best = wrong;
            tries = BLOCK_TRIES;
        } else {
            tries--;
        }
    }
    for (int64_t i = 0; i < qp->n; i++)
        b[i] = fmin(fmax(b[i], qp->lo[i]), qp->hi[i]);
    return true;
}
