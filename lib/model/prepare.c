/* prepare.c - preprocessing learned from training rows; see prepare.h. */
#include "model/prepare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"

enum {
    BLOCK = 256,      /* columns per task: fixed, so that sums do not depend on threads */
    AT_ONCE = 1 << 20 /* values that are held column by column */
};

/* Columns of n values that are held at once, at most a block. */
static int64_t columns_at_once(int64_t n)
{
    int64_t columns = AT_ONCE / (n > 0 ? n : 1);
    return columns < 1 ? 1 : columns < BLOCK ? columns : BLOCK;
}

static int64_t blocks_of(int64_t cols)
{
    return (cols + BLOCK - 1) / BLOCK;
}

/* Of the values as they lie there. */
static double source_value(const eae_source *s, int64_t i, int64_t j)
{
    int64_t k = i * s->cols + j;
    return s->is_f64 ? ((const double *)s->x)[k] : (double)((const float *)s->x)[k];
}

/* ---- learning from training rows ----------------------------------------------------------- */

typedef struct {
    const eae_dataset *d;
    const eae_prepare_spec *spec;
    const int64_t *row;
    const double *count;
    int64_t n;
    eae_prepared *p;
    int threads;
} lesson;

typedef struct {
    double value, weight;
} weighted;

static int by_value(const void *a, const void *b)
{
    double x = ((const weighted *)a)->value, y = ((const weighted *)b)->value;
    return (x > y) - (x < y);
}

/* The median of values that count several times: the mean of the two middle ones when even. */
static double weighted_median(weighted *v, int64_t n)
{
    double total = 0, seen = 0;
    qsort(v, (size_t)n, sizeof *v, by_value);
    for (int64_t i = 0; i < n; i++)
        total += v[i].weight;
    for (int64_t i = 0; i < n; i++) {
        seen += v[i].weight;
        if (seen * 2 > total)
            return v[i].value;
        if (seen * 2 == total)
            return (v[i].value + v[i + 1].value) / 2;
    }
    return 0; /* no value at all */
}

/* Rows are what lies side by side, so all columns of a stretch are read in one walk over them. */
static void fill_means(lesson *l, int64_t begin, int64_t end)
{
    const eae_dataset *d = l->d;
    double sum[BLOCK] = {0}, weight[BLOCK] = {0};
    for (int64_t i = 0; i < l->n; i++) {
        for (int64_t j = begin; j < end; j++) {
            double x = eae_dataset_value(d, l->row[i] * d->cols + j);
            if (x != x)
                continue;
            sum[j - begin] += l->count[i] * x;
            weight[j - begin] += l->count[i];
        }
    }
    for (int64_t j = begin; j < end; j++)
        l->p->fill[j] = weight[j - begin] > 0 ? sum[j - begin] / weight[j - begin] : 0;
}

/* The same, but as many columns as a bounded memory has room for. */
static void fill_medians(lesson *l, int64_t begin, int64_t end)
{
    const eae_dataset *d = l->d;
    int64_t width = columns_at_once(l->n), n = l->n;
    weighted *v = eae_malloc((size_t)(n * width), sizeof *v);
    for (int64_t first = begin; first < end; first += width) {
        int64_t present[BLOCK] = {0}, last = first + width < end ? first + width : end;
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = first; j < last; j++) {
                double x = eae_dataset_value(d, l->row[i] * d->cols + j);
                if (x == x)
                    v[(j - first) * n + present[j - first]++] = (weighted){x, l->count[i]};
            }
        }
        for (int64_t j = first; j < last; j++)
            l->p->fill[j] = weighted_median(v + (j - first) * n, present[j - first]);
    }
    free(v);
}

static int fill_block(void *context, int64_t task, int worker)
{
    lesson *l = context;
    int64_t cols = l->d->cols, begin = task * BLOCK,
            end = begin + BLOCK < cols ? begin + BLOCK : cols;
    (void)worker;
    if (l->spec->imputation == EAE_IMPUTE_MEAN)
        fill_means(l, begin, end);
    else
        fill_medians(l, begin, end);
    return EAE_OK;
}

