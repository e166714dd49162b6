/*
 * test_external.c - what an external trainer is given, and how its answer is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "../tolerance.h"
#include "eval/train/external.h"
#include "eval/train/run.h"
#include "train_data.h"

/* ---- answers ----------------------------------------------------------------------------------
 */

static eae_names names_of(const char *words)
{
    eae_names names = {0};
    for (const char *p = words; *p;) {
        size_t n = strcspn(p, " ");
        eae_names_add(&names, p, n);
        p += n + (p[n] == ' ');
    }
    return names;
}

/* Samples s1 s2 s3; `classes`: "" for a number. */
static int parse(const char *text, const char *classes, bool probability, double *value)
{
    eae_names samples = names_of("s1 s2 s3"), names = names_of(classes);
    bool outside;
    for (int i = 0; i < 9; i++)
        value[i] = NAN;
    int status = eae_external_parse(text, strlen(text), "x: output", &samples,
                                    names.count ? &names : NULL, probability, value, &outside);
    if (status == EAE_OK && !probability) {
        bool expected = false;
        for (int i = 0; i < 3; i++)
            expected |= value[i] < 0 || value[i] > 1;
        assert_int_equal(outside, expected);
    }
    eae_names_free(&samples);
    eae_names_free(&names);
    return status;
}

static void fails(const char *text, const char *classes, bool probability, const char *message)
{
    double value[9];
    assert_int_equal(parse(text, classes, probability, value), EAE_FAIL);
    if (!strstr(eae_message(), message))
        print_error("%s\n", eae_message());
    assert_non_null(strstr(eae_message(), message));
}

static void one_value_each(void **state)
{
    static const char *const texts[] = {
        "id\tvalue\ns1\t0.25\ns2\t-3\ns3\t1e3\n", "id\tvalue\r\ns3\t1000\r\ns1\t.25\r\ns2\t-3\r\n",
        "\"id\"\t\"value\"\n\"s2\"\t-3\n\"s1\"\t\"0.25\"\n\"s3\"\t1e+03"};
    double value[9];
    (void)state;
    for (int k = 0; k < 6; k++) {
        assert_int_equal(parse(texts[k / 2], k % 2 ? "no yes" : "", false, value), EAE_OK);
        assert_true(value[0] == 0.25 && value[1] == -3 && value[2] == 1000);
    }
    assert_int_equal(parse("id\tvalue\ns1\t0.25\ns2\t0\ns3\t1\n", "no yes", false, value), EAE_OK);
}

static void a_column_for_each_class(void **state)
{
    double value[9];
    (void)state;
    assert_int_equal(
        parse("id\tc\ta\tb\ns2\t1\t2\t3\ns1\t4\t5\t6\ns3\t7\t8\t9\n", "a b c", false, value),
        EAE_OK);
    static const double expected[] = {5, 2, 8, 6, 3, 9, 4, 1, 7};
    for (int i = 0; i < 9; i++)
        assert_true(value[i] == expected[i]);
    /* of two classes the difference; a class may be called "value" */
    assert_int_equal(
        parse("id\tvalue\tno\ns1\t1\t5\ns2\t2\t2\ns3\t3\t-1\n", "no value", false, value), EAE_OK);
    assert_true(value[0] == -4 && value[1] == 0 && value[2] == 4);
}

static void probabilities(void **state)
{
    double value[9];
    (void)state;
    assert_int_equal(parse("id\tvalue\ns1\t0.8\ns2\t0\ns3\t1\n", "no yes", true, value), EAE_OK);
    assert_true(fabs(value[0] - log(4)) < EAE_TOLERANCE_SOLUTION);
    assert_true(value[1] == -750 && value[2] == 750);
    assert_int_equal(
        parse("id\tvalue\ns1\t5e-324\ns2\t0.5\ns3\t0.9999999999999999\n", "no yes", true, value),
        EAE_OK);
    assert_true(value[0] > -750 && value[0] < -740 && value[1] == 0 && value[2] > 30);
    assert_int_equal(
        parse("id\tno\tyes\ns1\t0.2\t0.8\ns2\t1\t0\ns3\t0\t1\n", "no yes", true, value), EAE_OK);
    assert_true(fabs(value[0] - log(4)) < EAE_TOLERANCE_SOLUTION);
    assert_true(value[1] == -750 && value[2] == 750);
    assert_int_equal(
        parse("id\ta\tb\tc\ns1\t0.5\t0.25\t0.25\ns2\t1\t0\t0\ns3\t0\t0\t1\n", "a b c", true, value),
        EAE_OK);
    assert_true(value[0] == log(0.5) && value[3] == log(0.25) && value[6] == log(0.25));
    assert_true(value[1] == 0 && value[4] == -750 && value[7] == -750);
}

