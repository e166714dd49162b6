/*
 * number.h - numbers from text and back, exactly.
 *
 * Reading is correctly rounded (the double nearest to the decimal, ties to even) and does not
 * depend on the locale. Writing gives the shortest decimal that reads back to the same value, and
 * of several shortest ones the nearest. Thread-safe. Sources: number.c, number_format.c.
 */
#ifndef EAE_BASE_NUMBER_H
#define EAE_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The smallest i64: how a missing whole number is stored. */
#define EAE_MISSING_I64 INT64_MIN

enum { EAE_NUMBER_TEXT = 32 }; /* enough for any number written here, with the zero byte */

/* Read a decimal number ([+-]digits[.digits][e[+-]digits]; digits may be missing on one side of the
 * point) that fills text[0..n-1] wholly; no spaces, no hexadecimal, no inf or nan. False if it does
 * not. Overflow gives +-HUGE_VAL and true. */
bool eae_parse_double(const char *text, size_t n, double *value);
/* Read the longest such number at the beginning of text .. end-1. Returns where it ends, NULL if
 * there is none. */
const char *eae_scan_double(const char *text, const char *end, double *value);
/* A decimal integer that fills the text and fits. */
bool eae_parse_int(const char *text, size_t n, int64_t *value);
/* Bytes with an optional K, M, G or T (powers of 1,024), upper or lower case: "1.5G". */
bool eae_parse_size(const char *text, uint64_t *value);
/* "90d" in seconds: a number that is not negative, then s, m, h, d or w; to whole seconds. */
bool eae_parse_age(const char *text, int64_t *seconds);
/* Sizes the other way round, for messages: to one decimal in the largest unit that is not above it.
 */
void eae_format_size(double bytes, char text[EAE_NUMBER_TEXT]);
/* Ways to write a missing value: empty, NA, NaN, nan, N/A, null, NULL, and "." */
bool eae_is_missing(const char *text, size_t n);

/* Shortest text that reads back to the same double / float; NaN gives NA, infinities Inf, -Inf.
 * Plain digits for decimal exponents -5 .. 15 (0.00001, 9007199254740993), else scientific with a
 * signed exponent of as few digits as it needs (1e-7, 1.5e+20). Returns length. */
size_t eae_format_double(double value, char text[EAE_NUMBER_TEXT]);
size_t eae_format_float(float value, char text[EAE_NUMBER_TEXT]);

#endif
