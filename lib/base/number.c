/*
 * number.c - see number.h. Reading; writing is in format.c.
 *
 * Digits are taken eight at a time. A decimal w 10^q is then converted by the first of these that
 * is sure of its result:
 *   1. w <= 2^53 and |q| <= 22: both are doubles, one exact operation (Clinger 1990);
 *   2. the 192-bit product of w and a 128-bit 10^q (Lemire 2021, after Eisel): its error is below
 *      one unit of the middle word, so the rounding is certain but for a chance of about 2^-64;
 *   3. strtod() in the C locale: the rest, and subnormal results.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strtod_l */
#endif
#include "base/number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/powers.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "digits are read as little-endian words");

enum { DIGITS_MAX = 19 }; /* any 19 digits fit 64 bits */

/* ---- digits ----------------------------------------------------------------------------- */

static const uint64_t small_power[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* The number whose 8 digits (0 .. 9) are the bytes of x, first digit in the lowest byte. */
static inline uint64_t join_digits(uint64_t x)
{
    x = (x * 10 + (x >> 8)) & 0x00ff00ff00ff00ff;
    x = (x * 100 + (x >> 16)) & 0x0000ffff0000ffff;
    return (x * 10000 + (x >> 32)) & 0xffffffff;
}

/* Append the digits at p to w (modulo 2^64: the caller counts); returns where they end. */
static inline const char *take_digits(const char *p, const char *end, uint64_t *w)
{
    while (end - p >= 8) {
        uint64_t x;
        memcpy(&x, p, 8);
        x ^= 0x3030303030303030;
        /* bit 7 of every byte that is not 0 .. 9; exact up to the first such byte */
        uint64_t other = (x | (x + 0x7676767676767676)) & 0x8080808080808080;
        if (other) {
            unsigned n = (unsigned)__builtin_ctzll(other) / 8;
            if (n > 0)
                *w = *w * small_power[n] + join_digits(x << (64 - 8 * n));
            return p + n;
        }
        *w = *w * 100000000 + join_digits(x);
        p += 8;
    }
    for (; p < end && is_digit(*p); p++)
        *w = *w * 10 + (uint64_t)(*p - '0');
    return p;
}

/* A decimal as read: (-1)^negative w 10^q, or a little more when `cut`. */
typedef struct {
    uint64_t w;
    int64_t q;
    bool negative;
    bool cut;
} decimal;

/* The first 19 significant digits of a long number that is known to be well formed. */
static void take_long(const char *p, const char *end, decimal *d)
{
    int digits = 0;
    int64_t q = 0;
    bool fraction = false;
    d->w = 0;
    for (; p < end && (is_digit(*p) || *p == '.'); p++) {
        if (*p == '.') {
            fraction = true;
        } else if (digits < DIGITS_MAX) {
            d->w = d->w * 10 + (uint64_t)(*p - '0');
            digits += d->w > 0;
            q -= fraction;
        } else {
            d->cut |= *p != '0';
            q += !fraction;
        }
    }
    d->q += q;
}

/* An exponent part, if there is a whole one at p. */
static inline const char *take_exponent(const char *p, const char *end, int64_t *q)
{
    if (p == end || (*p | 0x20) != 'e')
        return p;
    const char *digit = p + 1;
    bool negative = digit < end && *digit == '-';
    if (digit < end && (*digit == '-' || *digit == '+'))
        digit++;
    if (digit == end || !is_digit(*digit))
        return p;
    int64_t e = 0;
    for (; digit < end && is_digit(*digit); digit++) {
        if (e < 1000000000)
            e = e * 10 + (*digit - '0');
    }
    *q += negative ? -e : e;
    return digit;
}

/* ---- decimal to double ------------------------------------------------------------------ */

/* By 192-bit product; false when the result is not certain, or is subnormal. w > 0. */
static bool convert_product(uint64_t w, int64_t q64, double *value)
{
    if (q64 > 308) {
        *value = HUGE_VAL;
        return true;
    }
    if (q64 < EAE_POWER_MIN) { /* below 10^19 10^-343: less than half the smallest double */
        *value = 0;
        return true;
    }
    int q = (int)q64;
    const eae_power *power = &eae_powers()[q - EAE_POWER_MIN];
    int zeros = __builtin_clzll(w);
    w <<= zeros;
    unsigned __int128 low = (unsigned __int128)w * power->lo;
    unsigned __int128 top = (unsigned __int128)w * power->hi + (uint64_t)(low >> 64);
    uint64_t p2 = (uint64_t)(top >> 64), p1 = (uint64_t)top, p0 = (uint64_t)low;
    /* the true product is p2:p1:p0 when the power is exact, else between it and one more in p1 */
    int shift = 10 + (int)(p2 >> 63);
    uint64_t rest = p2 & ((1ull << shift) - 1), half = 1ull << (shift - 1);
    uint64_t mantissa = p2 >> shift;
    bool exact = eae_power_is_exact(q);
    if (!exact && rest == half - 1 && p1 == UINT64_MAX)
        return false;
    bool tie = exact && rest == half && p1 == 0 && p0 == 0;
    mantissa += tie ? mantissa & 1 : rest >= half;
    int exponent = 63 + (int)(p2 >> 63) + eae_power_exponent(q) - zeros;
    if (exponent < -1022)
        return false;
    exponent += (int)(mantissa >> 53);
    mantissa >>= mantissa >> 53;
    if (exponent > 1023) {
        *value = HUGE_VAL;
        return true;
    }
    uint64_t bits = (mantissa & ((1ull << 52) - 1)) | (uint64_t)(exponent + 1023) << 52;
    memcpy(value, &bits, sizeof bits);
    return true;
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* Of a number known to be well formed. */
static double convert_slow(const char *text, size_t n)
{
    char small[128];
    char *copy = n < sizeof small ? small : eae_malloc(n + 1, 1);
    memcpy(copy, text, n);
    copy[n] = '\0';
    pthread_once(&c_locale_once, make_c_locale);
    double value = c_locale ? strtod_l(copy, NULL, c_locale) : strtod(copy, NULL);
    if (copy != small)
        free(copy);
    return value;
}

static double convert(const decimal *d, const char *text, size_t n)
{
    double value = 0, next;
    if (d->w > 0) {
        bool sure = convert_product(d->w, d->q, &value);
        if (sure && d->cut) /* between w and w + 1: sure when both give the same */
            sure = convert_product(d->w + 1, d->q, &next) && next == value;
        if (!sure)
            return convert_slow(text, n);
    }
    return d->negative ? -value : value;
}

const char *eae_scan_double(const char *text, const char *end, double *value)
{
    static const double exact_power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                         1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    decimal d = {0};
    const char *p = text;
    if (p < end && (*p == '-' || *p == '+'))
        d.negative = *p++ == '-';
    const char *first = p;
    p = take_digits(p, end, &d.w);
    int64_t digits = p - first;
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = take_digits(p, end, &d.w);
        d.q = fraction - p;
        digits -= d.q;
    }
    if (digits == 0)
        return NULL;
    if (digits > DIGITS_MAX) {
        d.q = 0;
        take_long(first, p, &d);
    }
    p = take_exponent(p, end, &d.q);
    if (d.w <= 1ull << 53 && d.q >= -22 && d.q <= 22 && !d.cut) {
        double x = (double)d.w;
        x = d.q < 0 ? x / exact_power[-d.q] : x * exact_power[d.q];
        *value = d.negative ? -x : x;
    } else {
        *value = convert(&d, text, (size_t)(p - text));
    }
    return p;
}

bool eae_parse_double(const char *text, size_t n, double *value)
{
    return n > 0 && eae_scan_double(text, text + n, value) == text + n;
}

/* ---- other readings --------------------------------------------------------------------- */

bool eae_parse_int(const char *text, size_t n, int64_t *value)
{
    const char *p = text, *end = text + n;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end)
        return false;
    int64_t sum = 0; /* kept negative: the range is larger on that side */
    for (; p < end; p++) {
        if (!is_digit(*p) || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, *p - '0', &sum))
            return false;
    }
    if (!negative && sum == INT64_MIN)
        return false;
    *value = negative ? sum : -sum;
    return true;
}

