/*
 * figure_heatmap.c - chosen features over samples, as z-scores over the samples that are shown.
 *
 * Features: those named; else the best by the ranks or weights in the stream (final ones where they
 * are, else by the mean rank over the splits); else the most variable. They stand in the order of a
 * clustering; so do the samples, within each label or all together. Values beyond 2.5 standard
 * deviations take the colour of the end. Missing values are left blank, and count as the mean for
 * the order.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/cluster.h"
#include "plot/figure.h"
#include "plot/levels.h"

enum { FEATURES = 30, NAME_MOST = 20, LINE_MOST = 55, SAMPLES_MAX = 5000 };

/* ---- which features ------------------------------------------------------------------------ */

typedef struct {
    double score; /* higher is better */
    int64_t col;
} candidate;

static int best_first(const void *a, const void *b)
{
    const candidate *p = a, *q = b;
    if (p->score != q->score)
        return p->score > q->score ? -1 : 1;
    return (p->col > q->col) - (p->col < q->col);
}

static bool is_split(const eae_frame *f, int64_t row, bool final)
{
    const eae_annot *split = eae_axis_find(&f->rows, "split");
    const eae_annot *perm = eae_axis_find(&f->rows, "perm"),
                    *part = eae_axis_find(&f->rows, "part");
    if (perm && perm->type == EAE_ANNOT_I64 && perm->i64[row] > 0)
        return false;
    if (part && part->type == EAE_ANNOT_TEXT && eae_annot_text(part, row) &&
        strcmp(eae_annot_text(part, row), "weights") != 0)
        return false;
    bool is_final = !split || split->type != EAE_ANNOT_I64 || split->i64[row] <= 0;
    return is_final == final;
}

/* Mean over the rows that count of minus the rank, or of |weight|; by column of the frame. */
static bool score_columns(const eae_frame *f, bool final, double *score)
{
    int64_t rows = 0;
    for (int64_t j = 0; j < f->cols.count; j++)
        score[j] = 0;
    for (int64_t i = 0; i < f->rows.count; i++) {
        if (!is_split(f, i, final))
            continue;
        rows++;
        for (int64_t j = 0; j < f->cols.count; j++) {
            double x = eae_frame_value(f, i, j);
            if (f->kind == EAE_KIND_RANK)
                score[j] -= x;
            else
                score[j] += isnan(x) ? 0 : fabs(x);
        }
    }
    return rows > 0;
}

/* The columns of the data whose names the frame has, with its scores. */
static int64_t match(const eae_frame *data, const eae_frame *f, const double *score, candidate *out)
{
    int64_t n = 0;
    eae_name_index *index = eae_name_index_new(&data->cols.names);
    for (int64_t j = 0; j < f->cols.names.count; j++) {
        const char *name = eae_name(&f->cols.names, j);
        int64_t col = eae_name_find(index, name, strlen(name));
        if (col >= 0 && !isnan(score[j]) && n < data->cols.count)
            out[n++] = (candidate){score[j], col};
    }
    eae_name_index_free(index);
    return n;
}

static int64_t by_frame(const eae_bundle *b, const eae_frame *data, candidate *out,
                        const char **how)
{
    static const eae_kind kind[] = {EAE_KIND_RANK, EAE_KIND_MODEL};
    for (size_t k = 0; k < 2; k++) {
        for (int i = 0; i < b->count; i++) {
            const eae_frame *f = b->frame[i];
            if (f->kind != kind[k])
                continue;
            double *score = eae_malloc((size_t)f->cols.count, sizeof *score);
            bool any = score_columns(f, true, score) || score_columns(f, false, score);
            int64_t n = any ? match(data, f, score, out) : 0;
            free(score);
            *how = kind[k] == EAE_KIND_RANK ? "by rank of elimination" : "by weight";
            if (n > 0)
                return n;
        }
    }
    return 0;
}

static double variance(const eae_frame *data, int64_t col)
{
    double n = 0, mean = 0, square = 0;
    for (int64_t i = 0; i < data->rows.count; i++) {
        double x = eae_frame_value(data, i, col), before = mean;
        if (isnan(x))
            continue;
        mean += (x - before) / ++n;
        square += (x - before) * (x - mean);
    }
    return n > 1 ? square / n : 0;
}

static int named(const eae_frame *data, const eae_names *names, candidate *out, int64_t *n)
{
    eae_name_index *index = eae_name_index_new(&data->cols.names);
    int status = EAE_OK;
    *n = 0;
    for (int64_t k = 0; k < names->count && status == EAE_OK; k++) {
        const char *name = eae_name(names, k);
        int64_t col = data->cols.names.count ? eae_name_find(index, name, strlen(name)) : -1;
        if (col < 0)
            status = eae_fail("--features: the data have no feature '%s'", name);
        else if (*n < data->cols.count)
            out[(*n)++] = (candidate){0, col};
    }
    eae_name_index_free(index);
    return status;
}

