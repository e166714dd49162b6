/*
 * tune.h - choosing a parameter of the list inside: on inner splits of the training rows alone.
 *
 * For every outer split and labeling each parameter is fitted on the training rows of every inner
 * split, with preprocessing, filter and class weights learned there anew, and the values of the
 * inner test rows are scored by one metric (calls at threshold 0). A parameter's figure is the mean
 * over the inner splits where the metric is defined; the best figure wins, and among equal ones the
 * stronger penalty: smaller C, larger lambda. Figures are equal where they differ by no more than
 * the rounding of their sums. The test rows of the outer split are never read. Nested
 * cross-validation: Varma and Simon 2006.
 *
 * Determinism: figures are summed in the order of the plan; a choice depends on nothing but its own
 * outer split, so threads and shards do not matter.
 */
#ifndef EAE_EVAL_TUNE_H
#define EAE_EVAL_TUNE_H

#include "eval/train/fold.h"

/* Fits made for choosing, and how many of them stopped short of the duality gap. */
typedef struct eae_tune_count {
    int64_t fits;
    int64_t unconverged;
} eae_tune_count;

/* Does the plan have inner splits for every outer one? `plan` may be NULL: no. EAE_FAIL names
 * eae-split --inner, or the split. */
int eae_tune_check(const eae_frame *plan);

/* Choose for outer splits by number: parent[0 .. parents-1]; 0 stands for all rows, whose inner
 * splits are the outer ones. target: `labelings` of them, the first the real one.
 *
 * chosen[parent][labeling]: an index into spec->param, or -1 where no parameter of a permuted
 * labeling has a figure. Fails where that is so for the real labels, naming the split. Adds to
 * *done. Runs on spec->threads threads, within spec->memory. */
int eae_tune(const eae_run *run, const eae_frame *plan, const int64_t *parent, int64_t parents,
             const eae_target *target, int64_t labelings, int *chosen, eae_tune_count *done);

/* The best of `params` figures, `inner` of each: score[i * stride + p], NaN where undefined; -1 if
 * all are. `penalty` orders equal ones: the largest wins. */
int eae_tune_best(const double *score, int64_t inner, int64_t stride, int params,
                  bool higher_is_better, const double *penalty);

/* The same run with parameter `param` alone: *one and *spec are views into *run. */
void eae_tune_one(const eae_run *run, int param, eae_run *one, eae_train_spec *spec);

#endif
