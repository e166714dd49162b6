/*
 * collapse.c - probes to genes by a map (reshape.h).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "matrix/reshape.h"
#include "matrix/text_source.h"
#include "matrix/transform_inside.h"

enum { UNMAPPED = -1, AMBIGUOUS = -2 };

typedef struct {
    int64_t *gene;   /* of each feature: an index into genes, or one of the above */
    eae_names genes; /* as the map names them, in the order of the map */
    int64_t *order;  /* genes with features, by first feature */
    int64_t count;
    int64_t *begin; /* features of the k-th gene of `order`: member[begin[k] .. begin[k+1]-1] */
    int64_t *member;
} grouping;

static void free_grouping(grouping *g)
{
    free(g->gene);
    eae_names_free(&g->genes);
    free(g->order);
    free(g->begin);
    free(g->member);
}

/* ---- the map ---------------------------------------------------------------------------- */

/* The next field of a line that ends at `end`: quotes around it are taken off. */
static const char *next_field(const char **at, const char *end, char delimiter, size_t *n)
{
    const char *field = *at;
    const char *stop = memchr(field, delimiter, (size_t)(end - field));
    if (!stop)
        stop = end;
    *at = stop < end ? stop + 1 : end;
    *n = (size_t)(stop - field);
    if (*n >= 2 && field[0] == '"' && field[*n - 1] == '"') {
        field++;
        *n -= 2;
    }
    return field;
}

static bool several(const char *gene, size_t n)
{
    for (size_t i = 0; i + 3 <= n; i++) {
        if (memcmp(gene + i, "///", 3) == 0)
            return true;
    }
    return false;
}

/* Genes by name while the map is read: open addressing over positions in `genes`. */
typedef struct {
    int64_t *slot;
    size_t size;
} gene_table;

static void grow(gene_table *t, const eae_names *genes)
{
    size_t size = t->size ? 2 * t->size : 1024;
    free(t->slot);
    t->slot = eae_malloc(size, sizeof *t->slot);
    t->size = size;
    memset(t->slot, 0xff, size * sizeof *t->slot);
    for (int64_t g = 0; g < genes->count; g++) {
        const char *name = eae_name(genes, g);
        size_t at = eae_hash64(name, strlen(name)) & (size - 1);
        while (t->slot[at] >= 0)
            at = (at + 1) & (size - 1);
        t->slot[at] = g;
    }
}

static int64_t gene_of(gene_table *t, eae_names *genes, const char *name, size_t n)
{
    if (2 * ((size_t)genes->count + 1) > t->size)
        grow(t, genes);
    size_t at = eae_hash64(name, n) & (t->size - 1);
    for (; t->slot[at] >= 0; at = (at + 1) & (t->size - 1)) {
        const char *have = eae_name(genes, t->slot[at]);
        if (strlen(have) == n && memcmp(have, name, n) == 0)
            return t->slot[at];
    }
    t->slot[at] = genes->count;
    eae_names_add(genes, name, n);
    return t->slot[at];
}

static int read_line(const char *line, const char *end, const char *path, int64_t number,
                     const eae_name_index *features, gene_table *table, grouping *g)
{
    char delimiter = memchr(line, '\t', (size_t)(end - line)) ? '\t' : ',';
    size_t feature_length, gene_length;
    const char *feature = next_field(&line, end, delimiter, &feature_length);
    if (line == end && line[-1] != delimiter)
        return eae_fail("%s:%lld: one column, not a feature and its gene", path, (long long)number);
    const char *gene = next_field(&line, end, delimiter, &gene_length);
    int64_t j = eae_name_find(features, feature, feature_length);
    if (j < 0 || gene_length == 0 || (gene_length == 3 && memcmp(gene, "---", 3) == 0))
        return EAE_OK;
    if (several(gene, gene_length)) {
        g->gene[j] = AMBIGUOUS;
        return EAE_OK;
    }
    int64_t have = gene_of(table, &g->genes, gene, gene_length);
    if (g->gene[j] == UNMAPPED)
        g->gene[j] = have;
    else if (g->gene[j] != have)
        g->gene[j] = AMBIGUOUS;
    return EAE_OK;
}

