/* arguments.c - see arguments.h; the reading follows base/options.c. */
#include "cache/arguments.h"

#include <stdlib.h>
#include <string.h>

/* Columns of --dump-options (base/options.h). */
enum { NAME, SHORT, TYPE, ARG, DEFAULT, RANGE, MARKS, COMMAND, COLUMNS };

typedef struct {
    char *column[COLUMNS];
} row;

typedef struct {
    char *text; /* the rows point into it */
    row *rows;
    int count;
} option_table;

typedef struct {
    int row;
    char *text; /* "--name=value" */
} given;

typedef struct {
    const option_table *table;
    given *list;
    int count;
    const char *written; /* an option that writes a file */
    eae_arguments *out;
} reading;

/* ---- the table ----------------------------------------------------------------------------- */

static bool cut_row(char *line, row *r)
{
    for (int c = 0; c < COLUMNS; c++) {
        char *tab = strchr(line, '\t');
        if (!tab)
            return false;
        r->column[c] = line;
        *tab = '\0';
        line = tab + 1;
    }
    return r->column[NAME][0] != '\0' && strcmp(r->column[TYPE], "command") != 0;
}

static bool read_table(option_table *t, const char *dump)
{
    int lines = 0;
    for (const char *p = dump; *p; p++)
        lines += *p == '\n';
    *t = (option_table){.text = eae_strdup(dump), .rows = EAE_NEW_ARRAY(row, lines)};
    char *rest = NULL;
    for (char *line = strtok_r(t->text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (!cut_row(line, &t->rows[t->count++]))
            return false;
    }
    return t->count > 0;
}

static void free_table(option_table *t)
{
    free(t->text);
    free(t->rows);
}

static bool has_mark(const row *r, const char *mark)
{
    const char *at = strstr(r->column[MARKS], mark);
    return at && (at[strlen(mark)] == ',' || at[strlen(mark)] == '\0');
}

static bool is_flag(const row *r)
{
    return strcmp(r->column[TYPE], "flag") == 0;
}

/* -1: none, or several. */
static int find_long(const option_table *t, const char *name, size_t n)
{
    int hit = -1, hits = 0;
    for (int i = 0; i < t->count; i++) {
        if (strncmp(t->rows[i].column[NAME], name, n) != 0)
            continue;
        if (t->rows[i].column[NAME][n] == '\0')
            return i;
        hit = i;
        hits++;
    }
    return hits == 1 ? hit : -1;
}

static int find_short(const option_table *t, char c)
{
    for (int i = 0; i < t->count; i++) {
        if (t->rows[i].column[SHORT][0] == (c == '@' ? 't' : c))
            return i;
    }
    return -1;
}

/* ---- the words ----------------------------------------------------------------------------- */

static bool is_left_out(const char *name)
{
    static const char *const names[] = {"threads", "quiet", "verbose", "memory", "tmpdir"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* value NULL: none. An option whose value may be missing keeps the word behind it in sight: a
 * program may still take that for its value (eae-split --stratify). */
static void take(reading *r, int i, const char *value, const char *behind)
{
    const row *option = &r->table->rows[i];
    const char *name = option->column[NAME];
    if (strcmp(name, "quiet") == 0)
        r->out->quiet = true;
    if (has_mark(option, "writes") && value && strcmp(value, "-") != 0)
        r->written = name;
    if (is_left_out(name))
        return;
    given *g = &r->list[r->count++];
    g->row = i;
    if (value)
        g->text = eae_sprintf("--%s=%s", name, value);
    else if (behind && behind[0] != '-')
        g->text = eae_sprintf("--%s before %s", name, behind);
    else
        g->text = eae_sprintf("--%s", name);
}

static bool is_pair(const char *word)
{
    size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && word[0] != '-' && word[n] == '=';
}

/* How many words were used; 0: the table cannot read this. `next` is NULL at the end. */
static int take_long(reading *r, const char *word, const char *next)
{
    const char *name = word + 2, *equals = strchr(name, '=');
    int i = find_long(r->table, name, equals ? (size_t)(equals - name) : strlen(name));
    if (i < 0)
        return 0;
    const row *option = &r->table->rows[i];
    if (is_flag(option) && equals)
        return 0;
    if (is_flag(option) || equals) {
        take(r, i, equals ? equals + 1 : NULL, NULL);
        return 1;
    }
    bool pair = has_mark(option, "pairs") && next && is_pair(next);
    if (has_mark(option, "optional") && !pair) {
        take(r, i, NULL, next);
        return 1;
    }
    if (!next)
        return 0;
    take(r, i, next, NULL);
    return 2;
}

static int take_short(reading *r, const char *word, const char *next)
{
    for (const char *p = word + 1; *p; p++) {
        int i = find_short(r->table, *p);
        if (i < 0)
            return 0;
        if (is_flag(&r->table->rows[i])) {
            take(r, i, NULL, NULL);
            continue;
        }
        if (p[1]) {
            take(r, i, p[1] == '=' ? p + 2 : p + 1, NULL);
            return 1;
        }
        if (!next)
            return 0;
        take(r, i, next, NULL);
        return 2;
    }
    return 1;
}

static bool take_all(reading *r, const eae_names *words)
{
    bool options_end = false;
    for (int64_t i = 1; i < words->count;) {
        const char *word = eae_name(words, i);
        const char *next = i + 1 < words->count ? eae_name(words, i + 1) : NULL;
        int used = 1;
        if (options_end || word[0] != '-' || word[1] == '\0')
            eae_names_add(&r->out->operands, word, strlen(word));
        else if (strcmp(word, "--") == 0)
            options_end = true;
        else if (word[1] == '-')
            used = take_long(r, word, next);
        else
            used = take_short(r, word, next);
        if (used == 0)
            return false;
        i += used;
    }
    return true;
}

/* In the order of the table; each flag once. */
static void collect(const reading *r)
{
    for (int k = 0; k < r->table->count; k++) {
        bool had = false;
        for (int i = 0; i < r->count; i++) {
            if (r->list[i].row != k || (had && is_flag(&r->table->rows[k])))
                continue;
            had = true;
            eae_names_add(&r->out->options, r->list[i].text, strlen(r->list[i].text));
        }
    }
}

int eae_arguments_read(eae_arguments *a, const char *table, const eae_names *words)
{
    option_table t;
    size_t letters = 0;
    *a = (eae_arguments){.quiet = false};
    for (int64_t i = 0; i < words->count; i++)
        letters += strlen(eae_name(words, i)); /* each may be a flag */
    int status = read_table(&t, table) ? EAE_OK : EAE_MISS;
    reading r = {.table = &t, .list = EAE_NEW_ARRAY(given, letters), .out = a};
    if (status == EAE_OK && !take_all(&r, words))
        status = EAE_MISS;
    if (status == EAE_OK)
        collect(&r);
    if (status == EAE_OK && r.written)
        status =
            eae_fail_usage("--%s of %s names a file that a hit would not write again: redirect "
                           "standard output instead",
                           r.written, eae_name(words, 0));
    for (int i = 0; i < r.count; i++)
        free(r.list[i].text);
    free(r.list);
    free_table(&t);
    if (status != EAE_OK)
        eae_arguments_free(a);
    return status;
}

void eae_arguments_free(eae_arguments *a)
{
    eae_names_free(&a->options);
    eae_names_free(&a->operands);
    *a = (eae_arguments){.quiet = false};
}
