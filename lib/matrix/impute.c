/*
 * impute.c - missing values filled from the feature itself or from its nearest features
 * (transform.h).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "matrix/transform.h"
#include "matrix/transform_inside.h"

int eae_impute_parse(const char *text, eae_impute *method, int64_t *neighbours)
{
    *neighbours = 0;
    if (strcmp(text, "mean") == 0) {
        *method = EAE_IMPUTE_MEAN;
        return EAE_OK;
    }
    if (strcmp(text, "median") == 0) {
        *method = EAE_IMPUTE_MEDIAN;
        return EAE_OK;
    }
    *method = EAE_IMPUTE_KNN;
    if (strncmp(text, "knn:", 4) == 0 && eae_parse_int(text + 4, strlen(text + 4), neighbours) &&
        *neighbours >= 1)
        return EAE_OK;
    return eae_fail_usage("--impute: '%s' is not mean, median, knn:K or als:K with a whole K >= 1",
                          text);
}

typedef struct {
    eae_frame *frame;
    int64_t neighbours;
    int64_t *target; /* the features with missing values */
    int64_t targets;
    double *mean;    /* of every feature */
    double **filled; /* knn: for target t, the value of each sample's cell */
} impute_work;

static void set_cell(eae_frame *f, int64_t i, int64_t j, double value)
{
    if (f->type == EAE_F32)
        eae_frame_f32(f)[i * f->cols.count + j] = (float)value;
    else
        eae_frame_f64(f)[i * f->cols.count + j] = value;
}

/* Means of all features, and which of them lack values. */
static int find_targets(impute_work *w)
{
    const eae_frame *f = w->frame;
    int64_t p = f->cols.count, empty = 0, first = 0;
    int64_t *count = EAE_NEW_ARRAY(int64_t, p);
    double *x = eae_malloc((size_t)p, sizeof *x);
    for (int64_t i = 0; i < f->rows.count; i++) {
        eae_row_load(f, i, x);
        for (int64_t j = 0; j < p; j++) {
            bool there = !isnan(x[j]);
            count[j] += there;
            w->mean[j] += there ? x[j] : 0;
        }
    }
    for (int64_t j = 0; j < p; j++) {
        if (count[j] == 0 && empty++ == 0)
            first = j;
        if (count[j] < f->rows.count)
            w->target[w->targets++] = j;
        w->mean[j] /= (double)count[j];
    }
    free(x);
    free(count);
    if (empty == 0 || f->rows.count == 0)
        return EAE_OK;
    if (f->cols.names.count == 0)
        return eae_fail("--impute: %lld features have no value at all; the first is number %lld",
                        (long long)empty, (long long)first + 1);
    return eae_fail("--impute: %lld feature%s without any value; the first is '%s'",
                    (long long)empty, empty == 1 ? "" : "s", eae_name(&f->cols.names, first));
}

/* ---- from the feature itself ------------------------------------------------------------ */

static double median_of(const eae_frame *f, int64_t j)
{
    int64_t n = 0, rows = f->rows.count;
    eae_ranked *a = eae_malloc(2 * (size_t)rows, sizeof *a);
    for (int64_t i = 0; i < rows; i++) {
        double x = eae_frame_value(f, i, j);
        if (!isnan(x))
            a[n++] = (eae_ranked){x, i};
    }
    eae_sort_ranked(a, a + rows, n);
    double median = n % 2 ? a[n / 2].value : (a[n / 2 - 1].value + a[n / 2].value) / 2;
    free(a);
    return median;
}

static int fill_median(void *context, int64_t task, int worker)
{
    (void)worker;
    impute_work *w = context;
    int64_t j = w->target[task];
    double median = median_of(w->frame, j);
    for (int64_t i = 0; i < w->frame->rows.count; i++) {
        if (isnan(eae_frame_value(w->frame, i, j)))
            set_cell(w->frame, i, j, median);
    }
    return EAE_OK;
}

static void fill_means(impute_work *w)
{
    for (int64_t i = 0; i < w->frame->rows.count; i++) {
        for (int64_t t = 0; t < w->targets; t++) {
            int64_t j = w->target[t];
            if (isnan(eae_frame_value(w->frame, i, j)))
                set_cell(w->frame, i, j, w->mean[j]);
        }
    }
}

/* ---- from the nearest features ---------------------------------------------------------- */

enum { TILE = 1024 }; /* features at a time: their sums stay in the cache */

EAE_CLONES static void add_f32(const float *restrict x, double own, int64_t n, double *restrict d2,
                               double *restrict shared)
{
    for (int64_t b = 0; b < n; b++) {
        double d = (double)x[b] - own;
        d2[b] += d == d ? d * d : 0;
        shared[b] += d == d ? 1 : 0;
    }
}

