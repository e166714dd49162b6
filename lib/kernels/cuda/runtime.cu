/* runtime.cu - the device, its memory and copies by the CUDA runtime. See device.h. */
#include "kernels/cuda/device.cuh"

#include <stdio.h>
#include <string.h>

int eae_cuda_device_open(char *name, size_t size)
{
    int driver = 0, count = 0;
    cudaDeviceProp properties;
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
        return eae_cuda_fail("no CUDA device", NULL);
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess || count == 0)
        return eae_cuda_fail("no CUDA device",
                             error != cudaSuccess ? cudaGetErrorString(error) : "none is visible");
    error = cudaGetDeviceProperties(&properties, 0);
    if (error == cudaSuccess)
        error = cudaSetDevice(0);
    if (error == cudaSuccess)
        error = cudaFree(NULL); /* makes the context, so that what fails does so here */
    if (error != cudaSuccess)
        return eae_cuda_fail("the CUDA device", cudaGetErrorString(error));
    snprintf(name, size, "%s sm_%d%d driver %d", properties.name, properties.major,
             properties.minor, driver);
    return EAE_CUDA_OK;
}

int eae_cuda_device_room(int64_t *room, int64_t *total)
{
    size_t left = 0, all = 0;
    cudaError_t error = cudaMemGetInfo(&left, &all);
    *room = (int64_t)left;
    *total = (int64_t)all;
    return eae_cuda_check(error, "memory");
}

void *eae_cuda_device_take(int64_t bytes, const char *what)
{
    void *memory = NULL;
    cudaError_t error = cudaMalloc(&memory, (size_t)bytes);
    if (error == cudaSuccess)
        return memory;
    cudaGetLastError(); /* not for the next call */
    eae_cuda_fail(what, cudaGetErrorString(error));
    return NULL;
}

void eae_cuda_device_give(void *memory)
{
    cudaFree(memory);
}

int eae_cuda_copy_in(void *to, const void *from, int64_t bytes)
{
    return eae_cuda_check(cudaMemcpy(to, from, (size_t)bytes, cudaMemcpyHostToDevice),
                          "copying to it");
}

int eae_cuda_copy_in_rows(void *to, const void *from, int64_t rows, int64_t bytes,
                          int64_t from_step)
{
    cudaError_t error = cudaMemcpy2D(to, (size_t)bytes, from, (size_t)from_step, (size_t)bytes,
                                     (size_t)rows, cudaMemcpyHostToDevice);
    return eae_cuda_check(error, "copying to it");
}

int eae_cuda_copy_out(void *to, const void *from, int64_t bytes)
{
    return eae_cuda_check(cudaMemcpy(to, from, (size_t)bytes, cudaMemcpyDeviceToHost),
                          "copying from it");
}

int eae_cuda_zero(void *to, int64_t bytes)
{
    return eae_cuda_check(cudaMemset(to, 0, (size_t)bytes), "memory");
}
