/* train_options.c - see train_options.h. */
#include "eval/train/train_options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "eval/train/external.h"
#include "eval/plan/plan.h"
#include "model/design.h"

const eae_option eae_model_options[] = {
    {.name = "loss",
     .type = EAE_OPT_CHOICE,
     .fallback = "hinge",
     .range = "hinge|squared-hinge",
     .help = "svm: the loss"},
    {.name = "bias",
     .type = EAE_OPT_CHOICE,
     .fallback = "free",
     .range = "free|penalized",
     .help = "svm: a free intercept (LIBSVM), or one that is penalised like a weight (LIBLINEAR)"},
    {.name = "cost",
     .shortcut = 'C',
     .type = EAE_OPT_REALS,
     .arg = "LIST",
     .range = "(0:",
     .conflicts = "lambda",
     .help = "cost of the loss, a model for each (default: 1)"},
    {.name = "lambda",
     .type = EAE_OPT_TEXT,
     .arg = "LIST",
     .help = "penalty instead of -C: numbers, or auto[:N] for N (100) from lambda_max down"},
    {.name = "class-weight",
     .type = EAE_OPT_TEXT,
     .arg = "LIST",
     .help = "balanced, or a number per class in the order of the classes (negative first)"},
    {.name = "tol",
     .type = EAE_OPT_REAL,
     .arg = "GAP",
     .fallback = "1e-6",
     .range = "(0:1)",
     .help = "relative duality gap at which a model has converged"},
    {.name = "max-iter",
     .type = EAE_OPT_INT,
     .arg = "N",
     .range = "1:",
     .help = "most iterations of a solver (default: as many as it takes, within reason)"},
    {0}};

const eae_option eae_sparse_options[] = {
    {.name = "alpha",
     .type = EAE_OPT_REAL,
     .arg = "A",
     .range = "0:1",
     .help = "enet, cox: the share of the l1 penalty, 1 is the lasso (default: enet 0.5, cox 0)"},
    {0}};

const eae_option eae_cox_options[] = {{.name = "ties",
                                       .type = EAE_OPT_CHOICE,
                                       .fallback = "efron",
                                       .range = "efron|breslow",
                                       .help = "cox: how tied event times count"},
                                      {0}};

const eae_option eae_preparation_options[] = {
    {.name = "scale",
     .type = EAE_OPT_CHOICE,
     .fallback = "fold",
     .range = "none|all|fold",
     .help = "centre and scale features by the training rows of each split, by all rows, or not"},
    {.name = "filter",
     .type = EAE_OPT_TEXT,
     .arg = "KIND:K",
     .help =
         "keep the K best features by the training rows: ttest, anova, corr, cox, variance, mad"},
    {.name = "impute",
     .type = EAE_OPT_TEXT,
     .fallback = "none",
     .arg = "none|mean|median|als:K",
     .help = "fill missing values from the training rows; als: from K factors of the features"},
    {.name = "adjust",
     .type = EAE_OPT_NAMES,
     .arg = "COLS",
     .help = "replace features by residuals of a regression on these annotations"},
    {.name = "covariates",
     .type = EAE_OPT_NAMES,
     .arg = "COLS",
     .help = "annotations that enter the model beside the features, unpenalised"},
    {0}};

bool eae_train_is_external(const eae_options *o)
{
    return strncmp(eae_operand(o, 0), "exec:", strlen("exec:")) == 0;
}

int eae_train_model(const eae_options *o, const eae_model *models, size_t count,
                    eae_train_spec *spec)
{
    const char *name = eae_operand(o, 0);
    eae_buffer known = {0};
    for (size_t i = 0; i < count; i++) {
        spec->model = models[i];
        bool external = models[i] == EAE_MODEL_EXEC;
        if (external ? eae_train_is_external(o) : strcmp(name, eae_model_name(spec)) == 0) {
            eae_buffer_free(&known);
            return EAE_OK;
        }
        eae_buffer_printf(&known, "%s%s%s", i ? ", " : "", eae_model_name(spec),
                          external ? ":CMD" : "");
    }
    int status = eae_fail_usage("unknown model '%s' (%s)", name, known.data);
    eae_buffer_free(&known);
    return status;
}

int eae_train_refuse(const eae_options *o, const eae_option_models *fits, size_t count,
                     const eae_train_spec *spec)
{
    for (size_t i = 0; i < count; i++) {
        if (eae_given(o, fits[i].option) && !(fits[i].models >> spec->model & 1u))
            return eae_fail_usage("%s takes no --%s", eae_model_name(spec), fits[i].option);
    }
    return EAE_OK;
}

