/*
 * fold_few.h - models of a fold of many rows and few features, by the features instead of a Gram
 * matrix: least squares and ridge regression (model/few_squares.h), softmax regression
 * (model/few_softmax.h).
 */
#ifndef EAE_EVAL_FOLD_FEW_H
#define EAE_EVAL_FOLD_FEW_H

#include "eval/train/fold.h"

/* Whether models of rows x cols values are to be fitted so: a function of data and options alone.
 * `classes`: of the label; 0: none, or not known. */
bool eae_fold_few_suits(const eae_train_spec *spec, int64_t rows, int64_t cols, int classes);

/* Of those values, what a fold keeps: numbers. */
double eae_fold_few_numbers(const eae_train_spec *spec, int64_t rows, int64_t cols);

/* fold->few, the values of all its rows and of the features that the filter left. */
int eae_fold_few_open(eae_fold *fold);

/* Least squares. y: labelings x n, cost: n (gram_fit.h, but for the scale of a ridge). Fills
 * fits->fit, weights of the first labeling and held-out values of all. */
int eae_fold_few_squares(const eae_fold *fold, const double *y, const double *cost, eae_fits *fits);

/* Softmax regression of every labeling that is defined, each parameter from the one before. target:
 * one per labeling; y: labelings x sides x n, of which the first of each labeling's sides has its
 * classes. */
int eae_fold_few_softmax(const eae_fold *fold, const eae_target *target, const double *y,
                         eae_fits *fits);

#endif
