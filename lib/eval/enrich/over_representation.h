/*
 * over_representation.h - are the genes of a list more often in a gene set than by chance?
 *
 * One-sided: p = P(X >= overlap), X hypergeometric: `list` genes drawn out of the universe, `size`
 * of which are in the set (Fisher's exact test, one side). All sets of a family are tested, also
 * those without a gene of the list (p = 1), and the corrections are over all of them, whatever is
 * shown: Bonferroni, Holm (1979), BH (Benjamini and Hochberg 1995), BY (Benjamini and Yekutieli
 * 2001).
 *
 * A result is shown if what `rule` names is at most alpha. It is found without sorting what is not
 * shown: the sets with bh <= alpha are those with p <= alpha R / m for the largest R that is the
 * number of such sets, reached from above.
 *
 * Time per list: an addition for each place of its genes in the sets, a comparison for each set;
 * and a table of tails for each size of a set, shared by the lists of one length.
 *
 * Threads: lists are shared out; the result does not depend on how many threads there are.
 */
#ifndef EAE_EVAL_OVER_REPRESENTATION_H
#define EAE_EVAL_OVER_REPRESENTATION_H

#include "eval/enrich/gene_sets.h"
#include "model/univariate.h"

enum { EAE_ADJUSTMENTS = EAE_ADJUST_BY + 1, EAE_ADJUST_NOT = -1 };

/* As options and columns are called. */
extern const char *const eae_adjustment_names[EAE_ADJUSTMENTS];

typedef struct eae_ora_rule {
    double alpha;
    int rule; /* an eae_adjustment, or EAE_ADJUST_NOT: p itself */
} eae_ora_rule;

/* A list inside the universe: `count` different genes, all inside. */
typedef struct eae_gene_list {
    const int32_t *gene;
    int64_t count;
} eae_gene_list;

typedef struct eae_ora_line {
    int64_t tested; /* index into the tested sets */
    int64_t overlap;
    double p;
    double adjusted[EAE_ADJUSTMENTS]; /* NaN with EAE_ADJUST_NOT, unless alpha >= 1 */
} eae_ora_line;

/* The lines shown of one list: by p, equal ones in the order of the sets. */
typedef struct eae_ora_result {
    eae_ora_line *line;
    int64_t count;
} eae_ora_result;

/* result[0..n-1], each freed by the caller: free(result[i].line). */
int eae_over_representation(const eae_tested_sets *sets, const eae_gene_list *list, int64_t n,
                            const eae_ora_rule *rule, int threads, eae_ora_result *result);

/* What is said beside p, of a list of `list` genes. */
typedef struct eae_ora_effect {
    double expected;   /* list * size / universe */
    double odds_ratio; /* of the sample, ad / bc; Inf where b or c is 0, NaN where that is 0/0 */
    double low, high;  /* 95% interval of the odds ratio: Woolf's, a half added to each cell (Gart
                          1966), two-sided */
} eae_ora_effect;
eae_ora_effect eae_ora_effect_of(int64_t overlap, int64_t list, int64_t size, int64_t universe);

#endif
