/* joblist.c - see joblist.h. */
#include "exec/joblist.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "exec/words.h"

/* ---- lines -------------------------------------------------------------------------------------
 */

/* Where the command that begins at p ends: a line end outside quotes. */
static const char *end_of_command(const char *p, const char *end)
{
    char quote = '\0';
    for (; p < end && (quote || *p != '\n'); p++) {
        if (*p == '\\' && quote != '\'' && p + 1 < end)
            p++;
        else if (quote ? *p == quote : (*p == '\'' || *p == '"'))
            quote = quote ? '\0' : *p;
    }
    return p;
}

static int64_t lines_in(const char *from, const char *to)
{
    int64_t n = 0;
    for (; from < to; from++)
        n += *from == '\n';
    return n;
}

static int add_command(eae_batch *b, const char *from, size_t n)
{
    eae_names words = {0};
    n -= n > 0 && from[n - 1] == '\r'; /* lines of DOS */
    char *text = eae_strndup(from, n);
    int status = EAE_OK;
    if (b->shell)
        eae_names_add(&words, text, n);
    else
        status = eae_split_words(text, &words);
    if (status == EAE_OK)
        eae_batch_add_job(b, &words);
    eae_names_free(&words);
    free(text);
    return status;
}

/* A mistake in a file of commands is a mistake in data: status 1, and where it is. */
int eae_jobs_from_lines(eae_batch *b, const char *text, size_t length, const char *name)
{
    const char *end = text + length;
    int64_t line = 1;
    if (memchr(text, '\0', length))
        return eae_fail("%s: a zero byte: not a text of commands", name);
    for (const char *p = text; p < end;) {
        size_t blanks = strspn(p, " \t\r");
        const char *stop = p[blanks] == '#' ? p + strcspn(p, "\n") : end_of_command(p, end);
        if (blanks < (size_t)(stop - p) && p[blanks] != '#' &&
            add_command(b, p + blanks, (size_t)(stop - p) - blanks) != EAE_OK)
            return eae_fail_within(EAE_FAIL, "%s:%lld", name, (long long)line);
        line += lines_in(p, stop) + 1;
        p = stop + 1;
    }
    if (b->job_count == 0)
        return eae_fail("%s: no command in it", name);
    return EAE_OK;
}

/* ---- values in place of {name} ------------------------------------------------------------------
 */

/* `{name}` inside the word becomes the value; the number of times. */
static int replace(eae_buffer *to, const char *word, const char *name, const char *value)
{
    int times = 0;
    size_t n = strlen(name);
    for (; *word; word++) {
        if (*word == '{' && strncmp(word + 1, name, n) == 0 && word[n + 1] == '}') {
            eae_buffer_puts(to, value);
            word += n + 1;
            times++;
        } else {
            eae_buffer_putc(to, *word);
        }
    }
    return times;
}

static int replace_all(eae_names *to, const eae_names *words, const char *name, const char *value)
{
    int times = 0;
    for (int64_t i = 0; i < words->count; i++) {
        eae_buffer b = {0};
        times += replace(&b, eae_name(words, i), name, value);
        eae_names_add(to, b.data ? b.data : "", b.length);
        eae_buffer_free(&b);
    }
    return times;
}

static int check_count(const char *option, int64_t count)
{
    if (count > EAE_BATCH_JOBS_MAX)
        return eae_fail_usage("%s: more than %d jobs", option, EAE_BATCH_JOBS_MAX);
    return EAE_OK;
}

/* ---- ranges ------------------------------------------------------------------------------------
 */

typedef struct {
    int64_t from, to, step;
} range;

/* A, A<mark>B or A<mark>B:STEP that fills the text; step > 0. */
static bool parse_range(const char *text, size_t n, char mark, range *r)
{
    const char *dash = n > 1 ? memchr(text + 1, mark, n - 1) : NULL; /* a sign may come first */
    size_t head = dash ? (size_t)(dash - text) : n;
    r->step = 1;
    if (!eae_parse_int(text, head, &r->from))
        return false;
    r->to = r->from;
    if (!dash)
        return true;
    const char *second = dash + 1;
    size_t rest = n - head - 1;
    const char *colon = memchr(second, ':', rest);
    if (colon && !eae_parse_int(colon + 1, rest - (size_t)(colon - second) - 1, &r->step))
        return false;
    size_t length = colon ? (size_t)(colon - second) : rest;
    return eae_parse_int(second, length, &r->to) && r->to >= r->from && r->step > 0;
}

