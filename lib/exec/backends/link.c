/* link.c - see link.h. */
#include "exec/backends/link.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 18, MAGIC_LENGTH = sizeof EAE_LINK_MAGIC - 1 };

void eae_link_free(eae_link *l)
{
    eae_buffer_free(&l->incoming);
    eae_buffer_free(&l->outgoing);
    l->taken = l->sent = 0;
}

/* What is done with goes, once that is worth moving the rest. */
static void compact(eae_buffer *b, size_t *done)
{
    if (*done == 0 || (*done < b->length && *done < CHUNK))
        return;
    memmove(b->data, b->data + *done, b->length - *done);
    b->length -= *done;
    *done = 0;
}

/* ---- sending --------------------------------------------------------------------------------- */

void eae_link_send(eae_link *l, uint32_t type, const eae_buffer *payload)
{
    eae_put_frame(&l->outgoing, type, payload->data, payload->length);
}

size_t eae_link_pending(const eae_link *l)
{
    return l->outgoing.length - l->sent;
}

int eae_link_flush(eae_link *l)
{
    while (l->sent < l->outgoing.length) {
        ssize_t wrote = write(l->out, l->outgoing.data + l->sent, l->outgoing.length - l->sent);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0 && errno == EAGAIN)
            break;
        if (wrote < 0)
            return eae_fail_errno("cannot write to the connection");
        l->sent += (size_t)wrote;
    }
    compact(&l->outgoing, &l->sent);
    return EAE_OK;
}

/* ---- receiving ------------------------------------------------------------------------------- */

int eae_link_fill(eae_link *l)
{
    compact(&l->incoming, &l->taken);
    char *to = eae_buffer_reserve(&l->incoming, CHUNK);
    ssize_t got = read(l->in, to, CHUNK);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return EAE_OK;
    if (got < 0)
        return eae_fail_errno("cannot read from the connection");
    l->incoming.length += (size_t)got;
    l->ended = got == 0;
    return EAE_OK;
}

static int skip_noise(eae_link *l)
{
    const char *p = l->incoming.data + l->taken;
    size_t n = l->incoming.length - l->taken;
    for (size_t i = 0; i + MAGIC_LENGTH <= n && !l->greeted; i++) {
        l->greeted = memcmp(p + i, EAE_LINK_MAGIC, MAGIC_LENGTH) == 0;
        if (l->greeted)
            l->taken += i + MAGIC_LENGTH;
    }
    if (!l->greeted && n > EAE_LINK_NOISE_MAX)
        return eae_fail("what answers is not eae-submit");
    return EAE_OK;
}

int eae_link_next(eae_link *l, uint32_t *type, eae_cursor *payload, bool *got)
{
    int status = l->greeted || l->incoming.length == 0 ? EAE_OK : skip_noise(l);
    *got = false;
    if (status != EAE_OK || !l->greeted || l->taken == l->incoming.length)
        return status;
    int64_t length =
        eae_get_frame(l->incoming.data + l->taken, l->incoming.length - l->taken, type, payload);
    if (length < 0)
        return eae_fail("the connection is damaged: what comes is no message");
    l->taken += (size_t)length;
    *got = length > 0;
    return EAE_OK;
}
