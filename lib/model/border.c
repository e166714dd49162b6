/* border.c - see border.h. Gram-Schmidt, twice, which is orthogonal to rounding. */
#include "model/border.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/gram_internal.h"

/* x -= d q */
static void take(double *x, double d, const double *q, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] -= d * q[i];
}

/* Row t of the basis, from column t of e (n x terms). */
static void add_row(eae_border *b, const double *e, int64_t t)
{
    int64_t n = b->n, terms = b->terms;
    double *q = b->basis + t * n, *c = b->coef + t * terms;
    for (int64_t i = 0; i < n; i++)
        q[i] = e[i * terms + t] * b->root[i];
    c[t] = 1;
    double before = sqrt(eae_gram_dot(q, q, n));
    for (int64_t k = 0; k < 2 * t; k++) {
        const double *p = b->basis + (k % t) * n, *pc = b->coef + (k % t) * terms;
        double d = eae_gram_dot(p, q, n);
        take(q, d, p, n);
        take(c, d, pc, terms);
    }
    double norm = sqrt(eae_gram_dot(q, q, n));
    double scale = norm > 1e-10 * before ? 1 / norm : 0;
    for (int64_t i = 0; i < n; i++)
        q[i] *= scale;
    for (int64_t v = 0; v < terms; v++)
        c[v] *= scale;
}

void eae_border_open(eae_border *b, const eae_gram_problem *problem)
{
    int64_t n = problem->n, terms = eae_gram_border_terms(problem, true);
    *b = (eae_border){.n = n, .terms = terms};
    b->root = EAE_NEW_ARRAY(double, n + terms * n + terms * terms);
    b->basis = b->root + n;
    b->coef = b->basis + terms * n;
    for (int64_t i = 0; i < n; i++)
        b->root[i] = sqrt(problem->cost[i]);
    double *e = EAE_NEW_ARRAY(double, n *terms);
    eae_gram_border(problem, true, e);
    for (int64_t t = 0; t < terms; t++)
        add_row(b, e, t);
    free(e);
}

void eae_border_close(eae_border *b)
{
    free(b->root);
    *b = (eae_border){0};
}

void eae_border_project(const eae_border *b, double *x)
{
    for (int64_t t = 0; t < b->terms; t++) {
        const double *q = b->basis + t * b->n;
        take(x, eae_gram_dot(q, x, b->n), q, b->n);
    }
}

void eae_border_fit(const eae_border *b, double *rest, eae_gram_fit *fit)
{
    double *lambda = EAE_NEW_ARRAY(double, b->terms);
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t t = 0; t < b->terms; t++) {
            const double *q = b->basis + t * b->n;
            double d = eae_gram_dot(q, rest, b->n);
            take(rest, d, q, b->n);
            for (int64_t v = 0; v < b->terms; v++)
                lambda[v] += d * b->coef[t * b->terms + v];
        }
    }
    eae_gram_border_set(fit, b->terms - 1, true, lambda);
    free(lambda);
}
