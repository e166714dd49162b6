/* journal.c - see journal.h. */
#include "exec/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"

enum { COMMIT_MS = 100, READ_SIZE = 1 << 18 };

struct eae_journal {
    char *path;
    int fd;
    int status;         /* of writing: sticky */
    eae_buffer pending; /* frames that are not in the file yet */
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    bool dirty, stop;
    int error; /* errno of a failed sync: sticky */
    int *attached;
    int attached_count;
};

/* ---- making it durable ------------------------------------------------------------------------
 */

/* Data first: a record that is there should have its output. Some file systems cannot sync. */
static int sync_files(const int *attached, int count, int fd)
{
    int error = 0;
    for (int i = 0; i <= count && error == 0; i++) {
        if (fdatasync(i < count ? attached[i] : fd) != 0 && errno != EINVAL && errno != EROFS)
            error = errno;
    }
    return error;
}

/* With the lock held, which is released while the disk works. */
static void commit(eae_journal *j)
{
    int count = j->attached_count;
    int *attached = eae_malloc((size_t)count, sizeof *attached);
    if (count > 0)
        memcpy(attached, j->attached, (size_t)count * sizeof *attached);
    j->dirty = false;
    pthread_mutex_unlock(&j->lock);
    int error = sync_files(attached, count, j->fd);
    free(attached);
    pthread_mutex_lock(&j->lock);
    if (error)
        j->error = error;
}

static void in_a_while(struct timespec *t)
{
    clock_gettime(CLOCK_REALTIME, t);
    t->tv_nsec += COMMIT_MS * 1000000L;
    t->tv_sec += t->tv_nsec / 1000000000L;
    t->tv_nsec %= 1000000000L;
}

