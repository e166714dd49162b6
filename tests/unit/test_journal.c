/*
 * test_journal.c - records over wire and disk: what was written is read; a tail torn at any byte,
 * and a byte changed anywhere, cost what stands behind, never more, and never give something else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "exec/journal.h"

enum { RECORDS = 5 };

static char *folder;

static int set_up(void **state)
{
    (void)state;
    folder = eae_strdup("/tmp/eae-journal.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const files[] = {"a", "b"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        char *path = eae_sprintf("%s/%s", folder, files[i]);
        unlink(path);
        free(path);
    }
    rmdir(folder);
    free(folder);
    return 0;
}

static char *in_folder(const char *name)
{
    return eae_sprintf("%s/%s", folder, name);
}

/* ---- wire --------------------------------------------------------------------------------------
 */

static void what_is_put_is_got(void **state)
{
    (void)state;
    eae_buffer b = {0};
    eae_names words = {0}, got = {0};
    eae_hash hash = eae_hash_bytes("x", 1), other;
    size_t n;
    eae_names_add(&words, "a b", 3);
    eae_names_add(&words, "", 0);
    eae_names_add(&words, "\xff\n'", 3);
    eae_put_u32(&b, 0xfedcba98u);
    eae_put_u64(&b, UINT64_MAX - 1);
    eae_put_i64(&b, INT64_MIN);
    eae_put_real(&b, -0.1);
    eae_put_bytes(&b, "a\0b", 3);
    eae_put_text(&b, NULL);
    eae_put_text(&b, "text");
    eae_put_hash(&b, &hash);
    eae_put_words(&b, &words);
    assert_int_equal((unsigned char)b.data[0], 0x98); /* little-endian, whatever the machine */
    eae_cursor c = {.at = b.data, .end = b.data + b.length};
    assert_true(eae_get_u32(&c) == 0xfedcba98u);
    assert_true(eae_get_u64(&c) == UINT64_MAX - 1);
    assert_true(eae_get_i64(&c) == INT64_MIN);
    assert_true(eae_get_real(&c) == -0.1);
    assert_memory_equal(eae_get_bytes(&c, &n), "a\0b", 3);
    assert_int_equal(n, 3);
    char *empty = eae_get_text(&c), *text = eae_get_text(&c);
    assert_string_equal(empty, "");
    assert_string_equal(text, "text");
    eae_get_hash(&c, &other);
    assert_true(eae_hash_equal(&hash, &other));
    eae_get_words(&c, &got);
    assert_true(eae_names_equal(&words, &got));
    assert_true(eae_cursor_ok(&c));
    free(empty);
    free(text);
    eae_names_free(&words);
    eae_names_free(&got);
    eae_buffer_free(&b);
}

/* Bytes that were cut, or lie about lengths, are read to the end without harm. */
static void short_records_are_not_read(void **state)
{
    (void)state;
    eae_buffer b = {0};
    eae_names words = {0};
    eae_names_add(&words, "word", 4);
    eae_put_words(&b, &words);
    eae_put_text(&b, "text");
    for (size_t n = 0; n < b.length; n++) {
        char *exact = eae_malloc(n, 1); /* so that a sanitizer sees a read beyond */
        memcpy(exact, b.data, n);
        eae_cursor c = {.at = exact, .end = exact + n};
        eae_names got = {0};
        eae_get_words(&c, &got);
        free(eae_get_text(&c));
        assert_false(eae_cursor_ok(&c));
        eae_names_free(&got);
        free(exact);
    }
    const char lie[] = "\xff\xff\xff\xff"
                       "abc",
               zero[] = "\x03\0\0\0"
                        "a\0b";
    size_t n;
    eae_cursor c = {.at = lie, .end = lie + 7};
    assert_null(eae_get_bytes(&c, &n));
    assert_int_equal(n, 0);
    assert_false(eae_cursor_ok(&c));
    c = (eae_cursor){.at = zero, .end = zero + 7};
    free(eae_get_text(&c)); /* a text has no zero byte */
    assert_false(eae_cursor_ok(&c));
    eae_names_free(&words);
    eae_buffer_free(&b);
}

