/*
 * commands.h - programs of several commands: `eae-cache run`, `eae-cache ls`, each with an option
 * table of its own (options.h).
 *
 *     static const eae_program run_program = {.name = "eae-cache run", .prefix = true, ...};
 *     static const eae_subcommand commands[] = {{"run", &run_program, run}, {0}};
 *     static const eae_suite suite = {.name = "eae-cache", .commands = commands, ...};
 *
 *     int main(int argc, char **argv) { return eae_suite_main(&suite, argc, argv); }
 *
 * The name of a command's program is that of the suite, a blank, and that of the command: messages
 * and --help carry it. `eae-cache --help` lists the commands, `eae-cache run --help` the options of
 * one; --dump-options has the rows of all, and a row of type `command` for each.
 */
#ifndef EAE_BASE_COMMANDS_H
#define EAE_BASE_COMMANDS_H

#include "base/options.h"

typedef struct eae_subcommand {
    const char *name;
    const eae_program *program;
    int (*run)(const eae_options *o); /* returns the exit status; the message of 1 and 2 is set */
} eae_subcommand;

typedef struct eae_suite {
    const char *name;
    const char *summary;            /* one line */
    const char *example;            /* printed first by --help; lines */
    const eae_subcommand *commands; /* ends with .name == NULL */
} eae_suite;

/* Parses the command line and runs the command. Returns its status, other than EAE_FAIL and
 * EAE_USAGE, which are reported by eae_die_status(); a mistake in the command line likewise ends
 * with 2. */
int eae_suite_main(const eae_suite *suite, int argc, char **argv);

#endif
