/*
 * mark.h - what a program file says of itself: its build id, and that it is a program of eAE.
 *
 * Both are ELF notes. The build id is the linker's hash of what it linked; it tells builds apart
 * and stays when debugging information is stripped. Every program that parses its options by
 * options.h has a note of the name "eAE", so that it can be asked for its option table
 * (--dump-options) without the risk of starting anything else.
 */
#ifndef EAE_BASE_MARK_H
#define EAE_BASE_MARK_H

#include <stdbool.h>
#include <stddef.h>

enum { EAE_BUILD_ID_TEXT = 2 * 64 + 1 };

typedef struct eae_marks {
    bool ours;                        /* it has the note of eAE */
    char build_id[EAE_BUILD_ID_TEXT]; /* hexadecimal; "" if there is none */
} eae_marks;

/* Of an open file, whose position does not change. All false for what is no ELF file of this
 * machine's kind, or is damaged. */
eae_marks eae_marks_read(int fd);

/* Keeps the note in the program; called by options.c. */
void eae_mark_program(void);

#endif
