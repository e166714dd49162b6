/*
 * cache.h - looking a result up in one's own store and in those of a group, and recording a new
 * one.
 */
#ifndef EAE_CACHE_CACHE_H
#define EAE_CACHE_CACHE_H

#include "cache/entry.h"
#include "cache/flight.h"
#include "cache/request.h"

typedef struct eae_cache {
    eae_store own;
    eae_store *shared; /* in the order of EAE_CACHE_PATH */
    int shared_count;
} eae_cache;

/* `dir` NULL: eae_store_default(). `path`: folders with colons, or NULL. */
int eae_cache_open(eae_cache *c, const char *dir, const char *path, bool trust, int threads);
void eae_cache_close(eae_cache *c);

/* A result that can go out: both objects are verified. */
typedef struct eae_hit {
    eae_entry entry;
    eae_object output, errors;
    const eae_store *store;
} eae_hit;

/* By its key; `request` NULL: whatever was asked, else it must be the same. EAE_MISS: there is
 * none. Our own entry counts as used now. */
int eae_cache_find(const eae_cache *c, const eae_hash *key, const eae_request *request,
                   eae_hit *hit);
void eae_hit_free(eae_hit *hit);
/* The entry alone. */
int eae_cache_find_entry(const eae_cache *c, const eae_hash *key, eae_entry *e,
                         const eae_store **store);
/* The key that `text` begins, at least four digits of it, of an entry that is there. EAE_MISS:
 * none; EAE_USAGE: several, or not a key. */
int eae_cache_key(const eae_cache *c, const char *text, eae_hash *key);

/* The same for commands that need it: EAE_FAIL, which says so, where there is none. */
int eae_cache_need_key(const eae_cache *c, const char *text, eae_hash *key);
int eae_cache_need_entry(const eae_cache *c, const char *text, eae_entry *e);
/* All of `words`, in order; c NULL: whole keys of anywhere. No words: keys->key is NULL. */
int eae_cache_keys(const eae_cache *c, const eae_names *words, eae_keys *keys);

/* A hit (EAE_OK), or the right and duty to compute it (EAE_MISS): the flight, to be handed to
 * eae_recorder_begin(). Waits while another process computes it. */
int eae_cache_claim(const eae_cache *c, const eae_hash *key, const eae_request *request,
                    eae_hit *hit, eae_flight *flight);
/* Store a file ("-": standard input) as the result of a request that waits for one, or in place of
 * that of an entry. */
int eae_cache_put(const eae_cache *c, const eae_hash *key, const char *path);

#endif
