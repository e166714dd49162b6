/*
 * backend.h - where jobs run: one table per kind of place (this machine, ssh hosts, a scheduler).
 *
 * The dispatcher (dispatch.h) decides what runs when, and what became of it; a back end only
 * carries chunks to a place where `eae-submit work DIR N` runs them, and says what it knows about
 * them. It never judges a job: results are what the worker recorded in journal/chunk.N (batch.h).
 *
 * The life of a chunk, as the dispatcher calls it:
 *
 *     chunks/N written, intent (its name) durable in the client's journal
 *     submit        -> state QUEUED or RUNNING, handle set; the handle is then written down too
 *     poll ...      -> state, host, note; for all chunks in flight in one call, as cheap as it can
 * be collect       -> what journal/chunk.N* and data/chunk.N* have more than before, copied to here
 *     GONE          -> after a last collect and a grace time, jobs without record are lost
 *
 * After a crash of the client, another finds the intent without a handle: it calls lookup() by the
 * chunk's name before it thinks of submitting again. So a submit whose answer was lost is never
 * made twice.
 *
 * The worker's command line is: PROGRAM work DIR N. It runs the jobs of chunk N one after the other
 * in the order of the chunk, writes journal/chunk.N and data/chunk.N.0, and ends with 0 when every
 * job of the chunk has its record, whatever became of the jobs; 1 when it could not do its work. A
 * second worker for the same chunk (a requeue) finds the first one's records and runs what is
 * missing; while the first is alive on the same machine it does nothing and ends with 1. A back end
 * hands the words over as data (a script file with fixed text, stdin), never by pasting them into
 * shell text.
 *
 * Errors: EAE_FAIL with a message means that the call did not work (no answer, no permission), and
 * says nothing about any job. Every client program that is run has a time-out of its own.
 *
 * Threads: one session is used by one thread.
 *
 * Names begin with eae_exec_, because an eae_backend is a set of kernels (kernels.h).
 *
 * To add a place: write backend_<name>.c with such a table, add it to `all` in backend.c, and list
 * its options in `settings`; or, without C, a script (backend_script.c, share/examples/backend).
 */
#ifndef EAE_EXEC_BACKEND_H
#define EAE_EXEC_BACKEND_H

#include "exec/batch.h"

typedef struct eae_host_info {
    char *name;
    char *state;                       /* "alive", "down", or the scheduler's word */
    int64_t slots, used;               /* -1: not known, as below */
    double load;                       /* one minute; NaN: not known */
    int64_t memory, memory_free, gpus; /* bytes, bytes, count */
    char *note;                        /* NULL, or why it is down */
} eae_host_info;

typedef struct eae_queue_info {
    char *name;
    char *state;
    int64_t priority, pending, running; /* -1: not known */
    char *window;                       /* when it runs jobs, in the scheduler's words; NULL */
} eae_queue_info;

typedef struct eae_site {
    eae_host_info *host;
    int host_count;
    eae_queue_info *queue;
    int queue_count;
} eae_site;

/* Appends an empty one (all not known) and returns it; valid until the next. */
eae_host_info *eae_site_host(eae_site *s, const char *name);
eae_queue_info *eae_site_queue(eae_site *s, const char *name);
void eae_site_free(eae_site *s);

/* What a back end that runs jobs itself (flag DIRECT) tells the dispatcher. */
typedef struct eae_exec_events {
    void (*began)(void *context, eae_chunk *c, int64_t job, int attempt, int64_t pid);
    void (*ended)(void *context, eae_chunk *c, const eae_record *r);
    void *context;
} eae_exec_events;

typedef struct eae_exec_config {
    const eae_batch *batch;        /* NULL for hosts, queues and ping */
    const eae_names *settings;     /* NAME=VALUE of the options that were given */
    const char *program;           /* absolute path of eae-submit: what a worker is started with */
    const char *identity;          /* run identity of this machine; may be NULL */
    const char *writer;            /* DIRECT: name of the client's journal and data files */
    struct eae_journal *journal;   /* DIRECT: the client's, open */
    const eae_exec_events *events; /* DIRECT: where to tell */
} eae_exec_config;

