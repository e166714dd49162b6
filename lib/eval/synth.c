/*
 * synth.c - see synth.h: the base, the planted features, then rows.
 */
#include "eval/synth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/normal.h"
#include "base/threads.h"

/* Which sequence of EAE_RANDOM_SYNTH_BASE is for what. Part of the key: never renumber. */
enum { BASE_FEATURE = 0, BASE_PLANTED = 1 };

struct eae_synth {
    eae_synth_options options;
    int64_t cols;
    eae_names names;  /* of the base's features; empty: f1 .. */
    float *centre[2]; /* class mean of each feature: control, case */
    float *scale;     /* sd of the noise of each feature */
    double *truth;    /* NULL when nothing is planted */
    uint64_t missing; /* a word below this makes a cell missing; 2^32: all */
};

/* ---- the base --------------------------------------------------------------------------- */

static void built_in_base(const eae_synth *s, double *mean, double *sd)
{
    eae_random r;
    eae_random_start(&r, s->options.seed, EAE_RANDOM_SYNTH_BASE, BASE_FEATURE);
    for (int64_t j = 0; j < s->cols; j++) {
        double u = eae_random_unit(&r), v = eae_random_unit(&r);
        mean[j] = 2 + 12 * u * u;
        sd[j] = 0.2 + 0.8 * v * v;
    }
}

/* Mean and sd of each column by Welford's update, rows in order. */
static void measure_base(const eae_frame *f, int64_t *count, double *mean, double *sd)
{
    int64_t p = f->cols.count;
    for (int64_t i = 0; i < f->rows.count; i++) {
        for (int64_t j = 0; j < p; j++) {
            double x = eae_frame_value(f, i, j);
            if (isnan(x))
                continue;
            double d = x - mean[j];
            mean[j] += d / (double)++count[j];
            sd[j] += d * (x - mean[j]);
        }
    }
    for (int64_t j = 0; j < p; j++)
        sd[j] = count[j] > 1 ? sqrt(sd[j] / (double)(count[j] - 1)) : 0;
}

static int check_base(const eae_frame *base, const int64_t *count, const double *mean,
                      const double *sd)
{
    for (int64_t j = 0; j < base->cols.count; j++) {
        bool present = count[j] > 0;
        if (present && isfinite(mean[j]) && isfinite(sd[j]))
            continue;
        char *name = base->cols.names.count > 0
                         ? eae_sprintf("'%s'", eae_name(&base->cols.names, j))
                         : eae_sprintf("%lld", (long long)j + 1);
        int status = eae_fail("feature %s of the base has no %s", name,
                              present ? "finite mean and standard deviation" : "value");
        free(name);
        return status;
    }
    return EAE_OK;
}

static int given_base(eae_synth *s, const eae_frame *base, double *mean, double *sd)
{
    int64_t *count = EAE_NEW_ARRAY(int64_t, s->cols);
    measure_base(base, count, mean, sd);
    int status = check_base(base, count, mean, sd);
    if (base->cols.names.count > 0)
        eae_names_copy(&s->names, &base->cols.names);
    free(count);
    return status;
}

/* ---- planted features ------------------------------------------------------------------- */

/* The first `planted` of a shuffled list of all features (Fisher-Yates, from the front), each up
 * or down by a fair coin. */
static void plant(eae_synth *s)
{
    if (s->options.planted == 0)
        return;
    s->truth = EAE_NEW_ARRAY(double, s->cols);
    int64_t *column = eae_malloc((size_t)s->cols, sizeof *column);
    for (int64_t j = 0; j < s->cols; j++)
        column[j] = j;
    eae_random r;
    eae_random_start(&r, s->options.seed, EAE_RANDOM_SYNTH_BASE, BASE_PLANTED);
    for (int64_t k = 0; k < s->options.planted; k++) {
        int64_t other = k + (int64_t)eae_random_below(&r, (uint64_t)(s->cols - k));
        int64_t chosen = column[other];
        column[other] = column[k];
        s->truth[chosen] = eae_random_u32(&r) & 1 ? s->options.effect : -s->options.effect;
    }
    free(column);
}

static void set_levels(eae_synth *s, const double *mean, const double *sd)
{
    for (int c = 0; c < 2; c++)
        s->centre[c] = eae_malloc((size_t)s->cols, sizeof(float));
    s->scale = eae_malloc((size_t)s->cols, sizeof(float));
    for (int64_t j = 0; j < s->cols; j++) {
        double half = s->truth ? s->truth[j] / 2 * sd[j] : 0;
        s->centre[0][j] = (float)(mean[j] - half);
        s->centre[1][j] = (float)(mean[j] + half);
        s->scale[j] = (float)(sd[j] * s->options.noise);
    }
}

