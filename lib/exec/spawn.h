/*
 * spawn.h - start a program fast: vfork, a few system calls, exec. All programs are started here.
 *
 * The child gets three descriptors and no other of ours, which are all marked close-on-exec;
 * default signal actions, an empty signal mask, and a signal when the thread that started it ends
 * (PR_SET_PDEATHSIG). No shell takes part.
 *
 * It costs what posix_spawn() costs, which can set neither the last nor the directory.
 *
 * Safe from several threads at once.
 */
#ifndef EAE_EXEC_SPAWN_H
#define EAE_EXEC_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/names.h"
#include "base/status.h"

typedef struct eae_spawn {
    char *const *argv;        /* program, found along PATH, and its arguments */
    char *const *environment; /* NAME=VALUE ..., NULL at the end; NULL: ours */
    const char *directory;    /* to run in; NULL: the present one */
    /* Each is in its place already, or its number is above 2: eae_spawn_pipe() gives such. An input
     * may have any. */
    int input, output, errors;
    bool group;    /* it leads a process group, so that it can be ended with what it starts */
    bool detached; /* in a session of its own, and it outlives the one that started it */
    int death;     /* the signal at the end of the thread that started it; 0: SIGKILL */
} eae_spawn;

/* The process, or -1: *error is the errno of what failed, that of exec included. Where this process
 * was told to ignore SIGCHLD it does so no more, or nobody would learn how children end. */
pid_t eae_spawn_start(const eae_spawn *how, int *error);
/* How it ended, as waitpid() has it; false: nobody can say, errno why. */
bool eae_spawn_wait(pid_t pid, int *how);

/* A pipe, close-on-exec, of which both ends are above the three of a child: read, write. */
bool eae_spawn_pipe(int ends[2]);
/* -1: nothing; else closes it, and it is -1 then. */
void eae_spawn_close(int *fd);

/* The words as argv: pointers into `words`; the caller frees the list. */
char **eae_spawn_words(const eae_names *words);
/* This process becomes that program; EAE_FAIL, with a message, if it cannot. */
int eae_spawn_become(const eae_names *words);

#endif
