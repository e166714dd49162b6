/*
 * queue_text.h - jobs as schedulers' clients tell of them, in one form for all.
 *
 * What is here comes from text that sites change (banners, cut columns, versions): it helps to
 * decide how long to wait and what to say, never what a job's result was.
 */
#ifndef EAE_EXEC_QUEUE_TEXT_H
#define EAE_EXEC_QUEUE_TEXT_H

#include <stddef.h>
#include <stdint.h>

typedef enum eae_queue_state {
    EAE_QUEUE_PENDING,
    EAE_QUEUE_RUNNING,
    EAE_QUEUE_SUSPENDED, /* by a user or since a window closed: it goes on later */
    EAE_QUEUE_UNSURE,    /* its host does not answer, or a word we do not know: not dead */
    EAE_QUEUE_ENDED
} eae_queue_state;

enum { EAE_QUEUE_WORD = 64 };

typedef struct eae_queue_job {
    int64_t id;    /* of the array, or of the job */
    int64_t index; /* within the array; 0 where it is none */
    eae_queue_state state;
    char word[EAE_QUEUE_WORD]; /* the state in the scheduler's own words */
    char name[EAE_QUEUE_WORD];
    char host[EAE_QUEUE_WORD]; /* "" while it waits */
    char reason[EAE_QUEUE_WORD];
} eae_queue_job;

typedef struct eae_queue_jobs {
    eae_queue_job *job;
    size_t count, capacity;
} eae_queue_jobs;

/* How many jobs of a batch are in each state. */
typedef struct eae_queue_counts {
    int64_t of[EAE_QUEUE_ENDED + 1];
} eae_queue_counts;

/* A new entry at the end, nothing known of it. */
eae_queue_job *eae_queue_jobs_add(eae_queue_jobs *jobs);
void eae_queue_jobs_free(eae_queue_jobs *jobs);

#endif
