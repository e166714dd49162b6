/*
 * test_weight_scan.c - the smallest weights against all of them, over models that move little and
 * much; schedules of sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "eval/eliminate/schedule.h"
#include "model/rough.h"
#include "model/weight_scan.h"

enum { ROWS = 30, COLS = 400 };

static const eae_kernels *cpu;

typedef struct {
    double size;
    int64_t feature;
} sized;

static int by_size(const void *pa, const void *pb)
{
    const sized *a = pa, *b = pb;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return (a->feature > b->feature) - (a->feature < b->feature);
}

/* All sizes, by the definition; 0 of features that are nothing, whatever rounding says. */
static void sort_all(const eae_features *f, const double *norm, const int64_t *active,
                     int64_t count, const double *b, int sides, sized *all)
{
    double *w = EAE_NEW_ARRAY(double, count *sides);
    cpu->feature_weights(f, active, count, b, sides, w);
    for (int64_t k = 0; k < count; k++) {
        double square = 0;
        for (int q = 0; q < sides; q++)
            square += w[k * sides + q] * w[k * sides + q];
        double size = sides == 1 ? fabs(w[k]) : sqrt(square);
        all[k] = (sized){norm[active[k]] == 0 ? 0 : size, active[k]};
    }
    qsort(all, (size_t)count, sizeof *all, by_size);
    free(w);
}

static void take_out(int64_t *active, int64_t *count, const int64_t *out, int64_t r)
{
    int64_t kept = 0;
    for (int64_t k = 0; k < *count; k++) {
        bool gone = false;
        for (int64_t i = 0; i < r; i++)
            gone |= out[i] == active[k];
        if (!gone)
            active[kept++] = active[k];
    }
    *count = kept;
}

/* Models that move by `pace` of their length at each step; r features go at a time, and where
 * `others` do too, some that were not returned. */
static void walk(int sides, double pace, int64_t r, bool scaled, bool others)
{
    eae_random rng;
    eae_random_start(&rng, 7, EAE_RANDOM_SYNTH_OTHER, (uint64_t)(sides * 100 + r));
    int64_t ld = eae_features_stride(ROWS), count = COLS, out[COLS], active[COLS];
    float *x = eae_try_alloc((size_t)(COLS * ld), sizeof *x, "values");
    double shift[COLS], inverse[COLS], norm[COLS], b[ROWS * 3];
    memset(x, 0, (size_t)(COLS * ld) * sizeof *x);
    for (int64_t j = 0; j < COLS; j++) {
        active[j] = j;
        inverse[j] = scaled ? 1 : exp(4 * eae_random_unit(&rng));
        shift[j] = scaled ? 0 : floor(100 * eae_random_unit(&rng));
        for (int64_t i = 0; i < ROWS; i++)
            x[j * ld + i] = j % 50 == 49 ? x[(j - 1) * ld + i]
                                         : (float)(eae_random_unit(&rng) - 0.5 + shift[j]);
        if (j % 50 == 49) { /* equal features, for ties */
            inverse[j] = inverse[j - 1];
            shift[j] = shift[j - 1];
        }
        for (int64_t i = 0; i < ROWS && j % 10 == 3; i++) /* and some that are nothing */
            x[j * ld + i] = (float)shift[j];
    }
    for (int i = 0; i < ROWS * sides; i++)
        b[i] = eae_random_unit(&rng) - 0.5;
    eae_features f = {
        .x = x, .rows = ROWS, .ld = ld, .cols = COLS, .shift = shift, .inverse = inverse};
    eae_weight_scan scan;
    eae_rough rough;
    assert_int_equal(eae_rough_open(&rough, cpu, &f, 1), EAE_OK);
    eae_feature_norms(&f, NULL, ROWS, norm);
    assert_int_equal(eae_weight_scan_open(&scan, cpu, &f, &rough, sides, norm), EAE_OK);
    while (count > 0) {
        sized all[COLS];
        int64_t go = r < count ? r : count;
        double gap;
        sort_all(&f, norm, active, count, b, sides, all);
        assert_int_equal(
            eae_weight_scan_smallest(&scan, active, count, b, go, out, &gap, 1 + (int)(count % 2)),
            EAE_OK);
        for (int64_t k = 0; k < go; k++)
            assert_int_equal(out[k], all[k].feature);
        if (go < count) {
            double last = all[go - 1].size, next = all[go].size;
            double want = next > 0 ? (next * next - last * last) / (next * next) : 0;
            assert_true(fabs(gap - want) < 1e-12);
        }
        take_out(active, &count, out, go);
        if (others && count > 60) /* also others */
            take_out(active, &count, active + count / 2, 3);
        for (int i = 0; i < ROWS * sides; i++)
            b[i] = 1.01 * b[i] + pace * (eae_random_unit(&rng) - 0.5);
    }
    eae_weight_scan_close(&scan);
    eae_rough_close(&rough);
    free(x);
}

