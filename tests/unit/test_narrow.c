/*
 * test_narrow.c - which candidates are dropped and why: the rules one by one, on the studies of
 * tests/expected/compare.py (figures) and tests/expected/stability.py (features).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/diag.h"
#include "compare_study.h"
#include "eval/score/interval.h"
#include "eval/score/narrow.h"
#include "stability_study.h"

/* ---- both studies together --------------------------------------------------------------- */

enum { CANDIDATES = 6 };
/* as they appear */
enum { SVM_1, SVM_01, SVM_5, COVARIATES, LOGISTIC, TUNED };

static void set_all(eae_frame *f, const char *column, const char *text)
{
    eae_annot *a = eae_axis_find(&f->rows, column);
    for (int64_t r = 0; r < f->rows.count; r++)
        eae_annot_set_text(a, r, text);
}

/* Ranks for svm of param 1 and, with shared ranks and none at 50, of 0.1; models for logistic
 * at 50. */
static stability_study features_of_candidates(void)
{
    static const char *const names[STUDY_FRAMES][4] = {
        {"svm", "loss=hinge", "1", "60"},
        {"svm", "loss=hinge", "0.1", "60"},
        {"logistic", "covariates=age,sex", "1", "50"}};
    static const char *const column[] = {"model", "spec", "param", "size"};
    stability_study x = stability_open();
    eae_selectors_close(&x.selectors);
    for (int i = 0; i < STUDY_FRAMES; i++) {
        for (int k = 0; k < 4; k++)
            set_all(x.frame[i], column[k], names[i][k]);
        eae_axis_remove(&x.frame[i]->rows, "plan"); /* the predictions have none */
    }
    assert_int_equal(eae_selectors_open(&x.selectors, x.frame, STUDY_FRAMES), 0);
    return x;
}

typedef struct {
    eae_verdict by[CANDIDATES];      /* by candidate */
    eae_verdict ordered[CANDIDATES]; /* the best first */
    int status;
} verdicts;

static verdicts narrow(const study *x, const eae_selectors *selectors, const char *text,
                       int64_t top)
{
    verdicts v;
    eae_order order;
    eae_narrow_rules rules;
    assert_int_equal(eae_narrow_parse(text, &rules), 0);
    assert_int_equal(eae_order_make(&order, &x->s, x->summary, EAE_TIE_NONE, 1), 0);
    v.status = eae_narrow(&x->s, x->summary, &order, selectors, &rules, top, v.ordered);
    for (int i = 0; i < order.count && v.status == EAE_OK; i++) {
        assert_int_equal(v.ordered[i].candidate, order.candidate[i]);
        v.by[order.candidate[i]] = v.ordered[i];
    }
    eae_order_free(&order);
    return v;
}

static void expect(const verdicts *v, int candidate, const char *reason, double value, double limit)
{
    const eae_verdict *x = &v->by[candidate];
    assert_int_equal(v->status, 0);
    if (!reason) {
        if (x->reason)
            fail_msg("candidate %d was dropped: %s, %g", candidate, x->reason, x->value);
        assert_true(isnan(x->value) && isnan(x->limit) && x->like == -1);
        return;
    }
    if (!x->reason || strcmp(x->reason, reason) != 0 || !close_to(x->value, value, 1e-12) ||
        x->limit != limit)
        fail_msg("candidate %d: %s, %.17g, %g; not %s, %.17g, %g", candidate,
                 x->reason ? x->reason : "kept", x->value, x->limit, reason, value, limit);
}

static double low_of(const study *x, int candidate, int metric)
{
    return eae_summary_of(&x->s, x->summary, candidate, metric)->low;
}

/* ---- rules ------------------------------------------------------------------------------- */

