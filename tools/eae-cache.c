/*
 * eae-cache.c - results by what they were made from: run a filter, or give what it gave before.
 *
 *     standard input, words, files, program, run identity -> request -> key -> entry -> output
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/commands.h"
#include "base/diag.h"
#include "base/files.h"
#include "cache/cache.h"
#include "cache/catalog.h"
#include "cache/evict.h"
#include "cache/input.h"
#include "cache/memo.h"
#include "cache/options.h"
#include "cache/surroundings.h"
#include "exec/capture.h"
#include "exec/command.h"
#include "kernels/kernels.h"
#include "matrix/report.h"

enum { TABLE_MAX = 1 << 20, WAIT_FIRST_MS = 5, WAIT_LONGEST_MS = 250 };

/* ---- the cache ----------------------------------------------------------------------------- */

static int open_cache(eae_cache *c, const eae_options *o)
{
    return eae_cache_open(c, eae_opt_text(o, "dir"), getenv("EAE_CACHE_PATH"), eae_flag(o, "trust"),
                          eae_opt_threads(o));
}

static int ask_options(void *context, const char *program, eae_buffer *dump)
{
    eae_names words = {0};
    eae_command_result result;
    (void)context;
    eae_names_add(&words, program, strlen(program));
    eae_names_add(&words, "--dump-options", 14);
    eae_command command = {.words = &words, .input = -1, .output_limit = TABLE_MAX};
    int status = eae_command_run(&command, &result);
    char *failure = status == EAE_OK ? eae_command_failure(&result) : NULL;
    if (failure)
        status = eae_fail("%s --dump-options %s", program, failure);
    if (status == EAE_OK)
        eae_buffer_add(dump, result.output.data, result.output.length);
    free(failure);
    eae_command_result_free(&result);
    eae_names_free(&words);
    return status;
}

/* Loading a numerical library takes longer than a hit: it is done once, and remembered as long as
 * nothing that decides about it changes. */
static int ask_identity(void *context, eae_buffer *text)
{
    const eae_store *s = context;
    const eae_kernels *kernels;
    eae_buffer name = {0};
    eae_buffer_puts(&name, "run-identity ");
    int status = eae_surroundings(s, &name);
    if (status == EAE_OK && !eae_memo_get(s, name.data, text)) {
        status = eae_kernels_choose(EAE_BACKEND_AUTO, &kernels);
        if (status == EAE_OK) {
            eae_buffer_puts(text, eae_kernels_identity(kernels));
            eae_memo_put(s, name.data, text->data, text->length);
        }
    }
    eae_buffer_free(&name);
    return status;
}

/* ---- what is asked for --------------------------------------------------------------------- */

typedef struct {
    eae_cache cache;
    eae_names words;
    eae_request request;
    eae_hash key;
    eae_input input;
} job;

static void take_words(job *j, const eae_options *o)
{
    for (int i = 0; i < eae_operand_count(o); i++)
        eae_names_add(&j->words, eae_operand(o, i), strlen(eae_operand(o, i)));
}

static int make_request(job *j, const eae_options *o)
{
    eae_request_help help = {
        .options = ask_options, .identity = ask_identity, .context = &j->cache.own};
    eae_command_line line = {.words = &j->words,
                             .inputs = eae_opt_each(o, "input"),
                             .env = eae_opt_each(o, "env"),
                             .input = j->input.none ? -1 : STDIN_FILENO,
                             .input_hash = j->input.spooled ? &j->input.hash : NULL,
                             .input_size = j->input.size};
    int status = eae_request_make(&j->request, &j->cache.own, &line, &help);
    if (status == EAE_OK && j->request.uncacheable)
        status = eae_fail("%s", j->request.uncacheable);
    if (status == EAE_OK)
        j->key = eae_request_key(&j->request);
    return status;
}

static void close_job(job *j)
{
    eae_cache_close(&j->cache);
    eae_names_free(&j->words);
    eae_request_free(&j->request);
}

