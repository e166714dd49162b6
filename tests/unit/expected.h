/*
 * expected.h - for unit tests: small tables of expected values, made by the scripts in
 * tests/expected/ into tests/data/expected/ (tab-separated, one header row).
 */
#ifndef EAE_TESTS_EXPECTED_H
#define EAE_TESTS_EXPECTED_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"

typedef struct expected_table {
    char *text;
    char **cell; /* rows x cols, row-major, header not among them */
    char **header;
    int rows, cols;
} expected_table;

static inline char **expected_split(char *line, int *count)
{
    int n = 1;
    for (const char *c = line; *c; c++)
        n += *c == '\t';
    char **cell = malloc((size_t)n * sizeof *cell);
    for (int i = 0; i < n; i++) {
        cell[i] = line;
        line += strcspn(line, "\t");
        if (*line)
            *line++ = '\0';
    }
    *count = n;
    return cell;
}

/* Ends the program when the file is missing or ragged: no test can go on without it. */
static inline void expected_read(expected_table *t, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/data/expected/%s", name);
    size_t length;
    *t = (expected_table){0};
    if (eae_read_file(path, &t->text, &length) != EAE_OK) {
        fprintf(stderr, "%s\n", eae_message());
        exit(1);
    }
    char *rest = t->text, *line;
    while ((line = strsep(&rest, "\n")) && *line) {
        int count;
        char **cell = expected_split(line, &count);
        if (!t->header) {
            t->header = cell;
            t->cols = count;
            continue;
        }
        if (count != t->cols) {
            fprintf(stderr, "%s: row %d has %d columns\n", path, t->rows + 1, count);
            exit(1);
        }
        size_t held = (size_t)t->rows * (size_t)count;
        t->cell = realloc(t->cell, (held + (size_t)count) * sizeof *cell);
        memcpy(t->cell + held, cell, (size_t)count * sizeof *cell);
        free(cell);
        t->rows++;
    }
}

static inline void expected_free(expected_table *t)
{
    free(t->text);
    free(t->cell);
    free(t->header);
}

/* The number of a column; ends the program when there is none of that name. */
static inline int expected_column(const expected_table *t, const char *name)
{
    for (int j = 0; j < t->cols; j++) {
        if (strcmp(t->header[j], name) == 0)
            return j;
    }
    fprintf(stderr, "no column %s\n", name);
    exit(1);
}

static inline const char *expected_text(const expected_table *t, int i, int j)
{
    return t->cell[i * t->cols + j];
}

/* NA is NaN; Inf and -Inf are read as well. */
static inline double expected_number(const expected_table *t, int i, int j)
{
    const char *text = expected_text(t, i, j);
    return strcmp(text, "NA") == 0 ? NAN : strtod(text, NULL);
}

/* Equal within a relative tolerance; both NaN, or the same infinity, count as equal. */
static inline bool expected_near(double got, double want, double tolerance)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    return got == want || fabs(got - want) <= tolerance * fabs(want);
}

#endif
