/*
 * tidy.h - a report as it is read back: tab-separated text with a header, columns found by name.
 *
 * Reports are small against data (a line per candidate, split and metric), so that they are kept
 * whole in memory. Several files are one report where they have the same columns; a header that
 * comes again, as when the parts of --shard are put one behind the other, is passed over. Messages
 * name file, line and column: "roc.tsv:12: column 8 (fpr): not a number: 'x'".
 *
 * Not for untrusted sizes: a line may be of any length, a file as long as memory allows. Reading
 * from several threads is safe.
 */
#ifndef EAE_PLOT_TIDY_H
#define EAE_PLOT_TIDY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/names.h"

typedef struct eae_tidy {
    eae_names files; /* for messages */
    eae_names header;
    int64_t rows;
    const char **cell; /* rows x header.count; points into the texts */
    int64_t *line;     /* rows: from 1 */
    int32_t *file;     /* rows */
    char **text;       /* what was read, taken apart in place */
    int texts;
    int64_t room;
} eae_tidy;

/* Zero-initialise. path[0..n-1]; n = 0 or "-": standard input. */
int eae_tidy_read(eae_tidy *t, const char *const *path, int n);
/* Append a text, which becomes the table's (free()), whatever the status. */
int eae_tidy_parse(eae_tidy *t, char *text, size_t length, const char *name);
void eae_tidy_free(eae_tidy *t);

/* The name of the first file. */
const char *eae_tidy_name(const eae_tidy *t);
/* -1 if there is no such column. */
int eae_tidy_find(const eae_tidy *t, const char *column);
/* at[i] = the column called column[i], for a list that ends with NULL. Fails with the columns that
 * are there; `made_by` says what writes such a report. */
int eae_tidy_need(const eae_tidy *t, const char *const *column, const char *made_by, int *at);

const char *eae_tidy_text(const eae_tidy *t, int64_t row, int column);
/* NA is NaN; Inf and -Inf are themselves. */
int eae_tidy_number(const eae_tidy *t, int64_t row, int column, double *value);
/* A whole column; the caller frees *value. Fails as eae_tidy_number() does. */
int eae_tidy_numbers(const eae_tidy *t, int column, double **value);
/* "file:line: column N (name): ...". */
int eae_tidy_fail(const eae_tidy *t, int64_t row, int column, const char *fmt, ...)
    EAE_PRINTF(4, 5);

/* Keep the rows that fit all of COL=VALUE,COL=VALUE: numbers are compared as numbers. A word
 * without `=` is a value of the column `model`. Fails for a column that is not there, and where no
 * row fits. */
int eae_tidy_keep(eae_tidy *t, const char *only);
/* Keep the rows whose flag is set. */
void eae_tidy_filter(eae_tidy *t, const bool *keep);

/* Rows that agree in the key columns are a group; groups are numbered by first appearance. */
typedef struct eae_tidy_groups {
    int count;
    int *of_row;     /* rows */
    int64_t *first;  /* count: the first row */
    eae_names label; /* count: what tells the groups apart, for people */
} eae_tidy_groups;

/* Of key[0..n-1] those count that are columns of the table. The label of a group has as few of them
 * as tell the groups apart, in their order, the spec last and only in those of its parts that not
 * all groups have; of a single group it is the model. */
void eae_tidy_group(const eae_tidy *t, const char *const *key, int n, eae_tidy_groups *groups);
void eae_tidy_groups_free(eae_tidy_groups *groups);

#endif
