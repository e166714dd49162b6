/* eae-rfe - eliminate features inside every split of a plan; eae-rfe(1). */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/number.h"
#include "base/options.h"
#include "eval/eliminate/eliminate.h"
#include "eval/train/train_options.h"
#include "eval/train/train_result.h"
#include "matrix/stream.h"

static const eae_option elimination_options[] = {
    {.name = "policy",
     .type = EAE_OPT_CHOICE,
     .fallback = "weight",
     .range = "weight|random|biased",
     .help = "which features go: those of the smallest squared weight; or a random set, if the "
             "model does not get worse without it, with odds from --prior for biased"},
    {.name = "step",
     .type = EAE_OPT_TEXT,
     .arg = "STEP",
     .fallback = "1%",
     .help = "how many go at a time: N, P% of what remains, or P%:N@M (N at a time below M)"},
    {.name = "until",
     .type = EAE_OPT_INT,
     .arg = "N",
     .fallback = "1",
     .range = "1:",
     .help = "features to end with"},
    {.name = "sizes",
     .type = EAE_OPT_REALS,
     .arg = "LIST",
     .range = "1:",
     .help = "sizes to stop at and to predict with (default: all of a path of at most 1,000, else "
             "200)"},
    {.name = "accept",
     .type = EAE_OPT_TEXT,
     .arg = "RULE",
     .fallback = "equal",
     .help = "random, biased: a set may go if the metric is equal or better, improve, or "
             "tolerance:E (no worse than the best so far less E)"},
    {.name = "tries",
     .type = EAE_OPT_INT,
     .arg = "N",
     .fallback = "20",
     .range = "1:",
     .help = "random, biased: sets to try before the step is halved"},
    {.name = "metric",
     .type = EAE_OPT_TEXT,
     .arg = "METRIC",
     .help = "random, biased, --select: what is judged, on inner splits (default: auc, r2 or "
             "cindex)"},
    {.name = "prior",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .help = "biased: lines 'feature weight'; the chance of removal is proportional to the weight"},
    {.name = "pin",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .help = "random, biased: features that never go"},
    {.name = "select",
     .type = EAE_OPT_TEXT,
     .arg = "RULE",
     .help = "choose a size on inner splits: best, 1se, or size:N"},
    {.name = "checkpoint",
     .type = EAE_OPT_FILE,
     .quiet = true,
     .arg = "DIR",
     .help = "keep milestones in DIR, and go on from those that are there"},
    {0}};

static const eae_option family_options[] = {
    {.name = "permute",
     .type = EAE_OPT_INT,
     .arg = "N",
     .fallback = "0",
     .range = "0:1000000",
     .help = "also eliminate with N permutations of the labels, for p-values"},
    {.name = "final", .type = EAE_OPT_FLAG, .help = "also one elimination on all rows"},
    {.name = "weights",
     .type = EAE_OPT_CHOICE,
     .range = "all|final|none",
     .help = "models of the chosen size to write (default with --select: final with --final or "
             "without a plan, else none)"},
    {.name = "shard",
     .type = EAE_OPT_TEXT,
     .arg = "I/N",
     .quiet = true,
     .help = "do the I-th of N contiguous parts of the splits"},
    {0}};

static const eae_program program = {
    .name = "eae-rfe",
    .summary =
        "Eliminate features step by step with MODEL (svm, logistic, linear, ridge, lasso, enet,\n"
        "cox), inside every split of the plan in the stream. Writes held-out predictions at every\n"
        "size, then the ranks of the features.",
    .example = "  eae-view expr.tsv --label class=AML/ALL | eae-split --kfold 5 --repeats 20 |\n"
               "      eae-rfe svm --step 1% | eae-score --summary --metrics auc",
    .operands = "MODEL [FILE...]",
    .min_operands = 1,
    .max_operands = -1,
    .groups = {{"Elimination", elimination_options},
               {"Model", eae_model_options},
               {"Elastic net", eae_sparse_options},
               {"Cox", eae_cox_options},
               {"Preprocessing, learned inside each split", eae_preparation_options},
               {"Family", family_options},
               EAE_GROUP_IMPORT,
               EAE_GROUP_COMMON}};

static int whole_sizes(const eae_options *o, eae_eliminate_spec *how)
{
    int count;
    const double *list = eae_opt_reals(o, "sizes", &count);
    how->sizes = EAE_NEW_ARRAY(int64_t, count);
    how->size_count = count;
    for (int k = 0; k < count; k++) {
        how->sizes[k] = (int64_t)list[k];
        if ((double)how->sizes[k] != list[k])
            return eae_fail_usage("--sizes: not a whole number: %g", list[k]);
    }
    return EAE_OK;
}

