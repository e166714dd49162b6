/* eliminate_run.c - see eliminate_run.h. */
#include "eval/eliminate/eliminate_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/eliminate/eliminate_sparse.h"

/* The Gram matrix is made anew where so much less is left: what roundings of f32 leave in it grows
 * with the square root of what was taken off. Decision values of 200 x 54,675 differ from those in
 * f64 by 2.2e-8 on average with a factor of 2, by 2.4e-8 with 4 and 2.7e-8 with 8. */
enum { REBUILD = 8 };

/* ---- opening --------------------------------------------------------------------------------- */

/* What a fold makes of the features that is not but a shift and a scale of them. */
static int own_values(eae_elimination *e, const eae_source *source, int threads)
{
    int64_t m = e->fold.m, ld = eae_features_stride(m);
    e->own_values =
        eae_try_alloc((size_t)(source->cols * ld), sizeof(double), "the data turned over");
    if (!e->own_values)
        return EAE_FAIL;
    e->fold.features = (eae_features){
        .x = e->own_values, .is_f64 = true, .rows = m, .ld = ld, .cols = source->cols};
    e->own_row = eae_malloc((size_t)m, sizeof *e->own_row);
    for (int64_t i = 0; i < m; i++)
        e->own_row[i] = i;
    e->fold.feature_row = e->own_row;
    const eae_kernels *kernels = e->run.dataset.kernels;
    int status = kernels->turn(source, e->fold.row, m, true, e->own_values, threads);
    eae_kernels_hold(kernels, e->own_values, eae_features_bytes(&e->fold.features));
    return status;
}

/* Is feature j 0 in all training rows? */
static bool is_nothing(const eae_elimination *e, int64_t j)
{
    const eae_features *f = &e->fold.features;
    double shift = f->shift ? f->shift[j] : 0;
    bool nothing = true;
    for (int64_t i = 0; i < e->fold.n && nothing; i++) {
        int64_t at = j * f->ld + e->fold.feature_row[i];
        double x = f->is_f64 ? ((const double *)f->x)[at] : (double)((const float *)f->x)[at];
        nothing = x == shift;
    }
    return nothing;
}

/* Bounds of |z|: for scaled features known without looking, but for constant ones, whose scale is 1
 * and whose weight is 0 to the bit. */
static int make_norms(eae_elimination *e)
{
    int64_t cols = e->fold.features.cols;
    e->norm = eae_try_alloc((size_t)cols, sizeof(double), "norms of features");
    if (!e->norm)
        return EAE_FAIL;
    eae_scaling scaling = e->run.spec->prepare.scaling;
    if (scaling == EAE_SCALE_NONE || (scaling == EAE_SCALE_ALL && e->own_values)) {
        eae_feature_norms(&e->fold.features, e->fold.feature_row, e->fold.n, e->norm);
        return EAE_OK;
    }
    double total = 0; /* of the rows that the features were scaled by */
    for (int64_t i = 0; i < e->fold.n; i++)
        total += e->fold.split->count[i];
    if (scaling == EAE_SCALE_ALL)
        total = (double)e->run.dataset.rows;
    const double *scale = e->fold.prepared.scale;
    for (int64_t j = 0; j < cols; j++)
        e->norm[j] = scale[j] == 1 && is_nothing(e, j) ? 0 : sqrt(total) * (1 + 1e-6);
    return EAE_OK;
}

static int list_active(eae_elimination *e)
{
    const eae_prepared *p = &e->fold.prepared;
    int64_t cols = e->run.dataset.cols;
    e->active = eae_try_alloc((size_t)cols, sizeof(int64_t), "the features in the model");
    e->rank = eae_try_alloc((size_t)cols, sizeof(int32_t), "ranks");
    if (!e->active || !e->rank)
        return EAE_FAIL;
    e->count = p->feature ? p->feature_count : cols;
    for (int64_t k = 0; k < e->count; k++)
        e->active[k] = p->feature ? p->feature[k] : k;
    /* what the filter left out went before all others, lower columns first */
    int64_t out = cols, next = 0;
    for (int64_t j = 0; j < cols; j++) {
        bool in = next < e->count && e->active[next] == j;
        next += in;
        e->rank[j] = in ? 0 : (int32_t)out--;
    }
    e->rebuilt = e->count;
    return EAE_OK;
}

int eae_elimination_ready(eae_elimination *e, int threads)
{
    int status = EAE_OK;
    if (e->norm)
        return EAE_OK;
    if (e->own_values)
        status = eae_rough_open(&e->own_rough, e->run.dataset.kernels, &e->fold.features, threads);
    return status == EAE_OK ? make_norms(e) : status;
}

