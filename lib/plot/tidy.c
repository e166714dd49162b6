/* tidy.c - see tidy.h. */
#include "plot/tidy.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "matrix/reader.h"
#include "matrix/text_source.h"

enum { EXCERPT = 40 };

/* ---- reading ----------------------------------------------------------------------------- */

/* The fields of one line, taken apart in place. */
static int64_t split_fields(char *line, const char **field, int64_t most)
{
    int64_t n = 0;
    for (char *p = line; p; n++) {
        char *tab = strchr(p, '\t');
        if (tab)
            *tab = '\0';
        if (n < most)
            field[n] = p;
        p = tab ? tab + 1 : NULL;
    }
    return n;
}

static int64_t count_fields(const char *line)
{
    int64_t n = 1;
    for (const char *p = line; (p = strchr(p, '\t')); p++)
        n++;
    return n;
}

static int read_header(eae_tidy *t, char *line, const char *name)
{
    int64_t n = count_fields(line), first;
    if (*line == '{')
        return eae_fail("%s:1: JSON lines: give the report as TSV, without --json", name);
    if (n < 2)
        return eae_fail("%s:1: not a report: the header has no tab", name);
    const char **field = eae_malloc((size_t)n, sizeof *field);
    split_fields(line, field, n);
    for (int64_t i = 0; i < n; i++)
        eae_names_add(&t->header, field[i], strlen(field[i]));
    free(field);
    int64_t second = eae_names_find_duplicate(&t->header, &first);
    if (second >= 0)
        return eae_fail("%s:1: columns %lld and %lld are both called '%s'", name,
                        (long long)first + 1, (long long)second + 1, eae_name(&t->header, second));
    return EAE_OK;
}

/* Is it the header of the table, which may come again? */
static bool is_header(const eae_tidy *t, const char *line)
{
    for (int64_t i = 0; i < t->header.count; i++) {
        size_t n = strlen(eae_name(&t->header, i));
        if (strncmp(line, eae_name(&t->header, i), n) != 0 ||
            line[n] != (i + 1 < t->header.count ? '\t' : '\0'))
            return false;
        line += n + 1;
    }
    return true;
}

static void make_room(eae_tidy *t)
{
    if (t->rows < t->room)
        return;
    t->room = t->room ? 2 * t->room : 64;
    t->cell = eae_realloc(t->cell, (size_t)(t->room * t->header.count), sizeof *t->cell);
    t->line = eae_realloc(t->line, (size_t)t->room, sizeof *t->line);
    t->file = eae_realloc(t->file, (size_t)t->room, sizeof *t->file);
}

/* Quotes around a name, as eae-view writes them where it has quotes or blanks at its ends. */
static void unquote(char *text)
{
    size_t n = strlen(text);
    if (n < 2 || text[0] != '"' || text[n - 1] != '"')
        return;
    char *to = text;
    for (const char *from = text + 1; from < text + n - 1; from++) {
        *to++ = *from;
        from += from[0] == '"' && from[1] == '"' && from + 1 < text + n - 1;
    }
    *to = '\0';
}

static int read_row(eae_tidy *t, char *line, int64_t number, const char *name)
{
    int64_t cols = t->header.count;
    make_room(t);
    int64_t n = split_fields(line, t->cell + t->rows * cols, cols);
    if (n != cols)
        return eae_fail("%s:%lld: %lld fields, where the header has %lld", name, (long long)number,
                        (long long)n, (long long)cols);
    for (int64_t c = 0; c < cols; c++) { /* only tables of eae-view have that column */
        if (strcmp(eae_name(&t->header, c), "id") == 0)
            unquote((char *)t->cell[t->rows * cols + c]);
    }
    t->line[t->rows] = number;
    t->file[t->rows++] = (int32_t)t->files.count - 1;
    return EAE_OK;
}

static void keep_text(eae_tidy *t, char *text, const char *name)
{
    t->text = eae_realloc(t->text, (size_t)t->texts + 1, sizeof *t->text);
    t->text[t->texts++] = text;
    eae_names_add(&t->files, name, strlen(name));
}

int eae_tidy_parse(eae_tidy *t, char *text, size_t length, const char *name)
{
    int status = EAE_OK;
    int64_t number = 0;
    keep_text(t, text, name);
    if (eae_is_stream(text, length))
        return eae_fail(
            "%s: a stream, not a report: reports are text, as eae-score, eae-enrich and "
            "eae-view -O tsv write it",
            name);
    if (memchr(text, '\0', length))
        return eae_fail("%s: not a report: it has zero bytes", name);
    for (char *p = text; *p && status == EAE_OK;) {
        char *line = p, *end = strchr(p, '\n');
        p = end ? end + 1 : p + strlen(p);
        if (end)
            *end = '\0';
        size_t n = strlen(line);
        if (n > 0 && line[n - 1] == '\r')
            line[--n] = '\0';
        number++;
        if (t->header.count == 0)
            status = read_header(t, line, name);
        else if (is_header(t, line))
            continue;
        else if (number == 1)
            status = eae_fail("%s:1: other columns than %s has", name, eae_tidy_name(t));
        else if (n > 0)
            status = read_row(t, line, number, name);
    }
    if (status == EAE_OK && number == 0)
        return eae_fail("%s: empty", name);
    return status;
}

