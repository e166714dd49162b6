/* eae-score - score held-out predictions, or apply models to new data; eae-score(1). */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/options.h"
#include "eval/score/apply.h"
#include "eval/score/score_options.h"
#include "matrix/history.h"
#include "matrix/stream.h"

static const eae_program program = {
    .name = "eae-score",
    .summary = "score held-out predictions, or apply models to new data",
    .example = "  eae-split --kfold 5 --repeats 20 expr.eae | eae-train svm | eae-score --summary\n"
               "  eae-score --model svm.eae --label class new.tsv",
    .operands = "[FILE...]",
    .max_operands = -1,
    .groups = {{"Score", eae_score_metric_options},
               {"Choose", eae_score_choice_options},
               {"Models on new data", eae_score_model_options},
               EAE_GROUP_IMPORT,
               EAE_GROUP_COMMON}};

static const char *input_name(const eae_options *o)
{
    bool standard = eae_operand_count(o) == 0 || strcmp(eae_operand(o, 0), "-") == 0;
    return standard ? "stdin" : eae_operand(o, 0);
}

/* ---- scoring ----------------------------------------------------------------------------- */

typedef struct {
    eae_predictions predictions;
    eae_scores scores;
} scored_frame;

static int score_frame(const eae_options *o, const eae_frame *frame, const eae_score_options *score,
                       const eae_threshold_rule *rule, scored_frame *out)
{
    const eae_names *metrics = eae_given(o, "metrics") ? eae_opt_names(o, "metrics") : NULL;
    int status = eae_predictions_open(&out->predictions, frame, input_name(o));
    if (status == EAE_OK)
        status = eae_scores_choose(&out->scores, &out->predictions, metrics);
    if (status == EAE_OK && score->curve != EAE_CURVE_ROC && score->curve != EAE_CURVE_PR)
        status = eae_scores_compute(&out->scores, rule, score->threads);
    return status;
}

/* The report of n prediction frames; nothing is written if one of them fails. */
static int report(const eae_options *o, eae_frame *const *frame, int n,
                  const eae_score_options *score, const eae_threshold_rule *rule)
{
    scored_frame *scored = EAE_NEW_ARRAY(scored_frame, n);
    eae_report *r = NULL;
    bool perms = false;
    int status = EAE_OK;
    for (int i = 0; i < n && status == EAE_OK; i++) {
        status = score_frame(o, frame[i], score, rule, &scored[i]);
        perms = perms || scored[i].predictions.perms > 0;
    }
    if (status == EAE_OK)
        r = eae_score_report_new(score, perms);
    for (int i = 0; i < n && status == EAE_OK; i++)
        status = eae_score_report_add(r, &scored[i].scores, score, perms);
    if (status == EAE_OK)
        status = eae_report_write(r, eae_opt_text(o, "output"));
    eae_report_free(r);
    for (int i = 0; i < n; i++) {
        eae_scores_free(&scored[i].scores);
        eae_predictions_close(&scored[i].predictions);
    }
    free(scored);
    return status;
}

static int no_frame(const eae_options *o, const eae_bundle *in, const char *kind)
{
    char *kinds = eae_bundle_kinds(in);
    const char *advice = "";
    if (strcmp(kind, "prediction") == 0)
        advice = strstr(kinds, "model")
                     ? "; train with a plan (eae-split), or apply the models with --model"
                     : "; did you mean to pipe through eae-train?";
    int status = eae_fail("%s: no %s frame (found: %s)%s", input_name(o), kind, kinds, advice);
    free(kinds);
    return status;
}

static int report_predictions(const eae_options *o, const eae_bundle *in,
                              const eae_score_options *score, const eae_threshold_rule *rule)
{
    eae_selectors selectors = {0};
    eae_score_options with_features = *score;
    eae_frame **frame = EAE_NEW_ARRAY(eae_frame *, in->count);
    int n = 0;
    for (int i = 0; i < in->count; i++) {
        if (in->frame[i]->kind == EAE_KIND_PREDICTION)
            frame[n++] = in->frame[i];
    }
    int status = n > 0 ? EAE_OK : no_frame(o, in, "prediction");
    if (status == EAE_OK && score->narrow)
        status = eae_selectors_open(&selectors, in->frame, in->count);
    with_features.selectors = &selectors;
    if (status == EAE_OK)
        status = report(o, frame, n, &with_features, rule);
    eae_selectors_close(&selectors);
    free(frame);
    return status;
}

static int report_stability(const eae_options *o, const eae_bundle *in,
                            const eae_score_options *score)
{
    eae_selectors selectors;
    eae_stability_lines lines = {0};
    int n;
    const double *sizes = eae_opt_reals(o, "sizes", &n);
    int status = eae_selectors_open(&selectors, in->frame, in->count);
    if (status == EAE_OK && selectors.frames == 0)
        status = no_frame(o, in, "rank or model");
    if (status == EAE_OK)
        status = eae_stability_all(&selectors, sizes, n, score->threads, &lines);
    if (status == EAE_OK) {
        eae_report *r = eae_stability_report(&selectors, &lines, score->json);
        status = eae_report_write(r, eae_opt_text(o, "output"));
        eae_report_free(r);
    }
    eae_stability_lines_free(&lines);
    eae_selectors_close(&selectors);
    return status;
}

