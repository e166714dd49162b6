/*
 * fold_few.h - least squares and ridge regression on a fold of many rows and few features, by the
 * features instead of a Gram matrix (model/few_squares.h).
 */
#ifndef EAE_EVAL_FOLD_FEW_H
#define EAE_EVAL_FOLD_FEW_H

#include "eval/train/fold.h"

/* Whether models of rows x cols values are to be fitted so: a function of data and options alone.
 */
bool eae_fold_few_suits(const eae_train_spec *spec, int64_t rows, int64_t cols);

/* fold->few, the values of all its rows. */
int eae_fold_few_open(eae_fold *fold);

/* y: labelings x n, cost: n (gram_fit.h, but for the scale of a ridge). Fills fits->fit, weights of
 * the first labeling and held-out values of all. */
int eae_fold_few_fit(const eae_fold *fold, const double *y, const double *cost, eae_fits *fits);

#endif
