/* archive.c - see archive.h. */
#include "cache/archive.h"

#include <errno.h>

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 18 };

/* ---- out ----------------------------------------------------------------------------------- */

typedef struct {
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
    archive_set_error(a, EIO, "%s", eae_message());
    return -1;
}

static bool ends(const char *name, const char *with)
{
    size_t n = strlen(name), m = strlen(with);
    return n >= m && strcmp(name + n - m, with) == 0;
}

static int tar_failed(struct archive *tar)
{
    return eae_fail("archive: %s", archive_error_string(tar));
}

static int put_member(const writing *w, const char *room, const eae_hash *hash, const void *bytes,
                      uint64_t size)
{
    char text[EAE_HASH_TEXT];
    struct archive_entry *m = archive_entry_new();
    char *name = eae_sprintf("%s/%s", room, eae_hash_text(hash, text));
    archive_entry_set_pathname(m, name);
    archive_entry_set_filetype(m, AE_IFREG);
    archive_entry_set_perm(m, 0600);
    archive_entry_set_size(m, (la_int64_t)size);
    int status = archive_write_header(w->tar, m) == ARCHIVE_OK ? EAE_OK : tar_failed(w->tar);
    if (status == EAE_OK && bytes && archive_write_data(w->tar, bytes, size) != (la_ssize_t)size)
        status = tar_failed(w->tar);
    archive_entry_free(m);
    free(name);
    return status;
}

static int put_file(const writing *w, int fd)
{
    char *piece = eae_malloc(PIECE, 1);
    int status = EAE_OK;
    ssize_t got = 0;
    for (off_t at = 0; status == EAE_OK && (got = pread(fd, piece, PIECE, at)) > 0; at += got) {
        if (archive_write_data(w->tar, piece, (size_t)got) != got)
            status = tar_failed(w->tar);
    }
    if (got < 0)
        status = eae_fail_errno("object: cannot read");
    free(piece);
    return status;
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
    status = put_member(w, "objects", hash, o.bytes, size);
    if (status == EAE_OK && !o.bytes)
        status = put_file(w, o.fd);
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
        status = put_member(w, "entries", key, text.data, text.length);
        *entries += status == EAE_OK;
    }
    eae_buffer_free(&text);
    eae_entry_free(&e);
    return status == EAE_MISS ? EAE_OK : status; /* it is said where it was damaged */
}

int eae_archive_write(const eae_store *s, const eae_keys *keys, eae_output *out, const char *name,
                      int64_t *entries)
{
    writing w = {.store = s, .tar = archive_write_new(), .out = out};
    eae_keys all = {NULL, 0};
    *entries = 0;
    int status = keys ? EAE_OK : eae_store_list(s, "entries", &all);
    keys = keys ? keys : &all;
    archive_write_set_format_pax_restricted(w.tar);
    if (ends(name, ".gz") || ends(name, ".tgz"))
        archive_write_add_filter_gzip(w.tar);
    else if (ends(name, ".zst"))
        archive_write_add_filter_zstd(w.tar);
    archive_write_set_bytes_in_last_block(w.tar, 1);
    if (status == EAE_OK && archive_write_open(w.tar, &w, NULL, put_bytes, NULL) != ARCHIVE_OK)
        status = tar_failed(w.tar);
    for (int64_t i = 0; i < keys->count && status == EAE_OK; i++)
        status = put_entry(&w, &keys->key[i], entries);
    if (status == EAE_OK && archive_write_close(w.tar) != ARCHIVE_OK)
        status = tar_failed(w.tar);
    archive_write_free(w.tar);
    free(w.written.key);
    free(all.key);
    return status;
}

/* ---- in ------------------------------------------------------------------------------------ */

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

static int take_object(const eae_store *s, struct archive *tar, const char *name,
                       const eae_hash *hash)
{
    eae_store_file f;
    int status = eae_store_begin(s, &f);
    char *piece = eae_malloc(PIECE, 1);
    la_ssize_t got = 0;
    while (status == EAE_OK && (got = archive_read_data(tar, piece, PIECE)) > 0)
        status = eae_store_add(&f, piece, (size_t)got);
    if (status == EAE_OK && got < 0)
        status = tar_failed(tar);
    free(piece);
    if (status != EAE_OK) {
        eae_store_discard(&f);
        return status;
    }
    return eae_store_accept(s, &f, hash, name);
}

static int take_entry(const eae_store *s, struct archive *tar, const char *name,
                      const eae_hash *key, int64_t size)
{
    eae_entry e;
    if (size < 0 || size > EAE_ENTRY_MAX)
        return eae_fail("archive: %s is too long for an entry", name);
    char *text = eae_malloc((size_t)size + 1, 1);
    la_ssize_t got = archive_read_data(tar, text, (size_t)size);
    int status = EAE_OK;
    if (got != size)
        status = eae_fail("archive: %s ends too early", name);
    else if (!eae_entry_decode(&e, key, text, (size_t)size))
        status = eae_fail("archive: %s is not the entry that its name says", name);
    free(text);
    if (status != EAE_OK)
        return status;
    status = eae_entry_write(s, &e);
    eae_entry_free(&e);
    return status;
}

static int take_member(const eae_store *s, struct archive *tar, struct archive_entry *m,
                       int64_t *entries)
{
    eae_hash hash;
    const char *name = archive_entry_pathname(m);
    const char *room = name ? room_of(name, &hash) : NULL;
    if (!room || archive_entry_filetype(m) != AE_IFREG || archive_entry_hardlink(m) ||
        archive_entry_symlink(m))
        return eae_fail("archive: '%s' is not an object or entry of a cache", name ? name : "");
    if (strcmp(room, "objects") == 0)
        return take_object(s, tar, name, &hash);
    int status = take_entry(s, tar, name, &hash, archive_entry_size(m));
    *entries += status == EAE_OK;
    return status;
}

int eae_archive_read(const eae_store *s, const char *path, int64_t *entries)
{
    struct archive *tar = archive_read_new();
    struct archive_entry *m;
    *entries = 0;
    archive_read_support_format_tar(tar);
    archive_read_support_filter_gzip(tar);
    archive_read_support_filter_zstd(tar);
    archive_read_support_filter_xz(tar);
    int status = EAE_OK, got = ARCHIVE_OK;
    if (archive_read_open_filename(tar, strcmp(path, "-") == 0 ? NULL : path, PIECE) != ARCHIVE_OK)
        status = eae_fail("%s: %s", path, archive_error_string(tar));
    while (status == EAE_OK && (got = archive_read_next_header(tar, &m)) == ARCHIVE_OK)
        status = take_member(s, tar, m, entries);
    if (status == EAE_OK && got != ARCHIVE_EOF)
        status = eae_fail("%s: %s", path, archive_error_string(tar));
    archive_read_free(tar);
    return status;
}
