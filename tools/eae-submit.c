/* eae-submit - run commands here, on other hosts, under a scheduler; eae-submit(1). */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/commands.h"
#include "base/diag.h"
#include "base/help.h"
#include "base/number.h"
#include "base/options.h"
#include "exec/backend.h"
#include "exec/joblist.h"
#include "exec/backends/serve.h"
#include "exec/submit.h"
#include "exec/submit_options.h"
#include "exec/worker.h"
#include "kernels/kernels.h"
#include "matrix/report.h"
#include "matrix/shards.h"

enum { FAILURES_SHOWN = 10, WAIT_MS = 200 };

/* ---- commands ------------------------------------------------------------------------------ */

static const eae_option run_options[] = {
    {.name = "dry-run", .type = EAE_OPT_FLAG, .help = "print the jobs, run nothing"},
    {.name = "detach",
     .type = EAE_OPT_FLAG,
     .help = "print the batch and go on in the background; eae-submit wait has the outputs"},
    {.name = "fresh",
     .type = EAE_OPT_FLAG,
     .help = "a new batch, also where an earlier one with these jobs is not finished"},
    {0}};

static const eae_option batch_options[] = {
    {.name = "dir",
     .type = EAE_OPT_FILE,
     .arg = "DIR",
     .help = "where batches are (default: $XDG_STATE_HOME/eae/batches)"},
    {0}};

static const eae_option log_options[] = {
    {.name = "stdout", .type = EAE_OPT_FLAG, .help = "its standard output instead"}, {0}};

#define WHERE \
    {"Where", eae_submit_place_options}, \
    { \
        "When, how often, how long", eae_submit_pace_options \
    }
#define LAST {"Batches", batch_options}, EAE_GROUP_COMMON

static const eae_program run_program = {
    .name = "eae-submit run",
    .summary = "run a filter in shards, or the commands of a file",
    .example =
        "  eae-split --kfold 5 expr.eae | eae-submit run --shards 20 -- eae-rfe svm > rfe.eae\n"
        "  eae-submit run --on ssh --hosts a,b jobs.txt",
    .operands = "[FILE | -- COMMAND...]",
    .max_operands = -1,
    .groups = {{"Jobs", eae_submit_job_options}, WHERE, {"This run", run_options}, LAST}};

static const eae_program resume_program = {.name = "eae-submit resume",
                                           .summary = "run what is missing of a batch",
                                           .example = "  eae-submit resume 3f9a01 > rfe.eae",
                                           .operands = "BATCH",
                                           .min_operands = 1,
                                           .max_operands = 1,
                                           .groups = {WHERE, LAST}};

#define SIMPLE_PROGRAM(id, command, what, line, words, least, most) \
    static const eae_program id = {.name = "eae-submit " command, \
                                   .summary = what, \
                                   .example = "  eae-submit " line, \
                                   .operands = words, \
                                   .min_operands = least, \
                                   .max_operands = most, \
                                   .groups = {LAST}}

SIMPLE_PROGRAM(status_program, "status", "the jobs of a batch, or the batches that are not over",
               "status 3f9a01", "[BATCH]", 0, 1);
SIMPLE_PROGRAM(wait_program, "wait", "wait for a batch to end, and give its outputs",
               "wait 3f9a01 > rfe.eae", "BATCH", 1, 1);
SIMPLE_PROGRAM(cancel_program, "cancel", "end a batch, or one of its jobs", "cancel 3f9a01:7",
               "BATCH[:JOB]", 1, 1);
SIMPLE_PROGRAM(ls_program, "ls", "all batches", "ls", "", 0, 0);

static const eae_program log_program = {.name = "eae-submit log",
                                        .summary = "what a job said on its standard error",
                                        .example = "  eae-submit log 3f9a01:7",
                                        .operands = "BATCH:JOB",
                                        .min_operands = 1,
                                        .max_operands = 1,
                                        .groups = {{"Which", log_options}, LAST}};

#define PLACE_PROGRAM(id, command, what) \
    static const eae_program id = { \
        .name = "eae-submit " command, \
        .summary = what, \
        .example = "  eae-submit " command " --on slurm", \
        .operands = "", \
        .groups = {{"Where", eae_submit_place_options}, EAE_GROUP_COMMON}}

PLACE_PROGRAM(hosts_program, "hosts", "hosts of a place: alive, slots, load, memory, GPUs");
PLACE_PROGRAM(queues_program, "queues", "queues of a place");
PLACE_PROGRAM(ping_program, "ping", "does a place answer?");