static void trailing_bytes_are_not_ok(void **state)
{
    (void)state;
    const char bytes[5] = {1, 0, 0, 0, 9};
    eae_cursor c = {.at = bytes, .end = bytes + 5};
    assert_int_equal(eae_get_u32(&c), 1);
    assert_false(eae_cursor_ok(&c));
}

/* ---- records -----------------------------------------------------------------------------------
 */

static eae_record record_of(int i)
{
    eae_record r = {.job = i,
                    .attempt = i + 1,
                    .ending = (eae_ending)(i % EAE_ENDINGS),
                    .status = i * 3,
                    .signal = i == 2 ? 9 : 0,
                    .started = 1e9 + i,
                    .ended = 1e9 + i + 0.25,
                    .lane = (uint32_t)i};
    r.output =
        (eae_extent){.offset = 10 + (uint64_t)i, .length = 7, .hash = eae_hash_bytes("o", 1)};
    r.log = (eae_extent){.offset = 90, .length = (uint64_t)i, .hash = eae_hash_bytes("l", 1)};
    return r;
}

static void assert_same_record(const eae_record *a, const eae_record *b)
{
    eae_buffer x = {0}, y = {0};
    eae_record_put(&x, a);
    eae_record_put(&y, b);
    assert_int_equal(x.length, y.length);
    assert_memory_equal(x.data, y.data, x.length);
    eae_buffer_free(&x);
    eae_buffer_free(&y);
}

