/* eliminate.c - see eliminate.h. */
#include "eval/eliminate/eliminate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/threads.h"
#include "eval/train/checkpoint.h"
#include "eval/eliminate/eliminate_path.h"
#include "eval/train/fold_rows.h"
#include "eval/score/predictions.h"
#include "eval/train/run.h"

/* split of a prediction row for a size that an elimination by trial did not get to */
enum { NOT_REACHED = -1 };

typedef struct {
    eae_run run;
    const eae_train_spec *spec;
    eae_eliminate_spec *how;
    const eae_frame *plan;
    eae_schedule schedule;
    eae_path_plan paths;
    int64_t *outer; /* rows of the plan that this shard does */
    int64_t outer_count;
    int64_t splits; /* of the whole plan */
    int sides;
    bool final;     /* eliminate on all rows too (or only) */
    bool inner;     /* do outer splits choose a size of their own? */
    double *figure; /* outer splits x params x sizes: of the held-out values; for the final one */
    eae_frame *rank;
    eae_result_row *rank_row;
    eae_frame *prediction;
    eae_result_row *prediction_row;
    int64_t rows_per_run;
    eae_frame *model; /* of the chosen sizes; NULL: none is asked for */
    eae_result_row *model_row;
    int64_t models_per_run;
} family;

/* ---- results ---------------------------------------------------------------------------------
 */

/* Rows of the k-th size of a path into the prediction frame. */
static void write_prediction(family *f, const eae_path *p, int64_t k, bool selected, int64_t row)
{
    int64_t samples = f->run.dataset.rows;
    for (int side = 0; side < f->sides; side++) {
        eae_result_row *r = &f->prediction_row[row + side];
        *r = p->row[k * f->sides + side];
        r->selected = selected;
        r->chosen = selected ? r->size : 0;
        double *out = eae_frame_f64(f->prediction) + (row + side) * samples;
        const double *value = p->value + (k * f->sides + side) * p->test;
        for (int64_t i = 0; i < p->test; i++)
            out[p->split->test[i]] = value[i];
    }
}

/* chosen: a size to go on with, or -1. */
static void write_path(family *f, int64_t task, const eae_path *p, int64_t chosen)
{
    int64_t params = f->spec->params, sizes = f->schedule.shown_count;
    int64_t run = task * params + p->param, row = run * f->rows_per_run;
    for (int64_t k = 0; k < sizes; k++) {
        if (p->reached[k])
            write_prediction(f, p, k, false, row + k * f->sides);
    }
    if (chosen >= 0 && p->reached[chosen])
        write_prediction(f, p, chosen, true, row + sizes * f->sides);
    if (f->figure)
        memcpy(f->figure + run * sizes, p->figure, (size_t)sizes * sizeof *p->figure);
}

static void write_rank(family *f, const eae_path *p, int64_t row, int64_t chosen)
{
    int64_t cols = f->run.dataset.cols;
    f->rank_row[row] = p->rank_row;
    f->rank_row[row].chosen = chosen >= 0 ? p->row[chosen * f->sides].size : 0;
    memcpy((int32_t *)f->rank->payload + row * cols, p->rank, (size_t)cols * sizeof(int32_t));
}

/* run: 0 .. params - 1 are those of the final elimination, where there is one. */
static void write_model(family *f, const eae_path *p, int64_t run)
{
    int64_t row = run * f->models_per_run;
    if (!f->model || p->keep < 0 || !p->reached[p->keep])
        return;
    memcpy(eae_frame_f64(f->model) + row * p->width, p->model,
           (size_t)(p->model_rows * p->width) * sizeof *p->model);
    memcpy(f->model_row + row, p->model_row, (size_t)p->model_rows * sizeof *p->model_row);
    for (int64_t i = 0; i < p->model_rows; i++)
        f->model_row[row + i].chosen = f->model_row[row + i].size;
}

/* ---- which size ------------------------------------------------------------------------------
 */

/* The position of `size` among the sizes shown. */
static int64_t shown_position(const eae_schedule *s, int64_t size)
{
    int64_t at = 0;
    for (int64_t k = 0; k < s->count && s->size[k] != size; k++)
        at += s->shown[k];
    return at;
}

