/*
 * dispatch_chunks.c - the dispatcher's chunks: packed, handed over, looked after, given up as lost.
 *
 * How many jobs go into a chunk where the user leaves it to us: a scheduler needs a second or so
 * for each of its jobs, so a chunk should last a minute or more. As long as nothing is known about
 * how long a job takes, a batch is cut into at most CHUNKS parts; then by the mean of what was
 * recorded, but never into so few that they could not be spread over SPREAD places.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "exec/dispatch_parts.h"

enum {
    CANCEL_GRACE = 5,
    CANCEL_POLL = 1,
    /* seconds */ CHUNKS = 256,
    SPREAD = 16,
    TIMED = 8,
    CHUNK_SECONDS = 60,
    LOOK_MS = 500,
    SLEEP_MS = 100
};

static const double poll_first = 0.5, poll_longest = 15, grace = 60; /* seconds, where not given */
static const double read_every = 0.5, read_each = 0.005; /* seconds between looks at records */
static const double refused_first = 2, refused_longest = 300;

static bool is_direct(const eae_dispatcher *d)
{
    return (d->backend->flags & EAE_EXEC_DIRECT) != 0;
}

/* ---- the list of flights -----------------------------------------------------------------------
 */

static void add_flight(eae_dispatcher *d, eae_chunk *c)
{
    if (d->flight_count == d->flight_room) {
        d->flight_room = d->flight_room ? 2 * d->flight_room : 16;
        d->flight = eae_realloc(d->flight, (size_t)d->flight_room, sizeof *d->flight);
    }
    d->flight[d->flight_count++] = (eae_flight){.chunk = c};
    d->handed += c->count;
}

static void drop_flight(eae_dispatcher *d, int i)
{
    d->handed -= d->flight[i].chunk->count;
    eae_chunk_free(d->flight[i].chunk);
    d->flight[i] = d->flight[--d->flight_count];
}

void eae_dispatch_drop_flights(eae_dispatcher *d)
{
    while (d->flight_count > 0)
        drop_flight(d, 0);
    free(d->flight);
    d->flight = NULL;
}

/* The chunks in flight as the back end wants them; the caller frees. */
static eae_chunk **chunks_of(const eae_dispatcher *d, int from, int *n)
{
    eae_chunk **chunk = EAE_NEW_ARRAY(eae_chunk *, d->flight_count - from + 1);
    *n = 0;
    for (int i = from; i < d->flight_count; i++)
        chunk[(*n)++] = d->flight[i].chunk;
    return chunk;
}

/* ---- what the journal says of a chunk ----------------------------------------------------------
 */

static int write_intent(eae_dispatcher *d, const eae_chunk *c)
{
    d->frame.length = 0;
    eae_put_i64(&d->frame, c->number);
    eae_put_text(&d->frame, d->backend->name);
    eae_put_text(&d->frame, c->name);
    eae_put_u32(&d->frame, (uint32_t)c->count);
    for (int i = 0; i < c->count; i++) {
        eae_put_i64(&d->frame, c->job[i]);
        eae_put_u32(&d->frame, (uint32_t)c->attempt[i]);
    }
    eae_dispatch_write(d, EAE_JOURNAL_INTENT);
    return d->status;
}

static void write_handle(eae_dispatcher *d, const eae_chunk *c)
{
    d->frame.length = 0;
    eae_put_i64(&d->frame, c->number);
    eae_put_text(&d->frame, c->handle);
    eae_dispatch_write(d, EAE_JOURNAL_HANDLE);
}

static void write_closed(eae_dispatcher *d, int64_t chunk)
{
    d->frame.length = 0;
    eae_put_i64(&d->frame, chunk);
    eae_dispatch_write(d, EAE_JOURNAL_CLOSED);
}

/* ---- packing -----------------------------------------------------------------------------------
 */

static int64_t chunk_size(const eae_dispatcher *d)
{
    int64_t left = d->unfinished - d->handed, size;
    if (is_direct(d))
        return 1;
    if (d->config->chunk > 0)
        return d->config->chunk;
    if (d->timed >= TIMED) {
        double mean = d->seconds / (double)d->timed;
        size = mean > 0 && CHUNK_SECONDS / mean < 1e6 ? (int64_t)(CHUNK_SECONDS / mean) : 1000000;
    } else {
        size = (d->batch->job_count + CHUNKS - 1) / CHUNKS;
    }
    int64_t most = (left + SPREAD - 1) / SPREAD;
    size = size < most ? size : most;
    return size > 1 ? size : 1;
}

