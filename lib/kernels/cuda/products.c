/* products.c - products of matrices on the device. See cuda.h. */
#include "kernels/cuda/cuda.h"

#include <stdlib.h>
#include <string.h>

static size_t real_size(bool is_f64)
{
    return is_f64 ? sizeof(double) : sizeof(float);
}

/* Columns of a product that one launch takes: tiles of 64 of them are the grid's y. */
static bool too_wide(int64_t n)
{
    return n > (int64_t)EAE_CUDA_GRID_MOST * 64;
}

static double bytes_of(int64_t a, int64_t b, double size)
{
    return (double)a * (double)b * size;
}

/* ---- gram ------------------------------------------------------------------------------------ */

static int gram_panels(eae_cuda_feed *feed, bool is_f64, void *z, double *part, double *total)
{
    int64_t m = feed->m;
    for (int64_t first = 0; first < feed->features; first += feed->panel.count) {
        if (eae_cuda_feed_next(feed, first) != EAE_OK ||
            eae_cuda_values(&feed->panel, is_f64, z) != EAE_OK)
            return EAE_FAIL;
        int64_t count = feed->panel.count;
        eae_cuda_product p = {.is_f64 = is_f64, .ta = true, .triangle = true, .a = z, .b = z};
        p.lda = p.ldb = p.m = p.n = m;
        p.depth = count;
        p.slice = EAE_CUDA_SLICE;
        p.part = part;
        if (eae_cuda_product_slices(&p) != EAE_OK ||
            eae_cuda_add_slices(part, eae_cuda_slices(count), m, m, true, 1, total) != EAE_OK)
            return EAE_FAIL;
    }
    return EAE_OK;
}

int eae_cuda_gram(const eae_source *source, const int64_t *row, int64_t m, eae_precision precision,
                  double *gram, int threads)
{
    bool is_f64 = precision == EAE_PRECISION_F64;
    int64_t features = eae_cuda_features(source), panel;
    double work = (double)m * (double)m * (double)features;
    if (m == 0 || features == 0 ||
        eae_cuda_spares(work, eae_cuda_feed_bytes(source, m), bytes_of(m, m, 8)))
        return eae_cuda_near()->gram(source, row, m, precision, gram, threads);
    eae_cuda_need need = {.fixed = bytes_of(m, m, 8)};
    need.slice =
        bytes_of(m, m, 8) + bytes_of(m, eae_cuda_width(1, features), (double)real_size(is_f64));
    eae_cuda_feed_need(source, m, &need);
    eae_cuda_space space;
    eae_cuda_feed feed;
    if (eae_cuda_begin(&need, eae_cuda_slices(features), &space, &panel) != EAE_OK)
        return EAE_FAIL;
    double *total = eae_cuda_part(&space, m * m, sizeof *total);
    double *part = eae_cuda_part(&space, panel * m * m, sizeof *part);
    void *z = eae_cuda_part(&space, eae_cuda_width(panel, features) * m, real_size(is_f64));
    if (eae_cuda_feed_open(&feed, source, row, m, panel, &space) != EAE_OK)
        return eae_cuda_end(EAE_FAIL);
    int status = eae_cuda_zero(total, m * m * 8);
    if (status == EAE_OK)
        status = gram_panels(&feed, is_f64, z, part, total);
    if (status == EAE_OK)
        status = eae_cuda_copy_out(gram, total, m * m * 8);
    eae_cuda_feed_close(&feed);
    return eae_cuda_end(status);
}

/* ---- decision -------------------------------------------------------------------------------- */

/* The weights of the panel's features: k x count. */
static int send_weights(const eae_cuda_feed *feed, const double *w, int64_t k, int64_t first,
                        double *packed, double *to)
{
    int64_t count = feed->panel.count;
    for (int64_t c = 0; c < k; c++) {
        for (int64_t f = 0; f < count; f++)
            packed[c * count + f] =
                w[c * feed->source->cols + eae_cuda_column(feed->source, first + f)];
    }
    return eae_cuda_copy_in(to, packed, k * count * 8);
}