static int read_map(const char *path, const eae_names *features, grouping *g)
{
    char *text;
    size_t length;
    if (eae_text_read_file(path, &text, &length) != EAE_OK)
        return EAE_FAIL;
    int status = EAE_OK;
    int64_t number = 0;
    gene_table table = {0};
    eae_name_index *index = eae_name_index_new(features);
    for (char *line = text; line < text + length && status == EAE_OK;) {
        char *end = memchr(line, '\n', (size_t)(text + length - line));
        char *next = end ? end + 1 : text + length;
        if (!end)
            end = text + length;
        if (end > line && end[-1] == '\r')
            end--;
        number++;
        if (end > line && *line != '#')
            status = read_line(line, end, path, number, index, &table, g);
        line = next;
    }
    eae_name_index_free(index);
    free(table.slot);
    free(text);
    return status;
}

/* ---- groups ----------------------------------------------------------------------------- */

static void group(grouping *g, int64_t features)
{
    int64_t genes = g->genes.count;
    int64_t *place = eae_malloc((size_t)genes, sizeof *place);
    memset(place, 0xff, (size_t)genes * sizeof *place);
    g->order = eae_malloc((size_t)genes, sizeof *g->order);
    g->begin = EAE_NEW_ARRAY(int64_t, genes + 1);
    g->member = eae_malloc((size_t)features, sizeof *g->member);
    for (int64_t j = 0; j < features; j++) {
        int64_t gene = g->gene[j];
        if (gene < 0)
            continue;
        if (place[gene] < 0) {
            place[gene] = g->count;
            g->order[g->count++] = gene;
        }
        g->begin[place[gene] + 1]++;
    }
    for (int64_t k = 0; k < g->count; k++)
        g->begin[k + 1] += g->begin[k];
    int64_t *next = eae_malloc((size_t)genes, sizeof *next);
    memcpy(next, g->begin, (size_t)genes * sizeof *next);
    for (int64_t j = 0; j < features; j++) {
        if (g->gene[j] >= 0)
            g->member[next[place[g->gene[j]]]++] = j;
    }
    free(next);
    free(place);
}

static void say_dropped(const grouping *g, int64_t features, const char *path)
{
    int64_t unmapped = 0, ambiguous = 0;
    for (int64_t j = 0; j < features; j++) {
        unmapped += g->gene[j] == UNMAPPED;
        ambiguous += g->gene[j] == AMBIGUOUS;
    }
    if (unmapped + ambiguous > 0)
        eae_note("%s: dropped %lld unmapped and %lld ambiguous of %lld features", path,
                 (long long)unmapped, (long long)ambiguous, (long long)features);
}

/* ---- values ----------------------------------------------------------------------------- */

/* For each gene the member with the highest mean over the values that are there. */
static int pick_best(const eae_frame *f, const grouping *g, eae_frame **out)
{
    int64_t p = f->cols.count;
    double *sum = EAE_NEW_ARRAY(double, p), *count = EAE_NEW_ARRAY(double, p);
    double *x = eae_malloc((size_t)p, sizeof *x);
    int64_t *best = eae_malloc((size_t)g->count, sizeof *best);
    for (int64_t i = 0; i < f->rows.count; i++) {
        eae_row_load(f, i, x);
        for (int64_t j = 0; j < p; j++) {
            sum[j] += isnan(x[j]) ? 0 : x[j];
            count[j] += isnan(x[j]) ? 0 : 1;
        }
    }
    for (int64_t k = 0; k < g->count; k++) {
        best[k] = g->member[g->begin[k]];
        for (int64_t m = g->begin[k] + 1; m < g->begin[k + 1]; m++) {
            int64_t j = g->member[m];
            bool better = count[best[k]] == 0 || sum[j] / count[j] > sum[best[k]] / count[best[k]];
            if (count[j] > 0 && better)
                best[k] = j;
        }
    }
    int status = eae_frame_select(f, NULL, 0, best, g->count, out);
    if (status == EAE_OK) {
        eae_annot *probe = eae_axis_add(&(*out)->cols, "probe", EAE_ANNOT_TEXT);
        for (int64_t k = 0; k < g->count; k++)
            eae_annot_set_text(probe, k, eae_name(&f->cols.names, best[k]));
    }
    free(best);
    free(x);
    free(count);
    free(sum);
    return status;
}

