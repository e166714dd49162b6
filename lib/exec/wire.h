/*
 * wire.h - small binary records: how batches, journals and workers write things down.
 *
 * A record is built in a buffer and read back by a cursor that never leaves its bytes: once one
 * read fails, all later ones give nothing, and eae_cursor_ok() says so at the end. Numbers are
 * little-endian; texts and word lists are counted, so that any byte can be in them.
 *
 * A frame is a record in a file or pipe: type (u32), length (u32), hash (u64), payload. The hash is
 * the XXH3-64 of two of them: of type and length, and of the payload (0 for none). A frame that is
 * cut short, or whose hash differs, is no frame.
 */
#ifndef EAE_EXEC_WIRE_H
#define EAE_EXEC_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/names.h"

/* ---- building ---- */
void eae_put_u32(eae_buffer *b, uint32_t x);
void eae_put_u64(eae_buffer *b, uint64_t x);
void eae_put_i64(eae_buffer *b, int64_t x);
void eae_put_real(eae_buffer *b, double x);
void eae_put_bytes(eae_buffer *b, const void *bytes, size_t n); /* its length first */
void eae_put_text(eae_buffer *b, const char *text);             /* NULL counts as "" */
void eae_put_hash(eae_buffer *b, const eae_hash *hash);
void eae_put_words(eae_buffer *b, const eae_names *words); /* their count first */

/* ---- reading ---- */
typedef struct eae_cursor {
    const char *at;
    const char *end;
    bool bad;
} eae_cursor;

uint32_t eae_get_u32(eae_cursor *c);
uint64_t eae_get_u64(eae_cursor *c);
int64_t eae_get_i64(eae_cursor *c);
double eae_get_real(eae_cursor *c);
/* Points into the cursor's bytes; *n is 0 after a failure. */
const char *eae_get_bytes(eae_cursor *c, size_t *n);
/* A copy with a zero byte; never NULL. A text with a zero byte inside is a failure. */
char *eae_get_text(eae_cursor *c);
void eae_get_hash(eae_cursor *c, eae_hash *hash);
void eae_get_words(eae_cursor *c, eae_names *words);
/* Everything was read, and nothing is left over. */
bool eae_cursor_ok(const eae_cursor *c);

/* ---- frames ---- */
enum { EAE_FRAME_HEAD = 16, EAE_FRAME_MAX = 1 << 30 };

void eae_put_frame(eae_buffer *b, uint32_t type, const void *payload, size_t n);
/* The frame at bytes[0..n-1]: its payload, as a cursor, and its length with the head. 0: not (yet)
 * a whole frame; -1: damaged, or not a frame at all. */
int64_t eae_get_frame(const char *bytes, size_t n, uint32_t *type, eae_cursor *payload);

#endif
