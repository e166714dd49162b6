/* enrich_report.h - the lines of enrich.h's report; used by enrich.c. */
#ifndef EAE_EVAL_ENRICH_REPORT_H
#define EAE_EVAL_ENRICH_REPORT_H

#include "eval/enrich/enrich_ranking.h"

eae_report *eae_enrich_report_new(const eae_enrich_settings *settings, const eae_signatures *lists);
/* The result of one list in one family, pruned and cut to --top in place. Returns how many sets
 * were redundant. */
int64_t eae_enrich_report_add(eae_report *report, const eae_enrich *e, const eae_signature *list,
                              const eae_tested_sets *tested, const eae_gene_list *genes,
                              eae_ora_result *result);
/* The same of a ranking. */
int64_t eae_enrich_report_add_ranking(eae_report *report, const eae_enrich *e,
                                      const eae_signature *list, eae_ranking *ranking);

#endif
