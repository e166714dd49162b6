/* features.c - the data turned over, and sums over few features. See cpu.h. */
#include "kernels/cpu/cpu.h"

#include <cblas.h>
#include <limits.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* Features of a panel of feature_gram: fixed, because it is part of the result. */
enum { WIDTH = 256, TURN_COLUMNS = 64, TURN_ROWS = 64, TILE = 8 };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- turn ------------------------------------------------------------------------------------ */

#define TURN_BLOCK(name, type, rows_of) \
    /* One block of columns: rows in chunks as z, then turned over a tile at a time. */ \
    static void name(const eae_source *s, const int64_t *row, int64_t m, int64_t first, \
                     double *scratch, type *out) \
    { \
        int64_t count = least(TURN_COLUMNS, eae_cpu_feature_count(s) - first); \
        int64_t ld = eae_features_stride(m); \
        eae_cpu_columns c; \
        eae_cpu_columns_set(&c, s, first, count, scratch); \
        type *z = (type *)(void *)(scratch + eae_cpu_columns_size(s, TURN_COLUMNS)); \
        for (int64_t i = 0; i < m; i += TURN_ROWS) { \
            int64_t n = least(TURN_ROWS, m - i); \
            rows_of(&c, row, i, n, z, TURN_COLUMNS); \
            for (int64_t f = 0; f < count; f++) { \
                type *to = out + eae_cpu_column(&c, f) * ld + i; \
                for (int64_t r = 0; r < n; r++) \
                    to[r] = z[r * TURN_COLUMNS + f]; \
            } \
        } \
        for (int64_t f = 0; f < count; f++) \
            memset(out + eae_cpu_column(&c, f) * ld + m, 0, (size_t)(ld - m) * sizeof *out); \
    }
TURN_BLOCK(turn_f32, float, eae_cpu_rows_f32)
TURN_BLOCK(turn_f64, double, eae_cpu_rows_f64)

int eae_cpu_turn(const eae_source *source, const int64_t *row, int64_t m, bool is_f64, void *out,
                 int threads)
{
    int64_t features = eae_cpu_feature_count(source);
    int64_t size = eae_cpu_columns_size(source, TURN_COLUMNS) + TURN_ROWS * TURN_COLUMNS;
    double *memory = eae_cpu_alloc(threads * size, sizeof *memory, "features turned over");
    if (!memory)
        return EAE_FAIL;
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static, 1)
    for (int t = 0; t < threads; t++) {
        for (int64_t first = t * TURN_COLUMNS; first < features; first += threads * TURN_COLUMNS) {
            if (is_f64)
                turn_f64(source, row, m, first, memory + t * size, out);
            else
                turn_f32(source, row, m, first, memory + t * size, out);
        }
    }
    free(memory);
    return EAE_OK;
}

/* ---- weights --------------------------------------------------------------------------------- */

/* z'b = inverse (x'b - shift sum(b)) */
static void finish_weights(const eae_features *s, const int64_t *index, int64_t count,
                           const double *sum, int64_t k, double *w)
{
    for (int64_t f = 0; f < count; f++) {
        double shift = s->shift ? s->shift[index[f]] : 0;
        double inverse = s->inverse ? s->inverse[index[f]] : 1;
        for (int64_t q = 0; q < k; q++)
            w[f * k + q] = (w[f * k + q] - shift * sum[q]) * inverse;
    }
}

int eae_cpu_feature_weights(const eae_features *s, const int64_t *feature, int64_t count,
                            const double *b, int64_t k, double *w)
{
    enum { BLOCK = 512, SMALL = 1024 };
    const eae_cpu_vector *v = &eae_cpu_vector_best;
    _Alignas(64) double small[SMALL];
    bool is_small = k * (s->ld + 1) <= SMALL;
    double *across = is_small ? small : eae_cpu_alloc(k * (s->ld + 1), sizeof *across, "weights");
    if (!across)
        return EAE_FAIL;
    double *sum = across + k * s->ld;
    int64_t own[BLOCK];
    for (int64_t q = 0; q < k; q++) {
        double *to = across + q * s->ld;
        sum[q] = 0;
        for (int64_t i = 0; i < s->rows; i++)
            to[i] = b[i * k + q];
        for (int64_t i = s->rows; i < s->ld; i++)
            to[i] = 0;
        for (int64_t i = 0; i < s->rows && s->shift; i++)
            sum[q] += to[i];
    }
    for (int64_t first = 0; first < count; first += BLOCK) {
        int64_t n = least(BLOCK, count - first);
        const int64_t *index = feature ? feature + first : own;
        for (int64_t f = 0; f < n && !feature; f++)
            own[f] = first + f;
        for (int64_t q = 0, kb; q < k; q += kb) {
            kb = k - q >= 4 ? 4 : k - q >= 2 ? 2 : 1;
            const double *vectors = across + q * s->ld;
            double *to = w + first * k + q;
            if (s->is_f64)
                v->dots_f64(s->x, index, n, s->ld, vectors, kb, to, k);
            else
                v->dots_f32(s->x, index, n, s->ld, vectors, kb, to, k);
        }
        if (s->shift || s->inverse)
            finish_weights(s, index, n, sum, k, w + first * k);
    }
    if (!is_small)
        free(across);
    return EAE_OK;
}

/* ---- gram ------------------------------------------------------------------------------------ */

typedef struct {
    const eae_features *s;
    const int64_t *feature;
    const int64_t *row;
    int64_t m;
} gram_job;

