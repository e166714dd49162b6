/*
 * flight.h - single flight: of several processes that want the same result one computes it, and the
 * others wait for it.
 *
 * A lock is a link(2), which NFS does once or not at all, to a file that says who made it. Its
 * owner renews its time now and then; a lock of a process that is gone (on this host), or that was
 * not renewed for EAE_CACHE_STALE seconds by the clock of the file server, is taken over by
 * renaming it to a name of one's own.
 *
 * It is an optimisation. In the worst case two processes compute the same, and nothing is wrong.
 */
#ifndef EAE_CACHE_FLIGHT_H
#define EAE_CACHE_FLIGHT_H

#include "cache/store.h"

typedef struct eae_flight {
    char *path;
    ino_t inode;
} eae_flight;

/* EAE_OK: ours. EAE_MISS: another has it. EAE_FAIL: there can be no lock (a full disk); go on
 * without. */
int eae_flight_begin(const eae_store *s, const eae_hash *key, eae_flight *f);
void eae_flight_renew(const eae_flight *f);
void eae_flight_end(eae_flight *f);

/* Remove locks whose owners are gone. Returns how many. */
int eae_flight_sweep(const eae_store *s);

#endif
