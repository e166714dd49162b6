/* plan_strata.c - classes, strata, groups and units of the samples; see plan_strata.h. */
#include "eval/plan/plan_strata.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"

const char *eae_sample_name(const eae_names *names, int64_t i, char *buf)
{
    if (names->count > i)
        return eae_name(names, i);
    snprintf(buf, EAE_NUMBER_TEXT, "s%lld", (long long)i + 1);
    return buf;
}

/* ---- levels ----------------------------------------------------------------------------- */

typedef struct {
    char *text;
    int64_t sample;
} value;

static int by_text(const void *a, const void *b)
{
    const value *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->sample > y->sample) - (x->sample < y->sample);
}

void eae_levels_make(const eae_annot *a, int64_t n, eae_levels *levels)
{
    char buf[EAE_NUMBER_TEXT];
    value *values = eae_malloc((size_t)n, sizeof *values);
    int64_t have = 0;
    *levels = (eae_levels){.code = eae_malloc((size_t)n, sizeof *levels->code)};
    for (int64_t i = 0; i < n; i++) {
        levels->code[i] = -1;
        if (!eae_annot_is_missing(a, i))
            values[have++] = (value){eae_strdup(eae_annot_print(a, i, buf)), i};
    }
    qsort(values, (size_t)have, sizeof *values, by_text);
    for (int64_t i = 0; i < have; i++) {
        if (i == 0 || strcmp(values[i].text, values[i - 1].text) != 0)
            eae_names_add(&levels->names, values[i].text, strlen(values[i].text));
        levels->code[values[i].sample] = levels->names.count - 1;
    }
    levels->count = levels->names.count;
    for (int64_t i = 0; i < have; i++)
        free(values[i].text);
    free(values);
}

void eae_levels_free(eae_levels *levels)
{
    free(levels->code);
    eae_names_free(&levels->names);
    *levels = (eae_levels){0};
}

/* ---- classes ---------------------------------------------------------------------------- */

static void no_classes(eae_strata *s, const eae_annot *number)
{
    s->class_count = 1;
    s->what = "class";
    eae_names_add(&s->class_names, "all", 3);
    s->needed = EAE_NEW_ARRAY(bool, 1);
    for (int64_t i = 0; i < s->samples; i++)
        s->class_of[i] = number && eae_annot_is_missing(number, i) ? -1 : 0;
}

static void classes_of_label(eae_strata *s, const eae_annot *label)
{
    s->class_count = label->dict.count;
    s->what = "class";
    eae_names_copy(&s->class_names, &label->dict);
    s->needed = EAE_NEW_ARRAY(bool, s->class_count);
    for (int64_t c = 0; c < s->class_count; c++)
        s->needed[c] = true;
    for (int64_t i = 0; i < s->samples; i++)
        s->class_of[i] = label->code[i];
}

/* Nobody can fit a hazard without events; without censored samples one can. */
static void classes_of_status(eae_strata *s, const eae_annot *time, const eae_annot *status)
{
    s->class_count = 2;
    s->what = "status";
    eae_names_add(&s->class_names, "censored", 8);
    eae_names_add(&s->class_names, "event", 5);
    s->needed = EAE_NEW_ARRAY(bool, 2);
    s->needed[1] = true;
    char buf[EAE_NUMBER_TEXT];
    for (int64_t i = 0; i < s->samples; i++) {
        bool missing = eae_annot_is_missing(status, i) || eae_annot_is_missing(time, i);
        bool event = !missing && strcmp(eae_annot_print(status, i, buf), "0") != 0;
        s->class_of[i] = missing ? -1 : event;
    }
}

/* Every needed class has samples, and a choice between classes is a choice. */
static int check_classes(const eae_strata *s)
{
    int64_t *tally = EAE_NEW_ARRAY(int64_t, s->class_count), total = 0;
    int status = EAE_OK;
    for (int64_t i = 0; i < s->samples; i++) {
        if (s->class_of[i] >= 0) {
            tally[s->class_of[i]]++;
            total++;
        }
    }
    if (total == 0)
        status = eae_fail("no sample has a label");
    for (int64_t c = 0; c < s->class_count && status == EAE_OK; c++) {
        if (s->needed[c] && tally[c] == 0)
            status = eae_fail("%s '%s' has no samples", s->what, eae_name(&s->class_names, c));
        else if (s->needed[c] && s->class_count == 1)
            status = eae_fail("all %lld samples are of one class, '%s': nothing to tell apart",
                              (long long)total, eae_name(&s->class_names, c));
    }
    free(tally);
    return status;
}

