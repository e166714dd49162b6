/* support.c - see support.h. */
#include "eval/train/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/source.h"

typedef struct {
    int64_t sample;
    double coefficient;
} vector;

static int by_sample(const void *pa, const void *pb)
{
    const vector *a = pa, *b = pb;
    return (a->sample > b->sample) - (a->sample < b->sample);
}

static void read_values(const eae_source *source, int64_t sample, double *in_use, double *out)
{
    eae_source_row(source, sample, 0, source->feature_count, in_use);
    for (int64_t j = 0; j < source->cols; j++)
        out[j] = NAN;
    for (int64_t k = 0; k < source->feature_count; k++) {
        int64_t j = eae_source_column(source, k);
        out[j] = in_use[k] * (source->inverse ? source->inverse[j] : 1);
    }
}

int eae_support_take(eae_support *s, const eae_fold *fold, const eae_gram_fit *fit)
{
    eae_source source = eae_fold_source(fold);
    vector *v = EAE_NEW_ARRAY(vector, fold->n);
    for (int64_t i = 0; i < fold->n; i++) {
        if (fit->beta[i] != 0)
            v[s->count++] = (vector){fold->row[i], fit->beta[i]};
    }
    qsort(v, (size_t)s->count, sizeof *v, by_sample);
    s->sample = eae_malloc((size_t)s->count, sizeof *s->sample);
    s->coefficient = eae_malloc((size_t)s->count, sizeof *s->coefficient);
    s->value = eae_try_alloc((size_t)(s->count * source.cols), sizeof *s->value, "vectors");
    double *in_use = eae_malloc((size_t)source.feature_count, sizeof *in_use);
    for (int64_t k = 0; k < s->count && s->value; k++) {
        s->sample[k] = v[k].sample;
        s->coefficient[k] = v[k].coefficient;
        read_values(&source, v[k].sample, in_use, s->value + k * source.cols);
    }
    free(in_use);
    free(v);
    return s->value ? EAE_OK : EAE_FAIL;
}

void eae_support_free(eae_support *s)
{
    free(s->sample);
    free(s->coefficient);
    free(s->value);
    *s = (eae_support){0};
}

/* ---- rows ------------------------------------------------------------------------------------ */

static eae_result_row describe(const eae_run *run, const eae_result_row *model,
                               const eae_support *s, int64_t k)
{
    eae_result_row r = *model;
    r.part = "support";
    r.term = eae_name(&run->data->rows.names, s->sample[k]);
    r.coefficient = s->coefficient[k];
    r.intercept = r.objective = r.gap = NAN;
    r.iterations = 0;
    return r;
}

static void write_vector(const eae_run *run, const eae_support *s, int64_t k, double *out)
{
    int64_t cols = run->dataset.cols;
    memcpy(out, s->value + k * cols, (size_t)cols * sizeof *out);
    for (int64_t t = 0; t < run->spec->covariates.terms; t++)
        out[cols + t] = NAN;
}

int eae_support_expand(const eae_run *run, eae_support *support, eae_frame **frame,
                       eae_result_row **row)
{
    int64_t old = (*frame)->rows.count, width = (*frame)->cols.count, total = old, at = 0;
    eae_frame *out;
    for (int64_t i = 0; i < old; i++)
        total += support[i].count;
    int status = eae_model_frame_new(&out, run->data, &run->spec->covariates, total);
    if (status != EAE_OK)
        return status;
    eae_result_row *rows = EAE_NEW_ARRAY(eae_result_row, total);
    double *to = eae_frame_f64(out);
    for (int64_t i = 0; i < old; i++) {
        memcpy(to + at * width, eae_frame_f64(*frame) + i * width, (size_t)width * sizeof *to);
        rows[at++] = (*row)[i];
        for (int64_t k = 0; k < support[i].count; k++, at++) {
            rows[at] = describe(run, &(*row)[i], &support[i], k);
            write_vector(run, &support[i], k, to + at * width);
        }
        eae_support_free(&support[i]);
    }
    eae_frame_free(*frame);
    free(*row);
    *frame = out;
    *row = rows;
    return EAE_OK;
}
