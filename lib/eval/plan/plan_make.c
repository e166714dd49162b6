/*
 * plan_make.c - making plans: k-fold, hold-out, leave-one-out, bootstrap, a ready-made column, and
 * the inner splits of each.
 *
 * Random numbers: purpose EAE_RANDOM_SPLIT with index = repeat (the replicate, for the bootstrap);
 * inner splits: EAE_RANDOM_INNER with index = outer split x 2^32 + 1. A hold-out or bootstrap that
 * leaves a needed class out of either side is drawn again further along the same sequence, at most
 * 1,000 times; so every split is a function of the seed and its own number.
 */
#include "eval/plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "eval/plan/plan_draw.h"
#include "eval/plan/plan_strata.h"

enum { DRAWS_MAX = 1000, LOO_MAX = 20000 };

typedef struct {
    const eae_plan_spec *spec;
    const eae_frame *data;
    eae_strata strata;
    eae_units units; /* of all samples with a label */
    int64_t *with;   /* per class: how many of these units have it */
    int64_t outer;   /* outer splits */
    eae_frame *plan; /* outer x (1 + inner) rows */
    int64_t *split, *repeat, *fold, *parent;
    int64_t one_sided; /* splits whose test samples lack a class */
} maker;

static int16_t *entries(const maker *m, int64_t row)
{
    return eae_frame_i16(m->plan) + row * m->strata.samples;
}

static const char *class_name(const eae_strata *s, int64_t c)
{
    return eae_name(&s->class_names, c);
}

/* ---- is everything represented? --------------------------------------------------------- */

/* The first needed class that is not on the given side (+1 training, -1 test); -1: none. */
static int64_t missing_class(const eae_strata *s, const int16_t *x, int side)
{
    bool *seen = EAE_NEW_ARRAY(bool, s->class_count);
    int64_t missing = -1;
    for (int64_t i = 0; i < s->samples; i++) {
        if (s->class_of[i] >= 0 && (side > 0 ? x[i] > 0 : x[i] < 0))
            seen[s->class_of[i]] = true;
    }
    for (int64_t c = s->class_count - 1; c >= 0; c--) {
        if (s->needed[c] && !seen[c])
            missing = c;
    }
    free(seen);
    return missing;
}

int eae_plan_check_classes(const eae_frame *plan, const eae_strata *s)
{
    const eae_annot *split = eae_axis_find(&plan->rows, "split");
    for (int64_t i = 0; i < plan->rows.count; i++) {
        int64_t c = missing_class(s, eae_frame_i16(plan) + i * plan->cols.count, 1);
        if (c >= 0)
            return eae_fail("split %lld would train without %s '%s'%s", (long long)split->i64[i],
                            s->what, class_name(s, c),
                            s->grouped ? ": too few groups have it" : "");
    }
    return EAE_OK;
}

static const char *unit_word(const eae_strata *s, int64_t n)
{
    return s->grouped ? (n == 1 ? "group" : "groups") : n == 1 ? "sample" : "samples";
}

/* A class needs two units to be on both sides of a split; in training alone as well, because each
 * sample is held out once. */
static int need_two_units(const maker *m, const char *option)
{
    const eae_strata *s = &m->strata;
    if (m->units.count < 2)
        return eae_fail("%s needs at least 2 %s, the data have %lld", option, unit_word(s, 2),
                        (long long)m->units.count);
    for (int64_t c = 0; c < s->class_count; c++) {
        if (s->needed[c] && m->with[c] < 2)
            return eae_fail("%s: %s '%s' has only 1 %s, which cannot be in training and in test",
                            option, s->what, class_name(s, c), unit_word(s, 1));
    }
    return EAE_OK;
}

/* Folds of single samples: every fold must get every class (an AUC needs both). Groups cannot be
 * taken apart for that; there the plan stands, and warn_one_sided() says what is missing. */
static int need_units_for_folds(const eae_strata *s, const eae_units *u, const int64_t *with,
                                int64_t k, const char *option)
{
    if (u->count < k)
        return eae_fail("%s: %lld folds need as many %s, there are %lld", option, (long long)k,
                        unit_word(s, 2), (long long)u->count);
    for (int64_t c = 0; c < s->class_count; c++) {
        if (!s->needed[c])
            continue;
        if (with[c] < 2)
            return eae_fail("%s: %s '%s' has only %lld %s, which cannot be in training and in test",
                            option, s->what, class_name(s, c), (long long)with[c],
                            unit_word(s, with[c]));
        if (!s->grouped && s->stratified && with[c] < k)
            return eae_fail("%s: %s '%s' has only %lld samples for %lld folds; at most %lld folds",
                            option, s->what, class_name(s, c), (long long)with[c], (long long)k,
                            (long long)with[c]);
    }
    return EAE_OK;
}

