/* columns.c - the features of one panel and their values. See cpu.h. */
#include "kernels/cpu/cpu.h"

#include <math.h>

int64_t eae_cpu_feature_count(const eae_source *source)
{
    return source->feature ? source->feature_count : source->cols;
}

int64_t eae_cpu_columns_size(const eae_source *source, int64_t width)
{
    return (5 + source->terms) * width;
}

/* What is not given becomes what changes nothing: x - 0 and x * 1 are exact. */
static void take(const eae_cpu_columns *c, const double *from, double missing, double *to)
{
    for (int64_t f = 0; f < c->count; f++)
        to[f] = from ? from[eae_cpu_column(c, f)] : missing;
}

void eae_cpu_columns_set(eae_cpu_columns *c, const eae_source *source, int64_t first, int64_t count,
                         double *scratch)
{
    *c = (eae_cpu_columns){.source = source, .first = first, .count = count};
    if (source->feature) {
        c->index = source->feature + first;
        /* neighbours, as in a list of all: no gathering */
        if (count > 0 && c->index[count - 1] - c->index[0] == count - 1) {
            c->first = c->index[0];
            c->index = NULL;
        }
    }
    double **const part[] = {&c->fill, &c->shift, &c->inverse, &c->adjust, &c->gather, &c->coef};
    for (int i = 0; i < 6; i++)
        *part[i] = scratch + i * count;
    take(c, source->fill, NAN, c->fill);
    take(c, source->shift, 0, c->shift);
    take(c, source->inverse, 1, c->inverse);
    for (int64_t f = 0; f < count; f++)
        c->adjust[f] = 0;
    for (int64_t t = 0; t < source->terms; t++)
        take(c, source->coef + t * source->cols, 0, c->coef + t * count);
}

static void adjust_row(const eae_cpu_columns *c, int64_t i)
{
    const eae_source *s = c->source;
    if (s->terms == 0)
        return;
    for (int64_t f = 0; f < c->count; f++)
        c->adjust[f] = 0;
    for (int64_t t = 0; t < s->terms; t++)
        eae_cpu_vector_best.add_scaled(s->design[i * s->terms + t], c->coef + t * c->count,
                                       c->count, c->adjust);
}

/* The part of a row that comes next: rows are pages apart, where no hardware looks ahead. */
static void prefetch_row(const eae_cpu_columns *c, int64_t i)
{
    enum { LINE = 64 };
    int64_t size = c->source->is_f64 ? sizeof(double) : sizeof(float);
    const char *at = (const char *)c->source->x + (i * c->source->cols + c->first) * size;
    for (int64_t line = 0; !c->index && line < c->count * size; line += LINE)
        __builtin_prefetch(at + line);
}

static int64_t row_number(const int64_t *row, int64_t i)
{
    return row ? row[i] : i;
}

/* Of n rows from `from` on, row r is in hand: ask for one a few rows on, beyond the n where the
 * rows are those of the data in order, because that is where the caller goes next. */
static void look_ahead(const eae_cpu_columns *c, const int64_t *row, int64_t from, int64_t n,
                       int64_t r)
{
    enum { AHEAD = 4 };
    int64_t limit = row ? from + n : c->source->rows;
    for (int64_t k = r == 0 ? 1 : AHEAD; k <= AHEAD && from + r + k < limit; k++)
        prefetch_row(c, row_number(row, from + r + k));
}

static const float *row_of_f32(const eae_cpu_columns *c, int64_t i)
{
    const float *x = (const float *)c->source->x + i * c->source->cols;
    if (!c->index)
        return x + c->first;
    float *to = (float *)(void *)c->gather;
    for (int64_t f = 0; f < c->count; f++)
        to[f] = x[c->index[f]];
    return to;
}

static const double *row_of_f64(const eae_cpu_columns *c, int64_t i)
{
    const double *x = (const double *)c->source->x + i * c->source->cols;
    if (!c->index)
        return x + c->first;
    for (int64_t f = 0; f < c->count; f++)
        c->gather[f] = x[c->index[f]];
    return c->gather;
}

void eae_cpu_rows_f32(const eae_cpu_columns *c, const int64_t *row, int64_t from, int64_t n,
                      float *z, int64_t ld)
{
    const eae_cpu_vector *v = &eae_cpu_vector_best;
    for (int64_t r = 0; r < n; r++, z += ld) {
        int64_t i = row_number(row, from + r);
        look_ahead(c, row, from, n, r);
        adjust_row(c, i);
        if (c->source->is_f64)
            v->f64_f32(row_of_f64(c, i), c->fill, c->adjust, c->shift, c->inverse, c->count, z);
        else
            v->f32_f32(row_of_f32(c, i), c->fill, c->adjust, c->shift, c->inverse, c->count, z);
    }
}

void eae_cpu_rows_f64(const eae_cpu_columns *c, const int64_t *row, int64_t from, int64_t n,
                      double *z, int64_t ld)
{
    const eae_cpu_vector *v = &eae_cpu_vector_best;
    for (int64_t r = 0; r < n; r++, z += ld) {
        int64_t i = row_number(row, from + r);
        look_ahead(c, row, from, n, r);
        adjust_row(c, i);
        if (c->source->is_f64)
            v->f64_f64(row_of_f64(c, i), c->fill, c->adjust, c->shift, c->inverse, c->count, z);
        else
            v->f32_f64(row_of_f32(c, i), c->fill, c->adjust, c->shift, c->inverse, c->count, z);
    }
}