EAE_CLONES static void add_f64(const double *restrict x, double own, int64_t n, double *restrict d2,
                               double *restrict shared)
{
    for (int64_t b = 0; b < n; b++) {
        double d = x[b] - own;
        d2[b] += d == d ? d * d : 0;
        shared[b] += d == d ? 1 : 0;
    }
}

/* Squared distances of feature j to all, over the samples both have, times samples / shared; NaN
 * where they share none. Each sum runs over the samples in order. */
static void distances(const eae_frame *f, int64_t j, double *d2)
{
    int64_t p = f->cols.count, n = f->rows.count;
    double shared[TILE];
    for (int64_t first = 0; first < p; first += TILE) {
        int64_t m = p - first < TILE ? p - first : TILE;
        for (int64_t b = 0; b < m; b++)
            d2[first + b] = shared[b] = 0;
        for (int64_t i = 0; i < n; i++) {
            double own = eae_frame_value(f, i, j);
            if (isnan(own))
                continue;
            if (f->type == EAE_F32)
                add_f32(eae_frame_f32(f) + i * p + first, own, m, d2 + first, shared);
            else
                add_f64(eae_frame_f64(f) + i * p + first, own, m, d2 + first, shared);
        }
        for (int64_t b = 0; b < m; b++)
            d2[first + b] = shared[b] > 0 ? d2[first + b] * ((double)n / shared[b]) : NAN;
    }
}

/* The value of sample i from the nearest features that have one there. */
static double from_neighbours(const impute_work *w, const eae_ranked *near, int64_t count,
                              int64_t i, double fallback)
{
    double sum = 0, weights = 0;
    int64_t used = 0;
    bool exact = false;
    for (int64_t k = 0; k < count && used < w->neighbours; k++) {
        double x = eae_frame_value(w->frame, i, near[k].index);
        if (isnan(x))
            continue;
        if (used++ == 0)
            exact = near[k].value == 0;
        if (exact && near[k].value > 0)
            break;
        double weight = exact ? 1 : 1 / sqrt(near[k].value);
        sum += weight * x;
        weights += weight;
    }
    return used > 0 ? sum / weights : fallback;
}

/* Works out the cells of one feature; they are written when all features are done, because others
 * still need this one as it was. */
static int fill_knn(void *context, int64_t task, int worker)
{
    (void)worker;
    impute_work *w = context;
    const eae_frame *f = w->frame;
    int64_t p = f->cols.count, j = w->target[task], count = 0;
    double *d2 = eae_malloc((size_t)p, sizeof *d2);
    eae_ranked *near = eae_malloc(2 * (size_t)p, sizeof *near);
    distances(f, j, d2);
    for (int64_t b = 0; b < p; b++) {
        if (b != j && !isnan(d2[b]))
            near[count++] = (eae_ranked){d2[b], b};
    }
    eae_sort_ranked(near, near + p, count);
    w->filled[task] = eae_malloc((size_t)f->rows.count, sizeof(double));
    for (int64_t i = 0; i < f->rows.count; i++) {
        double x = eae_frame_value(f, i, j);
        w->filled[task][i] = isnan(x) ? from_neighbours(w, near, count, i, w->mean[j]) : x;
    }
    free(near);
    free(d2);
    return EAE_OK;
}

static int impute_knn(impute_work *w, int threads)
{
    w->filled = EAE_NEW_ARRAY(double *, w->targets);
    int status = eae_parallel(threads, w->targets, fill_knn, w);
    for (int64_t t = 0; t < w->targets; t++) {
        for (int64_t i = 0; i < w->frame->rows.count && w->filled[t] && status == EAE_OK; i++)
            set_cell(w->frame, i, w->target[t], w->filled[t][i]);
        free(w->filled[t]);
    }
    free(w->filled);
    return status;
}

int eae_transform_impute(eae_frame *f, eae_impute method, int64_t neighbours, int threads)
{
    if (eae_transform_own(f) != EAE_OK)
        return EAE_FAIL;
    impute_work w = {.frame = f, .neighbours = neighbours};
    w.target = EAE_NEW_ARRAY(int64_t, f->cols.count);
    w.mean = EAE_NEW_ARRAY(double, f->cols.count);
    int status = find_targets(&w);
    if (status == EAE_OK && method == EAE_IMPUTE_MEAN)
        fill_means(&w);
    else if (status == EAE_OK && method == EAE_IMPUTE_MEDIAN)
        status = eae_parallel(threads, w.targets, fill_median, &w);
    else if (status == EAE_OK)
        status = impute_knn(&w, threads);
    free(w.target);
    free(w.mean);
    return status;
}
