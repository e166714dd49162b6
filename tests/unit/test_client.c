/*
 * test_client.c - clients of schedulers: what they are told, what is made of what they say, and how
 * long they are waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "exec/backends/client.h"

static int run(const char *script, eae_command_result *r)
{
    eae_names words = {0}, more = {0};
    eae_client_words(&words, "sh  -c ");
    eae_client_word(&words, "%s", script);
    eae_client_word(&more, "SUBMIT_ARRAY_FIRST=%d", 7);
    eae_client_call call = {.words = &words, .input = "from stdin\n", .more = &more};
    int status = eae_client_run(&call, r);
    eae_names_free(&words);
    eae_names_free(&more);
    return status;
}

static void the_environment_is_small(void **state)
{
    (void)state;
    eae_command_result r;
    setenv("SBATCH_PARTITION", "mine", 1);
    setenv("SLURM_CONF", "/etc/x", 1);
    setenv("LSF_ENVDIR", "/lsf", 1);
    setenv("SLURM_JOB_ID", "12", 1);
    setenv("LSB_JOBID", "12", 1);
    setenv("BSUB_QUIET", "1", 1);
    setenv("MY_SECRET", "x", 1);
    assert_int_equal(run("cat; env", &r), EAE_OK);
    static const char *const there[] = {
        "from stdin\n",        "\nSBATCH_PARTITION=mine\n", "\nSLURM_CONF=/etc/x\n",
        "\nLSF_ENVDIR=/lsf\n", "\nSUBMIT_ARRAY_FIRST=7\n",  "\nPATH="};
    static const char *const gone[] = {"SLURM_JOB_ID", "LSB_JOBID", "BSUB_QUIET", "MY_SECRET"};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
        if (!strstr(r.output.data, there[i]))
            fail_msg("not told: %s", there[i]);
    }
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        if (strstr(r.output.data, gone[i]))
            fail_msg("told: %s", gone[i]);
    }
    eae_command_result_free(&r);
}

static void one_clear_line(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"echo 'sh: error: invalid partition specified: x' >&2; exit 1",
         "sh: invalid partition specified: x"},
        {"echo 'x: No such queue. Job not submitted.' >&2; exit 255",
         "sh: x: No such queue. Job not submitted."},
        {"echo 'sh: error: one' >&2; echo 'sh: fatal: no configuration' >&2; echo x >&2; exit 1",
         "sh: no configuration"},
        {"exit 3", "sh: ended with status 3"},
        {"kill -9 $$", "sh: was killed by signal 9 (Killed)"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        eae_command_result r;
        assert_int_equal(run(pairs[i][0], &r), EAE_FAIL);
        assert_string_equal(eae_message(), pairs[i][1]);
        eae_command_result_free(&r);
    }
}

static void one_that_hangs(void **state)
{
    (void)state;
    eae_command_result r;
    setenv("SUBMIT_CLIENT_TIMEOUT", "0.1", 1);
    assert_int_equal(run("while :; do echo '... still trying' >&2; sleep 0.05; done", &r),
                     EAE_FAIL);
    assert_true(r.late);
    assert_string_equal(eae_message(), "sh: did not answer in time: ... still trying");
    eae_command_result_free(&r);
    unsetenv("SUBMIT_CLIENT_TIMEOUT");
}

static void programs_that_are_there(void **state)
{
    (void)state;
    assert_true(eae_client_there("sh"));
    assert_false(eae_client_there("no-such-program-of-anybody"));
    setenv("PATH", "", 1);
    assert_false(eae_client_there("sh"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_is_small),
        cmocka_unit_test(one_clear_line),
        cmocka_unit_test(one_that_hangs),
        cmocka_unit_test(programs_that_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