static const eae_program work_program = {.name = "eae-submit work",
                                         .summary = "run a chunk of a batch: for back ends",
                                         .example = "  eae-submit work DIR 7",
                                         .operands = "DIR CHUNK",
                                         .min_operands = 2,
                                         .max_operands = 2,
                                         .groups = {EAE_GROUP_COMMON}};

static const eae_program serve_program = {.name = "eae-submit serve",
                                          .summary = "serve a client over ssh: for --on ssh",
                                          .example = "  ssh HOST eae-submit serve",
                                          .operands = "",
                                          .groups = {EAE_GROUP_COMMON}};

/* ---- what the library asks of us ---------------------------------------------------------------
 */

static volatile sig_atomic_t interrupted;

/* The first signal lets jobs be ended in order, the second does not wait for that. */
static void on_signal(int sig)
{
    if (interrupted) {
        signal(sig, SIG_DFL);
        raise(sig);
    }
    interrupted = sig;
}

static void handle_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction act = {.sa_handler = on_signal}, old;
        sigaction(signals[i], NULL, &old);
        if (old.sa_handler != SIG_IGN)
            sigaction(signals[i], &act, NULL);
    }
}

static const char *identify(void)
{
    const eae_kernels *kernels;
    if (eae_kernels_choose(EAE_BACKEND_AUTO, &kernels) != EAE_OK)
        return "";
    return eae_kernels_identity(kernels);
}

static int merge(void *context, int fd, const uint64_t *end, int64_t parts)
{
    const eae_options *o = context;
    eae_read_options how = {.memory = eae_opt_memory(o),
                            .tmpdir = eae_opt_text(o, "tmpdir"),
                            .threads = eae_opt_threads(o)};
    return eae_merge_shards(fd, end, parts, eae_opt_text(o, "output"), &how);
}

static char *own_program(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    return n > 0 ? eae_strndup(path, (size_t)n) : eae_strdup("eae-submit");
}

/* ---- after a run -------------------------------------------------------------------------------
 */

static void say(const char *text)
{
    fprintf(stderr, "%s: %s\n", eae_diag_program_name(), text);
}

static int judge(const eae_ledger *l)
{
    eae_names lines = {0};
    int status = eae_submit_judge(l, FAILURES_SHOWN, &lines);
    for (int64_t i = 0; i < lines.count; i++)
        say(eae_name(&lines, i));
    eae_names_free(&lines);
    return status;
}

/* ---- run, resume -------------------------------------------------------------------------------
 */

static bool has_dashes; /* `--` is on the command line: what follows is a command */

static int dry_run(const eae_options *o, const eae_batch *b)
{
    static const char *const columns[] = {"job", "command"};
    eae_report *r = eae_report_new(columns, 2, eae_flag(o, "json"));
    for (int64_t i = 0; i < b->job_count; i++) {
        eae_names words = {0};
        eae_buffer text = {0};
        eae_batch_words(b, i, &words);
        if (b->shell)
            eae_buffer_puts(&text, eae_name(&words, 0));
        else
            eae_words_quote(&words, &text);
        eae_report_int(r, i + 1);
        eae_report_text(r, text.data);
        eae_buffer_free(&text);
        eae_names_free(&words);
    }
    int status = eae_report_write(r, eae_opt_text(o, "output"));
    eae_report_free(r);
    return status;
}

/* Outputs of a batch that is over are not needed, logs of failed jobs are. */
static int run_batch(const eae_batch *b, const eae_submit_request *request)
{
    eae_ledger l;
    eae_dispatch_counts counts = {0};
    handle_signals();
    int status = eae_submit_go(b, request, &l, &counts);
    if (status == EAE_OK && counts.done == b->job_count && !request->keep_outputs)
        eae_submit_drop_data(b);
    if (status == EAE_OK)
        status = judge(&l);
    if (interrupted) {
        if (status != EAE_OK)
            say(eae_message());
        signal(interrupted, SIG_DFL);
        raise(interrupted);
    }
    eae_ledger_close(&l);
    return status;
}

static int run_detached(const eae_options *o, const eae_batch *b, eae_submit_request *request)
{
    bool parent;
    int status = eae_submit_detach(b, &parent);
    if (status != EAE_OK)
        return status;
    if (parent) {
        eae_output *out;
        status = eae_output_open(&out, eae_opt_text(o, "output"), false);
        if (status == EAE_OK)
            status = eae_output_write(out, b->id, strlen(b->id));
        if (status == EAE_OK)
            status = eae_output_write(out, "\n", 1);
        return status == EAE_OK ? eae_output_close(out) : status;
    }
    request->keep_outputs = true;
    return run_batch(b, request);
}

