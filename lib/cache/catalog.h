/*
 * catalog.h - all entries of a store with their objects, for what looks at the whole of it: ls,
 * stat, gc, fsck, export, push.
 */
#ifndef EAE_CACHE_CATALOG_H
#define EAE_CACHE_CATALOG_H

#include "cache/entry.h"

typedef struct eae_catalog_entry {
    eae_entry entry;
    int64_t used;  /* seconds since the epoch: when it was last a hit, or made */
    uint64_t size; /* of its own file */
    bool pinned;
} eae_catalog_entry;

typedef struct eae_catalog_object {
    eae_hash hash;
    uint64_t size;
    int64_t used;
    int64_t references; /* entries that name it */
} eae_catalog_object;

typedef struct eae_catalog {
    eae_catalog_entry *entry; /* by key */
    int64_t entries;
    eae_catalog_object *object; /* by hash */
    int64_t objects;
    eae_catalog_object *quarantine; /* by hash; used: since when it is there */
    int64_t quarantined;
} eae_catalog;

/* Damaged entries are quarantined, and not in it. */
int eae_catalog_read(eae_catalog *c, const eae_store *s);
void eae_catalog_free(eae_catalog *c);
/* NULL: there is no such object. */
eae_catalog_object *eae_catalog_object_of(const eae_catalog *c, const eae_hash *hash);
/* Bytes of all entries and objects, and of what is in quarantine. */
uint64_t eae_catalog_size(const eae_catalog *c);

bool eae_pinned(const eae_store *s, const eae_hash *key);
int eae_pin(const eae_store *s, const eae_hash *key, bool pinned);

#endif
