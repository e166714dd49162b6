/*
 * shards.h - what the shards of one program wrote, one behind the other, becomes what the program
 * would have written as a whole.
 *
 * Streams are merged by the rules of stream.h and keep their histories, to which nothing is added.
 * Reports lose the header line that all parts repeat. Other text stands as it is.
 */
#ifndef EAE_MATRIX_SHARDS_H
#define EAE_MATRIX_SHARDS_H

#include "matrix/stream.h"

/* Parts of an open regular file: part i begins where part i - 1 ends, at end[i - 1]. `path`: where
 * the whole goes ("-" or NULL: standard output). */
int eae_merge_shards(int fd, const uint64_t *end, int64_t parts, const char *path,
                     const eae_read_options *options);

#endif