/* Before the first search for small weights. */
static int open_scan(eae_elimination *e, int threads)
{
    if (e->model)
        return EAE_OK;
    if (eae_elimination_ready(e, threads) != EAE_OK)
        return EAE_FAIL;
    e->model = EAE_NEW_ARRAY(double, e->fold.features.rows * e->fits.sides);
    return eae_weight_scan_open(&e->scan, e->run.dataset.kernels, &e->fold.features,
                                e->own_values ? &e->own_rough : &e->run.turned.rough, e->fits.sides,
                                e->norm);
}

/* Permuted labels may leave nothing to learn. */
static int open_fits(eae_elimination *e)
{
    int status = eae_fits_open(&e->fits, &e->fold, e->target, NULL, 1);
    e->undefined = status == EAE_OK && e->fits.undefined[0];
    return status;
}

/* *e has its specification, of one parameter, and its target. */
static int open_with(eae_elimination *e, const eae_run *run, const eae_split *split, int threads)
{
    e->run = *run;
    e->run.spec = &e->spec;
    e->gap = INFINITY;
    int status = eae_fold_open(&e->fold, &e->run, split, e->target, threads);
    e->undefined = status == EAE_OK && e->fold.prepared.empty;
    if (status != EAE_OK || e->undefined)
        return status;
    eae_source source = eae_fold_source(&e->fold);
    e->precision =
        eae_kernels_precision(run->dataset.rows, source.feature_count, run->dataset.is_f64);
    status = e->fold.features.x ? EAE_OK : own_values(e, &source, threads);
    if (status == EAE_OK)
        status = list_active(e);
    return status == EAE_OK ? open_fits(e) : status;
}

int eae_elimination_open(eae_elimination *e, const eae_run *run, const eae_split *split, int param,
                         const eae_target *target, int threads)
{
    *e = (eae_elimination){.spec = *run->spec, .target = target};
    e->spec.param = run->spec->param + param;
    e->spec.params = 1;
    return open_with(e, run, split, threads);
}

/* The Gram matrix of the features that are in, from nothing. */
static int rebuild(eae_elimination *e, int threads)
{
    int64_t m = e->fold.m;
    memset(e->fold.gram, 0, (size_t)(m * m) * sizeof(double));
    e->rebuilt = e->count;
    return e->run.dataset.kernels->feature_gram(&e->fold.features, e->active, e->count,
                                                e->fold.feature_row, m, e->precision, 1,
                                                e->fold.gram, threads);
}

int eae_elimination_open_among(eae_elimination *e, const eae_elimination *outer,
                               const eae_split *split, int threads)
{
    *e = (eae_elimination){.spec = outer->spec, .target = outer->target};
    e->spec.prepare.filter = EAE_FILTER_NONE;
    int status = open_with(e, &outer->run, split, threads);
    if (status != EAE_OK || outer->count == e->count)
        return status;
    e->count = outer->count;
    memcpy(e->active, outer->active, (size_t)e->count * sizeof *e->active);
    return e->fold.gram ? rebuild(e, threads) : EAE_OK;
}

/* A state of its own, as *of has it. */
static int copy_state(eae_elimination *e, const eae_elimination *of)
{
    size_t cols = (size_t)e->run.dataset.cols, m = (size_t)e->fold.m;
    e->active = eae_try_alloc(cols, sizeof *e->active, "the features in the model");
    e->rank = eae_try_alloc(cols, sizeof *e->rank, "ranks");
    if (!e->active || !e->rank)
        return EAE_FAIL;
    memcpy(e->active, of->active, (size_t)e->count * sizeof *e->active);
    memcpy(e->rank, of->rank, cols * sizeof *e->rank);
    if (!of->fold.gram)
        return EAE_OK;
    e->fold.gram = eae_try_alloc(m * m, sizeof(double), "the Gram matrix of a fold");
    if (!e->fold.gram)
        return EAE_FAIL;
    memcpy(e->fold.gram, of->fold.gram, m * m * sizeof(double));
    return EAE_OK;
}

int eae_elimination_again(eae_elimination *e, const eae_elimination *of, const eae_target *target)
{
    *e = (eae_elimination){.spec = of->spec,
                           .run = of->run,
                           .fold = of->fold,
                           .target = target,
                           .own_values = of->own_values,
                           .own_rough = of->own_rough,
                           .norm = of->norm,
                           .count = of->count,
                           .rebuilt = of->rebuilt,
                           .precision = of->precision,
                           .gap = INFINITY,
                           .borrows = true};
    e->run.spec = &e->spec;
    e->fold.run = &e->run;
    e->fold.gram = NULL;
    int status = copy_state(e, of);
    return status == EAE_OK ? open_fits(e) : status;
}

static void close_ground(eae_elimination *e)
{
    eae_fold_close(&e->fold);
    eae_kernels_release(e->run.dataset.kernels, e->own_values);
    free(e->own_values);
    eae_rough_close(&e->own_rough);
    free(e->own_row);
    free(e->norm);
}

