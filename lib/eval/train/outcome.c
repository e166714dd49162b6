/* outcome.c - labels, groups and their permutations; see outcome.h. */
#include "eval/train/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"

enum { FEW_VALUES = 4, FEW_SHOWN = 12 };

/* "class, sex, age": annotations, for a message about a missing label. */
static char *list_annotations(const eae_axis *axis)
{
    eae_buffer b = {0};
    for (int i = 0; i < axis->annot_count; i++)
        eae_buffer_printf(&b, "%s%s", i ? ", " : "", axis->annot[i].name);
    return b.data ? b.data : eae_strdup("none");
}

static bool has_few_values(const eae_frame *data, int64_t column)
{
    double seen[FEW_VALUES];
    int count = 0;
    for (int64_t i = 0; i < data->rows.count; i++) {
        double v = eae_frame_value(data, i, column);
        int k = 0;
        while (k < count && seen[k] != v)
            k++;
        if (k == FEW_VALUES || isnan(v))
            return false;
        if (k == count)
            seen[count++] = v;
    }
    return count > 1;
}

/* "; columns with few values: relapse": features that may be classes. Nothing if many are. */
static char *list_coded(const eae_frame *data)
{
    eae_buffer b = {0};
    int found = 0;
    eae_buffer_puts(&b, "");
    for (int64_t j = 0; j < data->cols.names.count && data->rows.count > 2 * FEW_VALUES; j++) {
        if (!has_few_values(data, j))
            continue;
        eae_buffer_printf(&b, "%s%s", found ? ", " : "; columns with few values: ",
                          eae_name(&data->cols.names, j));
        if (++found > FEW_SHOWN) {
            b.data[0] = '\0';
            break;
        }
    }
    return b.data;
}

static int no_label(const eae_frame *data)
{
    char *columns = list_annotations(&data->rows), *coded = list_coded(data);
    int status = eae_fail("the data have no label: name one with --label COL (annotations: %s%s)",
                          columns, coded);
    free(coded);
    free(columns);
    return status;
}

static int missing_label(const eae_frame *data, const char *what, int64_t count, int64_t first)
{
    return eae_fail("%lld of %lld samples have no %s (first: %s); drop them with eae-view "
                    "--drop-samples",
                    (long long)count, (long long)data->rows.count, what,
                    eae_name(&data->rows.names, first));
}

static int require_complete(const eae_frame *data, const eae_annot *a)
{
    int64_t missing = 0, first = -1;
    for (int64_t i = 0; i < data->rows.count; i++) {
        if (!eae_annot_is_missing(a, i))
            continue;
        first = first < 0 ? i : first;
        missing++;
    }
    return missing ? missing_label(data, a->name, missing, first) : EAE_OK;
}

static int read_classes(const eae_annot *label, eae_target *t)
{
    int used = 0;
    int64_t only = 0;
    t->task = EAE_TASK_CLASSES;
    t->class_names = &label->dict;
    t->class = EAE_NEW_ARRAY(int32_t, t->n);
    int64_t *seen = EAE_NEW_ARRAY(int64_t, label->dict.count);
    for (int64_t i = 0; i < t->n; i++) {
        t->class[i] = label->code[i];
        seen[label->code[i]]++;
    }
    for (int64_t c = 0; c < label->dict.count; c++) {
        used += seen[c] > 0;
        only = seen[c] > 0 ? c : only;
    }
    int status = EAE_OK;
    if (used < 2)
        status = eae_fail("all %lld samples are of one class, '%s': there is nothing to tell apart",
                          (long long)t->n, eae_name(&label->dict, only));
    for (int64_t c = 0; c < label->dict.count && status == EAE_OK; c++) {
        if (seen[c] == 0)
            status = eae_fail("class '%s' has no sample", eae_name(&label->dict, c));
    }
    free(seen);
    t->outcome.class = t->class;
    t->outcome.classes = (int)label->dict.count;
    return status;
}

static double *copy_numbers(const eae_annot *a, int64_t n)
{
    double *values = eae_malloc((size_t)n, sizeof *values);
    for (int64_t i = 0; i < n; i++)
        values[i] = a->type == EAE_ANNOT_F64 ? a->f64[i] : (double)a->i64[i];
    return values;
}

/* Numbers that came from another program; importers make no others. */
static int check_numbers(const eae_frame *data, const char *what, const double *value)
{
    bool is_time = strcmp(what, "time") == 0, is_status = strcmp(what, "status") == 0;
    for (int64_t i = 0; i < data->rows.count; i++) {
        const char *wrong = NULL;
        if (!isfinite(value[i]))
            wrong = "is not finite";
        else if (is_time && value[i] <= 0)
            wrong = "is not above 0";
        else if (is_status && value[i] != 0 && value[i] != 1)
            wrong = "is neither 0 nor 1";
        if (wrong)
            return eae_fail("%s: %g of sample %s %s", what, value[i],
                            eae_name(&data->rows.names, i), wrong);
    }
    return EAE_OK;
}

