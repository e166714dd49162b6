/* gsea_chain.c - see gsea_chain.h. */
#include "eval/enrich/gsea_chain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"

enum { LANES = 8, MOST_BUCKETS = 256 };

#define INLINE static inline __attribute__((always_inline))

/* ---- what the chains share ----------------------------------------------------------------- */

int eae_gsea_field_make(eae_gsea_field *f, const eae_gsea_ranking *ranking, int64_t size)
{
    int64_t buckets = ((int64_t)(3 * sqrt((double)size)) + LANES) / LANES * LANES;
    *f = (eae_gsea_field){.ranking = ranking, .size = size, .bound = -INFINITY};
    f->per_miss = 1 / (double)(ranking->genes - size);
    f->words = (ranking->genes + 63) / 64;
    f->buckets = buckets < MOST_BUCKETS ? buckets : MOST_BUCKETS;
    f->bucket = eae_try_alloc((size_t)f->words, sizeof *f->bucket, "positions of a ranking");
    f->first = EAE_NEW_ARRAY(int64_t, f->buckets + 1);
    f->start = EAE_NEW_ARRAY(double, f->buckets);
    f->step = EAE_NEW_ARRAY(double, 2 * MOST_BUCKETS);
    for (int64_t b = MOST_BUCKETS; b < 2 * MOST_BUCKETS; b++)
        f->step[b] = 1;
    return f->bucket ? EAE_OK : EAE_FAIL;
}

void eae_gsea_field_free(eae_gsea_field *f)
{
    free(f->bucket);
    free(f->first);
    free(f->start);
    free(f->step);
    *f = (eae_gsea_field){0};
}

/* ---- a chain ------------------------------------------------------------------------------- */

int eae_gsea_chain_make(eae_gsea_chain *c, const eae_gsea_field *f, const int32_t *member)
{
    size_t k = (size_t)f->size, words = (size_t)f->words;
    *c = (eae_gsea_chain){0};
    c->member = eae_try_alloc(k, sizeof *c->member, "a random gene set");
    c->bit = eae_try_alloc(words, sizeof *c->bit, "a random gene set");
    c->hits = EAE_NEW_ARRAY(double, f->buckets + 1);
    c->count = EAE_NEW_ARRAY(double, f->buckets + 1);
    if (!c->member || !c->bit)
        return EAE_FAIL;
    memset(c->bit, 0, words * sizeof *c->bit);
    for (size_t i = 0; i < k; i++) {
        c->member[i] = member[i];
        c->bit[member[i] / 64] |= 1ULL << member[i] % 64;
    }
    return EAE_OK;
}

void eae_gsea_chain_free(eae_gsea_chain *c)
{
    free(c->member);
    free(c->bit);
    free(c->hits);
    free(c->count);
    *c = (eae_gsea_chain){0};
}

void eae_gsea_chain_copy(eae_gsea_chain *to, const eae_gsea_chain *from, const eae_gsea_field *f)
{
    memcpy(to->member, from->member, (size_t)f->size * sizeof *to->member);
    memcpy(to->bit, from->bit, (size_t)f->words * sizeof *to->bit);
}

static double all_hits(const eae_gsea_chain *c, const eae_gsea_field *f)
{
    double all = 0;
    for (int64_t i = 0; i < f->size; i++)
        all += f->ranking->weight[c->member[i]];
    return all;
}

eae_gsea_score eae_gsea_chain_score(const eae_gsea_chain *c, const eae_gsea_field *f)
{
    eae_gsea_score s = {-1, -1};
    double sum = 0, all = all_hits(c, f), per_hit = 1 / all, k = (double)f->size;
    int64_t i = 0;
    for (int64_t w = 0; w < f->words; w++) {
        for (uint64_t rest = c->bit[w]; rest; rest &= rest - 1, i++) {
            int64_t at = 64 * w + __builtin_ctzll(rest);
            double misses = (double)(at - i) * f->per_miss;
            double before = all > 0 ? sum * per_hit : (double)i / k;
            sum += f->ranking->weight[at];
            double after = all > 0 ? sum * per_hit : (double)(i + 1) / k;
            s.up = after - misses > s.up ? after - misses : s.up;
            s.down = misses - before > s.down ? misses - before : s.down;
        }
    }
    return s;
}

/* ---- buckets ------------------------------------------------------------------------------- */

static void count_buckets(const eae_gsea_field *f, eae_gsea_chain *c)
{
    memset(c->hits, 0, (size_t)(f->buckets + 1) * sizeof *c->hits);
    memset(c->count, 0, (size_t)(f->buckets + 1) * sizeof *c->count);
    for (int64_t i = 0; i < f->size; i++) {
        int64_t b = f->bucket[c->member[i] / 64];
        c->hits[b + 1] += f->ranking->weight[c->member[i]];
        c->count[b + 1]++;
    }
    for (int64_t b = 0; b < f->buckets; b++) {
        c->hits[b + 1] += c->hits[b];
        c->count[b + 1] += c->count[b];
    }
    c->peak = -1; /* of which nothing is known: the first move will look */
    c->peak_hits = c->peak_misses = 0;
}

