/* score.c - choosing metrics, and computing them for each entry. */
#include "eval/score/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/threads.h"

/* ---- which metrics ----------------------------------------------------------------------- */

static int check_metric(const eae_predictions *p, const eae_metric *m)
{
    for (int c = 0; c < p->candidate_count; c++) {
        const eae_candidate *candidate = &p->candidate[c];
        int status = eae_metric_suits(m, candidate->task, p->classes, candidate->probability,
                                      candidate->model);
        if (status != EAE_OK)
            return status;
    }
    return EAE_OK;
}

static void split_words(const char *text, eae_names *names)
{
    for (const char *p = text; p;) {
        const char *comma = strchr(p, ',');
        eae_names_add(names, p, comma ? (size_t)(comma - p) : strlen(p));
        p = comma ? comma + 1 : NULL;
    }
}

/* A candidate whose task has other defaults than the first one's. */
static int check_one_task(const eae_predictions *p)
{
    for (int c = 1; c < p->candidate_count; c++) {
        if (p->candidate[c].task != p->candidate[0].task)
            return eae_fail_usage("models %s and %s have different tasks: name the --metrics, "
                                  "or score them one by one",
                                  p->candidate[0].model, p->candidate[c].model);
    }
    return EAE_OK;
}

int eae_scores_choose(eae_scores *s, const eae_predictions *p, const eae_names *names)
{
    *s = (eae_scores){.p = p};
    eae_names words = {0};
    int status = check_one_task(p);
    if (names)
        eae_names_copy(&words, names);
    else
        split_words(eae_metric_defaults(p->candidate[0].task), &words);
    s->metric = EAE_NEW_ARRAY(const eae_metric *, words.count);
    for (int64_t i = 0; i < words.count && status == EAE_OK; i++) {
        const eae_metric *m;
        status = eae_metric_named(eae_name(&words, i), &m);
        if (status == EAE_OK)
            status = check_metric(p, m);
        s->metric[s->metric_count++] = m;
    }
    eae_names_free(&words);
    if (status != EAE_OK)
        eae_scores_free(s);
    return status;
}

/* ---- scoring ----------------------------------------------------------------------------- */

/* A different cut per entry is a shift of its values to a common cut at 0. Metrics of order and of
 * probabilities see the values as they are. */
static double shifted(const eae_metric *metric, const eae_joined *joined, const double *cut)
{
    int64_t n = joined->scored.n;
    double *value = eae_malloc((size_t)n, sizeof *value);
    eae_scored scored = joined->scored;
    bool known = true;
    for (int64_t i = 0; i < n; i++) {
        double at = cut[joined->from[i]];
        known = known && !isnan(at);
        /* not a difference: that of equal infinities is NaN */
        value[i] = joined->value[i] > at ? 1 : -1;
    }
    scored.value = value;
    scored.threshold = 0;
    double result = known ? metric->compute(&scored) : NAN;
    free(value);
    return result;
}

double eae_score_joined(const eae_metric *metric, eae_joined *joined, const double *cut)
{
    if (joined->scored.n == 0)
        return NAN;
    if (metric->thresholded && joined->scored.classes == 2)
        return shifted(metric, joined, cut);
    return metric->compute(&joined->scored);
}

/* Entry i is all that its candidate has. */
static bool is_alone(const eae_predictions *p, int64_t i)
{
    int candidate = p->entry[i].candidate;
    return (i == 0 || p->entry[i - 1].candidate != candidate) &&
           (i + 1 == p->entry_count || p->entry[i + 1].candidate != candidate);
}

double eae_score_repeat(const eae_scores *s, int m, int64_t first, int64_t end)
{
    return eae_score_repeat_by(s, s->metric[m], first, end);
}

double eae_score_repeat_by(const eae_scores *s, const eae_metric *metric, int64_t first,
                           int64_t end)
{
    if (metric->single && !is_alone(s->p, first))
        return NAN;
    eae_joined joined;
    eae_join(s->p, first, end, &joined);
    double value = eae_score_joined(metric, &joined, s->cut + first);
    eae_joined_free(&joined);
    return value;
}

static int score_entry(void *data, int64_t i, int worker)
{
    (void)worker;
    eae_scores *s = data;
    eae_joined joined;
    eae_join(s->p, i, i + 1, &joined);
    for (int m = 0; m < s->metric_count; m++)
        s->value[i * s->metric_count + m] =
            s->metric[m]->single && !is_alone(s->p, i)
                ? NAN
                : eae_score_joined(s->metric[m], &joined, &s->cut[i]);
    eae_joined_free(&joined);
    return EAE_OK;
}

static void warn_of_tests(const eae_scores *s)
{
    const eae_predictions *p = s->p;
    for (int m = 0; m < s->metric_count; m++) {
        bool several = false;
        for (int64_t i = 0; i < p->entry_count && s->metric[m]->single; i++)
            several = several || !is_alone(p, i);
        if (several && p->perms == 0)
            eae_warn("%s is NA: a p-value of cross-validated values is not a test; train with "
                     "--permute, or on a single hold-out split",
                     s->metric[m]->name);
    }
}

/* Has any row a number there? */
static bool has_numbers(const eae_frame *frame, const char *name)
{
    const eae_annot *a = eae_axis_find(&frame->rows, name);
    for (int64_t row = 0; a && a->type == EAE_ANNOT_F64 && row < frame->rows.count; row++) {
        if (!isnan(a->f64[row]))
            return true;
    }
    return false;
}

static void warn_of_annotations(const eae_scores *s)
{
    for (int m = 0; m < s->metric_count; m++) {
        const eae_metric *metric = s->metric[m];
        if (metric->reads && !has_numbers(s->p->frame, metric->reads))
            eae_warn(
                "%s is NA: the predictions do not have the row annotation %s, which says where "
                "the training samples lie (external trainers do not)",
                metric->name, metric->reads);
    }
}

int eae_scores_compute(eae_scores *s, const eae_threshold_rule *rule, int threads)
{
    size_t entries = (size_t)s->p->entry_count;
    s->cut = eae_malloc(entries, sizeof *s->cut);
    s->value = eae_malloc(entries * (size_t)s->metric_count, sizeof *s->value);
    int status = eae_threshold_all(rule, s->p, threads, s->cut);
    if (status != EAE_OK)
        return status;
    warn_of_tests(s);
    warn_of_annotations(s);
    return eae_parallel(threads, s->p->entry_count, score_entry, s);
}

void eae_scores_free(eae_scores *s)
{
    free(s->metric);
    free(s->cut);
    free(s->value);
    *s = (eae_scores){0};
}
