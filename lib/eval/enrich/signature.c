/* signature.c - see signature.h. What the rows of frames select is in signature_rows.c. */
#include "eval/enrich/signature.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "eval/enrich/signature_rows.h"
#include "matrix/text.h"

/* ---- rules ------------------------------------------------------------------------------- */

int eae_genes_parse(const char *text, eae_genes_rule *rule)
{
    rule->kind = EAE_GENES_DEFAULT;
    rule->number = 0;
    if (!text)
        return EAE_OK;
    const char *colon = strchr(text, ':');
    bool number =
        colon && eae_parse_int(colon + 1, strlen(colon + 1), &rule->number) && rule->number > 0;
    if (strcmp(text, "nonzero") == 0)
        rule->kind = EAE_GENES_NONZERO;
    else if (number && strncmp(text, "top:", 4) == 0)
        rule->kind = EAE_GENES_TOP;
    else if (number && strncmp(text, "rank:", 5) == 0)
        rule->kind = EAE_GENES_RANK;
    else
        return eae_fail_usage("--genes: '%s' is none of top:K, nonzero and rank:K, K above 0",
                              text);
    return EAE_OK;
}

/* ---- names to genes ---------------------------------------------------------------------- */

/* Adds a background of these names. */
static int add_background(eae_signatures *s, const eae_names *names, const char *map,
                          eae_name_set *genes)
{
    eae_background b = {names->count, eae_malloc((size_t)names->count, sizeof *b.gene)};
    eae_feature_map m = {0};
    int status = map ? eae_feature_map_read(&m, map, names) : EAE_OK;
    if (status == EAE_OK && map)
        eae_feature_map_note(&m, map);
    for (int64_t j = 0; j < names->count && status == EAE_OK; j++) {
        int64_t mapped = map ? m.gene[j] : j;
        const char *gene = mapped < 0 ? NULL : eae_name(map ? &m.genes.names : names, mapped);
        b.gene[j] = gene ? eae_name_set_add(genes, gene, strlen(gene)) : mapped;
    }
    eae_feature_map_free(&m);
    if (status == EAE_OK && genes->names.count >= INT32_MAX)
        status = eae_fail("too many genes");
    s->background = eae_realloc(s->background, (size_t)s->backgrounds + 1, sizeof *s->background);
    s->background[s->backgrounds++] = b;
    return status;
}

/* ---- plain lists ------------------------------------------------------------------------- */

int eae_names_of_lines(eae_names *names, const char *text, size_t length, const char *source)
{
    for (eae_lines l = eae_lines_of(text, length); eae_next_line(&l);) {
        while (l.stop > l.line && (l.stop[-1] == '\r' || l.stop[-1] == ' ' || l.stop[-1] == '\t'))
            l.stop--;
        size_t n = (size_t)(l.stop - l.line);
        if (memchr(l.line, '\0', n))
            return eae_fail("%s:%lld: a zero byte: neither a stream nor a list of names", source,
                            (long long)l.number);
        if (memchr(l.line, '\t', n))
            return eae_fail("%s:%lld: several columns, where a list has a name on each line; cut "
                            "-f 1 takes the first of a table",
                            source, (long long)l.number);
        if (n > 0 && *l.line != '#')
            eae_names_add(names, l.line, n);
    }
    return names->count > 0 ? EAE_OK : eae_fail("%s: no name in it", source);
}

/* The different genes of a background, as a list. */
static void whole_background(eae_signatures *s, int background, int64_t genes)
{
    const eae_background *b = &s->background[background];
    bool *seen = EAE_NEW_ARRAY(bool, genes);
    eae_signature *item = &s->item[s->count++];
    *item = (eae_signature){.background = background};
    item->gene = eae_malloc((size_t)b->count, sizeof *item->gene);
    for (int64_t j = 0; j < b->count; j++) {
        if (b->gene[j] < 0 || seen[b->gene[j]])
            continue;
        seen[b->gene[j]] = true;
        item->gene[item->count++] = (int32_t)b->gene[j];
    }
    free(seen);
}

