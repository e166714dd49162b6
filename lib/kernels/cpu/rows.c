/*
 * rows.c - tall data, a block of rows at a time: row_values and row_update. See cpu.h.
 *
 * Both read each row once, from left to right, and are meant to be as fast as that can be read. A
 * value is summed over tiles of columns, each tile in eight partial sums; an update is
 * one chain of additions over the rows for every column. Neither depends on how many vectors or
 * rows there are, nor on which thread does them.
 */
#include "kernels/cpu/cpu.h"

#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* Columns of a tile: fixed, because it is part of the result. */
enum { TILE = 1024, LANE = 4, LINES = 4, VECTORS_BYTES = 1 << 20 };

/* How far ahead of the work a row is asked for, in columns: the processor's own looking ahead ends
 * with a page. One line at a time, because a crowd of them keeps the work waiting. */
enum { SOON = TILE / 4 };

/* One register of AVX2; gcc 12 takes wider vectors through memory. */
typedef double lane __attribute__((vector_size(32)));
typedef double loose_lane __attribute__((vector_size(32), may_alias, aligned(8)));
typedef float loose_half __attribute__((vector_size(16), may_alias, aligned(4)));
typedef double pair __attribute__((vector_size(16)));

INLINE double lane_sum(const lane *low, const lane *high)
{
    lane s = *low + *high;
    pair t = __builtin_shufflevector(s, s, 0, 1) + __builtin_shufflevector(s, s, 2, 3);
    return t[0] + t[1];
}

/* x becomes fill where it is NaN; element by element, because gcc 12 cannot compare vectors wider
 * than the registers of the set. */
INLINE void fill_missing(lane *x, const double *fill)
{
    for (int e = 0; e < LANE; e++)
        (*x)[e] = (*x)[e] == (*x)[e] ? (*x)[e] : fill[e];
}

#define LOAD_F32(p) __builtin_convertvector(*(const loose_half *)(p), lane)
#define LOAD_F64(p) (*(const loose_lane *)(p))

/* value(line, q) += sum over n columns of x v_q, for some lines and some vectors: constants, whose
 * product is at most 4, because more sums do not fit the registers of AVX2. */
#define DOTS(name, attribute, in, load) \
    attribute INLINE void dots_##name( \
        const in *const *line, const int lines, const double *const *v, const double *const *fill, \
        const int kb, const bool fills, int64_t n, double *value, int64_t ld) \
    { \
        lane low[4], high[4]; \
        for (int k = 0; k < lines * kb; k++) \
            low[k] = high[k] = (lane){0}; \
        int64_t j = 0; \
        for (; j + 2 * LANE <= n; j += 2 * LANE) { \
            for (int f = 0; f < lines; f++) { \
                __builtin_prefetch(line[f] + j + SOON); \
                lane x = load(line[f] + j), y = load(line[f] + j + LANE); \
                for (int q = 0; q < kb; q++) { \
                    lane s = x, t = y; \
                    if (fills) { \
                        fill_missing(&s, fill[q] + j); \
                        fill_missing(&t, fill[q] + j + LANE); \
                    } \
                    low[f * kb + q] += s * *(const loose_lane *)(v[q] + j); \
                    high[f * kb + q] += t * *(const loose_lane *)(v[q] + j + LANE); \
                } \
            } \
        } \
        for (int f = 0; f < lines; f++) { \
            for (int q = 0; q < kb; q++) { \
                double rest = 0; \
                for (int64_t r = j; r < n; r++) { \
                    double x = (double)line[f][r]; \
                    rest += (fills && x != x ? fill[q][r] : x) * v[q][r]; \
                } \
                value[f * ld + q] += lane_sum(&low[f * kb + q], &high[f * kb + q]) + rest; \
            } \
        } \
    } \
    attribute INLINE void dots_group_##name(const in *const line[LINES], int64_t lines, \
                                            const double *const *v, const double *const *fill, \
                                            const int kb, const bool fills, int64_t n, \
                                            double *value, int64_t ld) \
    { \
        const int together = LINES / kb; \
        int64_t f = 0; \
        for (; f + together <= lines; f += together) \
            dots_##name(line + f, together, v, fill, kb, fills, n, value + f * ld, ld); \
        for (; f < lines; f++) \
            dots_##name(line + f, 1, v, fill, kb, fills, n, value + f * ld, ld); \
    } \
    /* Up to LINES rows by all vectors, over one tile. */ \
    attribute static void values_##name(const void *const *row, int64_t lines, int64_t first, \
                                        int64_t n, const eae_row_vector *vector, int64_t k, \
                                        double *value) \
    { \
        const in *line[LINES]; \
        for (int64_t f = 0; f < lines; f++) \
            line[f] = (const in *)row[f] + first; \
        for (int64_t q = 0; q < k;) { \
            const double *v[2], *fill[2]; \
            int kb = q + 2 <= k && !vector[q].fill == !vector[q + 1].fill ? 2 : 1; \
            bool fills = vector[q].fill != NULL; \
            for (int c = 0; c < kb; c++) { \
                v[c] = vector[q + c].v + first; \
                fill[c] = fills ? vector[q + c].fill + first : NULL; \
            } \
            if (kb == 2 && !fills) \
                dots_group_##name(line, lines, v, fill, 2, false, n, value + q, k); \
            else if (kb == 2) \
                dots_group_##name(line, lines, v, fill, 2, true, n, value + q, k); \
            else if (!fills) \
                dots_group_##name(line, lines, v, fill, 1, false, n, value + q, k); \
            else \
                dots_group_##name(line, lines, v, fill, 1, true, n, value + q, k); \
            q += kb; \
        } \
    }

