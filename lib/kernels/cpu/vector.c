/*
 * vector.c - loops written out once and compiled for each instruction set. See cpu.h.
 *
 * Every set does the same operations in the same order on each element, and none is contracted
 * (-ffp-contract=off), so the bits do not depend on which one runs.
 */
#include "kernels/cpu/cpu.h"

#define INLINE static inline __attribute__((always_inline))

#define CONVERT_BODY(name, in, out) \
    INLINE void name(const in *restrict x, const double *restrict fill, \
                     const double *restrict adjust, const double *restrict shift, \
                     const double *restrict inverse, int64_t n, out *restrict z) \
    { \
        for (int64_t j = 0; j < n; j++) { \
            double value = (double)x[j]; \
            double other = fill[j]; \
            value = value == value + 0.0 ? value : other; /* NaN, so written that gcc 12 can \
                                                             vectorise it */ \
            z[j] = (out)((value - adjust[j] - shift[j]) * inverse[j]); \
        } \
    }

CONVERT_BODY(convert_f32_f32, float, float)
CONVERT_BODY(convert_f32_f64, float, double)
CONVERT_BODY(convert_f64_f32, double, float)
CONVERT_BODY(convert_f64_f64, double, double)

/* The same where there is nothing to fill in and nothing to adjust for: a subtraction of 0 changes
 * no bit. Half the parameters to read. */
#define PLAIN_BODY(types, in, out) \
    INLINE void plain_##types(const in *restrict x, const double *restrict shift, \
                              const double *restrict inverse, int64_t n, out *restrict z) \
    { \
        for (int64_t j = 0; j < n; j++) \
            z[j] = (out)(((double)x[j] - shift[j]) * inverse[j]); \
    }
PLAIN_BODY(f32_f32, float, float)
PLAIN_BODY(f32_f64, float, double)
PLAIN_BODY(f64_f32, double, float)
PLAIN_BODY(f64_f64, double, double)

/* See add_moments of cpu.h. */
#define MOMENTS_BODY(type, in) \
    INLINE void moments_##type(const in *restrict x, const double *restrict shift, double by, \
                               int64_t n, double *restrict weight, double *restrict sum, \
                               double *restrict square) \
    { \
        for (int64_t j = 0; j < n; j++) { \
            double t = (double)x[j] - shift[j]; \
            bool there = t == t + 0.0; \
            double value = there ? t : 0.0; \
            weight[j] += there ? by : 0.0; \
            sum[j] += by * value; \
            square[j] += by * (value * value); \
        } \
    }
MOMENTS_BODY(f32, float)
MOMENTS_BODY(f64, double)

#define SCALE_BODY(types, in, out) \
    INLINE void scale_##types(const in *restrict x, double shift, double inverse, int64_t n, \
                              out *restrict z) \
    { \
        for (int64_t i = 0; i < n; i++) \
            z[i] = (out)(((double)x[i] - shift) * inverse); \
    }
SCALE_BODY(f32_f32, float, float)
SCALE_BODY(f32_f64, float, double)
SCALE_BODY(f64_f32, double, float)
SCALE_BODY(f64_f64, double, double)

/* See split_missing of cpu.h. The first loop is all there is to do for most data. */
INLINE bool split(double *restrict value, double *restrict present, int64_t n)
{
    uint64_t missing = 0;
    for (int64_t i = 0; i < n; i++)
        missing |= value[i] == value[i] + 0.0 ? 0 : 1;
    if (!missing)
        return false;
    for (int64_t i = 0; i < n; i++)
        present[i] = value[i] == value[i] + 0.0 ? 1.0 : 0.0;
    for (int64_t i = 0; i < n; i++)
        value[i] = present[i] != 0 ? value[i] : 0.0;
    return true;
}

INLINE void square(const double *restrict value, int64_t n, double *restrict to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = value[i] * value[i];
}

INLINE void add_scaled(double by, const double *restrict value, int64_t n, double *restrict to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += by * value[i];
}

/* Four doubles: one register of AVX2. gcc 12 takes wider vectors through memory where the set has
 * no registers for them, which is five times slower. */
typedef double lane __attribute__((vector_size(32), may_alias));
enum { LANE = 4, LANES = EAE_CPU_TILE / LANE };

