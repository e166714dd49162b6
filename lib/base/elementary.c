/* elementary.c - see elementary.h: reduction by powers of two, then a series. */
#include "base/elementary.h"

#include <stdint.h>
#include <string.h>

/* ln 2 in two parts; the first has 32 bits, so that its product with an exponent is exact. */
static const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;

static double power_of_two(int64_t k)
{
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

double eae_exp(double x)
{
    enum { TERMS = 14 }; /* |r| <= 0.35: the next is below 1e-18 */
    x = x > 700 ? 700 : x < -700 ? -700 : x;
    double scaled = x * 0x1.71547652b82fep+0;
    int64_t k = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
    double r = (x - (double)k * ln2_high) - (double)k * ln2_low;
    double sum = 1;
    for (int n = TERMS; n > 0; n--)
        sum = 1 + r / n * sum;
    return sum * power_of_two(k);
}

/* x = m 2^k with m in [sqrt(1/2), sqrt(2)), and ln m = 2 artanh((m - 1) / (m + 1)). */
double eae_log(double x)
{
    enum { TERMS = 11 }; /* r^2 <= 0.03: the next is below 1e-17 */
    static const uint64_t root_half = UINT64_C(0x3FE6A09E667F3BCD);
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t k = (int64_t)(bits - root_half) >> 52;
    bits -= (uint64_t)k << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    double r = (m - 1) / (m + 1), u = r * r, sum = 0;
    for (int n = TERMS; n > 0; n--)
        sum = u * (1.0 / (2 * n + 1) + sum);
    return (double)k * ln2_high + (2 * r + (2 * r * sum + (double)k * ln2_low));
}
