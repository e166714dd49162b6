/* shards.c - see shards.h. */
#include "matrix/shards.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "matrix/format.h"

enum { PIECE = 1 << 20 };

/* ---- streams -----------------------------------------------------------------------------------
 */

static int merge_streams(int fd, const char *path, const eae_read_options *options)
{
    eae_bundle b = {0};
    eae_writer *w = NULL;
    char name[64];
    const char *operand = name;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd); /* opened anew: from its beginning */
    int status = eae_read(&b, &operand, 1, options);
    if (status == EAE_OK)
        status = eae_writer_open(&w, path, true);
    for (int i = 0; i < b.count && status == EAE_OK; i++)
        status = eae_writer_frame(w, b.frame[i]);
    if (w && status == EAE_OK)
        status = eae_writer_close(w);
    else if (w)
        eae_writer_discard(w);
    eae_bundle_free(&b);
    return status;
}

/* ---- text --------------------------------------------------------------------------------------
 */

/* Up to n bytes from `at` on; fewer only at the end of the file; -1 with a message. */
static ssize_t read_at(int fd, char *bytes, size_t n, uint64_t at)
{
    size_t have = 0;
    while (have < n) {
        ssize_t got = pread(fd, bytes + have, n - have, (off_t)(at + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            eae_fail_errno("cannot read what the shards wrote");
            return -1;
        }
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

/* The first line with its end, if it is a header: JSON has none. */
static size_t header_of(const char *bytes, size_t n)
{
    const char *end = n > 0 && *bytes != '{' ? memchr(bytes, '\n', n) : NULL;
    return end ? (size_t)(end - bytes) + 1 : 0;
}

static int copy_text(int fd, uint64_t from, uint64_t to, char *bytes, eae_output *out)
{
    int status = EAE_OK;
    while (from < to && status == EAE_OK) {
        size_t want = to - from < PIECE ? (size_t)(to - from) : PIECE;
        ssize_t got = read_at(fd, bytes, want, from);
        if (got <= 0)
            return got < 0 ? EAE_FAIL : eae_fail("what the shards wrote is cut short");
        status = eae_output_write(out, bytes, (size_t)got);
        from += (uint64_t)got;
    }
    return status;
}

static int merge_text(int fd, const uint64_t *end, int64_t parts, const char *path)
{
    eae_output *out;
    char *bytes = eae_malloc(PIECE, 1), *header = NULL;
    size_t length = 0;
    int status = eae_output_open(&out, path, false);
    for (int64_t i = 0; i < parts && status == EAE_OK; i++) {
        uint64_t from = i > 0 ? end[i - 1] : 0;
        size_t want = end[i] - from < PIECE ? (size_t)(end[i] - from) : PIECE;
        ssize_t got = read_at(fd, bytes, want, from);
        if (got < 0)
            status = EAE_FAIL;
        if (got <= 0)
            continue;
        size_t n = header_of(bytes, (size_t)got);
        if (!header) {
            header = eae_strndup(bytes, n);
            length = n;
        } else if (n > 0 && n == length && memcmp(bytes, header, n) == 0) {
            from += n;
        }
        status = copy_text(fd, from, end[i], bytes, out);
    }
    free(header);
    free(bytes);
    if (status == EAE_OK)
        return eae_output_close(out);
    eae_output_discard(out);
    return status;
}

int eae_merge_shards(int fd, const uint64_t *end, int64_t parts, const char *path,
                     const eae_read_options *options)
{
    char magic[EAE_MAGIC_SIZE];
    ssize_t got = read_at(fd, magic, sizeof magic, 0);
    if (got < 0)
        return EAE_FAIL;
    if (got == EAE_MAGIC_SIZE && memcmp(magic, eae_frame_magic, EAE_MAGIC_SIZE) == 0)
        return merge_streams(fd, path, options);
    return merge_text(fd, end, parts, path);
}
