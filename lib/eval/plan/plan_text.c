/*
 * plan_text.c - plans as TSV: one line for each sample that a split uses.
 *
 * Written: split sample role repeat fold, then parent and count where they apply. Read: columns by
 * name, in any order, lines in any order; others are ignored. Without `repeat`, a repeat goes on
 * until a sample would be held out a second time; without `fold`, folds are numbered as they come.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/number.h"
#include "eval/plan/plan.h"
#include "eval/plan/plan_strata.h"
#include "matrix/text_source.h"

/* ---- write ------------------------------------------------------------------------------ */

typedef struct {
    const int64_t *split, *repeat, *fold, *parent;
    bool has_parent, has_count;
} columns;

static void find_columns(const eae_frame *plan, columns *c)
{
    *c = (columns){
        .split = eae_axis_find(&plan->rows, "split")->i64,
        .repeat = eae_axis_find(&plan->rows, "repeat")->i64,
        .fold = eae_axis_find(&plan->rows, "fold")->i64,
        .parent = eae_axis_find(&plan->rows, "parent")->i64,
    };
    const int16_t *x = eae_frame_i16(plan);
    for (int64_t i = 0; i < plan->rows.count; i++)
        c->has_parent = c->has_parent || c->parent[i] != 0;
    for (int64_t i = 0; i < plan->rows.count * plan->cols.count; i++)
        c->has_count = c->has_count || x[i] > 1;
}

/* A name with a tab or a line end would come back as something else. */
static int check_text_names(const eae_names *names)
{
    for (int64_t j = 0; j < names->count; j++) {
        if (strpbrk(eae_name(names, j), "\t\r\n"))
            return eae_fail("the name of sample %lld has a tab or a line end: it cannot be written "
                            "as text",
                            (long long)j + 1);
    }
    return EAE_OK;
}

static void print_row(const eae_frame *plan, const columns *c, int64_t i, eae_buffer *line)
{
    char buf[EAE_NUMBER_TEXT];
    const int16_t *x = eae_frame_i16(plan) + i * plan->cols.count;
    for (int64_t j = 0; j < plan->cols.count; j++) {
        if (x[j] == 0)
            continue;
        eae_buffer_printf(line, "%lld\t%s\t%s\t%lld\t%lld", (long long)c->split[i],
                          eae_sample_name(&plan->cols.names, j, buf), x[j] > 0 ? "train" : "test",
                          (long long)c->repeat[i], (long long)c->fold[i]);
        if (c->has_parent)
            eae_buffer_printf(line, "\t%lld", (long long)c->parent[i]);
        if (c->has_count)
            eae_buffer_printf(line, "\t%d", x[j] > 0 ? x[j] : 1);
        eae_buffer_putc(line, '\n');
    }
}

int eae_plan_write(const char *path, const eae_frame *plan)
{
    columns c;
    eae_output *out;
    eae_buffer text = {0};
    find_columns(plan, &c);
    int status = check_text_names(&plan->cols.names);
    if (status == EAE_OK)
        status = eae_output_open(&out, path, false);
    if (status != EAE_OK)
        return status;
    eae_buffer_printf(&text, "split\tsample\trole\trepeat\tfold%s%s\n",
                      c.has_parent ? "\tparent" : "", c.has_count ? "\tcount" : "");
    for (int64_t i = 0; i < plan->rows.count && status == EAE_OK; i++) {
        print_row(plan, &c, i, &text);
        status = eae_output_write(out, text.data, text.length);
        text.length = 0;
    }
    eae_buffer_free(&text);
    if (status == EAE_OK)
        return eae_output_close(out);
    eae_output_discard(out);
    return status;
}

/* ---- read: lines ------------------------------------------------------------------------ */

enum { SPLIT, SAMPLE, ROLE, REPEAT, FOLD, PARENT, COUNT, COLUMNS };
static const char *const column[COLUMNS] = {"split", "sample", "role", "repeat",
                                            "fold",  "parent", "count"};

typedef struct {
    int64_t line;
    int64_t number[COLUMNS]; /* 0 where the column is absent or missing; SAMPLE: its position */
    int16_t use;
} record;

