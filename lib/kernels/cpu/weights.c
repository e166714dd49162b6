/*
 * weights.c - weights and moments: for each column a sum over rows, one after the other. See cpu.h.
 *
 * Blocks of columns are worked on by different threads; a block goes through the rows in chunks
 * that stay in the L1 cache as f64, and each chunk meets all vectors before the next is read. Sums
 * are carried from chunk to chunk, so every element is one chain of f64 operations over the rows.
 */
#include "kernels/cpu/cpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = EAE_CPU_BLOCK, CHUNK = 64, BAND = 256 };

/* Columns of a block, up to the whole tile that they fill. */
static int64_t whole_tiles(int64_t count)
{
    return (count + EAE_CPU_TILE - 1) / EAE_CPU_TILE * EAE_CPU_TILE;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void set_all(double *a, int64_t n, double value)
{
    for (int64_t i = 0; i < n; i++)
        a[i] = value;
}

static void scatter(const eae_cpu_columns *c, const double *acc, int64_t k, double *to)
{
    for (int64_t q = 0; q < k; q++) {
        for (int64_t f = 0; f < c->count; f++)
            to[q * c->source->cols + eae_cpu_column(c, f)] = acc[q * BLOCK + f];
    }
}

/* Memory of one thread, in doubles: parameters, values (two chunks), sums (three sets). */
typedef struct {
    double *columns;
    double *value;
    double *other;
    double *same; /* k sums that hold for every column while no value is missing */
    double *acc[3];
} scratch;

static int64_t scratch_size(const eae_source *source, int64_t k, int outputs)
{
    int64_t columns = (eae_cpu_columns_size(source, BLOCK) + 7) / 8 * 8;
    return columns + 2 * CHUNK * BLOCK + (k + 7) / 8 * 8 + outputs * k * BLOCK;
}

static scratch scratch_at(double *memory, const eae_source *source, int64_t k)
{
    scratch s = {.columns = memory};
    s.value = memory + (eae_cpu_columns_size(source, BLOCK) + 7) / 8 * 8;
    s.other = s.value + CHUNK * BLOCK;
    s.same = s.other + CHUNK * BLOCK;
    for (int i = 0; i < 3; i++)
        s.acc[i] = s.same + (k + 7) / 8 * 8 + i * k * BLOCK;
    return s;
}

static void weights_block(const eae_source *source, const int64_t *row, int64_t m, const double *b,
                          int64_t k, double *w, int64_t first, double *memory)
{
    eae_cpu_columns c;
    scratch s = scratch_at(memory, source, k);
    int64_t count = least(BLOCK, eae_cpu_feature_count(source) - first);
    eae_cpu_columns_set(&c, source, first, count, s.columns);
    set_all(s.acc[0], k * BLOCK, 0);
    set_all(s.value, CHUNK * BLOCK, 0); /* columns beyond count */
    for (int64_t i = 0; i < m; i += CHUNK) {
        int64_t n = least(CHUNK, m - i);
        eae_cpu_rows_f64(&c, row, i, n, s.value, BLOCK);
        eae_cpu_vector_best.accumulate(s.value, n, b + i * k, k, k, whole_tiles(count), s.acc[0]);
    }
    scatter(&c, s.acc[0], k, w);
}

int eae_cpu_weights(const eae_source *source, const int64_t *row, int64_t m, const double *b,
                    int64_t k, double *w, int threads)
{
    int64_t features = eae_cpu_feature_count(source);
    int64_t size = scratch_size(source, k, 1);
    double *memory = eae_cpu_alloc(threads * size, sizeof *memory, "weights");
    if (!memory)
        return EAE_FAIL;
    if (source->feature)
        set_all(w, k * source->cols, NAN);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static, 1)
    for (int t = 0; t < threads; t++) {
        for (int64_t first = t * BLOCK; first < features; first += threads * BLOCK)
            weights_block(source, row, m, b, k, w, first, memory + t * size);
    }
    free(memory);
    return EAE_OK;
}

typedef struct {
    const eae_source *source;
    const int64_t *row;
    int64_t m;
    const double *c; /* m x s */
    int64_t s;
    double *output[3]; /* weight, sum, square */
} moments_job;

/* Sums of a block of columns, carried from one band of rows to the next. */
typedef struct {
    bool whole; /* no value was missing yet */
    double *same;
    double *acc[3];
} block_sums;

static void spread(const double *same, int64_t k, double *acc)
{
    for (int64_t q = 0; q < k; q++)
        set_all(acc + q * BLOCK, BLOCK, same[q]);
}

