/*
 * arrays.h - chunks as elements of a scheduler's job arrays: what the back ends of Slurm and LSF
 * share.
 *
 * A submit of n chunks becomes arrays of consecutive chunk numbers, none larger than the site
 * allows. Element i of an array runs chunk `first` + i - 1; the offset is added by the script that
 * the array runs (EAE_ARRAY_SCRIPT), which has fixed text and takes everything else from its
 * environment. The name of an array is that of its first chunk and the number of its last
 * ("eae-<id>-<first>-<last>"), so that any of its chunks can be found again by name, before it is
 * submitted a second time.
 *
 * A chunk is gone when the scheduler lists it as ended, or when it was not listed by several polls
 * and for some time: an answer that is short or empty is common while a scheduler is busy. A state
 * that is not known, or a host that does not answer, is not the end of anything.
 *
 * One thread at a time.
 */
#ifndef EAE_EXEC_ARRAYS_H
#define EAE_EXEC_ARRAYS_H

#include "exec/backend.h"
#include "exec/backends/queue_text.h"

/* `index` is the variable with the element's index. What the worker cannot even say in its journal
 * goes to site/. */
#define EAE_ARRAY_SCRIPT(index) \
    "#!/bin/sh\n" \
    "n=$((SUBMIT_ARRAY_FIRST + " index " - 1))\n" \
    "exec \"$SUBMIT_ARRAY_PROGRAM\" work \"$SUBMIT_ARRAY_BATCH\" \"$n\" " \
    "</dev/null >/dev/null 2>>\"$SUBMIT_ARRAY_BATCH/site/worker.$n\"\n"

typedef struct eae_array {
    const char *name;
    int64_t first, count;         /* chunk numbers first .. first + count - 1 */
    const eae_names *environment; /* SUBMIT_ARRAY_*: for the script */
} eae_array;

typedef enum eae_array_reply {
    EAE_ARRAY_ACCEPTED,
    EAE_ARRAY_REFUSED,   /* for sure */
    EAE_ARRAY_TOO_LARGE, /* refused, and a smaller one would do */
    EAE_ARRAY_UNSURE     /* the answer was lost */
} eae_array_reply;

/* What one kind of scheduler does. A function that fails leaves a message. */
typedef struct eae_array_kind {
    double patience; /* seconds that an element may be missing from the lists before it is gone */
    eae_array_reply (*submit)(void *own, const eae_array *a, int64_t *id);
    /* The elements of these arrays that it knows, ended ones too. An array that it does not know is
     * no failure. */
    int (*list)(void *own, const int64_t *id, int n, eae_queue_jobs *jobs);
    /* All elements of the user's own arrays that it knows. */
    int (*list_mine)(void *own, eae_queue_jobs *jobs);
    /* The elements of `ranges` ("3-9,12") of array `id`; no failure where they have ended. */
    int (*cancel)(void *own, int64_t id, const char *ranges);
} eae_array_kind;

typedef struct eae_arrays eae_arrays;

/* `largest`: the highest index of an array that the site takes. */
eae_arrays *eae_arrays_new(const eae_exec_config *config, const eae_array_kind *kind, void *own,
                           int64_t largest);
void eae_arrays_free(eae_arrays *a);

/* As in backend.h. */
int eae_arrays_submit(eae_arrays *a, eae_chunk *const *chunk, int n);
int eae_arrays_lookup(eae_arrays *a, eae_chunk *c);
int eae_arrays_poll(eae_arrays *a, eae_chunk *const *chunk, int n);
int eae_arrays_cancel(eae_arrays *a, eae_chunk *const *chunk, int n);

/* What a session begins with that is all arrays; these are then its functions in the table. */
typedef struct eae_array_session {
    eae_exec_config config;
    eae_arrays *arrays;
} eae_array_session;
int64_t eae_array_session_room(eae_session *s);
int eae_array_session_submit(eae_session *s, eae_chunk *const *chunk, int n);
int eae_array_session_lookup(eae_session *s, eae_chunk *c);
int eae_array_session_poll(eae_session *s, eae_chunk *const *chunk, int n, int wait_ms);
int eae_array_session_cancel(eae_session *s, eae_chunk *const *chunk, int n);

/* The index of chunk `c` within the array of that name; 0: it is not in it. */
int64_t eae_array_index(const char *name, const eae_chunk *c);

#endif