static int score_stream(const eae_options *o, const eae_score_options *score,
                        const eae_threshold_rule *rule)
{
    eae_bundle in = {0};
    int status = eae_read_operands(&in, o, 0, NULL);
    if (status == EAE_OK)
        status = eae_bundle_check(&in);
    if (status == EAE_OK)
        status = eae_flag(o, "stability") ? report_stability(o, &in, score)
                                          : report_predictions(o, &in, score, rule);
    eae_bundle_free(&in);
    return status;
}

/* ---- models on new data ------------------------------------------------------------------ */

static int write_predictions(const eae_options *o, eae_frame *predictions, eae_frame *data,
                             eae_frame *models)
{
    eae_frame *inputs[] = {models, data};
    eae_writer *w;
    eae_history_append(predictions, o, 0, NULL, inputs, 2);
    int status = eae_writer_open(&w, eae_opt_text(o, "output"), !eae_flag(o, "no-history"));
    if (status != EAE_OK)
        return status;
    status = eae_writer_frame(w, predictions);
    if (status == EAE_OK)
        return eae_writer_close(w);
    eae_writer_discard(w);
    return status;
}

static int read_models(const eae_options *o, eae_bundle *in, eae_frame **models)
{
    const char *path = eae_opt_text(o, "model");
    eae_read_options read = {.memory = eae_opt_memory(o),
                             .tmpdir = eae_opt_text(o, "tmpdir"),
                             .threads = eae_opt_threads(o)};
    int status = eae_read(in, &path, 1, &read);
    if (status == EAE_OK)
        status = eae_bundle_find(in, EAE_KIND_MODEL, models);
    if (status == EAE_OK && !*models)
        status = eae_fail("%s: no model frame; was it written by eae-train --final?", path);
    return status;
}

/* Scoring needs an outcome; the message lists the annotations that could be one. */
static int check_outcome(const eae_options *o, const eae_frame *data)
{
    const eae_axis *rows = &data->rows;
    if (eae_axis_find(rows, "label") ||
        (eae_axis_find(rows, "time") && eae_axis_find(rows, "status")))
        return EAE_OK;
    eae_buffer names = {0};
    for (int i = 0; i < rows->annot_count; i++)
        eae_buffer_printf(&names, "%s%s", i ? ", " : "", rows->annot[i].name);
    int status = eae_fail("%s: the data have no label to score by: name one with --label COL "
                          "(annotations: %s), or --predict",
                          input_name(o), names.data ? names.data : "none");
    eae_buffer_free(&names);
    return status;
}

static int check_positive(const eae_options *o, const eae_frame *predictions)
{
    const char *wanted = eae_opt_text(o, "positive");
    const eae_annot *label = eae_axis_find(&predictions->cols, "label");
    if (!wanted || !label || label->type != EAE_ANNOT_TEXT || label->dict.count == 0)
        return EAE_OK;
    const char *positive = eae_name(&label->dict, label->dict.count - 1);
    if (strcmp(wanted, positive) == 0)
        return EAE_OK;
    return eae_fail("--positive %s contradicts %s, whose positive class is %s", wanted,
                    eae_opt_text(o, "model"), positive);
}

static int use_models(const eae_options *o, eae_frame *models, eae_frame *data,
                      const eae_score_options *score, const eae_threshold_rule *rule)
{
    eae_frame *predictions = NULL;
    int status = eae_flag(o, "predict") ? EAE_OK : check_outcome(o, data);
    eae_axis_number(&data->rows, "s");
    if (status == EAE_OK)
        status = eae_apply(models, data, eae_flag(o, "all-models"), eae_opt_text(o, "model"),
                           score->threads, &predictions);
    if (status == EAE_OK)
        status = check_positive(o, predictions);
    if (status == EAE_OK && eae_flag(o, "predict"))
        status = write_predictions(o, predictions, data, models);
    else if (status == EAE_OK)
        status = report(o, &predictions, 1, score, rule);
    eae_frame_free(predictions);
    return status;
}

static int score_models(const eae_options *o, const eae_score_options *score,
                        const eae_threshold_rule *rule)
{
    eae_bundle in = {0}, from = {0};
    eae_frame *data = NULL, *models = NULL;
    eae_import import = {0};
    eae_import_from_options(&import, o);
    int status = read_models(o, &from, &models);
    if (status == EAE_OK)
        status = eae_read_operands(&in, o, 0, &import);
    if (status == EAE_OK)
        status = eae_bundle_find(&in, EAE_KIND_DATA, &data);
    if (status == EAE_OK && !data)
        status = no_frame(o, &in, "data");
    if (status == EAE_OK)
        status = eae_bundle_check(&in);
    if (status == EAE_OK)
        status = use_models(o, models, data, score, rule);
    eae_bundle_free(&in);
    eae_bundle_free(&from);
    return status;
}

int main(int argc, char **argv)
{
    eae_options *o;
    eae_score_options score;
    eae_threshold_rule rule;
    eae_options_parse(&o, &program, argc, argv);
    int status = eae_score_options_parse(o, &score, &rule);
    if (status == EAE_OK)
        status =
            eae_given(o, "model") ? score_models(o, &score, &rule) : score_stream(o, &score, &rule);
    eae_options_free(o);
    if (status != EAE_OK)
        eae_die_status(status);
    return EAE_OK;
}
