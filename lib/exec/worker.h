/*
 * worker.h - what runs elsewhere: the jobs of one chunk, one after the other (backend.h).
 */
#ifndef EAE_EXEC_WORKER_H
#define EAE_EXEC_WORKER_H

#include <stdint.h>

/* Run what is missing of chunk `number` of the batch in `dir`. `identify` gives the run identity of
 * this host where the batch is of a filter; or NULL. EAE_OK when every job of the chunk has a
 * record. */
int eae_worker_run(const char *dir, int64_t number, const char *(*identify)(void));

#endif
