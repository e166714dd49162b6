/* options.c - parsing and checking by the tables of options.h; the text of --help is in help.c. */
#include "base/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/help.h"
#include "base/mark.h"
#include "base/number.h"
#include "base/options_parts.h"
#include "base/threads.h"

enum { RANGE_WORDS = 80 };

typedef eae_option_value value;

const eae_option eae_common_options[] = {
    {.name = "output",
     .shortcut = 'o',
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .quiet = true,
     .writes = true,
     .help = "write to FILE, which appears whole or not at all (default: standard output)"},
    {.name = "threads",
     .shortcut = 't',
     .type = EAE_OPT_INT,
     .arg = "N",
     .range = "1:4096",
     .quiet = true,
     .help = "threads (also -@; default: OMP_NUM_THREADS, what the scheduler "
             "granted, or the cores of this process)"},
    {.name = "seed",
     .type = EAE_OPT_INT,
     .arg = "N",
     .fallback = "1",
     .range = "0:",
     .help = "seed of all random numbers"},
    {.name = "backend",
     .type = EAE_OPT_CHOICE,
     .fallback = "auto",
     .range = "auto|ref|cpu|cuda",
     .arg = "NAME",
     .help = "kernels to compute with"},
    {.name = "memory",
     .type = EAE_OPT_SIZE,
     .arg = "SIZE",
     .quiet = true,
     .help = "memory to use, with K M G T (default: 3/4 of what is available)"},
    {.name = "tmpdir",
     .type = EAE_OPT_FILE,
     .arg = "DIR",
     .quiet = true,
     .help = "where to spill what does not fit in memory (default: $TMPDIR, /tmp)"},
    {.name = "quiet",
     .shortcut = 'q',
     .type = EAE_OPT_FLAG,
     .quiet = true,
     .conflicts = "verbose",
     .help = "no notes and warnings"},
    {.name = "verbose",
     .shortcut = 'v',
     .type = EAE_OPT_FLAG,
     .quiet = true,
     .help = "say what is done, and why"},
    {.name = "json",
     .type = EAE_OPT_FLAG,
     .quiet = true,
     .help = "reports as JSON lines instead of TSV"},
    {.name = "no-history",
     .type = EAE_OPT_FLAG,
     .quiet = true,
     .help = "leave the history out of what is written"},
    {.name = "help", .shortcut = 'h', .type = EAE_OPT_FLAG, .quiet = true, .help = "this text"},
    {.name = "version", .type = EAE_OPT_FLAG, .quiet = true, .help = "version and licence"},
    {0}};

/* ---- the table -------------------------------------------------------------------------- */

static value *find(const eae_options *o, const char *name)
{
    for (int i = 0; i < o->count; i++) {
        if (strcmp(o->values[i].option->name, name) == 0)
            return &o->values[i];
    }
    eae_bug("%s has no option --%s", o->program->name, name);
}

static eae_options *new_options(const eae_program *program)
{
    eae_options *o = EAE_NEW(eae_options);
    o->program = program;
    for (int g = 0; g < EAE_GROUPS_MAX && program->groups[g].options; g++) {
        for (const eae_option *p = program->groups[g].options; p->name; p++)
            o->count++;
    }
    o->values = EAE_NEW_ARRAY(value, o->count);
    int i = 0;
    for (int g = 0; g < EAE_GROUPS_MAX && program->groups[g].options; g++) {
        for (const eae_option *p = program->groups[g].options; p->name; p++) {
            o->values[i].option = p;
            o->values[i++].text = p->fallback ? eae_strdup(p->fallback) : NULL;
        }
    }
    return o;
}

static value *find_long(eae_options *o, const char *name, size_t n)
{
    value *hit = NULL;
    int hits = 0;
    for (int i = 0; i < o->count; i++) {
        const char *have = o->values[i].option->name;
        if (strncmp(have, name, n) != 0)
            continue;
        if (have[n] == '\0')
            return &o->values[i];
        hit = &o->values[i];
        hits++;
    }
    if (hits == 0)
        eae_usage("unknown option --%.*s", (int)n, name);
    if (hits > 1)
        eae_usage("--%.*s could be several options", (int)n, name);
    return hit;
}

