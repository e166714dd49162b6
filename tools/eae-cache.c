/*
 * eae-cache.c - results by what they were made from: run a filter, or give what it gave before.
 *
 *     standard input, words, files, program, run identity -> request -> key -> entry -> output
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/commands.h"
#include "base/diag.h"
#include "base/files.h"
#include "base/number.h"
#include "cache/archive.h"
#include "cache/cache_report.h"
#include "cache/exchange.h"
#include "cache/job.h"
#include "cache/options.h"
#include "cache/recorder.h"
#include "exec/capture.h"
#include "exec/command.h"
#include "exec/partner.h"
#include "exec/spawn.h"
#include "kernels/kernels.h"

enum { TABLE_MAX = 1 << 20 };

/* ---- the cache ----------------------------------------------------------------------------- */

/* Frees it. */
static int write_report(const eae_options *o, eae_report *r)
{
    int status = eae_report_write(r, eae_opt_text(o, "output"));
    eae_report_free(r);
    return status;
}

static bool json(const eae_options *o)
{
    return eae_flag(o, "json");
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

static void copy_operands(const eae_options *o, int first, eae_names *words)
{
    for (int i = first; i < eae_operand_count(o); i++)
        eae_names_add(words, eae_operand(o, i), strlen(eae_operand(o, i)));
}

/* Cache, standard input and words. */
static int open_job(eae_job *j, const eae_options *o)
{
    int status = open_cache(&j->cache, o);
    copy_operands(o, 0, &j->words);
    eae_names_copy(&j->inputs, eae_opt_each(o, "input"));
    eae_names_copy(&j->env, eae_opt_each(o, "env"));
    return status;
}

static int take_input(eae_job *j, const eae_options *o)
{
    return eae_input_take(&j->input, eae_flag(o, "no-stdin"), eae_opt_text(o, "tmpdir"));
}

/* ---- run ----------------------------------------------------------------------------------- */

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
        eae_die_signal(SIGPIPE);
    if (status == EAE_OK && result.signal)
        eae_die_signal(result.signal);
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
        status = eae_spawn_become(&j.words);
        eae_die_status(status);
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

static int write_key(const eae_options *o, const eae_hash *id)
{
    char text[EAE_HASH_TEXT];
    char *line = eae_sprintf("%s\n", eae_hash_text(id, text));
    int status = eae_output_whole(eae_opt_text(o, "output"), line, strlen(line));
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
        status = eae_job_remember(&j);
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

static int do_ls(const eae_options *o, eae_cache *c)
{
    eae_report *r;
    int status = eae_cache_report_entries(&c->own, json(o), &r);
    return status == EAE_OK ? write_report(o, r) : status;
}

static int do_gc(const eae_options *o, eae_cache *c)
{
    eae_evict_rules rules = {.limit_size = eae_given(o, "max-size"),
                             .max_size = eae_opt_size(o, "max-size"),
                             .limit_age = eae_given(o, "max-age"),
                             .dry_run = eae_flag(o, "dry-run")};
    eae_evicted done;
    if (rules.limit_age && !eae_parse_age(eae_opt_text(o, "max-age"), &rules.max_age))
        return eae_fail_usage("--max-age: not a time: '%s' (a number, then s, m, h, d or w)",
                              eae_opt_text(o, "max-age"));
    int status = eae_evict(&c->own, &rules, &done);
    return status == EAE_OK ? write_report(o, eae_cache_report_evicted(&done, json(o))) : status;
}

/* ---- one entry, two entries ------------------------------------------------------------------ */

static int report_size(const eae_options *o, const eae_cache *c)
{
    eae_report *r;
    int status = eae_cache_report_size(&c->own, json(o), &r);
    return status == EAE_OK ? write_report(o, r) : status;
}

/* Totals, or all that is known of one entry: its file is text. */
static int do_show(const eae_options *o, eae_cache *c)
{
    eae_entry e;
    eae_buffer text = {0};
    if (eae_operand_count(o) == 0)
        return report_size(o, c);
    int status = eae_cache_need_entry(c, eae_operand(o, 0), &e);
    if (status != EAE_OK)
        return status;
    eae_entry_encode(&e, &text);
    status = eae_output_whole(eae_opt_text(o, "output"), text.data, text.length);
    eae_buffer_free(&text);
    eae_entry_free(&e);
    return status;
}

static int do_diff(const eae_options *o, eae_cache *c)
{
    eae_report *r;
    int status = eae_cache_report_diff(c, eae_operand(o, 0), eae_operand(o, 1), json(o), &r);
    return status == EAE_OK ? write_report(o, r) : status;
}

static int explain(const eae_options *o)
{
    eae_job j = {.words = {0}};
    eae_report *r;
    eae_hash nearest;
    bool found;
    char text[EAE_HASH_TEXT];
    check_command(o);
    int status = request_of(&j, o);
    if (status == EAE_OK)
        status = eae_cache_report_nearest(&j.cache.own, &j.request, json(o), &r, &found, &nearest);
    if (status == EAE_OK) {
        if (found)
            eae_note("nearest entry: %s", eae_hash_text(&nearest, text));
        else
            eae_note("no entry of this program: all of the request is new");
        status = write_report(o, r);
    }
    eae_job_free(&j);
    return status;
}

/* ---- replay -------------------------------------------------------------------------------- */

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
    eae_checked found;
    int status = eae_store_check(&c->own, &found);
    if (status == EAE_OK)
        status = write_report(o, eae_cache_report_checked(&found, json(o)));
    if (status == EAE_OK && found.damaged + found.incomplete > 0)
        status = eae_fail("%" PRId64 " damaged, %" PRId64 " incomplete: moved to quarantine",
                          found.damaged, found.incomplete);
    return status;
}

/* The operands from `first` on; `here`: beginnings of keys that are here, else whole ones. */
static int keys_of(const eae_options *o, const eae_cache *c, int first, bool here, eae_keys *keys)
{
    eae_names words = {0};
    copy_operands(o, first, &words);
    int status = eae_cache_keys(here ? c : NULL, &words, keys);
    eae_names_free(&words);
    return status;
}

static int do_export(const eae_options *o, eae_cache *c)
{
    eae_keys keys;
    int64_t entries;
    int status = keys_of(o, c, 0, true, &keys);
    if (status == EAE_OK)
        status = eae_archive_export(&c->own, keys.key ? &keys : NULL, eae_opt_text(o, "output"),
                                    &entries);
    if (status == EAE_OK)
        eae_note("%" PRId64 " entries", entries);
    free(keys.key);
    return status;
}

static int do_import(const eae_options *o, eae_cache *c)
{
    int64_t entries;
    int status =
        eae_archive_import(&c->own, eae_operand_count(o) ? eae_operand(o, 0) : "-", &entries);
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
