/*
 * sparse_parts.h - what the files behind sparse.h share; not for others.
 *
 *     sparse.c        the path: working sets, Newton steps, certificate
 *     sparse_loss.c   the losses: residuals, Hessians, objectives
 *     sparse_softmax.c  the same of the softmax loss
 *     sparse_base.c   covariates and intercept
 *     sparse_values.c values of features: columns, products with all, norms
 *     sparse_pool.c   features: exact columns of the promising ones, bounds for all others
 *     sparse_lasso.c  the quadratic model: weighted lasso on a working set
 *
 * A problem has `sides` weights for each feature: one, or one per class. Vectors over samples
 * (f, r, the dual point) have m = sides n entries, side by side for each side; weights and values
 * of a feature lie together, [feature][side]. Vectors that the Hessian's factor R' is applied to
 * have `bent` entries: n, or (classes - 1) n.
 */
#ifndef EAE_MODEL_SPARSE_PARTS_H
#define EAE_MODEL_SPARSE_PARTS_H

#include "model/sparse.h"

static inline int64_t eae_sparse_sides(const eae_sparse_problem *p)
{
    return p->classes > 0 ? p->classes : 1;
}

static inline int64_t eae_sparse_bent(const eae_sparse_problem *p)
{
    return p->classes > 0 ? (p->classes - 1) * p->n : p->n;
}

/* One fixed order of additions, whatever the instruction set. */
double eae_sparse_dot(const double *a, const double *b, int64_t n);
void eae_sparse_add(double factor, const double *x, double *y, int64_t n); /* y += factor x */

/* ---- sparse_loss.c --------------------------------------------------------------------------- */

/* The loss of a problem, and the Hessian R R' of it in f, where it was last bent. */
typedef struct eae_sparse_loss {
    const eae_sparse_problem *p;
    double *root; /* bent: R, diagonal, or what softmax makes R of; not for cox */
    double *pi;   /* softmax, m: probabilities, and of the later classes together; else NULL */
    double scale; /* cox: 1 / total */
    eae_cox_point bent, point;
} eae_sparse_loss;

int eae_sparse_loss_open(eae_sparse_loss *l, const eae_sparse_problem *p);
void eae_sparse_loss_close(eae_sparse_loss *l);
double eae_sparse_value(eae_sparse_loss *l, const double *f);
/* r (m): minus the gradient in f; of a sum of rows -cost_i loss'(f_i) */
void eae_sparse_residual(eae_sparse_loss *l, const double *f, double *r);
/* The dual value of the augmented problem at the best scale s <= limit of (r, ridge), where
 * square = l2 |w|^2 is the dual's share of the ridge term, r and value those of f. */
double eae_sparse_dual(const eae_sparse_loss *l, const double *f, double value, const double *r,
                       double square, double limit);
/* The Hessian at f, kept away from 0. */
void eae_sparse_bend(eae_sparse_loss *l, const double *f);
void eae_sparse_bend_left(const eae_sparse_loss *l, const double *x, double *out);  /* R'x */
void eae_sparse_bend_solve(const eae_sparse_loss *l, const double *r, double *out); /* R^-1 r */
/* R'x of an x that is z (n) on one side and 0 on the others. */
void eae_sparse_bend_side(const eae_sparse_loss *l, int64_t side, const double *z, double *out);

/* ---- sparse_softmax.c ------------------------------------------------------------------------ */

/* What the functions above do, for p->classes > 0. */
void eae_sparse_softmax_open(eae_sparse_loss *l);
double eae_sparse_softmax_value(const eae_sparse_problem *p, const double *f);
void eae_sparse_softmax_residual(const eae_sparse_problem *p, const double *f, double *r);
double eae_sparse_softmax_entropy(const eae_sparse_problem *p, const double *r, double s);
void eae_sparse_softmax_bend(eae_sparse_loss *l, const double *f);
void eae_sparse_softmax_left(const eae_sparse_loss *l, const double *x, double *out);
void eae_sparse_softmax_solve(const eae_sparse_loss *l, const double *r, double *out);
void eae_sparse_softmax_side(const eae_sparse_loss *l, int64_t side, const double *z, double *out);
/* gram (count x count): Z'HZ less the part of its columns in the span of the border (terms
 * orthonormal rows of `bent`), for the weights set[k] of columns z (n each). norm: its diagonal,
 * 0 where the border explains a column. */
int eae_sparse_softmax_gram(const eae_sparse_loss *l, const double *z, const int64_t *set,
                            int64_t count, const double *border, int64_t terms, double *gram,
                            double *norm);
/* The median of a feature's weights (classes): less it, |w|_1 is least. */
double eae_sparse_softmax_median(const double *w, int64_t classes);

