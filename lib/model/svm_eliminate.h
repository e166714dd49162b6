/*
 * svm_eliminate.h - recursive feature elimination one feature at a time, exactly: at every step the
 * linear support vector machine is optimal, and the feature with the smallest weight goes.
 *
 * Guyon, Weston, Barnhill and Vapnik (2002), "Gene selection for cancer classification using
 * support vector machines", with one feature a step. The criterion is the sum of w_j^2 over the
 * machines (one, or one per class), w in the units of z; equal: the lower column goes first.
 *
 * Exact: machines are optimal up to rounding (svm_path.h), all weights that decide are computed
 * from z in f64 (svm_pool.h), and the Gram matrix is kept in f64 by taking out the features that
 * went and is made anew from those that are left whenever their number comes to a power of two.
 * So the order is the one that a full solution at every step would give, but for neighbours that
 * rounding cannot tell apart; how far apart neighbours were is reported for every step. What is
 * computed does not depend on threads, nor on the sizes at which somebody looks.
 *
 * Where the number of features left is one for which eae_svm_eliminate_restarts() is true, machines
 * and M are made anew from the Gram matrix and the dual variables alone. So an elimination that is
 * started from what a visit saw at such a size (gram with have_gram, fits, features left) goes on
 * with the same bits.
 */
#ifndef EAE_MODEL_SVM_ELIMINATE_H
#define EAE_MODEL_SVM_ELIMINATE_H

#include "model/gram_fit.h"

typedef struct eae_svm_eliminate_problem {
    const eae_kernels *kernels;
    const eae_features *features;
    const int64_t *row; /* m rows of `features`: n for training, then m - n others */
    int64_t n;
    int64_t m;
    const int64_t *active; /* count columns to begin with, increasing */
    int64_t count;
    int64_t until; /* features that stay, >= 1 */
    eae_svm_loss loss;
    int sides;
    const eae_gram_problem *side; /* the machines: n, y, cost, offset, u, terms, bias_penalised (the
                                     same in all), tol; the rest is not read */
    bool have_gram;      /* gram holds the Gram matrix of the active features, made in f64 */
    const int64_t *size; /* sizes to visit, decreasing, count >= size >= until */
    int64_t sizes;
    /* gram, fits, and the features left (increasing, `left`) are those of size `left`. NULL: none.
     * A failure ends the elimination with its status. */
    int (*visit)(void *context, const int64_t *feature, int64_t left);
    void *context;
    int threads;
} eae_svm_eliminate_problem;

typedef struct eae_svm_eliminate_result {
    double *gram;      /* m x m, the caller's: as of the visit, and of the end */
    eae_gram_fit *fit; /* sides, the caller's: a start (zeros are one), then the same */
    int64_t *order;    /* count - until, the caller's: the columns in the order they went */
    double *gap;       /* count - until, the caller's, may be NULL: (next - gone) / next of the two
                          smallest sums of w^2 at each step; 0: equal */
    double residual; /* largest violation of the optimality conditions that was found in a solution
                        in use, in units of f */
    int64_t pivots;  /* entries that changed between free and bound */
    int64_t refactored; /* times that rounding called for a new M */
    int64_t recoveries; /* times that eae_fit_svm() had to help */
    int64_t scored[4];  /* features: see eae_svm_pool_work() */
} eae_svm_eliminate_result;

int eae_svm_eliminate(const eae_svm_eliminate_problem *problem, eae_svm_eliminate_result *result);
bool eae_svm_eliminate_restarts(int64_t left);

#endif
