/*
 * fold.h - one training set: what it teaches the preprocessing, its Gram matrix, and the fits of
 * all parameters and labelings on it.
 *
 * Rows of a fold are its training rows, then its test rows: 0 .. n-1 and n .. m-1.
 */
#ifndef EAE_EVAL_FOLD_H
#define EAE_EVAL_FOLD_H

#include "eval/plan/plan.h"
#include "eval/train/spread.h"
#include "eval/train/train_spec.h"
#include "eval/train/turned.h"
#include "model/sparse.h"

/* What all folds of a run share. */
typedef struct eae_run {
    const eae_frame *data;
    const eae_train_spec *spec;
    eae_target target;
    eae_dataset dataset;
    double *gram; /* rows x rows of all samples, where preprocessing does not depend on the fold; or
                     NULL */
    eae_prepared prepared;             /* then: that preprocessing */
    struct eae_checkpoint *checkpoint; /* milestones of passes over the data; NULL: none */
    bool streams;      /* models are fitted by passes over the data (streamed.h): folds have no
                          Gram matrix */
    bool few;          /* least squares by the features (fold_few.h): folds have values instead */
    eae_turned turned; /* the values turned over, for sparse models and eliminations; x NULL: not */
} eae_run;

typedef struct eae_fold {
    const eae_run *run;
    const eae_split *split;
    int64_t n; /* training rows */
    int64_t m; /* training and test rows */
    int64_t *row;
    int threads;           /* for what is done on it */
    eae_prepared prepared; /* the run's where run->gram is there */
    double *gram;          /* m x m, of a kernel machine the kernel matrix; NULL for learners that
                              see the values themselves */
    double *few;       /* few_count x eae_features_stride(m): values turned over, where run->few */
    int64_t few_count; /* features in use */
    eae_features features;      /* the values turned over as the fold sees them; x NULL: none */
    const int64_t *feature_row; /* m: the fold's rows in there */
    double *own_shift;          /* of run->turned in this fold; or NULL */
    double *u;                  /* m x terms: covariates standardised by the training rows; NULL */
    double *u_mean;             /* terms */
    double *u_scale;            /* terms */
} eae_fold;

/* Rows and covariates only: no preprocessing, no Gram matrix. */
int eae_fold_open_rows(eae_fold *fold, const eae_run *run, const eae_split *split);
/* `target`: the labels that a filter reads. Permuted ones by which no feature passes it (a class
 * without training row) give a fold without Gram matrix: its fits are undefined, its values NaN. */
int eae_fold_open(eae_fold *fold, const eae_run *run, const eae_split *split,
                  const eae_target *target, int threads);
void eae_fold_close(eae_fold *fold);
/* gamma of the kernel: as given, or by the number of features in use. */
double eae_fold_gamma(const eae_fold *fold);
/* The data as the fold sees them. */
eae_source eae_fold_source(const eae_fold *fold);

/* Fits for `labelings` labelings, spec->params parameters and `sides` models each (1, or one per
 * class): fit [param][labeling][side], beta and gamma inside one block. A sparse fit has no beta,
 * but features and weights. */
typedef struct eae_fits {
    int64_t labelings;
    int params;
    int sides;
    eae_gram_fit *fit;
    bool *undefined; /* per labeling: a class has no training row, nothing was fitted */
    double *block;
    eae_sparse_fit *sparse; /* beside `fit`: features and weights; NULL unless spec is sparse */
    double *weight;         /* of the first labeling, where it is not made of beta; else NULL */
    double *value;      /* learners without beta: (params x labelings x sides) x tests; else NULL */
    eae_spread *spread; /* survival: of the training rows' values of each fit; else NULL */
} eae_fits;

/* Fails where real labels leave the training rows without a class or an event; permuted ones are
 * undefined there. */
int eae_fold_fit(const eae_fold *fold, const eae_target *target, int64_t labelings, eae_fits *fits);
/* Fit again, from what `fits` holds (eae_fits_open(), or fits of another Gram matrix of the same
 * rows): fold->gram has changed. After a failure *fits is still the caller's. */
int eae_fold_refit(const eae_fold *fold, const eae_target *target, eae_fits *fits);
/* The machines of an svm, one a side: what eae_fold_fit() solves for the first parameter, but for
 * the Gram matrix. Their labels and costs lie in *memory, which the caller frees. */
void eae_fold_svm_sides(const eae_fold *fold, const eae_target *target, int sides,
                        eae_gram_problem *side, double **memory);
/* Room for the fits of the labelings target[perm[0 .. labelings-1]] (NULL: target[0] and so on),
 * cold; fails where real labels leave a class without training row, permuted ones are undefined. */
int eae_fits_open(eae_fits *fits, const eae_fold *fold, const eae_target *target,
                  const int64_t *perm, int64_t labelings);
/* Start parameter `param` of the first labeling from the one before. */
void eae_fits_warm(eae_fits *fits, int param, int64_t n, int64_t terms);
/* Objectives from 1/2 |w|^2 + sum cost loss to the form with lambda, where lambda was given. */
void eae_fits_rescale(eae_fits *fits, const eae_train_spec *spec);
static inline eae_gram_fit *eae_fits_at(const eae_fits *f, int param, int64_t labeling, int side)
{
    return f->fit + ((int64_t)param * f->labelings + labeling) * f->sides + side;
}
void eae_fits_free(eae_fits *fits);

/* Decision values of every fit for the test rows: (params x labelings x sides) x (m - n). */
int eae_fold_decision(const eae_fold *fold, const eae_fits *fits, double *value);
/* Weights of the first labeling's fits, (params x sides) x cols with row stride ld; NaN for
 * features not in use. A kernel machine has none: 0. */
int eae_fold_weights(const eae_fold *fold, const eae_fits *fits, double *w, int64_t ld);
/* The smallest lambda at which every weight of a sparse model is 0. */
int eae_fold_lambda_max(const eae_fold *fold, const eae_target *target, double *lambda_max);

/* What is done with an open fold and the labelings first .. first + count - 1. */
typedef int (*eae_fold_use)(void *context, const eae_fold *fold, int64_t first, int64_t count);
/* Open a split and use it for all labelings (target[0] the real one), some hundred at a time; where
 * a filter reads labels, open it anew for each, since each sees other features. */
int eae_fold_each(const eae_run *run, const eae_split *split, const eae_target *target,
                  int64_t labelings, int threads, eae_fold_use use, void *context);

#endif
