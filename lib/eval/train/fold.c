/* fold.c - one training set and the fits on it; see fold.h. */
#include "eval/train/fold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/train/external.h"
#include "eval/train/fold_als.h"
#include "eval/train/fold_few.h"
#include "eval/train/fold_sparse.h"
#include "eval/train/fold_together.h"

eae_source eae_fold_source(const eae_fold *f)
{
    const eae_train_spec *spec = f->run->spec;
    eae_source source = eae_prepared_source(&f->run->dataset, &spec->prepare, &f->prepared);
    /* a penalised intercept, a polynomial, and who sees the values themselves, know where the
     * origin is: no shift that the user did not ask for */
    bool shifts =
        !spec->bias_penalised && spec->kernel != EAE_KERNEL_POLY && eae_train_has_gram(spec);
    if (!shifts && spec->prepare.scaling == EAE_SCALE_NONE)
        source.shift = NULL;
    return source;
}

static int make_gram(eae_fold *f, int threads)
{
    const eae_run *run = f->run;
    int64_t m = f->m, all = run->dataset.rows;
    f->gram = eae_try_alloc((size_t)(m * m), sizeof(double), "the Gram matrix of a fold");
    if (!f->gram)
        return EAE_FAIL;
    if (run->gram) {
        for (int64_t i = 0; i < m; i++) {
            for (int64_t k = 0; k < m; k++)
                f->gram[i * m + k] = run->gram[f->row[i] * all + f->row[k]];
        }
        return EAE_OK;
    }
    eae_source source = eae_fold_source(f);
    /* the precision follows from all rows, so that it is the same in every split */
    eae_precision precision = eae_kernels_precision(all, source.feature_count, run->dataset.is_f64);
    return run->dataset.kernels->gram(&source, f->row, m, precision, f->gram, threads);
}

static int make_kernel(eae_fold *f, int threads)
{
    const eae_train_spec *spec = f->run->spec;
    int status = make_gram(f, threads);
    if (status == EAE_OK && spec->kernel != EAE_KERNEL_LINEAR)
        eae_svm_kernel_matrix(spec->kernel, eae_fold_gamma(f), spec->degree, f->gram, f->m);
    return status;
}

/* Standardised by the training rows: only for the numbers' sake, the fit does not depend on it. */
static void make_covariates(eae_fold *f)
{
    const eae_covariates *c = &f->run->spec->covariates;
    int64_t terms = c->terms;
    if (terms == 0)
        return;
    f->u = EAE_NEW_ARRAY(double, f->m *terms);
    f->u_mean = EAE_NEW_ARRAY(double, terms);
    f->u_scale = EAE_NEW_ARRAY(double, terms);
    for (int64_t t = 0; t < terms; t++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < f->n; i++)
            sum += c->value[f->row[i] * terms + t];
        f->u_mean[t] = sum / (double)f->n;
        for (int64_t i = 0; i < f->n; i++) {
            double d = c->value[f->row[i] * terms + t] - f->u_mean[t];
            square += d * d;
        }
        double sd = sqrt(square / (double)f->n);
        f->u_scale[t] = sd > 1e-12 * fabs(f->u_mean[t]) ? sd : 1;
        for (int64_t i = 0; i < f->m; i++)
            f->u[i * terms + t] = (c->value[f->row[i] * terms + t] - f->u_mean[t]) / f->u_scale[t];
    }
}

int eae_fold_open_rows(eae_fold *f, const eae_run *run, const eae_split *split)
{
    *f = (eae_fold){.run = run, .split = split, .n = split->train_count, .threads = 1};
    f->m = f->n + split->test_count;
    f->row = eae_malloc((size_t)f->m, sizeof *f->row);
    f->feature_row = f->row;
    if (f->n == 0)
        return eae_fail("split %lld has no training sample", (long long)split->id);
    memcpy(f->row, split->train, (size_t)f->n * sizeof *f->row);
    if (split->test_count > 0)
        memcpy(f->row + f->n, split->test, (size_t)split->test_count * sizeof *f->row);
    make_covariates(f);
    return EAE_OK;
}

