/* rough.c - features in 8 bits, and their products in whole numbers. See cpu.h. */
#include "kernels/cpu/cpu.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

/* Lines that are asked for before they are needed. */
enum { AHEAD = 8 };

/* ---- making ---------------------------------------------------------------------------------- */

/* Sums and extremes are taken in eight lanes, so that loops over a line can be vectors: no order of
 * operations matters to a bound. */
#define LINE_BODY(name, type) \
    INLINE void name(const type *x, int64_t rows, double *middle, double *step, double *left, \
                     int8_t *value) \
    { \
        enum { LANES = 8 }; \
        double low[LANES], high[LANES], square[LANES] = {0}, least = x[0], most = x[0], sum = 0; \
        int64_t whole = rows / LANES * LANES; \
        for (int k = 0; k < LANES; k++) \
            low[k] = high[k] = (double)x[0]; \
        for (int64_t i = 0; i < whole; i += LANES) { \
            for (int k = 0; k < LANES; k++) { \
                double v = (double)x[i + k]; \
                low[k] = v < low[k] ? v : low[k]; \
                high[k] = v > high[k] ? v : high[k]; \
            } \
        } \
        for (int64_t i = whole; i < rows; i++) { \
            double v = (double)x[i]; \
            low[i - whole] = v < low[i - whole] ? v : low[i - whole]; \
            high[i - whole] = v > high[i - whole] ? v : high[i - whole]; \
        } \
        for (int k = 0; k < LANES; k++) { \
            least = low[k] < least ? low[k] : least; \
            most = high[k] > most ? high[k] : most; \
        } \
        double centre = least / 2 + most / 2, width = most / 254 - least / 254; \
        double by = width > 0 ? 1 / width : 0; \
        if (!(by <= DBL_MAX)) /* values side by side in the range of f64 */ \
            by = width = 0; \
        for (int64_t i = 0; i < rows; i++) { \
            /* truncated is rounded; what this lacks in digits is part of what is left */ \
            float v = (float)(x[i] - (type)centre) * (float)by + 127.5F; \
            v = v > 0 ? v : 0; \
            v = v < 254 ? v : 254; \
            value[i] = (int8_t)((int)v - 127); \
        } \
        for (int64_t i = 0; i < whole; i += LANES) { \
            for (int k = 0; k < LANES; k++) { \
                double d = (double)x[i + k] - centre - width * (double)value[i + k]; \
                square[k] += d * d; \
            } \
        } \
        for (int64_t i = whole; i < rows; i++) { \
            double d = (double)x[i] - centre - width * (double)value[i]; \
            square[i - whole] += d * d; \
        } \
        for (int k = 0; k < LANES; k++) \
            sum += square[k]; \
        double rounding = 4 * DBL_EPSILON * (fabs(least) + fabs(most)) * sqrt((double)rows); \
        *middle = centre; \
        *step = width; \
        *left = sqrt(sum) * (1 + 1e-9) + rounding; \
    }
LINE_BODY(line_f32, float)
LINE_BODY(line_f64, double)

typedef void (*line_maker)(const eae_features *f, const eae_rough *rough, int64_t j);

#define MAKER(set, attribute) \
    attribute static void make_line_##set(const eae_features *f, const eae_rough *rough, \
                                          int64_t j) \
    { \
        int8_t *value = rough->value + j * f->ld; \
        if (f->is_f64) \
            line_f64((const double *)f->x + j * f->ld, f->rows, &rough->middle[j], \
                     &rough->step[j], &rough->left[j], value); \
        else \
            line_f32((const float *)f->x + j * f->ld, f->rows, &rough->middle[j], &rough->step[j], \
                     &rough->left[j], value); \
        memset(value + f->rows, 0, (size_t)(f->ld - f->rows)); \
        if (!(rough->left[j] <= DBL_MAX)) { \
            memset(value, 0, (size_t)f->rows); \
            rough->middle[j] = rough->step[j] = 0; \
            rough->left[j] = INFINITY; \
        } \
    }

MAKER(base, )
#if defined(__x86_64__)
MAKER(avx2, __attribute__((target("avx2"))))
#endif

int eae_cpu_rough_make(const eae_features *features, const eae_rough *rough, int threads)
{
    line_maker make = make_line_base;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        make = make_line_avx2;
#endif
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static, 256)
    for (int64_t j = 0; j < features->cols; j++)
        make(features, rough, j);
    return EAE_OK;
}

/* ---- products -------------------------------------------------------------------------------- */

static void dots_base(const eae_rough *rough, const int32_t *feature, int64_t count,
                      const int16_t *v, int32_t *dot)
{
    int64_t ld = rough->ld;
    for (int64_t k = 0; k < count; k++) {
        const int8_t *value = rough->value + feature[k] * ld;
        int32_t sum = 0;
        for (int64_t i = 0; i < ld; i++)
            sum += value[i] * v[i];
        dot[k] = sum;
    }
}

#if defined(__x86_64__)
/* Lines lie anywhere: asked for ahead. */
__attribute__((target("avx2"))) static void dots_avx2(const eae_rough *rough,
                                                      const int32_t *feature, int64_t count,
                                                      const int16_t *v, int32_t *dot)
{
    int64_t ld = rough->ld;
    for (int64_t k = 0; k < count; k++) {
        const int8_t *value = rough->value + feature[k] * ld;
        if (k + AHEAD < count) {
            const int8_t *ahead = rough->value + feature[k + AHEAD] * ld;
            for (int64_t i = 0; i < ld; i += 64)
                __builtin_prefetch(ahead + i);
        }
        __m256i sum = _mm256_setzero_si256();
        for (int64_t i = 0; i < ld; i += 16) {
            __m256i a =
                _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)(const void *)(value + i)));
            __m256i b = _mm256_load_si256((const __m256i *)(const void *)(v + i));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
        }
        __m128i s = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
        s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
        dot[k] = _mm_cvtsi128_si32(s);
    }
}
#endif

void eae_cpu_rough_dots(const eae_rough *rough, const int32_t *feature, int64_t count,
                        const int16_t *v, int32_t *dot)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        dots_avx2(rough, feature, count, v, dot);
        return;
    }
#endif
    dots_base(rough, feature, count, v, dot);
}
