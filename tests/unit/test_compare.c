/*
 * test_compare.c - tests of candidates against one another, their order and their names: against
 * scipy (tests/expected/compare.py), pROC, survival and p.adjust (tests/expected/compare.R).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/diag.h"
#include "compare_study.h"
#include "eval/score/compare.h"
#include "../tolerance.h"

/* ---- against the references -------------------------------------------------------------- */

static eae_comparisons compare_with(const study *x, eae_reference reference, const char *name)
{
    eae_order order;
    eae_comparisons out;
    assert_int_equal(eae_order_make(&order, &x->s, x->summary, EAE_TIE_NONE, 2), 0);
    assert_int_equal(eae_compare(&x->s, &order, reference, name, 2, &out), 0);
    eae_order_free(&order);
    return out;
}

static const eae_comparison *line_of(const study *x, const eae_comparisons *all, const char *name,
                                     const char *metric, const char *test)
{
    for (int64_t i = 0; i < all->count; i++) {
        char *have = eae_candidate_name(&x->p, all->line[i].candidate);
        bool same = strcmp(have, name) == 0 && strcmp(all->line[i].metric, metric) == 0 &&
                    strcmp(all->line[i].test, test) == 0;
        free(have);
        if (same)
            return &all->line[i];
    }
    fail_msg("no line for %s, %s, %s", name, metric, test);
    return NULL;
}

/* The rows of one table: against, candidate, metric, test, n, a, b, diff, lo, hi, p. */
static void equal_table(const study *x, const char *path)
{
    table t = table_read(path);
    eae_comparisons all = {0};
    assert_true(t.rows >= 30);
    for (int r = 0; r < t.rows; r++) {
        if (r == 0 || strcmp(t.cell[r][0], t.cell[r - 1][0]) != 0) {
            eae_comparisons_free(&all);
            all = compare_with(x, EAE_REFERENCE_NAMED, t.cell[r][0]);
            assert_int_equal(all.count, 5 * 4); /* candidates x (2 t, delong, mcnemar) */
        }
        const eae_paired *got = &line_of(x, &all, t.cell[r][1], t.cell[r][2], t.cell[r][3])->result;
        const double figures[] = {(double)got->n, got->a,    got->b, got->diff,
                                  got->low,       got->high, got->p};
        for (int c = 0; c < 7; c++) {
            if (!close_to(figures[c], table_number(&t, r, c + 4), EAE_TOLERANCE_TEST))
                fail_msg("%s row %d, column %d: %.17g, not %s", path, r + 2, c + 5, figures[c],
                         t.cell[r][c + 4]);
        }
    }
    eae_comparisons_free(&all);
    table_free(&t);
}

static void tests_equal_references(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc,accuracy");
    equal_table(x, DATA "compare_tests.tsv");
    equal_table(x, DATA "compare_delong.tsv");
    study_free(x);
}

/* Named: a family of the others. Best: all pairs, also where that is the reference by chance. */
static void holm_equals_p_adjust(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc,accuracy");
    table t = table_read(DATA "compare_holm.tsv");
    eae_comparisons best = compare_with(x, EAE_REFERENCE_BEST, NULL);
    char *name = eae_candidate_name(&x->p, best.line[0].against);
    int of_best = 0;
    for (int r = 0; r < t.rows; r++) {
        eae_comparisons named = compare_with(x, EAE_REFERENCE_NAMED, t.cell[r][0]);
        double got = line_of(x, &named, t.cell[r][1], t.cell[r][2], t.cell[r][3])->p_holm;
        assert_true(close_to(got, table_number(&t, r, 4), EAE_TOLERANCE_TEST));
        eae_comparisons_free(&named);
        if (strcmp(t.cell[r][0], name) != 0)
            continue;
        got = line_of(x, &best, t.cell[r][1], t.cell[r][2], t.cell[r][3])->p_holm;
        assert_true(close_to(got, table_number(&t, r, 5), EAE_TOLERANCE_TEST));
        of_best++;
    }
    assert_int_equal(of_best, 5 * 4);
    free(name);
    eae_comparisons_free(&best);
    table_free(&t);
    study_free(x);
}