static int prepare(eae_fold *f, const eae_target *target, int threads)
{
    const eae_run *run = f->run;
    if (run->gram) {
        f->prepared = run->prepared;
        return EAE_OK;
    }
    return eae_prepare_learn(&run->dataset, &run->spec->prepare, f->split->train, f->split->count,
                             f->n, &target->outcome, &f->prepared, threads);
}

int eae_fold_open(eae_fold *f, const eae_run *run, const eae_split *split, const eae_target *target,
                  int threads)
{
    int status = eae_fold_open_rows(f, run, split);
    f->threads = threads;
    if (status == EAE_OK)
        status = prepare(f, target, threads);
    if (status != EAE_OK && f->prepared.empty && target->permuted)
        return EAE_OK;
    if (status != EAE_OK && f->prepared.empty && split->id > 0)
        eae_fail_within(status, "split %lld", (long long)split->id);
    if (status == EAE_OK && run->turned.features.x) {
        eae_source source = eae_fold_source(f);
        status = eae_turned_share(&run->turned, &source, &f->features, &f->own_shift);
    }
    if (status == EAE_OK && run->few)
        status = eae_fold_few_open(f);
    else if (status == EAE_OK && eae_train_has_gram(run->spec) && !run->streams)
        status = make_kernel(f, threads);
    if (status != EAE_OK)
        eae_fold_close(f);
    return status;
}

void eae_fold_close(eae_fold *f)
{
    free(f->row);
    if (f->run && !f->run->gram)
        eae_prepared_free(&f->prepared);
    free(f->gram);
    free(f->few);
    free(f->own_shift);
    free(f->u);
    free(f->u_mean);
    free(f->u_scale);
    *f = (eae_fold){0};
}

/* ---- fits ------------------------------------------------------------------------------------ */

typedef struct {
    const eae_fold *fold;
    const eae_train_spec *spec;
    const eae_target *target; /* one per labeling */
    eae_fits *fits;
    eae_gram_problem problem;
    double *y;    /* labelings x sides x n */
    double *cost; /* n */
    bool *done;   /* per fit: a device solved it; NULL: none took part */
} fitting;

static void new_fits(eae_fits *fits, int64_t labelings, int params, int sides, int64_t n,
                     int64_t terms)
{
    int64_t count = labelings * params * sides;
    *fits = (eae_fits){.labelings = labelings, .params = params, .sides = sides};
    fits->fit = EAE_NEW_ARRAY(eae_gram_fit, count);
    fits->undefined = EAE_NEW_ARRAY(bool, labelings);
    fits->block = EAE_NEW_ARRAY(double, count *(n + terms));
    for (int64_t i = 0; i < count; i++) {
        fits->fit[i].beta = fits->block + i * n;
        fits->fit[i].gamma = fits->block + count * n + i * terms;
    }
}

static void free_sparse(eae_sparse_fit *sparse, int64_t count)
{
    for (int64_t k = 0; sparse && k < count; k++)
        eae_sparse_fit_free(&sparse[k]);
    free(sparse);
}

void eae_fits_free(eae_fits *f)
{
    free_sparse(f->sparse, f->labelings * f->params * f->sides);
    free(f->fit);
    free(f->undefined);
    free(f->block);
    free(f->spread);
    free(f->value);
    free(f->weight);
    *f = (eae_fits){0};
}

/* Fails where the training rows lack a class, or an event. */
static int check_labels(const eae_fold *f, const eae_target *t)
{
    const char *absent = NULL;
    bool event = t->task != EAE_TASK_SURVIVAL;
    bool *seen = EAE_NEW_ARRAY(bool, t->outcome.classes);
    for (int64_t i = 0; i < f->n; i++) {
        if (t->task == EAE_TASK_CLASSES)
            seen[t->class[f->row[i]]] = true;
        event = event || t->status[f->row[i]] != 0;
    }
    for (int c = 0; c < t->outcome.classes && t->task == EAE_TASK_CLASSES; c++) {
        if (!seen[c])
            absent = eae_name(t->class_names, c);
    }
    free(seen);
    if (absent)
        return eae_fail("split %lld: class '%s' has no training sample", (long long)f->split->id,
                        absent);
    return event ? EAE_OK
                 : eae_fail("split %lld: no training sample has an event", (long long)f->split->id);
}

