/* threads.c - see threads.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

static int positive_from_environment(const char *name)
{
    const char *text = getenv(name);
    if (!text)
        return 0;
    long value = strtol(text, NULL, 10); /* "4,2" (nested levels): the first */
    return value > 0 && value < 65536 ? (int)value : 0;
}

/* cgroup v2 cpu.max: "<quota> <period>" or "max <period>". */
static int cgroup_cores(void)
{
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!f)
        return 0;
    double quota, period;
    int got = fscanf(f, "%lf %lf", &quota, &period);
    fclose(f);
    if (got != 2 || period <= 0 || quota <= 0)
        return 0;
    int cores = (int)(quota / period);
    return cores > 0 ? cores : 1;
}

int eae_threads_default(void)
{
    static const char *const granted[] = {"OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK",
                                          "LSB_DJOB_NUMPROC"};
    for (size_t i = 0; i < sizeof granted / sizeof *granted; i++) {
        int n = positive_from_environment(granted[i]);
        if (n > 0)
            return n;
    }
    return eae_threads_available();
}

int eae_threads_available(void)
{
    cpu_set_t mask;
    int n = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 1;
    int quota = cgroup_cores();
    if (quota > 0 && quota < n)
        n = quota;
    return n > 0 ? n : 1;
}

typedef struct {
    eae_task_fn fn;
    void *context;
    int64_t count;
    atomic_llong next;
    atomic_bool stop;
    pthread_mutex_t lock; /* for the three below */
    int64_t failed_task;
    int status;
    char *message;
} crew;

typedef struct {
    crew *crew;
    int worker;
} membership;

static void record_failure(crew *c, int64_t task, int status)
{
    pthread_mutex_lock(&c->lock);
    if (c->status == EAE_OK || task < c->failed_task) {
        c->status = status;
        c->failed_task = task;
        free(c->message);
        c->message = eae_strdup(eae_message());
    }
    pthread_mutex_unlock(&c->lock);
    atomic_store(&c->stop, true);
}

static void *work(void *argument)
{
    membership *m = argument;
    crew *c = m->crew;
    while (!atomic_load(&c->stop)) {
        int64_t task = atomic_fetch_add(&c->next, 1);
        if (task >= c->count)
            break;
        int status = c->fn(c->context, task, m->worker);
        if (status != EAE_OK)
            record_failure(c, task, status);
    }
    return NULL;
}

int eae_parallel(int threads, int64_t count, eae_task_fn fn, void *context)
{
    crew c = {.fn = fn, .context = context, .count = count, .lock = PTHREAD_MUTEX_INITIALIZER};
    if (threads > count)
        threads = (int)count;
    if (threads < 1)
        threads = 1;
    pthread_t *thread = eae_malloc((size_t)threads, sizeof *thread);
    membership *member = eae_malloc((size_t)threads, sizeof *member);
    int started = 1;
    for (int i = 0; i < threads; i++)
        member[i] = (membership){&c, i};
    for (; started < threads; started++) {
        /* fewer threads than asked for is slower, not wrong */
        if (pthread_create(&thread[started], NULL, work, &member[started]) != 0)
            break;
    }
    work(&member[0]);
    for (int i = 1; i < started; i++)
        pthread_join(thread[i], NULL);
    if (c.status != EAE_OK)
        eae_set_message(c.message);
    free(c.message);
    free(member);
    free(thread);
    return c.status;
}

/* ---- in order --------------------------------------------------------------------------- */

typedef struct {
    eae_task_fn make, deliver;
    void *context;
    pthread_mutex_t lock; /* for the two below */
    pthread_cond_t moved;
    int64_t turn;   /* the task to be delivered next */
    int64_t failed; /* the lowest that failed, or their count */
} line;

/* True once all tasks before this one are delivered, false if that will not be. */
static bool wait_for_turn(line *l, int64_t task)
{
    pthread_mutex_lock(&l->lock);
    while (l->turn < task && l->failed > task)
        pthread_cond_wait(&l->moved, &l->lock);
    bool mine = l->failed > task;
    pthread_mutex_unlock(&l->lock);
    return mine;
}

static void end_turn(line *l, int64_t task, int status)
{
    pthread_mutex_lock(&l->lock);
    if (status == EAE_OK)
        l->turn = task + 1;
    else if (task < l->failed)
        l->failed = task;
    pthread_cond_broadcast(&l->moved);
    pthread_mutex_unlock(&l->lock);
}

/* Tasks are begun in order, so whoever waits does so for tasks that others have begun. */
static int make_and_deliver(void *context, int64_t task, int worker)
{
    line *l = context;
    int status = l->make(l->context, task, worker);
    if (status == EAE_OK) {
        if (!wait_for_turn(l, task))
            return EAE_OK;
        status = l->deliver(l->context, task, worker);
    }
    end_turn(l, task, status);
    return status;
}

int eae_parallel_in_order(int threads, int64_t count, eae_task_fn make, eae_task_fn deliver,
                          void *context)
{
    line l = {.make = make,
              .deliver = deliver,
              .context = context,
              .lock = PTHREAD_MUTEX_INITIALIZER,
              .moved = PTHREAD_COND_INITIALIZER,
              .failed = count};
    return eae_parallel(threads, count, make_and_deliver, &l);
}

/* ---- behind ------------------------------------------------------------------------------ */

struct eae_behind {
    eae_task_fn fn;
    void *context;
    pthread_t thread;
    bool running; /* there is a thread to join */
    int status;
    char *message;
};

static void *run_behind(void *argument)
{
    eae_behind *b = argument;
    b->status = b->fn(b->context, 0, 0);
    if (b->status != EAE_OK)
        b->message = eae_strdup(eae_message());
    return NULL;
}

eae_behind *eae_behind_start(eae_task_fn fn, void *context)
{
    eae_behind *b = eae_malloc(1, sizeof *b);
    *b = (eae_behind){.fn = fn, .context = context};
    b->running = pthread_create(&b->thread, NULL, run_behind, b) == 0;
    if (!b->running)
        run_behind(b);
    return b;
}

int eae_behind_wait(eae_behind *b)
{
    if (b->running)
        pthread_join(b->thread, NULL);
    b->running = false;
    if (b->status != EAE_OK)
        eae_set_message(b->message);
    return b->status;
}

void eae_behind_free(eae_behind *b)
{
    if (!b)
        return;
    if (b->running)
        pthread_join(b->thread, NULL);
    free(b->message);
    free(b);
}
