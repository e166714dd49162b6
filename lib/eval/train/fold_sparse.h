/*
 * fold_sparse.h - sparse fits on the rows of a fold: what fold.c does by a Gram matrix, done on the
 * features themselves; see fold.h.
 */
#ifndef EAE_EVAL_FOLD_SPARSE_H
#define EAE_EVAL_FOLD_SPARSE_H

#include "eval/train/fold.h"

/* All parameters of one labeling, into fits->fit and fits->sparse. */
int eae_fold_sparse_path(const eae_fold *fold, const eae_target *target, int64_t labeling,
                         eae_fits *fits);
/* Values of every fit for `rows` of the fold's rows, from `first` on: (params x labelings x sides)
 * x rows. */
void eae_fold_sparse_values(const eae_fold *fold, const eae_fits *fits, int64_t first, int64_t rows,
                            double *value);

#endif
