/*
 * test_command.c - command lines cut into words; programs that are run: what they read, write, say,
 * inherit, and how they end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/threads.h"
#include "exec/command.h"
#include "exec/words.h"

/* ---- words ------------------------------------------------------------------------------------
 */

/* The words of `text` joined by '|'; "?" where it cannot be cut. */
static const char *cut(const char *text)
{
    static char joined[200];
    eae_names words = {0};
    int status = eae_split_words(text, &words);
    joined[0] = '\0';
    for (int64_t i = 0; i < words.count && status == EAE_OK; i++) {
        strncat(joined, i ? "|" : "", sizeof joined - strlen(joined) - 1);
        strncat(joined, eae_name(&words, i), sizeof joined - strlen(joined) - 1);
    }
    eae_names_free(&words);
    assert_true(status == EAE_OK || status == EAE_USAGE);
    return status == EAE_OK ? joined : "?";
}

static void words_are_those_of_a_shell(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"a", "a"},
                                           {"  a\tb\n c  ", "a|b|c"},
                                           {"a 'b c' d", "a|b c|d"},
                                           {"a'b c'd", "ab cd"},
                                           {"'a\\b' \"a\\b\"", "a\\b|a\\b"},
                                           {"\"a \\\"b\\\" \\$c \\\\\"", "a \"b\" $c \\"},
                                           {"a\\ b\\'c", "a b'c"},
                                           {"'x|' \"&;<>()\" \\;", "x||&;<>()|;"},
                                           {"a '' \"\" b", "a|||b"},
                                           {"* ~/x [a] #b", "*|~/x|[a]|#b"},
                                           {"a \\\nb", "a|b"},
                                           {"\"a\\\nb\"", "ab"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(cut(pairs[i][0]), pairs[i][1]);
}

static void what_needs_a_shell_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "  \n", "'a",    "a \"b", "a | b", "a;b",
                                      "a>b", "a&",   "$HOME", "`a`",   "(a)",   "a <b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(cut(bad[i]), "?");
    cut("a | b");
    assert_non_null(strstr(eae_message(), "'|' in the command needs a shell"));
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static int run(const char *text, const eae_names *environment, int input, size_t limit,
               eae_command_result *r)
{
    eae_names words = {0};
    assert_int_equal(eae_split_words(text, &words), EAE_OK);
    eae_command command = {
        .words = &words, .environment = environment, .input = input, .output_limit = limit};
    int status = eae_command_run(&command, r);
    eae_names_free(&words);
    return status;
}

/* What became of it, in words; "" if nothing is wrong. */
static const char *failure(const eae_command_result *r)
{
    static char text[600];
    char *said = eae_command_failure(r);
    snprintf(text, sizeof text, "%s", said ? said : "");
    free(said);
    return text;
}

static void input_output_and_errors(void **state)
{
    eae_command_result r;
    int fd = eae_temp_file(NULL);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(eae_write_all(fd, "skipped\nread\n", 13, "file"), EAE_OK);
    assert_int_equal(lseek(fd, 8, SEEK_SET), 8);
    assert_int_equal(run("sh -c 'cat; echo said >&2'", NULL, fd, 100, &r), EAE_OK);
    assert_string_equal(r.output.data, "read\n");
    assert_string_equal(r.errors.data, "said\n");
    assert_string_equal(failure(&r), "");
    eae_command_result_free(&r);
    assert_int_equal(run("cat", NULL, -1, 100, &r), EAE_OK);
    assert_int_equal(r.output.length, 0);
    eae_command_result_free(&r);
    close(fd);
}

/* More than a pipe holds, on both at once. */
static void much_output(void **state)
{
    eae_command_result r;
    (void)state;
    assert_int_equal(run("sh -c 'head -c 3000000 /dev/zero; head -c 900000 /dev/zero >&2; echo'",
                         NULL, -1, 4000000, &r),
                     EAE_OK);
    assert_int_equal(r.output.length, 3000001);
    assert_true(r.errors.length > 1000 && r.errors.length <= 900000);
    assert_string_equal(failure(&r), "");
    eae_command_result_free(&r);
}

