/* queue_text.c - see queue_text.h. */
#include "exec/backends/queue_text.h"

#include <stdlib.h>

#include "base/memory.h"

eae_queue_job *eae_queue_jobs_add(eae_queue_jobs *jobs)
{
    if (jobs->count == jobs->capacity) {
        jobs->capacity = jobs->capacity ? 2 * jobs->capacity : 16;
        jobs->job = eae_realloc(jobs->job, jobs->capacity, sizeof *jobs->job);
    }
    eae_queue_job *job = &jobs->job[jobs->count++];
    *job = (eae_queue_job){.id = -1, .state = EAE_QUEUE_UNSURE};
    return job;
}

void eae_queue_jobs_free(eae_queue_jobs *jobs)
{
    free(jobs->job);
    *jobs = (eae_queue_jobs){0};
}
