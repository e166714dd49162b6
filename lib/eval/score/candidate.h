/*
 * candidate.h - telling candidates apart, naming them, and finding one by its name.
 *
 * A candidate's name is its model, then what else it has, in this order, with commas between:
 *
 *     svm,spec=scale=fold;loss=hinge,param=1,size=50
 *
 * A description is any part of a name: candidates fit it that have all that it says. Its first
 * word, without a key, is a model or the whole text of a spec. Numbers are compared as numbers.
 *
 * Pure functions of a view: safe from any thread.
 */
#ifndef EAE_EVAL_CANDIDATE_H
#define EAE_EVAL_CANDIDATE_H

#include "base/memory.h"
#include "eval/score/predictions.h"

/* Append element `row` of a row annotation as text ("NA": missing, or no such annotation) and a
 * byte that no text has: parts of a key by which rows are told apart. */
void eae_key_add(eae_buffer *key, const eae_axis *rows, int64_t row, const char *column);

/* The caller frees. */
char *eae_candidate_name(const eae_predictions *p, int candidate);

/* The one candidate that fits a description. Fails where none does, or several; `option` is for the
 * message. */
int eae_candidate_find(const eae_predictions *p, const char *option, const char *description,
                       int *candidate);

/* Do two candidates agree in that row annotation? (Also where there is no such annotation.) */
bool eae_candidates_agree(const eae_predictions *p, int a, int b, const char *column);

/* The annotation `size` as a number; NaN where it is none (`selected`, missing). */
double eae_candidate_size(const eae_predictions *p, int candidate);

/* Was its size (`selected`) or its param (`tuned`) chosen inside the splits? */
bool eae_candidate_is_selected(const eae_predictions *p, int candidate);
bool eae_candidate_is_tuned(const eae_predictions *p, int candidate);

#endif
