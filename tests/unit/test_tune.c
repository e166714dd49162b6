/*
 * test_tune.c - a parameter chosen on inner splits: against the definition worked out with studies
 * of the training samples alone, for every task; ties; what is read and what is not; plans without
 * inner splits; undefined figures.
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

enum { ROWS = 36, COLS = 12, FOLDS = 3, INNER = 4, PARAMS = 5 };

/* ---- studies ---------------------------------------------------------------------------- */

static eae_frame *nested_plan(const eae_frame *data, int64_t repeats)
{
    eae_plan_spec spec = {.kind = EAE_PLAN_KFOLD,
                          .k = FOLDS,
                          .repeats = repeats,
                          .stratify = true,
                          .inner = INNER,
                          .seed = 3};
    eae_frame *plan;
    assert_int_equal(eae_plan_make(&spec, data, &plan), EAE_OK);
    return plan;
}

/* Weak signal: parameters differ in what they predict. */
static eae_frame *study(int classes)
{
    eae_frame *data = train_data(ROWS, COLS, classes);
    eae_random r;
    eae_random_start(&r, 21, EAE_RANDOM_SYNTH_VALUE, 1);
    for (int64_t i = 0; i < (int64_t)ROWS * COLS; i++)
        eae_frame_f32(data)[i] += (float)(12 * (eae_random_unit(&r) - 0.5));
    return data;
}

/* The label becomes a number that depends on the features. */
static eae_frame *number_study(void)
{
    eae_frame *data = study(2);
    eae_axis_remove(&data->rows, "label");
    eae_annot *label = eae_axis_add(&data->rows, "label", EAE_ANNOT_F64);
    for (int64_t i = 0; i < ROWS; i++)
        label->f64[i] = 0.2 * eae_frame_value(data, i, 0) - 0.3 * eae_frame_value(data, i, 1) +
                        (double)(i * 7 % 11);
    return data;
}

static eae_frame *survival_study(void)
{
    eae_frame *data = study(2);
    eae_axis_remove(&data->rows, "label");
    eae_annot *time = eae_axis_add(&data->rows, "time", EAE_ANNOT_F64);
    for (int64_t i = 0; i < ROWS; i++)
        time->f64[i] = 1 + (double)(i * 5 % 17) + 0.1 * fabs(eae_frame_value(data, i, 2));
    eae_annot *status = eae_axis_add(&data->rows, "status", EAE_ANNOT_F64);
    for (int64_t i = 0; i < ROWS; i++)
        status->f64[i] = i % 3 != 0;
    return data;
}

