/* cache_report.c - see cache_report.h. */
#include "cache/cache_report.h"

#include <stdlib.h>

#include "cache/compare.h"

static void put_entry(eae_report *r, const eae_catalog_entry *e)
{
    char text[EAE_HASH_TEXT], *title = eae_entry_title(&e->entry);
    eae_report_text(r, eae_hash_text(&e->entry.key, text));
    eae_report_int(r, e->entry.created);
    eae_report_int(r, e->used);
    eae_report_real(r, e->entry.seconds);
    eae_report_int(r, (int64_t)(e->entry.output_size + e->entry.errors_size));
    eae_report_int(r, e->pinned);
    eae_report_text(r, title);
    free(title);
}

int eae_cache_report_entries(const eae_store *s, bool json, eae_report **r)
{
    static const char *const columns[] = {"key",   "created", "used",   "seconds",
                                          "bytes", "pinned",  "command"};
    eae_catalog all;
    *r = NULL;
    int status = eae_catalog_read(&all, s);
    if (status != EAE_OK)
        return status;
    *r = eae_report_new(columns, 7, json);
    for (int64_t i = 0; i < all.entries; i++)
        put_entry(*r, &all.entry[i]);
    eae_catalog_free(&all);
    return EAE_OK;
}

int eae_cache_report_size(const eae_store *s, bool json, eae_report **r)
{
    static const char *const columns[] = {"cache", "entries", "objects", "bytes", "pinned"};
    eae_catalog all;
    int64_t pinned = 0;
    *r = NULL;
    int status = eae_catalog_read(&all, s);
    if (status != EAE_OK)
        return status;
    for (int64_t i = 0; i < all.entries; i++)
        pinned += all.entry[i].pinned;
    *r = eae_report_new(columns, 5, json);
    eae_report_text(*r, s->root);
    eae_report_int(*r, all.entries);
    eae_report_int(*r, all.objects);
    eae_report_int(*r, (int64_t)eae_catalog_size(&all));
    eae_report_int(*r, pinned);
    eae_catalog_free(&all);
    return EAE_OK;
}

/* ---- differences --------------------------------------------------------------------------- */

static eae_report *differences(const eae_buffer *a, const eae_buffer *b, const char *first,
                               const char *second, bool json)
{
    const char *const columns[] = {"part", first, second};
    eae_differences d;
    eae_requests_compare(a, b, &d);
    eae_report *r = eae_report_new(columns, 3, json);
    for (int64_t i = 0; i < d.count; i++) {
        eae_report_text(r, d.list[i].part);
        eae_report_text(r, d.list[i].first);
        eae_report_text(r, d.list[i].second);
    }
    eae_differences_free(&d);
    return r;
}

int eae_cache_report_diff(const eae_cache *c, const char *first, const char *second, bool json,
                          eae_report **r)
{
    eae_entry a, b;
    *r = NULL;
    int status = eae_cache_need_entry(c, first, &a);
    if (status != EAE_OK)
        return status;
    status = eae_cache_need_entry(c, second, &b);
    if (status == EAE_OK) {
        *r = differences(&a.request, &b.request, "first", "second", json);
        eae_entry_free(&b);
    }
    eae_entry_free(&a);
    return status;
}

int eae_cache_report_nearest(const eae_store *s, const eae_request *request, bool json,
                             eae_report **r, bool *found, eae_hash *nearest)
{
    const eae_buffer none = {0};
    eae_catalog all;
    *r = NULL;
    int status = eae_catalog_read(&all, s);
    if (status != EAE_OK)
        return status;
    const eae_catalog_entry *e = eae_catalog_nearest(&all, &request->text);
    *found = e != NULL;
    if (e)
        *nearest = e->entry.key;
    *r = differences(&request->text, e ? &e->entry.request : &none, "now", "nearest", json);
    eae_catalog_free(&all);
    return EAE_OK;
}

/* ---- what was done ------------------------------------------------------------------------- */

/* One row of numbers. */
static eae_report *numbers(const char *const *columns, const int64_t *cells, int n, bool json)
{
    eae_report *r = eae_report_new(columns, n, json);
    for (int i = 0; i < n; i++)
        eae_report_int(r, cells[i]);
    return r;
}

eae_report *eae_cache_report_evicted(const eae_evicted *done, bool json)
{
    static const char *const columns[] = {"entries", "objects", "leftovers", "in_use",
                                          "pinned",  "before",  "after",     "quarantined"};
    const int64_t cells[] = {done->entries,        done->objects,    done->leftovers,
                             done->in_use,         done->pinned,     (int64_t)done->before,
                             (int64_t)done->after, done->quarantined};
    return numbers(columns, cells, 8, json);
}

eae_report *eae_cache_report_checked(const eae_checked *found, bool json)
{
    static const char *const columns[] = {"entries", "objects",   "damaged", "incomplete",
                                          "unnamed", "leftovers", "bytes",   "quarantined"};
    const int64_t cells[] = {found->entries,        found->objects,    found->damaged,
                             found->incomplete,     found->unnamed,    found->leftovers,
                             (int64_t)found->bytes, found->quarantined};
    return numbers(columns, cells, 8, json);
}
