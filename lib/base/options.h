/*
 * options.h - options are data: one table per program drives parsing, checking, --help, shell
 * completion, the history record and the test that man pages are complete.
 *
 *     static const eae_option options[] = {
 *         {.name = "kfold", .type = EAE_OPT_INT, .arg = "K", .range = "2:", .help = "K folds"},
 *         ...
 *         {0}
 *     };
 *     static const eae_program program = {.name = "eae-split", .groups = {{"Plan", options},
 *         EAE_GROUP_IMPORT, EAE_GROUP_COMMON}, ...};
 *
 *     eae_options *o;
 *     eae_options_parse(&o, &program, argc, argv);       (exits for --help, --version, mistakes)
 *     if (eae_given(o, "kfold")) k = eae_opt_int(o, "kfold");
 *
 * A program of several commands (eae-cache run, eae-cache ls) has a table for each: commands.h.
 *
 * Long options take "--name VALUE" or "--name=VALUE"; an unambiguous beginning of a name is enough.
 * Options and operands may be mixed; "--" ends options. Asking for a name that is not in the table
 * is a bug and aborts.
 */
#ifndef EAE_BASE_OPTIONS_H
#define EAE_BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/names.h"

typedef enum eae_option_type {
    EAE_OPT_FLAG,   /* present or not */
    EAE_OPT_INT,    /* range "lo:hi", either side may be empty */
    EAE_OPT_REAL,   /* the same; "(lo:hi)" excludes the ends, "(0:1]" one of them */
    EAE_OPT_SIZE,   /* bytes with K, M, G, T */
    EAE_OPT_TEXT,   /* anything */
    EAE_OPT_CHOICE, /* range "a|b|c" */
    EAE_OPT_NAMES,  /* comma-separated words */
    EAE_OPT_REALS,  /* comma-separated numbers, each inside range */
    EAE_OPT_FILE    /* a file name; the history has the hash of its bytes instead */
} eae_option_type;

typedef struct eae_option {
    const char *name;
    char shortcut;
    eae_option_type type;
    bool optional;         /* the value may be missing: "--head", "--head=N" (only with "=") */
    bool pairs;            /* optional, and also taken from the next word where it is KEY=... */
    bool repeats;          /* EAE_OPT_NAMES: may be given again, which adds to the list */
    bool quiet;            /* does not change the result: left out of the history */
    bool many;             /* may be given several times; texts and files only */
    bool writes;           /* names a file that is written */
    const char *arg;       /* name of the value in --help */
    const char *fallback;  /* default, as text; NULL = not given */
    const char *range;     /* see the types */
    const char *conflicts; /* comma-separated names that cannot be given with this one */
    const char *help;      /* one line, no full stop */
} eae_option;

typedef struct eae_option_group {
    const char *title;
    const eae_option *options; /* ends with .name == NULL */
} eae_option_group;

enum { EAE_GROUPS_MAX = 12 };

typedef struct eae_program {
    const char *name;
    const char *summary;  /* one line */
    const char *example;  /* printed first by --help; lines */
    const char *operands; /* as in the synopsis: "MODEL [FILE...]" */
    int min_operands;
    int max_operands; /* -1: any number */
    bool prefix;      /* the first operand ends the options: from there on it is another program's
                         command line */
    eae_option_group groups[EAE_GROUPS_MAX];
} eae_program;

/* -t -@ --seed --backend --memory --tmpdir -q -v --json --no-history -h --version and -o */
extern const eae_option eae_common_options[];
#define EAE_GROUP_COMMON \
    { \
        "Common", eae_common_options \
    }

typedef struct eae_options eae_options;

/* Parses, checks and applies -q -v. --help and --version print and exit 0; a mistake is reported
 * by eae_usage(), exit 2. */
void eae_options_parse(eae_options **o, const eae_program *program, int argc, char **argv);
void eae_options_free(eae_options *o);

bool eae_given(const eae_options *o, const char *name); /* on the command line */
bool eae_flag(const eae_options *o, const char *name);
int64_t eae_opt_int(const eae_options *o, const char *name);
double eae_opt_real(const eae_options *o, const char *name);
uint64_t eae_opt_size(const eae_options *o, const char *name);
/* The text of an option of any type; NULL when not given and without default. */
const char *eae_opt_text(const eae_options *o, const char *name);
/* The position of the choice within its range: "none|all|fold" -> 0, 1, 2. */
int eae_opt_choice(const eae_options *o, const char *name);
/* The words of EAE_OPT_NAMES, the numbers of EAE_OPT_REALS; owned by `o`. */
const eae_names *eae_opt_names(const eae_options *o, const char *name);
/* All values of an option that may be given several times, as they came; owned by `o`. */
const eae_names *eae_opt_each(const eae_options *o, const char *name);
const double *eae_opt_reals(const eae_options *o, const char *name, int *count);

int eae_operand_count(const eae_options *o);
const char *eae_operand(const eae_options *o, int i);

/* --threads, or the default of threads.h. */
int eae_opt_threads(const eae_options *o);
/* --memory, or 3/4 of what is available. */
uint64_t eae_opt_memory(const eae_options *o);

/* The command line as it goes into the history: given options that change the result, in table
 * order, by long name; operands that are not files (the first `keep_operands`). The value of an
 * option whose `arg` begins with FILE is the hash of that file, where it is one that can be read
 * again (of a list of FILES: of each); else the text of a list, or nothing. */
void eae_options_history(const eae_options *o, int keep_operands, eae_names *argv);

/* The options as rows for tests, completion and eae-cache ("--dump-options"): name, short, type,
 * arg, default, range, marks, command, help; tab-separated. Marks, with commas: optional pairs
 * quiet many writes. `command` is what goes into that column; "" for a program without commands. */
void eae_options_dump(const eae_program *program, const char *command, eae_buffer *out);

#endif
