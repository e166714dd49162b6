/*
 * figure_size.c - a figure against the number of features: performance with its interval from a
 * summary, or agreement of the selected features from a table of stability.
 *
 * What was chosen inside the splits (size `selected`) has no place on the axis; it is drawn to the
 * right of it, as the one honest figure of the whole procedure. Where a line has no interval none
 * is drawn.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "eval/score/metric.h"
#include "plot/figure.h"

enum { METRIC, SIZE, VALUE, LOW, HIGH, POOLED, COLUMNS };

typedef struct {
    eae_tidy *t;
    int at[COLUMNS];
    double *column[COLUMNS]; /* by row; VALUE .. */
    double *size;            /* NaN: selected */
    eae_tidy_groups groups;
} sizes;

static int read_sizes(sizes *s)
{
    bool any = false;
    s->size = eae_malloc((size_t)s->t->rows, sizeof *s->size);
    for (int64_t i = 0; i < s->t->rows; i++) {
        const char *text = eae_tidy_text(s->t, i, s->at[SIZE]);
        if (strcmp(text, "selected") == 0 || strcmp(text, "NA") == 0)
            s->size[i] = NAN;
        else if (!eae_parse_double(text, strlen(text), &s->size[i]) ||
                 !(s->size[i] >= 0 && s->size[i] < 1e15))
            return eae_tidy_fail(s->t, i, s->at[SIZE], "not a number of features: '%.40s'", text);
        any = any || s->size[i] > 0;
    }
    if (!any)
        return eae_fail("%s: nothing to draw: no line has a number of features; was it made from "
                        "eae-rfe?",
                        eae_tidy_name(s->t));
    return EAE_OK;
}

/* The figure of a line is its mean, or the pooled one where there is none (leave-one-out). */
static int read_values(sizes *s, eae_figure *f)
{
    int status = EAE_OK;
    int64_t infinite = 0;
    for (int c = VALUE; c < COLUMNS && status == EAE_OK; c++) {
        if (s->at[c] >= 0)
            status = eae_tidy_numbers(s->t, s->at[c], &s->column[c]);
    }
    for (int64_t i = 0; i < s->t->rows && status == EAE_OK; i++) {
        if (s->column[POOLED] && isnan(s->column[VALUE][i]))
            s->column[VALUE][i] = s->column[POOLED][i];
        infinite += isinf(s->column[VALUE][i]) != 0;
        for (int c = VALUE; c <= HIGH; c++) {
            if (isinf(s->column[c][i]))
                s->column[c][i] = NAN;
        }
    }
    eae_figure_left_out(f, infinite);
    return status;
}

/* Rows of a group by size. */
static int64_t *rows_of(const sizes *s, int group, bool selected, int64_t *n)
{
    int64_t *row = eae_malloc((size_t)s->t->rows, sizeof *row);
    *n = 0;
    for (int64_t i = 0; i < s->t->rows; i++) {
        if (s->groups.of_row[i] != group || isnan(s->size[i]) != selected ||
            isnan(s->column[VALUE][i]) || s->size[i] == 0)
            continue;
        int64_t k = (*n)++;
        while (k > 0 && s->size[row[k - 1]] > s->size[i]) {
            row[k] = row[k - 1];
            k--;
        }
        row[k] = i;
    }
    return row;
}

static void write_row(const sizes *s, eae_script *out, int64_t i, double x)
{
    eae_script_cell(out, x);
    eae_script_cell(out, s->column[VALUE][i]);
    eae_script_cell(out, s->column[LOW][i]);
    eae_script_cell(out, s->column[HIGH][i]);
    eae_script_line(out);
}

static void write_block(const sizes *s, eae_figure *f, const char *name, int shown, bool selected)
{
    int64_t n, written = 0;
    eae_script_block(&f->script, name);
    for (int g = 0; g < shown; g++) {
        int64_t *row = rows_of(s, g, selected, &n);
        for (int64_t k = 0; k < n; k++)
            write_row(s, &f->script, row[k], selected ? g : s->size[row[k]]);
        if (n == 0) { /* gnuplot counts parts by what is in them */
            eae_script_cell(&f->script, NAN);
            eae_script_line(&f->script);
        }
        written += n;
        eae_script_part(&f->script);
        free(row);
    }
    eae_script_block_end(&f->script);
    char *count = eae_sprintf("%s_n", name);
    eae_script_number(&f->script, count, (double)written);
    free(count);
}

