/*
 * gram_fit.h - learners that see the data only through a Gram matrix of the training rows.
 *
 * Whatever the number of features, a model is a vector beta over the n training rows:
 *
 *     f(x) = sum_i beta_i k(x_i, x) + sum_t gamma_t u_t(x) + intercept
 *
 * so that held-out values come from K(test, train) and w = X' beta is formed only for models that
 * are written. u_t are covariates that enter unpenalised. Every learner minimises
 *
 *     1/2 beta' K beta + sum_i cost_i loss(y_i, f(x_i))
 *
 * where cost_i = C x class weight x times the row counts (bootstrap), or for --lambda
 * cost_i = count_i / (n lambda), n = sum of counts. With bias penalised, k is taken as k + 1 and
 * the intercept is sum_i beta_i (the LIBLINEAR form).
 *
 * Objective and gap are those of this function (the caller rescales by n lambda for --lambda).
 * `gap` is relative: (primal - dual) / max(|primal|, smallest normal); every learner reaches tol on
 * it or says converged = false. Everything is f64, single-threaded, deterministic; fits may run in
 * parallel.
 */
#ifndef EAE_MODEL_GRAM_FIT_H
#define EAE_MODEL_GRAM_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "model/cox.h"

typedef struct eae_gram_problem {
    const eae_kernels *kernels; /* for dense algebra */
    int64_t n;                  /* training rows */
    const double *gram; /* n x n, row stride ld; symmetric positive semi-definite up to rounding */
    int64_t ld;
    const double *y;      /* n: +1 / -1 for classes, the value for regression */
    const double *cost;   /* n: > 0; see above */
    const double *offset; /* n: a known part of f beside the model (svm, logistic); NULL: none */
    const double *u;      /* n x terms, row-major covariates beside the intercept; NULL if none */
    int64_t terms;
    bool bias_penalised; /* the svm only */
    double tol;          /* relative duality gap to reach */
    int64_t max_iter;    /* of the solver's own iterations; 0: a generous default */
} eae_gram_problem;

typedef struct eae_gram_fit {
    double *beta;  /* n */
    double *gamma; /* terms */
    double intercept;
    double objective; /* primal value at the solution */
    double gap;
    int64_t iterations;
    bool converged;
} eae_gram_fit;

void eae_gram_fit_init(eae_gram_fit *fit, int64_t n, int64_t terms); /* zeros: a cold start */
void eae_gram_fit_free(eae_gram_fit *fit);

typedef enum eae_svm_loss { EAE_HINGE, EAE_SQUARED_HINGE } eae_svm_loss;

/* All fits start from what *fit holds (any beta; made feasible first) and are exact whatever that
 * is.
 *
 * Support vector machine. Hinge: max(0, 1 - y f); squared hinge: its square. Free bias: the dual
 * has y'a = 0, a_i = y_i beta_i >= 0; where no vector is free the intercept is the midpoint of its
 * feasible interval (LIBSVM's rule). */
int eae_fit_svm(const eae_gram_problem *problem, eae_svm_loss loss, eae_gram_fit *fit);

/* The same machine for many labelings of the same rows (permutations): y is m x n, one labeling a
 * row, fit an array of m cold fits. One factorisation is shared: labelings whose solution has every
 * vector free are solved by one product, the others continue from there. problem->y is not read. */
int eae_fit_svm_many(const eae_gram_problem *problem, eae_svm_loss loss, const double *y, int64_t m,
                     eae_gram_fit *fit);

/* One of many machines that a device solves at once. */
typedef struct eae_svm_machine {
    eae_gram_problem problem; /* as for eae_fit_svm() */
    /* problem.gram once more, as a part of a matrix that machines share: ratio * all[row][row] */
    const double *all; /* rows x rows, row stride ld */
    int64_t rows, ld;
    const int64_t *row; /* n; NULL: 0 .. n-1 */
    double ratio;
    eae_gram_fit *fit;
    bool done;
} eae_svm_machine;

