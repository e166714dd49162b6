/*
 * test_table.c - see test_table.h.
 */
#include "matrix/test_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool eae_is_test_frame(const eae_frame *f)
{
    const eae_annot *model = eae_axis_find(&f->rows, "model");
    const eae_annot *part = eae_axis_find(&f->rows, "part");
    if (f->kind != EAE_KIND_MODEL || !model || !part || f->rows.count == 0 ||
        model->type != EAE_ANNOT_TEXT || part->type != EAE_ANNOT_TEXT)
        return false;
    for (int64_t i = 0; i < f->rows.count; i++) {
        const char *name = eae_annot_text(model, i);
        if (!name || strcmp(name, "test") != 0 || eae_annot_is_missing(part, i))
            return false;
    }
    return true;
}

/* Rows before the first part comes again: the parts of one run. */
static int64_t run_length(const eae_frame *f, const eae_annot *part)
{
    int64_t n = 1;
    while (n < f->rows.count && strcmp(eae_annot_text(part, n), eae_annot_text(part, 0)) != 0)
        n++;
    return n;
}

static int check_runs(const eae_frame *f, const eae_annot *part, int64_t parts)
{
    if (f->rows.count % parts != 0)
        return eae_fail("the test frame is not whole: %lld rows of %lld parts",
                        (long long)f->rows.count, (long long)parts);
    for (int64_t i = parts; i < f->rows.count; i++) {
        if (strcmp(eae_annot_text(part, i), eae_annot_text(part, i % parts)) != 0)
            return eae_fail("the runs of the test frame have different parts: '%s' and '%s'",
                            eae_annot_text(part, i % parts), eae_annot_text(part, i));
    }
    return EAE_OK;
}

static bool differs(const eae_annot *a, int64_t i, int64_t j)
{
    if (eae_annot_is_missing(a, i) || eae_annot_is_missing(a, j))
        return eae_annot_is_missing(a, i) != eae_annot_is_missing(a, j);
    switch (a->type) {
    case EAE_ANNOT_F64:
        return a->f64[i] != a->f64[j];
    case EAE_ANNOT_I64:
        return a->i64[i] != a->i64[j];
    case EAE_ANNOT_TEXT:
        return a->code[i] != a->code[j];
    }
    return false;
}

static void copy_value(eae_annot *to, int64_t i, const eae_annot *from, int64_t j)
{
    if (eae_annot_is_missing(from, j))
        return;
    if (from->type == EAE_ANNOT_TEXT)
        eae_annot_set_text(to, i, eae_annot_text(from, j));
    else if (from->type == EAE_ANNOT_I64)
        to->i64[i] = from->i64[j];
    else
        to->f64[i] = from->f64[j];
}

/* What tells the runs apart. */
static void add_run_annotations(const eae_frame *f, int64_t parts, eae_frame *table)
{
    for (int a = 0; a < f->rows.annot_count; a++) {
        const eae_annot *from = &f->rows.annot[a];
        bool varies = false;
        for (int64_t run = parts; run < f->rows.count; run += parts)
            varies = varies || differs(from, 0, run);
        if (!varies)
            continue;
        eae_annot *to = eae_axis_add(&table->rows, from->name, from->type);
        for (int64_t i = 0; i < table->rows.count; i++)
            copy_value(to, i, from, i / f->cols.count * parts);
    }
}

static void add_names(const eae_frame *f, const eae_annot *part, int64_t parts, eae_frame *table)
{
    for (int64_t i = 0; i < table->rows.count && f->cols.names.count > 0; i++) {
        const char *name = eae_name(&f->cols.names, i % f->cols.count);
        eae_names_add(&table->rows.names, name, strlen(name));
    }
    for (int64_t k = 0; k < parts; k++) {
        const char *name = eae_annot_text(part, k);
        eae_names_add(&table->cols.names, name, strlen(name));
    }
}

int eae_test_table_of(const eae_frame *f, eae_frame **made)
{
    const eae_annot *part = eae_axis_find(&f->rows, "part");
    int64_t p = f->cols.count, parts = run_length(f, part);
    if (check_runs(f, part, parts) != EAE_OK)
        return EAE_FAIL;
    int64_t lines = f->rows.count / parts * p;
    if (eae_frame_new(made, EAE_KIND_DATA, EAE_F64, lines, parts) != EAE_OK)
        return EAE_FAIL;
    double *value = eae_frame_f64(*made);
    for (int64_t i = 0; i < f->rows.count; i++) {
        for (int64_t j = 0; j < p; j++)
            value[(i / parts * p + j) * parts + i % parts] = eae_frame_value(f, i, j);
    }
    add_names(f, part, parts, *made);
    add_run_annotations(f, parts, *made);
    return EAE_OK;
}
