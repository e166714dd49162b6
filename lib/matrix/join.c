/*
 * join.c - blocks of features side by side by sample name (reshape.h).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "matrix/reshape.h"
#include "matrix/transform_inside.h"

typedef struct {
    eae_frame *const *block;
    int count;
    eae_name_index **index; /* of each block's sample names */
    eae_names samples;      /* of the result */
} joining;

/* ---- which samples ---------------------------------------------------------------------- */

static int check_block(const eae_frame *f, const char *name)
{
    int64_t first, second;
    if (f->kind != EAE_KIND_DATA)
        return eae_fail("--join: '%s' is a %s frame", name, eae_kind_name(f->kind));
    if (f->rows.names.count == 0 || f->cols.names.count == 0)
        return eae_fail("--join: '%s' has no names to join by", name);
    second = eae_names_find_duplicate(&f->rows.names, &first);
    if (second >= 0)
        return eae_fail("--join: '%s' has sample '%s' twice", name,
                        eae_name(&f->rows.names, second));
    return EAE_OK;
}

/* Is the name in blocks from .. to-1: in all of them, in any of them? */
static void where(const joining *w, const char *name, int from, int to, bool *all, bool *any)
{
    *all = true;
    *any = false;
    for (int b = from; b < to; b++) {
        bool here = eae_name_find(w->index[b], name, strlen(name)) >= 0;
        *all = *all && here;
        *any = *any || here;
    }
}

static void choose_samples(joining *w, bool all)
{
    int64_t seen = 0;
    for (int b = 0; b < w->count; b++) {
        const eae_names *names = &w->block[b]->rows.names;
        for (int64_t i = 0; i < names->count; i++) {
            const char *name = eae_name(names, i);
            bool in_all, in_any, before_all, before_any;
            where(w, name, 0, w->count, &in_all, &in_any);
            where(w, name, 0, b, &before_all, &before_any);
            if (before_any)
                continue;
            seen++;
            if (all || in_all)
                eae_names_add(&w->samples, name, strlen(name));
        }
    }
    if (seen > w->samples.count)
        eae_note("--join: %lld of %lld samples are not in every block and are left out "
                 "(--join-all keeps them)",
                 (long long)(seen - w->samples.count), (long long)seen);
}

/* ---- annotations ------------------------------------------------------------------------ */

static bool same_value(const eae_annot *a, int64_t i, const eae_annot *b, int64_t j)
{
    switch (a->type) {
    case EAE_ANNOT_F64:
        return a->f64[i] == b->f64[j];
    case EAE_ANNOT_I64:
        return a->i64[i] == b->i64[j];
    case EAE_ANNOT_TEXT:
        return strcmp(eae_annot_text(a, i), eae_annot_text(b, j)) == 0;
    }
    return false;
}

static void set_value(eae_annot *a, int64_t i, const eae_annot *b, int64_t j)
{
    switch (a->type) {
    case EAE_ANNOT_F64:
        a->f64[i] = b->f64[j];
        break;
    case EAE_ANNOT_I64:
        a->i64[i] = b->i64[j];
        break;
    case EAE_ANNOT_TEXT:
        eae_annot_set_text(a, i, eae_annot_text(b, j));
        break;
    }
}

static int join_annotation(const joining *w, int b, const eae_annot *from, eae_axis *rows)
{
    eae_annot *to = eae_axis_find(rows, from->name);
    if (to && to->type != from->type)
        return eae_fail("--join: '%s' is text in one block and a number in another", from->name);
    if (!to) {
        to = eae_axis_add(rows, from->name, from->type);
        if (from->type == EAE_ANNOT_TEXT)
            eae_names_copy(&to->dict, &from->dict);
    }
    for (int64_t i = 0; i < rows->count; i++) {
        const char *name = eae_name(&rows->names, i);
        int64_t j = eae_name_find(w->index[b], name, strlen(name));
        if (j < 0 || eae_annot_is_missing(from, j))
            continue;
        if (eae_annot_is_missing(to, i))
            set_value(to, i, from, j);
        else if (!same_value(to, i, from, j))
            return eae_fail("--join: the blocks contradict each other about '%s' of sample '%s'",
                            from->name, name);
    }
    return EAE_OK;
}

