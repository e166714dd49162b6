/* page_table.c - the section of a report: what it is by its columns, its figure, its lines. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "plot/html.h"
#include "plot/page.h"

enum { LINES = 20, COLUMNS = 6 };

typedef struct {
    const char *what;
    const char *column[COLUMNS]; /* all of these */
    const char *figure;          /* NULL: the table alone */
    bool lines;                  /* a table too */
    bool by_p;                   /* in order of column p */
    bool by_size;                /* the figure is a curve over sizes, if there are several */
    const char *how;             /* how to read the table */
    const char *const *shown;    /* its columns; NULL: all */
} report_kind;

static const char *const set_columns[] = {
    "set", "set_size", "overlap", "expected", "odds_ratio",   "nes",
    "p",   "holm",     "bh",      "genes",    "leading_edge", NULL};
static const char *const test_columns[] = {"id", "effect", "statistic", "p", "holm", "bh", NULL};

static const report_kind kinds[] = {
    {.what = "ROC curves", .column = {"fpr", "tpr", "threshold"}, .figure = "roc"},
    {.what = "precision-recall curves", .column = {"tpr", "ppv", "threshold"}, .figure = "pr"},
    {.what = "candidates compared",
     .column = {"against", "metric", "diff", "p_holm"},
     .lines = true,
     .how = "Each line compares a candidate with the one named in against: diff is a \xe2\x88\x92 "
            "b with its 95% interval; p_holm is corrected for the number of comparisons."},
    {.what = "candidates kept and dropped",
     .column = {"kept", "reason", "limit"},
     .lines = true,
     .how = "kept is 1 for candidates worth going on with; reason names the first rule that "
            "dropped the others, value what was at or past its limit."},
    {.what = "performance, summed up",
     .column = {"metric", "mean", "lo", "hi"},
     .figure = "size",
     .lines = true,
     .by_size = true,
     .how = "Held-out performance: mean over the splits, and lo to hi, the 95% interval that "
            "knows that splits share samples. Where the best of several sizes or params is taken "
            "from such a table, its figure is optimistic; size=selected and param=tuned are "
            "honest."},
    {.what = "performance by split", .column = {"split", "metric", "value"}, .figure = "box"},
    {.what = "stability of the features",
     .column = {"metric", "n", "value", "lo", "hi"},
     .figure = "stability"},
    {.what = "gene sets",
     .column = {"set", "set_size", "p"},
     .figure = "enrich",
     .lines = true,
     .by_p = true,
     .how = "Sets by p-value; bh is the false discovery rate over all tested sets. The file has "
            "further columns.",
     .shown = set_columns},
    {.what = "features one by one",
     .column = {"effect", "p", "statistic"},
     .figure = "volcano",
     .lines = true,
     .by_p = true,
     .how = "Features by p-value, each tested alone; bh is the false discovery rate. The file has "
            "further columns.",
     .shown = test_columns},
    {.what = "time against size",
     .column = {"system", "size", "seconds", "tol"},
     .figure = "scaling",
     .lines = true}};

static const report_kind *find_kind(const eae_tidy *t)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        bool all = true;
        for (int c = 0; c < COLUMNS && kinds[k].column[c] && all; c++)
            all = eae_tidy_find(t, kinds[k].column[c]) >= 0;
        if (all)
            return &kinds[k];
    }
    return NULL;
}

/* ---- the order of the lines ---------------------------------------------------------------- */

typedef struct {
    double p;
    int64_t row;
} line;

