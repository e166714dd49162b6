/*
 * cache_report.h - what is in a cache, as tables (base/report.h). The columns are those of
 * eae-cache(1). All reports are new: the caller frees them.
 */
#ifndef EAE_CACHE_CACHE_REPORT_H
#define EAE_CACHE_CACHE_REPORT_H

#include "base/report.h"
#include "cache/cache.h"
#include "cache/check.h"
#include "cache/evict.h"

/* With a status: *r is NULL where that is not EAE_OK. */

/* A row for each entry. */
int eae_cache_report_entries(const eae_store *s, bool json, eae_report **r);
/* One row: how much there is. */
int eae_cache_report_size(const eae_store *s, bool json, eae_report **r);
/* The parts in which the requests of two entries differ; keys as eae_cache_need_key() takes them.
 */
int eae_cache_report_diff(const eae_cache *c, const char *first, const char *second, bool json,
                          eae_report **r);
/* The parts in which a request differs from that of the nearest entry. *found: there is one, and
 * *nearest is its key; else all parts are new. */
int eae_cache_report_nearest(const eae_store *s, const eae_request *request, bool json,
                             eae_report **r, bool *found, eae_hash *nearest);

eae_report *eae_cache_report_evicted(const eae_evicted *done, bool json);
eae_report *eae_cache_report_checked(const eae_checked *found, bool json);

#endif
