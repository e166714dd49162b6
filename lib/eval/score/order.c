/* order.c - see order.h. */
#include "eval/score/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "eval/score/candidate.h"

/* ---- hazard ratios ----------------------------------------------------------------------- */

/* What of a repeat's values of two classes has a time: a survival problem whose high risk is the
 * positive call, or, for `truth`, the positive class. */
static double class_hazard(const eae_predictions *p, const eae_joined *joined, const double *cut,
                           bool stratified, bool truth)
{
    size_t room = (size_t)joined->scored.n;
    double *value = eae_malloc(room, sizeof *value), *at = eae_malloc(room, sizeof *at);
    double *time = eae_malloc(room, sizeof *time), *status = eae_malloc(room, sizeof *status);
    int64_t *stratum = eae_malloc(room, sizeof *stratum), n = 0;
    for (int64_t i = 0; i < joined->scored.n; i++) {
        double t = eae_sample_number(p->time, joined->sample[i]);
        double d = eae_sample_number(p->status, joined->sample[i]);
        if (isnan(t) || isnan(d))
            continue;
        value[n] = truth ? joined->class[i] : joined->value[i];
        at[n] = truth ? 0.5 : cut[joined->from[i]];
        time[n] = t;
        status[n] = d;
        stratum[n++] = joined->from[i];
    }
    eae_scored scored = {.n = n,
                         .value = value,
                         .cut = at,
                         .time = time,
                         .status = status,
                         .stratum = stratified ? stratum : NULL};
    double ratio = eae_metric_find("hr")->compute(&scored);
    free(value);
    free(at);
    free(time);
    free(status);
    free(stratum);
    return ratio;
}

/* One repeat: entries first .. end-1. */
static double repeat_hazard(const eae_scores *s, int64_t first, int64_t end)
{
    if (s->p->candidate[s->p->entry[first].candidate].task == EAE_TASK_SURVIVAL)
        return eae_score_repeat_by(s, eae_metric_find("hr"), first, end);
    eae_joined joined;
    bool stratified = false; /* leave-one-out has nothing to compare within a split */
    for (int64_t i = first; i < end; i++)
        stratified = stratified || s->p->entry[i].held > 1;
    eae_join(s->p, first, end, &joined);
    double ratio = class_hazard(s->p, &joined, s->cut + first, stratified, false);
    if (class_hazard(s->p, &joined, s->cut + first, stratified, true) < 1)
        ratio = 1 / ratio;
    eae_joined_free(&joined);
    return ratio;
}

typedef struct {
    const eae_scores *s;
    double *hazard;
} hazards;

static int candidate_hazard(void *data, int64_t candidate, int worker)
{
    (void)worker;
    hazards *h = data;
    int64_t first, end;
    double sum = 0, defined = 0;
    eae_candidate_entries(h->s->p, (int)candidate, &first, &end);
    for (int64_t next; first < end; first = next) {
        next = eae_entry_repeat_end(h->s->p, first);
        double ratio = repeat_hazard(h->s, first, next);
        sum += isnan(ratio) ? 0 : ratio;
        defined += !isnan(ratio);
    }
    h->hazard[candidate] = sum / defined;
    return EAE_OK;
}

static int find_hazards(eae_order *o, const eae_scores *s, int threads)
{
    const eae_predictions *p = s->p;
    eae_task task = p->candidate[0].task;
    if (task == EAE_TASK_REGRESSION || (task == EAE_TASK_CLASSES && p->classes > 2))
        return eae_fail_usage("--tie hr is for survival, and for two classes with time and status");
    if (!p->time)
        return eae_fail("--tie hr needs the annotations time and status: name them with --time and "
                        "--status where the data are read");
    o->hazard = EAE_NEW_ARRAY(double, p->candidate_count);
    hazards h = {s, o->hazard};
    return eae_parallel(threads, p->candidate_count, candidate_hazard, &h);
}

/* ---- sorting ----------------------------------------------------------------------------- */

/* All smaller is better; NaN is last. */
typedef struct {
    int candidate;
    double partial; /* 1: lacks splits */
    double tie;     /* 0: among the tied, 1: behind them */
    double preference, figure, size;
} place;

static int compare_numbers(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return a < b ? -1 : a > b;
}

static int by_place(const void *pa, const void *pb)
{
    const place *a = pa, *b = pb;
    int order = compare_numbers(a->partial, b->partial);
    if (order == 0)
        order = compare_numbers(a->tie, b->tie);
    if (order == 0)
        order = compare_numbers(a->preference, b->preference);
    if (order == 0)
        order = compare_numbers(a->figure, b->figure);
    if (order == 0)
        order = compare_numbers(a->size, b->size);
    return order ? order : a->candidate - b->candidate;
}

