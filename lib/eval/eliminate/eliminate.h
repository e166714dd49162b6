/*
 * eliminate.h - feature elimination inside every split of a plan: ranks, and predictions at every
 * size.
 *
 * Policy weight: Guyon, Weston, Barnhill and Vapnik (2002), "Gene selection for cancer
 * classification using support vector machines": fit, remove the features of the smallest w^2,
 * repeat. Everything is learned from the training rows of the split; held-out rows are only
 * predicted.
 *
 * Permutations of the labels (spec->permutations): the whole elimination is done again with each,
 * the choice of a size as well; they have predictions, but no ranks and no models.
 *
 * Order of rows: the final elimination, then by split, permutation, parameter, (size, largest
 * first, then the selected one,) class; so the concatenation of all shards is the whole. No state
 * crosses a split, and the result does not depend on spec->threads.
 */
#ifndef EAE_EVAL_ELIMINATE_H
#define EAE_EVAL_ELIMINATE_H

#include "eval/train/fold.h"
#include "eval/eliminate/schedule.h"
#include "eval/eliminate/select.h"

typedef enum eae_policy {
    EAE_POLICY_WEIGHT, /* the smallest squared weights */
    EAE_POLICY_RANDOM, /* a random set, if the model does not get worse (eliminate_random.h) */
    EAE_POLICY_BIASED  /* the same, with odds */
} eae_policy;

/* When a set of features may go: the figure without it, new, against the present one, old. */
typedef enum eae_accept {
    EAE_ACCEPT_EQUAL,    /* new >= old */
    EAE_ACCEPT_IMPROVE,  /* new > old */
    EAE_ACCEPT_TOLERANCE /* new >= the best so far - tolerance */
} eae_accept;

typedef struct eae_eliminate_spec {
    eae_policy policy;
    eae_accept accept;
    double tolerance;
    int64_t tries;            /* sets that are tried before the step is halved */
    const eae_metric *metric; /* of random, biased and the selection; NULL: the first of the task's
                                 defaults */
    double *chance;           /* per feature: odds of removal; NULL: all 1; owned */
    bool *pinned;             /* per feature: never goes; NULL: none; owned */
    eae_step step;
    int64_t until;  /* features to end with, >= 1 */
    int64_t *sizes; /* to show; owned. None: see schedule.h */
    int64_t size_count;
    eae_selection selection; /* by inner splits; of the final elimination by the outer ones */
    int64_t selected_size;
    const char *checkpoint; /* a directory (checkpoint.h); NULL: none */
} eae_eliminate_spec;

typedef struct eae_eliminate_output {
    eae_frame *rank;       /* i32, eliminations x features */
    eae_frame *prediction; /* NULL without a plan */
    eae_frame *model;      /* of the chosen sizes (spec->weights); NULL: none */
    int64_t paths;         /* eliminations, those of permuted labels too */
    int64_t fits;
    int64_t unconverged;
    int64_t undefined;  /* of permuted labels: nothing to learn, or to choose a size by */
    int64_t final_size; /* chosen for the final elimination; 0: none was */
    double gap;         /* the smallest relative distance of w^2 at any cut */
} eae_eliminate_output;

/* --prior: lines `feature weight`, into how->chance; --pin: names, into how->pinned. Either may be
 * NULL. */
int eae_eliminate_odds(eae_eliminate_spec *how, const char *prior, const char *pin,
                       const eae_names *features);

void eae_eliminate_spec_free(eae_eliminate_spec *how);

/* Multiplications that the paths of `splits` splits take, roughly: what kernels are chosen by. */
double eae_eliminate_work(const eae_train_spec *spec, int64_t rows, int64_t cols, int64_t splits);

/* `plan`: a split frame checked against `data`, or NULL: eliminate on all rows. May set spec->param
 * (lambda_auto) and how->metric. Histories are the caller's. */
int eae_eliminate(const eae_frame *data, const eae_frame *plan, eae_train_spec *spec,
                  eae_eliminate_spec *how, const eae_kernels *kernels, eae_eliminate_output *out);

#endif