static void wrong_answers(void **state)
{
    (void)state;
    fails("", "", false, "x: output is empty");
    fails("\n", "", false, "x: output is empty");
    fails("id\tvalue\n", "", false, "x: output has no value for 3 of 3 test samples (first: s1)");
    fails("id\tvalue\ns1\t1\ns3\t1\n", "", false, "no value for 1 of 3 test samples (first: s2)");
    fails("id\tvalue\ns1\t1\ns4\t1\n", "", false,
          "output:3: column 1: \"s4\" is not a test sample");
    fails("id\tvalue\ns1\t1\ns1\t1\n", "", false, "output:3: column 1: \"s1\" is there twice");
    fails("id\tvalue\ns1\tx\n", "", false, "output:2: column 2: not a number: \"x\"");
    fails("id\tvalue\ns1\tNA\n", "", false, "not a number: \"NA\"");
    fails("id\tvalue\ns1\tnan\n", "", false, "not a number");
    fails("id\tvalue\ns1\tinf\n", "", false, "not a number");
    fails("id\tvalue\ns1\t1e999\n", "", false, "not a number");
    fails("id\tvalue\ns1\t\n", "", false, "not a number: \"\"");
    fails("id\tvalue\ns1\n", "", false, "output:2: 1 columns, and the header has 2");
    fails("id\tvalue\ns1\t1\t2\n", "", false, "output:2: 3 columns");
    fails("id\tvalue\n\ns1\t1\n", "", false, "output:2: 1 columns");
    fails("id\tvalue\n\"s1\t1\n", "", false, "output:2");
    fails("sample\tvalue\ns1\t1\n", "", false,
          "output:1: the header must be id and value, separated by tabs; it is: sample?value");
    fails(
        "id\tscore\n", "no yes", false,
        "the header must be id and value, or id and a column for each class (no, yes), separated");
    fails("id\tvalue\n", "a b c", false,
          "the header must be id and a column for each class (a, b, c), separated by tabs");
    fails("id\ta\tb\n", "a b c", false, "output:1");
    fails("id\ta\tb\tb\n", "a b c", false, "output:1");
    fails("id\ta\tb\tc\td\n", "a b c", false, "output:1");
    fails("id\tvalue\ns1\t1.01\n", "no yes", true, "column 2: not a probability: 1.01");
    fails("id\tvalue\ns1\t-0.1\n", "no yes", true, "not a probability: -0.1");
    fails("id\tno\tyes\ns1\t0\t0\n", "no yes", true, "the probability of every class is 0");
}

/* ---- frames -----------------------------------------------------------------------------------
 */

enum { ROWS = 12, COLS = 9 };

static eae_frame *study(int classes)
{
    eae_frame *data = train_data(ROWS, COLS, classes);
    eae_annot *role = eae_axis_add(&data->rows, "role", EAE_ANNOT_TEXT);
    for (int64_t i = 0; i < ROWS; i++)
        eae_annot_set_text(role, i, i % 2 ? "nurse" : "doctor");
    eae_annot *time = eae_axis_add(&data->rows, "time", EAE_ANNOT_F64);
    for (int64_t i = 0; i < ROWS; i++)
        time->f64[i] = (double)i;
    eae_annot *age = eae_axis_add(&data->rows, "age", EAE_ANNOT_I64);
    for (int64_t i = 0; i < ROWS; i++)
        age->i64[i] = 20 + i;
    return data;
}

/* Rows 0 1 1 3 4 6 7 7 7 9 train, 2 and 8 are held out. */
static int64_t train_rows[] = {0, 1, 3, 4, 6, 7, 9}, test_rows[] = {2, 8};
static double counts[] = {1, 2, 1, 1, 1, 3, 1};
static const eae_split split = {.id = 5,
                                .train = train_rows,
                                .count = counts,
                                .train_count = 7,
                                .test = test_rows,
                                .test_count = 2};

static const char *text(const eae_frame *f, const char *name, int64_t i)
{
    return eae_annot_text(eae_axis_find(&f->rows, name), i);
}

typedef struct {
    eae_train_spec spec;
    eae_external external;
    eae_run run;
    eae_fold fold;
} bench;

