/* fold_sparse.c - see fold_sparse.h. */
#include "eval/train/fold_sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/source.h"

/* A problem and what it points at: the data as the fold sees them, the outcome of the training
 * rows. */
typedef struct {
    eae_source source;
    double *y, *cost, *event;
    eae_cox cox;
    eae_sparse_problem problem;
} study;

/* y: +1 / -1, of more classes the class, the value, or the time. */
static int read_outcome(const eae_fold *f, const eae_target *t, study *s)
{
    bool survival = t->task == EAE_TASK_SURVIVAL, classes = t->task == EAE_TASK_CLASSES;
    for (int64_t i = 0; i < f->n; i++) {
        int64_t row = f->row[i];
        if (classes && s->problem.classes > 0)
            s->y[i] = t->class[row];
        else if (classes)
            s->y[i] = t->class[row] == 1 ? 1 : -1;
        else
            s->y[i] = survival ? t->time[row] : t->value[row];
        s->event[i] = survival ? t->status[row] : 0;
    }
    eae_train_cost(f->run->spec, 1, f->row, f->split->count, f->n, t->class, t->outcome.classes,
                   s->cost);
    return survival ? eae_cox_new(&s->cox, s->y, s->event, NULL, f->split->count, f->n,
                                  f->run->spec->ties)
                    : EAE_OK;
}

static void study_close(study *s)
{
    free(s->y);
    free(s->cost);
    free(s->event);
    eae_cox_free(&s->cox);
}

static int study_open(const eae_fold *f, const eae_target *target, study *s)
{
    const eae_train_spec *spec = f->run->spec;
    bool classes = target->task == EAE_TASK_CLASSES, survival = target->task == EAE_TASK_SURVIVAL;
    *s = (study){.source = eae_fold_source(f)};
    s->y = EAE_NEW_ARRAY(double, f->n);
    s->cost = EAE_NEW_ARRAY(double, f->n);
    s->event = EAE_NEW_ARRAY(double, f->n);
    int sides = eae_target_sides(target);
    s->problem = (eae_sparse_problem){.kernels = f->run->dataset.kernels,
                                      .source = &s->source,
                                      .features = f->features.x ? &f->features : NULL,
                                      .row = f->feature_row,
                                      .n = f->n,
                                      .loss = classes ? EAE_LOSS_LOGISTIC : EAE_LOSS_SQUARED,
                                      .classes = sides > 1 ? sides : 0,
                                      .cox = survival ? &s->cox : NULL,
                                      .y = s->y,
                                      .cost = s->cost,
                                      .u = f->u,
                                      .terms = spec->covariates.terms,
                                      .alpha = spec->alpha,
                                      .tol = spec->tol,
                                      .max_iter = spec->max_iter,
                                      .threads = f->threads};
    return read_outcome(f, target, s);
}

int eae_fold_sparse_path(const eae_fold *f, const eae_target *target, int64_t labeling,
                         const eae_sparse_fit *start, eae_fits *fits)
{
    const eae_train_spec *spec = f->run->spec;
    int sides = fits->sides;
    eae_sparse_fit *path = EAE_NEW_ARRAY(eae_sparse_fit, spec->params * sides);
    study s;
    int status = study_open(f, target, &s);
    if (status == EAE_OK)
        status = eae_sparse_path(&s.problem, spec->param, spec->params, start, path, NULL);
    for (int k = 0; k < spec->params * sides && status == EAE_OK; k++) {
        eae_gram_fit *fit = eae_fits_at(fits, k / sides, labeling, k % sides);
        memcpy(fit->gamma, path[k].gamma, (size_t)s.problem.terms * sizeof(double));
        fit->intercept = path[k].intercept;
        fit->objective = path[k].objective;
        fit->gap = path[k].gap;
        fit->iterations = path[k].iterations;
        fit->converged = path[k].converged;
        fits->sparse[fit - fits->fit] = path[k];
    }
    study_close(&s);
    free(path);
    return status;
}

int eae_fold_sparse_pull(const eae_fold *f, const eae_target *target, const eae_fits *fits,
                         const int64_t *feature, int64_t count, double *square)
{
    study s;
    int status = study_open(f, target, &s);
    if (status == EAE_OK)
        status = eae_sparse_pull(&s.problem, fits->sparse, feature, count, square);
    study_close(&s);
    return status;
}

int eae_fold_lambda_max(const eae_fold *f, const eae_target *target, double *lambda_max)
{
    study s;
    int status = study_open(f, target, &s);
    if (status == EAE_OK)
        status = eae_sparse_lambda_max(&s.problem, lambda_max);
    study_close(&s);
    return status;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The features that some fit has a weight for, increasing; *at: where each is in that list. The
 * caller frees both. */
static int64_t *union_of(const eae_fits *fits, int64_t cols, int64_t *count, int64_t **at)
{
    int64_t fit_count = fits->labelings * fits->params * fits->sides;
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

void eae_fold_sparse_values(const eae_fold *f, const eae_fits *fits, int64_t first, int64_t rows,
                            double *value)
{
    int64_t terms = f->run->spec->covariates.terms, *at, used;
    int64_t count = fits->labelings * fits->params * fits->sides;
    eae_source some = eae_fold_source(f);
    int64_t *feature = union_of(fits, some.cols, &used, &at);
    double *z = eae_malloc((size_t)used, sizeof *z);
    some.feature = feature;
    some.feature_count = used;
    for (int64_t i = 0; i < rows; i++) {
        const double *u = f->u ? f->u + (first + i) * terms : NULL;
        eae_source_row(&some, f->row[first + i], 0, used, z);
        for (int64_t a = 0; a < used && some.inverse; a++)
            z[a] *= some.inverse[feature[a]];
        for (int64_t k = 0; k < count; k++) {
            const eae_sparse_fit *s = &fits->sparse[k];
            double v = fits->fit[k].intercept;
            for (int64_t a = 0; a < s->count; a++)
                v += s->weight[a] * z[at[s->feature[a]]];
            for (int64_t t = 0; t < terms; t++)
                v += fits->fit[k].gamma[t] * u[t];
            value[k * rows + i] = v;
        }
    }
    free(feature);
    free(at);
    free(z);
}
