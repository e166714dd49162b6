/* table.c - what libeae-cpu.so exports: one symbol with the table of kernels. See cpu.h. */
#include "kernels/cpu/cpu.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

const eae_plugin_host *eae_cpu_host;

void *eae_cpu_alloc(int64_t count, size_t size, const char *what)
{
    size_t bytes;
    if (count < 0 || __builtin_mul_overflow((size_t)count, size, &bytes) || bytes > SIZE_MAX / 2) {
        eae_cpu_host->fail("cannot allocate %lld x %zu bytes for %s", (long long)count, size, what);
        return NULL;
    }
    void *p = aligned_alloc(64, (bytes + 64) / 64 * 64);
    if (!p)
        eae_cpu_host->fail("cannot allocate %.1fM for %s", (double)bytes / 1048576.0, what);
    return p;
}

/* "OpenBLAS 0.3.21 SkylakeX"; the configuration begins with name and version. */
static const char *identity(void)
{
    static _Thread_local char text[128];
    char version[64] = "";
    sscanf(openblas_get_config(), "OpenBLAS %63s", version);
    snprintf(text, sizeof text, "OpenBLAS %s %s", version, openblas_get_corename());
    return text;
}

static const eae_kernels table = {
    .name = "cpu",
    .identity = identity,
    .gram = eae_cpu_gram,
    .weights = eae_cpu_weights,
    .decision = eae_cpu_decision,
    .gram_apply = eae_cpu_gram_apply,
    .moments = eae_cpu_moments,
    .cholesky = eae_cpu_cholesky,
    .cholesky_solve = eae_cpu_cholesky_solve,
    .eigen = eae_cpu_eigen,
    .least_squares = eae_cpu_least_squares,
    .multiply = eae_cpu_multiply,
};

static const eae_kernels *open_plugin(const eae_plugin_host *host)
{
    eae_cpu_host = host;
    eae_cpu_vector_choose();
    openblas_set_num_threads(1);
    return &table;
}

const eae_plugin_entry eae_plugin = {
    .abi = EAE_PLUGIN_ABI,
    .kernels_size = sizeof(eae_kernels),
    .source_size = sizeof(eae_source),
    .open = open_plugin,
};