static eae_train_spec spec_of(eae_model model, const char *metric)
{
    eae_train_spec spec = {.model = model,
                           .params = PARAMS,
                           .by_lambda = model != EAE_MODEL_SVM && model != EAE_MODEL_LOGISTIC,
                           .alpha = model == EAE_MODEL_LASSO ? 1 : 0,
                           .tune = metric ? eae_metric_find(metric) : NULL,
                           .prepare = {.scaling = EAE_SCALE_FOLD},
                           .seed = 5,
                           .tol = 1e-10,
                           .weights = EAE_WEIGHTS_NONE,
                           .shard = 1,
                           .shards = 1,
                           .threads = 2,
                           .text = eae_strdup("x")};
    spec.param = EAE_NEW_ARRAY(double, PARAMS);
    for (int p = 0; p < PARAMS; p++)
        spec.param[p] = pow(10, p - 3);
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

static const char *text(const eae_frame *f, const char *name, int64_t row)
{
    const char *t = eae_annot_text(eae_axis_find(&f->rows, name), row);
    return t ? t : "NA";
}

static const double *cells(const eae_frame *f, int64_t row)
{
    return eae_frame_f64(f) + row * f->cols.count;
}

/* The index of the parameter that row `row` says was chosen. */
static int chosen(const eae_train_spec *spec, const eae_frame *f, int64_t row)
{
    const char *t = text(f, "chosen", row);
    assert_string_equal(text(f, "param", row), "tuned");
    for (int p = 0; p < spec->params; p++) {
        if (strtod(t, NULL) == spec->param[p])
            return p;
    }
    fail_msg("'%s' is not of the list", t);
    return -1;
}

/* ---- the definition --------------------------------------------------------------------- */

/* The training samples of a split, as a study of their own. */
static eae_frame *training_study(const eae_frame *data, const eae_split *split)
{
    eae_frame *some;
    assert_int_equal(eae_frame_select(data, split->train, split->train_count, NULL, COLS, &some),
                     EAE_OK);
    return some;
}

/* The inner splits of an outer one, as the outer splits of that study. */
static eae_frame *training_plan(const eae_frame *plan, int64_t outer, const eae_split *split)
{
    eae_frame *some;
    int64_t inner, *row = eae_plan_children(plan, outer, &inner);
    assert_int_equal(inner, INNER);
    assert_int_equal(eae_frame_select(plan, row, inner, split->train, split->train_count, &some),
                     EAE_OK);
    for (int64_t i = 0; i < inner; i++) {
        eae_axis_find(&some->rows, "split")->i64[i] = i + 1;
        eae_axis_find(&some->rows, "parent")->i64[i] = 0;
    }
    free(row);
    return some;
}

/* The metric of the held-out values of one row (of one row per class). */
static double score_row(const eae_train_spec *spec, const eae_metric *metric, const eae_frame *data,
                        const eae_frame *predictions, int64_t row)
{
    eae_target t;
    int64_t n = 0;
    assert_int_equal(spec->model == EAE_MODEL_COX ? eae_target_survival(data, &t)
                                                  : eae_target_from(data, &t),
                     EAE_OK);
    int sides = t.class && t.outcome.classes > 2 ? t.outcome.classes : 1;
    double value[ROWS * 3], target[ROWS], time[ROWS], status[ROWS];
    int32_t class[ROWS];
    for (int64_t i = 0; i < data->rows.count; i++) {
        if (isnan(cells(predictions, row)[i]))
            continue;
        for (int side = 0; side < sides; side++)
            value[n * sides + side] = cells(predictions, row + side)[i];
        class[n] = t.class ? t.class[i] : 0;
        target[n] = t.value ? t.value[i] : 0;
        time[n] = t.time ? t.time[i] : 0;
        status[n] = t.status ? t.status[i] : 0;
        n++;
    }
    eae_scored scored = {.n = n,
                         .classes = t.class ? t.outcome.classes : 0,
                         .class = class,
                         .value = value,
                         .probability =
                             spec->model == EAE_MODEL_LOGISTIC || spec->model == EAE_MODEL_LASSO,
                         .target = target,
                         .time = time,
                         .status = status};
    eae_target_free(&t);
    return metric->compute(&scored);
}

/* What should be chosen for an outer split: the parameters' mean figures in a study of its training
 * samples; the first of the best in the order of the stronger penalty. */
static int choice_by_definition(const eae_frame *data, const eae_frame *plan, int64_t outer,
                                const eae_train_spec *tuned)
{
    eae_train_spec spec = *tuned;
    eae_train_output out;
    eae_split split;
    spec.tune = NULL;
    spec.permutations = 0;
    eae_plan_split(plan, outer - 1, &split);
    assert_int_equal(split.id, outer);
    eae_frame *some = training_study(data, &split);
    eae_frame *folds = training_plan(plan, outer, &split);
    train(some, folds, &spec, &out);
    int64_t sides = out.prediction->rows.count / (INNER * spec.params);
    int best = -1;
    double top = NAN;
    for (int k = 0; k < spec.params; k++) {
        int p = spec.by_lambda ? spec.params - 1 - k : k; /* the list is ascending */
        double sum = 0, defined = 0;
        for (int64_t s = 0; s < INNER; s++) {
            double v =
                score_row(&spec, tuned->tune, some, out.prediction, (s * spec.params + p) * sides);
            sum += isnan(v) ? 0 : v;
            defined += !isnan(v);
        }
        double mean = tuned->tune->higher_is_better ? sum / defined : -sum / defined;
        if (defined > 0 && (best < 0 || mean > top + 1e-9)) {
            best = p;
            top = mean;
        }
    }
    free_output(&out);
    eae_split_free(&split);
    eae_frame_free(some);
    eae_frame_free(folds);
    return best;
}

/* Returns how many different parameters were chosen. */
static int check_choices(eae_frame *data, eae_train_spec *spec)
{
    enum { REPEATS = 2 };
    eae_frame *plan = nested_plan(data, REPEATS);
    eae_train_output out;
    bool seen[PARAMS] = {false};
    int different = 0;
    train(data, plan, spec, &out);
    int64_t sides = out.prediction->rows.count / (FOLDS * REPEATS);
    for (int64_t s = 0; s < FOLDS * REPEATS; s++) {
        int p = chosen(spec, out.prediction, s * sides);
        assert_int_equal(p, choice_by_definition(data, plan, s + 1, spec));
        different += !seen[p];
        seen[p] = true;
    }
    assert_int_equal(out.tuning.fits, FOLDS * REPEATS * INNER * spec->params * sides);
    assert_int_equal(out.tuning.unconverged, 0);
    free_output(&out);
    eae_frame_free(plan);
    return different;
}

static void choices_are_those_of_a_study_of_the_training_samples(void **state)
{
    static const struct {
        eae_model model;
        const char *metric;
        int classes; /* 0: a number, -1: survival */
    } cases[] = {{EAE_MODEL_SVM, "auc", 2},        {EAE_MODEL_SVM, "balanced", 2},
                 {EAE_MODEL_SVM, "ppv", 2},        {EAE_MODEL_LOGISTIC, "logloss", 2},
                 {EAE_MODEL_SVM, "auc", 3},        {EAE_MODEL_SVM, "mcc", 3},
                 {EAE_MODEL_LOGISTIC, "brier", 3}, {EAE_MODEL_RIDGE, "mse", 0},
                 {EAE_MODEL_RIDGE, "r2", 0},       {EAE_MODEL_RIDGE, "spearman", 0},
                 {EAE_MODEL_LASSO, "mae", 0},      {EAE_MODEL_LASSO, "logloss", 2},
                 {EAE_MODEL_COX, "cindex", -1}};
    int different = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eae_train_spec spec = spec_of(cases[i].model, cases[i].metric);
        eae_frame *data = cases[i].classes > 0    ? study(cases[i].classes)
                          : cases[i].classes == 0 ? number_study()
                                                  : survival_study();
        different += check_choices(data, &spec);
        eae_frame_free(data);
        eae_train_spec_free(&spec);
    }
    assert_true(different > 2 * 13);
}

