/* fold_sparse.c - see fold_sparse.h. */
#include "eval/fold_sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/source.h"

/* The data as the fold sees them, in both forms. */
typedef struct {
    eae_source source;
    eae_features features;
} view;

static view view_of(const eae_fold *f)
{
    const eae_dataset *d = &f->run->dataset;
    view v = {.source = eae_fold_source(f)};
    v.features = (eae_features){.x = f->run->turned,
                                .is_f64 = d->is_f64,
                                .rows = d->rows,
                                .ld = eae_features_stride(d->rows),
                                .cols = d->cols,
                                .shift = v.source.shift,
                                .inverse = v.source.inverse};
    return v;
}

static eae_sparse_problem problem_of(const eae_fold *f, const view *v, eae_task task,
                                     const double *y, const double *cost)
{
    const eae_train_spec *spec = f->run->spec;
    return (eae_sparse_problem){.kernels = f->run->dataset.kernels,
                                .source = &v->source,
                                .features = f->run->turned ? &v->features : NULL,
                                .row = f->row,
                                .n = f->n,
                                .loss =
                                    task == EAE_TASK_CLASSES ? EAE_LOSS_LOGISTIC : EAE_LOSS_SQUARED,
                                .y = y,
                                .cost = cost,
                                .u = f->u,
                                .terms = spec->covariates.terms,
                                .alpha = spec->alpha,
                                .tol = spec->tol,
                                .max_iter = spec->max_iter,
                                .threads = f->threads};
}

int eae_fold_sparse_path(const eae_fold *f, eae_task task, const double *y, const double *cost,
                         int64_t labeling, eae_fits *fits)
{
    const eae_train_spec *spec = f->run->spec;
    view v = view_of(f);
    eae_sparse_problem problem = problem_of(f, &v, task, y, cost);
    eae_sparse_fit *path = EAE_NEW_ARRAY(eae_sparse_fit, spec->params);
    int status = eae_sparse_path(&problem, spec->param, spec->params, path, NULL);
    for (int p = 0; p < spec->params && status == EAE_OK; p++) {
        eae_gram_fit *fit = eae_fits_at(fits, p, labeling, 0);
        memcpy(fit->gamma, path[p].gamma, (size_t)problem.terms * sizeof(double));
        fit->intercept = path[p].intercept;
        fit->objective = path[p].objective;
        fit->gap = path[p].gap;
        fit->iterations = path[p].iterations;
        fit->converged = path[p].converged;
        fits->sparse[fit - fits->fit] = path[p];
    }
    free(path);
    return status;
}

int eae_fold_lambda_max(const eae_fold *f, const eae_target *target, double *lambda_max)
{
    view v = view_of(f);
    double *y = eae_malloc((size_t)f->n, sizeof *y);
    double *cost = eae_malloc((size_t)f->n, sizeof *cost);
    bool classes = target->task == EAE_TASK_CLASSES;
    for (int64_t i = 0; i < f->n; i++)
        y[i] = classes ? (target->class[f->row[i]] == 1 ? 1 : -1) : target->value[f->row[i]];
    eae_train_cost(f->run->spec, 1, f->row, f->split->count, f->n, target->class,
                   target->outcome.classes, cost);
    eae_sparse_problem problem = problem_of(f, &v, target->task, y, cost);
    int status = eae_sparse_lambda_max(&problem, lambda_max);
    free(y);
    free(cost);
    return status;
}

/* ---- values and weights ----------------------------------------------------------------------
 */

/* The features that some fit has a weight for, increasing; *at: where each is in that list. The
 * caller frees both. */
static int64_t *union_of(const eae_fits *fits, int64_t cols, int64_t *count, int64_t **at)
{
    int64_t fit_count = fits->labelings * fits->params;
    *at = EAE_NEW_ARRAY(int64_t, cols);
    *count = 0;
    for (int64_t k = 0; k < fit_count; k++) {
        for (int64_t a = 0; a < fits->sparse[k].count; a++)
            (*at)[fits->sparse[k].feature[a]] = 1;
    }
    for (int64_t j = 0; j < cols; j++)
        *count += (*at)[j];
    int64_t *feature = eae_malloc((size_t)*count, sizeof *feature), used = 0;
    for (int64_t j = 0; j < cols; j++) {
        if ((*at)[j])
            feature[used] = j;
        used += (*at)[j];
        (*at)[j] = used - 1;
    }
    return feature;
}

int eae_fold_sparse_decision(const eae_fold *f, const eae_fits *fits, double *value)
{
    int64_t tests = f->m - f->n, terms = f->run->spec->covariates.terms, *at, used;
    int64_t count = fits->labelings * fits->params;
    eae_source some = eae_fold_source(f);
    int64_t *feature = union_of(fits, some.cols, &used, &at);
    double *z = eae_malloc((size_t)used, sizeof *z);
    some.feature = feature;
    some.feature_count = used;
    for (int64_t i = 0; i < tests; i++) {
        const double *u = f->u ? f->u + (f->n + i) * terms : NULL;
        eae_source_row(&some, f->row[f->n + i], 0, used, z);
        for (int64_t a = 0; a < used && some.inverse; a++)
            z[a] *= some.inverse[feature[a]];
        for (int64_t k = 0; k < count; k++) {
            const eae_sparse_fit *s = &fits->sparse[k];
            double v = fits->fit[k].intercept;
            for (int64_t a = 0; a < s->count; a++)
                v += s->weight[a] * z[at[s->feature[a]]];
            for (int64_t t = 0; t < terms; t++)
                v += fits->fit[k].gamma[t] * u[t];
            value[k * tests + i] = v;
        }
    }
    free(feature);
    free(at);
    free(z);
    return EAE_OK;
}

void eae_fold_sparse_weights(const eae_fold *f, const eae_fits *fits, double *w, int64_t ld)
{
    eae_source source = eae_fold_source(f);
    for (int p = 0; p < fits->params; p++) {
        const eae_sparse_fit *fit = &fits->sparse[(int64_t)p * fits->labelings];
        double *out = w + p * ld;
        for (int64_t j = 0; j < source.cols; j++)
            out[j] = source.feature ? NAN : 0;
        for (int64_t k = 0; k < source.feature_count; k++)
            out[eae_source_column(&source, k)] = 0;
        for (int64_t a = 0; a < fit->count; a++)
            out[fit->feature[a]] = fit->weight[a];
    }
}
