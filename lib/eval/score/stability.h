/*
 * stability.h - how far the splits agree on which features they select.
 *
 * With M sets out of d features, p_f the share of sets with feature f, k the mean size of a set:
 *
 *   nogueira  1 - (1/d sum_f M/(M-1) p_f (1 - p_f)) / (k/d (1 - k/d)), 0 for sets drawn at random
 * and 1 for equal ones, with its 95% interval (Nogueira, Sechidis and Brown, "On the stability of
 * feature selection algorithms", Journal of Machine Learning Research 18, 2018: definition 4 and
 * theorem 7). The interval takes the sets as drawn independently, which splits that share samples
 * are not jaccard   mean over the pairs of sets of |A and B| / |A or B|, pairs of empty sets left
 * out kuncheva  mean over the pairs of (|A and B| d - k^2) / (k (d - k)) (Kuncheva 2007), where all
 *             sets have the same size k
 *
 * NaN where it is not defined: fewer than two sets, no feature in any, every feature in all.
 */
#ifndef EAE_EVAL_STABILITY_H
#define EAE_EVAL_STABILITY_H

#include "eval/score/feature_sets.h"

typedef struct eae_stability {
    int64_t runs;
    double features; /* mean size of a set */
    double nogueira, low, high;
    double jaccard, kuncheva;
} eae_stability;

/* `pairs` false leaves jaccard out, which alone takes time that grows with the square of M. */
eae_stability eae_stability_of(const eae_feature_sets *sets, bool pairs);

/* Mean over the splits that both have of |A and B| / |A or B|; NaN where there is none. */
double eae_similarity(const eae_feature_sets *a, const eae_feature_sets *b);

/* One line of --stability: a selector at one size. */
typedef struct eae_stability_line {
    int selector;
    double size; /* asked for; NaN for models: their own */
    eae_stability value;
} eae_stability_line;

typedef struct eae_stability_lines {
    eae_stability_line *line; /* selectors in order, sizes as asked for, else increasing */
    int64_t count;
} eae_stability_lines;

/* Every selector of ranks at sizes[0 .. n-1], or, where n is 0, at no more than 50 of the sizes
 * that two of its splits have been at, spread evenly on a log scale, from where the elimination
 * began (the annotation `size`), less that of all features; then the selectors of models, but for
 * those of a number of features that is in the ranks of the same model. Fails where a size is above
 * what is ranked, and where nothing selects. */
int eae_stability_all(const eae_selectors *s, const double *sizes, int n, int threads,
                      eae_stability_lines *out);
void eae_stability_lines_free(eae_stability_lines *lines);

#endif
