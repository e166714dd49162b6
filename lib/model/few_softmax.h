/*
 * few_softmax.h - softmax regression of many rows and few features: Newton's method in the
 * coefficients, whose second derivative is a matrix of (classes (p + terms))^2.
 *
 *     minimise over w_k, lambda_k   1/2 sum_k |w_k|^2 + sum_i cost_i (log sum_k exp f_ik -
 * f_i,y_i), f_ik = w_k'z_i + lambda_k'e_i,   e_i = (1, u_i)
 *
 * (Boehning 1992 with the true second derivative; Bishop 2006, section 4.3.4.) A step is halved
 * until the objective does not rise.
 *
 * Certificate: the step d of a point with probabilities pi gives
 * b_ik = cost_i ([y_i = k] - pi_ik - pi_ik (d_ik - sum_l pi_il d_il)), for which sum_i e_i b_ik =
 * 0, so that q_ik = [y_i = k] - b_ik / cost_i, where it is not negative, is a point of the dual;
 * primal less dual are the relative entropies of q and the new probabilities, and |w_k - Z'b_k|^2
 * / 2.
 *
 * f64, one thread, deterministic; fits may run in parallel.
 */
#ifndef EAE_MODEL_FEW_SOFTMAX_H
#define EAE_MODEL_FEW_SOFTMAX_H

#include "model/few_squares.h"

/* Whether this is the method for that many rows, features and classes. A function of the shape
 * alone. */
bool eae_few_softmax_suits(int64_t rows, int64_t features, int classes);

/* Of problem: kernels, n, y (0 .. classes-1), cost, u, terms, tol, max_iter. fit: an entry per
 * class, whose objective, gap, iterations and converged are those of the whole; the free
 * coefficients sum to 0 over classes. Starts from w (classes x p), fit's intercepts and gamma,
 * which become the solution. fit->beta is left alone; b (classes x n): the dual point, or NULL. */
int eae_few_softmax(const eae_gram_problem *problem, const eae_few_values *values, int classes,
                    eae_gram_fit *fit, double *w, double *b);

#endif