/* All of an entry but its results. */
static void describe(const job *j, const eae_options *o, eae_entry *e)
{
    char host[256] = "", *folder = realpath(".", NULL);
    gethostname(host, sizeof host - 1);
    *e = (eae_entry){.key = j->key, .quiet = j->request.quiet, .created = (int64_t)time(NULL)};
    e->host = eae_strdup(host);
    e->folder = eae_strdup(folder ? folder : ".");
    free(folder);
    eae_names_copy(&e->words, &j->words);
    eae_names_copy(&e->inputs, eae_opt_each(o, "input"));
    if (j->words.count > 0)
        eae_names_copy(&e->env, eae_opt_each(o, "env"));
    eae_buffer_add(&e->request, j->request.text.data, j->request.text.length);
}

/* ---- run ----------------------------------------------------------------------------------- */

static _Noreturn void run_plainly(const eae_names *words)
{
    char **argv = EAE_NEW_ARRAY(char *, words->count + 1);
    for (int64_t i = 0; i < words->count; i++)
        argv[i] = (char *)eae_name(words, i);
    signal(SIGXFSZ, SIG_DFL);
    execvp(argv[0], argv);
    eae_die("cannot run %s: %s", argv[0], strerror(errno));
}

static _Noreturn void die_of(int sig)
{
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core); /* the command has left one, if one was wanted */
    eae_files_discard_all();
    signal(sig, SIG_DFL);
    raise(sig);
    exit(128 + sig);
}

/* What is no text would upset a terminal; the programs themselves see a pipe, and do not look. */
static void spare_terminal(const void *bytes, size_t n)
{
    if (isatty(STDOUT_FILENO) && n > 0 && memchr(bytes, 0, n < 512 ? n : 512))
        eae_die("standard output is a terminal: binary output needs a file or a pipe");
}

static int send(const eae_object *object, eae_output *out)
{
    int status = eae_object_send(object, out);
    if (status == EAE_OK)
        return eae_output_close(out);
    eae_output_discard(out);
    return status;
}

static int replay_hit(job *j, eae_hit *hit)
{
    char text[EAE_HASH_TEXT];
    eae_detail("hit: %s in %s", eae_hash_text(&j->key, text), hit->store->root);
    if (!j->input.none)
        lseek(STDIN_FILENO, 0, SEEK_END); /* the command would have read it */
    spare_terminal(hit->output.bytes, hit->output.bytes ? (size_t)hit->output.size : 0);
    int status = EAE_OK;
    if (!j->request.quiet)
        status = send(&hit->errors, eae_output_fd(dup(STDERR_FILENO), "standard error"));
    if (status == EAE_OK)
        status = send(&hit->output, eae_output_fd(STDOUT_FILENO, "standard output"));
    eae_hit_free(hit);
    return status;
}

static bool keep(void *context, int stream, const void *bytes, size_t n)
{
    if (stream == EAE_CAPTURE_OUTPUT)
        spare_terminal(bytes, n);
    return eae_recorder_keep(context, stream, bytes, n);
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t us = (now.tv_sec - start->tv_sec) * 1000000 + (now.tv_nsec - start->tv_nsec) / 1000;
    return (double)us / 1e6;
}

static int compute(job *j, const eae_options *o, eae_flight *flight)
{
    eae_recorder recorder;
    eae_capture_result result;
    struct timespec start;
    eae_recorder_begin(&recorder, &j->cache.own, flight);
    eae_capture capture = {.words = &j->words,
                           .input = STDIN_FILENO,
                           .output = STDOUT_FILENO,
                           .errors = STDERR_FILENO,
                           .spool = recorder.lost ? -1 : recorder.output.fd,
                           .keep = keep,
                           .tick = eae_recorder_tick,
                           .context = &recorder};
    clock_gettime(CLOCK_MONOTONIC, &start);
    int status = eae_capture_run(&capture, &result);
    bool good = !result.error && result.status == 0 && result.signal == 0 && result.kept;
    if (good && eae_request_unchanged(&j->request) != EAE_OK) {
        eae_warn("the result is not kept: %s", eae_message());
    } else if (good) {
        eae_entry e;
        describe(j, o, &e);
        e.seconds = seconds_since(&start);
        eae_recorder_publish(&recorder, &e);
        eae_entry_free(&e);
    }
    eae_recorder_end(&recorder);
    if (result.reader_gone)
        die_of(SIGPIPE);
    if (result.signal)
        die_of(result.signal);
    if (status == EAE_OK && result.status != 0)
        exit(result.status); /* the command has said why */
    return status;
}

