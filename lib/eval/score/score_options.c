/* score_options.c - see score_options.h. */
#include "eval/score/score_options.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "matrix/import.h"

const eae_option eae_score_metric_options[] = {
    {.name = "metrics",
     .type = EAE_OPT_NAMES,
     .arg = "LIST",
     .help = "what to compute (default: auc,balanced,mcc; numbers r2,mse,spearman; survival "
             "cindex)"},
    {.name = "threshold",
     .type = EAE_OPT_TEXT,
     .arg = "RULE",
     .fallback = "0",
     .help = "call a sample positive above this value: 0, or youden, tpr:F, tnr:F chosen on the "
             "other folds of the repeat"},
    {.name = "by",
     .type = EAE_OPT_CHOICE,
     .range = "split|model|size|param",
     .fallback = "split",
     .arg = "LEVEL",
     .help = "a value per split, or one for all of a model, size or param"},
    {.name = "summary",
     .type = EAE_OPT_FLAG,
     .help = "a line per candidate and metric: n, mean, sd, interval, pooled"},
    {.name = "ci",
     .type = EAE_OPT_TEXT,
     .arg = "METHOD",
     .help = "interval of the summary (which it implies): delong, bootstrap:N (default: "
             "Nadeau-Bengio)"},
    {.name = "curve",
     .type = EAE_OPT_CHOICE,
     .range = "roc|pr|size",
     .arg = "KIND",
     .conflicts = "summary,by",
     .help =
         "the points of the curve of each repeat instead of metrics; size: the summary by size"},
    {0}};

const eae_option eae_score_choice_options[] = {
    {.name = "compare",
     .type = EAE_OPT_FLAG,
     .conflicts = "baseline,narrow,stability,curve,summary,by,ci,top",
     .help = "each candidate against the best: corrected t, DeLong and McNemar tests"},
    {.name = "against",
     .type = EAE_OPT_TEXT,
     .arg = "SPEC",
     .conflicts = "baseline,tie",
     .help = "--compare: against this candidate, as in model,spec=...,param=...,size=..."},
    {.name = "baseline",
     .type = EAE_OPT_TEXT,
     .arg = "SPEC",
     .optional = true,
     .conflicts = "narrow,stability,curve,summary,by,ci,top,tie",
     .help = "each candidate against that of covariates only (size 0, or SPEC)"},
    {.name = "narrow",
     .type = EAE_OPT_TEXT,
     .arg = "RULES",
     .optional = true,
     .pairs = true,
     .conflicts = "stability,curve,summary,by",
     .help = "which candidates to keep and why not the others: auc=X,size=N,jaccard=J,stability=S"},
    {.name = "top",
     .type = EAE_OPT_INT,
     .range = "1:",
     .arg = "K",
     .conflicts = "stability,curve,by",
     .help = "the K best by the first metric"},
    {.name = "tie",
     .type = EAE_OPT_CHOICE,
     .range = "hr|1se",
     .arg = "RULE",
     .conflicts = "stability,curve,by",
     .help =
         "within one standard error of the best prefer: hr, the larger hazard ratio; 1se, fewer "
         "features"},
    {.name = "stability",
     .type = EAE_OPT_FLAG,
     .conflicts = "metrics,threshold,by,summary,ci,curve,model",
     .help = "how far the splits agree in the features they select, by size"},
    {.name = "sizes",
     .type = EAE_OPT_REALS,
     .range = "1:",
     .arg = "LIST",
     .help = "--stability: at these numbers of features (default: up to 50 of them)"},
    {0}};

const eae_option eae_score_model_options[] = {
    {.name = "model",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .help = "apply the final models of FILE to the data, and score that"},
    {.name = "all-models", .type = EAE_OPT_FLAG, .help = "--model: those of every split as well"},
    {.name = "predict",
     .type = EAE_OPT_FLAG,
     .conflicts = "summary,ci,metrics,curve,compare,baseline,narrow,top,tie",
     .help = "--model: write the predictions instead of scoring them"},
    {0}};

/* ---- one by one -------------------------------------------------------------------------- */