typedef struct {
    const char *path;
    const eae_frame *data;
    eae_name_index *samples;
    eae_names made_up; /* s1, s2, ... where the data have no names */
    eae_strata strata;
    int at[COLUMNS]; /* field number of each column, or -1 */
    int field_count;
    char **field;
    record *records;
    int64_t count, capacity;
    int64_t unlabelled; /* lines of samples without a label */
} reader;

static int bad(const reader *r, int64_t line, int what, const char *message, const char *text)
{
    return eae_fail("%s:%lld: column %d: %s: \"%s\"", r->path, (long long)line, r->at[what] + 1,
                    message, text);
}

/* Cut a line at its tabs; returns how many fields it has, and fills at most `room` of them. */
static int cut_fields(char *line, char **field, int room)
{
    int n = 0;
    for (char *p = line; p; n++) {
        char *tab = strchr(p, '\t');
        if (tab)
            *tab = '\0';
        if (n < room)
            field[n] = p;
        p = tab ? tab + 1 : NULL;
    }
    return n;
}

static int read_header(reader *r, char *line)
{
    r->field_count = 1;
    for (const char *p = line; *p; p++)
        r->field_count += *p == '\t';
    r->field = eae_malloc((size_t)r->field_count, sizeof *r->field);
    cut_fields(line, r->field, r->field_count);
    for (int c = 0; c < COLUMNS; c++) {
        r->at[c] = -1;
        for (int i = 0; i < r->field_count; i++) {
            if (strcmp(r->field[i], column[c]) != 0)
                continue;
            if (r->at[c] >= 0)
                return eae_fail("%s:1: two columns are called '%s'", r->path, column[c]);
            r->at[c] = i;
        }
        if (c <= ROLE && r->at[c] < 0)
            return eae_fail("%s:1: no column '%s'; a plan is tab-separated with a header that has "
                            "split, sample and role",
                            r->path, column[c]);
    }
    return EAE_OK;
}

static int read_number(const reader *r, int64_t line, int what, int64_t least, int64_t *number)
{
    const char *text = r->at[what] >= 0 ? r->field[r->at[what]] : NULL;
    size_t n = text ? strlen(text) : 0;
    *number = 0;
    if (!text || (what != SPLIT && eae_is_missing(text, n)))
        return EAE_OK;
    if (!eae_parse_int(text, n, number))
        return bad(r, line, what, "not a whole number", text);
    if (*number < least)
        return bad(r, line, what, "too small", text);
    return EAE_OK;
}

static int read_use(const reader *r, record *rec)
{
    const char *role = r->field[r->at[ROLE]];
    int64_t count = rec->number[COUNT];
    if (strcmp(role, "train") == 0) {
        if (count > INT16_MAX)
            return bad(r, rec->line, COUNT, "too large", r->field[r->at[COUNT]]);
        rec->use = (int16_t)(count > 0 ? count : 1);
    } else if (strcmp(role, "test") == 0) {
        if (count > 1)
            return bad(r, rec->line, COUNT, "a test sample counts once", r->field[r->at[COUNT]]);
        rec->use = -1;
    } else if (strcmp(role, "unused") == 0) {
        rec->use = 0;
    } else {
        return bad(r, rec->line, ROLE, "not train, test or unused", role);
    }
    return EAE_OK;
}

static int read_line(reader *r, char *line, int64_t number)
{
    static const int64_t least[COLUMNS] = {0, 0, 0, 1, 1, 0, 0};
    int n = cut_fields(line, r->field, r->field_count);
    if (n != r->field_count)
        return eae_fail("%s:%lld: %d fields where the header has %d", r->path, (long long)number, n,
                        r->field_count);
    record rec = {.line = number};
    for (int c = 0; c < COLUMNS; c++) {
        if (c == SAMPLE || c == ROLE)
            continue;
        int status = read_number(r, number, c, least[c], &rec.number[c]);
        if (status != EAE_OK)
            return status;
    }
    const char *sample = r->field[r->at[SAMPLE]];
    rec.number[SAMPLE] = eae_name_find(r->samples, sample, strlen(sample));
    if (rec.number[SAMPLE] < 0)
        return bad(r, number, SAMPLE, "no such sample in the data", sample);
    int status = read_use(r, &rec);
    if (status != EAE_OK)
        return status;
    if (r->count == r->capacity) {
        r->capacity = r->capacity ? 2 * r->capacity : 1024;
        r->records = eae_realloc(r->records, (size_t)r->capacity, sizeof *r->records);
    }
    r->records[r->count++] = rec;
    return EAE_OK;
}

