/*
 * wire.h - messages between eae-submit and its servant on another host, over a pair of descriptors.
 *
 * A message is a preamble of 16 bytes (length of the body u32, type u32, checksum of type and body
 * u64; little-endian) and a body of at most EAE_WIRE_BODY_MAX bytes: fields that follow one
 * another, numbers as u64 and texts as length u64 and bytes. The other side is not trusted: a wrong
 * length, checksum or field is an error, and memory grows only as bytes arrive.
 *
 * Before its first message the servant sends EAE_WIRE_MAGIC. What a login shell printed before it
 * is skipped, up to EAE_WIRE_NOISE_MAX bytes.
 *
 * Descriptors may be non-blocking. One thread at a time.
 */
#ifndef EAE_EXEC_WIRE_H
#define EAE_EXEC_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/status.h"

#define EAE_WIRE_MAGIC \
    "\n\x16" \
    "eae-submit serve\x16\n"
enum { EAE_WIRE_NOISE_MAX = 1 << 16, EAE_WIRE_BODY_MAX = 16 << 20 };

typedef struct eae_wire {
    int in, out;         /* not owned; -1: none */
    eae_buffer incoming; /* from `taken` on: not yet looked at */
    size_t taken;
    eae_buffer outgoing; /* from `sent` on: not yet written */
    size_t sent;
    size_t begun; /* where the message that is being made begins */
    bool ended;   /* nothing more comes */
    bool greeted; /* the magic has been seen, or is not expected */
} eae_wire;

void eae_wire_free(eae_wire *w);

/* Read what is there, once. At the end of the stream, `ended` is set and the status is EAE_OK. */
int eae_wire_fill(eae_wire *w);
/* Write what `out` takes. EAE_FAIL if nobody reads any more. */
int eae_wire_flush(eae_wire *w);
static inline size_t eae_wire_pending(const eae_wire *w)
{
    return w->outgoing.length - w->sent;
}

/* ---- sending: begin, put fields, end; the message then waits in `outgoing` ---- */
void eae_wire_begin(eae_wire *w, uint32_t type);
void eae_wire_put_int(eae_wire *w, int64_t value);
void eae_wire_put_bytes(eae_wire *w, const void *bytes, size_t n);
void eae_wire_put_text(eae_wire *w, const char *text);
void eae_wire_end(eae_wire *w);

/* ---- receiving ---- */
typedef struct eae_wire_message {
    uint32_t type;
    const char *p, *end; /* what is left of the body; valid until the next fill or next */
    bool bad;            /* a field was missing or too long */
} eae_wire_message;

/* The next whole message; *got says whether there is one. EAE_FAIL if the stream is damaged. */
int eae_wire_next(eae_wire *w, eae_wire_message *m, bool *got);
/* 0 and empty, with m->bad set, where the body ends too early. */
int64_t eae_wire_int(eae_wire_message *m);
const char *eae_wire_bytes(eae_wire_message *m, size_t *n);
/* As a string of its own, which may not hold zero bytes; the caller frees. */
char *eae_wire_text(eae_wire_message *m);

#endif
