/*
 * svm_inverse.h - a symmetric inverse that changes by a rank at a time.
 *
 * M (n x n) stands for the inverse of a bordered system [H_SS E_S; E_S' 0] written at full size:
 * rows and columns of entries that are not in use are 0. Then everything that can happen to the
 * system is a symmetric rank-1 update of M (Sherman and Morrison 1950; the bordering and deflation
 * of Cauwenberghs and Poggio 2001, "Incremental and decremental support vector machine learning"):
 *
 *     H <- H - z z'      M <- M + u u' / (1 - z'u),   u = M z
 *     entry i leaves     M <- M - m m' / M_ii,        m = column i of M
 *     entry i comes in   M <- M + v v' / s            (svm_path.c)
 *
 * Updates are kept aside and added by one matrix product when there are EAE_INVERSE_PENDING of
 * them. Entries in use are given as an increasing list; entries outside it are 0 in every result,
 * whatever rounding has left there.
 *
 * One thread. Sums are in a fixed order; the bits depend on the sequence of calls alone.
 */
#ifndef EAE_MODEL_SVM_INVERSE_H
#define EAE_MODEL_SVM_INVERSE_H

#include "kernels/kernels.h"

enum { EAE_INVERSE_PENDING = 32 };

typedef struct eae_inverse {
    const eae_kernels *kernels;
    int64_t n;
    int64_t ld;       /* row stride of m and of u */
    double *m;        /* n x ld, zeros behind n: M without the updates kept aside */
    double *u;        /* EAE_INVERSE_PENDING x ld: vectors scaled by the root of |scale| */
    double *sign;     /* EAE_INVERSE_PENDING: 1 or -1 */
    double *signed_u; /* EAE_INVERSE_PENDING x n */
    int64_t most;     /* max(n, EAE_INVERSE_PENDING) */
    double *work;     /* most + n */
    int64_t pending;
} eae_inverse;

int eae_inverse_init(eae_inverse *inverse, const eae_kernels *kernels, int64_t n);
void eae_inverse_free(eae_inverse *inverse);
/* All 0, nothing kept aside: the caller then writes m, symmetric. */
void eae_inverse_clear(eae_inverse *inverse);
/* y (n) = M x; x (n) is 0 outside the list. */
int eae_inverse_product(eae_inverse *inverse, const int64_t *list, int64_t count, const double *x,
                        double *y);
/* y (n) = row i of M */
void eae_inverse_row(const eae_inverse *inverse, int64_t i, const int64_t *list, int64_t count,
                     double *y);
/* M += scale v v'; v (n) is 0 outside the list. */
int eae_inverse_update(eae_inverse *inverse, const int64_t *list, int64_t count, const double *v,
                       double scale);
/* Add what is kept aside; rows and columns outside the list become exactly 0. */
int eae_inverse_flush(eae_inverse *inverse, const int64_t *list, int64_t count);

#endif