static void holm_of_few(void **state)
{
    (void)state;
    const double p[] = {0.01, NAN, 0.04, 0.03};
    double got[4];
    eae_holm(p, 4, 4, got);
    assert_true(close_to(got[0], 0.03, 1e-15) && isnan(got[1]));
    assert_true(close_to(got[2], 0.06, 1e-15) && close_to(got[3], 0.06, 1e-15));
    eae_holm(p, 4, 7, got);
    assert_true(close_to(got[0], 0.06, 1e-15));
}

/* A constant difference has no variance to judge it by; one split has none either. */
static void undefined_tests_are_missing(void **state)
{
    (void)state;
    const double a[] = {0.75, 0.5, 1, NAN}, b[] = {0.5, 0.25, 0.75, 1};
    eae_paired x = eae_paired_t(a, b, 4, 0.25);
    assert_int_equal(x.n, 3);
    assert_true(x.diff == 0.25 && isnan(x.p) && isnan(x.low));
    x = eae_paired_t(a, b, 1, 0.25);
    assert_true(x.diff == 0.25 && isnan(x.p));
    x = eae_paired_t(a, a, 3, 0.25);
    assert_true(x.diff == 0 && x.p == 1 && x.low == 0);
    const bool one[] = {true, false, false};
    assert_true(isnan(eae_paired_delong(a, b, one, 3).p));
}

/* ---- the baseline ------------------------------------------------------------------------ */

static void baseline_is_of_size_0(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc");
    eae_comparisons all = compare_with(x, EAE_REFERENCE_BASELINE, NULL);
    int baseline = study_candidate(x, "size=0");
    assert_int_equal(all.count, 5 * 2);
    for (int64_t i = 0; i < all.count; i++)
        assert_int_equal(all.line[i].against, baseline);
    eae_comparisons_free(&all);
    study_free(x);

    /* with two, each of its own model, spec and param */
    eae_frame *f = compare_study();
    study_rename(f, "1", "5", "size", "0");
    study_rename(f, "tuned", "50", "param", "2");
    x = study_of(f, "auc");
    eae_order order;
    assert_int_equal(eae_order_make(&order, &x->s, x->summary, EAE_TIE_NONE, 1), 0);
    assert_int_equal(eae_compare(&x->s, &order, EAE_REFERENCE_BASELINE, NULL, 1, &all), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "2 candidates of size 0"));
    eae_order_free(&order);
    study_free(x);
}

static void baseline_of_each_model(void **state)
{
    (void)state;
    eae_frame *f = compare_study();
    study_rename(f, "1", "5", "size", "0");
    study_rename(f, "0.1", "50", "size", "0");
    study_rename(f, "tuned", "50", "spec", "covariates=age,sex");
    study_rename(f, "tuned", "50", "size", "20");
    study_rename(f, "tuned", "20", "param", "1");
    study *x = study_of(f, "auc");
    /* candidates of size 20 and 50; svm of param 1 with another spec has no baseline */
    eae_order order;
    eae_comparisons all;
    assert_int_equal(eae_order_make(&order, &x->s, x->summary, EAE_TIE_NONE, 1), 0);
    assert_int_equal(eae_compare(&x->s, &order, EAE_REFERENCE_BASELINE, NULL, 1, &all), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "svm,spec=covariates=age,sex,param=1,size=20"));
    assert_int_equal(eae_compare(&x->s, &order, EAE_REFERENCE_BASELINE, "logistic,size=0", 1, &all),
                     0);
    assert_int_equal(all.count, 5 * 2);
    eae_comparisons_free(&all);
    eae_order_free(&order);
    study_free(x);
}

/* ---- who may be compared ----------------------------------------------------------------- */

