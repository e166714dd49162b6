/* worker.c - see worker.h. */
#include "exec/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "exec/dispatch.h"
#include "exec/runner.h"

enum { LOOK_MS = 1000, LOG_MAX = 1 << 20 };

typedef struct {
    eae_batch batch;
    eae_ledger ledger;
    eae_chunk *chunk;
    eae_journal *journal;
    eae_runner *runner;
    char *writer;
} worker;

/* chunk.N, or chunk.N-2 ... where others were before us. */
static int open_journal(worker *w, const char *identity)
{
    eae_writer_id id;
    int status = EAE_FAIL;
    eae_writer_id_now(&id, identity);
    for (int k = 1; status != EAE_OK; k++) {
        free(w->writer);
        w->writer = k == 1 ? eae_sprintf("chunk.%lld", (long long)w->chunk->number)
                           : eae_sprintf("chunk.%lld-%d", (long long)w->chunk->number, k);
        char *path = eae_sprintf("%s/journal/%s", w->batch.path, w->writer);
        bool taken = access(path, F_OK) == 0;
        if (!taken)
            status = eae_journal_create(&w->journal, path, &id);
        taken = taken || (status != EAE_OK && access(path, F_OK) == 0);
        free(path);
        if (!taken && status != EAE_OK)
            break;
    }
    eae_writer_id_free(&id);
    return status;
}

/* One before us that still runs on this machine goes on; elsewhere nobody can know. */
static int check_alone(const worker *w)
{
    for (int i = 0; i < w->ledger.source_count; i++) {
        const eae_journal_source *s = &w->ledger.source[i];
        if (s->chunk == w->chunk->number && s->identified && eae_writer_id_alive(&s->id))
            return eae_fail("%s is being run by process %lld", w->chunk->name,
                            (long long)s->id.pid);
    }
    return EAE_OK;
}

static const char *setting(const worker *w, const char *name)
{
    const char *own = eae_setting_of(&w->chunk->settings, name);
    return own ? own : eae_batch_setting(&w->batch, name);
}

static int open_runner(worker *w)
{
    const eae_batch *b = &w->batch;
    const char *timeout = setting(w, "timeout"), *log_max = setting(w, "log-max");
    const char *threads = setting(w, "threads");
    int64_t cores = 0;
    eae_runner_config config = {.batch = b,
                                .writer = w->writer,
                                .journal = w->journal,
                                .lanes = 1,
                                .log_max = LOG_MAX,
                                .threads_rule = true,
                                .away = true};
    if (timeout)
        eae_parse_double(timeout, strlen(timeout), &config.timeout);
    if (log_max)
        eae_parse_size(log_max, &config.log_max);
    if (threads && eae_parse_int(threads, strlen(threads), &cores))
        config.threads = (int)cores;
    return eae_runner_open(&w->runner, &config);
}

static volatile sig_atomic_t ended_by;

static void on_signal(int sig)
{
    ended_by = sig;
}

/* A scheduler, or the servant on an ssh host, ends the worker. What runs then is killed with all
 * that it started, and has no record: it is lost, unless it was the client that wished it. */
static void handle_signals(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGXCPU};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction act = {.sa_handler = on_signal};
        sigemptyset(&act.sa_mask);
        sigaction(signals[i], &act, NULL);
    }
}

/* A job that was cancelled before it began has a record too. */
static int record_cancelled(worker *w, int64_t job, int attempt)
{
    eae_buffer frame = {0};
    const eae_record r = {.job = job, .attempt = attempt, .ending = EAE_ENDED_CANCEL};
    eae_record_put(&frame, &r);
    int status = eae_journal_add(w->journal, EAE_JOURNAL_ENDED, &frame);
    eae_buffer_free(&frame);
    return status;
}

static bool is_cancelled(const worker *w, int64_t job)
{
    return eae_batch_cancel_asked(&w->batch, -1) || eae_batch_cancel_asked(&w->batch, job);
}

static int run_job(worker *w, int64_t job, int attempt)
{
    if (is_cancelled(w, job))
        return record_cancelled(w, job, attempt);
    int status = eae_runner_start(w->runner, w->chunk, job, attempt);
    while (status == EAE_OK && eae_runner_running(w->runner) > 0) {
        status = eae_runner_wait(w->runner, LOOK_MS);
        if (status == EAE_OK && ended_by)
            status = eae_fail("ended by signal %d", (int)ended_by);
        if (eae_runner_running(w->runner) > 0 && is_cancelled(w, job))
            eae_runner_cancel(w->runner, job);
    }
    return status;
}

static int run_chunk(worker *w)
{
    int status = EAE_OK;
    for (int i = 0; i < w->chunk->count && status == EAE_OK; i++) {
        const eae_entry *e = &w->ledger.entry[w->chunk->job[i]];
        bool ended = e->attempt == w->chunk->attempt[i] && e->phase == EAE_PHASE_ENDED;
        if (!e->done && !ended)
            status = run_job(w, w->chunk->job[i], w->chunk->attempt[i]);
    }
    return status;
}

int eae_worker_run(const char *dir, int64_t number, const char *(*identify)(void))
{
    worker w = {0};
    int status = eae_batch_open(&w.batch, dir);
    if (status != EAE_OK)
        return status;
    handle_signals();
    eae_ledger_open(&w.ledger, &w.batch);
    status = eae_chunk_read(&w.batch, number, &w.chunk);
    if (status == EAE_OK)
        status = eae_ledger_read_chunk(&w.ledger, number);
    if (status == EAE_OK)
        status = check_alone(&w);
    if (status == EAE_OK)
        status = open_journal(&w, identify && w.batch.filter ? identify() : NULL);
    if (status == EAE_OK)
        status = open_runner(&w);
    if (status == EAE_OK)
        status = run_chunk(&w);
    int closed = eae_journal_close(w.journal);
    eae_runner_close(w.runner);
    eae_ledger_close(&w.ledger);
    eae_chunk_free(w.chunk);
    free(w.writer);
    eae_batch_free(&w.batch);
    return status == EAE_OK ? closed : status;
}
