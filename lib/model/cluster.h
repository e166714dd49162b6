/*
 * cluster.h - an order of rows in which those that are alike stand together: hierarchical
 * clustering by average linkage.
 *
 * The distance of two rows is Euclidean. The two nearest clusters are joined, over and over, found
 * as chains of nearest neighbours (Murtagh 1983), in O(n^2 p + n^2) time and n^2 / 2 doubles; of
 * equal distances the lower number counts. The order is that of the leaves: of two clusters that
 * are joined, the one with the smaller mean of its rows' own means stands first. Deterministic; one
 * thread.
 */
#ifndef EAE_MODEL_CLUSTER_H
#define EAE_MODEL_CLUSTER_H

#include <stdint.h>

#include "base/status.h"

/* x: n x p, row-major, finite; order[0..n-1]: row numbers. Fails where memory lacks. */
int eae_cluster_order(const double *x, int64_t n, int64_t p, int64_t *order);

#endif
