/* test_metric.c - every metric against scikit-learn, scipy and R's survival (tests/expected). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "eval/score/metric.h"
#include "eval/score/ranking.h"
#include "table.h"

enum { MOST = 100, CLASSES = 4 };

/* One case of metric_cases.tsv, or of cindex.tsv. */
typedef struct {
    eae_scored scored;
    int32_t class[MOST];
    double truth[MOST], status[MOST], value[MOST * CLASSES];
} sample_set;

static void load_case(const table *t, const char *name, sample_set *s)
{
    memset(s, 0, sizeof *s);
    int64_t n = 0;
    for (int r = 0; r < t->rows; r++) {
        if (strcmp(t->cell[r][0], name) != 0)
            continue;
        int k = atoi(t->cell[r][1]);
        s->scored.classes = k;
        s->scored.threshold = table_number(t, r, 2);
        s->truth[n] = table_number(t, r, 3);
        s->class[n] = (int32_t)s->truth[n];
        char *text = t->cell[r][4];
        for (int c = 0, columns = k > 2 ? k : 1; c < columns; c++)
            s->value[n * columns + c] = strtod(text, &text);
        n++;
    }
    s->scored.n = n;
    s->scored.class = s->class;
    s->scored.value = s->value;
    s->scored.target = s->truth;
    s->scored.probability = true;
}

static void equals_references(void **state)
{
    (void)state;
    table samples = table_read("tests/data/expected/metric_cases.tsv");
    table values = table_read("tests/data/expected/metric_values.tsv");
    sample_set *s = malloc(sizeof *s);
    assert_true(values.rows > 150);
    for (int r = 0; r < values.rows; r++) {
        const eae_metric *m = eae_metric_find(values.cell[r][1]);
        assert_non_null(m);
        load_case(&samples, values.cell[r][0], s);
        assert_true(s->scored.n > 0);
        double got = m->compute(&s->scored), expected = table_number(&values, r, 2);
        if (!close_to(got, expected, strcmp(m->name, "auc") == 0 ? 1e-12 : 1e-9))
            fail_msg("%s of %s: %.17g, not %.17g", m->name, values.cell[r][0], got, expected);
    }
    free(s);
    table_free(&samples);
    table_free(&values);
}

static void concordance_equals_survival(void **state)
{
    (void)state;
    table t = table_read("tests/data/expected/cindex.tsv");
    double time[MOST], status[MOST], value[MOST];
    int cases = 0;
    for (int r = 0, n = 0; r < t.rows; r++) {
        time[n] = table_number(&t, r, 1);
        status[n] = table_number(&t, r, 2);
        value[n++] = table_number(&t, r, 3);
        if (r + 1 < t.rows && strcmp(t.cell[r + 1][0], t.cell[r][0]) == 0)
            continue;
        double got = eae_concordance(value, time, status, n), expected = table_number(&t, r, 4);
        if (!close_to(got, expected, 1e-14))
            fail_msg("%s: %.17g, not %.17g", t.cell[r][0], got, expected);
        n = 0;
        cases++;
    }
    assert_int_equal(cases, 7);
    table_free(&t);
}

/* By hand: 1 2 2 4 5 5 5 -> 1, 2.5, 2.5, 4, 6, 6, 6, whatever the order. */
static void midranks_share_ties(void **state)
{
    (void)state;
    const double value[] = {5, 1, 2, 5, 4, 2, 5}, expected[] = {6, 1, 2.5, 6, 4, 2.5, 6};
    double rank[7];
    eae_midranks(value, 7, rank);
    for (int i = 0; i < 7; i++)
        assert_true(rank[i] == expected[i]);
}

static void infinities_are_values(void **state)
{
    (void)state;
    const double value[] = {-INFINITY, 0, INFINITY, INFINITY};
    const bool positive[] = {false, false, true, true};
    assert_true(eae_auc(value, positive, 4) == 1);
    assert_true(eae_average_precision(value, positive, 4) == 1);
}