static void expect_refusal(eae_frame *f, eae_reference reference, const char *words)
{
    study *x = study_of(f, "auc");
    eae_order order;
    eae_comparisons all;
    assert_int_equal(eae_order_make(&order, &x->s, x->summary, EAE_TIE_NONE, 2), 0);
    assert_int_equal(eae_compare(&x->s, &order, reference, NULL, 2, &all), EAE_FAIL);
    if (!strstr(eae_message(), words))
        fail_msg("'%s' is not in: %s", words, eae_message());
    eae_order_free(&order);
    study_free(x);
}

static void one_plan_is_needed(void **state)
{
    (void)state;
    eae_frame *f = compare_study();
    eae_annot *plan = eae_axis_add(&f->rows, "plan", EAE_ANNOT_TEXT);
    for (int64_t r = 0; r < f->rows.count; r++)
        eae_annot_set_text(plan, r, r < 12 ? "aaaa" : "bbbb");
    expect_refusal(f, EAE_REFERENCE_BEST, "different plans");

    f = compare_study(); /* one held-out value less */
    for (int64_t j = 0; j < f->cols.count; j++) {
        if (!isnan(eae_frame_f64(f)[j])) {
            eae_frame_f64(f)[j] = NAN;
            break;
        }
    }
    expect_refusal(f, EAE_REFERENCE_BEST, "split 1 holds out other samples");

    f = compare_study();
    study_rename(f, "1", "0", "size", "7");
    expect_refusal(f, EAE_REFERENCE_BASELINE, "no candidate of size 0");
}

/* Splits that one of two lacks are left out, and the candidate that lacks them is not the best. */
static void splits_of_both_count(void **state)
{
    (void)state;
    eae_frame *all = compare_study(), *f, *g;
    int64_t row[72], n = 0;
    for (int64_t r = 0; r < all->rows.count; r++) {
        if (r != 1 && r != 61) /* split 2 of the first candidate, and of its copy */
            row[n++] = r;
    }
    assert_int_equal(eae_frame_select(all, row, n, NULL, 0, &f), 0);
    /* the same without that split for anyone */
    n = 0;
    for (int64_t r = 0; r < all->rows.count; r++) {
        if (r % 12 != 1)
            row[n++] = r;
    }
    assert_int_equal(eae_frame_select(all, row, n, NULL, 0, &g), 0);
    eae_frame_free(all);
    study *x = study_of(f, "auc,accuracy"), *y = study_of(g, "auc,accuracy");
    eae_comparisons a = compare_with(x, EAE_REFERENCE_NAMED, "size=5");
    eae_comparisons b = compare_with(y, EAE_REFERENCE_NAMED, "size=5");
    static const char *const tests[][2] = {
        {"auc", "t"}, {"accuracy", "t"}, {"auc", "delong"}, {"accuracy", "mcnemar"}};
    for (int k = 0; k < 4; k++) {
        const char *name = "svm,spec=loss=hinge,param=1,size=50";
        const eae_paired *got = &line_of(x, &a, name, tests[k][0], tests[k][1])->result;
        const eae_paired *want = &line_of(y, &b, name, tests[k][0], tests[k][1])->result;
        assert_int_equal(got->n, k < 2 ? 11 : 36);
        assert_true(got->n == want->n && got->diff == want->diff && got->p == want->p &&
                    got->low == want->low);
    }
    assert_int_equal(line_of(x, &a, "svm,spec=loss=hinge,param=0.1,size=50", "auc", "t")->result.n,
                     12);
    eae_comparisons_free(&a);
    eae_comparisons_free(&b);
    eae_order o;
    assert_int_equal(eae_order_make(&o, &x->s, x->summary, EAE_TIE_1SE, 1), 0);
    assert_int_equal(o.candidate[4], 0); /* for all that they have the largest figures */
    assert_int_equal(o.candidate[5], 5);
    eae_order_free(&o);
    study_free(x);
    study_free(y);
}

static void one_candidate_is_not_compared(void **state)
{
    (void)state;
    eae_frame *all = compare_study(), *f;
    int64_t row[12];
    for (int r = 0; r < 12; r++)
        row[r] = r;
    assert_int_equal(eae_frame_select(all, row, 12, NULL, 0, &f), 0);
    eae_frame_free(all);
    expect_refusal(f, EAE_REFERENCE_BEST, "one candidate");
}

