/* figure.c - the table of kinds, and what the makers share. */
#include "plot/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

const eae_figure_kind eae_figure_kinds[] = {
    {"roc", "ROC curves (eae-score --curve roc)", eae_figure_roc, NULL},
    {"pr", "precision-recall curves (eae-score --curve pr)", eae_figure_pr, NULL},
    {"size", "performance against the number of features (eae-score --summary)", eae_figure_size,
     NULL},
    {"box", "a metric over the splits, by model (eae-score)", eae_figure_box, NULL},
    {"stability", "agreement of selected features (eae-score --stability)", eae_figure_stability,
     NULL},
    {"volcano", "effect against p-value (eae-train test | eae-view -O tsv)", eae_figure_volcano,
     NULL},
    {"enrich", "gene sets (eae-enrich)", eae_figure_enrich, NULL},
    {"pca", "principal components of samples (data)", NULL, eae_figure_pca},
    {"heatmap", "chosen features over samples (data, and ranks or models)", NULL,
     eae_figure_heatmap},
    {"km", "survival of high and low risk (predictions of cox), or of groups (data)", NULL,
     eae_figure_km},
    {"scaling", "time against size (scripts/scaling)", eae_figure_scaling, NULL},
    {NULL, NULL, NULL, NULL}};

const eae_figure_kind *eae_figure_kind_find(const char *name)
{
    for (const eae_figure_kind *k = eae_figure_kinds; k->name; k++) {
        if (strcmp(k->name, name) == 0)
            return k;
    }
    return NULL;
}

void eae_figure_init(eae_figure *f, const char *kind, double width, double height)
{
    *f = (eae_figure){.kind = kind, .width = width, .height = height};
}

void eae_figure_free(eae_figure *f)
{
    eae_script_free(&f->script);
    eae_buffer_free(&f->caption);
    eae_buffer_free(&f->note);
}

void eae_figure_labels(eae_figure *f, const char *name, const eae_names *labels, int64_t shown,
                       int most)
{
    eae_names out = {0};
    for (int64_t i = 0; i < shown; i++) {
        char *text = eae_short_text(eae_name(labels, i), most);
        eae_names_add(&out, text, strlen(text));
        free(text);
    }
    eae_script_names(&f->script, name, &out);
    eae_names_free(&out);
}

int eae_figure_limit(eae_figure *f, int count, int most, const char *what)
{
    if (count <= most)
        return count;
    eae_note("%s: the first %d of %d %s are shown; choose with --only", f->kind, most, count, what);
    eae_buffer_printf(&f->note, "%sthe first %d of %d %s", f->note.length ? "; " : "", most, count,
                      what);
    eae_buffer_printf(&f->caption, "Shown are the first %d of %d %s. ", most, count, what);
    return most;
}

void eae_figure_left_out(eae_figure *f, int64_t count)
{
    if (count == 0)
        return;
    eae_note("%s: %lld values are infinite, and left out", f->kind, (long long)count);
    eae_buffer_printf(&f->note, "%s%lld infinite values are left out", f->note.length ? "; " : "",
                      (long long)count);
}

int eae_figure_metric(eae_tidy *t, int column, const char *metric, char **name)
{
    *name = NULL;
    if (t->rows == 0)
        return eae_fail("%s: nothing to draw: the report has no lines", eae_tidy_name(t));
    char *wanted = eae_strdup(metric ? metric : eae_tidy_text(t, 0, column));
    bool *keep = eae_malloc((size_t)t->rows, sizeof *keep), any = false;
    for (int64_t i = 0; i < t->rows; i++) {
        keep[i] = strcmp(eae_tidy_text(t, i, column), wanted) == 0;
        any = any || keep[i];
    }
    int status =
        any ? EAE_OK : eae_fail("%s: no line has the metric '%s'", eae_tidy_name(t), wanted);
    if (any)
        eae_tidy_filter(t, keep);
    free(keep);
    if (any)
        *name = wanted;
    else
        free(wanted);
    return status;
}

const char *eae_metric_title(const char *metric)
{
    static const char *const title[][2] = {{"auc", "AUC"},
                                           {"accuracy", "Accuracy"},
                                           {"auprc", "Average precision"},
                                           {"balanced", "Balanced accuracy"},
                                           {"tpr", "Sensitivity"},
                                           {"tnr", "Specificity"},
                                           {"ppv", "Positive predictive value"},
                                           {"npv", "Negative predictive value"},
                                           {"f1", "F1"},
                                           {"macro-f1", "Macro F1"},
                                           {"mcc", "Matthews correlation"},
                                           {"kappa", "Cohen\xe2\x80\x99s kappa"},
                                           {"brier", "Brier score"},
                                           {"logloss", "Log loss"},
                                           {"mse", "Mean squared error"},
                                           {"mae", "Mean absolute error"},
                                           {"r2", "R\xc2\xb2"},
                                           {"spearman", "Spearman correlation"},
                                           {"cindex", "Concordance index"},
                                           {"hr", "Hazard ratio"},
                                           {"nogueira", "Stability (Nogueira)"},
                                           {"jaccard", "Jaccard index"},
                                           {"kuncheva", "Kuncheva index"},
                                           {"features", "Features selected"}};
    for (size_t i = 0; i < sizeof title / sizeof *title; i++) {
        if (strcmp(title[i][0], metric) == 0)
            return title[i][1];
    }
    return metric;
}

double eae_tic_step(double span, int tics)
{
    static const double nice[] = {1, 2, 5};
    double power = pow(10, floor(log10(span / tics)));
    for (size_t i = 0; i < sizeof nice / sizeof *nice; i++) {
        if (span / (nice[i] * power) <= tics)
            return nice[i] * power;
    }
    return 10 * power;
}

static bool ends_at_1(const char *metric)
{
    static const char *const name[] = {"auc",      "auprc",   "accuracy", "balanced", "tpr",
                                       "tnr",      "ppv",     "npv",      "f1",       "macro-f1",
                                       "mcc",      "kappa",   "r2",       "spearman", "cindex",
                                       "nogueira", "jaccard", "kuncheva"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        if (strcmp(name[i], metric) == 0)
            return true;
    }
    return false;
}

void eae_figure_range(eae_figure *f, const char *metric, double chance, double low, double high)
{
    enum { DIGITS = 300 };
    double most = pow(10, DIGITS); /* differences of what is drawn are to be finite */
    bool ends = ends_at_1(metric) && high >= low;
    low = fmax(low, -most);
    high = fmin(high, most);
    if (ends)
        high = fmin(high, 1);
    double span = high > low ? high - low : fmax(fabs(high) * 0.1, 0.1);
    bool near = chance > low - span && chance < high + span;
    low = near ? fmin(low, chance) : low;
    high = near ? fmax(high, chance) : high;
    span = high > low ? high - low : span;
    eae_script_number(&f->script, "y_tic", eae_tic_step(span, 6));
    eae_script_number(&f->script, "y_tic_wide", eae_tic_step(span, 4));
    eae_script_number(&f->script, "chance", near ? chance : NAN);
    eae_script_number(&f->script, "y_low", low - 0.04 * span);
    eae_script_number(&f->script, "y_high", high + (ends && high == 1 ? 0.005 : 0.04) * span);
}
