/* files.c - see files.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_TMPFILE, F_SETPIPE_SZ */
#endif
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

enum { BUFFER_SIZE = 1 << 18, TEMP_MAX = 1024, NAME_MAX_BYTES = 4096, LINKS_MAX = 40 };
enum { PIPE_SIZE = 1 << 20 }; /* what is asked for; the kernel's default is 64 KiB */

struct eae_output {
    int fd;
    bool is_stdout;
    char *path;      /* what the user named; NULL for standard output */
    char *target;    /* the path with links resolved: what is renamed onto */
    int temp;        /* slot in temp_names, or -1 when written through */
    uint64_t offset; /* bytes accepted so far */
    size_t held;     /* bytes in buffer */
    char buffer[BUFFER_SIZE];
};

/* Fixed storage, so that a signal handler can walk it. A slot is in use when its first byte is set,
 * which is done last. */
static char temp_names[TEMP_MAX][NAME_MAX_BYTES];
static pthread_mutex_t temp_lock = PTHREAD_MUTEX_INITIALIZER; /* for claiming a slot */

void eae_files_discard_all(void)
{
    for (int i = 0; i < TEMP_MAX; i++) {
        if (temp_names[i][0])
            unlink(temp_names[i]);
    }
}

static void on_signal(int sig)
{
    eae_files_discard_all();
    signal(sig, SIG_DFL);
    raise(sig);
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU};

/* A file that was made and is not yet claimed would be forgotten by on_signal(). */
static void hold_signals(sigset_t *before)
{
    sigset_t ours;
    sigemptyset(&ours);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(&ours, signals[i]);
    pthread_sigmask(SIG_BLOCK, &ours, before);
}

void eae_files_handle_signals(void)
{
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old;
        sigaction(signals[i], NULL, &old);
        if (old.sa_handler == SIG_IGN) /* nohup stays nohup */
            continue;
        struct sigaction action = {.sa_handler = on_signal};
        sigemptyset(&action.sa_mask);
        sigaction(signals[i], &action, NULL);
    }
    signal(SIGXFSZ, SIG_IGN); /* write() then fails with EFBIG, as on a full disk */
}

void eae_files_hold_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) /* the lowest that is free: it is taken by the next open */
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

static int claim_temp(const char *name)
{
    size_t n = strlen(name);
    int slot = 0;
    if (n >= NAME_MAX_BYTES)
        return -1;
    pthread_mutex_lock(&temp_lock);
    while (slot < TEMP_MAX && temp_names[slot][0])
        slot++;
    if (slot < TEMP_MAX) {
        memcpy(temp_names[slot] + 1, name + 1, n);
        temp_names[slot][0] = name[0];
    }
    pthread_mutex_unlock(&temp_lock);
    return slot < TEMP_MAX ? slot : -1;
}

static void release_temp(int slot)
{
    if (slot >= 0)
        temp_names[slot][0] = '\0';
}

/* What a link to a file that is not there yet points to; frees `path`. NULL: no link. */
static char *follow_link(char *path)
{
    char to[NAME_MAX_BYTES];
    ssize_t n = readlink(path, to, sizeof to - 1);
    if (n <= 0)
        return NULL;
    to[n] = '\0';
    char *slash = strrchr(path, '/');
    char *next = *to == '/' || !slash ? eae_strdup(to)
                                      : eae_sprintf("%.*s/%s", (int)(slash - path), path, to);
    free(path);
    return next;
}

/* The place a rename must go to: links are followed, so that a link stays a link. */
static char *resolve_target(const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = eae_strdup(real ? real : path);
    free(real);
    for (int hop = 0; hop < LINKS_MAX; hop++) {
        char *next = follow_link(copy);
        if (!next)
            break;
        copy = next;
    }
    return copy;
}

static int open_through(eae_output *o, const char *path)
{
    o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (o->fd < 0)
        return eae_fail_errno("%s: cannot write", path);
    return EAE_OK;
}

static int open_temporary(eae_output *o, const char *path)
{
    o->target = resolve_target(path);
    char *name = eae_sprintf("%s.tmp.XXXXXX", o->target);
    sigset_t before;
    hold_signals(&before);
    o->fd = mkostemp(name, O_CLOEXEC);
    int error = errno;
    o->temp = o->fd < 0 ? -1 : claim_temp(name);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (o->fd < 0) {
        errno = error;
        int status = eae_fail_errno("%s: cannot create", path);
        free(name);
        return status;
    }
    if (o->temp < 0) {
        unlink(name);
        free(name);
        return eae_fail("%s: too many outputs, or the name is too long", path);
    }
    free(name);
    struct stat st;
    mode_t mask = umask(0);
    umask(mask);
    bool replaces = stat(path, &st) == 0;
    if (fchmod(o->fd, replaces ? st.st_mode & 0777 : 0666 & ~mask) != 0)
        return eae_fail_errno("%s: cannot set permissions", path);
    return EAE_OK;
}

