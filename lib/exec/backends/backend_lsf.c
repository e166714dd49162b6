/*
 * backend_lsf.c - chunks as elements of job arrays of LSF, and of OpenLava, which speaks the same;
 * backend.h, arrays.h.
 *
 * A poll is one line per array (bjobs -A); the elements are listed only when those numbers have
 * changed. A job that waits since the window of its queue is closed is suspended, not failed. The
 * states DONE and EXIT say only that an element has ended: DONE is also what OpenLava says of one
 * that was killed.
 */
#include <stdlib.h>
#include <string.h>

#include "exec/backends/arrays.h"
#include "exec/backend.h"
#include "exec/backends/client.h"
#include "exec/backends/lsf_text.h"

enum { DEFAULT_ARRAY = 1000 }; /* MAX_JOB_ARRAY_SIZE where a site has not set it */

/* What was seen of an array when its elements were listed last. */
typedef struct {
    int64_t id;
    eae_queue_counts counts;
    eae_queue_jobs jobs;
} listed;

typedef struct {
    eae_array_session all;
    listed *listed;
    int count, capacity;
} lsf;

/* ---- submit ---------------------------------------------------------------------------------- */

static void add_setting(eae_names *words, const lsf *s, const char *setting, const char *option)
{
    const char *value = eae_config_setting(&s->all.config, setting);
    if (!value)
        return;
    eae_client_word(words, "%s", option);
    eae_client_word(words, "%s", value);
}

static void submit_words(const lsf *s, const eae_array *a, eae_names *words)
{
    const char *memory = eae_config_setting(&s->all.config, "mem");
    eae_client_words(words, "bsub -o /dev/null -J");
    eae_client_word(words, "%s[1-%lld]", a->name, (long long)a->count);
    add_setting(words, s, "queue", "-q");
    add_setting(words, s, "threads", "-n");
    add_setting(words, s, "time", "-W");
    add_setting(words, s, "priority", "-sp");
    if (eae_config_setting(&s->all.config, "threads"))
        eae_client_words(words, "-R span[hosts=1]");
    if (memory)
        eae_client_word(words, "-R");
    if (memory)
        eae_client_word(words, "rusage[mem=%s]", memory);
    if (eae_config_setting(&s->all.config, "gpu"))
        eae_client_word(words, "-gpu");
    if (eae_config_setting(&s->all.config, "gpu"))
        eae_client_word(words, "num=%s", eae_config_setting(&s->all.config, "gpu"));
}

/* bsub says so where it refuses; one that never ended may have been heard. */
static eae_array_reply judge(const eae_command_result *r)
{
    const char *said = r->errors.data ? r->errors.data : "";
    if (strstr(said, "array index too large"))
        return EAE_ARRAY_TOO_LARGE;
    return strstr(said, "not submitted") ? EAE_ARRAY_REFUSED : EAE_ARRAY_UNSURE;
}

static eae_array_reply submit_array(void *own, const eae_array *a, int64_t *id)
{
    eae_names words = {0};
    eae_command_result r;
    submit_words(own, a, &words);
    eae_client_call call = {
        .words = &words, .input = EAE_ARRAY_SCRIPT("LSB_JOBINDEX"), .more = a->environment};
    int status = eae_client_run(&call, &r);
    eae_array_reply reply = status == EAE_OK ? EAE_ARRAY_ACCEPTED : judge(&r);
    if (status == EAE_OK && !(r.output.data && eae_lsf_submitted(r.output.data, id))) {
        eae_fail("bsub: no job number in its answer");
        reply = EAE_ARRAY_UNSURE;
    }
    eae_command_result_free(&r);
    eae_names_free(&words);
    return reply;
}

/* ---- poll ------------------------------------------------------------------------------------ */

/* Runs a client and hands over what it printed; the caller frees. "Nothing to list" is no failure.
 */
static int ask(const eae_names *words, char **answer)
{
    eae_command_result r;
    int status = eae_client_run(&(eae_client_call){.words = words}, &r);
    const char *said = r.errors.data ? r.errors.data : "";
    if (status != EAE_OK && !r.late &&
        (eae_lsf_gone(said) || strstr(said, "No job found") || strstr(said, "No unfinished job")))
        status = EAE_OK;
    *answer = eae_strdup(r.output.data ? r.output.data : "");
    eae_command_result_free(&r);
    return status;
}

static int ask_for(const char *command, int64_t id, char **answer)
{
    eae_names words = {0};
    eae_client_words(&words, command);
    if (id > 0)
        eae_client_word(&words, "%lld", (long long)id);
    int status = ask(&words, answer);
    eae_names_free(&words);
    return status;
}

static listed *listed_of(lsf *s, int64_t id)
{
    for (int i = 0; i < s->count; i++) {
        if (s->listed[i].id == id)
            return &s->listed[i];
    }
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 8;
        s->listed = eae_realloc(s->listed, (size_t)s->capacity, sizeof *s->listed);
    }
    s->listed[s->count] = (listed){.id = id, .counts = {{-1}}};
    return &s->listed[s->count++];
}

static int list_elements(listed *l)
{
    char *text;
    int status = ask_for("bjobs -a -w", l->id, &text);
    if (status == EAE_OK) {
        l->jobs.count = 0;
        eae_lsf_jobs(text, &l->jobs);
    }
    free(text);
    return status;
}

/* The summary is wrong, or of another time, where the listing does not say the same: then both are
 * asked for again next time. */
static bool agree(const eae_queue_counts *counts, const eae_queue_jobs *jobs)
{
    eae_queue_counts found = {{0}};
    for (size_t i = 0; i < jobs->count; i++)
        found.of[jobs->job[i].state]++;
    return memcmp(&found, counts, sizeof found) == 0;
}

