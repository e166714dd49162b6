/*
 * test_synth.c - normal deviates and synthetic matrices: exactness where there is an exact answer,
 * else statistics with a stated chance that a right program fails. (The seeds are fixed, so a test
 * that passes once always does.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/normal.h"
#include "eval/synth/synth.h"
#include "expected.h"

/* scipy's quantiles of words at both ends, in the middle, and at random. */
static void deviates_are_normal_quantiles(void **state)
{
    (void)state;
    expected_table t;
    expected_read(&t, "normal.tsv");
    int word = expected_column(&t, "word"), z = expected_column(&t, "z");
    for (int i = 0; i < t.rows; i++) {
        double got = (double)eae_normal_of_word((uint32_t)expected_number(&t, i, word));
        double want = expected_number(&t, i, z);
        /* next to 0, t has 24 bits */
        if (!expected_near(got, want, 1e-6) && fabs(got - want) > 1e-9)
            fail_msg("word %s: %.9g, not %.9g", expected_text(&t, i, word), got, want);
    }
    expected_free(&t);
}

static void any_part_of_a_sequence(void **state)
{
    (void)state;
    enum { N = 1500 };
    float whole[N], part[N];
    uint32_t word[N];
    eae_random r;
    eae_random_start(&r, UINT64_C(0x123456789abcdef), EAE_RANDOM_SYNTH_VALUE, UINT64_C(1) << 33);
    eae_normals(UINT64_C(0x123456789abcdef), EAE_RANDOM_SYNTH_VALUE, UINT64_C(1) << 33, 0, N,
                whole);
    eae_random_words(UINT64_C(0x123456789abcdef), EAE_RANDOM_SYNTH_VALUE, UINT64_C(1) << 33, 0, N,
                     word);
    for (int i = 0; i < N; i++) {
        uint32_t w = eae_random_u32(&r);
        float z = eae_normal_of_word(w);
        assert_int_equal(word[i], w);
        assert_memory_equal(&whole[i], &z, sizeof z);
    }
    for (size_t from = 0; from < 300; from += 37) {
        for (size_t n = 0; n < 1100; n += 211) {
            eae_normals(UINT64_C(0x123456789abcdef), EAE_RANDOM_SYNTH_VALUE, UINT64_C(1) << 33,
                        from, n, part);
            assert_memory_equal(part, whole + from, n * sizeof *part);
            eae_random_words(UINT64_C(0x123456789abcdef), EAE_RANDOM_SYNTH_VALUE, UINT64_C(1) << 33,
                             from, n, (uint32_t *)part);
            assert_memory_equal(part, word + from, n * sizeof *part);
        }
    }
}

/* Moments within 4.5 standard errors (chance 7e-6 each) and chi-square of 100 equal cells below its
 * 99.99% point with 99 degrees of freedom, 160.06. */
static void deviates_are_normal(void **state)
{
    (void)state;
    enum { N = 1000000, CELLS = 100 };
    float *z = eae_malloc(N, sizeof *z);
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0, cell[CELLS] = {0}, chi = 0;
    for (int i = 0; i < N; i += 1000)
        eae_normals(3, EAE_RANDOM_SYNTH_VALUE, (uint64_t)i, 0, 1000, z + i);
    for (int i = 0; i < N; i++) {
        double x = (double)z[i];
        m1 += x / N;
        m2 += x * x / N;
        m3 += x * x * x / N;
        m4 += x * x * x * x / N;
        cell[(int)(0.5 * erfc(-x / sqrt(2)) * CELLS)]++;
    }
    for (int c = 0; c < CELLS; c++)
        chi += (cell[c] - N / CELLS) * (cell[c] - N / CELLS) / (N / CELLS);
    assert_true(fabs(m1) < 4.5 * sqrt(1.0 / N));
    assert_true(fabs(m2 - 1) < 4.5 * sqrt(2.0 / N));
    assert_true(fabs(m3) < 4.5 * sqrt(15.0 / N));
    assert_true(fabs(m4 - 3) < 4.5 * sqrt(96.0 / N));
    assert_true(chi < 160.06);
    free(z);
}

static eae_synth *make(eae_synth_options options)
{
    eae_synth *s;
    options.to = options.to ? options.to : options.rows;
    assert_int_equal(eae_synth_new(&s, &options), EAE_OK);
    return s;
}

static void rows_of(const eae_synth *s, int64_t first, int64_t n, float *x)
{
    eae_synth_cells(s, first * eae_synth_cols(s), n * eae_synth_cols(s), x);
}

