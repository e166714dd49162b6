/*
 * threads.h - how many threads, and one way to use them: numbered tasks.
 *
 * Determinism: which thread runs a task is not fixed; so a task may only write what belongs to its
 * own index, and sums are made over task indices in order by the caller. Then the result does not
 * depend on the number of threads.
 */
#ifndef EAE_BASE_THREADS_H
#define EAE_BASE_THREADS_H

#include <stdint.h>

#include "base/status.h"

/* The default for --threads: OMP_NUM_THREADS, else SLURM_CPUS_PER_TASK or LSB_DJOB_NUMPROC (what a
 * scheduler granted), else the affinity mask limited by the cgroup's cpu quota. At least 1. */
int eae_threads_default(void);
/* The last two alone: the cores this process may use. */
int eae_threads_available(void);

/* A task: returns a status. `worker` is 0 .. threads-1, for scratch memory. */
typedef int (*eae_task_fn)(void *context, int64_t task, int worker);

/* Run tasks 0 .. count-1 on up to `threads` threads (the caller is one of them). After a failure no
 * new tasks start; the status and message of the failed task with the lowest index are returned. */
int eae_parallel(int threads, int64_t count, eae_task_fn fn, void *context);

/* The same in two parts: make(task) in any order, then deliver(task) in the order of the numbers,
 * one at a time and on the thread that made it; meanwhile the other threads make. A worker makes
 * nothing before what it made is delivered, so one scratch area for each is enough. After a failure
 * the tasks before it are still delivered, none after it. */
int eae_parallel_in_order(int threads, int64_t count, eae_task_fn make, eae_task_fn deliver,
                          void *context);

/* One task on a thread of its own, while the caller goes on. */
typedef struct eae_behind eae_behind;

/* Starts fn(context, 0, 0); where no thread can be had it runs before this returns. */
eae_behind *eae_behind_start(eae_task_fn fn, void *context);
/* Waits for its end: its status, with its message as this thread's; again and again the same. */
int eae_behind_wait(eae_behind *b);
void eae_behind_free(eae_behind *b); /* waits; NULL is allowed */

#endif