/* ---- names ------------------------------------------------------------------------------- */

static void descriptions_find_candidates(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc");
    static const struct {
        const char *text;
        int candidate; /* -1: none, -2: several */
    } cases[] = {{"svm,spec=loss=hinge,param=1,size=50", 0},
                 {"svm,param=0.1", 1},
                 {"param=0.10", 1}, /* as numbers */
                 {"size=5", 2},
                 {"size=0", 3},
                 {"logistic,size=50", 4},
                 {"covariates=age,sex,size=0", 3}, /* a spec has commas */
                 {"spec=covariates=age,sex,size=50", 4},
                 {"param=tuned", 5},
                 {"svm", -2},
                 {"loss=hinge", -2},
                 {"size=500", -1},
                 {"svm,param=0", -1},
                 {"ridge", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int found = -1;
        int status = eae_candidate_find(&x->p, "against", cases[i].text, &found);
        if (cases[i].candidate >= 0) {
            assert_int_equal(status, 0);
            assert_int_equal(found, cases[i].candidate);
        } else {
            assert_int_equal(status, EAE_FAIL);
            assert_non_null(
                strstr(eae_message(), cases[i].candidate == -1 ? "no candidate is" : "fits"));
        }
    }
    study_free(x);
}

/* ---- the order --------------------------------------------------------------------------- */

static eae_order ordered(const study *x, eae_tie tie)
{
    eae_order o;
    assert_int_equal(eae_order_make(&o, &x->s, x->summary, tie, 2), 0);
    assert_int_equal(o.count, 6);
    return o;
}

static void hazards_equal_coxph(void **state)
{
    (void)state;
    table t = table_read(DATA "compare_hazard.tsv");
    for (int negated = 0; negated < 2; negated++) {
        eae_frame *f = compare_study();
        if (negated) { /* the classes change places: the same predictions, the same ratio */
            eae_annot *label = eae_axis_find(&f->cols, "label");
            for (int64_t j = 0; j < f->cols.count; j++)
                label->code[j] = 1 - label->code[j];
            for (int64_t i = 0; i < f->rows.count * f->cols.count; i++)
                eae_frame_f64(f)[i] = -eae_frame_f64(f)[i];
        }
        study *x = study_of(f, "auc");
        eae_order o = ordered(x, EAE_TIE_HR);
        for (int r = 0; r < t.rows; r++) {
            double got = o.hazard[study_candidate(x, t.cell[r][0])];
            if (!close_to(got, table_number(&t, r, 1), EAE_TOLERANCE_TEST))
                fail_msg("%s: %.15g, not %s", t.cell[r][0], got, t.cell[r][1]);
        }
        eae_order_free(&o);
        study_free(x);
    }
    table_free(&t);
}

/* The best, those within its standard error by what is preferred, then the rest by the metric. */
static void ties_are_within_one_error_of_the_best(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc");
    eae_order plain = ordered(x, EAE_TIE_NONE), hr = ordered(x, EAE_TIE_HR),
              size = ordered(x, EAE_TIE_1SE);
    const eae_summary *best = eae_summary_of(&x->s, x->summary, plain.candidate[0], 0);
    int tied = 0;
    assert_true(close_to(best->error, best->sd * sqrt(1.0 / 12 + 1.0 / 3), 1e-12));
    for (int i = 0; i < 6; i++) {
        double mean = eae_summary_of(&x->s, x->summary, plain.candidate[i], 0)->mean;
        tied += best->mean - mean <= best->error;
        assert_true(i == 0 ||
                    mean <= eae_summary_of(&x->s, x->summary, plain.candidate[i - 1], 0)->mean);
    }
    assert_in_range(tied, 2, 5); /* else this shows nothing */
    for (int i = 0; i < 6; i++) {
        double h = eae_summary_of(&x->s, x->summary, hr.candidate[i], 0)->mean;
        double s = eae_summary_of(&x->s, x->summary, size.candidate[i], 0)->mean;
        assert_int_equal(best->mean - h <= best->error, i < tied);
        assert_int_equal(best->mean - s <= best->error, i < tied);
        if (i > 0 && i < tied) {
            assert_true(hr.hazard[hr.candidate[i]] <= hr.hazard[hr.candidate[i - 1]]);
            assert_true(eae_candidate_size(&x->p, size.candidate[i]) >=
                        eae_candidate_size(&x->p, size.candidate[i - 1]));
        }
        if (i >= tied)
            assert_int_equal(hr.candidate[i], plain.candidate[i]);
    }
    assert_int_equal(plain.candidate[0], 0); /* of equals the one that appears first */
    assert_int_equal(plain.candidate[1], 5);
    eae_order_free(&plain);
    eae_order_free(&hr);
    eae_order_free(&size);
    study_free(x);
}

static void lower_is_better_for_losses(void **state)
{
    (void)state;
    eae_frame *f = compare_study();
    for (int64_t r = 0; r < f->rows.count; r++)
        eae_annot_set_text(eae_axis_find(&f->rows, "model"), r, "logistic");
    study *x = study_of(f, "brier");
    eae_order o = ordered(x, EAE_TIE_NONE);
    for (int i = 1; i < 6; i++)
        assert_true(eae_summary_of(&x->s, x->summary, o.candidate[i], 0)->mean >=
                    eae_summary_of(&x->s, x->summary, o.candidate[i - 1], 0)->mean);
    eae_order_free(&o);
    study_free(x);
}

static void marks_of_choices(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc");
    eae_order o = ordered(x, EAE_TIE_NONE);
    /* svm: two params, two sizes; the tuned one still has sizes to choose from */
    static const bool expected[] = {true, true, true, true, true, true};
    for (int c = 0; c < 6; c++)
        assert_int_equal(o.optimistic[c], expected[c]);
    eae_order_free(&o);
    study_free(x);

    eae_frame *f = compare_study();
    study_rename(f, "1", "5", "size",
                 "50"); /* now svm,param=1 would be there twice: another spec */
    for (int64_t r = 24; r < 36; r++)
        eae_annot_set_text(eae_axis_find(&f->rows, "spec"), r, "loss=other");
    for (int64_t r = 36; r < 48; r++)
        eae_annot_set_text(eae_axis_find(&f->rows, "size"), r, "selected");
    x = study_of(f, "auc");
    o = ordered(x, EAE_TIE_NONE);
    /* two params of one spec; alone; selected; the only other size; tuned */
    static const bool then[] = {true, true, false, false, false, false};
    for (int c = 0; c < 6; c++)
        assert_int_equal(o.optimistic[c], then[c]);
    eae_order_free(&o);
    study_free(x);
}

static void hazards_need_times(void **state)
{
    (void)state;
    eae_frame *f = compare_study();
    eae_axis_remove(&f->cols, "time");
    study *x = study_of(f, "auc");
    eae_order o;
    assert_int_equal(eae_order_make(&o, &x->s, x->summary, EAE_TIE_HR, 1), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "time and status"));
    study_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_equal_references),
        cmocka_unit_test(holm_equals_p_adjust),
        cmocka_unit_test(holm_of_few),
        cmocka_unit_test(undefined_tests_are_missing),
        cmocka_unit_test(baseline_is_of_size_0),
        cmocka_unit_test(baseline_of_each_model),
        cmocka_unit_test(one_plan_is_needed),
        cmocka_unit_test(splits_of_both_count),
        cmocka_unit_test(one_candidate_is_not_compared),
        cmocka_unit_test(descriptions_find_candidates),
        cmocka_unit_test(hazards_equal_coxph),
        cmocka_unit_test(ties_are_within_one_error_of_the_best),
        cmocka_unit_test(lower_is_better_for_losses),
        cmocka_unit_test(marks_of_choices),
        cmocka_unit_test(hazards_need_times),
    };
    eae_diag_loudness(EAE_QUIET);
    return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
