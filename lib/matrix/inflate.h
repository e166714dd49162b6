/*
 * inflate.h - gzip and BGZF into the memory of a source; used by text_source.c.
 *
 * BGZF (SAM specification, section 4.1) is gzip in members of at most 64 KiB that say how long they
 * are, so that they can be decompressed in parallel.
 */
#ifndef EAE_MATRIX_INFLATE_H
#define EAE_MATRIX_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "matrix/text_source.h"

bool eae_is_gzip(const char *bytes, size_t n);
/* CRC and length of every member are checked. */
int eae_inflate(eae_text_source *s, const char *bytes, size_t n, const char *name, int threads);

/* The memory to write into (text_source.c): where, and how much of it is left. */
char *eae_sink_room(eae_text_source *s, size_t *room);
/* n more bytes are in place; false when no more are wanted. */
bool eae_sink_add(eae_text_source *s, size_t n);
/* The failure of a text that does not fit. */
int eae_sink_full(const eae_text_source *s);

#endif
