/*
 * principal.h - principal components of samples, through their Gram matrix.
 *
 * With Z the centred (and, if asked for, standardised: population sd, constant features as they
 * are) data, n x p, the eigenvectors u_k of Z Z' with eigenvalues l_k give the scores
 * u_k sqrt(l_k) = Z v_k of component k, and l_k / trace(Z Z') is its share of the variance: the
 * same as by the singular value decomposition of Z, in O(n^2 p + n^3). Products of large data are
 * those of the kernels in f32 (kernels.h), sums in f64. Each component is signed so that its
 * largest score (the first of equals) is positive.
 *
 * All rows are seen; no label is. Deterministic, the same for any number of threads.
 */
#ifndef EAE_MODEL_PRINCIPAL_H
#define EAE_MODEL_PRINCIPAL_H

#include "model/prepare.h"

/* score: rows x k, row-major; share: k. Components beyond the rank have scores 0 and share 0.
 * Fails where values are missing or not finite, for fewer than two rows, where nothing varies, and
 * where memory lacks. */
int eae_principal(const eae_dataset *d, bool standardise, int64_t k, double *score, double *share,
                  int threads);

#endif
