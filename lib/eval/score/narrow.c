/* narrow.c - see narrow.h. */
#include "eval/score/narrow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "eval/score/candidate.h"
#include "eval/score/interval.h"
#include "eval/score/stability.h"

/* ---- the limits -------------------------------------------------------------------------- */

static int parse_one(const char *text, size_t length, eae_narrow_rules *rules)
{
    const char *sign = memchr(text, '=', length);
    double limit;
    if (!sign || !eae_parse_double(sign + 1, length - (size_t)(sign - text) - 1, &limit))
        return eae_fail_usage("--narrow: '%.*s' is not RULE=NUMBER", (int)length, text);
    char *name = eae_strndup(text, (size_t)(sign - text));
    const eae_metric *metric = eae_metric_find(name);
    int status = EAE_OK;
    if (strcmp(name, "size") == 0)
        rules->size = limit;
    else if (strcmp(name, "stability") == 0)
        rules->stability = limit;
    else if (strcmp(name, "jaccard") == 0)
        rules->jaccard = limit;
    else if (!metric || rules->metrics == EAE_NARROW_METRICS)
        status = eae_fail_usage(
            "--narrow: '%s' is neither a metric, nor size, stability or jaccard", name);
    else {
        rules->metric[rules->metrics].metric = metric;
        rules->metric[rules->metrics++].limit = limit;
    }
    if (status == EAE_OK && !(rules->jaccard >= 0 && rules->jaccard <= 1))
        status = eae_fail_usage("--narrow: jaccard is from 0 to 1");
    rules->needs_sets =
        rules->needs_sets || strcmp(name, "stability") == 0 || strcmp(name, "jaccard") == 0;
    free(name);
    return status;
}

int eae_narrow_parse(const char *text, eae_narrow_rules *rules)
{
    *rules = (eae_narrow_rules){.size = INFINITY, .stability = 0.3, .jaccard = 0.9};
    int status = EAE_OK;
    for (const char *at = text && *text ? text : NULL; at && status == EAE_OK;) {
        size_t length = strcspn(at, ",");
        status = parse_one(at, length, rules);
        at = at[length] ? at + length + 1 : NULL;
    }
    return status;
}

/* What guessing gives: the table is for two classes. */
static double chance_of(const eae_metric *metric, int classes)
{
    bool share = classes > 2 && strcmp(metric->name, "balanced") == 0;
    return share ? 1.0 / classes : metric->chance;
}

/* limit[m] for each metric that is computed; NaN: none. */
static int find_limits(const eae_scores *s, const eae_narrow_rules *rules, double *limit)
{
    for (int m = 0; m < s->metric_count; m++)
        limit[m] = m == 0 ? chance_of(s->metric[0], s->p->classes) : NAN;
    for (int i = 0; i < rules->metrics; i++) {
        bool found = false;
        for (int m = 0; m < s->metric_count; m++) {
            if (s->metric[m] == rules->metric[i].metric) {
                limit[m] = rules->metric[i].limit;
                found = true;
            }
        }
        if (!found)
            return eae_fail_usage("--narrow: %s is not among the metrics; name it with --metrics",
                                  rules->metric[i].metric->name);
    }
    return EAE_OK;
}

/* ---- sets of features -------------------------------------------------------------------- */

/* The number in "50", or after "size=" in "C=1,size=50"; NaN if there is none. */
static double chosen_size(const char *text)
{
    const char *key = text ? strstr(text, "size=") : NULL;
    double size;
    if (!text)
        return NAN;
    const char *number = key ? key + strlen("size=") : text;
    size_t length = strcspn(number, ",; ");
    return eae_parse_double(number, length, &size) && size >= 1 ? size : NAN;
}

/* S of each run of a selector of ranks: the candidate's size, or what was chosen in its split.
 * False where that is not known for all runs. */
