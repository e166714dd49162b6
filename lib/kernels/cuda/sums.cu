/*
 * sums.cu - sums over rows whose order depends on nothing. See device.h.
 *
 * Weights and moments: a thread has one feature and goes through the rows, one after the other,
 * every multiplication and addition rounded: the bits of the reference. Weights of features that
 * lie turned over: 32 threads a feature, because there the rows lie side by side.
 */
#include "kernels/cuda/values.cuh"

enum { THREADS = 128, VECTORS = 4, LANES = 32, FEATURES = THREADS / LANES };

static __global__ void __launch_bounds__(THREADS)
    weights_kernel(eae_cuda_panel p, const double *b, int64_t k, double *w)
{
    int64_t f = (int64_t)blockIdx.x * THREADS + threadIdx.x;
    int64_t c0 = (int64_t)blockIdx.y * VECTORS, n = k - c0;
    if (f >= p.count)
        return;
    double sum[VECTORS] = {};
    for (int64_t i = 0; i < p.m; i++) {
        double z = eae_cuda_value(p, i, f);
#pragma unroll
        for (int c = 0; c < VECTORS; c++) {
            if (c < n)
                sum[c] = __dadd_rn(sum[c], __dmul_rn(b[i * k + c0 + c], z));
        }
    }
#pragma unroll
    for (int c = 0; c < VECTORS; c++) {
        if (c < n)
            w[(c0 + c) * p.count + f] = sum[c];
    }
}

int eae_cuda_row_weights(const eae_cuda_panel *panel, const double *b, int64_t k, double *w)
{
    eae_cuda_panel p = *panel;
    dim3 grid(eae_cuda_blocks(p.count, THREADS), eae_cuda_blocks(k, VECTORS));
    return eae_cuda_check(EAE_CUDA_LAUNCH(weights_kernel, grid, THREADS, p, b, k, w), "weights");
}

static __global__ void __launch_bounds__(THREADS)
    moments_kernel(eae_cuda_panel p, const double *c, double *weight, double *sum, double *square)
{
    int64_t f = (int64_t)blockIdx.x * THREADS + threadIdx.x, g = blockIdx.y;
    if (f >= p.count)
        return;
    double total[3] = {};
    for (int64_t i = 0; i < p.m; i++) {
        double t = eae_cuda_centred(p, i, f), by = c[g * p.m + i];
        if (isnan(t))
            continue;
        total[0] = __dadd_rn(total[0], by);
        total[1] = __dadd_rn(total[1], __dmul_rn(by, t));
        total[2] = __dadd_rn(total[2], __dmul_rn(by, __dmul_rn(t, t)));
    }
    double *const to[3] = {weight, sum, square};
#pragma unroll
    for (int which = 0; which < 3; which++) {
        if (to[which])
            to[which][g * p.count + f] = total[which];
    }
}

int eae_cuda_row_moments(const eae_cuda_panel *panel, const double *c, int64_t s, double *weight,
                         double *sum, double *square)
{
    eae_cuda_panel p = *panel;
    dim3 grid(eae_cuda_blocks(p.count, THREADS), (unsigned)s);
    return eae_cuda_check(EAE_CUDA_LAUNCH(moments_kernel, grid, THREADS, p, c, weight, sum, square),
                          "moments");
}

static __global__ void __launch_bounds__(THREADS)
    dots_kernel(eae_cuda_panel p, const double *b, int64_t k, double *w)
{
    __shared__ double part[FEATURES][LANES];
    int lane = threadIdx.x % LANES, own = threadIdx.x / LANES;
    int64_t f = (int64_t)blockIdx.x * FEATURES + own, c = blockIdx.y;
    double sum = 0;
    for (int64_t i = lane; i < p.m && f < p.count; i += LANES)
        sum = fma(eae_cuda_value(p, i, f), b[i * k + c], sum);
    part[own][lane] = sum;
    for (int half = LANES / 2; half > 0; half /= 2) {
        __syncthreads();
        if (lane < half)
            part[own][lane] += part[own][lane + half];
    }
    if (lane == 0 && f < p.count)
        w[f * k + c] = part[own][0];
}

int eae_cuda_dots(const eae_cuda_panel *panel, const double *b, int64_t k, double *w)
{
    eae_cuda_panel p = *panel;
    dim3 grid(eae_cuda_blocks(p.count, FEATURES), (unsigned)k);
    return eae_cuda_check(EAE_CUDA_LAUNCH(dots_kernel, grid, THREADS, p, b, k, w),
                          "weights of features");
}