static int accept_from_option(const char *text, eae_eliminate_spec *how)
{
    static const char within[] = "tolerance:";
    size_t n = strlen(within);
    if (strcmp(text, "equal") == 0) {
        how->accept = EAE_ACCEPT_EQUAL;
    } else if (strcmp(text, "improve") == 0) {
        how->accept = EAE_ACCEPT_IMPROVE;
    } else {
        how->accept = EAE_ACCEPT_TOLERANCE;
        bool good = strncmp(text, within, n) == 0 &&
                    eae_parse_double(text + n, strlen(text + n), &how->tolerance) &&
                    how->tolerance >= 0;
        if (!good)
            return eae_fail_usage("--accept: '%s' is not equal, improve or tolerance:E", text);
    }
    return EAE_OK;
}

/* Options of one policy say nothing to another. */
static int check_policy(const eae_options *o, eae_policy policy)
{
    static const char *const by_trial[] = {"accept", "tries", "pin"};
    for (size_t i = 0; i < sizeof by_trial / sizeof *by_trial; i++) {
        if (policy == EAE_POLICY_WEIGHT && eae_given(o, by_trial[i]))
            return eae_fail_usage("--%s is for --policy random and biased", by_trial[i]);
    }
    if (policy == EAE_POLICY_WEIGHT && eae_given(o, "metric") && !eae_given(o, "select"))
        return eae_fail_usage("--metric is for --policy random and biased, and for --select");
    if ((policy == EAE_POLICY_BIASED) != eae_given(o, "prior"))
        return eae_fail_usage(policy == EAE_POLICY_BIASED ? "--policy biased needs --prior"
                                                          : "--prior is for --policy biased");
    return EAE_OK;
}

static int elimination_from_options(const eae_options *o, eae_eliminate_spec *how)
{
    how->policy = (eae_policy)eae_opt_choice(o, "policy");
    how->until = eae_opt_int(o, "until");
    how->tries = eae_opt_int(o, "tries");
    how->checkpoint = eae_opt_text(o, "checkpoint");
    int status = check_policy(o, how->policy);
    if (status == EAE_OK)
        status = eae_step_parse(eae_opt_text(o, "step"), &how->step);
    if (status == EAE_OK)
        status = accept_from_option(eae_opt_text(o, "accept"), how);
    if (status == EAE_OK && eae_given(o, "select"))
        status =
            eae_selection_parse(eae_opt_text(o, "select"), &how->selection, &how->selected_size);
    if (status == EAE_OK && how->selection != EAE_SELECT_NONE && eae_flag(o, "final") &&
        eae_given(o, "shard"))
        status = eae_fail_usage("--select of a final elimination looks at all splits: no --shard");
    if (status == EAE_OK && eae_given(o, "metric"))
        status = eae_metric_named(eae_opt_text(o, "metric"), &how->metric);
    return status == EAE_OK ? whole_sizes(o, how) : status;
}

/* What changes the fit goes into the `spec` annotation, behind what the model says. */
static void describe(const eae_options *o, eae_train_spec *spec)
{
    static const char *const always[] = {"policy", "step"}, *const given[] = {"accept", "tries",
                                                                              "metric"};
    eae_buffer text = {0};
    eae_buffer_puts(&text, spec->text);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        eae_buffer_printf(&text, ";%s=%s", always[i], eae_opt_text(o, always[i]));
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (eae_given(o, given[i]))
            eae_buffer_printf(&text, ";%s=%s", given[i], eae_opt_text(o, given[i]));
    }
    free(spec->text);
    spec->text = text.data;
}

static int specs_from_options(const eae_options *o, eae_train_spec *spec, eae_eliminate_spec *how)
{
    static const eae_model models[] = {EAE_MODEL_SVM,   EAE_MODEL_LOGISTIC, EAE_MODEL_LINEAR,
                                       EAE_MODEL_RIDGE, EAE_MODEL_LASSO,    EAE_MODEL_ENET,
                                       EAE_MODEL_COX};
    static const eae_option_models fits[] = {{"alpha", 1 << EAE_MODEL_ENET | 1 << EAE_MODEL_COX},
                                             {"ties", 1 << EAE_MODEL_COX}};
    int status = eae_train_model(o, models, sizeof models / sizeof *models, spec);
    if (status == EAE_OK)
        status = eae_train_refuse_shared(o, spec);
    if (status == EAE_OK)
        status = eae_train_refuse(o, fits, sizeof fits / sizeof *fits, spec);
    if (status == EAE_OK)
        status = eae_train_penalty(o, spec);
    if (status == EAE_OK)
        status = eae_train_spec_from_options(o, spec);
    if (status == EAE_OK)
        status = eae_train_shard(o, spec);
    if (status == EAE_OK)
        status = elimination_from_options(o, how);
    spec->final = eae_flag(o, "final");
    spec->permutations = eae_opt_int(o, "permute");
    if (status == EAE_OK)
        describe(o, spec);
    return status;
}

