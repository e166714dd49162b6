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
#include "eval/eliminate/eliminate_ground.h"
#include "eval/eliminate/eliminate_result.h"
#include "eval/score/predictions.h"
#include "eval/train/run.h"

typedef struct {
    eae_run run;
    const eae_train_spec *spec;
    eae_eliminate_spec *how;
    const eae_frame *plan;
    eae_labelings labels;
    eae_schedule schedule;
    eae_path_plan paths;
    int64_t *outer; /* rows of the plan that this shard does */
    int64_t outer_count;
    int64_t splits; /* of the whole plan */
    bool final;     /* eliminate on all rows too (or only) */
    bool inner;     /* do outer splits choose a size of their own? */
    double *figure; /* outer splits x params x sizes: of the held-out values; for the final one */
    eae_path_frames frames;
} family;

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

/* One training set and parameter, and all labelings on it. */
typedef struct {
    family *f;
    eae_ground ground;
    int64_t task;    /* which outer split of this shard; -1: all rows */
    int64_t *chosen; /* labelings: the size to go on with, or -1 */
    double *figure;  /* of an inner split, by size; `stride` for each labeling */
    int64_t stride;
} sweep;

/* Labelings beside each other; a single one as it is (f->paths.threads). */
static int sweep_labelings(sweep *s, const eae_split *split, int param, int64_t labelings,
                           eae_task_fn one)
{
    family *f = s->f;
    int threads = f->paths.threads, inside;
    int status = eae_ground_open(&s->ground, &f->paths, split, param, labelings);
    if (status == EAE_OK && labelings == 1)
        status = one(s, 0, 0);
    if (status == EAE_OK && labelings > 1) {
        int workers = eae_run_workers(&f->run, labelings, &inside);
        f->paths.threads = inside;
        status = eae_parallel(workers, labelings, one, s);
        f->paths.threads = threads;
    }
    eae_ground_close(&s->ground);
    return status;
}

static int inner_path(void *context, int64_t perm, int worker)
{
    sweep *s = context;
    eae_path path;
    (void)worker;
    int status = eae_path_run(&path, &s->ground, perm, -1);
    memcpy(s->figure + perm * s->stride, path.figure,
           (size_t)s->f->schedule.shown_count * sizeof *path.figure);
    eae_path_free(&path);
    return status;
}

/* chosen: for each labeling a size, from figures (labelings x splits x sizes); -1 where permuted
 * labels have none. */
static int choose_by(const family *f, const double *figure, int64_t splits, double ratio,
                     int64_t outer, int64_t *chosen)
{
    int64_t sizes = f->schedule.shown_count;
    for (int64_t b = 0; b < f->labels.count; b++)
        chosen[b] = eae_select(f->how->selection, figure + b * splits * sizes, splits, sizes,
                               f->how->metric->higher_is_better, ratio);
    return chosen[0] >= 0 ? EAE_OK
                          : eae_fail("split %lld: %s is undefined in all of its inner splits",
                                     (long long)outer, f->how->metric->name);
}

/* The size for an outer split and each labeling, from eliminations on its inner splits alone; -1:
 * none is chosen. */
