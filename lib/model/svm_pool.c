/* svm_pool.c - the pool as a whole; see svm_pool.h and svm_pool_parts.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "base/threads.h"
#include "model/svm_pool_parts.h"

enum { BLOCK = 256, LANES = 8 };

/* ---- norms, and features without a weight ---------------------------------------------------- */

typedef struct survey {
    eae_svm_pool *pool;
    bool *null;
} survey;

typedef struct extremes {
    double most[LANES], low[LANES], high[LANES], sum[LANES];
} extremes;

static inline void survey_value(double x, double z, int lane, extremes *e)
{
    double size = fabs(x);
    e->most[lane] = size > e->most[lane] ? size : e->most[lane];
    e->low[lane] = z < e->low[lane] ? z : e->low[lane];
    e->high[lane] = z > e->high[lane] ? z : e->high[lane];
    e->sum[lane] += z * z;
}

/* Over the training rows, of the values x before and after z: largest size, extremes, sum of
 * squares in a fixed order; into lane 0. */
EAE_CLONES static void survey_values(const double *x, const double *z, int64_t n, extremes *out)
{
    extremes e = {{0}, {0}, {0}, {0}};
    int64_t i = 0;
    for (int k = 0; k < LANES; k++)
        e.low[k] = e.high[k] = z[0];
    for (; i + LANES <= n; i += LANES) {
        for (int k = 0; k < LANES; k++)
            survey_value(x[i + k], z[i + k], k, &e);
    }
    for (int k = 0; i < n; i++, k++)
        survey_value(x[i], z[i], k, &e);
    for (int k = 1; k < LANES; k++) {
        double sum = e.sum[0];
        survey_value(e.most[k], e.low[k], 0, &e);
        survey_value(e.most[k], e.high[k], 0, &e);
        e.sum[0] = sum + e.sum[k];
    }
    *out = e;
}

/* `work` holds 2 n. */
static void survey_feature(eae_svm_pool *p, int64_t j, double *work, bool *null)
{
    const eae_features *s = p->spec.features;
    int64_t n = p->spec.n;
    double shift = s->shift ? s->shift[j] : 0, inverse = s->inverse ? s->inverse[j] : 1;
    double *x = work, *z = work + n;
    extremes e;
    for (int64_t i = 0; i < n; i++)
        x[i] = eae_pool_raw(s, j * s->ld + p->spec.row[i]);
    eae_pool_values(p, j, z);
    survey_values(x, z, n, &e);
    p->extent[j].norm = sqrt(e.sum[0]) * (1 + 1e-12); /* a hair more: a bound must stay one */
    p->extent[j].raw = 2 * fmax(e.most[0], fabs(shift)) * fabs(inverse);
    *null = e.high[0] == e.low[0] && (p->spec.free_bias || z[0] == 0);
}

static int survey_block(void *context, int64_t block, int worker)
{
    const survey *g = context;
    const eae_svm_pool_spec *s = &g->pool->spec;
    double *work = eae_malloc((size_t)s->n, 2 * sizeof *work);
    (void)worker;
    for (int64_t k = block * BLOCK; k < (block + 1) * BLOCK && k < s->count; k++)
        survey_feature(g->pool, s->active[k], work, &g->null[k]);
    free(work);
    return EAE_OK;
}

static void survey_all(eae_svm_pool *p)
{
    int64_t count = p->spec.count;
    survey g = {p, EAE_NEW_ARRAY(bool, count)};
    eae_parallel(p->spec.threads, (count + BLOCK - 1) / BLOCK, survey_block, &g);
    for (int64_t k = 0; k < count; k++) {
        int64_t j = p->spec.active[k];
        p->slot[j] = -1;
        if (g.null[k])
            p->null[p->null_count++] = j;
        else
            p->list[1][p->count[1]++] = j;
    }
    free(g.null);
}

/* ---- new and free ---------------------------------------------------------------------------- */

