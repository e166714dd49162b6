/*
 * program.h - which program a word stands for, and what tells it from others.
 *
 * A program of eAE is known by its build id and those of the plugins beside it, and eae-plot by the
 * contents of its templates and of gnuplot as well; any other by the content of its file, and where
 * that is a script by the content of the interpreter in its first line as well, and of what env(1)
 * looks for there. Shared libraries are not looked at.
 */
#ifndef EAE_CACHE_PROGRAM_H
#define EAE_CACHE_PROGRAM_H

#include "base/mark.h"
#include "cache/store.h"

typedef struct eae_program_file {
    char *path; /* real path */
    eae_marks marks;
    eae_buffer lines; /* identity lines of a request */
    char *id;         /* build id, or content hash: names what is remembered about it */
} eae_program_file;

int eae_program_find(eae_program_file *p, const eae_store *s, const char *word);
void eae_program_free(eae_program_file *p);

#endif
