/* prepare_survey.c - the survey of all rows; see prepare.h. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/prepare.h"

static void find_first_missing(eae_dataset *d)
{
    for (int64_t k = 0; k < d->rows * d->cols && d->missing > 0 && d->first_missing < 0; k++) {
        double v = eae_dataset_value(d, k);
        if (v != v)
            d->first_missing = k;
    }
}

/* The largest value of a column whose moments are not finite. */
static void find_unusable(eae_dataset *d, int64_t column)
{
    double most = -1;
    for (int64_t k = column; k < d->rows * d->cols && !isinf(most); k += d->cols) {
        double v = fabs(eae_dataset_value(d, k));
        if (v > most) {
            most = v;
            d->unusable = k;
        }
    }
}

/* One pass: moments about the first row, which is near enough to the mean for the difference of
 * squares to be accurate, and makes the moments of a constant feature exactly 0. */
static int survey(eae_dataset *d, int threads)
{
    size_t cols = (size_t)d->cols;
    double *first = eae_malloc(cols, sizeof *first);
    double *present = eae_malloc(cols, sizeof *present);
    double *once = eae_malloc((size_t)d->rows, sizeof *once);
    for (int64_t j = 0; j < d->cols; j++) {
        double v = d->rows > 0 ? eae_dataset_value(d, j) : 0;
        first[j] = v == v ? v : 0;
    }
    for (int64_t i = 0; i < d->rows; i++)
        once[i] = 1;
    eae_source source = {.x = d->x,
                         .is_f64 = d->is_f64,
                         .rows = d->rows,
                         .cols = d->cols,
                         .feature_count = d->cols,
                         .shift = first};
    int status = d->kernels->moments(&source, NULL, d->rows, once, 1, present, d->reference,
                                     d->scale, threads);
    for (int64_t j = 0; j < d->cols && status == EAE_OK; j++) {
        double n = fmax(present[j], 1), offset = d->reference[j] / n, square = d->scale[j] / n;
        double variance = square - offset * offset;
        if (d->unusable < 0 && !isfinite(variance))
            find_unusable(d, j);
        d->missing += d->rows - (int64_t)present[j];
        d->reference[j] = first[j] + offset;
        d->scale[j] = variance > 1e-13 * square ? sqrt(variance) : 1;
    }
    free(first);
    free(present);
    free(once);
    find_first_missing(d);
    return status;
}

int eae_dataset_open(eae_dataset *d, const eae_kernels *kernels, const void *x, bool is_f64,
                     int64_t rows, int64_t cols, int threads)
{
    *d = (eae_dataset){.kernels = kernels,
                       .x = x,
                       .is_f64 = is_f64,
                       .rows = rows,
                       .cols = cols,
                       .first_missing = -1,
                       .unusable = -1};
    eae_kernels_hold(kernels, x, rows * cols * (int64_t)(is_f64 ? sizeof(double) : sizeof(float)));
    d->reference = eae_try_alloc((size_t)cols, sizeof(double), "feature means");
    d->scale = eae_try_alloc((size_t)cols, sizeof(double), "feature scales");
    int status = d->reference && d->scale ? survey(d, threads) : EAE_FAIL;
    if (status != EAE_OK)
        eae_dataset_close(d);
    return status;
}

void eae_dataset_close(eae_dataset *d)
{
    eae_kernels_release(d->kernels, d->x);
    free(d->reference);
    free(d->scale);
    *d = (eae_dataset){0};
}
