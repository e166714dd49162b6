/* script.c - see script.h. */
#include "plot/script.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"

/* ---- text -------------------------------------------------------------------------------- */

/* What must not reach a figure: control characters, marks that turn the direction of text, and the
 * two that XML has no place for. */
static bool is_unwanted(const unsigned char *p, int n)
{
    if (n == 1)
        return p[0] < 0x20 || p[0] == 0x7f;
    if (n == 2)
        return p[0] == 0xc2 && p[1] < 0xa0;
    if (n == 3 && p[0] == 0xe2 && p[1] == 0x80)
        return p[2] >= 0x8b && (p[2] <= 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae));
    if (n == 3 && p[0] == 0xe2 && p[1] == 0x81)
        return p[2] >= 0xa6 && p[2] <= 0xa9;
    return n == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe;
}

static void add_character(eae_buffer *b, const char *p, int n)
{
    bool unwanted = n == 0 || is_unwanted((const unsigned char *)p, n);
    if (*p == '>' && b->length >= 2 && memcmp(b->data + b->length - 2, "]]", 2) == 0)
        eae_buffer_putc(b, ' ');
    if (unwanted)
        eae_buffer_putc(b, '?');
    else
        eae_buffer_add(b, p, (size_t)n);
}

static int step(const char *p)
{
    int n = eae_utf8_length(p);
    return n ? n : 1;
}

int eae_text_width(const char *text)
{
    int n = 0;
    for (const char *p = text; *p; p += step(p))
        n++;
    return n;
}

void eae_plain_text(eae_buffer *b, const char *text, int most)
{
    int width = eae_text_width(text), head = width, tail = width;
    if (most > 0 && width > most) {
        head = (most - 1) * 2 / 3; /* names differ at both ends, and begin with what they are */
        tail = width - (most - 1 - head);
    }
    int i = 0;
    for (const char *p = text; *p; p += step(p), i++) {
        if (i == head && head < width)
            eae_buffer_puts(b, "\xe2\x80\xa6");
        if (i < head || i >= tail)
            add_character(b, p, eae_utf8_length(p));
    }
    if (!b->data)
        eae_buffer_puts(b, "");
}

char *eae_short_text(const char *text, int most)
{
    eae_buffer b = {0};
    eae_plain_text(&b, text, most);
    return b.data;
}

/* ---- variables --------------------------------------------------------------------------- */

/* Pieces between single quotes, in which nothing but the quote has a meaning, joined by the quote
 * itself between double ones. (Doubling it would not do: gnuplot 5.4 ends a string at one that
 * comes first.) */
static void add_quoted(eae_script *s, const char *text)
{
    char *plain = eae_short_text(text, 0);
    eae_buffer_putc(&s->text, '\'');
    for (const char *p = plain; *p; p++) {
        if (*p == '\'')
            eae_buffer_puts(&s->text, "'.\"'\".'");
        else
            eae_buffer_putc(&s->text, *p);
    }
    eae_buffer_putc(&s->text, '\'');
    free(plain);
}

static void add_number(eae_script *s, double value)
{
    char text[EAE_NUMBER_TEXT];
    eae_format_double(value, text);
    eae_buffer_puts(&s->text, isnan(value) ? "NaN" : text);
}

void eae_script_free(eae_script *s)
{
    eae_buffer_free(&s->text);
}

void eae_script_comment(eae_script *s, const char *text)
{
    char *plain = eae_short_text(text, 0);
    size_t n = strlen(plain);
    /* a backslash at the end would make the next line part of the comment */
    eae_buffer_printf(&s->text, "# %s%s\n", plain, n > 0 && plain[n - 1] == '\\' ? "." : "");
    free(plain);
}

void eae_script_number(eae_script *s, const char *name, double value)
{
    eae_buffer_printf(&s->text, "%s = ", name);
    add_number(s, value);
    eae_buffer_putc(&s->text, '\n');
}

void eae_script_text(eae_script *s, const char *name, const char *value)
{
    eae_buffer_printf(&s->text, "%s = ", name);
    add_quoted(s, value);
    eae_buffer_putc(&s->text, '\n');
}

static void begin_array(eae_script *s, const char *name, int64_t count)
{
    eae_buffer_printf(&s->text, "%s_n = %lld\narray %s[%lld]\n", name, (long long)count, name,
                      (long long)(count > 0 ? count : 1));
}

void eae_script_names(eae_script *s, const char *name, const eae_names *names)
{
    int widest = 0;
    for (int64_t i = 0; i < names->count; i++) {
        int width = eae_text_width(eae_name(names, i));
        widest = width > widest ? width : widest;
    }
    eae_buffer_printf(&s->text, "%s_width = %d\n", name, widest);
    begin_array(s, name, names->count);
    for (int64_t i = 0; i < names->count; i++) {
        eae_buffer_printf(&s->text, "%s[%lld] = ", name, (long long)i + 1);
        add_quoted(s, eae_name(names, i));
        eae_buffer_putc(&s->text, '\n');
    }
}

void eae_script_numbers(eae_script *s, const char *name, const double *value, int64_t count)
{
    begin_array(s, name, count);
    for (int64_t i = 0; i < count; i++) {
        eae_buffer_printf(&s->text, "%s[%lld] = ", name, (long long)i + 1);
        add_number(s, value[i]);
        eae_buffer_putc(&s->text, '\n');
    }
}

/* ---- blocks ------------------------------------------------------------------------------ */

void eae_script_block(eae_script *s, const char *name)
{
    eae_buffer_printf(&s->text, "$%s << EOD\n", name);
    s->cells = 0;
}

void eae_script_cell(eae_script *s, double value)
{
    if (s->cells++ > 0)
        eae_buffer_putc(&s->text, '\t');
    add_number(s, value);
}

void eae_script_line(eae_script *s)
{
    eae_buffer_putc(&s->text, '\n');
    s->cells = 0;
}

void eae_script_part(eae_script *s)
{
    eae_buffer_puts(&s->text, "\n\n");
}

void eae_script_block_end(eae_script *s)
{
    eae_buffer_puts(&s->text, "EOD\n");
}
