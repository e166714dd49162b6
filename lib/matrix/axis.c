/*
 * axis.c - the names and annotation columns of the rows or the columns of a frame.
 */
#include "matrix/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

eae_annot *eae_axis_find(const eae_axis *axis, const char *name)
{
    for (int i = 0; i < axis->annot_count; i++)
        if (strcmp(axis->annot[i].name, name) == 0)
            return &axis->annot[i];
    return NULL;
}

void eae_axis_number(eae_axis *axis, const char *prefix)
{
    for (int64_t i = axis->names.count; i < axis->count; i++) {
        char *name = eae_sprintf("%s%lld", prefix, (long long)i + 1);
        eae_names_add(&axis->names, name, strlen(name));
        free(name);
    }
}

static void fill_missing(eae_annot *a)
{
    size_t n = (size_t)a->count;

    switch (a->type) {
    case EAE_ANNOT_F64:
        a->f64 = eae_malloc(n, sizeof *a->f64);
        for (size_t i = 0; i < n; i++)
            a->f64[i] = NAN;
        break;
    case EAE_ANNOT_I64:
        a->i64 = eae_malloc(n, sizeof *a->i64);
        for (size_t i = 0; i < n; i++)
            a->i64[i] = EAE_MISSING_I64;
        break;
    case EAE_ANNOT_TEXT:
        a->code = eae_malloc(n, sizeof *a->code);
        for (size_t i = 0; i < n; i++)
            a->code[i] = -1;
        break;
    }
}

eae_annot *eae_axis_add(eae_axis *axis, const char *name, eae_annot_type type)
{
    /* the caller's name may be that of the column which is replaced */
    char *own_name = eae_strdup(name);
    eae_annot *a = eae_axis_find(axis, name);

    if (a != NULL) {
        eae_annot_free(a);
    } else {
        size_t n = (size_t)axis->annot_count;

        axis->annot = eae_realloc(axis->annot, n + 1, sizeof *axis->annot);
        a = &axis->annot[axis->annot_count++];
        memset(a, 0, sizeof *a);
    }
    a->name = own_name;
    a->type = type;
    a->count = axis->count;
    fill_missing(a);
    return a;
}

void eae_axis_remove(eae_axis *axis, const char *name)
{
    eae_annot *a = eae_axis_find(axis, name);

    if (a == NULL)
        return;
    eae_annot_free(a);
    axis->annot_count--;
    memmove(a, a + 1, (size_t)(axis->annot + axis->annot_count - a) * sizeof *a);
}

void eae_axis_select(eae_axis *to, const eae_axis *from, const int64_t *index, int64_t n)
{
    memset(to, 0, sizeof *to);
    to->count = n;
    if (from->names.count > 0 && index == NULL)
        eae_names_copy(&to->names, &from->names);
    else if (from->names.count > 0)
        for (int64_t i = 0; i < n; i++) {
            const char *name = eae_name(&from->names, index[i]);

            eae_names_add(&to->names, name, strlen(name));
        }
    to->annot_count = from->annot_count;
    to->annot = EAE_NEW_ARRAY(eae_annot, from->annot_count);
    for (int i = 0; i < from->annot_count; i++)
        eae_annot_select(&to->annot[i], &from->annot[i], index, n);
}

void eae_axis_copy(eae_axis *to, const eae_axis *from)
{
    eae_axis_select(to, from, NULL, from->count);
}

void eae_axis_free(eae_axis *axis)
{
    eae_names_free(&axis->names);
    for (int i = 0; i < axis->annot_count; i++)
        eae_annot_free(&axis->annot[i]);
    free(axis->annot);
    memset(axis, 0, sizeof *axis);
}
