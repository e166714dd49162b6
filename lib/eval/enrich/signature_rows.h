/* signature_rows.h - which rows of frames give a list of genes, and which genes; used by
 * signature.c only. */
#ifndef EAE_EVAL_SIGNATURE_ROWS_H
#define EAE_EVAL_SIGNATURE_ROWS_H

#include "eval/enrich/signature.h"

/* A list to be made: one run of a selector, or all its splits together. */
typedef struct eae_signature_source {
    int selector;
    int64_t run; /* -1: joined */
} eae_signature_source;

typedef struct eae_signature_rows {
    const eae_selectors *selectors;
    eae_genes_rule rule;
    bool ranks; /* rank frames are looked at, not models */
    eae_signature_source *source;
    int64_t count;
    int *background; /* per selector: which one; the caller's to set before making */
} eae_signature_rows;

/* Fails where nothing fits the rule, saying what does. */
int eae_signature_rows_choose(eae_signature_rows *rows, const eae_selectors *s,
                              const eae_genes_rule *rule);
void eae_signature_rows_free(eae_signature_rows *rows);
bool eae_signature_uses(const eae_signature_rows *rows, int selector);

/* item[0 .. to-from-1]: the lists of source[from .. to-1]. */
int eae_signature_rows_make(const eae_signature_rows *rows, const eae_background *background,
                            int64_t genes, int64_t from, int64_t to, int threads,
                            eae_signature *item);

/* A ranking: of each gene the value farthest from 0, the first of equal ones; NaN is left out.
 * Genes stand in the order of their values. */
void eae_signature_rank(eae_signature *item, const int64_t *gene, const double *value, int64_t n,
                        int64_t genes);

/* Fails unless some values are below 0 and some above; `what` they are is for the message. */
int eae_signature_check_signs(const double *value, int64_t n, const char *what);

#endif
