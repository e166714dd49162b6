/* eae-train - train a family of models over the splits of a plan; eae-train(1). */
#include <stdlib.h>

#include "base/diag.h"
#include "base/options.h"
#include "eval/plan.h"
#include "eval/train.h"
#include "eval/train_options.h"
#include "matrix/history.h"
#include "matrix/stream.h"

static const eae_option test_options[] = {{.name = "stat",
                                           .type = EAE_OPT_CHOICE,
                                           .fallback = "welch",
                                           .range = "welch|limma|anova|spearman|cox",
                                           .help = "test: the statistic"},
                                          {0}};

static const eae_option sparse_options[] = {
    {.name = "alpha",
     .type = EAE_OPT_REAL,
     .arg = "A",
     .range = "0:1",
     .help = "enet, cox: the share of the l1 penalty, 1 is the lasso (default: enet 0.5, cox 0)"},
    {0}};

static const eae_option cox_options[] = {{.name = "ties",
                                          .type = EAE_OPT_CHOICE,
                                          .fallback = "efron",
                                          .range = "efron|breslow",
                                          .help = "cox: how tied event times count"},
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
        "Train MODEL (svm, logistic, linear, ridge, lasso, enet, cox, test) on every split of the\n"
        "plan in the stream; without a plan, on all rows. Writes held-out predictions, then\n"
        "models.",
    .example = "  eae-view expr.tsv --label class=AML/ALL | eae-split --kfold 5 --repeats 20 |\n"
               "      eae-train svm -C 0.01,1 | eae-score --summary",
    .operands = "MODEL [FILE...]",
    .min_operands = 1,
    .max_operands = -1,
    .groups = {{"Model", eae_model_options},
               {"Elastic net", sparse_options},
               {"Cox", cox_options},
               {"Test", test_options},
               {"Preprocessing, learned inside each split", eae_preparation_options},
               {"Family", family_options},
               EAE_GROUP_IMPORT,
               EAE_GROUP_COMMON}};

/* ---- from options to a specification ----------------------------------------------------------
 */

static int choose_alpha(const eae_options *o, eae_train_spec *spec)
{
    spec->alpha = spec->model == EAE_MODEL_LASSO ? 1 : spec->model == EAE_MODEL_ENET ? 0.5 : 0;
    if (eae_given(o, "alpha"))
        spec->alpha = eae_opt_real(o, "alpha");
    return spec->alpha > 0 || spec->model != EAE_MODEL_ENET
               ? EAE_OK
               : eae_fail_usage("enet: --alpha must be above 0; ridge and logistic have an l2 "
                                "penalty alone");
}

static int spec_from_options(const eae_options *o, eae_train_spec *spec)
{
    static const eae_model models[] = {EAE_MODEL_SVM,   EAE_MODEL_LOGISTIC, EAE_MODEL_LINEAR,
                                       EAE_MODEL_RIDGE, EAE_MODEL_LASSO,    EAE_MODEL_ENET,
                                       EAE_MODEL_COX,   EAE_MODEL_TEST};
    static const eae_test tests[] = {EAE_TEST_WELCH, EAE_TEST_LIMMA, EAE_TEST_ANOVA,
                                     EAE_TEST_SPEARMAN, EAE_TEST_COX};
    enum { TEST = 1 << EAE_MODEL_TEST, FITTED = ~TEST };
    static const eae_option_models fits[] = {{"stat", TEST},
                                             {"alpha", 1 << EAE_MODEL_ENET | 1 << EAE_MODEL_COX},
                                             {"ties", 1 << EAE_MODEL_COX},
                                             {"tune", FITTED & ~(1 << EAE_MODEL_LINEAR)},
                                             {"permute", FITTED},
                                             {"final", FITTED},
                                             {"weights", FITTED},
                                             {"shard", FITTED}};
    int status = eae_train_model(o, models, sizeof models / sizeof *models, spec);
    if (status == EAE_OK)
        status = eae_train_refuse_shared(o, spec);
    if (status == EAE_OK)
        status = eae_train_refuse(o, fits, sizeof fits / sizeof *fits, spec);
    spec->ties = eae_opt_choice(o, "ties") == 0 ? EAE_TIES_EFRON : EAE_TIES_BRESLOW;
    if (status == EAE_OK)
        status = choose_alpha(o, spec);
    if (status == EAE_OK)
        status = eae_train_spec_from_options(o, spec);
    if (status == EAE_OK)
        status = eae_train_tune(o, spec);
    if (status == EAE_OK)
        status = eae_train_shard(o, spec);
    spec->test = tests[eae_opt_choice(o, "stat")];
    spec->permutations = eae_opt_int(o, "permute");
    spec->final = eae_flag(o, "final");
    if (status == EAE_OK && spec->tune && spec->final && spec->shards > 1)
        status = eae_fail_usage("--tune of a final model looks at all splits: not under --shard");
    return status;
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

/* ---- running ------------------------------------------------------------------------------------
 */

static void report(const eae_train_output *out)
{
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
        status = eae_train_frames(&in, &data, &plan);
    if (status == EAE_OK) {
        choose_weights(o, spec, plan != NULL);
        status = eae_train_designs(o, data, spec);
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
    eae_options_parse(&o, &program, argc, argv);
    int status = spec_from_options(o, &spec);
    if (status == EAE_OK)
        status = run(o, &spec);
    if (status != EAE_OK)
        eae_die_status(status);
    eae_train_spec_free(&spec);
    eae_options_free(o);
    return EAE_OK;
}