static double response(const fitting *g, const eae_target *t, int side, int64_t row)
{
    if (t->task != EAE_TASK_CLASSES)
        return t->value[row];
    if (g->fits->sides == 1)
        return t->class[row] == 1 ? 1 : -1;
    if (g->spec->model == EAE_MODEL_LOGISTIC)
        return t->class[row]; /* softmax */
    return t->class[row] == side ? 1 : -1;
}

static double *labeling_y(const fitting *g, int64_t labeling, int side)
{
    return g->y + (labeling * g->fits->sides + side) * g->fold->n;
}

static int prepare_labelings(fitting *g)
{
    for (int64_t l = 0; l < g->fits->labelings; l++) {
        g->fits->undefined[l] =
            g->fold->prepared.empty || check_labels(g->fold, &g->target[l]) != EAE_OK;
        if (g->fits->undefined[l] && !g->target[l].permuted)
            return EAE_FAIL;
        bool numbers = g->target[l].task != EAE_TASK_SURVIVAL;
        for (int side = 0; side < g->fits->sides && numbers; side++) {
            double *y = labeling_y(g, l, side);
            for (int64_t i = 0; i < g->fold->n; i++)
                y[i] = response(g, &g->target[l], side, g->fold->row[i]);
        }
    }
    return EAE_OK;
}

static void set_cost(fitting *g, int param, int64_t labeling)
{
    const eae_target *t = &g->target[labeling];
    eae_train_cost(g->spec, g->spec->param[param], g->fold->row, g->fold->split->count, g->fold->n,
                   t->class, t->outcome.classes, g->cost);
}

static void warm_start(eae_gram_fit *fit, const eae_gram_fit *from, int64_t n, int64_t terms)
{
    memcpy(fit->beta, from->beta, (size_t)n * sizeof(double));
    memcpy(fit->gamma, from->gamma, (size_t)terms * sizeof(double));
    fit->intercept = from->intercept;
}

void eae_fits_warm(eae_fits *fits, int param, int64_t n, int64_t terms)
{
    for (int side = 0; side < fits->sides; side++)
        warm_start(eae_fits_at(fits, param, 0, side), eae_fits_at(fits, param - 1, 0, side), n,
                   terms);
}

static int fit_one(fitting *g, int param, int64_t labeling)
{
    int status = EAE_OK;
    eae_gram_fit *fit = eae_fits_at(g->fits, param, labeling, 0);
    set_cost(g, param, labeling);
    for (int side = 0; side < g->fits->sides && status == EAE_OK; side++) {
        g->problem.y = labeling_y(g, labeling, side);
        if (g->done && g->done[fit + side - g->fits->fit])
            continue;
        if (param > 0 && !g->done)
            warm_start(&fit[side], eae_fits_at(g->fits, param - 1, labeling, side), g->fold->n,
                       g->problem.terms);
        if (g->spec->model == EAE_MODEL_SVM)
            status = eae_fit_svm(&g->problem, g->spec->loss, &fit[side]);
        else if (g->fits->sides == 1)
            status = eae_fit_logistic(&g->problem, fit);
    }
    if (status == EAE_OK && g->spec->model == EAE_MODEL_LOGISTIC && g->fits->sides > 1) {
        g->problem.y = labeling_y(g, labeling, 0);
        status = eae_fit_softmax(&g->problem, g->fits->sides, fit);
    }
    return status;
}

/* All permuted labelings at once share one factorisation, where costs do not depend on labels. */
static int fit_permuted_svm(fitting *g, int param)
{
    int64_t count = (g->fits->labelings - 1) * g->fits->sides;
    set_cost(g, param, 0);
    return eae_fit_svm_many(&g->problem, g->spec->loss, labeling_y(g, 1, 0), count,
                            eae_fits_at(g->fits, param, 1, 0));
}