static double test_ratio(const eae_split *split)
{
    return split->train_count ? (double)split->test_count / (double)split->train_count : 0;
}

/* The size for an outer split, from eliminations on its inner splits alone; -1: none is chosen. */
static int choose_inside(family *f, const eae_split *outer, int param, int64_t *chosen)
{
    int64_t sizes = f->schedule.shown_count, count;
    *chosen = -1;
    if (!f->inner)
        return EAE_OK;
    if (f->how->selection == EAE_SELECT_SIZE) {
        *chosen = shown_position(&f->schedule, f->how->selected_size);
        return EAE_OK;
    }
    int64_t *row = eae_plan_children(f->plan, outer->id, &count);
    double *figure = EAE_NEW_ARRAY(double, count *sizes), ratio = 0;
    int status = EAE_OK;
    for (int64_t i = 0; i < count && status == EAE_OK; i++) {
        eae_split split;
        eae_path path;
        eae_plan_split(f->plan, row[i], &split);
        ratio += test_ratio(&split) / (double)count;
        status = eae_path_run(&path, &f->paths, &split, param, -1);
        memcpy(figure + i * sizes, path.figure, (size_t)sizes * sizeof *figure);
        eae_path_free(&path);
        eae_split_free(&split);
    }
    if (status == EAE_OK)
        *chosen = eae_select(f->how->selection, figure, count, sizes,
                             f->how->metric->higher_is_better, ratio);
    if (status == EAE_OK && *chosen < 0)
        status = eae_fail("split %lld: %s is undefined in all of its inner splits",
                          (long long)outer->id, f->how->metric->name);
    free(figure);
    free(row);
    return status;
}

/* The size for the final elimination, from the held-out values of the outer splits. */
static int choose_final(family *f, int param, int64_t *chosen)
{
    int64_t sizes = f->schedule.shown_count, params = f->spec->params;
    *chosen = -1;
    if (f->how->selection == EAE_SELECT_SIZE)
        *chosen = shown_position(&f->schedule, f->how->selected_size);
    if (f->how->selection == EAE_SELECT_SIZE || !f->figure)
        return EAE_OK;
    double *figure = EAE_NEW_ARRAY(double, f->outer_count *sizes), ratio = 0;
    for (int64_t i = 0; i < f->outer_count; i++) {
        eae_split split;
        eae_plan_split(f->plan, f->outer[i], &split);
        ratio += test_ratio(&split) / (double)f->outer_count;
        eae_split_free(&split);
        memcpy(figure + i * sizes, f->figure + (i * params + param) * sizes,
               (size_t)sizes * sizeof *figure);
    }
    *chosen = eae_select(f->how->selection, figure, f->outer_count, sizes,
                         f->how->metric->higher_is_better, ratio);
    free(figure);
    return *chosen >= 0 ? EAE_OK
                        : eae_fail("--final: %s is undefined in all splits", f->how->metric->name);
}

/* ---- running ---------------------------------------------------------------------------------
 */

static bool all_models(const family *f)
{
    return f->spec->weights == EAE_WEIGHTS_ALL;
}

static int run_task(void *context, int64_t task, int worker)
{
    family *f = context;
    int64_t params = f->spec->params, chosen;
    int param = (int)(task % params);
    eae_split split;
    eae_path path = {0};
    (void)worker;
    eae_plan_split(f->plan, f->outer[task / params], &split);
    int status = choose_inside(f, &split, param, &chosen);
    if (status == EAE_OK)
        status = eae_path_run(&path, &f->paths, &split, param, all_models(f) ? chosen : -1);
    if (status == EAE_OK) {
        write_model(f, &path, f->final * params + task);
        write_path(f, task / params, &path, chosen);
        write_rank(f, &path, f->final * params + task, chosen);
    }
    eae_path_free(&path);
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
    /* as many beside each other as all threads are busy with; the others one by one */
    int64_t spread = roomy ? runs / threads * threads : 0;
    f->paths.threads = 1;
    int status = eae_parallel(threads, spread, run_task, f);
    f->paths.threads = threads;
    for (int64_t task = spread; task < runs && status == EAE_OK; task++)
        status = run_task(f, task, 0);
    return status;
}

