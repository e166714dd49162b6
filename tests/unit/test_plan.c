/*
 * test_plan.c - plans: every sample tested once a repeat, strata and groups kept, each split a
 * function of its own number, refusals by name, the text form.
 *
 * The expectations are the defining properties, counted over many shapes, not recorded output.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/random.h"
#include "eval/plan/plan.h"
#include "eval/plan/plan_strata.h"

/* ---- small data ------------------------------------------------------------------------- */

static eae_frame *new_data(int64_t n)
{
    eae_frame *f;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F32, n, 1), EAE_OK);
    for (int64_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%03d", (int)i);
        eae_names_add(&f->rows.names, name, strlen(name));
        eae_frame_f32(f)[i] = (float)i;
    }
    return f;
}

/* Column `name` with sample i in level of[i]: text "L0", "L1", ... */
static void add_levels(eae_frame *f, const char *name, const int *of)
{
    eae_annot *a = eae_axis_add(&f->rows, name, EAE_ANNOT_TEXT);
    int highest = 0;
    for (int64_t i = 0; i < f->rows.count; i++)
        highest = of[i] > highest ? of[i] : highest;
    for (int l = 0; l <= highest; l++) {
        char text[32];
        snprintf(text, sizeof text, "L%d", l);
        eae_names_add(&a->dict, text, strlen(text));
    }
    for (int64_t i = 0; i < f->rows.count; i++)
        a->code[i] = of[i];
}

/* n samples, sizes[0] of class L0, then sizes[1] of L1, ...; scattered so that order tells nothing.
 */
static eae_frame *classes(const int *sizes, int k, int *label)
{
    int n = 0;
    for (int c = 0; c < k; c++)
        n += sizes[c];
    int left[8];
    memcpy(left, sizes, (size_t)k * sizeof *left);
    for (int i = 0, c = 0; i < n; i++) {
        do
            c = (c + 1) % k;
        while (left[c] == 0);
        left[c]--;
        label[i] = c;
    }
    eae_frame *f = new_data(n);
    add_levels(f, "label", label);
    return f;
}

static eae_frame *make(const eae_plan_spec *spec, const eae_frame *data)
{
    eae_frame *plan = NULL;
    int status = eae_plan_make(spec, data, &plan);
    if (status != EAE_OK)
        print_error("%s\n", eae_message());
    assert_int_equal(status, EAE_OK);
    assert_int_equal(eae_plan_check(plan, data), EAE_OK);
    return plan;
}

static void refuses(const eae_plan_spec *spec, const eae_frame *data, const char *words)
{
    eae_frame *plan = NULL;
    assert_int_equal(eae_plan_make(spec, data, &plan), EAE_FAIL);
    assert_null(plan);
    if (!strstr(eae_message(), words))
        fail_msg("'%s' is not in: %s", words, eae_message());
}

static int64_t number(const eae_frame *plan, const char *name, int64_t row)
{
    return eae_axis_find(&plan->rows, name)->i64[row];
}

static int16_t entry(const eae_frame *plan, int64_t row, int64_t sample)
{
    return eae_frame_i16(plan)[row * plan->cols.count + sample];
}

/* ---- k-fold ----------------------------------------------------------------------------- */

static void each_sample_is_tested_once_a_repeat(const eae_frame *plan, int64_t k, int64_t repeats)
{
    for (int64_t rep = 0; rep < repeats; rep++) {
        for (int64_t i = 0; i < plan->cols.count; i++) {
            int tested = 0, trained = 0;
            for (int64_t f = 0; f < k; f++) {
                int64_t row = rep * k + f;
                assert_int_equal(number(plan, "repeat", row), rep + 1);
                assert_int_equal(number(plan, "fold", row), f + 1);
                assert_int_equal(number(plan, "split", row), row + 1);
                assert_int_equal(number(plan, "parent", row), 0);
                tested += entry(plan, row, i) == -1;
                trained += entry(plan, row, i) == 1;
            }
            assert_int_equal(tested, 1);
            assert_int_equal(trained, k - 1);
        }
    }
}

/* Over the k rows from `first`, test samples with of[i] == level (level -1: all) differ by at most
 * one between folds. */
static void folds_are_even(const eae_frame *plan, int64_t first, int64_t k, const int *of,
                           int level)
{
    int least = 1 << 30, most = 0;
    for (int64_t row = first; row < first + k; row++) {
        int tested = 0;
        for (int64_t i = 0; i < plan->cols.count; i++)
            tested += entry(plan, row, i) == -1 && (level < 0 || of[i] == level);
        least = tested < least ? tested : least;
        most = tested > most ? tested : most;
    }
    assert_true(most - least <= 1);
}

static void stratified_folds_are_even_overall_and_by_class(void **state)
{
    (void)state;
    static const int shape[][4] = {{5, 5, 0, 0},  {47, 25, 0, 0},  {10, 11, 12, 13}, {7, 100, 0, 0},
                                   {8, 9, 31, 0}, {20, 20, 20, 0}, {200, 7, 0, 0}};
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
        int label[512], count = 0, smallest = 512;
        for (int c = 0; c < 4 && shape[s][c] > 0; c++, count++)
            smallest = shape[s][c] < smallest ? shape[s][c] : smallest;
        eae_frame *data = classes(shape[s], count, label);
        for (int64_t k = 2; k <= smallest && k <= 10; k++) {
            eae_plan_spec spec = {
                .kind = EAE_PLAN_KFOLD, .k = k, .repeats = 3, .stratify = true, .seed = 11};
            eae_frame *plan = make(&spec, data);
            each_sample_is_tested_once_a_repeat(plan, k, 3);
            for (int64_t rep = 0; rep < 3; rep++) {
                for (int c = -1; c < count; c++)
                    folds_are_even(plan, rep * k, k, label, c);
            }
            eae_frame_free(plan);
        }
        eae_frame_free(data);
    }
}