int eae_synth_new(eae_synth **made, const eae_synth_options *options)
{
    const eae_frame *base = options->base;
    eae_synth *s = EAE_NEW(eae_synth);
    int status = EAE_OK;
    s->options = *options;
    s->options.base = NULL;
    s->cols = base ? base->cols.count : options->cols;
    s->missing = (uint64_t)(options->missing * 0x1p32);
    double *mean = EAE_NEW_ARRAY(double, s->cols), *sd = EAE_NEW_ARRAY(double, s->cols);
    if (options->planted > s->cols)
        status = eae_fail("%lld informative features of %lld", (long long)options->planted,
                          (long long)s->cols);
    else if (base)
        status = given_base(s, base, mean, sd);
    else
        built_in_base(s, mean, sd);
    if (status == EAE_OK) {
        plant(s);
        set_levels(s, mean, sd);
        *made = s;
    } else {
        eae_synth_free(s);
    }
    free(mean);
    free(sd);
    return status;
}

void eae_synth_free(eae_synth *s)
{
    if (!s)
        return;
    eae_names_free(&s->names);
    free(s->centre[0]);
    free(s->centre[1]);
    free(s->scale);
    free(s->truth);
    free(s);
}

int64_t eae_synth_cols(const eae_synth *s)
{
    return s->cols;
}

/* ---- the axes --------------------------------------------------------------------------- */

static void number_names(eae_names *names, char letter, int64_t first, int64_t n)
{
    char text[24] = {letter};
    for (int64_t i = 0; i < n; i++) {
        /* by hand: a hundred million of these must not go through printf */
        char digits[24];
        int count = 0;
        for (int64_t v = first + i + 1; v > 0; v /= 10)
            digits[count++] = (char)('0' + v % 10);
        for (int d = 0; d < count; d++)
            text[1 + d] = digits[count - 1 - d];
        eae_names_add(names, text, (size_t)count + 1);
    }
}

/* A fair coin for each row of the whole. */
static int class_of(const eae_synth *s, int64_t row)
{
    eae_random r;
    eae_random_start(&r, s->options.seed, EAE_RANDOM_SYNTH_LABEL, (uint64_t)row);
    return (int)(eae_random_u32(&r) >> 31);
}

eae_frame *eae_synth_head(const eae_synth *s)
{
    eae_frame *f = EAE_NEW(eae_frame);
    f->kind = EAE_KIND_DATA;
    f->type = EAE_F32;
    f->rows.count = s->options.to - s->options.from;
    f->cols.count = s->cols;
    number_names(&f->rows.names, 's', s->options.from, f->rows.count);
    if (s->names.count > 0)
        eae_names_copy(&f->cols.names, &s->names);
    else
        number_names(&f->cols.names, 'f', 0, s->cols);
    eae_annot *label = eae_axis_add(&f->rows, "label", EAE_ANNOT_TEXT);
    eae_names_add(&label->dict, "control", 7);
    eae_names_add(&label->dict, "case", 4);
    for (int64_t i = 0; i < f->rows.count; i++)
        label->code[i] = class_of(s, s->options.from + i);
    if (s->truth) {
        eae_annot *truth = eae_axis_add(&f->cols, "truth", EAE_ANNOT_F64);
        memcpy(truth->f64, s->truth, (size_t)s->cols * sizeof *s->truth);
    }
    return f;
}

/* ---- rows ------------------------------------------------------------------------------- */

enum { TILE = 4096 }; /* columns made at a time: the words stay in the cache */

typedef struct {
    const eae_synth *synth;
    int64_t first;
    float *values;
} row_task;

static void hide_cells(const eae_synth *s, int64_t row, int64_t column, size_t n, float *x)
{
    uint32_t word[TILE];
    eae_random_words(s->options.seed, EAE_RANDOM_SYNTH_OTHER, (uint64_t)row, (uint64_t)column, n,
                     word);
    for (size_t j = 0; j < n; j++)
        x[j] = word[j] < s->missing ? NAN : x[j];
}

static int make_row(void *context, int64_t task, int worker)
{
    (void)worker;
    const row_task *t = context;
    const eae_synth *s = t->synth;
    int64_t row = t->first + task;
    const float *centre = s->centre[class_of(s, row)];
    for (int64_t column = 0; column < s->cols; column += TILE) {
        float *x = t->values + task * s->cols + column;
        size_t n = s->cols - column < TILE ? (size_t)(s->cols - column) : TILE;
        eae_normals(s->options.seed, EAE_RANDOM_SYNTH_VALUE, (uint64_t)row, (uint64_t)column, n, x);
        for (size_t j = 0; j < n; j++)
            x[j] = centre[(size_t)column + j] + s->scale[(size_t)column + j] * x[j];
        if (s->missing > 0)
            hide_cells(s, row, column, n, x);
    }
    return EAE_OK;
}

int eae_synth_rows(const eae_synth *s, int64_t first, int64_t n, int threads, float *values)
{
    row_task t = {s, first, values};
    return eae_parallel(threads, n, make_row, &t);
}
