/*
 * evict.h - making room: what was not used for the longest time goes first.
 *
 * Never removed: what is pinned, and what is in use: its lease (store.h) is younger than
 * EAE_CACHE_LEASE seconds. An object whose lease is renewed just while it is being removed is put
 * back. What is in quarantine is of no more use: where there are limits it goes before all entries,
 * the longest there first. Objects that no entry names go in any case, and so do temporary files
 * and locks of dead owners, and remembered hashes that were made more than EAE_MEMO_DAYS days ago.
 */
#ifndef EAE_CACHE_EVICT_H
#define EAE_CACHE_EVICT_H

#include "cache/catalog.h"

enum { EAE_MEMO_DAYS = 30 };

typedef struct eae_evict_rules {
    bool limit_size; /* entries, objects and quarantine to at most max_size bytes */
    uint64_t max_size;
    bool limit_age; /* at most max_age seconds since they were used, or put into quarantine */
    int64_t max_age;
    bool dry_run; /* count only */
} eae_evict_rules;

typedef struct eae_evicted {
    int64_t entries, objects, leftovers; /* removed; leftovers: temporary files, locks, memos */
    int64_t quarantined;                 /* removed from quarantine */
    int64_t in_use, pinned;              /* kept although the rules would have them go */
    uint64_t before, after;              /* bytes, as eae_catalog_size() */
} eae_evicted;

int eae_evict(const eae_store *s, const eae_evict_rules *rules, eae_evicted *done);

#endif
