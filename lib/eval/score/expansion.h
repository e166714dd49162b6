/*
 * expansion.h - a kernel machine read from a model frame: sum_s coefficient_s k(vector_s, z).
 *
 * The `support` rows of a model follow its row of part `weights` (eae-matrix(5)).
 */
#ifndef EAE_EVAL_EXPANSION_H
#define EAE_EVAL_EXPANSION_H

#include "matrix/frame.h"
#include "model/svm_kernel.h"

typedef struct eae_expansion {
    eae_svm_kernel kernel;
    double gamma;
    int degree;
    int64_t count;       /* vectors; 0: the model is none of a kernel */
    int64_t width;       /* columns that are looked at */
    double *coefficient; /* count */
    double *vector;      /* count x width */
    double *square;      /* count: squared norms */
} eae_expansion;

/* Does that row of part `weights` have vectors? */
bool eae_expansion_follows(const eae_frame *models, int64_t weights);
/* The vectors of that row, in the columns listed; an empty one where there are none. Fails (with
 * `name`, where the models came from) where the rows do not say which kernel, or an unknown one. */
int eae_expansion_read(const eae_frame *models, int64_t weights, const int64_t *column,
                       int64_t width, const char *name, eae_expansion *expansion);
void eae_expansion_free(eae_expansion *expansion);

/* z: width values. Sums are made in the order of the rows and columns. */
double eae_expansion_value(const eae_expansion *expansion, const double *z);

#endif
