/*
 * test_score.c - scores, summaries, thresholds and intervals of a made-up study against numpy,
 * scipy and scikit-learn (tests/expected/score.py), and what a prediction frame may not be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/memory.h"
#include "eval/score/curve.h"
#include "eval/score/interval.h"
#include "eval/score/summary.h"
#include "table.h"

#define DATA "tests/data/expected/"

/* ---- the study as a prediction frame ----------------------------------------------------- */

static void add_number(eae_axis *rows, const char *name, const table *t, int column)
{
    eae_annot *a = eae_axis_add(rows, name, EAE_ANNOT_I64);
    for (int r = 0; r < t->rows; r++)
        a->i64[r] = atoi(t->cell[r][column]);
}

static void add_text(eae_axis *axis, const char *name, const table *t, int column)
{
    eae_annot *a = eae_axis_add(axis, name, EAE_ANNOT_TEXT);
    for (int r = 0; r < t->rows; r++)
        eae_annot_set_text(a, r, column < 0 ? "svm" : t->cell[r][column]);
}

/* Rows of score_predictions.tsv, samples of score_samples.tsv; classes control, case. */
static eae_frame *study(bool groups)
{
    table samples = table_read(DATA "score_samples.tsv");
    table rows = table_read(DATA "score_predictions.tsv");
    eae_frame *f;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_PREDICTION, EAE_F64, rows.rows, samples.rows), 0);
    for (int r = 0; r < rows.rows; r++) {
        char *rest = NULL, *w = strtok_r(rows.cell[r][5], " ", &rest);
        for (int j = 0; j < samples.rows; j++, w = strtok_r(NULL, " ", &rest))
            eae_frame_f64(f)[r * samples.rows + j] = strcmp(w, "NA") == 0 ? NAN : atof(w);
    }
    add_text(&f->rows, "model", &rows, -1);
    add_text(&f->rows, "param", &rows, 0);
    add_number(&f->rows, "split", &rows, 1);
    add_number(&f->rows, "repeat", &rows, 2);
    add_number(&f->rows, "fold", &rows, 3);
    add_number(&f->rows, "perm", &rows, 4);
    eae_annot *label = eae_axis_add(&f->cols, "label", EAE_ANNOT_TEXT);
    eae_names_add(&label->dict, "control", 7);
    for (int j = 0; j < samples.rows; j++)
        eae_annot_set_text(label, j, samples.cell[j][1]);
    if (groups)
        add_text(&f->cols, "group", &samples, 2);
    table_free(&samples);
    table_free(&rows);
    return f;
}

typedef struct {
    eae_frame *frame;
    eae_predictions p;
    eae_scores s;
} scored;

static scored *score_study(const char *metrics, const char *rule_text, bool groups)
{
    scored *x = EAE_NEW(scored);
    eae_threshold_rule rule;
    eae_names names = {0};
    char *list = strdup(metrics), *rest = NULL;
    for (char *w = strtok_r(list, ",", &rest); w; w = strtok_r(NULL, ",", &rest))
        eae_names_add(&names, w, strlen(w));
    free(list);
    x->frame = study(groups);
    assert_int_equal(eae_predictions_open(&x->p, x->frame, "study"), 0);
    assert_int_equal(eae_scores_choose(&x->s, &x->p, &names), 0);
    assert_int_equal(eae_threshold_parse(rule_text, &rule), 0);
    assert_int_equal(eae_scores_compute(&x->s, &rule, 2), 0);
    eae_names_free(&names);
    return x;
}

static void release(scored *x)
{
    eae_scores_free(&x->s);
    eae_predictions_close(&x->p);
    eae_frame_free(x->frame);
    free(x);
}

static int candidate_of(const scored *x, const char *param)
{
    const eae_annot *a = eae_axis_find(&x->frame->rows, "param");
    for (int c = 0; c < x->p.candidate_count; c++) {
        if (strcmp(eae_annot_text(a, x->p.candidate[c].row), param) == 0)
            return c;
    }
    return -1;
}

static int64_t entry_of(const scored *x, const char *param, int64_t split)
{
    int64_t first, end;
    eae_candidate_entries(&x->p, candidate_of(x, param), &first, &end);
    while (first < end && x->p.entry[first].split != split)
        first++;
    assert_true(first < end);
    return first;
}