static int fit_classes(fitting *g)
{
    bool together = g->spec->model == EAE_MODEL_SVM && g->spec->weighting == EAE_CLASSES_EQUAL &&
                    g->fits->labelings > 1;
    for (int64_t l = 0; l < g->fits->labelings; l++)
        together &= !g->fits->undefined[l];
    int64_t alone = together ? 1 : g->fits->labelings;
    int status = eae_fold_together(g->fold, g->target, &g->problem, g->y, alone, g->fits, &g->done);
    for (int p = 0; p < g->spec->params && status == EAE_OK; p++) {
        for (int64_t l = 0; l < alone && status == EAE_OK; l++) {
            if (!g->fits->undefined[l])
                status = fit_one(g, p, l);
        }
        if (together && status == EAE_OK)
            status = fit_permuted_svm(g, p);
    }
    free(g->done);
    return status;
}

/* Squared loss: every labeling is a right-hand side. The solver's order is [target][scale]. */
static int fit_numbers(fitting *g)
{
    int64_t labelings = g->fits->labelings;
    int params = g->spec->params;
    double total = 0;
    for (int64_t i = 0; i < g->fold->n; i++)
        total += g->fold->split->count[i];
    for (int64_t i = 0; i < g->fold->n; i++)
        g->cost[i] = g->fold->split->count[i] / total;
    if (g->fold->few)
        return eae_fold_few_squares(g->fold, g->y, g->cost, g->fits);
    double *scale = EAE_NEW_ARRAY(double, params);
    eae_gram_fit *fit = EAE_NEW_ARRAY(eae_gram_fit, labelings * params);
    for (int p = 0; p < params; p++)
        scale[p] = 1 / g->spec->param[p];
    for (int64_t l = 0; l < labelings; l++) {
        for (int p = 0; p < params; p++)
            fit[l * params + p] = *eae_fits_at(g->fits, p, l, 0);
    }
    int status = g->spec->model == EAE_MODEL_RIDGE
                     ? eae_fit_ridge(&g->problem, g->y, labelings, scale, params, fit)
                     : eae_fit_linear(&g->problem, g->y, labelings, fit);
    for (int64_t l = 0; l < labelings; l++) {
        for (int p = 0; p < params; p++)
            *eae_fits_at(g->fits, p, l, 0) = fit[l * params + p];
    }
    free(scale);
    free(fit);
    return status;
}

/* Held-out values without beta; NaN where nothing is fitted. */
static int fit_values(fitting *g)
{
    int64_t count = g->fits->labelings * g->fits->params * g->fits->sides;
    int64_t cells = count * (g->fold->m - g->fold->n);
    g->fits->value = eae_try_alloc((size_t)cells, sizeof(double), "predictions");
    if (!g->fits->value)
        return EAE_FAIL;
    for (int64_t k = 0; k < cells; k++)
        g->fits->value[k] = NAN;
    return g->spec->model == EAE_MODEL_ALS ? eae_fold_als(g->fold, g->target, g->fits)
                                           : eae_external_fit(g->fold, g->target, g->fits);
}

/* ---- survival -------------------------------------------------------------------------------- */

static void spread_new(eae_fits *fits)
{
    if (!fits->spread)
        fits->spread = EAE_NEW_ARRAY(eae_spread, fits->labelings * fits->params);
}

static eae_spread training_spread(const fitting *g, const eae_gram_fit *fit)
{
    int64_t n = g->fold->n, terms = g->problem.terms;
    double *value = EAE_NEW_ARRAY(double, n);
    for (int64_t i = 0; i < n; i++) {
        const double *row = g->problem.gram + i * g->problem.ld;
        value[i] = fit->intercept;
        for (int64_t j = 0; j < n; j++)
            value[i] += row[j] * fit->beta[j];
        for (int64_t t = 0; t < terms; t++)
            value[i] += g->problem.u[i * terms + t] * fit->gamma[t];
    }
    eae_spread spread = eae_spread_of(value, g->fold->split->count, n);
    free(value);
    return spread;
}

/* All parameters of one labeling, each from the one before. */
static int fit_times(fitting *g, int64_t labeling)
{
    const eae_target *t = &g->target[labeling];
    int64_t n = g->fold->n;
    double *time = g->y, *event = g->cost;
    eae_cox cox;
    for (int64_t i = 0; i < n; i++) {
        time[i] = t->time[g->fold->row[i]];
        event[i] = t->status[g->fold->row[i]];
    }
    int status = eae_cox_new(&cox, time, event, NULL, g->fold->split->count, n, g->spec->ties);
    for (int p = 0; p < g->spec->params && status == EAE_OK; p++) {
        eae_gram_fit *fit = eae_fits_at(g->fits, p, labeling, 0);
        if (p > 0)
            warm_start(fit, eae_fits_at(g->fits, p - 1, labeling, 0), n, g->problem.terms);
        status = eae_fit_cox(&g->problem, &cox, 1 / (cox.total * g->spec->param[p]), fit);
        if (status == EAE_OK)
            g->fits->spread[fit - g->fits->fit] = training_spread(g, fit);
    }
    eae_cox_free(&cox);
    return status;
}

