/*
 * summary.h - one line per candidate and metric: mean over splits with its interval, pooled figure,
 * permutation p-value.
 *
 *   mean, sd  over the splits in which the metric is defined; n counts them
 *   low, high mean -/+ t(n-1) sd sqrt(1/n + tested/trained) (interval.h); a split trains on the
 *             samples with a known outcome that it does not hold out (of a bootstrap replicate
 *             these are its distinct training samples)
 *   pooled    held-out values joined within a repeat, scored, averaged over the repeats
 *   p         (1 + #{T_b at least as good as T_0}) / (1 + B), T the mean, or the pooled figure
 *             where there is no mean and for hr; equality up to 1e-12 relative counts, and so does
 * a T_b that is not defined
 *
 * Where every split holds out a single sample (leave-one-out) only `pooled` is reported.
 *
 * Candidates may be put together (--by): a split's value is then the mean over the candidates, and
 * `pooled` the mean of theirs.
 */
#ifndef EAE_EVAL_SUMMARY_H
#define EAE_EVAL_SUMMARY_H

#include "eval/score/score.h"

typedef enum eae_level {
    EAE_BY_SPLIT, /* each candidate for itself */
    EAE_BY_MODEL, /* all of one model and spec together */
    EAE_BY_SIZE,  /* all of one model, spec and size */
    EAE_BY_PARAM  /* all of one model, spec and param */
} eae_level;

typedef struct eae_groups {
    int count;
    int *of_candidate; /* candidate -> group, numbered by first appearance */
    int *first;        /* group -> its first candidate */
} eae_groups;

void eae_groups_make(eae_groups *g, const eae_predictions *p, eae_level level);
void eae_groups_free(eae_groups *g);

typedef struct eae_summary {
    int64_t n;
    double mean, sd, low, high, pooled;
    double error; /* corrected standard error of the mean: sd sqrt(1/n + tested/trained) */
    int64_t perms;
    double p; /* NaN without permutations */
} eae_summary;

/* summary[group x (metric_count + 1)]: the last of each group is about the threshold, whose low,
 * high, pooled and p are NaN. */
int eae_summarise(const eae_scores *s, const eae_groups *g, int threads, eae_summary *summary);

/* The line of a group and metric in what eae_summarise() made. */
const eae_summary *eae_summary_of(const eae_scores *s, const eae_summary *summary, int group,
                                  int metric);
/* The figure by which groups are told better from worse: the mean, or the pooled figure where there
 * is no mean or the metric is judged by it. */
double eae_summary_figure(const eae_scores *s, const eae_summary *summary, int group, int metric);

#endif
