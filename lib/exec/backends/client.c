/* client.c - see client.h. */
#include "exec/backends/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "exec/backends/spans.h"

enum { ANSWER_MAX = 64 << 20, LIMIT_MS = 30000, LINE_MAX_BYTES = 400 };

extern char **environ;

/* A name that ends in '_' stands for all that begin so. */
static const char *const kept[] = {"HOME",
                                   "USER",
                                   "LOGNAME",
                                   "SHELL",
                                   "PATH",
                                   "LANG",
                                   "LC_",
                                   "TZ",
                                   "TMPDIR",
                                   "KRB5CCNAME",
                                   "LD_LIBRARY_PATH",
                                   "SLURM_CONF",
                                   "SLURM_CONF_SERVER",
                                   "SLURM_CLUSTERS",
                                   "SLURM_JWT",
                                   "SBATCH_",
                                   "LSF_",
                                   "EGO_",
                                   "OPENLAVA_",
                                   "LSB_DEFAULTQUEUE",
                                   "LSB_DEFAULTPROJECT",
                                   "XLSF_UIDDIR"};

static bool is_kept(const char *variable)
{
    const size_t n = strcspn(variable, "=");
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const size_t k = strlen(kept[i]);
        bool prefix = kept[i][k - 1] == '_';
        if ((prefix ? n > k : n == k) && memcmp(variable, kept[i], k) == 0)
            return true;
    }
    return false;
}

static void small_environment(eae_names *all, const eae_names *more)
{
    for (char **v = environ; *v; v++) {
        if (is_kept(*v))
            eae_names_add(all, *v, strlen(*v));
    }
    for (int64_t i = 0; more && i < more->count; i++)
        eae_names_add(all, eae_name(more, i), strlen(eae_name(more, i)));
}

static int limit_ms(void)
{
    const char *text = getenv("SUBMIT_CLIENT_TIMEOUT");
    double seconds;
    if (text && eae_parse_double(text, strlen(text), &seconds) && seconds > 0 && seconds < 86400)
        return seconds < 0.001 ? 1 : (int)(seconds * 1000);
    return LIMIT_MS;
}

bool eae_client_there(const char *program)
{
    const char *p = getenv("PATH");
    while (p && *p) {
        const size_t n = strcspn(p, ":");
        char *path = eae_sprintf("%.*s/%s", (int)n, p, program);
        bool there = n > 0 && access(path, X_OK) == 0;
        free(path);
        if (there)
            return true;
        p += n + (p[n] == ':');
    }
    return false;
}

/* What is behind "sbatch: error: " and the like. */
static const char *without_prefix(const char *program, const char *text)
{
    static const char *const words[] = {"error: ", "fatal: "};
    const size_t n = strlen(program);
    while (strncmp(text, program, n) == 0 && strncmp(text + n, ": ", 2) == 0)
        text += n + 2;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(text, words[i], strlen(words[i])) == 0)
            text += strlen(words[i]);
    }
    return text;
}

/* The line that says most: the one that it ended with where it calls that fatal, else the first. */
static eae_span telling_line(const eae_command_result *r)
{
    const char *text = r->errors.data ? r->errors.data : "";
    eae_span line, chosen = {"", 0};
    while (eae_span_line(&text, &line)) {
        if (line.n > 0 && (chosen.n == 0 || eae_span_find(line, "fatal: ")))
            chosen = line;
    }
    if (chosen.n > LINE_MAX_BYTES)
        chosen.n = LINE_MAX_BYTES;
    return chosen;
}

static int client_failed(const char *program, const eae_command_result *r)
{
    char *why = eae_command_failure(r), *line = eae_span_dup(telling_line(r));
    bool said = r->status != 0 && !r->late && *line;
    int status = eae_fail("%s: %s", program, without_prefix(program, said ? line : why));
    free(line);
    free(why);
    return status;
}

int eae_client_run(const eae_client_call *call, eae_command_result *r)
{
    eae_names environment = {0};
    small_environment(&environment, call->more);
    eae_command c = {.words = call->words,
                     .environment = &environment,
                     .bare = true,
                     .input = -1,
                     .input_text = call->input,
                     .output_limit = ANSWER_MAX,
                     .limit_ms = limit_ms()};
    int status = eae_command_run(&c, r);
    if (status == EAE_OK && (r->late || r->overrun || r->signal || r->status))
        status = client_failed(eae_name(call->words, 0), r);
    eae_names_free(&environment);
    return status;
}

void eae_client_words(eae_names *words, const char *text)
{
    const char *p = text;
    while (*p) {
        const size_t n = strcspn(p, " ");
        if (n > 0)
            eae_names_add(words, p, n);
        p += n + (p[n] == ' ');
    }
}

void eae_client_word(eae_names *words, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *text = eae_malloc((size_t)n + 1, 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    eae_names_add(words, text, (size_t)n);
    free(text);
}