static void warn_one_sided(const maker *m)
{
    if (m->one_sided > 0)
        eae_warn("%lld of %lld splits hold out %s; scores that need them are NA there (the pooled "
                 "ones are not)",
                 (long long)m->one_sided, (long long)m->plan->rows.count,
                 strcmp(m->strata.what, "status") == 0 ? "no event" : "no sample of some class");
}

/* ---- outer splits ----------------------------------------------------------------------- */

static void name_row(maker *m, int64_t row, int64_t repeat, int64_t fold, int64_t parent)
{
    m->split[row] = row + 1;
    m->repeat[row] = repeat;
    m->fold[row] = fold;
    m->parent[row] = parent;
    memset(entries(m, row), 0, (size_t)m->strata.samples * sizeof(int16_t));
}

/* Folds f = 0 .. k-1 of the units into k rows from `row`; `count` (may be NULL) has the times a
 * sample counts in training. */
static void write_folds(maker *m, const eae_units *u, const int64_t *fold, int64_t k, int64_t row,
                        const int16_t *count)
{
    for (int64_t f = 0; f < k; f++) {
        int16_t *x = entries(m, row + f);
        for (int64_t i = 0; i < u->count; i++) {
            for (int64_t j = u->first[i]; j < u->first[i + 1]; j++) {
                int64_t sample = u->member[j];
                x[sample] = fold[i] == f ? -1 : count ? count[sample] : 1;
            }
        }
        m->one_sided += missing_class(&m->strata, x, -1) >= 0;
    }
}

static void make_kfold(maker *m)
{
    int64_t k = m->spec->k;
    int64_t *fold = eae_malloc((size_t)m->units.count, sizeof *fold);
    for (int64_t repeat = 1; repeat <= m->spec->repeats; repeat++) {
        eae_random r;
        eae_random_start(&r, m->spec->seed, EAE_RANDOM_SPLIT, (uint64_t)repeat);
        eae_draw_folds(&r, &m->units, &m->strata, k, fold);
        for (int64_t f = 0; f < k; f++)
            name_row(m, (repeat - 1) * k + f, repeat, f + 1, 0);
        write_folds(m, &m->units, fold, k, (repeat - 1) * k, NULL);
    }
    free(fold);
}

static void make_loo(maker *m)
{
    int64_t *fold = eae_malloc((size_t)m->units.count, sizeof *fold);
    for (int64_t i = 0; i < m->units.count; i++) {
        fold[i] = i;
        name_row(m, i, 1, i + 1, 0);
    }
    write_folds(m, &m->units, fold, m->units.count, 0, NULL);
    m->one_sided = 0; /* that is what leave-one-out means */
    free(fold);
}

static void write_uses(maker *m, const int16_t *use, int64_t row)
{
    int16_t *x = entries(m, row);
    for (int64_t i = 0; i < m->units.count; i++) {
        for (int64_t j = m->units.first[i]; j < m->units.first[i + 1]; j++)
            x[m->units.member[j]] = use[i];
    }
}

static bool holds_out_any(const maker *m, int64_t row)
{
    const int16_t *x = entries(m, row);
    for (int64_t i = 0; i < m->strata.samples; i++) {
        if (x[i] < 0)
            return true;
    }
    return false;
}

