/* archive.c - see archive.h. */
#include "cache/archive.h"

#include <errno.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/archive_load.h"

enum { PIECE = 1 << 18 };

/* ---- out ----------------------------------------------------------------------------------- */

typedef struct {
    const eae_archive_library *lib;
    const eae_store *store;
    struct archive *tar;
    eae_output *out;
    eae_keys written; /* objects that are in it already */
} writing;

static la_ssize_t put_bytes(struct archive *a, void *context, const void *bytes, size_t n)
{
    const writing *w = context;
    if (eae_output_write(w->out, bytes, n) == EAE_OK)
        return (la_ssize_t)n;
    w->lib->set_error(a, EIO, "%s", eae_message());
    return -1;
}

static bool ends(const char *name, const char *with)
{
    size_t n = strlen(name), m = strlen(with);
    return n >= m && strcmp(name + n - m, with) == 0;
}

static int tar_failed(const eae_archive_library *lib, struct archive *tar)
{
    return eae_fail("archive: %s", lib->error_string(tar));
}

static int put_head(const writing *w, const char *room, const eae_hash *hash, uint64_t size)
{
    const eae_archive_library *lib = w->lib;
    char text[EAE_HASH_TEXT];
    struct archive_entry *m = lib->entry_new();
    char *name = eae_sprintf("%s/%s", room, eae_hash_text(hash, text));
    lib->entry_set_pathname(m, name);
    lib->entry_set_filetype(m, AE_IFREG);
    lib->entry_set_perm(m, 0600);
    lib->entry_set_size(m, (la_int64_t)size);
    int status = lib->write_header(w->tar, m) == ARCHIVE_OK ? EAE_OK : tar_failed(w->lib, w->tar);
    lib->entry_free(m);
    free(name);
    return status;
}

static int put_piece(void *to, const void *bytes, size_t n)
{
    const writing *w = to;
    return w->lib->write_data(w->tar, bytes, n) == (la_ssize_t)n ? EAE_OK
                                                                 : tar_failed(w->lib, w->tar);
}

static bool is_written(writing *w, const eae_hash *hash)
{
    for (int64_t i = 0; i < w->written.count; i++) {
        if (eae_hash_equal(&w->written.key[i], hash))
            return true;
    }
    w->written.key =
        eae_realloc(w->written.key, (size_t)w->written.count + 1, sizeof *w->written.key);
    w->written.key[w->written.count++] = *hash;
    return false;
}

/* EAE_MISS: it is not there, or damaged. */
static int put_object(writing *w, const eae_hash *hash, uint64_t size)
{
    eae_object o;
    if (size == 0 || is_written(w, hash))
        return EAE_OK;
    int status = eae_object_open(w->store, hash, size, &o);
    if (status != EAE_OK)
        return status;
    status = put_head(w, "objects", hash, size);
    if (status == EAE_OK)
        status = eae_object_each(&o, put_piece, w);
    eae_object_close(&o);
    return status;
}

static int put_entry(writing *w, const eae_hash *key, int64_t *entries)
{
    eae_entry e;
    eae_buffer text = {0};
    int status = eae_entry_read(w->store, key, &e);
    if (status == EAE_OK)
        status = put_object(w, &e.output, e.output_size);
    if (status == EAE_OK)
        status = put_object(w, &e.errors, e.errors_size);
    if (status == EAE_OK) {
        eae_entry_encode(&e, &text);
        status = put_head(w, "entries", key, text.length);
        if (status == EAE_OK)
            status = put_piece(w, text.data, text.length);
        *entries += status == EAE_OK;
    }
    eae_buffer_free(&text);
    eae_entry_free(&e);
    return status == EAE_MISS ? EAE_OK : status; /* it is said where it was damaged */
}

static int write_archive(const eae_store *s, const eae_keys *keys, eae_output *out,
                         const char *name, int64_t *entries)
{
    eae_archive_library lib;
    eae_keys all = {NULL, 0};
    *entries = 0;
    int status = eae_archive_load(&lib);
    if (status != EAE_OK)
        return status;
    writing w = {.lib = &lib, .store = s, .tar = lib.write_new(), .out = out};
    if (!keys)
        status = eae_store_list(s, "entries", &all);
    keys = keys ? keys : &all;
    lib.write_set_format_pax_restricted(w.tar);
    if (ends(name, ".gz") || ends(name, ".tgz"))
        lib.write_add_filter_gzip(w.tar);
    else if (ends(name, ".zst"))
        lib.write_add_filter_zstd(w.tar);
    lib.write_set_bytes_in_last_block(w.tar, 1);
    if (status == EAE_OK && lib.write_open(w.tar, &w, NULL, put_bytes, NULL) != ARCHIVE_OK)
        status = tar_failed(w.lib, w.tar);
    for (int64_t i = 0; i < keys->count && status == EAE_OK; i++)
        status = put_entry(&w, &keys->key[i], entries);
    if (status == EAE_OK && lib.write_close(w.tar) != ARCHIVE_OK)
        status = tar_failed(w.lib, w.tar);
    lib.write_free(w.tar);
    free(w.written.key);
    free(all.key);
    return status;
}