/* Unsigned, as the ends may be further apart than a signed number says. */
static int add_range(eae_names *values, const range *r, const char *option)
{
    char text[EAE_NUMBER_TEXT];
    uint64_t steps = ((uint64_t)r->to - (uint64_t)r->from) / (uint64_t)r->step;
    if (steps >= (uint64_t)(EAE_BATCH_JOBS_MAX - values->count))
        return check_count(option, INT64_MAX);
    for (uint64_t k = 0; k <= steps; k++) {
        int64_t x = (int64_t)((uint64_t)r->from + k * (uint64_t)r->step);
        int n = snprintf(text, sizeof text, "%lld", (long long)x);
        eae_names_add(values, text, (size_t)n);
    }
    return EAE_OK;
}

int eae_jobs_from_array(eae_batch *b, const char *numbers, const eae_names *words)
{
    eae_names values = {0};
    int status = EAE_OK;
    for (const char *p = numbers; status == EAE_OK;) {
        size_t n = strcspn(p, ",");
        range r;
        if (!parse_range(p, n, '-', &r))
            status = eae_fail_usage("--array: '%s' is not like 1-31, or 1,3,5-9:2", numbers);
        else
            status = add_range(&values, &r, "--array");
        p += n;
        if (*p++ == '\0')
            break;
    }
    for (int64_t i = 0; i < values.count && status == EAE_OK; i++) {
        eae_names of_job = {0};
        replace_all(&of_job, words, "", eae_name(&values, i));
        eae_batch_add_job(b, &of_job);
        eae_names_free(&of_job);
    }
    eae_names_free(&values);
    return status;
}

/* ---- grids -------------------------------------------------------------------------------------
 */

enum { VARIABLES = 16 };

typedef struct {
    int count;
    char *name[VARIABLES];
    eae_names values[VARIABLES];
} grid;

static void free_grid(grid *g)
{
    for (int i = 0; i < g->count; i++) {
        free(g->name[i]);
        eae_names_free(&g->values[i]);
    }
}

/* Length of the name in front of a '=', 0: there is none, and the text is one more value. */
static size_t name_length(const char *text, size_t n)
{
    size_t k = 0;
    while (k < n && (isalnum((unsigned char)text[k]) || text[k] == '_'))
        k++;
    return k > 0 && k < n && text[k] == '=' && !isdigit((unsigned char)text[0]) ? k : 0;
}

static int add_variable(grid *g, const char *name, size_t n)
{
    for (int i = 0; i < g->count; i++) {
        if (strlen(g->name[i]) == n && memcmp(g->name[i], name, n) == 0)
            return eae_fail_usage("--grid: %s is there twice", g->name[i]);
    }
    if (g->count == VARIABLES)
        return eae_fail_usage("--grid: more than %d names", VARIABLES);
    g->name[g->count++] = eae_strndup(name, n);
    return EAE_OK;
}

static int parse_grid(grid *g, const char *text)
{
    int status = EAE_OK;
    for (const char *p = text; status == EAE_OK;) {
        size_t n = strcspn(p, ","), name = name_length(p, n);
        range r;
        if (name > 0)
            status = add_variable(g, p, name);
        else if (g->count == 0)
            status = eae_fail_usage("--grid: '%s' does not begin with NAME=", text);
        if (status != EAE_OK)
            break;
        const char *value = p + (name ? name + 1 : 0);
        size_t length = n - (name ? name + 1 : 0);
        if (memchr(value, ':', length) && parse_range(value, length, ':', &r))
            status = add_range(&g->values[g->count - 1], &r, "--grid");
        else if (length == 0)
            status = eae_fail_usage("--grid: an empty value in '%s'", text);
        else
            eae_names_add(&g->values[g->count - 1], value, length);
        p += n;
        if (*p++ == '\0')
            break;
    }
    return status;
}

/* Words of one combination; used[i] counts how often name i was there. */
static void fill_in(const grid *g, int64_t combination, const eae_names *words, eae_names *to,
                    int *used)
{
    eae_names now = {0};
    eae_names_copy(&now, words);
    for (int i = g->count - 1; i >= 0; i--) {
        eae_names next = {0};
        int64_t n = g->values[i].count;
        used[i] += replace_all(&next, &now, g->name[i], eae_name(&g->values[i], combination % n));
        combination /= n;
        eae_names_free(&now);
        now = next;
    }
    *to = now;
}

