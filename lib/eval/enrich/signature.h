/*
 * signature.h - the lists of genes that enrichment is asked about: from model and rank frames, from
 * a plain list of ids, or from a file of lists.
 *
 * Of a frame, each candidate (model, spec, param, size) gives a list by its final model (split 0).
 * Where the frames have none, the list has what at least half of its splits select: features, or
 * the genes of top:K. With `each`, every model of every split gives one. Models come before ranks
 * where there are both. Rows of permuted labels are passed over; classes of one model count
 * together (sum of squared weights).
 *
 * What a row selects:
 *   default    models: weights that are neither 0 nor missing; ranks: up to the chosen size
 *   nonzero    the first of these
 *   top:K      the K best genes, each by its best feature (largest weight or statistic, or lowest
 *              rank; equal ones in the order of the columns); features without weight never
 *   rank:K     features of rank 1 .. K
 *   signed     all features with their signed weights or statistics: a ranking, of which a gene
 *              takes the feature farthest from 0 (the first of equal ones). Of final models, or of
 *              each; there must be one weight per feature (two classes, a number, survival), none
 *              missing and at most half of them 0; of tests up to half may be missing
 *
 * Genes are numbered in the list that the gene sets use. A signature has each gene once.
 */
#ifndef EAE_EVAL_SIGNATURE_H
#define EAE_EVAL_SIGNATURE_H

#include "eval/score/feature_sets.h"
#include "eval/enrich/gene_sets.h"
#include "matrix/feature_map.h"

typedef enum eae_genes_kind {
    EAE_GENES_DEFAULT,
    EAE_GENES_TOP,
    EAE_GENES_NONZERO,
    EAE_GENES_RANK,
    EAE_GENES_SIGNED /* all of them, with their weights: a ranking */
} eae_genes_kind;

typedef struct eae_genes_rule {
    eae_genes_kind kind;
    int64_t number; /* K */
    bool each;
} eae_genes_rule;

/* "top:K", "nonzero", "rank:K"; NULL is the default. EAE_USAGE with a message. */
int eae_genes_parse(const char *text, eae_genes_rule *rule);

/* The features of a frame, or the ids of a list, as genes. */
typedef struct eae_background {
    int64_t count;
    int64_t *gene; /* per feature: its gene, EAE_UNMAPPED or EAE_AMBIGUOUS */
} eae_background;

enum { EAE_SIZE_SELECTED = -1 };

typedef struct eae_signature {
    const eae_axis *rows; /* of the frame whose row describes it; NULL: of no frame */
    int64_t row;
    bool joined;      /* over the splits */
    int64_t size;     /* asked for or chosen; EAE_SIZE_SELECTED: in each split; 0: as in the row */
    const char *name; /* of one of a file of lists, else NULL */
    int background;   /* -1: none, a file of lists */
    int64_t count;
    int32_t *gene;
    double *statistic; /* of rankings: per gene; else NULL */
} eae_signature;

typedef struct eae_signatures {
    eae_signature *item;
    int64_t count; /* of this part of them */
    eae_background *background;
    int backgrounds;
    eae_selectors selectors;
    eae_gene_sets lists; /* of a file of lists */
} eae_signatures;

/* Features of each frame (whose names they need) to genes, by the map or, NULL, by their names. The
 * frames must outlive the signatures. Part `shard` of `shards` of the lists. Fails where no frame
 * has what the rule needs. */
int eae_signatures_of_frames(eae_signatures *s, eae_frame *const *frame, int n,
                             const eae_genes_rule *rule, const char *map, eae_name_set *genes,
                             int shard, int shards, int threads);
/* One list: a name on each line of `text`; empty lines and # are passed over. `source` is for
 * messages. It belongs to the last of the parts. */
int eae_signatures_of_text(eae_signatures *s, const char *text, size_t length, const char *source,
                           const char *map, eae_name_set *genes, int shard, int shards);
/* One ranking: a name and a number on each line, separated by a tab. */
int eae_signatures_of_ranking(eae_signatures *s, const char *text, size_t length,
                              const char *source, const char *map, eae_name_set *genes, int shard,
                              int shards);
/* Each set of a GMT file is a list; part `shard` of `shards`. */
int eae_signatures_of_lists(eae_signatures *s, const char *path, const char *map,
                            eae_name_set *genes, int shard, int shards);
void eae_signatures_free(eae_signatures *s);

/* The names on the lines of a text; a line with a tab is an error that names it. */
int eae_names_of_lines(eae_names *names, const char *text, size_t length, const char *source);

#endif
