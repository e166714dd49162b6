/*
 * text_source.c - see text_source.h: recognising compression, the decompressing thread, and its
 * memory. The formats themselves are in inflate.c (gzip) and at the end of this file (libarchive).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_NORESERVE, madvise */
#endif
#include "matrix/text_source.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/archive_load.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/number.h"
#include "matrix/inflate.h"

struct eae_text_source {
    const char *name;
    const char *input;
    size_t input_size;
    int threads;
    bool compressed;
    char *room; /* reserved memory, room_size bytes */
    size_t room_size;
    pthread_t thread;
    pthread_mutex_t lock; /* for the rest */
    pthread_cond_t more;
    size_t length;
    bool done;
    bool stop;
    int status;
    char *message;
};

/* ---- the producer's side ---------------------------------------------------------------- */

char *eae_sink_room(eae_text_source *s, size_t *room)
{
    *room = s->room_size - s->length; /* only the producer changes length */
    return s->room + s->length;
}

bool eae_sink_add(eae_text_source *s, size_t n)
{
    pthread_mutex_lock(&s->lock);
    s->length += n;
    bool go_on = !s->stop;
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

int eae_sink_full(const eae_text_source *s)
{
    char room[EAE_NUMBER_TEXT];
    eae_format_size((double)s->room_size, room);
    return eae_fail("%s: more than %s of text when decompressed, which does not fit in memory; "
                    "decompress it into a file first",
                    s->name, room);
}

static int decompress_archive(eae_text_source *s);

static void *produce(void *context)
{
    eae_text_source *s = context;
    int status = eae_is_gzip(s->input, s->input_size)
                     ? eae_inflate(s, s->input, s->input_size, s->name, s->threads)
                     : decompress_archive(s);
    pthread_mutex_lock(&s->lock);
    s->status = status;
    if (status != EAE_OK)
        s->message = eae_strdup(eae_message());
    s->done = true;
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- the consumer's side ---------------------------------------------------------------- */

static bool starts_with(const char *bytes, size_t n, const char *magic, size_t length)
{
    return n >= length && memcmp(bytes, magic, length) == 0;
}

static bool is_compressed(const char *bytes, size_t n)
{
    return eae_is_gzip(bytes, n) || starts_with(bytes, n, "BZh", 3) ||
           starts_with(bytes, n,
                       "\xfd"
                       "7zXZ",
                       6) ||
           starts_with(bytes, n, "\x28\xb5\x2f\xfd", 4);
}

/* As much address space as there is memory to fill it; less if a limit is set on it. */
static int reserve(eae_text_source *s)
{
    const size_t least = 1 << 24;
    uint64_t want = eae_memory_available();
    s->room_size = want < least ? least : want > (1ull << 44) ? 1ull << 44 : (size_t)want;
    s->room_size &= ~(size_t)0xffff;
    for (; s->room_size >= least; s->room_size = s->room_size / 2 & ~(size_t)0xffff) {
        void *p = mmap(NULL, s->room_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p != MAP_FAILED) {
            s->room = p;
            madvise(p, s->room_size, MADV_HUGEPAGE);
            return EAE_OK;
        }
    }
    return eae_fail_errno("%s: no memory to decompress into", s->name);
}

int eae_text_source_open(eae_text_source **out, const char *bytes, size_t n, const char *name,
                         int threads)
{
    eae_text_source *s = EAE_NEW(eae_text_source);
    *s = (eae_text_source){.name = name, .input = bytes, .input_size = n, .threads = threads};
    *out = s;
    if (!is_compressed(bytes, n))
        return EAE_OK;
    if (reserve(s) == EAE_OK) {
        pthread_mutex_init(&s->lock, NULL);
        pthread_cond_init(&s->more, NULL);
        s->compressed = pthread_create(&s->thread, NULL, produce, s) == 0;
        if (s->compressed)
            return EAE_OK;
        eae_fail("%s: cannot start a thread to decompress", name);
    }
    eae_text_source_close(s);
    *out = NULL;
    return EAE_FAIL;
}

/* Some programs begin UTF-8 with a byte order mark, which is not part of the text. */
static void skip_mark(const char **data, size_t *length)
{
    size_t mark = starts_with(*data, *length, "\xef\xbb\xbf", 3) ? 3 : 0;
    *data += mark;
    *length -= mark;
}

int eae_text_source_wait(eae_text_source *s, size_t need, eae_text *text)
{
    if (!s->compressed) {
        *text = (eae_text){s->name, s->input, s->input_size, true};
        skip_mark(&text->data, &text->length);
        return EAE_OK;
    }
    pthread_mutex_lock(&s->lock);
    while (!s->done && s->length < need)
        pthread_cond_wait(&s->more, &s->lock);
    *text = (eae_text){s->name, s->room, s->length, s->done};
    int status = s->done ? s->status : EAE_OK;
    if (status != EAE_OK)
        eae_set_message(s->message);
    pthread_mutex_unlock(&s->lock);
    skip_mark(&text->data, &text->length);
    return status;
}

void eae_text_source_close(eae_text_source *s)
{
    if (!s)
        return;
    if (s->compressed) {
        pthread_mutex_lock(&s->lock);
        s->stop = true;
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
        pthread_mutex_destroy(&s->lock);
        pthread_cond_destroy(&s->more);
    }
    if (s->room)
        munmap(s->room, s->room_size);
    free(s->message);
    free(s);
}

int eae_text_read_file(const char *path, char **text, size_t *length)
{
    char *bytes;
    size_t n;
    eae_text_source *source = NULL;
    eae_text whole = {0};
    *text = NULL;
    if (eae_read_file(path, &bytes, &n) != EAE_OK)
        return EAE_FAIL;
    int status = eae_text_source_open(&source, bytes, n, path, 1);
    if (status == EAE_OK)
        status = eae_text_source_wait(source, SIZE_MAX, &whole);
    if (status == EAE_OK) {
        *text = eae_strndup(whole.data, whole.length);
        *length = whole.length;
    }
    eae_text_source_close(source);
    free(bytes);
    return status;
}

/* ---- bzip2, xz, zstd by libarchive ------------------------------------------------------- */

typedef struct {
    eae_archive_library lib;
    struct archive *archive;
} reader;

static int archive_failure(const eae_text_source *s, const reader *r)
{
    const char *why = r->lib.error_string(r->archive);
    return eae_fail("%s: damaged compressed data: %s", s->name, why ? why : "unknown error");
}

static int copy_archive(eae_text_source *s, const reader *r)
{
    struct archive_entry *entry;
    int got = r->lib.read_next_header(r->archive, &entry);
    if (got == ARCHIVE_EOF)
        return EAE_OK;
    if (got != ARCHIVE_OK)
        return archive_failure(s, r);
    if (r->lib.filter_code(r->archive, 0) ==
        ARCHIVE_FILTER_NONE) /* its first bytes are not right */
        return eae_fail("%s: damaged compressed data: no such stream begins here", s->name);
    for (;;) {
        size_t room;
        char *to = eae_sink_room(s, &room);
        if (room == 0)
            return eae_sink_full(s);
        la_ssize_t n = r->lib.read_data(r->archive, to, room < 1 << 20 ? room : 1 << 20);
        if (n < 0)
            return archive_failure(s, r);
        if (n == 0 || !eae_sink_add(s, (size_t)n))
            return EAE_OK;
    }
}

static int decompress_archive(eae_text_source *s)
{
    reader r;
    int status = eae_archive_load(&r.lib);
    if (status != EAE_OK)
        return eae_fail_within(status, "%s", s->name);
    r.archive = r.lib.read_new();
    if (!r.archive)
        return eae_fail("%s: no memory to decompress", s->name);
    r.lib.read_support_filter_bzip2(r.archive);
    r.lib.read_support_filter_xz(r.archive);
    r.lib.read_support_filter_zstd(r.archive);
    r.lib.read_support_format_raw(r.archive);
    if (r.lib.read_open_memory(r.archive, s->input, s->input_size) != ARCHIVE_OK)
        status = archive_failure(s, &r);
    else
        status = copy_archive(s, &r);
    r.lib.read_free(r.archive);
    return status;
}
