/*
 * outcome.h - what is to be learned, read off the annotations of a data frame.
 *
 * The task follows from the annotation (eae.7): a text `label` means classes, a numeric one
 * regression, `time` and `status` survival. Class codes are positions in the label's dictionary,
 * negative class first.
 */
#ifndef EAE_EVAL_OUTCOME_H
#define EAE_EVAL_OUTCOME_H

#include "eval/score/metric.h"
#include "matrix/frame.h"
#include "model/univariate.h"

typedef struct eae_target {
    eae_task task;
    int64_t n;
    eae_outcome outcome; /* points into the arrays below; one entry per data row */
    int32_t *class;
    double *value;
    double *time;
    double *status;
    const eae_names *class_names; /* the frame's dictionary; NULL unless classes */
    int32_t *group;               /* 0 .. groups-1, or NULL where there is no group column */
    int groups;
    bool permuted;       /* made by eae_target_permuted() */
    const int64_t *from; /* the row whose outcome each row carries (eae_target_permuted); NULL: its
                            own */
} eae_target;

/* Fails where there is nothing to learn from (listing the columns that could be a label), where a
 * sample has no label, and where all samples have the same one. The frame must outlive *target. */
int eae_target_from(const eae_frame *data, eae_target *target);
/* The same for a learner of survival: time and status, whether there is a label or not. */
int eae_target_survival(const eae_frame *data, eae_target *target);
void eae_target_free(eae_target *target);
/* Models for one parameter: one per class where there are more than two, else 1. */
static inline int eae_target_sides(const eae_target *target)
{
    return target->task == EAE_TASK_CLASSES && target->outcome.classes > 2 ? target->outcome.classes
                                                                           : 1;
}

/* Permutation b (>= 1) of the outcome: from[i] is the row whose label row i carries. A bijection
 * keyed by (seed, b) alone. Without groups all rows are shuffled; where the label is constant in
 * every group, groups of the same size exchange their labels, else rows are shuffled within groups.
 * Fails where no exchange is possible. */
int eae_permutation(const eae_target *target, uint64_t seed, int64_t b, int64_t *from);
/* The outcome under a permutation: a new target whose row i has the label of row from[i], which
 * must outlive it. */
void eae_target_permuted(const eae_target *target, const int64_t *from, eae_target *permuted);

/* The real labels and their permutations. */
typedef struct eae_labelings {
    int64_t count;      /* 1 + permutations */
    eae_target *target; /* the first is the real one, the caller's */
    int64_t **from;     /* permutation b; NULL for b = 0 */
} eae_labelings;

/* Permutations 1 .. `permutations` of the target, which must outlive them. To be freed in any case.
 */
int eae_labelings_make(eae_labelings *labelings, const eae_target *target, uint64_t seed,
                       int64_t permutations);
void eae_labelings_free(eae_labelings *labelings);

#endif
