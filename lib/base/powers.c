/*
 * powers.c - see powers.h. 10^q and 5^q have the same leading bits, so the table is that of 5^q.
 * For q > 0, 5^q is multiplied up exactly. For q < 0, floor(2^960 / 5^-q) is divided down, which is
 * exact as well, because floor(floor(x / a) / b) = floor(x / ab).
 */
#include "base/powers.h"

#include <pthread.h>

enum { WORDS = 16, ENTRIES = EAE_POWER_MAX - EAE_POWER_MIN + 1 };

static eae_power table[ENTRIES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* word[0] is the least significant */
static void multiply_by_5(uint64_t *word)
{
    unsigned __int128 carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (unsigned __int128)word[i] * 5;
        word[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

static void divide_by_5(uint64_t *word)
{
    uint64_t rest = 0;
    for (int i = WORDS - 1; i >= 0; i--) {
        unsigned __int128 part = (unsigned __int128)rest << 64 | word[i];
        word[i] = (uint64_t)(part / 5);
        rest = (uint64_t)(part % 5);
    }
}

static uint64_t word_or_zero(const uint64_t *word, int i)
{
    return i >= 0 ? word[i] : 0;
}

/* The leading 128 bits, cut off. */
static eae_power leading_bits(const uint64_t *word)
{
    int top = WORDS - 1;
    while (word[top] == 0)
        top--;
    int shift = __builtin_clzll(word[top]);
    uint64_t a = word[top], b = word_or_zero(word, top - 1), c = word_or_zero(word, top - 2);
    if (shift == 0)
        return (eae_power){a, b};
    return (eae_power){a << shift | b >> (64 - shift), b << shift | c >> (64 - shift)};
}

static void fill_table(void)
{
    uint64_t up[WORDS] = {1};
    for (int q = 0; q <= EAE_POWER_MAX; q++) {
        table[q - EAE_POWER_MIN] = leading_bits(up);
        multiply_by_5(up);
    }
    uint64_t down[WORDS] = {0};
    down[WORDS - 1] = 1; /* 2^960: 128 good bits are left after 342 divisions (794 bits) */
    for (int q = -1; q >= EAE_POWER_MIN; q--) {
        divide_by_5(down);
        table[q - EAE_POWER_MIN] = leading_bits(down);
    }
}

const eae_power *eae_powers(void)
{
    pthread_once(&once, fill_table);
    return table;
}
