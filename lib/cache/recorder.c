/* recorder.c - see recorder.h. */
#include "cache/recorder.h"

#include <sys/stat.h>

#include "base/diag.h"

static void lose(eae_recorder *r)
{
    if (!r->lost)
        eae_warn("the result is not kept: %s", eae_message());
    r->lost = true;
}

void eae_recorder_begin(eae_recorder *r, const eae_job *j, eae_flight *flight)
{
    *r = (eae_recorder){.job = j, .store = &j->cache.own, .flight = *flight, .errors = {.fd = -1}};
    *flight = (eae_flight){.path = NULL};
    eae_store_sweep(r->store);
    if (eae_store_begin(r->store, &r->output) != EAE_OK)
        lose(r);
    clock_gettime(CLOCK_MONOTONIC, &r->start);
}

bool eae_recorder_keep(void *recorder, int stream, const void *bytes, size_t n)
{
    eae_recorder *r = recorder;
    if (r->lost)
        return false;
    int status = EAE_OK;
    if (stream == 1 && !r->errors_begun) {
        r->errors_begun = true;
        status = eae_store_begin(r->store, &r->errors);
    }
    if (status == EAE_OK)
        status = eae_store_add(stream == 0 ? &r->output : &r->errors, bytes, n);
    if (status != EAE_OK)
        lose(r);
    return status == EAE_OK;
}

void eae_recorder_tick(void *recorder)
{
    eae_recorder *r = recorder;
    eae_flight_renew(&r->flight);
    if (r->output.fd >= 0)
        futimens(r->output.fd, NULL);
}

/* An empty one needs no object. */
static int publish(const eae_store *s, eae_store_file *f, eae_hash *hash, uint64_t *size)
{
    *size = f->size;
    *hash = eae_content_hash_bytes("", 0);
    return f->size ? eae_store_finish(s, f, "objects", NULL, hash) : EAE_OK;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t us = (now.tv_sec - start->tv_sec) * 1000000 + (now.tv_nsec - start->tv_nsec) / 1000;
    return (double)us / 1e6;
}

static void publish_all(eae_recorder *r)
{
    eae_entry e;
    eae_job_describe(r->job, &e);
    e.seconds = seconds_since(&r->start);
    int status = eae_request_unchanged(&r->job->request);
    if (status == EAE_OK)
        status = publish(r->store, &r->output, &e.output, &e.output_size);
    if (status == EAE_OK)
        status = publish(r->store, &r->errors, &e.errors, &e.errors_size);
    if (status == EAE_OK)
        status = eae_entry_write(r->store, &e);
    if (status != EAE_OK)
        lose(r);
    eae_entry_free(&e);
}

void eae_recorder_end(eae_recorder *r, bool good)
{
    if (good && !r->lost)
        publish_all(r);
    eae_store_discard(&r->output);
    eae_store_discard(&r->errors);
    eae_flight_end(&r->flight);
}
