/* eae-train - train a family of models over the splits of a plan; eae-train(1). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/number.h"
#include "base/options.h"
#include "eval/plan.h"
#include "eval/train.h"
#include "matrix/history.h"
#include "matrix/stream.h"
#include "model/design.h"

static const eae_option model_options[] = {
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
    {.name = "stat",
     .type = EAE_OPT_CHOICE,
     .fallback = "welch",
     .range = "welch|limma|anova|spearman|cox",
     .help = "test: the statistic"},
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

static const eae_option preparation_options[] = {
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
     .type = EAE_OPT_CHOICE,
     .fallback = "none",
     .range = "none|mean|median",
     .help = "fill missing values from the training rows"},
    {.name = "adjust",
     .type = EAE_OPT_NAMES,
     .arg = "COLS",
     .help = "replace features by residuals of a regression on these annotations"},
    {.name = "covariates",
     .type = EAE_OPT_NAMES,
     .arg = "COLS",
     .help = "annotations that enter the model beside the features, unpenalised"},
    {0}};

static const eae_option family_options[] = {
    {.name = "permute",
     .type = EAE_OPT_INT,
     .arg = "N",
     .fallback = "0",
     .range = "0:1000000",
     .help = "also train on N permutations of the labels, for p-values"},
    {.name = "final", .type = EAE_OPT_FLAG, .help = "also one model on all rows"},
    {.name = "weights",
     .type = EAE_OPT_CHOICE,
     .range = "all|final|none",
     .help = "models to write (default: all without a plan, final with --final, else none)"},
    {.name = "shard",
     .type = EAE_OPT_TEXT,
     .arg = "I/N",
     .quiet = true,
     .help = "do the I-th of N contiguous parts of the splits"},
    {0}};

static const eae_program program = {
    .name = "eae-train",
    .summary =
        "Train MODEL (svm, logistic, linear, ridge, test) on every split of the plan in the\n"
        "stream; without a plan, on all rows. Writes held-out predictions, then models.",
    .example = "  eae-view expr.tsv --label class=AML/ALL | eae-split --kfold 5 --repeats 20 |\n"
               "      eae-train svm -C 0.01,1 | eae-score --summary",
    .operands = "MODEL [FILE...]",
    .min_operands = 1,
    .max_operands = -1,
    .groups = {{"Model", model_options},
               {"Preprocessing, learned inside each split", preparation_options},
               {"Family", family_options},
               EAE_GROUP_IMPORT,
               EAE_GROUP_COMMON}};

/* ---- from options to a specification ----------------------------------------------------------
 */

static void choose_model(const eae_options *o, eae_train_spec *spec)
{
    static const char *const names[] = {"svm", "logistic", "linear", "ridge", "test"};
    const char *name = eae_operand(o, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            spec->model = (eae_model)i;
            return;
        }
    }
    eae_usage("unknown model '%s' (svm, logistic, linear, ridge, test)", name);
}

/* An option that says nothing to the chosen model is a mistake, not a wish. */
static void refuse_unfit(const eae_options *o, const eae_train_spec *spec)
{
    enum { SVM = 1 << EAE_MODEL_SVM, LOGISTIC = 1 << EAE_MODEL_LOGISTIC };
    enum { RIDGE = 1 << EAE_MODEL_RIDGE, LINEAR = 1 << EAE_MODEL_LINEAR };
    enum { TEST = 1 << EAE_MODEL_TEST, FITTED = SVM | LOGISTIC | RIDGE | LINEAR };
    static const struct {
        const char *option;
        unsigned models; /* that take it */
    } fits[] = {{"loss", SVM},
                {"bias", SVM},
                {"cost", SVM | LOGISTIC},
                {"lambda", SVM | LOGISTIC | RIDGE},
                {"class-weight", SVM | LOGISTIC},
                {"stat", TEST},
                {"tol", FITTED},
                {"max-iter", FITTED},
                {"scale", FITTED},
                {"covariates", FITTED},
                {"permute", FITTED},
                {"final", FITTED},
                {"weights", FITTED},
                {"shard", FITTED}};
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        if (eae_given(o, fits[i].option) && !(fits[i].models >> spec->model & 1u))
            eae_usage("%s takes no --%s", eae_model_name(spec), fits[i].option);
    }
}

