/*
 * few_parts.h - inside few_fit: what a pass sums up for a model, what either method makes of it
 * (few_smooth.c, few_hinge.c), and covariates (few_free.c). Included by those files only.
 */
#ifndef EAE_MODEL_FEW_PARTS_H
#define EAE_MODEL_FEW_PARTS_H

#include "model/few_fit.h"

/* Most rows of a piece. */
enum { EAE_FEW_PIECE = 2048 };

/* Vectors of a pass (q each) and numbers. beta_i belongs to the point of the pass. */
enum {
    EAE_FEW_RIGHT,    /* hinge: the right-hand side of the predictor */
    EAE_FEW_POSITIVE, /* sum of beta_i (z_i, 1) over y > 0 */
    EAE_FEW_NEGATIVE, /* over the others */
    EAE_FEW_COSTS,    /* squared loss: sum of cost_i (z_i, 1) */
    EAE_FEW_CROSS,    /* hinge: products of the predictor's steps */
    EAE_FEW_CENTRE,   /* hinge: what one unit of centring adds */
    EAE_FEW_VECTORS
};
enum {
    EAE_FEW_LOSS,   /* sum of cost_i loss_i */
    EAE_FEW_MU,     /* hinge: sum of slacks times multipliers */
    EAE_FEW_LINEAR, /* its change by the predictor, per unit of step ... */
    EAE_FEW_SQUARE, /* ... and squared */
    EAE_FEW_SIZE,   /* hinge: sum of |gradient| */
    EAE_FEW_BLOCK,  /* hinge: 1 / (the longest step); the largest counts, not the sum */
    EAE_FEW_NUMBERS
};

typedef enum eae_few_phase {
    EAE_FEW_START,    /* hinge: w of the first beta */
    EAE_FEW_GRADIENT, /* hinge: its values, and multipliers from them */
    EAE_FEW_POINT, /* values, objective, gap, second derivatives; the only one of smooth losses */
    EAE_FEW_PREDICTED, /* hinge: values of the predictor's direction */
    EAE_FEW_CORRECTED, /* hinge: values of the corrector's */
} eae_few_phase;

typedef struct eae_few_model {
    const eae_tall_problem *problem;
    eae_tall_model *fit;
    int64_t rows, p, q; /* features in use, and what is beside them: the terms of problem->free, the
                         * constant 1 of an intercept that is not among those */
    int64_t trained;    /* rows with a cost */
    eae_few_phase phase;
    double *point;     /* q: w and b */
    double *direction; /* q */
    double *before;    /* q: smooth: the point that `point` was stepped from */
    double *value;     /* rows: f; fit->value */
    double *old;       /* rows: smooth: the same at `before` */
    double *a, *low, *high, *first, *second; /* rows: hinge: y beta; multipliers of 0 <= a and of
                                              * a <= cost; z'd of predictor and corrector */
    double *number, *vector, *matrix; /* sums of a pass: EAE_FEW_NUMBERS, EAE_FEW_VECTORS x q, q x q
                                       * (in the phase of the point only), one behind the other */
    double *factor;                   /* q x q */
    double *right;                    /* q: hinge: right-hand side of the predictor */
    double best;                      /* hinge: the smallest gap so far */
    int stalled;                      /* hinge: points since then */
    double mu, target;                /* hinge: mean of slack times multiplier; what it should be */
    bool moved;                       /* smooth: `before` is there */
    bool done;
} eae_few_model;

/* n rows first .. first + n - 1, z with its constant (n x q); `scaled` is scratch of that size.
 * The sums go to matrix, vector and number of *sums, which is otherwise not read. */
typedef struct eae_few_piece {
    const eae_kernels *kernels;
    const double *z;
    double *scaled, *block; /* block: of 256 columns, and a square of them, where q is more */
    int64_t first, n;
    double *matrix, *vector, *number;
} eae_few_piece;

/* Rows of a pass; then what comes of the sums: the next point or phase, or done. `last`: no more
 * passes after this one, if it was one of the point. */
void eae_few_smooth_rows(const eae_few_model *m, const eae_few_piece *piece);
int eae_few_smooth_step(eae_few_model *m, const eae_kernels *kernels, bool last);
void eae_few_hinge_rows(const eae_few_model *m, const eae_few_piece *piece);
int eae_few_hinge_step(eae_few_model *m, const eae_kernels *kernels, bool last);

/* out[i] = z_i'v for the rows of a piece. */
void eae_few_values(const eae_few_piece *piece, int64_t q, const double *v, double *out);
/* piece->matrix = sum over its rows of weight_i z_i z_i', the lower triangle at least. */
void eae_few_matrix(const eae_few_piece *piece, int64_t q, const double *weight);
/* The vector of that name += weight z. */
static inline void eae_few_add(const eae_few_piece *piece, int64_t q, int which, double weight,
                               const double *z)
{
    double *v = piece->vector + which * q;
    for (int64_t j = 0; j < q && weight != 0; j++)
        v[j] += weight * z[j];
}

/* Objective at the point, and the relative gap to the dual bound of beta_i = beta(m, i); both into
 * the fit. */
typedef double (*eae_few_beta)(const eae_few_model *m, int64_t i);
/* `weight`: what row i was summed into the matrix with. */
void eae_few_judge(eae_few_model *m, const eae_kernels *kernels, eae_few_beta beta,
                   eae_few_beta weight);
/* The dual bound of beta with problem->free; NaN where it cannot be made feasible. */
double eae_few_dual_free(const eae_few_model *m, const eae_kernels *kernels, eae_few_beta beta,
                         eae_few_beta weight);
/* Does number j of the point cost half its square? */
static inline bool eae_few_penalised(const eae_few_model *m, int64_t j)
{
    return j < m->p || (j == m->q - 1 && m->problem->bias_penalised);
}
/* The factor of matrix + the penalty's part, for kernels->cholesky_solve(). */
int eae_few_factor(eae_few_model *m, const eae_kernels *kernels);
/* What the repair of a free intercept takes off the beta of that row; `sum` is that of all beta. */
double eae_few_share(const eae_few_model *m, int64_t i, double beta, double sum);

#endif
