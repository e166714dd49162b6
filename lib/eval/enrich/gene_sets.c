/* gene_sets.c - see gene_sets.h. */
#include "eval/enrich/gene_sets.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "matrix/text.h"
#include "matrix/text_source.h"

/* ---- adding ------------------------------------------------------------------------------ */

void eae_gene_sets_begin(eae_gene_sets *s, const char *source)
{
    const char *slash = strrchr(source, '/');
    const char *name = strcmp(source, "-") == 0 ? "stdin" : slash ? slash + 1 : source;
    *s = (eae_gene_sets){.source = eae_strdup(name)};
    s->begin = EAE_NEW_ARRAY(int64_t, 1);
}

void eae_gene_sets_add(eae_gene_sets *s, const char *name, size_t name_length,
                       const char *description, size_t description_length)
{
    if (s->count == s->set_room) {
        s->set_room = s->set_room ? 2 * s->set_room : 256;
        s->begin = eae_realloc(s->begin, (size_t)s->set_room + 1, sizeof *s->begin);
    }
    eae_names_add(&s->name, name, name_length);
    eae_names_add(&s->description, description, description_length);
    s->count++;
    s->begin[s->count] = s->begin[s->count - 1];
}

void eae_gene_sets_add_gene(eae_gene_sets *s, int64_t gene)
{
    if (gene >= s->stamps) {
        int64_t stamps = 2 * gene + 1024;
        s->stamp = eae_realloc(s->stamp, (size_t)stamps, sizeof *s->stamp);
        memset(s->stamp + s->stamps, 0, (size_t)(stamps - s->stamps) * sizeof *s->stamp);
        s->stamps = stamps;
    }
    if (s->stamp[gene] == s->count)
        return;
    s->stamp[gene] = s->count;
    int64_t at = s->begin[s->count]++;
    if (at == s->room) {
        s->room = s->room ? 2 * s->room : 4096;
        s->gene = eae_realloc(s->gene, (size_t)s->room, sizeof *s->gene);
    }
    s->gene[at] = (int32_t)gene;
}

void eae_gene_sets_free(eae_gene_sets *s)
{
    free(s->source);
    free(s->begin);
    free(s->gene);
    free(s->stamp);
    eae_names_free(&s->name);
    eae_names_free(&s->description);
    *s = (eae_gene_sets){0};
}

/* ---- GMT --------------------------------------------------------------------------------- */

/* The field at *at of a line that ends at `end`, and on to the next; NULL after the last. */
static const char *next_field(const char **at, const char *end, size_t *length)
{
    const char *field = *at;
    if (!field)
        return NULL;
    const char *tab = memchr(field, '\t', (size_t)(end - field));
    *length = (size_t)((tab ? tab : end) - field);
    *at = tab ? tab + 1 : NULL;
    return field;
}

static int read_set(eae_gene_sets *s, const char *line, const char *end, const char *path,
                    int64_t number, eae_name_set *genes)
{
    size_t name_length, description_length = 0, length;
    const char *name = next_field(&line, end, &name_length);
    const char *description = next_field(&line, end, &description_length);
    if (!description || name_length == 0)
        return eae_fail("%s:%lld: not a set: its name, a description and its genes, separated by "
                        "tabs",
                        path, (long long)number);
    if (memchr(name, '\0', (size_t)(end - name)))
        return eae_fail("%s:%lld: a zero byte", path, (long long)number);
    eae_gene_sets_add(s, name, name_length, description, description_length);
    for (const char *gene; (gene = next_field(&line, end, &length)) != NULL;) {
        if (length > 0)
            eae_gene_sets_add_gene(s, eae_name_set_add(genes, gene, length));
    }
    return genes->names.count < INT32_MAX ? EAE_OK : eae_fail("%s: too many genes", path);
}

static int read_sets(eae_gene_sets *s, const char *text, size_t size, const char *path,
                     eae_name_set *genes)
{
    int status = EAE_OK;
    for (eae_lines l = eae_lines_of(text, size); status == EAE_OK && eae_next_line(&l);) {
        if (l.stop > l.line && *l.line != '#')
            status = read_set(s, l.line, l.stop, path, l.number, genes);
    }
    return status;
}

int eae_gene_sets_read(eae_gene_sets *s, const char *path, eae_name_set *genes)
{
    char *text;
    size_t size;
    int64_t first;
    if (eae_text_read_file(path, &text, &size) != EAE_OK)
        return EAE_FAIL;
    eae_gene_sets_begin(s, path);
    int status = read_sets(s, text, size, path, genes);
    if (status == EAE_OK && s->count == 0)
        status = eae_fail("%s: no gene set in it", path);
    int64_t second = status == EAE_OK ? eae_names_find_duplicate(&s->name, &first) : -1;
    if (second >= 0)
        status = eae_fail("%s: two sets have the name \"%s\": number %lld and number %lld", path,
                          eae_name(&s->name, second), (long long)first + 1, (long long)second + 1);
    free(text);
    if (status != EAE_OK)
        eae_gene_sets_free(s);
    return status;
}

/* ---- in a universe ----------------------------------------------------------------------- */

void eae_gene_sets_mark(const eae_gene_sets *s, bool *member)
{
    for (int64_t i = 0; i < s->begin[s->count]; i++)
        member[s->gene[i]] = true;
}

static void choose_sets(eae_tested_sets *t, int64_t min, int64_t max)
{
    const eae_gene_sets *s = t->sets;
    for (int64_t k = 0; k < s->count; k++) {
        int64_t size = 0;
        for (int64_t i = s->begin[k]; i < s->begin[k + 1]; i++)
            size += t->inside[s->gene[i]];
        t->absent += size == 0;
        t->small += size > 0 && size < min;
        t->large += size > max;
        t->largest = size > t->largest ? size : t->largest;
        if (size == 0 || size < min || size > max)
            continue;
        t->set[t->count] = k;
        t->size[t->count++] = size;
    }
}

void eae_tested_sets_make(eae_tested_sets *t, const eae_gene_sets *sets, const bool *inside,
                          int64_t genes, int64_t min, int64_t max)
{
    *t = (eae_tested_sets){.sets = sets, .inside = inside};
    for (int64_t g = 0; g < genes; g++)
        t->universe += inside[g];
    t->set = eae_malloc((size_t)sets->count, sizeof *t->set);
    t->size = eae_malloc((size_t)sets->count, sizeof *t->size);
    choose_sets(t, min, max);
    t->begin = EAE_NEW_ARRAY(int64_t, genes + 2);
    for (int64_t k = 0; k < t->count; k++) {
        for (int64_t i = sets->begin[t->set[k]]; i < sets->begin[t->set[k] + 1]; i++)
            t->begin[sets->gene[i] + 2] += inside[sets->gene[i]];
    }
    for (int64_t g = 0; g < genes; g++)
        t->begin[g + 2] += t->begin[g + 1];
    t->in = eae_malloc((size_t)t->begin[genes + 1], sizeof *t->in);
    /* begin[g + 1] runs from the first to the end of the places of g */
    for (int64_t k = 0; k < t->count; k++) {
        for (int64_t i = sets->begin[t->set[k]]; i < sets->begin[t->set[k] + 1]; i++) {
            if (inside[sets->gene[i]])
                t->in[t->begin[sets->gene[i] + 1]++] = (int32_t)k;
        }
    }
}

void eae_tested_sets_free(eae_tested_sets *t)
{
    free(t->set);
    free(t->size);
    free(t->begin);
    free(t->in);
    *t = (eae_tested_sets){0};
}
