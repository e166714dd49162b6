/* feed.c - panels of a source on their way to the device. See cuda.h. */
#include "kernels/cuda/cuda.h"

#include <stdlib.h>
#include <string.h>

enum { PARAMS = 3 }; /* fill, shift, inverse */

static int64_t value_size(const eae_source *s)
{
    return s->is_f64 ? sizeof(double) : sizeof(float);
}

static int64_t source_bytes(const eae_source *s)
{
    return s->rows * s->cols * value_size(s);
}

int64_t eae_cuda_features(const eae_source *source)
{
    return source->feature ? source->feature_count : source->cols;
}

int64_t eae_cuda_slices(int64_t features)
{
    return (features + EAE_CUDA_SLICE - 1) / EAE_CUDA_SLICE;
}

int64_t eae_cuda_width(int64_t slices, int64_t features)
{
    int64_t width = slices * EAE_CUDA_SLICE;
    return width < features ? width : features;
}

void eae_cuda_feed_need(const eae_source *s, int64_t m, eae_cuda_need *need)
{
    double design_rows = (double)(s->rows > m ? s->rows : m);
    need->fixed += 8.0 * (double)m + 8.0 * design_rows * (double)s->terms;
    need->slice += (double)eae_cuda_width(1, eae_cuda_features(s)) *
                   ((double)m * (double)value_size(s) + 8.0 * (double)(PARAMS + s->terms) + 8.0);
    need->staged +=
        (double)eae_cuda_width(1, eae_cuda_features(s)) * (double)m * (double)value_size(s);
    need->data = s->x;
    need->bytes = source_bytes(s);
}

double eae_cuda_feed_bytes(const eae_source *s, int64_t m)
{
    double features = (double)eae_cuda_features(s);
    double values = (double)m * features * (double)value_size(s);
    return features * 8.0 * (double)(PARAMS + s->terms) +
           (eae_cuda_is_held(s->x, source_bytes(s)) ? 0 : values);
}

/* Data on the device is addressed by row number; else the rows in use are sent, in order. */
static int send_rows(eae_cuda_feed *f)
{
    const eae_source *s = f->source;
    if (f->resident) {
        f->panel.row = f->row ? f->rows : NULL;
        if (f->row && eae_cuda_copy_in(f->rows, f->row, f->m * 8) != EAE_OK)
            return EAE_FAIL;
        return s->terms ? eae_cuda_copy_in(f->design, s->design, s->rows * s->terms * 8) : EAE_OK;
    }
    if (s->terms == 0)
        return EAE_OK;
    if (!f->row)
        return eae_cuda_copy_in(f->design, s->design, f->m * s->terms * 8);
    double *own = eae_cuda_alloc(f->m * s->terms, sizeof *own, "design of rows");
    if (!own)
        return EAE_FAIL;
    for (int64_t i = 0; i < f->m; i++)
        memcpy(own + i * s->terms, s->design + f->row[i] * s->terms,
               (size_t)s->terms * sizeof *own);
    int status = eae_cuda_copy_in(f->design, own, f->m * s->terms * 8);
    free(own);
    return status;
}

