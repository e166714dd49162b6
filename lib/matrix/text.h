/*
 * text.h - records and fields of delimited text (RFC 4180), and where in a file an error is.
 *
 * A record is a line, but a line end inside quotes does not end it. A field that begins with a
 * quote ends with one, and "" inside it stands for a quote; other fields contain none.
 */
#ifndef EAE_MATRIX_TEXT_H
#define EAE_MATRIX_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/names.h"
#include "base/status.h"
#include "matrix/text_source.h"

/* A field as it stands in the text, with its quotes; or a whole record. */
typedef struct eae_field {
    const char *text;
    size_t length;
} eae_field;

/* "<name>:<line>: column <column>: ...": the line is that of `at`; column 0 leaves it out. */
int eae_text_fail(const eae_text *t, const char *at, int64_t column, const char *fmt, ...)
    EAE_PRINTF(4, 5);
/* The number of the line that `at` is in, from 1. */
int64_t eae_text_line(const eae_text *t, const char *at);

/* The plain lines of text[0..size-1], where nothing is quoted, without their ends (LF or CR LF):
 *
 *     for (eae_lines l = eae_lines_of(text, size); eae_next_line(&l);)
 *         ... l.line .. l.stop, the l.number-th, from 1
 */
typedef struct eae_lines {
    const char *at, *end;
    const char *line, *stop;
    int64_t number;
} eae_lines;
static inline eae_lines eae_lines_of(const char *text, size_t size)
{
    return (eae_lines){.at = text, .end = text + size};
}
bool eae_next_line(eae_lines *l);

enum { EAE_EXCERPT = 48 };
/* A field for a message: quotes off, shortened, control characters as '?'. Returns buf. */
const char *eae_excerpt(const eae_field *f, char buf[EAE_EXCERPT]);

/* The records of data[begin..length-1], without line ends (LF or CR LF); an unfinished last one
 * only when t->whole. Empty records at the end of a whole text are left out. `next` is where the
 * first record after them begins. Uses threads; the result does not depend on how many. */
typedef struct eae_records {
    eae_field *record;
    int64_t count;
    size_t next;
} eae_records;

int eae_find_records(const eae_text *t, size_t begin, int threads, eae_records *r);
void eae_records_free(eae_records *r);

/* The first record at or after begin, into *record; *next: where the one after begins. False when
 * it is not all there yet (or there is none). */
bool eae_first_record(const eae_text *t, size_t begin, eae_field *record, size_t *next);

/* The field at p in a record that ends at `end`: NULL if its quotes are wrong, else its end (at a
 * delimiter or at `end`). */
const char *eae_field_end(const char *p, const char *end, char delimiter);
/* All fields of a record; fails on wrong quotes. The caller frees *fields. */
int eae_split_record(const eae_text *t, const eae_field *record, char delimiter, eae_field **fields,
                     int64_t *count);
/* Append the field to `names` with its quotes taken off; fails if it has a zero byte in it. */
int eae_add_field(eae_names *names, const eae_text *t, const eae_field *f);
/* The same as a string; the buffer is overwritten. */
int eae_field_string(eae_buffer *b, const eae_text *t, const eae_field *f);
bool eae_field_is_quoted(const eae_field *f);
/* Without surrounding spaces, then without simple quotes. */
eae_field eae_field_bare(const eae_field *f);

/* The delimiter of a header: a tab if there is one, else the more frequent of comma and semicolon,
 * 0 if there is none. Quoted text does not count. */
char eae_find_delimiter(const eae_field *header);

#endif