static value *find_short(eae_options *o, char c)
{
    if (c == '@')
        c = 't'; /* as samtools writes it */
    for (int i = 0; i < o->count; i++) {
        if (o->values[i].option->shortcut == c)
            return &o->values[i];
    }
    eae_usage("unknown option -%c", c);
}

/* ---- checking one value ----------------------------------------------------------------- */

/* Is x inside "lo:hi", "(lo:hi]", "lo:", ...? */
static bool in_range(const char *range, double x)
{
    if (!range)
        return true;
    const char *p = range;
    bool open_low = *p == '(';
    if (*p == '(' || *p == '[')
        p++;
    const char *colon = strchr(p, ':');
    if (!colon)
        eae_bug("range '%s' has no ':'", range);
    if (colon > p) {
        double low = strtod(p, NULL);
        if (open_low ? x <= low : x < low)
            return false;
    }
    size_t n = strlen(colon + 1);
    if (n > 0 && colon[1] != ')' && colon[1] != ']') {
        double high = strtod(colon + 1, NULL);
        bool open_high = colon[n] == ')';
        if (open_high ? x >= high : x > high)
            return false;
    }
    return true;
}

/* "(0:1]" as a person says it: "above 0, at most 1". Returns `words`. */
static const char *range_words(const char *range, char words[RANGE_WORDS])
{
    const char *low = range + (*range == '(' || *range == '[');
    int low_length = (int)strcspn(low, ":");
    const char *high = low + low_length + 1;
    int high_length = (int)strcspn(high, ")]");
    bool open_low = *range == '(', open_high = high[high_length] == ')';
    if (high_length == 0)
        snprintf(words, RANGE_WORDS, open_low ? "above %.*s" : "%.*s or more", low_length, low);
    else if (low_length == 0)
        snprintf(words, RANGE_WORDS, open_high ? "below %.*s" : "%.*s or less", high_length, high);
    else if (!open_low && !open_high)
        snprintf(words, RANGE_WORDS, "%.*s to %.*s", low_length, low, high_length, high);
    else
        snprintf(words, RANGE_WORDS, "%s %.*s, %s %.*s", open_low ? "above" : "at least",
                 low_length, low, open_high ? "below" : "at most", high_length, high);
    return words;
}

static bool is_choice(const char *range, const char *text, int *position)
{
    size_t n = strlen(text);
    int i = 0;
    for (const char *p = range; p; i++) {
        const char *bar = strchr(p, '|');
        size_t m = bar ? (size_t)(bar - p) : strlen(p);
        if (m == n && memcmp(p, text, n) == 0) {
            *position = i;
            return true;
        }
        p = bar ? bar + 1 : NULL;
    }
    return false;
}

static void check_number(const eae_option *p, const char *text, size_t n)
{
    double x;
    int64_t integer;
    bool ok = eae_parse_double(text, n, &x);
    if (p->type == EAE_OPT_INT)
        ok = eae_parse_int(text, n, &integer);
    if (!ok)
        eae_usage("--%s: not %s: '%.*s'", p->name,
                  p->type == EAE_OPT_INT ? "a whole number" : "a number", (int)n, text);
    if (p->type == EAE_OPT_INT)
        x = (double)integer;
    if (!in_range(p->range, x)) {
        char words[RANGE_WORDS];
        eae_usage("--%s: %.*s is out of range (%s)", p->name, (int)n, text,
                  range_words(p->range, words));
    }
}

static void split_words(value *v)
{
    for (const char *p = v->text; p;) {
        const char *comma = strchr(p, ',');
        size_t n = comma ? (size_t)(comma - p) : strlen(p);
        if (n == 0)
            eae_usage("--%s: an empty word in '%s'", v->option->name, v->text);
        if (v->option->type == EAE_OPT_REALS)
            check_number(v->option, p, n);
        eae_names_add(&v->words, p, n);
        p = comma ? comma + 1 : NULL;
    }
}

static void parse_reals(value *v)
{
    v->real_count = (int)v->words.count;
    v->reals = EAE_NEW_ARRAY(double, v->real_count);
    for (int i = 0; i < v->real_count; i++) {
        const char *word = eae_name(&v->words, i);
        eae_parse_double(word, strlen(word), &v->reals[i]);
    }
}