static int list_one(lsf *s, int64_t id, eae_queue_jobs *jobs)
{
    eae_queue_counts counts;
    char *text;
    listed *l = listed_of(s, id);
    int status = ask_for("bjobs -A", id, &text);
    bool told = status == EAE_OK && eae_lsf_array(text, id, &counts);
    if (told && memcmp(&counts, &l->counts, sizeof counts) != 0) {
        status = list_elements(l);
        if (status == EAE_OK && agree(&counts, &l->jobs))
            l->counts = counts;
    }
    for (size_t i = 0; i < l->jobs.count && told && status == EAE_OK; i++)
        *eae_queue_jobs_add(jobs) = l->jobs.job[i];
    free(text);
    return status;
}

static int list(void *own, const int64_t *id, int n, eae_queue_jobs *jobs)
{
    int status = EAE_OK;
    for (int i = 0; i < n && status == EAE_OK; i++)
        status = list_one(own, id[i], jobs);
    return status;
}

static int list_mine(void *own, eae_queue_jobs *jobs)
{
    char *text;
    (void)own;
    int status = ask_for("bjobs -a -w", 0, &text);
    if (status == EAE_OK)
        eae_lsf_jobs(text, jobs);
    free(text);
    return status;
}

static int cancel_array(void *own, int64_t id, const char *ranges)
{
    eae_names words = {0};
    char *text;
    (void)own;
    eae_client_words(&words, "bkill");
    eae_client_word(&words, "%lld[%s]", (long long)id, ranges);
    int status = ask(&words, &text);
    free(text);
    eae_names_free(&words);
    return status;
}

/* ---- the site -------------------------------------------------------------------------------- */

static int hosts(eae_session *s, eae_site *site)
{
    char *text, *loads = NULL;
    (void)s;
    int status = ask_for("bhosts", 0, &text);
    if (status == EAE_OK)
        eae_lsf_hosts(text, site);
    if (status == EAE_OK && eae_client_there("lsload") && ask_for("lsload", 0, &loads) == EAE_OK)
        eae_lsf_loads(loads, site);
    free(loads);
    free(text);
    return status;
}

static int queues(eae_session *s, eae_site *site)
{
    char *text, *blocks = NULL;
    (void)s;
    int status = ask_for("bqueues", 0, &text);
    if (status == EAE_OK)
        eae_lsf_queues(text, site);
    if (status == EAE_OK && ask_for("bqueues -l", 0, &blocks) == EAE_OK)
        eae_lsf_windows(blocks, site);
    free(blocks);
    free(text);
    return status;
}

static int ping(eae_session *s, char **answer)
{
    char *text, cluster[EAE_QUEUE_WORD], master[EAE_QUEUE_WORD];
    (void)s;
    int status = ask_for("lsid", 0, &text);
    if (status == EAE_OK && !eae_lsf_cluster(text, cluster, master))
        status = eae_fail("lsid: no name of a cluster in its answer");
    if (status == EAE_OK)
        *answer = eae_sprintf("%.*s: cluster %s, master %s", (int)strcspn(text, "\n"), text,
                              cluster, master);
    free(text);
    return status;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const eae_array_kind kind = {.patience = 10,
                                    .submit = submit_array,
                                    .list = list,
                                    .list_mine = list_mine,
                                    .cancel = cancel_array};

/* What bparams says of arrays; a site where it is not there, or says nothing, has the default. */
static int64_t largest_array(void)
{
    int64_t largest = DEFAULT_ARRAY;
    char *text = NULL;
    if (eae_client_there("bparams") && ask_for("bparams -l", 0, &text) == EAE_OK)
        largest = eae_lsf_setting(text, "MAX_JOB_ARRAY_SIZE", DEFAULT_ARRAY);
    free(text);
    return largest;
}

static int lsf_open(eae_session **out, const eae_exec_config *config)
{
    static const char *const programs[] = {"bsub", "bjobs", "bkill", "bhosts", "bqueues", "lsid"};
    char *answer = NULL;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        if (!eae_client_there(programs[i]))
            return eae_fail("there is no %s on PATH: is this a machine that submits to LSF or "
                            "OpenLava?",
                            programs[i]);
    }
    int status = config->batch ? ping(NULL, &answer) : EAE_OK;
    free(answer);
    if (status != EAE_OK)
        return status;
    lsf *s = EAE_NEW(lsf);
    s->all.config = *config;
    s->all.arrays =
        eae_arrays_new(config, &kind, s, config->batch ? largest_array() : DEFAULT_ARRAY);
    *out = (eae_session *)s;
    return EAE_OK;
}

static void close_session(eae_session *session)
{
    lsf *s = (lsf *)session;
    for (int i = 0; i < s->count; i++)
        eae_queue_jobs_free(&s->listed[i].jobs);
    free(s->listed);
    eae_arrays_free(s->all.arrays);
    free(s);
}

#define LSF_TABLE(title, text) \
    { \
        .name = title, .summary = text, .settings = "queue,threads,mem,time,gpu,priority", \
        .flags = EAE_EXEC_SHARED | EAE_EXEC_ARRAY, .open = lsf_open, \
        .room = eae_array_session_room, .submit = eae_array_session_submit, \
        .lookup = eae_array_session_lookup, .poll = eae_array_session_poll, \
        .cancel = eae_array_session_cancel, .hosts = hosts, .queues = queues, .ping = ping, \
        .poll_first = 2, .poll_longest = 30, .grace = 60, .close = close_session, \
    }

const eae_exec_backend eae_exec_lsf =
    LSF_TABLE("lsf", "job arrays of LSF, over a shared file system");
const eae_exec_backend eae_exec_openlava =
    LSF_TABLE("openlava", "job arrays of OpenLava, over a shared file system");
