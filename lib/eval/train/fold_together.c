/* fold_together.c - see fold_together.h. */
#include "eval/train/fold_together.h"

#include <stdlib.h>

#include "base/memory.h"

/* Fewer are solved sooner one after the other, each from the one before. A number of the
 * specification, not of the shard. */
enum { SOME = 8 };

typedef struct {
    const eae_fold *fold;
    const eae_target *target;
    const eae_gram_problem *problem;
    const double *y;
    int64_t labelings; /* of those */
    eae_fits *fits;
    double *cost; /* params x labelings x n */
    eae_svm_machine *machine;
    int64_t count;
} work;

static void add_machine(work *w, int param, int64_t labeling, int side)
{
    const eae_fold *fold = w->fold;
    int64_t n = fold->n;
    eae_svm_machine *m = &w->machine[w->count++];
    *m = (eae_svm_machine){.problem = *w->problem, .all = fold->gram, .rows = n, .ld = fold->m};
    m->problem.y = w->y + (labeling * w->fits->sides + side) * n;
    m->problem.cost = w->cost + (param * w->labelings + labeling) * n;
    m->ratio = 1;
    m->fit = eae_fits_at(w->fits, param, labeling, side);
}

static void add_machines(work *w, int param, int64_t labeling)
{
    const eae_fold *fold = w->fold;
    const eae_train_spec *spec = fold->run->spec;
    const eae_target *t = &w->target[labeling];
    if (w->fits->undefined[labeling])
        return;
    eae_train_cost(spec, spec->param[param], fold->row, fold->split->count, fold->n, t->class,
                   t->outcome.classes, w->cost + (param * w->labelings + labeling) * fold->n);
    for (int side = 0; side < w->fits->sides; side++)
        add_machine(w, param, labeling, side);
}

int eae_fold_together(const eae_fold *fold, const eae_target *target,
                      const eae_gram_problem *problem, const double *y, int64_t labelings,
                      eae_fits *fits, bool **done)
{
    const eae_train_spec *spec = fold->run->spec;
    int64_t all = fits->params * labelings * fits->sides;
    *done = NULL;
    if (spec->model != EAE_MODEL_SVM || all < SOME || !eae_svm_goes_together(problem))
        return EAE_OK;
    work w = {.fold = fold, .target = target, .problem = problem, .y = y, .labelings = labelings};
    w.fits = fits;
    w.cost = eae_try_alloc((size_t)(fits->params * labelings * fold->n), sizeof(double),
                           "costs of many fits");
    if (!w.cost)
        return EAE_FAIL;
    w.machine = EAE_NEW_ARRAY(eae_svm_machine, all);
    for (int p = 0; p < fits->params; p++) {
        for (int64_t l = 0; l < labelings; l++)
            add_machines(&w, p, l);
    }
    int status = eae_fit_svm_together(w.machine, w.count, spec->loss, fold->threads);
    *done = EAE_NEW_ARRAY(bool, fits->labelings * fits->params * fits->sides);
    for (int64_t k = 0; k < w.count; k++)
        (*done)[w.machine[k].fit - fits->fit] = w.machine[k].done;
    free(w.machine);
    free(w.cost);
    return status;
}