/* Filter, class weights and scaling are learned in the inner training rows. */
static void what_reads_labels_is_redone_inside(void **state)
{
    (void)state;
    eae_frame *data = study(2);
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, "auc");
    spec.prepare.filter = EAE_FILTER_TTEST;
    spec.prepare.keep = 3;
    spec.weighting = EAE_CLASSES_BALANCED;
    check_choices(data, &spec);
    spec.prepare.filter = EAE_FILTER_MAD;
    check_choices(data, &spec);
    eae_train_spec_free(&spec);
    eae_frame_free(data);
}

/* ---- refitting -------------------------------------------------------------------------- */

/* The row of a split is, byte for byte, that of a run with the chosen parameter alone. */
static void held_out_values_are_those_of_the_chosen_parameter(void **state)
{
    static const eae_scaling scalings[] = {EAE_SCALE_FOLD, EAE_SCALE_NONE};
    (void)state;
    for (int k = 0; k < 2; k++) {
        int classes = 2 + k;
        eae_frame *data = study(classes), *plan = nested_plan(data, 1);
        eae_train_spec spec = spec_of(EAE_MODEL_SVM, "auc");
        eae_train_output out, alone;
        int sides = k ? classes : 1;
        spec.prepare.scaling = scalings[k];
        spec.weights = EAE_WEIGHTS_ALL;
        train(data, plan, &spec, &out);
        assert_int_equal(out.prediction->rows.count, FOLDS * sides);
        assert_int_equal(out.model->rows.count, FOLDS * (2 + sides));
        for (int64_t s = 0; s < FOLDS; s++) {
            eae_train_spec one = spec;
            double param = spec.param[chosen(&spec, out.prediction, s * sides)];
            one.tune = NULL;
            one.param = &param;
            one.params = 1;
            train(data, plan, &one, &alone);
            assert_memory_equal(cells(alone.prediction, s * sides),
                                cells(out.prediction, s * sides), (size_t)(sides * ROWS) * 8);
            assert_memory_equal(cells(alone.model, s * (2 + sides)),
                                cells(out.model, s * (2 + sides)), (size_t)(2 + sides) * COLS * 8);
            assert_string_equal(text(out.model, "param", s * (2 + sides)), "NA");
            assert_int_equal(chosen(&spec, out.model, s * (2 + sides) + 2),
                             chosen(&spec, out.prediction, s * sides));
            free_output(&alone);
        }
        free_output(&out);
        eae_train_spec_free(&spec);
        eae_frame_free(plan);
        eae_frame_free(data);
    }
}

