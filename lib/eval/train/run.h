/*
 * run.h - what the families of a run begin with: the data surveyed, the target read, the Gram
 * matrix that all folds can share, and which splits are to be done.
 */
#ifndef EAE_EVAL_RUN_H
#define EAE_EVAL_RUN_H

#include "base/memory.h"
#include "eval/train/fold.h"

/* Read the target, check the specification against it, survey the values; fails where values are
 * missing and nothing fills them. *run is zeroed first, and must be closed in any case. */
int eae_run_open(eae_run *run, const eae_frame *data, const eae_train_spec *spec,
                 const eae_kernels *kernels);
void eae_run_close(eae_run *run);
/* Fails where the survey found a value that cannot be computed with. */
int eae_check_finite(const eae_dataset *dataset, const eae_frame *data);
/* What one fold takes: its Gram matrix and a factor of it; for sparse models what they keep of the
 * features, for others the values; data completed in it. */
double eae_run_fold_bytes(const eae_run *run);
/* Multiplications that a run takes, roughly: what its kernels are chosen by. A function of data and
 * options alone, not of the shard. `splits` of the whole plan. */
double eae_run_work(const eae_train_spec *spec, int64_t rows, int64_t cols, int64_t splits);
/* How many of `count` splits to work on at once, and with how many threads inside of each: all of
 * spec->threads between splits where they are enough and there is memory, else inside; programs of
 * an external trainer always beside one another. */
int eae_run_workers(const eae_run *run, int64_t count, int *inner);
/* run->gram, where no fold sees the features in its own way; else nothing. */
int eae_run_share_gram(eae_run *run);
/* run->turned, for a sparse model of values as they are, up to 1G of them; else nothing. Not a
 * matter of memory, since sums are made in another order. */
int eae_run_turn(eae_run *run);
/* --lambda auto: make spec->param, where it was asked for. */
int eae_run_lambda(const eae_run *run, eae_train_spec *spec);

/* What the results of a run follow from, for its checkpoint (checkpoint.h): build, data, plan,
 * model and parameters, but not the shard. */
void eae_run_describe(const eae_run *run, const eae_frame *plan, eae_buffer *text);

/* Rows of the plan that are outer splits of this shard: a contiguous part of them. *splits: outer
 * splits of the whole plan. The caller frees. */
int64_t *eae_run_splits(const eae_frame *plan, const eae_train_spec *spec, int64_t *count,
                        int64_t *splits);

#endif
