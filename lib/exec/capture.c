/* capture.c - see capture.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#endif
#include "exec/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "exec/spawn.h"

enum { CHUNK = 1 << 18, PIPE_SIZE = 1 << 20, TICK_MS = 1000 };

/* The thread that carries the output from the file to the reader. */
typedef struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    int from, to;
    int wake;       /* written to when the reader is gone */
    uint64_t ready; /* bytes in the file */
    bool finished;  /* no more will come */
    int error;      /* errno of a write that failed; EPIPE: the reader is gone */
} carrier;

typedef struct {
    const eae_capture *capture;
    eae_capture_result *result;
    pid_t pid;
    int output[2], errors[2], wake[2];
    bool carried; /* the carrier runs */
    bool lost;    /* it could not be kept: output goes out by the main thread */
    bool cut;     /* the output could not go on, and its pipe was closed early */
    carrier carrier;
    char *chunk;
} run;

/* ---- out to the reader ----------------------------------------------------------------------- */

/* 0, or errno; EPIPE where the reader is gone. SIGPIPE is blocked here. */
static int write_out(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t wrote = write(fd, bytes, n);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0 && errno == EAGAIN) { /* somebody made our output non-blocking */
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            poll(&p, 1, TICK_MS);
            continue;
        }
        if (wrote < 0)
            return errno;
        bytes += wrote;
        n -= (size_t)wrote;
    }
    return 0;
}

static int carry_some(carrier *c, uint64_t *at, uint64_t ready, char *chunk)
{
    int error = 0;
    while (*at < ready && !error) {
        size_t n = ready - *at < CHUNK ? (size_t)(ready - *at) : CHUNK;
        ssize_t got = pread(c->from, chunk, n, (off_t)*at);
        if (got < 0 && errno == EINTR)
            continue;
        error = got > 0 ? write_out(c->to, chunk, (size_t)got) : EIO;
        *at += got > 0 ? (uint64_t)got : 0;
    }
    return error;
}

static void *carry(void *argument)
{
    carrier *c = argument;
    char *chunk = eae_malloc(CHUNK, 1);
    uint64_t at = 0;
    pthread_mutex_lock(&c->lock);
    while (!c->error) {
        while (at == c->ready && !c->finished)
            pthread_cond_wait(&c->more, &c->lock);
        if (at == c->ready)
            break;
        uint64_t ready = c->ready;
        pthread_mutex_unlock(&c->lock);
        int error = carry_some(c, &at, ready, chunk);
        pthread_mutex_lock(&c->lock);
        c->error = error;
    }
    bool tell = c->error != 0;
    pthread_mutex_unlock(&c->lock);
    if (tell && write(c->wake, "", 1) < 0)
        close(c->wake); /* it cannot be: the pipe is empty */
    free(chunk);
    return NULL;
}

static void announce(run *r, uint64_t n, bool finished)
{
    pthread_mutex_lock(&r->carrier.lock);
    r->carrier.ready += n;
    r->carrier.finished = finished;
    pthread_cond_signal(&r->carrier.more);
    pthread_mutex_unlock(&r->carrier.lock);
}

static void end_carrier(run *r)
{
    if (!r->carried)
        return;
    announce(r, 0, true);
    pthread_join(r->carrier.thread, NULL);
    r->carried = false;
}

/* Where there is no file, or no thread to be had, the main thread writes. */
static void start_carrier(run *r)
{
    const eae_capture *c = r->capture;
    int from = c->spool < 0 ? -1 : fcntl(c->spool, F_DUPFD_CLOEXEC, 3);
    r->carrier = (carrier){.from = from, .to = c->output, .wake = r->wake[1]};
    pthread_mutex_init(&r->carrier.lock, NULL);
    pthread_cond_init(&r->carrier.more, NULL);
    if (from >= 0 && c->output >= 0)
        r->carried = pthread_create(&r->carrier.thread, NULL, carry, &r->carrier) == 0;
}

static bool carrier_failed(run *r)
{
    pthread_mutex_lock(&r->carrier.lock);
    bool failed = r->carrier.error != 0;
    pthread_mutex_unlock(&r->carrier.lock);
    return failed;
}

/* ---- the child ------------------------------------------------------------------------------- */

static int start(run *r)
{
    char **argv = eae_spawn_words(r->capture->words);
    eae_spawn how = {.argv = argv,
                     .directory = r->capture->folder,
                     .input = r->capture->input,
                     .output = r->output[1],
                     .errors = r->errors[1]};
    fcntl(r->output[1], F_SETPIPE_SZ, PIPE_SIZE);
    r->pid = eae_spawn_start(&how, &r->result->error);
    eae_spawn_close(&r->output[1]);
    eae_spawn_close(&r->errors[1]);
    errno = r->result->error;
    int status = r->pid > 0 ? EAE_OK : eae_fail_errno("cannot run %s", argv[0]);
    free(argv);
    return status;
}

