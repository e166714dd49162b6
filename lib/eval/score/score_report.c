/* score_report.c - rows of the reports of eae-score. */
#include "eval/score/score_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/score/candidate.h"
#include "eval/score/curve.h"
#include "eval/score/interval.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

/* What each line of a summary ends with is there where it is asked for. */
static eae_report *new_summary(const eae_score_options *options, bool perms)
{
    const char *columns[16] = {"model", "spec", "param", "size", "metric", "n",
                               "mean",  "sd",   "lo",    "hi",   "pooled"};
    int count = 11;
    if (perms) {
        columns[count++] = "perms";
        columns[count++] = "p";
    }
    if (options->ordered && options->tie == EAE_TIE_HR)
        columns[count++] = "hr";
    if (options->ordered)
        columns[count++] = "optimistic";
    return eae_report_new(columns, count, options->json);
}

eae_report *eae_score_report_new(const eae_score_options *options, bool perms)
{
    static const char *const splits[] = {"model", "spec",   "param", "size",
                                         "split", "metric", "value"};
    static const char *const roc[] = {"model", "spec",      "param", "size", "repeat",
                                      "class", "threshold", "fpr",   "tpr"};
    static const char *const pr[] = {"model", "spec",      "param", "size", "repeat",
                                     "class", "threshold", "tpr",   "ppv"};
    if (options->curve == EAE_CURVE_ROC)
        return eae_report_new(roc, COUNT(roc), options->json);
    if (options->curve == EAE_CURVE_PR)
        return eae_report_new(pr, COUNT(pr), options->json);
    if (options->compare)
        return eae_compare_report_new(options);
    if (options->narrow)
        return eae_narrow_report_new(options);
    if (options->summary)
        return new_summary(options, perms);
    return eae_report_new(splits, COUNT(splits), options->json);
}

void eae_score_report_lead(eae_report *r, const eae_predictions *p, int candidate, eae_level level)
{
    const eae_axis *rows = &p->frame->rows;
    int64_t row = p->candidate[candidate].row;
    bool param = level == EAE_BY_SPLIT || level == EAE_BY_PARAM;
    bool size = level == EAE_BY_SPLIT || level == EAE_BY_SIZE;
    eae_report_annot(r, eae_axis_find(rows, "model"), row);
    eae_report_annot(r, eae_axis_find(rows, "spec"), row);
    eae_report_annot(r, param ? eae_axis_find(rows, "param") : NULL, row);
    eae_report_annot(r, size ? eae_axis_find(rows, "size") : NULL, row);
}

static const char *metric_name(const eae_scores *s, int m)
{
    return m < s->metric_count ? s->metric[m]->name : "threshold";
}

/* ---- a value per split ------------------------------------------------------------------- */

static void add_splits(eae_report *r, const eae_scores *s, const eae_score_options *options)
{
    const eae_predictions *p = s->p;
    int lines = s->metric_count + options->cuts;
    for (int64_t i = 0; i < p->entry_count; i++) {
        const eae_entry *e = &p->entry[i];
        for (int m = 0; m < lines && e->perm == 0; m++) {
            eae_score_report_lead(r, p, e->candidate, EAE_BY_SPLIT);
            eae_report_int(r, e->split);
            eae_report_text(r, metric_name(s, m));
            eae_report_real(r, m < s->metric_count ? s->value[i * s->metric_count + m] : s->cut[i]);
        }
    }
}

/* ---- summaries --------------------------------------------------------------------------- */

static int replace_intervals(const eae_scores *s, const eae_groups *g,
                             const eae_score_options *options, eae_summary *summary)
{
    eae_interval *interval = EAE_NEW_ARRAY(eae_interval, s->metric_count);
    int status = EAE_OK;
    for (int k = 0; k < g->count && status == EAE_OK; k++) {
        for (int m = 0; m < s->metric_count; m++) {
            interval[m] = (eae_interval){NAN, NAN};
            if (options->ci == EAE_CI_DELONG && strcmp(s->metric[m]->name, "auc") == 0)
                interval[m] = eae_delong_interval(s->p, g->first[k]);
        }
        if (options->ci == EAE_CI_BOOTSTRAP)
            status = eae_bootstrap_interval(s, g->first[k], options->replicates, options->seed,
                                            options->threads, interval);
        for (int m = 0; m < s->metric_count; m++) {
            summary[k * (s->metric_count + 1) + m].low = interval[m].low;
            summary[k * (s->metric_count + 1) + m].high = interval[m].high;
        }
    }
    free(interval);
    return status;
}

