/*
 * figure_curve.c - ROC and precision-recall curves from their points.
 *
 * A repeat of a cross-validation gives one curve of all its held-out values. With several repeats
 * the mean over them is drawn at each place of the x axis, and the range as a band: repeats use the
 * same samples, so that their spread says how much the split matters, and is no interval for new
 * samples. A ROC curve is a polyline (equal values give slopes). Precision is drawn as the steps
 * whose area is the average precision: up to a recall it is the precision at the highest threshold
 * that reaches it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot/figure.h"

typedef struct {
    double x, y;
} point;

typedef struct {
    point *p; /* by rising x, of one repeat */
    int64_t n, room;
    double area;
} curve;

typedef struct {
    bool precision;
    double *x, *y; /* by row of the table */
    const char **repeat;
    const eae_tidy_groups *groups;
    int64_t rows;
} points;

static int by_x(const void *a, const void *b)
{
    const point *p = a, *q = b;
    return (p->x > q->x) - (p->x < q->x);
}

/* ROC: x never falls along the rows. PR: of equal recalls the first counts. */
static void finish(curve *c, bool precision)
{
    if (precision) {
        int64_t n = 0;
        for (int64_t i = 0; i < c->n; i++) {
            bool again = i > 0 && c->p[i].x == c->p[i - 1].x;
            if (!again && c->p[i].x > 0)
                c->p[n++] = c->p[i];
        }
        c->n = n;
        double before = 0;
        for (int64_t i = 0; i < n; before = c->p[i++].x)
            c->area += (c->p[i].x - before) * c->p[i].y;
        return;
    }
    for (int64_t i = 1; i < c->n; i++)
        c->area += (c->p[i].x - c->p[i - 1].x) * (c->p[i].y + c->p[i - 1].y) / 2;
}

static void add_point(curve *c, double x, double y)
{
    if (c->n == c->room) {
        c->room = c->room ? 2 * c->room : 64;
        c->p = eae_realloc(c->p, (size_t)c->room, sizeof *c->p);
    }
    c->p[c->n++] = (point){x, y};
}

/* The curves of one group, a repeat each. */
static int take_curves(const points *in, int group, curve **curves)
{
    int n = 0;
    const char *before = NULL;
    *curves = NULL;
    for (int64_t i = 0; i < in->rows; i++) {
        if (in->groups->of_row[i] != group)
            continue;
        if (!before || strcmp(before, in->repeat[i]) != 0) {
            *curves = eae_realloc(*curves, (size_t)n + 1, sizeof **curves);
            (*curves)[n++] = (curve){0};
            before = in->repeat[i];
        }
        add_point(&(*curves)[n - 1], in->x[i], in->y[i]);
    }
    for (int k = 0; k < n; k++)
        finish(&(*curves)[k], in->precision);
    return n;
}

/* ---- the mean ---------------------------------------------------------------------------- */

