/* eliminate.c - see eliminate.h. */
#include "eval/eliminate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/threads.h"
#include "eval/checkpoint.h"
#include "eval/eliminate_random.h"
#include "eval/eliminate_run.h"
#include "eval/predictions.h"
#include "eval/run.h"
#include "eval/train_result.h"

/* How often a running elimination is stored. */
#define MILESTONE_SECONDS 0.5
/* split of a prediction row for a size that an elimination by trial did not get to */
enum { NOT_REACHED = -1 };

typedef struct {
    eae_run run;
    const eae_train_spec *spec;
    eae_eliminate_spec *how;
    eae_checkpoint *checkpoint; /* NULL where none is asked for */
    const eae_frame *plan;
    eae_turned turned;
    eae_schedule schedule;
    int64_t *outer; /* rows of the plan that this shard does */
    int64_t outer_count;
    int64_t splits; /* of the whole plan */
    int sides;
    bool final; /* eliminate on all rows too (or only) */
    eae_frame *rank;
    eae_result_row *rank_row;
    eae_frame *prediction;
    eae_result_row *prediction_row;
    int inner_threads;
} family;

/* ---- results ---------------------------------------------------------------------------------
 */

static eae_result_row describe(const eae_elimination *e, int param, int64_t size)
{
    const eae_split *split = e->fold.split;
    return (eae_result_row){.param = e->spec.model == EAE_MODEL_LINEAR ? -1 : param,
                            .size = size,
                            .split = split->id,
                            .repeat = split->repeat,
                            .fold = split->fold,
                            .class = -1,
                            .converged = true,
                            .intercept = NAN,
                            .objective = NAN,
                            .gap = NAN};
}

/* Held-out values of the present fit, one row per side. */
static int write_prediction(family *f, const eae_elimination *e, int param, int64_t size,
                            int64_t first_row)
{
    int64_t test = e->fold.m - e->fold.n, samples = f->run.dataset.rows;
    double *value = eae_malloc((size_t)(f->sides * test), sizeof *value);
    int status = eae_fold_decision(&e->fold, &e->fits, value);
    for (int side = 0; side < f->sides && status == EAE_OK; side++) {
        const eae_gram_fit *fit = &e->fits.fit[side];
        eae_result_row *r = &f->prediction_row[first_row + side];
        *r = describe(e, param, size);
        r->class = f->sides > 1 ? side : -1;
        r->converged = fit->converged;
        r->objective = fit->objective;
        r->gap = fit->gap;
        r->iterations = fit->iterations;
        r->has_cut = e->fits.cut != NULL;
        r->cut = e->fits.cut ? e->fits.cut[side] : 0;
        double *out = eae_frame_f64(f->prediction) + (first_row + side) * samples;
        for (int64_t i = 0; i < test; i++)
            out[e->fold.row[e->fold.n + i]] = value[side * test + i];
    }
    free(value);
    return status;
}

static void write_rank(family *f, const eae_elimination *e, int param, int64_t row, int64_t fits)
{
    int64_t cols = f->run.dataset.cols;
    eae_result_row *r = &f->rank_row[row];
    *r = describe(e, param, f->schedule.size[0]);
    r->converged = e->unconverged == 0;
    r->gap = e->gap;
    r->iterations = fits;
    memcpy((int32_t *)f->rank->payload + row * cols, e->rank, (size_t)cols * sizeof(int32_t));
}

/* ---- one elimination -------------------------------------------------------------------------
 */

/* From the present size to `size`; at the end everything that is left gets its rank. */
static int shrink(eae_elimination *e, int64_t size, int threads)
{
    int64_t r = e->count - size;
    if (r <= 0)
        return EAE_OK;
    int64_t *feature = eae_malloc((size_t)r, sizeof *feature);
    int status = eae_elimination_smallest(e, r, feature, threads);
    if (status == EAE_OK)
        status = eae_elimination_remove(e, feature, r, threads);
    free(feature);
    return status;
}

/* The order of what is left, from the last fit. */
static int rank_rest(eae_elimination *e, int threads)
{
    int64_t left = e->count;
    int64_t *feature = eae_malloc((size_t)left, sizeof *feature);
    double gap = e->gap;
    int status = eae_elimination_smallest(e, left, feature, threads);
    for (int64_t k = 0; k < left && status == EAE_OK; k++)
        e->rank[feature[k]] = (int32_t)(left - k);
    e->gap = gap;
    free(feature);
    return status;
}