int eae_train_refuse_shared(const eae_options *o, const eae_train_spec *spec)
{
    enum { SVM = 1 << EAE_MODEL_SVM, LOGISTIC = 1 << EAE_MODEL_LOGISTIC };
    enum { RIDGE = 1 << EAE_MODEL_RIDGE, LINEAR = 1 << EAE_MODEL_LINEAR };
    enum { SPARSE = 1 << EAE_MODEL_LASSO | 1 << EAE_MODEL_ENET, COX = 1 << EAE_MODEL_COX };
    enum { FITTED = SVM | LOGISTIC | RIDGE | LINEAR | SPARSE | COX };
    enum { EXEC = 1 << EAE_MODEL_EXEC, ALS = 1 << EAE_MODEL_ALS };
    static const eae_option_models fits[] = {
        {"loss", SVM},
        {"bias", SVM},
        {"cost", SVM | LOGISTIC | EXEC},
        {"lambda", SVM | LOGISTIC | RIDGE | SPARSE | COX | EXEC | ALS},
        {"class-weight", SVM | LOGISTIC | SPARSE},
        {"tol", FITTED | ALS},
        {"max-iter", FITTED | ALS},
        {"scale", FITTED | EXEC | ALS},
        {"covariates", FITTED}};
    return eae_train_refuse(o, fits, sizeof fits / sizeof *fits, spec);
}

int eae_train_penalty(const eae_options *o, eae_train_spec *spec)
{
    spec->ties = eae_opt_choice(o, "ties") == 0 ? EAE_TIES_EFRON : EAE_TIES_BRESLOW;
    spec->alpha = spec->model == EAE_MODEL_LASSO ? 1 : spec->model == EAE_MODEL_ENET ? 0.5 : 0;
    if (eae_given(o, "alpha"))
        spec->alpha = eae_opt_real(o, "alpha");
    return spec->alpha > 0 || spec->model != EAE_MODEL_ENET
               ? EAE_OK
               : eae_fail_usage("enet: --alpha must be above 0; ridge and logistic have an l2 "
                                "penalty alone");
}

/* "1,0.1,0.01": positive numbers. */
static int parse_list(const char *option, const char *text, double **out, int *count)
{
    double *list = NULL;
    *count = 0;
    *out = NULL;
    for (const char *p = text; p;) {
        size_t n = strcspn(p, ",");
        list = eae_realloc(list, (size_t)*count + 1, sizeof *list);
        if (!eae_parse_double(p, n, &list[*count]) || !(list[*count] > 0) || isinf(list[*count])) {
            free(list);
            return eae_fail_usage("--%s: not a positive number: '%.*s'", option, (int)n, p);
        }
        ++*count;
        p = p[n] ? p + n + 1 : NULL;
    }
    *out = list;
    return EAE_OK;
}

/* A number that is there twice would be one candidate with two values for every split. */
static int refuse_repeats(const char *option, const double *list, int count)
{
    for (int i = 1; i < count; i++) {
        for (int j = 0; j < i; j++) {
            if (list[i] == list[j])
                return eae_fail_usage("--%s: %g is given twice", option, list[i]);
        }
    }
    return EAE_OK;
}

static int parse_lambda(const char *text, eae_train_spec *spec)
{
    int64_t n = 100;
    spec->by_lambda = true;
    if (strncmp(text, "auto", 4) != 0)
        return parse_list("lambda", text, &spec->param, &spec->params);
    bool counted = text[4] == ':' && eae_parse_int(text + 5, strlen(text + 5), &n);
    if (text[4] && (!counted || n < 1 || n > 10000))
        return eae_fail_usage("--lambda: '%s' is not auto or auto:N (N from 1 to 10000)", text);
    spec->lambda_auto = (int)n;
    return EAE_OK;
}

/* Models that know no C. */
static bool lambda_only(eae_model model)
{
    return model == EAE_MODEL_RIDGE || model == EAE_MODEL_COX || model == EAE_MODEL_ALS;
}

