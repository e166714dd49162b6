/*
 * text_source.h - the text of an input, decompressed while it is read.
 *
 * Compressed input (gzip and BGZF by zlib, which checks CRC and length of every member; bzip2, xz
 * and zstd by libarchive) is decompressed by a thread of its own into one stretch of memory that
 * never moves: the address space is reserved, the memory itself is taken as bytes arrive, and no
 * more than the process may use. So the part that has arrived can be parsed meanwhile.
 */
#ifndef EAE_MATRIX_TEXT_SOURCE_H
#define EAE_MATRIX_TEXT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct eae_text_source eae_text_source;

/* The text that is there: all of it when `whole`. Bytes in it do not change any more. */
typedef struct eae_text {
    const char *name; /* for messages */
    const char *data;
    size_t length;
    bool whole;
} eae_text;

/* bytes[0..n-1] must outlive the source. `threads` is used for BGZF. */
int eae_text_source_open(eae_text_source **s, const char *bytes, size_t n, const char *name,
                         int threads);
/* Wait for at least `need` bytes (3 or more), or for the end. A byte order mark is left out. Fails
 * when the compressed data are damaged. */
int eae_text_source_wait(eae_text_source *s, size_t need, eae_text *text);
/* Stops the decompression where it is. NULL is allowed. */
void eae_text_source_close(eae_text_source *s);

/* The whole of a small text file (maps, plans, lists of names; "-": standard input), decompressed
 * where it is compressed, with a zero byte at the end. The caller frees *text. */
int eae_text_read_file(const char *path, char **text, size_t *length);

#endif
