/*
 * tall_parts.h - inside tall_fit: one block of rows (tall_block.c), and the certificate
 * (tall_certify.c). Included by those files only.
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

/* Sets scale (the best multiple of w), intercept, objective and gap of the fit. */
void eae_tall_certify(const eae_tall_state *state, eae_tall_model *fit, double *scale);

#endif
