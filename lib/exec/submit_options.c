/* submit_options.c - see submit_options.h. */
#include "exec/submit_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/number.h"
#include "exec/backend.h"
#include "exec/joblist.h"
#include "exec/machine.h"
#include "exec/window.h"

const eae_option eae_submit_job_options[] = {
    {.name = "shards",
     .type = EAE_OPT_INT,
     .arg = "N",
     .range = "1:1000000",
     .conflicts = "array,grid,shell",
     .help = "prefix form: parts that the filter's work is cut into (local: the slots)"},
    {.name = "array",
     .type = EAE_OPT_TEXT,
     .arg = "RANGES",
     .conflicts = "grid,shell",
     .help = "a job for each number of 1-31, or 1,3,5-9:2; {} in the command becomes the number"},
    {.name = "grid",
     .type = EAE_OPT_TEXT,
     .arg = "NAMES",
     .conflicts = "shell",
     .help = "a job for each combination of k=1:5,c=a,b; {k} in the command becomes the value"},
    {.name = "shell", .type = EAE_OPT_FLAG, .help = "lines of the file are run by sh -c"},
    {.name = "input",
     .type = EAE_OPT_FILE,
     .many = true,
     .arg = "FILE",
     .help = "a file that jobs need: its contents count, and hosts that lack it get it"},
    {0}};

const eae_option eae_submit_place_options[] = {
    {.name = "on",
     .type = EAE_OPT_TEXT,
     .arg = "PLACE",
     .fallback = "local",
     .help = "where jobs run: local, ssh, openlava, lsf, slurm, script:FILE"},
    {.name = "hosts", .type = EAE_OPT_NAMES, .arg = "LIST", .help = "ssh: the hosts"},
    {.name = "remote-path",
     .type = EAE_OPT_TEXT,
     .arg = "PATH",
     .help = "ssh: eae-submit on the hosts (default: the one on PATH there)"},
    {.name = "connect-timeout",
     .type = EAE_OPT_REAL,
     .arg = "SECONDS",
     .range = "(0:",
     .help = "ssh: time for a host to answer (default: 10)"},
    {.name = "host-timeout",
     .type = EAE_OPT_REAL,
     .arg = "SECONDS",
     .range = "(0:",
     .help = "ssh: a host that is silent for longer has lost its jobs (default: 60)"},
    {.name = "mixed",
     .type = EAE_OPT_FLAG,
     .help = "ssh: shards on hosts whose programs may give other bytes"},
    {.name = "slots",
     .type = EAE_OPT_INT,
     .arg = "N",
     .range = "1:4096",
     .help = "jobs at a time on a machine (default: its cores)"},
    {.name = "gpu", .type = EAE_OPT_INT, .arg = "N", .range = "1:64", .help = "GPUs of a job"},
    {.name = "mem",
     .type = EAE_OPT_TEXT,
     .arg = "SIZE",
     .help = "memory of a job, as the scheduler wants it written"},
    {.name = "time",
     .type = EAE_OPT_TEXT,
     .arg = "TIME",
     .help = "time limit of a scheduler's job, as the scheduler wants it written"},
    {.name = "queue", .type = EAE_OPT_TEXT, .arg = "NAME", .help = "queue or partition"},
    {.name = "priority", .type = EAE_OPT_TEXT, .arg = "N", .help = "priority, in its own numbers"},
    {0}};

const eae_option eae_submit_pace_options[] = {
    {.name = "max-running",
     .type = EAE_OPT_INT,
     .arg = "N",
     .range = "1:",
     .help = "jobs handed over at a time (default: as many as the place takes)"},
    {.name = "chunk",
     .type = EAE_OPT_TEXT,
     .arg = "N|auto",
     .fallback = "auto",
     .help = "jobs packed into one of the scheduler's; auto: they last a minute or more"},
    {.name = "window",
     .type = EAE_OPT_TEXT,
     .arg = "HH:MM-HH:MM",
     .help = "start jobs only at these hours of the day"},
    {.name = "after", .type = EAE_OPT_TEXT, .arg = "BATCH", .help = "start when BATCH is done"},
    {.name = "retries",
     .type = EAE_OPT_INT,
     .arg = "N",
     .range = "0:100",
     .help = "times that a failed job runs again (default: 0; shards: 2)"},
    {.name = "timeout",
     .type = EAE_OPT_REAL,
     .arg = "SECONDS",
     .range = "(0:",
     .help = "end a job that takes longer"},
    {.name = "grace",
     .type = EAE_OPT_REAL,
     .arg = "SECONDS",
     .range = "0:",
     .help = "time for the record of a job that is gone to appear (default: 60)"},
    {.name = "log-max",
     .type = EAE_OPT_SIZE,
     .arg = "SIZE",
     .help = "what is kept of a job's standard error (default: 1M)"},
    {0}};

/* ---- settings ----------------------------------------------------------------------------------
 */

