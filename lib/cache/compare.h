/*
 * compare.h - which parts of two requests differ, and which entry is nearest to a request.
 */
#ifndef EAE_CACHE_COMPARE_H
#define EAE_CACHE_COMPARE_H

#include "cache/catalog.h"

/* One part that differs: what it is ("option --step", "file expr.eae", "stdin"), and its values;
 * NULL where one side has no such part. The texts are escaped (escape.h). */
typedef struct eae_difference {
    char *part, *first, *second;
} eae_difference;

typedef struct eae_differences {
    eae_difference *list;
    int64_t count;
    int64_t common; /* parts that agree */
} eae_differences;

void eae_requests_compare(const eae_buffer *first, const eae_buffer *second, eae_differences *d);
void eae_differences_free(eae_differences *d);

/* The entry with the fewest differences from the request among those of the same program (or all
 * named ones); of equals the one used last. NULL: there is none. */
const eae_catalog_entry *eae_catalog_nearest(const eae_catalog *c, const eae_buffer *request);

#endif
