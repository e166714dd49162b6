/*
 * select.h - which size to go on with, from the performance at every size.
 */
#ifndef EAE_EVAL_SELECT_H
#define EAE_EVAL_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef enum eae_selection {
    EAE_SELECT_NONE,
    EAE_SELECT_BEST,   /* the best mean; among equal ones the fewest features */
    EAE_SELECT_ONE_SE, /* the fewest features within one standard error of the best mean */
    EAE_SELECT_SIZE    /* a size that is named */
} eae_selection;

/* "best", "1se", "size:N"; EAE_USAGE with a message. */
int eae_selection_parse(const char *text, eae_selection *selection, int64_t *size);

/* The position of the chosen one of `sizes` sizes, which decrease: figure[i * sizes + k] is that of
 * size k in split i, NaN where undefined; -1 if all are. `ratio` is that of test to training
 * samples, for the standard error of splits that share samples, sd sqrt(1/J + ratio) (Nadeau and
 * Bengio 2003). */
int64_t eae_select(eae_selection selection, const double *figure, int64_t splits, int64_t sizes,
                   bool higher_is_better, double ratio);

#endif
