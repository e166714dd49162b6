/* enrich_report.c - see enrich_report.h. */
#include "eval/enrich/enrich_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "eval/enrich/redundancy.h"

static const char *const lead[] = {"model", "spec", "param", "size", "split"};
enum { LEAD = 5, MOST_COLUMNS = 24 };

typedef enum { LIST_PLAIN, LIST_NAMED, LIST_FRAME } list_kind;

/* By what describes the lists: all of one report are of one kind. */
static list_kind kind_of(const eae_signatures *lists)
{
    if (lists->lists.count > 0)
        return LIST_NAMED;
    return lists->selectors.count > 0 ? LIST_FRAME : LIST_PLAIN;
}

static int put(const char **column, int n, const char *const *names)
{
    for (; *names; names++)
        column[n++] = *names;
    return n;
}

eae_report *eae_enrich_report_new(const eae_enrich_settings *settings, const eae_signatures *lists)
{
    static const char *const ora[] = {"overlap", "expected", "odds_ratio", "p", NULL};
    static const char *const gsea[] = {"es", "nes", "p", NULL};
    static const char *const after_ora[] = {"genes",     "odds_lo",       "odds_hi",
                                            "list_size", "universe_size", NULL};
    static const char *const after_gsea[] = {"leading_edge", "log2err", NULL};
    const char *column[MOST_COLUMNS];
    int n = 0;
    list_kind kind = kind_of(lists);
    for (int k = 0; k < LEAD && kind == LIST_FRAME; k++)
        column[n++] = lead[k];
    if (kind == LIST_NAMED)
        column[n++] = "list";
    n = put(column, n, (const char *const[]){"set", "set_size", NULL});
    n = put(column, n, settings->gsea ? gsea : ora);
    for (int k = 0; k < EAE_ADJUSTMENTS; k++) {
        if (settings->adjust[k])
            column[n++] = eae_adjustment_names[k];
    }
    n = put(column, n, settings->gsea ? after_gsea : after_ora);
    n = put(column, n, (const char *const[]){"description", "family", NULL});
    return eae_report_new(column, n, settings->json);
}

