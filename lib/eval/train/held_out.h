/*
 * held_out.h - one metric of the values that a fold's fits give its test rows: what choices are
 * made by inside a training set.
 */
#ifndef EAE_EVAL_HELD_OUT_H
#define EAE_EVAL_HELD_OUT_H

#include "eval/train/fold.h"

/* What is known of the test rows of a fold under one labeling, as a metric reads it. */
typedef struct eae_held_out {
    eae_scored scored;
    int32_t *class;
    double *value, *target, *time, *status, *cut, *sd;
} eae_held_out;

void eae_held_out_open(eae_held_out *held, const eae_fold *fold, const eae_target *target,
                       int sides);
void eae_held_out_close(eae_held_out *held);

/* The metric for fits->fit[first] and the other sides of its model; value (sides x test rows) is
 * what eae_fold_decision() gave for them. `probability`: values are log-odds. */
double eae_held_out_score(eae_held_out *held, const eae_metric *metric, bool probability,
                          const eae_fits *fits, int64_t first, const double *value);

#endif
