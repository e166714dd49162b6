/*
 * compare.h - candidates against one another: each against a reference, by every metric.
 *
 *   t        all metrics: the corrected resampled t test over all splits
 *   delong   two classes, where auc is among the metrics: the first repeat
 *   mcnemar  classes, where a metric depends on who is called what: who is called right in the
 * first repeat
 *
 * paired.h has the tests. All candidates compared must have been judged on the same held-out
 * samples: one plan. Splits that only one of two has (an elimination may end early) do not count,
 * and are warned of.
 *
 * The reference is the best candidate (order.h), or one that is named, or the baseline: what a
 * model gives without any feature, from its covariates alone, which is a candidate of size 0. The
 * baseline of a candidate is that of the same model, spec and param; if it has none of its own, the
 * only one there is.
 *
 * p_holm corrects the comparisons of one metric and test. A reference that is named beforehand
 * makes a family of one comparison for each other candidate. The best was found by looking at the
 * same values, so that any pair might have been compared: its family is all pairs.
 */
#ifndef EAE_EVAL_COMPARE_H
#define EAE_EVAL_COMPARE_H

#include "eval/score/order.h"
#include "eval/score/paired.h"

typedef enum eae_reference {
    EAE_REFERENCE_BEST,
    EAE_REFERENCE_NAMED,   /* --against */
    EAE_REFERENCE_BASELINE /* --baseline, named or not */
} eae_reference;

typedef struct eae_comparison {
    int candidate, against; /* figures are of the candidate less those of `against` */
    const char *metric, *test;
    eae_paired result;
    double p_holm;
} eae_comparison;

typedef struct eae_comparisons {
    eae_comparison *line; /* candidates in order, metrics and tests within */
    int64_t count;
} eae_comparisons;

/* `name`: the description of the reference (candidate.h), or NULL. Fails where there is nothing to
 * compare, no such reference, or where two candidates were not judged on the same samples. */
int eae_compare(const eae_scores *s, const eae_order *order, eae_reference reference,
                const char *name, int threads, eae_comparisons *out);
void eae_comparisons_free(eae_comparisons *c);

#endif
