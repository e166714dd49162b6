/* commands.c - see commands.h. */
#include "base/commands.h"

#include <string.h>

#include "base/diag.h"
#include "base/help.h"

static bool is_word(const char *word, const char *name, const char *other)
{
    return strcmp(word, name) == 0 || strcmp(word, other) == 0;
}

static const eae_subcommand *find_command(const eae_suite *suite, const char *name)
{
    for (const eae_subcommand *c = suite->commands; c->name; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
    }
    if (name[0] == '-')
        eae_usage("a command comes before its options: '%s'", name);
    eae_usage("unknown command '%s'", name);
}

int eae_suite_main(const eae_suite *suite, int argc, char **argv)
{
    eae_options *o;
    eae_diag_program(suite->name);
    if (argc < 2)
        eae_usage("which command?");
    if (is_word(argv[1], "--help", "-h"))
        eae_help_commands(suite);
    if (is_word(argv[1], "--version", "--version"))
        eae_help_version(suite->name);
    if (is_word(argv[1], "--dump-options", "--dump-options"))
        eae_help_dump_commands(suite);
    const eae_subcommand *c = find_command(suite, argv[1]);
    eae_options_parse(&o, c->program, argc - 1, argv + 1);
    int status = c->run(o);
    eae_options_free(o);
    if (status == EAE_FAIL || status == EAE_USAGE)
        eae_die_status(status);
    return status;
}
