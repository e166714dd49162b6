/*
 * als.h - low-rank completion of a matrix by alternating least squares.
 *
 * X (n x p) is known at the entries O; rows u_i (n x K) and v_j (p x K) minimise
 *
 *     1/2 sum_(i,j in O) c_i (x_ij - u_i'v_j)^2 + lambda/2 (sum_i c_i p_i |u_i|^2 + sum_j m_j
 * |v_j|^2)
 *
 * where c_i is how often row i counts, p_i the number of entries known in row i and m_j = sum of
 * c_i over the rows that know column j: the weighted-lambda penalty of Zhou, Wilkinson, Schreiber
 * and Pan (2008), "Large-scale parallel collaborative filtering for the Netflix prize". So lambda
 * does not depend on the size of X or on how much of it is known: it is in units of the mean square
 * of an entry.
 *
 * Method: given v every u_i is the solution of a K x K ridge system, and the other way round; each
 * half step minimises the objective over one block of variables. For a line with few gaps the
 * system is that of all lines less the gaps'. Between two iterations v goes on in the direction of
 * its last change (Nesterov's momentum, restarted; Mitchell, Ye and De Sterck 2020), unless that
 * would raise the objective: it never rises. The minimum need not be unique, and where K is small
 * it need not be global; the start (Philox, keyed by seed and column) decides which one is found.
 *
 * Everything is f64 and deterministic: bits do not depend on `threads`.
 */
#ifndef EAE_MODEL_ALS_H
#define EAE_MODEL_ALS_H

#include "kernels/kernels.h"

typedef struct eae_als_problem {
    const eae_kernels *kernels;
    double *x; /* n x p, row-major; NaN: not known. On return 0 stands there */
    int64_t n;
    int64_t p;
    const double *count; /* n: > 0; NULL: every row once */
    int64_t rank;        /* K >= 1 */
    double lambda;       /* > 0 */
    double tol;          /* of the gradient, see below */
    int64_t max_iter;    /* of both half steps together; 0: a generous default */
    uint64_t seed;
    int threads;
    double *trace; /* max_iter: the objective at the beginning of each iteration; or NULL */
} eae_als_problem;

typedef struct eae_als {
    const eae_kernels *kernels;
    int64_t n, p, rank;
    double lambda;
    double *u; /* n x rank: exact for v */
    double *v; /* p x rank */
    double objective;
    double
        gap; /* norm of the gradient over all u, relative to that at u = 0, before the last step */
    int64_t iterations;
    bool converged; /* gap <= tol */
} eae_als;

/* Fails only for want of memory, or where lambda is too small for the systems to be solved. A line
 * without known entries gets zeros. */
int eae_als_fit(const eae_als_problem *problem, eae_als *als);
void eae_als_free(eae_als *als);

/* Rows that took no part: for each of the m rows of x (m x p, as in the problem, NaN replaced by 0
 * too) the u (m x rank) that is best for the factors v. */
int eae_als_rows(const eae_als *als, double *x, int64_t m, double *u, int threads);

/* u'v */
static inline double eae_als_entry(const eae_als *als, const double *u, int64_t column)
{
    double sum = 0;
    for (int64_t k = 0; k < als->rank; k++)
        sum += u[k] * als->v[column * als->rank + k];
    return sum;
}

#endif
