/* streamed.c - see streamed.h. */
#include "eval/train/streamed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/progress.h"
#include "eval/train/checkpoint.h"
#include "model/few_fit.h"
#include "model/tall_fit.h"

/* ---- which solver ------------------------------------------------------------------------------
 */

/* Of two cores of 2024: multiplications and additions in f32 of a large product, the same in f64 of
 * a small one, values that a pass works through, and what it takes for a row beside them. Orders of
 * magnitude are enough. */
static const double PRODUCT_RATE = 1e11, SOLVE_RATE = 1e10, PASS_RATE = 1.5e9, PASS_ROW = 2e-6;
static const double FEW_RATE = 3e9, FEW_ROW = 1000;       /* the row's in values */
static const double FEW_MANY = 256, FEW_MANY_RATE = 3e10; /* features, and products from there on */
static const double BLOCK_ROWS = 32, HINGE_OVERLAP = 5;
static const double STORING_SHARE = 20;
enum { ROWS_ALWAYS = 1500, ROWS_ALWAYS_FEW = 500, ROWS_MANY = 5000, ROWS_MOST = 20000 };

static const char *obstacle(const eae_run *run)
{
    const eae_train_spec *spec = run->spec;
    bool svm = spec->model == EAE_MODEL_SVM && spec->kernel == EAE_KERNEL_LINEAR;
    bool binary = spec->model == EAE_MODEL_LOGISTIC && run->target.outcome.classes == 2;
    if (!svm && !binary && spec->model != EAE_MODEL_RIDGE)
        return "svm with the linear kernel, logistic for two classes, and ridge";
    if (run->dataset.missing && spec->prepare.imputation == EAE_IMPUTE_ALS)
        return "missing values filled by --impute mean or median";
    return NULL;
}

/* Features that a model has, at most. */
static int64_t features_of(const eae_run *run)
{
    const eae_prepare_spec *prepare = &run->spec->prepare;
    bool filtered = prepare->filter != EAE_FILTER_NONE && prepare->keep < run->dataset.cols;
    return filtered ? prepare->keep : run->dataset.cols;
}

static bool has_few(const eae_run *run)
{
    return eae_few_suits(run->dataset.rows, features_of(run));
}

static bool is_hinge(const eae_train_spec *spec)
{
    return spec->model == EAE_MODEL_SVM && spec->loss == EAE_HINGE;
}

/* Passes to a gap of 1e-6 at C = 1 where the classes overlap (measured: with half as many samples
 * as features 30 for the hinge and 10 for smooth losses; with as many 90 and 20; with three times
 * as many 500 and 190). */
static double passes_of(const eae_run *run, double rows, double features)
{
    bool hinge = is_hinge(run->spec);
    double ratio = rows / fmax(features, 1);
    if (has_few(run))
        return hinge ? 40 : 8;
    return fmin(hinge ? 40 + 50 * ratio * ratio : 10 + 20 * ratio * ratio, EAE_TALL_PASSES);
}

/* For one training set of all rows. */
static bool is_cheaper(const eae_run *run)
{
    double n = (double)run->dataset.rows, p = (double)run->dataset.cols;
    double q = (double)features_of(run) + 1;
    double models = (double)run->spec->params * (double)eae_target_sides(&run->target) *
                    (double)(1 + run->spec->permutations);
    double passes = models * passes_of(run, n, q - 1);
    /* with more samples than features classes overlap, and the hinge's matrices have no inverse */
    double solve = n * n * n / SOLVE_RATE * (is_hinge(run->spec) && q < n ? HINGE_OVERLAP : 1);
    double gram = n * n * p / PRODUCT_RATE + models * solve;
    double stream =
        has_few(run)
            ? passes * n * (p + q * q / 2 + FEW_ROW) / (q > FEW_MANY ? FEW_MANY_RATE : FEW_RATE)
            : BLOCK_ROWS * n * p / PRODUCT_RATE + passes * n * (p / PASS_RATE + PASS_ROW);
    int always = has_few(run) ? ROWS_ALWAYS_FEW : ROWS_ALWAYS;
    /* a Gram matrix of many samples is also much memory */
    bool cheaper = n > ROWS_MOST || (n > always && stream < (n > ROWS_MANY ? gram : gram / 2));
    eae_detail("solver: %s (a Gram matrix of %.0f x %.0f and its solution would take about %.3g s, "
               "passes over the data %.3g s%s)",
               cheaper ? "stream" : "gram", n, n, gram, stream,
               n > ROWS_MOST ? "; too many samples for a Gram matrix" : "");
    return cheaper;
}

