/*
 * sparse_pool.c - which features a sparse model looks at exactly; see sparse_parts.h.
 *
 * A pass over the data gives v_j = z_j'r for every feature at one r. Later, at r', for any t,
 *
 *     |z_j'r'| <= t |v_j| + |z_j| |r' - t r|,   |z_j|^2 = sum cost z^2,  |r|^2 = sum r^2 / cost
 *
 * (Cauchy-Schwarz), with the t that makes the distance least; for each side, where there are many:
 * what a feature reaches is the largest of its sides. Features that such a bound cannot
 * keep below the threshold for a while are in the pool: their columns are gathered, z_j'r' is
 * computed. Where a bound fails and it matters, the feature is looked at, or, if it fails for many,
 * a new pass is made.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/source.h"
#include "model/sparse_parts.h"

/* a pass is made where the bounds fail for more than one in MANY features */
enum { LEAST_POOL = 600, BINS = 1024, MANY = 32 };

int eae_sparse_pool_open(eae_sparse_pool *pool, const eae_sparse_problem *p)
{
    const eae_source *source = p->source;
    *pool = (eae_sparse_pool){
        .problem = p, .n = p->n, .cols = source->cols, .sides = eae_sparse_sides(p)};
    pool->features = source->feature ? source->feature_count : source->cols;
    pool->reference =
        eae_try_alloc((size_t)pool->cols, (size_t)(pool->sides + 1) * sizeof(double), "screening");
    pool->where = eae_try_alloc((size_t)pool->cols, sizeof *pool->where, "screening");
    if (!pool->reference || !pool->where)
        return EAE_FAIL;
    pool->norm = pool->reference + pool->sides * pool->cols;
    pool->at = EAE_NEW_ARRAY(double, pool->sides * p->n);
    for (int64_t j = 0; j < pool->cols; j++)
        pool->where[j] = -1;
    return eae_sparse_norms(p, pool->norm);
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

/* max_k |z_j'r_k| at the last pass. */
static double reference_of(const eae_sparse_pool *pool, int64_t j)
{
    double largest = fabs(pool->reference[j]);
    for (int64_t side = 1; side < pool->sides; side++)
        largest = fmax(largest, fabs(pool->reference[side * pool->cols + j]));
    return largest;
}

static bool has_weight(const eae_sparse_pool *pool, int64_t column)
{
    const double *w = pool->w + column * pool->sides;
    bool some = false;
    for (int64_t side = 0; side < pool->sides; side++)
        some = some || w[side] != 0;
    return some;
}

static int64_t bin_of(double v, double largest)
{
    return largest > 0 ? (int64_t)(fabs(v) / largest * (BINS - 1)) : 0;
}

/* The least bin such that it and those above hold at most `room` features; at least the top one. */
static int64_t threshold_bin(const eae_sparse_pool *pool, double largest, int64_t room)
{
    int64_t held[BINS] = {0}, sum = 0, bin = BINS - 1;
    for (int64_t k = 0; k < pool->features; k++)
        held[bin_of(reference_of(pool, eae_source_column(pool->problem->source, k)), largest)]++;
    sum = held[bin];
    while (bin > 0 && sum + held[bin - 1] <= room)
        sum += held[--bin];
    return bin;
}

/* Out go features without a weight whose value is below the bin. */
static void evict(eae_sparse_pool *pool, double largest, int64_t bin)
{
    int64_t kept = 0, n = pool->n, sides = pool->sides;
    for (int64_t k = 0; k < pool->count; k++) {
        int64_t j = pool->feature[k];
        pool->where[j] = -1;
        if (!has_weight(pool, k) && bin_of(reference_of(pool, j), largest) < bin)
            continue;
        if (kept < k)
            memcpy(pool->z + kept * n, pool->z + k * n, (size_t)n * sizeof *pool->z);
        pool->feature[kept] = j;
        for (int64_t side = 0; side < sides; side++)
            pool->w[kept * sides + side] = pool->w[k * sides + side];
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
    pool->w = eae_realloc(pool->w, (size_t)(capacity * pool->sides), sizeof *pool->w);
    pool->v = eae_realloc(pool->v, (size_t)(capacity * pool->sides), sizeof *pool->v);
    pool->capacity = capacity;
    return EAE_OK;
}

/* Columns of these features, increasing, behind those that are there. */
static int append(eae_sparse_pool *pool, const int64_t *feature, int64_t count)
{
    int64_t at = pool->count;
    if (count == 0)
        return EAE_OK;
    if (reserve(pool, at + count) != EAE_OK)
        return EAE_FAIL;
    for (int64_t k = 0; k < count; k++) {
        pool->feature[at + k] = feature[k];
        for (int64_t side = 0; side < pool->sides; side++)
            pool->w[(at + k) * pool->sides + side] = 0;
        pool->where[feature[k]] = at + k;
    }
    eae_sparse_columns(pool->problem, feature, count, pool->z + at * pool->n);
    pool->count += count;
    return EAE_OK;
}

int eae_sparse_pool_start(eae_sparse_pool *pool, const int64_t *feature, const double *weight,
                          int64_t count)
{
    int status = append(pool, feature, count);
    if (status == EAE_OK && count > 0)
        memcpy(pool->w, weight, (size_t)count * sizeof *weight);
    return status;
}

static int admit(eae_sparse_pool *pool, double largest, int64_t bin)
{
    int64_t fresh = 0, *list = eae_malloc((size_t)pool->features, sizeof *list);
    for (int64_t k = 0; k < pool->features; k++) {
        int64_t j = eae_source_column(pool->problem->source, k);
        if (pool->where[j] < 0 && bin_of(reference_of(pool, j), largest) >= bin)
            list[fresh++] = j;
    }
    int status = append(pool, list, fresh);
    free(list);
    return status;
}

int eae_sparse_pool_pass(eae_sparse_pool *pool, const double *r)
{
    const eae_sparse_problem *p = pool->problem;
    int status = eae_sparse_products(p, r, pool->reference);
    if (status != EAE_OK)
        return status;
    memcpy(pool->at, r, (size_t)(pool->sides * p->n) * sizeof *r);
    pool->passes++;
    double largest;
    if (eae_sparse_largest(p, pool->reference, &largest) != EAE_OK)
        return EAE_FAIL;
    int64_t support = 0;
    for (int64_t k = 0; k < pool->count; k++)
        support += has_weight(pool, k);
    int64_t room = 4 * support > LEAST_POOL ? 4 * support : LEAST_POOL;
    int64_t bin = threshold_bin(pool, largest, room);
    evict(pool, largest, bin);
    return admit(pool, largest, bin);
}

void eae_sparse_pool_values(eae_sparse_pool *pool, const double *r)
{
    int64_t n = pool->n, sides = pool->sides;
    for (int64_t e = 0; e < pool->count * sides; e++)
        pool->v[e] = eae_sparse_dot(pool->z + e / sides * n, r + e % sides * n, n);
}

/* How far the r of one side is from the nearest multiple t of that of the last pass. */
static double distance_to(const eae_sparse_pool *pool, const double *r, const double *at, double *t)
{
    const eae_sparse_problem *p = pool->problem;
    double cross = 0, square = 0, sum = 0;
    for (int64_t i = 0; i < pool->n; i++) {
        cross += r[i] * at[i] / p->cost[i];
        square += at[i] * at[i] / p->cost[i];
    }
    *t = square > 0 ? cross / square : 0;
    for (int64_t i = 0; i < pool->n; i++) {
        double d = r[i] - *t * at[i];
        sum += d * d / p->cost[i];
    }
    return sqrt(sum);
}

/* The features outside the pool that the bound does not keep at or below `limit`. */
static int64_t unsettled(const eae_sparse_pool *pool, const double *r, double limit, int64_t *list)
{
    int64_t count = 0, sides = pool->sides, n = pool->n;
    double *t = eae_malloc((size_t)sides, 2 * sizeof *t), *distance = t + sides;
    for (int64_t side = 0; side < sides; side++)
        distance[side] = distance_to(pool, r + side * n, pool->at + side * n, &t[side]);
    for (int64_t k = 0; k < pool->features; k++) {
        int64_t j = eae_source_column(pool->problem->source, k);
        bool within = true;
        for (int64_t side = 0; side < sides && pool->where[j] < 0; side++) {
            double reference = pool->reference[side * pool->cols + j];
            within &= fabs(t[side] * reference) + pool->norm[j] * distance[side] <= limit;
        }
        if (!within)
            list[count++] = j;
    }
    free(t);
    return count;
}

/* Exact values of some: those above the limit join the pool. */
static int look_at(eae_sparse_pool *pool, const double *r, double limit, int64_t *list,
                   int64_t count)
{
    double *value = eae_malloc((size_t)(count * pool->sides), sizeof *value);
    int64_t fresh = 0;
    int status = eae_sparse_some_products(pool->problem, r, list, count, value);
    for (int64_t k = 0; k < count; k++) {
        bool within = true;
        for (int64_t side = 0; side < pool->sides; side++)
            within &= fabs(value[k * pool->sides + side]) <= limit;
        if (!within)
            list[fresh++] = list[k];
    }
    free(value);
    return status == EAE_OK ? append(pool, list, fresh) : status;
}

/* Right after a pass. */
static double largest_outside(const eae_sparse_pool *pool)
{
    double largest = 0;
    for (int64_t k = 0; k < pool->features; k++) {
        int64_t j = eae_source_column(pool->problem->source, k);
        if (pool->where[j] < 0)
            largest = fmax(largest, reference_of(pool, j));
    }
    return largest;
}

int eae_sparse_pool_settle(eae_sparse_pool *pool, const double *r, double limit, double *outside,
                           bool *moved)
{
    int64_t held = pool->count, *list = eae_malloc((size_t)pool->features, sizeof *list);
    int64_t count = unsettled(pool, r, limit, list);
    bool many = MANY * count > pool->features || !pool->problem->features;
    int status = EAE_OK;
    *moved = count > 0 && many;
    if (*moved)
        status = eae_sparse_pool_pass(pool, r);
    else if (count > 0)
        status = look_at(pool, r, limit, list, count);
    *outside = *moved ? largest_outside(pool) : limit;
    *moved |= pool->count != held;
    free(list);
    return status;
}