void eae_elimination_close(eae_elimination *e)
{
    if (e->borrows)
        free(e->fold.gram);
    else
        close_ground(e);
    eae_fits_free(&e->fits);
    eae_weight_scan_close(&e->scan);
    eae_elimination_forget_order(e);
    free(e->active);
    free(e->model);
    free(e->rank);
    *e = (eae_elimination){0};
}

/* ---- steps ----------------------------------------------------------------------------------- */

eae_fold eae_elimination_left(const eae_elimination *e)
{
    eae_fold left = e->fold;
    left.prepared.feature = e->active;
    left.prepared.feature_count = e->count;
    return left;
}

int eae_elimination_fit(eae_elimination *e)
{
    bool sparse = eae_train_is_sparse(&e->spec);
    if (e->fitted && sparse)
        return EAE_OK;
    eae_fold left = eae_elimination_left(e);
    int status = eae_fold_refit(&left, e->target, &e->fits);
    for (int side = 0; side < e->fits.sides && status == EAE_OK; side++)
        e->unconverged += !e->fits.fit[side].converged;
    e->fitted = status == EAE_OK;
    eae_elimination_forget_order(e);
    return status;
}

int eae_elimination_smallest(eae_elimination *e, int64_t r, int64_t *smallest, int threads)
{
    int sides = e->fits.sides;
    double gap;
    if (eae_train_is_sparse(&e->spec))
        return eae_elimination_first(e, r, smallest);
    if (open_scan(e, threads) != EAE_OK)
        return EAE_FAIL;
    for (int64_t i = 0; i < e->fold.n; i++) {
        for (int side = 0; side < sides; side++)
            e->model[e->fold.feature_row[i] * sides + side] = e->fits.fit[side].beta[i];
    }
    int status = eae_weight_scan_smallest(&e->scan, e->active, e->count, e->model, r, smallest,
                                          &gap, threads);
    e->gap = fmin(e->gap, gap);
    return status;
}

/* Features that got a rank are out. Without a branch, which would be foretold badly. */
static void compact(eae_elimination *e)
{
    int64_t kept = 0, *active = e->active;
    const int32_t *rank = e->rank;
    for (int64_t k = 0; k < e->count; k++) {
        int64_t j = active[k];
        active[kept] = j;
        kept += rank[j] == 0;
    }
    e->count = kept;
    e->fitted = e->fitted && eae_train_is_sparse(&e->spec) && eae_elimination_still(e);
}

/* The Gram matrix once they are out. */
static int downdate(eae_elimination *e, const int64_t *feature, int64_t r, int threads)
{
    if (!e->fold.gram)
        return EAE_OK;
    if (e->count * REBUILD <= e->rebuilt)
        return rebuild(e, threads);
    return e->run.dataset.kernels->feature_gram(&e->fold.features, feature, r, e->fold.feature_row,
                                                e->fold.m, e->precision, -1, e->fold.gram, threads);
}

int eae_elimination_remove(eae_elimination *e, const int64_t *feature, int64_t r, int threads)
{
    for (int64_t k = 0; k < r; k++)
        e->rank[feature[k]] = (int32_t)(e->count - k);
    compact(e);
    return downdate(e, feature, r, threads);
}

int eae_elimination_remove_together(eae_elimination *e, const int64_t *feature, int64_t r,
                                    int threads)
{
    for (int64_t k = 0; k < r; k++)
        e->rank[feature[k]] = (int32_t)e->count;
    compact(e);
    return downdate(e, feature, r, threads);
}

void eae_elimination_exchange(eae_elimination *e, eae_bytes *bytes)
{
    int64_t m = e->fold.m, n = e->fold.n, terms = e->spec.covariates.terms, sides = e->fits.sides;
    int64_t *whole[] = {&e->count, &e->rebuilt, &e->unconverged};
    for (size_t k = 0; k < sizeof whole / sizeof *whole; k++)
        eae_bytes_exchange(bytes, whole[k], sizeof *whole[k]);
    if (e->count < 1 || e->count > e->fold.features.cols) /* how much there is to read */
        bytes->short_of = true;
    if (bytes->short_of)
        return;
    eae_bytes_exchange(bytes, &e->gap, sizeof e->gap);
    eae_bytes_exchange(bytes, e->active, (size_t)e->count * sizeof *e->active);
    eae_bytes_exchange(bytes, e->rank, (size_t)e->fold.features.cols * sizeof *e->rank);
    if (e->fold.gram)
        eae_bytes_exchange(bytes, e->fold.gram, (size_t)(m * m) * sizeof(double));
    n = eae_train_is_sparse(&e->spec) ? 0 : n;
    eae_bytes_exchange(bytes, e->fits.block, (size_t)(sides * (n + terms)) * sizeof(double));
    for (int64_t side = 0; side < sides; side++)
        eae_bytes_exchange(bytes, &e->fits.fit[side].intercept, sizeof(double));
    if (eae_train_is_sparse(&e->spec))
        eae_elimination_exchange_sparse(e, bytes);
}