static void further_strata_are_even_within_a_class(void **state)
{
    (void)state;
    static const int sizes[] = {40, 30};
    int label[70], site[70], cell[70];
    eae_frame *data = classes(sizes, 2, label);
    for (int i = 0; i < 70; i++) {
        site[i] = i * 7 % 5 % 3;
        cell[i] = label[i] * 3 + site[i];
    }
    add_levels(data, "site", site);
    eae_names by = {0};
    eae_names_add(&by, "site", 4);
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD,
                          .k = 5,
                          .repeats = 2,
                          .stratify = true,
                          .stratify_by = &by,
                          .seed = 3};
    eae_frame *plan = make(&spec, data);
    for (int64_t rep = 0; rep < 2; rep++) {
        folds_are_even(plan, rep * 5, 5, label, -1);
        for (int c = 0; c < 2; c++)
            folds_are_even(plan, rep * 5, 5, label, c);
        for (int c = 0; c < 6; c++)
            folds_are_even(plan, rep * 5, 5, cell, c);
    }
    eae_names_free(&by);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void a_repeat_does_not_depend_on_how_many_there_are(void **state)
{
    (void)state;
    static const int sizes[] = {30, 25};
    int label[55];
    eae_frame *data = classes(sizes, 2, label);
    for (int kind = EAE_PLAN_KFOLD; kind <= EAE_PLAN_BOOTSTRAP; kind++) {
        if (kind == EAE_PLAN_LOO)
            continue;
        eae_plan_spec spec = {.kind = (eae_plan_kind)kind,
                              .k = 5,
                              .repeats = 10,
                              .holdout = 0.3,
                              .stratify = true,
                              .inner = 3,
                              .seed = 5};
        eae_frame *ten = make(&spec, data);
        spec.repeats = 3;
        eae_frame *three = make(&spec, data);
        int64_t outer3 = three->rows.count / 4, outer10 = ten->rows.count / 4;
        assert_memory_equal(three->payload, ten->payload, (size_t)(outer3 * 55 * 2));
        assert_memory_equal(eae_frame_i16(three) + outer3 * 55, eae_frame_i16(ten) + outer10 * 55,
                            (size_t)(outer3 * 3 * 55 * 2));
        spec.seed = 6;
        eae_frame *other = make(&spec, data);
        assert_memory_not_equal(three->payload, other->payload, (size_t)(outer3 * 55 * 2));
        eae_frame_free(ten);
        eae_frame_free(three);
        eae_frame_free(other);
    }
    eae_frame_free(data);
}

/* Without strata every sample is in fold 1 of 3 about equally often: chi-square over 30 samples and
 * 3,000 repeats, 99.99% point with 29 degrees of freedom is 66.2; the draws of one repeat are not
 * independent (exactly 10 of 30), which only makes the statistic smaller. */
static void every_sample_has_the_same_chance(void **state)
{
    (void)state;
    eae_frame *data = new_data(30);
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 3, .repeats = 3000, .seed = 2};
    eae_frame *plan = make(&spec, data);
    double chi = 0;
    for (int64_t i = 0; i < 30; i++) {
        double hits = 0;
        for (int64_t rep = 0; rep < 3000; rep++)
            hits += entry(plan, rep * 3, i) == -1;
        chi += (hits - 1000) * (hits - 1000) / 1000;
    }
    assert_true(chi < 66.2);
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* ---- inner splits ----------------------------------------------------------------------- */

static void inner_splits_partition_the_training_samples(void **state)
{
    (void)state;
    static const int sizes[] = {31, 24};
    int label[55];
    eae_frame *data = classes(sizes, 2, label);
    for (int kind = EAE_PLAN_KFOLD; kind <= EAE_PLAN_BOOTSTRAP; kind++) {
        eae_plan_spec spec = {.kind = (eae_plan_kind)kind,
                              .k = 4,
                              .repeats = 2,
                              .holdout = 0.25,
                              .stratify = true,
                              .inner = 3,
                              .seed = 9};
        eae_frame *plan = make(&spec, data);
        int64_t outer = plan->rows.count / 4;
        for (int64_t o = 0; o < outer; o++) {
            int64_t first = outer + 3 * o;
            for (int64_t f = 0; f < 3; f++) {
                assert_int_equal(number(plan, "parent", first + f), o + 1);
                assert_int_equal(number(plan, "fold", first + f), f + 1);
                assert_int_equal(number(plan, "repeat", first + f), number(plan, "repeat", o));
            }
            for (int64_t i = 0; i < 55; i++) {
                int tested = 0;
                for (int64_t f = 0; f < 3; f++) {
                    int16_t x = entry(plan, first + f, i);
                    tested += x == -1;
                    assert_true(x == -1 || x == (entry(plan, o, i) > 0 ? entry(plan, o, i) : 0));
                }
                assert_int_equal(tested, entry(plan, o, i) > 0);
            }
            folds_are_even(plan, first, 3, label, 0);
            folds_are_even(plan, first, 3, label, 1);
        }
        eae_frame_free(plan);
    }
    eae_frame_free(data);
}

/* ---- hold-out, leave-one-out, bootstrap ------------------------------------------------- */

