/*
 * serve_parts.h - the parts of the servant: the folder that it fills, and the workers that it
 * watches. Used by serve.c, serve_store.c and serve_watch.c only; remote.h says what they are for.
 */
#ifndef EAE_EXEC_SERVE_PARTS_H
#define EAE_EXEC_SERVE_PARTS_H

#include <sys/types.h>

#include "exec/batch.h"
#include "exec/journal.h"
#include "exec/backends/link.h"
#include "exec/backends/remote.h"

/* ---- serve_store.c: files that the client sends ---- */

typedef struct eae_store {
    char *root;   /* .../hosted */
    char *folder; /* of the batch; NULL before HELLO, or without one */
    int fd;       /* of the file that is being received; -1: none */
    char *part;   /* its name while it is not whole */
    uint64_t at;  /* bytes of it that are there */
} eae_store;

/* Makes the folder and its rooms; what other batches left a month ago goes. "": only the root. */
int eae_store_open(eae_store *s, const char *folder);
/* A PUT: a file appears under its name when it is whole and its hash is right. */
int eae_store_put(eae_store *s, eae_cursor *c);
/* Whether content of that hash is there; then it is made the batch's `input`. */
bool eae_store_has(eae_store *s, const eae_hash *hash, uint64_t size);
/* Whether the file `name`, from the directory `cwd`, is there with that content; if only the
 * content is there, it is put there. EAE_FAIL where another file of that name is in the way. */
int eae_store_file(eae_store *s, const char *cwd, const char *name, const eae_hash *hash,
                   uint64_t size, bool *there);
/* Whether a worker of the batch runs. */
bool eae_store_busy(const eae_store *s);
void eae_store_close(eae_store *s);

/* ---- serve_watch.c: a chunk, its worker, and its files ---- */

typedef struct eae_watch {
    int64_t chunk;
    pid_t pid;        /* of a worker that we started; 0: another servant did, or it has ended */
    bool ended;       /* the worker is not there any more */
    bool said;        /* the client knows that it is running */
    uint64_t sent[2]; /* bytes of journal and data that were sent */
    uint64_t target;  /* size of the journal when the data were last looked at */
    int fd[2];        /* -1: not open yet */
    double kill_at;   /* when a worker that was asked to end is killed; 0: it was not */
    double look_at;   /* when to look again whether a worker of another servant lives */
    char *note;
} eae_watch;

void eae_watch_init(eae_watch *w, int64_t chunk);
/* Start the worker, unless there has been one. */
void eae_watch_start(eae_watch *w, const char *folder);
/* Look whether the worker still lives. */
void eae_watch_look(eae_watch *w, const char *folder);
/* Who writes the journal at `path`; zero where there is none yet. */
void eae_watch_writer(const char *path, eae_writer_id *id);
/* Ask it to end. */
void eae_watch_stop(eae_watch *w, const char *folder);
/* Send what is new of its files, as far as the connection keeps up. *sent: something was; *all:
 * nothing is left. */
void eae_watch_send(eae_watch *w, const char *folder, eae_link *link, bool *sent, bool *all);
void eae_watch_free(eae_watch *w);

/* Seconds of a clock that only goes forward. */
double eae_watch_now(void);

#endif
