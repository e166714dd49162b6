/*
 * checkpoint.h - milestones of a long computation in a directory: named pieces that are whole or
 * not there.
 *
 * The directory belongs to one computation, which a text of lines `name value` describes; another
 * one is refused by the first line that differs. A piece carries a hash; one that is damaged (a
 * machine that stopped while writing) counts as not there. Several processes, such as the shards of
 * one computation, may share a directory. Functions may be called from several threads.
 */
#ifndef EAE_EVAL_CHECKPOINT_H
#define EAE_EVAL_CHECKPOINT_H

#include <stdbool.h>

#include "base/memory.h"

typedef struct eae_checkpoint eae_checkpoint;

/* Makes the directory where it is missing (its parent must be there). */
int eae_checkpoint_open(eae_checkpoint **checkpoint, const char *directory,
                        const char *description);
void eae_checkpoint_close(eae_checkpoint *checkpoint);

/* The bytes of a piece into *piece (empty before); *found is false where there is none. */
int eae_checkpoint_load(const eae_checkpoint *checkpoint, const char *name, eae_buffer *piece,
                        bool *found);
/* Replace it. */
int eae_checkpoint_store(eae_checkpoint *checkpoint, const char *name, const eae_buffer *piece);
void eae_checkpoint_remove(const eae_checkpoint *checkpoint, const char *name);

/* One function lists what a state consists of, for both ways: the bytes at p go to the end of
 * `to`, or come from `from`. What is not there stays as it was. */
typedef struct eae_bytes {
    eae_buffer *to;
    const eae_buffer *from;
    size_t at;
    bool short_of;
} eae_bytes;

void eae_bytes_exchange(eae_bytes *bytes, void *p, size_t n);
/* Was everything there, and nothing else? */
bool eae_bytes_all_read(const eae_bytes *bytes);

#endif
