/*
 * eliminate_sparse.h - the elimination of sparse models (sparse.h): most weights are 0, and the
 * order among those must not be an accident.
 *
 * With z_j a feature in scaled units and r minus the gradient of the loss at the fit, optimality is
 * |z_j'r| <= lambda alpha for features without a weight (Friedman, Hastie, Tibshirani 2010): they
 * are the further from having one, the smaller |z_j'r|. So features go in the order of w_j^2, those
 * without a weight first and among themselves in the order of |z_j'r|; equal ones by column.
 *
 * A feature without a weight leaves the fit as it is when it goes, optimal on fewer features, so
 * that nothing is fitted, or looked at, anew until one goes that has a weight.
 */
#ifndef EAE_EVAL_ELIMINATE_SPARSE_H
#define EAE_EVAL_ELIMINATE_SPARSE_H

#include "eval/eliminate/eliminate_run.h"

/* The first r to go. The relative distance of the squares at the cut (of weights, or of z_j'r; 1
 * between a weight and none) goes into e->gap. */
int eae_elimination_first(eae_elimination *e, int64_t r, int64_t *first);
/* What was kept of the order of an earlier fit. */
void eae_elimination_forget_order(eae_elimination *e);
/* Are all features with a weight still in? */
bool eae_elimination_still(const eae_elimination *e);
/* The fit, into bytes or out of them (checkpoint.h). */
void eae_elimination_exchange_sparse(eae_elimination *e, eae_bytes *bytes);

#endif
