/*
 * few_squares.h - least squares and ridge regression of few features, by the features: the matrix
 * of second derivatives is p x p, whatever the number of rows.
 *
 *     minimise over w, intercept, gamma
 *         1/2 |w|^2 + scale sum_i cost_i (y_i - w'z_i - u_i'gamma - intercept)^2 / 2
 *
 * With z and y weighted by sqrt(cost) and taken off the border (border.h), A = Z'Z = V diag(d) V':
 *
 *     w = V diag(1 / (d + 1 / scale)) V' Z'y
 *
 * so that one eigendecomposition serves every target and scale (Hoerl and Kennard 1970; Golub and
 * Van Loan 2013, section 6.1); two steps of refinement by residuals in the rows repair what
 * squaring the condition took. The answers are those of eae_fit_ridge() and eae_fit_linear() on the
 * Gram matrix, with the same meaning of objective and gap.
 *
 * f64, one thread, deterministic; fits may run in parallel.
 */
#ifndef EAE_MODEL_FEW_SQUARES_H
#define EAE_MODEL_FEW_SQUARES_H

#include "model/gram_fit.h"

/* Values of p features: feature j of row i is z[j * ld + i]. */
typedef struct eae_few_values {
    const double *z;
    int64_t ld;
    int64_t p;
} eae_few_values;

/* Whether this is the method for that many rows and features: where a Gram matrix of the rows would
 * be much larger. A function of the shape alone. */
bool eae_few_squares_suits(int64_t rows, int64_t features);

/* Of problem: n, cost, u, terms, tol; y is m x n; fit and w have m x s entries, [target][scale], w
 * of p numbers each. fit->beta is left alone. */
int eae_few_ridge(const eae_gram_problem *problem, const eae_few_values *values, const double *y,
                  int64_t m, const double *scale, int64_t s, eae_gram_fit *fit, double *w);

/* Without penalty, minimum norm where it is not unique (singular values below 1e-6 of the largest
 * count as 0, as in eae_fit_linear()); m fits. */
int eae_few_linear(const eae_gram_problem *problem, const eae_few_values *values, const double *y,
                   int64_t m, eae_gram_fit *fit, double *w);

#endif
