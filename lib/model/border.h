/*
 * border.h - the unpenalised columns of a least-squares problem (ones, covariates), in rows that
 * are multiplied by the root of their cost: an orthonormal basis, the projection off its span, and
 * the coefficients of a fit in it.
 *
 * f64; one thread; deterministic. Columns that depend on those before them get no part of the fit.
 */
#ifndef EAE_MODEL_BORDER_H
#define EAE_MODEL_BORDER_H

#include "model/gram_fit.h"

typedef struct eae_border {
    int64_t n, terms;
    double *root;  /* n: sqrt(cost) */
    double *basis; /* terms x n: orthonormal rows that span the columns; 0: dependent */
    double *coef;  /* terms x terms: basis = coef E', of the weighted columns E */
} eae_border;

/* Of problem->cost, u and terms, with an intercept. The caller closes it. */
void eae_border_open(eae_border *border, const eae_gram_problem *problem);
void eae_border_close(eae_border *border);

/* x (n, weighted) less its part in the span. */
void eae_border_project(const eae_border *border, double *x);

/* Intercept and gamma of the least-squares fit to `rest` (n, weighted), which becomes its residual.
 */
void eae_border_fit(const eae_border *border, double *rest, eae_gram_fit *fit);

#endif
