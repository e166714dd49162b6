/* check.c - see check.h. */
#include "cache/check.h"

#include <stdlib.h>
#include <unistd.h>

#include "cache/flight.h"

static void check_objects(const eae_store *s, const eae_keys *keys, eae_checked *found)
{
    for (int64_t i = 0; i < keys->count; i++) {
        struct stat st;
        eae_hash have;
        uint64_t size = 0;
        int fd = eae_store_read(s, "objects", &keys->key[i], &st);
        if (fd < 0)
            continue; /* evicted meanwhile */
        bool good = eae_content_hash_file(fd, 0, s->threads, "object", &have, &size) == EAE_OK &&
                    eae_hash_equal(&have, &keys->key[i]);
        close(fd);
        found->bytes += size;
        found->objects += good;
        found->damaged += !good;
        if (!good)
            eae_store_quarantine(s, "objects", &keys->key[i], "is damaged");
    }
}

static bool has_object(const eae_catalog *c, const eae_hash *hash, uint64_t size)
{
    const eae_catalog_object *o = eae_catalog_object_of(c, hash);
    return size == 0 || (o && o->size == size);
}

int eae_store_check(const eae_store *s, eae_checked *found)
{
    eae_keys objects = {NULL, 0}, entries = {NULL, 0}, kept = {NULL, 0};
    eae_catalog c = {.entries = 0};
    *found = (eae_checked){0};
    int status = eae_store_list(s, "objects", &objects);
    if (status == EAE_OK)
        check_objects(s, &objects, found);
    if (status == EAE_OK)
        status = eae_store_list(s, "entries", &entries);
    if (status == EAE_OK)
        status = eae_catalog_read(&c, s); /* what is damaged is not in it */
    for (int64_t i = 0; i < c.entries && status == EAE_OK; i++) {
        const eae_entry *e = &c.entry[i].entry;
        if (has_object(&c, &e->output, e->output_size) &&
            has_object(&c, &e->errors, e->errors_size)) {
            found->entries++;
            continue;
        }
        found->incomplete++;
        eae_store_quarantine(s, "entries", &e->key, "names an object that is not there");
    }
    found->damaged += entries.count - c.entries > 0 ? entries.count - c.entries : 0;
    for (int64_t i = 0; i < c.objects; i++)
        found->unnamed += c.object[i].references == 0;
    if (status == EAE_OK)
        status = eae_store_list(s, "quarantine", &kept);
    found->quarantined = kept.count;
    if (status == EAE_OK)
        found->leftovers = eae_store_sweep(s) + eae_flight_sweep(s);
    free(objects.key);
    free(entries.key);
    free(kept.key);
    eae_catalog_free(&c);
    return status;
}
