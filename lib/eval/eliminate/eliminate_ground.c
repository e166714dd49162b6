/* eliminate_ground.c - see eliminate_ground.h. */
#include "eval/eliminate/eliminate_ground.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int64_t eae_ground_single(const eae_schedule *s, int64_t k)
{
    while (k + 1 < s->count && s->size[k + 1] == s->size[k] - 1)
        k++;
    return k;
}

/* The Gram matrix that exact elimination begins with, if all paths begin with that. */
static int make_exact(eae_ground *g)
{
    const eae_path_plan *of = g->of;
    const eae_elimination *e = &g->real;
    const eae_schedule *s = of->schedule;
    size_t m = (size_t)e->fold.m;
    bool exact = of->run->spec->model == EAE_MODEL_SVM && s->size[0] == e->count &&
                 eae_ground_single(s, 0) - 1 >= EAE_PATH_FEW_STEPS;
    if (!exact)
        return EAE_OK;
    g->exact = eae_try_alloc(m * m, sizeof *g->exact, "a Gram matrix");
    if (!g->exact)
        return EAE_FAIL;
    memset(g->exact, 0, m * m * sizeof *g->exact);
    return e->run.dataset.kernels->feature_gram(&e->fold.features, e->active, e->count,
                                                e->fold.feature_row, e->fold.m, EAE_PRECISION_F64,
                                                1, g->exact, of->threads);
}

int eae_ground_open(eae_ground *g, const eae_path_plan *of, const eae_split *split, int param,
                    int64_t labelings)
{
    const eae_train_spec *spec = of->run->spec;
    bool weight = of->how->policy == EAE_POLICY_WEIGHT;
    *g = (eae_ground){.of = of, .split = split, .param = param};
    g->shared = labelings > 1 && !eae_filter_reads_labels(spec->prepare.filter);
    if (!g->shared)
        return EAE_OK;
    int status =
        eae_elimination_open(&g->real, of->run, split, param, &of->labels->target[0], of->threads);
    if (status == EAE_OK && weight && eae_train_has_gram(spec))
        status = eae_elimination_ready(&g->real, of->threads);
    if (status == EAE_OK && weight)
        status = make_exact(g);
    if (status == EAE_OK && !weight)
        status = eae_trials_open(&g->trials, &g->real, of->plan, of->how, of->threads);
    return status;
}

void eae_ground_close(eae_ground *g)
{
    eae_trials_close(&g->trials);
    eae_elimination_close(&g->real);
    free(g->exact);
    *g = (eae_ground){0};
}

int eae_ground_begin(const eae_ground *g, const eae_target *target, eae_elimination *e,
                     eae_trials *trials)
{
    const eae_path_plan *of = g->of;
    int status = EAE_OK;
    if (g->shared)
        status = eae_elimination_again(e, &g->real, target);
    else
        status = eae_elimination_open(e, of->run, g->split, g->param, target, of->threads);
    if (status != EAE_OK || e->undefined || of->how->policy == EAE_POLICY_WEIGHT)
        return status;
    if (g->shared)
        status = eae_trials_again(trials, &g->trials, target);
    else
        status = eae_trials_open(trials, e, of->plan, of->how, of->threads);
    return status == EAE_OK ? eae_trials_start(trials, g->split->id) : status;
}
