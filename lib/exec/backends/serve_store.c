/* serve_store.c - files that a client sends to its servant; see serve_parts.h. */
#include "exec/backends/serve_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"

enum { DAY = 86400, KEEP_BATCHES = 30 * DAY, KEEP_OBJECTS = 7 * DAY };

static int make_folder(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return EAE_OK;
    return eae_fail_errno("%s: cannot create", path);
}

static int make_folders(const char *path)
{
    char *copy = eae_strdup(path);
    int status = EAE_OK;
    for (char *p = copy + 1; *p && status == EAE_OK; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        status = make_folder(copy);
        *p = '/';
    }
    if (status == EAE_OK)
        status = make_folder(copy);
    free(copy);
    return status;
}

/* ---- what nobody came back for --------------------------------------------------------------- */

static bool older(const char *path, double seconds, bool alone)
{
    struct stat st;
    return lstat(path, &st) == 0 && difftime(time(NULL), st.st_mtime) > seconds &&
           (!alone || st.st_nlink == 1);
}

static void prune(const char *folder, double seconds, bool objects)
{
    DIR *d = opendir(folder);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        if (*e->d_name == '.' || (!objects && strcmp(e->d_name, "objects") == 0))
            continue;
        char *path = eae_sprintf("%s/%s", folder, e->d_name);
        if (older(path, seconds, objects) && objects)
            unlink(path);
        else if (!objects && older(path, seconds, false))
            eae_batch_remove(path);
        free(path);
    }
    if (d)
        closedir(d);
}

/* ---- open ------------------------------------------------------------------------------------ */

static bool plain_name(const char *name)
{
    const size_t n = strlen(name);
    return n > 0 && n < 100 && *name != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == n;
}

static int make_rooms(const eae_store *s)
{
    static const char *const rooms[] = {"chunks", "journal", "data", "cancel", "site"};
    int status = make_folders(s->folder);
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms && status == EAE_OK; i++) {
        char *path = eae_sprintf("%s/%s", s->folder, rooms[i]);
        status = make_folder(path);
        free(path);
    }
    return status;
}

int eae_store_open(eae_store *s, const char *folder)
{
    char *batches = eae_batch_root(NULL);
    if (!batches)
        return EAE_FAIL;
    char *slash = strrchr(batches, '/');
    *s = (eae_store){.fd = -1};
    s->root = eae_sprintf("%.*s/" EAE_REMOTE_ROOT, (int)(slash - batches), batches);
    free(batches);
    char *objects = eae_sprintf("%s/objects", s->root);
    int status = make_folders(objects);
    if (status == EAE_OK && *folder && !plain_name(folder))
        status = eae_fail("%s: not the name of a batch", folder);
    if (status == EAE_OK && *folder) {
        prune(s->root, KEEP_BATCHES, false);
        prune(objects, KEEP_OBJECTS, true);
        s->folder = eae_sprintf("%s/%s", s->root, folder);
        status = make_rooms(s);
    }
    free(objects);
    return status;
}

bool eae_store_busy(const eae_store *s)
{
    char *journals = eae_sprintf("%s/journal", s->folder);
    DIR *d = opendir(journals);
    const struct dirent *e;
    bool busy = false;
    while (d && !busy && (e = readdir(d))) {
        char *path = eae_sprintf("%s/%s", journals, e->d_name);
        eae_writer_id id = {0};
        if (*e->d_name != '.')
            eae_watch_writer(path, &id);
        busy = id.pid > 0 && eae_writer_id_alive(&id);
        eae_writer_id_free(&id);
        free(path);
    }
    if (d)
        closedir(d);
    free(journals);
    return busy;
}

void eae_store_close(eae_store *s)
{
    if (s->fd >= 0)
        close(s->fd);
    if (s->part)
        unlink(s->part);
    free(s->part);
    free(s->folder);
    free(s->root);
    *s = (eae_store){.fd = -1};
}

/* ---- files ----------------------------------------------------------------------------------- */

static char *object_path(const eae_store *s, const eae_hash *hash)
{
    char text[EAE_HASH_TEXT];
    return eae_sprintf("%s/objects/%s", s->root, eae_hash_text(hash, text));
}

/* "chunks/12", "cancel/3", "cancel/all" */
static bool in_room(const char *name)
{
    const char *slash = strchr(name, '/');
    if (!slash || (strncmp(name, "chunks/", 7) != 0 && strncmp(name, "cancel/", 7) != 0))
        return false;
    const size_t digits = strspn(slash + 1, "0123456789");
    return strcmp(name, "cancel/all") == 0 || (digits > 0 && slash[1 + digits] == '\0');
}

/* Where a file of that name goes; NULL with a message: nowhere. */
static char *place_of(const eae_store *s, const char *name, const eae_hash *hash)
{
    if (s->folder && strcmp(name, "object") == 0)
        return object_path(s, hash);
    if (s->folder && (strcmp(name, "batch") == 0 || in_room(name)))
        return eae_sprintf("%s/%s", s->folder, name);
    eae_fail("a file of an unknown kind was sent");
    return NULL;
}

