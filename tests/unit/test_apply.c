/*
 * test_apply.c - a model of two features, one covariate and one adjustment, worked out by hand, and
 * what makes a model not fit the data.
 *
 * Features a, b; covariate sex=M. Training taught: fill a 2; adjust by 1 + age: a (0.5, 0.1),
 * b (0, 0); mean a 1, b 4; scale a 2, b 0.5. Weights a 3, b -1, sex=M 10; intercept 0.25.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/diag.h"
#include "eval/score/apply.h"

static void add_names(eae_names *names, const char *const *name, int n)
{
    for (int i = 0; i < n; i++)
        eae_names_add(names, name[i], strlen(name[i]));
}

static eae_annot *add_texts(eae_axis *axis, const char *name, const char *const *text)
{
    eae_annot *a = eae_axis_add(axis, name, EAE_ANNOT_TEXT);
    for (int64_t i = 0; i < axis->count; i++)
        eae_annot_set_text(a, i, text[i]);
    return a;
}

static eae_frame *model(int64_t split)
{
    static const char *const part[] = {"mean", "scale", "fill", "adjust", "adjust", "weights"};
    static const char *const term[] = {NULL, NULL, NULL, "(intercept)", "age", NULL};
    static const char *const name[] = {"svm", "svm", "svm", "svm", "svm", "svm"};
    static const char *const role[] = {"feature", "feature", "feature", "covariate"};
    static const char *const column[] = {"a", "unused", "b", "@sex=M"};
    static const double value[6][4] = {{1, 9, 4, NAN},   {2, 9, 0.5, NAN}, {2, 9, NAN, NAN},
                                       {0.5, 9, 0, NAN}, {0.1, 9, 0, NAN}, {3, NAN, -1, 10}};
    eae_frame *f;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_MODEL, EAE_F64, 6, 4), EAE_OK);
    memcpy(eae_frame_f64(f), value, sizeof value);
    add_names(&f->cols.names, column, 4);
    add_texts(&f->cols, "role", role);
    add_texts(&f->rows, "model", name);
    add_texts(&f->rows, "part", part);
    add_texts(&f->rows, "term", term);
    eae_annot *at = eae_axis_add(&f->rows, "split", EAE_ANNOT_I64);
    for (int i = 0; i < 6; i++)
        at->i64[i] = split;
    eae_axis_add(&f->rows, "intercept", EAE_ANNOT_F64)->f64[5] = 0.25;
    return f;
}

/* Three samples; columns in another order, one more feature. */
static eae_frame *data(void)
{
    static const char *const column[] = {"b", "other", "a"};
    static const char *const sample[] = {"s1", "s2", "s3"};
    static const char *const sex[] = {"M", "F", "M"};
    static const char *const label[] = {"no", "yes", "yes"};
    static const float value[3][3] = {{4.5f, 7, 6}, {3, 7, 2.5f}, {4, 7, NAN}};
    static const double age[] = {20, 30, 40};
    eae_frame *f;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F32, 3, 3), EAE_OK);
    memcpy(eae_frame_f32(f), value, sizeof value);
    add_names(&f->cols.names, column, 3);
    add_names(&f->rows.names, sample, 3);
    add_texts(&f->rows, "sex", sex);
    add_texts(&f->rows, "label", label);
    memcpy(eae_axis_add(&f->rows, "age", EAE_ANNOT_F64)->f64, age, sizeof age);
    return f;
}

static void values_by_hand(void **state)
{
    (void)state;
    /* a: (x - 0.5 - 0.1 age - 1) / 2;  b: (x - 4) / 0.5 */
    const double expected[] = {
        3 * ((6 - 2.5 - 1) / 2) - 1 + 10 + 0.25,
        3 * ((2.5 - 3.5 - 1) / 2) + 2 + 0.25,
        3 * ((2 - 4.5 - 1) / 2) + 10 + 0.25,
    };
    eae_frame *m = model(0), *d = data(), *p;
    eae_diag_loudness(EAE_QUIET);
    assert_int_equal(eae_apply(m, d, false, "m", 2, &p), EAE_OK);
    assert_int_equal(p->rows.count, 1);
    assert_int_equal(p->cols.count, 3);
    for (int i = 0; i < 3; i++)
        assert_true(fabs(eae_frame_f64(p)[i] - expected[i]) < 1e-12);
    assert_string_equal(eae_name(&p->cols.names, 2), "s3");
    assert_string_equal(eae_annot_text(eae_axis_find(&p->cols, "label"), 1), "yes");
    assert_null(eae_axis_find(&p->cols, "age"));
    assert_null(eae_axis_find(&p->rows, "part"));
    assert_non_null(eae_axis_find(&p->rows, "model"));
    eae_frame_free(m);
    eae_frame_free(d);
    eae_frame_free(p);
}

static void expect_refusal(eae_frame *m, eae_frame *d, const char *words)
{
    eae_frame *p;
    assert_int_equal(eae_apply(m, d, false, "m", 1, &p), EAE_FAIL);
    assert_null(p);
    if (!strstr(eae_message(), words))
        fail_msg("'%s' is not in: %s", words, eae_message());
    eae_frame_free(m);
    eae_frame_free(d);
}

static void mismatches_are_refused(void **state)
{
    (void)state;
    eae_frame *m = model(3), *d = data(), *p;
    assert_int_equal(eae_apply(m, d, true, "m", 1, &p), EAE_OK);
    eae_frame_free(p);
    expect_refusal(m, d, "no final model");

    d = data();
    eae_names_free(&d->cols.names);
    static const char *const column[] = {"x", "other", "y"};
    add_names(&d->cols.names, column, 3);
    expect_refusal(model(0), d, "2 features with a weight are not in the data: a, b");

    d = data();
    eae_axis_remove(&d->rows, "sex");
    expect_refusal(model(0), d, "needs the annotation 'sex=M'");

    d = data();
    eae_axis_remove(&d->rows, "age");
    expect_refusal(model(0), d, "needs the annotation 'age'");

    d = data();
    eae_frame_f32(d)[3] = NAN; /* s2, b: there is no fill */
    expect_refusal(model(0), d, "sample s2: feature b is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(mismatches_are_refused),
    };
    return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
