/*
 * submit.h - from what was asked for to a batch that has run: found again or made, run, delivered.
 *
 * The same command line in the same directory with the same input has the same ID, so it finds what
 * an earlier client began and did not finish, and runs only what is missing. A batch whose outputs
 * were delivered is over: the same command line then makes a new one in its place. One whose batch
 * another client is running at this moment makes one beside it.
 */
#ifndef EAE_EXEC_SUBMIT_H
#define EAE_EXEC_SUBMIT_H

#include "exec/batch.h"
#include "exec/dispatch.h"
#include "exec/outputs.h"

/* What only the program knows: exec sees bytes. */
typedef struct eae_submit_hooks {
    /* Run identity of the filters on this machine. */
    const char *(*identify)(void);
    /* The outputs of the shards, one behind the other in an open file, become one output; part[i]
     * is where that of shard i ends. */
    int (*merge)(void *context, int fd, const uint64_t *part, int64_t parts);
    void *context;
} eae_submit_hooks;

typedef struct eae_submit_request {
    const char *root;
    const eae_names *settings; /* of this run: NAME=VALUE */
    const eae_names *inputs;   /* files that jobs need: part of the ID by their contents; or NULL */
    int input_fd;              /* filters: what the shards read; -1: nothing */
    bool fresh;                /* do not go on with what is there */
    const char *program;       /* eae-submit */
    const char *output;        /* of the jobs; NULL: standard output */
    bool keep_outputs;         /* deliver nothing: it is another's to fetch */
    bool quiet;                /* logs of jobs are not shown */
    const char *tmpdir;
    const volatile sig_atomic_t *interrupted;
    const eae_submit_hooks *hooks;
} eae_submit_request;

/* `b` has its jobs; the rest is filled in, and the directory is made or found. *lock is held by
 * this process. *found: an earlier batch goes on. */
int eae_submit_prepare(eae_batch *b, const eae_submit_request *request, int *lock, bool *found);
/* The lock of a batch that is there, to go on with it. */
int eae_submit_resume(const eae_batch *b, int *lock);
/* Run what is missing, and deliver. EAE_OK also where jobs failed. `l` is to be closed in any case.
 */
int eae_submit_go(const eae_batch *b, const eae_submit_request *request, eae_ledger *l,
                  eae_dispatch_counts *counts);
/* Deliver what is there, of a batch that nobody runs and of which every job is final. */
int eae_submit_deliver(const eae_batch *b, const eae_submit_request *request, const eae_ledger *l);
/* Outputs and input are no more needed. */
void eae_submit_drop_data(const eae_batch *b);

/* In a child that goes on without a terminal; the parent returns true and should end. Before there
 * are threads. What the child says goes to DIR/site/client.log. */
int eae_submit_detach(const eae_batch *b, bool *parent);

/* ---- submit_manage.c: looking at batches, and ending them ---- */

/* Jobs by what a person is shown. */
void eae_submit_count(const eae_ledger *l, bool client, eae_dispatch_counts *counts);
/* EAE_OK if every job is done; else EAE_FAIL with a message that counts, and in `lines` how the
 * first `most` of those that will not be done ended, with what they said: "job 3: ended with status
 * 1: ...". Nobody runs the batch. */
int eae_submit_judge(const eae_ledger *l, int most, eae_names *lines);
/* "BATCH" or "BATCH:JOB" of ROOT: opens the batch; *job is from 0, -1 where none is named. */
int eae_submit_find_job(const char *root, const char *text, eae_batch *b, int64_t *job);
/* Ask for the end of a job, or of all (-1). Where no client runs the batch, and a scheduler may
 * have jobs of it, that one is told from here. */
int eae_submit_cancel(const eae_batch *b, const eae_submit_request *request, int64_t job);

#endif
