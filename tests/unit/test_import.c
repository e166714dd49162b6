/*
 * test_import.c - every format and its errors. The fixtures (tests/data/import/README.md) are small
 * enough that the expected values can be read off them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/memory.h"
#include "matrix/import.h"

#define DATA "tests/data/import/"

static const eae_import plain = {0};

/* ---- shared by the tests ---------------------------------------------------------------- */

static int import_file(const char *path, const eae_import *import, eae_frame **f)
{
    char *bytes;
    size_t n;
    assert_int_equal(eae_read_file(path, &bytes, &n), EAE_OK);
    int status = eae_import_bytes(bytes, n, "x", import, 2, f);
    free(bytes);
    if (status == EAE_OK)
        status = eae_import_apply_roles(f, import);
    if (status != EAE_OK) {
        eae_frame_free(*f);
        *f = NULL;
    }
    return status;
}

static eae_frame *good_file(const char *path, const eae_import *import)
{
    eae_frame *f;
    if (import_file(path, import, &f) != EAE_OK)
        fail_msg("%s: %s", path, eae_message());
    return f;
}

static int import_text(const char *text, const eae_import *import, eae_frame **f)
{
    /* a copy of the exact size: reading past it is seen by the sanitizer */
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    int status = eae_import_bytes(copy, n, "x", import, 1, f);
    free(copy);
    if (status == EAE_OK)
        status = eae_import_apply_roles(f, import);
    if (status != EAE_OK) {
        eae_frame_free(*f);
        *f = NULL;
    }
    return status;
}

static eae_frame *good_text(const char *text, const eae_import *import)
{
    eae_frame *f;
    if (import_text(text, import, &f) != EAE_OK)
        fail_msg("%s", eae_message());
    return f;
}

static void bad_text(const char *text, const eae_import *import, const char *message)
{
    eae_frame *f;
    assert_int_equal(import_text(text, import, &f), EAE_FAIL);
    assert_string_equal(eae_message(), message);
}

/* Names of an axis, joined by blanks. */
static void names_are(const eae_axis *axis, const char *expected)
{
    eae_buffer b = {0};
    eae_buffer_puts(&b, "");
    for (int64_t i = 0; i < axis->names.count; i++)
        eae_buffer_printf(&b, "%s%s", i ? "|" : "", eae_name(&axis->names, i));
    assert_string_equal(b.data, expected);
    eae_buffer_free(&b);
}

static void values_are(const eae_frame *f, int64_t rows, int64_t cols, const double *expected)
{
    assert_int_equal(f->rows.count, rows);
    assert_int_equal(f->cols.count, cols);
    for (int64_t i = 0; i < rows * cols; i++) {
        double x = eae_frame_value(f, i / cols, i % cols);
        double e = f->type == EAE_F32 ? (double)(float)expected[i] : expected[i];
        if (!(x == e || (isnan(x) && isnan(e))))
            fail_msg("value %d is %g, expected %g", (int)i, x, e);
    }
}

static void annot_is(const eae_axis *axis, const char *name, eae_annot_type type,
                     const char *expected)
{
    const eae_annot *a = eae_axis_find(axis, name);
    if (!a)
        fail_msg("no annotation %s", name);
    assert_int_equal(a->type, type);
    eae_buffer b = {0};
    char buf[64];
    for (int64_t i = 0; i < axis->count; i++)
        eae_buffer_printf(&b, "%s%s", i ? "|" : "", eae_annot_print(a, i, buf));
    assert_string_equal(b.data, expected);
    eae_buffer_free(&b);
}

static void label_classes_are(const eae_frame *f, const char *expected)
{
    eae_axis axis = {.names = eae_axis_find(&f->rows, "label")->dict};
    names_are(&axis, expected);
}

static const eae_names *list(eae_names *names, const char *comma_separated)
{
    *names = (eae_names){0};
    assert_int_equal(eae_read_name_list(comma_separated, names), EAE_OK);
    return names;
}

/* ---- delimited text ------------------------------------------------------------------------ */

