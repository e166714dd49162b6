/*
 * normal.c - see normal.h.
 *
 *     blocks of words    many Philox counters side by side (philox.h)
 *     deviates           the inverse distribution function, without a branch
 *
 * The loops are compiled for several instruction sets where the compiler can do that; with
 * -ffp-contract=off every version gives the same bits.
 */
#include "base/normal.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "base/philox.h"

enum { WORDS = EAE_PHILOX_WORDS };

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

/* Two-sided: m is 31 bits of probability, t = 1 - x that of a larger |z|. Both are made from the
 * bits, so that neither end loses digits. */
static inline float outside_of(int32_t m)
{
    return ((float)m + 0.5f) * 0x1p-31f;
}

static inline float inside_of(int32_t m)
{
    return ((float)(INT32_MAX - m) + 0.5f) * 0x1p-31f;
}

static inline float with_sign(float z, uint32_t word)
{
    return from_bits(to_bits(z) | (int32_t)(word << 31));
}

/* 1 / 4096 <= t: z = x P(q) / Q(q) with q = 1 - x^2. All coefficients are positive, so nothing
 * cancels. By Estrin's scheme, whose parts do not wait for one another. */
enum { TAIL = 1 << 19 };

static inline float middle(int32_t m)
{
    float x = inside_of(m), q = outside_of(m) * (1.0f + x), q2 = q * q, q4 = q2 * q2;
    float p0 = (4.3705408f + 34302.2464f * q) + q2 * (38679820.7f + 9.83432789e+09f * q);
    float p4 = (6.4787431e+11f + 1.1413488e+13f * q) + q2 * (5.12366822e+13f + 4.83300585e+13f * q);
    float p8 = 4.58511769e+12f;
    float d0 = (1.0f + 9083.39133f * q) + q2 * (11549533.9f + 3.33237991e+09f * q);
    float d4 =
        (2.54795648e+11f + 5.42480354e+12f * q) + q2 * (3.16193764e+13f + 4.49251292e+13f * q);
    float d8 = 1.05051501e+13f;
    float p = p0 + q4 * (p4 + q4 * p8), d = d0 + q4 * (d4 + q4 * d8);
    return x * (p / d);
}

/* Anywhere: z = x P(s) / Q(s) with s = sqrt(-log2(1 - x^2)); there is no linear term because z / x
 * is analytic in s^2 at 0. Used for the tails, one value of 4,096. */
static float tail(int32_t m)
{
    float x = inside_of(m);
    float l = log2_of(outside_of(m) * (1.0f + x));
    float s = sqrtf(from_bits(to_bits(l) & INT32_MAX)); /* -l, but for rounding near 0 */
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
    return x * (p / q);
}

static inline float inverse(uint32_t word)
{
    int32_t m = (int32_t)(word >> 1);
    return with_sign(m < TAIL ? tail(m) : middle(m), word);
}

/* All as if in the middle; then the pieces with a tail again. */
EAE_CLONES static void make_normals(const uint32_t *restrict word, float *restrict out)
{
    enum { PIECE = 32 };
    for (int at = 0; at < WORDS; at += PIECE) {
        int32_t least = INT32_MAX;
        for (int i = at; i < at + PIECE; i++) {
            int32_t m = (int32_t)(word[i] >> 1);
            least = m < least ? m : least;
            out[i] = with_sign(middle(m), word[i]);
        }
        if (least >= TAIL)
            continue;
        for (int i = at; i < at + PIECE; i++) {
            if (word[i] >> 1 < TAIL)
                out[i] = inverse(word[i]);
        }
    }
}

float eae_normal_of_word(uint32_t word)
{
    return inverse(word);
}

/* Key and counter of a sequence: its first block. */
typedef struct {
    uint32_t key[2], counter[4];
} sequence;

static sequence sequence_of(uint64_t seed, eae_purpose purpose, uint64_t index)
{
    return (sequence){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                      .counter = {0, (uint32_t)purpose, (uint32_t)index, (uint32_t)(index >> 32)}};
}

/* WORDS words from the block that `position` is in. */
static void make_words(sequence *s, uint64_t position, uint32_t *out)
{
    s->counter[0] = (uint32_t)(position / 4);
    eae_philox_many(s->counter, s->key, out);
}

float eae_normal_at(uint64_t seed, eae_purpose purpose, uint64_t index, uint64_t position)
{
    sequence s = sequence_of(seed, purpose, index);
    uint32_t word[4];
    s.counter[0] = (uint32_t)(position / 4);
    eae_philox(s.counter, s.key, word);
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
        make_words(&s, position + done, word);
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
        make_words(&s, position + done, word);
        memcpy(out + done, word + skip, take * sizeof *out);
        done += take;
        skip = 0;
    }
}
