/*
 * test_stability.c - sets of features from rank and model frames, and their stability, against
 * numpy (tests/expected/stability.py).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../tolerance.h"
#include "stability_study.h"

/* ---- against the reference --------------------------------------------------------------- */

static double measure(const eae_stability *s, const char *metric)
{
    return strcmp(metric, "features") == 0   ? s->features
           : strcmp(metric, "nogueira") == 0 ? s->nogueira
           : strcmp(metric, "jaccard") == 0  ? s->jaccard
                                             : s->kuncheva;
}

static void stability_equals_numpy(void **state)
{
    (void)state;
    stability_study x = stability_open();
    table t = table_read(DATA "stability.tsv");
    assert_int_equal(t.rows, 11 * 4);
    for (int r = 0; r < t.rows; r++) {
        eae_feature_sets sets = stability_sets(&x, t.cell[r][0], table_number(&t, r, 1));
        eae_stability got = eae_stability_of(&sets, true);
        const char *metric = t.cell[r][2];
        bool interval = strcmp(metric, "nogueira") == 0;
        assert_int_equal(got.runs, atoi(t.cell[r][3]));
        assert_int_equal(sets.features, 60);
        if (!close_to(measure(&got, metric), table_number(&t, r, 4), EAE_TOLERANCE_TEST) ||
            (interval && !(close_to(got.low, table_number(&t, r, 5), EAE_TOLERANCE_TEST) &&
                           close_to(got.high, table_number(&t, r, 6), EAE_TOLERANCE_TEST))))
            fail_msg("row %d: %.17g [%.17g, %.17g]", r + 2, measure(&got, metric), got.low,
                     got.high);
        eae_feature_sets_free(&sets);
    }
    table_free(&t);
    stability_close(&x);
}

static void similarity_equals_numpy(void **state)
{
    (void)state;
    stability_study x = stability_open();
    table t = table_read(DATA "similarity.tsv");
    assert_int_equal(t.rows, 11 * 10 / 2);
    for (int r = 0; r < t.rows; r++) {
        eae_feature_sets a = stability_sets(&x, t.cell[r][0], table_number(&t, r, 1));
        eae_feature_sets b = stability_sets(&x, t.cell[r][2], table_number(&t, r, 3));
        assert_true(close_to(eae_similarity(&a, &b), table_number(&t, r, 4), EAE_TOLERANCE_TEST));
        assert_true(close_to(eae_similarity(&a, &a), 1, 1e-15));
        eae_feature_sets_free(&a);
        eae_feature_sets_free(&b);
    }
    table_free(&t);
    stability_close(&x);
}

/* ---- which rows, which features ---------------------------------------------------------- */

static void only_splits_of_real_labels_select(void **state)
{
    (void)state;
    stability_study x = stability_open();
    eae_frame *f = x.frame[0];
    eae_axis_find(&f->rows, "split")->i64[0] = 0;
    eae_axis_find(&f->rows, "perm")->i64[1] = 1;
    eae_selectors_close(&x.selectors);
    assert_int_equal(eae_selectors_open(&x.selectors, x.frame, STUDY_FRAMES), 0);
    eae_feature_sets sets = stability_sets(&x, "weight", 5);
    assert_int_equal(sets.runs, 10);
    assert_int_equal(sets.split[0], 3);
    eae_feature_sets_free(&sets);
    stability_close(&x);
}

static void a_split_is_there_once(void **state)
{
    (void)state;
    stability_study x = stability_open();
    eae_axis_find(&x.frame[0]->rows, "split")->i64[1] = 1;
    eae_selectors_close(&x.selectors);
    assert_int_equal(eae_selectors_open(&x.selectors, x.frame, STUDY_FRAMES), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "split 1 is there twice"));
    stability_close(&x);
}

/* An elimination that ended early has not been at the smaller sizes. */
static void only_splits_that_were_at_a_size_count(void **state)
{
    (void)state;
    stability_study x = stability_open();
    int32_t *rank = x.frame[1]->payload;
    for (int j = 0; j < STUDY_FEATURES; j++)
        rank[j] = rank[j] < 8 ? 8 : rank[j]; /* the first split ended with 8 */
    eae_feature_sets sets = stability_sets(&x, "random", 5);
    assert_int_equal(sets.runs, STUDY_SPLITS - 1);
    assert_true(sets.split[0] == 2 && sets.size[0] == 5);
    eae_feature_sets_free(&sets);
    sets = stability_sets(&x, "random", 8);
    assert_int_equal(sets.runs, STUDY_SPLITS);
    eae_feature_sets_free(&sets);
    sets = stability_sets(&x, "random", 6); /* from 8 to 5 in one step */
    assert_int_equal(sets.runs, 0);
    eae_feature_sets_free(&sets);
    stability_close(&x);
}

/* Of K classes any row that uses a feature counts, and ranks of 0 and NaN are of features that did
 * not take part. */
static void classes_are_joined(void **state)
{
    (void)state;
    eae_frame *f;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_RANK, EAE_F64, 2, 4), 0);
    const double value[] = {1, 0, NAN, 3, 3, 0, NAN, 2};
    memcpy(f->payload, value, sizeof value);
    for (int j = 0; j < 4; j++)
        eae_names_add(&f->cols.names, (const char[]){(char)('a' + j)}, 1);
    eae_annot *class = eae_axis_add(&f->rows, "class", EAE_ANNOT_TEXT);
    eae_annot_set_text(class, 0, "x");
    eae_annot_set_text(class, 1, "y");
    eae_annot *split = eae_axis_add(&f->rows, "split", EAE_ANNOT_I64);
    split->i64[0] = split->i64[1] = 1;
    eae_selectors s;
    eae_feature_sets sets;
    const double size = 2;
    assert_int_equal(eae_selectors_open(&s, &f, 1), 0);
    assert_int_equal(eae_feature_sets_make(&s, 0, &size, &sets), 0);
    assert_int_equal(sets.runs, 1);
    assert_int_equal(sets.size[0], 2);
    assert_int_equal(sets.bit[0], 1 | 8);
    eae_feature_sets_free(&sets);
    eae_selectors_close(&s);
    eae_frame_free(f);
}