static int parse_ci(const char *text, eae_score_options *score)
{
    if (!text)
        return EAE_OK;
    score->summary = true;
    if (strcmp(text, "delong") == 0) {
        score->ci = EAE_CI_DELONG;
        return EAE_OK;
    }
    score->ci = EAE_CI_BOOTSTRAP;
    bool number = strncmp(text, "bootstrap:", 10) == 0 &&
                  eae_parse_int(text + 10, strlen(text + 10), &score->replicates);
    if (!number || score->replicates < 2 || score->replicates > 10000000)
        return eae_fail_usage("--ci: '%s' is neither delong nor bootstrap:N, N from 2 to 10000000",
                              text);
    return EAE_OK;
}

static int parse_choice(const eae_options *o, eae_score_options *score)
{
    const char *baseline = eae_opt_text(o, "baseline");
    bool compare = eae_flag(o, "compare");
    if (eae_given(o, "against") && !compare)
        return eae_fail_usage("--against needs --compare");
    score->compare = compare || baseline;
    score->against = baseline ? baseline : eae_opt_text(o, "against");
    if (score->against && !*score->against)
        score->against = NULL;
    score->reference = baseline         ? EAE_REFERENCE_BASELINE
                       : score->against ? EAE_REFERENCE_NAMED
                                        : EAE_REFERENCE_BEST;
    if (eae_given(o, "top"))
        score->top = eae_opt_int(o, "top");
    if (eae_given(o, "tie"))
        score->tie = (eae_tie)(eae_opt_choice(o, "tie") + 1);
    score->narrow = eae_given(o, "narrow");
    score->ordered = !score->compare && !score->narrow && (score->top > 0 || score->tie);
    score->summary = score->summary || score->ordered;
    return score->narrow ? eae_narrow_parse(eae_opt_text(o, "narrow"), &score->rules) : EAE_OK;
}

static int check_sizes(const eae_options *o)
{
    int n;
    const double *size = eae_opt_reals(o, "sizes", &n);
    if (eae_given(o, "sizes") && !eae_flag(o, "stability"))
        return eae_fail_usage("--sizes needs --stability");
    for (int i = 0; i < n; i++) {
        if (size[i] != floor(size[i]))
            return eae_fail_usage("--sizes: %g is not a number of features", size[i]);
    }
    return EAE_OK;
}

static int check_curve(const eae_options *o, const eae_score_options *score)
{
    bool points = score->curve == EAE_CURVE_ROC || score->curve == EAE_CURVE_PR;
    if (points && (eae_given(o, "metrics") || eae_given(o, "ci")))
        return eae_fail_usage("--curve %s has no metrics: no --metrics and --ci beside it",
                              eae_opt_text(o, "curve"));
    return EAE_OK;
}

static int check_model_options(const eae_options *o)
{
    if (eae_given(o, "model"))
        return EAE_OK;
    for (const eae_option *p = eae_score_model_options; p->name; p++) {
        if (eae_given(o, p->name))
            return eae_fail_usage("--%s needs --model", p->name);
    }
    for (const eae_option *p = eae_import_options; p->name; p++) {
        if (eae_given(o, p->name))
            return eae_fail_usage("--%s is for data, which is read with --model only: predictions "
                                  "carry their labels",
                                  p->name);
    }
    return EAE_OK;
}

int eae_score_options_parse(const eae_options *o, eae_score_options *score,
                            eae_threshold_rule *rule)
{
    *score = (eae_score_options){.level = (eae_level)eae_opt_choice(o, "by"),
                                 .summary = eae_flag(o, "summary"),
                                 .curve = (eae_curve_kind)(eae_opt_choice(o, "curve") + 1),
                                 .seed = (uint64_t)eae_opt_int(o, "seed"),
                                 .threads = eae_opt_threads(o),
                                 .json = eae_flag(o, "json")};
    int status = parse_ci(eae_opt_text(o, "ci"), score);
    if (status == EAE_OK)
        status = eae_threshold_parse(eae_opt_text(o, "threshold"), rule);
    if (status == EAE_OK)
        status = parse_choice(o, score);
    if (status == EAE_OK)
        status = check_sizes(o);
    if (status == EAE_OK)
        status = check_curve(o, score);
    if (status == EAE_OK)
        status = check_model_options(o);
    if (status == EAE_OK && score->ci != EAE_CI_CORRECTED && score->level != EAE_BY_SPLIT)
        status =
            eae_fail_usage("--ci is for single candidates, not for --by %s", eae_opt_text(o, "by"));
    score->summary = score->summary || score->curve == EAE_CURVE_SIZE;
    score->cuts = rule->kind != EAE_THRESHOLD_FIXED || rule->number != 0;
    return status;
}
