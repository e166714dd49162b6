/* transform_inside.h - what the files of transform.h share; for them alone. */
#ifndef EAE_MATRIX_TRANSFORM_INSIDE_H
#define EAE_MATRIX_TRANSFORM_INSIDE_H

#include "matrix/frame.h"

/* Private memory of type f32 or f64. */
int eae_transform_own(eae_frame *f);
/* Row i as doubles, and back. */
void eae_row_load(const eae_frame *f, int64_t i, double *x);
void eae_row_store(eae_frame *f, int64_t i, const double *x);
/* "sample 's1', feature 'f7'", or by number where there are no names. The caller frees. */
char *eae_cell_text(const eae_frame *f, int64_t i, int64_t j);

/* A value and where it came from. */
typedef struct eae_ranked {
    double value;
    int64_t index;
} eae_ranked;
/* Sort by value, stable; NaN is not allowed, -0 counts as 0. scratch: n more elements. */
void eae_sort_ranked(eae_ranked *a, eae_ranked *scratch, int64_t n);

#endif
