/* test_export.c - what is written is read back the same; .npy and LIBSVM by hand. */
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
#include "matrix/export.h"
#include "matrix/import.h"

static const eae_import plain = {0};

static eae_frame *from_text(const char *text, const eae_import *import)
{
    eae_frame *f;
    if (eae_import_bytes(text, strlen(text), "x", import, 1, &f) != EAE_OK ||
        eae_import_apply_roles(&f, import) != EAE_OK)
        fail_msg("%s", eae_message());
    return f;
}

typedef enum { TSV, CSV, NPY, LIBSVM } form;

static int write_as(const eae_frame *f, form how, char **bytes, size_t *n)
{
    char path[] = "/tmp/eae-export-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    eae_output *out;
    assert_int_equal(eae_output_open(&out, path, false), EAE_OK);
    int status = how == TSV   ? eae_export_delimited(out, f, '\t')
                 : how == CSV ? eae_export_delimited(out, f, ',')
                 : how == NPY ? eae_export_npy(out, f)
                              : eae_export_libsvm(out, f);
    *bytes = NULL;
    if (status == EAE_OK) {
        assert_int_equal(eae_output_close(out), EAE_OK);
        assert_int_equal(eae_read_file(path, bytes, n), EAE_OK);
    } else {
        eae_output_discard(out);
    }
    unlink(path);
    return status;
}

static void text_is(const eae_frame *f, form how, const char *expected)
{
    char *bytes;
    size_t n;
    assert_int_equal(write_as(f, how, &bytes, &n), EAE_OK);
    assert_string_equal(bytes, expected);
    free(bytes);
}

static void tsv_layout(void **state)
{
    (void)state;
    eae_import import = {.label = "c=b/a b"};
    eae_frame *f = from_text(
        "id,\"g\t1\",c,@pid,@age,g2\n\"x \",1.50,b,\"1\",50,NA\ny,1e-7,a b,NA,,-3\n", &import);
    text_is(f, TSV,
            "id\t@pid\t@age\t@label\t\"g\t1\"\tg2\n"
            "\"x \"\t\"1\"\t50\tb\t1.5\tNA\n"
            "y\tNA\tNA\ta b\t1e-7\t-3\n");
    eae_frame_free(f);
}

/* The positive class is the first by order: the header says so. */
static void class_order_is_kept(void **state)
{
    (void)state;
    eae_import import = {.label = "c=AML/NEG"};
    eae_frame *f = from_text("id\tc\tg\nx\tAML\t1\ny\tNEG\t2\n", &import);
    text_is(f, TSV, "id\t@label=AML/NEG\tg\nx\tAML\t1\ny\tNEG\t2\n");
    eae_frame *back = from_text("id\t@label=AML/NEG\tg\nx\tAML\t1\ny\tNEG\t2\n", &plain);
    const eae_annot *a = eae_axis_find(&back->rows, "label");
    assert_non_null(a);
    assert_int_equal(back->rows.annot_count, 1);
    assert_string_equal(eae_name(&a->dict, 1), "AML");
    assert_string_equal(eae_annot_text(a, 0), "AML");
    eae_frame_free(f);
    eae_frame_free(back);
}

static void same_frame(const eae_frame *a, const eae_frame *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->rows.count, b->rows.count);
    assert_int_equal(a->cols.count, b->cols.count);
    assert_memory_equal(a->payload, b->payload,
                        (size_t)(a->rows.count * a->cols.count) * eae_type_size(a->type));
    assert_true(eae_names_equal(&a->rows.names, &b->rows.names));
    assert_true(eae_names_equal(&a->cols.names, &b->cols.names));
    assert_int_equal(a->rows.annot_count, b->rows.annot_count);
    for (int k = 0; k < a->rows.annot_count; k++) {
        const eae_annot *x = a->rows.annot + k, *y = b->rows.annot + k;
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->type, y->type);
        for (int64_t i = 0; i < a->rows.count; i++) {
            char s[64], t[64];
            assert_int_equal(eae_annot_is_missing(x, i), eae_annot_is_missing(y, i));
            assert_string_equal(eae_annot_print(x, i, s), eae_annot_print(y, i, t));
        }
    }
}

