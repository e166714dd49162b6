/*
 * merge_rows.c - the rows of several frames below one another: payload, names, annotations.
 */
#include "matrix/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "matrix/history.h"

/* ---- class labels ------------------------------------------------------------------------ */

static bool is_sorted(const eae_names *names)
{
    for (int64_t i = 1; i < names->count; i++)
        if (strcmp(eae_name(names, i - 1), eae_name(names, i)) > 0)
            return false;
    return true;
}

static void add_name(eae_names *to, const eae_names *from, int64_t i)
{
    const char *name = eae_name(from, i);

    eae_names_add(to, name, strlen(name));
}

static void sorted_union(eae_names *merged, const eae_names *a, const eae_names *b)
{
    int64_t i = 0, j = 0;

    while (i < a->count || j < b->count) {
        int order = i == a->count ? 1 : j == b->count ? -1 : strcmp(eae_name(a, i), eae_name(b, j));

        if (order <= 0)
            add_name(merged, a, i);
        else
            add_name(merged, b, j);
        i += order <= 0;
        j += order >= 0;
    }
}

static bool has(const eae_name_index *index, const eae_names *names, int64_t i)
{
    const char *name = eae_name(names, i);

    return eae_name_find(index, name, strlen(name)) >= 0;
}

/* The order of both: before each class that both have, first what only a has, then what only b has.
 */
static int ordered_union(eae_names *merged, const eae_names *a, const eae_names *b)
{
    eae_name_index *in_a = eae_name_index_new(a), *in_b = eae_name_index_new(b);
    int64_t i = 0, j = 0;
    int status = EAE_OK;

    while ((i < a->count || j < b->count) && status == EAE_OK) {
        if (i < a->count && !has(in_b, a, i)) {
            add_name(merged, a, i++);
        } else if (j < b->count && !has(in_a, b, j)) {
            add_name(merged, b, j++);
        } else if (i == a->count || j == b->count) {
            status = eae_fail("a class of `label` stands twice in its list");
        } else if (strcmp(eae_name(a, i), eae_name(b, j)) == 0) {
            add_name(merged, a, i++);
            j++;
        } else {
            status = eae_fail("the classes of `label` are ordered %s, %s in one frame and the "
                              "other way round in another; --label COL=POS/NEG settles it",
                              eae_name(a, i), eae_name(b, j));
        }
    }
    eae_name_index_free(in_a);
    eae_name_index_free(in_b);
    return status;
}

int eae_merge_classes(eae_names *to, const eae_names *from)
{
    eae_names merged = {0};
    int status = EAE_OK;

    if (is_sorted(to) && is_sorted(from))
        sorted_union(&merged, to, from);
    else
        status = ordered_union(&merged, to, from);
    eae_names_free(status == EAE_OK ? to : &merged);
    if (status == EAE_OK)
        *to = merged;
    return status;
}

/* ---- annotations ------------------------------------------------------------------------- */

static bool all_missing(const eae_annot *a)
{
    for (int64_t i = 0; i < a->count; i++)
        if (!eae_annot_is_missing(a, i))
            return false;
    return true;
}

/* The type that holds a column of all frames: f64 holds i64, and a column without values fits any.
 */
static int common_type(const eae_member *from, int n, const char *name, eae_annot_type *type)
{
    const char *source = NULL;
    bool decided = false;

    *type = EAE_ANNOT_TEXT;
    for (int m = 0; m < n; m++) {
        const eae_annot *a = eae_axis_find(&from[m].frame->rows, name);

        if (a == NULL || (decided && (a->type == *type || all_missing(a))))
            continue;
        if (!decided) {
            /* the first one, or one after others without values */
            *type = a->type;
            source = from[m].source;
            decided = !all_missing(a);
        } else if (a->type == EAE_ANNOT_TEXT || *type == EAE_ANNOT_TEXT) {
            return eae_fail("the annotation %s is text in %s and a number in %s", name,
                            a->type == EAE_ANNOT_TEXT ? from[m].source : source,
                            a->type == EAE_ANNOT_TEXT ? source : from[m].source);
        } else {
            *type = EAE_ANNOT_F64;
        }
    }
    return EAE_OK;
}

/* Codes of `from` in the dictionary of `to`, which gets what it lacks. */
static void append_text(eae_annot *to, int64_t at, const eae_annot *from)
{
    int32_t *code = eae_malloc((size_t)from->dict.count, sizeof *code);

    for (int64_t k = 0; k < from->dict.count; k++)
        code[k] = -1;
    for (int64_t i = 0; i < from->count; i++) {
        int32_t old = from->code[i];

        if (old >= 0 && code[old] < 0) {
            eae_annot_set_text(to, at + i, eae_name(&from->dict, old));
            code[old] = to->code[at + i];
        }
        to->code[at + i] = old < 0 ? -1 : code[old];
    }
    free(code);
}

static void append_numbers(eae_annot *to, int64_t at, const eae_annot *from)
{
    for (int64_t i = 0; i < from->count; i++) {
        if (eae_annot_is_missing(from, i))
            continue;
        if (to->type == EAE_ANNOT_I64)
            to->i64[at + i] = from->i64[i];
        else
            to->f64[at + i] = from->type == EAE_ANNOT_F64 ? from->f64[i] : (double)from->i64[i];
    }
}