/* hr, hr-p and hr-sd against coxph; NaN where a group is empty, separates the events, or has no
 * cut. */
static void hazard_ratio_equals_survival(void **state)
{
    (void)state;
    table t = table_read("tests/data/expected/cox_hr.tsv");
    double time[MOST], status[MOST], cut[MOST], value[MOST], sd[MOST];
    int64_t stratum[MOST];
    const eae_metric *hr = eae_metric_find("hr"), *p = eae_metric_find("hr-p"),
                     *per_sd = eae_metric_find("hr-sd");
    assert_true(t.rows > 50 && t.rows <= MOST);
    for (int r = 0; r < t.rows; r++) {
        time[r] = table_number(&t, r, 0);
        status[r] = table_number(&t, r, 1);
        stratum[r] = (int64_t)table_number(&t, r, 2);
        cut[r] = table_number(&t, r, 3);
        value[r] = table_number(&t, r, 4);
        sd[r] = table_number(&t, r, 10);
    }
    eae_scored s = {.n = t.rows,
                    .value = value,
                    .time = time,
                    .status = status,
                    .cut = cut,
                    .stratum = stratum};
    assert_true(close_to(hr->compute(&s), table_number(&t, 0, 6), 1e-8));
    assert_true(close_to(p->compute(&s), table_number(&t, 0, 7), 1e-8));
    assert_true(isnan(per_sd->compute(&s)));
    s.sd = sd;
    assert_true(close_to(per_sd->compute(&s), table_number(&t, 0, 11), 1e-8));
    s.stratum = NULL;
    assert_true(close_to(per_sd->compute(&s), table_number(&t, 0, 12), 1e-8));
    assert_true(close_to(hr->compute(&s), table_number(&t, 0, 8), 1e-8));
    assert_true(close_to(p->compute(&s), table_number(&t, 0, 9), 1e-8));
    sd[5] = 0; /* the training values of that model were all the same */
    assert_true(isnan(per_sd->compute(&s)) && !isnan(hr->compute(&s)));
    sd[5] = 1;
    value[5] = INFINITY;
    assert_true(isnan(per_sd->compute(&s)));
    value[5] = 0;
    cut[3] = NAN;
    assert_true(isnan(hr->compute(&s)) && isnan(p->compute(&s)) && isnan(per_sd->compute(&s)));
    for (int r = 0; r < t.rows; r++)
        cut[r] = 1000;
    assert_true(isnan(hr->compute(&s)) && isnan(p->compute(&s)));
    for (int r = 0; r < t.rows; r++)
        cut[r] = status[r] != 0 ? -1000 : 1000; /* events above, censored below */
    assert_true(isnan(hr->compute(&s)) && isnan(p->compute(&s)));
    s.cut = NULL;
    assert_true(isnan(hr->compute(&s)));
    table_free(&t);
}

/* Every name once; defaults exist and belong to their task. */
static void table_is_sound(void **state)
{
    (void)state;
    int count = 0;
    for (const eae_metric *m = eae_metrics; m->name; m++, count++)
        assert_ptr_equal(eae_metric_find(m->name), m);
    assert_int_equal(count, 22);
    assert_null(eae_metric_find("au"));
    for (int task = EAE_TASK_CLASSES; task <= EAE_TASK_SURVIVAL; task++) {
        char list[64], *rest = NULL;
        snprintf(list, sizeof list, "%s", eae_metric_defaults((eae_task)task));
        for (char *w = strtok_r(list, ",", &rest); w; w = strtok_r(NULL, ",", &rest)) {
            assert_non_null(eae_metric_find(w));
            assert_int_equal(eae_metric_find(w)->task, task);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_references),
        cmocka_unit_test(concordance_equals_survival),
        cmocka_unit_test(midranks_share_ties),
        cmocka_unit_test(infinities_are_values),
        cmocka_unit_test(hazard_ratio_equals_survival),
        cmocka_unit_test(table_is_sound),
    };
    return cmocka_run_group_tests_name("metric", tests, NULL, NULL);
}