int eae_signatures_of_text(eae_signatures *s, const char *text, size_t length, const char *source,
                           const char *map, eae_name_set *genes, int shard, int shards)
{
    eae_names names = {0};
    eae_name_set ids = {0};
    *s = (eae_signatures){0};
    int status = eae_names_of_lines(&names, text, length, source);
    for (int64_t i = 0; i < names.count; i++) {
        const char *name = eae_name(&names, i);
        eae_name_set_add(&ids, name, strlen(name));
    }
    if (status == EAE_OK)
        status = add_background(s, &ids.names, map, genes);
    if (status == EAE_OK) {
        s->item = EAE_NEW_ARRAY(eae_signature, 1);
        if (shard == shards)
            whole_background(s, 0, genes->names.count);
    }
    eae_names_free(&names);
    eae_name_set_free(&ids);
    if (status != EAE_OK)
        eae_signatures_free(s);
    return status;
}

/* ---- a ranking --------------------------------------------------------------------------- */

/* What stands where a number should: text that is no missing value either, on the first line. */
static bool is_header(int64_t number, const char *field, const char *end)
{
    static const char *const missing[] = {"NA", "NaN", "nan", "inf", "-inf", "Inf", "-Inf", ""};
    double x;
    size_t n = (size_t)(end - field);
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        if (strlen(missing[i]) == n && memcmp(missing[i], field, n) == 0)
            return false;
    }
    return number == 1 && !eae_parse_double(field, n, &x) && !memchr(field, '\t', n);
}

/* "name<TAB>number" lines, perhaps below a header, into a set of names and their numbers. */
static int read_ranking(const char *text, size_t length, const char *source, eae_name_set *ids,
                        double **value)
{
    int64_t room = 0;
    for (eae_lines l = eae_lines_of(text, length); eae_next_line(&l);) {
        const char *tab = memchr(l.line, '\t', (size_t)(l.stop - l.line));
        double x;
        if (l.stop == l.line || *l.line == '#' || (tab && is_header(l.number, tab + 1, l.stop)))
            continue;
        if (!tab || !eae_parse_double(tab + 1, (size_t)(l.stop - tab - 1), &x) || !isfinite(x))
            return eae_fail("%s:%lld: not a name and a number, separated by a tab", source,
                            (long long)l.number);
        size_t n = (size_t)(tab - l.line);
        int64_t before = ids->names.count, at = eae_name_set_add(ids, l.line, n);
        if (at < before)
            return eae_fail("%s:%lld: %.*s is there twice", source, (long long)l.number, (int)n,
                            l.line);
        if (at >= room) {
            room = room ? 2 * room : 1024;
            *value = eae_realloc(*value, (size_t)room, sizeof **value);
        }
        (*value)[at] = x;
    }
    return ids->names.count > 0 ? EAE_OK : eae_fail("%s: no name in it", source);
}

int eae_signatures_of_ranking(eae_signatures *s, const char *text, size_t length,
                              const char *source, const char *map, eae_name_set *genes, int shard,
                              int shards)
{
    eae_name_set ids = {0};
    double *value = NULL;
    *s = (eae_signatures){0};
    char *what = eae_sprintf("number of %s", source);
    int status = read_ranking(text, length, source, &ids, &value);
    if (status == EAE_OK)
        status = eae_signature_check_signs(value, ids.names.count, what);
    free(what);
    if (status == EAE_OK)
        status = add_background(s, &ids.names, map, genes);
    if (status == EAE_OK) {
        s->item = EAE_NEW_ARRAY(eae_signature, 1);
        s->count = shard == shards;
        if (s->count > 0)
            eae_signature_rank(&s->item[0], s->background[0].gene, value, ids.names.count,
                               genes->names.count);
    }
    eae_name_set_free(&ids);
    free(value);
    if (status != EAE_OK)
        eae_signatures_free(s);
    return status;
}

/* ---- a file of lists --------------------------------------------------------------------- */

