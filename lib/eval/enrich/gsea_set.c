/* gsea_set.c - a set of genes that grows, its score, and how genes are drawn; see gsea_parts.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "eval/enrich/gsea_parts.h"

/* ---- the set ------------------------------------------------------------------------------- */

int eae_gsea_set_make(eae_gsea_set *s, int64_t capacity)
{
    size_t room = (size_t)capacity;
    *s = (eae_gsea_set){.capacity = capacity};
    s->at = eae_try_alloc(room, sizeof *s->at, "a random gene set");
    s->hits = eae_try_alloc(room + 1, sizeof *s->hits, "a random gene set");
    s->misses = eae_try_alloc(room, sizeof *s->misses, "a random gene set");
    if (!s->at || !s->hits || !s->misses) {
        eae_gsea_set_free(s);
        return EAE_FAIL;
    }
    s->hits[0] = 0;
    return EAE_OK;
}

void eae_gsea_set_free(eae_gsea_set *s)
{
    free(s->at);
    free(s->hits);
    free(s->misses);
    *s = (eae_gsea_set){0};
}

/* How many of the sorted positions at[0 .. size-1] are before p; no branch depends on them. */
static int64_t count_before(const int32_t *at, int64_t size, int32_t p)
{
    const int32_t *base = at;
    for (int64_t n = size; n > 0;) {
        int64_t half = (n + 1) / 2;
        base = base[half - 1] < p ? base + half : base;
        n -= half;
    }
    return base - at;
}

/* Members begin .. end-1 move by `step` places in memory, for genes of the weight `hits` in all
 * that came before them, or, where both are negative, left. hits[begin] itself is left to the
 * caller. */
EAE_CLONES
static void move_members(eae_gsea_set *s, int64_t begin, int64_t end, int64_t step, double hits)
{
    size_t n = (size_t)(end - begin);
    double *h = s->hits + begin + step + 1, *m = s->misses + begin + step, fewer = (double)step;
    memmove(s->at + begin + step, s->at + begin, n * sizeof *s->at);
    memmove(m, s->misses + begin, n * sizeof *m);
    memmove(h, s->hits + begin + 1, n * sizeof *h);
    for (size_t i = 0; i < n; i++) {
        h[i] += hits;
        m[i] -= fewer;
    }
}

static int by_position(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

void eae_gsea_set_add(eae_gsea_set *s, const eae_gsea_ranking *r, int32_t *add, int64_t count)
{
    double weight = 0;
    if (count > 1)
        qsort(add, (size_t)count, sizeof *add, by_position);
    for (int64_t j = 0; j < count; j++)
        weight += r->weight[add[j]];
    int64_t end = s->size;
    for (int64_t j = count - 1; j >= 0; j--) { /* from the end, where there is room */
        int64_t place = count_before(s->at, end, add[j]);
        double before = s->hits[place];
        move_members(s, place, end, j + 1, weight);
        s->at[place + j] = add[j];
        s->misses[place + j] = (double)(add[j] - place - j);
        s->hits[place + j + 1] = before + weight;
        weight -= r->weight[add[j]];
        end = place;
    }
    s->size += count;
}

/* ---- the score ----------------------------------------------------------------------------- */

enum { LANES = 8 };

/* Both extremes over the members, LANES at a time, so that they fit vector registers. */
EAE_CLONES
static eae_gsea_score extremes(const double *hits, const double *misses, int64_t k, double per_hit,
                               double per_miss)
{
    double up[LANES], down[LANES];
    for (int l = 0; l < LANES; l++) {
        up[l] = -1;
        down[l] = -1;
    }
    int64_t i = 0;
    for (; i + LANES <= k; i += LANES) {
        for (int l = 0; l < LANES; l++) {
            double miss = misses[i + l] * per_miss;
            double after = hits[i + l + 1] * per_hit - miss, before = miss - hits[i + l] * per_hit;
            up[l] = after > up[l] ? after : up[l];
            down[l] = before > down[l] ? before : down[l];
        }
    }
    for (int l = 0; i < k; i++, l++) {
        double miss = misses[i] * per_miss;
        double after = hits[i + 1] * per_hit - miss, before = miss - hits[i] * per_hit;
        up[l] = after > up[l] ? after : up[l];
        down[l] = before > down[l] ? before : down[l];
    }
    eae_gsea_score s = {up[0], down[0]};
    for (int l = 1; l < LANES; l++) {
        s.up = up[l] > s.up ? up[l] : s.up;
        s.down = down[l] > s.down ? down[l] : s.down;
    }
    return s;
}

/* Where all weights are 0, each gene counts the same. */
static eae_gsea_score extremes_unweighted(const eae_gsea_set *s, double per_miss)
{
    eae_gsea_score x = {-1, -1};
    for (int64_t i = 0; i < s->size; i++) {
        double miss = s->misses[i] * per_miss, k = (double)s->size;
        double after = (double)(i + 1) / k - miss, before = miss - (double)i / k;
        x.up = after > x.up ? after : x.up;
        x.down = before > x.down ? before : x.down;
    }
    return x;
}

eae_gsea_score eae_gsea_score_of(const eae_gsea_set *s, int64_t genes)
{
    double all = s->hits[s->size], per_miss = 1 / (double)(genes - s->size);
    return all > 0 ? extremes(s->hits, s->misses, s->size, 1 / all, per_miss)
                   : extremes_unweighted(s, per_miss);
}

/* ---- random numbers ------------------------------------------------------------------------ */

void eae_gsea_random_start(eae_gsea_random *r, uint64_t seed, uint64_t index)
{
    eae_random_start(&r->start, seed, EAE_RANDOM_ENRICH, index);
    r->used = EAE_PHILOX_WORDS;
}

void eae_gsea_random_fill(eae_gsea_random *r)
{
    eae_philox_many(r->start.counter, r->start.key, r->word);
    r->start.counter[0] += EAE_PHILOX_LANES;
    r->used = 0;
}

void eae_gsea_draw(eae_gsea_random *r, int32_t *gene, int64_t genes, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) {
        int64_t j = i + eae_gsea_random_below(r, (uint32_t)(genes - i));
        int32_t drawn = gene[j];
        gene[j] = gene[i];
        gene[i] = drawn;
    }
}
