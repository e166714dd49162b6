/*
 * batch.h - a batch is a directory that says what is to be run and what became of it.
 *
 *     ROOT/ID/            0700; ROOT: --dir, else $XDG_STATE_HOME/eae/batches
 *       batch             what to run: settings, words of every job, input. Written once, synced
 * and renamed; never changed. Frames of wire.h: one BATCH frame, one JOB frame per job, one END
 * frame. input             the standard input of every job, where it is not a file elsewhere lock
 * flock()ed by the client that runs the batch chunks/N          jobs packed for one worker (N from
 * 1, never used twice): one CHUNK frame journal/W         what writer W saw; one file per writer,
 * frames appended and synced data/W.L          outputs and logs of the jobs that W ran in its lane
 * L, one after the other cancel/all        asked to be cancelled: the whole batch, cancel/J or job
 * J (from 1) site/             the back end's own: scripts, a scheduler's logs
 *
 * Writers are `client.K` (the K-th client that ran the batch), `chunk.N` (the worker of chunk N)
 * and `chunk.N-K` (its K-th worker, where a scheduler started it again). What the batch is at any
 * time is what all journals say together (ledger.h): nothing is ever changed in place, so a client
 * or worker can end at any instruction and another can go on.
 *
 * A back end without a shared file system makes a directory of the same form on the host, with
 * `batch`, `input` and `chunks/N`, lets `eae-submit work DIR N` run there, and copies
 * journal/chunk.N and data/chunk.N* back, which only grow: data first, then the journal.
 *
 * The ID is the beginning of a hash of what is to be run, so that the same command line finds the
 * batch it began. Words and names come from users and files: they are data, and never part of a
 * path.
 */
#ifndef EAE_EXEC_BATCH_H
#define EAE_EXEC_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/names.h"
#include "exec/record.h"

enum { EAE_BATCH_ID_MAX = 32, EAE_BATCH_JOBS_MAX = 100000000, EAE_CHUNK_NAME_MAX = 64 };

typedef struct eae_batch_input {
    char *path; /* a file elsewhere, by its absolute path; NULL: `input` of the batch, or nothing */
    bool stored;   /* `input` is there */
    eae_hash hash; /* of its bytes */
    uint64_t size;
    int64_t mtime; /* of a file elsewhere, in ns: it must not change meanwhile */
} eae_batch_input;

/* What to run: filled by the caller for eae_batch_create(), or read by eae_batch_open(). */
typedef struct eae_batch {
    char *path; /* of the directory, absolute; NULL before it is created */
    char id[EAE_BATCH_ID_MAX];
    char *cwd;             /* where jobs run */
    eae_names settings;    /* NAME=VALUE, by the long names of eae-submit's options */
    eae_names environment; /* NAME=VALUE: what jobs get on other hosts (PATH, LC_ALL, EAE_*, ...) */
    bool filter;           /* prefix form: the outputs are shards of one */
    bool shell;            /* words are one line for sh -c */
    int64_t job_count;
    size_t *job_at;        /* where the words of job i begin in job_bytes; job_count + 1 */
    const char *job_bytes; /* counted words (eae_put_words) of all jobs */
    eae_batch_input input;
    double created; /* seconds since 1970 */
    /* batch*.c only: */
    eae_buffer job_text;
    int64_t job_room;
    char *staging; /* the directory before it has its name */
} eae_batch;

/* Value of a setting, NULL where it was not given. */
const char *eae_batch_setting(const eae_batch *b, const char *name);
const char *eae_setting_of(const eae_names *settings, const char *name);

/* Words of job i: program and arguments; words must be empty. */
void eae_batch_words(const eae_batch *b, int64_t job, eae_names *words);
void eae_batch_add_job(eae_batch *b, const eae_names *words);

/* The hash that names it: form, words, input, directory, `more` (what the program knows). */
void eae_batch_name(eae_batch *b, const char *more);

