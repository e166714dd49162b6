/* escape.c - see escape.h. */
#include "cache/escape.h"

#include <string.h>

void eae_escape(eae_buffer *out, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    if (n == 0)
        eae_buffer_puts(out, "\\e");
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\\')
            eae_buffer_puts(out, "\\\\");
        else if (p[i] == ' ')
            eae_buffer_puts(out, "\\s");
        else if (p[i] == '\n')
            eae_buffer_puts(out, "\\n");
        else if (p[i] == '\t')
            eae_buffer_puts(out, "\\t");
        else if (p[i] < 32 || p[i] > 126)
            eae_buffer_printf(out, "\\x%02x", p[i]);
        else
            eae_buffer_putc(out, (char)p[i]);
    }
}

/* -1: not a hexadecimal digit as they are written above. */
static int digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The byte that \xHH stands for; -1 where it would not have been written so. */
static int coded(const char *p, size_t left)
{
    if (left < 4 || digit(p[2]) < 0 || digit(p[3]) < 0)
        return -1;
    int c = digit(p[2]) * 16 + digit(p[3]);
    return (c < 32 && c != '\n' && c != '\t') || c > 126 ? c : -1;
}

bool eae_unescape(eae_buffer *out, const char *word, size_t n)
{
    if (n == 2 && memcmp(word, "\\e", 2) == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        if (word[i] != '\\') {
            if ((unsigned char)word[i] <= 32 || (unsigned char)word[i] > 126)
                return false;
            eae_buffer_putc(out, word[i]);
            continue;
        }
        char kind = i + 1 < n ? word[i + 1] : '\0';
        int c = kind == 'x' ? coded(word + i, n - i) : -1;
        if (kind == '\\')
            c = '\\';
        else if (kind == 's')
            c = ' ';
        else if (kind == 'n')
            c = '\n';
        else if (kind == 't')
            c = '\t';
        if (c < 0)
            return false;
        eae_buffer_putc(out, (char)c);
        i += kind == 'x' ? 3 : 1;
    }
    return n > 0;
}