static int choose_inside(family *f, const eae_split *outer, int param, int64_t *chosen)
{
    int64_t sizes = f->schedule.shown_count, count;
    bool fixed = f->how->selection == EAE_SELECT_SIZE;
    for (int64_t b = 0; b < f->labels.count; b++)
        chosen[b] = f->inner && fixed ? shown_position(&f->schedule, f->how->selected_size) : -1;
    if (!f->inner || fixed)
        return EAE_OK;
    int64_t *row = eae_plan_children(f->plan, outer->id, &count);
    double *figure = EAE_NEW_ARRAY(double, f->labels.count *count *sizes), ratio = 0;
    int status = EAE_OK;
    for (int64_t i = 0; i < count && status == EAE_OK; i++) {
        eae_split split;
        sweep s = {.f = f, .figure = figure + i * sizes, .stride = count * sizes};
        eae_plan_split(f->plan, row[i], &split);
        ratio += test_ratio(&split) / (double)count;
        status = sweep_labelings(&s, &split, param, f->labels.count, inner_path);
        eae_split_free(&split);
    }
    if (status == EAE_OK)
        status = choose_by(f, figure, count, ratio, outer->id, chosen);
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

/* The elimination of one labeling, of an outer split or of all rows. */
static int one_path(void *context, int64_t perm, int worker)
{
    sweep *s = context;
    family *f = s->f;
    eae_path path;
    int64_t chosen = s->chosen[perm], sizes = f->schedule.shown_count;
    bool outer = s->task >= 0;
    bool kept =
        perm == 0 && (outer ? f->spec->weights == EAE_WEIGHTS_ALL : f->frames.model != NULL);
    (void)worker;
    int status = eae_path_run(&path, &s->ground, perm, kept ? chosen : -1);
    if (status == EAE_OK)
        eae_path_frames_take(&f->frames, s->task, &path, chosen);
    if (status == EAE_OK && outer && f->figure && perm == 0)
        memcpy(f->figure + (s->task * f->spec->params + s->ground.param) * sizes, path.figure,
               (size_t)sizes * sizeof *path.figure);
    eae_path_free(&path);
    if (outer)
        eae_progress_add(1);
    return status;
}

static int run_task(void *context, int64_t task, int worker)
{
    family *f = context;
    int64_t params = f->spec->params;
    int param = (int)(task % params);
    eae_split split;
    sweep s = {.f = f, .task = task / params};
    s.chosen = EAE_NEW_ARRAY(int64_t, f->labels.count);
    (void)worker;
    eae_plan_split(f->plan, f->outer[task / params], &split);
    int status = choose_inside(f, &split, param, s.chosen);
    if (status == EAE_OK)
        status = sweep_labelings(&s, &split, param, f->labels.count, one_path);
    if (status == EAE_OK)
        eae_path_frames_match(&f->frames, s.task, param);
    eae_split_free(&split);
    free(s.chosen);
    return status;
}

static int do_splits(family *f)
{
    int threads = f->spec->threads;
    int64_t runs = f->outer_count * f->spec->params;
    double together = threads * eae_run_fold_bytes(&f->run);
    bool roomy = f->spec->memory == 0 || together <= (double)f->spec->memory;
    /* as many beside each other as all threads are busy with; the others one by one, and all where
     * labelings go beside each other */
    int64_t spread = roomy && f->labels.count == 1 ? runs / threads * threads : 0;
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
        sweep s = {.f = f, .task = -1, .chosen = &chosen};
        status = choose_final(f, param, &chosen);
        if (status == EAE_OK)
            status = sweep_labelings(&s, &all, param, 1, one_path);
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
    f->inner = has_inner(f);
    f->paths = (eae_path_plan){.run = &f->run,
                               .how = f->how,
                               .plan = f->plan,
                               .schedule = &f->schedule,
                               .labels = &f->labels,
                               .checkpoint = f->paths.checkpoint,
                               .sides = classes > 2 ? classes : 1};
}

static int make_frames(family *f)
{
    bool selects = f->how->selection == EAE_SELECT_BEST || f->how->selection == EAE_SELECT_ONE_SE;
    if (selects && f->plan && f->final)
        f->figure =
            EAE_NEW_ARRAY(double, f->outer_count * f->spec->params * f->schedule.shown_count);
    f->frames = (eae_path_frames){
        .of = &f->paths, .outer_count = f->outer_count, .final = f->final, .inner = f->inner};
    return eae_path_frames_open(&f->frames);
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
    eae_labelings_free(&f->labels);
    free(f->figure);
    free(f->outer);
    eae_path_frames_close(&f->frames);
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
        status =
            eae_labelings_make(&f.labels, &f.run.target, spec->seed, plan ? spec->permutations : 0);
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
    eae_progress_start("eliminations", f.outer_count * spec->params * f.labels.count);
    if (status == EAE_OK)
        status = do_splits(&f);
    eae_progress_end();
    if (status == EAE_OK && f.final)
        status = do_final(&f);
    if (status == EAE_OK)
        status = eae_path_frames_finish(&f.frames, out);
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

double eae_eliminate_work(const eae_train_spec *spec, int64_t rows, int64_t cols, int64_t splits)
{
    /* taking features out of the Gram matrix, and bringing the last solution up to date */
    static const double each = 10;
    double paths = (double)splits * (double)(1 + spec->permutations);
    return each * paths * (double)rows * (double)rows * (double)cols;
}