static void write_range(const sizes *s, const char *metric, double chance, int shown, eae_figure *f)
{
    double least = INFINITY, most = 0, low = INFINITY, high = -INFINITY, points = 0;
    for (int64_t i = 0; i < s->t->rows; i++) {
        if (s->groups.of_row[i] >= shown || isnan(s->column[VALUE][i]))
            continue;
        if (s->size[i] > 0) {
            least = fmin(least, s->size[i]);
            most = fmax(most, s->size[i]);
            points++;
        }
        low = fmin(low, fmin(s->column[VALUE][i], s->column[LOW][i]));
        high = fmax(high, fmax(s->column[VALUE][i], s->column[HIGH][i]));
    }
    eae_figure_range(f, metric, chance, low, high);
    eae_script_number(&f->script, "marks_every", ceil(points / shown / 15));
    eae_script_number(&f->script, "size_least", least);
    eae_script_number(&f->script, "size_most", most);
}

static int make(sizes *s, const eae_figure_options *o, bool agreement, eae_figure *f, char **metric)
{
    static const char *const key[] = {"model", "spec", "param"};
    int status = eae_figure_metric(s->t, s->at[METRIC], o->metric, metric);
    if (status == EAE_OK)
        status = read_sizes(s);
    if (status == EAE_OK)
        status = read_values(s, f);
    if (status != EAE_OK)
        return status;
    eae_tidy_group(s->t, key, 3, &s->groups);
    int shown = eae_figure_limit(f, s->groups.count, EAE_SERIES_MAX, "curves");
    eae_figure_labels(f, "label", &s->groups.label, shown, EAE_LABEL_MOST);
    write_block(s, f, "size", shown, false);
    write_block(s, f, "selected", shown, true);
    const eae_metric *known = eae_metric_find(*metric);
    double chance = agreement
                        ? (strcmp(*metric, "nogueira") && strcmp(*metric, "kuncheva") ? NAN : 0)
                    : known ? known->chance
                            : NAN;
    write_range(s, *metric, chance, shown, f);
    f->height += shown > 1 ? 0.15 * shown : 0;
    eae_script_text(&f->script, "metric", eae_metric_title(*metric));
    return EAE_OK;
}

static void release(sizes *s, char *metric)
{
    for (int c = 0; c < COLUMNS; c++)
        free(s->column[c]);
    free(s->size);
    eae_tidy_groups_free(&s->groups);
    free(metric);
}

int eae_figure_size(eae_tidy *t, const eae_figure_options *o, eae_figure *f)
{
    static const char *const column[] = {"metric", "size", "mean", "lo", "hi", NULL};
    sizes s = {.t = t};
    char *metric = NULL;
    eae_figure_init(f, "size", 3.5, 2.8);
    int status = eae_tidy_need(t, column, "eae-score --summary, or --curve size", s.at);
    s.at[POOLED] = eae_tidy_find(t, "pooled");
    if (status == EAE_OK)
        status = make(&s, o, false, f, &metric);
    if (status == EAE_OK) {
        eae_buffer_printf(&f->caption,
                          "%s of held-out samples against the number of features, elimination "
                          "inside every split. Line: mean over the splits; band: 95%% interval "
                          "that knows that splits share samples (Nadeau and Bengio). The best of "
                          "many sizes is optimistic; what was chosen inside the splits stands at "
                          "the right, where there is one. ",
                          eae_metric_title(metric));
    }
    release(&s, metric);
    return status;
}

int eae_figure_stability(eae_tidy *t, const eae_figure_options *o, eae_figure *f)
{
    static const char *const column[] = {"metric", "size", "value", "lo", "hi", NULL};
    sizes s = {.t = t, .at = {[POOLED] = -1}};
    char *metric = NULL;
    eae_figure_options with = *o;
    if (!with.metric)
        with.metric = "nogueira";
    eae_figure_init(f, "stability", 3.5, 2.8);
    int status = eae_tidy_need(t, column, "eae-score --stability", s.at);
    if (status == EAE_OK)
        status = make(&s, &with, true, f, &metric);
    if (status == EAE_OK) {
        bool nogueira = strcmp(metric, "nogueira") == 0 || strcmp(metric, "kuncheva") == 0;
        eae_buffer_printf(&f->caption,
                          "How far the splits agree in the features that they select. %s against "
                          "the number of features%s. ",
                          eae_metric_title(metric),
                          nogueira ? "; 0 is what chance gives, 1 is always the same. Band: 95% "
                                     "interval"
                                   : "");
    }
    release(&s, metric);
    return status;
}
