/*
 * recorder.h - what a command writes becomes a result, if all goes well.
 *
 * The store may fail at any time (a full disk): that is said once, nothing is kept, and the command
 * goes on.
 */
#ifndef EAE_CACHE_RECORDER_H
#define EAE_CACHE_RECORDER_H

#include <time.h>

#include "cache/job.h"

typedef struct eae_recorder {
    const eae_job *job;
    const eae_store *store;
    eae_flight flight;
    eae_store_file output, errors;
    struct timespec start;
    bool lost; /* the store could not take it all */
    bool errors_begun;
} eae_recorder;

/* Ready to keep what the command of a job writes: its output goes to `output.fd`, unless `lost` is
 * set. The flight is the recorder's from here on. */
void eae_recorder_begin(eae_recorder *r, const eae_job *j, eae_flight *flight);
/* As eae_capture (exec/capture.h) wants them: stream 0 is output, 1 errors. */
bool eae_recorder_keep(void *recorder, int stream, const void *bytes, size_t n);
void eae_recorder_tick(void *recorder);
/* The command has ended, `good` or not: the result is published if it was, and all it named is what
 * it was; a reason why not is said. Gives back the flight and frees; a second time it does nothing.
 */
void eae_recorder_end(eae_recorder *r, bool good);

#endif
