/*
 * test_outcome.c - labels read off a data frame, groups, and permutations: bijections that depend
 * on the seed and their number alone and move labels as the groups allow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/train/outcome.h"

enum { N = 24 };

static eae_frame *new_data(int64_t n)
{
    eae_frame *f;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F32, n, 1), EAE_OK);
    for (int64_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%d", (int)i);
        eae_names_add(&f->rows.names, name, strlen(name));
        eae_frame_f32(f)[i] = (float)i;
    }
    return f;
}

static void add_text(eae_frame *f, const char *name, const char *const *level, const int *of)
{
    eae_annot *a = eae_axis_add(&f->rows, name, EAE_ANNOT_TEXT);
    for (int c = 0; level[c]; c++)
        eae_names_add(&a->dict, level[c], strlen(level[c]));
    for (int64_t i = 0; i < f->rows.count; i++)
        a->code[i] = of[i];
}

static void add_numbers(eae_frame *f, const char *name, const double *value)
{
    eae_annot *a = eae_axis_add(&f->rows, name, EAE_ANNOT_F64);
    memcpy(a->f64, value, (size_t)f->rows.count * sizeof *value);
}

static const char *const two[] = {"ALL", "AML", NULL};

/* Class i mod 2, and groups of `size` rows in a row. */
static eae_frame *grouped(int size, bool constant)
{
    static const char *const names[] = {"g0", "g1", "g2", "g3",  "g4",  "g5", "g6",
                                        "g7", "g8", "g9", "g10", "g11", NULL};
    eae_frame *f = new_data(N);
    int class[N], group[N];
    for (int i = 0; i < N; i++) {
        group[i] = i / size;
        class[i] = (constant ? group[i] : i) % 2;
    }
    add_text(f, "label", two, class);
    add_text(f, "group", names, group);
    return f;
}

static void fails(eae_frame *f, const char *words)
{
    eae_target t;
    assert_int_equal(eae_target_from(f, &t), EAE_FAIL);
    if (!strstr(eae_message(), words))
        fail_msg("'%s' is not in: %s", words, eae_message());
    assert_null(t.class);
    eae_frame_free(f);
}

/* ---- labels ----------------------------------------------------------------------------- */

static void classes_are_codes_of_the_dictionary(void **state)
{
    (void)state;
    int class[4] = {1, 0, 0, 1};
    eae_frame *f = new_data(4);
    eae_target t;
    add_text(f, "label", two, class);
    assert_int_equal(eae_target_from(f, &t), EAE_OK);
    assert_int_equal(t.task, EAE_TASK_CLASSES);
    assert_int_equal(t.n, 4);
    assert_int_equal(t.outcome.classes, 2);
    assert_null(t.group);
    for (int i = 0; i < 4; i++)
        assert_int_equal(t.outcome.class[i], class[i]);
    assert_string_equal(eae_name(t.class_names, 1), "AML");
    eae_target_free(&t);
    eae_frame_free(f);
}

static void a_number_is_regression_and_two_times_are_survival(void **state)
{
    (void)state;
    const double value[3] = {1.5, -2, 4}, time[3] = {3, 1, 2}, event[3] = {1, 0, 1};
    eae_frame *f = new_data(3);
    eae_target t;
    add_numbers(f, "label", value);
    assert_int_equal(eae_target_from(f, &t), EAE_OK);
    assert_int_equal(t.task, EAE_TASK_REGRESSION);
    assert_memory_equal(t.outcome.value, value, sizeof value);
    eae_target_free(&t);
    eae_frame_free(f);

    f = new_data(3);
    add_numbers(f, "time", time);
    eae_annot *a = eae_axis_add(&f->rows, "status", EAE_ANNOT_I64);
    for (int i = 0; i < 3; i++)
        a->i64[i] = (int64_t)event[i];
    assert_int_equal(eae_target_from(f, &t), EAE_OK);
    assert_int_equal(t.task, EAE_TASK_SURVIVAL);
    assert_memory_equal(t.outcome.time, time, sizeof time);
    assert_memory_equal(t.outcome.status, event, sizeof event);
    eae_target_free(&t);
    eae_frame_free(f);
}