/* The mean or median of the members that have a value; NaN if none has. */
static double summary(const double *x, const int64_t *member, int64_t n, bool median, eae_ranked *a)
{
    double sum = 0;
    int64_t count = 0;
    for (int64_t m = 0; m < n; m++) {
        if (isnan(x[member[m]]))
            continue;
        sum += x[member[m]];
        a[count++] = (eae_ranked){x[member[m]], m};
    }
    if (count == 0)
        return NAN;
    if (!median)
        return sum / (double)count;
    for (int64_t k = 1; k < count; k++) { /* a gene has a handful of probes */
        eae_ranked v = a[k];
        int64_t at = k;
        for (; at > 0 && a[at - 1].value > v.value; at--)
            a[at] = a[at - 1];
        a[at] = v;
    }
    return count % 2 ? a[count / 2].value : (a[count / 2 - 1].value + a[count / 2].value) / 2;
}

static int summarise(const eae_frame *f, const grouping *g, bool median, eae_frame **out)
{
    eae_type type = f->type == EAE_F32 ? EAE_F32 : EAE_F64;
    if (eae_frame_new(out, f->kind, type, f->rows.count, g->count) != EAE_OK)
        return EAE_FAIL;
    eae_axis_copy(&(*out)->rows, &f->rows);
    eae_names_copy(&(*out)->history, &f->history);
    double *x = eae_malloc((size_t)f->cols.count, sizeof *x);
    double *y = eae_malloc((size_t)g->count, sizeof *y);
    eae_ranked *a = eae_malloc((size_t)f->cols.count, sizeof *a);
    for (int64_t i = 0; i < f->rows.count; i++) {
        eae_row_load(f, i, x);
        for (int64_t k = 0; k < g->count; k++)
            y[k] = summary(x, g->member + g->begin[k], g->begin[k + 1] - g->begin[k], median, a);
        eae_row_store(*out, i, y);
    }
    free(a);
    free(y);
    free(x);
    return EAE_OK;
}

int eae_collapse_features(eae_frame **f, const char *map, eae_collapse how)
{
    int64_t p = (*f)->cols.count;
    grouping g = {0};
    eae_frame *out = NULL;
    if ((*f)->cols.names.count == 0)
        return eae_fail("--map: the features have no names");
    g.gene = eae_malloc((size_t)p, sizeof *g.gene);
    for (int64_t j = 0; j < p; j++)
        g.gene[j] = UNMAPPED;
    int status = read_map(map, &(*f)->cols.names, &g);
    if (status == EAE_OK)
        group(&g, p);
    if (status == EAE_OK && g.count == 0)
        status = eae_fail("%s: maps none of the %lld features", map, (long long)p);
    if (status == EAE_OK)
        say_dropped(&g, p, map);
    if (status == EAE_OK && how == EAE_COLLAPSE_MAXMEAN)
        status = pick_best(*f, &g, &out);
    else if (status == EAE_OK)
        status = summarise(*f, &g, how == EAE_COLLAPSE_MEDIAN, &out);
    if (status == EAE_OK) {
        eae_names_free(&out->cols.names);
        for (int64_t k = 0; k < g.count; k++) {
            const char *gene = eae_name(&g.genes, g.order[k]);
            eae_names_add(&out->cols.names, gene, strlen(gene));
        }
        eae_frame_free(*f);
        *f = out;
    }
    free_grouping(&g);
    return status;
}