static int read_lines(reader *r, char *text, size_t length)
{
    if (strlen(text) != length)
        return eae_fail("%s: not text: it has a zero byte", r->path);
    int64_t number = 1;
    int status = EAE_OK;
    for (char *p = text; *p && status == EAE_OK; number++) {
        char *end = strchr(p, '\n');
        char *next = end ? end + 1 : p + strlen(p);
        if (end)
            *end = '\0';
        else
            end = next;
        if (end > p && end[-1] == '\r')
            end[-1] = '\0';
        if (number == 1)
            status = read_header(r, p);
        else if (*p)
            status = read_line(r, p, number);
        p = next;
    }
    if (status == EAE_OK && r->count == 0)
        status = eae_fail("%s: %s", r->path, number == 1 ? "the plan is empty" : "no splits");
    return status;
}

/* ---- read: splits ----------------------------------------------------------------------- */

/* Outer splits first, then by split, sample and line. */
static int by_split(const void *a, const void *b)
{
    const record *x = a, *y = b;
    if ((x->number[PARENT] != 0) != (y->number[PARENT] != 0))
        return x->number[PARENT] != 0 ? 1 : -1;
    if (x->number[SPLIT] != y->number[SPLIT])
        return x->number[SPLIT] < y->number[SPLIT] ? -1 : 1;
    if (x->number[SAMPLE] != y->number[SAMPLE])
        return x->number[SAMPLE] < y->number[SAMPLE] ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

/* Lines of one split say the same of it; a sample is there once. */
static int check_neighbours(const reader *r, const record *x, const record *y)
{
    static const int same[] = {REPEAT, FOLD, PARENT};
    char buf[EAE_NUMBER_TEXT];
    if (x->number[SPLIT] != y->number[SPLIT])
        return EAE_OK;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (x->number[same[i]] != y->number[same[i]])
            return eae_fail("%s:%lld: column %d: %s %lld of split %lld is %lld in line %lld",
                            r->path, (long long)y->line, r->at[same[i]] + 1, column[same[i]],
                            (long long)y->number[same[i]], (long long)y->number[SPLIT],
                            (long long)x->number[same[i]], (long long)x->line);
    }
    if (x->number[SAMPLE] == y->number[SAMPLE])
        return eae_fail("%s:%lld: column %d: sample twice in split %lld (line %lld): \"%s\"",
                        r->path, (long long)y->line, r->at[SAMPLE] + 1, (long long)y->number[SPLIT],
                        (long long)x->line,
                        eae_sample_name(&r->data->rows.names, y->number[SAMPLE], buf));
    return EAE_OK;
}

/* Sort the records; how many splits there are. */
static int sort_records(reader *r, int64_t *splits)
{
    qsort(r->records, (size_t)r->count, sizeof *r->records, by_split);
    *splits = 1;
    for (int64_t i = 1; i < r->count; i++) {
        int status = check_neighbours(r, &r->records[i - 1], &r->records[i]);
        if (status != EAE_OK)
            return status;
        *splits += r->records[i].number[SPLIT] != r->records[i - 1].number[SPLIT] ||
                   (r->records[i].number[PARENT] != 0) != (r->records[i - 1].number[PARENT] != 0);
    }
    return EAE_OK;
}

static int new_plan(const reader *r, int64_t splits, eae_frame **plan)
{
    int status = eae_frame_new(plan, EAE_KIND_SPLIT, EAE_I16, splits, r->data->rows.count);
    if (status != EAE_OK)
        return status;
    size_t n = (size_t)(splits * r->data->rows.count);
    memset((*plan)->payload, 0, n * sizeof(int16_t));
    if (r->data->rows.names.count > 0)
        eae_names_copy(&(*plan)->cols.names, &r->data->rows.names);
    static const int order[] = {SPLIT, REPEAT, FOLD, PARENT};
    for (int i = 0; i < 4; i++)
        eae_axis_add(&(*plan)->rows, column[order[i]], EAE_ANNOT_I64);
    eae_axis_add(&(*plan)->rows, "plan", EAE_ANNOT_TEXT);
    return EAE_OK;
}