/* Sums of weights over the rows of a chunk whose values are present. As long as none was missing
 * they are the same for all columns, and the same additions in the same order. */
static void add_weights(const moments_job *g, const scratch *s, int64_t from, int64_t n,
                        int64_t width, bool missing, bool *whole)
{
    const double *by = g->c + from * g->s;
    if (*whole && !missing) {
        for (int64_t i = 0; i < n; i++) {
            for (int64_t q = 0; q < g->s; q++)
                s->same[q] += by[i * g->s + q];
        }
        return;
    }
    if (*whole)
        spread(s->same, g->s, s->acc[0]);
    if (!missing)
        set_all(s->other, n * BLOCK, 1);
    *whole = false;
    eae_cpu_vector_best.accumulate(s->other, n, by, g->s, g->s, width, s->acc[0]);
}

/* Sums of one block of columns over the rows from .. to-1. */
static void moments_block(const moments_job *g, int64_t first, int64_t from, int64_t to,
                          double *memory, block_sums *sums)
{
    eae_cpu_columns c;
    scratch s = scratch_at(memory, g->source, g->s);
    int64_t count = least(BLOCK, eae_cpu_feature_count(g->source) - first);
    int64_t width = whole_tiles(count);
    eae_cpu_columns_set(&c, g->source, first, count, s.columns);
    const eae_cpu_vector *v = &eae_cpu_vector_best;
    s.same = sums->same;
    for (int i = 0; i < 3; i++)
        s.acc[i] = sums->acc[i];
    set_all(s.value, CHUNK * BLOCK, 0);
    for (int64_t i = from; i < to; i += CHUNK) {
        int64_t n = least(CHUNK, to - i);
        const double *by = g->c + i * g->s;
        eae_cpu_rows_f64(&c, g->row, i, n, s.value, BLOCK);
        bool missing = v->split_missing(s.value, s.other, n * BLOCK);
        if (g->output[0])
            add_weights(g, &s, i, n, width, missing, &sums->whole);
        if (g->output[1])
            v->accumulate(s.value, n, by, g->s, g->s, width, s.acc[1]);
        if (g->output[2]) {
            v->square(s.value, n * BLOCK, s.other);
            v->accumulate(s.other, n, by, g->s, g->s, width, s.acc[2]);
        }
    }
    if (to < g->m)
        return;
    if (sums->whole && g->output[0])
        spread(s.same, g->s, s.acc[0]);
    for (int i = 0; i < 3; i++) {
        if (g->output[i])
            scatter(&c, s.acc[i], g->s, g->output[i]);
    }
}

/* Memory for the sums of a block of columns. */
static int64_t sums_size(const moments_job *g)
{
    int64_t outputs = 0;
    for (int i = 0; i < 3; i++)
        outputs += g->output[i] != NULL;
    return (g->s + 7) / 8 * 8 + outputs * g->s * BLOCK;
}

static void sums_clear(const moments_job *g, double *memory, block_sums *sums)
{
    *sums = (block_sums){.whole = true, .same = memory};
    memset(memory, 0, (size_t)sums_size(g) * sizeof *memory);
    memory += (g->s + 7) / 8 * 8;
    for (int i = 0; i < 3; i++) {
        if (!g->output[i])
            continue;
        sums->acc[i] = memory;
        memory += g->s * BLOCK;
    }
}

/* Few rows: a block of columns after the other. Many: a band of rows after the other, each read
 * from end to end. */
static void moments_bands(const moments_job *g, block_sums *sums, double *sums_memory,
                          double *memory, int64_t size, int threads)
{
    int64_t blocks = (eae_cpu_feature_count(g->source) + BLOCK - 1) / BLOCK;
    bool one = g->m <= BAND;
    for (int64_t from = 0; from < g->m || from == 0; from += BAND) {
        int64_t to = least(from + BAND, g->m);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static, 1)
        for (int t = 0; t < threads; t++) {
            for (int64_t b = t; b < blocks; b += threads) {
                int64_t at = one ? t : b;
                if (from == 0)
                    sums_clear(g, sums_memory + at * sums_size(g), &sums[at]);
                moments_block(g, b * BLOCK, from, to, memory + t * size, &sums[at]);
            }
        }
    }
}

/* ---- one weighting of plain data ---------------------------------------------------------------
 *
 * What a survey needs: no chunks as f64, each row read once from left to right; the same operations
 * in the same order on every element.
 */

enum { PIECE = 512 };

typedef struct {
    const eae_source *source;
    const int64_t *row;
    int64_t m;
    const double *c, *shift;
    double *output[3];
} one_job;