/* Words go to buckets so that each has about as much of (share of the members) + (share of the
 * positions), by which its bound is too high. Those left over at the end are empty. */
void eae_gsea_field_divide(eae_gsea_field *f, eae_gsea_chain *chain, int64_t chains)
{
    double members = (double)(f->size * chains), sum = 0;
    int64_t b = 0;
    f->first[0] = 0;
    for (int64_t w = 0; w < f->words; w++) {
        int64_t in = 0;
        for (int64_t i = 0; i < chains; i++)
            in += __builtin_popcountll(chain[i].bit[w]);
        if (sum * (double)f->buckets >= 2 * (double)(b + 1) && b + 1 < f->buckets)
            f->first[++b] = w;
        f->bucket[w] = (uint8_t)b;
        sum += (double)in / members + 1 / (double)f->words;
    }
    while (b < f->buckets)
        f->first[++b] = f->words;
    for (b = 0; b < f->buckets; b++)
        f->start[b] = (double)(64 * f->first[b]);
    for (int64_t i = 0; i < chains; i++)
        count_buckets(f, &chain[i]);
}

/* ---- a move -------------------------------------------------------------------------------- */

/* The gene at position out, with its weight, for that at position in. */
typedef struct {
    int32_t out, in;
    double leaving, entering;
} swap;

/* Sums before the buckets behind each of the two genes change by it. */
INLINE void change_sums(eae_gsea_chain *c, const eae_gsea_field *f, swap s)
{
    const double *in = f->step + (MOST_BUCKETS - f->bucket[s.in / 64]);
    const double *out = f->step + (MOST_BUCKETS - f->bucket[s.out / 64]);
    double *restrict hits = c->hits + 1, *restrict count = c->count + 1;
    int64_t n = f->buckets;
    for (int64_t b = 0; b < n; b++) {
        hits[b] += s.entering * in[b] - s.leaving * out[b];
        count[b] += in[b] - out[b];
    }
}

INLINE void change_bits(eae_gsea_chain *c, swap s)
{
    c->bit[s.out / 64] ^= 1ULL << s.out % 64;
    c->bit[s.in / 64] ^= 1ULL << s.in % 64;
}

/* The largest value in a bucket, or the first above the bound, which becomes the peak. */
INLINE double look_into(eae_gsea_chain *c, const eae_gsea_field *f, int64_t b, double per_hit)
{
    double hits = c->hits[b], largest = -1;
    int64_t before = (int64_t)c->count[b];
    for (int64_t w = f->first[b]; w < f->first[b + 1]; w++) {
        for (uint64_t rest = c->bit[w]; rest; rest &= rest - 1, before++) {
            int64_t at = 64 * w + __builtin_ctzll(rest);
            hits += f->ranking->weight[at];
            double misses = (double)(at - before);
            double value = hits * per_hit - misses * f->per_miss;
            if (value > f->bound) {
                c->peak = (int32_t)at;
                c->peak_hits = hits;
                c->peak_misses = misses;
                return value;
            }
            largest = value > largest ? value : largest;
        }
    }
    return largest;
}

/* may[b]: whether a value in bucket b may be as high as the bound. */
INLINE void bound_buckets(const eae_gsea_chain *c, const eae_gsea_field *f, double per_hit,
                          uint8_t *restrict may)
{
    const double *hits = c->hits + 1, *count = c->count, *start = f->start;
    double per_miss = f->per_miss, bound = f->bound;
    int64_t n = f->buckets;
    for (int64_t b = 0; b < n; b++)
        may[b] = hits[b] * per_hit - (start[b] - count[b]) * per_miss >= bound;
}

/* A value above the bound, which becomes the peak; else the largest if that is the bound, else any
 * below it. */
INLINE double find_peak(eae_gsea_chain *c, const eae_gsea_field *f, double per_hit)
{
    uint8_t may[MOST_BUCKETS];
    double largest = -1;
    bound_buckets(c, f, per_hit, may);
    for (int64_t b = 0; b < f->buckets; b += LANES) {
        uint64_t some;
        memcpy(&some, may + b, sizeof some);
        for (int64_t i = b; some; i++, some = i < b + LANES && some) {
            if (!may[i])
                continue;
            double value = look_into(c, f, i, per_hit);
            largest = value > largest ? value : largest;
            if (value > f->bound)
                return value;
        }
    }
    return largest;
}

/* Sets whose weights are all 0, where each gene counts 1: rare, so plainly. */
static double unweighted_score(eae_gsea_chain *c, const eae_gsea_field *f)
{
    c->peak = -1;
    c->peak_hits = c->peak_misses = 0;
    return eae_gsea_chain_score(c, f).up;
}

