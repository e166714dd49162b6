/*
 * metric.h - the one table of performance metrics that drives eae-score, its help and its manual.
 *
 * Conventions: 0/0 and whatever is undefined (one class only, a constant target) give NaN. A sample
 * is called positive if value > threshold; of K > 2 classes the one with the highest value is
 * called, the first of equals. One-vs-rest figures of K classes are plain means over the classes
 * (macro), NaN where one of the classes is absent. Metrics are pure functions, safe from any
 * thread; values must not be NaN.
 */
#ifndef EAE_EVAL_METRIC_H
#define EAE_EVAL_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef enum eae_task { EAE_TASK_CLASSES, EAE_TASK_REGRESSION, EAE_TASK_SURVIVAL } eae_task;

/* "classes", "regression", "survival" */
const char *eae_task_name(eae_task task);

/* Held-out values of one split (or of several, pooled). n samples. */
typedef struct eae_scored {
    int64_t n;
    int classes;          /* 2, or K > 2; 0 for other tasks */
    const int32_t *class; /* n: 0 .. classes-1; for two classes 1 is positive */
    const double *value;  /* n (two classes, regression, survival) or n x classes (row-major) */
    bool probability;     /* value is log-odds of a probability model (logistic, exec) */
    const double *target; /* regression */
    const double *time;   /* survival */
    const double *status;
    const double *cut;      /* survival, n: high risk if value > cut; NaN: not known. Or NULL */
    const double *sd;       /* survival, n: of the values in training; NaN: not known. Or NULL */
    const int64_t *stratum; /* survival, n: values of one stratum are comparable; NULL: all are */
    double threshold;       /* two classes: positive if value > threshold */
} eae_scored;

typedef struct eae_metric {
    const char *name;
    eae_task task;
    bool higher_is_better;
    bool needs_probability;
    bool two_classes; /* not defined for K > 2 */
    bool pooled;      /* permutations are compared by the pooled figure, not the mean over splits */
    bool single;      /* a p-value: a test only where a candidate has one split, and no other row */
    const char *test_of; /* what a permutation test compares in its place; NULL */
    const char *reads;   /* a row annotation that it cannot do without; NULL */
    bool thresholded;    /* depends on who is called positive, not on the values themselves */
    double chance;       /* value of a useless predictor of two classes; NaN where there is none */
    const char *help;
    /* 0/0 and undefined cases (one class only) give NaN */
    double (*compute)(const eae_scored *scored);
} eae_metric;

extern const eae_metric eae_metrics[]; /* ends with .name == NULL */
const eae_metric *eae_metric_find(const char *name);
/* The same for a name that a user gave: EAE_USAGE lists those that there are. */
int eae_metric_named(const char *name, const eae_metric **metric);
/* Can it judge the values of a model? EAE_USAGE says why not: another task, two classes only, needs
 * probabilities. `classes` is not read for other tasks. */
int eae_metric_suits(const eae_metric *metric, eae_task task, int classes, bool probability,
                     const char *model);
/* "auc,balanced,mcc" and the like: what is reported when the user names none. */
const char *eae_metric_defaults(eae_task task);

#endif
