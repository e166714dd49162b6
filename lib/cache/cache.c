/* cache.c - see cache.h. */
#include "cache/cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"

enum { WAIT_FIRST_MS = 5, WAIT_LONGEST_MS = 250 };

/* ---- stores -------------------------------------------------------------------------------- */

static void open_shared(eae_cache *c, const char *path, bool trust, int threads)
{
    int n = 1;
    for (const char *p = path; *p; p++)
        n += *p == ':';
    c->shared = EAE_NEW_ARRAY(eae_store, n);
    char *copy = eae_strdup(path), *rest = NULL;
    for (char *w = strtok_r(copy, ":", &rest); w; w = strtok_r(NULL, ":", &rest)) {
        if (eae_store_open_shared(&c->shared[c->shared_count], w, trust, threads) == EAE_OK)
            c->shared_count++;
    }
    free(copy);
}

int eae_cache_open(eae_cache *c, const char *dir, const char *path, bool trust, int threads)
{
    *c = (eae_cache){.shared_count = 0};
    char *root = dir ? eae_strdup(dir) : eae_store_default();
    if (!root)
        return EAE_FAIL;
    int status = eae_store_open(&c->own, root, trust, threads);
    free(root);
    if (status == EAE_OK && path && *path)
        open_shared(c, path, trust, threads);
    return status;
}

void eae_cache_close(eae_cache *c)
{
    eae_store_close(&c->own);
    for (int i = 0; i < c->shared_count; i++)
        eae_store_close(&c->shared[i]);
    free(c->shared);
    *c = (eae_cache){.shared_count = 0};
}

static const eae_store *store_at(const eae_cache *c, int i)
{
    return i == 0 ? &c->own : &c->shared[i - 1];
}

/* ---- finding ------------------------------------------------------------------------------- */

/* Two requests with one hash: hardly ever by chance. */
static bool answers(const eae_entry *e, const eae_request *request, const eae_store *s)
{
    if (!request || (e->request.length == request->text.length &&
                     memcmp(e->request.data, request->text.data, e->request.length) == 0))
        return true;
    eae_warn("%s: an entry has the key of this request, but belongs to another", s->root);
    return false;
}

static int find_in(const eae_store *s, const eae_hash *key, const eae_request *request,
                   eae_hit *hit)
{
    *hit = (eae_hit){.store = s, .output = {.fd = -1}, .errors = {.fd = -1}};
    eae_store_touch(s, "entries", key);
    int status = eae_entry_read(s, key, &hit->entry);
    if (status == EAE_OK && !answers(&hit->entry, request, s))
        status = EAE_MISS;
    if (status == EAE_OK)
        status = eae_object_open(s, &hit->entry.output, hit->entry.output_size, &hit->output);
    if (status == EAE_OK)
        status = eae_object_open(s, &hit->entry.errors, hit->entry.errors_size, &hit->errors);
    if (status != EAE_OK)
        eae_hit_free(hit);
    return status;
}

int eae_cache_find(const eae_cache *c, const eae_hash *key, const eae_request *request,
                   eae_hit *hit)
{
    for (int i = 0; i <= c->shared_count; i++) {
        if (find_in(store_at(c, i), key, request, hit) == EAE_OK)
            return EAE_OK;
    }
    return EAE_MISS;
}

void eae_hit_free(eae_hit *hit)
{
    eae_entry_free(&hit->entry);
    eae_object_close(&hit->output);
    eae_object_close(&hit->errors);
}

int eae_cache_find_entry(const eae_cache *c, const eae_hash *key, eae_entry *e,
                         const eae_store **store)
{
    for (int i = 0; i <= c->shared_count; i++) {
        *store = store_at(c, i);
        if (eae_entry_read(*store, key, e) == EAE_OK)
            return EAE_OK;
    }
    return EAE_MISS;
}

static bool is_beginning(const char *text)
{
    size_t n = strlen(text);
    return n >= 4 && n < EAE_HASH_TEXT && strspn(text, "0123456789abcdef") == n;
}