/* Hold-out and bootstrap: one row a repeat, drawn until all is represented. */
static int make_drawn(maker *m)
{
    int16_t *use = eae_malloc((size_t)m->units.count, sizeof *use);
    int status = EAE_OK;
    for (int64_t row = 0; row < m->outer && status == EAE_OK; row++) {
        eae_random r;
        eae_random_start(&r, m->spec->seed, EAE_RANDOM_SPLIT, (uint64_t)row + 1);
        bool good = false;
        int64_t lacking = -1;
        for (int draw = 0; draw < DRAWS_MAX && !good; draw++) {
            if (m->spec->kind == EAE_PLAN_HOLDOUT)
                eae_draw_holdout(&r, &m->units, &m->strata, m->spec->holdout, use);
            else
                eae_draw_bootstrap(&r, &m->units, &m->strata, use);
            name_row(m, row, row + 1, 1, 0);
            write_uses(m, use, row);
            int64_t train = missing_class(&m->strata, entries(m, row), 1);
            int64_t test = missing_class(&m->strata, entries(m, row), -1);
            good = train < 0 && test < 0 && holds_out_any(m, row);
            lacking = train >= 0 ? train : test;
        }
        if (!good && lacking >= 0)
            status = eae_fail(
                "no draw in %d of split %lld has %s '%s' both in training and in test", DRAWS_MAX,
                (long long)row + 1, m->strata.what, class_name(&m->strata, lacking));
        else if (!good)
            status = eae_fail("no draw in %d of split %lld leaves a test sample", DRAWS_MAX,
                              (long long)row + 1);
    }
    free(use);
    return status;
}

static int find_by_column(const maker *m, const eae_annot **a)
{
    const char *name = m->spec->column;
    *a = eae_axis_find(&m->data->rows, name);
    if (!*a)
        return eae_fail("--by: the data have no annotation '%s'", name);
    if ((*a)->type != EAE_ANNOT_TEXT)
        return eae_fail("--by: '%s' is a column of numbers; it must say train or test", name);
    return EAE_OK;
}

static int make_by_column(maker *m)
{
    char buf[EAE_NUMBER_TEXT];
    const eae_annot *a;
    int status = find_by_column(m, &a);
    if (status != EAE_OK)
        return status;
    name_row(m, 0, 1, 1, 0);
    int16_t *x = entries(m, 0);
    int64_t train = 0, test = 0;
    for (int64_t i = 0; i < m->strata.samples; i++) {
        const char *text = eae_annot_text(a, i);
        if (!text || m->strata.class_of[i] < 0 || strcmp(text, "unused") == 0)
            continue;
        if (strcmp(text, "train") != 0 && strcmp(text, "test") != 0)
            return eae_fail("--by: sample '%s' has '%s' in '%s'; it must say train, test or unused",
                            eae_sample_name(&m->data->rows.names, i, buf), text, m->spec->column);
        x[i] = text[1] == 'r' ? 1 : -1;
        train += x[i] > 0;
        test += x[i] < 0;
    }
    if (train == 0 || test == 0)
        return eae_fail("--by: no sample has '%s' in '%s'", train == 0 ? "train" : "test",
                        m->spec->column);
    m->one_sided = missing_class(&m->strata, x, -1) >= 0;
    return EAE_OK;
}

static int check_loo(const maker *m)
{
    if (m->units.count > LOO_MAX)
        return eae_fail("--loo: leaving one %s out of %lld is more than %d splits; use --kfold",
                        unit_word(&m->strata, 1), (long long)m->units.count, LOO_MAX);
    return need_two_units(m, "--loo");
}

/* How many outer splits, and can they be made? */
static int plan_outer(maker *m)
{
    switch (m->spec->kind) {
    case EAE_PLAN_KFOLD: {
        int status = need_units_for_folds(&m->strata, &m->units, m->with, m->spec->k, "--kfold");
        m->outer = status == EAE_OK ? m->spec->k * m->spec->repeats : 0;
        return status;
    }
    case EAE_PLAN_HOLDOUT:
        m->outer = m->spec->repeats;
        return need_two_units(m, "--holdout");
    case EAE_PLAN_BOOTSTRAP:
        m->outer = m->spec->repeats;
        return need_two_units(m, "--bootstrap");
    case EAE_PLAN_LOO:
        m->outer = m->units.count;
        return check_loo(m);
    case EAE_PLAN_COLUMN:
        m->outer = 1;
        return EAE_OK;
    }
    eae_bug("plan of kind %d", (int)m->spec->kind);
}

static int make_outer(maker *m)
{
    switch (m->spec->kind) {
    case EAE_PLAN_KFOLD:
        make_kfold(m);
        return EAE_OK;
    case EAE_PLAN_LOO:
        make_loo(m);
        return EAE_OK;
    case EAE_PLAN_HOLDOUT:
    case EAE_PLAN_BOOTSTRAP:
        return make_drawn(m);
    case EAE_PLAN_COLUMN:
        return make_by_column(m);
    }
    eae_bug("plan of kind %d", (int)m->spec->kind);
}

