/* univariate.c - see univariate.h, and univariate_parts.h for the files it is made of. */
#include "model/univariate.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/threads.h"
#include "kernels/source.h"
#include "model/distribution.h"
#include "model/univariate_parts.h"

/* ---- rows --------------------------------------------------------------------------------- */

static bool needs_class(eae_measure m)
{
    return m == EAE_MEASURE_WELCH || m == EAE_MEASURE_LIMMA || m == EAE_MEASURE_ANOVA;
}

static bool needs_value(eae_measure m)
{
    return m == EAE_MEASURE_PEARSON || m == EAE_MEASURE_SPEARMAN;
}

static int check_outcome(const eae_outcome *o, eae_measure measure)
{
    if (needs_class(measure) && (!o || !o->class || o->classes < 2))
        return eae_fail("this test needs classes");
    if (measure == EAE_MEASURE_WELCH && o->classes != 2)
        return eae_fail("Welch's test needs two classes, not %d", o->classes);
    if (needs_value(measure) && (!o || !o->value))
        return eae_fail("a correlation needs a numeric outcome");
    if (measure == EAE_MEASURE_COX && (!o || !o->time || !o->status))
        return eae_fail("Cox regression needs time and status");
    return EAE_OK;
}

static void rows_free(eae_test_rows *r)
{
    free(r->row);
    free(r->count);
    free(r->class);
    free(r->value);
    free(r->time);
    free(r->status);
}

/* The outcome of data row `row` into place i. */
static int gather_outcome(eae_test_rows *r, int64_t i, int64_t row, const eae_outcome *o,
                          eae_measure measure)
{
    r->class[i] = needs_class(measure) ? o->class[row] : 0;
    if (r->class[i] < 0 || r->class[i] >= r->classes)
        return eae_fail("row %lld has no class", (long long)row + 1);
    if (needs_value(measure)) {
        r->value[i] = o->value[row];
        if (!isfinite(r->value[i]))
            return eae_fail("row %lld has no finite outcome", (long long)row + 1);
    }
    if (measure == EAE_MEASURE_COX) {
        r->time[i] = o->time[row];
        r->status[i] = o->status[row];
        if (isnan(r->time[i]) || isnan(r->status[i]))
            return eae_fail("row %lld has no time and status", (long long)row + 1);
    }
    return EAE_OK;
}

static int gather_rows(eae_test_rows *r, const int64_t *row, int64_t n, const double *count,
                       const eae_outcome *o, eae_measure measure)
{
    r->classes = needs_class(measure) ? o->classes : 1;
    r->row = eae_malloc((size_t)n, sizeof *r->row);
    r->count = eae_malloc((size_t)n, sizeof *r->count);
    r->class = eae_malloc((size_t)n, sizeof *r->class);
    r->value = needs_value(measure) ? eae_malloc((size_t)n, sizeof(double)) : NULL;
    r->time = measure == EAE_MEASURE_COX ? eae_malloc((size_t)n, sizeof(double)) : NULL;
    r->status = measure == EAE_MEASURE_COX ? eae_malloc((size_t)n, sizeof(double)) : NULL;
    for (int64_t i = 0; i < n; i++) {
        if (count && !(count[i] > 0))
            continue;
        int64_t from = row ? row[i] : i;
        r->row[r->n] = from;
        r->count[r->n] = count ? count[i] : 1;
        if (gather_outcome(r, r->n, from, o, measure) != EAE_OK)
            return EAE_FAIL;
        r->n++;
    }
    return EAE_OK;
}

/* Centred, so that sums with it lose nothing. */
static void centre_value(eae_test_rows *r)
{
    double sum = 0, total = 0, reference = r->n > 0 ? r->value[0] : 0;
    for (int64_t i = 0; i < r->n; i++) {
        sum += r->count[i] * (r->value[i] - reference);
        total += r->count[i];
    }
    for (int64_t i = 0; i < r->n; i++)
        r->value[i] = (r->value[i] - reference) - sum / total;
}

/* ---- blocks of columns -------------------------------------------------------------------- */

enum { STRIP = 16 }; /* columns gathered at once for tests that look at whole columns */