static const char *piece_of(const one_job *g, int64_t i, int64_t first)
{
    int64_t size = g->source->is_f64 ? sizeof(double) : sizeof(float);
    int64_t row = g->row ? g->row[i] : i;
    return (const char *)g->source->x + (row * g->source->cols + first) * size;
}

/* Pieces of rows lie pages apart: what comes is asked for while what is there is worked on. */
static void one_piece(const one_job *g, int64_t first, int64_t n, int64_t from, int64_t to)
{
    enum { AHEAD = 2, PART = 128, LINE = 64 };
    const eae_cpu_vector *v = &eae_cpu_vector_best;
    int64_t size = g->source->is_f64 ? sizeof(double) : sizeof(float);
    for (int64_t i = from; i < to; i++) {
        const char *x = piece_of(g, i, first),
                   *ahead = piece_of(g, least(i + AHEAD, g->m - 1), first);
        for (int64_t j = 0; j < n; j += PART) {
            int64_t at = first + j, w = least(PART, n - j);
            double *weight = g->output[0] + at, *sum = g->output[1] + at,
                   *square = g->output[2] + at;
            for (int64_t b = 0; b < w * size; b += LINE)
                __builtin_prefetch(ahead + j * size + b);
            const void *part = x + j * size;
            if (g->source->is_f64)
                v->moments_f64(part, g->shift + at, g->c[i], w, weight, sum, square);
            else
                v->moments_f32(part, g->shift + at, g->c[i], w, weight, sum, square);
        }
    }
}

static void one_columns(const one_job *g, int64_t first, int64_t last)
{
    for (int i = 0; i < 3; i++)
        set_all(g->output[i] + first, last - first, 0);
    for (int64_t from = 0; from < g->m; from += BAND) {
        for (int64_t j = first; j < last; j += PIECE)
            one_piece(g, j, least(PIECE, last - j), from, least(from + BAND, g->m));
    }
}

static int moments_of_one(const one_job *job, int threads)
{
    one_job g = *job;
    int64_t cols = g.source->cols, pieces = (cols + PIECE - 1) / PIECE, parts = 0;
    double *none = eae_cpu_alloc(cols * 4, sizeof *none, "moments");
    if (!none)
        return EAE_FAIL;
    for (int i = 0; i < 3; i++) {
        if (!g.output[i])
            g.output[i] = none + i * cols;
    }
    if (!g.shift) {
        g.shift = none + 3 * cols;
        set_all(none + 3 * cols, cols, 0);
    }
    parts = least(threads, pieces);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static, 1)
    for (int64_t t = 0; t < parts; t++)
        one_columns(&g, pieces * t / parts * PIECE, least(pieces * (t + 1) / parts * PIECE, cols));
    free(none);
    return EAE_OK;
}

int eae_cpu_moments(const eae_source *source, const int64_t *row, int64_t m, const double *c,
                    int64_t s, double *weight, double *sum, double *square, int threads)
{
    int64_t size = scratch_size(source, s, 0), features = eae_cpu_feature_count(source);
    if (s == 1 && !source->feature && source->terms == 0)
        return moments_of_one(&(one_job){source, row, m, c, source->shift, {weight, sum, square}},
                              threads);
    eae_source seen = *source; /* what moments are about: missing stays missing, no scale */
    seen.fill = NULL;
    seen.inverse = NULL;
    moments_job g = {&seen, row, m, NULL, s, {weight, sum, square}};
    int64_t parts = m <= BAND ? threads : (features + BLOCK - 1) / BLOCK;
    int status = EAE_FAIL;
    double *memory = eae_cpu_alloc(threads * size, sizeof *memory, "moments");
    double *across = eae_cpu_alloc(m * s, sizeof *across, "moments");
    double *sums_memory = eae_cpu_alloc(parts * sums_size(&g), sizeof *sums_memory, "moments");
    block_sums *sums = eae_cpu_alloc(parts, sizeof *sums, "moments");
    if (!memory || !across || !sums_memory || !sums)
        goto out;
    for (int64_t q = 0; q < s; q++) {
        for (int64_t i = 0; i < m; i++)
            across[i * s + q] = c[q * m + i];
    }
    g.c = across;
    for (int i = 0; i < 3; i++) {
        if (source->feature && g.output[i])
            set_all(g.output[i], s * source->cols, NAN);
    }
    moments_bands(&g, sums, sums_memory, memory, size, threads);
    status = EAE_OK;
out:
    free(memory);
    free(across);
    free(sums_memory);
    free(sums);
    return status;
}
