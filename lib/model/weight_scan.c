/* weight_scan.c - see weight_scan.h. */
#include "model/weight_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"

enum { EPOCHS = 64, NEVER = 255, CHUNK = 1024, MOST_ROUNDS = 20 };
/* Rounding of a size against its bound, relative to |z| |B|. */
static const double slack = 1e-12;

int eae_weight_scan_open(eae_weight_scan *scan, const eae_kernels *kernels,
                         const eae_features *features, int sides, double *norm)
{
    size_t cols = (size_t)features->cols;
    *scan = (eae_weight_scan){
        .kernels = kernels, .features = features, .sides = sides, .norm = norm, .limit = INFINITY};
    scan->size = eae_try_alloc(cols, sizeof(double), "weights of features");
    scan->weight = eae_try_alloc(cols * (size_t)sides, sizeof(double), "weights of features");
    scan->list = eae_try_alloc(cols, sizeof(int64_t), "weights of features");
    scan->epoch = eae_try_alloc(cols, 1, "weights of features");
    scan->model = EAE_NEW_ARRAY(double, EPOCHS * features->rows * sides);
    scan->square = EAE_NEW_ARRAY(double, EPOCHS);
    if (!scan->size || !scan->weight || !scan->list || !scan->epoch) {
        eae_weight_scan_close(scan);
        return EAE_FAIL;
    }
    memset(scan->epoch, NEVER, cols);
    memset(scan->size, 0, cols * sizeof *scan->size);
    return EAE_OK;
}

