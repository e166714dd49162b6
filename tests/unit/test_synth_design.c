/*
 * test_synth_design.c - what is planted in synthetic matrices is there: blocks, groups, classes,
 * survival, the built-in base. Statistics with a bound from the sampling error, at a chance of
 * about 1e-6 that a right program fails; each is also asked about a wrong value, and has to refuse
 * it. (The seeds are fixed, so a test that passes once always does.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#include "base/elementary.h"
#include "base/memory.h"
#include "eval/synth/synth.h"

static const double z_one = 4.9, z_hundreds = 5.9; /* two-sided 1e-6, alone and over 276 */

/* A base whose features have mean 0 and sd 1. */
static eae_frame *standard_base(int64_t cols)
{
    eae_frame *f;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F64, 2, cols), EAE_OK);
    for (int64_t j = 0; j < cols; j++) {
        eae_frame_f64(f)[j] = -sqrt(0.5);
        eae_frame_f64(f)[cols + j] = sqrt(0.5);
    }
    return f;
}

typedef struct {
    int64_t rows, cols;
    float *x;
    eae_frame *head;
} sample;

static sample draw(eae_synth_options o, bool standard)
{
    sample d = {.rows = o.rows, .cols = o.cols};
    eae_frame *base = standard ? standard_base(o.cols) : NULL;
    eae_synth *s;
    o.base = base;
    o.to = o.rows;
    assert_int_equal(eae_synth_new(&s, &o), EAE_OK);
    d.x = eae_malloc((size_t)(o.rows * o.cols), sizeof *d.x);
    eae_synth_cells(s, 0, o.rows * o.cols, d.x);
    d.head = eae_synth_head(s, 2);
    eae_synth_free(s);
    if (base)
        eae_frame_free(base);
    return d;
}

static void release(sample *d)
{
    eae_frame_free(d->head);
    free(d->x);
}

static double at(const sample *d, int64_t i, int64_t j)
{
    return (double)d->x[i * d->cols + j];
}

/* ---- blocks ----------------------------------------------------------------------------- */

static double correlation(const sample *d, int64_t j, int64_t k)
{
    double n = (double)d->rows, a = 0, b = 0, aa = 0, bb = 0, ab = 0;
    for (int64_t i = 0; i < d->rows; i++) {
        double x = at(d, i, j), y = at(d, i, k);
        a += x;
        b += y;
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    return (ab - a * b / n) / sqrt((aa - a * a / n) * (bb - b * b / n));
}

/* Fisher's transformation of each pair's correlation has sd 1 / sqrt(n - 3). */
static bool blocks_are(const sample *d, double rho)
{
    const int64_t *block = eae_axis_find(&d->head->cols, "block")->i64;
    for (int64_t j = 0; j < d->cols; j++) {
        for (int64_t k = 0; k < j; k++) {
            double want = block[j] == block[k] ? rho : 0;
            double off = atanh(correlation(d, j, k)) - atanh(want);
            if (fabs(off) * sqrt((double)d->rows - 3) > z_hundreds)
                return false;
        }
    }
    return true;
}

static bool variances_are(const sample *d, double variance)
{
    double n = (double)d->rows;
    for (int64_t j = 0; j < d->cols; j++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < d->rows; i++) {
            sum += at(d, i, j);
            square += at(d, i, j) * at(d, i, j);
        }
        double s2 = (square - sum * sum / n) / (n - 1);
        if (fabs(sum / n) > z_hundreds * sqrt(variance / n) ||
            fabs(s2 / variance - 1) > z_hundreds * sqrt(2 / (n - 1)))
            return false;
    }
    return true;
}

static void blocks_correlate(void **state)
{
    (void)state;
    static const int64_t sizes[] = {6, 5, 6, 5, 5}; /* floor(j 5 / 27) */
    int64_t count[5] = {0};
    sample d = draw(
        (eae_synth_options){
            .rows = 4000, .cols = 27, .noise = 1, .blocks = 5, .rho = 0.6, .seed = 3},
        true);
    const int64_t *block = eae_axis_find(&d.head->cols, "block")->i64;
    for (int64_t j = 0; j < d.cols; j++) {
        assert_true(j == 0 || block[j] == block[j - 1] || block[j] == block[j - 1] + 1);
        count[block[j] - 1]++;
    }
    assert_memory_equal(count, sizes, sizeof sizes);
    assert_true(blocks_are(&d, 0.6));
    assert_false(blocks_are(&d, 0.5));
    assert_false(blocks_are(&d, 0));
    assert_true(variances_are(&d, 1));
    assert_false(variances_are(&d, 1.2));
    release(&d);
}

