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
#include <unistd.h>

#include "base/commands.h"
#include "base/diag.h"
#include "base/files.h"
#include "base/number.h"
#include "cache/archive.h"
#include "cache/check.h"
#include "cache/compare.h"
#include "cache/evict.h"
#include "cache/exchange.h"
#include "cache/job.h"
#include "cache/options.h"
#include "cache/recorder.h"
#include "exec/capture.h"
#include "exec/command.h"
#include "exec/partner.h"
#include "kernels/kernels.h"
#include "matrix/report.h"

enum { TABLE_MAX = 1 << 20 };

/* ---- the cache ----------------------------------------------------------------------------- */

static int write_text(const eae_options *o, const char *bytes, size_t n)
{
    eae_output *out;
    int status = eae_output_open(&out, eae_opt_text(o, "output"), false);
    if (status != EAE_OK)
        return status;
    status = eae_output_write(out, bytes, n);
    if (status == EAE_OK)
        return eae_output_close(out);
    eae_output_discard(out);
    return status;
}

/* One row of numbers. */
static int write_numbers(const eae_options *o, const char *const *columns, const int64_t *cells,
                         int n)
{
    eae_report *r = eae_report_new(columns, n, eae_flag(o, "json"));
    for (int i = 0; i < n; i++)
        eae_report_int(r, cells[i]);
    int status = eae_report_write(r, eae_opt_text(o, "output"));
    eae_report_free(r);
    return status;
}

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

static int ask_identity(void *context, eae_buffer *text)
{
    const eae_kernels *kernels;
    (void)context;
    int status = eae_kernels_choose(EAE_BACKEND_AUTO, &kernels);
    if (status == EAE_OK)
        eae_buffer_puts(text, eae_kernels_identity(kernels));
    return status;
}

static const eae_request_help help = {.options = ask_options, .identity = ask_identity};

/* ---- what is asked for --------------------------------------------------------------------- */

static void copy_operands(const eae_options *o, eae_names *words)
{
    for (int i = 0; i < eae_operand_count(o); i++)
        eae_names_add(words, eae_operand(o, i), strlen(eae_operand(o, i)));
}

/* Cache, standard input and words. */
static int open_job(eae_job *j, const eae_options *o)
{
    int status = open_cache(&j->cache, o);
    copy_operands(o, &j->words);
    eae_names_copy(&j->inputs, eae_opt_each(o, "input"));
    eae_names_copy(&j->env, eae_opt_each(o, "env"));
    return status;
}

