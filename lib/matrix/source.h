/*
 * source.h - one operand of a program as bytes: a regular file is mapped (a small one read), a pipe
 * is read into memory and beyond a limit into an unnamed file.
 */
#ifndef EAE_MATRIX_SOURCE_H
#define EAE_MATRIX_SOURCE_H

#include <stdint.h>
#include <sys/stat.h>

#include "matrix/region.h"

typedef struct eae_source {
    char *name; /* for messages: the path, or "standard input" */
    int fd;     /* of a mapped file, kept to notice changes; else -1 */
    struct stat before;
    eae_region *region; /* NULL when there are no bytes */
    size_t size;        /* of what was read, <= size of the region */
} eae_source;

/* path "-": standard input. On failure nothing is left to free. */
int eae_source_open(eae_source *s, const char *path, uint64_t memory, const char *tmpdir);
/* Fails when the file was changed since it was opened. */
int eae_source_check(const eae_source *s);
/* Let go of the bytes (frames may retain them) but keep noticing changes. */
void eae_source_release(eae_source *s);
void eae_source_close(eae_source *s);

#endif
