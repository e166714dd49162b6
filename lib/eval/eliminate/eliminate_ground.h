/*
 * eliminate_ground.h - what the eliminations of all labelings on one training set share.
 *
 * Permutations of the labels change what is fitted, not the training set: its preprocessing, its
 * Gram matrix (also the one in f64 that exact steps of one feature begin with) and those of the
 * inner splits that trials are judged on are made once. Where a filter reads labels each labeling
 * has its own, and nothing is shared.
 */
#ifndef EAE_EVAL_ELIMINATE_GROUND_H
#define EAE_EVAL_ELIMINATE_GROUND_H

#include "eval/eliminate/eliminate_path.h"
#include "eval/eliminate/eliminate_random.h"

typedef struct eae_ground {
    const eae_path_plan *of;
    const eae_split *split;
    int param;
    bool shared;
    eae_elimination real; /* with `shared`: as it was opened, for the real labels */
    double *exact;        /* then: its Gram matrix in f64; NULL where no path begins with that */
    eae_trials trials;    /* then: of policies random and biased, as they were opened */
} eae_ground;

/* For the first `labelings` of the plan. */
int eae_ground_open(eae_ground *ground, const eae_path_plan *of, const eae_split *split, int param,
                    int64_t labelings);
void eae_ground_close(eae_ground *ground);

/* An elimination on it, and its trials (started; nothing for policy weight): for several threads at
 * once. Both are to be closed in any case. */
int eae_ground_begin(const eae_ground *ground, const eae_target *target, eae_elimination *e,
                     eae_trials *trials);

/* The last of the sizes behind the k-th of a schedule that one feature at a time leads to. */
int64_t eae_ground_single(const eae_schedule *schedule, int64_t k);

#endif
