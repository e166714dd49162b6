/*
 * enrich_ranking.h - GSEA of one ranking in one family: from numbered genes to gsea.h and back.
 * Used by enrich.c.
 *
 * The ranking is of the genes inside the universe of the family that have a statistic; equal ones
 * stand in the order of the features. A set whose genes have none of them, or all, has no score.
 */
#ifndef EAE_EVAL_ENRICH_RANKING_H
#define EAE_EVAL_ENRICH_RANKING_H

#include "eval/enrich/enrich.h"
#include "eval/enrich/gsea.h"

typedef struct eae_ranking {
    const eae_tested_sets *tested;
    int64_t count;        /* genes ranked */
    int64_t tied;         /* those whose value another has as well */
    int32_t *gene;        /* their numbers */
    double *statistic;    /* and values */
    int64_t *begin;       /* tested sets + 1 */
    int64_t *member;      /* of set k: positions in gene[] */
    eae_gsea gsea;        /* a line per tested set */
    eae_ora_result shown; /* by p; overlap is not in use */
} eae_ranking;

/* Fails where fewer than two genes have a statistic. */
int eae_ranking_make(eae_ranking *ranking, const eae_signature *item, const eae_tested_sets *tested,
                     int64_t genes);
int eae_ranking_test(eae_ranking *ranking, const eae_enrich_settings *settings);
void eae_ranking_free(eae_ranking *ranking);

#endif
