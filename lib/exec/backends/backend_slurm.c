/*
 * backend_slurm.c - chunks as elements of Slurm's job arrays; backend.h, arrays.h.
 *
 * Needs no accounting database: what became of a job is in our own records, and squeue is asked
 * only whether to go on waiting.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/backends/arrays.h"
#include "exec/backend.h"
#include "exec/backends/client.h"
#include "exec/backends/slurm_text.h"
#include "exec/backends/spans.h"

enum { DEFAULT_ARRAY = 1001 }; /* Slurm's own MaxArraySize */

typedef eae_array_session slurm;

static int run(const eae_names *words, eae_command_result *r)
{
    return eae_client_run(&(eae_client_call){.words = words}, r);
}

/* ---- submit ---------------------------------------------------------------------------------- */

static void add_setting(eae_names *words, const slurm *s, const char *setting, const char *option)
{
    const char *value = eae_config_setting(&s->config, setting);
    if (value)
        eae_client_word(words, "%s%s", option, value);
}

static void submit_words(const slurm *s, const eae_array *a, eae_names *words)
{
    eae_client_words(words, "sbatch --parsable --no-requeue --export=ALL --chdir=/ "
                            "--output=/dev/null --error=/dev/null --nodes=1 --ntasks=1");
    eae_client_word(words, "--job-name=%s", a->name);
    eae_client_word(words, "--array=1-%lld", (long long)a->count);
    add_setting(words, s, "queue", "--partition=");
    add_setting(words, s, "threads", "--cpus-per-task=");
    add_setting(words, s, "mem", "--mem=");
    add_setting(words, s, "time", "--time=");
    add_setting(words, s, "gpu", "--gres=gpu:");
    add_setting(words, s, "priority", "--priority=");
}

/* A refusal is one only where Slurm says so; a controller that took too long may have said yes. */
static eae_array_reply judge(const eae_command_result *r)
{
    const char *said = r->errors.data ? r->errors.data : "";
    if (r->late || r->signal || strstr(said, "timed out") || strstr(said, "send/recv"))
        return EAE_ARRAY_UNSURE;
    if (strstr(said, "Invalid job array specification"))
        return EAE_ARRAY_TOO_LARGE;
    return EAE_ARRAY_REFUSED;
}

static eae_array_reply submit_array(void *own, const eae_array *a, int64_t *id)
{
    eae_names words = {0};
    eae_command_result r;
    submit_words(own, a, &words);
    eae_client_call call = {
        .words = &words, .input = EAE_ARRAY_SCRIPT("SLURM_ARRAY_TASK_ID"), .more = a->environment};
    int status = eae_client_run(&call, &r);
    eae_array_reply reply = status == EAE_OK ? EAE_ARRAY_ACCEPTED : judge(&r);
    if (status == EAE_OK && !(r.output.data && eae_slurm_submitted(r.output.data, id))) {
        eae_fail("sbatch: no job number in its answer");
        reply = EAE_ARRAY_UNSURE;
    }
    eae_command_result_free(&r);
    eae_names_free(&words);
    return reply;
}

/* ---- poll and cancel ------------------------------------------------------------------------- */

static int squeue(const char *option, const char *value, eae_queue_jobs *jobs)
{
    eae_names words = {0};
    eae_command_result r;
    eae_client_words(&words, "squeue -h -r -t all -o " EAE_SLURM_JOB_FORMAT);
    eae_client_word(&words, "%s%s", option, value);
    int status = run(&words, &r);
    if (status == EAE_OK && r.output.data)
        eae_slurm_jobs(r.output.data, jobs);
    if (status != EAE_OK && r.errors.data && strstr(r.errors.data, "Invalid job id specified"))
        status = EAE_OK; /* forgotten, since it ended some minutes ago */
    eae_command_result_free(&r);
    eae_names_free(&words);
    return status;
}

static int list(void *own, const int64_t *id, int n, eae_queue_jobs *jobs)
{
    eae_buffer ids = {0};
    (void)own;
    for (int i = 0; i < n; i++)
        eae_buffer_printf(&ids, "%s%lld", i ? "," : "", (long long)id[i]);
    int status = squeue("--jobs=", ids.data, jobs);
    eae_buffer_free(&ids);
    return status;
}

static int list_mine(void *own, eae_queue_jobs *jobs)
{
    (void)own;
    char *user = eae_sprintf("%lld", (long long)getuid());
    int status = squeue("--user=", user, jobs);
    size_t kept = 0;
    for (size_t i = 0; i < jobs->count; i++) { /* what it refused has a number too */
        if (strcmp(jobs->job[i].reason, "BadConstraints") != 0)
            jobs->job[kept++] = jobs->job[i];
    }
    jobs->count = kept;
    free(user);
    return status;
}

