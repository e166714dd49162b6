/* enrich_ranking.c - see enrich_ranking.h. */
#include "eval/enrich/enrich_ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int64_t count_tied(const double *value, int64_t n)
{
    double *sorted = eae_malloc((size_t)n, sizeof *sorted);
    int64_t tied = 0;
    for (int64_t i = 0; i < n; i++)
        sorted[i] = value[i];
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    for (int64_t i = 0; i < n; i++)
        tied += (i > 0 && sorted[i] == sorted[i - 1]) || (i + 1 < n && sorted[i] == sorted[i + 1]);
    free(sorted);
    return tied;
}

int eae_ranking_make(eae_ranking *ranking, const eae_signature *item, const eae_tested_sets *tested,
                     int64_t genes)
{
    const eae_gene_sets *sets = tested->sets;
    int64_t *place = eae_malloc((size_t)genes, sizeof *place), members = 0;
    *ranking = (eae_ranking){.tested = tested};
    ranking->gene = eae_malloc((size_t)item->count, sizeof *ranking->gene);
    ranking->statistic = eae_malloc((size_t)item->count, sizeof *ranking->statistic);
    ranking->begin = eae_malloc((size_t)tested->count + 1, sizeof *ranking->begin);
    ranking->member = eae_malloc((size_t)sets->begin[sets->count], sizeof *ranking->member);
    memset(place, 0xff, (size_t)genes * sizeof *place);
    for (int64_t i = 0; i < item->count; i++) {
        if (!tested->inside[item->gene[i]])
            continue;
        place[item->gene[i]] = ranking->count;
        ranking->gene[ranking->count] = item->gene[i];
        ranking->statistic[ranking->count++] = item->statistic[i];
    }
    for (int64_t k = 0; k < tested->count; k++) {
        ranking->begin[k] = members;
        for (int64_t i = sets->begin[tested->set[k]]; i < sets->begin[tested->set[k] + 1]; i++) {
            if (place[sets->gene[i]] >= 0)
                ranking->member[members++] = place[sets->gene[i]];
        }
    }
    ranking->begin[tested->count] = members;
    ranking->tied = count_tied(ranking->statistic, ranking->count);
    free(place);
    if (ranking->count < 2)
        return eae_fail("%s: %lld of the %lld genes ranked are in the universe", sets->source,
                        (long long)ranking->count, (long long)item->count);
    return EAE_OK;
}

static int by_p(const void *pa, const void *pb)
{
    const eae_ora_line *a = pa, *b = pb;
    if (isnan(a->p) != isnan(b->p))
        return isnan(a->p) ? 1 : -1;
    if (a->p != b->p)
        return a->p < b->p ? -1 : 1;
    return (a->tested > b->tested) - (a->tested < b->tested);
}

/* Corrections over all sets, then the lines that the rule lets through. */
static void show(eae_ranking *ranking, const eae_ora_rule *rule)
{
    int64_t n = ranking->tested->count, kept = 0;
    double *p = eae_malloc((size_t)n, sizeof *p), *adjusted[EAE_ADJUSTMENTS];
    static void (*const adjust[])(const double *, int64_t, double *) = {
        eae_adjust_bonferroni, eae_adjust_holm, eae_adjust_bh, eae_adjust_by};
    eae_ora_line *line = eae_malloc((size_t)n, sizeof *line);
    for (int64_t k = 0; k < n; k++)
        p[k] = ranking->gsea.line[k].p;
    for (int a = 0; a < EAE_ADJUSTMENTS; a++) {
        adjusted[a] = eae_malloc((size_t)n, sizeof *adjusted[a]);
        adjust[a](p, n, adjusted[a]);
    }
    for (int64_t k = 0; k < n; k++) {
        double ruled = rule->rule == EAE_ADJUST_NOT ? p[k] : adjusted[rule->rule][k];
        if (!(ruled <= rule->alpha) && rule->alpha < 1)
            continue;
        line[kept] = (eae_ora_line){.tested = k, .p = p[k]};
        for (int a = 0; a < EAE_ADJUSTMENTS; a++)
            line[kept].adjusted[a] = adjusted[a][k];
        kept++;
    }
    qsort(line, (size_t)kept, sizeof *line, by_p);
    ranking->shown = (eae_ora_result){line, kept};
    for (int a = 0; a < EAE_ADJUSTMENTS; a++)
        free(adjusted[a]);
    free(p);
}

int eae_ranking_test(eae_ranking *ranking, const eae_enrich_settings *settings)
{
    eae_gsea_options options = eae_gsea_defaults();
    options.seed = settings->seed;
    options.threads = settings->threads;
    const eae_gsea_input input = {ranking->count, ranking->statistic, ranking->tested->count,
                                  ranking->begin, ranking->member};
    int status = eae_gsea_run(&input, &options, &ranking->gsea);
    if (status == EAE_OK)
        show(ranking, &settings->rule);
    return status;
}

void eae_ranking_free(eae_ranking *ranking)
{
    free(ranking->gene);
    free(ranking->statistic);
    free(ranking->begin);
    free(ranking->member);
    free(ranking->shown.line);
    eae_gsea_free(&ranking->gsea);
    *ranking = (eae_ranking){0};
}
