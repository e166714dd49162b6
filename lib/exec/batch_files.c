/* batch_files.c - the directory of a batch; see batch.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* renameat2 */
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "exec/batch.h"
#include "exec/batch_parts.h"

enum { STALE = 24 * 3600 };

static const char staging_prefix[] = ".new.", retired_prefix[] = ".old.";

/* ---- roots and names ---------------------------------------------------------------------------
 */

bool eae_batch_id_good(const char *id)
{
    size_t n = strspn(id, "0123456789abcdef");
    if (n == 0 || n > EAE_BATCH_ID_DIGITS)
        return false;
    if (id[n] == '.')
        n += 1 + strspn(id + n + 1, "0123456789");
    return id[n] == '\0' && id[n - 1] != '.' && n < EAE_BATCH_ID_MAX;
}

char *eae_batch_root(const char *dir)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (dir)
        return *dir == '/' ? eae_strdup(dir) : eae_absolute(dir);
    if (state && *state == '/')
        return eae_sprintf("%s/eae/batches", state);
    if (home && *home == '/')
        return eae_sprintf("%s/.local/state/eae/batches", home);
    eae_fail("no place for batches: set HOME or XDG_STATE_HOME, or name one with --dir");
    return NULL;
}

char *eae_absolute(const char *path)
{
    char here[PATH_MAX];
    if (*path == '/' || !getcwd(here, sizeof here))
        return eae_strdup(path);
    return eae_sprintf("%s/%s", here, path);
}

/* mkdir -p, for this user alone. */
static int make_directories(const char *path)
{
    char *copy = eae_strdup(path);
    int status = EAE_OK;
    for (char *p = copy + 1; status == EAE_OK; p++) {
        char c = *p;
        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST)
            status = eae_fail_errno("%s: cannot create", copy);
        *p = c;
        if (c == '\0')
            break;
    }
    free(copy);
    return status;
}

/* ---- whole files -------------------------------------------------------------------------------
 */

static int sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = EAE_OK;
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != EROFS))
        status = eae_fail_errno("%s: cannot make it durable", path);
    if (fd >= 0)
        close(fd);
    return status;
}

int eae_write_whole(const char *path, const void *bytes, size_t n)
{
    char *temporary = eae_sprintf("%s.tmp.%ld", path, (long)getpid());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int status = fd < 0 ? eae_fail_errno("%s: cannot create", path) : EAE_OK;
    if (status == EAE_OK)
        status = eae_write_all(fd, bytes, n, path);
    if (status == EAE_OK && fsync(fd) != 0 && errno != EINVAL)
        status = eae_fail_errno("%s: cannot write", path);
    if (fd >= 0 && close(fd) != 0 && status == EAE_OK)
        status = eae_fail_errno("%s: cannot write", path);
    if (status == EAE_OK && rename(temporary, path) != 0)
        status = eae_fail_errno("%s: cannot rename the finished file", path);
    if (status != EAE_OK && fd >= 0)
        unlink(temporary);
    free(temporary);
    return status;
}

/* ---- input -------------------------------------------------------------------------------------
 */

static int make_staging(eae_batch *b, const char *root)
{
    if (b->staging)
        return EAE_OK;
    int status = make_directories(root);
    if (status != EAE_OK)
        return status;
    b->staging = eae_sprintf("%s/%sXXXXXX", root, staging_prefix);
    if (mkdtemp(b->staging))
        return EAE_OK;
    free(b->staging);
    b->staging = NULL;
    return eae_fail_errno("%s: cannot create a directory", root);
}

typedef struct {
    int to; /* -1: nowhere */
    const char *name;
    eae_hasher *hasher;
    eae_batch_input *input;
} copy;

static int copy_piece(void *context, const void *bytes, size_t n)
{
    copy *c = context;
    eae_hasher_add(c->hasher, bytes, n);
    c->input->size += n;
    return c->to >= 0 ? eae_write_all(c->to, bytes, n, c->name) : EAE_OK;
}

/* Hash of what `from` gives until its end, which goes to `to` as well unless that is -1. */
static int copy_and_hash(int from, int to, eae_batch_input *input, const char *name)
{
    copy c = {.to = to, .name = name, .hasher = eae_hasher_new(), .input = input};
    input->size = 0;
    int status = eae_read_each(from, "standard input", copy_piece, &c);
    input->hash = eae_hasher_value(c.hasher);
    eae_hasher_free(c.hasher);
    return status;
}

