/* eae-train - train a family of models over the splits of a plan; eae-train(1). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/options.h"
#include "eval/plan/plan.h"
#include "eval/train/external.h"
#include "eval/train/run.h"
#include "eval/train/train.h"
#include "eval/train/train_options.h"
#include "eval/train/train_result.h"
#include "exec/command.h"
#include "exec/words.h"
#include "matrix/stream.h"

static const eae_option test_options[] = {{.name = "stat",
                                           .type = EAE_OPT_CHOICE,
                                           .fallback = "welch",
                                           .range = "welch|limma|anova|spearman|cox",
                                           .help = "test: the statistic"},
                                          {0}};

static const eae_option solver_options[] = {
    {.name = "solver",
     .type = EAE_OPT_CHOICE,
     .fallback = "auto",
     .range = "auto|gram|stream",
     .help = "from a Gram matrix of the samples, or by passes over the data, for many samples"},
    {.name = "checkpoint",
     .type = EAE_OPT_FILE,
     .quiet = true,
     .arg = "DIR",
     .help = "stream: keep milestones in DIR, and go on from those that are there"},
    {0}};

static const eae_option kernel_options[] = {
    {.name = "kernel",
     .type = EAE_OPT_CHOICE,
     .fallback = "linear",
     .range = "linear|rbf|poly",
     .help = "svm: x'y, exp(-gamma |x-y|^2) or (gamma x'y)^degree"},
    {.name = "gamma",
     .type = EAE_OPT_REAL,
     .arg = "G",
     .range = "(0:",
     .help = "rbf, poly: gamma (default: 1 / features in the model)"},
    {.name = "degree",
     .type = EAE_OPT_INT,
     .arg = "D",
     .fallback = "3",
     .range = "1:100",
     .help = "poly: the degree"},
    {0}};

static const eae_option als_options[] = {{.name = "rank",
                                          .type = EAE_OPT_INT,
                                          .arg = "K",
                                          .fallback = "10",
                                          .range = "1:1000",
                                          .help = "als: factors"},
                                         {0}};

static const eae_option exec_options[] = {
    {.name = "exec-format",
     .type = EAE_OPT_CHOICE,
     .fallback = "eae",
     .range = "eae|tsv",
     .help = "exec: give the samples as a stream on stdin, or as files $EAE_TRAIN and $EAE_TEST"},
    {.name = "exec-values",
     .type = EAE_OPT_CHOICE,
     .fallback = "log-odds",
     .range = "log-odds|probability",
     .help = "exec: what the values for classes are"},
    {0}};

static const eae_option family_options[] = {
    {.name = "tune",
     .type = EAE_OPT_TEXT,
     .arg = "METRIC",
     .help = "choose C or lambda by METRIC on the inner splits of the plan (eae-split --inner)"},
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
        "Train MODEL (svm, logistic, linear, ridge, lasso, enet, cox, als, test, exec:CMD) on\n"
        "every split of the plan in the stream; without a plan, on all rows. Writes held-out\n"
        "predictions, then models.",
    .example = "  eae-view expr.tsv --label class=AML/ALL | eae-split --kfold 5 --repeats 20 |\n"
               "      eae-train svm -C 0.01,1 | eae-score --summary",
    .operands = "MODEL [FILE...]",
    .min_operands = 1,
    .max_operands = -1,
    .groups = {{"Model", eae_model_options},
               {"Solver", solver_options},
               {"Kernel", kernel_options},
               {"Elastic net", eae_sparse_options},
               {"Cox", eae_cox_options},
               {"Test", test_options},
               {"Matrix completion", als_options},
               {"External trainer", exec_options},
               {"Preprocessing, learned inside each split", eae_preparation_options},
               {"Family", family_options},
               EAE_GROUP_IMPORT,
               EAE_GROUP_COMMON}};

/* ---- from options to a specification ----------------------------------------------------------
 */

static int choose_kernel(const eae_options *o, eae_train_spec *spec)
{
    spec->kernel = (eae_svm_kernel)eae_opt_choice(o, "kernel");
    spec->gamma = eae_opt_real(o, "gamma");
    spec->degree = (int)eae_opt_int(o, "degree");
    if (eae_given(o, "gamma") && spec->kernel == EAE_KERNEL_LINEAR)
        return eae_fail_usage("the linear kernel takes no --gamma");
    if (eae_given(o, "degree") && spec->kernel != EAE_KERNEL_POLY)
        return eae_fail_usage("--degree is for --kernel poly");
    if (spec->kernel != EAE_KERNEL_LINEAR && eae_opt_choice(o, "bias") == 1)
        return eae_fail_usage("--bias penalized is for the linear kernel");
    return EAE_OK;
}

