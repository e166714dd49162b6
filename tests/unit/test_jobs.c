/*
 * test_jobs.c - jobs from ranges and grids, batches over the disk, windows, and slots.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_OFD_GETLK */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "exec/batch.h"
#include "exec/batch_parts.h"
#include "exec/joblist.h"
#include "exec/slots.h"
#include "exec/window.h"

/* All words of all jobs: a blank between words, '|' between jobs. */
static char *all_words(const eae_batch *b)
{
    eae_buffer text = {0};
    eae_buffer_puts(&text, "");
    for (int64_t i = 0; i < b->job_count; i++) {
        eae_names words = {0};
        eae_batch_words(b, i, &words);
        for (int64_t k = 0; k < words.count; k++)
            eae_buffer_printf(&text, "%s%s", k ? " " : i ? "|" : "", eae_name(&words, k));
        eae_names_free(&words);
    }
    return text.data;
}

static void words_from(eae_names *words, const char *text)
{
    for (const char *p = text; *p; p += strcspn(p, " ") + (p[strcspn(p, " ")] == ' '))
        eae_names_add(words, p, strcspn(p, " "));
}

typedef int (*maker)(eae_batch *, const char *, const eae_names *);

static void assert_jobs(maker make, const char *spec, const char *command, const char *want)
{
    eae_batch b = {0};
    eae_names words = {0};
    words_from(&words, command);
    int status = make(&b, spec, &words);
    if (want) {
        char *got = all_words(&b);
        assert_int_equal(status, EAE_OK);
        assert_string_equal(got, want);
        free(got);
    } else {
        assert_int_equal(status, EAE_USAGE);
    }
    eae_names_free(&words);
    eae_batch_free(&b);
}

