/* content_hash.c - see content_hash.h. */
#include "base/content_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/threads.h"

/* What is read at once: it is still in the second-level cache when it is hashed. */
enum { PIECE = 1 << 18, PARALLEL_MIN = 4 * EAE_HASH_CHUNK };

struct eae_content_hasher {
    eae_hasher *chunk;
    size_t in_chunk; /* bytes of it */
    uint64_t size;
    eae_buffer chunks; /* hashes of the finished ones */
};

static eae_hash of_chunks(const void *hashes, size_t n, uint64_t size)
{
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(size >> (8 * i));
    eae_hasher *h = eae_hasher_new();
    eae_hasher_add(h, hashes, n);
    eae_hasher_add(h, length, sizeof length);
    eae_hash value = eae_hasher_value(h);
    eae_hasher_free(h);
    return value;
}

eae_content_hasher *eae_content_hasher_new(void)
{
    eae_content_hasher *h = EAE_NEW(eae_content_hasher);
    h->chunk = eae_hasher_new();
    return h;
}

static void finish_chunk(eae_content_hasher *h)
{
    eae_hash value = eae_hasher_value(h->chunk);
    eae_buffer_add(&h->chunks, value.byte, sizeof value.byte);
    eae_hasher_free(h->chunk);
    h->chunk = eae_hasher_new();
    h->in_chunk = 0;
}

void eae_content_hasher_add(eae_content_hasher *h, const void *bytes, size_t n)
{
    const char *p = bytes;
    h->size += n;
    while (n > 0) {
        if (h->in_chunk == EAE_HASH_CHUNK) /* now that it is known not to be the only one */
            finish_chunk(h);
        size_t room = EAE_HASH_CHUNK - h->in_chunk, take = n < room ? n : room;
        eae_hasher_add(h->chunk, p, take);
        h->in_chunk += take;
        p += take;
        n -= take;
    }
}

eae_hash eae_content_hasher_value(eae_content_hasher *h)
{
    if (h->size <= EAE_HASH_CHUNK)
        return eae_hasher_value(h->chunk);
    if (h->in_chunk > 0)
        finish_chunk(h);
    return of_chunks(h->chunks.data, h->chunks.length, h->size);
}

void eae_content_hasher_free(eae_content_hasher *h)
{
    if (!h)
        return;
    eae_hasher_free(h->chunk);
    eae_buffer_free(&h->chunks);
    free(h);
}

eae_hash eae_content_hash_bytes(const void *bytes, size_t n)
{
    if (n <= EAE_HASH_CHUNK)
        return eae_hash_bytes(bytes, n);
    eae_content_hasher *h = eae_content_hasher_new();
    eae_content_hasher_add(h, bytes, n);
    eae_hash value = eae_content_hasher_value(h);
    eae_content_hasher_free(h);
    return value;
}

/* ---- files --------------------------------------------------------------------------------- */

typedef struct {
    int fd;
    off_t from;
    uint64_t size;
    const char *name;
    eae_hash *hash; /* of each chunk */
    char *scratch;  /* PIECE bytes for each worker */
} file_job;

static int read_piece(const file_job *job, char *to, size_t n, uint64_t at)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(job->fd, to + done, n - done, job->from + (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return eae_fail_errno("%s: cannot read", job->name);
        if (got == 0)
            return eae_fail("%s: became shorter while it was read", job->name);
        done += (size_t)got;
    }
    return EAE_OK;
}

static int hash_chunk(void *context, int64_t task, int worker)
{
    file_job *job = context;
    char *piece = job->scratch + (size_t)worker * PIECE;
    uint64_t at = (uint64_t)task * EAE_HASH_CHUNK;
    uint64_t end = at + EAE_HASH_CHUNK < job->size ? at + EAE_HASH_CHUNK : job->size;
    eae_hasher *h = eae_hasher_new();
    int status = EAE_OK;
    while (at < end && status == EAE_OK) {
        size_t n = end - at < PIECE ? (size_t)(end - at) : PIECE;
        status = read_piece(job, piece, n, at);
        if (status == EAE_OK)
            eae_hasher_add(h, piece, n);
        at += n;
    }
    job->hash[task] = eae_hasher_value(h);
    eae_hasher_free(h);
    return status;
}

int eae_content_hash_file(int fd, off_t from, int threads, const char *name, eae_hash *hash,
                          uint64_t *size)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return eae_fail_errno("%s", name);
    file_job job = {.fd = fd,
                    .from = from,
                    .size = st.st_size > from ? (uint64_t)(st.st_size - from) : 0,
                    .name = name};
    int64_t chunks = (int64_t)((job.size + EAE_HASH_CHUNK - 1) / EAE_HASH_CHUNK);
    chunks = chunks ? chunks : 1;
    threads = job.size < PARALLEL_MIN ? 1 : threads;
    job.hash = EAE_NEW_ARRAY(eae_hash, chunks);
    job.scratch = eae_malloc((size_t)threads, PIECE);
    int status = eae_parallel(threads, chunks, hash_chunk, &job);
    *size = job.size;
    *hash = chunks == 1 ? job.hash[0]
                        : of_chunks(job.hash, sizeof(eae_hash) * (size_t)chunks, job.size);
    free(job.hash);
    free(job.scratch);
    return status;
}