static void add_lead(eae_report *r, const eae_signature *list)
{
    char number[EAE_NUMBER_TEXT];
    if (list->name)
        eae_report_text(r, list->name);
    if (!list->rows)
        return;
    for (int k = 0; k < LEAD; k++) {
        bool size = strcmp(lead[k], "size") == 0, split = strcmp(lead[k], "split") == 0;
        if (size && list->size == EAE_SIZE_SELECTED) {
            eae_report_text(r, "selected");
        } else if (size && list->size > 0) {
            number[eae_format_double((double)list->size, number)] = '\0';
            eae_report_text(r, number);
        } else if (split && list->joined) {
            eae_report_text(r, NULL);
        } else {
            eae_report_annot(r, eae_axis_find(list->rows, lead[k]), list->row);
        }
    }
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_names(eae_report *r, const char *const *name, int64_t n)
{
    eae_buffer b = {0};
    eae_buffer_puts(&b, "");
    for (int64_t i = 0; i < n; i++) {
        if (i > 0)
            eae_buffer_putc(&b, ',');
        eae_buffer_puts(&b, name[i]);
    }
    eae_report_text(r, b.data);
    eae_buffer_free(&b);
}

static void add_adjusted(eae_report *r, const eae_enrich *e, const eae_ora_line *line)
{
    for (int k = 0; k < EAE_ADJUSTMENTS; k++) {
        if (e->settings->adjust[k])
            eae_report_real(r, line->adjusted[k]);
    }
}

static void add_end(eae_report *r, const eae_gene_sets *sets, int64_t set)
{
    const char *description = eae_name(&sets->description, set);
    eae_report_text(r, *description ? description : NULL);
    eae_report_text(r, sets->source);
}

/* Prune and cut the lines; how many were redundant. */
static int64_t shorten(const eae_enrich_settings *s, const eae_tested_sets *tested,
                       eae_ora_result *result)
{
    int64_t pruned = 0;
    if (s->prune > 0)
        eae_prune_redundant(tested, s->prune, s->top, result, &pruned);
    else if (s->top > 0 && result->count > s->top)
        result->count = s->top;
    return pruned;
}

/* ---- over-representation ----------------------------------------------------------------- */

/* The genes of the list in the set: in[g] says which are in the list. */
static void add_genes(eae_report *r, const eae_enrich *e, const eae_tested_sets *tested, int64_t k,
                      const bool *in, int64_t overlap)
{
    const eae_gene_sets *sets = tested->sets;
    const char **name = EAE_NEW_ARRAY(const char *, overlap);
    int64_t n = 0;
    for (int64_t i = sets->begin[tested->set[k]]; i < sets->begin[tested->set[k] + 1]; i++) {
        if (in[sets->gene[i]] && n < overlap)
            name[n++] = eae_name(&e->genes.names, sets->gene[i]);
    }
    qsort(name, (size_t)n, sizeof *name, by_bytes);
    add_names(r, name, n);
    free(name);
}

static void add_line(eae_report *r, const eae_enrich *e, const eae_signature *list,
                     const eae_tested_sets *tested, const eae_gene_list *genes, const bool *in,
                     const eae_ora_line *line)
{
    int64_t set = tested->set[line->tested], size = tested->size[line->tested];
    eae_ora_effect effect = eae_ora_effect_of(line->overlap, genes->count, size, tested->universe);
    add_lead(r, list);
    eae_report_text(r, eae_name(&tested->sets->name, set));
    eae_report_int(r, size);
    eae_report_int(r, line->overlap);
    eae_report_real(r, effect.expected);
    eae_report_real(r, effect.odds_ratio);
    eae_report_real(r, line->p);
    add_adjusted(r, e, line);
    add_genes(r, e, tested, line->tested, in, line->overlap);
    eae_report_real(r, effect.low);
    eae_report_real(r, effect.high);
    eae_report_int(r, genes->count);
    eae_report_int(r, tested->universe);
    add_end(r, tested->sets, set);
}

int64_t eae_enrich_report_add(eae_report *report, const eae_enrich *e, const eae_signature *list,
                              const eae_tested_sets *tested, const eae_gene_list *genes,
                              eae_ora_result *result)
{
    if (result->count == 0)
        return 0;
    int64_t pruned = shorten(e->settings, tested, result);
    bool *in = EAE_NEW_ARRAY(bool, e->genes.names.count);
    for (int64_t i = 0; i < genes->count; i++)
        in[genes->gene[i]] = true;
    for (int64_t i = 0; i < result->count; i++)
        add_line(report, e, list, tested, genes, in, &result->line[i]);
    free(in);
    return pruned;
}

/* ---- GSEA -------------------------------------------------------------------------------- */

/* In the order of the ranking, the best first: of a negative score from the bottom up. */
static void add_edge(eae_report *r, const eae_enrich *e, const eae_ranking *x,
                     const eae_gsea_line *line)
{
    int64_t n = line->edge_end - line->edge_begin;
    const char **name = EAE_NEW_ARRAY(const char *, n);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = line->es < 0 ? line->edge_end - 1 - i : line->edge_begin + i;
        name[i] = eae_name(&e->genes.names, x->gene[x->gsea.ranked[at]]);
    }
    add_names(r, name, n);
    free(name);
}

int64_t eae_enrich_report_add_ranking(eae_report *r, const eae_enrich *e, const eae_signature *list,
                                      eae_ranking *x)
{
    int64_t pruned = shorten(e->settings, x->tested, &x->shown);
    for (int64_t i = 0; i < x->shown.count; i++) {
        const eae_ora_line *line = &x->shown.line[i];
        const eae_gsea_line *score = &x->gsea.line[line->tested];
        int64_t set = x->tested->set[line->tested];
        add_lead(r, list);
        eae_report_text(r, eae_name(&x->tested->sets->name, set));
        eae_report_int(r, score->size);
        eae_report_real(r, score->es);
        eae_report_real(r, score->nes);
        eae_report_real(r, score->p);
        add_adjusted(r, e, line);
        add_edge(r, e, x, score);
        eae_report_real(r, score->log2err);
        add_end(r, x->tested->sets, set);
    }
    return pruned;
}
