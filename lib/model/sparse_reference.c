/*
 * sparse_reference.c - the softmax problem of sparse.h by the plainest method, for tests.
 *
 * Proximal gradient steps with momentum, which is dropped where the objective rises (Beck and
 * Teboulle 2009; O'Donoghue and Candes 2015), on all values at once: no working set, no screening,
 * no Hessian. Nothing here is shared with the learner.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/source.h"
#include "model/sparse.h"

enum { STEPS = 200000, STILL = 50 };

/* d = features, covariates, intercept; theta is classes x d. */
typedef struct plain {
    const eae_sparse_problem *p;
    double l1, l2;
    int64_t features, d, k;
    double *x;  /* n x d */
    double *pi; /* k */
} plain;

static void plain_values(plain *s)
{
    const eae_sparse_problem *p = s->p;
    for (int64_t i = 0; i < p->n; i++) {
        double *row = s->x + i * s->d;
        eae_source_row(p->source, p->row[i], 0, s->features, row);
        for (int64_t j = 0; j < s->features && p->source->inverse; j++)
            row[j] *= p->source->inverse[p->source->feature ? p->source->feature[j] : j];
        for (int64_t t = 0; t < p->terms; t++)
            row[s->features + t] = p->u[i * p->terms + t];
        row[s->d - 1] = 1;
    }
}

/* The loss; adds its gradient to `gradient`, where that is not NULL. */
static double plain_loss(const plain *s, const double *theta, double *gradient)
{
    const eae_sparse_problem *p = s->p;
    double sum = 0;
    for (int64_t i = 0; i < p->n; i++) {
        const double *row = s->x + i * s->d;
        int64_t y = (int64_t)p->y[i];
        double top = -INFINITY;
        for (int64_t k = 0; k < s->k; k++) {
            s->pi[k] = 0;
            for (int64_t j = 0; j < s->d; j++)
                s->pi[k] += row[j] * theta[k * s->d + j];
            top = fmax(top, s->pi[k]);
        }
        double total = exp(s->pi[0] - top);
        for (int64_t k = 1; k < s->k; k++)
            total += exp(s->pi[k] - top);
        sum += p->cost[i] * (top + log(total) - s->pi[y]);
        for (int64_t k = 0; k < s->k && gradient; k++) {
            double r = p->cost[i] * (exp(s->pi[k] - top) / total - (k == y));
            for (int64_t j = 0; j < s->d; j++)
                gradient[k * s->d + j] += r * row[j];
        }
    }
    return sum;
}

static double plain_penalty(const plain *s, const double *theta)
{
    double sum = 0;
    for (int64_t e = 0; e < s->k * s->d; e++)
        sum +=
            e % s->d < s->features ? s->l1 * fabs(theta[e]) + s->l2 / 2 * theta[e] * theta[e] : 0;
    return sum;
}

/* next: from `at` by `step` against the gradient, then the best of the penalty from there. */
static void plain_move(const plain *s, const double *at, const double *gradient, double step,
                       double *next)
{
    for (int64_t e = 0; e < s->k * s->d; e++) {
        double to = at[e] - step * gradient[e];
        if (e % s->d < s->features)
            to = copysign(fmax(0, fabs(to) - step * s->l1), to) / (1 + step * s->l2);
        next[e] = to;
    }
}

/* The longest of steps 1, 1/2, ... whose parabola is above the loss. */
static void plain_step(const plain *s, const double *at, double *gradient, double *step,
                       double *next)
{
    int64_t all = s->k * s->d;
    memset(gradient, 0, (size_t)all * sizeof *gradient);
    double loss = plain_loss(s, at, gradient), above = -1;
    while (above < 0) {
        plain_move(s, at, gradient, *step, next);
        double square = 0, linear = 0;
        for (int64_t e = 0; e < all; e++) {
            linear += gradient[e] * (next[e] - at[e]);
            square += (next[e] - at[e]) * (next[e] - at[e]);
        }
        above = loss + linear + square / (2 * *step) - plain_loss(s, next, NULL) + 1e-14;
        if (above < 0)
            *step /= 2;
    }
}

static int64_t plain_minimise(const plain *s, int64_t limit, double *theta, double *objective)
{
    int64_t all = s->k * s->d, steps = 0;
    double *next = EAE_NEW_ARRAY(double, 3 * all), *at = next + all, *gradient = at + all;
    double step = 1, momentum = 1, now = plain_loss(s, theta, NULL) + plain_penalty(s, theta);
    memcpy(at, theta, (size_t)all * sizeof *at);
    for (int still = 0; still < STILL && steps < limit; steps++) {
        plain_step(s, at, gradient, &step, next);
        double then = plain_loss(s, next, NULL) + plain_penalty(s, next), moved = 0;
        double more = (1 + sqrt(1 + 4 * momentum * momentum)) / 2, by = (momentum - 1) / more;
        bool rises = then > now;
        for (int64_t e = 0; e < all; e++) {
            moved = fmax(moved, fabs(next[e] - theta[e]));
            at[e] = rises ? theta[e] : next[e] + by * (next[e] - theta[e]);
            theta[e] = rises ? theta[e] : next[e];
        }
        momentum = rises ? 1 : more;
        now = rises ? now : then;
        still = moved < 1e-13 || (rises && by == 0) ? still + 1 : 0;
    }
    free(next);
    *objective = now;
    return steps;
}

static void plain_report(const plain *s, const double *theta, double objective, int64_t steps,
                         eae_sparse_fit *fit)
{
    const eae_source *source = s->p->source;
    *fit = (eae_sparse_fit){.objective = objective, .iterations = steps};
    fit->feature = EAE_NEW_ARRAY(int64_t, s->features);
    fit->weight = EAE_NEW_ARRAY(double, s->features);
    fit->gamma = EAE_NEW_ARRAY(double, s->p->terms);
    for (int64_t j = 0; j < s->features; j++) {
        if (theta[j] == 0)
            continue;
        fit->feature[fit->count] = eae_source_column(source, j);
        fit->weight[fit->count++] = theta[j];
    }
    memcpy(fit->gamma, theta + s->features, (size_t)s->p->terms * sizeof(double));
    fit->intercept = theta[s->d - 1];
}

int eae_sparse_softmax_reference(const eae_sparse_problem *p, double lambda, eae_sparse_fit *fit)
{
    int64_t features = p->source->feature ? p->source->feature_count : p->source->cols;
    plain s = {.p = p,
               .l1 = lambda * p->alpha,
               .l2 = lambda * (1 - p->alpha),
               .features = features,
               .d = features + p->terms + 1,
               .k = p->classes};
    s.x = eae_try_alloc((size_t)p->n, (size_t)s.d * sizeof *s.x, "the reference");
    if (!s.x)
        return EAE_FAIL;
    s.pi = EAE_NEW_ARRAY(double, s.k);
    double *theta = EAE_NEW_ARRAY(double, s.k *s.d), objective;
    plain_values(&s);
    int64_t steps = plain_minimise(&s, p->max_iter > 0 ? p->max_iter : STEPS, theta, &objective);
    for (int64_t k = 0; k < s.k; k++)
        plain_report(&s, theta + k * s.d, objective, steps, &fit[k]);
    free(s.x);
    free(s.pi);
    free(theta);
    return EAE_OK;
}