/* The final model is chosen as an outer split would whose inner ones are the outer splits. */
static void the_final_model_is_chosen_on_the_outer_splits(void **state)
{
    (void)state;
    eae_frame *data = study(2), *plan = nested_plan(data, 2);
    eae_train_spec spec = spec_of(EAE_MODEL_LOGISTIC, "logloss");
    eae_train_output out, list;
    double top = NAN;
    int best = -1;
    spec.final = true;
    spec.weights = EAE_WEIGHTS_FINAL;
    train(data, plan, &spec, &out);
    assert_int_equal(out.model->rows.count, 3);
    eae_train_spec untuned = spec;
    untuned.tune = NULL;
    train(data, plan, &untuned, &list);
    for (int p = 0; p < PARAMS; p++) {
        double sum = 0;
        for (int64_t s = 0; s < 2 * FOLDS; s++)
            sum += score_row(&spec, spec.tune, data, list.prediction, s * PARAMS + p);
        if (best < 0 || sum < top) {
            best = p;
            top = sum;
        }
    }
    assert_int_equal(chosen(&spec, out.model, 2), best);
    free_output(&out);
    free_output(&list);
    eae_train_spec_free(&spec);
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* Whatever the values and labels of an outer test set, the choice for that split is the same. */
static void the_test_rows_are_not_read(void **state)
{
    (void)state;
    eae_frame *data = study(2), *plan = nested_plan(data, 1);
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, "auc");
    eae_train_output out, other;
    int moved = 0;
    spec.prepare.filter = EAE_FILTER_TTEST;
    spec.prepare.keep = 4;
    train(data, plan, &spec, &out);
    for (int64_t s = 0; s < FOLDS; s++) {
        eae_frame *spoilt;
        assert_int_equal(eae_frame_select(data, NULL, ROWS, NULL, COLS, &spoilt), EAE_OK);
        for (int64_t i = 0; i < ROWS; i++) {
            if (eae_frame_i16(plan)[s * ROWS + i] != -1)
                continue;
            eae_axis_find(&spoilt->rows, "label")->code[i] ^= 1;
            for (int64_t j = 0; j < COLS; j++)
                eae_frame_f32(spoilt)[i * COLS + j] = (float)(i * 31 % 17 * (j + 1));
        }
        train(spoilt, plan, &spec, &other);
        assert_int_equal(chosen(&spec, out.prediction, s), chosen(&spec, other.prediction, s));
        for (int64_t t = 0; t < FOLDS; t++)
            moved += chosen(&spec, out.prediction, t) != chosen(&spec, other.prediction, t);
        free_output(&other);
        eae_frame_free(spoilt);
    }
    assert_true(moved > 0); /* elsewhere it makes a difference */
    free_output(&out);
    eae_train_spec_free(&spec);
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* ---- permutations ----------------------------------------------------------------------- */

/* A permuted row is that of a study with permuted labels, choice included. */
static void check_permuted_choices(eae_train_spec *spec)
{
    enum { PERMS = 4 };
    eae_frame *data = study(2), *plan = nested_plan(data, 1);
    eae_train_output out, other;
    eae_target target;
    int64_t from[ROWS];
    int differ = 0;
    spec->permutations = PERMS;
    train(data, plan, spec, &out);
    assert_int_equal(out.prediction->rows.count, FOLDS * (1 + PERMS));
    assert_int_equal(eae_target_from(data, &target), EAE_OK);
    spec->permutations = 0;
    for (int64_t b = 1; b <= PERMS; b++) {
        eae_frame *relabelled;
        assert_int_equal(eae_permutation(&target, spec->seed, b, from), EAE_OK);
        assert_int_equal(eae_frame_select(data, NULL, ROWS, NULL, COLS, &relabelled), EAE_OK);
        for (int64_t i = 0; i < ROWS; i++)
            eae_axis_find(&relabelled->rows, "label")->code[i] = target.class[from[i]];
        train(relabelled, plan, spec, &other);
        for (int64_t s = 0; s < FOLDS; s++) {
            int64_t row = s * (1 + PERMS) + b;
            const double *got = cells(out.prediction, row), *want = cells(other.prediction, s);
            assert_int_equal(chosen(spec, out.prediction, row), chosen(spec, other.prediction, s));
            differ +=
                chosen(spec, out.prediction, row) != chosen(spec, out.prediction, s * (1 + PERMS));
            for (int64_t i = 0; i < ROWS; i++) {
                assert_int_equal(isnan(got[from[i]]), isnan(want[i]));
                if (!isnan(want[i]))
                    assert_true(fabs(got[from[i]] - want[i]) <=
                                EAE_TOLERANCE_BATCH * (1 + fabs(want[i])));
            }
        }
        free_output(&other);
        eae_frame_free(relabelled);
    }
    assert_true(differ > 0);
    eae_target_free(&target);
    free_output(&out);
    eae_frame_free(plan);
    eae_frame_free(data);
}

static void the_choice_is_made_anew_for_every_permutation(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        eae_train_spec spec =
            spec_of(which == 1 ? EAE_MODEL_LOGISTIC : EAE_MODEL_SVM, which ? "logloss" : "auc");
        if (which == 2) {
            spec.tune = eae_metric_find("balanced");
            spec.prepare.filter = EAE_FILTER_TTEST;
            spec.prepare.keep = 4;
        }
        check_permuted_choices(&spec);
        eae_train_spec_free(&spec);
    }
}

