/* predictions.c - from rows of a prediction frame to candidates and entries, and joining values. */
#include "eval/score/predictions.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "eval/score/candidate.h"

/* ---- reading annotations ----------------------------------------------------------------- */

static const char *const key_columns[] = {"model", "spec", "param", "size", "plan"};
enum { KEY_COLUMNS = 5 };

static int64_t whole(const eae_annot *a, int64_t row, int64_t fallback)
{
    if (!a || eae_annot_is_missing(a, row) || a->type == EAE_ANNOT_TEXT)
        return fallback;
    return a->type == EAE_ANNOT_I64 ? a->i64[row] : (int64_t)a->f64[row];
}

double eae_sample_number(const eae_annot *a, int64_t i)
{
    if (eae_annot_is_missing(a, i))
        return NAN;
    return a->type == EAE_ANNOT_F64 ? a->f64[i] : (double)a->i64[i];
}

static const char *model_name(const eae_frame *f, int64_t row)
{
    const eae_annot *a = eae_axis_find(&f->rows, "model");
    const char *name = a && a->type == EAE_ANNOT_TEXT ? eae_annot_text(a, row) : NULL;
    return name ? name : "NA";
}

bool eae_gives_log_odds(const char *model)
{
    static const char *const names[] = {"logistic", "lasso", "enet", "softmax", "exec"};
    bool is = strncmp(model, "exec:", 5) == 0;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        is = is || strcmp(model, names[k]) == 0;
    return is;
}

/* ---- the task ---------------------------------------------------------------------------- */

static int find_columns(eae_predictions *p, const char *name)
{
    const eae_axis *cols = &p->frame->cols;
    p->label = eae_axis_find(cols, "label");
    p->time = eae_axis_find(cols, "time");
    p->status = eae_axis_find(cols, "status");
    p->group = eae_axis_find(cols, "group");
    bool survival = p->time && p->status && p->time->type != EAE_ANNOT_TEXT &&
                    p->status->type != EAE_ANNOT_TEXT;
    if (!survival)
        p->time = p->status = NULL;
    if (!p->label && !survival)
        return eae_fail("%s: the predictions carry no label, nor time and status", name);
    if (!p->label || p->label->type != EAE_ANNOT_TEXT)
        return EAE_OK;
    p->classes = (int)p->label->dict.count;
    if (p->classes == 0)
        return eae_fail("%s: every label is missing", name);
    if (p->classes == 1)
        return eae_fail("%s: the label has one class only, '%s'", name,
                        eae_name(&p->label->dict, 0));
    return EAE_OK;
}

static int task_of(const eae_predictions *p, const char *model, eae_task *task)
{
    bool cox = strcmp(model, "cox") == 0;
    if (cox && !p->time)
        return eae_fail("model cox: the predictions carry no time and status");
    if (cox || !p->label)
        *task = EAE_TASK_SURVIVAL;
    else
        *task = p->classes ? EAE_TASK_CLASSES : EAE_TASK_REGRESSION;
    return EAE_OK;
}

static bool has_outcome(const eae_predictions *p, eae_task task, int64_t sample)
{
    if (task == EAE_TASK_SURVIVAL)
        return !eae_annot_is_missing(p->time, sample) && !eae_annot_is_missing(p->status, sample);
    return !eae_annot_is_missing(p->label, sample);
}

/* ---- candidates -------------------------------------------------------------------------- */

/* The first `columns` of what tells candidates apart, as one name. */
static void add_key(const eae_frame *f, int64_t row, int columns, eae_names *keys)
{
    eae_buffer b = {0};
    for (int c = 0; c < columns; c++)
        eae_key_add(&b, &f->rows, row, key_columns[c]);
    eae_names_add(keys, b.data, b.length);
    eae_buffer_free(&b);
}

/* Candidates that differ in the plan only look alike in a report. */
static void warn_of_plans(const eae_predictions *p)
{
    const eae_annot *plan = eae_axis_find(&p->frame->rows, "plan");
    eae_names keys = {0};
    int64_t first;
    for (int c = 0; c < p->candidate_count && plan; c++) {
        if (!eae_annot_is_missing(plan, p->candidate[c].row))
            add_key(p->frame, p->candidate[c].row, KEY_COLUMNS - 1, &keys);
    }
    if (eae_names_find_duplicate(&keys, &first) >= 0)
        eae_warn("the same model was trained under several plans: each is reported for itself");
    eae_names_free(&keys);
}

static int add_candidate(eae_predictions *p, int64_t row)
{
    eae_candidate c = {.row = row, .model = model_name(p->frame, row)};
    c.probability = eae_gives_log_odds(c.model);
    int status = task_of(p, c.model, &c.task);
    if (status != EAE_OK)
        return status;
    for (int64_t j = 0; j < p->frame->cols.count; j++)
        c.samples += has_outcome(p, c.task, j);
    p->candidate = eae_realloc(p->candidate, (size_t)p->candidate_count + 1, sizeof c);
    p->candidate[p->candidate_count++] = c;
    return EAE_OK;
}