static void records_say_what_happened(void **state)
{
    (void)state;
    const struct {
        eae_record r;
        const char *words;
        bool good;
    } cases[] = {
        {{.status = 0}, "status 0", true},
        {{.status = 3}, "status 3", false},
        {{.signal = 9}, "signal 9 (Killed)", false},
        {{.ending = EAE_ENDED_TIMEOUT, .signal = 15, .ended = 1.5}, "timed out after 1.5 s", false},
        {{.ending = EAE_ENDED_CANCEL}, "cancelled", false},
        {{.ending = EAE_ENDED_UNBORN, .status = 2},
         "cannot be started: No such file or directory",
         false},
        {{.ending = EAE_ENDED_OUTPUT, .status = 28},
         "its output could not be stored: No space left on device",
         false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *words = eae_record_words(&cases[i].r);
        assert_string_equal(words, cases[i].words);
        assert_int_equal(eae_record_good(&cases[i].r), cases[i].good);
        free(words);
    }
    eae_buffer b = {0};
    eae_record odd = {.ending = EAE_ENDINGS}, got;
    eae_record_put(&b, &odd);
    eae_cursor c = {.at = b.data, .end = b.data + b.length};
    eae_record_get(&c, &got);
    assert_false(eae_cursor_ok(&c)); /* an ending that is none */
    eae_buffer_free(&b);
}

static void a_process_is_known_by_number_and_start(void **state)
{
    (void)state;
    eae_writer_id id;
    eae_writer_id_now(&id, "x");
    assert_true(eae_writer_id_alive(&id));
    id.ticks++;
    assert_false(eae_writer_id_alive(&id)); /* the number was given to another */
    id.ticks--;
    id.boot[0] = id.boot[0] == 'x' ? 'y' : 'x';
    assert_false(eae_writer_id_alive(&id)); /* before the machine was started again */
    eae_writer_id_free(&id);
    assert_true(eae_process_ticks(1) > 0 || getpid() == 1);
    assert_true(eae_process_ticks(0x7ffffff0) == 0);
}

/* ---- journals ----------------------------------------------------------------------------------
 */

typedef struct {
    int count;
    int writers;
} reading;

static int check_frame(void *context, uint32_t type, eae_cursor *c)
{
    reading *r = context;
    if (type == EAE_JOURNAL_WRITER) {
        eae_writer_id id;
        eae_writer_id_get(c, &id);
        assert_string_equal(id.identity, "somewhere");
        eae_writer_id_free(&id);
        r->writers++;
    } else {
        eae_record got, want = record_of(r->count++);
        assert_int_equal(type, EAE_JOURNAL_ENDED);
        eae_record_get(c, &got);
        assert_same_record(&want, &got);
    }
    assert_true(eae_cursor_ok(c));
    return EAE_OK;
}

static void write_journal(const char *path)
{
    eae_journal *j;
    eae_writer_id id;
    eae_buffer b = {0};
    eae_writer_id_now(&id, "somewhere");
    assert_int_equal(eae_journal_create(&j, path, &id), EAE_OK);
    for (int i = 0; i < RECORDS; i++) {
        eae_record r = record_of(i);
        b.length = 0;
        eae_record_put(&b, &r);
        assert_int_equal(eae_journal_add(j, EAE_JOURNAL_ENDED, &b), EAE_OK);
    }
    assert_int_equal(eae_journal_close(j), EAE_OK);
    eae_writer_id_free(&id);
    eae_buffer_free(&b);
}

static void put_file(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(eae_write_all(fd, bytes, n, path), EAE_OK);
    close(fd);
}

/* Every length a crash can leave; then the rest arrives, and reading goes on where it stopped. */
static void a_tail_torn_anywhere_is_dropped(void **state)
{
    (void)state;
    char *path = in_folder("a"), *torn = in_folder("b"), *bytes;
    size_t n, frame;
    write_journal(path);
    assert_int_equal(eae_read_file(path, &bytes, &n), EAE_OK);
    eae_buffer one = {0}, framed = {0};
    eae_record r = record_of(0);
    eae_record_put(&one, &r);
    eae_put_frame(&framed, EAE_JOURNAL_ENDED, one.data, one.length);
    frame = framed.length;
    for (size_t cut = 0; cut <= n; cut++) {
        reading got = {0};
        uint64_t offset = 0;
        bool damaged;
        put_file(torn, bytes, cut);
        assert_int_equal(eae_journal_read(torn, &offset, &damaged, check_frame, &got), EAE_OK);
        assert_false(damaged);
        size_t missing = (n - cut + frame - 1) / frame;
        assert_int_equal(got.count, missing > RECORDS ? 0 : RECORDS - (int)missing);
        put_file(torn, bytes, n);
        assert_int_equal(eae_journal_read(torn, &offset, &damaged, check_frame, &got), EAE_OK);
        assert_int_equal(got.count, RECORDS);
        assert_int_equal(got.writers, 1);
        assert_int_equal(offset, n);
    }
    eae_buffer_free(&one);
    eae_buffer_free(&framed);
    free(bytes);
    free(path);
    free(torn);
}

static void a_changed_byte_is_never_believed(void **state)
{
    (void)state;
    char *path = in_folder("a"), *bad = in_folder("b"), *bytes;
    size_t n;
    unlink(path);
    write_journal(path);
    assert_int_equal(eae_read_file(path, &bytes, &n), EAE_OK);
    for (size_t at = 0; at < n; at++) {
        reading got = {0};
        uint64_t offset = 0;
        bool damaged;
        bytes[at] = (char)(bytes[at] ^ 0x10);
        put_file(bad, bytes, n);
        bytes[at] = (char)(bytes[at] ^ 0x10);
        assert_int_equal(eae_journal_read(bad, &offset, &damaged, check_frame, &got), EAE_OK);
        assert_true(got.count < RECORDS);
        assert_true(offset <= at);
    }
    free(bytes);
    free(path);
    free(bad);
}

static void a_journal_has_one_writer(void **state)
{
    (void)state;
    char *path = in_folder("a");
    eae_journal *j;
    eae_writer_id id;
    eae_writer_id_now(&id, NULL);
    unlink(path);
    write_journal(path);
    assert_int_equal(eae_journal_create(&j, path, &id), EAE_FAIL);
    assert_null(j);
    eae_writer_id_free(&id);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_put_is_got),
                                       cmocka_unit_test(short_records_are_not_read),
                                       cmocka_unit_test(trailing_bytes_are_not_ok),
                                       cmocka_unit_test(records_say_what_happened),
                                       cmocka_unit_test(a_process_is_known_by_number_and_start),
                                       cmocka_unit_test(a_tail_torn_anywhere_is_dropped),
                                       cmocka_unit_test(a_changed_byte_is_never_believed),
                                       cmocka_unit_test(a_journal_has_one_writer)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
