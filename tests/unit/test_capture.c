/*
 * test_capture.c - a program whose output goes out and is kept: how it ends, what a slow reader, a
 * reader that goes away and a full disk change.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "exec/capture.h"

typedef struct {
    int spool;
    uint64_t kept, limit; /* bytes of output; what the disk has room for */
    eae_buffer errors;
    bool ended;
} keeper;

static bool keep(void *context, int stream, const void *bytes, size_t n)
{
    keeper *k = context;
    if (stream == EAE_CAPTURE_ERRORS) {
        eae_buffer_add(&k->errors, bytes, n);
        return true;
    }
    if (k->kept + n > k->limit)
        return false;
    k->kept += n;
    return k->spool < 0 || eae_write_all(k->spool, bytes, n, "spool") == EAE_OK;
}

static void tick(void *context)
{
    (void)context;
}

static void ended(void *context, const eae_capture_result *result)
{
    keeper *k = context;
    (void)result;
    k->ended = true;
    if (k->spool >= 0)
        close(k->spool); /* as the cache does: what is left goes out all the same */
}

static int run(const char *script, int output, bool spool, uint64_t limit, keeper *k,
               eae_capture_result *result)
{
    eae_names words = {0};
    const char *const all[] = {"sh", "-c", script};
    for (int i = 0; i < 3; i++)
        eae_names_add(&words, all[i], strlen(all[i]));
    *k = (keeper){.spool = spool ? eae_temp_file(NULL) : -1, .limit = limit};
    eae_capture c = {.words = &words,
                     .input = STDIN_FILENO,
                     .output = output,
                     .errors = -1,
                     .spool = k->spool,
                     .keep = keep,
                     .tick = tick,
                     .ended = ended,
                     .context = k};
    int status = eae_capture_run(&c, result);
    eae_names_free(&words);
    return status;
}

/* A reader in a thread: takes `limit` bytes after `wait` microseconds, then closes. */
typedef struct {
    int fd;
    useconds_t wait;
    uint64_t limit, got, sum;
} reader;

static void *read_all(void *argument)
{
    reader *r = argument;
    char piece[4096];
    ssize_t n;
    usleep(r->wait);
    while (r->got < r->limit && (n = read(r->fd, piece, sizeof piece)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            r->sum += (unsigned char)piece[i];
        r->got += (uint64_t)n;
    }
    close(r->fd);
    return NULL;
}

static int through_pipe(const char *script, bool spool, uint64_t room, reader *r, keeper *k,
                        eae_capture_result *result)
{
    int ends[2];
    pthread_t thread;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0); /* else the program holds the reading end */
    r->fd = ends[0];
    assert_int_equal(pthread_create(&thread, NULL, read_all, r), 0);
    int status = run(script, ends[1], spool, room, k, result);
    close(ends[1]);
    pthread_join(thread, NULL);
    eae_buffer_free(&k->errors);
    return status;
}

static const char three_megabytes[] = "head -c 3000000 /dev/zero | tr '\\0' a";
enum { MANY = 3000000 };

static void output_goes_out_and_is_kept(void **state)
{
    (void)state;
    for (int spool = 0; spool < 2; spool++) {
        reader r = {.limit = UINT64_MAX};
        keeper k;
        eae_capture_result result;
        assert_int_equal(through_pipe(three_megabytes, spool, UINT64_MAX, &r, &k, &result), EAE_OK);
        assert_int_equal(r.got, MANY);
        assert_int_equal(r.sum, (uint64_t)MANY * 'a');
        assert_int_equal(k.kept, MANY);
        assert_true(result.kept && k.ended && !result.reader_gone);
    }
}

static void a_full_disk_loses_what_is_kept_and_nothing_else(void **state)
{
    (void)state;
    for (int spool = 0; spool < 2; spool++) {
        reader r = {.limit = UINT64_MAX, .wait = 20000};
        keeper k;
        eae_capture_result result;
        assert_int_equal(through_pipe(three_megabytes, spool, 1000000, &r, &k, &result), EAE_OK);
        assert_int_equal(r.got, MANY);
        assert_int_equal(r.sum, (uint64_t)MANY * 'a');
        assert_false(result.kept);
    }
}

static void a_reader_that_goes_away_ends_the_program(void **state)
{
    (void)state;
    for (int spool = 0; spool < 2; spool++) {
        reader r = {.limit = 1};
        keeper k;
        eae_capture_result result;
        int status = through_pipe("exec cat /dev/zero", spool, UINT64_MAX, &r, &k, &result);
        assert_int_equal(status, EAE_OK);
        assert_true(result.reader_gone);
        assert_false(result.kept);
        assert_int_equal(result.signal, SIGPIPE);
    }
}

static void a_full_disk_at_the_output_is_an_error(void **state)
{
    FILE *full = fopen("/dev/full", "w");
    (void)state;
    for (int spool = 0; spool < 2; spool++) {
        keeper k;
        eae_capture_result result;
        assert_int_equal(run(three_megabytes, fileno(full), spool, UINT64_MAX, &k, &result),
                         EAE_FAIL);
        assert_non_null(strstr(eae_message(), "cannot write"));
        assert_false(result.reader_gone);
    }
    fclose(full);
}

static void endings_are_told(void **state)
{
    keeper k;
    eae_capture_result result;
    (void)state;
    assert_int_equal(run("echo said >&2; exit 7", -1, false, 0, &k, &result), EAE_OK);
    assert_int_equal(result.status, 7);
    assert_string_equal(k.errors.data, "said\n");
    eae_buffer_free(&k.errors);
    assert_int_equal(run("kill -KILL $$", -1, true, 0, &k, &result), EAE_OK);
    assert_int_equal(result.signal, SIGKILL);
    eae_names words = {0};
    eae_names_add(&words, "/no/such/program", 16);
    eae_capture c = {.words = &words,
                     .input = 0,
                     .output = -1,
                     .errors = -1,
                     .spool = -1,
                     .keep = keep,
                     .tick = tick,
                     .ended = ended,
                     .context = &k};
    k.ended = false;
    assert_int_equal(eae_capture_run(&c, &result), EAE_FAIL);
    assert_int_not_equal(result.error, 0);
    assert_false(k.ended);
    eae_names_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_goes_out_and_is_kept),
        cmocka_unit_test(a_full_disk_loses_what_is_kept_and_nothing_else),
        cmocka_unit_test(a_reader_that_goes_away_ends_the_program),
        cmocka_unit_test(a_full_disk_at_the_output_is_an_error),
        cmocka_unit_test(endings_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
