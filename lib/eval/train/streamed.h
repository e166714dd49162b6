/*
 * streamed.h - families of linear models on more rows than a Gram matrix of them could hold: all
 * splits, parameters, classes and relabellings share the passes over the data (model/tall_fit.h).
 *
 * Everything learned is learned from the training rows of each split, as in fold.h; what a model
 * gets does not depend on which others share its passes, so shards, threads and memory do not
 * matter.
 */
#ifndef EAE_EVAL_STREAMED_H
#define EAE_EVAL_STREAMED_H

#include "eval/train/fold.h"

/* Which solver a run is to have: what was asked for, or by the cost of either for one training set
 * of all rows, which -v prints. A function of data and options alone, not of memory or threads.
 * Fails, naming the option, where passes over the data cannot do what is asked for. */
int eae_streamed_choose(const eae_run *run, bool *streams);

/* One training set of a run, and the labelings to fit on it; runs may differ in their parameters
 * only. */
typedef struct eae_streamed_task {
    const eae_run *run;
    const eae_split *split;
    int64_t id;          /* the caller's */
    const int64_t *perm; /* labelings: which; 0 is the real one */
    int64_t labelings;
} eae_streamed_task;

/* Called once or several times per task, each time with some of its labelings (fits->labelings of
 * them, from perm[0] on), in order: an open fold, fits that have no beta but weights (where perm[0]
 * is 0) and held-out values (params x labelings x sides x tests). */
typedef int (*eae_streamed_done)(void *context, int64_t id, const int64_t *perm,
                                 const eae_fold *fold, const eae_fits *fits);

/* As many models at once as spec->memory has room for, at least those of one labeling. target: all
 * labelings. */
int eae_streamed_run(const eae_streamed_task *task, int64_t count, const eae_target *target,
                     eae_streamed_done done, void *context);

#endif
