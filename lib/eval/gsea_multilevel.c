/*
 * gsea_multilevel.c - tails of the score of random gene sets by multilevel splitting; see gsea.h.
 *
 * N sets are moved by a Markov chain whose limit is uniform over the sets of k genes with a score
 * (`up`) above a bound: a random member is swapped for a random gene, and back where the score is
 * not above the bound. Half of them are then above their median, the next bound, and so on.
 *
 * The score is the largest of k values R_i / R_k - (q_i - i) / (n - k). A swap of the gene at
 * position o for the one at v changes the hits and misses of all members between o and v by one
 * pair of numbers, and those of all members after both by another, so nothing has to be moved to
 * know the score after it; and
 *
 *   - where one value is known that stays above the bound, the largest need not be found;
 *   - in a block of members, no value is above (hits of its last) - (misses of its first).
 *
 * Where scores are equal, half of the sets may not be above any bound. So every score is a pair
 * (up, u) with u uniform in 0 .. 1, compared first by up: u is drawn when it is asked for.
 */
#include <math.h>
#include <stdlib.h>

#include "base/clones.h"
#include "base/memory.h"
#include "eval/gsea_parts.h"
#include "model/distribution.h"

enum { BLOCK = EAE_GSEA_BLOCK, LANES = 8 };

typedef struct {
    double up, tie;
} bound;

/* One set, and a position up to which it has `hits` and `misses` that put it above the bound. */
typedef struct {
    eae_gsea_set set;
    int32_t peak;
    double hits, misses;
} chain;

typedef struct {
    double up, tie;
    bool positive;
    int64_t chain;
} record;

typedef struct {
    const eae_gsea_ranking *ranking;
    int64_t size, samples;
    double per_miss;
    bound above;
    eae_gsea_random *random;
    chain *chain;   /* samples */
    record *record; /* samples, by score */
} ladder;

/* ---- a swap -------------------------------------------------------------------------------- */

/* Members below `low` keep their sums, those below `high` change by between, the rest by after. The
 * member that leaves stays among them as a position where nothing is: never the largest value. */
typedef struct {
    int64_t low, high;
    double between_hits, between_misses, after_hits;
    double per_hit, per_miss;
} change;

/* What is best after a swap: the place in the old set, -1 for the gene that enters. */
typedef struct {
    double value;
    int64_t place;
} best;

static inline double hits_after(const change *c, const eae_gsea_set *s, int64_t i)
{
    return s->hits[i + 1] + (i < c->low ? 0 : i < c->high ? c->between_hits : c->after_hits);
}

static inline double misses_after(const change *c, const eae_gsea_set *s, int64_t i)
{
    return s->misses[i] + (i >= c->low && i < c->high ? c->between_misses : 0);
}

/* The largest value of the block that begins with member i. */
static inline __attribute__((always_inline)) double block_largest(const change *c,
                                                                  const eae_gsea_set *s, int64_t i)
{
    double largest[LANES], low = (double)(c->low - i), high = (double)(c->high - i);
    const double *hits = s->hits + i + 1, *misses = s->misses + i;
    for (int l = 0; l < LANES; l++)
        largest[l] = -1;
    for (int j = 0; j < BLOCK; j += LANES) {
        for (int l = 0; l < LANES; l++) {
            double at = (double)(j + l);
            double more = at < high ? c->between_hits : c->after_hits;
            double fewer = at < high ? c->between_misses : 0;
            more = at < low ? 0 : more;
            fewer = at < low ? 0 : fewer;
            double value =
                (hits[j + l] + more) * c->per_hit - (misses[j + l] + fewer) * c->per_miss;
            largest[l] = value > largest[l] ? value : largest[l];
        }
    }
    for (int l = 1; l < LANES; l++)
        largest[0] = largest[l] > largest[0] ? largest[l] : largest[0];
    return largest[0];
}

static inline int64_t place_above(const change *c, const eae_gsea_set *s, int64_t i, double limit)
{
    while (!(hits_after(c, s, i) * c->per_hit - misses_after(c, s, i) * c->per_miss > limit))
        i++;
    return i;
}

/* The first value found above the limit, else the largest if that is the limit, else any below. */
static inline __attribute__((always_inline)) best find(const change *c, const eae_gsea_set *s,
                                                       double limit)
{
    best b = {-1, 0};
    for (int64_t i = 0; i < s->size; i += BLOCK) {
        int64_t last = (i + BLOCK < s->size ? i + BLOCK : s->size) - 1;
        if (hits_after(c, s, last) * c->per_hit - misses_after(c, s, i) * c->per_miss < limit)
            continue;
        double value = block_largest(c, s, i);
        if (value > limit)
            return (best){value, place_above(c, s, i, limit)};
        b.value = value > b.value ? value : b.value;
    }
    return b;
}