/* A copy of the data without gaps. */
static int learn_completion(lesson *l)
{
    const eae_dataset *d = l->d;
    size_t cells = (size_t)(d->rows * d->cols), size = d->is_f64 ? sizeof(double) : sizeof(float);
    eae_incomplete data = {.kernels = d->kernels,
                           .is_f64 = d->is_f64,
                           .rows = d->rows,
                           .cols = d->cols,
                           .threads = l->threads};
    l->p->x = data.x = eae_try_alloc(cells, size, "completed data");
    if (!data.x)
        return EAE_FAIL;
    memcpy(data.x, d->x, cells * size);
    int status =
        eae_complete_learn(&data, &l->spec->complete, l->row, l->count, l->n, &l->p->completion);
    return status == EAE_OK ? eae_complete_fill(&l->p->completion, &data) : status;
}

int eae_imputation_parse(const char *text, eae_imputation *imputation, eae_complete_spec *complete)
{
    static const char *const words[] = {"none", "mean", "median"};
    for (int k = 0; k < 3; k++) {
        if (strcmp(text, words[k]) == 0) {
            *imputation = (eae_imputation)k;
            return EAE_OK;
        }
    }
    *imputation = EAE_IMPUTE_ALS;
    if (eae_complete_parse(text, complete) == EAE_OK)
        return EAE_OK;
    return eae_fail_usage("--impute: '%s' is not none, mean, median, als:K or als:K:LAMBDA", text);
}

static int learn_fill(lesson *l)
{
    if (!l->d->missing || l->spec->imputation == EAE_IMPUTE_NONE)
        return EAE_OK;
    if (l->spec->imputation == EAE_IMPUTE_ALS)
        return learn_completion(l);
    l->p->fill = eae_try_alloc((size_t)l->d->cols, sizeof(double), "imputed values");
    return l->p->fill ? eae_parallel(l->threads, blocks_of(l->d->cols), fill_block, l) : EAE_FAIL;
}

/* Pseudo-inverse of a small symmetric matrix in place: directions below 1e-10 of the largest
 * eigenvalue (columns of the design that repeat one another) are left out. */
static int pseudo_inverse(const eae_kernels *k, double *a, int64_t n)
{
    double *vectors = eae_malloc((size_t)(n * n), sizeof *vectors);
    double *values = eae_malloc((size_t)n, sizeof *values);
    memcpy(vectors, a, (size_t)(n * n) * sizeof *a);
    int status = k->eigen(vectors, n, values);
    memset(a, 0, (size_t)(n * n) * sizeof *a);
    for (int64_t e = 0; e < n && status == EAE_OK; e++) {
        if (!(values[e] > 1e-10 * values[n - 1]))
            continue;
        const double *v = vectors + e * n;
        for (int64_t r = 0; r < n; r++) {
            for (int64_t c = 0; c < n; c++)
                a[r * n + c] += v[r] * v[c] / values[e];
        }
    }
    free(vectors);
    free(values);
    return status;
}

/* The data, gaps filled where a completion filled them. */
static const void *values_of(const lesson *l)
{
    return l->p->x ? l->p->x : l->d->x;
}

/* coef = (D'WD)^+ D'W X over the training rows: the weights kernel with B = W D (D'WD)^+. */
static int learn_adjustment(lesson *l)
{
    const eae_dataset *d = l->d;
    int64_t terms = l->spec->terms;
    if (!l->spec->design)
        return EAE_OK;
    l->p->coef =
        eae_try_alloc((size_t)(terms * d->cols), sizeof(double), "adjustment coefficients");
    if (!l->p->coef)
        return EAE_FAIL;
    double *cross = EAE_NEW_ARRAY(double, terms *terms);
    double *b = EAE_NEW_ARRAY(double, l->n *terms);
    for (int64_t i = 0; i < l->n; i++) {
        const double *u = l->spec->design + l->row[i] * terms;
        for (int64_t s = 0; s < terms; s++) {
            for (int64_t t = 0; t < terms; t++)
                cross[s * terms + t] += l->count[i] * u[s] * u[t];
        }
    }
    int status = pseudo_inverse(d->kernels, cross, terms);
    for (int64_t i = 0; i < l->n; i++) {
        const double *u = l->spec->design + l->row[i] * terms;
        for (int64_t s = 0; s < terms; s++) {
            for (int64_t t = 0; t < terms; t++)
                b[i * terms + s] += l->count[i] * u[t] * cross[t * terms + s];
        }
    }
    eae_source raw = {.x = values_of(l),
                      .is_f64 = d->is_f64,
                      .rows = d->rows,
                      .cols = d->cols,
                      .feature_count = d->cols,
                      .fill = l->p->fill};
    if (status == EAE_OK)
        status = d->kernels->weights(&raw, l->row, l->n, b, terms, l->p->coef, l->threads);
    free(cross);
    free(b);
    return status;
}

