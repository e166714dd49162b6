/*
 * backend.h - the backend that a test of the kernels is about: cpu, or what EAE_TEST_BACKEND says
 * (`make unit` runs the same tests with the emulated cuda backend, `make check-gpu` with a device).
 */
#ifndef EAE_TESTS_BACKEND_H
#define EAE_TESTS_BACKEND_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"

static inline bool test_cuda(void)
{
    const char *name = getenv("EAE_TEST_BACKEND");
    return name && strcmp(name, "cuda") == 0;
}

/* The threads and blocks of an emulated device (tests/cuda/emulate.h) run in shuffled order. */
static inline void test_other_order(bool other)
{
    if (other)
        setenv("EAE_EMULATED_ORDER", "shuffle", 1);
    else
        unsetenv("EAE_EMULATED_ORDER");
}

static inline int test_backend(const eae_kernels **kernels)
{
    return eae_kernels_choose(test_cuda() ? EAE_BACKEND_CUDA : EAE_BACKEND_CPU, kernels);
}

#endif
