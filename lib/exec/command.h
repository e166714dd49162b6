/*
 * command.h - run another program and wait for it.
 *
 * The child gets its standard input from a descriptor or a text (or /dev/null), no other descriptor
 * of this process that is marked close-on-exec, which all of ours are, the default signal actions,
 * and dies with the thread that started it (PR_SET_PDEATHSIG). No shell takes part.
 *
 * Safe from several threads at once, each with commands of its own.
 */
#ifndef EAE_EXEC_COMMAND_H
#define EAE_EXEC_COMMAND_H

#include "base/memory.h"
#include "base/names.h"

typedef struct eae_command {
    const eae_names *words;       /* program, found along PATH, and its arguments */
    const eae_names *environment; /* NAME=VALUE: added, or in place of a NAME that is there; or NULL
                                   */
    bool bare;                    /* the environment is what `environment` says, and nothing else */
    int input;                    /* read from its present offset; -1: nothing to read */
    const char *input_text;       /* instead: at most 4 KiB, which a pipe holds; or NULL */
    size_t output_limit;          /* most bytes of standard output; beyond, the child is killed */
    int limit_ms;                 /* longest time; then it is killed, with what it started. 0: none.
                                   * With a limit it is a process group of its own. */
} eae_command;

typedef struct eae_command_result {
    eae_buffer output; /* standard output */
    eae_buffer errors; /* the beginning of standard error, up to a limit of its own */
    int status;        /* exit status; 0 where a signal ended it */
    int signal;        /* what ended it; 0: it exited */
    bool overrun;      /* it wrote more than output_limit, and was killed for it */
    bool late;         /* it took longer than limit_ms, and was killed for it */
} eae_command_result;

/* Runs until the child has ended and its output is closed. EAE_FAIL, with a message, only where it
 * could not be started or read; what became of it is in *result, zero-initialised here, and is to
 * be freed in any case. */
int eae_command_run(const eae_command *command, eae_command_result *result);
void eae_command_result_free(eae_command_result *result);

/* How a command failed, in words: "ended with status 1: <what it said>", "was killed by signal 9",
 * "wrote more than N bytes", "did not answer in time"; NULL if it did not. What it said is the
 * first line of its standard error, or the last where that begins a traceback of Python. The caller
 * frees. */
char *eae_command_failure(const eae_command_result *result);

#endif