/* One elimination and where its results go. task -1: the final one, which holds out nothing. */
typedef struct {
    family *f;
    int64_t task;
    int param;
    int64_t rank_row, first_row, rows; /* its rank row, and its prediction rows */
    int64_t step, shown;               /* how far it is: sizes done, and shown */
    int64_t fits;
    eae_trials trials; /* of policies random and biased */
    char *done, *part; /* names of its checkpoints */
    double stored;     /* when the last one was made, in seconds */
} course;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static course new_course(family *f, int64_t task, const eae_split *split, int param)
{
    int64_t params = f->spec->params, rows = f->schedule.shown_count * f->sides;
    return (course){.f = f,
                    .task = task,
                    .param = param,
                    .rank_row = (f->final + task) * params + param,
                    .first_row = (task * params + param) * rows,
                    .rows = task >= 0 ? rows : 0,
                    .done = eae_sprintf("split-%lld-%d.done", (long long)split->id, param),
                    .part = eae_sprintf("split-%lld-%d.part", (long long)split->id, param),
                    .stored = seconds()};
}

/* Its predictions, as bytes to or from a checkpoint. */
static void exchange_predictions(const course *c, eae_bytes *bytes)
{
    if (c->rows == 0)
        return;
    int64_t samples = c->f->run.dataset.rows;
    eae_bytes_exchange(bytes, c->f->prediction_row + c->first_row,
                       (size_t)c->rows * sizeof *c->f->prediction_row);
    eae_bytes_exchange(bytes, eae_frame_f64(c->f->prediction) + c->first_row * samples,
                       (size_t)(c->rows * samples) * sizeof(double));
}

static void exchange_done(const course *c, eae_bytes *bytes)
{
    int64_t cols = c->f->run.dataset.cols;
    eae_bytes_exchange(bytes, c->f->rank_row + c->rank_row, sizeof *c->f->rank_row);
    eae_bytes_exchange(bytes, (int32_t *)c->f->rank->payload + c->rank_row * cols,
                       (size_t)cols * sizeof(int32_t));
    exchange_predictions(c, bytes);
}

static void exchange_part(course *c, eae_elimination *e, eae_bytes *bytes)
{
    eae_bytes_exchange(bytes, &c->step, sizeof c->step);
    eae_bytes_exchange(bytes, &c->shown, sizeof c->shown);
    eae_elimination_exchange(e, bytes);
    if (c->f->how->policy != EAE_POLICY_WEIGHT)
        eae_trials_exchange(&c->trials, bytes);
    exchange_predictions(c, bytes);
}

/* Was it finished before? */
static int load_done(course *c, bool *found)
{
    *found = false;
    if (!c->f->checkpoint)
        return EAE_OK;
    eae_buffer piece = {0};
    int status = eae_checkpoint_load(c->f->checkpoint, c->done, &piece, found);
    if (status == EAE_OK && *found) {
        eae_bytes bytes = {.from = &piece};
        exchange_done(c, &bytes);
        *found = eae_bytes_all_read(&bytes);
    }
    eae_buffer_free(&piece);
    return status;
}

static int load_part(course *c, eae_elimination *e)
{
    if (!c->f->checkpoint)
        return EAE_OK;
    eae_buffer piece = {0};
    bool found;
    int status = eae_checkpoint_load(c->f->checkpoint, c->part, &piece, &found);
    if (status == EAE_OK && found) {
        eae_bytes bytes = {.from = &piece};
        exchange_part(c, e, &bytes);
        if (!eae_bytes_all_read(&bytes))
            status = eae_fail("checkpoint %s: not what this program wrote", c->part);
    }
    eae_buffer_free(&piece);
    return status;
}

static int store_part(course *c, eae_elimination *e)
{
    if (!c->f->checkpoint || seconds() - c->stored < MILESTONE_SECONDS)
        return EAE_OK;
    eae_buffer piece = {0};
    eae_bytes bytes = {.to = &piece};
    exchange_part(c, e, &bytes);
    int status = eae_checkpoint_store(c->f->checkpoint, c->part, &piece);
    eae_buffer_free(&piece);
    c->stored = seconds();
    return status;
}