static int choose_parameters(const eae_options *o, eae_train_spec *spec)
{
    int status;
    if (eae_given(o, "lambda") || eae_train_is_sparse(spec)) {
        status = parse_lambda(eae_given(o, "lambda") ? eae_opt_text(o, "lambda") : "auto", spec);
    } else {
        const char *cost = eae_given(o, "cost") ? eae_opt_text(o, "cost") : "1";
        spec->by_lambda = lambda_only(spec->model);
        if (spec->model == EAE_MODEL_ALS)
            cost = "0.05";
        status = parse_list("cost", cost, &spec->param, &spec->params);
    }
    if (status == EAE_OK)
        status = refuse_repeats(spec->by_lambda ? "lambda" : "cost", spec->param, spec->params);
    const char *weights = eae_opt_text(o, "class-weight");
    if (status != EAE_OK || !weights)
        return status;
    spec->weighting = EAE_CLASSES_BALANCED;
    if (strcmp(weights, "balanced") == 0)
        return EAE_OK;
    spec->weighting = EAE_CLASSES_LISTED;
    return parse_list("class-weight", weights, &spec->class_weight, &spec->class_weights);
}

int eae_shard_parse(const char *text, int *shard, int *shards)
{
    *shard = *shards = 1;
    if (!text)
        return EAE_OK;
    const char *slash = strchr(text, '/');
    int64_t i, n;
    if (!slash || !eae_parse_int(text, (size_t)(slash - text), &i) ||
        !eae_parse_int(slash + 1, strlen(slash + 1), &n) || i < 1 || i > n || n > 1000000)
        return eae_fail_usage("--shard: '%s' is not I/N with I from 1 to N", text);
    *shard = (int)i;
    *shards = (int)n;
    return EAE_OK;
}

int eae_train_shard(const eae_options *o, eae_train_spec *spec)
{
    return eae_shard_parse(eae_opt_text(o, "shard"), &spec->shard, &spec->shards);
}

/* The list that is chosen from belongs to the specification; as it was asked for. */
int eae_train_tune(const eae_options *o, eae_train_spec *spec)
{
    const char *name = eae_opt_text(o, "tune");
    eae_buffer b = {0};
    char number[EAE_NUMBER_TEXT];
    if (!name)
        return EAE_OK;
    int status = eae_metric_named(name, &spec->tune);
    if (status != EAE_OK)
        return eae_fail_within(status, "--tune");
    eae_buffer_printf(&b, "%s;tune=%s;%s=", spec->text, name, spec->by_lambda ? "lambda" : "cost");
    if (spec->lambda_auto > 0)
        eae_buffer_printf(&b, "auto:%d", spec->lambda_auto);
    for (int p = 0; p < spec->params; p++) {
        eae_format_double(spec->param[p], number);
        eae_buffer_printf(&b, "%s%s", p ? "," : "", number);
    }
    free(spec->text);
    spec->text = b.data;
    return EAE_OK;
}

/* The canonical text of what changes the fit: fixed order, defaults left out but for the loss and
 * the scaling, which a reader wants to see. */
static void describe_spec(const eae_options *o, eae_train_spec *spec)
{
    static const char *const listed[] = {"bias",   "class-weight", "filter",
                                         "impute", "adjust",       "covariates"};
    char number[EAE_NUMBER_TEXT];
    eae_buffer b = {0};
    if (spec->model == EAE_MODEL_TEST)
        eae_buffer_printf(&b, "stat=%s", eae_opt_text(o, "stat"));
    else
        eae_buffer_printf(&b, "scale=%s", eae_opt_text(o, "scale"));
    if (spec->model == EAE_MODEL_SVM)
        eae_buffer_printf(&b, ";loss=%s", eae_opt_text(o, "loss"));
    if (spec->kernel != EAE_KERNEL_LINEAR)
        eae_buffer_printf(&b, ";kernel=%s", eae_svm_kernel_name(spec->kernel));
    if (spec->gamma > 0) {
        eae_format_double(spec->gamma, number);
        eae_buffer_printf(&b, ";gamma=%s", number);
    }
    if (spec->kernel == EAE_KERNEL_POLY)
        eae_buffer_printf(&b, ";degree=%d", spec->degree);
    if (spec->model == EAE_MODEL_COX)
        eae_buffer_printf(&b, ";ties=%s", spec->ties == EAE_TIES_EFRON ? "efron" : "breslow");
    if (spec->external && spec->external->probability)
        eae_buffer_puts(&b, ";values=probability");
    if (spec->model == EAE_MODEL_ALS)
        eae_buffer_printf(&b, ";rank=%lld", (long long)spec->rank);
    if (spec->model == EAE_MODEL_ENET || (spec->model == EAE_MODEL_COX && spec->alpha > 0)) {
        eae_format_double(spec->alpha, number);
        eae_buffer_printf(&b, ";alpha=%s", number);
    }
    if (spec->by_lambda && (spec->model == EAE_MODEL_SVM || spec->model == EAE_MODEL_LOGISTIC))
        eae_buffer_puts(&b, ";penalty=lambda");
    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++) {
        if (eae_given(o, listed[i]))
            eae_buffer_printf(&b, ";%s=%s", listed[i], eae_opt_text(o, listed[i]));
    }
    spec->text = b.data;
}