/* Three samples of one class: permuted, some inner training sets or all of them are without it. */
static void permutations_without_a_figure_are_undefined(void **state)
{
    enum { N = 15, PERMS = 60 };
    eae_frame *data = train_data(N, 5, 2), *plan;
    eae_plan_spec how = {.kind = EAE_PLAN_KFOLD, .k = 3, .repeats = 1, .stratify = true, .seed = 3};
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, "auc");
    eae_train_output out;
    int64_t undefined = 0;
    (void)state;
    for (int i = 0; i < N; i++)
        eae_axis_find(&data->rows, "label")->code[i] = i % 4 == 0;
    how.inner = 2;
    assert_int_equal(eae_plan_make(&how, data, &plan), EAE_OK);
    spec.permutations = PERMS;
    train(data, plan, &spec, &out);
    for (int64_t row = 0; row < out.prediction->rows.count; row++) {
        bool none = strcmp(text(out.prediction, "chosen", row), "NA") == 0;
        int held = 0;
        assert_string_equal(text(out.prediction, "param", row), "tuned");
        for (int64_t i = 0; i < N; i++)
            held += !isnan(cells(out.prediction, row)[i]);
        assert_int_equal(held, none ? 0 : 5);
        assert_true(!none || row % (1 + PERMS) > 0);
        undefined += none;
    }
    assert_true(undefined > 0 && undefined < (int64_t)3 * PERMS);
    assert_int_equal(out.undefined, undefined);
    free_output(&out);
    eae_train_spec_free(&spec);
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* ---- figures ---------------------------------------------------------------------------- */