static void *keep_committing(void *argument)
{
    eae_journal *j = argument;
    pthread_mutex_lock(&j->lock);
    while (!j->stop) {
        if (!j->dirty) {
            pthread_cond_wait(&j->changed, &j->lock);
            continue;
        }
        struct timespec until;
        in_a_while(&until);
        while (!j->stop && pthread_cond_timedwait(&j->changed, &j->lock, &until) != ETIMEDOUT)
            continue; /* more comes: it goes with the same commit */
        if (!j->stop)
            commit(j);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

static int failed(eae_journal *j, int error)
{
    errno = error;
    j->status = eae_fail_errno("%s: cannot write", j->path);
    return j->status;
}

static int sync_error(eae_journal *j)
{
    pthread_mutex_lock(&j->lock);
    int error = j->error;
    pthread_mutex_unlock(&j->lock);
    return error ? failed(j, error) : EAE_OK;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

/* The name of a new file is durable only with its directory. */
static int sync_directory_of(const char *path)
{
    char *copy = eae_strdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
                     ? eae_fail_errno("%s: cannot make its name durable", path)
                     : EAE_OK;
    if (fd >= 0)
        close(fd);
    free(copy);
    return status;
}

int eae_journal_create(eae_journal **out, const char *path, const eae_writer_id *id)
{
    eae_buffer who = {0};
    eae_journal *j = EAE_NEW(eae_journal);
    j->path = eae_strdup(path);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, NULL);
    j->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    int status = j->fd < 0 ? eae_fail_errno("%s: cannot create", path) : EAE_OK;
    eae_writer_id_put(&who, id);
    if (status == EAE_OK)
        status = eae_journal_add(j, EAE_JOURNAL_WRITER, &who);
    if (status == EAE_OK)
        status = eae_journal_sync(j);
    if (status == EAE_OK)
        status = sync_directory_of(path);
    eae_buffer_free(&who);
    *out = j;
    if (status != EAE_OK) {
        j->status = status;
        eae_journal_close(j);
        *out = NULL;
    }
    return status;
}

static void mark_dirty(eae_journal *j)
{
    pthread_mutex_lock(&j->lock);
    bool first = !j->dirty;
    j->dirty = true;
    if (!j->threaded)
        j->threaded = pthread_create(&j->thread, NULL, keep_committing, j) == 0;
    else if (first)
        pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

int eae_journal_add(eae_journal *j, eae_journal_type type, const eae_buffer *payload)
{
    if (j->status == EAE_OK)
        eae_put_frame(&j->pending, type, payload->data, payload->length);
    return j->status;
}

int eae_journal_flush(eae_journal *j)
{
    if (j->status == EAE_OK)
        sync_error(j);
    if (j->status != EAE_OK || j->pending.length == 0)
        return j->status;
    j->status = eae_write_all(j->fd, j->pending.data, j->pending.length, j->path);
    j->pending.length = 0;
    mark_dirty(j);
    return j->status;
}

int eae_journal_sync(eae_journal *j)
{
    if (eae_journal_flush(j) != EAE_OK)
        return j->status;
    pthread_mutex_lock(&j->lock);
    commit(j);
    pthread_mutex_unlock(&j->lock);
    return sync_error(j);
}

void eae_journal_attach(eae_journal *j, int fd)
{
    pthread_mutex_lock(&j->lock);
    j->attached = eae_realloc(j->attached, (size_t)j->attached_count + 1, sizeof *j->attached);
    j->attached[j->attached_count++] = fd;
    pthread_mutex_unlock(&j->lock);
}

int eae_journal_close(eae_journal *j)
{
    if (!j)
        return EAE_OK;
    pthread_mutex_lock(&j->lock);
    j->stop = true;
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
    if (j->threaded)
        pthread_join(j->thread, NULL);
    int status = eae_journal_sync(j);
    if (j->fd >= 0 && close(j->fd) != 0 && status == EAE_OK)
        status = eae_fail_errno("%s: cannot write", j->path);
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->changed);
    eae_buffer_free(&j->pending);
    free(j->attached);
    free(j->path);
    free(j);
    return status;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

/* The frames at the beginning of bytes[0..n-1]; *used: how far. */
static int take_frames(const char *bytes, size_t n, size_t *used, bool *damaged, eae_journal_fn fn,
                       void *context)
{
    *used = 0;
    for (;;) {
        uint32_t type;
        eae_cursor payload;
        int64_t length = eae_get_frame(bytes + *used, n - *used, &type, &payload);
        *damaged = length < 0;
        if (length <= 0)
            return EAE_OK;
        *used += (size_t)length;
        int status = fn(context, type, &payload);
        if (status != EAE_OK)
            return status;
    }
}

static ssize_t read_more(int fd, eae_buffer *b, uint64_t offset)
{
    char *to = eae_buffer_reserve(b, READ_SIZE);
    ssize_t got;
    do
        got = pread(fd, to, READ_SIZE, (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        b->length += (size_t)got;
    return got;
}

int eae_journal_read(const char *path, uint64_t *offset, bool *damaged, eae_journal_fn fn,
                     void *context)
{
    eae_buffer b = {0};
    bool bad = false;
    int status = EAE_OK;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return eae_fail_errno("%s: cannot open", path);
    while (status == EAE_OK && !bad && (got = read_more(fd, &b, *offset + b.length)) != 0) {
        size_t used;
        if (got < 0) {
            status = eae_fail_errno("%s: cannot read", path);
            break;
        }
        status = take_frames(b.data, b.length, &used, &bad, fn, context);
        memmove(b.data, b.data + used, b.length - used);
        b.length -= used;
        *offset += used;
    }
    if (damaged)
        *damaged = bad;
    close(fd);
    eae_buffer_free(&b);
    return status;
}

void eae_writer_id_put(eae_buffer *b, const eae_writer_id *id)
{
    eae_put_text(b, id->host);
    eae_put_text(b, id->boot);
    eae_put_text(b, id->identity);
    eae_put_i64(b, id->pid);
    eae_put_u64(b, id->ticks);
}

void eae_writer_id_get(eae_cursor *c, eae_writer_id *id)
{
    id->host = eae_get_text(c);
    id->boot = eae_get_text(c);
    id->identity = eae_get_text(c);
    id->pid = eae_get_i64(c);
    id->ticks = eae_get_u64(c);
}
