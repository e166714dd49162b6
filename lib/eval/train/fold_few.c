/* fold_few.c - see fold_few.h. */
#include "eval/train/fold_few.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/source.h"
#include "model/few_softmax.h"

/* beyond, passes over the data serve a ridge as well, and need no copy of the values */
static const double VALUES_MOST = 0x1p24;
/* up to here a Gram matrix of what a filter left costs nothing either */
enum { ROWS_WITH_FILTER = 1000 };

static int64_t features_of(const eae_train_spec *spec, int64_t cols)
{
    const eae_prepare_spec *p = &spec->prepare;
    return p->filter != EAE_FILTER_NONE && p->keep < cols ? p->keep : cols;
}

double eae_fold_few_numbers(const eae_train_spec *spec, int64_t rows, int64_t cols)
{
    return 2 * (double)rows * (double)features_of(spec, cols);
}

bool eae_fold_few_suits(const eae_train_spec *spec, int64_t rows, int64_t cols, int classes)
{
    int64_t p = features_of(spec, cols);
    bool at_hand = spec->solver == EAE_SOLVER_AUTO && (double)rows * (double)p <= VALUES_MOST;
    if (spec->prepare.filter != EAE_FILTER_NONE && (p == 0 || rows < ROWS_WITH_FILTER))
        return false;
    if (spec->model == EAE_MODEL_LOGISTIC)
        return at_hand && eae_few_softmax_suits(rows, p, classes);
    bool squares = (spec->model == EAE_MODEL_RIDGE && at_hand) ||
                   (spec->model == EAE_MODEL_LINEAR && spec->solver != EAE_SOLVER_GRAM);
    return squares && eae_few_squares_suits(rows, p);
}

/* Of the features that the source lists, some rows at a time. */
static void turn_listed(const eae_source *source, eae_fold *f)
{
    enum { ROWS = 64 };
    int64_t p = f->few_count, ld = eae_features_stride(f->m);
    double *z = EAE_NEW_ARRAY(double, ROWS *p);
    memset(f->few, 0, (size_t)(p * ld) * sizeof *f->few);
    for (int64_t first = 0; first < f->m; first += ROWS) {
        int64_t n = f->m - first < ROWS ? f->m - first : ROWS;
        eae_source_block(source, f->row + first, n, 0, p, z);
        for (int64_t j = 0; j < p; j++) {
            double by = source->inverse ? source->inverse[eae_source_column(source, j)] : 1;
            for (int64_t i = 0; i < n; i++)
                f->few[j * ld + first + i] = z[i * p + j] * by;
        }
    }
    free(z);
}

int eae_fold_few_open(eae_fold *f)
{
    const eae_dataset *d = &f->run->dataset;
    eae_source source = eae_fold_source(f);
    f->few_count = source.feature ? source.feature_count : d->cols;
    size_t count = (size_t)(f->few_count * eae_features_stride(f->m));
    f->few = eae_try_alloc(count, sizeof *f->few, "the values of a fold");
    if (!f->few)
        return EAE_FAIL;
    if (!source.feature)
        return d->kernels->turn(&source, f->row, f->m, true, f->few, f->threads);
    turn_listed(&source, f);
    return EAE_OK;
}

/* value (tests) of one fit */
static void hold_out(const eae_fold *f, const eae_gram_fit *fit, const double *w, double *value)
{
    int64_t terms = f->run->spec->covariates.terms, ld = eae_features_stride(f->m);
    for (int64_t i = f->n; i < f->m; i++) {
        double sum = fit->intercept;
        for (int64_t j = 0; j < f->few_count; j++)
            sum += w[j] * f->few[j * ld + i];
        for (int64_t t = 0; t < terms; t++)
            sum += fit->gamma[t] * f->u[i * terms + t];
        value[i - f->n] = sum;
    }
}

/* Room for fits->weight and fits->value, which is NaN. */
static int make_room(const eae_fold *f, eae_fits *fits)
{
    int64_t weights = fits->params * fits->sides * f->run->dataset.cols;
    int64_t values = fits->params * fits->labelings * fits->sides * (f->m - f->n);
    fits->weight = eae_try_alloc((size_t)weights, sizeof *fits->weight, "weights");
    fits->value = eae_try_alloc((size_t)values, sizeof *fits->value, "predictions");
    for (int64_t k = 0; fits->value && k < values; k++)
        fits->value[k] = NAN;
    return fits->weight && fits->value ? EAE_OK : EAE_FAIL;
}

static eae_gram_problem problem_of(const eae_fold *f, const double *y, const double *cost)
{
    const eae_train_spec *spec = f->run->spec;
    return (eae_gram_problem){.kernels = f->run->dataset.kernels,
                              .n = f->n,
                              .y = y,
                              .cost = cost,
                              .u = f->u,
                              .terms = spec->covariates.terms,
                              .tol = spec->tol,
                              .max_iter = spec->max_iter};
}