static int make_classes(eae_strata *s, const eae_frame *data)
{
    const eae_annot *label = eae_axis_find(&data->rows, "label");
    const eae_annot *time = eae_axis_find(&data->rows, "time");
    const eae_annot *status = eae_axis_find(&data->rows, "status");
    s->class_of = eae_malloc((size_t)s->samples, sizeof *s->class_of);
    if (label && label->type == EAE_ANNOT_TEXT)
        classes_of_label(s, label);
    else if (!label && time && status)
        classes_of_status(s, time, status);
    else
        no_classes(s, label);
    return check_classes(s);
}

/* ---- strata ----------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Renumber cells 0, 1, ... in their order; -1 stays. */
static void compress_cells(eae_strata *s)
{
    int64_t *used = eae_malloc((size_t)s->samples, sizeof *used), n = 0, distinct = 0;
    for (int64_t i = 0; i < s->samples; i++) {
        if (s->cell_of[i] >= 0)
            used[n++] = s->cell_of[i];
    }
    qsort(used, (size_t)n, sizeof *used, by_number);
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || used[i] != used[i - 1])
            used[distinct++] = used[i];
    }
    for (int64_t i = 0; i < s->samples; i++) {
        if (s->cell_of[i] < 0)
            continue;
        int64_t *at = bsearch(&s->cell_of[i], used, (size_t)distinct, sizeof *used, by_number);
        s->cell_of[i] = at - used;
    }
    s->cell_count = distinct;
    free(used);
}

static int find_column(const eae_frame *data, const char *option, const char *name,
                       const eae_annot **a)
{
    *a = eae_axis_find(&data->rows, name);
    if (*a)
        return EAE_OK;
    eae_buffer list = {0};
    for (int i = 0; i < data->rows.annot_count; i++)
        eae_buffer_printf(&list, "%s%s", i > 0 ? ", " : "", data->rows.annot[i].name);
    int status = eae_fail("%s: no annotation '%s' (there are: %s)", option, name,
                          list.length > 0 ? list.data : "none");
    eae_buffer_free(&list);
    return status;
}

/* One more annotation crossed into the cells; a missing value is a level of its own. */
static int cross_cells(eae_strata *s, const eae_frame *data, const char *name)
{
    const eae_annot *a;
    int status = find_column(data, "--stratify", name, &a);
    if (status != EAE_OK)
        return status;
    eae_levels levels;
    eae_levels_make(a, s->samples, &levels);
    if (levels.count * 2 > s->samples && s->samples > 4)
        status = eae_fail("--stratify: '%s' has %lld different values in %lld samples; strata need "
                          "several samples each",
                          name, (long long)levels.count, (long long)s->samples);
    for (int64_t i = 0; i < s->samples; i++) {
        if (s->cell_of[i] >= 0)
            s->cell_of[i] = s->cell_of[i] * (levels.count + 1) +
                            (levels.code[i] < 0 ? levels.count : levels.code[i]);
    }
    eae_levels_free(&levels);
    compress_cells(s);
    return status;
}

static int make_cells(eae_strata *s, const eae_plan_spec *spec, const eae_frame *data)
{
    int64_t further = spec->stratify_by ? spec->stratify_by->count : 0;
    int status = EAE_OK;
    s->cell_of = eae_malloc((size_t)s->samples, sizeof *s->cell_of);
    for (int64_t i = 0; i < s->samples; i++)
        s->cell_of[i] = spec->stratify || s->class_of[i] < 0 ? s->class_of[i] : 0;
    compress_cells(s);
    for (int64_t i = 0; i < further && status == EAE_OK; i++)
        status = cross_cells(s, data, eae_name(spec->stratify_by, i));
    s->stratified = s->cell_count > 1;
    return status;
}

/* ---- groups ----------------------------------------------------------------------------- */

static int make_groups(eae_strata *s, const eae_frame *data)
{
    char buf[EAE_NUMBER_TEXT];
    const eae_annot *a = eae_axis_find(&data->rows, "group");
    if (!a)
        return eae_fail("--groups: the data have no groups; name the column with --group COL");
    eae_levels_make(a, s->samples, &s->group);
    s->grouped = true;
    for (int64_t i = 0; i < s->samples; i++) {
        if (s->group.code[i] < 0 && s->class_of[i] >= 0)
            return eae_fail("--groups: sample '%s' has no group",
                            eae_sample_name(&data->rows.names, i, buf));
    }
    return EAE_OK;
}

