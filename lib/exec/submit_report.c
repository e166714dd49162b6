/* submit_report.c - see submit_report.h. */
#include "exec/submit_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "exec/joblist.h"

/* ---- jobs --------------------------------------------------------------------------------------
 */

static void put_command(eae_report *r, const eae_batch *b, int64_t job)
{
    eae_names words = {0};
    eae_buffer text = {0};
    eae_batch_words(b, job, &words);
    eae_words_quote(&words, &text);
    eae_report_text(r, text.data);
    eae_names_free(&words);
    eae_buffer_free(&text);
}

eae_report *eae_submit_report_commands(const eae_batch *b, bool json)
{
    static const char *const columns[] = {"job", "command"};
    eae_report *r = eae_report_new(columns, 2, json);
    for (int64_t i = 0; i < b->job_count; i++) {
        eae_names words = {0};
        eae_batch_words(b, i, &words);
        eae_report_int(r, i + 1);
        if (b->shell) /* as it was written */
            eae_report_text(r, eae_name(&words, 0));
        else
            put_command(r, b, i);
        eae_names_free(&words);
    }
    return r;
}

static void put_job(eae_report *r, const eae_ledger *l, int64_t job, bool client)
{
    const eae_entry *e = &l->entry[job];
    const eae_record *record = &e->record;
    eae_job_state state = eae_ledger_state(l, job, client);
    bool over = e->recorded && eae_job_state_final(state);
    char *how = over ? eae_record_words(record) : NULL;
    int by = over ? e->writer : e->phase == EAE_PHASE_BEGUN ? e->begun_by : -1;
    eae_report_int(r, job + 1);
    eae_report_text(r, eae_job_state_name(state));
    eae_report_int(r, e->attempt);
    eae_report_text(r, by >= 0 ? l->source[by].id.host : NULL);
    eae_report_time(r, over ? record->started : e->phase == EAE_PHASE_BEGUN ? e->begun : 0);
    eae_report_real(r, over ? (double)(int64_t)((record->ended - record->started) * 1000) / 1000
                            : (double)NAN);
    eae_report_text(r, how);
    put_command(r, l->batch, job);
    free(how);
}

int eae_submit_report_jobs(const eae_batch *b, bool json, eae_report **r)
{
    static const char *const columns[] = {"job",     "state",   "attempt", "host",
                                          "started", "seconds", "ended",   "command"};
    eae_ledger l;
    eae_ledger_open(&l, b);
    *r = eae_report_new(columns, 8, json);
    int status = eae_ledger_read(&l);
    bool client = eae_batch_has_client(b);
    for (int64_t i = 0; i < b->job_count && status == EAE_OK; i++)
        put_job(*r, &l, i, client);
    eae_ledger_close(&l);
    return status;
}

/* ---- batches -----------------------------------------------------------------------------------
 */

const char *eae_submit_batch_state(const eae_dispatch_counts *n, int64_t jobs, bool client)
{
    if (client)
        return "running";
    if (n->done == jobs)
        return "done";
    return n->missing > 0 ? "stopped" : "failed";
}

static int put_batch(eae_report *r, const char *path, bool open_only)
{
    eae_batch b;
    eae_ledger l;
    eae_dispatch_counts n;
    int status = eae_batch_open(&b, path);
    if (status != EAE_OK)
        return status;
    bool client = eae_batch_has_client(&b);
    const char *on = eae_batch_setting(&b, "on");
    eae_ledger_open(&l, &b);
    status = eae_ledger_read(&l);
    eae_submit_count(&l, client, &n);
    const char *state = eae_submit_batch_state(&n, b.job_count, client);
    if (status == EAE_OK && (!open_only || strcmp(state, "done") != 0)) {
        eae_report_text(r, b.id);
        eae_report_time(r, b.created);
        eae_report_text(r, state);
        eae_report_text(r, on ? on : "local");
        eae_report_int(r, b.job_count);
        eae_report_int(r, n.done);
        eae_report_int(r, n.failed + n.dead + n.cancelled);
        eae_report_int(r, n.missing);
        eae_report_text(r, b.cwd);
        put_command(r, &b, 0);
    }
    eae_ledger_close(&l);
    eae_batch_free(&b);
    return status;
}

int eae_submit_report_batches(const char *root, bool open_only, bool json, eae_report **r)
{
    static const char *const columns[] = {"batch", "created", "state",     "on",        "jobs",
                                          "done",  "failed",  "remaining", "directory", "command"};
    eae_names ids = {0};
    *r = eae_report_new(columns, 10, json);
    int status = eae_batch_list(root, &ids);
    for (int64_t i = 0; i < ids.count && status == EAE_OK; i++) {
        char *path = eae_sprintf("%s/%s", root, eae_name(&ids, i));
        if (put_batch(*r, path, open_only) != EAE_OK && access(path, F_OK) == 0)
            eae_warn("%s", eae_message()); /* and it was not removed while we looked */
        free(path);
    }
    eae_names_free(&ids);
    return status;
}

/* ---- places ------------------------------------------------------------------------------------
 */

static void put_amount(eae_report *r, int64_t amount)
{
    eae_report_int(r, amount >= 0 ? amount : EAE_MISSING_I64);
}

eae_report *eae_site_report_hosts(const eae_site *site, bool json)
{
    static const char *const columns[] = {"host",   "state",       "slots", "used", "load",
                                          "memory", "memory_free", "gpus",  "note"};
    eae_report *r = eae_report_new(columns, 9, json);
    for (int i = 0; i < site->host_count; i++) {
        const eae_host_info *h = &site->host[i];
        eae_report_text(r, h->name);
        eae_report_text(r, h->state);
        put_amount(r, h->slots);
        put_amount(r, h->used);
        eae_report_real(r, h->load);
        put_amount(r, h->memory);
        put_amount(r, h->memory_free);
        put_amount(r, h->gpus);
        eae_report_text(r, h->note);
    }
    return r;
}

eae_report *eae_site_report_queues(const eae_site *site, bool json)
{
    static const char *const columns[] = {"queue",   "state",   "priority",
                                          "pending", "running", "window"};
    eae_report *r = eae_report_new(columns, 6, json);
    for (int i = 0; i < site->queue_count; i++) {
        const eae_queue_info *q = &site->queue[i];
        eae_report_text(r, q->name);
        eae_report_text(r, q->state);
        put_amount(r, q->priority);
        put_amount(r, q->pending);
        put_amount(r, q->running);
        eae_report_text(r, q->window);
    }
    return r;
}
