/*
 * report.h - tables for people and programs: tidy TSV with one header row, or JSON lines (--json).
 *
 * A report is built cell by cell in memory and written whole at the end, so that a failure half-way
 * leaves nothing behind:
 *
 *     eae_report *r = eae_report_new(columns, 3, eae_flag(o, "json"));
 *     eae_report_text(r, model); eae_report_int(r, n); eae_report_real(r, value);
 *     status = eae_report_write(r, eae_opt_text(o, "output"));
 *
 * Missing (NULL, EAE_MISSING_I64, NaN) is NA in TSV and null in JSON; infinities are Inf and -Inf,
 * in JSON as strings. Numbers are the shortest that read back to the same double. Tab, line feed
 * and carriage return inside a text are written \t, \n, \r in TSV. In JSON each row is one object
 * on one line, its keys the column names.
 */
#ifndef EAE_BASE_REPORT_H
#define EAE_BASE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/files.h"
#include "base/number.h"

typedef struct eae_report eae_report;

/* The names of the columns are kept by reference, the list of them is copied. */
eae_report *eae_report_new(const char *const *columns, int count, bool json);
void eae_report_free(eae_report *r);

/* The next cell; after the last column the next row begins. */
void eae_report_text(eae_report *r, const char *text);
void eae_report_int(eae_report *r, int64_t value);
void eae_report_real(eae_report *r, double value);
/* Seconds since 1970 as local time, to the second: 2026-11-26T20:19:20; missing where not above 0.
 */
void eae_report_time(eae_report *r, double seconds);

/* Rows finished so far. */
int64_t eae_report_rows(const eae_report *r);

/* What is there so far, as it would be written; valid until the next cell. */
const char *eae_report_body(const eae_report *r, size_t *length);

/* Write to an open output, or to a path ("-" or NULL: standard output). A row that was begun and
 * not finished is a bug and aborts. */
int eae_report_put(const eae_report *r, eae_output *out);
int eae_report_write(const eae_report *r, const char *path);

#endif
