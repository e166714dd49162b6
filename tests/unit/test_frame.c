/* test_frame.c - frames in memory: axes, annotations, dictionaries, selection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "matrix/frame.h"

static void add_name(eae_names *names, const char *name)
{
    eae_names_add(names, name, strlen(name));
}

static void kinds_and_types_have_names(void **state)
{
    (void)state;
    for (int k = EAE_KIND_DATA; k <= EAE_KIND_RANK; k++)
        assert_int_equal(eae_kind_from_name(eae_kind_name((eae_kind)k)), k);
    assert_int_equal(eae_kind_from_name("matrix"), 0);
    assert_string_equal(eae_type_name(EAE_I16), "i16");
    assert_int_equal(eae_type_size(EAE_F64), sizeof(double));
    assert_int_equal(eae_type_size(EAE_U8), 1);
}

static void new_columns_are_missing(void **state)
{
    eae_axis axis = {.count = 3};
    char buf[EAE_NUMBER_TEXT];

    (void)state;
    eae_axis_add(&axis, "age", EAE_ANNOT_F64);
    eae_axis_add(&axis, "visits", EAE_ANNOT_I64);
    eae_axis_add(&axis, "site", EAE_ANNOT_TEXT);
    for (int i = 0; i < axis.annot_count; i++)
        for (int64_t k = 0; k < 3; k++) {
            assert_true(eae_annot_is_missing(&axis.annot[i], k));
            assert_string_equal(eae_annot_print(&axis.annot[i], k, buf), "NA");
        }
    eae_axis_find(&axis, "age")->f64[1] = 61.5;
    eae_axis_find(&axis, "visits")->i64[1] = -7;
    eae_annot_set_text(eae_axis_find(&axis, "site"), 1, "Oslo");
    assert_string_equal(eae_annot_print(&axis.annot[0], 1, buf), "61.5");
    assert_string_equal(eae_annot_print(&axis.annot[1], 1, buf), "-7");
    assert_string_equal(eae_annot_print(&axis.annot[2], 1, buf), "Oslo");
    eae_axis_free(&axis);
}

static void columns_are_replaced_in_place_and_removed(void **state)
{
    eae_axis axis = {.count = 2};

    (void)state;
    eae_axis_add(&axis, "a", EAE_ANNOT_F64);
    eae_annot_set_text(eae_axis_add(&axis, "b", EAE_ANNOT_TEXT), 0, "x");
    eae_axis_add(&axis, "c", EAE_ANNOT_F64);
    eae_axis_add(&axis, "b", EAE_ANNOT_I64);
    assert_int_equal(axis.annot_count, 3);
    assert_string_equal(axis.annot[1].name, "b");
    assert_int_equal(axis.annot[1].type, EAE_ANNOT_I64);
    assert_null(axis.annot[1].code);
    /* by its own name, which is freed with the column that is replaced */
    eae_axis_add(&axis, axis.annot[1].name, EAE_ANNOT_F64);
    assert_string_equal(axis.annot[1].name, "b");
    eae_axis_remove(&axis, "a");
    eae_axis_remove(&axis, "no such column");
    assert_int_equal(axis.annot_count, 2);
    assert_null(eae_axis_find(&axis, "a"));
    assert_ptr_equal(eae_axis_find(&axis, "c"), &axis.annot[1]);
    eae_axis_free(&axis);
}

static void dictionaries_become_canonical(void **state)
{
    eae_axis axis = {.count = 4};
    eae_annot *site = eae_axis_add(&axis, "site", EAE_ANNOT_TEXT), *label;
    static const int32_t canonical[] = {0, -1, 1, 0};

    (void)state;
    add_name(&site->dict, "unused");
    add_name(&site->dict, "Bern");
    add_name(&site->dict, "Oslo");
    eae_annot_set_text(site, 0, "Oslo");
    eae_annot_set_text(site, 2, "Bern");
    eae_annot_set_text(site, 3, "Oslo");
    assert_int_equal(site->dict.count, 3);
    eae_annot_canonical(site);
    assert_int_equal(site->dict.count, 2);
    assert_string_equal(eae_name(&site->dict, 0), "Oslo");
    assert_string_equal(eae_name(&site->dict, 1), "Bern");
    assert_memory_equal(site->code, canonical, sizeof canonical);
    assert_null(eae_annot_text(site, 1));

    label = eae_axis_add(&axis, "label", EAE_ANNOT_TEXT);
    add_name(&label->dict, "negative");
    add_name(&label->dict, "positive");
    eae_annot_set_text(label, 0, "positive");
    eae_annot_canonical(label);
    assert_int_equal(label->dict.count, 2);
    assert_string_equal(eae_name(&label->dict, 0), "negative");
    eae_axis_free(&axis);
}

