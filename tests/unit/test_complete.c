/*
 * test_complete.c - filling gaps from factors: against its own definition, what it may learn from,
 * the estimate of its error; the same as a step of preparation and of a model that is applied.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tolerance.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/random.h"
#include "eval/score/apply.h"
#include "model/prepare.h"

enum { ROWS = 40, COLS = 60, RANK = 3 };

/* Rank 3 in units of each feature, noise, and gaps: about one in `every` (0: none). */
static void make(double *x, double noise, int every)
{
    double a[(ROWS + COLS) * RANK];
    eae_random r;
    eae_random_start(&r, 11, EAE_RANDOM_SYNTH_VALUE, 1);
    for (int k = 0; k < (ROWS + COLS) * RANK; k++)
        a[k] = eae_random_unit(&r) + eae_random_unit(&r) - 1;
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS; j++) {
            double s = noise * (eae_random_unit(&r) - 0.5);
            for (int k = 0; k < RANK; k++)
                s += a[i * RANK + k] * a[(ROWS + j) * RANK + k];
            bool gap = every && eae_random_below(&r, (uint64_t)every) == 0;
            x[i * COLS + j] = gap ? NAN : 100 + j + (1 + j % 7) * s;
        }
    }
}

static eae_incomplete matrix_of(double *x)
{
    return (eae_incomplete){.kernels = &eae_kernels_ref,
                            .x = x,
                            .is_f64 = true,
                            .rows = ROWS,
                            .cols = COLS,
                            .threads = 2};
}

/* ---- the words --------------------------------------------------------------------------------
 */

static void methods_by_name(void **state)
{
    eae_complete_spec spec = {.seed = 7};
    eae_imputation how;
    static const char *const bad[] = {"als",       "als:",   "als:0",   "als:-1",   "als:1.5",
                                      "als:1001",  "als:3:", "als:3:0", "als:3:-1", "als:3:x",
                                      "als:3:1:1", "alss:3", ""};
    (void)state;
    assert_int_equal(eae_complete_parse("als:3", &spec), EAE_OK);
    assert_true(spec.rank == 3 && spec.lambda == EAE_COMPLETE_LAMBDA && spec.seed == 7);
    assert_int_equal(eae_complete_parse("als:12:0.25", &spec), EAE_OK);
    assert_true(spec.rank == 12 && spec.lambda == 0.25);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(eae_complete_parse(bad[i], &spec), EAE_USAGE);
        assert_int_equal(eae_imputation_parse(bad[i], &how, &spec), EAE_USAGE);
    }
    assert_non_null(strstr(eae_message(), "none, mean, median, als:K or als:K:LAMBDA"));
    static const char *const good[] = {"none", "mean", "median", "als:2"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(eae_imputation_parse(good[i], &how, &spec), EAE_OK);
        assert_int_equal(how, i);
    }
}

/* ---- filling ----------------------------------------------------------------------------------
 */

/* The value of a gap by complete.h: loadings from the row's own known values. */
static double by_definition(const eae_completion *c, const double *row, int j)
{
    int64_t rank = c->als.rank;
    double a[9] = {0}, b[3] = {0}, known = 0;
    assert_int_equal(rank, 3);
    for (int k = 0; k < COLS; k++) {
        if (isnan(row[k]))
            continue;
        const double *v = c->als.v + k * 3;
        known++;
        for (int s = 0; s < 3; s++) {
            b[s] += v[s] * (row[k] - c->mean[k]) / c->scale[k];
            for (int t = 0; t < 3; t++)
                a[s * 3 + t] += v[s] * v[t];
        }
    }
    for (int s = 0; s < 3; s++)
        a[s * 3 + s] += c->als.lambda * known;
    assert_int_equal(eae_kernels_ref.cholesky(a, 3), EAE_OK);
    assert_int_equal(eae_kernels_ref.cholesky_solve(a, 3, b, 1), EAE_OK);
    const double *v = c->als.v + j * 3;
    return c->mean[j] + c->scale[j] * (v[0] * b[0] + v[1] * b[1] + v[2] * b[2]);
}

