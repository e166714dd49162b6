/* eliminate.c - see eliminate.h. */
#include "eval/eliminate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/threads.h"
#include "eval/eliminate_run.h"
#include "eval/run.h"
#include "eval/train_result.h"

typedef struct {
    eae_run run;
    const eae_train_spec *spec;
    const eae_eliminate_spec *how;
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

/* task -1: the final elimination, which holds out nothing. */
static int eliminate(family *f, int64_t task, const eae_split *split, int param)
{
    eae_elimination e;
    const eae_schedule *s = &f->schedule;
    int threads = f->inner_threads;
    int64_t params = f->spec->params, fits = 0, shown = 0;
    int64_t first_row = (task * params + param) * s->shown_count * f->sides;
    int status =
        eae_elimination_open(&e, &f->run, &f->turned, split, param, &f->run.target, threads);
    for (int64_t k = 0; k < s->count && status == EAE_OK; k++) {
        status = shrink(&e, s->size[k], threads);
        if (status == EAE_OK) {
            status = eae_elimination_fit(&e);
            fits++;
        }
        if (status == EAE_OK && s->shown[k] && task >= 0)
            status = write_prediction(f, &e, param, s->size[k], first_row + shown++ * f->sides);
    }
    if (status == EAE_OK)
        status = rank_rest(&e, threads);
    if (status == EAE_OK)
        write_rank(f, &e, param, (f->final + task) * params + param, fits);
    eae_elimination_close(&e);
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
    }
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

static void close_family(family *f)
{
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
                  const eae_eliminate_spec *how, const eae_kernels *kernels,
                  eae_eliminate_output *out)
{
    family f = {.spec = spec, .how = how, .plan = plan};
    *out = (eae_eliminate_output){0};
    f.final = spec->shard == 1 && (spec->final || !plan);
    int status = eae_run_open(&f.run, data, spec, kernels);
    if (status == EAE_OK)
        status = eae_run_lambda(&f.run, spec);
    if (status == EAE_OK)
        status = make_schedule(&f);
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
        finish(&f, out);
    close_family(&f);
    return status;
}
