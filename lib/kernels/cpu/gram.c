/* gram.c - products over panels of features by BLAS: gram, gram_apply, decision. See cpu.h. */
#include "kernels/cpu/cpu.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* Columns of a panel: fixed, because it is part of the result. 200 rows of it stay in the L2 cache,
 * and f32 sums stay short. */
enum { WIDTH = 1024, DECISION_ROWS = 128 };

typedef struct {
    const eae_source *source;
    const int64_t *row;
    int64_t m;
    int64_t k;
    const float *d;
    const double *w;
    const float *b_f32; /* k x m */
    const double *b_f64;
} job;

static int check_sizes(int64_t m, int64_t k)
{
    if (m > INT_MAX || k > INT_MAX) /* BLAS counts in int */
        return eae_cpu_host->fail("too many rows for one product");
    return EAE_OK;
}

/* The panel's z, f32: a part of x itself where nothing is to be done to it, else made in z. */
static const float *panel_f32(const job *g, const eae_cpu_columns *c, float *z, int *ld)
{
    const eae_source *s = g->source;
    bool plain = !s->is_f64 && !c->index && !g->row && !s->fill && s->terms == 0 && !s->shift &&
                 !s->inverse && s->cols <= INT_MAX;
    if (plain) {
        *ld = (int)s->cols;
        return (const float *)s->x + c->first;
    }
    *ld = (int)c->count;
    eae_cpu_rows_f32(c, g->row, 0, g->m, z, c->count);
    return z;
}

static void gram_f32(const void *context, int64_t first, int64_t count, void *scratch, void *out)
{
    const job *g = context;
    eae_cpu_columns c;
    eae_cpu_columns_set(&c, g->source, first, count, scratch);
    double *rest = (double *)scratch + eae_cpu_columns_size(g->source, count);
    int ld;
    const float *z = panel_f32(g, &c, (float *)(void *)rest, &ld);
    cblas_ssyrk(CblasRowMajor, CblasLower, CblasNoTrans, (int)g->m, (int)count, 1, z, ld, 0, out,
                (int)g->m);
}

static void gram_f64(const void *context, int64_t first, int64_t count, void *scratch, void *out)
{
    const job *g = context;
    eae_cpu_columns c;
    eae_cpu_columns_set(&c, g->source, first, count, scratch);
    double *z = (double *)scratch + eae_cpu_columns_size(g->source, count);
    eae_cpu_rows_f64(&c, g->row, 0, g->m, z, count);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, (int)g->m, (int)count, 1, z, (int)count, 0,
                out, (int)g->m);
}

void eae_cpu_mirror(double *a, int64_t m, int threads)
{
    enum { BLOCK = 32 };
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(dynamic, 1)
    for (int64_t i = 0; i < m; i += BLOCK) {
        int64_t end = i + BLOCK < m ? i + BLOCK : m;
        for (int64_t j = 0; j < end; j++) {
            for (int64_t r = i > j ? i : j; r < end; r++)
                a[j * m + r] = a[r * m + j];
        }
    }
}

int eae_cpu_gram(const eae_source *source, const int64_t *row, int64_t m, eae_precision precision,
                 double *gram, int threads)
{
    if (check_sizes(m, m) != EAE_OK)
        return EAE_FAIL;
    bool is_f64 = precision == EAE_PRECISION_F64;
    job g = {.source = source, .row = row, .m = m};
    int64_t doubles = eae_cpu_columns_size(source, WIDTH);
    eae_cpu_sum sum = {.features = eae_cpu_feature_count(source),
                       .width = WIDTH,
                       .is_f64 = is_f64,
                       .triangle = true,
                       .out_rows = m,
                       .out_width = m,
                       .scratch = doubles * 8 + m * WIDTH * (is_f64 ? 8 : 4),
                       .product = is_f64 ? gram_f64 : gram_f32,
                       .job = &g};
    if (eae_cpu_sum_panels(&sum, gram, threads) != EAE_OK)
        return EAE_FAIL;
    eae_cpu_mirror(gram, m, threads);
    return EAE_OK;
}

/* t(c, f) *= d(c, column of f), for one c */
#define SCALE_ROW(name, type) \
    static void name(const eae_cpu_columns *c, const float *d, type *t) \
    { \
        if (!c->index) { \
            for (int64_t f = 0; f < c->count; f++) \
                t[f] *= (type)d[c->first + f]; \
        } else { \
            for (int64_t f = 0; f < c->count; f++) \
                t[f] *= (type)d[c->index[f]]; \
        } \
    }
SCALE_ROW(scale_row_f32, float)
SCALE_ROW(scale_row_f64, double)

/* out (k x m) = (B' Z . D) Z' */
static void apply_f32(const void *context, int64_t first, int64_t count, void *scratch, void *out)
{
    const job *g = context;
    int m = (int)g->m, k = (int)g->k, n = (int)count, ld;
    eae_cpu_columns c;
    eae_cpu_columns_set(&c, g->source, first, count, scratch);
    float *t = (float *)(void *)((double *)scratch + eae_cpu_columns_size(g->source, count));
    const float *z = panel_f32(g, &c, t + g->k * count, &ld);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, k, n, m, 1, g->b_f32, m, z, ld, 0, t, n);
    for (int64_t q = 0; q < g->k; q++)
        scale_row_f32(&c, g->d + q * g->source->cols, t + q * count);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, k, m, n, 1, t, n, z, ld, 0, out, m);
}

