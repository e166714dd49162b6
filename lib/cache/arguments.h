/*
 * arguments.h - a command line of eAE in canonical form, by what --dump-options says of the
 * program.
 *
 * Options are written by their long names with "=", in the order of the table; operands follow in
 * their own order. "-C1 --st 5 x.eae" and "x.eae --step=5 -C 1" become the same. What does not
 * change the result (-t, -q, -v, --memory, --tmpdir) is left out. Defaults are not filled in: some
 * options mean something by being given.
 */
#ifndef EAE_CACHE_ARGUMENTS_H
#define EAE_CACHE_ARGUMENTS_H

#include <stdbool.h>

#include "base/memory.h"
#include "base/names.h"

typedef struct eae_arguments {
    eae_names options; /* "--step=1%", "--final" */
    eae_names operands;
    bool quiet; /* -q was given */
} eae_arguments;

/* `words` from the second on. EAE_MISS, and nothing in *a, where the table cannot read them (it has
 * commands, or the program will refuse them): they then count as they are. EAE_USAGE where an
 * option names a file that is written. */
int eae_arguments_read(eae_arguments *a, const char *table, const eae_names *words);
void eae_arguments_free(eae_arguments *a);

#endif
