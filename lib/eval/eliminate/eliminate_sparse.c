/* eliminate_sparse.c - see eliminate_sparse.h. */
#include "eval/eliminate/eliminate_sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/train/fold_sparse.h"

/* ---- the order --------------------------------------------------------------------------------
 */

typedef struct {
    double weight, pull; /* squares, summed over classes */
    int64_t feature;
} candidate;

static int by_size(const void *pa, const void *pb)
{
    const candidate *a = pa, *b = pb;
    if (a->weight != b->weight)
        return a->weight < b->weight ? -1 : 1;
    if (a->weight == 0 && a->pull != b->pull)
        return a->pull < b->pull ? -1 : 1;
    return (a->feature > b->feature) - (a->feature < b->feature);
}

void eae_elimination_forget_order(eae_elimination *e)
{
    free(e->order);
    free(e->size);
    e->order = NULL;
    e->size = NULL;
    e->ordered = 0;
}

static void fill_candidates(const eae_elimination *e, const double *pull, candidate *c)
{
    for (int64_t a = 0; a < e->count; a++)
        c[a] = (candidate){0, pull[a], e->active[a]};
    for (int side = 0; side < e->fits.sides; side++) {
        const eae_sparse_fit *fit = e->fits.sparse + side;
        int64_t k = 0;
        for (int64_t a = 0; a < e->count; a++) {
            while (k < fit->count && fit->feature[k] < e->active[a])
                k++;
            if (k < fit->count && fit->feature[k] == e->active[a])
                c[a].weight += fit->weight[k] * fit->weight[k];
        }
    }
}

/* Of all features that are left, for this fit. */
static int make_order(eae_elimination *e)
{
    static const char what[] = "the order of features";
    int64_t count = e->count;
    eae_fold left = eae_elimination_left(e);
    candidate *c = eae_try_alloc((size_t)count, sizeof *c, what);
    double *pull = eae_try_alloc((size_t)count, sizeof *pull, what);
    e->order = eae_try_alloc((size_t)count, sizeof *e->order, what);
    e->size = eae_try_alloc((size_t)count, sizeof *e->size, what);
    int status = c && pull && e->order && e->size ? EAE_OK : EAE_FAIL;
    if (status == EAE_OK)
        status = eae_fold_sparse_pull(&left, e->target, &e->fits, e->active, count, pull);
    if (status == EAE_OK) {
        fill_candidates(e, pull, c);
        qsort(c, (size_t)count, sizeof *c, by_size);
        e->ordered = count;
    }
    for (int64_t k = 0; k < e->ordered; k++) {
        e->order[k] = c[k].feature;
        e->size[k] = c[k].weight > 0 ? c[k].weight : -c[k].pull; /* the sign says which */
    }
    free(c);
    free(pull);
    return status;
}

/* Of two sizes, the first not above the second. */
static double relative_distance(double size, double next)
{
    if (next > 0 && size <= 0)
        return 1;
    double a = fabs(size), b = fabs(next);
    return b > 0 ? (b - a) / b : 0;
}

int eae_elimination_first(eae_elimination *e, int64_t r, int64_t *first)
{
    int status = e->order ? EAE_OK : make_order(e);
    int64_t taken = 0;
    double last = 0;
    for (int64_t k = 0; k < e->ordered && taken <= r && status == EAE_OK; k++) {
        if (e->rank[e->order[k]] != 0)
            continue;
        if (taken == r)
            e->gap = fmin(e->gap, relative_distance(last, e->size[k]));
        else
            first[taken] = e->order[k];
        last = e->size[k];
        taken++;
    }
    return status;
}

/* ---- the fit ---------------------------------------------------------------------------------
 */

bool eae_elimination_still(const eae_elimination *e)
{
    bool still = true;
    for (int side = 0; side < e->fits.sides; side++) {
        const eae_sparse_fit *fit = e->fits.sparse + side;
        for (int64_t k = 0; k < fit->count; k++)
            still &= e->rank[fit->feature[k]] == 0;
    }
    return still;
}

/* One class's, and how it was judged. */
static void exchange_fit(eae_elimination *e, int side, eae_bytes *bytes)
{
    int64_t terms = e->spec.covariates.terms;
    eae_gram_fit *judged = e->fits.fit + side;
    eae_sparse_fit *fit = e->fits.sparse + side;
    int64_t count = fit->count;
    eae_bytes_exchange(bytes, &count, sizeof count);
    if (count < 0 || count > e->fold.features.cols) /* how much there is to read */
        bytes->short_of = true;
    if (bytes->short_of)
        return;
    if (bytes->from) {
        eae_sparse_fit_free(fit);
        *fit = (eae_sparse_fit){.count = count};
        fit->feature = eae_malloc((size_t)count, sizeof *fit->feature);
        fit->weight = eae_malloc((size_t)count, sizeof *fit->weight);
    }
    if (!fit->gamma)
        fit->gamma = EAE_NEW_ARRAY(double, terms);
    eae_bytes_exchange(bytes, fit->feature, (size_t)count * sizeof *fit->feature);
    eae_bytes_exchange(bytes, fit->weight, (size_t)count * sizeof *fit->weight);
    eae_bytes_exchange(bytes, fit->gamma, (size_t)terms * sizeof *fit->gamma);
    eae_bytes_exchange(bytes, &fit->intercept, sizeof fit->intercept);
    eae_bytes_exchange(bytes, &judged->objective, sizeof judged->objective);
    eae_bytes_exchange(bytes, &judged->gap, sizeof judged->gap);
    eae_bytes_exchange(bytes, &judged->iterations, sizeof judged->iterations);
    eae_bytes_exchange(bytes, &judged->converged, sizeof judged->converged);
}

void eae_elimination_exchange_sparse(eae_elimination *e, eae_bytes *bytes)
{
    bool survival = e->target->task == EAE_TASK_SURVIVAL;
    if (!e->fits.sparse)
        e->fits.sparse = EAE_NEW_ARRAY(eae_sparse_fit, e->fits.sides);
    if (survival && !e->fits.spread)
        e->fits.spread = EAE_NEW_ARRAY(eae_spread, 1);
    eae_bytes_exchange(bytes, &e->fitted, sizeof e->fitted);
    for (int side = 0; side < e->fits.sides && !bytes->short_of; side++)
        exchange_fit(e, side, bytes);
    if (bytes->from)
        eae_elimination_forget_order(e);
    if (survival && !bytes->short_of)
        eae_bytes_exchange(bytes, e->fits.spread, sizeof *e->fits.spread);
}
