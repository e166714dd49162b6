/*
 * content_hash.h - the hash of contents of any size: what names inputs and objects in the cache.
 *
 * Up to EAE_HASH_CHUNK bytes it is the plain XXH3-128 of hash.h. Longer contents are cut into
 * chunks of that length (the last one shorter); their hash is the XXH3-128 of the hashes of the
 * chunks, 16 bytes each in order, and of the length as 8 bytes, little-endian. So the chunks of a
 * file are hashed by several threads, which one XXH3 over the whole would not allow, and the value
 * does not depend on how many.
 */
#ifndef EAE_BASE_CONTENT_HASH_H
#define EAE_BASE_CONTENT_HASH_H

#include <sys/types.h>

#include "base/hash.h"
#include "base/status.h"

enum { EAE_HASH_CHUNK = 1 << 22 };

eae_hash eae_content_hash_bytes(const void *bytes, size_t n);

/* The same over pieces. */
typedef struct eae_content_hasher eae_content_hasher;
eae_content_hasher *eae_content_hasher_new(void);
void eae_content_hasher_add(eae_content_hasher *h, const void *bytes, size_t n);
/* Of what was added so far; no more may be added. */
eae_hash eae_content_hasher_value(eae_content_hasher *h);
void eae_content_hasher_free(eae_content_hasher *h);

/* Of a regular file from offset `from` to its end, whose position does not change. *size: how many
 * bytes that are. `name` is for messages. A file that becomes shorter meanwhile is EAE_FAIL. */
int eae_content_hash_file(int fd, off_t from, int threads, const char *name, eae_hash *hash,
                          uint64_t *size);

#endif
