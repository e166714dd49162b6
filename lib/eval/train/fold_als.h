/*
 * fold_als.h - the model `als`: the label as one more column of the matrix to complete.
 *
 * The prepared values of the training rows and, beside them, the label in units of its training
 * mean and standard deviation are factorised (als.h); two classes are -1 and 1, more of them a
 * column each. A held-out row gets the loadings that fit its own values, and by them its label. So
 * nothing has to be filled: missing values are left out of the sums. Where none is missing the
 * prediction is linear in the values, and these weights are what a model frame holds:
 *
 *     w = V (V'V + lambda p I)^-1 v_label      (V: p x K, the factors of the features)
 */
#ifndef EAE_EVAL_FOLD_ALS_H
#define EAE_EVAL_FOLD_ALS_H

#include "eval/train/fold.h"

/* Values of the test rows for all parameters and labelings of an open fold into fits->value, the
 * weights of the first labeling into fits->weight. fit->gap is the relative gradient of als.h. */
int eae_fold_als(const eae_fold *fold, const eae_target *target, eae_fits *fits);

#endif