/* ---- from the child ----------------------------------------------------------------------------
 */

/* The child is to see what it would see without us: a closed pipe. */
static void cut_off(run *r)
{
    r->cut = true;
    eae_spawn_close(&r->output[0]);
}

static void take_output(run *r, const char *bytes, size_t n)
{
    const eae_capture *c = r->capture;
    if (!r->lost && !c->keep(c->context, EAE_CAPTURE_OUTPUT, bytes, n)) {
        end_carrier(r); /* what is in the file goes out first */
        r->lost = true;
    }
    if (r->carried) {
        announce(r, n, false);
        return;
    }
    if (!r->carrier.error && c->output >= 0)
        r->carrier.error = write_out(c->output, bytes, n);
    if (r->carrier.error)
        cut_off(r);
}

static void take(run *r, int *fd, int stream)
{
    ssize_t got = read(*fd, r->chunk, CHUNK);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        eae_spawn_close(fd);
        return;
    }
    if (stream == EAE_CAPTURE_OUTPUT) {
        take_output(r, r->chunk, (size_t)got);
        return;
    }
    r->capture->keep(r->capture->context, stream, r->chunk, (size_t)got);
    if (r->capture->errors >= 0)
        (void)write_out(r->capture->errors, r->chunk, (size_t)got); /* as it would be without us */
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void collect(run *r)
{
    int64_t last = now_ms();
    while (r->output[0] >= 0 || r->errors[0] >= 0) {
        struct pollfd p[3] = {{.fd = r->output[0], .events = POLLIN},
                              {.fd = r->errors[0], .events = POLLIN},
                              {.fd = r->wake[0], .events = POLLIN}};
        int ready = poll(p, 3, TICK_MS);
        if (ready > 0 && p[2].revents && carrier_failed(r)) {
            eae_spawn_close(&r->wake[0]);
            cut_off(r);
            continue;
        }
        if (ready > 0 && p[0].revents)
            take(r, &r->output[0], EAE_CAPTURE_OUTPUT);
        if (ready > 0 && p[1].revents)
            take(r, &r->errors[0], EAE_CAPTURE_ERRORS);
        if (now_ms() - last >= TICK_MS) {
            last = now_ms();
            if (r->capture->tick)
                r->capture->tick(r->capture->context);
        }
    }
}

static int await_end(run *r)
{
    int how;
    if (!eae_spawn_wait(r->pid, &how))
        return eae_fail_errno("cannot wait for %s", eae_name(r->capture->words, 0));
    r->result->signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    r->result->status = WIFEXITED(how) ? WEXITSTATUS(how) : 0;
    return EAE_OK;
}

static int finish(run *r)
{
    int status = await_end(r);
    r->result->kept = status == EAE_OK && !r->lost && !r->cut;
    if (r->capture->ended)
        r->capture->ended(r->capture->context, r->result);
    end_carrier(r);
    eae_spawn_close(&r->carrier.from);
    r->result->reader_gone = r->carrier.error == EPIPE;
    if (r->carrier.error && !r->result->reader_gone && status == EAE_OK) {
        errno = r->carrier.error;
        status = eae_fail_errno("standard output: cannot write");
    }
    return status;
}

int eae_capture_run(const eae_capture *capture, eae_capture_result *result)
{
    sigset_t pipe_signal, before;
    run r = {.capture = capture,
             .result = result,
             .output = {-1, -1},
             .errors = {-1, -1},
             .wake = {-1, -1}};
    *result = (eae_capture_result){0};
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before); /* the carrier inherits it */
    r.chunk = eae_malloc(CHUNK, 1);
    int status = EAE_OK;
    if (!eae_spawn_pipe(r.output) || !eae_spawn_pipe(r.errors) || !eae_spawn_pipe(r.wake))
        status = eae_fail_errno("cannot run %s", eae_name(capture->words, 0));
    if (status == EAE_OK)
        status = start(&r);
    if (status == EAE_OK) {
        start_carrier(&r);
        collect(&r);
        status = finish(&r);
    }
    for (int i = 0; i < 2; i++) {
        eae_spawn_close(&r.output[i]);
        eae_spawn_close(&r.errors[i]);
        eae_spawn_close(&r.wake[i]);
    }
    free(r.chunk);
    /* a SIGPIPE of ours that waits is taken, not delivered when it is unblocked */
    const struct timespec none = {0};
    while (sigtimedwait(&pipe_signal, NULL, &none) > 0)
        continue;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}
