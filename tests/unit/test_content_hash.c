/*
 * test_content_hash.c - the hash of contents: what the manual says it is, for any pieces and
 * threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/content_hash.h"
#include "base/files.h"
#include "base/memory.h"

/* Its definition, step by step. */
static eae_hash by_definition(const char *bytes, size_t n)
{
    if (n <= EAE_HASH_CHUNK)
        return eae_hash_bytes(bytes, n);
    eae_buffer b = {0};
    for (size_t at = 0; at < n; at += EAE_HASH_CHUNK) {
        size_t length = n - at < EAE_HASH_CHUNK ? n - at : EAE_HASH_CHUNK;
        eae_hash h = eae_hash_bytes(bytes + at, length);
        eae_buffer_add(&b, h.byte, sizeof h.byte);
    }
    for (int i = 0; i < 8; i++)
        eae_buffer_putc(&b, (char)(n >> (8 * i)));
    eae_hash value = eae_hash_bytes(b.data, b.length);
    eae_buffer_free(&b);
    return value;
}

static char *some_bytes(size_t n)
{
    char *bytes = eae_malloc(n + 1, 1);
    uint32_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (char)(x >> 24);
    }
    return bytes;
}

static eae_hash in_pieces(const char *bytes, size_t n, size_t piece)
{
    eae_content_hasher *h = eae_content_hasher_new();
    for (size_t at = 0; at < n; at += piece)
        eae_content_hasher_add(h, bytes + at, n - at < piece ? n - at : piece);
    eae_hash value = eae_content_hasher_value(h);
    eae_content_hasher_free(h);
    return value;
}

static void same(const eae_hash *a, const eae_hash *b)
{
    assert_memory_equal(a->byte, b->byte, sizeof a->byte);
}

static void every_way_gives_the_definition(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   100,
                                   EAE_HASH_CHUNK - 1,
                                   EAE_HASH_CHUNK,
                                   EAE_HASH_CHUNK + 1,
                                   2 * EAE_HASH_CHUNK,
                                   5 * EAE_HASH_CHUNK + 12345};
    const size_t largest = sizes[sizeof sizes / sizeof *sizes - 1];
    char *bytes = some_bytes(largest);
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = sizes[i];
        uint64_t size;
        eae_hash want = by_definition(bytes, n), have = eae_content_hash_bytes(bytes, n);
        same(&have, &want);
        have = in_pieces(bytes, n, 65537);
        same(&have, &want);
        have = in_pieces(bytes, n, EAE_HASH_CHUNK);
        same(&have, &want);
        int fd = eae_temp_file(NULL);
        assert_true(fd >= 0);
        assert_int_equal(eae_write_all(fd, "head", 4, "file"), EAE_OK);
        assert_int_equal(eae_write_all(fd, bytes, n, "file"), EAE_OK);
        for (int threads = 1; threads <= 4; threads += 3) {
            assert_int_equal(eae_content_hash_file(fd, 4, threads, "file", &have, &size), EAE_OK);
            assert_int_equal(size, n);
            same(&have, &want);
        }
        close(fd);
    }
    free(bytes);
}

/* A zero byte more, or the chunks in another order, is another content. */
static void contents_that_are_alike_differ(void **state)
{
    size_t n = 3 * (size_t)EAE_HASH_CHUNK;
    char *bytes = eae_calloc(n, 1);
    (void)state;
    eae_hash a = eae_content_hash_bytes(bytes, n), b = eae_content_hash_bytes(bytes, n - 1);
    eae_hash c = eae_content_hash_bytes(bytes, 2 * (size_t)EAE_HASH_CHUNK);
    assert_false(eae_hash_equal(&a, &b));
    assert_false(eae_hash_equal(&a, &c));
    bytes[0] = 1;
    a = eae_content_hash_bytes(bytes, n);
    bytes[0] = 0;
    bytes[EAE_HASH_CHUNK] = 1;
    b = eae_content_hash_bytes(bytes, n);
    assert_false(eae_hash_equal(&a, &b));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_gives_the_definition),
        cmocka_unit_test(contents_that_are_alike_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