/* ---- inner splits ----------------------------------------------------------------------- */

/* K folds of the distinct training samples of one outer split; a sample that counts k times there
 * counts k times here, with all its copies on one side. */
static int make_inner_of(maker *m, int64_t outer, int64_t *row_of_sample, int64_t *fold,
                         int64_t *with)
{
    int64_t k = m->spec->inner, n = 0, first = m->outer + outer * k;
    const int16_t *x = entries(m, outer);
    for (int64_t i = 0; i < m->strata.samples; i++) {
        if (x[i] > 0)
            row_of_sample[n++] = i;
    }
    eae_units units;
    eae_units_make(&m->strata, row_of_sample, n, &units);
    eae_units_with_class(&units, &m->strata, with);
    int status = need_units_for_folds(&m->strata, &units, with, k, "--inner");
    if (status == EAE_OK) {
        eae_random r;
        uint64_t index = ((uint64_t)(outer + 1) << 32) + 1;
        eae_random_start(&r, m->spec->seed, EAE_RANDOM_INNER, index);
        eae_draw_folds(&r, &units, &m->strata, k, fold);
        for (int64_t f = 0; f < k; f++)
            name_row(m, first + f, m->repeat[outer], f + 1, outer + 1);
        write_folds(m, &units, fold, k, first, x);
    } else {
        status = eae_fail_within(status, "training samples of split %lld", (long long)outer + 1);
    }
    eae_units_free(&units);
    return status;
}

static int make_inner(maker *m)
{
    int status = EAE_OK;
    size_t n = (size_t)m->strata.samples;
    int64_t *row = eae_malloc(n, sizeof *row), *fold = eae_malloc(n, sizeof *fold);
    int64_t *with = eae_malloc((size_t)m->strata.class_count, sizeof *with);
    for (int64_t outer = 0; outer < m->outer && status == EAE_OK && m->spec->inner > 0; outer++)
        status = make_inner_of(m, outer, row, fold, with);
    free(row);
    free(fold);
    free(with);
    return status;
}

/* Fold f of the outer training samples is held out, the others train, each as often as it counts.
 */
static void fold_split(const eae_split *outer, const eae_units *units, const int64_t *fold,
                       const int64_t *place, int64_t f, eae_split *split)
{
    int64_t n = outer->train_count;
    *split =
        (eae_split){.id = outer->id, .repeat = outer->repeat, .fold = f + 1, .parent = outer->id};
    split->train = EAE_NEW_ARRAY(int64_t, n);
    split->count = EAE_NEW_ARRAY(double, n);
    split->test = EAE_NEW_ARRAY(int64_t, n);
    bool *held = EAE_NEW_ARRAY(bool, n);
    for (int64_t u = 0; u < units->count; u++) {
        for (int64_t i = units->first[u]; i < units->first[u + 1]; i++)
            held[place[units->member[i]]] = fold[u] == f;
    }
    for (int64_t i = 0; i < n; i++) {
        if (held[i]) {
            split->test[split->test_count++] = outer->train[i];
        } else {
            split->count[split->train_count] = outer->count[i];
            split->train[split->train_count++] = outer->train[i];
        }
    }
    free(held);
}

int eae_plan_make_inner(const eae_frame *data, const eae_split *outer, int64_t k, uint64_t seed,
                        eae_split *inner)
{
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD,
                          .stratify = true,
                          .groups = eae_axis_find(&data->rows, "group") != NULL};
    eae_strata strata;
    eae_units units = {0};
    int status = eae_strata_make(&spec, data, &strata);
    if (status != EAE_OK)
        return status;
    int64_t *with = EAE_NEW_ARRAY(int64_t, strata.class_count);
    int64_t *fold = EAE_NEW_ARRAY(int64_t, strata.samples);
    int64_t *place = EAE_NEW_ARRAY(int64_t, strata.samples);
    for (int64_t i = 0; i < outer->train_count; i++)
        place[outer->train[i]] = i;
    eae_units_make(&strata, outer->train, outer->train_count, &units);
    eae_units_with_class(&units, &strata, with);
    status = need_units_for_folds(&strata, &units, with, k, "inner folds");
    if (status == EAE_OK) {
        eae_random r;
        eae_random_start(&r, seed, EAE_RANDOM_INNER, ((uint64_t)outer->id << 32) + 2);
        eae_draw_folds(&r, &units, &strata, k, fold);
        for (int64_t f = 0; f < k; f++)
            fold_split(outer, &units, fold, place, f, &inner[f]);
    } else {
        status = eae_fail_within(status, "training samples of split %lld", (long long)outer->id);
    }
    free(with);
    free(fold);
    free(place);
    eae_units_free(&units);
    eae_strata_free(&strata);
    return status;
}