static void small_is(const char *path)
{
    static const double expected[] = {53, 1.5, -2, 1000,     NAN, NAN, 0.25, 0,
                                      7,  NAN, 3,  -1.25e-2, 9.5, 4,   5,    6};
    eae_import import = {.label = "class"};
    eae_frame *f = good_file(path, &import);
    assert_int_equal(f->type, EAE_F32);
    names_are(&f->rows, "A|B|01|D");
    names_are(&f->cols, "age|g1|g2|g3");
    values_are(f, 4, 4, expected);
    annot_is(&f->rows, "label", EAE_ANNOT_TEXT, "AML|ALL|ALL|MDS");
    label_classes_are(f, "ALL|AML|MDS");
    assert_int_equal(f->rows.annot_count, 1);
    eae_frame_free(f);
}

static void tsv_and_compressed(void **state)
{
    (void)state;
    small_is(DATA "small.tsv");
    small_is(DATA "small.tsv.gz");
    small_is(DATA "members.tsv.gz");
    small_is(DATA "blocks.tsv.bgz");
    small_is(DATA "small.tsv.bz2");
    small_is(DATA "small.tsv.xz");
    small_is(DATA "small.tsv.zst");
}

static void damaged_compressed(void **state)
{
    (void)state;
    static const struct {
        const char *path, *message;
    } cases[] = {{DATA "bad-crc.tsv.gz", "x: damaged gzip data: incorrect data check"},
                 {DATA "bad-length.tsv.gz", "x: damaged gzip data: incorrect length check"},
                 {DATA "bad-cut.tsv.gz", "x: the gzip data end too early"},
                 {DATA "bad-rubbish.tsv.gz", "x: rubbish after the end of the gzip data"}};
    eae_import import = {.label = "class"};
    eae_frame *f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(import_file(cases[i].path, &import, &f), EAE_FAIL);
        assert_string_equal(eae_message(), cases[i].message);
    }
}

static void quotes_and_line_ends(void **state)
{
    (void)state;
    static const double expected[] = {1, 2.5, 3, 0.5};
    eae_names meta;
    eae_import import = {.meta = list(&meta, "the class")};
    eae_frame *f = good_file(DATA "quoted.csv", &import);
    names_are(&f->rows, "A, the first|B");
    names_are(&f->cols, "g1|g,2");
    values_are(f, 2, 2, expected);
    annot_is(&f->rows, "the class", EAE_ANNOT_TEXT, "a \"b\"|c");
    eae_frame_free(f);
    eae_names_free(&meta);
    f = good_text("id,g1\n\"two\nlines\",1\nb,2", &plain); /* no line end at the end */
    names_are(&f->rows, "two\nlines|b");
    eae_frame_free(f);
}

static void headers_of_other_kinds(void **state)
{
    (void)state;
    static const double expected[] = {1, 2, 3, 4};
    eae_frame *f = good_file(DATA "semicolon.csv", &plain);
    names_are(&f->rows, "A|B");
    values_are(f, 2, 2, expected);
    eae_frame_free(f);
    f = good_file(DATA "r_table.tsv", &plain);
    names_are(&f->rows, "A|B");
    names_are(&f->cols, "g1|g2");
    values_are(f, 2, 2, expected);
    eae_frame_free(f);
    f = good_text("g1\tg2\n1\t2\n3\t4\n\n\n", &plain);
    names_are(&f->rows, "s1|s2");
    values_are(f, 2, 2, expected);
    eae_frame_free(f);
    f = good_text("sample\tg1\tg2\n01\t1\t2\n02\t3\t4\n", &plain);
    names_are(&f->rows, "01|02");
    eae_frame_free(f);
    f = good_text("x\tg1\tg2\n7\t1\t2\nseven\t3\t4\n", &plain); /* not a number further down */
    names_are(&f->rows, "7|seven");
    values_are(f, 2, 2, expected);
    eae_frame_free(f);
}

static void annotation_columns(void **state)
{
    (void)state;
    eae_names meta;
    eae_import import = {.meta = list(&meta, "pid,n,time")};
    eae_frame *f = good_text("id\tpid\tn\ttime\t@x\t@label\t@group\tg\n"
                             "a\t007\t1.50\t5\t\"1\"\ttumour\t1\t1\n"
                             "b\t010\tNA\t6\t2\tcontrol\t2\t2\n",
                             &import);
    names_are(&f->cols, "g");
    annot_is(&f->rows, "pid", EAE_ANNOT_TEXT, "007|010");
    annot_is(&f->rows, "n", EAE_ANNOT_F64, "1.5|NA");
    annot_is(&f->rows, "meta.time", EAE_ANNOT_F64, "5|6"); /* no role was asked for */
    annot_is(&f->rows, "x", EAE_ANNOT_TEXT, "1|2");
    annot_is(&f->rows, "label", EAE_ANNOT_TEXT, "tumour|control");
    annot_is(&f->rows, "group", EAE_ANNOT_TEXT, "1|2");
    label_classes_are(f, "control|tumour");
    eae_frame_free(f);
    eae_names_free(&meta);
    f = good_text("id\t@label\tg\na\t1\t1\nb\t2.5\t2\n", &plain);
    annot_is(&f->rows, "label", EAE_ANNOT_F64, "1|2.5");
    eae_frame_free(f);
}

