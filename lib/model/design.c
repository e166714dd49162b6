/* design.c - see design.h. */
#include "model/design.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"

void eae_design_free(eae_design *design)
{
    for (int64_t c = 0; c < design->columns; c++) {
        free(design->column[c].name);
        eae_names_free(&design->column[c].levels);
    }
    free(design->column);
    eae_names_free(&design->terms);
    *design = (eae_design){0};
}

/* ---- learning ----------------------------------------------------------------------------- */

static int no_such_column(const eae_axis *samples, const char *name)
{
    if (samples->annot_count == 0)
        return eae_fail("no annotation \"%s\": the samples have none", name);
    eae_buffer list = {0};
    for (int a = 0; a < samples->annot_count; a++)
        eae_buffer_printf(&list, "%s%s", a > 0 ? ", " : "", samples->annot[a].name);
    int status = eae_fail("no annotation \"%s\": there is %s", name, list.data);
    eae_buffer_free(&list);
    return status;
}

static int check_name(const eae_design *design, const char *name)
{
    static const char *const outcomes[] = {"label", "time", "status"};
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        if (strcmp(name, outcomes[i]) == 0)
            return eae_fail("\"%s\" is the outcome: it cannot be a covariate", name);
    }
    for (int64_t c = 0; c < design->columns; c++) {
        if (strcmp(name, design->column[c].name) == 0)
            return eae_fail("annotation \"%s\" is named twice", name);
    }
    return EAE_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The dictionary entries that some sample has, sorted. */
static void find_levels(const eae_annot *a, int64_t n, eae_names *levels)
{
    bool *seen = EAE_NEW_ARRAY(bool, a->dict.count + 1);
    for (int64_t i = 0; i < n; i++) {
        if (a->code[i] >= 0)
            seen[a->code[i]] = true;
    }
    const char **text = eae_malloc((size_t)a->dict.count, sizeof *text);
    size_t count = 0;
    for (int64_t d = 0; d < a->dict.count; d++) {
        if (seen[d])
            text[count++] = eae_name(&a->dict, d);
    }
    qsort(text, count, sizeof *text, by_bytes);
    for (size_t k = 0; k < count; k++) {
        if (k == 0 || strcmp(text[k], text[k - 1]) != 0)
            eae_names_add(levels, text[k], strlen(text[k]));
    }
    free(text);
    free(seen);
}

static void add_terms(eae_design *design, const eae_design_column *column)
{
    if (!column->is_text)
        eae_names_add(&design->terms, column->name, strlen(column->name));
    for (int64_t level = 1; level < column->levels.count; level++) {
        char *term = eae_sprintf("%s=%s", column->name, eae_name(&column->levels, level));
        eae_names_add(&design->terms, term, strlen(term));
        free(term);
    }
}

static double number_at(const eae_annot *a, int64_t i)
{
    if (a->type == EAE_ANNOT_F64)
        return a->f64[i];
    return a->i64[i] == EAE_MISSING_I64 ? NAN : (double)a->i64[i];
}

static bool is_constant(const eae_annot *a, const eae_design_column *column, int64_t n)
{
    if (column->is_text)
        return column->levels.count < 2;
    for (int64_t i = 1; i < n; i++) {
        if (number_at(a, i) != number_at(a, 0))
            return false;
    }
    return true;
}

static int learn_column(const eae_axis *samples, const char *name, eae_design *design)
{
    if (check_name(design, name) != EAE_OK)
        return EAE_FAIL;
    const eae_annot *a = eae_axis_find(samples, name);
    if (!a)
        return no_such_column(samples, name);
    eae_design_column *column = &design->column[design->columns++];
    *column = (eae_design_column){.name = eae_strdup(name), .first = design->terms.count};
    column->is_text = a->type == EAE_ANNOT_TEXT;
    if (column->is_text)
        find_levels(a, samples->count, &column->levels);
    add_terms(design, column);
    if (is_constant(a, column, samples->count))
        eae_warn("annotation \"%s\" is the same in all samples", name);
    return EAE_OK;
}

int eae_design_learn(const eae_axis *samples, const eae_names *columns, eae_design *design)
{
    *design = (eae_design){.column = EAE_NEW_ARRAY(eae_design_column, columns->count + 1)};
    for (int64_t c = 0; c < columns->count; c++) {
        if (learn_column(samples, eae_name(columns, c), design) != EAE_OK) {
            eae_design_free(design);
            return EAE_FAIL;
        }
    }
    return EAE_OK;
}

/* ---- applying ----------------------------------------------------------------------------- */

/* How sample i is called in a message: its name, or "sample 7". */
static const char *sample_name(const eae_axis *samples, int64_t i, char buffer[32])
{
    if (samples->names.count > i)
        return eae_name(&samples->names, i);
    snprintf(buffer, 32, "sample %lld", (long long)i + 1);
    return buffer;
}

/* Sample i is the first whose annotation is missing. */
static int is_missing(const eae_design_column *column, const eae_annot *a, const eae_axis *samples,
                      int64_t i)
{
    char buffer[32];
    int64_t count = 0;
    for (int64_t k = i; k < samples->count; k++)
        count += eae_annot_is_missing(a, k);
    return eae_fail("annotation \"%s\" is missing in %lld of %lld samples (first: %s); leave them "
                    "out: eae-view --drop-samples",
                    column->name, (long long)count, (long long)samples->count,
                    sample_name(samples, i, buffer));
}

static int apply_number(const eae_design_column *column, const eae_annot *a,
                        const eae_axis *samples, double *out, int64_t terms)
{
    char buffer[32];
    for (int64_t i = 0; i < samples->count; i++) {
        double value = number_at(a, i);
        if (isnan(value))
            return is_missing(column, a, samples, i);
        if (isinf(value))
            return eae_fail("%s: annotation \"%s\" is not finite", sample_name(samples, i, buffer),
                            column->name);
        out[i * terms + column->first] = value;
    }
    return EAE_OK;
}

static int apply_text(const eae_design_column *column, const eae_annot *a, const eae_axis *samples,
                      double *out, int64_t terms)
{
    char buffer[32];
    int status = EAE_OK;
    eae_name_index *index = eae_name_index_new(&column->levels);
    for (int64_t i = 0; i < samples->count && status == EAE_OK; i++) {
        const char *text = eae_annot_text(a, i);
        int64_t level = text ? eae_name_find(index, text, strlen(text)) : -1;
        if (!text)
            status = is_missing(column, a, samples, i);
        else if (level < 0)
            status = eae_fail("%s: annotation \"%s\" has the unknown level \"%s\"",
                              sample_name(samples, i, buffer), column->name, text);
        for (int64_t k = 1; k < column->levels.count; k++)
            out[i * terms + column->first + k - 1] = level == k;
    }
    eae_name_index_free(index);
    return status;
}

int eae_design_apply(const eae_design *design, const eae_axis *samples, double *out)
{
    for (int64_t c = 0; c < design->columns; c++) {
        const eae_design_column *column = &design->column[c];
        const eae_annot *a = eae_axis_find(samples, column->name);
        if (!a)
            return no_such_column(samples, column->name);
        if ((a->type == EAE_ANNOT_TEXT) != column->is_text)
            return eae_fail("annotation \"%s\" is %s here and was %s in training", column->name,
                            column->is_text ? "a number" : "text",
                            column->is_text ? "text" : "a number");
        int (*apply)(const eae_design_column *, const eae_annot *, const eae_axis *, double *,
                     int64_t) = column->is_text ? apply_text : apply_number;
        if (apply(column, a, samples, out, design->terms.count) != EAE_OK)
            return EAE_FAIL;
    }
    return EAE_OK;
}