static void apply_f64(const void *context, int64_t first, int64_t count, void *scratch, void *out)
{
    const job *g = context;
    int m = (int)g->m, k = (int)g->k, n = (int)count;
    eae_cpu_columns c;
    eae_cpu_columns_set(&c, g->source, first, count, scratch);
    double *t = (double *)scratch + eae_cpu_columns_size(g->source, count);
    double *z = t + g->k * count;
    eae_cpu_rows_f64(&c, g->row, 0, g->m, z, count);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, k, n, m, 1, g->b_f64, m, z, n, 0, t, n);
    for (int64_t q = 0; q < g->k; q++)
        scale_row_f64(&c, g->d + q * g->source->cols, t + q * count);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, k, m, n, 1, t, n, z, n, 0, out, m);
}

int eae_cpu_gram_apply(const eae_source *source, const int64_t *row, int64_t m, const float *d,
                       const double *b, int64_t k, eae_precision precision, double *y, int threads)
{
    if (check_sizes(m, k) != EAE_OK)
        return EAE_FAIL;
    int status = EAE_FAIL;
    bool is_f64 = precision == EAE_PRECISION_F64;
    double *across = eae_cpu_alloc(m * k, sizeof *across, "vectors"); /* B', then Y' */
    float *narrow = eae_cpu_alloc(is_f64 ? 1 : m * k, sizeof *narrow, "vectors");
    double *total = eae_cpu_alloc(m * k, sizeof *total, "products");
    if (!across || !narrow || !total)
        goto out;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t q = 0; q < k; q++)
            across[q * m + i] = b[i * k + q];
    }
    for (int64_t i = 0; !is_f64 && i < m * k; i++)
        narrow[i] = (float)across[i];
    job g = {.source = source, .row = row, .m = m, .k = k, .d = d};
    g.b_f32 = narrow;
    g.b_f64 = across;
    int64_t doubles = eae_cpu_columns_size(source, WIDTH);
    eae_cpu_sum sum = {.features = eae_cpu_feature_count(source),
                       .width = WIDTH,
                       .is_f64 = is_f64,
                       .out_rows = k,
                       .out_width = m,
                       .scratch = doubles * 8 + (m + k) * WIDTH * (is_f64 ? 8 : 4),
                       .product = is_f64 ? apply_f64 : apply_f32,
                       .job = &g};
    if (eae_cpu_sum_panels(&sum, total, threads) != EAE_OK)
        goto out;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t q = 0; q < k; q++)
            y[i * k + q] = total[q * m + i];
    }
    status = EAE_OK;
out:
    free(across);
    free(narrow);
    free(total);
    return status;
}

/* The columns of the panel that have a weight in some vector, and the weights, w (k x number of
 * them), NaN as it is. A column without any is not read at all: its z may be NaN too. */
static int64_t take_weights(const job *g, int64_t first, int64_t count, int64_t *column, double *w,
                            bool *missing)
{
    const eae_source *s = g->source;
    int64_t used = 0;
    for (int64_t f = 0; f < count; f++) {
        int64_t j = s->feature ? s->feature[first + f] : first + f;
        bool any = false;
        for (int64_t q = 0; q < g->k && !any; q++)
            any = !isnan(g->w[q * s->cols + j]);
        if (any)
            column[used++] = j;
    }
    *missing = false;
    for (int64_t q = 0; q < g->k; q++) {
        for (int64_t f = 0; f < used; f++) {
            w[q * used + f] = g->w[q * s->cols + column[f]];
            *missing |= isnan(w[q * used + f]);
        }
    }
    return used;
}

/* y (n x k) = Z W' where some weights are NaN: such a product is 0 whatever z is. */
static void decision_missing(const double *z, const double *w, int64_t n, int64_t k, int64_t used,
                             double *y)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t q = 0; q < k; q++) {
            double sum = 0;
            for (int64_t f = 0; f < used; f++)
                sum += isnan(w[q * used + f]) ? 0 : z[i * used + f] * w[q * used + f];
            y[i * k + q] = sum;
        }
    }
}

/* out (m x k) = Z W', rows of z in blocks that fit the cache */
static void decision_panel(const void *context, int64_t first, int64_t count, void *scratch,
                           void *out)
{
    const job *g = context;
    int64_t *column = scratch;
    double *w = (double *)scratch + count;
    double *z = w + g->k * count;
    bool missing;
    int64_t used = take_weights(g, first, count, column, w, &missing);
    eae_source source = *g->source;
    source.feature = column;
    source.feature_count = used;
    eae_cpu_columns c;
    eae_cpu_columns_set(&c, &source, 0, used, z + DECISION_ROWS * count);
    for (int64_t i = 0; i < g->m; i += DECISION_ROWS) {
        int64_t n = g->m - i < DECISION_ROWS ? g->m - i : DECISION_ROWS;
        double *y = (double *)out + i * g->k;
        eae_cpu_rows_f64(&c, g->row, i, n, z, used);
        if (missing || used == 0)
            decision_missing(z, w, n, g->k, used, y);
        else
            cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)g->k, (int)used, 1, z,
                        (int)used, w, (int)used, 0, y, (int)g->k);
    }
}

int eae_cpu_decision(const eae_source *source, const int64_t *row, int64_t m, const double *w,
                     int64_t k, double *y, int threads)
{
    if (check_sizes(m, k) != EAE_OK)
        return EAE_FAIL;
    job g = {.source = source, .row = row, .m = m, .k = k, .w = w};
    int64_t doubles = eae_cpu_columns_size(source, WIDTH);
    eae_cpu_sum sum = {.features = eae_cpu_feature_count(source),
                       .width = WIDTH,
                       .is_f64 = true,
                       .out_rows = m,
                       .out_width = k,
                       .scratch = (doubles + (1 + k + DECISION_ROWS) * WIDTH) * 8,
                       .product = decision_panel,
                       .job = &g};
    return eae_cpu_sum_panels(&sum, y, threads);
}
