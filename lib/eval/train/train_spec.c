/* train_spec.c - see train_spec.h. */
#include "eval/train/train_spec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/train/external.h"
#include "eval/score/predictions.h"

const char *eae_model_name(const eae_train_spec *spec)
{
    static const char *const names[] = {
        [EAE_MODEL_SVM] = "svm",       [EAE_MODEL_LOGISTIC] = "logistic",
        [EAE_MODEL_LINEAR] = "linear", [EAE_MODEL_RIDGE] = "ridge",
        [EAE_MODEL_LASSO] = "lasso",   [EAE_MODEL_ENET] = "enet",
        [EAE_MODEL_COX] = "cox",       [EAE_MODEL_TEST] = "test",
        [EAE_MODEL_EXEC] = "exec",     [EAE_MODEL_ALS] = "als",
    };
    return names[spec->model];
}

static int check_external(const eae_external *external, const eae_target *target)
{
    if (external->probability && target->task != EAE_TASK_CLASSES)
        return eae_fail_usage("--exec-values probability needs a label with classes");
    return EAE_OK;
}

static int check_als(const eae_train_spec *spec, const eae_target *target)
{
    if (spec->lambda_auto > 0)
        return eae_fail_usage("als takes no --lambda auto");
    if (target->task == EAE_TASK_SURVIVAL)
        return eae_fail("als needs a label, of classes or a number (--regression)");
    return EAE_OK;
}

/* Squared loss for a number, logistic loss for two classes, softmax for more. */
static int check_sparse(const eae_train_spec *spec, const eae_target *target)
{
    if (target->task == EAE_TASK_SURVIVAL)
        return eae_fail("%s needs a label, a number or classes; for times there is cox",
                        eae_model_name(spec));
    return EAE_OK;
}

static int check_task(const eae_train_spec *spec, const eae_target *target)
{
    if (spec->model == EAE_MODEL_LASSO || spec->model == EAE_MODEL_ENET)
        return check_sparse(spec, target);
    if (spec->model == EAE_MODEL_EXEC)
        return check_external(spec->external, target);
    if (spec->model == EAE_MODEL_ALS)
        return check_als(spec, target);
    bool classes = spec->model == EAE_MODEL_SVM || spec->model == EAE_MODEL_LOGISTIC;
    if (classes && target->task == EAE_TASK_SURVIVAL)
        return eae_fail(
            "%s needs a label with classes, and the data have times; for these there is "
            "cox",
            eae_model_name(spec));
    if (classes && target->task != EAE_TASK_CLASSES)
        return eae_fail("%s needs a label with classes, and the label is a number; without "
                        "--regression numbers are classes",
                        eae_model_name(spec));
    if (spec->model == EAE_MODEL_COX)
        return target->task == EAE_TASK_SURVIVAL ? EAE_OK
                                                 : eae_fail("cox needs --time and --status");
    if (!classes && target->task != EAE_TASK_REGRESSION)
        return eae_fail("%s needs a number as label (--regression)", eae_model_name(spec));
    return EAE_OK;
}

static int check_test(const eae_train_spec *spec, const eae_target *target)
{
    static const struct {
        const char *name, *needs;
        eae_task task;
    } tests[] = {
        [EAE_TEST_WELCH] = {"welch", "two classes", EAE_TASK_CLASSES},
        [EAE_TEST_LIMMA] = {"limma", "classes", EAE_TASK_CLASSES},
        [EAE_TEST_ANOVA] = {"anova", "classes", EAE_TASK_CLASSES},
        [EAE_TEST_SPEARMAN] = {"spearman", "a number as label (--regression)", EAE_TASK_REGRESSION},
        [EAE_TEST_PEARSON] = {"pearson", "a number as label (--regression)", EAE_TASK_REGRESSION},
        [EAE_TEST_COX] = {"cox", "--time and --status", EAE_TASK_SURVIVAL},
    };
    bool fits = tests[spec->test].task == target->task;
    if (spec->test == EAE_TEST_WELCH && target->outcome.classes != 2)
        fits = false;
    return fits ? EAE_OK
                : eae_fail("--stat %s needs %s", tests[spec->test].name, tests[spec->test].needs);
}

