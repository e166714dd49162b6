/*
 * narrow.h - which candidates are worth going on with, and why the others are not.
 *
 * Candidates are looked at from the best to the worst (order.h); the first rule that applies drops
 * one:
 *
 *   METRIC     the bad end of its interval is at or past the limit: for the first metric what
 *              chance gives, where that is known, or the limits that are named. The interval is
 *              that of the summary; where it has none, DeLong's for the auc of two classes. A
 *              figure that is not defined at all is a failure, too
 *   size       it has more features than the limit (no limit unless it is named): of its sets of
 *              features on average, or by its size
 *   stability  Nogueira's measure of its sets of features is below the limit (0.3)
 *   jaccard    its sets of features are as those of a better candidate of the same plan that was
 *              kept: their mean Jaccard index over the splits is above the limit (0.9)
 *   top        K better ones are kept
 *
 * Sets of features come from model frames, or rank frames at the candidate's size (the size that
 * was chosen in each split, where it was selected inside). A rule that cannot be applied, for want
 * of an interval or of sets, drops nothing; that is noted.
 */
#ifndef EAE_EVAL_NARROW_H
#define EAE_EVAL_NARROW_H

#include "eval/score/feature_sets.h"
#include "eval/score/order.h"

enum { EAE_NARROW_METRICS = 32 };

typedef struct eae_narrow_rules {
    struct {
        const eae_metric *metric;
        double limit;
    } metric[EAE_NARROW_METRICS]; /* that are named */
    int metrics;
    double size, stability, jaccard;
    bool needs_sets; /* stability or jaccard is named: then it must be possible to apply it */
} eae_narrow_rules;

/* "auc=0.7,size=100,jaccard=0.9,stability=0.3", any part of it; NULL or "": the defaults. EAE_USAGE
 * for what is none of these. */
int eae_narrow_parse(const char *text, eae_narrow_rules *rules);

typedef struct eae_verdict {
    int candidate;
    const char *reason; /* NULL: kept */
    double value, limit;
    int like; /* jaccard: the better candidate; else -1 */
} eae_verdict;

/* verdict[0 .. order->count - 1], in that order; top 0: no limit. Fails where sets are needed and
 * there are none; EAE_USAGE for a limit of a metric that is not computed. */
int eae_narrow(const eae_scores *s, const eae_summary *summary, const eae_order *order,
               const eae_selectors *selectors, const eae_narrow_rules *rules, int64_t top,
               eae_verdict *verdict);

#endif