static int open_file(eae_output *o, const char *path)
{
    struct stat st;
    o->path = eae_strdup(path);
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return eae_fail("%s: is a directory", path);
        if (!S_ISREG(st.st_mode))
            return open_through(o, path);
        if (access(path, W_OK) != 0)
            return eae_fail_errno("%s: cannot write", path);
    } else if (errno != ENOENT) {
        return eae_fail_errno("%s: cannot create", path);
    }
    return open_temporary(o, path);
}

static eae_output *new_output(int fd)
{
    eae_output *o = eae_malloc(1, sizeof *o);
    o->fd = fd;
    o->is_stdout = false;
    o->path = o->target = NULL;
    o->temp = -1;
    o->offset = 0;
    o->held = 0;
    return o;
}

eae_output *eae_output_fd(int fd, const char *name)
{
    eae_output *o = new_output(fd);
    o->path = eae_strdup(name);
    return o;
}

int eae_output_open(eae_output **out, const char *path, bool binary)
{
    eae_output *o = new_output(STDOUT_FILENO);
    o->is_stdout = !path || strcmp(path, "-") == 0;
    int status = o->is_stdout ? EAE_OK : open_file(o, path);
    if (status == EAE_OK && binary && isatty(o->fd))
        status = eae_fail("%s is a terminal: binary output needs a file (-o) or a pipe; "
                          "'| eae-view --info' shows what is in it",
                          eae_output_name(o));
    if (status != EAE_OK) {
        eae_output_discard(o);
        o = NULL;
    } else {
        fcntl(o->fd, F_SETPIPE_SZ, PIPE_SIZE); /* refused by what is no pipe: does not matter */
    }
    *out = o;
    return status;
}

int eae_write_all(int fd, const void *bytes, size_t n, const char *name)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t wrote = write(fd, p, n);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0 && errno == EPIPE) {
            /* SIGPIPE may be blocked or ignored by the parent; end as other filters do */
            eae_files_discard_all();
            signal(SIGPIPE, SIG_DFL);
            raise(SIGPIPE);
        }
        if (wrote < 0)
            return eae_fail_errno("%s: cannot write", name);
        p += wrote;
        n -= (size_t)wrote;
    }
    return EAE_OK;
}

int eae_read_each(int fd, const char *name, eae_take_fn take, void *context)
{
    char *piece = eae_malloc(BUFFER_SIZE, 1);
    int status = EAE_OK;
    ssize_t got = 1;
    while (status == EAE_OK && got != 0) {
        got = read(fd, piece, BUFFER_SIZE);
        if (got < 0 && errno != EINTR)
            status = eae_fail_errno("%s: cannot read", name);
        else if (got > 0)
            status = take(context, piece, (size_t)got);
    }
    free(piece);
    return status;
}

static int flush_buffer(eae_output *o)
{
    size_t n = o->held;
    o->held = 0;
    return eae_write_all(o->fd, o->buffer, n, eae_output_name(o));
}

int eae_output_write(eae_output *o, const void *bytes, size_t n)
{
    o->offset += n;
    if (n < BUFFER_SIZE - o->held) {
        if (n > 0)
            memcpy(o->buffer + o->held, bytes, n);
        o->held += n;
        return EAE_OK;
    }
    int status = flush_buffer(o);
    if (status != EAE_OK)
        return status;
    if (n >= BUFFER_SIZE)
        return eae_write_all(o->fd, bytes, n, eae_output_name(o));
    memcpy(o->buffer, bytes, n);
    o->held = n;
    return EAE_OK;
}

int eae_output_flush(eae_output *o)
{
    return flush_buffer(o);
}

uint64_t eae_output_offset(const eae_output *o)
{
    return o->offset;
}

const char *eae_output_name(const eae_output *o)
{
    return o->path ? o->path : "standard output";
}

static void free_output(eae_output *o)
{
    free(o->path);
    free(o->target);
    free(o);
}