int eae_tidy_read(eae_tidy *t, const char *const *path, int n)
{
    static const char *const standard[] = {"-"};
    int status = EAE_OK;
    for (int i = 0; i < (n ? n : 1) && status == EAE_OK; i++) {
        const char *one = n ? path[i] : standard[0];
        char *text;
        size_t length;
        status = eae_text_read_file(one, &text, &length);
        if (status == EAE_OK)
            status = eae_tidy_parse(t, text, length, strcmp(one, "-") ? one : "stdin");
    }
    return status;
}

void eae_tidy_free(eae_tidy *t)
{
    for (int i = 0; i < t->texts; i++)
        free(t->text[i]);
    free(t->text);
    free((void *)t->cell);
    free(t->line);
    free(t->file);
    eae_names_free(&t->files);
    eae_names_free(&t->header);
    *t = (eae_tidy){0};
}

/* ---- columns and cells ------------------------------------------------------------------- */

const char *eae_tidy_name(const eae_tidy *t)
{
    return eae_name(&t->files, 0);
}

int eae_tidy_find(const eae_tidy *t, const char *column)
{
    for (int64_t i = 0; i < t->header.count; i++) {
        if (strcmp(eae_name(&t->header, i), column) == 0)
            return (int)i;
    }
    return -1;
}

int eae_tidy_need(const eae_tidy *t, const char *const *column, const char *made_by, int *at)
{
    for (int i = 0; column[i]; i++) {
        at[i] = eae_tidy_find(t, column[i]);
        if (at[i] >= 0)
            continue;
        eae_buffer there = {0};
        for (int64_t k = 0; k < t->header.count && k < 20; k++)
            eae_buffer_printf(&there, "%s%.40s", k ? " " : "", eae_name(&t->header, k));
        int status = eae_fail(
            "%s:1: no column '%s' (there are: %s%s); what is needed is the output "
            "of %s",
            eae_tidy_name(t), column[i], there.data, t->header.count > 20 ? " ..." : "", made_by);
        eae_buffer_free(&there);
        return status;
    }
    return EAE_OK;
}

const char *eae_tidy_text(const eae_tidy *t, int64_t row, int column)
{
    return t->cell[row * t->header.count + column];
}

int eae_tidy_fail(const eae_tidy *t, int64_t row, int column, const char *fmt, ...)
{
    va_list ap;
    char text[400];
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return eae_fail("%s:%lld: column %d (%.60s): %s", eae_name(&t->files, t->file[row]),
                    (long long)t->line[row], column + 1, eae_name(&t->header, column), text);
}

static bool read_number(const char *text, double *value)
{
    if (strcmp(text, "NA") == 0)
        *value = NAN;
    else if (strcmp(text, "Inf") == 0)
        *value = INFINITY;
    else if (strcmp(text, "-Inf") == 0)
        *value = -INFINITY;
    else
        return eae_parse_double(text, strlen(text), value);
    return true;
}

int eae_tidy_number(const eae_tidy *t, int64_t row, int column, double *value)
{
    const char *text = eae_tidy_text(t, row, column);
    if (!read_number(text, value))
        return eae_tidy_fail(t, row, column, "not a number: '%.*s'", EXCERPT, text);
    return EAE_OK;
}

int eae_tidy_numbers(const eae_tidy *t, int column, double **value)
{
    int status = EAE_OK;
    *value = eae_malloc((size_t)t->rows, sizeof **value);
    for (int64_t i = 0; i < t->rows && status == EAE_OK; i++)
        status = eae_tidy_number(t, i, column, &(*value)[i]);
    return status;
}

/* ---- choosing rows ----------------------------------------------------------------------- */

void eae_tidy_filter(eae_tidy *t, const bool *keep)
{
    int64_t n = 0, cols = t->header.count;
    for (int64_t i = 0; i < t->rows; i++) {
        if (!keep[i])
            continue;
        memmove(t->cell + n * cols, t->cell + i * cols, (size_t)cols * sizeof *t->cell);
        t->line[n] = t->line[i];
        t->file[n++] = t->file[i];
    }
    t->rows = n;
}

static bool same_value(const char *a, const char *b)
{
    double x, y;
    return strcmp(a, b) == 0 ||
           (eae_parse_double(a, strlen(a), &x) && eae_parse_double(b, strlen(b), &y) && x == y);
}

/* One word of the list: narrows keep[]. */
static int keep_word(const eae_tidy *t, char *word, bool *keep)
{
    char *equals = strchr(word, '=');
    const char *column = equals ? word : "model", *value = equals ? equals + 1 : word;
    if (equals)
        *equals = '\0';
    int at = eae_tidy_find(t, column);
    if (at < 0)
        return eae_fail("--only: %s has no column '%s'", eae_tidy_name(t), column);
    for (int64_t i = 0; i < t->rows; i++)
        keep[i] = keep[i] && same_value(eae_tidy_text(t, i, at), value);
    return EAE_OK;
}

int eae_tidy_keep(eae_tidy *t, const char *only)
{
    bool *keep = eae_malloc((size_t)t->rows, sizeof *keep);
    char *words = eae_strdup(only);
    int status = EAE_OK;
    int64_t before = t->rows;
    for (int64_t i = 0; i < t->rows; i++)
        keep[i] = true;
    for (char *p = words; p && status == EAE_OK;) {
        char *comma = strchr(p, ',');
        if (comma)
            *comma = '\0';
        status = keep_word(t, p, keep);
        p = comma ? comma + 1 : NULL;
    }
    if (status == EAE_OK)
        eae_tidy_filter(t, keep);
    if (status == EAE_OK && t->rows == 0 && before > 0)
        status = eae_fail("--only %s: no line of %s fits", only, eae_tidy_name(t));
    free(words);
    free(keep);
    return status;
}
