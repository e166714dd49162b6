/*
 * plan.h - resampling plans: which samples train and which are held out, split by split.
 *
 * A plan is a split frame: rows are splits, columns samples, i16 (0 unused, +k in training k times,
 * -1 test), with the row annotations
 *
 *     split   i64   1, 2, ... over outer splits; inner splits continue the numbering after them
 *     repeat  i64   1 ..
 *     fold    i64   1 .. within the repeat
 *     parent  i64   the outer split an inner one belongs to; 0 for an outer split
 *     plan    text  32 hexadecimal digits: eae_plan_hash(), the same in every row
 *
 * Split r is a function of (seed, r) and the samples: it never depends on split r-1.
 */
#ifndef EAE_EVAL_PLAN_H
#define EAE_EVAL_PLAN_H

#include "matrix/frame.h"

typedef enum eae_plan_kind {
    EAE_PLAN_KFOLD,
    EAE_PLAN_HOLDOUT,
    EAE_PLAN_LOO,
    EAE_PLAN_BOOTSTRAP,
    EAE_PLAN_COLUMN /* a ready-made train/test column */
} eae_plan_kind;

typedef struct eae_plan_spec {
    eae_plan_kind kind;
    int64_t k;                    /* folds */
    int64_t repeats;              /* of k-fold, hold-out; replicates of the bootstrap */
    double holdout;               /* fraction held out, of samples or of groups */
    bool groups;                  /* whole groups stay together */
    bool stratify;                /* by the class label */
    const eae_names *stratify_by; /* further annotations */
    const char *column;           /* for EAE_PLAN_COLUMN */
    int64_t inner;                /* folds of the inner splits; 0: none */
    uint64_t seed;
} eae_plan_spec;

/* Make a plan for the samples (rows) of `data`; fails, saying which, where a class or a group could
 * not be represented. Warns about labels confounded with an annotation (Cramer's V > 0.5), about
 * groups on both sides of a split, and about test sets without a class (groups only: single samples
 * are refused there). Samples without a label are unused. With survival data, events and censored
 * take the place of classes, and it is the events that must be represented. */
int eae_plan_make(const eae_plan_spec *spec, const eae_frame *data, eae_frame **plan);

/* One split: row numbers into the data. */
typedef struct eae_split {
    int64_t id, repeat, fold, parent;
    int64_t *train; /* increasing row numbers, each once */
    double *count;  /* times each counts, same length */
    int64_t train_count;
    int64_t *test;
    int64_t test_count;
} eae_split;

/* k stratified inner splits of the training samples of one outer split (groups stay together where
 * there are groups), as eae_plan_make() would make them: what is judged by where a plan has none.
 * inner[0 .. k-1] are the caller's to free, one by one. Keyed by (seed, split id). */
int eae_plan_make_inner(const eae_frame *data, const eae_split *outer, int64_t k, uint64_t seed,
                        eae_split *inner);

/* TSV, a line for each use of a sample; columns by name: `split sample role`, and, where they
 * apply, `parent count repeat fold` (eae-split(1)). Reading fails, naming file, line and column,
 * for samples that are not in the data or twice in a split, splits without training or test samples
 * or with a class missing in training, and inner splits that leave their parent's training samples.
 * Reading what was written gives the same plan. */
int eae_plan_read(const char *path, const eae_frame *data, eae_frame **plan);
int eae_plan_write(const char *path, const eae_frame *plan);

/* XXH3-128 over sample names, annotations but `plan`, and entries; as 32 hexadecimal digits in
 * text[EAE_HASH_TEXT]. The bytes, little-endian: splits and samples as u64; each sample name with a
 * zero byte; for split, repeat, fold and parent in this order the word with a zero byte and the
 * value of every row as i64; the entries row by row as i16. */
void eae_plan_hash(const eae_frame *plan, char *text);

/* The plan's columns must be the data's rows, by name and in order, else the message says which;
 * its annotations and entries make sense, and its hash is theirs. To be called before the functions
 * below on any plan that was read. */
int eae_plan_check(const eae_frame *plan, const eae_frame *data);
void eae_plan_split(const eae_frame *plan, int64_t row, eae_split *split);
void eae_split_free(eae_split *split);
/* Rows of the plan whose parent is split number `parent`, in order; 0: the outer splits. The caller
 * frees. */
int64_t *eae_plan_children(const eae_frame *plan, int64_t parent, int64_t *count);
/* The split that trains on every row and holds out none. id, repeat, fold, parent 0. */
void eae_split_all(int64_t rows, eae_split *split);

#endif
