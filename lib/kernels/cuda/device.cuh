/*
 * device.cuh - what all .cu files begin with. With nvcc: the CUDA runtime. Without: the emulation
 * of tests/cuda, which runs the same kernels on the processor.
 *
 * EAE_CUDA_LAUNCH(kernel, grid, block, arguments...) starts a kernel; the status of the start.
 */
#ifndef EAE_KERNELS_CUDA_DEVICE_CUH
#define EAE_KERNELS_CUDA_DEVICE_CUH

#include "kernels/cuda/device.h"

#ifdef __CUDACC__
#include <cuda_runtime.h>
/* the formatter takes the brackets apart in files of this name */
/* clang-format off */
#define EAE_CUDA_LAUNCH(kernel, grid, block, ...) \
    ((kernel)<<<(grid), (block)>>>(__VA_ARGS__), cudaGetLastError())
/* clang-format on */
#else
#include "emulate.h"
#define EAE_CUDA_LAUNCH(kernel, grid, block, ...) \
    (eae_emulate_launch((grid), (block), [=] { (kernel)(__VA_ARGS__); }), cudaGetLastError())
#endif

enum { EAE_CUDA_OK = 0 };

static inline int eae_cuda_check(cudaError_t error, const char *what)
{
    if (error == cudaSuccess)
        return EAE_CUDA_OK;
    cudaGetLastError(); /* said now; not again at the next start of a kernel */
    return eae_cuda_failed_at(what, cudaGetErrorString(error));
}

/* Blocks of `size` that hold n. */
static inline unsigned eae_cuda_blocks(int64_t n, int64_t size)
{
    return (unsigned)((n + size - 1) / size);
}

#endif