/* ---- classes ---------------------------------------------------------------------------- */

static bool shares_are(const sample *d, int classes, double last)
{
    const eae_annot *label = eae_axis_find(&d->head->rows, "label");
    double n = (double)d->rows;
    for (int c = 0; c < classes; c++) {
        double count = 0, p = c == classes - 1 ? last : (1 - last) / (classes - 1);
        for (int64_t i = 0; i < d->rows; i++)
            count += label->code[i] == c;
        if (fabs(count - n * p) > 5.2 * sqrt(n * p * (1 - p)))
            return false;
    }
    return true;
}

static void classes_have_their_shares(void **state)
{
    (void)state;
    sample d = draw(
        (eae_synth_options){
            .rows = 100000, .cols = 1, .noise = 1, .classes = 4, .balance = 0.4, .seed = 5},
        true);
    const eae_annot *label = eae_axis_find(&d.head->rows, "label");
    assert_string_equal(eae_name(&label->dict, 0), "class1");
    assert_string_equal(eae_name(&label->dict, 3), "class4");
    assert_true(shares_are(&d, 4, 0.4));
    assert_false(shares_are(&d, 4, 0.38));
    release(&d);
    d = draw((eae_synth_options){.rows = 100000, .cols = 1, .noise = 1, .classes = 7, .seed = 5},
             true);
    assert_true(shares_are(&d, 7, 1.0 / 7));
    release(&d);
    d = draw((eae_synth_options){.rows = 100000, .cols = 1, .noise = 1, .balance = 0.1, .seed = 6},
             true);
    assert_true(shares_are(&d, 2, 0.1));
    assert_false(shares_are(&d, 2, 0.11));
    release(&d);
}

/* Mean of each class against factor x truth (marked - 1 / C), over all features and classes. */
static bool effects_are(const sample *d, int classes, double factor)
{
    const double *truth = eae_axis_find(&d->head->cols, "truth")->f64;
    const int32_t *marked = eae_axis_find(&d->head->cols, "truth_class")->code;
    const int32_t *code = eae_axis_find(&d->head->rows, "label")->code;
    for (int64_t j = 0; j < d->cols; j++) {
        for (int c = 0; c < classes; c++) {
            double n = 0, sum = 0;
            double want = factor * truth[j] * ((marked[j] == c) - 1.0 / classes);
            for (int64_t i = 0; i < d->rows; i++) {
                n += code[i] == c;
                sum += code[i] == c ? at(d, i, j) : 0;
            }
            if (fabs(sum / n - want) * sqrt(n) > z_hundreds)
                return false;
        }
    }
    return true;
}

static void features_mark_classes(void **state)
{
    (void)state;
    int64_t count[4] = {0};
    sample d = draw((eae_synth_options){.rows = 8000,
                                        .cols = 20,
                                        .noise = 1,
                                        .classes = 3,
                                        .planted = 7,
                                        .effect = 1.2,
                                        .seed = 8},
                    true);
    const int32_t *marked = eae_axis_find(&d.head->cols, "truth_class")->code;
    for (int64_t j = 0; j < d.cols; j++)
        count[marked[j] + 1]++;
    assert_int_equal(count[0], 13);
    for (int c = 1; c <= 3; c++)
        assert_true(count[c] == 2 || count[c] == 3);
    assert_true(effects_are(&d, 3, 1));
    assert_false(effects_are(&d, 3, 0.8));
    release(&d);
}

/* ---- groups ----------------------------------------------------------------------------- */