/* ---- sparse_base.c --------------------------------------------------------------------------- */

/* The best gamma and intercept (the last entry of base, which starts them) beside the offset, side
 * after side; f = offset + U base. There is no intercept beside a partial likelihood. */
typedef struct eae_sparse_base {
    eae_sparse_loss *loss;
    int64_t m;     /* sides x samples */
    int64_t terms; /* of all sides, with the intercept */
    double *u;     /* terms columns of m, the intercept last */
    double *scratch;
} eae_sparse_base;

int eae_sparse_base_open(eae_sparse_base *b, eae_sparse_loss *loss);
void eae_sparse_base_close(eae_sparse_base *b);
int eae_sparse_base_fit(eae_sparse_base *b, const double *offset, double *base, double *f);
/* step (terms, at least one): least squares of x on R'U. */
int eae_sparse_base_project(eae_sparse_base *b, const double *x, double *step);

/* ---- sparse_values.c ------------------------------------------------------------------------- */

/* norm (cols): (sum_i cost_i z_ij^2)^(1/2), rounded up; features that are not in use are left. */
int eae_sparse_norms(const eae_sparse_problem *p, double *norm);
/* out (sides x cols): z_j'r for every feature in use and every side. */
int eae_sparse_products(const eae_sparse_problem *p, const double *r, double *out);
/* The largest |v| (sides x cols) of the features in use; fails where one is not finite. */
int eae_sparse_largest(const eae_sparse_problem *p, const double *v, double *largest);
/* The same for some, value (count x sides); only with problem->features. */
int eae_sparse_some_products(const eae_sparse_problem *p, const double *r, const int64_t *feature,
                             int64_t count, double *value);
/* z (count x n): columns of these features, increasing. */
void eae_sparse_columns(const eae_sparse_problem *p, const int64_t *feature, int64_t count,
                        double *z);

/* ---- sparse_pool.c --------------------------------------------------------------------------- */

/* Columns of promising features, and for all features z_j'r at the last pass over the data. */
typedef struct eae_sparse_pool {
    const eae_sparse_problem *problem;
    int64_t n, cols, sides;
    int64_t features;  /* in use */
    double *reference; /* sides x cols: z_j'r at `at` */
    double *norm;      /* cols: (sum_i cost_i z_ij^2)^(1/2) */
    double *at;        /* m: r of the last pass */
    int64_t *where;    /* cols: index in the pool, or -1 */
    int64_t count, capacity;
    int64_t *feature; /* count */
    double *z;        /* count columns of n */
    double *w;        /* count x sides */
    double *v;        /* count x sides: z_j'r at the present r */
    int64_t passes;
} eae_sparse_pool;

int eae_sparse_pool_open(eae_sparse_pool *pool, const eae_sparse_problem *p);
void eae_sparse_pool_close(eae_sparse_pool *pool);
/* Features in use, increasing, with weights; before the first pass. */
int eae_sparse_pool_start(eae_sparse_pool *pool, const int64_t *feature, const double *weight,
                          int64_t count);
/* Exact values for all features at r; the pool keeps features with a weight and the largest |v|. */
int eae_sparse_pool_pass(eae_sparse_pool *pool, const double *r);
void eae_sparse_pool_values(eae_sparse_pool *pool, const double *r); /* v */
/* *outside: afterwards |z_j'r| is at most this for every feature outside the pool; the limit by
 * bounds, or by looking at some, which may join the pool, else what a pass has found. *moved: the
 * pool's columns are others than before, and v is to be made anew. */
int eae_sparse_pool_settle(eae_sparse_pool *pool, const double *r, double limit, double *outside,
                           bool *moved);

/* ---- sparse_lasso.c -------------------------------------------------------------------------- */

/* minimise 1/2 |res|^2 + l1 |w|_1 + l2/2 |w|^2, res = target - X w. X may be known by its columns,
 * or by its Gram matrix: then the residual is known by its products with the columns alone. */
typedef struct eae_lasso {
    const eae_kernels *kernels;
    int64_t n, k;
    double l1, l2;
    double *x;     /* k columns of n; or, where it is NULL: */
    double *gram;  /* k x k: X'X */
    double *start; /* 2 x k: w and X'res as they were at first */
    double *norm;  /* k: |x_j|^2 */
    double *w;     /* k */
    double *res;   /* n; with a Gram matrix that of the start */
    double *v;     /* k: x_j'res; scratch where there are columns */
} eae_lasso;

/* Until the duality gap is at most `gap` or max_sweeps are done; returns the sweeps. */
int64_t eae_lasso_solve(eae_lasso *l, double gap, int64_t max_sweeps);

#endif