/* Ours to compute, or somebody else has done it. */
static int compute_once(job *j, const eae_options *o)
{
    eae_flight flight = {.path = NULL};
    eae_hit hit;
    int ms = WAIT_FIRST_MS;
    while (eae_flight_begin(&j->cache.own, &j->key, &flight) == EAE_MISS) {
        if (ms == WAIT_FIRST_MS)
            eae_detail("another process computes this: waiting for it");
        const struct timespec pause = {0, ms * 1000000L};
        nanosleep(&pause, NULL);
        ms = ms * 2 < WAIT_LONGEST_MS ? ms * 2 : WAIT_LONGEST_MS;
        if (eae_cache_find(&j->cache, &j->key, &j->request, &hit) == EAE_OK)
            return replay_hit(j, &hit);
    }
    if (eae_cache_find(&j->cache, &j->key, &j->request, &hit) == EAE_OK) {
        eae_flight_end(&flight);
        return replay_hit(j, &hit);
    }
    return compute(j, o, &flight);
}

static int run(const eae_options *o)
{
    job j = {.words = {0}};
    eae_hit hit;
    if (eae_given(o, "output"))
        eae_usage("-o is for reports: redirect standard output");
    take_words(&j, o);
    int status = open_cache(&j.cache, o);
    if (status == EAE_OK && (status = eae_input_take(&j.input, eae_flag(o, "no-stdin"),
                                                     eae_opt_text(o, "tmpdir"))) != EAE_OK)
        return status;
    if (status == EAE_OK)
        status = make_request(&j, o);
    if (status == EAE_USAGE)
        return status;
    if (status != EAE_OK) {
        eae_warn("not cached: %s", eae_message());
        run_plainly(&j.words);
    }
    if (eae_cache_find(&j.cache, &j.key, &j.request, &hit) == EAE_OK)
        status = replay_hit(&j, &hit);
    else
        status = compute_once(&j, o);
    close_job(&j);
    return status;
}

/* ---- key, put, get ------------------------------------------------------------------------- */

static int request_of(job *j, const eae_options *o)
{
    int status = open_cache(&j->cache, o);
    if (eae_given(o, "name")) {
        if (status == EAE_OK)
            status = eae_request_named(&j->request, &j->cache.own, eae_opt_text(o, "name"),
                                       eae_opt_each(o, "input"));
        j->key = eae_request_key(&j->request);
        return status;
    }
    take_words(j, o);
    if (status == EAE_OK)
        status = eae_input_take(&j->input, eae_flag(o, "no-stdin"), eae_opt_text(o, "tmpdir"));
    return status == EAE_OK ? make_request(j, o) : status;
}

static void check_command(const eae_options *o)
{
    if (eae_given(o, "name") && eae_operand_count(o) > 0)
        eae_usage("--name stands in place of a command");
    if (!eae_given(o, "name") && eae_operand_count(o) == 0)
        eae_usage("missing operand: -- CMD, or --name TEXT");
}

static int write_line(const eae_options *o, const char *text)
{
    eae_output *out;
    int status = eae_output_open(&out, eae_opt_text(o, "output"), false);
    if (status != EAE_OK)
        return status;
    status = eae_output_write(out, text, strlen(text));
    if (status == EAE_OK)
        status = eae_output_write(out, "\n", 1);
    if (status == EAE_OK)
        return eae_output_close(out);
    eae_output_discard(out);
    return status;
}

/* What has no result yet is remembered, so that `put` knows what it stores. */
static int remember_request(const job *j, const eae_options *o)
{
    eae_entry e;
    describe(j, o, &e);
    int status = eae_entry_write_request(&j->cache.own, &e);
    eae_entry_free(&e);
    return status;
}

static int key(const eae_options *o)
{
    job j = {.words = {0}};
    eae_hit hit;
    char text[EAE_HASH_TEXT];
    check_command(o);
    int status = request_of(&j, o);
    bool found = status == EAE_OK && eae_cache_find(&j.cache, &j.key, &j.request, &hit) == EAE_OK;
    if (found)
        eae_hit_free(&hit);
    else if (status == EAE_OK)
        status = remember_request(&j, o);
    if (status == EAE_OK)
        status = write_line(o, eae_hash_text(&j.key, text));
    close_job(&j);
    return status == EAE_OK && !found ? EAE_MISS : status;
}

