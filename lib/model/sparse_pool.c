/*
 * sparse_pool.c - which features a sparse model looks at exactly; see sparse_parts.h.
 *
 * A pass over the data gives v_j = z_j'r for every feature at one r. Later, at r', for any t,
 *
 *     |z_j'r'| <= t |v_j| + |z_j| |r' - t r|,   |z_j|^2 = sum cost z^2,  |r|^2 = sum r^2 / cost
 *
 * (Cauchy-Schwarz), with the t that makes the distance least. Features that such a bound cannot
 * keep below the threshold for a while are in the pool: their columns are gathered, z_j'r' is
 * computed. A new pass is made when a bound fails where it matters.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "kernels/source.h"
#include "model/sparse_parts.h"

enum { BLOCK = 512, LEAST_POOL = 2000, BINS = 1024 };

typedef struct norms_job {
    const eae_sparse_problem *p;
    double *norm;
    int64_t features;
} norms_job;

static double inverse_of(const eae_source *s, int64_t column)
{
    return s->inverse ? s->inverse[column] : 1;
}

static int norms_block(void *context, int64_t block, int worker)
{
    const norms_job *g = context;
    const eae_source *source = g->p->source;
    int64_t first = block * BLOCK;
    int64_t count = g->features - first < BLOCK ? g->features - first : BLOCK;
    double value[BLOCK], sum[BLOCK] = {0};
    (void)worker;
    for (int64_t i = 0; i < g->p->n; i++) {
        eae_source_row(source, g->p->row[i], first, count, value);
        for (int64_t k = 0; k < count; k++)
            sum[k] += g->p->cost[i] * (value[k] * value[k]);
    }
    for (int64_t k = 0; k < count; k++) {
        int64_t j = eae_source_column(source, first + k);
        /* a hair more than the rounded norm: a bound must stay one */
        g->norm[j] = sqrt(sum[k]) * fabs(inverse_of(source, j)) * (1 + 1e-12);
    }
    return EAE_OK;
}

int eae_sparse_pool_open(eae_sparse_pool *pool, const eae_sparse_problem *p)
{
    const eae_source *source = p->source;
    *pool = (eae_sparse_pool){.problem = p, .n = p->n, .cols = source->cols};
    pool->features = source->feature ? source->feature_count : source->cols;
    pool->reference = eae_try_alloc((size_t)pool->cols, 2 * sizeof(double), "screening");
    pool->where = eae_try_alloc((size_t)pool->cols, sizeof *pool->where, "screening");
    if (!pool->reference || !pool->where)
        return EAE_FAIL;
    pool->norm = pool->reference + pool->cols;
    pool->at = EAE_NEW_ARRAY(double, p->n);
    for (int64_t j = 0; j < pool->cols; j++)
        pool->where[j] = -1;
    norms_job g = {p, pool->norm, pool->features};
    return eae_parallel(p->threads, (pool->features + BLOCK - 1) / BLOCK, norms_block, &g);
}

void eae_sparse_pool_close(eae_sparse_pool *pool)
{
    free(pool->reference);
    free(pool->where);
    free(pool->at);
    free(pool->feature);
    free(pool->z);
    free(pool->w);
    free(pool->v);
    *pool = (eae_sparse_pool){0};
}

/* ---- which features belong in the pool ------------------------------------------------------- */

static int64_t bin_of(double v, double largest)
{
    return largest > 0 ? (int64_t)(fabs(v) / largest * (BINS - 1)) : 0;
}

/* The least bin such that it and those above hold at most `room` features; at least the top one. */
static int64_t threshold_bin(const eae_sparse_pool *pool, double largest, int64_t room)
{
    int64_t held[BINS] = {0}, sum = 0, bin = BINS - 1;
    for (int64_t k = 0; k < pool->features; k++)
        held[bin_of(pool->reference[eae_source_column(pool->problem->source, k)], largest)]++;
    sum = held[bin];
    while (bin > 0 && sum + held[bin - 1] <= room)
        sum += held[--bin];
    return bin;
}

/* Out go features without a weight whose value is below the bin. */
static void evict(eae_sparse_pool *pool, double largest, int64_t bin)
{
    int64_t kept = 0, n = pool->n;
    for (int64_t k = 0; k < pool->count; k++) {
        int64_t j = pool->feature[k];
        pool->where[j] = -1;
        if (pool->w[k] == 0 && bin_of(pool->reference[j], largest) < bin)
            continue;
        if (kept < k)
            memcpy(pool->z + kept * n, pool->z + k * n, (size_t)n * sizeof *pool->z);
        pool->feature[kept] = j;
        pool->w[kept] = pool->w[k];
        pool->where[j] = kept++;
    }
    pool->count = kept;
}

