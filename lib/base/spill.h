/*
 * spill.h - large memory that need not stay in memory: a mapped temporary file.
 *
 * The kernel writes its pages out when others need the room, so it counts as page cache, not as
 * anonymous memory. The space on disk is taken when it is opened: a full disk is an error then, and
 * no signal later.
 */
#ifndef EAE_BASE_SPILL_H
#define EAE_BASE_SPILL_H

#include <stddef.h>

typedef struct eae_spill {
    void *bytes; /* page-aligned, zero at first; NULL: not open */
    size_t size;
} eae_spill;

/* `dir` as for eae_temp_file(); `what` is for the message. */
int eae_spill_open(eae_spill *spill, size_t size, const char *dir, const char *what);
void eae_spill_close(eae_spill *spill);

#endif
