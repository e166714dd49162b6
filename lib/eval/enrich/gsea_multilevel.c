/*
 * gsea_multilevel.c - tails of the score of random gene sets by multilevel splitting; see gsea.h.
 *
 * N sets are moved by chains over the sets above a bound (gsea_chain.h); half of them are then
 * above their median, the next bound, and so on.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/enrich/gsea_chain.h"
#include "eval/enrich/gsea_parts.h"
#include "model/distribution.h"

enum { MOST_ROUNDS = 2000 }; /* where hardly any move can be made */

typedef struct {
    double up, tie;
    bool positive;
    int64_t chain;
} record;

/* A set with the sign that was met on the way, and what it stands for of all sets. */
typedef struct {
    double log_weight, up;
} kept;

typedef struct {
    eae_gsea_field field;
    int64_t samples;
    eae_gsea_random *random;
    eae_gsea_chain *chain;  /* samples */
    record *record;         /* samples, by score */
    double log_p, variance; /* of the sets above the bound */
    eae_gsea_share *share;  /* NULL where it is known */
    bool settled;           /* all sets have the sign: the share is known */
    kept *kept;             /* until then */
    int64_t kept_count;
} ladder;

/* ---- levels -------------------------------------------------------------------------------- */

/* Until a chain has made an eighth of k moves, and at least 32, on average; then as many proposals
 * again: their number must not depend on what the last moves were. The standard deviation of log p
 * over seeds was then 0.92 to 1.21 times what `variance` says, over sets on statistics of a t
 * distribution with 1.5 degrees of freedom; without moves by weight it was four times that, at four
 * times the moves. */
static void move_all(ladder *l)
{
    int64_t k = l->field.size, each = k / 8 > 32 ? k / 8 : 32, evenly = k < 64 ? 1 : 7;
    int64_t cycles = each / (4 * (evenly + 1)) + 1, made = 0, rounds = 0;
    for (; made < l->samples * each && rounds < MOST_ROUNDS; rounds++) {
        for (int64_t i = 0; i < l->samples; i++)
            made += eae_gsea_chain_move(&l->chain[i], &l->field, l->random, cycles, evenly);
    }
    for (int64_t i = 0; i < l->samples; i++)
        eae_gsea_chain_move(&l->chain[i], &l->field, l->random, rounds * cycles, evenly);
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
        eae_gsea_score s = eae_gsea_chain_score(&l->chain[i], &l->field);
        double tie = eae_gsea_random_unit(l->random);
        if (s.up == l->field.bound) /* it is above the bound by its tie alone */
            tie = l->field.tie + (1 - l->field.tie) * tie;
        l->record[i] = (record){s.up, tie, eae_gsea_signed(s) > 0, i};
    }
    qsort(l->record, (size_t)l->samples, sizeof *l->record, by_score);
}

/* The lower `drop` become copies of the others, drawn at random; all are moved. */
static void next_level(ladder *l, int64_t drop)
{
    l->field.bound = l->record[drop - 1].up;
    l->field.tie = l->record[drop - 1].tie;
    for (int64_t i = 0; i < drop; i++) {
        int64_t from = drop + eae_gsea_random_below(l->random, (uint32_t)(l->samples - drop));
        eae_gsea_chain_copy(&l->chain[l->record[i].chain], &l->chain[l->record[from].chain],
                            &l->field);
    }
    eae_gsea_field_divide(&l->field, l->chain, l->samples);
    move_all(l);
}

/* ln of what a share of count in all samples estimates, without bias, and its variance. */
static void multiply(int64_t count, int64_t samples, double *log_p, double *variance)
{
    *log_p += eae_digamma((double)count + 1) - eae_digamma((double)samples + 1);
    *variance += eae_trigamma((double)count + 1) - eae_trigamma((double)samples + 1);
}

/* Tails that end below the next bound, of the sets above this one. */
static int64_t end_tails(const ladder *l, eae_gsea_tail *tail, int64_t done, int64_t count)
{
    double next = l->record[l->samples / 2 - 1].up;
    for (; done < count && tail[done].score - EAE_GSEA_EQUAL <= next; done++) {
        int64_t extreme = 0;
        for (int64_t i = 0; i < l->samples; i++)
            extreme +=
                l->record[i].positive && l->record[i].up >= tail[done].score - EAE_GSEA_EQUAL;
        tail[done].log_p = l->log_p;
        tail[done].variance = l->variance;
        multiply(extreme, l->samples, &tail[done].log_p, &tail[done].variance);
    }
    return done;
}

/* ---- a rare sign --------------------------------------------------------------------------- */