static eae_submit_request request_of(const eae_options *o, const char *root, const char *program,
                                     const eae_names *settings)
{
    static eae_submit_hooks hooks = {.identify = identify, .merge = merge};
    hooks.context = (void *)o;
    return (eae_submit_request){.root = root,
                                .settings = settings,
                                .input_fd = -1,
                                .program = program,
                                .output = eae_opt_text(o, "output"),
                                .quiet = eae_flag(o, "quiet"),
                                .tmpdir = eae_opt_text(o, "tmpdir"),
                                .interrupted = &interrupted,
                                .hooks = &hooks};
}

static int prepare_and_run(const eae_options *o, eae_batch *b, const char *root,
                           const char *program, const eae_names *settings)
{
    int lock;
    bool found;
    eae_submit_request request = request_of(o, root, program, settings);
    request.inputs = eae_opt_each(o, "input");
    request.fresh = eae_flag(o, "fresh");
    request.input_fd = b->filter && !isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
    int status = eae_submit_prepare(b, &request, &lock, &found);
    if (status != EAE_OK)
        return status;
    if (found)
        eae_note("batch %s goes on where it ended", b->id);
    else
        eae_detail("batch %s", b->id);
    status = eae_flag(o, "detach") ? run_detached(o, b, &request) : run_batch(b, &request);
    close(lock);
    return status;
}

static int run(const eae_options *o)
{
    eae_batch b = {0};
    eae_names settings = {0};
    char *program = own_program(), *root = NULL;
    int status = eae_submit_settings(o, true, NULL, &settings);
    if (status == EAE_OK)
        status = eae_submit_jobs(o, has_dashes, &b);
    if (status == EAE_OK && eae_flag(o, "dry-run"))
        status = dry_run(o, &b);
    else if (status == EAE_OK && !(root = eae_batch_root(eae_opt_text(o, "dir"))))
        status = EAE_FAIL;
    else if (status == EAE_OK)
        status = prepare_and_run(o, &b, root, program, &settings);
    eae_batch_free(&b);
    eae_names_free(&settings);
    free(program);
    free(root);
    return status;
}

static int open_named(const eae_options *o, const char *id, char **root, eae_batch *b)
{
    char *path = NULL;
    *root = eae_batch_root(eae_opt_text(o, "dir"));
    int status = *root ? eae_batch_find(*root, id, &path) : EAE_FAIL;
    if (status == EAE_OK)
        status = eae_batch_open(b, path);
    free(path);
    return status;
}

static int resume(const eae_options *o)
{
    eae_batch b = {0};
    eae_names settings = {0};
    char *program = own_program(), *root;
    int lock = -1, status = open_named(o, eae_operand(o, 0), &root, &b);
    if (status == EAE_OK)
        status = eae_submit_settings(o, true, &b.settings, &settings);
    if (status == EAE_OK)
        status = eae_submit_resume(&b, &lock);
    if (status == EAE_OK) {
        eae_submit_request request = request_of(o, root, program, &settings);
        eae_batch_forget_cancel(&b);
        status = run_batch(&b, &request);
        close(lock);
    }
    eae_batch_free(&b);
    eae_names_free(&settings);
    free(program);
    free(root);
    return status;
}

/* ---- wait, cancel, log -------------------------------------------------------------------------
 */

static int deliver(const eae_options *o, const eae_batch *b, const char *root, char *program)
{
    eae_ledger l;
    eae_dispatch_counts counts;
    eae_submit_request request = request_of(o, root, program, &b->settings);
    eae_ledger_open(&l, b);
    int status = eae_ledger_read(&l);
    eae_submit_count(&l, false, &counts);
    if (status == EAE_OK && counts.missing > 0)
        status = eae_fail("batch %s is not done, and nobody runs it: eae-submit resume %s", b->id,
                          b->id);
    else if (status == EAE_OK && eae_ledger_delivered(&l))
        status = eae_fail("the outputs of batch %s were fetched before", b->id);
    else if (status == EAE_OK && counts.done == b->job_count)
        status = run_batch(b, &request); /* nothing is left to run: it delivers */
    else if (status == EAE_OK)
        status = eae_submit_deliver(b, &request, &l);
    if (status == EAE_OK)
        status = judge(&l);
    eae_ledger_close(&l);
    return status;
}

static int wait_for(const eae_options *o)
{
    eae_batch b = {0};
    char *program = own_program(), *root;
    int lock = -1, status = open_named(o, eae_operand(o, 0), &root, &b);
    while (status == EAE_OK && lock < 0) {
        status = eae_batch_lock(&b, &lock);
        if (lock < 0)
            usleep(WAIT_MS * 1000);
    }
    if (status == EAE_OK)
        status = deliver(o, &b, root, program);
    if (lock >= 0)
        close(lock);
    eae_batch_free(&b);
    free(program);
    free(root);
    return status;
}