static int check_ci(const eae_scores *s, const eae_score_options *options)
{
    bool auc = false;
    if (options->ci != EAE_CI_DELONG)
        return EAE_OK;
    for (int m = 0; m < s->metric_count; m++)
        auc = auc || strcmp(s->metric[m]->name, "auc") == 0;
    if (!auc)
        return eae_fail_usage("--ci delong is the interval of the auc, which is not among the "
                              "--metrics");
    if (s->p->classes != 2)
        return eae_fail_usage("--ci delong is for two classes; there are %d", s->p->classes);
    return EAE_OK;
}

int eae_score_summarise(const eae_scores *s, const eae_groups *g, const eae_score_options *options,
                        eae_summary *summary)
{
    int status = check_ci(s, options);
    if (status == EAE_OK)
        status = eae_summarise(s, g, options->threads, summary);
    if (status == EAE_OK && options->ci != EAE_CI_CORRECTED)
        status = replace_intervals(s, g, options, summary);
    return status;
}

static void add_summary(eae_report *r, const eae_summary *line, bool perms)
{
    eae_report_int(r, line->n);
    eae_report_real(r, line->mean);
    eae_report_real(r, line->sd);
    eae_report_real(r, line->low);
    eae_report_real(r, line->high);
    eae_report_real(r, line->pooled);
    if (perms) {
        eae_report_int(r, line->perms);
        eae_report_real(r, line->p);
    }
}

/* A whole group as one value: the mean over its splits, the pooled one for leave-one-out. */
static void add_value(eae_report *r, const eae_scores *s, int m, const eae_summary *line)
{
    eae_report_text(r, NULL);
    eae_report_text(r, metric_name(s, m));
    eae_report_real(r, isnan(line->mean) ? line->pooled : line->mean);
}

/* A line of the report: which group, which metric. */
typedef struct {
    int group, metric;
} line_place;

static void add_line(eae_report *r, const eae_scores *s, const eae_groups *g,
                     const eae_score_options *options, const eae_order *order, bool perms,
                     const eae_summary *summary, line_place at)
{
    const eae_summary *line = eae_summary_of(s, summary, at.group, at.metric);
    int candidate = g->first[at.group];
    eae_score_report_lead(r, s->p, candidate, options->level);
    if (!options->summary) {
        add_value(r, s, at.metric, line);
        return;
    }
    eae_report_text(r, metric_name(s, at.metric));
    add_summary(r, line, perms);
    if (order->hazard)
        eae_report_real(r, order->hazard[candidate]);
    if (order->optimistic)
        eae_report_int(r, order->optimistic[candidate]);
}

/* ---- their order ------------------------------------------------------------------------- */

/* Candidates of one model, spec, param and plan, and where the size stands among theirs. */
typedef struct {
    int group, curve;
    double size;
} curve_place;

static int by_curve(const void *pa, const void *pb)
{
    const curve_place *a = pa, *b = pb;
    if (a->curve != b->curve)
        return a->curve < b->curve ? -1 : 1;
    if (isnan(a->size) || isnan(b->size))
        return isnan(a->size) != isnan(b->size) ? isnan(a->size) - isnan(b->size)
                                                : a->group - b->group;
    return a->size < b->size ? -1 : a->size > b->size ? 1 : a->group - b->group;
}

/* The number of the first candidate on the same curve. */
static int curve_of(const eae_predictions *p, int candidate)
{
    static const char *const columns[] = {"model", "spec", "param", "plan"};
    for (int c = 0; c < candidate; c++) {
        bool same = true;
        for (int k = 0; k < COUNT(columns) && same; k++)
            same = eae_candidates_agree(p, c, candidate, columns[k]);
        if (same)
            return c;
    }
    return candidate;
}

/* Curve after curve, for each the metrics, for each the sizes. */
static int64_t place_by_curve(const eae_predictions *p, int metrics, line_place *place)
{
    int n = p->candidate_count;
    int64_t lines = 0;
    curve_place *at = EAE_NEW_ARRAY(curve_place, n);
    for (int c = 0; c < n; c++)
        at[c] = (curve_place){c, curve_of(p, c), eae_candidate_size(p, c)};
    qsort(at, (size_t)n, sizeof *at, by_curve);
    for (int i = 0, end; i < n; i = end) {
        for (end = i; end < n && at[end].curve == at[i].curve;)
            end++;
        for (int m = 0; m < metrics; m++) {
            for (int k = i; k < end; k++)
                place[lines++] = (line_place){at[k].group, m};
        }
    }
    free(at);
    return lines;
}