/* What a worker reads of the settings of its batch was perhaps said anew since then. */
static void add_settings(const eae_dispatcher *d, eae_chunk *c)
{
    static const char *const names[] = {"timeout", "log-max", "threads"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *now = eae_setting_of(d->config->settings, names[i]);
        const char *then = eae_batch_setting(d->batch, names[i]);
        if (!now || (then && strcmp(now, then) == 0))
            continue;
        char *text = eae_sprintf("%s=%s", names[i], now);
        eae_names_add(&c->settings, text, strlen(text));
        free(text);
    }
}

static eae_chunk *pack(eae_dispatcher *d, int64_t most)
{
    int64_t size = chunk_size(d), first = eae_dispatch_take_ready(d);
    size = size < most ? size : most;
    if (first < 0)
        return NULL;
    eae_chunk *c = eae_chunk_new(d->batch, d->chunk_next++, (int)size);
    c->count = 0;
    if (!is_direct(d))
        add_settings(d, c);
    for (int64_t job = first; job >= 0;) {
        c->job[c->count] = job;
        c->attempt[c->count++] = d->ledger->entry[job].attempt + 1;
        d->state[job] = EAE_JOB_QUEUED;
        job = c->count < size ? eae_dispatch_take_ready(d) : -1;
    }
    return c;
}

/* ---- handing over ------------------------------------------------------------------------------
 */

/* The attempt counts from the moment it may have been accepted. */
static int prepare(eae_dispatcher *d, const eae_chunk *c)
{
    if (is_direct(d))
        return EAE_OK;
    int status = eae_chunk_write(d->batch, c);
    if (status == EAE_OK)
        status = write_intent(d, c);
    for (int i = 0; i < c->count; i++)
        eae_ledger_intend(d->ledger, c->job[i], c->attempt[i], c->number);
    return status;
}

/* Nothing is wrong with a scheduler that is busy; but one that refuses the first chunk of all
 * refuses what we ask for. */
static int take_refusal(eae_dispatcher *d, int refused)
{
    if (!d->accepted || is_direct(d))
        return EAE_FAIL;
    d->refused_pause = d->refused_pause > 0 ? 2 * d->refused_pause : refused_first;
    if (d->refused_pause > refused_longest)
        return eae_fail_within(EAE_FAIL, "%d chunks were refused too often", refused);
    eae_warn("%s; %d chunks are handed over again in %g s", eae_message(), refused,
             d->refused_pause);
    d->refused_until = eae_dispatch_clock() + d->refused_pause;
    return EAE_OK;
}

/* Hand over the flights from `from` on. Those that were refused stay, in state NEW. */
static int hand_over(eae_dispatcher *d, int from)
{
    int n, refused = 0, status = EAE_OK;
    eae_chunk **chunk = chunks_of(d, from, &n);
    if (!is_direct(d))
        status = eae_journal_sync(d->journal);
    if (status != EAE_OK || n == 0) {
        free(chunk);
        return status;
    }
    status = d->backend->submit(d->session, chunk, n);
    for (int i = 0; i < n; i++) {
        refused += chunk[i]->state == EAE_CHUNK_NEW;
        d->accepted = d->accepted || chunk[i]->state != EAE_CHUNK_NEW;
        if (chunk[i]->handle && !is_direct(d))
            write_handle(d, chunk[i]);
    }
    free(chunk);
    if (status == EAE_OK) {
        d->refused_pause = 0;
        d->pause = 0;
    }
    return status == EAE_OK ? d->status : take_refusal(d, refused);
}

/* Chunks that were refused, again; they are at no particular place in the list. */
static int hand_over_refused(eae_dispatcher *d)
{
    int from = d->flight_count;
    if (eae_dispatch_clock() < d->refused_until)
        return EAE_OK;
    for (int i = 0; i < from; i++) {
        if (d->flight[i].chunk->state != EAE_CHUNK_NEW)
            continue;
        eae_flight last = d->flight[--from];
        d->flight[from] = d->flight[i];
        d->flight[i--] = last;
    }
    return from < d->flight_count ? hand_over(d, from) : EAE_OK;
}

static int64_t chunks_allowed(eae_dispatcher *d)
{
    int64_t room = d->backend->room ? d->backend->room(d->session) : -1;
    return room < 0 ? INT64_MAX : room;
}

int eae_dispatch_start(eae_dispatcher *d)
{
    int64_t most = d->config->max_running > 0 ? d->config->max_running - d->handed : INT64_MAX;
    int from = d->flight_count, status = EAE_OK;
    if (most <= 0 || eae_dispatch_clock() < d->refused_until)
        return EAE_OK;
    int64_t chunks = chunks_allowed(d);
    while (status == EAE_OK && chunks-- > 0 && most > 0) {
        eae_chunk *c = pack(d, most);
        if (!c)
            break;
        most -= c->count;
        status = prepare(d, c);
        add_flight(d, c);
    }
    return status == EAE_OK && d->flight_count > from ? hand_over(d, from) : status;
}

/* ---- after a crash of the client ---------------------------------------------------------------
 */