static void any_cells(void **state)
{
    (void)state;
    enum { ROWS = 37, COLS = 4500 }; /* more than a tile, and not a multiple of 4 blocks */
    eae_synth_options o = {.rows = ROWS,
                           .cols = COLS,
                           .noise = 1,
                           .planted = 100,
                           .effect = 1,
                           .blocks = 77,
                           .rho = 0.3,
                           .classes = 3,
                           .groups = 9,
                           .missing = 0.1,
                           .seed = 9};
    float *whole = eae_malloc(ROWS * COLS, sizeof *whole);
    float *part = eae_malloc(ROWS * COLS, sizeof *part);
    eae_synth *s = make(o);
    eae_frame *all = eae_synth_head(s, 2);
    rows_of(s, 0, ROWS, whole);
    for (int64_t at = 0, n = 1; at < ROWS * COLS; at += n, n = n * 3 % 7919 + 1) {
        n = ROWS * COLS - at < n ? ROWS * COLS - at : n;
        eae_synth_cells(s, at, n, part + at);
    }
    assert_memory_equal(part, whole, ROWS * COLS * sizeof *part);
    eae_synth_free(s);
    o.from = 11;
    o.to = 23;
    s = make(o);
    eae_frame *some = eae_synth_head(s, 2);
    rows_of(s, 11, 12, part);
    assert_memory_equal(part, whole + 11 * COLS, 12 * COLS * sizeof *part);
    assert_int_equal(some->rows.count, 12);
    for (int64_t i = 0; i < 12; i++) {
        assert_string_equal(eae_name(&some->rows.names, i), eae_name(&all->rows.names, 11 + i));
        assert_string_equal(eae_annot_text(&some->rows.annot[0], i),
                            eae_annot_text(&all->rows.annot[0], 11 + i));
    }
    assert_true(eae_names_equal(&some->cols.names, &all->cols.names));
    assert_memory_equal(some->cols.annot[0].f64, all->cols.annot[0].f64, COLS * sizeof(double));
    eae_frame_free(all);
    eae_frame_free(some);
    eae_synth_free(s);
    free(whole);
    free(part);
}

/* Labels are fair coins: within 4.5 standard errors (chance 7e-6), and not alternating: the number
 * of changes as well. */
static void labels_are_fair(void **state)
{
    (void)state;
    enum { ROWS = 100000 };
    eae_synth *s = make((eae_synth_options){.rows = ROWS, .cols = 1, .noise = 1, .seed = 4});
    eae_frame *f = eae_synth_head(s, 2);
    const eae_annot *label = eae_axis_find(&f->rows, "label");
    int64_t cases = 0, changes = 0;
    assert_string_equal(eae_name(&label->dict, 0), "control");
    assert_string_equal(eae_name(&label->dict, 1), "case");
    for (int64_t i = 0; i < ROWS; i++) {
        cases += label->code[i];
        changes += i > 0 && label->code[i] != label->code[i - 1];
    }
    assert_true(fabs((double)cases - ROWS / 2.0) < 4.5 * sqrt(ROWS / 4.0));
    assert_true(fabs((double)changes - ROWS / 2.0) < 4.5 * sqrt(ROWS / 4.0));
    assert_string_equal(eae_name(&f->rows.names, 0), "s1");
    assert_string_equal(eae_name(&f->rows.names, 99999), "s100000");
    eae_frame_free(f);
    eae_synth_free(s);
}

/* Without noise a feature is its mean; with it, the difference between the classes over the sd is
 * the truth, within 5 standard errors (60 features: chance 4e-5 in all). */
