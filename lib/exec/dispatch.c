/* dispatch.c - see dispatch.h: the loop, and what becomes of jobs. */
#include "exec/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/progress.h"
#include "exec/dispatch_parts.h"
#include "exec/runner.h"

enum { LOSSES_MAX = 3, LOOK_MS = 500, WRONG_USAGE = 2 };

double eae_dispatch_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void eae_dispatch_write(eae_dispatcher *d, eae_journal_type type)
{
    int status = eae_journal_add(d->journal, type, &d->frame);
    if (status != EAE_OK && d->status == EAE_OK)
        d->status = status;
}

/* ---- which job next ----------------------------------------------------------------------------
 */

bool eae_dispatch_has_ready(const eae_dispatcher *d)
{
    return d->again_count > 0 || d->next < d->batch->job_count;
}

/* Those that run again come first: their output is waited for. -1: none. */
int64_t eae_dispatch_take_ready(eae_dispatcher *d)
{
    if (d->again_count > 0) {
        d->again_count--;
        return d->again[d->again_first++ % d->again_room];
    }
    while (d->next < d->batch->job_count && d->state[d->next] != EAE_JOB_STAGED)
        d->next++;
    return d->next < d->batch->job_count ? d->next++ : -1;
}

static void run_again(eae_dispatcher *d, int64_t job)
{
    if (d->again_count == d->again_room) {
        int64_t room = d->again_room ? 2 * d->again_room : 64;
        int64_t *more = eae_malloc((size_t)room, sizeof *more);
        for (int64_t i = 0; i < d->again_count; i++)
            more[i] = d->again[(d->again_first + i) % d->again_room];
        free(d->again);
        d->again = more;
        d->again_first = 0;
        d->again_room = room;
    }
    d->again[(d->again_first + d->again_count++) % d->again_room] = job;
    d->state[job] = EAE_JOB_QUEUED;
}

/* ---- what became of it -------------------------------------------------------------------------
 */

static void make_final(eae_dispatcher *d, int64_t job, eae_job_state state)
{
    d->state[job] = (uint8_t)state;
    d->unfinished--;
    eae_progress_add(1);
    if (d->status == EAE_OK && d->config->final)
        d->status = d->config->final(d->config->context, d->ledger, job);
}

static void give_up(eae_dispatcher *d, int64_t job, int attempt, eae_job_state state)
{
    d->frame.length = 0;
    eae_put_i64(&d->frame, job);
    eae_put_u32(&d->frame, (uint32_t)attempt);
    eae_put_u32(&d->frame, (uint32_t)state);
    eae_dispatch_write(d, EAE_JOURNAL_GIVEN_UP);
    eae_ledger_give_up(d->ledger, job, attempt, state);
    if (d->config->stop_on_failure)
        d->stopping = true;
    make_final(d, job, state);
}

static bool can_help(const eae_dispatcher *d, const eae_record *r)
{
    if (r->ending == EAE_ENDED_UNBORN)
        return r->status != ENOENT && r->status != EACCES && r->status != ENOEXEC;
    return !(d->batch->filter && r->ending == EAE_ENDED && r->status == WRONG_USAGE);
}

static void take_failure(eae_dispatcher *d, const eae_record *r)
{
    char *words = eae_record_words(r);
    bool again = can_help(d, r) && d->failures[r->job] < d->config->retries;
    eae_detail("job %lld: %s%s", (long long)r->job + 1, words, again ? "; it runs again" : "");
    free(words);
    if (again) {
        d->failures[r->job]++;
        run_again(d, r->job);
    } else {
        give_up(d, r->job, r->attempt, EAE_JOB_FAILED);
    }
}

static bool is_final(const eae_dispatcher *d, int64_t job)
{
    return eae_job_state_final((eae_job_state)d->state[job]);
}

/* One that was ended because the client is to end is not final: it is missing, as if never begun.
 */
