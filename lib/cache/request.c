/* request.c - see request.h. */
#include "cache/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/arguments.h"
#include "cache/escape.h"
#include "cache/memo.h"
#include "cache/program.h"
#include "cache/surroundings.h"

enum { PATH_LIMIT = 4096 };

/* Standard input as a name that stat(2) takes. */
static const char own_input[] = "/proc/self/fd/0";

extern char **environ;

void eae_request_line(eae_buffer *text, const char *part, const char *const *words, int n)
{
    eae_buffer_puts(text, part);
    for (int i = 0; i < n; i++) {
        eae_buffer_putc(text, ' ');
        eae_escape(text, words[i], strlen(words[i]));
    }
    eae_buffer_putc(text, '\n');
}

static void add_line(eae_request *r, const char *part, const char *word)
{
    eae_request_line(&r->text, part, &word, 1);
}

static void add_hash(eae_request *r, const char *part, const char *name, const eae_hash *hash,
                     uint64_t size)
{
    char text[EAE_HASH_TEXT], bytes[24];
    const char *words[] = {name, eae_hash_text(hash, text), bytes};
    snprintf(bytes, sizeof bytes, "%ju", (uintmax_t)size);
    eae_request_line(&r->text, part, name ? words : words + 1, name ? 3 : 2);
}

static void give_up(eae_request *r, char *why)
{
    if (r->uncacheable)
        free(why);
    else
        r->uncacheable = why;
}

/* ---- files that words name ----------------------------------------------------------------- */

