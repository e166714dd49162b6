/*
 * runner.h - run jobs of a batch on this machine: the wrapper that sees how they end.
 *
 * A runner has lanes; each runs one job at a time, as a child of this process in a process group of
 * its own. Output and log come through pipes and go to the lane's data file,
 * DIR/data/<writer>.<lane>; the end goes to the journal, then to `events`. So what a job leaves
 * running in the background cannot write into the output of the next; it is killed when the job has
 * ended.
 *
 * With slots, a lane runs a job only while it holds one of them (slots.h). Jobs get SUBMIT_BATCH,
 * SUBMIT_JOB (from 1), SUBMIT_ATTEMPT, OMP_NUM_THREADS, and with `gpus` CUDA_VISIBLE_DEVICES.
 * Everything that a job needs is in the batch.
 *
 * Threads: one. A process has one runner at a time (it handles SIGCHLD).
 */
#ifndef EAE_EXEC_RUNNER_H
#define EAE_EXEC_RUNNER_H

#include "exec/backend.h"
#include "exec/batch.h"
#include "exec/journal.h"
#include "exec/slots.h"

typedef struct eae_runner_config {
    const eae_batch *batch;
    const char *writer;
    eae_journal *journal;
    const eae_exec_events *events;
    int lanes;
    const char *slot_directory; /* NULL: without slots; their number is `lanes` */
    int threads;       /* OMP_NUM_THREADS of a job, unless it is set already; 0: left alone */
    bool threads_rule; /* also where it is set */
    const eae_names
        *gpus; /* devices, or NULL; lane or slot i gets `gpus_per_job` from i * that on */
    int gpus_per_job;
    double timeout; /* seconds; 0: none */
    uint64_t
        log_max; /* bytes of standard error that are kept of a job: its beginning and its end */
    bool away;   /* on another host: jobs get the environment that is in the batch */
} eae_runner_config;

typedef struct eae_runner eae_runner;

int eae_runner_open(eae_runner **r, const eae_runner_config *config);
/* Jobs that could be started now; asks for slots where lanes have none. */
int eae_runner_room(eae_runner *r);
/* Start a job on a lane; only where there is room. A program that cannot be started is a record,
 * not a failure. */
int eae_runner_start(eae_runner *r, eae_chunk *c, int64_t job, int attempt);
/* Wait for news, at most wait_ms, and take it in. Lanes without a job give their slots back. */
int eae_runner_wait(eae_runner *r, int wait_ms);
int eae_runner_running(const eae_runner *r);
/* End a job (-1: all of them): SIGTERM to its group, SIGKILL two seconds later. Its record will say
 * EAE_ENDED_CANCEL. */
void eae_runner_cancel(eae_runner *r, int64_t job);
/* Kills what runs; what it did is not recorded. */
void eae_runner_close(eae_runner *r);

/* Processes of jobs of this batch that a dead client left behind on this machine, found by their
 * environment, are killed. Returns how many. */
int eae_runner_sweep(const eae_batch *b);

#endif
