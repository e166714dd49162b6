/*
 * design.h - a numeric design matrix from annotations, for --covariates and --adjust.
 *
 * A numeric column is one term, itself, with its own name. A text column of L levels is L - 1 terms
 * `column=level`, 1 where the sample has that level and else 0 (treatment coding); levels are those
 * that occur when the design is learned, sorted by bytes, and the first is the reference. There is
 * no intercept among the terms.
 *
 * Learned once, a design applies to other data: the same levels make the same terms, and one that
 * was not there before is an error, as is a missing value.
 */
#ifndef EAE_MODEL_DESIGN_H
#define EAE_MODEL_DESIGN_H

#include "matrix/frame.h"

typedef struct eae_design_column {
    char *name;
    bool is_text;
    eae_names levels; /* sorted; none for a number */
    int64_t first;    /* its first term */
} eae_design_column;

typedef struct eae_design {
    eae_names terms; /* `age`, `sex=M`; in the order of the columns asked for */
    eae_design_column *column;
    int64_t columns;
} eae_design;

/* Fails where a column is not among the annotations (listing them), is named twice, or is the
 * outcome itself (label, time, status). Warns of a column that is the same in all samples. After a
 * failure *design is empty. */
int eae_design_learn(const eae_axis *samples, const eae_names *columns, eae_design *design);
void eae_design_free(eae_design *design);

/* out: samples->count x terms.count, row-major. Fails, naming sample and column, where a value is
 * missing or not finite or a level is unknown. */
int eae_design_apply(const eae_design *design, const eae_axis *samples, double *out);

#endif