static int store_done(course *c)
{
    if (!c->f->checkpoint)
        return EAE_OK;
    eae_buffer piece = {0};
    eae_bytes bytes = {.to = &piece};
    exchange_done(c, &bytes);
    int status = eae_checkpoint_store(c->f->checkpoint, c->done, &piece);
    if (status == EAE_OK)
        eae_checkpoint_remove(c->f->checkpoint, c->part);
    eae_buffer_free(&piece);
    return status;
}

/* One removal on the way to `size`; e->count says how far it got. */
static int remove_some(course *c, eae_elimination *e, int64_t size)
{
    if (c->f->how->policy == EAE_POLICY_WEIGHT)
        return shrink(e, size, c->f->inner_threads);
    return eae_trials_remove(&c->trials, e, e->count - size, c->f->inner_threads);
}

/* The model of a size that was reached. */
static int settle(course *c, eae_elimination *e)
{
    const eae_schedule *s = &c->f->schedule;
    int64_t k = c->step++;
    bool wanted = c->f->how->policy == EAE_POLICY_WEIGHT || s->shown[k] || c->step == s->count;
    int status = wanted ? eae_elimination_fit(e) : EAE_OK;
    if (status != EAE_OK || !s->shown[k] || c->task < 0)
        return status;
    int64_t row = c->first_row + c->shown++ * c->f->sides;
    return write_prediction(c->f, e, c->param, s->size[k], row);
}

static int rank_together(eae_elimination *e)
{
    for (int64_t k = 0; k < e->count; k++)
        e->rank[e->active[k]] = (int32_t)e->count;
    e->gap = NAN;
    return EAE_OK;
}

static int walk(course *c, eae_elimination *e)
{
    const eae_schedule *s = &c->f->schedule;
    bool weight = c->f->how->policy == EAE_POLICY_WEIGHT;
    int status = EAE_OK;
    if (!weight)
        status = eae_trials_open(&c->trials, e, c->f->plan, &c->f->turned, c->f->how,
                                 c->f->inner_threads);
    if (status == EAE_OK)
        status = load_part(c, e);
    while (c->step < s->count && !c->trials.stopped && status == EAE_OK) {
        int64_t size = s->size[c->step];
        if (e->count > size)
            status = remove_some(c, e, size);
        if (status == EAE_OK && e->count <= size)
            status = settle(c, e);
        if (status == EAE_OK)
            status = store_part(c, e);
    }
    if (status == EAE_OK)
        status = weight ? rank_rest(e, c->f->inner_threads) : rank_together(e);
    c->fits = c->step + c->trials.draws * c->trials.count;
    eae_trials_close(&c->trials);
    return status;
}

static int eliminate(family *f, int64_t task, const eae_split *split, int param)
{
    eae_elimination e;
    course c = new_course(f, task, split, param);
    bool found;
    int status = load_done(&c, &found);
    if (status == EAE_OK && !found) {
        status = eae_elimination_open(&e, &f->run, &f->turned, split, param, &f->run.target,
                                      f->inner_threads);
        if (status == EAE_OK)
            status = walk(&c, &e);
        if (status == EAE_OK) {
            write_rank(f, &e, param, c.rank_row, c.fits);
            status = store_done(&c);
        }
        eae_elimination_close(&e);
    }
    free(c.done);
    free(c.part);
    return status;
}

static int run_task(void *context, int64_t task, int worker)
{
    family *f = context;
    int64_t params = f->spec->params;
    eae_split split;
    (void)worker;
    eae_plan_split(f->plan, f->outer[task / params], &split);
    int status = eliminate(f, task / params, &split, (int)(task % params));
    eae_split_free(&split);
    eae_progress_add(1);
    return status;
}

static int do_splits(family *f)
{
    int threads = f->spec->threads;
    int64_t runs = f->outer_count * f->spec->params;
    double together = threads * eae_run_fold_bytes(&f->run);
    bool roomy = f->spec->memory == 0 || together <= (double)f->spec->memory;
    bool spread = runs >= threads && roomy;
    f->inner_threads = spread ? 1 : threads;
    return eae_parallel(spread ? threads : 1, runs, run_task, f);
}

