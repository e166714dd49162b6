/* inflate.c - see inflate.h. */
#include "matrix/inflate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/threads.h"

enum { STEP = 1 << 20, BGZF_GROUP = 512 };

bool eae_is_gzip(const char *bytes, size_t n)
{
    return n >= 3 && memcmp(bytes, "\x1f\x8b\x08", 3) == 0;
}

/* ---- members one after the other ---------------------------------------------------------- */

/* What follows a member: another one, zero padding, or rubbish. */
static int after_member(z_stream *z, const char *end, const char *name, bool *another)
{
    const char *p = (const char *)z->next_in;
    *another = eae_is_gzip(p, (size_t)(end - p));
    if (*another)
        return inflateReset(z) == Z_OK ? EAE_OK : eae_fail("%s: cannot decompress", name);
    for (; p < end; p++) {
        if (*p != '\0')
            return eae_fail("%s: rubbish after the end of the gzip data", name);
    }
    return EAE_OK;
}

static int inflate_members(z_stream *z, eae_text_source *s, const char *end, const char *name)
{
    for (bool another = true; another;) {
        size_t room, left = (size_t)(end - (const char *)z->next_in);
        z->next_out = (Bytef *)eae_sink_room(s, &room);
        if (room == 0)
            return eae_sink_full(s);
        uInt space = room < STEP ? (uInt)room : STEP;
        z->avail_out = space;
        z->avail_in = left < 1u << 30 ? (uInt)left : 1u << 30;
        int code = inflate(z, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return eae_fail("%s: damaged gzip data: %s", name, z->msg ? z->msg : "unknown error");
        bool stuck = code != Z_STREAM_END && z->avail_out > 0 && z->next_in == (const Bytef *)end;
        if (!eae_sink_add(s, space - z->avail_out))
            return EAE_OK;
        if (stuck)
            return eae_fail("%s: the gzip data end too early", name);
        if (code == Z_STREAM_END) {
            int status = after_member(z, end, name, &another);
            if (status != EAE_OK)
                return status;
        }
    }
    return EAE_OK;
}

static int inflate_serial(eae_text_source *s, const char *bytes, size_t n, const char *name)
{
    z_stream z = {0};
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return eae_fail("%s: no memory to decompress", name);
    z.next_in = (z_const Bytef *)bytes;
    int status = inflate_members(&z, s, bytes + n, name);
    inflateEnd(&z);
    return status;
}

/* ---- BGZF: members in parallel ------------------------------------------------------------ */

typedef struct {
    const char *in;
    size_t in_size;
    char *out;
    size_t out_size;
} block;

typedef struct {
    block *blocks;
    const char *name;
} block_work;

static uint32_t read_le(const char *p, int bytes)
{
    uint32_t x = 0;
    for (int i = bytes - 1; i >= 0; i--)
        x = x << 8 | (unsigned char)p[i];
    return x;
}

/* The length of the BGZF member at p, 0 if it is none: the extra field must be `BC` alone. */
static size_t bgzf_length(const char *p, size_t n)
{
    if (n < 26 || !eae_is_gzip(p, n) || p[3] != 4 || read_le(p + 10, 2) != 6 ||
        memcmp(p + 12, "BC\2\0", 4) != 0)
        return 0;
    size_t length = read_le(p + 16, 2) + 1;
    return length >= 26 && length <= n ? length : 0;
}

static int inflate_block(void *context, int64_t task, int worker)
{
    (void)worker;
    const block_work *work = context;
    const block *b = work->blocks + task;
    z_stream z = {.next_in = (z_const Bytef *)b->in, .avail_in = (uInt)b->in_size};
    char none = 0; /* an empty member (the end mark) has no place of its own */
    z.next_out = (Bytef *)(b->out_size ? b->out : &none);
    z.avail_out = (uInt)b->out_size;
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return eae_fail("%s: no memory to decompress", work->name);
    int code = inflate(&z, Z_FINISH);
    bool good = code == Z_STREAM_END && z.avail_out == 0 && z.avail_in == 0;
    const char *why = z.msg ? z.msg : "wrong length";
    inflateEnd(&z);
    return good ? EAE_OK : eae_fail("%s: damaged gzip data: %s", work->name, why);
}

/* The next members into blocks[]; *used input bytes; how many. */
static int collect_blocks(block *blocks, const char *bytes, size_t n, char *out, size_t room,
                          size_t *used, size_t *made)
{
    int count = 0;
    *used = *made = 0;
    while (count < BGZF_GROUP) {
        size_t length = bgzf_length(bytes + *used, n - *used);
        if (length == 0)
            break;
        size_t size = read_le(bytes + *used + length - 4, 4);
        if (size > 65536 || size > room - *made)
            break;
        blocks[count++] = (block){bytes + *used, length, out + *made, size};
        *used += length;
        *made += size;
    }
    return count;
}

static int inflate_bgzf(eae_text_source *s, const char *bytes, size_t n, const char *name,
                        int threads)
{
    block *blocks = EAE_NEW_ARRAY(block, BGZF_GROUP);
    block_work work = {blocks, name};
    int status = EAE_OK;
    bool go_on = true;
    while (n > 0 && go_on) {
        size_t room, used, made;
        char *out = eae_sink_room(s, &room);
        int count = collect_blocks(blocks, bytes, n, out, room, &used, &made);
        if (count == 0) { /* no longer BGZF, or no room: the plain way says what is wrong */
            status = inflate_serial(s, bytes, n, name);
            break;
        }
        status = eae_parallel(threads, count, inflate_block, &work);
        if (status != EAE_OK)
            break;
        go_on = eae_sink_add(s, made);
        bytes += used;
        n -= used;
    }
    free(blocks);
    return status;
}

int eae_inflate(eae_text_source *s, const char *bytes, size_t n, const char *name, int threads)
{
    if (bgzf_length(bytes, n) > 0)
        return inflate_bgzf(s, bytes, n, name, threads);
    return inflate_serial(s, bytes, n, name);
}
