/* test_design.c - design matrices from annotations; the coding is that of R's model.matrix(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/diag.h"
#include "model/design.h"

/* age 30 41.5 28 55, sex M F F M, site b a c b, visits 1 2 3 4; samples s1 .. s4. */
static void make_samples(eae_axis *axis)
{
    static const char *const sex[] = {"M", "F", "F", "M"}, *const site[] = {"b", "a", "c", "b"};
    static const double age[] = {30, 41.5, 28, 55};
    *axis = (eae_axis){.count = 4};
    for (int i = 0; i < 4; i++) {
        char name[3] = {'s', (char)('1' + i), 0};
        eae_names_add(&axis->names, name, 2);
    }
    memcpy(eae_axis_add(axis, "age", EAE_ANNOT_F64)->f64, age, sizeof age);
    eae_annot *a = eae_axis_add(axis, "sex", EAE_ANNOT_TEXT);
    for (int i = 0; i < 4; i++)
        eae_annot_set_text(a, i, sex[i]);
    a = eae_axis_add(axis, "site", EAE_ANNOT_TEXT);
    for (int i = 0; i < 4; i++)
        eae_annot_set_text(a, i, site[i]);
    a = eae_axis_add(axis, "visits", EAE_ANNOT_I64);
    for (int i = 0; i < 4; i++)
        a->i64[i] = i + 1;
    a = eae_axis_add(axis, "label", EAE_ANNOT_TEXT);
    for (int i = 0; i < 4; i++)
        eae_annot_set_text(a, i, i % 2 ? "yes" : "no");
}

static int learn(const eae_axis *axis, eae_design *design, const char *a, const char *b,
                 const char *c)
{
    const char *const wanted[] = {a, b, c};
    eae_names columns = {0};
    for (int k = 0; k < 3; k++) {
        if (wanted[k])
            eae_names_add(&columns, wanted[k], strlen(wanted[k]));
    }
    int status = eae_design_learn(axis, &columns, design);
    eae_names_free(&columns);
    return status;
}

/* model.matrix(~ site + age + sex) without its intercept */
static void codes_as_r(void **state)
{
    (void)state;
    static const char *const terms[] = {"site=b", "site=c", "age", "sex=M"};
    static const double want[] = {1, 0, 30, 1, 0, 0, 41.5, 0, 0, 1, 28, 0, 1, 0, 55, 1};
    eae_axis axis;
    eae_design design;
    double out[16];
    make_samples(&axis);
    assert_int_equal(learn(&axis, &design, "site", "age", "sex"), EAE_OK);
    assert_int_equal(design.terms.count, 4);
    for (int t = 0; t < 4; t++)
        assert_string_equal(eae_name(&design.terms, t), terms[t]);
    assert_int_equal(eae_design_apply(&design, &axis, out), EAE_OK);
    assert_memory_equal(out, want, sizeof want);
    eae_design_free(&design);
    assert_int_equal(learn(&axis, &design, "visits", NULL, NULL), EAE_OK);
    assert_int_equal(eae_design_apply(&design, &axis, out), EAE_OK);
    assert_true(out[0] == 1 && out[3] == 4);
    eae_design_free(&design);
    eae_axis_free(&axis);
}

/* The learned levels stay: a subset of samples, other dictionary order, a new level. */
static void applies_to_other_samples(void **state)
{
    (void)state;
    eae_axis axis, fewer;
    eae_design design;
    double out[8];
    make_samples(&axis);
    assert_int_equal(learn(&axis, &design, "site", NULL, NULL), EAE_OK);
    static const int64_t index[] = {2, 0};
    eae_axis_select(&fewer, &axis, index, 2);
    assert_int_equal(eae_design_apply(&design, &fewer, out), EAE_OK);
    assert_true(out[0] == 0 && out[1] == 1 && out[2] == 1 && out[3] == 0);
    eae_annot_set_text(eae_axis_find(&fewer, "site"), 1, "z");
    assert_int_equal(eae_design_apply(&design, &fewer, out), EAE_FAIL);
    assert_string_equal(eae_message(), "s1: annotation \"site\" has the unknown level \"z\"");
    eae_axis_add(&fewer, "site", EAE_ANNOT_F64);
    assert_int_equal(eae_design_apply(&design, &fewer, out), EAE_FAIL);
    assert_string_equal(eae_message(),
                        "annotation \"site\" is a number here and was text in training");
    eae_axis_remove(&fewer, "site");
    assert_int_equal(eae_design_apply(&design, &fewer, out), EAE_FAIL);
    eae_axis_free(&fewer);
    eae_design_free(&design);
    eae_axis_free(&axis);
}

static void refuses(void **state)
{
    (void)state;
    eae_axis axis;
    eae_design design;
    double out[16];
    make_samples(&axis);
    assert_int_equal(learn(&axis, &design, "weight", NULL, NULL), EAE_FAIL);
    assert_string_equal(eae_message(),
                        "no annotation \"weight\": there is age, sex, site, visits, label");
    assert_int_equal(learn(&axis, &design, "age", "label", NULL), EAE_FAIL);
    assert_string_equal(eae_message(), "\"label\" is the outcome: it cannot be a covariate");
    assert_int_equal(learn(&axis, &design, "age", "sex", "age"), EAE_FAIL);
    assert_string_equal(eae_message(), "annotation \"age\" is named twice");
    assert_int_equal(learn(&axis, &design, "age", "sex", "visits"), EAE_OK);
    eae_annot_set_text(eae_axis_find(&axis, "sex"), 1, NULL);
    assert_int_equal(eae_design_apply(&design, &axis, out), EAE_FAIL);
    assert_string_equal(eae_message(),
                        "annotation \"sex\" is missing in 1 of 4 samples (first: s2); leave "
                        "them out: eae-view --drop-samples");
    eae_annot_set_text(eae_axis_find(&axis, "sex"), 1, "F");
    eae_axis_find(&axis, "visits")->i64[3] = EAE_MISSING_I64;
    assert_int_equal(eae_design_apply(&design, &axis, out), EAE_FAIL);
    assert_string_equal(eae_message(),
                        "annotation \"visits\" is missing in 1 of 4 samples (first: s4); leave "
                        "them out: eae-view --drop-samples");
    eae_axis_find(&axis, "age")->f64[2] = INFINITY;
    assert_int_equal(eae_design_apply(&design, &axis, out), EAE_FAIL);
    assert_string_equal(eae_message(), "s3: annotation \"age\" is not finite");
    eae_design_free(&design);
    eae_axis_free(&axis);
}

/* A text column with one level has no term. */
static void constant_text_has_no_term(void **state)
{
    (void)state;
    eae_axis axis;
    eae_design design;
    make_samples(&axis);
    for (int i = 0; i < 4; i++)
        eae_annot_set_text(eae_axis_find(&axis, "sex"), i, "F");
    assert_int_equal(learn(&axis, &design, "sex", "age", NULL), EAE_OK);
    assert_int_equal(design.terms.count, 1);
    assert_string_equal(eae_name(&design.terms, 0), "age");
    eae_design_free(&design);
    eae_axis_free(&axis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_as_r),
        cmocka_unit_test(applies_to_other_samples),
        cmocka_unit_test(refuses),
        cmocka_unit_test(constant_text_has_no_term),
    };
    eae_diag_loudness(EAE_QUIET);
    return cmocka_run_group_tests_name("design", tests, NULL, NULL);
}