static void arrays_are_ranges(void **state)
{
    (void)state;
    assert_jobs(eae_jobs_from_array, "1-3", "a {}", "a 1|a 2|a 3");
    assert_jobs(eae_jobs_from_array, "5", "{}x{} {", "5x5 {");
    assert_jobs(eae_jobs_from_array, "1-9:4,-2,0-0", "{}", "1|5|9|-2|0");
    assert_jobs(eae_jobs_from_array, "-3--1", "{}", "-3|-2|-1");
    assert_jobs(eae_jobs_from_array, "9223372036854775806-9223372036854775807", "{}",
                "9223372036854775806|9223372036854775807");
    const char *const bad[] = {"",       ",", "1,",    "3-1", "1-",  "-",     "1-2:0",
                               "1-2:-1", "a", "1-2:x", "0x1", "1 2", "1-2-3", "1:2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_jobs(eae_jobs_from_array, bad[i], "{}", NULL);
    assert_jobs(eae_jobs_from_array, "-9223372036854775808-9223372036854775807", "{}", NULL);
}

static void grids_are_products(void **state)
{
    (void)state;
    assert_jobs(eae_jobs_from_grid, "k=1:2,c=a,b", "{k}{c}", "1a|1b|2a|2b");
    assert_jobs(eae_jobs_from_grid, "k=3:9:3", "{k} {K} {}", "3 {K} {}|6 {K} {}|9 {K} {}");
    assert_jobs(eae_jobs_from_grid, "_a1=x=y,2=3", "{_a1}", "x=y|2=3");
    assert_jobs(eae_jobs_from_grid, "t=12:30x,-1:1", "{t}", "12:30x|-1|0|1");
    /* a value that looks like a name in braces is not replaced again */
    assert_jobs(eae_jobs_from_grid, "a={b},b=1", "{a}{b}", "{b}1");
    const char *const bad[] = {"", "k", "1,2", "k=1,,2", "k=", "k=1,k=2", "=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_jobs(eae_jobs_from_grid, bad[i], "{k}", NULL);
}

static void lines_are_commands(void **state)
{
    (void)state;
    eae_batch b = {0};
    const char text[] = "a b\n\n  # c\n\t'd\ne' f\\\ng\nlast";
    assert_int_equal(eae_jobs_from_lines(&b, text, strlen(text), "x"), EAE_OK);
    char *got = all_words(&b);
    assert_string_equal(got, "a b|d\ne fg|last");
    free(got);
    eae_batch_free(&b);
    b = (eae_batch){.shell = true};
    assert_int_equal(eae_jobs_from_lines(&b, text, strlen(text), "x"), EAE_OK);
    got = all_words(&b);
    assert_string_equal(got, "a b|'d\ne' f\\\ng|last");
    free(got);
    eae_batch_free(&b);
    b = (eae_batch){0};
    assert_int_equal(eae_jobs_from_lines(&b, "a\nb\nc $x\n", 9, "file"), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "file:3: '$'"));
    eae_batch_free(&b);
}

/* ---- batches -----------------------------------------------------------------------------------
 */

static void make_batch(eae_batch *b)
{
    eae_names words = {0};
    words_from(&words, "do {}");
    assert_int_equal(eae_jobs_from_array(b, "1-100", &words), EAE_OK);
    b->cwd = eae_strdup("/");
    eae_names_add(&b->settings, "on=slurm", 8);
    eae_names_add(&b->environment, "PATH=/bin", 9);
    b->input = (eae_batch_input){.path = eae_strdup("/x"), .size = 7, .mtime = -5};
    eae_batch_name(b, "more");
    eae_names_free(&words);
}

static void a_batch_is_what_it_was(void **state)
{
    (void)state;
    eae_batch b = {0}, got = {0};
    eae_buffer bytes = {0}, again = {0};
    make_batch(&b);
    eae_batch_put(&b, &bytes);
    assert_int_equal(eae_batch_get(&got, bytes.data, bytes.length, "x"), EAE_OK);
    assert_string_equal(got.id, b.id);
    assert_int_equal(got.job_count, 100);
    assert_string_equal(eae_batch_setting(&got, "on"), "slurm");
    assert_null(eae_batch_setting(&got, "o"));
    eae_batch_put(&got, &again);
    assert_int_equal(again.length, bytes.length);
    assert_memory_equal(again.data, bytes.data, bytes.length);
    eae_batch_free(&got);
    /* cut or changed anywhere: refused, and read without harm */
    for (size_t n = 0; n < bytes.length; n++) {
        char *exact = eae_malloc(n, 1);
        memcpy(exact, bytes.data, n);
        assert_int_equal(eae_batch_get(&got, exact, n, "x"), EAE_FAIL);
        free(exact);
        eae_batch_free(&got);
        bytes.data[n] = (char)(bytes.data[n] ^ 1);
        assert_int_equal(eae_batch_get(&got, bytes.data, bytes.length, "x"), EAE_FAIL);
        bytes.data[n] = (char)(bytes.data[n] ^ 1);
        eae_batch_free(&got);
    }
    eae_buffer_free(&bytes);
    eae_buffer_free(&again);
    eae_batch_free(&b);
}

static void what_is_run_names_it(void **state)
{
    (void)state;
    eae_batch a = {0}, b = {0};
    make_batch(&a);
    make_batch(&b);
    assert_string_equal(a.id, b.id);
    eae_batch_name(&b, "other");
    assert_string_not_equal(a.id, b.id);
    eae_batch_name(&b, "more");
    assert_string_equal(a.id, b.id);
    b.input.size++;
    eae_batch_name(&b, "more");
    assert_string_not_equal(a.id, b.id);
    const char *const bad[] = {"",   ".",   "..",   "a/b",           "A",
                               "a.", "a.x", "a.1/", "0123456789abc", "-a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(eae_batch_id_good(bad[i]));
    assert_true(eae_batch_id_good("0123456789ab") && eae_batch_id_good("0123456789ab.27"));
    eae_batch_free(&a);
    eae_batch_free(&b);
}

/* ---- windows -----------------------------------------------------------------------------------
 */

static void windows_open_and_close(void **state)
{
    (void)state;
    eae_window w;
    setenv("TZ", "UTC", 1);
    const struct {
        const char *text;
        int hour, minute;
        bool open;
    } cases[] = {
        {"20:00-07:00", 19, 59, false}, {"20:00-07:00", 20, 0, true}, {"20:00-07:00", 0, 0, true},
        {"20:00-07:00", 6, 59, true},   {"20:00-07:00", 7, 0, false}, {"08:30-09:00", 8, 29, false},
        {"08:30-09:00", 8, 30, true},   {"08:30-09:00", 9, 0, false}, {"00:00-00:00", 13, 0, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(eae_window_parse(cases[i].text, &w), EAE_OK);
        time_t t = 86400 * 20000 + cases[i].hour * 3600 + cases[i].minute * 60;
        assert_int_equal(eae_window_open(&w, t), cases[i].open);
    }
    const char *const bad[] = {"",
                               "20-07",
                               "20:00",
                               "24:00-01:00",
                               "20:60-21:00",
                               "20:00-7:000",
                               "2000:-07:00",
                               "20:00-07:00 "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(eae_window_parse(bad[i], &w), EAE_USAGE);
}

/* ---- slots -------------------------------------------------------------------------------------
 */

static char *slot_folder(void)
{
    char *dir = eae_strdup("/tmp/eae-slots.XXXXXX");
    assert_non_null(mkdtemp(dir));
    return dir;
}

static void remove_slots(char *dir)
{
    static const char *const names[] = {"tickets", "slot.0", "slot.1"};
    for (int i = 0; i < 3; i++) {
        char *path = eae_sprintf("%s/%s", dir, names[i]);
        unlink(path);
        free(path);
    }
    assert_int_equal(rmdir(dir), 0);
    free(dir);
}

/* Until a slot comes. */
static int await(eae_slots *s)
{
    int slot;
    while ((slot = eae_slots_take(s, true)) < 0) {
        struct pollfd p = {.fd = eae_slots_fd(s), .events = POLLIN};
        assert_int_equal(poll(&p, 1, 10000), 1);
    }
    return slot;
}

static void slots_are_as_many_as_there_are(void **state)
{
    (void)state;
    char *dir = slot_folder();
    eae_slots *a, *b;
    assert_int_equal(eae_slots_open(&a, dir, 2), EAE_OK);
    assert_int_equal(eae_slots_open(&b, dir, 2), EAE_OK);
    int first = eae_slots_take(a, false), second = eae_slots_take(b, false);
    assert_int_equal(first + second, 1);
    assert_int_equal(eae_slots_take(a, false), -1);
    assert_int_equal(eae_slots_take(b, false), -1);
    assert_int_equal(eae_slots_used(dir, 2), 2);
    eae_slots_release(a, first);
    assert_int_equal(eae_slots_take(b, false), first);
    eae_slots_close(b); /* lets go of both */
    assert_int_equal(eae_slots_used(dir, 2), 0);
    eae_slots_close(a);
    remove_slots(dir);
}

/* Until so many stand in line: their thread draws the ticket, and each has a lock on its byte. */
static void await_in_line(const char *dir, int count)
{
    char *path = eae_sprintf("%s/tickets", dir);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    for (int held = 0, looks = 0; held < count; usleep(1000)) {
        held = 0;
        assert_true(looks++ < 10000);
        for (int64_t at = 8; at < 64; at++) {
            struct flock f = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
            assert_int_equal(fcntl(fd, F_OFD_GETLK, &f), 0);
            held += f.l_type != F_UNLCK;
        }
    }
    close(fd);
    free(path);
}

static void who_waits_longest_comes_first(void **state)
{
    (void)state;
    char *dir = slot_folder();
    enum { CLIENTS = 5 };
    eae_slots *holder, *s[CLIENTS];
    assert_int_equal(eae_slots_open(&holder, dir, 1), EAE_OK);
    int slot = eae_slots_take(holder, false);
    assert_int_equal(slot, 0);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(eae_slots_open(&s[i], dir, 1), EAE_OK);
        assert_int_equal(eae_slots_take(s[i], true), -1);
        await_in_line(dir, i + 1);
    }
    eae_slots_close(s[2]); /* leaves the line */
    static const int order[] = {0, 1, 3, 4};
    eae_slots_release(holder, slot);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(await(s[order[k]]), 0);
        for (int later = k + 1; later < 4; later++)
            assert_int_equal(eae_slots_take(s[order[later]], true), -1);
        eae_slots_release(s[order[k]], 0);
    }
    assert_false(eae_slots_contended(holder));
    for (int k = 0; k < 4; k++)
        eae_slots_close(s[order[k]]);
    eae_slots_close(holder);
    remove_slots(dir);
}

/* One that dies with a slot, and one that dies in line. */
static void the_dead_hold_nothing(void **state)
{
    (void)state;
    char *dir = slot_folder();
    int ready[2];
    char c;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        eae_slots *s;
        if (eae_slots_open(&s, dir, 1) != EAE_OK || eae_slots_take(s, false) != 0)
            _exit(1);
        if (write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    eae_slots *s;
    assert_int_equal(eae_slots_open(&s, dir, 1), EAE_OK);
    assert_int_equal(eae_slots_take(s, true), -1);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(await(s), 0);
    eae_slots_close(s);
    close(ready[0]);
    close(ready[1]);
    remove_slots(dir);
}

static void what_is_not_wanted_is_given_back(void **state)
{
    (void)state;
    char *dir = slot_folder();
    eae_slots *a, *b;
    assert_int_equal(eae_slots_open(&a, dir, 1), EAE_OK);
    assert_int_equal(eae_slots_open(&b, dir, 1), EAE_OK);
    assert_int_equal(eae_slots_take(a, false), 0);
    assert_int_equal(eae_slots_take(b, true), -1);
    eae_slots_unwant(b);
    eae_slots_release(a, 0);
    assert_int_equal(await(a), 0); /* although b stood in line */
    eae_slots_close(b);
    eae_slots_close(a);
    remove_slots(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(arrays_are_ranges),
                                       cmocka_unit_test(grids_are_products),
                                       cmocka_unit_test(lines_are_commands),
                                       cmocka_unit_test(a_batch_is_what_it_was),
                                       cmocka_unit_test(what_is_run_names_it),
                                       cmocka_unit_test(windows_open_and_close),
                                       cmocka_unit_test(slots_are_as_many_as_there_are),
                                       cmocka_unit_test(who_waits_longest_comes_first),
                                       cmocka_unit_test(the_dead_hold_nothing),
                                       cmocka_unit_test(what_is_not_wanted_is_given_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
