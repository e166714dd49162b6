/* flight.c - see flight.h. */
#include "cache/flight.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"

enum { TRIES = 3 };

static bool is_stale(const eae_store *s, const char *path, struct stat *st)
{
    char *owner = NULL;
    size_t n;
    if (lstat(path, st) != 0)
        return false; /* it was given back: the next try will see */
    bool dead = eae_read_file(path, &owner, &n) == EAE_OK && eae_store_owner_dead(owner);
    free(owner);
    int64_t now = eae_store_now(s);
    return dead || (now > 0 && now - (int64_t)st->st_mtime > EAE_CACHE_STALE);
}

/* Of several that find it stale, one has it after the rename. What was renamed may by then be a new
 * lock of another: then it is given back. */
static void take_away(const eae_store *s, const char *path, const struct stat *seen)
{
    struct stat st;
    char *owner = eae_store_owner();
    char *own = eae_sprintf("%s/tmp/lock.%ju.%s", s->root, (uintmax_t)seen->st_ino, owner);
    if (rename(path, own) == 0) {
        if (lstat(own, &st) == 0 && st.st_ino != seen->st_ino && link(own, path) != 0)
            errno = 0; /* yet another has it: two compute */
        unlink(own);
    }
    free(own);
    free(owner);
}

int eae_flight_begin(const eae_store *s, const eae_hash *key, eae_flight *f)
{
    eae_store_file file;
    struct stat st;
    char *owner = eae_store_owner();
    *f = (eae_flight){.path = eae_store_path(s, "locks", key)};
    int status = eae_store_begin(s, &file);
    if (status == EAE_OK)
        status = eae_store_add(&file, owner, strlen(owner));
    if (status == EAE_OK && fstat(file.fd, &st) == 0)
        f->inode = st.st_ino;
    bool ours = false, theirs = false;
    for (int i = 0; i < TRIES && status == EAE_OK && !ours && !theirs; i++) {
        ours = link(file.path, f->path) == 0;
        if (ours)
            break;
        if (errno != EEXIST)
            status = eae_fail_errno("%s: cannot make", f->path);
        else if (is_stale(s, f->path, &st))
            take_away(s, f->path, &st);
        else
            theirs = lstat(f->path, &st) == 0;
    }
    eae_store_discard(&file);
    free(owner);
    if (ours)
        return EAE_OK;
    free(f->path);
    *f = (eae_flight){.path = NULL};
    return status == EAE_OK ? EAE_MISS : status;
}

void eae_flight_renew(const eae_flight *f)
{
    if (f->path)
        utimensat(AT_FDCWD, f->path, NULL, AT_SYMLINK_NOFOLLOW);
}

void eae_flight_end(eae_flight *f)
{
    struct stat st;
    if (f->path && lstat(f->path, &st) == 0 && st.st_ino == f->inode)
        unlink(f->path);
    free(f->path);
    *f = (eae_flight){.path = NULL};
}

int eae_flight_sweep(const eae_store *s)
{
    char *folder = eae_sprintf("%s/locks", s->root);
    int removed = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        struct stat st;
        if (e->d_name[0] == '.')
            continue;
        char *path = eae_sprintf("%s/%s", folder, e->d_name);
        if (is_stale(s, path, &st)) {
            take_away(s, path, &st);
            removed++;
        }
        free(path);
    }
    if (d)
        closedir(d);
    free(folder);
    return removed;
}
