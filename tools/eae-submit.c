/* eae-submit - run commands here, on other hosts, under a scheduler; eae-submit(1). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/commands.h"
#include "base/diag.h"
#include "base/help.h"
#include "base/number.h"
#include "base/options.h"
#include "exec/backends/serve.h"
#include "exec/submit.h"
#include "exec/submit_options.h"
#include "exec/submit_programs.h"
#include "exec/submit_remove.h"
#include "exec/submit_report.h"
#include "exec/worker.h"
#include "kernels/kernels.h"
#include "matrix/shards.h"

enum { FAILURES_SHOWN = 10, WAIT_MS = 200 };

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

static int write_report(const eae_options *o, eae_report *r)
{
    int status = eae_report_write(r, eae_opt_text(o, "output"));
    eae_report_free(r);
    return status;
}

static bool has_dashes; /* `--` is on the command line: what follows is a command */

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
        char *line = eae_sprintf("%s\n", b->id);
        status = eae_output_whole(eae_opt_text(o, "output"), line, strlen(line));
        free(line);
        return status;
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
        status = write_report(o, eae_submit_report_commands(&b, eae_flag(o, "json")));
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

/* ---- status, ls, rm ----------------------------------------------------------------------------
 */

/* The report is there in any case; it is written where nothing failed. */
static int finish_report(const eae_options *o, int status, eae_report *r)
{
    if (status == EAE_OK)
        return write_report(o, r);
    eae_report_free(r);
    return status;
}

static int report_batch(const eae_options *o)
{
    eae_batch b = {0};
    eae_report *r = NULL;
    char *root;
    int status = open_named(o, eae_operand(o, 0), &root, &b);
    if (status == EAE_OK)
        status = eae_submit_report_jobs(&b, eae_flag(o, "json"), &r);
    status = finish_report(o, status, r);
    eae_batch_free(&b);
    free(root);
    return status;
}

static int report_batches(const eae_options *o, bool open_only)
{
    eae_report *r = NULL;
    char *root = eae_batch_root(eae_opt_text(o, "dir"));
    int status =
        root ? eae_submit_report_batches(root, open_only, eae_flag(o, "json"), &r) : EAE_FAIL;
    status = finish_report(o, status, r);
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

/* What went is reported also where something else stays. */
static int remove_batches(const eae_options *o)
{
    eae_names ids = {0};
    eae_report *r = NULL;
    const char *older = eae_opt_text(o, "older");
    char *root = eae_batch_root(eae_opt_text(o, "dir"));
    eae_removal rules = {.root = root,
                         .ids = &ids,
                         .limit_age = older != NULL,
                         .dry_run = eae_flag(o, "dry-run"),
                         .json = eae_flag(o, "json")};
    for (int i = 0; i < eae_operand_count(o); i++)
        eae_names_add(&ids, eae_operand(o, i), strlen(eae_operand(o, i)));
    int status = root ? EAE_OK : EAE_FAIL;
    if (status == EAE_OK && !older && ids.count == 0)
        status = eae_fail_usage("which batches? BATCH..., or --older AGE");
    else if (status == EAE_OK && older && !eae_parse_age(older, &rules.max_age))
        status =
            eae_fail_usage("--older: not a time: '%s' (a number, then s, m, h, d or w)", older);
    if (status == EAE_OK)
        status = eae_submit_remove(&rules, &r);
    if (r && (status == EAE_OK || eae_report_rows(r) > 0)) {
        int wrote = eae_report_write(r, eae_opt_text(o, "output"));
        status = status == EAE_OK ? wrote : status;
    }
    eae_report_free(r);
    eae_names_free(&ids);
    free(root);
    return status;
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
    if (status == EAE_OK)
        status = write_report(o, (queues ? eae_site_report_queues
                                         : eae_site_report_hosts)(&site, eae_flag(o, "json")));
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

static const eae_subcommand commands[] = {{"run", &eae_submit_run_program, run},
                                          {"status", &eae_submit_status_program, show_status},
                                          {"wait", &eae_submit_wait_program, wait_for},
                                          {"cancel", &eae_submit_cancel_program, cancel},
                                          {"log", &eae_submit_log_program, show_log},
                                          {"resume", &eae_submit_resume_program, resume},
                                          {"ls", &eae_submit_ls_program, list},
                                          {"rm", &eae_submit_rm_program, remove_batches},
                                          {"hosts", &eae_submit_hosts_program, hosts},
                                          {"queues", &eae_submit_queues_program, queues},
                                          {"ping", &eae_submit_ping_program, ping},
                                          {"work", &eae_submit_work_program, work},
                                          {"serve", &eae_submit_serve_program, serve},
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