static void gaps_get_what_the_factors_say(void **state)
{
    static const int64_t train[] = {0, 1, 2, 3, 5, 8, 9, 12, 13, 14, 17, 20, 22, 25, 30, 31};
    static const double count[] = {1, 2, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1};
    double *x = EAE_NEW_ARRAY(double, ROWS *COLS), *full = EAE_NEW_ARRAY(double, ROWS *COLS);
    eae_complete_spec spec = {.rank = 3, .lambda = 0.02, .seed = 1};
    eae_completion c;
    (void)state;
    make(x, 0.5, 6);
    memcpy(full, x, ROWS * COLS * sizeof *x);
    eae_incomplete data = matrix_of(full);
    assert_int_equal(eae_complete_learn(&data, &spec, train, count, 16, &c), EAE_OK);
    assert_memory_equal(full, x, ROWS * COLS * sizeof *x);
    assert_int_equal(eae_complete_fill(&c, &data), EAE_OK);
    int gaps = 0;
    for (int k = 0; k < ROWS * COLS; k++) {
        if (!isnan(x[k])) {
            assert_true(full[k] == x[k]);
            continue;
        }
        double want = by_definition(&c, x + k / COLS * COLS, k % COLS);
        assert_true(fabs(full[k] - want) < EAE_TOLERANCE_SOLUTION * fabs(want));
        gaps++;
    }
    assert_true(gaps > 200);
    for (int j = 0; j < COLS; j++) { /* mean and scale of what is known in training */
        double total = 0, sum = 0, square = 0;
        for (int i = 0; i < 16; i++) {
            double v = x[train[i] * COLS + j];
            total += isnan(v) ? 0 : count[i];
            sum += isnan(v) ? 0 : count[i] * v;
        }
        for (int i = 0; i < 16; i++) {
            double d = x[train[i] * COLS + j] - sum / total;
            square += isnan(d) ? 0 : count[i] * d * d;
        }
        assert_true(fabs(c.mean[j] - sum / total) < EAE_TOLERANCE_SOLUTION * sum / total);
        assert_true(fabs(c.scale[j] - sqrt(square / total)) < EAE_TOLERANCE_SOLUTION * c.scale[j]);
    }
    eae_completion_free(&c);
    free(x);
    free(full);
}

static void nothing_is_learned_from_other_rows(void **state)
{
    static const int64_t train[] = {1, 2, 3, 5, 8, 9, 12, 13, 14, 17, 20, 22, 25, 30, 31, 33};
    double *x = EAE_NEW_ARRAY(double, ROWS *COLS), *y = EAE_NEW_ARRAY(double, ROWS *COLS);
    eae_complete_spec spec = {.rank = 3, .lambda = 0.02, .seed = 1};
    eae_completion c, d;
    (void)state;
    make(x, 0.5, 6);
    memcpy(y, x, ROWS * COLS * sizeof *x);
    for (int j = 0; j < COLS; j++) { /* rows 4 and 7 are not in training: 4 changes, 7 stays */
        if (!isnan(y[4 * COLS + j]))
            y[4 * COLS + j] = 3 * y[4 * COLS + j] - j;
    }
    eae_incomplete a = matrix_of(x), b = matrix_of(y);
    assert_int_equal(eae_complete_learn(&a, &spec, train, NULL, 16, &c), EAE_OK);
    assert_int_equal(eae_complete_learn(&b, &spec, train, NULL, 16, &d), EAE_OK);
    assert_memory_equal(c.als.v, d.als.v, COLS * 3 * sizeof *x);
    assert_memory_equal(c.mean, d.mean, COLS * sizeof *x);
    assert_memory_equal(c.scale, d.scale, COLS * sizeof *x);
    assert_int_equal(eae_complete_fill(&c, &a), EAE_OK);
    assert_int_equal(eae_complete_fill(&d, &b), EAE_OK);
    for (int i = 0; i < ROWS; i++) {
        bool same = memcmp(x + i * COLS, y + i * COLS, COLS * sizeof *x) == 0;
        assert_int_equal(same, i != 4);
    }
    eae_completion_free(&c);
    eae_completion_free(&d);
    free(x);
    free(y);
}

