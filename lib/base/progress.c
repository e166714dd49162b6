/* progress.c - see progress.h. */
#include "base/progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"

static const double first_after = 1, then_every = 0.5; /* seconds */

static struct {
    const char *what; /* NULL: nobody is watching */
    int64_t total;
    atomic_llong done;
    double started;
    double next;
    bool shown;
    char stage[80];       /* before the count */
    pthread_mutex_t lock; /* for started, next, shown and stage */
} progress = {.lock = PTHREAD_MUTEX_INITIALIZER};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void eae_progress_start(const char *what, int64_t total)
{
    bool watched = isatty(STDERR_FILENO) && !eae_diag_quiet();
    progress.what = watched ? what : NULL;
    progress.total = total;
    atomic_store(&progress.done, 0);
    progress.started = now();
    progress.next = progress.started + first_after;
    progress.shown = false;
    progress.stage[0] = 0;
}

void eae_progress_again(const char *fmt, ...)
{
    va_list args;
    if (!progress.what)
        return;
    pthread_mutex_lock(&progress.lock);
    va_start(args, fmt);
    vsnprintf(progress.stage, sizeof progress.stage, fmt, args);
    va_end(args);
    atomic_store(&progress.done, 0);
    progress.started = now();
    pthread_mutex_unlock(&progress.lock);
}

static void show(double time)
{
    long long done = atomic_load(&progress.done);
    double rate = (double)done / (time - progress.started);
    double left = rate > 0 ? (double)(progress.total - done) / rate : 0;
    fprintf(stderr, "\r%s: %s%lld of %lld %s, %.3g/s, %.0f s left \033[K", eae_diag_program_name(),
            progress.stage, done, (long long)progress.total, progress.what, rate, left);
    fflush(stderr);
    progress.next = time + then_every;
    progress.shown = true;
}

void eae_progress_add(int64_t done)
{
    if (!progress.what)
        return;
    atomic_fetch_add(&progress.done, done);
    if (pthread_mutex_trylock(&progress.lock) != 0)
        return; /* another thread is at it */
    double time = now();
    if (time >= progress.next)
        show(time);
    pthread_mutex_unlock(&progress.lock);
}

void eae_progress_end(void)
{
    if (progress.what && progress.shown)
        fputs("\r\033[K", stderr);
    progress.what = NULL;
}