typedef struct {
    const double *w;
    int64_t k;
    double *packed;                  /* on the host */
    double *weight, *z, *part, *sum; /* on the device */
} decision;

static int decision_panels(eae_cuda_feed *feed, const decision *d)
{
    for (int64_t first = 0; first < feed->features; first += feed->panel.count) {
        if (eae_cuda_feed_next(feed, first) != EAE_OK ||
            eae_cuda_values(&feed->panel, true, d->z) != EAE_OK ||
            send_weights(feed, d->w, d->k, first, d->packed, d->weight) != EAE_OK)
            return EAE_FAIL;
        int64_t count = feed->panel.count;
        eae_cuda_product p = {.is_f64 = true, .ta = true, .tb = true, .skip_nan = true};
        p.a = d->z;
        p.b = d->weight;
        p.lda = p.m = feed->m;
        p.n = d->k;
        p.ldb = p.depth = count;
        p.slice = EAE_CUDA_SLICE;
        p.part = d->part;
        if (eae_cuda_product_slices(&p) != EAE_OK ||
            eae_cuda_add_slices(d->part, eae_cuda_slices(count), p.m, p.n, false, 1, d->sum) !=
                EAE_OK)
            return EAE_FAIL;
    }
    return EAE_OK;
}

enum { DECISION_ROWS = 1 << 14 };

/* Many rows, some at a time. */
static int decision_blocks(const eae_source *source, const int64_t *row, int64_t m, const double *w,
                           int64_t k, double *y, int threads)
{
    int64_t *some = eae_cuda_alloc(DECISION_ROWS, sizeof *some, "rows");
    int status = some ? EAE_OK : EAE_FAIL;
    for (int64_t from = 0; from < m && status == EAE_OK; from += DECISION_ROWS) {
        int64_t n = m - from < DECISION_ROWS ? m - from : DECISION_ROWS;
        for (int64_t i = 0; i < n; i++)
            some[i] = row ? row[from + i] : from + i;
        status = eae_cuda_decision(source, some, n, w, k, y + from * k, threads);
    }
    free(some);
    return status;
}

int eae_cuda_decision(const eae_source *source, const int64_t *row, int64_t m, const double *w,
                      int64_t k, double *y, int threads)
{
    if (m > DECISION_ROWS)
        return decision_blocks(source, row, m, w, k, y, threads);
    int64_t features = eae_cuda_features(source), panel;
    double work = (double)m * (double)k * (double)features;
    double in = eae_cuda_feed_bytes(source, m) + bytes_of(k, features, 8);
    if (m == 0 || k == 0 || features == 0 || too_wide(k) ||
        eae_cuda_spares(work, in, bytes_of(m, k, 8)))
        return eae_cuda_near()->decision(source, row, m, w, k, y, threads);
    eae_cuda_need need = {.fixed = bytes_of(m, k, 8)};
    need.slice = bytes_of(m, k, 8) + bytes_of(m + k, eae_cuda_width(1, features), 8);
    eae_cuda_feed_need(source, m, &need);
    eae_cuda_space space;
    eae_cuda_feed feed;
    if (eae_cuda_begin(&need, eae_cuda_slices(features), &space, &panel) != EAE_OK)
        return EAE_FAIL;
    int64_t width = eae_cuda_width(panel, features);
    decision d = {.w = w, .k = k};
    d.packed = eae_cuda_alloc(k * width, sizeof *d.packed, "weights");
    d.sum = eae_cuda_part(&space, m * k, sizeof *d.sum);
    d.part = eae_cuda_part(&space, panel * m * k, sizeof *d.part);
    d.z = eae_cuda_part(&space, width * m, sizeof *d.z);
    d.weight = eae_cuda_part(&space, width * k, sizeof *d.weight);
    if (!d.packed || eae_cuda_feed_open(&feed, source, row, m, panel, &space) != EAE_OK) {
        free(d.packed);
        return eae_cuda_end(EAE_FAIL);
    }
    int status = eae_cuda_zero(d.sum, m * k * 8);
    if (status == EAE_OK)
        status = decision_panels(&feed, &d);
    if (status == EAE_OK)
        status = eae_cuda_copy_out(y, d.sum, m * k * 8);
    free(d.packed);
    eae_cuda_feed_close(&feed);
    return eae_cuda_end(status);
}

