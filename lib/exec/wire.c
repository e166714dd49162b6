/* wire.c - see wire.h. */
#include "exec/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

enum { PREAMBLE = 16, CHUNK = 1 << 16, MAGIC_LENGTH = sizeof EAE_WIRE_MAGIC - 1 };

void eae_wire_free(eae_wire *w)
{
    eae_buffer_free(&w->incoming);
    eae_buffer_free(&w->outgoing);
    w->taken = w->sent = 0;
}

/* ---- bytes ------------------------------------------------------------------------------------
 */

/* What was taken goes, once it is worth moving the rest. */
static void compact(eae_buffer *b, size_t *done)
{
    if (*done < b->length && *done < CHUNK)
        return;
    if (*done < b->length)
        memmove(b->data, b->data + *done, b->length - *done);
    b->length -= *done;
    *done = 0;
}

int eae_wire_fill(eae_wire *w)
{
    compact(&w->incoming, &w->taken);
    char *to = eae_buffer_reserve(&w->incoming, CHUNK);
    ssize_t got = read(w->in, to, CHUNK);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return EAE_OK;
    if (got < 0)
        return eae_fail_errno("cannot read from the connection");
    w->incoming.length += (size_t)got;
    w->ended = got == 0;
    return EAE_OK;
}

int eae_wire_flush(eae_wire *w)
{
    while (w->sent < w->outgoing.length) {
        ssize_t wrote = write(w->out, w->outgoing.data + w->sent, w->outgoing.length - w->sent);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0 && errno == EAGAIN)
            break;
        if (wrote < 0)
            return eae_fail_errno("cannot write to the connection");
        w->sent += (size_t)wrote;
    }
    compact(&w->outgoing, &w->sent);
    return EAE_OK;
}

static void put_le(char *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (char)(value >> (8 * i));
}

static uint64_t get_le(const char *from, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)(unsigned char)from[i] << (8 * i);
    return value;
}

/* ---- sending ----------------------------------------------------------------------------------
 */

void eae_wire_begin(eae_wire *w, uint32_t type)
{
    char preamble[PREAMBLE] = {0};
    put_le(preamble + 4, type, 4);
    compact(&w->outgoing, &w->sent);
    w->begun = w->outgoing.length;
    eae_buffer_add(&w->outgoing, preamble, PREAMBLE);
}

void eae_wire_put_int(eae_wire *w, int64_t value)
{
    char bytes[8];
    put_le(bytes, (uint64_t)value, 8);
    eae_buffer_add(&w->outgoing, bytes, 8);
}

void eae_wire_put_bytes(eae_wire *w, const void *bytes, size_t n)
{
    eae_wire_put_int(w, (int64_t)n);
    if (n > 0)
        eae_buffer_add(&w->outgoing, bytes, n);
}

void eae_wire_put_text(eae_wire *w, const char *text)
{
    eae_wire_put_bytes(w, text, strlen(text));
}

static uint64_t checksum(const char *preamble, size_t body)
{
    return eae_hash64(preamble + PREAMBLE, body) ^ eae_hash64(preamble + 4, 4);
}

void eae_wire_end(eae_wire *w)
{
    char *preamble = w->outgoing.data + w->begun;
    size_t body = w->outgoing.length - w->begun - PREAMBLE;
    put_le(preamble, body, 4);
    put_le(preamble + 8, checksum(preamble, body), 8);
}

/* ---- receiving --------------------------------------------------------------------------------
 */

/* Skips to behind the magic. What may be the beginning of it stays. */
static int skip_noise(eae_wire *w)
{
    const char *p = w->incoming.data + w->taken;
    size_t n = w->incoming.length - w->taken;
    for (size_t i = 0; i + MAGIC_LENGTH <= n; i++) {
        if (memcmp(p + i, EAE_WIRE_MAGIC, MAGIC_LENGTH) == 0) {
            w->taken += i + MAGIC_LENGTH;
            w->greeted = true;
            return EAE_OK;
        }
    }
    if (n > EAE_WIRE_NOISE_MAX)
        return eae_fail("what answers is not eae-submit");
    return EAE_OK;
}

int eae_wire_next(eae_wire *w, eae_wire_message *m, bool *got)
{
    *got = false;
    if (!w->greeted) {
        int status = w->incoming.data ? skip_noise(w) : EAE_OK;
        if (status != EAE_OK || !w->greeted)
            return status;
    }
    const char *p = w->incoming.data + w->taken;
    size_t n = w->incoming.length - w->taken;
    if (n < PREAMBLE)
        return EAE_OK;
    size_t body = (size_t)get_le(p, 4);
    if (body > EAE_WIRE_BODY_MAX)
        return eae_fail("the connection is damaged: a message of %zu bytes", body);
    if (n < PREAMBLE + body)
        return EAE_OK;
    if (get_le(p + 8, 8) != checksum(p, body))
        return eae_fail("the connection is damaged: a wrong checksum");
    *m = (eae_wire_message){
        .type = (uint32_t)get_le(p + 4, 4), .p = p + PREAMBLE, .end = p + PREAMBLE + body};
    w->taken += PREAMBLE + body;
    *got = true;
    return EAE_OK;
}

int64_t eae_wire_int(eae_wire_message *m)
{
    if (m->end - m->p < 8) {
        m->bad = true;
        m->p = m->end;
        return 0;
    }
    m->p += 8;
    return (int64_t)get_le(m->p - 8, 8);
}

const char *eae_wire_bytes(eae_wire_message *m, size_t *n)
{
    uint64_t length = (uint64_t)eae_wire_int(m);
    if (length > (size_t)(m->end - m->p)) {
        m->bad = true;
        m->p = m->end;
        length = 0;
    }
    m->p += length;
    *n = (size_t)length;
    return m->p - length;
}

char *eae_wire_text(eae_wire_message *m)
{
    size_t n;
    const char *bytes = eae_wire_bytes(m, &n);
    m->bad = m->bad || memchr(bytes, '\0', n) != NULL;
    return eae_strndup(bytes, n);
}