void eae_weight_scan_close(eae_weight_scan *scan)
{
    free(scan->size);
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

/* What the remembered models say of features: |w| >= scale |w then| - |z| radius. */
typedef struct {
    double scale[NEVER + 1], radius[NEVER + 1];
} bounds;

/* Put B in place of the oldest; returns its number. Until a feature is evaluated at it, that number
 * stands for the forgotten model, which says nothing. */
static int remember(eae_weight_scan *scan, const double *b, bounds *bound)
{
    int64_t width = scan->features->rows * scan->sides;
    int now = scan->next;
    scan->next = (now + 1) % EPOCHS;
    memcpy(scan->model + now * width, b, (size_t)width * sizeof *b);
    scan->square[now] = dot(b, b, width);
    for (int e = 0; e <= NEVER; e++) {
        bound->scale[e] = 0;
        bound->radius[e] = INFINITY;
    }
    for (int e = 0; e < EPOCHS; e++) {
        const double *other = scan->model + e * width;
        if (e == now || !(scan->square[e] > 0))
            continue;
        double a = dot(b, other, width) / scan->square[e], square = 0;
        for (int64_t i = 0; i < width; i++)
            square += (b[i] - a * other[i]) * (b[i] - a * other[i]);
        bound->scale[e] = fabs(a);
        bound->radius[e] = sqrt(square) + slack * sqrt(scan->square[now]);
    }
    return now;
}

/* ---- evaluation ------------------------------------------------------------------------------ */

typedef struct {
    eae_weight_scan *scan;
    const double *b;
    int64_t first, count; /* of the list */
    int now;
} evaluation;

static int evaluate_chunk(void *context, int64_t task, int worker)
{
    const evaluation *e = context;
    eae_weight_scan *scan = e->scan;
    int64_t first = e->first + task * CHUNK, left = e->count - first;
    int64_t n = left < CHUNK ? left : CHUNK;
    const int64_t *list = scan->list + first;
    double *w = scan->weight + first * scan->sides;
    (void)worker;
    int status = scan->kernels->feature_weights(scan->features, list, n, e->b, scan->sides, w);
    for (int64_t k = 0; k < n && status == EAE_OK; k++) {
        double square = 0;
        for (int q = 0; q < scan->sides; q++)
            square += w[k * scan->sides + q] * w[k * scan->sides + q];
        double size = scan->sides == 1 ? fabs(w[k]) : sqrt(square);
        scan->size[list[k]] = scan->norm[list[k]] == 0 ? 0 : size; /* not what rounding left */
        scan->epoch[list[k]] = (uint8_t)e->now;
    }
    return status;
}

/* Evaluate the features of the list from e->first on. */
static int evaluate(evaluation *e, int threads)
{
    int64_t chunks = (e->count - e->first + CHUNK - 1) / CHUNK;
    if (threads > 1 && chunks > 2)
        return eae_parallel(threads, chunks, evaluate_chunk, e);
    int status = EAE_OK;
    for (int64_t c = 0; c < chunks && status == EAE_OK; c++)
        status = evaluate_chunk(e, c, 0);
    return status;
}

/* Append those that may be within the limit, or all whose bound is not above it. `taken`: those of
 * present epoch are in the list already. Returns the new length. */
static int64_t list_candidates(eae_weight_scan *scan, const int64_t *active, int64_t count,
                               const bounds *bound, int now, int64_t length)
{
    bool taken = length > 0;
    for (int64_t k = 0; k < count; k++) {
        int64_t j = active[k];
        int e = scan->epoch[j];
        if (taken && e == now)
            continue;
        double least = bound->scale[e] * scan->size[j] - scan->norm[j] * bound->radius[e];
        if (!(least > scan->limit))
            scan->list[length++] = j;
        else if (e == now)
            scan->epoch[j] = NEVER;
    }
    return length;
}

/* ---- the smallest ---------------------------------------------------------------------------- */

typedef struct {
    double size;
    int64_t feature;
} sized;

/* By size into a (n entries; scratch the same); equal ones stay in their order. Numbers that are
 * not negative sort as their bits do. */
static void sort_by_size(sized *a, sized *scratch, int64_t n)
{
    sized *const result = a;
    for (int shift = 0; shift < 64; shift += 8) {
        int64_t at[256] = {0}, sum = 0;
        for (int64_t k = 0; k < n; k++) {
            uint64_t bits;
            memcpy(&bits, &a[k].size, sizeof bits);
            at[bits >> shift & 255]++;
        }
        bool same = false; /* in all of them */
        for (int v = 0; v < 256; v++) {
            int64_t here = at[v];
            same = same || here == n;
            at[v] = sum;
            sum += here;
        }
        if (same)
            continue;
        for (int64_t k = 0; k < n; k++) {
            uint64_t bits;
            memcpy(&bits, &a[k].size, sizeof bits);
            scratch[at[bits >> shift & 255]++] = a[k];
        }
        sized *swap = a;
        a = scratch;
        scratch = swap;
    }
    if (a != result)
        memcpy(result, a, (size_t)n * sizeof *a);
}

static int by_column(const void *pa, const void *pb)
{
    int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;
    return (a > b) - (a < b);
}

/* What the next call will want: beyond the last of this one, about as much again. */
static void expect(eae_weight_scan *scan, const sized *all, int64_t r, int64_t count)
{
    double last = all[r - 1].size, width = last - all[0].size;
    scan->limit = (last + 1.3 * width) * (1 + (double)r / (double)count) * (1 + 1e-9);
}

/* Make exact the sizes of all features that may be within the limit, which rises until at least
 * `need` are: the list then holds them and others. */
static int find_within(eae_weight_scan *scan, const int64_t *active, int64_t count, const double *b,
                       int64_t need, int threads, evaluation *e, int64_t *within)
{
    bounds bound;
    *e = (evaluation){.scan = scan, .b = b, .now = remember(scan, b, &bound)};
    for (int round = 0;; round++) {
        e->first = e->count;
        e->count = list_candidates(scan, active, count, &bound, e->now, e->first);
        if (evaluate(e, threads) != EAE_OK)
            return EAE_FAIL;
        *within = 0;
        for (int64_t k = 0; k < e->count; k++)
            *within += scan->size[scan->list[k]] <= scan->limit;
        if (*within >= need) {
            if (round > 0) /* the list is in the order of columns */
                qsort(scan->list, (size_t)e->count, sizeof *scan->list, by_column);
            return EAE_OK;
        }
        if (scan->limit == INFINITY)
            return eae_fail("a weight that is not a number");
        /* where much is lacking, or a factor would not help, all */
        bool little = *within * 4 < need || !(scan->limit > 0) || round > MOST_ROUNDS;
        scan->limit = little ? INFINITY : scan->limit * 1.2;
    }
}

int eae_weight_scan_smallest(eae_weight_scan *scan, const int64_t *active, int64_t count,
                             const double *b, int64_t r, int64_t *smallest, double *gap,
                             int threads)
{
    evaluation e;
    int64_t within = 0, n = 0;
    if (r == count)
        scan->limit = INFINITY;
    if (find_within(scan, active, count, b, r < count ? r + 1 : count, threads, &e, &within))
        return EAE_FAIL;
    sized *all = eae_malloc(2 * (size_t)within, sizeof *all);
    for (int64_t k = 0; k < e.count; k++) {
        int64_t j = scan->list[k];
        if (scan->size[j] <= scan->limit)
            all[n++] = (sized){scan->size[j], j};
    }
    sort_by_size(all, all + n, n);
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
