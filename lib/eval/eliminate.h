/*
 * eliminate.h - feature elimination inside every split of a plan: ranks, and predictions at every
 * size.
 *
 * Guyon, Weston, Barnhill and Vapnik (2002), "Gene selection for cancer classification using
 * support vector machines": fit, remove the features of the smallest w^2, repeat. Everything is
 * learned from the training rows of the split; held-out rows are only predicted.
 *
 * Order of rows: the final elimination, then by split, parameter, (size, largest first,) class; so
 * the concatenation of all shards is the whole. No state crosses a split, and the result does not
 * depend on spec->threads.
 */
#ifndef EAE_EVAL_ELIMINATE_H
#define EAE_EVAL_ELIMINATE_H

#include "eval/fold.h"
#include "eval/schedule.h"

typedef struct eae_eliminate_spec {
    eae_step step;
    int64_t until;  /* features to end with, >= 1 */
    int64_t *sizes; /* to show; owned. None: see schedule.h */
    int64_t size_count;
    const char *checkpoint; /* a directory (checkpoint.h); NULL: none */
} eae_eliminate_spec;

typedef struct eae_eliminate_output {
    eae_frame *rank;       /* i32, eliminations x features */
    eae_frame *prediction; /* NULL without a plan */
    int64_t fits;
    int64_t unconverged;
    double gap; /* the smallest relative distance of w^2 at any cut */
} eae_eliminate_output;

/* `plan`: a split frame checked against `data`, or NULL: eliminate on all rows. May set spec->param
 * (lambda_auto). Histories are the caller's. */
int eae_eliminate(const eae_frame *data, const eae_frame *plan, eae_train_spec *spec,
                  const eae_eliminate_spec *how, const eae_kernels *kernels,
                  eae_eliminate_output *out);

#endif
