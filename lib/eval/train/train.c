/* train.c - families of models over the splits of a plan; see train.h. */
#include "eval/train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "base/diag.h"
#include "base/threads.h"
#include "eval/train/batch.h"
#include "eval/train/checkpoint.h"
#include "eval/train/external.h"
#include "eval/train/fold_rows.h"
#include "eval/train/run.h"
#include "eval/train/streamed.h"
#include "eval/train/support.h"
#include "eval/train/train_result.h"
#include "eval/train/tune.h"

typedef struct {
    eae_run run;
    const eae_train_spec *spec;
    const eae_frame *plan;
    int64_t *outer; /* rows of the plan that this shard does */
    int64_t outer_count;
    int64_t splits; /* outer splits of the whole plan */
    eae_labelings labels;
    int sides;
    int params;  /* rows per labeling: the list, or 1 where one of it is chosen */
    int *chosen; /* outer_count x labelings: --tune, else NULL */
    bool final;  /* train on all rows too (or only) */
    eae_frame *prediction;
    eae_result_row *prediction_row;
    int64_t rows_per_split;
    eae_frame *model;
    eae_result_row *model_row;
    eae_support *support;     /* per row of the model frame: kernel machines, else NULL */
    int64_t models_per_split; /* preprocessing rows and weights */
    int inner_threads;
    eae_tune_count tuning; /* fits inside, for choosing */
} family;

/* One training set and where its results go. */
typedef struct {
    family *f;
    int64_t task;      /* which outer split of this shard; -1: all rows */
    int64_t model_row; /* first row of the model frame; -1: none */
    const int *chosen; /* labelings: the parameter of each, or NULL */
} job;

/* ---- what is shared ----------------------------------------------------------------------------
 */

static int make_frames(family *f)
{
    const eae_frame *data = f->run.data;
    int classes = f->run.target.outcome.classes;
    int status = EAE_OK;
    f->sides = classes > 2 ? classes : 1;
    f->params = f->spec->tune ? 1 : f->spec->params;
    f->rows_per_split = f->labels.count * f->params * f->sides;
    f->models_per_split = eae_fold_model_rows(&f->run, f->params, f->sides);
    if (f->plan) {
        int64_t rows = f->outer_count * f->rows_per_split;
        status = eae_prediction_new(&f->prediction, data, rows);
        f->prediction_row = EAE_NEW_ARRAY(eae_result_row, rows);
    }
    int64_t models = f->final + (f->spec->weights == EAE_WEIGHTS_ALL ? f->outer_count : 0);
    if (status == EAE_OK && f->spec->weights != EAE_WEIGHTS_NONE) {
        int64_t rows = models * f->models_per_split;
        status = eae_model_frame_new(&f->model, data, &f->spec->covariates, rows);
        f->model_row = EAE_NEW_ARRAY(eae_result_row, rows);
        if (f->spec->kernel != EAE_KERNEL_LINEAR)
            f->support = EAE_NEW_ARRAY(eae_support, rows);
    }
    return status;
}

/* ---- one split ---------------------------------------------------------------------------------
 */

/* The place in the list of the first of a fold's parameters: a fold of the chosen one alone has a
 * specification whose list is a piece of the whole. */
static int first_param(const family *f, const eae_fold *fold)
{
    return (int)(fold->run->spec->param - f->spec->param);
}

/* Prediction rows of the labelings perm[0 .. fits->labelings - 1]. Cell i of a permuted row is the
 * value of the sample that carries sample i's label, so that the label column is right for it. */
static void write_predictions(family *f, int64_t task, const eae_fold *fold, const eae_fits *fits,
                              const int64_t *perm, const double *value)
{
    int64_t test = fold->m - fold->n, samples = f->run.dataset.rows;
    int64_t count = fits->labelings * fits->params * fits->sides;
    for (int64_t k = 0; k < count; k++) {
        int param = (int)(k / (fits->labelings * fits->sides));
        int64_t labeling = k / fits->sides % fits->labelings;
        int side = (int)(k % fits->sides);
        const int64_t *from = f->labels.from[perm[labeling]];
        int64_t row =
            task * f->rows_per_split + (perm[labeling] * f->params + param) * fits->sides + side;
        eae_result_row *r = &f->prediction_row[row];
        *r = eae_fold_row(fold);
        eae_fold_row_fit(r, f->spec, first_param(f, fold) + param, side, fits, &fits->fit[k]);
        r->perm = perm[labeling];
        if (fits->undefined[labeling]) {
            eae_result_undefined(r);
            continue;
        }
        double *out = eae_frame_f64(f->prediction) + row * samples;
        for (int64_t i = 0; i < test; i++) {
            int64_t sample = fold->row[fold->n + i];
            out[from ? from[sample] : sample] = value[k * test + i];
        }
    }
}

