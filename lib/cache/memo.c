/* memo.c - see memo.h. A memo is a file under memo/: the hash of its name and text, both with their
 * lengths, so that whatever happened to it is noticed. */
#include "cache/memo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MEMO_MAX = 1 << 20 };

static eae_hash check_of(const char *name, const char *text, size_t n)
{
    eae_hasher *h = eae_hasher_new();
    eae_hasher_add(h, name, strlen(name) + 1);
    eae_hasher_add(h, text, n);
    eae_hash check = eae_hasher_value(h);
    eae_hasher_free(h);
    return check;
}

bool eae_memo_get(const eae_store *s, const char *name, eae_buffer *text)
{
    struct stat st;
    eae_hash id = eae_hash_bytes(name, strlen(name));
    int fd = eae_store_read(s, "memo", &id, &st);
    if (fd < 0)
        return false;
    const size_t head = sizeof(eae_hash);
    bool good = st.st_size >= (off_t)head && st.st_size <= MEMO_MAX;
    if (good) {
        size_t n = (size_t)st.st_size;
        char *bytes = eae_malloc(n, 1);
        good = read(fd, bytes, n) == (ssize_t)n;
        eae_hash check = check_of(name, bytes + head, n - head);
        good = good && memcmp(bytes, check.byte, head) == 0;
        if (good)
            eae_buffer_add(text, bytes + head, n - head);
        free(bytes);
    }
    close(fd);
    return good;
}

void eae_memo_put(const eae_store *s, const char *name, const char *text, size_t n)
{
    eae_hash id = eae_hash_bytes(name, strlen(name)), check = check_of(name, text, n);
    eae_buffer b = {0};
    if (s->writable && n < MEMO_MAX - sizeof check) {
        eae_buffer_add(&b, check.byte, sizeof check);
        eae_buffer_add(&b, text, n);
        (void)eae_store_write(s, "memo", &id, b.data, b.length, NULL); /* costs time next time */
    }
    eae_buffer_free(&b);
}

/* The state of a file in words. */
static char *state_of(const struct stat *st)
{
    return eae_sprintf("file %ju %ju %jd %jd.%09ld %jd.%09ld", (uintmax_t)st->st_dev,
                       (uintmax_t)st->st_ino, (intmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec,
                       st->st_mtim.tv_nsec, (intmax_t)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

/* Also where a clock is wrong, and the change lies ahead. */
static bool is_recent(const struct stat *st)
{
    time_t now = time(NULL);
    return st->st_mtim.tv_sec + EAE_MEMO_RECENT >= now ||
           st->st_ctim.tv_sec + EAE_MEMO_RECENT >= now;
}

static bool remembered(const eae_store *s, const char *state, eae_hash *hash)
{
    eae_buffer text = {0};
    bool known = eae_memo_get(s, state, &text) && text.length == sizeof hash->byte;
    if (known)
        memcpy(hash->byte, text.data, sizeof hash->byte);
    eae_buffer_free(&text);
    return known;
}

int eae_memo_hash(const eae_store *s, int fd, const char *name, eae_hash *hash, uint64_t *size)
{
    struct stat before, after;
    if (fstat(fd, &before) != 0)
        return eae_fail_errno("%s", name);
    bool memo = before.st_size >= EAE_MEMO_MIN && !is_recent(&before);
    char *state = state_of(&before);
    *size = (uint64_t)before.st_size;
    int status = EAE_OK;
    if (!memo || !remembered(s, state, hash)) {
        status = eae_content_hash_file(fd, 0, s->threads, name, hash, size);
        if (status == EAE_OK && fstat(fd, &after) != 0)
            status = eae_fail_errno("%s", name);
        char *now = status == EAE_OK ? state_of(&after) : NULL;
        if (now && strcmp(state, now) != 0)
            status = eae_fail("%s: was changed while it was read", name);
        if (status == EAE_OK && memo)
            eae_memo_put(s, state, (const char *)hash->byte, sizeof hash->byte);
        free(now);
    }
    free(state);
    return status;
}