static int take_input(eae_job *j, const eae_options *o)
{
    return eae_input_take(&j->input, eae_flag(o, "no-stdin"), eae_opt_text(o, "tmpdir"));
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

static int replay_hit(eae_job *j, eae_hit *hit)
{
    char text[EAE_HASH_TEXT];
    eae_detail("hit: %s in %s", eae_hash_text(&j->key, text), hit->store->root);
    if (!j->input.none)
        lseek(STDIN_FILENO, 0, SEEK_END); /* the command would have read it */
    spare_terminal(hit->output.bytes, hit->output.bytes ? (size_t)hit->output.size : 0);
    if (!j->request.quiet) /* where nobody can read it, a command goes on as well */
        (void)send(&hit->errors, eae_output_fd(dup(STDERR_FILENO), "standard error"));
    int status = send(&hit->output, eae_output_fd(STDOUT_FILENO, "standard output"));
    eae_hit_free(hit);
    return status;
}

static bool keep(void *recorder, int stream, const void *bytes, size_t n)
{
    if (stream == EAE_CAPTURE_OUTPUT)
        spare_terminal(bytes, n);
    return eae_recorder_keep(recorder, stream, bytes, n);
}

/* Before the reader has all of it: others may wait for the result, and the reader for them. */
static void ended(void *recorder, const eae_capture_result *result)
{
    bool good = result->status == 0 && result->signal == 0 && result->kept;
    eae_recorder_end(recorder, good);
}

static int compute(eae_job *j, eae_flight *flight)
{
    eae_recorder recorder;
    eae_capture_result result;
    eae_recorder_begin(&recorder, j, flight);
    eae_capture capture = {.words = &j->words,
                           .input = STDIN_FILENO,
                           .output = STDOUT_FILENO,
                           .errors = STDERR_FILENO,
                           .spool = recorder.lost ? -1 : recorder.output.fd,
                           .keep = keep,
                           .tick = eae_recorder_tick,
                           .ended = ended,
                           .context = &recorder};
    int status = eae_capture_run(&capture, &result);
    eae_recorder_end(&recorder, false); /* where it was not started */
    if (result.reader_gone)
        die_of(SIGPIPE);
    if (status == EAE_OK && result.signal)
        die_of(result.signal);
    if (status == EAE_OK && result.status != 0)
        exit(result.status); /* the command has said why */
    return status;
}

static int run(const eae_options *o)
{
    eae_job j = {.words = {0}};
    eae_hit hit;
    eae_flight flight;
    if (eae_given(o, "output"))
        eae_usage("-o is for reports: redirect standard output");
    int status = open_job(&j, o);
    if (status == EAE_OK) {
        status = take_input(&j, o);
        if (status != EAE_OK) /* some of it is gone: the command cannot have it any more */
            eae_die_status(status);
        status = eae_job_request(&j, &help);
    }
    if (status == EAE_USAGE)
        eae_die_status(status);
    if (status != EAE_OK) {
        eae_warn("not cached: %s", eae_message());
        run_plainly(&j.words);
    }
    status = eae_cache_claim(&j.cache, &j.key, &j.request, &hit, &flight) == EAE_OK
                 ? replay_hit(&j, &hit)
                 : compute(&j, &flight);
    eae_job_free(&j);
    return status;
}

/* ---- key, put, get ------------------------------------------------------------------------- */

static int request_of(eae_job *j, const eae_options *o)
{
    int status = open_job(j, o);
    if (status == EAE_OK && eae_given(o, "name"))
        return eae_job_name(j, eae_opt_text(o, "name"));
    if (status == EAE_OK)
        status = take_input(j, o);
    return status == EAE_OK ? eae_job_request(j, &help) : status;
}

static void check_command(const eae_options *o)
{
    if (eae_given(o, "name") && eae_operand_count(o) > 0)
        eae_usage("--name stands in place of a command");
    if (!eae_given(o, "name") && eae_operand_count(o) == 0)
        eae_usage("missing operand: -- CMD, or --name TEXT");
}

/* What has no result yet is remembered, so that `put` knows what it stores. */
static int remember_request(const eae_job *j)
{
    eae_entry e;
    eae_job_describe(j, &e);
    int status = eae_entry_write_request(&j->cache.own, &e);
    eae_entry_free(&e);
    return status;
}

static int write_key(const eae_options *o, const eae_hash *id)
{
    char text[EAE_HASH_TEXT];
    char *line = eae_sprintf("%s\n", eae_hash_text(id, text));
    int status = write_text(o, line, strlen(line));
    free(line);
    return status;
}

static int key(const eae_options *o)
{
    eae_job j = {.words = {0}};
    eae_hit hit;
    check_command(o);
    int status = request_of(&j, o);
    bool found = status == EAE_OK && eae_cache_find(&j.cache, &j.key, &j.request, &hit) == EAE_OK;
    if (found)
        eae_hit_free(&hit);
    else if (status == EAE_OK)
        status = remember_request(&j);
    if (status == EAE_OK)
        status = write_key(o, &j.key);
    eae_job_free(&j);
    return status == EAE_OK && !found ? EAE_MISS : status;
}

static int do_get(const eae_options *o, eae_cache *c)
{
    eae_hash id;
    eae_hit hit;
    eae_output *out;
    int status = eae_cache_key(c, eae_operand(o, 0), &id);
    if (status == EAE_OK)
        status = eae_cache_find(c, &id, NULL, &hit);
    if (status == EAE_MISS)
        eae_note("no entry %s", eae_operand(o, 0));
    if (status != EAE_OK)
        return status;
    if (!eae_given(o, "output"))
        spare_terminal(hit.output.bytes, hit.output.bytes ? (size_t)hit.output.size : 0);
    status = eae_output_open(&out, eae_opt_text(o, "output"), false);
    if (status == EAE_OK)
        status = send(&hit.output, out);
    eae_hit_free(&hit);
    return status;
}

static int do_put(const eae_options *o, eae_cache *c)
{
    eae_hash id;
    if (!eae_hash_parse(eae_operand(o, 0), &id))
        return eae_fail_usage("'%s' is not a key of 32 hexadecimal digits", eae_operand(o, 0));
    return eae_cache_put(c, &id, eae_operand_count(o) > 1 ? eae_operand(o, 1) : "-");
}

/* ---- ls, gc -------------------------------------------------------------------------------- */

static void list_entry(eae_report *r, const eae_catalog_entry *e)
{
    char text[EAE_HASH_TEXT], *title = eae_entry_title(&e->entry);
    eae_report_text(r, eae_hash_text(&e->entry.key, text));
    eae_report_int(r, e->entry.created);
    eae_report_int(r, e->used);
    eae_report_real(r, e->entry.seconds);
    eae_report_int(r, (int64_t)(e->entry.output_size + e->entry.errors_size));
    eae_report_int(r, e->pinned);
    eae_report_text(r, title);
    free(title);
}

static int do_ls(const eae_options *o, eae_cache *c)
{
    static const char *const columns[] = {"key",   "created", "used",   "seconds",
                                          "bytes", "pinned",  "command"};
    eae_catalog all;
    int status = eae_catalog_read(&all, &c->own);
    if (status != EAE_OK)
        return status;
    eae_report *r = eae_report_new(columns, 7, eae_flag(o, "json"));
    for (int64_t i = 0; i < all.entries; i++)
        list_entry(r, &all.entry[i]);
    status = eae_report_write(r, eae_opt_text(o, "output"));
    eae_report_free(r);
    eae_catalog_free(&all);
    return status;
}

static int do_gc(const eae_options *o, eae_cache *c)
{
    static const char *const columns[] = {"entries", "objects", "leftovers", "in_use",
                                          "pinned",  "before",  "after",     "quarantined"};
    eae_evict_rules rules = {.limit_size = eae_given(o, "max-size"),
                             .max_size = eae_opt_size(o, "max-size"),
                             .limit_age = eae_given(o, "max-age"),
                             .dry_run = eae_flag(o, "dry-run")};
    eae_evicted done;
    if (rules.limit_age && !eae_parse_age(eae_opt_text(o, "max-age"), &rules.max_age))
        return eae_fail_usage("--max-age: not a time: '%s' (a number, then s, m, h, d or w)",
                              eae_opt_text(o, "max-age"));
    int status = eae_evict(&c->own, &rules, &done);
    const int64_t cells[] = {done.entries,        done.objects,    done.leftovers,
                             done.in_use,         done.pinned,     (int64_t)done.before,
                             (int64_t)done.after, done.quarantined};
    return status == EAE_OK ? write_numbers(o, columns, cells, 8) : status;
}

/* ---- one entry, two entries ------------------------------------------------------------------ */

/* Totals, or all that is known of one entry: its file is text. */
static int report_stat(const eae_options *o, const eae_cache *c)
{
    static const char *const columns[] = {"cache", "entries", "objects", "bytes", "pinned"};
    eae_catalog all;
    int64_t pinned = 0;
    int status = eae_catalog_read(&all, &c->own);
    if (status != EAE_OK)
        return status;
    for (int64_t i = 0; i < all.entries; i++)
        pinned += all.entry[i].pinned;
    eae_report *r = eae_report_new(columns, 5, eae_flag(o, "json"));
    eae_report_text(r, c->own.root);
    eae_report_int(r, all.entries);
    eae_report_int(r, all.objects);
    eae_report_int(r, (int64_t)eae_catalog_size(&all));
    eae_report_int(r, pinned);
    status = eae_report_write(r, eae_opt_text(o, "output"));
    eae_report_free(r);
    eae_catalog_free(&all);
    return status;
}

static int do_show(const eae_options *o, eae_cache *c)
{
    eae_entry e;
    eae_buffer text = {0};
    if (eae_operand_count(o) == 0)
        return report_stat(o, c);
    int status = eae_cache_need_entry(c, eae_operand(o, 0), &e);
    if (status != EAE_OK)
        return status;
    eae_entry_encode(&e, &text);
    status = write_text(o, text.data, text.length);
    eae_buffer_free(&text);
    eae_entry_free(&e);
    return status;
}

static int report_differences(const eae_options *o, const eae_buffer *a, const eae_buffer *b,
                              const char *first, const char *second)
{
    const char *const columns[] = {"part", first, second};
    eae_differences d;
    eae_requests_compare(a, b, &d);
    eae_report *r = eae_report_new(columns, 3, eae_flag(o, "json"));
    for (int64_t i = 0; i < d.count; i++) {
        eae_report_text(r, d.list[i].part);
        eae_report_text(r, d.list[i].first);
        eae_report_text(r, d.list[i].second);
    }
    int status = eae_report_write(r, eae_opt_text(o, "output"));
    eae_report_free(r);
    eae_differences_free(&d);
    return status;
}

static int do_diff(const eae_options *o, eae_cache *c)
{
    eae_entry a, b;
    int status = eae_cache_need_entry(c, eae_operand(o, 0), &a);
    if (status != EAE_OK)
        return status;
    status = eae_cache_need_entry(c, eae_operand(o, 1), &b);
    if (status == EAE_OK) {
        status = report_differences(o, &a.request, &b.request, "first", "second");
        eae_entry_free(&b);
    }
    eae_entry_free(&a);
    return status;
}

static int explain(const eae_options *o)
{
    eae_job j = {.words = {0}};
    eae_catalog all = {.entries = 0};
    char text[EAE_HASH_TEXT];
    check_command(o);
    int status = request_of(&j, o);
    if (status == EAE_OK)
        status = eae_catalog_read(&all, &j.cache.own);
    if (status == EAE_OK) {
        const eae_catalog_entry *nearest = eae_catalog_nearest(&all, &j.request.text);
        if (nearest)
            eae_note("nearest entry: %s", eae_hash_text(&nearest->entry.key, text));
        else
            eae_note("no entry of this program: all of the request is new");
        const eae_buffer none = {0};
        status = report_differences(o, &j.request.text, nearest ? &nearest->entry.request : &none,
                                    "now", "nearest");
    }
    eae_catalog_free(&all);
    eae_job_free(&j);
    return status;
}

/* ---- replay -------------------------------------------------------------------------------- */

static void no_tick(void *context)
{
    (void)context;
}

static void no_end(void *context, const eae_capture_result *result)
{
    (void)context;
    (void)result;
}

static int compare_again(const eae_job *j, const eae_hit *hit)
{
    eae_comparison comparison;
    eae_capture_result result;
    eae_comparison_begin(&comparison, hit);
    eae_capture capture = {.words = &j->words,
                           .input = STDIN_FILENO,
                           .output = -1,
                           .errors = -1,
                           .spool = -1,
                           .keep = eae_comparison_see,
                           .tick = no_tick,
                           .ended = no_end,
                           .context = &comparison};
    int status = eae_capture_run(&capture, &result);
    if (status != EAE_OK)
        return status;
    if (result.signal)
        return eae_fail("it was killed by signal %d this time", result.signal);
    if (result.status != hit->entry.status)
        return eae_fail("it ended with status %d this time", result.status);
    return eae_comparison_end(&comparison);
}

static int replay(const eae_options *o)
{
    eae_job j = {.words = {0}};
    eae_hit hit;
    int status = open_cache(&j.cache, o);
    if (status == EAE_OK)
        status = eae_cache_need_key(&j.cache, eae_operand(o, 0), &j.key);
    if (status == EAE_OK && eae_cache_find(&j.cache, &j.key, NULL, &hit) != EAE_OK)
        status = eae_fail("no entry %s", eae_operand(o, 0));
    if (status == EAE_OK) {
        status = eae_job_again(&j, &hit.entry, eae_opt_text(o, "tmpdir"), &help);
        if (status == EAE_OK)
            status = compare_again(&j, &hit);
        eae_hit_free(&hit);
    }
    if (status == EAE_OK)
        eae_note("the same bytes again");
    eae_job_free(&j);
    return status;
}

/* ---- the whole cache ----------------------------------------------------------------------- */

static int set_pins(const eae_options *o, const eae_cache *c, bool pinned)
{
    int status = EAE_OK;
    for (int i = 0; i < eae_operand_count(o) && status == EAE_OK; i++) {
        eae_hash id;
        status = eae_cache_need_key(c, eae_operand(o, i), &id);
        if (status == EAE_OK)
            status = eae_pin(&c->own, &id, pinned);
    }
    return status;
}

static int do_pin(const eae_options *o, eae_cache *c)
{
    return set_pins(o, c, true);
}

static int do_unpin(const eae_options *o, eae_cache *c)
{
    return set_pins(o, c, false);
}

static int do_fsck(const eae_options *o, eae_cache *c)
{
    static const char *const columns[] = {"entries", "objects",   "damaged", "incomplete",
                                          "unnamed", "leftovers", "bytes",   "quarantined"};
    eae_checked found;
    int status = eae_store_check(&c->own, &found);
    if (status != EAE_OK)
        return status;
    const int64_t cells[] = {found.entries,        found.objects,    found.damaged,
                             found.incomplete,     found.unnamed,    found.leftovers,
                             (int64_t)found.bytes, found.quarantined};
    status = write_numbers(o, columns, cells, 8);
    if (status == EAE_OK && found.damaged + found.incomplete > 0)
        status = eae_fail("%" PRId64 " damaged, %" PRId64 " incomplete: moved to quarantine",
                          found.damaged, found.incomplete);
    return status;
}

/* The operands from `first` on; `here`: beginnings of keys that are here, else whole ones. */
static int keys_of(const eae_options *o, const eae_cache *c, int first, bool here, eae_keys *keys)
{
    eae_names words = {0};
    for (int i = first; i < eae_operand_count(o); i++)
        eae_names_add(&words, eae_operand(o, i), strlen(eae_operand(o, i)));
    int status = eae_cache_keys(here ? c : NULL, &words, keys);
    eae_names_free(&words);
    return status;
}

static int do_export(const eae_options *o, eae_cache *c)
{
    const char *path = eae_opt_text(o, "output");
    eae_keys keys;
    eae_output *out;
    int64_t entries;
    int status = keys_of(o, c, 0, true, &keys);
    if (status == EAE_OK)
        status = eae_output_open(&out, path, true);
    if (status == EAE_OK) {
        status =
            eae_archive_write(&c->own, keys.key ? &keys : NULL, out, path ? path : "", &entries);
        if (status == EAE_OK)
            status = eae_output_close(out);
        else
            eae_output_discard(out);
    }
    if (status == EAE_OK)
        eae_note("%" PRId64 " entries", entries);
    free(keys.key);
    return status;
}

static int do_import(const eae_options *o, eae_cache *c)
{
    int64_t entries;
    int status =
        eae_archive_read(&c->own, eae_operand_count(o) ? eae_operand(o, 0) : "-", &entries);
    if (status == EAE_OK)
        eae_note("%" PRId64 " entries", entries);
    return status;
}

typedef int (*direction)(eae_exchange *x, const eae_keys *keys, eae_exchanged *done);

static int talk(const char *host, const eae_store *s, const eae_keys *keys, direction how)
{
    eae_names words = {0};
    eae_partner partner;
    eae_exchanged done = {0};
    eae_partner_ssh(&words, host, "eae-cache serve");
    int status = eae_partner_start(&partner, &words);
    if (status == EAE_OK) {
        eae_exchange x = {.store = s, .to = partner.to, .from = partner.from, .name = host};
        status = how(&x, keys->key ? keys : NULL, &done);
        status = eae_partner_end(&partner, host, status);
    }
    if (status == EAE_OK)
        eae_note("%" PRId64 " entries, %" PRId64 " objects, %" PRIu64 " bytes", done.entries,
                 done.objects, done.bytes);
    eae_names_free(&words);
    return status;
}

/* The keys are those of the side that has the entries: whole ones where that is the other. */
static int move_entries(const eae_options *o, const eae_cache *c, direction how)
{
    eae_keys keys = {NULL, 0};
    int status = eae_partner_check_host(eae_operand(o, 0));
    if (status == EAE_OK)
        status = keys_of(o, c, 1, how == eae_exchange_push, &keys);
    if (status == EAE_OK)
        status = talk(eae_operand(o, 0), &c->own, &keys, how);
    free(keys.key);
    return status;
}

static int do_push(const eae_options *o, eae_cache *c)
{
    return move_entries(o, c, eae_exchange_push);
}

static int do_pull(const eae_options *o, eae_cache *c)
{
    return move_entries(o, c, eae_exchange_pull);
}

static int do_serve(const eae_options *o, eae_cache *c)
{
    eae_exchange x = {
        .store = &c->own, .to = STDOUT_FILENO, .from = STDIN_FILENO, .name = "the other side"};
    (void)o;
    return eae_exchange_serve(&x);
}

/* ---- tables -------------------------------------------------------------------------------- */

/* With the cache open. */
static int with_cache(const eae_options *o, int (*command)(const eae_options *, eae_cache *))
{
    eae_cache c;
    int status = open_cache(&c, o);
    if (status != EAE_OK)
        return status;
    status = command(o, &c);
    eae_cache_close(&c);
    return status;
}

#define COMMAND(name) \
    static int name(const eae_options *o) \
    { \
        return with_cache(o, do_##name); \
    }

COMMAND(get)
COMMAND(put)
COMMAND(ls)
COMMAND(show)
COMMAND(diff)
COMMAND(gc)
COMMAND(pin)
COMMAND(unpin)
COMMAND(fsck)
COMMAND(export)
COMMAND(import)
COMMAND(push)
COMMAND(pull)
COMMAND(serve)

static const eae_subcommand commands[] = {{"run", &eae_cache_run_program, run},
                                          {"key", &eae_cache_key_program, key},
                                          {"get", &eae_cache_get_program, get},
                                          {"put", &eae_cache_put_program, put},
                                          {"ls", &eae_cache_ls_program, ls},
                                          {"stat", &eae_cache_stat_program, show},
                                          {"explain", &eae_cache_explain_program, explain},
                                          {"diff", &eae_cache_diff_program, diff},
                                          {"replay", &eae_cache_replay_program, replay},
                                          {"gc", &eae_cache_gc_program, gc},
                                          {"pin", &eae_cache_pin_program, pin},
                                          {"unpin", &eae_cache_unpin_program, unpin},
                                          {"fsck", &eae_cache_fsck_program, fsck},
                                          {"export", &eae_cache_export_program, export},
                                          {"import", &eae_cache_import_program, import},
                                          {"push", &eae_cache_push_program, push},
                                          {"pull", &eae_cache_pull_program, pull},
                                          {"serve", &eae_cache_serve_program, serve},
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
