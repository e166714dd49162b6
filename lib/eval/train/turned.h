/*
 * turned.h - the data turned over, once for all folds of a run: the values of a feature lie side by
 * side (kernels.h: eae_features), so that work on few features reads little.
 *
 * Folds share them, each with a shift and a scale of its own. Where folds see the features in a way
 * of their own (completed, adjusted) there is nothing to share.
 */
#ifndef EAE_EVAL_TURNED_H
#define EAE_EVAL_TURNED_H

#include "base/spill.h"
#include "eval/train/train_spec.h"
#include "model/rough.h"

typedef struct eae_turned {
    eae_features features;      /* shift is `reference` where is_f64: taken off already */
    void *memory;               /* what x points to, */
    eae_spill spill;            /* or this: more than half of --memory */
    eae_rough rough;            /* of the features; value NULL unless asked for */
    const eae_kernels *kernels; /* that hold x */
} eae_turned;

/* Do folds differ in shift and scale of the features only? */
bool eae_turned_fits(const eae_dataset *data, const eae_train_spec *spec);
/* Only where that is so. Where they lie (spec->memory) makes no difference to the numbers. To be
 * closed in any case. */
int eae_turned_open(eae_turned *turned, const eae_dataset *data, const eae_train_spec *spec);
/* The same features in 8 bits, for weight_scan.h. */
int eae_turned_rough(eae_turned *turned, int threads);
void eae_turned_close(eae_turned *turned);

/* The features with the shift and scale of a fold, which must outlive them; *own: numbers made for
 * that, to be freed after use, or NULL. */
int eae_turned_share(const eae_turned *turned, const eae_source *source, eae_features *features,
                     double **own);

#endif
