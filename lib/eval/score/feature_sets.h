/*
 * feature_sets.h - which features were selected, split by split, from rank and model frames.
 *
 * A selector is what selects in every split of a plan: a row of a rank frame for each split gives
 * the features of rank 1 .. S, where there are S of them (features that went in one step share a
 * rank, and an elimination may end early: then it has not been at that size); the `weights` rows of
 * a model frame those whose weight is neither 0 nor missing (of any class). Only outer splits under
 * the real labels count: rows with perm 0 and a split above 0. Covariates are no features.
 *
 * Features are numbered by name over all frames, so that sets of different frames can be compared.
 *
 * A view: the frames must outlive it. Reading from many threads is safe.
 */
#ifndef EAE_EVAL_FEATURE_SETS_H
#define EAE_EVAL_FEATURE_SETS_H

#include "base/names.h"
#include "matrix/frame.h"

typedef struct eae_selector {
    const eae_frame *frame;
    const int64_t *number; /* column -> feature; -1 for a covariate */
    bool ranks;
    int64_t features; /* that could be selected: those of the frame */
    int64_t runs;     /* splits */
    int64_t *split;   /* runs, increasing */
    int64_t *begin;   /* runs + 1: the rows of each run in row[] */
    int64_t *row;
} eae_selector;

/* Which rows select: those of splits, the final ones (split 0), or both. */
typedef enum eae_selector_rows {
    EAE_SELECTOR_SPLITS,
    EAE_SELECTOR_FINAL,
    EAE_SELECTOR_ALL
} eae_selector_rows;

typedef struct eae_selectors {
    eae_selector *selector; /* in order of first appearance */
    int count;
    eae_names names;  /* of all features */
    int64_t **number; /* per frame */
    int frames;
    eae_names keys; /* of the selectors: by what they are found */
    eae_selector_rows rows;
    bool statistics;
} eae_selectors;

/* Frames of other kinds are passed over. Fails for features without names, for a rank frame in
 * which a split is there twice, and where memory lacks. */
int eae_selectors_open(eae_selectors *s, eae_frame *const *frame, int n);
/* The same of such rows; `statistics`: those of the model `test` stand for weights. */
int eae_selectors_open_rows(eae_selectors *s, eae_frame *const *frame, int n,
                            eae_selector_rows rows, bool statistics);
void eae_selectors_close(eae_selectors *s);

/* What selects for a candidate that the row annotations describe: the selector of models of the
 * same model, spec, param, size and plan, or of ranks of the same model, spec, param and plan. -1:
 * none.
 */
int eae_selectors_find(const eae_selectors *s, const eae_axis *rows, int64_t row, bool ranks);

/* The sets of one selector as bits. */
typedef struct eae_feature_sets {
    int64_t features; /* that could be selected */
    int64_t runs;     /* splits that have a set */
    int64_t *split;   /* runs, increasing */
    int64_t words;    /* of a set */
    uint64_t *bit;    /* runs x words */
    int64_t *size;    /* runs: features in the set */
} eae_feature_sets;

/* size[r]: S of run r of the selector; NULL for models. Fails where memory lacks. */
int eae_feature_sets_make(const eae_selectors *s, int selector, const double *size,
                          eae_feature_sets *sets);
void eae_feature_sets_free(eae_feature_sets *sets);

/* Features that two sets share: bits of `words` words. */
int64_t eae_feature_sets_common(const uint64_t *a, const uint64_t *b, int64_t words);

#endif