static void errors_name_their_place(void **state)
{
    (void)state;
    bad_text("", &plain, "x: empty");
    bad_text("\n", &plain, "x:1: an empty line instead of a header");
    bad_text("id\tg1\n", &plain, "x: only a header, no rows");
    bad_text("id\tg1\n\r\n\n", &plain, "x: only a header, no rows");
    bad_text("a title\n\nid\tg1\n", &plain, "x:2: an empty line");
    bad_text("id\tg1\tg2\na\t1\t2\nb\t1\n", &plain, "x:3: 2 fields, where the header has 3");
    bad_text("id\tg1\na\t1\nb\t1\t2\n", &plain, "x:3: 3 fields, where the header has 2");
    bad_text("id\tg1\na\t1\n\nb\t2\n", &plain, "x:3: an empty line");
    bad_text("id\tg1\tg2\na\t1\t2\nb\t3\tNA?\n", &plain, "x:3: column 3: not a number: \"NA?\"");
    bad_text("id\tg1\r\na\tInf\r\n", &plain, "x:2: column 2: an infinite value: \"Inf\"");
    bad_text("id\tg1\na\t1e999\n", &plain, "x:2: column 2: too large a number: \"1e999\"");
    bad_text("id\tg1\na\t1e39\n", &plain,
             "x:2: column 2: too large a number for f32; --dtype f64 holds it");
    bad_text("id\tg1\na\t1\nb\t2\na\t3\n", &plain,
             "x:4: column 1: sample \"a\" is there already (line 2)");
    bad_text("id\tg1\tg2\tg1\na\t1\t2\t3\n", &plain,
             "x:1: column 4: \"g1\" is the name of column 2 already");
    bad_text("id\tg1\t\na\t1\t2\n", &plain, "x:1: column 3: this column has no name");
    bad_text("id\tg1\n\t1\n", &plain, "x:2: column 1: sample number 1 has no name");
    bad_text("id\tg1\na\t\"1\nb\t2\n", &plain,
             "x:2: column 2: a quote out of place, or one that is not closed");
    bad_text("id\tg1\na\t1\"\n\"b\t2\n", &plain,
             "x:2: column 2: a quote out of place, or one that is not closed");
    bad_text("hello\nworld\n", &plain,
             "x: no column of numbers; is it a table? columns are separated by tabs, commas or "
             "semicolons, and here there is one");
    bad_text("\xff\xfeh", &plain, "x: text in UTF-16; convert it to UTF-8 first");
    bad_text("id\tsex\tg1\na\tM\t1\n", &plain,
             "x:2: column 2: not a number: \"M\" (column sex: keep it as an annotation by --meta, "
             "or name it by --label)");
}

static void missing_label_columns(void **state)
{
    (void)state;
    eae_import import = {.label = "clas"};
    bad_text("id\tclass\tsex\tg1\na\tx\tM\t1\n", &import,
             "x: no column \"clas\" (--label); columns that are not numbers: class, sex");
    eae_names meta;
    eae_import kept = {.meta = list(&meta, "class,sax")};
    bad_text("id\tclass\tsex\tg1\na\tx\tM\t1\n", &kept,
             "x: no column \"sax\" (--meta); columns that are not numbers: class, sex");
    eae_names_free(&meta);
    import.label = "class";
    bad_text("probe\ts1\ts2\nclass\tx\ty\ng1\t1\t2\n", &import,
             "x: no column \"class\" (--label); columns that are not numbers: s1, s2; there is a "
             "row of that name: is it feature-major? try --by-feature");
    eae_buffer b = {0};
    eae_buffer_puts(&b, "probe\ts1\ts2\n");
    for (int i = 0; i < 300; i++)
        eae_buffer_printf(&b, "g%d\t1\t2\n", i);
    bad_text(b.data, &import,
             "x: no column \"class\" (--label); the header has none that is not a number; far more "
             "rows than columns: is it feature-major? try --by-feature");
    eae_buffer_free(&b);
}