typedef struct scratch {
    bool ready;
    eae_moments moments;
    eae_rank_scratch *rank;
    eae_cox_scratch *cox;
    double *strip; /* n x STRIP */
    double *x;     /* n */
} scratch;

typedef struct job {
    eae_test_rows rows;
    eae_measure measure;
    int64_t features;
    bool with_p;
    eae_test_result *result;
    eae_limma_feature *limma;
    scratch *worker;
} job;

static bool looks_at_columns(eae_measure m)
{
    return m == EAE_MEASURE_SPEARMAN || m == EAE_MEASURE_MAD || m == EAE_MEASURE_COX;
}

static int scratch_new(scratch *s, const job *j)
{
    s->ready = true;
    if (!looks_at_columns(j->measure))
        return eae_moments_new(&s->moments, j->rows.classes, EAE_COLUMN_BLOCK);
    if (j->measure == EAE_MEASURE_COX)
        s->cox = eae_cox_scratch_new(&j->rows);
    else
        s->rank = eae_rank_scratch_new(&j->rows);
    s->strip = eae_try_alloc((size_t)j->rows.n, STRIP * sizeof(double), "columns");
    s->x = eae_try_alloc((size_t)j->rows.n, sizeof(double), "columns");
    return (s->cox || s->rank) && s->strip && s->x ? EAE_OK : EAE_FAIL;
}

static void scratch_free(scratch *s)
{
    eae_moments_free(&s->moments);
    eae_rank_scratch_free(s->rank);
    eae_cox_scratch_free(s->cox);
    free(s->strip);
    free(s->x);
}

static eae_test_result number_only(double statistic)
{
    return (eae_test_result){.statistic = statistic};
}

static eae_test_result from_moments(const eae_moments *m, eae_measure measure, int64_t k)
{
    switch (measure) {
    case EAE_MEASURE_WELCH:
        return eae_welch_result(m, k);
    case EAE_MEASURE_ANOVA:
        return eae_anova_result(m, k);
    case EAE_MEASURE_PEARSON:
        return eae_pearson_result(m, k);
    default:
        return number_only(eae_variance_result(m, k));
    }
}

static eae_test_result from_column(scratch *s, const job *j)
{
    switch (j->measure) {
    case EAE_MEASURE_SPEARMAN:
        return eae_spearman_result(s->rank, &j->rows, s->x);
    case EAE_MEASURE_COX:
        return eae_cox_result(s->cox, &j->rows, s->x);
    default:
        return number_only(eae_mad_result(s->rank, &j->rows, s->x));
    }
}

static void set_p(eae_test_result *r, eae_measure measure)
{
    if (measure == EAE_MEASURE_ANOVA)
        r->p = eae_f_upper(r->statistic, r->df, r->df2);
    else if (measure == EAE_MEASURE_COX)
        r->p = eae_normal_two_sided(r->statistic);
    else
        r->p = eae_t_two_sided(r->statistic, r->df);
}

static void moments_block(const job *j, scratch *s, int64_t first, int64_t width)
{
    eae_moments_compute(&s->moments, &j->rows, j->rows.value, first, width);
    for (int64_t k = 0; k < width; k++) {
        if (j->measure == EAE_MEASURE_LIMMA)
            j->limma[first + k] = eae_limma_feature_of(&s->moments, k);
        else
            j->result[first + k] = from_moments(&s->moments, j->measure, k);
    }
}

static void column_block(const job *j, scratch *s, int64_t first, int64_t width)
{
    for (int64_t done = 0; done < width; done += STRIP) {
        int64_t strip = width - done < STRIP ? width - done : STRIP;
        eae_source_block(j->rows.source, j->rows.row, j->rows.n, first + done, strip, s->strip);
        for (int64_t k = 0; k < strip; k++) {
            for (int64_t i = 0; i < j->rows.n; i++)
                s->x[i] = s->strip[i * strip + k];
            j->result[first + done + k] = from_column(s, j);
        }
    }
}

