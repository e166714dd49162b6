/*
 * test_prepare.c - what a training set teaches: mean and sd, constant features, imputing,
 * adjusting, filtering; against the definitions written out here, and never by a held-out row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "model/prepare.h"
#include "../tolerance.h"

enum { ROWS = 30, COLS = 300, TRAIN = 21 }; /* more than one block of columns */
/* Features with a story. */
enum { CONSTANT = 7, OFFSET = 8, NEARLY = 9, CONSTANT_IN_TRAINING = 258, EMPTY = 260, AGE = 261 };

typedef struct {
    float x[ROWS * COLS];
    double x64[ROWS * COLS];
    int64_t row[TRAIN]; /* not 0, 1, 2, ...: every row but those with i % 10 in 3, 6, 9 */
    double count[TRAIN];
    double design[ROWS * 3]; /* intercept, age, sex */
    int32_t class[ROWS];
    double value[ROWS];
} study;

static bool is_training(int i)
{
    return i % 10 == 0 || i % 3 != 0;
}

static void make(study *s)
{
    eae_random r;
    eae_random_start(&r, 4, EAE_RANDOM_SYNTH_VALUE, 1);
    for (int k = 0; k < ROWS * COLS; k++)
        s->x[k] = (float)(8 + 100 * (k % COLS) + 6 * eae_random_unit(&r));
    int n = 0;
    for (int i = 0; i < ROWS; i++) {
        s->x[i * COLS + CONSTANT] = 4.25F;
        s->x[i * COLS + OFFSET] = 16777216.0F;                         /* 2^24 */
        s->x[i * COLS + NEARLY] = i == 11 ? 16777218.0F : 16777216.0F; /* one step of f32 */
        s->x[i * COLS + CONSTANT_IN_TRAINING] = is_training(i) ? 0.1F : (float)i;
        s->design[i * 3] = 1;
        s->design[i * 3 + 1] = 20 + 50 * eae_random_unit(&r);
        s->design[i * 3 + 2] = i % 4 == 1;
        s->x[i * COLS + AGE] = (float)(3 * s->design[i * 3 + 1]);
        s->class[i] = i % 2;
        s->value[i] = eae_random_unit(&r);
        if (is_training(i)) {
            s->row[n] = i;
            s->count[n++] = 1;
        }
    }
    for (int k = 0; k < ROWS * COLS; k++)
        s->x64[k] = s->x[k];
    assert_int_equal(n, TRAIN);
}

static void open_study(const study *s, eae_dataset *d)
{
    assert_int_equal(eae_dataset_open(d, &eae_kernels_ref, s->x, false, ROWS, COLS, 2), EAE_OK);
}

static eae_outcome outcome_of(const study *s)
{
    return (eae_outcome){.class = s->class, .classes = 2, .value = s->value};
}

static void learn(const study *s, const eae_dataset *d, const eae_prepare_spec *spec,
                  eae_prepared *p)
{
    eae_outcome outcome = outcome_of(s);
    int status = eae_prepare_learn(d, spec, s->row, s->count, TRAIN, &outcome, p, 2);
    if (status != EAE_OK)
        print_error("%s\n", eae_message());
    assert_int_equal(status, EAE_OK);
}

static void near(double got, double want, double scale, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * scale))
        fail_msg("%.17g is not %.17g", got, want);
}

/* ---- definitions ------------------------------------------------------------------------ */

