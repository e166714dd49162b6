/*
 * capture.h - run a program as a part of a pipe, and keep what it writes in files as well.
 *
 * Standard output goes to a file first and from there, by a thread of its own, to where it was
 * going; so a reader that is slow, or waits for something else, does not hold up the program. When
 * the file cannot take more (a full disk) the rest goes out directly, and nothing is kept. Standard
 * error goes out at once.
 *
 * The reader's going away closes the pipe to the program, which then ends as it would without us.
 * The program gets the default signal actions and dies with us (PR_SET_PDEATHSIG); no shell takes
 * part.
 */
#ifndef EAE_EXEC_CAPTURE_H
#define EAE_EXEC_CAPTURE_H

#include <stdbool.h>

#include "base/names.h"
#include "base/status.h"

enum { EAE_CAPTURE_OUTPUT = 0, EAE_CAPTURE_ERRORS = 1 };

typedef struct eae_capture_result {
    int status;       /* exit status; 0 where a signal ended it */
    int signal;       /* what ended it; 0: it exited */
    int error;        /* errno where it could not be started, else 0 */
    bool reader_gone; /* the reader of its output closed the pipe */
    bool kept;        /* all of its output was kept */
} eae_capture_result;

typedef struct eae_capture {
    const eae_names *words; /* program, found along PATH, and its arguments */
    const char *folder;     /* where to run it; NULL: here */
    int input;              /* its standard input */
    int output, errors;     /* where its standard output and error go; -1: nowhere */
    int spool; /* a file open for reading and writing that `keep` appends the output to,
                  and nothing else; -1: none */
    /* Called with all that arrives, in order for each stream; `false` for output: it could not be
     * kept, now or ever after. */
    bool (*keep)(void *context, int stream, const void *bytes, size_t n);
    void (*tick)(void *context); /* every second; or NULL */
    /* The program has ended and all it wrote has been through `keep`; the reader may still wait for
     * some of it. From here on `spool` is not the caller's concern: it may be closed. Or NULL. */
    void (*ended)(void *context, const eae_capture_result *result);
    void *context;
} eae_capture;

/* Until the program has ended and all of its output is out. EAE_FAIL with a message: it could not
 * be started (result->error), or its output could not be written; what became of it is in *result.
 */
int eae_capture_run(const eae_capture *capture, eae_capture_result *result);

#endif
