/* fold_als.c - the label as a column of a matrix to complete; see fold_als.h. */
#include "eval/train/fold_als.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "kernels/source.h"
#include "model/als.h"

typedef struct {
    const eae_fold *fold;
    const eae_target *target; /* one per labeling */
    eae_fits *fits;
    const int64_t *feature; /* columns in use; NULL: all */
    int64_t features;
    int64_t width;     /* features + labels */
    const double *all; /* m x features: prepared values, training rows first */
    int threads;       /* for one factorisation */
} fitting;

/* One label column in units of its own: value = mean + scale z. */
typedef struct {
    double mean, scale;
} unit;

static double label_of(const eae_target *t, int side, int sides, int64_t row)
{
    if (t->task != EAE_TASK_CLASSES)
        return t->value[row];
    return t->class[row] == (sides > 1 ? side : 1) ? 1 : -1;
}

static unit unit_of(const fitting *g, const eae_target *t, int side)
{
    const eae_fold *f = g->fold;
    double total = 0, sum = 0, square = 0;
    for (int64_t i = 0; i < f->n; i++) {
        total += f->split->count[i];
        sum += f->split->count[i] * label_of(t, side, g->fits->sides, f->row[i]);
    }
    for (int64_t i = 0; i < f->n; i++) {
        double d = label_of(t, side, g->fits->sides, f->row[i]) - sum / total;
        square += f->split->count[i] * d * d;
    }
    double sd = sqrt(square / total);
    return (unit){sum / total, sd > 1e-12 * fabs(sum / total) ? sd : 1};
}

/* Rows first .. first + m - 1 of the fold with room for the labels, which are missing. */
static double *copy_rows(const fitting *g, int64_t first, int64_t m)
{
    double *x = eae_try_alloc((size_t)(m * g->width), sizeof *x, "a matrix to be factorised");
    for (int64_t i = 0; i < m && x; i++) {
        memcpy(x + i * g->width, g->all + (first + i) * g->features,
               (size_t)g->features * sizeof *x);
        for (int64_t k = g->features; k < g->width; k++)
            x[i * g->width + k] = NAN;
    }
    return x;
}

/* w = V (V'V + lambda p I)^-1 v_label, times the label's unit; NaN for features not in use. */
static int make_weights(const fitting *g, const eae_als *als, const unit *units, double *w)
{
    const eae_kernels *k = als->kernels;
    int64_t rank = als->rank, p = g->features, cols = g->fold->run->dataset.cols;
    int sides = g->fits->sides;
    double *a = EAE_NEW_ARRAY(double, rank *rank), *b = EAE_NEW_ARRAY(double, rank *sides);
    double *part = EAE_NEW_ARRAY(double, p *sides);
    int status = k->multiply(true, false, rank, rank, p, 1, als->v, als->v, 0, a);
    for (int64_t c = 0; c < rank; c++)
        a[c * rank + c] += als->lambda * (double)p;
    for (int side = 0; side < sides; side++) {
        for (int64_t c = 0; c < rank; c++)
            b[c * sides + side] = als->v[(p + side) * rank + c] * units[side].scale;
    }
    if (status == EAE_OK)
        status = k->cholesky(a, rank);
    if (status == EAE_OK)
        status = k->cholesky_solve(a, rank, b, sides);
    if (status == EAE_OK)
        status = k->multiply(false, false, p, sides, rank, 1, als->v, b, 0, part);
    for (int64_t j = 0; j < cols * sides; j++)
        w[j] = NAN;
    for (int64_t j = 0; j < p; j++) {
        int64_t col = g->feature ? g->feature[j] : j;
        for (int side = 0; side < sides; side++)
            w[side * cols + col] = part[j * sides + side];
    }
    free(a);
    free(b);
    free(part);
    return status;
}