static int choose_features(const eae_bundle *b, const eae_frame *data, const eae_figure_options *o,
                           candidate *out, int64_t *n, const char **how)
{
    int64_t most = o->top > 0 ? o->top : FEATURES;
    *how = "as named";
    if (o->features)
        return named(data, o->features, out, n);
    *n = by_frame(b, data, out, how);
    if (*n == 0) {
        *how = "of the largest variance";
        for (int64_t j = 0; j < data->cols.count; j++)
            out[(*n)++] = (candidate){variance(data, j), j};
    }
    qsort(out, (size_t)*n, sizeof *out, best_first);
    *n = *n < most ? *n : most;
    return *n > 0 ? EAE_OK : eae_fail("the data have no features");
}

/* ---- the order ----------------------------------------------------------------------------- */

/* z: features x samples; NaN where missing, 0 for a constant feature. */
static double *scores(const eae_frame *data, const candidate *chosen, int64_t k)
{
    int64_t n = data->rows.count;
    double *z = eae_malloc((size_t)(k * n), sizeof *z);
    for (int64_t f = 0; f < k; f++) {
        double sd = sqrt(variance(data, chosen[f].col)), mean = 0, known = 0;
        for (int64_t i = 0; i < n; i++) {
            double x = eae_frame_value(data, i, chosen[f].col);
            if (!isnan(x))
                mean += (x - mean) / ++known;
        }
        for (int64_t i = 0; i < n; i++) {
            double x = eae_frame_value(data, i, chosen[f].col);
            z[f * n + i] = isnan(x) ? NAN : sd > 0 ? (x - mean) / sd : 0;
        }
    }
    return z;
}

/* The rows (or with `turned` the columns) row[0..m-1] of z without gaps, for the clustering. */
static int cluster(const double *z, int64_t k, int64_t n, bool turned, int64_t *row, int64_t m)
{
    int64_t p = turned ? k : n;
    double *x = eae_malloc((size_t)(m * p), sizeof *x);
    int64_t *order = eae_malloc((size_t)m, sizeof *order);
    for (int64_t i = 0; i < m; i++) {
        for (int64_t c = 0; c < p; c++) {
            double value = turned ? z[c * n + row[i]] : z[row[i] * n + c];
            x[i * p + c] = isnan(value) ? 0 : value;
        }
    }
    int status = eae_cluster_order(x, m, p, order);
    for (int64_t i = 0; i < m && status == EAE_OK; i++)
        order[i] = row[order[i]];
    if (status == EAE_OK)
        memcpy(row, order, (size_t)m * sizeof *row);
    free(order);
    free(x);
    return status;
}

/* Samples label by label (missing ones last), clustered within; or all together. */
static int order_samples(const double *z, int64_t k, const eae_levels *levels, int64_t n,
                         bool together, int64_t *row)
{
    int64_t filled = 0;
    int status = EAE_OK;
    if (together) {
        for (int64_t i = 0; i < n; i++)
            row[i] = i;
        return cluster(z, k, n, true, row, n);
    }
    for (int c = 0; c <= levels->count && status == EAE_OK; c++) {
        int64_t begin = filled;
        for (int64_t i = 0; i < n; i++) {
            if (levels->code[i] == (c < levels->count ? c : -1))
                row[filled++] = i;
        }
        status = cluster(z, k, n, true, row + begin, filled - begin);
    }
    return status;
}

/* ---- the figure ---------------------------------------------------------------------------- */

static void write_cells(const double *z, int64_t n, const int64_t *feature, int64_t k,
                        const int64_t *sample, eae_figure *f)
{
    eae_script_block(&f->script, "z");
    for (int64_t a = 0; a < k; a++) {
        for (int64_t i = 0; i < n; i++) {
            eae_script_cell(&f->script, (double)i + 1);
            eae_script_cell(&f->script, (double)a + 1);
            eae_script_cell(&f->script, z[feature[a] * n + sample[i]]);
            eae_script_line(&f->script);
        }
        eae_script_line(&f->script);
    }
    eae_script_block_end(&f->script);
}

/* The same in characters, light to dark, for a terminal: neighbouring samples are averaged where
 * there are more than fit in a line. */