int eae_output_close(eae_output *o)
{
    int status = flush_buffer(o);
    bool regular = o->temp >= 0;
    if (status == EAE_OK && regular && fsync(o->fd) != 0 && errno != EINVAL)
        status = eae_fail_errno("%s: cannot write", o->path);
    /* standard output is closed too: some file systems report a full disk only there */
    if (close(o->fd) != 0 && status == EAE_OK)
        status = eae_fail_errno("%s: cannot write", eae_output_name(o));
    o->fd = -1;
    if (status == EAE_OK && regular && rename(temp_names[o->temp], o->target) != 0)
        status = eae_fail_errno("%s: cannot rename the finished file", o->path);
    if (regular && status != EAE_OK)
        unlink(temp_names[o->temp]);
    release_temp(o->temp);
    free_output(o);
    return status;
}

void eae_output_discard(eae_output *o)
{
    if (!o)
        return;
    if (!o->is_stdout && o->fd >= 0)
        close(o->fd);
    if (o->temp >= 0)
        unlink(temp_names[o->temp]);
    release_temp(o->temp);
    free_output(o);
}

int eae_output_whole(const char *path, const char *text, size_t n)
{
    eae_output *out;
    int status = eae_output_open(&out, path, false);
    if (status != EAE_OK)
        return status;
    status = eae_output_write(out, text, n);
    if (status == EAE_OK)
        return eae_output_close(out);
    eae_output_discard(out);
    return status;
}

static int unlinked_temp(const char *dir)
{
    char *name = eae_sprintf("%s/eae.XXXXXX", dir);
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    free(name);
    return fd;
}

const char *eae_temp_folder(const char *dir)
{
    if (!dir)
        dir = getenv("TMPDIR");
    return dir && *dir ? dir : "/tmp";
}

int eae_temp_file(const char *dir)
{
    dir = eae_temp_folder(dir);
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = unlinked_temp(dir); /* NFS and some others have no O_TMPFILE */
    if (fd < 0)
        eae_fail_errno("%s: cannot create a temporary file", dir);
    return fd;
}

int eae_temp_named(const char *dir, const char *suffix, char **path)
{
    dir = eae_temp_folder(dir);
    *path = eae_sprintf("%s/eae.XXXXXX%s", dir, suffix);
    sigset_t before;
    hold_signals(&before);
    int fd = mkostemps(*path, (int)strlen(suffix), O_CLOEXEC);
    int error = errno, slot = fd < 0 ? -1 : claim_temp(*path);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    if (fd < 0)
        eae_fail_errno("%s: cannot create a temporary file", dir);
    if (fd >= 0 && slot < 0) {
        eae_fail("%s: too many temporary files, or the name is too long", dir);
        unlink(*path);
        close(fd);
        fd = -1;
    }
    if (fd < 0) {
        free(*path);
        *path = NULL;
    }
    return fd;
}

void eae_temp_remove(char *path)
{
    if (!path)
        return;
    unlink(path);
    pthread_mutex_lock(&temp_lock);
    for (int i = 0; i < TEMP_MAX; i++) {
        if (strcmp(temp_names[i], path) == 0)
            release_temp(i);
    }
    pthread_mutex_unlock(&temp_lock);
    free(path);
}

bool eae_hash_file(const char *path, eae_hash *hash)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) /* a pipe has been read, and may block */
        return false;
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    eae_hasher *h = eae_hasher_new();
    char *bytes = eae_malloc(BUFFER_SIZE, 1);
    size_t n;
    while ((n = fread(bytes, 1, BUFFER_SIZE, f)) > 0)
        eae_hasher_add(h, bytes, n);
    bool whole = !ferror(f);
    fclose(f);
    *hash = eae_hasher_value(h);
    eae_hasher_free(h);
    free(bytes);
    return whole;
}

int eae_read_file(const char *path, char **text, size_t *length)
{
    *text = NULL;
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return eae_fail_errno("%s: cannot open", path);
    eae_buffer b = {0};
    ssize_t got;
    do {
        char *to = eae_buffer_reserve(&b, 1 << 16);
        got = read(fd, to, 1 << 16);
        if (got > 0)
            b.length += (size_t)got;
    } while (got > 0 || (got < 0 && errno == EINTR));
    int status = got < 0 ? eae_fail_errno("%s: cannot read", path) : EAE_OK;
    close(fd);
    if (status != EAE_OK) {
        eae_buffer_free(&b);
        return status;
    }
    b.data[b.length] = '\0'; /* reserve() always leaves room for it */
    *text = b.data;
    if (length)
        *length = b.length;
    return EAE_OK;
}