static int get(const eae_options *o)
{
    eae_cache cache;
    eae_hash id;
    eae_hit hit;
    eae_output *out;
    int status = open_cache(&cache, o);
    if (status != EAE_OK)
        return status;
    status = eae_cache_key(&cache, eae_operand(o, 0), &id);
    if (status == EAE_OK)
        status = eae_cache_find(&cache, &id, NULL, &hit);
    if (status == EAE_MISS)
        eae_note("no entry %s", eae_operand(o, 0));
    if (status == EAE_OK) {
        spare_terminal(hit.output.bytes, hit.output.bytes ? (size_t)hit.output.size : 0);
        status = eae_output_open(&out, eae_opt_text(o, "output"), false);
        if (status == EAE_OK)
            status = send(&hit.output, out);
        eae_hit_free(&hit);
    }
    eae_cache_close(&cache);
    return status;
}

/* The request that `key` remembered, or that of an entry that is to be replaced. */
static int requested(const eae_cache *c, const char *text, eae_entry *e)
{
    eae_hash id;
    if (!eae_hash_parse(text, &id))
        return eae_fail_usage("'%s' is not a key of 32 hexadecimal digits", text);
    if (eae_entry_read_request(&c->own, &id, e) == EAE_OK ||
        eae_entry_read(&c->own, &id, e) == EAE_OK)
        return EAE_OK;
    return eae_fail("%s: not a key that 'eae-cache key' gave here", text);
}

static int take_file(const char *path, eae_store_file *file)
{
    if (strcmp(path, "-") == 0)
        return eae_store_take(file, STDIN_FILENO, "standard input");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return eae_fail_errno("%s: cannot open", path);
    int status = eae_store_take(file, fd, path);
    close(fd);
    return status;
}

static int put_result(const eae_store *s, eae_entry *e, const char *path)
{
    eae_store_file file;
    int status = eae_store_begin(s, &file);
    if (status == EAE_OK)
        status = take_file(path, &file);
    e->output_size = file.size;
    e->errors_size = 0;
    e->output = e->errors = eae_content_hash_bytes("", 0);
    e->seconds = 0;
    if (status == EAE_OK && file.size)
        status = eae_store_finish(s, &file, "objects", NULL, &e->output);
    else
        eae_store_discard(&file);
    return status == EAE_OK ? eae_entry_write(s, e) : status;
}

static int put(const eae_options *o)
{
    eae_cache cache;
    eae_entry e;
    int status = open_cache(&cache, o);
    if (status == EAE_OK)
        status = requested(&cache, eae_operand(o, 0), &e);
    if (status == EAE_OK) {
        status = put_result(&cache.own, &e, eae_operand_count(o) > 1 ? eae_operand(o, 1) : "-");
        eae_entry_free(&e);
    }
    eae_cache_close(&cache);
    return status;
}

/* ---- ls, gc -------------------------------------------------------------------------------- */

static int ls(const eae_options *o)
{
    static const char *const columns[] = {"key",   "created", "used",   "seconds",
                                          "bytes", "pinned",  "command"};
    eae_cache cache;
    eae_catalog all;
    char text[EAE_HASH_TEXT];
    int status = open_cache(&cache, o);
    if (status != EAE_OK)
        return status;
    status = eae_catalog_read(&all, &cache.own);
    if (status == EAE_OK) {
        eae_report *r = eae_report_new(columns, 7, eae_flag(o, "json"));
        for (int64_t i = 0; i < all.entries; i++) {
            const eae_catalog_entry *e = &all.entry[i];
            char *title = eae_entry_title(&e->entry);
            eae_report_text(r, eae_hash_text(&e->entry.key, text));
            eae_report_int(r, e->entry.created);
            eae_report_int(r, e->used);
            eae_report_real(r, e->entry.seconds);
            eae_report_int(r, (int64_t)(e->entry.output_size + e->entry.errors_size));
            eae_report_int(r, e->pinned);
            eae_report_text(r, title);
            free(title);
        }
        status = eae_report_write(r, eae_opt_text(o, "output"));
        eae_report_free(r);
        eae_catalog_free(&all);
    }
    eae_cache_close(&cache);
    return status;
}