/* ---- gram_apply ------------------------------------------------------------------------------ */

typedef struct {
    bool is_f64;
    int64_t k;
    const float *d;
    float *packed;                     /* on the host: k x count */
    void *b, *z, *scaled;              /* on the device, in the precision; */
    float *scale;                      /* k x count, */
    double *wide, *inner, *part, *sum; /* and f64 */
} apply;

static int send_scales(const eae_cuda_feed *feed, const apply *a, int64_t first)
{
    int64_t count = feed->panel.count;
    for (int64_t c = 0; c < a->k; c++) {
        for (int64_t f = 0; f < count; f++)
            a->packed[c * count + f] =
                a->d[c * feed->source->cols + eae_cuda_column(feed->source, first + f)];
    }
    return eae_cuda_copy_in(a->scale, a->packed, a->k * count * (int64_t)sizeof(float));
}

/* T = Z'B, T(f, c) *= d(c, f), Y += Z T */
static int apply_panel(const eae_cuda_feed *feed, const apply *a)
{
    int64_t count = feed->panel.count, m = feed->m, k = a->k;
    eae_cuda_product inner = {.is_f64 = a->is_f64, .a = a->z, .b = a->b, .part = a->inner};
    inner.lda = inner.depth = inner.slice = m;
    inner.ldb = inner.n = k;
    inner.m = count;
    eae_cuda_product outer = {.is_f64 = a->is_f64, .ta = true, .a = a->z, .b = a->scaled};
    outer.lda = outer.m = m;
    outer.ldb = outer.n = k;
    outer.depth = count;
    outer.slice = EAE_CUDA_SLICE;
    outer.part = a->part;
    int status = eae_cuda_product_slices(&inner);
    if (status == EAE_OK)
        status = eae_cuda_scale_rows(a->inner, a->scale, count, k, a->is_f64, a->scaled);
    if (status == EAE_OK)
        status = eae_cuda_product_slices(&outer);
    return status == EAE_OK
               ? eae_cuda_add_slices(a->part, eae_cuda_slices(count), m, k, false, 1, a->sum)
               : status;
}

static int apply_panels(eae_cuda_feed *feed, const apply *a)
{
    for (int64_t first = 0; first < feed->features; first += feed->panel.count) {
        if (eae_cuda_feed_next(feed, first) != EAE_OK ||
            eae_cuda_values(&feed->panel, a->is_f64, a->z) != EAE_OK ||
            send_scales(feed, a, first) != EAE_OK || apply_panel(feed, a) != EAE_OK)
            return EAE_FAIL;
    }
    return EAE_OK;
}

static int apply_vectors(const apply *a, const double *b, int64_t m)
{
    int status = eae_cuda_zero(a->sum, m * a->k * 8);
    if (status == EAE_OK)
        status = eae_cuda_copy_in(a->wide, b, m * a->k * 8);
    return status == EAE_OK && !a->is_f64 ? eae_cuda_narrow(a->wide, m * a->k, a->b) : status;
}

static void apply_parts(apply *a, int64_t m, int64_t panel, int64_t width, eae_cuda_space *space)
{
    int64_t k = a->k;
    a->sum = eae_cuda_part(space, m * k, sizeof *a->sum);
    a->wide = eae_cuda_part(space, m * k, sizeof *a->wide);
    a->b = a->is_f64 ? (void *)a->wide : eae_cuda_part(space, m * k, sizeof(float));
    a->part = eae_cuda_part(space, panel * m * k, sizeof *a->part);
    a->inner = eae_cuda_part(space, width * k, sizeof *a->inner);
    a->scaled = eae_cuda_part(space, width * k, real_size(a->is_f64));
    a->scale = eae_cuda_part(space, width * k, sizeof *a->scale);
    a->z = eae_cuda_part(space, width * m, real_size(a->is_f64));
}