static int check_filter(eae_filter filter, const eae_target *target)
{
    const char *needs = NULL;
    if (filter == EAE_FILTER_TTEST &&
        (target->task != EAE_TASK_CLASSES || target->outcome.classes != 2))
        needs = "ttest needs two classes";
    if (filter == EAE_FILTER_ANOVA && target->task != EAE_TASK_CLASSES)
        needs = "anova needs classes";
    if (filter == EAE_FILTER_CORR && target->task != EAE_TASK_REGRESSION)
        needs = "corr needs a number as label";
    if (filter == EAE_FILTER_COX && target->task != EAE_TASK_SURVIVAL)
        needs = "cox needs --time and --status";
    return needs ? eae_fail_usage("--filter: %s", needs) : EAE_OK;
}

static int check_tune(const eae_train_spec *spec, const eae_target *target)
{
    const char *model = eae_model_name(spec);
    if (spec->tune->single)
        return eae_fail_usage("--tune: %s is a p-value, and no measure to choose by",
                              spec->tune->name);
    int status = eae_metric_suits(spec->tune, target->task, target->outcome.classes,
                                  eae_gives_log_odds(model), model);
    return status == EAE_OK ? EAE_OK : eae_fail_within(status, "--tune");
}

int eae_train_spec_check(const eae_train_spec *spec, const eae_target *target)
{
    int status =
        spec->model == EAE_MODEL_TEST ? check_test(spec, target) : check_task(spec, target);
    if (status == EAE_OK)
        status = check_filter(spec->prepare.filter, target);
    if (status == EAE_OK && spec->prepare.filter != EAE_FILTER_NONE && spec->prepare.keep == 0 &&
        spec->covariates.terms == 0)
        status = eae_fail_usage("--filter: no feature is left, and there are no --covariates");
    if (status == EAE_OK && spec->weighting != EAE_CLASSES_EQUAL &&
        target->task != EAE_TASK_CLASSES)
        status = eae_fail_usage("--class-weight needs a label with classes");
    if (status == EAE_OK && spec->weighting == EAE_CLASSES_LISTED &&
        spec->class_weights != target->outcome.classes)
        status = eae_fail_usage("--class-weight has %d numbers for %d classes", spec->class_weights,
                                target->outcome.classes);
    if (status == EAE_OK && spec->tune)
        status = check_tune(spec, target);
    return status;
}

void eae_train_spec_free(eae_train_spec *spec)
{
    free(spec->param);
    free(spec->class_weight);
    free((double *)spec->prepare.design);
    free(spec->covariates.value);
    eae_names_free(&spec->covariates.names);
    eae_names_free(&spec->adjust_names);
    free(spec->text);
    *spec = (eae_train_spec){0};
}

static double *class_weights(const eae_train_spec *spec, const int64_t *row, const double *count,
                             int64_t n, const int32_t *class, int classes)
{
    double *weight = eae_malloc((size_t)classes, sizeof *weight);
    double *members = EAE_NEW_ARRAY(double, classes);
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        members[class[row[i]]] += count[i];
        total += count[i];
    }
    for (int c = 0; c < classes; c++) {
        weight[c] = 1;
        if (spec->weighting == EAE_CLASSES_BALANCED)
            weight[c] = members[c] > 0 ? total / (classes * members[c]) : 0;
        else if (spec->weighting == EAE_CLASSES_LISTED)
            weight[c] = spec->class_weight[c];
    }
    free(members);
    return weight;
}

void eae_train_cost(const eae_train_spec *spec, double param, const int64_t *row,
                    const double *count, int64_t n, const int32_t *class, int classes, double *cost)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += count[i];
    double scale = spec->by_lambda ? 1 / (total * param) : param;
    double *weight = class ? class_weights(spec, row, count, n, class, classes) : NULL;
    for (int64_t i = 0; i < n; i++)
        cost[i] = scale * count[i] * (weight ? weight[class[row[i]]] : 1);
    free(weight);
}

