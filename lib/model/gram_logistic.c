/*
 * gram_logistic.c - logistic regression by Newton's method in the span of the rows.
 *
 * Rasmussen and Williams (2006), algorithm 3.1, with costs and an unpenalised border E: with
 * q_i = cost_i y_i s(-y_i f_i), W = diag(cost s (1 - s)), each step solves
 *
 *     b = (W^-1 + K)^-1 (f + W^-1 q - E lambda),   E'b = 0
 *
 * through one Cholesky factor of I + W^(1/2) K W^(1/2), then halves the step until the objective
 * falls. b itself is the dual point of the certificate: after a full step E'b = 0, and near the
 * solution 0 < y b < cost.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/gram_svm.h"

enum { MAX_STEPS = 200, MAX_HALVINGS = 40 };

typedef struct logistic {
    const eae_gram_problem *problem;
    int64_t n, terms;
    double *factor;               /* n x n */
    double *memory;               /* everything below */
    double *e;                    /* n x terms */
    double *b, *kb, *f;           /* n: b, K b, K b + E lambda */
    double *nb, *nkb, *nf;        /* where the full step leads */
    double *root, *rhs, *scratch; /* n */
    double *we;                   /* n x terms: W^(1/2) E */
    double *lambda, *nlambda, *s; /* terms */
    double *solve;                /* of the bordered solve */
} logistic;

static int logistic_init(logistic *l, const eae_gram_problem *problem)
{
    *l = (logistic){.problem = problem, .n = problem->n};
    int64_t n = l->n, terms = l->terms = eae_gram_border_terms(problem, true);
    l->factor = eae_try_alloc((size_t)n * (size_t)n, sizeof(double), "logistic regression");
    if (!l->factor)
        return EAE_FAIL;
    l->memory = EAE_NEW_ARRAY(double, (9 + 3 * terms + 1) * n + 3 * terms + terms * (terms + 1));
    double *v = l->memory;
    double **slots[] = {&l->b,  &l->kb,   &l->f,   &l->nb,     &l->nkb,
                        &l->nf, &l->root, &l->rhs, &l->scratch};
    for (size_t k = 0; k < sizeof slots / sizeof *slots; k++, v += n)
        *slots[k] = v;
    l->e = v;
    l->we = l->e + n * terms;
    l->lambda = l->we + n * terms;
    l->nlambda = l->lambda + terms;
    l->s = l->nlambda + terms;
    l->solve = l->s + terms;
    eae_gram_border(problem, true, l->e);
    return EAE_OK;
}

