/* submit_manage.c - looking at batches, and ending them; see submit.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "exec/command.h"
#include "exec/submit.h"

void eae_submit_count(const eae_ledger *l, bool client, eae_dispatch_counts *n)
{
    *n = (eae_dispatch_counts){0};
    for (int64_t i = 0; i < l->batch->job_count; i++) {
        eae_job_state state = eae_ledger_state(l, i, client);
        n->done += state == EAE_JOB_DONE;
        n->failed += state == EAE_JOB_FAILED;
        n->cancelled += state == EAE_JOB_CANCELLED;
        n->dead += state == EAE_JOB_DEAD;
        n->missing += !eae_job_state_final(state);
    }
}

/* ---- failures in words -------------------------------------------------------------------------
 */

/* With the line of its log that tells most. */
static char *ending_in_words(const eae_ledger *l, int64_t job)
{
    const eae_entry *e = &l->entry[job];
    if (e->record.ending != EAE_ENDED)
        return eae_record_words(&e->record);
    char *text = eae_log_text(l, job);
    eae_command_result r = {.status = e->record.status, .signal = e->record.signal};
    eae_buffer_puts(&r.errors, text ? text : "");
    char *words = eae_command_failure(&r);
    eae_command_result_free(&r);
    free(text);
    return words;
}

static void add_failure(const eae_ledger *l, int64_t job, eae_job_state state, eae_names *lines)
{
    const eae_entry *e = &l->entry[job];
    char *words = e->recorded && state != EAE_JOB_DEAD ? ending_in_words(l, job) : NULL;
    char *line =
        eae_sprintf("job %lld: %s", (long long)job + 1, words ? words : eae_job_state_name(state));
    eae_names_add(lines, line, strlen(line));
    free(line);
    free(words);
}

int eae_submit_judge(const eae_ledger *l, int most, eae_names *lines)
{
    const eae_batch *b = l->batch;
    eae_dispatch_counts n;
    eae_submit_count(l, false, &n);
    if (n.done == b->job_count)
        return EAE_OK;
    for (int64_t i = 0; i < b->job_count && lines->count < most; i++) {
        eae_job_state state = eae_ledger_state(l, i, false);
        if (state != EAE_JOB_DONE && eae_job_state_final(state))
            add_failure(l, i, state, lines);
    }
    if (n.done + n.missing == b->job_count)
        return eae_fail("%lld of %lld jobs are not done; eae-submit resume %s goes on",
                        (long long)n.missing, (long long)b->job_count, b->id);
    return eae_fail("%lld of %lld jobs are not done (eae-submit log %s:JOB, eae-submit resume %s)",
                    (long long)(b->job_count - n.done), (long long)b->job_count, b->id, b->id);
}

/* ---- jobs by name ------------------------------------------------------------------------------
 */

int eae_submit_find_job(const char *root, const char *text, eae_batch *b, int64_t *job)
{
    const char *colon = strchr(text, ':');
    char *id = eae_strndup(text, colon ? (size_t)(colon - text) : strlen(text)), *path = NULL;
    int status = eae_batch_find(root, id, &path);
    *job = 0;
    if (status == EAE_OK)
        status = eae_batch_open(b, path);
    if (status == EAE_OK && colon &&
        (!eae_parse_int(colon + 1, strlen(colon + 1), job) || *job < 1 || *job > b->job_count))
        status =
            eae_fail("%s: batch %s has the jobs 1 to %lld", text, b->id, (long long)b->job_count);
    --*job;
    free(path);
    free(id);
    return status;
}

/* ---- ending ------------------------------------------------------------------------------------
 */

static int has_open_chunks(const eae_batch *b, bool *open)
{
    eae_ledger l;
    eae_ledger_open(&l, b);
    int status = eae_ledger_read(&l);
    *open = false;
    for (int i = 0; i < l.intent_count; i++)
        *open = *open || !l.intent[i].closed;
    eae_ledger_close(&l);
    return status;
}

int eae_submit_cancel(const eae_batch *b, const eae_submit_request *request, int64_t job)
{
    int lock = -1, status = eae_batch_ask_cancel(b, job);
    bool open = false;
    if (status == EAE_OK && job < 0)
        status = eae_batch_lock(b, &lock);
    if (status == EAE_OK && lock >= 0)
        status = has_open_chunks(b, &open);
    if (status == EAE_OK && open) {
        eae_ledger l;
        eae_dispatch_counts counts;
        status = eae_submit_go(b, request, &l, &counts);
        eae_ledger_close(&l);
    }
    if (lock >= 0)
        close(lock);
    return status;
}