/* Row by row; the annotations still as they stand in the file. */
static void fill_plan(reader *r, eae_frame *plan)
{
    static const int order[] = {SPLIT, REPEAT, FOLD, PARENT};
    int64_t row = -1;
    for (int64_t i = 0; i < r->count; i++) {
        const record *rec = &r->records[i], *before = i > 0 ? rec - 1 : NULL;
        if (!before || before->number[SPLIT] != rec->number[SPLIT] ||
            (before->number[PARENT] != 0) != (rec->number[PARENT] != 0)) {
            row++;
            for (int c = 0; c < 4; c++)
                eae_axis_find(&plan->rows, column[order[c]])->i64[row] = rec->number[order[c]];
        }
        int64_t sample = rec->number[SAMPLE];
        bool labelled = r->strata.class_of[sample] >= 0;
        r->unlabelled += !labelled && rec->use != 0;
        eae_frame_i16(plan)[row * plan->cols.count + sample] = labelled ? rec->use : 0;
    }
}

/* ---- read: numbers ---------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Splits become 1, 2, ... in the order of the rows, parents with them. */
static int renumber(const reader *r, eae_frame *plan)
{
    int64_t *split = eae_axis_find(&plan->rows, "split")->i64;
    int64_t *parent = eae_axis_find(&plan->rows, "parent")->i64;
    int64_t outer = 0, changed = 0;
    while (outer < plan->rows.count && parent[outer] == 0)
        outer++;
    for (int64_t i = outer; i < plan->rows.count; i++) {
        const int64_t *at = bsearch(&parent[i], split, (size_t)outer, sizeof *split, by_number);
        if (!at)
            return eae_fail("%s: split %lld has the parent %lld, which is no outer split", r->path,
                            (long long)split[i], (long long)parent[i]);
        if (bsearch(&split[i], split, (size_t)outer, sizeof *split, by_number))
            return eae_fail("%s: split %lld is with a parent in some lines and without in others",
                            r->path, (long long)split[i]);
        parent[i] = at - split + 1;
    }
    for (int64_t i = 0; i < plan->rows.count; i++) {
        changed += split[i] != i + 1;
        split[i] = i + 1;
    }
    if (changed > 0)
        eae_note("%s: splits are renumbered 1 to %lld, in their order", r->path,
                 (long long)plan->rows.count);
    return EAE_OK;
}

/* A repeat ends where a sample would be held out a second time. */
static void infer_repeats(eae_frame *plan, int64_t *repeat, const int64_t *parent)
{
    int64_t n = plan->cols.count, now = 1;
    bool *held_out = EAE_NEW_ARRAY(bool, n);
    for (int64_t i = 0; i < plan->rows.count; i++) {
        const int16_t *x = eae_frame_i16(plan) + i * n;
        bool again = false;
        if (parent[i] != 0) {
            repeat[i] = repeat[parent[i] - 1];
            continue;
        }
        for (int64_t j = 0; j < n; j++)
            again = again || (x[j] < 0 && held_out[j]);
        if (again) {
            memset(held_out, 0, (size_t)n * sizeof *held_out);
            now++;
        }
        for (int64_t j = 0; j < n; j++)
            held_out[j] = held_out[j] || x[j] < 0;
        repeat[i] = now;
    }
    free(held_out);
}

/* Where the file does not say. */
static void complete_numbers(const reader *r, eae_frame *plan)
{
    const int64_t *parent = eae_axis_find(&plan->rows, "parent")->i64;
    int64_t *repeat = eae_axis_find(&plan->rows, "repeat")->i64;
    int64_t *fold = eae_axis_find(&plan->rows, "fold")->i64;
    bool missing = false;
    for (int64_t i = 0; i < plan->rows.count; i++)
        missing = missing || repeat[i] == 0;
    if (missing || r->at[REPEAT] < 0)
        infer_repeats(plan, repeat, parent);
    for (int64_t i = 0; i < plan->rows.count; i++) {
        bool goes_on = i > 0 && repeat[i] == repeat[i - 1] && parent[i] == parent[i - 1];
        if (fold[i] == 0)
            fold[i] = goes_on ? fold[i - 1] + 1 : 1;
    }
}

