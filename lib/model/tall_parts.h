/*
 * tall_parts.h - inside tall_fit: one block of rows (tall_block.c), the certificate
 * (tall_certify.c), what adjusting takes off (tall_adjust.c) and milestones (tall_milestone.c).
 * Included by those files only.
 */
#ifndef EAE_MODEL_TALL_PARTS_H
#define EAE_MODEL_TALL_PARTS_H

#include "model/tall_fit.h"

/* The coordinates of one block. `value` is w'z at the start; coordinate descent leaves the changes
 * of beta in `change`. */
typedef struct eae_tall_block {
    const eae_tall_problem *problem;
    const int64_t *row; /* n */
    int64_t n;
    const float *gram; /* n x ld */
    int64_t ld;
    double bias;    /* the multiplier */
    double rho;     /* the penalty on the sum: b = bias + rho sum */
    double *sum;    /* of all beta: brought up to date */
    double *beta;   /* rows of the data: brought up to date */
    double *value;  /* n; used up */
    double *change; /* n */
} eae_tall_block;

void eae_tall_block_solve(const eae_tall_block *block);

/* A model at one moment: what its certificate is made of. */
typedef struct eae_tall_state {
    const eae_tall_problem *problem;
    int64_t rows;
    const double *beta;
    const double *value; /* rows: w'z */
    double norm;         /* |w|^2 */
    double sum;          /* of beta */
    double factor;       /* eae_tall_repair() */
    double bound; /* of the norm of sum_i r_i z_i, where r is what the repair takes off beta */
    /* with problem->free: */
    const double *less; /* rows: r */
    double *g;          /* terms: where to begin, and the best */
} eae_tall_state;

/* A free intercept needs sum beta = 0: what is taken off each beta to get there is factor times its
 * share, which is beta_i for the class that weighs more, cost_i for numbers. */
double eae_tall_repair(const eae_tall_problem *problem, int64_t rows, const double *beta,
                       double sum);
static inline double eae_tall_share(const eae_tall_problem *problem, int64_t i, double beta,
                                    double sum)
{
    if (problem->loss == EAE_LOSS_SQUARED)
        return problem->cost[i];
    return beta != 0 && (problem->y[i] > 0) == (sum > 0) ? beta : 0;
}

/* The repair of beta with problem->free: what is taken off each, so that sum_i beta_i e_i = 0. */
void eae_tall_repair_free(const eae_tall_problem *problem, int64_t rows, const double *beta,
                          double *less);

/* What a gap is a share of, at least. Covariates that separate the classes by themselves leave an
 * objective of 0, of which nothing is a share: what rounding leaves of the costs is little enough.
 */
double eae_tall_least(const eae_tall_problem *problem, int64_t rows);

/* Sets scale (the best multiple of w), intercept, objective and gap of the fit. */
void eae_tall_certify(eae_tall_state *state, eae_tall_model *fit, double *scale);

/* ---- what a computation consists of ---------------------------------------------------------- */

/* Rows of a block. */
enum { EAE_TALL_BLOCK = 32 };

/* Models of one source. */
typedef struct eae_tall_group {
    const eae_source *source;
    double *by;   /* cols: inverse squared, 0 for features not in use; NULL: all 1 */
    float *gram;  /* blocks x EAE_TALL_BLOCK x BLOCK; of one block where there is no room */
    double trace; /* mean z'z of the first block */
    bool known;   /* gram of all blocks is there */
} eae_tall_group;

/* A model that is not done. */
typedef struct eae_tall_passing {
    const eae_tall_problem *problem;
    eae_tall_model *fit;
    eae_tall_group *group;
    double *beta, *begin_beta;   /* rows */
    double *value;               /* rows: of w as it was when the pass began */
    double *u, *begin_u;         /* cols: w inverse, for raw values */
    double sum, begin_sum, bias; /* of beta; the multiplier */
    double rho;                  /* the penalty on the sum; 0: not known yet */
    double factor, bound;        /* the repair of begin_beta */
    double *less;                /* rows: the repair of begin_beta; with problem->free */
    double *free_sum, *free_begin, *free_bias,
        *g;                      /* terms: sums of beta e, multipliers, the best */
    double *along, *begin_along; /* terms: coef u, of source->coef; or NULL */
    float *gram;                 /* of the block in hand, with the penalty; with problem->free */
    double *change;              /* EAE_TALL_BLOCK */
    double *block_value;         /* EAE_TALL_BLOCK */
} eae_tall_passing;

typedef struct eae_tall_passes {
    eae_tall_progress progress; /* first */
    const eae_kernels *kernels;
    const eae_source *data;
    const eae_tall_watch *watch;
    int threads;
    int64_t rows, cols, blocks;
    int64_t *order; /* rows, block after block */
    eae_tall_group *group;
    int64_t groups;
    bool adjusts;            /* any source has coef */
    bool keeps;              /* all block Gram matrices are kept */
    double *scratch;         /* EAE_TALL_BLOCK x BLOCK */
    eae_tall_passing *model; /* those that are left first */
    int64_t left;
    double *vector_value; /* EAE_TALL_BLOCK x 2 left */
    double *vector_by;    /* EAE_TALL_BLOCK x left */
    eae_row_vector *vector;
    int64_t block; /* in hand */
    int64_t pass;  /* the last one that is done */
    const eae_tall_problem *problem;
    eae_tall_model *fit; /* of all models */
    int64_t count;
    char *done; /* count */
} eae_tall_passes;

void eae_tall_close_model(eae_tall_passing *m);

/* For progress.visit of eae_tall_passes; and the solution of a model that is done. */
void eae_tall_visit_passes(eae_tall_progress *progress, eae_tall_part visit, void *to);
void eae_tall_visit_solution(const eae_tall_problem *problem, eae_tall_model *fit,
                             eae_tall_part visit, void *to);

/* ---- adjusted values ----------------------------------------------------------------------------
 *
 * The kernels of rows see x - shift; z is less a design's part, D coef, whatever is learned from
 * it. So t'u = (x - shift)'u - d_i'(coef u), and what a block adds to u,
 * by sum_i change_i t_i, is by sum_i change_i (x_i - shift) less by coef'(sum_i change_i d_i).
 */

/* value[i * stride] -= d_i'along for the n rows. */
void eae_tall_take_off(const eae_source *source, const int64_t *row, int64_t n, const double *along,
                       double *value, int64_t stride);
/* Into along: coef u. */
void eae_tall_along(const eae_source *source, const double *u, double *along);
/* What the changes of n rows should not have added to u, taken off; along is coef u again. */
void eae_tall_take_back(const eae_source *source, const double *by, const int64_t *row, int64_t n,
                        const double *change, double *u, double *along);

#endif