static void take_cancelled(eae_dispatcher *d, const eae_record *r)
{
    if (d->cancelled || eae_batch_cancel_asked(d->batch, r->job))
        give_up(d, r->job, r->attempt, EAE_JOB_CANCELLED);
    else
        d->state[r->job] = EAE_JOB_STAGED;
}

void eae_dispatch_record(eae_dispatcher *d, const eae_record *r)
{
    const eae_entry *e = &d->ledger->entry[r->job];
    if (is_final(d, r->job) || (!eae_record_good(r) && r->attempt < e->attempt))
        return;
    if (r->ending == EAE_ENDED) {
        d->seconds += r->ended - r->started;
        d->timed++;
    }
    if (eae_record_good(r)) {
        make_final(d, r->job, EAE_JOB_DONE);
    } else if (r->ending == EAE_ENDED_OUTPUT) {
        errno = r->status;
        d->status = eae_fail_errno("%s/data: the output of job %lld cannot be stored",
                                   d->batch->path, (long long)r->job + 1);
    } else if (r->ending == EAE_ENDED_CANCEL || (d->cancelled && r->signal)) {
        take_cancelled(d, r); /* a scheduler may have ended the job before its worker did */
    } else {
        take_failure(d, r);
    }
}

void eae_dispatch_lost(eae_dispatcher *d, int64_t job, int attempt)
{
    if (is_final(d, job))
        return;
    d->frame.length = 0;
    eae_put_i64(&d->frame, job);
    eae_put_u32(&d->frame, (uint32_t)attempt);
    eae_dispatch_write(d, EAE_JOURNAL_LOST);
    if (d->cancelled)
        give_up(d, job, attempt, EAE_JOB_CANCELLED);
    else if (++d->losses[job] > LOSSES_MAX)
        give_up(d, job, attempt, EAE_JOB_DEAD);
    else
        run_again(d, job);
}

/* ---- a back end that runs jobs in this process --------------------------------------------------
 */

static void began(void *context, eae_chunk *c, int64_t job, int attempt, int64_t pid)
{
    eae_dispatcher *d = context;
    (void)c;
    (void)pid;
    d->state[job] = EAE_JOB_RUNNING;
    eae_ledger_begin(d->ledger, d->source, job, attempt);
}

static void ended(void *context, eae_chunk *c, const eae_record *r)
{
    eae_dispatcher *d = context;
    c->state = EAE_CHUNK_GONE;
    eae_ledger_end(d->ledger, d->source, r);
    eae_dispatch_record(d, r);
}

/* ---- cancelling --------------------------------------------------------------------------------
 */

/* Jobs that were not handed over, or wait to run again. */
static void cancel_waiting(eae_dispatcher *d)
{
    for (int64_t i = d->next; i < d->batch->job_count; i++) {
        if (d->state[i] == EAE_JOB_STAGED)
            give_up(d, i, d->ledger->entry[i].attempt, EAE_JOB_CANCELLED);
    }
    for (; d->again_count > 0; d->again_count--) {
        int64_t job = d->again[d->again_first++ % d->again_room];
        give_up(d, job, d->ledger->entry[job].attempt, EAE_JOB_CANCELLED);
    }
}

static void cancel_job(eae_dispatcher *d, int64_t job)
{
    if (job >= d->batch->job_count || is_final(d, job))
        return;
    if (d->state[job] == EAE_JOB_STAGED)
        give_up(d, job, d->ledger->entry[job].attempt, EAE_JOB_CANCELLED);
    else
        eae_dispatch_cancel_job(d, job);
}

static void look_for_cancel(eae_dispatcher *d)
{
    eae_cancel_list asked;
    double now = eae_dispatch_clock();
    if (now - d->asked < 1 || d->cancelled)
        return;
    d->asked = now;
    eae_batch_cancel_list(d->batch, &asked);
    d->cancelled = asked.all;
    if (d->cancelled) {
        eae_dispatch_cancel_all(d);
        cancel_waiting(d);
    }
    for (int64_t i = 0; i < asked.count && !d->cancelled; i++)
        cancel_job(d, asked.job[i]);
    free(asked.job);
}

