/* run.c - see run.h. */
#include "eval/train/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "eval/train/external.h"
#include "eval/train/fold_few.h"
#include "eval/train/streamed.h"

int eae_check_finite(const eae_dataset *dataset, const eae_frame *data)
{
    if (dataset->unusable < 0)
        return EAE_OK;
    int64_t i = dataset->unusable / dataset->cols, j = dataset->unusable % dataset->cols;
    double value = eae_frame_value(data, i, j);
    char number[EAE_NUMBER_TEXT];
    eae_format_double(value, number);
    return eae_fail("%s%s: sample %s, feature %s", isinf(value) ? "" : number,
                    isinf(value) ? "an infinite value" : " is too large a value to compute with",
                    eae_name(&data->rows.names, i), eae_name(&data->cols.names, j));
}

enum { SPARSE_COLUMNS = 2000 };         /* that a sparse model keeps at hand, about */
static const double TURN_MOST = 0x1p30; /* bytes */

static int check_missing(const eae_run *run)
{
    const eae_dataset *d = &run->dataset;
    const eae_external *external = run->spec->external;
    if (d->missing == 0 || run->spec->prepare.imputation != EAE_IMPUTE_NONE)
        return EAE_OK;
    bool takes_missing = run->spec->model == EAE_MODEL_ALS || (external && external->takes_missing);
    if (takes_missing && !run->spec->prepare.design)
        return EAE_OK;
    int64_t i = d->first_missing / d->cols, j = d->first_missing % d->cols;
    return eae_fail(
        "%lld of %lld values are missing (first: sample %s, feature %s); --impute mean, "
        "median or als:K fills them inside each split%s",
        (long long)d->missing, (long long)(d->rows * d->cols), eae_name(&run->data->rows.names, i),
        eae_name(&run->data->cols.names, j),
        external && !external->takes_missing ? ", --impute none hands them on as they are" : "");
}

int eae_run_share_gram(eae_run *run)
{
    const eae_prepare_spec *p = &run->spec->prepare;
    eae_dataset *d = &run->dataset;
    if (!eae_train_has_gram(run->spec) || run->streams || run->few ||
        p->scaling == EAE_SCALE_FOLD || p->filter != EAE_FILTER_NONE || p->design || d->missing)
        return EAE_OK;
    run->gram = eae_try_alloc((size_t)(d->rows * d->rows), sizeof(double), "the Gram matrix");
    if (!run->gram)
        return EAE_FAIL;
    int64_t *all = eae_malloc((size_t)d->rows, sizeof *all);
    double *once = eae_malloc((size_t)d->rows, sizeof *once);
    for (int64_t i = 0; i < d->rows; i++) {
        all[i] = i;
        once[i] = 1;
    }
    int status = eae_prepare_learn(d, p, all, once, d->rows, &run->target.outcome, &run->prepared,
                                   run->spec->threads);
    if (status == EAE_OK) {
        eae_fold fold = {.run = run, .prepared = run->prepared};
        eae_source source = eae_fold_source(&fold);
        eae_precision precision = eae_kernels_precision(d->rows, d->cols, d->is_f64);
        status = d->kernels->gram(&source, all, d->rows, precision, run->gram, run->spec->threads);
    }
    free(all);
    free(once);
    return status;
}

int eae_run_turn(eae_run *run)
{
    const eae_dataset *d = &run->dataset;
    size_t size = d->is_f64 ? sizeof(double) : sizeof(float);
    double bytes = (double)(d->cols * eae_features_stride(d->rows)) * (double)size;
    if (!eae_train_is_sparse(run->spec) || !eae_turned_fits(d, run->spec) || bytes > TURN_MOST ||
        run->spec->solver == EAE_SOLVER_STREAM)
        return EAE_OK;
    return eae_turned_open(&run->turned, d, run->spec);
}

double eae_run_fold_bytes(const eae_run *run)
{
    double rows = (double)run->dataset.rows, cols = (double)run->dataset.cols;
    bool by_rows = eae_train_has_gram(run->spec) && !run->few;
    double numbers = by_rows ? 2 * rows * rows : rows * cols;
    if (run->few)
        numbers = eae_fold_few_numbers(run->spec, run->dataset.rows, run->dataset.cols);
    if (eae_train_is_sparse(run->spec)) { /* bounds of all features, columns of some */
        double sides = eae_target_sides(&run->target);
        numbers = (3 + sides) * cols + (1 + sides) * rows * fmin(cols, SPARSE_COLUMNS);
    }
    if (run->dataset.missing && run->spec->prepare.imputation == EAE_IMPUTE_ALS)
        numbers += 2 * rows * cols;
    return numbers * sizeof(double);
}

double eae_run_work(const eae_train_spec *spec, int64_t rows, int64_t cols, int64_t splits)
{
    /* a factorisation with what else a solver does, and passes of the solvers that see values */
    static const double solution = 30, passes = 1000, once = 10;
    double n = (double)rows, p = (double)cols;
    double fits = fmax(spec->params, spec->lambda_auto) + (double)spec->permutations;
    if (spec->model == EAE_MODEL_TEST)
        return once * n * p;
    if (!eae_train_has_gram(spec))
        return passes * n * p * (double)splits;
    if (eae_fold_few_suits(spec, rows, cols, 0))
        return (double)splits * n * p * (p + 8 + 2 * fits);
    double gram = n * n * (p + solution * n * fits);
    if (eae_fold_few_suits(spec, rows, cols, 3)) /* softmax by its coefficients, or passes */
        gram = fmin(gram, passes * n * (p + solution));
    return (double)splits * gram;
}