static void set(eae_names *settings, const char *name, const char *value)
{
    char *text = eae_sprintf("%s=%s", name, value);
    eae_names_add(settings, text, strlen(text));
    free(text);
}

static void set_given(const eae_options *o, const eae_option *table, eae_names *settings)
{
    for (const eae_option *p = table; p->name; p++) {
        if (eae_given(o, p->name))
            set(settings, p->name, p->type == EAE_OPT_FLAG ? "1" : eae_opt_text(o, p->name));
    }
}

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ',')) {
        if (strcspn(p, ",") == n && strncmp(p, word, n) == 0)
            return true;
    }
    return false;
}

/* What one place needs says nothing to another. */
static int check_place(const eae_names *settings, const eae_exec_backend *backend)
{
    for (const eae_option *p = eae_submit_place_options; p->name; p++) {
        if (strcmp(p->name, "on") != 0 && eae_setting_of(settings, p->name) &&
            !has_word(backend->settings, p->name))
            return eae_fail_usage("--%s says nothing to --on %s", p->name, backend->name);
    }
    return EAE_OK;
}

static int check_chunk(const char *text)
{
    int64_t n;
    if (!text || strcmp(text, "auto") == 0 || (eae_parse_int(text, strlen(text), &n) && n > 0))
        return EAE_OK;
    return eae_fail_usage("--chunk: '%s' is not auto, or a number of jobs", text);
}

int eae_submit_settings(const eae_options *o, bool paced, const eae_names *before,
                        eae_names *settings)
{
    eae_window window;
    set_given(o, eae_submit_place_options, settings);
    if (paced)
        set_given(o, eae_submit_pace_options, settings);
    if (eae_given(o, "threads"))
        set(settings, "threads", eae_opt_text(o, "threads"));
    for (int64_t i = 0; before && i < before->count; i++) {
        const char *old = eae_name(before, i);
        char *name = eae_strndup(old, strcspn(old, "="));
        if (!eae_setting_of(settings, name))
            eae_names_add(settings, old, strlen(old));
        free(name);
    }
    const char *given = eae_setting_of(settings, "on");
    char *on = eae_strdup(given ? given : "local"); /* `settings` moves its texts */
    if (strchr(on, ':'))
        set(settings, "on-argument", strchr(on, ':') + 1);
    const eae_exec_backend *backend = eae_exec_backend_find(on);
    free(on);
    int status = backend ? check_place(settings, backend) : EAE_USAGE;
    if (status == EAE_OK)
        status = check_chunk(eae_setting_of(settings, "chunk"));
    if (status == EAE_OK && eae_setting_of(settings, "window"))
        status = eae_window_parse(eae_setting_of(settings, "window"), &window);
    return status;
}

/* ---- jobs --------------------------------------------------------------------------------------
 */

static void operands_from(const eae_options *o, int first, eae_names *words)
{
    for (int i = first; i < eae_operand_count(o); i++)
        eae_names_add(words, eae_operand(o, i), strlen(eae_operand(o, i)));
}

static int jobs_from_file(const eae_options *o, eae_batch *b)
{
    const char *path = eae_operand_count(o) > 0 ? eae_operand(o, 0) : "-";
    char *text = NULL;
    size_t n;
    if (eae_operand_count(o) > 1)
        return eae_fail_usage("one file of commands is read; a command begins behind --");
    if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO))
        return eae_fail_usage("nothing to run: name a file of commands, or a command behind --");
    b->shell = eae_flag(o, "shell");
    int status = eae_read_file(path, &text, &n);
    if (status == EAE_OK)
        status = eae_jobs_from_lines(b, text, n, strcmp(path, "-") == 0 ? "stdin" : path);
    free(text);
    return status;
}

int eae_submit_jobs(const eae_options *o, bool has_dashes, eae_batch *b)
{
    eae_names words = {0};
    int status;
    bool listed = eae_given(o, "array") || eae_given(o, "grid");
    if (!listed && !has_dashes && !eae_given(o, "shards"))
        return jobs_from_file(o, b);
    operands_from(o, 0, &words);
    if (words.count == 0) {
        status = eae_fail_usage("a command is missing behind --");
    } else if (eae_flag(o, "shell")) {
        status = eae_fail_usage("--shell is for the lines of a file");
    } else if (eae_given(o, "array")) {
        status = eae_jobs_from_array(b, eae_opt_text(o, "array"), &words);
    } else if (eae_given(o, "grid")) {
        status = eae_jobs_from_grid(b, eae_opt_text(o, "grid"), &words);
    } else {
        int64_t slots = eae_given(o, "slots") ? eae_opt_int(o, "slots") : eae_machine_cores();
        b->filter = true;
        status = eae_jobs_from_shards(b, eae_given(o, "shards") ? eae_opt_int(o, "shards") : slots,
                                      &words);
    }
    eae_names_free(&words);
    return status;
}
