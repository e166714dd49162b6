/*
 * train_result.h - prediction and model frames put together from rows computed in any order.
 */
#ifndef EAE_EVAL_TRAIN_RESULT_H
#define EAE_EVAL_TRAIN_RESULT_H

#include "eval/plan/plan.h"
#include "eval/train/spread.h"
#include "eval/train/train_spec.h"
#include "matrix/stream.h"

/* What the row annotations of eae-matrix(5) say about one row. */
typedef struct eae_result_row {
    int param;      /* index into spec->param; -1: none */
    bool tuned;     /* it was chosen inside */
    int64_t size;   /* features in the model */
    bool selected;  /* that size was chosen inside */
    int64_t chosen; /* the size that was, also where it is not that of the row; 0: none */
    int64_t split, repeat, fold;
    int64_t perm; /* 0: real labels */
    int class;    /* -1: not one of several */
    bool converged;
    bool undefined; /* nothing was fitted: a permutation left a training set without a class */
    double intercept, objective, gap;
    bool has_spread;   /* survival */
    eae_spread spread; /* of the values of the training rows */
    int64_t iterations;
    const char *part;   /* model frames: "weights", "mean", ... */
    const char *term;   /* part "adjust": the design column; "support": the sample; else NULL */
    double gamma;       /* kernel machines */
    double coefficient; /* part "support" */
} eae_result_row;

/* Nothing was fitted: an undefined row of its split, permutation and parameter. */
void eae_result_undefined(eae_result_row *row);

/* Write the annotations of all rows of a prediction or model frame. `plan`: the plan's hash or
 * NULL. */
void eae_result_annotate(eae_frame *f, const eae_result_row *row, const eae_train_spec *spec,
                         const char *plan, const eae_names *class_names);

/* An empty prediction frame over the data's samples (label, group, time, status as columns), all
 * NaN. */
int eae_prediction_new(eae_frame **f, const eae_frame *data, int64_t rows);
/* A model frame over the data's features and the covariates (role annotation). */
int eae_model_frame_new(eae_frame **f, const eae_frame *data, const eae_covariates *covariates,
                        int64_t rows);

/* Write the frames that are there (NULL: none) with what made them in their histories: operand 0 of
 * `o` is the model, and --output and --no-history are obeyed. Nothing is left behind where `in`
 * changed meanwhile. */
int eae_result_write(const eae_options *o, const eae_kernels *kernels, const eae_bundle *in,
                     eae_frame *const *frame, int count);

#endif