static void check_value(value *v)
{
    const eae_option *p = v->option;
    uint64_t bytes;
    int position;
    if (!v->text || (p->optional && !*v->text))
        return;
    switch (p->type) {
    case EAE_OPT_INT:
    case EAE_OPT_REAL:
        check_number(p, v->text, strlen(v->text));
        break;
    case EAE_OPT_SIZE:
        if (!eae_parse_size(v->text, &bytes))
            eae_usage("--%s: not a size: '%s' (a number, then K, M, G or T)", p->name, v->text);
        break;
    case EAE_OPT_CHOICE:
        if (!is_choice(p->range, v->text, &position))
            eae_usage("--%s: '%s' is not one of %s", p->name, v->text, p->range);
        break;
    case EAE_OPT_NAMES:
        split_words(v);
        break;
    case EAE_OPT_REALS:
        split_words(v);
        parse_reals(v);
        break;
    case EAE_OPT_FILE:
        if (!*v->text)
            eae_usage("--%s: an empty file name", p->name);
        break;
    case EAE_OPT_FLAG:
    case EAE_OPT_TEXT:
        break;
    }
}

static void check_conflicts(const eae_options *o)
{
    for (int i = 0; i < o->count; i++) {
        const value *v = &o->values[i];
        if (!v->given || !v->option->conflicts)
            continue;
        char *list = eae_strdup(v->option->conflicts);
        char *rest = NULL;
        for (char *w = strtok_r(list, ",", &rest); w; w = strtok_r(NULL, ",", &rest)) {
            if (find(o, w)->given)
                eae_usage("--%s and --%s exclude each other", v->option->name, w);
        }
        free(list);
    }
}

/* ---- the command line ------------------------------------------------------------------- */

static void give(value *v, const char *text)
{
    bool again = v->given && v->option->repeats;
    if (v->given && v->option->type != EAE_OPT_FLAG && !again && !v->option->many)
        eae_usage("--%s is given twice", v->option->name);
    if (v->option->many)
        eae_names_add(&v->words, text, strlen(text));
    char *joined = again ? eae_sprintf("%s,%s", v->text, text) : eae_strdup(text);
    v->given = true;
    free(v->text);
    v->text = joined;
}

/* Letters, digits and hyphens, then a sign: not a file in a folder, at least. */
static bool is_pair(const char *word)
{
    size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && word[0] != '-' && word[n] == '=';
}

/* Returns how many words of argv were used. */
static int take_long(eae_options *o, int left, char **argv)
{
    const char *name = argv[0] + 2;
    const char *equals = strchr(name, '=');
    value *v = find_long(o, name, equals ? (size_t)(equals - name) : strlen(name));
    if (v->option->type == EAE_OPT_FLAG) {
        if (equals)
            eae_usage("--%s takes no value", v->option->name);
        give(v, "1");
        return 1;
    }
    if (equals) {
        give(v, equals + 1);
        return 1;
    }
    if (v->option->pairs && left > 1 && is_pair(argv[1])) {
        give(v, argv[1]);
        return 2;
    }
    if (v->option->optional) {
        give(v, "");
        return 1;
    }
    if (left < 2)
        eae_usage("--%s needs a value", v->option->name);
    give(v, argv[1]);
    return 2;
}

static int take_short(eae_options *o, int left, char **argv)
{
    for (const char *p = argv[0] + 1; *p; p++) {
        value *v = find_short(o, *p);
        if (v->option->type == EAE_OPT_FLAG) {
            give(v, "1");
            continue;
        }
        if (p[1]) {
            give(v, p[1] == '=' ? p + 2 : p + 1);
            return 1;
        }
        if (left < 2)
            eae_usage("-%c needs a value", *p);
        give(v, argv[1]);
        return 2;
    }
    return 1;
}

static void take_all(eae_options *o, int argc, char **argv)
{
    o->operand = EAE_NEW_ARRAY(const char *, argc);
    bool options_end = false;
    for (int i = 1; i < argc;) {
        const char *word = argv[i];
        if (options_end || word[0] != '-' || word[1] == '\0') {
            o->operand[o->operand_count++] = word;
            options_end = options_end || o->program->prefix;
            i++;
        } else if (strcmp(word, "--") == 0) {
            options_end = true;
            i++;
        } else if (word[1] == '-') {
            i += take_long(o, argc - i, argv + i);
        } else {
            i += take_short(o, argc - i, argv + i);
        }
    }
}