/* Rows of a permuted labeling for which nothing could be chosen. */
static void write_unchosen(family *f, int64_t task, const eae_fold *fold, int64_t perm)
{
    for (int side = 0; side < f->sides; side++) {
        eae_result_row *r = &f->prediction_row[task * f->rows_per_split + perm * f->sides + side];
        *r = eae_fold_row(fold);
        r->tuned = true;
        r->perm = perm;
        r->class = f->sides > 1 ? side : -1;
        eae_result_undefined(r);
    }
}

static int predict(family *f, int64_t task, const eae_fold *fold, const eae_fits *fits,
                   const int64_t *perm)
{
    int64_t count = fits->labelings * fits->params * fits->sides;
    double *value =
        eae_try_alloc((size_t)(count * (fold->m - fold->n)), sizeof *value, "predictions");
    int status = value ? eae_fold_decision(fold, fits, value) : EAE_FAIL;
    if (status == EAE_OK)
        write_predictions(f, task, fold, fits, perm, value);
    free(value);
    return status;
}

/* Rows of the model frame for one training set. */
static int write_models(family *f, int64_t row, const eae_fold *fold, const eae_fits *fits,
                        const double *shift)
{
    int64_t width = f->run.dataset.cols + f->spec->covariates.terms;
    int models = fits->params * fits->sides;
    int status = eae_fold_write_model(fold, fits, first_param(f, fold), shift,
                                      eae_frame_f64(f->model) + row * width, f->model_row + row);
    eae_support *support = f->support ? f->support + row + f->models_per_split - models : NULL;
    for (int k = 0; k < models && support && status == EAE_OK; k++)
        status = eae_support_take(&support[k], fold,
                                  eae_fits_at(fits, k / fits->sides, 0, k % fits->sides));
    return status;
}

static int fit_labelings(const job *j, const eae_fold *fold, const eae_target *target,
                         const int64_t *perm, int64_t count)
{
    eae_fits fits;
    int status = eae_fold_fit(fold, target, count, &fits);
    if (status != EAE_OK)
        return status;
    if (j->task >= 0)
        status = predict(j->f, j->task, fold, &fits, perm);
    if (status == EAE_OK && perm[0] == 0 && j->model_row >= 0)
        status = write_models(j->f, j->model_row, fold, &fits, eae_fold_source(fold).shift);
    eae_fits_free(&fits);
    return status;
}

/* Those of the labelings for which parameter `param` was chosen, with it alone. */
static int fit_chosen(const job *j, const eae_fold *fold, int64_t first, int64_t count, int param)
{
    family *f = j->f;
    eae_run run;
    eae_train_spec spec;
    eae_fold one = *fold;
    eae_target *target = EAE_NEW_ARRAY(eae_target, count);
    int64_t *perm = EAE_NEW_ARRAY(int64_t, count), chose = 0;
    eae_tune_one(&f->run, param, &run, &spec);
    one.run = &run;
    for (int64_t b = first; b < first + count; b++) {
        if (j->chosen[b] == param) {
            target[chose] = f->labels.target[b];
            perm[chose++] = b;
        }
    }
    int status = chose > 0 ? fit_labelings(j, &one, target, perm, chose) : EAE_OK;
    free(target);
    free(perm);
    return status;
}

static int use_fold(void *context, const eae_fold *fold, int64_t first, int64_t count)
{
    const job *j = context;
    family *f = j->f;
    int status = EAE_OK;
    if (!j->chosen) {
        int64_t *perm = eae_malloc((size_t)count, sizeof *perm);
        for (int64_t b = 0; b < count; b++)
            perm[b] = first + b;
        status = fit_labelings(j, fold, f->labels.target + first, perm, count);
        free(perm);
        return status;
    }
    for (int p = 0; p < f->spec->params && status == EAE_OK; p++)
        status = fit_chosen(j, fold, first, count, p);
    for (int64_t b = first; b < first + count; b++) {
        if (j->chosen[b] < 0)
            write_unchosen(f, j->task, fold, b);
    }
    return status;
}