static int open_job(const eae_options *o, char **root, eae_batch *b, int64_t *job)
{
    *root = eae_batch_root(eae_opt_text(o, "dir"));
    return *root ? eae_submit_find_job(*root, eae_operand(o, 0), b, job) : EAE_FAIL;
}

static int cancel(const eae_options *o)
{
    eae_batch b = {0};
    char *root, *program = own_program();
    int64_t job;
    int status = open_job(o, &root, &b, &job);
    if (status == EAE_OK) {
        eae_submit_request request = request_of(o, root, program, &b.settings);
        request.keep_outputs = true;
        status = eae_submit_cancel(&b, &request, job);
    }
    eae_batch_free(&b);
    free(program);
    free(root);
    return status;
}

static int show_log(const eae_options *o)
{
    eae_batch b = {0};
    eae_ledger l = {0};
    eae_output *out = NULL;
    char *root;
    int64_t job;
    int status = open_job(o, &root, &b, &job);
    if (status == EAE_OK && job < 0)
        status = eae_fail_usage("which job? BATCH:JOB");
    if (status == EAE_OK) {
        eae_ledger_open(&l, &b);
        status = eae_ledger_read(&l);
    }
    if (status == EAE_OK && !l.entry[job].recorded)
        status = eae_fail("job %lld has no record: it is %s", (long long)job + 1,
                          eae_job_state_name(eae_ledger_state(&l, job, eae_batch_has_client(&b))));
    if (status == EAE_OK)
        status = eae_output_open(&out, eae_opt_text(o, "output"), false);
    if (status == EAE_OK)
        status =
            eae_flag(o, "stdout") ? eae_output_of_job(&l, job, out) : eae_log_of_job(&l, job, out);
    if (out && status == EAE_OK)
        status = eae_output_close(out);
    else
        eae_output_discard(out);
    eae_ledger_close(&l);
    eae_batch_free(&b);
    free(root);
    return status;
}

/* ---- status, ls --------------------------------------------------------------------------------
 */

static void put_time(eae_report *r, double seconds)
{
    char text[32] = "";
    time_t t = (time_t)seconds;
    struct tm local;
    if (seconds > 0 && localtime_r(&t, &local))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local);
    eae_report_text(r, *text ? text : NULL);
}

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
    put_time(r, over ? record->started : e->phase == EAE_PHASE_BEGUN ? e->begun : 0);
    eae_report_real(r, over ? (double)(int64_t)((record->ended - record->started) * 1000) / 1000
                            : (double)NAN);
    eae_report_text(r, how);
    put_command(r, l->batch, job);
    free(how);
}

static int report_batch(const eae_options *o)
{
    static const char *const columns[] = {"job",     "state",   "attempt", "host",
                                          "started", "seconds", "ended",   "command"};
    eae_batch b = {0};
    eae_ledger l = {0};
    char *root;
    int status = open_named(o, eae_operand(o, 0), &root, &b);
    if (status == EAE_OK) {
        eae_ledger_open(&l, &b);
        status = eae_ledger_read(&l);
    }
    if (status == EAE_OK) {
        eae_report *r = eae_report_new(columns, 8, eae_flag(o, "json"));
        bool client = eae_batch_has_client(&b);
        for (int64_t i = 0; i < b.job_count; i++)
            put_job(r, &l, i, client);
        status = eae_report_write(r, eae_opt_text(o, "output"));
        eae_report_free(r);
    }
    eae_ledger_close(&l);
    eae_batch_free(&b);
    free(root);
    return status;
}

