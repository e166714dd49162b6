/*
 * dispatch.h - run what is missing of a batch on a back end, until every job is done or given up.
 *
 * The dispatcher knows nothing of how jobs get to where they run (backend.h), and nothing of what
 * their output means: it hands every job over to `final` once nothing more will happen to it, in
 * the order in which that comes about.
 *
 *     job is missing -> packed into a chunk -> handed over -> recorded good -> done
 *                                                          -> recorded bad  -> again, or failed
 *                                                          -> no record     -> lost: again, or dead
 *
 * A job that is recorded bad runs again `retries` times; not where that cannot help: its program
 * cannot be found, it was cancelled, or (filters) it calls the command line wrong. A job that was
 * lost runs again three times. A back end that does not answer says nothing about jobs: the
 * dispatcher asks again, less and less often.
 *
 * One client runs a batch at a time: the caller holds the lock of the batch.
 */
#ifndef EAE_EXEC_DISPATCH_H
#define EAE_EXEC_DISPATCH_H

#include <signal.h>

#include "exec/backend.h"
#include "exec/ledger.h"
#include "exec/window.h"

typedef struct eae_dispatch_config {
    const eae_exec_backend *backend;
    const eae_names *settings; /* NAME=VALUE: for the back end */
    const char *program;       /* eae-submit, for workers */
    const char *identity;      /* run identity of this machine; may be NULL */
    int retries;
    int64_t chunk;       /* jobs packed together; 0: as many as last a minute, see dispatch.c */
    int64_t max_running; /* jobs handed over at a time; 0: as many as the back end takes */
    const eae_window *window; /* jobs start only inside; or NULL */
    const char *after;        /* directory of a batch that must be done before; or NULL */
    bool stop_on_failure; /* the first job that is given up ends it: the whole is worth nothing */
    /* A job is final, or was found done. A failure ends the run. */
    int (*final)(void *context, const eae_ledger *l, int64_t job);
    /* All jobs are final: give what is to be given. Its success counts as delivered. May be NULL:
     * the outputs stay for another. */
    int (*finish)(void *context, const eae_ledger *l);
    void *context;
    const volatile sig_atomic_t *interrupted; /* a signal's number: end in order */
} eae_dispatch_config;

typedef struct eae_dispatch_counts {
    int64_t done, failed, cancelled, dead; /* final */
    int64_t missing;                       /* neither: it was interrupted, or stopped */
    int64_t found;                         /* of the done ones: done before */
} eae_dispatch_counts;

/* `l` is opened and read here, and is the caller's to close in any case. EAE_OK also where jobs
 * failed: the counts tell. */
int eae_dispatch(const eae_batch *b, const eae_dispatch_config *config, eae_ledger *l,
                 eae_dispatch_counts *counts);

#endif