/* The client is to end. What runs in this process ends with it; what runs elsewhere goes on, unless
 * a person pressed the key that means `stop it'. */
static void look_for_signal(eae_dispatcher *d)
{
    int signal = d->config->interrupted ? *d->config->interrupted : 0;
    if (!signal || d->interrupted)
        return;
    d->stopping = d->interrupted = true;
    if (signal == SIGINT || (d->backend->flags & EAE_EXEC_DIRECT))
        eae_dispatch_cancel_all(d);
}

/* ---- may jobs start now? -----------------------------------------------------------------------
 */

static int look_after(eae_dispatcher *d)
{
    eae_batch other;
    eae_ledger l;
    int64_t bad = 0, open = 0;
    int status = eae_batch_open(&other, d->config->after);
    if (status != EAE_OK)
        return status;
    bool client = eae_batch_has_client(&other);
    eae_ledger_open(&l, &other);
    status = eae_ledger_read(&l);
    for (int64_t i = 0; i < other.job_count; i++) {
        eae_job_state s = eae_ledger_state(&l, i, client);
        bad += eae_job_state_final(s) && s != EAE_JOB_DONE;
        open += !eae_job_state_final(s);
    }
    if (status == EAE_OK && open == 0 && bad > 0)
        status = eae_fail("--after: %lld jobs of batch %s are not done", (long long)bad, other.id);
    else if (status == EAE_OK && open > 0 && !client)
        status = eae_fail("--after: batch %s is neither done nor running", other.id);
    d->after_done = status == EAE_OK && open == 0;
    eae_ledger_close(&l);
    eae_batch_free(&other);
    return status;
}

static int may_start(eae_dispatcher *d, bool *may)
{
    *may = !d->stopping && !d->cancelled && eae_dispatch_has_ready(d) &&
           (!d->config->window || eae_window_open(d->config->window, time(NULL)));
    if (!*may || d->after_done)
        return EAE_OK;
    int status = look_after(d);
    *may = status == EAE_OK && d->after_done;
    return status;
}

/* ---- the loop ----------------------------------------------------------------------------------
 */

static int turn(eae_dispatcher *d)
{
    bool may;
    look_for_signal(d);
    look_for_cancel(d);
    int status = may_start(d, &may);
    if (status == EAE_OK && may)
        status = eae_dispatch_start(d);
    if (status == EAE_OK && d->status == EAE_OK && d->unfinished > 0)
        status = eae_dispatch_look(d);
    return status == EAE_OK ? d->status : status;
}

static bool is_over(const eae_dispatcher *d)
{
    if (d->unfinished == 0)
        return true;
    bool leaves = d->interrupted && !(d->backend->flags & EAE_EXEC_DIRECT);
    return (d->stopping || d->cancelled) && (d->flight_count == 0 || leaves);
}

/* ---- begin and end -----------------------------------------------------------------------------
 */

static int open_journal(eae_dispatcher *d)
{
    eae_writer_id id;
    d->writer = eae_sprintf("client.%d", d->ledger->client_max + 1);
    char *path = eae_sprintf("%s/journal/%s", d->batch->path, d->writer);
    eae_writer_id_now(&id, d->config->identity);
    int status = eae_journal_create(&d->journal, path, &id);
    d->source = eae_ledger_add_source(d->ledger, d->writer, &id);
    d->ledger->own = d->writer;
    eae_writer_id_free(&id);
    free(path);
    return status;
}

static void find_done(eae_dispatcher *d, eae_dispatch_counts *counts)
{
    d->unfinished = d->batch->job_count;
    for (int64_t i = 0; i < d->batch->job_count && d->status == EAE_OK; i++) {
        if (!d->ledger->entry[i].done)
            continue;
        counts->found++;
        make_final(d, i, EAE_JOB_DONE);
    }
}

