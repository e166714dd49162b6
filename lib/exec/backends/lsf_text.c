/* lsf_text.c - see lsf_text.h. */
#include "exec/backends/lsf_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "exec/backends/spans.h"

enum { WORDS_MAX = 24 };

bool eae_lsf_submitted(const char *text, int64_t *id)
{
    eae_span line;
    while (eae_span_line(&text, &line)) {
        const char *p = eae_span_find(line, "Job <");
        if (!p)
            continue;
        eae_span rest = {p + 5, line.n - (size_t)(p + 5 - line.p)};
        *id = eae_span_leading(rest);
        if (*id > 0 && eae_span_find(rest, "> is submitted"))
            return true;
    }
    return false;
}

eae_queue_state eae_lsf_state(const char *word)
{
    static const struct {
        const char *word;
        eae_queue_state state;
    } known[] = {{"PEND", EAE_QUEUE_PENDING},    {"WAIT", EAE_QUEUE_PENDING},
                 {"PROV", EAE_QUEUE_PENDING},    {"RUN", EAE_QUEUE_RUNNING},
                 {"PSUSP", EAE_QUEUE_SUSPENDED}, {"USUSP", EAE_QUEUE_SUSPENDED},
                 {"SSUSP", EAE_QUEUE_SUSPENDED}, {"DONE", EAE_QUEUE_ENDED},
                 {"EXIT", EAE_QUEUE_ENDED}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].word, word) == 0)
            return known[i].state;
    }
    return EAE_QUEUE_UNSURE; /* UNKWN, ZOMBI */
}

/* ---- bjobs ----------------------------------------------------------------------------------- */

/* JOBID ARRAY_SPEC OWNER NJOBS PEND DONE RUN EXIT SSUSP USUSP PSUSP: the numbers are the last
 * eight. */
bool eae_lsf_array(const char *text, int64_t id, eae_queue_counts *counts)
{
    eae_span line, word[WORDS_MAX];
    while (eae_span_line(&text, &line)) {
        int64_t number[8], first;
        int n = eae_span_split(line, ' ', word, WORDS_MAX);
        bool numbers = n >= 10 && eae_span_int(word[0], &first) && first == id;
        for (int i = 0; i < 8 && numbers; i++)
            numbers = eae_span_int(word[n - 8 + i], &number[i]) && number[i] >= 0;
        if (!numbers)
            continue;
        *counts = (eae_queue_counts){{0}};
        counts->of[EAE_QUEUE_PENDING] = number[1];
        counts->of[EAE_QUEUE_RUNNING] = number[3];
        counts->of[EAE_QUEUE_SUSPENDED] = number[5] + number[6] + number[7];
        counts->of[EAE_QUEUE_ENDED] = number[2] + number[4];
        return true;
    }
    return false;
}

/* The index of "name[7]", or 0. */
static int64_t index_of(const char *name)
{
    const char *open = strrchr(name, '[');
    if (!open)
        return 0;
    int64_t index = eae_span_leading((eae_span){open + 1, strlen(open + 1)});
    return index > 0 ? index : 0;
}

/* A date at the end: "Nov 22 08:37" */
static bool ends_in_time(const eae_span *word, int n)
{
    return n >= 3 && word[n - 1].n == 5 && word[n - 1].p[2] == ':' && word[n - 3].n == 3 &&
           eae_span_leading(word[n - 2]) > 0;
}

/* JOBID USER STAT QUEUE FROM_HOST EXEC_HOST JOB_NAME Mon DD HH:MM; an EXEC_HOST of "-" is a job
 * that waits, of "h1:h2" one of several hosts. */
void eae_lsf_jobs(const char *text, eae_queue_jobs *jobs)
{
    eae_span line, word[WORDS_MAX];
    int64_t id;
    while (eae_span_line(&text, &line)) {
        int n = eae_span_split(line, ' ', word, WORDS_MAX);
        if (n < 9 || !eae_span_int(word[0], &id) || id <= 0)
            continue;
        eae_queue_job *job = eae_queue_jobs_add(jobs);
        job->id = id;
        eae_span_copy(word[2], job->word, sizeof job->word);
        job->state = eae_lsf_state(job->word);
        bool host = !eae_span_is(word[5], "-");
        if (host)
            eae_span_copy(word[5], job->host, sizeof job->host);
        int last = ends_in_time(word, n) ? n - 4 : n - 1;
        if (last >= 6) {
            const char *end = word[last].p + word[last].n;
            eae_span_copy((eae_span){word[6].p, (size_t)(end - word[6].p)}, job->name,
                          sizeof job->name);
        }
        job->index = index_of(job->name);
    }
}

/* ---- hosts and queues ------------------------------------------------------------------------ */

/* "-" is no limit, and not a number. */
static int64_t number_of(eae_span word)
{
    int64_t value;
    return eae_span_int(word, &value) && value >= 0 ? value : -1;
}

