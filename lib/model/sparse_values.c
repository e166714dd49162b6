/*
 * sparse_values.c - values of features for sparse.h, from the source or from the data turned over;
 * see sparse_parts.h.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "base/threads.h"
#include "kernels/source.h"
#include "model/sparse_parts.h"

enum { BLOCK = 512, LANES = 8 };

static double inverse_of(const eae_sparse_problem *p, int64_t column)
{
    const double *inverse = p->features ? p->features->inverse : p->source->inverse;
    return inverse ? inverse[column] : 1;
}

/* A number per side and training row as `sides` per row of the data, 0 for the others. The caller
 * frees. */
static double *for_all_rows(const eae_sparse_problem *p, const double *value, int64_t sides)
{
    double *all = EAE_NEW_ARRAY(double, p->features->ld *sides);
    for (int64_t k = 0; k < sides; k++) {
        for (int64_t i = 0; i < p->n; i++)
            all[p->row[i] * sides + k] += value[k * p->n + i];
    }
    return all;
}

typedef struct blocks {
    const eae_sparse_problem *p;
    const int64_t *list; /* these features; NULL: all in use */
    int64_t features, sides;
    double *rows; /* for_all_rows() */
    double *out;  /* sides x cols; with a list, by position in it x sides */
} blocks;

/* The columns of a block; returns how many. */
static int64_t block_columns(const blocks *g, int64_t block, int64_t column[BLOCK])
{
    int64_t first = block * BLOCK;
    int64_t count = g->features - first < BLOCK ? g->features - first : BLOCK;
    for (int64_t k = 0; k < count; k++)
        column[k] = g->list ? g->list[first + k] : eae_source_column(g->p->source, first + k);
    return count;
}

static int each_block(blocks *g, const double *value, eae_task_fn fn)
{
    const eae_source *s = g->p->source;
    if (!g->list)
        g->features = s->feature ? s->feature_count : s->cols;
    if (g->p->features)
        g->rows = for_all_rows(g->p, value, g->sides);
    int status = eae_parallel(g->p->threads, (g->features + BLOCK - 1) / BLOCK, fn, g);
    free(g->rows);
    return status;
}

/* ---- norms ----------------------------------------------------------------------------------- */

static void source_squares(const blocks *g, int64_t first, int64_t count, double *sum)
{
    double value[BLOCK];
    for (int64_t i = 0; i < g->p->n; i++) {
        eae_source_row(g->p->source, g->p->row[i], first, count, value);
        for (int64_t k = 0; k < count; k++)
            sum[k] += g->p->cost[i] * (value[k] * value[k]);
    }
}

#define SQUARES(name, type) \
    EAE_CLONES static double name(const type *restrict x, double shift, \
                                  const double *restrict cost, int64_t n) \
    { \
        double lane[LANES] = {0}; \
        for (int64_t i = 0; i < n; i += LANES) { \
            for (int l = 0; l < LANES; l++) { \
                double z = (double)x[i + l] - shift; \
                lane[l] += cost[i + l] * (z * z); \
            } \
        } \
        return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + \
               ((lane[2] + lane[6]) + (lane[3] + lane[7])); \
    }
SQUARES(squares_f32, float)
SQUARES(squares_f64, double)

static double turned_square(const blocks *g, int64_t j)
{
    const eae_features *f = g->p->features;
    double shift = f->shift ? f->shift[j] : 0;
    if (f->is_f64)
        return squares_f64((const double *)f->x + j * f->ld, shift, g->rows, f->ld);
    return squares_f32((const float *)f->x + j * f->ld, shift, g->rows, f->ld);
}

static int norms_block(void *context, int64_t block, int worker)
{
    const blocks *g = context;
    int64_t column[BLOCK] = {0}, count = block_columns(g, block, column);
    double sum[BLOCK] = {0};
    (void)worker;
    if (!g->p->features)
        source_squares(g, block * BLOCK, count, sum);
    for (int64_t k = 0; k < count; k++) {
        double square = g->p->features ? turned_square(g, column[k]) : sum[k];
        /* a hair more than the rounded norm: a bound must stay one */
        g->out[column[k]] = sqrt(square) * fabs(inverse_of(g->p, column[k])) * (1 + 1e-12);
    }
    return EAE_OK;
}

