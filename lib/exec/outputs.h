/*
 * outputs.h - outputs and logs of jobs: parts of data files, checked by their hashes.
 */
#ifndef EAE_EXEC_OUTPUTS_H
#define EAE_EXEC_OUTPUTS_H

#include "base/files.h"
#include "exec/ledger.h"

/* The part is there, with its hash. */
bool eae_extent_good(const char *path, const eae_extent *x);
/* Append the part to an open output. It is checked on the way: damage is a failure, of which some
 * may have been written. */
int eae_extent_copy(const char *path, const eae_extent *x, eae_output *out);

/* Output, or log, of a job that has a record. */
int eae_output_of_job(const eae_ledger *l, int64_t job, eae_output *out);
int eae_log_of_job(const eae_ledger *l, int64_t job, eae_output *out);
/* The log as text: the caller frees; NULL where there is none. */
char *eae_log_text(const eae_ledger *l, int64_t job);

/* Outputs of jobs that are done, in the order of the jobs, as far as they are final. */
typedef struct eae_delivery {
    eae_output *out;
    eae_output *errors; /* logs; NULL: they are not wanted */
    int64_t next;
    uint8_t *final; /* of each job */
} eae_delivery;

void eae_delivery_start(eae_delivery *d, int64_t jobs, eae_output *out, eae_output *errors);
/* A job is final: give what can be given now. */
int eae_delivery_final(eae_delivery *d, const eae_ledger *l, int64_t job);
void eae_delivery_free(eae_delivery *d);

#endif
