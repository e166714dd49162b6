/*
 * backend_script.c - a place of a site's own, without C: --on script:FILE. FILE is a program that
 * is called with one of these command lines; eae-submit(1) has the contract for those who write
 * one.
 *
 *     FILE submit NAME PROGRAM DIR N    start `PROGRAM work DIR N` somewhere; prints a handle
 *     FILE lookup NAME                  prints `HANDLE STATE` if there is a chunk of that name
 *     FILE poll HANDLE...               prints `HANDLE STATE [HOST]` for each that is not gone
 *     FILE cancel HANDLE...             ends them
 *     FILE hosts                        prints `NAME STATE SLOTS USED LOAD`, - for what is not
 * known FILE queues                       prints `NAME STATE PRIORITY PENDING RUNNING WINDOW` FILE
 * ping                         prints a line
 *
 * STATE is queued, running, suspended, unknown or gone. Workers must see the directory of the
 * batch.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "exec/backend.h"
#include "exec/backends/client.h"

enum { HANDLES_AT_ONCE = 500, FIELDS = 6 };

typedef struct {
    char *script;
    const char *program;
    const eae_batch *batch;
} site;

static site *of(eae_session *session)
{
    return (site *)session;
}

/* ---- calls -------------------------------------------------------------------------------------
 */

static int call(eae_names *words, eae_command_result *result)
{
    const eae_client_call c = {.words = words};
    int status = eae_client_run(&c, result);
    eae_names_free(words);
    return status;
}

static eae_names words_of(const site *s, const char *command)
{
    eae_names words = {0};
    eae_client_word(&words, "%s", s->script);
    eae_client_word(&words, "%s", command);
    return words;
}

/* The line at *text cut at blanks; *text moves behind it. The number of fields; -1: no more lines.
 */
static int next_line(char **text, char *field[FIELDS])
{
    char *rest = NULL;
    int n = 0;
    if (!*text || !**text)
        return -1;
    char *line = *text;
    *text += strcspn(line, "\n");
    if (**text)
        *(*text)++ = '\0';
    for (char *w = strtok_r(line, " \t\r", &rest); w && n < FIELDS;
         w = strtok_r(NULL, " \t\r", &rest))
        field[n++] = w;
    return n;
}

static eae_chunk_state state_named(const char *name)
{
    static const char *const names[EAE_CHUNK_STATES] = {"new",       "queued",  "running",
                                                        "suspended", "unknown", "gone"};
    for (int i = EAE_CHUNK_QUEUED; i < EAE_CHUNK_STATES; i++) {
        if (strcmp(names[i], name) == 0)
            return (eae_chunk_state)i;
    }
    return EAE_CHUNK_UNKNOWN;
}

static void replace(char **field, const char *text)
{
    free(*field);
    *field = text ? eae_strdup(text) : NULL;
}

/* ---- chunks ------------------------------------------------------------------------------------
 */

static int submit_one(site *s, eae_chunk *c)
{
    eae_command_result r;
    char *field[FIELDS];
    eae_names words = words_of(s, "submit");
    eae_client_word(&words, "%s", c->name);
    eae_client_word(&words, "%s", s->program);
    eae_client_word(&words, "%s", s->batch->path);
    eae_client_word(&words, "%lld", (long long)c->number);
    int status = call(&words, &r);
    char *text = r.output.data;
    if (status == EAE_OK && next_line(&text, field) == 1) {
        replace(&c->handle, field[0]);
        c->state = EAE_CHUNK_QUEUED;
    } else if (status == EAE_OK) {
        c->state = EAE_CHUNK_UNKNOWN;
        status = eae_fail("%s submit: no handle was printed", s->script);
    } else if (r.signal || r.late) {
        c->state = EAE_CHUNK_UNKNOWN; /* it may have been accepted */
    }
    eae_command_result_free(&r);
    return status;
}

static int submit(eae_session *session, eae_chunk *const *chunk, int n)
{
    int status = EAE_OK;
    for (int i = 0; i < n && status == EAE_OK; i++)
        status = submit_one(of(session), chunk[i]);
    return status;
}

static int lookup(eae_session *session, eae_chunk *c)
{
    eae_command_result r;
    char *field[FIELDS];
    eae_names words = words_of(of(session), "lookup");
    eae_client_word(&words, "%s", c->name);
    int status = call(&words, &r);
    char *text = r.output.data;
    if (status == EAE_OK) {
        int fields = next_line(&text, field);
        c->state = fields >= 2 ? state_named(field[1]) : EAE_CHUNK_GONE;
        if (fields >= 2)
            replace(&c->handle, field[0]);
    }
    eae_command_result_free(&r);
    return status;
}

static void take_line(eae_chunk *const *chunk, int n, char *const *field, int fields)
{
    for (int i = 0; i < n && fields >= 2; i++) {
        if (!chunk[i]->handle || strcmp(chunk[i]->handle, field[0]) != 0)
            continue;
        chunk[i]->state = state_named(field[1]);
        replace(&chunk[i]->host, fields > 2 ? field[2] : NULL);
    }
}

