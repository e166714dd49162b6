/* slurm_text.c - see slurm_text.h. */
#include "exec/backends/slurm_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "exec/backends/spans.h"

enum { MEBIBYTE = 1 << 20 };

bool eae_slurm_submitted(const char *text, int64_t *id)
{
    eae_span line, part[2];
    while (eae_span_line(&text, &line)) {
        eae_span_split(line, ';', part, 2);
        if (eae_span_int(part[0], id) && *id > 0)
            return true;
    }
    return false;
}

eae_queue_state eae_slurm_state(const char *word)
{
    static const struct {
        const char *word;
        eae_queue_state state;
    } known[] = {{"PENDING", EAE_QUEUE_PENDING},       {"CONFIGURING", EAE_QUEUE_PENDING},
                 {"REQUEUED", EAE_QUEUE_PENDING},      {"REQUEUE_FED", EAE_QUEUE_PENDING},
                 {"REQUEUE_HOLD", EAE_QUEUE_PENDING},  {"SPECIAL_EXIT", EAE_QUEUE_PENDING},
                 {"RESV_DEL_HOLD", EAE_QUEUE_PENDING}, {"RUNNING", EAE_QUEUE_RUNNING},
                 {"COMPLETING", EAE_QUEUE_RUNNING},    {"SIGNALING", EAE_QUEUE_RUNNING},
                 {"STAGE_OUT", EAE_QUEUE_RUNNING},     {"RESIZING", EAE_QUEUE_RUNNING},
                 {"SUSPENDED", EAE_QUEUE_SUSPENDED},   {"STOPPED", EAE_QUEUE_SUSPENDED},
                 {"COMPLETED", EAE_QUEUE_ENDED},       {"FAILED", EAE_QUEUE_ENDED},
                 {"CANCELLED", EAE_QUEUE_ENDED},       {"TIMEOUT", EAE_QUEUE_ENDED},
                 {"NODE_FAIL", EAE_QUEUE_ENDED},       {"BOOT_FAIL", EAE_QUEUE_ENDED},
                 {"DEADLINE", EAE_QUEUE_ENDED},        {"OUT_OF_MEMORY", EAE_QUEUE_ENDED},
                 {"PREEMPTED", EAE_QUEUE_ENDED},       {"REVOKED", EAE_QUEUE_ENDED}};
    const size_t n = strcspn(word, " +");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i].word) == n && memcmp(known[i].word, word, n) == 0)
            return known[i].state;
    }
    return EAE_QUEUE_UNSURE;
}

void eae_slurm_jobs(const char *text, eae_queue_jobs *jobs)
{
    eae_span line, part[6];
    int64_t id, index;
    while (eae_span_line(&text, &line)) {
        if (eae_span_split(line, '|', part, 6) != 6 || !eae_span_int(part[0], &id) || id <= 0)
            continue;
        if (!eae_span_int(part[1], &index))
            index = 0; /* "N/A" */
        eae_queue_job *job = eae_queue_jobs_add(jobs);
        job->id = id;
        job->index = index;
        eae_span_copy(part[2], job->word, sizeof job->word);
        eae_span_copy(part[3], job->name, sizeof job->name);
        eae_span_copy(part[4], job->host, sizeof job->host);
        eae_span_copy(part[5], job->reason, sizeof job->reason);
        job->state = eae_slurm_state(job->word);
    }
}

/* "N/A" and the like stay what they were: not known. */
static void take_int(eae_span span, int64_t unit, int64_t *value)
{
    int64_t number = eae_span_leading(span);
    if (number >= 0 && number < INT64_MAX / unit)
        *value = number * unit;
}

/* "gpu:a100:4(S:0-1)", "gpu:2", "(null)" */
static int64_t count_gpus(eae_span gres)
{
    eae_span item[8], part[3];
    int64_t sum = 0;
    int n = eae_span_split(gres, ',', item, 8);
    for (int i = 0; i < n; i++) {
        int parts = eae_span_split(item[i], ':', part, 3);
        int64_t count = parts > 1 ? eae_span_leading(part[1]) : -1;
        if (count < 0 && parts > 2)
            count = eae_span_leading(part[2]);
        if (eae_span_is(part[0], "gpu"))
            sum += count > 0 ? count : 1;
    }
    return sum;
}

static bool host_known(const eae_site *site, eae_span name)
{
    bool known = false;
    for (int i = 0; i < site->host_count; i++)
        known = known || eae_span_is(name, site->host[i].name);
    return known;
}

static bool queue_known(const eae_site *site, eae_span name)
{
    bool known = false;
    for (int i = 0; i < site->queue_count; i++)
        known = known || eae_span_is(name, site->queue[i].name);
    return known;
}

static eae_host_info *new_host(eae_site *site, eae_span name, eae_span state)
{
    char *text = eae_span_dup(name);
    eae_host_info *host = eae_site_host(site, text);
    free(text);
    host->state = eae_span_dup(state);
    return host;
}

void eae_slurm_hosts(const char *text, eae_site *site)
{
    eae_span line, part[7], cpu[4];
    while (eae_span_line(&text, &line)) {
        if (eae_span_split(line, '|', part, 7) != 7 || part[0].n == 0 ||
            eae_span_split(part[2], '/', cpu, 4) != 4 || host_known(site, part[0]))
            continue;
        eae_host_info *host = new_host(site, part[0], part[1]);
        take_int(cpu[0], 1, &host->used);
        take_int(cpu[3], 1, &host->slots);
        take_int(part[3], MEBIBYTE, &host->memory);
        take_int(part[4], MEBIBYTE, &host->memory_free);
        eae_parse_double(part[5].p, part[5].n, &host->load);
        host->gpus = count_gpus(part[6]);
    }
}

void eae_slurm_queues(const char *text, eae_site *site)
{
    eae_span line, part[3];
    while (eae_span_line(&text, &line)) {
        if (eae_span_split(line, '|', part, 3) != 3 || part[0].n == 0)
            continue;
        if (part[0].p[part[0].n - 1] == '*')
            part[0].n--;
        if (queue_known(site, part[0]))
            continue;
        char *name = eae_span_dup(part[0]);
        eae_queue_info *queue = eae_site_queue(site, name);
        free(name);
        queue->state = eae_span_dup(part[1]);
    }
}

int64_t eae_slurm_setting(const char *text, const char *name, int64_t fallback)
{
    eae_span line, word[3];
    while (eae_span_line(&text, &line)) {
        if (eae_span_split(line, ' ', word, 3) == 3 && eae_span_is(word[0], name) &&
            eae_span_is(word[1], "="))
            return eae_span_leading(word[2]) >= 0 ? eae_span_leading(word[2]) : fallback;
    }
    return fallback;
}