/* sum[j] = (((sum[j] + d0 x0[j]) + d1 x1[j]) + ...); next: rows that come after, as many. */
#define ADD(name, attribute, in) \
    attribute INLINE void add_##name(const in *const line[LINES], const in *const next[LINES], \
                                     const int lines, const double *d, int64_t ld, \
                                     const double *fill, const bool fills, int64_t n, double *sum) \
    { \
        enum { STEP = 64 / sizeof(in) }; \
        for (int64_t from = 0; from < n; from += STEP) { \
            int64_t to = from + STEP < n ? from + STEP : n; \
            for (int f = 0; f < lines; f++) \
                __builtin_prefetch(next[f] + from); \
            for (int64_t j = from; j < to; j++) { \
                double s = sum[j]; \
                for (int f = 0; f < lines; f++) { \
                    double x = (double)line[f][j]; \
                    s += d[f * ld] * (fills ? (x == x + 0.0 ? x : fill[j]) : x); \
                } \
                sum[j] = s; \
            } \
        } \
    } \
    /* One tile: the rows with a coefficient, by all vectors; sum is k x TILE. */ \
    attribute static void update_##name(const void *const *row, const double *d, int64_t m, \
                                        int64_t first, int64_t n, const eae_row_vector *vector, \
                                        int64_t k, double *sum) \
    { \
        for (int64_t i = 0; i < m; i += LINES) { \
            const in *line[LINES], *next[LINES]; \
            int64_t lines = m - i < LINES ? m - i : LINES; \
            for (int64_t f = 0; f < lines; f++) { \
                line[f] = (const in *)row[i + f] + first; \
                next[f] = (const in *)row[i + f + LINES < m ? i + f + LINES : i + f] + first; \
            } \
            for (int64_t q = 0; q < k; q++) { \
                const double *fill = vector[q].fill ? vector[q].fill + first : NULL; \
                const double *by = d + i * k + q; \
                if (lines == LINES && !fill) { \
                    add_##name(line, next, LINES, by, k, fill, false, n, sum + q * TILE); \
                    continue; \
                } \
                for (int64_t f = 0; f < lines; f++) { \
                    if (fill) \
                        add_##name(line + f, next + f, 1, by + f * k, k, fill, true, n, \
                                   sum + q * TILE); \
                    else \
                        add_##name(line + f, next + f, 1, by + f * k, k, fill, false, n, \
                                   sum + q * TILE); \
                } \
            } \
        } \
    }

