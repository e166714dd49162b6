/* fold_weights.c - weights of the fits on a fold, gamma of its kernel; see fold.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/train/fold.h"
#include "kernels/source.h"

double eae_fold_gamma(const eae_fold *f)
{
    int64_t features = f->prepared.feature ? f->prepared.feature_count : f->run->dataset.cols;
    return f->run->spec->gamma > 0 ? f->run->spec->gamma : 1 / (double)features;
}

/* 0 for features in use, NaN for others. */
static void clear(const eae_source *source, double *w)
{
    for (int64_t j = 0; j < source->cols; j++)
        w[j] = source->feature ? NAN : 0;
    for (int64_t k = 0; k < source->feature_count; k++)
        w[eae_source_column(source, k)] = 0;
}

/* w = X'beta for all at once. */
static int dense_weights(const eae_fold *f, const eae_fits *fits, double *w, int64_t ld)
{
    int64_t n = f->n, k = fits->params * fits->sides, cols = f->run->dataset.cols;
    eae_source source = eae_fold_source(f);
    double *beta = eae_malloc((size_t)(n * k), sizeof *beta);
    double *dense = ld == cols ? w : eae_try_alloc((size_t)(k * cols), sizeof *w, "weights");
    for (int64_t c = 0; c < k; c++) {
        const eae_gram_fit *fit =
            eae_fits_at(fits, (int)(c / fits->sides), 0, (int)(c % fits->sides));
        for (int64_t i = 0; i < n; i++)
            beta[i * k + c] = fit->beta[i];
    }
    int status = EAE_FAIL;
    if (dense)
        status = f->run->dataset.kernels->weights(&source, f->row, n, beta, k, dense, f->threads);
    for (int64_t c = 0; c < k && dense != w && status == EAE_OK; c++)
        memcpy(w + c * ld, dense + c * cols, (size_t)cols * sizeof *w);
    free(beta);
    if (dense != w)
        free(dense);
    return status;
}

int eae_fold_weights(const eae_fold *f, const eae_fits *fits, double *w, int64_t ld)
{
    int64_t k = fits->params * fits->sides, cols = f->run->dataset.cols;
    eae_source source = eae_fold_source(f);
    for (int64_t c = 0; c < k && fits->weight; c++)
        memcpy(w + c * ld, fits->weight + c * cols, (size_t)cols * sizeof *w);
    if (fits->weight)
        return EAE_OK;
    if (!fits->sparse && f->run->spec->kernel == EAE_KERNEL_LINEAR)
        return dense_weights(f, fits, w, ld);
    for (int64_t c = 0; c < k; c++)
        clear(&source, w + c * ld);
    for (int64_t c = 0; c < k && fits->sparse; c++) {
        int64_t at = c / fits->sides * fits->labelings * fits->sides + c % fits->sides;
        const eae_sparse_fit *fit = &fits->sparse[at];
        for (int64_t a = 0; a < fit->count; a++)
            w[c * ld + fit->feature[a]] = fit->weight[a];
    }
    return EAE_OK;
}