static bool sizes_of_runs(const eae_predictions *p, int candidate, const eae_selector *x,
                          double *size)
{
    int64_t first, end;
    const eae_annot *chosen = eae_axis_find(&p->frame->rows, "chosen");
    bool selected = eae_candidate_is_selected(p, candidate), known = true;
    eae_candidate_entries(p, candidate, &first, &end);
    for (int64_t r = 0; r < x->runs; r++) {
        size[r] = selected ? NAN : eae_candidate_size(p, candidate);
        for (int64_t i = first; i < end && selected && chosen; i++) {
            if (p->entry[i].split == x->split[r])
                size[r] = chosen_size(eae_annot_text(chosen, p->entry[i].row));
        }
        known = known && !isnan(size[r]);
    }
    return known;
}

/* The sets of a candidate; none: sets->bit is NULL. */
static int find_sets(const eae_predictions *p, int candidate, const eae_selectors *selectors,
                     eae_feature_sets *sets)
{
    const eae_axis *rows = &p->frame->rows;
    int64_t row = p->candidate[candidate].row;
    int found = eae_selectors_find(selectors, rows, row, false);
    *sets = (eae_feature_sets){0};
    if (found >= 0)
        return eae_feature_sets_make(selectors, found, NULL, sets);
    found = eae_selectors_find(selectors, rows, row, true);
    if (found < 0)
        return EAE_OK;
    const eae_selector *x = &selectors->selector[found];
    double *size = eae_malloc((size_t)x->runs, sizeof *size);
    int status = sizes_of_runs(p, candidate, x, size)
                     ? eae_feature_sets_make(selectors, found, size, sets)
                     : EAE_OK;
    free(size);
    if (sets->runs == 0)
        eae_feature_sets_free(sets);
    return status;
}

/* ---- the rules --------------------------------------------------------------------------- */

typedef struct {
    const eae_scores *s;
    const eae_summary *summary;
    const eae_narrow_rules *rules;
    double *limit;          /* by metric */
    eae_feature_sets *sets; /* by candidate: of those kept, and of the one looked at */
    double *features;       /* by candidate: mean size of its sets */
    int64_t with_sets, without_interval, without_sets;
} context;

static eae_interval interval_of(const eae_scores *s, const eae_summary *summary, int candidate,
                                int metric)
{
    const eae_summary *line = eae_summary_of(s, summary, candidate, metric);
    bool auc = strcmp(s->metric[metric]->name, "auc") == 0 && s->p->classes == 2;
    if (isnan(line->low) && auc)
        return eae_delong_interval(s->p, candidate);
    return (eae_interval){line->low, line->high};
}

static bool fails_metric(context *x, eae_verdict *v)
{
    for (int m = 0; m < x->s->metric_count; m++) {
        const eae_metric *metric = x->s->metric[m];
        if (isnan(x->limit[m]))
            continue;
        eae_interval interval = interval_of(x->s, x->summary, v->candidate, m);
        *v =
            (eae_verdict){v->candidate, metric->name,
                          metric->higher_is_better ? interval.low : interval.high, x->limit[m], -1};
        if (isnan(eae_summary_figure(x->s, x->summary, v->candidate, m)))
            return true;
        if (isnan(v->value))
            x->without_interval++;
        if (metric->higher_is_better ? v->value <= v->limit : v->value >= v->limit)
            return true;
    }
    return false;
}

static bool fails_size(const context *x, eae_verdict *v)
{
    const eae_feature_sets *sets = &x->sets[v->candidate];
    double size = sets->bit ? x->features[v->candidate] : eae_candidate_size(x->s->p, v->candidate);
    *v = (eae_verdict){v->candidate, "size", size, x->rules->size, -1};
    return size > x->rules->size;
}

static bool fails_stability(context *x, eae_verdict *v)
{
    const eae_feature_sets *sets = &x->sets[v->candidate];
    if (!sets->bit) {
        x->without_sets++;
        return false;
    }
    eae_stability stability = eae_stability_of(sets, false);
    *v = (eae_verdict){v->candidate, "stability", stability.nogueira, x->rules->stability, -1};
    return stability.nogueira < x->rules->stability;
}

/* False where every set of one is so much larger than those of the other that none is that similar.
 */