static int measure_block(void *context, int64_t task, int worker)
{
    job *j = context;
    scratch *s = &j->worker[worker];
    if (!s->ready && scratch_new(s, j) != EAE_OK)
        return EAE_FAIL;
    int64_t first = task * EAE_COLUMN_BLOCK, width = j->features - first;
    if (width > EAE_COLUMN_BLOCK)
        width = EAE_COLUMN_BLOCK;
    if (looks_at_columns(j->measure))
        column_block(j, s, first, width);
    else
        moments_block(j, s, first, width);
    for (int64_t k = 0; k < width && j->with_p && j->measure != EAE_MEASURE_LIMMA; k++)
        set_p(&j->result[first + k], j->measure);
    return EAE_OK;
}

int eae_measure_features(const eae_source *source, const int64_t *row, int64_t n,
                         const double *count, const eae_outcome *outcome, eae_measure measure,
                         bool with_p, eae_test_result *result, int threads)
{
    job j = {.rows.source = source, .measure = measure, .with_p = with_p, .result = result};
    j.features = source->feature ? source->feature_count : source->cols;
    int64_t tasks = (j.features + EAE_COLUMN_BLOCK - 1) / EAE_COLUMN_BLOCK;
    threads = threads < 1 ? 1 : threads;
    j.worker = EAE_NEW_ARRAY(scratch, threads);
    int status = check_outcome(outcome, measure);
    if (status == EAE_OK)
        status = gather_rows(&j.rows, row, n, count, outcome, measure);
    if (status == EAE_OK && measure == EAE_MEASURE_PEARSON)
        centre_value(&j.rows);
    if (status == EAE_OK && measure == EAE_MEASURE_LIMMA) {
        j.limma = eae_try_alloc((size_t)j.features, sizeof *j.limma, "variances");
        status = j.limma ? EAE_OK : EAE_FAIL;
    }
    if (status == EAE_OK)
        status = eae_parallel(threads, tasks, measure_block, &j);
    if (status == EAE_OK && measure == EAE_MEASURE_LIMMA)
        status = eae_limma_results(j.limma, j.features, j.rows.classes, result);
    for (int w = 0; w < threads; w++)
        scratch_free(&j.worker[w]);
    free(j.worker);
    free(j.limma);
    rows_free(&j.rows);
    return status;
}

/* ---- the table ---------------------------------------------------------------------------- */

static void put(double *column, int64_t at, double value)
{
    if (column)
        column[at] = value;
}

static void put_result(eae_test_table *table, int64_t at, const eae_test_result *r)
{
    put(table->statistic, at, r->statistic);
    put(table->effect, at, r->effect);
    put(table->df, at, r->df);
    put(table->df2, at, r->df2);
    put(table->p, at, r->p);
    put(table->mean, at, r->mean);
}

int eae_univariate_test(const eae_kernels *kernels, const eae_source *source, const int64_t *row,
                        int64_t n, const double *count, const eae_outcome *outcome, eae_test test,
                        eae_test_table *table, int threads)
{
    (void)kernels; /* sums with missing values and ranks are not among its products */
    static const eae_measure measures[] = {
        [EAE_TEST_WELCH] = EAE_MEASURE_WELCH,     [EAE_TEST_LIMMA] = EAE_MEASURE_LIMMA,
        [EAE_TEST_ANOVA] = EAE_MEASURE_ANOVA,     [EAE_TEST_SPEARMAN] = EAE_MEASURE_SPEARMAN,
        [EAE_TEST_PEARSON] = EAE_MEASURE_PEARSON, [EAE_TEST_COX] = EAE_MEASURE_COX,
    };
    int64_t features = source->feature ? source->feature_count : source->cols;
    eae_test_result *result = eae_try_alloc((size_t)features, sizeof *result, "test results");
    if (!result)
        return EAE_FAIL;
    int status =
        eae_measure_features(source, row, n, count, outcome, measures[test], true, result, threads);
    if (status == EAE_OK && source->feature) {
        eae_test_result none = {NAN, NAN, NAN, NAN, NAN, NAN};
        for (int64_t c = 0; c < source->cols; c++)
            put_result(table, c, &none);
    }
    for (int64_t k = 0; k < features && status == EAE_OK; k++)
        put_result(table, eae_source_column(source, k), &result[k]);
    free(result);
    return status;
}
