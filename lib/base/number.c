/* number.c - placeholder implementation: strtod and printf. Replaced by exact fast code. */
#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool eae_parse_double(const char *text, size_t n, double *value)
{
    char copy[512];
    if (n == 0 || n >= sizeof copy || strspn(text, "+-0123456789.eE") < n)
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    char *end;
    *value = strtod(copy, &end);
    return *end == '\0';
}

bool eae_parse_int(const char *text, size_t n, int64_t *value)
{
    char copy[32];
    if (n == 0 || n >= sizeof copy)
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    char *end;
    errno = 0;
    *value = strtoll(copy, &end, 10);
    return *end == '\0' && errno == 0;
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

bool eae_is_missing(const char *text, size_t n)
{
    static const char *const words[] = {"", "NA", "NaN", "nan", "N/A", "null", "NULL", "."};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == n && memcmp(words[i], text, n) == 0)
            return true;
    }
    return false;
}

size_t eae_format_double(double value, char text[EAE_NUMBER_TEXT])
{
    if (isnan(value))
        return (size_t)snprintf(text, EAE_NUMBER_TEXT, "NA");
    if (isinf(value))
        return (size_t)snprintf(text, EAE_NUMBER_TEXT, value < 0 ? "-Inf" : "Inf");
    for (int digits = 15; digits < 18; digits++) {
        snprintf(text, EAE_NUMBER_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return strlen(text);
}

size_t eae_format_float(float value, char text[EAE_NUMBER_TEXT])
{
    if (isnan(value) || isinf(value))
        return eae_format_double((double)value, text);
    for (int digits = 6; digits < 10; digits++) {
        snprintf(text, EAE_NUMBER_TEXT, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    return strlen(text);
}
