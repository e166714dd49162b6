/* page_table.c - the section of a report: what it is by its columns, its figure, its lines. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "plot/html.h"
#include "plot/page.h"

enum { LINES = 20, COLUMNS = 6 };

typedef struct {
    const char *kind, *what;
    const char *column[COLUMNS]; /* all of these */
    const char *figure;          /* NULL: the table alone */
    bool lines;                  /* a table too */
    bool by_p;                   /* in order of column p */
    const char *how;             /* how to read it */
} report_kind;

static const report_kind kinds[] = {
    {"roc", "ROC curves", {"fpr", "tpr", "threshold"}, "roc", false, false, NULL},
    {"pr", "precision-recall curves", {"tpr", "ppv", "threshold"}, "pr", false, false, NULL},
    {"comparison",
     "candidates compared",
     {"against", "metric", "diff", "p_holm"},
     NULL,
     true,
     false,
     "Each line compares a candidate with the one named in against: diff is a \xe2\x88\x92 b with "
     "its 95% interval; p_holm is corrected for the number of comparisons."},
    {"choice",
     "candidates kept and dropped",
     {"kept", "reason", "limit"},
     NULL,
     true,
     false,
     "kept is 1 for candidates worth going on with; reason names the first rule that dropped the "
     "others, value what was at or past its limit."},
    {"summary",
     "performance, summed up",
     {"metric", "mean", "lo", "hi"},
     "size",
     true,
     false,
     "Held-out performance: mean over the splits, and lo to hi, the 95% interval that knows that "
     "splits share samples. Where the best of several sizes or params is taken from such a table, "
     "its figure is optimistic; size=selected and param=tuned are honest."},
    {"splits", "performance by split", {"split", "metric", "value"}, "box", false, false, NULL},
    {"stability",
     "stability of the features",
     {"metric", "n", "value", "lo", "hi"},
     "stability",
     false,
     false,
     NULL},
    {"enrichment",
     "gene sets",
     {"set", "set_size", "p"},
     "enrich",
     true,
     true,
     "Sets by p-value; bh is the false discovery rate over all tested sets."},
    {"univariate",
     "features one by one",
     {"effect", "p", "statistic"},
     "volcano",
     true,
     true,
     "Features by p-value, each tested alone; bh is the false discovery rate."},
    {"scaling",
     "time against size",
     {"system", "size", "seconds", "tol"},
     "scaling",
     true,
     false,
     NULL}};

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

/* The same spec in all lines says nothing in a table. */
static const char *hidden(const eae_tidy *t)
{
    int at = eae_tidy_find(t, "spec");
    for (int64_t i = 1; i < t->rows && at >= 0; i++) {
        if (strcmp(eae_tidy_text(t, i, at), eae_tidy_text(t, 0, at)) != 0)
            return NULL;
    }
    return at >= 0 ? "spec" : NULL;
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
        eae_html_table(&page->body, t, LINES, hidden(t));
    }
    if (kind->figure && (strcmp(kind->kind, "summary") != 0 || eae_page_has_sizes(t))) {
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
