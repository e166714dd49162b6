/*
 * check.h - is the store what it says: every object hashed, every entry read.
 *
 * Damaged objects and entries, and entries whose objects are gone, are moved to quarantine: the
 * next run computes them anew. Objects that no entry names and files that dead owners left are
 * counted; gc removes them.
 */
#ifndef EAE_CACHE_CHECK_H
#define EAE_CACHE_CHECK_H

#include "cache/catalog.h"

typedef struct eae_checked {
    int64_t entries, objects; /* that are good */
    int64_t damaged;          /* objects and entries */
    int64_t incomplete;       /* entries without their objects */
    int64_t unnamed;          /* objects that no entry names */
    int64_t leftovers;        /* temporary files and locks of dead owners, now removed */
    uint64_t bytes;           /* that were read */
    int64_t quarantined;      /* in quarantine now: gc removes them */
} eae_checked;

int eae_store_check(const eae_store *s, eae_checked *found);

#endif
