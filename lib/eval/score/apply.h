/*
 * apply.h - linear models and kernel machines on new data: from a model frame and raw data to a
 * prediction frame.
 *
 * The model frame carries its preprocessing: for each row of part `weights` the rows `mean`,
 * `scale`, `fill` and `adjust` of the same split, plan, model and spec (where those rows name them)
 * give
 *
 *     z_j   = ((x_j, or fill_j where it is missing) - sum_t term_t adjust_tj - mean_j) / scale_j
 *     value = sum_j w_j z_j + intercept            (over the w_j that are not NaN)
 *
 * in f64, summed in column order; and where rows of part `support` follow the row of weights, value
 * has their sum_s coefficient_s k(vector_s, z) too (expansion.h). Rows `factor-mean`,
 * `factor-scale` and `factor` stand for fill rows: what is missing is mean + scale u'v, v the
 * factors and u the loadings that minimise 1/2 sum (z - u'v)^2 + n/2 |u|^2 over the n values z of
 * the sample that are known, centred by mean and scaled by scale. Features are found by name.
 * Columns of role `covariate` and the terms of adjust rows are read from the data's row
 * annotations: `@age` or `age` is the number, `@sex=M` or `sex=M` is 1 where sex is M and else 0,
 * `(intercept)` is 1.
 */
#ifndef EAE_EVAL_APPLY_H
#define EAE_EVAL_APPLY_H

#include "matrix/frame.h"

/* Applies the models of split 0 (`final`; all splits if `all`) to every row of data, which must
 * have names. The predictions have the data's samples as columns with its label, group, time and
 * status; models of K > 2 classes bring the list of classes, of which the data may hold some only.
 * Fails (with `name`, where the models came from) when there is no such model, a feature with a
 * weight other than 0, or one that vectors have, is not in the data (three are named), a covariate
 * is not there, or a value is missing and the model has nothing to fill it with. Features of the
 * data that the models do not know are counted in a note. */
int eae_apply(const eae_frame *models, const eae_frame *data, bool all, const char *name,
              int threads, eae_frame **predictions);

#endif
