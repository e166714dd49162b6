/*
 * threshold.h - where to cut the values of two classes.
 *
 * A rule that reads data is applied, for each split, to the held-out values of the other folds of
 * its repeat, so that the cut never saw the samples it is judged on. Cuts lie half-way between
 * neighbouring values.
 */
#ifndef EAE_EVAL_THRESHOLD_H
#define EAE_EVAL_THRESHOLD_H

#include "eval/score/predictions.h"

typedef enum eae_threshold_kind {
    EAE_THRESHOLD_FIXED,
    EAE_THRESHOLD_YOUDEN, /* largest tpr + tnr - 1; of equals the one closest to 0, then the lower
                           */
    EAE_THRESHOLD_TPR,    /* the highest cut with tpr >= rate */
    EAE_THRESHOLD_TNR     /* the lowest cut with tnr >= rate */
} eae_threshold_kind;

typedef struct eae_threshold_rule {
    eae_threshold_kind kind;
    double number; /* the cut, or the rate in (0, 1] */
} eae_threshold_rule;

/* "0" (any number), "youden", "tpr:0.9", "tnr:0.9"; EAE_USAGE if it is none of these. */
int eae_threshold_parse(const char *text, eae_threshold_rule *rule);

/* The cut for n values; NaN where one of the classes is absent. */
double eae_threshold_choose(const eae_threshold_rule *rule, const double *value,
                            const int32_t *class, int64_t n);

/* The cut of every entry (cut: p->entry_count). Fails where a repeat has a single fold, so that
 * there is nothing to choose on, or the rule does not apply to the task. */
int eae_threshold_all(const eae_threshold_rule *rule, const eae_predictions *p, int threads,
                      double *cut);

#endif