#define PANEL(name, type, scale_f32, scale_f64, product) \
    /* z of one panel, a feature a line, and the product of the lines */ \
    static void name(const void *context, int64_t first, int64_t count, void *scratch, void *out) \
    { \
        const gram_job *g = context; \
        const eae_features *s = g->s; \
        const eae_cpu_vector *v = &eae_cpu_vector_best; \
        type *all = (type *)scratch, *z = all + s->ld; \
        for (int64_t f = 0; f < count; f++) { \
            int64_t j = g->feature ? g->feature[first + f] : first + f; \
            double shift = s->shift ? s->shift[j] : 0, inverse = s->inverse ? s->inverse[j] : 1; \
            type *line = z + f * g->m, *to = g->row ? all : line; \
            int64_t n = g->row ? s->ld : g->m; \
            if (s->is_f64) \
                v->scale_f64((const double *)s->x + j * s->ld, shift, inverse, n, to); \
            else \
                v->scale_f32((const float *)s->x + j * s->ld, shift, inverse, n, to); \
            for (int64_t i = 0; g->row && i < g->m; i++) \
                line[i] = all[g->row[i]]; \
        } \
        product(CblasRowMajor, CblasLower, CblasTrans, (int)g->m, (int)count, 1, z, (int)g->m, 0, \
                out, (int)g->m); \
    }
PANEL(panel_f32, float, scale_f32_f32, scale_f64_f32, cblas_ssyrk)
PANEL(panel_f64, double, scale_f32_f64, scale_f64_f64, cblas_dsyrk)

/* z of one line (type as precision), and into the panel. */
static void line_of_panel(const gram_job *g, int64_t f, int64_t line, bool is_f64, void *z,
                          void *panel)
{
    const eae_features *s = g->s;
    const eae_cpu_vector *v = &eae_cpu_vector_best;
    int64_t j = g->feature ? g->feature[f] : f;
    double shift = s->shift ? s->shift[j] : 0, inverse = s->inverse ? s->inverse[j] : 1;
    const float *narrow = (const float *)s->x + j * s->ld;
    const double *wide = (const double *)s->x + j * s->ld;
    if (s->is_f64 && is_f64)
        v->scale_f64_f64(wide, shift, inverse, s->ld, z);
    else if (s->is_f64)
        v->scale_f64_f32(wide, shift, inverse, s->ld, z);
    else if (is_f64)
        v->scale_f32_f64(narrow, shift, inverse, s->ld, z);
    else
        v->scale_f32_f32(narrow, shift, inverse, s->ld, z);
    eae_cpu_panel_line(z, g->row, g->m, line, is_f64, panel);
}

static void ask_for(const gram_job *g, int64_t f, int64_t count)
{
    int64_t size = g->s->is_f64 ? 8 : 4;
    if (f >= count || !g->feature)
        return;
    const char *line = (const char *)g->s->x + g->feature[f] * g->s->ld * size;
    for (int64_t i = 0; i < g->s->ld * size; i += 64)
        __builtin_prefetch(line + i);
}

/* By panels of our own: features a panel after the other, rows over the threads. */
static int own_gram(const gram_job *g, int64_t count, bool is_f64, eae_cpu_strip strip, double sign,
                    double *gram, int threads)
{
    enum { AHEAD = 3, MUCH = 1 << 22 }; /* products that are worth a second thread */
    threads = count * g->m * g->m > MUCH ? threads : 1;
    int64_t size = eae_cpu_panel_size(g->m, is_f64), line = (g->s->ld * 8 + 63) / 64 * 64;
    int64_t width = is_f64 ? 8 : 16, strips = (g->m + width - 1) / width;
    char *panel = eae_cpu_alloc(size + threads * line, 1, "a panel of features");
    if (!panel)
        return EAE_FAIL;
#pragma omp parallel num_threads(threads) if (threads > 1)
    for (int64_t first = 0; first < count; first += EAE_CPU_PANEL) {
        int64_t n = least(EAE_CPU_PANEL, count - first);
#pragma omp for schedule(static)
        for (int64_t k = 0; k < n; k++) {
            ask_for(g, first + k + AHEAD, count);
            line_of_panel(g, first + k, k, is_f64, panel + size + omp_get_thread_num() * line,
                          panel);
        }
#pragma omp for schedule(dynamic, 1)
        for (int64_t s = strips - 1; s >= 0; s--)
            strip(panel, n, s, g->m, sign, gram);
    }
    free(panel);
    eae_cpu_mirror(gram, g->m, threads);
    return EAE_OK;
}

int eae_cpu_feature_gram(const eae_features *features, const int64_t *feature, int64_t count,
                         const int64_t *row, int64_t m, eae_precision precision, double sign,
                         double *gram, int threads)
{
    if (m > INT_MAX)
        return eae_cpu_host->fail("too many rows for one product");
    bool is_f64 = precision == EAE_PRECISION_F64;
    eae_cpu_strip strip = eae_cpu_product_strip(is_f64);
    gram_job g = {features, feature, row, m};
    if (strip)
        return own_gram(&g, count, is_f64, strip, sign, gram, threads);
    double *total = eae_cpu_alloc(m * m, sizeof *total, "a Gram matrix");
    eae_cpu_sum sum = {.features = count,
                       .width = WIDTH,
                       .is_f64 = is_f64,
                       .triangle = true,
                       .out_rows = m,
                       .out_width = m,
                       .scratch = (m * WIDTH + features->ld) * (is_f64 ? 8 : 4),
                       .product = is_f64 ? panel_f64 : panel_f32,
                       .job = &g};
    int status = total ? eae_cpu_sum_panels(&sum, total, threads) : EAE_FAIL;
    for (int64_t r = 0; r < m && status == EAE_OK; r++) {
        for (int64_t c = 0; c < r; c++) {
            gram[r * m + c] += sign * total[r * m + c];
            gram[c * m + r] = gram[r * m + c];
        }
        gram[r * m + r] += sign * total[r * m + r];
    }
    free(total);
    return status;
}
