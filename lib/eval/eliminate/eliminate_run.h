/*
 * eliminate_run.h - one elimination: one training set, one parameter, features going step by step.
 *
 * The Gram matrix of the features that are left is kept by subtracting what goes (engine: a
 * downdate costs the features that go, whatever is left), and made anew each time an eighth of them
 * is left, because differences cancel. Fits start from those of the step before.
 */
#ifndef EAE_EVAL_ELIMINATE_RUN_H
#define EAE_EVAL_ELIMINATE_RUN_H

#include "eval/train/checkpoint.h"
#include "eval/train/fold.h"
#include "model/weight_scan.h"

typedef struct eae_elimination {
    eae_train_spec spec; /* of one parameter; borrows from the run's */
    eae_run run;         /* with that specification */
    eae_fold fold;       /* gram: of the active features */
    const eae_target *target;
    void *own_values; /* of the features, where the run has none turned over that fit */
    int64_t *own_row;
    eae_rough own_rough;
    double *norm;    /* cols: bounds of |z|, once somebody looked for small weights */
    int64_t *active; /* the features still in, increasing */
    int64_t count;
    int64_t rebuilt; /* how many there were when the Gram matrix was last made */
    eae_precision precision;
    eae_fits fits;
    eae_weight_scan scan;
    double *model;  /* feature rows x sides: the fit as the scan wants it; with `scan` */
    bool fitted;    /* the fit is that of the features that are left */
    int64_t *order; /* sparse models: eliminate_sparse.h; NULL: to be made */
    double *size;
    int64_t ordered;
    int32_t *rank; /* cols */
    double gap;    /* the smallest relative distance of w^2 at a cut so far */
    int64_t unconverged;
    bool undefined; /* permuted labels that leave a class without training row: nothing to fit */
    bool borrows;   /* what the training set has taught is another one's */
} eae_elimination;

/* *e is in its final place: parts of it point into it. `target`: the labels that are learned. */
int eae_elimination_open(eae_elimination *e, const eae_run *run, const eae_split *split, int param,
                         const eae_target *target, int threads);
/* The same for an inner split of the training rows of *outer, with its parameter and target, among
 * the features that are in there; no filter of its own. */
int eae_elimination_open_among(eae_elimination *e, const eae_elimination *outer,
                               const eae_split *split, int threads);
/* The same training set once more, for other labels that its preprocessing does not read: from what
 * *of was when it was opened, and still is. *of, which may serve several threads, must outlive it.
 */
int eae_elimination_again(eae_elimination *e, const eae_elimination *of, const eae_target *target);
void eae_elimination_close(eae_elimination *e);

/* What the first call of eae_elimination_smallest() begins with. */
int eae_elimination_ready(eae_elimination *e, int threads);

/* The fold with the features that are left: borrows all of it. */
eae_fold eae_elimination_left(const eae_elimination *e);
/* Fit the features that are left. */
int eae_elimination_fit(eae_elimination *e);
/* The r features of the smallest squared weight (scaled units; summed over classes) of the last
 * fit, smallest first; of sparse models as eliminate_sparse.h says. */
int eae_elimination_smallest(eae_elimination *e, int64_t r, int64_t *smallest, int threads);

/* State into bytes or out of them (checkpoint.h): what the steps that follow depend on. Out of
 * bytes: *e was opened for the same training set and parameter. */
void eae_elimination_exchange(eae_elimination *e, eae_bytes *bytes);
/* Take these features out: feature[0] gets the rank `count`, and so on downwards. */
int eae_elimination_remove(eae_elimination *e, const int64_t *feature, int64_t r, int threads);
/* The same, all with the rank `count`. */
int eae_elimination_remove_together(eae_elimination *e, const int64_t *feature, int64_t r,
                                    int threads);

#endif