int eae_cuda_feed_open(eae_cuda_feed *f, const eae_source *s, const int64_t *row, int64_t m,
                       int64_t slices, eae_cuda_space *space)
{
    *f = (eae_cuda_feed){
        .source = s, .row = row, .m = m, .features = eae_cuda_features(s), .slices = slices};
    int64_t width = eae_cuda_width(slices, f->features), params = PARAMS + s->terms;
    const void *there = eae_cuda_resident(s->x, source_bytes(s));
    f->resident = there != NULL;
    f->rows = eae_cuda_part(space, m, sizeof *f->rows);
    f->design = eae_cuda_part(space, (f->resident ? s->rows : m) * s->terms, sizeof *f->design);
    f->param = eae_cuda_part(space, width * params, sizeof *f->param);
    f->index = eae_cuda_part(space, width, sizeof *f->index);
    f->values = f->resident ? NULL : eae_cuda_part(space, width * m, (size_t)value_size(s));
    f->packed_param = eae_cuda_alloc(width * params, sizeof *f->packed_param, "features");
    if (!f->resident && (row || s->feature))
        f->packed = eae_cuda_alloc(width * m, (size_t)value_size(s), "features");
    f->panel = (eae_cuda_panel){.x = f->resident ? there : f->values,
                                .is_f64 = s->is_f64,
                                .row_step = s->cols,
                                .feature_step = 1,
                                .m = m,
                                .design = s->terms ? f->design : NULL,
                                .terms = s->terms};
    bool parts = f->rows && f->design && f->param && f->index && (f->resident || f->values);
    if (!parts)
        eae_cuda_host->fail("the plan for the CUDA device is too small");
    if (!parts || !f->packed_param || (!f->packed && !f->resident && (row || s->feature)) ||
        send_rows(f) != EAE_OK) {
        eae_cuda_feed_close(f);
        return EAE_FAIL;
    }
    return EAE_OK;
}

void eae_cuda_feed_close(eae_cuda_feed *f)
{
    free(f->packed);
    free(f->packed_param);
    f->packed = NULL;
    f->packed_param = NULL;
}

/* One after the other, what is given of fill, shift, inverse and coef. */
static int send_params(eae_cuda_feed *f, int64_t first)
{
    const eae_source *s = f->source;
    const double *const given[PARAMS] = {s->fill, s->shift, s->inverse};
    const double **const to[PARAMS] = {&f->panel.fill, &f->panel.shift, &f->panel.inverse};
    int64_t count = f->panel.count, used = 0;
    for (int64_t p = 0; p < PARAMS + s->terms; p++) {
        const double *from = p < PARAMS ? given[p] : s->coef + (p - PARAMS) * s->cols;
        if (!from)
            continue;
        if (p < PARAMS)
            *to[p] = f->param + used;
        else if (p == PARAMS)
            f->panel.coef = f->param + used;
        for (int64_t k = 0; k < count; k++)
            f->packed_param[used + k] = from[eae_cuda_column(s, first + k)];
        used += count;
    }
    return used ? eae_cuda_copy_in(f->param, f->packed_param, used * 8) : EAE_OK;
}

static void pack_row(const eae_cuda_feed *f, int64_t i, int64_t first, char *to)
{
    const eae_source *s = f->source;
    int64_t size = value_size(s), count = f->panel.count;
    const char *x = (const char *)s->x + (f->row ? f->row[i] : i) * s->cols * size;
    if (!s->feature) {
        memcpy(to, x + first * size, (size_t)(count * size));
        return;
    }
    for (int64_t k = 0; k < count; k++)
        memcpy(to + k * size, x + s->feature[first + k] * size, (size_t)size);
}

/* The values of the rows and features in use, side by side. */
static int send_values(eae_cuda_feed *f, int64_t first)
{
    const eae_source *s = f->source;
    int64_t size = value_size(s), line = f->panel.count * size;
    f->panel.row_step = f->panel.count;
    if (!f->packed)
        return eae_cuda_copy_in_rows(f->values, (const char *)s->x + first * size, f->m, line,
                                     s->cols * size);
    for (int64_t i = 0; i < f->m; i++)
        pack_row(f, i, first, f->packed + i * line);
    return eae_cuda_copy_in(f->values, f->packed, f->m * line);
}

int eae_cuda_feed_next(eae_cuda_feed *f, int64_t first)
{
    int64_t left = f->features - first, width = eae_cuda_width(f->slices, f->features);
    const eae_source *s = f->source;
    f->panel.count = left < width ? left : width;
    if (send_params(f, first) != EAE_OK)
        return EAE_FAIL;
    if (!f->resident)
        return send_values(f, first);
    f->panel.first = first;
    f->panel.index = s->feature ? f->index : NULL;
    return s->feature ? eae_cuda_copy_in(f->index, s->feature + first, f->panel.count * 8) : EAE_OK;
}