/* The score of one class (1) against the rest (0), or of the value: what is correlated. */
static double centred_response(const eae_target *t, int c, int64_t i)
{
    return t->task == EAE_TASK_CLASSES ? (t->class[i] == c ? 1.0 : 0.0) : t->value[i];
}

/* Minus the gradient of the loss per sample where every coefficient is 0: rows x sides. */
static int null_residuals(const eae_train_spec *spec, const eae_target *target, int64_t rows,
                          int sides, int first, double *b)
{
    if (target->task == EAE_TASK_SURVIVAL) {
        eae_cox cox;
        eae_cox_point point = {0};
        double *eta = EAE_NEW_ARRAY(double, rows);
        int status = eae_cox_new(&cox, target->time, target->status, NULL, NULL, rows, spec->ties);
        if (status == EAE_OK)
            status = eae_cox_point_init(&point, &cox);
        if (status == EAE_OK)
            eae_cox_at(&cox, eta, false, &point);
        for (int64_t i = 0; i < rows && status == EAE_OK; i++)
            b[i] = -point.gradient[i] / (double)rows;
        eae_cox_point_free(&point);
        eae_cox_free(&cox);
        free(eta);
        return status;
    }
    for (int c = 0; c < sides; c++) {
        double mean = 0;
        for (int64_t i = 0; i < rows; i++)
            mean += centred_response(target, c + first, i) / (double)rows;
        for (int64_t i = 0; i < rows; i++)
            b[i * sides + c] = (centred_response(target, c + first, i) - mean) / (double)rows;
    }
    return EAE_OK;
}

int eae_lambda_spaced(const eae_dataset *d, double lambda_max, int n, double *lambda)
{
    double bottom = d->rows > d->cols ? 1e-4 : 1e-2;
    if (!(lambda_max > 0))
        return eae_fail("--lambda auto: no feature is related to the outcome");
    for (int i = 0; i < n; i++)
        lambda[i] = n > 1 ? lambda_max * pow(bottom, (double)i / (n - 1)) : lambda_max;
    return EAE_OK;
}

int eae_lambda_path(const eae_dataset *d, const eae_train_spec *spec, const eae_target *target,
                    int n, double *lambda)
{
    int sides = target->task == EAE_TASK_CLASSES ? target->outcome.classes : 1;
    int first = sides == 2 ? 1 : 0; /* two classes: one response */
    int k = sides - first;
    double *b = eae_malloc((size_t)(d->rows * k), sizeof *b);
    double *w = eae_try_alloc((size_t)(d->cols * k), sizeof *w, "lambda_max");
    int status = w ? null_residuals(spec, target, d->rows, k, first, b) : EAE_FAIL;
    double *inverse = eae_malloc((size_t)d->cols, sizeof *inverse);
    double *fill = eae_malloc((size_t)d->cols, sizeof *fill);
    for (int64_t j = 0; j < d->cols; j++) {
        inverse[j] = spec->prepare.scaling == EAE_SCALE_NONE ? 1 : 1 / d->scale[j];
        fill[j] = d->reference[j];
    }
    eae_source source = {.x = d->x,
                         .is_f64 = d->is_f64,
                         .rows = d->rows,
                         .cols = d->cols,
                         .feature_count = d->cols,
                         .fill = fill,
                         .shift = d->reference,
                         .inverse = inverse};
    if (status == EAE_OK)
        status = d->kernels->weights(&source, NULL, d->rows, b, k, w, spec->threads);
    double largest = 0;
    for (int64_t j = 0; j < d->cols * k && status == EAE_OK; j++)
        largest = fmax(largest, fabs(w[j]));
    if (status == EAE_OK)
        status = eae_lambda_spaced(d, largest / 0.001, n, lambda);
    free(b);
    free(w);
    free(inverse);
    free(fill);
    return status;
}