static int adopt_one(eae_dispatcher *d, const eae_intent *i)
{
    eae_chunk *c;
    int status = eae_chunk_read(d->batch, i->number, &c);
    if (status != EAE_OK)
        return status;
    c->state = i->handle ? EAE_CHUNK_QUEUED : EAE_CHUNK_UNKNOWN;
    c->handle = i->handle ? eae_strdup(i->handle) : NULL;
    for (int k = 0; k < c->count; k++) {
        const eae_entry *e = &d->ledger->entry[c->job[k]];
        bool waited_for = !e->done && e->attempt == c->attempt[k] && e->phase != EAE_PHASE_ENDED;
        if (waited_for && d->state[c->job[k]] == EAE_JOB_STAGED)
            d->state[c->job[k]] = EAE_JOB_QUEUED; /* what has its record already is as it is */
    }
    d->accepted = d->accepted || i->handle;
    add_flight(d, c);
    return EAE_OK;
}

int eae_dispatch_adopt(eae_dispatcher *d)
{
    int status = EAE_OK;
    for (int k = 0; k < d->ledger->intent_count && status == EAE_OK; k++) {
        const eae_intent *i = &d->ledger->intent[k];
        if (i->closed || !i->backend)
            continue;
        if (strcmp(i->backend, d->backend->name) != 0)
            return eae_fail("batch %s has jobs on its way with --on %s: go on with that, or cancel "
                            "them first",
                            d->batch->id, i->backend);
        status = adopt_one(d, i);
    }
    return status;
}

/* ---- looking after -----------------------------------------------------------------------------
 */

static void heard(void *context, const eae_record *r)
{
    eae_dispatch_record(context, r);
}

/* Every job of the chunk has its record, or is done otherwise. */
static bool all_heard_of(const eae_dispatcher *d, const eae_chunk *c)
{
    for (int i = 0; i < c->count; i++) {
        const eae_entry *e = &d->ledger->entry[c->job[i]];
        bool ended = e->attempt == c->attempt[i] && e->phase == EAE_PHASE_ENDED;
        if (!e->done && !ended && e->attempt <= c->attempt[i])
            return false;
    }
    return true;
}

/* A chunk that is gone, and its records had time to appear: what has none is lost. */
static void give_up_chunk(eae_dispatcher *d, const eae_chunk *c)
{
    eae_note("chunk %s is gone%s%s without all of its records", c->name, c->host ? " from " : "",
             c->host ? c->host : "");
    for (int i = 0; i < c->count; i++) {
        const eae_entry *e = &d->ledger->entry[c->job[i]];
        if (!e->done && e->attempt == c->attempt[i] && e->phase != EAE_PHASE_ENDED)
            eae_dispatch_lost(d, c->job[i], c->attempt[i]);
    }
}

static bool grace_is_over(const eae_dispatcher *d, eae_flight *f)
{
    double now = eae_dispatch_clock();
    const char *text = eae_setting_of(d->config->settings, "grace");
    double wait = d->backend->grace > 0 ? d->backend->grace : grace;
    if (text)
        wait = strtod(text, NULL);
    if (d->cancelled && wait > CANCEL_GRACE)
        wait = CANCEL_GRACE;
    if (f->chunk->state != EAE_CHUNK_GONE) {
        f->gone = 0;
        return false;
    }
    if (f->gone == 0)
        f->gone = now;
    return now - f->gone >= wait;
}

/* Results of one flight; true where it is over. */
static int look_at_flight(eae_dispatcher *d, eae_flight *f, bool *over)
{
    eae_chunk *c = f->chunk;
    int status = EAE_OK;
    *over = false;
    if (c->state == EAE_CHUNK_NEW)
        return EAE_OK;
    if (d->backend->collect && d->backend->collect(d->session, c) != EAE_OK)
        eae_detail("%s: %s", c->name, eae_message());
    status = eae_ledger_read_chunk(d->ledger, c->number);
    if (status != EAE_OK)
        return status;
    *over = all_heard_of(d, c);
    if (!*over && grace_is_over(d, f)) {
        give_up_chunk(d, c);
        *over = true;
    }
    if (*over)
        write_closed(d, c->number);
    return EAE_OK;
}

/* Chunks that may or may not have been accepted. */
static void look_up_unknown(eae_dispatcher *d)
{
    for (int i = 0; i < d->flight_count; i++) {
        eae_chunk *c = d->flight[i].chunk;
        if (c->state != EAE_CHUNK_UNKNOWN || c->handle || !d->backend->lookup)
            continue;
        if (d->backend->lookup(d->session, c) != EAE_OK) {
            eae_detail("%s: %s", c->name, eae_message());
            c->state = EAE_CHUNK_UNKNOWN;
        } else if (eae_ledger_read_chunk(d->ledger, c->number) != EAE_OK) {
            c->state = EAE_CHUNK_UNKNOWN;
        } else if (c->state == EAE_CHUNK_GONE && !c->handle) {
            c->state = all_heard_of(d, c) ? EAE_CHUNK_GONE : EAE_CHUNK_NEW;
        } else if (c->handle) {
            d->accepted = true;
            write_handle(d, c);
        }
    }
}