static int spec_from_options(const eae_options *o, eae_train_spec *spec)
{
    static const eae_model models[] = {
        EAE_MODEL_SVM,  EAE_MODEL_LOGISTIC, EAE_MODEL_LINEAR, EAE_MODEL_RIDGE, EAE_MODEL_LASSO,
        EAE_MODEL_ENET, EAE_MODEL_COX,      EAE_MODEL_ALS,    EAE_MODEL_TEST,  EAE_MODEL_EXEC};
    static const eae_test tests[] = {EAE_TEST_WELCH, EAE_TEST_LIMMA, EAE_TEST_ANOVA,
                                     EAE_TEST_SPEARMAN, EAE_TEST_COX};
    enum { TEST = 1 << EAE_MODEL_TEST, EXEC = 1 << EAE_MODEL_EXEC, FITTED = ~TEST };
    enum { SPARSE = 1 << EAE_MODEL_LASSO | 1 << EAE_MODEL_ENET };
    enum {
        STREAMED = 1 << EAE_MODEL_SVM | 1 << EAE_MODEL_LOGISTIC | 1 << EAE_MODEL_RIDGE | SPARSE
    };
    static const eae_option_models fits[] = {{"stat", TEST},
                                             {"kernel", 1 << EAE_MODEL_SVM},
                                             {"gamma", 1 << EAE_MODEL_SVM},
                                             {"degree", 1 << EAE_MODEL_SVM},
                                             {"alpha", 1 << EAE_MODEL_ENET | 1 << EAE_MODEL_COX},
                                             {"ties", 1 << EAE_MODEL_COX},
                                             {"tune", FITTED & ~(1 << EAE_MODEL_LINEAR)},
                                             {"permute", FITTED},
                                             {"final", FITTED & ~EXEC},
                                             {"weights", FITTED & ~EXEC},
                                             {"shard", FITTED},
                                             {"rank", 1 << EAE_MODEL_ALS},
                                             {"exec-format", EXEC},
                                             {"exec-values", EXEC},
                                             {"solver", STREAMED},
                                             {"checkpoint", STREAMED}};
    int status = eae_train_model(o, models, sizeof models / sizeof *models, spec);
    if (status == EAE_OK)
        status = eae_train_refuse_shared(o, spec);
    if (status == EAE_OK)
        status = eae_train_refuse(o, fits, sizeof fits / sizeof *fits, spec);
    spec->rank = eae_opt_int(o, "rank");
    if (status == EAE_OK)
        status = eae_train_penalty(o, spec);
    if (status == EAE_OK)
        status = choose_kernel(o, spec);
    if (status == EAE_OK)
        status = eae_train_spec_from_options(o, spec);
    static const eae_solver solvers[] = {EAE_SOLVER_AUTO, EAE_SOLVER_GRAM, EAE_SOLVER_STREAM};
    spec->checkpoint = eae_opt_text(o, "checkpoint");
    spec->solver = solvers[eae_opt_choice(o, "solver")];
    if (status == EAE_OK)
        status = eae_train_tune(o, spec);
    if (status == EAE_OK)
        status = eae_train_shard(o, spec);
    spec->test = tests[eae_opt_choice(o, "stat")];
    spec->permutations = eae_opt_int(o, "permute");
    spec->final = eae_flag(o, "final");
    if (status == EAE_OK && spec->tune && spec->external && !spec->external->has_param)
        status =
            eae_fail_usage("exec: --tune chooses from a list of parameters: add -C or --lambda");
    if (status == EAE_OK && spec->tune && spec->final && spec->shards > 1)
        status = eae_fail_usage("--tune of a final model looks at all splits: not under --shard");
    return status;
}

