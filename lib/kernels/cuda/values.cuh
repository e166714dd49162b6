/* values.cuh - z of one row and feature of a panel, for the kernels of values.cu and sums.cu. */
#ifndef EAE_KERNELS_CUDA_VALUES_CUH
#define EAE_KERNELS_CUDA_VALUES_CUH

#include "kernels/cuda/device.cuh"

/* x - sum_t design coef - shift. The operations are rounded one by one, as on the processor, so
 * that sums over them in one order have the same bits there. */
static __device__ inline double eae_cuda_centred(const eae_cuda_panel &p, int64_t i, int64_t f)
{
    int64_t r = p.row ? p.row[i] : i;
    int64_t at = r * p.row_step + (p.index ? p.index[f] : p.first + f) * p.feature_step;
    double x = p.is_f64 ? ((const double *)p.x)[at] : (double)((const float *)p.x)[at];
    if (isnan(x) && p.fill)
        x = p.fill[f];
    double adjust = 0;
    for (int64_t t = 0; t < p.terms; t++)
        adjust = __dadd_rn(adjust, __dmul_rn(p.design[r * p.terms + t], p.coef[t * p.count + f]));
    return __dsub_rn(__dsub_rn(x, adjust), p.shift ? p.shift[f] : 0);
}

static __device__ inline double eae_cuda_value(const eae_cuda_panel &p, int64_t i, int64_t f)
{
    return __dmul_rn(eae_cuda_centred(p, i, f), p.inverse ? p.inverse[f] : 1);
}

#endif