/* The value of a setting of the configuration; NULL: not given. */
const char *eae_config_setting(const eae_exec_config *config, const char *name);

enum {
    EAE_EXEC_DIRECT = 1, /* runs the jobs in this process: no chunk files, events instead of poll */
    EAE_EXEC_SHARED = 2, /* workers see the batch's directory: nothing to collect */
    EAE_EXEC_ARRAY = 4   /* many chunks in one submit are cheap: hand over as many as there are */
};

typedef struct eae_session eae_session; /* each back end defines its own struct and casts */

typedef struct eae_exec_backend {
    const char *name;     /* --on NAME; `--on NAME:REST` gives REST as the setting "on-argument" */
    const char *summary;  /* one line for --help */
    const char *settings; /* comma-separated option names it understands beyond the general ones */
    unsigned flags;

    /* Check settings, find programs; no job is touched. */
    int (*open)(eae_session **s, const eae_exec_config *config);
    /* Chunks that may be handed over now, given what is in flight: < 0 for no limit of its own. */
    int64_t (*room)(eae_session *s);
    /* Hand over chunk[0..n-1], whose files are written. Sets state and handle of each one that was
     * accepted; a chunk whose state is still NEW was refused for sure, and one that is UNKNOWN may
     * or may not have been (the answer was lost: lookup() decides later). EAE_FAIL with the reason
     * when not all were accepted. */
    int (*submit)(eae_session *s, eae_chunk *const *chunk, int n);
    /* Is there a chunk of that name? Sets state and handle: QUEUED ... if so, GONE with a handle if
     * it was there and has ended, GONE without one if there surely never was. EAE_FAIL: nobody can
     * say now. NULL for DIRECT. */
    int (*lookup)(eae_session *s, eae_chunk *c);
    /* Bring state, host and note of the chunks in flight up to date. Waits up to `wait_ms` for news
     * where it can be told of them, and returns at once where it can not (the dispatcher sleeps).
     */
    int (*poll)(eae_session *s, eae_chunk *const *chunk, int n, int wait_ms);
    /* Copy what is new of journal/chunk.N* and data/chunk.N* into the batch; NULL where SHARED. */
    int (*collect)(eae_session *s, eae_chunk *c);
    /* End these, waiting or running; not an error where they have ended. */
    int (*cancel)(eae_session *s, eae_chunk *const *chunk, int n);
    /* End one job that runs in a chunk, and let the chunk go on; NULL: cancel/J is seen by the
     * worker. */
    int (*cancel_job)(eae_session *s, eae_chunk *c, int64_t job);
    /* For `hosts`, `queues` and `ping`. NULL: there is no such thing here. ping gives one line to
     * print, which the caller frees: what answered, its version. */
    int (*hosts)(eae_session *s, eae_site *site);
    int (*queues)(eae_session *s, eae_site *site);
    int (*ping)(eae_session *s, char **answer);
    /* Seconds between two polls: first and longest (it grows while nothing happens). 0: default. */
    double poll_first, poll_longest;
    /* Seconds that a job of a chunk that is GONE may still take to show its record (NFS). */
    double grace;
    void (*close)(eae_session *s);
} eae_exec_backend;

/* NULL with a message that lists the names, where there is none. */
const eae_exec_backend *eae_exec_backend_find(const char *name);
/* i = 0, 1, ...; NULL at the end. */
const eae_exec_backend *eae_exec_backend_at(int i);

extern const eae_exec_backend eae_exec_local;
extern const eae_exec_backend eae_exec_ssh;
extern const eae_exec_backend eae_exec_slurm;
extern const eae_exec_backend eae_exec_openlava;
extern const eae_exec_backend eae_exec_lsf;
extern const eae_exec_backend eae_exec_script;

#endif
