/*
 * tall_fit.h - linear models of tall data: the rows are read again and again, a block at a time;
 * what is kept are vectors over the rows and over the features, never a matrix of either.
 *
 *     minimise over w, b   1/2 |w|^2 + sum_i cost_i loss(y_i, w'z_i + b)
 *
 * Block minimisation in the dual: w = sum_i beta_i z_i; the beta of a block of rows are solved for
 * by coordinate descent on the block's own small Gram matrix, with w as all others left it, then w
 * is brought up to date. (Yu, Hsieh, Chang and Lin, "Large linear classification when data cannot
 * fit in memory", KDD 2010; coordinate descent: Hsieh et al., ICML 2008, and for the logistic loss
 * Yu, Huang and Lin, Machine Learning 2011.) So each pass reads the data once, whatever happens in
 * a block, and many models (folds, costs, classes) share the pass.
 *
 * A free intercept is the multiplier of sum_i beta_i = 0: it is kept fixed during a pass, with a
 * quadratic penalty on the sum, and moved after it (the method of multipliers; Bertsekas 1982).
 *
 * Covariates are more such multipliers, on terms that are orthonormal (tall_free.h), and beta is
 * made feasible by a projection.
 *
 * Certificate: a pass also multiplies each block by w as it was when the pass began, so it ends
 * with all values of that w, which give its primal objective (at the best multiple of it and the
 * best intercept), and by the beta of then, made feasible, a dual bound. What is returned is that
 * w: nothing is read for the sake of the certificate.
 *
 * Numbers: values, w and beta in f64, Gram matrices of blocks rounded to f32. Rows are taken from
 * eight places of the data at once, so that sorted classes meet in a block. Passes go through the
 * blocks in one direction: to and fro would take twice as many.
 *
 * Determinism: no number depends on threads, on memory, or on which models share a pass.
 */
#ifndef EAE_MODEL_TALL_FIT_H
#define EAE_MODEL_TALL_FIT_H

#include <stddef.h>

#include "model/tall_free.h"

/* What is done to the raw values is in `source` (fill, design, shift, inverse, feature). Models
 * whose sources have the same pointers share what is made of the data. */
typedef struct eae_tall_problem {
    const eae_source *source;
    const double *y;    /* rows: +1 / -1 for classes, the value for regression */
    const double *cost; /* rows: > 0 for training rows, 0 for others */
    eae_loss loss;
    bool bias_penalised;       /* hinge and squared hinge: the intercept costs b^2 / 2 */
    const eae_tall_free *free; /* covariates, and the intercept where it is free; NULL: none */
    double tol;                /* relative duality gap to reach */
    int64_t max_iter;          /* passes; 0: EAE_TALL_PASSES */
} eae_tall_problem;

enum { EAE_TALL_PASSES = 2000 };

/* The caller frees w, value and gamma (eae_tall_model_free). */
typedef struct eae_tall_model {
    double *w;     /* cols, for z; NaN for features not in use */
    double *value; /* rows: f of every row, also those that were not trained on */
    double *gamma; /* covariates; NULL where there are none */
    double intercept;
    double objective;   /* primal, as in gram_fit.h */
    double gap;         /* relative, as in gram_fit.h */
    int64_t iterations; /* passes over the data */
    bool converged;
} eae_tall_model;

/* All that a computation has come to, for milestones: lists its parts, always the same ones in the
 * same order. The first one says which models are done; the others follow from it. */
typedef struct eae_tall_progress eae_tall_progress;
typedef void (*eae_tall_part)(void *to, void *bytes, size_t n);
struct eae_tall_progress {
    void (*visit)(eae_tall_progress *progress, eae_tall_part visit, void *to);
};
static inline void eae_tall_visit(eae_tall_progress *progress, eae_tall_part visit, void *to)
{
    progress->visit(progress, visit, to);
}

/* How a computation looks from outside. All may be 0. */
typedef struct eae_tall_watch {
    /* Before the first pass: may fill the parts from an earlier computation of the same problems,
     * which then goes on as if it had not been interrupted. */
    int (*begin)(void *context, eae_tall_progress *progress);
    /* Rows first .. first + count - 1 will be read soon. */
    void (*ahead)(void *context, int64_t first, int64_t count);
    /* After each pass: how many models are left, and the largest of their gaps; not EAE_OK: stop.
     */
    int (*pass)(void *context, eae_tall_progress *progress, int64_t pass, int64_t left, double gap);
    void *context;
} eae_tall_watch;

/* Bytes of memory one model takes, beside the block Gram matrices that models of one source share:
 * the first is needed (covariates take more), the second saves making them anew in every pass. */
double eae_tall_model_bytes(int64_t rows, int64_t cols, int64_t covariates);
double eae_tall_gram_bytes(int64_t rows);

/* `memory`: bytes that block Gram matrices may take; they are made anew in every pass if that is
 * too little. Training rows of both classes must be there. */
int eae_fit_tall(const eae_tall_problem *problem, int64_t count, const eae_kernels *kernels,
                 double memory, int threads, const eae_tall_watch *watch, eae_tall_model *fit);
void eae_tall_model_free(eae_tall_model *fit);

#endif
