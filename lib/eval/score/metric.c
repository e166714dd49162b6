/*
 * metric.c - the table of metrics, and those made from counts and sums; those made from ranks are
 * in ranking.c.
 */
#include "eval/score/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/score/ranking.h"
#include "model/cox.h"
#include "model/distribution.h"

const char *eae_task_name(eae_task task)
{
    static const char *const names[] = {"classes", "regression", "survival"};
    return names[task];
}

/* ---- confusion --------------------------------------------------------------------------- */

static int called_class(const eae_scored *s, int64_t i)
{
    if (s->classes == 2)
        return s->value[i] > s->threshold;
    const double *row = s->value + i * s->classes;
    int best = 0;
    for (int c = 1; c < s->classes; c++) {
        if (row[c] > row[best])
            best = c;
    }
    return best;
}

/* Counts by true class (row) and called class (column), with their margins. */
typedef struct {
    int k;
    double n, right;
    double *cell;   /* k x k */
    double *truth;  /* k */
    double *called; /* k */
} confusion;

static confusion confusion_of(const eae_scored *s)
{
    int k = s->classes;
    double *all = EAE_NEW_ARRAY(double, k *k + 2 * k);
    confusion t = {k, (double)s->n, 0, all, all + k * k, all + k * k + k};
    for (int64_t i = 0; i < s->n; i++) {
        int called = called_class(s, i);
        t.cell[s->class[i] * k + called]++;
        t.truth[s->class[i]]++;
        t.called[called]++;
        t.right += called == s->class[i];
    }
    return t;
}

static double accuracy(const eae_scored *s)
{
    confusion t = confusion_of(s);
    free(t.cell);
    return t.right / t.n;
}

static double balanced(const eae_scored *s)
{
    confusion t = confusion_of(s);
    double sum = 0;
    for (int c = 0; c < t.k; c++)
        sum += t.cell[c * t.k + c] / t.truth[c];
    free(t.cell);
    return sum / t.k;
}

/* The four counts of two classes. */
typedef struct {
    double tp, fp, tn, fn;
} quarters;

static quarters quarters_of(const eae_scored *s)
{
    confusion t = confusion_of(s);
    quarters q = {.tn = t.cell[0], .fp = t.cell[1], .fn = t.cell[2], .tp = t.cell[3]};
    free(t.cell);
    return q;
}

static double tpr(const eae_scored *s)
{
    quarters q = quarters_of(s);
    return q.tp / (q.tp + q.fn);
}

static double tnr(const eae_scored *s)
{
    quarters q = quarters_of(s);
    return q.tn / (q.tn + q.fp);
}

static double ppv(const eae_scored *s)
{
    quarters q = quarters_of(s);
    return q.tp / (q.tp + q.fp);
}

static double npv(const eae_scored *s)
{
    quarters q = quarters_of(s);
    return q.tn / (q.tn + q.fn);
}

static double f1(const eae_scored *s)
{
    quarters q = quarters_of(s);
    return 2 * q.tp / (2 * q.tp + q.fp + q.fn);
}

/* Matthews' correlation for K classes (Gorodkin 2004); for two it is the usual one. */
static double mcc(const eae_scored *s)
{
    confusion t = confusion_of(s);
    double both = 0, truth = 0, called = 0;
    for (int c = 0; c < t.k; c++) {
        both += t.truth[c] * t.called[c];
        truth += t.truth[c] * t.truth[c];
        called += t.called[c] * t.called[c];
    }
    free(t.cell);
    double n2 = t.n * t.n;
    return (t.right * t.n - both) / sqrt((n2 - truth) * (n2 - called));
}

/* Cohen 1960 */
static double kappa(const eae_scored *s)
{
    confusion t = confusion_of(s);
    double expected = 0;
    for (int c = 0; c < t.k; c++)
        expected += t.truth[c] * t.called[c];
    free(t.cell);
    return (t.right * t.n - expected) / (t.n * t.n - expected);
}

