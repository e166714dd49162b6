/* dots.c - products of single precision lines with one vector, for AVX2. See cpu.h. */
#include "kernels/cpu/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { AHEAD = 4, LANES = 8 };

/* Eight lanes in two registers; four such sums of two lines stay in registers. */
typedef struct {
    __m256d a, b;
} lane;

#define INLINE static inline __attribute__((always_inline, target("avx2")))

INLINE lane add_product(lane sum, const float *x, lane by)
{
    __m128 low = _mm_load_ps(x), high = _mm_load_ps(x + 4);
    sum.a = _mm256_add_pd(sum.a, _mm256_mul_pd(_mm256_cvtps_pd(low), by.a));
    sum.b = _mm256_add_pd(sum.b, _mm256_mul_pd(_mm256_cvtps_pd(high), by.b));
    return sum;
}

INLINE lane load(const double *b)
{
    return (lane){_mm256_load_pd(b), _mm256_load_pd(b + 4)};
}

/* The order of lane_sum() of vector.c. */
INLINE double sum_of(lane even, lane odd)
{
    __m256d t = _mm256_add_pd(_mm256_add_pd(even.a, odd.a), _mm256_add_pd(even.b, odd.b));
    __m128d u = _mm_add_pd(_mm256_castpd256_pd128(t), _mm256_extractf128_pd(t, 1));
    return _mm_cvtsd_f64(u) + _mm_cvtsd_f64(_mm_unpackhi_pd(u, u));
}

INLINE void two_lines(const float *x, const float *y, int64_t n, const double *b, double *w,
                      int64_t ldw)
{
    lane zero = {_mm256_setzero_pd(), _mm256_setzero_pd()};
    lane even[2] = {zero, zero}, odd[2] = {zero, zero};
    for (int64_t i = 0; i < n; i += 2 * LANES) {
        lane by = load(b + i);
        even[0] = add_product(even[0], x + i, by);
        even[1] = add_product(even[1], y + i, by);
        by = load(b + i + LANES);
        odd[0] = add_product(odd[0], x + i + LANES, by);
        odd[1] = add_product(odd[1], y + i + LANES, by);
    }
    w[0] = sum_of(even[0], odd[0]);
    w[ldw] = sum_of(even[1], odd[1]);
}

__attribute__((target("avx2"))) void eae_cpu_dots_f32_avx2(const float *x, const int64_t *index,
                                                            int64_t count, int64_t n,
                                                            const double *b, double *w, int64_t ldw)
{
    for (int64_t f = 0; f < count; f += 2) {
        bool both = f + 1 < count;
        for (int64_t k = f + AHEAD; k < f + AHEAD + 2 && k < count; k++) {
            for (int64_t i = 0; i < n; i += 16)
                __builtin_prefetch(x + index[k] * n + i);
        }
        /* the last one beside itself */
        two_lines(x + index[f] * n, x + index[f + both] * n, n, b, w + f * ldw, both ? ldw : 0);
    }
}
#endif
