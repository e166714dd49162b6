/* complete.c - missing values from a low-rank factorisation; see complete.h. */
#include "model/complete.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/random.h"
#include "base/threads.h"

enum { BLOCK = 256 /* columns */, FILL_ROWS = 64, RANK_MAX = 1000, MAX_ITER = 500 };
static const double tolerance = 1e-4, hidden_part = 0.1;

int eae_complete_parse(const char *text, eae_complete_spec *spec)
{
    spec->lambda = EAE_COMPLETE_LAMBDA;
    if (strncmp(text, "als:", 4) == 0) {
        const char *rank = text + 4, *colon = strchr(rank, ':');
        size_t n = colon ? (size_t)(colon - rank) : strlen(rank);
        bool fits = eae_parse_int(rank, n, &spec->rank) && spec->rank >= 1;
        if (colon)
            fits = fits && eae_parse_double(colon + 1, strlen(colon + 1), &spec->lambda);
        if (fits && spec->rank <= RANK_MAX && spec->lambda > 0 && !isinf(spec->lambda))
            return EAE_OK;
    }
    return eae_fail_usage("'%s' is not als:K or als:K:LAMBDA with K from 1 to %d and LAMBDA > 0",
                          text, RANK_MAX);
}

static double value_at(const eae_incomplete *d, int64_t row, int64_t col)
{
    int64_t k = row * d->cols + col;
    return d->is_f64 ? ((const double *)d->x)[k] : (double)((const float *)d->x)[k];
}

/* ---- learning --------------------------------------------------------------------------------
 */

typedef struct {
    const eae_incomplete *data;
    const int64_t *row;
    const double *count; /* NULL: once each */
    int64_t n;
    double *z; /* n x cols: on entry what is known, then in units of c */
    eae_completion *c;
} lesson;

/* Mean and scale of the columns of a block, and their values in these units: two passes, and a
 * constant feature has variance 0 exactly, since its mean is then its first value. */
static int scale_block(void *context, int64_t task, int worker)
{
    lesson *l = context;
    int64_t cols = l->data->cols, begin = task * BLOCK;
    int64_t end = begin + BLOCK < cols ? begin + BLOCK : cols;
    (void)worker;
    for (int64_t j = begin; j < end; j++) {
        double first = NAN, total = 0, sum = 0, square = 0;
        for (int64_t i = 0; i < l->n; i++) {
            double x = l->z[i * cols + j], c = l->count ? l->count[i] : 1;
            if (isnan(x))
                continue;
            first = isnan(first) ? x : first;
            total += c;
            sum += c * (x - first);
        }
        double mean = total > 0 ? first + sum / total : 0;
        for (int64_t i = 0; i < l->n; i++) {
            double d = l->z[i * cols + j] - mean;
            square += isnan(d) ? 0 : (l->count ? l->count[i] : 1) * d * d;
        }
        double sd = total > 0 ? sqrt(square / total) : 0;
        l->c->mean[j] = mean;
        l->c->scale[j] = sd > 1e-12 * fabs(mean) ? sd : 1;
        for (int64_t i = 0; i < l->n; i++)
            l->z[i * cols + j] = (l->z[i * cols + j] - mean) / l->c->scale[j];
    }
    return EAE_OK;
}

/* From the values in l->z. */
static int learn(lesson *l, const eae_complete_spec *spec)
{
    const eae_incomplete *d = l->data;
    l->c->mean = EAE_NEW_ARRAY(double, d->cols);
    l->c->scale = EAE_NEW_ARRAY(double, d->cols);
    eae_als_problem q = {.kernels = d->kernels,
                         .x = l->z,
                         .n = l->n,
                         .p = d->cols,
                         .count = l->count,
                         .rank = spec->rank,
                         .lambda = spec->lambda,
                         .tol = tolerance,
                         .max_iter = MAX_ITER,
                         .seed = spec->seed,
                         .threads = d->threads};
    int status = eae_parallel(d->threads, (d->cols + BLOCK - 1) / BLOCK, scale_block, l);
    if (status == EAE_OK)
        status = eae_als_fit(&q, &l->c->als);
    if (status != EAE_OK)
        eae_completion_free(l->c);
    return status;
}

int eae_complete_learn(const eae_incomplete *d, const eae_complete_spec *spec, const int64_t *row,
                       const double *count, int64_t n, eae_completion *c)
{
    lesson l = {.data = d, .row = row, .count = count, .n = row ? n : d->rows, .c = c};
    *c = (eae_completion){0};
    l.z = eae_try_alloc((size_t)(l.n * d->cols), sizeof *l.z, "a matrix to be factorised");
    if (!l.z)
        return EAE_FAIL;
    for (int64_t i = 0; i < l.n; i++) {
        for (int64_t j = 0; j < d->cols; j++)
            l.z[i * d->cols + j] = value_at(d, row ? row[i] : i, j);
    }
    int status = learn(&l, spec);
    free(l.z);
    return status;
}

void eae_completion_free(eae_completion *c)
{
    free(c->mean);
    free(c->scale);
    eae_als_free(&c->als);
    *c = (eae_completion){0};
}

/* ---- filling ---------------------------------------------------------------------------------
 */

static bool has_gap(const eae_incomplete *d, int64_t row)
{
    for (int64_t j = 0; j < d->cols; j++) {
        if (isnan(value_at(d, row, j)))
            return true;
    }
    return false;
}

/* Loadings (m x rank) of m rows of z, in the units of c; NaN in z becomes 0. */
static int fit_rows(const eae_completion *c, const eae_incomplete *d, double *z, int64_t m,
                    double *u)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < d->cols; j++)
            z[i * d->cols + j] = (z[i * d->cols + j] - c->mean[j]) / c->scale[j];
    }
    return eae_als_rows(&c->als, z, m, u, d->threads);
}