/* Population mean and sd of the training values v, counted. Two passes. */
static void moments(const double *v, const double *count, double *mean, double *sd)
{
    double n = 0, sum = 0, square = 0;
    for (int i = 0; i < TRAIN; i++) {
        n += count[i];
        sum += count[i] * v[i];
    }
    *mean = sum / n;
    for (int i = 0; i < TRAIN; i++)
        square += count[i] * (v[i] - *mean) * (v[i] - *mean);
    *sd = sqrt(square / n);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of the values repeated as often as they count. */
static double median(const double *v, const double *count)
{
    double all[8 * TRAIN];
    int n = 0;
    for (int i = 0; i < TRAIN; i++) {
        for (int c = 0; c < (int)count[i] && v[i] == v[i]; c++)
            all[n++] = v[i];
    }
    qsort(all, (size_t)n, sizeof *all, ascending);
    return n % 2 ? all[n / 2] : (all[n / 2 - 1] + all[n / 2]) / 2;
}

static void column(const study *s, int j, double *v)
{
    for (int i = 0; i < TRAIN; i++)
        v[i] = s->x[s->row[i] * COLS + j];
}

/* ---- scaling ---------------------------------------------------------------------------- */

static const eae_prepare_spec fold_spec = {.scaling = EAE_SCALE_FOLD};

static void check_scaling(const study *s, const eae_dataset *d)
{
    eae_prepared p;
    learn(s, d, &fold_spec, &p);
    assert_null(p.feature);
    assert_int_equal(p.feature_count, COLS);
    for (int j = 0; j < COLS; j++) {
        double v[TRAIN], mean, sd;
        column(s, j, v);
        moments(v, s->count, &mean, &sd);
        near(p.mean[j], mean, fabs(mean), EAE_TOLERANCE_SUM_F64);
        near(p.scale[j], sd > 0 ? sd : 1, 1, EAE_TOLERANCE_SOLUTION);
        assert_true(p.inverse[j] == 1 / p.scale[j]);
    }
    assert_true(p.scale[CONSTANT] == 1 && p.mean[CONSTANT] == 4.25);
    assert_true(p.scale[OFFSET] == 1 && p.mean[OFFSET] == 16777216.0);
    assert_true(p.scale[CONSTANT_IN_TRAINING] == 1 && p.mean[CONSTANT_IN_TRAINING] == (double)0.1F);
    assert_true(p.scale[NEARLY] > 0 && p.scale[NEARLY] < 1);
    eae_prepared_free(&p);
}

static void mean_and_sd_are_those_of_the_training_rows(void **state)
{
    study s;
    eae_dataset d;
    (void)state;
    make(&s);
    open_study(&s, &d);
    assert_int_equal(d.missing, 0);
    assert_int_equal(d.first_missing, -1);
    check_scaling(&s, &d);
    for (int i = 0; i < TRAIN; i++)
        s.count[i] = 1 + i % 3; /* a bootstrap sample */
    check_scaling(&s, &d);
    eae_dataset_close(&d);
    assert_int_equal(eae_dataset_open(&d, &eae_kernels_ref, s.x64, true, ROWS, COLS, 1), EAE_OK);
    check_scaling(&s, &d);
    eae_dataset_close(&d);
}

static void scaling_by_all_rows_or_not_at_all(void **state)
{
    study s;
    eae_dataset d;
    eae_prepared p;
    (void)state;
    make(&s);
    open_study(&s, &d);
    eae_prepare_spec spec = {.scaling = EAE_SCALE_ALL};
    learn(&s, &d, &spec, &p);
    for (int j = 0; j < COLS; j++) {
        double sum = 0, square = 0;
        for (int i = 0; i < ROWS; i++)
            sum += s.x64[i * COLS + j];
        for (int i = 0; i < ROWS; i++)
            square += pow(s.x64[i * COLS + j] - sum / ROWS, 2);
        near(p.mean[j], sum / ROWS, fabs(sum), EAE_TOLERANCE_SUM_F64);
        near(p.scale[j], square > 0 ? sqrt(square / ROWS) : 1, 1, EAE_TOLERANCE_SOLUTION);
    }
    eae_prepared_free(&p);
    spec.scaling = EAE_SCALE_NONE;
    learn(&s, &d, &spec, &p);
    assert_null(p.mean);
    assert_null(p.scale);
    eae_prepared_free(&p);
    eae_dataset_close(&d);
}

/* Every scaled training column has mean 0 and sd 1, or is 0 where it is constant. */
static void the_source_is_centred_and_scaled(void **state)
{
    study s;
    eae_dataset d;
    eae_prepared p;
    (void)state;
    make(&s);
    open_study(&s, &d);
    learn(&s, &d, &fold_spec, &p);
    eae_source source = eae_prepared_source(&d, &fold_spec, &p);
    double *w = calloc(COLS, sizeof *w), ones[TRAIN], y[TRAIN];
    for (int i = 0; i < TRAIN; i++)
        ones[i] = 1;
    assert_int_equal(eae_kernels_ref.weights(&source, s.row, TRAIN, ones, 1, w, 1), EAE_OK);
    for (int j = 0; j < COLS; j++)
        near(w[j], 0, TRAIN * 1e3, EAE_TOLERANCE_SOLUTION);
    for (int j = 0; j < COLS; j += 7) {
        memset(w, 0, COLS * sizeof *w);
        w[j] = 1;
        assert_int_equal(eae_kernels_ref.decision(&source, s.row, TRAIN, w, 1, y, 1), EAE_OK);
        double mean, sd;
        moments(y, s.count, &mean, &sd);
        near(sd, j == CONSTANT ? 0 : 1, 1, EAE_TOLERANCE_SOLUTION);
    }
    free(w);
    eae_prepared_free(&p);
    eae_dataset_close(&d);
}

/* ---- missing values --------------------------------------------------------------------- */

static void make_holes(study *s)
{
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS; j++) {
            if ((i * 5 + j * 3) % 11 == 0 || j == EMPTY)
                s->x[i * COLS + j] = NAN;
        }
    }
    for (int i = 0; i < TRAIN; i++)
        s->count[i] = 1 + (i % 4 == 2);
}

