/*
 * sparse.h - lasso and elastic net for squared, logistic and softmax loss and for the Cox model,
 * along a path of penalties.
 *
 * With z the values of an eae_source in the n training rows and u covariates, f = z w + u gamma +
 * intercept and
 *
 *     minimise  sum_i cost_i loss(y_i, f_i) + lambda (alpha |w|_1 + (1 - alpha)/2 |w|^2)
 *
 * where cost_i = count_i x class weight / (sum of counts): for equal rows the objective of glmnet
 * (Friedman, Hastie, Tibshirani 2010), y unscaled. loss is r^2/2 or log(1 + exp(-y f)). Intercept
 * and gamma are free. Cox: N(f) / (sum of counts) in place of the sum, N the negative log partial
 * likelihood (cox.h; Simon et al. 2011 for Breslow's ties), without intercept. No Gram matrix is
 * made.
 *
 * K classes: f_k = z w_k + u gamma_k + intercept_k for each of them, loss log(sum_k exp(f_k)) - f_y
 * (the softmax loss), and the penalty is the sum over all weights: each class has features of its
 * own (the ungrouped multinomial model of Friedman, Hastie, Tibshirani 2010, section 4). The same
 * intercepts (and gammas) for all classes change nothing: they sum to 0. Nor does the same weight
 * of a feature for all classes change the loss; with alpha = 1 the median of a feature's weights is
 * therefore 0, of an even number of classes the middle of the two in the middle, as in glmnet.
 *
 * Method. Each penalty starts from the solution of the next larger one. Newton steps (one, for
 * squared loss) on a working set: weighted lasso by coordinate descent and, on the support, exact
 * solutions of the optimality conditions. The working set grows by the strong rule (Tibshirani et
 * al. 2012) and by violations, the largest first (Massias, Gramfort, Salmon 2018). Features are
 * kept away by a safe test in the manner of Ndiaye et al. (2017): z_j'r differs from its value at
 * an earlier r by at most |z_j| times the distance, so that few passes over the data are needed.
 *
 * Certificate. `gap` is (primal - dual) / primal on all features, with the dual point s r, r_i =
 * -cost_i loss'(f_i) (Cox: minus the gradient), U'r = 0 to rounding, s the largest allowed (or
 * best) scale of the augmented lasso. Features outside the pool of exact columns are looked at
 * where the safe test cannot rule out that they matter.
 *
 * Everything is f64 (data may be f32) and deterministic: bits do not depend on `threads`.
 */
#ifndef EAE_MODEL_SPARSE_H
#define EAE_MODEL_SPARSE_H

#include "model/gram_fit.h"

typedef struct eae_sparse_problem {
    const eae_kernels *kernels;
    const eae_source *source;
    const eae_features *features; /* the same values turned over, all rows: faster; NULL: none */
    const int64_t *row;           /* n training rows of the source, each once */
    int64_t n;
    eae_loss loss;      /* EAE_LOSS_SQUARED or EAE_LOSS_LOGISTIC */
    const eae_cox *cox; /* or, in place of loss and y, the times of the rows in order; else NULL */
    int classes;        /* with EAE_LOSS_LOGISTIC: K >= 2 for softmax; 0: one f for each sample */
    const double *y;    /* n: the value, or +1 / -1, or with classes 0 .. classes - 1 */
    const double *cost; /* n: > 0 */
    const double *u;    /* n x terms, row-major covariates beside the intercept; NULL if none */
    int64_t terms;
    double alpha;     /* (0, 1]; 1 is the lasso */
    double tol;       /* relative duality gap to reach */
    int64_t max_iter; /* coordinate descent sweeps per penalty; 0: a generous default */
    int threads;      /* for passes over the data */
} eae_sparse_problem;

typedef struct eae_sparse_fit {
    int64_t count;    /* features that are not 0 */
    int64_t *feature; /* their columns, increasing */
    double *weight;
    double *gamma; /* terms */
    double intercept;
    double objective; /* primal value */
    double gap;
    int64_t iterations; /* sweeps of coordinate descent */
    bool converged;
} eae_sparse_fit;

void eae_sparse_fit_free(eae_sparse_fit *fit);

/* The smallest lambda at which every weight is 0. Fails where values are not finite. */
int eae_sparse_lambda_max(const eae_sparse_problem *problem, double *lambda_max);

/* Fits for `count` penalties in any order (they are worked on from the largest down); fit[k]
 * belongs to lambda[k] > 0 and is overwritten. With classes there are as many fits for each
 * penalty, fit[k classes + class], whose objective, gap, iterations and converged are those of the
 * whole. `start`: a fit of a similar problem, such as one with more features, for the first of them
 * to start from (not with classes); NULL: from nothing. *passes: products with all of the data; may
 * be NULL. Fails only for want of memory or where values are not finite; then no fit holds memory.
 */
int eae_sparse_path(const eae_sparse_problem *problem, const double *lambda, int count,
                    const eae_sparse_fit *start, eae_sparse_fit *fit, int64_t *passes);

/* square[k] = |z_j'r|^2 of feature[k] (increasing), summed over classes, r minus the gradient of
 * the loss at the fit (an entry per class): while r stays, a feature without a weight would get one
 * where lambda alpha falls below |z_j'r|. With problem->features equal columns have equal values,
 * to the bit. */
int eae_sparse_pull(const eae_sparse_problem *problem, const eae_sparse_fit *fit,
                    const int64_t *feature, int64_t count, double *square);

/* The reference, for tests: the softmax problem for one penalty by the plainest method there is, to
 * `max_iter` steps or until it stands still; fit has an entry per class, without a gap. */
int eae_sparse_softmax_reference(const eae_sparse_problem *problem, double lambda,
                                 eae_sparse_fit *fit);

#endif
