/*
 * link.h - a connection that carries frames (wire.h) both ways, over a pair of descriptors.
 *
 * Before its first frame, the servant on the other host sends EAE_LINK_MAGIC; what a login shell
 * printed before that is skipped, up to EAE_LINK_NOISE_MAX bytes. The other side is not trusted:
 * memory grows only as bytes arrive, and a damaged frame is an error.
 *
 * The descriptors belong to the caller, and may be non-blocking. One thread at a time.
 */
#ifndef EAE_EXEC_LINK_H
#define EAE_EXEC_LINK_H

#include "exec/wire.h"

#define EAE_LINK_MAGIC \
    "\n\x16" \
    "eae-submit serve\x16\n"
enum { EAE_LINK_NOISE_MAX = 1 << 16 };

typedef struct eae_link {
    int in, out;
    eae_buffer incoming; /* from `taken` on: not yet looked at */
    size_t taken;
    eae_buffer outgoing; /* from `sent` on: not yet written */
    size_t sent;
    bool greeted; /* the magic was seen, or is not expected */
    bool ended;   /* nothing more comes */
} eae_link;

void eae_link_free(eae_link *l);

/* A frame to the end of what waits to be written. */
void eae_link_send(eae_link *l, uint32_t type, const eae_buffer *payload);
size_t eae_link_pending(const eae_link *l);
/* Write what `out` takes now. EAE_FAIL if nobody reads any more. */
int eae_link_flush(eae_link *l);
/* Read what is there, once. At the end of the stream `ended` is set, and the status is EAE_OK. */
int eae_link_fill(eae_link *l);
/* The next whole frame of what was read; *got: whether there is one. The payload is valid until the
 * next fill. EAE_FAIL if the stream is damaged. */
int eae_link_next(eae_link *l, uint32_t *type, eae_cursor *payload, bool *got);

#endif
