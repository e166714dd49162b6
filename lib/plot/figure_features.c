/*
 * figure_features.c - a univariate table as a volcano; the sets of an enrichment as dots.
 *
 * A p-value of 0 is drawn at the smallest number that a double holds. Names stand beside their
 * points, the smallest p-values first, on the side where there is room; one that would lie on
 * another name is left out.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot/figure.h"

enum { VOLCANO_NAMES = 10, SETS = 15, THIN_ABOVE = 20000, GRID = 500 };

static double minus_log10(double p)
{
    return p > 0 ? -log10(p) : 307.65;
}

/* Positions by rising key, of equal ones the earlier first; NaN last. */
typedef struct {
    double key, second;
    int64_t row;
} place;

static int in_order(const void *a, const void *b)
{
    const place *p = a, *q = b;
    if (isnan(p->key) || isnan(q->key))
        return isnan(p->key) != isnan(q->key) ? (isnan(p->key) ? 1 : -1)
                                              : (p->row > q->row) - (p->row < q->row);
    if (p->key != q->key)
        return p->key < q->key ? -1 : 1;
    if (p->second != q->second)
        return p->second > q->second ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

static int check_p(const eae_tidy *t, const double *p, int column)
{
    for (int64_t i = 0; i < t->rows; i++) {
        if (!isnan(p[i]) && !(p[i] >= 0 && p[i] <= 1))
            return eae_tidy_fail(t, i, column, "not a p-value: %s", eae_tidy_text(t, i, column));
    }
    return EAE_OK;
}

static int check_finite(const eae_tidy *t, const double *value, int column)
{
    for (int64_t i = 0; i < t->rows; i++) {
        if (isinf(value[i]))
            return eae_tidy_fail(t, i, column, "not finite: %s", eae_tidy_text(t, i, column));
    }
    return EAE_OK;
}

/* The first of these columns that is there: its number; *name is how it is called in a figure. */
static int corrected(const eae_tidy *t, const char **name)
{
    static const char *const column[][2] = {{"bh", "q (Benjamini-Hochberg)"},
                                            {"by", "q (Benjamini-Yekutieli)"},
                                            {"holm", "p (Holm)"},
                                            {"bonferroni", "p (Bonferroni)"},
                                            {"p", "p"}};
    for (size_t i = 0; i < sizeof column / sizeof *column; i++) {
        int at = eae_tidy_find(t, column[i][0]);
        *name = column[i][1];
        if (at >= 0)
            return at;
    }
    return -1;
}

/* ---- volcano ----------------------------------------------------------------------------- */

typedef struct {
    double *effect, *p, *q;
    double x_most, y_most;
} volcano;

/* How high the largest |effect| and the smallest p are, over what is drawn. */
static void measure(const eae_tidy *t, volcano *v)
{
    v->x_most = v->y_most = 0;
    for (int64_t i = 0; i < t->rows; i++) {
        if (!isfinite(v->effect[i]) || isnan(v->p[i]))
            continue;
        v->x_most = fmax(v->x_most, fabs(v->effect[i]));
        v->y_most = fmax(v->y_most, minus_log10(v->p[i]));
    }
    v->x_most = v->x_most > 0 ? fmin(v->x_most, 1e300) * 1.08 : 1;
    v->y_most = v->y_most > 0 ? v->y_most * 1.08 : 1;
}

/* Is there a point at that place of a fine grid already? */
static bool is_taken(uint8_t *grid, const volcano *v, int64_t i)
{
    double across = fmin(fmax(v->effect[i] / v->x_most, -1), 1);
    int64_t x = (int64_t)((across + 1) / 2 * (GRID - 1));
    int64_t y = (int64_t)(minus_log10(v->p[i]) / v->y_most * (GRID - 1)), at = y * GRID + x;
    bool taken = grid[at];
    grid[at] = 1;
    return taken;
}

/* side -1, 0, 1: found below, not found, found above 0. What is not found is thinned where there
 * are very many. */
static int64_t write_side(const eae_tidy *t, const volcano *v, double alpha, int side,
                          const char *name, eae_figure *f)
{
    uint8_t *grid = t->rows > THIN_ABOVE && side == 0 ? eae_calloc(GRID, GRID) : NULL;
    int64_t n = 0;
    eae_script_block(&f->script, name);
    for (int64_t i = 0; i < t->rows; i++) {
        if (!isfinite(v->effect[i]) || isnan(v->p[i]))
            continue;
        bool found = v->q[i] <= alpha;
        int of = !found ? 0 : (v->effect[i] > 0) - (v->effect[i] < 0);
        if (of != side || (grid && is_taken(grid, v, i)))
            continue;
        eae_script_cell(&f->script, v->effect[i]);
        eae_script_cell(&f->script, minus_log10(v->p[i]));
        eae_script_line(&f->script);
        n++;
    }
    eae_script_block_end(&f->script);
    free(grid);
    return n;
}

/* The part of the figure that a name takes, in widths and heights of the frame. */
typedef struct {
    double left, right, low, high;
} box;

static bool overlaps(const box *a, const box *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (a->left < b[i].right && b[i].left < a->right && a->low < b[i].high &&
            b[i].low < a->high)
            return true;
    }
    return false;
}

