/* philox.c - see philox.h. */
#include "base/philox.h"

#include "base/random.h"

enum { LANES = EAE_PHILOX_LANES, ROUNDS = 10 };

static void many_plain(const uint32_t counter[4], const uint32_t key[2],
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

#define AVX512 __attribute__((target("avx512f")))

/* The same with eight counters; three words are added without carry by one instruction. */
typedef struct {
    __m512i c0, c1, c2, c3;
} eight;

AVX512 static inline eight one_round_of_eight(eight c, __m512i k0, __m512i k1)
{
    enum { XOR = 0x96 };
    __m512i p0 = _mm512_mul_epu32(c.c0, _mm512_set1_epi64(0xD2511F53));
    __m512i p1 = _mm512_mul_epu32(c.c2, _mm512_set1_epi64(0xCD9E8D57));
    __m512i high0 = _mm512_srli_epi64(p0, 32), high1 = _mm512_srli_epi64(p1, 32);
    return (eight){_mm512_ternarylogic_epi64(high1, c.c1, k0, XOR), p1,
                   _mm512_ternarylogic_epi64(high0, c.c3, k1, XOR), p0};
}

AVX512 static inline void store_eight(eight c, uint32_t *out)
{
    __m512i low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
    __m512i high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    __m512i a = _mm512_mask_blend_epi32(0xAAAA, c.c0, _mm512_slli_epi64(c.c1, 32));
    __m512i b = _mm512_mask_blend_epi32(0xAAAA, c.c2, _mm512_slli_epi64(c.c3, 32));
    _mm512_storeu_si512(out, _mm512_permutex2var_epi64(a, low, b));
    _mm512_storeu_si512(out + 16, _mm512_permutex2var_epi64(a, high, b));
}

AVX512 static void many_avx512(const uint32_t counter[4], const uint32_t key[2], uint32_t *out)
{
    __m512i k0[ROUNDS], k1[ROUNDS];
    for (uint32_t r = 0; r < ROUNDS; r++) {
        k0[r] = _mm512_set1_epi32((int32_t)(key[0] + r * 0x9E3779B9u));
        k1[r] = _mm512_set1_epi32((int32_t)(key[1] + r * 0xBB67AE85u));
    }
    __m512i c1 = _mm512_set1_epi64(counter[1]);
    __m512i c2 = _mm512_set1_epi64(counter[2]), c3 = _mm512_set1_epi64(counter[3]);
    for (uint32_t lane = 0; lane < LANES; lane += 16) {
        uint32_t c = counter[0] + lane, d = c + 8;
        eight x = {_mm512_setr_epi64(c, c + 1, c + 2, c + 3, c + 4, c + 5, c + 6, c + 7), c1, c2,
                   c3};
        eight y = {_mm512_setr_epi64(d, d + 1, d + 2, d + 3, d + 4, d + 5, d + 6, d + 7), c1, c2,
                   c3};
        for (int r = 0; r < ROUNDS; r++) {
            x = one_round_of_eight(x, k0[r], k1[r]);
            y = one_round_of_eight(y, k0[r], k1[r]);
        }
        store_eight(x, out + 4 * lane);
        store_eight(y, out + 4 * lane + 32);
    }
}

_Static_assert(LANES % 16 == 0, "lanes come in sixteens");

static bool has(int bits)
{
    return bits == 512 ? __builtin_cpu_supports("avx512f") : __builtin_cpu_supports("avx2");
}

bool eae_philox_many_with(int bits, const uint32_t counter[4], const uint32_t key[2],
                          uint32_t out[EAE_PHILOX_WORDS])
{
    if (bits > 0 && !has(bits))
        return false;
    if (bits == 512)
        many_avx512(counter, key, out);
    else if (bits == 256)
        many_avx2(counter, key, out);
    else
        many_plain(counter, key, out);
    return true;
}
#else
bool eae_philox_many_with(int bits, const uint32_t counter[4], const uint32_t key[2],
                          uint32_t out[EAE_PHILOX_WORDS])
{
    if (bits > 0)
        return false;
    many_plain(counter, key, out);
    return true;
}
#endif

void eae_philox_many(const uint32_t counter[4], const uint32_t key[2],
                     uint32_t out[EAE_PHILOX_WORDS])
{
    if (!eae_philox_many_with(512, counter, key, out) &&
        !eae_philox_many_with(256, counter, key, out))
        many_plain(counter, key, out);
}
