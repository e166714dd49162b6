/*
 * order.h - candidates from the best to the worst.
 *
 * By the first metric: its mean over splits, or the pooled figure where there is no mean
 * (leave-one-out) or the metric is judged by it (hr). Undefined figures come last; of equals the
 * one with fewer features comes first, then the one that appears first. Candidates that lack splits
 * which others of their plan have stand behind those that have all: an elimination that ended early
 * in some splits leaves the smaller sizes to the splits in which they went well.
 *
 * A tie is within one corrected standard error (summary.h) of the best. Among those, which then
 * lead,
 *
 *   EAE_TIE_HR   prefers the larger hazard ratio of high against low risk: for survival the metric
 *                hr, for two classes that of the samples called positive against the others, taken
 *                the other way round where the positive class itself has the lower hazard;
 *                stratified by split, averaged over the repeats. Undefined ones come last
 *   EAE_TIE_1SE  prefers fewer features
 */
#ifndef EAE_EVAL_ORDER_H
#define EAE_EVAL_ORDER_H

#include "eval/score/summary.h"

typedef enum eae_tie { EAE_TIE_NONE, EAE_TIE_HR, EAE_TIE_1SE } eae_tie;

typedef struct eae_order {
    int count;
    int *candidate;   /* the best first */
    double *hazard;   /* by candidate; NULL without EAE_TIE_HR */
    bool *optimistic; /* by candidate: taken for its figure it was taken from several sizes, or
                         several params, of its model and spec. What was chosen inside the splits
                         (size selected, param tuned) was not */
} eae_order;

/* `summary` has a group per candidate (EAE_BY_SPLIT). Fails where EAE_TIE_HR has no time and status
 * to work with, EAE_USAGE for a task that has no hazard ratio. */
int eae_order_make(eae_order *o, const eae_scores *s, const eae_summary *summary, eae_tie tie,
                   int threads);
void eae_order_free(eae_order *o);

#endif
