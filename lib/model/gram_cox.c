/*
 * gram_cox.c - ridge Cox regression by Newton's method in the span of the rows.
 *
 * Minimises 1/2 b'Kb + c N(f), f = K b + E gamma, N the negative log partial likelihood (cox.h). As
 * in Rasmussen and Williams (2006), algorithm 3.1, but with a Hessian that is not diagonal, H = L
 * L': with r = c (H f - g) a full step is
 *
 *     b = r - sqrt(c) L z,   (I + c L'KL) z = sqrt(c) L'(K r + E gamma),   E'b = 0
 *
 * L'KL costs n^2 because a product with L costs n. Steps are halved until the objective falls.
 *
 * Certificate: at the dual point a = -c g(f) Fenchel's inequality holds with equality, for Efron's
 * ties as for Breslow's, so primal - dual = 1/2 (b - a)'K(b - a) exactly. (It is also the bound
 * that strong convexity gives: half the squared norm of the gradient in w.) With covariates
 * |gamma'E'a| is added, what a is short of being feasible.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/gram_internal.h"

enum { MAX_STEPS = 200, MAX_HALVINGS = 40 };

typedef struct {
    const eae_gram_problem *problem;
    const eae_cox *cox;
    double c;
    int64_t n, terms;
    eae_cox_point point;
    double *factor, *product;   /* n x n: I + c L'KL; L'K */
    double *memory;             /* everything below */
    double *e;                  /* n x terms */
    double *b, *kb, *f;         /* n: b, K b, K b + E gamma (+ offset) */
    double *nb, *nkb, *nf;      /* where the full step leads */
    double *rhs, *z, *scratch;  /* n */
    double *le;                 /* n x terms: sqrt(c) L'E, by place */
    double *work;               /* 2 n or more */
    double *gamma, *ngamma, *s; /* terms */
    double *solve;              /* of the bordered solve */
} ridge_cox;

static int cox_init(ridge_cox *w, const eae_gram_problem *problem, const eae_cox *cox, double c)
{
    int64_t n = problem->n, terms = eae_gram_border_terms(problem, false);
    *w = (ridge_cox){.problem = problem, .cox = cox, .c = c, .n = n, .terms = terms};
    w->factor = eae_try_alloc((size_t)n * (size_t)n, sizeof(double), "Cox regression");
    w->product = eae_try_alloc((size_t)n * (size_t)n, sizeof(double), "Cox regression");
    if (!w->factor || !w->product || eae_cox_point_init(&w->point, cox) != EAE_OK)
        return EAE_FAIL;
    int64_t wide = n > terms ? n : terms;
    w->memory = EAE_NEW_ARRAY(double, 9 * n + 2 * n * terms + 2 * wide + 3 * terms +
                                          (terms + 1) * n + terms * (terms + 1));
    double *v = w->memory;
    double **slots[] = {&w->b, &w->kb, &w->f, &w->nb, &w->nkb, &w->nf, &w->rhs, &w->z, &w->scratch};
    for (size_t k = 0; k < sizeof slots / sizeof *slots; k++, v += n)
        *slots[k] = v;
    w->e = v;
    w->le = w->e + n * terms;
    w->work = w->le + n * terms;
    w->gamma = w->work + 2 * wide;
    w->ngamma = w->gamma + terms;
    w->s = w->ngamma + terms;
    w->solve = w->s + terms;
    eae_gram_border(problem, false, w->e);
    return EAE_OK;
}

static void cox_free(ridge_cox *w)
{
    eae_cox_point_free(&w->point);
    free(w->factor);
    free(w->product);
    free(w->memory);
}

static void set_f(const ridge_cox *w, const double *kb, const double *gamma, double *f)
{
    const double *offset = w->problem->offset;
    for (int64_t i = 0; i < w->n; i++)
        f[i] = kb[i] + (offset ? offset[i] : 0);
    eae_gram_border_add(w->e, w->n, w->terms, gamma, f);
}

/* Lower triangle of I + c L'KL. */
static void make_system(ridge_cox *w)
{
    int64_t n = w->n;
    double *t = w->factor;
    eae_cox_factor_left(w->cox, &w->point, w->problem->gram, w->problem->ld, n, t, w->work);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++)
            w->product[j * n + i] = t[i * n + j];
    }
    eae_cox_factor_left(w->cox, &w->point, w->product, n, n, t, w->work);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++)
            t[i * n + j] *= w->c;
        t[i * n + i] += 1;
    }
}

/* r = c (H fm - g), fm the part of f that the model makes, into nb. */
static void make_target(ridge_cox *w)
{
    const double *offset = w->problem->offset;
    for (int64_t i = 0; i < w->n; i++)
        w->scratch[i] = w->f[i] - (offset ? offset[i] : 0);
    eae_cox_factor_left(w->cox, &w->point, w->scratch, 1, 1, w->z, w->work);
    eae_cox_factor_product(w->cox, &w->point, w->z, w->nb);
    for (int64_t i = 0; i < w->n; i++)
        w->nb[i] = w->c * (w->nb[i] - w->point.gradient[i]);
}

