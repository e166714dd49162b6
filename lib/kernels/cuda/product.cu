/*
 * product.cu - products of matrices, in slices of their common side. See device.h.
 *
 * A block of 256 threads computes a tile of 64 x 64 of one slice: 16 numbers of the common side at
 * a time go through shared memory, and a thread keeps 4 x 4 sums (Volkov and Demmel 2008), whose
 * lines it reads in one instruction. f32 sums are short (256 products) and end in f64. What a block
 * computes depends on its tile and its slice alone, and slices are added in order by another
 * kernel, so that the result depends neither on how many slices one launch has nor on the device.
 */
#include "kernels/cuda/device.cuh"

enum { TILE = 64, DEPTH = 16, SIDE = 16, MICRO = TILE / SIDE, SHORT = 256, THREADS = SIDE * SIDE };

/* What a thread reads at once: its lines lie side by side. */
template <typename REAL> struct alignas(16) group {
    REAL v[MICRO];
};

/* Steps are a whole number of groups apart. */
enum { STRIDE = TILE + MICRO };

/* Numbers j .. j+DEPTH-1 of the common side for the tile's 64 lines: tile[j][line], 0 outside.
 * across: lines lie side by side in memory. */
template <typename REAL>
static __device__ void load_tile(REAL (*tile)[STRIDE], const REAL *from, int64_t ld, bool across,
                                 int64_t line0, int64_t lines, int64_t j0, int64_t end, int thread)
{
    for (int e = thread; e < TILE * DEPTH; e += THREADS) {
        int line = across ? e % TILE : e / DEPTH, j = across ? e / TILE : e % DEPTH;
        int64_t l = line0 + line, d = j0 + j;
        REAL value = 0;
        if (l < lines && d < end)
            value = across ? from[d * ld + l] : from[l * ld + d];
        tile[j][line] = value;
    }
}

static __device__ inline float multiply_add(float a, float b, float c)
{
    return fmaf(a, b, c);
}

static __device__ inline double multiply_add(double a, double b, double c)
{
    return fma(a, b, c);
}

/* sum(r, c) += the products of one step of the common side */
template <typename REAL, bool SKIP>
static __device__ inline void add_products(const REAL *from_a, const REAL *from_b,
                                           REAL (*sum)[MICRO])
{
    group<REAL> a = *(const group<REAL> *)from_a, b = *(const group<REAL> *)from_b;
    for (int r = 0; r < MICRO; r++) {
        for (int c = 0; c < MICRO; c++) {
            if (!SKIP || !isnan(b.v[c]))
                sum[r][c] = multiply_add(a.v[r], b.v[c], sum[r][c]);
        }
    }
}

/* The sums go to the total and begin anew. */
template <typename REAL>
static __device__ inline void carry(REAL (*sum)[MICRO], double (*total)[MICRO])
{
    for (int r = 0; r < MICRO; r++) {
        for (int c = 0; c < MICRO; c++) {
            total[r][c] += (double)sum[r][c];
            sum[r][c] = 0;
        }
    }
}

template <typename REAL, bool SKIP>
static __global__ void __launch_bounds__(THREADS) product_kernel(eae_cuda_product p)
{
    alignas(16) __shared__ REAL a[DEPTH][STRIDE], b[DEPTH][STRIDE];
    int64_t i0 = (int64_t)blockIdx.x * TILE, l0 = (int64_t)blockIdx.y * TILE;
    if (p.triangle && l0 > i0)
        return;
    int64_t begin = (int64_t)blockIdx.z * p.slice;
    int64_t end = begin + p.slice < p.depth ? begin + p.slice : p.depth;
    int tx = threadIdx.x % SIDE, ty = threadIdx.x / SIDE, done = 0;
    REAL sum[MICRO][MICRO] = {};
    double total[MICRO][MICRO] = {};
    for (int64_t j0 = begin; j0 < end; j0 += DEPTH) {
        load_tile(a, (const REAL *)p.a, p.lda, p.ta, i0, p.m, j0, end, threadIdx.x);
        load_tile(b, (const REAL *)p.b, p.ldb, !p.tb, l0, p.n, j0, end, threadIdx.x);
        __syncthreads();
#pragma unroll
        for (int j = 0; j < DEPTH; j++)
            add_products<REAL, SKIP>(&a[j][ty * MICRO], &b[j][tx * MICRO], sum);
        __syncthreads();
        done += DEPTH;
        if (done % SHORT == 0)
            carry(sum, total);
    }
    carry(sum, total);
    double *part = p.part + (int64_t)blockIdx.z * p.m * p.n;
    for (int r = 0; r < MICRO; r++) {
        for (int c = 0; c < MICRO; c++) {
            int64_t i = i0 + ty * MICRO + r, l = l0 + tx * MICRO + c;
            if (i < p.m && l < p.n)
                part[i * p.n + l] = total[r][c];
        }
    }
}