/* "1,0.1,0.01": positive numbers. */
static double *parse_list(const char *option, const char *text, int *count)
{
    double *list = NULL;
    *count = 0;
    for (const char *p = text; p;) {
        size_t n = strcspn(p, ",");
        list = eae_realloc(list, (size_t)*count + 1, sizeof *list);
        if (!eae_parse_double(p, n, &list[*count]) || !(list[*count] > 0) || isinf(list[*count]))
            eae_usage("--%s: not a positive number: '%.*s'", option, (int)n, p);
        ++*count;
        p = p[n] ? p + n + 1 : NULL;
    }
    return list;
}

static void parse_lambda(const char *text, eae_train_spec *spec)
{
    int64_t n = 100;
    spec->by_lambda = true;
    if (strncmp(text, "auto", 4) != 0) {
        spec->param = parse_list("lambda", text, &spec->params);
        return;
    }
    bool counted = text[4] == ':' && eae_parse_int(text + 5, strlen(text + 5), &n);
    if (text[4] && (!counted || n < 1 || n > 10000))
        eae_usage("--lambda: '%s' is not auto or auto:N (N from 1 to 10000)", text);
    spec->lambda_auto = (int)n;
}

static void choose_parameters(const eae_options *o, eae_train_spec *spec)
{
    if (eae_given(o, "lambda")) {
        parse_lambda(eae_opt_text(o, "lambda"), spec);
    } else {
        const char *cost = eae_given(o, "cost") ? eae_opt_text(o, "cost") : "1";
        spec->by_lambda = spec->model == EAE_MODEL_RIDGE;
        spec->param = parse_list("cost", cost, &spec->params);
    }
    const char *weights = eae_opt_text(o, "class-weight");
    if (weights && strcmp(weights, "balanced") == 0) {
        spec->weighting = EAE_CLASSES_BALANCED;
    } else if (weights) {
        spec->weighting = EAE_CLASSES_LISTED;
        spec->class_weight = parse_list("class-weight", weights, &spec->class_weights);
    }
}

static void choose_shard(const eae_options *o, eae_train_spec *spec)
{
    const char *text = eae_opt_text(o, "shard");
    spec->shard = spec->shards = 1;
    if (!text)
        return;
    const char *slash = strchr(text, '/');
    int64_t i, n;
    if (!slash || !eae_parse_int(text, (size_t)(slash - text), &i) ||
        !eae_parse_int(slash + 1, strlen(slash + 1), &n) || i < 1 || i > n || n > 1000000)
        eae_usage("--shard: '%s' is not I/N with I from 1 to N", text);
    spec->shard = (int)i;
    spec->shards = (int)n;
}

/* The canonical text of what changes the fit: fixed order, defaults left out but for the loss and
 * the scaling, which a reader wants to see. */
static void describe_spec(const eae_options *o, eae_train_spec *spec)
{
    static const char *const listed[] = {"bias",   "class-weight", "filter",
                                         "impute", "adjust",       "covariates"};
    eae_buffer b = {0};
    if (spec->model == EAE_MODEL_TEST)
        eae_buffer_printf(&b, "stat=%s", eae_opt_text(o, "stat"));
    else
        eae_buffer_printf(&b, "scale=%s", eae_opt_text(o, "scale"));
    if (spec->model == EAE_MODEL_SVM)
        eae_buffer_printf(&b, ";loss=%s", eae_opt_text(o, "loss"));
    if (spec->by_lambda && spec->model != EAE_MODEL_RIDGE)
        eae_buffer_puts(&b, ";penalty=lambda");
    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++) {
        if (eae_given(o, listed[i]))
            eae_buffer_printf(&b, ";%s=%s", listed[i], eae_opt_text(o, listed[i]));
    }
    spec->text = b.data;
}

static void spec_from_options(const eae_options *o, eae_train_spec *spec)
{
    static const eae_test tests[] = {EAE_TEST_WELCH, EAE_TEST_LIMMA, EAE_TEST_ANOVA,
                                     EAE_TEST_SPEARMAN, EAE_TEST_COX};
    choose_model(o, spec);
    refuse_unfit(o, spec);
    spec->test = tests[eae_opt_choice(o, "stat")];
    spec->loss = eae_opt_choice(o, "loss") == 0 ? EAE_HINGE : EAE_SQUARED_HINGE;
    spec->bias_penalised = eae_opt_choice(o, "bias") == 1;
    choose_parameters(o, spec);
    spec->prepare.scaling = (eae_scaling)eae_opt_choice(o, "scale");
    spec->prepare.imputation = (eae_imputation)eae_opt_choice(o, "impute");
    const char *filter = eae_opt_text(o, "filter");
    if (filter && eae_filter_parse(filter, &spec->prepare.filter, &spec->prepare.keep) != EAE_OK)
        eae_usage("%s", eae_message());
    spec->permutations = eae_opt_int(o, "permute");
    spec->seed = (uint64_t)eae_opt_int(o, "seed");
    spec->tol = eae_opt_real(o, "tol");
    spec->max_iter = eae_opt_int(o, "max-iter");
    spec->final = eae_flag(o, "final");
    choose_shard(o, spec);
    spec->threads = eae_opt_threads(o);
    describe_spec(o, spec);
}

