/*
 * lane.h - one job that runs: its process, its pipes, its output and log. Used by runner.c only.
 */
#ifndef EAE_EXEC_LANE_H
#define EAE_EXEC_LANE_H

#include <sys/types.h>

#include "exec/backend.h"
#include "exec/record.h"

typedef struct eae_lane {
    char *path;   /* of the data file */
    int data;     /* it, or -1: nothing to keep so far */
    uint64_t end; /* of what is in it */
    int slot;     /* -1: none */
    double turn;  /* when the slot was taken */
    char **environment;
    char batch_text[64], job_text[40], attempt_text[40], threads_text[40];
    char *gpus_text;
    int devices_of; /* the slot or lane whose devices are in it */
    /* the job that runs: */
    bool busy;
    eae_chunk *chunk;
    eae_record record;
    pid_t pid;
    int output, errors; /* read ends, -1 when closed */
    eae_buffer held;    /* output that is not in the file yet */
    eae_hasher *hasher; /* of output, once some of it is in the file */
    eae_buffer log_head, log_tail;
    uint64_t log_seen;
    double deadline;   /* of the time-out, or of the SIGKILL behind a SIGTERM; 0: none */
    int killed;        /* the last signal that was sent */
    eae_ending ending; /* why it was sent */
} eae_lane;

/* Take what can be read from the pipes now. The errno of a failed write of output is kept in the
 * record (EAE_ENDED_OUTPUT), and the job is killed. `log_max` as in runner.h. */
void eae_lane_read(eae_lane *l, uint64_t log_max);
/* The process has ended: rest of the pipes, output and log to the file, extents to the record. */
void eae_lane_finish(eae_lane *l, uint64_t log_max);
void eae_lane_kill(eae_lane *l, int signal);
void eae_lane_free(eae_lane *l);

#endif