static void signal_is_as_planted(void **state)
{
    (void)state;
    enum { ROWS = 4000, COLS = 60, PLANTED = 10 };
    eae_synth_options o = {
        .rows = ROWS, .cols = COLS, .noise = 0, .planted = PLANTED, .effect = 0, .seed = 21};
    float *x = eae_malloc(ROWS * COLS, sizeof *x), level[COLS];
    eae_synth *s = make(o);
    rows_of(s, 0, 1, level);
    eae_synth_free(s);
    o.noise = 1;
    o.effect = 1.5;
    s = make(o);
    eae_frame *f = eae_synth_head(s, 2);
    const double *truth = eae_axis_find(&f->cols, "truth")->f64;
    const int32_t *code = eae_axis_find(&f->rows, "label")->code;
    rows_of(s, 0, ROWS, x);
    int planted = 0, up = 0;
    for (int j = 0; j < COLS; j++) {
        double n[2] = {0}, sum[2] = {0}, square[2] = {0};
        for (int i = 0; i < ROWS; i++) {
            double v = (double)x[i * COLS + j];
            n[code[i]]++;
            sum[code[i]] += v;
            square[code[i]] += v * v;
        }
        double a = sum[0] / n[0], b = sum[1] / n[1];
        double sd = sqrt((square[0] - n[0] * a * a + square[1] - n[1] * b * b) / (ROWS - 2));
        double se = sqrt(1 / n[0] + 1 / n[1]);
        assert_true(level[j] >= 2.2f && level[j] <= 14.3f);
        assert_true(sd > 0.02 && sd < 3);
        assert_true(truth[j] == 0 || fabs(truth[j]) == 1.5);
        assert_true(fabs((b - a) / sd - truth[j]) < 5 * se * sqrt(1 + 1.5 * 1.5 / 8));
        assert_true(fabs((a + b) / 2 - (double)level[j]) < 5 * sd * se);
        planted += truth[j] != 0;
        up += truth[j] > 0;
    }
    assert_int_equal(planted, PLANTED);
    assert_true(up > 0 && up < PLANTED); /* all one way: chance 0.002 */
    eae_frame_free(f);
    eae_synth_free(s);
    free(x);
}

/* The share of missing values within 4.5 standard errors (chance 7e-6). */
static void missing_values_are_as_many_as_asked(void **state)
{
    (void)state;
    enum { ROWS = 500, COLS = 200 };
    eae_synth *s = make(
        (eae_synth_options){.rows = ROWS, .cols = COLS, .noise = 1, .missing = 0.05, .seed = 2});
    float *x = eae_malloc(ROWS * COLS, sizeof *x);
    double missing = 0;
    rows_of(s, 0, ROWS, x);
    for (int i = 0; i < ROWS * COLS; i++)
        missing += isnan(x[i]) != 0;
    assert_true(fabs(missing - 0.05 * ROWS * COLS) < 4.5 * sqrt(0.05 * 0.95 * ROWS * COLS));
    eae_synth_free(s);
    free(x);
}

/* Mean and sd of a base by hand: f1 has 1, 2, 6 (mean 3, sd sqrt 7), f2 has 5 and a gap. */
static void base_gives_mean_and_sd(void **state)
{
    (void)state;
    enum { ROWS = 20000 };
    eae_frame *base;
    assert_int_equal(eae_frame_new(&base, EAE_KIND_DATA, EAE_F32, 3, 2), EAE_OK);
    memcpy(base->payload, (float[]){1, 5, 2, NAN, 6, 5}, 6 * sizeof(float));
    eae_names_add(&base->cols.names, "left", 4);
    eae_names_add(&base->cols.names, "right", 5);
    eae_synth *s = make((eae_synth_options){.rows = ROWS, .noise = 2, .seed = 5, .base = base});
    float *x = eae_malloc(ROWS * 2, sizeof *x);
    double sum = 0, square = 0;
    assert_int_equal(eae_synth_cols(s), 2);
    rows_of(s, 0, ROWS, x);
    for (int i = 0; i < ROWS; i++) {
        sum += (double)x[2 * i];
        square += (double)x[2 * i] * (double)x[2 * i];
        assert_true(x[2 * i + 1] == 5);
    }
    double mean = sum / ROWS, sd = sqrt(square / ROWS - mean * mean);
    assert_true(fabs(mean - 3) < 4.5 * sqrt(28.0 / ROWS));
    assert_true(fabs(sd / sqrt(28) - 1) < 4.5 * sqrt(0.5 / ROWS));
    eae_frame *head = eae_synth_head(s, 2);
    assert_string_equal(eae_name(&head->cols.names, 1), "right");
    eae_frame_free(head);
    eae_synth_free(s);
    free(x);
    eae_frame_f32(base)[0] = eae_frame_f32(base)[2] = eae_frame_f32(base)[4] = NAN;
    assert_int_equal(
        eae_synth_new(&s, &(eae_synth_options){.rows = 1, .to = 1, .noise = 1, .base = base}),
        EAE_FAIL);
    assert_non_null(strstr(eae_message(), "'left'"));
    eae_frame_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deviates_are_normal_quantiles),
        cmocka_unit_test(any_part_of_a_sequence),
        cmocka_unit_test(deviates_are_normal),
        cmocka_unit_test(any_cells),
        cmocka_unit_test(labels_are_fair),
        cmocka_unit_test(signal_is_as_planted),
        cmocka_unit_test(missing_values_are_as_many_as_asked),
        cmocka_unit_test(base_gives_mean_and_sd),
    };
    return cmocka_run_group_tests_name("synth", tests, NULL, NULL);
}
