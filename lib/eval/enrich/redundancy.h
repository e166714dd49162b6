/*
 * redundancy.h - sets that say again what a better one has said.
 *
 * Of the sets of one list, by increasing p, one is redundant if its overlap with a set that was
 * kept, |A and B| / min(|A|, |B|) inside the universe (Szymkiewicz and Simpson's coefficient; 1 for
 * a set within another), is at least `limit`.
 */
#ifndef EAE_EVAL_REDUNDANCY_H
#define EAE_EVAL_REDUNDANCY_H

#include "eval/enrich/over_representation.h"

/* Keeps the lines that are not redundant, in place; at most `top` of them (0: all). *pruned: how
 * many were found redundant before that many were there. */
void eae_prune_redundant(const eae_tested_sets *sets, double limit, int64_t top,
                         eae_ora_result *result, int64_t *pruned);

#endif