static int reserve(eae_sparse_pool *pool, int64_t count)
{
    if (count <= pool->capacity)
        return EAE_OK;
    int64_t capacity = count + count / 4;
    double *z = eae_try_alloc((size_t)capacity, (size_t)pool->n * sizeof *z, "columns of features");
    if (!z)
        return EAE_FAIL;
    if (pool->count > 0)
        memcpy(z, pool->z, (size_t)(pool->count * pool->n) * sizeof *z);
    free(pool->z);
    pool->z = z;
    pool->feature = eae_realloc(pool->feature, (size_t)capacity, sizeof *pool->feature);
    pool->w = eae_realloc(pool->w, (size_t)capacity, sizeof *pool->w);
    pool->v = eae_realloc(pool->v, (size_t)capacity, sizeof *pool->v);
    pool->capacity = capacity;
    return EAE_OK;
}

/* Columns of the features behind pool->count, `fresh` many, increasing. */
static void gather(eae_sparse_pool *pool, int64_t fresh)
{
    const eae_sparse_problem *p = pool->problem;
    int64_t n = pool->n, *feature = pool->feature + pool->count;
    double *z = pool->z + pool->count * n;
    eae_source some = *p->source;
    some.feature = feature;
    some.feature_count = fresh;
    double *value = eae_malloc((size_t)fresh, sizeof *value);
    for (int64_t i = 0; i < n; i++) {
        eae_source_row(&some, p->row[i], 0, fresh, value);
        for (int64_t k = 0; k < fresh; k++)
            z[k * n + i] = value[k] * inverse_of(p->source, feature[k]);
    }
    free(value);
}

static int admit(eae_sparse_pool *pool, double largest, int64_t bin)
{
    const eae_source *source = pool->problem->source;
    int64_t fresh = 0;
    for (int64_t k = 0; k < pool->features; k++) {
        int64_t j = eae_source_column(source, k);
        fresh += pool->where[j] < 0 && bin_of(pool->reference[j], largest) >= bin;
    }
    if (fresh == 0)
        return EAE_OK;
    int status = reserve(pool, pool->count + fresh);
    if (status != EAE_OK)
        return status;
    int64_t at = pool->count;
    for (int64_t k = 0; k < pool->features; k++) {
        int64_t j = eae_source_column(source, k);
        if (pool->where[j] >= 0 || bin_of(pool->reference[j], largest) < bin)
            continue;
        pool->feature[at] = j;
        pool->w[at] = 0;
        pool->where[j] = at++;
    }
    gather(pool, fresh);
    pool->count = at;
    return EAE_OK;
}

int eae_sparse_pool_pass(eae_sparse_pool *pool, const double *r)
{
    const eae_sparse_problem *p = pool->problem;
    int status = p->kernels->weights(p->source, p->row, p->n, r, 1, pool->reference, p->threads);
    if (status != EAE_OK)
        return status;
    memcpy(pool->at, r, (size_t)p->n * sizeof *r);
    pool->passes++;
    double largest = 0;
    for (int64_t k = 0; k < pool->features; k++) {
        double v = pool->reference[eae_source_column(p->source, k)];
        if (!isfinite(v))
            return eae_fail("a feature has a value that is not finite");
        largest = fmax(largest, fabs(v));
    }
    int64_t support = 0;
    for (int64_t k = 0; k < pool->count; k++)
        support += pool->w[k] != 0;
    int64_t room = 4 * support > LEAST_POOL ? 4 * support : LEAST_POOL;
    int64_t bin = threshold_bin(pool, largest, room);
    evict(pool, largest, bin);
    return admit(pool, largest, bin);
}

void eae_sparse_pool_values(eae_sparse_pool *pool, const double *r)
{
    for (int64_t k = 0; k < pool->count; k++)
        pool->v[k] = eae_sparse_dot(pool->z + k * pool->n, r, pool->n);
}

double eae_sparse_pool_outside(const eae_sparse_pool *pool, const double *r)
{
    const eae_sparse_problem *p = pool->problem;
    double cross = 0, square = 0, distance = 0, largest = 0;
    for (int64_t i = 0; i < pool->n; i++) {
        cross += r[i] * pool->at[i] / p->cost[i];
        square += pool->at[i] * pool->at[i] / p->cost[i];
    }
    double t = square > 0 ? cross / square : 0;
    for (int64_t i = 0; i < pool->n; i++) {
        double d = r[i] - t * pool->at[i];
        distance += d * d / p->cost[i];
    }
    distance = sqrt(distance);
    for (int64_t k = 0; k < pool->features; k++) {
        int64_t j = eae_source_column(p->source, k);
        if (pool->where[j] < 0)
            largest = fmax(largest, fabs(t * pool->reference[j]) + pool->norm[j] * distance);
    }
    return largest;
}