static int fit_survival(fitting *g)
{
    int status = EAE_OK;
    spread_new(g->fits);
    for (int64_t l = 0; l < g->fits->labelings && status == EAE_OK; l++) {
        if (!g->fits->undefined[l])
            status = fit_times(g, l);
    }
    return status;
}

/* ---- sparse models ---------------------------------------------------------------------------
 */

/* The whole path of every labeling; a single fit starts from the one before. */
static int fit_paths(fitting *g)
{
    eae_fits *fits = g->fits;
    int64_t n = g->fold->n, count = fits->labelings * fits->params * fits->sides;
    int status = EAE_OK;
    eae_sparse_fit *before = fits->sparse;
    fits->sparse = EAE_NEW_ARRAY(eae_sparse_fit, count);
    for (int64_t l = 0; l < fits->labelings && status == EAE_OK; l++) {
        if (!fits->undefined[l])
            status =
                eae_fold_sparse_path(g->fold, &g->target[l], l, count == 1 ? before : NULL, fits);
    }
    free_sparse(before, count);
    if (g->target->task != EAE_TASK_SURVIVAL || status != EAE_OK)
        return status;
    double *value = EAE_NEW_ARRAY(double, count *n);
    spread_new(fits);
    eae_fold_sparse_values(g->fold, fits, 0, n, value);
    for (int64_t k = 0; k < count; k++)
        fits->spread[k] = eae_spread_of(value + k * n, g->fold->split->count, n);
    free(value);
    return EAE_OK;
}

void eae_fits_rescale(eae_fits *fits, const eae_train_spec *spec)
{
    bool by_cost = spec->by_lambda && eae_train_has_gram(spec);
    for (int p = 0; p < fits->params && by_cost; p++) {
        for (int64_t k = 0; k < fits->labelings * fits->sides; k++)
            eae_fits_at(fits, p, 0, 0)[k].objective *= spec->param[p];
    }
}

int eae_fits_open(eae_fits *fits, const eae_fold *fold, const eae_target *target,
                  const int64_t *perm, int64_t labelings)
{
    const eae_train_spec *spec = fold->run->spec;
    int64_t n = fold->run->streams || eae_train_is_sparse(spec) ? 0 : fold->n;
    new_fits(fits, labelings, spec->params, eae_target_sides(target), n, spec->covariates.terms);
    for (int64_t l = 0; l < labelings; l++) {
        const eae_target *t = &target[perm ? perm[l] : l];
        fits->undefined[l] = fold->prepared.empty || check_labels(fold, t) != EAE_OK;
        if (!fits->undefined[l] || t->permuted)
            continue;
        eae_fits_free(fits);
        return EAE_FAIL;
    }
    return EAE_OK;
}

/* Fits that are there, each from what it holds. */
static int fit_all(const eae_fold *fold, const eae_target *target, eae_fits *fits)
{
    const eae_train_spec *spec = fold->run->spec;
    int64_t n = fold->n;
    fitting g = {.fold = fold, .spec = spec, .target = target, .fits = fits};
    g.y = EAE_NEW_ARRAY(double, fits->labelings * fits->sides * n);
    g.cost = EAE_NEW_ARRAY(double, n);
    g.problem = (eae_gram_problem){.kernels = fold->run->dataset.kernels,
                                   .n = n,
                                   .gram = fold->gram,
                                   .ld = fold->m,
                                   .y = g.y,
                                   .cost = g.cost,
                                   .u = fold->u,
                                   .terms = spec->covariates.terms,
                                   .bias_penalised = spec->bias_penalised,
                                   .tol = spec->tol,
                                   .max_iter = spec->max_iter};
    int status = prepare_labelings(&g);
    if (status == EAE_OK && !fold->prepared.empty && eae_train_is_sparse(spec))
        status = fit_paths(&g);
    else if (status == EAE_OK && !fold->prepared.empty && !eae_train_has_gram(spec))
        status = fit_values(&g);
    else if (status == EAE_OK && fold->gram && target->task == EAE_TASK_SURVIVAL)
        status = fit_survival(&g);
    else if (status == EAE_OK && fold->few && target->task == EAE_TASK_CLASSES)
        status = eae_fold_few_softmax(fold, target, g.y, fits);
    else if (status == EAE_OK && (fold->gram || fold->few))
        status = target->task == EAE_TASK_CLASSES ? fit_classes(&g) : fit_numbers(&g);
    if (status == EAE_OK)
        eae_fits_rescale(fits, spec);
    free(g.y);
    free(g.cost);
    return status;
}