/* Any f32 and f64, and names that need quotes. */
static void reads_back_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"plain",  "a,b",        "tab\there", "quo\"te",
                                        " blank", "semi;colon", "line\nend", "NA?"};
    enum { ROWS = 8, COLS = 40 };
    eae_random r;
    eae_random_start(&r, 3, EAE_RANDOM_SOLVER, 0);
    for (int type = EAE_F32; type <= EAE_F64; type++) {
        eae_frame *f;
        assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, (eae_type)type, ROWS, COLS), EAE_OK);
        for (int i = 0; i < ROWS * COLS; i++) {
            uint64_t bits = eae_random_u64(&r);
            float x;
            double y;
            memcpy(&x, &bits, sizeof x);
            memcpy(&y, &bits, sizeof y);
            if (type == EAE_F32)
                eae_frame_f32(f)[i] = isfinite(x) ? x : NAN;
            else
                eae_frame_f64(f)[i] = isfinite(y) ? y : (double)NAN;
        }
        eae_annot *text = eae_axis_add(&f->rows, "text", EAE_ANNOT_TEXT);
        for (int i = 0; i < ROWS; i++) {
            eae_names_add(&f->rows.names, names[i], strlen(names[i]));
            eae_annot_set_text(text, i, i % 3 ? names[i] : "12");
        }
        eae_annot *label = eae_axis_add(&f->rows, "label", EAE_ANNOT_TEXT);
        for (int i = 0; i < ROWS; i++)
            eae_annot_set_text(label, i, i % 2 ? "1" : "0");
        for (int j = 0; j < COLS; j++) {
            char name[16];
            int n = snprintf(name, sizeof name, "g%d", j);
            eae_names_add(&f->cols.names, name, (size_t)n);
        }
        for (int how = TSV; how <= CSV; how++) {
            char *bytes;
            size_t n;
            eae_import import = {.f64 = type == EAE_F64};
            assert_int_equal(write_as(f, (form)how, &bytes, &n), EAE_OK);
            eae_frame *back = from_text(bytes, &import);
            /* the payload of a NaN may differ: compare through one */
            for (int i = 0; i < ROWS * COLS; i++) {
                if (!isnan(eae_frame_value(f, i / COLS, i % COLS)))
                    continue;
                assert_true(isnan(eae_frame_value(back, i / COLS, i % COLS)));
                if (type == EAE_F32)
                    eae_frame_f32(back)[i] = eae_frame_f32(f)[i];
                else
                    eae_frame_f64(back)[i] = eae_frame_f64(f)[i];
            }
            same_frame(f, back);
            eae_frame_free(back);
            free(bytes);
        }
        eae_frame_free(f);
    }
}

static void npy_bytes(void **state)
{
    (void)state;
    eae_frame *f = from_text("id\ta\tb\nx\t1\t2\ny\t-1\t0.5\n", &plain);
    char *bytes;
    size_t n;
    assert_int_equal(write_as(f, NPY, &bytes, &n), EAE_OK);
    assert_int_equal(n, 128 + 16);
    assert_memory_equal(bytes,
                        "\x93NUMPY\1\0\x76\0{'descr': '<f4', 'fortran_order': False, "
                        "'shape': (2, 2), }",
                        69);
    assert_int_equal(bytes[127], '\n');
    assert_memory_equal(bytes + 128, "\0\0\x80\x3f\0\0\0\x40\0\0\x80\xbf\0\0\0\x3f", 16);
    free(bytes);
    eae_frame_free(f);
}

static void libsvm_lines(void **state)
{
    (void)state;
    eae_frame *f = from_text("id\t@label\ta\tb\tc\nx\tn\t1\t0\t2\ny\tp\t0\t0\t0.5\n", &plain);
    text_is(f, LIBSVM, "-1 1:1 3:2\n1 3:0.5\n");
    eae_frame_free(f);
    f = from_text("id\t@label\ta\nx\tn\t1\ny\tp\t0\nz\tq\t3\n", &plain);
    text_is(f, LIBSVM, "0 1:1\n1\n2 1:3\n");
    eae_frame_free(f);
    f = from_text("id\t@label\ta\nx\t1.5\t1\ny\t2\tNA\n", &plain);
    char *bytes;
    size_t n;
    assert_int_equal(write_as(f, LIBSVM, &bytes, &n), EAE_FAIL);
    assert_string_equal(eae_message(), "libsvm: row 2, column 1 is missing, which LIBSVM cannot "
                                       "say; --impute fills it");
    eae_frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tsv_layout),          cmocka_unit_test(class_order_is_kept),
        cmocka_unit_test(reads_back_the_same), cmocka_unit_test(npy_bytes),
        cmocka_unit_test(libsvm_lines),
    };
    eae_diag_loudness(EAE_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
