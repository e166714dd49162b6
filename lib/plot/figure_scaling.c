/*
 * figure_scaling.c - time against size on logarithmic axes, from the table of scripts/scaling.
 *
 * What is comparable is drawn: planted signal at the smallest C of the table, a line for each
 * system and gap; of our own lines those with a free intercept, as the peers' own are what they
 * are. Lines that did not reach their gap, or have no time, are left out.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "plot/figure.h"

enum { SYSTEM, SIZE, SECONDS, TOL, COLUMNS };

static const char *cell(const eae_tidy *t, int64_t row, const char *column)
{
    int at = eae_tidy_find(t, column);
    return at < 0 ? "" : eae_tidy_text(t, row, at);
}

static int choose(eae_tidy *t, int seconds)
{
    bool *keep = eae_malloc((size_t)t->rows, sizeof *keep);
    double least = INFINITY;
    int64_t n = 0;
    for (int64_t i = 0; i < t->rows; i++) {
        const char *c = cell(t, i, "c");
        double value;
        if (eae_parse_double(c, strlen(c), &value))
            least = fmin(least, value);
    }
    for (int64_t i = 0; i < t->rows; i++) {
        const char *c = cell(t, i, "c"), *data = cell(t, i, "data");
        double value = least;
        bool ours = strcmp(cell(t, i, "system"), "eAE") == 0;
        keep[i] = *eae_tidy_text(t, i, seconds) && strcmp(data, "random") != 0 &&
                  (!*c || !eae_parse_double(c, strlen(c), &value) || value == least) &&
                  !(ours && strcmp(cell(t, i, "bias"), "penalized") == 0) &&
                  strncmp(cell(t, i, "note"), "gap not", 7) != 0;
        n += keep[i];
    }
    eae_tidy_filter(t, keep);
    free(keep);
    return n > 0 ? EAE_OK : eae_fail("%s: nothing to draw: no line has a time", eae_tidy_name(t));
}

static int read_size(const eae_tidy *t, int64_t row, int column, double *megabytes)
{
    uint64_t bytes;
    const char *text = eae_tidy_text(t, row, column);
    if (!eae_parse_size(text, &bytes) || bytes == 0)
        return eae_tidy_fail(t, row, column, "not a size: '%.40s' (1M, 10G)", text);
    *megabytes = (double)bytes / (1 << 20);
    return EAE_OK;
}

static int write_group(const eae_tidy *t, const int *at, const eae_tidy_groups *g, int group,
                       eae_figure *f)
{
    int status = EAE_OK;
    for (int64_t i = 0; i < t->rows && status == EAE_OK; i++) {
        double x = NAN, y = NAN;
        if (g->of_row[i] != group)
            continue;
        status = read_size(t, i, at[SIZE], &x);
        if (status == EAE_OK)
            status = eae_tidy_number(t, i, at[SECONDS], &y);
        if (status == EAE_OK && !(y > 0 && isfinite(y)))
            status = eae_tidy_fail(t, i, at[SECONDS], "not a time: %s",
                                   eae_tidy_text(t, i, at[SECONDS]));
        eae_script_cell(&f->script, x);
        eae_script_cell(&f->script, y);
        eae_script_line(&f->script);
    }
    eae_script_part(&f->script);
    return status;
}

static void add_labels(const eae_tidy *t, const int *at, const eae_tidy_groups *g, int shown,
                       eae_figure *f)
{
    eae_names labels = {0};
    for (int i = 0; i < shown; i++) {
        const char *system = eae_tidy_text(t, g->first[i], at[SYSTEM]);
        const char *tol = eae_tidy_text(t, g->first[i], at[TOL]);
        char *text = eae_sprintf("%s%s%s%s", system, *tol ? ", gap " : "", tol,
                                 !*tol || strcmp(system, "eAE") == 0 ? "" : " (fit alone)");
        eae_names_add(&labels, text, strlen(text));
        free(text);
    }
    eae_figure_labels(f, "label", &labels, shown, EAE_LABEL_MOST);
    eae_names_free(&labels);
}

int eae_figure_scaling(eae_tidy *t, const eae_figure_options *o, eae_figure *f)
{
    static const char *const column[] = {"system", "size", "seconds", "tol", NULL};
    static const char *const key[] = {"system", "tol"};
    eae_tidy_groups g = {0};
    int at[COLUMNS];
    (void)o;
    eae_figure_init(f, "scaling", 3.5, 2.8);
    int status = eae_tidy_need(t, column, "scripts/scaling", at);
    if (status == EAE_OK)
        status = choose(t, at[SECONDS]);
    if (status != EAE_OK)
        return status;
    eae_tidy_group(t, key, 2, &g);
    int shown = eae_figure_limit(f, g.count, EAE_SERIES_MAX, "lines");
    add_labels(t, at, &g, shown, f);
    eae_script_block(&f->script, "time");
    for (int i = 0; i < shown && status == EAE_OK; i++)
        status = write_group(t, at, &g, i, f);
    eae_script_block_end(&f->script);
    f->height = 2.7 + 0.15 * shown;
    eae_buffer_puts(&f->caption, "Wall time against the size of the data, both on logarithmic "
                                 "scales; planted signal. Of peers the fit alone, on data in "
                                 "memory. ");
    eae_tidy_groups_free(&g);
    return status;
}
