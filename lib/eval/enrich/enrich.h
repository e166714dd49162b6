/*
 * enrich.h - enrichment of families of gene sets in lists of genes (over-representation) or in
 * rankings (GSEA), from files to a report.
 *
 * A family is a file of sets; each is tested and corrected for itself, in its own universe:
 *
 *   data   the genes of the features of the list's frame that are in any set of the family;
 *          of GSEA all genes of the ranking
 *   sets   the genes of all sets of the family
 *   FILE   the genes that the file names, also those in no set
 *
 * What is outside the universe is dropped from lists and sets, and counted in notes.
 *
 * Report: a line per list, family and set that is shown (over_representation.h), lists in the order
 * of their frames, families as given, sets by p. Columns: those that describe the list (model spec
 * param size split; `list` of a file of lists; none of a plain list), then
 *
 *   set set_size overlap expected odds_ratio p [bonferroni holm bh by] genes odds_lo odds_hi
 *   list_size universe_size description family
 *
 * or, of GSEA,
 *
 *   set set_size es nes p [bonferroni holm bh by] leading_edge log2err description family
 *
 * set_size and list_size are inside the universe; odds_ratio and its 95% interval are those of
 * eae_ora_effect; genes are the overlap, in byte order, separated by commas.
 */
#ifndef EAE_EVAL_ENRICH_H
#define EAE_EVAL_ENRICH_H

#include "base/options.h"
#include "eval/enrich/over_representation.h"
#include "eval/enrich/signature.h"
#include "matrix/report.h"

typedef enum eae_universe_kind {
    EAE_UNIVERSE_DATA,
    EAE_UNIVERSE_SETS,
    EAE_UNIVERSE_FILE
} eae_universe_kind;

typedef struct eae_enrich_settings {
    bool gsea; /* of rankings, where in them the sets are: gsea.h; else over-representation */
    uint64_t seed;
    eae_universe_kind universe;
    const char *universe_file;
    int64_t min, max; /* genes of a set inside the universe */
    eae_ora_rule rule;
    bool adjust[EAE_ADJUSTMENTS]; /* columns of the report */
    int64_t top;                  /* lines per list and family; 0: all */
    double prune;                 /* overlap at which a set is redundant; 0: keep all */
    bool json;
    bool part; /* of the lists: that none has a gene in the universe is no failure then */
    int threads;
} eae_enrich_settings;

/* The lists of sets, with the genes that they number. */
typedef struct eae_enrich {
    const eae_enrich_settings *settings;
    eae_name_set genes;
    eae_gene_sets *family;
    int families;
} eae_enrich;

/* Where a family comes from: a GMT file, or an ontology with annotations. */
int eae_enrich_add_gmt(eae_enrich *e, const char *path);
int eae_enrich_add_ontology(eae_enrich *e, const char *obo, const char *gaf);
void eae_enrich_free(eae_enrich *e);

/* The report of all lists. `source` is what the lists are called in messages. */
int eae_enrich_run(eae_enrich *e, const eae_signatures *lists, const char *source,
                   eae_report **report);

#endif
