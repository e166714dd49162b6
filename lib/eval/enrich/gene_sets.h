/*
 * gene_sets.h - families of gene sets, and those of them that can be tested in a universe.
 *
 * Genes are numbered by name in one list (eae_name_set) that all families, and the features of the
 * data, share. A family comes from a GMT file (a set a line: name, description, genes; separated by
 * tabs) or from an ontology with annotations (ontology.h). Each gene is once in a set, in the order
 * of the file. The numbers of a program's input are 32-bit: at most 2^31 - 1 genes.
 */
#ifndef EAE_EVAL_GENE_SETS_H
#define EAE_EVAL_GENE_SETS_H

#include <stdbool.h>

#include "base/names.h"
#include "base/status.h"

typedef struct eae_gene_sets {
    char *source; /* the name of the file, without its folder */
    int64_t count;
    eae_names name;        /* all different */
    eae_names description; /* "" where there is none */
    int64_t *begin;        /* count + 1: genes of set s are gene[begin[s] .. begin[s+1]-1] */
    int32_t *gene;

    /* while sets are being added */
    int64_t room, set_room;
    int64_t *stamp; /* per gene: the last set that has it */
    int64_t stamps;
} eae_gene_sets;

/* `source` is the path of the file; *s is zeroed or uninitialised. */
void eae_gene_sets_begin(eae_gene_sets *s, const char *source);
/* A new, empty set; genes are then added to it, repeats ignored. */
void eae_gene_sets_add(eae_gene_sets *s, const char *name, size_t name_length,
                       const char *description, size_t description_length);
void eae_gene_sets_add_gene(eae_gene_sets *s, int64_t gene);
void eae_gene_sets_free(eae_gene_sets *s);

/* A GMT file, compressed or not, "-" is standard input. Genes that are new are added to `genes`.
 * Fails for a line without a name and a description, two sets of one name, and no set at all. */
int eae_gene_sets_read(eae_gene_sets *s, const char *path, eae_name_set *genes);

/* ---- in a universe ----------------------------------------------------------------------- */

/* The sets with `min` to `max` genes in the universe, and where each gene is: an inverted index, by
 * which the overlaps of a list with all sets take an addition for each place of its genes. */
typedef struct eae_tested_sets {
    const eae_gene_sets *sets;
    const bool *inside; /* per gene; the caller's */
    int64_t universe;   /* genes inside */
    int64_t count;
    int64_t *set;   /* count: its number in sets */
    int64_t *size;  /* count: genes inside the universe */
    int64_t *begin; /* genes + 1 */
    int32_t *in;    /* the tested sets with gene g: in[begin[g] .. begin[g+1]-1], increasing */
    int64_t small, large; /* sets left out, with 1 .. min-1 and with more than max genes */
    int64_t absent;       /* with none */
    int64_t largest;      /* size of the largest set in the universe */
} eae_tested_sets;

/* Never fails; count may be 0. `genes`: length of inside[]. */
void eae_tested_sets_make(eae_tested_sets *t, const eae_gene_sets *sets, const bool *inside,
                          int64_t genes, int64_t min, int64_t max);
void eae_tested_sets_free(eae_tested_sets *t);

/* member[g] = true for the genes of any set; others stay as they are. */
void eae_gene_sets_mark(const eae_gene_sets *s, bool *member);

#endif