static double log_one_exp(double x) /* log(1 + exp(x)) */
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double sigmoid(double x)
{
    return x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

static double loss_sum(const logistic *l, const double *f)
{
    double sum = 0;
    for (int64_t i = 0; i < l->n; i++)
        sum += l->problem->cost[i] * log_one_exp(-l->problem->y[i] * f[i]);
    return sum;
}

static void add_offset(const eae_gram_problem *p, double *f)
{
    for (int64_t i = 0; i < p->n && p->offset; i++)
        f[i] += p->offset[i];
}

/* Full step from f: nb, nlambda, nkb, nf. */
static int newton_step(logistic *l)
{
    const eae_gram_problem *p = l->problem;
    int64_t n = l->n, terms = l->terms;
    for (int64_t i = 0; i < n; i++) {
        double s = sigmoid(-p->y[i] * l->f[i]), c = p->cost[i];
        double w = c * s * sigmoid(p->y[i] * l->f[i]);
        l->root[i] = sqrt(w);
        double model = p->offset ? l->f[i] - p->offset[i] : l->f[i];
        l->nb[i] = w * model + c * p->y[i] * s; /* W z */
    }
    for (int64_t i = 0; i < n; i++) {
        double *row = l->factor + i * n;
        for (int64_t j = 0; j <= i; j++)
            row[j] = l->root[i] * p->gram[i * p->ld + j] * l->root[j];
        row[i] += 1;
        for (int64_t t = 0; t < terms; t++)
            l->we[i * terms + t] = l->root[i] * l->e[i * terms + t];
    }
    if (eae_gram_cholesky(p->kernels, l->factor, n, NULL))
        return EAE_FAIL;
    /* b = Wz - W^(1/2) x,  B x + W^(1/2) E lambda = W^(1/2) K W z,  E'b = 0. With W^(1/2) (z - x)
     * never formed, W may underflow. */
    eae_gram_product(p->gram, p->ld, n, l->nb, l->rhs);
    for (int64_t i = 0; i < n; i++)
        l->rhs[i] *= l->root[i];
    /* E'W^(1/2) x = E'Wz; the border enters with the opposite sign: -lambda is what comes out */
    eae_gram_border_sum(l->e, n, terms, l->nb, l->s);
    eae_gram_bordered(l->factor, n, l->we, terms, l->rhs, l->s, l->scratch, l->nlambda, l->solve);
    for (int64_t t = 0; t < terms; t++)
        l->nlambda[t] = -l->nlambda[t];
    for (int64_t i = 0; i < n; i++)
        l->nb[i] -= l->root[i] * l->scratch[i];
    eae_gram_product(p->gram, p->ld, n, l->nb, l->nkb);
    memcpy(l->nf, l->nkb, (size_t)n * sizeof(double));
    eae_gram_border_add(l->e, n, terms, l->nlambda, l->nf);
    add_offset(p, l->nf);
    return EAE_OK;
}

/* Move from the present point towards the step's end, halving until the objective does not rise;
 * false if it does for every length. */
static bool line_search(logistic *l, double *objective)
{
    int64_t n = l->n;
    double norm0 = eae_gram_dot(l->b, l->kb, n), norm1 = eae_gram_dot(l->nb, l->nkb, n);
    double cross = eae_gram_dot(l->b, l->nkb, n), t = 1;
    for (int k = 0; k < MAX_HALVINGS; k++, t /= 2) {
        double norm = (1 - t) * (1 - t) * norm0 + 2 * t * (1 - t) * cross + t * t * norm1;
        for (int64_t i = 0; i < n; i++)
            l->scratch[i] = l->f[i] + t * (l->nf[i] - l->f[i]);
        double value = norm / 2 + loss_sum(l, l->scratch);
        /* a last step within rounding is welcome: it carries the certificate */
        if (!(value <= *objective + 1e-14 * fabs(*objective)))
            continue;
        for (int64_t i = 0; i < n; i++) {
            l->b[i] += t * (l->nb[i] - l->b[i]);
            l->kb[i] += t * (l->nkb[i] - l->kb[i]);
            l->f[i] = l->scratch[i];
        }
        if (t == 1) {
            memcpy(l->b, l->nb, (size_t)n * sizeof(double));
            memcpy(l->kb, l->nkb, (size_t)n * sizeof(double));
        }
        for (int64_t v = 0; v < l->terms; v++)
            l->lambda[v] =
                t == 1 ? l->nlambda[v] : l->lambda[v] + t * (l->nlambda[v] - l->lambda[v]);
        *objective = value;
        return true;
    }
    return false;
}

/* primal - dual at b: the loss's Fenchel-Young terms, cost times the relative entropy of y b / cost
 * and s(-y f); infinite where b is not feasible. */
static double duality_gap(const logistic *l)
{
    const eae_gram_problem *p = l->problem;
    double gap = 0;
    for (int64_t i = 0; i < l->n; i++) {
        double c = p->cost[i], a = p->y[i] * l->b[i] / c, yf = p->y[i] * l->f[i];
        if (!(a >= 0 && a <= 1))
            return INFINITY;
        gap += c * (eae_gram_entropy(a, sigmoid(-yf)) + eae_gram_entropy(1 - a, sigmoid(yf)));
    }
    for (int64_t t = 0; t < l->terms; t++) {
        double sum = 0;
        for (int64_t i = 0; i < l->n; i++)
            sum += l->e[i * l->terms + t] * l->b[i];
        gap += fabs(sum * l->lambda[t]);
    }
    return gap;
}

static double start(logistic *l, const eae_gram_fit *fit)
{
    const eae_gram_problem *p = l->problem;
    for (int64_t i = 0; i < l->n; i++)
        l->b[i] = isfinite(fit->beta[i]) ? fit->beta[i] : 0;
    eae_gram_border_get(fit, p->terms, true, l->lambda);
    for (int64_t t = 0; t < l->terms; t++)
        l->lambda[t] = isfinite(l->lambda[t]) ? l->lambda[t] : 0;
    eae_gram_product(p->gram, p->ld, l->n, l->b, l->kb);
    memcpy(l->f, l->kb, (size_t)l->n * sizeof(double));
    eae_gram_border_add(l->e, l->n, l->terms, l->lambda, l->f);
    add_offset(p, l->f);
    return eae_gram_dot(l->b, l->kb, l->n) / 2 + loss_sum(l, l->f);
}

static int iterate(logistic *l, eae_gram_fit *fit)
{
    const eae_gram_problem *p = l->problem;
    int64_t limit = p->max_iter > 0 ? p->max_iter : MAX_STEPS;
    double objective = start(l, fit);
    fit->gap = eae_gram_relative_gap(duality_gap(l), objective);
    fit->iterations = 0;
    while (!(fit->gap <= p->tol) && fit->iterations < limit) {
        fit->iterations++;
        if (newton_step(l) || !line_search(l, &objective))
            break; /* saturated, or no progress: the gap says how far it came */
        fit->gap = eae_gram_relative_gap(duality_gap(l), objective);
    }
    fit->objective = objective;
    fit->converged = fit->gap <= p->tol;
    memcpy(fit->beta, l->b, (size_t)l->n * sizeof(double));
    eae_gram_border_set(fit, p->terms, true, l->lambda);
    return EAE_OK;
}

int eae_fit_logistic(const eae_gram_problem *problem, eae_gram_fit *fit)
{
    logistic l;
    if (logistic_init(&l, problem))
        return EAE_FAIL;
    int status = iterate(&l, fit);
    if (!status && !fit->converged) { /* a far start saturates W: begin at 0 */
        memset(fit->beta, 0, (size_t)problem->n * sizeof(double));
        memset(fit->gamma, 0, (size_t)problem->terms * sizeof(double));
        fit->intercept = 0;
        status = iterate(&l, fit);
    }
    free(l.factor);
    free(l.memory);
    return status;
}

int eae_logistic_certify(const eae_gram_problem *problem, const double *kbeta, eae_gram_fit *fit)
{
    logistic l;
    if (logistic_init(&l, problem))
        return EAE_FAIL;
    memcpy(l.b, fit->beta, (size_t)l.n * sizeof(double));
    memcpy(l.f, kbeta, (size_t)l.n * sizeof(double));
    eae_gram_border_get(fit, problem->terms, true, l.lambda);
    eae_gram_border_add(l.e, l.n, l.terms, l.lambda, l.f);
    fit->objective = eae_gram_dot(l.b, kbeta, l.n) / 2 + loss_sum(&l, l.f);
    fit->gap = eae_gram_relative_gap(duality_gap(&l), fit->objective);
    fit->converged = fit->gap <= problem->tol;
    free(l.factor);
    free(l.memory);
    return EAE_OK;
}