static void drop_part(eae_store *s)
{
    if (s->fd >= 0)
        close(s->fd);
    if (s->part)
        unlink(s->part);
    free(s->part);
    s->part = NULL;
    s->fd = -1;
}

static int begin_part(eae_store *s, const char *place)
{
    drop_part(s);
    s->part = eae_sprintf("%s.part.%ld", place, (long)getpid());
    s->fd = open(s->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    s->at = 0;
    return s->fd >= 0 ? EAE_OK : eae_fail_errno("%s: cannot create", place);
}

static int finish_part(eae_store *s, const char *place, const eae_hash *wanted, bool keep)
{
    eae_hash hash;
    int status = EAE_OK;
    if (keep && fsync(s->fd) != 0)
        status = eae_fail_errno("%s: cannot write", place);
    if (status == EAE_OK && !(eae_hash_file(s->part, &hash) && eae_hash_equal(&hash, wanted)))
        status = eae_fail("%s: arrived damaged", place);
    if (status == EAE_OK && rename(s->part, place) != 0)
        status = eae_fail_errno("%s: cannot create", place);
    if (status == EAE_OK) {
        free(s->part);
        s->part = NULL;
    }
    drop_part(s);
    return status;
}

bool eae_store_has(eae_store *s, const eae_hash *hash, uint64_t size)
{
    char *object = object_path(s, hash), *input = eae_sprintf("%s/input", s->folder);
    struct stat st;
    bool there = stat(object, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
    if (there) {
        utimensat(AT_FDCWD, object, NULL, 0); /* used now */
        there = link(object, input) == 0 || errno == EEXIST;
    }
    free(object);
    free(input);
    return there;
}

static int copy_bytes(int from, int to, const char *place)
{
    char *piece = eae_malloc(EAE_REMOTE_PIECE, 1);
    ssize_t got;
    int status = EAE_OK;
    while (status == EAE_OK && (got = read(from, piece, EAE_REMOTE_PIECE)) != 0)
        status = got < 0 ? eae_fail_errno("%s: cannot be filled", place)
                         : eae_write_all(to, piece, (size_t)got, place);
    free(piece);
    return status;
}

/* A copy, since a job may change what it was given. */
static int copy_object(const char *object, const char *place)
{
    char *part = eae_sprintf("%s.part.%ld", place, (long)getpid()), *slash = strrchr(part, '/');
    *slash = '\0';
    int status = slash > part ? make_folders(part) : EAE_OK;
    *slash = '/';
    int from = open(object, O_RDONLY | O_CLOEXEC);
    int to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (status == EAE_OK && (from < 0 || to < 0))
        status = eae_fail_errno("%s: cannot create", place);
    if (status == EAE_OK)
        status = copy_bytes(from, to, place);
    if (status == EAE_OK && rename(part, place) != 0)
        status = eae_fail_errno("%s: cannot create", place);
    if (status != EAE_OK)
        unlink(part);
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    free(part);
    return status;
}

int eae_store_file(eae_store *s, const char *cwd, const char *name, const eae_hash *hash,
                   uint64_t size, bool *there)
{
    char *place = *name == '/' ? eae_strdup(name) : eae_sprintf("%s/%s", cwd, name);
    char *object = object_path(s, hash);
    eae_hash now;
    struct stat st;
    int status = EAE_OK;
    *there = stat(place, &st) == 0;
    if (*there) {
        if (!eae_hash_file(place, &now) || !eae_hash_equal(&now, hash))
            status = eae_fail("%s: another file of that name is there", place);
    } else if (stat(object, &st) == 0 && (uint64_t)st.st_size == size) {
        status = copy_object(object, place);
        *there = status == EAE_OK;
    }
    free(object);
    free(place);
    return status;
}

int eae_store_put(eae_store *s, eae_cursor *c)
{
    eae_hash hash;
    size_t n;
    char *name = eae_get_text(c);
    uint64_t offset = eae_get_u64(c), size = eae_get_u64(c);
    eae_get_hash(c, &hash);
    const char *bytes = eae_get_bytes(c, &n);
    int status = eae_cursor_ok(c) ? EAE_OK : eae_fail("a piece of a file arrived damaged");
    char *place = status == EAE_OK ? place_of(s, name, &hash) : NULL;
    if (!place)
        status = EAE_FAIL;
    if (status == EAE_OK && offset == 0)
        status = begin_part(s, place);
    if (status == EAE_OK && (s->fd < 0 || offset != s->at || n > size - offset))
        status = eae_fail("%s: a piece of it is missing", place);
    if (status == EAE_OK)
        status = eae_write_all(s->fd, bytes, n, place);
    if (status == EAE_OK) {
        s->at += n;
        if (s->at == size)
            status = finish_part(s, place, &hash, strcmp(name, "object") == 0);
    }
    free(place);
    free(name);
    return status;
}
