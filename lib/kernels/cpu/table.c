/* table.c - what libeae-cpu.so exports: one symbol with the table of kernels. See cpu.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#include "kernels/cpu/cpu.h"

#include <cblas.h>
#include <dlfcn.h>
#include <lapacke.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    .turn = eae_cpu_turn,
    .feature_weights = eae_cpu_feature_weights,
    .feature_gram = eae_cpu_feature_gram,
    .row_values = eae_cpu_row_values,
    .row_update = eae_cpu_row_update,
    .rough_make = eae_cpu_rough_make,
    .rough_dots = eae_cpu_rough_dots,
    .cholesky = eae_cpu_cholesky,
    .cholesky_solve = eae_cpu_cholesky_solve,
    .eigen = eae_cpu_eigen,
    .least_squares = eae_cpu_least_squares,
    .multiply = eae_cpu_multiply,
};

static const char *file_of(const void *function)
{
    Dl_info info;
    return dladdr(function, &info) != 0 && info.dli_fname ? info.dli_fname : "?";
}

/* liblapacke asks for libblas and liblapack too; with OpenBLAS loaded before them, all names
 * resolve to it. Elsewhere two libraries may share the work, each with its own threads: say so. */
static void check_one_blas(void)
{
    const char *blas = file_of((const void *)(uintptr_t)cblas_dgemm);
    const char *lapack = file_of((const void *)(uintptr_t)LAPACK_dgelsd);
    if (strcmp(blas, lapack) == 0)
        eae_cpu_host->detail("BLAS and LAPACK from %s", blas);
    else
        eae_cpu_host->detail("BLAS from %s, but LAPACK from %s", blas, lapack);
}

static const eae_kernels *open_plugin(const eae_plugin_host *host)
{
    eae_cpu_host = host;
    eae_cpu_vector_choose();
    openblas_set_num_threads(1);
    check_one_blas();
    return &table;
}

const eae_plugin_entry eae_plugin = {
    .abi = EAE_PLUGIN_ABI,
    .kernels_size = sizeof(eae_kernels),
    .source_size = sizeof(eae_source) + sizeof(eae_features) + sizeof(eae_row_vector),
    .open = open_plugin,
};
