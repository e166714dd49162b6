/* enrich_report.c - see enrich_report.h. */
#include "eval/enrich_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "eval/redundancy.h"

static const char *const lead[] = {"model", "spec", "param", "size", "split"};
static const char *const adjustments[] = {"bonferroni", "holm", "bh", "by"};
enum { LEAD = 5, MOST_COLUMNS = 24 };

typedef enum { LIST_PLAIN, LIST_NAMED, LIST_FRAME } list_kind;

/* By what describes the lists: all of one report are of one kind. */
static list_kind kind_of(const eae_signatures *lists)
{
    if (lists->lists.count > 0)
        return LIST_NAMED;
    return lists->selectors.count > 0 ? LIST_FRAME : LIST_PLAIN;
}

eae_report *eae_enrich_report_new(const eae_enrich_settings *settings, const eae_signatures *lists)
{
    static const char *const before[] = {"set",      "set_size",   "overlap",
                                         "expected", "odds_ratio", "p"};
    static const char *const after[] = {"genes", "odds_lo", "odds_hi", "description", "family"};
    const char *column[MOST_COLUMNS];
    int n = 0;
    list_kind kind = kind_of(lists);
    for (int k = 0; k < LEAD && kind == LIST_FRAME; k++)
        column[n++] = lead[k];
    if (kind == LIST_NAMED)
        column[n++] = "list";
    for (int k = 0; k < 6; k++)
        column[n++] = before[k];
    for (int k = 0; k < EAE_ADJUSTMENTS; k++) {
        if (settings->adjust[k])
            column[n++] = adjustments[k];
    }
    for (int k = 0; k < 5; k++)
        column[n++] = after[k];
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
    eae_buffer b = {0};
    eae_buffer_puts(&b, "");
    for (int64_t i = 0; i < n; i++) {
        if (i > 0)
            eae_buffer_putc(&b, ',');
        eae_buffer_puts(&b, name[i]);
    }
    eae_report_text(r, b.data);
    eae_buffer_free(&b);
    free(name);
}

static void add_line(eae_report *r, const eae_enrich *e, const eae_signature *list,
                     const eae_tested_sets *tested, const eae_gene_list *genes, const bool *in,
                     const eae_ora_line *line)
{
    int64_t set = tested->set[line->tested], size = tested->size[line->tested];
    eae_ora_effect effect = eae_ora_effect_of(line->overlap, genes->count, size, tested->universe);
    const char *description = eae_name(&tested->sets->description, set);
    add_lead(r, list);
    eae_report_text(r, eae_name(&tested->sets->name, set));
    eae_report_int(r, size);
    eae_report_int(r, line->overlap);
    eae_report_real(r, effect.expected);
    eae_report_real(r, effect.odds_ratio);
    eae_report_real(r, line->p);
    for (int k = 0; k < EAE_ADJUSTMENTS; k++) {
        if (e->settings->adjust[k])
            eae_report_real(r, line->adjusted[k]);
    }
    add_genes(r, e, tested, line->tested, in, line->overlap);
    eae_report_real(r, effect.low);
    eae_report_real(r, effect.high);
    eae_report_text(r, *description ? description : NULL);
    eae_report_text(r, tested->sets->source);
}

int64_t eae_enrich_report_add(eae_report *report, const eae_enrich *e, const eae_signature *list,
                              const eae_tested_sets *tested, const eae_gene_list *genes,
                              eae_ora_result *result)
{
    const eae_enrich_settings *s = e->settings;
    int64_t pruned = 0;
    if (result->count == 0)
        return 0;
    if (s->prune > 0)
        eae_prune_redundant(tested, s->prune, s->top, result, &pruned);
    else if (s->top > 0 && result->count > s->top)
        result->count = s->top;
    bool *in = EAE_NEW_ARRAY(bool, e->genes.names.count);
    for (int64_t i = 0; i < genes->count; i++)
        in[genes->gene[i]] = true;
    for (int64_t i = 0; i < result->count; i++)
        add_line(report, e, list, tested, genes, in, &result->line[i]);
    free(in);
    return pruned;
}