static int by_p(const void *a, const void *b)
{
    const line *x = a, *y = b;
    bool no_x = isnan(x->p), no_y = isnan(y->p);
    if (no_x != no_y)
        return no_x ? 1 : -1;
    if (!no_x && x->p != y->p)
        return x->p < y->p ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The rows of the table in order of column p. */
static void sort_by_p(eae_tidy *t)
{
    if (t->rows == 0)
        return;
    int at = eae_tidy_find(t, "p");
    int64_t cols = t->header.count;
    line *order = eae_malloc((size_t)t->rows, sizeof *order);
    const char **cell = eae_malloc((size_t)(t->rows * cols), sizeof *cell);
    for (int64_t i = 0; i < t->rows; i++) {
        const char *text = eae_tidy_text(t, i, at);
        order[i] = (line){NAN, i};
        eae_parse_double(text, strlen(text), &order[i].p);
    }
    qsort(order, (size_t)t->rows, sizeof *order, by_p);
    for (int64_t i = 0; i < t->rows; i++)
        memcpy(cell + i * cols, t->cell + order[i].row * cols, (size_t)cols * sizeof *cell);
    memcpy(t->cell, cell, (size_t)(t->rows * cols) * sizeof *cell);
    free((void *)cell);
    free(order);
}

/* ---- the section --------------------------------------------------------------------------- */

bool eae_page_has_sizes(const eae_tidy *t)
{
    static const char *const key[] = {"model", "spec", "param"};
    int at = eae_tidy_find(t, "size");
    bool several = false;
    eae_tidy_groups g;
    eae_tidy_group(t, key, 3, &g);
    for (int64_t i = 0; i < t->rows && at >= 0 && !several; i++)
        several = strcmp(eae_tidy_text(t, i, at), eae_tidy_text(t, g.first[g.of_row[i]], at)) != 0;
    eae_tidy_groups_free(&g);
    return several;
}

bool eae_page_thin_sizes(eae_tidy *t, int64_t most)
{
    int metric = eae_tidy_find(t, "metric"), size = eae_tidy_find(t, "size");
    if (t->rows <= most || metric < 0 || size < 0)
        return false;
    bool *keep = eae_calloc((size_t)t->rows, sizeof *keep);
    int64_t lines = 0, at = 0, total = t->rows;
    const char *first = eae_tidy_text(t, 0, metric);
    for (int64_t i = 0; i < total; i++)
        lines += strcmp(eae_tidy_text(t, i, metric), first) == 0;
    for (int64_t i = 0; i < total; i++) {
        if (strcmp(eae_tidy_text(t, i, metric), first) != 0)
            continue;
        bool next = at == 0 || at * most / lines != (at - 1) * most / lines;
        keep[i] = next || strcmp(eae_tidy_text(t, i, size), "selected") == 0;
        at++;
    }
    eae_tidy_filter(t, keep);
    free(keep);
    return true;
}

static int fill(eae_page *page, const report_kind *kind, eae_tidy *t, const char *copy,
                size_t length, const char *name)
{
    int status = EAE_OK;
    if (!kind) {
        eae_html_table(&page->body, t, LINES, NULL);
        return EAE_OK;
    }
    if (kind->how)
        eae_page_paragraph(page, kind->how);
    if (kind->lines) {
        if (kind->by_p)
            sort_by_p(t);
        if (kind->by_size && eae_page_has_sizes(t) && eae_page_thin_sizes(t, LINES))
            eae_page_paragraph(page, EAE_PAGE_THINNED);
        eae_html_table(&page->body, t, LINES, kind->shown);
    }
    if (kind->figure && (!kind->by_size || eae_page_has_sizes(t))) {
        eae_tidy again = {0};
        status = eae_page_table_of(copy, length, name, &again);
        if (status == EAE_OK)
            status = eae_page_table_figure(page, kind->figure, &again);
        eae_tidy_free(&again);
    }
    return status;
}

int eae_page_table(eae_page *page, char *text, size_t length, const char *name)
{
    eae_tidy t = {0};
    char *copy = eae_strndup(text, length);
    int status = eae_tidy_parse(&t, text, length, name);
    if (status == EAE_OK) {
        const report_kind *kind = find_kind(&t);
        eae_page_section(page, name, kind ? kind->what : "table");
        status = fill(page, kind, &t, copy, length, name);
        eae_buffer_puts(&page->body, "</section>\n");
    }
    free(copy);
    eae_tidy_free(&t);
    return status;
}