static int metric_of(const scored *x, const char *name)
{
    int m = 0;
    while (strcmp(x->s.metric[m]->name, name) != 0)
        m++;
    return m;
}

/* ---- against the references -------------------------------------------------------------- */

static void splits_equal_references(void **state)
{
    (void)state;
    scored *x = score_study("auc,balanced,accuracy", "0", false);
    table t = table_read(DATA "score_splits.tsv");
    assert_int_equal(x->p.candidate_count, 2);
    assert_int_equal(t.rows, 2 * 18 * 3);
    for (int r = 0; r < t.rows; r++) {
        int64_t e = entry_of(x, t.cell[r][0], atoi(t.cell[r][1]));
        double got = x->s.value[e * 3 + metric_of(x, t.cell[r][2])];
        if (!close_to(got, table_number(&t, r, 3), 1e-12))
            fail_msg("row %d: %.17g, not %s", r + 2, got, t.cell[r][3]);
    }
    table_free(&t);
    release(x);
}

static void summaries_equal_references(void **state)
{
    (void)state;
    scored *x = score_study("auc,balanced,accuracy", "0", false);
    table t = table_read(DATA "score_summary.tsv");
    eae_groups g;
    eae_groups_make(&g, &x->p, EAE_BY_SPLIT);
    eae_summary *all = EAE_NEW_ARRAY(eae_summary, g.count * 4);
    assert_int_equal(eae_summarise(&x->s, &g, 2, all), 0);
    for (int r = 0; r < t.rows; r++) {
        int group = g.of_candidate[candidate_of(x, t.cell[r][0])];
        const eae_summary *s = &all[group * 4 + metric_of(x, t.cell[r][1])];
        const double got[] = {(double)s->n, s->mean,          s->sd, s->low, s->high,
                              s->pooled,    (double)s->perms, s->p};
        for (int c = 0; c < 8; c++) {
            if (!close_to(got[c], table_number(&t, r, c + 2), 1e-10))
                fail_msg("row %d, column %d: %.17g, not %s", r + 2, c + 3, got[c],
                         t.cell[r][c + 2]);
        }
    }
    free(all);
    eae_groups_free(&g);
    table_free(&t);
    release(x);
}

static void thresholds_equal_definition(void **state)
{
    (void)state;
    table t = table_read(DATA "score_thresholds.tsv");
    scored *x = NULL;
    for (int r = 0; r < t.rows; r++) {
        if (r == 0 || strcmp(t.cell[r][0], t.cell[r - 1][0]) != 0) {
            if (x)
                release(x);
            x = score_study("accuracy", t.cell[r][0], false);
        }
        int64_t e = entry_of(x, t.cell[r][1], atoi(t.cell[r][2]));
        double expected = table_number(&t, r, 3);
        bool same =
            isinf(expected) ? x->s.cut[e] == expected : close_to(x->s.cut[e], expected, 1e-12);
        if (!same)
            fail_msg("row %d: cut %.17g, not %.17g", r + 2, x->s.cut[e], expected);
        assert_true(close_to(x->s.value[e], table_number(&t, r, 4), 1e-12));
    }
    release(x);
    table_free(&t);
}

static void delong_equals_definition(void **state)
{
    (void)state;
    table t = table_read(DATA "delong.tsv");
    double value[64], auc, variance;
    bool positive[64];
    int cases = 0;
    for (int r = 0, n = 0; r < t.rows; r++) {
        value[n] = table_number(&t, r, 1);
        positive[n++] = atoi(t.cell[r][2]);
        if (r + 1 < t.rows && strcmp(t.cell[r + 1][0], t.cell[r][0]) == 0)
            continue;
        eae_delong(value, positive, n, &auc, &variance);
        assert_true(close_to(auc, table_number(&t, r, 3), 1e-12));
        assert_true(close_to(variance, table_number(&t, r, 4), 1e-13));
        n = 0;
        cases++;
    }
    assert_int_equal(cases, 4);
    table_free(&t);
}

