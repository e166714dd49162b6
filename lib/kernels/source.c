/* source.c - see source.h. */
#include "kernels/source.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static void copy_f32(const float *x, const int64_t *feature, int64_t count, double *out)
{
    if (feature) {
        for (int64_t k = 0; k < count; k++)
            out[k] = (double)x[feature[k]];
    } else {
        for (int64_t k = 0; k < count; k++)
            out[k] = (double)x[k];
    }
}

static void copy_f64(const double *x, const int64_t *feature, int64_t count, double *out)
{
    if (feature) {
        for (int64_t k = 0; k < count; k++)
            out[k] = x[feature[k]];
    } else {
        memcpy(out, x, (size_t)count * sizeof *out);
    }
}

static void copy_values(const eae_source *s, int64_t row, int64_t first, int64_t count, double *out)
{
    const int64_t *feature = s->feature ? s->feature + first : NULL;
    int64_t from = row * s->cols + (feature ? 0 : first);
    if (s->is_f64)
        copy_f64((const double *)s->x + from, feature, count, out);
    else
        copy_f32((const float *)s->x + from, feature, count, out);
}

static double residual(const eae_source *s, const double *design, int64_t column, double value)
{
    double size = fabs(value), rest = value;
    for (int64_t t = 0; t < s->terms; t++) {
        double part = design[t] * s->coef[t * s->cols + column];
        rest -= part;
        size += fabs(part);
    }
    return fabs(rest) < 0x1p-40 * size ? 0 : rest;
}

void eae_source_row(const eae_source *s, int64_t row, int64_t first, int64_t count, double *out)
{
    copy_values(s, row, first, count, out);
    if (s->fill) {
        for (int64_t k = 0; k < count; k++)
            out[k] = isnan(out[k]) ? s->fill[eae_source_column(s, first + k)] : out[k];
    }
    if (s->design && s->coef) {
        const double *design = s->design + row * s->terms;
        for (int64_t k = 0; k < count; k++)
            out[k] = residual(s, design, eae_source_column(s, first + k), out[k]);
    }
    if (s->shift) {
        for (int64_t k = 0; k < count; k++)
            out[k] -= s->shift[eae_source_column(s, first + k)];
    }
}

void eae_source_block(const eae_source *s, const int64_t *row, int64_t m, int64_t first,
                      int64_t count, double *out)
{
    for (int64_t i = 0; i < m; i++)
        eae_source_row(s, row ? row[i] : i, first, count, out + i * count);
}