/* One tile: kb (a constant) vectors by EAE_CPU_TILE columns, held in registers over all rows. */
INLINE void tile(const double *v, int64_t rows, const double *b, int64_t ldb, const int kb,
                 double *acc)
{
    lane sum[2][LANES];
    for (int q = 0; q < kb; q++) {
        for (int n = 0; n < LANES; n++)
            sum[q][n] = *(const lane *)(acc + q * EAE_CPU_BLOCK + n * LANE);
    }
    for (int64_t i = 0; i < rows; i++, v += EAE_CPU_BLOCK, b += ldb) {
        for (int q = 0; q < kb; q++) {
            for (int n = 0; n < LANES; n++)
                sum[q][n] += *(const lane *)(v + n * LANE) * b[q];
        }
    }
    for (int q = 0; q < kb; q++) {
        for (int n = 0; n < LANES; n++)
            *(lane *)(acc + q * EAE_CPU_BLOCK + n * LANE) = sum[q][n];
    }
}

INLINE void accumulate(const double *v, int64_t rows, const double *b, int64_t ldb, int64_t kb,
                       int64_t width, double *acc)
{
    for (int64_t j = 0; j < width; j += EAE_CPU_TILE) {
        int64_t q = 0;
        for (; q + 2 <= kb; q += 2)
            tile(v + j, rows, b + q, ldb, 2, acc + q * EAE_CPU_BLOCK + j);
        for (; q < kb; q++)
            tile(v + j, rows, b + q, ldb, 1, acc + q * EAE_CPU_BLOCK + j);
    }
}

typedef float half_lane __attribute__((vector_size(16), may_alias));
typedef double lane_2 __attribute__((vector_size(16)));

INLINE double lane_sum(const lane *a, const lane *b)
{
    lane s = *a + *b;
    lane_2 u = __builtin_shufflevector(s, s, 0, 1) + __builtin_shufflevector(s, s, 2, 3);
    return u[0] + u[1];
}

/* Lines lie anywhere: asked for this many lines ahead, they are there when they are needed. Lines
 * one after the other the processor sees for itself. */
enum { AHEAD = 4 };
INLINE void prefetch(const void *line, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i += 64)
        __builtin_prefetch((const char *)line + i);
}

#define LOAD_F32(p) __builtin_convertvector(*(const half_lane *)(p), lane)
#define LOAD_F64(p) (*(const lane *)(p))

/* Dot products of some lines with some vectors (both constants, their product at most 4) of row
 * stride n: w(line, vector). */
#define DOTS_BODY(name, attribute, in, load) \
    attribute INLINE void dots_lines_##name(const in *const line[4], const int lines, int64_t n, \
                                            const double *b, const int kb, double *w, int64_t ldw) \
    { \
        lane low[4], high[4]; \
        for (int k = 0; k < lines * kb; k++) \
            low[k] = high[k] = (lane){0}; \
        for (int64_t i = 0; i < n; i += 2 * LANE) { \
            for (int f = 0; f < lines; f++) { \
                lane x = load(line[f] + i), y = load(line[f] + i + LANE); \
                for (int q = 0; q < kb; q++) { \
                    low[f * kb + q] += x * *(const lane *)(b + q * n + i); \
                    high[f * kb + q] += y * *(const lane *)(b + q * n + i + LANE); \
                } \
            } \
        } \
        for (int f = 0; f < lines; f++) { \
            for (int q = 0; q < kb; q++) \
                w[f * ldw + q] = lane_sum(&low[f * kb + q], &high[f * kb + q]); \
        } \
    } \
    /* as many lines at once as there is room for beside kb vectors; the last ones alone */ \
    attribute INLINE void dots_block_##name(const in *x, const int64_t *index, int64_t count, \
                                            int64_t n, const double *b, const int kb, double *w, \
                                            int64_t ldw) \
    { \
        const int together = 4 / kb; \
        for (int64_t f = 0; f < count;) { \
            const in *line[4]; \
            for (int k = 0; k < together && f + k < count; k++) { \
                int64_t ahead = f + k + AHEAD; \
                line[k] = x + index[f + k] * n; \
                if (ahead < count && index[ahead] != index[f + k] + AHEAD) \
                    prefetch(x + index[ahead] * n, n * (int64_t)sizeof *x); \
            } \
            bool all = f + together <= count; \
            if (all) \
                dots_lines_##name(line, together, n, b, kb, w + f * ldw, ldw); \
            else \
                dots_lines_##name(line, 1, n, b, kb, w + f * ldw, ldw); \
            f += all ? together : 1; \
        } \
    }

