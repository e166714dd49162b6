/* values.cu - z of a panel of features. See device.h. */
#include "kernels/cuda/values.cuh"

enum { TILE = 32, LINES = 8, THREADS = 256 };

/* A tile of features x rows is read along what lies side by side in x and written along rows. */
template <typename REAL>
static __global__ void __launch_bounds__(TILE *LINES)
    values_kernel(eae_cuda_panel p, bool by_feature, REAL *z)
{
    __shared__ REAL tile[TILE][TILE + 1];
    int64_t i0 = (int64_t)blockIdx.x * TILE, f0 = (int64_t)blockIdx.y * TILE;
    for (int line = threadIdx.y; line < TILE; line += LINES) {
        int f = by_feature ? threadIdx.x : line, i = by_feature ? line : threadIdx.x;
        if (i0 + i < p.m && f0 + f < p.count)
            tile[f][i] = (REAL)eae_cuda_value(p, i0 + i, f0 + f);
    }
    __syncthreads();
    for (int f = threadIdx.y; f < TILE; f += LINES) {
        int i = threadIdx.x;
        if (i0 + i < p.m && f0 + f < p.count)
            z[(f0 + f) * p.m + i0 + i] = tile[f][i];
    }
}

int eae_cuda_values(const eae_cuda_panel *panel, bool is_f64, void *z)
{
    dim3 grid(eae_cuda_blocks(panel->m, TILE), eae_cuda_blocks(panel->count, TILE));
    bool by_feature = panel->feature_step == 1;
    eae_cuda_panel p = *panel;
    cudaError_t error = is_f64 ? EAE_CUDA_LAUNCH(values_kernel<double>, grid, dim3(TILE, LINES), p,
                                                 by_feature, (double *)z)
                               : EAE_CUDA_LAUNCH(values_kernel<float>, grid, dim3(TILE, LINES), p,
                                                 by_feature, (float *)z);
    return eae_cuda_check(error, "values of features");
}

static __global__ void narrow_kernel(const double *from, int64_t count, float *to)
{
    int64_t at = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count)
        to[at] = (float)from[at];
}

int eae_cuda_narrow(const double *from, int64_t count, float *to)
{
    cudaError_t error =
        EAE_CUDA_LAUNCH(narrow_kernel, eae_cuda_blocks(count, THREADS), THREADS, from, count, to);
    return eae_cuda_check(error, "rounding");
}