int eae_run_workers(const eae_run *run, int64_t count, int *inner)
{
    int threads = run->spec->threads, workers = 1;
    double together = threads * eae_run_fold_bytes(run);
    bool roomy = run->spec->memory == 0 || together <= (double)run->spec->memory;
    if (roomy && (count >= threads || run->spec->external))
        workers = count < threads ? (int)count : threads;
    *inner = workers > 1 ? threads / workers : threads;
    return workers;
}

static int check_memory(const eae_run *run)
{
    double rows = (double)run->dataset.rows, have = (double)run->spec->memory;
    double numbers = run->few
                         ? eae_fold_few_numbers(run->spec, run->dataset.rows, run->dataset.cols)
                         : 2 * rows * rows;
    double need = numbers * sizeof(double);
    if (have == 0 || need <= have || !eae_train_has_gram(run->spec) || run->streams)
        return EAE_OK;
    char needed[EAE_NUMBER_TEXT], there[EAE_NUMBER_TEXT];
    eae_format_size(need, needed);
    eae_format_size(have, there);
    return eae_fail("%lld samples are too many for this solver: %s %s, and --memory is %s",
                    (long long)run->dataset.rows,
                    run->few ? "their values take" : "their Gram matrix takes", needed, there);
}

int eae_run_open(eae_run *run, const eae_frame *data, const eae_train_spec *spec,
                 const eae_kernels *kernels)
{
    *run = (eae_run){.data = data, .spec = spec};
    int status = spec->model == EAE_MODEL_COX ? eae_target_survival(data, &run->target)
                                              : eae_target_from(data, &run->target);
    if (status == EAE_OK)
        status = eae_train_spec_check(spec, &run->target);
    if (status == EAE_OK)
        status = eae_dataset_open(&run->dataset, kernels, data->payload, data->type == EAE_F64,
                                  data->rows.count, data->cols.count, spec->threads);
    if (status == EAE_OK)
        status = eae_check_finite(&run->dataset, data);
    if (status == EAE_OK)
        status = check_missing(run);
    if (status == EAE_OK)
        run->few = eae_fold_few_suits(spec, data->rows.count, data->cols.count,
                                      run->target.outcome.classes);
    if (status == EAE_OK && !run->few)
        status = eae_streamed_choose(run, &run->streams);
    if (status == EAE_OK)
        status = check_memory(run);
    return status;
}

void eae_run_close(eae_run *run)
{
    free(run->gram);
    eae_prepared_free(&run->prepared);
    eae_turned_close(&run->turned);
    eae_dataset_close(&run->dataset);
    eae_target_free(&run->target);
}

/* Prepared as the final model's training rows are, which are all. */
static int sparse_lambda(const eae_run *run, eae_train_spec *spec)
{
    eae_fold fold;
    eae_split all;
    double top = 0;
    eae_split_all(run->dataset.rows, &all);
    int status = eae_fold_open(&fold, run, &all, &run->target, spec->threads);
    if (status == EAE_OK) {
        status = eae_fold_lambda_max(&fold, &run->target, &top);
        eae_fold_close(&fold);
    }
    if (status == EAE_OK)
        status = eae_lambda_spaced(&run->dataset, top, spec->params, spec->param);
    eae_split_free(&all);
    return status;
}

int eae_run_lambda(const eae_run *run, eae_train_spec *spec)
{
    if (spec->lambda_auto == 0)
        return EAE_OK;
    spec->params = spec->lambda_auto;
    free(spec->param);
    spec->param = EAE_NEW_ARRAY(double, spec->params);
    if (eae_train_is_sparse(spec))
        return sparse_lambda(run, spec);
    return eae_lambda_path(&run->dataset, spec, &run->target, spec->params, spec->param);
}

void eae_run_describe(const eae_run *run, const eae_frame *plan, eae_buffer *text)
{
    const eae_train_spec *spec = run->spec;
    char hash[EAE_HASH_TEXT], number[EAE_NUMBER_TEXT];
    const eae_annot *name = plan ? eae_axis_find(&plan->rows, "plan") : NULL;
    eae_buffer_printf(text, "program %s\n", eae_kernels_identity(run->dataset.kernels));
    eae_buffer_printf(text, "data %s\n", eae_hash_text(&run->data->content, hash));
    eae_buffer_printf(text, "plan %s\n",
                      name && plan->rows.count > 0 ? eae_annot_text(name, 0) : "none");
    eae_buffer_printf(text, "model %s\n", eae_model_name(spec));
    eae_buffer_printf(text, "spec %s\n", spec->text);
    for (int p = 0; p < spec->params; p++) {
        eae_format_double(spec->param[p], number);
        eae_buffer_printf(text, "%s %s\n", spec->by_lambda ? "lambda" : "cost", number);
    }
    eae_format_double(spec->tol, number);
    eae_buffer_printf(text, "tol %s\nmax-iter %lld\nseed %llu\n", number, (long long)spec->max_iter,
                      (unsigned long long)spec->seed);
}

int64_t *eae_run_splits(const eae_frame *plan, const eae_train_spec *spec, int64_t *count,
                        int64_t *splits)
{
    int64_t rows = plan->rows.count, all = 0;
    const eae_annot *parent = eae_axis_find(&plan->rows, "parent");
    int64_t *outer = eae_malloc((size_t)rows, sizeof *outer);
    for (int64_t s = 0; s < rows; s++) {
        if (!parent || parent->i64[s] == 0)
            outer[all++] = s;
    }
    int64_t begin = all * (spec->shard - 1) / spec->shards;
    int64_t end = all * spec->shard / spec->shards;
    memmove(outer, outer + begin, (size_t)(end - begin) * sizeof *outer);
    *count = end - begin;
    *splits = all;
    return outer;
}
