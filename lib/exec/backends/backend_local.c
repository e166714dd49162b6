/*
 * backend_local.c - jobs on this machine, run by the client itself: a runner (runner.h) with a lane
 * per slot. There is nothing to look up, poll or collect.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/number.h"
#include "exec/backend.h"
#include "exec/machine.h"
#include "exec/runner.h"

enum { LOG_MAX = 1 << 20 };

typedef struct {
    eae_runner *runner;
    eae_names gpus;
    char *slot_directory;
} local;

static int64_t int_setting(const eae_exec_config *config, const char *name, int64_t otherwise)
{
    const char *text = eae_config_setting(config, name);
    int64_t x;
    return text && eae_parse_int(text, strlen(text), &x) ? x : otherwise;
}

/* Jobs of one job share its slot: a client inside a job must not wait for one, which its own job
 * may hold. */
static bool inside_a_job(void)
{
    return getenv("SUBMIT_BATCH") != NULL;
}

static int choose_lanes(const eae_exec_config *config, local *s, eae_runner_config *r)
{
    int cores = eae_machine_cores();
    int64_t lanes = int_setting(config, "slots", inside_a_job() ? 1 : cores);
    r->gpus_per_job = (int)int_setting(config, "gpu", 0);
    if (r->gpus_per_job > 0) {
        eae_machine_gpus(&s->gpus);
        int64_t most = s->gpus.count / r->gpus_per_job;
        if (most == 0)
            return eae_fail("--gpu %d: %lld GPUs are visible here", r->gpus_per_job,
                            (long long)s->gpus.count);
        r->gpus = &s->gpus;
        lanes = lanes < most ? lanes : most;
    }
    r->lanes = (int)(lanes < EAE_SLOTS_MAX ? lanes : EAE_SLOTS_MAX);
    r->threads = cores / r->lanes > 0 ? cores / r->lanes : 1;
    r->threads_rule = eae_config_setting(config, "threads") != NULL;
    r->threads = (int)int_setting(config, "threads", r->threads);
    return EAE_OK;
}

static int open_runner(const eae_exec_config *config, local *s)
{
    eae_runner_config r = {.batch = config->batch,
                           .writer = config->writer,
                           .journal = config->journal,
                           .events = config->events,
                           .log_max = LOG_MAX};
    const char *timeout = eae_config_setting(config, "timeout");
    const char *log_max = eae_config_setting(config, "log-max");
    int status = choose_lanes(config, s, &r);
    if (timeout)
        eae_parse_double(timeout, strlen(timeout), &r.timeout);
    if (log_max)
        eae_parse_size(log_max, &r.log_max);
    if (status == EAE_OK && !inside_a_job()) {
        r.slot_directory = s->slot_directory = eae_slots_directory();
        status = s->slot_directory ? EAE_OK : EAE_FAIL;
    }
    return status == EAE_OK ? eae_runner_open(&s->runner, &r) : status;
}

static void close_session(eae_session *session)
{
    local *s = (local *)session;
    eae_runner_close(s->runner);
    eae_names_free(&s->gpus);
    free(s->slot_directory);
    free(s);
}

static int open_session(eae_session **session, const eae_exec_config *config)
{
    local *s = EAE_NEW(local);
    int status = config->batch ? open_runner(config, s) : EAE_OK;
    *session = (eae_session *)s;
    if (status != EAE_OK) {
        close_session(*session);
        *session = NULL;
    }
    return status;
}

static int64_t room(eae_session *session)
{
    return eae_runner_room(((local *)session)->runner);
}

static int submit(eae_session *session, eae_chunk *const *chunk, int n)
{
    int status = EAE_OK;
    for (int i = 0; i < n && status == EAE_OK; i++) {
        chunk[i]->state = EAE_CHUNK_RUNNING;
        status = eae_runner_start(((local *)session)->runner, chunk[i], chunk[i]->job[0],
                                  chunk[i]->attempt[0]);
    }
    return status;
}

static int poll_runner(eae_session *session, eae_chunk *const *chunk, int n, int wait_ms)
{
    (void)chunk;
    (void)n;
    return eae_runner_wait(((local *)session)->runner, wait_ms);
}

static int cancel(eae_session *session, eae_chunk *const *chunk, int n)
{
    for (int i = 0; i < n; i++)
        eae_runner_cancel(((local *)session)->runner, chunk[i]->job[0]);
    return EAE_OK;
}

static int cancel_job(eae_session *session, eae_chunk *c, int64_t job)
{
    (void)c;
    eae_runner_cancel(((local *)session)->runner, job);
    return EAE_OK;
}

static int hosts(eae_session *session, eae_site *site)
{
    (void)session;
    eae_machine_describe(site);
    return EAE_OK;
}

static int ping(eae_session *session, char **answer)
{
    struct utsname u;
    (void)session;
    if (uname(&u) != 0)
        return eae_fail_errno("uname");
    *answer = eae_sprintf("%s is alive: %s %s, %d cores", u.nodename, u.sysname, u.release,
                          eae_machine_cores());
    return EAE_OK;
}

const eae_exec_backend eae_exec_local = {.name = "local",
                                         .summary = "this machine; jobs of all clients of a user "
                                                    "share its slots",
                                         .settings = "slots,gpu",
                                         .flags = EAE_EXEC_DIRECT | EAE_EXEC_SHARED,
                                         .open = open_session,
                                         .room = room,
                                         .submit = submit,
                                         .poll = poll_runner,
                                         .cancel = cancel,
                                         .cancel_job = cancel_job,
                                         .hosts = hosts,
                                         .ping = ping,
                                         .close = close_session};
