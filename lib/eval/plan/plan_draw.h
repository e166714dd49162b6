/*
 * plan_draw.h - dealing units into folds, drawing test sets and bootstrap samples. Used by
 * plan_make.c only. Everything is a function of the units and of the random sequence given.
 */
#ifndef EAE_EVAL_PLAN_DRAW_H
#define EAE_EVAL_PLAN_DRAW_H

#include "base/random.h"
#include "eval/plan/plan_strata.h"

/* fold[u] in 0 .. k-1 for every unit; k <= units->count.
 *
 * Single samples: strata are shuffled, laid end to end (by class, then by cell) and dealt like
 * cards, so that folds differ by at most one sample overall, within each class and within each
 * cell.
 * Groups: k at a time, largest first (equal sizes: by cell, then at random), each of the k to
 * another fold, the one whose strata and size it overfills least. So the numbers of groups in
 * two folds differ by at most one, and sizes and classes as little as this greedy way gets. */
void eae_draw_folds(eae_random *r, const eae_units *units, const eae_strata *strata, int64_t k,
                    int64_t *fold);

/* use[u] = -1 for the held-out units, 1 for the others: round(fraction x units), at least one and
 * not all, apportioned to classes and then to cells by largest remainders; every needed class with
 * two units has one on each side. */
void eae_draw_holdout(eae_random *r, const eae_units *units, const eae_strata *strata,
                      double fraction, int16_t *use);

/* units->count draws with replacement, within each cell as many as it has; use[u] = times drawn,
 * -1 when never. */
void eae_draw_bootstrap(eae_random *r, const eae_units *units, const eae_strata *strata,
                        int16_t *use);

#endif
