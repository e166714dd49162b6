/*
 * svm_gram.h - the Gram matrix of the training rows while features go one at a time.
 *
 *     K = G - Z'Z
 *
 * G (n x n) is what was loaded last, Z (pending x n) the features that went since then. Products
 * with K cost a pass over the rows asked for; K itself is formed only when somebody needs all of
 * it. One thread; fixed order of sums.
 */
#ifndef EAE_MODEL_SVM_GRAM_H
#define EAE_MODEL_SVM_GRAM_H

#include "kernels/kernels.h"

enum { EAE_SVM_GRAM_PENDING = 64 };

typedef struct eae_svm_gram {
    const eae_kernels *kernels;
    int64_t n;
    int64_t ld;      /* row stride of g, z and current: eae_features_stride(n) */
    double *g;       /* ld x ld, zeros beyond n */
    double *z;       /* EAE_SVM_GRAM_PENDING x ld */
    double *current; /* ld x ld */
    int64_t most;    /* max(n, EAE_SVM_GRAM_PENDING) */
    double *dot;     /* most + n */
    int64_t pending;
    bool formed;  /* current is K */
    double scale; /* the largest diagonal entry when it was loaded: rounding is relative to that */
} eae_svm_gram;

int eae_svm_gram_init(eae_svm_gram *gram, const eae_kernels *kernels, int64_t n);
void eae_svm_gram_free(eae_svm_gram *gram);
/* K = the leading n x n of `from` (row stride ld) */
void eae_svm_gram_load(eae_svm_gram *gram, const double *from, int64_t ld);
/* K -= z z', z n long; at most EAE_SVM_GRAM_PENDING times after a load. */
void eae_svm_gram_remove(eae_svm_gram *gram, const double *z);
/* out[k] = (K b)[list[k]], b n long; list NULL: 0 .. count-1 */
int eae_svm_gram_product(eae_svm_gram *gram, const int64_t *list, int64_t count, const double *b,
                         double *out);
/* out (n) = row i of K */
void eae_svm_gram_row(const eae_svm_gram *gram, int64_t i, double *out);
/* K as a matrix with row stride gram->ld, valid until the next change; NULL on failure. */
const double *eae_svm_gram_matrix(eae_svm_gram *gram);

#endif
