/*
 * gsea_draw.c - the scores of random gene sets of many sizes; see gsea.h.
 *
 * The sets of one draw are nested: each size adds genes to the set before it, which costs a move of
 * the members behind each, and a score reads every member once.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "base/threads.h"
#include "eval/enrich/gsea_parts.h"

typedef struct {
    eae_gsea_set set;
    int32_t *gene; /* every position */
    int32_t *add;
} scratch;

typedef struct {
    const eae_gsea_ranking *ranking;
    const int64_t *size;
    int64_t sizes, draws;
    uint64_t seed;
    double *value;
    scratch *worker;
} context;

static int draw_one(void *data, int64_t b, int worker)
{
    context *c = data;
    scratch *w = &c->worker[worker];
    eae_gsea_random random;
    int64_t genes = c->ranking->genes;
    eae_gsea_random_start(&random, c->seed, (uint64_t)b);
    for (int64_t g = 0; g < genes; g++)
        w->gene[g] = (int32_t)g;
    w->set.size = 0;
    for (int64_t i = 0; i < c->sizes; i++) {
        int64_t from = w->set.size, to = c->size[i];
        eae_gsea_draw(&random, w->gene, genes, from, to);
        for (int64_t j = from; j < to; j++)
            w->add[j - from] = w->gene[j];
        eae_gsea_set_add(&w->set, c->ranking, w->add, to - from);
        c->value[i * c->draws + b] = eae_gsea_signed(eae_gsea_score_of(&w->set, genes));
    }
    return EAE_OK;
}

static int make_scratch(scratch *w, int64_t genes, int64_t largest)
{
    int status = eae_gsea_set_make(&w->set, largest);
    w->gene = eae_try_alloc((size_t)genes, sizeof *w->gene, "a ranking");
    w->add = eae_try_alloc((size_t)largest, sizeof *w->add, "a gene set");
    return w->gene && w->add ? status : EAE_FAIL;
}

int eae_gsea_random_scores(const eae_gsea_ranking *ranking, const int64_t *size, int64_t sizes,
                           int64_t draws, uint64_t seed, int threads, double *value)
{
    context c = {ranking, size, sizes, draws, seed, value, NULL};
    if (sizes == 0)
        return EAE_OK;
    c.worker = EAE_NEW_ARRAY(scratch, threads);
    int status = EAE_OK;
    for (int w = 0; w < threads && status == EAE_OK; w++)
        status = make_scratch(&c.worker[w], ranking->genes, size[sizes - 1]);
    if (status == EAE_OK)
        status = eae_parallel(threads, draws, draw_one, &c);
    for (int w = 0; w < threads; w++) {
        eae_gsea_set_free(&c.worker[w].set);
        free(c.worker[w].gene);
        free(c.worker[w].add);
    }
    free(c.worker);
    return status;
}
