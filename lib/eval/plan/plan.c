/*
 * plan.c - reading plans that exist: check one against its data, take out one split, the hash.
 *
 * plan_make.c makes them, plan_text.c has the TSV form.
 */
#include "eval/plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "eval/plan/plan_strata.h"

/* ---- hash ------------------------------------------------------------------------------- */

static void hash_u64(eae_hasher *h, uint64_t x)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(x >> (8 * i));
    eae_hasher_add(h, bytes, sizeof bytes);
}

static void hash_annotation(eae_hasher *h, const eae_axis *rows, const char *name)
{
    const eae_annot *a = eae_axis_find(rows, name);
    eae_hasher_add(h, name, strlen(name) + 1);
    for (int64_t i = 0; i < rows->count; i++)
        hash_u64(h, (uint64_t)(a && a->type == EAE_ANNOT_I64 ? a->i64[i] : EAE_MISSING_I64));
}

static void hash_entries(eae_hasher *h, const int16_t *x, size_t n)
{
    uint8_t bytes[4096];
    while (n > 0) {
        size_t some = n < sizeof bytes / 2 ? n : sizeof bytes / 2;
        for (size_t i = 0; i < some; i++) {
            bytes[2 * i] = (uint8_t)((uint16_t)x[i] & 0xff);
            bytes[2 * i + 1] = (uint8_t)((uint16_t)x[i] >> 8);
        }
        eae_hasher_add(h, bytes, 2 * some);
        x += some;
        n -= some;
    }
}

/* Everything little-endian, lengths first and names with their zero byte, so that no two plans give
 * the same bytes. */
void eae_plan_hash(const eae_frame *plan, char *text)
{
    static const char *const annotation[] = {"split", "repeat", "fold", "parent"};
    eae_hasher *h = eae_hasher_new();
    hash_u64(h, (uint64_t)plan->rows.count);
    hash_u64(h, (uint64_t)plan->cols.count);
    for (int64_t j = 0; j < plan->cols.names.count; j++) {
        const char *name = eae_name(&plan->cols.names, j);
        eae_hasher_add(h, name, strlen(name) + 1);
    }
    for (size_t i = 0; i < sizeof annotation / sizeof *annotation; i++)
        hash_annotation(h, &plan->rows, annotation[i]);
    hash_entries(h, eae_frame_i16(plan), (size_t)(plan->rows.count * plan->cols.count));
    eae_hash value = eae_hasher_value(h);
    eae_hasher_free(h);
    eae_hash_text(&value, text);
}

/* ---- check ------------------------------------------------------------------------------ */

static const int64_t *find_numbers(const eae_frame *plan, const char *name)
{
    const eae_annot *a = eae_axis_find(&plan->rows, name);
    return a && a->type == EAE_ANNOT_I64 ? a->i64 : NULL;
}

static int check_annotations(const eae_frame *plan)
{
    static const char *const number[] = {"split", "repeat", "fold", "parent"};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        if (!find_numbers(plan, number[i]))
            return eae_fail("the split frame has no row annotation '%s'", number[i]);
    }
    const eae_annot *hash = eae_axis_find(&plan->rows, "plan");
    if (!hash || hash->type != EAE_ANNOT_TEXT)
        return eae_fail("the split frame has no row annotation 'plan'");
    for (int64_t i = 0; i < plan->rows.count; i++) {
        const char *text = eae_annot_text(hash, i);
        if (!text)
            return eae_fail("the split frame has no plan hash in row %lld", (long long)i + 1);
        if (strcmp(text, eae_annot_text(hash, 0)) != 0)
            return eae_fail("two plans in one stream: split frames of different eae-split runs "
                            "cannot be appended to one another");
    }
    return EAE_OK;
}

/* Split numbers are 1 .. n, each once, and parents are outer splits. */
static int check_numbers(const eae_frame *plan)
{
    const int64_t *split = find_numbers(plan, "split"), *parent = find_numbers(plan, "parent");
    int64_t n = plan->rows.count;
    int64_t *row_of = eae_malloc((size_t)n + 1, sizeof *row_of);
    int status = EAE_OK;
    for (int64_t s = 0; s <= n; s++)
        row_of[s] = -1;
    for (int64_t i = 0; i < n && status == EAE_OK; i++) {
        int64_t s = split[i];
        if (s < 1 || s > n)
            status = eae_fail("the plan's split numbers are not 1 .. %lld: %lld", (long long)n,
                              (long long)s);
        else if (row_of[s] >= 0)
            status = eae_fail("split %lld is twice in the plan", (long long)s);
        else
            row_of[s] = i;
    }
    for (int64_t i = 0; i < n && status == EAE_OK; i++) {
        int64_t p = parent[i];
        if (p != 0 && (p < 1 || p > n || parent[row_of[p]] != 0))
            status = eae_fail("split %lld has the parent %lld, which is not an outer split",
                              (long long)split[i], (long long)p);
    }
    free(row_of);
    return status;
}

/* Inner splits use training samples of their parents only: or what was chosen by them would have
 * seen the samples it is judged by. */
static int check_inner(const eae_frame *plan, int64_t row, int64_t parent_row)
{
    int64_t n = plan->cols.count;
    const int16_t *x = eae_frame_i16(plan) + row * n;
    const int16_t *of = eae_frame_i16(plan) + parent_row * n;
    for (int64_t j = 0; j < n; j++) {
        char name[EAE_NUMBER_TEXT];
        if (x[j] != 0 && of[j] <= 0)
            return eae_fail("inner split %lld uses sample '%s', which is not a training sample of "
                            "its parent %lld",
                            (long long)find_numbers(plan, "split")[row],
                            eae_sample_name(&plan->cols.names, j, name),
                            (long long)find_numbers(plan, "split")[parent_row]);
    }
    return EAE_OK;
}

