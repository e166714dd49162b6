/*
 * spans.h - looking at the lines and columns of a text without copying or changing it.
 *
 * For what schedulers' clients print: lines that may end in CR LF, columns that may be padded, and
 * rows that may be cut off. Nothing here fails; what is not there is an empty span. Thread-safe.
 */
#ifndef EAE_EXEC_SPANS_H
#define EAE_EXEC_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct eae_span {
    const char *p; /* not zero-terminated */
    size_t n;
} eae_span;

/* The next line of *text, without its end; false at the end of the text. */
bool eae_span_line(const char **text, eae_span *line);
/* The parts of a line between separators; ' ' means any number of blanks and tabs, and then no part
 * is empty. The last of `max` parts takes the rest. Returns how many there are. */
int eae_span_split(eae_span line, char separator, eae_span *part, int max);
/* Where `text` begins in it, or NULL. */
const char *eae_span_find(eae_span span, const char *text);
bool eae_span_is(eae_span span, const char *text);
bool eae_span_begins(eae_span span, const char *text);
/* The decimal number that the span is. */
bool eae_span_int(eae_span span, int64_t *value);
/* The decimal number that it begins with; -1 if there is none. */
int64_t eae_span_leading(eae_span span);
/* Copied into a string of `size` bytes with its zero byte, cut if it is longer. */
void eae_span_copy(eae_span span, char *to, size_t size);
/* A copy of its own; the caller frees. */
char *eae_span_dup(eae_span span);

#endif