/* A letter of the names and half a line, in widths and heights of the frame: names are set at 0.8
 * of the text (style.gp), and axes and their titles take 0.8 inches away. */
typedef struct {
    double letter, half;
} letters;

static letters measure_letters(const eae_figure_options *o, const eae_figure *f)
{
    double width = o->width > 1 ? o->width : f->width,
           height = o->height > 1 ? o->height : f->height;
    double text = o->text > 0 ? o->text : width >= 8 ? 16 : 8, inch = 0.8 * text / 72;
    return (letters){0.65 * inch / fmax(width - 0.8, 0.5), 0.65 * inch / fmax(height - 0.8, 0.5)};
}

static bool place_name(double x, double y, int characters, letters size, const box *taken,
                       int64_t n, box *at, double *side)
{
    double width = size.letter * (characters + 1), half = size.half;
    for (int k = 0; k < 2; k++) {
        *side = (x >= 0.5) == (k == 0) ? 1 : -1;
        *at = (box){*side > 0 ? x : x - width, *side > 0 ? x + width : x, y - half, y + half};
        if (at->left >= 0 && at->right <= 1 && at->high <= 1 && !overlaps(at, taken, n))
            return true;
    }
    return false;
}

static void write_names(const eae_tidy *t, const volcano *v, const eae_figure_options *o, int id,
                        eae_figure *f)
{
    int64_t most = o->top >= 0 ? o->top : VOLCANO_NAMES, n = 0;
    letters size = measure_letters(o, f);
    place *order = eae_malloc((size_t)t->rows, sizeof *order);
    box *taken = eae_malloc((size_t)most, sizeof *taken);
    double *column = eae_malloc((size_t)(3 * most), sizeof *column);
    eae_names names = {0};
    for (int64_t i = 0; i < t->rows; i++)
        order[i] = (place){v->p[i], fabs(v->effect[i]), i};
    qsort(order, (size_t)t->rows, sizeof *order, in_order);
    for (int64_t k = 0; k < t->rows && k < most; k++) {
        int64_t i = order[k].row;
        if (!(v->q[i] <= o->alpha) || !isfinite(v->effect[i]))
            continue;
        char *name = eae_short_text(eae_tidy_text(t, i, id), 18);
        double x = (v->effect[i] / v->x_most + 1) / 2, y = minus_log10(v->p[i]) / v->y_most;
        if (place_name(x, y, eae_text_width(name), size, taken, n, &taken[n],
                       &column[2 * most + n])) {
            column[n] = v->effect[i];
            column[most + n] = minus_log10(v->p[i]);
            eae_names_add(&names, name, strlen(name));
            n++;
        }
        free(name);
    }
    eae_script_names(&f->script, "name", &names);
    eae_script_numbers(&f->script, "name_x", column, n);
    eae_script_numbers(&f->script, "name_y", column + most, n);
    eae_script_numbers(&f->script, "name_side", column + 2 * most, n);
    eae_names_free(&names);
    free(column);
    free(taken);
    free(order);
}

