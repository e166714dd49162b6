/*
 * ontology.h - gene sets from an ontology (OBO 1.2, 1.4) and annotations (GAF 2.0 to 2.2).
 *
 * True-path rule: a gene that is annotated to a term belongs to all its ancestors by is_a and
 * part_of, up to the roots, also where such an arrow leads into another namespace. Only the
 * relationship part_of is followed, not regulates, has_part or occurs_in.
 *
 * Obsolete terms are left out; an alternative id stands for its term. An annotation whose qualifier
 * has NOT is excluded. Genes are called by the third column of the GAF (DB Object Symbol).
 *
 * The family has a set for each term with a gene, in the order of the OBO file: its id as the name,
 * its name as the description.
 */
#ifndef EAE_EVAL_ONTOLOGY_H
#define EAE_EVAL_ONTOLOGY_H

#include "eval/enrich/gene_sets.h"

typedef struct eae_ontology {
    char *source;
    eae_names id;       /* of the terms that are not obsolete, in the order of the file */
    eae_names name;     /* "" where there is none */
    eae_name_set known; /* ids, those of obsolete terms and alternative ones among them */
    int64_t *term;      /* per known id: its term, or one of the below */
    int64_t *begin;     /* terms + 1: parents of a term are parent[begin[t] .. begin[t+1]-1] */
    int64_t *parent;
    int64_t *upward; /* terms, every one before all of its parents */
    int64_t foreign; /* arrows to ids that are no terms of the file */
} eae_ontology;

enum { EAE_TERM_UNKNOWN = -1, EAE_TERM_OBSOLETE = -2 };

/* Compressed or not. Fails for a file without terms, a term without an id, an id that is there
 * twice, and a cycle, whose terms it names. */
int eae_ontology_read(eae_ontology *o, const char *path);
void eae_ontology_free(eae_ontology *o);
/* The term of an id, or one of the two above. */
int64_t eae_ontology_term(const eae_ontology *o, const char *id, size_t length);

/* What was not taken of a GAF file. */
typedef struct eae_gaf_counts {
    int64_t annotations; /* lines */
    int64_t negated;     /* with NOT */
    int64_t obsolete, unknown;
} eae_gaf_counts;

/* The sets of the annotations in `path`. Fails for a file that is no GAF, and for one none of whose
 * ids are of the ontology. */
int eae_ontology_sets(const eae_ontology *o, const char *path, eae_name_set *genes,
                      eae_gene_sets *sets, eae_gaf_counts *counts);

#endif
