/*
 * store.h - the folder of a cache: objects by the hash of their bytes, entries by their key.
 *
 *     objects/ab/<hash>     bytes; the name is their content hash (content_hash.h)
 *     entries/ab/<key>      what a request gave: entry.h
 *     requests/ab/<key>     requests that have a name and no result yet (eae-cache key, put)
 *     pins/<key>            empty: this entry is not evicted
 *     memo/                 hashes of files, option tables, run identities: all can be made again
 *     locks/<key>           who computes it now: flight.h
 *     tmp/                  files on their way; the name has host, process and its start
 *     quarantine/<hash>     objects and entries that were damaged, since their time of modification
 *
 * Folders are 0700 and files 0600. Every file appears by rename(2), so that no reader sees part of
 * one; two writers of the same name write the same bytes, and the last one wins. Nothing is synced:
 * what a crash of the machine tears is found by its hash.
 *
 * A lease is the time of last modification, by the clock of the file server: who uses an object
 * sets it to now, and nothing younger than EAE_CACHE_LEASE seconds is evicted.
 *
 * Several processes, on several hosts, may use one store at once. A store is for one thread.
 */
#ifndef EAE_CACHE_STORE_H
#define EAE_CACHE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/content_hash.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/status.h"

enum { EAE_CACHE_LEASE = 60, EAE_CACHE_STALE = 30 /* a lock that is not renewed */ };

typedef struct eae_store {
    char *root;
    bool writable; /* our own; else one of a group, never changed */
    bool trust;    /* use it whoever may write to it */
    int threads;   /* to hash with */
} eae_store;

/* $EAE_CACHE_DIR, else $XDG_CACHE_HOME/eae, else ~/.cache/eae; the caller frees. NULL with the
 * message set where there is neither. */
char *eae_store_default(void);
/* Our own: made if it is not there. EAE_FAIL if it cannot be made, or is not to be trusted. */
int eae_store_open(eae_store *s, const char *root, bool trust, int threads);
/* One of a group, never written. EAE_MISS, with a warning, where it is not there or not to be
 * trusted. */
int eae_store_open_shared(eae_store *s, const char *root, bool trust, int threads);
void eae_store_close(eae_store *s);

/* root/room/ab/<hash>, or root/room/<hash> for flat rooms: pins, locks, quarantine; the caller
 * frees. */
bool eae_store_is_flat(const char *room);
char *eae_store_path(const eae_store *s, const char *room, const eae_hash *hash);

/* Open for reading, by the rules of trust; looked for again after the folder was read anew, because
 * NFS remembers what is not there. -1: not there, or not to be trusted (with a warning). */
int eae_store_read(const eae_store *s, const char *room, const eae_hash *hash, struct stat *st);
/* Set its time to now: it is in use. false: it is not there. */
bool eae_store_touch(const eae_store *s, const char *room, const eae_hash *hash);
/* Move what is damaged out of the way, with a warning that says why. */
void eae_store_quarantine(const eae_store *s, const char *room, const eae_hash *hash,
                          const char *why);
/* Seconds since the epoch by the clock of the file server; 0 if it cannot be had. */
int64_t eae_store_now(const eae_store *s);

/* ---- writing ------------------------------------------------------------------------------- */

/* A file on its way into the store. After a failure (a full disk) the message is set, nothing more
 * is written, and finish fails. */
typedef struct eae_store_file {
    int fd;     /* read and write */
    char *path; /* under tmp/ */
    eae_content_hasher *hasher;
    uint64_t size;
    int status;
} eae_store_file;

int eae_store_begin(const eae_store *s, eae_store_file *f);
int eae_store_add(eae_store_file *f, const void *bytes, size_t n);
/* Into room/ab/<name>, or by the hash of its bytes where `name` is NULL; *hash: that name. Frees.
 */
int eae_store_finish(const eae_store *s, eae_store_file *f, const char *room, const eae_hash *name,
                     eae_hash *hash);
/* As an object, if its bytes have this hash; else EAE_FAIL, and it is gone. `name` is for the
 * message. */
int eae_store_accept(const eae_store *s, eae_store_file *f, const eae_hash *hash, const char *name);
void eae_store_discard(eae_store_file *f);
/* Add all of a descriptor from where it is. */
int eae_store_take(eae_store_file *f, int fd, const char *name);
/* The three in one. */
int eae_store_write(const eae_store *s, const char *room, const eae_hash *name, const void *bytes,
                    size_t n, eae_hash *hash);

/* ---- objects ------------------------------------------------------------------------------- */

/* A verified object: its bytes, or where it is large (bytes NULL) the open file. */
typedef struct eae_object {
    int fd;
    char *bytes;
    uint64_t size;
} eae_object;

/* EAE_MISS if it is not there or was damaged: that is said, and it is quarantined. */
int eae_object_open(const eae_store *s, const eae_hash *hash, uint64_t size, eae_object *object);
/* Write all of it. Renews the lease of a large one on the way. */
int eae_object_send(const eae_object *object, eae_output *out);
/* The same by any function. */
typedef int (*eae_object_sink)(void *to, const void *bytes, size_t n);
int eae_object_each(const eae_object *object, eae_object_sink sink, void *to);
void eae_object_close(eae_object *object);

/* The unique part of names under tmp/: host, process and its start, without blanks; the caller
 * frees. */
char *eae_store_owner(void);
/* Is the owner that wrote `text` (a name under tmp/, the text of a lock) on this host, and gone? */
bool eae_store_owner_dead(const char *text);
/* Remove what dead owners left under tmp/. Returns how many files that were. */
int eae_store_sweep(const eae_store *s);

#endif