/* The data after imputing and adjusting, before centring. */
static eae_source adjusted_source(const lesson *l)
{
    const eae_dataset *d = l->d;
    return (eae_source){.x = values_of(l),
                        .is_f64 = d->is_f64,
                        .rows = d->rows,
                        .cols = d->cols,
                        .feature = l->p->feature,
                        .feature_count = l->p->feature ? l->p->feature_count : d->cols,
                        .fill = l->p->fill,
                        .design = l->spec->design,
                        .coef = l->p->coef,
                        .terms = l->spec->design ? l->spec->terms : 0,
                        .shift = l->spec->design ? NULL : d->reference};
}

/* What moments are taken about: near the mean, or they cancel. Residuals have mean 0. */
static double origin(const lesson *l, int64_t j)
{
    return l->spec->design ? 0 : l->d->reference[j];
}

static int learn_filter(lesson *l, const eae_outcome *outcome)
{
    if (l->spec->filter == EAE_FILTER_NONE)
        return EAE_OK;
    int64_t keep = l->spec->keep < l->d->cols ? l->spec->keep : l->d->cols;
    int64_t *feature = eae_malloc((size_t)keep, sizeof *feature);
    eae_source source = adjusted_source(l);
    int status =
        eae_filter_select(l->d->kernels, &source, l->row, l->n, l->count, outcome, l->spec->filter,
                          keep, feature, &l->p->feature_count, l->threads);
    l->p->feature = feature;
    l->p->empty = status == EAE_OK && keep > 0 && l->p->feature_count == 0;
    if (l->p->empty)
        status = eae_fail("the filter leaves no feature: all are constant in the training rows, "
                          "or these are too few");
    return status;
}

/* One value as the training set sees it before centring. */
static double adjusted_value(const eae_source *s, int64_t i, int64_t j)
{
    double x = source_value(s, i, j);
    if (x != x && s->fill)
        x = s->fill[j];
    for (int64_t t = 0; t < s->terms; t++)
        x -= s->design[i * s->terms + t] * s->coef[t * s->cols + j];
    return x;
}

/* Moments from the definition, where filled values take part: the kernel leaves missing ones out.
 */
static int filled_moments_block(void *context, int64_t task, int worker)
{
    lesson *l = context;
    const eae_dataset *d = l->d;
    eae_source s = adjusted_source(l);
    int64_t begin = task * BLOCK, end = begin + BLOCK < d->cols ? begin + BLOCK : d->cols;
    double sum[BLOCK] = {0}, square[BLOCK] = {0}, total = 0;
    (void)worker;
    for (int64_t i = 0; i < l->n; i++) {
        double c = l->count[i];
        total += c;
        for (int64_t j = begin; j < end; j++) {
            double t = adjusted_value(&s, l->row[i], j) - origin(l, j);
            sum[j - begin] += c * t;
            square[j - begin] += c * t * t;
        }
    }
    for (int64_t j = begin; j < end; j++) {
        l->p->mean[j] = sum[j - begin] / total;
        l->p->scale[j] = square[j - begin] / total;
    }
    return EAE_OK;
}

/* Into mean: mean - origin; into scale: mean square about the origin; of the values that are there.
 */