static void missing_values_are_filled_from_the_training_rows(void **state)
{
    study s;
    eae_dataset d;
    int64_t missing = 0;
    (void)state;
    make(&s);
    make_holes(&s);
    for (int k = 0; k < ROWS * COLS; k++)
        missing += s.x[k] != s.x[k];
    open_study(&s, &d);
    assert_int_equal(d.missing, missing);
    assert_int_equal(d.first_missing, 0);
    for (int how = 0; how < 2; how++) {
        eae_prepare_spec spec = {.scaling = EAE_SCALE_FOLD,
                                 .imputation = how ? EAE_IMPUTE_MEDIAN : EAE_IMPUTE_MEAN};
        eae_prepared p;
        learn(&s, &d, &spec, &p);
        for (int j = 0; j < COLS; j++) {
            double v[TRAIN], mean, sd, sum = 0, n = 0;
            column(&s, j, v);
            for (int i = 0; i < TRAIN; i++) {
                sum += v[i] == v[i] ? s.count[i] * v[i] : 0;
                n += v[i] == v[i] ? s.count[i] : 0;
            }
            double want = j == EMPTY ? 0 : how ? median(v, s.count) : sum / n;
            near(p.fill[j], want, fabs(want), EAE_TOLERANCE_SUM_F64);
            for (int i = 0; i < TRAIN; i++)
                v[i] = v[i] == v[i] ? v[i] : want;
            moments(v, s.count, &mean, &sd);
            near(p.mean[j], mean, fabs(mean), EAE_TOLERANCE_SUM_F64);
            bool constant = j == EMPTY || j == CONSTANT || j == OFFSET || j == CONSTANT_IN_TRAINING;
            near(p.scale[j], constant ? 1 : sd, 1, EAE_TOLERANCE_SOLUTION);
        }
        eae_prepared_free(&p);
    }
    eae_dataset_close(&d);
}

/* ---- adjusting -------------------------------------------------------------------------- */

/* Residuals of least squares on the design are orthogonal to it: on the training rows, counted. */
static void check_residuals(const study *s, const eae_dataset *d, const double *design,
                            int64_t terms)
{
    eae_prepare_spec spec = {.scaling = EAE_SCALE_FOLD, .design = design, .terms = terms};
    eae_prepared p;
    learn(s, d, &spec, &p);
    for (int j = 0; j < COLS; j++) {
        double r[TRAIN], mean, sd, size = 0;
        for (int i = 0; i < TRAIN; i++) {
            r[i] = s->x64[s->row[i] * COLS + j];
            size = fmax(size, fabs(r[i]));
            for (int64_t t = 0; t < terms; t++)
                r[i] -= design[s->row[i] * terms + t] * p.coef[t * COLS + j];
        }
        for (int64_t t = 0; t < terms; t++) {
            double product = 0, length = 0;
            for (int i = 0; i < TRAIN; i++) {
                product += s->count[i] * r[i] * design[s->row[i] * terms + t];
                length += s->count[i] * fabs(design[s->row[i] * terms + t]);
            }
            near(product, 0, size * length, EAE_TOLERANCE_SOLUTION);
        }
        moments(r, s->count, &mean, &sd);
        near(p.mean[j], 0, size, EAE_TOLERANCE_SOLUTION);
        bool constant = j == CONSTANT || j == OFFSET || j == CONSTANT_IN_TRAINING;
        if (constant)
            assert_true(p.scale[j] == 1);
        else if (j != AGE && j != NEARLY)
            near(p.scale[j], sd, sd, EAE_TOLERANCE_SOLUTION);
    }
    eae_prepared_free(&p);
}