/* The labels of the held-out rows by their own loadings; value: sides x tests. */
static int complete_labels(const fitting *g, const eae_als *als, const unit *units, double *value)
{
    int64_t n = g->fold->n, tests = g->fold->m - n;
    if (tests == 0)
        return EAE_OK;
    double *x = copy_rows(g, n, tests), *u = EAE_NEW_ARRAY(double, tests * als->rank);
    int status = x ? eae_als_rows(als, x, tests, u, g->threads) : EAE_FAIL;
    for (int64_t i = 0; i < tests && status == EAE_OK; i++) {
        for (int side = 0; side < g->fits->sides; side++)
            value[side * tests + i] =
                units[side].mean +
                units[side].scale * eae_als_entry(als, u + i * als->rank, g->features + side);
    }
    free(x);
    free(u);
    return status;
}

static void describe(const fitting *g, eae_gram_fit *fit, const eae_als *als, const unit *units)
{
    for (int side = 0; side < g->fits->sides; side++) {
        fit[side].intercept = units[side].mean;
        fit[side].objective = als->objective;
        fit[side].gap = als->gap;
        fit[side].iterations = als->iterations;
        fit[side].converged = als->converged;
    }
}

static int fit_one(void *context, int64_t task, int worker)
{
    const fitting *g = context;
    const eae_fold *f = g->fold;
    const eae_train_spec *spec = f->run->spec;
    int sides = g->fits->sides;
    int64_t labeling = task % g->fits->labelings, param = task / g->fits->labelings;
    const eae_target *t = &g->target[labeling];
    (void)worker;
    if (g->fits->undefined[labeling])
        return EAE_OK;
    eae_als als;
    eae_als_problem q = {.kernels = f->run->dataset.kernels,
                         .x = copy_rows(g, 0, f->n),
                         .n = f->n,
                         .p = g->width,
                         .count = f->split->count,
                         .rank = spec->rank,
                         .lambda = spec->param[param],
                         .tol = spec->tol,
                         .max_iter = spec->max_iter,
                         .seed = spec->seed,
                         .threads = g->threads};
    if (!q.x)
        return EAE_FAIL;
    unit *units = eae_malloc((size_t)sides, sizeof *units);
    for (int side = 0; side < sides; side++) {
        units[side] = unit_of(g, t, side);
        for (int64_t i = 0; i < f->n; i++)
            q.x[i * g->width + g->features + side] =
                (label_of(t, side, sides, f->row[i]) - units[side].mean) / units[side].scale;
    }
    int status = eae_als_fit(&q, &als);
    if (status == EAE_OK) {
        describe(g, &g->fits->fit[task * sides], &als, units);
        status = complete_labels(g, &als, units, g->fits->value + task * sides * (f->m - f->n));
        if (status == EAE_OK && labeling == 0)
            status = make_weights(g, &als, units,
                                  g->fits->weight + param * sides * f->run->dataset.cols);
        eae_als_free(&als);
    }
    free(units);
    free(q.x);
    return status;
}

/* m x features, in units of the preparation. */
static double *prepared_values(const eae_fold *f)
{
    eae_source source = eae_fold_source(f);
    int64_t p = source.feature_count;
    double *x = eae_try_alloc((size_t)(f->m * p), sizeof *x, "prepared values");
    if (!x)
        return NULL;
    eae_source_block(&source, f->row, f->m, 0, p, x);
    for (int64_t k = 0; k < f->m * p && source.inverse; k++)
        x[k] *= source.inverse[eae_source_column(&source, k % p)];
    return x;
}

int eae_fold_als(const eae_fold *f, const eae_target *target, eae_fits *fits)
{
    eae_source source = eae_fold_source(f);
    int64_t jobs = fits->labelings * fits->params;
    bool beside = jobs >= f->threads;
    fitting g = {.fold = f,
                 .target = target,
                 .fits = fits,
                 .feature = source.feature,
                 .features = source.feature_count,
                 .width = source.feature_count + fits->sides,
                 .threads = beside ? 1 : f->threads};
    size_t weights = (size_t)(fits->params * fits->sides * f->run->dataset.cols);
    double *all = prepared_values(f);
    fits->weight = eae_try_alloc(weights, sizeof(double), "weights");
    int status = all && fits->weight ? EAE_OK : EAE_FAIL;
    g.all = all;
    if (status == EAE_OK)
        status = eae_parallel(beside ? f->threads : 1, jobs, fit_one, &g);
    free(all);
    return status;
}
