/*
 * roles.c - what annotation columns mean: label, group, time and status; see import.h, and "Task
 * and labels" of eae(7).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "matrix/import_parts.h"

enum { SHOWN = 12 }; /* names in a message */

/* The values of a column as text; missing ones are NULL. */
typedef struct {
    int64_t count;
    const char **value;
    eae_names distinct; /* in order of first appearance */
    int32_t *code;      /* -1: missing */
} texts;

static void free_texts(texts *t)
{
    free(t->code);
    eae_names_free(&t->distinct);
}

/* By way of a text annotation of its own: its dictionary is the list of distinct values. */
static void read_texts(texts *t, const eae_annot *a, int64_t n)
{
    eae_axis axis = {.count = n};
    eae_annot *copy = eae_axis_add(&axis, "values", EAE_ANNOT_TEXT);
    char buf[EAE_NUMBER_TEXT];
    for (int64_t i = 0; i < n; i++) {
        if (!eae_annot_is_missing(a, i))
            eae_annot_set_text(copy, i, eae_annot_print(a, i, buf));
    }
    *t = (texts){.count = n, .code = eae_malloc((size_t)n, sizeof(int32_t))};
    if (n > 0)
        memcpy(t->code, copy->code, (size_t)n * sizeof *t->code);
    eae_names_copy(&t->distinct, &copy->dict);
    eae_axis_free(&axis);
}

/* "a, b, c, ..." ; the caller frees. */
static char *join_names(const eae_names *names)
{
    eae_buffer b = {0};
    eae_buffer_puts(&b, "");
    for (int64_t i = 0; i < names->count && i < SHOWN; i++)
        eae_buffer_printf(&b, "%s%.80s", i ? ", " : "", eae_name(names, i));
    if (names->count > SHOWN)
        eae_buffer_printf(&b, ", ... (%lld in all)", (long long)names->count);
    return b.data;
}

static int fail_listing(const eae_names *names, const char *format, const char *a, const char *b)
{
    char *list = join_names(names);
    char *what = eae_sprintf(format, a, b);
    int status = eae_fail("%s: %s", what, *list ? list : "none");
    free(what);
    free(list);
    return status;
}

/* ---- finding the column -------------------------------------------------------------------- */

/* The annotation named by "COL" or "COL=...": as such, without @, or kept as meta.COL. */
static int find_column(const eae_frame *f, const char *option, const char *spec, eae_annot **a)
{
    size_t n = strcspn(spec, "=");
    char *name = eae_strndup(spec, n);
    char *kept = eae_sprintf("meta.%s", name);
    *a = eae_axis_find(&f->rows, name);
    if (!*a && *name == '@')
        *a = eae_axis_find(&f->rows, name + 1);
    if (!*a)
        *a = eae_axis_find(&f->rows, kept);
    int status = EAE_OK;
    if (!*a) {
        eae_names names = {0};
        for (int i = 0; i < f->rows.annot_count; i++)
            eae_names_add(&names, f->rows.annot[i].name, strlen(f->rows.annot[i].name));
        status = fail_listing(&names, "no annotation \"%s\" for --%s; annotations of the samples",
                              name, option);
        eae_names_free(&names);
    }
    free(kept);
    free(name);
    return status;
}

/* ---- classes ------------------------------------------------------------------------------ */