/* ---- the whole -------------------------------------------------------------------------- */

static void note_unlabelled(const maker *m)
{
    int64_t left_out = m->strata.samples - m->units.samples;
    if (left_out > 0)
        eae_note("%lld of %lld samples have no label: unused in the plan", (long long)left_out,
                 (long long)m->strata.samples);
}

static int prepare(maker *m)
{
    int status = eae_strata_make(m->spec, m->data, &m->strata);
    if (status != EAE_OK)
        return status;
    int64_t n = 0;
    int64_t *row = eae_malloc((size_t)m->strata.samples, sizeof *row);
    for (int64_t i = 0; i < m->strata.samples; i++) {
        if (m->strata.class_of[i] >= 0)
            row[n++] = i;
    }
    eae_units_make(&m->strata, row, n, &m->units);
    m->with = eae_malloc((size_t)m->strata.class_count, sizeof *m->with);
    eae_units_with_class(&m->units, &m->strata, m->with);
    free(row);
    return plan_outer(m);
}

/* Pointers into a column are good only once the last one has been added. */
static int make_frame(maker *m)
{
    static const char *const name[] = {"split", "repeat", "fold", "parent"};
    int64_t rows = m->outer * (1 + m->spec->inner);
    double bytes = (double)rows * (double)m->strata.samples * sizeof(int16_t);
    char size[EAE_NUMBER_TEXT];
    eae_format_size(bytes, size);
    if (bytes > (double)eae_memory_available())
        return eae_fail("a plan of %lld splits of %lld samples takes %s, more than there is",
                        (long long)rows, (long long)m->strata.samples, size);
    int status = eae_frame_new(&m->plan, EAE_KIND_SPLIT, EAE_I16, rows, m->strata.samples);
    if (status != EAE_OK)
        return status;
    if (m->data->rows.names.count > 0)
        eae_names_copy(&m->plan->cols.names, &m->data->rows.names);
    for (int i = 0; i < 4; i++)
        eae_axis_add(&m->plan->rows, name[i], EAE_ANNOT_I64);
    eae_axis_add(&m->plan->rows, "plan", EAE_ANNOT_TEXT);
    m->split = eae_axis_find(&m->plan->rows, "split")->i64;
    m->repeat = eae_axis_find(&m->plan->rows, "repeat")->i64;
    m->fold = eae_axis_find(&m->plan->rows, "fold")->i64;
    m->parent = eae_axis_find(&m->plan->rows, "parent")->i64;
    return EAE_OK;
}

void eae_plan_set_hash(eae_frame *plan)
{
    char text[EAE_HASH_TEXT];
    eae_plan_hash(plan, text);
    eae_annot *a = eae_axis_find(&plan->rows, "plan");
    for (int64_t i = 0; i < plan->rows.count; i++)
        eae_annot_set_text(a, i, text);
}

static void free_maker(maker *m)
{
    eae_strata_free(&m->strata);
    eae_units_free(&m->units);
    free(m->with);
    eae_frame_free(m->plan);
}

int eae_plan_make(const eae_plan_spec *spec, const eae_frame *data, eae_frame **plan)
{
    maker m = {.spec = spec, .data = data};
    *plan = NULL;
    int status = prepare(&m);
    if (status == EAE_OK)
        status = make_frame(&m);
    if (status == EAE_OK)
        status = make_outer(&m);
    if (status == EAE_OK)
        status = make_inner(&m);
    if (status == EAE_OK)
        status = eae_plan_check_classes(m.plan, &m.strata);
    if (status == EAE_OK) {
        eae_plan_set_hash(m.plan);
        note_unlabelled(&m);
        warn_one_sided(&m);
        eae_plan_warn_confounded(data, spec->column);
        if (!spec->groups || spec->kind == EAE_PLAN_COLUMN)
            eae_plan_warn_groups(m.plan, data);
        *plan = m.plan;
        m.plan = NULL;
    }
    free_maker(&m);
    return status;
}
