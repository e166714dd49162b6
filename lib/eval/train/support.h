/*
 * support.h - the vectors of kernel machines: from fits to the `support` rows of a model frame
 * (eae-matrix(5)).
 */
#ifndef EAE_EVAL_SUPPORT_H
#define EAE_EVAL_SUPPORT_H

#include "eval/train/fold.h"
#include "eval/train/train_result.h"

/* The training samples of one model whose coefficient is not 0, in the order of the data. */
typedef struct eae_support {
    int64_t count;
    int64_t *sample;
    double *coefficient;
    double *value; /* count x cols: as the fold sees them; NaN for features that are not in use */
} eae_support;

/* *support must be empty. Fails for want of memory. */
int eae_support_take(eae_support *support, const eae_fold *fold, const eae_gram_fit *fit);
void eae_support_free(eae_support *support);

/* Replace a model frame and its rows by those with a row per vector of support[i] behind row i.
 * What support[] holds is freed. */
int eae_support_expand(const eae_run *run, eae_support *support, eae_frame **frame,
                       eae_result_row **row);

#endif
