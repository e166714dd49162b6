/*
 * region.h - the bytes of one input: a mapped file, or memory that a pipe was read into.
 *
 * A region is counted: everyone who keeps a pointer into it retains it, and the last one to release
 * it unmaps it. Reading a mapped file that somebody truncates raises SIGBUS; the regions of files
 * are registered, and the handler ends the program with one line and status 1.
 * Threads: retain and release may be called from any thread.
 */
#ifndef EAE_MATRIX_REGION_H
#define EAE_MATRIX_REGION_H

#include <stdbool.h>
#include <stddef.h>

typedef struct eae_region eae_region;

/* Map `size` > 0 bytes of a file; `name` is for the message of the SIGBUS handler. The descriptor
 * may be closed afterwards. Returns a region with one reference, or NULL, message set. */
eae_region *eae_region_map(int fd, size_t size, const char *name);
/* Anonymous memory of at least `capacity` bytes. */
eae_region *eae_region_memory(size_t capacity);
/* Enlarge (the bytes may move) or shrink memory that nobody else retains. */
int eae_region_resize(eae_region *r, size_t capacity);

/* The bytes from `at` on, which may lie anywhere in it, will be read soon. */
void eae_region_ahead(const eae_region *r, const void *at, size_t n);
char *eae_region_bytes(const eae_region *r);
size_t eae_region_size(const eae_region *r);
bool eae_region_is_memory(const eae_region *r); /* may be written to */
eae_region *eae_region_retain(eae_region *r);
void eae_region_release(eae_region *r); /* NULL is allowed */

#endif