/* The first point that is not left of x; n where all are. */
static int64_t first_at(const curve *c, double x)
{
    int64_t low = 0, high = c->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (c->p[middle].x < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The heights of a ROC curve at x: where it arrives, and where it leaves. */
static void roc_at(const curve *c, double x, double *arrives, double *leaves)
{
    int64_t i = first_at(c, x), last;
    for (last = i; last < c->n && c->p[last].x == x; last++)
        continue;
    if (last > i) {
        *arrives = c->p[i].y;
        *leaves = c->p[last - 1].y;
    } else if (i == 0 || i == c->n) {
        *arrives = *leaves = c->n ? c->p[i == 0 ? 0 : c->n - 1].y : NAN;
    } else {
        const point *a = &c->p[i - 1], *b = &c->p[i];
        *arrives = *leaves = a->y + (b->y - a->y) * (x - a->x) / (b->x - a->x);
    }
}

static double precision_at(const curve *c, double x)
{
    int64_t i = first_at(c, x);
    return c->n ? c->p[i < c->n ? i : c->n - 1].y : NAN;
}

static void put(eae_script *s, double x, const double *y, int n)
{
    double low = y[0], high = y[0], sum = 0;
    for (int k = 0; k < n; k++) {
        low = fmin(low, y[k]);
        high = fmax(high, y[k]);
        sum += y[k];
    }
    eae_script_cell(s, x);
    eae_script_cell(s, n == 1 ? y[0] : sum / n);
    eae_script_cell(s, low);
    eae_script_cell(s, high);
    eae_script_line(s);
}

/* All places where some curve has a point; the caller frees. */
static double *places(const curve *c, int n, int64_t *count)
{
    int64_t total = 0, kept = 0;
    for (int k = 0; k < n; k++)
        total += c[k].n;
    double *x = eae_malloc((size_t)total, sizeof *x);
    point *all = eae_malloc((size_t)total, sizeof *all);
    total = 0;
    for (int k = 0; k < n; k++) {
        for (int64_t i = 0; i < c[k].n; i++)
            all[total++] = c[k].p[i];
    }
    qsort(all, (size_t)total, sizeof *all, by_x);
    for (int64_t i = 0; i < total; i++) {
        if (kept == 0 || x[kept - 1] != all[i].x)
            x[kept++] = all[i].x;
    }
    free(all);
    *count = kept;
    return x;
}

static void write_mean(eae_script *s, const curve *c, int n, bool precision)
{
    int64_t count;
    double *x = places(c, n, &count), *a = eae_malloc((size_t)n, sizeof *a);
    double *b = eae_malloc((size_t)n, sizeof *b);
    for (int64_t i = 0; i < count; i++) {
        bool jump = false;
        for (int k = 0; k < n; k++) {
            if (precision)
                a[k] = b[k] = precision_at(&c[k], x[i]);
            else
                roc_at(&c[k], x[i], &a[k], &b[k]);
            jump = jump || a[k] != b[k];
        }
        if (precision)
            put(s, i > 0 ? x[i - 1] : 0, a, n);
        put(s, x[i], a, n);
        if (jump)
            put(s, x[i], b, n);
    }
    free(x);
    free(a);
    free(b);
}

/* ---- the figure -------------------------------------------------------------------------- */

static void add_label(eae_names *labels, const char *label, const char *measure, double area)
{
    char *name = eae_short_text(label, 30);
    char *text = eae_sprintf("%s%s%s %.3f", name, *name ? ": " : "", measure, area);
    eae_names_add(labels, text, strlen(text));
    free(text);
    free(name);
}

static void write_series(const points *in, int shown, eae_figure *f, int *most_repeats)
{
    eae_names labels = {0};
    double *area = EAE_NEW_ARRAY(double, shown);
    eae_script_block(&f->script, "curve");
    for (int g = 0; g < shown; g++) {
        curve *c;
        int n = take_curves(in, g, &c);
        write_mean(&f->script, c, n, in->precision);
        eae_script_part(&f->script);
        for (int k = 0; k < n; k++) {
            area[g] += c[k].area / n;
            free(c[k].p);
        }
        free(c);
        *most_repeats = n > *most_repeats ? n : *most_repeats;
        add_label(&labels, eae_name(&in->groups->label, g), in->precision ? "AP" : "AUC", area[g]);
    }
    eae_script_block_end(&f->script);
    eae_script_names(&f->script, "label", &labels);
    eae_script_numbers(&f->script, "area", area, shown);
    eae_names_free(&labels);
    free(area);
}

/* The share of positives: the precision at which all are called. */
static double prevalence(const points *in)
{
    double share = NAN;
    for (int64_t i = 0; i < in->rows; i++) {
        if (in->groups->of_row[i] == 0 && in->x[i] == 1)
            share = in->y[i];
    }
    return share;
}

static void describe(eae_figure *f, bool precision, int repeats)
{
    eae_buffer_puts(&f->caption, precision ? "Precision against recall of held-out samples; "
                                             "AP is the average precision. "
                                           : "True positive rate against false positive rate of "
                                             "held-out samples; AUC is the area under the curve, "
                                             "0.5 by chance. ");
    if (repeats > 1)
        eae_buffer_printf(&f->caption,
                          "Line: mean of %d repeats of the cross-validation; band: their range, "
                          "which is not an interval for new samples. ",
                          repeats);
    if (precision)
        eae_buffer_puts(&f->caption, "Dashed: the share of positive samples, which is what chance "
                                     "gives. ");
}

static int check_range(const eae_tidy *t, const double *value, int column)
{
    for (int64_t i = 0; i < t->rows; i++) {
        if (!isnan(value[i]) && !(value[i] >= 0 && value[i] <= 1))
            return eae_tidy_fail(t, i, column, "not between 0 and 1: %s",
                                 eae_tidy_text(t, i, column));
    }
    return EAE_OK;
}

/* Rows without a rate: precision where nothing is called. */
static int keep_known(eae_tidy *t, const int *at)
{
    bool *keep = eae_malloc((size_t)t->rows, sizeof *keep);
    int status = EAE_OK;
    for (int64_t i = 0; i < t->rows && status == EAE_OK; i++) {
        double x, y = NAN;
        status = eae_tidy_number(t, i, at[0], &x);
        if (status == EAE_OK)
            status = eae_tidy_number(t, i, at[1], &y);
        keep[i] = status == EAE_OK && !isnan(x) && !isnan(y);
    }
    if (status == EAE_OK)
        eae_tidy_filter(t, keep);
    free(keep);
    if (status == EAE_OK && t->rows == 0)
        status = eae_fail("%s: nothing to draw: no line has both %s and %s", eae_tidy_name(t),
                          eae_name(&t->header, at[0]), eae_name(&t->header, at[1]));
    return status;
}

static int make(eae_tidy *t, eae_figure *f, bool precision)
{
    static const char *const roc[] = {"fpr", "tpr", NULL}, *const pr[] = {"tpr", "ppv", NULL};
    static const char *const key[] = {"model", "spec", "param", "size", "class"};
    points in = {.precision = precision};
    eae_tidy_groups groups = {0};
    int at[2], repeats = 0;
    int status = eae_tidy_need(t, precision ? pr : roc,
                               precision ? "eae-score --curve pr" : "eae-score --curve roc", at);
    if (status == EAE_OK)
        status = keep_known(t, at);
    if (status == EAE_OK)
        status = eae_tidy_numbers(t, at[0], &in.x);
    if (status == EAE_OK)
        status = eae_tidy_numbers(t, at[1], &in.y);
    if (status == EAE_OK)
        status = check_range(t, in.x, at[0]);
    if (status == EAE_OK)
        status = check_range(t, in.y, at[1]);
    if (status == EAE_OK) {
        int repeat = eae_tidy_find(t, "repeat");
        eae_tidy_group(t, key, 5, &groups);
        in.groups = &groups;
        in.rows = t->rows;
        in.repeat = eae_malloc((size_t)t->rows, sizeof *in.repeat);
        for (int64_t i = 0; i < t->rows; i++)
            in.repeat[i] = repeat < 0 ? "" : eae_tidy_text(t, i, repeat);
        int shown = eae_figure_limit(f, groups.count, EAE_SERIES_MAX, "curves");
        write_series(&in, shown, f, &repeats);
        eae_script_number(&f->script, "repeats", repeats);
        if (precision)
            eae_script_number(&f->script, "prevalence", prevalence(&in));
        describe(f, precision, repeats);
        f->height = precision ? 3.3 + 0.14 * shown : f->height;
    }
    free((void *)in.repeat);
    free(in.x);
    free(in.y);
    eae_tidy_groups_free(&groups);
    return status;
}

int eae_figure_roc(eae_tidy *t, const eae_figure_options *o, eae_figure *f)
{
    (void)o;
    eae_figure_init(f, "roc", 3.5, 3.4);
    return make(t, f, false);
}

int eae_figure_pr(eae_tidy *t, const eae_figure_options *o, eae_figure *f)
{
    (void)o;
    eae_figure_init(f, "pr", 3.5, 3.4);
    return make(t, f, true);
}