/* Machines with a free intercept and no covariates, whatever they differ in, where the backend
 * solves many at once (kernels->svm_solve; all have one table of kernels): each from its fit, and
 * judged here as by eae_fit_svm(). done: solved, to problem.tol. The others' fits hold where to go
 * on from, and are the caller's. Without such a backend none is done. */
int eae_fit_svm_together(eae_svm_machine *machine, int64_t count, eae_svm_loss loss, int threads);
/* Can problems like this one be solved so? */
bool eae_svm_goes_together(const eae_gram_problem *problem);

/* Logistic regression, loss log(1 + exp(-y f)); free intercept. Newton's method in the span of the
 * rows (Rasmussen and Williams 2006, algorithm 3.1, with a free intercept). */
int eae_fit_logistic(const eae_gram_problem *problem, eae_gram_fit *fit);

/* Softmax regression over `classes` classes: y holds 0 .. classes-1; fit is an array of `classes`,
 * whose objective, gap, iterations and converged are those of the whole. The intercepts sum to 0.
 */
int eae_fit_softmax(const eae_gram_problem *problem, int classes, eae_gram_fit *fit);

/* Ridge regression, loss (y - f)^2 / 2, for many targets and costs at once: y is m x n; scale has s
 * entries and cost_i of entry k is scale[k] * problem->cost[i]. fit has m x s entries,
 * [target][scale]. One eigendecomposition serves all where cost is constant, one factorisation per
 * scale otherwise. */
int eae_fit_ridge(const eae_gram_problem *problem, const double *y, int64_t m, const double *scale,
                  int64_t s, eae_gram_fit *fit);

/* Least squares without penalty, minimum norm where it is not unique (eigenvalues of the centred K
 * below 1e-12 of the largest count as 0, which is singular values below 1e-6: K knows no more);
 * many targets, y m x n. gap: the norm of the gradient over that at 0, known to about 1e-8. */
int eae_fit_linear(const eae_gram_problem *problem, const double *y, int64_t m, eae_gram_fit *fit);

/* Ridge Cox regression: `cost` times the negative log partial likelihood of the subjects of `cox`,
 * which are the rows in order; no intercept (it is set to 0). For --lambda cost is 1 / (n lambda),
 * n = cox->total. problem->y and cost are not read. The gap is that at the dual point made of the
 * gradient (gram_cox.c). */
int eae_fit_cox(const eae_gram_problem *problem, const eae_cox *cox, double cost,
                eae_gram_fit *fit);

typedef enum eae_loss {
    EAE_LOSS_HINGE,
    EAE_LOSS_SQUARED_HINGE,
    EAE_LOSS_LOGISTIC,
    EAE_LOSS_SQUARED
} eae_loss;

/* Judge fit->beta where K beta is known from elsewhere (kbeta, n): sets intercept (svm), objective,
 * gap and converged on the true problem; problem->gram and offset are not read. svm and logistic
 * losses. */
int eae_gram_certify(const eae_gram_problem *problem, eae_loss loss, const double *kbeta,
                     eae_gram_fit *fit);

/* The reference: the same problems solved by the plainest method there is, to 1e-12 or to max_iter.
 * For tests. */
int eae_fit_svm_reference(const eae_gram_problem *problem, eae_svm_loss loss, eae_gram_fit *fit);
int eae_fit_logistic_reference(const eae_gram_problem *problem, eae_gram_fit *fit);
int eae_fit_softmax_reference(const eae_gram_problem *problem, int classes, eae_gram_fit *fit);
int eae_fit_ridge_reference(const eae_gram_problem *problem, const double *y, int64_t m,
                            const double *scale, int64_t s, eae_gram_fit *fit);

/* Primal objective and duality gap of any beta, gamma, intercept, from their definitions alone:
 * what the tests hold the learners to. */
double eae_gram_objective(const eae_gram_problem *problem, eae_loss loss, const eae_gram_fit *fit);

#endif