static int read_regression(const eae_frame *data, const eae_annot *label, eae_target *t)
{
    t->task = EAE_TASK_REGRESSION;
    t->value = copy_numbers(label, t->n);
    t->outcome.value = t->value;
    if (check_numbers(data, "label", t->value) != EAE_OK)
        return EAE_FAIL;
    for (int64_t i = 1; i < t->n; i++) {
        if (t->value[i] != t->value[0])
            return EAE_OK;
    }
    return eae_fail("the label has the same value in all %lld samples", (long long)t->n);
}

static int read_survival(const eae_frame *data, const eae_annot *time,
                         const eae_annot *status_column, eae_target *t)
{
    const eae_annot *const text = time->type == EAE_ANNOT_TEXT            ? time
                                  : status_column->type == EAE_ANNOT_TEXT ? status_column
                                                                          : NULL;
    if (text)
        return eae_fail("the annotation %s is text: survival needs numbers, by --time and --status",
                        text->name);
    int status = require_complete(data, time);
    if (status == EAE_OK)
        status = require_complete(data, status_column);
    if (status != EAE_OK)
        return status;
    t->task = EAE_TASK_SURVIVAL;
    t->time = copy_numbers(time, t->n);
    t->status = copy_numbers(status_column, t->n);
    t->outcome.time = t->time;
    t->outcome.status = t->status;
    status = check_numbers(data, "time", t->time);
    return status == EAE_OK ? check_numbers(data, "status", t->status) : status;
}

static void read_groups(const eae_frame *data, eae_target *t)
{
    const eae_annot *group = eae_axis_find(&data->rows, "group");
    if (!group)
        return;
    /* numbers as groups: by their text */
    eae_annot text = {.code = eae_malloc((size_t)t->n, sizeof(int32_t)), .type = EAE_ANNOT_TEXT};
    t->group = eae_malloc((size_t)t->n, sizeof *t->group);
    for (int64_t i = 0; i < t->n; i++) {
        char number[32];
        eae_annot_set_text(&text, i, eae_annot_print(group, i, number));
        t->group[i] = text.code[i];
    }
    t->groups = (int)text.dict.count;
    eae_names_free(&text.dict);
    free(text.code);
}

int eae_target_from(const eae_frame *data, eae_target *t)
{
    *t = (eae_target){.n = data->rows.count};
    if (t->n == 0)
        return eae_fail("the data have no samples");
    const eae_annot *label = eae_axis_find(&data->rows, "label");
    const eae_annot *time = eae_axis_find(&data->rows, "time");
    const eae_annot *event = eae_axis_find(&data->rows, "status");
    int status;
    if (label) {
        status = require_complete(data, label);
        if (status == EAE_OK)
            status = label->type == EAE_ANNOT_TEXT ? read_classes(label, t)
                                                   : read_regression(data, label, t);
    } else if (time && event) {
        status = read_survival(data, time, event, t);
    } else {
        status = no_label(data);
    }
    if (status == EAE_OK)
        read_groups(data, t);
    else
        eae_target_free(t);
    return status;
}

int eae_target_survival(const eae_frame *data, eae_target *t)
{
    *t = (eae_target){.n = data->rows.count};
    const eae_annot *time = eae_axis_find(&data->rows, "time");
    const eae_annot *event = eae_axis_find(&data->rows, "status");
    int status = EAE_OK;
    if (t->n == 0)
        status = eae_fail("the data have no samples");
    else if (!time || !event)
        status = eae_fail("survival needs --time and --status");
    else
        status = read_survival(data, time, event, t);
    if (status == EAE_OK)
        read_groups(data, t);
    else
        eae_target_free(t);
    return status;
}

void eae_target_free(eae_target *t)
{
    free(t->class);
    free(t->value);
    free(t->time);
    free(t->status);
    free(t->group);
    *t = (eae_target){0};
}

/* ---- permutations ----------------------------------------------------------------------- */

static bool same_label(const eae_target *t, int64_t i, int64_t k)
{
    switch (t->task) {
    case EAE_TASK_CLASSES:
        return t->class[i] == t->class[k];
    case EAE_TASK_REGRESSION:
        return t->value[i] == t->value[k];
    default:
        return t->time[i] == t->time[k] && t->status[i] == t->status[k];
    }
}

/* Rows in order of group: group g has member[start[g]] .. member[start[g + 1] - 1]. */
typedef struct {
    int64_t *member;
    int64_t *start;
} grouping;

static grouping group_rows(const eae_target *t)
{
    grouping g = {eae_malloc((size_t)t->n, sizeof(int64_t)), EAE_NEW_ARRAY(int64_t, t->groups + 1)};
    for (int64_t i = 0; i < t->n; i++)
        g.start[t->group[i] + 1]++;
    for (int c = 0; c < t->groups; c++)
        g.start[c + 1] += g.start[c];
    int64_t *next = eae_malloc((size_t)t->groups, sizeof *next);
    memcpy(next, g.start, (size_t)t->groups * sizeof *next);
    for (int64_t i = 0; i < t->n; i++)
        g.member[next[t->group[i]]++] = i;
    free(next);
    return g;
}