bool eae_parse_size(const char *text, uint64_t *value)
{
    static const char units[] = "KMGT";
    size_t n = strlen(text);
    double scale = 1;
    if (n > 0) {
        char last = text[n - 1];
        if (last >= 'a' && last <= 'z')
            last = (char)(last - 'a' + 'A');
        const char *unit = last ? strchr(units, last) : NULL;
        for (long i = unit ? unit - units + 1 : 0; i > 0; i--)
            scale *= 1024;
        n -= unit != NULL;
    }
    double x;
    if (!eae_parse_double(text, n, &x) || !(x >= 0) || x * scale > 9e18)
        return false;
    *value = (uint64_t)(x * scale);
    return true;
}

bool eae_parse_age(const char *text, int64_t *seconds)
{
    static const char units[] = "smhdw";
    static const int64_t length[] = {1, 60, 3600, 86400, 604800};
    size_t n = strlen(text);
    const char *unit = n > 1 ? strchr(units, text[n - 1]) : NULL;
    double number;
    if (!unit || !eae_parse_double(text, n - 1, &number) || number < 0 || number > 1e9)
        return false;
    *seconds = (int64_t)(number * (double)length[unit - units]);
    return true;
}

void eae_format_size(double bytes, char text[EAE_NUMBER_TEXT])
{
    static const char *const units[] = {"", "K", "M", "G", "T"};
    size_t u = 0;
    for (; u < 4 && bytes >= 1024; u++)
        bytes /= 1024;
    snprintf(text, EAE_NUMBER_TEXT, u > 0 ? "%.1f%s" : "%.0f%s", bytes, units[u]);
}

bool eae_is_missing(const char *text, size_t n)
{
    static const char *const words[] = {"", "NA", "NaN", "nan", "N/A", "null", "NULL", "."};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == n && memcmp(words[i], text, n) == 0)
            return true;
    }
    return false;
}
