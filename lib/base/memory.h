/*
 * memory.h - allocation with checked sizes, and growable byte and string buffers.
 *
 * eae_malloc() and its kin never return NULL: when a small allocation fails the program cannot go
 * on, so they call the out-of-memory handler (one line on stderr, temporary files removed, exit
 * status 1). Memory whose size comes from data (a payload, a Gram matrix) is asked for with
 * eae_try_alloc(), which returns NULL and sets the message.
 */
#ifndef EAE_BASE_MEMORY_H
#define EAE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

void *eae_malloc(size_t count, size_t size); /* uninitialised; count 0 gives a valid pointer */
void *eae_calloc(size_t count, size_t size); /* zeroed */
void *eae_realloc(void *p, size_t count, size_t size);
char *eae_strdup(const char *s);
char *eae_strndup(const char *s, size_t n);
char *eae_sprintf(const char *fmt, ...) EAE_PRINTF(1, 2); /* the caller frees */

#define EAE_NEW(type) ((type *)eae_calloc(1, sizeof(type)))
#define EAE_NEW_ARRAY(type, count) ((type *)eae_calloc((size_t)(count), sizeof(type)))

/* Large memory: 64-byte aligned, uninitialised. NULL with the message set ("cannot allocate 3.2G
 * for <what>") when it cannot be had or count * size overflows. Freed with free(). */
void *eae_try_alloc(size_t count, size_t size, const char *what);

/* false if a * b, or a + b, does not fit */
bool eae_mul_fits(size_t a, size_t b, size_t *product);
bool eae_add_fits(size_t a, size_t b, size_t *sum);

/* A growable buffer; zero-initialise, free with eae_buffer_free(). `data` is always followed by a
 * zero byte once something was appended, so that text can be used as a string. */
typedef struct eae_buffer {
    char *data;
    size_t length;
    size_t capacity;
} eae_buffer;

void eae_buffer_add(eae_buffer *b, const void *bytes, size_t n);
void eae_buffer_puts(eae_buffer *b, const char *text);
void eae_buffer_putc(eae_buffer *b, char c);
void eae_buffer_printf(eae_buffer *b, const char *fmt, ...) EAE_PRINTF(2, 3);
/* Room for n more bytes at data + length; the caller then adds to length. */
char *eae_buffer_reserve(eae_buffer *b, size_t n);
void eae_buffer_free(eae_buffer *b);

/* Memory this process may use: the smaller of what the kernel says is available and what the
 * cgroup allows. Bytes. */
uint64_t eae_memory_available(void);
/* High-water mark of this process' resident memory, in bytes. */
uint64_t eae_memory_peak(void);

#endif
