/*
 * merge.h - frames of one kind with the same columns become one frame with the rows of all.
 */
#ifndef EAE_MATRIX_MERGE_H
#define EAE_MATRIX_MERGE_H

#include "matrix/frame.h"

typedef struct eae_member {
    eae_frame *frame;
    int same_columns;   /* number of an earlier member known to have the same columns, or -1 */
    const char *source; /* where it came from, for messages */
} eae_member;

/* Merge by the rule of stream.h. The first member of each group becomes the merged frame; the
 * others are freed and NULL. On failure every frame that is left is still the caller's. */
int eae_merge_members(eae_member *member, int count);
/* Append the rows of the frames (all of the same columns, col[i] gives those of from[i] in the
 * order of from[0], NULL: as they are) below from[0] into a new frame, without column axis. */
int eae_merge_rows(const eae_member *from, int64_t *const *col, int n, eae_frame **merged);
/* Classes of two label dictionaries in one order; fails when the orders contradict each other. */
int eae_merge_classes(eae_names *to, const eae_names *from);

#endif
