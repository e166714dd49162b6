/*
 * few_fit.h - linear models of many rows and few features: second derivatives by the features are a
 * small matrix, so that methods of second order need some tens of passes over the data, whatever
 * the penalty.
 *
 *     minimise over w, b   1/2 |w|^2 + sum_i cost_i loss(y_i, w'z_i + b)
 *
 * Smooth losses: Newton's method in w and b (squared hinge: generalised, Keerthi and DeCoste, JMLR
 * 2005); a step that does not lower the objective is cut to the best point along it, which takes no
 * pass, as the values at both ends are there. Hinge: the dual by a primal-dual interior point
 * (Mehrotra's predictor and corrector; Nocedal and Wright 2006, algorithm 16.4), whose linear
 * systems are of the size of w (Ferris and Munson, SIAM J. Optim. 2003). Three passes a step.
 *
 * Certificate: a pass sums beta_i z_i over either class, so that it ends with the dual bound of the
 * beta that belong to the present point, made feasible where the intercept is free.
 *
 * Numbers: f64. Determinism: rows are taken in pieces whose size depends on the number of features
 * alone, and pieces are added in order; so no number depends on threads, nor on which models share
 * a pass.
 */
#ifndef EAE_MODEL_FEW_FIT_H
#define EAE_MODEL_FEW_FIT_H

#include "model/tall_fit.h"

/* Whether this is the method for that many rows and features in use. */
bool eae_few_suits(int64_t rows, int64_t features);

/* Bytes that one model takes at most, with what every thread sums up for it. */
double eae_few_model_bytes(int64_t rows, int64_t features, int threads);

/* As eae_fit_tall(); iterations are passes. */
int eae_fit_few(const eae_tall_problem *problem, int64_t count, const eae_kernels *kernels,
                int threads, const eae_tall_watch *watch, eae_tall_model *fit);

#endif