static int do_final(family *f)
{
    eae_split all;
    eae_split_all(f->run.dataset.rows, &all);
    f->inner_threads = f->spec->threads;
    int status = EAE_OK;
    for (int param = 0; param < f->spec->params && status == EAE_OK; param++)
        status = eliminate(f, -1, &all, param);
    eae_split_free(&all);
    return status;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static int choose_metric(family *f)
{
    eae_eliminate_spec *how = f->how;
    const eae_target *t = &f->run.target;
    if (how->policy == EAE_POLICY_WEIGHT)
        return EAE_OK;
    if (!how->metric) {
        const char *defaults = eae_metric_defaults(t->task);
        char *first = eae_strndup(defaults, strcspn(defaults, ","));
        how->metric = eae_metric_find(first);
        free(first);
    }
    return eae_metric_suits(how->metric, t->task, t->outcome.classes,
                            eae_gives_log_odds(eae_model_name(f->spec)), eae_model_name(f->spec));
}

static int make_schedule(family *f)
{
    const eae_prepare_spec *p = &f->spec->prepare;
    int64_t from = f->run.dataset.cols;
    if (p->filter != EAE_FILTER_NONE && p->keep < from)
        from = p->keep;
    return eae_schedule_make(&f->how->step, from, f->how->until, f->how->sizes, f->how->size_count,
                             &f->schedule);
}

/* A rank frame over the features of the data. */
static int new_rank(family *f, int64_t rows)
{
    const eae_names *names = &f->run.data->cols.names;
    int status = eae_frame_new(&f->rank, EAE_KIND_RANK, EAE_I32, rows, names->count);
    if (status == EAE_OK)
        eae_names_copy(&f->rank->cols.names, names);
    f->rank_row = EAE_NEW_ARRAY(eae_result_row, rows);
    return status;
}

static int make_frames(family *f)
{
    int classes = f->run.target.outcome.classes;
    int64_t runs = f->outer_count * f->spec->params;
    f->sides = classes > 2 ? classes : 1;
    int status = new_rank(f, runs + f->final * f->spec->params);
    if (status == EAE_OK && f->plan) {
        int64_t rows = runs * f->schedule.shown_count * f->sides;
        status = eae_prediction_new(&f->prediction, f->run.data, rows);
        f->prediction_row = EAE_NEW_ARRAY(eae_result_row, rows);
        for (int64_t i = 0; i < rows; i++)
            f->prediction_row[i].split = NOT_REACHED;
    }
    return status;
}

/* Without the rows of sizes that were not reached. */
static int drop_rows(family *f)
{
    if (!f->prediction)
        return EAE_OK;
    int64_t rows = f->prediction->rows.count, kept = 0;
    int64_t *row = eae_malloc((size_t)rows, sizeof *row);
    for (int64_t i = 0; i < rows; i++) {
        if (f->prediction_row[i].split == NOT_REACHED)
            continue;
        f->prediction_row[kept] = f->prediction_row[i];
        row[kept++] = i;
    }
    int status = EAE_OK;
    if (kept < rows) {
        eae_frame *some;
        status = eae_frame_select(f->prediction, row, kept, NULL, 0, &some);
        if (status == EAE_OK) {
            eae_frame_free(f->prediction);
            f->prediction = some;
        }
    }
    free(row);
    return status;
}

static void finish(family *f, eae_eliminate_output *out)
{
    const eae_annot *plan = f->plan ? eae_axis_find(&f->plan->rows, "plan") : NULL;
    const char *hash = plan && f->plan->rows.count > 0 ? eae_annot_text(plan, 0) : NULL;
    const eae_names *classes = f->run.target.class_names;
    out->gap = INFINITY;
    for (int64_t i = 0; i < f->rank->rows.count; i++) {
        out->fits += f->rank_row[i].iterations;
        out->unconverged += !f->rank_row[i].converged;
        out->gap = fmin(out->gap, f->rank_row[i].gap);
    }
    eae_result_annotate(f->rank, f->rank_row, f->spec, hash, classes);
    if (f->prediction)
        eae_result_annotate(f->prediction, f->prediction_row, f->spec, hash, classes);
    out->rank = f->rank;
    out->prediction = f->prediction;
    f->rank = f->prediction = NULL;
}

/* What the results follow from, but for the shard: all shards may share a checkpoint. */
static int open_checkpoint(family *f, const eae_kernels *kernels)
{
    if (!f->how->checkpoint)
        return EAE_OK;
    const eae_train_spec *spec = f->spec;
    eae_buffer text = {0};
    char hash[EAE_HASH_TEXT], number[EAE_NUMBER_TEXT];
    const eae_annot *plan = f->plan ? eae_axis_find(&f->plan->rows, "plan") : NULL;
    eae_buffer_printf(&text, "program %s\n", eae_kernels_identity(kernels));
    eae_buffer_printf(&text, "data %s\n", eae_hash_text(&f->run.data->content, hash));
    eae_buffer_printf(&text, "plan %s\n",
                      plan && f->plan->rows.count > 0 ? eae_annot_text(plan, 0) : "none");
    eae_buffer_printf(&text, "model %s\n", eae_model_name(spec));
    eae_buffer_printf(&text, "spec %s\n", spec->text);
    for (int p = 0; p < spec->params; p++) {
        eae_format_double(spec->param[p], number);
        eae_buffer_printf(&text, "%s %s\n", spec->by_lambda ? "lambda" : "cost", number);
    }
    eae_format_double(spec->tol, number);
    eae_buffer_printf(&text, "tol %s\nmax-iter %lld\nseed %llu\n", number,
                      (long long)spec->max_iter, (unsigned long long)spec->seed);
    eae_buffer_printf(&text, "until %lld\n", (long long)f->how->until);
    for (int64_t k = 0; k < f->how->size_count; k++)
        eae_buffer_printf(&text, "size %lld\n", (long long)f->how->sizes[k]);
    const eae_eliminate_spec *how = f->how;
    for (int64_t j = 0; j < f->run.dataset.cols && how->chance; j++) {
        eae_format_double(how->chance[j], number);
        if (how->chance[j] != 1)
            eae_buffer_printf(&text, "prior %lld:%s\n", (long long)j, number);
    }
    for (int64_t j = 0; j < f->run.dataset.cols && how->pinned; j++) {
        if (how->pinned[j])
            eae_buffer_printf(&text, "pin %lld\n", (long long)j);
    }
    int status = eae_checkpoint_open(&f->checkpoint, f->how->checkpoint, text.data);
    eae_buffer_free(&text);
    return status;
}

static void close_family(family *f)
{
    eae_checkpoint_close(f->checkpoint);
    free(f->outer);
    free(f->rank_row);
    free(f->prediction_row);
    eae_frame_free(f->rank);
    eae_frame_free(f->prediction);
    eae_schedule_free(&f->schedule);
    eae_turned_close(&f->turned);
    eae_run_close(&f->run);
}

int eae_eliminate(const eae_frame *data, const eae_frame *plan, eae_train_spec *spec,
                  eae_eliminate_spec *how, const eae_kernels *kernels, eae_eliminate_output *out)
{
    family f = {.spec = spec, .how = how, .plan = plan};
    *out = (eae_eliminate_output){0};
    f.final = spec->shard == 1 && (spec->final || !plan);
    int status = eae_run_open(&f.run, data, spec, kernels);
    if (status == EAE_OK)
        status = eae_run_lambda(&f.run, spec);
    if (status == EAE_OK)
        status = choose_metric(&f);
    if (status == EAE_OK)
        status = make_schedule(&f);
    if (status == EAE_OK)
        status = open_checkpoint(&f, kernels);
    if (status == EAE_OK)
        status = eae_run_share_gram(&f.run);
    if (status == EAE_OK)
        status = eae_turned_open(&f.turned, &f.run);
    if (status == EAE_OK) {
        if (plan)
            f.outer = eae_run_splits(plan, spec, &f.outer_count, &f.splits);
        status = make_frames(&f);
    }
    eae_progress_start("eliminations", f.outer_count * spec->params);
    if (status == EAE_OK)
        status = do_splits(&f);
    eae_progress_end();
    if (status == EAE_OK && f.final)
        status = do_final(&f);
    if (status == EAE_OK)
        status = drop_rows(&f);
    if (status == EAE_OK)
        finish(&f, out);
    close_family(&f);
    return status;
}

void eae_eliminate_spec_free(eae_eliminate_spec *how)
{
    free(how->sizes);
    free(how->chance);
    free(how->pinned);
    *how = (eae_eliminate_spec){0};
}