/* What the peak is after the swap, where it has any weight; whether it is above the bound. */
INLINE bool keeps_peak(eae_gsea_chain *c, const eae_gsea_field *f, swap s, double per_hit)
{
    bool left = s.out <= c->peak, came = s.in <= c->peak;
    c->peak_hits += (came ? s.entering : 0) - (left ? s.leaving : 0);
    c->peak_misses += (double)left - (double)came;
    return c->peak_hits * per_hit - c->peak_misses * f->per_miss > f->bound;
}

/* Makes a swap of member i if the score stays above the bound. */
INLINE bool try_swap(eae_gsea_chain *c, const eae_gsea_field *f, eae_gsea_random *random, int64_t i,
                     swap s)
{
    double all = c->hits[f->buckets] + (s.entering - s.leaving), per_hit = 1 / all;
    int32_t peak = c->peak;
    double peak_hits = c->peak_hits, peak_misses = c->peak_misses;
    change_bits(c, s);
    change_sums(c, f, s);
    c->member[i] = s.in;
    if (all > 0 && keeps_peak(c, f, s, per_hit))
        return true;
    double value = all > 0 ? find_peak(c, f, per_hit) : unweighted_score(c, f);
    if (value > f->bound || (value == f->bound && eae_gsea_random_unit(random) > f->tie))
        return true;
    swap back = {.out = s.in, .in = s.out, .leaving = s.entering, .entering = s.leaving};
    c->member[i] = s.out;
    change_bits(c, back);
    change_sums(c, f, back);
    c->peak = peak;
    c->peak_hits = peak_hits;
    c->peak_misses = peak_misses;
    return false;
}

INLINE bool is_member(const eae_gsea_chain *c, int32_t at)
{
    return c->bit[at / 64] >> at % 64 & 1;
}

/* Any member for any gene. */
INLINE bool move_evenly(eae_gsea_chain *c, const eae_gsea_field *f, eae_gsea_random *random)
{
    int64_t i = eae_gsea_random_below(random, (uint32_t)f->size);
    swap s = {.out = c->member[i]};
    s.in = (int32_t)eae_gsea_random_below(random, (uint32_t)f->ranking->genes);
    if (is_member(c, s.in))
        return false;
    s.leaving = f->ranking->weight[s.out];
    s.entering = f->ranking->weight[s.in];
    return try_swap(c, f, random, i, s);
}

/* How many of the increasing value[1 .. n] are at most x. */
INLINE int64_t count_up_to(const double *value, int64_t n, double x)
{
    const double *base = value + 1;
    while (n > 0) {
        int64_t half = (n + 1) / 2;
        base = base[half - 1] <= x ? base + half : base;
        n -= half;
    }
    return base - (value + 1);
}

/* The member whose part of the sum of weights x is in. */
INLINE int32_t member_at(const eae_gsea_chain *c, const eae_gsea_field *f, double x)
{
    int64_t b = count_up_to(c->hits, f->buckets, x);
    double sum = c->hits[b];
    for (int64_t w = f->first[b]; w < f->first[b + 1]; w++) {
        for (uint64_t rest = c->bit[w]; rest; rest &= rest - 1) {
            int64_t at = 64 * w + __builtin_ctzll(rest);
            sum += f->ranking->weight[at];
            if (sum > x)
                return (int32_t)at;
        }
    }
    return -1; /* not reached: x is below the sum of all */
}

/* A member for a gene, both drawn in proportion to their weights: made with the chance (sum of the
 * weights) / (sum after it), its limit is uniform too. */
INLINE bool move_by_weight(eae_gsea_chain *c, const eae_gsea_field *f, eae_gsea_random *random)
{
    const eae_gsea_ranking *r = f->ranking;
    double all = c->hits[f->buckets];
    if (!(all > 0))
        return false;
    double of_all = floor(eae_gsea_random_unit(random) * all);
    double of_genes = floor(eae_gsea_random_unit(random) * r->below[r->genes]);
    double chance = eae_gsea_random_unit(random);
    swap s = {.in = (int32_t)count_up_to(r->below, r->genes, of_genes)};
    if (is_member(c, s.in))
        return false;
    s.out = member_at(c, f, of_all);
    s.leaving = r->weight[s.out];
    s.entering = r->weight[s.in];
    if (chance * (all + (s.entering - s.leaving)) >= all)
        return false;
    int64_t place = 0;
    for (int64_t i = 0; i < f->size; i++)
        place = c->member[i] == s.out ? i : place;
    return try_swap(c, f, random, place, s);
}

EAE_CLONES
int64_t eae_gsea_chain_move(eae_gsea_chain *c, const eae_gsea_field *f, eae_gsea_random *random,
                            int64_t cycles, int64_t evenly)
{
    int64_t made = 0;
    for (int64_t i = 0; i < cycles; i++) {
        for (int64_t j = 0; j < evenly; j++)
            made += move_evenly(c, f, random);
        made += move_by_weight(c, f, random);
    }
    return made;
}