int eae_archive_export(const eae_store *s, const eae_keys *keys, const char *path, int64_t *entries)
{
    eae_output *out;
    int status = eae_output_open(&out, path, true);
    if (status != EAE_OK)
        return status;
    status = write_archive(s, keys, out, path ? path : "", entries);
    if (status == EAE_OK)
        return eae_output_close(out);
    eae_output_discard(out);
    return status;
}

/* ---- in ------------------------------------------------------------------------------------ */

typedef struct {
    const eae_archive_library *lib;
    const eae_store *store;
    struct archive *tar;
    int64_t entries;
} reading;

/* The room and hash that a member's name stands for; NULL: it is none of ours. */
static const char *room_of(const char *name, eae_hash *hash)
{
    static const char *const rooms[] = {"objects", "entries"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(rooms[i]);
        if (strncmp(name, rooms[i], n) == 0 && name[n] == '/' && eae_hash_parse(name + n + 1, hash))
            return rooms[i];
    }
    return NULL;
}

static int take_object(const reading *r, const char *name, const eae_hash *hash)
{
    eae_store_file f;
    int status = eae_store_begin(r->store, &f);
    char *piece = eae_malloc(PIECE, 1);
    la_ssize_t got = 0;
    while (status == EAE_OK && (got = r->lib->read_data(r->tar, piece, PIECE)) > 0)
        status = eae_store_add(&f, piece, (size_t)got);
    if (status == EAE_OK && got < 0)
        status = tar_failed(r->lib, r->tar);
    free(piece);
    if (status != EAE_OK) {
        eae_store_discard(&f);
        return status;
    }
    return eae_store_accept(r->store, &f, hash, name);
}

static int take_entry(reading *r, const char *name, const eae_hash *key, int64_t size)
{
    eae_entry e;
    if (size < 0 || size > EAE_ENTRY_MAX)
        return eae_fail("archive: %s is too long for an entry", name);
    char *text = eae_malloc((size_t)size + 1, 1);
    la_ssize_t got = r->lib->read_data(r->tar, text, (size_t)size);
    int status = EAE_OK;
    if (got != size)
        status = eae_fail("archive: %s ends too early", name);
    else if (!eae_entry_decode(&e, key, text, (size_t)size))
        status = eae_fail("archive: %s is not the entry that its name says", name);
    free(text);
    if (status != EAE_OK)
        return status;
    if (!eae_entry_has_objects(r->store, &e))
        status = eae_fail(
            "archive: %s names an object that did not come before it, and is not here", name);
    else
        status = eae_entry_write(r->store, &e);
    r->entries += status == EAE_OK;
    eae_entry_free(&e);
    return status;
}

static int take_member(reading *r, struct archive_entry *m)
{
    const eae_archive_library *lib = r->lib;
    eae_hash hash;
    const char *name = lib->entry_pathname(m);
    const char *room = name ? room_of(name, &hash) : NULL;
    if (!room || lib->entry_filetype(m) != AE_IFREG || lib->entry_hardlink(m) ||
        lib->entry_symlink(m))
        return eae_fail("archive: '%s' is not an object or entry of a cache", name ? name : "");
    if (strcmp(room, "objects") == 0)
        return take_object(r, name, &hash);
    return take_entry(r, name, &hash, lib->entry_size(m));
}

int eae_archive_import(const eae_store *s, const char *path, int64_t *entries)
{
    eae_archive_library lib;
    struct archive_entry *m;
    *entries = 0;
    int status = eae_archive_load(&lib), got = ARCHIVE_OK;
    if (status != EAE_OK)
        return status;
    reading r = {.lib = &lib, .store = s, .tar = lib.read_new()};
    lib.read_support_format_tar(r.tar);
    lib.read_support_filter_gzip(r.tar);
    lib.read_support_filter_zstd(r.tar);
    lib.read_support_filter_xz(r.tar);
    path = strcmp(path, "-") == 0 ? NULL : path; /* NULL: standard input */
    const char *shown = path ? path : "standard input";
    if (lib.read_open_filename(r.tar, path, PIECE) != ARCHIVE_OK)
        status = eae_fail("%s: %s", shown, lib.error_string(r.tar));
    while (status == EAE_OK && (got = lib.read_next_header(r.tar, &m)) == ARCHIVE_OK)
        status = take_member(&r, m);
    if (status == EAE_OK && got != ARCHIVE_EOF)
        status = eae_fail("%s: %s", shown, lib.error_string(r.tar));
    lib.read_free(r.tar);
    *entries = r.entries;
    return status;
}
