/*
 * svm_path.h - one support vector machine kept exactly optimal while features leave the data.
 *
 * The dual of gram_internal.h over the training rows,
 *
 *     minimise 1/2 b'H b - p'b    subject to  E'b = 0,  lo <= b <= hi
 *
 * with H = K for the hinge (+ 1 everywhere for a penalised intercept, + diag(1 / (2 cost)) for the
 * squared hinge). S are the entries that are free, M the inverse of [H_SS E_S; E_S' 0]
 * (svm_inverse.h). Removing a feature z makes H' = H - z z'; the constraints stay, so b stays
 * feasible, and with w = z'b, u = M [z_S; 0], k = 1 - z_S'u_S
 *
 *     the new solution on S is  [b; lambda] + (w / k) u,  its inverse  M + u u' / k
 *
 * The step is taken as far as the box allows. An entry that blocks leaves S (deflation of M), and
 * what is left of the step goes on along what is left of u; where k = 0, because fewer features
 * are left than S needs, the objective falls along u until an entry blocks. Then entries at a bound
 * whose multiplier has the wrong sign come in (bordering of M), the same way: a primal active set
 * method (Nocedal and Wright 2006, algorithm 16.3; the updates as in Cauwenberghs and Poggio 2001,
 * "Incremental and decremental support vector machine learning", and Diehl and Cauwenberghs 2003).
 * Every move is feasible and none raises the objective; after a step of length 0 entries are chosen
 * by the lowest index (Bland 1977) until one has length, so it ends.
 *
 * Rounding: the residual of the optimality conditions is measured, and removed by refinement with
 * M, in every `polish`, after every step that moved an entry to or from a bound, and while it is
 * more than rounding after every step; directions along which little curvature is left are refined
 * before they are taken. Where refinement converges badly M is made anew from K (`refactored`), and
 * where that is not enough the machine is solved by eae_fit_svm() and M made from its solution
 * (`recoveries`).
 *
 * One thread; the bits depend on the sequence of calls alone.
 */
#ifndef EAE_MODEL_SVM_PATH_H
#define EAE_MODEL_SVM_PATH_H

#include "model/gram_svm.h"
#include "model/svm_gram.h"
#include "model/svm_inverse.h"

typedef struct eae_svm_path {
    const eae_kernels *kernels;
    eae_svm_gram *gram;       /* K; shared by the machines of one elimination, not owned */
    eae_gram_problem problem; /* its Gram matrix is that of `gram` */
    eae_svm_loss loss;
    eae_svm_dual dual; /* box, p, border and the judge of solutions */
    int64_t n;
    int64_t terms;    /* independent columns of the border */
    int64_t order;    /* n + terms */
    int64_t *column;  /* terms: which columns of the border */
    double *e;        /* terms x n: the columns */
    double *diagonal; /* n: what the loss adds to H */
    double shift;     /* what a penalised intercept adds to H */
    double *x;        /* order: b, then lambda */
    int8_t *state;    /* n: eae_qp_state, or loose (svm_path_start.c) */
    bool *dirty;      /* n: left S since M was last flushed */
    int64_t *list;    /* order: S increasing, then the border's places */
    int64_t free;     /* entries of S */
    int64_t *bound;   /* n: the entries at a bound */
    eae_inverse inverse;
    double *u, *v, *row, *c; /* order each */
    double *g;               /* n */
    double *factor, *own;    /* n x n each; factor is the dual's */
    double slack;            /* what rounding may leave of a multiplier */
    bool lost;               /* the present solution is that of eae_fit_svm(), without S and M */
    bool stalled;            /* the last move had length 0 */
    bool stale;              /* M has lost too many digits */
    bool careful;            /* it has lost some */
    int64_t pivots, refactored, recoveries;
    int64_t reported;  /* pivots of solutions stored before */
    int64_t unchecked; /* removals since the last polish */
    double residual;   /* largest residual, of free entries, of a solution that was in use */
} eae_svm_path;

/* `problem` as in gram_fit.h, but for gram, ld and max_iter, which are not read. Its arrays and
 * `gram`, which is loaded, outlive the path. */
int eae_svm_path_init(eae_svm_path *path, eae_svm_gram *gram, const eae_gram_problem *problem,
                      eae_svm_loss loss);
void eae_svm_path_free(eae_svm_path *path);
/* From any beta (n) to the exact solution. What follows depends on K and beta alone. */
int eae_svm_path_start(eae_svm_path *path, const double *beta);
/* The feature z (n) is gone from path->gram already; w = z'b, or exactly 0. `polish`: measure and
 * refine afterwards. */
int eae_svm_path_remove(eae_svm_path *path, const double *z, double w, bool polish);
int eae_svm_path_polish(eae_svm_path *path);
/* The solution, judged: beta, gamma, intercept, objective, gap, converged. *residual (may be NULL):
 * the largest violation of the optimality conditions, in units of f. */
int eae_svm_path_store(eae_svm_path *path, eae_gram_fit *fit, double *residual);

/* Between svm_path.c and svm_path_start.c: */
enum { EAE_SVM_LOOSE = 2 }; /* a state: between the bounds, but not in S */
void eae_svm_path_list(eae_svm_path *path);
/* out[k] = multiplier of entry list[k] */
int eae_svm_path_multipliers(eae_svm_path *path, const int64_t *list, int64_t count, double *out);
int eae_svm_path_enter(eae_svm_path *path, int64_t j, double multiplier);
/* Refines and moves until nothing is wrong; p->lost where that does not come to an end. */
int eae_svm_path_optimise(eae_svm_path *path);
/* M anew from K. */
int eae_svm_path_remake(eae_svm_path *path);
/* M where S has as many entries as the border has terms: nothing is free. */
int eae_svm_path_basis(eae_svm_path *path);

#endif