static void features_as_rows(void **state)
{
    (void)state;
    static const double expected[] = {1, 4, 2, NAN, 3, 6};
    eae_names meta;
    eae_import import = {.label = "class", .by_feature = true, .meta = list(&meta, "note")};
    eae_frame *f = good_file(DATA "by_feature.tsv", &import);
    names_are(&f->rows, "A|B|C");
    names_are(&f->cols, "g1|20");
    values_are(f, 3, 2, expected);
    annot_is(&f->rows, "label", EAE_ANNOT_TEXT, "x|y|x");
    annot_is(&f->cols, "note", EAE_ANNOT_TEXT, "first|second");
    eae_frame_free(f);
    eae_names_free(&meta);
}

/* Enough text for many tasks and records over chunk limits; threads and orientation change nothing.
 */
static void threads_change_nothing(void **state)
{
    (void)state;
    enum { ROWS = 300, COLS = 1500 };
    eae_buffer b = {0}, t = {0};
    eae_buffer_puts(&b, "id");
    eae_buffer_puts(&t, "id");
    for (int j = 0; j < COLS; j++)
        eae_buffer_printf(&b, "\tg%d", j);
    for (int i = 0; i < ROWS; i++) {
        eae_buffer_printf(&t, "\t\"s %d\"", i);
        eae_buffer_printf(&b, "\n\"s %d\"", i);
        for (int j = 0; j < COLS; j++)
            eae_buffer_printf(&b, "\t%d.%d", i, j);
    }
    for (int j = 0; j < COLS; j++) {
        eae_buffer_printf(&t, "\ng%d", j);
        for (int i = 0; i < ROWS; i++)
            eae_buffer_printf(&t, "\t%d.%d", i, j);
    }
    eae_frame *one, *four, *turned;
    eae_import by_feature = {.by_feature = true};
    assert_int_equal(eae_import_bytes(b.data, b.length, "x", &plain, 1, &one), EAE_OK);
    assert_int_equal(eae_import_bytes(b.data, b.length, "x", &plain, 4, &four), EAE_OK);
    assert_int_equal(eae_import_bytes(t.data, t.length, "x", &by_feature, 3, &turned), EAE_OK);
    size_t size = sizeof(float) * ROWS * COLS;
    assert_memory_equal(one->payload, four->payload, size);
    assert_memory_equal(one->payload, turned->payload, size);
    assert_true(eae_names_equal(&one->rows.names, &turned->rows.names));
    assert_true(eae_names_equal(&four->cols.names, &turned->cols.names));
    assert_true(eae_frame_value(one, 299, 25) == (double)299.25f);
    eae_frame_free(one);
    eae_frame_free(four);
    eae_frame_free(turned);
    eae_buffer_free(&b);
    eae_buffer_free(&t);
}

/* ---- other formats ------------------------------------------------------------------------- */

static void geo_series_matrix(void **state)
{
    (void)state;
    static const double expected[] = {1.5, -1, 2.5, NAN, 3.5, 4};
    eae_import import = {.status = "status=dead"};
    eae_frame *f;
    assert_int_equal(import_file(DATA "series_matrix.txt", &plain, &f), EAE_OK);
    names_are(&f->rows, "GSM1|GSM2|GSM3");
    names_are(&f->cols, "1007_s_at|20");
    values_are(f, 3, 2, expected);
    annot_is(&f->rows, "title", EAE_ANNOT_TEXT, "first|second|third");
    annot_is(&f->rows, "tissue", EAE_ANNOT_TEXT, "liver|liver|lung: left");
    annot_is(&f->rows, "age", EAE_ANNOT_F64, "50|47|61");
    annot_is(&f->rows, "meta.status", EAE_ANNOT_TEXT, "dead|NA|alive");
    annot_is(&f->rows, "grade", EAE_ANNOT_F64, "NA|NA|2");
    annot_is(&f->rows, "platform_id", EAE_ANNOT_TEXT, "GPL1|GPL1|GPL1");
    eae_frame_free(f);
    f = good_file(DATA "series_matrix.txt", &import); /* without a status: dropped */
    names_are(&f->rows, "GSM1|GSM3");
    annot_is(&f->rows, "status", EAE_ANNOT_F64, "1|0");
    eae_frame_free(f);
    bad_text("!Sample_geo_accession\t\"A\"\n!series_matrix_table_begin\n\"ID_REF\"\t\"A\"\n"
             "!series_matrix_table_end\n",
             &plain, "x: the table is empty: no features");
    bad_text("!Sample_geo_accession\t\"A\"\n!series_matrix_table_begin\n\"ID_REF\"\t\"A\"\np\t1\n",
             &plain, "x: the table has no end mark: the file is cut short");
    bad_text("!Series_title\t\"A\"\n", &plain,
             "x: a series matrix without its table (no !series_matrix_table_begin)");
}