/* F of the one-way analysis of variance is 1 + 4 g / (1 - g) times an F variable. */
static bool within_groups_is(const sample *d, int64_t j, double g)
{
    double total = 0, between = 0, within = 0, groups = (double)d->rows / 4;
    for (int64_t i = 0; i < d->rows; i++)
        total += at(d, i, j);
    for (int64_t i = 0; i < d->rows; i += 4) {
        double mean = (at(d, i, j) + at(d, i + 1, j) + at(d, i + 2, j) + at(d, i + 3, j)) / 4;
        double off = mean - total / (double)d->rows;
        between += 4 * off * off;
        for (int64_t k = i; k < i + 4; k++)
            within += (at(d, k, j) - mean) * (at(d, k, j) - mean);
    }
    double f = between / (groups - 1) / (within / (3 * groups));
    double se = sqrt(2 / (groups - 1) + 2 / (3 * groups));
    return fabs(log(f / (1 + 4 * g / (1 - g)))) < z_one * se;
}

static void samples_of_a_group_are_alike(void **state)
{
    (void)state;
    sample d = draw((eae_synth_options){.rows = 6000,
                                        .cols = 8,
                                        .noise = 1,
                                        .groups = 1500,
                                        .blocks = 2,
                                        .rho = 0.4,
                                        .seed = 12},
                    true);
    const eae_annot *group = eae_axis_find(&d.head->rows, "group");
    const int32_t *code = eae_axis_find(&d.head->rows, "label")->code;
    double cases = 0;
    assert_string_equal(eae_annot_text(group, 5999), "g1500");
    for (int64_t i = 0; i < d.rows; i++) {
        assert_int_equal(group->code[i], i / 4);
        assert_int_equal(code[i], code[i - i % 4]);
        cases += code[i];
    }
    assert_true(fabs(cases / 4 - 750) < z_one * sqrt(1500 / 4.0));
    for (int64_t j = 0; j < d.cols; j++) {
        assert_true(within_groups_is(&d, j, 0.25));
        assert_false(within_groups_is(&d, j, 0.38));
        assert_false(within_groups_is(&d, j, 0));
    }
    release(&d);
}

/* ---- survival --------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: the chance of D sqrt(n) > 2.69 is 2 exp(-2 2.69^2) = 1e-6. */
static bool is_exponential(const double *time, int64_t n, double rate)
{
    double *t = eae_malloc((size_t)n, sizeof *t), largest = 0;
    memcpy(t, time, (size_t)n * sizeof *t);
    qsort(t, (size_t)n, sizeof *t, ascending);
    for (int64_t i = 0; i < n; i++) {
        double f = 1 - exp(-rate * t[i]);
        largest = fmax(largest, fmax(f - (double)i / (double)n, (double)(i + 1) / (double)n - f));
    }
    free(t);
    return largest * sqrt((double)n) < 2.69;
}

static void times_without_signal(void **state)
{
    (void)state;
    sample d = draw(
        (eae_synth_options){.rows = 20000, .cols = 1, .noise = 1, .survival = true, .seed = 14},
        true);
    const double *time = eae_axis_find(&d.head->rows, "time")->f64;
    const double *status = eae_axis_find(&d.head->rows, "status")->f64;
    double events = 0, n = (double)d.rows;
    assert_null(eae_axis_find(&d.head->rows, "label"));
    for (int64_t i = 0; i < d.rows; i++) {
        assert_true(status[i] == 0 || status[i] == 1);
        assert_true(time[i] > 0);
        events += status[i];
    }
    assert_true(fabs(events - 0.7 * n) < z_one * sqrt(0.21 * n));
    assert_true(is_exponential(time, d.rows, 10.0 / 7));
    assert_false(is_exponential(time, d.rows, 1.3));
    release(&d);
}

/* Events minus the hazard they had is a martingale: with weights w, the sum of w (status - hazard)
 * has mean 0 and a variance that the sum of w^2 hazard estimates. With weight eta it is the score
 * of the effect. */
static bool hazards_are(const sample *d, double factor)
{
    const double *truth = eae_axis_find(&d->head->cols, "truth")->f64;
    const double *time = eae_axis_find(&d->head->rows, "time")->f64;
    const double *status = eae_axis_find(&d->head->rows, "status")->f64;
    double plain = 0, plain_variance = 0, score = 0, variance = 0;
    for (int64_t i = 0; i < d->rows; i++) {
        double eta = 0;
        for (int64_t j = 0; j < d->cols; j++)
            eta += factor * truth[j] * at(d, i, j);
        double hazard = time[i] * exp(eta);
        plain += status[i] - hazard;
        plain_variance += hazard;
        score += eta * (status[i] - hazard);
        variance += eta * eta * hazard;
    }
    return fabs(plain) < z_one * sqrt(plain_variance) && fabs(score) < z_one * sqrt(variance);
}