int eae_streamed_choose(const eae_run *run, bool *streams)
{
    const char *only = obstacle(run);
    *streams = false;
    if (run->spec->solver == EAE_SOLVER_GRAM)
        return EAE_OK;
    if (run->spec->solver == EAE_SOLVER_STREAM && only && !eae_train_is_sparse(run->spec))
        return eae_fail_usage("--solver stream is for %s", only);
    if (only)
        return EAE_OK;
    *streams = run->spec->solver == EAE_SOLVER_STREAM || is_cheaper(run);
    return EAE_OK;
}

/* ---- one training set --------------------------------------------------------------------------
 */

/* Labelings perm[0 .. labelings - 1] of a task. */
typedef struct {
    const eae_streamed_task *task;
    const int64_t *perm;
    int64_t labelings;
    eae_fold fold;
    eae_source source;
    eae_tall_free free; /* of covariates, where there are any */
    eae_fits fits;
    int64_t *model; /* per fit: its model in the batch, -1 where nothing is fitted */
} member;

typedef struct {
    const eae_target *target;
    member *member;
    int64_t count, room; /* members; how many there is memory for in `member` */
    eae_tall_problem *problem;
    eae_tall_model *model;
    double *memory; /* y and cost of every model */
    int64_t models;
    const eae_frame *data;
    eae_checkpoint *checkpoint; /* or NULL */
    char name[32];              /* of its milestone */
    double stored, storing;     /* when, and how long that took */
} batch;

static eae_loss loss_of(const eae_train_spec *spec)
{
    if (spec->model == EAE_MODEL_LOGISTIC)
        return EAE_LOSS_LOGISTIC;
    if (spec->model == EAE_MODEL_RIDGE)
        return EAE_LOSS_SQUARED;
    return spec->loss == EAE_HINGE ? EAE_LOSS_HINGE : EAE_LOSS_SQUARED_HINGE;
}

/* For one labeling. */
static int64_t models_of(const eae_streamed_task *task, const eae_target *target)
{
    return task->run->spec->params * eae_target_sides(target);
}

static double response(const eae_target *t, int sides, int side, int64_t row)
{
    if (t->task != EAE_TASK_CLASSES)
        return t->value[row];
    return t->class[row] == (sides > 1 ? side : 1) ? 1 : -1;
}

/* y and cost over all rows of the data. */
static void set_problem(const eae_target *t, const member *m, int param, int side,
                        eae_tall_problem *problem, double *memory)
{
    const eae_fold *f = &m->fold;
    const eae_train_spec *spec = f->run->spec;
    int64_t rows = f->run->dataset.rows;
    double *y = memory, *cost = memory + rows;
    double *some = EAE_NEW_ARRAY(double, f->n);
    eae_train_cost(spec, spec->param[param], f->row, f->split->count, f->n, t->class,
                   t->outcome.classes, some);
    memset(memory, 0, (size_t)(2 * rows) * sizeof *memory);
    for (int64_t i = 0; i < f->n; i++) {
        y[f->row[i]] = response(t, m->fits.sides, side, f->row[i]);
        cost[f->row[i]] = some[i];
    }
    free(some);
    *problem = (eae_tall_problem){.source = &m->source,
                                  .y = y,
                                  .cost = cost,
                                  .loss = loss_of(spec),
                                  .bias_penalised = spec->bias_penalised,
                                  .free = m->free.e ? &m->free : NULL,
                                  .tol = spec->tol,
                                  .max_iter = spec->max_iter};
}

static int64_t fits_of(const member *m)
{
    return m->fits.labelings * m->fits.params * m->fits.sides;
}