int eae_cache_key(const eae_cache *c, const char *text, eae_hash *key)
{
    char have[EAE_HASH_TEXT];
    int64_t hits = 0;
    if (eae_hash_parse(text, key))
        return EAE_OK;
    if (!is_beginning(text))
        return eae_fail_usage("'%s' is not a key: 32 hexadecimal digits, or at least the first 4",
                              text);
    for (int i = 0; i <= c->shared_count; i++) {
        eae_keys keys;
        int status = eae_store_list(store_at(c, i), "entries", &keys);
        for (int64_t k = 0; k < keys.count && status == EAE_OK; k++) {
            if (strncmp(eae_hash_text(&keys.key[k], have), text, strlen(text)) != 0 ||
                (hits > 0 && eae_hash_equal(key, &keys.key[k])))
                continue;
            *key = keys.key[k];
            hits++;
        }
        free(keys.key);
        if (status != EAE_OK)
            return status;
    }
    if (hits > 1)
        return eae_fail_usage("%" PRId64 " keys begin with %s", hits, text);
    return hits ? EAE_OK : EAE_MISS;
}

int eae_cache_need_key(const eae_cache *c, const char *text, eae_hash *key)
{
    int status = eae_cache_key(c, text, key);
    return status == EAE_MISS ? eae_fail("no entry %s", text) : status;
}

int eae_cache_need_entry(const eae_cache *c, const char *text, eae_entry *e)
{
    eae_hash key;
    const eae_store *store;
    int status = eae_cache_need_key(c, text, &key);
    if (status == EAE_OK && eae_cache_find_entry(c, &key, e, &store) != EAE_OK)
        status = eae_fail("no entry %s", text);
    return status;
}

int eae_cache_keys(const eae_cache *c, const eae_names *words, eae_keys *keys)
{
    *keys = (eae_keys){words->count ? EAE_NEW_ARRAY(eae_hash, words->count) : NULL, 0};
    int status = EAE_OK;
    for (int64_t i = 0; i < words->count && status == EAE_OK; i++) {
        const char *word = eae_name(words, i);
        eae_hash *key = &keys->key[keys->count++];
        if (c)
            status = eae_cache_need_key(c, word, key);
        else if (!eae_hash_parse(word, key))
            status = eae_fail_usage("'%s' is not a key of 32 hexadecimal digits", word);
    }
    eae_keys_sort(keys);
    return status;
}

int eae_cache_claim(const eae_cache *c, const eae_hash *key, const eae_request *request,
                    eae_hit *hit, eae_flight *flight)
{
    int ms = WAIT_FIRST_MS;
    *flight = (eae_flight){.path = NULL};
    if (eae_cache_find(c, key, request, hit) == EAE_OK)
        return EAE_OK;
    while (eae_flight_begin(&c->own, key, flight) == EAE_MISS) {
        if (ms == WAIT_FIRST_MS)
            eae_detail("another process computes this: waiting for it");
        const struct timespec pause = {0, ms * 1000000L};
        nanosleep(&pause, NULL);
        ms = ms * 2 < WAIT_LONGEST_MS ? ms * 2 : WAIT_LONGEST_MS;
        if (eae_cache_find(c, key, request, hit) == EAE_OK)
            return EAE_OK;
    }
    /* who had it may have finished between the two */
    int status = eae_cache_find(c, key, request, hit);
    if (status == EAE_OK)
        eae_flight_end(flight);
    return status;
}

static int take_file(const char *path, eae_store_file *file)
{
    if (strcmp(path, "-") == 0)
        return eae_store_take(file, STDIN_FILENO, "standard input");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return eae_fail_errno("%s: cannot open", path);
    int status = eae_store_take(file, fd, path);
    close(fd);
    return status;
}

static int put_result(const eae_store *s, eae_entry *e, const char *path)
{
    eae_store_file file;
    int status = eae_store_begin(s, &file);
    if (status == EAE_OK)
        status = take_file(path, &file);
    e->output_size = file.size;
    e->errors_size = 0;
    e->output = e->errors = eae_content_hash_bytes("", 0);
    if (status == EAE_OK && file.size)
        status = eae_store_finish(s, &file, "objects", NULL, &e->output);
    else
        eae_store_discard(&file);
    return status == EAE_OK ? eae_entry_write(s, e) : status;
}

int eae_cache_put(const eae_cache *c, const eae_hash *key, const char *path)
{
    eae_entry e;
    char text[EAE_HASH_TEXT];
    if (eae_entry_read_request(&c->own, key, &e) != EAE_OK &&
        eae_entry_read(&c->own, key, &e) != EAE_OK)
        return eae_fail("%s: not a key that 'eae-cache key' gave here", eae_hash_text(key, text));
    int status = put_result(&c->own, &e, path);
    eae_entry_free(&e);
    return status;
}
