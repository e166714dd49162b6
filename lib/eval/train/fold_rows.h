/*
 * fold_rows.h - rows of prediction and model frames as an open fold makes them: what it is, what
 * its preprocessing learned, its weights.
 */
#ifndef EAE_EVAL_FOLD_ROWS_H
#define EAE_EVAL_FOLD_ROWS_H

#include "eval/train/fold.h"
#include "eval/train/train_result.h"

/* Split, repeat, fold and the number of features in; nothing of a fit yet. */
eae_result_row eae_fold_row(const eae_fold *fold);
/* What one fit says of itself. `param`: its place in the whole list of parameters; class stays -1
 * where there is one side. */
void eae_fold_row_fit(eae_result_row *row, const eae_train_spec *spec, int param, int side,
                      const eae_fits *fits, const eae_gram_fit *fit);

/* The name of a part of a model as eae_result_row holds it: for the life of the process; NULL where
 * there is none of that name. */
const char *eae_fold_part(const char *name);
/* Rows of the model frame that one training set has: preprocessing, then params x sides models. */
int64_t eae_fold_model_rows(const eae_run *run, int params, int sides);
/* Write them, for the real labels: value is rows x (features + covariates) of the frame. The first
 * fit's parameter is first_param of the whole list. `shift`: what the intercepts take to be
 * subtracted from every feature, where that is not the mean that the model is written with; the
 * difference goes into the intercept. */
int eae_fold_write_model(const eae_fold *fold, const eae_fits *fits, int first_param,
                         const double *shift, double *value, eae_result_row *row);

#endif