/* Sets without weights, where each gene counts 1: rare, so plainly by the set after the swap. The
 * peak is not kept. */
static bool swap_unweighted(ladder *l, chain *c, int64_t out, int32_t in, int64_t place)
{
    int32_t leaving = c->set.at[out];
    eae_gsea_set_swap(&c->set, l->ranking, out, in, place);
    double up = eae_gsea_score_of(&c->set, l->ranking->genes).up;
    bool good =
        up > l->above.up || (up == l->above.up && eae_gsea_random_unit(l->random) > l->above.tie);
    if (!good) {
        int64_t now = place > out ? place - 1 : place;
        eae_gsea_set_swap(&c->set, l->ranking, now, leaving,
                          eae_gsea_before(c->set.at, c->set.size, leaving));
    } else {
        c->peak = -1;
        c->hits = c->misses = 0;
    }
    return good;
}

static inline change change_of(const eae_gsea_set *s, int64_t out, int64_t place, double entering,
                               double per_miss)
{
    double leaving = s->hits[out + 1] - s->hits[out];
    change c = {.after_hits = entering - leaving, .per_miss = per_miss};
    c.per_hit = 1 / (s->hits[s->size] + c.after_hits);
    c.low = place <= out ? place : out;
    c.high = place <= out ? out : place;
    c.between_hits = place <= out ? entering : -leaving;
    c.between_misses = place <= out ? -1 : 1;
    return c;
}

/* Tries one swap; whether it was made. */
static inline __attribute__((always_inline)) bool try_swap(ladder *l, chain *c)
{
    eae_gsea_set *s = &c->set;
    int64_t out = eae_gsea_random_below(l->random, (uint32_t)s->size);
    int32_t in = (int32_t)eae_gsea_random_below(l->random, (uint32_t)l->ranking->genes);
    int64_t place = eae_gsea_before(s->at, s->size, in);
    if (place < s->size && s->at[place] == in)
        return false;
    double entering = l->ranking->weight[in], limit = l->above.up;
    double leaving = s->hits[out + 1] - s->hits[out];
    if (!(s->hits[s->size] + (entering - leaving) > 0))
        return swap_unweighted(l, c, out, in, place);
    change d = change_of(s, out, place, entering, l->per_miss);
    bool left = s->at[out] <= c->peak, came = in <= c->peak;
    double hits = c->hits - (left ? leaving : 0) + (came ? entering : 0);
    double misses = c->misses + left - came;
    if (!(hits * d.per_hit - misses * d.per_miss > limit)) {
        int64_t before = place > out ? place - 1 : place; /* members before the one that enters */
        best b = {-1, -1};
        hits = s->hits[place] + (place > out ? -leaving : 0) + entering;
        misses = (double)(in - before);
        b.value = hits * d.per_hit - misses * d.per_miss;
        if (!(b.value > limit)) {
            best other = find(&d, s, limit);
            b = other.value > b.value ? other : b;
        }
        if (!(b.value > limit ||
              (b.value == limit && eae_gsea_random_unit(l->random) > l->above.tie)))
            return false;
        if (b.value > limit && b.place >= 0) {
            hits = hits_after(&d, s, b.place);
            misses = misses_after(&d, s, b.place);
            c->peak = s->at[b.place];
        } else {
            c->peak = in;
        }
    }
    c->hits = hits;
    c->misses = misses;
    eae_gsea_set_swap(s, l->ranking, out, in, place);
    return true;
}

EAE_CLONES
static int64_t try_swaps(ladder *l, chain *c, int64_t times)
{
    int64_t made = 0;
    for (int64_t i = 0; i < times; i++)
        made += try_swap(l, c);
    return made;
}

/* ---- levels -------------------------------------------------------------------------------- */

/* Until each gene has been swapped about half a time, and then as many times again: the number must
 * not depend on what the last swaps were. */
static void move_all(ladder *l)
{
    int64_t k = l->size, step = k / 10 > 0 ? k / 10 : 1, made = 0, rounds = 0;
    int64_t enough = l->samples * k / 2, most = 1000 * (k / step);
    for (; made < enough && rounds < most; rounds++) {
        for (int64_t i = 0; i < l->samples; i++)
            made += try_swaps(l, &l->chain[i], step);
    }
    for (int64_t i = 0; i < l->samples; i++)
        try_swaps(l, &l->chain[i], rounds * step);
}

static int by_score(const void *a, const void *b)
{
    const record *x = a, *y = b;
    if (x->up != y->up)
        return x->up < y->up ? -1 : 1;
    if (x->tie != y->tie)
        return x->tie < y->tie ? -1 : 1;
    return (x->chain > y->chain) - (x->chain < y->chain);
}