/* From numbers of ids to numbers of genes, each gene once in a list. */
static void take_list(eae_signatures *s, int64_t k, int64_t *stamp)
{
    const eae_gene_sets *lists = &s->lists;
    const int64_t *gene = s->background[0].gene;
    eae_signature *item = &s->item[s->count++];
    int64_t most = lists->begin[k + 1] - lists->begin[k];
    *item = (eae_signature){.name = eae_name(&lists->name, k), .background = -1};
    item->gene = eae_malloc((size_t)most, sizeof *item->gene);
    for (int64_t i = lists->begin[k]; i < lists->begin[k + 1]; i++) {
        int64_t g = gene[lists->gene[i]];
        if (g < 0 || stamp[g] == k + 1)
            continue;
        stamp[g] = k + 1;
        item->gene[item->count++] = (int32_t)g;
    }
}

int eae_signatures_of_lists(eae_signatures *s, const char *path, const char *map,
                            eae_name_set *genes, int shard, int shards)
{
    eae_name_set ids = {0};
    *s = (eae_signatures){0};
    int status = eae_gene_sets_read(&s->lists, path, &ids);
    if (status == EAE_OK)
        status = add_background(s, &ids.names, map, genes);
    if (status == EAE_OK) {
        int64_t all = s->lists.count;
        int64_t *stamp = EAE_NEW_ARRAY(int64_t, genes->names.count);
        s->item = EAE_NEW_ARRAY(eae_signature, all);
        for (int64_t k = all * (shard - 1) / shards; k < all * shard / shards; k++)
            take_list(s, k, stamp);
        free(stamp);
    }
    eae_name_set_free(&ids);
    if (status != EAE_OK)
        eae_signatures_free(s);
    return status;
}

/* ---- frames ------------------------------------------------------------------------------ */

/* A background for each frame that has a selector; equal frames of names are not looked for. */
static int map_frames(eae_signatures *s, eae_signature_rows *rows, const char *map,
                      eae_name_set *genes)
{
    const eae_frame *last = NULL;
    for (int i = 0; i < s->selectors.count; i++) {
        const eae_frame *f = s->selectors.selector[i].frame;
        if (!eae_signature_uses(rows, i))
            continue;
        if (f != last && add_background(s, &f->cols.names, map, genes) != EAE_OK)
            return EAE_FAIL;
        for (int64_t j = 0; j < f->cols.count; j++) {
            if (s->selectors.selector[i].number[j] < 0) /* a covariate was not measured as a gene */
                s->background[s->backgrounds - 1].gene[j] = EAE_UNMAPPED;
        }
        last = f;
        rows->background[i] = s->backgrounds - 1;
    }
    return EAE_OK;
}

int eae_signatures_of_frames(eae_signatures *s, eae_frame *const *frame, int n,
                             const eae_genes_rule *rule, const char *map, eae_name_set *genes,
                             int shard, int shards, int threads)
{
    eae_signature_rows rows = {0};
    *s = (eae_signatures){0};
    int status = eae_selectors_open_rows(&s->selectors, frame, n, EAE_SELECTOR_ALL, true);
    if (status != EAE_OK)
        return status;
    status = eae_signature_rows_choose(&rows, &s->selectors, rule);
    if (status == EAE_OK)
        status = map_frames(s, &rows, map, genes);
    if (status == EAE_OK) {
        int64_t from = rows.count * (shard - 1) / shards, to = rows.count * shard / shards;
        s->item = EAE_NEW_ARRAY(eae_signature, rows.count);
        s->count = to - from;
        status = eae_signature_rows_make(&rows, s->background, genes->names.count, from, to,
                                         threads, s->item);
    }
    eae_signature_rows_free(&rows);
    if (status != EAE_OK)
        eae_signatures_free(s);
    return status;
}

void eae_signatures_free(eae_signatures *s)
{
    for (int64_t i = 0; i < s->count; i++) {
        free(s->item[i].gene);
        free(s->item[i].statistic);
    }
    for (int b = 0; b < s->backgrounds; b++)
        free(s->background[b].gene);
    free(s->item);
    free(s->background);
    eae_selectors_close(&s->selectors);
    eae_gene_sets_free(&s->lists);
    *s = (eae_signatures){0};
}