/* The candidate of each row. */
static int find_candidates(eae_predictions *p, int *candidate)
{
    eae_names keys = {0};
    for (int64_t row = 0; row < p->frame->rows.count; row++)
        add_key(p->frame, row, KEY_COLUMNS, &keys);
    eae_name_index *index = eae_name_index_new(&keys);
    int status = EAE_OK;
    for (int64_t row = 0; row < p->frame->rows.count && status == EAE_OK; row++) {
        const char *key = eae_name(&keys, row);
        int64_t first = eae_name_find(index, key, strlen(key));
        if (first == row) {
            candidate[row] = p->candidate_count;
            status = add_candidate(p, row);
        } else {
            candidate[row] = candidate[first];
        }
    }
    eae_name_index_free(index);
    eae_names_free(&keys);
    return status;
}

/* ---- entries ----------------------------------------------------------------------------- */

static int by_place(const void *pa, const void *pb)
{
    const eae_entry *a = pa, *b = pb;
    if (a->candidate != b->candidate)
        return a->candidate < b->candidate ? -1 : 1;
    if (a->perm != b->perm)
        return a->perm < b->perm ? -1 : 1;
    if (a->repeat != b->repeat)
        return a->repeat < b->repeat ? -1 : 1;
    if (a->split != b->split)
        return a->split < b->split ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static bool same_split(const eae_entry *a, const eae_entry *b)
{
    return a->candidate == b->candidate && a->perm == b->perm && a->repeat == b->repeat &&
           a->split == b->split;
}

static int list_rows(eae_predictions *p, const char *name)
{
    int64_t rows = p->frame->rows.count;
    int *candidate = eae_malloc((size_t)rows, sizeof *candidate);
    int status = find_candidates(p, candidate);
    if (status != EAE_OK) {
        free(candidate);
        return eae_fail_within(status, "%s", name);
    }
    const eae_axis *axis = &p->frame->rows;
    const eae_annot *split = eae_axis_find(axis, "split"), *repeat = eae_axis_find(axis, "repeat"),
                    *fold = eae_axis_find(axis, "fold"), *perm = eae_axis_find(axis, "perm");
    p->entry = eae_calloc((size_t)rows, sizeof *p->entry);
    p->entry_count = rows;
    for (int64_t row = 0; row < rows; row++) {
        p->entry[row] = (eae_entry){candidate[row],
                                    whole(split, row, row + 1),
                                    whole(repeat, row, 0),
                                    whole(fold, row, 0),
                                    whole(perm, row, 0),
                                    row,
                                    0};
    }
    free(candidate);
    warn_of_plans(p);
    qsort(p->entry, (size_t)rows, sizeof *p->entry, by_place);
    return EAE_OK;
}

static int twice(const eae_predictions *p, const eae_entry *e, const char *name)
{
    char text[EAE_NUMBER_TEXT];
    const eae_annot *param = eae_axis_find(&p->frame->rows, "param");
    return eae_fail("%s: split %" PRId64 " of model %s, param %s is there twice", name, e->split,
                    p->candidate[e->candidate].model,
                    param ? eae_annot_print(param, e->row, text) : "NA");
}

/* The rows first[0..n-1] of one entry of K classes, put in the order of the classes. */
static int order_classes(const eae_predictions *p, const eae_entry *first, int64_t n,
                         int64_t *class_row, const char *name)
{
    const eae_annot *a = eae_axis_find(&p->frame->rows, "class");
    for (int c = 0; c < p->classes; c++)
        class_row[c] = -1;
    for (int64_t i = 0; i < n; i++) {
        const char *text = a && a->type == EAE_ANNOT_TEXT ? eae_annot_text(a, first[i].row) : NULL;
        int c = 0;
        while (text && c < p->classes && strcmp(eae_name(&p->label->dict, c), text) != 0)
            c++;
        if (!text || c == p->classes)
            return eae_fail("%s: row %" PRId64 ": class '%s' is not one of the label", name,
                            first[i].row + 1, text ? text : "NA");
        if (class_row[c] >= 0)
            return twice(p, first, name);
        class_row[c] = first[i].row;
    }
    for (int c = 0; c < p->classes; c++) {
        if (class_row[c] < 0)
            return eae_fail("%s: split %" PRId64 " of model %s has no row for class '%s'", name,
                            first->split, p->candidate[first->candidate].model,
                            eae_name(&p->label->dict, c));
    }
    return EAE_OK;
}

static bool one_row_per_class(const eae_predictions *p, const eae_entry *e)
{
    return p->classes > 2 && p->candidate[e->candidate].task == EAE_TASK_CLASSES;
}

/* From one element per row to one per entry. */
static int fold_classes(eae_predictions *p, const char *name)
{
    int64_t kept = 0, rows = p->entry_count;
    if (p->classes > 2)
        p->class_row = eae_calloc((size_t)rows * (size_t)p->classes, sizeof *p->class_row);
    for (int64_t i = 0, end; i < rows; i = end) {
        for (end = i + 1; end < rows && same_split(&p->entry[i], &p->entry[end]);)
            end++;
        int status = EAE_OK;
        if (one_row_per_class(p, &p->entry[i]))
            status =
                order_classes(p, p->entry + i, end - i, p->class_row + kept * p->classes, name);
        else if (end - i > 1)
            status = twice(p, &p->entry[i], name);
        if (status != EAE_OK)
            return status;
        p->entry[kept++] = p->entry[i];
    }
    p->entry_count = kept;
    return EAE_OK;
}

/* ---- what is held out -------------------------------------------------------------------- */

/* How many values an entry has per sample, and where they are. */
static int value_rows(const eae_predictions *p, const eae_entry *e, const int64_t **row)
{
    bool many = one_row_per_class(p, e);
    *row = many ? p->class_row + (e - p->entry) * p->classes : &e->row;
    return many ? p->classes : 1;
}

static int count_held(eae_predictions *p, const char *name)
{
    int64_t any = 0, cols = p->frame->cols.count;
    const double *values = eae_frame_f64(p->frame);
    for (int64_t i = 0; i < p->entry_count; i++) {
        eae_entry *e = &p->entry[i];
        const int64_t *row;
        int k = value_rows(p, e, &row);
        eae_task task = p->candidate[e->candidate].task;
        for (int64_t j = 0; j < cols; j++) {
            int there = 0;
            for (int c = 0; c < k; c++)
                there += !isnan(values[row[c] * cols + j]);
            if (there > 0 && there < k)
                return eae_fail("%s: split %" PRId64 ", sample %" PRId64
                                ": values for %d of %d classes",
                                name, e->split, j + 1, there, k);
            e->held += there > 0 && has_outcome(p, task, j);
        }
        any += e->held;
    }
    if (any == 0)
        return eae_fail("%s: no held-out values to score; train with a plan (eae-split)", name);
    return EAE_OK;
}

/* Every candidate needs its real labels; count the permutations. */
static int count_perms(eae_predictions *p, const char *name)
{
    for (int64_t i = 0; i < p->entry_count;) {
        const eae_entry *first = &p->entry[i];
        if (first->perm != 0)
            return eae_fail("%s: model %s has permuted labels only (perm %" PRId64 ")", name,
                            p->candidate[first->candidate].model, first->perm);
        int64_t perms = 0;
        for (i++; i < p->entry_count && p->entry[i].candidate == first->candidate; i++)
            perms += p->entry[i].perm != p->entry[i - 1].perm;
        if (perms > p->perms)
            p->perms = perms;
    }
    return EAE_OK;
}

int eae_predictions_open(eae_predictions *p, const eae_frame *frame, const char *name)
{
    *p = (eae_predictions){.frame = frame};
    int status = frame->type == EAE_F64 ? EAE_OK : eae_fail("%s: predictions must be f64", name);
    if (status == EAE_OK)
        status = find_columns(p, name);
    if (status == EAE_OK)
        status = list_rows(p, name);
    if (status == EAE_OK)
        status = fold_classes(p, name);
    if (status == EAE_OK)
        status = count_held(p, name);
    if (status == EAE_OK)
        status = count_perms(p, name);
    if (status != EAE_OK)
        eae_predictions_close(p);
    return status;
}

void eae_predictions_close(eae_predictions *p)
{
    free(p->candidate);
    free(p->entry);
    free(p->class_row);
    *p = (eae_predictions){0};
}

void eae_candidate_entries(const eae_predictions *p, int candidate, int64_t *first, int64_t *end)
{
    int64_t i = 0;
    for (int64_t end_of_search = p->entry_count; i < end_of_search;) {
        int64_t middle = i + (end_of_search - i) / 2;
        if (p->entry[middle].candidate < candidate)
            i = middle + 1;
        else
            end_of_search = middle;
    }
    *first = i;
    while (i < p->entry_count && p->entry[i].candidate == candidate && p->entry[i].perm == 0)
        i++;
    *end = i;
}

int64_t eae_entry_repeat_end(const eae_predictions *p, int64_t i)
{
    const eae_entry *first = &p->entry[i];
    while (i < p->entry_count && p->entry[i].candidate == first->candidate &&
           p->entry[i].perm == first->perm && p->entry[i].repeat == first->repeat)
        i++;
    return i;
}

/* ---- joining ----------------------------------------------------------------------------- */

static void joined_new(eae_joined *j, eae_task task, int classes, bool probability, int64_t room)
{
    *j = (eae_joined){0};
    j->scored.classes = task == EAE_TASK_CLASSES ? classes : 0;
    j->scored.probability = probability;
    size_t n = (size_t)room, columns = j->scored.classes > 2 ? (size_t)classes : 1;
    j->sample = eae_malloc(n, sizeof *j->sample);
    j->from = eae_malloc(n, sizeof *j->from);
    j->value = eae_malloc(n * columns, sizeof *j->value);
    if (task == EAE_TASK_CLASSES) {
        j->scored.class = j->class = eae_malloc(n, sizeof *j->class);
    } else if (task == EAE_TASK_REGRESSION) {
        j->scored.target = j->target = eae_malloc(n, sizeof *j->target);
    } else {
        j->scored.time = j->time = eae_malloc(n, sizeof *j->time);
        j->scored.status = j->status = eae_malloc(n, sizeof *j->status);
        j->scored.cut = j->cut = eae_malloc(n, sizeof *j->cut);
        j->scored.sd = j->sd = eae_malloc(n, sizeof *j->sd);
    }
    j->scored.value = j->value;
}

/* A row annotation; NaN where the frame has no such number. */
static double entry_number(const eae_predictions *p, const eae_entry *e, const char *name)
{
    const eae_annot *a = eae_axis_find(&p->frame->rows, name);
    return a && a->type != EAE_ANNOT_TEXT ? eae_sample_number(a, e->row) : NAN;
}

static void join_one(const eae_predictions *p, const eae_entry *e, int64_t which, eae_joined *j)
{
    int64_t cols = p->frame->cols.count;
    const double *values = eae_frame_f64(p->frame);
    const int64_t *row;
    int k = value_rows(p, e, &row);
    eae_task task = p->candidate[e->candidate].task;
    double cut = entry_number(p, e, "cut"), sd = entry_number(p, e, "sd");
    for (int64_t s = 0; s < cols; s++) {
        if (isnan(values[row[0] * cols + s]) || !has_outcome(p, task, s))
            continue;
        int64_t i = j->scored.n++;
        j->sample[i] = s;
        j->from[i] = which;
        for (int c = 0; c < k; c++)
            j->value[i * k + c] = values[row[c] * cols + s];
        if (j->class)
            j->class[i] = p->label->code[s];
        if (j->target)
            j->target[i] = eae_sample_number(p->label, s);
        if (j->time) {
            j->time[i] = eae_sample_number(p->time, s);
            j->status[i] = eae_sample_number(p->status, s);
            j->cut[i] = cut;
            j->sd[i] = sd;
        }
    }
}

void eae_join(const eae_predictions *p, int64_t first, int64_t end, eae_joined *out)
{
    int64_t room = 0;
    for (int64_t i = first; i < end; i++)
        room += p->entry[i].held;
    const eae_candidate *c = &p->candidate[p->entry[first].candidate];
    joined_new(out, c->task, p->classes, c->probability, room);
    for (int64_t i = first; i < end; i++)
        join_one(p, &p->entry[i], i - first, out);
    /* leave-one-out has nothing to compare within a split */
    for (int64_t i = first; i < end; i++)
        out->scored.stratum = out->time && p->entry[i].held > 1 ? out->from : out->scored.stratum;
}

void eae_joined_take(const eae_joined *all, const int64_t *take, int64_t n, eae_joined *out)
{
    eae_task task = all->class    ? EAE_TASK_CLASSES
                    : all->target ? EAE_TASK_REGRESSION
                                  : EAE_TASK_SURVIVAL;
    int classes = all->scored.classes, k = classes > 2 ? classes : 1;
    joined_new(out, task, classes, all->scored.probability, n);
    out->scored.n = n;
    out->scored.threshold = all->scored.threshold;
    out->scored.stratum = all->scored.stratum ? out->from : NULL;
    for (int64_t i = 0; i < n; i++) {
        int64_t t = take[i];
        out->sample[i] = all->sample[t];
        out->from[i] = all->from[t];
        memcpy(out->value + i * k, all->value + t * k, (size_t)k * sizeof *out->value);
        if (out->class)
            out->class[i] = all->class[t];
        if (out->target)
            out->target[i] = all->target[t];
        if (out->time) {
            out->time[i] = all->time[t];
            out->status[i] = all->status[t];
            out->cut[i] = all->cut[t];
            out->sd[i] = all->sd[t];
        }
    }
}

void eae_joined_free(eae_joined *j)
{
    free(j->sample);
    free(j->from);
    free(j->value);
    free(j->class);
    free(j->target);
    free(j->time);
    free(j->status);
    free(j->cut);
    free(j->sd);
    *j = (eae_joined){0};
}