static bool all_numbers(const eae_names *names)
{
    double value;
    for (int64_t i = 0; i < names->count; i++) {
        if (!eae_parse_double(eae_name(names, i), strlen(eae_name(names, i)), &value))
            return false;
    }
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_number(const void *a, const void *b)
{
    const char *s = *(const char *const *)a, *t = *(const char *const *)b;
    double x = 0, y = 0;
    eae_parse_double(s, strlen(s), &x);
    eae_parse_double(t, strlen(t), &y);
    return x < y ? -1 : x > y ? 1 : strcmp(s, t);
}

/* Numbers by size, else by bytes. */
static void sort_classes(const eae_names *distinct, eae_names *classes)
{
    int64_t n = distinct->count;
    const char **list = EAE_NEW_ARRAY(const char *, n);
    for (int64_t i = 0; i < n; i++)
        list[i] = eae_name(distinct, i);
    if (n > 1)
        qsort(list, (size_t)n, sizeof *list, all_numbers(distinct) ? by_number : by_bytes);
    for (int64_t i = 0; i < n; i++)
        eae_names_add(classes, list[i], strlen(list[i]));
    free(list);
}

static bool has_name(const eae_names *names, const char *name, size_t length)
{
    for (int64_t i = 0; i < names->count; i++) {
        const char *other = eae_name(names, i);
        if (strlen(other) == length && memcmp(other, name, length) == 0)
            return true;
    }
    return false;
}

/* POS/NEG is cut at the one slash where both sides occur. */
static int cut_pair(const char *spec, const char *pair, const eae_names *distinct,
                    eae_names *classes)
{
    const char *found = NULL;
    for (const char *s = strchr(pair, '/'); s; s = strchr(s + 1, '/')) {
        if (!has_name(distinct, pair, (size_t)(s - pair)) ||
            !has_name(distinct, s + 1, strlen(s + 1)) ||
            strncmp(pair, s + 1, (size_t)(s - pair)) == 0)
            continue;
        if (found)
            return eae_fail("--label %s can be read in two ways: rename a class", spec);
        found = s;
    }
    if (!found)
        return fail_listing(distinct,
                            "--label %s: no reading of it as POS/NEG has two classes that "
                            "occur; the values of the column are%s",
                            spec, "");
    eae_names_add(classes, found + 1, strlen(found + 1));
    eae_names_add(classes, pair, (size_t)(found - pair));
    return EAE_OK;
}

static int move_positive_last(const char *positive, const eae_names *distinct, eae_names *classes)
{
    if (!has_name(classes, positive, strlen(positive)))
        return fail_listing(distinct, "--positive %s: no such class; there are%s", positive, "");
    if (classes->count != 2)
        return fail_listing(distinct, "--positive %s needs two classes; there are%s", positive, "");
    if (strcmp(eae_name(classes, 1), positive) == 0)
        return EAE_OK;
    eae_names swapped = {0};
    eae_names_add(&swapped, eae_name(classes, 1), strlen(eae_name(classes, 1)));
    eae_names_add(&swapped, eae_name(classes, 0), strlen(eae_name(classes, 0)));
    eae_names_free(classes);
    *classes = swapped;
    return EAE_OK;
}

/* The classes of a column in order, negative first. `pair` is POS/NEG or NULL. */
static int choose_classes(const char *name, const char *spec, const char *pair,
                          const char *positive, const texts *t, eae_names *classes)
{
    int status = EAE_OK;
    if (pair)
        status = cut_pair(spec, pair, &t->distinct, classes);
    else
        sort_classes(&t->distinct, classes);
    if (status != EAE_OK)
        return status;
    if (classes->count == 0)
        return eae_fail("label %s: every value is missing", name);
    if (!pair && classes->count > 20 && classes->count > t->count / 3 && all_numbers(classes))
        return eae_fail("label %s: %lld different numbers in %lld samples; if it is a number to "
                        "predict, say --regression",
                        name, (long long)classes->count, (long long)t->count);
    if (positive)
        return pair && strcmp(eae_name(classes, 1), positive) != 0
                   ? eae_fail("--positive %s contradicts --label %s", positive, spec)
                   : move_positive_last(positive, &t->distinct, classes);
    if (!pair && classes->count == 2)
        eae_note("label %s: %s is the positive class, %s the negative one (--positive changes it)",
                 name, eae_name(classes, 1), eae_name(classes, 0));
    return EAE_OK;
}

/* Annotation `label` with these classes; other values become missing. */
static void set_label(eae_axis *axis, const texts *t, const eae_names *classes)
{
    int64_t n = t->distinct.count;
    int32_t *class_of = eae_malloc((size_t)n, sizeof *class_of);
    eae_name_index *index = eae_name_index_new(classes);
    for (int64_t i = 0; i < n; i++) {
        const char *name = eae_name(&t->distinct, i);
        class_of[i] = (int32_t)eae_name_find(index, name, strlen(name));
    }
    eae_name_index_free(index);
    eae_annot *a = eae_axis_add(axis, "label", EAE_ANNOT_TEXT);
    eae_names_copy(&a->dict, classes);
    for (int64_t i = 0; i < t->count; i++)
        a->code[i] = t->code[i] < 0 ? -1 : class_of[t->code[i]];
    free(class_of);
}

static int label_from(eae_frame *f, eae_annot *a, const char *spec, const char *positive)
{
    texts t;
    eae_names classes = {0};
    read_texts(&t, a, f->rows.count);
    const char *equals = strchr(spec, '=');
    int status = choose_classes(a->name, spec, equals ? equals + 1 : NULL, positive, &t, &classes);
    if (status == EAE_OK)
        set_label(&f->rows, &t, &classes);
    eae_names_free(&classes);
    free_texts(&t);
    return status;
}

/* A column @label=POS/NEG: how the export says which class is positive. */
static int take_written_order(eae_frame *f)
{
    for (int i = 0; i < f->rows.annot_count; i++) {
        if (strncmp(f->rows.annot[i].name, "label=", 6) != 0)
            continue;
        char *name = eae_strdup(f->rows.annot[i].name);
        int status = label_from(f, f->rows.annot + i, name, NULL);
        eae_axis_remove(&f->rows, name);
        free(name);
        return status;
    }
    return EAE_MISS;
}

int eae_order_label(eae_frame *f, const eae_import *import)
{
    int status = take_written_order(f);
    if (status != EAE_MISS)
        return status;
    eae_annot *a = eae_axis_find(&f->rows, "label");
    if (!a || a->type != EAE_ANNOT_TEXT || import->label)
        return EAE_OK;
    return label_from(f, a, "label", import->positive);
}

/* ---- numbers and other columns ------------------------------------------------------------- */

/* Element i as a number; false if it is text that is none. */
static bool number_at(const eae_annot *a, int64_t i, double *value)
{
    *value = (double)NAN;
    if (eae_annot_is_missing(a, i))
        return true;
    if (a->type == EAE_ANNOT_F64)
        *value = a->f64[i];
    else if (a->type == EAE_ANNOT_I64)
        *value = (double)a->i64[i];
    else
        return eae_parse_double(eae_annot_text(a, i), strlen(eae_annot_text(a, i)), value) &&
               isfinite(*value);
    return true;
}

static const char *sample_name(const eae_frame *f, int64_t i)
{
    return f->rows.names.count ? eae_name(&f->rows.names, i) : "?";
}

/* Annotation `role` = the numbers of `a`, which must be numbers within the task's bounds. */
static int number_from(eae_frame *f, const eae_annot *a, const char *role)
{
    int64_t n = f->rows.count;
    double *value = eae_malloc((size_t)n, sizeof *value);
    bool is_time = strcmp(role, "time") == 0, is_status = strcmp(role, "status") == 0;
    char buf[EAE_NUMBER_TEXT];
    for (int64_t i = 0; i < n; i++) {
        const char *wrong = NULL;
        if (!number_at(a, i, value + i))
            wrong = is_status ? "is neither 0 nor 1 (--status COL=EVENT takes other values)"
                              : "is not a number";
        else if (is_time && value[i] <= 0)
            wrong = "is not above 0";
        else if (is_status && !isnan(value[i]) && value[i] != 0 && value[i] != 1)
            wrong = "is neither 0 nor 1 (--status COL=EVENT takes other values)";
        if (!wrong)
            continue;
        free(value);
        return eae_fail("%s %s: \"%.80s\" of sample %.80s %s", role, a->name,
                        eae_annot_print(a, i, buf), sample_name(f, i), wrong);
    }
    eae_annot *to = eae_axis_add(&f->rows, role, EAE_ANNOT_F64);
    if (n > 0)
        memcpy(to->f64, value, (size_t)n * sizeof *value);
    free(value);
    return EAE_OK;
}

static int event_from(eae_frame *f, const eae_annot *a, const char *spec, const char *event)
{
    texts t;
    read_texts(&t, a, f->rows.count);
    int status = EAE_OK;
    if (!has_name(&t.distinct, event, strlen(event)))
        status = fail_listing(&t.distinct, "--status %s: no such value; there are%s", spec, "");
    if (status == EAE_OK) {
        eae_annot *to = eae_axis_add(&f->rows, "status", EAE_ANNOT_F64);
        for (int64_t i = 0; i < t.count; i++) {
            if (t.code[i] >= 0)
                to->f64[i] = strcmp(eae_name(&t.distinct, t.code[i]), event) == 0;
        }
    }
    free_texts(&t);
    return status;
}

static int group_from(eae_frame *f, const eae_annot *a)
{
    texts t;
    read_texts(&t, a, f->rows.count);
    eae_annot *to = eae_axis_add(&f->rows, "group", EAE_ANNOT_TEXT);
    eae_names_copy(&to->dict, &t.distinct);
    if (t.count > 0)
        memcpy(to->code, t.code, (size_t)t.count * sizeof *to->code);
    free_texts(&t);
    return EAE_OK;
}

/* ---- dropping samples ---------------------------------------------------------------------- */

/* Drop the samples whose annotation `role` is missing; says how many. */
static int drop_missing(eae_frame **f, const char *role, const char *of)
{
    const eae_annot *a = eae_axis_find(&(*f)->rows, role);
    int64_t n = (*f)->rows.count, kept = 0;
    int64_t *keep = eae_malloc((size_t)n, sizeof *keep);
    for (int64_t i = 0; i < n; i++) {
        if (!eae_annot_is_missing(a, i))
            keep[kept++] = i;
    }
    int status = EAE_OK;
    if (kept == 0) {
        status = eae_fail("%s %s: missing in every sample", role, of);
    } else if (kept < n) {
        eae_frame *selected;
        status = eae_frame_select(*f, keep, kept, NULL, 0, &selected);
        if (status == EAE_OK) {
            eae_note("%s %s: %lld of %lld samples have none that counts and are dropped", role, of,
                     (long long)(n - kept), (long long)n);
            eae_frame_free(*f);
            *f = selected;
        }
    }
    free(keep);
    return status;
}

/* ---- the options --------------------------------------------------------------------------- */

static int apply_label(eae_frame *f, const eae_import *im, const char *spec)
{
    eae_annot *a;
    int status = find_column(f, "label", spec, &a);
    if (status != EAE_OK)
        return status;
    if (!im->regression)
        return label_from(f, a, spec, im->positive);
    if (strchr(spec, '='))
        return eae_fail("--label %s names classes; --regression has none", spec);
    return number_from(f, a, "label");
}

/* Without --label: what --positive and --regression say of the label that is there. */
static int check_label(eae_frame *f, const eae_import *im)
{
    const eae_annot *a = eae_axis_find(&f->rows, "label");
    if (!a)
        return im->positive ? eae_fail("--positive %s: there is no label", im->positive) : EAE_OK;
    if (im->regression && a->type != EAE_ANNOT_F64)
        return number_from(f, a, "label");
    if (!im->positive)
        return EAE_OK;
    if (a->type != EAE_ANNOT_TEXT)
        return eae_fail("--positive %s: the label is a number", im->positive);
    int64_t last = a->dict.count - 1;
    if (last < 0 || strcmp(eae_name(&a->dict, last), im->positive) != 0)
        return fail_listing(&a->dict,
                            "--positive %s contradicts the label, whose last class is positive; "
                            "its classes are%s",
                            im->positive, "");
    return EAE_OK;
}

static int apply_survival(eae_frame *f, const eae_import *im)
{
    eae_annot *a;
    int status = EAE_OK;
    if (im->time) {
        status = find_column(f, "time", im->time, &a);
        if (status == EAE_OK)
            status = number_from(f, a, "time");
    }
    if (status == EAE_OK && im->status) {
        const char *event = strchr(im->status, '=');
        status = find_column(f, "status", im->status, &a);
        if (status == EAE_OK)
            status = event ? event_from(f, a, im->status, event + 1) : number_from(f, a, "status");
    }
    return status;
}

/* The column that became a role goes, unless --meta keeps it. */
static void remove_source(eae_frame *f, const eae_import *im, const char *spec, const char *role)
{
    eae_annot *a;
    if (!spec || find_column(f, role, spec, &a) != EAE_OK)
        return;
    static const char *const roles[] = {"label", "group", "time", "status"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (strcmp(a->name, roles[i]) == 0)
            return;
    }
    if (im->meta && has_name(im->meta, a->name, strlen(a->name)))
        return;
    char *name = eae_strdup(a->name);
    eae_axis_remove(&f->rows, name);
    free(name);
}

static int drop_without_roles(eae_frame **f, const eae_import *im, const char *label)
{
    int status = EAE_OK;
    if (label)
        status = drop_missing(f, "label", label);
    if (status == EAE_OK && im->time)
        status = drop_missing(f, "time", im->time);
    if (status == EAE_OK && im->status)
        status = drop_missing(f, "status", im->status);
    return status;
}

int eae_import_apply_roles(eae_frame **frame, const eae_import *im)
{
    if (!im)
        return EAE_OK;
    eae_frame *f = *frame;
    const char *label = im->label;
    int status = im->annot ? eae_join_annot(f, im) : EAE_OK;
    if (status == EAE_OK && !label && im->annot && eae_axis_find(&f->rows, "class") &&
        !eae_axis_find(&f->rows, "label"))
        label = "class"; /* what a CLS file brings */
    if (status == EAE_OK)
        status = label ? apply_label(f, im, label) : check_label(f, im);
    eae_annot *a;
    if (status == EAE_OK && im->group) {
        status = find_column(f, "group", im->group, &a);
        if (status == EAE_OK)
            status = group_from(f, a);
    }
    if (status == EAE_OK)
        status = apply_survival(f, im);
    if (status != EAE_OK)
        return status;
    remove_source(f, im, label, "label");
    remove_source(f, im, im->group, "group");
    remove_source(f, im, im->time, "time");
    remove_source(f, im, im->status, "status");
    return drop_without_roles(frame, im, label);
}
