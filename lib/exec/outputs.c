/* outputs.c - see outputs.h. */
#include "exec/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

/* Pieces of the part go to `fn`; the status is that of fn. */
static int walk(const char *path, const eae_extent *x, int (*fn)(void *, const void *, size_t),
                void *context)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), status = EAE_OK;
    size_t room = x->length < PIECE ? (size_t)x->length : PIECE;
    if (fd < 0)
        return eae_fail_errno("%s: cannot open", path);
    char *bytes = eae_malloc(room, 1);
    for (uint64_t at = 0; at < x->length && status == EAE_OK;) {
        size_t want = x->length - at < room ? (size_t)(x->length - at) : room;
        ssize_t got = pread(fd, bytes, want, (off_t)(x->offset + at));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = eae_fail_errno("%s: cannot read", path);
        else if (got == 0)
            status = eae_fail("%s: shorter than it was", path);
        else
            status = fn(context, bytes, (size_t)got);
        at += got > 0 ? (uint64_t)got : 0;
    }
    free(bytes);
    close(fd);
    return status;
}

typedef struct {
    eae_hasher *hasher;
    eae_output *out; /* NULL: hash only */
} sink;

static int pour(void *context, const void *bytes, size_t n)
{
    sink *s = context;
    eae_hasher_add(s->hasher, bytes, n);
    return s->out ? eae_output_write(s->out, bytes, n) : EAE_OK;
}

static int pour_all(const char *path, const eae_extent *x, eae_output *out, bool *good)
{
    sink s = {.hasher = eae_hasher_new(), .out = out};
    int status = walk(path, x, pour, &s);
    eae_hash hash = eae_hasher_value(s.hasher);
    *good = status == EAE_OK && eae_hash_equal(&hash, &x->hash);
    eae_hasher_free(s.hasher);
    return status;
}

bool eae_extent_good(const char *path, const eae_extent *x)
{
    bool good = true;
    if (x->length > 0)
        pour_all(path, x, NULL, &good);
    return good;
}

int eae_extent_copy(const char *path, const eae_extent *x, eae_output *out)
{
    bool good = true;
    int status = x->length > 0 ? pour_all(path, x, out, &good) : EAE_OK;
    if (status == EAE_OK && !good)
        status = eae_fail("%s: damaged: what was written is not what is there now", path);
    return status;
}

static int copy_part(const eae_ledger *l, int64_t job, const eae_extent *x, eae_output *out)
{
    if (x->length == 0)
        return EAE_OK;
    char *path = eae_ledger_data(l, &l->entry[job]);
    int status = eae_extent_copy(path, x, out);
    free(path);
    return status;
}

int eae_output_of_job(const eae_ledger *l, int64_t job, eae_output *out)
{
    return copy_part(l, job, &l->entry[job].record.output, out);
}

int eae_log_of_job(const eae_ledger *l, int64_t job, eae_output *out)
{
    return copy_part(l, job, &l->entry[job].record.log, out);
}

static int keep(void *context, const void *bytes, size_t n)
{
    eae_buffer_add(context, bytes, n);
    return EAE_OK;
}

char *eae_log_text(const eae_ledger *l, int64_t job)
{
    const eae_entry *e = &l->entry[job];
    eae_buffer b = {0};
    if (!e->recorded || e->record.log.length == 0)
        return NULL;
    char *path = eae_ledger_data(l, e);
    int status = walk(path, &e->record.log, keep, &b);
    free(path);
    if (status == EAE_OK)
        return b.data;
    eae_buffer_free(&b);
    return NULL;
}

/* ---- in order ----------------------------------------------------------------------------------
 */

void eae_delivery_start(eae_delivery *d, int64_t jobs, eae_output *out, eae_output *errors)
{
    *d = (eae_delivery){.out = out, .errors = errors, .final = EAE_NEW_ARRAY(uint8_t, jobs + 1)};
}

/* What failed jobs said is not shown here: there may be thousands that say the same. */
static int give(const eae_delivery *d, const eae_ledger *l, int64_t job)
{
    if (!l->entry[job].done)
        return EAE_OK;
    int status = eae_output_of_job(l, job, d->out);
    return status == EAE_OK && d->errors ? eae_log_of_job(l, job, d->errors) : status;
}

int eae_delivery_final(eae_delivery *d, const eae_ledger *l, int64_t job)
{
    int status = EAE_OK;
    d->final[job] = 1;
    for (; d->final[d->next] && status == EAE_OK; d->next++)
        status = give(d, l, d->next);
    if (status == EAE_OK && d->errors)
        status = eae_output_flush(d->errors);
    return status == EAE_OK ? eae_output_flush(d->out) : status;
}

void eae_delivery_free(eae_delivery *d)
{
    free(d->final);
}