static bool may_be_similar(const context *x, int a, int b)
{
    double small = fmin(x->features[a], x->features[b]);
    double large = fmax(x->features[a], x->features[b]);
    bool each = false;
    for (int64_t r = 1; r < x->sets[a].runs; r++)
        each = each || x->sets[a].size[r] != x->sets[a].size[0];
    for (int64_t r = 1; r < x->sets[b].runs; r++)
        each = each || x->sets[b].size[r] != x->sets[b].size[0];
    return each || small > x->rules->jaccard * large * (1 + 1e-12);
}

static bool fails_jaccard(const context *x, const eae_verdict *better, int n, eae_verdict *v)
{
    const eae_predictions *p = x->s->p;
    int c = v->candidate;
    for (int i = 0; i < n && x->sets[c].bit; i++) {
        int other = better[i].candidate;
        if (better[i].reason || !x->sets[other].bit || !eae_candidates_agree(p, c, other, "plan") ||
            !may_be_similar(x, c, other))
            continue;
        double value = eae_similarity(&x->sets[c], &x->sets[other]);
        *v = (eae_verdict){c, "jaccard", value, x->rules->jaccard, other};
        if (value > x->rules->jaccard + 1e-12) /* not by the rounding of a mean */
            return true;
    }
    return false;
}

static int judge(context *x, const eae_selectors *selectors, int64_t top, eae_verdict *verdict,
                 int n, int64_t *kept)
{
    eae_verdict *v = &verdict[n];
    eae_feature_sets *sets = &x->sets[v->candidate];
    int status = find_sets(x->s->p, v->candidate, selectors, sets);
    if (status != EAE_OK)
        return status;
    x->with_sets += sets->bit != NULL;
    for (int64_t r = 0; r < sets->runs; r++)
        x->features[v->candidate] += (double)sets->size[r];
    x->features[v->candidate] /= (double)sets->runs;
    if (fails_metric(x, v) || fails_size(x, v) || fails_stability(x, v) ||
        fails_jaccard(x, verdict, n, v)) {
        eae_feature_sets_free(sets);
        return EAE_OK;
    }
    ++*kept;
    *v = (eae_verdict){v->candidate, NULL, NAN, NAN, -1};
    if (top > 0 && *kept > top)
        *v = (eae_verdict){v->candidate, "top", (double)*kept, (double)top, -1};
    return EAE_OK;
}

static int note_what_was_not_judged(const context *x, int count)
{
    if (x->rules->needs_sets && x->with_sets == 0)
        return eae_fail(
            "--narrow: no features are known to judge stability or jaccard by; models of "
            "the splits are written by eae-train --weights all");
    if (x->without_interval > 0)
        eae_note("%lld of %d candidates have no interval, and are kept whatever chance gives",
                 (long long)x->without_interval, count);
    if (x->without_sets > 0)
        eae_note("the features of %lld of %d candidates are not known: their stability and "
                 "similarity are not judged",
                 (long long)x->without_sets, count);
    return EAE_OK;
}

int eae_narrow(const eae_scores *s, const eae_summary *summary, const eae_order *order,
               const eae_selectors *selectors, const eae_narrow_rules *rules, int64_t top,
               eae_verdict *verdict)
{
    int64_t kept = 0;
    context x = {s,
                 summary,
                 rules,
                 EAE_NEW_ARRAY(double, s->metric_count),
                 EAE_NEW_ARRAY(eae_feature_sets, order->count),
                 EAE_NEW_ARRAY(double, order->count),
                 0,
                 0,
                 0};
    int status = find_limits(s, rules, x.limit);
    for (int i = 0; i < order->count && status == EAE_OK; i++) {
        verdict[i] = (eae_verdict){.candidate = order->candidate[i], .like = -1};
        status = judge(&x, selectors, top, verdict, i, &kept);
    }
    if (status == EAE_OK)
        status = note_what_was_not_judged(&x, order->count);
    for (int i = 0; i < order->count; i++)
        eae_feature_sets_free(&x.sets[i]);
    free(x.limit);
    free(x.sets);
    free(x.features);
    return status;
}
