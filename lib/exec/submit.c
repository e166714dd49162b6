/* submit.c - see submit.h. */
#include "exec/submit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/number.h"

extern char **environ;

enum { RETRIES_OF_A_FILTER = 2 };

/* ---- what names a batch ------------------------------------------------------------------------
 */

/* The file that a program's name stands for; the caller frees; NULL: not found. */
static char *find_program(const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/'))
        return eae_strdup(name);
    for (const char *p = path ? path : ""; *p;) {
        size_t n = strcspn(p, ":");
        char *file = eae_sprintf("%.*s/%s", (int)n, p, name);
        if (n > 0 && access(file, X_OK) == 0)
            return file;
        free(file);
        p += n + (p[n] == ':');
    }
    return NULL;
}

/* Another build of the filter, or one made anew, is another program. */
static void add_program(eae_buffer *more, const eae_batch *b)
{
    eae_names words = {0};
    struct stat st;
    eae_batch_words(b, 0, &words);
    char *file = find_program(eae_name(&words, 0));
    if (file && stat(file, &st) == 0)
        eae_buffer_printf(more, "%s %lld %lld.%09ld\n", file, (long long)st.st_size,
                          (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    free(file);
    eae_names_free(&words);
}

static bool counts_for_filters(const char *variable)
{
    return strncmp(variable, "EAE_", 4) == 0 || strncmp(variable, "OPENBLAS_", 9) == 0;
}

/* Files that the words of a filter name are its inputs, as everything it writes comes out of its
 * standard output. */
static void add_file(eae_buffer *more, const char *name)
{
    char text[EAE_HASH_TEXT];
    eae_hash hash;
    if (eae_hash_file(name, &hash))
        eae_buffer_printf(more, "%s %s\n", name, eae_hash_text(&hash, text));
}

static void add_word_files(eae_buffer *more, const eae_batch *b)
{
    eae_names words = {0};
    eae_batch_words(b, 0, &words);
    for (int64_t i = 1; i < words.count; i++) {
        const char *word = eae_name(&words, i), *equals = strchr(word, '=');
        add_file(more, *word == '-' && equals ? equals + 1 : word);
    }
    eae_names_free(&words);
}

static char *what_else_names(const eae_batch *b, const eae_submit_request *request)
{
    eae_buffer more = {0};
    eae_buffer_putc(&more, '\n');
    for (int64_t i = 0; request->inputs && i < request->inputs->count; i++)
        add_file(&more, eae_name(request->inputs, i));
    if (!b->filter)
        return more.data;
    add_program(&more, b);
    add_word_files(&more, b);
    for (char **v = environ; *v; v++) {
        if (counts_for_filters(*v))
            eae_buffer_printf(&more, "%s\n", *v);
    }
    if (request->hooks && request->hooks->identify)
        eae_buffer_puts(&more, request->hooks->identify());
    return more.data;
}

/* ---- what jobs get elsewhere -------------------------------------------------------------------
 */

static void collect_environment(eae_names *to)
{
    static const char *const wanted[] = {"PATH=", "LANG=", "LC_", "TZ=", "OMP_"};
    for (char **v = environ; *v; v++) {
        bool take = counts_for_filters(*v);
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            take = take || strncmp(*v, wanted[i], strlen(wanted[i])) == 0;
        if (take)
            eae_names_add(to, *v, strlen(*v));
    }
}

/* ---- found again, or made ----------------------------------------------------------------------
 */

/* Is the batch at `path` one to go on with? Then `b` is it, and its lock is ours. One that is over
 * makes room: of one command line the last batch is kept. */
static bool take_up(eae_batch *b, const char *path, bool fresh, int *lock)
{
    eae_batch there;
    eae_ledger l;
    if (eae_batch_open(&there, path) != EAE_OK)
        return false;
    bool ours = eae_batch_lock(&there, lock) == EAE_OK && *lock >= 0;
    eae_ledger_open(&l, &there);
    bool known = ours && eae_ledger_read(&l) == EAE_OK;
    bool over = known && eae_ledger_delivered(&l);
    eae_ledger_close(&l);
    if (over && eae_batch_retire(path) != EAE_OK)
        eae_detail("%s", eae_message());
    if (known && !over && !fresh) {
        eae_batch_discard(b);
        eae_batch_free(b);
        *b = there;
        return true;
    }
    if (*lock >= 0)
        close(*lock);
    *lock = -1;
    eae_batch_free(&there);
    return false;
}

/* ID, ID.2, ... as long as there are such. */
static bool find_earlier(eae_batch *b, const char *root, bool fresh, int *lock)
{
    for (int k = 1;; k++) {
        char *path =
            k == 1 ? eae_sprintf("%s/%s", root, b->id) : eae_sprintf("%s/%s.%d", root, b->id, k);
        bool there = access(path, F_OK) == 0;
        bool taken = there && take_up(b, path, fresh, lock);
        free(path);
        if (taken || !there)
            return taken;
    }
}

/* Where jobs run on other hosts, these are brought there. */
static void add_inputs(eae_names *settings, const eae_names *inputs)
{
    for (int64_t i = 0; inputs && i < inputs->count; i++) {
        char *text = eae_sprintf("input=%s", eae_name(inputs, i));
        eae_names_add(settings, text, strlen(text));
        free(text);
    }
}

int eae_submit_prepare(eae_batch *b, const eae_submit_request *request, int *lock, bool *found)
{
    char here[PATH_MAX];
    int status = EAE_OK;
    *lock = -1;
    *found = false;
    if (!getcwd(here, sizeof here))
        return eae_fail_errno("the working directory");
    b->cwd = eae_strdup(here);
    eae_batch_prune(request->root);
    if (request->input_fd >= 0)
        status = eae_batch_take_input(b, request->root, request->input_fd);
    if (status == EAE_OK) {
        char *more = what_else_names(b, request);
        eae_batch_name(b, more);
        free(more);
        *found = find_earlier(b, request->root, request->fresh, lock);
    }
    if (status == EAE_OK && !*found) {
        for (int64_t i = 0; i < request->settings->count; i++) {
            const char *s = eae_name(request->settings, i);
            eae_names_add(&b->settings, s, strlen(s));
        }
        add_inputs(&b->settings, request->inputs);
        collect_environment(&b->environment);
        status = eae_batch_create(b, request->root, lock);
    }
    eae_batch_discard(b);
    if (status == EAE_OK && *found)
        eae_batch_forget_cancel(b);
    return status;
}

int eae_submit_resume(const eae_batch *b, int *lock)
{
    int status = eae_batch_lock(b, lock);
    if (status == EAE_OK && *lock < 0)
        status =
            eae_fail("batch %s is being run by another client (eae-submit wait %s)", b->id, b->id);
    return status;
}

int eae_submit_detach(const eae_batch *b, bool *parent)
{
    pid_t pid = fork();
    *parent = pid != 0;
    if (pid < 0)
        return eae_fail_errno("cannot leave the terminal");
    if (pid > 0)
        return EAE_OK;
    char *path = eae_sprintf("%s/site/client.log", b->path);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int said = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    free(path);
    setsid();
    if (null < 0 || said < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(said, 2) < 0)
        return eae_fail_errno("cannot leave the terminal");
    return EAE_OK;
}

/* ---- delivery ----------------------------------------------------------------------------------
 */

typedef struct {
    const eae_batch *batch;
    const eae_submit_request *request;
    eae_output *out;
    eae_output *errors; /* logs of jobs; NULL: not shown */
    eae_delivery delivery;
} desk;

static int open_desk(desk *k, const eae_batch *b, const eae_submit_request *request)
{
    int status = EAE_OK;
    *k = (desk){.batch = b, .request = request};
    if (!b->filter && !request->keep_outputs)
        status = eae_output_open(&k->out, request->output, false);
    if (!request->quiet && !request->keep_outputs)
        k->errors = eae_output_fd(dup(STDERR_FILENO), "standard error");
    eae_delivery_start(&k->delivery, b->job_count, k->out, k->errors);
    return status;
}

/* Nothing is left behind where it failed. */
static int close_desk(desk *k, int status)
{
    if (k->errors)
        eae_output_close(k->errors);
    if (k->out && status == EAE_OK)
        status = eae_output_close(k->out);
    else
        eae_output_discard(k->out);
    eae_delivery_free(&k->delivery);
    return status;
}

static int take_final(void *context, const eae_ledger *l, int64_t job)
{
    desk *k = context;
    return k->batch->filter ? EAE_OK : eae_delivery_final(&k->delivery, l, job);
}

/* The line is none of those that were said before. */
static bool is_new(eae_names *said, const char *line)
{
    for (int64_t k = 0; k < said->count; k++) {
        if (strcmp(eae_name(said, k), line) == 0)
            return false;
    }
    eae_names_add(said, line, strlen(line));
    return true;
}

/* What several shards say in the same words is said once. */
static void show_logs(const eae_ledger *l, eae_output *errors)
{
    eae_names said = {0};
    for (int64_t i = 0; i < l->batch->job_count; i++) {
        char *text = eae_log_text(l, i), *rest = NULL;
        for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line;
             line = strtok_r(NULL, "\n", &rest)) {
            if (!is_new(&said, line))
                continue;
            eae_output_write(errors, line, strlen(line));
            eae_output_write(errors, "\n", 1);
        }
        free(text);
    }
    eae_names_free(&said);
}

/* Shards on machines of other kinds need not give the bytes that one machine would have given. */
static void compare_identities(const eae_ledger *l)
{
    const char *first = NULL;
    for (int64_t i = 0; i < l->batch->job_count; i++) {
        const char *now = l->source[l->entry[i].writer].id.identity;
        if (first && now && strcmp(first, now) != 0) {
            eae_warn("the shards ran on unlike machines (%s; %s): the bytes need not be those of "
                     "one machine",
                     first, now);
            return;
        }
        first = now ? now : first;
    }
}

static int merge_shards(const desk *k, const eae_ledger *l)
{
    const eae_batch *b = k->batch;
    const eae_submit_request *request = k->request;
    uint64_t *part = EAE_NEW_ARRAY(uint64_t, b->job_count + 1);
    int fd = eae_temp_file(request->tmpdir), copy = fd >= 0 ? dup(fd) : -1;
    int status = fd < 0 ? EAE_FAIL : EAE_OK;
    if (status == EAE_OK && copy < 0)
        status = eae_fail_errno("cannot merge the shards");
    if (status == EAE_OK) {
        eae_output *out = eae_output_fd(copy, "the temporary file of the shards");
        for (int64_t i = 0; i < b->job_count && status == EAE_OK; i++) {
            status = eae_output_of_job(l, i, out);
            part[i] = eae_output_offset(out);
        }
        if (status == EAE_OK)
            status = eae_output_close(out);
        else
            eae_output_discard(out);
    }
    if (status == EAE_OK && k->errors)
        show_logs(l, k->errors);
    if (status == EAE_OK)
        compare_identities(l);
    if (status == EAE_OK)
        status = request->hooks->merge(request->hooks->context, fd, part, b->job_count);
    if (fd >= 0)
        close(fd);
    free(part);
    return status;
}

static bool all_done(const eae_ledger *l)
{
    for (int64_t i = 0; i < l->batch->job_count; i++) {
        if (!l->entry[i].done)
            return false;
    }
    return true;
}

static int hand_out(void *context, const eae_ledger *l)
{
    desk *k = context;
    if (k->batch->filter)
        return all_done(l) ? merge_shards(k, l) : EAE_OK;
    eae_output *out = k->out;
    k->out = NULL;
    return eae_output_close(out);
}

int eae_submit_deliver(const eae_batch *b, const eae_submit_request *request, const eae_ledger *l)
{
    desk k;
    int status = open_desk(&k, b, request);
    for (int64_t i = 0; i < b->job_count && status == EAE_OK; i++)
        status = take_final(&k, l, i);
    if (status == EAE_OK)
        status = hand_out(&k, l);
    return close_desk(&k, status);
}

/* ---- running -----------------------------------------------------------------------------------
 */

static int64_t int_setting(const eae_names *settings, const char *name, int64_t otherwise)
{
    const char *text = eae_setting_of(settings, name);
    int64_t x;
    return text && eae_parse_int(text, strlen(text), &x) ? x : otherwise;
}

static int after_path(const eae_submit_request *request, char **path)
{
    const char *after = eae_setting_of(request->settings, "after");
    *path = NULL;
    return after ? eae_batch_find(request->root, after, path) : EAE_OK;
}

int eae_submit_go(const eae_batch *b, const eae_submit_request *request, eae_ledger *l,
                  eae_dispatch_counts *counts)
{
    const eae_names *s = request->settings;
    const char *on = eae_setting_of(s, "on"), *chunk = eae_setting_of(s, "chunk");
    const char *window = eae_setting_of(s, "window");
    eae_window hours = {0};
    desk k;
    eae_dispatch_config config = {
        .backend = eae_exec_backend_find(on ? on : "local"),
        .settings = s,
        .program = request->program,
        .identity = b->filter && request->hooks ? request->hooks->identify() : NULL,
        .retries = (int)int_setting(s, "retries", b->filter ? RETRIES_OF_A_FILTER : 0),
        .chunk = chunk && strcmp(chunk, "auto") != 0 ? int_setting(s, "chunk", 0) : 0,
        .max_running = int_setting(s, "max-running", 0),
        .window = window ? &hours : NULL,
        .stop_on_failure = b->filter,
        .final = request->keep_outputs ? NULL : take_final,
        .finish = request->keep_outputs ? NULL : hand_out,
        .context = &k,
        .interrupted = request->interrupted};
    char *after;
    int status = config.backend ? EAE_OK : EAE_USAGE;
    *l = (eae_ledger){0};
    if (status == EAE_OK && window)
        status = eae_window_parse(window, &hours);
    if (status == EAE_OK)
        status = after_path(request, &after);
    if (status != EAE_OK)
        return status;
    config.after = after;
    status = open_desk(&k, b, request);
    if (status == EAE_OK)
        status = eae_dispatch(b, &config, l, counts);
    free(after);
    return close_desk(&k, status);
}

void eae_submit_drop_data(const eae_batch *b)
{
    char *data = eae_sprintf("%s/data", b->path), *input = eae_sprintf("%s/input", b->path);
    eae_batch_remove(data);
    if (mkdir(data, 0700) != 0)
        eae_detail("%s: cannot create", data);
    unlink(input);
    free(data);
    free(input);
}
