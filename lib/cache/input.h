/*
 * input.h - standard input of a command whose key comes before it runs.
 *
 * A regular file stays what it is: it is hashed, and the command reads it. A pipe can be read only
 * once, so it goes into a temporary file, hashed on the way, which takes its place. A terminal or
 * another device is not asked: the command gets an empty input.
 */
#ifndef EAE_CACHE_INPUT_H
#define EAE_CACHE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

typedef struct eae_input {
    bool none;    /* /dev/null is now standard input */
    bool spooled; /* hash and size are set */
    eae_hash hash;
    uint64_t size;
} eae_input;

/* `empty`: whatever it is, the command is not to read it. `tmpdir` as for eae_temp_file(). */
int eae_input_take(eae_input *in, bool empty, const char *tmpdir);

#endif
