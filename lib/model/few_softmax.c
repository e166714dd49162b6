/* few_softmax.c - see few_softmax.h. Arrays of classes and rows are classes x n. */
#include "model/few_softmax.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/gram_internal.h"

enum { MAX_STEPS = 200, MAX_HALVINGS = 40, BLOCK = 1024, COEFFICIENTS_MOST = 4096 };

typedef struct {
    const eae_gram_problem *problem;
    int64_t n, p, terms, q, classes;
    double *x;       /* n x q: values, then the border */
    double *theta;   /* classes x q */
    double *step;    /* the same */
    double *hessian; /* (classes q)^2 */
    double *scaled;  /* BLOCK x q */
    double *part;    /* q x q */
    double *f, *df, *pi, *b, *nb, *trial;
} softmax;

bool eae_few_softmax_suits(int64_t rows, int64_t features, int classes)
{
    return classes > 2 && eae_few_squares_suits(rows, features) &&
           (features + 1) * classes <= COEFFICIENTS_MOST;
}

static void softmax_close(softmax *s)
{
    free(s->x);
    free(s->f);
}

static int softmax_open(softmax *s, const eae_gram_problem *problem, const eae_few_values *values,
                        int classes)
{
    int64_t n = problem->n, terms = eae_gram_border_terms(problem, true), q = values->p + terms;
    int64_t all = q * classes;
    *s = (softmax){.problem = problem, .n = n, .p = values->p, .terms = terms, .q = q};
    s->classes = classes;
    s->x = eae_try_alloc((size_t)(n * q + all * all + 2 * all + BLOCK * q + q * q), sizeof *s->x,
                         "softmax regression");
    s->f = eae_try_alloc((size_t)(6 * classes * n), sizeof *s->f, "softmax regression");
    if (!s->x || !s->f)
        return EAE_FAIL;
    s->hessian = s->x + n * q;
    s->theta = s->hessian + all * all;
    s->step = s->theta + all;
    s->scaled = s->step + all;
    s->part = s->scaled + BLOCK * q;
    s->df = s->f + classes * n;
    s->pi = s->df + classes * n;
    s->b = s->pi + classes * n;
    s->nb = s->b + classes * n;
    s->trial = s->nb + classes * n;
    memset(s->b, 0, (size_t)(classes * n) * sizeof *s->b); /* q = [y = k] */
    double *e = EAE_NEW_ARRAY(double, n *terms);
    eae_gram_border(problem, true, e);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < values->p; j++)
            s->x[i * q + j] = values->z[j * values->ld + i];
        memcpy(s->x + i * q + values->p, e + i * terms, (size_t)terms * sizeof *e);
    }
    free(e);
    return EAE_OK;
}

/* out (classes x n) = x theta_k */
static void values_at(const softmax *s, const double *theta, double *out)
{
    for (int64_t k = 0; k < s->classes; k++) {
        for (int64_t i = 0; i < s->n; i++)
            out[k * s->n + i] = eae_gram_dot(s->x + i * s->q, theta + k * s->q, s->q);
    }
}

static double hit(const softmax *s, int64_t i, int64_t k)
{
    return s->problem->y[i] == (double)k ? 1 : 0;
}

/* pi of f; the sum of costs times losses. */
static double probabilities(const softmax *s, const double *f, double *pi)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
        double top = -INFINITY, total = 0;
        for (int64_t k = 0; k < s->classes; k++)
            top = fmax(top, f[k * s->n + i]);
        for (int64_t k = 0; k < s->classes; k++)
            total += pi[k * s->n + i] = exp(f[k * s->n + i] - top);
        for (int64_t k = 0; k < s->classes; k++)
            pi[k * s->n + i] /= total;
        /* the largest class adds 1 to the total */
        double loss = top + log(fmax(total, 1)) - f[(int64_t)s->problem->y[i] * s->n + i];
        sum += s->problem->cost[i] * loss;
    }
    return sum;
}

/* ---- a step ---------------------------------------------------------------------------------- */