static void write_volcano(const eae_tidy *t, const volcano *v, const eae_figure_options *o, int id,
                          const char *q_name, eae_figure *f)
{
    int64_t up = write_side(t, v, o->alpha, 1, "up", f);
    int64_t down = write_side(t, v, o->alpha, -1, "down", f);
    write_side(t, v, o->alpha, 0, "rest", f);
    /* the largest p-value that is found, for a line */
    double line = NAN;
    for (int64_t i = 0; i < t->rows; i++) {
        if (v->q[i] <= o->alpha && !isnan(v->p[i]))
            line = fmin(isnan(line) ? INFINITY : line, minus_log10(v->p[i]));
    }
    eae_script_number(&f->script, "up_n", (double)up);
    eae_script_number(&f->script, "down_n", (double)down);
    eae_script_number(&f->script, "found_line", line);
    eae_script_number(&f->script, "x_most", v->x_most);
    eae_script_number(&f->script, "y_most", v->y_most);
    eae_script_number(&f->script, "x_tic", eae_tic_step(2 * v->x_most, 6));
    eae_script_text(&f->script, "found", q_name);
    eae_script_number(&f->script, "alpha", o->alpha);
    write_names(t, v, o, id, f);
    eae_buffer_printf(&f->caption,
                      "Each feature by its effect and p-value (univariate). Coloured: %s at most "
                      "%g, %lld with a positive effect (higher in the positive class, or with the "
                      "outcome) and %lld with a negative one. ",
                      q_name, o->alpha, (long long)up, (long long)down);
}

int eae_figure_volcano(eae_tidy *t, const eae_figure_options *o, eae_figure *f)
{
    static const char *const column[] = {"effect", "p", NULL};
    int at[2], id = 0, q;
    const char *q_name;
    volcano v = {0};
    eae_figure_init(f, "volcano", 3.5, 3.0);
    int status = eae_tidy_need(t, column, "eae-train test --stat welch | eae-view -O tsv", at);
    if (status == EAE_OK && t->rows == 0)
        status = eae_fail("%s: nothing to draw: the table has no lines", eae_tidy_name(t));
    if (status != EAE_OK)
        return status;
    id = eae_tidy_find(t, "id") >= 0 ? eae_tidy_find(t, "id") : 0;
    q = corrected(t, &q_name);
    status = eae_tidy_numbers(t, at[0], &v.effect);
    if (status == EAE_OK)
        status = eae_tidy_numbers(t, at[1], &v.p);
    if (status == EAE_OK)
        status = eae_tidy_numbers(t, q, &v.q);
    if (status == EAE_OK)
        status = check_p(t, v.p, at[1]);
    if (status == EAE_OK) {
        measure(t, &v);
        write_volcano(t, &v, o, id, q_name, f);
    }
    free(v.effect);
    free(v.p);
    free(v.q);
    return status;
}

/* ---- enrichment -------------------------------------------------------------------------- */

enum { SET, SIZE, P, Q, X, DOT, HUE, SET_COLUMNS };

typedef struct {
    eae_tidy *t;
    bool gsea;
    int at[SET_COLUMNS];
    double *column[SET_COLUMNS];
    const char *q_name;
} sets;

/* One figure is about one model, or one list of many: the first, or what --only leaves. */
static void keep_first(eae_tidy *t, eae_figure *f)
{
    static const char *const key[] = {"model", "spec", "param", "size", "split", "list"};
    eae_tidy_groups g;
    eae_tidy_group(t, key, 6, &g);
    if (g.count > 1) {
        bool *keep = eae_malloc((size_t)t->rows, sizeof *keep);
        for (int64_t i = 0; i < t->rows; i++)
            keep[i] = g.of_row[i] == 0;
        eae_tidy_filter(t, keep);
        free(keep);
        eae_figure_limit(f, g.count, 1, eae_tidy_find(t, "list") < 0 ? "models" : "lists");
    }
    eae_tidy_groups_free(&g);
}