static void report(const eae_eliminate_output *out)
{
    if (out->unconverged > 0)
        eae_warn(
            "%lld of %lld eliminations have models that did not reach the duality gap of --tol",
            (long long)out->unconverged, (long long)out->paths);
    if (out->undefined > 0)
        eae_warn("%lld eliminations with permuted labels had a class or an event missing, or "
                 "nothing to choose a size by, and count as undefined",
                 (long long)out->undefined);
    if (out->final_size > 0)
        eae_note("%lld features chosen for the final elimination", (long long)out->final_size);
    eae_detail("%lld models; the smallest relative distance of squared weights at a cut is %.3g",
               (long long)out->fits, out->gap);
}

/* What depends on whether there is a plan. */
static void choose_weights(const eae_options *o, const eae_eliminate_spec *how,
                           eae_train_spec *spec, bool plan)
{
    static const eae_weights choices[] = {EAE_WEIGHTS_ALL, EAE_WEIGHTS_FINAL, EAE_WEIGHTS_NONE};
    if (eae_given(o, "weights") && how->selection == EAE_SELECT_NONE)
        eae_usage("--weights are those of a chosen size: add --select");
    spec->weights = EAE_WEIGHTS_NONE;
    if (eae_given(o, "weights"))
        spec->weights = choices[eae_opt_choice(o, "weights")];
    else if (how->selection != EAE_SELECT_NONE && (spec->final || !plan))
        spec->weights = EAE_WEIGHTS_FINAL;
}

static int run(const eae_options *o, eae_train_spec *spec, eae_eliminate_spec *how)
{
    eae_bundle in = {0};
    eae_import import = {0};
    eae_eliminate_output out = {0};
    eae_frame *data = NULL, *plan = NULL;
    const eae_kernels *kernels = NULL;
    eae_import_from_options(&import, o);
    eae_backend backend = (eae_backend)eae_opt_choice(o, "backend");
    /* one that was asked for is looked for at once */
    int status = backend == EAE_BACKEND_AUTO ? EAE_OK : eae_kernels_choose(backend, &kernels);
    if (status == EAE_OK)
        status = eae_read_operands(&in, o, 1, &import);
    if (status == EAE_OK)
        status = eae_train_frames(&in, &data, &plan);
    if (status == EAE_OK)
        status = eae_kernels_choose_for(backend,
                                        eae_eliminate_work(spec, data->rows.count, data->cols.count,
                                                           plan ? plan->rows.count : 1),
                                        &kernels);
    if (status == EAE_OK && !plan && spec->permutations > 0)
        eae_usage("--permute needs a plan: pipe through eae-split first");
    if (status == EAE_OK && !plan && spec->shards > 1)
        eae_usage("--shard needs a plan: pipe through eae-split first");
    if (status == EAE_OK)
        choose_weights(o, how, spec, plan != NULL);
    if (status == EAE_OK)
        status = eae_train_designs(o, data, spec);
    if (status == EAE_OK)
        status = eae_eliminate_odds(how, eae_opt_text(o, "prior"), eae_opt_text(o, "pin"),
                                    &data->cols.names);
    if (status == EAE_OK)
        status = eae_eliminate(data, plan, spec, how, kernels, &out);
    if (status == EAE_OK) {
        report(&out);
        eae_frame *frames[] = {out.prediction, out.rank, out.model};
        status = eae_result_write(o, kernels, &in, frames, 3);
    }
    eae_frame_free(out.prediction);
    eae_frame_free(out.rank);
    eae_frame_free(out.model);
    eae_bundle_free(&in);
    return status;
}

int main(int argc, char **argv)
{
    eae_options *o;
    eae_train_spec spec = {0};
    eae_eliminate_spec how = {0};
    eae_options_parse(&o, &program, argc, argv);
    int status = specs_from_options(o, &spec, &how);
    if (status == EAE_OK)
        status = run(o, &spec, &how);
    if (status != EAE_OK)
        eae_die_status(status);
    eae_eliminate_spec_free(&how);
    eae_train_spec_free(&spec);
    eae_options_free(o);
    return EAE_OK;
}
