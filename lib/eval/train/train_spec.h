/*
 * train_spec.h - what to train: model, parameters, preprocessing, permutations, which part of the
 * work.
 */
#ifndef EAE_EVAL_TRAIN_SPEC_H
#define EAE_EVAL_TRAIN_SPEC_H

#include "eval/train/outcome.h"
#include "model/gram_fit.h"
#include "model/prepare.h"
#include "model/svm_kernel.h"

typedef enum eae_model {
    EAE_MODEL_SVM,
    EAE_MODEL_LOGISTIC,
    EAE_MODEL_LINEAR,
    EAE_MODEL_RIDGE,
    EAE_MODEL_LASSO,
    EAE_MODEL_ENET,
    EAE_MODEL_COX,
    EAE_MODEL_TEST,
    EAE_MODEL_EXEC,
    EAE_MODEL_ALS
} eae_model;

typedef enum eae_weights { EAE_WEIGHTS_NONE, EAE_WEIGHTS_FINAL, EAE_WEIGHTS_ALL } eae_weights;

typedef enum eae_solver { EAE_SOLVER_GRAM, EAE_SOLVER_AUTO, EAE_SOLVER_STREAM } eae_solver;

typedef enum eae_class_weighting {
    EAE_CLASSES_EQUAL,
    EAE_CLASSES_BALANCED, /* n / (K n_c) of the training rows */
    EAE_CLASSES_LISTED    /* one number per class, in dictionary order */
} eae_class_weighting;

/* Covariates beside the features, unpenalised: rows x terms, without intercept, and their names. */
typedef struct eae_covariates {
    double *value;
    int64_t terms;
    eae_names names;
} eae_covariates;

typedef struct eae_train_spec {
    eae_model model;
    eae_test test;
    eae_svm_loss loss;
    eae_svm_kernel kernel; /* svm */
    double gamma;          /* rbf, poly; 0: 1 / features in use */
    int degree;            /* poly */
    eae_ties ties;         /* cox */
    int64_t rank;          /* als */
    double alpha;          /* l1 share of the penalty: lasso 1, enet, cox; 0: no sparse solver */
    bool bias_penalised;
    eae_solver solver;
    bool by_lambda; /* param holds lambdas, else C */
    double *param;  /* the list, in the order given; owned */
    int params;
    int lambda_auto;        /* > 0: param is made by eae_lambda_path(), so many */
    const eae_metric *tune; /* choose one of param by it, on inner splits; NULL: all are reported */
    eae_class_weighting weighting;
    double *class_weight; /* EAE_CLASSES_LISTED; owned */
    int class_weights;
    eae_prepare_spec prepare;
    eae_covariates covariates;
    struct eae_external *external; /* EAE_MODEL_EXEC: external.h; the caller's */
    eae_names adjust_names;        /* names of the terms of prepare.design */
    int64_t permutations;
    uint64_t seed;
    double tol;
    int64_t max_iter;
    const char *checkpoint; /* a directory for milestones of --solver stream; NULL */
    bool final;
    eae_weights weights;
    int shard, shards; /* 1-based part I of N */
    int threads;
    const char *tmpdir; /* for what does not fit there; NULL as in base/files.h */
    uint64_t memory;    /* bytes that Gram matrices may take; 0: no limit */
    char *text;         /* canonical form of what changes the fit: the `spec` annotation; owned */
} eae_train_spec;

const char *eae_model_name(const eae_train_spec *spec);
/* Fitted along a path of penalties on the features themselves, not on a Gram matrix? */
static inline bool eae_train_is_sparse(const eae_train_spec *spec)
{
    return spec->alpha > 0;
}
/* Does it see the data through a Gram matrix (gram_fit.h)? Else it sees the values themselves. */
static inline bool eae_train_has_gram(const eae_train_spec *spec)
{
    return !eae_train_is_sparse(spec) && spec->model != EAE_MODEL_EXEC &&
           spec->model != EAE_MODEL_ALS;
}
/* Does the model fit the task, is there one weight per class, ...; EAE_USAGE or EAE_FAIL if not. */
int eae_train_spec_check(const eae_train_spec *spec, const eae_target *target);
void eae_train_spec_free(eae_train_spec *spec);

/* The cost of each training row for parameter value `param` (gram_fit.h): count x class weight x C,
 * or count x class weight / (n lambda). `class` may be a permuted labeling; NULL for regression. */
void eae_train_cost(const eae_train_spec *spec, double param, const int64_t *row,
                    const double *count, int64_t n, const int32_t *class, int classes,
                    double *cost);

/* n log-spaced lambdas, largest first: from lambda_max of all rows down to 1e-4 of it (more rows
 * than features) or 1e-2. lambda_max is the smallest lambda at which every coefficient of the lasso
 * is 0; for models without an l1 part it is taken at alpha = 0.001, as glmnet does. Survival: of
 * the partial likelihood with spec->ties. */
int eae_lambda_path(const eae_dataset *data, const eae_train_spec *spec, const eae_target *target,
                    int n, double *lambda);
/* The same from a lambda_max that is known. Fails where it is 0. */
int eae_lambda_spaced(const eae_dataset *data, double lambda_max, int n, double *lambda);

#endif