static void adjusted_features_are_residuals_of_least_squares(void **state)
{
    study s;
    eae_dataset d;
    (void)state;
    make(&s);
    open_study(&s, &d);
    check_residuals(&s, &d, s.design, 3);
    for (int i = 0; i < TRAIN; i++)
        s.count[i] = 1 + i % 2;
    check_residuals(&s, &d, s.design, 3);
    eae_dataset_close(&d);
}

/* Columns of the design that repeat one another: the same residuals as without them. */
static void a_design_may_be_rank_deficient(void **state)
{
    study s;
    eae_dataset d;
    double twice[ROWS * 5];
    (void)state;
    make(&s);
    for (int i = 0; i < ROWS; i++) {
        memcpy(twice + (size_t)i * 5, s.design + (size_t)i * 3, 3 * sizeof(double));
        twice[i * 5 + 3] = 1 - s.design[i * 3 + 2];
        twice[i * 5 + 4] = 2 * s.design[i * 3 + 1];
    }
    open_study(&s, &d);
    check_residuals(&s, &d, twice, 5);
    eae_prepare_spec plain = {.scaling = EAE_SCALE_NONE, .design = s.design, .terms = 3};
    eae_prepare_spec more = {.scaling = EAE_SCALE_NONE, .design = twice, .terms = 5};
    eae_prepared p, q;
    learn(&s, &d, &plain, &p);
    learn(&s, &d, &more, &q);
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS; j++) {
            double a = 0, b = 0;
            for (int t = 0; t < 3; t++)
                a += s.design[i * 3 + t] * p.coef[t * COLS + j];
            for (int t = 0; t < 5; t++)
                b += twice[i * 5 + t] * q.coef[t * COLS + j];
            near(a, b, fabs(s.x64[i * COLS + j]), EAE_TOLERANCE_SOLUTION);
        }
    }
    eae_prepared_free(&p);
    eae_prepared_free(&q);
    eae_dataset_close(&d);
}

/* ---- filtering -------------------------------------------------------------------------- */

static void the_filter_keeps_the_largest_variances(void **state)
{
    study s;
    eae_dataset d;
    eae_prepared p;
    (void)state;
    make(&s);
    open_study(&s, &d);
    eae_prepare_spec spec = {.scaling = EAE_SCALE_FOLD, .filter = EAE_FILTER_VARIANCE, .keep = 40};
    learn(&s, &d, &spec, &p);
    assert_int_equal(p.feature_count, 40);
    double least = INFINITY;
    bool kept[COLS] = {false};
    for (int k = 0; k < 40; k++) {
        assert_true(k == 0 || p.feature[k] > p.feature[k - 1]);
        kept[p.feature[k]] = true;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int j = 0; j < COLS; j++) {
            double v[TRAIN], mean, sd;
            column(&s, j, v);
            moments(v, s.count, &mean, &sd);
            if (pass == 0 && kept[j])
                least = fmin(least, sd);
            if (pass == 1 && !kept[j])
                assert_true(sd <= least);
        }
    }
    eae_prepared_free(&p);
    spec.keep = 2 * COLS; /* all but the constant ones */
    learn(&s, &d, &spec, &p);
    assert_int_equal(p.feature_count, COLS - 3);
    eae_prepared_free(&p);
    eae_dataset_close(&d);
}

static void a_filter_that_leaves_nothing_fails(void **state)
{
    float x[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    const int64_t row[4] = {0, 1, 2, 3};
    const double count[4] = {1, 1, 1, 1};
    const int32_t class[4] = {0, 1, 0, 1};
    eae_outcome outcome = {.class = class, .classes = 2};
    eae_prepare_spec spec = {.filter = EAE_FILTER_TTEST, .keep = 1};
    eae_dataset d;
    eae_prepared p;
    (void)state;
    assert_int_equal(eae_dataset_open(&d, &eae_kernels_ref, x, false, 4, 2, 1), EAE_OK);
    assert_int_equal(eae_prepare_learn(&d, &spec, row, count, 4, &outcome, &p, 1), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "constant in the training rows"));
    eae_dataset_close(&d);
}

