/*
 * fold_together.h - the support vector machines of a fold that a device solves in one launch: all
 * parameters, labelings and sides.
 */
#ifndef EAE_EVAL_FOLD_TOGETHER_H
#define EAE_EVAL_FOLD_TOGETHER_H

#include "eval/train/fold.h"

/* The fits of the first `labelings` labelings, where they are of an svm, some at least, and the
 * backend solves many at once; `problem` is the fold's, y its labels (labelings x sides x n).
 * *done: per fit, whether it is solved; others hold where to go on from. NULL where nothing was
 * tried. The caller frees. */
int eae_fold_together(const eae_fold *fold, const eae_target *target,
                      const eae_gram_problem *problem, const double *y, int64_t labelings,
                      eae_fits *fits, bool **done);

#endif