int eae_train_spec_from_options(const eae_options *o, eae_train_spec *spec)
{
    spec->loss = eae_opt_choice(o, "loss") == 0 ? EAE_HINGE : EAE_SQUARED_HINGE;
    spec->bias_penalised = eae_opt_choice(o, "bias") == 1;
    spec->prepare.scaling = (eae_scaling)eae_opt_choice(o, "scale");
    spec->seed = (uint64_t)eae_opt_int(o, "seed");
    spec->prepare.complete.seed = spec->seed;
    spec->tol = eae_opt_real(o, "tol");
    spec->max_iter = eae_opt_int(o, "max-iter");
    spec->shard = spec->shards = 1;
    spec->threads = eae_opt_threads(o);
    spec->memory = eae_opt_memory(o);
    spec->tmpdir = eae_opt_text(o, "tmpdir");
    const char *filter = eae_opt_text(o, "filter");
    int status = eae_imputation_parse(eae_opt_text(o, "impute"), &spec->prepare.imputation,
                                      &spec->prepare.complete);
    if (status == EAE_OK)
        status = choose_parameters(o, spec);
    if (status == EAE_OK && filter)
        status = eae_filter_parse(filter, &spec->prepare.filter, &spec->prepare.keep);
    if (status == EAE_OK)
        describe_spec(o, spec);
    return status;
}

/* ---- the designs of --adjust and --covariates ---------------------------------------------------
 */

/* rows x (intercept + terms) numbers and their names. */
static int make_design(const eae_frame *data, const eae_names *columns, bool intercept,
                       double **value, eae_names *names)
{
    eae_design design;
    int status = eae_design_learn(&data->rows, columns, &design);
    if (status != EAE_OK)
        return status;
    int64_t terms = design.terms.count, width = terms + intercept, rows = data->rows.count;
    double *plain = EAE_NEW_ARRAY(double, rows *terms);
    status = eae_design_apply(&design, &data->rows, plain);
    if (intercept)
        eae_names_add(names, "(intercept)", strlen("(intercept)"));
    for (int64_t t = 0; t < terms; t++) {
        const char *term = eae_name(&design.terms, t);
        eae_names_add(names, term, strlen(term));
    }
    *value = EAE_NEW_ARRAY(double, rows *width);
    for (int64_t i = 0; i < rows; i++) {
        if (intercept)
            (*value)[i * width] = 1;
        memcpy(*value + i * width + intercept, plain + i * terms, (size_t)terms * sizeof(double));
    }
    free(plain);
    eae_design_free(&design);
    return status;
}

int eae_train_designs(const eae_options *o, const eae_frame *data, eae_train_spec *spec)
{
    const eae_names *adjust = eae_opt_names(o, "adjust"), *beside = eae_opt_names(o, "covariates");
    int status = EAE_OK;
    if (adjust->count > 0) {
        double *design = NULL;
        status = make_design(data, adjust, true, &design, &spec->adjust_names);
        spec->prepare.design = design;
        spec->prepare.terms = spec->adjust_names.count;
    }
    if (status == EAE_OK && beside->count > 0) {
        status = make_design(data, beside, false, &spec->covariates.value, &spec->covariates.names);
        spec->covariates.terms = spec->covariates.names.count;
    }
    return status;
}

int eae_train_frames(const eae_bundle *in, eae_frame **data, eae_frame **plan)
{
    int status = eae_bundle_find(in, EAE_KIND_DATA, data);
    if (status == EAE_OK)
        status = eae_bundle_find(in, EAE_KIND_SPLIT, plan);
    if (status != EAE_OK)
        return status;
    if (!*data) {
        char *kinds = eae_bundle_kinds(in);
        status = eae_fail("no data frame in the input (found: %s)", kinds);
        free(kinds);
        return status;
    }
    status = *plan ? eae_plan_check(*plan, *data) : EAE_OK;
    eae_axis_number(&(*data)->rows, "s");
    eae_axis_number(&(*data)->cols, "f");
    return status;
}