static void hazard_follows_the_planted_features(void **state)
{
    (void)state;
    eae_synth_options o = {.rows = 20000,
                           .cols = 10,
                           .noise = 1,
                           .survival = true,
                           .planted = 4,
                           .effect = 0.5,
                           .blocks = 2,
                           .rho = 0.5,
                           .seed = 15};
    sample d = draw(o, true);
    assert_true(hazards_are(&d, 1));
    assert_false(hazards_are(&d, 0.85));
    assert_false(hazards_are(&d, 0));
    release(&d);
    o.groups = 5000; /* the outcome belongs to the group */
    d = draw(o, true);
    const double *time = eae_axis_find(&d.head->rows, "time")->f64;
    for (int64_t i = 0; i < d.rows; i++)
        assert_true(time[i] == time[i - i % 4]);
    assert_true(time[0] != time[4]);
    release(&d);
    o.groups = 0;
    o.effect = 1e6; /* cut, not infinite */
    d = draw(o, true);
    time = eae_axis_find(&d.head->rows, "time")->f64;
    for (int64_t i = 0; i < d.rows; i++)
        assert_true(time[i] > 0 && isfinite(time[i]));
    release(&d);
}

/* ---- the built-in base ------------------------------------------------------------------ */

/* Not statistics of chance: what arrays look like, and what the manual says. */
static void built_in_base_looks_like_an_array(void **state)
{
    (void)state;
    enum { P = 54675 };
    eae_synth_options o = {.rows = 1, .cols = P, .noise = 0, .seed = 1};
    sample mean = draw(o, false);
    o.noise = 1;
    o.rows = 8;
    sample d = draw(o, false);
    double low = 0, high = 0, n[2] = {0}, square[2] = {0};
    for (int64_t j = 0; j < P; j++) {
        double m = at(&mean, 0, j);
        assert_true(m >= 2.2 - 1e-6 && m <= 14.3 + 1e-6);
        low += m > 3 && m < 6;
        high += m > 10;
        int middle = m > 7 && m < 9;
        if (!middle && m > 4.5)
            continue;
        for (int64_t i = 0; i < 8; i++) {
            n[middle]++;
            square[middle] += (at(&d, i, j) - m) * (at(&d, i, j) - m);
        }
    }
    assert_true(low / P > 0.6 && low / P < 0.7);
    assert_true(high / P > 0.02 && high / P < 0.06);
    double sd[2] = {sqrt(square[0] / n[0]), sqrt(square[1] / n[1])};
    assert_true(sd[0] > 0.15 && sd[0] < 0.35);
    assert_true(sd[1] > 0.45 && sd[1] < 0.65);
    release(&mean);
    release(&d);
}

static void elementary_functions_are_accurate(void **state)
{
    (void)state;
    for (int i = -70000; i <= 70000; i++) {
        double x = i * 0.01, want = exp(x);
        assert_true(fabs(eae_exp(x) / want - 1) < 1e-15);
    }
    for (double x = 1e-300; x < 1e300; x *= 1.01)
        assert_true(fabs(eae_log(x) - log(x)) <= 1e-15 * fabs(log(x)));
    for (int i = -500; i < 500; i++) {
        double x = 1 + i * 1e-5;
        assert_true(fabs(eae_log(x) - log(x)) <= 1e-15 * fabs(log(x)));
    }
    assert_true(eae_log(1) == 0 && eae_exp(0) == 1);
    assert_true(eae_exp(1e9) == eae_exp(700) && eae_exp(-1e9) == eae_exp(-700));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_correlate),
        cmocka_unit_test(classes_have_their_shares),
        cmocka_unit_test(features_mark_classes),
        cmocka_unit_test(samples_of_a_group_are_alike),
        cmocka_unit_test(times_without_signal),
        cmocka_unit_test(hazard_follows_the_planted_features),
        cmocka_unit_test(built_in_base_looks_like_an_array),
        cmocka_unit_test(elementary_functions_are_accurate),
    };
    return cmocka_run_group_tests_name("synth_design", tests, NULL, NULL);
}
