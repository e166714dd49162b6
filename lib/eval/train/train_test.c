/* train_test.c - `eae-train test`: each feature alone, as a model frame; see train.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/train/run.h"
#include "eval/train/train.h"
#include "eval/train/train_result.h"

/* The parts of the table, in the order of the rows. */
typedef enum { STATISTIC, EFFECT, DF, DF2, MEAN, P, BONFERRONI, HOLM, BH, BY, PARTS } part;

static const char *const part_names[PARTS] = {"statistic", "effect",     "df",   "df2", "mean",
                                              "p",         "bonferroni", "holm", "bh",  "by"};

typedef struct {
    const eae_frame *data;
    const eae_train_spec *spec;
    eae_target target;
    eae_dataset dataset;
    eae_frame *model;
    eae_result_row *row;
} univariate;

static void describe(univariate *u, int64_t first, const eae_split *split, int64_t size)
{
    for (int k = 0; k < PARTS; k++) {
        u->row[first + k] = (eae_result_row){.param = -1,
                                             .size = size,
                                             .split = split->id,
                                             .repeat = split->repeat,
                                             .fold = split->fold,
                                             .class = -1,
                                             .converged = true,
                                             .intercept = NAN,
                                             .objective = NAN,
                                             .gap = NAN,
                                             .part = part_names[k]};
    }
}

static int test_split(univariate *u, int64_t task, const eae_split *split)
{
    const eae_dataset *d = &u->dataset;
    eae_prepare_spec prepare = u->spec->prepare;
    prepare.scaling = EAE_SCALE_NONE;
    eae_prepared prepared;
    int status = eae_prepare_learn(d, &prepare, split->train, split->count, split->train_count,
                                   &u->target.outcome, &prepared, u->spec->threads);
    if (status != EAE_OK)
        return status;
    eae_source source = eae_prepared_source(d, &prepare, &prepared);
    double *out = eae_frame_f64(u->model) + task * PARTS * d->cols;
    for (int64_t k = 0; k < PARTS * d->cols; k++)
        out[k] = NAN;
    double *column[PARTS];
    for (int k = 0; k < PARTS; k++)
        column[k] = out + k * d->cols;
    eae_test_table table = {.statistic = column[STATISTIC],
                            .effect = column[EFFECT],
                            .df = column[DF],
                            .df2 = column[DF2],
                            .p = column[P],
                            .mean = column[MEAN]};
    source.shift = NULL; /* means as they are */
    status =
        eae_univariate_test(d->kernels, &source, split->train, split->train_count, split->count,
                            &u->target.outcome, u->spec->test, &table, u->spec->threads);
    eae_adjust_bonferroni(column[P], d->cols, column[BONFERRONI]);
    eae_adjust_holm(column[P], d->cols, column[HOLM]);
    eae_adjust_bh(column[P], d->cols, column[BH]);
    eae_adjust_by(column[P], d->cols, column[BY]);
    describe(u, task * PARTS, split, prepared.feature ? prepared.feature_count : u->dataset.cols);
    eae_prepared_free(&prepared);
    return status;
}

static int test_plan(univariate *u, const eae_frame *plan)
{
    const eae_annot *parent = eae_axis_find(&plan->rows, "parent");
    int64_t task = 0;
    int status = EAE_OK;
    for (int64_t s = 0; s < plan->rows.count && status == EAE_OK; s++) {
        if (parent && parent->i64[s] != 0)
            continue;
        eae_split split;
        eae_plan_split(plan, s, &split);
        status = test_split(u, task++, &split);
        eae_split_free(&split);
    }
    return status;
}

static int64_t outer_splits(const eae_frame *plan)
{
    const eae_annot *parent = eae_axis_find(&plan->rows, "parent");
    int64_t count = 0;
    for (int64_t s = 0; s < plan->rows.count; s++)
        count += !parent || parent->i64[s] == 0;
    return count;
}

int eae_train_test(const eae_frame *data, const eae_frame *plan, eae_train_spec *spec,
                   const eae_kernels *kernels, eae_train_output *out)
{
    univariate u = {.data = data, .spec = spec};
    const eae_covariates none = {0};
    int64_t tables = plan ? outer_splits(plan) : 1;
    *out = (eae_train_output){0};
    int status = eae_target_from(data, &u.target);
    if (status == EAE_OK)
        status = eae_train_spec_check(spec, &u.target);
    if (status == EAE_OK)
        status = eae_dataset_open(&u.dataset, kernels, data->payload, data->type == EAE_F64,
                                  data->rows.count, data->cols.count, spec->threads);
    if (status == EAE_OK)
        status = eae_check_finite(&u.dataset, data);
    if (status == EAE_OK)
        status = eae_model_frame_new(&u.model, data, &none, tables * PARTS);
    if (status == EAE_OK) {
        u.row = EAE_NEW_ARRAY(eae_result_row, tables * PARTS);
        if (plan) {
            status = test_plan(&u, plan);
        } else {
            eae_split all;
            eae_split_all(data->rows.count, &all);
            status = test_split(&u, 0, &all);
            eae_split_free(&all);
        }
    }
    if (status == EAE_OK) {
        const eae_annot *hash = plan ? eae_axis_find(&plan->rows, "plan") : NULL;
        eae_result_annotate(u.model, u.row, spec, hash ? eae_annot_text(hash, 0) : NULL,
                            u.target.class_names);
        out->model = u.model;
        u.model = NULL;
    }
    free(u.row);
    eae_frame_free(u.model);
    eae_dataset_close(&u.dataset);
    eae_target_free(&u.target);
    return status;
}