static void write_characters(const double *z, int64_t n, const int64_t *feature, int64_t k,
                             const int64_t *sample, eae_figure *f)
{
    static const char shade[] = " .:-=+*#%@";
    eae_names rows = {0};
    int64_t bins = n < LINE_MOST ? n : LINE_MOST;
    for (int64_t a = 0; a < k; a++) {
        eae_buffer line = {0};
        for (int64_t b = 0; b < bins; b++) {
            double value = 0;
            for (int64_t i = b * n / bins; i < (b + 1) * n / bins; i++)
                value += z[feature[a] * n + sample[i]];
            value /= (double)((b + 1) * n / bins - b * n / bins);
            int step = isnan(value) ? 0 : (int)floor((value + 2.5) / 5 * 10);
            eae_buffer_putc(&line, isnan(value) ? '?' : shade[step < 0 ? 0 : step > 9 ? 9 : step]);
        }
        eae_names_add(&rows, line.data, line.length);
        eae_buffer_free(&line);
    }
    eae_script_names(&f->script, "shade", &rows);
    eae_names_free(&rows);
}

static void write_labels(const eae_frame *data, const candidate *chosen, const int64_t *feature,
                         int64_t k, const eae_levels *levels, const int64_t *sample, eae_figure *f)
{
    eae_names names = {0};
    for (int64_t a = 0; a < k; a++) {
        int64_t col = chosen[feature[a]].col;
        eae_names one = {0};
        eae_names_number(&one, "f", col, 1);
        const char *name =
            data->cols.names.count ? eae_name(&data->cols.names, col) : eae_name(&one, 0);
        eae_names_add(&names, name, strlen(name));
        eae_names_free(&one);
    }
    eae_figure_labels(f, "label", &names, k, NAME_MOST);
    eae_figure_labels(f, "level", &levels->name, levels->count, 16);
    eae_names_free(&names);
    /* runs of samples of one level: begin, end, level */
    eae_script_block(&f->script, "strip");
    for (int64_t i = 0, end; i < data->rows.count; i = end) {
        for (end = i;
             end < data->rows.count && levels->code[sample[end]] == levels->code[sample[i]];)
            end++;
        eae_script_cell(&f->script, (double)i + 0.5);
        eae_script_cell(&f->script, (double)end + 0.5);
        eae_script_cell(&f->script, levels->code[sample[i]] + 1);
        eae_script_line(&f->script);
    }
    eae_script_block_end(&f->script);
    eae_script_number(&f->script, "sample_n", (double)data->rows.count);
}

static int draw(const eae_frame *data, const candidate *chosen, int64_t k, const eae_levels *levels,
                bool together, eae_figure *f)
{
    int64_t n = data->rows.count;
    double *z = scores(data, chosen, k);
    int64_t *feature = eae_malloc((size_t)k, sizeof *feature);
    int64_t *sample = eae_malloc((size_t)n, sizeof *sample);
    for (int64_t a = 0; a < k; a++)
        feature[a] = a;
    int status = cluster(z, k, n, false, feature, k);
    if (status == EAE_OK)
        status = order_samples(z, k, levels, n, together, sample);
    if (status == EAE_OK) {
        write_labels(data, chosen, feature, k, levels, sample, f);
        write_cells(z, n, feature, k, sample, f);
        write_characters(z, n, feature, k, sample, f);
        f->height = 1.3 + 0.13 * (double)(k < 10 ? 10 : k);
        f->lines = (int)k + 3;
    }
    free(z);
    free(feature);
    free(sample);
    return status;
}

int eae_figure_heatmap(const eae_bundle *b, const char *name, const eae_figure_options *o,
                       eae_figure *f)
{
    eae_frame *data;
    eae_levels levels = {0};
    int64_t k = 0;
    const char *how;
    eae_figure_init(f, "heatmap", 5.5, 4.5);
    int status = eae_bundle_find(b, EAE_KIND_DATA, &data);
    if (status == EAE_OK && !data)
        status = eae_fail("%s: no data frame", name);
    if (status == EAE_OK && data->rows.count > SAMPLES_MAX)
        status = eae_fail("%s: %lld samples are too many for a heatmap (%d): choose with eae-view "
                          "--samples",
                          name, (long long)data->rows.count, SAMPLES_MAX);
    if (status != EAE_OK)
        return status;
    const char *by = o->colour ? o->colour : eae_axis_find(&data->rows, "label") ? "label" : NULL;
    candidate *chosen = eae_malloc((size_t)data->cols.count, sizeof *chosen);
    status = eae_levels_make(&levels, &data->rows, by, "--colour", true);
    if (status == EAE_OK)
        status = choose_features(b, data, o, chosen, &k, &how);
    if (status == EAE_OK)
        status = draw(data, chosen, k, &levels, o->by_cluster, f);
    if (status == EAE_OK)
        eae_buffer_printf(&f->caption,
                          "%lld features %s, as z-scores over the samples; both in the order of a "
                          "clustering (average linkage), samples %s. Features were chosen with "
                          "these samples, so that contrast is no evidence of itself. ",
                          (long long)k, how,
                          o->by_cluster || !by ? "all together" : "within labels");
    free(chosen);
    eae_levels_free(&levels);
    return status;
}
