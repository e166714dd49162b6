/*
 * job.h - one command line on its way to a key and an entry.
 */
#ifndef EAE_CACHE_JOB_H
#define EAE_CACHE_JOB_H

#include "cache/cache.h"
#include "cache/input.h"

/* Zero-initialise; the cache is opened by the caller and closed by eae_job_free(). */
typedef struct eae_job {
    eae_cache cache;
    eae_names words;  /* of the command; none for a name */
    eae_names inputs; /* files besides those that the words name */
    eae_names env;    /* variables that count besides those that always do */
    eae_input input;  /* standard input: taken before the request is made */
    eae_request request;
    eae_hash key;
} eae_job;

/* request and key; EAE_FAIL also where there can be none. */
int eae_job_request(eae_job *j, const eae_request_help *help);
int eae_job_name(eae_job *j, const char *name);
/* All of an entry but its results. */
void eae_job_describe(const eae_job *j, eae_entry *e);
/* It has no result yet: its request is kept, so that `put` knows what it stores. */
int eae_job_remember(const eae_job *j);
void eae_job_free(eae_job *j);

/* ---- the same again ------------------------------------------------------------------------ */

/* Take over command, folder (which becomes the working directory) and input of an entry, and make
 * the request anew. EAE_FAIL says which part is not what it was. */
int eae_job_again(eae_job *j, const eae_entry *e, const char *tmpdir, const eae_request_help *help);

/* What comes out this time against what came out then. */
typedef struct eae_comparison {
    const eae_hit *hit;
    uint64_t at[2];     /* bytes seen of output and errors */
    int64_t differs[2]; /* the first byte that differs, or -1 */
} eae_comparison;

void eae_comparison_begin(eae_comparison *c, const eae_hit *hit);
/* As eae_capture (exec/capture.h) wants it; always true. */
bool eae_comparison_see(void *comparison, int stream, const void *bytes, size_t n);
/* EAE_FAIL says what differs. */
int eae_comparison_end(const eae_comparison *c);

#endif
