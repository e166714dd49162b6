/* wire.c - see wire.h. */
#include "exec/wire.h"

#include <stdlib.h>
#include <string.h>

/* ---- building -------------------------------------------------------------------------------- */

static void put_little(eae_buffer *b, uint64_t x, int bytes)
{
    char text[8];
    for (int i = 0; i < bytes; i++)
        text[i] = (char)(x >> (8 * i) & 0xff);
    eae_buffer_add(b, text, (size_t)bytes);
}

void eae_put_u32(eae_buffer *b, uint32_t x)
{
    put_little(b, x, 4);
}

void eae_put_u64(eae_buffer *b, uint64_t x)
{
    put_little(b, x, 8);
}

void eae_put_i64(eae_buffer *b, int64_t x)
{
    put_little(b, (uint64_t)x, 8);
}

void eae_put_real(eae_buffer *b, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_little(b, bits, 8);
}

void eae_put_bytes(eae_buffer *b, const void *bytes, size_t n)
{
    eae_put_u32(b, (uint32_t)n);
    if (n > 0)
        eae_buffer_add(b, bytes, n);
}

void eae_put_text(eae_buffer *b, const char *text)
{
    eae_put_bytes(b, text, text ? strlen(text) : 0);
}

void eae_put_hash(eae_buffer *b, const eae_hash *hash)
{
    eae_buffer_add(b, hash->byte, sizeof hash->byte);
}

void eae_put_words(eae_buffer *b, const eae_names *words)
{
    eae_put_u32(b, (uint32_t)words->count);
    for (int64_t i = 0; i < words->count; i++)
        eae_put_text(b, eae_name(words, i));
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The next n bytes; NULL once something is missing. */
static const char *take(eae_cursor *c, size_t n)
{
    if (c->bad || (size_t)(c->end - c->at) < n) {
        c->bad = true;
        return NULL;
    }
    const char *p = c->at;
    c->at += n;
    return p;
}

static uint64_t get_little(eae_cursor *c, int bytes)
{
    const unsigned char *p = (const unsigned char *)take(c, (size_t)bytes);
    uint64_t x = 0;
    for (int i = 0; p && i < bytes; i++)
        x |= (uint64_t)p[i] << (8 * i);
    return x;
}

uint32_t eae_get_u32(eae_cursor *c)
{
    return (uint32_t)get_little(c, 4);
}

uint64_t eae_get_u64(eae_cursor *c)
{
    return get_little(c, 8);
}

int64_t eae_get_i64(eae_cursor *c)
{
    return (int64_t)get_little(c, 8);
}

double eae_get_real(eae_cursor *c)
{
    uint64_t bits = get_little(c, 8);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

const char *eae_get_bytes(eae_cursor *c, size_t *n)
{
    size_t length = eae_get_u32(c);
    const char *p = take(c, length);
    *n = p ? length : 0;
    return p;
}

char *eae_get_text(eae_cursor *c)
{
    size_t n;
    const char *p = eae_get_bytes(c, &n);
    if (p && memchr(p, '\0', n)) {
        c->bad = true;
        n = 0;
    }
    return eae_strndup(n > 0 ? p : "", n);
}

void eae_get_hash(eae_cursor *c, eae_hash *hash)
{
    const char *p = take(c, sizeof hash->byte);
    *hash = (eae_hash){{0}};
    if (p)
        memcpy(hash->byte, p, sizeof hash->byte);
}

void eae_get_words(eae_cursor *c, eae_names *words)
{
    uint32_t count = eae_get_u32(c);
    for (uint32_t i = 0; i < count && !c->bad; i++) {
        size_t n;
        const char *p = eae_get_bytes(c, &n);
        if (p && memchr(p, '\0', n))
            c->bad = true;
        else if (p)
            eae_names_add(words, p, n);
    }
}

bool eae_cursor_ok(const eae_cursor *c)
{
    return !c->bad && c->at == c->end;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void write_little(char *to, uint64_t x)
{
    for (int i = 0; i < 8; i++)
        to[i] = (char)(x >> (8 * i) & 0xff);
}

static uint64_t frame_hash(const char *head, const void *payload, size_t n)
{
    char both[16];
    write_little(both, eae_hash64(head, 8));
    write_little(both + 8, n > 0 ? eae_hash64(payload, n) : 0);
    return eae_hash64(both, sizeof both);
}

void eae_put_frame(eae_buffer *b, uint32_t type, const void *payload, size_t n)
{
    size_t at = b->length;
    eae_put_u32(b, type);
    eae_put_u32(b, (uint32_t)n);
    eae_put_u64(b, frame_hash(b->data + at, payload, n));
    if (n > 0)
        eae_buffer_add(b, payload, n);
}

int64_t eae_get_frame(const char *bytes, size_t n, uint32_t *type, eae_cursor *payload)
{
    if (n < EAE_FRAME_HEAD)
        return 0;
    eae_cursor c = {.at = bytes, .end = bytes + EAE_FRAME_HEAD};
    *type = eae_get_u32(&c);
    size_t length = eae_get_u32(&c);
    uint64_t hash = eae_get_u64(&c);
    if (length > EAE_FRAME_MAX)
        return -1;
    if (n - EAE_FRAME_HEAD < length)
        return 0;
    const char *p = bytes + EAE_FRAME_HEAD;
    if (frame_hash(bytes, p, length) != hash)
        return -1;
    *payload = (eae_cursor){.at = p, .end = p + length};
    return EAE_FRAME_HEAD + (int64_t)length;
}
