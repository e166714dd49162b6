/*
 * test_batch.c - many splits at once against each by its own Gram matrix: the same held-out values
 * and weights within the gap, and bits that do not depend on who else is in the batch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "../tolerance.h"
#include "eval/train/batch.h"
#include "train_data.h"
#include "backend.h"

enum { ROWS = 50, COLS = 700, SPLITS = 10, TEST_MAX = 16, PARAMS = 2 };

typedef struct {
    eae_frame *data, *plan;
    eae_run run;
    eae_split split[SPLITS];
} study;

typedef struct {
    bool done[SPLITS], fitted[SPLITS];
    double value[SPLITS][PARAMS * TEST_MAX];
    double objective[SPLITS][PARAMS];
    double gap[SPLITS][PARAMS];
    double beta[SPLITS][PARAMS][ROWS];
} results;

static double params[PARAMS] = {0.0005, 0.05};

/* The reference, or what EAE_TEST_BACKEND says. */
static const eae_kernels *tested = &eae_kernels_ref;

static void open_study(study *s, eae_train_spec *spec)
{
    s->data = train_data(ROWS, COLS, 2);
    s->plan = train_plan(s->data, 5, 2);
    s->run = (eae_run){.data = s->data, .spec = spec};
    assert_int_equal(eae_target_from(s->data, &s->run.target), EAE_OK);
    assert_int_equal(
        eae_dataset_open(&s->run.dataset, tested, s->data->payload, false, ROWS, COLS, 1), EAE_OK);
    for (int k = 0; k < SPLITS; k++) {
        eae_plan_split(s->plan, k, &s->split[k]);
        assert_in_range(s->split[k].test_count, 1, TEST_MAX);
    }
}

static void close_study(study *s)
{
    for (int k = 0; k < SPLITS; k++)
        eae_split_free(&s->split[k]);
    eae_dataset_close(&s->run.dataset);
    eae_target_free(&s->run.target);
    eae_frame_free(s->plan);
    eae_frame_free(s->data);
}

static eae_train_spec spec_of(eae_model model, eae_svm_loss loss)
{
    return (eae_train_spec){.model = model,
                            .loss = loss,
                            .param = params,
                            .params = PARAMS,
                            .prepare = {.scaling = EAE_SCALE_FOLD},
                            .tol = 1e-9,
                            .shard = 1,
                            .shards = 1,
                            .threads = 2};
}

/* ---- both ways -------------------------------------------------------------------------- */

static void keep(results *r, int64_t task, const eae_fold *fold, const eae_fits *fits,
                 const double *value)
{
    int64_t tests = fold->m - fold->n;
    for (int p = 0; p < PARAMS; p++) {
        const eae_gram_fit *fit = eae_fits_at(fits, p, 0, 0);
        r->objective[task][p] = fit->objective;
        r->gap[task][p] = fit->gap;
        memcpy(r->beta[task][p], fit->beta, (size_t)fold->n * sizeof(double));
    }
    memcpy(r->value[task], value, (size_t)(PARAMS * tests) * sizeof(double));
    r->fitted[task] = true;
}

static int done(void *context, int64_t task, eae_fold *fold, eae_fits *fits, const double *value)
{
    results *r = context;
    if (r->done[task])
        return eae_fail("split %d twice", (int)task);
    r->done[task] = true;
    if (fits)
        keep(r, task, fold, fits, value);
    return EAE_OK;
}

static void run_batches(study *s, int64_t at_once, results *r)
{
    double *model;
    int64_t passes = 0;
    memset(r, 0, sizeof *r);
    assert_int_equal(eae_batch_model(&s->run, &model), EAE_OK);
    for (int64_t first = 0; first < SPLITS; first += at_once) {
        int64_t count = SPLITS - first < at_once ? SPLITS - first : at_once;
        int status =
            eae_batch_run(&s->run, model, s->split + first, count, first, first, done, r, &passes);
        if (status != EAE_OK)
            print_error("%s\n", eae_message());
        assert_int_equal(status, EAE_OK);
    }
    assert_true(passes > 0);
    for (int k = 0; k < SPLITS; k++)
        assert_true(r->done[k]);
    free(model);
}

static void run_folds(study *s, results *r)
{
    memset(r, 0, sizeof *r);
    for (int64_t k = 0; k < SPLITS; k++) {
        eae_fold fold;
        eae_fits fits;
        double value[PARAMS * TEST_MAX];
        assert_int_equal(eae_fold_open(&fold, &s->run, &s->split[k], &s->run.target, 1), EAE_OK);
        assert_int_equal(eae_fold_fit(&fold, &s->run.target, 1, &fits), EAE_OK);
        assert_int_equal(eae_fold_decision(&fold, &fits, value), EAE_OK);
        keep(r, k, &fold, &fits, value);
        eae_fits_free(&fits);
        eae_fold_close(&fold);
    }
}

static double largest(const double *v, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(v[i]));
    return most;
}

