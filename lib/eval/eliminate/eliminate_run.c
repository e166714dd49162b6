/* eliminate_run.c - see eliminate_run.h. */
#include "eval/eliminate/eliminate_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The Gram matrix is made anew where so much less is left: what roundings of f32 leave in it grows
 * with the square root of what was taken off. Decision values of 200 x 54,675 differ from those in
 * f64 by 2.2e-8 on average with a factor of 2, by 2.4e-8 with 4 and 2.7e-8 with 8. */
enum { REBUILD = 8 };

/* ---- the data turned over -------------------------------------------------------------------- */

/* Do folds differ in shift and scale of the features only? */
static bool is_plain(const eae_run *run)
{
    bool filled = run->dataset.missing && run->spec->prepare.imputation != EAE_IMPUTE_NONE;
    return !filled && !run->spec->prepare.design;
}

/* Where it lies makes no difference to the numbers. */
static int turned_memory(eae_turned *turned, const eae_run *run, int64_t ld)
{
    static const char what[] = "the data turned over";
    const eae_dataset *d = &run->dataset;
    size_t size = d->is_f64 ? sizeof(double) : sizeof(float), count = (size_t)(d->cols * ld);
    double bytes = (double)count * (double)size, have = (double)run->spec->memory;
    if (have > 0 && bytes > have / 2)
        return eae_spill_open(&turned->spill, count * size, run->spec->tmpdir, what);
    turned->memory = eae_try_alloc(count, size, what);
    return turned->memory ? EAE_OK : EAE_FAIL;
}

int eae_turned_open(eae_turned *turned, const eae_run *run)
{
    const eae_dataset *d = &run->dataset;
    *turned = (eae_turned){0};
    if (!is_plain(run))
        return EAE_OK;
    int64_t ld = eae_features_stride(d->rows);
    if (turned_memory(turned, run, ld) != EAE_OK)
        return EAE_FAIL;
    void *x = turned->memory ? turned->memory : turned->spill.bytes;
    turned->features =
        (eae_features){.x = x, .is_f64 = d->is_f64, .rows = d->rows, .ld = ld, .cols = d->cols};
    eae_source source = {
        .x = d->x, .is_f64 = d->is_f64, .rows = d->rows, .cols = d->cols, .feature_count = d->cols};
    if (d->is_f64) { /* f32 values less the reference would be rounded; f64 ones are spared digits
                      */
        source.shift = d->reference;
        turned->features.shift = d->reference;
    }
    int threads = run->spec->threads;
    int status = d->kernels->turn(&source, NULL, d->rows, d->is_f64, x, threads);
    turned->kernels = d->kernels;
    eae_kernels_hold(d->kernels, x, eae_features_bytes(&turned->features));
    return status == EAE_OK ? eae_rough_open(&turned->rough, d->kernels, &turned->features, threads)
                            : status;
}

void eae_turned_close(eae_turned *turned)
{
    eae_kernels_release(turned->kernels, turned->features.x);
    free(turned->memory);
    eae_spill_close(&turned->spill);
    eae_rough_close(&turned->rough);
    *turned = (eae_turned){0};
}

/* The shared values, with the shift and scale of the fold. */
static int share_values(eae_elimination *e, const eae_turned *turned, const eae_source *source)
{
    int64_t cols = source->cols;
    const double *reference = turned->features.shift;
    e->features = turned->features;
    e->features.shift = source->shift;
    e->features.inverse = source->inverse;
    e->row = e->fold.row;
    if (!reference)
        return EAE_OK;
    e->own_shift = eae_try_alloc((size_t)cols, sizeof(double), "feature means");
    if (!e->own_shift)
        return EAE_FAIL;
    for (int64_t j = 0; j < cols; j++)
        e->own_shift[j] = (source->shift ? source->shift[j] : 0) - reference[j];
    e->features.shift = e->own_shift;
    return EAE_OK;
}

