/*
 * memo.h - what need not be found out twice: hashes of files, and short texts.
 *
 * The hash of a file is remembered by device, inode, size, and times of modification and change. It
 * is neither used nor kept where the file was modified within the last two seconds: a clock of that
 * grain could not tell one more change from none. Files below EAE_MEMO_MIN bytes are hashed each
 * time, which is quicker.
 *
 * A memo that cannot be written, or is damaged, costs time and nothing else.
 */
#ifndef EAE_CACHE_MEMO_H
#define EAE_CACHE_MEMO_H

#include "cache/store.h"

enum { EAE_MEMO_MIN = 1 << 16, EAE_MEMO_RECENT = 2 };

/* Of an open regular file, from its beginning. */
int eae_memo_hash(const eae_store *s, int fd, const char *name, eae_hash *hash, uint64_t *size);

/* The text kept under a name; false: none. The buffer is the caller's. */
bool eae_memo_get(const eae_store *s, const char *name, eae_buffer *text);
void eae_memo_put(const eae_store *s, const char *name, const char *text, size_t n);

#endif