static int join_annotations(const joining *w, eae_axis *rows)
{
    int status = EAE_OK;
    for (int b = 0; b < w->count; b++) {
        const eae_axis *from = &w->block[b]->rows;
        for (int a = 0; a < from->annot_count && status == EAE_OK; a++)
            status = join_annotation(w, b, &from->annot[a], rows);
    }
    return status;
}

/* ---- values ----------------------------------------------------------------------------- */

static void join_names(const joining *w, const eae_names *prefix, eae_names *names)
{
    for (int b = 0; b < w->count; b++) {
        const eae_names *from = &w->block[b]->cols.names;
        for (int64_t j = 0; j < from->count; j++) {
            char *name = eae_sprintf("%s:%s", eae_name(prefix, b), eae_name(from, j));
            eae_names_add(names, name, strlen(name));
            free(name);
        }
    }
}

static void join_values(const joining *w, eae_frame *out)
{
    double *x = eae_malloc((size_t)out->cols.count, sizeof *x);
    for (int64_t i = 0; i < out->rows.count; i++) {
        const char *name = eae_name(&out->rows.names, i);
        double *at = x;
        for (int b = 0; b < w->count; b++) {
            int64_t p = w->block[b]->cols.count;
            int64_t from = eae_name_find(w->index[b], name, strlen(name));
            if (from >= 0)
                eae_row_load(w->block[b], from, at);
            for (int64_t j = 0; j < p && from < 0; j++)
                at[j] = NAN;
            at += p;
        }
        eae_row_store(out, i, x);
    }
    free(x);
}

static int build(joining *w, const eae_names *prefix, eae_frame **joined)
{
    int64_t cols = 0;
    eae_type type = EAE_F32;
    for (int b = 0; b < w->count; b++) {
        cols += w->block[b]->cols.count;
        type = w->block[b]->type == EAE_F32 ? type : EAE_F64;
    }
    if (w->samples.count == 0)
        return eae_fail("--join: the blocks have no sample in common");
    eae_frame *out;
    if (eae_frame_new(&out, EAE_KIND_DATA, type, w->samples.count, cols) != EAE_OK)
        return EAE_FAIL;
    eae_names_copy(&out->rows.names, &w->samples);
    join_names(w, prefix, &out->cols.names);
    int64_t first, second = eae_names_find_duplicate(&out->cols.names, &first);
    int status = join_annotations(w, &out->rows);
    if (status == EAE_OK && second >= 0)
        status = eae_fail("--join: feature '%s' appears twice: the blocks need different names",
                          eae_name(&out->cols.names, second));
    if (status == EAE_OK) {
        join_values(w, out);
        *joined = out;
    } else {
        eae_frame_free(out);
    }
    return status;
}

int eae_join_blocks(eae_frame *const *block, const eae_names *prefix, bool all, eae_frame **joined)
{
    joining w = {.block = block, .count = (int)prefix->count};
    int status = EAE_OK;
    for (int b = 0; b < w.count && status == EAE_OK; b++)
        status = check_block(block[b], eae_name(prefix, b));
    if (status != EAE_OK)
        return status;
    w.index = EAE_NEW_ARRAY(eae_name_index *, w.count);
    for (int b = 0; b < w.count; b++)
        w.index[b] = eae_name_index_new(&block[b]->rows.names);
    choose_samples(&w, all);
    status = build(&w, prefix, joined);
    for (int b = 0; b < w.count; b++)
        eae_name_index_free(w.index[b]);
    free(w.index);
    eae_names_free(&w.samples);
    return status;
}