/* The block of classes k and l <= k of the second derivative. */
static int add_block(softmax *s, int64_t k, int64_t l)
{
    int64_t n = s->n, q = s->q, all = q * s->classes;
    int status = EAE_OK;
    memset(s->part, 0, (size_t)(q * q) * sizeof *s->part);
    for (int64_t first = 0; first < n && status == EAE_OK; first += BLOCK) {
        int64_t rows = n - first < BLOCK ? n - first : BLOCK;
        for (int64_t i = 0; i < rows; i++) {
            double pk = s->pi[k * n + first + i], pl = s->pi[l * n + first + i];
            double weight = s->problem->cost[first + i] * pk * ((k == l) - pl);
            for (int64_t j = 0; j < q; j++)
                s->scaled[i * q + j] = weight * s->x[(first + i) * q + j];
        }
        status = s->problem->kernels->multiply(true, false, q, q, rows, 1, s->x + first * q,
                                               s->scaled, 1, s->part);
    }
    for (int64_t a = 0; a < q; a++)
        memcpy(s->hessian + (k * q + a) * all + l * q, s->part + a * q, (size_t)q * sizeof(double));
    return status;
}

/* Its factor. The same shift of the free coefficients of every class changes nothing: some weight
 * on it makes it 0. */
static int make_system(softmax *s)
{
    int64_t q = s->q, all = q * s->classes;
    int status = EAE_OK;
    for (int64_t k = 0; k < s->classes && status == EAE_OK; k++) {
        for (int64_t l = 0; l <= k && status == EAE_OK; l++)
            status = add_block(s, k, l);
    }
    double trace = 0;
    for (int64_t r = 0; r < all; r++)
        trace += s->hessian[r * all + r];
    for (int64_t k = 0; k < s->classes; k++) {
        for (int64_t j = 0; j < s->p; j++)
            s->hessian[(k * q + j) * all + k * q + j] += 1;
        for (int64_t l = 0; l <= k; l++) {
            for (int64_t t = s->p; t < q; t++)
                s->hessian[(k * q + t) * all + l * q + t] += trace / (double)all;
        }
    }
    return status == EAE_OK ? s->problem->kernels->cholesky(s->hessian, all) : status;
}

/* step, what it adds to f, and the dual point that belongs to it */
static int newton_step(softmax *s)
{
    const eae_gram_problem *p = s->problem;
    int64_t n = s->n, q = s->q;
    if (make_system(s) != EAE_OK)
        return EAE_FAIL;
    for (int64_t k = 0; k < s->classes; k++) {
        double *right = s->step + k * q;
        for (int64_t j = 0; j < q; j++)
            right[j] = j < s->p ? -s->theta[k * q + j] : 0;
        for (int64_t i = 0; i < n; i++) {
            double r = p->cost[i] * (hit(s, i, k) - s->pi[k * n + i]);
            for (int64_t j = 0; j < q; j++)
                right[j] += r * s->x[i * q + j];
        }
    }
    if (p->kernels->cholesky_solve(s->hessian, q * s->classes, s->step, 1) != EAE_OK)
        return EAE_FAIL;
    values_at(s, s->step, s->df);
    for (int64_t i = 0; i < n; i++) {
        double mean = 0;
        for (int64_t k = 0; k < s->classes; k++)
            mean += s->pi[k * n + i] * s->df[k * n + i];
        for (int64_t k = 0; k < s->classes; k++) {
            double pi = s->pi[k * n + i];
            s->nb[k * n + i] = p->cost[i] * (hit(s, i, k) - pi - pi * (s->df[k * n + i] - mean));
        }
    }
    return EAE_OK;
}

/* 1/2 |w|^2 of theta + t step */
static double penalty(const softmax *s, double t)
{
    double sum = 0;
    for (int64_t e = 0; e < s->classes * s->q; e++) {
        double w = s->theta[e] + t * s->step[e];
        sum += e % s->q < s->p ? w * w : 0;
    }
    return sum / 2;
}

/* The point, its probabilities and its dual move by the step or a part of it; false: no part lowers
 * the objective. */
static bool move(softmax *s, double *objective)
{
    int64_t all = s->classes * s->n;
    double t = 1;
    for (int h = 0; h < MAX_HALVINGS; h++, t /= 2) {
        for (int64_t e = 0; e < all; e++)
            s->trial[e] = s->f[e] + t * s->df[e];
        double value = penalty(s, t) + probabilities(s, s->trial, s->pi);
        if (!(value <= *objective + 1e-14 * fabs(*objective)))
            continue;
        memcpy(s->f, s->trial, (size_t)all * sizeof *s->f);
        for (int64_t e = 0; e < s->classes * s->q; e++)
            s->theta[e] += t * s->step[e];
        for (int64_t e = 0; e < all; e++)
            s->b[e] = t == 1 ? s->nb[e] : s->b[e] + t * (s->nb[e] - s->b[e]);
        *objective = value;
        return true;
    }
    probabilities(s, s->f, s->pi);
    return false;
}

