/*
 * client.h - running the client programs of a scheduler (sbatch, bjobs, ...).
 *
 * Each call has a limit of time: clients of LSF wait for ever for a daemon that is down. They get a
 * small environment, since schedulers copy it into every job: who and where the user is, and what
 * configures the clients themselves; nothing that hides their answers (BSUB_QUIET), and nothing of
 * a job that eae-submit itself runs in.
 *
 * Thread-safe, each caller with its own result.
 */
#ifndef EAE_EXEC_CLIENT_H
#define EAE_EXEC_CLIENT_H

#include "exec/command.h"

/* Whether there is such a program along PATH. */
bool eae_client_there(const char *program);

typedef struct eae_client_call {
    const eae_names *words;
    const char *input;     /* its standard input; NULL: nothing */
    const eae_names *more; /* NAME=VALUE for the environment; NULL */
} eae_client_call;

/* EAE_OK if it ended with status 0. Else EAE_FAIL with its first telling line: "sbatch: Invalid
 * partition name specified". The result is to be freed in any case. */
int eae_client_run(const eae_client_call *call, eae_command_result *result);

/* "a b  c" -> words, for calls whose words are known when they are written. */
void eae_client_words(eae_names *words, const char *text);
void eae_client_word(eae_names *words, const char *fmt, ...) EAE_PRINTF(2, 3);

#endif