static void ties_go_to_the_stronger_penalty(void **state)
{
    static const double penalty[] = {-1, -0.1, -10}; /* C = 1, 0.1, 10 */
    static const double tied[] = {0.8, 0.8, 0.8, 0.6, 0.6, 0.6};
    static const double first[] = {0.9, 0.8, 0.8, 0.6, 0.6, 0.6};
    static const double two[] = {0.8, 0.8, 0.9, 0.7, 0.6, 0.6};
    (void)state;
    assert_int_equal(eae_tune_best(tied, 2, 3, 3, true, penalty), 1);
    assert_int_equal(eae_tune_best(first, 2, 3, 3, true, penalty), 0);
    assert_int_equal(eae_tune_best(two, 2, 3, 3, true, penalty),
                     0); /* 0.75 twice: C = 1 of 1, 10 */
    assert_int_equal(eae_tune_best(two, 2, 3, 3, false, penalty), 1);
}

/* Equal as fractions, different as sums: the same three figures in another order. */
static void rounding_does_not_break_a_tie(void **state)
{
    static const double penalty[] = {1, 2};
    static const double figures[] = {0.1, 0.3, 0.2, 0.2, 0.3, 0.1};
    static const double small[] = {1e-20, 3e-20, 2e-20, 2e-20, 3e-20, 1.1e-20};
    static const double infinite[] = {INFINITY, 1, 1, 1, 1, 1};
    (void)state;
    assert_true(0.1 + 0.2 + 0.3 != 0.3 + 0.2 + 0.1);
    assert_int_equal(eae_tune_best(figures, 3, 2, 2, true, penalty), 1);
    assert_int_equal(eae_tune_best(figures, 3, 2, 2, false, penalty), 1);
    assert_int_equal(eae_tune_best(small, 3, 2, 2, false, penalty), 0);
    assert_int_equal(eae_tune_best(infinite, 3, 2, 2, false, penalty), 1);
    assert_int_equal(eae_tune_best(infinite, 3, 2, 2, true, penalty), 0);
}

static void undefined_figures_are_left_out(void **state)
{
    static const double penalty[] = {3, 2, 1};
    static const double some[] = {NAN, 0.9, 0.6, NAN, NAN, 0.9, NAN, 0.5, NAN};
    static const double none[] = {NAN, NAN, NAN};
    (void)state;
    /* means: none, 0.7 of two, 0.75 of two */
    assert_int_equal(eae_tune_best(some, 3, 3, 3, true, penalty), 2);
    assert_int_equal(eae_tune_best(some, 3, 3, 3, false, penalty), 1);
    assert_int_equal(eae_tune_best(some, 3, 3, 1, true, penalty), -1);
    assert_int_equal(eae_tune_best(none, 1, 3, 3, true, penalty), -1);
    assert_int_equal(eae_tune_best(none, 0, 3, 3, true, penalty), -1);
}

/* ---- refusals --------------------------------------------------------------------------- */

static void refused(const eae_frame *data, const eae_frame *plan, const char *metric, int status,
                    const char *message)
{
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, metric);
    eae_train_output out;
    assert_int_equal(eae_train(data, plan, &spec, &eae_kernels_ref, &out), status);
    assert_non_null(strstr(eae_message(), message));
    eae_train_spec_free(&spec);
}

static void plans_without_inner_splits_are_refused(void **state)
{
    (void)state;
    eae_frame *data = study(2), *plain = train_plan(data, FOLDS, 1), *plan = nested_plan(data, 1);
    refused(data, NULL, "auc", EAE_FAIL, "eae-split --inner");
    refused(data, plain, "auc", EAE_FAIL, "the plan has no inner splits");
    refused(data, plain, "auc", EAE_FAIL, "eae-split --inner");
    eae_annot *parent = eae_axis_find(&plan->rows, "parent");
    for (int64_t i = 0; i < plan->rows.count; i++)
        parent->i64[i] = parent->i64[i] == 2 ? 3 : parent->i64[i];
    refused(data, plan, "auc", EAE_FAIL, "split 2 has no inner splits");
    eae_frame_free(plan);
    eae_frame_free(plain);
    eae_frame_free(data);
}