static void the_environment(void **state)
{
    eae_command_result r;
    eae_names more = {0};
    (void)state;
    setenv("EAE_TEST_KEPT", "kept", 1);
    setenv("EAE_TEST_NEW", "old", 1);
    eae_names_add(&more, "EAE_TEST_NEW=new", strlen("EAE_TEST_NEW=new"));
    eae_names_add(&more, "EAE_TEST_N=1=2", strlen("EAE_TEST_N=1=2"));
    assert_int_equal(run("sh -c 'echo $EAE_TEST_KEPT $EAE_TEST_NEW $EAE_TEST_N; "
                         "env | grep -c EAE_TEST_NEW'",
                         &more, -1, 100, &r),
                     EAE_OK);
    assert_string_equal(r.output.data, "kept new 1=2\n1\n");
    eae_command_result_free(&r);
    eae_names_free(&more);
}

/* Neither our open files, nor our ignored signals. */
static void nothing_else_is_inherited(void **state)
{
    eae_command_result r;
    int fd = eae_temp_file(NULL);
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(run("sh -c 'ls -l /proc/self/fd | grep -c deleted; true'", NULL, -1, 100, &r),
                     EAE_OK);
    assert_string_equal(r.output.data, "0\n");
    eae_command_result_free(&r);
    assert_int_equal(run("sh -c 'yes | head -1; kill -PIPE $$; echo survived'", NULL, -1, 100, &r),
                     EAE_OK);
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(r.signal, SIGPIPE);
    assert_string_equal(r.output.data, "y\n");
    eae_command_result_free(&r);
    close(fd);
}

static void how_it_ended(void **state)
{
    static const char *const cases[][2] = {
        {"true", ""},
        {"false", "ended with status 1"},
        {"sh -c 'echo first >&2; echo second >&2; exit 7'", "ended with status 7: first"},
        {"sh -c 'echo >&2; echo \"  \" >&2; echo first >&2; exit 7'", "ended with status 7: first"},
        {"sh -c 'echo warning >&2'", ""},
        {"sh -c 'kill -9 $$'", "was killed by signal 9 (Killed)"},
        {"sh -c 'echo \"Traceback (most recent call last):\" >&2; echo \"  File x\" >&2; "
         "echo \"ValueError: bad\" >&2; exit 1'",
         "ended with status 1: ValueError: bad"},
        {"yes", "wrote more than 100 bytes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eae_command_result r;
        assert_int_equal(run(cases[i][0], NULL, -1, 100, &r), EAE_OK);
        assert_string_equal(failure(&r), cases[i][1]);
        eae_command_result_free(&r);
    }
}

static void endings_are_known_where_they_were_ignored(void **state)
{
    eae_command_result r;
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run("sh -c 'exit 3'", NULL, -1, 100, &r), EAE_OK);
    assert_int_equal(r.status, 3);
    eae_command_result_free(&r);
    signal(SIGCHLD, SIG_DFL);
}

static void what_cannot_be_run(void **state)
{
    eae_command_result r;
    (void)state;
    assert_int_equal(run("eae-there-is-no-such-program", NULL, -1, 100, &r), EAE_FAIL);
    assert_string_equal(eae_message(), "cannot run eae-there-is-no-such-program: No such file or "
                                       "directory");
    eae_command_result_free(&r);
    assert_int_equal(run("/", NULL, -1, 100, &r), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "cannot run /: "));
    eae_command_result_free(&r);
}

/* A child that holds the pipe of another would keep it from ending. */
static int run_one(void *context, int64_t task, int worker)
{
    eae_command_result r;
    char text[100];
    (void)worker;
    snprintf(text, sizeof text, "sh -c 'cat; echo %d'", (int)task);
    int status = run(text, NULL, -1, 100, &r);
    ((int *)context)[task] = r.output.data ? atoi(r.output.data) : -1;
    eae_command_result_free(&r);
    return status;
}

