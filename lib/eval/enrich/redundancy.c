/* redundancy.c - see redundancy.h. */
#include "eval/enrich/redundancy.h"

#include <stdlib.h>

#include "base/memory.h"

/* Is tested set k, to one of those kept? shared: per tested set, 0 before and after. */
static bool is_redundant(const eae_tested_sets *sets, int64_t k, const eae_ora_line *kept,
                         int64_t kept_count, double limit, int64_t *shared)
{
    const eae_gene_sets *all = sets->sets;
    for (int64_t i = all->begin[sets->set[k]]; i < all->begin[sets->set[k] + 1]; i++) {
        int32_t g = all->gene[i];
        if (!sets->inside[g])
            continue;
        for (int64_t at = sets->begin[g]; at < sets->begin[g + 1]; at++)
            shared[sets->in[at]]++;
    }
    bool redundant = false;
    for (int64_t i = 0; i < kept_count && !redundant; i++) {
        int64_t other = kept[i].tested;
        int64_t smaller = sets->size[k] < sets->size[other] ? sets->size[k] : sets->size[other];
        redundant = (double)shared[other] >= limit * (double)smaller;
    }
    for (int64_t i = all->begin[sets->set[k]]; i < all->begin[sets->set[k] + 1]; i++) {
        int32_t g = all->gene[i];
        if (!sets->inside[g])
            continue;
        for (int64_t at = sets->begin[g]; at < sets->begin[g + 1]; at++)
            shared[sets->in[at]] = 0;
    }
    return redundant;
}

void eae_prune_redundant(const eae_tested_sets *sets, double limit, int64_t top,
                         eae_ora_result *result, int64_t *pruned)
{
    int64_t *shared = EAE_NEW_ARRAY(int64_t, sets->count), kept = 0;
    *pruned = 0;
    for (int64_t i = 0; i < result->count && (top == 0 || kept < top); i++) {
        if (is_redundant(sets, result->line[i].tested, result->line, kept, limit, shared))
            ++*pruned;
        else
            result->line[kept++] = result->line[i];
    }
    result->count = kept;
    free(shared);
}