static void keep(ladder *l, int64_t records)
{
    l->kept = eae_realloc(l->kept, (size_t)(l->kept_count + records), sizeof *l->kept);
    for (int64_t i = 0; i < records; i++) {
        if (l->record[i].positive)
            l->kept[l->kept_count++] = (kept){l->log_p - log((double)l->samples), l->record[i].up};
    }
}

/* Of the sets kept from `least` on: ln of their share of all sets, the relative variance of that as
 * if they were independent, and their mean. */
static eae_gsea_share sum_kept(const ladder *l, double least)
{
    double largest = -INFINITY, sum = 0, square = 0, moment = 0;
    for (int64_t i = 0; i < l->kept_count; i++) {
        if (l->kept[i].up >= least && l->kept[i].log_weight > largest)
            largest = l->kept[i].log_weight;
    }
    for (int64_t i = 0; i < l->kept_count; i++) {
        if (l->kept[i].up < least)
            continue;
        double w = exp(l->kept[i].log_weight - largest);
        sum += w;
        square += w * w;
        moment += w * l->kept[i].up;
    }
    if (!(sum > 0))
        return (eae_gsea_share){NAN, NAN, NAN};
    /* at least one is kept: the level itself was taken from them */
    return (eae_gsea_share){largest + (sum > 0 ? log(sum) : 0), square / (sum * sum), moment / sum};
}

/* At the first level on which all sets have the sign, sets of that sign are counted: those that
 * were left behind on the way, and these. Tails are of that share from then on. */
static int64_t settle(ladder *l, eae_gsea_tail *tail, int64_t count)
{
    int64_t done = 0;
    double next = l->record[l->samples / 2 - 1].up;
    keep(l, l->samples);
    *l->share = sum_kept(l, -INFINITY);
    for (; done < count && tail[done].score - EAE_GSEA_EQUAL <= next; done++) {
        eae_gsea_share part = sum_kept(l, tail[done].score - EAE_GSEA_EQUAL);
        tail[done].log_p = part.log_share - l->share->log_share;
        tail[done].variance = part.variance + l->variance;
    }
    l->log_p -= l->share->log_share;
    l->variance += l->share->variance;
    l->settled = true;
    return done;
}

static bool all_positive(const ladder *l)
{
    for (int64_t i = 0; i < l->samples; i++) {
        if (!l->record[i].positive)
            return false;
    }
    return true;
}

/* ---- all levels ---------------------------------------------------------------------------- */

static void climb(ladder *l, double floor, eae_gsea_tail *tail, int64_t count)
{
    int64_t done = 0, drop = l->samples / 2;
    const double deepest = log(DBL_MIN);
    for (;;) {
        score_all(l);
        if (!l->settled && (all_positive(l) || l->log_p < deepest))
            done = settle(l, tail, count);
        else if (!l->settled)
            keep(l, drop);
        if (l->settled)
            done = end_tails(l, tail, done, count);
        multiply(l->samples - drop, l->samples, &l->log_p, &l->variance);
        if (done == count || (l->settled && !(l->log_p >= floor)))
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
    const eae_gsea_ranking *ranking = l->field.ranking;
    int32_t *gene = eae_try_alloc((size_t)ranking->genes, sizeof *gene, "a ranking");
    int status = gene ? EAE_OK : EAE_FAIL;
    for (int64_t g = 0; status == EAE_OK && g < ranking->genes; g++)
        gene[g] = (int32_t)g;
    for (int64_t i = 0; i < l->samples && status == EAE_OK; i++) {
        eae_gsea_draw(l->random, gene, ranking->genes, 0, l->field.size);
        status = eae_gsea_chain_make(&l->chain[i], &l->field, gene);
    }
    free(gene);
    return status;
}

int eae_gsea_multilevel(const eae_gsea_ranking *ranking, int64_t size, double floor,
                        int64_t samples, eae_gsea_random *random, eae_gsea_share *share,
                        eae_gsea_tail *tail, int64_t count)
{
    ladder l = {.samples = samples, .random = random, .share = share, .settled = !share};
    l.chain = EAE_NEW_ARRAY(eae_gsea_chain, samples);
    l.record = EAE_NEW_ARRAY(record, samples);
    int status = eae_gsea_field_make(&l.field, ranking, size);
    if (status == EAE_OK)
        status = start(&l);
    if (status == EAE_OK)
        climb(&l, floor, tail, count);
    for (int64_t i = 0; i < samples; i++)
        eae_gsea_chain_free(&l.chain[i]);
    eae_gsea_field_free(&l.field);
    free(l.chain);
    free(l.record);
    free(l.kept);
    return status;
}
