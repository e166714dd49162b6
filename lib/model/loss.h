/*
 * loss.h - the losses of linear models at one sample, and their conjugates.
 *
 * y is +1 or -1, or the value for the squared loss; f is w'z + intercept. The minimum over w of
 * 1/2 |w|^2 + sum_i c_i loss(y_i, f_i) is the maximum over beta of sum_i dual(y_i, c_i, beta_i) -
 * 1/2 |sum_i beta_i z_i|^2, with w = sum_i beta_i z_i and beta_i = -c_i slope(y_i, f_i) at the
 * optimum. (Shalev-Shwartz and Zhang, JMLR 2013, section 1.)
 */
#ifndef EAE_MODEL_LOSS_H
#define EAE_MODEL_LOSS_H

#include "model/gram_fit.h"

double eae_loss_value(eae_loss kind, double y, double f);
/* By f; at a kink the value on the side of the larger f. */
double eae_loss_slope(eae_loss kind, double y, double f);
/* The second derivative by f; 0 for the hinge. */
double eae_loss_curvature(eae_loss kind, double y, double f);
/* Minus the conjugate of c loss(y, .) at -beta, for a beta within its bounds. */
double eae_loss_dual(eae_loss kind, double y, double c, double beta);

#endif