static void edges(void **state)
{
    double *x = EAE_NEW_ARRAY(double, ROWS *COLS);
    eae_complete_spec spec = {.rank = 2, .lambda = 0.02, .seed = 1};
    eae_completion c;
    (void)state;
    make(x, 0.5, 9);
    for (int i = 0; i < ROWS; i++) {
        x[i * COLS + 3] = NAN;                /* no value at all */
        x[i * COLS + 5] = i == 6 ? NAN : 2.5; /* constant */
    }
    for (int j = 0; j < COLS; j++)
        x[9 * COLS + j] = NAN; /* nothing known of a row */
    eae_incomplete data = matrix_of(x);
    assert_int_equal(eae_complete_learn(&data, &spec, NULL, NULL, 0, &c), EAE_OK);
    assert_int_equal(eae_complete_fill(&c, &data), EAE_OK);
    for (int j = 0; j < COLS; j++)
        assert_true(x[9 * COLS + j] == c.mean[j]);
    for (int i = 0; i < ROWS; i++)
        assert_true(x[i * COLS + 3] == 0);
    assert_true(c.scale[5] == 1 && x[6 * COLS + 5] == 2.5);
    eae_completion_free(&c);
    free(x);
}

/* ---- the estimate of the error ----------------------------------------------------------------
 */

static void hidden_values_are_found_as_well_as_can_be(void **state)
{
    double *x = EAE_NEW_ARRAY(double, ROWS *COLS);
    /* one factor more: means of what is known are not those of all */
    eae_complete_spec spec = {.rank = RANK + 1, .lambda = 1e-5, .seed = 1};
    eae_complete_error exact, noisy, again, other;
    (void)state;
    make(x, 0, 0);
    eae_incomplete data = matrix_of(x);
    assert_int_equal(eae_complete_estimate(&data, &spec, &exact), EAE_OK);
    assert_true(exact.hidden > 0.07 * ROWS * COLS && exact.hidden < 0.13 * ROWS * COLS);
    assert_true(exact.error < 0.001);
    assert_true(exact.mean > 0.9 && exact.mean < 1.1);
    /* nothing but noise: no better than the mean */
    eae_random r;
    eae_random_start(&r, 1, EAE_RANDOM_SYNTH_OTHER, 5);
    for (int k = 0; k < ROWS * COLS; k++)
        x[k] = eae_random_unit(&r);
    assert_int_equal(eae_complete_estimate(&data, &spec, &noisy), EAE_OK);
    assert_true(noisy.error > noisy.mean);
    data.threads = 1;
    assert_int_equal(eae_complete_estimate(&data, &spec, &again), EAE_OK);
    assert_memory_equal(&again, &noisy, sizeof noisy);
    spec.seed = 2;
    assert_int_equal(eae_complete_estimate(&data, &spec, &other), EAE_OK);
    assert_true(other.hidden != noisy.hidden || other.error != noisy.error);
    free(x);
}

/* ---- in a training set ------------------------------------------------------------------------
 */

/* Factors of the training rows; what follows sees the completed values, of held-out rows as well.
 */