static int do_split(job *j, const eae_split *split, int64_t labelings)
{
    family *f = j->f;
    return eae_fold_each(&f->run, split, f->labels.target, labelings, f->inner_threads, use_fold,
                         j);
}

static int64_t model_row_of(const family *f, int64_t task)
{
    return f->spec->weights == EAE_WEIGHTS_ALL ? (f->final + task) * f->models_per_split : -1;
}

static job job_of(family *f, int64_t task)
{
    return (job){.f = f,
                 .task = task,
                 .model_row = model_row_of(f, task),
                 .chosen = f->chosen ? f->chosen + task * f->labels.count : NULL};
}

static int split_task(void *context, int64_t task, int worker)
{
    family *f = context;
    job j = job_of(f, task);
    eae_split split;
    (void)worker;
    eae_plan_split(f->plan, f->outer[task], &split);
    int status = do_split(&j, &split, f->labels.count);
    eae_split_free(&split);
    eae_progress_add(1);
    return status;
}

static int do_splits(family *f)
{
    int workers = eae_run_workers(&f->run, f->outer_count, &f->inner_threads);
    return eae_parallel(workers, f->outer_count, split_task, f);
}

/* A split that came out of a batch; without fits it did not converge there and is done by itself.
 */
static int batch_done(void *context, int64_t task, eae_fold *fold, eae_fits *fits,
                      const double *value)
{
    static const int64_t real = 0;
    family *f = context;
    job j = job_of(f, task);
    eae_progress_add(1);
    if (!fits)
        return do_split(&j, fold->split, 1);
    write_predictions(f, task, fold, fits, &real, value);
    if (j.model_row < 0)
        return EAE_OK;
    int status =
        eae_prepare_learn(&f->run.dataset, &f->spec->prepare, fold->split->train,
                          fold->split->count, fold->n, &f->run.target.outcome, &fold->prepared, 1);
    if (status == EAE_OK)
        status = write_models(f, j.model_row, fold, fits, f->run.dataset.reference);
    return status;
}

static int do_batches(family *f)
{
    double *model = NULL;
    int64_t passes = 0;
    int status = eae_batch_model(&f->run, &model);
    f->inner_threads = 1;
    int64_t before = f->splits * (f->spec->shard - 1) / f->spec->shards;
    for (int64_t first = 0, count; first < f->outer_count && status == EAE_OK; first += count) {
        eae_split split[EAE_BATCH];
        int64_t ordinal = before + first, room = EAE_BATCH - ordinal % EAE_BATCH;
        count = f->outer_count - first < room ? f->outer_count - first : room;
        for (int64_t s = 0; s < count; s++)
            eae_plan_split(f->plan, f->outer[first + s], &split[s]);
        status =
            eae_batch_run(&f->run, model, split, count, first, ordinal, batch_done, f, &passes);
        for (int64_t s = 0; s < count; s++)
            eae_split_free(&split[s]);
    }
    eae_detail("%lld splits in batches of %d: %lld passes over the data", (long long)f->outer_count,
               EAE_BATCH, (long long)passes);
    free(model);
    return status;
}

/* A training set whose models come from passes over the data; id -1: all rows. */
static int streamed_done(void *context, int64_t id, const int64_t *perm, const eae_fold *fold,
                         const eae_fits *fits)
{
    family *f = context;
    int64_t row = id >= 0 ? model_row_of(f, id) : f->spec->weights == EAE_WEIGHTS_NONE ? -1 : 0;
    if (id >= 0)
        write_predictions(f, id, fold, fits, perm, fits->value);
    return row >= 0 && perm[0] == 0 ? write_models(f, row, fold, fits, eae_fold_source(fold).shift)
                                    : EAE_OK;
}

/* Training sets for passes over the data, each with the labelings that share its parameters. */
typedef struct {
    eae_streamed_task *task;
    int64_t count;
    eae_split *split; /* outer splits, all rows */
    eae_run *run;     /* per parameter, that one alone */
    eae_train_spec *spec;
    int64_t *perm; /* of all tasks */
    int64_t perms;
} streaming;