/* Values, objectives and dual coefficients of every split that the batch settled: all but a few. */
static void agree(const study *s, const results *batch, const results *fold)
{
    int settled = 0;
    for (int k = 0; k < SPLITS; k++) {
        int64_t tests = s->split[k].test_count, n = s->split[k].train_count;
        if (!batch->fitted[k])
            continue;
        settled++;
        for (int p = 0; p < PARAMS; p++) {
            const double *a = batch->value[k] + p * tests, *b = fold->value[k] + p * tests;
            double size = largest(b, tests), weight = largest(fold->beta[k][p], n);
            assert_true(size > 0 && batch->gap[k][p] <= 1e-9);
            for (int64_t i = 0; i < tests; i++)
                assert_true(fabs(a[i] - b[i]) <= EAE_TOLERANCE_BATCH * size);
            for (int64_t i = 0; i < n; i++)
                assert_true(fabs(batch->beta[k][p][i] - fold->beta[k][p][i]) <=
                            EAE_TOLERANCE_BATCH * weight);
            assert_true(fabs(batch->objective[k][p] - fold->objective[k][p]) <=
                        EAE_TOLERANCE_SUM_F32 * fold->objective[k][p]);
        }
    }
    assert_in_range(settled, SPLITS - 2, SPLITS);
}

static void compare(eae_model model, eae_svm_loss loss)
{
    study s;
    eae_train_spec spec = spec_of(model, loss);
    results *batch = malloc(sizeof *batch), *fold = malloc(sizeof *fold);
    open_study(&s, &spec);
    run_batches(&s, SPLITS, batch);
    run_folds(&s, fold);
    agree(&s, batch, fold);
    close_study(&s);
    free(batch);
    free(fold);
}

/* With products in f32, by any backend, a hinge loss is certified to no gap of 1e-9 here. */
static void hinge(void **state)
{
    (void)state;
    if (test_cuda())
        return;
    compare(EAE_MODEL_SVM, EAE_HINGE);
}

static void squared_hinge(void **state)
{
    (void)state;
    compare(EAE_MODEL_SVM, EAE_SQUARED_HINGE);
}

static void logistic(void **state)
{
    (void)state;
    compare(EAE_MODEL_LOGISTIC, EAE_HINGE);
}

static void covariates_stand_beside_the_features(void **state)
{
    study s;
    eae_train_spec spec = spec_of(EAE_MODEL_LOGISTIC, EAE_HINGE);
    double age[ROWS];
    results *batch = malloc(sizeof *batch), *fold = malloc(sizeof *fold);
    (void)state;
    for (int i = 0; i < ROWS; i++)
        age[i] = 30 + i * 13 % 40;
    spec.covariates.value = age;
    spec.covariates.terms = 1;
    open_study(&s, &spec);
    run_batches(&s, SPLITS, batch);
    run_folds(&s, fold);
    agree(&s, batch, fold);
    close_study(&s);
    free(batch);
    free(fold);
}

/* ---- company ---------------------------------------------------------------------------- */

static void the_company_in_a_batch_changes_no_bit(void **state)
{
    study s;
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, EAE_HINGE);
    results *together = malloc(sizeof *together), *apart = malloc(sizeof *apart);
    (void)state;
    open_study(&s, &spec);
    run_batches(&s, SPLITS, together);
    for (int64_t at_once = 1; at_once <= 7; at_once += 3) {
        spec.threads = (int)at_once;
        run_batches(&s, at_once, apart);
        assert_memory_equal(together, apart, sizeof *apart);
    }
    close_study(&s);
    free(together);
    free(apart);
}

static void a_training_set_without_a_class_is_named(void **state)
{
    study s;
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, EAE_HINGE);
    double *model;
    int64_t passes = 0, row[3] = {0, 2, 4}, test[1] = {1};
    double count[3] = {1, 1, 1};
    results *r = calloc(1, sizeof *r);
    eae_split bad = {
        .id = 77, .train = row, .count = count, .train_count = 3, .test = test, .test_count = 1};
    (void)state;
    open_study(&s, &spec);
    assert_int_equal(eae_batch_model(&s.run, &model), EAE_OK);
    assert_int_equal(eae_batch_run(&s.run, model, &bad, 1, 0, 0, done, r, &passes), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "split 77: class 'b' has no training sample"));
    free(model);
    close_study(&s);
    free(r);
}

static void only_large_plain_problems_are_batched(void **state)
{
    study s;
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, EAE_HINGE);
    (void)state;
    open_study(&s, &spec);
    assert_false(eae_batch_fits(&s.run, SPLITS)); /* small */
    s.run.dataset.cols = ((int64_t)1 << 30) / (ROWS * ROWS) + 1;
    assert_true(eae_batch_fits(&s.run, SPLITS));
    assert_false(eae_batch_fits(&s.run, 2));
    spec.prepare.filter = EAE_FILTER_TTEST;
    assert_false(eae_batch_fits(&s.run, SPLITS));
    spec.prepare.filter = EAE_FILTER_NONE;
    spec.prepare.scaling = EAE_SCALE_ALL;
    assert_false(eae_batch_fits(&s.run, SPLITS));
    spec.prepare.scaling = EAE_SCALE_FOLD;
    spec.permutations = 3;
    assert_false(eae_batch_fits(&s.run, SPLITS));
    spec.permutations = 0;
    s.run.dataset.missing = 1;
    assert_false(eae_batch_fits(&s.run, SPLITS));
    s.run.dataset.missing = 0;
    s.run.dataset.is_f64 = true;
    assert_false(eae_batch_fits(&s.run, SPLITS));
    close_study(&s);
}

static int setup(void **state)
{
    (void)state;
    return test_cuda() ? test_backend(&tested) : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hinge),
        cmocka_unit_test(squared_hinge),
        cmocka_unit_test(logistic),
        cmocka_unit_test(covariates_stand_beside_the_features),
        cmocka_unit_test(the_company_in_a_batch_changes_no_bit),
        cmocka_unit_test(a_training_set_without_a_class_is_named),
        cmocka_unit_test(only_large_plain_problems_are_batched),
    };
    return cmocka_run_group_tests_name("batch", tests, setup, NULL);
}
