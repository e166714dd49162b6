/* choice_report.c - rows of --compare, --narrow and --stability. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "eval/score/candidate.h"
#include "eval/score/score_report.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

/* Candidates summed up and in order. */
typedef struct {
    eae_summary *summary;
    eae_order order;
} ranked;

static int rank_candidates(const eae_scores *s, const eae_score_options *options, ranked *out)
{
    eae_groups g;
    eae_groups_make(&g, s->p, EAE_BY_SPLIT);
    *out = (ranked){.summary = EAE_NEW_ARRAY(eae_summary, g.count * (s->metric_count + 1))};
    int status = eae_score_summarise(s, &g, options, out->summary);
    if (status == EAE_OK)
        status = eae_order_make(&out->order, s, out->summary, options->tie, options->threads);
    eae_groups_free(&g);
    return status;
}

static void ranked_free(ranked *x)
{
    free(x->summary);
    eae_order_free(&x->order);
}

/* ---- compare ----------------------------------------------------------------------------- */

eae_report *eae_compare_report_new(const eae_score_options *options)
{
    static const char *const columns[] = {
        "model", "spec", "param", "size", "against", "metric", "test",   "n",
        "a",     "b",    "diff",  "lo",   "hi",      "p",      "p_holm", "optimistic"};
    return eae_report_new(columns, COUNT(columns), options->json);
}

static void add_comparison(eae_report *r, const eae_predictions *p, const eae_comparison *line,
                           bool optimistic)
{
    char *against = eae_candidate_name(p, line->against);
    eae_score_report_lead(r, p, line->candidate, EAE_BY_SPLIT);
    eae_report_text(r, against);
    eae_report_text(r, line->metric);
    eae_report_text(r, line->test);
    eae_report_int(r, line->result.n);
    eae_report_real(r, line->result.a);
    eae_report_real(r, line->result.b);
    eae_report_real(r, line->result.diff);
    eae_report_real(r, line->result.low);
    eae_report_real(r, line->result.high);
    eae_report_real(r, line->result.p);
    eae_report_real(r, line->p_holm);
    eae_report_int(r, optimistic);
    free(against);
}

int eae_compare_report_add(eae_report *r, const eae_scores *s, const eae_score_options *options)
{
    ranked x = {0};
    eae_comparisons all = {0};
    int status = rank_candidates(s, options, &x);
    if (status == EAE_OK)
        status =
            eae_compare(s, &x.order, options->reference, options->against, options->threads, &all);
    bool best = options->reference == EAE_REFERENCE_BEST;
    for (int64_t i = 0; i < all.count; i++)
        add_comparison(r, s->p, &all.line[i], best && x.order.optimistic[all.line[i].against]);
    eae_comparisons_free(&all);
    ranked_free(&x);
    return status;
}

/* ---- narrow ------------------------------------------------------------------------------ */

eae_report *eae_narrow_report_new(const eae_score_options *options)
{
    static const char *const columns[] = {"model", "spec",  "param", "size", "kept",      "reason",
                                          "value", "limit", "like",  "hr",   "optimistic"};
    static const char *const without_hr[] = {"model",  "spec",  "param", "size", "kept",
                                             "reason", "value", "limit", "like", "optimistic"};
    return options->tie == EAE_TIE_HR
               ? eae_report_new(columns, COUNT(columns), options->json)
               : eae_report_new(without_hr, COUNT(without_hr), options->json);
}

static void add_verdict(eae_report *r, const eae_predictions *p, const eae_order *order,
                        const eae_verdict *v)
{
    char *like = v->like >= 0 ? eae_candidate_name(p, v->like) : NULL;
    eae_score_report_lead(r, p, v->candidate, EAE_BY_SPLIT);
    eae_report_int(r, v->reason == NULL);
    eae_report_text(r, v->reason);
    eae_report_real(r, v->value);
    eae_report_real(r, v->limit);
    eae_report_text(r, like);
    if (order->hazard)
        eae_report_real(r, order->hazard[v->candidate]);
    eae_report_int(r, order->optimistic[v->candidate]);
    free(like);
}

int eae_narrow_report_add(eae_report *r, const eae_scores *s, const eae_score_options *options)
{
    static const eae_selectors nothing;
    ranked x = {0};
    eae_verdict *verdict = NULL;
    int status = rank_candidates(s, options, &x);
    if (status == EAE_OK) {
        verdict = EAE_NEW_ARRAY(eae_verdict, x.order.count);
        status =
            eae_narrow(s, x.summary, &x.order, options->selectors ? options->selectors : &nothing,
                       &options->rules, options->top, verdict);
    }
    for (int i = 0; i < x.order.count && status == EAE_OK; i++)
        add_verdict(r, s->p, &x.order, &verdict[i]);
    free(verdict);
    ranked_free(&x);
    return status;
}

/* ---- stability --------------------------------------------------------------------------- */

static void add_measure(eae_report *r, const eae_selector *x, const eae_stability_line *line,
                        const char *metric, double value, const double *interval)
{
    const eae_axis *rows = &x->frame->rows;
    int64_t row = x->row[0];
    char size[EAE_NUMBER_TEXT];
    eae_report_annot(r, eae_axis_find(rows, "model"), row);
    eae_report_annot(r, eae_axis_find(rows, "spec"), row);
    eae_report_annot(r, eae_axis_find(rows, "param"), row);
    if (isnan(line->size)) {
        eae_report_annot(r, eae_axis_find(rows, "size"), row);
    } else {
        eae_format_double(line->size, size);
        eae_report_text(r, size);
    }
    eae_report_text(r, metric);
    eae_report_int(r, line->value.runs);
    eae_report_real(r, value);
    eae_report_real(r, interval ? interval[0] : NAN);
    eae_report_real(r, interval ? interval[1] : NAN);
}

eae_report *eae_stability_report(const eae_selectors *s, const eae_stability_lines *lines,
                                 bool json)
{
    static const char *const columns[] = {"model", "spec",  "param", "size", "metric",
                                          "n",     "value", "lo",    "hi"};
    eae_report *r = eae_report_new(columns, COUNT(columns), json);
    for (int64_t i = 0; i < lines->count; i++) {
        const eae_stability_line *line = &lines->line[i];
        const eae_selector *x = &s->selector[line->selector];
        double interval[] = {line->value.low, line->value.high};
        add_measure(r, x, line, "features", line->value.features, NULL);
        add_measure(r, x, line, "nogueira", line->value.nogueira, interval);
        add_measure(r, x, line, "jaccard", line->value.jaccard, NULL);
        add_measure(r, x, line, "kuncheva", line->value.kuncheva, NULL);
    }
    return r;
}