static int cancel_array(void *own, int64_t id, const char *ranges)
{
    eae_names words = {0};
    eae_command_result r;
    (void)own;
    eae_client_words(&words, "scancel");
    eae_client_word(&words, "%lld_[%s]", (long long)id, ranges);
    int status = run(&words, &r);
    if (status != EAE_OK && r.errors.data && strstr(r.errors.data, "Invalid job id specified"))
        status = EAE_OK;
    eae_command_result_free(&r);
    eae_names_free(&words);
    return status;
}

/* ---- the site -------------------------------------------------------------------------------- */

/* Runs a client whose words are fixed, and hands over what it printed; the caller frees. */
static int ask(const char *command, char **answer)
{
    eae_names words = {0};
    eae_command_result r;
    eae_client_words(&words, command);
    int status = run(&words, &r);
    *answer = eae_strdup(r.output.data ? r.output.data : "");
    eae_command_result_free(&r);
    eae_names_free(&words);
    return status;
}

static int hosts(eae_session *s, eae_site *site)
{
    char *text;
    (void)s;
    int status = ask("sinfo -h -N -o " EAE_SLURM_HOST_FORMAT, &text);
    if (status == EAE_OK)
        eae_slurm_hosts(text, site);
    free(text);
    return status;
}

static eae_queue_info *queue_named(eae_site *site, eae_span name)
{
    for (int i = 0; i < site->queue_count; i++) {
        if (eae_span_is(name, site->queue[i].name))
            return &site->queue[i];
    }
    return NULL;
}

/* Lines "partition|STATE", of jobs that wait or run. */
static void count_jobs(const char *text, eae_site *site)
{
    eae_span line, part[2];
    for (int i = 0; i < site->queue_count; i++)
        site->queue[i].pending = site->queue[i].running = 0;
    while (eae_span_line(&text, &line)) {
        eae_span_split(line, '|', part, 2);
        eae_queue_info *queue = queue_named(site, part[0]);
        if (queue && eae_span_is(part[1], "PENDING"))
            queue->pending++;
        else if (queue)
            queue->running++;
    }
}

static int queues(eae_session *s, eae_site *site)
{
    char *text, *jobs = NULL;
    (void)s;
    int status = ask("sinfo -h -o " EAE_SLURM_QUEUE_FORMAT, &text);
    if (status == EAE_OK)
        status = ask("squeue -h -r -o %P|%T", &jobs);
    if (status == EAE_OK) {
        eae_slurm_queues(text, site);
        count_jobs(jobs, site);
    }
    free(jobs);
    free(text);
    return status;
}

static int ping(eae_session *s, char **answer)
{
    char *up, *version = NULL;
    (void)s;
    int status = ask("scontrol ping", &up);
    if (status == EAE_OK)
        status = ask("sinfo --version", &version);
    if (status == EAE_OK)
        *answer = eae_sprintf("%.*s: %.*s", (int)strcspn(version, "\n"), version,
                              (int)strcspn(up, "\n"), up);
    free(up);
    free(version);
    return status;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const eae_array_kind kind = {.patience = 10,
                                    .submit = submit_array,
                                    .list = list,
                                    .list_mine = list_mine,
                                    .cancel = cancel_array};

static int slurm_open(eae_session **out, const eae_exec_config *config)
{
    static const char *const programs[] = {"sbatch", "squeue", "scancel", "sinfo", "scontrol"};
    int64_t largest = DEFAULT_ARRAY;
    char *text = NULL;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        if (!eae_client_there(programs[i]))
            return eae_fail("there is no %s on PATH: is this a machine that submits to Slurm?",
                            programs[i]);
    }
    int status = config->batch ? ask("scontrol show config", &text) : EAE_OK;
    if (status == EAE_OK && text)
        largest = eae_slurm_setting(text, "MaxArraySize", DEFAULT_ARRAY);
    free(text);
    if (status != EAE_OK)
        return status;
    slurm *s = EAE_NEW(slurm);
    s->config = *config;
    s->arrays = eae_arrays_new(config, &kind, s, largest - 1);
    *out = (eae_session *)s;
    return EAE_OK;
}

static void close_session(eae_session *session)
{
    slurm *s = (slurm *)session;
    eae_arrays_free(s->arrays);
    free(s);
}

const eae_exec_backend eae_exec_slurm = {
    .name = "slurm",
    .summary = "job arrays of Slurm, over a shared file system",
    .settings = "queue,threads,mem,time,gpu,priority",
    .flags = EAE_EXEC_SHARED | EAE_EXEC_ARRAY,
    .open = slurm_open,
    .room = eae_array_session_room,
    .submit = eae_array_session_submit,
    .lookup = eae_array_session_lookup,
    .poll = eae_array_session_poll,
    .cancel = eae_array_session_cancel,
    .hosts = hosts,
    .queues = queues,
    .ping = ping,
    .poll_first = 1,
    .poll_longest = 15,
    .grace = 60,
    .close = close_session,
};
