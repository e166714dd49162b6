/*
 * features.c - sums over features of the data turned over, on the device. See cuda.h.
 *
 * Few features of the many are listed, so they are sent, unless the data is there: then their
 * numbers are.
 */
#include "kernels/cuda/cuda.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const eae_features *features;
    const int64_t *feature;
    int64_t count;
    int64_t width; /* features of a panel */
    bool resident;
    void *values;
    int64_t *index, *rows;
    double *param; /* shift, inverse */
    char *packed;
    double *packed_param;
    eae_cuda_panel panel;
} feed;

static int64_t value_size(const eae_features *f)
{
    return f->is_f64 ? sizeof(double) : sizeof(float);
}

static int64_t number(const feed *d, int64_t f)
{
    return d->feature ? d->feature[f] : f;
}

static void feed_need(const eae_features *f, int64_t count, int64_t m, eae_cuda_need *need)
{
    need->fixed += 8.0 * (double)m;
    need->slice +=
        (double)eae_cuda_width(1, count) * ((double)f->ld * (double)value_size(f) + 3 * 8.0);
    need->staged += (double)eae_cuda_width(1, count) * (double)f->ld * (double)value_size(f);
    need->data = f->x;
    need->bytes = eae_features_bytes(f);
}

static double feed_bytes(const eae_features *f, int64_t count)
{
    double values = (double)count * (double)f->ld * (double)value_size(f);
    return 16.0 * (double)count + (eae_cuda_is_held(f->x, eae_features_bytes(f)) ? 0 : values);
}

static void feed_close(feed *d)
{
    free(d->packed);
    free(d->packed_param);
}

static int feed_open(feed *d, const int64_t *row, int64_t m, int64_t slices, eae_cuda_space *space)
{
    const eae_features *f = d->features;
    const void *there = eae_cuda_resident(f->x, eae_features_bytes(f));
    size_t line = (size_t)(f->ld * value_size(f));
    d->width = eae_cuda_width(slices, d->count);
    d->resident = there != NULL;
    d->rows = eae_cuda_part(space, m, sizeof *d->rows);
    d->param = eae_cuda_part(space, 2 * d->width, sizeof *d->param);
    d->index = eae_cuda_part(space, d->width, sizeof *d->index);
    d->values = there ? NULL : eae_cuda_part(space, d->width, line);
    d->packed_param = eae_cuda_alloc(2 * d->width, sizeof *d->packed_param, "features");
    d->packed = there ? NULL : eae_cuda_alloc(d->width, line, "features");
    d->panel = (eae_cuda_panel){.x = there ? there : d->values,
                                .is_f64 = f->is_f64,
                                .row_step = 1,
                                .feature_step = f->ld,
                                .row = row ? d->rows : NULL,
                                .m = m};
    bool parts = d->rows && d->param && d->index && (there || d->values);
    if (!parts)
        eae_cuda_host->fail("the plan for the CUDA device is too small");
    if (parts && d->packed_param && (there || d->packed) &&
        (!row || eae_cuda_copy_in(d->rows, row, m * 8) == EAE_OK))
        return EAE_OK;
    feed_close(d);
    return EAE_FAIL;
}

static int send_params(feed *d, int64_t first)
{
    const double *const given[2] = {d->features->shift, d->features->inverse};
    const double **const to[2] = {&d->panel.shift, &d->panel.inverse};
    int64_t count = d->panel.count, used = 0;
    for (int p = 0; p < 2; p++) {
        if (!given[p])
            continue;
        *to[p] = d->param + used;
        for (int64_t k = 0; k < count; k++)
            d->packed_param[used + k] = given[p][number(d, first + k)];
        used += count;
    }
    return used ? eae_cuda_copy_in(d->param, d->packed_param, used * 8) : EAE_OK;
}

static int feed_next(feed *d, int64_t first)
{
    const eae_features *f = d->features;
    int64_t left = d->count - first, line = f->ld * value_size(f);
    d->panel.count = left < d->width ? left : d->width;
    if (send_params(d, first) != EAE_OK)
        return EAE_FAIL;
    if (d->resident) {
        d->panel.first = first;
        d->panel.index = d->feature ? d->index : NULL;
        return d->feature ? eae_cuda_copy_in(d->index, d->feature + first, d->panel.count * 8)
                          : EAE_OK;
    }
    for (int64_t k = 0; k < d->panel.count; k++)
        memcpy(d->packed + k * line, (const char *)f->x + number(d, first + k) * line,
               (size_t)line);
    return eae_cuda_copy_in(d->values, d->packed, d->panel.count * line);
}

/* ---- weights --------------------------------------------------------------------------------- */

