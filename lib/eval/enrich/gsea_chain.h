/*
 * gsea_chain.h - a Markov chain over the sets of k genes whose score is above a bound; see gsea.h
 * and gsea_parts.h.
 *
 * A move proposes to swap a member for another gene, and is made only where the score (`up`) stays
 * above the bound. The two are drawn either evenly, or in proportion to their weights; in the
 * latter case the move is made with the chance (sum of the weights) / (sum after it), which by
 * Metropolis' and Hastings' rule makes the limit uniform over the sets above the bound for either
 * kind. Moves by weight matter where few genes have most of the weight: nearly all sets above a
 * high bound have such a gene then, and a chain without it meets it once in n proposals only.
 *
 * The score is the largest of k values R_i / R_k - (q_i - i) / (n - k). What a proposal costs:
 *
 *   - where one of the values is known that stays above the bound, the largest need not be found:
 *     the position of that value, the peak, is kept with the hits and misses up to there, which a
 *     swap changes by its two genes alone;
 *   - else, positions are in about 3 sqrt(k) buckets, for which the hits and members before each
 * are kept. No value in a bucket is above (hits up to its end) - (misses up to its begin), and few
 *     buckets have a bound that is high enough to look at their members, which are bits.
 *
 * Where scores are equal, half of the sets may not be above any bound. So every score is a pair
 * (up, tie) with tie uniform in 0 .. 1, compared by up first: ties are drawn when they are asked
 * for.
 */
#ifndef EAE_EVAL_GSEA_CHAIN_H
#define EAE_EVAL_GSEA_CHAIN_H

#include "eval/enrich/gsea_parts.h"

/* What the chains share. */
typedef struct eae_gsea_field {
    const eae_gsea_ranking *ranking;
    int64_t size; /* k */
    double per_miss;
    double bound, tie; /* scores stay above these */
    int64_t words;     /* of bits: one for each 64 positions */
    int64_t buckets;   /* a multiple of 8 */
    uint8_t *bucket;   /* of each word */
    int64_t *first;    /* buckets + 1: the first word of each */
    double *start;     /* buckets: the first position of each */
    double *step;      /* zeros, then as many ones */
} eae_gsea_field;

typedef struct eae_gsea_chain {
    int32_t *member; /* k positions, in no order */
    uint64_t *bit;   /* words */
    double *hits;    /* buckets + 1: the weights of the members before each bucket; then of all */
    double *count;   /* buckets + 1: the members before each */
    int32_t peak;    /* a position, with the sum of the weights of the members up to it */
    double peak_hits;
    double peak_misses; /* and the number of other genes up to it */
} eae_gsea_chain;

int eae_gsea_field_make(eae_gsea_field *f, const eae_gsea_ranking *ranking, int64_t size);
void eae_gsea_field_free(eae_gsea_field *f);

/* A chain at the set of genes member[0 .. k-1]. */
int eae_gsea_chain_make(eae_gsea_chain *c, const eae_gsea_field *f, const int32_t *member);
void eae_gsea_chain_free(eae_gsea_chain *c);
void eae_gsea_chain_copy(eae_gsea_chain *to, const eae_gsea_chain *from, const eae_gsea_field *f);

eae_gsea_score eae_gsea_chain_score(const eae_gsea_chain *c, const eae_gsea_field *f);

/* Choose buckets that suit the chains as they are. Before any move, and after copies. */
void eae_gsea_field_divide(eae_gsea_field *f, eae_gsea_chain *chain, int64_t chains);

/* `cycles` of `evenly` proposals of the first kind and one of the second; how many were taken. */
int64_t eae_gsea_chain_move(eae_gsea_chain *c, const eae_gsea_field *f, eae_gsea_random *random,
                            int64_t cycles, int64_t evenly);

#endif
