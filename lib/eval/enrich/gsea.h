/*
 * gsea.h - preranked gene set enrichment: where in a ranking the genes of a set are (Subramanian et
 * al., "Gene set enrichment analysis", PNAS 102, 2005), with p-values by adaptive multilevel
 * splitting (Korotkevich, Sukhov and Sergushichev, "Fast gene set enrichment analysis", bioRxiv
 * 060012, 2016/2021).
 *
 * n genes, each with a statistic s; the ranking goes from the highest to the lowest, equal ones by
 * index. A set of k genes, 0 < k < n, at the positions q_1 < .. < q_k (from 1), with
 * R_i = |s_(q_1)| + .. + |s_(q_i)|, so that weights have exponent 1:
 *
 *   before gene i the running sum is  R_(i-1) / R_k - (q_i - i) / (n - k),
 *   after it                          R_i / R_k     - (q_i - i) / (n - k)
 *
 * es is the largest value after a gene or the smallest before one, whichever is farther from 0: > 0
 * where the set is at the top. If both are as far, the set has no direction: es = 0, p = 1. Where
 * every s of a set is 0, its genes weigh the same. k = 0 and k = n have no score: all is NaN.
 *
 *   p    P(es* >= es | es* > 0), for es < 0 P(es* <= es | es* < 0), where es* is that of k genes
 *        drawn at random: one-sided within the sign. Genes are taken as independent of one another;
 *        correlated ones make it too small
 *   nes  es over the mean of es* of that sign
 *
 * How they are estimated. B random orders of the genes (`draws`) are drawn; the first k of order b
 * are the b-th random set of size k, for every k. They give the mean for nes, m = the number of
 * sets with the sign, and c = that of those as extreme as es: with c >= 20, p = (c + 1) / (m + 1).
 * Else the numerator comes from multilevel splitting: N random sets (`samples`); the lower half is
 * replaced by copies of upper ones; all are moved by swaps of a gene for another that keep the
 * score above the median; and so on until the level is above es. Each level multiplies p by a Beta
 * variable of known mean and variance of the logarithm; log2err is the standard deviation of log2 p
 * that follows (of sampling alone: moves that mix badly add to it). A sign that fewer than a
 * quarter of the B sets have is rare: there the levels, up to where all N sets have it, give its
 * share and the mean too, and log2err is rather too large.
 *
 * p is never below 1 / C(n, k), nor below `eps`: what would be is set to that, with log2err NaN.
 *
 * Numbers. Random sets are scored by weights rounded to 2^-53 of the sum of all of them, for which
 * sums are exact in any order. Values within 1e-12 of one another count as equal.
 *
 * Determinism: sets of equal size share their random sets and levels, which depend on (seed, the
 * statistics, k, sign, draws, samples) alone. So a line does not depend on the other sets, on their
 * order, or on threads.
 *
 * Time: per level, N max(k, 256) / 2 proposals or some more, each about sqrt(k) operations on
 * vectors (gsea_chain.h); per draw, the members of each size that occurs are read once.
 */
#ifndef EAE_EVAL_GSEA_H
#define EAE_EVAL_GSEA_H

#include <stdint.h>

#include "base/status.h"

typedef struct eae_gsea_options {
    double eps;      /* 0 .. 1: the smallest p asked for; 0: none */
    int64_t samples; /* N, at least 3 */
    int64_t draws;   /* B, at least 100 */
    uint64_t seed;
    int threads;
} eae_gsea_options;

/* eps 1e-50, 101 samples, 4,000 draws, seed 1, 1 thread. */
eae_gsea_options eae_gsea_defaults(void);

/* A view of the caller's memory. Set i has the genes member[begin[i]] .. member[begin[i + 1] - 1],
 * each once, in any order. */
typedef struct eae_gsea_input {
    int64_t genes;
    const double *statistic;
    int64_t sets;
    const int64_t *begin; /* sets + 1 */
    const int64_t *member;
} eae_gsea_input;

typedef struct eae_gsea_line {
    int64_t size;
    double es, nes, p, log2err;
    /* The leading edge: ranked[edge_begin .. edge_end - 1]; of a positive es the genes up to the
     * peak, of a negative one those from the trough on. */
    int64_t edge_begin, edge_end;
} eae_gsea_line;

typedef struct eae_gsea {
    eae_gsea_line *line; /* one per set */
    int64_t *ranked;     /* as member[], each set in the order of the ranking */
} eae_gsea;

/* Fails for a statistic that is not finite, a member that is no gene or is twice in a set, options
 * out of range, and where memory lacks; then nothing is to be freed. */
int eae_gsea_run(const eae_gsea_input *input, const eae_gsea_options *options, eae_gsea *out);
void eae_gsea_free(eae_gsea *g);

#endif