/* ---- what is not defined ----------------------------------------------------------------- */

static void undefined_stability_is_missing(void **state)
{
    (void)state;
    uint64_t none[] = {0, 0}, all[] = {7, 7}, one[] = {1};
    int64_t no[] = {0, 0}, every[] = {3, 3}, single[] = {1};
    eae_feature_sets sets[] = {{.features = 3, .runs = 2, .words = 1, .bit = none, .size = no},
                               {.features = 3, .runs = 2, .words = 1, .bit = all, .size = every},
                               {.features = 3, .runs = 1, .words = 1, .bit = one, .size = single}};
    for (int i = 0; i < 3; i++) {
        eae_stability s = eae_stability_of(&sets[i], true);
        assert_true(isnan(s.nogueira) && isnan(s.low) && isnan(s.kuncheva));
        assert_true(i == 1 ? s.jaccard == 1 : isnan(s.jaccard));
    }
}

static void equal_and_random_sets(void **state)
{
    (void)state;
    uint64_t same[] = {3, 3, 3}, apart[] = {3, 12};
    int64_t size[] = {2, 2, 2};
    eae_feature_sets sets = {.features = 4, .runs = 3, .words = 1, .bit = same, .size = size};
    eae_stability s = eae_stability_of(&sets, true);
    assert_true(s.nogueira == 1 && s.low == 1 && s.high == 1 && s.jaccard == 1 && s.kuncheva == 1);
    sets = (eae_feature_sets){.features = 4, .runs = 2, .words = 1, .bit = apart, .size = size};
    s = eae_stability_of(&sets, true);
    assert_true(s.nogueira == -1 && s.jaccard == 0 && s.kuncheva == -1);
}

/* ---- sizes ------------------------------------------------------------------------------- */

static void sizes_are_those_visited(void **state)
{
    (void)state;
    stability_study x = stability_open();
    eae_stability_lines all;
    assert_int_equal(eae_stability_all(&x.selectors, NULL, 0, 2, &all), 0);
    static const double random[] = {1, 3, 5, 8, 12, 20, 30, 45};
    int of[STUDY_FRAMES] = {0};
    for (int64_t i = 0; i < all.count; i++) {
        int selector = all.line[i].selector;
        if (selector == 1)
            assert_true(all.line[i].size == random[of[1]]);
        else if (selector == 0)
            assert_true(of[0] == 0 || all.line[i].size > all.line[i - 1].size);
        assert_true(selector == 2 || all.line[i].size < 60);
        of[selector]++;
    }
    /* 59 sizes of ranks that are all different are thinned out, both ends are there */
    assert_in_range(of[0], 30, 50);
    assert_true(all.line[0].size == 1 && all.line[of[0] - 1].size == 59);
    assert_int_equal(of[1], 8);
    assert_int_equal(of[2], 1);
    eae_stability_lines_free(&all);

    const double asked[] = {8, 60};
    assert_int_equal(eae_stability_all(&x.selectors, asked, 2, 2, &all), 0);
    assert_int_equal(all.count, 5); /* two of either policy, and the models of 60 features */
    eae_stability_lines_free(&all);
    assert_int_equal(eae_stability_all(&x.selectors, asked, 1, 2, &all), 0);
    assert_int_equal(all.count, 2);
    eae_stability_lines_free(&all);
    const double large = 61;
    assert_int_equal(eae_stability_all(&x.selectors, &large, 1, 2, &all), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "61 is more than the 60 features"));
    stability_close(&x);
}

/* Models at a size that the ranks of the same model have say nothing new. */
static void models_beside_ranks_are_left_out(void **state)
{
    (void)state;
    stability_study x = stability_open();
    for (int64_t r = 0; r < x.frame[2]->rows.count; r++)
        eae_annot_set_text(eae_axis_find(&x.frame[2]->rows, "spec"), r, "weight");
    eae_selectors_close(&x.selectors);
    assert_int_equal(eae_selectors_open(&x.selectors, x.frame, STUDY_FRAMES), 0);
    eae_stability_lines all;
    assert_int_equal(eae_stability_all(&x.selectors, NULL, 0, 2, &all), 0);
    for (int64_t i = 0; i < all.count; i++)
        assert_int_not_equal(all.line[i].selector, 2);
    eae_stability_lines_free(&all);
    stability_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stability_equals_numpy),
        cmocka_unit_test(similarity_equals_numpy),
        cmocka_unit_test(only_splits_of_real_labels_select),
        cmocka_unit_test(a_split_is_there_once),
        cmocka_unit_test(only_splits_that_were_at_a_size_count),
        cmocka_unit_test(classes_are_joined),
        cmocka_unit_test(undefined_stability_is_missing),
        cmocka_unit_test(equal_and_random_sets),
        cmocka_unit_test(sizes_are_those_visited),
        cmocka_unit_test(models_beside_ranks_are_left_out),
    };
    return cmocka_run_group_tests_name("stability", tests, NULL, NULL);
}