static void open_bench(bench *b, const eae_frame *data, const eae_prepare_spec *prepare,
                       const eae_target *target)
{
    b->external = (eae_external){.name = "exec:x"};
    b->spec = (eae_train_spec){.model = EAE_MODEL_EXEC,
                               .params = 1,
                               .prepare = *prepare,
                               .shard = 1,
                               .shards = 1,
                               .threads = 1,
                               .external = &b->external};
    assert_int_equal(eae_run_open(&b->run, data, &b->spec, &eae_kernels_ref), EAE_OK);
    assert_int_equal(eae_fold_open(&b->fold, &b->run, &split, target ? target : &b->run.target, 1),
                     EAE_OK);
}

static void close_bench(bench *b)
{
    eae_fold_close(&b->fold);
    eae_run_close(&b->run);
}

static double mean_of(const eae_frame *data, int64_t j)
{
    double sum = 0;
    for (int i = 0; i < 7; i++)
        sum += counts[i] * eae_frame_value(data, train_rows[i], j);
    return sum / 10;
}

static double sd_of(const eae_frame *data, int64_t j)
{
    double square = 0;
    for (int i = 0; i < 7; i++)
        square += counts[i] * pow(eae_frame_value(data, train_rows[i], j) - mean_of(data, j), 2);
    return sqrt(square / 10);
}

static void annotations(void **state)
{
    eae_frame *data = study(2), *train, *test;
    eae_prepare_spec prepare = {.scaling = EAE_SCALE_FOLD};
    bench b;
    (void)state;
    open_bench(&b, data, &prepare, NULL);
    assert_int_equal(eae_external_frame(&b.fold, &b.run.target, true, &train), EAE_OK);
    assert_int_equal(eae_external_frame(&b.fold, &b.run.target, false, &test), EAE_OK);
    assert_int_equal(train->rows.count, 7);
    assert_int_equal(test->rows.count, 2);
    assert_int_equal(train->kind, EAE_KIND_DATA);
    for (int i = 0; i < 7; i++) {
        assert_string_equal(eae_name(&train->rows.names, i),
                            eae_name(&data->rows.names, train_rows[i]));
        assert_string_equal(text(train, "label", i), text(data, "label", train_rows[i]));
        assert_string_equal(text(train, "role", i), "train");
        assert_string_equal(text(train, "meta.role", i), text(data, "role", train_rows[i]));
        assert_int_equal(eae_axis_find(&train->rows, "count")->i64[i], (int64_t)counts[i]);
        assert_int_equal(eae_axis_find(&train->rows, "age")->i64[i], 20 + train_rows[i]);
        assert_true(eae_axis_find(&train->rows, "time")->f64[i] == (double)train_rows[i]);
    }
    static const char *const absent[] = {"label", "time", "status", "count"};
    for (int k = 0; k < 4; k++)
        assert_null(eae_axis_find(&test->rows, absent[k]));
    for (int i = 0; i < 2; i++) {
        assert_string_equal(eae_name(&test->rows.names, i),
                            eae_name(&data->rows.names, test_rows[i]));
        assert_string_equal(text(test, "role", i), "test");
        assert_int_equal(eae_axis_find(&test->rows, "age")->i64[i], 20 + test_rows[i]);
    }
    eae_frame_free(train);
    eae_frame_free(test);
    close_bench(&b);
    eae_frame_free(data);
}

/* Scaled by training rows as often as they count; filtered; or as they are. */
static void values(void **state)
{
    eae_frame *data = study(2), *frame;
    (void)state;
    for (int k = 0; k < 6; k++) {
        bench b;
        bool scaled = k % 3 == 0, filtered = k % 3 == 1, train = k < 3;
        eae_prepare_spec prepare = {.scaling = scaled ? EAE_SCALE_FOLD : EAE_SCALE_NONE,
                                    .filter = filtered ? EAE_FILTER_VARIANCE : EAE_FILTER_NONE,
                                    .keep = 4};
        open_bench(&b, data, &prepare, NULL);
        assert_int_equal(eae_external_frame(&b.fold, &b.run.target, train, &frame), EAE_OK);
        assert_int_equal(frame->cols.count, filtered ? 4 : COLS);
        for (int64_t i = 0; i < frame->rows.count; i++) {
            int64_t row = train ? train_rows[i] : test_rows[i];
            for (int64_t j = 0; j < frame->cols.count; j++) {
                int64_t from = filtered ? b.fold.prepared.feature[j] : j;
                double x = eae_frame_value(data, row, from), z = eae_frame_value(frame, i, j);
                assert_string_equal(eae_name(&frame->cols.names, j),
                                    eae_name(&data->cols.names, from));
                if (scaled)
                    assert_true(fabs(z - (x - mean_of(data, j)) / sd_of(data, j)) <
                                EAE_TOLERANCE_SUM_F32);
                else
                    assert_true(z == x);
            }
        }
        eae_frame_free(frame);
        close_bench(&b);
    }
    eae_frame_free(data);
}

