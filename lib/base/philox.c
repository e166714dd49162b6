/* philox.c - see philox.h. */
#include "base/philox.h"

#include "base/random.h"

enum { LANES = EAE_PHILOX_LANES, ROUNDS = 10 };

void eae_philox_many_plain(const uint32_t counter[4], const uint32_t key[2],
                           uint32_t out[EAE_PHILOX_WORDS])
{
    for (uint32_t lane = 0; lane < LANES; lane++) {
        uint32_t c[4] = {counter[0] + lane, counter[1], counter[2], counter[3]};
        eae_philox(c, key, out + 4 * lane);
    }
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* Four counters, a word of each in the lower half of a 64-bit lane; what is in the upper halves
 * never reaches a lower one. */
typedef struct {
    __m256i c0, c1, c2, c3;
} four;

AVX2 static inline four one_round(four c, __m256i k0, __m256i k1)
{
    __m256i p0 = _mm256_mul_epu32(c.c0, _mm256_set1_epi64x(0xD2511F53));
    __m256i p1 = _mm256_mul_epu32(c.c2, _mm256_set1_epi64x(0xCD9E8D57));
    __m256i high0 = _mm256_srli_epi64(p0, 32), high1 = _mm256_srli_epi64(p1, 32);
    return (four){_mm256_xor_si256(high1, _mm256_xor_si256(c.c1, k0)), p1,
                  _mm256_xor_si256(high0, _mm256_xor_si256(c.c3, k1)), p0};
}

AVX2 static inline void store(four c, uint32_t *out)
{
    __m256i a = _mm256_blend_epi32(c.c0, _mm256_slli_epi64(c.c1, 32), 0xAA);
    __m256i b = _mm256_blend_epi32(c.c2, _mm256_slli_epi64(c.c3, 32), 0xAA);
    __m256i even = _mm256_unpacklo_epi64(a, b), odd = _mm256_unpackhi_epi64(a, b);
    _mm256_storeu_si256((__m256i *)(void *)out, _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256((__m256i *)(void *)(out + 8), _mm256_permute2x128_si256(even, odd, 0x31));
}

AVX2 static void many_avx2(const uint32_t counter[4], const uint32_t key[2], uint32_t *out)
{
    __m256i k0[ROUNDS], k1[ROUNDS];
    for (uint32_t r = 0; r < ROUNDS; r++) {
        k0[r] = _mm256_set1_epi32((int32_t)(key[0] + r * 0x9E3779B9u));
        k1[r] = _mm256_set1_epi32((int32_t)(key[1] + r * 0xBB67AE85u));
    }
    __m256i c1 = _mm256_set1_epi64x(counter[1]);
    __m256i c2 = _mm256_set1_epi64x(counter[2]), c3 = _mm256_set1_epi64x(counter[3]);
    for (uint32_t lane = 0; lane < LANES; lane += 8) { /* two at a time hide the latency */
        uint32_t c = counter[0] + lane;
        four x = {_mm256_set_epi64x(c + 3, c + 2, c + 1, c), c1, c2, c3};
        four y = {_mm256_set_epi64x(c + 7, c + 6, c + 5, c + 4), c1, c2, c3};
        for (int r = 0; r < ROUNDS; r++) {
            x = one_round(x, k0[r], k1[r]);
            y = one_round(y, k0[r], k1[r]);
        }
        store(x, out + 4 * lane);
        store(y, out + 4 * lane + 16);
    }
}

void eae_philox_many(const uint32_t counter[4], const uint32_t key[2],
                     uint32_t out[EAE_PHILOX_WORDS])
{
    if (__builtin_cpu_supports("avx2"))
        many_avx2(counter, key, out);
    else
        eae_philox_many_plain(counter, key, out);
}
#else
void eae_philox_many(const uint32_t counter[4], const uint32_t key[2],
                     uint32_t out[EAE_PHILOX_WORDS])
{
    eae_philox_many_plain(counter, key, out);
}
#endif