static double completed(const eae_completion *c, const double *u, int64_t col)
{
    return c->mean[col] + c->scale[col] * eae_als_entry(&c->als, u, col);
}

static void fill_row(const eae_completion *c, const eae_incomplete *d, int64_t row, const double *u)
{
    for (int64_t j = 0; j < d->cols; j++) {
        int64_t k = row * d->cols + j;
        if (!isnan(value_at(d, row, j)))
            continue;
        if (d->is_f64)
            ((double *)d->x)[k] = completed(c, u, j);
        else
            ((float *)d->x)[k] = (float)completed(c, u, j);
    }
}

static int fill_some(const eae_completion *c, const eae_incomplete *d, const int64_t *row,
                     int64_t m, double *z, double *u)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < d->cols; j++)
            z[i * d->cols + j] = value_at(d, row[i], j);
    }
    int status = m > 0 ? fit_rows(c, d, z, m, u) : EAE_OK;
    for (int64_t i = 0; i < m && status == EAE_OK; i++)
        fill_row(c, d, row[i], u + i * c->als.rank);
    return status;
}

int eae_complete_fill(const eae_completion *c, const eae_incomplete *d)
{
    int64_t row[FILL_ROWS], m = 0;
    double *z = eae_try_alloc((size_t)(FILL_ROWS * d->cols), sizeof *z, "rows to be filled");
    double *u = eae_malloc((size_t)(FILL_ROWS * c->als.rank), sizeof *u);
    int status = z ? EAE_OK : EAE_FAIL;
    for (int64_t i = 0; i < d->rows && status == EAE_OK; i++) {
        if (has_gap(d, i))
            row[m++] = i;
        if (m < FILL_ROWS && i + 1 < d->rows)
            continue;
        status = fill_some(c, d, row, m, z, u);
        m = 0;
    }
    free(z);
    free(u);
    return status;
}

/* ---- how well known values are found ---------------------------------------------------------
 */

/* The values of d with a part of the known ones hidden; the caller frees. */
static double *hide(const eae_incomplete *d, uint64_t seed)
{
    double *z = eae_try_alloc((size_t)(d->rows * d->cols), sizeof *z, "a matrix to be factorised");
    for (int64_t i = 0; i < d->rows && z; i++) {
        eae_random r;
        eae_random_start(&r, seed, EAE_RANDOM_ALS, (UINT64_C(1) << 32) + (uint64_t)i);
        for (int64_t j = 0; j < d->cols; j++)
            z[i * d->cols + j] = eae_random_unit(&r) < hidden_part ? NAN : value_at(d, i, j);
    }
    return z;
}

/* Standard deviation of the known values of each feature; constant features 1. The caller frees. */
static double *all_scales(const eae_incomplete *d)
{
    double *mean = EAE_NEW_ARRAY(double, d->cols), *sd = EAE_NEW_ARRAY(double, d->cols);
    double *known = EAE_NEW_ARRAY(double, d->cols);
    for (int64_t i = 0; i < d->rows; i++) {
        for (int64_t j = 0; j < d->cols; j++) {
            double x = value_at(d, i, j);
            known[j] += isnan(x) ? 0 : 1;
            mean[j] += isnan(x) ? 0 : (x - mean[j]) / known[j];
        }
    }
    for (int64_t i = 0; i < d->rows; i++) {
        for (int64_t j = 0; j < d->cols; j++) {
            double away = value_at(d, i, j) - mean[j];
            sd[j] += isnan(away) ? 0 : away * away / known[j];
        }
    }
    for (int64_t j = 0; j < d->cols; j++)
        sd[j] = sqrt(sd[j]) > 1e-12 * fabs(mean[j]) ? sqrt(sd[j]) : 1;
    free(mean);
    free(known);
    return sd;
}

/* Adds the hidden values of one row; z: what was left of it; scale: what they are in units of. */
static void add_errors(const eae_completion *c, const eae_incomplete *d, int64_t row,
                       const double *z, const double *u, const double *scale, eae_complete_error *e)
{
    for (int64_t j = 0; j < d->cols; j++) {
        double x = value_at(d, row, j);
        if (isnan(x) || !isnan(z[j]))
            continue;
        double left = (x - completed(c, u, j)) / scale[j], away = (x - c->mean[j]) / scale[j];
        e->hidden++;
        e->error += left * left;
        e->mean += away * away;
    }
}

int eae_complete_estimate(const eae_incomplete *d, const eae_complete_spec *spec,
                          eae_complete_error *e)
{
    eae_completion c = {0};
    lesson l = {.data = d, .n = d->rows, .c = &c};
    *e = (eae_complete_error){0};
    l.z = hide(d, spec->seed);
    int status = l.z ? learn(&l, spec) : EAE_FAIL;
    free(l.z);
    double *z = status == EAE_OK ? hide(d, spec->seed) : NULL, *scale = z ? all_scales(d) : NULL;
    for (int64_t i = 0; i < d->rows && z; i++)
        add_errors(&c, d, i, z + i * d->cols, c.als.u + i * spec->rank, scale, e);
    if (status == EAE_OK && !z)
        status = EAE_FAIL;
    e->error = e->hidden > 0 ? sqrt(e->error / (double)e->hidden) : NAN;
    e->mean = e->hidden > 0 ? sqrt(e->mean / (double)e->hidden) : NAN;
    free(z);
    free(scale);
    eae_completion_free(&c);
    return status;
}