/* Labels, times and all outcomes move together; held-out rows still have none. */
static void permuted_labels(void **state)
{
    eae_frame *data = study(3), *train, *test;
    eae_prepare_spec prepare = {.scaling = EAE_SCALE_FOLD};
    eae_target permuted;
    int64_t from[ROWS];
    bench b;
    (void)state;
    open_bench(&b, data, &prepare, NULL);
    assert_int_equal(eae_permutation(&b.run.target, 3, 1, from), EAE_OK);
    eae_target_permuted(&b.run.target, from, &permuted);
    assert_int_equal(eae_external_frame(&b.fold, &permuted, true, &train), EAE_OK);
    assert_int_equal(eae_external_frame(&b.fold, &permuted, false, &test), EAE_OK);
    int moved = 0;
    for (int i = 0; i < 7; i++) {
        int64_t carried = from[train_rows[i]];
        moved += carried != train_rows[i];
        assert_string_equal(text(train, "label", i), text(data, "label", carried));
        assert_true(eae_axis_find(&train->rows, "time")->f64[i] == (double)carried);
        assert_int_equal(eae_axis_find(&train->rows, "age")->i64[i], 20 + train_rows[i]);
    }
    assert_true(moved > 0);
    assert_null(eae_axis_find(&test->rows, "label"));
    eae_frame_free(train);
    eae_frame_free(test);
    eae_target_free(&permuted);
    close_bench(&b);
    eae_frame_free(data);
}

/* Mean and spread of the values that are there; what is missing stays so. */
static void missing_values_are_handed_on(void **state)
{
    eae_frame *data = study(2), *frame;
    eae_prepare_spec prepare = {.scaling = EAE_SCALE_FOLD};
    eae_train_spec spec = {.model = EAE_MODEL_EXEC, .params = 1, .prepare = prepare, .threads = 1};
    eae_external external = {.name = "exec:x"};
    eae_run run;
    eae_fold fold;
    (void)state;
    spec.external = &external;
    for (int64_t i = 0; i < ROWS; i++)
        eae_frame_f32(data)[i * COLS + 2] = NAN; /* nothing at all */
    eae_frame_f32(data)[0 * COLS + 1] = NAN;
    eae_frame_f32(data)[7 * COLS + 1] = NAN;
    eae_frame_f32(data)[8 * COLS + 1] = NAN;
    assert_int_equal(eae_run_open(&run, data, &spec, &eae_kernels_ref), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "15 of 108 values are missing"));
    eae_run_close(&run);
    external.takes_missing = true;
    assert_int_equal(eae_run_open(&run, data, &spec, &eae_kernels_ref), EAE_OK);
    assert_int_equal(eae_fold_open(&fold, &run, &split, &run.target, 1), EAE_OK);
    assert_int_equal(eae_external_frame(&fold, &run.target, true, &frame), EAE_OK);
    double n = 0, sum = 0, square = 0;
    for (int i = 0; i < 7; i++) {
        double x = eae_frame_value(data, train_rows[i], 1);
        n += isnan(x) ? 0 : counts[i];
        sum += isnan(x) ? 0 : counts[i] * x;
        square += isnan(x) ? 0 : counts[i] * x * x;
    }
    double mean = sum / n, sd = sqrt(square / n - mean * mean);
    assert_true(n == 6);
    for (int i = 0; i < 7; i++) {
        double x = eae_frame_value(data, train_rows[i], 1), z = eae_frame_value(frame, i, 1);
        assert_true(isnan(eae_frame_value(frame, i, 2)));
        assert_true(isnan(x) ? isnan(z) : fabs(z - (x - mean) / sd) < EAE_TOLERANCE_SUM_F32);
    }
    eae_frame_free(frame);
    eae_fold_close(&fold);
    eae_run_close(&run);
    eae_frame_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_value_each),  cmocka_unit_test(a_column_for_each_class),
        cmocka_unit_test(probabilities),   cmocka_unit_test(wrong_answers),
        cmocka_unit_test(annotations),     cmocka_unit_test(values),
        cmocka_unit_test(permuted_labels), cmocka_unit_test(missing_values_are_handed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
