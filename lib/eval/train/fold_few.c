/* fold_few.c - see fold_few.h. */
#include "eval/train/fold_few.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/few_squares.h"

/* beyond, passes over the data serve a ridge as well, and need no copy of the values */
static const double VALUES_MOST = 0x1p24;

bool eae_fold_few_suits(const eae_train_spec *spec, int64_t rows, int64_t cols)
{
    bool ridge = spec->model == EAE_MODEL_RIDGE && spec->solver == EAE_SOLVER_AUTO &&
                 (double)rows * (double)cols <= VALUES_MOST;
    bool linear = spec->model == EAE_MODEL_LINEAR && spec->solver != EAE_SOLVER_GRAM;
    return (ridge || linear) && spec->prepare.filter == EAE_FILTER_NONE &&
           eae_few_squares_suits(rows, cols);
}

int eae_fold_few_open(eae_fold *f)
{
    const eae_dataset *d = &f->run->dataset;
    eae_source source = eae_fold_source(f);
    size_t count = (size_t)(d->cols * eae_features_stride(f->m));
    f->few = eae_try_alloc(count, sizeof *f->few, "the values of a fold");
    return f->few ? d->kernels->turn(&source, f->row, f->m, true, f->few, f->threads) : EAE_FAIL;
}

/* value (tests) of one fit */
static void hold_out(const eae_fold *f, const eae_gram_fit *fit, const double *w, double *value)
{
    int64_t terms = f->run->spec->covariates.terms, ld = eae_features_stride(f->m);
    for (int64_t i = f->n; i < f->m; i++) {
        double sum = fit->intercept;
        for (int64_t j = 0; j < f->run->dataset.cols; j++)
            sum += w[j] * f->few[j * ld + i];
        for (int64_t t = 0; t < terms; t++)
            sum += fit->gamma[t] * f->u[i * terms + t];
        value[i - f->n] = sum;
    }
}

int eae_fold_few_fit(const eae_fold *f, const double *y, const double *cost, eae_fits *fits)
{
    const eae_train_spec *spec = f->run->spec;
    int64_t p = f->run->dataset.cols, tests = f->m - f->n, labelings = fits->labelings;
    int params = fits->params;
    bool ridge = spec->model == EAE_MODEL_RIDGE;
    eae_few_values values = {f->few, eae_features_stride(f->m), p};
    eae_gram_problem problem = {.kernels = f->run->dataset.kernels,
                                .n = f->n,
                                .cost = cost,
                                .u = f->u,
                                .terms = spec->covariates.terms,
                                .tol = spec->tol};
    double *scale = EAE_NEW_ARRAY(double, params);
    eae_gram_fit *fit = EAE_NEW_ARRAY(eae_gram_fit, labelings * params);
    double *w = eae_try_alloc((size_t)(labelings * params * p), sizeof *w, "weights");
    fits->weight = eae_malloc((size_t)(params * p), sizeof *fits->weight);
    fits->value = eae_malloc((size_t)(labelings * params * tests), sizeof *fits->value);
    for (int k = 0; k < params; k++)
        scale[k] = 1 / spec->param[k];
    for (int64_t k = 0; k < labelings * params; k++)
        fit[k] = *eae_fits_at(fits, (int)(k % params), k / params, 0);
    int status = !w      ? EAE_FAIL
                 : ridge ? eae_few_ridge(&problem, &values, y, labelings, scale, params, fit, w)
                         : eae_few_linear(&problem, &values, y, labelings, fit, w);
    for (int64_t k = 0; k < labelings * params && status == EAE_OK; k++) {
        int64_t labeling = k / params, param = k % params;
        *eae_fits_at(fits, (int)param, labeling, 0) = fit[k];
        hold_out(f, &fit[k], w + k * p, fits->value + (param * labelings + labeling) * tests);
        if (labeling == 0)
            memcpy(fits->weight + param * p, w + k * p, (size_t)p * sizeof *w);
    }
    free(scale);
    free(fit);
    free(w);
    return status;
}
