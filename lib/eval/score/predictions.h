/*
 * predictions.h - a prediction frame seen as candidates, splits and held-out values.
 *
 * A candidate is what is compared with others: one model, spec, param and size under one plan. An
 * entry is one split of one candidate under one labelling (perm 0: the real labels): one row of the
 * frame for two classes, numbers and survival, one row per class for K > 2. Row annotations that
 * are missing altogether count as: model, spec, param, size, plan missing; split = row number;
 * repeat, fold, perm 0.
 *
 * The task follows from the column annotations: a text `label` is classes (its dictionary, negative
 * first), a number `label` regression, `time` and `status` survival; a model named `cox` is
 * survival even where there is a label. Samples whose label (time, status) is missing are left out.
 * Rows of permuted labels hold, at sample i, the value of the sample that carries i's label, so the
 * column labels serve for every row.
 *
 * A view: the frame must outlive it. Reading from many threads is safe.
 */
#ifndef EAE_EVAL_PREDICTIONS_H
#define EAE_EVAL_PREDICTIONS_H

#include "eval/score/metric.h"
#include "matrix/frame.h"

typedef struct eae_candidate {
    int64_t row; /* a row of the frame that carries its annotations */
    eae_task task;
    bool probability; /* values are log-odds: logistic, softmax, exec */
    int64_t samples;  /* columns whose outcome is known */
    const char *model;
} eae_candidate;

typedef struct eae_entry {
    int candidate;
    int64_t split, repeat, fold, perm;
    int64_t row;  /* first of its rows; row[class] in eae_predictions.class_row for K > 2 */
    int64_t held; /* samples held out, with a known label */
} eae_entry;

typedef struct eae_predictions {
    const eae_frame *frame;
    int classes; /* of the label; 0 if it is not text */
    const eae_annot *label, *time, *status, *group;
    eae_candidate *candidate; /* in order of first appearance */
    int candidate_count;
    eae_entry *entry; /* by candidate, perm, repeat, split */
    int64_t entry_count;
    int64_t *class_row; /* K > 2: entry_count x classes */
    int64_t perms;      /* labelings beside the real one: the largest number of a candidate */
} eae_predictions;

/* Warns where one model was trained under several plans. Fails where there is nothing to score: no
 * label, one class, no held-out value, no real labels; or where the rows contradict one another: a
 * split twice, a class missing. `name` is for messages. */
int eae_predictions_open(eae_predictions *p, const eae_frame *frame, const char *name);
void eae_predictions_close(eae_predictions *p);

/* Are the values of this learner log-odds of probabilities? */
bool eae_gives_log_odds(const char *model);

/* Element i of a column annotation that is a number; NaN where it is missing. */
double eae_sample_number(const eae_annot *a, int64_t i);

/* Held-out values of neighbouring entries of one candidate, joined in their order. */
typedef struct eae_joined {
    eae_scored scored;
    int64_t *sample; /* column of the frame */
    int64_t *from;   /* which of the entries, 0 = the first joined */
    double *value;
    int32_t *class;
    double *target, *time, *status;
    double *cut, *sd; /* survival: these row annotations of each value's entry */
} eae_joined;

/* The entries first .. end-1. */
void eae_join(const eae_predictions *p, int64_t first, int64_t end, eae_joined *out);
/* The same of the elements take[0..n-1] of a joined list; `out` is made new. */
void eae_joined_take(const eae_joined *all, const int64_t *take, int64_t n, eae_joined *out);
void eae_joined_free(eae_joined *joined);

/* The entries of a candidate under the real labels: *first .. *end - 1. */
void eae_candidate_entries(const eae_predictions *p, int candidate, int64_t *first, int64_t *end);

/* The end of the run of entries from `i` on that agree in candidate, perm and repeat. */
int64_t eae_entry_repeat_end(const eae_predictions *p, int64_t i);

#endif
