/*
 * gram_internal.h - what the learners of gram_fit.h share; not for other modules.
 *
 * Border: the unpenalised columns of a problem, E (n x terms, row-major): a column of ones for a
 * free intercept, then the covariates. Every learner's dual has E' beta = 0.
 *
 * Quadratic program (eae_qp), the dual of the support vector machine in beta:
 *
 *     minimise 1/2 b' H b - p' b    subject to  E' b = 0,  lo <= b <= hi
 *
 * Stationarity: g + E lambda = mu, g = H b - p, where mu is 0 on free entries, >= 0 at lo, <= 0 at
 * hi; lambda is (intercept, gamma). Three methods on it: active set, SMO, interior point.
 */
#ifndef EAE_MODEL_GRAM_INTERNAL_H
#define EAE_MODEL_GRAM_INTERNAL_H

#include "model/gram_fit.h"

/* A sum of products in one fixed order (eight partial sums). */
double eae_gram_dot(const double *a, const double *b, int64_t n);
/* y (n) = A x, A n x n symmetric with row stride ld; rows whose x is 0 are not read. */
void eae_gram_product(const double *a, int64_t ld, int64_t n, const double *x, double *y);

/* Number of columns of the border, and the border itself (n x that). `free_bias`: with ones. */
int64_t eae_gram_border_terms(const eae_gram_problem *problem, bool free_bias);
void eae_gram_border(const eae_gram_problem *problem, bool free_bias, double *e);
/* f += E lambda */
void eae_gram_border_add(const double *e, int64_t n, int64_t terms, const double *lambda,
                         double *f);
/* out (terms) = E' b */
void eae_gram_border_sum(const double *e, int64_t n, int64_t terms, const double *b, double *out);
/* Intercept and gamma into and out of one vector of border coefficients. */
void eae_gram_border_get(const eae_gram_fit *fit, int64_t terms, bool free_bias, double *lambda);
void eae_gram_border_set(eae_gram_fit *fit, int64_t terms, bool free_bias, const double *lambda);

/* Lower Cholesky factor in place; own loops where the matrix is small. EAE_FAIL if not positive
 * definite. *pivot (may be NULL): smallest over largest squared diagonal of the factor. */
int eae_gram_cholesky(const eae_kernels *kernels, double *a, int64_t n, double *pivot);
/* Solve with that factor, one right-hand side, in place. */
void eae_gram_solve(const double *factor, int64_t n, double *x);
/* Solve a x = b (a n x n, b n x k) by elimination with partial pivoting; both are destroyed, b
 * becomes x. A pivot not above `tolerance` times the largest entry of its column counts as 0, and
 * so does its unknown. For tiny systems and for the references. */
void eae_gram_eliminate(double *a, int64_t n, double *b, int64_t k, double tolerance);

/* Pivoted Cholesky: l (n x most, row-major), gram = l l' but for a rest whose diagonal is at most
 * `limit` times gram's largest. The rank, columns of l in use; 0 where it would be more than
 * `most`. (Harbrecht, Peters and Schneider 2012, algorithm 1.) */
int64_t eae_gram_factor_low(const double *gram, int64_t ld, int64_t n, int64_t most, double limit,
                            double *l);

/* Solve [A E; E' 0] [x; lambda] = [r; s] with the factor of A (m x m) and E m x terms. work holds
 * (terms + 1) * m + terms * (terms + 1) doubles. */
void eae_gram_bordered(const double *factor, int64_t m, const double *e, int64_t terms,
                       const double *r, const double *s, double *x, double *lambda, double *work);

/* (primal - dual) / max(|primal|, tiny), never negative. */
double eae_gram_relative_gap(double difference, double primal);
/* a log(a / p), exact where a is near p; 0 at a <= 0 */
double eae_gram_entropy(double a, double p);

typedef struct eae_qp {
    const eae_kernels *kernels;
    int64_t n;
    const double *h;
    int64_t ld;
    const double *p;
    const double *lo; /* may be -inf */
    const double *hi; /* may be inf */
    const double *e;  /* n x terms */
    int64_t terms;
} eae_qp;

typedef enum eae_qp_state { EAE_QP_FREE = 0, EAE_QP_LOW = -1, EAE_QP_HIGH = 1 } eae_qp_state;

typedef struct eae_qp_work {
    double *matrix; /* n x n: the factor */
    double *vector; /* everything else */
    int64_t *list;  /* n */
    int8_t *state;  /* n */
    double ridge;   /* relative, on the diagonal of the factor only; 0: refuse singular matrices */
    int64_t iterations;
} eae_qp_work;

int eae_qp_work_init(eae_qp_work *work, int64_t n, int64_t terms);
void eae_qp_work_free(eae_qp_work *work);

/* States as the values of b say: at a bound or between. */
void eae_qp_states(const eae_qp *qp, const double *b, int8_t *state);

/* Block principal pivoting from work->state (Judice and Pires 1994): at most max_iter
 * factorisations. True: b (in the box), lambda and g = H b - p are the solution to rounding, and
 * work->state its states. False: b, lambda and g are undefined. */
bool eae_qp_active_set(const eae_qp *qp, eae_qp_work *work, int64_t max_iter, double *b,
                       double *lambda, double *g);

/* Pairwise updates (terms = 1, E of ones) or single ones (terms = 0) from a feasible b until the
 * largest violation is below eps or max_iter updates are done; g is kept. Returns the violation. */
double eae_qp_smo(const eae_qp *qp, double eps, int64_t max_iter, double *b, double *g,
                  int64_t *iterations);

/* Primal-dual interior point (Mehrotra); b strictly inside the box, E' b = 0 to rounding; states
 * are guessed in work->state. False where a factorisation failed before any progress. */
bool eae_qp_interior(const eae_qp *qp, eae_qp_work *work, double *b, double *lambda, double *g);

#endif
