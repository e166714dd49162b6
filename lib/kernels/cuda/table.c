/* table.c - what libeae-cuda.so exports: one symbol with the table of kernels. See cuda.h. */
#include "kernels/cuda/cuda.h"

#include <stdio.h>

#include "kernels/cuda/check.h"

static char name[320];
static bool sparing;

const eae_kernels *eae_cuda_near(void)
{
    return eae_cuda_host->near;
}

bool eae_cuda_spares(double work, double in, double out)
{
    return sparing && !eae_cuda_pays(work, in, out);
}

/* The processor's kernels compute too, so its identity is part of ours. */
static const char *identity(void)
{
    static _Thread_local char text[512];
    snprintf(text, sizeof text, "%s%s; %s", name, sparing ? " where it pays" : "",
             eae_cuda_near()->identity());
    return text;
}

static int turn(const eae_source *source, const int64_t *row, int64_t m, bool is_f64, void *out,
                int threads)
{
    return eae_cuda_near()->turn(source, row, m, is_f64, out, threads);
}

static int row_values(const eae_source *source, const int64_t *row, int64_t m,
                      const eae_row_vector *vector, int64_t k, double *value, int threads)
{
    return eae_cuda_near()->row_values(source, row, m, vector, k, value, threads);
}

static int row_update(const eae_source *source, const int64_t *row, int64_t m, const double *d,
                      const eae_row_vector *vector, int64_t k, int threads)
{
    return eae_cuda_near()->row_update(source, row, m, d, vector, k, threads);
}

static int rough_make(const eae_features *features, const eae_rough *rough, int threads)
{
    return eae_cuda_near()->rough_make(features, rough, threads);
}

static void rough_dots(const eae_rough *rough, const int32_t *feature, int64_t count,
                       const int16_t *v, int32_t *dot)
{
    eae_cuda_near()->rough_dots(rough, feature, count, v, dot);
}

static int cholesky(double *a, int64_t n)
{
    return eae_cuda_near()->cholesky(a, n);
}

static int cholesky_solve(const double *factor, int64_t n, double *b, int64_t k)
{
    return eae_cuda_near()->cholesky_solve(factor, n, b, k);
}

static int eigen(double *a, int64_t n, double *values)
{
    return eae_cuda_near()->eigen(a, n, values);
}

static int least_squares(double *a, int64_t m, int64_t n, double *b, int64_t k, double rcond,
                         double *x, int64_t *rank)
{
    return eae_cuda_near()->least_squares(a, m, n, b, k, rcond, x, rank);
}

static const eae_kernels table = {
    .name = "cuda",
    .identity = identity,
    .gram = eae_cuda_gram,
    .weights = eae_cuda_weights,
    .decision = eae_cuda_decision,
    .gram_apply = eae_cuda_gram_apply,
    .moments = eae_cuda_moments,
    .turn = turn,
    .feature_weights = eae_cuda_feature_weights,
    .feature_gram = eae_cuda_feature_gram,
    .row_values = row_values,
    .row_update = row_update,
    .rough_make = rough_make,
    .rough_dots = rough_dots,
    .cholesky = cholesky,
    .cholesky_solve = cholesky_solve,
    .eigen = eigen,
    .least_squares = least_squares,
    .multiply = eae_cuda_multiply,
    .svm_solve = eae_cuda_solve,
    .hold = eae_cuda_hold,
    .release = eae_cuda_release,
};

static const eae_kernels *open_plugin(const eae_plugin_host *host)
{
    eae_cuda_host = host;
    sparing = false; /* the check is of the device */
    if (eae_cuda_device_open(name, sizeof name) != EAE_OK || eae_cuda_memory_open() != EAE_OK ||
        eae_cuda_check_device(&table, host->near) != EAE_OK)
        return NULL;
    sparing = host->sparing;
    return &table;
}

const eae_plugin_entry eae_plugin = {
    .abi = EAE_PLUGIN_ABI,
    .kernels_size = sizeof(eae_kernels),
    .source_size = sizeof(eae_source) + sizeof(eae_features) + sizeof(eae_row_vector),
    .open = open_plugin,
};