static int weights_panels(feed *d, const double *there, int64_t k, double *part, double *w)
{
    for (int64_t first = 0; first < d->count; first += d->panel.count) {
        if (feed_next(d, first) != EAE_OK || eae_cuda_dots(&d->panel, there, k, part) != EAE_OK ||
            eae_cuda_copy_out(w + first * k, part, d->panel.count * k * 8) != EAE_OK)
            return EAE_FAIL;
    }
    return EAE_OK;
}

int eae_cuda_feature_weights(const eae_features *features, const int64_t *feature, int64_t count,
                             const double *b, int64_t k, double *w)
{
    int64_t m = features->rows, panel;
    double work = (double)m * (double)count * (double)k;
    if (m == 0 || count == 0 || k == 0 || k > EAE_CUDA_GRID_MOST ||
        eae_cuda_spares(work, feed_bytes(features, count), 8.0 * (double)(count * k)))
        return eae_cuda_near()->feature_weights(features, feature, count, b, k, w);
    eae_cuda_need need = {.fixed = 8.0 * (double)m * (double)k,
                          .slice = 8.0 * (double)eae_cuda_width(1, count) * (double)k};
    feed_need(features, count, m, &need);
    eae_cuda_space space;
    feed d = {.features = features, .feature = feature, .count = count};
    if (eae_cuda_begin(&need, eae_cuda_slices(count), &space, &panel) != EAE_OK)
        return EAE_FAIL;
    double *there = eae_cuda_part(&space, m * k, sizeof *there);
    double *part = eae_cuda_part(&space, eae_cuda_width(panel, count) * k, sizeof *part);
    if (feed_open(&d, NULL, m, panel, &space) != EAE_OK)
        return eae_cuda_end(EAE_FAIL);
    int status = eae_cuda_copy_in(there, b, m * k * 8);
    if (status == EAE_OK)
        status = weights_panels(&d, there, k, part, w);
    feed_close(&d);
    return eae_cuda_end(status);
}

/* ---- gram ------------------------------------------------------------------------------------ */

static int gram_panels(feed *d, bool is_f64, double sign, void *z, double *part, double *total)
{
    int64_t m = d->panel.m;
    for (int64_t first = 0; first < d->count; first += d->panel.count) {
        if (feed_next(d, first) != EAE_OK || eae_cuda_values(&d->panel, is_f64, z) != EAE_OK)
            return EAE_FAIL;
        eae_cuda_product p = {.is_f64 = is_f64, .ta = true, .triangle = true, .a = z, .b = z};
        p.lda = p.ldb = p.m = p.n = m;
        p.depth = d->panel.count;
        p.slice = EAE_CUDA_SLICE;
        p.part = part;
        if (eae_cuda_product_slices(&p) != EAE_OK ||
            eae_cuda_add_slices(part, eae_cuda_slices(p.depth), m, m, true, sign, total) != EAE_OK)
            return EAE_FAIL;
    }
    return EAE_OK;
}

int eae_cuda_feature_gram(const eae_features *features, const int64_t *feature, int64_t count,
                          const int64_t *row, int64_t m, eae_precision precision, double sign,
                          double *gram, int threads)
{
    bool is_f64 = precision == EAE_PRECISION_F64;
    size_t size = is_f64 ? sizeof(double) : sizeof(float);
    double square = 8.0 * (double)m * (double)m;
    double work = (double)m * (double)m * (double)count;
    int64_t panel;
    if (m == 0 || count == 0 || eae_cuda_spares(work, feed_bytes(features, count) + square, square))
        return eae_cuda_near()->feature_gram(features, feature, count, row, m, precision, sign,
                                             gram, threads);
    eae_cuda_need need = {.fixed = square,
                          .slice =
                              square + (double)m * (double)eae_cuda_width(1, count) * (double)size};
    feed_need(features, count, m, &need);
    eae_cuda_space space;
    feed d = {.features = features, .feature = feature, .count = count};
    if (eae_cuda_begin(&need, eae_cuda_slices(count), &space, &panel) != EAE_OK)
        return EAE_FAIL;
    double *total = eae_cuda_part(&space, m * m, sizeof *total);
    double *part = eae_cuda_part(&space, panel * m * m, sizeof *part);
    void *z = eae_cuda_part(&space, eae_cuda_width(panel, count) * m, size);
    if (feed_open(&d, row, m, panel, &space) != EAE_OK)
        return eae_cuda_end(EAE_FAIL);
    int status = eae_cuda_copy_in(total, gram, m * m * 8);
    if (status == EAE_OK)
        status = gram_panels(&d, is_f64, sign, z, part, total);
    if (status == EAE_OK)
        status = eae_cuda_copy_out(gram, total, m * m * 8);
    feed_close(&d);
    return eae_cuda_end(status);
}
