/*
 * product.c - sums of outer products of lines, z z', in panels that fit the L2 cache. See cpu.h.
 *
 * A panel is kept in strips of 64 bytes: strip s holds entries s * STRIP .. of all its lines, one
 * after the other. A tile of the result, some rows of one strip by all of another, stays in
 * registers over the lines of the panel (a product and a sum rounded once each step, in the
 * precision of the panel) and is added to the result in f64. The order of operations depends on
 * neither the instruction set nor threads.
 */
#include "kernels/cpu/cpu.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { LINES = EAE_CPU_PANEL, STRIP_LINES = LINES + 1, MOST_ROWS = 8 };

#if defined(__x86_64__)

#define INLINE static inline __attribute__((always_inline))

/* Rows r .. r + rows - 1 of strip a by strip b, both of `lines` lines. */
#define TILE(name, attribute, type, vector, width, rows, load, set1, multiply_add, zero, store) \
    attribute INLINE void tile_##name(const type *a, const type *b, int64_t lines, type *out) \
    { \
        enum { STRIP = 64 / sizeof(type), VECTORS = STRIP / width }; \
        vector sum[rows][VECTORS]; \
        for (int r = 0; r < rows; r++) { \
            for (int v = 0; v < VECTORS; v++) \
                sum[r][v] = zero(); \
        } \
        for (int64_t k = 0; k < lines; k++, a += STRIP, b += STRIP) { \
            vector x[VECTORS]; \
            for (int v = 0; v < VECTORS; v++) \
                x[v] = load(b + v * width); \
            for (int r = 0; r < rows; r++) { \
                vector y = set1(a[r]); \
                for (int v = 0; v < VECTORS; v++) \
                    sum[r][v] = multiply_add(y, x[v], sum[r][v]); \
            } \
        } \
        for (int r = 0; r < rows; r++) { \
            for (int v = 0; v < VECTORS; v++) \
                store(out + r * STRIP + v * width, sum[r][v]); \
        } \
    } \
    /* All of row strip s, on and below the diagonal. */ \
    attribute static void strip_##name(const void *panel, int64_t lines, int64_t s, int64_t m, \
                                       double sign, double *gram) \
    { \
        enum { STRIP = 64 / sizeof(type) }; \
        const type *z = panel; \
        _Alignas(64) type out[MOST_ROWS * 64 / sizeof(type)]; \
        for (int64_t c = 0; c <= s; c++) { \
            for (int64_t first = 0; first < STRIP && s * STRIP + first < m; first += rows) { \
                tile_##name(z + s * STRIP_LINES * STRIP + first, z + c * STRIP_LINES * STRIP, \
                            lines, out); \
                for (int64_t r = 0; r < rows; r++) { \
                    int64_t i = s * STRIP + first + r, j = c * STRIP; \
                    int64_t n = i < m ? i + 1 - j : 0; \
                    double *to = gram + i * m + j; \
                    const type *from = out + r * STRIP; \
                    if (n >= STRIP) { \
                        for (int64_t k = 0; k < STRIP; k++) \
                            to[k] += sign * (double)from[k]; \
                    } else { \
                        for (int64_t k = 0; k < n; k++) \
                            to[k] += sign * (double)from[k]; \
                    } \
                } \
            } \
        } \
    }

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw")))
TILE(f32_avx2, AVX2, float, __m256, 8, 4, _mm256_load_ps, _mm256_set1_ps, _mm256_fmadd_ps,
     _mm256_setzero_ps, _mm256_store_ps)
TILE(f64_avx2, AVX2, double, __m256d, 4, 4, _mm256_load_pd, _mm256_set1_pd, _mm256_fmadd_pd,
     _mm256_setzero_pd, _mm256_store_pd)
TILE(f32_avx512, AVX512, float, __m512, 16, 8, _mm512_load_ps, _mm512_set1_ps, _mm512_fmadd_ps,
     _mm512_setzero_ps, _mm512_store_ps)
TILE(f64_avx512, AVX512, double, __m512d, 8, 8, _mm512_load_pd, _mm512_set1_pd, _mm512_fmadd_pd,
     _mm512_setzero_pd, _mm512_store_pd)
#endif

eae_cpu_strip eae_cpu_product_strip(bool is_f64)
{
    (void)is_f64;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
        return is_f64 ? strip_f64_avx512 : strip_f32_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return is_f64 ? strip_f64_avx2 : strip_f32_avx2;
#endif
    return NULL;
}

int64_t eae_cpu_panel_size(int64_t m, bool is_f64)
{
    int64_t strip = is_f64 ? 8 : 16;
    return (m + strip - 1) / strip * STRIP_LINES * 64;
}

#define SCATTER(name, type) \
    static void name(const type *z, const int64_t *row, int64_t m, int64_t line, type *panel) \
    { \
        enum { STRIP = 64 / sizeof(type) }; \
        for (int64_t first = 0; first < m; first += STRIP, panel += STRIP_LINES * STRIP) { \
            type *to = panel + line * STRIP; \
            int64_t n = m - first < STRIP ? m - first : STRIP; \
            for (int64_t i = 0; i < n; i++) \
                to[i] = z[row ? row[first + i] : first + i]; \
            for (int64_t i = n; i < STRIP; i++) \
                to[i] = 0; \
        } \
    }
SCATTER(scatter_f32, float)
SCATTER(scatter_f64, double)

void eae_cpu_panel_line(const void *z, const int64_t *row, int64_t m, int64_t line, bool is_f64,
                        void *panel)
{
    if (is_f64)
        scatter_f64(z, row, m, line, panel);
    else
        scatter_f32(z, row, m, line, panel);
}