static void preparation_completes_before_all_else(void **state)
{
    static const int64_t train[] = {1, 2, 3, 5, 8, 9, 12, 13, 14, 17, 20, 22, 25, 30, 31, 33};
    double count[16], *x = EAE_NEW_ARRAY(double, ROWS *COLS);
    double *full = EAE_NEW_ARRAY(double, ROWS *COLS);
    (void)state;
    make(x, 0.5, 6);
    for (int i = 0; i < 16; i++)
        count[i] = 1 + i % 2;
    for (int f64 = 0; f64 < 2; f64++) {
        float *single = EAE_NEW_ARRAY(float, ROWS *COLS);
        for (int k = 0; k < ROWS * COLS; k++)
            single[k] = (float)x[k];
        eae_prepare_spec spec = {.scaling = EAE_SCALE_FOLD,
                                 .imputation = EAE_IMPUTE_ALS,
                                 .complete = {.rank = 3, .lambda = 0.02, .seed = 4},
                                 .filter = EAE_FILTER_VARIANCE,
                                 .keep = 20};
        eae_dataset d;
        eae_prepared p;
        const void *data = f64 ? (const void *)x : single;
        assert_int_equal(eae_dataset_open(&d, &eae_kernels_ref, data, f64 == 1, ROWS, COLS, 1),
                         EAE_OK);
        assert_int_equal(eae_prepare_learn(&d, &spec, train, count, 16, NULL, &p, 2), EAE_OK);
        eae_completion c;
        memcpy(full, x, ROWS * COLS * sizeof *x);
        eae_incomplete same = matrix_of(full);
        assert_int_equal(eae_complete_learn(&same, &spec.complete, train, count, 16, &c), EAE_OK);
        assert_int_equal(eae_complete_fill(&c, &same), EAE_OK);
        double tolerance = f64 ? EAE_TOLERANCE_SOLUTION : 1e-5;
        eae_source source = eae_prepared_source(&d, &spec, &p);
        assert_int_equal(source.feature_count, 20);
        assert_null(source.fill);
        for (int k = 0; k < ROWS * COLS; k++) {
            double got = f64 ? ((const double *)source.x)[k] : (double)((const float *)source.x)[k];
            assert_true(fabs(got - full[k]) < tolerance * fabs(full[k]));
        }
        for (int j = 0; j < COLS; j++) {
            double total = 0, sum = 0;
            for (int i = 0; i < 16; i++) {
                total += count[i];
                sum += count[i] * full[train[i] * COLS + j];
            }
            assert_true(fabs(p.mean[j] - sum / total) < tolerance * fabs(sum / total));
        }
        eae_completion_free(&c);
        eae_prepared_free(&p);
        eae_dataset_close(&d);
        free(single);
    }
    free(x);
    free(full);
}

/* ---- in a model -------------------------------------------------------------------------------
 */

/* One factor (2, 1, -1) over features a, b, c; means 10 20 30, scales 1 2 5; weights 1 1 1. Known
 * z_a = 4, z_c = -3 give u = (2 4 + 3) / (4 + 1 + 2) = 11/7, so b is 20 + 2 (11/7). */
static void a_model_brings_its_factors(void **state)
{
    static const char *const part[] = {"mean", "factor-mean", "factor-scale", "factor", "weights"};
    static const char *const column[] = {"a", "b", "c"};
    static const double value[5][3] = {{1, 2, 3}, {10, 20, 30}, {1, 2, 5}, {2, 1, -1}, {1, 1, 1}};
    static const double x[3][3] = {{14, NAN, 15}, {14, 21, 15}, {NAN, NAN, NAN}};
    static const double want[] = {13 + 18 + 2 * 11.0 / 7 + 12, 13 + 19 + 12, 9 + 18 + 27};
    eae_frame *m, *d, *p;
    (void)state;
    eae_diag_loudness(EAE_QUIET);
    assert_int_equal(eae_frame_new(&m, EAE_KIND_MODEL, EAE_F64, 5, 3), EAE_OK);
    assert_int_equal(eae_frame_new(&d, EAE_KIND_DATA, EAE_F64, 3, 3), EAE_OK);
    memcpy(eae_frame_f64(m), value, sizeof value);
    memcpy(eae_frame_f64(d), x, sizeof x);
    eae_annot *parts = eae_axis_add(&m->rows, "part", EAE_ANNOT_TEXT);
    for (int i = 0; i < 5; i++)
        eae_annot_set_text(parts, i, part[i]);
    eae_annot *split = eae_axis_add(&m->rows, "split", EAE_ANNOT_I64);
    for (int i = 0; i < 5; i++)
        split->i64[i] = 0;
    for (int j = 0; j < 3; j++) {
        eae_names_add(&m->cols.names, column[j], 1);
        eae_names_add(&d->cols.names, column[j], 1);
        eae_names_add(&d->rows.names, column[j], 1);
    }
    assert_int_equal(eae_apply(m, d, false, "m", 2, &p), EAE_OK);
    for (int i = 0; i < 3; i++)
        assert_true(fabs(eae_frame_f64(p)[i] - want[i]) < 1e-12);
    eae_frame_free(m);
    eae_frame_free(d);
    eae_frame_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_by_name),
        cmocka_unit_test(gaps_get_what_the_factors_say),
        cmocka_unit_test(nothing_is_learned_from_other_rows),
        cmocka_unit_test(edges),
        cmocka_unit_test(hidden_values_are_found_as_well_as_can_be),
        cmocka_unit_test(preparation_completes_before_all_else),
        cmocka_unit_test(a_model_brings_its_factors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