static void test_slow(void **state)
{
    (void)state;
    walk(1, 0.001, 3, true, false);
    walk(1, 0.001, 3, false, true);
    walk(1, 0.01, 20, false, false);
    walk(3, 0.002, 5, true, false);
    walk(1, 0, 2, false, false);
}

static void test_fast(void **state)
{
    (void)state;
    walk(1, 1, 1, true, false);
    walk(2, 0.5, 40, false, true);
}

/* D and what its whole numbers leave of it, by their definitions. */
static void test_step(void **state)
{
    (void)state;
    enum { LD = 32, SIDES = 2 };
    eae_random rng;
    eae_random_start(&rng, 8, EAE_RANDOM_SYNTH_OTHER, 0);
    double old[ROWS * SIDES], b[ROWS * SIDES], along = 0, length = 0, left = 0;
    for (int i = 0; i < ROWS * SIDES; i++) {
        old[i] = eae_random_unit(&rng) - 0.5;
        b[i] = 3 * old[i] + 0.01 * (eae_random_unit(&rng) - 0.5);
    }
    eae_weight_step step;
    assert_int_equal(eae_weight_step_open(&step, ROWS, LD, SIDES), EAE_OK);
    eae_weight_step_make(&step, b, old);
    for (int q = 0; q < SIDES; q++) {
        double sum = 0;
        for (int i = 0; i < ROWS; i++) {
            double d = b[i * SIDES + q] - step.by * old[i * SIDES + q];
            double rest = d - step.unit[q] * step.vector[q * LD + i];
            sum += d;
            along += d * old[i * SIDES + q];
            length += d * d;
            left += rest * rest;
        }
        assert_true(fabs(sum - step.sum[q]) < 1e-12);
        for (int i = ROWS; i < LD; i++)
            assert_int_equal(step.vector[q * LD + i], 0);
    }
    assert_true(fabs(along) < 1e-12); /* the shortest D */
    assert_true(step.length >= sqrt(length) && step.length < sqrt(length) * 1.0001);
    assert_true(step.left >= sqrt(left) && step.left < 1e-3 * step.length);
    memset(old, 0, sizeof old); /* from nothing: D is B */
    eae_weight_step_make(&step, b, old);
    assert_true(step.by == 0 && step.length >= step.size);
    eae_weight_step_close(&step);
}

static void assert_sizes(const char *step, int64_t from, int64_t until, const int64_t *sizes,
                         int64_t n, const int64_t *want, int64_t count)
{
    eae_step s;
    eae_schedule schedule;
    assert_int_equal(eae_step_parse(step, &s), EAE_OK);
    assert_int_equal(eae_schedule_make(&s, from, until, sizes, n, 0, &schedule), EAE_OK);
    assert_int_equal(schedule.count, count);
    assert_memory_equal(schedule.size, want, (size_t)count * sizeof *want);
    assert_int_equal(schedule.shown_count, n ? n : count);
    eae_schedule_free(&schedule);
}

static void test_schedule(void **state)
{
    (void)state;
    const int64_t constant[] = {10, 7, 4, 2}, asked[] = {5, 3};
    assert_sizes("3", 10, 2, NULL, 0, constant, 4);
    const int64_t stops[] = {10, 7, 5, 3, 2};
    assert_sizes("3", 10, 2, asked, 2, stops, 5);
    const int64_t half[] = {9, 5, 3, 2, 1};
    assert_sizes("50%", 9, 1, NULL, 0, half, 5);
    const int64_t mixed[] = {100, 50, 25, 13, 10, 7, 4, 1};
    assert_sizes("50%:3@13", 100, 1, NULL, 0, mixed, 8);
    const int64_t none[] = {6};
    assert_sizes("1%", 6, 6, NULL, 0, none, 1);
}

static void test_step_errors(void **state)
{
    (void)state;
    const char *const bad[] = {"",    "0",      "-1",   "1.5",   "%",     "0%",
                               "x%",  "100%",   "5%:",  "5%:1",  "5%:1@", "5%:0@10",
                               "5%x", "5%:1@x", "nan%", "5%:1@0"};
    eae_step s;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(eae_step_parse(bad[i], &s), EAE_USAGE);
}

static int setup(void **state)
{
    (void)state;
    return eae_kernels_choose(EAE_BACKEND_CPU, &cpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow),        cmocka_unit_test(test_fast),
        cmocka_unit_test(test_step),        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_step_errors),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