static int store_input(eae_batch *b, const char *root, int fd)
{
    int status = make_staging(b, root);
    if (status != EAE_OK)
        return status;
    char *path = eae_sprintf("%s/input", b->staging);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    status =
        to < 0 ? eae_fail_errno("%s: cannot create", path) : copy_and_hash(fd, to, &b->input, path);
    if (status == EAE_OK && fsync(to) != 0 && errno != EINVAL)
        status = eae_fail_errno("%s: cannot write", path);
    if (to >= 0 && close(to) != 0 && status == EAE_OK)
        status = eae_fail_errno("%s: cannot write", path);
    b->input.stored = status == EAE_OK;
    free(path);
    return status;
}

/* The name of an open regular file from its beginning on, where it still has that name. */
static char *name_of(int fd, struct stat *st)
{
    char link[64], path[PATH_MAX];
    struct stat named;
    if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || lseek(fd, 0, SEEK_CUR) != 0)
        return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = '\0';
    bool same = stat(path, &named) == 0 && named.st_dev == st->st_dev && named.st_ino == st->st_ino;
    return same ? eae_strdup(path) : NULL;
}

int eae_batch_take_input(eae_batch *b, const char *root, int fd)
{
    struct stat st;
    char *path = name_of(fd, &st);
    if (!path)
        return store_input(b, root, fd);
    b->input.path = path;
    b->input.mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return copy_and_hash(fd, -1, &b->input, path);
}

/* ---- creating ----------------------------------------------------------------------------------
 */

static int fill_staging(const eae_batch *b)
{
    static const char *const rooms[] = {"chunks", "journal", "data", "cancel", "site"};
    eae_buffer bytes = {0};
    char *path;
    int status = EAE_OK;
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms && status == EAE_OK; i++) {
        path = eae_sprintf("%s/%s", b->staging, rooms[i]);
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            status = eae_fail_errno("%s: cannot create", path);
        free(path);
    }
    path = eae_sprintf("%s/batch", b->staging);
    eae_batch_put(b, &bytes);
    if (status == EAE_OK)
        status = eae_write_whole(path, bytes.data, bytes.length);
    if (status == EAE_OK)
        status = sync_path(b->staging);
    eae_buffer_free(&bytes);
    free(path);
    return status;
}

/* The name still stands for this file: the batch was not removed between opening and locking. */
static bool still_named(const char *path, int fd)
{
    struct stat mine, named;
    return fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_dev == named.st_dev &&
           mine.st_ino == named.st_ino;
}

/* The lock of the batch in `dir`; *fd: -1 where another holds it. */
static int lock_in(const char *dir, int *fd)
{
    char *path = eae_sprintf("%s/lock", dir);
    int status = EAE_OK;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bool locked = *fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) == 0;
    if (*fd < 0)
        status = eae_fail_errno("%s: cannot open", path);
    else if (!locked && errno != EWOULDBLOCK)
        status = eae_fail_errno("%s: cannot lock", path);
    if (*fd >= 0 && !(locked && still_named(path, *fd))) {
        close(*fd);
        *fd = -1;
    }
    free(path);
    return status;
}

int eae_batch_lock(const eae_batch *b, int *fd)
{
    return lock_in(b->path, fd);
}

int eae_batch_create(eae_batch *b, const char *root, int *lock)
{
    char base[EAE_BATCH_ID_MAX];
    struct timespec now;
    snprintf(base, sizeof base, "%.*s", EAE_BATCH_ID_DIGITS, b->id);
    clock_gettime(CLOCK_REALTIME, &now);
    b->created = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    int status = make_staging(b, root);
    if (status == EAE_OK)
        status = lock_in(b->staging, lock); /* before it can be seen */
    for (int k = 1; status == EAE_OK; k++) {
        if (k > 1)
            snprintf(b->id, sizeof b->id, "%.12s.%d", base, k);
        free(b->path);
        b->path = eae_sprintf("%s/%s", root, b->id);
        if (access(b->path, F_OK) == 0)
            continue;
        status = fill_staging(b);
        if (status == EAE_OK && rename(b->staging, b->path) == 0)
            break;
        if (status == EAE_OK && errno != EEXIST && errno != ENOTEMPTY)
            status = eae_fail_errno("%s: cannot create", b->path);
    }
    if (status == EAE_OK) {
        free(b->staging);
        b->staging = NULL;
        status = sync_path(root);
    }
    return status;
}

