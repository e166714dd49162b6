/* object.c - objects are verified before a byte of them goes out; see store.h. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "cache/store.h"

/* Beyond SMALL an object is hashed in place by all threads and read again; the second reading
 * comes from the page cache. */
enum { SMALL = 8 << 20, PIECE = 1 << 20, RENEW_SECONDS = EAE_CACHE_LEASE / 4 };

static int read_small(eae_object *o, const char *name)
{
    size_t n = (size_t)o->size, done = 0;
    o->bytes = eae_malloc(n ? n : 1, 1);
    while (done < n) {
        ssize_t got = read(o->fd, o->bytes + done, n - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return eae_fail_errno("%s: cannot read", name);
        if (got == 0)
            return eae_fail("%s: became shorter while it was read", name);
        done += (size_t)got;
    }
    return EAE_OK;
}

/* The hash of what is there; that of large objects in place. */
static int take(const eae_store *s, eae_object *o, const char *name, eae_hash *hash)
{
    uint64_t size;
    if (o->size > SMALL)
        return eae_content_hash_file(o->fd, 0, s->threads, name, hash, &size);
    int status = read_small(o, name);
    if (status == EAE_OK)
        *hash = eae_content_hash_bytes(o->bytes, (size_t)o->size);
    return status;
}

/* EAE_FAIL: it could not be read; *why: it was, and is not what it should be. */
static int open_once(const eae_store *s, const eae_hash *hash, eae_object *o, const char **why)
{
    struct stat st;
    eae_hash have = {{0}};
    eae_store_touch(s, "objects", hash);
    o->fd = eae_store_read(s, "objects", hash, &st);
    if (o->fd < 0)
        return EAE_MISS;
    if ((uint64_t)st.st_size != o->size) {
        *why = "has another length than its entry says";
        return EAE_OK;
    }
    int status = take(s, o, "object", &have);
    if (status == EAE_OK && !eae_hash_equal(&have, hash))
        *why = "is damaged: its hash is not its name";
    return status;
}

int eae_object_open(const eae_store *s, const eae_hash *hash, uint64_t size, eae_object *o)
{
    *o = (eae_object){.fd = -1, .size = size};
    if (size == 0) {
        o->bytes = eae_malloc(1, 1);
        return EAE_OK;
    }
    const char *why = NULL;
    int status = open_once(s, hash, o, &why);
    if (status == EAE_FAIL && errno == ESTALE) { /* replaced on another host just now (NFS) */
        eae_object_close(o);
        o->size = size;
        status = open_once(s, hash, o, &why);
    }
    if (status == EAE_FAIL)
        why = eae_message(); /* a bad disk: as good as damaged */
    if (why)
        eae_store_quarantine(s, "objects", hash, why);
    if (why || status != EAE_OK) {
        eae_object_close(o);
        return EAE_MISS;
    }
    return EAE_OK;
}

/* Renews the lease of an object while its bytes go out: a reader may take its time. */
typedef struct {
    int fd;
    bool finished;
    pthread_mutex_t lock;
    pthread_cond_t wake;
} renewal;

static void *renew(void *argument)
{
    renewal *r = argument;
    pthread_mutex_lock(&r->lock);
    while (!r->finished) {
        struct timespec until;
        futimens(r->fd, NULL); /* refused where it is not ours: a group's cache */
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += RENEW_SECONDS;
        pthread_cond_timedwait(&r->wake, &r->lock, &until);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static int send_large(const eae_object *o, eae_object_sink sink, void *to)
{
    char *piece = eae_malloc(PIECE, 1);
    int status = EAE_OK;
    for (uint64_t at = 0; at < o->size && status == EAE_OK;) {
        ssize_t got = pread(o->fd, piece, PIECE, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            status = eae_fail("object of the cache: cannot read it to its end");
        else
            status = sink(to, piece, (size_t)got);
        at += got > 0 ? (uint64_t)got : 0;
    }
    free(piece);
    return status;
}

int eae_object_each(const eae_object *o, eae_object_sink sink, void *to)
{
    renewal r = {.fd = o->fd, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    pthread_t thread;
    if (o->bytes)
        return sink(to, o->bytes, (size_t)o->size);
    bool renewed = pthread_create(&thread, NULL, renew, &r) == 0;
    int status = send_large(o, sink, to);
    if (renewed) {
        pthread_mutex_lock(&r.lock);
        r.finished = true;
        pthread_cond_signal(&r.wake);
        pthread_mutex_unlock(&r.lock);
        pthread_join(thread, NULL);
    }
    return status;
}

static int to_output(void *to, const void *bytes, size_t n)
{
    return eae_output_write(to, bytes, n);
}

int eae_object_send(const eae_object *o, eae_output *out)
{
    return eae_object_each(o, to_output, out);
}

void eae_object_close(eae_object *o)
{
    if (o->fd >= 0)
        close(o->fd);
    free(o->bytes);
    *o = (eae_object){.fd = -1};
}
