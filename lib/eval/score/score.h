/*
 * score.h - every metric of every split: from held-out values to a table of numbers.
 */
#ifndef EAE_EVAL_SCORE_H
#define EAE_EVAL_SCORE_H

#include "eval/score/predictions.h"
#include "eval/score/threshold.h"

typedef struct eae_scores {
    const eae_predictions *p;
    const eae_metric **metric; /* those reported, in order */
    int metric_count;
    double *cut;   /* entry_count: the threshold of each entry; NaN values make its metrics NaN */
    double *value; /* entry_count x metric_count */
} eae_scores;

/* The metrics asked for by name (NULL: the defaults of the task). EAE_USAGE for a name that is not
 * in the table, one outside the task of a candidate, one for two classes where there are more, and
 * one that needs probabilities that a model does not give; the message says which. */
int eae_scores_choose(eae_scores *s, const eae_predictions *p, const eae_names *names);

/* Cut and score all entries, on up to `threads` threads. */
int eae_scores_compute(eae_scores *s, const eae_threshold_rule *rule, int threads);
void eae_scores_free(eae_scores *s);

/* One metric of joined values, whose entries were cut at cut[joined->from[i]]. */
double eae_score_joined(const eae_metric *metric, eae_joined *joined, const double *cut);

/* Metric m, or one that need not be among those reported, of the entries first .. end-1 (one repeat
 * of one candidate and labelling) joined. */
double eae_score_repeat(const eae_scores *s, int m, int64_t first, int64_t end);
double eae_score_repeat_by(const eae_scores *s, const eae_metric *metric, int64_t first,
                           int64_t end);

#endif