/* Mean F1 over the classes that occur in the truth or among those called. */
static double macro_f1(const eae_scored *s)
{
    confusion t = confusion_of(s);
    double sum = 0, defined = 0;
    for (int c = 0; c < t.k; c++) {
        double both = t.truth[c] + t.called[c];
        if (both > 0) {
            sum += 2 * t.cell[c * t.k + c] / both;
            defined++;
        }
    }
    free(t.cell);
    return sum / defined;
}

/* ---- ranking ----------------------------------------------------------------------------- */

typedef double (*ranking)(const double *value, const bool *positive, int64_t n);

/* A two-class statistic: of the positive class, or the mean of one class against the rest. */
static double macro(const eae_scored *s, ranking statistic)
{
    bool *positive = eae_malloc((size_t)s->n, sizeof *positive);
    double *value = eae_malloc((size_t)s->n, sizeof *value);
    double sum = 0;
    int first = s->classes == 2 ? 1 : 0, columns = s->classes == 2 ? 1 : s->classes;
    for (int c = first; c < s->classes; c++) {
        for (int64_t i = 0; i < s->n; i++) {
            positive[i] = s->class[i] == c;
            value[i] = s->value[i * columns + c - first];
        }
        sum += statistic(value, positive, s->n);
    }
    free(positive);
    free(value);
    return sum / columns;
}

static double auc(const eae_scored *s)
{
    return macro(s, eae_auc);
}

static double auprc(const eae_scored *s)
{
    return macro(s, eae_average_precision);
}

static double spearman(const eae_scored *s)
{
    return eae_spearman(s->value, s->target, s->n);
}

static double cindex(const eae_scored *s)
{
    return eae_concordance(s->value, s->time, s->status, s->n);
}

/* ---- probabilities ----------------------------------------------------------------------- */

/* log(1 + exp(x)) without overflow */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* -log of the softmax probability of class c */
static double surprise(const double *row, int classes, int c)
{
    double top = row[0];
    for (int k = 1; k < classes; k++)
        top = row[k] > top ? row[k] : top;
    double sum = exp(row[0] - top);
    for (int k = 1; k < classes; k++)
        sum += exp(row[k] - top);
    return log(sum) - (row[c] - top);
}

static double logloss(const eae_scored *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->classes == 2)
            sum += softplus(s->class[i] == 1 ? -s->value[i] : s->value[i]);
        else
            sum += surprise(s->value + i * s->classes, s->classes, s->class[i]);
    }
    return sum / (double)s->n;
}

/* Two classes: (p - y)^2; more: the sum of squares over the classes (Brier 1950). */
static double brier(const eae_scored *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->classes == 2) {
            double wrong = 1 / (1 + exp(s->class[i] == 1 ? s->value[i] : -s->value[i]));
            sum += wrong * wrong;
            continue;
        }
        for (int c = 0; c < s->classes; c++) {
            double p = exp(-surprise(s->value + i * s->classes, s->classes, c));
            double d = p - (s->class[i] == c);
            sum += d * d;
        }
    }
    return sum / (double)s->n;
}

/* ---- regression -------------------------------------------------------------------------- */

static double mse(const eae_scored *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++)
        sum += (s->value[i] - s->target[i]) * (s->value[i] - s->target[i]);
    return sum / (double)s->n;
}

static double mae(const eae_scored *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++)
        sum += fabs(s->value[i] - s->target[i]);
    return sum / (double)s->n;
}

static double r2(const eae_scored *s)
{
    double mean = 0, total = 0;
    for (int64_t i = 0; i < s->n; i++)
        mean += s->target[i];
    mean /= (double)s->n;
    for (int64_t i = 0; i < s->n; i++)
        total += (s->target[i] - mean) * (s->target[i] - mean);
    return total > 0 ? 1 - mse(s) * (double)s->n / total : NAN;
}

/* ---- survival ---------------------------------------------------------------------------- */