int eae_fold_fit(const eae_fold *fold, const eae_target *target, int64_t labelings, eae_fits *fits)
{
    const eae_train_spec *spec = fold->run->spec;
    int64_t n = eae_train_is_sparse(spec) || fold->few ? 0 : fold->n;
    new_fits(fits, labelings, spec->params, eae_target_sides(target), n, spec->covariates.terms);
    int status = fit_all(fold, target, fits);
    if (status != EAE_OK)
        eae_fits_free(fits);
    return status;
}

void eae_fold_svm_sides(const eae_fold *fold, const eae_target *target, int sides,
                        eae_gram_problem *side, double **memory)
{
    const eae_train_spec *spec = fold->run->spec;
    int64_t n = fold->n;
    double *cost = *memory = eae_malloc((size_t)((sides + 1) * n), sizeof *cost);
    eae_train_cost(spec, spec->param[0], fold->row, fold->split->count, n, target->class,
                   target->outcome.classes, cost);
    for (int s = 0; s < sides; s++) {
        double *y = cost + (s + 1) * n;
        for (int64_t i = 0; i < n; i++)
            y[i] = target->class[fold->row[i]] == (sides > 1 ? s : 1) ? 1 : -1;
        side[s] = (eae_gram_problem){.kernels = fold->run->dataset.kernels,
                                     .n = n,
                                     .ld = fold->m,
                                     .y = y,
                                     .cost = cost,
                                     .u = fold->u,
                                     .terms = spec->covariates.terms,
                                     .bias_penalised = spec->bias_penalised,
                                     .tol = spec->tol};
    }
}

int eae_fold_refit(const eae_fold *fold, const eae_target *target, eae_fits *fits)
{
    return fit_all(fold, target, fits);
}

int eae_fold_decision(const eae_fold *f, const eae_fits *fits, double *value)
{
    int64_t n = f->n, t = f->m - f->n, terms = f->run->spec->covariates.terms;
    int64_t count = fits->labelings * fits->params * fits->sides;
    for (int64_t i = 0; i < count * t && f->prepared.empty; i++)
        value[i] = NAN;
    if (f->prepared.empty)
        return EAE_OK;
    if (fits->value) {
        memcpy(value, fits->value, (size_t)(count * t) * sizeof *value);
        return EAE_OK;
    }
    if (fits->sparse) {
        eae_fold_sparse_values(f, fits, n, t, value);
        return EAE_OK;
    }
    double *test = eae_try_alloc((size_t)(t * n), sizeof *test, "the Gram matrix of a fold");
    if (!test)
        return EAE_FAIL;
    for (int64_t i = 0; i < t; i++)
        memcpy(test + i * n, f->gram + (n + i) * f->m, (size_t)n * sizeof *test);
    int status =
        f->run->dataset.kernels->multiply(false, true, count, t, n, 1, fits->block, test, 0, value);
    for (int64_t k = 0; k < count && status == EAE_OK; k++) {
        const eae_gram_fit *fit = &fits->fit[k];
        for (int64_t i = 0; i < t; i++) {
            double v = value[k * t + i] + fit->intercept;
            for (int64_t c = 0; c < terms; c++)
                v += fit->gamma[c] * f->u[(n + i) * terms + c];
            value[k * t + i] = v;
        }
    }
    free(test);
    return status;
}
