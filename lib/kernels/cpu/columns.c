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
    if (source->fill || source->terms > 0)
        take(c, source->fill, NAN, c->fill);
    else
        c->fill = NULL;
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

static int64_t row_number(const int64_t *row, int64_t i)
{
    return row ? row[i] : i;
}

/* Of n rows from `from` on, row r is in hand: where the part of the row lies that is to be asked
 * for meanwhile, a little at a time, because rows are pages apart, where no hardware looks ahead,
 * and a crowd of requests keeps the work waiting. It is beyond the n where the rows are those of
 * the data in order, because that is where the caller goes next. NULL: none. */
static const char *row_ahead(const eae_cpu_columns *c, const int64_t *row, int64_t from, int64_t n,
                             int64_t r)
{
    enum { AHEAD = 2 };
    const eae_source *s = c->source;
    int64_t size = s->is_f64 ? sizeof(double) : sizeof(float);
    int64_t limit = row ? from + n : s->rows, next = from + r + AHEAD;
    if (c->index || next >= limit)
        return NULL;
    return (const char *)s->x + (row_number(row, next) * s->cols + c->first) * size;
}

static void prefetch(const char *piece, int64_t bytes)
{
    enum { LINE = 64 };
    for (int64_t at = 0; piece && at < bytes; at += LINE)
        __builtin_prefetch(piece + at);
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

/* Columns between two looks ahead. */
enum { PIECE = 128 };

#define ROWS(out) \
    void eae_cpu_rows_##out(const eae_cpu_columns *c, const int64_t *row, int64_t from, int64_t n, \
                            OUT_##out *z, int64_t ld) \
    { \
        const eae_cpu_vector *v = &eae_cpu_vector_best; \
        bool is_f64 = c->source->is_f64; \
        int64_t size = is_f64 ? sizeof(double) : sizeof(float); \
        for (int64_t r = 0; r < n; r++, z += ld) { \
            int64_t i = row_number(row, from + r); \
            const char *ahead = row_ahead(c, row, from, n, r); \
            const double *wide = is_f64 ? row_of_f64(c, i) : NULL; \
            const float *narrow = is_f64 ? NULL : row_of_f32(c, i); \
            adjust_row(c, i); \
            for (int64_t f = 0; f < c->count; f += PIECE) { \
                int64_t w = c->count - f < PIECE ? c->count - f : PIECE; \
                const double *fill = c->fill ? c->fill + f : NULL; \
                prefetch(ahead ? ahead + f *size : NULL, w *size); \
                if (is_f64) \
                    v->f64_##out(wide + f, fill, c->adjust + f, c->shift + f, c->inverse + f, w, \
                                 z + f); \
                else \
                    v->f32_##out(narrow + f, fill, c->adjust + f, c->shift + f, c->inverse + f, w, \
                                 z + f); \
            } \
        } \
    }
#define OUT_f32 float
#define OUT_f64 double
ROWS(f32)
ROWS(f64)
