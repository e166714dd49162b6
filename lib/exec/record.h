/*
 * record.h - what became of a job: states, and what our own wrapper recorded.
 *
 * A result is what the wrapper saw, never what a scheduler says. The wrapper is the process whose
 * child the job is: the client itself on this machine, `eae-submit work` elsewhere.
 *
 * A record is one frame of a journal (journal.h); it says where output and log of the job are:
 * a part of a data file beside the journal, with its hash. A record whose output is not there, or
 * has another hash, counts as if it had not been written: the job runs again.
 */
#ifndef EAE_EXEC_RECORD_H
#define EAE_EXEC_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "exec/wire.h"

/* The order is that of a job's life; names by eae_job_state_name(). */
typedef enum eae_job_state {
    EAE_JOB_STAGED,    /* in the batch; nobody was asked to run it yet */
    EAE_JOB_QUEUED,    /* handed to a scheduler, or waiting for a slot */
    EAE_JOB_RUNNING,   /* begun, not ended */
    EAE_JOB_SUSPENDED, /* stopped for now by the scheduler: waiting, not failed */
    EAE_JOB_DONE,      /* recorded with status 0 */
    EAE_JOB_FAILED,    /* recorded with another status, a signal or a time-out; no retry is left */
    EAE_JOB_CANCELLED, /* by eae-submit cancel, or by a signal to the client */
    EAE_JOB_LOST,      /* gone from its host without a record; will run again */
    EAE_JOB_DEAD,      /* lost as often as it may be */
    EAE_JOB_STATES
} eae_job_state;

const char *eae_job_state_name(eae_job_state state);
/* done, failed, cancelled or dead: nothing more happens to it by itself. */
bool eae_job_state_final(eae_job_state state);

/* How a job ended, where its exit status or signal alone does not say it. */
typedef enum eae_ending {
    EAE_ENDED,         /* by itself: status and signal say how */
    EAE_ENDED_TIMEOUT, /* killed by the wrapper after --timeout */
    EAE_ENDED_CANCEL,  /* killed because it was cancelled */
    EAE_ENDED_UNBORN,  /* the program could not be started: `status` is its errno */
    EAE_ENDED_OUTPUT,  /* its output could not be stored: `status` is the errno of the write */
    EAE_ENDINGS
} eae_ending;

/* A part of DIR/data/FILE. */
typedef struct eae_extent {
    uint64_t offset;
    uint64_t length;
    eae_hash hash; /* of the part's bytes; zero where length is 0 */
} eae_extent;

typedef struct eae_record {
    int64_t job; /* from 0 */
    int attempt; /* from 1 */
    eae_ending ending;
    int status;             /* exit status; 0 where a signal ended it */
    int signal;             /* 0: it exited */
    double started, ended;  /* seconds since 1970 */
    uint32_t lane;          /* which data file: DIR/data/<writer>.<lane> */
    eae_extent output, log; /* standard output and (capped) standard error */
} eae_record;

/* Status 0, no signal, ended by itself. */
bool eae_record_good(const eae_record *r);
/* "status 3", "signal 9 (Killed)", "timed out after 5 s", "cannot be started: No such file..." */
char *eae_record_words(const eae_record *r);

void eae_record_put(eae_buffer *b, const eae_record *r);
void eae_record_get(eae_cursor *c, eae_record *r);

/* Who wrote a journal: its first frame. */
typedef struct eae_writer_id {
    char *host;
    char *boot;     /* boot id of the kernel: after a restart no process of before is alive */
    char *identity; /* run identity of the programs there: library, core type */
    int64_t pid;
    uint64_t
        ticks; /* start time of the process, in clock ticks since boot: pid and ticks are unique */
} eae_writer_id;

void eae_writer_id_now(eae_writer_id *id, const char *identity);
void eae_writer_id_free(eae_writer_id *id);
/* It is of this machine and this boot, and the process is still there. */
bool eae_writer_id_alive(const eae_writer_id *id);
/* Start time of a process of this machine; 0: there is none. */
uint64_t eae_process_ticks(int64_t pid);

#endif