/* Cox regression on one covariate (NULL: not known), Efron ties, stratified; the log hazard ratio,
 * and its standard error in *se. NaN where there is none: no event, a constant covariate, monotone
 * likelihood. Frees x. */
static double log_hazard_ratio(const eae_scored *s, double *x, double *se)
{
    eae_cox cox;
    eae_cox_fit fit = {0};
    double ratio = *se = NAN;
    if (x &&
        eae_cox_new(&cox, s->time, s->status, s->stratum, NULL, s->n, EAE_TIES_EFRON) == EAE_OK) {
        if (eae_cox_regress(&cox, x, 1, &fit) == EAE_OK) {
            ratio = fit.coef[0];
            *se = fit.se[0];
        }
        eae_cox_fit_free(&fit);
        eae_cox_free(&cox);
    }
    free(x);
    return ratio;
}

/* High (1) against low (0) risk; NULL where a cut is not known. */
static double *high_risk(const eae_scored *s)
{
    double *high = eae_malloc((size_t)s->n, sizeof *high);
    bool known = s->cut != NULL;
    for (int64_t i = 0; i < s->n && known; i++) {
        known = !isnan(s->cut[i]);
        high[i] = s->value[i] > s->cut[i];
    }
    if (known)
        return high;
    free(high);
    return NULL;
}

/* Values in units of their training sd, from the training median on: what is subtracted matters
 * only where the values of several models share a stratum. NULL where this is not known, or all
 * training rows had the same value. */
static double *in_training_units(const eae_scored *s)
{
    double *unit = eae_malloc((size_t)s->n, sizeof *unit);
    bool known = s->cut != NULL && s->sd != NULL;
    for (int64_t i = 0; i < s->n && known; i++) {
        unit[i] = (s->value[i] - s->cut[i]) / s->sd[i];
        known = s->sd[i] > 0 && isfinite(unit[i]);
    }
    if (known)
        return unit;
    free(unit);
    return NULL;
}

static double hazard_ratio(const eae_scored *s)
{
    double se;
    return exp(log_hazard_ratio(s, high_risk(s), &se));
}

static double hazard_p(const eae_scored *s)
{
    double se, ratio = log_hazard_ratio(s, high_risk(s), &se);
    return eae_normal_two_sided(ratio / se);
}

static double hazard_ratio_sd(const eae_scored *s)
{
    double se;
    return exp(log_hazard_ratio(s, in_training_units(s), &se));
}

/* ---- the table --------------------------------------------------------------------------- */

#define CLASSES .task = EAE_TASK_CLASSES
#define REGRESSION .task = EAE_TASK_REGRESSION
#define HIGHER .higher_is_better = true
#define CALLED .thresholded = true
#define PAIR .two_classes = true
#define PROBABILITY .needs_probability = true