static void labels_that_say_nothing_are_refused(void **state)
{
    (void)state;
    static const char *const three[] = {"a", "b", "c", NULL};
    const int sites[3] = {0, 1, 0}, ones[3] = {1, 1, 1}, hole[3] = {0, -1, 1}, some[3] = {0, 2, 2};
    const double sevens[3] = {7, 7, 7}, holes[3] = {1, NAN, 3}, times[3] = {1, 2, 3};
    eae_frame *f = new_data(3);
    add_text(f, "site", two, sites);
    fails(f, "site"); /* what could be one */
    fails(new_data(3), "none");
    fails(new_data(0), "no samples");
    f = new_data(3);
    add_text(f, "label", two, ones);
    fails(f, "'AML'");
    f = new_data(3);
    add_text(f, "label", two, hole);
    fails(f, "1 of 3 samples have no label (first: p1)");
    f = new_data(3);
    add_text(f, "label", three, some);
    fails(f, "class 'b' has no sample");
    f = new_data(3);
    add_numbers(f, "label", sevens);
    fails(f, "same value in all 3");
    f = new_data(3);
    add_numbers(f, "label", holes);
    fails(f, "1 of 3 samples have no label (first: p1)");
    f = new_data(3);
    add_numbers(f, "time", times);
    fails(f, "no label");
    add_numbers(f = new_data(3), "time", times);
    add_numbers(f, "status", holes);
    fails(f, "1 of 3 samples have no status (first: p1)");
}

static void groups_are_counted_by_value(void **state)
{
    (void)state;
    const double subject[4] = {7, 3, 7, 11};
    const int class[4] = {0, 1, 0, 1};
    eae_frame *f = new_data(4);
    eae_target t;
    add_text(f, "label", two, class);
    add_numbers(f, "group", subject);
    assert_int_equal(eae_target_from(f, &t), EAE_OK);
    assert_int_equal(t.groups, 3);
    assert_int_equal(t.group[0], t.group[2]);
    assert_int_not_equal(t.group[0], t.group[1]);
    assert_int_not_equal(t.group[1], t.group[3]);
    assert_int_not_equal(t.group[0], t.group[3]);
    eae_target_free(&t);
    eae_frame_free(f);
}

/* ---- permutations ----------------------------------------------------------------------- */

static void is_bijection(const int64_t *from, int64_t n)
{
    bool seen[N] = {false};
    for (int64_t i = 0; i < n; i++) {
        assert_in_range(from[i], 0, n - 1);
        assert_false(seen[from[i]]);
        seen[from[i]] = true;
    }
}

static void permutations_are_bijections_keyed_by_seed_and_number(void **state)
{
    (void)state;
    eae_frame *f = grouped(1, true);
    eae_target t;
    eae_axis_remove(&f->rows, "group");
    assert_int_equal(eae_target_from(f, &t), EAE_OK);
    int64_t a[N], b[N], moved = 0, apart = 0, seeds = 0, first[N] = {0};
    for (int64_t k = 1; k <= 400; k++) {
        assert_int_equal(eae_permutation(&t, 1, k, a), EAE_OK);
        is_bijection(a, N);
        assert_int_equal(eae_permutation(&t, 1, k + 1, b), EAE_OK);
        apart += memcmp(a, b, sizeof a) != 0;
        assert_int_equal(eae_permutation(&t, 2, k, b), EAE_OK);
        seeds += memcmp(a, b, sizeof a) != 0;
        assert_int_equal(eae_permutation(&t, 1, k, b), EAE_OK);
        assert_memory_equal(a, b, sizeof a); /* whatever was asked for in between */
        for (int i = 0; i < N; i++)
            moved += a[i] != i;
        first[a[0]]++;
    }
    assert_int_equal(apart, 400);
    assert_int_equal(seeds, 400);
    assert_true(moved > 400 * (N - 2)); /* one fixed point on average */
    for (int i = 0; i < N; i++)         /* 400 / 24 = 17 expected; five standard deviations */
        assert_in_range(first[i], 1, 37);
    eae_target_free(&t);
    eae_frame_free(f);
}

static void whole_groups_exchange_a_constant_label(void **state)
{
    (void)state;
    eae_frame *f = grouped(4, true);
    eae_target t;
    int64_t from[N];
    int moved = 0;
    assert_int_equal(eae_target_from(f, &t), EAE_OK);
    for (int64_t k = 1; k <= 50; k++) {
        eae_target p;
        assert_int_equal(eae_permutation(&t, 9, k, from), EAE_OK);
        is_bijection(from, N);
        eae_target_permuted(&t, from, &p);
        for (int i = 0; i < N; i++) {
            assert_int_equal(p.class[i], t.class[from[i]]);
            assert_int_equal(p.class[i], p.class[i / 4 * 4]);
            assert_int_equal(from[i] / 4, from[i / 4 * 4] / 4);
            moved += p.class[i] != t.class[i];
        }
        eae_target_free(&p);
    }
    assert_true(moved > 0);
    eae_target_free(&t);
    eae_frame_free(f);
}

