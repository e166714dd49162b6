/*
 * powers.h - powers of ten to 128 bits, shared by the reading and the writing of numbers.
 *
 *     10^q = (hi 2^64 + lo + r) 2^(eae_power_exponent(q) - 127),   0 <= r < 1,   hi >= 2^63
 *
 * r = 0 (the entry is exact) for q = 0 .. 55, and r > 0 for every other q. The table is computed
 * once, in about a tenth of a millisecond, when it is first asked for.
 */
#ifndef EAE_BASE_POWERS_H
#define EAE_BASE_POWERS_H

#include <stdbool.h>
#include <stdint.h>

enum { EAE_POWER_MIN = -342, EAE_POWER_MAX = 324, EAE_POWER_EXACT_MAX = 55 };

typedef struct eae_power {
    uint64_t hi;
    uint64_t lo;
} eae_power;

/* The entry of q = EAE_POWER_MIN. Thread-safe. */
const eae_power *eae_powers(void);

/* floor(q log2(10)), for |q| <= 1233. */
static inline int eae_power_exponent(int q)
{
    return (int)(((int64_t)q * 1741647) >> 19);
}

static inline bool eae_power_is_exact(int q)
{
    return q >= 0 && q <= EAE_POWER_EXACT_MAX;
}

#endif