int eae_cuda_gram_apply(const eae_source *source, const int64_t *row, int64_t m, const float *d,
                        const double *b, int64_t k, eae_precision precision, double *y, int threads)
{
    apply a = {.is_f64 = precision == EAE_PRECISION_F64, .k = k, .d = d};
    int64_t features = eae_cuda_features(source), panel;
    double size = (double)real_size(a.is_f64), width = (double)eae_cuda_width(1, features);
    double work = 2 * (double)m * (double)k * (double)features;
    double in = eae_cuda_feed_bytes(source, m) + bytes_of(k, features, 4);
    if (m == 0 || k == 0 || features == 0 || too_wide(k) ||
        eae_cuda_spares(work, in, bytes_of(m, k, 8)))
        return eae_cuda_near()->gram_apply(source, row, m, d, b, k, precision, y, threads);
    eae_cuda_need need = {.fixed = bytes_of(m, k, 8 + 8 + 4)};
    need.slice = bytes_of(m, k, 8) + width * ((double)k * (8 + 4 + size) + (double)m * size);
    eae_cuda_feed_need(source, m, &need);
    eae_cuda_space space;
    eae_cuda_feed feed;
    if (eae_cuda_begin(&need, eae_cuda_slices(features), &space, &panel) != EAE_OK)
        return EAE_FAIL;
    apply_parts(&a, m, panel, eae_cuda_width(panel, features), &space);
    a.packed = eae_cuda_alloc(k * eae_cuda_width(panel, features), sizeof *a.packed, "scales");
    if (!a.packed || eae_cuda_feed_open(&feed, source, row, m, panel, &space) != EAE_OK) {
        free(a.packed);
        return eae_cuda_end(EAE_FAIL);
    }
    int status = apply_vectors(&a, b, m);
    if (status == EAE_OK)
        status = apply_panels(&feed, &a);
    if (status == EAE_OK)
        status = eae_cuda_copy_out(y, a.sum, m * k * 8);
    free(a.packed);
    eae_cuda_feed_close(&feed);
    return eae_cuda_end(status);
}

/* ---- multiply -------------------------------------------------------------------------------- */

int eae_cuda_multiply(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                      const double *a, const double *b, double beta, double *c)
{
    double in = bytes_of(m, k, 8) + bytes_of(k, n, 8) + (beta == 0 ? 0 : bytes_of(m, n, 8));
    if (m == 0 || n == 0 || k == 0 || too_wide(n) ||
        eae_cuda_spares((double)m * (double)n * (double)k, in, bytes_of(m, n, 8)))
        return eae_cuda_near()->multiply(ta, tb, m, n, k, alpha, a, b, beta, c);
    eae_cuda_need need = {.fixed = bytes_of(m, k, 8) + bytes_of(k, n, 8) + bytes_of(m, n, 16)};
    eae_cuda_space space;
    int64_t panel;
    if (eae_cuda_begin(&need, 1, &space, &panel) != EAE_OK)
        return EAE_FAIL;
    double *da = eae_cuda_part(&space, m * k, sizeof *da);
    double *db = eae_cuda_part(&space, k * n, sizeof *db);
    double *dc = eae_cuda_part(&space, m * n, sizeof *dc);
    eae_cuda_product p = {.is_f64 = true, .ta = ta, .tb = tb, .a = da, .b = db};
    p.lda = ta ? m : k;
    p.ldb = tb ? k : n;
    p.m = m;
    p.n = n;
    p.depth = p.slice = k;
    p.part = eae_cuda_part(&space, m * n, sizeof *p.part);
    int status = eae_cuda_copy_in(da, a, m * k * 8);
    if (status == EAE_OK)
        status = eae_cuda_copy_in(db, b, k * n * 8);
    if (status == EAE_OK && beta != 0)
        status = eae_cuda_copy_in(dc, c, m * n * 8);
    if (status == EAE_OK)
        status = eae_cuda_product_slices(&p);
    if (status == EAE_OK)
        status = eae_cuda_blend(p.part, m * n, alpha, beta, dc);
    return eae_cuda_end(status == EAE_OK ? eae_cuda_copy_out(c, dc, m * n * 8) : status);
}