static int check_names(const eae_names *names)
{
    int64_t first, second = eae_names_find_duplicate(names, &first);
    if (second < 0)
        return EAE_OK;
    return eae_fail("samples %lld and %lld are both called '%s'", (long long)first + 1,
                    (long long)second + 1, eae_name(names, second));
}

int eae_strata_make(const eae_plan_spec *spec, const eae_frame *data, eae_strata *s)
{
    *s = (eae_strata){.samples = data->rows.count};
    int status =
        s->samples == 0 ? eae_fail("the data have no samples") : check_names(&data->rows.names);
    if (status == EAE_OK)
        status = make_classes(s, data);
    if (status == EAE_OK)
        status = make_cells(s, spec, data);
    if (status == EAE_OK && spec->groups)
        status = make_groups(s, data);
    if (status != EAE_OK)
        eae_strata_free(s);
    return status;
}

void eae_strata_free(eae_strata *s)
{
    free(s->class_of);
    free(s->cell_of);
    free(s->needed);
    eae_names_free(&s->class_names);
    eae_levels_free(&s->group);
    *s = (eae_strata){0};
}

/* ---- units ------------------------------------------------------------------------------ */

static void one_unit_each(const int64_t *row, int64_t n, eae_units *u)
{
    u->count = n;
    for (int64_t i = 0; i < n; i++) {
        u->first[i] = i;
        u->member[i] = row[i];
    }
    u->first[n] = n;
}

/* A counting sort by group; groups without a sample here make no unit. */
static void one_unit_per_group(const eae_strata *s, const int64_t *row, int64_t n, eae_units *u)
{
    int64_t groups = s->group.count;
    int64_t *at = EAE_NEW_ARRAY(int64_t, groups + 1);
    for (int64_t i = 0; i < n; i++)
        at[s->group.code[row[i]] + 1]++;
    for (int64_t g = 0; g < groups; g++) {
        if (at[g + 1] > 0)
            u->first[u->count++] = at[g];
        at[g + 1] += at[g];
    }
    u->first[u->count] = n;
    for (int64_t i = 0; i < n; i++)
        u->member[at[s->group.code[row[i]]]++] = row[i];
    free(at);
}

static int64_t commonest_cell(const eae_strata *s, const int64_t *member, int64_t n, int64_t *tally)
{
    int64_t best = s->cell_of[member[0]];
    for (int64_t i = 0; i < n; i++)
        tally[s->cell_of[member[i]]]++;
    for (int64_t i = 0; i < n; i++) {
        int64_t c = s->cell_of[member[i]];
        if (tally[c] > tally[best] || (c < best && tally[c] == tally[best]))
            best = c;
    }
    for (int64_t i = 0; i < n; i++)
        tally[s->cell_of[member[i]]] = 0;
    return best;
}

void eae_units_make(const eae_strata *s, const int64_t *row, int64_t n, eae_units *u)
{
    *u = (eae_units){.samples = n};
    u->first = eae_malloc((size_t)n + 1, sizeof *u->first);
    u->member = eae_malloc((size_t)n, sizeof *u->member);
    if (s->grouped)
        one_unit_per_group(s, row, n, u);
    else
        one_unit_each(row, n, u);
    u->cell = eae_malloc((size_t)u->count, sizeof *u->cell);
    int64_t *tally = EAE_NEW_ARRAY(int64_t, s->cell_count);
    for (int64_t i = 0; i < u->count; i++)
        u->cell[i] =
            commonest_cell(s, u->member + u->first[i], u->first[i + 1] - u->first[i], tally);
    free(tally);
}

void eae_units_free(eae_units *u)
{
    free(u->first);
    free(u->member);
    free(u->cell);
    *u = (eae_units){0};
}

void eae_units_with_class(const eae_units *u, const eae_strata *s, int64_t *count)
{
    int64_t *last = eae_malloc((size_t)s->class_count, sizeof *last);
    for (int64_t c = 0; c < s->class_count; c++) {
        count[c] = 0;
        last[c] = -1;
    }
    for (int64_t i = 0; i < u->count; i++) {
        for (int64_t m = u->first[i]; m < u->first[i + 1]; m++) {
            int64_t c = s->class_of[u->member[m]];
            count[c] += last[c] != i;
            last[c] = i;
        }
    }
    free(last);
}