/* What stands on the axes: GSEA has a signed score, the other the p-value and the excess. */
static int find_columns(sets *s)
{
    static const char *const ora[] = {"set", "set_size", "p", NULL, NULL, "overlap", "expected"};
    static const char *const gsea[] = {"set", "set_size", "p", NULL, "nes", "set_size", NULL};
    const char *need[SET_COLUMNS + 1] = {NULL};
    int at[SET_COLUMNS], n = 0;
    s->gsea = eae_tidy_find(s->t, "nes") >= 0;
    for (int c = 0; c < SET_COLUMNS; c++) {
        const char *name = s->gsea ? gsea[c] : ora[c];
        if (name)
            need[n++] = name;
    }
    int status = eae_tidy_need(s->t, need, "eae-enrich", at);
    n = 0;
    for (int c = 0; c < SET_COLUMNS && status == EAE_OK; c++)
        s->at[c] = (s->gsea ? gsea[c] : ora[c]) ? at[n++] : -1;
    s->at[Q] = corrected(s->t, &s->q_name);
    return status;
}

static int read_sets(sets *s)
{
    int status = EAE_OK;
    if (s->t->rows == 0)
        return eae_fail("%s: nothing to draw: no set was found (eae-enrich --alpha 1 reports all)",
                        eae_tidy_name(s->t));
    for (int c = SIZE; c < SET_COLUMNS && status == EAE_OK; c++) {
        if (s->at[c] >= 0)
            status = eae_tidy_numbers(s->t, s->at[c], &s->column[c]);
    }
    if (status == EAE_OK)
        status = check_p(s->t, s->column[P], s->at[P]);
    if (status == EAE_OK)
        status = check_p(s->t, s->column[Q], s->at[Q]);
    for (int c = X; c < SET_COLUMNS && status == EAE_OK; c++)
        status = s->at[c] >= 0 ? check_finite(s->t, s->column[c], s->at[c]) : EAE_OK;
    return status;
}

/* "GO:0006955", "hsa04110": a name for machines. */
static bool is_accession(const char *name)
{
    size_t n = strlen(name), digits = 0;
    while (digits < n && name[n - 1 - digits] >= '0' && name[n - 1 - digits] <= '9')
        digits++;
    return digits >= 3 && digits < n && !strchr(name, ' ');
}

/* What people call the set. */
static const char *title_of(const sets *s, int64_t row)
{
    const char *name = eae_tidy_text(s->t, row, s->at[SET]);
    int at = eae_tidy_find(s->t, "description");
    const char *text = at >= 0 ? eae_tidy_text(s->t, row, at) : "";
    bool says = *text && strcmp(text, "NA") != 0 && !strstr(text, "://");
    return says && is_accession(name) ? text : name;
}

static void write_set(const sets *s, int64_t i, int64_t place_of, eae_script *out)
{
    double q = minus_log10(s->column[Q][i]);
    eae_script_cell(out, (double)place_of);
    eae_script_cell(out, s->gsea ? s->column[X][i] : q);
    eae_script_cell(out, s->column[DOT][i]);
    eae_script_cell(out, s->gsea ? q : s->column[DOT][i] / s->column[HUE][i]);
    eae_script_line(out);
}

/* A round number near x: 1, 2 or 5 times a power of ten, never above it. */
static double round_down(double x)
{
    double power = pow(10, floor(log10(x)));
    return x / power >= 5 ? 5 * power : x / power >= 2 ? 2 * power : power;
}

