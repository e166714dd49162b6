/* ontology_sets.c - annotations (GAF) and what follows from them by the true-path rule; see
 * ontology.h. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/enrich/ontology.h"
#include "matrix/text.h"
#include "matrix/text_source.h"

/* Columns of GAF 2.x, from 0. */
enum { GAF_SYMBOL = 2, GAF_QUALIFIER = 3, GAF_TERM = 4, GAF_LEAST = 7 };

/* Genes of a term, with repeats; its own, and after lift() those of its descendants. */
typedef struct {
    int64_t *gene;
    int64_t count, room;
} gene_vector;

static void push(gene_vector *v, int64_t gene)
{
    if (v->count == v->room) {
        v->room = v->room ? 2 * v->room : 8;
        v->gene = eae_realloc(v->gene, (size_t)v->room, sizeof *v->gene);
    }
    v->gene[v->count++] = gene;
}

/* ---- GAF --------------------------------------------------------------------------------- */

/* Is NOT one of the words between bars? */
static bool negated(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        const char *bar = memchr(text + i, '|', length - i);
        size_t n = bar ? (size_t)(bar - text) - i : length - i;
        if (n == 3 && memcmp(text + i, "NOT", 3) == 0)
            return true;
        i += n + 1;
    }
    return false;
}

static int read_annotation(const eae_ontology *o, const char *line, const char *end,
                           const char *path, int64_t number, eae_name_set *genes, gene_vector *own,
                           eae_gaf_counts *counts)
{
    const char *field[GAF_LEAST], *at = line;
    size_t length[GAF_LEAST];
    for (int c = 0; c < GAF_LEAST; c++) {
        const char *tab = at ? memchr(at, '\t', (size_t)(end - at)) : NULL;
        if (!at)
            return eae_fail("%s:%lld: %d columns: no annotation of a GAF 2.x file", path,
                            (long long)number, c);
        field[c] = at;
        length[c] = (size_t)((tab ? tab : end) - at);
        at = tab ? tab + 1 : NULL;
    }
    counts->annotations++;
    if (length[GAF_SYMBOL] == 0)
        return eae_fail("%s:%lld: column 3: the symbol is missing", path, (long long)number);
    if (negated(field[GAF_QUALIFIER], length[GAF_QUALIFIER])) {
        counts->negated++;
        return EAE_OK;
    }
    int64_t term = eae_ontology_term(o, field[GAF_TERM], length[GAF_TERM]);
    counts->obsolete += term == EAE_TERM_OBSOLETE;
    counts->unknown += term == EAE_TERM_UNKNOWN;
    if (term >= 0)
        push(&own[term], eae_name_set_add(genes, field[GAF_SYMBOL], length[GAF_SYMBOL]));
    return EAE_OK;
}

static int read_annotations(const eae_ontology *o, const char *path, eae_name_set *genes,
                            gene_vector *own, eae_gaf_counts *counts)
{
    char *text;
    size_t size;
    if (eae_text_read_file(path, &text, &size) != EAE_OK)
        return EAE_FAIL;
    int status =
        memchr(text, '\0', size) ? eae_fail("%s: a zero byte in it: no GAF file", path) : EAE_OK;
    for (eae_lines l = eae_lines_of(text, size); status == EAE_OK && eae_next_line(&l);) {
        if (l.stop > l.line && *l.line != '!')
            status = read_annotation(o, l.line, l.stop, path, l.number, genes, own, counts);
    }
    free(text);
    if (status == EAE_OK && counts->annotations == 0)
        status = eae_fail("%s: no annotation in it", path);
    return status;
}

/* ---- upwards ----------------------------------------------------------------------------- */

/* In the order of the ontology a term has all its genes before they go on to its parents. */
static void lift(const eae_ontology *o, gene_vector *v, int64_t genes)
{
    int64_t *stamp = EAE_NEW_ARRAY(int64_t, genes);
    for (int64_t i = 0; i < o->id.count; i++) {
        int64_t t = o->upward[i], kept = 0;
        for (int64_t k = 0; k < v[t].count; k++) {
            int64_t g = v[t].gene[k];
            if (stamp[g] != i + 1)
                v[t].gene[kept++] = g;
            stamp[g] = i + 1;
        }
        v[t].count = kept;
        for (int64_t p = o->begin[t]; p < o->begin[t + 1]; p++) {
            for (int64_t k = 0; k < kept; k++)
                push(&v[o->parent[p]], v[t].gene[k]);
        }
    }
    free(stamp);
}

int eae_ontology_sets(const eae_ontology *o, const char *path, eae_name_set *genes,
                      eae_gene_sets *sets, eae_gaf_counts *counts)
{
    gene_vector *v = EAE_NEW_ARRAY(gene_vector, o->id.count);
    *counts = (eae_gaf_counts){0};
    eae_gene_sets_begin(sets, path);
    int status = read_annotations(o, path, genes, v, counts);
    if (status == EAE_OK)
        lift(o, v, genes->names.count);
    for (int64_t t = 0; t < o->id.count && status == EAE_OK; t++) {
        const char *id = eae_name(&o->id, t), *name = eae_name(&o->name, t);
        if (v[t].count > 0)
            eae_gene_sets_add(sets, id, strlen(id), name, strlen(name));
        for (int64_t k = 0; k < v[t].count; k++)
            eae_gene_sets_add_gene(sets, v[t].gene[k]);
    }
    if (status == EAE_OK && sets->count == 0)
        status = eae_fail("%s: none of its %lld annotations is to a term of %s", path,
                          (long long)counts->annotations, o->source);
    for (int64_t t = 0; t < o->id.count; t++)
        free(v[t].gene);
    free(v);
    if (status != EAE_OK)
        eae_gene_sets_free(sets);
    return status;
}
