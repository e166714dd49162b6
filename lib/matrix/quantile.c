/*
 * quantile.c - quantile normalisation (transform.h), and the sort it shares with imputation.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "matrix/transform.h"
#include "matrix/transform_inside.h"

/* ---- sorting ---------------------------------------------------------------------------- */

/* Bits whose unsigned order is the order of the values. */
static uint64_t key_of(double value)
{
    uint64_t bits;
    value += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

/* Radix sort by bytes from the lowest; a byte that is the same everywhere costs nothing, so values
 * that were f32 take five passes of the eight. */
void eae_sort_ranked(eae_ranked *a, eae_ranked *scratch, int64_t n)
{
    int64_t(*count)[256] = eae_calloc(8, sizeof *count);
    eae_ranked *from = a, *to = scratch;
    for (int64_t i = 0; i < n; i++) {
        uint64_t key = key_of(a[i].value);
        for (int byte = 0; byte < 8; byte++)
            count[byte][key >> (8 * byte) & 255]++;
    }
    for (int byte = 0; byte < 8 && n > 0; byte++) {
        int shift = 8 * byte;
        if (count[byte][key_of(a[0].value) >> shift & 255] == n)
            continue;
        int64_t start = 0;
        for (int v = 0; v < 256; v++) {
            int64_t here = count[byte][v];
            count[byte][v] = start;
            start += here;
        }
        for (int64_t i = 0; i < n; i++)
            to[count[byte][key_of(from[i].value) >> shift & 255]++] = from[i];
        eae_ranked *swap = from;
        from = to;
        to = swap;
    }
    if (from != a)
        memcpy(a, from, (size_t)n * sizeof *a);
    free(count);
}

/* ---- normalisation ---------------------------------------------------------------------- */

enum { BATCH = 64 }; /* samples sorted at a time; sums are made in sample order */

typedef struct {
    eae_frame *frame;
    int64_t first;      /* sample of task 0 */
    double *quantiles;  /* BATCH x features: each sample's sorted values, stretched */
    const double *mean; /* features long */
} quantile_work;

/* y[0..n-1] at position x, 0 <= x <= n - 1, linearly. */
static double at(const double *y, int64_t n, double x)
{
    int64_t k = (int64_t)x;
    if (k >= n - 1)
        return y[n - 1];
    return y[k] + (x - (double)k) * (y[k + 1] - y[k]);
}

/* The values of sample i that are there, sorted. Returns their number. */
static int64_t sort_sample(const eae_frame *f, int64_t i, eae_ranked *a)
{
    int64_t n = 0, p = f->cols.count;
    for (int64_t j = 0; j < p; j++) {
        double x = eae_frame_value(f, i, j);
        if (!isnan(x))
            a[n++] = (eae_ranked){x, j};
    }
    eae_sort_ranked(a, a + p, n);
    return n;
}

static int fail_empty(const eae_frame *f, int64_t i)
{
    if (f->rows.names.count > 0)
        return eae_fail("--normalize quantile: sample '%s' has no value",
                        eae_name(&f->rows.names, i));
    return eae_fail("--normalize quantile: sample %lld has no value", (long long)i + 1);
}

static int measure_sample(void *context, int64_t task, int worker)
{
    (void)worker;
    quantile_work *w = context;
    int64_t p = w->frame->cols.count, i = w->first + task;
    double *out = w->quantiles + task * p;
    double *sorted = eae_malloc((size_t)p, sizeof *sorted);
    eae_ranked *a = eae_malloc(2 * (size_t)p, sizeof *a);
    int64_t n = sort_sample(w->frame, i, a);
    for (int64_t k = 0; k < n; k++)
        sorted[k] = a[k].value;
    for (int64_t k = 0; k < p && n > 0; k++)
        out[k] = n == p ? sorted[k] : at(sorted, n, (double)k * (double)(n - 1) / (double)(p - 1));
    free(a);
    free(sorted);
    return n > 0 ? EAE_OK : fail_empty(w->frame, i);
}

/* The fraction of the way a rank is up a sample with one value is not defined: halfway. */
static double place(double rank, int64_t n, int64_t p)
{
    return n > 1 ? rank * (double)(p - 1) / (double)(n - 1) : 0.5 * (double)(p - 1);
}

static int replace_sample(void *context, int64_t task, int worker)
{
    (void)worker;
    quantile_work *w = context;
    eae_frame *f = w->frame;
    int64_t p = f->cols.count;
    eae_ranked *a = eae_malloc(2 * (size_t)p, sizeof *a);
    int64_t n = sort_sample(f, task, a);
    for (int64_t k = 0, end; k < n; k = end) {
        for (end = k + 1; end < n && a[end].value == a[k].value;)
            end++;
        double value = at(w->mean, p, place(0.5 * (double)(k + end - 1), n, p));
        for (int64_t l = k; l < end; l++) {
            int64_t cell = task * p + a[l].index;
            if (f->type == EAE_F32)
                eae_frame_f32(f)[cell] = (float)value;
            else
                eae_frame_f64(f)[cell] = value;
        }
    }
    free(a);
    return EAE_OK;
}

int eae_transform_quantile(eae_frame *f, int threads)
{
    int64_t n = f->rows.count, p = f->cols.count;
    if (eae_transform_own(f) != EAE_OK)
        return EAE_FAIL;
    if (n < 2 || p == 0)
        return EAE_OK;
    quantile_work w = {.frame = f};
    double *mean = EAE_NEW_ARRAY(double, p);
    int status = EAE_FAIL;
    w.mean = mean;
    w.quantiles = eae_try_alloc(BATCH * (size_t)p, sizeof(double), "quantiles");
    if (!w.quantiles)
        goto out;
    for (; w.first < n; w.first += BATCH) {
        int64_t batch = n - w.first < BATCH ? n - w.first : BATCH;
        status = eae_parallel(threads, batch, measure_sample, &w);
        if (status != EAE_OK)
            goto out;
        for (int64_t i = 0; i < batch; i++) {
            for (int64_t j = 0; j < p; j++)
                mean[j] += w.quantiles[i * p + j];
        }
    }
    for (int64_t j = 0; j < p; j++)
        mean[j] /= (double)n;
    status = eae_parallel(threads, n, replace_sample, &w);
out:
    free(w.quantiles);
    free(mean);
    return status;
}