void eae_batch_discard(eae_batch *b)
{
    if (b->staging)
        eae_batch_remove(b->staging);
    free(b->staging);
    b->staging = NULL;
}

int eae_batch_open(eae_batch *b, const char *path)
{
    char *file = eae_sprintf("%s/batch", path), *bytes = NULL;
    size_t n;
    *b = (eae_batch){0};
    int status = eae_read_file(file, &bytes, &n);
    if (status == EAE_OK)
        status = eae_batch_get(b, bytes, n, file);
    if (status == EAE_OK)
        b->path = eae_absolute(path);
    else
        eae_batch_free(b);
    free(bytes);
    free(file);
    return status;
}

/* ---- finding and removing ----------------------------------------------------------------------
 */

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int eae_batch_list(const char *root, eae_names *ids)
{
    DIR *d = opendir(root);
    char **list = NULL;
    size_t n = 0;
    if (!d)
        return errno == ENOENT ? EAE_OK : eae_fail_errno("%s: cannot open", root);
    for (struct dirent *e; (e = readdir(d));) {
        if (!eae_batch_id_good(e->d_name))
            continue;
        list = eae_realloc(list, n + 1, sizeof *list);
        list[n++] = eae_strdup(e->d_name);
    }
    closedir(d);
    if (n > 0)
        qsort(list, n, sizeof *list, compare_ids);
    for (size_t i = 0; i < n; i++) {
        eae_names_add(ids, list[i], strlen(list[i]));
        free(list[i]);
    }
    free(list);
    return EAE_OK;
}

int eae_batch_find(const char *root, const char *id, char **path)
{
    eae_names ids = {0};
    int64_t hit = -1, hits = 0;
    size_t n = strlen(id);
    int status = eae_batch_list(root, &ids);
    for (int64_t i = 0; i < ids.count && status == EAE_OK; i++) {
        const char *have = eae_name(&ids, i);
        if (strcmp(have, id) == 0) {
            hit = i;
            hits = 1;
            break;
        }
        if (n > 0 && strncmp(have, id, n) == 0) {
            hit = i;
            hits++;
        }
    }
    if (status == EAE_OK && hits != 1)
        status = eae_fail(hits ? "%s: several batches begin like that (eae-submit ls)"
                               : "%s: no such batch (eae-submit ls)",
                          id);
    *path = status == EAE_OK ? eae_sprintf("%s/%s", root, eae_name(&ids, hit)) : NULL;
    eae_names_free(&ids);
    return status;
}

/* The first failure is what is said; the rest is removed all the same. Links are not followed. What
 * is gone already, by another hand, is no failure. */
static int remove_all(int parent, const char *name, const char *path)
{
    int status = EAE_OK;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d)
        return errno == ENOENT ? EAE_OK : eae_fail_errno("%s: cannot open", path);
    for (struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(d), e->d_name, 0) == 0 || errno == ENOENT)
            continue;
        int now = errno == EISDIR || errno == EPERM
                      ? remove_all(dirfd(d), e->d_name, path)
                      : eae_fail_errno("%s: cannot remove what is in it", path);
        status = status == EAE_OK ? now : status;
    }
    closedir(d);
    if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT && status == EAE_OK)
        status = eae_fail_errno("%s: cannot remove", path);
    return status;
}

int eae_batch_remove(const char *path)
{
    return remove_all(AT_FDCWD, path, path);
}

/* First out of sight: who is killed on the way leaves nothing that looks like a batch. */
int eae_batch_retire(const char *path)
{
    const char *id = strrchr(path, '/') + 1;
    char *away = NULL;
    int moved = -1;
    for (int k = 0; moved != 0 && (k == 0 || errno == EEXIST || errno == ENOTEMPTY); k++) {
        free(away);
        away = eae_sprintf("%.*s%s%s.%ld.%d", (int)(id - path), path, retired_prefix, id,
                           (long)getpid(), k);
        moved = rename(path, away);
    }
    int status =
        moved == 0 ? eae_batch_remove(away) : eae_fail_errno("%s: cannot be moved away", path);
    free(away);
    return status;
}

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

void eae_batch_prune(const char *root)
{
    DIR *d = opendir(root);
    struct stat st;
    for (struct dirent *e; d && (e = readdir(d));) {
        bool stale = begins(e->d_name, staging_prefix) &&
                     fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                     st.st_mtime + STALE < time(NULL);
        if (stale || begins(e->d_name, retired_prefix))
            remove_all(dirfd(d), e->d_name, root);
    }
    if (d)
        closedir(d);
}
