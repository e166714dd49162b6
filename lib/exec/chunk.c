/* chunk.c - jobs packed for one worker; see batch.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "exec/batch.h"
#include "exec/batch_parts.h"

enum { CHUNK_TYPE = 0x43454145 };

eae_chunk *eae_chunk_new(const eae_batch *b, int64_t number, int count)
{
    eae_chunk *c = EAE_NEW(eae_chunk);
    c->number = number;
    c->count = count;
    c->job = EAE_NEW_ARRAY(int64_t, count);
    c->attempt = EAE_NEW_ARRAY(int, count);
    snprintf(c->name, sizeof c->name, "eae-%s-%lld", b->id, (long long)number);
    return c;
}

void eae_chunk_free(eae_chunk *c)
{
    if (!c)
        return;
    free(c->job);
    free(c->attempt);
    eae_names_free(&c->settings);
    free(c->handle);
    free(c->host);
    free(c->note);
    free(c);
}

static char *chunk_path(const eae_batch *b, int64_t number)
{
    return eae_sprintf("%s/chunks/%lld", b->path, (long long)number);
}

int eae_chunk_write(const eae_batch *b, const eae_chunk *c)
{
    eae_buffer payload = {0}, frame = {0};
    char *path = chunk_path(b, c->number);
    eae_put_i64(&payload, c->number);
    eae_put_u32(&payload, (uint32_t)c->count);
    for (int i = 0; i < c->count; i++) {
        eae_put_i64(&payload, c->job[i]);
        eae_put_u32(&payload, (uint32_t)c->attempt[i]);
    }
    if (c->settings.count > 0) /* else as eae-submit always wrote it */
        eae_put_words(&payload, &c->settings);
    eae_put_frame(&frame, CHUNK_TYPE, payload.data, payload.length);
    int status = eae_write_whole(path, frame.data, frame.length);
    eae_buffer_free(&payload);
    eae_buffer_free(&frame);
    free(path);
    return status;
}

/* NULL where the bytes are no such chunk. */
static eae_chunk *chunk_of(const eae_batch *b, int64_t number, const char *bytes, size_t n)
{
    uint32_t type;
    eae_cursor c;
    if (eae_get_frame(bytes, n, &type, &c) != (int64_t)n || type != CHUNK_TYPE)
        return NULL;
    int64_t written = eae_get_i64(&c);
    uint32_t count = eae_get_u32(&c);
    if (c.bad || written != number || (size_t)(c.end - c.at) < (size_t)count * 12)
        return NULL;
    eae_chunk *chunk = eae_chunk_new(b, number, (int)count);
    for (uint32_t i = 0; i < count; i++) {
        chunk->job[i] = eae_get_i64(&c);
        chunk->attempt[i] = (int)eae_get_u32(&c);
        c.bad = c.bad || chunk->job[i] < 0 || chunk->job[i] >= b->job_count;
    }
    if (c.at < c.end)
        eae_get_words(&c, &chunk->settings);
    if (eae_cursor_ok(&c))
        return chunk;
    eae_chunk_free(chunk);
    return NULL;
}

int eae_chunk_read(const eae_batch *b, int64_t number, eae_chunk **c)
{
    char *path = chunk_path(b, number), *bytes = NULL;
    size_t n;
    int status = eae_read_file(path, &bytes, &n);
    *c = status == EAE_OK ? chunk_of(b, number, bytes, n) : NULL;
    if (status == EAE_OK && !*c)
        status = eae_fail("%s: damaged", path);
    free(bytes);
    free(path);
    return status;
}