/* A file in words, as far as a change of its content shows. */
static char *state_of(const char *word)
{
    struct stat st;
    if (stat(word, &st) != 0)
        return eae_strdup("absent");
    if (!S_ISREG(st.st_mode))
        return eae_strdup("other");
    return eae_sprintf("%ju %ju %jd %jd.%09ld", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
                       (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void remember(eae_request *r, const char *word)
{
    char *state = state_of(word);
    eae_names_add(&r->seen, word, strlen(word));
    eae_names_add(&r->state, state, strlen(state));
    free(state);
}

static bool is_standard(const char *word)
{
    static const char *const names[] = {
        "/dev/stdin", "/dev/stdout",     "/dev/stderr",     "/dev/fd/0",       "/dev/fd/1",
        "/dev/fd/2",  "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "/dev/null",
        "/dev/zero",  "/dev/full",       "/dev/tty"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(word, names[i]) == 0)
            return true;
    }
    return false;
}

static int add_file(eae_request *r, const eae_store *s, const char *part, const char *word)
{
    eae_hash hash;
    uint64_t size;
    int fd = open(word, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return eae_fail_errno("%s: cannot read", word);
    int status = eae_memo_hash(s, fd, word, &hash, &size);
    close(fd);
    if (status == EAE_OK)
        add_hash(r, part, word, &hash, size);
    return status;
}

/* If it names something. */
static int look_at(eae_request *r, const eae_store *s, const char *word)
{
    struct stat st;
    if (!*word || strlen(word) >= PATH_LIMIT || is_standard(word))
        return EAE_OK;
    bool there = stat(word, &st) == 0;
    if (there && S_ISDIR(st.st_mode))
        return EAE_OK;
    if (there && !S_ISREG(st.st_mode)) {
        give_up(r, eae_sprintf("%s is no regular file: what will come from it is not known", word));
        return EAE_OK;
    }
    remember(r, word);
    return there ? add_file(r, s, "file", word) : EAE_OK;
}

/* A word, what stands behind each '=', and for our own programs the parts of lists. */
static int look_into(eae_request *r, const eae_store *s, const char *word)
{
    int status = look_at(r, s, word);
    for (const char *p = strchr(word, '='); p && status == EAE_OK; p = strchr(p + 1, '='))
        status = look_at(r, s, p + 1);
    if (!r->ours || !strchr(word, ','))
        return status;
    const char *list = strchr(word, '=');
    char *copy = eae_strdup(list ? list + 1 : word), *rest = NULL;
    for (char *w = strtok_r(copy, ",", &rest); w && status == EAE_OK;
         w = strtok_r(NULL, ",", &rest))
        status = look_at(r, s, w);
    free(copy);
    return status;
}

/* The program and files in an operand "exec:python3 fit.py". What quotes hide is not found; the
 * words themselves count in any case. */
static int look_into_command(eae_request *r, const eae_store *s, const char *command)
{
    char *copy = eae_strdup(command), *rest = NULL;
    int status = EAE_OK;
    bool first = true;
    for (char *w = strtok_r(copy, " \t\n'\"", &rest); w && status == EAE_OK;
         w = strtok_r(NULL, " \t\n'\"", &rest)) {
        eae_program_file p;
        if (first && eae_program_find(&p, s, w) == EAE_OK) {
            eae_buffer_add(&r->text, p.lines.data, p.lines.length);
            eae_program_free(&p);
        } else if (!first) {
            status = look_into(r, s, w);
        }
        first = false;
    }
    free(copy);
    return status;
}

/* ---- words --------------------------------------------------------------------------------- */

static int add_words(eae_request *r, const eae_store *s, const char *part, const eae_names *words)
{
    int status = EAE_OK;
    for (int64_t i = 0; i < words->count && status == EAE_OK; i++) {
        const char *word = eae_name(words, i);
        add_line(r, part, word);
        status = look_into(r, s, word);
        if (status == EAE_OK && r->ours && strncmp(word, "exec:", 5) == 0)
            status = look_into_command(r, s, word + 5);
        if (status == EAE_OK && !r->ours && word[0] == '-' && word[1] && word[1] != '-')
            status = look_at(r, s, word + 2); /* -ffile */
    }
    return status;
}

/* The option table of a program, asked for once per build. */
static int option_table(const eae_store *s, const eae_program_file *p, const eae_request_help *help,
                        eae_buffer *dump)
{
    char *name = eae_sprintf("options %s", p->id);
    int status = EAE_OK;
    if (!eae_memo_get(s, name, dump)) {
        status = help->options(help->context, p->path, dump);
        if (status == EAE_OK)
            eae_memo_put(s, name, dump->data ? dump->data : "", dump->length);
    }
    free(name);
    return status;
}

static int add_arguments(eae_request *r, const eae_store *s, const eae_program_file *p,
                         const eae_names *words, const eae_request_help *help)
{
    eae_arguments a = {.quiet = false};
    eae_buffer dump = {0};
    int status = EAE_MISS;
    if (r->ours) {
        status = option_table(s, p, help, &dump);
        if (status == EAE_OK)
            status = eae_arguments_read(&a, dump.data ? dump.data : "", words);
    }
    if (status == EAE_OK) {
        r->quiet = a.quiet;
        status = add_words(r, s, "operand", &a.operands);
        if (status == EAE_OK)
            status = add_words(r, s, "option", &a.options);
    } else if (status != EAE_USAGE) { /* not of eAE, or the program itself will say what is wrong */
        status = add_words(r, s, "word", words);
    }
    eae_arguments_free(&a);
    eae_buffer_free(&dump);
    return status;
}

/* ---- the environment ----------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool counts(const char *variable, bool ours, const eae_names *more)
{
    static const char *const locale[] = {"LANG=", "LANGUAGE=", "LC_", "TZ=", "POSIXLY_CORRECT="};
    if (begins(variable, "EAE_") && !begins(variable, "EAE_CACHE_"))
        return true;
    if (begins(variable, "OPENBLAS_"))
        return true;
    for (size_t i = 0; !ours && i < sizeof locale / sizeof *locale; i++) {
        if (begins(variable, locale[i]))
            return true;
    }
    for (int64_t i = 0; more && i < more->count; i++) {
        size_t n = strlen(eae_name(more, i));
        if (begins(variable, eae_name(more, i)) && variable[n] == '=')
            return true;
    }
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_environment(eae_request *r, const eae_names *more)
{
    int n = 0, all = 0;
    while (environ[all])
        all++;
    char **chosen = EAE_NEW_ARRAY(char *, all);
    for (int i = 0; i < all; i++) {
        if (counts(environ[i], r->ours, more))
            chosen[n++] = environ[i];
    }
    qsort(chosen, (size_t)n, sizeof *chosen, by_text);
    for (int i = 0; i < n; i++)
        add_line(r, "env", chosen[i]);
    free(chosen);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static int add_input(eae_request *r, const eae_store *s, const eae_command_line *line)
{
    eae_hash hash;
    uint64_t size;
    int status = EAE_OK;
    if (line->input < 0) {
        add_line(r, "stdin", "none");
        return EAE_OK;
    }
    if (!line->input_hash)
        remember(r, own_input);
    off_t from = lseek(line->input, 0, SEEK_CUR);
    if (line->input_hash) {
        hash = *line->input_hash;
        size = line->input_size;
    } else if (from == 0) {
        status = eae_memo_hash(s, line->input, "standard input", &hash, &size);
    } else {
        status =
            eae_content_hash_file(line->input, from, s->threads, "standard input", &hash, &size);
    }
    if (status == EAE_OK)
        add_hash(r, "stdin", NULL, &hash, size);
    return status;
}

static int add_inputs(eae_request *r, const eae_store *s, const eae_names *inputs)
{
    int status = EAE_OK;
    for (int64_t i = 0; inputs && i < inputs->count && status == EAE_OK; i++) {
        struct stat st;
        const char *name = eae_name(inputs, i);
        if (stat(name, &st) == 0 && !S_ISREG(st.st_mode))
            return eae_fail("%s: an --input is a regular file", name);
        remember(r, name);
        status = add_file(r, s, "input", name);
    }
    return status;
}

static int add_identity(eae_request *r, const eae_store *s, const eae_request_help *help)
{
    eae_buffer text = {0};
    int status = eae_run_identity(s, help->identity, help->context, &text);
    if (status == EAE_OK)
        add_line(r, "run-identity", text.data ? text.data : "");
    eae_buffer_free(&text);
    return status;
}

int eae_request_make(eae_request *r, const eae_store *s, const eae_command_line *line,
                     const eae_request_help *help)
{
    eae_program_file p;
    *r = (eae_request){.ours = false};
    const char *word = eae_name(line->words, 0), *slash = strrchr(word, '/');
    eae_buffer_puts(&r->text, "eae-cache request 1\n");
    int status = eae_program_find(&p, s, word);
    if (status == EAE_OK) {
        r->ours = p.marks.ours;
        remember(r, p.path);
        add_line(r, "program", slash ? slash + 1 : word);
        eae_buffer_add(&r->text, p.lines.data, p.lines.length);
        status = add_identity(r, s, help);
    }
    if (status == EAE_OK)
        status = add_arguments(r, s, &p, line->words, help);
    if (status == EAE_OK)
        status = add_inputs(r, s, line->inputs);
    if (status == EAE_OK)
        add_environment(r, line->env);
    if (status == EAE_OK)
        status = add_input(r, s, line);
    eae_program_free(&p);
    return status;
}

int eae_request_named(eae_request *r, const eae_store *s, const char *name, const eae_names *inputs)
{
    *r = (eae_request){.ours = false};
    eae_buffer_puts(&r->text, "eae-cache request 1\n");
    add_line(r, "name", name);
    return add_inputs(r, s, inputs);
}

eae_hash eae_request_key(const eae_request *r)
{
    return eae_hash_bytes(r->text.data, r->text.length);
}

int eae_request_unchanged(const eae_request *r)
{
    int status = EAE_OK;
    for (int64_t i = 0; i < r->seen.count && status == EAE_OK; i++) {
        const char *word = eae_name(&r->seen, i), *before = eae_name(&r->state, i);
        char *now = state_of(word);
        if (strcmp(now, before) != 0)
            status = eae_fail(strcmp(before, "absent") == 0
                                  ? "%s was made by it, which a hit would not do again"
                                  : "%s was changed while it ran",
                              strcmp(word, own_input) == 0 ? "standard input" : word);
        free(now);
    }
    return status;
}

void eae_request_free(eae_request *r)
{
    eae_buffer_free(&r->text);
    eae_names_free(&r->seen);
    eae_names_free(&r->state);
    free(r->uncacheable);
    *r = (eae_request){.ours = false};
}