static int training_moments(lesson *l)
{
    const eae_dataset *d = l->d;
    if (l->p->fill)
        return eae_parallel(l->threads, blocks_of(d->cols), filled_moments_block, l);
    eae_source source = adjusted_source(l);
    source.feature = NULL;
    source.feature_count = d->cols;
    double *present = eae_malloc((size_t)d->cols, sizeof *present);
    int status = d->kernels->moments(&source, l->row, l->n, l->count, 1, present, l->p->mean,
                                     l->p->scale, l->threads);
    for (int64_t j = 0; j < d->cols && status == EAE_OK; j++) {
        double total = present[j] > 0 ? present[j] : 1;
        l->p->mean[j] /= total;
        l->p->scale[j] /= total;
    }
    free(present);
    return status;
}

/* A feature as the training set sees it before centring. */
typedef struct {
    double *value;  /* n */
    double largest; /* |value| before it was adjusted */
} closeup;

/* The first value that is there; the origin if none is. */
static double first_value(const lesson *l, const closeup *c, int64_t j)
{
    for (int64_t i = 0; i < l->n; i++) {
        if (c->value[i] == c->value[i])
            return c->value[i];
    }
    return origin(l, j);
}

static bool is_constant(const lesson *l, const closeup *c, int64_t j)
{
    double first = first_value(l, c, j), largest = fmax(fabs(first), c->largest);
    /* residuals of a regression are never exactly equal */
    double tolerance = l->spec->design ? 1e-12 : 0, spread = 0;
    for (int64_t i = 0; i < l->n; i++)
        spread = fmax(spread, fabs(c->value[i] - first));
    return spread <= tolerance * largest;
}

/* Mean and variance of one feature in two passes, for where the difference of moments cancels. */
static double two_passes(const lesson *l, const closeup *c, int64_t j)
{
    double total = 0, sum = 0, square = 0, first = first_value(l, c, j);
    for (int64_t i = 0; i < l->n; i++) {
        double t = c->value[i] - first;
        total += t == t ? l->count[i] : 0;
        sum += t == t ? l->count[i] * t : 0;
    }
    double mean = first + sum / total;
    for (int64_t i = 0; i < l->n; i++) {
        double t = c->value[i] - mean;
        square += t == t ? l->count[i] * t * t : 0;
    }
    l->p->mean[j] = mean;
    return square / total;
}

static void set_scale(lesson *l, int64_t j, double variance)
{
    l->p->scale[j] = variance > 0 ? sqrt(variance) : 1;
}

/* Features whose moments say too little, from their values: column by column in memory, but read
 * row by row. */
static void look_closer(lesson *l, const eae_source *s, const int64_t *suspect, int64_t count)
{
    int64_t width = columns_at_once(l->n), n = l->n;
    double *value = eae_malloc((size_t)(n * width), sizeof *value);
    closeup c[BLOCK];
    for (int64_t first = 0; first < count; first += width) {
        int64_t some = count - first < width ? count - first : width;
        for (int64_t k = 0; k < some; k++)
            c[k] = (closeup){.value = value + k * n};
        for (int64_t i = 0; i < n; i++) {
            for (int64_t k = 0; k < some; k++) {
                int64_t j = suspect[first + k];
                c[k].value[i] = adjusted_value(s, l->row[i], j);
                c[k].largest = fmax(c[k].largest, fabs(source_value(s, l->row[i], j)));
            }
        }
        for (int64_t k = 0; k < some; k++) {
            int64_t j = suspect[first + k];
            bool constant = is_constant(l, &c[k], j);
            if (constant)
                l->p->mean[j] = first_value(l, &c[k], j);
            set_scale(l, j, constant ? 1 : two_passes(l, &c[k], j));
        }
    }
    free(value);
}

static void finish_scale(lesson *l)
{
    const eae_dataset *d = l->d;
    eae_source s = adjusted_source(l);
    int64_t *suspect = eae_malloc((size_t)d->cols, sizeof *suspect), count = 0;
    for (int64_t j = 0; j < d->cols; j++) {
        double offset = l->p->mean[j], square = l->p->scale[j], reference = d->reference[j];
        double variance = square - offset * offset;
        l->p->mean[j] = offset + origin(l, j);
        set_scale(l, j, variance);
        /* near the rounding of the difference, or of residuals: look at the values themselves */
        if (!(variance > 1e-6 * square) ||
            (s.terms && variance < 1e-20 * fmax(1, reference * reference)))
            suspect[count++] = j;
    }
    if (count > 0)
        look_closer(l, &s, suspect, count);
    free(suspect);
}

