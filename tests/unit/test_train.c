/*
 * test_train.c - families of models: the order of rows, predictions as the written models give
 * them, permutations as real labels of a permuted study, labelings that cannot be trained.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "../tolerance.h"
#include "base/memory.h"
#include "eval/train/train.h"
#include "train_data.h"

enum { ROWS = 30, COLS = 25, FOLDS = 3, REPEATS = 2, SPLITS = FOLDS * REPEATS };

static eae_train_spec spec_of(eae_model model, int params)
{
    eae_train_spec spec = {.model = model,
                           .params = params,
                           .prepare = {.scaling = EAE_SCALE_FOLD},
                           .seed = 5,
                           .tol = 1e-10,
                           .weights = EAE_WEIGHTS_NONE,
                           .shard = 1,
                           .shards = 1,
                           .threads = 2,
                           .text = eae_strdup("x")};
    spec.param = EAE_NEW_ARRAY(double, params);
    for (int p = 0; p < params; p++)
        spec.param[p] = pow(10, p - 2);
    if (model == EAE_MODEL_ENET) {
        spec.alpha = 0.5;
        spec.by_lambda = true;
    }
    return spec;
}

static void train(const eae_frame *data, const eae_frame *plan, eae_train_spec *spec,
                  eae_train_output *out)
{
    int status = eae_train(data, plan, spec, &eae_kernels_ref, out);
    if (status != EAE_OK)
        print_error("%s\n", eae_message());
    assert_int_equal(status, EAE_OK);
}

static void free_output(eae_train_output *out)
{
    eae_frame_free(out->prediction);
    eae_frame_free(out->model);
}

static int64_t number(const eae_frame *f, const char *name, int64_t row)
{
    return eae_axis_find(&f->rows, name)->i64[row];
}

static const char *text(const eae_frame *f, const char *name, int64_t row)
{
    const char *t = eae_annot_text(eae_axis_find(&f->rows, name), row);
    return t ? t : "NA";
}

static const double *cells(const eae_frame *f, int64_t row)
{
    return eae_frame_f64(f) + row * f->cols.count;
}

/* ---- rows ------------------------------------------------------------------------------- */