static int allocate(eae_svm_pool *p)
{
    const eae_svm_pool_spec *s = &p->spec;
    size_t cols = (size_t)s->features->cols, count = (size_t)s->count, sides = (size_t)s->sides;
    size_t nb = (size_t)s->n * sides;
    p->extent = eae_try_alloc(cols, sizeof *p->extent, "norms of features");
    p->slot = eae_try_alloc(cols, sizeof(int64_t), "places of features");
    p->work = eae_try_alloc(count, sizeof *p->work, "scores of features");
    p->w = eae_try_alloc(count * sides, sizeof(double), "weights of features");
    p->member = eae_try_alloc(count, 4 * sizeof(int64_t), "lists of features");
    if (!p->extent || !p->slot || !p->work || !p->w || !p->member)
        return EAE_FAIL;
    p->list[0] = p->member + count;
    p->list[1] = p->list[0] + count;
    p->null = p->list[1] + count;
    p->across = EAE_NEW_ARRAY(double, (size_t)s->features->rows *sides);
    p->present = EAE_NEW_ARRAY(double, nb *(EAE_POOL_SETS + 1) + 2 * (size_t)p->ld + sides);
    for (size_t k = 0; k < EAE_POOL_SETS; k++)
        p->epoch[k].b = p->present + nb * (k + 1);
    p->d = p->present + nb * (EAE_POOL_SETS + 1);
    p->scratch = p->d + p->ld;
    p->zero = p->scratch + p->ld;
    p->p = EAE_NEW_ARRAY(int16_t, p->ld);
    return EAE_OK;
}

int eae_svm_pool_new(eae_svm_pool **pool, const eae_svm_pool_spec *spec)
{
    eae_svm_pool *p = *pool = EAE_NEW(eae_svm_pool);
    p->spec = *spec;
    p->ld = eae_features_stride(spec->n);
    p->left = spec->count;
    p->whole = (int)fmin(floor(sqrt(0x1p31 / (double)p->ld)) - 1, INT16_MAX);
    p->side_by_side = true;
    for (int64_t i = 1; i < spec->n; i++)
        p->side_by_side &= spec->row[i] == spec->row[0] + i;
    if (allocate(p)) {
        eae_svm_pool_free(p);
        *pool = NULL;
        return EAE_FAIL;
    }
    survey_all(p);
    return EAE_OK;
}

void eae_svm_pool_free(eae_svm_pool *p)
{
    if (!p)
        return;
    void *all[] = {p->extent, p->slot,  p->work, p->w,         p->member, p->across,  p->present,
                   p->q,      p->scale, p->dot,  p->candidate, p->z,      p->found_w, p->p};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
    free(p);
}

/* ---- picking --------------------------------------------------------------------------------- */

static void give(eae_svm_pool *p, eae_svm_pick *pick)
{
    double best = eae_pool_found(p, p->best), second = eae_pool_found(p, p->second);
    int64_t j = p->null_next < p->null_count ? p->null[p->null_next] : -1;
    if (j >= 0 && (best > 0 || j < p->candidate[p->best])) {
        eae_pool_values(p, j, p->scratch);
        *pick = (eae_svm_pick){.feature = j,
                               .next = p->null_next + 1 < p->null_count ? 0 : best,
                               .w = p->zero,
                               .z = p->extent[j].norm > 0 ? p->scratch : NULL};
        p->picked = -1;
        return;
    }
    p->picked = p->candidate[p->best];
    *pick = (eae_svm_pick){.feature = p->picked,
                           .square = best,
                           .next = j >= 0 ? 0 : second,
                           .w = p->found_w + p->best * p->spec.sides,
                           .z = p->z + p->best * p->ld};
}

int eae_svm_pool_pick(eae_svm_pool *p, const double *b, eae_svm_pick *pick)
{
    int set;
    p->step++;
    eae_pool_move(p, b);
    if (!p->scored && eae_pool_score(p))
        return EAE_FAIL;
    while ((set = eae_pool_broken(p)) >= 0) {
        if (eae_pool_choose(p, set) || eae_pool_score(p))
            return EAE_FAIL;
        if (p->best < 0)
            return eae_fail("a weight is not a number");
    }
    give(p, pick);
    return EAE_OK;
}

void eae_svm_pool_remove(eae_svm_pool *p)
{
    p->left--;
    if (p->picked < 0) {
        p->slot[p->null[p->null_next++]] = EAE_POOL_GONE;
        return;
    }
    eae_pool_leave(p, p->picked);
    p->scored = false;
}

int64_t eae_svm_pool_left(const eae_svm_pool *p, int64_t *active)
{
    int64_t count = 0;
    for (int64_t k = 0; k < p->spec.count && active; k++) {
        int64_t j = p->spec.active[k];
        if (p->slot[j] != EAE_POOL_GONE)
            active[count++] = j;
    }
    return p->left;
}

void eae_svm_pool_work(const eae_svm_pool *p, int64_t work[4])
{
    memcpy(work, p->done, sizeof p->done);
}