static void stream_labelings(streaming *s, const eae_run *run, const eae_split *split, int64_t id,
                             const int *chosen, int64_t labelings, int param)
{
    int64_t first = s->perms;
    for (int64_t b = 0; b < labelings; b++) {
        if (!chosen || chosen[b] == param)
            s->perm[s->perms++] = b;
    }
    if (s->perms > first)
        s->task[s->count++] =
            (eae_streamed_task){run, split, id, s->perm + first, s->perms - first};
}

/* With a list that is chosen from, a labeling has a parameter of its own, or none. */
static int stream_split(family *f, streaming *s, const eae_split *split, int64_t id,
                        const int *chosen, int64_t labelings)
{
    if (!f->spec->tune) {
        stream_labelings(s, &f->run, split, id, NULL, labelings, 0);
        return EAE_OK;
    }
    for (int p = 0; p < f->spec->params; p++)
        stream_labelings(s, &s->run[p], split, id, chosen, labelings, p);
    eae_fold fold;
    int status = EAE_OK;
    for (int64_t b = 0; b < labelings && status == EAE_OK; b++) {
        if (chosen[b] >= 0)
            continue;
        status = eae_fold_open(&fold, &f->run, split, &f->labels.target[b], f->spec->threads);
        if (status == EAE_OK)
            write_unchosen(f, id, &fold, b);
        if (status == EAE_OK)
            eae_fold_close(&fold);
    }
    return status;
}

static streaming open_streaming(family *f)
{
    int64_t sets = f->outer_count + f->final;
    int params = f->spec->tune ? f->spec->params : 1;
    streaming s = {.task = EAE_NEW_ARRAY(eae_streamed_task, sets * params),
                   .split = EAE_NEW_ARRAY(eae_split, sets),
                   .run = EAE_NEW_ARRAY(eae_run, params),
                   .spec = EAE_NEW_ARRAY(eae_train_spec, params),
                   .perm = EAE_NEW_ARRAY(int64_t, f->outer_count * f->labels.count + f->final)};
    for (int p = 0; p < params && f->spec->tune; p++)
        eae_tune_one(&f->run, p, &s.run[p], &s.spec[p]);
    return s;
}

static void close_streaming(family *f, streaming *s)
{
    for (int64_t k = 0; k < f->outer_count + f->final; k++)
        eae_split_free(&s->split[k]);
    free(s->task);
    free(s->split);
    free(s->run);
    free(s->spec);
    free(s->perm);
}

/* All training sets share the passes. */
static int do_streamed(family *f)
{
    static const int64_t outer = 0;
    int chosen = -1, status = EAE_OK;
    streaming s = open_streaming(f);
    if (f->spec->tune && f->final)
        status = eae_tune(&f->run, f->plan, &outer, 1, f->labels.target, 1, &chosen, &f->tuning);
    for (int64_t k = 0; k < f->outer_count && status == EAE_OK; k++) {
        eae_plan_split(f->plan, f->outer[k], &s.split[k]);
        status = stream_split(f, &s, &s.split[k], k,
                              f->chosen ? f->chosen + k * f->labels.count : NULL, f->labels.count);
    }
    if (f->final && status == EAE_OK) {
        eae_split_all(f->run.dataset.rows, &s.split[f->outer_count]);
        status = stream_split(f, &s, &s.split[f->outer_count], -1, &chosen, 1);
    }
    if (status == EAE_OK)
        status = eae_streamed_run(s.task, s.count, f->labels.target, streamed_done, f);
    close_streaming(f, &s);
    return status;
}

/* The outer splits are the inner ones of all rows. */
static int do_final(family *f)
{
    static const int64_t outer = 0;
    int chosen = -1, status = EAE_OK;
    job j = {.f = f, .task = -1, .model_row = f->spec->weights == EAE_WEIGHTS_NONE ? -1 : 0};
    eae_split all;
    if (f->spec->tune) {
        status = eae_tune(&f->run, f->plan, &outer, 1, f->labels.target, 1, &chosen, &f->tuning);
        j.chosen = &chosen;
    }
    eae_split_all(f->run.dataset.rows, &all);
    f->inner_threads = f->spec->threads;
    if (status == EAE_OK)
        status = do_split(&j, &all, 1);
    eae_split_free(&all);
    return status;
}