/* HOST_NAME STATUS JL/U MAX NJOBS RUN SSUSP USUSP RSV */
void eae_lsf_hosts(const char *text, eae_site *site)
{
    eae_span line, word[WORDS_MAX];
    while (eae_span_line(&text, &line)) {
        int n = eae_span_split(line, ' ', word, WORDS_MAX);
        if (n != 9 || number_of(word[4]) < 0 || number_of(word[8]) < 0)
            continue;
        char *name = eae_span_dup(word[0]);
        eae_host_info *host = eae_site_host(site, name);
        free(name);
        host->state = eae_span_dup(word[1]);
        host->slots = number_of(word[3]);
        host->used = number_of(word[4]);
    }
}

static eae_host_info *known_host(eae_site *site, eae_span name)
{
    for (int i = 0; i < site->host_count; i++) {
        if (eae_span_is(name, site->host[i].name))
            return &site->host[i];
    }
    return NULL;
}

/* "23G", "24105M"; -1 if it is none. */
static int64_t size_of(eae_span word)
{
    char size[EAE_NUMBER_TEXT];
    uint64_t bytes;
    eae_span_copy(word, size, sizeof size);
    return word.n < sizeof size && eae_parse_size(size, &bytes) && bytes < INT64_MAX
               ? (int64_t)bytes
               : -1;
}

/* HOST_NAME status r15s r1m r15m ut pg ls it tmp swp mem (LSF has io before ls in places): the load
 * is the fourth, the memory the last. A host that is down has fewer words. */
void eae_lsf_loads(const char *text, eae_site *site)
{
    eae_span line, word[WORDS_MAX];
    while (eae_span_line(&text, &line)) {
        int n = eae_span_split(line, ' ', word, WORDS_MAX);
        eae_host_info *host = n >= 12 ? known_host(site, word[0]) : NULL;
        if (!host)
            continue;
        eae_parse_double(word[3].p, word[3].n, &host->load);
        host->memory_free = size_of(word[n - 1]);
    }
}

/* QUEUE_NAME PRIO STATUS MAX JL/U JL/P JL/H NJOBS PEND RUN SUSP */
void eae_lsf_queues(const char *text, eae_site *site)
{
    eae_span line, word[WORDS_MAX];
    while (eae_span_line(&text, &line)) {
        int n = eae_span_split(line, ' ', word, WORDS_MAX);
        if (n < 11 || number_of(word[n - 1]) < 0 || number_of(word[n - 4]) < 0)
            continue;
        char *name = eae_span_dup(word[0]);
        eae_queue_info *queue = eae_site_queue(site, name);
        free(name);
        queue->state = eae_span_dup(word[2]);
        queue->priority = number_of(word[1]);
        queue->pending = number_of(word[n - 3]);
        queue->running = number_of(word[n - 2]);
    }
}

static eae_queue_info *known_queue(eae_site *site, eae_span name)
{
    for (int i = 0; i < site->queue_count; i++) {
        if (eae_span_is(name, site->queue[i].name))
            return &site->queue[i];
    }
    return NULL;
}

/* Blocks of "QUEUE: name", with "RUN_WINDOW: 20:00-07:00" or "RUN_WINDOW  20:00-07:00" in them. */
void eae_lsf_windows(const char *text, eae_site *site)
{
    eae_span line, word[2];
    eae_queue_info *queue = NULL;
    while (eae_span_line(&text, &line)) {
        if (eae_span_split(line, ' ', word, 2) != 2)
            continue;
        if (eae_span_is(word[0], "QUEUE:"))
            queue = known_queue(site, word[1]);
        else if (queue && !queue->window && eae_span_begins(word[0], "RUN_WINDOW"))
            queue->window = eae_span_dup(word[1]);
    }
}

/* ---- the system ------------------------------------------------------------------------------ */

int64_t eae_lsf_setting(const char *text, const char *name, int64_t fallback)
{
    eae_span line;
    while (eae_span_line(&text, &line)) {
        const char *p = eae_span_find(line, name);
        if (!p)
            continue;
        p += strlen(name);
        p += strspn(p, " \t=:");
        const char *end = line.p + line.n;
        int64_t value = p < end ? eae_span_leading((eae_span){p, (size_t)(end - p)}) : -1;
        if (value >= 0)
            return value;
    }
    return fallback;
}

static bool named(const char *text, const char *what, char value[EAE_QUEUE_WORD])
{
    eae_span line;
    while (eae_span_line(&text, &line)) {
        const char *p = eae_span_find(line, what);
        if (!p)
            continue;
        p += strlen(what);
        size_t n = strcspn(p, " \t\r\n");
        eae_span_copy((eae_span){p, n}, value, EAE_QUEUE_WORD);
        return n > 0;
    }
    *value = '\0';
    return false;
}

bool eae_lsf_cluster(const char *text, char cluster[EAE_QUEUE_WORD], char master[EAE_QUEUE_WORD])
{
    bool found = named(text, "My cluster name is ", cluster);
    named(text, "My master name is ", master);
    return found;
}

bool eae_lsf_waiting(const char *errors)
{
    return strstr(errors, "still trying") != NULL;
}

bool eae_lsf_gone(const char *errors)
{
    return strstr(errors, "already finished") || strstr(errors, "No matching job found") ||
           strstr(errors, "is not found");
}