/* Full step from f: nb, ngamma, nkb, nf. False where numbers fail. */
static bool newton_step(ridge_cox *w)
{
    const eae_gram_problem *p = w->problem;
    int64_t n = w->n, terms = w->terms;
    double root = sqrt(w->c);
    make_target(w);
    make_system(w);
    if (eae_gram_cholesky(p->kernels, w->factor, n, NULL) != EAE_OK)
        return false;
    eae_gram_product(p->gram, p->ld, n, w->nb, w->scratch);
    eae_cox_factor_left(w->cox, &w->point, w->scratch, 1, 1, w->rhs, w->work);
    eae_cox_factor_left(w->cox, &w->point, w->e, terms, terms, w->le, w->work);
    for (int64_t i = 0; i < n; i++)
        w->rhs[i] *= root;
    for (int64_t i = 0; i < n * terms; i++)
        w->le[i] *= root;
    /* the border enters with the opposite sign: -gamma is what comes out */
    eae_gram_border_sum(w->e, n, terms, w->nb, w->s);
    eae_gram_bordered(w->factor, n, w->le, terms, w->rhs, w->s, w->z, w->ngamma, w->solve);
    for (int64_t t = 0; t < terms; t++)
        w->ngamma[t] = -w->ngamma[t];
    eae_cox_factor_product(w->cox, &w->point, w->z, w->scratch);
    for (int64_t i = 0; i < n; i++)
        w->nb[i] -= root * w->scratch[i];
    eae_gram_product(p->gram, p->ld, n, w->nb, w->nkb);
    set_f(w, w->nkb, w->ngamma, w->nf);
    return true;
}

/* to += t (from - to), exactly `from` for a full step */
static void move(double *to, const double *from, int64_t n, double t)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = t == 1 ? from[i] : to[i] + t * (from[i] - to[i]);
}

/* Towards the step's end, halving until the objective does not rise; false if it always does. */
static bool line_search(ridge_cox *w, double *objective)
{
    int64_t n = w->n;
    double norm0 = eae_gram_dot(w->b, w->kb, n), norm1 = eae_gram_dot(w->nb, w->nkb, n);
    double cross = eae_gram_dot(w->b, w->nkb, n), t = 1;
    for (int k = 0; k < MAX_HALVINGS; k++, t /= 2) {
        double norm = (1 - t) * (1 - t) * norm0 + 2 * t * (1 - t) * cross + t * t * norm1;
        memcpy(w->scratch, w->f, (size_t)n * sizeof(double));
        move(w->scratch, w->nf, n, t);
        eae_cox_at(w->cox, w->scratch, false, &w->point);
        double value = norm / 2 + w->c * w->point.loss;
        /* a last step within rounding is welcome: it carries the certificate */
        if (!(value <= *objective + 1e-14 * fabs(*objective)))
            continue;
        move(w->b, w->nb, n, t);
        move(w->kb, w->nkb, n, t);
        move(w->gamma, w->ngamma, w->terms, t);
        memcpy(w->f, w->scratch, (size_t)n * sizeof(double));
        *objective = value;
        return true;
    }
    return false;
}

/* At f, whose gradient is in w->point. The dual variables -gradient are feasible where the sums
 * over the border are 0. Where one is not, the optimum is taken to be within one more unit of its
 * coefficient (a log hazard for each standard deviation of a covariate): so coefficients that have
 * not moved from 0 yet are not taken for a solution. */
static double duality_gap(ridge_cox *w)
{
    const eae_gram_problem *p = w->problem;
    for (int64_t i = 0; i < w->n; i++)
        w->rhs[i] = w->b[i] + w->c * w->point.gradient[i];
    eae_gram_product(p->gram, p->ld, w->n, w->rhs, w->scratch);
    double gap = eae_gram_dot(w->rhs, w->scratch, w->n) / 2;
    eae_gram_border_sum(w->e, w->n, w->terms, w->point.gradient, w->s);
    for (int64_t t = 0; t < w->terms; t++)
        gap += fabs(w->c * w->s[t]) * (1 + fabs(w->gamma[t]));
    return gap;
}

/* From *fit; returns the objective there. */
static double start(ridge_cox *w, const eae_gram_fit *fit)
{
    const eae_gram_problem *p = w->problem;
    memcpy(w->b, fit->beta, (size_t)w->n * sizeof(double));
    eae_gram_border_get(fit, p->terms, false, w->gamma);
    eae_gram_product(p->gram, p->ld, w->n, w->b, w->kb);
    set_f(w, w->kb, w->gamma, w->f);
    eae_cox_at(w->cox, w->f, true, &w->point);
    return eae_gram_dot(w->b, w->kb, w->n) / 2 + w->c * w->point.loss;
}

static void iterate(ridge_cox *w, eae_gram_fit *fit)
{
    const eae_gram_problem *p = w->problem;
    int64_t limit = p->max_iter > 0 ? p->max_iter : MAX_STEPS;
    double objective = start(w, fit);
    fit->gap = eae_gram_relative_gap(duality_gap(w), objective);
    fit->iterations = 0;
    while (!(fit->gap <= p->tol) && fit->iterations < limit) {
        fit->iterations++;
        if (!newton_step(w) || !line_search(w, &objective))
            break;
        eae_cox_at(w->cox, w->f, true, &w->point);
        fit->gap = eae_gram_relative_gap(duality_gap(w), objective);
    }
    fit->objective = objective;
    fit->converged = fit->gap <= p->tol;
    fit->intercept = 0;
    memcpy(fit->beta, w->b, (size_t)w->n * sizeof(double));
    eae_gram_border_set(fit, p->terms, false, w->gamma);
}

static bool is_zero(const double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (v[i] != 0)
            return false;
    }
    return true;
}

int eae_fit_cox(const eae_gram_problem *problem, const eae_cox *cox, double cost, eae_gram_fit *fit)
{
    ridge_cox w;
    int status = cox_init(&w, problem, cox, cost);
    if (status == EAE_OK) {
        bool cold = is_zero(fit->beta, w.n) && is_zero(fit->gamma, w.terms);
        iterate(&w, fit);
        /* far out the curvature vanishes, and Newton's steps with it; not so at 0 */
        if (!fit->converged && !cold) {
            memset(fit->beta, 0, (size_t)w.n * sizeof(double));
            memset(fit->gamma, 0, (size_t)w.terms * sizeof(double));
            iterate(&w, fit);
        }
    }
    cox_free(&w);
    return status;
}
