/* catalog.c - see catalog.h. */
#include "cache/catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool look(const eae_store *s, const char *room, const eae_hash *hash, struct stat *st)
{
    char *path = eae_store_path(s, room, hash);
    bool there = lstat(path, st) == 0;
    free(path);
    return there;
}

static int read_entries(eae_catalog *c, const eae_store *s)
{
    eae_keys keys;
    struct stat st;
    int status = eae_store_list(s, "entries", &keys);
    c->entry = EAE_NEW_ARRAY(eae_catalog_entry, keys.count + 1);
    for (int64_t i = 0; i < keys.count && status == EAE_OK; i++) {
        eae_catalog_entry *e = &c->entry[c->entries];
        if (!look(s, "entries", &keys.key[i], &st) ||
            eae_entry_read(s, &keys.key[i], &e->entry) != EAE_OK)
            continue; /* evicted meanwhile, or damaged */
        e->used = (int64_t)st.st_mtime;
        e->size = (uint64_t)st.st_size;
        e->pinned = eae_pinned(s, &keys.key[i]);
        c->entries++;
    }
    free(keys.key);
    return status;
}

static int read_objects(const eae_store *s, const char *room, eae_catalog_object **list, int64_t *n)
{
    eae_keys keys;
    struct stat st;
    int status = eae_store_list(s, room, &keys);
    *list = EAE_NEW_ARRAY(eae_catalog_object, keys.count + 1);
    for (int64_t i = 0; i < keys.count && status == EAE_OK; i++) {
        if (!look(s, room, &keys.key[i], &st))
            continue;
        (*list)[(*n)++] = (eae_catalog_object){
            .hash = keys.key[i], .size = (uint64_t)st.st_size, .used = (int64_t)st.st_mtime};
    }
    free(keys.key);
    return status;
}

static void count_reference(const eae_catalog *c, const eae_hash *hash)
{
    eae_catalog_object *o = eae_catalog_object_of(c, hash);
    if (o)
        o->references++;
}

int eae_catalog_read(eae_catalog *c, const eae_store *s)
{
    *c = (eae_catalog){.entries = 0};
    int status = read_entries(c, s);
    if (status == EAE_OK)
        status = read_objects(s, "objects", &c->object, &c->objects);
    if (status == EAE_OK)
        status = read_objects(s, "quarantine", &c->quarantine, &c->quarantined);
    for (int64_t i = 0; i < c->entries && status == EAE_OK; i++) {
        count_reference(c, &c->entry[i].entry.output);
        count_reference(c, &c->entry[i].entry.errors);
    }
    if (status != EAE_OK)
        eae_catalog_free(c);
    return status;
}

void eae_catalog_free(eae_catalog *c)
{
    for (int64_t i = 0; i < c->entries; i++)
        eae_entry_free(&c->entry[i].entry);
    free(c->entry);
    free(c->object);
    free(c->quarantine);
    *c = (eae_catalog){.entries = 0};
}

static int compare(const void *hash, const void *object)
{
    return memcmp(hash, &((const eae_catalog_object *)object)->hash, sizeof(eae_hash));
}

eae_catalog_object *eae_catalog_object_of(const eae_catalog *c, const eae_hash *hash)
{
    return bsearch(hash, c->object, (size_t)c->objects, sizeof *c->object, compare);
}

uint64_t eae_catalog_size(const eae_catalog *c)
{
    uint64_t size = 0;
    for (int64_t i = 0; i < c->entries; i++)
        size += c->entry[i].size;
    for (int64_t i = 0; i < c->objects; i++)
        size += c->object[i].size;
    for (int64_t i = 0; i < c->quarantined; i++)
        size += c->quarantine[i].size;
    return size;
}

bool eae_pinned(const eae_store *s, const eae_hash *key)
{
    struct stat st;
    return look(s, "pins", key, &st);
}

int eae_pin(const eae_store *s, const eae_hash *key, bool pinned)
{
    char *path = eae_store_path(s, "pins", key);
    int status = EAE_OK;
    if (pinned) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            status = eae_fail_errno("%s: cannot write", path);
        else
            close(fd);
    } else if (unlink(path) != 0 && errno != ENOENT) {
        status = eae_fail_errno("%s: cannot remove", path);
    }
    free(path);
    return status;
}
