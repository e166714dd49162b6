/*
 * collapse.c - probes to genes by a map (reshape.h).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "matrix/feature_map.h"
#include "matrix/reshape.h"
#include "matrix/transform_inside.h"

typedef struct {
    eae_feature_map map;
    int64_t *order; /* genes with features, by first feature */
    int64_t count;
    int64_t *begin; /* features of the k-th gene of `order`: member[begin[k] .. begin[k+1]-1] */
    int64_t *member;
} grouping;

static void free_grouping(grouping *g)
{
    eae_feature_map_free(&g->map);
    free(g->order);
    free(g->begin);
    free(g->member);
}

/* ---- groups ----------------------------------------------------------------------------- */

static void group(grouping *g, int64_t features)
{
    int64_t genes = g->map.genes.names.count;
    int64_t *place = eae_malloc((size_t)genes, sizeof *place);
    memset(place, 0xff, (size_t)genes * sizeof *place);
    g->order = eae_malloc((size_t)genes, sizeof *g->order);
    g->begin = EAE_NEW_ARRAY(int64_t, genes + 1);
    g->member = eae_malloc((size_t)features, sizeof *g->member);
    for (int64_t j = 0; j < features; j++) {
        int64_t gene = g->map.gene[j];
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
        if (g->map.gene[j] >= 0)
            g->member[next[place[g->map.gene[j]]]++] = j;
    }
    free(next);
    free(place);
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
    int status = eae_feature_map_read(&g.map, map, &(*f)->cols.names);
    if (status == EAE_OK)
        group(&g, p);
    if (status == EAE_OK && g.count == 0)
        status = eae_fail("%s: maps none of the %lld features", map, (long long)p);
    if (status == EAE_OK)
        eae_feature_map_note(&g.map, map);
    if (status == EAE_OK && how == EAE_COLLAPSE_MAXMEAN)
        status = pick_best(*f, &g, &out);
    else if (status == EAE_OK)
        status = summarise(*f, &g, how == EAE_COLLAPSE_MEDIAN, &out);
    if (status == EAE_OK) {
        eae_names_free(&out->cols.names);
        for (int64_t k = 0; k < g.count; k++) {
            const char *gene = eae_name(&g.map.genes.names, g.order[k]);
            eae_names_add(&out->cols.names, gene, strlen(gene));
        }
        eae_frame_free(*f);
        *f = out;
    }
    free_grouping(&g);
    return status;
}
