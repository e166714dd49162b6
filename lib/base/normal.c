/*
 * normal.c - see normal.h.
 *
 *     blocks of words    many Philox counters side by side, so that the compiler uses vectors
 *     deviates           the inverse distribution function, without a branch
 *
 * The loops are compiled for several instruction sets where the compiler can do that; with
 * -ffp-contract=off every version gives the same bits.
 */
#include "base/normal.h"

#include <string.h>

#include "base/clones.h"

enum { LANES = 64, WORDS = 4 * LANES };

typedef struct {
    uint32_t key[2];
    uint32_t purpose;
    uint32_t index[2];
} sequence;

/* Words 4 * block .. 4 * block + WORDS - 1: eae_philox() for LANES counters at once. */
EAE_CLONES static void make_words(const sequence *s, uint32_t block, uint32_t *restrict out)
{
    for (uint32_t lane = 0; lane < LANES; lane++) {
        uint32_t c0 = block + lane, c1 = s->purpose, c2 = s->index[0], c3 = s->index[1];
        uint32_t k0 = s->key[0], k1 = s->key[1];
        for (int round = 0; round < 10; round++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * c0;
            uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
            uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
            uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
            c1 = (uint32_t)p1;
            c3 = (uint32_t)p0;
            c0 = n0;
            c2 = n2;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        out[4 * lane] = c0;
        out[4 * lane + 1] = c1;
        out[4 * lane + 2] = c2;
        out[4 * lane + 3] = c3;
    }
}

static inline float from_bits(int32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline int32_t to_bits(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* log2(a), 0 < a <= 1 and normal: a = m 2^e with m in [sqrt(1/2), sqrt(2)), and the series of
 * log((1 + r) / (1 - r)) with r = (m - 1) / (m + 1). */
static inline float log2_of(float a)
{
    enum { SQRT_HALF = 0x3F3504F3 };
    int32_t bits = to_bits(a) - SQRT_HALF;
    float e = (float)(bits >> 23);
    float m = from_bits((bits & 0x7FFFFF) + SQRT_HALF);
    float r = (m - 1.0f) / (m + 1.0f);
    float u = r * r;
    float series = 1.0f + u * (1.0f / 3 + u * (1.0f / 5 + u * (1.0f / 7)));
    return e + 2.88539008177792681f * r * series;
}

/* sqrt(a), 0 <= a: Newton's iteration for 1 / sqrt(a). sqrtf() may set errno, which keeps a
 * compiler from using vectors. */
static inline float root_of(float a)
{
    float y = from_bits(0x5F375A86 - (to_bits(a) >> 1));
    float h = 0.5f * a;
    y = y * (1.5f - h * y * y);
    y = y * (1.5f - h * y * y);
    y = y * (1.5f - h * y * y);
    return a * y;
}

/* Two-sided: t = 1 - x is the probability of a larger |z|. Both are made from the bits, so that
 * neither end loses digits. z = x P(s) / Q(s) with s = sqrt(-log2(1 - x^2)); there is no linear
 * term because z / x is analytic in s^2 at 0. */
static inline float inverse(uint32_t word)
{
    int32_t m = (int32_t)(word >> 1);
    float t = ((float)m + 0.5f) * 0x1p-31f;
    float x = ((float)(INT32_MAX - m) + 0.5f) * 0x1p-31f;
    float l = log2_of(t * (1.0f + x));
    float s = root_of(from_bits(to_bits(l) & INT32_MAX)); /* -l, but for rounding near 0 */
    float p = 0.00109715606f;
    p = p * s - 0.00222660732f;
    p = p * s + 0.0154153232f;
    p = p * s - 0.0100004129f;
    p = p * s + 0.0772945894f;
    p = p * s + 0.142671691f;
    p = p * s * s + 1.2533145f;
    float q = 0.000873374404f;
    q = q * s - 0.000363764503f;
    q = q * s - 0.000833751962f;
    q = q * s + 0.0612333446f;
    q = q * s - 0.0675630534f;
    q = q * s * s + 1.0f;
    float z = x * (p / q);
    return from_bits(to_bits(z) | (int32_t)(word << 31));
}

EAE_CLONES static void make_normals(const uint32_t *restrict word, float *restrict out)
{
    for (int i = 0; i < WORDS; i++)
        out[i] = inverse(word[i]);
}

float eae_normal_of_word(uint32_t word)
{
    return inverse(word);
}

static sequence sequence_of(uint64_t seed, eae_purpose purpose, uint64_t index)
{
    return (sequence){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                      .purpose = (uint32_t)purpose,
                      .index = {(uint32_t)index, (uint32_t)(index >> 32)}};
}

float eae_normal_at(uint64_t seed, eae_purpose purpose, uint64_t index, uint64_t position)
{
    sequence s = sequence_of(seed, purpose, index);
    uint32_t counter[4] = {(uint32_t)(position / 4), s.purpose, s.index[0], s.index[1]};
    uint32_t word[4];
    eae_philox(counter, s.key, word);
    return inverse(word[position % 4]);
}

void eae_normals(uint64_t seed, eae_purpose purpose, uint64_t index, uint64_t position, size_t n,
                 float *out)
{
    sequence s = sequence_of(seed, purpose, index);
    uint32_t word[WORDS];
    float z[WORDS];
    size_t skip = position % 4; /* only the first piece can begin inside a block */
    for (size_t done = 0; done < n;) {
        size_t take = n - done < WORDS - skip ? n - done : WORDS - skip;
        make_words(&s, (uint32_t)((position + done) / 4), word);
        if (take == WORDS) {
            make_normals(word, out + done);
        } else {
            make_normals(word, z);
            memcpy(out + done, z + skip, take * sizeof *out);
        }
        done += take;
        skip = 0;
    }
}

void eae_random_words(uint64_t seed, eae_purpose purpose, uint64_t index, uint64_t position,
                      size_t n, uint32_t *out)
{
    sequence s = sequence_of(seed, purpose, index);
    uint32_t word[WORDS];
    size_t skip = position % 4;
    for (size_t done = 0; done < n;) {
        size_t take = n - done < WORDS - skip ? n - done : WORDS - skip;
        make_words(&s, (uint32_t)((position + done) / 4), word);
        memcpy(out + done, word + skip, take * sizeof *out);
        done += take;
        skip = 0;
    }
}