int eae_cuda_product_slices(const eae_cuda_product *product)
{
    eae_cuda_product p = *product;
    dim3 grid(eae_cuda_blocks(p.m, TILE), eae_cuda_blocks(p.n, TILE),
              eae_cuda_blocks(p.depth, p.slice));
    cudaError_t error;
    if (p.skip_nan)
        error = p.is_f64 ? EAE_CUDA_LAUNCH((product_kernel<double, true>), grid, THREADS, p)
                         : EAE_CUDA_LAUNCH((product_kernel<float, true>), grid, THREADS, p);
    else
        error = p.is_f64 ? EAE_CUDA_LAUNCH((product_kernel<double, false>), grid, THREADS, p)
                         : EAE_CUDA_LAUNCH((product_kernel<float, false>), grid, THREADS, p);
    return eae_cuda_check(error, "a product of matrices");
}

static __global__ void add_slices_kernel(const double *part, int64_t slices, int64_t m, int64_t n,
                                         bool triangle, double sign, double *total)
{
    int64_t at = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= m * n)
        return;
    int64_t i = at / n, l = at % n, from = triangle && l > i ? l * n + i : at;
    double sum = total[at];
    for (int64_t s = 0; s < slices; s++)
        sum += sign * part[s * m * n + from];
    total[at] = sum;
}

int eae_cuda_add_slices(const double *part, int64_t slices, int64_t m, int64_t n, bool triangle,
                        double sign, double *total)
{
    cudaError_t error = EAE_CUDA_LAUNCH(add_slices_kernel, eae_cuda_blocks(m * n, THREADS), THREADS,
                                        part, slices, m, n, triangle, sign, total);
    return eae_cuda_check(error, "a sum of products");
}

template <typename REAL>
static __global__ void scale_rows_kernel(const double *t, const float *d, int64_t count, int64_t k,
                                         REAL *to)
{
    int64_t at = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count * k)
        to[at] = (REAL)(t[at] * (double)d[at % k * count + at / k]);
}

int eae_cuda_scale_rows(const double *t, const float *d, int64_t count, int64_t k, bool is_f64,
                        void *to)
{
    unsigned blocks = eae_cuda_blocks(count * k, THREADS);
    cudaError_t error = is_f64 ? EAE_CUDA_LAUNCH(scale_rows_kernel<double>, blocks, THREADS, t, d,
                                                 count, k, (double *)to)
                               : EAE_CUDA_LAUNCH(scale_rows_kernel<float>, blocks, THREADS, t, d,
                                                 count, k, (float *)to);
    return eae_cuda_check(error, "scales of features");
}

static __global__ void blend_kernel(const double *part, int64_t n, double alpha, double beta,
                                    double *c)
{
    int64_t at = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (at < n)
        c[at] = beta == 0 ? alpha * part[at] : alpha * part[at] + beta * c[at];
}

int eae_cuda_blend(const double *part, int64_t n, double alpha, double beta, double *c)
{
    cudaError_t error = EAE_CUDA_LAUNCH(blend_kernel, eae_cuda_blocks(n, THREADS), THREADS, part, n,
                                        alpha, beta, c);
    return eae_cuda_check(error, "a product of matrices");
}