#define CONVERT_SET(set, attribute, types, in, out) \
    attribute static void convert_##types##_##set(const in *x, const double *fill, \
                                                  const double *adjust, const double *shift, \
                                                  const double *inverse, int64_t n, out *z) \
    { \
        if (fill) \
            convert_##types(x, fill, adjust, shift, inverse, n, z); \
        else \
            plain_##types(x, shift, inverse, n, z); \
    } \
    attribute static void scale_##types##_##set(const in *x, double shift, double inverse, \
                                                int64_t n, out *z) \
    { \
        scale_##types(x, shift, inverse, n, z); \
    }

#define DOTS_SET(set, attribute, types, in, load) \
    DOTS_BODY(types##_##set, attribute, in, load) \
    attribute static void dots_##types##_##set(const in *x, const int64_t *index, int64_t count, \
                                               int64_t n, const double *b, int64_t kb, double *w, \
                                               int64_t ldw) \
    { \
        if (kb == 1) \
            dots_block_##types##_##set(x, index, count, n, b, 1, w, ldw); \
        else if (kb == 2) \
            dots_block_##types##_##set(x, index, count, n, b, 2, w, ldw); \
        else \
            dots_block_##types##_##set(x, index, count, n, b, 4, w, ldw); \
    }

#define MOMENTS_SET(set, attribute, type, in) \
    attribute static void moments_##type##_##set(const in *x, const double *shift, double by, \
                                                 int64_t n, double *weight, double *sum, \
                                                 double *square) \
    { \
        moments_##type(x, shift, by, n, weight, sum, square); \
    }

#define INSTRUCTION_SET(set, attribute) \
    DOTS_SET(set, attribute, f32, float, LOAD_F32) \
    DOTS_SET(set, attribute, f64, double, LOAD_F64) \
    MOMENTS_SET(set, attribute, f32, float) \
    MOMENTS_SET(set, attribute, f64, double) \
    CONVERT_SET(set, attribute, f32_f32, float, float) \
    CONVERT_SET(set, attribute, f32_f64, float, double) \
    CONVERT_SET(set, attribute, f64_f32, double, float) \
    CONVERT_SET(set, attribute, f64_f64, double, double) \
    attribute static void accumulate_##set(const double *v, int64_t rows, const double *b, \
                                           int64_t ldb, int64_t kb, int64_t width, double *acc) \
    { \
        accumulate(v, rows, b, ldb, kb, width, acc); \
    } \
    attribute static bool split_##set(double *value, double *present, int64_t n) \
    { \
        return split(value, present, n); \
    } \
    attribute static void square_##set(const double *value, int64_t n, double *to) \
    { \
        square(value, n, to); \
    } \
    attribute static void add_scaled_##set(double by, const double *value, int64_t n, double *to) \
    { \
        add_scaled(by, value, n, to); \
    }

#define SET_TABLE(set) \
    (eae_cpu_vector) \
    { \
        convert_f32_f32_##set, convert_f32_f64_##set, convert_f64_f32_##set, \
            convert_f64_f64_##set, accumulate_##set, split_##set, scale_f32_f32_##set, \
            scale_f32_f64_##set, scale_f64_f32_##set, scale_f64_f64_##set, dots_f32_##set, \
            dots_f64_##set, square_##set, add_scaled_##set, moments_f32_##set, moments_f64_##set \
    }

INSTRUCTION_SET(base, )
#if defined(__x86_64__)
INSTRUCTION_SET(avx2, __attribute__((target("avx2"))))
INSTRUCTION_SET(avx512, __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw"))))
#endif

eae_cpu_vector eae_cpu_vector_best;
int eae_cpu_vector_set;

void eae_cpu_vector_choose(void)
{
    eae_cpu_vector_best = SET_TABLE(base);
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) {
        eae_cpu_vector_best = SET_TABLE(avx2);
        eae_cpu_vector_set = 1;
    }
    if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw")) {
        eae_cpu_vector_best = SET_TABLE(avx512);
        eae_cpu_vector_set = 2;
    }
#endif
}