#define SET(set, attribute) \
    DOTS(f32_##set, attribute, float, LOAD_F32) \
    DOTS(f64_##set, attribute, double, LOAD_F64) \
    ADD(f32_##set, attribute, float) \
    ADD(f64_##set, attribute, double)

SET(base, )
#if defined(__x86_64__)
SET(avx2, __attribute__((target("avx2"))))
SET(avx512, __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw"))))
#endif

typedef void (*values_tile)(const void *const *row, int64_t lines, int64_t first, int64_t n,
                            const eae_row_vector *vector, int64_t k, double *value);
typedef void (*update_tile)(const void *const *row, const double *d, int64_t m, int64_t first,
                            int64_t n, const eae_row_vector *vector, int64_t k, double *sum);

/* By eae_cpu_vector_set and whether the data are f64. */
#if defined(__x86_64__)
static const values_tile values_of[][2] = {{values_f32_base, values_f64_base},
                                           {values_f32_avx2, values_f64_avx2},
                                           {values_f32_avx512, values_f64_avx512}};
static const update_tile update_of[][2] = {{update_f32_base, update_f64_base},
                                           {update_f32_avx2, update_f64_avx2},
                                           {update_f32_avx512, update_f64_avx512}};
#else
static const values_tile values_of[][2] = {{values_f32_base, values_f64_base}};
static const update_tile update_of[][2] = {{update_f32_base, update_f64_base}};
#endif

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static const void *row_at(const eae_source *s, const int64_t *row, int64_t i)
{
    size_t size = s->is_f64 ? sizeof(double) : sizeof(float);
    return (const char *)s->x + (size_t)(row ? row[i] : i) * (size_t)s->cols * size;
}

static int check_memory(const void *a, const void *b)
{
    return a && b ? EAE_OK : EAE_FAIL;
}

/* ---- values ---------------------------------------------------------------------------------- */

typedef struct {
    const eae_source *source;
    const void **line; /* m rows */
    int64_t m;
    const eae_row_vector *vector;
    int64_t k;
    double *value;
    values_tile tile;
} values_job;

/* Rows `from` .. `to` - 1 by the tiles that begin at first .. last - 1. */
static void values_part(const values_job *g, int64_t from, int64_t to, int64_t first, int64_t last)
{
    for (int64_t j = first; j < last; j += TILE) {
        int64_t n = least(TILE, g->source->cols - j);
        for (int64_t i = from; i < to; i += LINES)
            g->tile(g->line + i, least(LINES, to - i), j, n, g->vector, g->k, g->value + i * g->k);
    }
}

/* Vectors that stay in the cache: a few rows from end to end, which the processor reads ahead.
 * Others: a tile of them by all rows. */
static void values_rows(const values_job *g, int64_t from, int64_t to)
{
    int64_t cols = g->source->cols;
    if (g->k * cols * (int64_t)sizeof(double) > VECTORS_BYTES) {
        values_part(g, from, to, 0, cols);
        return;
    }
    for (int64_t i = from; i < to; i += LINES)
        values_part(g, i, least(i + LINES, to), 0, cols);
}

/* sum_j shift_j v_j of every vector, as the value of one more row. */
static void centres(const eae_row_vector *vector, int64_t k, int64_t cols, double *centre)
{
    values_tile tile = values_of[eae_cpu_vector_set][1];
    for (int64_t q = 0; q < k; q++) {
        eae_row_vector plain = {.v = vector[q].v};
        const void *shift = vector[q].shift;
        centre[q] = 0;
        for (int64_t j = 0; j < cols && shift; j += TILE)
            tile(&shift, 1, j, least(TILE, cols - j), &plain, 1, &centre[q]);
    }
}

int eae_cpu_row_values(const eae_source *source, const int64_t *row, int64_t m,
                       const eae_row_vector *vector, int64_t k, double *value, int threads)
{
    const void **line = eae_cpu_alloc(m, sizeof *line, "values of rows");
    double *centre = eae_cpu_alloc(k, sizeof *centre, "values of rows");
    int status = check_memory(line, centre);
    values_job g = {
        source, line, m, vector, k, value, values_of[eae_cpu_vector_set][source->is_f64]};
    int64_t groups = (m + LINES - 1) / LINES, parts = least(threads, groups);
    for (int64_t i = 0; i < m && status == EAE_OK; i++)
        line[i] = row_at(source, row, i);
    if (status == EAE_OK)
        memset(value, 0, (size_t)(m * k) * sizeof *value);
#pragma omp parallel for num_threads(threads) if (parts > 1 && status == EAE_OK) schedule(static, 1)
    for (int64_t t = 0; t < parts; t++) {
        if (status == EAE_OK)
            values_rows(&g, groups * t / parts * LINES, least(groups * (t + 1) / parts * LINES, m));
    }
    if (status == EAE_OK)
        centres(vector, k, source->cols, centre);
    for (int64_t i = 0; i < m && status == EAE_OK; i++) {
        for (int64_t q = 0; q < k; q++)
            value[i * k + q] -= centre[q];
    }
    free(line);
    free(centre);
    return status;
}

/* ---- update ---------------------------------------------------------------------------------- */

typedef struct {
    const eae_source *source;
    const void **line; /* rows with a coefficient */
    double *d;         /* m x k, of those rows */
    int64_t m;
    double *total; /* k: sum of the coefficients */
    const eae_row_vector *vector;
    int64_t k;
    update_tile tile;
} update_job;

static void update_columns(const update_job *g, int64_t first, double *sum)
{
    int64_t n = least(TILE, g->source->cols - first);
    memset(sum, 0, (size_t)(g->k * TILE) * sizeof *sum);
    g->tile(g->line, g->d, g->m, first, n, g->vector, g->k, sum);
    for (int64_t q = 0; q < g->k; q++) {
        const eae_row_vector *to = &g->vector[q];
        for (int64_t j = 0; j < n; j++) {
            double shift = to->shift ? to->shift[first + j] * g->total[q] : 0;
            double by = to->by ? to->by[first + j] : 1;
            to->v[first + j] += by * (sum[q * TILE + j] - shift);
        }
    }
}

/* The rows whose coefficients are not all 0. */
static int update_open(update_job *g, const int64_t *row, int64_t m, const double *d)
{
    g->line = eae_cpu_alloc(m, sizeof *g->line, "an update by rows");
    g->d = eae_cpu_alloc(m * g->k + g->k, sizeof *g->d, "an update by rows");
    if (!g->line || !g->d)
        return EAE_FAIL;
    g->total = g->d + m * g->k;
    memset(g->total, 0, (size_t)g->k * sizeof *g->total);
    for (int64_t i = 0; i < m; i++) {
        bool any = false;
        for (int64_t q = 0; q < g->k; q++) {
            any |= d[i * g->k + q] != 0;
            g->total[q] += d[i * g->k + q];
        }
        if (!any)
            continue;
        memcpy(g->d + g->m * g->k, d + i * g->k, (size_t)g->k * sizeof *d);
        g->line[g->m++] = row_at(g->source, row, i);
    }
    return EAE_OK;
}

int eae_cpu_row_update(const eae_source *source, const int64_t *row, int64_t m, const double *d,
                       const eae_row_vector *vector, int64_t k, int threads)
{
    update_job g = {.source = source,
                    .vector = vector,
                    .k = k,
                    .tile = update_of[eae_cpu_vector_set][source->is_f64]};
    double *sum = eae_cpu_alloc(threads * k * TILE, sizeof *sum, "an update by rows");
    int status = update_open(&g, row, m, d);
    int64_t tiles = (source->cols + TILE - 1) / TILE, parts = least(threads, tiles);
    if (!sum)
        status = EAE_FAIL;
#pragma omp parallel for num_threads(threads) if (parts > 1 && status == EAE_OK) schedule(static, 1)
    for (int64_t t = 0; t < parts; t++) {
        for (int64_t b = tiles * t / parts; b < tiles * (t + 1) / parts && status == EAE_OK; b++)
            update_columns(&g, b * TILE, sum + t * k * TILE);
    }
    free(g.line);
    free(g.d);
    free(sum);
    return status;
}