/* By split, permutation, parameter, class; and a value wherever a sample is held out. */
static void rows_are_in_order(void **state)
{
    eae_frame *data = train_data(ROWS, COLS, 3), *plan = train_plan(data, FOLDS, REPEATS);
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, 2);
    eae_train_output out;
    (void)state;
    spec.permutations = 2;
    train(data, plan, &spec, &out);
    assert_int_equal(out.prediction->rows.count, SPLITS * 3 * 2 * 3);
    assert_int_equal(out.fits, SPLITS * 3 * 2 * 3);
    assert_int_equal(out.unconverged, 0);
    assert_null(out.model);
    int64_t row = 0;
    for (int64_t s = 0; s < SPLITS; s++) {
        for (int64_t b = 0; b < 3; b++) {
            for (int p = 0; p < 2; p++) {
                for (int c = 0; c < 3; c++, row++) {
                    const char class[2] = {(char)('a' + c), 0};
                    assert_int_equal(number(out.prediction, "split", row), s + 1);
                    assert_int_equal(number(out.prediction, "repeat", row), s / FOLDS + 1);
                    assert_int_equal(number(out.prediction, "fold", row), s % FOLDS + 1);
                    assert_int_equal(number(out.prediction, "perm", row), b);
                    assert_string_equal(text(out.prediction, "param", row), p ? "0.1" : "0.01");
                    assert_string_equal(text(out.prediction, "class", row), class);
                    int held = 0, test = 0;
                    for (int64_t i = 0; i < ROWS; i++) {
                        held += !isnan(cells(out.prediction, row)[i]);
                        test += eae_frame_i16(plan)[s * ROWS + i] == -1;
                    }
                    assert_int_equal(held, test);
                }
            }
        }
    }
    free_output(&out);
    eae_train_spec_free(&spec);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void shards_are_parts_of_the_whole(void **state)
{
    eae_frame *data = train_data(ROWS, COLS, 2), *plan = train_plan(data, FOLDS, REPEATS);
    eae_train_spec spec = spec_of(EAE_MODEL_LOGISTIC, 2);
    eae_train_output whole, part;
    int64_t row = 0, model = 0;
    (void)state;
    spec.permutations = 3;
    spec.weights = EAE_WEIGHTS_ALL;
    spec.final = true;
    train(data, plan, &spec, &whole);
    spec.shards = 4; /* of 6 splits */
    for (spec.shard = 1; spec.shard <= 4; spec.shard++) {
        spec.threads = spec.shard;
        train(data, plan, &spec, &part);
        int64_t rows = part.prediction->rows.count, models = part.model->rows.count;
        assert_memory_equal(cells(part.prediction, 0), cells(whole.prediction, row),
                            (size_t)(rows * ROWS) * sizeof(double));
        assert_memory_equal(cells(part.model, 0), cells(whole.model, model),
                            (size_t)(models * COLS) * sizeof(double));
        if (spec.shard == 1)
            assert_int_equal(number(part.model, "split", 0), 0);
        else
            assert_int_not_equal(number(part.model, "split", 0), 0);
        row += rows;
        model += models;
        free_output(&part);
    }
    assert_int_equal(row, whole.prediction->rows.count);
    assert_int_equal(model, whole.model->rows.count);
    free_output(&whole);
    eae_train_spec_free(&spec);
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* ---- models ----------------------------------------------------------------------------- */

/* Rows of a model frame come as mean, scale, then the weights: value = b + sum w (x - mean) / scale
 * over the features in the model. */
static double apply(const eae_frame *data, const eae_train_output *out, int64_t weights,
                    int64_t mean, int64_t sample)
{
    double v = eae_axis_find(&out->model->rows, "intercept")->f64[weights];
    for (int64_t j = 0; j < COLS; j++) {
        double w = cells(out->model, weights)[j];
        if (w == w)
            v += w * (eae_frame_value(data, sample, j) - cells(out->model, mean)[j]) /
                 cells(out->model, mean + 1)[j];
    }
    return v;
}

static void check_models(eae_train_spec *spec, int classes)
{
    eae_frame *data = train_data(ROWS, COLS, classes), *plan = train_plan(data, FOLDS, REPEATS);
    eae_train_output out;
    int sides = classes > 2 ? classes : 1;
    int64_t per_split = 2 + spec->params * sides, checked = 0;
    spec->weights = EAE_WEIGHTS_ALL;
    train(data, plan, spec, &out);
    assert_int_equal(out.model->rows.count, SPLITS * per_split);
    for (int64_t s = 0; s < SPLITS; s++) {
        int64_t mean = s * per_split;
        assert_string_equal(text(out.model, "part", mean), "mean");
        assert_string_equal(text(out.model, "part", mean + 1), "scale");
        for (int64_t k = 0; k < spec->params * sides; k++) {
            const double *held = cells(out.prediction, s * spec->params * sides + k);
            assert_string_equal(text(out.model, "part", mean + 2 + k), "weights");
            for (int64_t i = 0; i < ROWS; i++) {
                if (isnan(held[i]))
                    continue;
                double want = apply(data, &out, mean + 2 + k, mean, i);
                assert_true(fabs(held[i] - want) <= EAE_TOLERANCE_SOLUTION * (1 + fabs(want)));
                checked++;
            }
        }
    }
    assert_int_equal(checked, (int64_t)REPEATS * ROWS * spec->params * sides);
    free_output(&out);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void held_out_values_are_those_of_the_models(void **state)
{
    static const eae_model models[] = {EAE_MODEL_SVM, EAE_MODEL_LOGISTIC};
    static const eae_scaling scalings[] = {EAE_SCALE_FOLD, EAE_SCALE_ALL, EAE_SCALE_NONE};
    (void)state;
    for (int m = 0; m < 2; m++) {
        for (int s = 0; s < 3; s++) {
            eae_train_spec spec = spec_of(models[m], 2);
            spec.prepare.scaling = scalings[s];
            spec.bias_penalised = m == 0 && s == 2;
            check_models(&spec, 2 + (s == 1));
            eae_train_spec_free(&spec);
        }
    }
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, 1);
    spec.prepare.filter = EAE_FILTER_ANOVA;
    spec.prepare.keep = 6;
    check_models(&spec, 3);
    eae_train_spec_free(&spec);
    for (int s = 0; s < 3; s++) {
        spec = spec_of(EAE_MODEL_ENET, 2);
        spec.prepare.scaling = scalings[s];
        spec.prepare.filter = s == 1 ? EAE_FILTER_VARIANCE : EAE_FILTER_NONE;
        spec.prepare.keep = 10;
        check_models(&spec, 2);
        eae_train_spec_free(&spec);
    }
}

/* ---- permutations ----------------------------------------------------------------------- */

/* Row `perm` = b is what real labels would give in a study whose sample i has the label of sample
 * from[i]; read by label: cell from[i] holds the value of sample i. */
static void check_permutation(eae_train_spec *spec, const eae_frame *data, const eae_frame *plan,
                              int64_t b)
{
    eae_train_output out, other;
    eae_target target;
    eae_frame *relabelled;
    int64_t from[ROWS], moved = 0;
    assert_int_equal(eae_target_from(data, &target), EAE_OK);
    assert_int_equal(eae_permutation(&target, spec->seed, b, from), EAE_OK);
    assert_int_equal(eae_frame_select(data, NULL, ROWS, NULL, COLS, &relabelled), EAE_OK);
    for (int64_t i = 0; i < ROWS; i++)
        eae_axis_find(&relabelled->rows, "label")->code[i] = target.class[from[i]];
    spec->permutations = 3;
    train(data, plan, spec, &out);
    spec->permutations = 0;
    train(relabelled, plan, spec, &other);
    for (int64_t s = 0; s < SPLITS; s++) {
        const double *got = cells(out.prediction, s * 4 + b), *want = cells(other.prediction, s);
        for (int64_t i = 0; i < ROWS; i++) {
            assert_int_equal(isnan(got[from[i]]), isnan(want[i]));
            moved += !isnan(want[i]) && from[i] != i;
            if (!isnan(want[i]))
                assert_true(fabs(got[from[i]] - want[i]) <=
                            EAE_TOLERANCE_BATCH * (1 + fabs(want[i])));
        }
    }
    assert_true(moved > 0);
    free_output(&out);
    free_output(&other);
    eae_frame_free(relabelled);
    eae_target_free(&target);
}

static void a_permutation_is_a_study_with_permuted_labels(void **state)
{
    (void)state;
    static const eae_model models[] = {EAE_MODEL_SVM, EAE_MODEL_LOGISTIC, EAE_MODEL_SVM,
                                       EAE_MODEL_SVM, EAE_MODEL_ENET};
    for (int which = 0; which < 5; which++) {
        eae_frame *data = train_data(ROWS, COLS, 2), *plan = train_plan(data, FOLDS, REPEATS);
        eae_train_spec spec = spec_of(models[which], 1);
        if (which == 2) { /* the filter reads labels: it too must see the permuted ones */
            spec.prepare.filter = EAE_FILTER_TTEST;
            spec.prepare.keep = 4;
        }
        if (which == 3)
            spec.weighting = EAE_CLASSES_BALANCED;
        for (int64_t b = 1; b <= 3; b++)
            check_permutation(&spec, data, plan, b);
        eae_train_spec_free(&spec);
        eae_frame_free(plan);
        eae_frame_free(data);
    }
}

/* Of 8 samples 2 are of class b and 4 train: often a permutation leaves them without one. */
static void labelings_without_a_class_are_undefined(void **state)
{
    enum { N = 8, PERMS = 40 };
    eae_frame *data = train_data(N, 5, 2), *plan;
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, 1);
    eae_train_output out;
    eae_target target;
    int64_t undefined = 0, from[N];
    (void)state;
    eae_annot *label = eae_axis_find(&data->rows, "label");
    for (int i = 0; i < N; i++)
        label->code[i] = i == 0 || i == 4;
    plan = train_plan(data, 2, 1);
    spec.permutations = PERMS;
    train(data, plan, &spec, &out);
    assert_int_equal(eae_target_from(data, &target), EAE_OK);
    for (int64_t s = 0; s < 2; s++) {
        for (int64_t b = 1; b <= PERMS; b++) {
            int train_b = 0, train_a = 0, held = 0;
            assert_int_equal(eae_permutation(&target, spec.seed, b, from), EAE_OK);
            for (int i = 0; i < N; i++) {
                bool training = eae_frame_i16(plan)[s * N + i] > 0;
                train_b += training && target.class[from[i]] == 1;
                train_a += training && target.class[from[i]] == 0;
                held += !isnan(cells(out.prediction, s * (1 + PERMS) + b)[i]);
            }
            bool fits = train_a > 0 && train_b > 0;
            assert_int_equal(held, fits ? 4 : 0);
            undefined += !fits;
        }
    }
    assert_true(undefined > 0 && undefined < (int64_t)2 * PERMS);
    assert_int_equal(out.undefined, undefined);
    assert_int_equal(out.unconverged, 0);
    eae_target_free(&target);
    free_output(&out);
    eae_train_spec_free(&spec);
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* The same among so many that they are not trained all at once, where the first of the second lot
 * is undefined; and with a filter that reads labels: Welch's t needs two samples of each class. */
static void undefined_labelings_stand_anywhere(void **state)
{
    enum { N = 8, PERMS = 300, LOT = 256 };
    (void)state;
    for (int filtered = 0; filtered < 2; filtered++) {
        eae_train_spec spec = spec_of(EAE_MODEL_SVM, 1);
        eae_train_output out;
        eae_target target;
        int64_t undefined = 0, late = 0, from[N];
        eae_frame *data = train_data(N, 5, 2), *plan;
        for (int i = 0; i < N; i++)
            eae_axis_find(&data->rows, "label")->code[i] = filtered ? i % 2 : i % 4 == 0;
        plan = train_plan(data, 2, 1);
        spec.permutations = PERMS;
        spec.prepare.filter = filtered ? EAE_FILTER_TTEST : EAE_FILTER_NONE;
        spec.prepare.keep = 2;
        train(data, plan, &spec, &out);
        assert_int_equal(eae_target_from(data, &target), EAE_OK);
        for (int64_t s = 0; s < 2; s++) {
            for (int64_t b = 1; b <= PERMS; b++) {
                int64_t row = s * (1 + PERMS) + b;
                int train_b = 0, held = 0;
                assert_int_equal(eae_permutation(&target, spec.seed, b, from), EAE_OK);
                for (int i = 0; i < N; i++) {
                    train_b += eae_frame_i16(plan)[s * N + i] > 0 && target.class[from[i]] == 1;
                    held += !isnan(cells(out.prediction, row)[i]);
                }
                bool fits = filtered ? train_b == 2 : train_b > 0;
                assert_int_equal(held, fits ? 4 : 0);
                assert_string_equal(text(out.prediction, "size", row), filtered ? "2" : "5");
                undefined += !fits;
                late += !fits && b == LOT;
            }
        }
        assert_true(undefined > 0 && undefined < (int64_t)2 * PERMS);
        assert_int_equal(out.undefined, undefined);
        assert_true(filtered || late > 0);
        eae_target_free(&target);
        free_output(&out);
        eae_train_spec_free(&spec);
        eae_frame_free(plan);
        eae_frame_free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_in_order),
        cmocka_unit_test(shards_are_parts_of_the_whole),
        cmocka_unit_test(held_out_values_are_those_of_the_models),
        cmocka_unit_test(a_permutation_is_a_study_with_permuted_labels),
        cmocka_unit_test(labelings_without_a_class_are_undefined),
        cmocka_unit_test(undefined_labelings_stand_anywhere),
    };
    return cmocka_run_group_tests_name("train", tests, NULL, NULL);
}