static int merge_annotation(eae_axis *rows, const eae_member *from, int n, const char *name)
{
    eae_annot_type type = EAE_ANNOT_TEXT;
    eae_annot *to;
    int64_t at = 0;

    if (common_type(from, n, name, &type) != EAE_OK)
        return EAE_FAIL;
    to = eae_axis_add(rows, name, type);
    for (int m = 0; m < n && type == EAE_ANNOT_TEXT && strcmp(name, "label") == 0; m++) {
        const eae_annot *a = eae_axis_find(&from[m].frame->rows, name);

        if (a != NULL && a->type == type && eae_merge_classes(&to->dict, &a->dict) != EAE_OK)
            return EAE_FAIL;
    }
    for (int m = 0; m < n; m++) {
        const eae_annot *a = eae_axis_find(&from[m].frame->rows, name);

        /* a column of another kind of type has no values */
        if (a != NULL && a->type == EAE_ANNOT_TEXT && type == EAE_ANNOT_TEXT)
            append_text(to, at, a);
        else if (a != NULL && a->type != EAE_ANNOT_TEXT && type != EAE_ANNOT_TEXT)
            append_numbers(to, at, a);
        at += from[m].frame->rows.count;
    }
    return EAE_OK;
}

static int merge_annotations(eae_axis *rows, const eae_member *from, int n)
{
    for (int m = 0; m < n; m++) {
        const eae_axis *axis = &from[m].frame->rows;

        for (int i = 0; i < axis->annot_count; i++)
            if (eae_axis_find(rows, axis->annot[i].name) == NULL &&
                merge_annotation(rows, from, n, axis->annot[i].name) != EAE_OK)
                return EAE_FAIL;
    }
    return EAE_OK;
}

static int merge_names(eae_axis *rows, const eae_member *from, int n)
{
    bool named = from[0].frame->rows.names.count > 0;
    const char *first = from[0].source;
    bool decided = from[0].frame->rows.count > 0;

    for (int m = 0; m < n; m++) {
        const eae_axis *axis = &from[m].frame->rows;

        if (axis->count == 0)
            continue;
        if (!decided) {
            named = axis->names.count > 0;
            first = from[m].source;
            decided = true;
        }
        if (named != (axis->names.count > 0))
            return eae_fail("the rows have names in %s and none in %s",
                            named ? first : from[m].source, named ? from[m].source : first);
        for (int64_t i = 0; i < axis->names.count; i++)
            add_name(&rows->names, &axis->names, i);
    }
    return EAE_OK;
}

/* ---- payload ----------------------------------------------------------------------------- */

static int merged_type(const eae_member *from, int n, eae_type *type)
{
    *type = from[0].frame->type;
    for (int m = 1; m < n; m++) {
        eae_type other = from[m].frame->type;

        if (other == *type)
            continue;
        if ((other != EAE_F32 && other != EAE_F64) || (*type != EAE_F32 && *type != EAE_F64))
            return eae_fail("%s has elements of type %s and %s of type %s", from[0].source,
                            eae_type_name(*type), from[m].source, eae_type_name(other));
        *type = EAE_F64;
    }
    return EAE_OK;
}

static void append_payload(eae_frame *to, int64_t at, const eae_frame *from, const int64_t *col)
{
    size_t size = eae_type_size(to->type), cols = (size_t)to->cols.count;
    char *out = (char *)to->payload + (size_t)at * cols * size;

    if (to->type == from->type && col == NULL) {
        memcpy(out, from->payload, (size_t)from->rows.count * cols * size);
        return;
    }
    for (int64_t i = 0; i < from->rows.count; i++)
        for (int64_t j = 0; j < to->cols.count; j++, out += size) {
            int64_t k = col == NULL ? j : col[j];

            if (to->type == from->type) {
                memcpy(out, (const char *)from->payload + ((size_t)i * cols + (size_t)k) * size,
                       size);
            } else {
                double value = eae_frame_value(from, i, k);

                memcpy(out, &value, sizeof value);
            }
        }
}

int eae_merge_rows(const eae_member *from, int64_t *const *col, int n, eae_frame **merged)
{
    eae_type type;
    eae_frame *f;
    int64_t rows = 0, at = 0;

    for (int m = 0; m < n; m++) {
        if (from[m].frame->rows.count > INT64_MAX - rows)
            return eae_fail("too many rows");
        rows += from[m].frame->rows.count;
    }
    if (merged_type(from, n, &type) != EAE_OK ||
        eae_frame_new(&f, from[0].frame->kind, type, rows, from[0].frame->cols.count) != EAE_OK)
        return EAE_FAIL;
    if (merge_names(&f->rows, from, n) != EAE_OK ||
        merge_annotations(&f->rows, from, n) != EAE_OK) {
        eae_frame_free(f);
        return EAE_FAIL;
    }
    for (int m = 0; m < n; m++) {
        append_payload(f, at, from[m].frame, col[m]);
        eae_history_merge(&f->history, &from[m].frame->history);
        at += from[m].frame->rows.count;
    }
    *merged = f;
    return EAE_OK;
}