void eae_prepare_finish_scale(const eae_dataset *d, const int64_t *row, const double *count,
                              int64_t n, double *mean, double *scale)
{
    static const eae_prepare_spec plain = {.scaling = EAE_SCALE_FOLD};
    eae_prepared p = {.mean = mean, .scale = scale};
    lesson l = {.d = d, .spec = &plain, .row = row, .count = count, .n = n, .p = &p};
    finish_scale(&l);
}

/* All rows, once each, as they are: the survey has what there is to learn. Its moments are about a
 * row, so their difference keeps all but a few bits: mean square <= (n + 1) variance. */
static bool is_surveyed(const lesson *l)
{
    bool all = l->n == l->d->rows && l->d->missing == 0 && !l->spec->design;
    for (int64_t i = 0; i < l->n && all; i++)
        all = l->row[i] == i && l->count[i] == 1;
    return all;
}

static int learn_scale(lesson *l)
{
    const eae_dataset *d = l->d;
    size_t cols = (size_t)d->cols;
    if (l->spec->scaling == EAE_SCALE_NONE)
        return EAE_OK;
    l->p->mean = eae_try_alloc(cols, sizeof(double), "feature means");
    l->p->scale = eae_try_alloc(cols, sizeof(double), "feature scales");
    l->p->inverse = eae_try_alloc(cols, sizeof(double), "feature scales");
    if (!l->p->mean || !l->p->scale || !l->p->inverse)
        return EAE_FAIL;
    int status = EAE_OK;
    if (l->spec->scaling == EAE_SCALE_FOLD && !is_surveyed(l)) {
        status = training_moments(l);
        if (status == EAE_OK)
            finish_scale(l);
    } else {
        /* residuals of an adjustment have mean 0 already */
        for (size_t j = 0; j < cols; j++)
            l->p->mean[j] = l->spec->design ? 0 : d->reference[j];
        memcpy(l->p->scale, d->scale, cols * sizeof(double));
    }
    for (size_t j = 0; j < cols && status == EAE_OK; j++)
        l->p->inverse[j] = 1 / l->p->scale[j];
    return status;
}

int eae_prepare_learn(const eae_dataset *d, const eae_prepare_spec *spec, const int64_t *row,
                      const double *count, int64_t n, const eae_outcome *outcome, eae_prepared *p,
                      int threads)
{
    *p = (eae_prepared){.feature_count = d->cols};
    lesson l = {d, spec, row, count, n, p, threads};
    int status = learn_fill(&l);
    if (status == EAE_OK)
        status = learn_adjustment(&l);
    if (status == EAE_OK)
        status = learn_filter(&l, outcome);
    if (status == EAE_OK)
        status = learn_scale(&l);
    if (status != EAE_OK) {
        bool empty = p->empty;
        eae_prepared_free(p);
        p->empty = empty;
    }
    return status;
}

void eae_prepared_free(eae_prepared *p)
{
    free(p->fill);
    free(p->x);
    eae_completion_free(&p->completion);
    free(p->coef);
    free(p->mean);
    free(p->scale);
    free(p->inverse);
    free(p->feature);
    *p = (eae_prepared){0};
}

eae_source eae_prepared_source(const eae_dataset *d, const eae_prepare_spec *spec,
                               const eae_prepared *p)
{
    /* adjusted values have mean 0 in the training rows: the reference would take them away from it
     */
    const double *shift = p->mean ? p->mean : spec->design ? NULL : d->reference;
    return (eae_source){.x = p->x ? p->x : d->x,
                        .is_f64 = d->is_f64,
                        .rows = d->rows,
                        .cols = d->cols,
                        .feature = p->feature,
                        .feature_count = p->feature ? p->feature_count : d->cols,
                        .fill = p->fill,
                        .design = spec->design,
                        .coef = p->coef,
                        .terms = spec->design ? spec->terms : 0,
                        .shift = shift,
                        .inverse = p->inverse};
}
