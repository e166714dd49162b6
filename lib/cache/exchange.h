/*
 * exchange.h - what two stores say to one another over a pair of pipes: push, pull, serve.
 *
 * A frame is a letter, the length of what follows as 8 bytes, little-endian, and that many bytes:
 *
 *     H  "eae-cache 1": first from both sides
 *     L  client: which entries are there?              K  server: their keys, 16 bytes each
 *     q  client: which of these entries are lacking?   K  server: those
 *     w  client: which of these objects are lacking?   K  server: those
 *     E  client: these entries, please                 e...  D  server: key and text of each
 *     O  client: these objects, please                 o...  D  server: hash and bytes of each
 *     e, o  client: an entry, an object; taken if it has the hash that comes first
 *     D  client: that was all                          R  server: how many entries came, 8 bytes
 *     X  either: a message; the connection ends
 *
 * Objects come before the entries that name them. Everything that arrives is checked against its
 * hash and against a largest length before it is kept; neither side can name a path.
 */
#ifndef EAE_CACHE_EXCHANGE_H
#define EAE_CACHE_EXCHANGE_H

#include "cache/catalog.h"

typedef struct eae_exchange {
    const eae_store *store;
    int to, from;
    const char *name; /* the other side, for messages */
} eae_exchange;

typedef struct eae_exchanged {
    int64_t entries, objects; /* that went over */
    uint64_t bytes;           /* of objects */
} eae_exchanged;

/* `keys` NULL: all entries; else in order. */
int eae_exchange_push(eae_exchange *x, const eae_keys *keys, eae_exchanged *done);
int eae_exchange_pull(eae_exchange *x, const eae_keys *keys, eae_exchanged *done);
/* Until the other side has no more to say. */
int eae_exchange_serve(eae_exchange *x);

#endif