/* What the fold makes of them, values of its own. */
static int own_values(eae_elimination *e, const eae_source *source, int threads)
{
    int64_t m = e->fold.m, ld = eae_features_stride(m);
    e->own_values =
        eae_try_alloc((size_t)(source->cols * ld), sizeof(double), "the data turned over");
    if (!e->own_values)
        return EAE_FAIL;
    e->features = (eae_features){
        .x = e->own_values, .is_f64 = true, .rows = m, .ld = ld, .cols = source->cols};
    e->own_row = eae_malloc((size_t)m, sizeof *e->own_row);
    for (int64_t i = 0; i < m; i++)
        e->own_row[i] = i;
    e->row = e->own_row;
    const eae_kernels *kernels = e->run.dataset.kernels;
    int status = kernels->turn(source, e->fold.row, m, true, e->own_values, threads);
    eae_kernels_hold(kernels, e->own_values, eae_features_bytes(&e->features));
    return status == EAE_OK ? eae_rough_open(&e->own_rough, kernels, &e->features, threads)
                            : status;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Is feature j 0 in all training rows? */
static bool is_nothing(const eae_elimination *e, int64_t j)
{
    const eae_features *f = &e->features;
    double shift = f->shift ? f->shift[j] : 0;
    bool nothing = true;
    for (int64_t i = 0; i < e->fold.n && nothing; i++) {
        int64_t at = j * f->ld + e->row[i];
        double x = f->is_f64 ? ((const double *)f->x)[at] : (double)((const float *)f->x)[at];
        nothing = x == shift;
    }
    return nothing;
}

/* Bounds of |z|: for scaled features known without looking, but for constant ones, whose scale is 1
 * and whose weight is 0 to the bit. */
static int make_norms(eae_elimination *e)
{
    int64_t cols = e->features.cols;
    e->norm = eae_try_alloc((size_t)cols, sizeof(double), "norms of features");
    if (!e->norm)
        return EAE_FAIL;
    eae_scaling scaling = e->run.spec->prepare.scaling;
    if (scaling == EAE_SCALE_NONE || (scaling == EAE_SCALE_ALL && e->own_values)) {
        eae_feature_norms(&e->features, e->row, e->fold.n, e->norm);
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

static int open_scan(eae_elimination *e, const eae_turned *turned)
{
    e->model = EAE_NEW_ARRAY(double, e->features.rows * e->fits.sides);
    return eae_weight_scan_open(&e->scan, e->run.dataset.kernels, &e->features,
                                turned->features.x ? &turned->rough : &e->own_rough, e->fits.sides,
                                e->norm);
}

/* *e has its specification, of one parameter, and its target. */
static int open_with(eae_elimination *e, const eae_run *run, const eae_turned *turned,
                     const eae_split *split, int threads)
{
    e->run = *run;
    e->run.spec = &e->spec;
    e->gap = INFINITY;
    int status = eae_fold_open(&e->fold, &e->run, split, e->target, threads);
    if (status != EAE_OK)
        return status;
    eae_source source = eae_fold_source(&e->fold);
    e->precision =
        eae_kernels_precision(run->dataset.rows, source.feature_count, run->dataset.is_f64);
    status =
        turned->features.x ? share_values(e, turned, &source) : own_values(e, &source, threads);
    if (status == EAE_OK)
        status = make_norms(e);
    if (status == EAE_OK)
        status = list_active(e);
    if (status == EAE_OK)
        status = eae_fits_open(&e->fits, &e->fold, e->target, NULL, 1);
    return status == EAE_OK ? open_scan(e, turned) : status;
}

int eae_elimination_open(eae_elimination *e, const eae_run *run, const eae_turned *turned,
                         const eae_split *split, int param, const eae_target *target, int threads)
{
    *e = (eae_elimination){.spec = *run->spec, .target = target};
    e->spec.param = run->spec->param + param;
    e->spec.params = 1;
    return open_with(e, run, turned, split, threads);
}

/* The Gram matrix of the features that are in, from nothing. */
static int rebuild(eae_elimination *e, int threads)
{
    int64_t m = e->fold.m;
    memset(e->fold.gram, 0, (size_t)(m * m) * sizeof(double));
    e->rebuilt = e->count;
    return e->run.dataset.kernels->feature_gram(&e->features, e->active, e->count, e->row, m,
                                                e->precision, 1, e->fold.gram, threads);
}

int eae_elimination_open_among(eae_elimination *e, const eae_elimination *outer,
                               const eae_turned *turned, const eae_split *split, int threads)
{
    *e = (eae_elimination){.spec = outer->spec, .target = outer->target};
    e->spec.prepare.filter = EAE_FILTER_NONE;
    int status = open_with(e, &outer->run, turned, split, threads);
    if (status != EAE_OK || outer->count == e->count)
        return status;
    e->count = outer->count;
    memcpy(e->active, outer->active, (size_t)e->count * sizeof *e->active);
    return rebuild(e, threads);
}

void eae_elimination_close(eae_elimination *e)
{
    eae_fold_close(&e->fold);
    eae_fits_free(&e->fits);
    eae_weight_scan_close(&e->scan);
    eae_kernels_release(e->run.dataset.kernels, e->own_values);
    free(e->own_values);
    eae_rough_close(&e->own_rough);
    free(e->own_row);
    free(e->own_shift);
    free(e->norm);
    free(e->active);
    free(e->model);
    free(e->rank);
    *e = (eae_elimination){0};
}

/* ---- steps ----------------------------------------------------------------------------------- */

int eae_elimination_fit(eae_elimination *e)
{
    int status = eae_fold_refit(&e->fold, e->target, &e->fits);
    for (int side = 0; side < e->fits.sides && status == EAE_OK; side++)
        e->unconverged += !e->fits.fit[side].converged;
    return status;
}

int eae_elimination_smallest(eae_elimination *e, int64_t r, int64_t *smallest, int threads)
{
    int sides = e->fits.sides;
    double gap;
    for (int64_t i = 0; i < e->fold.n; i++) {
        for (int side = 0; side < sides; side++)
            e->model[e->row[i] * sides + side] = e->fits.fit[side].beta[i];
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
}

/* The Gram matrix once they are out. */
static int downdate(eae_elimination *e, const int64_t *feature, int64_t r, int threads)
{
    if (e->count * REBUILD <= e->rebuilt)
        return rebuild(e, threads);
    return e->run.dataset.kernels->feature_gram(&e->features, feature, r, e->row, e->fold.m,
                                                e->precision, -1, e->fold.gram, threads);
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
    if (e->count < 1 || e->count > e->features.cols) /* how much there is to read */
        bytes->short_of = true;
    if (bytes->short_of)
        return;
    eae_bytes_exchange(bytes, &e->gap, sizeof e->gap);
    eae_bytes_exchange(bytes, e->active, (size_t)e->count * sizeof *e->active);
    eae_bytes_exchange(bytes, e->rank, (size_t)e->features.cols * sizeof *e->rank);
    eae_bytes_exchange(bytes, e->fold.gram, (size_t)(m * m) * sizeof(double));
    eae_bytes_exchange(bytes, e->fits.block, (size_t)(sides * (n + terms)) * sizeof(double));
    for (int64_t side = 0; side < sides; side++)
        eae_bytes_exchange(bytes, &e->fits.fit[side].intercept, sizeof(double));
}
