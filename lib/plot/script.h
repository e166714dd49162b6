/*
 * script.h - what a figure shows, as the head of a gnuplot script: variables, lists of names, and
 * blocks of data. A template (share/plot) then draws it.
 *
 * Names from the data never become code or markup. They are written between single quotes, where
 * gnuplot looks at nothing but the quote itself (that stands between double ones), and the style
 * switches off the marks of "enhanced" text; control characters and bytes that are not UTF-8 become
 * '?'. Data blocks hold numbers alone. Numbers are the shortest that read back to the same double,
 * NaN for missing.
 *
 * Single-threaded.
 */
#ifndef EAE_PLOT_SCRIPT_H
#define EAE_PLOT_SCRIPT_H

#include <stdint.h>

#include "base/memory.h"
#include "base/names.h"

typedef struct eae_script {
    eae_buffer text;
    int64_t cells; /* of the line of the block that is being written */
} eae_script;

void eae_script_free(eae_script *s);

/* A comment line, for people who look into the script. */
void eae_script_comment(eae_script *s, const char *text);
/* name = value */
void eae_script_number(eae_script *s, const char *name, double value);
void eae_script_text(eae_script *s, const char *name, const char *value);
/* name_n = count, and an array of that many (at least one) names, or numbers; for names also
 * name_width, the characters of the longest. */
void eae_script_names(eae_script *s, const char *name, const eae_names *names);
void eae_script_numbers(eae_script *s, const char *name, const double *value, int64_t count);

/* $name << EOD, cells line by line, EOD. An empty line begins another part (gnuplot's `index`
 * where it is doubled). */
void eae_script_block(eae_script *s, const char *name);
void eae_script_cell(eae_script *s, double value);
void eae_script_line(eae_script *s);
void eae_script_part(eae_script *s);
void eae_script_block_end(eae_script *s);

/* UTF-8 text that can be shown anywhere: control characters and wrong bytes are '?', and "]]>",
 * which XML does not take, is "]] >". Longer than `most` characters: the middle is left out for an
 * ellipsis; 0: no limit. Appends to b. */
void eae_plain_text(eae_buffer *b, const char *text, int most);
/* The same as a string; the caller frees. */
char *eae_short_text(const char *text, int most);
/* Characters (code points) in a UTF-8 text. */
int eae_text_width(const char *text);

#endif
