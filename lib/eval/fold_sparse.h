/*
 * fold_sparse.h - sparse fits on the rows of a fold: what fold.c does by a Gram matrix, done on the
 * features themselves; see fold.h.
 */
#ifndef EAE_EVAL_FOLD_SPARSE_H
#define EAE_EVAL_FOLD_SPARSE_H

#include "eval/fold.h"

/* All parameters of one labeling, into fits->fit and fits->sparse. y and cost as in sparse.h. */
int eae_fold_sparse_path(const eae_fold *fold, eae_task task, const double *y, const double *cost,
                         int64_t labeling, eae_fits *fits);
/* eae_fold_decision() and eae_fold_weights() of such fits. */
int eae_fold_sparse_decision(const eae_fold *fold, const eae_fits *fits, double *value);
void eae_fold_sparse_weights(const eae_fold *fold, const eae_fits *fits, double *w, int64_t ld);

#endif