/* Which candidates have fewer splits than another one of their plan. */
static void find_partial(const eae_predictions *p, place *x)
{
    eae_names plans = {0};
    eae_buffer key = {0};
    int64_t *most = EAE_NEW_ARRAY(int64_t, p->candidate_count), first, end;
    int *plan = EAE_NEW_ARRAY(int, p->candidate_count);
    for (int c = 0; c < p->candidate_count; c++) {
        key.length = 0;
        eae_key_add(&key, &p->frame->rows, p->candidate[c].row, "plan");
        eae_names_add(&plans, key.data, key.length);
    }
    eae_name_index *index = eae_name_index_new(&plans);
    for (int c = 0; c < p->candidate_count; c++) {
        plan[c] = (int)eae_name_find(index, eae_name(&plans, c), strlen(eae_name(&plans, c)));
        eae_candidate_entries(p, c, &first, &end);
        if (end - first > most[plan[c]])
            most[plan[c]] = end - first;
    }
    for (int c = 0; c < p->candidate_count; c++) {
        eae_candidate_entries(p, c, &first, &end);
        x[c].partial = end - first < most[plan[c]];
    }
    eae_name_index_free(index);
    eae_names_free(&plans);
    eae_buffer_free(&key);
    free(most);
    free(plan);
}

/* The tied are those within one standard error of the first; `sorted` is by figure. */
static void prefer(place *sorted, int n, const eae_order *o, double error, eae_tie tie)
{
    for (int i = 0; i < n; i++) {
        place *x = &sorted[i];
        bool tied =
            i == 0 || x->figure - sorted[0].figure <= error || x->figure == sorted[0].figure;
        x->tie = !tied;
        if (tied)
            x->preference = tie == EAE_TIE_HR ? -o->hazard[x->candidate] : x->size;
    }
    qsort(sorted, (size_t)n, sizeof *sorted, by_place);
}

/* ---- marks ------------------------------------------------------------------------------- */

/* Which model and spec has several sizes (or params) that were not chosen inside. */
static void mark_open(const eae_predictions *p, const eae_groups *g, const char *column,
                      bool (*chosen)(const eae_predictions *, int), bool *optimistic)
{
    int *first = EAE_NEW_ARRAY(int, g->count);
    bool *several = EAE_NEW_ARRAY(bool, g->count);
    for (int k = 0; k < g->count; k++)
        first[k] = -1;
    for (int c = 0; c < p->candidate_count; c++) {
        int k = g->of_candidate[c];
        if (chosen(p, c))
            continue;
        if (first[k] < 0)
            first[k] = c;
        else if (!eae_candidates_agree(p, c, first[k], column))
            several[k] = true;
    }
    for (int c = 0; c < p->candidate_count; c++)
        optimistic[c] = optimistic[c] || (several[g->of_candidate[c]] && !chosen(p, c));
    free(first);
    free(several);
}

int eae_order_make(eae_order *o, const eae_scores *s, const eae_summary *summary, eae_tie tie,
                   int threads)
{
    const eae_predictions *p = s->p;
    int n = p->candidate_count;
    *o = (eae_order){n, EAE_NEW_ARRAY(int, n), NULL, EAE_NEW_ARRAY(bool, n)};
    int status = tie == EAE_TIE_HR ? find_hazards(o, s, threads) : EAE_OK;
    if (status != EAE_OK) {
        eae_order_free(o);
        return status;
    }
    place *sorted = EAE_NEW_ARRAY(place, n);
    double sign = s->metric[0]->higher_is_better ? -1 : 1;
    for (int c = 0; c < n; c++)
        sorted[c] = (place){.candidate = c,
                            .figure = sign * eae_summary_figure(s, summary, c, 0),
                            .size = eae_candidate_size(p, c)};
    find_partial(p, sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_place);
    if (tie != EAE_TIE_NONE)
        prefer(sorted, n, o, eae_summary_of(s, summary, sorted[0].candidate, 0)->error, tie);
    for (int i = 0; i < n; i++)
        o->candidate[i] = sorted[i].candidate;
    free(sorted);
    eae_groups g;
    eae_groups_make(&g, p, EAE_BY_MODEL);
    mark_open(p, &g, "size", eae_candidate_is_selected, o->optimistic);
    mark_open(p, &g, "param", eae_candidate_is_tuned, o->optimistic);
    eae_groups_free(&g);
    return EAE_OK;
}

void eae_order_free(eae_order *o)
{
    free(o->candidate);
    free(o->hazard);
    free(o->optimistic);
    *o = (eae_order){0};
}
