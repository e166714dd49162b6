/*
 * gsea_parts.h - between the files of gsea.h: a set of genes that grows, random sets, levels.
 *
 * Positions count from 0. Weights are whole numbers whose sum is below 2^53, so sums of them are
 * exact and do not depend on their order.
 */
#ifndef EAE_EVAL_GSEA_PARTS_H
#define EAE_EVAL_GSEA_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/philox.h"
#include "base/random.h"
#include "eval/enrich/gsea.h"

/* Scores closer than this are equal. */
#define EAE_GSEA_EQUAL 1e-12

/* A ranking, read from one of its ends. */
typedef struct eae_gsea_ranking {
    int64_t genes;
    const double *weight; /* by position */
    const double *below;  /* genes + 1: the sum of the weights before each position, then of all */
} eae_gsea_ranking;

/* k genes, to which others are added, in the order of the ranking. Member i is at[i]; hits[i] is
 * the sum of the weights of those before it (hits[k]: of all), misses[i] = at[i] - i the number of
 * other genes before it. */
typedef struct eae_gsea_set {
    int64_t size, capacity;
    int32_t *at;
    double *hits; /* capacity + 1 */
    double *misses;
} eae_gsea_set;

/* Empty, with room for `capacity` genes. */
int eae_gsea_set_make(eae_gsea_set *s, int64_t capacity);
void eae_gsea_set_free(eae_gsea_set *s);
/* Puts `count` genes in that are not in it; `add` is sorted on return. */
void eae_gsea_set_add(eae_gsea_set *s, const eae_gsea_ranking *r, int32_t *add, int64_t count);
/* The largest value after a gene, and minus the smallest before one. */
typedef struct eae_gsea_score {
    double up, down;
} eae_gsea_score;

/* 0 < size < genes. */
eae_gsea_score eae_gsea_score_of(const eae_gsea_set *s, int64_t genes);

/* up if that is larger, -down if that is, 0 if they are equal. */
static inline double eae_gsea_signed(eae_gsea_score s)
{
    double more = s.up - s.down;
    return more > EAE_GSEA_EQUAL ? s.up : more < -EAE_GSEA_EQUAL ? -s.down : 0;
}

/* Random numbers in bulk: the sequence of eae_random_start(). */
typedef struct eae_gsea_random {
    eae_random start;
    unsigned used;
    uint32_t word[EAE_PHILOX_WORDS];
} eae_gsea_random;

void eae_gsea_random_start(eae_gsea_random *r, uint64_t seed, uint64_t index);
void eae_gsea_random_fill(eae_gsea_random *r);

static inline uint32_t eae_gsea_random_u32(eae_gsea_random *r)
{
    if (r->used == EAE_PHILOX_WORDS)
        eae_gsea_random_fill(r);
    return r->word[r->used++];
}

/* In 0 .. n-1 without bias; 0 < n < 2^31. */
static inline uint32_t eae_gsea_random_below(eae_gsea_random *r, uint32_t n)
{
    uint64_t product = (uint64_t)eae_gsea_random_u32(r) * n;
    if (__builtin_expect((uint32_t)product < n, 0)) {
        for (uint32_t low = -n % n; (uint32_t)product < low;)
            product = (uint64_t)eae_gsea_random_u32(r) * n;
    }
    return (uint32_t)(product >> 32);
}

static inline double eae_gsea_random_unit(eae_gsea_random *r)
{
    uint64_t high = eae_gsea_random_u32(r);
    return (double)((high << 32 | eae_gsea_random_u32(r)) >> 11) * 0x1p-53;
}

/* Fisher-Yates: gene[from .. to-1] are drawn from gene[from .. genes-1]. */
void eae_gsea_draw(eae_gsea_random *r, int32_t *gene, int64_t genes, int64_t from, int64_t to);

/* value[i * draws + b] = the signed score of random set b of size[i]; sizes increase, all above 0
 * and below the number of genes. */
int eae_gsea_random_scores(const eae_gsea_ranking *ranking, const int64_t *size, int64_t sizes,
                           int64_t draws, uint64_t seed, int threads, double *value);

/* The random sets with up > down, of all of one size. */
typedef struct eae_gsea_share {
    double log_share; /* ln of their share */
    double variance;  /* of that */
    double mean;      /* of their up */
} eae_gsea_share;

/* What random sets of one size and sign say of one score. */
typedef struct eae_gsea_tail {
    double score;    /* in: > 0 */
    double log_p;    /* ln P(up >= score and up > down); P(up >= score | up > down) with a share */
    double variance; /* of log_p; NaN where the floor was reached and log_p is the floor */
} eae_gsea_tail;

/* Multilevel splitting. tail[0 .. count-1] by increasing score; `floor` is where log_p ends.
 * `share`, where it is not NULL, is filled in. */
int eae_gsea_multilevel(const eae_gsea_ranking *ranking, int64_t size, double floor,
                        int64_t samples, eae_gsea_random *random, eae_gsea_share *share,
                        eae_gsea_tail *tail, int64_t count);

#endif
