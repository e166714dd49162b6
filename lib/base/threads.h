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

/* A task: returns a status. `worker` is 0 .. threads-1, for scratch memory. */
typedef int (*eae_task_fn)(void *context, int64_t task, int worker);

/* Run tasks 0 .. count-1 on up to `threads` threads (the caller is one of them). After a failure no
 * new tasks start; the status and message of the failed task with the lowest index are returned. */
int eae_parallel(int threads, int64_t count, eae_task_fn fn, void *context);

#endif