static int begin(eae_dispatcher *d, eae_dispatch_counts *counts)
{
    eae_ledger_open(d->ledger, d->batch);
    int status = eae_ledger_read(d->ledger);
    if (status != EAE_OK)
        return status;
    eae_ledger_check_data(d->ledger);
    d->chunk_next = d->ledger->chunk_max + 1;
    status = open_journal(d);
    eae_progress_start("jobs", d->batch->job_count);
    if (status == EAE_OK) {
        find_done(d, counts);
        status = d->status;
    }
    return status;
}

static int open_backend(eae_dispatcher *d, const eae_exec_events *events)
{
    eae_exec_config config = {.batch = d->batch,
                              .settings = d->config->settings,
                              .program = d->config->program,
                              .identity = d->config->identity,
                              .writer = d->writer,
                              .journal = d->journal,
                              .events = events};
    int status = eae_dispatch_adopt(d);
    if (status != EAE_OK)
        return status;
    if ((d->backend->flags & EAE_EXEC_DIRECT) && d->ledger->client_max > 1) {
        int left = eae_runner_sweep(d->batch);
        if (left > 0)
            eae_note("%d processes of a client that died were ended", left);
    }
    return d->backend->open(&d->session, &config);
}

static int finish(eae_dispatcher *d, int status, eae_dispatch_counts *counts)
{
    bool delivered = false;
    counts->missing = d->unfinished;
    for (int64_t i = 0; i < d->batch->job_count; i++) {
        counts->done += d->state[i] == EAE_JOB_DONE;
        counts->failed += d->state[i] == EAE_JOB_FAILED;
        counts->cancelled += d->state[i] == EAE_JOB_CANCELLED;
        counts->dead += d->state[i] == EAE_JOB_DEAD;
    }
    eae_progress_end();
    if (status == EAE_OK && d->unfinished == 0 && d->config->finish) {
        status = d->config->finish(d->config->context, d->ledger);
        delivered = status == EAE_OK && counts->done == d->batch->job_count;
    }
    d->frame.length = 0;
    eae_put_u32(&d->frame, delivered);
    if (status == EAE_OK)
        status = eae_journal_add(d->journal, EAE_JOURNAL_OVER, &d->frame);
    return status;
}

/* The journal is closed before the session, whose data files it syncs. */
static int leave(eae_dispatcher *d, int status)
{
    char *said = status == EAE_OK ? NULL : eae_strdup(eae_message());
    int closed = eae_journal_close(d->journal);
    if (d->session)
        d->backend->close(d->session);
    eae_dispatch_drop_flights(d);
    if (said)
        eae_set_message(said);
    free(said);
    d->ledger->own = NULL;
    eae_buffer_free(&d->frame);
    free(d->writer);
    free(d->state);
    free(d->failures);
    free(d->losses);
    free(d->again);
    return status == EAE_OK ? closed : status;
}

int eae_dispatch(const eae_batch *b, const eae_dispatch_config *config, eae_ledger *l,
                 eae_dispatch_counts *counts)
{
    eae_dispatcher d = {.batch = b,
                        .config = config,
                        .backend = config->backend,
                        .ledger = l,
                        .after_done = !config->after,
                        .state = EAE_NEW_ARRAY(uint8_t, b->job_count),
                        .failures = EAE_NEW_ARRAY(uint8_t, b->job_count),
                        .losses = EAE_NEW_ARRAY(uint8_t, b->job_count)};
    const eae_exec_events events = {.began = began, .ended = ended, .context = &d};
    *counts = (eae_dispatch_counts){0};
    int status = begin(&d, counts);
    if (status == EAE_OK && d.unfinished > 0)
        status = open_backend(&d, &events);
    while (status == EAE_OK && !is_over(&d))
        status = turn(&d);
    return leave(&d, finish(&d, status, counts));
}