void eae_options_parse(eae_options **out, const eae_program *program, int argc, char **argv)
{
    eae_mark_program();
    eae_diag_program(program->name);
    eae_files_hold_standard();
    eae_files_handle_signals();
    if (argc == 2 && strcmp(argv[1], "--dump-options") == 0)
        eae_help_dump(program);
    eae_options *o = new_options(program);
    take_all(o, argc, argv);
    if (eae_flag(o, "help"))
        eae_help_print(program);
    if (eae_flag(o, "version"))
        eae_help_version(program->name);
    for (int i = 0; i < o->count; i++)
        check_value(&o->values[i]);
    check_conflicts(o);
    if (o->operand_count < program->min_operands)
        eae_usage("missing operand: %s", program->operands);
    if (program->max_operands >= 0 && o->operand_count > program->max_operands)
        eae_usage("too many operands: '%s'", o->operand[program->max_operands]);
    if (eae_flag(o, "quiet"))
        eae_diag_loudness(EAE_QUIET);
    if (eae_flag(o, "verbose"))
        eae_diag_loudness(EAE_VERBOSE);
    *out = o;
}

void eae_options_free(eae_options *o)
{
    if (!o)
        return;
    for (int i = 0; i < o->count; i++) {
        free(o->values[i].text);
        free(o->values[i].reals);
        eae_names_free(&o->values[i].words);
    }
    free(o->values);
    free(o->operand);
    free(o);
}

/* ---- asking ----------------------------------------------------------------------------- */

bool eae_given(const eae_options *o, const char *name)
{
    return find(o, name)->given;
}

bool eae_flag(const eae_options *o, const char *name)
{
    const value *v = find(o, name);
    if (v->option->type != EAE_OPT_FLAG)
        eae_bug("--%s is not a flag", name);
    return v->given;
}

static const value *of_type(const eae_options *o, const char *name, eae_option_type type)
{
    const value *v = find(o, name);
    if (v->option->type != type)
        eae_bug("--%s is asked for as another type than it has", name);
    return v;
}

int64_t eae_opt_int(const eae_options *o, const char *name)
{
    const value *v = of_type(o, name, EAE_OPT_INT);
    int64_t x = 0;
    if (v->text && *v->text)
        eae_parse_int(v->text, strlen(v->text), &x);
    return x;
}

double eae_opt_real(const eae_options *o, const char *name)
{
    const value *v = of_type(o, name, EAE_OPT_REAL);
    double x = 0;
    if (v->text && *v->text)
        eae_parse_double(v->text, strlen(v->text), &x);
    return x;
}

uint64_t eae_opt_size(const eae_options *o, const char *name)
{
    const value *v = of_type(o, name, EAE_OPT_SIZE);
    uint64_t x = 0;
    if (v->text)
        eae_parse_size(v->text, &x);
    return x;
}

const char *eae_opt_text(const eae_options *o, const char *name)
{
    return find(o, name)->text;
}

int eae_opt_choice(const eae_options *o, const char *name)
{
    const value *v = of_type(o, name, EAE_OPT_CHOICE);
    int position = -1;
    if (v->text)
        is_choice(v->option->range, v->text, &position);
    return position;
}

const eae_names *eae_opt_names(const eae_options *o, const char *name)
{
    return &of_type(o, name, EAE_OPT_NAMES)->words;
}

const eae_names *eae_opt_each(const eae_options *o, const char *name)
{
    const value *v = find(o, name);
    if (!v->option->many)
        eae_bug("--%s cannot be given several times", name);
    return &v->words;
}

const double *eae_opt_reals(const eae_options *o, const char *name, int *count)
{
    const value *v = of_type(o, name, EAE_OPT_REALS);
    *count = v->real_count;
    return v->reals;
}

int eae_operand_count(const eae_options *o)
{
    return o->operand_count;
}

const char *eae_operand(const eae_options *o, int i)
{
    if (i < 0 || i >= o->operand_count)
        eae_bug("operand %d of %d", i, o->operand_count);
    return o->operand[i];
}

int eae_opt_threads(const eae_options *o)
{
    return eae_given(o, "threads") ? (int)eae_opt_int(o, "threads") : eae_threads_default();
}

uint64_t eae_opt_memory(const eae_options *o)
{
    return eae_given(o, "memory") ? eae_opt_size(o, "memory") : eae_memory_available() / 4 * 3;
}