/* Covariates as the training rows standardise them, over all rows of the data. */
static int open_covariates(member *m)
{
    const eae_fold *f = &m->fold;
    const eae_train_spec *spec = f->run->spec;
    int64_t rows = f->run->dataset.rows, terms = spec->covariates.terms;
    if (terms == 0)
        return EAE_OK;
    double *u = EAE_NEW_ARRAY(double, rows *terms), *weight = EAE_NEW_ARRAY(double, rows);
    for (int64_t i = 0; i < f->m; i++)
        memcpy(u + f->row[i] * terms, f->u + i * terms, (size_t)terms * sizeof *u);
    for (int64_t i = 0; i < f->n; i++)
        weight[f->row[i]] = f->split->count[i];
    int status = eae_tall_free_open(&m->free, f->run->dataset.kernels, u, terms, weight, rows,
                                    !spec->bias_penalised);
    free(u);
    free(weight);
    return status;
}

static int open_member(batch *b, member *m)
{
    const eae_run *run = m->task->run;
    int threads = run->spec->threads;
    int status = eae_fold_open(&m->fold, run, m->task->split, &b->target[m->perm[0]], threads);
    if (status == EAE_OK)
        status = eae_fits_open(&m->fits, &m->fold, b->target, m->perm, m->labelings);
    if (status != EAE_OK)
        return status;
    m->source = eae_fold_source(&m->fold);
    status = open_covariates(m);
    if (status != EAE_OK)
        return status;
    m->model = EAE_NEW_ARRAY(int64_t, fits_of(m));
    for (int64_t k = 0; k < fits_of(m); k++) {
        int64_t labeling = k / m->fits.sides % m->labelings;
        int param = (int)(k / (m->fits.sides * m->labelings)), side = (int)(k % m->fits.sides);
        m->model[k] = m->fits.undefined[labeling] ? -1 : b->models++;
        if (m->model[k] >= 0)
            set_problem(&b->target[m->perm[labeling]], m, param, side, &b->problem[m->model[k]],
                        b->memory + m->model[k] * 2 * run->dataset.rows);
    }
    return EAE_OK;
}

/* One model; weights are only for the real labels. */
static void take_model(const batch *b, member *m, int64_t k)
{
    const eae_fold *f = &m->fold;
    int64_t tests = f->m - f->n, cols = f->run->dataset.cols, sides = m->fits.sides;
    double *value = m->fits.value + k * tests;
    for (int64_t i = 0; i < tests; i++)
        value[i] = NAN;
    if (m->model[k] < 0)
        return;
    eae_tall_model *from = &b->model[m->model[k]];
    eae_gram_fit *fit = &m->fits.fit[k];
    fit->intercept = from->intercept;
    for (int64_t t = 0; t < f->run->spec->covariates.terms; t++)
        fit->gamma[t] = from->gamma[t];
    fit->objective = from->objective;
    fit->gap = from->gap;
    fit->iterations = from->iterations;
    fit->converged = from->converged;
    for (int64_t i = 0; i < tests; i++)
        value[i] = from->value[f->row[f->n + i]];
    int64_t at = k / (sides * m->labelings) * sides + k % sides;
    if (m->fits.weight && k / sides % m->labelings == 0)
        memcpy(m->fits.weight + at * cols, from->w, (size_t)cols * sizeof(double));
    eae_tall_model_free(from);
}

/* What the fits of a fold are made of elsewhere: weights, values of the test rows. */
static int take_models(const batch *b, member *m)
{
    const eae_fold *f = &m->fold;
    int64_t tests = f->m - f->n, cols = f->run->dataset.cols;
    m->fits.value = eae_try_alloc((size_t)(fits_of(m) * tests), sizeof(double), "predictions");
    if (!m->fits.value)
        return EAE_FAIL;
    if (m->perm[0] == 0) {
        size_t weights = (size_t)(m->fits.params * m->fits.sides * cols);
        m->fits.weight = eae_try_alloc(weights, sizeof(double), "weights");
        if (!m->fits.weight)
            return EAE_FAIL;
    }
    for (int64_t k = 0; k < fits_of(m); k++)
        take_model(b, m, k);
    eae_fits_rescale(&m->fits, f->run->spec);
    return EAE_OK;
}