/* Command on the handles of up to HANDLES_AT_ONCE chunks; false: none has one. */
static bool with_handles(const site *s, const char *command, eae_chunk *const *chunk, int n,
                         eae_names *words)
{
    *words = words_of(s, command);
    int64_t before = words->count;
    for (int i = 0; i < n; i++) {
        if (chunk[i]->handle)
            eae_client_word(words, "%s", chunk[i]->handle);
    }
    if (words->count > before)
        return true;
    eae_names_free(words);
    return false;
}

static int poll_some(site *s, eae_chunk *const *chunk, int n)
{
    eae_command_result r;
    eae_names words;
    char *field[FIELDS];
    if (!with_handles(s, "poll", chunk, n, &words))
        return EAE_OK;
    int status = call(&words, &r);
    for (int i = 0; i < n && status == EAE_OK; i++) {
        if (chunk[i]->handle)
            chunk[i]->state = EAE_CHUNK_GONE;
    }
    char *text = r.output.data;
    for (int fields; status == EAE_OK && (fields = next_line(&text, field)) >= 0;)
        take_line(chunk, n, field, fields);
    eae_command_result_free(&r);
    return status;
}

static int cancel_some(site *s, eae_chunk *const *chunk, int n)
{
    eae_command_result r;
    eae_names words;
    if (!with_handles(s, "cancel", chunk, n, &words))
        return EAE_OK;
    int status = call(&words, &r);
    eae_command_result_free(&r);
    return status;
}

static int in_parts(eae_session *session, eae_chunk *const *chunk, int n,
                    int (*fn)(site *, eae_chunk *const *, int))
{
    int status = EAE_OK;
    for (int i = 0; i < n && status == EAE_OK; i += HANDLES_AT_ONCE)
        status = fn(of(session), chunk + i, n - i < HANDLES_AT_ONCE ? n - i : HANDLES_AT_ONCE);
    return status;
}

static int poll_all(eae_session *session, eae_chunk *const *chunk, int n, int wait_ms)
{
    (void)wait_ms;
    return in_parts(session, chunk, n, poll_some);
}

static int cancel(eae_session *session, eae_chunk *const *chunk, int n)
{
    return in_parts(session, chunk, n, cancel_some);
}

/* ---- the place itself --------------------------------------------------------------------------
 */

static int64_t number_or_none(char *const *field, int fields, int i)
{
    int64_t x;
    return i < fields && eae_parse_int(field[i], strlen(field[i]), &x) ? x : -1;
}

static void take_host(eae_site *list, char *const *field, int fields)
{
    eae_host_info *h = eae_site_host(list, field[0]);
    h->state = eae_strdup(field[1]);
    h->slots = number_or_none(field, fields, 2);
    h->used = number_or_none(field, fields, 3);
    if (fields > 4)
        eae_parse_double(field[4], strlen(field[4]), &h->load);
}

static void take_queue(eae_site *list, char *const *field, int fields)
{
    eae_queue_info *q = eae_site_queue(list, field[0]);
    q->state = eae_strdup(field[1]);
    q->priority = number_or_none(field, fields, 2);
    q->pending = number_or_none(field, fields, 3);
    q->running = number_or_none(field, fields, 4);
    q->window = fields > 5 ? eae_strdup(field[5]) : NULL;
}

/* What the script prints when called so: a line for each, name and state first. */
static int read_table(eae_session *session, const char *what, eae_site *list,
                      void (*take)(eae_site *list, char *const *field, int fields))
{
    eae_command_result r;
    eae_names words = words_of(of(session), what);
    char *field[FIELDS];
    int fields, status = call(&words, &r);
    char *text = r.output.data;
    while (status == EAE_OK && (fields = next_line(&text, field)) >= 0) {
        if (fields >= 2)
            take(list, field, fields);
    }
    eae_command_result_free(&r);
    return status;
}

static int hosts(eae_session *session, eae_site *list)
{
    return read_table(session, "hosts", list, take_host);
}

static int queues(eae_session *session, eae_site *list)
{
    return read_table(session, "queues", list, take_queue);
}

static int ping(eae_session *session, char **answer)
{
    eae_command_result r;
    eae_names words = words_of(of(session), "ping");
    int status = call(&words, &r);
    if (status == EAE_OK) {
        const char *text = r.output.data ? r.output.data : "";
        *answer = eae_strndup(text, strcspn(text, "\n"));
    }
    eae_command_result_free(&r);
    return status;
}

static void close_session(eae_session *session)
{
    free(of(session)->script);
    free(session);
}

static int open_session(eae_session **session, const eae_exec_config *config)
{
    const char *script = eae_config_setting(config, "on-argument");
    *session = NULL;
    if (!script || !*script)
        return eae_fail_usage("--on script:FILE names the program that speaks to the place");
    if (access(script, X_OK) != 0)
        return eae_fail_errno("%s: cannot be run", script);
    site *s = EAE_NEW(site);
    s->script = eae_absolute(script);
    s->program = config->program;
    s->batch = config->batch;
    *session = (eae_session *)s;
    return EAE_OK;
}

const eae_exec_backend eae_exec_script = {.name = "script",
                                          .summary = "a program of the site's own: script:FILE",
                                          .settings = "",
                                          .flags = EAE_EXEC_SHARED,
                                          .open = open_session,
                                          .submit = submit,
                                          .lookup = lookup,
                                          .poll = poll_all,
                                          .cancel = cancel,
                                          .hosts = hosts,
                                          .queues = queues,
                                          .ping = ping,
                                          .close = close_session};