/* DeLong exactly; the bootstrap up to its Monte Carlo error (a quantile of 4,000 draws). */
static void intervals_equal_references(void **state)
{
    (void)state;
    table t = table_read(DATA "score_intervals.tsv");
    scored *alone = score_study("auc", "0", false), *grouped = score_study("auc", "0", true);
    for (int r = 0; r < t.rows; r++) {
        bool groups = strcmp(t.cell[r][1], "groups") == 0;
        bool exact = strcmp(t.cell[r][1], "delong") == 0;
        scored *x = groups ? grouped : alone;
        int candidate = candidate_of(x, t.cell[r][0]);
        eae_interval i = {0, 0};
        if (exact)
            i = eae_delong_interval(&x->p, candidate);
        else
            assert_int_equal(eae_bootstrap_interval(&x->s, candidate, 4000, 1, 2, &i), 0);
        double tolerance = exact ? 1e-10 : 0.015;
        if (fabs(i.low - table_number(&t, r, 2)) > tolerance ||
            fabs(i.high - table_number(&t, r, 3)) > tolerance)
            fail_msg("row %d: %g .. %g", r + 2, i.low, i.high);
    }
    release(alone);
    release(grouped);
    table_free(&t);
}

static void bootstrap_ignores_threads(void **state)
{
    (void)state;
    scored *x = score_study("auc,balanced", "youden", true);
    eae_interval one[2], four[2], other[2];
    eae_bootstrap_interval(&x->s, 1, 300, 7, 1, one);
    eae_bootstrap_interval(&x->s, 1, 300, 7, 4, four);
    eae_bootstrap_interval(&x->s, 1, 300, 8, 4, other);
    assert_memory_equal(one, four, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
    release(x);
}

/* By hand: values 3 2 2 1, positives the first two. */
static void curve_by_hand(void **state)
{
    (void)state;
    const double value[] = {3, 2, 2, 1};
    const bool positive[] = {true, true, false, false};
    const eae_curve_point expected[] = {
        {3, 0, 0, NAN}, {2, 0.5, 0, 1}, {1, 1, 0.5, 2.0 / 3}, {-INFINITY, 1, 1, 0.5}};
    eae_curve_point point[5];
    assert_int_equal(eae_curve_points(value, positive, 4, point), 4);
    for (int i = 0; i < 4; i++) {
        assert_true(point[i].threshold == expected[i].threshold);
        assert_true(point[i].tpr == expected[i].tpr && point[i].fpr == expected[i].fpr);
        assert_true(close_to(point[i].ppv, expected[i].ppv, 1e-15));
    }
}

/* ---- by other levels, leave-one-out ------------------------------------------------------ */

/* Put together, a split's value is the mean of both candidates; the mean over splits follows. */
static void levels_average_candidates(void **state)
{
    (void)state;
    scored *x = score_study("accuracy", "0", false);
    eae_groups g;
    eae_summary one[2 * 2], all[2];
    eae_groups_make(&g, &x->p, EAE_BY_SPLIT);
    eae_summarise(&x->s, &g, 1, one);
    eae_groups_free(&g);
    eae_groups_make(&g, &x->p, EAE_BY_MODEL);
    assert_int_equal(g.count, 1);
    eae_summarise(&x->s, &g, 1, all);
    eae_groups_free(&g);
    assert_int_equal(all[0].n, 18);
    assert_true(close_to(all[0].mean, (one[0].mean + one[2].mean) / 2, 1e-12));
    assert_true(close_to(all[0].pooled, (one[0].pooled + one[2].pooled) / 2, 1e-12));
    release(x);
}

/* Four samples, each its own fold: -1 -2 | 1 3, one pair of four is lost; only pooled is there. */
static void leave_one_out_is_pooled(void **state)
{
    (void)state;
    const double value[] = {-1, 2, 1, 3};
    eae_frame *f;
    eae_frame_new(&f, EAE_KIND_PREDICTION, EAE_F64, 4, 4);
    for (int i = 0; i < 16; i++)
        eae_frame_f64(f)[i] = i / 4 == i % 4 ? value[i / 4] : NAN;
    eae_annot *label = eae_axis_add(&f->cols, "label", EAE_ANNOT_TEXT);
    for (int j = 0; j < 4; j++)
        eae_annot_set_text(label, j, j < 2 ? "a" : "b");
    eae_predictions p;
    eae_scores s;
    eae_threshold_rule rule = {EAE_THRESHOLD_FIXED, 0};
    eae_groups g;
    eae_summary line[4];
    assert_int_equal(eae_predictions_open(&p, f, "loo"), 0);
    assert_int_equal(eae_scores_choose(&s, &p, NULL), 0);
    assert_int_equal(eae_scores_compute(&s, &rule, 1), 0);
    eae_groups_make(&g, &p, EAE_BY_SPLIT);
    assert_int_equal(eae_summarise(&s, &g, 1, line), 0);
    assert_true(isnan(line[0].mean) && isnan(line[0].low));
    assert_int_equal(line[0].n, 0);
    assert_true(line[0].pooled == 0.75);              /* auc */
    assert_true(line[3].n == 4 && line[3].mean == 0); /* the threshold */
    assert_true(line[1].pooled == 0.75);              /* balanced: the 2 of class a is called b */
    eae_groups_free(&g);
    eae_scores_free(&s);
    eae_predictions_close(&p);
    eae_frame_free(f);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static void expect_refusal(eae_frame *f, const char *words)
{
    eae_predictions p;
    assert_int_equal(eae_predictions_open(&p, f, "x"), EAE_FAIL);
    if (!strstr(eae_message(), words))
        fail_msg("'%s' is not in: %s", words, eae_message());
    eae_frame_free(f);
}

static void frames_are_refused(void **state)
{
    (void)state;
    eae_frame *f = study(false);
    eae_axis_remove(&f->cols, "label");
    expect_refusal(f, "no label");
    f = study(false);
    for (int64_t i = 0; i < f->rows.count * f->cols.count; i++)
        eae_frame_f64(f)[i] = NAN;
    expect_refusal(f, "no held-out values");
    f = study(false);
    eae_axis_find(&f->rows, "split")->i64[1] = 1;
    expect_refusal(f, "split 1 of model svm, param 0.1 is there twice");
    f = study(false);
    for (int64_t i = 0; i < f->rows.count; i++)
        eae_axis_find(&f->rows, "perm")->i64[i]++;
    expect_refusal(f, "permuted labels only");
}

static void metrics_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *metric, *words;
    } cases[] = {{"mse", "metric mse is for regression"},
                 {"brier", "metric brier needs probabilities; model svm gives none"},
                 {"AUC", "no metric 'AUC'; there are auc, "}};
    eae_frame *f = study(false);
    eae_predictions p;
    eae_scores s;
    assert_int_equal(eae_predictions_open(&p, f, "x"), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eae_names names = {0};
        eae_names_add(&names, cases[i].metric, strlen(cases[i].metric));
        assert_int_equal(eae_scores_choose(&s, &p, &names), EAE_USAGE);
        assert_non_null(strstr(eae_message(), cases[i].words));
        eae_names_free(&names);
    }
    eae_predictions_close(&p);
    eae_frame_free(f);
}

static void rules_are_checked(void **state)
{
    (void)state;
    eae_threshold_rule rule;
    assert_int_equal(eae_threshold_parse("tpr:0.9", &rule), 0);
    assert_int_equal(rule.kind, EAE_THRESHOLD_TPR);
    assert_true(rule.number == 0.9);
    static const char *const bad[] = {"", "Youden", "tpr", "tpr:", "tpr:0", "tnr:1.5", "1x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(eae_threshold_parse(bad[i], &rule), EAE_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_equal_references),
        cmocka_unit_test(summaries_equal_references),
        cmocka_unit_test(thresholds_equal_definition),
        cmocka_unit_test(delong_equals_definition),
        cmocka_unit_test(intervals_equal_references),
        cmocka_unit_test(bootstrap_ignores_threads),
        cmocka_unit_test(curve_by_hand),
        cmocka_unit_test(levels_average_candidates),
        cmocka_unit_test(leave_one_out_is_pooled),
        cmocka_unit_test(frames_are_refused),
        cmocka_unit_test(metrics_are_refused),
        cmocka_unit_test(rules_are_checked),
    };
    return cmocka_run_group_tests_name("score", tests, NULL, NULL);
}
