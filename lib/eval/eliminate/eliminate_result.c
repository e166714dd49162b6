/* eliminate_result.c - see eliminate_result.h. */
#include "eval/eliminate/eliminate_result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/train/fold_rows.h"

/* split of a prediction row for a size that an elimination by trial did not get to */
enum { NOT_REACHED = -1 };

/* ---- opening --------------------------------------------------------------------------------- */

/* A rank frame over the features of the data. */
static int new_rank(eae_path_frames *f, int64_t rows)
{
    const eae_names *names = &f->of->run->data->cols.names;
    int status = eae_frame_new(&f->rank, EAE_KIND_RANK, EAE_I32, rows, names->count);
    if (status == EAE_OK)
        eae_names_copy(&f->rank->cols.names, names);
    f->rank_row = EAE_NEW_ARRAY(eae_result_row, rows);
    return status;
}

static int new_models(eae_path_frames *f, int64_t runs)
{
    f->models_per_run = eae_fold_model_rows(f->of->run, 1, f->of->sides);
    int64_t rows = runs * f->models_per_run;
    f->model_row = EAE_NEW_ARRAY(eae_result_row, rows);
    for (int64_t i = 0; i < rows; i++)
        f->model_row[i].split = NOT_REACHED;
    return eae_model_frame_new(&f->model, f->of->run->data, &f->of->run->spec->covariates, rows);
}

int eae_path_frames_open(eae_path_frames *f)
{
    int64_t real = f->outer_count * f->of->run->spec->params, runs = real * f->of->labels->count;
    f->rows_per_run = (f->of->schedule->shown_count + f->inner) * f->of->sides;
    f->path_row = EAE_NEW_ARRAY(eae_result_row, runs);
    int status = new_rank(f, real + f->final * f->of->run->spec->params);
    if (status == EAE_OK && f->of->run->spec->weights != EAE_WEIGHTS_NONE)
        status = new_models(f, f->final * f->of->run->spec->params +
                                   (f->of->run->spec->weights == EAE_WEIGHTS_ALL ? real : 0));
    if (status == EAE_OK && f->of->plan) {
        int64_t rows = runs * f->rows_per_run;
        status = eae_prediction_new(&f->prediction, f->of->run->data, rows);
        f->prediction_row = EAE_NEW_ARRAY(eae_result_row, rows);
        for (int64_t i = 0; i < rows; i++)
            f->prediction_row[i].split = NOT_REACHED;
    }
    return status;
}