static void performance(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc,accuracy");
    eae_selectors none = {0};
    verdicts v = narrow(x, &none, NULL, 0);
    for (int c = 0; c < CANDIDATES; c++)
        expect(&v, c, low_of(x, c, 0) <= 0.5 ? "auc" : NULL, low_of(x, c, 0), 0.5);
    assert_non_null(v.by[COVARIATES].reason); /* both happen */
    assert_null(v.by[SVM_1].reason);
    /* at the limit is past it */
    char *text = eae_sprintf("auc=%.17g", low_of(x, SVM_1, 0));
    v = narrow(x, &none, text, 0);
    expect(&v, SVM_1, "auc", low_of(x, SVM_1, 0), low_of(x, SVM_1, 0));
    free(text);
    /* accuracy has a limit only if it is named */
    v = narrow(x, &none, "auc=0,accuracy=0.6", 0);
    for (int c = 0; c < CANDIDATES; c++)
        expect(&v, c, low_of(x, c, 1) <= 0.6 ? "accuracy" : NULL, low_of(x, c, 1), 0.6);
    study_free(x);
}

static void sizes(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc");
    eae_selectors none = {0};
    verdicts v = narrow(x, &none, "auc=0,size=5", 0);
    for (int c = 0; c < CANDIDATES; c++)
        expect(&v, c, c == SVM_5 || c == COVARIATES ? NULL : "size", 50, 5);
    /* where the features are known they are counted */
    stability_study f = features_of_candidates();
    v = narrow(x, &f.selectors, "auc=0,size=20,stability=-1,jaccard=1", 0);
    expect(&v, LOGISTIC, "size", 24, 20);
    expect(&v, SVM_01, "size", 50, 20); /* the random policy went from 60 to 45: it has no sets */
    expect(&v, SVM_5, NULL, 0, 0);
    stability_close(&f);
    study_free(x);
}

static double stability_at(const stability_study *f, int frame, double size)
{
    double of_run[STUDY_SPLITS];
    eae_feature_sets sets;
    for (int r = 0; r < STUDY_SPLITS; r++)
        of_run[r] = size;
    assert_int_equal(eae_feature_sets_make(&f->selectors, frame, of_run, &sets), 0);
    double value = eae_stability_of(&sets, false).nogueira;
    eae_feature_sets_free(&sets);
    return value;
}

static void stability(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc");
    stability_study f = features_of_candidates();
    verdicts v = narrow(x, &f.selectors, "auc=0,jaccard=1", 0);
    const int frame[CANDIDATES] = {0, -1, 0, -1, 2, -1};
    int dropped = 0, kept = 0;
    for (int c = 0; c < CANDIDATES; c++) {
        double value = frame[c] < 0 ? NAN : stability_at(&f, frame[c], c == SVM_5 ? 5 : 50);
        expect(&v, c, value < 0.3 ? "stability" : NULL, value, 0.3);
        dropped += value < 0.3;
        kept += value >= 0.3;
    }
    assert_true(dropped > 0 && kept > 0);
    stability_close(&f);
    study_free(x);
}

/* tuned has the same ranks as svm of param 1, and comes after it. */
static void similarity(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc");
    stability_study f = features_of_candidates();
    set_all(f.frame[1], "param", "tuned");
    memcpy(f.frame[1]->payload, f.frame[0]->payload,
           STUDY_SPLITS * STUDY_FEATURES * sizeof(int32_t));
    eae_selectors_close(&f.selectors);
    assert_int_equal(eae_selectors_open(&f.selectors, f.frame, STUDY_FRAMES), 0);
    verdicts v = narrow(x, &f.selectors, "auc=0,stability=-1", 0);
    expect(&v, SVM_1, NULL, 0, 0);
    expect(&v, TUNED, "jaccard", 1, 0.9);
    assert_int_equal(v.by[TUNED].like, SVM_1);
    expect(&v, SVM_5, NULL, 0, 0); /* 5 of the 50 */
    v = narrow(x, &f.selectors, "auc=0,stability=-1,jaccard=0.05", 0);
    expect(&v, SVM_5, "jaccard", 0.1, 0.05);
    /* nothing is like one that was dropped itself */
    v = narrow(x, &f.selectors, "auc=0,stability=-1,size=20,jaccard=0.05", 0);
    expect(&v, SVM_1, "size", 50, 20);
    expect(&v, TUNED, "size", 50, 20);
    expect(&v, SVM_5, NULL, 0, 0);
    stability_close(&f);
    study_free(x);
}