static void gct_and_cls(void **state)
{
    (void)state;
    static const double expected[] = {1, 4, 2, 5, 3, 6.5};
    eae_import import = {.annot = DATA "v12.cls", .positive = "down"};
    eae_frame *f = good_file(DATA "v12.gct", &import);
    names_are(&f->rows, "A|B|C");
    names_are(&f->cols, "g1|g2");
    values_are(f, 3, 2, expected);
    annot_is(&f->rows, "label", EAE_ANNOT_TEXT, "up|down|up");
    label_classes_are(f, "up|down");
    annot_is(&f->cols, "Description", EAE_ANNOT_TEXT, "gene one|na");
    eae_frame_free(f);
    import = (eae_import){.label = "class=x/y"};
    f = good_file(DATA "v13.gct", &import);
    values_are(f, 3, 2, expected);
    annot_is(&f->rows, "age", EAE_ANNOT_F64, "50|51|52");
    label_classes_are(f, "y|x");
    annot_is(&f->cols, "symbol", EAE_ANNOT_TEXT, "TP53|MYC");
    eae_frame_free(f);
    bad_text("#1.2\n3\t1\nName\tDescription\tA\ng\t\t1\n", &plain,
             "x: GCT: line 2 says 3 rows and 1 samples, there are 1 and 1");
    bad_text("#1.2\n3\tx\nName\tDescription\tA\ng\t\t1\n", &plain,
             "x:2: column 2: GCT: a number of samples is expected here");
    bad_text("#1.2\n3\t1\n", &plain, "x: GCT: the file ends in its header");
}

static void libsvm(void **state)
{
    (void)state;
    static const double expected[] = {0.5, 0, 2, 0, -100, 0, 0, 0, 7};
    eae_frame *f = good_file(DATA "sparse.libsvm", &plain);
    values_are(f, 3, 3, expected);
    names_are(&f->cols, "f1|f2|f3");
    annot_is(&f->rows, "label", EAE_ANNOT_TEXT, "1|-1|1");
    label_classes_are(f, "-1|1");
    eae_frame_free(f);
    eae_import import = {.regression = true};
    f = good_file(DATA "sparse.libsvm", &import);
    annot_is(&f->rows, "label", EAE_ANNOT_F64, "1|-1|1");
    eae_frame_free(f);
    bad_text("1 1:2\n1 3:1 2:1\n", &plain,
             "x:2: column 3: LIBSVM: indices begin at 1 and increase; this is 2 after 3");
    bad_text("1 1:2\n1 1:a\n", &plain, "x:2: column 2: LIBSVM: index:value is expected here");
    bad_text("1 1:2\nyes 1:1\n", &plain, "x:2: column 1: LIBSVM: a label is expected here");
    eae_frame *none;
    assert_int_equal(import_text("1 9000000000000000000:1\n", &plain, &none), EAE_FAIL);
}

static void npy(void **state)
{
    (void)state;
    static const double floats[] = {1.5, -2, 3, 4, NAN, 6.25};
    static const double turned[] = {1.5, 4, -2, NAN, 3, 6.25};
    static const double whole[] = {1, -2, 300, -32768, 5, 6};
    static const double bools[] = {1, 0, 1};
    eae_import by_feature = {.by_feature = true, .f64 = true};
    eae_frame *f = good_file(DATA "c_f4.npy", &plain);
    values_are(f, 2, 3, floats);
    names_are(&f->rows, "s1|s2");
    eae_frame_free(f);
    f = good_file(DATA "fortran_f8.npy", &plain);
    values_are(f, 2, 3, floats);
    eae_frame_free(f);
    f = good_file(DATA "fortran_f8.npy", &by_feature);
    assert_int_equal(f->type, EAE_F64);
    values_are(f, 3, 2, turned);
    eae_frame_free(f);
    f = good_file(DATA "c_f4.npy", &by_feature);
    values_are(f, 3, 2, turned);
    eae_frame_free(f);
    f = good_file(DATA "big_endian_i2.npy", &plain);
    values_are(f, 2, 3, whole);
    eae_frame_free(f);
    f = good_file(DATA "bool.npy", &plain);
    values_are(f, 3, 1, bools);
    eae_frame_free(f);
    bad_text("\x93NUMPY\1", &plain, "x: .npy: it ends in its header");
}