/* ROOT for a --dir that may be NULL; the caller frees. NULL with a message: no home either. */
char *eae_batch_root(const char *dir);
/* `path` itself, or behind the working directory; the caller frees. */
char *eae_absolute(const char *path);
/* What jobs read: a regular file, open at its beginning, is referred to; anything else is read to
 * its end and kept. Sets input. */
int eae_batch_take_input(eae_batch *b, const char *root, int fd);
/* The new directory ROOT/ID, or ROOT/ID.2 ...: the first that is not there. It appears
 * whole, with *lock held by the caller. Sets path, id and created. */
int eae_batch_create(eae_batch *b, const char *root, int *lock);
/* Not to be created after all. */
void eae_batch_discard(eae_batch *b);
/* The directory at `path`. */
int eae_batch_open(eae_batch *b, const char *path);
void eae_batch_free(eae_batch *b);

/* The path of a batch of ROOT by its ID or an unambiguous beginning of one; the caller frees. */
int eae_batch_find(const char *root, const char *id, char **path);
/* The IDs in ROOT, sorted. */
int eae_batch_list(const char *root, eae_names *ids);
/* Remove the directory and all that is in it. */
int eae_batch_remove(const char *path);
/* The same for one that others may look at or look for: it is out of ROOT's sight at once. The
 * caller holds its lock; who waits for that finds that there is no such batch any more. */
int eae_batch_retire(const char *path);
/* Remove what clients left in ROOT that died before their batch appeared, a day ago or more, or
 * while they removed one. */
void eae_batch_prune(const char *root);

/* The lock of the running client. *fd: -1 if another has it, or removes the batch just now. */
int eae_batch_lock(const eae_batch *b, int *fd);

/* ---- cancelling ---- */

/* Ask for the end of a batch, or of a job (from 0; -1: all). */
int eae_batch_ask_cancel(const eae_batch *b, int64_t job);
/* Was it asked for? */
bool eae_batch_cancel_asked(const eae_batch *b, int64_t job);
typedef struct eae_cancel_list {
    bool all;
    int64_t *job; /* from 0; freed by the caller */
    int64_t count;
} eae_cancel_list;

void eae_batch_cancel_list(const eae_batch *b, eae_cancel_list *l);
/* Forget it: the batch is to go on. */
void eae_batch_forget_cancel(const eae_batch *b);

/* ---- chunks ---- */

typedef enum eae_chunk_state {
    EAE_CHUNK_NEW,       /* not handed over */
    EAE_CHUNK_QUEUED,    /* accepted, waits */
    EAE_CHUNK_RUNNING,   /* its worker began, or the scheduler says so */
    EAE_CHUNK_SUSPENDED, /* stopped for now */
    EAE_CHUNK_UNKNOWN,   /* the host does not answer: neither dead nor alive */
    EAE_CHUNK_GONE,      /* the back end knows it no more, or says that it ended, however */
    EAE_CHUNK_STATES
} eae_chunk_state;

typedef struct eae_chunk {
    int64_t number;                /* from 1 */
    char name[EAE_CHUNK_NAME_MAX]; /* eae-<id>-<number>, [A-Za-z0-9.-]: for a scheduler */
    int count;
    int64_t *job; /* job[0..count-1], run in this order */
    int *attempt;
    eae_names settings; /* NAME=VALUE for its worker, which stand before those of the batch */
    /* kept by the dispatcher, set by the back end: */
    eae_chunk_state state;
    char
        *handle; /* what finds it again after a crash ("4711", "4711_3", "h2 1234"); no line ends */
    char *host;  /* where it runs; NULL: not known */
    char *note;  /* why it waits, in the scheduler's words; NULL */
    void *own;   /* the back end's */
} eae_chunk;

/* Write chunks/N of `b`, synced and renamed. */
int eae_chunk_write(const eae_batch *b, const eae_chunk *c);
/* Read it; frees with eae_chunk_free(). */
int eae_chunk_read(const eae_batch *b, int64_t number, eae_chunk **c);
eae_chunk *eae_chunk_new(const eae_batch *b, int64_t number, int count);
void eae_chunk_free(eae_chunk *c);

#endif
