/* lane.c - see lane.h. */
#include "exec/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 17, HOLD = 1 << 18, PIPE_READS = 16 };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void eae_lane_kill(eae_lane *l, int signal)
{
    if (l->pid > 0)
        kill(-l->pid, signal);
    l->killed = signal;
}

/* ---- the data file ----------------------------------------------------------------------------
 */

/* errno of the failure, 0 if all was written. A job that is told of a full disk later than its
 * write would seem to have succeeded; so it is ended. */
static int append(eae_lane *l, const char *bytes, size_t n)
{
    if (l->data < 0)
        l->data = open(l->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (l->data < 0)
        return errno;
    while (n > 0) {
        ssize_t wrote = pwrite(l->data, bytes, n, (off_t)l->end);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return wrote < 0 ? errno : EIO;
        bytes += wrote;
        n -= (size_t)wrote;
        l->end += (uint64_t)wrote;
    }
    return 0;
}

static void fail_output(eae_lane *l, int error)
{
    if (l->record.ending == EAE_ENDED_OUTPUT)
        return;
    l->record.ending = EAE_ENDED_OUTPUT;
    l->record.status = error;
    eae_lane_kill(l, SIGKILL);
}

/* What is held goes to the file, as the next part of the output. */
static void flush_output(eae_lane *l)
{
    if (!l->hasher)
        l->hasher = eae_hasher_new();
    eae_hasher_add(l->hasher, l->held.data, l->held.length);
    int error = append(l, l->held.data, l->held.length);
    l->held.length = 0;
    if (error)
        fail_output(l, error);
}

/* ---- pipes ------------------------------------------------------------------------------------
 */

/* Beginning and end of the log are worth more than its middle. */
static void keep_log(eae_lane *l, const char *bytes, size_t n, uint64_t max)
{
    size_t half = (size_t)max / 2;
    size_t head = half - l->log_head.length < n ? half - l->log_head.length : n;
    l->log_seen += n;
    eae_buffer_add(&l->log_head, bytes, head);
    eae_buffer_add(&l->log_tail, bytes + head, n - head);
    if (l->log_tail.length > 2 * half + READ_SIZE) {
        size_t drop = l->log_tail.length - half;
        memmove(l->log_tail.data, l->log_tail.data + drop, half);
        l->log_tail.length = half;
    }
}

/* false: nothing more for now. */
static bool read_output(eae_lane *l)
{
    char *to = eae_buffer_reserve(&l->held, READ_SIZE);
    ssize_t got = read(l->output, to, READ_SIZE);
    if (got == 0)
        close_fd(&l->output);
    if (got <= 0)
        return got < 0 && errno == EINTR;
    l->held.length += (size_t)got;
    if (l->record.ending == EAE_ENDED_OUTPUT)
        l->held.length = 0;
    else if (l->held.length >= HOLD)
        flush_output(l);
    return true;
}

static bool read_errors(eae_lane *l, uint64_t log_max)
{
    char bytes[1 << 14];
    ssize_t got = read(l->errors, bytes, sizeof bytes);
    if (got == 0)
        close_fd(&l->errors);
    if (got <= 0)
        return got < 0 && errno == EINTR;
    keep_log(l, bytes, (size_t)got, log_max);
    return true;
}

/* A bounded number of reads, so that one job that writes without pause does not hold up the others.
 */
void eae_lane_read(eae_lane *l, uint64_t log_max)
{
    for (int i = 0; i < 8 && l->output >= 0 && read_output(l); i++)
        continue;
    for (int i = 0; i < 8 && l->errors >= 0 && read_errors(l, log_max); i++)
        continue;
}

/* ---- the end ----------------------------------------------------------------------------------
 */

static void finish_output(eae_lane *l)
{
    eae_extent *e = &l->record.output;
    if (l->hasher && l->held.length > 0)
        flush_output(l);
    if (l->hasher) {
        e->hash = eae_hasher_value(l->hasher);
        eae_hasher_free(l->hasher);
        l->hasher = NULL;
    } else if (l->held.length > 0 && l->record.ending != EAE_ENDED_OUTPUT) {
        e->hash = eae_hash_bytes(l->held.data, l->held.length);
        int error = append(l, l->held.data, l->held.length);
        if (error)
            fail_output(l, error);
    }
    l->held.length = 0;
    e->length = l->end - e->offset;
}

/* A log that cannot be stored does not make the job a failed one. */
static void finish_log(eae_lane *l, uint64_t log_max)
{
    eae_extent *e = &l->record.log;
    size_t half = (size_t)log_max / 2;
    eae_buffer *log = &l->log_head;
    e->offset = l->end;
    if (l->log_seen == 0)
        return;
    size_t tail = l->log_tail.length < half ? l->log_tail.length : half;
    uint64_t dropped = l->log_seen - log->length - tail;
    if (dropped > 0)
        eae_buffer_printf(log, "\n[%llu bytes are left out here]\n", (unsigned long long)dropped);
    if (tail > 0)
        eae_buffer_add(log, l->log_tail.data + l->log_tail.length - tail, tail);
    if (append(l, log->data, log->length) == 0)
        e->hash = eae_hash_bytes(log->data, log->length);
    else
        l->end = e->offset;
    e->length = l->end - e->offset;
    log->length = l->log_tail.length = 0;
}

/* Whoever holds the pipes open now is no part of the job any more, and could write for ever: what a
 * pipe holds is read, no more. */
void eae_lane_finish(eae_lane *l, uint64_t log_max)
{
    for (int i = 0; i < PIPE_READS && l->output >= 0 && read_output(l); i++)
        continue;
    for (int i = 0; i < PIPE_READS && l->errors >= 0 && read_errors(l, log_max); i++)
        continue;
    close_fd(&l->output);
    close_fd(&l->errors);
    finish_output(l);
    finish_log(l, log_max);
}

void eae_lane_free(eae_lane *l)
{
    close_fd(&l->output);
    close_fd(&l->errors);
    close_fd(&l->data);
    eae_buffer_free(&l->held);
    eae_buffer_free(&l->log_head);
    eae_buffer_free(&l->log_tail);
    eae_hasher_free(l->hasher);
    free(l->environment);
    free(l->gpus_text);
    free(l->path);
}