/* What a batch as a whole is doing. */
static const char *batch_state(const eae_dispatch_counts *n, int64_t jobs, bool client)
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
    const char *state = batch_state(&n, b.job_count, client);
    if (status == EAE_OK && (!open_only || strcmp(state, "done") != 0)) {
        eae_report_text(r, b.id);
        put_time(r, b.created);
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

static int report_batches(const eae_options *o, bool open_only)
{
    static const char *const columns[] = {"batch", "created", "state",     "on",        "jobs",
                                          "done",  "failed",  "remaining", "directory", "command"};
    eae_names ids = {0};
    char *root = eae_batch_root(eae_opt_text(o, "dir"));
    int status = root ? eae_batch_list(root, &ids) : EAE_FAIL;
    eae_report *r = eae_report_new(columns, 10, eae_flag(o, "json"));
    for (int64_t i = 0; i < ids.count && status == EAE_OK; i++) {
        char *path = eae_sprintf("%s/%s", root, eae_name(&ids, i));
        if (put_batch(r, path, open_only) != EAE_OK)
            eae_warn("%s", eae_message());
        free(path);
    }
    if (status == EAE_OK)
        status = eae_report_write(r, eae_opt_text(o, "output"));
    eae_report_free(r);
    eae_names_free(&ids);
    free(root);
    return status;
}

static int show_status(const eae_options *o)
{
    return eae_operand_count(o) > 0 ? report_batch(o) : report_batches(o, true);
}

static int list(const eae_options *o)
{
    return report_batches(o, false);
}

/* ---- hosts, queues, ping -----------------------------------------------------------------------
 */

static int open_place(const eae_options *o, eae_names *settings, const eae_exec_backend **backend,
                      eae_session **session)
{
    int status = eae_submit_settings(o, false, NULL, settings);
    const char *on = eae_setting_of(settings, "on");
    *backend = eae_exec_backend_find(on ? on : "local");
    *session = NULL;
    if (status != EAE_OK)
        return status;
    eae_exec_config config = {.settings = settings};
    return (*backend)->open(session, &config);
}

static void put_amount(eae_report *r, int64_t amount)
{
    eae_report_int(r, amount >= 0 ? amount : EAE_MISSING_I64);
}

static eae_report *hosts_report(const eae_site *site, bool json)
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

static eae_report *queues_report(const eae_site *site, bool json)
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

static int look_at_place(const eae_options *o, bool queues)
{
    eae_names settings = {0};
    eae_site site = {0};
    const eae_exec_backend *backend;
    eae_session *session;
    int status = open_place(o, &settings, &backend, &session);
    if (status == EAE_OK && !(queues ? backend->queues : backend->hosts))
        status = eae_fail("--on %s has no %s", backend->name, queues ? "queues" : "hosts");
    if (status == EAE_OK)
        status = (queues ? backend->queues : backend->hosts)(session, &site);
    if (status == EAE_OK) {
        bool json = eae_flag(o, "json");
        eae_report *r = queues ? queues_report(&site, json) : hosts_report(&site, json);
        status = eae_report_write(r, eae_opt_text(o, "output"));
        eae_report_free(r);
    }
    if (session)
        backend->close(session);
    eae_site_free(&site);
    eae_names_free(&settings);
    return status;
}

static int hosts(const eae_options *o)
{
    return look_at_place(o, false);
}

static int queues(const eae_options *o)
{
    return look_at_place(o, true);
}

static int ping(const eae_options *o)
{
    eae_names settings = {0};
    const eae_exec_backend *backend;
    eae_session *session;
    char *answer = NULL;
    int status = open_place(o, &settings, &backend, &session);
    if (status == EAE_OK)
        status = backend->ping(session, &answer);
    if (status == EAE_OK && (puts(answer) < 0 || fflush(stdout) != 0))
        status = eae_fail_errno("standard output: cannot write");
    if (session)
        backend->close(session);
    free(answer);
    eae_names_free(&settings);
    return status;
}

static int work(const eae_options *o)
{
    int64_t number;
    const char *text = eae_operand(o, 1);
    if (!eae_parse_int(text, strlen(text), &number) || number < 1)
        return eae_fail_usage("'%s' is not the number of a chunk", text);
    return eae_worker_run(eae_operand(o, 0), number, identify);
}

static int serve(const eae_options *o)
{
    (void)o;
    return eae_serve(identify, EAE_VERSION);
}

static const eae_subcommand commands[] = {{"run", &run_program, run},
                                          {"status", &status_program, show_status},
                                          {"wait", &wait_program, wait_for},
                                          {"cancel", &cancel_program, cancel},
                                          {"log", &log_program, show_log},
                                          {"resume", &resume_program, resume},
                                          {"ls", &ls_program, list},
                                          {"hosts", &hosts_program, hosts},
                                          {"queues", &queues_program, queues},
                                          {"ping", &ping_program, ping},
                                          {"work", &work_program, work},
                                          {"serve", &serve_program, serve},
                                          {0}};

static const eae_suite suite = {
    .name = "eae-submit",
    .summary = "Runs filters in shards, and batches of commands: here, on other hosts, under a "
               "scheduler.",
    .example =
        "  eae-split --kfold 5 expr.eae | eae-submit run --shards 20 -- eae-rfe svm > rfe.eae",
    .commands = commands};

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        has_dashes = has_dashes || strcmp(argv[i], "--") == 0;
    return eae_suite_main(&suite, argc, argv);
}