static int do_final(family *f)
{
    eae_split all;
    eae_split_all(f->run.dataset.rows, &all);
    f->paths.threads = f->spec->threads;
    int status = EAE_OK;
    for (int param = 0; param < f->spec->params && status == EAE_OK; param++) {
        int64_t chosen;
        eae_path path = {0};
        status = choose_final(f, param, &chosen);
        if (status == EAE_OK)
            status = eae_path_run(&path, &f->paths, &all, param, f->model ? chosen : -1);
        if (status == EAE_OK) {
            write_model(f, &path, param);
            write_rank(f, &path, param, chosen);
        }
        eae_path_free(&path);
    }
    eae_split_free(&all);
    return status;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static int choose_metric(family *f)
{
    eae_eliminate_spec *how = f->how;
    const eae_target *t = &f->run.target;
    bool selects = how->selection == EAE_SELECT_BEST || how->selection == EAE_SELECT_ONE_SE;
    if (selects && !f->plan)
        return eae_fail("--select needs a plan to choose by: eae-split --inner");
    if (how->policy == EAE_POLICY_WEIGHT && !selects)
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
                             f->how->selection == EAE_SELECT_SIZE ? f->how->selected_size : 0,
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

static int new_models(family *f, int64_t runs)
{
    f->models_per_run = eae_fold_model_rows(&f->run, 1, f->sides);
    int64_t rows = runs * f->models_per_run;
    f->model_row = EAE_NEW_ARRAY(eae_result_row, rows);
    for (int64_t i = 0; i < rows; i++)
        f->model_row[i].split = NOT_REACHED;
    return eae_model_frame_new(&f->model, f->run.data, &f->spec->covariates, rows);
}

static int make_frames(family *f)
{
    int64_t runs = f->outer_count * f->spec->params;
    bool selects = f->how->selection == EAE_SELECT_BEST || f->how->selection == EAE_SELECT_ONE_SE;
    f->rows_per_run = (f->schedule.shown_count + f->inner) * f->sides;
    if (selects && f->plan && f->final)
        f->figure = EAE_NEW_ARRAY(double, runs * f->schedule.shown_count);
    int status = new_rank(f, runs + f->final * f->spec->params);
    if (status == EAE_OK && f->spec->weights != EAE_WEIGHTS_NONE)
        status = new_models(f, f->final * f->spec->params + (all_models(f) ? runs : 0));
    if (status == EAE_OK && f->plan) {
        int64_t rows = runs * f->rows_per_run;
        status = eae_prediction_new(&f->prediction, f->run.data, rows);
        f->prediction_row = EAE_NEW_ARRAY(eae_result_row, rows);
        for (int64_t i = 0; i < rows; i++)
            f->prediction_row[i].split = NOT_REACHED;
    }
    return status;
}

/* Do outer splits have what a selection needs? */
static bool has_inner(const family *f)
{
    const eae_annot *parent = f->plan ? eae_axis_find(&f->plan->rows, "parent") : NULL;
    bool inner = false;
    if (f->how->selection == EAE_SELECT_NONE || !f->plan)
        return false;
    if (f->how->selection == EAE_SELECT_SIZE)
        return true;
    for (int64_t s = 0; parent && s < f->plan->rows.count; s++)
        inner |= parent->i64[s] != 0;
    if (!inner)
        eae_note("the plan has no inner splits (eae-split --inner): no predictions of a selected "
                 "size");
    return inner;
}

static void plan_paths(family *f)
{
    int classes = f->run.target.outcome.classes;
    f->sides = classes > 2 ? classes : 1;
    f->inner = has_inner(f);
    f->paths = (eae_path_plan){.run = &f->run,
                               .how = f->how,
                               .plan = f->plan,
                               .schedule = &f->schedule,
                               .checkpoint = f->paths.checkpoint,
                               .sides = f->sides};
}

/* A frame without the rows of sizes that were not reached. */
static int drop_rows(eae_frame **frame, eae_result_row *describes)
{
    if (!*frame)
        return EAE_OK;
    int64_t rows = (*frame)->rows.count, kept = 0;
    int64_t *row = eae_malloc((size_t)rows, sizeof *row);
    for (int64_t i = 0; i < rows; i++) {
        if (describes[i].split == NOT_REACHED)
            continue;
        describes[kept] = describes[i];
        row[kept++] = i;
    }
    int status = EAE_OK;
    if (kept < rows) {
        eae_frame *some;
        status = eae_frame_select(*frame, row, kept, NULL, 0, &some);
        if (status == EAE_OK) {
            eae_frame_free(*frame);
            *frame = some;
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
    out->final_size = f->final ? f->rank_row[0].chosen : 0;
    eae_result_annotate(f->rank, f->rank_row, f->spec, hash, classes);
    if (f->prediction)
        eae_result_annotate(f->prediction, f->prediction_row, f->spec, hash, classes);
    if (f->model)
        eae_result_annotate(f->model, f->model_row, f->spec, hash, classes);
    out->model = f->model;
    f->model = NULL;
    out->rank = f->rank;
    out->prediction = f->prediction;
    f->rank = f->prediction = NULL;
}

/* What the results follow from, but for the shard: all shards may share a checkpoint. */
static int open_checkpoint(family *f)
{
    if (!f->how->checkpoint)
        return EAE_OK;
    eae_buffer text = {0};
    char number[EAE_NUMBER_TEXT];
    eae_run_describe(&f->run, f->plan, &text);
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
    int status = eae_checkpoint_open(&f->paths.checkpoint, f->how->checkpoint, text.data);
    eae_buffer_free(&text);
    return status;
}

static void close_family(family *f)
{
    eae_checkpoint_close(f->paths.checkpoint);
    free(f->figure);
    free(f->outer);
    free(f->rank_row);
    free(f->prediction_row);
    free(f->model_row);
    eae_frame_free(f->model);
    eae_frame_free(f->rank);
    eae_frame_free(f->prediction);
    eae_schedule_free(&f->schedule);
    eae_run_close(&f->run);
}

static int turn(family *f)
{
    eae_run *run = &f->run;
    if (!eae_turned_fits(&run->dataset, f->spec))
        return EAE_OK;
    int status = eae_turned_open(&run->turned, &run->dataset, f->spec);
    bool scans = f->how->policy == EAE_POLICY_WEIGHT && !eae_train_is_sparse(f->spec);
    return status == EAE_OK && scans ? eae_turned_rough(&run->turned, f->spec->threads) : status;
}

int eae_eliminate(const eae_frame *data, const eae_frame *plan, eae_train_spec *spec,
                  eae_eliminate_spec *how, const eae_kernels *kernels, eae_eliminate_output *out)
{
    family f = {.spec = spec, .how = how, .plan = plan};
    *out = (eae_eliminate_output){0};
    f.final = spec->shard == 1 && (spec->final || !plan);
    int status = eae_run_open(&f.run, data, spec, kernels);
    if (status == EAE_OK)
        status = turn(&f);
    if (status == EAE_OK)
        status = eae_run_lambda(&f.run, spec);
    if (status == EAE_OK)
        status = choose_metric(&f);
    if (status == EAE_OK)
        status = make_schedule(&f);
    if (status == EAE_OK)
        status = open_checkpoint(&f);
    if (status == EAE_OK)
        status = eae_run_share_gram(&f.run);
    if (status == EAE_OK) {
        if (plan)
            f.outer = eae_run_splits(plan, spec, &f.outer_count, &f.splits);
        plan_paths(&f);
        status = make_frames(&f);
    }
    eae_progress_start("eliminations", f.outer_count * spec->params);
    if (status == EAE_OK)
        status = do_splits(&f);
    eae_progress_end();
    if (status == EAE_OK && f.final)
        status = do_final(&f);
    if (status == EAE_OK)
        status = drop_rows(&f.prediction, f.prediction_row);
    if (status == EAE_OK)
        status = drop_rows(&f.model, f.model_row);
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