/* ---- roles -------------------------------------------------------------------------------- */

static const char leukemia[] = "id\tc\tn\tt\te\tg\n"
                               "s1\tBCR/ABL\t10\t1.5\tyes\t1\n"
                               "s2\tNEG\t9\t2\tno\t2\n"
                               "s3\tother\t10\t3\tno\t3\n"
                               "s4\tNA\t9\t4\tyes\t4\n"
                               "s5\tBCR/ABL\t9\t5\tno\t5\n";

static void labels(void **state)
{
    (void)state;
    eae_names meta;
    list(&meta, "c,n,t,e");
    eae_import import = {.label = "c=BCR/ABL/NEG", .meta = &meta};
    eae_frame *f = good_text(leukemia, &import);
    names_are(&f->rows, "s1|s2|s5");
    label_classes_are(f, "NEG|BCR/ABL");
    annot_is(&f->rows, "label", EAE_ANNOT_TEXT, "BCR/ABL|NEG|BCR/ABL");
    annot_is(&f->rows, "c", EAE_ANNOT_TEXT, "BCR/ABL|NEG|BCR/ABL"); /* kept by --meta */
    eae_frame_free(f);
    import.label = "n"; /* by size: 9 before 10, although "10" < "9" */
    f = good_text(leukemia, &import);
    label_classes_are(f, "9|10");
    eae_frame_free(f);
    import.positive = "9";
    f = good_text(leukemia, &import);
    label_classes_are(f, "10|9");
    eae_frame_free(f);
    import.positive = "8";
    bad_text(leukemia, &import, "--positive 8: no such class; there are: 10, 9");
    import = (eae_import){.label = "c", .meta = &meta, .positive = "NEG"};
    bad_text(leukemia, &import, "--positive NEG needs two classes; there are: BCR/ABL, NEG, other");
    import = (eae_import){.label = "c=BCR/NEG", .meta = &meta};
    bad_text(
        leukemia, &import,
        "--label c=BCR/NEG: no reading of it as POS/NEG has two classes that occur; the values "
        "of the column are: BCR/ABL, NEG, other");
    import = (eae_import){.label = "c=a/b/c", .meta = &meta};
    bad_text("id\tc\tn\tt\te\tg\n1\ta\t\t\t\t1\n2\tb/c\t\t\t\t1\n3\ta/b\t\t\t\t1\n4\tc\t\t\t\t1\n",
             &import, "--label c=a/b/c can be read in two ways: rename a class");
    import = (eae_import){.label = "n", .regression = true, .meta = &meta};
    f = good_text(leukemia, &import);
    annot_is(&f->rows, "label", EAE_ANNOT_F64, "10|9|10|9|9");
    eae_frame_free(f);
    eae_buffer b = {0};
    eae_buffer_puts(&b, "id\ty\tg\n");
    for (int i = 0; i < 30; i++)
        eae_buffer_printf(&b, "s%d\t%d.5\t1\n", i, i);
    eae_import number = {.label = "y"};
    bad_text(b.data, &number,
             "label y: 30 different numbers in 30 samples; if it is a number to predict, say "
             "--regression");
    eae_buffer_free(&b);
    import.label = "c";
    bad_text(leukemia, &import, "x:2: column 2: not a number: \"BCR/ABL\"");
    eae_names_free(&meta);
}

