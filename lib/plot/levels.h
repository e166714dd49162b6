/*
 * levels.h - an annotation as colours or marks: levels with names, or a number on a scale.
 *
 * Text has the levels of its dictionary that occur (labels: negative class first); whole numbers of
 * at most EAE_LEVELS_MAX different values are levels in their order; other numbers are a scale.
 */
#ifndef EAE_PLOT_LEVELS_H
#define EAE_PLOT_LEVELS_H

#include "matrix/frame.h"

enum { EAE_LEVELS_MAX = 8 };

typedef struct eae_levels {
    bool scale;     /* a number: value[]; else code[] */
    int count;      /* levels */
    eae_names name; /* count */
    int32_t *code;  /* 0 .. count-1, -1 missing; all 0 where there is no annotation */
    double *value;
} eae_levels;

/* `column` NULL: one level for all. Fails for a column that is not there (listing those that
 * are), and for more than EAE_LEVELS_MAX levels; `option` is for messages. With
 * `discrete` a scale is an error too. */
int eae_levels_make(eae_levels *levels, const eae_axis *axis, const char *column,
                    const char *option, bool discrete);
void eae_levels_free(eae_levels *levels);

#endif
