/*
 * emulate.h - as much of CUDA as lib/kernels/cuda uses, on the processor: for tests, so that the
 * kernels that nvcc compiles run where there is no device.
 *
 * The .cu files are compiled as C++ with this in place of cuda_runtime.h. The threads of a block
 * are run one after the other, each until it ends or reaches __syncthreads(); blocks likewise, one
 * at a time. A barrier that some threads of a block end without reaching stops the program. "Device
 * memory" is memory of the process, filled with NaN when it is taken. What is not shown: timing,
 * registers, the order of real threads, the rounding of a device's own functions.
 *
 *   EAE_EMULATED_ORDER=reverse|shuffle   in which threads and blocks run (default: as numbered);
 *                                        results must not depend on it
 *   EAE_EMULATED_MEMORY=BYTES            what the device has (default 256 MiB)
 *   EAE_EMULATED_FAULT=N                 the N-th start of a kernel fails
 *   EAE_EMULATED_WRONG=1                 products are not those that were asked for (see launch)
 */
#ifndef EAE_TESTS_CUDA_EMULATE_H
#define EAE_TESTS_CUDA_EMULATE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(threads)

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned ax, unsigned ay = 1, unsigned az = 1) : x(ax), y(ay), z(az)
    {
    }
};

struct eae_emulated {
    dim3 grid, block, block_index, thread_index;
};
extern eae_emulated eae_emulated_now;
#define gridDim eae_emulated_now.grid
#define blockDim eae_emulated_now.block
#define blockIdx eae_emulated_now.block_index
#define threadIdx eae_emulated_now.thread_index

void eae_emulate_barrier();
#define __syncthreads() eae_emulate_barrier()
/* Run body(context) for every thread of every block. */
void eae_emulate_run(dim3 grid, dim3 block, void (*body)(const void *), const void *context);

template <typename BODY> static void eae_emulate_call(const void *context)
{
    (*(const BODY *)context)();
}

template <typename BODY> static void eae_emulate_launch(dim3 grid, dim3 block, const BODY &body)
{
    eae_emulate_run(grid, block, eae_emulate_call<BODY>, &body);
}

/* Rounded one by one: this is compiled with -ffp-contract=off. */
static inline double __dadd_rn(double a, double b)
{
    return a + b;
}
static inline double __dsub_rn(double a, double b)
{
    return a - b;
}
static inline double __dmul_rn(double a, double b)
{
    return a * b;
}

/* All threads of a block take part, not only those of a warp: kernels here exchange where all do.
 */
template <typename VALUE> static VALUE __shfl_xor_sync(unsigned mask, VALUE value, int lane)
{
    static VALUE slot[1024];
    unsigned own = threadIdx.x;
    (void)mask;
    slot[own] = value;
    __syncthreads();
    VALUE other = slot[own ^ (unsigned)lane];
    __syncthreads();
    return other;
}

enum cudaError_t { cudaSuccess, cudaErrorMemoryAllocation = 2, cudaErrorLaunchFailure = 719 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };
struct cudaDeviceProp {
    char name[256];
    int major, minor;
};

const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaMemGetInfo(size_t *left, size_t *total);
cudaError_t cudaMalloc(void **memory, size_t bytes);
cudaError_t cudaFree(void *memory);
cudaError_t cudaMemset(void *to, int value, size_t bytes);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemcpy2D(void *to, size_t to_step, const void *from, size_t from_step, size_t bytes,
                         size_t rows, cudaMemcpyKind kind);

#endif