/* ---- held-out rows ---------------------------------------------------------------------- */

static void same_array(const double *a, const double *b, int64_t n)
{
    assert_true((a == NULL) == (b == NULL));
    if (a)
        assert_memory_equal(a, b, (size_t)n * sizeof *a);
}

/* The reference, a shift that products are made about, is all that sees held-out rows: means and
 * scales are equal but for its rounding, choices and fills to the bit. */
static void held_out_rows_change_nothing(void **state)
{
    study s;
    (void)state;
    make(&s);
    make_holes(&s);
    eae_prepare_spec spec = {.scaling = EAE_SCALE_FOLD,
                             .imputation = EAE_IMPUTE_MEDIAN,
                             .filter = EAE_FILTER_TTEST,
                             .keep = 25,
                             .design = s.design,
                             .terms = 3};
    eae_dataset d;
    eae_prepared before, after;
    open_study(&s, &d);
    learn(&s, &d, &spec, &before);
    eae_dataset_close(&d);
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS && !is_training(i); j++)
            s.x[i * COLS + j] = (float)(i * j % 17 - 300);
        s.class[i] = is_training(i) ? s.class[i] : 0;
        s.value[i] = is_training(i) ? s.value[i] : 1e6;
        s.design[i * 3 + 1] = is_training(i) ? s.design[i * 3 + 1] : -5;
    }
    open_study(&s, &d);
    learn(&s, &d, &spec, &after);
    eae_dataset_close(&d);
    same_array(before.fill, after.fill, COLS);
    same_array(before.coef, after.coef, 3 * (int64_t)COLS);
    assert_int_equal(before.feature_count, after.feature_count);
    assert_memory_equal(before.feature, after.feature, 25 * sizeof *before.feature);
    for (int j = 0; j < COLS; j++) {
        near(after.mean[j], before.mean[j], 1e3, EAE_TOLERANCE_SOLUTION);
        near(after.scale[j], before.scale[j], before.scale[j], EAE_TOLERANCE_SOLUTION);
    }
    eae_prepared_free(&before);
    eae_prepared_free(&after);
}

static void threads_change_nothing(void **state)
{
    study s;
    eae_dataset d[2];
    eae_prepared p[2];
    (void)state;
    make(&s);
    make_holes(&s);
    eae_outcome outcome = outcome_of(&s);
    eae_prepare_spec spec = {.scaling = EAE_SCALE_FOLD,
                             .imputation = EAE_IMPUTE_MEAN,
                             .filter = EAE_FILTER_CORR,
                             .keep = 9,
                             .design = s.design,
                             .terms = 3};
    for (int k = 0; k < 2; k++) {
        int threads = k ? 4 : 1;
        assert_int_equal(eae_dataset_open(&d[k], &eae_kernels_ref, s.x, false, ROWS, COLS, threads),
                         EAE_OK);
        assert_int_equal(
            eae_prepare_learn(&d[k], &spec, s.row, s.count, TRAIN, &outcome, &p[k], threads),
            EAE_OK);
    }
    same_array(d[0].reference, d[1].reference, COLS);
    same_array(d[0].scale, d[1].scale, COLS);
    same_array(p[0].fill, p[1].fill, COLS);
    same_array(p[0].coef, p[1].coef, 3 * (int64_t)COLS);
    same_array(p[0].mean, p[1].mean, COLS);
    same_array(p[0].scale, p[1].scale, COLS);
    assert_memory_equal(p[0].feature, p[1].feature, 9 * sizeof *p[0].feature);
    for (int k = 0; k < 2; k++) {
        eae_prepared_free(&p[k]);
        eae_dataset_close(&d[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_and_sd_are_those_of_the_training_rows),
        cmocka_unit_test(scaling_by_all_rows_or_not_at_all),
        cmocka_unit_test(the_source_is_centred_and_scaled),
        cmocka_unit_test(missing_values_are_filled_from_the_training_rows),
        cmocka_unit_test(adjusted_features_are_residuals_of_least_squares),
        cmocka_unit_test(a_design_may_be_rank_deficient),
        cmocka_unit_test(the_filter_keeps_the_largest_variances),
        cmocka_unit_test(a_filter_that_leaves_nothing_fails),
        cmocka_unit_test(held_out_rows_change_nothing),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests_name("prepare", tests, NULL, NULL);
}
