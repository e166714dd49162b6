/* gram_problem.h - random problems for the tests of the learners. */
#ifndef TESTS_GRAM_PROBLEM_H
#define TESTS_GRAM_PROBLEM_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "kernels/kernels.h"
#include "model/gram_fit.h"

typedef struct random_problem {
    eae_gram_problem problem;
    double *gram, *y, *cost, *u;
} random_problem;

/* The sum of twelve uniforms: near enough to a normal deviate. */
static inline double random_normal(eae_random *r)
{
    double sum = -6;
    for (int k = 0; k < 12; k++)
        sum += eae_random_unit(r);
    return sum;
}

/* n rows of p features, classes with `positive` of the first kind, every cost C. */
static inline random_problem random_problem_make(eae_random *r, int64_t n, int64_t p,
                                                 int64_t positive, double c, int64_t terms)
{
    random_problem t = {.gram = EAE_NEW_ARRAY(double, n *n),
                        .y = EAE_NEW_ARRAY(double, n),
                        .cost = EAE_NEW_ARRAY(double, n),
                        .u = EAE_NEW_ARRAY(double, n *terms)};
    double *x = EAE_NEW_ARRAY(double, n *p);
    for (int64_t i = 0; i < n; i++) {
        t.y[i] = i < positive ? 1 : -1;
        t.cost[i] = c;
        for (int64_t j = 0; j < p; j++)
            x[i * p + j] = random_normal(r) + (j == 0 ? 0.7 * t.y[i] : 0);
    }
    for (int64_t i = 0; i < n * terms; i++)
        t.u[i] = random_normal(r);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            double sum = 0;
            for (int64_t k = 0; k < p; k++)
                sum += x[i * p + k] * x[j * p + k];
            t.gram[i * n + j] = t.gram[j * n + i] = sum;
        }
    }
    free(x);
    t.problem = (eae_gram_problem){.kernels = &eae_kernels_ref,
                                   .n = n,
                                   .gram = t.gram,
                                   .ld = n,
                                   .y = t.y,
                                   .cost = t.cost,
                                   .u = terms ? t.u : NULL,
                                   .terms = terms,
                                   .tol = 1e-6};
    return t;
}

static inline void random_problem_free(random_problem *t)
{
    free(t->gram);
    free(t->y);
    free(t->cost);
    free(t->u);
}

/* f = K beta + U gamma + intercept */
static inline void fit_values(const eae_gram_problem *p, const eae_gram_fit *fit, double *f)
{
    for (int64_t i = 0; i < p->n; i++) {
        f[i] = fit->intercept;
        for (int64_t j = 0; j < p->n; j++)
            f[i] += p->gram[i * p->ld + j] * fit->beta[j];
        for (int64_t t = 0; t < p->terms; t++)
            f[i] += p->u[i * p->terms + t] * fit->gamma[t];
    }
}

#endif
