/*
 * hash.h - XXH3-128 (xxHash), the one hash of eAE: contents, caches, plans.
 *
 * Not a cryptographic hash: it finds damage and tells contents apart, it does not stop an attacker.
 * The 16 bytes are XXH128_canonicalFromHash() order (big-endian), everywhere: in files, in text.
 */
#ifndef EAE_BASE_HASH_H
#define EAE_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct eae_hash {
    uint8_t byte[16];
} eae_hash;

enum { EAE_HASH_TEXT = 33 }; /* 32 hexadecimal digits and the zero byte */

eae_hash eae_hash_bytes(const void *bytes, size_t n);
/* 64 bits of the same family, for hash tables. */
uint64_t eae_hash64(const void *bytes, size_t n);
bool eae_hash_equal(const eae_hash *a, const eae_hash *b);
bool eae_hash_is_zero(const eae_hash *h);
/* Lower-case hexadecimal into text[EAE_HASH_TEXT]; returns text. */
char *eae_hash_text(const eae_hash *h, char *text);
bool eae_hash_parse(const char *text, eae_hash *h);

/* The same over pieces. */
typedef struct eae_hasher eae_hasher;
eae_hasher *eae_hasher_new(void);
void eae_hasher_add(eae_hasher *h, const void *bytes, size_t n);
eae_hash eae_hasher_value(const eae_hasher *h);
void eae_hasher_free(eae_hasher *h);

#endif