static void close_member(member *m)
{
    eae_fold_close(&m->fold);
    eae_fits_free(&m->fits);
    eae_tall_free_close(&m->free);
    free(m->model);
    m->model = NULL;
}

/* ---- batches -----------------------------------------------------------------------------------
 */

static void ask_ahead(void *context, int64_t first, int64_t count)
{
    eae_frame_ahead(((const batch *)context)->data, first, count);
    eae_progress_add(count);
}

/* One function for both ways: checkpoint.h. */
static void exchange(void *bytes, void *part, size_t n)
{
    eae_bytes_exchange(bytes, part, n);
}

static int begin_passes(void *context, eae_tall_progress *progress)
{
    batch *b = context;
    eae_buffer piece = {0};
    eae_bytes bytes = {.from = &piece};
    bool found = false;
    if (!b->checkpoint)
        return EAE_OK;
    int status = eae_checkpoint_load(b->checkpoint, b->name, &piece, &found);
    if (status == EAE_OK && found) {
        eae_tall_visit(progress, exchange, &bytes);
        if (!eae_bytes_all_read(&bytes))
            status = eae_fail("%s: a milestone of another size", b->name);
        eae_detail("going on from a milestone");
    }
    eae_buffer_free(&piece);
    return status;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* After a pass, but where that would take more than a twentieth of the time; always at the end. */
static int keep_milestone(batch *b, eae_tall_progress *progress, bool last)
{
    eae_buffer piece = {0};
    eae_bytes bytes = {.to = &piece};
    double begin = seconds();
    if (!b->checkpoint || (!last && begin - b->stored < STORING_SHARE * b->storing))
        return EAE_OK;
    eae_tall_visit(progress, exchange, &bytes);
    int status = eae_checkpoint_store(b->checkpoint, b->name, &piece);
    eae_buffer_free(&piece);
    b->stored = seconds();
    b->storing = b->stored - begin;
    return status;
}

static int after_pass(void *context, eae_tall_progress *progress, int64_t pass, int64_t left,
                      double gap)
{
    if (left > 0)
        eae_detail("pass %lld: %lld models left, the largest gap is %.3g", (long long)pass,
                   (long long)left, gap);
    else
        eae_detail("pass %lld: done", (long long)pass);
    eae_progress_again("pass %lld (%lld models left, gap %.2g), ", (long long)pass + 1,
                       (long long)left, gap);
    return keep_milestone(context, progress, left == 0);
}

/* A milestone is known by the problems it is of. */
static int fit_batch(batch *b, const eae_run *run, double room)
{
    eae_tall_watch watch = {
        .begin = begin_passes, .ahead = ask_ahead, .pass = after_pass, .context = b};
    size_t bytes = (size_t)(b->models * 2 * run->dataset.rows) * sizeof(double);
    b->data = run->data;
    b->checkpoint = run->checkpoint;
    if (b->checkpoint)
        snprintf(b->name, sizeof b->name, "passes-%016llx",
                 (unsigned long long)eae_hash64(b->memory, bytes));
    if (has_few(run))
        return eae_fit_few(b->problem, b->models, run->dataset.kernels, run->spec->threads, &watch,
                           b->model);
    return eae_fit_tall(b->problem, b->models, run->dataset.kernels, room, run->spec->threads,
                        &watch, b->model);
}

static void add_member(batch *b, const eae_streamed_task *task, int64_t first, int64_t labelings)
{
    if (b->count == b->room) {
        b->room = 2 * b->room + 1;
        b->member = eae_realloc(b->member, (size_t)b->room, sizeof *b->member);
    }
    b->member[b->count++] =
        (member){.task = task, .perm = task->perm + first, .labelings = labelings};
}

/* `models`: at most, fewer where labelings are undefined. */
static int open_batch(batch *b, const eae_run *run, int64_t models)
{
    b->problem = EAE_NEW_ARRAY(eae_tall_problem, models);
    b->model = EAE_NEW_ARRAY(eae_tall_model, models);
    b->memory =
        eae_try_alloc((size_t)(models * 2 * run->dataset.rows), sizeof(double), "labels and costs");
    int status = b->memory ? EAE_OK : EAE_FAIL;
    for (int64_t s = 0; s < b->count && status == EAE_OK; s++)
        status = open_member(b, &b->member[s]);
    return status;
}

static int do_batch(batch *b, const eae_run *run, int64_t models, double room,
                    eae_streamed_done done, void *context)
{
    int status = open_batch(b, run, models);
    if (status == EAE_OK && b->models > 0)
        status = fit_batch(b, run, room);
    for (int64_t s = 0; s < b->count && status == EAE_OK; s++) {
        member *m = &b->member[s];
        status = take_models(b, m);
        if (status == EAE_OK)
            status = done(context, m->task->id, m->perm, &m->fold, &m->fits);
        close_member(m);
    }
    for (int64_t k = 0; k < b->models; k++)
        eae_tall_model_free(&b->model[k]);
    for (int64_t s = 0; s < b->count; s++)
        close_member(&b->member[s]);
    free(b->member);
    free(b->problem);
    free(b->model);
    free(b->memory);
    return status;
}

/* Bytes of one model, and of what a training set teaches. */
typedef struct {
    double model, learned;
} demand;

static demand need_of(const eae_run *run)
{
    int64_t terms = run->spec->covariates.terms;
    double rows = (double)run->dataset.rows, cols = (double)run->dataset.cols;
    double each = has_few(run) ? eae_few_model_bytes(run->dataset.rows, features_of(run) + terms,
                                                     run->spec->threads)
                               : eae_tall_model_bytes(run->dataset.rows, run->dataset.cols, terms);
    return (demand){.model = each + (2 * rows + cols) * sizeof(double),
                    .learned = ((4 + (double)run->spec->prepare.terms) * cols +
                                (double)(terms > 0 ? 2 * terms + 2 : 0) * rows) *
                               sizeof(double)};
}

/* Labelings of a task from `first` on that share a training set: where a filter reads them, each
 * has its own. */
static int64_t together(const eae_streamed_task *task, int64_t first)
{
    bool alone = eae_filter_reads_labels(task->run->spec->prepare.filter);
    return alone ? 1 : task->labelings - first;
}

/* Adds what there is memory for to the batch, beginning with a labeling of a task; where the next
 * one begins is left in *task and *first. */
static void fill_batch(batch *b, const eae_streamed_task *all, int64_t count, double have,
                       int64_t *task, int64_t *first, int64_t *models, double *used)
{
    while (*task < count) {
        const eae_streamed_task *t = &all[*task];
        demand need = need_of(t->run);
        double each = (double)models_of(t, b->target) * need.model;
        int64_t labelings = together(t, *first);
        double room = (have - *used - need.learned) / each;
        if (room < (double)labelings)
            labelings = room >= 1 ? (int64_t)room : 0;
        if (labelings == 0 && b->count > 0)
            return;
        labelings = labelings > 0 ? labelings : 1;
        add_member(b, t, *first, labelings);
        *used += need.learned + (double)labelings * each;
        *models += labelings * models_of(t, b->target);
        *first += labelings;
        if (*first == t->labelings) {
            ++*task;
            *first = 0;
        }
    }
}

int eae_streamed_run(const eae_streamed_task *task, int64_t count, const eae_target *target,
                     eae_streamed_done done, void *context)
{
    int status = EAE_OK;
    if (count > 0)
        eae_progress_start("samples", task[0].run->dataset.rows);
    for (int64_t at = 0, first = 0; at < count && status == EAE_OK;) {
        const eae_run *run = task[at].run;
        batch b = {.target = target};
        double have = run->spec->memory > 0 ? (double)run->spec->memory : 0x1p62, used = 0;
        int64_t models = 0;
        fill_batch(&b, task, count, have / 2, &at, &first, &models, &used);
        eae_progress_again("pass 1, ");
        status = do_batch(&b, run, models, have - used, done, context);
    }
    eae_progress_end();
    return status;
}