/* What depends on whether there is a plan. */
static void choose_weights(const eae_options *o, eae_train_spec *spec, bool plan)
{
    static const eae_weights choices[] = {EAE_WEIGHTS_ALL, EAE_WEIGHTS_FINAL, EAE_WEIGHTS_NONE};
    if (eae_given(o, "weights"))
        spec->weights = choices[eae_opt_choice(o, "weights")];
    else if (!plan)
        spec->weights = EAE_WEIGHTS_ALL;
    else
        spec->weights = spec->final ? EAE_WEIGHTS_FINAL : EAE_WEIGHTS_NONE;
    if (!plan && spec->permutations > 0)
        eae_usage("--permute needs a plan: pipe through eae-split first");
    if (!plan && spec->shards > 1)
        eae_usage("--shard needs a plan: pipe through eae-split first");
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
        (*value)[i * width] = 1; /* overwritten where there is no intercept */
        memcpy(*value + i * width + intercept, plain + i * terms, (size_t)terms * sizeof(double));
    }
    free(plain);
    eae_design_free(&design);
    return status;
}

static int make_designs(const eae_options *o, const eae_frame *data, eae_train_spec *spec)
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

/* ---- running ------------------------------------------------------------------------------------
 */

static int find_frames(const eae_bundle *in, eae_frame **data, eae_frame **plan)
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
    return *plan ? eae_plan_check(*plan, *data) : EAE_OK;
}

static void report(const eae_train_output *out)
{
    if (out->unconverged > 0)
        eae_warn("%lld of %lld models did not reach the duality gap of --tol (converged=0)",
                 (long long)out->unconverged, (long long)out->fits);
    if (out->undefined > 0)
        eae_warn("%lld permuted training sets were left without a class and count as undefined",
                 (long long)out->undefined);
}

static int write_frames(const eae_options *o, const eae_kernels *kernels, const eae_bundle *in,
                        const eae_train_output *out)
{
    eae_frame *frames[] = {out->prediction, out->model};
    eae_writer *w;
    int status = eae_writer_open(&w, eae_opt_text(o, "output"), !eae_flag(o, "no-history"));
    if (status != EAE_OK)
        return status;
    for (size_t i = 0; i < 2 && status == EAE_OK; i++) {
        if (!frames[i])
            continue;
        eae_history_append(frames[i], o, 1, eae_kernels_identity(kernels), in->frame, in->count);
        status = eae_writer_frame(w, frames[i]);
    }
    if (status == EAE_OK)
        status = eae_bundle_check(in);
    if (status != EAE_OK) {
        eae_writer_discard(w);
        return status;
    }
    return eae_writer_close(w);
}

static int run(const eae_options *o, eae_train_spec *spec)
{
    eae_bundle in = {0};
    eae_import import = {0};
    eae_train_output out = {0};
    eae_frame *data = NULL, *plan = NULL;
    const eae_kernels *kernels = NULL;
    eae_import_from_options(&import, o);
    int status = eae_kernels_choose((eae_backend)eae_opt_choice(o, "backend"), &kernels);
    if (status == EAE_OK)
        status = eae_read_operands(&in, o, 1, &import);
    if (status == EAE_OK)
        status = find_frames(&in, &data, &plan);
    if (status == EAE_OK) {
        choose_weights(o, spec, plan != NULL);
        status = make_designs(o, data, spec);
    }
    if (status == EAE_OK)
        status = (spec->model == EAE_MODEL_TEST ? eae_train_test : eae_train)(data, plan, spec,
                                                                              kernels, &out);
    if (status == EAE_OK) {
        report(&out);
        status = write_frames(o, kernels, &in, &out);
    }
    eae_frame_free(out.prediction);
    eae_frame_free(out.model);
    eae_bundle_free(&in);
    return status;
}

int main(int argc, char **argv)
{
    eae_options *o;
    eae_train_spec spec = {0};
    eae_files_handle_signals();
    eae_options_parse(&o, &program, argc, argv);
    spec_from_options(o, &spec);
    int status = run(o, &spec);
    if (status != EAE_OK)
        eae_die_status(status);
    eae_train_spec_free(&spec);
    eae_options_free(o);
    return EAE_OK;
}