/* Groups of 1, 2, ...: only groups of one size exchange labels. */
static void groups_of_one_size_exchange(void **state)
{
    (void)state;
    static const char *const names[] = {"g0", "g1", "g2", "g3", NULL};
    const int group[9] = {0, 1, 1, 2, 3, 3, 3, 2, 0}, class[9] = {0, 1, 1, 1, 0, 0, 0, 1, 0};
    const int size[4] = {2, 2, 2, 3};
    eae_frame *f = new_data(9);
    eae_target t;
    int64_t from[N], moved = 0;
    add_text(f, "label", two, class);
    add_text(f, "group", names, group);
    assert_int_equal(eae_target_from(f, &t), EAE_OK);
    for (int64_t k = 1; k <= 50; k++) {
        assert_int_equal(eae_permutation(&t, 1, k, from), EAE_OK);
        is_bijection(from, 9);
        for (int i = 0; i < 9; i++) {
            assert_int_equal(size[group[from[i]]], size[group[i]]);
            moved += group[from[i]] != group[i];
        }
    }
    assert_true(moved > 100);
    eae_target_free(&t);
    eae_frame_free(f);
}

static void labels_that_vary_in_a_group_stay_in_it(void **state)
{
    (void)state;
    eae_frame *f = grouped(4, false);
    eae_target t;
    int64_t from[N], moved = 0;
    assert_int_equal(eae_target_from(f, &t), EAE_OK);
    for (int64_t k = 1; k <= 50; k++) {
        assert_int_equal(eae_permutation(&t, 1, k, from), EAE_OK);
        is_bijection(from, N);
        for (int i = 0; i < N; i++) {
            assert_int_equal(from[i] / 4, i / 4);
            moved += from[i] != i;
        }
    }
    assert_true(moved > 50 * N / 2);
    eae_target_free(&t);
    eae_frame_free(f);
}

static void what_cannot_be_permuted_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"g0", "g1", NULL};
    const int group[5] = {0, 0, 0, 1, 1}, class[5] = {0, 0, 0, 1, 1};
    eae_frame *f = new_data(5);
    eae_target t;
    int64_t from[N];
    add_text(f, "label", two, class);
    add_text(f, "group", names, group);
    assert_int_equal(eae_target_from(f, &t), EAE_OK);
    assert_int_equal(eae_permutation(&t, 1, 1, from), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "no permutation is possible"));
    eae_target_free(&t);
    eae_frame_free(f);
}

static void time_and_status_move_together(void **state)
{
    (void)state;
    double time[N], event[N];
    eae_frame *f = new_data(N);
    eae_target t, p;
    int64_t from[N];
    for (int i = 0; i < N; i++) {
        time[i] = i + 1;
        event[i] = i % 3 == 0;
    }
    add_numbers(f, "time", time);
    add_numbers(f, "status", event);
    assert_int_equal(eae_target_from(f, &t), EAE_OK);
    assert_int_equal(eae_permutation(&t, 1, 3, from), EAE_OK);
    eae_target_permuted(&t, from, &p);
    for (int i = 0; i < N; i++) {
        assert_true(p.outcome.time[i] == time[from[i]]);
        assert_true(p.outcome.status[i] == event[from[i]]);
    }
    eae_target_free(&p);
    eae_target_free(&t);
    eae_frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_codes_of_the_dictionary),
        cmocka_unit_test(a_number_is_regression_and_two_times_are_survival),
        cmocka_unit_test(labels_that_say_nothing_are_refused),
        cmocka_unit_test(groups_are_counted_by_value),
        cmocka_unit_test(permutations_are_bijections_keyed_by_seed_and_number),
        cmocka_unit_test(whole_groups_exchange_a_constant_label),
        cmocka_unit_test(groups_of_one_size_exchange),
        cmocka_unit_test(labels_that_vary_in_a_group_stay_in_it),
        cmocka_unit_test(what_cannot_be_permuted_is_refused),
        cmocka_unit_test(time_and_status_move_together),
    };
    return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
