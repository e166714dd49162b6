/* hash.c - see hash.h. xxHash is compiled in line: loading its library costs more than hashing. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"
#include "base/hash_avx2.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct eae_hasher {
    XXH3_state_t *state;
};

static eae_hash canonical(XXH128_hash_t value)
{
    XXH128_canonical_t bytes;
    eae_hash h;
    XXH128_canonicalFromHash(&bytes, value);
    memcpy(h.byte, bytes.digest, sizeof h.byte);
    return h;
}

eae_hash eae_hash_bytes(const void *bytes, size_t n)
{
    return canonical(XXH3_128bits(n ? bytes : "", n));
}

uint64_t eae_hash64(const void *bytes, size_t n)
{
    return XXH3_64bits(n ? bytes : "", n);
}

bool eae_hash_equal(const eae_hash *a, const eae_hash *b)
{
    return memcmp(a->byte, b->byte, sizeof a->byte) == 0;
}

bool eae_hash_is_zero(const eae_hash *h)
{
    static const eae_hash zero;
    return eae_hash_equal(h, &zero);
}

char *eae_hash_text(const eae_hash *h, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        text[2 * i] = digits[h->byte[i] >> 4];
        text[2 * i + 1] = digits[h->byte[i] & 15];
    }
    text[32] = '\0';
    return text;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool eae_hash_parse(const char *text, eae_hash *h)
{
    if (strlen(text) != 32)
        return false;
    for (int i = 0; i < 16; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        h->byte[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

eae_hasher *eae_hasher_new(void)
{
    eae_hasher *h = eae_malloc(1, sizeof *h);
    h->state = XXH3_createState();
    if (!h->state)
        abort();
    XXH3_128bits_reset(h->state);
    return h;
}

void eae_hasher_add(eae_hasher *h, const void *bytes, size_t n)
{
    if (n > 0 && !eae_hash_add_avx2(h->state, bytes, n))
        XXH3_128bits_update(h->state, bytes, n);
}

eae_hash eae_hasher_value(const eae_hasher *h)
{
    return canonical(XXH3_128bits_digest(h->state));
}

void eae_hasher_free(eae_hasher *h)
{
    if (!h)
        return;
    XXH3_freeState(h->state);
    free(h);
}