/* What depends on whether there is a plan. */
static void choose_weights(const eae_options *o, eae_train_spec *spec, bool plan)
{
    if (!plan && spec->external)
        eae_usage("exec needs a plan, because it leaves no model: pipe through eae-split first");
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

/* ---- exec:CMD ---------------------------------------------------------------------------------
 */

typedef struct {
    eae_external external;
    char *name; /* the operand, in one line */
    eae_names words;
} trainer;

static void add_variable(eae_names *to, const char *name, const char *value)
{
    char *pair = eae_sprintf("%s=%s", name, value);
    eae_names_add(to, pair, strlen(pair));
    free(pair);
}

static void make_environment(const eae_external_job *job, eae_names *to)
{
    char number[32];
    add_variable(to, "EAE_PARAM", job->param);
    add_variable(to, "EAE_POSITIVE", job->positive);
    snprintf(number, sizeof number, "%" PRId64, job->split);
    add_variable(to, "EAE_SPLIT", number);
    snprintf(number, sizeof number, "%" PRIu64, job->seed);
    add_variable(to, "EAE_SEED", number);
    snprintf(number, sizeof number, "%d", job->threads);
    add_variable(to, "OMP_NUM_THREADS", number);
    if (job->train)
        add_variable(to, "EAE_TRAIN", job->train);
    if (job->test)
        add_variable(to, "EAE_TEST", job->test);
}

/* eae_external_run; `context` is the trainer. */
static int run_trainer(void *context, const eae_external_job *job, eae_buffer *answer)
{
    const trainer *t = context;
    eae_names environment = {0};
    make_environment(job, &environment);
    eae_command command = {.words = &t->words,
                           .environment = &environment,
                           .input = job->stream,
                           .output_limit = job->answer_limit};
    eae_command_result result;
    int status = eae_command_run(&command, &result);
    if (status == EAE_OK) {
        char *failure = eae_command_failure(&result);
        if (result.errors.length > 0)
            eae_detail("split %lld: %s said:\n%s", (long long)job->split, t->name,
                       result.errors.data);
        if (failure)
            status = eae_fail("%s %s", t->name, failure);
        eae_buffer_add(answer, result.output.data, result.output.length);
        free(failure);
    }
    eae_command_result_free(&result);
    eae_names_free(&environment);
    return status;
}

/* Reads the command line of exec:CMD; nothing for other models. */
static int prepare_trainer(const eae_options *o, trainer *t, eae_train_spec *spec)
{
    if (!eae_train_is_external(o))
        return EAE_OK;
    t->name = eae_strdup(eae_operand(o, 0));
    for (char *p = t->name; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    }
    t->external = (eae_external){.name = t->name,
                                 .run = run_trainer,
                                 .context = t,
                                 .tsv = eae_opt_choice(o, "exec-format") == 1,
                                 .probability = eae_opt_choice(o, "exec-values") == 1,
                                 .has_param = eae_given(o, "cost") || eae_given(o, "lambda"),
                                 .takes_missing = eae_given(o, "impute"),
                                 .tmpdir = eae_opt_text(o, "tmpdir")};
    spec->external = &t->external;
    return eae_split_words(eae_operand(o, 0) + strlen("exec:"), &t->words);
}

static void free_trainer(trainer *t)
{
    free(t->name);
    eae_names_free(&t->words);
}

/* ---- running ------------------------------------------------------------------------------------
 */

static void report(const eae_train_spec *spec, const eae_train_output *out)
{
    const eae_external *e = spec->external;
    if (e && !e->probability && !e->outside)
        eae_warn("%s: every value is between 0 and 1, and values count as log-odds: if they are "
                 "probabilities, say --exec-values probability",
                 e->name);
    if (out->unconverged > 0)
        eae_warn("%lld of %lld models did not reach the duality gap of --tol (converged=0)",
                 (long long)out->unconverged, (long long)out->fits);
    if (out->tuning.unconverged > 0)
        eae_warn("%lld of %lld models of inner splits did not reach the duality gap of --tol",
                 (long long)out->tuning.unconverged, (long long)out->tuning.fits);
    if (out->undefined > 0)
        eae_warn("%lld permuted training sets were left without a class or an event and count as "
                 "undefined",
                 (long long)out->undefined);
}

static int run(const eae_options *o, eae_train_spec *spec)
{
    eae_bundle in = {0};
    eae_import import = {0};
    eae_train_output out = {0};
    eae_frame *data = NULL, *plan = NULL;
    const eae_kernels *kernels = NULL;
    eae_import_from_options(&import, o);
    eae_backend backend = (eae_backend)eae_opt_choice(o, "backend");
    /* one that was asked for is looked for at once */
    int status = backend == EAE_BACKEND_AUTO ? EAE_OK : eae_kernels_choose(backend, &kernels);
    /* a milestone, and what another program is given, are outputs: then the input is checked first
     */
    bool ahead = !eae_given(o, "checkpoint") && !eae_train_is_external(o);
    if (status == EAE_OK)
        status = (ahead ? eae_read_operands_ahead : eae_read_operands)(&in, o, 1, &import);
    if (status == EAE_OK)
        status = eae_train_frames(&in, &data, &plan);
    if (status == EAE_OK)
        status = eae_kernels_choose_for(
            backend,
            eae_run_work(spec, data->rows.count, data->cols.count, plan ? plan->rows.count : 1),
            &kernels);
    if (status == EAE_OK) {
        choose_weights(o, spec, plan != NULL);
        status = eae_train_designs(o, data, spec);
    }
    if (status == EAE_OK)
        status = (spec->model == EAE_MODEL_TEST ? eae_train_test : eae_train)(data, plan, spec,
                                                                              kernels, &out);
    if (status == EAE_OK) {
        report(spec, &out);
        eae_frame *frames[] = {out.prediction, out.model};
        status = eae_result_write(o, kernels, &in, frames, 2);
    }
    status = eae_bundle_blame(&in, status);
    eae_frame_free(out.prediction);
    eae_frame_free(out.model);
    eae_bundle_free(&in);
    return status;
}

int main(int argc, char **argv)
{
    eae_options *o;
    eae_train_spec spec = {0};
    trainer external = {0};
    eae_options_parse(&o, &program, argc, argv);
    int status = prepare_trainer(o, &external, &spec);
    if (status == EAE_OK)
        status = spec_from_options(o, &spec);
    if (status == EAE_OK)
        status = run(o, &spec);
    if (status != EAE_OK)
        eae_die_status(status);
    eae_train_spec_free(&spec);
    free_trainer(&external);
    eae_options_free(o);
    return EAE_OK;
}