int eae_plan_check_parents(const eae_frame *plan)
{
    const int64_t *split = find_numbers(plan, "split"), *parent = find_numbers(plan, "parent");
    int64_t n = plan->rows.count;
    int64_t *row_of = eae_malloc((size_t)n + 1, sizeof *row_of);
    int status = EAE_OK;
    for (int64_t i = 0; i < n; i++)
        row_of[split[i]] = i;
    for (int64_t i = 0; i < n && status == EAE_OK; i++) {
        if (parent[i] != 0)
            status = check_inner(plan, i, row_of[parent[i]]);
    }
    free(row_of);
    return status;
}

static int check_entries(const eae_frame *plan)
{
    const int64_t *split = find_numbers(plan, "split");
    int64_t n = plan->cols.count;
    for (int64_t i = 0; i < plan->rows.count; i++) {
        const int16_t *x = eae_frame_i16(plan) + i * n;
        int64_t train = 0;
        for (int64_t j = 0; j < n; j++) {
            if (x[j] < -1)
                return eae_fail("split %lld: %d is not a use of a sample (-1, 0, 1, 2, ...)",
                                (long long)split[i], x[j]);
            train += x[j] > 0;
        }
        if (train == 0)
            return eae_fail("split %lld has no training samples", (long long)split[i]);
    }
    return EAE_OK;
}

static int check_samples(const eae_frame *plan, const eae_frame *data)
{
    const eae_names *have = &plan->cols.names, *want = &data->rows.names;
    if (plan->cols.count != data->rows.count)
        return eae_fail("the plan is for %lld samples, the data have %lld: was the plan made for "
                        "other data?",
                        (long long)plan->cols.count, (long long)data->rows.count);
    if (have->count == 0 && want->count == 0)
        return EAE_OK;
    for (int64_t j = 0; j < plan->cols.count; j++) {
        const char *a = have->count > 0 ? eae_name(have, j) : "(no name)";
        const char *b = want->count > 0 ? eae_name(want, j) : "(no name)";
        if (strcmp(a, b) != 0)
            return eae_fail("the plan is for other samples: sample %lld is '%s' in the plan and "
                            "'%s' in the data",
                            (long long)j + 1, a, b);
    }
    return EAE_OK;
}

/* Predictions are compared by the plan's hash, so it has to be that of what is in the frame. */
static int check_hash(const eae_frame *plan)
{
    char text[EAE_HASH_TEXT];
    eae_plan_hash(plan, text);
    if (strcmp(text, eae_annot_text(eae_axis_find(&plan->rows, "plan"), 0)) == 0)
        return EAE_OK;
    return eae_fail("the plan was changed after it was made (its hash is another one): run "
                    "eae-split again, on the data as they are now");
}

int eae_plan_check(const eae_frame *plan, const eae_frame *data)
{
    if (plan->kind != EAE_KIND_SPLIT || plan->type != EAE_I16)
        return eae_fail("not a plan: a %s frame of %s", eae_kind_name(plan->kind),
                        eae_type_name(plan->type));
    if (plan->rows.count == 0)
        return eae_fail("the plan has no splits");
    int status = check_samples(plan, data);
    if (status == EAE_OK)
        status = check_annotations(plan);
    if (status == EAE_OK)
        status = check_numbers(plan);
    if (status == EAE_OK)
        status = check_entries(plan);
    if (status == EAE_OK)
        status = eae_plan_check_parents(plan);
    if (status == EAE_OK)
        status = check_hash(plan);
    return status;
}

/* ---- one split -------------------------------------------------------------------------- */

void eae_plan_split(const eae_frame *plan, int64_t row, eae_split *split)
{
    int64_t n = plan->cols.count;
    const int16_t *x = eae_frame_i16(plan) + row * n;
    *split = (eae_split){
        .id = find_numbers(plan, "split")[row],
        .repeat = find_numbers(plan, "repeat")[row],
        .fold = find_numbers(plan, "fold")[row],
        .parent = find_numbers(plan, "parent")[row],
    };
    for (int64_t j = 0; j < n; j++) {
        split->train_count += x[j] > 0;
        split->test_count += x[j] < 0;
    }
    split->train = eae_malloc((size_t)split->train_count, sizeof *split->train);
    split->count = eae_malloc((size_t)split->train_count, sizeof *split->count);
    split->test = eae_malloc((size_t)split->test_count, sizeof *split->test);
    int64_t train = 0, test = 0;
    for (int64_t j = 0; j < n; j++) {
        if (x[j] > 0) {
            split->count[train] = x[j];
            split->train[train++] = j;
        } else if (x[j] < 0) {
            split->test[test++] = j;
        }
    }
}

void eae_split_all(int64_t rows, eae_split *split)
{
    *split = (eae_split){.train_count = rows};
    split->train = eae_malloc((size_t)rows, sizeof *split->train);
    split->count = eae_malloc((size_t)rows, sizeof *split->count);
    split->test = eae_malloc(0, sizeof *split->test);
    for (int64_t i = 0; i < rows; i++) {
        split->train[i] = i;
        split->count[i] = 1;
    }
}

void eae_split_free(eae_split *split)
{
    free(split->train);
    free(split->count);
    free(split->test);
    *split = (eae_split){0};
}

int64_t *eae_plan_children(const eae_frame *plan, int64_t parent, int64_t *count)
{
    const int64_t *of = find_numbers(plan, "parent");
    int64_t *row = eae_malloc((size_t)plan->rows.count, sizeof *row);
    *count = 0;
    for (int64_t i = 0; i < plan->rows.count; i++) {
        if (of[i] == parent)
            row[(*count)++] = i;
    }
    return row;
}