static void metrics_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    eae_frame *data = study(2), *three = study(3);
    eae_frame *plan = nested_plan(data, 1), *of_three = nested_plan(three, 1);
    refused(data, plan, "mse", EAE_USAGE, "metric mse is for regression");
    refused(data, plan, "cindex", EAE_USAGE, "metric cindex is for survival");
    refused(data, plan, "hr-p", EAE_USAGE, "p-value");
    refused(data, plan, "logloss", EAE_USAGE, "needs probabilities; model svm gives none");
    refused(three, of_three, "f1", EAE_USAGE, "for two classes; there are 3");
    eae_frame_free(of_three);
    eae_frame_free(plan);
    eae_frame_free(three);
    eae_frame_free(data);
}

/* Leave-one-out inside: an AUC of one sample is undefined in every split. */
static void a_metric_that_is_undefined_everywhere_names_the_split(void **state)
{
    (void)state;
    eae_frame *data = study(2);
    eae_plan_spec how = {.kind = EAE_PLAN_HOLDOUT,
                         .repeats = 1,
                         .holdout = 0.25,
                         .inner = 27,
                         .stratify = false,
                         .seed = 1};
    eae_frame *plan;
    assert_int_equal(eae_plan_make(&how, data, &plan), EAE_OK);
    refused(data, plan, "auc", EAE_FAIL, "split 1: auc is undefined in all of its 27 inner splits");
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, "accuracy");
    eae_train_output out;
    train(data, plan, &spec, &out);
    free_output(&out);
    eae_train_spec_free(&spec);
    eae_frame_free(plan);
    eae_frame_free(data);
}

/* ---- parts ------------------------------------------------------------------------------ */

static void shards_and_threads_choose_alike(void **state)
{
    (void)state;
    eae_frame *data = study(2), *plan = nested_plan(data, 2);
    eae_train_spec spec = spec_of(EAE_MODEL_SVM, "auc");
    eae_train_output whole, part;
    int64_t row = 0;
    spec.permutations = 2;
    train(data, plan, &spec, &whole);
    spec.shards = 4;
    for (spec.shard = 1; spec.shard <= 4; spec.shard++) {
        spec.threads = 2 * spec.shard - 1;
        train(data, plan, &spec, &part);
        int64_t rows = part.prediction->rows.count;
        assert_memory_equal(cells(part.prediction, 0), cells(whole.prediction, row),
                            (size_t)(rows * ROWS) * sizeof(double));
        for (int64_t i = 0; i < rows; i++)
            assert_string_equal(text(part.prediction, "chosen", i),
                                text(whole.prediction, "chosen", row + i));
        row += rows;
        free_output(&part);
    }
    assert_int_equal(row, whole.prediction->rows.count);
    free_output(&whole);
    eae_train_spec_free(&spec);
    eae_frame_free(plan);
    eae_frame_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_are_those_of_a_study_of_the_training_samples),
        cmocka_unit_test(what_reads_labels_is_redone_inside),
        cmocka_unit_test(held_out_values_are_those_of_the_chosen_parameter),
        cmocka_unit_test(the_final_model_is_chosen_on_the_outer_splits),
        cmocka_unit_test(the_test_rows_are_not_read),
        cmocka_unit_test(the_choice_is_made_anew_for_every_permutation),
        cmocka_unit_test(permutations_without_a_figure_are_undefined),
        cmocka_unit_test(ties_go_to_the_stronger_penalty),
        cmocka_unit_test(rounding_does_not_break_a_tie),
        cmocka_unit_test(undefined_figures_are_left_out),
        cmocka_unit_test(plans_without_inner_splits_are_refused),
        cmocka_unit_test(metrics_that_do_not_fit_are_refused),
        cmocka_unit_test(a_metric_that_is_undefined_everywhere_names_the_split),
        cmocka_unit_test(shards_and_threads_choose_alike),
    };
    return cmocka_run_group_tests_name("tune", tests, NULL, NULL);
}