static void score_all(ladder *l)
{
    for (int64_t i = 0; i < l->samples; i++) {
        eae_gsea_score s = eae_gsea_score_of(&l->chain[i].set, l->ranking->genes);
        double tie = eae_gsea_random_unit(l->random);
        if (s.up == l->above.up) /* it is above the bound by its tie alone */
            tie = l->above.tie + (1 - l->above.tie) * tie;
        l->record[i] = (record){s.up, tie, eae_gsea_signed(s) > 0, i};
    }
    qsort(l->record, (size_t)l->samples, sizeof *l->record, by_score);
}

/* The lower `drop` become copies of the others, drawn at random; all are moved. */
static void next_level(ladder *l, int64_t drop)
{
    l->above = (bound){l->record[drop - 1].up, l->record[drop - 1].tie};
    for (int64_t i = 0; i < drop; i++) {
        int64_t from = drop + eae_gsea_random_below(l->random, (uint32_t)(l->samples - drop));
        eae_gsea_set_copy(&l->chain[l->record[i].chain].set, &l->chain[l->record[from].chain].set);
    }
    for (int64_t i = 0; i < l->samples; i++) {
        chain *c = &l->chain[i];
        c->peak = -1; /* of which nothing is known: the first swap will look */
        c->hits = c->misses = 0;
    }
    move_all(l);
}

/* ln of what a share of count in all samples estimates, without bias, and its variance. */
static void multiply(int64_t count, int64_t samples, double *log_p, double *variance)
{
    *log_p += eae_digamma((double)count + 1) - eae_digamma((double)samples + 1);
    *variance += eae_trigamma((double)count + 1) - eae_trigamma((double)samples + 1);
}

static void climb(ladder *l, double floor, eae_gsea_tail *tail, int64_t count)
{
    double log_p = 0, variance = 0;
    int64_t done = 0, drop = l->samples / 2;
    for (;;) {
        score_all(l);
        for (; done < count && tail[done].score - EAE_GSEA_EQUAL <= l->record[drop - 1].up;
             done++) {
            int64_t extreme = 0;
            for (int64_t i = 0; i < l->samples; i++)
                extreme +=
                    l->record[i].positive && l->record[i].up >= tail[done].score - EAE_GSEA_EQUAL;
            tail[done].log_p = log_p;
            tail[done].variance = variance;
            multiply(extreme, l->samples, &tail[done].log_p, &tail[done].variance);
        }
        multiply(l->samples - drop, l->samples, &log_p, &variance);
        if (done == count || log_p < floor)
            break;
        next_level(l, drop);
    }
    for (; done < count; done++) {
        tail[done].log_p = floor;
        tail[done].variance = NAN;
    }
}

/* ---- start --------------------------------------------------------------------------------- */

static int start(ladder *l)
{
    int64_t genes = l->ranking->genes, k = l->size;
    int32_t *gene = eae_try_alloc((size_t)genes, sizeof *gene, "a ranking");
    int32_t *drawn = eae_try_alloc((size_t)k, sizeof *drawn, "a gene set");
    int status = gene && drawn ? EAE_OK : EAE_FAIL;
    for (int64_t g = 0; status == EAE_OK && g < genes; g++)
        gene[g] = (int32_t)g;
    for (int64_t i = 0; i < l->samples && status == EAE_OK; i++) {
        eae_gsea_set *s = &l->chain[i].set;
        status = eae_gsea_set_make(s, k);
        if (status != EAE_OK)
            break;
        eae_gsea_draw(l->random, gene, genes, 0, k);
        for (int64_t j = 0; j < k; j++)
            drawn[j] = gene[j];
        eae_gsea_set_add(s, l->ranking, drawn, k);
        for (int64_t j = 0; j < BLOCK; j++) { /* beyond the last: never the largest */
            s->hits[k + 1 + j] = 0;
            s->misses[k + j] = 1e18;
        }
    }
    free(gene);
    free(drawn);
    return status;
}

int eae_gsea_multilevel(const eae_gsea_ranking *ranking, int64_t size, double floor,
                        int64_t samples, eae_gsea_random *random, eae_gsea_tail *tail,
                        int64_t count)
{
    ladder l = {.ranking = ranking, .size = size, .samples = samples, .random = random};
    l.per_miss = 1 / (double)(ranking->genes - size);
    l.above = (bound){-INFINITY, 0};
    l.chain = EAE_NEW_ARRAY(chain, samples);
    l.record = EAE_NEW_ARRAY(record, samples);
    int status = start(&l);
    if (status == EAE_OK)
        climb(&l, floor, tail, count);
    for (int64_t i = 0; i < samples; i++)
        eae_gsea_set_free(&l.chain[i].set);
    free(l.chain);
    free(l.record);
    return status;
}