static void survival_and_groups(void **state)
{
    (void)state;
    eae_names meta;
    list(&meta, "c,n");
    eae_import import = {.time = "t", .status = "e=yes", .group = "n", .meta = &meta};
    eae_frame *f = good_text(leukemia, &import);
    annot_is(&f->rows, "time", EAE_ANNOT_F64, "1.5|2|3|4|5");
    annot_is(&f->rows, "status", EAE_ANNOT_F64, "1|0|0|1|0");
    annot_is(&f->rows, "group", EAE_ANNOT_TEXT, "10|9|10|9|9");
    assert_null(eae_axis_find(&f->rows, "t"));
    eae_frame_free(f);
    import.status = "e";
    bad_text(leukemia, &import,
             "status e: \"yes\" of sample s1 is neither 0 nor 1 (--status COL=EVENT takes other "
             "values)");
    import.status = "n";
    import.group = NULL;
    bad_text("id\tc\tn\tt\tg\na\tx\t2\t1\t1\n", &import,
             "status n: \"2\" of sample a is neither 0 nor 1 (--status COL=EVENT takes other "
             "values)");
    import.status = NULL;
    bad_text("id\tc\tn\tt\tg\na\tx\t2\t0\t1\n", &import,
             "time t: \"0\" of sample a is not above 0");
    eae_names_free(&meta);
}

/* Roles asked for on a frame that has them, as from a stream. */
static void roles_of_a_frame(void **state)
{
    (void)state;
    eae_import import = {.label = "class=AML/ALL"}, again = {.positive = "ALL"};
    eae_frame *f = good_file(DATA "small.tsv", &import);
    assert_int_equal(f->rows.count, 3);
    assert_int_equal(eae_import_apply_roles(&f, &again), EAE_FAIL);
    assert_string_equal(eae_message(), "--positive ALL contradicts the label, whose last class is "
                                       "positive; its classes are: ALL, AML");
    again = (eae_import){.positive = "AML"};
    assert_int_equal(eae_import_apply_roles(&f, &again), EAE_OK);
    again = (eae_import){.group = "patient"};
    assert_int_equal(eae_import_apply_roles(&f, &again), EAE_FAIL);
    assert_string_equal(eae_message(),
                        "no annotation \"patient\" for --group; annotations of the samples: label");
    again = (eae_import){.label = "label=ALL/AML"};
    assert_int_equal(eae_import_apply_roles(&f, &again), EAE_OK);
    label_classes_are(f, "AML|ALL");
    eae_frame_free(f);
}

static void joined_annotations(void **state)
{
    (void)state;
    eae_import import = {.annot = DATA "annot.tsv", .label = "relapse"};
    eae_frame *f = good_text("id\tg\nA\t1\nB\t2\nC\t3\nD\t4\n", &import);
    names_are(&f->rows, "A|B|D"); /* C is not in it, and so has no label */
    annot_is(&f->rows, "age", EAE_ANNOT_F64, "61|50|NA");
    annot_is(&f->rows, "code", EAE_ANNOT_TEXT, "007|8|9");
    label_classes_are(f, "no|yes");
    eae_frame_free(f);
    bad_text("id\tg\nX\t1\n", &import,
             DATA "annot.tsv: none of its ids (B, ...) is a sample of the data (X, ...)");
    import = (eae_import){.annot = DATA "v12.cls"};
    bad_text("id\tg\nX\t1\n", &import, DATA "v12.cls:3: 3 classes for 1 samples");
}

static void name_lists(void **state)
{
    (void)state;
    eae_names names = {0};
    assert_int_equal(eae_read_name_list("a,b c,,d", &names), EAE_OK);
    assert_int_equal(names.count, 3);
    assert_string_equal(eae_name(&names, 1), "b c");
    eae_names_free(&names);
    assert_int_equal(eae_read_name_list(DATA "v12.cls", &names), EAE_OK);
    assert_int_equal(names.count, 3);
    assert_string_equal(eae_name(&names, 1), "# up down");
    eae_names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tsv_and_compressed),
        cmocka_unit_test(damaged_compressed),
        cmocka_unit_test(quotes_and_line_ends),
        cmocka_unit_test(headers_of_other_kinds),
        cmocka_unit_test(annotation_columns),
        cmocka_unit_test(errors_name_their_place),
        cmocka_unit_test(missing_label_columns),
        cmocka_unit_test(features_as_rows),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(geo_series_matrix),
        cmocka_unit_test(gct_and_cls),
        cmocka_unit_test(libsvm),
        cmocka_unit_test(npy),
        cmocka_unit_test(labels),
        cmocka_unit_test(survival_and_groups),
        cmocka_unit_test(roles_of_a_frame),
        cmocka_unit_test(joined_annotations),
        cmocka_unit_test(name_lists),
    };
    eae_diag_loudness(EAE_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