/* Sizes chosen inside make sets of their own in every split. */
static void selected_sizes(void **state)
{
    (void)state;
    eae_frame *frame = compare_study();
    eae_annot *chosen = eae_axis_add(&frame->rows, "chosen", EAE_ANNOT_TEXT);
    for (int r = 0; r < 12; r++) {
        eae_annot_set_text(eae_axis_find(&frame->rows, "size"), r, "selected");
        eae_annot_set_text(chosen, r, r % 2 ? "8" : "size=30");
    }
    study *x = study_of(frame, "auc");
    stability_study f = features_of_candidates();
    verdicts v = narrow(x, &f.selectors, "auc=0,stability=-1,size=10", 0);
    expect(&v, SVM_1, "size", 19, 10);
    stability_close(&f);
    study_free(x);
}

static void only_so_many(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc");
    eae_selectors none = {0};
    verdicts v = narrow(x, &none, "auc=0,size=20", 1);
    /* the best with at most 20 features, not the best two of all */
    expect(&v, SVM_5, NULL, 0, 0);
    expect(&v, COVARIATES, "top", 2, 1);
    expect(&v, SVM_1, "size", 50, 20);
    study_free(x);
}

/* One split has no interval of its own: DeLong's serves for the auc, none for accuracy. */
static void without_an_interval(void **state)
{
    (void)state;
    eae_frame *all = compare_study(), *f;
    int64_t row[CANDIDATES];
    for (int c = 0; c < CANDIDATES; c++)
        row[c] = c * 12;
    assert_int_equal(eae_frame_select(all, row, CANDIDATES, NULL, 0, &f), 0);
    eae_frame_free(all);
    study *x = study_of(f, "auc,accuracy");
    eae_selectors none = {0};
    verdicts v = narrow(x, &none, "accuracy=0.99", 0);
    int kept = 0;
    for (int c = 0; c < CANDIDATES; c++) {
        double low = eae_delong_interval(&x->p, c).low;
        expect(&v, c, low <= 0.5 ? "auc" : NULL, low, 0.5);
        kept += low > 0.5;
    }
    assert_in_range(kept, 1, CANDIDATES - 1);
    study_free(x);
}

/* ---- mistakes ---------------------------------------------------------------------------- */

static void rules_are_checked(void **state)
{
    (void)state;
    eae_narrow_rules rules;
    assert_int_equal(eae_narrow_parse("auc=0.7,size=100,jaccard=0.8,stability=0.5", &rules), 0);
    assert_true(rules.metrics == 1 && rules.metric[0].limit == 0.7 && rules.size == 100);
    assert_true(rules.jaccard == 0.8 && rules.stability == 0.5 && rules.needs_sets);
    assert_int_equal(eae_narrow_parse("", &rules), 0);
    assert_true(rules.jaccard == 0.9 && rules.stability == 0.3 && !rules.needs_sets);
    static const char *const bad[] = {"auc",     "auc=",      "auc=x", "AUC=1",
                                      "size=1,", "jaccard=2", "=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(eae_narrow_parse(bad[i], &rules), EAE_USAGE);
}

static void what_is_named_must_be_there(void **state)
{
    (void)state;
    study *x = study_of(compare_study(), "auc");
    eae_selectors none = {0};
    verdicts v = narrow(x, &none, "mcc=0", 0);
    assert_int_equal(v.status, EAE_USAGE);
    assert_non_null(strstr(eae_message(), "mcc is not among the metrics"));
    v = narrow(x, &none, "stability=0.3", 0);
    assert_int_equal(v.status, EAE_FAIL);
    assert_non_null(strstr(eae_message(), "no features are known"));
    study_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(performance),
        cmocka_unit_test(sizes),
        cmocka_unit_test(stability),
        cmocka_unit_test(similarity),
        cmocka_unit_test(selected_sizes),
        cmocka_unit_test(only_so_many),
        cmocka_unit_test(without_an_interval),
        cmocka_unit_test(rules_are_checked),
        cmocka_unit_test(what_is_named_must_be_there),
    };
    eae_diag_loudness(EAE_QUIET);
    return cmocka_run_group_tests_name("narrow", tests, NULL, NULL);
}
