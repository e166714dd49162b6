/* store.c - see store.h: the folder, its rules of trust, and files on their way into it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_NOFOLLOW, O_DIRECTORY */
#endif
#include "cache/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/files.h"

static const char *const rooms[] = {"objects", "entries", "requests", "pins",
                                    "memo",    "locks",   "tmp",      "quarantine"};

/* ---- the folder ---------------------------------------------------------------------------- */

char *eae_store_default(void)
{
    const char *dir = getenv("EAE_CACHE_DIR"), *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (dir && *dir)
        return eae_strdup(dir);
    if (xdg && *xdg == '/')
        return eae_sprintf("%s/eae", xdg);
    if (home && *home == '/')
        return eae_sprintf("%s/.cache/eae", home);
    eae_fail("no place for the cache: set EAE_CACHE_DIR");
    return NULL;
}

/* NULL: to be trusted; else what is wrong with it. */
static const char *distrust(const struct stat *st)
{
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return "belongs to another user";
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        return "is writable for others";
    return NULL;
}

static int make_folders(const char *path)
{
    char *copy = eae_strdup(path);
    int status = EAE_OK;
    for (char *p = copy + 1; status == EAE_OK; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST)
            status = eae_fail_errno("%s: cannot make the cache", path);
        *p = end;
        if (!end)
            break;
    }
    free(copy);
    return status;
}

static int check_root(const eae_store *s)
{
    struct stat st;
    if (stat(s->root, &st) != 0)
        return eae_fail_errno("%s: cannot open the cache", s->root);
    if (!S_ISDIR(st.st_mode))
        return eae_fail("%s: the cache is not a directory", s->root);
    const char *wrong = s->trust ? NULL : distrust(&st);
    if (wrong)
        return eae_fail("%s: the cache %s (--trust uses it all the same)", s->root, wrong);
    return EAE_OK;
}

static int make_rooms(const eae_store *s)
{
    int status = EAE_OK;
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms && status == EAE_OK; i++) {
        char *path = eae_sprintf("%s/%s", s->root, rooms[i]);
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            status = eae_fail_errno("%s: cannot make", path);
        free(path);
    }
    return status;
}

int eae_store_open(eae_store *s, const char *root, bool trust, int threads)
{
    char *last = eae_sprintf("%s/%s", root, rooms[sizeof rooms / sizeof *rooms - 1]);
    bool complete = access(last, F_OK) == 0;
    *s =
        (eae_store){.root = eae_strdup(root), .writable = true, .trust = trust, .threads = threads};
    free(last);
    int status = complete ? EAE_OK : make_folders(root);
    if (status == EAE_OK)
        status = check_root(s);
    if (status == EAE_OK && !complete)
        status = make_rooms(s);
    if (status != EAE_OK)
        eae_store_close(s);
    return status;
}

int eae_store_open_shared(eae_store *s, const char *root, bool trust, int threads)
{
    *s = (eae_store){.root = eae_strdup(root), .trust = trust, .threads = threads};
    if (check_root(s) == EAE_OK)
        return EAE_OK;
    eae_warn("EAE_CACHE_PATH: %s", eae_message());
    eae_store_close(s);
    return EAE_MISS;
}

void eae_store_close(eae_store *s)
{
    free(s->root);
    *s = (eae_store){0};
}

bool eae_store_is_flat(const char *room)
{
    return strcmp(room, "pins") == 0 || strcmp(room, "locks") == 0 ||
           strcmp(room, "quarantine") == 0;
}

char *eae_store_path(const eae_store *s, const char *room, const eae_hash *hash)
{
    char text[EAE_HASH_TEXT];
    eae_hash_text(hash, text);
    if (eae_store_is_flat(room))
        return eae_sprintf("%s/%s/%s", s->root, room, text);
    return eae_sprintf("%s/%s/%.2s/%s", s->root, room, text, text);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Reading a folder makes an NFS client forget what it believes not to be there. */
static void read_folder_of(const char *path)
{
    char *folder = eae_strndup(path, (size_t)(strrchr(path, '/') - path));
    DIR *d = opendir(folder);
    if (d) {
        while (readdir(d))
            continue;
        closedir(d);
    }
    free(folder);
}

/* A file of a group's cache, and the two folders above it (the root was looked at when it was
 * opened). */
static const char *shared_distrust(const char *path, const struct stat *st)
{
    const char *wrong = distrust(st);
    char *folder = eae_strdup(path);
    for (int up = 0; up < 2 && !wrong; up++) {
        struct stat above;
        *strrchr(folder, '/') = '\0';
        wrong = lstat(folder, &above) == 0 ? distrust(&above) : "cannot be looked at";
    }
    free(folder);
    return wrong;
}

int eae_store_read(const eae_store *s, const char *room, const eae_hash *hash, struct stat *st)
{
    char *path = eae_store_path(s, room, hash);
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const char *wrong = NULL;
    int fd = open(path, flags);
    if (fd < 0 && errno == ENOENT && strcmp(room, "objects") == 0) {
        read_folder_of(path); /* an entry names it: it should be there */
        fd = open(path, flags);
    }
    if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode)))
        wrong = "is not a regular file";
    else if (fd >= 0 && !s->writable && !s->trust)
        wrong = shared_distrust(path, st);
    if (wrong) {
        eae_warn("%s or a folder above it %s: not used (--trust uses it all the same)", path,
                 wrong);
        close(fd);
        fd = -1;
    }
    free(path);
    return fd;
}

