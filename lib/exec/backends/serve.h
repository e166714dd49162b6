/*
 * serve.h - the servant of eae-submit on an ssh host; remote.h says what it does and how it is
 * spoken to.
 *
 * Reads requests from standard input and answers on standard output until the input ends. Workers
 * that run then go on.
 *
 * One thread; a process has one servant (it handles SIGCHLD).
 */
#ifndef EAE_EXEC_SERVE_H
#define EAE_EXEC_SERVE_H

#include "base/status.h"

/* `identify` gives the run identity of this program, where a client asks for it; `version` is its
 * version. */
int eae_serve(const char *(*identify)(void), const char *version);

#endif
