/*
 * train.h - a family of models: every split, permutation and parameter, as prediction and model
 * frames.
 *
 * Order of rows: the final model, then by split, permutation, parameter, class; so the
 * concatenation of all shards is the whole. Everything that is learned is learned from the training
 * rows of its split; no state crosses a split. The result does not depend on spec->threads.
 */
#ifndef EAE_EVAL_TRAIN_H
#define EAE_EVAL_TRAIN_H

#include "eval/train/tune.h"

typedef struct eae_train_output {
    eae_frame *prediction; /* NULL without a plan */
    eae_frame *model;      /* NULL where no weights are asked for */
    int64_t fits;
    int64_t unconverged;
    int64_t undefined; /* permuted labelings that left a training set without a class, or nothing to
                          choose a parameter by */
    eae_tune_count tuning;
} eae_train_output;

/* `plan`: a split frame checked against `data`, or NULL: train on all rows. May set spec->param
 * (lambda_auto). Histories are the caller's. */
int eae_train(const eae_frame *data, const eae_frame *plan, eae_train_spec *spec,
              const eae_kernels *kernels, eae_train_output *out);

/* Each feature alone: a model frame with the parts statistic, effect, df, df2, p, bonferroni, holm,
 * bh, by and mean, one row each, for all rows (no plan) or for the training rows of every split. */
int eae_train_test(const eae_frame *data, const eae_frame *plan, eae_train_spec *spec,
                   const eae_kernels *kernels, eae_train_output *out);

#endif
