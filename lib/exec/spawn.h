/*
 * spawn.h - start a program fast: vfork, a few system calls, exec.
 *
 * The child leads a process group of its own, so that all of a job can be ended at once; it gets
 * three descriptors and no other, default signal actions, an empty signal mask, and SIGKILL when
 * the thread that started it ends (PR_SET_PDEATHSIG). No shell takes part.
 *
 * It costs what posix_spawn() costs, which can set neither the last nor the directory.
 */
#ifndef EAE_EXEC_SPAWN_H
#define EAE_EXEC_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/status.h"

typedef struct eae_spawn {
    char *const *argv;        /* program, found along PATH, and its arguments */
    char *const *environment; /* NAME=VALUE ..., NULL at the end */
    const char *directory;    /* to run in; NULL: the present one */
    int input, output, errors;
    bool detached; /* in a session of its own, and it outlives the one that started it */
} eae_spawn;

/* The process, or -1: *error is the errno of what failed, that of exec included. */
pid_t eae_spawn_start(const eae_spawn *how, int *error);

#endif
