/*
 * diag.h - five words for trouble, all on stderr, each line begun by the program's name.
 *
 *     eae_die    cannot go on: message, temporary files removed, exit 1
 *     eae_usage  wrong command line: message and "Try '<program> --help'", exit 2
 *     eae_warn   the result stands, but the user should know        (not with -q)
 *     eae_note   what was decided on the user's behalf              (not with -q)
 *     eae_detail what the program is doing and why                  (only with -v)
 *     eae_bug    an assertion about ourselves failed: message, abort
 *
 * The library calls warn, note, detail and bug; die and usage belong to the programs (and to
 * memory.c). Nothing is ever coloured: stderr ends up in log files.
 */
#ifndef EAE_BASE_DIAG_H
#define EAE_BASE_DIAG_H

#include <stdbool.h>

#include "base/status.h"

typedef enum { EAE_QUIET, EAE_NORMAL, EAE_VERBOSE } eae_loudness;

void eae_diag_program(const char *name); /* kept by reference */
const char *eae_diag_program_name(void);
void eae_diag_loudness(eae_loudness loudness);
bool eae_diag_verbose(void);
bool eae_diag_quiet(void);

_Noreturn void eae_die(const char *fmt, ...) EAE_PRINTF(1, 2);
_Noreturn void eae_usage(const char *fmt, ...) EAE_PRINTF(1, 2);
void eae_warn(const char *fmt, ...) EAE_PRINTF(1, 2);
void eae_note(const char *fmt, ...) EAE_PRINTF(1, 2);
void eae_detail(const char *fmt, ...) EAE_PRINTF(1, 2);
_Noreturn void eae_bug(const char *fmt, ...) EAE_PRINTF(1, 2);

/* Leave with `status` after a failed library call: prints eae_message() the right way. */
_Noreturn void eae_die_status(int status);

/* End by that signal, as a child has: it has left a core, if one was wanted. */
_Noreturn void eae_die_signal(int signal);

#endif
