/*
 * gsea_multilevel.c - tails of the score of random gene sets by multilevel splitting; see gsea.h.
 *
 * N sets are moved by chains over the sets above a bound (gsea_chain.h); half of them are then
 * above their median, the next bound, and so on.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/gsea_chain.h"
#include "eval/gsea_parts.h"
#include "model/distribution.h"

typedef struct {
    double up, tie;
    bool positive;
    int64_t chain;
} record;

typedef struct {
    eae_gsea_field field;
    int64_t samples;
    eae_gsea_random *random;
    eae_gsea_chain *chain; /* samples */
    record *record;        /* samples, by score */
} ladder;

/* ---- levels -------------------------------------------------------------------------------- */

/* Until each gene has been swapped about half a time, and then as many times again: the number must
 * not depend on what the last swaps were. */
static void move_all(ladder *l)
{
    int64_t k = l->field.size, step = k / 10 > 0 ? k / 10 : 1, made = 0, rounds = 0;
    int64_t enough = l->samples * k / 2, most = 1000 * (k / step);
    for (; made < enough && rounds < most; rounds++) {
        for (int64_t i = 0; i < l->samples; i++)
            made += eae_gsea_chain_move(&l->chain[i], &l->field, l->random, step);
    }
    for (int64_t i = 0; i < l->samples; i++)
        eae_gsea_chain_move(&l->chain[i], &l->field, l->random, rounds * step);
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
                        int64_t samples, eae_gsea_random *random, eae_gsea_tail *tail,
                        int64_t count)
{
    ladder l = {.samples = samples, .random = random};
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
    return status;
}
