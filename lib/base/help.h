/* help.h - the texts made from an option table; used by options.c and commands.c only. */
#ifndef EAE_BASE_HELP_H
#define EAE_BASE_HELP_H

#include "base/commands.h"

#define EAE_VERSION "0.1.0"

_Noreturn void eae_help_print(const eae_program *program);
_Noreturn void eae_help_version(const char *name);
_Noreturn void eae_help_dump(const eae_program *program);
_Noreturn void eae_help_commands(const eae_suite *suite);
_Noreturn void eae_help_dump_commands(const eae_suite *suite);

#endif