static int gc(const eae_options *o)
{
    static const char *const columns[] = {"entries", "objects", "leftovers", "in_use",
                                          "pinned",  "before",  "after"};
    eae_evict_rules rules = {.limit_size = eae_given(o, "max-size"),
                             .max_size = eae_opt_size(o, "max-size"),
                             .limit_age = eae_given(o, "max-age"),
                             .dry_run = eae_flag(o, "dry-run")};
    eae_cache cache;
    eae_evicted done;
    if (rules.limit_age && !eae_evict_age(eae_opt_text(o, "max-age"), &rules.max_age))
        eae_usage("--max-age: not a time: '%s' (a number, then s, m, h, d or w)",
                  eae_opt_text(o, "max-age"));
    int status = open_cache(&cache, o);
    if (status != EAE_OK)
        return status;
    status = eae_evict(&cache.own, &rules, &done);
    if (status == EAE_OK) {
        eae_report *r = eae_report_new(columns, 7, eae_flag(o, "json"));
        eae_report_int(r, done.entries);
        eae_report_int(r, done.objects);
        eae_report_int(r, done.leftovers);
        eae_report_int(r, done.in_use);
        eae_report_int(r, done.pinned);
        eae_report_int(r, (int64_t)done.before);
        eae_report_int(r, (int64_t)done.after);
        status = eae_report_write(r, eae_opt_text(o, "output"));
        eae_report_free(r);
    }
    eae_cache_close(&cache);
    return status;
}

/* ---- tables -------------------------------------------------------------------------------- */

#define REQUEST_GROUP \
    { \
        "Key", eae_cache_request_options \
    }

static const eae_program run_program = {
    .name = "eae-cache run",
    .summary = "run CMD, or give what it gave before",
    .example = "  eae-split --kfold 5 expr.eae | eae-cache run -- eae-train svm > svm.eae",
    .operands = "-- CMD [ARG...]",
    .min_operands = 1,
    .max_operands = -1,
    .prefix = true,
    .groups = {REQUEST_GROUP, EAE_CACHE_GROUPS}};

static const eae_program key_program = {
    .name = "eae-cache key",
    .summary = "print the key of CMD; exit 3 if there is no result",
    .example = "  eae-cache key -- eae-train svm plan.eae",
    .operands = "-- CMD [ARG...]",
    .max_operands = -1,
    .prefix = true,
    .groups = {REQUEST_GROUP, {"Names", eae_cache_name_options}, EAE_CACHE_GROUPS}};

static const eae_program get_program = {.name = "eae-cache get",
                                        .summary =
                                            "write the result of a key; exit 3 if there is none",
                                        .example = "  eae-cache get 7f3a > svm.eae",
                                        .operands = "KEY",
                                        .min_operands = 1,
                                        .max_operands = 1,
                                        .groups = {EAE_CACHE_GROUPS}};

static const eae_program put_program = {
    .name = "eae-cache put",
    .summary = "store FILE, or standard input, as the result of a key",
    .example = "  key=$(eae-cache key --name panel-7 --input genes.txt)\n"
               "  make-panel genes.txt | eae-cache put $key",
    .operands = "KEY [FILE]",
    .min_operands = 1,
    .max_operands = 2,
    .groups = {EAE_CACHE_GROUPS}};

static const eae_program ls_program = {.name = "eae-cache ls",
                                       .summary = "list the entries",
                                       .example = "  eae-cache ls | sort -t '\t' -k 5n",
                                       .operands = "",
                                       .groups = {EAE_CACHE_GROUPS}};

static const eae_program gc_program = {
    .name = "eae-cache gc",
    .summary = "make room",
    .example = "  eae-cache gc --max-size 20G --max-age 90d",
    .operands = "",
    .groups = {{"What goes", eae_cache_gc_options}, EAE_CACHE_GROUPS}};

static const eae_subcommand commands[] = {{"run", &run_program, run},
                                          {"key", &key_program, key},
                                          {"get", &get_program, get},
                                          {"put", &put_program, put},
                                          {"ls", &ls_program, ls},
                                          {"gc", &gc_program, gc},
                                          {0}};

static const eae_suite suite = {
    .name = "eae-cache",
    .summary = "Keep results, and give them again instead of computing them.",
    .example = "  eae-split --kfold 5 expr.eae | eae-cache run -- eae-rfe svm --step 1% > rfe.eae\n"
               "  eae-cache ls\n"
               "  eae-cache gc --max-size 20G",
    .commands = commands};

int main(int argc, char **argv)
{
    return eae_suite_main(&suite, argc, argv);
}
