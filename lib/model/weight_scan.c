/* weight_scan.c - see weight_scan.h. */
#include "model/weight_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"

enum { EPOCHS = 12, NEVER = 255, CHUNK = 1024 };
/* Rounding of a size against its bound, relative to |z| |B|. */
static const double slack = 1e-12;

int eae_weight_scan_open(eae_weight_scan *scan, const eae_kernels *kernels,
                         const eae_features *features, int sides, double *norm)
{
    size_t cols = (size_t)features->cols;
    *scan = (eae_weight_scan){
        .kernels = kernels, .features = features, .sides = sides, .norm = norm, .limit = INFINITY};
    scan->size = eae_try_alloc(cols, sizeof(double), "weights of features");
    scan->bound = eae_try_alloc(cols, sizeof(double), "weights of features");
    scan->weight = eae_try_alloc(cols * (size_t)sides, sizeof(double), "weights of features");
    scan->list = eae_try_alloc(cols, sizeof(int64_t), "weights of features");
    scan->epoch = eae_try_alloc(cols, 1, "weights of features");
    scan->model = EAE_NEW_ARRAY(double, EPOCHS * features->rows * sides);
    scan->square = EAE_NEW_ARRAY(double, EPOCHS);
    if (!scan->size || !scan->bound || !scan->weight || !scan->list || !scan->epoch) {
        eae_weight_scan_close(scan);
        return EAE_FAIL;
    }
    memset(scan->epoch, NEVER, cols);
    return EAE_OK;
}