/* Group after group: all as they appear, or the first of an order. */
static int64_t place_by_group(int groups, int metrics, const int *order, line_place *place)
{
    for (int i = 0; i < groups; i++) {
        for (int m = 0; m < metrics; m++)
            place[i * metrics + m] = (line_place){order ? order[i] : i, m};
    }
    return (int64_t)groups * metrics;
}

static int add_groups(eae_report *r, const eae_scores *s, const eae_score_options *options,
                      bool perms)
{
    eae_groups g;
    eae_order order = {0};
    eae_groups_make(&g, s->p, options->level);
    int metrics = s->metric_count + options->cuts, count = g.count;
    eae_summary *summary = EAE_NEW_ARRAY(eae_summary, g.count * (s->metric_count + 1));
    line_place *place = EAE_NEW_ARRAY(line_place, g.count * metrics);
    int status = eae_score_summarise(s, &g, options, summary);
    if (status == EAE_OK && options->ordered)
        status = eae_order_make(&order, s, summary, options->tie, options->threads);
    if (options->top > 0 && options->top < count)
        count = (int)options->top;
    int64_t lines = options->curve == EAE_CURVE_SIZE
                        ? place_by_curve(s->p, metrics, place)
                        : place_by_group(count, metrics, order.candidate, place);
    for (int64_t i = 0; i < lines && status == EAE_OK; i++)
        add_line(r, s, &g, options, &order, perms, summary, place[i]);
    eae_order_free(&order);
    free(place);
    free(summary);
    eae_groups_free(&g);
    return status;
}

/* ---- curves ------------------------------------------------------------------------------ */

static void add_points(eae_report *r, const eae_predictions *p, const eae_entry *e, int class,
                       const eae_curve_point *point, int64_t points, eae_curve_kind kind)
{
    for (int64_t i = 0; i < points; i++) {
        eae_score_report_lead(r, p, e->candidate, EAE_BY_SPLIT);
        eae_report_int(r, e->repeat);
        eae_report_text(r, eae_name(&p->label->dict, class));
        eae_report_real(r, point[i].threshold);
        eae_report_real(r, kind == EAE_CURVE_ROC ? point[i].fpr : point[i].tpr);
        eae_report_real(r, kind == EAE_CURVE_ROC ? point[i].tpr : point[i].ppv);
    }
}

/* The values of one repeat joined; one class against the rest where there are more than two. */
static void add_curves(eae_report *r, const eae_predictions *p, int64_t first, eae_curve_kind kind)
{
    eae_joined joined;
    eae_join(p, first, eae_entry_repeat_end(p, first), &joined);
    int64_t n = joined.scored.n;
    int k = p->classes, columns = k > 2 ? k : 1;
    double *value = eae_malloc((size_t)n, sizeof *value);
    bool *positive = eae_malloc((size_t)n, sizeof *positive);
    eae_curve_point *point = eae_malloc((size_t)n + 1, sizeof *point);
    for (int class = k > 2 ? 0 : 1; class < k; class ++) {
        for (int64_t i = 0; i < n; i++) {
            value[i] = joined.value[i * columns + (k > 2 ? class : 0)];
            positive[i] = joined.class[i] == class;
        }
        int64_t points = eae_curve_points(value, positive, n, point);
        add_points(r, p, &p->entry[first], class, point, points, kind);
    }
    free(point);
    free(positive);
    free(value);
    eae_joined_free(&joined);
}

static int add_all_curves(eae_report *r, const eae_predictions *p, eae_curve_kind kind)
{
    for (int c = 0; c < p->candidate_count; c++) {
        if (p->candidate[c].task != EAE_TASK_CLASSES)
            return eae_fail_usage("--curve is for classes; model %s predicts %s",
                                  p->candidate[c].model, eae_task_name(p->candidate[c].task));
    }
    for (int64_t i = 0; i < p->entry_count; i = eae_entry_repeat_end(p, i)) {
        if (p->entry[i].perm == 0)
            add_curves(r, p, i, kind);
    }
    return EAE_OK;
}

int eae_score_report_add(eae_report *r, const eae_scores *s, const eae_score_options *options,
                         bool perms)
{
    if (options->curve == EAE_CURVE_ROC || options->curve == EAE_CURVE_PR)
        return add_all_curves(r, s->p, options->curve);
    if (options->compare)
        return eae_compare_report_add(r, s, options);
    if (options->narrow)
        return eae_narrow_report_add(r, s, options);
    if (options->summary || options->level != EAE_BY_SPLIT)
        return add_groups(r, s, options, perms);
    add_splits(r, s, options);
    return EAE_OK;
}
