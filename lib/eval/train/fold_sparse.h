/*
 * fold_sparse.h - sparse fits on the rows of a fold: what fold.c does by a Gram matrix, done on the
 * features themselves; see fold.h.
 */
#ifndef EAE_EVAL_FOLD_SPARSE_H
#define EAE_EVAL_FOLD_SPARSE_H

#include "eval/train/fold.h"

/* All parameters of one labeling, into fits->fit and fits->sparse; from `start` (NULL: nothing). */
int eae_fold_sparse_path(const eae_fold *fold, const eae_target *target, int64_t labeling,
                         const eae_sparse_fit *start, eae_fits *fits);
/* What draws at features (sparse.h: eae_sparse_pull) beside the fit of the first labeling and
 * parameter. */
int eae_fold_sparse_pull(const eae_fold *fold, const eae_target *target, const eae_fits *fits,
                         const int64_t *feature, int64_t count, double *square);
/* Values of every fit for `rows` of the fold's rows, from `first` on: (params x labelings x sides)
 * x rows. */
void eae_fold_sparse_values(const eae_fold *fold, const eae_fits *fits, int64_t first, int64_t rows,
                            double *value);

#endif
