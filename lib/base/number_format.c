/*
 * number_format.c - the shortest decimal that reads back to the same number; see number.h.
 *
 * The method is Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020). Let v = c
 * 2^e and let k be the largest integer with 10^k not wider than the rounding interval of v. Then
 * among the multiples of 10^(k+1) and of 10^k, a shortest decimal in the interval is found by
 * looking at two neighbours of v each. The bounds of the interval and v itself are scaled by 4
 * 10^-k with a 128-bit power and rounded to odd, which keeps every comparison with a whole number
 * exact.
 */
#include "base/number.h"

#include <math.h>
#include <string.h>

#include "base/powers.h"

typedef struct {
    uint64_t digits;
    int exponent; /* value = digits 10^exponent */
} shortest;

/* floor(log10(2^e)), and of 3/4 2^e; for |e| <= 1500 */
static int floor_log10_pow2(int e)
{
    return (int)(((int64_t)e * 1262611) >> 22);
}

static int floor_log10_three_quarters_pow2(int e)
{
    return (int)(((int64_t)e * 1262611 - 524031) >> 22);
}

/* power x / 2^128, rounded to odd. */
static uint64_t scale_to_odd(unsigned __int128 power, uint64_t x)
{
    unsigned __int128 low = (unsigned __int128)x * (uint64_t)power;
    unsigned __int128 top = (unsigned __int128)x * (uint64_t)(power >> 64) + (uint64_t)(low >> 64);
    /* the power is rounded up: a middle word of 1 or less means a whole number (section 9.9) */
    return (uint64_t)(top >> 64) | ((uint64_t)top > 1);
}

static unsigned __int128 power_rounded_up(int q)
{
    const eae_power *p = &eae_powers()[q - EAE_POWER_MIN];
    return ((unsigned __int128)p->hi << 64 | p->lo) + !eae_power_is_exact(q);
}

/* v = c 2^e; `uneven`: the next smaller number is nearer than the next larger one. */
static shortest find_shortest(uint64_t c, int e, bool uneven)
{
    int k = uneven ? floor_log10_three_quarters_pow2(e) : floor_log10_pow2(e);
    int shift = e + eae_power_exponent(-k) + 1;
    unsigned __int128 power = power_rounded_up(-k);
    uint64_t v = scale_to_odd(power, (4 * c) << shift);
    uint64_t odd = c & 1; /* the ends of the interval belong to an even c */
    uint64_t lower = scale_to_odd(power, (4 * c - 2 + uneven) << shift) + odd;
    uint64_t upper = scale_to_odd(power, (4 * c + 2) << shift) - odd;
    uint64_t s = v / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool below = lower <= 40 * tens, above = 40 * tens + 40 <= upper;
        if (below != above)
            return (shortest){tens + above, k + 1};
    }
    bool below = lower <= 4 * s, above = 4 * s + 4 <= upper;
    if (below != above)
        return (shortest){s + above, k};
    uint64_t middle = 4 * s + 2;
    bool up = v > middle || (v == middle && (s & 1));
    return (shortest){s + up, k};
}

/* The digits of x into the end of buf[20]; returns the first one. */
static char *write_digits(uint64_t x, char *buf)
{
    char *p = buf + 20;
    do {
        *--p = (char)('0' + x % 10);
        x /= 10;
    } while (x > 0);
    return p;
}

static size_t write_exponent(int x, char *to)
{
    char *p = to;
    *p++ = 'e';
    *p++ = x < 0 ? '-' : '+';
    char buf[20];
    char *digits = write_digits((uint64_t)(x < 0 ? -x : x), buf);
    size_t n = (size_t)(buf + 20 - digits);
    memcpy(p, digits, n);
    return n + 2;
}

/* n digits, of which the first stands for 10^exponent. */
static size_t lay_out(const char *digit, int n, int exponent, char *to)
{
    char *p = to;
    if (exponent < -5 || exponent > 15) {
        *p++ = digit[0];
        if (n > 1) {
            *p++ = '.';
            memcpy(p, digit + 1, (size_t)n - 1);
            p += n - 1;
        }
        p += write_exponent(exponent, p);
    } else if (exponent < 0) {
        memcpy(p, "0.0000", 6);
        p += 1 - exponent;
        memcpy(p, digit, (size_t)n);
        p += n;
    } else {
        int whole = exponent + 1;
        int given = n < whole ? n : whole;
        memcpy(p, digit, (size_t)given);
        memset(p + given, '0', (size_t)(whole - given));
        p += whole;
        if (n > whole) {
            *p++ = '.';
            memcpy(p, digit + whole, (size_t)(n - whole));
            p += n - whole;
        }
    }
    *p = '\0';
    return (size_t)(p - to);
}

static size_t write_decimal(bool negative, shortest s, char *text)
{
    char buf[20];
    char *digit = write_digits(s.digits, buf);
    int n = (int)(buf + 20 - digit);
    int exponent = s.exponent + n - 1;
    while (n > 1 && digit[n - 1] == '0')
        n--;
    if (negative)
        *text++ = '-';
    return (size_t)negative + lay_out(digit, n, exponent, text);
}

static size_t write_word(const char *word, char *text)
{
    size_t n = strlen(word);
    memcpy(text, word, n + 1);
    return n;
}

/* fraction and exponent fields of a format with `width` fraction bits and this exponent of 1 ulp
 * of the subnormals */
static size_t write_number(bool negative, uint64_t fraction, int field, int width, int least,
                           char *text)
{
    if (field == 0 && fraction == 0)
        return write_word(negative ? "-0" : "0", text);
    bool uneven = fraction == 0 && field > 1;
    uint64_t c = field ? fraction | 1ull << width : fraction;
    int e = least + (field ? field - 1 : 0);
    bool whole = e <= 0 && e > -(width + 1) && (c & ((1ull << -e) - 1)) == 0;
    shortest s = whole ? (shortest){c >> -e, 0} : find_shortest(c, e, uneven);
    return write_decimal(negative, s, text);
}

size_t eae_format_double(double value, char text[EAE_NUMBER_TEXT])
{
    if (isnan(value))
        return write_word("NA", text);
    if (isinf(value))
        return write_word(value < 0 ? "-Inf" : "Inf", text);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return write_number(bits >> 63, bits & ((1ull << 52) - 1), (int)(bits >> 52 & 0x7ff), 52, -1074,
                        text);
}

size_t eae_format_float(float value, char text[EAE_NUMBER_TEXT])
{
    if (isnan(value) || isinf(value))
        return eae_format_double((double)value, text);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return write_number(bits >> 31, bits & ((1u << 23) - 1), (int)(bits >> 23 & 0xff), 23, -149,
                        text);
}
