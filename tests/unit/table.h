/* table.h - expected values for unit tests: tab-separated files under tests/data, read whole.
 * Tests run in the root of the tree. */
#ifndef EAE_TESTS_TABLE_H
#define EAE_TESTS_TABLE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"

enum { TABLE_COLUMNS = 16 };

typedef struct {
    char *text;
    int rows; /* without the header */
    char *(*cell)[TABLE_COLUMNS];
} table;

static inline table table_read(const char *path)
{
    table t = {0};
    if (eae_read_file(path, &t.text, NULL) != EAE_OK)
        abort();
    char *line_end;
    char *line = strtok_r(t.text, "\n", &line_end); /* the header */
    while ((line = strtok_r(NULL, "\n", &line_end))) {
        t.cell = realloc(t.cell, ((size_t)t.rows + 1) * sizeof *t.cell);
        for (int c = 0; c < TABLE_COLUMNS; c++)
            t.cell[t.rows][c] = strsep(&line, "\t");
        t.rows++;
    }
    return t;
}

static inline double table_number(const table *t, int row, int column)
{
    return strcmp(t->cell[row][column], "NA") == 0 ? NAN : strtod(t->cell[row][column], NULL);
}

static inline void table_free(table *t)
{
    free(t->text);
    free(t->cell);
}

/* Both missing, or equal within `tolerance` relative to 1 or to the expected value. */
static inline int close_to(double got, double expected, double tolerance)
{
    if (isnan(got) || isnan(expected))
        return isnan(got) && isnan(expected);
    return fabs(got - expected) <= tolerance * fmax(1, fabs(expected));
}

#endif