static bool constant_in_groups(const eae_target *t, const grouping *g)
{
    for (int c = 0; c < t->groups; c++) {
        for (int64_t k = g->start[c] + 1; k < g->start[c + 1]; k++) {
            if (!same_label(t, g->member[k], g->member[g->start[c]]))
                return false;
        }
    }
    return true;
}

static void shuffle_within(const eae_target *t, const grouping *g, eae_random *r, int64_t *from)
{
    int64_t *rows = eae_malloc((size_t)t->n, sizeof *rows);
    memcpy(rows, g->member, (size_t)t->n * sizeof *rows);
    for (int c = 0; c < t->groups; c++)
        eae_random_shuffle(r, rows + g->start[c], (size_t)(g->start[c + 1] - g->start[c]));
    for (int64_t k = 0; k < t->n; k++)
        from[g->member[k]] = rows[k];
    free(rows);
}

/* Groups of one size exchange labels: a bijection of rows needs equal sizes. */
static int shuffle_between(const eae_target *t, const grouping *g, eae_random *r, int64_t *from)
{
    int64_t *same = eae_malloc((size_t)t->groups, sizeof *same);
    int64_t *mixed = eae_malloc((size_t)t->groups, sizeof *mixed);
    bool *done = EAE_NEW_ARRAY(bool, t->groups);
    bool exchangeable = false;
    for (int c = 0; c < t->groups; c++) {
        size_t count = 0;
        int64_t size = g->start[c + 1] - g->start[c];
        if (done[c])
            continue;
        for (int d = c; d < t->groups; d++) {
            if (g->start[d + 1] - g->start[d] != size)
                continue;
            done[d] = true;
            mixed[count] = same[count] = d;
            count++;
            exchangeable |= !same_label(t, g->member[g->start[c]], g->member[g->start[d]]);
        }
        eae_random_shuffle(r, mixed, count);
        for (size_t k = 0; k < count; k++) {
            for (int64_t m = 0; m < size; m++)
                from[g->member[g->start[same[k]] + m]] = g->member[g->start[mixed[k]] + m];
        }
    }
    free(same);
    free(mixed);
    free(done);
    return exchangeable ? EAE_OK
                        : eae_fail("no permutation is possible: the label is constant in every "
                                   "group, and no two groups of the same size differ in it");
}

int eae_permutation(const eae_target *t, uint64_t seed, int64_t b, int64_t *from)
{
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_PERMUTE, (uint64_t)b);
    for (int64_t i = 0; i < t->n; i++)
        from[i] = i;
    if (!t->group) {
        eae_random_shuffle(&r, from, (size_t)t->n);
        return EAE_OK;
    }
    grouping g = group_rows(t);
    int status = EAE_OK;
    if (constant_in_groups(t, &g))
        status = shuffle_between(t, &g, &r, from);
    else
        shuffle_within(t, &g, &r, from);
    free(g.member);
    free(g.start);
    return status;
}

static double *permuted_numbers(const double *values, const int64_t *from, int64_t n)
{
    if (!values)
        return NULL;
    double *p = eae_malloc((size_t)n, sizeof *p);
    for (int64_t i = 0; i < n; i++)
        p[i] = values[from[i]];
    return p;
}

void eae_target_permuted(const eae_target *t, const int64_t *from, eae_target *p)
{
    *p = *t;
    p->permuted = true;
    p->from = from;
    p->group = NULL;
    p->class = NULL;
    if (t->class) {
        p->class = eae_malloc((size_t)t->n, sizeof *p->class);
        for (int64_t i = 0; i < t->n; i++)
            p->class[i] = t->class[from[i]];
    }
    p->value = permuted_numbers(t->value, from, t->n);
    p->time = permuted_numbers(t->time, from, t->n);
    p->status = permuted_numbers(t->status, from, t->n);
    p->outcome.class = p->class;
    p->outcome.value = p->value;
    p->outcome.time = p->time;
    p->outcome.status = p->status;
}

int eae_labelings_make(eae_labelings *l, const eae_target *target, uint64_t seed,
                       int64_t permutations)
{
    *l = (eae_labelings){.count = 1 + permutations};
    l->target = EAE_NEW_ARRAY(eae_target, l->count);
    l->from = EAE_NEW_ARRAY(int64_t *, l->count);
    l->target[0] = *target;
    for (int64_t b = 1; b < l->count; b++) {
        l->from[b] = eae_malloc((size_t)target->n, sizeof(int64_t));
        if (eae_permutation(target, seed, b, l->from[b]) != EAE_OK)
            return EAE_FAIL;
        eae_target_permuted(target, l->from[b], &l->target[b]);
    }
    return EAE_OK;
}

void eae_labelings_free(eae_labelings *l)
{
    for (int64_t b = 1; l->target && b < l->count; b++) {
        free(l->from[b]);
        eae_target_free(&l->target[b]);
    }
    free(l->from);
    free(l->target);
    *l = (eae_labelings){0};
}