/* More entries than are searched from the front, in an order that is easy to check. */
static void large_dictionaries_are_indexed(void **state)
{
    enum { N = 5000 };
    eae_axis axis = {.count = 2 * N};
    eae_annot *a = eae_axis_add(&axis, "id", EAE_ANNOT_TEXT);
    char text[32];

    (void)state;
    for (int i = 0; i < 2 * N; i++) {
        sprintf(text, "id %d", i % N);
        eae_annot_set_text(a, i, text);
        assert_int_equal(a->code[i], i % N);
    }
    assert_int_equal(a->dict.count, N);
    /* entries added by hand are found as well */
    add_name(&a->dict, "by hand");
    eae_annot_set_text(a, 0, "by hand");
    assert_int_equal(a->code[0], N);
    /* and after the dictionary was renumbered */
    eae_annot_canonical(a);
    assert_int_equal(a->code[0], 0);
    eae_annot_set_text(a, 1, "id 4999");
    assert_string_equal(eae_annot_text(a, 1), "id 4999");
    assert_int_equal(a->code[1], a->code[N - 1]);
    eae_axis_free(&axis);
}

static eae_frame *small_frame(void)
{
    static const float values[] = {1, 2, 3, 4, 5, 6};
    eae_frame *f;
    eae_annot *a;

    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F32, 2, 3), EAE_OK);
    memcpy(f->payload, values, sizeof values);
    add_name(&f->rows.names, "r0");
    add_name(&f->rows.names, "r1");
    add_name(&f->cols.names, "c0");
    add_name(&f->cols.names, "c1");
    add_name(&f->cols.names, "c2");
    a = eae_axis_add(&f->rows, "age", EAE_ANNOT_F64);
    a->f64[0] = 10;
    a->f64[1] = 20;
    a = eae_axis_add(&f->cols, "role", EAE_ANNOT_TEXT);
    eae_annot_set_text(a, 2, "covariate");
    add_name(&f->history, "{\"program\":\"x\"}");
    return f;
}

static void selections_take_names_and_annotations_along(void **state)
{
    static const int64_t row[] = {1, 0, 1}, col[] = {2, 0};
    static const double expected[] = {6, 4, 3, 1, 6, 4};
    eae_frame *f = small_frame(), *s;

    (void)state;
    assert_int_equal(eae_frame_select(f, row, 3, col, 2, &s), EAE_OK);
    assert_int_equal(s->rows.count, 3);
    assert_int_equal(s->cols.count, 2);
    for (int i = 0; i < 6; i++)
        assert_true(eae_frame_value(s, i / 2, i % 2) == expected[i]);
    assert_string_equal(eae_name(&s->rows.names, 0), "r1");
    assert_string_equal(eae_name(&s->rows.names, 2), "r1");
    assert_string_equal(eae_name(&s->cols.names, 0), "c2");
    assert_true(eae_axis_find(&s->rows, "age")->f64[1] == 10);
    assert_string_equal(eae_annot_text(eae_axis_find(&s->cols, "role"), 0), "covariate");
    assert_null(eae_annot_text(eae_axis_find(&s->cols, "role"), 1));
    assert_int_equal(s->history.count, 1);
    eae_frame_free(s);

    assert_int_equal(eae_frame_select(f, NULL, 0, NULL, 0, &s), EAE_OK);
    assert_int_equal(s->rows.count, 2);
    assert_int_equal(s->cols.count, 3);
    assert_memory_equal(s->payload, f->payload, 6 * sizeof(float));
    eae_frame_free(s);
    eae_frame_free(f);
}

static void elements_of_every_type_are_read(void **state)
{
    (void)state;
    for (int type = EAE_F32; type <= EAE_U8; type++) {
        eae_frame *f, *s;
        static const int64_t last[] = {1};

        assert_int_equal(eae_frame_new(&f, EAE_KIND_RANK, (eae_type)type, 1, 2), EAE_OK);
        memset(f->payload, 0, 2 * eae_type_size((eae_type)type));
        switch (type) {
        case EAE_F32:
            eae_frame_f32(f)[1] = 42;
            break;
        case EAE_F64:
            eae_frame_f64(f)[1] = 42;
            break;
        case EAE_I16:
            eae_frame_i16(f)[1] = 42;
            break;
        case EAE_I32:
            ((int32_t *)f->payload)[1] = 42;
            break;
        default:
            ((uint8_t *)f->payload)[1] = 42;
            break;
        }
        assert_true(eae_frame_value(f, 0, 0) == 0);
        assert_true(eae_frame_value(f, 0, 1) == 42);
        assert_int_equal(eae_frame_select(f, NULL, 0, last, 1, &s), EAE_OK);
        assert_true(eae_frame_value(s, 0, 0) == 42);
        eae_frame_free(s);
        eae_frame_free(f);
    }
}

static void impossible_shapes_are_refused(void **state)
{
    eae_frame *f;

    (void)state;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F64, INT64_MAX, INT64_MAX), EAE_FAIL);
    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F64, INT64_MAX, 1), EAE_FAIL);
    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F64, 0, 5), EAE_OK);
    eae_frame_free(f);
    eae_frame_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_and_types_have_names),
        cmocka_unit_test(new_columns_are_missing),
        cmocka_unit_test(columns_are_replaced_in_place_and_removed),
        cmocka_unit_test(dictionaries_become_canonical),
        cmocka_unit_test(large_dictionaries_are_indexed),
        cmocka_unit_test(selections_take_names_and_annotations_along),
        cmocka_unit_test(elements_of_every_type_are_read),
        cmocka_unit_test(impossible_shapes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