static void write_sets(const sets *s, const place *order, int64_t shown, eae_figure *f)
{
    eae_names labels = {0};
    double most = 1, least = INFINITY;
    eae_script_block(&f->script, "set");
    for (int64_t k = 0; k < shown; k++) {
        int64_t i = order[k].row;
        const char *name = title_of(s, i);
        eae_names_add(&labels, name, strlen(name));
        write_set(s, i, k + 1, &f->script);
        most = fmax(most, s->column[DOT][i]);
        least = fmin(least, s->column[DOT][i]);
    }
    eae_script_block_end(&f->script);
    eae_figure_labels(f, "label", &labels, shown, EAE_LABEL_MOST);
    eae_names_free(&labels);
    const double dots[] = {round_down(fmax(least, 1)), round_down(sqrt(fmax(least, 1) * most)),
                           round_down(most)};
    int64_t n = dots[2] > dots[1] ? (dots[1] > dots[0] ? 3 : 2) : 1;
    eae_script_numbers(&f->script, "dot", n == 2 ? dots + 1 : dots + (n == 1 ? 2 : 0), n);
    eae_script_number(&f->script, "dot_most", most);
}

/* Steps of the axis and of the colours of GSEA, over what is shown. */
static void write_tics(const sets *s, const place *order, int64_t shown, eae_figure *f)
{
    double low[2] = {0, 0}, high[2] = {0, 0};
    for (int64_t k = 0; k < shown; k++) {
        int64_t i = order[k].row;
        double q = minus_log10(s->column[Q][i]), value[2] = {s->gsea ? s->column[X][i] : q, q};
        for (int c = 0; c < 2; c++) {
            low[c] = fmin(low[c], value[c]);
            high[c] = fmax(high[c], value[c]);
        }
    }
    for (int c = 0; c < 2; c++)
        eae_script_number(&f->script, c == 0 ? "x_tic" : "hue_tic",
                          eae_tic_step(fmax(high[c] - low[c], 1e-3), c == 0 ? 6 : 4));
}

static void describe(const sets *s, const eae_figure_options *o, eae_figure *f)
{
    eae_script_number(&f->script, "gsea", s->gsea);
    eae_script_text(&f->script, "q_name", s->q_name);
    eae_script_number(&f->script, "alpha_line", minus_log10(o->alpha));
    if (s->gsea)
        eae_buffer_printf(
            &f->caption,
            "Gene sets by normalised enrichment score (GSEA; above 0: higher in the "
            "positive class), the smallest p-values first. Dot: genes in the set; "
            "colour: \xe2\x88\x92log\xe2\x82\x81\xe2\x82\x80 %s. Genes were permuted, "
            "which ignores that genes go together. ",
            s->q_name);
    else
        eae_buffer_printf(
            &f->caption,
            "Gene sets with the smallest p-values (one-sided hypergeometric test). "
            "Axis: \xe2\x88\x92log\xe2\x82\x81\xe2\x82\x80 %s, dashed: %g; dot: genes "
            "of the list in the set; colour: how many times more than expected. ",
            s->q_name, o->alpha);
}

int eae_figure_enrich(eae_tidy *t, const eae_figure_options *o, eae_figure *f)
{
    sets s = {.t = t};
    eae_figure_init(f, "enrich", 5.5, 3.5);
    int status = find_columns(&s);
    if (status == EAE_OK && t->rows > 0)
        keep_first(t, f);
    if (status == EAE_OK)
        status = read_sets(&s);
    if (status == EAE_OK) {
        int64_t most = o->top > 0 ? o->top : SETS, shown = t->rows < most ? t->rows : most;
        place *order = eae_malloc((size_t)t->rows, sizeof *order);
        for (int64_t i = 0; i < t->rows; i++)
            order[i] = (place){s.column[P][i], fabs(s.column[s.gsea ? X : DOT][i]), i};
        qsort(order, (size_t)t->rows, sizeof *order, in_order);
        write_sets(&s, order, shown, f);
        write_tics(&s, order, shown, f);
        describe(&s, o, f);
        f->height = 1.0 + 0.19 * (double)(shown < 6 ? 6 : shown);
        f->lines = (int)shown + 9;
        free(order);
    }
    for (int c = 0; c < SET_COLUMNS; c++)
        free(s.column[c]);
    return status;
}