/* --tune: the parameter of every outer split and labeling. */
static int choose(family *f)
{
    const int64_t *number = eae_axis_find(&f->plan->rows, "split")->i64;
    int64_t *parent = eae_malloc((size_t)f->outer_count, sizeof *parent);
    for (int64_t s = 0; s < f->outer_count; s++)
        parent[s] = number[f->outer[s]];
    f->chosen = EAE_NEW_ARRAY(int, f->outer_count * f->labels.count);
    int status = eae_tune(&f->run, f->plan, parent, f->outer_count, f->labels.target,
                          f->labels.count, f->chosen, &f->tuning);
    free(parent);
    return status;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void count_rows(const eae_result_row *row, int64_t rows, eae_train_output *out)
{
    for (int64_t i = 0; i < rows; i++) {
        if (row[i].part && strcmp(row[i].part, "weights") != 0)
            continue;
        out->fits++;
        out->unconverged += !row[i].converged;
        out->undefined += row[i].undefined;
    }
}

static int finish(family *f, eae_train_output *out)
{
    const eae_annot *plan = f->plan ? eae_axis_find(&f->plan->rows, "plan") : NULL;
    const char *hash = plan && f->plan->rows.count > 0 ? eae_annot_text(plan, 0) : NULL;
    const eae_names *classes = f->run.target.class_names;
    if (f->support && eae_support_expand(&f->run, f->support, &f->model, &f->model_row) != EAE_OK)
        return EAE_FAIL;
    if (f->prediction) {
        eae_result_annotate(f->prediction, f->prediction_row, f->spec, hash, classes);
        count_rows(f->prediction_row, f->prediction->rows.count, out);
    }
    if (f->model) {
        eae_result_annotate(f->model, f->model_row, f->spec, hash, classes);
        if (!f->prediction)
            count_rows(f->model_row, f->model->rows.count, out);
    }
    out->tuning = f->tuning;
    out->prediction = f->prediction;
    out->model = f->model;
    f->prediction = f->model = NULL;
    return EAE_OK;
}

static int open_checkpoint(family *f)
{
    eae_buffer text = {0};
    if (!f->spec->checkpoint)
        return EAE_OK;
    if (!f->run.streams)
        return eae_fail_usage(
            "--checkpoint is for --solver stream: a Gram matrix is quickly solved");
    eae_run_describe(&f->run, f->plan, &text);
    int status = eae_checkpoint_open(&f->run.checkpoint, f->spec->checkpoint, text.data);
    eae_buffer_free(&text);
    return status;
}

static void close_family(family *f)
{
    eae_checkpoint_close(f->run.checkpoint);
    eae_labelings_free(&f->labels);
    free(f->outer);
    free(f->chosen);
    free(f->prediction_row);
    free(f->model_row);
    free(f->support);
    eae_frame_free(f->prediction);
    eae_frame_free(f->model);
    eae_run_close(&f->run);
}

int eae_train(const eae_frame *data, const eae_frame *plan, eae_train_spec *spec,
              const eae_kernels *kernels, eae_train_output *out)
{
    family f = {.spec = spec, .plan = plan};
    *out = (eae_train_output){0};
    f.final = spec->shard == 1 && (spec->final || !plan);
    int status = eae_run_open(&f.run, data, spec, kernels);
    if (status == EAE_OK && spec->tune)
        status = eae_tune_check(plan);
    if (status == EAE_OK)
        status = eae_run_turn(&f.run);
    if (status == EAE_OK)
        status = eae_run_lambda(&f.run, spec);
    if (status == EAE_OK)
        status = eae_run_share_gram(&f.run);
    if (status == EAE_OK)
        status = open_checkpoint(&f);
    if (status == EAE_OK)
        status =
            eae_labelings_make(&f.labels, &f.run.target, spec->seed, plan ? spec->permutations : 0);
    if (status == EAE_OK) {
        if (plan)
            f.outer = eae_run_splits(plan, spec, &f.outer_count, &f.splits);
        status = make_frames(&f);
    }
    if (status == EAE_OK && spec->tune)
        status = choose(&f);
    eae_progress_start("splits", f.outer_count);
    if (status == EAE_OK && f.run.streams)
        status = do_streamed(&f);
    else if (status == EAE_OK)
        status = eae_batch_fits(&f.run, f.splits) ? do_batches(&f) : do_splits(&f);
    eae_progress_end();
    if (status == EAE_OK && f.final && !f.run.streams)
        status = do_final(&f);
    if (status == EAE_OK)
        status = finish(&f, out);
    close_family(&f);
    return status;
}
