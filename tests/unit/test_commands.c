/* Programs of several commands, options that come several times, prefixes of other commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/commands.h"
#include "base/memory.h"

static const eae_option run_options[] = {
    {.name = "input", .type = EAE_OPT_FILE, .arg = "FILE", .many = true, .help = "an input"},
    {.name = "where", .type = EAE_OPT_FILE, .arg = "FILE", .writes = true, .help = "a place"},
    {0}};

static const eae_program run_program = {.name = "eae-test run",
                                        .summary = "run it",
                                        .example = "",
                                        .operands = "CMD...",
                                        .max_operands = -1,
                                        .prefix = true,
                                        .groups = {{"Run", run_options}, EAE_GROUP_COMMON}};

static eae_names seen;
static char joined[200];

static int run(const eae_options *o)
{
    eae_names_copy(&seen, eae_opt_each(o, "input"));
    joined[0] = '\0';
    for (int i = 0; i < eae_operand_count(o); i++) {
        size_t used = strlen(joined);
        char *word = eae_sprintf("%s|", eae_operand(o, i));
        memcpy(joined + used, word, strlen(word) + 1);
        free(word);
    }
    return EAE_MISS;
}

static const eae_subcommand commands[] = {{"run", &run_program, run}, {0}};
static const eae_suite suite = {
    .name = "eae-test", .summary = "", .example = "", .commands = commands};

static void options_end_at_the_first_operand_of_a_prefix(void **state)
{
    (void)state;
    const char *argv[] = {"eae-test", "run", "--input", "a b",     "--input=c",
                          "sort",     "-k",  "2",       "--input", NULL};
    assert_int_equal(eae_suite_main(&suite, 9, (char **)argv), EAE_MISS);
    assert_int_equal(seen.count, 2);
    assert_string_equal(eae_name(&seen, 0), "a b");
    assert_string_equal(eae_name(&seen, 1), "c");
    assert_string_equal(joined, "sort|-k|2|--input|");
    eae_names_free(&seen);
}

static void two_hyphens_end_them_too_and_only_once(void **state)
{
    (void)state;
    const char *argv[] = {"eae-test", "run", "--", "x", "--", "y", NULL};
    assert_int_equal(eae_suite_main(&suite, 6, (char **)argv), EAE_MISS);
    assert_int_equal(seen.count, 0);
    assert_string_equal(joined, "x|--|y|");
    eae_names_free(&seen);
}

static void marks_and_command_are_columns(void **state)
{
    (void)state;
    eae_buffer b = {0};
    eae_options_dump(&run_program, "run", &b);
    assert_non_null(strstr(b.data, "input\t\tfile\tFILE\t\t\tmany\trun\tan input\n"));
    assert_non_null(strstr(b.data, "where\t\tfile\tFILE\t\t\twrites\trun\ta place\n"));
    assert_non_null(strstr(b.data, "output\to\tfile\tFILE\t\t\tquiet,writes\trun\t"));
    eae_buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_end_at_the_first_operand_of_a_prefix),
        cmocka_unit_test(two_hyphens_end_them_too_and_only_once),
        cmocka_unit_test(marks_and_command_are_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