static void sleep_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&t, NULL); /* a signal cuts it short, and that is meant */
}

/* The time between two questions grows while nothing happens. */
static bool is_time_to_ask(eae_dispatcher *d)
{
    double first = d->backend->poll_first > 0 ? d->backend->poll_first : poll_first;
    double longest = d->backend->poll_longest > 0 ? d->backend->poll_longest : poll_longest;
    double now = eae_dispatch_clock();
    if (d->cancelled && longest > CANCEL_POLL)
        longest = CANCEL_POLL; /* somebody waits for it */
    if (now < d->ask_at)
        return false;
    d->pause = d->pause > 0 ? d->pause * 1.5 : first;
    d->pause = d->pause < longest ? d->pause : longest;
    d->ask_at = now + d->pause;
    return true;
}

/* Records are read more often than a scheduler is asked: they cost it nothing. */
static bool is_time_to_read(eae_dispatcher *d)
{
    double now = eae_dispatch_clock();
    if (!(d->backend->flags & EAE_EXEC_SHARED) || now < d->read_at)
        return false;
    d->read_at = now + read_every + d->flight_count * read_each;
    return true;
}

static int look_everywhere(eae_dispatcher *d, bool ask)
{
    int n, status = EAE_OK;
    int64_t before = d->unfinished;
    d->ledger->heard = heard;
    d->ledger->context = d;
    if (ask)
        look_up_unknown(d);
    eae_chunk **chunk = chunks_of(d, 0, &n);
    if (ask && d->backend->poll(d->session, chunk, n, 0) != EAE_OK)
        eae_detail("%s", eae_message()); /* says nothing about the jobs; asked again */
    free(chunk);
    for (int i = 0; i < d->flight_count && status == EAE_OK;) {
        bool over;
        status = look_at_flight(d, &d->flight[i], &over);
        if (over)
            drop_flight(d, i);
        else
            i++;
    }
    d->ledger->heard = NULL;
    if (d->unfinished != before && !(d->backend->flags & EAE_EXEC_SHARED))
        d->pause = 0;
    return status == EAE_OK ? hand_over_refused(d) : status;
}

/* Milliseconds until the back end is asked again, if that is soon; with nothing in flight, until it
 * may have room again. */
static int until_asking(const eae_dispatcher *d)
{
    if (d->flight_count == 0)
        return d->backend->poll_first > 0 && d->backend->poll_first < 0.1 ? 10 : SLEEP_MS;
    double left = (d->ask_at - eae_dispatch_clock()) * 1000 + 1;
    return left < 1 ? 1 : left < SLEEP_MS ? (int)left : SLEEP_MS;
}

static int look_direct(eae_dispatcher *d)
{
    int n;
    eae_chunk **chunk = chunks_of(d, 0, &n);
    int status = d->backend->poll(d->session, chunk, n, LOOK_MS);
    free(chunk);
    for (int i = d->flight_count - 1; i >= 0; i--) {
        if (d->flight[i].chunk->state == EAE_CHUNK_GONE)
            drop_flight(d, i);
    }
    return status;
}

int eae_dispatch_look(eae_dispatcher *d)
{
    if (eae_journal_flush(d->journal) != EAE_OK)
        return EAE_FAIL;
    if (is_direct(d))
        return look_direct(d);
    bool ask = d->flight_count > 0 && is_time_to_ask(d);
    if (ask || (d->flight_count > 0 && is_time_to_read(d)))
        return look_everywhere(d, ask);
    sleep_ms(until_asking(d));
    return EAE_OK;
}

/* ---- cancelling --------------------------------------------------------------------------------
 */

void eae_dispatch_cancel_all(eae_dispatcher *d)
{
    int n;
    eae_chunk **chunk = chunks_of(d, 0, &n);
    if (n > 0 && d->backend->cancel(d->session, chunk, n) != EAE_OK)
        eae_warn("%s", eae_message());
    free(chunk);
    d->ask_at = 0;
}

void eae_dispatch_cancel_job(eae_dispatcher *d, int64_t job)
{
    for (int i = 0; i < d->flight_count && d->backend->cancel_job; i++) {
        eae_chunk *c = d->flight[i].chunk;
        for (int k = 0; k < c->count; k++) {
            if (c->job[k] == job && d->backend->cancel_job(d->session, c, job) != EAE_OK)
                eae_warn("%s", eae_message());
        }
    }
}