const eae_metric eae_metrics[] = {
    {"auc", CLASSES, HIGHER, .chance = 0.5, .compute = auc,
     .help = "area under the ROC curve, ties 1/2; K classes: macro one-vs-rest"},
    {"auprc", CLASSES, HIGHER, .chance = NAN, .compute = auprc,
     .help = "average precision; K classes: macro one-vs-rest"},
    {"accuracy", CLASSES, HIGHER, CALLED, .chance = NAN, .compute = accuracy,
     .help = "share of samples that are called right"},
    {"balanced", CLASSES, HIGHER, CALLED, .chance = 0.5, .compute = balanced,
     .help = "mean over classes of the share called right"},
    {"tpr", CLASSES, HIGHER, CALLED, PAIR, .chance = NAN, .compute = tpr,
     .help = "true positive rate (sensitivity, recall)"},
    {"tnr", CLASSES, HIGHER, CALLED, PAIR, .chance = NAN, .compute = tnr,
     .help = "true negative rate (specificity)"},
    {"ppv", CLASSES, HIGHER, CALLED, PAIR, .chance = NAN, .compute = ppv,
     .help = "positive predictive value (precision)"},
    {"npv", CLASSES, HIGHER, CALLED, PAIR, .chance = NAN, .compute = npv,
     .help = "negative predictive value"},
    {"f1", CLASSES, HIGHER, CALLED, PAIR, .chance = NAN, .compute = f1,
     .help = "harmonic mean of ppv and tpr"},
    {"mcc", CLASSES, HIGHER, CALLED, .chance = 0, .compute = mcc, .help = "Matthews' correlation"},
    {"kappa", CLASSES, HIGHER, CALLED, .chance = 0, .compute = kappa, .help = "Cohen's kappa"},
    {"macro-f1", CLASSES, HIGHER, CALLED, .chance = NAN, .compute = macro_f1,
     .help = "mean F1 over the classes that occur"},
    {"brier", CLASSES, PROBABILITY, .chance = NAN, .compute = brier,
     .help = "mean squared error of the probabilities"},
    {"logloss", CLASSES, PROBABILITY, .chance = NAN, .compute = logloss,
     .help = "mean negative log-likelihood, natural log"},
    {"mse", REGRESSION, .chance = NAN, .compute = mse, .help = "mean squared error"},
    {"mae", REGRESSION, .chance = NAN, .compute = mae, .help = "mean absolute error"},
    {"r2", REGRESSION, HIGHER, .chance = 0, .compute = r2,
     .help = "1 - mse / variance about the mean of the test rows"},
    {"spearman", REGRESSION, HIGHER, .chance = 0, .compute = spearman, .help = "rank correlation"},
    {"cindex", EAE_TASK_SURVIVAL, HIGHER, .chance = 0.5, .compute = cindex,
     .help = "Harrell's concordance; higher value = more risk"},
    {"hr", EAE_TASK_SURVIVAL, HIGHER, .pooled = true, .reads = "cut", .chance = 1,
     .compute = hazard_ratio,
     .help = "hazard ratio of high against low risk, cut at the training median"},
    {"hr-sd", EAE_TASK_SURVIVAL, HIGHER, .pooled = true, .reads = "sd", .chance = 1,
     .compute = hazard_ratio_sd,
     .help = "hazard ratio per training standard deviation of the linear predictor"},
    {"hr-p", EAE_TASK_SURVIVAL, .single = true, .test_of = "hr", .reads = "cut", .chance = NAN,
     .compute = hazard_p,
     .help = "its p-value: by permutation, or Wald's for a single hold-out split"},
    {0}};

const eae_metric *eae_metric_find(const char *name)
{
    for (const eae_metric *m = eae_metrics; m->name; m++) {
        if (strcmp(m->name, name) == 0)
            return m;
    }
    return NULL;
}

int eae_metric_named(const char *name, const eae_metric **metric)
{
    eae_buffer b = {0};
    *metric = eae_metric_find(name);
    if (*metric)
        return EAE_OK;
    for (const eae_metric *m = eae_metrics; m->name; m++)
        eae_buffer_printf(&b, "%s%s", m == eae_metrics ? "" : ", ", m->name);
    int status = eae_fail_usage("no metric '%s'; there are %s", name, b.data);
    eae_buffer_free(&b);
    return status;
}

int eae_metric_suits(const eae_metric *m, eae_task task, int classes, bool probability,
                     const char *model)
{
    if (m->task != task)
        return eae_fail_usage("metric %s is for %s; model %s predicts %s", m->name,
                              eae_task_name(m->task), model, eae_task_name(task));
    if (m->two_classes && classes > 2)
        return eae_fail_usage("metric %s is for two classes; there are %d", m->name, classes);
    if (m->needs_probability && !probability)
        return eae_fail_usage("metric %s needs probabilities; model %s gives none", m->name, model);
    return EAE_OK;
}

const char *eae_metric_defaults(eae_task task)
{
    static const char *const defaults[] = {"auc,balanced,mcc", "r2,mse,spearman", "cindex"};
    return defaults[task];
}