/* ---- read: does it make sense? ---------------------------------------------------------- */

static int check_sides(const reader *r, const eae_frame *plan, int64_t row)
{
    int64_t n = plan->cols.count, train = 0, test = 0;
    const int16_t *x = eae_frame_i16(plan) + row * n;
    for (int64_t j = 0; j < n; j++) {
        train += x[j] > 0;
        test += x[j] < 0;
    }
    if (train == 0 || test == 0)
        return eae_fail("%s: split %lld has no %s samples", r->path, (long long)row + 1,
                        train == 0 ? "training" : "test");
    return EAE_OK;
}

static int check_plan(const reader *r, const eae_frame *plan)
{
    for (int64_t i = 0; i < plan->rows.count; i++) {
        int status = check_sides(r, plan, i);
        if (status != EAE_OK)
            return status;
    }
    int status = eae_plan_check_parents(plan);
    if (status == EAE_OK)
        status = eae_plan_check_classes(plan, &r->strata);
    return status == EAE_OK ? EAE_OK : eae_fail_within(status, "%s", r->path);
}

/* ---- read: the whole -------------------------------------------------------------------- */

static int open_reader(reader *r)
{
    const eae_plan_spec spec = {.stratify = false};
    const eae_names *names = &r->data->rows.names;
    char buf[EAE_NUMBER_TEXT];
    int status = eae_strata_make(&spec, r->data, &r->strata);
    if (status != EAE_OK)
        return status;
    if (names->count == 0) {
        for (int64_t i = 0; i < r->data->rows.count; i++) {
            const char *name = eae_sample_name(&r->data->rows.names, i, buf);
            eae_names_add(&r->made_up, name, strlen(name));
        }
        names = &r->made_up;
    }
    r->samples = eae_name_index_new(names);
    return EAE_OK;
}

static void note_left_out(const reader *r, const eae_frame *plan)
{
    int64_t n = plan->cols.count, idle = n;
    bool *used = EAE_NEW_ARRAY(bool, n);
    for (int64_t i = 0; i < plan->rows.count * n; i++) {
        bool now = eae_frame_i16(plan)[i] != 0;
        idle -= now && !used[i % n];
        used[i % n] = used[i % n] || now;
    }
    free(used);
    if (idle > 0)
        eae_note("%s: %lld of %lld samples are in no split%s", r->path, (long long)idle,
                 (long long)n, r->unlabelled > 0 ? " (those without a label are left out)" : "");
}

static void close_reader(reader *r)
{
    eae_name_index_free(r->samples);
    eae_names_free(&r->made_up);
    eae_strata_free(&r->strata);
    free(r->field);
    free(r->records);
}

static int build_plan(reader *r, eae_frame **plan)
{
    int64_t splits = 0;
    int status = sort_records(r, &splits);
    if (status == EAE_OK)
        status = new_plan(r, splits, plan);
    if (status != EAE_OK)
        return status;
    fill_plan(r, *plan);
    status = renumber(r, *plan);
    if (status != EAE_OK)
        return status;
    complete_numbers(r, *plan);
    return check_plan(r, *plan);
}

int eae_plan_read(const char *path, const eae_frame *data, eae_frame **plan)
{
    reader r = {.path = path, .data = data};
    char *text = NULL;
    size_t length = 0;
    *plan = NULL;
    int status = open_reader(&r);
    if (status == EAE_OK)
        status = eae_text_read_file(path, &text, &length);
    if (status == EAE_OK)
        status = read_lines(&r, text, length);
    if (status == EAE_OK)
        status = build_plan(&r, plan);
    if (status == EAE_OK) {
        eae_plan_set_hash(*plan);
        note_left_out(&r, *plan);
        eae_plan_warn_confounded(data, NULL);
        eae_plan_warn_groups(*plan, data);
    } else {
        eae_frame_free(*plan);
        *plan = NULL;
    }
    free(text);
    close_reader(&r);
    return status;
}
