/*
 * eliminate_random.h - elimination by trial: a random set of features goes if the model does not
 * get worse for it.
 *
 * A removal is judged on inner splits of the training rows (the plan's, else five stratified folds,
 * the same at every step): each inner training set has a model of its own, whose preprocessing is
 * learned there; which features are in is common to all, and so is what a filter chose. Held-out
 * rows of the split are never read.
 *
 * Every draw is a function of (seed, split, its number), so that nothing depends on threads.
 */
#ifndef EAE_EVAL_ELIMINATE_RANDOM_H
#define EAE_EVAL_ELIMINATE_RANDOM_H

#include "eval/eliminate/eliminate.h"
#include "eval/eliminate/eliminate_run.h"

typedef struct eae_trials {
    const eae_eliminate_spec *how;
    eae_split *split; /* the inner splits */
    eae_elimination *inner;
    int64_t count;
    double figure;  /* mean of the metric over the inner splits, with the features that are in */
    double best;    /* the best so far */
    int64_t limit;  /* most features that go at a time: halved where no set may go */
    int64_t draws;  /* sets drawn so far */
    bool stopped;   /* not even one feature may go */
    bool undefined; /* permuted labels by which nothing can be judged */
    bool borrows;   /* the splits are another one's */
} eae_trials;

/* For *outer, which is open. `plan` may be NULL. To be started, and closed in any case. */
int eae_trials_open(eae_trials *trials, const eae_elimination *outer, const eae_frame *plan,
                    const eae_eliminate_spec *how, int threads);
/* The same for other labels, as eae_elimination_again(); *of was opened, and not started. */
int eae_trials_again(eae_trials *trials, const eae_trials *of, const eae_target *target);
/* The first fits, with all features; `split` is for messages. */
int eae_trials_start(eae_trials *trials, int64_t split);
void eae_trials_close(eae_trials *trials);

/* Take up to r features out of *outer that may go together, fewer if no set of r may; none, and
 * `stopped` is set, if no single one may. */
int eae_trials_remove(eae_trials *trials, eae_elimination *outer, int64_t r, int threads);

/* As eae_elimination_exchange(). */
void eae_trials_exchange(eae_trials *trials, eae_bytes *bytes);

#endif