static void many_at_once(void **state)
{
    int answer[60];
    (void)state;
    assert_int_equal(eae_parallel(8, 60, run_one, answer), EAE_OK);
    for (int i = 0; i < 60; i++)
        assert_int_equal(answer[i], i);
}

/* ---- temporary files with a name --------------------------------------------------------------
 */

static void temporary_files(void **state)
{
    char *path[200];
    (void)state;
    for (int i = 0; i < 200; i++) {
        int fd = eae_temp_named("/tmp", ".tsv", &path[i]);
        assert_true(fd >= 0);
        assert_int_equal(strncmp(path[i], "/tmp/eae.", 9), 0);
        assert_string_equal(path[i] + strlen(path[i]) - 4, ".tsv");
        close(fd);
        assert_int_equal(access(path[i], R_OK), 0);
    }
    char *kept = eae_strdup(path[7]), *removed = eae_strdup(path[8]);
    eae_temp_remove(path[8]);
    assert_int_not_equal(access(removed, F_OK), 0);
    assert_int_equal(access(kept, F_OK), 0);
    eae_files_discard_all(); /* as at an early end */
    assert_int_not_equal(access(kept, F_OK), 0);
    for (int i = 0; i < 200; i++) {
        if (i != 8)
            eae_temp_remove(path[i]);
    }
    free(kept);
    free(removed);
    assert_int_equal(eae_temp_named("/nowhere", ".tsv", path), -1);
    assert_null(path[0]);
}

/* A client that never answers, with a child that holds its output: both are gone in time. */
static void one_that_does_not_answer(void **state)
{
    (void)state;
    eae_names words = {0};
    eae_command_result r;
    assert_int_equal(eae_split_words("sh -c 'echo begun; sleep 100 & sleep 100'", &words), EAE_OK);
    eae_command c = {.words = &words, .input = -1, .output_limit = 100, .limit_ms = 200};
    assert_int_equal(eae_command_run(&c, &r), EAE_OK);
    assert_true(r.late);
    assert_string_equal(r.output.data, "begun\n");
    char *why = eae_command_failure(&r);
    assert_string_equal(why, "did not answer in time");
    free(why);
    eae_command_result_free(&r);
    eae_names_free(&words);
    /* one that closes its output and stays */
    assert_int_equal(eae_split_words("sh -c 'exec >&- 2>&-; sleep 100'", &words), EAE_OK);
    assert_int_equal(eae_command_run(&c, &r), EAE_OK);
    assert_true(r.late);
    eae_command_result_free(&r);
    eae_names_free(&words);
}

static void text_as_input_and_a_bare_environment(void **state)
{
    (void)state;
    eae_names words = {0}, environment = {0};
    eae_command_result r;
    setenv("EAE_TEST_OUTSIDE", "1", 1);
    eae_names_add(&environment, "ONLY=this one", 13);
    assert_int_equal(eae_split_words("sh -c 'cat; echo \"$ONLY\" $EAE_TEST_OUTSIDE'", &words),
                     EAE_OK);
    eae_command c = {.words = &words,
                     .environment = &environment,
                     .bare = true,
                     .input = -1,
                     .input_text = "#!/bin/sh\n",
                     .output_limit = 100,
                     .limit_ms = 60000};
    assert_int_equal(eae_command_run(&c, &r), EAE_OK);
    assert_int_equal(r.status, 0);
    assert_false(r.late);
    assert_string_equal(r.output.data, "#!/bin/sh\nthis one\n");
    eae_command_result_free(&r);
    eae_names_free(&words);
    eae_names_free(&environment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_those_of_a_shell),
        cmocka_unit_test(what_needs_a_shell_is_refused),
        cmocka_unit_test(input_output_and_errors),
        cmocka_unit_test(much_output),
        cmocka_unit_test(the_environment),
        cmocka_unit_test(nothing_else_is_inherited),
        cmocka_unit_test(how_it_ended),
        cmocka_unit_test(endings_are_known_where_they_were_ignored),
        cmocka_unit_test(what_cannot_be_run),
        cmocka_unit_test(one_that_does_not_answer),
        cmocka_unit_test(text_as_input_and_a_bare_environment),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(temporary_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
