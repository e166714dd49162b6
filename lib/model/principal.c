/* principal.c - see principal.h. */
#include "model/principal.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

static int check(const eae_dataset *d)
{
    if (d->missing > 0)
        return eae_fail("%lld values are missing (the first: sample %lld, feature %lld): fill them "
                        "with eae-view --impute",
                        (long long)d->missing, (long long)(d->first_missing / d->cols) + 1,
                        (long long)(d->first_missing % d->cols) + 1);
    if (d->unusable >= 0)
        return eae_fail("sample %lld, feature %lld: a value that is infinite or too large",
                        (long long)(d->unusable / d->cols) + 1,
                        (long long)(d->unusable % d->cols) + 1);
    return d->rows >= 2 ? EAE_OK : eae_fail("components need at least two samples");
}

/* gram is destroyed: its rows become eigenvectors. */
static int take_components(const eae_dataset *d, double *gram, int64_t k, double *score,
                           double *share)
{
    int64_t n = d->rows;
    double trace = 0, *value = eae_malloc((size_t)n, sizeof *value);
    for (int64_t i = 0; i < n; i++)
        trace += gram[i * n + i];
    int status = trace > 0 ? d->kernels->eigen(gram, n, value)
                           : eae_fail("no feature differs between the samples");
    for (int64_t c = 0; c < k && status == EAE_OK; c++) {
        /* values rise; what is rounding beside the largest is none */
        bool there = c < n && value[n - 1 - c] > 1e-12 * trace;
        share[c] = there ? value[n - 1 - c] / trace : 0;
        for (int64_t i = 0; i < n; i++)
            score[i * k + c] = there ? gram[(n - 1 - c) * n + i] * sqrt(value[n - 1 - c]) : 0;
    }
    free(value);
    return status;
}

int eae_principal(const eae_dataset *d, bool standardise, int64_t k, double *score, double *share,
                  int threads)
{
    int status = check(d);
    if (status != EAE_OK)
        return status;
    size_t n = (size_t)d->rows;
    double *gram = eae_try_alloc(n * n, sizeof *gram, "the Gram matrix");
    double *inverse = eae_malloc((size_t)d->cols, sizeof *inverse);
    for (int64_t j = 0; j < d->cols; j++)
        inverse[j] = standardise ? 1 / d->scale[j] : 1;
    eae_source source = {.x = d->x,
                         .is_f64 = d->is_f64,
                         .rows = d->rows,
                         .cols = d->cols,
                         .feature_count = d->cols,
                         .shift = d->reference,
                         .inverse = inverse};
    eae_precision precision = eae_kernels_precision(d->rows, d->cols, d->is_f64);
    status = gram ? d->kernels->gram(&source, NULL, d->rows, precision, gram, threads) : EAE_FAIL;
    if (status == EAE_OK)
        status = take_components(d, gram, k, score, share);
    free(inverse);
    free(gram);
    return status;
}
