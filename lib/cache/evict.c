/* evict.c - see evict.h. */
#include "cache/evict.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/flight.h"

typedef struct {
    const eae_store *store;
    const eae_evict_rules *rules;
    eae_evicted *done;
    eae_catalog catalog;
    int64_t now;
} eviction;

static bool in_use(const eviction *v, int64_t used)
{
    return v->now - used <= EAE_CACHE_LEASE;
}

/* The rules would have it go. */
static bool over_limit(const eviction *v, int64_t used)
{
    const eae_evict_rules *rules = v->rules;
    return (rules->limit_age && v->now - used > rules->max_age) ||
           (rules->limit_size && v->done->after > rules->max_size);
}

/* First out of sight, then looked at once more: who renewed the lease before that gets it back, and
 * who comes later finds that it is not there. */
static bool take_out(const eviction *v, const char *room, const eae_hash *hash)
{
    struct stat st;
    char text[EAE_HASH_TEXT];
    if (v->rules->dry_run)
        return true;
    char *owner = eae_store_owner(), *path = eae_store_path(v->store, room, hash);
    char *away = eae_sprintf("%s/tmp/%s.%s", v->store->root, eae_hash_text(hash, text), owner);
    bool gone = rename(path, away) == 0;
    if (gone && lstat(away, &st) == 0 && in_use(v, (int64_t)st.st_mtime)) {
        (void)!link(away, path); /* or it is there again by another hand: as good */
        gone = false;
    }
    unlink(away);
    free(away);
    free(path);
    free(owner);
    return gone;
}

static void drop_reference(eviction *v, const eae_hash *hash)
{
    eae_catalog_object *o = eae_catalog_object_of(&v->catalog, hash);
    if (!o || --o->references > 0 || in_use(v, o->used))
        return;
    if (take_out(v, "objects", &o->hash)) {
        v->done->objects++;
        v->done->after -= o->size;
    }
}

static void drop_entry(eviction *v, const eae_catalog_entry *e)
{
    if (!take_out(v, "entries", &e->entry.key)) {
        v->done->in_use++;
        return;
    }
    v->done->entries++;
    v->done->after -= e->size;
    drop_reference(v, &e->entry.output);
    drop_reference(v, &e->entry.errors);
}

static int by_use(const void *a, const void *b)
{
    const eae_catalog_entry *const *p = a, *const *q = b;
    if ((*p)->used != (*q)->used)
        return (*p)->used < (*q)->used ? -1 : 1;
    return memcmp(&(*p)->entry.key, &(*q)->entry.key, sizeof(eae_hash));
}

static void drop_entries(eviction *v)
{
    int64_t n = v->catalog.entries;
    const eae_catalog_entry **order = EAE_NEW_ARRAY(const eae_catalog_entry *, n + 1);
    for (int64_t i = 0; i < n; i++)
        order[i] = &v->catalog.entry[i];
    qsort(order, (size_t)n, sizeof *order, by_use);
    for (int64_t i = 0; i < n; i++) {
        if (!over_limit(v, order[i]->used))
            continue;
        if (order[i]->pinned)
            v->done->pinned++;
        else if (in_use(v, order[i]->used))
            v->done->in_use++;
        else
            drop_entry(v, order[i]);
    }
    free(order);
}

static void drop_unnamed(eviction *v)
{
    for (int64_t i = 0; i < v->catalog.objects; i++) {
        eae_catalog_object *o = &v->catalog.object[i];
        if (o->references > 0 || in_use(v, o->used) || !take_out(v, "objects", &o->hash))
            continue;
        v->done->objects++;
        v->done->after -= o->size;
        o->used = v->now; /* not a second time */
    }
}

static int by_time(const void *a, const void *b)
{
    const eae_catalog_object *p = a, *q = b;
    if (p->used != q->used)
        return p->used < q->used ? -1 : 1;
    return memcmp(&p->hash, &q->hash, sizeof(eae_hash));
}

static void drop_quarantined(eviction *v)
{
    eae_catalog *c = &v->catalog;
    qsort(c->quarantine, (size_t)c->quarantined, sizeof *c->quarantine, by_time);
    for (int64_t i = 0; i < c->quarantined; i++) {
        const eae_catalog_object *o = &c->quarantine[i];
        if (!over_limit(v, o->used))
            continue;
        char *path = eae_store_path(v->store, "quarantine", &o->hash);
        if (v->rules->dry_run || unlink(path) == 0) {
            v->done->quarantined++;
            v->done->after -= o->size;
        }
        free(path);
    }
}

/* Memos and requests that wait for a result. */
static void drop_old(eviction *v, const char *room)
{
    eae_keys keys;
    struct stat st;
    int status = eae_store_list(v->store, room, &keys);
    for (int64_t i = 0; i < keys.count && status == EAE_OK; i++) {
        char *path = eae_store_path(v->store, room, &keys.key[i]);
        bool old =
            lstat(path, &st) == 0 && v->now - (int64_t)st.st_mtime > (int64_t)EAE_MEMO_DAYS * 86400;
        if (old && (v->rules->dry_run || unlink(path) == 0))
            v->done->leftovers++;
        free(path);
    }
    free(keys.key);
}

int eae_evict(const eae_store *s, const eae_evict_rules *rules, eae_evicted *done)
{
    eviction v = {.store = s, .rules = rules, .done = done, .now = eae_store_now(s)};
    *done = (eae_evicted){0};
    if (v.now == 0)
        return eae_fail("%s: cannot ask the file server for its time", s->root);
    int status = eae_catalog_read(&v.catalog, s);
    if (status != EAE_OK)
        return status;
    done->before = done->after = eae_catalog_size(&v.catalog);
    drop_unnamed(&v);
    drop_quarantined(&v);
    drop_entries(&v);
    drop_old(&v, "memo");
    drop_old(&v, "requests");
    if (!rules->dry_run)
        done->leftovers += eae_store_sweep(s) + eae_flight_sweep(s);
    eae_catalog_free(&v.catalog);
    return EAE_OK;
}
