/*
 * external.h - a learner that is another program: what it is given, and what it must answer.
 *
 * For every training set, parameter and labeling the program gets two data frames with the same
 * columns, as one stream or as two TSV files: first `train`, with the annotations of its samples,
 * then `test`, without label, time and status. The row annotation `role` says which is which (also
 * when a reader has merged them), `count` how often a training sample counts. Values are those that
 * the training set's preprocessing gives (prepare.h): filled, adjusted, filtered, scaled.
 *
 * It answers with TSV: the header `id` and `value`, or `id` and a column for each class, then a
 * line for each test sample, in any order. What is missing, extra, twice or not a number fails the
 * split by its number.
 *
 * Values of classes are log-odds of the positive class (one column), or the logarithms of class
 * probabilities but for a constant (a column each; of two columns the difference is taken). With
 * `probability` they are probabilities, and these logarithms are taken of them; 0 counts as
 * exp(-750), so that the order is kept and every value finite.
 *
 * How a program is run is the caller's: `run`, which may be called from several threads at once.
 */
#ifndef EAE_EVAL_EXTERNAL_H
#define EAE_EVAL_EXTERNAL_H

#include <stdatomic.h>

#include "base/memory.h"
#include "eval/train/fold.h"

typedef struct eae_external_job {
    int64_t split;
    const char *param;    /* the parameter as text; "" where none was given */
    const char *positive; /* the positive of two classes; "" */
    uint64_t seed;
    int stream;        /* the stream, to be read from where it stands; -1 for TSV */
    const char *train; /* paths of the TSV files; NULL for the stream */
    const char *test;
    int threads;         /* cores for this program */
    size_t answer_limit; /* most bytes that make sense */
} eae_external_job;

/* Append what the program answers; fails, saying how, where it did. */
typedef int (*eae_external_run)(void *context, const eae_external_job *job, eae_buffer *answer);

typedef struct eae_external {
    const char *name; /* for annotations and messages: "exec:CMD" */
    eae_external_run run;
    void *context;
    bool tsv;
    bool probability;
    bool has_param;      /* a list of parameters was given */
    bool takes_missing;  /* missing values are handed on as they are */
    const char *tmpdir;  /* where streams and files are spooled; NULL as in base/files.h */
    atomic_bool outside; /* set when a value was outside 0 .. 1, or is not for classes */
} eae_external;

/* Values of the test rows for all parameters and labelings of an open fold, into fits->value. */
int eae_external_fit(const eae_fold *fold, const eae_target *target, eae_fits *fits);

/* One of the two frames, for the labels of `target`. */
int eae_external_frame(const eae_fold *fold, const eae_target *target, bool train,
                       eae_frame **frame);

/* An answer read: value is sides x samples->count (sides: 1, or one per class). `classes`: names of
 * the classes, or NULL. *outside: was a value outside 0 .. 1? `name` is for messages. */
int eae_external_parse(const char *text, size_t length, const char *name, const eae_names *samples,
                       const eae_names *classes, bool probability, double *value, bool *outside);

#endif
