/* help.h - the texts made from an option table; used by options.c only. */
#ifndef EAE_BASE_HELP_H
#define EAE_BASE_HELP_H

#include "base/options.h"

#define EAE_VERSION "0.1.0"

_Noreturn void eae_help_print(const eae_program *program);
_Noreturn void eae_help_version(const eae_program *program);
_Noreturn void eae_help_dump(const eae_program *program);

#endif