static void holdout_is_the_fraction_in_every_class(void **state)
{
    (void)state;
    static const int sizes[] = {40, 20, 11};
    int label[71];
    eae_frame *data = classes(sizes, 3, label);
    eae_plan_spec spec = {
        .kind = EAE_PLAN_HOLDOUT, .repeats = 20, .holdout = 0.3, .stratify = true, .seed = 1};
    eae_frame *plan = make(&spec, data);
    for (int64_t r = 0; r < 20; r++) {
        int test[3] = {0};
        for (int64_t i = 0; i < 71; i++)
            test[label[i]] += entry(plan, r, i) == -1;
        assert_int_equal(test[0] + test[1] + test[2], 21); /* round(21.3) */
        assert_int_equal(test[0], 12);
        assert_int_equal(test[1], 6);
        assert_int_equal(test[2], 3);
    }
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void leave_one_out_is_the_identity(void **state)
{
    (void)state;
    static const int sizes[] = {6, 5};
    int label[11];
    eae_frame *data = classes(sizes, 2, label);
    eae_plan_spec spec = {.kind = EAE_PLAN_LOO, .stratify = true};
    eae_frame *plan = make(&spec, data);
    assert_int_equal(plan->rows.count, 11);
    for (int64_t r = 0; r < 11; r++) {
        for (int64_t i = 0; i < 11; i++)
            assert_int_equal(entry(plan, r, i), r == i ? -1 : 1);
    }
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* Stratified: each class is drawn as often as it has samples; what is not drawn is the test set.
 * The out-of-bag share tends to (1 - 1/n)^n: 0.3642 for n = 50; 400 x 100 samples have a standard
 * error of about 0.0024 at most. */
static void bootstrap_draws_with_replacement(void **state)
{
    (void)state;
    static const int sizes[] = {50, 50};
    int label[100];
    eae_frame *data = classes(sizes, 2, label);
    eae_plan_spec spec = {.kind = EAE_PLAN_BOOTSTRAP, .repeats = 400, .stratify = true, .seed = 4};
    eae_frame *plan = make(&spec, data);
    double out = 0;
    for (int64_t r = 0; r < 400; r++) {
        int drawn[2] = {0};
        for (int64_t i = 0; i < 100; i++) {
            assert_int_not_equal(entry(plan, r, i), 0);
            out += entry(plan, r, i) < 0;
            drawn[label[i]] += entry(plan, r, i) > 0 ? entry(plan, r, i) : 0;
        }
        assert_int_equal(drawn[0], 50);
        assert_int_equal(drawn[1], 50);
    }
    assert_true(fabs(out / 40000 - pow(1 - 1.0 / 50, 50)) < 0.01);
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* Two samples a class: half of all bootstraps leave a class without test samples. */
static void bootstrap_is_redrawn_until_all_are_out_of_bag(void **state)
{
    (void)state;
    static const int sizes[] = {2, 2};
    int label[4];
    eae_frame *data = classes(sizes, 2, label);
    eae_plan_spec spec = {.kind = EAE_PLAN_BOOTSTRAP, .repeats = 50, .stratify = true, .seed = 4};
    eae_frame *plan = make(&spec, data);
    for (int64_t r = 0; r < 50; r++) {
        int out[2] = {0};
        for (int64_t i = 0; i < 4; i++)
            out[label[i]] += entry(plan, r, i) < 0;
        assert_int_equal(out[0], 1);
        assert_int_equal(out[1], 1);
    }
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* ---- groups ----------------------------------------------------------------------------- */

static void groups_are_intact(const eae_frame *plan, const int *group)
{
    for (int64_t r = 0; r < plan->rows.count; r++) {
        int16_t use[256];
        bool seen[256] = {false};
        for (int64_t i = 0; i < plan->cols.count; i++) {
            if (seen[group[i]])
                assert_int_equal(entry(plan, r, i), use[group[i]]);
            seen[group[i]] = true;
            use[group[i]] = entry(plan, r, i);
        }
    }
}

static int groups_tested(const eae_frame *plan, int64_t row, const int *group)
{
    bool seen[256] = {false};
    int count = 0;
    for (int64_t i = 0; i < plan->cols.count; i++) {
        if (entry(plan, row, i) == -1 && !seen[group[i]]) {
            seen[group[i]] = true;
            count++;
        }
    }
    return count;
}

/* 62 subjects with 1 to 4 samples, 31 folds: two subjects in each, one of either class. */
static void thirty_one_folds_of_two_subjects(void **state)
{
    (void)state;
    int label[256], group[256], n = 0;
    for (int g = 0; g < 62; g++) {
        for (int i = 0; i <= g * 5 % 4; i++) {
            group[n] = g;
            label[n++] = g % 2;
        }
    }
    eae_frame *data = new_data(n);
    add_levels(data, "label", label);
    add_levels(data, "group", group);
    eae_plan_spec spec = {
        .kind = EAE_PLAN_KFOLD, .k = 31, .repeats = 2, .groups = true, .stratify = true, .seed = 1};
    eae_frame *plan = make(&spec, data);
    each_sample_is_tested_once_a_repeat(plan, 31, 2);
    groups_are_intact(plan, group);
    for (int64_t r = 0; r < 62; r++)
        assert_int_equal(groups_tested(plan, r, group), 2);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void equal_groups_of_one_class_are_dealt_evenly(void **state)
{
    (void)state;
    int label[90], group[90];
    for (int i = 0; i < 90; i++) {
        group[i] = i / 3;
        label[i] = i / 3 < 17;
    }
    eae_frame *data = new_data(90);
    add_levels(data, "label", label);
    add_levels(data, "group", group);
    eae_plan_spec spec = {
        .kind = EAE_PLAN_KFOLD, .k = 7, .repeats = 5, .groups = true, .stratify = true, .inner = 4};
    eae_frame *plan = make(&spec, data);
    groups_are_intact(plan, group);
    for (int64_t rep = 0; rep < 5; rep++) {
        for (int64_t row = rep * 7; row < rep * 7 + 7; row++) {
            int ones = 0, all = 0;
            for (int64_t i = 0; i < 90; i++) {
                all += entry(plan, row, i) == -1;
                ones += entry(plan, row, i) == -1 && label[i] == 1;
            }
            assert_in_range(all, 4 * 3, 5 * 3);  /* 30 groups in 7 folds */
            assert_in_range(ones, 2 * 3, 3 * 3); /* 17 of them of class 1 */
        }
    }
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void every_kind_keeps_groups_whole(void **state)
{
    (void)state;
    int label[120], group[120];
    for (int i = 0; i < 120; i++) {
        group[i] = i * 7 % 29;
        label[i] = i % 3 == 0;
    }
    eae_frame *data = new_data(120);
    add_levels(data, "label", label);
    add_levels(data, "group", group);
    for (int kind = EAE_PLAN_KFOLD; kind <= EAE_PLAN_BOOTSTRAP; kind++) {
        eae_plan_spec spec = {.kind = (eae_plan_kind)kind,
                              .k = 5,
                              .repeats = 4,
                              .holdout = 0.2,
                              .groups = true,
                              .stratify = true,
                              .inner = 3,
                              .seed = 8};
        eae_frame *plan = make(&spec, data);
        groups_are_intact(plan, group);
        for (int64_t r = 0; r < 4 && kind == EAE_PLAN_HOLDOUT; r++)
            assert_int_equal(groups_tested(plan, r, group), 6); /* round(0.2 x 29) */
        for (int64_t r = 0; r < 29 && kind == EAE_PLAN_LOO; r++)
            assert_int_equal(groups_tested(plan, r, group), 1);
        if (kind == EAE_PLAN_LOO)
            assert_int_equal(plan->rows.count, 29 * 4);
        eae_frame_free(plan);
    }
    eae_frame_free(data);
}

/* ---- a ready-made column, other tasks --------------------------------------------------- */

static void a_column_says_train_or_test(void **state)
{
    (void)state;
    static const int sizes[] = {4, 4};
    int label[8];
    eae_frame *data = classes(sizes, 2, label);
    eae_annot *a = eae_axis_add(&data->rows, "set", EAE_ANNOT_TEXT);
    static const char *const text[] = {"train", "train", "train", "train",
                                       "test",  "test",  NULL,    "unused"};
    for (int64_t i = 0; i < 8; i++)
        eae_annot_set_text(a, i, text[i]);
    eae_plan_spec spec = {.kind = EAE_PLAN_COLUMN, .column = "set", .stratify = true};
    eae_frame *plan = make(&spec, data);
    static const int16_t want[] = {1, 1, 1, 1, -1, -1, 0, 0};
    assert_int_equal(plan->rows.count, 1);
    assert_memory_equal(plan->payload, want, sizeof want);
    eae_frame_free(plan);

    eae_annot_set_text(eae_axis_find(&data->rows, "set"), 2, "validation");
    refuses(&spec, data, "sample 'p002' has 'validation' in 'set'");
    spec.column = "sets";
    refuses(&spec, data, "no annotation 'sets'");
    eae_frame_free(data);
}

static void events_are_shared_out(void **state)
{
    (void)state;
    eae_frame *data = new_data(60);
    eae_annot *a = eae_axis_add(&data->rows, "time", EAE_ANNOT_F64);
    int event[60];
    for (int i = 0; i < 60; i++)
        a->f64[i] = i + 1;
    a = eae_axis_add(&data->rows, "status", EAE_ANNOT_I64);
    for (int i = 0; i < 60; i++)
        a->i64[i] = event[i] = i % 4 == 1;
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 5, .repeats = 2, .stratify = true};
    eae_frame *plan = make(&spec, data);
    for (int64_t rep = 0; rep < 2; rep++) {
        folds_are_even(plan, rep * 5, 5, event, 1);
        folds_are_even(plan, rep * 5, 5, event, -1);
    }
    eae_frame_free(plan);
    spec.k = 16;
    refuses(&spec, data, "status 'event' has only 15 samples for 16 folds");
    eae_frame_free(data);
}

static void samples_without_label_are_unused(void **state)
{
    (void)state;
    static const int sizes[] = {10, 10};
    int label[20];
    eae_frame *data = classes(sizes, 2, label);
    eae_axis_find(&data->rows, "label")->code[7] = -1;
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 3, .repeats = 1, .stratify = true};
    eae_frame *plan = make(&spec, data);
    for (int64_t r = 0; r < 3; r++)
        assert_int_equal(entry(plan, r, 7), 0);
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* ---- refusals --------------------------------------------------------------------------- */

static void what_cannot_be_represented_is_named(void **state)
{
    (void)state;
    static const int sizes[] = {9, 3};
    int label[12], group[12];
    eae_frame *data = classes(sizes, 2, label);
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 5, .repeats = 1, .stratify = true};
    refuses(&spec, data, "class 'L1' has only 3 samples for 5 folds; at most 3 folds");
    spec.k = 3;
    spec.inner = 3;
    refuses(&spec, data, "training samples of split 1: --inner: class 'L1' has only 2 samples");
    spec.inner = 0;
    spec.groups = true;
    refuses(&spec, data, "no groups");
    for (int i = 0; i < 12; i++)
        group[i] = label[i] == 1 ? 3 : i % 3;
    add_levels(data, "group", group);
    refuses(&spec, data, "class 'L1' has only 1 group");
    spec.kind = EAE_PLAN_LOO;
    refuses(&spec, data, "class 'L1' has only 1 group");
    spec.kind = EAE_PLAN_KFOLD;
    spec.k = 5;
    refuses(&spec, data, "5 folds need as many groups, there are 4");
    eae_axis_find(&data->rows, "group")->code[2] = -1;
    refuses(&spec, data, "sample 'p002' has no group");
    eae_frame_free(data);
}

static void too_few_samples_are_refused(void **state)
{
    (void)state;
    eae_frame *data = new_data(4);
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 5, .repeats = 1};
    refuses(&spec, data, "5 folds need as many samples, there are 4");
    eae_frame_free(data);
    data = new_data(1);
    spec = (eae_plan_spec){.kind = EAE_PLAN_HOLDOUT, .repeats = 1, .holdout = 0.5};
    refuses(&spec, data, "needs at least 2 samples, the data have 1");
    eae_frame_free(data);
    data = new_data(0);
    refuses(&spec, data, "no samples");
    eae_frame_free(data);
}

static void one_class_or_an_empty_one_is_refused(void **state)
{
    (void)state;
    int label[6] = {0, 0, 0, 0, 0, 0};
    eae_frame *data = new_data(6);
    add_levels(data, "label", label);
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 2, .repeats = 1, .stratify = true};
    refuses(&spec, data, "all 6 samples are of one class, 'L0'");
    eae_annot *a = eae_axis_find(&data->rows, "label");
    eae_names_add(&a->dict, "ghost", 5);
    refuses(&spec, data, "class 'ghost' has no samples");
    for (int i = 0; i < 6; i++)
        a->code[i] = -1;
    refuses(&spec, data, "no sample has a label");
    eae_frame_free(data);
}

static void leave_one_out_of_many_names_kfold(void **state)
{
    (void)state;
    eae_frame *data = new_data(20001);
    eae_plan_spec spec = {.kind = EAE_PLAN_LOO};
    refuses(&spec, data, "--kfold");
    eae_frame_free(data);
}

static void a_stratum_that_does_not_exist_is_listed(void **state)
{
    (void)state;
    static const int sizes[] = {6, 6};
    int label[12];
    eae_frame *data = classes(sizes, 2, label);
    eae_names by = {0};
    eae_names_add(&by, "site", 4);
    eae_plan_spec spec = {
        .kind = EAE_PLAN_KFOLD, .k = 3, .repeats = 1, .stratify = true, .stratify_by = &by};
    refuses(&spec, data, "no annotation 'site' (there are: label)");
    int each[12];
    for (int i = 0; i < 12; i++)
        each[i] = i;
    add_levels(data, "site", each);
    refuses(&spec, data, "'site' has 12 different values");
    eae_names_free(&by);
    eae_frame_free(data);
}

/* ---- reading a plan --------------------------------------------------------------------- */

static void a_split_has_its_rows(void **state)
{
    (void)state;
    eae_frame *data = new_data(5);
    eae_plan_spec spec = {.kind = EAE_PLAN_LOO};
    eae_frame *plan = make(&spec, data);
    eae_frame_i16(plan)[2 * 5 + 0] = 3;
    eae_frame_i16(plan)[2 * 5 + 1] = 0;
    eae_split s;
    eae_plan_split(plan, 2, &s);
    assert_int_equal(s.id, 3);
    assert_int_equal(s.fold, 3);
    assert_int_equal(s.train_count, 3);
    assert_int_equal(s.test_count, 1);
    assert_int_equal(s.test[0], 2);
    static const int64_t train[] = {0, 3, 4};
    assert_memory_equal(s.train, train, sizeof train);
    assert_true(s.count[0] == 3 && s.count[1] == 1 && s.count[2] == 1);
    eae_split_free(&s);
    eae_split_all(3, &s);
    assert_int_equal(s.train_count, 3);
    assert_int_equal(s.test_count, 0);
    assert_int_equal(s.train[2], 2);
    assert_true(s.count[2] == 1);
    eae_split_free(&s);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void a_plan_for_other_samples_is_refused(void **state)
{
    (void)state;
    eae_frame *data = new_data(6), *fewer = new_data(5), *other = NULL;
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 2, .repeats = 1};
    eae_frame *plan = make(&spec, data);
    assert_int_equal(eae_plan_check(plan, fewer), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "for 6 samples, the data have 5"));
    static const int64_t swapped[] = {0, 1, 3, 2, 4, 5};
    assert_int_equal(eae_frame_select(data, swapped, 6, NULL, 0, &other), EAE_OK);
    assert_int_equal(eae_plan_check(plan, other), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "sample 3 is 'p002' in the plan and 'p003' in the data"));
    eae_axis_find(&plan->rows, "split")->i64[1] = 1;
    assert_int_equal(eae_plan_check(plan, data), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "split 1 is twice"));
    eae_frame_free(other);
    eae_frame_free(fewer);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void two_plans_in_one_frame_are_noticed(void **state)
{
    (void)state;
    eae_frame *data = new_data(6);
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 3, .repeats = 1};
    eae_frame *plan = make(&spec, data);
    eae_annot_set_text(eae_axis_find(&plan->rows, "plan"), 1, "0123456789abcdef0123456789abcdef");
    assert_int_equal(eae_plan_check(plan, data), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "two plans"));
    eae_axis_remove(&plan->rows, "fold");
    assert_int_equal(eae_plan_check(plan, data), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "no row annotation 'fold'"));
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* A plan whose hash is right, but whose inner split has a sample that its parent holds out. */
static void an_inner_split_that_sees_held_out_samples_is_refused(void **state)
{
    (void)state;
    eae_frame *data = new_data(12);
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 3, .repeats = 1, .inner = 2};
    eae_frame *plan = make(&spec, data);
    int64_t inner, i = 0;
    int64_t *row = eae_plan_children(plan, 2, &inner);
    assert_int_equal(inner, 2);
    assert_true(row[0] == 5 && row[1] == 6);
    while (entry(plan, 1, i) != -1)
        i++;
    for (int16_t use = -1; use <= 1; use = (int16_t)(use + 2)) {
        eae_frame_i16(plan)[row[1] * 12 + i] = use;
        eae_plan_set_hash(plan);
        assert_int_equal(eae_plan_check(plan, data), EAE_FAIL);
        assert_non_null(strstr(eae_message(), "inner split 7 uses sample 'p0"));
        assert_non_null(strstr(eae_message(), "not a training sample of its parent 2"));
    }
    eae_frame_i16(plan)[row[1] * 12 + i] = 0;
    eae_plan_set_hash(plan);
    assert_int_equal(eae_plan_check(plan, data), EAE_OK);
    free(row);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void a_changed_plan_is_noticed(void **state)
{
    (void)state;
    eae_frame *data = new_data(6), *fewer = NULL, *cut = NULL;
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 3, .repeats = 1};
    eae_frame *plan = make(&spec, data);
    static const int64_t kept[] = {0, 1, 2, 4, 5};
    assert_int_equal(eae_frame_select(data, kept, 5, NULL, 0, &fewer), EAE_OK);
    assert_int_equal(eae_frame_select(plan, NULL, 0, kept, 5, &cut), EAE_OK);
    assert_int_equal(eae_plan_check(cut, fewer), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "changed after it was made"));
    eae_frame_free(cut);
    eae_frame_free(fewer);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void the_hash_sees_every_part(void **state)
{
    (void)state;
    eae_frame *data = new_data(6);
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD, .k = 3, .repeats = 1};
    eae_frame *plan = make(&spec, data), *again = make(&spec, data);
    char one[EAE_HASH_TEXT], two[EAE_HASH_TEXT];
    eae_plan_hash(plan, one);
    assert_string_equal(one, eae_annot_text(eae_axis_find(&plan->rows, "plan"), 2));
    eae_plan_hash(again, two);
    assert_string_equal(one, two);
    eae_frame_i16(again)[7] = 0;
    eae_plan_hash(again, two);
    assert_string_not_equal(one, two);
    eae_frame_i16(again)[7] = eae_frame_i16(plan)[7];
    eae_axis_find(&again->rows, "repeat")->i64[2] = 2;
    eae_plan_hash(again, two);
    assert_string_not_equal(one, two);
    again->cols.names.bytes[0] = 'q';
    eae_axis_find(&again->rows, "repeat")->i64[2] = 1;
    eae_plan_hash(again, two);
    assert_string_not_equal(one, two);
    eae_frame_free(plan);
    eae_frame_free(again);
    eae_frame_free(data);
}