bool eae_store_touch(const eae_store *s, const char *room, const eae_hash *hash)
{
    if (!s->writable)
        return true;
    char *path = eae_store_path(s, room, hash);
    bool there = utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0;
    free(path);
    return there;
}

void eae_store_quarantine(const eae_store *s, const char *room, const eae_hash *hash,
                          const char *why)
{
    char *path = eae_store_path(s, room, hash);
    eae_warn("%s: %s; %s", path, why,
             s->writable ? "moved to quarantine" : "not used: tell who keeps this cache");
    if (s->writable) {
        char *to = eae_store_path(s, "quarantine", hash);
        if (rename(path, to) != 0 && errno != ENOENT)
            eae_warn("%s: cannot move to quarantine: %s", path, strerror(errno));
        eae_store_touch(s, "quarantine", hash); /* it is kept from now on */
        free(to);
    }
    free(path);
}

int64_t eae_store_now(const eae_store *s)
{
    struct stat st;
    char *path = eae_sprintf("%s/tmp", s->root);
    bool set = s->writable && utimensat(AT_FDCWD, path, NULL, 0) == 0 && stat(path, &st) == 0;
    free(path);
    return set ? (int64_t)st.st_mtime : 0;
}

/* ---- writing ------------------------------------------------------------------------------- */

int eae_store_begin(const eae_store *s, eae_store_file *f)
{
    *f = (eae_store_file){.fd = -1};
    char *owner = eae_store_owner(), *suffix = eae_sprintf(".%s", owner);
    char *folder = eae_sprintf("%s/tmp", s->root);
    f->fd = eae_temp_named(folder, suffix, &f->path);
    f->status = f->fd < 0 ? EAE_FAIL : EAE_OK;
    f->hasher = eae_content_hasher_new();
    free(owner);
    free(suffix);
    free(folder);
    return f->status;
}

int eae_store_add(eae_store_file *f, const void *bytes, size_t n)
{
    if (f->status != EAE_OK)
        return f->status;
    f->status = eae_write_all(f->fd, bytes, n, "cache");
    if (f->status != EAE_OK)
        return f->status;
    eae_content_hasher_add(f->hasher, bytes, n);
    f->size += n;
    return EAE_OK;
}

/* The folder of two digits is made when its first file comes. */
static int rename_into(const char *from, const char *to)
{
    if (rename(from, to) == 0)
        return EAE_OK;
    if (errno == ENOENT) {
        char *folder = eae_strndup(to, (size_t)(strrchr(to, '/') - to));
        mkdir(folder, 0700);
        free(folder);
        if (rename(from, to) == 0)
            return EAE_OK;
    }
    return eae_fail_errno("%s: cannot write", to);
}

static int add_piece(void *file, const void *bytes, size_t n)
{
    return eae_store_add(file, bytes, n);
}

int eae_store_take(eae_store_file *f, int fd, const char *name)
{
    return f->status == EAE_OK ? eae_read_each(fd, name, add_piece, f) : f->status;
}

int eae_store_finish(const eae_store *s, eae_store_file *f, const char *room, const eae_hash *name,
                     eae_hash *hash)
{
    int status = f->status;
    if (status == EAE_OK) {
        *hash = name ? *name : eae_content_hasher_value(f->hasher);
        char *to = eae_store_path(s, room, hash);
        if (close(f->fd) != 0) /* NFS reports a full disk here */
            status = eae_fail_errno("%s: cannot write", to);
        f->fd = -1;
        if (status == EAE_OK)
            status = rename_into(f->path, to);
        free(to);
    }
    eae_store_discard(f);
    return status;
}

int eae_store_accept(const eae_store *s, eae_store_file *f, const eae_hash *hash, const char *name)
{
    eae_hash have = eae_content_hasher_value(f->hasher);
    if (f->status == EAE_OK && eae_hash_equal(&have, hash))
        return eae_store_finish(s, f, "objects", hash, &have);
    int status =
        f->status == EAE_OK ? eae_fail("%s: its bytes have another hash", name) : f->status;
    eae_store_discard(f);
    return status;
}

void eae_store_discard(eae_store_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    eae_temp_remove(f->path);
    eae_content_hasher_free(f->hasher);
    *f = (eae_store_file){.fd = -1, .status = EAE_FAIL};
}

int eae_store_write(const eae_store *s, const char *room, const eae_hash *name, const void *bytes,
                    size_t n, eae_hash *hash)
{
    eae_store_file f;
    eae_hash unused;
    int status = eae_store_begin(s, &f);
    if (status == EAE_OK)
        status = eae_store_add(&f, bytes, n);
    int finished = eae_store_finish(s, &f, room, name, hash ? hash : &unused);
    return status == EAE_OK ? finished : status;
}