/* ---- the certificate ------------------------------------------------------------------------- */

static double entropies(const softmax *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
        double cost = s->problem->cost[i], total = 0;
        for (int64_t k = 0; k < s->classes; k++) {
            double b = s->b[k * s->n + i], q = hit(s, i, k) - b / cost;
            if (q < -1e-15)
                return INFINITY;
            sum += cost * eae_gram_entropy(q, s->pi[k * s->n + i]);
            total += b;
        }
        if (fabs(total) > 1e-12 * cost) /* not probabilities */
            return INFINITY;
    }
    return sum;
}

/* Primal less dual, and what the equalities lack. */
static double duality_gap(const softmax *s)
{
    double gap = entropies(s);
    double *product = EAE_NEW_ARRAY(double, s->q);
    for (int64_t k = 0; k < s->classes && isfinite(gap); k++) {
        const double *theta = s->theta + k * s->q;
        memset(product, 0, (size_t)s->q * sizeof *product);
        for (int64_t i = 0; i < s->n; i++) {
            double b = s->b[k * s->n + i];
            for (int64_t j = 0; j < s->q; j++)
                product[j] += b * s->x[i * s->q + j];
        }
        for (int64_t j = 0; j < s->q; j++) {
            double d = theta[j] - product[j];
            gap += j < s->p ? d * d / 2 : fabs(product[j] * theta[j]);
        }
    }
    free(product);
    return gap;
}

/* ---- the fit --------------------------------------------------------------------------------- */

static void load(softmax *s, const eae_gram_fit *fit, const double *w)
{
    for (int64_t k = 0; k < s->classes; k++) {
        double *theta = s->theta + k * s->q;
        memcpy(theta, w + k * s->p, (size_t)s->p * sizeof *w);
        eae_gram_border_get(fit + k, s->terms - 1, true, theta + s->p);
    }
    values_at(s, s->theta, s->f);
}

static void store(softmax *s, eae_gram_fit *fit, double *w)
{
    for (int64_t t = s->p; t < s->q; t++) {
        double mean = 0;
        for (int64_t k = 0; k < s->classes; k++)
            mean += s->theta[k * s->q + t] / (double)s->classes;
        for (int64_t k = 0; k < s->classes; k++)
            s->theta[k * s->q + t] -= mean;
    }
    for (int64_t k = 0; k < s->classes; k++) {
        memcpy(w + k * s->p, s->theta + k * s->q, (size_t)s->p * sizeof *w);
        eae_gram_border_set(fit + k, s->terms - 1, true, s->theta + k * s->q + s->p);
    }
}

static void iterate(softmax *s, eae_gram_fit *fit)
{
    const eae_gram_problem *p = s->problem;
    int64_t limit = p->max_iter > 0 ? p->max_iter : MAX_STEPS, steps = 0;
    memset(s->step, 0, (size_t)(s->classes * s->q) * sizeof *s->step);
    double objective = penalty(s, 0) + probabilities(s, s->f, s->pi);
    double gap = eae_gram_relative_gap(duality_gap(s), objective);
    for (; !(gap <= p->tol) && steps < limit; steps++) {
        if (newton_step(s) != EAE_OK || !move(s, &objective))
            break; /* saturated, or no progress: the gap says how far it came */
        gap = eae_gram_relative_gap(duality_gap(s), objective);
    }
    for (int64_t k = 0; k < s->classes; k++) {
        fit[k].objective = objective;
        fit[k].gap = gap;
        fit[k].iterations = steps;
        fit[k].converged = gap <= p->tol;
    }
}

int eae_few_softmax(const eae_gram_problem *problem, const eae_few_values *values, int classes,
                    eae_gram_fit *fit, double *w, double *b)
{
    softmax s;
    int status = softmax_open(&s, problem, values, classes);
    if (status == EAE_OK) {
        load(&s, fit, w);
        iterate(&s, fit);
    }
    if (status == EAE_OK && !fit->converged) { /* a far start saturates: begin at 0 */
        memset(s.theta, 0, (size_t)(s.classes * s.q) * sizeof *s.theta);
        memset(s.f, 0, (size_t)(s.classes * s.n) * sizeof *s.f);
        memset(s.b, 0, (size_t)(s.classes * s.n) * sizeof *s.b);
        iterate(&s, fit);
    }
    if (status == EAE_OK)
        store(&s, fit, w);
    if (status == EAE_OK && b)
        memcpy(b, s.b, (size_t)(s.classes * s.n) * sizeof *b);
    softmax_close(&s);
    return status;
}