void eae_weight_scan_close(eae_weight_scan *scan)
{
    free(scan->size);
    free(scan->bound);
    free(scan->weight);
    free(scan->list);
    free(scan->epoch);
    free(scan->model);
    free(scan->square);
    *scan = (eae_weight_scan){0};
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static double dot(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Remember B in place of the oldest; returns its number. */
static int remember(eae_weight_scan *scan, const int64_t *active, int64_t count, const double *b)
{
    int64_t width = scan->features->rows * scan->sides;
    int now = scan->next;
    scan->next = (now + 1) % EPOCHS;
    for (int64_t k = 0; k < count; k++) {
        if (scan->epoch[active[k]] == now)
            scan->epoch[active[k]] = NEVER;
    }
    memcpy(scan->model + now * width, b, (size_t)width * sizeof *b);
    scan->square[now] = dot(b, b, width);
    return now;
}

static void make_bounds(eae_weight_scan *scan, const int64_t *active, int64_t count, int now)
{
    int64_t width = scan->features->rows * scan->sides;
    const double *b = scan->model + now * width;
    double scale[256] = {0}, radius[256];
    for (int e = 0; e < 256; e++)
        radius[e] = INFINITY;
    for (int e = 0; e < EPOCHS; e++) {
        const double *other = scan->model + e * width;
        if (!(scan->square[e] > 0))
            continue;
        double a = dot(b, other, width) / scan->square[e], square = 0;
        for (int64_t i = 0; i < width; i++)
            square += (b[i] - a * other[i]) * (b[i] - a * other[i]);
        scale[e] = fabs(a);
        radius[e] = sqrt(square) + slack * sqrt(scan->square[now]);
    }
    for (int64_t k = 0; k < count; k++) {
        int64_t j = active[k];
        int e = scan->epoch[j];
        scan->bound[j] =
            e == NEVER ? -INFINITY : scale[e] * scan->size[j] - scan->norm[j] * radius[e];
    }
}

/* ---- evaluation ------------------------------------------------------------------------------ */

typedef struct {
    eae_weight_scan *scan;
    const double *b;
    int64_t count; /* of list */
    int now;
} evaluation;

static int evaluate_chunk(void *context, int64_t task, int worker)
{
    const evaluation *e = context;
    eae_weight_scan *scan = e->scan;
    int64_t first = task * CHUNK, n = e->count - first < CHUNK ? e->count - first : CHUNK;
    const int64_t *list = scan->list + first;
    double *w = scan->weight + first * scan->sides;
    (void)worker;
    int status = scan->kernels->feature_weights(scan->features, list, n, e->b, scan->sides, w);
    for (int64_t k = 0; k < n && status == EAE_OK; k++) {
        double square = 0;
        for (int q = 0; q < scan->sides; q++)
            square += w[k * scan->sides + q] * w[k * scan->sides + q];
        scan->size[list[k]] = scan->sides == 1 ? fabs(w[k]) : sqrt(square);
        scan->epoch[list[k]] = (uint8_t)e->now;
    }
    return status;
}

/* Make sizes exact wherever they may be within the limit; how many are. */
static int evaluate(eae_weight_scan *scan, const int64_t *active, int64_t count, const double *b,
                    int now, int threads, int64_t *within)
{
    evaluation e = {scan, b, 0, now};
    for (int64_t k = 0; k < count; k++) {
        int64_t j = active[k];
        if (scan->epoch[j] != now && !(scan->bound[j] > scan->limit))
            scan->list[e.count++] = j;
    }
    int64_t chunks = (e.count + CHUNK - 1) / CHUNK;
    int status = EAE_OK;
    if (threads > 1 && chunks > 2)
        status = eae_parallel(threads, chunks, evaluate_chunk, &e);
    for (int64_t c = 0; !(threads > 1 && chunks > 2) && c < chunks && status == EAE_OK; c++)
        status = evaluate_chunk(&e, c, 0);
    *within = 0;
    for (int64_t k = 0; k < count; k++)
        *within += scan->epoch[active[k]] == now && scan->size[active[k]] <= scan->limit;
    return status;
}

/* ---- the smallest ---------------------------------------------------------------------------- */

typedef struct {
    double size;
    int64_t feature;
} sized;

static int by_size(const void *pa, const void *pb)
{
    const sized *a = pa, *b = pb;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return (a->feature > b->feature) - (a->feature < b->feature);
}

/* What the next call will want: beyond the last of this one, about as much again. */
static void expect(eae_weight_scan *scan, const sized *all, int64_t r, int64_t count)
{
    double last = all[r - 1].size, width = last - all[0].size;
    scan->limit = (last + 1.3 * width) * (1 + (double)r / (double)count) * (1 + 1e-9);
}

int eae_weight_scan_smallest(eae_weight_scan *scan, const int64_t *active, int64_t count,
                             const double *b, int64_t r, int64_t *smallest, double *gap,
                             int threads)
{
    int64_t need = r < count ? r + 1 : count, within = 0;
    int now = remember(scan, active, count, b);
    make_bounds(scan, active, count, now);
    if (r == count)
        scan->limit = INFINITY;
    for (;;) {
        if (evaluate(scan, active, count, b, now, threads, &within) != EAE_OK)
            return EAE_FAIL;
        if (within >= need || scan->limit == INFINITY)
            break;
        /* further the more is lacking; 0 and what is far too small jump */
        scan->limit = within * 4 < need ? INFINITY : scan->limit * 1.2;
    }
    if (within < need)
        return eae_fail("a weight that is not a number");
    sized *all = eae_malloc((size_t)within, sizeof *all);
    int64_t n = 0;
    for (int64_t k = 0; k < count; k++) {
        int64_t j = active[k];
        if (scan->epoch[j] == now && scan->size[j] <= scan->limit)
            all[n++] = (sized){scan->size[j], j};
    }
    qsort(all, (size_t)n, sizeof *all, by_size);
    for (int64_t k = 0; k < r; k++)
        smallest[k] = all[k].feature;
    double last = all[r - 1].size, next = r < count ? all[r].size : INFINITY;
    if (gap)
        *gap = r == count ? INFINITY : next > 0 ? (next - last) / next * ((next + last) / next) : 0;
    expect(scan, all, r, count);
    free(all);
    return EAE_OK;
}

void eae_feature_norms(const eae_features *s, const int64_t *row, int64_t n, double *norm)
{
    for (int64_t j = 0; j < s->cols; j++) {
        double shift = s->shift ? s->shift[j] : 0, square = 0;
        for (int64_t i = 0; i < n; i++) {
            int64_t at = j * s->ld + (row ? row[i] : i);
            double x = s->is_f64 ? ((const double *)s->x)[at] : (double)((const float *)s->x)[at];
            square += (x - shift) * (x - shift);
        }
        norm[j] = sqrt(square) * fabs(s->inverse ? s->inverse[j] : 1) * (1 + 1e-9);
    }
}