static int count_combinations(const grid *g, int64_t *all)
{
    *all = 1;
    for (int i = 0; i < g->count; i++) {
        *all *= g->values[i].count;
        if (check_count("--grid", *all) != EAE_OK)
            return EAE_USAGE;
    }
    return EAE_OK;
}

int eae_jobs_from_grid(eae_batch *b, const char *text, const eae_names *words)
{
    grid g = {0};
    int used[VARIABLES] = {0};
    int64_t all = 0;
    int status = parse_grid(&g, text);
    if (status == EAE_OK)
        status = count_combinations(&g, &all);
    for (int64_t k = 0; k < all && status == EAE_OK; k++) {
        eae_names of_job;
        fill_in(&g, k, words, &of_job, used);
        eae_batch_add_job(b, &of_job);
        eae_names_free(&of_job);
    }
    for (int i = 0; i < g.count && status == EAE_OK; i++) {
        if (used[i] == 0)
            status = eae_fail_usage("--grid: {%s} is nowhere in the command", g.name[i]);
    }
    free_grid(&g);
    return status;
}

/* ---- shards ------------------------------------------------------------------------------------
 */

static bool is_option(const char *word, const char *name, size_t least)
{
    size_t n = strcspn(word, "=");
    return n >= least && n <= strlen(name) && strncmp(word, name, n) == 0;
}

static int check_filter(const eae_names *words)
{
    const char *program = eae_name(words, 0), *slash = strrchr(program, '/');
    const char *base = slash ? slash + 1 : program;
    if (strncmp(base, "eae-", 4) != 0)
        return eae_fail_usage(
            "'%s' is not an eae program, and cannot be asked for shards; for other "
            "commands: --array 1-N -- COMMAND {}",
            program);
    for (int64_t i = 1; i < words->count; i++) {
        const char *word = eae_name(words, i);
        if (strcmp(word, "--") == 0)
            break;
        if (is_option(word, "--shard", 4))
            return eae_fail_usage("--shard is given by eae-submit (--shards N)");
        if (is_option(word, "--output", 3) || strncmp(word, "-o", 2) == 0)
            return eae_fail_usage("%s: the output of a shard is its standard output; give -o to "
                                  "eae-submit run",
                                  word);
    }
    return EAE_OK;
}

int eae_jobs_from_shards(eae_batch *b, int64_t shards, const eae_names *words)
{
    int status = check_filter(words);
    for (int64_t i = 1; i <= shards && status == EAE_OK; i++) {
        eae_names of_job = {0};
        char *part = eae_sprintf("%lld/%lld", (long long)i, (long long)shards);
        eae_names_add(&of_job, eae_name(words, 0), strlen(eae_name(words, 0)));
        eae_names_add(&of_job, "--shard", strlen("--shard"));
        eae_names_add(&of_job, part, strlen(part));
        for (int64_t k = 1; k < words->count; k++)
            eae_names_add(&of_job, eae_name(words, k), strlen(eae_name(words, k)));
        eae_batch_add_job(b, &of_job);
        eae_names_free(&of_job);
        free(part);
    }
    return status;
}

/* ---- as text -----------------------------------------------------------------------------------
 */

static bool is_plain(const char *word)
{
    for (const char *p = word; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("_-./:=,+@%^", *p))
            return false;
    }
    return *word != '\0';
}

static bool is_printable(const char *word)
{
    for (const char *p = word; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f || (unsigned char)*p >= 0x80)
            return false;
    }
    return true;
}

static void quote_word(const char *word, eae_buffer *text)
{
    bool printable = is_printable(word);
    if (is_plain(word)) {
        eae_buffer_puts(text, word);
        return;
    }
    eae_buffer_puts(text, printable ? "'" : "$'");
    for (const char *p = word; *p; p++) {
        if (*p == '\'')
            eae_buffer_puts(text, printable ? "'\\''" : "\\'");
        else if (!printable && *p == '\\')
            eae_buffer_puts(text, "\\\\");
        else if ((unsigned char)*p < ' ' || *p == 0x7f || (unsigned char)*p >= 0x80)
            eae_buffer_printf(text, "\\x%02x", (unsigned char)*p);
        else
            eae_buffer_putc(text, *p);
    }
    eae_buffer_putc(text, '\'');
}

void eae_words_quote(const eae_names *words, eae_buffer *text)
{
    for (int64_t i = 0; i < words->count; i++) {
        if (i)
            eae_buffer_putc(text, ' ');
        quote_word(eae_name(words, i), text);
    }
}
