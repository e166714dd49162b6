/*
 * entry.h - what the store keeps of one request: the request itself, how to make it again, and the
 * hashes of what came out.
 *
 *     eae-cache entry 1
 *     status 0
 *     quiet 0
 *     created 1760000000
 *     seconds 12.5
 *     host node7
 *     folder /home/me/study
 *     word eae-rfe                   (each word of the command line; none for a named request)
 *     env EAE_X=1                    (names given with --env; files with --input)
 *     stdout <hash> <size>
 *     stderr <hash> <size>
 *     request <size>
 *     <the text of request.h>
 *     check <hash of all before this line>
 *
 * The file is called by the hash of the request. It is text, read strictly: an entry that is
 * damaged, or not in this form, is not used.
 */
#ifndef EAE_CACHE_ENTRY_H
#define EAE_CACHE_ENTRY_H

#include "base/names.h"
#include "cache/store.h"

enum { EAE_ENTRY_MAX = 16 << 20 };

typedef struct eae_entry {
    eae_hash key;
    int status; /* exit status: 0, since failures are not kept */
    bool quiet; /* it was run with -q */
    int64_t created;
    double seconds;
    char *host;
    char *folder;
    eae_names words;
    eae_names env;
    eae_names inputs;
    eae_hash output, errors;
    uint64_t output_size, errors_size;
    eae_buffer request;
} eae_entry;

/* Appends it. */
void eae_entry_encode(const eae_entry *e, eae_buffer *text);
/* false where it is not an entry of that key. */
bool eae_entry_decode(eae_entry *e, const eae_hash *key, const char *text, size_t n);
void eae_entry_free(eae_entry *e);

/* EAE_MISS: not there, or damaged, which is said and it is quarantined. Does not renew its lease.
 */
int eae_entry_read(const eae_store *s, const eae_hash *key, eae_entry *e);
int eae_entry_write(const eae_store *s, const eae_entry *e);
/* A request that waits for its result: an entry whose outputs are empty. EAE_MISS as above. */
int eae_entry_read_request(const eae_store *s, const eae_hash *key, eae_entry *e);
int eae_entry_write_request(const eae_store *s, const eae_entry *e);

/* What it names is there, with the sizes it says, and counts as used now. */
bool eae_entry_has_objects(const eae_store *s, const eae_entry *e);

/* All keys of a room ("entries", "objects"), in the order of their text. The caller frees. */
typedef struct eae_keys {
    eae_hash *key;
    int64_t count;
} eae_keys;
void eae_keys_sort(eae_keys *keys);
int eae_store_list(const eae_store *s, const char *room, eae_keys *keys);

/* The words of the command, as a shell would take them; or "name: ...". The caller frees. */
char *eae_entry_title(const eae_entry *e);

#endif