void eae_path_frames_close(eae_path_frames *f)
{
    free(f->path_row);
    free(f->rank_row);
    free(f->prediction_row);
    free(f->model_row);
    eae_frame_free(f->model);
    eae_frame_free(f->rank);
    eae_frame_free(f->prediction);
    *f = (eae_path_frames){0};
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* Rows of the k-th size of a path into the prediction frame. Cell i of a permuted row is the value
 * of the sample that carries sample i's label. */
static void write_prediction(eae_path_frames *f, const eae_path *p, int64_t k, bool selected,
                             int64_t row)
{
    int64_t samples = f->of->run->dataset.rows;
    const int64_t *from = f->of->labels->from[p->perm];
    for (int side = 0; side < f->of->sides; side++) {
        eae_result_row *r = &f->prediction_row[row + side];
        *r = p->row[k * f->of->sides + side];
        r->selected = selected;
        r->chosen = selected ? r->size : 0;
        double *out = eae_frame_f64(f->prediction) + (row + side) * samples;
        const double *value = p->value + (k * f->of->sides + side) * p->test;
        for (int64_t i = 0; i < p->test; i++) {
            int64_t sample = p->split->test[i];
            out[from ? from[sample] : sample] = value[i];
        }
    }
}

/* The row of a selection by permuted labels that had nothing to go by. */
static void write_unchosen(eae_path_frames *f, const eae_path *p, int64_t row)
{
    for (int side = 0; side < f->of->sides; side++) {
        eae_result_row *r = &f->prediction_row[row + side];
        *r = p->row[side];
        r->selected = true;
        eae_result_undefined(r);
    }
}

/* chosen: a size to go on with, or -1. */
static void write_path(eae_path_frames *f, int64_t task, const eae_path *p, int64_t chosen)
{
    int64_t params = f->of->run->spec->params, sizes = f->of->schedule->shown_count;
    int64_t run = (task * f->of->labels->count + p->perm) * params + p->param;
    int64_t row = run * f->rows_per_run;
    for (int64_t k = 0; k < sizes; k++) {
        if (p->reached[k])
            write_prediction(f, p, k, false, row + k * f->of->sides);
    }
    if (chosen >= 0 && p->reached[chosen])
        write_prediction(f, p, chosen, true, row + sizes * f->of->sides);
    else if (f->inner && chosen < 0)
        write_unchosen(f, p, row + sizes * f->of->sides);
    f->path_row[run] = p->rank_row;
    f->path_row[run].undefined |= f->inner && chosen < 0;
}

/* Of the real labels; row: 0 .. params - 1 are those of the final elimination, where there is one.
 */
static void write_rank(eae_path_frames *f, const eae_path *p, int64_t row, int64_t chosen)
{
    int64_t cols = f->of->run->dataset.cols;
    f->rank_row[row] = p->rank_row;
    f->rank_row[row].chosen = chosen >= 0 ? p->row[chosen * f->of->sides].size : 0;
    memcpy((int32_t *)f->rank->payload + row * cols, p->rank, (size_t)cols * sizeof(int32_t));
}

static void write_model(eae_path_frames *f, const eae_path *p, int64_t run)
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

void eae_path_frames_take(eae_path_frames *f, int64_t task, const eae_path *p, int64_t chosen)
{
    int64_t params = f->of->run->spec->params;
    int64_t run = task < 0 ? p->param : (f->final + task) * params + p->param;
    if (p->perm == 0) {
        write_model(f, p, run);
        write_rank(f, p, run, chosen);
    }
    if (task >= 0)
        write_path(f, task, p, chosen);
}

void eae_path_frames_match(eae_path_frames *f, int64_t task, int param)
{
    int64_t params = f->of->run->spec->params, count = f->rows_per_run;
    const eae_result_row *real =
        f->prediction_row + (task * f->of->labels->count * params + param) * count;
    for (int64_t b = 1; b < f->of->labels->count; b++) {
        eae_result_row *row =
            f->prediction_row + ((task * f->of->labels->count + b) * params + param) * count;
        for (int64_t k = 0; k < count; k++) {
            if (real[k].split == NOT_REACHED) {
                row[k].split = NOT_REACHED;
            } else if (row[k].split == NOT_REACHED) {
                row[k] = real[k];
                row[k].perm = b;
                row[k].chosen = 0;
                eae_result_undefined(&row[k]);
            }
        }
    }
}

/* ---- finishing ------------------------------------------------------------------------------- */

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

/* Eliminations row[0 .. count - 1] into the sums of *out. */
static void count_paths(const eae_result_row *row, int64_t count, eae_eliminate_output *out)
{
    for (int64_t i = 0; i < count; i++) {
        out->paths++;
        out->undefined += row[i].undefined;
        out->fits += row[i].iterations;
        out->unconverged += !row[i].converged;
        if (row[i].perm == 0)
            out->gap = fmin(out->gap, row[i].gap);
    }
}

int eae_path_frames_finish(eae_path_frames *f, eae_eliminate_output *out)
{
    if (drop_rows(&f->prediction, f->prediction_row) != EAE_OK ||
        drop_rows(&f->model, f->model_row) != EAE_OK)
        return EAE_FAIL;
    const eae_annot *plan = f->of->plan ? eae_axis_find(&f->of->plan->rows, "plan") : NULL;
    const char *hash = plan && f->of->plan->rows.count > 0 ? eae_annot_text(plan, 0) : NULL;
    const eae_names *classes = f->of->run->target.class_names;
    out->gap = INFINITY;
    count_paths(f->rank_row, f->final * f->of->run->spec->params, out);
    count_paths(f->path_row, f->outer_count * f->of->run->spec->params * f->of->labels->count, out);
    out->final_size = f->final ? f->rank_row[0].chosen : 0;
    eae_result_annotate(f->rank, f->rank_row, f->of->run->spec, hash, classes);
    if (f->prediction)
        eae_result_annotate(f->prediction, f->prediction_row, f->of->run->spec, hash, classes);
    if (f->model)
        eae_result_annotate(f->model, f->model_row, f->of->run->spec, hash, classes);
    out->model = f->model;
    f->model = NULL;
    out->rank = f->rank;
    out->prediction = f->prediction;
    f->rank = f->prediction = NULL;
    return EAE_OK;
}
