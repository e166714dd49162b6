/*
 * request.h - all that a result depends on, as canonical text; its hash is the key.
 *
 *     eae-cache request 1
 *     program eae-rfe
 *     identity build-id:5f0c...
 *     option --step=1%
 *     operand svm
 *     file expr.eae 7d1b... 26843545
 *     env EAE_X 1
 *     stdin 99aa06d3014798d86001c324468d497f 0
 *
 * A line is the name of a part and its words, as escape.h writes them; equal requests have equal
 * text, and requests that differ in anything that may matter have different text.
 */
#ifndef EAE_CACHE_REQUEST_H
#define EAE_CACHE_REQUEST_H

#include "base/names.h"
#include "cache/store.h"

typedef struct eae_request {
    eae_buffer text;
    eae_names seen;    /* words of the command that were looked at as names of files */
    eae_names state;   /* what each of them was: compared after the command has run */
    char *uncacheable; /* why there can be no key: an argument is a pipe; NULL: there can */
    bool ours;         /* the program is one of eAE */
    bool quiet;        /* and got -q */
} eae_request;

/* What a program outside of this layer has to say. */
typedef struct eae_request_help {
    /* The answer of PROGRAM --dump-options, appended. */
    int (*options)(void *context, const char *program, eae_buffer *dump);
    /* Backend, instruction set, BLAS and its core type, as one line: asked once, and remembered. */
    int (*identity)(void *context, eae_buffer *text);
    void *context;
} eae_request_help;

typedef struct eae_command_line {
    const eae_names *words;  /* program and arguments */
    const eae_names *inputs; /* files that the words do not show; or NULL */
    const eae_names *env;    /* variables that count besides those that always do; or NULL */
    int input;               /* standard input, a regular file from its present offset; -1: none */
    const eae_hash *input_hash; /* its hash and size where they are known; or NULL */
    uint64_t input_size;
} eae_command_line;

/* EAE_FAIL: program or input cannot be found or read. EAE_USAGE: the command writes a file itself
 * (-o), which a hit would not. */
int eae_request_make(eae_request *r, const eae_store *s, const eae_command_line *line,
                     const eae_request_help *help);
/* Of a name given by the user, with the contents of files. */
int eae_request_named(eae_request *r, const eae_store *s, const char *name,
                      const eae_names *inputs);
eae_hash eae_request_key(const eae_request *r);
/* Is every word of the command still what it was? If not: EAE_FAIL, which says what was changed or
 * made meanwhile. */
int eae_request_unchanged(const eae_request *r);
void eae_request_free(eae_request *r);

/* One line more: part, then n words. */
void eae_request_line(eae_buffer *text, const char *part, const char *const *words, int n);

#endif