int eae_sparse_norms(const eae_sparse_problem *p, double *norm)
{
    blocks g = {.p = p, .sides = 1, .out = norm};
    return each_block(&g, p->cost, norms_block);
}

/* ---- products -------------------------------------------------------------------------------- */

static int products_block(void *context, int64_t block, int worker)
{
    const blocks *g = context;
    int64_t column[BLOCK] = {0}, count = block_columns(g, block, column), sides = g->sides;
    int64_t cols = g->p->source->cols;
    double *w = eae_malloc((size_t)(count * sides), sizeof *w);
    (void)worker;
    int status = g->p->kernels->feature_weights(g->p->features, column, count, g->rows, sides, w);
    for (int64_t e = 0; e < count * sides && status == EAE_OK; e++) {
        int64_t k = e / sides, side = e % sides;
        g->out[g->list ? block * BLOCK * sides + e : side * cols + column[k]] = w[e];
    }
    free(w);
    return status;
}

int eae_sparse_products(const eae_sparse_problem *p, const double *r, double *out)
{
    int64_t n = p->n, sides = eae_sparse_sides(p);
    blocks g = {.p = p, .sides = sides, .out = out};
    if (p->features)
        return each_block(&g, r, products_block);
    double *rows = eae_malloc((size_t)(n * sides), sizeof *rows);
    for (int64_t e = 0; e < n * sides; e++)
        rows[e] = r[e % sides * n + e / sides];
    int status = p->kernels->weights(p->source, p->row, n, rows, sides, out, p->threads);
    free(rows);
    return status;
}

int eae_sparse_some_products(const eae_sparse_problem *p, const double *r, const int64_t *feature,
                             int64_t count, double *value)
{
    blocks g = {
        .p = p, .list = feature, .features = count, .sides = eae_sparse_sides(p), .out = value};
    return each_block(&g, r, products_block);
}

int eae_sparse_largest(const eae_sparse_problem *p, const double *v, double *largest)
{
    const eae_source *s = p->source;
    int64_t features = s->feature ? s->feature_count : s->cols, sides = eae_sparse_sides(p);
    *largest = 0;
    for (int64_t e = 0; e < features * sides; e++) {
        double size = fabs(v[e / features * s->cols + eae_source_column(s, e % features)]);
        if (!isfinite(size))
            return eae_fail("a feature has a value that is not finite");
        *largest = size > *largest ? size : *largest;
    }
    return EAE_OK;
}

/* ---- columns --------------------------------------------------------------------------------- */

static void turned_column(const eae_sparse_problem *p, int64_t j, double *z)
{
    const eae_features *f = p->features;
    double shift = f->shift ? f->shift[j] : 0, inverse = f->inverse ? f->inverse[j] : 1;
    const float *narrow = (const float *)f->x + j * f->ld;
    const double *wide = (const double *)f->x + j * f->ld;
    for (int64_t i = 0; i < p->n; i++) {
        double x = f->is_f64 ? wide[p->row[i]] : (double)narrow[p->row[i]];
        z[i] = (x - shift) * inverse;
    }
}

void eae_sparse_columns(const eae_sparse_problem *p, const int64_t *feature, int64_t count,
                        double *z)
{
    int64_t n = p->n;
    for (int64_t k = 0; k < count && p->features; k++)
        turned_column(p, feature[k], z + k * n);
    if (p->features)
        return;
    eae_source some = *p->source;
    some.feature = feature;
    some.feature_count = count;
    double *value = eae_malloc((size_t)count, sizeof *value);
    for (int64_t i = 0; i < n; i++) {
        eae_source_row(&some, p->row[i], 0, count, value);
        for (int64_t k = 0; k < count; k++)
            z[k * n + i] = value[k] * inverse_of(p, feature[k]);
    }
    free(value);
}
