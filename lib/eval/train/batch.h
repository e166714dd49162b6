/*
 * batch.h - many splits of wide data at once, without a Gram matrix for each.
 *
 * Scaling inside the fold gives every split a Gram matrix of its own, K_s = X D_s X' (D_s the
 * inverse variances of its training rows), and for hundreds of splits making them is all the cost:
 * n^2 p each. But the D_s differ little. So one matrix K = X D X' of all rows serves as a model of
 * all of them, and is corrected by products of the true ones, which cost 2 n p a split and are
 * matrix-matrix products when all splits are taken together:
 *
 *     o_s <- K_s b_s - c_s K b_s          (one pass over X for all splits)
 *     b_s <- argmin of the learner's problem with c_s K in place of K_s and o_s added to f
 *
 * At a fixed point b_s solves the true problem. What is reported is certified on the true problem:
 * objective and duality gap are computed from K_s b_s. So the Gram matrix of all rows decides how
 * many passes it takes, not what comes out (within the gap that is asked for). A split that does
 * not get there is done by its own Gram matrix.
 *
 * Determinism: products are made for a fixed number of columns, EAE_BATCH, whatever the number of
 * splits, and a split always has the same one, because products of f32 may be rounded in other ways
 * from column to column; so its numbers do not depend on which others are in its batch.
 */
#ifndef EAE_EVAL_BATCH_H
#define EAE_EVAL_BATCH_H

#include "eval/train/fold.h"

enum { EAE_BATCH = 64 };

/* Do the data and the specification allow it, and does it pay? `splits`: outer splits of the whole
 * plan, so that every shard decides alike. */
bool eae_batch_fits(const eae_run *run, int64_t splits);

/* The Gram matrix of all rows, centred and scaled by all rows: the model. rows x rows; the caller
 * frees. */
int eae_batch_model(const eae_run *run, double **gram);

/* `done` is called once per split, in parallel, with a fold that has no Gram matrix, its fits (one
 * labeling, intercepts relative to the reference of the data) and its held-out values (params x
 * tests). */
typedef int (*eae_batch_done)(void *context, int64_t task, eae_fold *fold, eae_fits *fits,
                              const double *value);

/* Tasks first .. first + count - 1; `ordinal` is the place of the first one among the outer splits
 * of the whole plan, and a batch ends where the ordinal of the next split is a multiple of
 * EAE_BATCH. *passes: products with the data. */
int eae_batch_run(const eae_run *run, const double *model, const eae_split *split, int64_t count,
                  int64_t first, int64_t ordinal, eae_batch_done done, void *context,
                  int64_t *passes);

#endif