static eae_few_values values_of(const eae_fold *f)
{
    return (eae_few_values){f->few, eae_features_stride(f->m), f->few_count};
}

/* Weights of the features in use; of the others none. */
static void put_weights(const eae_fold *f, const double *w, double *to)
{
    eae_source source = eae_fold_source(f);
    for (int64_t j = 0; j < f->run->dataset.cols && source.feature; j++)
        to[j] = NAN;
    for (int64_t j = 0; j < f->few_count; j++)
        to[source.feature ? source.feature[j] : j] = w[j];
}

/* Held-out values of one fit, and its weights if they are of the first labeling. */
static void keep(const eae_fold *f, int param, int64_t labeling, int side, const double *w,
                 eae_fits *fits)
{
    int64_t p = f->run->dataset.cols, tests = f->m - f->n;
    const eae_gram_fit *fit = eae_fits_at(fits, param, labeling, side);
    hold_out(f, fit, w, fits->value + (fit - fits->fit) * tests);
    if (labeling == 0)
        put_weights(f, w, fits->weight + ((int64_t)param * fits->sides + side) * p);
}

int eae_fold_few_squares(const eae_fold *f, const double *y, const double *cost, eae_fits *fits)
{
    const eae_train_spec *spec = f->run->spec;
    int64_t p = f->few_count, labelings = fits->labelings;
    int params = fits->params;
    bool ridge = spec->model == EAE_MODEL_RIDGE;
    eae_few_values values = values_of(f);
    eae_gram_problem problem = problem_of(f, y, cost);
    double *scale = EAE_NEW_ARRAY(double, params);
    eae_gram_fit *fit = EAE_NEW_ARRAY(eae_gram_fit, labelings * params);
    double *w = eae_try_alloc((size_t)(labelings * params * p), sizeof *w, "weights");
    for (int k = 0; k < params; k++)
        scale[k] = 1 / spec->param[k];
    for (int64_t k = 0; k < labelings * params; k++)
        fit[k] = *eae_fits_at(fits, (int)(k % params), k / params, 0);
    int status = w ? make_room(f, fits) : EAE_FAIL;
    if (status == EAE_OK)
        status = ridge ? eae_few_ridge(&problem, &values, y, labelings, scale, params, fit, w)
                       : eae_few_linear(&problem, &values, y, labelings, fit, w);
    for (int64_t k = 0; k < labelings * params && status == EAE_OK; k++) {
        *eae_fits_at(fits, (int)(k % params), k / params, 0) = fit[k];
        keep(f, (int)(k % params), k / params, 0, w + k * p, fits);
    }
    free(scale);
    free(fit);
    free(w);
    return status;
}

/* One parameter of one labeling, from w (sides x cols), which becomes the solution. */
static int fit_softmax(const eae_fold *f, const eae_gram_problem *problem, int param,
                       int64_t labeling, double *w, eae_fits *fits)
{
    eae_few_values values = values_of(f);
    eae_gram_fit *fit = eae_fits_at(fits, param, labeling, 0);
    for (int side = 0; side < fits->sides && param > 0; side++) {
        const eae_gram_fit *before = eae_fits_at(fits, param - 1, labeling, side);
        memcpy(fit[side].gamma, before->gamma, (size_t)problem->terms * sizeof(double));
        fit[side].intercept = before->intercept;
    }
    int status = eae_few_softmax(problem, &values, fits->sides, fit, w, NULL);
    for (int side = 0; side < fits->sides && status == EAE_OK; side++)
        keep(f, param, labeling, side, w + side * values.p, fits);
    return status;
}

int eae_fold_few_softmax(const eae_fold *f, const eae_target *target, const double *y,
                         eae_fits *fits)
{
    const eae_train_spec *spec = f->run->spec;
    int64_t n = f->n, size = fits->sides * f->few_count;
    double *w = EAE_NEW_ARRAY(double, size + n), *cost = w + size;
    int status = make_room(f, fits);
    for (int64_t l = 0; l < fits->labelings && status == EAE_OK; l++) {
        const eae_target *t = &target[l];
        eae_gram_problem problem = problem_of(f, y + l * fits->sides * n, cost);
        memset(w, 0, (size_t)size * sizeof *w);
        for (int p = 0; p < fits->params && !fits->undefined[l] && status == EAE_OK; p++) {
            eae_train_cost(spec, spec->param[p], f->row, f->split->count, n, t->class,
                           t->outcome.classes, cost);
            status = fit_softmax(f, &problem, p, l, w, fits);
        }
    }
    free(w);
    return status;
}
