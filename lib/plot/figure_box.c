/*
 * figure_box.c - a metric over the splits, a box for each candidate.
 *
 * Box: quartiles (linear between order statistics, R's type 7) and median; whiskers to the farthest
 * value within 1.5 interquartile ranges of the box (Tukey); each split is a point. Points of equal
 * height stand side by side, in an order that depends on the values alone.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/score/metric.h"
#include "plot/figure.h"

enum { NAME_MOST = 28 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int64_t n, double q)
{
    double at = q * (double)(n - 1), low = floor(at);
    int64_t i = (int64_t)low, next = i + 1 < n ? i + 1 : i;
    return sorted[i] + (at - low) * (sorted[next] - sorted[i]);
}

static void write_box(eae_script *s, int place, const double *v, int64_t n)
{
    double q1 = quantile(v, n, 0.25), q3 = quantile(v, n, 0.75), reach = 1.5 * (q3 - q1), sum = 0;
    double low = q1, high = q3;
    for (int64_t i = 0; i < n; i++) {
        sum += v[i];
        if (v[i] >= q1 - reach)
            low = fmin(low, v[i]);
        if (v[i] <= q3 + reach)
            high = fmax(high, v[i]);
    }
    const double cell[] = {place,           low,      q1, quantile(v, n, 0.5), q3, high,
                           sum / (double)n, (double)n};
    for (size_t c = 0; c < sizeof cell / sizeof *cell; c++)
        eae_script_cell(s, cell[c]);
    eae_script_line(s);
}

/* Beside one another where values are nearer than a fiftieth of the range: offsets 0, 1, -1, ... */
static void write_points(eae_script *s, int place, const double *v, int64_t n, double range)
{
    int64_t most = 1, run = 0;
    double *offset = eae_malloc((size_t)n, sizeof *offset), start = NAN;
    for (int64_t i = 0; i < n; i++) {
        bool near = v[i] - start <= range / 50;
        run = near ? run + 1 : 0;
        start = near ? start : v[i];
        offset[i] = (double)(run % 2 ? (run + 1) / 2 : -(run / 2));
        most = run + 1 > most ? run + 1 : most;
    }
    double step = fmin(0.08, 0.6 / (double)most);
    for (int64_t i = 0; i < n; i++) {
        eae_script_cell(s, place);
        eae_script_cell(s, v[i]);
        eae_script_cell(s, offset[i] * step);
        eae_script_line(s);
    }
    free(offset);
}

typedef struct {
    double **value; /* by group, sorted, without NaN */
    int64_t *n;
    int count;
    double low, high;
    int64_t infinite;
} groups_values;

static int take_values(const eae_tidy *t, int column, const eae_tidy_groups *g, int shown,
                       groups_values *out)
{
    *out = (groups_values){.value = EAE_NEW_ARRAY(double *, shown),
                           .n = EAE_NEW_ARRAY(int64_t, shown),
                           .count = shown,
                           .low = INFINITY,
                           .high = -INFINITY};
    for (int i = 0; i < shown; i++)
        out->value[i] = eae_malloc((size_t)t->rows, sizeof **out->value);
    for (int64_t i = 0; i < t->rows; i++) {
        double x;
        int status = eae_tidy_number(t, i, column, &x), of = g->of_row[i];
        if (status != EAE_OK)
            return status;
        if (of >= shown || isnan(x))
            continue;
        if (isinf(x)) {
            out->infinite++;
            continue;
        }
        out->value[of][out->n[of]++] = x;
        out->low = fmin(out->low, x);
        out->high = fmax(out->high, x);
    }
    for (int i = 0; i < shown; i++)
        qsort(out->value[i], (size_t)out->n[i], sizeof(double), ascending);
    return out->high >= out->low
               ? EAE_OK
               : eae_fail("%s: nothing to draw: no value is finite", eae_tidy_name(t));
}

static void write_values(const groups_values *v, eae_figure *f)
{
    eae_script_block(&f->script, "box");
    for (int i = 0; i < v->count; i++) {
        if (v->n[i] > 0)
            write_box(&f->script, i + 1, v->value[i], v->n[i]);
    }
    eae_script_block_end(&f->script);
    eae_script_block(&f->script, "split");
    for (int i = 0; i < v->count; i++)
        write_points(&f->script, i + 1, v->value[i], v->n[i], v->high - v->low);
    eae_script_block_end(&f->script);
}

static void release(groups_values *v)
{
    for (int i = 0; i < v->count; i++)
        free(v->value[i]);
    free(v->value);
    free(v->n);
}

static int make(eae_tidy *t, const int *at, const char *metric, eae_figure *f)
{
    static const char *const key[] = {"model", "spec", "param", "size"};
    const eae_metric *known = eae_metric_find(metric);
    eae_tidy_groups g;
    groups_values v;
    eae_tidy_group(t, key, 4, &g);
    int shown = eae_figure_limit(f, g.count, EAE_BOXES_MAX, "candidates");
    int status = take_values(t, at[1], &g, shown, &v);
    if (status == EAE_OK) {
        eae_figure_labels(f, "label", &g.label, shown, NAME_MOST);
        write_values(&v, f);
        eae_figure_left_out(f, v.infinite);
        eae_script_text(&f->script, "metric", eae_metric_title(metric));
        eae_figure_range(f, metric, known ? known->chance : NAN, v.low, v.high);
        f->height = 1.0 + 0.3 * (shown < 3 ? 3 : shown);
        f->lines = 10 + 2 * (shown < 3 ? 3 : shown);
        eae_buffer_printf(
            &f->caption,
            "%s of the held-out samples of each split (points). Box: quartiles and "
            "median; whiskers: values within 1.5 interquartile ranges; diamond: mean. "
            "Splits share samples, so that this spread is no interval for the mean. ",
            eae_metric_title(metric));
    }
    release(&v);
    eae_tidy_groups_free(&g);
    return status;
}

int eae_figure_box(eae_tidy *t, const eae_figure_options *o, eae_figure *f)
{
    static const char *const column[] = {"metric", "value", "split", NULL};
    int at[3];
    char *metric = NULL;
    eae_figure_init(f, "box", 3.5, 2.5);
    int status = eae_tidy_need(t, column, "eae-score (without --summary)", at);
    if (status == EAE_OK)
        status = eae_figure_metric(t, at[0], o->metric, &metric);
    if (status == EAE_OK)
        status = make(t, at, metric, f);
    free(metric);
    return status;
}