/* ---- text ------------------------------------------------------------------------------- */

static const char *scratch(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/test_plan.%ld.tsv", (long)getpid());
    return path;
}

static int read_text(const char *text, const eae_frame *data, eae_frame **plan)
{
    FILE *f = fopen(scratch(), "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    int status = eae_plan_read(scratch(), data, plan);
    unlink(scratch());
    return status;
}

static void unreadable(const char *text, const eae_frame *data, const char *words)
{
    eae_frame *plan = NULL;
    assert_int_equal(read_text(text, data, &plan), EAE_FAIL);
    assert_null(plan);
    if (!strstr(eae_message(), words))
        fail_msg("'%s' is not in: %s", words, eae_message());
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    static const int sizes[] = {23, 19};
    int label[42], group[42];
    eae_frame *data = classes(sizes, 2, label);
    for (int i = 0; i < 42; i++)
        group[i] = i % 17;
    add_levels(data, "group", group);
    eae_axis_find(&data->rows, "label")->code[3] = -1;
    for (int kind = EAE_PLAN_KFOLD; kind <= EAE_PLAN_BOOTSTRAP; kind++) {
        for (int variant = 0; variant < 4; variant++) {
            eae_plan_spec spec = {.kind = (eae_plan_kind)kind,
                                  .k = 4,
                                  .repeats = 3,
                                  .holdout = 0.4,
                                  .stratify = true,
                                  .groups = variant & 1,
                                  .inner = variant & 2 ? 3 : 0};
            eae_frame *plan = make(&spec, data), *again = NULL;
            assert_int_equal(eae_plan_write(scratch(), plan), EAE_OK);
            assert_int_equal(eae_plan_read(scratch(), data, &again), EAE_OK);
            unlink(scratch());
            assert_int_equal(plan->rows.count, again->rows.count);
            assert_memory_equal(plan->payload, again->payload, (size_t)(plan->rows.count * 42 * 2));
            assert_string_equal(eae_annot_text(eae_axis_find(&plan->rows, "plan"), 0),
                                eae_annot_text(eae_axis_find(&again->rows, "plan"), 0));
            eae_frame_free(plan);
            eae_frame_free(again);
        }
    }
    eae_frame_free(data);
}

/* Two repeats of two folds from 0, columns and lines in another order, CRLF, no last line end. */
static void a_plan_of_other_tools_is_read(void **state)
{
    (void)state;
    eae_frame *data = new_data(3), *plan = NULL;
    assert_int_equal(read_text("role\tnote\tsample\tsplit\r\n"
                               "test\tx\tp000\t0\r\ntrain\tx\tp001\t0\r\ntrain\tx\tp002\t0\r\n"
                               "train\t\tp000\t7\r\ntest\t\tp001\t7\r\ntest\t\tp002\t7\r\n"
                               "test\tx\tp002\t5\ntrain\tx\tp001\t5\ntest\tx\tp001\t3\n"
                               "unused\tx\tp002\t3\ntrain\tx\tp000\t3",
                               data, &plan),
                     EAE_OK);
    static const int16_t want[] = {-1, 1, 1, 1, -1, 0, 0, 1, -1, 1, -1, -1};
    static const int64_t repeat[] = {1, 1, 1, 2}, fold[] = {1, 2, 3, 1}, split[] = {1, 2, 3, 4};
    assert_int_equal(plan->rows.count, 4);
    assert_memory_equal(plan->payload, want, sizeof want);
    assert_memory_equal(eae_axis_find(&plan->rows, "repeat")->i64, repeat, sizeof repeat);
    assert_memory_equal(eae_axis_find(&plan->rows, "fold")->i64, fold, sizeof fold);
    assert_memory_equal(eae_axis_find(&plan->rows, "split")->i64, split, sizeof split);
    assert_int_equal(eae_plan_check(plan, data), EAE_OK);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void samples_without_names_are_numbered(void **state)
{
    (void)state;
    eae_frame *data = new_data(4), *plan = NULL;
    eae_names_free(&data->rows.names);
    assert_int_equal(read_text("split\tsample\trole\n1\ts4\ttest\n1\ts1\ttrain\n", data, &plan),
                     EAE_OK);
    static const int16_t want[] = {1, 0, 0, -1};
    assert_memory_equal(plan->payload, want, sizeof want);
    assert_int_equal(eae_plan_check(plan, data), EAE_OK);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void mistakes_are_named_by_line_and_column(void **state)
{
    (void)state;
    eae_frame *data = new_data(4);
    unreadable("", data, "the plan is empty");
    unreadable("split\tsample\trole\n", data, "no splits");
    unreadable("split\tsample\n1\tp000\n", data, ":1: no column 'role'");
    unreadable("split\tsample\trole\trole\n", data, ":1: two columns are called 'role'");
    unreadable("split\tsample\trole\n1\tp000\n", data, ":2: 2 fields where the header has 3");
    unreadable("split\tsample\trole\n1\tp000\ttrain\n1\tq\ttest\n", data,
               ":3: column 2: no such sample in the data: \"q\"");
    unreadable("split\tsample\trole\n1\tp000\tvalidate\n", data,
               ":2: column 3: not train, test or unused: \"validate\"");
    unreadable("split\tsample\trole\nA\tp000\ttrain\n", data,
               ":2: column 1: not a whole number: \"A\"");
    unreadable("split\tsample\trole\n-1\tp000\ttrain\n", data, ":2: column 1: too small");
    unreadable("split\tsample\trole\n1\tp000\ttrain\n1\tp001\ttest\n1\tp000\ttest\n", data,
               ":4: column 2: sample twice in split 1 (line 2): \"p000\"");
    unreadable("split\tsample\trole\n1\tp000\ttrain\n1\tp001\ttrain\n", data,
               "split 1 has no test samples");
    unreadable("split\tsample\trole\n1\tp000\ttest\n1\tp001\ttest\n", data,
               "split 1 has no training samples");
    unreadable("split\tsample\trole\trepeat\n1\tp000\ttrain\t1\n1\tp001\ttest\t2\n", data,
               ":3: column 4: repeat 2 of split 1 is 1 in line 2");
    unreadable("split\tsample\trole\tcount\n1\tp000\ttrain\t40000\n", data, "too large");
    unreadable("split\tsample\trole\tcount\n1\tp000\ttest\t2\n", data, "counts once");
    unreadable("split\tsample\trole\tparent\n1\tp000\ttrain\t\n1\tp001\ttest\t\n"
               "2\tp000\ttrain\t9\n2\tp001\ttest\t9\n",
               data, "split 2 has the parent 9, which is no outer split");
    unreadable("split\tsample\trole\tparent\n1\tp000\ttrain\t0\n1\tp001\ttest\t0\n"
               "2\tp000\ttrain\t1\n2\tp001\ttest\t1\n",
               data, "inner split 2 uses sample 'p001', which is not a training sample");
    eae_frame_free(data);
}

static void a_plan_without_a_class_in_training_is_refused(void **state)
{
    (void)state;
    int label[4] = {0, 0, 1, 1};
    eae_frame *data = new_data(4);
    add_levels(data, "label", label);
    unreadable("split\tsample\trole\n1\tp000\ttrain\n1\tp001\ttrain\n1\tp002\ttest\n", data,
               "split 1 would train without class 'L1'");
    eae_frame_free(data);
}

/* Damage a good plan in random places: it is refused with a message, or read as a plan that stands
 * every check. (The sanitizer build of this test watches the memory.) */
static void damaged_text_is_refused_or_makes_sense(void **state)
{
    (void)state;
    static const char *const token[] = {
        "\t", "\n", "9999999999999999999", "-1", "0", "", "test", "train", "NA", "p003"};
    static const int sizes[] = {6, 6};
    int label[12], refused = 0;
    eae_frame *data = classes(sizes, 2, label), *plan;
    eae_plan_spec spec = {
        .kind = EAE_PLAN_KFOLD, .k = 3, .repeats = 1, .stratify = true, .inner = 2};
    plan = make(&spec, data);
    assert_int_equal(eae_plan_write(scratch(), plan), EAE_OK);
    eae_frame_free(plan);
    char *good;
    size_t n;
    assert_int_equal(eae_read_file(scratch(), &good, &n), EAE_OK);
    eae_random r;
    eae_random_start(&r, 17, EAE_RANDOM_SPLIT, 0);
    for (int round = 0; round < 2000; round++) {
        size_t at = (size_t)eae_random_below(&r, n), skip = (size_t)eae_random_below(&r, 4);
        size_t rest = at + skip < n ? at + skip : n;
        FILE *f = fopen(scratch(), "w");
        assert_non_null(f);
        fwrite(good, 1, at, f);
        if (eae_random_below(&r, 2))
            fputs(token[eae_random_below(&r, 10)], f);
        else
            fputc((int)eae_random_below(&r, 256), f);
        fwrite(good + rest, 1, round % 3 ? n - rest : 0, f);
        assert_int_equal(fclose(f), 0);
        if (eae_plan_read(scratch(), data, &plan) == EAE_OK)
            assert_int_equal(eae_plan_check(plan, data), EAE_OK);
        else
            refused += strlen(eae_message()) > 0 && plan == NULL;
        eae_frame_free(plan);
    }
    assert_true(refused > 1000);
    unlink(scratch());
    free(good);
    eae_frame_free(data);
}

/* ---- confounding ------------------------------------------------------------------------ */

/* 2 x 3 table 10 20 30 / 30 20 10: X2 = 20, n = 120, V = sqrt(20/120) = 0.40825 (by hand: every
 * expected count of columns 1 and 3 is 20, 4 cells of (10^2)/20). */
static void cramers_v_by_hand(void **state)
{
    (void)state;
    static const int cells[2][3] = {{10, 20, 30}, {30, 20, 10}};
    int64_t a[130], b[130], n = 0;
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 3; j++) {
            for (int c = 0; c < cells[i][j]; c++) {
                a[n] = i;
                b[n++] = j;
            }
        }
    }
    assert_true(fabs(eae_cramers_v(a, 2, b, 3, n) - sqrt(20.0 / 120)) < 1e-12);
    a[n] = -1; /* missing: left out */
    b[n++] = 0;
    assert_true(fabs(eae_cramers_v(a, 2, b, 3, n) - sqrt(20.0 / 120)) < 1e-12);
    assert_true(fabs(eae_cramers_v(a, 2, a, 2, n) - 1) < 1e-12);
    assert_true(isnan(eae_cramers_v(a, 2, b, 3, 10)));
}

int main(void)
{
    eae_diag_program("test_plan");
    eae_diag_loudness(EAE_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stratified_folds_are_even_overall_and_by_class),
        cmocka_unit_test(further_strata_are_even_within_a_class),
        cmocka_unit_test(a_repeat_does_not_depend_on_how_many_there_are),
        cmocka_unit_test(every_sample_has_the_same_chance),
        cmocka_unit_test(inner_splits_partition_the_training_samples),
        cmocka_unit_test(holdout_is_the_fraction_in_every_class),
        cmocka_unit_test(leave_one_out_is_the_identity),
        cmocka_unit_test(bootstrap_draws_with_replacement),
        cmocka_unit_test(bootstrap_is_redrawn_until_all_are_out_of_bag),
        cmocka_unit_test(thirty_one_folds_of_two_subjects),
        cmocka_unit_test(equal_groups_of_one_class_are_dealt_evenly),
        cmocka_unit_test(every_kind_keeps_groups_whole),
        cmocka_unit_test(a_column_says_train_or_test),
        cmocka_unit_test(events_are_shared_out),
        cmocka_unit_test(samples_without_label_are_unused),
        cmocka_unit_test(what_cannot_be_represented_is_named),
        cmocka_unit_test(too_few_samples_are_refused),
        cmocka_unit_test(one_class_or_an_empty_one_is_refused),
        cmocka_unit_test(leave_one_out_of_many_names_kfold),
        cmocka_unit_test(a_stratum_that_does_not_exist_is_listed),
        cmocka_unit_test(a_split_has_its_rows),
        cmocka_unit_test(a_plan_for_other_samples_is_refused),
        cmocka_unit_test(two_plans_in_one_frame_are_noticed),
        cmocka_unit_test(an_inner_split_that_sees_held_out_samples_is_refused),
        cmocka_unit_test(a_changed_plan_is_noticed),
        cmocka_unit_test(the_hash_sees_every_part),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(a_plan_of_other_tools_is_read),
        cmocka_unit_test(samples_without_names_are_numbered),
        cmocka_unit_test(mistakes_are_named_by_line_and_column),
        cmocka_unit_test(a_plan_without_a_class_in_training_is_refused),
        cmocka_unit_test(damaged_text_is_refused_or_makes_sense),
        cmocka_unit_test(cramers_v_by_hand),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
