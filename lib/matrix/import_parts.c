/* import_parts.c - see import_parts.h: annotation columns from fields, names, frames. */
#include "matrix/import_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

/* ---- what a column is for --------------------------------------------------------------- */

static const char *const roles[] = {"label", "group", "time", "status"};

bool eae_role_names(const char *option, const char *name)
{
    size_t n = strlen(name);
    return option && strncmp(option, name, n) == 0 && (option[n] == '\0' || option[n] == '=');
}

static bool listed(const eae_names *names, const char *name)
{
    for (int64_t i = 0; names && i < names->count; i++) {
        if (strcmp(eae_name(names, i), name) == 0)
            return true;
    }
    return false;
}

eae_use eae_column_use(const eae_import *import, const char *name)
{
    if (!*name)
        return EAE_USE_NONE;
    if (eae_role_names(import->label, name))
        return import->regression ? EAE_USE_NUMBER : EAE_USE_TEXT;
    if (eae_role_names(import->group, name) || eae_role_names(import->status, name))
        return EAE_USE_TEXT;
    if (eae_role_names(import->time, name))
        return EAE_USE_NUMBER;
    if (*name == '@') {
        if (strcmp(name, "@time") == 0 || strcmp(name, "@status") == 0 ||
            (strcmp(name, "@label") == 0 && import->regression))
            return EAE_USE_NUMBER;
        bool text = strcmp(name, "@group") == 0 || strncmp(name, "@label=", 7) == 0;
        return text ? EAE_USE_TEXT : EAE_USE_GUESS;
    }
    return listed(import->meta, name) ? EAE_USE_GUESS : EAE_USE_NONE;
}

char *eae_annot_name(const eae_import *import, const char *name)
{
    if (*name == '@' && name[1])
        return eae_strdup(name + 1);
    bool asked = eae_role_names(import->label, name) || eae_role_names(import->group, name) ||
                 eae_role_names(import->time, name) || eae_role_names(import->status, name);
    for (size_t i = 0; i < sizeof roles / sizeof *roles && !asked; i++) {
        if (strcmp(name, roles[i]) == 0)
            return eae_sprintf("meta.%s", name);
    }
    return eae_strdup(name);
}

/* ---- typed columns ---------------------------------------------------------------------- */

/* A number as people write measurements: "01005" is a name. */
static bool looks_like_number(const eae_field *bare, double *value)
{
    const char *p = bare->text, *end = p + bare->length;
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (end - p >= 2 && p[0] == '0' && p[1] >= '0' && p[1] <= '9')
        return false;
    return eae_parse_double(bare->text, bare->length, value) && isfinite(*value);
}

static bool all_numbers(const eae_annot_fields *from, int64_t n, bool quotes_count)
{
    bool any = false;
    for (int64_t i = 0; i < n; i++) {
        const eae_field *f = from->field + i * from->stride;
        if (quotes_count && eae_field_is_quoted(f))
            return false;
        eae_field bare = eae_field_bare(f);
        double value;
        if (eae_is_missing(bare.text, bare.length))
            continue;
        if (!looks_like_number(&bare, &value))
            return false;
        any = true;
    }
    return any;
}

static int fill_numbers(eae_annot *a, const eae_annot_fields *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int status =
            eae_read_value(from->text, from->field + i * from->stride, from->column, a->f64 + i);
        if (status != EAE_OK)
            return status;
    }
    return EAE_OK;
}

static int fill_texts(eae_annot *a, const eae_annot_fields *from, int64_t n, bool quotes_count)
{
    eae_buffer b = {0};
    int status = EAE_OK;
    for (int64_t i = 0; i < n && status == EAE_OK; i++) {
        const eae_field *f = from->field + i * from->stride;
        eae_field bare = eae_field_bare(f);
        if (!(quotes_count && eae_field_is_quoted(f)) && eae_is_missing(bare.text, bare.length))
            continue;
        status = eae_field_string(&b, from->text, f);
        if (status == EAE_OK)
            eae_annot_set_text(a, i, b.data);
    }
    eae_buffer_free(&b);
    return status;
}

int eae_add_annot(eae_axis *axis, const char *name, const eae_annot_fields *from,
                  const eae_import *import)
{
    char *as = eae_annot_name(import, name);
    bool quotes_count = *name == '@'; /* our own export quotes text that looks like a number */
    eae_use use = eae_column_use(import, name);
    int status = EAE_OK;
    if (eae_axis_find(axis, as)) {
        status = eae_fail("%s: two columns are annotation \"%s\"", from->text->name, as);
    } else if (use == EAE_USE_NUMBER ||
               (use != EAE_USE_TEXT && all_numbers(from, axis->count, quotes_count))) {
        eae_annot *a = eae_axis_add(axis, as, EAE_ANNOT_F64);
        status = fill_numbers(a, from, axis->count);
    } else {
        eae_annot *a = eae_axis_add(axis, as, EAE_ANNOT_TEXT);
        status = fill_texts(a, from, axis->count, quotes_count);
    }
    free(as);
    return status;
}

/* ---- names ------------------------------------------------------------------------------ */

static int duplicate_name(const eae_names *names, const eae_text *text, const eae_field *field,
                          int64_t stride, const char *what, int64_t column)
{
    int64_t first, second = eae_names_find_duplicate(names, &first);
    if (second < 0)
        return EAE_OK;
    const char *at = field[second * stride].text;
    return eae_text_fail(text, at, column, "%s \"%.200s\" is there already (line %lld)", what,
                         eae_name(names, second),
                         (long long)eae_text_line(text, field[first * stride].text));
}

int eae_add_unique_names(eae_names *names, const eae_text *text, const eae_field *field,
                         int64_t stride, int64_t count, const char *what, int64_t column)
{
    for (int64_t i = 0; i < count; i++) {
        int status = eae_add_field(names, text, field + i * stride);
        if (status != EAE_OK)
            return status;
        if (!*eae_name(names, names->count - 1))
            return eae_text_fail(text, field[i * stride].text, column, "%s number %lld has no name",
                                 what, (long long)i + 1);
    }
    return duplicate_name(names, text, field, stride, what, column);
}

void eae_number_names(eae_names *names, const char *prefix, int64_t count)
{
    char *name = NULL;
    for (int64_t i = 1; i <= count; i++) {
        name = eae_sprintf("%s%lld", prefix, (long long)i);
        eae_names_add(names, name, strlen(name));
        free(name);
    }
}

/* ---- frames ----------------------------------------------------------------------------- */

int eae_frame_around(eae_frame **f, bool f64, int64_t rows, int64_t cols, void **payload)
{
    int status = eae_frame_new(f, EAE_KIND_DATA, f64 ? EAE_F64 : EAE_F32, 0, 0);
    if (status != EAE_OK)
        return status;
    free((*f)->payload);
    (*f)->payload = *payload;
    (*f)->rows.count = rows;
    (*f)->cols.count = cols;
    *payload = NULL;
    return EAE_OK;
}

int eae_frame_transposed(eae_frame **f, bool f64, int64_t rows, int64_t cols, void **payload,
                         int threads)
{
    int status = eae_frame_new(f, EAE_KIND_DATA, f64 ? EAE_F64 : EAE_F32, rows, cols);
    if (status == EAE_OK)
        status = eae_transpose(*payload, cols, rows, f64 ? 8 : 4, (*f)->payload, threads);
    free(*payload);
    *payload = NULL;
    return status;
}
